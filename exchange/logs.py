"""Operational logging that cannot hold personal data: every key is on a list, and every value has the shape of its key.

The audit trail is the event log; what is written here only helps an operator see that the node lives. Therefore:

* a key that is not in :data:`SHAPES` is dropped, a value of another shape reads ``[withheld]``;
* an exception shows its class and the line of ours it passed; its text only if it is our own, which by rule of
  :mod:`exchange.errors` names no person and no secret (a foreign text may quote the value it choked on);
* a library that logs shows who and where, never what it said.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Mapping, MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TextIO

import structlog

from exchange.errors import ExchangeError

WITHHELD = "[withheld]"

_SLUG = re.compile(r"[a-z][a-z0-9-]{0,40}")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")
_HEX = re.compile(r"[0-9a-f]{4,64}(-[0-9a-f]{4,12}){0,4}")
_PLACE = re.compile(r"[A-Za-z0-9_./<>-]{1,200}(:[0-9]+)?")
_OWN_TEXT = re.compile(r"[^\x00-\x1f\x7f]{1,500}")
_NUMBER = None  # int, float or bool; no text at all

SHAPES: Mapping[str, re.Pattern[str] | None] = {
    # what happened and where; `event` is a literal in the source (tests/test_hygiene.py), `sentence` one of our errors
    "event": _OWN_TEXT,
    "sentence": _OWN_TEXT,
    "level": _SLUG,
    "time": re.compile(r"[0-9T:.+Z-]{10,40}"),
    "error": _CODE,
    "at": _PLACE,
    "library": _CODE,
    # names out of the covenant, codes, and random ids
    "partner": _SLUG,
    "role": _SLUG,
    "kind": _SLUG,
    "command": re.compile(r"[a-z][a-z.-]{0,40}"),
    "state": _SLUG,
    "loop": _SLUG,
    "signal": _CODE,
    "code": _CODE,
    "reason": _CODE,
    "topic": _CODE,
    "route": re.compile(r"[A-Z]{0,8} ?[a-z0-9/{}_.-]{1,120}"),
    "version": _CODE,
    "stream": _CODE,
    "covenant": _HEX,
    "message": _HEX,
    "kid": _HEX,
    "actor": _HEX,
    "trace": _HEX,
    "path": _PLACE,
    # quantities
    "attempts": _NUMBER,
    "bytes": _NUMBER,
    "count": _NUMBER,
    "delay_s": _NUMBER,
    "elapsed_ms": _NUMBER,
    "exit_code": _NUMBER,
    "generation": _NUMBER,
    "index": _NUMBER,
    "pid": _NUMBER,
    "port": _NUMBER,
    "position": _NUMBER,
    "sequence": _NUMBER,
    "size": _NUMBER,
    "status": _NUMBER,
    "withheld": _NUMBER,
}
"""Key -> the shape its text must have; ``None`` means a number or a boolean."""


def _fits(shape: re.Pattern[str] | None, value: object) -> bool:
    """Whether ``value`` may stand under a key of this shape."""
    if value is None or isinstance(value, int | float):
        return True
    return shape is not None and isinstance(value, str) and shape.fullmatch(value) is not None


def only_known(_logger: object, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The processor that guards: drops unknown keys (and counts them), withholds values of another shape."""
    kept = {key: value if _fits(SHAPES[key], value) else WITHHELD for key, value in entry.items() if key in SHAPES}
    if len(kept) < len(entry):
        kept["withheld"] = len(entry) - len(kept)
    return kept


def name_exception(_logger: object, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace ``exc_info`` by class, place and, for our own errors, the sentence. Tracebacks quote values; none is kept."""
    given = entry.pop("exc_info", None)
    exc = given if isinstance(given, BaseException) else sys.exc_info()[1] if given else None
    if exc is None:
        return entry
    entry["error"] = type(exc).__name__
    if isinstance(exc, ExchangeError):
        entry["code"] = exc.code
        entry["sentence"] = str(exc)
    if place := _place(exc):
        entry["at"] = place
    return entry


def _place(exc: BaseException) -> str:
    """The innermost line of this package that ``exc`` passed, as ``store/log.py:120``; empty when none."""
    package, place, step = Path(__file__).parent, "", exc.__traceback__
    while step is not None:
        source = Path(step.tb_frame.f_code.co_filename)
        if source.is_relative_to(package):
            place = f"{source.relative_to(package).as_posix()}:{step.tb_lineno}"
        step = step.tb_next
    return place


class _LibraryHandler(logging.Handler):
    """Passes on that a library logged, from where and how loud, but not its text, which may quote anything."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger()
        at = f"{record.module}:{record.lineno}"
        log.log(
            record.levelno,
            "a library reports",
            library=record.name,
            at=at,
            exc_info=record.exc_info and record.exc_info[1],
        )


def _wall() -> datetime:
    """The time of the machine; a node hands in its own clock."""
    return datetime.now(UTC)


def configure(
    *,
    form: Literal["json", "console"] = "json",
    level: int = logging.INFO,
    out: TextIO | None = None,
    now: Callable[[], datetime] = _wall,
) -> None:
    """Set up logging for this process; a later call replaces an earlier one.

    Args:
        form: One JSON object a line for a machine, or aligned text for a person.
        level: Least level of our own messages; libraries are heard from WARNING up.
        out: Where to write; standard error when not given.
        now: The node's clock, so that a demo with a moved clock logs the moved time.
    """

    def stamp(_logger: object, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        entry["time"] = now().isoformat(timespec="milliseconds")
        return entry

    stream = out or sys.stderr
    renderer: Any = structlog.processors.JSONRenderer(ensure_ascii=False)
    if form == "console":
        renderer = structlog.dev.ConsoleRenderer(colors=stream.isatty(), timestamp_key="time")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            stamp,
            name_exception,
            only_known,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [_LibraryHandler(level=logging.WARNING)]
    root.setLevel(logging.WARNING)
