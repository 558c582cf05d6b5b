"""What whoever reads a covenant should know, although it is no mistake."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from exchange.domain.coherence import Problem, _
from exchange.domain.covenant import Covenant


def cautions(covenant: Covenant, today: date) -> Iterator[Problem]:
    """Article 15.1: the review date has passed. Article 7: a connected partner that nobody can reach about a breach."""
    if covenant.review_due < today:
        sentence = _(
            "The review date has passed: {day} was {count} days ago (R27). Review it, and agree on a new date."
        )
        params = {"day": f"{covenant.review_due:%d-%m-%Y}", "count": str((today - covenant.review_due).days)}
        yield Problem(("review_due",), sentence, params)
    for at, partner in enumerate(covenant.partners):
        if partner.contact is None:
            sentence = _("{name} has no contact: say where its office is reached with questions and about a breach.")
            yield Problem(("partners", at), sentence, {"name": partner.slug})
