"""What was exchanged turns out wrong, unlawful or contested: what a partner has to be told, and what it owes then.

A *telling* is one message to one partner about items it got from us: corrected (GDPR 16, 19), recalled (Wpg 4(4), GDPR 17, 19),
restricted or lifted (GDPR 18, 19). The partner's node takes it at once; a person there answers: done, or refused on a ground of
the law. Only the partner that gave an item may tell something about it. Pure: no clock, no I/O.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum, StrEnum
from typing import Final

from exchange.domain.retention import Period
from exchange.domain.vocabulary import KEEP_GROUNDS
from exchange.errors import ConflictError, InputError


class Telling(StrEnum):
    """What a partner is told about items it holds."""

    CORRECTED = "corrected"
    RECALLED = "recalled"
    RESTRICTED = "restricted"
    LIFTED = "lifted"


class Outcome(StrEnum):
    """What a person at the recipient answers."""

    DONE = "done"
    REFUSED = "refused"


class Action(StrEnum):
    """What a recall asks for; until somebody answered, the items are restricted either way."""

    ERASE = "ERASE"
    RESTRICT = "RESTRICT"


GROUNDS: Final[Mapping[Telling, frozenset[str]]] = {
    Telling.CORRECTED: frozenset({"AVG_5_1_d", "WPG_28"}),
    Telling.RECALLED: frozenset(KEEP_GROUNDS) - {"AVG_5_1_d", "AVG_18_2"},
    Telling.RESTRICTED: frozenset({"AVG_18_2", "AVG_21_1", "WPG_28"}),
    Telling.LIFTED: frozenset(),
}
"""On which grounds of the law a recipient may refuse each telling."""


# ---------------------------------------------------------------------------------------- answering


@dataclass(frozen=True, slots=True)
class Told:
    """One telling and what came of it; the same at both sides."""

    telling: Telling
    due_on: date
    """Last day to answer."""
    outcome: Outcome | None = None
    ground: str | None = None
    set_aside: bool = False
    """Of a recall that was refused: the items may be used again."""

    def overdue(self, today: date) -> bool:
        """Whether an answer should have come by now."""
        return self.outcome is None and today > self.due_on


@dataclass(frozen=True, slots=True)
class Answer:
    """A person at the recipient says what was done; also the event that this was so."""

    outcome: Outcome
    ground: str | None = None
    set_aside: bool = False
    """Of a refused recall: the restriction that it put on the items ends with the answer, or after it."""


def due_on(told_on: date, within: Period) -> date:
    """The last day to answer something told on a day."""
    return within.after(told_on)


def decide(state: Told, answer: Answer) -> Answer:
    """Whether this answer counts; a refusal may still become done, or set the recall aside, and done stays done.

    Raises:
        ConflictError: It was answered before.
        InputError: A refusal without a ground that the law gives for this telling, or a ground without a refusal; or what
            may not be used again is.
    """
    news = answer.set_aside and not state.set_aside
    if state.outcome is Outcome.DONE or (state.outcome is answer.outcome and not news):
        raise ConflictError("This was answered before.")
    if answer.set_aside and not (state.telling is Telling.RECALLED and answer.outcome is Outcome.REFUSED):
        raise InputError(
            "Only what was recalled, and is kept on a ground of the law, may be used again by whoever holds it;"
            " any other restriction is for the partner that set it to lift."
        )
    allowed = GROUNDS[state.telling]
    if answer.outcome is Outcome.DONE and answer.ground is not None:
        raise InputError("A ground belongs to a refusal; leave it out when it was done.")
    if answer.outcome is Outcome.REFUSED and answer.ground not in allowed:
        raise InputError(
            "A refusal needs a ground of the law; for this the grounds are: {grounds}.",
            grounds=", ".join(sorted(allowed)) or "-",
        )
    return answer


def evolve(state: Told, event: Answer) -> Told:
    """The state after an answer."""
    return replace(state, outcome=event.outcome, ground=event.ground, set_aside=event.set_aside)


# ---------------------------------------------------------------------------------------- admitting what a partner tells


@dataclass(frozen=True, slots=True)
class Held:
    """An item on record that a partner's message names."""

    giver: str
    """Slug of the partner it was received from."""
    erased: bool = False


class Later(Enum):
    """Not now: what it is about may still be on its way."""

    LATER = "later"


LATER: Final = Later.LATER


def admit(teller: str, named: Sequence[Held | None], *, missing: bool) -> frozenset[str] | Later:
    """The refusal codes against a message of ``teller`` about items; empty when it is taken.

    Args:
        teller: Who sent it.
        named: What is on record of each item it names; None for an item that is not.
        missing: Whether earlier messages of this partner have not arrived yet.
    """
    if any(held is not None and held.giver != teller for held in named) or not named:
        return frozenset({"R21"})
    if any(held is None for held in named):
        return LATER if missing else frozenset({"R21"})
    if all(held is not None and held.erased for held in named):
        return frozenset({"R19"})
    return frozenset()


def admit_answer(told_to: str | None, answerer: str, state: Told | None, answer: Answer) -> frozenset[str]:
    """The refusal codes against a partner's answer: only whom we told something may answer, and only as the law allows.

    An answer that was given before is taken and changes nothing.
    """
    if told_to != answerer or state is None:
        return frozenset({"R21"})
    try:
        decide(state, answer)
    except ConflictError:
        return frozenset()
    except InputError:
        return frozenset({"R23"})
    return frozenset()
