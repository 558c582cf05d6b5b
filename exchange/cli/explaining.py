"""What would happen, per recipient, before anything is sent."""

from __future__ import annotations

from typing import Any

import typer

from exchange.cli.session import Session
from exchange.reports.titles import Titles


def explained(session: Session, answers: list[dict[str, Any]], whole: Any = None, *, quiet: bool = False) -> None:
    """What would happen per recipient; exit code 1 when somebody would be refused. ``quiet``: as JSON only a refusal."""
    _ = session.gettext
    outcomes = {
        "allow": (_("allowed"), "bold green"),
        "allow-with-duties": (_("allowed, with duties to make good within 72 hours"), "bold yellow"),
        "refuse": (_("refused"), "bold red"),
    }
    weights = (("refusals", ""), ("duties", _("duty") + " "), ("warnings", _("warning") + " "))

    def human() -> None:
        titles = Titles.of_covenant(session.door.get("/v1/covenant"))
        for answer in answers:
            verdict, style = outcomes[answer["outcome"] if answer["allowed"] else "refuse"]
            session.say(f"{answer['partner']}: {verdict}", style)
            found = [
                f"  {before}{finding['code']}{session.item_place(finding)}: {finding['text']}"
                for weight, before in weights
                for finding in answer[weight]
            ]
            for line in dict.fromkeys(found):  # of name and birth date the same may hold
                session.say(line)
            if answer["identity"]:
                session.say("  " + _goes_along(session, answer, titles))
            for gate in () if quiet else answer["gates"]:
                where = f" ({gate['article']})" if gate["article"] else ""
                session.say(f"  {gate['title']}{where}: {outcomes[gate['outcome']][0]}")

    allowed = all(answer["allowed"] for answer in answers)
    if not (quiet and session.given.json and allowed):
        session.show(whole or answers, human)
    if not allowed:
        raise typer.Exit(1)


def _goes_along(session: Session, answer: dict[str, Any], titles: Titles) -> str:
    """What tells the recipient, once, whom it is about; its content is not shown."""
    by_category: dict[str, list[str]] = {}
    for fact in answer["identity"]:
        name = titles.of_field(fact["category"], fact["field"])
        by_category.setdefault(titles.of(fact["category"]), []).append(name)
    text = session.gettext(
        "Goes along: {fields}. Without it {partner} would not know, or not as long as it keeps this, whom this is about. The same"
        " rules judge it."
    )
    fields = "; ".join(f"{category} ({', '.join(names)})" for category, names in by_category.items())
    return text.format(fields=fields, partner=titles.of_partner(answer["partner"]))
