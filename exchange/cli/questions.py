"""What a form on a profile still lacks, asked one thing at a time: a disclosure takes six answers at most.

Whom it is about, which recipients, the facts, when and how that person was told of these recipients, and whether to send.
Everything else the partners approved in advance. Questions go to standard error and only to a person at a terminal; a pipe gets
one sentence that says what is missing. What is asked here stays out of the shell's history.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final
from uuid import UUID

import typer

from exchange.cli.forms import ask, day_of
from exchange.cli.informed import named_to_get_it
from exchange.cli.session import Session, clean
from exchange.errors import InputError
from exchange.i18n import N_
from exchange.reports import words
from exchange.reports.titles import Titles

MODES: Final = ("GESPREK", "HUISBEZOEK", "TELEFOON", "BRIEF")
"""How people are told most often; any other code may be typed."""
_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]{0,47}")
_NAMED: Final = re.compile(r"(.+?)[,\s]+(\d{4}-\d{1,2}-\d{1,2}|\d{1,2}-\d{1,2}-\d{4})")
_NUMBERED: Final = re.compile(r"(?:^|;)\s*(\d{1,2})\s*[:.)=]?\s+")
_LABELS: Final = {
    "subject": N_("Whom is it about? Family name and birth date, or an id"),
    "recipients": N_("Who gets it? Numbers, or * for all"),
    "facts": N_("What do you tell? For each: its number and the text, with ; in between"),
    "fact": N_("What do you tell? {field}"),
    "support": N_("Why could this person benefit from support?"),
    "told_on": N_("When was this person told that this goes to {recipients}? (day)"),
    "told_how": N_("How was this person told? A number, or another word"),
    "send": N_("Send it? (yes or no)"),
}
_WORDED: Final = ("support_rationale", "told_how")
"""Answers beside the facts that are somebody's own words."""
_LACKING: Final = {
    "subject": N_("whom it is about (--subject)"),
    "recipients": N_("the recipients (--to)"),
    "items": N_("the facts (--item)"),
    "support_rationale": N_("why the person could benefit from support (--support)"),
    "told_on": N_("when the person was told that it goes to these recipients (--told-on)"),
    "told_how": N_("how the person was told (--told-how)"),
}


