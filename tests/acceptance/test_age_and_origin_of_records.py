"""What is passed on from one's own records is as old, and from where, as the record says. All persons are invented."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from case_forms import TO_WELZIJN, share_form
from case_play import colleague, decision
from memory_world import MemoryWorld

from exchange.errors import InputError
from exchange.node import casework_forms as casework
from exchange.node import corrections_forms as corrections
from exchange.node import forms as f
from exchange.node.service import Refused

NUISANCE = {"category": "OVERLAST", "field": "aantal-meldingen", "value": "6"}
CONSENT = {"source_consent": "toestemming-1", "onward_ground": "WPG_7_2"}


async def from_the_police(world: MemoryWorld, **item: Any) -> tuple[UUID, UUID]:
    """The police tell Actium about Demi under a decision; item id at Actium, and who it is about there."""
    decided = await decision(world)
    demi = await world.person("politie", given_names="Demi", family_name="Nepstra", birth_date="1990-01-02")
    to = {"partner": "actium", "basis": "A6_1_f", "task": "verhuur"}
    told = {"reference": "k", "given_on": "2026-03-02", "recipients": ["actium"]}
    grounds = {"basis": "A6_1_e", "task": "handhaving", "wpg_decision_id": str(decided), "notice": told}
    sent = await world.share("politie", share_form(demi, [to], [{**NUISANCE, **item}], **grounds))
    assert [s.rejected for s in sent.messages] == [{}]
    (person,) = await world.nodes["actium"].unmatched_subjects(world.actor("actium"))
    known = await who_knows(world, "actium", person.subject)
    return next(i.item for i in known if i.category == "OVERLAST"), person.subject


async def who_knows(world: MemoryWorld, slug: str, subject: UUID) -> list[f.KnownItem]:
    return (await world.nodes[slug].who_knows(world.actor(slug), f.WhoKnowsQuery(subject=subject))).items


async def codes(world: MemoryWorld, slug: str, form: f.ShareForm) -> set[str]:
    """Why it is refused at the sender."""
    with pytest.raises(Refused) as refused:
        await world.nodes[slug].share(world.actor(slug), form, None)
    return {r.code for r in refused.value.refusals}


async def test_police_data_passed_on_from_the_records_stays_police_data_though_the_form_is_silent(
    world: MemoryWorld,
) -> None:
    record, demi = await from_the_police(world)
    silent = {**NUISANCE, "record": str(record)}
    assert await codes(world, "actium", share_form(demi, [TO_WELZIJN], [silent])) == {"R29"}
    for lie in ({"origin_partner": "gemeente"}, {"origin_regime": "AVG"}):
        with pytest.raises(InputError, match="another origin"):
            await world.nodes["actium"].share(
                world.actor("actium"), share_form(demi, [TO_WELZIJN], [{**silent, **lie}]), None
            )
    agreed = await world.share("actium", share_form(demi, [TO_WELZIJN], [{**silent, **CONSENT}]))
    assert [s.rejected for s in agreed.messages] == [{}]
    welzijn, officer = world.nodes["welzijn"], await colleague(world, "welzijn", "privacy-officer")
    (row,) = [r for r in await welzijn.inbox(world.actor("welzijn")) if r.kind == "disclosure"]
    assert row.message == agreed.messages[0].message
    reader = world.actor("welzijn")
    await welzijn.circle.designate(officer, casework.ReceiverForm(actor=reader.id))
    items = (await welzijn.read_message(reader, row.message)).items
    assert {i.origin_partner for i in items if i.category == "OVERLAST"} == {"politie"}


async def test_what_was_observed_long_before_it_was_received_is_as_old_as_that_when_it_is_passed_on(
    world: MemoryWorld,
) -> None:
    record, demi = await from_the_police(world, observed_on="2025-03-02")  # the last day of its free use
    form = share_form(demi, [TO_WELZIJN], [{**NUISANCE, **CONSENT, "record": str(record)}])
    assert [s.rejected for s in (await world.share("actium", form)).messages] == [{}]
    world.clock.forward(days=1)
    assert await codes(world, "actium", form) == {"R19"}


async def test_a_correction_does_not_make_an_old_observation_young_again(world: MemoryWorld) -> None:
    record, demi = await from_the_police(world, observed_on="2025-03-03")
    politie, desk = world.nodes["politie"], world.actor("politie")
    (given,) = [i for i in world.events("politie", "item/recorded/1") if i.category == "OVERLAST"]
    assert given.item == record
    await politie.corrections.correct(desk, corrections.CorrectionForm(item=record, value="5"), None)
    await world.until(lambda: world.nodes["actium"].ctx.ledger.count("corrected"))
    row = world.nodes["actium"].ctx.ledger.one("SELECT replacement FROM corrected WHERE item=?", str(record))
    assert row is not None
    form = share_form(demi, [TO_WELZIJN], [{**NUISANCE, **CONSENT, "value": "5", "record": row["replacement"]}])
    world.clock.forward(days=2)
    assert await codes(world, "actium", form) == {"R19"}
