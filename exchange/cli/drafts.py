"""``exchange draft``: a signal or a disclosure that is still being filled in, and what case systems propose."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from uuid import UUID

import typer

from exchange.cli.explaining import explained
from exchange.cli.forms import template
from exchange.cli.hints import command_line
from exchange.cli.informed import of_whom_told, told_sentence
from exchange.cli.questions import Questions
from exchange.cli.session import Session, command, group
from exchange.cli.settling import settled
from exchange.cli.sharing import FILLED, Key, Wait, build, moment, shown
from exchange.errors import InputError
from exchange.i18n import N_, Translate
from exchange.reports.times import day
from exchange.reports.titles import Titles

draft = group(
    N_(
        "Forms that you are still filling in, and signals that a case system proposes."
        "\n\nA draft lies sealed at your own node and only you see it. It goes when you send it, when you discard it, and by"
        " itself some days after you last saved it (covenant setting draft_days); nobody can read it any more after that."
    )
)
_DRAFT = "4d7a9c1e-2b5f-4e8a-9d3c-6f1b0a2e8c75"
_PERSON = "0b7a9a5e-5d1c-4a55-9c1b-3f5f2f6a9d10"
"""Ids in examples."""
Which = Annotated[UUID, typer.Argument(metavar=N_("DRAFT"), help=N_("Id of the draft, from: exchange draft list"))]
Again = Annotated[
    UUID | None, typer.Option("--draft", help=N_("Save over this draft: what you leave out stays as it was."))
]
Signal = Annotated[bool, typer.Option("--signal", help=N_("It is a signal; without a profile it is a disclosure."))]


def _last(row: dict[str, Any]) -> str:
    return day(date.fromisoformat(row["keep_until"]))


def _row(session: Session, answer: dict[str, Any]) -> None:
    line = session.gettext("Kept as {draft} until {day}.").format(draft=answer["draft"], day=_last(answer))
    session.show(answer, lambda: session.say(line))


def _save(session: Session, again: Again = None, signal: Signal = False, **options: Any) -> None:
    before = session.door.get(f"/v1/drafts/{again}")["form"] if again else {}
    form = build(session, "signal" if signal else None, options, before)
    if again:
        _row(session, session.door.put(f"/v1/drafts/{again}", form))
    else:
        _row(session, session.door.post("/v1/drafts", form, key=options["key"]))


def _list(session: Session) -> None:
    answer, _ = session.door.get("/v1/drafts"), session.gettext
    kinds = {"signal": _("signal"), "disclosure": _("disclosure")}

    def human() -> None:
        titles = Titles.of_covenant(session.door.get("/v1/covenant"))
        rows = [
            (
                row["draft"],
                kinds[row["kind"]],
                titles.of(row["profile"]) if row["profile"] else "-",
                _("proposed by a case system") if row["proposal"] else _("yours"),
                moment(row["at"]),
                _last(row),
            )
            for row in answer
        ]
        session.table(
            [_("Id"), _("Kind"), _("Profile"), _("Whose"), _("Saved"), _("Kept until")], rows, _("There are no drafts.")
        )

    session.show(answer, human)


def _named(_: Translate) -> list[tuple[str, str]]:
    """What a form says by a code of the covenant or the law."""
    return [(_("Purpose"), "purpose"), (_("Context"), "context"), (_("Legal basis"), "basis"), (_("Task"), "task")]


def _show(session: Session, draft: Which) -> None:
    answer, _ = session.door.get(f"/v1/drafts/{draft}"), session.gettext
    form = answer["form"]

    def human() -> None:
        document = session.door.get("/v1/covenant")
        titles = Titles.of_covenant(document)
        recipients = [titles.of_partner(recipient["partner"]) for recipient in form["recipients"]]
        session.facts(
            [
                (_("Profile"), titles.of(form["profile"]) if form["profile"] else ""),
                (_("About"), answer["subject_label"]),
                (_("To"), ", ".join(recipients)),
                *((name, titles.of(form[field])) for name, field in _named(_) if form[field]),
                (_("Necessity"), form["weighing"]["necessity"]),
                (_("Proportionality"), form["weighing"]["proportionality"]),
                (_("Subsidiarity"), form["weighing"]["subsidiarity"]),
                (_("Told"), told_sentence(session, form, document)),
                (_("Support"), form["support_rationale"]),
                (_("Case in your own system"), form["external_reference"]),
                (_("Kept until"), _last(answer["row"])),
            ]
        )
        rows = [
            (titles.of(i["category"]), titles.of_field(i["category"], i["field"]), i["value"]) for i in form["items"]
        ]
        session.table([_("Category"), _("Field"), _("Text")], rows, _("No facts are filled in yet."))

    session.show(answer, human)


def _explain(session: Session, draft: Which) -> None:
    answer = session.door.post(f"/v1/drafts/{draft}/_explain", {})
    if not answer["missing"]:
        explained(session, answer["recipients"], answer)
        return

    def human() -> None:
        session.say(session.gettext("Not complete yet:"))
        for lacking in answer["missing"]:
            session.item(lacking["message"])

    session.show(answer, human)
    raise typer.Exit(1)


def _send(session: Session, draft: Which, wait: Wait = None, key: Key = None) -> None:
    door = session.door
    if door.post(f"/v1/drafts/{draft}/_explain", {})["missing"]:
        form = door.get(f"/v1/drafts/{draft}")["form"]
        if not form["profile"]:
            raise InputError(
                "The draft is not complete. What is missing: {look}; fill it in with: {mend}",
                look=command_line("draft", "explain", draft, node=session.given.node),
                mend=command_line("draft", "save", "--draft", draft, "--form", "…", node=session.given.node),
            )
        questions = Questions(session, form)
        form = questions.fill()
        of_whom_told(session, form)
        door.put(
            f"/v1/drafts/{draft}", settled(session, questions, lambda _, kept: door.put(f"/v1/drafts/{draft}", kept))
        )
        if not questions.confirmed():
            session.done(session.gettext("Nothing was sent; what you filled in is kept in the draft."))
            return
    shown(session, door.post(f"/v1/drafts/{draft}/send", {}, key=key), wait)


def _discard(session: Session, draft: Which) -> None:
    session.door.post(f"/v1/drafts/{draft}/discard", {})
    session.done(session.gettext("The draft is destroyed; nobody can read it any more."))


command(
    draft,
    "save",
    N_(
        "Keep a signal or a disclosure as far as you filled it in, with the options of exchange disclose and exchange signal."
        "\n\nIt need not be complete: exchange draft explain DRAFT says what is missing. Save over a proposal of a case system,"
        " and it is yours alone."
    ),
    FILLED,
    examples=(
        f"exchange draft save --profile WOONSITUATIE_HULP --subject {_PERSON}",
        f"exchange draft save --draft {_DRAFT} --told-on 2026-03-02 --told-how HUISBEZOEK",
        "exchange draft save --form verstrekking.toml",
    ),
    template=template,
)(_save)
command(
    draft,
    "list",
    N_("Your drafts, and proposals of case systems that you may send; without what is in them."),
    examples=("exchange draft list", "exchange draft list --json"),
)(_list)
command(
    draft,
    "show",
    N_("What is in a draft. That you looked is recorded."),
    examples=(f"exchange draft show {_DRAFT}",),
)(_show)
command(
    draft,
    "explain",
    N_(
        "What a draft still lacks; when nothing, what would happen per recipient."
        "\n\nExit code 1 when something is missing or the covenant does not allow it."
    ),
    examples=(f"exchange draft explain {_DRAFT}",),
)(_explain)
command(
    draft,
    "send",
    N_(
        "Share what a draft says; it is judged as ever, and the draft is destroyed with the sending."
        "\n\nOn a profile you are asked what is still missing, when you are at a terminal."
    ),
    examples=(f"exchange draft send {_DRAFT} --wait 15",),
)(_send)
command(
    draft,
    "discard",
    N_("Destroy a draft."),
    examples=(f"exchange draft discard {_DRAFT}",),
)(_discard)
