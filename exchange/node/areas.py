"""Area level first: reports about a street or village without a person, and pictures in which nobody can be found."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import orjson

from exchange.domain import events as e
from exchange.domain.area_gates import judge_area
from exchange.domain.areas import ELSEWHERE, Cell, Period, Published, protect, tabulate
from exchange.domain.event import Gone
from exchange.domain.facts import decide_happened
from exchange.domain.proposal import Verdict
from exchange.domain.retention import local_day
from exchange.errors import NotFoundError
from exchange.node import rules
from exchange.node.area_forms import (
    AreaAnswer,
    AreaCellAnswer,
    AreaPictureAnswer,
    AreaPictureForm,
    AreaSignalAnswer,
    AreaSignalForm,
)
from exchange.node.commands import Result, allow, once
from exchange.node.context import Context
from exchange.node.drafting import reasons
from exchange.node.messages import stream_of
from exchange.node.receiving import Incoming
from exchange.node.service import Actor, Idempotency, Refused
from exchange.node.taking import taken
from exchange.node.work import Fresh, Post, record_refusal
from exchange.node.writer import Tx
from exchange.wire import messages as m
from exchange.wire.areas import AreaCell, AreaPicture, AreaSignal


class Areas:
    """See the module."""

    def __init__(self, ctx: Context, post: Post) -> None:
        self._ctx = ctx
        self._post = post

    def areas(self, actor: Actor) -> list[AreaAnswer]:
        """The areas of the covenant."""
        allow(actor, "area.list")
        known = self._ctx.covenants.current.covenant.areas
        return [AreaAnswer(area=a.code, title=a.title, within=a.within) for a in known]

    # ------------------------------------------------------------------------------------ reports

    async def signal(self, actor: Actor, form: AreaSignalForm, key: Idempotency | None) -> AreaSignalAnswer:
        """Record a report about an area, and tell partners.

        Raises:
            InputError: It was observed on a day that has still to come.
            Refused: The covenant does not allow it; nothing was stored but the refusal.
        """
        allow(actor, "area.signal")
        decide_happened(form.observed_on, local_day(self._ctx.clock.now()))
        signal = uuid4()
        works = {
            to.partner: AreaSignal(
                signal=signal,
                area=form.area,
                kind=form.kind,
                observed_on=form.observed_on.isoformat(),
                reports=form.reports,
                text=form.text,
                purpose=form.purpose,
                context=form.context,
                sender_task=form.task,
                recipient_task=to.task,
            )
            for to in form.recipients
        }
        await self._judge_own(actor, m.Kind.AREA_SIGNAL, AreaSignal(
            signal=signal, area=form.area, kind=form.kind, observed_on=form.observed_on.isoformat(),
            reports=form.reports, text=form.text, purpose=form.purpose, context=form.context, sender_task=form.task,
            recipient_task=form.task,
        ))  # fmt: skip
        for partner, work in works.items():
            await self._post.judged(actor, partner, m.Kind.AREA_SIGNAL, work)
        fresh: list[Fresh] = []

        def unit(tx: Tx) -> tuple[UUID, Result]:
            fresh.clear()
            kept = self._ctx.covenants.current.covenant.settings.statement_retention
            tx.append(
                e.AreaSignalled(
                    originator_id=signal,
                    at=tx.now,
                    key_id=tx.new_key(kept),
                    origin="own",
                    partner=None,
                    message=None,
                    area=form.area,
                    kind=form.kind,
                    purpose=form.purpose,
                    context=form.context,
                    observed_on=form.observed_on.isoformat(),
                    reports=form.reports,
                    retention=kept,
                    by=actor.id,
                    text=form.text,
                )
            )
            fresh.extend(
                self._post.compose(tx, recipient=p, kind=m.Kind.AREA_SIGNAL, work=w, act=signal, by=actor.id)
                for p, w in works.items()
            )
            return signal, {"messages": [outgoing.message for outgoing, _ in fresh]}

        made, _ = await once(self._ctx, actor, "area.signal", key, form, unit)
        self._post.send(fresh)
        return self._signal(made)

    async def _judge_own(self, actor: Actor, kind: m.Kind, work: AreaSignal | AreaPicture) -> None:
        """What holds whoever gets it, also when nobody does; told with every reason at once."""
        ctx, me = self._ctx, self._ctx.me.slug
        proposal = rules.area_proposal(me, me, work, named=rules.named(ctx, work))
        verdict = judge_area(ctx.covenants.current.covenant, proposal)
        if not verdict.allowed:
            await self._refused(actor, kind, verdict)

    async def _refused(self, actor: Actor, kind: m.Kind, verdict: Verdict) -> None:
        me = self._ctx.me.slug
        await self._ctx.writer.run(lambda tx: record_refusal(tx, actor=actor, partner=me, kind=kind, verdict=verdict))
        raise Refused(reasons(verdict, me, 0), max(finding.refusal.status for finding in verdict.findings))

    def signals(self, actor: Actor) -> list[AreaSignalAnswer]:
        """Every report about an area, newest first."""
        allow(actor, "area.list")
        rows = self._ctx.ledger.rows("SELECT * FROM area_signals ORDER BY log_index DESC")
        entries = self._ctx.log.entries_at([row["log_index"] for row in rows])
        texts = dict(zip((x.index for x in entries), self._ctx.log.read_all(entries), strict=True))
        return [_signal_answer(row, texts.get(row["log_index"])) for row in rows]

    def _signal(self, signal: UUID) -> AreaSignalAnswer:
        row = self._ctx.ledger.one("SELECT * FROM area_signals WHERE signal=?", str(signal))
        if row is None:
            raise NotFoundError("There is no such report at this node.")
        return _signal_answer(row, self._ctx.log.event(self._ctx.log.entry(row["log_index"])))

    # ------------------------------------------------------------------------------------ pictures

    async def picture(self, actor: Actor, form: AreaPictureForm, key: Idempotency | None) -> AreaPictureAnswer:
        """Count what was reported in a period, hide what would show somebody, keep it, and send it.

        Raises:
            InputError: The period is no calendar month, quarter or year.
            NotFoundError: Nothing was reported in it.
            Refused: The covenant does not allow it.
        """
        allow(actor, "area.picture")
        period = Period.of(form.first, form.last)
        cells = self._count(period)
        if not cells:
            raise NotFoundError("Nothing was reported about an area in that period, so there is nothing to picture.")
        threshold = self._ctx.covenants.current.covenant.settings.small_cell_threshold
        picture = uuid4()

        def work(task: str) -> AreaPicture:
            return AreaPicture(
                picture=picture,
                first=form.first.isoformat(),
                last=form.last.isoformat(),
                threshold=threshold,
                cells=[AreaCell(area=c.area, kind=c.kind, count=n) for c, n in cells.items()],
                text=form.text,
                purpose=form.purpose,
                context=form.context,
                sender_task=form.task,
                recipient_task=task,
            )

        await self._judge_own(actor, m.Kind.AREA_PICTURE, work(form.task))
        for to in form.recipients:
            await self._post.judged(actor, to.partner, m.Kind.AREA_PICTURE, work(to.task))
        fresh: list[Fresh] = []

        def unit(tx: Tx) -> tuple[UUID, Result]:
            fresh.clear()
            tx.append(
                e.AreaPictured(
                    originator_id=picture,
                    at=tx.now,
                    purpose=form.purpose,
                    context=form.context,
                    first=form.first.isoformat(),
                    last=form.last.isoformat(),
                    threshold=threshold,
                    cells=tuple(e.AreaCount(area=c.area, kind=c.kind, count=n) for c, n in cells.items()),
                    by=actor.id,
                )
            )
            fresh.extend(
                self._post.compose(
                    tx, recipient=to.partner, kind=m.Kind.AREA_PICTURE, work=work(to.task), act=picture, by=actor.id
                )
                for to in form.recipients
            )
            return picture, {"messages": [outgoing.message for outgoing, _ in fresh]}

        made, result = await once(self._ctx, actor, "area.picture", key, form, unit)
        self._post.send(fresh)
        answer = next(p for p in self._pictures() if p.picture == made)
        messages = result["messages"]
        return answer.model_copy(update={"messages": messages if isinstance(messages, list) else []})

    def _count(self, period: Period) -> dict[Cell, int | None]:
        """Every cell of the period's table; None where it is hidden."""
        covenant = self._ctx.covenants.current.covenant
        within = {area.code: area.within for area in covenant.areas}
        rows = self._ctx.ledger.rows(
            "SELECT area, kind, sum(reports) AS n FROM area_signals WHERE observed_on BETWEEN ? AND ? GROUP BY area, kind",
            period.first.isoformat(),
            period.last.isoformat(),
        )
        counted = {Cell(row["area"], row["kind"]): int(row["n"]) for row in rows if row["area"] in within}
        table = tabulate(counted, within)
        hidden = protect(table, covenant.settings.small_cell_threshold, period, list(self._published()))
        return {cell: None if cell in hidden else count for cell, count in sorted(table.counts.items())}

    def _published(self) -> Iterator[Published]:
        """Own pictures so far: what readers may lay a new one beside."""
        for row in self._ctx.ledger.rows("SELECT * FROM area_pictures WHERE partner IS NULL ORDER BY log_index"):
            cells = {Cell(area, kind): count for area, kind, count in orjson.loads(row["cells"])}
            yield Published(
                Period(date.fromisoformat(row["first"]), date.fromisoformat(row["last"])),
                {cell: count for cell, count in cells.items() if count is not None},
                frozenset(cell for cell, count in cells.items() if count is None),
            )

    def pictures(self, actor: Actor) -> list[AreaPictureAnswer]:
        """Own and received pictures, newest first."""
        allow(actor, "area.list")
        return self._pictures()

    def _pictures(self) -> list[AreaPictureAnswer]:
        rows = self._ctx.ledger.rows("SELECT * FROM area_pictures ORDER BY log_index DESC")
        titles = {area.code: area.title for area in self._ctx.covenants.current.covenant.areas}
        return [_picture_answer(row, titles, self._ctx.me.slug) for row in rows]


