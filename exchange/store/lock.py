"""One process per node directory: a lock file that tells."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from exchange.errors import SetupError
from exchange.store import sqlite


def take_lock(path: Path) -> int:
    """An exclusive lock that ends with the process, however it ends; closing the handle lets go of it.

    Raises:
        SetupError: Another process has it.
    """
    with sqlite.disk():
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise SetupError("Another process has this node directory open; use its API, or stop it first.") from None
    return handle


def check_free(path: Path) -> None:
    """Refuse early and by name what :func:`take_lock` would refuse later; takes nothing.

    Raises:
        SetupError: Another process has it.
    """
    if path.exists():
        os.close(take_lock(path))
