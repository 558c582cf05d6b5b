"""From the log to the partners: every message without a receipt is wrapped anew and sent until the receipt is here.

The log is the outbox: what waits is what has no receipt. A broker's acknowledgement is not durability, so it changes nothing;
only the partner's signed receipt ends the sending. No prekey, no connection: the message waits, says why, and is not lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog

from exchange.crypto import envelope
from exchange.crypto.prekeys import Prekey, choose
from exchange.domain import events as e
from exchange.errors import BrokerError, CovenantError, ExchangeError
from exchange.node.context import Context
from exchange.node.inbox import Answer
from exchange.node.messages import Outgoing, bundle_receipts, frame_hash, in_frames
from exchange.node.partners import Partners
from exchange.node.ports import Transport
from exchange.node.restored import HELD, may_send

FIRST_RETRY: Final = timedelta(seconds=20)
LONGEST_RETRY: Final = timedelta(minutes=15)
GROUP: Final = 128
"""Messages wrapped and published together."""
REMEMBERED_FRAMES: Final = 10_000
REWRAPS_AT_ONCE: Final = 3
POLL_S: Final = 1.0
"""How often due times are looked at; new messages wake the outbox at once."""
log = structlog.get_logger()


@dataclass(slots=True)
class Waiting:
    """A message without a receipt."""

    message: str
    partner: str
    log_index: int
    due: datetime
    attempts: int = 0
    why: str = "new"
    sent_at: datetime | None = None
    ready: Outgoing | None = None
    """The composed message while it is fresh, so that the first sending need not read it back."""


@dataclass
class Outbox:
    """Sends what the log says is open. ``ctx.ledger`` decides; this holds only timing.

    Args:
        ctx: The node.
        partners: What the control lane told of the partners: their prekeys.
        transport: The way to the broker.
    """

    ctx: Context
    partners: Partners
    transport: Transport
    on_erased: Callable[[str], Awaitable[None]]
    """Told of a message whose content was erased before delivery."""
    _waiting: OrderedDict[str, Waiting] = field(default_factory=OrderedDict)
    _queue: list[tuple[datetime, int, str]] = field(default_factory=list)
    """Heap of (due, log index, message); an entry counts only while the message is still due then."""
    _frames: OrderedDict[str, str] = field(default_factory=OrderedDict)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def load(self) -> None:
        """At start, or when the log holds more than we knew: everything that is open, and not here yet, is due now."""
        now = self.ctx.clock.now()
        for row in self.ctx.ledger.rows(
            "SELECT message, partner, log_index FROM messages WHERE direction='sent' AND state='open' ORDER BY log_index"
        ):
            if row["message"] not in self._waiting:
                self._put(Waiting(row["message"], row["partner"], row["log_index"], now, why="restart"))
        self._wake.set()

    def add(self, outgoing: list[Outgoing], log_indexes: list[int]) -> None:
        """New messages, after their commit."""
        now = self.ctx.clock.now()
        for message, index in zip(outgoing, log_indexes, strict=True):
            self._put(Waiting(message.message, message.recipient, index, now, ready=message))
        self._wake.set()

    def settled(self, messages: list[str]) -> None:
        """These have their receipt, or are voided."""
        for message in messages:
            self._waiting.pop(message, None)

    def hurry(self, partner: str | None = None, message: str | None = None) -> None:
        """Something changed (a bundle, a heartbeat, an operator): try again now."""
        now = self.ctx.clock.now()
        for waiting in self._waiting.values():
            if (partner is None or waiting.partner == partner) and (message is None or waiting.message == message):
                self._due(waiting, now)
        self._wake.set()

    def rewrap(self, message: str) -> None:
        """The partner cannot open the frame: wrap it anew, at once the first times. A clock that is wrong would else spin."""
        waiting = self._waiting.get(message)
        if waiting is not None and waiting.attempts <= REWRAPS_AT_ONCE:
            self.hurry(message=message)

    def again(self, message: str) -> None:
        """Send a message again that had stopped (an operator's retry)."""
        row = self.ctx.ledger.one("SELECT partner, log_index FROM messages WHERE message=?", message)
        if row is not None and message not in self._waiting:
            self._put(Waiting(message, row["partner"], row["log_index"], self.ctx.clock.now(), why="retry"))
        self.hurry(message=message)

    def of_frame(self, frame: str) -> str | None:
        """Which message a frame carried, if it was sent since the start."""
        return self._frames.get(frame)

    def forget_frame(self, frame: str) -> None:
        """A refusal of this frame has been acted on; hearing it again means nothing."""
        self._frames.pop(frame, None)

    def waiting(self) -> list[Waiting]:
        """What waits, oldest first."""
        return list(self._waiting.values())

    def state_of(self, message: str) -> Waiting | None:
        """Where one message stands."""
        waiting = self._waiting.get(message)
        if waiting is not None and waiting.attempts == 0 and not self.transport.connected:
            waiting.why = "no-connection"
        return waiting

    # ------------------------------------------------------------------------------------ sending

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            self._wake.clear()
            await self._send_due()
            # Not wait_for: Python 3.11 loses a cancellation that meets a wake-up, and the node would never stop.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await self._wake.wait()

    async def _send_due(self) -> None:
        """What is due, a group at a time, while there is a connection to send it over."""
        while self.transport.connected and (group := self._take_due()):
            await asyncio.gather(*[self._attempt(w) for w in group])

    def _put(self, waiting: Waiting) -> None:
        self._waiting[waiting.message] = waiting
        heapq.heappush(self._queue, (waiting.due, waiting.log_index, waiting.message))

    def _due(self, waiting: Waiting, at: datetime) -> None:
        waiting.due = at
        heapq.heappush(self._queue, (at, waiting.log_index, waiting.message))

    def _take_due(self) -> list[Waiting]:
        now = self.ctx.clock.now()
        group: dict[str, Waiting] = {}
        while self._queue and self._queue[0][0] <= now and len(group) < GROUP:
            at, _, message = heapq.heappop(self._queue)
            waiting = self._waiting.get(message)
            if waiting is not None and waiting.due == at:  # else: settled, or due at another time by now
                group[message] = waiting
        return list(group.values())

    async def _attempt(self, waiting: Waiting) -> None:
        now = self.ctx.clock.now()
        waiting.attempts += 1
        self._due(waiting, now + min(FIRST_RETRY * 2 ** min(waiting.attempts - 1, 10), LONGEST_RETRY))
        if not may_send(self.ctx, waiting.partner):
            waiting.why = HELD
            return
        prekey = self._prekey(waiting.partner, now)
        if prekey is None:  # a new bundle hurries it
            waiting.why = self._no_prekey(waiting.partner, now)
            return
        try:
            outgoing = waiting.ready
            if outgoing is None:
                outgoing = await asyncio.to_thread(self._read_back, waiting)
            frame = self._wrap(prekey, outgoing.recipient, outgoing.header, outgoing.signature, outgoing, now)
            self._remember(frame_hash(frame), waiting.message)
            await self.transport.publish(waiting.partner, frame)
        except BrokerError as error:
            waiting.why = "broker-refused"
            log.warning("outbox-broker-refused", partner=waiting.partner, code=error.code)
        except ErasedError:
            waiting.why = "erased"
            await self.on_erased(waiting.message)
        except ExchangeError as error:
            waiting.why = error.code
            log.warning("outbox-cannot-send", partner=waiting.partner, code=error.code)
        else:
            waiting.why, waiting.ready, waiting.sent_at = "awaiting-receipt", None, now

    async def answer(self, answers: list[Answer]) -> None:
        """Send receipts, those to one partner together. What cannot be sent now is sent when he repeats his message."""
        of: dict[str, list[tuple[bytes, bytes]]] = {}
        for answer in answers:
            of.setdefault(answer.partner, []).append((answer.receipt, answer.signature))
        await asyncio.gather(*[self._answer(to, part) for to, receipts in of.items() for part in in_frames(receipts)])

    async def _answer(self, partner: str, receipts: list[tuple[bytes, bytes]]) -> None:
        now = self.ctx.clock.now()
        prekey = self._prekey(partner, now)
        if prekey is None or not self.transport.connected or not may_send(self.ctx, partner):
            return
        try:
            header, signature = bundle_receipts(self.ctx, partner, receipts, now)
            await self.transport.publish(partner, self._wrap(prekey, partner, header, signature, None, now))
        except ExchangeError as error:
            log.warning("receipt-not-sent", partner=partner, code=error.code)

    def _prekey(self, partner: str, now: datetime) -> Prekey | None:
        bundle = self.partners.bundle(partner)
        return choose(bundle, round(now.timestamp() * 1000)) if bundle is not None else None

    def _no_prekey(self, partner: str, now: datetime) -> str:
        """Which of the two: the partner published none for this time, or only keys of a time that by our clock is to come."""
        bundle = self.partners.bundle(partner)
        now_ms = round(now.timestamp() * 1000)
        to_come = bundle is not None and bundle.prekeys and all(k.not_before_ms > now_ms for k in bundle.prekeys)
        return "keys-to-come" if to_come else "no-prekey"

    def _wrap(
        self, prekey: Prekey, recipient: str, header: bytes, signature: bytes, parts: Outgoing | None, now: datetime
    ) -> bytes:
        book = self.ctx.covenants
        obeyed = self.partners.generation(recipient, now)
        if obeyed is None:
            raise CovenantError(
                "The partner obeys a covenant that is not in force here any more; it has to accept the new one."
            )
        return envelope.wrap_frame(
            prekey_public=prekey.public,
            kid=prekey.kid,
            covenant=book.id,
            generation=obeyed.generation,
            recipient=book.current.partner(recipient).id,
            header=header,
            signature=signature,
            part_keys=list(parts.part_keys) if parts else [],
            parts=list(parts.parts) if parts else [],
            wrapped_ms=round(now.timestamp() * 1000),
        )

    def _read_back(self, waiting: Waiting) -> Outgoing:
        """Compose the same message again from the log, the sealed table and the vault."""
        event = self.ctx.log.event(self.ctx.log.entry(waiting.log_index))
        if isinstance(event, e.SequenceVoided):
            return Outgoing(
                event.message,
                event.recipient,
                event.sequence,
                "void",
                event.header.encode(),
                bytes.fromhex(event.signature),
                (),
                (),
            )
        if not isinstance(event, e.MessageSent):
            raise BrokerError("Log entry {index} is not a message.", index=waiting.log_index)
        keys = self.ctx.vault.get_many([p.key_id for p in event.parts if p.key_id])
        boxes = [self.ctx.log.sealed(p.hash) for p in event.parts]
        if len(keys) != len(event.parts) or any(b is None for b in boxes):
            raise ErasedError("A message waiting for its receipt was erased; it can only be voided.")
        return Outgoing(
            event.message,
            event.recipient,
            event.sequence,
            event.kind,
            event.header.encode(),
            bytes.fromhex(event.signature),
            tuple(keys[p.key_id] for p in event.parts if p.key_id),
            tuple(b for b in boxes if b is not None),
        )

    def _remember(self, frame: str, message: str) -> None:
        self._frames[frame] = message
        while len(self._frames) > REMEMBERED_FRAMES:
            self._frames.popitem(last=False)


class ErasedError(ExchangeError):
    """What should be sent does not exist any more."""

    code = "erased"
    status = 410
