"""``exchange signal`` and ``exchange disclose``: what to share with whom and why, what the covenant says of it, the receipts."""

from __future__ import annotations

import time
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

import typer

from exchange.cli import suggestions
from exchange.cli.explaining import explained
from exchange.cli.forms import given, item, read_form, recipient, template
from exchange.cli.hints import command_line
from exchange.cli.informed import named_to_get_it, of_whom_told
from exchange.cli.questions import Questions
from exchange.cli.session import Option, Session, command
from exchange.cli.settling import settled
from exchange.errors import ConflictError
from exchange.i18n import N_
from exchange.reports import words
from exchange.reports.times import minute

_POLL_S: Final = 25.0
_PAUSE_S: Final = 0.2
"""Between two polls of a node that answered at once although not everything is final."""
FINAL: Final = frozenset({"receipted", "refused", "voided", "stated"})

_WHOM, _WHAT, _WHY = N_("About whom, and to whom"), N_("What"), N_("What for, and on which ground")
_TOLD = N_("What the person was told")
_SEND, _SIGN = N_("Sending"), N_("Of a signal")
"""Headings in the help."""


def _under(panel: str, flag: str, text: str, **more: Any) -> Any:
    """An option under a heading of the help."""
    return typer.Option(flag, rich_help_panel=panel, help=text, **more)


def _on(panel: str, flag: str, text: str) -> Any:
    """An option that takes a day."""
    return _under(panel, flag, text, metavar=N_("DATE"), formats=["%Y-%m-%d"])


Text = str | None
Day = datetime | None
Form = Annotated[
    Text,
    typer.Option(
        "--form", metavar=N_("FILE"), help=N_("Read the whole form from a TOML or JSON file, or - for input.")
    ),
]

Subject = Annotated[UUID | None, _under(_WHOM, "--subject", N_("The person: an id from subject find."))]
To = Annotated[
    list[str] | None,
    _under(
        _WHOM,
        "--to",
        N_(
            "A recipient with his legal basis and task; then, where needed, :EXCEPTION for a special category and :GROUND for"
            " criminal data. Repeatable."
        ),
        metavar=N_("PARTNER:BASIS:TASK"),
    ),
]
Profile = Annotated[
    Text, _under(_WHOM, "--profile", N_("A standard exchange of the covenant; you are asked only what it cannot know."))
]
Suggest = Annotated[
    bool, _under(_WHOM, "--suggest", N_("Only say what may go to whom, and on which grounds; nothing is sent."))
]
Case = Annotated[UUID | None, _under(_WHOM, "--case", N_("The case it belongs to."))]
Reference = Annotated[Text, _under(_WHOM, "--reference", N_("The case number in your own system; stays here, sealed."))]

Fact = Annotated[
    list[str] | None,
    _under(
        _WHAT,
        "--item",
        N_("A fact. Without =TEXT you are asked for the text. Repeatable."),
        metavar=N_("CATEGORY:FIELD[=TEXT]"),
    ),
]
Opinion = Annotated[
    list[str] | None,
    _under(
        _WHAT, "--opinion", N_("An opinion, kept apart from facts. Repeatable."), metavar=N_("CATEGORY:FIELD[=TEXT]")
    ),
]
NumberConfirmed = Annotated[
    bool, _under(_WHAT, "--number-confirmed", N_("I looked: the number in the text is no citizen service number."))
]

Purpose = Annotated[Text, _under(_WHY, "--purpose", N_("Purpose of the covenant, such as P0_ONDERSTEUNING."))]
Context = Annotated[Text, _under(_WHY, "--context", N_("Context of the covenant, such as CASUS."))]
Basis = Annotated[
    Text, _under(_WHY, "--basis", N_("Your own legal basis: A6_1_a to A6_1_f (GDPR article 6(1)(a) to (f))."))
]
Task = Annotated[Text, _under(_WHY, "--task", N_("Your own statutory task, such as leefbaarheid."))]
Necessity = Annotated[Text, _under(_WHY, "--necessity", N_("Why it is needed."))]
Proportionality = Annotated[Text, _under(_WHY, "--proportionality", N_("Why it is in proportion."))]
Subsidiarity = Annotated[Text, _under(_WHY, "--subsidiarity", N_("Why less would not do."))]

