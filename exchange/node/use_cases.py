"""The use cases behind the one door, as :class:`~exchange.node.service.NodeService` names them.

Each method first asks whether the actor's role includes the command, then delegates. Reading personal data is recorded before
anything is shown. What belongs to one kind of work (facts, areas, cases …) hangs below the node as a service of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, date, datetime
from typing import Protocol, TypeVar, runtime_checkable
from uuid import UUID

from exchange.domain.covenant import Environment
from exchange.errors import ConflictError, InputError, NotFoundError
from exchange.node import accountability, completing, suggesting, whoknows
from exchange.node import draft_forms as df
from exchange.node import forms as f
from exchange.node.actors import Actors
from exchange.node.circle import Circle
from exchange.node.commands import Bell, allow
from exchange.node.context import Context
from exchange.node.facts_forms import WorkAnswer
from exchange.node.housekeeping import Housekeeping
from exchange.node.operations import Operations
from exchange.node.outbox import Outbox
from exchange.node.reading import Reading
from exchange.node.register import Reads, Register
from exchange.node.retention import Retention
from exchange.node.service import Actor, Idempotency
from exchange.node.sharing import Sharing
from exchange.node.staff import Staff
from exchange.node.terms import Terms
from exchange.node.waiting import Waiting

T = TypeVar("T")
CLOCK_FROM, CLOCK_TO = 2000, 2999
"""Years to which a demonstration's clock can be set."""
SHARE_COMMANDS = {"signal": "signal.send", "disclosure": "disclosure.make"}


@runtime_checkable
class SettableClock(Protocol):
    """A clock of the demonstration environment."""

    def set(self, moment: datetime) -> None:
        """Move to ``moment``."""


