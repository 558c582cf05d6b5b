"""Look-ups over one covenant, prepared once, so that judging costs the same however many rules and partners there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from exchange.domain.retention import Period
from exchange.domain.vocabulary import ANYONE, THIRD_PARTY

if TYPE_CHECKING:
    from exchange.domain.covenant import (
        Area,
        Category,
        Context,
        Covenant,
        FieldRule,
        Ground,
        Partner,
        Purpose,
        RetentionClass,
        RetentionRule,
        Row,
        SignalKind,
    )
    from exchange.domain.profiles import Profile


class Index:
    """Look-ups over one covenant: the gates' cost does not depend on the number of rules or partners."""

    def __init__(self, covenant: Covenant) -> None:
        self.partners: Mapping[str, Partner] = {p.slug: p for p in covenant.partners}
        self._names = {p.slug: (p.slug, p.kind, ANYONE) for p in covenant.partners} | {THIRD_PARTY: (THIRD_PARTY,)}
        self.by_id: Mapping[str, Partner] = {p.id: p for p in covenant.partners}
        self.tasks: Mapping[str, frozenset[str]] = {
            p.slug: frozenset(t.code for t in p.statutory_tasks) for p in covenant.partners
        }
        self.bound_tasks = frozenset(
            (p.slug, t.code) for p in covenant.partners for t in p.statutory_tasks if t.secrecy_bound
        )
        self.purposes: Mapping[str, Purpose] = {p.code: p for p in covenant.purposes}
        self.contexts: Mapping[str, Context] = {c.code: c for c in covenant.contexts}
        self.categories: Mapping[str, Category] = {c.code: c for c in covenant.categories}
        self.areas: Mapping[str, Area] = {a.code: a for a in covenant.areas}
        self.grounds: Mapping[str, Ground] = {g.code: g for g in covenant.grounds}
        self.signal_kinds: Mapping[str, SignalKind] = {k.code: k for k in covenant.signal_kinds}
        self.area_fields = frozenset((c.code, f) for c in covenant.categories for f in c.area_fields)
        term = covenant.settings.training_term
        self.training_term = Period.parse(term) if term is not None else None
        self.exception_review = Period.parse(covenant.settings.exception_review)
        self.retention: Mapping[str, RetentionClass] = {c.code: c for c in covenant.retention}
        self.profiles: Mapping[str, Profile] = {p.code: p for p in covenant.profiles}
        self.text_rules = tuple(
            (rule.code, tuple(tuple(word.casefold() for word in group) for group in rule.groups))
            for rule in covenant.text_rules
        )
        self.identity = _attributes(covenant)
        self._rows: dict[tuple[str, str, str], Row] = {
            (category, recipient, sender): row
            for row in covenant.matrix
            for category in row.categories
            for recipient in row.recipients
            for sender in row.senders
        }
        self._fields: dict[tuple[str, str, str, str, str], frozenset[str]] = {}
        self.needed: dict[tuple[str, str, str], frozenset[str]] = {}
        """(purpose, category, kind) -> the fields that it needs, whoever gives and gets them."""
        for rule in covenant.field_rules:
            for key in _field_keys(rule):
                self._fields[key] = self._fields.get(key, frozenset()) | frozenset(rule.fields)
                purpose, category, *_, kind = key
                whoever = (purpose, category, kind)
                self.needed[whoever] = self.needed.get(whoever, frozenset()) | frozenset(rule.fields)

        self.phases: Mapping[tuple[str, str], tuple[tuple[Period, bool], ...]] = {
            (category.code, partner.slug): phases
            for category in covenant.categories
            for partner in covenant.partners
            if (phases := self._phases(category.retention, partner.slug))
        }
        """(category, holder) -> until which age it may be used, and whether freely."""

    def _phases(self, retention: str | None, slug: str) -> tuple[tuple[Period, bool], ...]:
        rules = self.retention_rules(retention, slug) if retention is not None else ()
        return tuple((Period.parse(p.until), p.use == "VRIJ") for p in rules[0].phases) if rules else ()

    def names_of(self, slug: str) -> tuple[str, ...]:
        """How rules may speak of this partner, the most specific first."""
        return self._names.get(slug, ())

    def row(self, category: str, recipient: str, sender: str) -> Row | None:
        """The row that holds: a named recipient before a kind before anyone, then likewise for the sender."""
        senders = self.names_of(sender)
        for named_recipient in self.names_of(recipient):
            for named_sender in senders:
                found = self._rows.get((category, named_recipient, named_sender))
                if found is not None:
                    return found
        return None

    def allowed_fields(self, purpose: str, category: str, recipient: str, sender: str, kind: str) -> frozenset[str]:
        """The fields of ``category`` that any field rule gives ``recipient`` for ``purpose``."""
        allowed: frozenset[str] = frozenset()
        # Who may have a category at all is the matrix's to say; a field that anyone needs, a third party may need as well.
        takers = (THIRD_PARTY, ANYONE) if recipient == THIRD_PARTY else self.names_of(recipient)
        for named_recipient in takers:
            for named_sender in self.names_of(sender):
                allowed |= self._fields.get((purpose, category, named_recipient, named_sender, kind), frozenset())
        return allowed

    def retention_rules(self, class_code: str, slug: str) -> tuple[RetentionRule, ...]:
        """The rules for ``slug``, those that name it before those for its kind before those for anyone."""
        known = self.retention.get(class_code)
        if known is None:
            return ()
        return tuple(rule for name in self.names_of(slug) for rule in known.rules if name in rule.holders)


def _attributes(covenant: Covenant) -> Mapping[str, tuple[str, str]]:
    """Attribute of an identity -> its (category, field); name first, then birth date, then address, as far as there are."""
    named = covenant.identity
    found = {"name": named.name, "birth_date": named.birth_date, "address": named.address}
    return {attribute: (its.category, its.field) for attribute, its in found.items() if its is not None}


def _field_keys(rule: FieldRule) -> Iterator[tuple[str, str, str, str, str]]:
    """Every (purpose, category, recipient, sender, kind) a field rule speaks of."""
    for purpose in rule.purposes:
        for recipient in rule.recipients:
            for sender in rule.senders:
                for kind in rule.kinds:
                    yield purpose, rule.category, recipient, sender, kind