class Questions:
    """Fills in a form on a profile. ``asked`` counts the answers that were needed.

    Args:
        session: Whose terminal it is.
        form: As far as options and files filled it in.
        told: An option says that the person was told of the recipients of this form, whoever they turn out to be.
    """

    def __init__(self, session: Session, form: dict[str, Any], *, told: bool = False) -> None:
        self._session = session
        self._ = session.gettext
        self.form = dict(form)
        self.asked = 0
        self._answered: list[str] = []
        self._told = told
        document = session.door.get("/v1/covenant")
        self._titles = Titles.of_covenant(document)
        found = (p for p in document.get("profiles", ()) if p["code"] == form.get("profile"))
        self._profile: Mapping[str, Any] | None = next(found, None)
        self._told_first = document["settings"].get("notice_before", ["disclosure"])
        self._me = session.door.get("/v1/status")["partner"]
        self._connected = {p["slug"] for p in document["partners"] if p["participation"] == "connected"}
        self._label = ""

    def fill(self) -> dict[str, Any]:
        """The form with every answer; as it was when its profile is not in the covenant, which the node then says.

        Raises:
            InputError: Something is missing and there is nobody at a terminal to ask.
        """
        if self._profile is None:
            return self.form
        self._of_its_kind(self._profile)
        self._reachable(self._profile)
        lacking = list(self._lacking())
        if lacking and not sys.stdin.isatty():
            raise InputError(
                "The form is not complete and there is no terminal to ask at. Missing: {missing}.",
                missing=_Listed([_LACKING[name] for name in lacking]),
            )
        if lacking:
            self._tell(f"{self._profile['title']} ({self._profile['code']})")
        for name in lacking:
            getattr(self, f"_ask_{name}")()
        self._answered = lacking
        if self._told:  # by an option or an answer that said so of exactly these; a file or draft names them itself
            self.form["notice"] = {**self.form["notice"], "recipients": named_to_get_it(self.form)}
        return self.form

    def mendable(self, refused: Iterable[int | None]) -> list[int | str]:
        """What of it other words can mend: facts by their place, and questions that were answered here.

        Args:
            refused: Facts by their place; None stands for whatever else was typed.
        """
        places = set(refused)
        facts = [at for at in range(len(self.form.get("items", ()))) if at in places]
        return [*facts, *(name for name in _WORDED if None in places and name in self._answered)]

    def again(self, mend: Iterable[int | str]) -> None:
        """Ask these anew, and nothing else."""
        for one in mend:
            if isinstance(one, str):
                getattr(self, f"_ask_{one}")()
                continue
            item = self.form["items"][one]
            label = self._(_LABELS["fact"]).format(field=self._titles.of_field(item["category"], item["field"]))
            self.form["items"][one] = {**item, "value": self._answer(label, lambda said: said or None)}

    def confirmed(self) -> bool:
        """Whether to send; asked only when something else was asked too, after what would happen was shown."""
        if self.asked == 0:
            return True
        words = {"y": True, "yes": True, "j": True, "ja": True, "n": False, "no": False, "nee": False}
        return bool(self._answer(_LABELS["send"], lambda text: words.get(text.casefold())))

    # ------------------------------------------------------------------------------------ what is missing

    def _lacking(self) -> Iterator[str]:
        """What has to be asked, in order; never more than six with the question whether to send."""
        form, notice = self.form, self.form.get("notice", {})
        kind = (self._profile or {})["kind"]
        yield from (name for name in ("subject", "recipients", "items") if not form.get(name))
        if kind == "signal" and not form.get("support_rationale"):
            yield "support_rationale"
        known = any(form.get(name) for name in ("notice_id", "exception_id", "emergency")) or notice.get("exception")
        if kind in self._told_first and not known and not (notice.get("given_on") and self._named(notice)):
            yield "told_on"
            if kind == "disclosure" and not notice.get("mode"):
                yield "told_how"

    def _named(self, notice: Mapping[str, Any]) -> bool:
        """Whether it is known of which recipients the person was told: a day alone says nothing of them (article 10.1)."""
        return self._told or bool(notice.get("recipients"))

    def _recipients(self) -> list[str]:
        """Those of the profile that can be reached: over the exchange nothing goes to a partner on paper."""
        listed = [r["partner"] for r in (self._profile or {})["recipients"] if r["partner"] != self._me]
        return [
            slug for slug in listed if slug in self._connected or self.form.get("channel", "EXCHANGE") != "EXCHANGE"
        ]

    def _of_its_kind(self, profile: Mapping[str, Any]) -> None:
        """Before anything is asked: a signal is no disclosure."""
        if self.form.get("kind") in (None, profile["kind"]):
            return
        if profile["kind"] == "signal":
            raise InputError(
                "The profile {code} is for signals. Use: exchange signal --profile {code}", code=profile["code"]
            )
        raise InputError(
            "The profile {code} is for disclosures. Use: exchange disclose --profile {code}", code=profile["code"]
        )

    def _reachable(self, profile: Mapping[str, Any]) -> None:
        """Where there is but one recipient, nobody has to be asked; where there is none, asking leads nowhere."""
        if self.form.get("recipients"):
            return
        found = self._recipients()
        if not found and self._me in {sender["partner"] for sender in profile["senders"]}:
            raise InputError(
                "Everybody who may receive on the profile {code} takes part on paper: nothing goes there over the exchange."
                " Tell it another way, and record that with --channel and --occurred-on.",
                code=profile["code"],
            )
        if len(found) == 1:
            self.form["recipients"] = [{"partner": found[0]}]

    # ------------------------------------------------------------------------------------ the questions

    def _ask_subject(self) -> None:
        self.form["subject"] = self._answer(_LABELS["subject"], self._person)
        if self._label:
            self._tell(f"  {self._label}")

    def _ask_recipients(self) -> None:
        slugs = self._recipients()
        self._choices([self._titles.of_partner(slug) for slug in slugs])
        chosen = self._answer(_LABELS["recipients"], lambda text: _chosen(text, slugs))
        self.form["recipients"] = [{"partner": slug} for slug in chosen]

    def _ask_items(self) -> None:
        fields = [(item["category"], field) for item in (self._profile or {})["items"] for field in item["fields"]]
        if len(fields) == 1:
            label = self._(_LABELS["fact"]).format(field=self._titles.of_field(*fields[0]))
            texts = {0: self._answer(label, lambda text: text or None)}
        else:
            self._choices([self._titles.of_field(*field) for field in fields])
            texts = self._answer(_LABELS["facts"], lambda text: _numbered(text, len(fields)))
        self.form["items"] = [
            {"category": fields[at][0], "field": fields[at][1], "value": text, "nature": "fact"}
            for at, text in texts.items()
        ]

    def _ask_support_rationale(self) -> None:
        self.form["support_rationale"] = self._answer(_LABELS["support"], lambda text: text or None)

    def _ask_told_on(self) -> None:
        names = [self._titles.of_partner(slug) for slug in named_to_get_it(self.form)]
        label = self._(_LABELS["told_on"]).format(recipients=words.listed(names, self._))
        self.form["notice"] = {**self.form.get("notice", {}), "given_on": self._answer(label, day_of)}
        self._told = True

    def _ask_told_how(self) -> None:
        self._choices([mode.capitalize() for mode in MODES])
        self.form["notice"]["mode"] = self._answer(_LABELS["told_how"], _mode)

    # ------------------------------------------------------------------------------------ asking

    def _answer(self, label: str, read: Callable[[str], Any]) -> Any:
        """One answer; what cannot be read is asked again, and counts once."""
        self.asked += 1
        while True:
            value = read(ask(self._(label)).strip())
            if value not in (None, [], {}):
                return value
            self._tell(self._(N_("That is not an answer to this question; try again, or stop with Ctrl-C.")))

    def _person(self, text: str) -> str | None:
        """An id, or somebody who is found exactly once by family name and birth date; others are shown with their ids."""
        try:
            return str(UUID(text))
        except ValueError:
            named = _NAMED.fullmatch(text)
        if named is None or (born := day_of(named[2])) is None:
            return None
        query = {"family_name": named[1], "birth_date": born.isoformat()}
        found = self._session.door.post("/v1/subjects/_zoek", query)
        exact = [entry for entry in found if entry["match"] == "EXACT"]
        if len(exact) == 1:
            self._label = exact[0]["label"]
            return str(exact[0]["subject"])
        for entry in found:
            self._tell(f"  {entry['subject']}  {entry['label']}")
        return None

    def _choices(self, names: list[str]) -> None:
        for number, name in enumerate(names, 1):
            self._tell(f"  {number}  {name}")

    def _tell(self, text: str) -> None:
        typer.echo(clean(text), err=True)


