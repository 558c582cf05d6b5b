"""``exchange case``, the plan: goals, actions, when it is looked at again, and allocation to a third party."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer

from exchange.cli.casework import CASE, Case, Reason, post
from exchange.cli.forms import ask, given
from exchange.cli.session import Session, command
from exchange.i18n import N_

Text = Annotated[str | None, typer.Option("--text", help=N_("What. Leave it out to be asked."))]
Due = Annotated[
    datetime, typer.Option("--due", metavar=N_("DATE"), formats=["%Y-%m-%d"], help=N_("By which day, YYYY-MM-DD."))
]

_GOAL = "2d4f6a80-1c3e-4b5d-9f7a-8b9c0d1e2f3a"
_ACTION = "6f8a0c24-3e5b-4d7f-8a9c-0d1e2f3a4b5c"
"""Ids in examples, of a goal and an action."""


def _goal(
    session: Session,
    case: Case,
    text: Text = None,
    goal: Annotated[UUID | None, typer.Option("--goal", help=N_("A goal you set before."))] = None,
    reached: Annotated[bool, typer.Option("--reached", help=N_("It was reached."))] = False,
) -> None:
    words_ = text or ask(session.gettext("The goal"))
    post(session, case, "goals", {"text": words_, "reached": reached} | given(goal=goal))


def _action(
    session: Session,
    case: Case,
    owner: Annotated[str, typer.Option("--owner", metavar="PARTNER", help=N_("The partner that does it."))],
    due: Due,
    text: Text = None,
    action: Annotated[UUID | None, typer.Option("--action", help=N_("An action you planned before."))] = None,
    status: Annotated[str | None, typer.Option("--status", help=N_("OPEN, GEDAAN or VERVALLEN."))] = None,
    result: Annotated[str | None, typer.Option("--result", help=N_("What came of it."))] = None,
    agreement: Annotated[
        UUID | None, typer.Option("--agreement", help=N_("The agreement of a conference that it carries out."))
    ] = None,
) -> None:
    form = {"owner": owner, "due": due.date(), "text": text or ask(session.gettext("The action"))}
    post(session, case, "actions", form | given(action=action, status=status, result=result, agreement=agreement))


def _review(session: Session, case: Case, due: Due) -> None:
    post(session, case, "review", {"due": due.date()})


def _allocate(
    session: Session,
    case: Case,
    to: Annotated[str | None, typer.Option("--to", help=N_("The third party. Leave it out to be asked."))] = None,
    reason: Reason = None,
) -> None:
    form = {"to": to or ask(session.gettext("The third party")), "reason": reason or ask(session.gettext("Why"))}
    post(session, case, "allocations", form)


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    command(
        app,
        "goal",
        N_(
            "Set a goal, or say that it was reached."
            "\n\nThe text is asked for, so that it stays out of the shell's history. Ids of goals: exchange --json case show CASE"
        ),
        examples=(f"exchange case goal {CASE}", f"exchange case goal {CASE} --goal {_GOAL} --reached"),
    )(_goal)
    command(
        app,
        "action",
        N_("Plan an action, or say how it stands: who, what, by when, with which result."),
        examples=(
            f"exchange case action {CASE} --owner welzijn --due 2026-04-02",
            f"exchange case action {CASE} --owner welzijn --due 2026-04-02 --action {_ACTION} --status GEDAAN",
        ),
    )(_action)
    command(
        app,
        "review",
        N_("Say when the case is looked at again."),
        examples=(f"exchange case review {CASE} --due 2026-06-01",),
    )(_review)
    command(
        app,
        "allocate",
        N_(
            "Allocate a case to a third party for further handling."
            "\n\nWhat the third party is told then hangs on it: exchange case tell-third-party --form FILE"
        ),
        examples=(f'exchange case allocate {CASE} --to "Verslavingszorg Verzonnen"', f"exchange case allocate {CASE}"),
    )(_allocate)
