"""Texts that people type: composed before they are counted and stored."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from exchange.node import forms as f
from exchange.wire import messages as m


def test_what_looks_like_one_character_is_one_however_it_was_typed() -> None:
    form = f.ReplyForm(state="handled", text="e\u0301" * 500)
    assert form.text == "\u00e9" * 500
    assert m.Reply(text=form.text).text == form.text
    with pytest.raises(ValidationError) as refused:
        f.ReplyForm(state="handled", text="e\u0301" * 501)
    assert refused.value.errors()[0]["type"] == "string_too_long"


def test_whatever_a_form_takes_a_message_takes() -> None:
    for text in ("x\u030c" * 250, "\u1100\u1161\u11a8" * 500, "\U0001f469" * 500):
        assert m.Reply(text=f.ReplyForm(state="handled", text=text).text)


def test_an_emergency_without_a_danger_is_no_form() -> None:
    with pytest.raises(ValidationError):
        f.EmergencyForm(danger="  ", interest_of="SUBJECT")
