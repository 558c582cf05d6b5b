"""The command line: ``exchange``. Every command asks a running node over its Unix socket, or works on files to found one.

Exit codes: 0 fine, 1 refused or failed (one sentence says why), 2 the command was not used rightly.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import typer
from typer import rich_utils

from exchange.cli import accountability, corrections, custody, founding, mail, operations, people, sharing
from exchange.cli.session import As, Globals, Json, Lang, Node
from exchange.i18n import LANGUAGES, N_, Translate, from_environment, tr

HELP = N_(
    "Share signals and disclosures under a privacy covenant: end-to-end encrypted, provable, and erasable."
    "\n\nEvery command answers as JSON with --json and explains itself with --help."
    " Exit codes: 0 fine, 1 refused or failed (one sentence says why), 2 not used rightly."
    "\n\nStart with: exchange demo"
)

_GROUPS = (
    ("root", founding.root),
    ("covenant", founding.covenant),
    ("actor", operations.actor),
    ("subject", people.app),
    ("inbox", mail.inbox),
    ("outbox", mail.outbox),
    ("objection", corrections.objection),
    ("log", accountability.log),
    ("retention", accountability.retention),
    ("parked", mail.parked),
    ("keys", operations.keys),
    ("broker", founding.broker),
    ("clock", operations.clock),
)


_PANELS = (
    ("ARGUMENTS_PANEL_TITLE", N_("Arguments")),
    ("OPTIONS_PANEL_TITLE", N_("Options")),
    ("COMMANDS_PANEL_TITLE", N_("Commands")),
    ("ERRORS_PANEL_TITLE", N_("Error")),
)
"""Typer's own headings; it has no other way to say them in another language."""


def build() -> typer.Typer:
    """The whole program, its help still in English."""
    app = typer.Typer(
        name="exchange", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, help=HELP
    )

    @app.callback()
    def _options(
        context: typer.Context, node: Node = None, actor: As = None, json: Json = False, lang: Lang = None
    ) -> None:
        variable = os.environ.get("EXCHANGE_NODE")
        context.obj = Globals(node or (Path(variable) if variable else None), actor, json, lang)

    for part in (founding, operations, sharing, corrections, accountability):
        part.add_to(app)
    custody.add_to(operations.keys, founding.broker)
    for name, group in _GROUPS:
        app.add_typer(group, name=name)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; ends the process with the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    language = _language(given, os.environ)
    for name, title in _PANELS:
        setattr(rich_utils, name, tr(language)(title))
    program = _program(language)
    program(args=given, prog_name="exchange")


@cache
def _program(language: str) -> Any:
    """The whole program with its help in ``language``."""
    program = typer.main.get_command(build())
    _translate(program, tr(language))
    return program


def _language(arguments: Sequence[str], env: Mapping[str, str]) -> str:
    """The language of the help, which is needed before the options are read."""
    for position, argument in enumerate(arguments):
        value = argument.removeprefix("--lang=") if argument.startswith("--lang=") else ""
        if argument == "--lang" and position + 1 < len(arguments):
            value = arguments[position + 1]
        if value in LANGUAGES:
            return value
    return from_environment(env)


def _translate(command: Any, _: Translate) -> None:
    """Put every help text of ``command`` and what lies below it into the reader's language."""
    for owner in (command, *command.params):
        for name in ("help", "short_help", "rich_help_panel"):
            text = getattr(owner, name, None)
            if isinstance(text, str) and text:
                setattr(owner, name, _(text))
    for below in getattr(command, "commands", {}).values():
        _translate(below, _)
