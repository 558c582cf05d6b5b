"""Area pictures: how often what was reported where, without showing anybody (articles 4.1 (i)-(iii) and 11.1; Wpg 22).

A picture is a table of counts by area and kind of report, with totals. A count below the covenant's threshold is hidden, and
so is whatever would give a hidden count away: a total with one unknown beside it, a sum of unknowns that is itself small, and
the difference with a picture that was published before.

    table = tabulate(counts, areas)                    every cell and which cells add up to which
    hidden = protect(table, threshold, earlier)        what is not shown

Periods are calendar months, quarters or years: they lie inside one another or apart, so what two pictures give away together
can be seen from which one contains which.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, NamedTuple

from exchange.errors import InputError

ALL_KINDS: Final = "*"
"""The kind of a total over all kinds."""
ELSEWHERE: Final = ":elders"
"""Ending of the cell for reports in an area, but in none of the areas inside it."""
_MONTHS: Final = frozenset({1, 3, 12})


class Cell(NamedTuple):
    """One place in the table."""

    area: str
    kind: str


class Sum(NamedTuple):
    """``total`` is what ``parts`` add up to; whoever knows all but one of them knows the last."""

    total: Cell
    parts: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Every count, and every sum that a reader can make."""

    counts: Mapping[Cell, int]
    sums: tuple[Sum, ...]


@dataclass(frozen=True, slots=True)
class Period:
    """A calendar month, quarter or year; ``last`` is its last day."""

    first: date
    last: date

    @classmethod
    def of(cls, first: date, last: date) -> Period:
        """The period from ``first`` to and with ``last``.

        Raises:
            InputError: It is no calendar month, quarter or year.
        """
        after = last + timedelta(days=1)
        months = (after.year - first.year) * 12 + after.month - first.month
        if first.day != 1 or after.day != 1 or months not in _MONTHS or (first.month - 1) % months:
            raise InputError("A picture covers one calendar month, quarter or year, from its first to its last day.")
        return cls(first, last)

    def contains(self, other: Period) -> bool:
        """Whether ``other`` lies inside this one, or is the same."""
        return self.first <= other.first and other.last <= self.last


@dataclass(frozen=True, slots=True)
class Published:
    """An earlier picture: what was shown, and what was hidden but counted."""

    period: Period
    counts: Mapping[Cell, int]
    hidden: frozenset[Cell] = field(default_factory=frozenset)

    def shown(self, cell: Cell) -> int | None:
        """The number readers have; a cell that was not in the picture was zero in it."""
        return None if cell in self.hidden else self.counts.get(cell, 0)


def tabulate(reports: Mapping[Cell, int], within: Mapping[str, str | None]) -> Table:
    """The table of ``reports``.

    Args:
        reports: How many reports name exactly this area and kind.
        within: Every area of the covenant and the area it lies in, if any.
    """
    areas = _involved(reports, within)
    children = {area: [a for a in areas if within[a] == area] for area in areas}
    kinds = sorted({cell.kind for cell in reports})
    counts: dict[Cell, int] = {}
    sums: list[Sum] = []
    for area in sorted(areas, key=lambda a: -_depth(a, within)):
        for kind in kinds:
            own = reports.get(Cell(area, kind), 0)
            if children[area]:
                counts[Cell(area + ELSEWHERE, kind)] = own
                parts = [Cell(child, kind) for child in children[area]] + [Cell(area + ELSEWHERE, kind)]
                counts[Cell(area, kind)] = sum(counts[part] for part in parts)
                sums.append(Sum(Cell(area, kind), tuple(parts)))
            else:
                counts[Cell(area, kind)] = own
    for area in sorted({cell.area for cell in counts}):
        parts = [Cell(area, kind) for kind in kinds]
        counts[Cell(area, ALL_KINDS)] = sum(counts[part] for part in parts)
        sums.append(Sum(Cell(area, ALL_KINDS), tuple(parts)))
    for area in areas:
        if children[area]:
            inside = [*children[area], area + ELSEWHERE]
            sums.append(Sum(Cell(area, ALL_KINDS), tuple(Cell(a, ALL_KINDS) for a in inside)))
    return Table(counts, tuple(sums))


def _involved(reports: Mapping[Cell, int], within: Mapping[str, str | None]) -> list[str]:
    found: set[str] = set()
    for cell in reports:
        area: str | None = cell.area
        while area is not None and area not in found:
            found.add(area)
            area = within[area]
    return sorted(found)


def _depth(area: str, within: Mapping[str, str | None]) -> int:
    above = within[area]
    return 0 if above is None else 1 + _depth(above, within)


# ---------------------------------------------------------------------------------------- hiding


def protect(table: Table, threshold: int, period: Period, earlier: Sequence[Published] = ()) -> frozenset[Cell]:
    """Which cells are not shown.

    Args:
        table: The counts.
        threshold: Counts from 1 up to below it are small.
        period: What the picture covers.
        earlier: Pictures published before by the same partner, oldest first.
    """
    hidden = {cell for cell, count in table.counts.items() if _small(count, threshold)}
    hidden |= {cell for cell in table.counts if _differs_little(cell, table.counts[cell], period, earlier, threshold)}
    while (weak := _weakness(table, hidden, threshold)) is not None:
        hidden.add(_next_to_hide(weak, table, hidden))
    return frozenset(hidden)


