"""No citizen service number in words typed for the own records (UAVG 46); at what is shared the gates look (R02)."""

from __future__ import annotations

from typing import Final

from exchange.domain.bsn import BsnFinding, scan
from exchange.errors import InputError

_APART: Final = "\nx\n"


def apart(*texts: str | None) -> str:
    """Texts that are looked at together, with a letter between them, so that two of them never make one number."""
    return _APART.join(filter(None, texts))


def holds_number(*texts: str | None) -> bool:
    """Whether one of these texts holds a certain citizen service number."""
    return scan(apart(*texts)) is BsnFinding.CERTAIN


def no_number(*texts: str | None) -> None:
    """Pass, or refuse without repeating it.

    Raises:
        InputError: One of these texts holds a citizen service number.
    """
    if holds_number(*texts):
        raise InputError("The text holds a citizen service number (BSN); leave it out (UAVG 46).")
