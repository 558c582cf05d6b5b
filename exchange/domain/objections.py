"""An objection (GDPR 21) and the restriction that follows from it (GDPR 18(1)(d)): weighed within a month, lifted if rejected.

Received -> everything about the person may only be stored -> weighed, with reasons. Rejected, because compelling grounds outweigh
it: the person is told (GDPR 18(3)) -> lifted. Upheld: the use has ended (GDPR 21(1)), so the restriction stays; what was given is
asked back and goes (GDPR 17(1)(c), 19). The month may be lengthened once by two more, when the person hears why within the first
(GDPR 12(3)). Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final

from exchange.domain.workdays import answer_by
from exchange.errors import ConflictError, InputError

FIRST_MONTHS: Final = 1
"""GDPR 12(3): without delay, at most one month."""
LONGEST_MONTHS: Final = 3
"""GDPR 12(3): two months more where needed."""


class Weighed(StrEnum):
    """How it was weighed."""

    UPHELD = "upheld"
    """No compelling grounds: the data are not used any more (GDPR 21(1))."""
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Objection:
    """One objection."""

    received_on: date
    due_on: date
    extended: bool = False
    outcome: Weighed | None = None
    lifted: bool = False

    def overdue(self, today: date) -> bool:
        """Whether it should have been weighed by now."""
        return self.outcome is None and today > self.due_on


@dataclass(frozen=True, slots=True)
class Extend:
    """More time is needed; the person was told why, on this day."""

    told_on: date


@dataclass(frozen=True, slots=True)
class Decide:
    """It was weighed."""

    outcome: Weighed
    motivation: str


@dataclass(frozen=True, slots=True)
class Lift:
    """The data may be used again; the person was told beforehand, on this day."""

    told_on: date
    notice: str
    """Reference of what the person was told."""


@dataclass(frozen=True, slots=True)
class Extended:
    """The new last day."""

    due_on: date


@dataclass(frozen=True, slots=True)
class Decided:
    """How it was weighed."""

    outcome: Weighed


@dataclass(frozen=True, slots=True)
class Lifted:
    """It may be used again."""


Command = Extend | Decide | Lift
Event = Extended | Decided | Lifted


def received(received_on: date, today: date) -> Objection:
    """A new objection.

    Raises:
        InputError: It was received after today.
    """
    if received_on > today:
        raise InputError("An objection cannot have been received after today.")
    return Objection(received_on, answer_by(received_on, FIRST_MONTHS))


def decide(state: Objection, command: Command, today: date) -> Event:
    """What follows from a command.

    Raises:
        ConflictError: It does not fit where the objection stands.
        InputError: Something the law asks for is missing.
    """
    if isinstance(command, Extend):
        return _extend(state, command, today)
    if isinstance(command, Decide):
        if state.outcome is not None:
            raise ConflictError("This objection was weighed before.")
        if not command.motivation.strip():
            raise InputError("Give the reasons for the decision on the objection (GDPR 12(4), 21(1)).")
        return Decided(command.outcome)
    return _lift(state, command, today)


def _extend(state: Objection, command: Extend, today: date) -> Extended:
    if state.extended or state.outcome is not None:
        raise ConflictError("The term of an objection is lengthened at most once, and not after the decision.")
    if command.told_on > today:
        raise InputError("Give the day on which the person was told; it cannot lie after today.")
    if not state.received_on <= command.told_on <= state.due_on:
        raise ConflictError("The person must hear within the first month that and why it takes longer (GDPR 12(3)).")
    return Extended(answer_by(state.received_on, LONGEST_MONTHS))


def _lift(state: Objection, command: Lift, today: date) -> Lifted:
    if state.lifted:
        raise ConflictError("This restriction was lifted before.")
    if state.outcome is None:
        raise ConflictError("Weigh the objection first; until then the data may only be stored (GDPR 18(1)(d)).")
    if state.outcome is Weighed.UPHELD:
        raise ConflictError(
            "The objection was upheld, so the data are not used again and the restriction stays (GDPR 21(1))."
            " Ask back what was given: exchange recall ITEM --everywhere --reason BEZWAAR_GEGROND"
        )
    if not command.notice.strip() or command.told_on > today:
        raise InputError("Tell the person first that the restriction ends, and give the reference (GDPR 18(3)).")
    return Lifted()


def evolve(state: Objection, event: Event) -> Objection:
    """The state after an event."""
    if isinstance(event, Extended):
        return replace(state, due_on=event.due_on, extended=True)
    if isinstance(event, Decided):
        return replace(state, outcome=event.outcome)
    return replace(state, lifted=True)
