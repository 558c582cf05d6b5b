"""Drafts: a signal or a disclosure that somebody is still filling in, and proposals that a case system makes.

A draft lies sealed in the log under a key of its own. Its maker sees it and nobody else; a proposal is seen by every person who
may send its kind, until one of them takes it up by saving it. The key is destroyed when the draft is sent (decided in the
transaction of the act itself), when it is discarded, and by the node's daily run after its last day. A draft decides nothing:
sending one is sharing, with every gate, by a person (R32).
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal
from uuid import UUID, uuid4

from exchange.domain import events as e
from exchange.domain.actors import Role, may, roles_of
from exchange.domain.event import Gone
from exchange.domain.retention import local_day
from exchange.errors import BusyError, ConflictError, Detail, InputError, NotAllowedError, NotFoundError, SetupError
from exchange.node import draft_forms as df
from exchange.node import forms as f
from exchange.node.actors import Actors
from exchange.node.commands import Result, allow, once
from exchange.node.completing import FormToMendError, completed, departures, lacking
from exchange.node.context import Context
from exchange.node.dues import DRAFTS
from exchange.node.grounds import COMMANDS
from exchange.node.numbers import holds_number
from exchange.node.register import Reads
from exchange.node.retention import Retention
from exchange.node.service import Actor, Idempotency
from exchange.node.sharing import Sharing
from exchange.node.whoknows import label_of
from exchange.node.writer import Tx
from exchange.store.kept import DRAFT

SENT: Final = "concept-verzonden"
DISCARDED: Final = "concept-weggegooid"
"""Codes that an erasure shows as the rule a draft went under."""
MOST_PROPOSALS: Final = 500
"""Proposals that nobody took up. What more a case system proposes would fill the log and help nobody to see what matters."""
_UNTAKEN: Final = "d.origin <> 'own' AND d.by = d.began"
"""What a case system proposed and nobody saved since."""


@dataclass(frozen=True, slots=True)
class Lacks:
    """What stands between a draft and sending it."""

    missing: list[Detail]
    recipients: list[f.Explanation]


@dataclass(frozen=True, slots=True)
class Proposed:
    """A draft that a case system proposed."""

    draft: UUID
    fresh: bool
    """It did not exist before this call."""


class Drafts:
    """See the module."""

    def __init__(self, ctx: Context, sharing: Sharing, reads: Reads, retention: Retention, actors: Actors) -> None:
        self._ctx = ctx
        self._sharing = sharing
        self._reads = reads
        self._retention = retention
        self._actors = actors

    # ------------------------------------------------------------------------------------ keeping

    async def save(self, actor: Actor, form: f.OpenForm, key: Idempotency | None) -> df.DraftRow:
        """Keep a form as far as it was filled in.

        Raises:
            InputError: It holds a citizen service number.
            NotFoundError: The person is not in the register.
            FormToMendError: The covenant has no such profile.
        """
        allow(actor, "draft.save")
        self._check(form)

        def unit(tx: Tx) -> tuple[UUID, Result]:
            draft = uuid4()
            self._append(tx, draft, tx.new_key(DRAFT), actor, form, "own")
            return draft, {}

        draft, _ = await once(self._ctx, actor, "draft.save", key, form, unit)
        return _row_answer(self._row(actor, draft))

    async def change(self, actor: Actor, draft: UUID, form: f.OpenForm) -> df.DraftRow:
        """Save it anew as a whole; whoever saves a proposal takes it up."""
        allow(actor, "draft.save")
        self._check(form)

        def unit(tx: Tx) -> None:
            row = self._row(actor, draft)
            _still_his(tx, draft, actor)
            self._append(tx, draft, row["key_id"], actor, form, row["origin"])

        await self._ctx.writer.run(unit)
        return _row_answer(self._row(actor, draft))

    def _append(
        self, tx: Tx, draft: UUID, key_id: str, actor: Actor, form: f.OpenForm, origin: Literal["own", "zgw"]
    ) -> None:
        person = self._ctx.people.resolve(form.subject) if form.subject is not None else None
        days = self._ctx.covenants.current.covenant.settings.draft_days
        tx.append(
            e.DraftSaved(
                originator_id=draft,
                at=tx.now,
                key_id=key_id,
                by=actor.id,
                origin=origin,
                kind=self._kind(form),
                profile=form.profile,
                keep_until=(local_day(tx.now) + timedelta(days=days)).isoformat(),
                subject=person.handle if person is not None else None,
                form=form.model_dump_json(exclude_defaults=True),
            )
        )

    def _kind(self, form: f.OpenForm) -> Literal["signal", "disclosure"]:
        profile = self._ctx.covenants.current.covenant.index.profiles.get(form.profile or "")
        return form.kind or (profile.kind if profile is not None else "disclosure")

    def _check(self, form: f.OpenForm) -> None:
        covenant = self._ctx.covenants.current.covenant
        unknown = [wrong for wrong in departures(covenant, self._ctx.me.slug, form) if wrong.kind == "unknown-profile"]
        if unknown:  # its code is to stand in a public line
            raise FormToMendError(unknown)
        if form.subject is not None and self._ctx.people.resolve(form.subject) is None:
            raise NotFoundError("There is no such subject in this node's register.")
        if holds_number(*_texts(form)):
            raise InputError("The text holds a citizen service number (BSN); remove it.")

    # ------------------------------------------------------------------------------------ looking

    def all(self, actor: Actor) -> list[df.DraftRow]:
        """The actor's own drafts, and proposals for whoever may send them; newest first, without content."""
        allow(actor, "draft.list")
        rows = self._ctx.ledger.rows(f"SELECT d.* FROM {DRAFTS} ORDER BY d.at DESC, d.draft")
        return [_row_answer(row) for row in rows if _sees(actor, row)]

    async def read(self, actor: Actor, draft: UUID) -> df.DraftAnswer:
        """A draft with its content; the read is recorded first."""
        allow(actor, "draft.read")
        row = self._row(actor, draft)
        form = self._form(row)
        person = self._ctx.people.resolve(form.subject) if form.subject is not None else None
        await self._reads.log(actor, "draft.read", [person.handle if person is not None else None])
        label = label_of(person) if person is not None else ""
        return df.DraftAnswer(row=_row_answer(row), subject_label=label, form=form)

    async def explain(self, actor: Actor, draft: UUID) -> Lacks:
        """What is missing, and when nothing is, what would happen per recipient; that this was looked at is recorded first."""
        allow(actor, "draft.read")
        allow(actor, "disclosure.explain")
        form = self._form(self._row(actor, draft))
        covenant, me = self._ctx.covenants.current.covenant, self._ctx.me.slug
        missing = [*departures(covenant, me, form), *lacking(covenant, me, form)]
        if missing:
            return Lacks(missing, [])
        answers = self._sharing.explain(actor, completed(covenant, me, form))
        await self._reads.explained(actor, form.subject)
        return Lacks([], answers)

    def _form(self, row: sqlite3.Row) -> f.OpenForm:
        event = self._ctx.log.event(self._ctx.log.entry(row["log_index"]))
        if not isinstance(event, e.DraftSaved) or isinstance(event.form, Gone):
            raise NotFoundError("There is no such draft.")
        return f.OpenForm.model_validate_json(event.form)

    def _row(self, actor: Actor, draft: UUID) -> sqlite3.Row:
        row = self._ctx.ledger.one(f"SELECT d.* FROM {DRAFTS} AND d.draft=?", str(draft))
        if row is None or not _sees(actor, row):
            raise NotFoundError("There is no such draft.")
        return row

    # ------------------------------------------------------------------------------------ its end

    async def send(self, actor: Actor, draft: UUID, key: Idempotency | None) -> f.ActAnswer:
        """Share what the draft says; the same gates as ever. Sending it again answers with the act it became.

        Raises:
            ConflictError: It is a proposal that nobody took up, or was saved again meanwhile.
            FormToMendError: Something is missing.
            Refused: The covenant does not allow it; the draft stays.
        """
        allow(actor, "draft.read")
        if (act := self._became(actor, draft)) is not None:
            return await self._sharing.act(act, 0)
        row = self._row(actor, draft)
        if row["by"] != str(
            actor.id
        ):  # whatever a case system filled in, a person looks at it and answers for it (GDPR 22)
            raise ConflictError(
                "A case system made this proposal; look at it and take it up by saving it, then send it."
            )
        own = Idempotency(f"{draft}:{hashlib.sha256(key.key.encode()).hexdigest()}") if key is not None else None
        form = completed(self._ctx.covenants.current.covenant, self._ctx.me.slug, self._form(row))
        allow(actor, COMMANDS[form.kind])

        async def share(decide: Callable[[Tx], None]) -> UUID:
            def also(tx: Tx, act: UUID) -> None:
                self._unchanged(tx, actor, row)
                self._close(tx, draft, actor, "sent", act)
                decide(tx)

            return await self._sharing.share(actor, form, own, also)

        act = await self._retention.along(share, [row["key_id"]], SENT, actor)
        return await self._sharing.act(act, 0)

    async def discard(self, actor: Actor, draft: UUID) -> None:
        """Destroy its text."""
        allow(actor, "draft.discard")
        row = self._row(actor, draft)

        async def discarded(decide: Callable[[Tx], None]) -> None:
            def unit(tx: Tx) -> None:
                self._close(tx, draft, actor, "discarded", None)
                decide(tx)

            await self._ctx.writer.run(unit)

        await self._retention.along(discarded, [row["key_id"]], DISCARDED, actor)

    def _unchanged(self, tx: Tx, actor: Actor, seen: sqlite3.Row) -> None:
        """What is sent is what was read, and nothing that was saved in between goes unread with it."""
        draft = UUID(seen["draft"])
        saved = any(isinstance(event, e.DraftSaved) and event.originator_id == draft for _, event in tx.recorded)
        if saved or self._row(actor, draft)["log_index"] != seen["log_index"]:
            raise ConflictError("This draft was saved again meanwhile; look at it, and send it then.")

    def _close(
        self, tx: Tx, draft: UUID, actor: Actor, outcome: Literal["sent", "discarded"], act: UUID | None
    ) -> None:
        self._row(actor, draft)  # in the writer's thread: nobody else closed it in between
        _still_his(tx, draft, actor)
        tx.append(e.DraftClosed(originator_id=draft, at=tx.now, by=actor.id, outcome=outcome, act=act))

    def _became(self, actor: Actor, draft: UUID) -> UUID | None:
        row = self._ctx.ledger.one("SELECT by, act FROM drafts WHERE draft=? AND state='sent'", str(draft))
        return UUID(row["act"]) if row is not None and row["by"] == str(actor.id) else None

    # ------------------------------------------------------------------------------------ proposals

    def proposer(self, system: UUID) -> None:
        """Whether this actor may propose.

        Raises:
            SetupError: It is no living system actor, or may keep no drafts.
        """
        actor = self._actors.living(system)
        if actor is None or actor.kind != "system" or not may(roles_of(actor.roles), "draft.save"):
            raise SetupError(
                "The setting zgw.actor names no system actor that may act here; register one of that kind, with the role"
                " integration, and put its id there. See: exchange actor add --help"
            )

    async def propose(self, system: UUID, form: df.ProposalForm) -> Proposed:
        """A case system tells that a case was opened: a draft without a person. The same case gives the same proposal.

        Raises:
            NotAllowedError: No living system actor with this id may make drafts.
            BusyError: As many as people can look at wait already.
        """
        actor = self._actors.living(system)
        if actor is None or actor.kind != "system":
            raise NotAllowedError("No system actor of this node stands behind this; an operator has to register one.")
        allow(actor, "draft.save")
        content = f.OpenForm.model_validate(form.model_dump(exclude_none=True))
        self._check(content)
        fresh: list[UUID] = []

        def unit(tx: Tx) -> tuple[UUID, Result]:
            in_this_batch = sum(isinstance(event, e.DraftSaved) for _, event in tx.recorded)
            if self._ctx.ledger.count(f"{DRAFTS} AND {_UNTAKEN}") + in_this_batch >= MOST_PROPOSALS:
                raise BusyError("So many proposals wait for somebody to look at them that no more are taken now.")
            fresh[:] = [uuid4()]
            self._append(tx, fresh[0], tx.new_key(DRAFT), actor, content, "zgw")
            return fresh[0], {}

        key = Idempotency(hashlib.sha256(form.external_reference.encode()).hexdigest())
        draft, _ = await once(self._ctx, actor, "draft.propose", key, form, unit)
        return Proposed(draft, fresh=draft in fresh)


