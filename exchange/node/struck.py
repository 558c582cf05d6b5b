"""What the chair struck, recognised when its owner is about to share it all the same (covenant 11.2, R12).

The chair's no is about a datum in a case: whoever it is about, category, field and words. It holds for everything that names the
case or the conference, also in acute danger, which does away with a missing chair and not with one that decided. A new offer of
the same may be released after all. Only the owner can tell: nobody else ever had the content.
"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from exchange.domain import events as e
from exchange.domain.event import Gone
from exchange.node import forms as f
from exchange.node.context import Context
from exchange.node.release import facts_of

Datum = tuple[str, str, str]
"""Category, field and words."""


def struck(ctx: Context, subject: UUID, form: f.ShareForm) -> list[bool]:
    """By item of the form: whether the chair struck it in the case or conference that the form names."""
    if form.case is None and form.conference is None:
        return [False] * len(form.items)
    rows = ctx.ledger.rows(
        "SELECT o.offer AS offer, o.conference AS conference, c.chair AS chair FROM offers o"
        " JOIN conferences c ON c.conference = o.conference"
        " WHERE o.status='struck' AND o.owner=? AND (o.case_id=? OR o.conference=?)",
        ctx.me.slug,
        str(form.case),
        str(form.conference),
    )
    same = {str(person.handle) for person in ctx.people.same(subject)}
    never = {
        datum for row in rows for datum in _offered(ctx, row["chair"], UUID(row["conference"]), row["offer"], same)
    }
    return [_datum(item) in never for item in form.items]


def _offered(ctx: Context, chair: str, conference: UUID, offer: str, about: set[str]) -> Iterator[Datum]:
    """What an offer held about somebody; nothing once that was erased, for then it cannot be sent either."""
    for fact in facts_of(ctx, chair, conference):
        if isinstance(fact, e.ItemOffered) and str(fact.offer) == offer and fact.subject in about:
            content = None if isinstance(fact.content, Gone) else f.ShareForm.model_validate_json(fact.content)
            yield from map(_datum, content.items if content is not None else ())


def _datum(item: f.ItemForm) -> Datum:
    return item.category, item.field, " ".join(item.value.casefold().split())
