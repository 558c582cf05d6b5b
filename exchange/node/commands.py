"""What all writes share: who may, an idempotency key that gets the same answer twice, and a bell for whoever waits."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import orjson
from pydantic import BaseModel

from exchange.domain import events as e
from exchange.domain.actors import require, roles_of
from exchange.errors import ConflictError, InputError
from exchange.node.context import Context
from exchange.node.service import Actor, Idempotency
from exchange.node.writer import Tx
from exchange.store.kept import ACCOUNTABILITY

Result = dict[str, str | int | list[str]]


class Bell:
    """Rings after every commit; waiters look again. Nobody sleeps and polls."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Wake everybody who waits."""
        self._event.set()
        self._event = asyncio.Event()

    async def wait(self, timeout_s: float) -> None:
        """Until the next ring, or the time is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._event.wait()


def allow(actor: Actor, command: str) -> None:
    """Deny by default.

    Raises:
        NotAllowedError: No role of this actor includes the command.
    """
    require(roles_of(actor.roles), command)


async def once(
    ctx: Context,
    actor: Actor,
    command: str,
    key: Idempotency | None,
    form: BaseModel,
    unit: Callable[[Tx], tuple[UUID, Result]],
    external_reference: str = "",
    stored: Callable[[tuple[UUID, Result]], None] | None = None,
) -> tuple[UUID, Result]:
    """Run ``unit`` in the writer, at most once per idempotency key; ``stored`` as for :meth:`Writer.run`.

    A form is full of people, and a caller may choose a name as his key: a bare hash of either, in a public line for ever, would
    let anybody check a guess at who it was about.

    Raises:
        ConflictError: The key was used before for another request, as long as that can be told (about a day).
    """
    keyed = key is not None or external_reference != ""
    request = _request(ctx, actor, command, key) if keyed else ""
    asked = orjson.dumps([command, form.model_dump(mode="json")]) if keyed else b""
    body = ctx.prekeys.stamp(asked, ctx.clock.now()) if keyed else ""

    def run(tx: Tx) -> tuple[UUID, Result]:
        earlier = _earlier(ctx, tx, request, asked) if key is not None else None  # without a key every request is new
        if earlier is not None:
            return earlier
        act, result = unit(tx)
        if keyed:
            tx.append(
                e.CommandAccepted(
                    originator_id=uuid4(),
                    at=tx.now,
                    key_id=tx.new_key(ACCOUNTABILITY) if external_reference else None,
                    request=request,
                    body=body,
                    act=act,
                    result=result,
                    external_reference=external_reference or None,
                )
            )
            tx.overlay.requests[request] = (body, act, result)
        return act, result

    return await ctx.writer.run(run, stored)


def _request(ctx: Context, actor: Actor, command: str, key: Idempotency | None) -> str:
    unique = key.key if key is not None else uuid4().hex
    if not 0 < len(unique) <= 200:  # noqa: PLR2004 - stated in the sentence
        raise InputError("An idempotency key has 1 to 200 characters.")
    return hmac.digest(ctx.keys.requests, f"{actor.id}\0{command}\0{unique}".encode(), "sha256").hex()


def _earlier(ctx: Context, tx: Tx, request: str, asked: bytes) -> tuple[UUID, Result] | None:
    known: tuple[str, UUID, Result] | None = tx.overlay.requests.get(request)
    if known is None:
        row = ctx.ledger.one("SELECT body, act, result FROM commands WHERE request=?", request)
        if row is None:
            return None
        result: Any = orjson.loads(row["result"])
        known = (row["body"], UUID(row["act"]), result)
    if not ctx.prekeys.stamped(known[0], asked):
        raise ConflictError("This idempotency key was used before for another request; use a new key.")
    return known[1], known[2]
