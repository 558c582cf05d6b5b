"""What became of items after they were exchanged: corrected, recalled, restricted, and whether that was answered. Now or then."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from exchange.node.context import Context

PAGE = 400
"""Values per query; SQLite allows 999."""
Status = Literal["readable", "corrected", "restricted"]


@dataclass(slots=True)
class Mark:
    """What became of one item."""

    corrected_at: datetime | None = None
    replaced_by: UUID | None = None
    replaces: UUID | None = None
    restricted_at: datetime | None = None
    told: str | None = None
    told_at: datetime | None = None
    recalled_at: datetime | None = None
    recall_outcome: str | None = None
    acknowledged_at: datetime | None = None
    acknowledged: str | None = None

    @property
    def status(self) -> Status:
        """What a reader of the item has to know first."""
        if self.restricted_at is not None:
            return "restricted"
        return "corrected" if self.corrected_at is not None else "readable"


def marks(ctx: Context, items: Iterable[str], as_of: datetime) -> dict[str, Mark]:
    """Item -> what became of it by then; items of which nothing became are not in it."""
    found: dict[str, Mark] = {}
    wanted, until = sorted(set(items)), round(as_of.timestamp() * 1000)
    for start in range(0, len(wanted), PAGE):
        _page(ctx, wanted[start : start + PAGE], until, found)
    return found


def _page(ctx: Context, items: Sequence[str], until: int, found: dict[str, Mark]) -> None:
    these = ",".join("?" * len(items))

    def rows(query: str) -> list[sqlite3.Row]:
        return ctx.ledger.rows(query.format(these=these), *items, until)

    for row in rows("SELECT * FROM corrected WHERE item IN ({these}) AND at<=? ORDER BY at"):
        mark = found.setdefault(row["item"], Mark())
        mark.corrected_at, mark.replaced_by = _moment(row["at"]), _uuid(row["replacement"])
    for row in rows("SELECT * FROM corrected WHERE replacement IN ({these}) AND at<=?"):
        found.setdefault(row["replacement"], Mark()).replaces = UUID(row["item"])
    for row in rows("SELECT * FROM restrictions WHERE item IN ({these}) AND at<=? ORDER BY at DESC"):
        if row["lifted_at"] is None or row["lifted_at"] > until:
            found.setdefault(row["item"], Mark()).restricted_at = _moment(row["at"])
    for row in rows(
        "SELECT w.item AS item, n.* FROM noticed w JOIN notifications n ON n.message=w.message"
        " WHERE w.item IN ({these}) AND n.at<=? ORDER BY n.at"
    ):
        _told(found.setdefault(row["item"], Mark()), row, until)


def _told(mark: Mark, row: sqlite3.Row, until: int) -> None:
    answered = row["answered_at"] is not None and row["answered_at"] <= until
    mark.told, mark.told_at = row["telling"], _moment(row["at"])
    mark.acknowledged_at = _moment(row["answered_at"]) if answered else None
    mark.acknowledged = row["outcome"] if answered else None
    if row["telling"] == "recalled":
        mark.recalled_at, mark.recall_outcome = mark.told_at, mark.acknowledged


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC)


def _uuid(text: str | None) -> UUID | None:
    return UUID(text) if text else None
