"""What has to be on record before personal data are shared, as decisions over plain facts.

A notice, an exception, a Wpg decision, an entry in the processing register. Pure: today's local day is handed in. ``decide``
functions refuse what cannot be recorded; what is on record and has run out is not forgotten but judged by the gates on the day of
each message.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from exchange.domain.retention import Period
from exchange.domain.vocabulary import WPG_GOALS, WPG_GROUNDS, WPG_NEEDS_AUTHORITY, Regime, excuses
from exchange.errors import ConflictError, InputError

CONSIDERATIONS = "abcdefgh"
"""UAVG 41(2)(a)-(h): what whoever invokes an exception has weighed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeFact:
    """The subject was told."""

    id: UUID
    subject: UUID
    given_on: date
    mode: str
    recipients: frozenset[str]
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionFact:
    """The subject is not told, for a reason that somebody looks at again."""

    id: UUID
    subject: UUID
    ground: str
    recipients: frozenset[str]
    """Slugs of the partners that it carries to."""
    review_on: date
    ends_on: date | None

    def holds_on(self, day: date) -> bool:
        """Whether it carries a message of that local day."""
        return day <= self.review_on and (self.ends_on is None or day <= self.ends_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionFact:
    """A Wpg decision."""

    id: UUID
    reference: str
    ground: str
    goal: str
    interest: str
    recipients: tuple[str, ...]
    categories: tuple[str, ...]
    fields: tuple[str, ...] | None
    agreed: bool
    decided_on: date
    valid_until: date
    conditions: tuple[str, ...]
    withdrawn: bool = False


def decide_notice(given_on: date, today: date) -> None:
    """Article 10.1: a notice is recorded when it was given.

    Raises:
        InputError: It lies in the future.
    """
    if given_on > today:
        raise InputError("A notice is recorded after it was given; this day has still to come.")


def decide_happened(on: date, today: date) -> None:
    """What was observed, or told by other means, is put on record afterwards: a day to come makes a datum younger than it is.

    Raises:
        InputError: It lies in the future.
    """
    if on > today:
        raise InputError("Something is recorded after it happened; the day that was given has still to come.")


def decide_exception(
    ground: str,
    considerations: Iterable[str],
    review_on: date,
    ends_on: date | None,
    *,
    regime: Regime,
    today: date,
    longest: Period,
) -> None:
    """UAVG 41, AVG 14(5), Wpg 27: a ground of the law, a review that is still to come, and the considerations of 41(2).

    ``regime`` is the law of who invokes it, ``longest`` what the covenant allows without a review.

    Raises:
        InputError: One of them is missing or contradicts another.
    """
    if not excuses(ground, regime):
        raise InputError(
            "That is no ground not to inform somebody; see UAVG 41(1) and GDPR 14(5), and for the police Wpg 27(1)."
        )
    if review_on < today:
        raise InputError("The day of review has passed; choose today or later.")
    _soon(review_on, today, longest)
    if ends_on is not None and ends_on < review_on:
        raise InputError("An exception does not end before its review; choose an earlier review.")
    if not set(considerations) <= set(CONSIDERATIONS):
        raise InputError("The considerations of UAVG 41(2) are named by the letters a to h.")


def _soon(review_on: date, today: date, longest: Period) -> None:
    if review_on > longest.after(today):
        raise InputError(
            "The review is too far away; the covenant lets an exception hold until {last} without one.",
            last=longest.after(today).isoformat(),
        )


def decide_review(
    fact: ExceptionFact, outcome: str, review_on: date | None, ends_on: date | None, *, today: date, longest: Period
) -> ExceptionFact:
    """UAVG 41: whether the reason still exists; prolonged until a next review, or ended with this day.

    Raises:
        ConflictError: It ended before.
        InputError: The next review is missing, passed, or after the end.
    """
    if fact.ends_on is not None and fact.ends_on < today:
        raise ConflictError("This exception has ended; invoke a new one if there is a new reason.")
    if outcome == "ended":
        return replace(fact, review_on=min(fact.review_on, today), ends_on=today)
    end = ends_on if ends_on is not None else fact.ends_on
    if review_on is None or review_on <= today:
        raise InputError("Give the day of the next review; it lies after today.")
    _soon(review_on, today, longest)
    if end is not None and end < review_on:
        raise InputError("An exception does not end before its review; choose an earlier review.")
    return replace(fact, review_on=review_on, ends_on=end)


def decide_decision(
    ground: str,
    goal: str,
    *,
    authority: str | None,
    agreed_on: date | None,
    decided_on: date,
    valid_until: date,
    today: date,
    served: Mapping[str, Sequence[str]],
) -> None:
    """Wpg 16, 18, 19, 20(2): a ground and a goal of the law, in agreement with the competent authority where it asks for that.

    ``served`` gives for each recipient the grounds on which the covenant lets the police give to it.

    Raises:
        InputError: One of them is missing, the ground serves one of the recipients not, or the decision is over or not yet taken.
    """
    if ground not in WPG_GROUNDS or goal not in WPG_GOALS:
        raise InputError(
            "That is no ground or goal of Wpg 16, 18, 19 or 20. Grounds: {grounds}; goals: {goals}.",
            grounds=", ".join(WPG_GROUNDS),
            goals=", ".join(WPG_GOALS),
        )
    for recipient, grounds in served.items():
        if ground not in grounds:
            raise InputError(
                "The covenant lets no police data go to {recipient} on {ground}; on: {grounds}.",
                recipient=recipient,
                ground=ground,
                grounds=", ".join(grounds) or "-",
            )
    if ground in WPG_NEEDS_AUTHORITY and (authority is None or agreed_on is None):
        raise InputError(
            "Wpg 19 and 20(1) ask for the agreement of the competent authority: name it, and the day it agreed."
        )
    if decided_on > today:
        raise InputError("A decision is registered after it was taken; this day has still to come.")
    if agreed_on is not None and agreed_on > today:
        raise InputError("The competent authority cannot have agreed on a day that has still to come.")
    if valid_until < today:
        raise InputError("This decision is no longer valid; its last day has passed.")


@dataclass(frozen=True, slots=True)
class Activity:
    """One live entry of the processing register (article 13.1, AVG 30)."""

    uri: str
    purposes: frozenset[str]
    categories: frozenset[str]
    recipients: frozenset[str]

    def covers(self, purpose: str, categories: Iterable[str], recipient: str) -> bool:
        """Whether a message falls under it."""
        return purpose in self.purposes and recipient in self.recipients and self.categories.issuperset(categories)
