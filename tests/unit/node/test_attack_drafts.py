"""Colleagues who are curious, careless or too quick, and a case system that is none of that: attacks on drafts and proposals."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from draft_play import CANARY, FULL, PAIR, TOLD, ZAAK, form, system
from memory_world import MemoryWorld
from oracle import check_node
from world import next_generation

from exchange.domain import events as e
from exchange.domain.event import Gone
from exchange.errors import ConflictError, InputError, NotFoundError
from exchange.node import accountability
from exchange.node import draft_forms as df
from exchange.node.completing import FormToMendError
from exchange.node.node import Node
from exchange.node.service import Actor, Idempotency, Refused
from exchange.node.writer import Tx

BSN = "999990342"


@pytest.fixture
async def world(founded: Path, tmp_path: Path):
    async with MemoryWorld.copied(founded, tmp_path, PAIR) as made:
        yield made


async def proposal(world: MemoryWorld, machine: Actor) -> UUID:
    told = df.ProposalForm(kind="signal", profile="EENZAAMHEID_SIGNAAL", external_reference=ZAAK)
    return (await world.nodes["actium"].drafts.propose(machine.id, told)).draft


# ---------------------------------------------------------------------------------------- colleagues


async def at_once(node: Node, *doings: Awaitable[Any]) -> list[Any]:
    """Have the writer take all of them into one transaction."""
    began, gate = threading.Event(), threading.Event()

    def holds(_: Tx) -> None:
        began.set()
        gate.wait(10)

    busy = asyncio.create_task(node.ctx.writer.run(holds))
    await asyncio.to_thread(began.wait, 10)
    tasks = [asyncio.ensure_future(doing) for doing in doings]
    await asyncio.sleep(0)  # each runs as far as the writer
    assert node.ctx.writer._jobs.qsize() == len(tasks)
    gate.set()
    await busy
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_two_who_take_one_proposal_up_at_the_same_moment_do_not_overwrite_each_other(world):
    node, one = world.nodes["actium"], world.actor("actium")
    other = await world.colleague("actium")
    draft = await proposal(world, await system(world))
    mine = [form(items=[{**FULL, "value": text}]) for text in ("Van de een.", "Van de ander.")]
    first, second = await at_once(
        node, node.drafts.change(one, draft, mine[0]), node.drafts.change(other, draft, mine[1])
    )
    assert isinstance(first, df.DraftRow)
    assert isinstance(second, ConflictError)
    assert (await node.drafts.read(one, draft)).form.items[0].value == "Van de een."
    assert node.drafts.all(other) == []


async def test_who_discards_a_proposal_does_not_destroy_what_another_makes_of_it_at_that_moment(world):
    node, one = world.nodes["actium"], world.actor("actium")
    other = await world.colleague("actium")
    draft = await proposal(world, await system(world))
    saved, discarded = await at_once(node, node.drafts.change(one, draft, form()), node.drafts.discard(other, draft))
    assert isinstance(saved, df.DraftRow)
    assert isinstance(discarded, ConflictError)
    assert (await node.drafts.read(one, draft)).form.items[0].value == CANARY


async def test_a_case_system_registered_as_a_person_takes_no_proposal_of_another_up(world):
    node = world.nodes["actium"]
    draft = await proposal(world, await system(world))
    robot = await world.colleague("actium", 6006, "integration")
    assert robot.kind == "person"
    assert node.drafts.all(robot) == []
    with pytest.raises(NotFoundError):
        await node.drafts.change(robot, draft, form())
    assert [row.draft for row in node.drafts.all(world.actor("actium"))] == [draft]


async def test_what_a_case_system_filled_in_itself_is_sent_by_nobody_who_did_not_take_it_up(world):
    node, worker, machine = world.nodes["actium"], world.actor("actium"), await system(world)
    draft = await proposal(world, machine)
    whole = form(await world.person("actium"))
    await node.drafts.change(machine, draft, whole)
    assert (await node.drafts.explain(worker, draft)).missing == []
    with pytest.raises(ConflictError, match="take it up"):
        await node.drafts.send(worker, draft, None)
    with pytest.raises(Refused) as refused:
        await node.drafts.send(machine, draft, None)
    assert "R32" in {r.code for r in refused.value.refusals}
    assert world.events("actium", "message/sent/1") == []
    await node.drafts.change(worker, draft, whole)
    assert (await node.drafts.send(worker, draft, None)).profile == "WOONSITUATIE_HULP"


async def test_a_draft_that_is_sent_under_the_key_of_another_act_is_no_sent_draft_that_stays_readable(world):
    node, worker = world.nodes["actium"], world.actor("actium")
    jelle = await world.person("actium")
    first = await node.drafts.save(worker, form(jelle), None)
    second = await node.drafts.save(worker, form(jelle), None)
    acts = [
        (await node.drafts.send(worker, draft, Idempotency("k"))).act
        for draft in (first.draft, second.draft, second.draft)
    ]
    assert (acts[0] != acts[1], acts[1]) == (True, acts[2])
    texts = [x.form for x in node.ctx.log.read_all(node.ctx.log.entries(0, 10_000, [e.DraftSaved.topic]))]
    assert texts == [Gone.SHREDDED, Gone.SHREDDED]
    assert node.drafts.all(worker) == []


async def test_a_revoked_maker_leaves_a_draft_that_nobody_reads_and_the_daily_run_destroys(world):
    node, worker = world.nodes["actium"], world.actor("actium")
    leaver = await world.colleague("actium")
    row = await node.drafts.save(leaver, form(await world.person("actium")), None)
    await node.revoke_actor(worker, leaver.id)
    assert node.actors_of_uid(4711) == []
    assert node.drafts.all(worker) == []
    with pytest.raises(NotFoundError):
        await node.drafts.read(worker, row.draft)
    world.clock.forward(days=15)
    for one in world.nodes.values():
        await one.housekeeping.step()
    await world.until(lambda: node.retention.clock_state() == "trusted")
    await node.retention.daily()
    texts = [x.form for x in node.ctx.log.read_all(node.ctx.log.entries(0, 10_000, [e.DraftSaved.topic]))]
    assert texts == [Gone.SHREDDED]
    check_node(node, world.directory("actium"))


async def test_a_citizen_service_number_hides_in_no_code_of_a_draft(world):
    node, worker = world.nodes["actium"], world.actor("actium")
    hidden: list[dict[str, Any]] = [
        {"items": [{**FULL, place: BSN}]} for place in ("source", "certainty", "source_consent", "onward_ground")
    ]
    hidden += [{"notice": {**TOLD, place: BSN}} for place in ("reference", "mode", "exception")]
    hidden += [{"secrecy": {"regime": BSN}}, {"secrecy": {"ground": BSN}}, {"stated": [BSN]}, {"request": f"bsn {BSN}"}]
    for more in hidden:
        with pytest.raises(InputError, match="citizen service number"):
            await node.drafts.save(worker, form(**more), None)
    assert node.ctx.ledger.count("drafts") == 0


async def test_after_the_shredding_the_log_verifies_and_replays_and_no_file_holds_the_text(world):
    node, worker = world.nodes["actium"], world.actor("actium")
    row = await node.drafts.save(worker, form(await world.person("actium")), None)
    await node.drafts.change(worker, row.draft, form(items=[{**FULL, "value": "Tweede versie kanarie."}]))
    await node.drafts.discard(worker, row.draft)
    for _ in range(2):
        verified = [step async for step in node.verify_log(worker)][-1]
        replayed = [step async for step in node.replay_log(worker)][-1]
        assert (verified.ok, replayed.ok) == (True, True), (verified.problem, replayed.problem)
        await world.stop("actium")
        node = await world.start("actium")
    for file in world.directory("actium").iterdir():
        if file.is_file():
            data = file.read_bytes()
            assert CANARY.encode() not in data, file.name
            assert b"Tweede versie kanarie" not in data, file.name


async def test_what_webhook_story_and_log_tell_of_a_draft_names_nobody(world):
    node, worker = world.nodes["actium"], world.actor("actium")
    jelle = await world.person("actium")
    row = await node.drafts.save(worker, form(jelle), None)
    await node.drafts.discard(worker, row.draft)
    assert not [
        line for line in await node.feed(worker, 0, 10_000) if "draft" in line.topic
    ]  # no case system hears of it
    lines = [row.model_dump_json() for row in accountability.rows(node.ctx.log, 0, 10_000) if "draft" in row.topic]
    assert len(lines) == 2
    for line in lines:
        assert not [word for word in (str(jelle), "Verzonnen", CANARY, "HUISVESTING") if word in line]


# ---------------------------------------------------------------------------------------- the covenant changes


async def test_a_draft_on_a_profile_that_the_new_generation_struck_says_so_and_is_sent_on_nothing(world):
    node, worker = world.nodes["actium"], world.actor("actium")
    jelle = await world.person("actium")
    row = await node.drafts.save(worker, form(jelle), None)
    signed = next_generation(
        world.home,
        world.home / "covenant.signed.json",
        lambda text: text.replace('"WOONSITUATIE_HULP"', '"WOONSITUATIE_ANDERS"'),
    )
    for slug in PAIR:
        await world.accept(slug, signed)
    await world.connected()
    node, worker = world.nodes["actium"], world.actor("actium")
    assert [one.draft for one in node.drafts.all(worker)] == [row.draft]
    assert (await node.drafts.explain(worker, row.draft)).missing[0].kind == "unknown-profile"
    with pytest.raises(FormToMendError):
        await node.drafts.send(worker, row.draft, None)
    assert world.events("actium", "message/sent/1") == []
    await node.drafts.change(worker, row.draft, form(jelle, profile="WOONSITUATIE_ANDERS"))
    act = await node.drafts.send(worker, row.draft, None)
    assert act.profile == "WOONSITUATIE_ANDERS"
    (used,) = world.events("actium", "act/on-profile/1")
    assert used.generation == 2
    check_node(node, world.directory("actium"))


async def test_a_draft_about_somebody_whose_everything_was_restricted_meanwhile_is_refused_and_stays(
    world, monkeypatch
):
    from exchange.node import restrictions  # noqa: PLC0415 - only here

    node, worker = world.nodes["actium"], world.actor("actium")
    row = await node.drafts.save(worker, form(await world.person("actium")), None)
    monkeypatch.setattr(restrictions, "everything", lambda *_: True)
    with pytest.raises(Refused) as refused:
        await node.drafts.send(worker, row.draft, None)
    assert "R18" in {r.code for r in refused.value.refusals}
    assert len(node.drafts.all(worker)) == 1
