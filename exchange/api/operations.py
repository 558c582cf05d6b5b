"""Routes about running the node: status, covenant, actors, settings, keys, parked frames, and the demo's clock."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, status

from exchange.api.calls import Caller, Callers, Key, Moment, Service
from exchange.node.forms import (
    ActorAnswer,
    ActorForm,
    Answer,
    DropForm,
    Form,
    KeysAnswer,
    ParkedAnswer,
    SingleHandedForm,
    Status,
)

router = APIRouter(prefix="/v1", tags=["operations"])


class Me(Answer):
    """One actor the caller may act as."""

    actor: UUID
    kind: str
    roles: list[str]


class ClockForm(Form):
    """A moment to set the demo's clock to."""

    moment: Moment


@router.get("/me")
async def me(found: Callers) -> list[Me]:
    """Whom you may act as."""
    return [Me(actor=actor.id, kind=actor.kind, roles=sorted(actor.roles)) for actor in found]


@router.get("/status")
async def node_status(service: Service, _actor: Caller) -> Status:
    """How the node is doing."""
    return await service.status()


@router.get("/covenant")
async def covenant(service: Service, _actor: Caller) -> dict[str, Any]:
    """The covenant in force."""
    return await service.covenant()


@router.get("/actors")
async def actors(service: Service, actor: Caller) -> list[ActorAnswer]:
    """Who may act at this node."""
    return await service.actors(actor)


@router.post("/actors", status_code=status.HTTP_201_CREATED)
async def register(service: Service, actor: Caller, key: Key, form: ActorForm) -> ActorAnswer:
    """Register a person, system or rule."""
    return await service.register_actor(actor, form, key)


@router.post("/actors/{who}/revoke", status_code=status.HTTP_204_NO_CONTENT)
async def revoke(service: Service, actor: Caller, who: UUID) -> None:
    """Let an actor do nothing any more."""
    await service.revoke_actor(actor, who)


@router.post("/settings/single-handed", status_code=status.HTTP_204_NO_CONTENT)
async def single_handed(service: Service, actor: Caller, form: SingleHandedForm) -> None:
    """Say whether one officer decides alone what needs two hands. It is recorded, and shown with every erasure so decided."""
    await service.single_handed(actor, on=form.on)


@router.get("/keys")
async def keys(service: Service, actor: Caller) -> KeysAnswer:
    """Public keys and the stock of prekeys."""
    return await service.keys(actor)


@router.post("/keys/roll")
async def roll(service: Service, actor: Caller) -> KeysAnswer:
    """End the live epoch now and publish a fresh prekey."""
    return await service.roll_keys(actor)


@router.get("/parked")
async def parked(service: Service, actor: Caller) -> list[ParkedAnswer]:
    """Frames that were refused for good."""
    return await service.parked(actor)


@router.post("/parked/{parked}/retry", status_code=status.HTTP_204_NO_CONTENT)
async def retry(service: Service, actor: Caller, parked: UUID) -> None:
    """Ask the sender to wrap the message anew."""
    await service.retry_parked(actor, parked)


@router.post("/parked/{parked}/drop", status_code=status.HTTP_204_NO_CONTENT)
async def drop(service: Service, actor: Caller, parked: UUID, form: DropForm) -> None:
    """Let a parked frame go."""
    await service.drop_parked(actor, parked, form)


@router.post("/clock", status_code=status.HTTP_204_NO_CONTENT)
async def clock(service: Service, actor: Caller, form: ClockForm) -> None:
    """Move the clock; works only when the covenant's environment is DEMO."""
    await service.set_clock(actor, form.moment)
