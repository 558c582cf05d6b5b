"""What acute danger lets go at once, and leaves to be made good; through real nodes. All persons are invented."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from case_forms import HOUSE, TO_GEMEENTE, share_form
from fact_forms import OFFICER, WORKER, somebody, told, told_short
from memory_world import Mallory, MemoryWorld, receipts

from exchange.errors import ConflictError, InputError, NotAllowedError, NotFoundError
from exchange.node import facts_forms as ff

PAIR = ("actium", "gemeente")
NONE: dict[str, Any] = {"notice": {}}
DANGER = {"danger": "Gaskraan staat open en de bewoner reageert niet.", "interest_of": "SUBJECT"}
VITAL = {"basis": "A6_1_d", "emergency": DANGER}
BARE = {"weighing": {}, **NONE, **VITAL}
TO_HELP = {**TO_GEMEENTE, "basis": "A6_1_d"}


@pytest.fixture
async def world(founded: Path, tmp_path: Path):
    async with MemoryWorld.copied(founded, tmp_path, PAIR) as made:
        yield made


async def test_acute_danger_goes_at_once_and_what_is_missing_is_owed_within_72_hours(world: MemoryWorld) -> None:
    actium, gemeente = world.nodes["actium"], world.nodes["gemeente"]
    worker = world.actor("actium")
    jelle = await world.person("actium")
    form = share_form(jelle, [TO_HELP], HOUSE, **BARE)
    (before,) = await actium.explain(worker, form)
    assert (before.allowed, before.outcome, sorted(d.code for d in before.duties)) == (
        True, "allow-with-duties", ["R14", "R33"],
    )  # fmt: skip
    answer = await world.share("actium", form)
    assert [(m.state, m.rejected) for m in answer.messages] == [("receipted", {})]
    (row,) = await gemeente.inbox(world.actor("gemeente"))
    assert row.emergency
    (seen,) = world.events("gemeente", "emergency/invoked/1")
    assert (seen.direction, seen.partner, seen.codes) == ("received", "actium", ("R14", "R33"))
    read = await gemeente.read_message(world.actor("gemeente"), row.message)
    assert read.statement is not None
    assert read.statement["emergency"] == DANGER
    owed = actium.facts.duties.all(worker, closed=False)
    assert sorted(d.code for d in owed) == ["R14", "R33"]
    assert {d.due_at - world.clock.now() for d in owed} == {dt.timedelta(hours=72)}
    assert {d.owner for d in owed} == {worker.id}
    assert (await actium.status()).duties == 2
    waits = {w.kind: (w.count, w.overdue) for w in await actium.worklist(worker)}
    assert waits["duty"] == (2, 0)
    assert actium.facts.duties.all(somebody("worker"), closed=False) == [], "another worker does not owe it"

    await actium.facts.give_notice(worker, told(jelle, "welzijn"), None)
    assert len(actium.facts.duties.all(worker, closed=False)) == 2, "this recipient was not named"
    await actium.facts.give_notice(worker, told(jelle, "gemeente"), None)
    assert [d.code for d in actium.facts.duties.all(worker, closed=False)] == ["R33"]
    weighing = ff.WeighForm(
        necessity="Levensgevaar.", proportionality="Alleen het adres.", subsidiarity="Niemand deed open."
    )
    await actium.facts.weigh(worker, answer.act, weighing, None)
    assert actium.facts.duties.all(worker, closed=False) == []
    assert {d.state for d in actium.facts.duties.all(worker, closed=True)} == {"made-good"}
    world.clock.forward(hours=80)
    await actium.housekeeping.step()
    assert world.events("actium", "duty/overdue/1") == []


async def test_a_duty_that_is_late_alarms_once_and_stands_in_the_status_until_it_is_closed(world: MemoryWorld) -> None:
    actium = world.nodes["actium"]
    jelle = await world.person("actium")
    await world.share("actium", share_form(jelle, [TO_HELP], HOUSE, **NONE, **VITAL))
    (duty,) = actium.facts.duties.all(OFFICER, closed=False)
    world.clock.forward(hours=72)
    await actium.housekeeping.step()
    assert world.events("actium", "duty/overdue/1") == []
    assert "duty-overdue" not in (await actium.status()).warnings
    world.clock.forward(seconds=1)
    for _ in range(2):
        await actium.housekeeping.step()
    (late,) = world.events("actium", "duty/overdue/1")
    assert (late.originator_id, late.code) == (duty.duty, "R14")
    assert "duty-overdue" in (await actium.status()).warnings
    assert [r.topic for r in await actium.feed(world.actor("actium"), 0, 100) if r.topic.startswith("duty")] == [
        "duty/overdue/1"
    ]
    with pytest.raises(NotAllowedError):
        await actium.facts.duties.fulfil(WORKER, duty.duty, ff.FulfilForm(good="reason", reason="Vergeten."))
    with pytest.raises(InputError, match="Say why"):
        await actium.facts.duties.fulfil(OFFICER, duty.duty, ff.FulfilForm(good="reason"))
    with pytest.raises(ConflictError, match="Something else"):
        await actium.facts.duties.fulfil(somebody("chair"), duty.duty, ff.FulfilForm(good="release", fact=uuid4()))
    closed = await actium.facts.duties.fulfil(OFFICER, duty.duty, ff.FulfilForm(good="reason", reason="Overleden."))
    assert closed.state == "excused"
    assert "duty-overdue" not in (await actium.status()).warnings
    with pytest.raises(ConflictError, match="before"):
        await actium.facts.duties.fulfil(OFFICER, duty.duty, ff.FulfilForm(good="reason", reason="Nog eens."))


async def test_a_notice_that_comes_with_a_later_disclosure_makes_good_what_was_owed(world: MemoryWorld) -> None:
    actium, worker = world.nodes["actium"], world.actor("actium")
    jelle = await world.person("actium")
    await world.share("actium", share_form(jelle, [TO_HELP], HOUSE, **NONE, **VITAL))
    assert [d.code for d in actium.facts.duties.all(worker, closed=False)] == ["R14"]
    await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE, notice=told_short()))
    (done,) = actium.facts.duties.all(worker, closed=True)
    assert done.state == "made-good"
    (fulfilled,) = world.events("actium", "duty/fulfilled/1")
    assert fulfilled.fact == world.events("actium", "notice/given/1")[0].originator_id


async def test_what_is_owed_goes_with_its_key_and_holds_up_nothing(world: MemoryWorld) -> None:
    actium, worker = world.nodes["actium"], world.actor("actium")
    jelle = await world.person("actium")
    act = await world.share("actium", share_form(jelle, [TO_HELP], HOUSE, **BARE))
    duty = actium.facts.duties.all(OFFICER, closed=False)[0].duty
    rule = next(r.rule for r in await actium.retention_rules(worker) if r.retention == "r09")
    await actium.retention_confirm(worker, rule)
    world.clock.forward(days=5 * 365 + 3)
    await world.destroyed("actium")
    assert actium.facts.duties.all(OFFICER, closed=False) == []
    assert "duty-overdue" not in (await actium.status()).warnings
    with pytest.raises(NotFoundError):
        await actium.facts.duties.fulfil(OFFICER, duty, ff.FulfilForm(good="reason", reason="Te laat."))
    weighing = ff.WeighForm(necessity="a", proportionality="b", subsidiarity="c")
    assert (await actium.facts.weigh(worker, act.act, weighing, None)).fact
    steps = [step async for step in actium.replay_log(worker)]
    assert steps[-1].ok, steps[-1].differences


async def test_a_hostile_sender_cannot_use_danger_to_pass_what_the_law_closes(world: MemoryWorld) -> None:
    mallory = Mallory(world, "actium")
    urgent = {"sender_basis": "A6_1_d", "recipient_basis": "A6_1_d", "emergency": DANGER, "notice": {"recipients": []}}
    lies: list[tuple[dict[str, Any], dict[str, Any], str]] = [
        (urgent, {"value": "bsn 111222333"}, "R02"),
        (urgent, {"category": "GEZONDHEID", "field": "situatie"}, "R05"),
        (urgent, {"category": "STRAFRECHTELIJK", "field": "aard-incidenten"}, "R06"),
        (urgent, {"field": "huurschuld-bedrag"}, "R17"),
        (urgent, {"origin_partner": "politie"}, "R29"),
        ({**urgent, "sender_basis": "A6_1_f"}, {}, "R35"),
        ({**urgent, "emergency": {**DANGER, "danger": " "}}, {}, "R35"),
    ]
    for number, (statement, item, code) in enumerate(lies, start=1):
        letter = mallory.letter("gemeente", mallory.statement("gemeente", **statement), mallory.item(**item))
        await mallory.send("gemeente", mallory.wrap("gemeente", letter))
        await world.until(lambda number=number: len(receipts(world, "gemeente", "actium")) == number)
        outcome = receipts(world, "gemeente", "actium")[-1][0].data.outcomes[1]
        assert not outcome.accepted
        assert code in outcome.codes, (statement, item, outcome.codes)
    assert world.events("gemeente", "emergency/invoked/1") == []
    assert {r["code"] for r in world.nodes["gemeente"].ctx.ledger.rows("SELECT code FROM refusals")} >= {"R02", "R35"}
