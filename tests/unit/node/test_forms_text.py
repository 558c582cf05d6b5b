"""Texts that people type: composed before they are counted and stored."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Annotated

import pytest
from annotated_types import MaxLen
from pydantic import BaseModel, TypeAdapter, ValidationError

from exchange.node import area_forms, casework_forms, conference_forms, corrections_forms, facts_forms
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


@pytest.mark.parametrize("form", [f.ShareForm, casework_forms.ThirdPartyForm])
def test_a_form_takes_no_more_stated_grounds_than_a_message_holds(form: type[f.Form]) -> None:
    def longest(model: type[BaseModel]) -> int:
        return next(one.max_length for one in model.model_fields["stated"].metadata if isinstance(one, MaxLen))

    assert longest(form) == longest(m.Statement)


KEPT_AS_TYPED = ("IdentityForm.", "SubjectForm.", "NoteForm.reporter_identity", "SubjectNoticeForm.language")
"""Who somebody is goes through unharmed, letter by letter; what is compared is folded elsewhere."""
IDS = (".external_reference", ".merged_with")


def typed(module: ModuleType) -> Iterator[tuple[str, object, int]]:
    """Every field of a form in which a person types words: where, what validates it, and how many characters fit."""
    for form in vars(module).values():
        if not (isinstance(form, type) and issubclass(form, f.Form)):
            continue
        for name, field in form.model_fields.items():
            longest = next((m.max_length for m in field.metadata if isinstance(m, MaxLen)), None)
            pattern = any(getattr(m, "pattern", None) for m in field.metadata)
            if field.annotation is str and longest is not None and longest >= 40 and not pattern:
                yield f"{form.__name__}.{name}", Annotated[str, *field.metadata], longest


@pytest.mark.parametrize("module", [f, area_forms, casework_forms, conference_forms, corrections_forms, facts_forms])
def test_every_form_counts_and_keeps_what_looks_like_one_character_as_one(module: ModuleType) -> None:
    found = 0
    for where, what, longest in typed(module):
        if where.startswith(KEPT_AS_TYPED) or where.endswith(IDS):
            continue
        adapter, found = TypeAdapter(what), found + 1
        assert adapter.validate_python("e\u0301" * longest) == "\u00e9" * longest, where
        with pytest.raises(ValidationError):
            adapter.validate_python("e\u0301" * (longest + 1))
    assert found


def test_an_emergency_without_a_danger_is_no_form() -> None:
    with pytest.raises(ValidationError):
        f.EmergencyForm(danger="  ", interest_of="SUBJECT")
