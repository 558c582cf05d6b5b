"""A Wpg decision that ends or is withdrawn while something rests on it. All persons are invented."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

import pytest
from case_forms import share_form
from case_play import colleague, decision
from conference_forms import Meeting, nuisance
from memory_world import MemoryWorld

from exchange.node import conference_forms
from exchange.node import facts_forms as ff
from exchange.node import forms as f
from exchange.node.service import Refused

TO_ACTIUM = {"partner": "actium", "basis": "A6_1_f", "task": "verhuur"}


def disclosure(subject: UUID, under: UUID, text: str, **more: Any) -> f.ShareForm:
    told = {"reference": "k", "given_on": "2026-03-02", "recipients": ["actium"]}
    grounds = {"basis": "A6_1_e", "task": "handhaving", "wpg_decision_id": str(under), "notice": told}
    return share_form(subject, [TO_ACTIUM], [nuisance(text, "aantal-meldingen")], **{**grounds, **more})


async def demi(world: MemoryWorld) -> UUID:
    return await world.person("politie", given_names="Demi", family_name="Nepstra", birth_date="1990-01-02")


async def test_a_decision_that_runs_out_on_the_way_counts_as_on_the_day_it_was_sent(world: MemoryWorld) -> None:
    rests_on, person = await decision(world, valid_until="2026-03-09"), await demi(world)
    world.clock.set(dt.datetime(2026, 3, 9, 22, 59, tzinfo=dt.UTC))  # 23:59 in Amsterdam, the last minute it holds
    world.withheld.add(("politie", "actium"))
    sent = await world.share("politie", disclosure(person, rests_on, "6"), wait_s=0)
    await world.until(lambda: world.between("politie", "actium"))
    frame = world.between("politie", "actium")[-1]
    world.clock.forward(minutes=1)
    with pytest.raises(Refused) as refused:
        await world.nodes["politie"].share(world.actor("politie"), disclosure(person, rests_on, "7"), None)
    assert {r.code for r in refused.value.refusals} == {"R28"}
    await world.deliver("actium", "politie", frame)
    done = await world.nodes["politie"].act(world.actor("politie"), sent.act, wait_s=60)
    assert [(s.state, s.rejected) for s in done.messages] == [("receipted", {})]


@pytest.mark.parametrize("ends", ["withdrawn", "over"])
async def test_what_the_chair_released_stays_where_it_is_when_the_decision_no_longer_holds(
    world: MemoryWorld, ends: str
) -> None:
    meeting = await Meeting.planned(world, [["gemeente", "politie", "actium"]])
    rests_on, person = await decision(world, valid_until="2026-03-09"), await demi(world)
    politie = world.nodes["politie"]
    form = conference_forms.OfferForm(
        item=meeting.items[0], why="Nodig voor de aanpak.", send_on_release=True,
        share=disclosure(person, rests_on, "6", context="CASUS"),
    )  # fmt: skip
    offer = (await politie.offers.offer(world.actor("politie"), meeting.conference, form, None)).offers[0]
    await meeting.reaches("gemeente", offer, "offered")
    if ends == "withdrawn":
        functionary = await colleague(world, "politie", "wpg-functionary")
        await politie.facts.withdraw_decision(functionary, rests_on, ff.WhyForm(reason="Het belang is weg."))
    else:
        world.clock.forward(days=8)
        for node in world.nodes.values():
            node.housekeeping.wake()
    await meeting.decide((offer, "release"))
    await meeting.reaches("gemeente", offer, "held-back")
    (shown,) = await world.nodes["gemeente"].conferences.offers(meeting.chair, meeting.conference)
    assert shown.codes == ["R28"]
    assert politie.ctx.ledger.count("messages WHERE direction='sent' AND partner='actium'") == 0
