"""``exchange objection``: people who object to the use of their data (GDPR 21), from receipt to lifting."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import typer

from exchange.cli.corrections import Key, show_told
from exchange.cli.forms import given
from exchange.cli.session import Session, command, group
from exchange.cli.sharing import moment
from exchange.i18n import N_
from exchange.reports import words
from exchange.reports.times import written

objection = group(
    N_(
        "Objections of people to the use of their data (GDPR 21): receive, extend, decide, lift."
        "\n\nFrom the moment it is received everything about the person may only be stored, here and at every recipient."
    )
)
_OBJECTION = "9d1f3b57-4c6e-4a8b-8d0f-2e3f4a5b6c7d"
_SUBJECT = "0b7a9a5e-5d1c-4a55-9c1b-3f5f2f6a9d10"
"""Ids in examples."""

Objection = Annotated[
    UUID, typer.Argument(metavar=N_("OBJECTION"), help=N_("Id of the objection: exchange objection list."))
]
ToldOn = Annotated[
    datetime,
    typer.Option(
        "--told-on", metavar=N_("DATE"), formats=["%Y-%m-%d"], help=N_("When the person was told, YYYY-MM-DD.")
    ),
]
Notice = Annotated[str, typer.Option("--notice", help=N_("Reference of what the person was told, such as a letter."))]


def _show_objections(session: Session, answers: list[dict[str, Any]]) -> None:
    _ = session.gettext
    rows = [
        (
            one["objection"], one["label"] or _("erased"), written(one["received_on"]),
            written(one["due_on"]) + (f" ({_('overdue')})" if one["overdue"] else ""),
            words.word(one["outcome"] or "new", words.OUTCOMES, _),
            moment(one["lifted_at"]) if one["lifted_at"] else _("restricted"),
        )
        for one in answers
    ]  # fmt: skip
    columns = [_("Objection"), _("Person"), _("Received"), _("Weigh by"), _("Decision"), _("Restriction lifted")]
    session.table(columns, rows, _("Nobody objected."))


def _one(session: Session, answer: dict[str, Any]) -> None:
    def human() -> None:
        _show_objections(session, [answer])
        show_told(session, answer["notified"], session.gettext("Nobody else got anything about this person."))

    session.show(answer, human)


def _receive(
    session: Session,
    subject: Annotated[UUID, typer.Argument(metavar=N_("SUBJECT"), help=N_("Id of the register entry."))],
    received_on: Annotated[
        datetime | None,
        typer.Option(
            "--received-on", metavar=N_("DATE"), formats=["%Y-%m-%d"], help=N_("When it came in, YYYY-MM-DD.")
        ),
    ] = None,
    text: Annotated[str, typer.Option("--text", help=N_("What the person objects to; stays here, sealed."))] = "",
    key: Key = None,
) -> None:
    fields = given(subject=str(subject), received_on=received_on and received_on.date().isoformat(), text=text)
    _one(session, session.door.post("/v1/objections", fields, key=key))


command(
    objection,
    "receive",
    N_(
        "Somebody objects: restrict everything about the person at once, and tell every recipient."
        "\n\nIt must be weighed within a month (GDPR 12(3), 18(1)(d), 21)."
        " The day it came in counts; left out, that is today."
    ),
    examples=(
        f"exchange objection receive {_SUBJECT}",
        f"exchange objection receive {_SUBJECT} --received-on 2026-03-02",
    ),
)(_receive)


def _list(session: Session) -> None:
    answers = session.door.get("/v1/objections")
    session.show(answers, lambda: _show_objections(session, answers))


command(
    objection,
    "list",
    N_("Every objection; what waits for a decision first."),
    examples=("exchange objection list", "exchange objection list --json"),
)(_list)


def _show(session: Session, which: Objection) -> None:
    _one(session, session.door.get(f"/v1/objections/{which}"))


command(
    objection,
    "show",
    N_("One objection, with which partner was told what."),
    examples=(f"exchange objection show {_OBJECTION}",),
)(_show)


def _extend(
    session: Session,
    which: Objection,
    told_on: ToldOn,
    notice: Notice,
    reason: Annotated[str, typer.Option("--reason", help=N_("Why it takes longer; stays here, sealed."))],
) -> None:
    form = {"told_on": told_on.date().isoformat(), "notice": notice, "reason": reason}
    _one(session, session.door.post(f"/v1/objections/{which}/extend", form))


command(
    objection,
    "extend",
    N_("Take up to two months more; the person heard why within the first (GDPR 12(3))."),
    examples=(
        f'exchange objection extend {_OBJECTION} --told-on 2026-03-20 --notice BRIEF-12 --reason "Advies van de FG volgt."',
    ),
)(_extend)


def _decide(
    session: Session,
    which: Objection,
    outcome: Annotated[str, typer.Option("--outcome", help=N_("upheld or rejected."))],
    motivation: Annotated[str, typer.Option("--motivation", help=N_("Why; stays here, sealed."))],
) -> None:
    _one(
        session,
        session.door.post(f"/v1/objections/{which}/decide", {"outcome": outcome, "motivation": motivation}),
    )


command(
    objection,
    "decide",
    N_(
        "Say how it was weighed, and why (GDPR 21(1))."
        "\n\nUpheld: the use has ended and the restriction stays. Ask back what was given: exchange recall ITEM --everywhere"
        " --reason BEZWAAR_GEGROND. Rejected: the restriction stays until you lift it."
    ),
    examples=(
        f'exchange objection decide {_OBJECTION} --outcome upheld --motivation "Haar belang weegt zwaarder."',
        f'exchange objection decide {_OBJECTION} --outcome rejected --motivation "De veiligheid van haar kind gaat voor."',
    ),
)(_decide)


def _lift(session: Session, which: Objection, told_on: ToldOn, notice: Notice) -> None:
    form = {"told_on": told_on.date().isoformat(), "notice": notice}
    _one(session, session.door.post(f"/v1/objections/{which}/lift", form))


command(
    objection,
    "lift",
    N_("End the restriction of a rejected objection, here and at the recipients. Tell the person first (GDPR 18(3))."),
    examples=(f"exchange objection lift {_OBJECTION} --told-on 2026-04-01 --notice BRIEF-14",),
)(_lift)
