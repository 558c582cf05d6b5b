"""Objections beside scenario 11, which plays one from receiving to lifting. All persons are invented."""

from __future__ import annotations

from datetime import date

import pytest
from case_forms import HOUSE, TO_GEMEENTE, share_form
from correction_play import (
    DEMI,
    at,
    correct,
    debt,
    process,
    recall,
    settled,
    who_knows,
)
from memory_world import MemoryWorld

from exchange.errors import ConflictError
from exchange.node import corrections_forms as cf
from exchange.node import forms as f
from exchange.node.service import Refused


async def test_what_was_given_is_asked_back_after_an_objection_is_upheld_and_never_told_again(
    world: MemoryWorld,
) -> None:
    actium, desk = world.nodes["actium"], world.actor("actium")
    demi = await world.person("actium", **DEMI)
    await world.share("actium", share_form(demi, [TO_GEMEENTE], HOUSE))
    objection = await actium.objections.receive(desk, cf.ObjectionForm(subject=demi), None)
    weighed = cf.WeighForm(outcome="upheld", motivation="Geen dwingende gronden.")
    await actium.objections.decide(desk, objection.objection, weighed)
    with pytest.raises(ConflictError, match="upheld"):
        await actium.objections.lift(
            desk, objection.objection, cf.LiftForm(told_on=date(2026, 3, 2), notice="brief"), None
        )
    await settled(world)
    given = [i.item for i in await who_knows(world, "actium", demi)]
    recalled = await recall(world, *given, reason="BEZWAAR_GEGROND", everywhere=True)
    await process(world, "gemeente", recalled.recipients[0].message)
    assert (
        await world.nodes["gemeente"].unmatched_subjects(world.actor("gemeente")) == []
    )  # with the last item about her
    assert all(i.restricted_at is not None for i in await who_knows(world, "actium", demi))
    with pytest.raises(Refused) as refused:
        await actium.share(desk, share_form(demi, [TO_GEMEENTE], HOUSE), None)
    assert {r.code for r in refused.value.refusals} == {"R18"}
    assert world.events("gemeente", "restriction/lifted/1") == []


async def test_an_objection_that_nobody_weighed_is_an_alarm_and_its_term_is_lengthened_only_in_the_first_month(
    world: MemoryWorld,
) -> None:
    actium, desk = world.nodes["actium"], world.actor("actium")
    demi = await world.person("actium", **DEMI)
    world.clock.at = at(date(2026, 3, 16))
    made = await actium.objections.receive(desk, cf.ObjectionForm(subject=demi), None)
    assert (await actium.status()).objections == 1
    world.clock.at = at(date(2026, 4, 17))
    assert "objection-overdue" in (await actium.status()).warnings
    extend = cf.ExtendForm(told_on=date(2026, 4, 17), notice="brief-3", reason="Veel bescheiden.")
    with pytest.raises(ConflictError, match="first month"):
        await actium.objections.extend(desk, made.objection, extend)
    in_time = extend.model_copy(update={"told_on": date(2026, 4, 10)})
    longer = await actium.objections.extend(desk, made.objection, in_time)
    assert (longer.due_on, longer.overdue) == (date(2026, 6, 16), False)


async def test_restrictions_survive_a_restart_and_the_views_are_rebuilt_alike(world: MemoryWorld) -> None:
    demi = await world.person("actium", **DEMI)
    await world.share("actium", share_form(demi, [TO_GEMEENTE], HOUSE))
    actium, desk = world.nodes["actium"], world.actor("actium")
    await actium.objections.receive(desk, cf.ObjectionForm(subject=demi), None)
    await settled(world)
    await world.stop("actium")
    actium = await world.start("actium")
    with pytest.raises(Refused):
        await actium.share(desk, share_form(demi, [TO_GEMEENTE], HOUSE), None)
    replayed = [step async for step in actium.replay_log(desk)][-1]
    assert isinstance(replayed, f.ReplayAnswer)
    assert replayed.ok, replayed.differences


async def test_the_story_of_a_person_and_the_feed_tell_of_corrections_recalls_and_objections(
    world: MemoryWorld,
) -> None:
    family, (item,) = await debt(world)
    actium, desk = world.nodes["actium"], world.actor("actium")
    made = await correct(world, "actium", item)
    await process(world, "gemeente", made.recipients[0].message)
    await actium.objections.receive(desk, cf.ObjectionForm(subject=family), None)
    await settled(world)
    lines = [line async for line in actium.story(desk, case=None, subject=family, partner=None)]
    topics = {line.topic for line in lines if isinstance(line, f.StoryLine)}
    expected = {"item/corrected/1", "notification/sent/1", "notification/answered/1", "restriction/set/1"}
    assert expected | {"objection/received/1"} <= topics
    feed = {row.topic for row in await world.nodes["gemeente"].feed(world.actor("gemeente"), 0, 1000)}
    assert "notification/received/1" in feed


async def test_after_the_words_of_an_objection_are_erased_everything_else_still_stands(world: MemoryWorld) -> None:
    demi = await world.person("actium", **DEMI)
    await world.share("actium", share_form(demi, [TO_GEMEENTE], HOUSE))
    actium, desk = world.nodes["actium"], world.actor("actium")
    made = await actium.objections.receive(desk, cf.ObjectionForm(subject=demi, text="Mijn buurvrouw liegt."), None)
    await settled(world)
    due = await actium.retention_due(desk, date(2099, 1, 1))
    assert any(d.retention == "r09" for d in due), "what an objection seals has no term"
    (row,) = actium.ctx.ledger.rows("SELECT key_id FROM objections")
    await actium.retention.erase(desk, "proef", [row["key_id"]])
    shown = await actium.objections.show(desk, made.objection)
    assert (shown.subject, shown.label, shown.due_on) == (None, "", date(2026, 4, 2))
    outcome = [step async for step in actium.verify_log(desk)][-1]
    assert isinstance(outcome, f.VerifyAnswer)
    assert outcome.ok, outcome.problem
    replayed = [step async for step in actium.replay_log(desk)][-1]
    assert isinstance(replayed, f.ReplayAnswer)
    assert replayed.ok, replayed.differences
