"""Who of our own people may look: the circle of a case, the designated receivers of police data, and the list of exceptions.

Looking from outside is possible with a reason, because work goes on when a colleague is ill; it is an event before anything is
shown, and the privacy officer judges every one of them afterwards. Changing a case from outside its circle is not possible.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal
from uuid import UUID, uuid4

from exchange.domain import events as e
from exchange.domain.actors import Hands, Role
from exchange.domain.event import Gone
from exchange.domain.vocabulary import Regime
from exchange.errors import ConflictError, InputError, NotAllowedError, NotFoundError
from exchange.node import casework_forms as cf
from exchange.node.actors import Actors
from exchange.node.commands import allow
from exchange.node.context import Context
from exchange.node.numbers import no_number
from exchange.node.register import Reads
from exchange.node.service import Actor
from exchange.node.writer import Tx

Ground = Literal["circle", "wpg"]


class Circle:
    """See the module."""

    def __init__(self, ctx: Context, reads: Reads, actors: Actors) -> None:
        self._ctx = ctx
        self._reads = reads
        self._actors = actors

    # ------------------------------------------------------------------------------------ asking

    def members(self, case: UUID) -> set[UUID]:
        """Everybody in the circle of a case."""
        return {UUID(r["actor"]) for r in self._ctx.ledger.rows("SELECT actor FROM circle WHERE case_id=?", str(case))}

    def known(self, case: UUID) -> bool:
        """Whether this node knows the case at all."""
        return self._ctx.ledger.one("SELECT 1 AS x FROM cases WHERE case_id=?", str(case)) is not None

    def require(self, actor: Actor, case: UUID) -> None:
        """Pass whoever belongs to the circle.

        Raises:
            NotFoundError: There is no such case.
            NotAllowedError: The actor is not in its circle.
        """
        if not self.known(case):
            raise NotFoundError("There is no such case at this node.")
        if actor.id not in self.members(case):
            raise NotAllowedError("You are not in the circle of this case; somebody in it can let you in.")

    async def admit(
        self, actor: Actor, view: str, cases: list[UUID], reason: str = "", message: str | None = None
    ) -> None:
        """Let ``actor`` look at something of these cases; returns when an opening from outside is in the log.

        Raises:
            NotAllowedError: The actor is outside the circle and gave no reason.
        """
        closed = [case for case in cases if self.known(case) and actor.id not in self.members(case)]
        if closed and not reason:
            raise NotAllowedError(
                "You are not in the circle of this case. Give a reason to look all the same; the privacy officer reviews it."
            )
        for case in closed:
            await self._opened(actor, "circle", view, reason, case=case, message=message)

    async def admit_to_police_data(self, actor: Actor, view: str, message: str, reason: str = "") -> None:
        """Let ``actor`` read police data that this partner received (Wpg 7(2), covenant setting ``wpg_reading``).

        Raises:
            NotAllowedError: Not a designated receiver, and the covenant refuses that or no reason was given.
        """
        ctx = self._ctx
        designated = ctx.ledger.one("SELECT 1 AS x FROM wpg_receivers WHERE actor=?", str(actor.id))
        if ctx.me.regime is Regime.WPG or designated is not None:
            return
        if ctx.covenants.current.covenant.settings.wpg_reading == "refuse":
            raise NotAllowedError(
                "This message holds police data and you are not designated as a receiver of them;"
                " ask the privacy officer to designate you."
            )
        if not reason:
            raise NotAllowedError(
                "This message holds police data and you are not designated as a receiver of them."
                " Give a reason to look all the same; the privacy officer reviews it."
            )
        await self._opened(actor, "wpg", view, reason, message=message)

    async def _opened(
        self,
        actor: Actor,
        ground: Ground,
        view: str,
        reason: str,
        *,
        case: UUID | None = None,
        message: str | None = None,
    ) -> None:
        no_number(reason)
        retention = self._ctx.covenants.current.covenant.settings.statement_retention
        await self._ctx.writer.run(
            lambda tx: tx.append(
                e.OpenedOutsideCircle(
                    originator_id=uuid4(),
                    at=tx.now,
                    key_id=tx.new_key(retention),
                    retention=retention,
                    ground=ground,
                    case=case,
                    message=message,
                    view=view,
                    by=actor.id,
                    reason=reason,
                )
            )
        )

    # ------------------------------------------------------------------------------------ changing

    async def change(self, actor: Actor, case: UUID, form: cf.CircleForm) -> list[UUID]:
        """Let somebody in or out; gives the circle as it is now.

        A case that a partner shared has an empty circle: the first to take it up fills it. After that only somebody in it
        changes it, or the privacy officer, who cannot let himself in: he would be the one who reviews it.

        Raises:
            NotFoundError: No such case or actor.
            NotAllowedError: The actor is outside it.
            ConflictError: Already so, or it would leave nobody.
        """
        allow(actor, "circle.change")
        known = self._ctx.ledger.one("SELECT stream FROM cases WHERE case_id=?", str(case))
        if known is None:
            raise NotFoundError("There is no such case at this node.")
        self._active(form.actor)
        members = self.members(case)
        officer = Role.PRIVACY_OFFICER in actor.roles and form.actor != actor.id
        if members and actor.id not in members and not officer:
            raise NotAllowedError("You are not in the circle of this case; somebody in it can let you in.")
        if form.inside == (form.actor in members):
            raise ConflictError("That is how it is already.")
        if not form.inside and members == {form.actor}:
            raise ConflictError("A case is never without a circle; let somebody else in first.")
        await self._ctx.writer.run(
            lambda tx: tx.append(
                e.CircleChanged(
                    originator_id=UUID(known["stream"]),
                    at=tx.now,
                    case=case,
                    actor=form.actor,
                    inside=form.inside,
                    by=actor.id,
                )
            )
        )
        return sorted(self.members(case), key=str)

    def _active(self, who: UUID) -> None:
        row = self._ctx.ledger.one("SELECT revoked FROM actors WHERE actor=?", str(who))
        if row is None or row["revoked"]:
            raise NotFoundError("There is no such actor at this node; see: exchange actor list.")

    async def designate(self, actor: Actor, form: cf.ReceiverForm) -> list[cf.ReceiverAnswer]:
        """Designate a receiver of police data, or end that; gives the list as it is now.

        Raises:
            NotFoundError: No such actor.
            NotAllowedError: It is himself, while this partner is not single-handed.
        """
        allow(actor, "wpg.designate")
        self._active(form.actor)
        hands = self._actors.hands_on("wpg.designate", actor, [form.actor]) if form.designated else Hands.ENOUGH
        if hands is Hands.OWN:
            raise NotAllowedError("Nobody designates himself to receive police data; let another officer do it.")

        def unit(tx: Tx) -> None:
            tx.append(
                e.WpgReceiverSet(
                    originator_id=uuid4(), at=tx.now, actor=form.actor, designated=form.designated, by=actor.id
                )
            )
            self._actors.acted_alone(tx, hands, "wpg.designate", actor, str(form.actor))

        await self._ctx.writer.run(unit)
        return self._receivers()

    def receivers(self, actor: Actor) -> list[cf.ReceiverAnswer]:
        """Who is designated to receive and use police data here."""
        allow(actor, "wpg.receivers")
        return self._receivers()

    def _receivers(self) -> list[cf.ReceiverAnswer]:
        return [
            cf.ReceiverAnswer(actor=UUID(r["actor"]), since=moment_of(r["at"]), by=UUID(r["by"]))
            for r in self._ctx.ledger.rows("SELECT * FROM wpg_receivers ORDER BY at, actor")
        ]

    # ------------------------------------------------------------------------------------ reviewing

    def to_review(self, actor: Actor) -> int:
        """Openings without a review; nobody reviews his own."""
        return self._ctx.ledger.count("openings WHERE verdict IS NULL AND by<>?", str(actor.id))

    async def openings(self, actor: Actor, *, everything: bool = False) -> list[cf.OpeningAnswer]:
        """Openings from outside that wait for a review, oldest first; with ``everything`` also those that had one.

        They name who looked; that the list was read is recorded.
        """
        allow(actor, "circle.openings")
        where = "" if everything else "WHERE verdict IS NULL"
        rows = self._ctx.ledger.rows(f"SELECT * FROM openings {where} ORDER BY log_index")
        await self._reads.log(actor, "circle.openings", [None])
        events = {
            entry.index: event
            for entry in self._ctx.log.entries_at([r["log_index"] for r in rows])
            if isinstance(event := self._ctx.log.event(entry), e.OpenedOutsideCircle)
        }
        return [
            cf.OpeningAnswer(
                opening=UUID(r["opening"]),
                ground=r["ground"],
                case=UUID(r["case_id"]) if r["case_id"] else None,
                message=r["message"],
                view=r["view"],
                by=UUID(r["by"]),
                name=self._actors.answer(UUID(r["by"])).name,
                at=moment_of(r["at"]),
                reason=text_of(events[r["log_index"]].reason),
                verdict=r["verdict"],
                reviewed_by=UUID(r["reviewed_by"]) if r["reviewed_by"] else None,
                reviewed_at=moment_of(r["reviewed_at"]) if r["reviewed_at"] else None,
            )
            for r in rows
        ]

    async def review(self, actor: Actor, opening: UUID, form: cf.OpeningReviewForm) -> None:
        """Judge an opening.

        Raises:
            NotFoundError: No such opening.
            ConflictError: It was judged before.
            NotAllowedError: It was one's own.
            InputError: A follow-up needs a note.
        """
        allow(actor, "circle.review")
        no_number(form.note)
        row = self._ctx.ledger.one("SELECT * FROM openings WHERE opening=?", str(opening))
        if row is None:
            raise NotFoundError("There is no such opening on the list.")
        if row["verdict"] is not None:
            raise ConflictError("This opening was reviewed already.")
        if row["by"] == str(actor.id):
            raise NotAllowedError("Nobody reviews an opening of his own; let another privacy officer do it.")
        if form.verdict == "follow-up" and not form.note:
            raise InputError("Say what has to follow.")
        retention = self._ctx.covenants.current.covenant.settings.statement_retention
        await self._ctx.writer.run(
            lambda tx: tx.append(
                e.OutsideOpeningReviewed(
                    originator_id=opening,
                    at=tx.now,
                    key_id=tx.new_key(retention),
                    retention=retention,
                    verdict=form.verdict,
                    by=actor.id,
                    note=form.note,
                )
            )
        )


def moment_of(ms: int) -> datetime:
    """A stored time."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def text_of(value: str | Gone) -> str | None:
    """A sealed text, or None when it was erased."""
    return None if isinstance(value, Gone) else value
