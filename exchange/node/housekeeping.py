"""What keeps a node in touch and in order, none of it a fact.

Bundles, heartbeats, checkpoints, expiry of epochs, the daily retention run. Only findings become events: a gap, silence, a clock
that cannot be trusted.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final, Literal
from uuid import uuid4

import structlog

from exchange.crypto import prekeys as pk
from exchange.domain import events as e
from exchange.domain.pairing import PairIn, PairOut
from exchange.domain.retention import local_day
from exchange.errors import ExchangeError, WireError
from exchange.node.checkpoints import sign_checkpoint
from exchange.node.context import Context
from exchange.node.messages import moment
from exchange.node.outbox import Outbox
from exchange.node.partners import LABELS, Heard, Partners
from exchange.node.ports import ControlMessage, Transport
from exchange.node.receiving import SKEW
from exchange.node.restored import holds_more, may_send
from exchange.node.writer import EMPTY_ROOT, Tx
from exchange.wire import control
from exchange.wire import messages as m
from exchange.wire.codec import encode_model

HEARTBEAT: Final = timedelta(minutes=10)
CHECKPOINT: Final = timedelta(minutes=5)
CHECKPOINT_EVERY: Final = 100
"""Log entries after which a checkpoint is signed at once."""
SILENCE: Final = timedelta(hours=24)
IN_FLIGHT: Final = timedelta(seconds=30)
"""A message younger than this may simply be under way."""
POLL_S: Final = 1.0
REFUSED_KEPT: Final = 128
RETAIN_AGAIN: Final = timedelta(minutes=1)
RETRY: Final = "retry"
"""Code by which the receiver's operator asks for a parked frame once more."""
REFUSED: Final = "refused-frame"
"""Side store: frames of ours that a partner refused for good, and what was done about them."""
DROPPED: Final = "dropped"
"""Code of a frame that the receiver's operator let go."""
MAX_AGE_MS: Final = 30 * 24 * 3600 * 1000
"""The inbox streams' max_age: how long a frame may lie with the broker."""
log = structlog.get_logger()


