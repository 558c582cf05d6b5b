"""``exchange conference list`` and ``show``, and ``exchange agreement``: what is planned, agreed, decided, and done of it."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import typer

from exchange.cli.conference import CONFERENCE, Conference, titles_of
from exchange.cli.session import Session, command, group
from exchange.i18n import N_
from exchange.reports.times import written
from exchange.reports.titles import Titles

agreement = group(
    N_(
        "What your organisation agreed to do in a case conference."
        "\n\nA disclosure to somebody who is no partner hangs on an agreement that names him."
    )
)
_AGREEMENT = "9b1d3f57-8e0a-4c2d-8b4f-5a6b7c8d9e0f"
"""Id in an example."""


def _show(session: Session, conference: Conference) -> None:
    answer = session.door.get(f"/v1/conferences/{conference}")
    session.show(answer, lambda: _show_one(session, answer, titles_of(session)))


def _list(session: Session) -> None:
    _ = session.gettext
    answer = session.door.get("/v1/conferences")

    def human() -> None:
        titles = titles_of(session)
        rows = [
            (r["conference"], written(r["date"]), titles.of_partner(r["chair"]), r["items"], r["offers_open"])
            for r in answer
        ]
        columns = [_("Conference"), _("Date"), _("Chair of"), _("Cases"), _("Offers to decide")]
        session.table(columns, rows, _("No conference is planned."))

    session.show(answer, human)


def _show_one(session: Session, answer: dict[str, Any], titles: Titles) -> None:
    _ = session.gettext
    session.facts(
        [
            (_("Conference"), answer["conference"]),
            (_("Date"), written(answer["date"])),
            (_("Chair of"), titles.of_partner(answer["chair"])),
            (_("Participants"), ", ".join(titles.of_partner(p["partner"]) for p in answer["participants"]) or "-"),
            (_("Offers held against what is needed"), written(answer["reviewed_on"])),
            (_("Next conference"), written(answer["next_date"])),
        ]
    )
    for item in answer["agenda"]:
        session.say()
        session.say(_("Case {case}").format(case=item["case"]), "bold")
        session.say(_("Agenda item {item}").format(item=item["item"]))
        session.say(_("In scope: {partners}").format(partners=", ".join(map(titles.of_partner, item["partners"]))))
        for one in item["decisions"]:
            session.say(_("Decision: {text}").format(text=one["text"] if one["text"] is not None else _("erased")))
        _agreements_table(session, item["agreements"], titles)


def _agreements_table(session: Session, rows: list[dict[str, Any]], titles: Titles) -> None:
    _ = session.gettext
    states = {True: _("done"), False: _("open")}
    listed = [
        (
            one["agreement"],
            one["action"] if one["action"] is not None else _("erased"),
            titles.of_partner(one["owner"]),
            written(one["due"]),
            _("overdue") if one["overdue"] else states[one["done"]],
            one["third_party"] or "-",
        )
        for one in rows
    ]
    columns = [_("Agreement"), _("Action"), _("Owner"), _("By"), _("State"), _("Third party")]
    session.table(columns, listed, _("Nothing is agreed."))


def _agreements(session: Session) -> None:
    answer = session.door.get("/v1/agreements")
    session.show(answer, lambda: _agreements_table(session, answer, titles_of(session)))


command(
    agreement,
    "list",
    N_("What your organisation agreed to do and has not done, soonest first."),
    examples=("exchange agreement list",),
)(_agreements)


def _done(
    session: Session,
    agreed: Annotated[
        UUID, typer.Argument(metavar=N_("AGREEMENT"), help=N_("Id of the agreement: exchange agreement list."))
    ],
) -> None:
    session.door.post(f"/v1/agreements/{agreed}/done")
    session.done(session.gettext("Done."))


command(
    agreement,
    "done",
    N_("Your organisation did what was agreed. It goes off the list."),
    examples=(f"exchange agreement done {_AGREEMENT}",),
)(_done)


def add_to(app: typer.Typer) -> None:
    """Register ``exchange conference list`` and ``show``."""
    command(
        app,
        "list",
        N_("The conferences in which your organisation takes part, the newest date first."),
        examples=("exchange conference list", "exchange conference list --json"),
    )(_list)
    command(
        app,
        "show",
        N_("A conference with its agenda, agreements and decisions. That you looked is recorded."),
        examples=(f"exchange conference show {CONFERENCE}",),
    )(_show)