ToldOn = Annotated[
    Day, _on(_TOLD, "--told-on", N_("When the person was told that it goes to these recipients, YYYY-MM-DD."))
]
ToldHow = Annotated[Text, _under(_TOLD, "--told-how", N_("How: GESPREK, HUISBEZOEK, TELEFOON, BRIEF …"))]
NoticeId = Annotated[UUID | None, _under(_TOLD, "--notice", N_("A notice on record: exchange notice list SUBJECT"))]
ExceptionId = Annotated[
    UUID | None, _under(_TOLD, "--exception", N_("An exception on record: exchange exception list SUBJECT"))
]
DecisionId = Annotated[
    UUID | None, _under(_WHY, "--wpg-decision", N_("Police data: the registered decision: exchange decision list."))
]
Danger = Annotated[
    Text,
    _under(
        _WHY,
        "--danger",
        N_("Acute danger: what threatens. What is missing is then owed within 72 hours and does not stop it."),
        metavar=N_("TEXT"),
    ),
]
InterestOf = Annotated[Text, _under(_WHY, "--interest-of", N_("Acute danger: whose vital interest, SUBJECT or OTHER."))]
DecidedBy = Annotated[
    UUID | None,
    _under(_SEND, "--decided-by", N_("When a system sends: the person who decided."), metavar="ACTOR"),
]

Channel = Annotated[
    Text,
    _under(_SEND, "--channel", N_("EXCHANGE (default), or told otherwise: ORAL, PHONE, SECURE_MAIL, PAPER.")),
]
OccurredOn = Annotated[Day, _on(_SEND, "--occurred-on", N_("Told otherwise: on which day, YYYY-MM-DD."))]
Explain = Annotated[
    bool, _under(_SEND, "--explain", N_("Only say what would happen; nothing is sent. That you asked is recorded."))
]
Wait = Annotated[
    float | None,
    _under(_SEND, "--wait", N_("Wait for every receipt, at most this long."), min=0, metavar=N_("SECONDS")),
]
Key = Annotated[Text, _under(_SEND, "--idempotency-key", N_("The same key gives the same answer, never a second act."))]

SignalKind = Annotated[Text, _under(_SIGN, "--kind", N_("What it is about: WOONOVERLAST, VERVUILING, EENZAAMHEID …"))]
Support = Annotated[Text, _under(_SIGN, "--support", N_("Why this person could benefit from support."))]
Request = Annotated[Text, _under(_SIGN, "--request", N_("What you ask of the recipients."))]
Feedback = Annotated[bool, _under(_SIGN, "--feedback", N_("You want to hear what came of it."))]


_SHARE: Final[tuple[Option, ...]] = (
    ("form", Form, None),
    ("profile", Profile, None),
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
    ("notice_id", NoticeId, None),
    ("exception_id", ExceptionId, None),
    ("wpg_decision_id", DecisionId, None),
    ("danger", Danger, None),
    ("interest_of", InterestOf, None),
    ("decided_by", DecidedBy, None),
    ("channel", Channel, None),
    ("occurred_on", OccurredOn, None),
    ("external_reference", Reference, None),
    ("number_confirmed", NumberConfirmed, False),
    ("explain", Explain, False),
    ("suggest", Suggest, False),
    ("wait", Wait, None),
    ("key", Key, None),
)
_SIGNAL: Final[tuple[Option, ...]] = (
    ("signal_kind", SignalKind, None),
    ("support_rationale", Support, None),
    ("request", Request, None),
    ("feedback_wanted", Feedback, False),
)
FILLED: Final = tuple(o for o in (*_SHARE, *_SIGNAL) if o[0] not in {"explain", "suggest", "wait"})
"""Options that fill in a form."""
_PLAIN: Final = (
    "profile", "subject", "purpose", "context", "basis", "task", "case", "channel", "occurred_on", "external_reference",
    "signal_kind", "support_rationale", "request", "notice_id", "exception_id", "wpg_decision_id", "decided_by",
)  # fmt: skip


