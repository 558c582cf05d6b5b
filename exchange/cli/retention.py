"""``exchange retention``: how long things are kept, what is due, and letting go."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from exchange.cli.forms import given
from exchange.cli.session import Session, command, group
from exchange.cli.sharing import moment
from exchange.i18n import N_
from exchange.reports import words
from exchange.reports.times import day

retention = group(N_("How long data are kept: rules, what is due, confirm, erase."))


def _rules(session: Session) -> None:
    answer = session.door.get("/v1/retention/rules")
    session.show(answer, lambda: show_rules(session, answer))


def show_rules(session: Session, rules: list[dict[str, Any]]) -> None:
    """Retention rules and whether the controller fixed them."""
    _ = session.gettext
    rows = [
        (
            r["rule"], r["title"], words.trigger(r["trigger"]), words.period(r["period"], _),
            r["legal_source"] + ("" if r["verified"] else _(" (not verified)")),
            _("confirmed {day}").format(day=moment(r["confirmed_at"])[:10]) if r["confirmed_at"] else _("proposed"),
        )
        for r in rules
    ]  # fmt: skip
    columns = [_("Rule"), _("What"), _("Counts from"), _("Term"), _("Source"), _("State")]
    session.table(columns, rows, _("The covenant has no retention rules for this partner."))


command(
    retention,
    "rules",
    N_("Every rule for this partner. A proposed rule destroys nothing."),
    examples=("exchange retention rules",),
)(_rules)


def _confirm(
    session: Session, rule: Annotated[str, typer.Argument(metavar=N_("RULE"), help=N_("Code of the rule."))]
) -> None:
    answer = session.door.post(f"/v1/retention/rules/{rule}/confirm")
    session.show(answer, lambda: show_rules(session, [answer]))


command(
    retention,
    "confirm",
    N_(
        "Fix a proposed rule as the controller. From then on it destroys what is due."
        "\n\nRead it first (retention rules), and see what it would take (retention due)."
    ),
    examples=("exchange retention confirm signaal-niet-opgepakt",),
)(_confirm)


def _due(
    session: Session,
    until: Annotated[
        datetime | None,
        typer.Option(
            "--until", metavar=N_("DATE"), formats=["%Y-%m-%d"], help=N_("What is due up to this day, YYYY-MM-DD.")
        ),
    ] = None,
) -> None:
    _ = session.gettext
    answer = session.door.get("/v1/retention/due", until=until and until.date().isoformat())
    rows = [
        (
            day(datetime.fromisoformat(r["due_on"]).date()), r["items"], r["rule"], r["retention"], words.period(r["period"], _),
            (_("overdue") if r["overdue"] else _("coming")) if r["confirmed"] else _("waits for confirmation"),
        )
        for r in answer
    ]  # fmt: skip
    columns = [_("Due on"), _("Items"), _("Rule"), _("Class"), _("Term"), _("State")]
    session.show(answer, lambda: session.table(columns, rows, _("Nothing is due.")))


command(
    retention,
    "due",
    N_("What goes when, and why."),
    examples=("exchange retention due", "exchange retention due --until 2026-12-31"),
)(_due)


def _enforce(
    session: Session,
    confirm_date: Annotated[
        datetime | None,
        typer.Option(
            "--confirm-date",
            metavar=N_("DATE"),
            formats=["%Y-%m-%d"],
            help=N_("Confirm that today is this day, when the clock cannot be checked and another actor asked."),
        ),
    ] = None,
) -> None:
    _ = session.gettext
    answer = session.door.post("/v1/retention/enforce", given(confirm_date=confirm_date and confirm_date.date()))

    def human() -> None:
        if answer["left"]:
            left = _("Left to another actor, because you confirmed it yourself: {rules}.")
            session.say(left.format(rules=", ".join(answer["left"])), "yellow")
        if not answer["keys"]:
            session.say(_("Nothing was due."))
            return
        text = _(
            "Erased for good: {items} items, {keys} keys destroyed, {epochs} epochs ended; vault generation {generation}."
        )
        session.say(text.format(**{k: answer[k] for k in ("items", "keys", "epochs", "generation")}), "bold")
        if answer["single_handed"]:
            session.say(_("Decided by a single hand; that is shown wherever this erasure is."), "yellow")

    session.show(answer, human)


command(
    retention,
    "enforce",
    N_(
        "Destroy what is due under confirmed rules, and record it. This cannot be undone."
        "\n\nThe node does this by itself every day; this command does it now, but not under a rule you confirmed yourself."
        " When the clock cannot be checked with the partners it stops, until one actor asks and another goes on with"
        " --confirm-date."
    ),
    examples=("exchange retention enforce", "exchange retention enforce --confirm-date 2026-04-14"),
)(_enforce)
