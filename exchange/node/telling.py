"""Telling partners something about items they got: one act, a message for each, an answer owed by each; and how that stands."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import orjson

from exchange.domain import corrections as c
from exchange.domain import events as e
from exchange.domain.event import Gone
from exchange.domain.retention import Period, local_day
from exchange.node import corrections_forms as cf
from exchange.node.context import Context
from exchange.node.exchanged import EXCHANGE
from exchange.node.service import Actor
from exchange.node.work import Fresh, Post
from exchange.node.writer import Tx
from exchange.wire import messages as m
from exchange.wire.corrections import MOST_ITEMS, Recalled, Restricted

MakeWork = Callable[[list[UUID]], Recalled | Restricted]


def day_text(ctx: Context, now: datetime) -> str:
    """The last day to answer what is told now."""
    within = Period.parse(ctx.covenants.current.covenant.settings.acknowledge_within)
    return c.due_on(local_day(now), within).isoformat()


def reachable(ctx: Context, row: sqlite3.Row) -> bool:
    """Whether whoever got an item can be told over the exchange."""
    partner = ctx.covenants.current.by_slug(row["partner"])
    return row["channel"] == EXCHANGE and partner is not None and partner.connected


class Telling:
    """What corrections, recalls and restrictions share."""

    def __init__(self, ctx: Context, post: Post) -> None:
        self._ctx = ctx
        self.post = post

    # ------------------------------------------------------------------------------------ telling

    def by_partner(self, rows: Iterable[sqlite3.Row]) -> dict[str, list[UUID]]:
        """Item ids by partner, of whom can be told over the exchange."""
        found: dict[str, list[UUID]] = {}
        for row in rows:
            if reachable(self._ctx, row):
                found.setdefault(row["partner"], []).append(UUID(row["item"]))
        return found

    async def judged(self, actor: Actor, told: Mapping[str, list[UUID]], kind: m.Kind, make: MakeWork) -> None:
        """Pass for every partner, or refuse for all."""
        for partner, items in told.items():
            await self.post.judged(actor, partner, kind, make(items[:MOST_ITEMS]))

    def tell(
        self, tx: Tx, actor: Actor, act: UUID, telling: c.Telling, told: Mapping[str, list[UUID]], make: MakeWork
    ) -> list[Fresh]:
        """One message or more to each partner about its items."""
        kind = m.Kind.RECALLED if telling is c.Telling.RECALLED else m.Kind.RESTRICTED
        fresh = []
        for partner, items in told.items():
            for start in range(0, len(items), MOST_ITEMS):
                some = items[start : start + MOST_ITEMS]
                work = make(some)
                fresh.append(self.post.compose(tx, recipient=partner, kind=kind, work=work, act=act, by=actor.id))
                action = work.action if isinstance(work, Recalled) else None
                self.sent(tx, fresh[-1][0].message, partner, telling, act, some, action, work.reason)
        return fresh

    def sent(
        self,
        tx: Tx,
        message: str,
        partner: str,
        telling: c.Telling,
        act: UUID,
        items: Iterable[UUID],
        action: str | None,
        reason: str,
    ) -> None:
        """Record that a partner is told, and by when it owes an answer."""
        tx.append(
            e.NotificationSent(
                originator_id=uuid4(),
                at=tx.now,
                message=message,
                partner=partner,
                telling=telling.value,
                act=act,
                items=tuple(items),
                action=action,
                reason=reason,
                due_on=day_text(self._ctx, tx.now),
            ),
            fresh=True,
        )

    def decided(
        self,
        tx: Tx,
        actor: Actor,
        act: UUID,
        telling: c.Telling,
        *,
        items: Iterable[UUID],
        told: Iterable[str],
        by_hand: Iterable[str],
        reason: str,
        explanation: str = "",
        value: str = "",
        objection: UUID | None = None,
    ) -> None:
        """Record the act itself; what was typed is sealed, with the term of statements."""
        retention = self._ctx.covenants.current.covenant.settings.statement_retention
        tx.append(
            e.NotificationDecided(
                originator_id=act,
                at=tx.now,
                key_id=tx.new_key(retention),
                retention=retention,
                by=actor.id,
                telling=telling.value,
                items=tuple(dict.fromkeys(items)),
                told=tuple(sorted(set(told))),
                by_hand=tuple(sorted(set(by_hand))),
                reason=reason,
                objection=objection,
                explanation=explanation,
                value=value,
            ),
            fresh=True,
        )

    # ------------------------------------------------------------------------------------ how it stands

    def acts(self, where: str, *values: str) -> list[cf.Notified]:
        """Acts of telling, newest first."""
        rows = self._ctx.ledger.rows(f"SELECT * FROM notified WHERE {where} ORDER BY log_index DESC", *values)
        return [self._act(row) for row in rows]

    def _act(self, row: sqlite3.Row) -> cf.Notified:
        return cf.Notified(
            act=UUID(row["act"]),
            telling=row["telling"],
            at=moment(row["at"]),
            by=UUID(row["by"]),
            items=ids(row["items"]),
            reason=row["reason"],
            objection=UUID(row["objection"]) if row["objection"] else None,
            by_hand=orjson.loads(row["by_hand"]),
            recipients=self.recipients("n.act=?", row["act"]),
        )

    def recipients(self, where: str, *values: str) -> list[cf.Recipient]:
        """What partners were told and answered, oldest first."""
        rows = self._ctx.ledger.rows(
            "SELECT n.*, m.state AS state, m.receipt_at AS receipt_at, m.rejected AS rejected FROM notifications n"
            f" JOIN messages m ON m.message=n.message WHERE n.direction='sent' AND {where} ORDER BY n.at, n.partner",
            *values,
        )
        return [self._recipient(row) for row in rows]

    def _recipient(self, row: sqlite3.Row) -> cf.Recipient:
        rejected = orjson.loads(row["rejected"]) if row["rejected"] else {}
        codes = sorted({code for codes in rejected.values() for code in codes})
        receipt = {"receipted": "rejected" if codes else "receipted", "nacked": "nacked", "voided": "voided"}
        state = receipt.get(row["state"], "none-yet")
        due, today = date.fromisoformat(row["due_on"]), local_day(self._ctx.clock.now())
        told = c.Told(c.Telling(row["telling"]), due, c.Outcome(row["outcome"]) if row["outcome"] else None)
        return cf.Recipient(
            partner=row["partner"],
            message=row["message"],
            items=ids(row["items"]),
            action=row["action"],
            told_at=moment(row["at"]),
            receipt=state,
            receipt_at=moment(row["receipt_at"]) if row["receipt_at"] else None,
            rejected=codes,
            due_on=due,
            overdue=told.overdue(today) and state in {"none-yet", "receipted"},
            outcome=row["outcome"],
            ground=row["ground"],
            answered_at=moment(row["answered_at"]) if row["answered_at"] else None,
            text=self._text(row["answer_index"]),
        )

    def _text(self, index: int | None) -> str | None:
        event = self._ctx.log.event(self._ctx.log.entry(index)) if index is not None else None
        if not isinstance(event, e.NotificationAnswered) or isinstance(event.text, Gone):
            return None
        return event.text or None

    def unanswered(self) -> list[cf.Recipient]:
        """Told, and not answered on the last day."""
        today = local_day(self._ctx.clock.now()).isoformat()
        late = self.recipients("n.outcome IS NULL AND n.due_on<?", today)
        return [one for one in late if one.overdue]


def moment(at: int) -> datetime:
    """A stored time."""
    return datetime.fromtimestamp(at / 1000, UTC)


def ids(text: str) -> list[UUID]:
    """A stored list of ids."""
    return [UUID(one) for one in orjson.loads(text)]
