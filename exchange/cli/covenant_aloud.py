"""A covenant read aloud on the screen: article by article, with what the node does."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from exchange.cli.session import Session


def show_covenant(session: Session, document: dict[str, Any], now: datetime | None = None) -> None:
    """The covenant article by article: its text, what the node does with it, and the tables it obeys."""
    from exchange import ceremony  # noqa: PLC0415 - a command loads only what it needs
    from exchange.domain.covenant import Covenant  # noqa: PLC0415 - a command loads only what it needs
    from exchange.reports.articles import articles  # noqa: PLC0415 - same

    _ = session.gettext
    covenant = Covenant.parse(json.dumps(document))
    session.say(f"{covenant.name} {covenant.version}  [{covenant.environment.value}]", "bold")
    session.say(_("Generation {number}").format(number=covenant.generation), "dim")
    for caution in ceremony.cautions_of(covenant, now):
        session.say(caution.text(_), "yellow")
    for article in articles(covenant, session.language):
        session.say()
        session.say(
            _("Article {number}").format(number=article.number) if article.number else _("Apart from the articles"),
            "bold",
        )
        if article.text:
            session.say(article.text)
        for duty in article.duties:
            session.say(f"→ {duty}", "cyan")
        for table in article.tables:
            session.table(table.columns, table.rows, title=table.title)
