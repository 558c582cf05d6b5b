"""``exchange case``: open a case, share it with the partners that need to know, plan, scale down, close."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import typer

from exchange.cli.forms import ask, given, read_form
from exchange.cli.mail import Why
from exchange.cli.session import Session, command
from exchange.cli.sharing import moment
from exchange.i18n import N_
from exchange.reports import words
from exchange.reports.titles import Titles

app = typer.Typer(
    no_args_is_help=True,
    help=N_(
        "Cases: who is in it, how far it is, who does what by when."
        "\n\nA case belongs to the partners in its scope (need to know) and, within your own organisation, to its circle."
        " A closed case only reopens or goes into aftercare; closing starts the retention terms."
    ),
)

Case = Annotated[UUID, typer.Argument(metavar="CASE", help=N_("Id of the case."))]
Reason = Annotated[
    str | None,
    typer.Option("--reason", help=N_("Why. Leave it out to be asked; then it stays out of the shell's history.")),
]
Text = Annotated[str | None, typer.Option("--text", help=N_("What. Leave it out to be asked."))]
Due = Annotated[
    datetime, typer.Option("--due", metavar="DATE", formats=["%Y-%m-%d"], help=N_("By which day, YYYY-MM-DD."))
]
Remove = Annotated[bool, typer.Option("--out", help=N_("Take out instead of in."))]
Form = Annotated[
    str | None, typer.Option("--form", metavar="FILE", help=N_("Read the form from a TOML or JSON file, or -."))
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
                (row["review_due"] or "-") + (_(" (overdue)") if row["review_overdue"] else ""),
                _("yes") if row["mine"] else _("no"),
            )
            for row in answer
        ]
        columns = [_("Case"), _("Phase"), _("Coordinated by"), _("In scope"), _("Actions"), _("Review"), _("Mine")]
        session.table(columns, rows, _("There are no cases."))

    session.show(answer, human)


command(app, "list", N_("Every case of this node, without its content."))(_list)


def _open(
    session: Session,
    form: Form = None,
    subject: Annotated[UUID | None, typer.Option("--subject", help=N_("The person it is mainly about."))] = None,
    partners: Annotated[
        list[str] | None, typer.Option("--partner", help=N_("A partner that needs to know. Repeatable."))
    ] = None,
    key: Annotated[
        str | None, typer.Option("--idempotency-key", help=N_("The same key gives the same answer."))
    ] = None,
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
)(_open)


def _changed(session: Session, row: dict[str, Any]) -> None:
    """A case as it is now, in one line."""
    _ = session.gettext
    sentence = _("Case {case}: {phase}, in scope: {partners}.")
    partners = ", ".join(row["partners"]) or _("withdrawn")
    session.show(row, lambda: session.say(sentence.format(case=row["case"], phase=row["phase"], partners=partners)))


def _post(session: Session, case: UUID, what: str, form: dict[str, Any]) -> None:
    _changed(session, session.door.post(f"/v1/cases/{case}/{what}", form))


def _show(session: Session, case: Case, reason: Why = "") -> None:
    answer = session.door.post(f"/v1/cases/{case}/_read", {"reason": reason})
    session.show(answer, lambda: _show_case(session, answer))


def _show_case(session: Session, answer: dict[str, Any]) -> None:
    _, row = session.gettext, answer["row"]
    erased = f"({_('erased')})"
    session.facts(
        [
            (_("Case"), row["case"]),
            (_("Phase"), row["phase"] + (f" ({answer['close_reason']})" if answer["close_reason"] else "")),
            (_("Problem"), answer["problem"] if answer["problem"] is not None else erased),
            (_("People"), "; ".join(p["label"] for p in answer["people"])),
            (_("Coordinated by"), row["keeper"]),
            (_("Led by"), row["lead"]),
            (_("In scope"), ", ".join(row["partners"])),
            (_("Review"), row["review_due"]),
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
            a["due"] + (_(" (overdue)") if a["overdue"] else ""),
            a["status"],
            a["text"] if a["text"] is not None else erased,
            a["result"] or "-",
        )
        for a in answer["actions"]
    ]
    session.table(
        [_("Action"), _("Owner"), _("Before"), _("State"), _("What"), _("Result")], rows, _("No actions yet.")
    )
    steps = [
        (
            moment(s["at"]),
            words.step(s["what"], _),
            s["detail"] or "-",
            s["reason"] if s["reason"] is not None else erased,
        )
        for s in answer["history"]
    ]
    session.table([_("At"), _("What"), _("Detail"), _("Why")], steps)


command(app, "show", N_("Read a case. That you read it is recorded."))(_show)


def _move(
    session: Session,
    case: Case,
    phase: Annotated[
        str,
        typer.Argument(
            metavar="PHASE",
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
    _post(session, case, "phase", {"to": phase, "reason": reason} | given(close_reason=close_reason))


command(app, "move", N_("Take a case to another phase. The partners in scope are told."))(_move)


def _scope(session: Session, case: Case, partner: Partner, out: Remove = False, reason: Reason = None) -> None:
    why = reason or ask(session.gettext("Why"))
    _post(session, case, "scope", {"partner": partner, "inside": not out, "reason": why})


command(
    app,
    "scope",
    N_("Put a partner in the scope of a case, or take it out. Within a case nothing goes to anybody else."),
)(_scope)


def _lead(
    session: Session,
    case: Case,
    partner: Partner,
    coordinator: Annotated[
        UUID | None, typer.Option("--coordinator", help=N_("Who of your people guards its progress."))
    ] = None,
) -> None:
    _post(session, case, "lead", {"lead": partner} | given(coordinator=coordinator))


command(app, "lead", N_("Name the partner that leads a case."))(_lead)


def _subject(
    session: Session,
    case: Case,
    subject: Annotated[UUID, typer.Argument(metavar="SUBJECT", help=N_("Id of the register entry."))],
    main: Annotated[bool, typer.Option("--main", help=N_("It is mainly about this person."))] = False,
) -> None:
    _post(session, case, "subjects", {"subject": subject, "main": main})


command(app, "subject", N_("Name one more person whom the case is about."))(_subject)


def _goal(
    session: Session,
    case: Case,
    text: Text = None,
    goal: Annotated[UUID | None, typer.Option("--goal", help=N_("A goal you set before."))] = None,
    reached: Annotated[bool, typer.Option("--reached", help=N_("It was reached."))] = False,
) -> None:
    words_ = text or ask(session.gettext("The goal"))
    _post(session, case, "goals", {"text": words_, "reached": reached} | given(goal=goal))


command(app, "goal", N_("Set a goal, or say that it was reached."))(_goal)


def _action(
    session: Session,
    case: Case,
    owner: Annotated[str, typer.Option("--owner", help=N_("The partner that does it."))],
    due: Due,
    text: Text = None,
    action: Annotated[UUID | None, typer.Option("--action", help=N_("An action you planned before."))] = None,
    status: Annotated[str | None, typer.Option("--status", help=N_("OPEN, GEDAAN or VERVALLEN."))] = None,
    result: Annotated[str | None, typer.Option("--result", help=N_("What came of it."))] = None,
    agreement: Annotated[
        UUID | None, typer.Option("--agreement", help=N_("The agreement of a conference that it carries out."))
    ] = None,
) -> None:
    form = {"owner": owner, "due": due.date(), "text": text or ask(session.gettext("The action"))}
    _post(session, case, "actions", form | given(action=action, status=status, result=result, agreement=agreement))


command(app, "action", N_("Plan an action, or say how it stands: who, what, by when, with which result."))(_action)


def _review(session: Session, case: Case, due: Due) -> None:
    _post(session, case, "review", {"due": due.date()})


command(app, "review", N_("Say when the case is looked at again."))(_review)


def _allocate(
    session: Session,
    case: Case,
    to: Annotated[str | None, typer.Option("--to", help=N_("The third party. Leave it out to be asked."))] = None,
    reason: Reason = None,
) -> None:
    form = {"to": to or ask(session.gettext("The third party")), "reason": reason or ask(session.gettext("Why"))}
    _post(session, case, "allocations", form)


command(app, "allocate", N_("Allocate a case to a third party for further handling (covenant article 8.1)."))(_allocate)
