"""Whether a covenant agrees with itself: nothing twice, nothing unknown, nothing that the law rules out.

One small check per kind of mistake; all mistakes are found at once, each with its place in the document.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from exchange.domain.covenant import UNSOURCED, Condition, Covenant, Row
from exchange.domain.numbering import MODEL
from exchange.domain.refusals import CATALOGUE
from exchange.domain.retention import Period
from exchange.domain.vocabulary import (
    ANYONE,
    CRIMINAL_GROUNDS,
    SPECIAL_EXCEPTIONS,
    THIRD_PARTY,
    WPG_FOR_THE_MAYOR,
    WPG_GROUNDS,
    Mark,
    Regime,
)

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where, and an English sentence template (the gettext key) with what fills it."""

    path: Path
    template: str
    params: dict[str, str] = field(default_factory=dict)

    def text(self, gettext: Callable[[str], str] = str) -> str:
        """The sentence."""
        return gettext(self.template).format(**self.params)

    localised = text
    """So that it can stand inside an error's sentence."""

    def __str__(self) -> str:
        return self.text()


def _(text: str) -> str:
    """Mark for the gettext catalog."""
    return text


def contradictions(covenant: Covenant) -> list[Problem]:
    """Every mistake the form alone does not show, in document order of the checks."""
    from exchange.domain.profile_checks import profile_mistakes  # noqa: PLC0415 - it stands on what this module defines

    return [problem for check in (*_CHECKS, profile_mistakes) for problem in check(covenant)]


def _generation(covenant: Covenant) -> Iterator[Problem]:
    if (covenant.generation == 1) != (covenant.previous is None):
        yield Problem(
            ("previous",),
            _("Generation 1 has no previous generation, and every later one names the hash of the one before."),
        )


def _duplicates(covenant: Covenant) -> Iterator[Problem]:
    tables: Iterable[tuple[str, str, Sequence[object]]] = (
        ("partners", "id", covenant.partners),
        ("partners", "slug", covenant.partners),
        ("purposes", "code", covenant.purposes),
        ("contexts", "code", covenant.contexts),
        ("areas", "code", covenant.areas),
        ("grounds", "code", covenant.grounds),
        ("signal_kinds", "code", covenant.signal_kinds),
        ("secrecy_regimes", "code", covenant.secrecy_regimes),
        ("categories", "code", covenant.categories),
        ("profiles", "code", covenant.profiles),
        ("retention", "code", covenant.retention),
    )
    for table, key, rows in tables:
        yield from _twice((table,), key, rows)
    for at, partner in enumerate(covenant.partners):
        yield from _twice(("partners", at, "statutory_tasks"), "code", partner.statutory_tasks)
    seen: set[str] = set()
    for at, retention in enumerate(covenant.retention):
        for inner, rule in enumerate(retention.rules):
            if rule.code in seen:
                yield _again(("retention", at, "rules", inner, "code"), rule.code)
            seen.add(rule.code)


def _twice(path: Path, key: str, rows: Sequence[object]) -> Iterator[Problem]:
    seen: set[str] = set()
    for at, row in enumerate(rows):
        value: str = getattr(row, key)
        if value in seen:
            yield _again((*path, at, key), value)
        seen.add(value)


def _again(path: Path, value: str) -> Problem:
    return Problem(path, _("{value} is defined twice."), {"value": value})


def _keys(covenant: Covenant) -> Iterator[Problem]:
    """A key belongs to one partner and one role: two cards with one key would make signatures ambiguous."""
    seen: set[str] = set()
    for at, partner in enumerate(covenant.partners):
        if partner.participation == "paper" and partner.card is not None:
            yield Problem(("partners", at, "card"), _("A partner on paper has no keys, so it has no card."))
        for text in _key_texts(partner.card):
            if text in seen:
                yield Problem(
                    ("partners", at, "card"), _("This card holds a key that already stands elsewhere in the covenant.")
                )
                break
            seen.add(text)


