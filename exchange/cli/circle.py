"""``exchange case``, the second half: who of our own people may look and who looked all the same, third parties, feedback."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import typer

from exchange.cli import case_plan
from exchange.cli.casework import ACTOR, CASE, Case, Key, Remove, app
from exchange.cli.forms import read_form
from exchange.cli.session import Session, command
from exchange.cli.sharing import moment
from exchange.cli.templates import empty
from exchange.i18n import N_
from exchange.reports import words
from exchange.reports.times import written
from exchange.reports.titles import Titles

__all__ = ["app"]

_OPENING = "7e9a1c36-5b7d-4f9a-8c0e-2f3a4b5c6d7e"
"""Id in an example."""
case_plan.add_to(app)

Actor = Annotated[UUID, typer.Argument(metavar="ACTOR", help=N_("Id of the actor: exchange actor list."))]


# ---------------------------------------------------------------------------------------- who may look


def _circle(session: Session, case: Case, actor: Actor, out: Remove = False) -> None:
    answer = session.door.post(f"/v1/cases/{case}/circle", {"actor": actor, "inside": not out})
    sentence = session.gettext("{count} people are in the circle.").format(count=len(answer))
    session.show(answer, lambda: session.say(sentence))


command(
    app,
    "circle",
    N_(
        "Let a colleague into the circle of a case, or out of it."
        "\n\nThe first to take up a case that a partner shared fills its circle; after that somebody in it decides."
    ),
    examples=(f"exchange case circle {CASE} {ACTOR}", f"exchange case circle {CASE} {ACTOR} --out"),
)(_circle)


def _openings(
    session: Session,
    everything: Annotated[bool, typer.Option("--all", help=N_("Also those that were reviewed."))] = False,
) -> None:
    _ = session.gettext
    answer = session.door.get("/v1/circle-openings", everything=str(everything).lower())
    rows = [
        (
            o["opening"],
            moment(o["at"]),
            o["name"] or f"({_('erased')})",
            words.word(o["ground"], words.GROUNDS, _),
            words.word(o["view"], words.VIEWS, _),
            o["case"] or (o["message"] or "")[:12],
            o["reason"] if o["reason"] is not None else f"({_('erased')})",
            words.word(o["verdict"] or "", words.STATES, _) or _("waits"),
        )
        for o in answer
    ]
    columns = [_("Id"), _("At"), _("Who"), _("Why reviewed"), _("Looked at"), _("Of"), _("Reason"), _("Review")]
    session.show(answer, lambda: session.table(columns, rows, _("Nothing waits to be reviewed.")))


command(
    app,
    "openings",
    N_(
        "Who looked from outside a circle, and why: the list that the privacy officer works off."
        "\n\nOpenings of police data by somebody who is not designated stand here as well."
        " Work it off with: exchange case judge ID"
    ),
    examples=("exchange case openings", "exchange case openings --all --json"),
)(_openings)


def _judge(
    session: Session,
    opening: Annotated[UUID, typer.Argument(metavar="ID", help=N_("Id of the opening: exchange case openings."))],
    follow_up: Annotated[str, typer.Option("--follow-up", help=N_("It was not right: what has to follow."))] = "",
) -> None:
    verdict = "follow-up" if follow_up else "justified"
    session.door.post(f"/v1/circle-openings/{opening}/review", {"verdict": verdict, "note": follow_up})
    session.done(session.gettext("Reviewed."))


command(
    app,
    "judge",
    N_("Review an opening from outside a circle; never your own."),
    examples=(
        f"exchange case judge {_OPENING}",
        f'exchange case judge {_OPENING} --follow-up "Gesprek gepland."',
    ),
)(_judge)


def _receivers(session: Session) -> None:
    _show_receivers(session, session.door.get("/v1/wpg-receivers"))


def _show_receivers(session: Session, answer: list[dict[str, Any]]) -> None:
    _ = session.gettext
    rows = [(r["actor"], moment(r["since"]), r["by"]) for r in answer]
    session.show(
        answer, lambda: session.table([_("Actor"), _("Since"), _("Designated by")], rows, _("Nobody is designated."))
    )


command(
    app,
    "receivers",
    N_("Who is designated to receive and use police data here."),
    examples=("exchange case receivers",),
)(_receivers)


def _designate(session: Session, actor: Actor, out: Remove = False) -> None:
    _show_receivers(session, session.door.post("/v1/wpg-receivers", {"actor": actor, "designated": not out}))


command(
    app,
    "designate",
    N_("Designate a receiver of police data, or end that with --out."),
    examples=(f"exchange case designate {ACTOR}", f"exchange case designate {ACTOR} --out"),
)(_designate)


# ---------------------------------------------------------------------------------------- third parties, feedback


def _tell(
    session: Session,
    form: Annotated[
        str,
        typer.Option("--form", metavar=N_("FILE"), help=N_("The disclosure as a TOML or JSON file, or - for input.")),
    ],
    key: Key = None,
) -> None:
    answer = session.door.post("/v1/third-party-disclosures", read_form(form), key=key)
    session.show(answer, lambda: session.say(session.gettext("Stored as {act}.").format(act=answer["act"])))


command(
    app,
    "tell-third-party",
    N_(
        "Record what somebody who is no partner was told."
        "\n\nThe form is that of exchange disclose, with case, name, channel (ORAL, PHONE,"
        " SECURE_MAIL or PAPER), occurred_on and agreement or allocation instead of recipients, also under [notice]; say"
        " named_to_subject = true when the person was told of this third party (otherwise R14). Without an agreement of a"
        " conference or an allocation of the case it is refused (R10)."
    ),
    examples=("exchange case tell-third-party --form derde.toml",),
    template=empty("casework_forms", "ThirdPartyForm"),
)(_tell)


def _third_parties(session: Session) -> None:
    _ = session.gettext
    answer = session.door.get("/v1/third-party-disclosures")

    def human() -> None:
        titles = Titles.of_covenant(session.door.get("/v1/covenant"))
        rows = [
            (
                r["act"],
                r["name"] or f"({_('erased')})",
                written(r["occurred_on"]),
                ", ".join(titles.of(category) for category in r["categories"]),
                ", ".join(titles.of(code) for code in r["basis"]),
                r["agreement"] or r["allocation"],
            )
            for r in answer
        ]
        columns = [_("Id"), _("Third party"), _("On"), _("About"), _("Ground"), _("Agreement or allocation")]
        session.table(columns, rows, _("No third party was told anything."))

    session.show(answer, human)


command(
    app,
    "third-parties",
    N_("Every disclosure to somebody who is no partner."),
    examples=("exchange case third-parties",),
)(_third_parties)


def _feedback(
    session: Session, overdue: Annotated[bool, typer.Option("--overdue", help=N_("Only what is late."))] = False
) -> None:
    _ = session.gettext
    answer = session.door.get("/v1/feedback", overdue=str(overdue).lower())
    rows = [
        (
            r["message"][:12],
            r["partner"],
            _("we answer") if r["direction"] == "received" else _("we wait"),
            written(r["due"]) + (_(" (overdue)") if r["overdue"] else ""),
            words.word(r["state"], words.STATES, _),
        )
        for r in answer
    ]
    columns = [_("Message"), _("Partner"), _("Who"), _("By"), _("State")]
    session.show(answer, lambda: session.table(columns, rows, _("Nobody waits for feedback.")))


command(
    app,
    "feedback",
    N_("Who waits to hear what came of it, and by when. Answer with: exchange inbox handle MESSAGE"),
    examples=("exchange case feedback", "exchange case feedback --overdue"),
)(_feedback)
