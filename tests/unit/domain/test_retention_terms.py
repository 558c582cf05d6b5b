"""Terms end on the right day in Amsterdam: month ends, leap days, clock changes, and never a moment early."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.domain.retention import AMSTERDAM, Period, Rule, Trigger, destroy_from, due, due_on, is_over, local_day
from exchange.errors import InputError


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "months", "days"),
    [("P6W", 0, 42), ("P2Y", 24, 0), ("P1Y6M", 18, 0), ("P1Y2M3W4D", 14, 25), ("P90D", 0, 90), ("P15Y", 180, 0)],
)
def test_a_period_reads_as_months_and_days(text: str, months: int, days: int) -> None:
    assert Period.parse(text) == Period(months, days)


@pytest.mark.parametrize(
    "text", ["", "P", "P0D", "P0Y0M", "6W", "P6", "PT5H", "P1.5Y", "P-1D", "p6w", "P1M1Y", "P6W ", "P٦W", "P99999Y"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        Period.parse(text)


@pytest.mark.parametrize(
    ("start", "period", "expected"),
    [
        ("2026-03-02T08:00:00", "P6W", date(2026, 4, 13)),
        ("2026-01-31T12:00:00", "P1M", date(2026, 2, 28)),
        ("2024-01-31T12:00:00", "P1M", date(2024, 2, 29)),
        ("2024-02-29T12:00:00", "P1Y", date(2025, 2, 28)),
        ("2024-02-29T12:00:00", "P4Y", date(2028, 2, 29)),
        ("2026-10-31T12:00:00", "P1M", date(2026, 11, 30)),
        ("2025-12-31T23:30:00", "P1Y", date(2027, 1, 1)),  # 00:30 on New Year's day in Amsterdam
        ("2026-06-30T21:59:59", "P1M", date(2026, 7, 30)),
        ("2026-06-30T22:00:00", "P1M", date(2026, 8, 1)),  # midnight, summer time
        ("2026-12-31T12:00:00", "P1M", date(2027, 1, 31)),
    ],
)
def test_a_term_ends_on_the_local_day(start: str, period: str, expected: date) -> None:
    assert due_on(Period.parse(period), at(start)) == expected


@pytest.mark.parametrize(
    ("last_day", "moment"),
    [
        (date(2026, 4, 13), "2026-04-13T22:00:00"),  # summer time
        (date(2026, 1, 5), "2026-01-05T23:00:00"),  # winter time
        (date(2026, 3, 28), "2026-03-28T23:00:00"),  # the clock goes forward that night
        (date(2026, 3, 29), "2026-03-29T22:00:00"),
        (date(2026, 10, 24), "2026-10-24T22:00:00"),  # the clock goes back that night
        (date(2026, 10, 25), "2026-10-25T23:00:00"),
        (date(2037, 12, 31), "2037-12-31T23:00:00"),
        (date(2038, 6, 30), "2038-06-30T22:00:00"),  # beyond 32-bit time
    ],
)
def test_destruction_starts_at_the_next_local_midnight(last_day: date, moment: str) -> None:
    assert destroy_from(last_day) == at(moment)
    assert not is_over(last_day, at(moment) - timedelta(milliseconds=1))
    assert is_over(last_day, at(moment))


moments = st.datetimes(datetime(1950, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis asks naive bounds
periods = st.builds(Period, st.integers(0, 240), st.integers(0, 400)).filter(lambda p: p != Period())


@given(moments, periods)
def test_nothing_goes_before_its_term_is_over(start: datetime, period: Period) -> None:
    end = destroy_from(due_on(period, start))
    assert end > start
    assert end - start >= timedelta(days=period.days) - timedelta(hours=1)  # a term over spring is an hour shorter
    assert end.astimezone(AMSTERDAM).hour == 0


@given(moments, moments, periods)
def test_a_later_start_never_ends_earlier(one: datetime, other: datetime, period: Period) -> None:
    early, late = sorted([one, other])
    assert due_on(period, early) <= due_on(period, late)


@given(moments, st.integers(1, 600))
def test_months_keep_the_day_or_clamp_to_the_end(start: datetime, months: int) -> None:
    day = local_day(start)
    end = Period(months).after(day)
    assert (end.year * 12 + end.month) - (day.year * 12 + day.month) == months
    assert end.day == min(day.day, calendar.monthrange(end.year, end.month)[1])


def test_a_term_that_nothing_started_has_no_end() -> None:
    rule = Rule("casus", Trigger.CASE_CLOSED, Period(12))
    assert due(rule, {Trigger.FIRST_PROCESSING: at("2026-03-02T08:00:00")}) is None


def test_the_cap_ends_a_term_that_nothing_else_ends_and_shortens_a_longer_one() -> None:
    rule = Rule("casus", Trigger.CASE_CLOSED, Period(12), Period(60))
    first = {Trigger.FIRST_PROCESSING: at("2026-03-02T08:00:00")}
    assert due(rule, first) == date(2031, 3, 2)
    assert due(rule, {**first, Trigger.CASE_CLOSED: at("2027-01-10T08:00:00")}) == date(2028, 1, 10)
    assert due(rule, {**first, Trigger.CASE_CLOSED: at("2031-01-10T08:00:00")}) == date(2031, 3, 2)


def test_the_end_of_the_calendar_is_one_clear_error() -> None:
    with pytest.raises(InputError):
        Period(12 * 999).after(date(9500, 1, 1))
    with pytest.raises(InputError):
        Period(0, 99_999).after(date(9999, 1, 1))
    with pytest.raises(InputError):
        destroy_from(date.max)


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(InputError):
        local_day(datetime(2026, 3, 2))  # noqa: DTZ001 - that is the point
