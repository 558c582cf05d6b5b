"""Cases: opened, moved through their phases, shared with the partners in scope, planned, closed.

Every change is decided by the pure fold in the writer's thread, recorded with its sealed text, and told to the partners in scope
in the same transaction. Only the partner that opened a case (its keeper) changes it; a partner in scope keeps its own actions,
review date and circle beside what the keeper tells.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID, uuid4

from pydantic import BaseModel

from exchange.domain import casework as c
from exchange.domain import events as e
from exchange.domain.event import Event
from exchange.errors import ConflictError, InputError, NotFoundError
from exchange.node import casework_forms as cf
from exchange.node.case_reading import CaseReading
from exchange.node.case_sharing import CaseSharing
from exchange.node.casestate import events_of, fold, stream, told
from exchange.node.circle import Circle
from exchange.node.commands import Result, allow, once
from exchange.node.context import Context
from exchange.node.messages import stream_of
from exchange.node.numbers import no_number
from exchange.node.service import Actor, Idempotency
from exchange.node.work import Fresh
from exchange.node.writer import Tx

OWN_STEPS = (c.SetAction, c.SetReview)
"""What a partner in scope does in a case that another coordinates."""
TOLD_STEPS = (c.Move, c.SetScope, c.SetLead, c.AddSubject)
"""What the partners in scope hear of."""
TYPED = ("text", "result", "reason", "to")
"""Fields of the forms in which somebody writes."""
Made = Callable[[Tx, UUID, str, str], Event]
"""Transaction, stream, key and retention class make the event."""


class Cases:
    """See the module."""

    def __init__(self, ctx: Context, sharing: CaseSharing, circle: Circle, reading: CaseReading) -> None:
        self._ctx = ctx
        self._sharing = sharing
        self._circle = circle
        self._reading = reading

    # ------------------------------------------------------------------------------------ reading

    def all(self, actor: Actor) -> list[cf.CaseRow]:
        """Every case of this node without its content, open ones first."""
        allow(actor, "case.list")
        return self._reading.rows(actor)

    async def read(self, actor: Actor, case: UUID, reason: str = "") -> cf.CaseAnswer:
        """One case with its text; the read is recorded first."""
        allow(actor, "case.read")
        return await self._reading.read(actor, case, reason)

    # ------------------------------------------------------------------------------------ opening

    async def open(self, actor: Actor, form: cf.CaseForm, key: Idempotency | None) -> cf.CaseRow:
        """Open a case; the actor coordinates it and is the first in its circle.

        Raises:
            ConflictError: There is a case with that id.
            InputError: A partner, or a person, is named twice.
            NotFoundError: A person is not in the register.
            Refused: A partner may not be told of it.
        """
        allow(actor, "case.open")
        await self.may_open(actor, form)
        fresh: list[Fresh] = []

        def unit(tx: Tx) -> tuple[UUID, Result]:
            case, fresh[:] = self.opened(tx, actor, form)
            return case, {}

        case, _ = await once(self._ctx, actor, "case.open", key, form, unit)
        self._sharing.send(fresh)
        return self._reading.row(actor, case)

    async def may_open(self, actor: Actor, form: cf.CaseForm) -> None:
        """Everything that stands against opening this case, before anything is stored."""
        people = [*([form.main_subject] if form.main_subject else []), *form.secondary_subjects]
        if len(set(people)) != len(people) or len(set(form.partners)) != len(form.partners):
            raise InputError("A person or partner is named twice.")
        if self._ctx.me.slug in form.partners:
            raise InputError("The partner that opens a case is in its scope anyway; name only others.")
        self._must_be_known(*people)
        await self._sharing.judged(actor, form.case or uuid4(), form.problem, form.partners)
        no_number(form.problem)  # also of a case that nobody is told of yet

    def opened(self, tx: Tx, actor: Actor, form: cf.CaseForm) -> tuple[UUID, list[Fresh]]:
        """Record an opened case and tell the partners in scope, in the transaction of whoever opens it."""
        ctx, case = self._ctx, form.case or uuid4()
        again = any(isinstance(x, e.CaseOpened | e.CaseShared) and x.case == case for _, x in tx.recorded)
        if again or self._circle.known(case):
            raise ConflictError("There is a case with this id already.")
        place, kept = stream_of(ctx.me.id, case), ctx.covenants.current.covenant.case_retention
        due = form.review_due.isoformat() if form.review_due else None
        common = {"originator_id": place, "at": tx.now, "case": case, "by": actor.id}
        sealed = {**common, "retention": kept}
        tx.append(
            e.CaseOpened(
                **sealed,
                key_id=tx.new_key(kept),
                lead=ctx.me.slug,
                coordinator=actor.id,
                review_due=due,
                problem=form.problem,
            )
        )
        tx.append(e.CircleChanged(**common, actor=actor.id, inside=True))
        main = [(form.main_subject, True)] if form.main_subject else []
        for subject, first in [*main, *((other, False) for other in form.secondary_subjects)]:
            tx.append(
                e.CaseSubjectAdded(**sealed, key_id=tx.new_key(kept), main=first, subject=self._resolved(subject))
            )
        for partner in form.partners:
            tx.append(e.CaseScopeChanged(**sealed, key_id=tx.new_key(kept), partner=partner, inside=True, reason=""))
        return case, self._sharing.tell(tx, actor, case)

    # ------------------------------------------------------------------------------------ changing

    async def move(self, actor: Actor, case: UUID, form: cf.PhaseForm, key: Idempotency | None) -> cf.CaseRow:
        """To another phase: closing starts the terms, reopening stops them."""
        step = c.Move(form.to, explained=bool(form.reason), close_reason=form.close_reason)

        def made(tx: Tx, place: UUID, key_id: str, kept: str) -> Event:
            return e.CaseMoved(
                originator_id=place, at=tx.now, key_id=key_id, retention=kept, case=case, phase=form.to.value,
                close_reason=form.close_reason.value if form.close_reason else None, by=actor.id, reason=form.reason,
            )  # fmt: skip

        return await self._change(actor, case, step, made, form, key)

    async def set_scope(self, actor: Actor, case: UUID, form: cf.ScopeForm, key: Idempotency | None) -> cf.CaseRow:
        """Put a partner in scope, or take it out; both it and the others are told."""

        def made(tx: Tx, place: UUID, key_id: str, kept: str) -> Event:
            return e.CaseScopeChanged(
                originator_id=place, at=tx.now, key_id=key_id, retention=kept, case=case, partner=form.partner,
                inside=form.inside, by=actor.id, reason=form.reason,
            )  # fmt: skip

        step = c.SetScope(form.partner, form.inside)
        return await self._change(actor, case, step, made, form, key, told_too=(form.partner,))

    async def set_lead(self, actor: Actor, case: UUID, form: cf.LeadForm, key: Idempotency | None) -> cf.CaseRow:
        """Who leads the case, and who of ours coordinates it."""
        coordinator = form.coordinator or actor.id
        if coordinator not in self._circle.members(case):
            raise InputError("Only somebody in the circle of the case can coordinate it.")

        def made(tx: Tx, place: UUID, key_id: str, kept: str) -> Event:  # noqa: ARG001 - it seals nothing
            return e.CaseLeadSet(
                originator_id=place, at=tx.now, case=case, lead=form.lead, coordinator=coordinator, by=actor.id
            )

        return await self._change(actor, case, c.SetLead(form.lead), made, form, key)

    async def add_subject(
        self, actor: Actor, case: UUID, form: cf.CaseSubjectForm, key: Idempotency | None
    ) -> cf.CaseRow:
        """One more person whom the case is about."""
        self._must_be_known(form.subject)

        def made(tx: Tx, place: UUID, key_id: str, kept: str) -> Event:
            return e.CaseSubjectAdded(
                originator_id=place, at=tx.now, key_id=key_id, retention=kept, case=case, main=form.main, by=actor.id,
                subject=self._resolved(form.subject),
            )  # fmt: skip

        return await self._change(actor, case, c.AddSubject(form.main), made, form, key)

    async def set_goal(self, actor: Actor, case: UUID, form: cf.GoalForm, key: Idempotency | None) -> cf.CaseRow:
        """A goal of the plan, new or as it stands now."""
        goal = form.goal or uuid4()

        def made(tx: Tx, place: UUID, key_id: str, kept: str) -> Event:
            return e.CaseGoalSet(
                originator_id=place, at=tx.now, key_id=key_id, retention=kept, case=case, goal=goal,
                reached=form.reached, by=actor.id, text=form.text,
            )  # fmt: skip

        return await self._change(actor, case, c.SetGoal(goal, form.reached), made, form, key)

    async def set_action(self, actor: Actor, case: UUID, form: cf.ActionForm, key: Idempotency | None) -> cf.CaseRow:
        """An action of the plan, new or as it stands now.

        Raises:
            NotFoundError: It names an agreement that no conference made about this case.
        """
        action = form.action or uuid4()

        def made(tx: Tx, place: UUID, key_id: str, kept: str) -> Event:
            return e.CaseActionSet(
                originator_id=place, at=tx.now, key_id=key_id, retention=kept, case=case, action=action,
                owner=form.owner, due=form.due.isoformat(), status=form.status.value, agreement=form.agreement,
                by=actor.id, text=form.text, result=form.result,
            )  # fmt: skip

        step = c.SetAction(action, c.Action(form.owner, form.due, form.status, form.agreement))
        return await self._change(actor, case, step, made, form, key)

    async def set_review(self, actor: Actor, case: UUID, form: cf.ReviewForm, key: Idempotency | None) -> cf.CaseRow:
        """When the case is looked at again."""

        def made(tx: Tx, place: UUID, key_id: str, kept: str) -> Event:  # noqa: ARG001 - it seals nothing
            return e.CaseReviewSet(originator_id=place, at=tx.now, case=case, due=form.due.isoformat(), by=actor.id)

        return await self._change(actor, case, c.SetReview(form.due), made, form, key)

    async def allocate(self, actor: Actor, case: UUID, form: cf.AllocationForm, key: Idempotency | None) -> cf.CaseRow:
        """Allocate the case to a third party for further handling (covenant 8.1 (b))."""
        allocation = uuid4()

        def made(tx: Tx, place: UUID, key_id: str, kept: str) -> Event:
            return e.CaseAllocated(
                originator_id=place, at=tx.now, key_id=key_id, retention=kept, case=case, allocation=allocation,
                by=actor.id, to=form.to, reason=form.reason,
            )  # fmt: skip

        return await self._change(actor, case, c.Allocate(allocation), made, form, key)

    async def _change(
        self,
        actor: Actor,
        case: UUID,
        step: c.Step,
        made: Made,
        form: BaseModel,
        key: Idempotency | None,
        told_too: tuple[str, ...] = (),
    ) -> cf.CaseRow:
        """Decide in the writer's thread, record, and tell the partners in scope."""
        allow(actor, "case.change")
        self._circle.require(actor, case)
        no_number(*(getattr(form, name, None) for name in TYPED))
        if isinstance(step, c.SetAction):
            self._must_be_agreed(case, step.value.agreement)
        if isinstance(step, c.SetScope) and step.inside:
            problem = told(events_of(self._ctx, case)).problem or ""
            await self._sharing.judged(actor, case, problem, [step.partner])
        fresh: list[Fresh] = []

        def unit(tx: Tx) -> tuple[UUID, Result]:
            state = fold(self._ctx, events_of(self._ctx, case, tx.recorded))
            if state.keeper != self._ctx.me.slug and not isinstance(step, OWN_STEPS):
                raise ConflictError("Another partner coordinates this case; ask {partner}.", partner=state.keeper)
            c.decide(state, step)
            kept = self._ctx.covenants.current.covenant.case_retention
            seals = not isinstance(step, c.SetLead | c.SetReview)
            tx.append(made(tx, stream(self._ctx, case, tx.recorded), tx.new_key(kept) if seals else "", kept))
            fresh[:] = self._sharing.tell(tx, actor, case, told_too) if isinstance(step, TOLD_STEPS) else []
            return case, {}

        await once(self._ctx, actor, f"case.change:{case}:{type(step).__name__}", key, form, unit)
        self._sharing.send(fresh)
        return self._reading.row(actor, case)

    def _must_be_agreed(self, case: UUID, agreement: UUID | None) -> None:
        made = "agreements WHERE agreement=? AND case_id=?"
        if agreement is not None and not self._ctx.ledger.count(made, str(agreement), str(case)):
            raise NotFoundError(
                "There is no such agreement about this case at this node; see: exchange conference show CONFERENCE."
            )

    # ------------------------------------------------------------------------------------ people

    def _must_be_known(self, *subjects: UUID) -> None:
        for subject in subjects:
            self._resolved(subject)

    def _resolved(self, subject: UUID | None) -> UUID:
        person = self._ctx.people.resolve(subject) if subject is not None else None
        if person is None:
            raise NotFoundError("There is no such subject in this node's register.")
        return person.handle
