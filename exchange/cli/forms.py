"""Forms a person fills in: a TOML or JSON file, standard input, options, and questions.

Whatever is typed as an argument can be seen by every user of the machine while the command runs, and stays in the shell's
history. Therefore the text of an item may be left out of ``--item CATEGORY:FIELD``; it is then asked for.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import typer

from exchange.cli.session import Session
from exchange.errors import InputError
from exchange.i18n import N_

_PLACE: Final = re.compile(r"\(at (?:line (\d+), column (\d+)|end of document)\)")
_DAYS: Final = ("%Y-%m-%d", "%d-%m-%Y")
MAX_FORM: Final = 2 * 1024 * 1024


def read_form(source: str) -> dict[str, Any]:
    """The form in a file, or on standard input for ``-``; TOML, or JSON when it begins with a brace.

    Raises:
        InputError: Unreadable or not valid; names line and column, never the text.
    """
    text = _text(source)
    form = _json(text) if text.lstrip().startswith("{") else _toml(text)
    if not isinstance(form, dict):
        raise InputError("The form is not an object.")
    return form


def _text(source: str) -> str:
    try:
        data = sys.stdin.buffer.read(MAX_FORM + 1) if source == "-" else Path(source).read_bytes()
        if len(data) > MAX_FORM:
            raise InputError("The form is larger than the node accepts.")
        return data.decode("utf-8-sig")
    except OSError:
        raise InputError("The form cannot be read; name a file, or - for standard input.") from None
    except UnicodeDecodeError:
        raise InputError("The form is not UTF-8 text.") from None


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(
            "The form is not valid JSON (line {line}, column {column}).", line=error.lineno, column=error.colno
        ) from None
    except (RecursionError, ValueError):  # ValueError: a number of thousands of digits
        raise InputError("The form is nested too deep, or holds a number without end.") from None


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # Only the place: the rest of tomllib's sentence may quote the text.
        place = _PLACE.search(str(error))
        last = text.count("\n") + 1
        line, column = (place[1], place[2]) if place and place[1] else (last, 1)
        if str(error).startswith("Invalid date"):
            raise InputError(
                "The form has a day or a time that does not exist (line {line}, column {column}).",
                line=line,
                column=column,
            ) from None
        raise InputError(
            "The form is not valid TOML (line {line}, column {column}).", line=line, column=column
        ) from None
    except (RecursionError, ValueError):
        raise InputError("The form is nested too deep, or holds a number without end.") from None


def given(**values: Any) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in values.items() if value not in (None, "", [], ())}


def recipient(session: Session, text: str, *, bare: bool = False) -> dict[str, str]:
    """``PARTNER:BASIS:TASK[:SPECIAL-EXCEPTION[:CRIMINAL-GROUND]]`` as a form; with ``bare`` the partner alone will do."""
    names = ("partner", "basis", "task", "special_exception", "criminal_ground")
    parts = text.split(":")
    if bare and len(parts) == 1:
        return {"partner": text}
    if not 3 <= len(parts) <= len(names):  # noqa: PLR2004 - partner, basis and task are required
        raise typer.BadParameter(
            session.gettext("--to is PARTNER:BASIS:TASK, optionally :SPECIAL-EXCEPTION:CRIMINAL-GROUND.")
        )
    return {name: part for name, part in zip(names, parts, strict=False) if part}


def item(session: Session, text: str, nature: str) -> dict[str, str]:
    """``CATEGORY:FIELD=TEXT`` as a form; without ``=TEXT`` the text is asked for."""
    place, equals, value = text.partition("=")
    category, colon, field = place.partition(":")
    if not colon or not category or not field:
        raise typer.BadParameter(
            session.gettext("An item is CATEGORY:FIELD=TEXT; without =TEXT you are asked for the text.")
        )
    if not equals:
        value = ask(f"{category}:{field}")
    return {"category": category, "field": field, "value": value, "nature": nature}


def day_of(text: str) -> date | None:
    """A day as people type it, 2026-03-02 or 2-3-2026; ``None`` for anything else."""
    for form in _DAYS:
        try:
            return datetime.strptime(text.strip(), form).date()  # noqa: DTZ007 - a day, no moment
        except ValueError:
            continue
    return None


def ask(label: str, *, optional: bool = False) -> str:
    """One line from the terminal or standard input; at a terminal only what is ``optional`` may be left empty.

    Raises:
        InputError: Nobody is there to ask, and standard input has no line for it.
    """
    if sys.stdin.isatty():
        suffix = " " if label.endswith("?") else ": "
        empty = "" if optional else None
        answer: str = typer.prompt(label, default=empty, show_default=False, prompt_suffix=suffix, err=True)
        return answer
    line = sys.stdin.readline()
    if not line:
        raise InputError(
            "Nobody can be asked here for “{label}”: give it as an option, in a form, or as a line on standard input.",
            label=label,
        )
    return line.rstrip("\r\n")


_HEADS: Final = {
    "disclosure": (N_("# A disclosure. Fill in, save, and send with: exchange disclose --form FILE"), ""),
    "signal": (N_("# A signal. Fill in, save, and send with: exchange signal --form FILE"), ""),
}
_OF_A_SIGNAL: Final = (
    (N_("# What it is about, and why this person could benefit from support"), ""),
    ("", 'signal_kind = ""\nsupport_rationale = ""'),
)
TEMPLATE: Final = (
    (N_("# The person: look the id up with: exchange subject find"), 'subject = ""'),
    (N_("# Codes stand in the covenant: exchange covenant show"), ""),
    ("", 'purpose = ""\ncontext = ""'),
    (N_("# Your own legal basis (GDPR article 6) and statutory task"), 'basis = "A6_1_e"\ntask = ""'),
    (N_("# The case number in your own system; stays here, sealed"), 'external_reference = ""'),
    (N_("# Why needed, why in proportion, why not less"), ""),
    ("", '[weighing]\nnecessity = ""\nproportionality = ""\nsubsidiarity = ""'),
    (N_("# When and how the person was told, and which recipients were named"), ""),
    ("", '[notice]\ngiven_on = 2026-03-02\nmode = "HUISBEZOEK"\nrecipients = [""]'),
    (N_("# One block per recipient, with his own basis and task"), ""),
    ("", '[[recipients]]\npartner = ""\nbasis = "A6_1_e"\ntask = ""'),
    (N_("# One block per item: one fact or one opinion, at most 500 characters"), ""),
    ("", '[[items]]\ncategory = ""\nfield = ""\nvalue = ""\nnature = "fact"'),
)
"""A form to fill in: (comment, TOML) by line."""


def template(session: Session, kind: str = "disclosure") -> str:
    """An empty form to share on, with comments in the reader's language."""
    parts: list[str] = []
    for comment, toml in (_HEADS[kind], *(_OF_A_SIGNAL if kind == "signal" else ()), *TEMPLATE):
        if comment:
            parts.append(("\n" if parts else "") + session.gettext(comment))
        if toml:
            parts.append(toml)
    return "\n".join(parts)
