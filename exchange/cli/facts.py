"""``exchange notice``, ``exception``, ``decision``: what has to be on record about a person before you share."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import typer

from exchange.cli.forms import ask, given, read_form
from exchange.cli.session import Session, command, group
from exchange.cli.templates import empty
from exchange.errors import InputError
from exchange.i18n import N_
from exchange.reports.times import day, written

notice = group(
    N_(
        "What a person was told beforehand."
        "\n\nA notice on record can carry every later message to the partners it names: exchange disclose --notice ID"
    )
)
exception = group(
    N_(
        "Why a person is not told, and when that is looked at again."
        "\n\nAn exception carries nothing any more when its review day has passed (R15)."
    )
)
decision = group(
    N_(
        "Decisions of the police to disclose (Wpg 16, 18, 19, 20)."
        "\n\nPolice data leave the police only under one, to the recipients and for the categories it names."
    )
)

_SUBJECT = "0b7a9a5e-5d1c-4a55-9c1b-3f5f2f6a9d10"
_EXCEPTION = "2c4e6a80-1b3d-4f5a-9c7e-8d0f1a2b3c4d"
_DECISION = "6a8c0e24-3d5f-4a7b-8e9c-0f1a2b3c4d5e"
"""Ids in examples."""

Form = Annotated[
    str | None,
    typer.Option("--form", metavar=N_("FILE"), help=N_("Read the fields from a TOML or JSON file, or - for input.")),
]
Subject = Annotated[UUID | None, typer.Option("--subject", help=N_("The person: an id from exchange subject find."))]
Whom = Annotated[UUID, typer.Argument(metavar=N_("SUBJECT"), help=N_("Id of the register entry."))]
Day = {"metavar": N_("DATE"), "formats": ["%Y-%m-%d"]}
Told = Annotated[
    list[str] | None, typer.Option("--told", metavar="PARTNER", help=N_("A partner that was named. Repeatable."))
]
Key = Annotated[
    str | None, typer.Option("--idempotency-key", help=N_("The same key gives the same answer, never a second act."))
]
Reason = Annotated[str | None, typer.Option("--reason", help=N_("Why; without it you are asked."))]


def fields(form: str | None, **options: Any) -> dict[str, Any]:
    """The file or input first, the options over it."""
    found = {name: value.date() if isinstance(value, datetime) else value for name, value in given(**options).items()}
    return (read_form(form) if form else {}) | found


def asked(session: Session, found: dict[str, Any], **labels: str) -> dict[str, Any]:
    """``found`` with every text that is missing asked for, so that it stays out of the shell's history."""
    return found | {name: ask(session.gettext(label)) for name, label in labels.items() if not found.get(name)}


def recorded(session: Session, answer: dict[str, Any]) -> None:
    """Say under which id it is on record."""
    line = session.gettext("On record as {fact}, log entry {index}.")
    session.show(answer, lambda: session.say(line.format(fact=answer["fact"], index=answer["log_index"])))


# ------------------------------------------------------------------------------------------------ notices


def _give(
    session: Session,
    form: Form = None,
    subject: Subject = None,
    given_by: Annotated[str | None, typer.Option("--by", help=N_("The professional who told."))] = None,
    given_on: Annotated[datetime | None, typer.Option("--on", help=N_("On which day, YYYY-MM-DD."), **Day)] = None,
    mode: Annotated[str | None, typer.Option("--how", help=N_("How: GESPREK, HUISBEZOEK, TELEFOON, BRIEF …"))] = None,
    recipients: Told = None,
    reference: Annotated[str | None, typer.Option("--reference", help=N_("Where the proof lies."))] = None,
    rights_explained: Annotated[bool, typer.Option("--rights", help=N_("The person's rights were explained."))] = False,
    key: Key = None,
) -> None:
    found = fields(
        form,
        subject=subject,
        given_by=given_by,
        given_on=given_on,
        mode=mode,
        recipients=recipients,
        reference=reference,
    )
    options = {"subject": "--subject", "given_by": "--by", "given_on": "--on", "mode": "--how", "recipients": "--told"}
    if lacking := [option for name, option in options.items() if not found.get(name)]:
        raise InputError("Give {options} as well, or a form with --form.", options=", ".join(lacking))
    found = asked(session, found, purpose=N_("Purpose, as it was told"), interest=N_("The person's interest in it"))
    found.setdefault("rights_explained", rights_explained)
    recorded(session, session.door.post("/v1/notices", found, key=key))


