"""``exchange conference`` and ``exchange agreement``: the case conference from plan to outcome (covenant 11.2)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import typer

from exchange.cli.forms import ask, given, read_form
from exchange.cli.session import Session, command
from exchange.i18n import N_
from exchange.reports import words
from exchange.reports.times import day
from exchange.reports.titles import Titles

app = typer.Typer(
    no_args_is_help=True,
    help=N_(
        "The case conference: who sits there, what is offered, what the chair releases, what is agreed."
        "\n\nAn offer shows the chair category, field, purpose and why it is needed, never the content."
        " Only what the chair releases is sent; what is struck never leaves its organisation."
    ),
)
agreement = typer.Typer(
    no_args_is_help=True, help=N_("What your organisation agreed to do in a case conference: list, done.")
)

Conference = Annotated[UUID, typer.Argument(metavar="CONFERENCE", help=N_("Id of the conference."))]
Form = Annotated[
    str | None,
    typer.Option("--form", metavar="FILE", help=N_("Read the whole form from a TOML or JSON file, or - for input.")),
]
Case = Annotated[UUID, typer.Option("--case", help=N_("The case it belongs to."))]
Scope = Annotated[list[str], typer.Option("--partner", help=N_("A partner in scope of this case. Repeatable."))]
Subjects = Annotated[
    list[UUID] | None, typer.Option("--subject", help=N_("Whom the case is about: an id of the register. Repeatable."))
]
Key = Annotated[
    str | None, typer.Option("--idempotency-key", help=N_("The same key gives the same answer, never a second act."))
]


def _titles(session: Session) -> Titles:
    return Titles.of_covenant(session.door.get("/v1/covenant"))


def _day(text: str | None) -> str:
    return day(datetime.fromisoformat(text).date()) if text else "-"


# ---------------------------------------------------------------------------------------- planning


def _plan(
    session: Session,
    date: Annotated[
        datetime | None, typer.Option("--date", metavar="DATE", formats=["%Y-%m-%d"], help=N_("When, YYYY-MM-DD."))
    ] = None,
    chair: Annotated[
        UUID | None,
        typer.Option("--chair", help=N_("The actor who chairs; without a chair there is no conference (R12).")),
    ] = None,
    minutes_taker: Annotated[UUID | None, typer.Option("--minutes-taker", help=N_("The actor who minutes."))] = None,
    participant: Annotated[
        list[str] | None,
        typer.Option(
            "--participant",
            metavar="PARTNER:ROLE:STATEMENT",
            help=N_("A participant, as what, and the reference of its secrecy statement. Repeatable."),
        ),
    ] = None,
    agenda: Annotated[
        list[str] | None,
        typer.Option(
            "--agenda", metavar="CASE:PARTNER,PARTNER", help=N_("A case and the partners in scope of it. Repeatable.")
        ),
    ] = None,
    form: Form = None,
    key: Key = None,
) -> None:
    filled = read_form(form) if form else {}
    filled |= given(
        date=date.date() if date else None,
        chair=chair,
        minutes_taker=minutes_taker,
        participants=[_participant(session, text) for text in participant or ()],
        agenda=[_agenda_item(session, text) for text in agenda or ()],
    )
    answer = session.door.post("/v1/conferences", filled, key=key)
    session.show(answer, lambda: session.say(session.gettext("Planned as {id}.").format(id=answer["conference"])))


def _participant(session: Session, text: str) -> dict[str, str]:
    names = ("partner", "role", "secrecy")
    parts = text.split(":")
    if len(parts) != len(names) or not all(parts):
        raise typer.BadParameter(session.gettext("--participant is PARTNER:ROLE:STATEMENT."))
    return dict(zip(names, parts, strict=True))


def _agenda_item(session: Session, text: str) -> dict[str, Any]:
    case, colon, partners = text.partition(":")
    if not colon or not case or not partners:
        raise typer.BadParameter(session.gettext("--agenda is CASE:PARTNER,PARTNER."))
    return {"case": case, "partners": partners.split(",")}


command(
    app,
    "plan",
    N_(
        "Plan a case conference at the chair's organisation."
        "\n\nEach participant is told the cases in whose scope it is, and nothing of the others."
    ),
)(_plan)


def _agenda(
    session: Session, conference: Conference, case: Case, partner: Scope, subject: Subjects = None, key: Key = None
) -> None:
    filled = {"case": case, "partners": partner} | given(subjects=subject)
    answer = session.door.post(f"/v1/conferences/{conference}/agenda", filled, key=key)
    session.show(answer, lambda: session.say(session.gettext("On the agenda as {id}.").format(id=answer["item"])))


command(app, "agenda", N_("Put a case on the agenda. Only the partners in scope of it are told."))(_agenda)


# ---------------------------------------------------------------------------------------- the chair decides


def _offers(session: Session, conference: Conference) -> None:
    _ = session.gettext
    answer = session.door.get(f"/v1/conferences/{conference}/offers")

    def human() -> None:
        titles = _titles(session)
        rows = [
            (
                row["offer"],
                titles.of_partner(row["owner"]),
                titles.of(row["category"]),
                titles.of_field(row["category"], row["field"]) if row["field"] else _("erased"),
                ", ".join(titles.of_partner(to) for to in row["recipients"]),
                row["why"] if row["why"] is not None else _("erased"),
                words.word(row["status"], words.STATES, _),
                ", ".join(row["codes"]) or row["question"] or "-",
            )
            for row in answer
        ]
        columns = [_("Offer"), _("From"), _("About"), _("Field"), _("For"), _("Why"), _("State"), _("Remark")]
        session.table(columns, rows, _("Nothing was offered."))

    session.show(answer, human)


command(app, "offers", N_("What was offered: codes and reasons, never content. That you looked is recorded."))(_offers)


def _decide(
    session: Session,
    conference: Conference,
    release: Annotated[
        list[UUID] | None, typer.Option("--release", help=N_("An offer to release. Repeatable."))
    ] = None,
    strike: Annotated[list[UUID] | None, typer.Option("--strike", help=N_("An offer to strike. Repeatable."))] = None,
    ask_about: Annotated[UUID | None, typer.Option("--ask", help=N_("An offer to ask about."))] = None,
    question: Annotated[str, typer.Option("--question", help=N_("What you ask its owner."))] = "",
    show_content: Annotated[
        bool, typer.Option("--show-content", help=N_("Ask to see it; showing it is a disclosure to your organisation."))
    ] = False,
    reviewed: Annotated[
        bool, typer.Option("--reviewed", help=N_("I held the offers against article 11.2; needed before a release."))
    ] = False,
    key: Key = None,
) -> None:
    decisions: list[dict[str, Any]] = [{"offer": one, "decision": "release"} for one in release or ()]
    decisions += [{"offer": one, "decision": "strike"} for one in strike or ()]
    if ask_about is not None:
        asked = {"decision": "ask", "question": question, "wants_content": show_content}
        decisions.append({"offer": ask_about, **asked})
    if not decisions:
        raise typer.BadParameter(session.gettext("Name an offer with --release, --strike or --ask."))
    filled = {"decisions": decisions, "minimisation_reviewed": reviewed}
    session.door.post(f"/v1/conferences/{conference}/decisions", filled, key=key)
    session.done(session.gettext("Decided. Each owner hears of its own offers only."))


command(
    app,
    "decide",
    N_(
        "The chair releases, strikes or asks, item by item (covenant article 11.2)."
        "\n\nA release goes to exactly the recipients of the offer; what is struck never leaves its organisation."
    ),
)(_decide)


# ---------------------------------------------------------------------------------------- minutes and outcome


def _minutes(
    session: Session,
    conference: Conference,
    item: Annotated[UUID | None, typer.Option("--item", help=N_("The agenda item."))] = None,
    agreed: Annotated[
        list[str] | None,
        typer.Option(
            "--agreement",
            metavar="OWNER:DATE[=ACTION]",
            help=N_("Who does what before when. Without =ACTION you are asked. Repeatable."),
        ),
    ] = None,
    decision: Annotated[list[str] | None, typer.Option("--decision", help=N_("A decision. Repeatable."))] = None,
    form: Form = None,
    key: Key = None,
) -> None:
    filled = read_form(form) if form else {}
    filled |= given(
        item=item, agreements=[_agreement(session, text) for text in agreed or ()], decisions=list(decision or ())
    )
    answer = session.door.post(f"/v1/conferences/{conference}/minutes", filled, key=key)

    def human() -> None:
        for one in answer["agreements"]:
            session.say(session.gettext("Agreement {id}.").format(id=one))
        session.say(session.gettext("Minuted. Publish it with: exchange conference outcome."))

    session.show(answer, human)


def _agreement(session: Session, text: str) -> dict[str, str]:
    place, equals, action = text.partition("=")
    owner, colon, due = place.partition(":")
    if not colon or not owner or not due:
        raise typer.BadParameter(session.gettext("--agreement is OWNER:DATE=ACTION."))
    return {"owner": owner, "due": due, "action": action if equals else ask(session.gettext("Action"))}


command(app, "minutes", N_("Write down agreements and decisions on one agenda item; nothing else is minuted."))(
    _minutes
)


def _outcome(
    session: Session,
    conference: Conference,
    item: Annotated[
        list[UUID] | None, typer.Option("--item", help=N_("Only this agenda item. Repeatable; default all."))
    ] = None,
    next_date: Annotated[
        datetime | None,
        typer.Option("--next-date", metavar="DATE", formats=["%Y-%m-%d"], help=N_("The next conference, YYYY-MM-DD.")),
    ] = None,
    key: Key = None,
) -> None:
    filled = given(items=item, next_date=next_date.date() if next_date else None)
    session.door.post(f"/v1/conferences/{conference}/outcome", filled, key=key)
    session.done(session.gettext("Published to the partners in scope of each case."))


command(app, "outcome", N_("Publish agreements and decisions, each to the partners in scope of that case."))(_outcome)


# ---------------------------------------------------------------------------------------- reading


def _show(session: Session, conference: Annotated[UUID | None, typer.Argument(metavar="[CONFERENCE]")] = None) -> None:
    if conference is None:
        _list(session)
        return
    answer = session.door.get(f"/v1/conferences/{conference}")
    session.show(answer, lambda: _show_one(session, answer, _titles(session)))


def _list(session: Session) -> None:
    _ = session.gettext
    answer = session.door.get("/v1/conferences")

    def human() -> None:
        titles = _titles(session)
        rows = [
            (r["conference"], _day(r["date"]), titles.of_partner(r["chair"]), r["items"], r["offers_open"])
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
            (_("Date"), _day(answer["date"])),
            (_("Chair of"), titles.of_partner(answer["chair"])),
            (_("Participants"), ", ".join(titles.of_partner(p["partner"]) for p in answer["participants"]) or "-"),
            (_("Held against article 11.2"), _day(answer["reviewed_on"])),
            (_("Next conference"), _day(answer["next_date"])),
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
            _day(one["due"]),
            _("overdue") if one["overdue"] else states[one["done"]],
            one["third_party"] or "-",
        )
        for one in rows
    ]
    columns = [_("Agreement"), _("Action"), _("Owner"), _("Before"), _("State"), _("Third party")]
    session.table(columns, listed, _("Nothing is agreed."))


command(app, "show", N_("The conferences, or one of them with its agenda, agreements and decisions."))(_show)


def _agreements(session: Session) -> None:
    answer = session.door.get("/v1/agreements")
    session.show(answer, lambda: _agreements_table(session, answer, _titles(session)))


command(agreement, "list", N_("What your organisation agreed to do and has not done, soonest first."))(_agreements)


def _done(
    session: Session, agreed: Annotated[UUID, typer.Argument(metavar="AGREEMENT", help=N_("Id of the agreement."))]
) -> None:
    session.door.post(f"/v1/agreements/{agreed}/done")
    session.done(session.gettext("Done."))


command(agreement, "done", N_("Your organisation did it."))(_done)
