"""What must go, and its going: due dates from the log, destruction as a consequence of a stored decision.

    decided (event) -> live epochs that could open a copy ended -> keys shredded -> ciphertexts dropped -> done (event)

A crash after the decision is finished at the next start: shredding what is gone already changes nothing. Only rules the
controller confirmed destroy anything, and only while somebody else's clock vouches for ours (protocol §7).

Two hands stand behind every destruction: one confirmed the rule, and the node's daily run or another actor carries it out. When
nobody vouches for the clock, one person asks, and another confirms the date.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final, TypeVar
from uuid import UUID, uuid4

import structlog

from exchange.domain import events as e
from exchange.domain.actors import Hands
from exchange.domain.retention import local_day
from exchange.errors import ConflictError, StorageError
from exchange.node import forms as f
from exchange.node.actors import Actors
from exchange.node.approval import COMMAND, Approval, ClockState, Clockwork, Untrusted
from exchange.node.context import Context
from exchange.node.dues import BATCH, EXPIRED, Dues
from exchange.node.entries import Entries
from exchange.node.partners import Partners
from exchange.node.service import Actor
from exchange.node.terms import Term, Terms, period_text
from exchange.node.writer import Tx

T = TypeVar("T")
CLOCK_SLACK: Final = timedelta(hours=24)
log = structlog.get_logger()


class Retention:
    """See the module."""

    def __init__(
        self, ctx: Context, terms: Terms, partners: Partners, actors: Actors, epochs_rolled: Callable[[], None]
    ) -> None:
        self._ctx = ctx
        self._terms = terms
        self._partners = partners
        self._entries = Entries(ctx, terms)
        self._dues = Dues(ctx, terms, self._entries)
        self._approval = Approval(ctx, actors)
        self._epochs_rolled = epochs_rolled
        self._running = asyncio.Lock()
        self._at_it: set[UUID] = set()
        """Erasures that are being finished right now; nobody else may finish them meanwhile."""
        self._alarmed: date | None = None
        """The day on which the clock was last said not to be trusted."""

    # ------------------------------------------------------------------------------------ rules

    def rules(self) -> list[f.RuleAnswer]:
        """Every rule of this partner, proposed or confirmed."""
        return [_rule_answer(t) for t in self._terms.all()]

    async def confirm(self, actor: Actor, rule: str) -> f.RuleAnswer:
        """The controller fixes a proposed term (covenant 9.2)."""
        term = self._terms.by_rule(rule)
        if term.confirmed:
            raise ConflictError("This retention rule is confirmed already.")
        await self._ctx.writer.run(
            lambda tx: tx.append(
                e.RetentionConfirmed(
                    originator_id=uuid4(),
                    at=tx.now,
                    rule=term.rule.code,
                    retention=term.retention,
                    trigger=term.rule.trigger.value,
                    period=period_text(term.rule.period),
                    legal_source=term.source,
                    by=actor.id,
                )
            )
        )
        self._terms.reload()
        return _rule_answer(self._terms.by_rule(rule))

    # ------------------------------------------------------------------------------------ due

    def due(self, until: date | None) -> list[f.DueAnswer]:
        """What goes when and why, up to ``until`` (today when None), soonest first."""
        return self._dues.due(until)

    def overdue_count(self) -> int:
        """How much should have gone by now under confirmed rules."""
        return self._dues.overdue_count()

    # ------------------------------------------------------------------------------------ enforcing

    def clock_state(self) -> ClockState:
        """Say ``trusted``, or what is wrong with it."""
        newest = self._partners.newest_time()
        if newest is not None and newest - self._ctx.clock.now() > CLOCK_SLACK:
            return "behind-partners"
        return self.distrust() or "trusted"

    def distrust(self) -> Untrusted | None:
        """Why nobody vouches that the time on the clock has come; None when somebody does. Guards every destruction by clock.

        A clock that is behind destroys later, never too soon: so no partner from the future stops what is due.
        """
        newest = self._partners.newest_time()
        if newest is None:
            return "no-independent-time"
        return "ahead-of-partners" if self._ctx.clock.now() - newest > CLOCK_SLACK else None

    async def enforce(self, actor: Actor, confirm_date: date | None) -> f.ErasureAnswer:
        """Destroy by hand what is over under confirmed rules, but for the rules that the actor confirmed himself.

        Args:
            actor: Who does it.
            confirm_date: Today's date as a person reads it elsewhere; replaces trust in the clock, after another person asked.

        Raises:
            ConflictError: The clock cannot be trusted and no date was given; that he asked is recorded.
            InputError: The confirmed date is not today.
            NotAllowedError: He would be the only hand in it.
        """
        now = self._ctx.clock.now()
        entries = self._dues.entries_over(now)
        over = [t for t in self._terms.all() if t.confirmed and (self._dues.over(t, now) or t.rule.code in entries)]
        approved = await self._approval.of(actor, over, self.distrust(), confirm_date, now)
        answer = self._answer_of_nothing()
        answer.left = approved.left
        for term, alone in approved.terms:
            await self._erase_over(term, now, actor, approved.clock, answer, alone=alone)
            for ended in _batches(entries.get(term.rule.code, [])):
                await self._erase(term.rule.code, ended, actor, approved.clock, answer, alone=alone, entries=True)
        return answer

    def _answer_of_nothing(self) -> f.ErasureAnswer:
        return f.ErasureAnswer(erasures=[], items=0, keys=0, epochs=0, generation=self._ctx.vault.generation)

    async def _erase_over(
        self, term: Term, now: datetime, actor: Actor | None, clock: Clockwork, answer: f.ErasureAnswer, *, alone: bool
    ) -> None:
        while batch := self._dues.over(term, now):
            await self._erase(term.rule.code, batch, actor, clock, answer, alone=alone)

    async def _erase(
        self,
        rule: str,
        keys: list[str],
        actor: Actor | None,
        clock: Clockwork,
        answer: f.ErasureAnswer,
        *,
        alone: bool = False,
        entries: bool = False,
    ) -> None:
        """Decide and carry out; with ``entries`` the keys are those of register entries about whom nothing is kept."""
        erasure = uuid4()
        records, sealed = self._records(keys), self._sealed(keys)

        def unit(tx: Tx) -> list[str]:
            whole = self._entries.still_ended(keys, tx) if entries else [*keys, *self._entries.left_behind(keys, tx)]
            if not whole:
                return whole
            tx.append(
                e.ErasureDecided(
                    originator_id=erasure,
                    at=tx.now,
                    rule=rule,
                    items=tuple(records),
                    key_ids=tuple(whole),
                    sealed=tuple(sealed),
                    by=actor.id if actor else None,
                    clock=clock,
                )
            )
            if actor is not None and alone:
                Actors.acted_alone(tx, Hands.SINGLE, COMMAND, actor, str(erasure))
            return whole

        with self._alone(erasure):
            decided = await self._ctx.writer.run(unit)
            if not decided:  # something came in about every one of them
                return
            done = await self.finish(erasure, decided, sealed)
        answer.erasures.append(erasure)
        answer.items += len(records)
        answer.keys += done.keys
        answer.epochs += done.epochs
        answer.generation = done.generation
        answer.single_handed = answer.single_handed or alone

    async def erase(self, actor: Actor, rule: str, keys: list[str]) -> f.ErasureAnswer:
        """Destroy now, whatever the term: a person decided it, after a partner recalled it. No clock is needed for that.

        Args:
            actor: Who decided it here.
            rule: A code that is shown as the rule it went under.
            keys: Vault keys; those that are gone already are left out.
        """
        ledger, answer = self._ctx.ledger, self._answer_of_nothing()
        live = [key for key in keys if ledger.count("contents WHERE key_id=? AND erasure IS NULL", key)]
        if live:
            await self._erase(rule, live, actor, "confirmed-by-person", answer)
        return answer

    async def along(
        self, deed: Callable[[Callable[[Tx], None]], Awaitable[T]], keys: list[str], rule: str, actor: Actor
    ) -> T:
        """Do ``deed``, which decides in its own transaction that ``keys`` go, by calling what it is given; then destroy them.

        When the disk or the replica refuses to destroy them now, housekeeping goes on trying: the deed was done.
        """
        erasure, decided = uuid4(), list[UUID]()

        def decide(tx: Tx) -> None:
            decided[:] = [erasure]
            tx.append(
                e.ErasureDecided(
                    originator_id=erasure, at=tx.now, rule=rule, items=(), key_ids=tuple(keys), sealed=(), by=actor.id,
                    clock="confirmed-by-person",
                )
            )  # fmt: skip

        with self._alone(erasure):
            outcome = await deed(decide)
            if decided:
                try:
                    await self.finish(erasure, keys, [])
                except StorageError:
                    log.warning("erasure-unfinished")
        return outcome

    async def finish(self, erasure: UUID, keys: list[str], sealed: list[str]) -> e.ErasureDone:
        """What follows a decision; runs again after a crash without harm."""
        ctx = self._ctx
        epochs = self._end_epochs(keys)
        shredded = ctx.vault.shred(keys)
        ctx.log.drop_sealed(sealed)
        ctx.people.forget(keys, self._recorded_under(keys))
        ctx.facts.forget(keys)
        log.info("erased", count=len(keys))
        return await ctx.writer.run(partial(self._done, erasure, shredded.generation, len(keys), epochs))

    def _done(self, erasure: UUID, generation: int, keys: int, epochs: int, tx: Tx) -> e.ErasureDone:
        done = e.ErasureDone(
            originator_id=erasure,
            at=tx.now,
            generation=generation,
            keys=keys,
            epochs=epochs,
            anchor=self._ctx.anchor_kind,
        )
        tx.append(done)
        return done

    def _end_epochs(self, keys: list[str]) -> int:
        """End own epochs that live and could still open a copied frame of what goes (protocol §7)."""
        ctx = self._ctx
        alive = {own.kid for own in ctx.prekeys.alive()}
        kids = {
            row["kid"]
            for key in keys
            for row in ctx.ledger.rows(
                "SELECT m.kid AS kid FROM contents c JOIN messages m ON m.message = c.message"
                " WHERE c.key_id=? AND m.direction='received'",
                key,
            )
        }
        if not kids & alive:
            return 0
        ended = ctx.prekeys.roll(ctx.clock.now())
        self._epochs_rolled()
        return len(ended)

    async def resume(self) -> int:
        """Finish erasures that were decided and not done: a crash, or a disk that refused, came between."""
        rows = self._ctx.ledger.rows("SELECT erasure, log_index FROM erasures WHERE done_at IS NULL")
        rows = [row for row in rows if UUID(row["erasure"]) not in self._at_it]
        for row in rows:
            event = self._ctx.log.event(self._ctx.log.entry(row["log_index"]))
            if isinstance(event, e.ErasureDecided):
                with self._alone(event.originator_id):
                    await self.finish(event.originator_id, list(event.key_ids), list(event.sealed))
        return len(rows)

    @contextlib.contextmanager
    def _alone(self, erasure: UUID) -> Iterator[None]:
        self._at_it.add(erasure)
        try:
            yield
        finally:
            self._at_it.discard(erasure)

    async def daily(self) -> bool:
        """The node's own run; whether it was done. An untrusted clock is an alarm, one a day, and no destruction.

        One at a time: whoever asks while it runs hears of the outcome when everything is destroyed, not when it is decided.
        """
        async with self._running:
            return await self._daily()

    async def _daily(self) -> bool:
        now = self._ctx.clock.now()
        if self._alarmed == local_day(now) and self.distrust() is not None:
            return False
        entries = self._dues.entries_over(now)
        terms = [term for term in self._terms.all() if term.confirmed]
        if self.overdue_count() == 0 and entries.keys().isdisjoint(term.rule.code for term in terms):
            return True
        if self.distrust() is not None:
            self._alarmed = local_day(now)
            await self._ctx.writer.run(
                lambda tx: tx.append(e.AlarmRaised(originator_id=uuid4(), at=tx.now, alarm="clock", partner=None))
            )
            log.warning("retention-stopped", state=self.distrust())
            return False
        answer = self._answer_of_nothing()
        for expired in _batches(self._dues.drafts_over(now)):
            await self._erase(EXPIRED, expired, None, "trusted", answer)
        for term in terms:
            await self._erase_over(term, now, None, "trusted", answer, alone=False)
            for ended in _batches(entries.get(term.rule.code, [])):
                await self._erase(term.rule.code, ended, None, "trusted", answer, entries=True)
        return True

    def _records(self, keys: list[str]) -> list[UUID]:
        return [
            UUID(row["record"])
            for key in keys
            for row in self._ctx.ledger.rows("SELECT record FROM items WHERE content_key=?", key)
        ]

    def _recorded_under(self, keys: list[str]) -> list[int]:
        """Log indexes of the items whose record goes: they are about nobody any more."""
        return [
            row["log_index"]
            for key in keys
            for row in self._ctx.ledger.rows(
                "SELECT i.log_index AS log_index FROM contents c JOIN items i ON i.content_key = c.outlives"
                " WHERE c.key_id=? AND i.key_id=c.key_id",
                key,
            )
        ]

    def _sealed(self, keys: list[str]) -> list[str]:
        return [
            row["sealed"]
            for key in keys
            for row in self._ctx.ledger.rows("SELECT sealed FROM contents WHERE key_id=? AND sealed IS NOT NULL", key)
        ]


def _batches(keys: list[str]) -> Iterator[list[str]]:
    yield from (keys[start : start + BATCH] for start in range(0, len(keys), BATCH))


def _rule_answer(term: Term) -> f.RuleAnswer:
    return f.RuleAnswer(
        rule=term.rule.code,
        retention=term.retention,
        title=term.title,
        trigger=term.rule.trigger.value,
        period=period_text(term.rule.period),
        legal_source=term.source,
        verified=term.verified,
        confirmed_at=term.confirmed_at,
        confirmed_by=term.confirmed_by,
    )