def build(
    session: Session, kind: str | None, options: dict[str, Any], before: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The form the node gets: what there was before, then the file or input, the options over it."""
    form = (before or {}) | (read_form(options["form"]) if options["form"] else {})
    form |= given(kind=kind)
    form |= given(**{name: _plain(options.get(name)) for name in _PLAIN})
    recipients = [recipient(session, text, bare="profile" in form) for text in options["to"] or ()]
    items = [item(session, text, "fact") for text in options["fact"] or ()]
    items += [item(session, text, "opinion") for text in options["opinion"] or ()]
    form |= given(recipients=recipients, items=items)
    for section, fields in (
        ("weighing", {name: options[name] for name in ("necessity", "proportionality", "subsidiarity")}),
        ("notice", _notice(options, form)),
        ("emergency", {name: options[name] for name in ("danger", "interest_of")}),
    ):
        if found := given(**fields):
            form[section] = {**form.get(section, {}), **found}
    for flag in ("number_confirmed", "feedback_wanted"):
        if options.get(flag):
            form[flag] = True
    return form


def _notice(options: dict[str, Any], form: dict[str, Any]) -> dict[str, Any]:
    """What the person was told: ``--told-on`` says that it was about the recipients of this form."""
    told = _plain(options["told_on"])
    return {
        "given_on": told,
        "mode": options["told_how"],
        "recipients": named_to_get_it(form) if told else None,
    }


def _plain(value: Any) -> Any:
    return value.date() if isinstance(value, datetime) else value


def share(session: Session, kind: str, options: dict[str, Any]) -> None:
    """Ask what would happen, or do it and wait when asked to."""
    if options["suggest"]:
        suggestions.show(session, kind, options["subject"], options["purpose"])
        return
    form, door = build(session, kind, options), session.door
    questions = Questions(session, form, told=options["told_on"] is not None) if "profile" in form else None
    form = questions.fill() if questions else form
    of_whom_told(session, form)
    if options["explain"]:
        explained(session, door.post("/v1/acts/_explain", form))
        return
    if questions and questions.asked:
        form = settled(session, questions)
        if not questions.confirmed():
            session.done(session.gettext("Nothing was sent, and nothing is kept."))
            return
    shown(session, door.post("/v1/acts", form, key=options["key"]), options["wait"])


def shown(session: Session, answer: dict[str, Any], wait: float | None) -> None:
    """An act, after waiting for its receipts when asked to."""
    if wait is not None:
        answer = wait_for(session, answer, wait)
    show_act(session, answer)
    if wait is not None and any(m["state"] not in {"receipted", "stated"} for m in answer["messages"]):
        raise ConflictError(
            "It is stored, but not every recipient has confirmed it. See: {command}",
            command=command_line("outbox", "list", node=session.given.node),
        )


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


def _disclose(session: Session, **options: Any) -> None:
    share(session, "disclosure", options)


def _signal(session: Session, **options: Any) -> None:
    share(session, "signal", options)


_PERSON: Final = "0b7a9a5e-5d1c-4a55-9c1b-3f5f2f6a9d10"


def add_to(app: typer.Typer, panel: str) -> None:
    """Register both commands."""
    command(
        app,
        "signal",
        N_(
            "Tell partners that somebody could benefit from support."
            "\n\nSay why (--support), to whom, on which ground, and give the facts. Codes stand in the covenant"
            " (covenant show), the person's id in the register (subject find). Ask first with --explain."
        ),
        (*_SHARE, *_SIGNAL),
        examples=(
            "exchange signal --profile EENZAAMHEID_SIGNAAL",
            "exchange signal --suggest",
            "exchange signal --template > signaal.toml",
            f"exchange signal --subject {_PERSON} \\",
            "  --to welzijn:A6_1_f:maatschappelijk-werk --purpose P0_ONDERSTEUNING \\",
            "  --context SIGNALERING --basis A6_1_f --task leefbaarheid \\",
            "  --kind WOONOVERLAST --support 'Zij vraagt zelf om hulp.' \\",
            "  --item OVERLAST:aantal-meldingen='Drie meldingen' --explain",
        ),
        panel=panel,
        template=partial(template, kind="signal"),
    )(_signal)
    command(
        app,
        "disclose",
        N_(
            "Give personal data to one or more partners."
            "\n\nOn a profile of the covenant (--profile) you are asked at most six things. Otherwise fill in a form (--template"
            " prints an empty one) or use options; --suggest says what may go to whom. Ask first with --explain. Codes stand in"
            " the covenant (covenant show). Exit code 1 when the covenant does not allow it."
        ),
        _SHARE,
        examples=(
            "exchange disclose --profile WOONSITUATIE_HULP --wait 15",
            "exchange disclose --suggest",
            "exchange disclose --template > verstrekking.toml",
            "exchange disclose --form verstrekking.toml --explain",
            "exchange disclose --form verstrekking.toml --wait 15",
        ),
        panel=panel,
        template=template,
    )(_disclose)
