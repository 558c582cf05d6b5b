"""What may go on record and what not; an exception only ever lives as long as somebody looked."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.domain.facts import (
    Activity,
    ExceptionFact,
    decide_decision,
    decide_exception,
    decide_notice,
    decide_review,
)
from exchange.domain.retention import Period, local_day
from exchange.domain.vocabulary import Regime
from exchange.errors import ConflictError, InputError

TODAY = date(2026, 3, 2)
QUARTER = Period.parse("P13W")
days = st.dates(date(2020, 1, 1), date(2040, 12, 31))


def exception(review_on: date, ends_on: date | None = None) -> ExceptionFact:
    return ExceptionFact(
        id=UUID(int=1),
        subject=UUID(int=2),
        ground="UAVG_41_1_i",
        recipients=frozenset({"gemeente"}),
        review_on=review_on,
        ends_on=ends_on,
    )


def test_a_notice_is_recorded_on_the_day_it_was_given_or_later() -> None:
    decide_notice(TODAY, TODAY)
    decide_notice(date(2024, 2, 29), TODAY)
    with pytest.raises(InputError):
        decide_notice(TODAY + timedelta(days=1), TODAY)


@pytest.mark.parametrize(
    "flaw",
    [
        {"ground": "GEEN_ZIN"},
        {"ground": "WPG_27_1_a"},
        {"review_on": date(2026, 6, 2)},
        {"review_on": date(2099, 1, 1)},
        {"considerations": ["z"]},
        {"review_on": date(2026, 3, 1)},
        {"ends_on": date(2026, 3, 15)},
    ],
)
def test_a_flawed_exception_is_not_recorded(flaw: dict[str, Any]) -> None:
    lawful: dict[str, Any] = {
        "ground": "UAVG_41_1_i", "considerations": ["a", "h"], "review_on": date(2026, 3, 16), "ends_on": None, "today": TODAY,
        "regime": Regime.AVG, "longest": QUARTER,
    }  # fmt: skip
    decide_exception(**lawful)
    decide_exception(**{**lawful, "review_on": date(2026, 6, 1)})
    decide_exception(**{**lawful, "ground": "WPG_27_1_a", "regime": Regime.WPG})
    with pytest.raises(InputError):
        decide_exception(**{**lawful, **flaw})


@given(review=days, end=st.none() | days, outcome=st.sampled_from(["prolonged", "ended"]), to=st.none() | days,
       until=st.none() | days, today=days)  # fmt: skip
def test_a_review_prolongs_to_a_day_that_comes_or_ends_and_never_revives(
    review: date, end: date | None, outcome: str, to: date | None, until: date | None, today: date
) -> None:
    before = exception(review, end)
    try:
        after = decide_review(before, outcome, to, until, today=today, longest=QUARTER)
    except ConflictError:
        assert end is not None
        assert end < today
        return
    except InputError:
        assert outcome == "prolonged"
        return
    tomorrow = today + timedelta(days=1)
    if outcome == "ended":
        assert not after.holds_on(tomorrow)
        assert after.holds_on(today) == before.holds_on(today)
    else:
        assert after.review_on == to
        assert after.review_on <= QUARTER.after(today)
        assert after.holds_on(tomorrow)
        assert not after.holds_on(after.review_on + timedelta(days=1))
    assert after.ends_on is None or after.ends_on >= after.review_on


@pytest.mark.parametrize(
    "flaw",
    [
        {"ground": "AVG"},
        {"goal": "z"},
        {"authority": None},
        {"agreed_on": None},
        {"agreed_on": date(2026, 3, 3)},
        {"decided_on": date(2026, 3, 3)},
        {"valid_until": date(2026, 3, 1)},
        {"served": {"gemeente": ("WPG_20_1",), "actium": ("WPG_19",)}},
        {"served": {"actium": ()}},
    ],
)
def test_a_flawed_decision_is_not_registered(flaw: dict[str, Any]) -> None:
    lawful: dict[str, Any] = {
        "ground": "WPG_20_1", "goal": "c", "authority": "OVJ", "agreed_on": TODAY, "decided_on": TODAY,
        "valid_until": TODAY, "today": TODAY, "served": {"actium": ("WPG_19", "WPG_20_1")},
    }  # fmt: skip
    decide_decision(**lawful)
    with pytest.raises(InputError):
        decide_decision(**{**lawful, **flaw})


def test_wpg_16_and_18_need_no_agreement() -> None:
    for ground in ("WPG_16_1_b_2", "WPG_18_1"):
        decide_decision(
            ground, "b", authority=None, agreed_on=None, decided_on=TODAY, valid_until=TODAY, today=TODAY,
            served={"gemeente": (ground,)},
        )  # fmt: skip


def test_an_entry_of_the_register_covers_only_what_it_names() -> None:
    entry = Activity("urn:x", frozenset({"P0"}), frozenset({"A", "B"}), frozenset({"gemeente"}))
    assert entry.covers("P0", ["A"], "gemeente")
    assert entry.covers("P0", [], "gemeente")
    for wrong in (("P1", ["A"], "gemeente"), ("P0", ["A", "C"], "gemeente"), ("P0", ["A"], "welzijn")):
        assert not entry.covers(*wrong)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 3, 28, 22, 59, tzinfo=UTC), date(2026, 3, 28)),  # winter time: midnight is 23:00 UTC
        (datetime(2026, 3, 28, 23, 0, tzinfo=UTC), date(2026, 3, 29)),
        (datetime(2026, 3, 29, 21, 59, tzinfo=UTC), date(2026, 3, 29)),  # the day the clocks went forward
        (datetime(2026, 3, 29, 22, 0, tzinfo=UTC), date(2026, 3, 30)),
        (datetime(2026, 10, 25, 22, 59, tzinfo=UTC), date(2026, 10, 25)),  # the day they went back
        (datetime(2026, 10, 25, 23, 0, tzinfo=UTC), date(2026, 10, 26)),
        (datetime(2028, 2, 29, 12, 0, tzinfo=UTC), date(2028, 2, 29)),
    ],
)
def test_a_review_day_ends_at_midnight_in_amsterdam_also_when_the_clock_changes(moment: datetime, day: date) -> None:
    assert exception(day).holds_on(local_day(moment))
    assert not exception(day - timedelta(days=1)).holds_on(local_day(moment))


@pytest.mark.parametrize(
    ("start", "term", "last"),
    [
        (date(2026, 1, 31), "P1M", date(2026, 2, 28)),
        (date(2028, 1, 31), "P1M", date(2028, 2, 29)),
        (date(2028, 2, 29), "P12M", date(2029, 2, 28)),
        (date(2027, 2, 28), "P12M", date(2028, 2, 28)),
        (date(2026, 8, 31), "P6M", date(2027, 2, 28)),
        (date(2026, 12, 31), "P2W", date(2027, 1, 14)),
    ],
)
def test_terms_end_on_a_day_the_calendar_has(start: date, term: str, last: date) -> None:
    assert Period.parse(term).after(start) == last
