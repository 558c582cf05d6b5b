"""Drafts and proposals in the tests: a form on a profile, and a case system. All persons are invented."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from memory_world import MemoryWorld

from exchange.node import forms as f
from exchange.node.service import Actor

PAIR = ("actium", "welzijn")
CANARY = "De woning staat vol kanaries."
FULL = {"category": "HUISVESTING", "field": "staat-woning", "value": CANARY}
TOLD = {"given_on": "2026-03-02", "mode": "HUISBEZOEK", "recipients": ["welzijn"]}
ZAAK = "https://zaken.example.org/zaken/api/v1/zaken/5f0c1d4e-1111-4222-8333-444455556666"


def form(subject: UUID | None = None, **more: Any) -> f.OpenForm:
    given = {"subject": subject, "recipients": [{"partner": "welzijn"}], "items": [FULL], "notice": TOLD}
    return f.OpenForm.model_validate({"profile": "WOONSITUATIE_HULP", **given, **more})


async def system(world: MemoryWorld, uid: int = 5005) -> Actor:
    """A case system of the organisation."""
    node = world.nodes["actium"]
    made = await node.register_actor(
        world.actor("actium"), f.ActorForm(kind="system", name="Zaaksysteem", roles=["integration"], uid=uid), None
    )
    return next(a for a in node.actors_of_uid(uid) if a.id == made.actor)
