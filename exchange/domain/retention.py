"""How long things are kept: ISO 8601 periods counted in days of Europe/Amsterdam.

A term counts local calendar days. ``due`` is the last day on which something is kept; destruction may start at the beginning
of the next local day, so nothing ever goes a moment early because of UTC or a clock change. Month ends clamp (31 January plus
one month is the last day of February), and so does 29 February. The weekend rule of Regulation 1182/71 lengthens terms for
answering people; it does not apply to the end of keeping.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from exchange.errors import InputError

AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
"""The one place where a date becomes a moment."""

_PERIOD: Final = re.compile(r"P(?:([0-9]{1,3})Y)?(?:([0-9]{1,4})M)?(?:([0-9]{1,4})W)?(?:([0-9]{1,5})D)?", re.ASCII)


class Trigger(StrEnum):
    """What a term starts with (domain reference (c), retention rule)."""

    RECEIPT = "ONTVANGST"
    FIRST_PROCESSING = "EERSTE_VERWERKING"
    LAST_CHANGE = "LAATSTE_WIJZIGING"
    END_OF_AGREEMENT = "EINDE_OVEREENKOMST"
    CASE_CLOSED = "AFSLUITING_CASUS"
    NOT_TAKEN_UP = "BESLUIT_NIET_OPPAKKEN"
    LAST_AUDIT = "LAATSTE_AUDIT"


@dataclass(frozen=True, slots=True)
class Period:
    """A calendar period; longer than nothing."""

    months: int = 0
    days: int = 0

    @classmethod
    @lru_cache(maxsize=1024)
    def parse(cls, text: str) -> Period:
        """From ISO 8601 (``P6W``, ``P2Y``, ``P1Y6M``); no times, no fractions.

        Raises:
            InputError: It is not such a period, or it is empty.
        """
        match = _PERIOD.fullmatch(text)
        years, months, weeks, days = (int(part or 0) for part in match.groups()) if match else (0, 0, 0, 0)
        period = cls(years * 12 + months, weeks * 7 + days)
        if period == cls():
            raise InputError("A term is an ISO 8601 period of whole days or more, such as P6W, P2Y or P1Y6M.")
        return period

    def after(self, day: date) -> date:
        """The day this period after ``day``: months first (clamped to the month's end), then days.

        Raises:
            InputError: The calendar ends before that day.
        """
        try:
            index = day.year * 12 + day.month - 1 + self.months
            year, month = index // 12, index % 12 + 1
            clamped = min(day.day, calendar.monthrange(year, month)[1])
            return date(year, month, clamped) + timedelta(days=self.days)
        except (ValueError, OverflowError, calendar.IllegalMonthError):
            raise InputError("The term ends after the year 9999.") from None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of one partner for one retention class.

    Attributes:
        code: Stable name of the rule; who-knows-what shows it.
        trigger: What the term starts with.
        period: How long after that.
        cap: At most this long after the first processing, whatever the trigger does; ``None`` for no cap.
    """

    code: str
    trigger: Trigger
    period: Period
    cap: Period | None = None


def local_day(moment: datetime) -> date:
    """The day in Amsterdam at an aware ``moment``.

    Raises:
        InputError: The moment has no time zone.
    """
    if moment.tzinfo is None:
        raise InputError("A moment without a time zone cannot be placed on the calendar.")
    return moment.astimezone(AMSTERDAM).date()


def due_on(period: Period, trigger: datetime) -> date:
    """The last day on which something is kept whose term of ``period`` started at ``trigger``."""
    return period.after(local_day(trigger))


def due(rule: Rule, moments: Mapping[Trigger, datetime]) -> date | None:
    """The last day of keeping under ``rule``, from what has happened so far; ``None`` while nothing started the term.

    Args:
        rule: The rule in force.
        moments: When each trigger last happened.
    """
    ends = []
    if rule.trigger in moments:
        ends.append(due_on(rule.period, moments[rule.trigger]))
    if rule.cap is not None and Trigger.FIRST_PROCESSING in moments:
        ends.append(due_on(rule.cap, moments[Trigger.FIRST_PROCESSING]))
    return min(ends, default=None)


def destroy_from(last_day: date) -> datetime:
    """The first moment (UTC) at which something with this last day may be destroyed: the next local midnight."""
    try:
        following = last_day + timedelta(days=1)
    except OverflowError:
        raise InputError("The term ends after the year 9999.") from None
    return datetime.combine(following, time.min, AMSTERDAM).astimezone(UTC)


def is_over(last_day: date, now: datetime) -> bool:
    """Whether the term is over at ``now``."""
    return now >= destroy_from(last_day)
