"""No public line of the log holds what a person types freely: every public text of every event says what closes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from exchange.domain import events
from exchange.domain.event import EVENTS, Event, Sealed

ID = "an id, hash or signature that a machine made"
DAY = "a day or period, checked as one"
PARTNER = "the short name of a partner of the covenant, looked up before it is stored"
COVENANT = "a code of the covenant or the law, refused when it is not in it"
NODE = "a word that only the node's own code writes, or one of a list that the form closes"
SIGNED = (
    "bytes that a partner signed: ids, codes and sizes, never content (protocol §4); its `reason` is closed by the form"
)
BEFORE = "read from logs of before, never written any more"

CLOSED: dict[str, str] = {
    **dict.fromkeys(("key_id", "content_key", "sealed", "message", "frame", "other", "kid", "kids", "about", "activity"), ID),
    **dict.fromkeys(("replaces", "request", "body", "commitment", "signatures", "signature", "voided", "hash"), ID),
    **dict.fromkeys(("key_ids", "document", "merged_with", "answer", "covenant", "reply_to"), ID),
    **dict.fromkeys(("due", "due_on", "date", "next_date", "on", "first", "last", "observed_on", "review_due"), DAY),
    **dict.fromkeys(("review_on", "ends_on", "agreed_on", "decided_on", "valid_until", "followed_on", "keep_until"), DAY),
    **dict.fromkeys(("received_on", "told_on", "occurred_on", "period"), DAY),
    **dict.fromkeys(("partner", "partners", "recipient", "recipients", "sender", "owner", "lead", "chair", "me"), PARTNER),
    **dict.fromkeys(("told", "by_hand"), PARTNER),
    **dict.fromkeys(("retention", "classes", "category", "categories", "purpose", "purposes", "context", "area"), COVENANT),
    **dict.fromkeys(("basis", "bases", "rules", "ground", "goal", "fields", "profile", "trigger", "legal_source"), COVENANT),
    **dict.fromkeys(("code", "codes", "rejected", "kind", "phase", "outcome", "close_reason", "status", "role"), NODE),
    **dict.fromkeys(("roles", "command", "release", "build", "view", "good", "cause", "rule", "reason", "action"), NODE),
    **dict.fromkeys(("channel", "anchor", "result"), NODE),
    **dict.fromkeys(("header", "receipt", "signed"), SIGNED),
}  # fmt: skip
"""Public text by the name of its field; a name means the same in every event."""
ELSEWHERE = {("conference/planned/1", "secrecy"): BEFORE, ("conference/planned/1", "role"): BEFORE,
             ("activity/registered/1", "name"): BEFORE}  # fmt: skip


def texts(cls: type[BaseModel]) -> Iterator[str]:
    """The public fields of ``cls`` that can hold any text, also inside a value."""
    for name, field in cls.model_fields.items():
        if any(isinstance(mark, Sealed) for mark in field.metadata):
            continue
        kinds = list(held(field.annotation))
        if str in kinds:
            yield name
        for kind in kinds:
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from texts(kind)


def held(annotation: Any) -> Iterator[Any]:
    """Every plain type in an annotation; one of a closed list of words is none."""
    inside = [one for one in get_args(annotation) if isinstance(one, type) or get_args(one)]
    yield from (plain for one in inside for plain in held(one)) if inside else (annotation,)


OURS = [cls for cls in EVENTS.values() if cls.__module__.startswith(events.__name__)]


@pytest.mark.parametrize("cls", OURS, ids=lambda cls: cls.topic)
def test_no_public_text_of_an_event_is_typed_freely(cls: type[Event]) -> None:
    open_ = [name for name in texts(cls) if name not in CLOSED and (cls.topic, name) not in ELSEWHERE]
    assert open_ == [], "seal it, or say here what closes it"


def test_what_is_said_of_public_texts_is_said_of_one_that_exists() -> None:
    there = {(cls.topic, name) for cls in OURS for name in texts(cls)}
    assert set(CLOSED) - {name for _topic, name in there} == set()
    assert set(ELSEWHERE) - there == set()
