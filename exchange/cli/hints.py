"""Commands to paste: what a sentence tells the reader to type works as it stands, at the node he was talking about.

What only the reader can know (the directory of a root key, a name) stands in capitals.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path


def command_line(*words: object, node: Path | None = None) -> str:
    """``exchange`` with ``words``, quoted for a shell; with ``--node`` when the next command would not find it by itself."""
    parts = ["exchange", *(str(word) for word in words)]
    if node is not None and node != Path() and os.environ.get("EXCHANGE_NODE") != str(node):
        parts += ["--node", str(node)]
    return shlex.join(parts)
