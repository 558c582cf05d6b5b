"""An older copy of a log put back: the node must not say a second time, and otherwise, what it said already (protocol §5)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from case_forms import HOUSE, TO_GEMEENTE, share_form
from memory_world import MemoryWorld

from exchange.errors import SetupError
from exchange.node import forms as f
from exchange.wire import control
from exchange.wire.codec import encode_model

PAIR = ("actium", "gemeente")


@pytest.fixture
async def world(founded: Path, tmp_path: Path):
    async with MemoryWorld.copied(founded, tmp_path, PAIR) as made:
        yield made


async def shared(world: MemoryWorld, jelle, wait_s: float = 60) -> f.ActAnswer:
    return await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE), wait_s)


def copy(world: MemoryWorld, name: str, *files: str) -> None:
    """A backup of a stopped node: these files of it, or all."""
    source, target = world.directory("actium"), world.home / name
    target.mkdir()
    for path in source.iterdir():
        if path.is_file() and (not files or path.name in files):
            shutil.copy(path, target / path.name)


def put_back(world: MemoryWorld, name: str) -> None:
    for path in (world.home / name).iterdir():
        for stale in world.directory("actium").glob(path.name + "*"):
            stale.unlink()
        shutil.copy(path, world.directory("actium") / path.name)


async def told(world: MemoryWorld, sender: str, **claim: int) -> None:
    """A heartbeat of ``sender`` to Actium, with what it claims."""
    node, actium = world.nodes[sender], world.nodes["actium"]
    beat = node.housekeeping.heartbeat("actium", world.clock.now())
    beat = beat.model_copy(update=claim)
    await node.housekeeping._publish(control.ControlKind.HEARTBEAT, "actium", encode_model(beat))
    await world.until(lambda: actium.partners.heartbeat(sender) == beat)


async def test_a_node_with_an_older_log_than_its_vault_writes_and_sends_nothing_and_says_so(world):
    jelle = await world.person("actium")
    await shared(world, jelle)
    await world.stop("actium")
    copy(world, "old", "log.db")
    await world.start("actium")
    sent = [(await shared(world, jelle)).messages[0].message for _ in range(3)]
    await world.stop("actium")
    copy(world, "new")
    put_back(world, "old")

    frames = len(world.frames)
    actium = await world.start("actium")
    worker, size = world.actor("actium"), actium.ctx.log.size
    status = await actium.status()
    assert "log-older" in status.warnings
    assert status.broker == "disconnected"
    with pytest.raises(SetupError, match="put back"):
        await shared(world, jelle, 0)
    with pytest.raises(SetupError):  # what lacks its end would be told wrongly, and cannot be recorded
        await actium.who_knows(worker, f.WhoKnowsQuery(subject=jelle))
    assert actium.ctx.log.size == size
    assert [step async for step in actium.verify_log(worker)][-1].ok
    assert [step async for step in actium.replay_log(worker)][-1].ok
    await world.stop("actium")
    assert len(world.frames) == frames
    assert world.events("gemeente", "equivocation/found/1") == []

    put_back(world, "new")  # the way out: the newest copy. Nothing of it was destroyed meanwhile
    actium = await world.start("actium")
    assert "log-older" not in (await actium.status()).warnings
    assert (await shared(world, jelle)).messages[0].state == "receipted"
    assert len(world.received("gemeente")) == len(sent) + 2
    assert await actium.read_message(world.actor("actium"), sent[-1])


async def test_a_whole_directory_put_back_is_found_out_by_what_the_partner_holds(world):
    jelle = await world.person("actium")
    await shared(world, jelle)
    await world.stop("actium")
    copy(world, "old")
    await world.start("actium")
    for _ in range(3):
        await shared(world, jelle)
    await world.stop("actium")
    put_back(world, "old")
    actium = await world.start("actium")
    await told(world, "gemeente")
    assert "partner-holds-more" in (await actium.status()).warnings
    assert [(a.alarm, a.partner) for a in world.events("actium", "alarm/raised/1")] == [("log-older", "gemeente")]
    frames = len(world.between(*PAIR))
    await shared(world, jelle, 0)
    await world.until(lambda: actium.outgoing.waiting()[-1].why == "partner-holds-more")
    assert len(world.between(*PAIR)) == frames
    assert world.events("gemeente", "equivocation/found/1") == []
    await told(world, "gemeente")
    assert len(world.events("actium", "alarm/raised/1")) == 1


async def test_one_partner_that_claims_too_much_stops_only_what_goes_to_itself_and_two_stop_everything(
    founded, tmp_path
):
    async with MemoryWorld.copied(founded, tmp_path, ("actium", "gemeente", "welzijn")) as world:
        actium, jelle = world.nodes["actium"], await world.person("actium")
        await told(world, "welzijn", accepted_upto=1000)
        assert (await shared(world, jelle)).messages[0].state == "receipted"
        await told(world, "gemeente", missing=[5])
        frames = len(world.between(*PAIR))
        await shared(world, jelle, 0)
        await world.until(lambda: actium.outgoing.waiting()[-1].why == "partner-holds-more")
        assert len(world.between(*PAIR)) == frames
        await told(world, "gemeente")  # an honest word again: it goes
        actium.outgoing.hurry()
        await world.until(lambda: len(world.received("gemeente")) == 2)
