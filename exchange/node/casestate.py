"""A case read back from the log: events as steps of the pure fold, and the texts that belong to them.

``Told`` is what the screen shows; a text whose key was destroyed is None there, and everything else still stands.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID

from exchange.domain import casework as c
from exchange.domain import events as e
from exchange.domain.event import Event, Gone
from exchange.errors import NotFoundError
from exchange.node.circle import text_of
from exchange.node.context import Context
from exchange.node.scope import Recorded


def stream(ctx: Context, case: UUID, recorded: Recorded = ()) -> UUID:
    """The log stream of a case: of its keeper and its id, so that no partner can aim at a stream of ours.

    It stays where it began, also when the keeper is no partner any more.

    Raises:
        NotFoundError: There is no such case.
    """
    row = ctx.ledger.one("SELECT stream FROM cases WHERE case_id=?", str(case))
    if row is not None:
        return UUID(row["stream"])
    for _, event in recorded:
        if isinstance(event, e.CaseOpened | e.CaseShared) and event.case == case:
            return event.originator_id
    raise NotFoundError("There is no such case at this node.")


def events_of(ctx: Context, case: UUID, recorded: Recorded = ()) -> list[Event]:
    """Everything that happened in a case, oldest first, the open batch included."""
    place = stream(ctx, case, recorded)
    return [*ctx.log.events(place), *(event for _, event in recorded if event.originator_id == place)]


def step_of(event: Event) -> c.Step | None:  # noqa: PLR0911 - a table
    """The step of the fold that an event stands for."""
    match event:
        case e.CaseMoved():
            reason = c.CloseReason(event.close_reason) if event.close_reason else None
            return c.Move(c.Phase(event.phase), explained=True, close_reason=reason)
        case e.CaseScopeChanged():
            return c.SetScope(event.partner, event.inside)
        case e.CaseLeadSet():
            return c.SetLead(event.lead)
        case e.CaseSubjectAdded():
            return c.AddSubject(event.main)
        case e.CaseGoalSet():
            return c.SetGoal(event.goal, event.reached)
        case e.CaseActionSet():
            due, status = date.fromisoformat(event.due), c.ActionStatus(event.status)
            return c.SetAction(event.action, c.Action(event.owner, due, status, event.agreement))
        case e.CaseAllocated():
            return c.Allocate(event.allocation)
        case e.CaseReviewSet():
            return c.SetReview(date.fromisoformat(event.due))
    return None


def fold(ctx: Context, events: Iterable[Event]) -> c.Case:
    """The case as it is now; what its keeper tells of a shared one replaces what was known.

    Raises:
        NotFoundError: It was never opened or shared.
    """
    case: c.Case | None = None
    for event in events:
        if isinstance(event, e.CaseOpened):
            due = date.fromisoformat(event.review_due) if event.review_due else None
            case = c.Case(keeper=ctx.me.slug, lead=event.lead, review_due=due)
        elif isinstance(event, e.CaseShared):
            known = case or c.Case(keeper=event.partner, lead=event.lead)
            partners = frozenset(event.partners)
            case = replace(known, lead=event.lead, phase=c.Phase(event.phase), partners=partners)
        elif case is not None and (step := step_of(event)) is not None:
            case = c.evolve(case, step)
    if case is None:
        raise NotFoundError("There is no such case at this node.")
    return case


@dataclass
class Told:
    """The texts of a case and whom it is about."""

    problem: str | None = None
    coordinator: UUID | None = None
    people: dict[UUID, bool] = field(default_factory=dict)
    """Subject handle -> main."""
    goals: dict[UUID, str | None] = field(default_factory=dict)
    actions: dict[UUID, tuple[str | None, str | None]] = field(default_factory=dict)
    """Action -> text and result."""
    allocations: dict[UUID, tuple[str | None, Event]] = field(default_factory=dict)


def told(events: Iterable[Event]) -> Told:
    """Read the sealed side of a case."""
    found = Told()
    for event in events:
        match event:
            case e.CaseOpened():
                found.problem, found.coordinator = text_of(event.problem), event.coordinator
            case e.CaseShared():
                found.problem = text_of(event.problem)
                handles = [] if isinstance(event.subjects, Gone) else event.subjects
                found.people = {handle: number == 0 for number, handle in enumerate(handles)}
            case e.CaseLeadSet():
                found.coordinator = event.coordinator
            case e.CaseSubjectAdded() if not isinstance(event.subject, Gone):
                found.people[event.subject] = event.main
            case e.CaseGoalSet():
                found.goals[event.goal] = text_of(event.text)
            case e.CaseActionSet():
                found.actions[event.action] = (text_of(event.text), text_of(event.result))
            case e.CaseAllocated():
                found.allocations[event.allocation] = (text_of(event.to), event)
    return found


def reason_of(event: Event) -> str | None:
    """The reason that was given with a step; empty where none is asked."""
    if isinstance(event, e.CaseMoved | e.CaseScopeChanged | e.CaseAllocated | e.OpenedOutsideCircle | e.SignalTriaged):
        return text_of(event.reason)
    return ""
