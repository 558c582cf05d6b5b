"""The story of a case, a person or a partner as sentences: what happened, with whom, about what, from the log's public fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from exchange.domain.refusals import CATALOGUE
from exchange.i18n import N_, tr
from exchange.reports import words
from exchange.reports.times import day
from exchange.reports.titles import Titles, readable
from exchange.reports.who_knows import CHANNELS

_MESSAGES: Final[Mapping[str, str]] = {
    "signal": N_("signal"),
    "disclosure": N_("disclosure"),
    "signaal": N_("signal"),
    "verstrekking": N_("disclosure"),
    "opvolging": N_("answer"),
    "volgnummer": N_("void number"),
    "ontvangst": N_("receipt"),
}
"""What a message is called; on the wire it is a CloudEvents type such as nl.convenanten.signaal.gemeld.v1."""
_VIEWS: Final[Mapping[str, str]] = {
    "who-knows": N_("who knows what"),
    "inbox.read": N_("a message"),
    "subject.find": N_("a search in the register of people"),
    "subject.unmatched": N_("the people nobody matched yet"),
}
_ALARMS: Final[Mapping[str, str]] = {
    "silence": N_("nothing was heard from the partner for a day"),
    "clock": N_("the clock cannot be checked with the partners, so nothing is destroyed"),
    "replica": N_("the vault's replica does not follow"),
    "checkpoint": N_("a partner's log contradicts its own past"),
}
_REASONS: Final[Mapping[str, str]] = {"operator": N_("an operator asked for it"), "erasure": N_("an erasure needed it")}

SENTENCES: Final[Mapping[str, str]] = {
    "covenant/accepted": N_("The covenant holds here from now on, generation {generation}."),
    "node/started": N_("The node started, release {release}."),
    "actor/registered": N_("Somebody was registered to act here, as {roles}."),
    "actor/revoked": N_("Somebody may no longer act here."),
    "keys/rolled": N_("The live keys were ended and replaced: {reason}."),
    "subject/registered": N_("A person was registered."),
    "subject/identity-learned": N_("A partner told who a person is."),
    "subject/reference-agreed": N_("{partner} and this node now have a reference for this person."),
    "subject/matched": N_("Somebody decided that two entries are the same person."),
    "subject/split": N_("Somebody decided that two entries are two persons after all."),
    "message/sent": N_("A {kind} for {recipient} was signed, number {sequence}."),
    "message/received": N_("A {kind} of {sender} came in and was stored, number {sequence}."),
    "receipt/issued": N_("{partner} got a signed receipt for number {sequence}."),
    "receipt/received": N_("{partner} signed for number {sequence}{rejected}."),
    "message/nacked": N_("{partner} refuses number {sequence} for good: {reason}."),
    "message/voided": N_("Number {sequence} for {recipient} was let go before delivery: {reason}."),
    "message/voided-by-partner": N_("{sender} let number {sequence} go before delivery: {reason}."),
    "gap/found": N_("Of {partner} the numbers {first} to {last} are missing; they are asked for again."),
    "equivocation/found": N_(
        "{partner} signed two different messages with number {sequence}; both are kept as evidence."
    ),
    "frame/parked": N_("A frame said to be from {partner} was refused for good: {reason}."),
    "frame/retried": N_("The sender of a refused frame was asked to wrap it anew."),
    "frame/dropped": N_("A refused frame was let go: {reason}."),
    "item/recorded:sent": N_("{category}: given to {partner} in a {kind}, {channel}, for {purpose}."),
    "item/recorded:received": N_("{category}: received from {partner} in a {kind}, {channel}, for {purpose}."),
    "refusal/recorded:sender": N_("This node refused a {kind} to {partner} about {categories}: {codes}."),
    "refusal/recorded:receiver": N_("This node refused what {partner} sent in a {kind} about {categories}: {codes}."),
    "area/signalled:own": N_("{reports} report(s) about {area} were recorded here: {kind}."),
    "area/signalled:received": N_("{partner} told of {reports} report(s) about {area}: {kind}."),
    "area/pictured": N_("An area picture was made, from {first} to {last}."),
    "area/picture-received": N_("{partner} sent an area picture, from {first} to {last}."),
    "erasure/asked": N_("Somebody asked to erase although the clock could not be checked; another has to confirm."),
    "setting/single-handed:true": N_("This partner has one officer only, who decides alone what needs two hands."),
    "setting/single-handed:false": N_(
        "This partner has more than one officer again: what cannot be undone needs two hands."
    ),
    "actor/acted-alone": N_("One officer alone decided what needs two hands: {command}."),
    "retention/confirmed": N_("The retention rule {rule} was fixed: {period}, counted from {trigger}."),
    "erasure/decided": N_("Under rule {rule} data must go."),
    "erasure/done": N_("{keys} keys were destroyed and {epochs} epochs ended; what they opened is gone for good."),
    "command/accepted": N_("A request was accepted; the same request again gets the same answer."),
    "data/read": N_("Somebody looked at personal data: {view}."),
    "data/copied-out": N_("Somebody took personal data out as a page to print: {view}."),
    "alarm/raised": N_("Alarm: {alarm}."),
}
"""Topic without its version (and what tells two cases of it apart) -> what happened."""


def sentence(topic: str, details: Mapping[str, Any], titles: Titles, language: str) -> str:
    """One step of a story; what a newer node tells is named as well as can be."""
    _ = tr(language)
    kind = topic.rpartition("/")[0]
    case = details.get("direction") or details.get("side") or details.get("origin")
    case = str(details["on"]).lower() if "on" in details else case
    template = SENTENCES.get(f"{kind}:{case}") or SENTENCES.get(kind)
    if template is None:
        return words.step(topic, _)
    said = _Details(details, titles, language)
    text = _(template).format_map(said)
    if occurred := details.get("occurred_on"):
        text += " " + _(N_("It was told on {day}.")).format(day=_day(str(occurred)))
    return text


def _day(text: str) -> str:
    """A day of the log as people write it; what is none is shown as it came."""
    try:
        return day(date.fromisoformat(text))
    except ValueError:
        return text


class _Details(dict[str, str]):
    """The public fields of an event in words; one that is absent reads as a dash."""

    def __init__(self, details: Mapping[str, Any], titles: Titles, language: str) -> None:
        self._titles = titles
        self._ = tr(language)
        self._dutch = language == "nl"
        super().__init__({name: self._say(name, value) for name, value in details.items()})
        self.setdefault("rejected", "")

    def __missing__(self, key: str) -> str:
        return "-"

    def _say(self, name: str, value: Any) -> str:
        if (say := self._sayings.get(name)) is not None:
            return say(value)
        return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)

    @property
    def _sayings(self) -> Mapping[str, Callable[[Any], str]]:
        """Fields that are codes."""
        _, titles = self._, self._titles
        reasons = {**words.REASONS, **_REASONS}
        return {
            "partner": titles.of_partner,
            "recipient": titles.of_partner,
            "sender": titles.of_partner,
            "kind": self._message,
            "category": titles.of,
            "purpose": titles.of,
            "categories": lambda codes: ", ".join(titles.of(code) for code in codes),
            "codes": lambda codes: ", ".join(self._refusal(code) for code in codes),
            "rejected": self._rejected,
            "channel": lambda code: words.word(code, CHANNELS, _),
            "view": lambda code: words.word(code, _VIEWS, _),
            "alarm": lambda code: words.word(code, _ALARMS, _),
            "reason": lambda code: words.word(code, reasons, _),
            "period": lambda text: words.period(text, _),
            "trigger": words.trigger,
        }

    def _message(self, kind: str) -> str:
        """``signal``, or the third part of a CloudEvents type."""
        parts = kind.split(".")
        return words.word(parts[2] if len(parts) > 2 else kind, _MESSAGES, self._)  # noqa: PLR2004 - nl.convenanten.X.…

    def _rejected(self, value: Mapping[str, Any]) -> str:
        """The parts the receiver did not take; part 0 is the statement, so items count from one."""
        said = [
            self._(N_("item {number}: {codes}")).format(
                number=number, codes=", ".join(self._refusal(code) for code in codes)
            )
            for number, codes in value.items()
            if str(number) != "0"
        ]
        return self._(N_(", but refused {parts}")).format(parts="; ".join(said)) if said else ""

    def _refusal(self, code: str) -> str:
        """``R05`` with its reason in a word or two; the catalogue names reasons in Dutch."""
        known = CATALOGUE.get(code)
        return f"{code} ({readable(known.name).lower()})" if known is not None and self._dutch else code
