"""``exchange training`` and ``activity``: what has to be on record about your own organisation before it shares."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer

from exchange.cli.facts import Day, Key, fields
from exchange.cli.forms import read_form
from exchange.cli.session import Session, command, group
from exchange.cli.templates import empty
from exchange.i18n import N_
from exchange.reports.times import written

training = group(
    N_(
        "Privacy trainings."
        "\n\nHow long a training counts, and whether the node warns or refuses after it, is in the covenant (R26)."
    )
)
activity = group(
    N_(
        "The processing register."
        "\n\nWhere the covenant asks so, nothing goes for a processing that does not stand in it (R13)."
    )
)

_ENTRY = "8e0a2c46-5f7b-4c9d-8a1e-2b3c4d5e6f70"
"""Id in an example."""


def _trained(
    session: Session,
    followed_on: Annotated[datetime, typer.Option("--on", help=N_("On which day, YYYY-MM-DD."), **Day)],
    actor: Annotated[UUID | None, typer.Option("--actor", help=N_("Who followed it; you, when left out."))] = None,
) -> None:
    session.door.post("/v1/trainings", fields(None, followed_on=followed_on, actor=actor))
    session.done(session.gettext("Recorded."))


command(
    training,
    "add",
    N_("Record that a privacy training was followed, by you or by the actor you name."),
    examples=("exchange training add --on 2026-03-02", "exchange training add --on 2026-03-02 --actor ACTOR"),
)(_trained)


def _trainings(session: Session) -> None:
    answer = session.door.get("/v1/trainings")
    _ = session.gettext
    rows = [
        (x["actor"], written(x["followed_on"]), written(x["until"]), _("yes") if x["lapsed"] else _("no"))
        for x in answer
    ]
    columns = [_("Actor"), _("Day"), _("Counts until"), _("Lapsed")]
    session.show(answer, lambda: session.table(columns, rows, _("Nothing is on record.")))


command(
    training,
    "list",
    N_("The last training of everybody, and until when it counts."),
    examples=("exchange training list",),
)(_trainings)


def _register(
    session: Session,
    form: Annotated[
        str, typer.Option("--form", metavar=N_("FILE"), help=N_("The entry as a TOML or JSON file, or - for input."))
    ],
    key: Key = None,
) -> None:
    answer = session.door.post("/v1/processing-activities", read_form(form), key=key)
    session.show(
        answer, lambda: session.say(session.gettext("On record as {activity}.").format(activity=answer["activity"]))
    )


command(
    activity,
    "add",
    N_(
        "A new entry of the processing register, or a change of one (field entry): every change gets a new identifier."
        "\n\nThe form holds name, purposes, categories, recipients, bases, retention and confidential."
    ),
    examples=("exchange activity add --form verwerking.toml",),
    template=empty("facts_forms", "ActivityForm"),
)(_register)


def _activities(session: Session) -> None:
    answer = session.door.get("/v1/processing-activities")
    _ = session.gettext
    rows = [
        (x["entry"], x["name"], ", ".join(x["purposes"]), ", ".join(x["recipients"]), x["activity"]) for x in answer
    ]
    columns = [_("Id"), _("Name"), _("Purposes"), _("Recipients"), _("Identifier")]
    session.show(answer, lambda: session.table(columns, rows, _("Nothing is on record.")))


command(
    activity,
    "list",
    N_("The processing register as it stands."),
    examples=("exchange activity list", "exchange activity list --json"),
)(_activities)


def _end(
    session: Session, entry: Annotated[UUID, typer.Argument(metavar=N_("ENTRY"), help=N_("Id of the entry."))]
) -> None:
    session.door.post(f"/v1/processing-activities/{entry}/end")
    session.done(session.gettext("Ended; it stays on record for what was done under it."))


command(
    activity,
    "end",
    N_("The processing stopped. Its entry stays on record for what was done under it."),
    examples=(f"exchange activity end {_ENTRY}",),
)(_end)
