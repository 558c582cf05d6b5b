"""What is on record about whom, in memory: notices, exceptions, Wpg decisions, trainings, the processing register, restrictions.

Who a fact is about stands sealed in the log; after unlock it is unsealed once and kept here, as the register of people is. What
is shredded is forgotten here as well.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from typing import Any, Final
from uuid import UUID

from exchange.domain import events as e
from exchange.domain.event import Event, Gone
from exchange.domain.facts import Activity, DecisionFact, ExceptionFact, NoticeFact

TOPICS: Final = (
    "notice/given/1",
    "exception/invoked/1",
    "exception/invoked/2",
    "exception/reviewed/1",
    "wpg-decision/registered/1",
    "wpg-decision/withdrawn/1",
    "training/followed/1",
    "activity/registered/1",
    "activity/registered/2",
    "activity/ended/1",
    "restriction/set/1",
    "restriction/lifted/1",
    "duty/arisen/1",
    "duty/fulfilled/1",
)
"""What this fold reads; everything else in the log may be skipped."""


class Factbook:
    """The fold; ``evolve`` takes events in log order. The writer's thread evolves while others ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.notices: dict[UUID, NoticeFact] = {}
        self.exceptions: dict[UUID, ExceptionFact] = {}
        self.decisions: dict[UUID, DecisionFact] = {}
        self.activities: dict[UUID, Activity] = {}
        """Entry -> its version in force."""
        self.owed: dict[UUID, UUID] = {}
        """Open duty -> subject."""
        self._trained: dict[UUID, date] = {}
        self._notices_of: dict[UUID, list[UUID]] = {}
        self._restricted: dict[UUID, UUID] = {}
        """Live restriction of everything about somebody -> subject."""
        self._restricted_items: set[UUID] = set()
        """Live restrictions of a single item."""
        self._keys: dict[str, list[tuple[dict[UUID, Any], UUID]]] = {}
        """Key -> what goes when it goes."""

    def evolve(self, event: Event) -> None:
        """Take one event in; shredded ones add nothing."""
        take = _TAKE.get(type(event))
        if take is not None:
            with self._lock:
                take(self, event)

    def forget(self, key_ids: Iterable[str]) -> None:
        """Drop whatever was sealed under these keys."""
        with self._lock:
            for key_id in key_ids:
                for table, fact in self._keys.pop(key_id, ()):
                    table.pop(fact, None)

    # ------------------------------------------------------------------------------------ questions

    def trained_on(self, actor: UUID) -> date | None:
        """The last privacy training of an actor."""
        return self._trained.get(actor)

    def registered(self, purpose: str, categories: Iterable[str], recipient: str) -> bool:
        """Whether a live entry of the processing register covers this."""
        wanted = frozenset(categories)
        with self._lock:
            return any(entry.covers(purpose, wanted, recipient) for entry in self.activities.values())

    def restricts(self, subjects: Iterable[UUID]) -> bool:
        """Whether everything about one of these entries may only be stored."""
        if not self._restricted:
            return False
        wanted = set(subjects)
        with self._lock:
            return any(subject in wanted for subject in self._restricted.values())

    @property
    def restricts_items(self) -> bool:
        """Whether any single item may only be stored."""
        return bool(self._restricted_items)

    def notices_of(self, subjects: Iterable[UUID]) -> list[NoticeFact]:
        """What was told to whoever these entries are, oldest first."""
        with self._lock:
            ids = [notice for subject in subjects for notice in self._notices_of.get(subject, ())]
            return [self.notices[notice] for notice in ids if notice in self.notices]

    def exceptions_of(self, subjects: Iterable[UUID]) -> list[ExceptionFact]:
        """Why whoever these entries are was not told."""
        wanted = set(subjects)
        with self._lock:
            return [fact for fact in self.exceptions.values() if fact.subject in wanted]

    def owed_for(self, subjects: Iterable[UUID]) -> list[UUID]:
        """Open duties about these entries."""
        wanted = set(subjects)
        with self._lock:
            return [duty for duty, subject in self.owed.items() if subject in wanted]

    def concerned(self) -> set[UUID]:
        """Entries of whom something is still owed, or about whom everything may only be stored."""
        with self._lock:
            return {*self.owed.values(), *self._restricted.values()}

    # ------------------------------------------------------------------------------------ taking in

    def _put(self, table: dict[UUID, Any], fact: UUID, value: Any, key_id: str) -> None:
        table[fact] = value
        self._keys.setdefault(key_id, []).append((table, fact))

    def _notice(self, event: e.NoticeGiven) -> None:
        if isinstance(event.subject, Gone) or isinstance(event.given_on, Gone) or isinstance(event.mode, Gone):
            return
        if isinstance(event.recipients, Gone) or isinstance(event.reference, Gone):
            return
        fact = NoticeFact(
            id=event.originator_id,
            subject=event.subject,
            given_on=date.fromisoformat(event.given_on),
            mode=event.mode,
            recipients=frozenset(event.recipients),
            reference=event.reference,
        )
        self._put(self.notices, fact.id, fact, event.key_id)
        self._notices_of.setdefault(fact.subject, []).append(fact.id)

    def _exception(self, event: e.ExceptionInvokedForAnybody) -> None:
        recipients = event.recipients if isinstance(event, e.ExceptionInvoked) else []
        if isinstance(event.subject, Gone) or isinstance(event.ground, Gone):
            return
        fact = ExceptionFact(
            id=event.originator_id,
            subject=event.subject,
            ground=event.ground,
            recipients=frozenset() if isinstance(recipients, Gone) else frozenset(recipients),
            review_on=date.fromisoformat(event.review_on),
            ends_on=_day(event.ends_on),
        )
        self._put(self.exceptions, fact.id, fact, event.key_id)

    def _reviewed(self, event: e.ExceptionReviewed) -> None:
        known = self.exceptions.get(event.originator_id)
        if known is not None:
            self.exceptions[known.id] = replace(
                known, review_on=date.fromisoformat(event.review_on), ends_on=_day(event.ends_on)
            )

    def _decision(self, event: e.WpgDecisionRegistered) -> None:
        if isinstance(event.reference, Gone) or isinstance(event.interest, Gone):
            return
        fact = DecisionFact(
            id=event.originator_id,
            reference=event.reference,
            ground=event.ground,
            goal=event.goal,
            interest=event.interest,
            recipients=event.recipients,
            categories=event.categories,
            fields=event.fields,
            agreed=event.agreed_on is not None,
            decided_on=date.fromisoformat(event.decided_on),
            valid_until=date.fromisoformat(event.valid_until),
            conditions=() if isinstance(event.conditions, Gone) else tuple(event.conditions),
        )
        self._put(self.decisions, fact.id, fact, event.key_id)

    def _withdrawn(self, event: e.WpgDecisionWithdrawn) -> None:
        known = self.decisions.get(event.originator_id)
        if known is not None:
            self.decisions[known.id] = replace(known, withdrawn=True)

    def _training(self, event: e.TrainingFollowed) -> None:
        day = date.fromisoformat(event.followed_on)
        self._trained[event.actor] = max(day, self._trained.get(event.actor, day))

    def _activity(self, event: e.RegisteredActivity) -> None:
        self.activities[event.originator_id] = Activity(
            event.activity, frozenset(event.purposes), frozenset(event.categories), frozenset(event.recipients)
        )

    def _activity_ended(self, event: e.ActivityEnded) -> None:
        self.activities.pop(event.originator_id, None)

    def _restriction(self, event: e.RestrictionSet) -> None:
        if event.item is not None:
            self._restricted_items.add(event.originator_id)
        if not isinstance(event.subject, Gone) and event.subject is not None:
            self._put(self._restricted, event.originator_id, event.subject, event.key_id)

    def _lifted(self, event: e.RestrictionLifted) -> None:
        self._restricted.pop(event.originator_id, None)
        self._restricted_items.discard(event.originator_id)

    def _duty(self, event: e.DutyArisen) -> None:
        if not isinstance(event.subject, Gone):
            self._put(self.owed, event.originator_id, event.subject, event.key_id)

    def _duty_done(self, event: e.DutyFulfilled) -> None:
        self.owed.pop(event.originator_id, None)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text is not None else None


_TAKE: dict[type[Event], Callable[[Factbook, Any], None]] = {
    e.NoticeGiven: Factbook._notice,  # noqa: SLF001 - the fold's own table
    e.ExceptionInvokedForAnybody: Factbook._exception,  # noqa: SLF001
    e.ExceptionInvoked: Factbook._exception,  # noqa: SLF001
    e.ExceptionReviewed: Factbook._reviewed,  # noqa: SLF001
    e.WpgDecisionRegistered: Factbook._decision,  # noqa: SLF001
    e.WpgDecisionWithdrawn: Factbook._withdrawn,  # noqa: SLF001
    e.TrainingFollowed: Factbook._training,  # noqa: SLF001
    e.ActivityRegistered: Factbook._activity,  # noqa: SLF001
    e.ActivityRegisteredOpenly: Factbook._activity,  # noqa: SLF001
    e.ActivityEnded: Factbook._activity_ended,  # noqa: SLF001
    e.RestrictionSet: Factbook._restriction,  # noqa: SLF001
    e.RestrictionLifted: Factbook._lifted,  # noqa: SLF001
    e.DutyArisen: Factbook._duty,  # noqa: SLF001
    e.DutyFulfilled: Factbook._duty_done,  # noqa: SLF001
}
