"""``exchange triage``: signals of our own and of partners, and what is done with them."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import typer

from exchange.cli.casework import CASE, SUBJECT, Form, Key, Reason
from exchange.cli.forms import ask, given, read_form
from exchange.cli.mail import Why, full_id
from exchange.cli.session import Session, command, group
from exchange.cli.sharing import moment
from exchange.cli.templates import empty
from exchange.i18n import N_
from exchange.reports import words

app = group(
    N_(
        "Signals and what is done with them."
        "\n\nNote what you were told, or take one that a partner sent, and decide: handle it within your own task, open a case,"
        " pass it on, or let it go. Deciding tells nobody anything, but the partners you name in a case that you open."
    )
)
_SIGNAL = "3b5d7f91-2a4c-4e6b-9d8f-1a2b3c4d5e6f"
"""Id in examples."""

UUID_LENGTH = 36
Signal = Annotated[
    UUID, typer.Argument(metavar=N_("SIGNAL"), help=N_("Id of a signal of your own: exchange triage list."))
]


def _list(
    session: Session,
    everything: Annotated[bool, typer.Option("--all", help=N_("Also those that were judged."))] = False,
) -> None:
    _ = session.gettext
    answer = session.door.get("/v1/signals", waiting=str(not everything).lower())
    rows = [
        (
            row["source"][:UUID_LENGTH] if "-" in row["source"] else row["source"][:12],
            words.word(row["origin"], words.ORIGINS, _),
            row["partner"] or "-",
            moment(row["at"]),
            row["outcome"] or _("waits"),
            row["case"] or "-",
        )
        for row in answer
    ]
    columns = [_("Signal"), _("Origin"), _("Partner"), _("At"), _("Outcome"), _("Case")]
    session.show(answer, lambda: session.table(columns, rows, _("No signal waits to be judged.")))


command(
    app,
    "list",
    N_("Signals that wait to be judged."),
    examples=("exchange triage list", "exchange triage list --all --json"),
)(_list)


def _note(
    session: Session,
    form: Form = None,
    kind: Annotated[str | None, typer.Option("--kind", help=N_("What it is about: EENZAAMHEID, VERVUILING …"))] = None,
    reporter_kind: Annotated[
        str | None, typer.Option("--reported-by", help=N_("DERDE, BURGER, PROFESSIONAL or ANONIEM."))
    ] = None,
    subject: Annotated[UUID | None, typer.Option("--subject", help=N_("The person, if it is about one."))] = None,
    key: Key = None,
) -> None:
    fields = (read_form(form) if form else {}) | given(kind=kind, reporter_kind=reporter_kind, subject=subject)
    if "facts" not in fields:
        fields["facts"] = [ask(session.gettext("What was seen or told"))]
    if fields.get("subject") and not fields.get("rationale"):
        fields["rationale"] = ask(session.gettext("Why this person could benefit from support"))
    answer = session.door.post("/v1/signals", fields, key=key)
    session.show(answer, lambda: session.say(session.gettext("Noted as {signal}.").format(signal=answer["source"])))


command(
    app,
    "note",
    N_(
        "Keep a signal of your own. Nobody else hears of it."
        "\n\nThe texts are asked for. A form may also hold opinions and reporter_identity: who reported it is sealed apart and"
        " is in no answer about the person."
    ),
    examples=(
        f"exchange triage note --kind VERVUILING --reported-by BURGER --subject {SUBJECT}",
        "exchange triage note --form signaal.toml",
    ),
    template=empty("casework_forms", "NoteForm"),
)(_note)


def _show(session: Session, signal: Signal, reason: Why = "") -> None:
    answer = session.door.post(f"/v1/signals/{signal}/_read", {"reason": reason})
    session.show(answer, lambda: _show_signal(session, answer))


def _show_signal(session: Session, answer: dict[str, Any]) -> None:
    _ = session.gettext
    erased = f"({_('erased')})"
    session.facts(
        [
            (_("Signal"), answer["signal"]),
            (_("At"), moment(answer["at"])),
            (_("Kind"), answer["kind"] or erased),
            (_("Reported by"), answer["reporter_kind"] or erased),
            (_("Person"), answer["subject_label"]),
            (_("Support"), answer["rationale"]),
            (_("Facts"), "; ".join(answer["facts"])),
            (_("Opinions"), "; ".join(answer["opinions"])),
            (_("Outcome"), answer["outcome"] or _("waits")),
            (_("Case"), answer["case"]),
        ]
    )


command(
    app,
    "show",
    N_("Read a signal of your own. That you read it is recorded."),
    examples=(f"exchange triage show {_SIGNAL}",),
)(_show)


def _reporter(session: Session, signal: Signal) -> None:
    answer = session.door.post(f"/v1/signals/{signal}/_reporter")
    known = answer["identity"] or session.gettext("Not noted, or erased.")
    session.show(answer, lambda: session.say(known))


command(
    app,
    "reporter",
    N_("Say who reported a signal of your own. That you asked is recorded."),
    examples=(f"exchange triage reporter {_SIGNAL}",),
)(_reporter)


def _decide(
    session: Session,
    source: Annotated[
        str,
        typer.Argument(metavar=N_("SIGNAL"), help=N_("Id of your own signal, or the first characters of a message.")),
    ],
    outcome: Annotated[
        str,
        typer.Option(
            "--outcome", help=N_("EIGEN_TAAK, CASUS, SAMENGEVOEGD, DOORVERWEZEN, ONVOLDOENDE_INFO or NIET_OPGEPAKT.")
        ),
    ],
    reason: Reason = None,
    case: Annotated[UUID | None, typer.Option("--case", help=N_("With CASUS: the case that it joins."))] = None,
    merged_with: Annotated[
        str | None, typer.Option("--merged-with", metavar=N_("SIGNAL"), help=N_("With SAMENGEVOEGD: the other signal."))
    ] = None,
    opens: Annotated[
        str | None,
        typer.Option(
            "--open",
            metavar=N_("FILE"),
            help=N_("With CASUS: the case that it opens, as a TOML or JSON file; the fields are those of case open."),
        ),
    ] = None,
) -> None:
    form: dict[str, Any] = {"source": _source(session, source), "outcome": outcome}
    form["reason"] = reason or ask(session.gettext("Why"))
    form |= given(case=case, opens=read_form(opens) if opens else None)
    if merged_with:
        form["merged_with"] = _source(session, merged_with)
    answer = session.door.post("/v1/triage", form)
    sentence = session.gettext("Recorded: {outcome}.").format(outcome=answer["outcome"])
    sentence += f" {session.gettext('Case {case}.').format(case=answer['case'])}" if answer["case"] else ""
    session.show(answer, lambda: session.say(sentence))


command(
    app,
    "decide",
    N_(
        "Judge a signal: what is done with it, and why. A person does that, never a system."
        "\n\nA signal that is not taken up keeps the short term of a signal; one that is, is kept as what it is about."
    ),
    examples=(
        f"exchange triage decide {_SIGNAL} --outcome EIGEN_TAAK",
        f"exchange triage decide 3f9a01 --outcome CASUS --case {CASE}",
        "exchange triage decide 3f9a01 --outcome CASUS --open casus.toml",
        f"exchange triage decide 3f9a01 --outcome SAMENGEVOEGD --merged-with {_SIGNAL}",
    ),
    template=empty("casework_forms", "CaseForm"),
)(_decide)


def _source(session: Session, text: str) -> str:
    """A signal's own id as it is; else the message that begins so."""
    return text if "-" in text else full_id(session, "inbox", text)