command(
    notice,
    "add",
    N_(
        "Record that a person was informed. Refer to it when you share: exchange disclose --notice ID"
        "\n\nWhat it was told for, and which interest the person has in it, you are asked for. As a form: subject, given_by,"
        " given_on, mode, language, purpose, recipients, interest, rights_explained, source_told, reaction (AKKOORD, BEZWAAR"
        " or GEEN; a reaction is no consent) and reference."
    ),
    examples=(
        f'exchange notice add --subject {_SUBJECT} --by "Fenna Bedacht" --on 2026-03-02 --how HUISBEZOEK --told welzijn --rights',
        "exchange notice add --form kennisgeving.toml",
    ),
    template=empty("facts_forms", "SubjectNoticeForm"),
)(_give)


def _notices(session: Session, subject: Whom) -> None:
    answer = session.door.post("/v1/notices/_zoek", {"subject": subject})
    _ = session.gettext
    rows = [
        (n["notice"], written(n["given_on"]), n["mode"] or "-", ", ".join(n["recipients"]), n["reaction"] or "-")
        for n in answer
    ]
    columns = [_("Id"), _("Day"), _("How"), _("Partners named"), _("Reaction")]
    session.show(answer, lambda: session.table(columns, rows, _("Nothing is on record.")))


command(
    notice,
    "list",
    N_("What a person was told. That you looked is recorded."),
    examples=(f"exchange notice list {_SUBJECT}",),
)(_notices)


# ------------------------------------------------------------------------------------------------ exceptions


def _invoke(
    session: Session,
    form: Form = None,
    subject: Subject = None,
    ground: Annotated[
        str | None, typer.Option("--ground", help=N_("Ground of the law: UAVG_41_1_i, AVG_14_5_b, WPG_27_1_a …"))
    ] = None,
    review_on: Annotated[
        datetime | None, typer.Option("--review-on", help=N_("Next review, YYYY-MM-DD."), **Day)
    ] = None,
    ends_on: Annotated[datetime | None, typer.Option("--ends-on", help=N_("Last day, YYYY-MM-DD."), **Day)] = None,
    considered: Annotated[
        list[str] | None,
        typer.Option(
            "--considered", metavar=N_("LETTER=TEXT"), help=N_("What UAVG 41(2) asks you to weigh, a to h. Repeatable.")
        ),
    ] = None,
    recipients: Annotated[
        list[str] | None,
        typer.Option("--to", metavar="PARTNER", help=N_("A partner that it carries to. Repeatable.")),
    ] = None,
    key: Key = None,
) -> None:
    found = fields(form, subject=subject, ground=ground, review_on=review_on, ends_on=ends_on, recipients=recipients)
    for text in considered or ():
        letter, equals, words = text.partition("=")
        if not equals:
            raise typer.BadParameter(session.gettext("--considered is LETTER=TEXT."))
        found.setdefault("considerations", {})[letter] = words
    found = asked(session, found, motivation=N_("Motivation"))
    recorded(session, session.door.post("/v1/exceptions", found, key=key))


command(
    exception,
    "add",
    N_(
        "Record why a person is not informed. Refer to it when you share: exchange disclose --exception ID"
        "\n\nThe motivation is asked for. Every ground stands with informing the person in: exchange covenant show. As a form:"
        " subject, ground, considerations, motivation, recipients, review_on, ends_on and told_of_restriction."
    ),
    examples=(
        f"exchange exception add --subject {_SUBJECT} --ground UAVG_41_1_i --to gemeente --review-on 2026-03-16 --considered a=…",
        "exchange exception add --form uitzondering.toml",
    ),
    template=empty("facts_forms", "ExceptionForm"),
)(_invoke)


def _review(
    session: Session,
    exception: Annotated[UUID, typer.Argument(metavar=N_("EXCEPTION"), help=N_("Id of the exception."))],
    until: Annotated[
        datetime | None, typer.Option("--until", help=N_("Prolong until this next review, YYYY-MM-DD."), **Day)
    ] = None,
    reason: Reason = None,
) -> None:
    found = fields(None, outcome="prolonged" if until else "ended", review_on=until, motivation=reason)
    found = asked(session, found, motivation=N_("Motivation"))
    recorded(session, session.door.post(f"/v1/exceptions/{exception}/reviews", found))


