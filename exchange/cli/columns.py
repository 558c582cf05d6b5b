"""How wide the columns of a table become: words, ids and codes stay whole as long as the screen has room for them.

Rich takes from every column alike, so that a name breaks into letters while a heading beside it stays on one line. Here the
widest column gives way first, and none below its longest word; a code is there to be copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len

BETWEEN: Final = 3
"""Cells between two columns."""
_WORD: Final = 16
"""Cells of a word that is kept whole on a narrow screen."""
EDGES: Final = 2
"""Cells left of the first and right of the last column."""


def widths(columns: Sequence[str], rows: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """The width of each column.

    Args:
        columns: The headings.
        rows: The cells.
        room: Width of the screen, in cells.

    Returns:
        ``None`` when even the longest code does not fit beside words of some length.
    """
    down = [[column, *(row[at] for row in rows)] for at, column in enumerate(columns)]
    full = [max(map(cell_len, texts)) for texts in down]
    least = [max(cell_len(word) for text in texts for word in text.split() or [""]) for texts in down]
    left = room - EDGES - BETWEEN * (len(columns) - 1)
    if sum(least) > left:  # the longest codes stay whole, words beside them may break
        longest = max(least)
        least = [low if low == longest else min(low, _WORD) for low in least]
    if sum(least) > left:
        return None

    def within(most: int) -> list[int]:
        return [max(low, min(high, most)) for low, high in zip(least, full, strict=True)]

    most = max(full)
    while sum(within(most)) > left:
        most -= 1
    found = within(most)
    spare = left - sum(found)
    for at, (width, high) in enumerate(zip(found, full, strict=True)):  # what rounding down left over
        more = min(spare, high - width, 1)
        found[at], spare = width + more, spare - more
    return found
