"""A covenant read aloud: article by article its text, what the node does with it, and the tables the node obeys.

The tables belong to the articles of the first covenant (purposes 4.1, retention 9.2, …). Where a covenant has no article of that
number, its tables come at the end, so that nothing that is signed is left unsaid.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from exchange.domain.covenant import Covenant
from exchange.domain.numbering import MODEL, own_number, own_numbers
from exchange.i18n import N_, Translate, tr
from exchange.reports import words
from exchange.reports.covenant_tables import CovenantTables, Table
from exchange.reports.covenant_words import (
    KINDS,
    LAPSED,
    OVERDUE,
    as_decided,
)
from exchange.reports.times import day

_BY_PEOPLE: Final = N_("The node does nothing with this; it is an agreement between people.")
_BY_RULES: Final = N_(
    "The node obeys the rows and rules that name this article as their source; they stand in the tables."
)
_NOT_SAID: Final = N_(
    "The covenant does not say which rules of the node belong here (table numbering); what holds stands at the end."
)
_DUTIES: Final[Mapping[str, str]] = {
    "1": N_("A signal must say why the person could benefit from support (R03). This counts as which kind of data:"),
    "2.1": N_(
        "Data go from one of these partners to another and to nobody else (R08). To a partner on paper nothing is sent."
    ),
    "2.2": N_("Every message names one of these parts of the scope; anything else is refused (R04)."),
    "3.1": N_(
        "Sender and recipient each name an own task from this list (R07) and an own legal basis of GDPR article 6 (R11)."
    ),
    "4.1": N_(
        "Every message names one of these purposes; anything else is refused (R04)."
        " For a purpose without identifiable people nothing about a person goes (R09)."
    ),
    "4.2": N_("No other purpose than those of article 4.1 is accepted (R04)."),
    "5.1": N_("The node answers who knows what about a person, since when, why and until when: exchange who-knows"),
    "5.2": N_("Each node answers from its own log and asks no other node."),
    "6.1": N_("Keys and data lie in the partner's own node only; every datum is sealed under a key of its own."),
    "6.2": N_("Everything is encrypted from node to node and signed; the broker in between can read nothing."),
    "8.1": N_(
        "The node sends to partners only; whoever is none gets nothing (R08). What a third party is told outside the exchange"
        " hangs on an agreement or an allocation (R10) and is recorded with: exchange case tell-third-party --form FILE"
    ),
    "8.2": N_("The covenant itself is never accepted as a legal basis (R11)."),
    "9.1": N_("Each partner's node keeps its own copy, in its own log and vault."),
    "9.2": N_(
        "What a rule says goes when its term is over. A proposed rule destroys nothing before the partner confirms it:"
    ),
    "11.1": N_(
        "What no row below speaks of is refused, and so is every field that no rule names for the purpose (R17)."
        " A citizen service number is never accepted (R02)."
    ),
    "11.2": N_(
        "In a case conference an item goes only when the chair released it, and only to those for whom it was offered (R12)."
    ),
    "12.1": N_("That a training was followed is recorded with: exchange training add --on DATE"),
    "13.1": N_("The processing register is kept with: exchange activity add --form FILE"),
}
"""Article -> what the node does with it; what is not here, people do themselves."""
_PLACES: Final = (
    ("1", "_categories"), ("1", "_signal_kinds"), ("2.1", "_partners"), ("2.2", "_contexts"), ("3.1", "_tasks"),
    ("3.1", "_bases"), ("3.1", "_secrecy"), ("4.1", "_purposes"), ("4.1", "_areas"),
    ("9.2", "_retention"), ("10.1", "_not_told"), ("11.1", "_matrix"), ("11.1", "_fields"), ("11.1", "_grounds"),
    ("11.1", "_identity"), ("11.1", "_texts"), ("11.1", "_profiles"), ("", "_settings"),
)  # fmt: skip
"""Which table is shown under which article."""


@dataclass(frozen=True)
class Article:
    """One article; the number is empty for what has no article of its own."""

    number: str
    text: str
    duties: list[str]
    tables: list[Table] = field(default_factory=list)


def articles(covenant: Covenant, language: str) -> list[Article]:
    """The whole covenant in the order of its articles."""
    _ = tr(language)
    tables = CovenantTables(_, covenant)
    placed: dict[str, list[Table]] = {}
    for number, name in _PLACES:
        make: Callable[[], list[Table]] = getattr(tables, name)
        place = placed.setdefault(_place(covenant, number), [])
        place += [table for table in make() if table.rows]
    found = [
        Article(number, covenant.articles[number], _duties(_, covenant, number), placed.get(number, []))
        for number in sorted(covenant.articles, key=_order)
    ]
    lost = [duty for number in MODEL if not _place(covenant, number) for duty in _of_model(_, covenant, number)]
    return [*found, Article("", "", lost, placed.get("", []))]


def _place(covenant: Covenant, number: str) -> str:
    """The covenant's own article that holds what the model has under a number; nothing where it has none."""
    own = own_number(covenant.numbering, number)
    return own if own in covenant.articles else ""