def _signal_answer(row: sqlite3.Row, event: object) -> AreaSignalAnswer:
    text = event.text if isinstance(event, e.AreaSignalled) else None
    return AreaSignalAnswer(
        signal=UUID(row["signal"]),
        at=_moment(row["at"]),
        origin=row["origin"],
        partner=row["partner"],
        area=row["area"],
        kind=row["kind"],
        purpose=row["purpose"],
        observed_on=date.fromisoformat(row["observed_on"]),
        reports=row["reports"],
        text=None if isinstance(text, Gone) else text,
    )


def _picture_answer(row: sqlite3.Row, titles: dict[str, str], me: str) -> AreaPictureAnswer:
    def title(area: str) -> str:
        base = area.removesuffix(ELSEWHERE)
        return titles.get(base, base) + (" (elders)" if base != area else "")

    return AreaPictureAnswer(
        picture=UUID(row["picture"]),
        at=_moment(row["at"]),
        partner=row["partner"] or me,
        purpose=row["purpose"],
        first=date.fromisoformat(row["first"]),
        last=date.fromisoformat(row["last"]),
        threshold=row["threshold"],
        cells=[
            AreaCellAnswer(area=area, title=title(area), kind=kind, count=count)
            for area, kind, count in orjson.loads(row["cells"])
        ],
    )


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