class _Listed:
    """Several names as one, in the reader's language."""

    def __init__(self, names: list[str]) -> None:
        self._names = names

    def localised(self, gettext: Callable[[str], str]) -> str:
        """``a, b, c``."""
        return ", ".join(gettext(name) for name in self._names)

    def __str__(self) -> str:
        return self.localised(str)


def _chosen(text: str, slugs: list[str]) -> list[str]:
    """Recipients by number or short name; none when any is not on the list."""
    if text == "*":
        return slugs
    found = []
    for word in re.split(r"[,;\s]+", text.strip(" ,;")):
        at = int(word) - 1 if word.isdecimal() and word.isascii() else -1
        slug = slugs[at] if 0 <= at < len(slugs) else word
        if slug not in slugs:
            return []
        found.append(slug)
    return list(dict.fromkeys(found))


def _numbered(text: str, count: int) -> dict[int, str]:
    """``1 text; 3 text`` as texts by their place; none when it is not written so, or a number is not on the list."""
    places = list(_NUMBERED.finditer(text))
    if not places or places[0].start() != 0:
        return {}
    ends = [place.start() for place in places[1:]] + [len(text)]
    found = {int(place[1]) - 1: text[place.end() : end].strip() for place, end in zip(places, ends, strict=True)}
    return found if all(0 <= at < count and said for at, said in found.items()) else {}


def _mode(text: str) -> str | None:
    """One of the list by its number, or a code of one's own."""
    if text.isdecimal() and text.isascii():
        return MODES[int(text) - 1] if 0 < int(text) <= len(MODES) else None
    code = text.upper().replace(" ", "_")
    return code if _CODE.fullmatch(code) else None
