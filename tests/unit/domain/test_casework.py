"""A case never leaves its phase graph, and a closed case does nothing but reopen or go into aftercare."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.domain.casework import (
    NEXT,
    OPEN_OUTCOMES,
    Action,
    ActionStatus,
    AddSubject,
    Allocate,
    Case,
    CloseReason,
    Move,
    Outcome,
    Phase,
    SetAction,
    SetGoal,
    SetLead,
    SetReview,
    SetScope,
    Step,
    decide,
    decide_triage,
    evolve,
)
from exchange.errors import ConflictError, InputError

NEW = Case(keeper="gemeente", lead="gemeente")
PARTNERS = st.sampled_from(["gemeente", "actium", "welzijn", "politie"])
IDS = st.integers(0, 3).map(lambda n: UUID(int=n))
ACTIONS = st.builds(
    Action,
    owner=PARTNERS,
    due=st.just(date(2026, 4, 1)),
    status=st.sampled_from(ActionStatus),
    agreement=st.none() | IDS,
)
MOVES = st.builds(
    Move,
    to=st.sampled_from(Phase),
    explained=st.booleans(),
    close_reason=st.none() | st.sampled_from(CloseReason),
)
STEPS: st.SearchStrategy[Step] = st.one_of(
    MOVES,
    st.builds(SetScope, partner=PARTNERS, inside=st.booleans()),
    st.builds(SetLead, partner=PARTNERS),
    st.builds(AddSubject, main=st.booleans()),
    st.builds(SetGoal, goal=IDS, reached=st.booleans()),
    st.builds(SetAction, action=IDS, value=ACTIONS),
    st.builds(Allocate, allocation=IDS),
    st.builds(SetReview, due=st.just(date(2026, 5, 1))),
)


def taken(case: Case, step: Step) -> Case | None:
    """The case after a step that was allowed; None when it was refused."""
    try:
        decide(case, step)
    except (ConflictError, InputError):
        return None
    return evolve(case, step)


@given(st.lists(STEPS, max_size=40))
def test_no_sequence_of_steps_leads_outside_the_phase_graph(steps: list[Step]) -> None:
    case = NEW
    for step in steps:
        after = taken(case, step)
        if after is None:
            continue
        if after.phase is not case.phase:
            assert after.phase in NEXT[case.phase]
            assert isinstance(step, Move)
        if case.closed:
            assert isinstance(step, Move)
            assert after.phase in {Phase.TRIAGE, Phase.AFTERCARE}
        case = after


@given(st.lists(STEPS, max_size=40))
def test_the_keeper_and_the_lead_are_always_in_scope_and_there_is_one_main_subject(steps: list[Step]) -> None:
    case, mains = NEW, 0
    for step in steps:
        after = taken(case, step)
        if after is not None:
            mains += isinstance(step, AddSubject) and step.main
            case = after
        assert {case.keeper, case.lead} <= case.scope
        assert mains <= 1


@given(st.lists(STEPS, max_size=40))
def test_a_finished_action_stays_finished_and_its_owner_was_in_scope(steps: list[Step]) -> None:
    case = NEW
    for step in steps:
        finished = {a for a, v in case.actions.items() if v.status is not ActionStatus.OPEN}
        after = taken(case, step)
        if after is None:
            continue
        assert all(after.actions[a] == case.actions[a] for a in finished)
        if isinstance(step, SetAction) and step.action not in case.actions:
            assert step.value.owner in case.scope
        case = after


def test_every_phase_is_reached_from_the_first_and_every_phase_can_be_closed() -> None:
    reached, edge = {Phase.SIGNALLED}, {Phase.SIGNALLED}
    while edge:
        edge = {after for phase in edge for after in NEXT[phase]} - reached
        reached |= edge
    assert reached == set(Phase)
    assert all(Phase.CLOSED in after for phase, after in NEXT.items() if phase is not Phase.CLOSED)


@pytest.mark.parametrize(
    ("phase", "step"),
    [
        (Phase.PLAN, Move(Phase.CLOSED)),
        (Phase.PLAN, Move(Phase.EXECUTION, close_reason=CloseReason.SOLVED)),
        (Phase.EXECUTION, Move(Phase.SCALING_DOWN)),
        (Phase.CLOSED, Move(Phase.TRIAGE)),
        (Phase.CLOSED, Move(Phase.AFTERCARE)),
    ],
    ids=["closing", "only closing", "scaling down", "reopening", "aftercare of a closed case"],
)
def test_what_has_to_be_explained_is_not_done_silently(phase: Phase, step: Move) -> None:
    with pytest.raises(InputError):
        decide(Case(keeper="gemeente", lead="gemeente", phase=phase), step)


@given(
    earlier=st.none() | st.sampled_from(Outcome),
    outcome=st.sampled_from(Outcome),
    case=st.booleans(),
    merged=st.booleans(),
)
def test_a_signal_is_judged_for_good_once_and_names_what_its_outcome_needs(
    *, earlier: Outcome | None, outcome: Outcome, case: bool, merged: bool
) -> None:
    try:
        decide_triage(earlier, outcome, case=case, merged_with=merged)
    except ConflictError:
        assert earlier not in {None, *OPEN_OUTCOMES}
    except InputError:
        assert (case, merged) != (outcome is Outcome.CASE, outcome is Outcome.MERGED)
    else:
        assert earlier is None or earlier in OPEN_OUTCOMES
        assert (case, merged) == (outcome is Outcome.CASE, outcome is Outcome.MERGED)
