"""Long answers as NDJSON: one JSON object a line, progress first, the answer or the problem last.

The first element is awaited before the answer starts, so that a refusal for want of a role is an ordinary problem with its own
status. A later failure can no longer change the status; it is the last line: ``{"problem": {…}}``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, Final, cast

import structlog
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from exchange.api.problems import of_exchange, of_unexpected
from exchange.errors import ExchangeError

MEDIA: Final = "application/x-ndjson"


class Progress(BaseModel):
    """How many log entries were read so far."""

    entries: int


class Line(BaseModel):
    """One line of a stream: exactly one member is there."""

    progress: Progress | None = None
    answer: dict[str, Any] | None = None
    problem: dict[str, Any] | None = None


async def ndjson(elements: AsyncIterator[int | BaseModel], language: str) -> StreamingResponse:
    """The elements as a streamed answer: an int is progress, a model an answer."""
    try:
        first: int | BaseModel | None = await anext(elements)
    except StopAsyncIteration:
        first = None
    return StreamingResponse(_lines(first, elements, language), media_type=MEDIA)


async def _lines(
    first: int | BaseModel | None, elements: AsyncIterator[int | BaseModel], language: str
) -> AsyncIterator[str]:
    if first is None:
        return
    # aclosing: a caller who hangs up ends the node's work at once, not at the next garbage collection.
    async with aclosing(cast("Any", elements)) as rest:
        try:
            yield _line(first)
            async for element in rest:
                yield _line(element)
        except ExchangeError as problem:
            yield _json(Line(problem=of_exchange(language, problem)))
        except Exception as problem:  # noqa: BLE001 - the answer has begun; its last line must say that it failed
            structlog.get_logger().error("a stream failed unexpectedly", exc_info=problem)
            yield _json(Line(problem=of_unexpected(language)))


def _line(element: int | BaseModel) -> str:
    if isinstance(element, int):
        return _json(Line(progress=Progress(entries=element)))
    return _json(Line(answer=element.model_dump(mode="json")))


def _json(line: Line) -> str:
    return line.model_dump_json(exclude_none=True, exclude_unset=True) + "\n"
