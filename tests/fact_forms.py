"""Forms and actors for every test about what has to be on record before sharing. All persons are invented."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from world import World

from exchange.node import facts_forms as ff
from exchange.node import forms as f
from exchange.node.service import Actor, Refused


def somebody(*roles: str, kind: str = "person") -> Actor:
    return Actor(uuid4(), kind, frozenset(roles))


WORKER = somebody("worker")
OFFICER = somebody("privacy-officer")


def told(subject: UUID, *recipients: str, on: str = "2026-03-02", **more: Any) -> ff.SubjectNoticeForm:
    return ff.SubjectNoticeForm.model_validate(
        {
            "subject": subject, "given_by": "Wim Wijkbeheerder", "given_on": on, "mode": "HUISBEZOEK",
            "purpose": "Hulp bij het opruimen.", "recipients": list(recipients), "interest": "Hij kan er blijven wonen.",
            "rights_explained": True, **more,
        }
    )  # fmt: skip


def excused(subject: UUID, review_on: str = "2026-03-16", **more: Any) -> ff.ExceptionForm:
    return ff.ExceptionForm.model_validate(
        {
            "subject": subject, "ground": "UAVG_41_1_i", "considerations": {"a": "Haar veiligheid."},
            "motivation": "Wie het hoort kan haar iets aandoen.", "recipients": ["gemeente"],
            "review_on": review_on, **more,
        }
    )  # fmt: skip


async def codes(world: World, slug: str, form: f.ShareForm, actor: Actor | None = None) -> list[str]:
    """The codes with which a node refuses; none when it sends."""
    try:
        await world.nodes[slug].share(actor or world.actor(slug), form, None)
    except Refused as refused:
        return sorted({r.code for r in refused.refusals})
    return []


def told_short() -> dict[str, Any]:
    return {"given_on": "2026-03-02", "mode": "GESPREK", "recipients": ["gemeente"]}
