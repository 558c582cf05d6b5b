"""What the benchmark's processes share: how they talk, and how memory, disk and a spread of figures are read."""

from __future__ import annotations

import json
import os
import statistics
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def say(answer: dict[str, Any]) -> None:
    """One JSON line to whoever started this process."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


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


def peak() -> int:
    """The most bytes this process had in memory since :func:`forget_peak`; 0 where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def disk(directory: Path, names: Iterable[str]) -> int:
    """Bytes of these files with their write-ahead logs."""
    files = [directory / (name + suffix) for name in names for suffix in ("", "-wal")]
    return sum(file.stat().st_size for file in files if file.exists())


def median(values: list[float]) -> float:
    return statistics.median(values)


def p99(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.99))]
