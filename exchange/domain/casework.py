"""Triage and the case: which outcomes there are, which phase may follow which, and what a closed case still allows.

Pure: :func:`decide` says whether a step fits the case as it is, :func:`evolve` takes it in. The node turns steps into events and
events into steps, so what was decided and what is replayed go through the same two functions. A case holds ids, codes and dates
only; every text about people stands sealed in the events.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from exchange.errors import ConflictError, InputError


class Outcome(StrEnum):
    """What triage makes of a signal (domain reference (c))."""

    NOT_TAKEN_UP = "NIET_OPGEPAKT"
    OWN_TASK = "EIGEN_TAAK"
    """One partner handles it within its own task; nobody else hears of it."""
    MERGED = "SAMENGEVOEGD"
    CASE = "CASUS"
    REFERRED = "DOORVERWEZEN"
    TOO_LITTLE = "ONVOLDOENDE_INFO"


TAKEN_UP: Final = frozenset({Outcome.OWN_TASK, Outcome.MERGED, Outcome.CASE})
"""After these the signal is kept as what it is about, and no longer as a signal that nobody took up."""
OPEN_OUTCOMES: Final = frozenset({Outcome.TOO_LITTLE, Outcome.NOT_TAKEN_UP})
"""After these the same signal may be judged again: more became known."""


class Phase(StrEnum):
    """How far a case is (domain reference (c), after the functions of Samen onder Handbereik)."""

    SIGNALLED = "SIGNALERING"
    TRIAGE = "TRIAGE"
    CONFERENCE = "CASUSOVERLEG"
    PLAN = "PLAN"
    EXECUTION = "UITVOERING"
    SCALING_DOWN = "AFSCHALING"
    AFTERCARE = "NAZORG"
    CLOSED = "GESLOTEN"


NEXT: Final[Mapping[Phase, frozenset[Phase]]] = MappingProxyType(
    {
        Phase.SIGNALLED: frozenset({Phase.TRIAGE, Phase.CLOSED}),
        Phase.TRIAGE: frozenset({Phase.CONFERENCE, Phase.CLOSED}),
        Phase.CONFERENCE: frozenset({Phase.PLAN, Phase.SCALING_DOWN, Phase.CLOSED}),
        Phase.PLAN: frozenset({Phase.CONFERENCE, Phase.EXECUTION, Phase.CLOSED}),
        Phase.EXECUTION: frozenset({Phase.CONFERENCE, Phase.PLAN, Phase.SCALING_DOWN, Phase.CLOSED}),
        Phase.SCALING_DOWN: frozenset({Phase.EXECUTION, Phase.AFTERCARE, Phase.CLOSED}),
        Phase.AFTERCARE: frozenset({Phase.CONFERENCE, Phase.CLOSED}),
        Phase.CLOSED: frozenset({Phase.TRIAGE, Phase.AFTERCARE}),
    }
)
"""Phase -> the phases that may follow. From everywhere a case can be closed: people move, or die. A closed case is reopened into
triage, or taken into aftercare; nothing else."""


class CloseReason(StrEnum):
    """Why a case was closed (domain reference (c))."""

    SOLVED = "OPGELOST"
    HANDED_OVER = "OVERGEDRAGEN"
    MOVED = "VERHUISD"
    DIED = "OVERLEDEN"
    NO_COOPERATION = "GEEN_MEDEWERKING"
    NOT_TAKEN_UP = "NIET_OPGEPAKT"


class ActionStatus(StrEnum):
    """How an action of the plan stands."""

    OPEN = "OPEN"
    DONE = "GEDAAN"
    LAPSED = "VERVALLEN"


@dataclass(frozen=True, slots=True)
class Action:
    """An action of the plan: who does it, by when, how it stands; the text is sealed."""

    owner: str
    """Slug of a partner in scope."""
    due: date
    status: ActionStatus = ActionStatus.OPEN
    agreement: UUID | None = None
    """The agreement of a case conference that it carries out."""


@dataclass(frozen=True, slots=True)
class Case:
    """A case as its keeper has it: the partner that opened it and coordinates it."""

    keeper: str
    lead: str
    """Slug of the partner with the centre of gravity (casusregisseur)."""
    phase: Phase = Phase.SIGNALLED
    partners: frozenset[str] = frozenset()
    """In scope (need to know); the keeper always is."""
    actions: Mapping[UUID, Action] = field(default_factory=dict)
    goals: Mapping[UUID, bool] = field(default_factory=dict)
    """Goal -> reached."""
    subjects: int = 0
    main: bool = False
    """A main subject was named."""
    allocations: frozenset[UUID] = frozenset()
    review_due: date | None = None

    @property
    def closed(self) -> bool:
        """Nothing happens in it but reopening and aftercare."""
        return self.phase is Phase.CLOSED

    @property
    def scope(self) -> frozenset[str]:
        """Every partner that may know of the case."""
        return self.partners | {self.keeper}


# ---------------------------------------------------------------------------------------- steps


@dataclass(frozen=True, slots=True)
class Move:
    """To another phase; ``explained`` says that a reason was given, ``close_reason`` why it closes."""

    to: Phase
    explained: bool = False
    close_reason: CloseReason | None = None


@dataclass(frozen=True, slots=True)
class SetScope:
    """Put a partner in scope, or take it out."""

    partner: str
    inside: bool


@dataclass(frozen=True, slots=True)
class SetLead:
    """Another partner leads the case."""

    partner: str


@dataclass(frozen=True, slots=True)
class AddSubject:
    """One more person; at most one is the main subject."""

    main: bool


@dataclass(frozen=True, slots=True)
class SetGoal:
    """A goal, or that it was reached."""

    goal: UUID
    reached: bool


@dataclass(frozen=True, slots=True)
class SetAction:
    """A new action, or how a known one stands now."""

    action: UUID
    value: Action


@dataclass(frozen=True, slots=True)
class Allocate:
    """The case is allocated to a third party for further handling (covenant 8.1 (b))."""

    allocation: UUID


@dataclass(frozen=True, slots=True)
class SetReview:
    """When the case is looked at again."""

    due: date


Step = Move | SetScope | SetLead | AddSubject | SetGoal | SetAction | Allocate | SetReview


def decide(case: Case, step: Step) -> None:
    """Pass, or refuse: whether ``step`` fits the case as it is.

    Raises:
        ConflictError: It does not fit the state.
        InputError: Something it needs was not given.
    """
    if isinstance(step, Move):
        _move(case, step)
        return
    if case.closed:
        raise ConflictError("The case is closed; only reopening it or aftercare is possible.")
    if isinstance(step, SetScope):
        _scope(case, step)
    elif isinstance(step, SetLead) and step.partner not in case.scope:
        raise ConflictError("Only a partner in the scope of the case can lead it.")
    elif isinstance(step, AddSubject) and step.main and case.main:
        raise ConflictError("The case has a main subject already.")
    elif isinstance(step, SetAction):
        _action(case, step)


def _move(case: Case, step: Move) -> None:
    if step.to not in NEXT[case.phase]:
        raise ConflictError(
            "A case in phase {phase} cannot go to {to}; possible are: {next}.",
            phase=case.phase.value,
            to=step.to.value,
            next=", ".join(sorted(NEXT[case.phase])),
        )
    if (step.to is Phase.CLOSED) != (step.close_reason is not None):
        raise InputError("Closing a case needs one of the closing reasons, and only closing does.")
    if (step.to is Phase.SCALING_DOWN or case.closed) and not step.explained:
        raise InputError("Scaling down, reopening and aftercare of a closed case need a reason in words.")


def _scope(case: Case, step: SetScope) -> None:
    if step.partner == case.keeper:
        raise ConflictError("The partner that coordinates the case is always in its scope.")
    if step.inside == (step.partner in case.partners):
        raise ConflictError(
            "The partner is in the scope of the case already."
            if step.inside
            else "The partner is not in the scope of the case."
        )
    if not step.inside and step.partner == case.lead:
        raise ConflictError("The partner leads the case; name another lead first.")


def _action(case: Case, step: SetAction) -> None:
    known = case.actions.get(step.action)
    if known is not None and known.status is not ActionStatus.OPEN:
        raise ConflictError("The action is finished already.")
    if known is None and step.value.owner not in case.scope:
        raise ConflictError("Only a partner in the scope of the case can own an action.")
    if known is None and step.value.status is not ActionStatus.OPEN:
        raise InputError("A new action begins open.")


def evolve(case: Case, step: Step) -> Case:  # noqa: PLR0911 - a table
    """The case after ``step``. Never refuses: what is in the log happened."""
    match step:
        case Move():
            return replace(case, phase=step.to)
        case SetScope():
            partners = case.partners | {step.partner} if step.inside else case.partners - {step.partner}
            return replace(case, partners=partners)
        case SetLead():
            return replace(case, lead=step.partner)
        case AddSubject():
            return replace(case, subjects=case.subjects + 1, main=case.main or step.main)
        case SetGoal():
            return replace(case, goals={**case.goals, step.goal: step.reached})
        case SetAction():
            return replace(case, actions={**case.actions, step.action: step.value})
        case Allocate():
            return replace(case, allocations=case.allocations | {step.allocation})
        case SetReview():
            return replace(case, review_due=step.due)


# ---------------------------------------------------------------------------------------- triage


def decide_triage(earlier: Outcome | None, outcome: Outcome, *, case: bool, merged_with: bool) -> None:
    """Pass, or refuse: whether a signal may be judged so.

    Args:
        earlier: The outcome it had, if it was judged before.
        outcome: The new one.
        case: A case was named or is opened with it.
        merged_with: The signal it is merged with was named.

    Raises:
        ConflictError: It was judged for good before.
        InputError: The outcome needs, or does not bear, a case or another signal.
    """
    if earlier is not None and earlier not in OPEN_OUTCOMES:
        raise ConflictError("This signal was triaged already, with outcome {outcome}.", outcome=earlier.value)
    if (outcome is Outcome.CASE) != case:
        raise InputError("Name or open a case with the outcome CASUS, and only with that.")
    if (outcome is Outcome.MERGED) != merged_with:
        raise InputError("Name the other signal with the outcome SAMENGEVOEGD, and only with that.")
