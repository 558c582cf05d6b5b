"""Operational logs hold no personal data, whoever calls and whatever fails."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog

from exchange import logs
from exchange.domain.event import topic_class
from exchange.errors import IntegrityError

MOMENT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    structlog.reset_defaults()
    root.handlers = handlers
    root.setLevel(level)


@pytest.fixture
def lines() -> Callable[[], list[dict[str, Any]]]:
    out = io.StringIO()
    logs.configure(out=out, now=lambda: MOMENT)
    return lambda: [json.loads(line) for line in out.getvalue().splitlines()]


def test_known_keys_pass_with_level_and_the_handed_in_clock(lines: Callable[[], list[dict[str, Any]]]) -> None:
    structlog.get_logger().info("batch written", count=3, partner="welzijn", index=7)
    assert lines() == [
        {
            "event": "batch written",
            "count": 3,
            "partner": "welzijn",
            "index": 7,
            "level": "info",
            "time": "2026-03-02T08:00:00.000+00:00",
        }
    ]


def test_an_unknown_key_is_dropped_and_counted(lines: Callable[[], list[dict[str, Any]]]) -> None:
    structlog.get_logger().warning("parked", name="Anna Verzonnen", note="belt elke dag", code="box-failed")
    (entry,) = lines()
    assert entry["withheld"] == 2
    assert entry["code"] == "box-failed"
    assert "Verzonnen" not in json.dumps(entry)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("partner", "Anna Verzonnen"),
        ("message", "1961-04-01"),
        ("count", "123456782"),
        ("code", "Fictielaan 12"),
        ("path", "node\nforged line"),
        ("kind", ["Anna"]),
        ("index", {"name": "Anna"}),
    ],
)
def test_a_value_of_another_shape_is_withheld(
    key: str, value: object, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    structlog.get_logger().info("x", **{key: value})
    assert lines()[0][key] == logs.WITHHELD


def test_a_foreign_exception_shows_class_and_never_its_text(lines: Callable[[], list[dict[str, Any]]]) -> None:
    try:
        int("Anna Verzonnen")
    except ValueError:
        structlog.get_logger().exception("could not read")
    (entry,) = lines()
    assert entry["error"] == "ValueError"
    assert "Verzonnen" not in json.dumps(entry)


def test_our_own_exception_shows_its_sentence_code_and_place(lines: Callable[[], list[dict[str, Any]]]) -> None:
    try:
        topic_class("made/up/9")
    except IntegrityError as error:
        structlog.get_logger().error("stopped", exc_info=error)
    (entry,) = lines()
    assert entry["code"] == "integrity"
    assert "made/up/9" in entry["sentence"]
    assert entry["at"].startswith("domain/event.py:")


def test_a_library_that_logs_a_name_shows_only_that_it_logged(lines: Callable[[], list[dict[str, Any]]]) -> None:
    logging.getLogger("some.library").error("refused %s", "Anna Verzonnen")
    logging.getLogger("some.library").info("chatter")
    (entry,) = lines()
    assert entry["library"] == "some.library"
    assert entry["level"] == "error"
    assert "Verzonnen" not in json.dumps(entry)


def test_a_bound_context_is_guarded_too(lines: Callable[[], list[dict[str, Any]]]) -> None:
    with structlog.contextvars.bound_contextvars(subject="Anna Verzonnen"):
        structlog.get_logger().info("read")
    assert "Verzonnen" not in json.dumps(lines())


def test_the_console_form_is_guarded_by_the_same_list() -> None:
    out = io.StringIO()
    logs.configure(form="console", out=out, now=lambda: MOMENT)
    structlog.get_logger().info("read", subject="Anna Verzonnen", count=1)
    assert "Verzonnen" not in out.getvalue()
    assert "count" in out.getvalue()
