"""Moments as they are written in the Netherlands, in Dutch time."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

HERE: Final = ZoneInfo("Europe/Amsterdam")


def day(moment: datetime | date) -> str:
    """A date as it is written in the Netherlands, in Dutch time."""
    local = moment.astimezone(HERE) if isinstance(moment, datetime) else moment
    return local.strftime("%d-%m-%Y")


def written(text: str | None) -> str:
    """A day of the API, 2027-01-09, as it is written in the Netherlands; a dash for none."""
    return day(date.fromisoformat(text)) if text else "-"


def minute(moment: datetime) -> str:
    """A moment in Dutch time."""
    return moment.astimezone(HERE).strftime("%d-%m-%Y %H:%M")