_KEY_LENGTH: Final = 43
"""No public key is shorter: 32 bytes are 43 base64 characters, 64 hex characters, 56 as NKey."""


def _key_texts(value: object) -> Iterator[str]:
    """Every string in a card that is long enough to be a key."""
    if isinstance(value, str):
        if len(value) >= _KEY_LENGTH:
            yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _key_texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _key_texts(inner)


def _unknown_names(covenant: Covenant) -> Iterator[Problem]:
    """Rules speak only of what the covenant defines."""
    index = covenant.index
    who = {ANYONE, THIRD_PARTY} | set(index.partners) | {p.kind for p in covenant.partners}
    tasks = {code for codes in index.tasks.values() for code in codes}
    for at, row in enumerate(covenant.matrix):
        here: Path = ("matrix", at)
        yield from _unknown((*here, "categories"), row.categories, index.categories)
        yield from _unknown((*here, "recipients"), row.recipients, who)
        yield from _unknown((*here, "senders"), row.senders, who)
        yield from _unknown((*here, "recipient_tasks"), row.recipient_tasks, tasks)
    for at, rule in enumerate(covenant.field_rules):
        here = ("field_rules", at)
        yield from _unknown((*here, "purposes"), rule.purposes, index.purposes)
        yield from _unknown((*here, "recipients"), rule.recipients, who)
        yield from _unknown((*here, "senders"), rule.senders, who)
        category = index.categories.get(rule.category)
        if category is None:
            yield from _unknown((*here, "category"), (rule.category,), ())
        else:
            yield from _unknown((*here, "fields"), rule.fields, category.fields)
    for at, category in enumerate(covenant.categories):
        yield from _unknown(("categories", at, "area_fields"), category.area_fields, category.fields)
    for at, duty in enumerate(covenant.secrecy_regimes):
        yield from _unknown(("secrecy_regimes", at, "holders"), duty.holders, who - {THIRD_PARTY})
    for at, text_rule in enumerate(covenant.text_rules):
        yield from _unknown(("text_rules", at, "code"), (text_rule.code,), CATALOGUE)
    yield from _unknown_retention(covenant, who)


def _established(covenant: Covenant) -> Iterator[Problem]:
    """What poses as a fact says where it comes from."""
    yield from _unknown(("established",), covenant.established or (), UNSOURCED)
    for at, rule in enumerate(covenant.field_rules):
        if rule.verified and rule.source is None:
            yield Problem(("field_rules", at, "verified"), _("What is verified names its source."))


def _areas(covenant: Covenant) -> Iterator[Problem]:
    """Each area lies in a known one, and none, in the end, in itself."""
    areas = covenant.index.areas
    for at, area in enumerate(covenant.areas):
        if area.within is None:
            continue
        yield from _unknown(("areas", at, "within"), (area.within,), areas)
        above, seen = area.within, {area.code}
        while above in areas and above not in seen:
            seen.add(above)
            above = areas[above].within or ""
        if above in seen:
            yield Problem(("areas", at, "within"), _("{value} lies in itself."), {"value": area.code})


def _unknown_retention(covenant: Covenant, who: set[str]) -> Iterator[Problem]:
    classes = covenant.index.retention
    settings = covenant.settings
    yield from _unknown(("settings", "signal_retention"), (settings.signal_retention,), classes)
    yield from _unknown(("settings", "statement_retention"), (settings.statement_retention,), classes)
    if settings.case_retention is not None:
        yield from _unknown(("settings", "case_retention"), (settings.case_retention,), classes)
    for at, category in enumerate(covenant.categories):
        if category.retention is not None:
            yield from _unknown(("categories", at, "retention"), (category.retention,), classes)
    for at, retention in enumerate(covenant.retention):
        for inner, rule in enumerate(retention.rules):
            yield from _unknown(("retention", at, "rules", inner, "holders"), rule.holders, who)


