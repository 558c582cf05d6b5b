"""What was exchanged, read back: one item with its text and statement, its copies with other partners, all about a person.

The same datum to three partners is three items under one act and part (nobody sees who else received what), and may have been
told again in a later act. Art. 19 GDPR asks for all of them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

import orjson

from exchange.crypto import aead, envelope
from exchange.domain import events as e
from exchange.domain.event import Gone
from exchange.errors import CryptoError, WireError
from exchange.node.context import Context
from exchange.node.recording import LOCAL_TEXT
from exchange.wire import messages as m
from exchange.wire.codec import decode_model

M = TypeVar("M", m.Item, m.Statement)
PAGE = 400
"""Values per query; SQLite allows 999."""
EXCHANGE = "EXCHANGE"
_SELECT = """
SELECT i.*, c.erasure AS erasure, m.state AS m_state, m.rejected AS m_rejected, m.log_index AS m_index
FROM items i LEFT JOIN contents c ON c.key_id = i.content_key LEFT JOIN messages m ON m.message = i.message
"""


@dataclass(frozen=True, slots=True)
class About:
    """What the record of an item seals."""

    subject: UUID
    mentions: tuple[UUID, ...]
    field: str


def open_parts(ctx: Context, event: e.MessageReceived | e.MessageSent) -> list[bytes | None]:
    """Every part in clear; None for one that is refused or erased."""
    header = orjson.loads(event.header)
    sender, uid = bytes.fromhex(header["data"]["sender"]), UUID(header["id"]).bytes
    keys = ctx.vault.get_many([p.key_id for p in event.parts if p.key_id])
    plain: list[bytes | None] = []
    for number, part in enumerate(event.parts):
        key, box = keys.get(part.key_id or ""), ctx.log.sealed(part.hash)
        if key is None or box is None:
            plain.append(None)
            continue
        try:
            plain.append(envelope.open_part(key, ctx.covenants.id, sender, uid, number, len(event.parts), box))
        except CryptoError:  # verify names it; a reader sees that it cannot be read
            plain.append(None)
    return plain


class Exchanged:
    """See the module. Reads what is committed; of the open batch it knows nothing."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    # ------------------------------------------------------------------------------------ rows

    def item(self, item: UUID | str, direction: str | None = None, partner: str | None = None) -> sqlite3.Row | None:
        """The newest record of an item, of one direction and partner when given."""
        where, values = "i.item=?", [str(item)]
        for column, value in (("direction", direction), ("partner", partner)):
            if value is not None:
                where += f" AND i.{column}=?"
                values.append(value)
        return self._ctx.ledger.one(f"{_SELECT} WHERE {where} ORDER BY i.log_index DESC", *values)

    def records(self, item: UUID | str) -> list[sqlite3.Row]:
        """Every record of an item under this id, oldest first."""
        return self._ctx.ledger.rows(f"{_SELECT} WHERE i.item=? ORDER BY i.log_index", str(item))

    def replaced(self, item: UUID) -> list[sqlite3.Row]:
        """Every record of the items whose place this one took, correction by correction: the datum is as old as they are."""
        older, name = list[sqlite3.Row](), str(item)
        while (row := self._ctx.ledger.one("SELECT item FROM corrected WHERE replacement=?", name)) is not None:
            name = row["item"]
            older += self.records(name)
        return older

    def about(self, subject: UUID) -> list[sqlite3.Row]:
        """Every item that is about a person, by whatever entry of the register; oldest first."""
        indexes = sorted({index for person in self._ctx.people.same(subject) for index in person.items})
        rows: list[sqlite3.Row] = []
        for start in range(0, len(indexes), PAGE):
            page = indexes[start : start + PAGE]
            marks = ",".join("?" * len(page))
            rows += self._ctx.ledger.rows(f"{_SELECT} WHERE i.log_index IN ({marks}) ORDER BY i.log_index", *page)
        return rows

    def copies(self, row: sqlite3.Row) -> list[sqlite3.Row]:
        """Everything this node gave to anybody that holds the same datum, itself among it when it was given; oldest first."""
        ctx = self._ctx
        found = {}
        if row["direction"] == "sent":
            same = ctx.ledger.rows(
                f"{_SELECT} WHERE i.direction='sent' AND i.act=? AND i.part=?", row["act"], row["part"]
            )
            found = {one["log_index"]: one for one in same}
        known, text = self.sealed(row), self.plain(row)
        if known is not None and text is not None:
            found |= {one["log_index"]: one for one in self._like(row, known, text)}
        return [found[index] for index in sorted(found) if given(found[index])]

    def _like(self, row: sqlite3.Row, known: About, text: m.Item) -> Iterable[sqlite3.Row]:
        """What was given about the same person in the same field with the same words."""
        for one in self.about(known.subject):
            if one["direction"] == "sent" and one["category"] == row["category"] and not one["erasure"]:
                other = self.plain(one)
                if other is not None and (other.field, other.value, other.identity) == (
                    text.field, text.value, text.identity,
                ):  # fmt: skip
                    yield one

    def passed_on(self, row: sqlite3.Row) -> list[sqlite3.Row]:
        """What this node gave to others of an item that a partner gave: the same field, and from that partner by its own words.

        What cannot be read here any more counts as well: who got it may still have it.
        """
        known, giver = self.sealed(row), row["partner"]
        if known is None:
            return []
        found = []
        for one in self.about(known.subject):
            after = one["direction"] == "sent" and one["log_index"] > row["log_index"] and one["partner"] != giver
            if not after or one["category"] != row["category"] or not given(one):
                continue
            record, text = self.sealed(one), self.plain(one)
            if record is not None and record.field == known.field and (text is None or self._from(text, row)):
                found.append(one)
        return found

    def _from(self, text: m.Item, row: sqlite3.Row) -> bool:
        told = self.plain(row)
        return text.origin_partner == row["partner"] or (told is not None and told.value == text.value)

    # ------------------------------------------------------------------------------------ texts

    def sealed(self, row: sqlite3.Row) -> About | None:
        """About whom it is and which field; None when that was erased."""
        event = self._ctx.log.event(self._ctx.log.entry(row["log_index"]))
        if not isinstance(event, e.ItemRecorded):
            return None
        if isinstance(event.subject, Gone) or isinstance(event.field, Gone) or isinstance(event.mentions, Gone):
            return None
        return About(event.subject, tuple(event.mentions), event.field)

    def plain(self, row: sqlite3.Row) -> m.Item | None:
        """The item itself; None when it was erased."""
        data = self._stated(row) if row["message"] is None else self._part(row, row["part"])
        return _decoded(m.Item, data)

    def statement(self, row: sqlite3.Row) -> m.Statement | None:
        """The statement it went under; None when that was erased, or when it did not go over the exchange."""
        return _decoded(m.Statement, self._part(row, 0)) if row["message"] is not None else None

    def _part(self, row: sqlite3.Row, number: int) -> bytes | None:
        event = self._ctx.log.event(self._ctx.log.entry(row["m_index"]))
        plain = open_parts(self._ctx, event) if isinstance(event, e.MessageSent | e.MessageReceived) else []
        return plain[number] if number < len(plain) else None

    def _stated(self, row: sqlite3.Row) -> bytes | None:
        event = self._ctx.log.event(self._ctx.log.entry(row["log_index"]))
        if not isinstance(event, e.ItemRecorded) or event.sealed is None or event.content_key is None:
            return None
        key, box = self._ctx.vault.get(event.content_key), self._ctx.log.sealed(event.sealed)
        return aead.unseal(key, box, LOCAL_TEXT) if key is not None and box is not None else None


def given(row: sqlite3.Row) -> bool:
    """Whether a sent item reached, or may still reach, its recipient: not let go, refused or rejected."""
    if row["m_state"] in {"voided", "nacked"}:
        return False
    return str(row["part"]) not in (orjson.loads(row["m_rejected"]) if row["m_rejected"] else {})


def _decoded(model: type[M], data: bytes | None) -> M | None:
    try:
        return decode_model(model, data) if data is not None else None
    except WireError:
        return None
