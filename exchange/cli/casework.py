"""``exchange case``: open a case, share it with the partners that need to know, plan, scale down, close."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

import typer

from exchange.cli.forms import ask, given, read_form
from exchange.cli.mail import Why
from exchange.cli.session import Session, command, group
from exchange.cli.sharing import moment
from exchange.cli.templates import empty
from exchange.i18n import N_
from exchange.reports import words
from exchange.reports.times import written
from exchange.reports.titles import Titles

app = group(
    N_(
        "Cases: who is in it, how far it is, who does what by when."
        "\n\nA case belongs to the partners in its scope (need to know) and, within your own organisation, to its circle."
        " A closed case only reopens or goes into aftercare; closing starts the retention terms."
    )
)
CASE = "5d7f9b13-2c4e-4a6b-8d8f-0e1f2a3b4c5d"
SUBJECT = "0b7a9a5e-5d1c-4a55-9c1b-3f5f2f6a9d10"
ACTOR = "8c0ab5d2-3c5e-4f0a-9a63-6d1c5b9f2e11"
"""Ids in examples, of a case, a person and a colleague."""

Case = Annotated[UUID, typer.Argument(metavar=N_("CASE"), help=N_("Id of the case: exchange case list."))]
Reason = Annotated[
    str | None,
    typer.Option("--reason", help=N_("Why. Leave it out to be asked; then it stays out of the shell's history.")),
]
Remove = Annotated[bool, typer.Option("--out", help=N_("Take out instead of in."))]
Form = Annotated[
    str | None,
    typer.Option(
        "--form", metavar=N_("FILE"), help=N_("Read the whole form from a TOML or JSON file, or - for input.")
    ),
]
Key = Annotated[
    str | None, typer.Option("--idempotency-key", help=N_("The same key gives the same answer, never a second act."))
]
Partner = Annotated[str, typer.Argument(metavar="PARTNER", help=N_("Short name of the partner."))]


def _list(session: Session) -> None:
    _ = session.gettext
    answer = session.door.get("/v1/cases")

    def human() -> None:
        titles = Titles.of_covenant(session.door.get("/v1/covenant"))
        rows = [
            (
                row["case"],
                row["phase"],
                titles.of_partner(row["keeper"]),
                ", ".join(row["partners"]) or _("withdrawn"),
                _("{open} open, {late} late").format(open=row["open_actions"], late=row["overdue_actions"]),
                written(row["review_due"]) + (_(" (overdue)") if row["review_overdue"] else ""),
                _("yes") if row["mine"] else _("no"),
            )
            for row in answer
        ]
        columns = [_("Case"), _("Phase"), _("Coordinated by"), _("In scope"), _("Actions"), _("Review"), _("Mine")]
        session.table(columns, rows, _("There are no cases."))

    session.show(answer, human)


command(
    app,
    "list",
    N_("Every case of this node, without its content."),
    examples=("exchange case list", "exchange case list --json"),
)(_list)


def _open(
    session: Session,
    form: Form = None,
    subject: Annotated[UUID | None, typer.Option("--subject", help=N_("The person it is mainly about."))] = None,
    partners: Annotated[
        list[str] | None,
        typer.Option("--partner", metavar="PARTNER", help=N_("A partner that needs to know. Repeatable.")),
    ] = None,
    key: Key = None,
) -> None:
    fields = (read_form(form) if form else {}) | given(main_subject=subject, partners=partners)
    if not fields.get("problem"):
        fields["problem"] = ask(session.gettext("Why it touches the neighbourhood"))
    _changed(session, session.door.post("/v1/cases", fields, key=key))


command(
    app,
    "open",
    N_(
        "Open a case and coordinate it. The partners you name are told of it."
        "\n\nThe covenant is about collective problems, so you are asked why it touches the neighbourhood. A form may also hold"
        " secondary_subjects and review_due."
    ),
    examples=(
        f"exchange case open --subject {SUBJECT} --partner gemeente --partner welzijn",
        "exchange case open --form casus.toml",
    ),
    template=empty("casework_forms", "CaseForm"),
)(_open)


def _changed(session: Session, row: dict[str, Any]) -> None:
    """A case as it is now, in one line."""
    _ = session.gettext
    sentence = _("Case {case}: {phase}, in scope: {partners}.")
    partners = ", ".join(row["partners"]) or _("withdrawn")
    session.show(row, lambda: session.say(sentence.format(case=row["case"], phase=row["phase"], partners=partners)))


def post(session: Session, case: UUID, what: str, form: dict[str, Any]) -> None:
    """Change something of a case, and say how it is now."""
    _changed(session, session.door.post(f"/v1/cases/{case}/{what}", form))


def _show(session: Session, case: Case, reason: Why = "") -> None:
    answer = session.door.post(f"/v1/cases/{case}/_read", {"reason": reason})
    session.show(answer, lambda: _show_case(session, answer))


def _show_case(session: Session, answer: dict[str, Any]) -> None:
    _, row = session.gettext, answer["row"]
    titles, erased = Titles.of_covenant(session.door.get("/v1/covenant")), f"({_('erased')})"
    session.facts(
        [
            (_("Case"), row["case"]),
            (_("Phase"), row["phase"] + (f" ({answer['close_reason']})" if answer["close_reason"] else "")),
            (_("Problem"), answer["problem"] if answer["problem"] is not None else erased),
            (_("People"), "; ".join(p["label"] for p in answer["people"])),
            (_("Coordinated by"), row["keeper"]),
            (_("Led by"), row["lead"]),
            (_("In scope"), ", ".join(row["partners"])),
            (_("Review"), written(row["review_due"]) if row["review_due"] else ""),
            (_("Possible next"), ", ".join(answer["next_phases"])),
            (_("Goals"), "; ".join((g["text"] or erased) + (" ✓" if g["reached"] else "") for g in answer["goals"])),
            (_("Allocated to"), "; ".join(f"{a['to'] or erased} ({a['allocation']})" for a in answer["allocations"])),
            (_("Signals"), ", ".join(s[:12] for s in answer["signals"])),
        ]
    )
    rows = [
        (
            a["action"],
            a["owner"],
            written(a["due"]) + (_(" (overdue)") if a["overdue"] else ""),
            a["status"],
            a["text"] if a["text"] is not None else erased,
            a["result"] or "-",
        )
        for a in answer["actions"]
    ]
    session.table([_("Action"), _("Owner"), _("By"), _("State"), _("What"), _("Result")], rows, _("No actions yet."))
    steps = [
        (
            moment(s["at"]),
            words.step(s["what"], _),
            _detail(session, titles, s["detail"]) or "-",
            s["reason"] if s["reason"] is not None else erased,
        )
        for s in answer["history"]
    ]
    session.table([_("At"), _("What"), _("Detail"), _("Why")], steps)


command(
    app,
    "show",
    N_(
        "Read a case. That you read it is recorded."
        "\n\nWho is outside its circle gives a reason with --reason, which the privacy officer reviews."
    ),
    examples=(f"exchange case show {CASE}", f"exchange case show {CASE} --reason Waarneming"),
)(_show)


def _detail(session: Session, titles: Titles, text: str) -> str:
    """What ``name=value`` pairs of an entry say, in words."""
    _ = session.gettext
    names = {
        "phase": _("phase"),
        "close_reason": _("because"),
        "partner": _("organisation"),
        "lead": _("led by"),
        "outcome": _("outcome"),
        "status": _("state"),
        "owner": _("by"),
        "due": _("at the latest on"),
        "verdict": _("judged"),
        "view": _("looked at"),
    }
    reads: dict[str, Callable[[str], str]] = {
        **dict.fromkeys(("partner", "lead", "owner"), titles.of_partner),
        "due": written,
        "view": lambda code: words.word(code, words.VIEWS, _),
        "verdict": lambda code: words.word(code, words.STATES, _),
    }
    pairs = (part.partition("=") for part in text.split(" ") if part)
    return ", ".join(f"{names.get(name, name)} {reads.get(name, titles.of)(value)}" for name, _equals, value in pairs)


def _move(
    session: Session,
    case: Case,
    phase: Annotated[
        str,
        typer.Argument(
            metavar=N_("PHASE"),
            help=N_(
                "TRIAGE, CASUSOVERLEG, PLAN, UITVOERING, AFSCHALING, NAZORG or GESLOTEN; case show says which can follow."
            ),
        ),
    ],
    close_reason: Annotated[
        str | None,
        typer.Option(
            "--close-reason",
            help=N_("With GESLOTEN: OPGELOST, OVERGEDRAGEN, VERHUISD, OVERLEDEN, GEEN_MEDEWERKING or NIET_OPGEPAKT."),
        ),
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", help=N_("Why; needed to scale down, reopen, or for aftercare of a closed case."))
    ] = "",
) -> None:
    post(session, case, "phase", {"to": phase, "reason": reason} | given(close_reason=close_reason))


command(
    app,
    "move",
    N_(
        "Take a case to another phase. The partners in scope are told."
        "\n\nClosing starts the retention terms of what belongs to the case; reopening stops them."
    ),
    examples=(
        f"exchange case move {CASE} TRIAGE",
        f"exchange case move {CASE} GESLOTEN --close-reason OPGELOST",
        f'exchange case move {CASE} AFSCHALING --reason "De overlast is voorbij."',
    ),
)(_move)


def _scope(session: Session, case: Case, partner: Partner, out: Remove = False, reason: Reason = None) -> None:
    why = reason or ask(session.gettext("Why"))
    post(session, case, "scope", {"partner": partner, "inside": not out, "reason": why})


command(
    app,
    "scope",
    N_("Put a partner in the scope of a case, or take it out. Within a case nothing goes to anybody else."),
    examples=(f"exchange case scope {CASE} welzijn", f"exchange case scope {CASE} welzijn --out"),
)(_scope)


def _lead(
    session: Session,
    case: Case,
    partner: Partner,
    coordinator: Annotated[
        UUID | None, typer.Option("--coordinator", help=N_("Who of your people guards its progress."))
    ] = None,
) -> None:
    post(session, case, "lead", {"lead": partner} | given(coordinator=coordinator))


command(
    app,
    "lead",
    N_("Name the partner that leads a case."),
    examples=(f"exchange case lead {CASE} gemeente", f"exchange case lead {CASE} gemeente --coordinator {ACTOR}"),
)(_lead)


def _subject(
    session: Session,
    case: Case,
    subject: Annotated[UUID, typer.Argument(metavar=N_("SUBJECT"), help=N_("Id of the register entry."))],
    main: Annotated[bool, typer.Option("--main", help=N_("It is mainly about this person."))] = False,
) -> None:
    post(session, case, "subjects", {"subject": subject, "main": main})


command(
    app,
    "subject",
    N_("Name one more person whom the case is about."),
    examples=(f"exchange case subject {CASE} {SUBJECT}", f"exchange case subject {CASE} {SUBJECT} --main"),
)(_subject)
