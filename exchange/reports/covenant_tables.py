"""The tables of a covenant read aloud: everything a node obeys, each row with its source or that it is a proposal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from exchange.domain.covenant import Covenant, RetentionRule
from exchange.domain.notation import Model
from exchange.domain.profiles import Profile
from exchange.domain.vocabulary import ANYONE, CRIMINAL_GROUNDS, INFORM_EXCEPTIONS, LEGAL_BASES, SPECIAL_EXCEPTIONS
from exchange.i18n import N_, Translate
from exchange.reports import words
from exchange.reports.covenant_words import ATTRIBUTES, PARTICIPATION, STATUS, CovenantWords, as_decided
from exchange.reports.titles import readable


@dataclass(frozen=True)
class Table:
    """Rows under an article."""

    columns: list[str]
    rows: list[list[str]]
    title: str = ""


class CovenantTables:
    """The tables of one covenant."""

    def __init__(self, translate: Translate, covenant: Covenant) -> None:
        self._ = translate
        self._covenant = covenant
        self._words = CovenantWords(translate, covenant)

    def _yes(self, value: bool) -> str:  # noqa: FBT001 - a cell
        return self._(N_("yes")) if value else "-"

    def _source(self, rule: Model) -> str:
        return self._words.source(rule.model_dump(mode="json", include={"source", "verified"}))

    def _title(self, name: str, title: str) -> str:
        """Of a table whose rows name no source."""
        return as_decided(self._, self._covenant, name)(title)

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
            Table([_("Category"), _("Code"), _("Kind of data")], kinds, self._title("categories", _("Kinds of data"))),
            Table(
                [_("As typed"), _("Field"), _("Without a person")],
                fields,
                self._title("categories", _("What can be shared")),
            ),
        ]

    def _signal_kinds(self) -> list[Table]:
        _ = self._
        rows = [[k.title, k.code, self._yes(k.area_level)] for k in self._covenant.signal_kinds]
        title = self._title("signal_kinds", _("What a signal may be about"))
        return [Table([_("Kind"), _("Code"), _("Without a person")], rows, title)]

    def _partners(self) -> list[Table]:
        _ = self._
        rows = [
            [
                p.name, p.slug, readable(p.kind), words.word(p.participation, PARTICIPATION, _), p.regime.value,
                ", ".join(p.wpg_grounds) or "-", p.contact or "-",
            ]
            for p in self._covenant.partners
        ]  # fmt: skip
        columns = [_("Partner"), _("Short name"), _("Kind"), _("Participation"), _("Own records under")]
        return [Table([*columns, _("Police data on"), _("Contact")], rows)]

    def _contexts(self) -> list[Table]:
        _ = self._
        rows = [[c.title, c.code, c.article] for c in self._covenant.contexts]
        return [Table([_("Context"), _("Code"), _("Article")], rows)]

    def _tasks(self) -> list[Table]:
        _ = self._
        rows = [
            [p.name, t.title, t.code, self._source(t), self._yes(t.secrecy_bound)]
            for p in self._covenant.partners
            for t in p.statutory_tasks
        ]
        return [Table([_("Partner"), _("Task"), _("Code"), _("Source"), _("Secrecy")], rows)]

    def _secrecy(self) -> list[Table]:
        _ = self._
        rows = [
            [d.title, d.code, self._words.everyone(d.holders), self._source(d)] for d in self._covenant.secrecy_regimes
        ]
        return [Table([_("Duty"), _("Code"), _("Holds for"), _("Source")], rows, _("Professional secrecy"))]

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
        return [Table([_("Area"), _("Code"), _("Lies in")], rows, self._title("areas", _("Areas")))]

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
                self._words.everyone(row.senders), self._words.rule(row.model_dump(mode="json"), codes=True), self._source(row),
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
                self._source(rule),
            ]  # fmt: skip
            by_purpose.setdefault(rule.purposes, []).append(row)
        columns = [_("What"), _("Fields"), _("To"), _("From"), _("In messages"), _("Source")]
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
        return [Table([_("What"), _("As")], rows, self._title("identity", _("How a person is made known")))]

    def _lean(self, table: Table) -> Table:
        """Without the columns that say the same in every row: every partner."""
        everyone = self._words.who(ANYONE)
        kept = [at for at in range(len(table.columns)) if {row[at] for row in table.rows} != {everyone}]
        return Table([table.columns[at] for at in kept], [[row[at] for at in kept] for row in table.rows], table.title)

    def _grounds(self) -> list[Table]:
        """The covenant's own grounds, and those of the law that a row of the matrix names."""
        _ = self._
        own = [[g.title, g.code, self._source(g)] for g in self._covenant.grounds]
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
            [rule.code, _(N_(" together with ")).join("/".join(group) for group in rule.groups), self._source(rule)]
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
            [
                self._words.label("messages" if name == "kind" else name),
                self._source(profile) if name == "source" else self._words.value(name, value),
            ]
            for name, value in profile.model_dump(mode="json").items()
            if name not in {"code", "title", "verified"} and value not in (None, [])
        ]

    def _settings(self) -> list[Table]:
        names: Sequence[str] = list(type(self._covenant.settings).model_fields)
        given = self._covenant.settings.model_dump(mode="json")
        rows = [
            [self._words.label(name), as_decided(self._, self._covenant, name)(self._words.value(name, given[name]))]
            for name in names
        ]
        return [Table([self._("Setting"), self._("Value")], rows, self._("Settings"))]
