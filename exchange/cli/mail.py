"""``exchange inbox``, ``outbox`` and ``parked``: what came in, what waits, what was refused for good."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import typer

from exchange.cli.session import Session, command, group
from exchange.cli.sharing import moment, show_act
from exchange.cli.statements import police_lines, statement_facts
from exchange.domain.numbering import Numbering, numbering_of
from exchange.errors import InputError
from exchange.i18n import N_
from exchange.reports import words
from exchange.reports.refusals import frame_reason
from exchange.reports.titles import Titles

inbox = group(N_("What partners sent: list, read, take up, handle, answer what they corrected or recalled."))
outbox = group(N_("What was sent and has no receipt yet: list, send again, let go."))
parked = group(N_("Frames that were refused for good: list, ask again, let go."))

Message = Annotated[str, typer.Argument(metavar=N_("MESSAGE"), help=N_("Message id; its first characters are enough."))]
Parked = Annotated[UUID, typer.Argument(metavar="ID", help=N_("Id of the parking place."))]
Reason = Annotated[
    str,
    typer.Option(
        "--reason",
        help=N_("Why: withdrawn, mistake, wrong-person, wrong-recipient, duplicate, unreadable, late or seen."),
    ),
]
Text = Annotated[str, typer.Option("--text", help=N_("What you tell the sender; at most 500 characters."))]


Why = Annotated[
    str, typer.Option("--reason", help=N_("Why you look from outside the circle; the privacy officer reviews it."))
]
Result = Annotated[str | None, typer.Option("--result", help=N_("What came of it, as one code: OPGELOST …"))]


def full_id(session: Session, lane: str, start: str) -> str:
    """The message in ``inbox`` or ``outbox`` that begins with ``start``.

    Raises:
        InputError: None, or more than one.
    """
    if len(start) == 64:  # noqa: PLR2004 - a whole SHA-256 in hex
        return start
    found = [row["message"] for row in session.door.get(f"/v1/{lane}") if row["message"].startswith(start.lower())]
    if len(found) != 1:
        raise InputError("{count} messages begin with those characters; give more of the id.", count=len(found))
    return str(found[0])


def _kind(session: Session, kind: str) -> str:
    _ = session.gettext
    names = {"signal": _("Signal"), "disclosure": _("Disclosure"), "correction": _("Correction")}
    if kind in names:
        return names[kind]
    return {"signaal": _("Signal"), "verstrekking": _("Disclosure")}.get(
        kind.split(".")[2] if kind.count(".") > 1 else "", kind
    )


def _inbox_list(session: Session) -> None:
    _ = session.gettext
    answer = session.door.get("/v1/inbox")

    def human() -> None:
        titles = Titles.of_covenant(session.door.get("/v1/covenant"))
        rows = [
            (
                row["message"][:12],
                moment(row["received_at"]),
                titles.of_partner(row["sender"]),
                _kind(session, row["kind"]),
                ", ".join(titles.of(code) for code in row["categories"]),
                (_("ACUTE DANGER") + ", " if row["emergency"] else "")
                + (_("erased") if row["erased"] else words.word(row["state"], words.STATES, _)),
            )
            for row in answer
        ]
        columns = [_("Message"), _("Received"), _("From"), _("Kind"), _("About"), _("State")]
        session.table(columns, rows, _("Nothing has come in."))

    session.show(answer, human)


command(inbox, "list", N_("What partners sent, without its content."), examples=("exchange inbox list",))(_inbox_list)


def _inbox_show(session: Session, message: Message, reason: Why = "") -> None:
    door, address = session.door, f"/v1/inbox/{full_id(session, 'inbox', message)}"
    answer = door.post(f"{address}/_read", {"reason": reason}) if reason else door.get(address)
    session.show(answer, lambda: _show_message(session, answer, Titles.of_covenant(door.get("/v1/covenant"))))


def _show_message(session: Session, answer: dict[str, Any], titles: Titles) -> None:
    _ = session.gettext
    statement = answer["statement"] or {}
    police = any(item["police_source"] == answer["sender"] for item in answer["items"])
    session.facts(
        [
            (_("Message"), answer["message"]),
            (_("Kind"), _kind(session, answer["kind"])),
            (_("From"), titles.of_partner(answer["sender"])),
            (_("At"), moment(answer["at"])),
            (_("Person"), f"{answer['subject_label']} ({answer['subject']})" if answer["subject"] else ""),
            (_("Purpose"), titles.of(str(statement["purpose"])) if statement.get("purpose") else ""),
            (_("Context"), titles.of(str(statement["context"])) if statement.get("context") else ""),
            *statement_facts(statement, _, titles, police=police),
            (_("Support"), statement.get("support_rationale")),
            (_("Request"), statement.get("request")),
            (_("Conditions of the police"), "\n".join((statement.get("wpg") or {}).get("conditions") or [])),
        ]
    )
    rows = [
        (
            titles.of(item["category"]),
            titles.of_field(item["category"], item["field"]),
            item["value"] if item["value"] is not None else f"({words.word(item['status'], words.STATES, _)})",
            {"fact": _("fact"), "opinion": _("opinion")}.get(item["nature"] or "", "-"),
            titles.of_partner(item["origin_partner"]) if item["origin_partner"] else "-",
        )
        for item in answer["items"]
    ]
    session.table([_("Category"), _("Field"), _("Text"), _("Nature"), _("Comes from")], rows)
    for line in police_lines(answer["items"], _, titles):
        session.say(line, "bold")
    for reply in answer["replies"]:
        said = _("{state} by {partner}, {moment}").format(
            state=words.word(reply["state"], words.STATES, _),
            partner=titles.of_partner(reply["by"]),
            moment=moment(reply["at"]),
        )
        session.say(f"  {said}" + (f": {reply['text']}" if reply["text"] else ""))


command(
    inbox,
    "show",
    N_("Read one message. That you read it is recorded."),
    examples=("exchange inbox show 3f9a01",),
)(_inbox_show)


def _reply(session: Session, message: str, state: str, text: str, result: str | None = None) -> None:
    form = {"state": state, "text": text} | ({"result": result} if result else {})
    answer = session.door.post(f"/v1/inbox/{full_id(session, 'inbox', message)}/replies", form)
    show_act(session, answer)


def _take_up(session: Session, message: Message, text: Text = "") -> None:
    _reply(session, message, "taken-up", text)


command(
    inbox,
    "take-up",
    N_("Tell the sender that somebody acts on it. Your answer is signed and goes to the sender only."),
    examples=("exchange inbox take-up 3f9a01 --text 'Huisbezoek gepland.'",),
)(_take_up)


def _handle(session: Session, message: Message, text: Text = "", result: Result = None) -> None:
    _reply(session, message, "handled", text, result)


command(
    inbox,
    "handle",
    N_("Tell the sender that it was handled. Your answer is signed and goes to the sender only."),
    examples=("exchange inbox handle 3f9a01 --text 'Hulp is gestart.'",),
)(_handle)


def _numbering(session: Session, rows: list[dict[str, Any]]) -> Numbering:
    """How the covenant at this node numbers its articles; asked only when there is something to say."""
    return numbering_of(session.door.get("/v1/covenant")) if rows else {}


def _outbox_list(session: Session) -> None:
    _ = session.gettext
    answer = session.door.get("/v1/outbox")
    numbering = _numbering(session, answer)
    rows = [
        (
            row["message"][:12],
            row["partner"],
            _kind(session, row["kind"]),
            row["sequence"],
            moment(row["since"]),
            row["attempts"],
            words.word(row["state"], words.STATES, _),
            frame_reason(row["why"], session.language, numbering)
            if row["state"] == "refused"
            else words.word(row["why"], words.REASONS, _) or "-",
        )
        for row in answer
    ]
    columns = [_("Message"), _("To"), _("Kind"), _("Number"), _("Since"), _("Attempts"), _("State"), _("Why")]
    session.show(answer, lambda: session.table(columns, rows, _("Everything has a receipt.")))


command(
    outbox,
    "list",
    N_("Messages without a receipt, and why they wait. The node sends them again by itself."),
    examples=("exchange outbox list",),
)(_outbox_list)


def _outbox_retry(session: Session, message: Message) -> None:
    session.door.post(f"/v1/outbox/{full_id(session, 'outbox', message)}/retry")
    session.done(session.gettext("It is sent again now."))


command(
    outbox,
    "retry",
    N_("Send a message again now, instead of when its turn comes."),
    examples=("exchange outbox retry 3f9a01",),
)(_outbox_retry)


def _outbox_drop(session: Session, message: Message, reason: Reason = "withdrawn") -> None:
    session.door.post(f"/v1/outbox/{full_id(session, 'outbox', message)}/drop", {"reason": reason})
    session.done(session.gettext("Let go; the partner is told that its number carries nothing."))


command(
    outbox,
    "drop",
    N_("Let a message go before delivery; a signed void takes its number."),
    examples=("exchange outbox drop 3f9a01 --reason wrong-person",),
)(_outbox_drop)


def _parked_list(session: Session) -> None:
    _ = session.gettext
    answer = session.door.get("/v1/parked")
    numbering = _numbering(session, answer)
    rows = [
        (
            r["parked"],
            moment(r["at"]),
            r["partner"],
            frame_reason(r["reason"], session.language, numbering),
            words.word(r["state"], words.STATES, _),
        )
        for r in answer
    ]
    columns = [_("Id"), _("At"), _("Said to be from"), _("Reason"), _("State")]
    session.show(answer, lambda: session.table(columns, rows, _("Nothing is parked.")))


command(
    parked,
    "list",
    N_(
        "Frames that were refused for good, and why."
        "\n\nOne is an accident; many from one partner with bad-signature are an incident."
    ),
    examples=("exchange parked list",),
)(_parked_list)


def _parked_retry(session: Session, place: Parked) -> None:
    session.door.post(f"/v1/parked/{place}/retry")
    session.done(session.gettext("The sender is asked to wrap the message anew."))


command(
    parked,
    "retry",
    N_("Ask the sender to wrap the message anew. Right for everything that smells of bad luck."),
    examples=("exchange parked retry 7c0ab5d2-3c5e-4f0a-9a63-6d1c5b9f2e11",),
)(_parked_retry)


def _parked_drop(session: Session, place: Parked, reason: Reason = "seen") -> None:
    session.door.post(f"/v1/parked/{place}/drop", {"reason": reason})
    session.done(session.gettext("Let go."))


command(
    parked,
    "drop",
    N_("Let a parked frame go: it is not asked for again."),
    examples=("exchange parked drop 7c0ab5d2-3c5e-4f0a-9a63-6d1c5b9f2e11 --reason seen",),
)(_parked_drop)
