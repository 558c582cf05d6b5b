"""What the API may ask about items after they were exchanged; the node's use cases fit these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from exchange.node import corrections_forms as cf

if TYPE_CHECKING:
    from exchange.node.service import Actor, Idempotency


class Corrections(Protocol):
    """A new value in place of an old one, at everybody who got it."""

    async def correct(self, actor: Actor, form: cf.CorrectionForm, key: Idempotency | None) -> cf.Notified:
        """Correct an item."""
        ...

    async def listed(self, actor: Actor) -> list[cf.Notified]:
        """Every correction."""
        ...


class Recalls(Protocol):
    """What should not have been given."""

    async def recall(self, actor: Actor, form: cf.RecallForm, key: Idempotency | None) -> cf.Notified:
        """Ask items back."""
        ...

    async def listed(self, actor: Actor) -> list[cf.Notified]:
        """Every recall."""
        ...


class Notifications(Protocol):
    """What partners told, and what waits."""

    async def process(self, actor: Actor, message: str, form: cf.ProcessedForm, key: Idempotency | None) -> cf.Worklist:
        """Answer a partner."""
        ...

    async def worklist(self, actor: Actor) -> cf.Worklist:
        """What waits for somebody."""
        ...


class Objections(Protocol):
    """Objections of data subjects, and the restriction that follows."""

    async def receive(self, actor: Actor, form: cf.ObjectionForm, key: Idempotency | None) -> cf.ObjectionAnswer:
        """Somebody objects."""
        ...

    async def listed(self, actor: Actor) -> list[cf.ObjectionAnswer]:
        """Every objection."""
        ...

    async def show(self, actor: Actor, objection: UUID) -> cf.ObjectionAnswer:
        """One objection."""
        ...

    async def extend(self, actor: Actor, objection: UUID, form: cf.ExtendForm) -> cf.ObjectionAnswer:
        """Take longer, after telling why."""
        ...

    async def decide(self, actor: Actor, objection: UUID, form: cf.WeighForm) -> cf.ObjectionAnswer:
        """Weigh it."""
        ...

    async def lift(
        self, actor: Actor, objection: UUID, form: cf.LiftForm, key: Idempotency | None
    ) -> cf.ObjectionAnswer:
        """End the restriction, after telling."""
        ...
