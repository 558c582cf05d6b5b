"""``exchange area``: report about a street or village without a person, and make pictures in which nobody can be found."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from exchange.cli.session import Session, command, group
from exchange.errors import InputError
from exchange.i18n import N_
from exchange.reports.times import written

app = group(
    N_(
        "Areas first: reports about a street or village without a person, and pictures of them."
        "\n\nWhat the covenant lets be said of an area needs no person (R01): then report it here and not as a signal."
    )
)

To = Annotated[
    list[str] | None,
    typer.Option("--to", metavar=N_("PARTNER:TASK"), help=N_("A recipient and its own statutory task. Repeatable.")),
]
Purpose = Annotated[str, typer.Option("--purpose", help=N_("Purpose of the covenant, without identifiable people."))]
Context = Annotated[str, typer.Option("--context", help=N_("Context of the covenant."))]
Task = Annotated[str, typer.Option("--task", help=N_("Your own statutory task."))]
Remark = Annotated[
    str, typer.Option("--text", help=N_("A remark about the area. Never a person, an address or a number."))
]
DAY = ["%Y-%m-%d"]


def recipients(to: list[str] | None) -> list[dict[str, str]]:
    """``PARTNER:TASK`` taken apart.

    Raises:
        InputError: It has not that form.
    """
    found = []
    for text in to or ():
        partner, separator, task = text.partition(":")
        if not (partner and separator and task):
            raise InputError("A recipient is written as PARTNER:TASK, such as gemeente:wmo.")
        found.append({"partner": partner, "task": task})
    return found


def _list(session: Session) -> None:
    _ = session.gettext
    answer = session.door.get("/v1/areas")
    rows = [(a["area"], a["title"], a["within"] or "-") for a in answer]
    columns = [_("Area"), _("Name"), _("Lies in")]
    session.show(answer, lambda: session.table(columns, rows, empty=_("The covenant names no areas.")))


def _signal(
    session: Session,
    area: Annotated[str, typer.Argument(metavar=N_("AREA"), help=N_("Code from exchange area list."))],
    kind: Annotated[str, typer.Argument(metavar=N_("KIND"), help=N_("What it is about, such as JEUGDOVERLAST."))],
    task: Task,
    purpose: Purpose,
    context: Context,
    observed_on: Annotated[
        datetime | None, typer.Option("--on", metavar=N_("DATE"), formats=DAY, help=N_("When; today if left out."))
    ] = None,
    reports: Annotated[int, typer.Option("--reports", help=N_("How many reports it stands for."))] = 1,
    text: Remark = "",
    to: To = None,
) -> None:
    _ = session.gettext
    day = observed_on.date() if observed_on else datetime.fromisoformat(session.door.get("/v1/status")["now"]).date()
    form = {
        "area": area, "kind": kind, "observed_on": day.isoformat(), "reports": reports, "text": text,
        "purpose": purpose, "context": context, "task": task, "recipients": recipients(to),
    }  # fmt: skip
    answer = session.door.post("/v1/area-signals", form)
    session.show(answer, lambda: session.say(_("Recorded, and sent where you asked.")))


def _signals(session: Session) -> None:
    _ = session.gettext
    answer = session.door.get("/v1/area-signals")
    rows = [
        (written(s["observed_on"]), s["area"], s["kind"], s["reports"], s["partner"] or _("own"), s["text"] or "-")
        for s in answer
    ]
    columns = [_("On"), _("Area"), _("Kind"), _("Reports"), _("From"), _("Text")]
    session.show(answer, lambda: session.table(columns, rows, empty=_("Nothing was reported about an area.")))


def _picture(
    session: Session,
    first: Annotated[datetime, typer.Argument(metavar=N_("FIRST"), formats=DAY, help=N_("First day of the period."))],
    last: Annotated[datetime, typer.Argument(metavar=N_("LAST"), formats=DAY, help=N_("Last day of the period."))],
    task: Task,
    purpose: Purpose,
    context: Context,
    text: Remark = "",
    to: To = None,
) -> None:
    form = {
        "first": first.date().isoformat(), "last": last.date().isoformat(), "task": task, "purpose": purpose,
        "context": context, "text": text, "recipients": recipients(to),
    }  # fmt: skip
    answer = session.door.post("/v1/area-pictures", form)
    session.show(answer, lambda: _show_picture(session, answer))


def _pictures(session: Session) -> None:
    _ = session.gettext
    answer = session.door.get("/v1/area-pictures")

    def show() -> None:
        for picture in answer:
            _show_picture(session, picture)
        if not answer:
            session.say(_("There are no pictures yet."), "dim")

    session.show(answer, show)


def _show_picture(session: Session, picture: dict[str, Any]) -> None:
    _ = session.gettext
    kinds = list(dict.fromkeys(c["kind"] for c in picture["cells"] if c["kind"] != "*"))
    counts = {(c["area"], c["kind"]): c["count"] for c in picture["cells"]}
    titles = dict.fromkeys((c["area"], c["title"]) for c in picture["cells"])

    def shown(area: str, kind: str) -> object:
        count = counts.get((area, kind), 0)
        return "·" if count is None else count

    rows = [(title, *(shown(area, kind) for kind in kinds), shown(area, "*")) for area, title in titles]
    title = _("{partner}, {first} to {last}").format(
        partner=picture["partner"], first=picture["first"], last=picture["last"]
    )
    session.table([_("Area"), *kinds, _("Together")], rows, title=title)
    session.say(
        _("· is hidden: fewer than {threshold}, or a number from which a smaller one would follow.").format(
            threshold=picture["threshold"]
        ),
        "dim",
    )


command(
    app, "list", N_("The areas that the covenant names, and in which one each lies."), examples=("exchange area list",)
)(_list)
command(
    app,
    "signal",
    N_(
        "Report something about an area, and tell partners. No person stands in it."
        "\n\nWithout --to it stays an own report, and counts in own pictures. Codes stand in: exchange covenant show"
    ),
    examples=(
        "exchange area signal proefplein JEUGDOVERLAST --purpose P1_INZICHT --context GEBIEDS_PROBLEEMANALYSE \\",
        "  --task wmo --reports 3 --to politie:handhaving",
    ),
)(_signal)
command(app, "signals", N_("Reports about areas, own and received."), examples=("exchange area signals",))(_signals)
command(
    app,
    "picture",
    N_(
        "Count a calendar month, quarter or year by area and kind, hide what is small, and send it."
        "\n\nHidden is also every number from which a small one would follow, from this picture or from an earlier one."
    ),
    examples=(
        "exchange area picture 2026-01-01 2026-03-31 --purpose P1_INZICHT --context GEBIEDS_PROBLEEMANALYSE \\",
        "  --task wmo --to welzijn:maatschappelijk-werk",
    ),
)(_picture)
command(app, "pictures", N_("Pictures so far, own and received."), examples=("exchange area pictures",))(_pictures)
