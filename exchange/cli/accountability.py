"""``exchange who-knows`` and ``exchange log``: giving account."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from exchange.cli.forms import given
from exchange.cli.mail import Why
from exchange.cli.people import Born, Family, Form, Given, House, Postcode, Prefix, identity
from exchange.cli.session import Session, command
from exchange.cli.session import group as command_group
from exchange.cli.sharing import moment
from exchange.cli.templates import empty
from exchange.errors import Detail, InputError, IntegrityError
from exchange.i18n import N_
from exchange.reports import words
from exchange.reports.times import minute
from exchange.reports.titles import Titles

log = command_group(N_("The audit trail: list, show, verify, replay."))

Subject = Annotated[UUID | None, typer.Option("--subject", help=N_("Id of a register entry."))]
Case = Annotated[UUID | None, typer.Option("--case", help=N_("Id of a case."))]


# ---------------------------------------------------------------------------------------- who knows what


def _who_knows(
    session: Session,
    subject: Subject = None,
    reference: Annotated[
        str | None, typer.Option("--reference", help=N_("The reference agreed with a partner."))
    ] = None,
    case: Case = None,
    given_names: Given = "",
    prefix: Prefix = "",
    family_name: Family = "",
    birth_date: Born = None,
    postcode: Postcode = "",
    house_number: House = "",
    form: Form = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            "--as-of",
            metavar=N_("DATE"),
            formats=["%Y-%m-%d"],
            help=N_("As it was at the end of this day, YYYY-MM-DD."),
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar=N_("FILE"), help=N_("Write a page to print. That you did is recorded.")),
    ] = None,
    reason: Why = "",
) -> None:
    query: dict[str, Any] = given(subject=subject, reference=reference, case=case, as_of=as_of and as_of.date())
    query |= given(reason=reason)
    if not {"subject", "reference", "case"} & set(query):
        options = {
            "given_names": given_names, "prefix": prefix, "family_name": family_name, "birth_date": birth_date,
            "postcode": postcode, "house_number": house_number,
        }  # fmt: skip
        query["identity"] = identity(session, form, options)
    if html is not None:
        write_page(html, session.door.page("/v1/who-knows", query))
        session.done(session.gettext("Written to {file}.").format(file=html), file=str(html))
        return
    answer = session.door.post("/v1/who-knows", query)
    session.show(answer, lambda: show_known(session, answer))


def write_page(path: Path, page: str) -> None:
    """Write personal data to a new file that only its owner can read.

    Raises:
        InputError: It exists or cannot be written.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise InputError("The file {name} exists already; nothing was overwritten.", name=path.name) from None
    except OSError:
        raise InputError("The file {name} cannot be written.", name=path.name) from None
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(page)


def show_known(session: Session, given_answer: dict[str, Any]) -> None:
    """The answer as tables, one per partner."""
    from exchange.node.forms import WhoKnows  # noqa: PLC0415 - a command loads only what it needs
    from exchange.reports.who_knows import grounds, groups, summary  # noqa: PLC0415 - same

    answer = WhoKnows.model_validate(given_answer)
    _ = session.gettext
    titles = Titles.of_covenant(session.door.get("/v1/covenant"))
    environment = "" if answer.environment == "PRODUCTION" else f"  [{answer.environment}]"
    session.say(_("Who knows what") + (f": {answer.label}" if answer.label else "") + environment, "bold")
    session.facts([(_("Seen from"), answer.partner_name), (_("State of"), minute(answer.as_of))])
    for line in summary(answer, session.language):
        session.say(f" {line}")
    columns = [_("What"), _("When and how"), _("What for and on which ground"), _("Proof"), _("Kept until")]
    found = groups(answer, session.language, titles)
    bases = grounds(found)
    for group in found:
        for caption, items in (
            (_("Given by us to {partner}"), group.sent),
            (_("Received by us from {partner}"), group.received),
        ):
            rows = [
                (
                    f"{item.what}: {item.field}" if item.field else item.what,
                    f"{item.when} {item.channel}",
                    f"{item.why} ({bases.index(item.basis) + 1})" if item.basis else item.why,
                    item.proof,
                    "; ".join([item.state_text or item.keep, *item.notes]),
                )
                for item in items
            ]
            if rows:
                session.table(columns, rows, title=caption.format(partner=group.name))
    for number, basis in enumerate(bases, 1):
        session.say(f" ({number}) " + "; ".join(basis))


