"""What the chair struck, recognised when its owner is about to share it all the same (covenant 11.2, R12).

The chair decides on need: whoever it is about, what was offered as a category and field to these recipients is struck for them,
whatever the words; and what was struck word for word is struck for everybody. That holds for everything that goes out, with the
case named or not, as long as the case is open and the owner keeps the offer. The way out is the chair, who may release a later
offer. Only the owner can tell: nobody else ever had the content.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from exchange.domain import events as e
from exchange.domain.event import Gone
from exchange.domain.proposal import Strike
from exchange.node import forms as f
from exchange.node.context import Context

_DECIDED: Final = (
    "SELECT o.offered, o.decided, o.status, o.release, c.chair FROM offers o"
    " JOIN conferences c ON c.conference = o.conference LEFT JOIN cases k ON k.case_id = o.case_id"
    " WHERE o.owner=? AND k.closed_at IS NULL AND o.decided IS NOT NULL ORDER BY o.offered"
)


@dataclass(frozen=True, slots=True)
class _Offer:
    """One of our offers about somebody, on which the chair decided."""

    offered: int
    """Log index, as is ``decided``: what was offered after a strike may be released after all."""
    decided: int
    to: frozenset[str]
    """Whom it was offered to; of one about which the chair asked, the chair's partner, which may be shown it."""
    case: UUID | None
    conference: UUID | None
    item: f.ItemForm

    def same_field(self, item: f.ItemForm) -> bool:
        return (item.category, item.field) == (self.item.category, self.item.field)

    def same_words(self, item: f.ItemForm) -> bool:
        return _words(item) == _words(self.item)


class Struck:
    """Everything that the chair struck of what this node offered about somebody, and let go after all."""

    def __init__(self, ctx: Context, subject: UUID) -> None:
        rows = ctx.ledger.rows(_DECIDED, ctx.me.slug)
        same = {str(person.handle) for person in ctx.people.same(subject)}
        self._struck = _read(ctx, [row for row in rows if row["status"] == "struck"], same)
        # What was let go after all matters only to somebody about whom something was struck.
        self._let = _read(ctx, [row for row in rows if row["status"] != "struck"], same) if self._struck else []

    def of(self, item: f.ItemForm, form: f.ShareForm, recipient: str) -> Strike | None:
        """How an item of ``form`` was struck for a recipient, if it was and no later offer was let go to it."""
        held = [one for one in self._struck if one.same_field(item) and not self._after_all(one, item, recipient)]
        if any(one.same_words(item) and _there(one, form) for one in held):
            return "datum"
        return "field" if any(one.same_words(item) or recipient in one.to for one in held) else None

    def _after_all(self, struck: _Offer, item: f.ItemForm, recipient: str) -> bool:
        exact = struck.same_words(item)
        later = (let for let in self._let if let.offered > struck.decided and recipient in let.to)
        return any(let.same_field(item) and (let.same_words(item) or not exact) for let in later)


def _there(offer: _Offer, form: f.ShareForm) -> bool:
    """Whether the form names the case or the conference in which this was struck."""
    return (form.case is not None and form.case == offer.case) or (
        form.conference is not None and form.conference == offer.conference
    )


def _read(ctx: Context, rows: Iterable[sqlite3.Row], about: set[str]) -> list[_Offer]:
    return [one for row in rows if (one := _offer(ctx, row, about)) is not None]


def _offer(ctx: Context, row: sqlite3.Row, about: set[str]) -> _Offer | None:
    """What was offered about somebody; nothing once that was erased: it is not known any more."""
    event = ctx.log.event(ctx.log.entry(row["offered"]))
    if not isinstance(event, e.ItemOffered) or event.subject not in about or isinstance(event.content, Gone):
        return None
    share = f.ShareForm.model_validate_json(event.content)
    asked = row["release"] is None and row["status"] != "struck"
    return _Offer(
        offered=row["offered"],
        decided=row["decided"],
        to=frozenset({row["chair"]} if asked else {to.partner for to in share.recipients}),
        case=share.case,
        conference=share.conference,
        item=share.items[0],
    )


def _words(item: f.ItemForm) -> list[str]:
    """The words alone: another dot, dash or capital makes no other datum."""
    return re.findall(r"\w+", item.value.casefold())
