"""Only who gave an item says something about it, and only who was told answers; done stays done."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.domain.corrections import (
    GROUNDS,
    LATER,
    Answer,
    Held,
    Outcome,
    Telling,
    Told,
    admit,
    admit_answer,
    decide,
    due_on,
    evolve,
)
from exchange.domain.retention import Period
from exchange.errors import ConflictError, InputError

TODAY = date(2026, 3, 10)
answers = st.builds(
    Answer,
    outcome=st.sampled_from(Outcome),
    ground=st.none() | st.sampled_from([*sorted(frozenset().union(*GROUNDS.values())), "VERZONNEN"]),
    set_aside=st.booleans(),
)
held = st.none() | st.builds(Held, giver=st.sampled_from(["actium", "welzijn"]), erased=st.booleans())


@given(telling=st.sampled_from(Telling), attempts=st.lists(answers, max_size=8))
def test_whatever_is_answered_done_is_final_and_a_refusal_stands_on_a_ground_of_the_law(
    telling: Telling, attempts: list[Answer]
) -> None:
    state, taken = Told(telling, TODAY), []
    for attempt in attempts:
        try:
            state = evolve(state, decide(state, attempt))
        except (ConflictError, InputError):
            continue
        taken.append(attempt)
    told = [(a.outcome, a.set_aside) for a in taken]
    assert len(set(told)) == len(told)
    assert [outcome for outcome, _ in told].count(Outcome.DONE) <= 1
    assert (Outcome.DONE, False) not in told[:-1]
    assert all(telling is Telling.RECALLED and outcome is Outcome.REFUSED for outcome, aside in told if aside)
    assert told != [(Outcome.REFUSED, True), (Outcome.REFUSED, False)]  # what is used again is not quietly kept apart
    assert all(a.ground in GROUNDS[telling] for a in taken if a.outcome is Outcome.REFUSED)
    assert all(a.ground is None for a in taken if a.outcome is Outcome.DONE)


@given(named=st.lists(held, max_size=6), missing=st.booleans())
def test_nothing_is_taken_about_an_item_that_the_teller_did_not_give(named: list[Held | None], missing: bool) -> None:  # noqa: FBT001 - hypothesis names it
    outcome = admit("actium", named, missing=missing)
    strangers = [h for h in named if h is not None and h.giver != "actium"]
    if strangers or not named:
        assert outcome == {"R21"}
    elif None in named:
        assert outcome == (LATER if missing else {"R21"})
    elif all(h is not None and h.erased for h in named):
        assert outcome == {"R19"}
    else:
        assert outcome == frozenset()


@given(answer=answers, telling=st.sampled_from(Telling))
def test_an_answer_by_a_partner_that_was_never_told_is_refused_whatever_it_says(
    answer: Answer, telling: Telling
) -> None:
    told = Told(telling, TODAY)
    assert admit_answer("gemeente", "welzijn", told, answer) == {"R21"}
    assert admit_answer(None, "welzijn", None, answer) == {"R21"}


def test_a_refusal_without_a_ground_of_the_law_is_refused_and_a_repeated_answer_changes_nothing() -> None:
    told = Told(Telling.RECALLED, TODAY)
    assert admit_answer("gemeente", "gemeente", told, Answer(Outcome.REFUSED)) == {"R23"}
    assert admit_answer("gemeente", "gemeente", told, Answer(Outcome.REFUSED, "AVG_17_3_e")) == frozenset()
    done = evolve(told, Answer(Outcome.DONE))
    assert admit_answer("gemeente", "gemeente", done, Answer(Outcome.DONE)) == frozenset()
    with pytest.raises(ConflictError):
        decide(done, Answer(Outcome.REFUSED, "AVG_17_3_e"))


def test_what_is_not_answered_on_the_last_day_is_overdue_the_day_after() -> None:
    told = Told(Telling.CORRECTED, due_on(TODAY, Period.parse("P2W")))
    assert told.due_on == date(2026, 3, 24)
    assert not told.overdue(told.due_on)
    assert told.overdue(told.due_on + timedelta(days=1))
    assert not evolve(told, Answer(Outcome.DONE)).overdue(told.due_on + timedelta(days=1))
