"""Signals and disclosures: explained, judged, stored, numbered, and handed to the outbox; and the answers to them."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4

import orjson

from exchange.domain import events as e
from exchange.domain.actors import Hands
from exchange.errors import ConflictError, InputError, NotAllowedError, NotFoundError, StorageError
from exchange.node import duties, recording, rules
from exchange.node import forms as f
from exchange.node.actors import Actors
from exchange.node.commands import Bell, Result, once
from exchange.node.completing import FormToMendError, departures
from exchange.node.context import Context
from exchange.node.drafting import EXCHANGE, Draft, Drafting, iso_day, reasons
from exchange.node.grounds import Grounds
from exchange.node.messages import Outgoing, Plain, compose, compose_void
from exchange.node.noticing import with_notice
from exchange.node.outbox import Outbox
from exchange.node.service import Actor, Idempotency, Refused
from exchange.node.work import Fresh, Post, known, record_refusal
from exchange.node.writer import Tx
from exchange.wire import messages as m
from exchange.wire.codec import encode_model

_REPLIED = (m.Kind.SIGNAL.value, m.Kind.DISCLOSURE.value)


class Sharing:
    """The use cases of giving and answering."""

    def __init__(self, ctx: Context, outbox: Outbox, bell: Bell, drafting: Drafting, actors: Actors) -> None:
        self._ctx = ctx
        self._outbox = outbox
        self._bell = bell
        self._actors = actors
        self._drafting = drafting
        self._post = Post(ctx, outbox, bell)

    def explain(self, actor: Actor, form: f.ShareForm) -> list[f.Explanation]:
        """What would happen, before anything is stored."""
        return self._drafting.explain(actor, form)

    # ------------------------------------------------------------------------------------ giving

    async def share(
        self, actor: Actor, form: f.ShareForm, key: Idempotency | None, also: Callable[[Tx, UUID], None] | None = None
    ) -> UUID:
        """Judge, store and queue; gives the act's id.

        Args:
            actor: Whose decision it is.
            form: What to share.
            key: Idempotency key.
            also: What else becomes true in the same transaction; raises when it may not.

        Raises:
            Refused: For at least one recipient the covenant does not allow it; nothing was stored but the refusal.
        """
        if (form.channel != EXCHANGE) != (form.occurred_on is not None):
            raise InputError("Give the date it happened for a disclosure outside the exchange, and only then.")
        if wrong := departures(self._ctx.covenants.current.covenant, self._ctx.me.slug, form):
            raise FormToMendError(wrong)
        drafts = self._drafting.drafts(actor, form)
        refused = [d for d in drafts.each if not d.verdict.allowed]
        if refused:
            await self._ctx.writer.run(lambda tx: _record_refusals(tx, self._ctx, actor, refused))
            why = [r for d in refused for r in reasons(d.verdict, d.recipient, len(form.items))]
            status = max(finding.refusal.status for d in refused for finding in d.verdict.findings)
            raise Refused(why, status)
        fresh: list[Fresh] = []

        def unit(tx: Tx) -> tuple[UUID, Result]:
            act = uuid4()
            fresh.clear()  # a unit may run twice
            self._before(tx, actor, form, drafts.grounds, act)
            for draft in drafts.each:
                message = None
                if form.channel == EXCHANGE:
                    fresh.append(self._send(tx, actor, form, draft, act))
                    message = fresh[-1][0].message
                else:
                    self._state(tx, actor, form, draft, act)
                if form.emergency is not None:
                    owner = drafts.grounds.decider or actor.id
                    duties.arise(tx, self._ctx, draft, act, message, owner, _resolved(self._ctx, form.subject))
            if also is not None:
                also(tx, act)
            return act, {"messages": [o.message for o, _ in fresh]}

        def stored(_: tuple[UUID, Result]) -> None:
            self._outbox.add([o for o, _ in fresh], [i for _, i in fresh])

        act, _ = await once(self._ctx, actor, f"{form.kind}.make", key, form, unit, form.external_reference, stored)
        self._bell.ring()
        return act

    def _before(self, tx: Tx, actor: Actor, form: f.ShareForm, grounds: Grounds, act: UUID) -> None:
        """What has to be on record first: a notice the form brings itself, and who decided when a system acts."""
        with_notice(tx, self._ctx, actor, form, grounds, _resolved(self._ctx, form.subject))
        if grounds.decider not in {None, actor.id}:
            tx.append(e.DecidedByPerson(originator_id=act, at=tx.now, by=actor.id, person=grounds.decider))
        if form.profile is not None:
            generation = self._ctx.covenants.current.generation
            tx.append(
                e.SharedOnProfile(
                    originator_id=act,
                    at=tx.now,
                    by=actor.id,
                    profile=form.profile,
                    kind=form.kind,
                    generation=generation,
                )
            )

    def _send(self, tx: Tx, actor: Actor, form: f.ShareForm, draft: Draft, act: UUID) -> Fresh:
        ctx = self._ctx
        subject = _resolved(ctx, form.subject)
        reference = recording.reference_for(tx, ctx, subject, draft.recipient)
        items = [
            item.model_copy(
                update={
                    "subject": reference,
                    "mentions": [
                        recording.reference_for(tx, ctx, _resolved(ctx, h), draft.recipient) for h in mentioned
                    ],
                }
            )
            for item, mentioned in zip(draft.items, [*(i.mentions for i in form.items), []], strict=False)
        ]
        covenant = draft.book.covenant
        kind = rules.domain_kind(draft.kind)
        parts = [
            Plain(encode_model(draft.statement), covenant.settings.statement_retention),
            *[Plain(encode_model(i), covenant.retention_class(kind, i.category)) for i in items],
        ]
        outgoing, stored, index = compose(
            tx,
            ctx,
            recipient=draft.recipient,
            kind=draft.kind,
            parts=parts,
            act=act,
            by=actor.id,
            generation=draft.book.generation,
        )
        for number, (item, part) in enumerate(zip(items, stored[1:], strict=True), start=1):
            recording.record(
                tx,
                covenant=covenant,
                statement=draft.statement,
                item=item,
                part=part,
                number=number,
                act=act,
                message=outgoing.message,
                direction="sent",
                partner=draft.recipient,
                kind=draft.kind,
                subject=subject,
                mentions=[_resolved(ctx, h) for h in form.items[number - 1].mentions]
                if number <= len(form.items)
                else [],
                by=actor.id,
            )
        if draft.statement.feedback_wanted:
            recording.feedback_wanted(tx, ctx, outgoing.message, draft.recipient, "sent")
        return outgoing, index

    def _state(self, tx: Tx, actor: Actor, form: f.ShareForm, draft: Draft, act: UUID) -> None:
        """Told by phone, on paper, by mail: the same gates, the same record, but stated and not proven."""
        ctx = self._ctx
        covenant = ctx.covenants.current.covenant
        for number, item in enumerate(draft.items):
            retention = covenant.retention_class(rules.domain_kind(draft.kind), item.category)
            part = recording.keep_text(tx, encode_model(item), retention)
            recording.record(
                tx,
                covenant=covenant,
                statement=draft.statement,
                item=item,
                part=part,
                number=number,
                act=act,
                message=None,
                direction="sent",
                partner=draft.recipient,
                kind=draft.kind,
                subject=_resolved(ctx, form.subject),
                mentions=[_resolved(ctx, h) for h in form.items[number].mentions],
                by=actor.id,
                channel=form.channel,
                occurred_on=iso_day(form.occurred_on),
            )

    # ------------------------------------------------------------------------------------ where it stands

    async def act(self, act: UUID, wait_s: float) -> f.ActAnswer:
        """The act and its messages; waits up to ``wait_s`` seconds until every message has its receipt."""
        ends = time.monotonic() + wait_s
        answer = self._act(act)
        while any(s.state in {"waiting", "sent"} for s in answer.messages):
            left = ends - time.monotonic()
            if left <= 0:
                break
            await self._bell.wait(left)
            answer = self._act(act)
        return answer

    def _act(self, act: UUID) -> f.ActAnswer:
        rows = self._ctx.ledger.rows("SELECT * FROM messages WHERE act=? ORDER BY partner", str(act))
        stated = (
            []
            if rows
            else self._ctx.ledger.rows(  # an act is sent or stated, never both
                "SELECT partner, min(log_index) AS log_index FROM items WHERE act=? AND message IS NULL GROUP BY partner",
                str(act),
            )
        )
        if not rows and not stated and self._ctx.ledger.position < self._ctx.log.size:
            raise StorageError(
                "It may be stored, but the disk refuses to show it now; look again before you repeat it."
            )
        if not rows and not stated:
            raise NotFoundError("There is no such signal, disclosure or reply at this node.")
        profiled = self._ctx.ledger.one("SELECT profile FROM profiled WHERE act=?", str(act))
        return f.ActAnswer(
            act=act,
            profile=profiled["profile"] if profiled is not None else None,
            log_index=min(r["log_index"] for r in (*rows, *stated)),
            messages=[
                *[self._status(r) for r in rows],
                *[f.MessageStatus(partner=r["partner"], message=None, sequence=None, state="stated") for r in stated],
            ],
        )

    def _status(self, row: sqlite3.Row) -> f.MessageStatus:
        waiting = self._outbox.state_of(row["message"])
        state = {"receipted": "receipted", "nacked": "refused", "voided": "voided"}.get(row["state"], "waiting")
        if state == "waiting" and waiting is not None and waiting.why == "awaiting-receipt":
            state = "sent"
        rejected = orjson.loads(row["rejected"]) if row["rejected"] else {}
        return f.MessageStatus(
            partner=row["partner"],
            message=row["message"],
            sequence=row["sequence"],
            state=state,
            why=row["why"] or (waiting.why if waiting is not None else ""),
            rejected={int(k) - 1: v for k, v in rejected.items() if int(k) > 0},
            receipt_at=datetime.fromtimestamp(row["receipt_at"] / 1000, UTC) if row["receipt_at"] else None,
        )

    # ------------------------------------------------------------------------------------ answering

    async def reply(self, actor: Actor, message: str, form: f.ReplyForm, key: Idempotency | None) -> UUID:
        """A person took it up, or handled it: a signed answer to the sender."""
        row = self._ctx.ledger.one("SELECT * FROM messages WHERE message=? AND direction='received'", message)
        if row is None or row["kind"] not in _REPLIED:
            raise NotFoundError("There is no such received signal or disclosure.")
        kind = m.Kind.TAKEN_UP if form.state == "taken-up" else m.Kind.HANDLED
        if row["uptake"] in {kind.value, m.Kind.HANDLED.value}:
            raise ConflictError("That answer was given before.")
        if form.result is not None and kind is not m.Kind.HANDLED:
            raise InputError("Only a message that was handled has a result.")
        answer = m.Reply(text=form.text, result=form.result)
        await self._post.judged(actor, row["partner"], kind, answer)
        fresh: list[Fresh] = []

        def unit(tx: Tx) -> tuple[UUID, Result]:
            act = uuid4()
            fresh[:] = [
                self._post.compose(
                    tx, recipient=row["partner"], kind=kind, work=answer, act=act, by=actor.id, reply_to=message
                )
            ]
            return act, {"messages": [fresh[0][0].message]}

        def stored(_: tuple[UUID, Result]) -> None:
            self._outbox.add([o for o, _ in fresh], [i for _, i in fresh])

        act, _ = await once(self._ctx, actor, f"inbox.{form.state}:{message}", key, form, unit, stored=stored)
        self._bell.ring()
        return act

    async def drop(self, actor: Actor | None, message: str, reason: str) -> None:
        """Give up an undelivered message: a signed void takes its sequence, so the partner sees no gap.

        Args:
            actor: Who gives it up; None when the node does, after an erasure or a partner's refusal.
            message: Its id.
            reason: A code.

        Raises:
            NotFoundError: It is not in the outbox.
            ConflictError: It is delivered or dropped already.
            NotAllowedError: The actor sent it himself, while others could give it up.
        """

        def unit(tx: Tx) -> tuple[Outgoing, int]:
            row = self._ctx.ledger.one("SELECT * FROM messages WHERE message=? AND direction='sent'", message)
            if row is None:
                raise NotFoundError("There is no such message in the outbox.")
            if row["state"] not in {"open", "nacked"} or row["kind"] == "void":
                raise ConflictError("This message is delivered or dropped already.")
            if actor is not None:
                self._let_go(tx, actor, row)
            return compose_void(
                tx,
                self._ctx,
                recipient=row["partner"],
                sequence=row["sequence"],
                voided=message,
                reason=reason,
                by=actor.id if actor else None,
            )

        outgoing, index = await self._ctx.writer.run(unit)
        self._outbox.settled([message])
        self._outbox.add([outgoing], [index])
        self._bell.ring()

    def _let_go(self, tx: Tx, actor: Actor, row: sqlite3.Row) -> None:
        """Whoever sent it may not also make it disappear."""
        hands = self._actors.hands_on("parked.drop", actor, [UUID(row["by"]) if row["by"] else None])
        if hands is Hands.OWN:
            raise NotAllowedError("You sent this message yourself; let an actor on another account give it up.")
        self._actors.acted_alone(tx, hands, "parked.drop", actor, row["message"])


# ---------------------------------------------------------------------------------------- pure helpers


def _record_refusals(tx: Tx, ctx: Context, actor: Actor, refused: list[Draft]) -> None:
    categories = ctx.covenants.current.covenant.index.categories.keys()
    for draft in refused:
        asked = sorted({i.category for i in draft.items} & categories)  # what is none may be anything a person typed
        record_refusal(
            tx,
            actor=actor,
            partner=known(ctx, draft.recipient),
            kind=draft.kind,
            verdict=draft.verdict,
            categories=tuple(asked),
        )


def _resolved(ctx: Context, handle: UUID) -> UUID:
    person = ctx.people.resolve(handle)
    if person is None:
        raise NotFoundError("There is no such subject in this node's register.")
    return person.handle