def add_to(app: typer.Typer, panel: str) -> None:
    """Register ``who-knows``."""
    text = N_(
        "Who knows what about a person, since when, why and until when.\n\nName the person by id, reference or case; or else"
        " by any two of name, birth date and address, which are asked for when not given. That you looked is recorded."
    )
    command(
        app,
        "who-knows",
        text,
        examples=(
            "exchange who-knows",
            "exchange who-knows --subject 0b7a9a5e-5d1c-4a55-9c1b-3f5f2f6a9d10 --as-of 2026-03-31",
            "exchange who-knows --subject 0b7a9a5e-5d1c-4a55-9c1b-3f5f2f6a9d10 --html wie-weet-wat.html",
        ),
        panel=panel,
        template=empty("forms", "IdentityForm"),
    )(_who_knows)


# ---------------------------------------------------------------------------------------- the log


def _log_list(
    session: Session,
    start: Annotated[
        int | None, typer.Option("--start", min=0, help=N_("First entry; without it the newest are shown."))
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help=N_("How many entries."))] = 25,
) -> None:
    _, door = session.gettext, session.door
    first = start if start is not None else max(0, door.get("/v1/status")["log_size"] - limit)
    answer = door.get("/v1/log", start=first, limit=limit)
    rows = [(r["index"], moment(r["at"]), words.step(r["topic"], _), r["stream"], r["leaf"][:16]) for r in answer]
    columns = [_("Entry"), _("At"), _("What"), _("Stream"), _("Leaf")]
    session.show(answer, lambda: session.table(columns, rows, _("There are no entries there.")))


command(
    log,
    "list",
    N_("The public part of log entries; no key is needed for it."),
    examples=("exchange log list", "exchange log list --start 0 --limit 100"),
)(_log_list)


def _log_show(
    session: Session, index: Annotated[int, typer.Argument(min=0, metavar=N_("ENTRY"), help=N_("Entry number."))]
) -> None:
    _ = session.gettext
    answer = session.door.get(f"/v1/log/{index}")
    head = [
        (_("Entry"), answer["index"]),
        (_("At"), moment(answer["at"])),
        (_("What"), f"{words.step(answer['topic'], _)} ({answer['topic']})"),
        (_("Stream"), f"{answer['stream']} ({answer['version']})"),
        (_("Leaf"), answer["leaf"]),
    ]
    session.show(answer, lambda: session.facts([*head, *((str(k), str(v)) for k, v in answer["public"].items())]))


command(
    log, "show", N_("The public part of one log entry, with its codes and hashes."), examples=("exchange log show 12",)
)(_log_show)


def followed(session: Session, path: str, label: str) -> dict[str, Any]:
    """The answer of a long reading of the log, with its progress on standard error.

    Raises:
        IntegrityError: The stream ended without an answer.
    """
    total = session.door.get("/v1/status")["log_size"]
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=session.err, transient=True, disable=not session.err.is_terminal) as progress:
        task = progress.add_task(label, total=total)
        for line in session.door.stream(path):
            if "answer" in line:
                answer: dict[str, Any] = line["answer"]
                return answer
            progress.update(task, completed=line["progress"]["entries"])
    raise IntegrityError("The node broke off before the end of its log; look at its operational log.")


