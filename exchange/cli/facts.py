"""``exchange notice``, ``exception``, ``decision``, ``training``, ``activity``: what has to be on record before you share."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import typer

from exchange.cli.forms import ask, given, read_form
from exchange.cli.session import Session, command, group
from exchange.i18n import N_

notice = group(N_("What a person was told beforehand (covenant article 10.1)."))
exception = group(N_("Why a person is not told, and when that is looked at again."))
decision = group(N_("Decisions of the police to disclose (Wpg 16, 18, 19, 20)."))
training = group(N_("Privacy trainings (covenant article 12.1)."))
activity = group(N_("The processing register (covenant article 13.1)."))

Form = Annotated[
    str | None,
    typer.Option("--form", metavar=N_("FILE"), help=N_("Read the fields from a TOML or JSON file, or - for input.")),
]
Subject = Annotated[UUID | None, typer.Option("--subject", help=N_("The person: an id from exchange subject find."))]
Whom = Annotated[UUID, typer.Argument(metavar=N_("SUBJECT"), help=N_("Id of the register entry."))]
Day = {"metavar": "DATE", "formats": ["%Y-%m-%d"]}
Told = Annotated[
    list[str] | None, typer.Option("--told", metavar=N_("PARTNER"), help=N_("A partner that was named. Repeatable."))
]
Key = Annotated[str | None, typer.Option("--idempotency-key", help=N_("The same key gives the same answer."))]
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
    found = asked(session, found, purpose=N_("Purpose, as it was told"), interest=N_("The person's interest in it"))
    found.setdefault("rights_explained", rights_explained)
    recorded(session, session.door.post("/v1/notices", found, key=key))


command(notice, "add", N_("Record that a person was informed. Refer to it with notice_id when you share."))(_give)


def _notices(session: Session, subject: Whom) -> None:
    answer = session.door.post("/v1/notices/_zoek", {"subject": subject})
    _ = session.gettext
    rows = [
        (n["notice"], n["given_on"] or "-", n["mode"] or "-", ", ".join(n["recipients"]), n["reaction"] or "-")
        for n in answer
    ]
    columns = [_("Id"), _("Day"), _("How"), _("Partners named"), _("Reaction")]
    session.show(answer, lambda: session.table(columns, rows, _("Nothing is on record.")))


command(notice, "list", N_("What a person was told. That you looked is recorded."))(_notices)


# ------------------------------------------------------------------------------------------------ exceptions


def _invoke(
    session: Session,
    form: Form = None,
    subject: Subject = None,
    ground: Annotated[str | None, typer.Option("--ground", help=N_("UAVG_41_1_i, AVG_14_5_b, WPG_27_1_a …"))] = None,
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
    key: Key = None,
) -> None:
    found = fields(form, subject=subject, ground=ground, review_on=review_on, ends_on=ends_on)
    for text in considered or ():
        letter, equals, words = text.partition("=")
        if not equals:
            raise typer.BadParameter(session.gettext("--considered is LETTER=TEXT."))
        found.setdefault("considerations", {})[letter] = words
    found = asked(session, found, motivation=N_("Motivation"))
    recorded(session, session.door.post("/v1/exceptions", found, key=key))


command(exception, "add", N_("Record why a person is not informed. Refer to it with exception_id when you share."))(
    _invoke
)


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


command(exception, "review", N_("Prolong an exception with --until, or end it today."))(_review)


def _exceptions(session: Session, subject: Whom) -> None:
    answer = session.door.post("/v1/exceptions/_zoek", {"subject": subject})
    _ = session.gettext
    rows = [
        (x["exception"], x["ground"], x["review_on"], x["ends_on"] or "-", _("yes") if x["holds"] else _("no"))
        for x in answer
    ]
    columns = [_("Id"), _("Ground"), _("Review"), _("Last day"), _("Holds")]
    session.show(answer, lambda: session.table(columns, rows, _("Nothing is on record.")))


command(exception, "list", N_("Why a person was not told. That you looked is recorded."))(_exceptions)


def _due(session: Session) -> None:
    answer = session.door.get("/v1/exceptions/due")
    _ = session.gettext
    rows = [(x["exception"], x["review_on"], _("late") if x["overdue"] else "-") for x in answer]
    session.show(
        answer, lambda: session.table([_("Id"), _("Review"), _("Late")], rows, _("Nothing waits for a review."))
    )


command(exception, "due", N_("Exceptions that have to be looked at today; not about whom."))(_due)


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
        "Register a decision to disclose police data. Refer to it with wpg_decision_id when you share."
        "\n\nThe form holds reference, ground, goal, decided_on, signed_by, interest, purpose, recipients, categories, fields,"
        " conditions, authority (BURGEMEESTER or OVJ), agreed_on, valid_until and document (its SHA-256)."
    ),
)(_decide)


def _withdraw(
    session: Session,
    decision: Annotated[UUID, typer.Argument(metavar=N_("DECISION"), help=N_("Id of the decision."))],
    reason: Reason = None,
) -> None:
    found = asked(session, fields(None, reason=reason), reason=N_("Reason"))
    session.door.post(f"/v1/wpg-decisions/{decision}/withdraw", found)
    session.done(session.gettext("Withdrawn: nothing more is disclosed under it."))


command(decision, "withdraw", N_("Withdraw a decision: from now on it carries nothing."))(_withdraw)


def _decisions(session: Session) -> None:
    answer = session.door.get("/v1/wpg-decisions")
    _ = session.gettext
    rows = [
        (x["decision"], x["reference"], x["ground"], ", ".join(x["recipients"]), x["valid_until"],
         _("yes") if x["valid"] else _("no"))
        for x in answer
    ]  # fmt: skip
    columns = [_("Id"), _("Reference"), _("Ground"), _("Recipients"), _("Last day"), _("Holds")]
    session.show(answer, lambda: session.table(columns, rows, _("Nothing is on record.")))


command(decision, "list", N_("Every registered decision and whether it holds."))(_decisions)


# ------------------------------------------------------------------------------------------------ trainings, the register


def _trained(
    session: Session,
    followed_on: Annotated[datetime, typer.Option("--on", help=N_("On which day, YYYY-MM-DD."), **Day)],
    actor: Annotated[UUID | None, typer.Option("--actor", help=N_("Who followed it; you, when left out."))] = None,
) -> None:
    session.door.post("/v1/trainings", fields(None, followed_on=followed_on, actor=actor))
    session.done(session.gettext("Recorded."))


command(training, "add", N_("Record that a privacy training was followed."))(_trained)


def _trainings(session: Session) -> None:
    answer = session.door.get("/v1/trainings")
    _ = session.gettext
    rows = [(x["actor"], x["followed_on"], x["until"] or "-", _("yes") if x["lapsed"] else _("no")) for x in answer]
    columns = [_("Actor"), _("Day"), _("Counts until"), _("Lapsed")]
    session.show(answer, lambda: session.table(columns, rows, _("Nothing is on record.")))


command(training, "list", N_("The last training of everybody, and until when it counts."))(_trainings)


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
)(_register)


def _activities(session: Session) -> None:
    answer = session.door.get("/v1/processing-activities")
    _ = session.gettext
    rows = [
        (x["entry"], x["name"], ", ".join(x["purposes"]), ", ".join(x["recipients"]), x["activity"]) for x in answer
    ]
    columns = [_("Id"), _("Name"), _("Purposes"), _("Recipients"), _("Identifier")]
    session.show(answer, lambda: session.table(columns, rows, _("Nothing is on record.")))


command(activity, "list", N_("The processing register as it stands."))(_activities)


def _end(
    session: Session, entry: Annotated[UUID, typer.Argument(metavar=N_("ENTRY"), help=N_("Id of the entry."))]
) -> None:
    session.door.post(f"/v1/processing-activities/{entry}/end")
    session.done(session.gettext("Ended; it stays on record for what was done under it."))


command(activity, "end", N_("The processing stopped."))(_end)
