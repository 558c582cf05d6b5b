"""Look-ups over one covenant, prepared once, so that judging costs the same however many rules and partners there are."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import TYPE_CHECKING, Final

from exchange.domain.retention import Period
from exchange.domain.vocabulary import ANYONE, THIRD_PARTY, Regime, SecrecyRegime

if TYPE_CHECKING:
    from exchange.domain.covenant import (
        Area,
        Category,
        Context,
        Covenant,
        Ground,
        Partner,
        Purpose,
        RetentionClass,
        RetentionRule,
        Row,
        SignalKind,
    )
    from exchange.domain.profiles import Profile

_Pair = tuple[str, str]
"""Recipient and sender, as a rule names them."""
_NO_FIELDS: Final = frozenset[str]()


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
        self.secrecy: Mapping[str, frozenset[str]] = {
            p.slug: frozenset(
                d.code for d in covenant.secrecy_regimes if not {*d.holders}.isdisjoint(self._names[p.slug])
            )
            if covenant.secrecy_regimes
            else frozenset[str](SecrecyRegime)
            for p in covenant.partners
        }
        """Duties of secrecy that each partner can have; all of the law's where the covenant names none."""
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
        self._rows: dict[str, dict[_Pair, Row]] = {}
        for row in covenant.matrix:
            for category in row.categories:
                self._rows.setdefault(category, {}).update(dict.fromkeys(product(row.recipients, row.senders), row))
        self._fields: dict[tuple[str, str, str], dict[_Pair, frozenset[str]]] = {}
        self.needed: dict[tuple[str, str, str], frozenset[str]] = {}
        """(purpose, category, kind) -> the fields that it needs, whoever gives and gets them."""
        for rule in covenant.field_rules:
            for purpose, kind in product(rule.purposes, rule.kinds):
                whoever = (purpose, rule.category, kind)
                self.needed[whoever] = self.needed.get(whoever, _NO_FIELDS).union(rule.fields)
                given = self._fields.setdefault(whoever, {})
                for pair in product(rule.recipients, rule.senders):
                    given[pair] = given.get(pair, _NO_FIELDS).union(rule.fields)

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

    def under_wpg(self, slug: str | None) -> bool:
        """Whether this partner keeps its own records under the Wpg; who is no partner keeps none here."""
        partner = self.partners.get(slug) if slug is not None else None
        return partner is not None and partner.regime is Regime.WPG

    def names_of(self, slug: str) -> tuple[str, ...]:
        """How rules may speak of this partner, the most specific first."""
        return self._names.get(slug, ())

    def row(self, category: str, recipient: str, sender: str) -> Row | None:
        """The row that holds: a named recipient before a kind before anyone, then likewise for the sender."""
        rows = self._rows.get(category)
        if rows is None:
            return None
        senders = self.names_of(sender)
        for named_recipient in self.names_of(recipient):  # plain loops: this runs for every item
            for named_sender in senders:
                found = rows.get((named_recipient, named_sender))
                if found is not None:
                    return found
        return None

    def allowed_fields(self, purpose: str, category: str, recipient: str, sender: str, kind: str) -> frozenset[str]:
        """The fields of ``category`` that any field rule gives ``recipient`` for ``purpose``."""
        given = self._fields.get((purpose, category, kind))
        if given is None:
            return _NO_FIELDS
        # Who may have a category at all is the matrix's to say; a field that anyone needs, a third party may need as well.
        takers = (THIRD_PARTY, ANYONE) if recipient == THIRD_PARTY else self.names_of(recipient)
        senders = self.names_of(sender)
        allowed = _NO_FIELDS
        for named_recipient in takers:
            for named_sender in senders:
                more = given.get((named_recipient, named_sender))
                if more is not None:
                    allowed = allowed | more if allowed else more
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
