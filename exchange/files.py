"""Small files that people carry around: read whole, written once, never overwritten, one sentence when it fails."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from exchange.errors import InputError, SetupError


def make_directory(path: Path) -> None:
    """Make ``path`` and its parents, for the owner only; harmless when it is there."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        raise SetupError("The directory {name} cannot be made.", name=path.name) from None


def write_new(path: Path, data: bytes, mode: int) -> None:
    """Write a file that is not there yet, durably.

    Raises:
        SetupError: It exists, or cannot be written.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise SetupError("The file {name} exists already; nothing was overwritten.", name=path.name) from None
    except OSError:
        raise SetupError("The file {name} cannot be written.", name=path.name) from None
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


class _What:
    """What a file should be, in the reader's language."""

    def __init__(self, what: str) -> None:
        self._what = what

    def localised(self, gettext: Callable[[str], str]) -> str:
        """As people call it."""
        return gettext(self._what)

    def __str__(self) -> str:
        return self._what


def read(path: Path, what: str) -> bytes:
    """The whole file. ``what`` it should be is a key of the catalog.

    Raises:
        InputError: Absent or unreadable; the sentence names ``what`` it should be.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError("There is no {what} file {name}.", what=_What(what), name=path.name) from None
    except OSError:
        raise InputError("The {what} file {name} cannot be read.", what=_What(what), name=path.name) from None


def read_json(path: Path, what: str) -> dict[str, Any]:
    """A JSON object from a file.

    Raises:
        InputError: Absent, unreadable or not an object.
    """
    try:
        value = json.loads(read(path, what))
    except (ValueError, RecursionError):
        raise InputError("The {what} file {name} is damaged.", what=_What(what), name=path.name) from None
    if not isinstance(value, dict):
        raise InputError("The {what} file {name} is damaged.", what=_What(what), name=path.name)
    return value