# ---------------------------------------------------------------------------------------- taking


@taken(m.Kind.AREA_SIGNAL)
def _signal_received(tx: Tx, ctx: Context, incoming: Incoming, part: e.StoredPart) -> None:  # noqa: ARG001 - a taker
    work = incoming.work
    if not isinstance(work, AreaSignal) or part.key_id is None:
        return
    tx.append(
        e.AreaSignalled(
            originator_id=stream_of(incoming.sender.id, work.signal),
            at=tx.now,
            key_id=part.key_id,
            origin="received",
            partner=incoming.sender.slug,
            message=incoming.message,
            area=work.area,
            kind=work.kind,
            purpose=work.purpose,
            context=work.context,
            observed_on=work.observed_on,
            reports=work.reports,
            retention=part.retention,
            by=None,
            text=work.text,
        )
    )


@taken(m.Kind.AREA_PICTURE)
def _picture_received(tx: Tx, ctx: Context, incoming: Incoming, part: e.StoredPart) -> None:  # noqa: ARG001 - a taker
    work = incoming.work
    if not isinstance(work, AreaPicture):
        return
    tx.append(
        e.AreaPictureReceived(
            originator_id=stream_of(incoming.sender.id, work.picture),
            at=tx.now,
            partner=incoming.sender.slug,
            message=incoming.message,
            purpose=work.purpose,
            context=work.context,
            first=work.first,
            last=work.last,
            threshold=work.threshold,
            cells=tuple(e.AreaCount(area=c.area, kind=c.kind, count=c.count) for c in work.cells),
        )
    )