@dataclass
class Housekeeping:
    """See the module. Everything runs on the event loop."""

    ctx: Context
    partners: Partners
    outbox: Outbox
    transport: Transport
    daily: Callable[[], Awaitable[bool]]
    """The retention run of the day; whether it was done, or waits for a clock that can be trusted."""
    resume: Callable[[], Awaitable[int]]
    """Finishes erasures that were decided and not done."""
    void: Callable[[str, str], Awaitable[None]]
    """Gives up an own message with a signed void, for a reason."""
    duties: Callable[[datetime], Awaitable[None]]
    """Raises the alarm of duties that are late."""
    distrust: Callable[[], str | None]
    """Why nobody vouches for the clock, if nobody does: then it destroys nothing."""
    _refused: dict[str, OrderedDict[str, control.RefusedFrame]] = field(default_factory=dict)
    _beat_at: datetime | None = None
    _beat_now: set[str] = field(default_factory=set)
    _checkpoint_at: datetime | None = None
    _published: bool = False
    _day: date | None = None
    _silent: set[str] = field(default_factory=set)
    _contradicted: set[str] = field(default_factory=set)
    """Partners of whom was said, since this start, that they hold more than this log gave out."""
    _started: datetime | None = None
    _looked: datetime | None = None
    _retain_at: datetime | None = None
    _surprises: int = 0
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    # ------------------------------------------------------------------------------------ the loop

    async def run(self) -> None:
        """Until cancelled. A failure is logged and tried again; it never ends the loop."""
        self._started = self.ctx.clock.now()
        while True:
            self._wake.clear()
            await self.step()
            # Not wait_for: Python 3.11 loses a cancellation that meets a wake-up, and the node would never stop.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await self._wake.wait()

    def wake(self) -> None:
        """Look again now."""
        self._wake.set()

    async def step(self) -> None:
        """Everything that is due at this moment. What fails is logged and tried again; the rest is done all the same."""
        now = self.ctx.clock.now()
        self._watch_clock(now)
        parts = (
            self._follow, self._checkpoint, self._make_epochs, self._expire, self._publish_bundle, self._beat,
            self._find_gaps, self._watch_silence, self._retain, self.duties,
        )  # fmt: skip
        for part in parts:
            try:
                await part(now)
            except ExchangeError as error:
                log.warning("housekeeping-failed", code=error.code)

    def _watch_clock(self, now: datetime) -> None:
        """A clock that was set back: what was due by the old time would wait for that time to come again."""
        if self._looked is not None and now < self._looked - SKEW:
            log.warning("clock-set-back")
            self._beat_at = self._checkpoint_at = self._retain_at = None
            self._published = False  # the last bundle may hold only keys of a time that is to come again
            self.outbox.hurry()
        self._looked = now

    async def _follow(self, now: datetime) -> None:  # noqa: ARG002 - one shape for all
        """Views that could not follow the log catch up, also while nobody writes; messages the log turns out to hold are sent."""
        ctx = self.ctx
        if ctx.log.stale or ctx.ledger.position < ctx.log.size:
            await ctx.writer.run(lambda _: None)
        if self._surprises != ctx.writer.surprises:
            self._surprises = ctx.writer.surprises
            self.outbox.load()

    async def _make_epochs(self, now: datetime) -> None:
        if self.ctx.prekeys.ensure(now):
            self._published = False

    async def _retain(self, now: datetime) -> None:
        """Unfinished erasures, then once a day what is due. After a refusal again in a while: a replica may be away for long."""
        if self._retain_at is not None and now < self._retain_at:
            return
        self._retain_at = now + RETAIN_AGAIN
        await self.resume()
        if self._day != local_day(now) and await self.daily():
            self._day = local_day(now)
        self._retain_at = None

    async def _expire(self, now: datetime) -> None:
        if self.distrust() is not None:
            return
        gone = self.ctx.prekeys.expire(now, drained=self.transport.drained, max_age_ms=MAX_AGE_MS)
        if gone:
            log.info("epochs-destroyed", count=len(gone))

    async def _checkpoint(self, now: datetime) -> None:
        newest = self.ctx.log.newest_checkpoint()
        behind = self.ctx.log.size - (newest.size if newest else 0)
        waited = self._checkpoint_at is None or now - self._checkpoint_at >= CHECKPOINT
        if behind >= CHECKPOINT_EVERY or (behind > 0 and waited):
            sign_checkpoint(self.ctx)
            self._checkpoint_at = now

    async def _publish_bundle(self, now: datetime) -> None:
        if self._published or not self.transport.connected:
            return
        book = self.ctx.covenants.current
        body = pk.bundle_bytes(self.ctx.prekeys.bundle(self.ctx.me.id.hex(), now, book.generation, book.hash))
        await self._publish(control.ControlKind.BUNDLE, None, body)
        self._published = True

    def republish_bundle(self) -> None:
        """The own prekeys changed (a roll)."""
        self._published = False
        self.wake()

    async def _publish(self, kind: control.ControlKind, recipient: str | None, body: bytes) -> None:
        signature = self.ctx.keys.sign.sign(LABELS[kind], body)
        sealed = control.SignedControl(kind=kind, body=body.decode(), signature=signature.hex())
        await self.transport.publish_control(kind.value, recipient, encode_model(sealed))

    # ------------------------------------------------------------------------------------ heartbeats

    async def _beat(self, now: datetime) -> None:
        if not self.transport.connected:
            return
        everyone = self._beat_at is None or now - self._beat_at >= HEARTBEAT
        targets = {p.slug for p in self.ctx.covenants.current.connected()} if everyone else self._beat_now
        for slug in sorted(s for s in targets - {self.ctx.me.slug} if may_send(self.ctx, s)):
            await self._publish(control.ControlKind.HEARTBEAT, slug, encode_model(self.heartbeat(slug, now)))
        self._beat_now = set()
        if everyone:
            self._beat_at = now

    async def farewell(self) -> None:
        """At shutdown: the last numbers, so that partners see what a broker would withhold."""
        if self.transport.connected:
            self._beat_at = None
            with contextlib.suppress(ExchangeError):
                await self._beat(self.ctx.clock.now())

    def heartbeat(self, slug: str, now: datetime) -> control.Heartbeat:
        """What we say to one partner."""
        overlay = self.ctx.writer.overlay
        inward, outward = overlay.pairs_in.get(slug, PairIn()), overlay.pairs_out.get(slug, PairOut())
        newest = self.ctx.log.newest_checkpoint()
        missing = [number for _, number in zip(range(256), inward.holes, strict=False)]
        return control.Heartbeat(
            covenant=self.ctx.covenants.id.hex(),
            sender=self.ctx.me.id.hex(),
            recipient=self.ctx.covenants.current.partner(slug).id.hex(),
            time=moment(now),
            last_sent=outward.last,
            accepted_upto=inward.through,
            missing=missing,
            refused=list(self._refused.get(slug, {}).values()),
            checkpoint=m.CheckpointRef(
                size=newest.size if newest else 0, root=(newest.root if newest else EMPTY_ROOT).hex()
            ),
        )

    def refused(self, partner: str, frame: control.RefusedFrame) -> None:
        """A frame the sender must hear about, with the next heartbeat, which goes now."""
        if self.ctx.covenants.current.by_slug(partner) is None:
            return
        kept = self._refused.setdefault(partner, OrderedDict())
        kept[frame.frame] = frame
        while len(kept) > REFUSED_KEPT:
            kept.popitem(last=False)
        self._beat_now.add(partner)
        self.wake()

    def dropped(self, partner: str, frame: str) -> None:
        """An operator let a parked frame go; its sender voids the sequence."""
        self.refused(partner, control.RefusedFrame(frame=frame, code=DROPPED, permanent=True))

    def ask_again(self, partner: str, frame: str) -> None:
        """An operator wants a parked frame wrapped anew."""
        self.refused(partner, control.RefusedFrame(frame=frame, code=RETRY, permanent=False))

    # ------------------------------------------------------------------------------------ listening

    async def take(self, message: ControlMessage) -> None:
        """One control message from the transport; a bad one is logged and forgotten."""
        if message.sender == self.ctx.me.slug:
            return
        try:
            heard = self.partners.take(message)
        except WireError as error:
            if error.reason not in {"control-old", "bundle-old"}:
                log.warning("control-refused", partner=message.sender, code=error.reason)
            return
        await self._act_on(heard)

    async def _act_on(self, heard: Heard) -> None:
        if heard.kind is control.ControlKind.BUNDLE:
            self.outbox.hurry(heard.sender)
        if heard.heartbeat is not None:
            self._silent.discard(heard.sender)
            await self._compare(heard.sender, heard.heartbeat)

    async def _compare(self, partner: str, beat: control.Heartbeat) -> None:
        """What they miss is sent again; what we miss is a gap and they will hear of it."""
        outward = self.ctx.writer.overlay.pairs_out.get(partner, PairOut())
        if partner not in self._contradicted and holds_more(beat, outward):
            self._contradicted.add(partner)
            await self.ctx.writer.run(partial(_alarm, alarm="log-older", partner=partner))
            log.error("partner-holds-more", partner=partner)
        wanted = {*beat.missing, *outward.lost(beat.accepted_upto)} & set(outward.waiting)
        if wanted:
            self._resend(partner, wanted)
        for refused in beat.refused:
            await self._refused_by(partner, refused)

    def _resend(self, partner: str, sequences: set[int]) -> None:
        now = self.ctx.clock.now()
        for waiting in self.outbox.waiting():
            stale = waiting.sent_at is not None and now - waiting.sent_at >= IN_FLIGHT
            if waiting.partner == partner and stale:
                row = self.ctx.ledger.one("SELECT sequence FROM messages WHERE message=?", waiting.message)
                if row is not None and row["sequence"] in sequences:
                    self.outbox.hurry(message=waiting.message)

    async def _find_gaps(self, now: datetime) -> None:
        """Messages a partner says he sent, and that are not under way any more: the broker withholds them."""
        for partner in self.ctx.covenants.current.connected():
            beat = self.partners.heartbeat(partner.slug)
            if beat is None or now - datetime.fromisoformat(beat.time) < IN_FLIGHT:
                continue
            inward = self.ctx.writer.overlay.pairs_in.get(partner.slug, PairIn())
            if beat.last_sent > inward.highest:
                await self.ctx.writer.run(partial(_announce, partner=partner.slug, last_sent=beat.last_sent))
                self._beat_now.add(partner.slug)

    async def _refused_by(self, partner: str, refused: control.RefusedFrame) -> None:
        """Heartbeats repeat what was refused; each word is acted on once, also after a restart of ours."""
        earlier = self.ctx.side.get(REFUSED, refused.frame) or {}
        message = self.outbox.of_frame(refused.frame) or earlier.get("message")
        if message is None or earlier.get("code") == refused.code or not self._is_open(message, partner):
            return
        if not refused.permanent and refused.code != RETRY:
            self.outbox.forget_frame(refused.frame)
            self.outbox.rewrap(message)
            return
        if refused.permanent:
            await self.ctx.writer.run(partial(_nack, self.ctx, partner=partner, message=message, reason=refused.code))
            self.outbox.settled([message])
        else:
            self.outbox.again(message)
        if refused.code == DROPPED:
            await self.void(message, DROPPED)
        self.ctx.side.put(REFUSED, refused.frame, {"message": message, "code": refused.code})

    def _is_open(self, message: str, partner: str) -> bool:
        row = self.ctx.ledger.one("SELECT partner, state FROM messages WHERE message=? AND direction='sent'", message)
        return row is not None and row["partner"] == partner and row["state"] in {"open", "nacked"}

    async def _watch_silence(self, now: datetime) -> None:
        for partner in self.ctx.covenants.current.connected():
            if partner.slug == self.ctx.me.slug or partner.slug in self._silent:
                continue
            heard = max(filter(None, (self.partners.heard_at(partner.slug), self._started)), default=now)
            if now - heard > SILENCE:
                self._silent.add(partner.slug)
                await self.ctx.writer.run(partial(_alarm, alarm="silence", partner=partner.slug))


def _announce(tx: Tx, partner: str, last_sent: int) -> None:
    pair, missing = tx.overlay.pairs_in.get(partner, PairIn()).announced(last_sent)
    if missing is not None:
        tx.overlay.pairs_in[partner] = pair
        tx.append(e.GapFound(originator_id=uuid4(), at=tx.now, partner=partner, first=missing[0], last=missing[1]))


def _nack(ctx: Context, tx: Tx, *, partner: str, message: str, reason: str) -> None:
    row = ctx.ledger.one("SELECT sequence, state FROM messages WHERE message=? AND direction='sent'", message)
    if row is not None and row["state"] == "open":
        tx.append(
            e.MessageNacked(
                originator_id=uuid4(),
                at=tx.now,
                partner=partner,
                sequence=row["sequence"],
                message=message,
                reason=reason,
            )
        )


def _alarm(tx: Tx, alarm: Literal["silence", "log-older"], partner: str) -> None:
    tx.append(e.AlarmRaised(originator_id=uuid4(), at=tx.now, alarm=alarm, partner=partner))
