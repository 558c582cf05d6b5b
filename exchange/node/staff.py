"""Whom a node lets act, and how many hands it needs: registering, revoking, and the setting "single-handed"."""

from __future__ import annotations

from uuid import UUID, uuid4

from exchange.domain import events as e
from exchange.domain.actors import Hands, roles_of
from exchange.errors import ConflictError, NotAllowedError
from exchange.node import forms as f
from exchange.node.actors import Actors
from exchange.node.commands import Result, once
from exchange.node.context import Context
from exchange.node.service import Actor, Idempotency
from exchange.node.writer import Tx


class Staff:
    """See the module."""

    def __init__(self, ctx: Context, actors: Actors) -> None:
        self._ctx = ctx
        self._actors = actors

    async def register(self, actor: Actor, form: f.ActorForm, key: Idempotency | None) -> f.ActorAnswer:
        """Let somebody act here.

        Raises:
            InputError: A role that does not exist.
        """
        roles_of(form.roles)

        def unit(tx: Tx) -> tuple[UUID, Result]:
            return self._actors.registered(tx, form, actor.id), {}

        made, _ = await once(self._ctx, actor, "actor.register", key, form, unit)
        return self._actors.answer(made)

    async def revoke(self, actor: Actor, who: UUID) -> None:
        """Let somebody act no more. One operator is enough to stop anybody at once, except himself.

        Raises:
            NotFoundError: Nobody with this id.
            ConflictError: Itself.
            NotAllowedError: A name of his own, while others could do it.
        """
        if who == actor.id:
            raise ConflictError("An actor cannot revoke itself; let another operator do it.")
        self._actors.answer(who)
        hands = self._actors.hands_on("actor.revoke", actor, [who])
        if hands is Hands.OWN:
            raise NotAllowedError("That actor acts from your own account; let another operator revoke it.")

        def unit(tx: Tx) -> None:
            tx.append(e.ActorRevoked(originator_id=who, at=tx.now, by=actor.id))
            self._actors.acted_alone(tx, hands, "actor.revoke", actor, str(who))

        await self._ctx.writer.run(unit)

    async def single_handed(self, actor: Actor, *, on: bool) -> None:
        """Say that this partner has one officer for what needs two hands, or not any more."""
        if on != self._actors.single_handed:
            await self._ctx.writer.run(
                lambda tx: tx.append(e.SingleHandedSet(originator_id=uuid4(), at=tx.now, on=on, by=actor.id))
            )
