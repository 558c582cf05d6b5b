"""Who may act at this node, in memory: names and operating-system users are sealed in the log like any person's data."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

from exchange.domain import events as e
from exchange.domain.event import Event, Gone
from exchange.errors import NotFoundError
from exchange.node import forms as f
from exchange.node.service import Actor
from exchange.node.writer import Tx

TOPICS = ("actor/registered/1", "actor/revoked/1")
ACTOR = "actor"
"""Vault class of actors' own data."""


@dataclass
class Known:
    """One actor."""

    actor: Actor
    name: str | None
    uid: int | None
    revoked: bool = False


class Actors:
    """The fold of actor events."""

    def __init__(self) -> None:
        self._known: dict[UUID, Known] = {}

    def evolve(self, event: Event) -> None:
        """Take one event in."""
        if isinstance(event, e.ActorRegistered):
            self._known[event.originator_id] = Known(
                Actor(event.originator_id, event.kind, frozenset(event.roles)),
                None if isinstance(event.name, Gone) else event.name,
                None if isinstance(event.uid, Gone) else event.uid,
            )
        elif isinstance(event, e.ActorRevoked) and event.originator_id in self._known:
            self._known[event.originator_id].revoked = True

    def of_uid(self, uid: int) -> list[Actor]:
        """Actors this operating-system user may act as."""
        return [k.actor for k in self._known.copy().values() if k.uid == uid and not k.revoked]

    def living(self, actor: UUID) -> Actor | None:
        """The actor with this id, if it may still act."""
        known = self._known.get(actor)
        return known.actor if known is not None and not known.revoked else None

    def all(self) -> list[f.ActorAnswer]:
        """Everybody, revoked or not."""
        return [_answer(k) for k in self._known.copy().values()]

    def answer(self, actor: UUID) -> f.ActorAnswer:
        """One actor.

        Raises:
            NotFoundError: Nobody with this id.
        """
        known = self._known.get(actor)
        if known is None:
            raise NotFoundError("There is no such actor at this node.")
        return _answer(known)

    @staticmethod
    def registered(tx: Tx, form: f.ActorForm, by: UUID | None) -> UUID:
        """Record a new actor; ``by`` None is the first one, who registers itself."""
        made = uuid4()
        tx.append(
            e.ActorRegistered(
                originator_id=made,
                at=tx.now,
                key_id=tx.new_key(ACTOR),
                kind=form.kind,
                roles=tuple(form.roles),
                by=by or made,
                name=form.name,
                uid=form.uid,
            )
        )
        return made


def _answer(known: Known) -> f.ActorAnswer:
    return f.ActorAnswer(
        actor=known.actor.id,
        kind=known.actor.kind,
        roles=sorted(known.actor.roles),
        name=known.name,
        uid=known.uid,
        revoked=known.revoked,
    )
