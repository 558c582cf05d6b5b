"""What is owed after a message that acute danger did not let wait: who makes it good, how, and by when.

A vital interest (AVG 6(1)(d)) goes before a missing notice, weighing, training, chair or register entry; it does not do away with
them. Each is owed within 72 hours, by whoever acted, and counted until it is made good.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from exchange.domain.actors import Role
from exchange.errors import ConflictError

TERM: Final = timedelta(hours=72)
"""Hours that really pass: a clock change neither gives nor takes one."""


class Good(StrEnum):
    """What makes a duty good."""

    NOTICE = "notice"
    """The subject was told after all, of this recipient; or an exception was recorded or reviewed."""
    WEIGHING = "weighing"
    RELEASE = "release"
    """The chair looked at it after all."""
    TRAINING = "training"
    ACTIVITY = "activity"
    REASON = "reason"
    """None of these: a privacy officer says why it is left as it is."""


@dataclass(frozen=True, slots=True)
class DutyKind:
    """One kind of duty: whose list it stands on, and what makes it good."""

    role: Role
    good: Good


DUTIES: Final[Mapping[str, DutyKind]] = {
    "R12": DutyKind(Role.CHAIR, Good.RELEASE),
    "R13": DutyKind(Role.PRIVACY_OFFICER, Good.ACTIVITY),
    "R14": DutyKind(Role.WORKER, Good.NOTICE),
    "R15": DutyKind(Role.WORKER, Good.NOTICE),
    "R26": DutyKind(Role.WORKER, Good.TRAINING),
    "R33": DutyKind(Role.WORKER, Good.WEIGHING),
}
"""Code -> duty. The catalogue calls exactly these deferrable."""


@dataclass(frozen=True, slots=True)
class Duty:
    """One duty as the log tells it."""

    code: str
    due_at: datetime
    good: Good | None = None
    """How it was made good; ``None`` while it is open."""
    late: bool = False
    """Its alarm was raised."""


def fulfil(duty: Duty, good: Good) -> Duty:
    """The duty, made good.

    Raises:
        ConflictError: It was made good before, or something else makes it good.
    """
    if duty.good is not None:
        raise ConflictError("This duty was made good before.")
    if good not in {DUTIES[duty.code].good, Good.REASON}:
        raise ConflictError("Something else makes this duty good; see the list of duties.")
    return Duty(duty.code, duty.due_at, good, duty.late)


def overdue(duty: Duty, now: datetime) -> bool:
    """Whether its time is over and nobody was alarmed yet."""
    return duty.good is None and not duty.late and now > duty.due_at