def _order(number: str) -> tuple[int, ...]:
    return tuple(int(part) for part in number.split("."))


def _duties(_: Translate, covenant: Covenant, own: str) -> list[str]:
    """What the node does with an article of the covenant, or that people do it."""
    held = [duty for number in MODEL if _place(covenant, number) == own for duty in _of_model(_, covenant, number)]
    if held:
        return held
    if _is_a_source(covenant, own):
        return [_(_BY_RULES)]
    return [_(_BY_PEOPLE) if covenant.numbering or own in MODEL else _(_NOT_SAID)]


def _is_a_source(covenant: Covenant, own: str) -> bool:
    """Whether a row or rule of the covenant says that it comes from this article."""
    named = re.compile(rf"artikel {re.escape(own)}(?![\d.]*\d)(?! (?:AVG|UAVG|Wpg|lid))")
    sources = [row.source for row in covenant.matrix] + [ground.source for ground in covenant.grounds]
    sources += [rule.source for rule in covenant.text_rules] + [
        rule.source for known in covenant.retention for rule in known.rules
    ]
    return any(map(named.search, sources))


def _of_model(_: Translate, covenant: Covenant, number: str) -> list[str]:
    """What the node does with what the model has under a number, with the covenant's own numbers in the sentence."""
    fixed = [_(_DUTIES[number])] if number in _DUTIES else []
    return [own_numbers(covenant.numbering, duty) for duty in [*fixed, *_settings(_, covenant, number)]]


def _settings(_: Translate, covenant: Covenant, number: str) -> list[str]:
    """What the covenant itself decided about an article."""
    decided = _DECIDED.get(number)
    return [] if decided is None else [text for text in decided(_, covenant) if text]


def _told(_: Translate, covenant: Covenant) -> Iterator[str]:
    before = covenant.settings.notice_before
    text = N_(
        "Before these messages the person must have been told, with the recipient named (R14),"
        " or an exception whose review date has not passed says why not (R15): {kinds}."
    )
    none = N_("No message asks whether the person was told.")
    marked = as_decided(_, covenant, "notice_before")
    yield _(text).format(kinds=marked(_kinds(_, before))) if before else marked(_(none))


def _answered(_: Translate, covenant: Covenant) -> Iterator[str]:
    text = N_(
        "What was corrected, recalled or restricted is told to every partner that got it; it has {term} to answer."
        " Objections are kept with: exchange objection receive SUBJECT"
    )
    term = words.period(covenant.settings.acknowledge_within, _)
    yield _(text).format(term=as_decided(_, covenant, "acknowledge_within")(term))


def _weighed(_: Translate, covenant: Covenant) -> Iterator[str]:
    before = covenant.settings.weighing_before
    text = N_("Necessity, proportionality and subsidiarity are given in writing (R33) before: {kinds}.")
    yield _(text).format(kinds=as_decided(_, covenant, "weighing_before")(_kinds(_, before))) if before else ""


def _trained(_: Translate, covenant: Covenant) -> Iterator[str]:
    term = covenant.settings.training_term
    if term is None:
        none = _(N_("No message asks whether a privacy training was followed."))
        yield as_decided(_, covenant, "training_term")(none)
        return
    text = N_("A privacy training counts for {term}. When it has lapsed: {consequence}.")
    consequence = words.word(covenant.settings.training_lapsed, LAPSED, _)
    yield _(text).format(
        term=as_decided(_, covenant, "training_term")(words.period(term, _)),
        consequence=as_decided(_, covenant, "training_lapsed")(consequence),
    )


def _registered(_: Translate, covenant: Covenant) -> Iterator[str]:
    before = covenant.settings.register_before
    text = N_("The processing must stand in the sender's own register (R13) before: {kinds}.")
    none = N_("No message asks whether the processing is registered.")
    marked = as_decided(_, covenant, "register_before")
    yield _(text).format(kinds=marked(_kinds(_, before))) if before else marked(_(none))


def _reviewed(_: Translate, covenant: Covenant) -> Iterator[str]:
    text = N_("To be reviewed by {day}. When that day has passed: {consequence}.")
    consequence = words.word(covenant.settings.review_overdue, OVERDUE, _)
    yield _(text).format(
        day=as_decided(_, covenant, "review_due")(day(covenant.review_due)),
        consequence=as_decided(_, covenant, "review_overdue")(consequence),
    )


_DECIDED: Final[Mapping[str, Callable[[Translate, Covenant], Iterator[str]]]] = {
    "5.1": _answered, "10.1": _told, "11.1": _weighed, "12.1": _trained, "13.1": _registered, "15.1": _reviewed,
}  # fmt: skip
"""Article -> what the settings of the covenant say about it."""


def _kinds(_: Translate, kinds: Iterable[str]) -> str:
    return ", ".join(words.word(kind, KINDS, _) for kind in kinds)
