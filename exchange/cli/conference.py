"""``exchange conference``: the case conference from plan to outcome (covenant 11.2)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import typer

from exchange.cli.forms import ask, given, read_form
from exchange.cli.hints import command_line
from exchange.cli.session import Session, command, group
from exchange.cli.templates import empty
from exchange.i18n import N_
from exchange.reports import words
from exchange.reports.titles import Titles

app = group(
    N_(
        "The case conference: who sits there, what is offered, what the chair releases, what is agreed."
        "\n\nAn offer shows the chair category, field, purpose and why it is needed, never the content."
        " Only what the chair releases is sent; what is struck stays with its organisation while the case is open."
        "\n\nIn order: plan, offer, offers, decide, confirm, minutes, outcome."
    )
)
CONFERENCE = "4a6c8e02-1d3f-4b5a-8c7e-9f0a1b2c3d4e"
ITEM = "7c9e1b35-4f6a-4d8c-8e0b-1a2b3c4d5e6f"
OFFER = "1e3a5c79-6b8d-4f0a-9c2e-3d4e5f6a7b8c"
"""Ids in examples, of a conference, an agenda item and an offer."""
_CASE = "5d7f9b13-2c4e-4a6b-8d8f-0e1f2a3b4c5d"

Conference = Annotated[
    UUID, typer.Argument(metavar=N_("CONFERENCE"), help=N_("Id of the conference: exchange conference list."))
]
Form = Annotated[
    str | None,
    typer.Option(
        "--form", metavar=N_("FILE"), help=N_("Read the whole form from a TOML or JSON file, or - for input.")
    ),
]
Case = Annotated[UUID, typer.Option("--case", help=N_("The case it belongs to."))]
Scope = Annotated[
    list[str], typer.Option("--partner", metavar="PARTNER", help=N_("A partner in scope of this case. Repeatable."))
]
Subjects = Annotated[
    list[UUID] | None, typer.Option("--subject", help=N_("Whom the case is about: an id of the register. Repeatable."))
]
Key = Annotated[
    str | None, typer.Option("--idempotency-key", help=N_("The same key gives the same answer, never a second act."))
]


def titles_of(session: Session) -> Titles:
    """What the codes of the covenant in force are called."""
    return Titles.of_covenant(session.door.get("/v1/covenant"))


# ---------------------------------------------------------------------------------------- planning


def _plan(
    session: Session,
    date: Annotated[
        datetime | None, typer.Option("--date", metavar=N_("DATE"), formats=["%Y-%m-%d"], help=N_("When, YYYY-MM-DD."))
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
            metavar=N_("PARTNER:ROLE:STATEMENT"),
            help=N_("A participant, as what, and the reference of its secrecy statement. Repeatable."),
        ),
    ] = None,
    agenda: Annotated[
        list[str] | None,
        typer.Option(
            "--agenda",
            metavar=N_("CASE:PARTNER,PARTNER"),
            help=N_("A case and the partners in scope of it. Repeatable."),
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
        "\n\nEach participant is told the cases in whose scope it is, and nothing of the others. An actor's id is in:"
        " exchange actor list. A form names participants (partner, role, secrecy) and agenda (case, partners, subjects) likewise."
    ),
    examples=(
        (
            "exchange conference plan --date 2026-03-12 --chair ACTOR --participant welzijn:DEELNEMER:verklaring-1"
            f" --agenda {_CASE}:gemeente,welzijn"
        ),
        "exchange conference plan --form casusoverleg.toml",
    ),
    template=empty("conference_forms", "ConferenceForm"),
)(_plan)


def _agenda(
    session: Session, conference: Conference, case: Case, partner: Scope, subject: Subjects = None, key: Key = None
) -> None:
    filled = {"case": case, "partners": partner} | given(subjects=subject)
    answer = session.door.post(f"/v1/conferences/{conference}/agenda", filled, key=key)
    session.show(answer, lambda: session.say(session.gettext("On the agenda as {id}.").format(id=answer["item"])))


command(
    app,
    "agenda",
    N_("Put a case on the agenda. Only the partners in scope of it are told."),
    examples=(f"exchange conference agenda {CONFERENCE} --case {_CASE} --partner gemeente --partner welzijn",),
)(_agenda)


# ---------------------------------------------------------------------------------------- the chair decides


_SHORT: Final = 8
"""Characters of a case's id that tell it from the others on one agenda."""


