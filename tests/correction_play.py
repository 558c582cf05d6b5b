"""Playing corrections, recalls and objections through real nodes. All persons are invented."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from case_forms import TO_GEMEENTE, share_form
from memory_world import Mallory, MemoryWorld, receipts

from exchange.domain.retention import AMSTERDAM
from exchange.node import corrections_forms as cf
from exchange.node import forms as f
from exchange.node.service import Actor

KUNST = {"given_names": "Kees", "family_name": "Kunst-Matig", "birth_date": "1979-01-02", "postcode": "7921 CD",
         "house_number": "21"}  # fmt: skip
DEMI = {"given_names": "Demi", "family_name": "Nepstra", "birth_date": "1990-06-07", "postcode": "7963 AB",
        "house_number": "3"}  # fmt: skip
WRONG, RIGHT = "EUR 1.840", "EUR 840"
ARREARS = [{"category": "FINANCIEN_SCHULDEN", "field": "huurachterstand", "value": WRONG}]


async def debt(world: MemoryWorld, *recipients: dict[str, Any], **more: Any) -> tuple[UUID, list[UUID]]:
    """Actium tells the rent arrears of the Kunst-Matig family; the item ids, by recipient."""
    family = await world.person("actium", **KUNST)
    await world.share("actium", share_form(family, list(recipients or (TO_GEMEENTE,)), ARREARS, **more))
    known = await who_knows(world, "actium", family)
    return family, [i.item for i in known if i.category == "FINANCIEN_SCHULDEN"]


async def who_knows(world: MemoryWorld, slug: str, subject: UUID, as_of: date | None = None) -> list[f.KnownItem]:
    query = f.WhoKnowsQuery(subject=subject, as_of=as_of)
    return (await world.nodes[slug].who_knows(world.actor(slug), query)).items


async def settled(world: MemoryWorld) -> None:
    """Until nobody waits for a receipt."""
    await world.until(lambda: not any(node.outgoing.waiting() for node in world.nodes.values()))


async def correct(world: MemoryWorld, slug: str, item: UUID, value: str = RIGHT) -> cf.Notified:
    form = cf.CorrectionForm(item=item, value=value, explanation="Verkeerd overgenomen.")
    made = await world.nodes[slug].corrections.correct(world.actor(slug), form, None)
    await settled(world)
    return made


async def process(world: MemoryWorld, slug: str, message: str, **form: Any) -> cf.Worklist:
    answer = cf.ProcessedForm(**{"outcome": "done", **form})
    worklist = await world.nodes[slug].notifications.process(world.actor(slug), message, answer, None)
    await settled(world)
    return worklist


async def values(world: MemoryWorld, slug: str, actor: Actor | None = None) -> list[tuple[str, str | None, str]]:
    """Field, value and status of every amount a node reads in its inbox, newest message first."""
    node, reader = world.nodes[slug], actor or world.actor(slug)
    found = []
    for row in await node.inbox(reader):
        items = (await node.read_message(reader, row.message)).items
        found += [(row.kind, i.value, i.status) for i in items if i.category == "FINANCIEN_SCHULDEN"]
    return found


def at(day: date, hour: int = 9) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=AMSTERDAM).astimezone(UTC)


async def family_of(world: MemoryWorld) -> UUID:
    """Actium's own entry of the family."""
    found = await world.nodes["actium"].find_subjects(world.actor("actium"), f.IdentityForm.model_validate(KUNST))
    return found[0].subject


async def recall(world: MemoryWorld, *items: UUID, **form: Any) -> cf.Notified:
    made = cf.RecallForm(**{"items": list(items), "reason": "ONRECHTMATIG", **form})
    notified = await world.nodes["actium"].recalls.recall(world.actor("actium"), made, None)
    await settled(world)
    return notified


def last_codes(world: MemoryWorld, receiver: str, sender: str) -> list[list[str]]:
    """Codes by part of the newest receipt."""
    receipt, _ = receipts(world, receiver, sender)[-1]
    return [outcome.codes for outcome in receipt.data.outcomes]


async def mallory(world: MemoryWorld, slug: str = "welzijn") -> Mallory:
    """A partner that has sent nothing yet and skips its own checks."""
    return Mallory(world, slug)