def _unknown(path: Path, names: Iterable[str], known: Iterable[str]) -> Iterator[Problem]:
    known = frozenset(known)
    for name in names:
        if name in known:
            continue
        meant = closest(name, known)
        if meant is not None:
            text = _("{name} is not defined in this covenant. Did you mean {meant}?")
            yield Problem(path, text, {"name": name, "meant": meant})
        else:
            yield Problem(path, _("{name} is not defined in this covenant."), {"name": name})


def closest(name: str, known: Iterable[str]) -> str | None:
    """What was probably meant by a name that is not known; None when nothing looks like it."""
    return next(iter(difflib.get_close_matches(name, sorted(known), n=1)), None)


def _terms(covenant: Covenant) -> Iterator[Problem]:
    """Every partner has exactly one proposed rule in every class, at each level of naming."""
    for at, retention in enumerate(covenant.retention):
        holders = [holder for rule in retention.rules for holder in rule.holders]
        for holder in sorted({h for h in holders if holders.count(h) > 1}):
            yield Problem(("retention", at), _("{name} has two rules in this class."), {"name": holder})
        for partner in covenant.partners:
            if not {partner.slug, partner.kind, ANYONE} & set(holders):
                yield Problem(("retention", at), _("{name} has no rule in this class."), {"name": partner.slug})


def _phases(covenant: Covenant) -> Iterator[Problem]:
    """Phases of use follow each other from young to old."""
    for at, retention in enumerate(covenant.retention):
        for inner, rule in enumerate(retention.rules):
            ages = [Period.parse(phase.until) for phase in rule.phases]
            days = [period.months * 31 + period.days for period in ages]
            if any(later <= earlier for earlier, later in pairwise(days)):
                yield Problem(
                    ("retention", at, "rules", inner, "phases"),
                    _("Phases of use stand from young to old, each longer."),
                )


def _nobody_is_a_third_party(covenant: Covenant) -> Iterator[Problem]:
    """The word for third parties (article 8) is no kind of partner."""
    for at, partner in enumerate(covenant.partners):
        if partner.kind == THIRD_PARTY:
            yield Problem(
                ("partners", at, "kind"), _("{value} stands for whoever is no partner."), {"value": THIRD_PARTY}
            )


def _made_known(covenant: Covenant) -> Iterator[Problem]:
    """What tells who somebody is, stands in known fields, each its own, and goes in one item: under one key, with one term."""
    index, seen = covenant.index, set[tuple[str, str]]()
    term: str | None = None
    for attribute, (code, field_code) in index.identity.items():
        here: Path = ("identity", attribute)
        category = index.categories.get(code)
        if category is None:
            yield from _unknown((*here, "category"), (code,), index.categories)
            continue
        yield from _unknown((*here, "field"), (field_code,), category.fields)
        if (code, field_code) in seen:
            yield _again(here, f"{code}:{field_code}")
        seen.add((code, field_code))
        if category.retention is None:
            sentence = _("{category} has no retention class, so nobody can be made known by it.")
            yield Problem((*here, "category"), sentence, {"category": code})
        elif category.retention != (term := term or category.retention):
            sentence = _("What tells who somebody is goes in one item, so it needs one retention class: {expected}.")
            yield Problem((*here, "category"), sentence, {"expected": term})


def _numbering(covenant: Covenant) -> Iterator[Problem]:
    """Numbers of the model on the left, articles of this covenant on the right."""
    for number, own in covenant.numbering.items():
        yield from _unknown(("numbering", number), (number,), MODEL)
        yield from _unknown(("numbering", number), (own,), covenant.articles)


def _rows_twice(covenant: Covenant) -> Iterator[Problem]:
    """Two rows for the same category, recipient and sender would contradict each other or say the same twice."""
    seen: set[tuple[str, str, str]] = set()
    for at, row in enumerate(covenant.matrix):
        keys = [(c, r, s) for c in row.categories for r in row.recipients for s in row.senders]
        clash = next((key for key in keys if key in seen), None) or next((k for k in keys if keys.count(k) > 1), None)
        if clash is not None:
            yield Problem(
                ("matrix", at),
                _("A second row speaks of {category} for {recipient}; write one row."),
                {"category": clash[0], "recipient": clash[1]},
            )
        seen.update(keys)


