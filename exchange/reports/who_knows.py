"""Who knows what about a person: the answer as people read it, for the screen and for paper.

:func:`known` turns the node's answer into sentences once; the page and the terminal table show the same sentences. The page is
one file without anything from outside: semantic HTML (headings, captions, scopes) for screen readers, and A4 when printed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from exchange.domain.proposal import NOT_APPLICABLE
from exchange.domain.vocabulary import THIRD_PARTY, WPG_GROUNDS
from exchange.i18n import N_, Translate, tr
from exchange.node.forms import KnownItem, WhoKnows
from exchange.reports import words
from exchange.reports.times import day, minute
from exchange.reports.titles import Titles

CHANNELS: Final = {
    "EXCHANGE": N_("through the exchange"),
    "ORAL": N_("in conversation"),
    "PHONE": N_("by telephone"),
    "SECURE_MAIL": N_("by secure mail"),
    "PAPER": N_("on paper"),
    "IMPORTED": N_("taken over from an earlier file"),
}
KINDS: Final = {"signal": N_("Signal"), "disclosure": N_("Disclosure")}


@dataclass(frozen=True)
class Known:
    """One item in sentences."""

    partner: str
    direction: str
    """``sent`` or ``received``."""
    what: str
    field: str
    kind: str
    when: str
    channel: str
    why: str
    basis: list[str]
    proof: str
    proven: bool
    keep: str
    state: str
    """``kept``, ``erased`` or ``refused``; carried by a word on the page, never by colour alone."""
    state_text: str
    notes: list[str]
    """What became of it: corrected, recalled, restricted, and what was answered."""
    mentioned: bool
    log_index: int


@dataclass(frozen=True)
class Group:
    """Everything exchanged with one partner."""

    name: str
    sent: list[Known]
    received: list[Known]


_RECALLS: Final = {"done": N_("that recall was carried out"), "refused": N_("that recall was refused")}
_DATE: Final = re.compile(r"\d\d-\d\d-\d{4}(?: \d\d:\d\d)?")


def pieces(text: str) -> list[tuple[str, bool]]:
    """``text`` in pieces, with those marked that must not be broken over two lines: dates."""
    split, start = [], 0
    for found in _DATE.finditer(text):
        split += [(text[start : found.start()], False), (found[0], True)]
        start = found.end()
    return [*split, (text[start:], False)]


_TEMPLATES: Final = Environment(
    loader=PackageLoader("exchange.reports", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters["pieces"] = pieces


def known(item: KnownItem, _: Translate, titles: Titles) -> Known:
    """One item in sentences of the reader's language."""
    when = minute(item.at)
    if item.occurred_on is not None:
        when = _("{day}, recorded {moment}").format(day=day(item.occurred_on), moment=when)
    state, state_text = _state(item, _)
    return Known(
        partner=_partner(item, _),
        direction=item.direction,
        what=titles.of(item.category),
        field=titles.of_field(item.category, item.field) if item.field else "",
        kind=_(KINDS.get(item.kind, item.kind)),
        when=when,
        channel=_(CHANNELS.get(item.channel, item.channel)),
        why=titles.of(item.purpose),
        basis=_basis(item, _, titles),
        proof=_proof(item, _),
        proven=item.proven,
        keep=_keep(item, _),
        state=state,
        state_text=state_text,
        notes=_notes(item, _),
        mentioned=item.mentioned,
        log_index=item.log_index,
    )


def _partner(item: KnownItem, _: Translate) -> str:
    """Who got or gave it; a third party's name is sealed and may be gone."""
    gone = item.partner == item.partner_name == THIRD_PARTY
    return _("third party (name erased)") if gone else item.partner_name


_SIDES: Final = 4


def _basis(item: KnownItem, _: Translate, titles: Titles) -> list[str]:
    """The grounds in words: basis and task of giver and of receiver, then the exceptions and rules that applied.

    The police give under a decision of the Wpg (16-20): that is their ground, whatever basis of the AVG the message cites.
    """
    codes = item.basis
    decision = next((code for code in codes[_SIDES:] if code in WPG_GROUNDS), None)
    if item.giver_regime == "WPG" and decision is not None:
        codes = [decision, *codes[1:_SIDES], *(code for code in codes[_SIDES:] if code != decision)]
    named = [titles.of(code) for code in codes]
    if len(named) < _SIDES:
        return named
    giver = _("giver: {basis}, {task}").format(basis=named[0], task=named[1])
    if codes[2] == NOT_APPLICABLE:  # a third party's basis is its own affair
        return [giver, *named[_SIDES:]]
    receiver = _("receiver: {basis}, {task}").format(basis=named[2], task=named[3])
    return [giver, receiver, *named[_SIDES:]]


def _proof(item: KnownItem, _: Translate) -> str:
    """What proves that it arrived."""
    if item.channel != "EXCHANGE":
        return _("stated, not proven")
    if item.direction == "received":
        return _("signed by the sender")
    if item.receipt_at is None:
        return _("no receipt yet")
    return _("receipt {moment}").format(moment=minute(item.receipt_at))