def _small(count: int, threshold: int) -> bool:
    return 0 < count < threshold


def _weakness(table: Table, hidden: set[Cell], threshold: int) -> Sum | None:
    """A sum that gives something hidden away, or None."""
    for one in table.sums:
        parts = [part for part in one.parts if part in hidden]
        if one.total in hidden:
            if not parts:
                return one
        elif parts and (len(parts) == 1 or _small(sum(table.counts[part] for part in parts), threshold)):
            return one
    return _pinned(table, hidden)


def _pinned(table: Table, hidden: set[Cell]) -> Sum | None:
    """A sum around a hidden cell whose value follows from all sums together: its bounds meet."""
    low = {cell: 0 if cell in hidden else count for cell, count in table.counts.items()}
    high = {cell: _most(table) if cell in hidden else count for cell, count in table.counts.items()}
    changed = True
    while changed:
        changed = False
        for one in table.sums:
            changed |= _tighten(one, low, high)
    for one in table.sums:
        for cell in (one.total, *one.parts):
            if cell in hidden and low[cell] == high[cell] and _can_hide(one, hidden):
                return one
    return None


def _most(table: Table) -> int:
    return 2 * max(table.counts.values(), default=0) + 1


def _tighten(one: Sum, low: dict[Cell, int], high: dict[Cell, int]) -> bool:
    """Narrow what a sum's cells can be; whether anything changed."""
    before = [(low[c], high[c]) for c in (one.total, *one.parts)]
    lows, highs = sum(low[p] for p in one.parts), sum(high[p] for p in one.parts)
    low[one.total], high[one.total] = max(low[one.total], lows), min(high[one.total], highs)
    for part in one.parts:
        others_low, others_high = lows - low[part], highs - high[part]
        new_low, new_high = max(low[part], low[one.total] - others_high), min(high[part], high[one.total] - others_low)
        lows, highs = lows + new_low - low[part], highs + new_high - high[part]
        low[part], high[part] = new_low, new_high
    return before != [(low[c], high[c]) for c in (one.total, *one.parts)]


def _can_hide(one: Sum, hidden: set[Cell]) -> bool:
    return any(cell not in hidden for cell in (one.total, *one.parts))


def _next_to_hide(weak: Sum, table: Table, hidden: set[Cell]) -> Cell:
    """Of a sum that gives something away: its smallest shown part that is not zero, else its total, else a zero."""
    shown = [part for part in weak.parts if part not in hidden]
    counted = [part for part in shown if table.counts[part]]
    if counted:
        return min(counted, key=lambda part: (table.counts[part], part))
    return weak.total if weak.total not in hidden else min(shown)


# ---------------------------------------------------------------------------------------- earlier pictures


def _differs_little(cell: Cell, count: int, period: Period, earlier: Sequence[Published], threshold: int) -> bool:
    """Whether ``count`` beside what was published before shows a small number."""
    newest = {one.period: one for one in earlier}  # later versions of a period replace earlier ones
    for one in earlier:
        if one.period == period:
            shown = one.shown(cell)
            if shown is not None and _small(abs(count - shown), threshold):
                return True
    inside = _children(period, [p for p in newest if p != period])
    if inside and _gives_away(count, [newest[p].shown(cell) for p in inside], _covered(period, inside), threshold):
        return True
    return any(_as_part(cell, count, period, newest, around, threshold) for around in newest if around != period)


def _as_part(
    cell: Cell, count: int, period: Period, newest: Mapping[Period, Published], around: Period, threshold: int
) -> bool:
    """Whether a larger picture that was published, less this one and its neighbours, shows a small number."""
    if not around.contains(period):
        return False
    total = newest[around].shown(cell)
    siblings = _children(around, [p for p in newest if p not in {around, period} and not period.contains(p)])
    siblings = [p for p in siblings if not p.contains(period)]
    if total is None:
        return False
    parts = [newest[p].shown(cell) for p in siblings] + [count]
    return _gives_away(total, parts, _covered(around, [*siblings, period]), threshold)


def _gives_away(total: int, parts: Sequence[int | None], covered: bool, threshold: int) -> bool:  # noqa: FBT001 - one call each
    """What is left of ``total`` after the known ``parts`` is a small number, or is exactly one unknown part."""
    unknown = sum(part is None for part in parts)
    rest = total - sum(part for part in parts if part is not None)
    if unknown == 0:
        return not covered and _small(rest, threshold)
    return _small(rest, threshold) or (covered and unknown == 1)


def _children(period: Period, others: Iterable[Period]) -> list[Period]:
    """The largest of ``others`` that lie inside ``period``."""
    inside = [p for p in others if period.contains(p)]
    return [p for p in inside if not any(q != p and q.contains(p) for q in inside)]


def _covered(period: Period, parts: Iterable[Period]) -> bool:
    days = sum((p.last - p.first).days + 1 for p in parts)
    return days == (period.last - period.first).days + 1
