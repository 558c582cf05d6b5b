"""Scenario 11, first part: an objection restricts at once, and is lifted only when rejected and told. Persons are invented."""

from __future__ import annotations

from datetime import date

import pytest
from case_forms import HOUSE, TO_GEMEENTE, TO_WELZIJN, share_form
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

from exchange.errors import ConflictError, InputError
from exchange.node import corrections_forms as cf
from exchange.node import forms as f
from exchange.node.service import Refused


async def test_an_objection_restricts_at_once_tells_every_recipient_and_is_lifted_only_after_weighing_and_notice(
    world: MemoryWorld,
) -> None:
    actium, desk = world.nodes["actium"], world.actor("actium")
    demi = await world.person("actium", **DEMI)
    await world.share("actium", share_form(demi, [TO_GEMEENTE, TO_WELZIJN], HOUSE))
    world.clock.at = at(date(2026, 3, 16))
    form = cf.ObjectionForm(subject=demi, text="Ik wil niet dat dit wordt gedeeld.")
    objection = await actium.objections.receive(desk, form, None)
    assert (objection.due_on, objection.label) == (date(2026, 4, 16), "Demi Nepstra (07-06-1990)")
    await settled(world)
    with pytest.raises(Refused) as refused:
        await actium.share(desk, share_form(demi, [TO_GEMEENTE], HOUSE), None)
    assert {r.code for r in refused.value.refusals} == {"R18"}

    assert sorted(r.partner for r in objection.notified[0].recipients) == ["gemeente", "welzijn"]
    for slug in ("gemeente", "welzijn"):
        (todo,) = (await world.nodes[slug].notifications.worklist(world.actor(slug))).to_process
        assert todo.telling == "restricted"
        await process(world, slug, todo.message)
        (theirs,) = await world.nodes[slug].unmatched_subjects(world.actor(slug))
        assert all(i.restricted_at is not None for i in await who_knows(world, slug, theirs.subject))
    shown = await actium.objections.show(desk, objection.objection)
    assert {r.outcome for r in shown.notified[0].recipients} == {"done"}

    lift = cf.LiftForm(told_on=date(2026, 4, 14), notice="brief-14-april")
    world.clock.at = at(date(2026, 4, 14))
    with pytest.raises(ConflictError, match="Weigh"):
        await actium.objections.lift(desk, objection.objection, lift, None)
    weighed = cf.WeighForm(outcome="rejected", motivation="De veiligheid van haar kind gaat voor.")
    await actium.objections.decide(desk, objection.objection, weighed)
    with pytest.raises(InputError, match="Tell the person first"):
        await actium.objections.lift(desk, objection.objection, cf.LiftForm(told_on=date(2026, 4, 14)), None)
    later = cf.LiftForm(told_on=date(2026, 4, 15), notice="brief")
    with pytest.raises(InputError, match="Tell the person first"):
        await actium.objections.lift(desk, objection.objection, later, None)
    with pytest.raises(Refused):
        await actium.share(desk, share_form(demi, [TO_GEMEENTE], HOUSE), None)

    lifted = await actium.objections.lift(desk, objection.objection, lift, None)
    await settled(world)
    assert lifted.lifted_at is not None
    (theirs,) = await world.nodes["gemeente"].unmatched_subjects(world.actor("gemeente"))
    assert all(i.restricted_at is None for i in await who_knows(world, "gemeente", theirs.subject))
    as_it_was = await who_knows(world, "gemeente", theirs.subject, date(2026, 3, 20))
    assert all(i.restricted_at is not None for i in as_it_was)
    again = await world.share("actium", share_form(demi, [TO_GEMEENTE], HOUSE))
    assert [status.state for status in again.messages] == ["receipted"]


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
