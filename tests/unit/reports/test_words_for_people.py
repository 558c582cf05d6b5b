"""No code of ours reaches a reader as a code, and none of a newer release is lost."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from exchange.domain import events
from exchange.domain.event import EVENTS
from exchange.i18n import tr
from exchange.node.outbox import Waiting
from exchange.reports import words


def test_every_event_this_release_knows_has_words() -> None:
    ours = [topic for topic, cls in EVENTS.items() if cls.__module__.startswith(events.__name__)]
    assert events.MessageSent.topic in ours
    assert {topic.rpartition("/")[0] for topic in ours} - set(words.STEPS) == set()


@pytest.mark.parametrize(
    ("text", "dutch"),
    [
        ("P2Y", "2 jaar"),
        ("P6W", "6 weken"),
        ("P1Y6M", "1 jaar, 6 maanden"),
        ("P1D", "1 dag"),
        ("P", "P"),
        ("PT1H", "PT1H"),
        ("soon", "soon"),
    ],
)
def test_a_period_reads_as_people_say_it(text: str, dutch: str) -> None:
    assert words.period(text, tr("nl")) == dutch


def test_what_a_newer_node_says_is_shown_as_it_came() -> None:
    assert words.step("quantum/entangled/1", tr("nl")) == "quantum/entangled/1"
    assert words.word("quantum", words.REASONS, tr("nl")) == "quantum"
    assert words.step("item/recorded/7", tr("nl")) == words.step("item/recorded/1", tr("nl")) == "gegeven vastgelegd"


def test_a_message_that_was_just_written_says_in_words_what_it_waits_for() -> None:
    new = Waiting("ab" * 32, "welzijn", 1, datetime(2026, 3, 2, tzinfo=UTC))
    assert words.word(new.why, words.REASONS, tr("nl")) == "wordt zo verstuurd"
