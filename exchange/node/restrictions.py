"""Whether what somebody is about to share may only be stored (GDPR 18(2), R18): asked for every item of a form.

Everything about a person after an objection; else what a partner gave and recalled or restricted, recognised by person, category,
field and where it came from, also when it is typed anew with that origin.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from exchange.node import forms as f
from exchange.node.context import Context
from exchange.node.exchanged import Exchanged


def only_stored(ctx: Context, subject: UUID, items: Sequence[f.ItemForm]) -> list[bool]:
    """By item of the form."""
    if everything(ctx, subject):
        return [True] * len(items)
    if not ctx.facts.restricts_items:
        return [False] * len(items)
    kept = _received(ctx, subject)
    return [bool(_origins(item, ctx.me.slug) & kept.get((item.category, item.field), set())) for item in items]


def everything(ctx: Context, subject: UUID) -> bool:
    """Whether all about this person may only be stored."""
    return ctx.facts.restricts(person.handle for person in ctx.people.same(subject))


def _origins(item: f.ItemForm, me: str) -> set[str]:
    return {item.origin_partner or me}


def _received(ctx: Context, subject: UUID) -> dict[tuple[str, str], set[str]]:
    """Category and field -> origins of what partners gave about this person and is restricted."""
    exchanged, kept = Exchanged(ctx), dict[tuple[str, str], set[str]]()
    for row in exchanged.about(subject):
        restricted = ctx.ledger.count("restrictions WHERE item=? AND lifted_at IS NULL", row["item"])
        known = exchanged.sealed(row) if restricted and row["direction"] == "received" else None
        if known is None:
            continue
        text = exchanged.plain(row)
        for field in known.field.split("+"):
            origins = kept.setdefault((row["category"], field), set())
            origins.update({row["partner"], *([text.origin_partner] if text is not None else [])})
    return kept
