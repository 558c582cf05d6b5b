"""What people read of messages: the inbox without content, one message with its text (after the read event), the outbox."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from uuid import UUID

import orjson

from exchange.domain import events as e
from exchange.domain.actors import may, roles_of
from exchange.domain.event import Gone
from exchange.errors import NotFoundError
from exchange.node import forms as f
from exchange.node.context import Context
from exchange.node.exchanged import open_parts
from exchange.node.marks import marks
from exchange.node.outbox import Outbox
from exchange.node.register import Reads
from exchange.node.service import Actor
from exchange.node.whoknows import label_of
from exchange.wire import messages as m

_CONTENT = tuple(k.value for k in m.CONTENT)
_MARKS = ",".join("?" * len(_CONTENT))
_STATES = {m.Kind.TAKEN_UP.value: "taken-up", m.Kind.HANDLED.value: "handled", m.Kind.PROCESSED.value: "processed"}
_KINDS = {m.Kind.SIGNAL.value: "signal", m.Kind.DISCLOSURE.value: "disclosure", m.Kind.CORRECTED.value: "correction"}


class Reading:
    """See the module."""

    def __init__(self, ctx: Context, outbox: Outbox, reads: Reads) -> None:
        self._ctx = ctx
        self._outbox = outbox
        self._reads = reads

    def inbox(self) -> list[f.InboxRow]:
        """Received signals and disclosures, newest first, without content."""
        rows = self._ctx.ledger.rows(
            f"SELECT * FROM messages WHERE direction='received' AND reply_to IS NULL AND kind IN ({_MARKS})"
            " ORDER BY log_index DESC",
            *_CONTENT,
        )
        return [self._inbox_row(row) for row in rows]

    def _inbox_row(self, row: sqlite3.Row) -> f.InboxRow:
        items = self._ctx.ledger.rows(
            "SELECT i.category, i.case_id, c.erasure FROM items i LEFT JOIN contents c ON c.key_id = i.content_key"
            " WHERE i.message=?",
            row["message"],
        )
        return f.InboxRow(
            message=row["message"],
            received_at=_moment(row["at"]),
            sender=row["partner"],
            kind=_KINDS[row["kind"]],
            items=len(items),
            categories=sorted({i["category"] for i in items}),
            state=_STATES.get(row["uptake"] or "", "new"),
            case=next((UUID(i["case_id"]) for i in items if i["case_id"]), None),
            erased=bool(items) and all(i["erasure"] for i in items),
        )

    def outbox(self) -> list[f.OutboxRow]:
        """Messages without a receipt, oldest first."""
        rows = self._ctx.ledger.rows(
            "SELECT * FROM messages WHERE direction='sent' AND state IN ('open','nacked') ORDER BY log_index"
        )
        found = []
        for row in rows:
            waiting = self._outbox.state_of(row["message"])
            found.append(
                f.OutboxRow(
                    message=row["message"],
                    act=UUID(row["act"]) if row["act"] else UUID(int=0),
                    partner=row["partner"],
                    kind=row["kind"],
                    sequence=row["sequence"],
                    since=_moment(row["at"]),
                    attempts=waiting.attempts if waiting else 0,
                    state="refused" if row["state"] == "nacked" else "waiting",
                    why=row["why"] or (waiting.why if waiting else ""),
                )
            )
        return found

    async def message(self, actor: Actor, message: str) -> f.MessageAnswer:
        """One message with its text; the read is in the log before anything is shown."""
        row = self._ctx.ledger.one("SELECT * FROM messages WHERE message=?", message)
        if row is None or row["kind"] not in _CONTENT:
            raise NotFoundError("There is no such signal or disclosure at this node.")
        event = self._ctx.log.event(self._ctx.log.entry(row["log_index"]))
        if not isinstance(event, e.MessageReceived | e.MessageSent):
            raise NotFoundError("There is no such signal or disclosure at this node.")
        subject = self._subject(message)
        await self._reads.log(actor, "inbox.read", [subject])
        plain = self.open_parts(event)
        person = self._ctx.people.resolve(subject) if subject else None
        statement = orjson.loads(plain[0]) if plain and plain[0] is not None else None
        received = isinstance(event, e.MessageReceived)
        return f.MessageAnswer(
            message=message,
            sender=row["partner"] if received else self._ctx.me.slug,
            recipient=self._ctx.me.slug if received else row["partner"],
            kind=_KINDS[row["kind"]],
            at=_moment(row["at"]),
            subject=person.handle if person else None,
            subject_label=label_of(person) if person else "",
            statement=statement,
            items=self._items(actor, message, event.parts, plain),
            replies=self._replies(message),
        )

    def _subject(self, message: str) -> UUID | None:
        row = self._ctx.ledger.one("SELECT log_index FROM items WHERE message=? LIMIT 1", message)
        if row is None:
            return None
        event = self._ctx.log.event(self._ctx.log.entry(row["log_index"]))
        return event.subject if isinstance(event, e.ItemRecorded) and not isinstance(event.subject, Gone) else None

    def open_parts(self, event: e.MessageReceived | e.MessageSent) -> list[bytes | None]:
        """Every part in clear; None for one that is refused or erased."""
        return open_parts(self._ctx, event)

    def _items(
        self, actor: Actor, message: str, parts: tuple[e.StoredPart, ...], plain: list[bytes | None]
    ) -> list[f.ItemAnswer]:
        rows = {r["part"]: r for r in self._ctx.ledger.rows("SELECT * FROM items WHERE message=?", message)}
        marked = marks(self._ctx, [r["item"] for r in rows.values()], self._ctx.clock.now())
        weighs = may(roles_of(actor.roles), "objection.decide")
        found = []
        for number, (part, data) in enumerate(zip(parts, plain, strict=True)):
            if number == 0:
                continue
            row = rows.get(number)
            item = orjson.loads(data) if data is not None else {}
            mark = marked.get(row["item"]) if row else None
            status = "refused: " + " ".join(part.codes) if part.codes else "readable" if data is not None else "erased"
            if status == "readable" and mark is not None:
                status = mark.status
            withheld = data is None or (status == "restricted" and not weighs)  # only stored: shown to who weighs it
            found.append(
                f.ItemAnswer(
                    item=UUID(row["item"]) if row else UUID(int=0),
                    category=row["category"] if row else "",
                    field=item.get("field", ""),
                    value=None if withheld else _value(item),
                    status=status,
                    nature=item.get("nature"),
                    certainty=item.get("certainty"),
                    origin_partner=item.get("origin_partner"),
                    origin_regime=item.get("origin_regime"),
                    replaces=item.get("replaces"),
                    replaced_by=mark.replaced_by if mark is not None else None,
                )
            )
        return found

    def _replies(self, message: str) -> list[dict[str, str]]:
        rows = self._ctx.ledger.rows("SELECT * FROM messages WHERE reply_to=? ORDER BY at", message)
        found = []
        for row in rows:
            event = self._ctx.log.event(self._ctx.log.entry(row["log_index"]))
            text = ""
            if isinstance(event, e.MessageReceived | e.MessageSent):
                plain = self.open_parts(event)
                text = orjson.loads(plain[0])["text"] if plain and plain[0] is not None else ""
            by = row["partner"] if row["direction"] == "received" else self._ctx.me.slug
            found.append({"state": _STATES[row["kind"]], "by": by, "at": _moment(row["at"]).isoformat(), "text": text})
        return found


def _value(item: dict[str, object]) -> str:
    identity = item.get("identity")
    if isinstance(identity, dict):
        name = " ".join(str(identity[k]) for k in ("given_names", "prefix", "family_name") if identity.get(k))
        address = " ".join(str(identity[k]) for k in ("postcode", "house_number") if identity.get(k))
        return ", ".join(part for part in (name, str(identity.get("birth_date") or ""), address) if part)
    return str(item.get("value", ""))


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
