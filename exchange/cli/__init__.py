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

from exchange.cli import (
    accountability,
    agreements,
    areas,
    circle,
    conference,
    conference_offers,
    corrections,
    covenant,
    custody,
    drafts,
    duties,
    facts,
    founding,
    grammar,
    mail,
    objections,
    operations,
    people,
    registers,
    retention,
    sharing,
    triage,
)
from exchange.cli.grammar import Group
from exchange.cli.session import As, Globals, Json, Lang, Node
from exchange.i18n import LANGUAGES, N_, from_environment, tr

HELP = N_(
    "Share signals and disclosures under a privacy covenant: end-to-end encrypted, provable, and erasable."
    "\n\nEvery command explains itself with --help and answers as JSON with --json. What it answers goes to standard output,"
    " what went wrong to standard error; with --json both go to standard output."
    "\n\nExit codes: 0 done; 1 refused by the covenant, or failed (one sentence says why); 2 not used rightly."
    "\n\nTo look around: exchange demo. To found a node of your own: root create, init, root sign, covenant compile, sign,"
    " verify and accept, run."
)
EXAMPLES = (
    "exchange demo --keep",
    "exchange covenant --help",
    "exchange status --node /var/lib/exchange/actium --json",
)

START, SHARE, ACCOUNT, NODE = (
    N_("Begin"),
    N_("Register and share"),
    N_("Give account, and let go"),
    N_("Look after the node and the broker"),
)
"""Headings in the list of commands."""
_GROUPS = (
    ("root", founding.root, START),
    ("covenant", covenant.covenant, START),
    ("subject", people.app, SHARE),
    ("notice", facts.notice, SHARE),
    ("exception", facts.exception, SHARE),
    ("decision", facts.decision, SHARE),
    ("draft", drafts.draft, SHARE),
    ("area", areas.app, SHARE),
    ("triage", triage.app, SHARE),
    ("case", circle.app, SHARE),
    ("conference", conference.app, SHARE),
    ("agreement", agreements.agreement, SHARE),
    ("inbox", mail.inbox, SHARE),
    ("outbox", mail.outbox, SHARE),
    ("objection", objections.objection, ACCOUNT),
    ("duty", duties.duty, ACCOUNT),
    ("activity", registers.activity, ACCOUNT),
    ("training", registers.training, ACCOUNT),
    ("log", accountability.log, ACCOUNT),
    ("retention", retention.retention, ACCOUNT),
    ("actor", operations.actor, NODE),
    ("parked", mail.parked, NODE),
    ("keys", operations.keys, NODE),
    ("broker", founding.broker, NODE),
    ("clock", operations.clock, NODE),
)
_LONE = (
    (founding, START),
    (sharing, SHARE),
    (corrections, SHARE),
    (duties, ACCOUNT),
    (accountability, ACCOUNT),
    (operations, NODE),
)
"""Modules with commands that stand by themselves."""


def build() -> typer.Typer:
    """The whole program, its help still in English."""
    app = typer.Typer(
        name="exchange",
        cls=Group,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
        help=HELP,
        epilog="\n".join(EXAMPLES),
    )

    @app.callback()
    def _options(
        context: typer.Context, node: Node = None, actor: As = None, json: Json = False, lang: Lang = None
    ) -> None:
        variable = os.environ.get("EXCHANGE_NODE")
        context.obj = Globals(node or (Path(variable) if variable else None), actor, json, lang)

    for part, panel in _LONE:
        part.add_to(app, panel)
    custody.add_to(operations.keys, founding.broker)
    agreements.add_to(conference.app)
    conference_offers.add_to(conference.app)
    for name, group, panel in _GROUPS:
        app.add_typer(group, name=name, rich_help_panel=panel)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; ends the process with the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    language = _language(given, os.environ)
    grammar.speak(tr(language))
    try:
        code = _program(language)(args=given, prog_name="exchange", standalone_mode=False)
    except typer.TyperException as error:
        grammar.show(error, tr(language), json="--json" in given)
        code = error.exit_code
    except typer.Abort:
        rich_utils.rich_abort_error()
        code = 1
    sys.exit(code if isinstance(code, int) else 0)


@cache
def _program(language: str) -> Any:
    """The whole program with its help in ``language``."""
    program = typer.main.get_command(build())
    grammar.translate(program, tr(language))
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
