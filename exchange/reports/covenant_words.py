"""What stands in a covenant, as words: partners and kinds by name, codes by title, terms and conditions spelled out."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import partial
from typing import Any, Final

from exchange.domain.covenant import Covenant
from exchange.domain.vocabulary import ANYONE
from exchange.i18n import N_, Translate
from exchange.reports import words
from exchange.reports.times import day
from exchange.reports.titles import Titles, readable

PARTICIPATION: Final[Mapping[str, str]] = {"connected": N_("connected to the exchange"), "paper": N_("on paper")}
OVERDUE: Final[Mapping[str, str]] = {
    "warn": N_("the node warns (R27)"),
    "refuse": N_("every message is refused (R27)"),
}
LAPSED: Final[Mapping[str, str]] = {
    "warn": N_("the node warns (R26)"),
    "refuse": N_("what its maker sends is refused (R26)"),
}
READING: Final[Mapping[str, str]] = {
    "refuse": N_("the node refuses it"),
    "reason": N_("a reason must be given, which the privacy officer reviews"),
}
"""What happens when somebody who is not designated opens police data (Wpg 7(2))."""
USES: Final[Mapping[str, str]] = {
    "VRIJ": N_("free use until {age}"),
    "ALLEEN_VERGELIJKEN": N_("only to compare with until {age}"),
    "ALLEEN_KLACHT_EN_VERANTWOORDING": N_("only for complaints and to account for it until {age}"),
}
"""How data may be used until an age (Wpg 8, 14)."""
KINDS: Final[Mapping[str, str]] = {"signal": N_("signals"), "disclosure": N_("disclosures")}
STATUS: Final[Mapping[str, str]] = {
    "voorstel": N_("proposal: to be established by the controller"),
    "vastgesteld": N_("fixed"),
}
PROPOSED: Final = N_("(proposal: to be established by the controller)")
"""Said of everything whose source was not read, or does not say it."""

ATTRIBUTES: Final[Mapping[str, str]] = {
    "name": N_("The name"),
    "birth_date": N_("The birth date"),
    "address": N_("The address"),
}
"""By what a person is made known."""

FIELDS: Final[Mapping[str, str]] = {
    "id": N_("identifier"),
    "name": N_("name"),
    "kind": N_("kind of organisation"),
    "messages": N_("in messages"),
    "participation": N_("participation"),
    "public_body": N_("public body"),
    "organisation_id": N_("organisation number"),
    "contact": N_("where its office is reached"),
    "regime": N_("law its own records are kept under"),
    "card": N_("card with its public keys"),
    "title": N_("title"),
    "source": N_("source"),
    "secrecy_bound": N_("done only by people bound to secrecy"),
    "article": N_("article"),
    "aggregate_only": N_("only without identifiable people"),
    "mark": N_("kind of data"),
    "secrecy": N_("under professional secrecy"),
    "retention": N_("retention class"),
    "condition": N_("condition"),
    "within": N_("lies in"),
    "area_level": N_("can be reported of an area, without a person"),
    "area_fields": N_("fields that can be told of a place, without a person"),
    "phases": N_("use by age, counted from the first processing"),
    "grounds": N_("grounds"),
    "wpg_grounds": N_("grounds of the Wpg on which the police may give to it"),
    "recipient_tasks": N_("only for these tasks of the recipient"),
    "holders": N_("holds for"),
    "trigger": N_("counts from"),
    "period": N_("term"),
    "cap": N_("at most, after the first processing"),
    "verified": N_("source was read and says so"),
    "status": N_("state"),
    "groups": N_("words"),
    "senders": N_("from"),
    "recipients": N_("to"),
    "items": N_("what may be filled in"),
    "purpose": N_("purpose"),
    "context": N_("context"),
    "stated": N_("grounds of the covenant that are met"),
    "signal_kind": N_("kind of signal"),
    "necessity": N_("why it is needed"),
    "proportionality": N_("why it is in proportion"),
    "subsidiarity": N_("why less would not do"),
    "text": N_("text"),
    "max_age_days": N_("days that messages of the previous generation are still accepted"),
    "small_cell_threshold": N_("counts below this are not shown in area pictures"),
    "review_overdue": N_("when the review date has passed"),
    "notice_before": N_("the person must have been told before"),
    "weighing_before": N_("a written weighing is needed before"),
    "register_before": N_("the processing must stand in the sender's own register before"),
    "training_term": N_("how long a privacy training counts"),
    "training_lapsed": N_("when the privacy training has lapsed"),
    "exception_review": N_("longest that an exception to telling a person holds without a review"),
    "signal_retention": N_("retention class of a signal nobody took up"),
    "statement_retention": N_("retention class of purpose, basis, weighing and notice"),
    "case_retention": N_("retention class of a case's own texts"),
    "feedback_days": N_("days within which a sender who asked for it hears what came of it"),
    "wpg_reading": N_("when somebody who is not designated opens police data"),
    "draft_days": N_("days that a draft is kept after it was last saved"),
    "acknowledge_within": N_("how long a partner has to answer a correction, a recall or a restriction"),
    "version": N_("version"),
    "environment": N_("environment"),
    "generation": N_("generation"),
    "previous": N_("hash of the previous generation"),
    "review_due": N_("review by"),
    "established": N_("what is no proposal any more"),
    "areas": N_("areas"),
    "signal_kinds": N_("kinds of signal"),
    "categories": N_("categories"),
    "identity": N_("how a person is made known"),
    "format": N_("format of the document"),
}
"""Attribute of the covenant -> what people call it."""


def as_proposed(text: str, _: Translate, *, proposal: bool) -> str:
    """``text`` with what it is: a proposal says so wherever it is read."""
    return f"{text} {_(PROPOSED)}".strip() if proposal else text


def as_decided(_: Translate, covenant: Covenant, name: str) -> Callable[[str], str]:
    """Says of what a part without a source of its own holds, that it is a proposal, unless it was established."""
    return partial(as_proposed, _=_, proposal=covenant.proposed(name))


class CovenantWords:
    """Says what stands in one covenant, or in two generations of it (the last one's titles win)."""

    def __init__(self, translate: Translate, *covenants: Covenant) -> None:
        self._ = translate
        every = [Titles.of_covenant(covenant.document()) for covenant in covenants]
        self.titles = Titles(
            dict(ChainMap(*[dict(titles.codes) for titles in reversed(every)])),
            dict(ChainMap(*[dict(titles.fields) for titles in reversed(every)])),
            dict(ChainMap(*[dict(titles.partners) for titles in reversed(every)])),
            dict(ChainMap(*[dict(titles.signal_kinds) for titles in reversed(every)])),
        )

    def who(self, code: str) -> str:
        """A partner by name, a kind of partner, or everybody."""
        if code == ANYONE:
            return self._(N_("every partner"))
        return self.titles.partners.get(code) or readable(code)

    def everyone(self, codes: Iterable[str]) -> str:
        """Several of :meth:`who`."""
        return self._joined(self.who(code) for code in codes)

    def named(self, codes: Iterable[str]) -> str:
        """Several codes by their titles."""
        return self._joined(self.titles.of(code) for code in codes)

    def either(self, codes: Iterable[str]) -> str:
        """Several codes of which one is enough."""
        return self._joined((self.titles.of(code) for code in codes), N_("{all_but_last} or {last}"))

    def field_names(self, category: str, codes: Iterable[str]) -> str:
        """Fields of a category by their titles."""
        return self._joined(self.titles.of_field(category, code) for code in codes)

    def attribute(self, name: str) -> str:
        """One thing that tells who somebody is."""
        return words.word(name, ATTRIBUTES, self._)

    def place_of(self, attribute: tuple[str, str]) -> str:
        """A category and a field of it, by their titles and as they are typed."""
        category, field = attribute
        text = self._(N_("{field} of {category} ({code})"))
        return text.format(
            field=self.titles.of_field(category, field), category=self.titles.of(category), code=f"{category}:{field}"
        )

    def kinds(self, codes: Iterable[str]) -> str:
        """Signals, disclosures, or both."""
        return self._joined(words.word(code, KINDS, self._) for code in codes)

    def rule(self, row: Mapping[str, Any], *, codes: bool = False) -> str:
        """The condition of a row of the matrix with its grounds and tasks; by their codes where those are explained."""
        text = words.word(row["condition"], words.CONDITIONS, self._)
        if row["grounds"]:
            if row["condition"] == "wpg":
                text += self._(N_(", or on one of these grounds"))
            text += f": {', '.join(row['grounds']) if codes else self.either(row['grounds'])}"
        if row["recipient_tasks"]:
            tasks = ", ".join(row["recipient_tasks"]) if codes else self.named(row["recipient_tasks"])
            text += self._(N_("; only for these tasks of the recipient: {tasks}")).format(tasks=tasks)
        return text

    def source(self, row: Mapping[str, Any]) -> str:
        """Where a rule comes from, or that it is a proposal."""
        return as_proposed(row["source"] or "", self._, proposal=not row["verified"])

    def label(self, field: str) -> str:
        """What an attribute is called."""
        return self._(FIELDS[field]) if field in FIELDS else field

    def value(self, field: str, value: Any) -> str:
        """What an attribute says."""
        if value is None or value in ([], {}, ""):
            return self._(N_("none"))
        if isinstance(value, bool):
            return self._(N_("yes")) if value else self._(N_("no"))
        if (say := self._sayings.get(field)) is not None:
            return say(value)
        return f"“{value}”" if isinstance(value, str) and " " in value else str(value)

    @property
    def _sayings(self) -> Mapping[str, Callable[[Any], str]]:
        """Attributes whose value is a code, a period, a date, or a list."""
        table = words.word
        return {
            "participation": lambda v: table(v, PARTICIPATION, self._),
            "kind": lambda v: table(v, KINDS, self._) if v in KINDS else readable(v),
            "mark": lambda v: table(v, words.MARKS, self._),
            "condition": lambda v: table(v, words.CONDITIONS, self._),
            "review_overdue": lambda v: table(v, OVERDUE, self._),
            "status": lambda v: table(v, STATUS, self._),
            "period": lambda v: words.period(v, self._),
            "cap": lambda v: words.period(v, self._),
            "trigger": words.trigger,
            "review_due": lambda v: day(date.fromisoformat(v)),
            "holders": self.everyone,
            "established": lambda v: self._joined(self.label(name) for name in v),
            "grounds": self.named,
            "wpg_grounds": self.named,
            "recipient_tasks": self.named,
            "notice_before": self.kinds,
            "weighing_before": self.kinds,
            "register_before": self.kinds,
            "training_term": lambda v: words.period(v, self._),
            "training_lapsed": lambda v: table(v, LAPSED, self._),
            "exception_review": lambda v: words.period(v, self._),
            "acknowledge_within": lambda v: words.period(v, self._),
            "wpg_reading": lambda v: table(v, READING, self._),
            "within": lambda v: f"{self.titles.of(v)} ({v})",
            "area_fields": lambda v: self._joined(map(readable, v)),
            "phases": self.phases,
            "retention": lambda v: f"{v} ({self.titles.of(v)})",
            "signal_retention": lambda v: f"{v} ({self.titles.of(v)})",
            "statement_retention": lambda v: f"{v} ({self.titles.of(v)})",
            "case_retention": lambda v: f"{v} ({self.titles.of(v)})",
            "groups": lambda v: " + ".join("/".join(group) for group in v),
            **self._of_a_profile,
        }

    @property
    def _of_a_profile(self) -> Mapping[str, Callable[[Any], str]]:
        """Attributes of a standard exchange that was approved in advance."""
        return {
            "senders": self.parties,
            "recipients": self.parties,
            "items": self.contents,
            "purpose": self.titles.of,
            "context": self.titles.of,
            "stated": self.named,
            "signal_kind": self.titles.of_signal_kind,
        }

    def parties(self, parties: Iterable[Mapping[str, Any]]) -> str:
        """Partners with the basis, the task and the grounds that hold for each."""
        said = []
        for party in parties:
            codes = [party["basis"], self.titles.of(party["task"])]
            codes += [code for name in ("special_exception", "criminal_ground") if (code := party.get(name))]
            said.append(f"{self.who(party['partner'])} ({', '.join(codes)})")
        return self._joined(said)

    def contents(self, items: Iterable[Mapping[str, Any]]) -> str:
        """Categories with their fields."""
        return self._joined(
            f"{self.titles.of(item['category'])} ({self.field_names(item['category'], item['fields'])})"
            for item in items
        )

    def phases(self, phases: Iterable[Mapping[str, str]]) -> str:
        """From young to old: what data may be used for, until which age."""
        return ", ".join(
            words.word(phase["use"], USES, self._).format(age=words.period(phase["until"], self._)) for phase in phases
        )

    def _joined(self, parts: Iterable[str], last: str = N_("{all_but_last} and {last}")) -> str:
        """``a, b and c``."""
        found = list(dict.fromkeys(parts))
        if len(found) < 2:  # noqa: PLR2004 - one is no list
            return "".join(found)
        return self._(last).format(all_but_last=", ".join(found[:-1]), last=found[-1])
