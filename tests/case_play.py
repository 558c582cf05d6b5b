"""Playing casework through real nodes, for every test about cases. All persons are invented."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from memory_world import MemoryWorld

from exchange.errors import NotAllowedError
from exchange.node import casework_forms as cf
from exchange.node import facts_forms as ff
from exchange.node import forms as f
from exchange.node.node import Node
from exchange.node.service import Actor

AALTJE = {
    "given_names": "Aaltje",
    "family_name": "Bedacht",
    "birth_date": "1941-05-17",
    "postcode": "7958 AA",
    "house_number": "7",
}
PROBLEM = "De stank trekt door het trapportaal; vier huishoudens klagen."
WELZIJN = {"basis": "A6_1_f", "task": "maatschappelijk-werk"}
TO_ACTIUM = {"partner": "actium", "basis": "A6_1_f", "task": "verhuur"}
NEIGHBOUR = "buurvrouw T. Verzinsel-Hoek"


async def colleague(world: MemoryWorld, slug: str, *roles: str) -> Actor:
    """Another actor of a node, registered as an operator does it."""
    form = f.ActorForm(roles=list(roles or ("worker",)), name="Proef Collega")
    made = await world.nodes[slug].register_actor(world.actor(slug), form, None)
    return Actor(made.actor, "person", frozenset(made.roles))


async def enforced(world: MemoryWorld, slug: str) -> None:
    """Enforce retention: with one hand when the clock is trusted, else one asks and a colleague confirms the date."""
    node, today = world.nodes[slug], world.clock.at.date()
    try:
        await node.retention_enforce(world.actor(slug), confirm_date=today)
    except NotAllowedError:
        await node.retention_enforce(await colleague(world, slug, "privacy-officer"), confirm_date=today)


async def opened(world: MemoryWorld, slug: str = "gemeente", *partners: str, **more: Any) -> UUID:
    """A case about Jelle, shared with the partners named; returns when they know of it."""
    form = cf.CaseForm.model_validate({"problem": PROBLEM, "partners": list(partners), **more})
    case = (await world.nodes[slug].cases.open(world.actor(slug), form, None)).case
    await told(world, case, *partners)
    return case


async def told(world: MemoryWorld, case: UUID, *partners: str, **fields: Any) -> None:
    """Until every partner knows the case with these values."""
    want = {"inside": True, **fields}

    def known(slug: str) -> bool:
        rows = [r for r in world.nodes[slug].cases.all(world.actor(slug)) if r.case == case]
        return bool(rows) and all(getattr(rows[0], name) == value for name, value in want.items())

    await world.until(lambda: all(known(slug) for slug in partners))


def amend(node: Node, **changes: Any) -> None:
    """Let a node obey another covenant than the one that was signed, for what De Wolden decided otherwise."""
    book = node.ctx.covenants.current
    object.__setattr__(book, "covenant", book.covenant.model_copy(update=changes))


async def decision(world: MemoryWorld, **changes: Any) -> UUID:
    """A Wpg decision of the police: Actium may be told about nuisance."""
    form = ff.DecisionForm.model_validate(
        {
            "reference": "besluit-1", "ground": "WPG_19", "goal": "b", "decided_on": "2026-03-02",
            "signed_by": "teamchef", "interest": "Openbare orde in de straat.", "purpose": "Aanpak van overlast.",
            "recipients": ["actium"], "categories": ["OVERLAST", "IDENTIFICATIE", "CONTACT"],
            "authority": "BURGEMEESTER", "agreed_on": "2026-03-02", "valid_until": "2026-06-01", **changes,
        }
    )  # fmt: skip
    functionary = await colleague(world, "politie", "wpg-functionary")
    return (await world.nodes["politie"].facts.register_decision(functionary, form, None)).fact
