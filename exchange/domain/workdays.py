"""The last day of a term for answering people: never a Saturday, a Sunday or a public holiday.

Regulation 1182/71 article 3(4) for the terms of the GDPR; the holidays are those of the Algemene termijnenwet article 3 (general
knowledge, not read at the source). Ends of keeping are not lengthened: they stand in :mod:`exchange.domain.retention`.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from exchange.domain.retention import Period

_SATURDAY: Final = 5
_SUNDAY: Final = 6


def easter(year: int) -> date:
    """Easter Sunday in the Gregorian calendar (the anonymous algorithm)."""
    century, golden = year // 100, year % 19
    shift = (century - (8 * century + 13) // 25 - century // 4 + 19 * golden + 15) % 30
    moon = shift - (shift // 28) * (1 - (29 // (shift + 1)) * ((21 - golden) // 11))
    weekday = (year + year // 4 + moon + 2 - century + century // 4) % 7
    offset = moon - weekday
    month = 3 + (offset + 40) // 44
    return date(year, month, offset + 28 - 31 * (month // 4))


@lru_cache(maxsize=32)
def holidays(year: int) -> frozenset[date]:
    """The public holidays of a year in the Netherlands."""
    sunday = easter(year)
    king = date(year, 4, 27)
    fixed = (date(year, 1, 1), date(year, 5, 5), date(year, 12, 25), date(year, 12, 26))
    moving = (sunday + timedelta(days=days) for days in (-2, 1, 39, 50))  # Good Friday, Easter, Ascension, Whit Monday
    return frozenset({*fixed, *moving, king - timedelta(days=1) if king.weekday() == _SUNDAY else king})


def working_day(day: date) -> date:
    """``day`` itself, or the first working day after it."""
    while day.weekday() >= _SATURDAY or day in holidays(day.year):
        day += timedelta(days=1)
    return day


def answer_by(received_on: date, months: int) -> date:
    """The last day to answer what was received on a day (GDPR 12(3))."""
    return working_day(Period(months=months).after(received_on))
