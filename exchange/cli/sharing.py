"""``exchange signal`` and ``exchange disclose``: what to share with whom and why, what the covenant says of it, the receipts."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import typer

from exchange.cli.forms import given, item, read_form, recipient, template
from exchange.cli.session import Option, Session, command
from exchange.errors import ConflictError
from exchange.i18n import N_
from exchange.reports import words
from exchange.reports.times import minute

_POLL_S: Final = 25.0
_PAUSE_S: Final = 0.2
"""Between two polls of a node that answered at once although not everything is final."""
FINAL: Final = frozenset({"receipted", "refused", "voided", "stated"})

Form = Annotated[
    str | None,
    typer.Option("--form", metavar="FILE", help=N_("Read the whole form from a TOML or JSON file, or - for input.")),
]
Subject = Annotated[UUID | None, typer.Option("--subject", help=N_("The person: an id from exchange subject find."))]
To = Annotated[
    list[str] | None,
    typer.Option(
        "--to",
        metavar="PARTNER:BASIS:TASK",
        help=N_(
            "A recipient with his legal basis and task; optionally :SPECIAL-EXCEPTION:CRIMINAL-GROUND. Repeatable."
        ),
    ),
]
Fact = Annotated[
    list[str] | None,
    typer.Option(
        "--item",
        metavar="CATEGORY:FIELD[=TEXT]",
        help=N_("A fact. Without =TEXT you are asked for the text. Repeatable."),
    ),
]
Opinion = Annotated[
    list[str] | None,
    typer.Option("--opinion", metavar="CATEGORY:FIELD[=TEXT]", help=N_("An opinion, kept apart from facts.")),
]
Purpose = Annotated[str | None, typer.Option("--purpose", help=N_("Purpose (covenant article 4.1)."))]
Context = Annotated[str | None, typer.Option("--context", help=N_("Context (covenant article 2.2)."))]
Basis = Annotated[str | None, typer.Option("--basis", help=N_("Your own legal basis, such as A6_1_e."))]
Task = Annotated[str | None, typer.Option("--task", help=N_("Your own statutory task."))]
Case = Annotated[UUID | None, typer.Option("--case", help=N_("The case it belongs to."))]
Necessity = Annotated[str | None, typer.Option("--necessity", help=N_("Why it is needed."))]
Proportionality = Annotated[str | None, typer.Option("--proportionality", help=N_("Why it is in proportion."))]
Subsidiarity = Annotated[str | None, typer.Option("--subsidiarity", help=N_("Why less would not do."))]
ToldOn = Annotated[
    datetime | None,
    typer.Option("--told-on", metavar="DATE", formats=["%Y-%m-%d"], help=N_("When the person was told, YYYY-MM-DD.")),
]
ToldHow = Annotated[str | None, typer.Option("--told-how", help=N_("How: GESPREK, HUISBEZOEK, TELEFOON, BRIEF …"))]
NotTold = Annotated[
    str | None, typer.Option("--not-told", metavar="GROUND", help=N_("Ground not to tell the person beforehand."))
]
ReviewOn = Annotated[
    datetime | None,
    typer.Option("--review-on", metavar="DATE", formats=["%Y-%m-%d"], help=N_("When that ground is looked at again.")),
]
Channel = Annotated[
    str | None,
    typer.Option(
        "--channel",
        help=N_(
            "EXCHANGE (default), or told otherwise: ORAL, PHONE, SECURE_MAIL, PAPER; IMPORTED from an earlier file."
        ),
    ),
]
OccurredOn = Annotated[
    datetime | None,
    typer.Option("--occurred-on", metavar="DATE", formats=["%Y-%m-%d"], help=N_("Told otherwise: on which day.")),
]
Reference = Annotated[
    str | None, typer.Option("--reference", help=N_("The case number in your own system; stays here, sealed."))
]
NumberConfirmed = Annotated[
    bool, typer.Option("--number-confirmed", help=N_("I looked: the number in the text is no citizen service number."))
]
Explain = Annotated[bool, typer.Option("--explain", help=N_("Only say what would happen; nothing is stored or sent."))]
Wait = Annotated[
    float | None,
    typer.Option("--wait", min=0, metavar="SECONDS", help=N_("Wait for every receipt, at most this long.")),
]
Key = Annotated[
    str | None, typer.Option("--idempotency-key", help=N_("The same key gives the same answer, never a second act."))
]
SignalKind = Annotated[
    str | None, typer.Option("--kind", help=N_("What it is about: WOONOVERLAST, VERVUILING, EENZAAMHEID …"))
]
Support = Annotated[
    str | None, typer.Option("--support", help=N_("Why this person could benefit from support (article 1)."))
]
Request = Annotated[str | None, typer.Option("--request", help=N_("What you ask of the recipients."))]
Feedback = Annotated[bool, typer.Option("--feedback", help=N_("You want to hear what came of it."))]
Template = Annotated[bool, typer.Option("--template", help=N_("Print an empty form to fill in."))]


_SHARE: Final[tuple[Option, ...]] = (
    ("form", Form, None),
    ("subject", Subject, None),
    ("to", To, None),
    ("fact", Fact, None),
    ("opinion", Opinion, None),
    ("purpose", Purpose, None),
    ("context", Context, None),
    ("basis", Basis, None),
    ("task", Task, None),
    ("case", Case, None),
    ("necessity", Necessity, None),
    ("proportionality", Proportionality, None),
    ("subsidiarity", Subsidiarity, None),
    ("told_on", ToldOn, None),
    ("told_how", ToldHow, None),
    ("not_told", NotTold, None),
    ("review_on", ReviewOn, None),
    ("channel", Channel, None),
    ("occurred_on", OccurredOn, None),
    ("external_reference", Reference, None),
    ("number_confirmed", NumberConfirmed, False),
    ("explain", Explain, False),
    ("wait", Wait, None),
    ("key", Key, None),
)
_SIGNAL: Final[tuple[Option, ...]] = (
    ("signal_kind", SignalKind, None),
    ("support_rationale", Support, None),
    ("request", Request, None),
    ("feedback_wanted", Feedback, False),
)
_PLAIN: Final = (
    "subject", "purpose", "context", "basis", "task", "case", "channel", "occurred_on", "external_reference",
    "signal_kind", "support_rationale", "request",
)  # fmt: skip


def build(session: Session, kind: str, options: dict[str, Any]) -> dict[str, Any]:
    """The form the node gets: the file or input first, the options over it."""
    form = read_form(options["form"]) if options["form"] else {}
    form["kind"] = kind
    form |= given(**{name: _plain(options.get(name)) for name in _PLAIN})
    recipients = [recipient(session, text) for text in options["to"] or ()]
    items = [item(session, text, "fact") for text in options["fact"] or ()]
    items += [item(session, text, "opinion") for text in options["opinion"] or ()]
    form |= given(recipients=recipients, items=items)
    for section, fields in (
        ("weighing", {name: options[name] for name in ("necessity", "proportionality", "subsidiarity")}),
        ("notice", _notice(options, recipients)),
    ):
        if found := given(**fields):
            form[section] = {**form.get(section, {}), **found}
    for flag in ("number_confirmed", "feedback_wanted"):
        if options.get(flag):
            form[flag] = True
    return form


def _notice(options: dict[str, Any], recipients: list[dict[str, str]]) -> dict[str, Any]:
    """What the person was told: about these recipients, or why not."""
    told = _plain(options["told_on"])
    return {
        "given_on": told,
        "mode": options["told_how"],
        "recipients": [r["partner"] for r in recipients] if told else None,
        "exception": options["not_told"],
        "review_on": _plain(options["review_on"]),
    }


def _plain(value: Any) -> Any:
    return value.date() if isinstance(value, datetime) else value


def share(session: Session, kind: str, options: dict[str, Any]) -> None:
    """Ask what would happen, or do it and wait when asked to."""
    form, door = build(session, kind, options), session.door
    if options["explain"]:
        _explain(session, door.post("/v1/acts/_explain", form))
        return
    answer = door.post("/v1/acts", form, key=options["key"])
    if options["wait"] is not None:
        answer = wait_for(session, answer, options["wait"])
    show_act(session, answer)
    if options["wait"] is not None and any(m["state"] not in {"receipted", "stated"} for m in answer["messages"]):
        raise ConflictError("It is stored, but not every recipient has confirmed it; see: exchange outbox list.")


def _explain(session: Session, answers: list[dict[str, Any]]) -> None:
    """What would happen per recipient; exit code 1 when somebody would be refused."""

    def human() -> None:
        for answer in answers:
            verdict = session.gettext("allowed") if answer["allowed"] else session.gettext("refused")
            session.say(f"{answer['partner']}: {verdict}", "bold green" if answer["allowed"] else "bold red")
            for refusal in answer["refusals"]:
                session.say(f"  {refusal['code']}{session.item_place(refusal)}: {refusal['text']}")

    session.show(answers, human)
    if not all(answer["allowed"] for answer in answers):
        raise typer.Exit(1)


def wait_for(session: Session, answer: dict[str, Any], seconds: float) -> dict[str, Any]:
    """The act when every message is final, or as it is after ``seconds``."""
    end = time.monotonic() + seconds
    while any(message["state"] not in FINAL for message in answer["messages"]):
        left = end - time.monotonic()
        if left <= 0:
            break
        asked = time.monotonic()
        answer = session.door.get(f"/v1/acts/{answer['act']}", waitS=min(left, _POLL_S))
        if time.monotonic() - asked < _PAUSE_S:
            time.sleep(min(_PAUSE_S, left))
    return answer


def show_act(session: Session, answer: dict[str, Any]) -> None:
    """An act and where each of its messages stands."""
    _ = session.gettext
    states = {
        "waiting": _("waiting"),
        "sent": _("sent, no receipt yet"),
        "receipted": _("receipt is in"),
        "refused": _("refused by the recipient"),
        "voided": _("let go"),
        "stated": _("recorded, told outside the exchange"),
    }

    def human() -> None:
        session.say(_("Stored as {act}, log entry {index}.").format(act=answer["act"], index=answer["log_index"]))
        rows = [
            (
                message["partner"],
                states.get(message["state"], message["state"]),
                words.word(message["why"], words.REASONS, _) or "-",
                "; ".join(f"{int(i) + 1}: {', '.join(c)}" for i, c in message["rejected"].items()) or "-",
                moment(message["receipt_at"]),
            )
            for message in answer["messages"]
        ]
        session.table([_("Partner"), _("State"), _("Why"), _("Refused items"), _("Receipt")], rows)

    session.show(answer, human)


def moment(text: str | None) -> str:
    """An instant of the API in Dutch time, for the screen."""
    return minute(datetime.fromisoformat(text)) if text else "-"


def _disclose(session: Session, empty_form: Template = False, **options: Any) -> None:
    if empty_form:
        session.out.out(template(session), highlight=False)
        return
    share(session, "disclosure", options)


def _signal(session: Session, **options: Any) -> None:
    share(session, "signal", options)


def add_to(app: typer.Typer) -> None:
    """Register both commands."""
    command(
        app,
        "disclose",
        N_(
            "Give personal data to one or more partners."
            "\n\nFill in a form (--template prints an empty one) or use options, and ask first with --explain."
            " Exit code 1 when the covenant does not allow it."
        ),
        _SHARE,
    )(_disclose)
    command(
        app,
        "signal",
        N_("Tell partners that somebody could benefit from support.\n\nTakes the same form as disclose, and says why."),
        (*_SHARE, *_SIGNAL),
    )(_signal)
