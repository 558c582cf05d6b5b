"""Add a stored sample for every event version that has none yet to ``events.json``; existing samples are never changed.

    python tests/vectors/make_event_samples.py            add what is missing
    python tests/vectors/make_event_samples.py --fresh    make all anew: only before the first release of a topic

A sample is what a node of that release wrote. Every later release must read it as the same event.
"""

from __future__ import annotations

import json
import sys
import types
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel

from exchange.domain import events
from exchange.domain.event import EVENTS, Event, Gone
from exchange.store.mapper import encode

PATH = Path(__file__).with_name("events.json")
KEY = bytes(range(32))
KEY_ID = "0123456789abcdef" * 2
AT = datetime(2026, 3, 2, 8, 0, 0, 120_000, tzinfo=UTC)


def example(kind: Any, name: str) -> Any:
    """A value of the annotated type ``kind`` for the field ``name``."""
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return example(next(arg for arg in args if arg not in (type(None), Gone)), name)
    if origin is Literal:
        return args[0]
    if origin in (tuple, list):
        return origin([example(args[0], name)])
    if origin is dict:
        return {example(args[0], name): example(args[1], name)}
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return fill(kind)
    plain = {str: f"een {name}", int: 7, bool: True, UUID: UUID(int=sum(name.encode())), datetime: AT}
    return plain[kind]


def fill(cls: type[BaseModel]) -> BaseModel:
    """An instance of ``cls`` with every field set."""
    values = {
        name: KEY_ID if name.endswith(("key_id", "content_key")) else example(field.annotation, name)
        for name, field in cls.model_fields.items()
    }
    return cls(**values)


def sample(cls: type[Event]) -> dict[str, Any]:
    """What a node writes for one event of ``cls``."""
    event = fill(cls)
    assert isinstance(event, Event)
    return {
        "topic": cls.topic,
        "originator": event.originator_id.hex,
        "version": 3,
        "key": KEY.hex(),
        "state": encode(event, 3, KEY if cls.private else None).hex(),
        "event": json.loads(event.model_dump_json()),
    }


def main() -> None:
    """Write the file."""
    found = [] if "--fresh" in sys.argv or not PATH.exists() else json.loads(PATH.read_text("utf-8"))
    known = {one["topic"] for one in found}
    ours = {topic: cls for topic, cls in EVENTS.items() if cls.__module__.startswith(events.__name__)}
    found += [sample(cls) for topic, cls in ours.items() if topic not in known]
    found.sort(key=lambda one: one["topic"])
    PATH.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
