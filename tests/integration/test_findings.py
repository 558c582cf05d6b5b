"""What the node says of itself in its log, and what the caller's own system leaves there."""

from __future__ import annotations

from pathlib import Path

import pytest
from case_forms import HOUSE, TO_GEMEENTE, share_form
from memory_world import MemoryWorld

from exchange.node.service import Idempotency

PAIR = ("actium", "gemeente")
CASE = "ZAAK-2026-Fictielaan"


@pytest.fixture
async def world(founded: Path, tmp_path: Path):
    async with MemoryWorld.copied(founded, tmp_path, PAIR) as made:
        yield made


async def test_a_partner_that_is_silent_for_a_day_is_an_alarm_once_until_it_is_heard_again(world):
    actium = world.nodes["actium"]

    def alarms() -> int:
        return sum(a.alarm == "silence" and a.partner == "gemeente" for a in world.events("actium", "alarm/raised/1"))

    await world.until(lambda: actium.partners.heartbeat("gemeente"))
    await world.stop("gemeente")
    for hours, expected in ((23, 0), (2, 1), (24, 1)):
        world.clock.forward(hours=hours)
        await actium.housekeeping.step()
        assert alarms() == expected, hours
    gemeente = await world.start("gemeente")
    await gemeente.housekeeping.step()
    await world.until(lambda: actium.partners.heard_at("gemeente") == world.clock.at)
    await world.stop("gemeente")
    world.clock.forward(hours=25)
    await actium.housekeeping.step()
    assert alarms() == 2


async def test_a_node_says_goodbye_with_its_last_numbers(world):
    """What a broker withholds shows at once, not after ten minutes."""
    world.withheld.add(PAIR)
    await world.share("actium", share_form(await world.person("actium"), [TO_GEMEENTE], HOUSE), 0)
    gemeente = world.nodes["gemeente"]
    assert gemeente.partners.heartbeat("actium").last_sent == 0
    world.clock.forward(seconds=5)
    await world.stop("actium")
    await world.until(lambda: gemeente.partners.heartbeat("actium").last_sent == 1)


async def test_the_case_number_of_the_callers_system_is_sealed_and_stays_here(world):
    actium, worker = world.nodes["actium"], world.actor("actium")
    form = share_form(await world.person("actium"), [TO_GEMEENTE], HOUSE, external_reference=CASE)
    answer = await actium.share(worker, form, Idempotency("verzoek-1"))
    await actium.act(worker, answer.act, wait_s=60)
    (kept,) = world.events("actium", "command/accepted/1")
    assert kept.external_reference == CASE
    for frame in world.between(*PAIR):
        opened = world.open_frame("gemeente", frame)
        assert CASE.encode() not in opened.header
    item = world.received("gemeente")[0]
    assert CASE not in (await world.nodes["gemeente"].read_message(world.actor("gemeente"), item)).model_dump_json()
    for slug in PAIR:
        await world.stop(slug)
        for path in world.directory(slug).rglob("*"):
            assert not path.is_file() or CASE.encode() not in path.read_bytes(), path.name
