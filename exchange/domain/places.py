"""Where in a document something is wrong, for people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from exchange.errors import N_


def form_errors(error: ValidationError) -> list[Any]:
    """What is wrong, without the echoes: a list whose only element is wrong is also reported as too short."""
    found = error.errors(include_url=False, include_input=False)
    return [
        one
        for one in found
        if one["type"] != "too_short"
        or not any(o is not one and o["loc"][: len(one["loc"])] == one["loc"] for o in found)
    ]


class Top(str):
    """The place of what is wrong with all of it, in the reader's language."""

    __slots__ = ()

    def localised(self, gettext: Callable[[str], str]) -> str:
        """As :meth:`exchange.errors.ExchangeError.localised` asks every value of a sentence."""
        return gettext(str(self))


def place(loc: tuple[str | int, ...]) -> str:
    """Where in a document: ``matrix[3].grounds[0]``; foreign key names are cut and made harmless."""
    out = ""
    for part in loc:
        if isinstance(part, int):
            out += f"[{part}]"
        else:
            name = "".join(c for c in part if c.isascii() and (c.isalnum() or c in "_-*."))[:32] or "?"
            out += f".{name}" if out else name
    return out or Top(N_("the document as a whole"))