def _state(item: KnownItem, _: Translate) -> tuple[str, str]:
    """What became of it."""
    if item.erased_at is not None:
        sentence = (
            N_("erased on {day} under rule {rule}, decided by a single hand")
            if item.erased_single_handed
            else N_("erased on {day} under rule {rule}")
        )
        return "erased", _(sentence).format(day=day(item.erased_at), rule=item.erased_rule)
    if item.rejected:
        return "refused", _("refused on receipt: {codes}").format(codes=", ".join(item.rejected))
    return "kept", ""


def _notes(item: KnownItem, _: Translate) -> list[str]:
    """What became of it after it was exchanged."""
    notes = []
    if item.corrected_at is not None:
        notes.append(_("corrected on {day}, not current any more").format(day=day(item.corrected_at)))
    if item.replaces is not None:
        notes.append(_("takes the place of an earlier value"))
    if item.recalled_at is not None:
        notes.append(_("recalled on {day}").format(day=day(item.recalled_at)))
        if item.told != "recalled" and item.recall_outcome in _RECALLS:  # something later was told of it since
            notes.append(_(_RECALLS[item.recall_outcome]))
    if item.restricted_at is not None:
        notes.append(_("restricted since {day}: only stored").format(day=day(item.restricted_at)))
    if item.told_at is not None and item.acknowledged_at is not None:
        sentence = N_("refused on {day}") if item.acknowledged == "refused" else N_("processed on {day}")
        notes.append(_(sentence).format(day=day(item.acknowledged_at)))
    elif item.told_at is not None:
        notes.append(_("told on {day}, not answered yet").format(day=day(item.told_at)))
    return notes


def _keep(item: KnownItem, _: Translate) -> str:
    """Until when, and whether the controller fixed that."""
    if item.keep_until is None:
        return _("no date yet (rule {rule})").format(rule=item.keep_rule) if item.keep_rule else _("no rule yet")
    sentence = N_("until {day}, rule {rule}") if item.rule_confirmed else N_("until {day}, rule {rule} (proposed)")
    return _(sentence).format(day=day(item.keep_until), rule=item.keep_rule)


def groups(answer: WhoKnows, language: str, titles: Titles | None = None) -> list[Group]:
    """The items by partner, in order of the partners' names and then of time."""
    _, titles = tr(language), titles or Titles()
    by_partner: dict[tuple[str, str], list[KnownItem]] = {}
    for item in sorted(answer.items, key=lambda item: (item.at, item.log_index)):
        by_partner.setdefault((_partner(item, _), item.partner), []).append(item)
    return [
        Group(
            name,
            [known(item, _, titles) for item in items if item.direction == "sent"],
            [known(item, _, titles) for item in items if item.direction == "received"],
        )
        for (name, _slug), items in sorted(by_partner.items())
    ]


def grounds(found: Sequence[Group]) -> list[list[str]]:
    """Every combination of grounds once, in order of appearance: items refer to it by number instead of repeating it."""
    seen: list[list[str]] = []
    for group in found:
        for item in (*group.sent, *group.received):
            if item.basis and item.basis not in seen:
                seen.append(item.basis)
    return seen


def summary(answer: WhoKnows, language: str) -> list[str]:
    """The answer in a few sentences: the ones a privacy officer reads aloud."""
    _ = tr(language)
    if not answer.items:
        return [_("Nothing about this is known to have been exchanged.")]
    sent = [item for item in answer.items if item.direction == "sent"]
    lines = []
    # An erased or refused item went out as well, but who got it does not know it from us any more.
    reads = sorted({_partner(i, _) for i in sent if i.erased_at is None and not i.rejected})
    if reads:
        lines.append(_("Received from us: {partners}.").format(partners=words.listed(reads, _)))
    gave = sorted({_partner(i, _) for i in answer.items if i.direction == "received"})
    if gave:
        lines.append(_("Told to us by: {partners}.").format(partners=words.listed(gave, _)))
    for text, count in (
        (N_("Not confirmed by a receipt: {count}."), _unconfirmed(sent)),
        (N_("Stated, not proven: {count}."), sum(item.channel != "EXCHANGE" for item in answer.items)),
        (N_("Refused on receipt: {count}."), sum(bool(item.rejected) for item in sent)),
        (N_("Corrected since: {count}."), sum(item.corrected_at is not None for item in answer.items)),
        (N_("Recalled: {count}."), sum(item.recalled_at is not None for item in answer.items)),
        (N_("Restricted, only stored: {count}."), sum(item.restricted_at is not None for item in answer.items)),
        (N_("Erased here: {count}."), sum(item.erased_at is not None for item in answer.items)),
        (N_("Of these decided by a single hand: {count}."), sum(item.erased_single_handed for item in answer.items)),
    ):
        if count:
            lines.append(_(text).format(count=count))
    return lines


def _unconfirmed(sent: Sequence[KnownItem]) -> int:
    return sum(item.channel == "EXCHANGE" and item.receipt_at is None for item in sent)


def render(answer: WhoKnows, language: str = "nl", titles: Titles | None = None) -> str:
    """The page to print."""
    template, found = _TEMPLATES.get_template("who_knows.html"), groups(answer, language, titles)
    return template.render(
        _=tr(language),
        language=language,
        answer=answer,
        groups=found,
        grounds=grounds(found),
        summary=summary(answer, language),
        as_of=minute(answer.as_of),
        short_root=" ".join(answer.root[i : i + 8] for i in range(0, min(len(answer.root), 32), 8)),
    )
