"""Every command that takes a form prints an empty one, which says everything that the form can hold and nothing else."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

import pytest
from command_lines import commands
from pydantic import BaseModel, ValidationError

from exchange.node import casework_forms as kf
from exchange.node import conference_forms as cf
from exchange.node import corrections_forms as rf
from exchange.node import facts_forms as ff
from exchange.node import forms as f

OF_A_FORM = ("--form", "--open")
"""Options that read one."""
TAKE_A_FORM = {
    path: command
    for path, command in commands()
    if any(o in OF_A_FORM for p in command.params if not getattr(p, "is_flag", False) for o in p.opts)
}
FORMS: dict[str, type[BaseModel]] = {
    "notice add": ff.SubjectNoticeForm, "exception add": ff.ExceptionForm, "decision add": ff.DecisionForm,
    "activity add": ff.ActivityForm, "subject add": f.SubjectForm, "subject find": f.IdentityForm, "who-knows": f.IdentityForm,
    "correct": rf.CorrectionForm, "triage note": kf.NoteForm, "triage decide": kf.CaseForm, "case open": kf.CaseForm,
    "case tell-third-party": kf.ThirdPartyForm, "conference plan": cf.ConferenceForm, "conference minutes": cf.MinutesForm,
    "conference offer": f.ShareForm, "disclose": f.ShareForm, "signal": f.ShareForm, "draft save": f.OpenForm,
}  # fmt: skip
BEHIND = re.compile(r"(?m)^# (?=\[|\w+ = )")
"""What may be left out stands behind this."""


def test_every_command_that_takes_a_form_prints_an_empty_one() -> None:
    assert [
        " ".join(p) for p, c in TAKE_A_FORM.items() if "--template" not in {o for q in c.params for o in q.opts}
    ] == []
    assert {" ".join(path) for path in TAKE_A_FORM} == set(FORMS)


@pytest.mark.parametrize("path", TAKE_A_FORM, ids=" ".join)
def test_an_empty_form_needs_no_node_and_nothing_else_that_the_command_asks_for(
    bare: Any, path: tuple[str, ...]
) -> None:
    for language, word in (("nl", "Vul in, bewaar"), ("en", "Fill in, save,")):
        printed = bare(*path, "--template", "--lang", language)
        assert (printed.code, printed.err) == (0, "")
        assert word in printed.out
        assert json.loads(bare(*path, "--template", "--json").out) == json.loads(
            json.dumps(tomllib.loads(printed.out), default=str)
        )


@pytest.mark.parametrize("path", TAKE_A_FORM, ids=" ".join)
def test_an_empty_form_holds_what_the_form_can_hold_and_nothing_else(bare: Any, path: tuple[str, ...]) -> None:
    printed = bare(*path, "--template", "--lang", "en").out
    name = " ".join(path)
    for text in (printed, BEHIND.sub("", printed)):
        assert foreign(FORMS[name], tomllib.loads(text)) == []
    if FORMS[name] not in (f.ShareForm, f.OpenForm):  # that one is written by hand, with the order of the tutorial
        given = {"item"} if name == "correct" else set()
        assert set(tomllib.loads(BEHIND.sub("", printed))) == set(FORMS[name].model_fields) - given
        needed = {n for n, field in FORMS[name].model_fields.items() if field.is_required()}
        assert set(tomllib.loads(printed)) == needed - given


def foreign(form: type[BaseModel], filled: dict[str, Any]) -> list[str]:
    """Fields of ``filled`` that the form does not know; that nothing is filled in yet is no matter."""
    try:
        form.model_validate(filled)
    except ValidationError as error:
        return [str(fault["loc"]) for fault in error.errors() if fault["type"] == "extra_forbidden"]
    return []


def test_what_is_not_known_to_the_form_is_seen() -> None:
    assert foreign(kf.CaseForm, {"problem": "x", "misspelt": 1}) == ["('misspelt',)"]


def test_a_form_of_a_signal_asks_what_a_signal_needs(bare: Any) -> None:
    assert {"signal_kind", "support_rationale"} <= set(tomllib.loads(bare("signal", "--template").out))
