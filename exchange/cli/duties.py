"""``exchange duty`` and ``exchange worklist``: what acute danger left to be made good, and how much waits for you."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from exchange.cli.facts import Reason, asked, fields, recorded
from exchange.cli.session import Session, command, group
from exchange.cli.sharing import moment
from exchange.i18n import N_
from exchange.reports import words

duty = group(
    N_(
        "What is owed after acute danger, within 72 hours."
        "\n\nWho shares with --danger may go before a notice, a weighing, a training, the register or the chair. Each of them is"
        " then owed: it stands here until it was made good."
    )
)

_DUTY = "3f2c7a10-8f4e-4c7d-9b55-0a1d2e3f4a5b"
_ACT = "9d1e6b44-2a7c-4d0e-8a5f-6b7c8d9e0f1a"
_RELEASE = "5e8f0a21-7c3b-4b9a-8d1e-2f3a4b5c6d7e"
"""Ids in examples."""


def _duties(
    session: Session, every: Annotated[bool, typer.Option("--all", help=N_("Also what was made good."))] = False
) -> None:
    answer = session.door.get("/v1/duties", closed=str(every).lower())
    _ = session.gettext
    states = {"open": _("open"), "made-good": _("made good"), "excused": _("left as it is, with a reason")}
    rows = [
        (
            x["duty"],
            x["code"],
            x["partner"],
            moment(x["due_at"]) + (f" ({_('late')})" if x["overdue"] else ""),
            words.word(x["made_good_by"], words.GOOD, _),
            states[x["state"]],
            x["act"],
        )
        for x in answer
    ]
    columns = [_("Id"), _("Code"), _("Partner"), _("Before"), _("Made good by"), _("State"), _("Act")]
    session.show(answer, lambda: session.table(columns, rows, _("You owe nothing.")))


command(
    duty,
    "list",
    N_(
        "What you owe, the most urgent first; not about whom."
        "\n\nThe code says what was missing, the last column the act, for: exchange duty weigh ACT"
    ),
    examples=("exchange duty list", "exchange duty list --all --json"),
)(_duties)


def _fulfil(
    session: Session,
    duty: Annotated[UUID, typer.Argument(metavar=N_("DUTY"), help=N_("Id of the duty."))],
    release: Annotated[
        UUID | None, typer.Option("--release", help=N_("Id of the chair's release that makes it good."))
    ] = None,
    reason: Reason = None,
) -> None:
    form = fields(None, good="release" if release else "reason", fact=release, reason=reason)
    if not release:
        form = asked(session, form, reason=N_("Reason"))
    session.door.post(f"/v1/duties/{duty}/fulfil", form)
    session.done(session.gettext("This duty is closed."))


command(
    duty,
    "fulfil",
    N_(
        "Close a duty by the chair's release, or as privacy officer with a reason."
        "\n\nThe others close by themselves: record the notice, the weighing, the training or the register entry."
    ),
    examples=(f"exchange duty fulfil {_DUTY} --release {_RELEASE}", f"exchange duty fulfil {_DUTY}"),
)(_fulfil)


def _weigh(
    session: Session, act: Annotated[UUID, typer.Argument(metavar=N_("ACT"), help=N_("The act that could not wait."))]
) -> None:
    form = asked(
        session, {}, necessity=N_("Why it was needed"), proportionality=N_("Why it was in proportion"),
        subsidiarity=N_("Why less would not do"),
    )  # fmt: skip
    recorded(session, session.door.post(f"/v1/acts/{act}/weighing", form))


command(
    duty,
    "weigh",
    N_(
        "Write the weighing of an act that acute danger did not let wait."
        "\n\nYou are asked for necessity, proportionality and subsidiarity, so that they stay out of the"
        " shell's history. The duty closes by itself."
    ),
    examples=(f"exchange duty weigh {_ACT}",),
)(_weigh)


def _worklist(session: Session) -> None:
    answer = session.door.get("/v1/worklist")
    _ = session.gettext
    rows = [
        (words.word(x["kind"], words.WORK, _), x["count"], x["overdue"], words.WORK_LISTS[x["kind"]])
        for x in answer
        if x["count"]
    ]
    columns = [_("What"), _("Waits"), _("Late"), _("See")]
    session.show(answer, lambda: session.table(columns, rows, _("Nothing waits for you.")))


def add_to(app: typer.Typer, panel: str) -> None:
    """Register the command beside the groups."""
    command(
        app,
        "worklist",
        N_(
            "How much waits for you, and on which list it stands; never about whom."
            "\n\nIt counts every list of which your roles may work something off."
        ),
        examples=("exchange worklist", "exchange worklist --json"),
        panel=panel,
    )(_worklist)