def proposals_for(ctx: Context, actor: Actor) -> list[sqlite3.Row]:
    """Proposals that wait for somebody with this actor's roles."""
    rows = ctx.ledger.rows(f"SELECT d.* FROM {DRAFTS} AND {_UNTAKEN}")
    return [row for row in rows if row["by"] != str(actor.id) and _sees(actor, row)]


def _sees(actor: Actor, row: sqlite3.Row) -> bool:
    """The maker; of a proposal that nobody took up, every person who may send its kind."""
    if row["by"] == str(actor.id):
        return True
    untaken = row["origin"] != "own" and row["by"] == row["began"]
    roles = roles_of(actor.roles) - {Role.INTEGRATION}  # a case system registered as a person is none (GDPR 22)
    return untaken and actor.kind == "person" and may(roles, COMMANDS[row["kind"]])


def _still_his(tx: Tx, draft: UUID, actor: Actor) -> None:
    """Nobody closed it earlier in this very batch, and nobody else took it up."""
    for _, event in tx.recorded:
        if isinstance(event, e.DraftClosed) and event.originator_id == draft:
            raise ConflictError("This draft was sent or discarded already.")
        if isinstance(event, e.DraftSaved) and event.originator_id == draft and event.by != actor.id:
            raise ConflictError("Somebody else took this proposal up just now.")


def _texts(form: f.OpenForm) -> Iterable[str]:
    """Everything a person typed, in words or in codes; what the own system calls its case is no such text."""
    notice, secrecy = form.notice, form.secrecy
    for item in form.items:
        yield from (item.value, item.source, item.certainty, item.source_consent or "", item.onward_ground or "")
    yield from form.weighing.model_dump().values()
    yield from (secrecy.motivation, secrecy.regime or "", secrecy.ground or "", form.support_rationale, form.request)
    yield from (notice.given_by, notice.interest, notice.motivation, *notice.considerations.values())
    yield from (notice.reference or "", notice.mode or "", notice.exception or "", form.signal_kind or "", *form.stated)
    if form.emergency is not None:
        yield form.emergency.danger


def _row_answer(row: sqlite3.Row) -> df.DraftRow:
    return df.DraftRow(
        draft=UUID(row["draft"]),
        kind=row["kind"],
        profile=row["profile"],
        origin=row["origin"],
        proposal=row["origin"] != "own" and row["by"] == row["began"],
        at=datetime.fromtimestamp(row["at"] / 1000, UTC),
        keep_until=date.fromisoformat(row["keep_until"]),
    )