def _verify(
    session: Session,
    offline: Annotated[
        Path | None,
        typer.Option(
            "--offline", metavar=N_("DIR"), help=N_("Read the log in this directory without a node and without keys.")
        ),
    ] = None,
) -> None:
    _ = session.gettext
    answer = followed(session, "/v1/log/_verify", _("Verifying")) if offline is None else _offline(offline)

    def human() -> None:
        if answer["ok"]:
            session.say(_("The log is whole: {entries} entries.").format(entries=answer["entries"]), "bold green")
        session.facts(
            [
                (_("Root"), answer["root"]), (_("Signatures checked"), answer["signatures"]),
                (_("Parts checked"), answer["parts"]), (_("Parts erased"), answer["erased"]),
                (_("Checkpoints checked"), answer["checkpoints"]),
            ]
        )  # fmt: skip

    session.show(answer, human)
    if not answer["ok"] and not session.given.json:
        problem = Detail("log", "damaged", answer["problem_template"], answer["problem_values"])
        if answer["first_bad"] is None:
            raise IntegrityError(
                "Every entry of the log is whole, and yet something is wrong: {problem}", problem=problem
            )
        raise IntegrityError(
            "The log is damaged; the first bad entry is {index}: {problem}", index=answer["first_bad"], problem=problem
        )
    if not answer["ok"]:
        raise typer.Exit(1)


def _offline(directory: Path) -> dict[str, Any]:
    """An auditor's own reading of a stopped node's log, or of a copy of it."""
    from exchange import app as composition  # noqa: PLC0415 - a command loads only what it needs

    *_, answer = composition.verify_offline(directory)
    if isinstance(answer, int):
        raise IntegrityError("The log could not be read to its end.")
    return answer.model_dump(mode="json")


command(
    log,
    "verify",
    N_(
        "Re-read every entry, leaf, signature and sealed part; names the first bad entry."
        "\n\nAsks the running node; with --offline it reads a stopped node's log, or a copy of log.db, without any key."
    ),
    examples=("exchange log verify", "exchange log verify --offline /media/audit/actium"),
)(_verify)


def _replay(
    session: Session,
    case: Case = None,
    subject: Subject = None,
    partner: Annotated[str | None, typer.Option("--partner", help=N_("Short name of a partner."))] = None,
) -> None:
    _ = session.gettext
    about = given(case=case, subject=subject, partner=partner)
    if len(about) > 1:
        raise typer.BadParameter(_("Give one of --case, --subject and --partner."))
    answer = followed(session, "/v1/log/_replay", _("Replaying"))
    lines = _story(session, about) if about and not session.given.json else iter(())
    if session.given.json:
        answer |= {"story": [line["answer"] for line in session.door.stream("/v1/log/_story", about)]} if about else {}
    session.show(answer, _replay_text(session, answer, lines))
    if not answer["ok"]:
        raise typer.Exit(1)


def _replay_text(session: Session, answer: dict[str, Any], story: Iterator[str]) -> Callable[[], None]:
    def human() -> None:
        _ = session.gettext
        # One line at a time: a long story needs no memory.
        for line in story:
            session.say(line)
        seconds, entries = answer["seconds"], answer["entries"]
        rate = round(entries / seconds) if seconds else entries
        if answer["ok"]:
            text = _("Every view follows from the log alone: {entries} entries in {seconds:.1f} s, {rate} a second.")
            session.say(text.format(entries=entries, seconds=seconds, rate=rate), "bold green")
            return
        session.say(_("The views differ from what the log says:"), "bold red")
        for difference in answer["differences"]:
            session.say(f"  {difference}")

    return human


def _story(session: Session, about: dict[str, Any]) -> Iterator[str]:
    from exchange.reports.story import sentence  # noqa: PLC0415 - a command loads only what it needs

    titles = Titles.of_covenant(session.door.get("/v1/covenant"))
    for line in session.door.stream("/v1/log/_story", about):
        step = line["answer"]
        said = sentence(step["topic"], step["details"], titles, session.language)
        yield f"{step['index']:>7}  {moment(step['at'])}  {said}"


command(
    log,
    "replay",
    N_(
        "Rebuild every view from the log alone, and compare."
        "\n\nWith --case, --subject or --partner: tell the story in order."
    ),
    examples=("exchange log replay", "exchange log replay --partner welzijn"),
)(_replay)
