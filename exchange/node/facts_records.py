"""What every record before sharing shares: one way to put it in the log, the covenant's own codes, no citizen service number."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from exchange.domain import events as e
from exchange.domain.proposal import Finding
from exchange.domain.retention import local_day
from exchange.errors import InputError, NotFoundError
from exchange.node import facts_forms as ff
from exchange.node import facts_shown
from exchange.node.actors import Actors
from exchange.node.commands import Result, once
from exchange.node.context import Context
from exchange.node.drafting import answers
from exchange.node.forms import Form
from exchange.node.numbers import holds_number
from exchange.node.register import Reads
from exchange.node.service import Actor, Idempotency, Refused
from exchange.node.writer import Tx

Fact = Callable[[Tx, UUID], int]
"""Appends the events of one fact; gives its log index."""


class Records:
    """See the module."""

    def __init__(self, ctx: Context, reads: Reads, actors: Actors) -> None:
        self._ctx = ctx
        self._actors = actors
        self._shown = facts_shown.Shown(ctx, reads)

    async def _record(
        self, actor: Actor, command: str, form: Form, key: Idempotency | None, fact: Fact
    ) -> ff.FactAnswer:
        def unit(tx: Tx) -> tuple[UUID, Result]:
            made = uuid4()
            return made, {"log_index": fact(tx, made)}

        made, result = await once(self._ctx, actor, command, key, form, unit)
        return ff.FactAnswer(fact=made, log_index=int(str(result["log_index"])))

    def _today(self) -> date:
        return local_day(self._ctx.clock.now())

    def _sealed(self, tx: Tx, actor: Actor, fact: UUID) -> dict[str, Any]:
        """What the events of all facts begin with: which it is, when, by whom, and a key with the term of statements."""
        retention = self._ctx.covenants.current.covenant.settings.statement_retention
        return {
            "originator_id": fact,
            "at": tx.now,
            "key_id": tx.new_key(retention),
            "retention": retention,
            "by": actor.id,
        }

    def _subject(self, handle: UUID) -> UUID:
        person = self._ctx.people.resolve(handle)
        if person is None:
            raise NotFoundError("There is no such subject in this node's register.")
        return person.handle

    def _partners(self, slugs: Iterable[str]) -> None:
        self._known(slugs, self._ctx.covenants.current.covenant.index.partners)

    def _known(self, codes: Iterable[str], known: Iterable[str]) -> None:
        names = set(known)
        if not names.issuperset(codes):
            raise InputError(
                "One of the codes is not in the covenant; choose from: {known}.", known=", ".join(sorted(names))
            )

    async def _no_number(self, actor: Actor, kind: str, texts: Iterable[str | None]) -> None:
        """UAVG 46: no citizen service number goes on record in words that may be sent one day; the refusal is recorded."""
        if not holds_number(*texts):
            return
        me, finding = self._ctx.me.slug, Finding("R02")

        def unit(tx: Tx) -> None:
            tx.append(
                e.RefusalRecorded(
                    originator_id=uuid4(), at=tx.now, side="sender", partner=me, kind=kind, codes=(finding.code,),
                    categories=(), by=actor.id,
                )
            )  # fmt: skip

        await self._ctx.writer.run(unit)
        raise Refused(answers([finding], me, 0), finding.refusal.status)
