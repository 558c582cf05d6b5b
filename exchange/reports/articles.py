"""A covenant read aloud: article by article its text, what the node does with it, and the tables the node obeys.

The tables belong to the articles of the first covenant (purposes 4.1, retention 9.2, …). Where a covenant has no article of that
number, its tables come at the end, so that nothing that is signed is left unsaid.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from exchange.domain.covenant import Covenant, RetentionRule
from exchange.domain.numbering import MODEL, own_number, own_numbers
from exchange.domain.profiles import Profile
from exchange.domain.vocabulary import ANYONE, CRIMINAL_GROUNDS, INFORM_EXCEPTIONS, LEGAL_BASES, SPECIAL_EXCEPTIONS
from exchange.i18n import N_, Translate, tr
from exchange.reports import words
from exchange.reports.covenant_words import ATTRIBUTES, KINDS, LAPSED, OVERDUE, PARTICIPATION, STATUS, CovenantWords
from exchange.reports.times import day
from exchange.reports.titles import readable

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
    ("3.1", "_bases"), ("4.1", "_purposes"), ("4.1", "_areas"),
    ("9.2", "_retention"), ("10.1", "_not_told"), ("11.1", "_matrix"), ("11.1", "_fields"), ("11.1", "_grounds"),
    ("11.1", "_identity"), ("11.1", "_texts"), ("11.1", "_profiles"), ("", "_settings"),
)  # fmt: skip
"""Which table is shown under which article."""


@dataclass(frozen=True)
class Table:
    """Rows under an article."""

    columns: list[str]
    rows: list[list[str]]
    title: str = ""


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
    tables = _Tables(_, covenant)
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
    yield _(text).format(kinds=_kinds(_, before)) if before else _(N_("No message asks whether the person was told."))


def _answered(_: Translate, covenant: Covenant) -> Iterator[str]:
    text = N_(
        "What was corrected, recalled or restricted is told to every partner that got it; it has {term} to answer."
        " Objections are kept with: exchange objection receive SUBJECT"
    )
    yield _(text).format(term=words.period(covenant.settings.acknowledge_within, _))


def _weighed(_: Translate, covenant: Covenant) -> Iterator[str]:
    before = covenant.settings.weighing_before
    text = N_("Necessity, proportionality and subsidiarity are given in writing (R33) before: {kinds}.")
    yield _(text).format(kinds=_kinds(_, before)) if before else ""


def _trained(_: Translate, covenant: Covenant) -> Iterator[str]:
    term = covenant.settings.training_term
    if term is None:
        yield _(N_("No message asks whether a privacy training was followed."))
        return
    text = N_("A privacy training counts for {term}. When it has lapsed: {consequence}.")
    consequence = words.word(covenant.settings.training_lapsed, LAPSED, _)
    yield _(text).format(term=words.period(term, _), consequence=consequence)


def _registered(_: Translate, covenant: Covenant) -> Iterator[str]:
    before = covenant.settings.register_before
    text = N_("The processing must stand in the sender's own register (R13) before: {kinds}.")
    none = N_("No message asks whether the processing is registered.")
    yield _(text).format(kinds=_kinds(_, before)) if before else _(none)


def _reviewed(_: Translate, covenant: Covenant) -> Iterator[str]:
    text = N_("To be reviewed before {day}. When that day has passed: {consequence}.")
    consequence = words.word(covenant.settings.review_overdue, OVERDUE, _)
    yield _(text).format(day=day(covenant.review_due), consequence=consequence)


_DECIDED: Final[Mapping[str, Callable[[Translate, Covenant], Iterator[str]]]] = {
    "5.1": _answered, "10.1": _told, "11.1": _weighed, "12.1": _trained, "13.1": _registered, "15.1": _reviewed,
}  # fmt: skip
"""Article -> what the settings of the covenant say about it."""


def _kinds(_: Translate, kinds: Iterable[str]) -> str:
    return ", ".join(words.word(kind, KINDS, _) for kind in kinds)


class _Tables:
    """The tables of one covenant."""

    def __init__(self, translate: Translate, covenant: Covenant) -> None:
        self._ = translate
        self._covenant = covenant
        self._words = CovenantWords(translate, covenant)

    def _yes(self, value: bool) -> str:  # noqa: FBT001 - a cell
        return self._(N_("yes")) if value else "-"

    def _categories(self) -> list[Table]:
        _ = self._
        kinds = [
            [c.title, c.code, words.word(c.mark.value, words.MARKS, _) + (_(", secret") if c.secrecy else "")]
            for c in self._covenant.categories
        ]
        fields = [
            [f"{c.code}:{code}", title, self._yes(code in c.area_fields)]
            for c in self._covenant.categories
            for code, title in c.fields.items()
        ]
        return [
            Table([_("Category"), _("Code"), _("Kind of data")], kinds),
            Table([_("As typed"), _("Field"), _("Without a person")], fields, _("What can be shared")),
        ]

    def _signal_kinds(self) -> list[Table]:
        _ = self._
        rows = [[k.title, k.code, self._yes(k.area_level)] for k in self._covenant.signal_kinds]
        return [Table([_("Kind"), _("Code"), _("Without a person")], rows, _("What a signal may be about"))]

    def _partners(self) -> list[Table]:
        _, partners = self._, self._covenant.partners
        named = [[p.name, p.slug, readable(p.kind), words.word(p.participation, PARTICIPATION, _)] for p in partners]
        kept = [[p.regime.value, ", ".join(p.wpg_grounds) or "-"] for p in partners]
        columns = [_("Partner"), _("Short name"), _("Kind"), _("Participation")]
        columns += [_("Own records under"), _("Police data on")]
        return [Table(columns, [[*name, *law] for name, law in zip(named, kept, strict=True)])]

    def _contexts(self) -> list[Table]:
        _ = self._
        rows = [[c.title, c.code, c.article] for c in self._covenant.contexts]
        return [Table([_("Context"), _("Code"), _("Article")], rows)]

    def _tasks(self) -> list[Table]:
        _ = self._
        rows = [
            [p.name, t.title, t.code, t.source, self._yes(t.secrecy_bound)]
            for p in self._covenant.partners
            for t in p.statutory_tasks
        ]
        return [Table([_("Partner"), _("Task"), _("Code"), _("Source"), _("Secrecy")], rows)]

    def _purposes(self) -> list[Table]:
        _ = self._
        rows = [
            [p.title, p.code, p.article, _("no") if p.aggregate_only else _("yes")] for p in self._covenant.purposes
        ]
        return [Table([_("Purpose"), _("Code"), _("Article"), _("About people")], rows)]

    def _areas(self) -> list[Table]:
        _ = self._
        titles = {a.code: a.title for a in self._covenant.areas}
        rows = [[a.title, a.code, titles.get(a.within or "", "-")] for a in self._covenant.areas]
        return [Table([_("Area"), _("Code"), _("Lies in")], rows)]

    def _retention(self) -> list[Table]:
        _ = self._
        columns = [_("Rule"), _("Holds for"), _("Counts from"), _("Term"), _("State"), _("Source")]
        return [
            Table(columns, [self._term(rule) for rule in known.rules], f"{known.title} ({known.code})")
            for known in self._covenant.retention
        ]

    def _term(self, rule: RetentionRule) -> list[str]:
        _ = self._
        term = words.period(rule.period, _)
        if rule.cap:
            term += _(", at most {cap}").format(cap=words.period(rule.cap, _))
        if rule.phases:
            term += "; " + self._words.phases(phase.model_dump(mode="json") for phase in rule.phases)
        source = rule.source + ("" if rule.verified else _(" (not verified)"))
        state = words.word(rule.status, STATUS, _)
        return [rule.code, self._words.everyone(rule.holders), words.trigger(rule.trigger.value), term, state, source]

    def _matrix(self) -> list[Table]:
        _ = self._
        rows = [
            [
                self._words.named(row.categories), self._words.everyone(row.recipients),
                self._words.everyone(row.senders), self._words.rule(row.model_dump(mode="json"), codes=True), row.source,
            ]
            for row in self._covenant.matrix
        ]  # fmt: skip
        columns = [_("What"), _("To"), _("From"), _("Condition"), _("Source")]
        return [self._lean(Table(columns, rows, _("Who may receive what")))]

    def _fields(self) -> list[Table]:
        """One table per set of purposes: mostly there is only one."""
        _ = self._
        by_purpose: dict[tuple[str, ...], list[list[str]]] = {}
        for rule in self._covenant.field_rules:
            row = [
                self._words.titles.of(rule.category), self._words.field_names(rule.category, rule.fields),
                self._words.everyone(rule.recipients), self._words.everyone(rule.senders), self._words.kinds(rule.kinds),
            ]  # fmt: skip
            by_purpose.setdefault(rule.purposes, []).append(row)
        columns = [_("What"), _("Fields"), _("To"), _("From"), _("In messages")]
        title = _("Fields needed for: {purposes}")
        return [
            self._lean(Table(columns, rows, title.format(purposes=self._words.named(purposes))))
            for purposes, rows in by_purpose.items()
        ]

    def _identity(self) -> list[Table]:
        """All that can tell who somebody is, also what is never told."""
        _ = self._
        told = self._covenant.index.identity
        rows = [
            [self._words.attribute(name), self._words.place_of(told[name]) if name in told else _("is told to nobody")]
            for name in ATTRIBUTES
        ]
        return [Table([_("What"), _("As")], rows, _("How a person is made known"))]

    def _lean(self, table: Table) -> Table:
        """Without the columns that say the same in every row: every partner."""
        everyone = self._words.who(ANYONE)
        kept = [at for at in range(len(table.columns)) if {row[at] for row in table.rows} != {everyone}]
        return Table([table.columns[at] for at in kept], [[row[at] for at in kept] for row in table.rows], table.title)

    def _grounds(self) -> list[Table]:
        """The covenant's own grounds, and those of the law that a row of the matrix names."""
        _ = self._
        own = [[g.title, g.code, g.source] for g in self._covenant.grounds]
        law = {**SPECIAL_EXCEPTIONS, **CRIMINAL_GROUNDS}
        cited = dict.fromkeys(code for row in self._covenant.matrix for code in row.grounds if code in law)
        columns = [_("Ground"), _("Code")]
        return [
            Table([*columns, _("Source")], own, _("Grounds of the covenant itself")),
            Table(columns, [[law[code], code] for code in cited], _("Grounds of the law")),
        ]

    def _bases(self) -> list[Table]:
        _ = self._
        return [Table([_("Legal basis"), _("Code")], [[title, code] for code, title in LEGAL_BASES.items()])]

    def _not_told(self) -> list[Table]:
        _ = self._
        if not self._covenant.settings.notice_before:
            return []
        rows = [[title, code] for code, title in INFORM_EXCEPTIONS.items()]
        return [Table([_("Ground"), _("Code")], rows, _("Grounds not to tell the person beforehand"))]

    def _texts(self) -> list[Table]:
        _ = self._
        rows = [
            [rule.code, _(N_(" together with ")).join("/".join(group) for group in rule.groups), rule.source]
            for rule in self._covenant.text_rules
        ]
        return [Table([_("Refusal"), _("Words"), _("Source")], rows, _("Words that are refused"))]

    def _profiles(self) -> list[Table]:
        """Standard exchanges, each with what was approved in advance; the weighing in full, because it is what was weighed."""
        _ = self._
        return [
            Table(
                [_("Part"), _("Approved in advance")],
                [
                    [_("Profile"), f"{profile.title} ({profile.code})"],
                    *self._approved(profile),
                ],
                profile.title,
            )
            for profile in self._covenant.profiles
        ]

    def _approved(self, profile: Profile) -> list[list[str]]:
        return [
            [self._words.label("messages" if name == "kind" else name), self._words.value(name, value)]
            for name, value in profile.model_dump(mode="json").items()
            if name not in {"code", "title"} and value not in (None, [])
        ]

    def _settings(self) -> list[Table]:
        names: Sequence[str] = list(type(self._covenant.settings).model_fields)
        given = self._covenant.settings.model_dump(mode="json")
        rows = [[self._words.label(name), self._words.value(name, given[name])] for name in names]
        return [Table([self._("Setting"), self._("Value")], rows, self._("Settings"))]