def _offers(session: Session, conference: Conference) -> None:
    _ = session.gettext
    answer = session.door.get(f"/v1/conferences/{conference}/offers")

    def human() -> None:
        titles = titles_of(session)
        rows = [
            (
                row["offer"],
                str(row["case"])[:_SHORT],
                row["subject_label"] or "-",
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
        columns = [_("Offer"), _("Case"), _("Person"), _("From"), _("About"), _("Field"), _("For")]
        columns += [_("Why"), _("State"), _("Remark")]
        session.table(columns, rows, _("Nothing was offered."))

    session.show(answer, human)


command(
    app,
    "offers",
    N_(
        "What was offered: codes and reasons, never content. That you looked is recorded."
        "\n\nThe chair sees every offer, another partner its own."
    ),
    examples=(f"exchange conference offers {CONFERENCE}",),
)(_offers)


def _decide(
    session: Session,
    conference: Conference,
    release: Annotated[
        list[UUID] | None, typer.Option("--release", help=N_("An offer to release. Repeatable."))
    ] = None,
    strike: Annotated[list[UUID] | None, typer.Option("--strike", help=N_("An offer to strike. Repeatable."))] = None,
    ask_about: Annotated[UUID | None, typer.Option("--ask", help=N_("An offer to ask about, with --question."))] = None,
    question: Annotated[str, typer.Option("--question", help=N_("What you ask its owner."))] = "",
    show_content: Annotated[
        bool, typer.Option("--show-content", help=N_("Ask to see it; showing it is a disclosure to your organisation."))
    ] = False,
    reviewed: Annotated[
        bool,
        typer.Option("--reviewed", help=N_("I held the offers against what is needed; nothing is released before.")),
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
        "The chair releases, strikes or asks, item by item."
        "\n\nA release goes to exactly the recipients of the offer. What is struck stays with its organisation while the case is"
        " open, also in other words, until you release a later offer of it."
    ),
    examples=(
        f"exchange conference decide {CONFERENCE} --reviewed --release {OFFER}",
        f'exchange conference decide {CONFERENCE} --ask {OFFER} --question "…"',
    ),
)(_decide)


# ---------------------------------------------------------------------------------------- minutes and outcome


def _minutes(
    session: Session,
    conference: Conference,
    item: Annotated[
        UUID | None, typer.Option("--item", help=N_("The agenda item, from the agenda of the conference."))
    ] = None,
    agreed: Annotated[
        list[str] | None,
        typer.Option(
            "--agreement",
            metavar=N_("OWNER:DATE[=ACTION]"),
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
        publish = command_line("conference", "outcome", conference, node=session.given.node)
        session.say(session.gettext("Minuted. Publish it with: {command}").format(command=publish))

    session.show(answer, human)


def _agreement(session: Session, text: str) -> dict[str, str]:
    place, equals, action = text.partition("=")
    owner, colon, due = place.partition(":")
    if not colon or not owner or not due:
        raise typer.BadParameter(session.gettext("--agreement is OWNER:DATE=ACTION."))
    return {"owner": owner, "due": due, "action": action if equals else ask(session.gettext("Action"))}


command(
    app,
    "minutes",
    N_(
        "Write down agreements and decisions on one agenda item; nothing else is minuted."
        "\n\nAs a form: item, agreements (action, owner, due, third_party) and decisions."
    ),
    examples=(
        f"exchange conference minutes {CONFERENCE} --item {ITEM} --agreement welzijn:2026-03-20",
        f"exchange conference minutes {CONFERENCE} --form notulen.toml",
    ),
    template=empty("conference_forms", "MinutesForm"),
)(_minutes)


def _outcome(
    session: Session,
    conference: Conference,
    item: Annotated[
        list[UUID] | None, typer.Option("--item", help=N_("Only this agenda item. Repeatable; default all."))
    ] = None,
    next_date: Annotated[
        datetime | None,
        typer.Option(
            "--next-date", metavar=N_("DATE"), formats=["%Y-%m-%d"], help=N_("The next conference, YYYY-MM-DD.")
        ),
    ] = None,
    key: Key = None,
) -> None:
    filled = given(items=item, next_date=next_date.date() if next_date else None)
    session.door.post(f"/v1/conferences/{conference}/outcome", filled, key=key)
    session.done(session.gettext("Published to the partners in scope of each case."))


command(
    app,
    "outcome",
    N_("Publish agreements and decisions, each to the partners in scope of that case."),
    examples=(
        f"exchange conference outcome {CONFERENCE}",
        f"exchange conference outcome {CONFERENCE} --item {ITEM} --next-date 2026-04-02",
    ),
)(_outcome)
