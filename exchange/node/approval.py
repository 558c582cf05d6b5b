"""Whether a person may destroy by hand: two hands stand behind it, also when a date replaces the clock (protocol §7).

The first hand is whoever confirmed the rule. Where nobody vouches for the clock, one person asks, which is recorded, and another
confirms the date: then the one who asked is a hand as well, in every rule that was confirmed before he asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final, Literal
from uuid import UUID, uuid4

from exchange.domain import events as e
from exchange.domain.actors import Hands
from exchange.domain.retention import AMSTERDAM, local_day
from exchange.errors import ConflictError, InputError, NotAllowedError
from exchange.node.actors import Actors
from exchange.node.context import Context
from exchange.node.service import Actor
from exchange.node.terms import Term

COMMAND: Final = "retention.enforce"
Untrusted = Literal["no-independent-time", "ahead-of-partners"]
ClockState = Literal["trusted", "behind-partners"] | Untrusted
Clockwork = Literal["trusted", "confirmed-by-person"]


@dataclass(frozen=True, slots=True)
class Ask:
    """Somebody asked for destruction while nobody vouched for the clock."""

    by: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class Approved:
    """What one person may destroy now."""

    clock: Clockwork
    terms: list[tuple[Term, bool]]
    """Each with whether his is the only hand in it, which a single-handed partner allows and shows."""
    left: list[str]
    """Codes of rules that are left to somebody else."""


class Approval:
    """See the module."""

    def __init__(self, ctx: Context, actors: Actors) -> None:
        self._ctx = ctx
        self._actors = actors

    async def of(
        self, actor: Actor, over: list[Term], state: Untrusted | None, confirm_date: date | None, now: datetime
    ) -> Approved:
        """What ``actor`` may destroy of what is ``over``; where nothing is over, there is nothing to approve.

        ``state`` says why the clock cannot be trusted; None when a partner vouches for it.

        Raises:
            ConflictError: The clock cannot be trusted and no date was given.
            InputError: The date is not the one on the clock.
            NotAllowedError: He would be the only hand in all of it.
        """
        asks: list[Ask] = []
        day = Hands.ENOUGH
        if over and state is not None:
            asks = self._asks(local_day(now))
            day = await self._date_confirmed(actor, asks, state, confirm_date, now)
        hands = [(term, self._hands(actor, term, asks)) for term in over]
        own = [term.rule.code for term, found in hands if found is Hands.OWN]
        if own and len(own) == len(over):
            raise NotAllowedError(
                "You confirmed {rules} yourself; another actor enforces that, or the node's own daily run does.",
                rules=", ".join(own),
            )
        return Approved(
            clock="trusted" if state is None else "confirmed-by-person",
            terms=[(term, Hands.SINGLE in {found, day}) for term, found in hands if found is not Hands.OWN],
            left=own,
        )

    def _asks(self, day: date) -> list[Ask]:
        """Those of one local day: whoever asks means that it is that day."""
        since = datetime.combine(day, time.min, AMSTERDAM).timestamp() * 1000
        rows = self._ctx.ledger.rows("SELECT by, at FROM asked WHERE at >= ? ORDER BY at", round(since))
        asks = [Ask(UUID(row["by"]), datetime.fromtimestamp(row["at"] / 1000, UTC)) for row in rows]
        return [ask for ask in asks if local_day(ask.at) == day]

    async def _date_confirmed(
        self, actor: Actor, asks: list[Ask], state: Untrusted, confirm_date: date | None, now: datetime
    ) -> Hands:
        """Whose hands stand behind the date; when only his own, that he asks is recorded for somebody else to go on."""
        if confirm_date is not None and confirm_date != local_day(now):
            raise InputError("The confirmed date is not the date on this node's clock; nothing was destroyed.")
        hands = self._actors.hands_on(COMMAND, actor, [ask.by for ask in asks])
        if confirm_date is not None and hands is not Hands.OWN:
            return hands
        await self._ctx.writer.run(
            lambda tx: tx.append(e.ErasureAsked(originator_id=uuid4(), at=tx.now, by=actor.id, clock=state))
        )
        if confirm_date is not None:
            raise NotAllowedError(
                "A second actor has to confirm the date: nobody but you asked for it today. That you asked is recorded."
            )
        if hands is not Hands.OWN:
            raise ConflictError(
                "The clock of this node cannot be checked against a partner ({state}); confirm today's date to go on.",
                state=state,
            )
        raise ConflictError(
            "The clock of this node cannot be checked against a partner ({state}). That you asked is recorded; another"
            " actor can go on by confirming today's date.",
            state=state,
        )

    def _hands(self, actor: Actor, term: Term, asks: list[Ask]) -> Hands:
        """Whose hands stand behind the destruction under one rule; who asked before it was confirmed did not mean it."""
        since = term.confirmed_at
        askers = [ask.by for ask in asks if since is not None and ask.at > since]
        return self._actors.hands_on(COMMAND, actor, [term.confirmed_by, *askers])
