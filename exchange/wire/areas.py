"""What partners tell each other about areas: reports and pictures, without a field for a person."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from exchange.wire.messages import Code, Day, Text, Uid, Wire, Work

AreaCode = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,47}(:elders)?$")]
"""An area of the covenant; ``:elders`` for what lies in it and in none of the areas inside it."""
KindCode = Annotated[str, Field(pattern=r"^(\*|[A-Z][A-Z0-9_]{0,47})$")]
"""A kind of report; ``*`` for all kinds together."""
Count = Annotated[int, Field(ge=0, le=10_000_000)]
MAX_CELLS = 1000


class AreaWork(Work):
    """What both have: purpose, scope and the own tasks of both sides."""

    purpose: Code
    context: Code
    sender_task: Code
    recipient_task: Code
    text: Text = ""

    def texts(self) -> list[str]:
        """The remark."""
        return [self.text]

    def areas(self) -> frozenset[str]:
        """Every area it speaks of."""
        return frozenset()

    def kinds(self) -> frozenset[str]:
        """Every kind of report that somebody chose; a picture only counts the kinds of earlier reports."""
        return frozenset()

    def shown(self) -> tuple[int, ...]:
        """Every count it shows."""
        return ()


class AreaSignal(AreaWork):
    """A report about an area."""

    signal: Uid
    area: AreaCode
    kind: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,47}$")]
    observed_on: Day
    reports: Annotated[int, Field(ge=1, le=1000)] = 1

    def areas(self) -> frozenset[str]:
        """The one."""
        return frozenset({self.area})

    def kinds(self) -> frozenset[str]:
        """The one."""
        return frozenset({self.kind})


class AreaCell(Wire):
    """One count of a picture; absent when it is hidden."""

    area: AreaCode
    kind: KindCode
    count: Count | None = None


class AreaPicture(AreaWork):
    """Counts by area and kind over a calendar month, quarter or year."""

    picture: Uid
    first: Day
    last: Day
    threshold: Annotated[int, Field(ge=2, le=100)]
    cells: Annotated[list[AreaCell], Field(min_length=1, max_length=MAX_CELLS)]

    def areas(self) -> frozenset[str]:
        """Of every cell."""
        return frozenset(cell.area for cell in self.cells)

    def shown(self) -> tuple[int, ...]:
        """What is not hidden."""
        return tuple(cell.count for cell in self.cells if cell.count is not None)