def _rows_against_the_law(covenant: Covenant) -> Iterator[Problem]:
    """What no covenant can allow: BSN (UAVG 46), special data as such (AVG 9), criminal data as such (AVG 10)."""
    index = covenant.index
    for at, row in enumerate(covenant.matrix):
        for code in row.categories:
            category = index.categories.get(code)
            if category is not None:
                yield from _row_against_the_law(("matrix", at), row, category.mark, covenant)
            if category is not None and category.retention is None and row.condition is not Condition.NEVER:
                yield Problem(
                    ("matrix", at, "categories"),
                    _("{category} may be received, so it needs a retention class."),
                    {"category": code},
                )


def _row_against_the_law(path: Path, row: Row, mark: Mark, covenant: Covenant) -> Iterator[Problem]:
    grounds = frozenset(row.grounds)
    own = frozenset(covenant.index.grounds)
    lawful = {
        Mark.NONE: own | frozenset(SPECIAL_EXCEPTIONS) | frozenset(CRIMINAL_GROUNDS),
        Mark.SPECIAL: frozenset(SPECIAL_EXCEPTIONS),
        Mark.CRIMINAL: frozenset(CRIMINAL_GROUNDS),
        Mark.BAN: own | frozenset(CRIMINAL_GROUNDS),
        Mark.BSN: frozenset[str](),
    }[mark]
    for ground in sorted(grounds - lawful):
        yield Problem((*path, "grounds"), _("{ground} is not a ground for this kind of category."), {"ground": ground})
    if mark is Mark.BSN and row.condition is not Condition.NEVER:
        yield Problem((*path, "condition"), _("A citizen service number is never exchanged (UAVG 46)."))
    if mark is Mark.SPECIAL and row.condition in {Condition.ALLOW, Condition.WPG}:
        yield Problem((*path, "condition"), _("A special category needs an exception (GDPR 9); name the grounds."))
    if mark in {Mark.CRIMINAL, Mark.BAN} and row.condition is Condition.ALLOW and not _all_police(row, covenant):
        yield Problem((*path, "condition"), _("Criminal data can simply be allowed only to the police (GDPR 10)."))
    if row.condition is Condition.EXCEPTION and not grounds:
        yield Problem((*path, "grounds"), _("An exception needs at least one ground."))
    if row.condition in {Condition.ALLOW, Condition.NEVER} and grounds:
        yield Problem((*path, "grounds"), _("Grounds mean something only with the conditions exception and wpg."))


def _police_data_against_the_law(covenant: Covenant) -> Iterator[Problem]:
    """On which grounds the police gives to whom: those of Wpg 16-20, and that of the mayor (16(1)(b)) to no private body."""
    for at, partner in enumerate(covenant.partners):
        here: Path = ("partners", at, "wpg_grounds")
        yield from _unknown(here, partner.wpg_grounds, WPG_GROUNDS)
        sentence = _("{ground} is for the mayor; {name} is no public body.")
        for ground in sorted(WPG_FOR_THE_MAYOR & set(partner.wpg_grounds)) if not partner.public_body else ():
            yield Problem(here, sentence, {"ground": ground, "name": partner.slug})


def _all_police(row: Row, covenant: Covenant) -> bool:
    """Whether every partner the row may stand for keeps its own records under the Wpg."""
    reached = [p for p in covenant.partners if {p.slug, p.kind, ANYONE} & set(row.recipients)]
    return all(p.regime is Regime.WPG for p in reached)


_CHECKS: Final = (
    _generation,
    _duplicates,
    _keys,
    _nobody_is_a_third_party,
    _unknown_names,
    _established,
    _areas,
    _terms,
    _phases,
    _made_known,
    _numbering,
    _rows_twice,
    _rows_against_the_law,
    _police_data_against_the_law,
)
