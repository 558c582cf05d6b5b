"""The use cases of records before sharing and of duties after acute danger, as the API calls them."""

from __future__ import annotations

from datetime import date
from typing import Protocol
from uuid import UUID

from exchange.node import facts_forms as ff
from exchange.node.service import Actor, Idempotency


class DutiesService(Protocol):
    """What is owed after acute danger."""

    def all(self, actor: Actor, *, closed: bool) -> list[ff.DutyAnswer]:
        """On this actor's list, the most urgent first."""
        ...

    async def fulfil(self, actor: Actor, duty: UUID, form: ff.FulfilForm) -> ff.DutyAnswer:
        """Made good by hand."""
        ...


class FactsService(Protocol):
    """What has to be on record."""

    @property
    def duties(self) -> DutiesService:
        """What is owed."""
        ...

    async def give_notice(self, actor: Actor, form: ff.SubjectNoticeForm, key: Idempotency | None) -> ff.FactAnswer:
        """The subject was told."""
        ...

    async def notices(self, actor: Actor, form: ff.AboutForm) -> list[ff.NoticeAnswer]:
        """What somebody was told."""
        ...

    async def invoke_exception(self, actor: Actor, form: ff.ExceptionForm, key: Idempotency | None) -> ff.FactAnswer:
        """Why the subject is not told."""
        ...

    async def review_exception(self, actor: Actor, exception: UUID, form: ff.ReviewForm) -> ff.FactAnswer:
        """Prolong or end it."""
        ...

    async def exceptions(self, actor: Actor, form: ff.AboutForm) -> list[ff.ExceptionAnswer]:
        """Why somebody was not told."""
        ...

    async def reviews_due(self, actor: Actor, until: date | None) -> list[ff.DueReview]:
        """Exceptions to look at."""
        ...

    async def register_decision(self, actor: Actor, form: ff.DecisionForm, key: Idempotency | None) -> ff.FactAnswer:
        """A Wpg decision."""
        ...

    async def withdraw_decision(self, actor: Actor, decision: UUID, form: ff.WhyForm) -> None:
        """It carries nothing any more."""
        ...

    async def decisions(self, actor: Actor) -> list[ff.DecisionAnswer]:
        """Every decision."""
        ...

    async def record_training(self, actor: Actor, form: ff.TrainingForm) -> None:
        """A training was followed."""
        ...

    async def trainings(self, actor: Actor) -> list[ff.TrainingAnswer]:
        """The last of everybody."""
        ...

    async def register_activity(
        self, actor: Actor, form: ff.ActivityForm, key: Idempotency | None
    ) -> ff.ActivityAnswer:
        """A new or changed entry of the processing register."""
        ...

    async def end_activity(self, actor: Actor, entry: UUID) -> None:
        """The processing stopped."""
        ...

    async def activities(self, actor: Actor) -> list[ff.ActivityAnswer]:
        """The processing register."""
        ...

    async def weigh(self, actor: Actor, act: UUID, form: ff.WeighForm, key: Idempotency | None) -> ff.FactAnswer:
        """The weighing of an act that could not wait for it."""
        ...
