"""The one door: HTTP for the node's own organisation.

``app.create_app`` builds the application over the node's use cases, ``auth`` proves who is calling, ``server`` opens the Unix
socket (and loopback TCP when configured). Nothing here decides anything: forms go in, answers and problems come out.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

# On import FastAPI warns that an optional package for e-mail fields is missing; no form of ours has one.
logging.getLogger("fastapi").setLevel(logging.ERROR)

SOCKET: Final = "api.sock"
"""Name of the Unix socket in the node's directory."""

TOKEN: Final = "api.token"  # noqa: S105 - the name of a file, not what is in it
"""Name of the file with the bearer token for loopback TCP, readable by its owner alone."""


def socket_of(directory: Path) -> Path:
    """Where the node in ``directory`` answers."""
    return directory / SOCKET
