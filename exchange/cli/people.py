"""``exchange subject``: this node's own register of people."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import typer

from exchange.cli.forms import ask, day_of, given, read_form
from exchange.cli.hints import command_line
from exchange.cli.session import Session, command, group
from exchange.cli.templates import empty
from exchange.i18n import N_

app = group(N_("The register of people: register, find, match what a partner named."))

Given = Annotated[str, typer.Option("--given-names", help=N_("Given names."))]
Prefix = Annotated[str, typer.Option("--prefix", help=N_("Prefix, such as van der."))]
Family = Annotated[str, typer.Option("--family-name", help=N_("Family name."))]
Born = Annotated[
    datetime | None,
    typer.Option("--birth-date", metavar=N_("DATE"), formats=["%Y-%m-%d"], help=N_("Birth date, YYYY-MM-DD.")),
]
Postcode = Annotated[str, typer.Option("--postcode", help=N_("Postcode, such as 7921 AB."))]
House = Annotated[str, typer.Option("--house-number", help=N_("House number with its addition."))]
Form = Annotated[
    str | None,
    typer.Option("--form", metavar=N_("FILE"), help=N_("Read the fields from a TOML or JSON file, or - for input.")),
]
Subject = Annotated[UUID, typer.Argument(metavar=N_("SUBJECT"), help=N_("Id of the register entry."))]

_OTHER = "7c0ab5d2-3c5e-4f0a-9a63-6d1c5b9f2e11"
_OWN = "0b7a9a5e-5d1c-4a55-9c1b-3f5f2f6a9d10"
"""Ids in examples."""

_QUESTIONS = (
    ("given_names", N_("Given names")),
    ("prefix", N_("Prefix, such as van der")),
    ("family_name", N_("Family name")),
    ("birth_date", N_("Birth date, such as 5-11-1964")),
    ("postcode", N_("Postcode")),
    ("house_number", N_("House number")),
)


def identity(session: Session, form: str | None, options: dict[str, Any]) -> dict[str, Any]:
    """Who somebody is: the form, then the options over it; when neither is given, questions.

    What is typed as an option stands in the shell's history; a question or a form leaves no trace.
    """
    fields = (read_form(form) if form else {}) | given(**options)
    if isinstance(fields.get("birth_date"), datetime):
        fields["birth_date"] = fields["birth_date"].date()
    if not fields:
        if sys.stdin.isatty():
            typer.echo(session.gettext("What you do not know, leave empty."), err=True)
        answers = {name: ask(session.gettext(label), optional=True).strip() for name, label in _QUESTIONS}
        born = answers["birth_date"]
        fields = given(**answers | {"birth_date": day_of(born) or born})
    return fields


def show_people(session: Session, found: list[dict[str, Any]], empty: str) -> None:
    """Candidates, the safe contact before anything else a reader would act on."""
    _ = session.gettext
    exact = {"EXACT": _("exact"), "NEAR": _("near: decide yourself")}
    rows = [
        (
            entry["subject"],
            entry["label"] + (_(" (unmatched)") if entry["unmatched"] else ""),
            exact.get(entry["match"], entry["match"]),
            entry["safe_contact"] or "-",
            ", ".join(sorted(entry["references"])) or "-",
        )
        for entry in found
    ]
    session.table([_("Id"), _("Person"), _("Match"), _("Safe contact"), _("Known with")], rows, empty)


def _add(
    session: Session,
    given_names: Given = "",
    prefix: Prefix = "",
    family_name: Family = "",
    birth_date: Born = None,
    postcode: Postcode = "",
    house_number: House = "",
    safe_contact: Annotated[str, typer.Option("--safe-contact", help=N_("How to reach this person safely."))] = "",
    form: Form = None,
    key: Annotated[
        str | None, typer.Option("--idempotency-key", help=N_("The same key gives the same answer."))
    ] = None,
) -> None:
    options = {
        "given_names": given_names, "prefix": prefix, "family_name": family_name, "birth_date": birth_date,
        "postcode": postcode, "house_number": house_number, "safe_contact": safe_contact,
    }  # fmt: skip
    answer = session.door.post("/v1/subjects", identity(session, form, options), key=key)
    session.show(answer, lambda: show_people(session, [answer], ""))


command(
    app,
    "add",
    N_(
        "Register a person. Without options you are asked, so that nothing stays in the shell's history."
        "\n\nGives the id by which signals and disclosures name the person."
    ),
    examples=("exchange subject add", "exchange subject add --form persoon.toml"),
    template=empty("forms", "SubjectForm"),
)(_add)


def _find(
    session: Session,
    given_names: Given = "",
    prefix: Prefix = "",
    family_name: Family = "",
    birth_date: Born = None,
    postcode: Postcode = "",
    house_number: House = "",
    form: Form = None,
) -> None:
    options = {
        "given_names": given_names, "prefix": prefix, "family_name": family_name, "birth_date": birth_date,
        "postcode": postcode, "house_number": house_number,
    }  # fmt: skip
    answer = session.door.post("/v1/subjects/_zoek", identity(session, form, options))
    session.show(answer, lambda: show_people(session, answer, session.gettext("Nobody found.")))


command(
    app,
    "find",
    N_("Find a person by any two of name, birth date and address. That you searched is recorded."),
    examples=("exchange subject find", "exchange subject find --family-name Verzonnen --birth-date 1964-11-05"),
    template=empty("forms", "IdentityForm"),
)(_find)


def _unmatched(session: Session) -> None:
    answer = session.door.get("/v1/subjects/unmatched")
    session.show(answer, lambda: show_people(session, answer, session.gettext("Everybody is matched.")))


command(
    app,
    "unmatched",
    N_("People whom a partner named and nobody here matched yet."),
    examples=("exchange subject unmatched",),
)(_unmatched)


def _match(
    session: Session,
    unmatched: Subject,
    into: Annotated[UUID, typer.Argument(metavar=N_("INTO"), help=N_("Id of the entry that is the same person."))],
) -> None:
    session.door.post(f"/v1/subjects/{unmatched}/match", {"into": into})
    undo = command_line("subject", "split", unmatched, node=session.given.node)
    session.done(session.gettext("Matched. It can be undone with:"), next=undo)


command(
    app,
    "match",
    N_(
        "Decide that an unmatched entry is the same person as another."
        "\n\nThe first id is the entry a partner's message made (subject unmatched), the second your own. It can be undone."
    ),
    examples=(f"exchange subject match {_OTHER} {_OWN}",),
)(_match)


def _split(session: Session, subject: Subject) -> None:
    session.door.post(f"/v1/subjects/{subject}/split")
    session.done(session.gettext("Split: they are two persons again."))


command(
    app,
    "split",
    N_("Undo a match: the two entries are two persons again."),
    examples=(f"exchange subject split {_OTHER}",),
)(_split)
