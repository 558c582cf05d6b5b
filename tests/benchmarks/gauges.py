"""What the benchmark's processes share: how they talk, and how memory, disk and a spread of figures are read."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
from pathlib import Path
from typing import Any


def say(answer: dict[str, Any]) -> None:
    """One JSON line to whoever started this process."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


async def commands(target: object, ready: str) -> None:
    """Take JSON commands from stdin, one a line, until it ends: ``{"do": method, **arguments}``; answer each with its result."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    say({"ready": ready})
    while line := await reader.readline():
        command = json.loads(line)
        say(await getattr(target, command.pop("do"))(**command))


def resident() -> int:
    """Bytes of this process in memory now; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def forget_peak() -> None:
    """Let :func:`peak` count from here on (Linux)."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def peak(process: int | str = "self") -> int:
    """The most bytes a process had in memory (this one: since :func:`forget_peak`); 0 where the system does not tell."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def peak_beside() -> int:
    """The most bytes that a process which this one started, and which still runs, had in memory; 0 where nobody tells.

    What the system says of processes that ended counts the memory of whoever started them.
    """
    listed = (children.read_text(encoding="ascii").split() for children in Path("/proc/self/task").glob("*/children"))
    return max((peak(child) for started in listed for child in started), default=0)


def disk(directory: Path) -> int:
    """Bytes of the databases in ``directory``; whole only after they were closed."""
    return sum(file.stat().st_size for file in directory.glob("*.db*") if file.is_file())


def median(values: list[float]) -> float:
    return statistics.median(values)


def p99(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.99))]
