"""What every route is handed: the node's use cases, the actor, the idempotency key, the language; and the shapes of addresses."""

from __future__ import annotations

import re
from typing import Annotated, Final, cast
from uuid import UUID

from fastapi import Depends, Header, Request
from pydantic import Field

from exchange.api.auth import Authenticator
from exchange.api.problems import language_of
from exchange.errors import InputError, NotAllowedError, NotAuthenticatedError
from exchange.node.service import Actor, Idempotency, NodeService

MessageId = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,30}$")]
Moment = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")]
Index = Annotated[int, Field(ge=0, le=2**53 - 1)]

_KEY: Final = re.compile(r"[\x21-\x7e]{1,128}")


async def _service(request: Request) -> NodeService:
    return cast("NodeService", request.app.state.service)


async def actors_of(request: Request) -> list[Actor]:
    """Everybody the caller may act as.

    Raises:
        NotAuthenticatedError: No proof was offered, or it belongs to nobody who may act here.
    """
    found = cast("Authenticator", request.app.state.authenticator).actors(request)
    if found is None:
        raise NotAuthenticatedError("Nobody proved who is calling: use the node's Unix socket, or show its token.")
    if not found:
        raise NotAuthenticatedError(
            "This user account is no actor of the node; an operator can register it with:"
            " exchange actor add NAME --role ROLE --uid UID"
        )
    return found


async def _actor(
    found: Annotated[list[Actor], Depends(actors_of)],
    wanted: Annotated[
        UUID | None, Header(alias="X-Exchange-Actor", description="Which of the caller's actors acts.")
    ] = None,
) -> Actor:
    if wanted is None:
        if len(found) == 1:
            return found[0]
        raise InputError(
            "This user account may act as {count} actors; choose one with --as (in the API: the header X-Exchange-Actor).",
            count=len(found),
        )
    for actor in found:
        if actor.id == wanted:
            return actor
    raise NotAllowedError("This user account may not act as that actor.")


async def _idempotency(
    key: Annotated[
        str | None,
        Header(alias="Idempotency-Key", description="A repeated request with the same key gets the same answer."),
    ] = None,
) -> Idempotency | None:
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise InputError("An Idempotency-Key is 1 to 128 visible ASCII characters.")
    return Idempotency(key)


async def _language(request: Request) -> str:
    return language_of(request)


Service = Annotated[NodeService, Depends(_service)]
Callers = Annotated[list[Actor], Depends(actors_of)]
Caller = Annotated[Actor, Depends(_actor)]
Key = Annotated[Idempotency | None, Depends(_idempotency)]
Language = Annotated[str, Depends(_language)]
