"""``exchange conference offer`` and what an owner does next: confirm, withdraw, show to the chair."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from exchange.cli.conference import CONFERENCE, ITEM, OFFER, Conference, Key
from exchange.cli.forms import ask, given, read_form, template
from exchange.cli.session import Session, command
from exchange.cli.sharing import show_act
from exchange.i18n import N_

Offer = Annotated[
    UUID, typer.Argument(metavar=N_("OFFER"), help=N_("Id of the offer: exchange conference offers CONFERENCE"))
]
Item = Annotated[UUID, typer.Option("--item", help=N_("The agenda item, from the agenda of the conference."))]


def _offer(
    session: Session,
    conference: Conference,
    item: Item,
    form: Annotated[
        str,
        typer.Option("--form", metavar=N_("FILE"), help=N_("The disclosure as a TOML or JSON file, or - for input.")),
    ],
    why: Annotated[
        str | None, typer.Option("--why", help=N_("Why the conference needs it; asked for when it is left out."))
    ] = None,
    send_on_release: Annotated[
        bool,
        typer.Option("--send-on-release", help=N_("Decide now that it goes as soon as the chair releases it.")),
    ] = False,
    answers: Annotated[
        UUID | None, typer.Option("--answers", help=N_("The earlier offer about which the chair asked."))
    ] = None,
    key: Key = None,
) -> None:
    filled = {
        "item": item,
        "why": why or ask(session.gettext("Why the conference needs it")),
        "send_on_release": send_on_release,
        "share": read_form(form),
    } | given(answers=answers)
    answer = session.door.post(f"/v1/conferences/{conference}/offers", filled, key=key)

    def human() -> None:
        for one in answer["offers"]:
            session.say(session.gettext("Offered as {id}.").format(id=one))

    session.show(answer, human)


def _confirm(session: Session, conference: Conference, offer: Offer) -> None:
    show_act(session, session.door.post(f"/v1/conferences/{conference}/offers/{offer}/confirm"))


def _withdraw(session: Session, conference: Conference, offer: Offer) -> None:
    session.door.post(f"/v1/conferences/{conference}/offers/{offer}/withdraw")
    session.done(session.gettext("Withdrawn."))


def _show_to_chair(
    session: Session,
    conference: Conference,
    offer: Offer,
    basis: Annotated[str, typer.Option("--basis", help=N_("Legal basis of the chair's organisation."))],
    task: Annotated[str, typer.Option("--task", help=N_("Statutory task of the chair's organisation."))],
) -> None:
    filled = {"basis": basis, "task": task}
    show_act(session, session.door.post(f"/v1/conferences/{conference}/offers/{offer}/show-to-chair", filled))


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    command(
        app,
        "offer",
        N_(
            "Offer items to the conference, without their content."
            "\n\nThe form is that of exchange disclose; each item in it is offered apart."
            " The content stays sealed at your organisation until the chair releases it, and is destroyed when its term is over."
        ),
        examples=(
            f"exchange conference offer {CONFERENCE} --item {ITEM} --form verstrekking.toml",
            f"exchange conference offer {CONFERENCE} --item {ITEM} --form verstrekking.toml --send-on-release",
        ),
        template=template,
    )(_offer)
    command(
        app,
        "confirm",
        N_("Send an item that the chair released. It is your decision, and every gate is asked again now."),
        examples=(f"exchange conference confirm {CONFERENCE} {OFFER}",),
    )(_confirm)
    command(
        app,
        "withdraw",
        N_("Take an offer back before it was sent. The chair is told."),
        examples=(f"exchange conference withdraw {CONFERENCE} {OFFER}",),
    )(_withdraw)
    command(
        app,
        "show-to-chair",
        N_("Show the chair what it asked to see. This is a disclosure to the chair's organisation like any other."),
        examples=(f"exchange conference show-to-chair {CONFERENCE} {OFFER} --basis A6_1_e --task wmo",),
    )(_show_to_chair)
