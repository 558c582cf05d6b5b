"""``exchange correct``, ``recall``, ``notifications``, ``inbox processed``: what was exchanged must change."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import typer

from exchange.cli.forms import ask, given, read_form
from exchange.cli.mail import Message, Text, full_id, inbox
from exchange.cli.session import Session, command
from exchange.cli.sharing import moment
from exchange.cli.templates import empty
from exchange.i18n import N_
from exchange.reports import words
from exchange.reports.times import written
from exchange.reports.titles import Titles

_ITEM = "4f6b8d02-3a5c-4e7f-8b9d-1c2d3e4f5a6b"
"""Id in examples."""
Items = Annotated[
    list[UUID],
    typer.Argument(metavar=N_("ITEM …"), help=N_("Item ids, from: exchange --json who-knows --subject SUBJECT")),
]
Item = Annotated[
    UUID, typer.Argument(metavar=N_("ITEM"), help=N_("Item id, from: exchange --json who-knows --subject SUBJECT"))
]
Why = Annotated[str, typer.Option("--explanation", help=N_("Why, in your own words; stays here, sealed."))]
Key = Annotated[
    str | None, typer.Option("--idempotency-key", help=N_("The same key gives the same answer, never a second act."))
]


def show_told(session: Session, acts: list[dict[str, Any]], empty: str = "") -> None:
    """Acts of telling: who was told, when, whether it arrived, and what was answered."""
    _ = session.gettext
    titles = Titles.of_covenant(session.door.get("/v1/covenant"))
    rows = [
        (
            words.word(act["telling"], words.TELLINGS, _), titles.of_partner(one["partner"]), moment(one["told_at"]),
            _receipt(session, one), _answer(session, one, titles), one["message"][:12],
        )
        for act in acts
        for one in act["recipients"]
    ]  # fmt: skip
    columns = [_("What"), _("To"), _("Told"), _("Receipt"), _("Answer"), _("Message")]
    session.table(columns, rows, empty)
    for act in acts:
        if act["by_hand"]:
            names = ", ".join(titles.of_partner(slug) for slug in act["by_hand"])
            session.say(_("Tell these yourself, they know it from outside the exchange: {names}.").format(names=names))


def _receipt(session: Session, one: dict[str, Any]) -> str:
    if one["receipt"] == "receipted":
        return moment(one["receipt_at"])
    state = words.word(one["receipt"], words.RECEIPTS, session.gettext)
    return f"{state}: {', '.join(one['rejected'])}" if one["rejected"] else state


def _answer(session: Session, one: dict[str, Any], titles: Titles) -> str:
    _ = session.gettext
    if one["outcome"] is None:
        sentence = _("overdue since {day}") if one["overdue"] else _("expected by {day}")
        return sentence.format(day=written(one["due_on"]))
    parts = [words.word(one["outcome"], words.OUTCOMES, _), moment(one["answered_at"])]
    parts += [titles.of(one["ground"])] if one["ground"] else []
    return " · ".join([*parts, *([one["text"]] if one["text"] else [])])


# ---------------------------------------------------------------------------------------- correct and recall


def _correct(
    session: Session,
    item: Item,
    value: Annotated[
        str | None, typer.Option("--value", help=N_("What it should be; without it you are asked for the text."))
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--form", metavar=N_("FILE"), help=N_("Read the fields from a TOML or JSON file, or - for input.")
        ),
    ] = None,
    explanation: Why = "",
    number_confirmed: Annotated[
        bool,
        typer.Option("--number-confirmed", help=N_("I looked: the number in the text is no citizen service number.")),
    ] = False,
    key: Key = None,
) -> None:
    fields = (read_form(form) if form else {}) | given(value=value, explanation=explanation)
    if number_confirmed:
        fields["number_confirmed"] = True
    if not {"value", "identity"} & set(fields):
        fields["value"] = ask(session.gettext("What it should be"))
    answer = session.door.post("/v1/corrections", {"item": str(item), **fields}, key=key)
    session.show(answer, lambda: show_told(session, [answer], session.gettext("Corrected here; nobody else got it.")))


def _recall(
    session: Session,
    items: Items,
    reason: Annotated[
        str,
        typer.Option("--reason", help=N_("ONRECHTMATIG, ONJUIST, VERKEERDE_PERSOON, VERKEERDE_ONTVANGER, WISSING …")),
    ],
    action: Annotated[str, typer.Option("--action", help=N_("ERASE (default) or RESTRICT."))] = "ERASE",
    everywhere: Annotated[
        bool, typer.Option("--everywhere", help=N_("Also from every other partner that got the same."))
    ] = False,
    explanation: Why = "",
    key: Key = None,
) -> None:
    fields = {"items": [str(item) for item in items], "reason": reason, "action": action, "everywhere": everywhere}
    answer = session.door.post("/v1/recalls", fields | given(explanation=explanation), key=key)
    session.show(answer, lambda: show_told(session, [answer]))


def _notifications(session: Session) -> None:
    door = session.door
    waits, acts = door.get("/v1/notifications"), [*door.get("/v1/corrections"), *door.get("/v1/recalls")]
    acts.sort(key=lambda act: act["at"], reverse=True)
    answer = {**waits, "told": acts}

    def human() -> None:
        _ = session.gettext
        show_waiting(session, waits)
        session.say(_("Told by us"), "bold")
        show_told(session, acts, _("Nothing was corrected or recalled here."))

    session.show(answer, human)


def show_waiting(session: Session, waits: dict[str, Any]) -> None:
    """What waits: here, at partners, and further down."""
    _ = session.gettext
    titles = Titles.of_covenant(session.door.get("/v1/covenant"))
    rows = [
        (
            one["message"][:12], titles.of_partner(one["partner"]), words.word(one["telling"], words.TELLINGS, _),
            words.word(one["action"], words.ACTIONS, _) if one["action"] else "-", titles.of(one["reason"]),
            len(one["items"]), written(one["due_on"]) + (f" ({_('overdue')})" if one["overdue"] else ""),
        )
        for one in waits["to_process"]
    ]  # fmt: skip
    columns = [_("Message"), _("From"), _("What"), _("Asked"), _("Why"), _("Items"), _("Answer by")]
    session.say(_("To answer here, with: exchange inbox processed MESSAGE"), "bold")
    session.table(columns, rows, _("Nothing waits for an answer."))
    for one in waits["unanswered"]:
        late = _("{partner} should have answered by {day} (message {message}).")
        session.say(
            late.format(
                partner=titles.of_partner(one["partner"]), day=written(one["due_on"]), message=one["message"][:12]
            ),
            "yellow",
        )
    for one in waits["onward"]:
        duty = _("You gave {partner} what was corrected or recalled since: correct or recall item {item} yourself.")
        session.say(duty.format(partner=titles.of_partner(one["partner"]), item=one["item"]), "yellow")


def _processed(
    session: Session,
    message: Message,
    refuse: Annotated[
        str | None,
        typer.Option(
            "--refuse", metavar=N_("GROUND"), help=N_("Refuse on this ground of the law, such as AVG_17_3_e.")
        ),
    ] = None,
    set_aside: Annotated[
        bool,
        typer.Option("--use-again", help=N_("Of a recall you refuse: the items may be used again; say why in --text.")),
    ] = False,
    text: Text = "",
) -> None:
    whole = message
    if len(message) < 64:  # noqa: PLR2004 - a whole SHA-256 in hex
        waiting = [one["message"] for one in session.door.get("/v1/notifications")["to_process"]]
        found = [one for one in waiting if one.startswith(message.lower())]
        whole = found[0] if len(found) == 1 else full_id(session, "inbox", message)
    form = {"outcome": "refused" if refuse else "done", **given(ground=refuse, text=text, set_aside=set_aside or None)}
    answer = session.door.post(f"/v1/inbox/{whole}/processed", form)
    session.show(answer, lambda: show_waiting(session, answer))


command(
    inbox,
    "processed",
    N_(
        "Answer a correction, recall or restriction of a partner: done, or refused on a ground of the law."
        "\n\nDone to a recall that asks to erase destroys the items here for good; that cannot be undone."
        " A refusal names its ground: AVG_5_1_d, AVG_17_3_a to AVG_17_3_e, AVG_18_2, AVG_21_1 or WPG_28."
        " What was recalled stays restricted when you refuse, until the rights desk or the privacy officer says --use-again."
    ),
    examples=(
        "exchange inbox processed 3f9a01",
        "exchange inbox processed 3f9a01 --refuse AVG_17_3_e --text 'Nodig voor een lopende procedure.'",
        "exchange inbox processed 3f9a01 --refuse AVG_17_3_b --use-again --text Schuldhulpverlening",
    ),
)(_processed)


def add_to(app: typer.Typer, panel: str) -> None:
    """Enter the commands that stand on their own."""
    command(
        app,
        "correct",
        N_(
            "Say what an item should be. Every partner that got it is told in one act, and answers (GDPR 16, 19)."
            "\n\nThe old value stays on record as corrected. Correct it again through the item that took its place."
            " For a wrong name, birth date or address give the form: identity, with the register's fields."
        ),
        examples=(f"exchange correct {_ITEM}", f"exchange correct {_ITEM} --form correctie.toml"),
        panel=panel,
        template=empty("corrections_forms", "CorrectionForm", "item"),
    )(_correct)
    command(
        app,
        "recall",
        N_(
            "Ask back what was given wrongly or unlawfully (Wpg 4(4)). The partner's node restricts it at once."
            "\n\nA person there erases it, or refuses on a ground of the law; exchange notifications shows which."
        ),
        examples=(
            f"exchange recall {_ITEM} --reason VERKEERDE_PERSOON",
            f"exchange recall {_ITEM} --reason ONRECHTMATIG --action RESTRICT --everywhere",
        ),
        panel=panel,
    )(_recall)
    command(
        app,
        "notifications",
        N_(
            "What partners told and waits for your answer, what you told them, and what each answered."
            "\n\nAnswer with: exchange inbox processed MESSAGE"
        ),
        examples=("exchange notifications", "exchange notifications --json"),
        panel=panel,
    )(_notifications)
