"""A case conference as the tests play it: chaired by the municipality, about two cases. All persons are invented."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from case_forms import share_form
from world import World

from exchange.crypto import envelope
from exchange.node import conference_forms as cf
from exchange.node import forms as f
from exchange.node.casework_forms import CaseForm
from exchange.node.service import Actor

GROUNDS = {
    "gemeente": ("A6_1_e", "wmo"),
    "politie": ("A6_1_e", "handhaving"),
    "actium": ("A6_1_f", "verhuur"),
    "welzijn": ("A6_1_f", "maatschappelijk-werk"),
}
DAY = "2026-03-12"
EVERYBODY = ["gemeente", "politie", "actium", "welzijn"]


def share(owner: str, to: list[str], items: list[dict[str, Any]], subject: UUID, **more: Any) -> f.ShareForm:
    """A lawful disclosure of ``owner`` in a case."""
    recipients = [{"partner": p, "basis": GROUNDS[p][0], "task": GROUNDS[p][1]} for p in to]
    own = {"basis": GROUNDS[owner][0], "task": GROUNDS[owner][1], "context": "CASUS"}
    notice = {"reference": "kennisgeving-1", "given_on": "2026-03-02", "mode": "HUISBEZOEK", "recipients": EVERYBODY}
    return share_form(subject, recipients, items, **{**own, "notice": notice, **more})


def nuisance(text: str, field_: str = "toelichting") -> dict[str, Any]:
    return {"category": "OVERLAST", "field": field_, "value": text}


async def opened(world: World, scope: list[str]) -> UUID:
    """A case of the municipality, shared with ``scope``; returns when those who run know of it."""
    others = [p for p in scope if p != "gemeente"]
    form = CaseForm(problem="Overlast in het portaal.", partners=others)
    case = (await world.nodes["gemeente"].cases.open(world.actor("gemeente"), form, None)).case
    there = [p for p in others if p in world.nodes]
    await world.until(lambda: all(any(r.case == case for r in world.nodes[p].cases.all(world.actor(p))) for p in there))
    return case


@dataclass
class Meeting:
    """A planned conference and the hands to play it with."""

    world: World
    chair: Actor
    conference: UUID
    cases: list[UUID]
    items: list[UUID]
    offers: dict[str, UUID] = field(default_factory=dict)
    """Canary -> offer."""

    @classmethod
    async def planned(cls, world: World, scopes: list[list[str]]) -> Meeting:
        """W. Voorzitter-Proef of the municipality plans one case per scope; returns when everybody concerned knows."""
        node = world.nodes["gemeente"]
        office = world.actor("gemeente")
        made = await node.register_actor(office, f.ActorForm(roles=["chair"], name="W. Voorzitter-Proef"), None)
        chair = Actor(made.actor, "person", frozenset({"chair"}))
        cases = [await opened(world, scope) for scope in scopes]
        attendees = [
            cf.AttendeeForm(partner=p, role="DEELNEMER", secrecy=f"verklaring-{p}")
            for p in sorted({p for scope in scopes for p in scope})
        ]
        form = cf.ConferenceForm(
            date=DAY,
            chair=chair.id,
            participants=attendees,
            agenda=[cf.AgendaForm(case=case, partners=scope) for case, scope in zip(cases, scopes, strict=True)],
        )
        conference = await node.conferences.plan(chair, form, None)
        told = {p for scope in scopes for p in scope}
        await world.until(lambda: all(knows(world, p, conference) for p in told if p in world.nodes))
        shown = await node.conferences.show(chair, conference)
        items = [next(a.item for a in shown.agenda if a.case == case) for case in cases]
        return cls(world, chair, conference, cases, items)

    async def offer(
        self, owner: str, to: list[str], canary: str, subject: UUID, *, case: int = 0, auto: bool = True, **more: Any
    ) -> UUID:
        """``owner`` offers one item whose text is ``canary``; returns when the chair has it."""
        form = cf.OfferForm(
            item=self.items[case],
            why="Nodig om te bepalen welke hulp past.",
            send_on_release=auto,
            answers=more.pop("answers", None),
            share=share(owner, to, [nuisance(canary)], subject, **more),
        )
        node = self.world.nodes[owner]
        made = await node.offers.offer(self.world.actor(owner), self.conference, form, None)
        self.offers[canary] = made.offers[0]
        await self.world.until(lambda: self.status("gemeente", made.offers[0]) == "offered")
        return made.offers[0]

    async def decide(self, *decisions: tuple[UUID, str], reviewed: bool = True, **more: Any) -> None:
        """The chair decides."""
        form = cf.DecideForm(
            decisions=[cf.DecisionForm(offer=o, decision=d, **more) for o, d in decisions],
            minimisation_reviewed=reviewed,
        )
        await self.world.nodes["gemeente"].conferences.decide(self.chair, self.conference, form, None)

    def status(self, slug: str, offer: UUID) -> str | None:
        """Where an offer stands at a node."""
        row = self.world.nodes[slug].ctx.ledger.one("SELECT status FROM offers WHERE offer=?", str(offer))
        return row["status"] if row else None

    async def reaches(self, slug: str, offer: UUID, status: str) -> None:
        """Wait until an offer stands so at a node."""
        await self.world.until(lambda: self.status(slug, offer) == status)

    async def settled(self) -> None:
        """Nothing is under way any more."""
        await self.world.until(lambda: all(not n.outgoing.waiting() for n in self.world.nodes.values()))


def knows(world: World, slug: str, conference: UUID) -> bool:
    """Whether a node was told of a conference."""
    return world.nodes[slug].ctx.ledger.count("conferences WHERE conference=?", str(conference)) == 1


def plaintexts(world: World) -> list[tuple[str, str, str, bytes]]:
    """(sender, recipient, kind, plaintext) of every part of every frame the broker was given, opened with every key there is."""
    found = []
    for sender, recipient, frame in world.frames:
        opened = world.open_frame(recipient, frame)
        header = orjson.loads(opened.header)
        ctx = world.nodes[recipient].ctx
        origin = ctx.covenants.current.partner(sender).id
        for n, (key, box) in enumerate(zip(opened.part_keys, opened.parts, strict=True)):
            uid = UUID(header["id"]).bytes
            plain = envelope.open_part(key, ctx.covenants.id, origin, uid, n, len(opened.parts), box)
            found.append((sender, recipient, header["type"], plain))
    return found
