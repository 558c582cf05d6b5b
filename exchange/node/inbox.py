"""From the broker into the log: checks, one transaction for many messages, receipts, and only then the ack.

    delivery -> open (checks 1 to 11, 14 to 17) -> unit in the writer (12, 13, 18, 19) -> commit -> receipts -> delete, ack

A delivery ends in exactly one of four ways: stored and acknowledged; a duplicate, answered with the same receipt; refused for
good (parked, acknowledged, the sender is told); left with the broker for later. Nothing is dropped without an event or a retry.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final
from uuid import uuid4

import structlog

from exchange.domain import events as e
from exchange.domain.pairing import Arrival, PairIn, PairOut
from exchange.errors import ExchangeError, StorageError, WireError
from exchange.node import duties, receiving, recording, release, rules, taking, telling_taking
from exchange.node.awaiting import Awaiting
from exchange.node.context import Context
from exchange.node.dating import judged_at
from exchange.node.messages import compose_receipt, frame_hash, stream_of
from exchange.node.ports import Delivery
from exchange.node.postponed import Postponed
from exchange.node.receiving import Incoming, IncomingReceipt, IncomingReceipts, Opened
from exchange.node.writer import Tx
from exchange.wire import control
from exchange.wire import messages as m

LATER_S: Final = 5.0
"""How long a delivery that may pass later stays away the first time; doubled each time."""
LATER_MOST_S: Final = 300.0
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Answer:
    """A receipt to be wrapped and sent."""

    partner: str
    receipt: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Stored:
    """What the unit made of one incoming message."""

    answer: Answer | None = None
    settled: tuple[str, ...] = ()
    """Message ids of ours that need no sending any more."""
    failure: WireError | None = None
    """What was wrong with one part of it; the rest is stored."""


class Inbox:
    """Takes what the transport delivers.

    Args:
        ctx: The node.
        answer: Sends receipts (the outbox does).
        settled: Told of own messages that got their receipt.
        refused: Told of frames the sender has to hear about (the heartbeat does).
    """

    def __init__(
        self,
        ctx: Context,
        *,
        answer: Callable[[list[Answer]], Coroutine[Any, Any, None]],
        settled: Callable[[list[str]], None],
        refused: Callable[[str, control.RefusedFrame], None],
        arrived: Callable[[], None],
    ) -> None:
        self._ctx = ctx
        self._answer = answer
        self._settled = settled
        self._refused = refused
        self._arrived = arrived
        self._awaiting = Awaiting()
        self._postponed = Postponed()
        self._answering: set[asyncio.Task[None]] = set()
        """The loop itself keeps no task alive."""

    async def take(self, deliveries: list[Delivery]) -> None:
        """Handle a batch; every delivery is acknowledged or postponed before this returns."""
        opened: list[tuple[Delivery, Opened]] = []
        for delivery in deliveries:
            try:
                opened.append((delivery, self._open(delivery)))
            except WireError as error:
                await self._refuse(delivery, error)
        if opened:
            await self._store(opened)

    def _open(self, delivery: Delivery) -> Opened:
        ctx = self._ctx
        try:
            opened = receiving.open_delivery(
                ctx.covenants, ctx.me, ctx.prekeys.opener, delivery.sender, delivery.data, ctx.clock.now()
            )
            return replace(opened, judged_at=judged_at(ctx, opened)) if isinstance(opened, Incoming) else opened
        except WireError:
            raise
        except ExchangeError as error:  # the vault or the disk, not the frame
            raise WireError("storage", "The frame could not be checked now.") from error
        except Exception as error:  # noqa: BLE001 - a frame that trips a fault of ours must not come again for ever
            raise _fault(error) from None

    async def _store(self, opened: list[tuple[Delivery, Opened]]) -> None:
        incoming = [message for _, message in opened]
        answering: list[asyncio.Task[None]] = []

        def answer(outcomes: list[Stored | ExchangeError]) -> None:
            answers = [o.answer for o in outcomes if isinstance(o, Stored) and o.answer]
            answering.append(asyncio.create_task(self._answer(answers)))
            self._answering.add(answering[-1])
            answering[-1].add_done_callback(self._answering.discard)

        try:
            outcomes = await self._ctx.writer.run(
                partial(self._all, incoming),
                answer if any(isinstance(message, Incoming) for message in incoming) else None,  # a receipt gets none
            )
        except StorageError:
            log.warning("inbox-storage-refused", count=len(opened))
            for delivery, _ in opened:
                await _postpone(delivery)
            return
        self._settled([message for o in outcomes if isinstance(o, Stored) for message in o.settled])
        self._arrived()  # it is stored: nobody has to wait for the broker to hear of it
        await asyncio.gather(*answering)
        ends = [self._finish(*one, outcome) for one, outcome in zip(opened, outcomes, strict=True)]
        for failure in await asyncio.gather(*ends, return_exceptions=True):
            if isinstance(failure, BaseException):  # the others are settled; what is not comes again
                raise failure

    async def _finish(self, delivery: Delivery, incoming: Opened, outcome: Stored | ExchangeError) -> None:
        if isinstance(outcome, Stored) and outcome.failure is not None:
            await self._refuse(delivery, outcome.failure)
        elif isinstance(outcome, Stored):
            self._postponed.settled(delivery.sender, frame_hash(delivery.data))
            await delivery.done(overwrite=isinstance(incoming, Incoming))  # a receipt tells nothing about people
        elif isinstance(outcome, WireError):
            await self._refuse(delivery, outcome)
        else:
            log.warning("inbox-later", code=outcome.code)
            await _postpone(delivery)

    # ------------------------------------------------------------------------------------ in the writer

    def _all(self, incoming: list[Opened], tx: Tx) -> list[Stored | ExchangeError]:
        """Every message of the batch on its own: what is wrong with one spoils no other."""
        tx.look_up(stream_of(one.sender.id, one.header.id) for one in incoming if isinstance(one, Incoming))
        return [tx.attempt(partial(self._guarded, tx, message)) for message in incoming]

    def _guarded(self, tx: Tx, incoming: Opened) -> Stored:
        try:
            return self._unit(tx, incoming)
        except ExchangeError:
            raise
        except Exception as error:  # noqa: BLE001 - the other messages of the batch must not wait for a fault of ours
            raise _fault(error) from None

    def _unit(self, tx: Tx, incoming: Opened) -> Stored:
        if isinstance(incoming, IncomingReceipt):
            return self._receipt(tx, incoming)
        if isinstance(incoming, IncomingReceipts):
            return self._receipts(tx, incoming)
        pair = tx.overlay.pairs_in.get(incoming.sender.slug, PairIn())
        known = self._known(incoming) if pair.seen(incoming.sequence) else None
        decision = pair.decide(incoming.sequence, incoming.message, known)  # 12, 13
        if decision.arrival is Arrival.DUPLICATE:
            return Stored(answer=self._same_receipt(incoming))
        if decision.arrival is Arrival.EQUIVOCATION:
            return self._equivocation(tx, incoming, known or "")
        if decision.missing is not None:
            first, last = decision.missing
            tx.append(
                e.GapFound(originator_id=uuid4(), at=tx.now, partner=incoming.sender.slug, first=first, last=last)
            )
        tx.overlay.pairs_in[incoming.sender.slug] = pair.accepted(incoming.sequence)
        return self._accept(tx, incoming)

    def _known(self, incoming: Incoming) -> str:
        row = self._ctx.ledger.one(
            "SELECT message FROM messages WHERE direction='received' AND partner=? AND sequence=?",
            incoming.sender.slug,
            incoming.sequence,
        )
        if row is None:  # seen in this very batch: the views will know it the next time
            raise StorageError("The same sequence is being stored right now; the frame is tried again.")
        return str(row["message"])

    def _same_receipt(self, incoming: Incoming) -> Answer | None:
        """A duplicate gets the bytes of the first receipt, not a new one."""
        return self._receipt_of(incoming.message)

    def _equivocation(self, tx: Tx, incoming: Incoming, other: str) -> Stored:
        """Two signed messages for one sequence are evidence, both kept; unless one is a void.

        A message and the void that was to take its place cross on the way, in either order. What came first stays, and its
        receipt tells the sender.
        """
        row = self._ctx.ledger.one("SELECT kind FROM messages WHERE message=?", other)
        if row is not None and (incoming.kind is m.Kind.VOID or row["kind"] == "void"):
            return Stored(answer=self._receipt_of(other))
        seen = self._ctx.ledger.one("SELECT 1 AS x FROM evidence WHERE message=?", incoming.message)
        if seen is None:
            tx.append(
                e.EquivocationFound(
                    originator_id=uuid4(),
                    at=tx.now,
                    partner=incoming.sender.slug,
                    sequence=incoming.sequence,
                    message=incoming.message,
                    header=incoming.header_bytes.decode(),
                    signature=incoming.signature.hex(),
                    other=other,
                )
            )
        return Stored()

    def _receipt_of(self, message: str) -> Answer | None:
        row = self._ctx.ledger.one("SELECT receipt_index FROM messages WHERE message=?", message)
        if row is None or row["receipt_index"] is None:
            return None
        event = self._ctx.log.event(self._ctx.log.entry(row["receipt_index"]))
        return (
            Answer(event.partner, event.receipt.encode(), bytes.fromhex(event.signature))
            if isinstance(event, e.ReceiptIssued)
            else None
        )

    def _accept(self, tx: Tx, incoming: Incoming) -> Stored:
        """Store as the sender stored it, minus what the receiving side's rules refuse; sign the receipt (18, 19)."""
        stream = stream_of(incoming.sender.id, incoming.header.id)
        if incoming.kind is m.Kind.VOID:
            stamped = tx.append(
                e.SequenceVoidedByPartner(
                    originator_id=stream,
                    at=tx.now,
                    sender=incoming.sender.slug,
                    sequence=incoming.sequence,
                    message=incoming.message,
                    header=incoming.header_bytes.decode(),
                    signature=incoming.signature.hex(),
                    reason=incoming.header.data.reason or "",
                )
            )
            codes: list[tuple[str, ...]] = []
        else:
            judged = rules.judge_incoming(  # 18
                self._ctx,
                incoming,
                tx.recorded,
                release_known=release.proven_incoming(tx, self._ctx, incoming),
                objections=taking.objections(tx, self._ctx, incoming),
            )
            codes = rules.with_objections(judged.codes, telling_taking.item_objections(tx, self._ctx, incoming))
            self._awaiting.admit(tx, self._ctx, incoming, codes)
            parts = recording.store_parts(tx, incoming, codes)
            stamped = tx.append(
                e.MessageReceived(
                    originator_id=stream,
                    at=tx.now,
                    sender=incoming.sender.slug,
                    sequence=incoming.sequence,
                    message=incoming.message,
                    kind=incoming.kind.value,
                    header=incoming.header_bytes.decode(),
                    signature=incoming.signature.hex(),
                    kid=incoming.kid,
                    parts=parts,
                    reply_to=incoming.header.data.reply_to,
                    generation=incoming.generation.generation,
                )
            )
            recording.record_received(tx, self._ctx, incoming, parts)
            urgent = incoming.statement is not None and incoming.statement.emergency is not None
            if urgent and not codes[0] and incoming.kind is not m.Kind.CORRECTED:  # what was owed then is owed once
                duties.received(tx, incoming, judged.owed)
            taking.take(tx, self._ctx, incoming, parts)
        receipt, signature = compose_receipt(
            tx,
            self._ctx,
            stream=stream,
            sender=incoming.sender.slug,
            message=incoming.message,
            sequence=incoming.sequence,
            codes=codes,
            leaf_index=stamped.index,
            leaf_hash=stamped.leaf_hash,
        )
        return Stored(answer=Answer(incoming.sender.slug, receipt, signature))

    def _receipts(self, tx: Tx, incoming: IncomingReceipts) -> Stored:
        """Every receipt of a bundle on its own: one that is none spoils no other, and the frame ends as that one would."""
        settled: list[str] = []
        failure = incoming.failure
        for receipt in incoming.receipts:
            outcome = tx.attempt(partial(self._receipt, tx, receipt))
            if isinstance(outcome, Stored):
                settled += outcome.settled
            elif isinstance(outcome, WireError):
                failure = failure or outcome
            else:  # the disk, not the receipt: the whole frame comes again
                raise outcome
        return Stored(settled=tuple(settled), failure=failure)

    def _receipt(self, tx: Tx, incoming: IncomingReceipt) -> Stored:
        data = incoming.receipt.data
        # Our message under the sequence, and the void that was to take its place, if any: one receipt ends the sending of both.
        settled = self._of_sequence(incoming.sender.slug, data.sequence)
        if data.message not in settled:
            raise WireError("receipt-unknown", "The receipt is for a message that was never sent to this partner.")
        pairs = tx.overlay.pairs_out
        pair = pairs.get(incoming.sender.slug, PairOut())
        if data.sequence not in pair.waiting:
            return Stored(settled=settled)
        tx.append(
            e.ReceiptReceived(
                originator_id=uuid4(),
                at=tx.now,
                partner=incoming.sender.slug,
                sequence=data.sequence,
                message=data.message,
                receipt=incoming.receipt_bytes.decode(),
                signature=incoming.signature.hex(),
                rejected={o.part: tuple(o.codes) for o in data.outcomes if not o.accepted},
            ),
            fresh=True,
        )
        pairs[incoming.sender.slug] = pair.settled(data.sequence)
        return Stored(settled=settled)

    def _of_sequence(self, partner: str, sequence: int) -> tuple[str, ...]:
        """Messages of ours under a sequence: one, or a message and its void."""
        rows = self._ctx.ledger.rows(
            "SELECT message FROM messages WHERE direction='sent' AND partner=? AND sequence=?", partner, sequence
        )
        return tuple(row["message"] for row in rows)

    # ------------------------------------------------------------------------------------ refusing

    async def _refuse(self, delivery: Delivery, error: WireError) -> None:
        """Transient: leave it with the broker. Mendable: tell the sender. For good: park, tell, acknowledge."""
        frame, rewrap = frame_hash(delivery.data), error.reason in receiving.REWRAP
        if error.reason in receiving.TRANSIENT and self._postponed.room(
            delivery.sender, frame, error.reason, self._ctx.clock.now()
        ):
            await _postpone(delivery)
            return
        if not rewrap:
            try:
                await self._ctx.writer.run(partial(self._park, delivery.sender, frame, error.reason))
            except StorageError:
                await _postpone(delivery)
                return
        self._refused(delivery.sender, control.RefusedFrame(frame=frame, code=error.reason, permanent=not rewrap))
        log.info("frame-refused", code=error.reason, partner=delivery.sender)
        await delivery.done()

    def _park(self, sender: str, frame: str, reason: str, tx: Tx) -> None:
        if self._ctx.ledger.count("parked WHERE frame=?", frame) == 0:
            tx.append(e.FrameParked(originator_id=uuid4(), at=tx.now, partner=sender, frame=frame, reason=reason))


async def _postpone(delivery: Delivery) -> None:
    """Leave it with the broker for a while, longer each time."""
    await delivery.later(min(LATER_S * 2 ** min(delivery.attempts - 1, 10), LATER_MOST_S))


def _fault(error: Exception) -> WireError:
    """A fault of our own that a frame brought to light; logged by type only, a message might hold a value."""
    log.error("frame-unreadable", error=type(error).__name__)
    return WireError("unreadable", "The frame cannot be read by this release.")
