"""Signals and their triage: noting one of our own, judging it or a received one, and what that means for how long it is kept.

What a signal brings waits on the short term of a signal. Whoever takes it up keeps it as what it is about; what nobody takes up
goes when that term is over. Handling a signal within one's own task discloses nothing to anybody.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Literal
from uuid import UUID, uuid4

from exchange.domain import events as e
from exchange.domain.bsn import BsnFinding, scan
from exchange.domain.casework import TAKEN_UP, Outcome, decide_triage
from exchange.domain.event import Gone
from exchange.domain.vocabulary import Kind
from exchange.errors import InputError, NotAllowedError, NotFoundError
from exchange.node import casework_forms as cf
from exchange.node.casework import Cases
from exchange.node.circle import Circle, moment_of, text_of
from exchange.node.commands import Result, allow, once
from exchange.node.context import Context
from exchange.node.register import Reads
from exchange.node.scope import scope_of
from exchange.node.service import Actor, Idempotency
from exchange.node.whoknows import label_of
from exchange.node.work import Fresh, Post
from exchange.node.writer import Tx
from exchange.wire import messages as m


class Signals:
    """See the module."""

    def __init__(self, ctx: Context, cases: Cases, circle: Circle, reads: Reads, post: Post) -> None:
        self._ctx = ctx
        self._cases = cases
        self._circle = circle
        self._reads = reads
        self._post = post

    # ------------------------------------------------------------------------------------ noting

    async def note(self, actor: Actor, form: cf.NoteForm, key: Idempotency | None) -> cf.SignalRow:
        """Keep a signal of our own; nobody else hears of it.

        Raises:
            InputError: The covenant does not know this kind of signal, no support rationale, or a citizen service number.
            NotFoundError: The person is not in the register.
        """
        allow(actor, "signal.note")
        self._check(form)
        covenant = self._ctx.covenants.current.covenant
        kept = covenant.settings.signal_retention

        def unit(tx: Tx) -> tuple[UUID, Result]:
            signal = uuid4()
            tx.append(
                e.SignalNoted(
                    originator_id=signal, at=tx.now, key_id=tx.new_key(kept), retention=kept, by=actor.id,
                    subject=form.subject, kind=form.kind, reporter_kind=form.reporter_kind, rationale=form.rationale,
                    facts=form.facts, opinions=form.opinions,
                )
            )  # fmt: skip
            if form.reporter_identity:
                tx.append(
                    e.ReporterNoted(
                        originator_id=signal, at=tx.now, key_id=tx.new_key(kept), retention=kept,
                        identity=form.reporter_identity,
                    )
                )  # fmt: skip
            return signal, {}

        signal, _ = await once(self._ctx, actor, "signal.note", key, form, unit)
        return self._known(str(signal))

    def _check(self, form: cf.NoteForm) -> None:
        covenant = self._ctx.covenants.current.covenant
        kinds = covenant.index.signal_kinds
        if kinds and form.kind not in kinds:
            raise InputError("The covenant knows these kinds of signal: {kinds}.", kinds=", ".join(sorted(kinds)))
        if form.subject is not None and self._ctx.people.resolve(form.subject) is None:
            raise NotFoundError("There is no such subject in this node's register.")
        if form.subject is not None and not form.rationale:
            raise InputError(
                "Say why this person could benefit from support; that is what makes it a signal (article 1)."
            )
        texts = "\n\n\n\n\n\n\n".join([form.rationale, form.reporter_identity, *form.facts, *form.opinions])
        if scan(texts) is BsnFinding.CERTAIN:
            raise InputError("The text holds a citizen service number (BSN); remove it.")

    # ------------------------------------------------------------------------------------ reading

    def all(self, actor: Actor, *, waiting: bool = False) -> list[cf.SignalRow]:
        """Own, received and sent signals without their content, newest first; with ``waiting`` only those to be judged."""
        allow(actor, "signal.list")
        rows = self._rows()
        return [row for row in rows if row.outcome is None and row.origin != "sent"] if waiting else rows

    def _rows(self, source: str | None = None) -> list[cf.SignalRow]:
        """Every signal, or the one with this id."""
        ledger = self._ctx.ledger
        own = ledger.rows(
            "SELECT signal AS source, 'own' AS origin, NULL AS partner, at FROM signals WHERE ? IS NULL OR signal=?",
            source,
            source,
        )
        which = "AND message=?" if source is not None else ""
        over = ledger.rows(
            "SELECT message AS source, direction AS origin, partner, at FROM messages"
            f" WHERE kind=? AND state<>'voided' {which}",
            m.Kind.SIGNAL.value,
            *([source] if source is not None else []),
        )
        which = "WHERE source=?" if source is not None else ""
        judged = {
            r["source"]: r
            for r in ledger.rows(
                f"SELECT source, outcome, case_id FROM triages {which} ORDER BY log_index",
                *([source] if source is not None else []),
            )
        }
        found = sorted([*own, *over], key=lambda row: (-row["at"], row["source"]))
        return [_row(row, judged.get(row["source"])) for row in found]

    async def read(self, actor: Actor, signal: UUID, reason: str = "") -> cf.SignalAnswer:
        """A signal of our own with its text; never with who reported it."""
        allow(actor, "signal.read")
        row = self._known(str(signal))
        await self._circle.admit(actor, "signal.read", [row.case] if row.case else [], reason)
        event = next(x for x in self._ctx.log.events(signal) if isinstance(x, e.SignalNoted))
        handle = None if isinstance(event.subject, Gone) else event.subject
        person = self._ctx.people.resolve(handle) if handle is not None else None
        await self._reads.log(actor, "signal.read", [person.handle if person else None])
        return cf.SignalAnswer(
            signal=signal,
            at=event.at,
            subject=person.handle if person else None,
            subject_label=label_of(person) if person else "",
            kind=text_of(event.kind),
            reporter_kind=text_of(event.reporter_kind),
            rationale=text_of(event.rationale),
            facts=[] if isinstance(event.facts, Gone) else event.facts,
            opinions=[] if isinstance(event.opinions, Gone) else event.opinions,
            outcome=row.outcome,
            case=row.case,
        )

    async def reporter(self, actor: Actor, signal: UUID) -> cf.ReporterAnswer:
        """Who reported a signal of our own; asked apart, and recorded apart (UAVG 41(1)(i))."""
        allow(actor, "signal.reporter")
        events = self._ctx.log.events(signal)
        if not any(isinstance(x, e.SignalNoted) for x in events):
            raise NotFoundError("There is no such signal of our own.")
        await self._reads.log(actor, "signal.reporter", [None])
        named = next((x for x in events if isinstance(x, e.ReporterNoted)), None)
        return cf.ReporterAnswer(signal=signal, identity=text_of(named.identity) if named is not None else None)

    # ------------------------------------------------------------------------------------ judging

    async def triage(self, actor: Actor, form: cf.TriageForm, key: Idempotency | None) -> cf.TriageAnswer:
        """Judge a signal; with CASUS it joins or opens a case.

        Raises:
            NotAllowedError: A system judged (AVG 22), or the actor is outside the circle of the case.
            NotFoundError: No such signal or case.
            ConflictError: It was judged for good before.
            InputError: The outcome does not go with what was given.
            Refused: The case may not be told to a partner.
        """
        allow(actor, "signal.triage")
        if actor.kind != "person":
            raise NotAllowedError("A person judges a signal; a system or rule cannot (GDPR 22).")
        for source in filter(None, (form.source, form.merged_with)):
            self._known(source)
        if form.case is not None and form.opens is not None:
            raise InputError("Name the case that it joins, or open one; not both.")
        if form.merged_with == form.source:
            raise InputError("A signal cannot be merged with itself.")
        if form.case is not None:
            self._joins(actor, form.case)
        if form.opens is not None:
            await self._cases.may_open(actor, form.opens)
        fresh: list[Fresh] = []

        def unit(tx: Tx) -> tuple[UUID, Result]:
            self._decide(tx, form)
            case = form.case
            fresh.clear()
            if form.opens is not None:
                case, fresh[:] = self._cases.opened(tx, actor, form.opens)
            tx.append(self._judged(tx, actor, form, case))
            return case or UUID(int=0), {}

        case, _ = await once(self._ctx, actor, "signal.triage", key, form, unit)
        self._post.send(fresh)
        return cf.TriageAnswer(source=form.source, outcome=form.outcome, case=case if case.int else None)

    def _known(self, source: str) -> cf.SignalRow:
        rows = self._rows(source)
        if not rows:
            raise NotFoundError("There is no such signal at this node.")
        return rows[0]

    def _joins(self, actor: Actor, case: UUID) -> None:
        self._circle.require(actor, case)
        known = scope_of(self._ctx, case)
        if known is None or known.closed or not known.partners:
            raise InputError(
                "The case is closed, or this partner is not in its scope any more; reopen it or open another."
            )

    def _decide(self, tx: Tx, form: cf.TriageForm) -> None:
        """In a unit of the writer, so that two people do not judge one signal for good at the same time."""
        row = self._ctx.ledger.one(
            "SELECT outcome FROM triages WHERE source=? ORDER BY log_index DESC LIMIT 1", form.source
        )
        earlier = Outcome(row["outcome"]) if row is not None else None
        for _, event in tx.recorded:
            if isinstance(event, e.SignalTriaged) and form.source in {event.message, str(event.signal)}:
                earlier = Outcome(event.outcome)
        with_case = form.case is not None or form.opens is not None
        decide_triage(earlier, form.outcome, case=with_case, merged_with=form.merged_with is not None)

    def _judged(self, tx: Tx, actor: Actor, form: cf.TriageForm, case: UUID | None) -> e.SignalTriaged:
        kept = self._ctx.covenants.current.covenant.settings.statement_retention
        own = "-" in form.source
        return e.SignalTriaged(
            originator_id=uuid4(),
            at=tx.now,
            key_id=tx.new_key(kept),
            retention=kept,
            message=None if own else form.source,
            signal=UUID(form.source) if own else None,
            outcome=form.outcome.value,
            case=case,
            merged_with=form.merged_with,
            kept=tuple(self._kept(form.source, form.outcome, own=own)),
            by=actor.id,
            reason=form.reason,
        )

    def _kept(self, source: str, outcome: Outcome, *, own: bool) -> Iterable[e.Reclassed]:
        """Under which class every content of the signal is kept from now on."""
        covenant = self._ctx.covenants.current.covenant
        if outcome not in TAKEN_UP | {Outcome.NOT_TAKEN_UP}:
            return
        taken_up = outcome in TAKEN_UP
        if own:
            retention = covenant.case_retention if taken_up else covenant.settings.signal_retention
            for event in self._ctx.log.events(UUID(source)):
                if isinstance(event, e.SignalNoted | e.ReporterNoted):
                    yield e.Reclassed(key_id=event.key_id, retention=retention)
            return
        kind: Literal[Kind.DISCLOSURE, Kind.SIGNAL] = Kind.DISCLOSURE if taken_up else Kind.SIGNAL
        for row in self._ctx.ledger.rows(
            "SELECT content_key, category FROM items WHERE message=? AND content_key IS NOT NULL", source
        ):
            yield e.Reclassed(key_id=row["content_key"], retention=covenant.retention_class(kind, row["category"]))


def _row(row: sqlite3.Row, judged: sqlite3.Row | None) -> cf.SignalRow:
    return cf.SignalRow(
        source=row["source"],
        origin=row["origin"],
        partner=row["partner"],
        at=moment_of(row["at"]),
        outcome=Outcome(judged["outcome"]) if judged is not None else None,
        case=UUID(judged["case_id"]) if judged is not None and judged["case_id"] else None,
    )