class UseCases:
    """See the module. The node makes the parts."""

    ctx: Context
    bell: Bell
    outgoing: Outbox
    terms: Terms
    retention: Retention
    housekeeping: Housekeeping
    circle: Circle
    _actors: Actors
    _reads: Reads
    _register: Register
    _sharing: Sharing
    _reading: Reading
    _operations: Operations
    _staff: Staff
    _waiting: Waiting

    # ------------------------------------------------------------------------------------ who and how

    def actors_of_uid(self, uid: int) -> list[Actor]:
        """Actors that this operating-system user may act as."""
        return self._actors.of_uid(uid)

    async def status(self) -> f.Status:
        """How this node is doing; for every registered actor."""
        return self._operations.status()

    async def covenant(self) -> dict[str, object]:
        """The document in force; for every registered actor."""
        return self.ctx.covenants.current.covenant.document()

    async def worklist(self, actor: Actor) -> list[WorkAnswer]:
        """How much waits for this actor, by list; never about whom."""
        return self._waiting.of(actor)

    # ------------------------------------------------------------------------------------ people

    async def register_subject(self, actor: Actor, form: f.SubjectForm, key: Idempotency | None) -> f.SubjectFound:
        """A new register entry."""
        allow(actor, "subject.register")
        return await self._register.register(actor, form, key)

    async def find_subjects(self, actor: Actor, query: f.IdentityForm) -> list[f.SubjectFound]:
        """Search the register."""
        allow(actor, "subject.find")
        return await self._register.find(actor, query)

    async def unmatched_subjects(self, actor: Actor) -> list[f.SubjectFound]:
        """Whom partners mean and nobody matched yet."""
        allow(actor, "subject.find")
        return await self._register.unmatched(actor)

    async def match_subject(self, actor: Actor, unmatched: UUID, into: UUID) -> None:
        """Decide that two entries are one person."""
        allow(actor, "subject.match")
        await self._register.match(actor, unmatched, into)

    async def split_subject(self, actor: Actor, subject: UUID) -> None:
        """Undo a match."""
        allow(actor, "subject.match")
        await self._register.split(actor, subject)

    # ------------------------------------------------------------------------------------ sharing

    async def share(self, actor: Actor, form: f.ShareForm, key: Idempotency | None) -> f.ActAnswer:
        """Send a signal or disclosure."""
        allow(actor, SHARE_COMMANDS[form.kind])
        return await self._sharing.act(await self._sharing.share(actor, form, key), 0)

    async def explain(self, actor: Actor, form: f.ShareForm) -> list[f.Explanation]:
        """What would be allowed or refused, and why; that this was looked at is recorded first."""
        allow(actor, "disclosure.explain")
        answers = self._sharing.explain(actor, form)
        await self._reads.explained(actor, form.subject)
        return answers

    def completed(self, form: f.OpenForm) -> f.ShareForm:
        """The form with what its profile adds, or what is missing; it says nothing of anybody."""
        return completing.completed(self.ctx.covenants.current.covenant, self.ctx.me.slug, form)

    async def suggest(self, actor: Actor, form: df.SuggestForm) -> df.SuggestionAnswer:
        """What the covenant lets this partner share with whom; about whom that is asked, is recorded."""
        allow(actor, "disclosure.explain")
        return await suggesting.suggest(self.ctx, self._reads, actor, form)

    async def act(self, actor: Actor, act: UUID, *, wait_s: float = 0) -> f.ActAnswer:
        """Where a signal, disclosure or reply stands."""
        allow(actor, "outbox.list")
        return await self._sharing.act(act, wait_s)

    async def inbox(self, actor: Actor) -> list[f.InboxRow]:
        """Received signals and disclosures, without content."""
        allow(actor, "inbox.list")
        return self._reading.inbox()

    async def read_message(self, actor: Actor, message: str, reason: str = "") -> f.MessageAnswer:
        """One message with its text; the read is recorded first."""
        allow(actor, "inbox.read")
        return await self._reading.message(actor, message, reason)

    async def reply(self, actor: Actor, message: str, form: f.ReplyForm, key: Idempotency | None) -> f.ActAnswer:
        """Tell the sender that a person took it up or handled it."""
        allow(actor, "inbox.take-up" if form.state == "taken-up" else "inbox.handle")
        return await self._sharing.act(await self._sharing.reply(actor, message, form, key), 0)

    async def outbox(self, actor: Actor) -> list[f.OutboxRow]:
        """Messages without a receipt."""
        allow(actor, "outbox.list")
        return self._reading.outbox()

    async def drop_message(self, actor: Actor, message: str, form: f.DropForm) -> None:
        """Give up an undelivered message with a signed void."""
        allow(actor, "parked.drop")
        await self._sharing.drop(actor, message, form.reason)

    async def retry_message(self, actor: Actor, message: str) -> None:
        """Send an undelivered message again now."""
        allow(actor, "parked.retry")
        row = self.ctx.ledger.one("SELECT state FROM messages WHERE message=? AND direction='sent'", message)
        if row is None or row["state"] not in {"open", "nacked"}:
            raise NotFoundError("There is no such message in the outbox.")
        self.outgoing.again(message)

    # ------------------------------------------------------------------------------------ accountability

    async def who_knows(self, actor: Actor, query: f.WhoKnowsQuery) -> f.WhoKnows:
        """Who knows what about a person; the read is recorded first."""
        allow(actor, "who-knows")
        person = whoknows.find_person(self.ctx, query)
        cases = whoknows.cases(self.ctx, query, person, actor.roles)
        await self.circle.admit(actor, "who-knows", cases, query.reason)
        await self._reads.log(actor, "who-knows", [person.handle if person else None])
        return whoknows.who_knows(self.ctx, self.terms, query, person)

    async def copied_out(self, actor: Actor, view: str, subject: UUID | None) -> None:
        """A print or file left."""
        allow(actor, "who-knows")
        await self._reads.copied_out(actor, view, subject)

    async def log_rows(self, actor: Actor, start: int, limit: int) -> list[f.LogRow]:
        """Public parts of log entries."""
        allow(actor, "log.list")
        return await asyncio.to_thread(accountability.rows, self.ctx.log, start, limit)

    async def feed(self, actor: Actor, cursor: int, limit: int) -> list[f.FeedRow]:
        """Steps for a case system, after a cursor."""
        allow(actor, "inbox.list")
        return await asyncio.to_thread(accountability.feed, self.ctx.log, cursor, limit)

    def verify_log(self, actor: Actor) -> AsyncIterator[int | f.VerifyAnswer]:
        """Re-read everything; progress, then the answer."""
        allow(actor, "log.verify")
        return _threaded(
            lambda: accountability.verify_log(self.ctx.log, self.ctx.covenants, self.ctx.me.slug, self.ctx.vault)
        )

    def replay_log(self, actor: Actor) -> AsyncIterator[int | f.ReplayAnswer]:
        """Rebuild every view and compare; progress, then the answer."""
        allow(actor, "log.replay")
        return _threaded(lambda: accountability.replay(self.ctx.log, self.ctx.ledger))

    def story(
        self, actor: Actor, *, case: UUID | None, subject: UUID | None, partner: str | None
    ) -> AsyncIterator[f.StoryLine]:
        """What happened, in order."""
        allow(actor, "log.replay")
        if subject is not None:
            allow(actor, "who-knows")
        return _threaded(lambda: accountability.story(self.ctx, case=case, subject=subject, partner=partner))

    # ------------------------------------------------------------------------------------ retention

    async def retention_rules(self, actor: Actor) -> list[f.RuleAnswer]:
        """Proposed and confirmed rules."""
        allow(actor, "retention.rules")
        return self.retention.rules()

    async def retention_confirm(self, actor: Actor, rule: str) -> f.RuleAnswer:
        """Fix a proposed rule."""
        allow(actor, "retention.confirm")
        return await self.retention.confirm(actor, rule)

    async def retention_due(self, actor: Actor, until: date | None) -> list[f.DueAnswer]:
        """What goes when and why."""
        allow(actor, "retention.due")
        return self.retention.due(until)

    async def retention_enforce(self, actor: Actor, *, confirm_date: date | None) -> f.ErasureAnswer:
        """Destroy what is over."""
        allow(actor, "retention.enforce")
        return await self.retention.enforce(actor, confirm_date)

    # ------------------------------------------------------------------------------------ operations

    async def parked(self, actor: Actor) -> list[f.ParkedAnswer]:
        """Frames refused for good."""
        allow(actor, "parked.list")
        return self._operations.parked()

    async def retry_parked(self, actor: Actor, parked: UUID) -> None:
        """Ask the sender to wrap it anew."""
        allow(actor, "parked.retry")
        await self._operations.retry(actor, parked)

    async def drop_parked(self, actor: Actor, parked: UUID, form: f.DropForm) -> None:
        """Let it go."""
        allow(actor, "parked.drop")
        await self._operations.drop(actor, parked, form.reason)

    async def keys(self, actor: Actor) -> f.KeysAnswer:
        """Public keys and prekey stock."""
        allow(actor, "keys.show")
        return self._operations.keys()

    async def roll_keys(self, actor: Actor) -> f.KeysAnswer:
        """End the live epoch now."""
        allow(actor, "keys.roll")
        return await self._operations.roll(actor)

    async def actors(self, actor: Actor) -> list[f.ActorAnswer]:
        """Who may act here."""
        allow(actor, "actor.list")
        return self._actors.all()

    async def register_actor(self, actor: Actor, form: f.ActorForm, key: Idempotency | None) -> f.ActorAnswer:
        """Let somebody act here."""
        allow(actor, "actor.register")
        return await self._staff.register(actor, form, key)

    async def revoke_actor(self, actor: Actor, who: UUID) -> None:
        """Let somebody act no more."""
        allow(actor, "actor.revoke")
        await self._staff.revoke(actor, who)

    async def single_handed(self, actor: Actor, *, on: bool) -> None:
        """Say whether one officer decides alone what needs two hands."""
        allow(actor, "actor.single-handed")
        await self._staff.single_handed(actor, on=on)

    async def set_clock(self, actor: Actor, moment: str) -> None:
        """Move the clock; only where the covenant's environment is DEMO."""
        allow(actor, "keys.roll")
        clock = self.ctx.clock
        if self.ctx.covenants.current.covenant.environment is not Environment.DEMO or not isinstance(
            clock, SettableClock
        ):
            raise ConflictError("The clock can be set only in a demonstration (covenant environment DEMO).")
        try:
            at = datetime.fromisoformat(moment)
        except ValueError:
            raise InputError("Give the moment as an ISO 8601 date and time with a zone.") from None
        if at.tzinfo is None:
            raise InputError("Give the moment as an ISO 8601 date and time with a zone.")
        if not CLOCK_FROM <= at.year <= CLOCK_TO:  # beyond, nothing that comes later can be dated
            raise InputError("The clock can be set from {first} to {last}.", first=CLOCK_FROM, last=CLOCK_TO)
        clock.set(at.astimezone(UTC))
        self.outgoing.hurry()
        self.housekeeping.wake()


async def _threaded(make: Callable[[], Iterator[T]]) -> AsyncIterator[T]:
    """A long reading in a thread, a step at a time, so that the loop stays free."""
    iterator = await asyncio.to_thread(make)
    done = object()
    while (value := await asyncio.to_thread(next, iterator, done)) is not done:
        yield value  # type: ignore[misc]  # not the sentinel
