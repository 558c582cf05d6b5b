"""An objection restricts until it is rejected and the person was told; its term is a month, once two more."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.domain.objections import Command, Decide, Extend, Lift, Objection, Weighed, decide, evolve, received
from exchange.domain.workdays import answer_by, easter, holidays, working_day
from exchange.errors import ConflictError, InputError

MONDAY = date(2026, 3, 16)
days = st.integers(0, 150).map(lambda n: MONDAY + timedelta(days=n))
commands = st.one_of(
    st.builds(Extend, told_on=days),
    st.builds(Decide, outcome=st.sampled_from(Weighed), motivation=st.sampled_from(["", "  ", "Gewogen."])),
    st.builds(Lift, told_on=days, notice=st.sampled_from(["", "brief-7"])),
)


def test_an_objection_of_16_march_is_due_on_16_april_and_with_notice_on_16_june() -> None:
    objection = received(MONDAY, MONDAY)
    assert objection.due_on == date(2026, 4, 16)
    longer = evolve(objection, decide(objection, Extend(told_on=date(2026, 4, 10)), date(2026, 4, 10)))
    assert longer.due_on == date(2026, 6, 16)
    with pytest.raises(ConflictError):
        decide(longer, Extend(told_on=date(2026, 4, 11)), date(2026, 4, 11))


def test_who_hears_after_the_first_month_that_it_takes_longer_hears_too_late() -> None:
    objection = received(MONDAY, MONDAY)
    with pytest.raises(ConflictError, match="first month"):
        decide(objection, Extend(told_on=date(2026, 4, 17)), date(2026, 4, 17))
    with pytest.raises(InputError):
        decide(objection, Extend(told_on=date(2026, 4, 2)), date(2026, 4, 1))


@given(steps=st.lists(st.tuples(commands, days), max_size=10))
def test_nothing_lifts_a_restriction_before_a_rejection_with_reasons_and_a_notice(
    steps: list[tuple[Command, date]],
) -> None:
    state: Objection = received(MONDAY, MONDAY)
    decided = 0
    for command, today in steps:
        before = state
        try:
            state = evolve(state, decide(state, command, today))
        except (ConflictError, InputError):
            continue
        decided += isinstance(command, Decide)
        if isinstance(command, Lift):
            assert before.outcome is Weighed.REJECTED
            assert command.notice
            assert command.told_on <= today
        if isinstance(command, Decide):
            assert command.motivation.strip()
        assert state.received_on == MONDAY
        assert state.due_on in {answer_by(MONDAY, 1), answer_by(MONDAY, 3)}
    assert decided <= 1
    assert not state.lifted or state.outcome is Weighed.REJECTED


def test_an_objection_that_is_upheld_never_ends_in_free_use_and_the_refusal_says_what_follows() -> None:
    state = received(MONDAY, MONDAY)
    upheld = evolve(state, decide(state, Decide(Weighed.UPHELD, "Geen dwingende gronden."), MONDAY))
    with pytest.raises(ConflictError, match=r"upheld.*recall ITEM --everywhere --reason BEZWAAR_GEGROND"):
        decide(upheld, Lift(told_on=MONDAY, notice="brief-7"), MONDAY)


def test_an_objection_from_tomorrow_is_no_objection() -> None:
    with pytest.raises(InputError):
        received(MONDAY + timedelta(days=1), MONDAY)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 4, 27), date(2026, 4, 28)),  # Koningsdag
        (date(2026, 5, 25), date(2026, 5, 26)),  # Tweede Pinksterdag
        (date(2026, 4, 3), date(2026, 4, 7)),  # Goede Vrijdag to the Tuesday after Easter
        (date(2026, 4, 18), date(2026, 4, 20)),  # a Saturday
        (date(2025, 4, 26), date(2025, 4, 28)),  # Koningsdag on a Saturday, because the 27th is a Sunday
        (date(2026, 3, 16), date(2026, 3, 16)),
    ],
)
def test_a_term_for_answering_never_ends_on_a_day_off(day: date, expected: date) -> None:
    assert working_day(day) == expected


@pytest.mark.parametrize(("year", "expected"), [(2024, (3, 31)), (2025, (4, 20)), (2026, (4, 5)), (2038, (4, 25))])
def test_easter_falls_where_the_calendar_has_it(year: int, expected: tuple[int, int]) -> None:
    assert easter(year) == date(year, *expected)


@given(year=st.integers(1900, 9990))
def test_every_year_has_eight_or_nine_holidays_and_easter_is_a_sunday_in_spring(year: int) -> None:
    assert easter(year).weekday() == 6
    assert date(year, 3, 22) <= easter(year) <= date(year, 4, 25)
    assert 8 <= len(holidays(year)) <= 9  # Easter Monday can be Koningsdag, Ascension the fifth of May


@given(day=st.dates(date(2000, 1, 1), date(2200, 1, 1)))
def test_a_term_for_answering_is_never_shortened(day: date) -> None:
    assert day <= working_day(day) <= day + timedelta(days=6)
    assert answer_by(day, 1) > day