command(
    exception,
    "review",
    N_(
        "Prolong an exception with --until, or end it today."
        "\n\nDoes the reason still exist? Why, you are asked for. When it has ended, the person is told after all: exchange"
        " notice add"
    ),
    examples=(f"exchange exception review {_EXCEPTION} --until 2026-04-01", f"exchange exception review {_EXCEPTION}"),
)(_review)


def _exceptions(session: Session, subject: Whom) -> None:
    answer = session.door.post("/v1/exceptions/_zoek", {"subject": subject})
    _ = session.gettext
    rows = [
        (
            x["exception"],
            x["ground"],
            written(x["review_on"]),
            written(x["ends_on"]),
            _("yes") if x["holds"] else _("no"),
        )
        for x in answer
    ]
    columns = [_("Id"), _("Ground"), _("Review"), _("Last day"), _("Holds")]
    session.show(answer, lambda: session.table(columns, rows, _("Nothing is on record.")))


command(
    exception,
    "list",
    N_("Why a person was not told. That you looked is recorded."),
    examples=(f"exchange exception list {_SUBJECT}",),
)(_exceptions)


def _due(session: Session) -> None:
    answer = session.door.get("/v1/exceptions/due")
    _ = session.gettext
    rows = [(x["exception"], written(x["review_on"]), _("late") if x["overdue"] else "-") for x in answer]
    session.show(
        answer, lambda: session.table([_("Id"), _("Review"), _("Late")], rows, _("Nothing waits for a review."))
    )


command(
    exception,
    "due",
    N_("Exceptions that have to be looked at today; not about whom."),
    examples=("exchange exception due",),
)(_due)


# ------------------------------------------------------------------------------------------------ Wpg decisions


def _decide(
    session: Session,
    form: Annotated[
        str, typer.Option("--form", metavar=N_("FILE"), help=N_("The decision as a TOML or JSON file, or - for input."))
    ],
    key: Key = None,
) -> None:
    recorded(session, session.door.post("/v1/wpg-decisions", read_form(form), key=key))


command(
    decision,
    "add",
    N_(
        "Register a decision to disclose police data. Refer to it when you share: exchange disclose --wpg-decision ID"
        "\n\nThe form holds reference, ground, goal, decided_on, signed_by, interest, purpose, recipients, categories, fields,"
        " conditions, authority (BURGEMEESTER or OVJ), agreed_on, valid_until and document (its SHA-256). The ground is such as"
        " WPG_19, the goal a, b, c or d. Whoever the recipient does not know yet is made known by name and birth date: then"
        " the categories include that of the name."
    ),
    examples=("exchange decision add --form besluit.toml",),
    template=empty("facts_forms", "DecisionForm"),
)(_decide)


def _withdraw(
    session: Session,
    decision: Annotated[UUID, typer.Argument(metavar=N_("DECISION"), help=N_("Id of the decision."))],
    reason: Reason = None,
) -> None:
    found = asked(session, fields(None, reason=reason), reason=N_("Reason"))
    session.door.post(f"/v1/wpg-decisions/{decision}/withdraw", found)
    session.done(session.gettext("Withdrawn: nothing more is disclosed under it."))


command(
    decision,
    "withdraw",
    N_("Withdraw a decision: from now on it carries nothing. What went under it stays on record."),
    examples=(f"exchange decision withdraw {_DECISION}",),
)(_withdraw)


def _decisions(session: Session) -> None:
    answer = session.door.get("/v1/wpg-decisions")
    _ = session.gettext
    rows = [
        (x["decision"], x["reference"], x["ground"], ", ".join(x["recipients"]), day(date.fromisoformat(x["valid_until"])),
         _("yes") if x["valid"] else _("no"))
        for x in answer
    ]  # fmt: skip
    columns = [_("Id"), _("Reference"), _("Ground"), _("Recipients"), _("Last day"), _("Holds")]
    session.show(answer, lambda: session.table(columns, rows, _("Nothing is on record.")))


command(
    decision,
    "list",
    N_("Every registered decision and whether it holds."),
    examples=("exchange decision list",),
)(_decisions)
