"""Who may act at this node, in memory: names and operating-system users are sealed in the log like any person's data.

Because only this fold knows who acts from which account, it also answers whether an act has two hands
(:func:`exchange.domain.actors.hands_on`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID, uuid4

from exchange.domain import events as e
from exchange.domain.actors import Hand, Hands, hands_on, roles_of
from exchange.domain.event import Event, Gone
from exchange.errors import NotFoundError
from exchange.node import forms as f
from exchange.node.service import Actor
from exchange.node.writer import Tx
from exchange.store.kept import ACTOR

TOPICS = ("actor/registered/1", "actor/revoked/1", "setting/single-handed/1", "erasure/decided/1")


@dataclass
class Known:
    """One actor."""

    actor: Actor
    name: str | None
    uid: int | None
    key_id: str
    revoked: bool = False

    @property
    def hand(self) -> Hand:
        """For the rule of two hands."""
        return Hand(self.actor.id, self.uid, roles_of(self.actor.roles))


class Actors:
    """The fold of actor events."""

    def __init__(self) -> None:
        self._known: dict[UUID, Known] = {}
        self.single_handed = False
        """This partner has one officer for what needs two hands."""

    def evolve(self, event: Event) -> None:
        """Take one event in."""
        if isinstance(event, e.ActorRegistered):
            self._known[event.originator_id] = Known(
                Actor(event.originator_id, event.kind, frozenset(event.roles)),
                None if isinstance(event.name, Gone) else event.name,
                None if isinstance(event.uid, Gone) else event.uid,
                event.key_id,
            )
        elif isinstance(event, e.ActorRevoked) and event.originator_id in self._known:
            self._known[event.originator_id].revoked = True
        elif isinstance(event, e.ErasureDecided):
            for known in self._known.values():
                if known.key_id in event.key_ids:
                    known.name = known.uid = None
        elif isinstance(event, e.SingleHandedSet):
            self.single_handed = event.on

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

    # ------------------------------------------------------------------------------------ two hands

    def hands_on(self, command: str, actor: Actor, before: Iterable[UUID | None]) -> Hands:
        """Whether ``actor`` may do what cannot be undone, after the hands of ``before`` (None: the node, or a partner)."""
        staff = [known.hand for known in self._known.copy().values() if not known.revoked]
        hands = [None if one is None else self._hand(one) for one in before]
        return hands_on(command, self._hand(actor.id), hands, staff, single_handed=self.single_handed)

    def _hand(self, actor: UUID) -> Hand:
        known = self._known.get(actor)
        return known.hand if known is not None else Hand(actor)

    @staticmethod
    def acted_alone(tx: Tx, hands: Hands, command: str, actor: Actor, about: str) -> None:
        """Record beside the act that one hand did it, when that is so."""
        if hands is Hands.SINGLE:
            tx.append(e.ActedAlone(originator_id=uuid4(), at=tx.now, by=actor.id, command=command, about=about))

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
