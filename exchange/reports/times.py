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


def minute(moment: datetime) -> str:
    """A moment in Dutch time."""
    return moment.astimezone(HERE).strftime("%d-%m-%Y %H:%M")
