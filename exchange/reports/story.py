"""The story of a case, a person or a partner as sentences: what happened, with whom, about what, from the log's public fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final

from exchange.domain.numbering import own_numbers
from exchange.domain.refusals import CATALOGUE
from exchange.domain.vocabulary import RECALL_REASONS
from exchange.i18n import N_, tr
from exchange.reports import words
from exchange.reports.sentences import CASEWORK, CORRECTIONS
from exchange.reports.times import day, minute
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
    "casus": N_("shared case"),
    "casusoverleg": N_("message about a case conference"),
    "gegeven": N_("message about data given before"),
    "kennisgeving": N_("confirmation that it was carried out"),
    "gebied": N_("message about an area"),
}
"""What a message is called; on the wire it is a CloudEvents type such as nl.convenanten.signaal.gemeld.v1."""
_VIEWS: Final[Mapping[str, str]] = {
    **words.VIEWS,
    "subject.find": N_("a search in the register of people"),
    "subject.unmatched": N_("the people nobody matched yet"),
}
_ALARMS: Final[Mapping[str, str]] = {
    "silence": N_("nothing was heard from the partner for a day"),
    "clock": N_("the clock cannot be checked with the partners, so nothing is destroyed"),
    "replica": N_("the vault's replica does not follow"),
    "log-older": N_("a partner holds messages of this node that are not in its log; sending stopped"),
    "checkpoint": N_("a partner's log contradicts its own past"),
}
_REASONS: Final[Mapping[str, str]] = {
    "operator": N_("an operator asked for it"),
    "erasure": N_("an erasure needed it"),
    "withdrawn": N_("it was withdrawn"),
    "mistake": N_("it was a mistake"),
    "wrong-person": N_("it was about the wrong person"),
    "wrong-recipient": N_("it was for the wrong recipient"),
    "duplicate": N_("it was there already"),
    "unreadable": N_("it could not be read"),
    "late": N_("it came too late"),
    "seen": N_("somebody looked at it"),
}

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
    "notice/given": N_("It was recorded that a person was told (article 10.1)."),
    "exception/invoked": N_("It was recorded why a person is not told; to be looked at again by {review_on}."),
    "exception/reviewed:prolonged": N_(
        "The reason not to tell a person was looked at and still exists; to be looked at again by {review_on}."
    ),
    "exception/reviewed:ended": N_(
        "The reason not to tell a person was looked at and no longer exists; it held until {review_on}."
    ),
    "wpg-decision/registered": N_(
        "A decision to disclose police data was registered: {categories} to {recipients}, until {valid_until}. Ground: {ground}."
    ),
    "wpg-decision/withdrawn": N_("A decision to disclose police data was withdrawn: nothing more goes under it."),
    "training/followed": N_("Somebody followed a privacy training on {followed_on}."),
    "activity/registered": N_("An entry stands in the processing register from now on, for {purposes}."),
    "activity/ended": N_("A processing stopped; its entry stays in the processing register."),
    "restriction/set": N_("Data may only be kept from now on, and not be used: {cause}."),
    "restriction/lifted": N_("Data that could only be kept may be used again."),
    "emergency/invoked:sent": N_("Acute danger: {partner} was told without delay.{owed}"),
    "emergency/invoked:received": N_("Acute danger: {partner} told this node without delay.{owed}"),
    "duty/arisen": N_("Still owed for what went to {partner} in acute danger: {code}, before {due_at}."),
    "duty/fulfilled": N_("What was owed after acute danger was made good: {good}."),
    "duty/fulfilled:reason": N_("A privacy officer wrote why something owed after acute danger stays as it is."),
    "duty/overdue": N_("What was owed after acute danger is late: {code}."),
    "weighing/written": N_("The weighing of what was done in acute danger was written after all."),
    "act/decided-by": N_("A system did it; a person had decided."),
    "act/on-profile": N_("A {kind} was shared on the profile {profile}."),
    "draft/saved:own": N_("A draft of a {kind} was saved; it is kept until {keep_until}."),
    "draft/saved:zgw": N_("A case system told of a new case: it proposes a {kind}, kept until {keep_until}."),
    "draft/closed:sent": N_("A draft was sent; only what was sent is left."),
    "draft/closed:discarded": N_("A draft was discarded."),
    "conference/planned": N_("A case conference is planned for {date}, with a chair of {chair}."),
    "conference/agenda-item-set": N_("A case stands on the agenda of the conference; in scope: {partners}."),
    "conference/item-offered": N_(
        "{owner} offered the conference something, without its content: {category}, to {recipients}, for {purpose}."
    ),
    "conference/minimisation-reviewed": N_("The chair held the offers against article 11.2 on {on}."),
    "conference/offer-decided:release": N_("The chair released an offer: it may go to the recipients it names."),
    "conference/offer-decided:strike": N_("The chair struck an offer: it does not leave its organisation."),
    "conference/offer-decided:ask": N_("The chair asked its owner about an offer."),
    "conference/offer-withdrawn": N_("An offer was taken back by its owner."),
    "conference/offer-held-back": N_("What the chair released was held back when it was to be sent: {codes}."),
    "conference/offer-fulfilled": N_("What the chair released was sent."),
    "conference/agreement-made": N_("It was agreed that {owner} does something by {due}."),
    "conference/agreement-done": N_("What was agreed in the conference was done."),
    "conference/decision-made": N_("The conference decided about the case."),
    "conference/outcome-published": N_("The agreements and decisions on a case went to the partners in scope of it."),
    **CASEWORK,
    **CORRECTIONS,
}
"""Topic without its version (and what tells two cases of it apart) -> what happened."""
_CASES: Final = (
    *("direction", "side", "origin", "outcome", "good", "decision", "on"),
    *("telling", "status", "ground", "verdict", "inside", "reached", "designated"),
)
"""Fields of which the value may have a sentence of its own; an event has at most one of them that does."""
_AFTER: Final[Mapping[str, str]] = {
    "occurred_on": N_("It was told on {day}."),
    "next_date": N_("The next conference is on {day}."),
}
"""Days that are not always there -> a sentence more."""
_DAYS: Final = ("keep_until", "review_on", "valid_until", "followed_on", "date", "due", "due_on", "on", "first", "last")


def sentence(topic: str, details: Mapping[str, Any], titles: Titles, language: str) -> str:
    """One step of a story; what a newer node tells is named as well as can be."""
    _ = tr(language)
    kind = topic.rpartition("/")[0]
    template = _template(kind, details)
    if template is None:
        return words.step(topic, _)
    said = _Details(details, titles, language)
    more = (" " + _(text).format(day=_day(details[name])) for name, text in _AFTER.items() if details.get(name))
    return own_numbers(titles.numbering, _(template)).format_map(said) + "".join(more)


def _template(kind: str, details: Mapping[str, Any]) -> str | None:
    """The sentence for this case of the event, else for the event."""
    cases = (f"{kind}:{str(details[name]).lower()}" for name in _CASES if name in details)
    return next((SENTENCES[case] for case in cases if case in SENTENCES), SENTENCES.get(kind))


def _day(value: Any) -> str:
    """A day of the log as people write it; what is none, such as a number, is shown as it came."""
    try:
        return day(date.fromisoformat(value))
    except (TypeError, ValueError):
        return str(value)


def _moment(value: Any) -> str:
    """A moment of the log in local time; what is none is shown as it came."""
    try:
        return minute(datetime.fromisoformat(value))
    except (TypeError, ValueError):
        return str(value)


class _Details(dict[str, str]):
    """The public fields of an event in words; one that is absent reads as a dash."""

    def __init__(self, details: Mapping[str, Any], titles: Titles, language: str) -> None:
        self._titles = titles
        self._ = tr(language)
        self._dutch = language == "nl"
        super().__init__({name: self._say(name, value) for name, value in details.items()})
        self.setdefault("rejected", "")
        self["owed"] = self._(N_(" Still owed: {codes}.")).format(codes=self["codes"]) if "codes" in self else ""
        closed = self.get("close_reason")
        self["closed"] = self._(N_(" Why: {reason}.")).format(reason=closed) if closed else ""
        self["asked"] = words.word(str(details.get("action")), words.ACTIONS, self._)

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
        return {
            "partner": titles.of_partner,
            "recipient": titles.of_partner,
            "sender": titles.of_partner,
            "kind": self._message,
            "category": titles.of,
            "purpose": titles.of,
            "profile": titles.of,
            "ground": titles.of,
            "cause": titles.of,
            "area": titles.of,
            "owner": titles.of_partner,
            "chair": titles.of_partner,
            "lead": titles.of_partner,
            "code": self._refusal,
            "categories": lambda codes: ", ".join(titles.of(code) for code in codes),
            "purposes": lambda codes: ", ".join(titles.of(code) for code in codes),
            "recipients": lambda slugs: ", ".join(titles.of_partner(slug) for slug in slugs),
            "partners": lambda slugs: ", ".join(titles.of_partner(slug) for slug in slugs),
            "codes": lambda codes: ", ".join(self._refusal(code) for code in codes),
            "good": lambda code: words.word(code, words.GOOD, _),
            **dict.fromkeys(("outcome", "phase", "close_reason"), readable),
            "due_at": _moment,
            **dict.fromkeys(_DAYS, _day),
            "rejected": self._rejected,
            "channel": lambda code: words.word(code, CHANNELS, _),
            "view": lambda code: words.word(code, _VIEWS, _),
            "alarm": lambda code: words.word(code, _ALARMS, _),
            "reason": self._reason,
            "period": lambda text: words.period(text, _),
            "trigger": words.trigger,
        }

    def _message(self, kind: str) -> str:
        """``signal``, the third part of a CloudEvents type, or what a report about an area is about."""
        if kind in self._titles.signal_kinds:
            return self._titles.of_signal_kind(kind)
        parts = kind.split(".")
        return words.word(parts[2] if len(parts) > 2 else kind, _MESSAGES, self._)  # noqa: PLR2004 - nl.convenanten.X.…

    def _reason(self, code: str) -> str:
        """Why: a word of the node or of the law."""
        if code in RECALL_REASONS:
            return self._titles.of(code)
        return words.word(code, {**words.REASONS, **_REASONS}, self._)

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
