"""What people read of messages: the inbox without content, one message with its text (after the read event), the outbox."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from uuid import UUID

import orjson

from exchange.domain import events as e
from exchange.domain.actors import may, roles_of
from exchange.domain.event import Gone
from exchange.domain.vocabulary import Regime
from exchange.errors import NotFoundError
from exchange.node import forms as f
from exchange.node.circle import Circle
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


def new_messages(ctx: Context) -> int:
    """How many in the inbox nobody took up."""
    where = "direction='received' AND reply_to IS NULL AND uptake IS NULL AND state='stored'"
    return ctx.ledger.count(f"messages WHERE {where} AND kind IN ({_MARKS})", *_CONTENT)


class Reading:
    """See the module."""

    def __init__(self, ctx: Context, outbox: Outbox, reads: Reads, circle: Circle) -> None:
        self._ctx = ctx
        self._outbox = outbox
        self._reads = reads
        self._circle = circle

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
            emergency=self._ctx.ledger.count("emergencies WHERE message=?", row["message"]) > 0,
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

    async def message(self, actor: Actor, message: str, reason: str = "") -> f.MessageAnswer:
        """One message with its text; the read is in the log before anything is shown.

        Raises:
            NotAllowedError: It belongs to a case and the reader is outside its circle, or it holds police data and he is not
                designated, and that cannot be or was not explained.
        """
        row = self._ctx.ledger.one("SELECT * FROM messages WHERE message=?", message)
        if row is None or row["kind"] not in _CONTENT:
            raise NotFoundError("There is no such signal or disclosure at this node.")
        event = self._ctx.log.event(self._ctx.log.entry(row["log_index"]))
        if not isinstance(event, e.MessageReceived | e.MessageSent):
            raise NotFoundError("There is no such signal or disclosure at this node.")
        subject = self._subject(message)
        plain = self.open_parts(event)
        await self._admit(actor, row, plain, reason)
        await self._reads.log(actor, "inbox.read", [subject])
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
            items=self._items(actor, row["partner"] if received else self._ctx.me.slug, message, event.parts, plain),
            replies=self._replies(message),
        )

    async def _admit(self, actor: Actor, row: sqlite3.Row, plain: list[bytes | None], reason: str) -> None:
        """Only the circle of its case, and of police data only designated receivers, whatever the message calls itself."""
        message = row["message"]
        rows = self._ctx.ledger.rows(
            "SELECT case_id FROM items WHERE message=? AND case_id IS NOT NULL"
            " UNION SELECT case_id FROM triages WHERE source=? AND case_id IS NOT NULL",
            message,
            message,
        )
        await self._circle.admit(actor, "inbox.read", [UUID(r["case_id"]) for r in rows], reason, message)
        items = [orjson.loads(data) for data in plain[1:] if data is not None]
        police = self._police()
        origins = {str(item.get("origin_partner")) for item in items}
        if row["direction"] == "received":
            origins.add(row["partner"])
        if police & origins or any(item.get("origin_regime") == Regime.WPG for item in items):
            await self._circle.admit_to_police_data(actor, "inbox.read", message, reason)

    def _police(self) -> set[str]:
        return {p.slug for p in self._ctx.covenants.current.covenant_partners() if p.regime is Regime.WPG}

    def _police_source(self, giver: str, item: dict[str, object]) -> str | None:
        """Whose police data it is; the regime follows the record, also when somebody else passed it on. None: no secrecy here."""
        source, police = str(item.get("origin_partner") or giver), self._police()
        secret = source in police or giver in police or item.get("origin_regime") == Regime.WPG
        return source if secret and source != self._ctx.me.slug else None

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
        self, actor: Actor, giver: str, message: str, parts: tuple[e.StoredPart, ...], plain: list[bytes | None]
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
                    police_source=self._police_source(giver, item),
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
            answer: dict[str, str] = {}
            if isinstance(event, e.MessageReceived | e.MessageSent):
                plain = self.open_parts(event)
                answer = orjson.loads(plain[0]) if plain and plain[0] is not None else {}
            by = row["partner"] if row["direction"] == "received" else self._ctx.me.slug
            at, text = _moment(row["at"]).isoformat(), answer.get("text", "")
            found.append({"state": _STATES[row["kind"]], "by": by, "at": at, "text": text})
            if "result" in answer:
                found[-1]["result"] = answer["result"]
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
