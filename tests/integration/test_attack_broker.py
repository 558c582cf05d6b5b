"""A broker that loses, purges or rebuilds what it holds, under real nodes: it costs time, never a message."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

from case_forms import HOUSE, TO_GEMEENTE, share_form
from world import World

from exchange import hosting
from exchange.node import forms as f
from exchange.transport.broker import setup
from exchange.transport.link import Dial, Link
from exchange.transport.subjects import OPERATOR_INBOX


@contextlib.asynccontextmanager
async def two_nodes(home: Path) -> AsyncIterator[World]:
    async with World.founded(home, start=False) as world:
        await world.start("actium")
        await world.start("gemeente")
        await world.connected()
        yield world


async def operator(world: World, *calls: str) -> None:
    """What the broker's operator does by hand, and then runs the set-up again."""
    seed = hosting.operator_seed(world.home / "broker")
    layout = hosting.layout_of(world.signed, world.home / "broker")
    link = await Link.open(Dial(world.broker.url, seed, OPERATOR_INBOX))
    for call in calls:
        name = f"{call}.{layout.names.inbox_stream('gemeente')}"
        assert json.loads(await link.request(f"$JS.API.{name}", b""))["success"]
    await link.close()
    await setup(world.broker.url, seed, layout)


async def all_receipted(world: World, acts: list[f.ActAnswer]) -> None:
    """Until every message has its receipt; the clock goes on, so that repeats become due."""
    actium, worker = world.nodes["actium"], world.actor("actium")
    for _ in range(60):
        states = [(await actium.act(worker, act.act, wait_s=0.5)).messages[0].state for act in acts]
        if set(states) == {"receipted"}:
            return
        world.clock.forward(seconds=40)
        for node in world.nodes.values():
            node.housekeeping.wake()
    raise AssertionError(states)


def stored_once(world: World, count: int) -> None:
    ctx = world.nodes["gemeente"].ctx
    received = ctx.log.read_all(ctx.log.entries(0, 1000, ["message/received/1"]))
    assert len(received) == len({e.message for e in received}) == count
    assert sorted(e.sequence for e in received) == list(range(1, count + 1))


async def test_frames_purged_while_their_recipient_was_away_come_again(tmp_path):
    async with two_nodes(tmp_path) as world:
        jelle = await world.person("actium")
        acts = [await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE))]
        await world.stop("gemeente")
        acts += [await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE), 0) for _ in range(3)]
        actium = world.nodes["actium"]
        await world.until(lambda: [w.why for w in actium.outgoing.waiting()] == ["awaiting-receipt"] * 3)
        await operator(world, "STREAM.PURGE")
        await world.start("gemeente")
        await all_receipted(world, acts)
        stored_once(world, 4)


async def test_an_inbox_stream_rebuilt_from_nothing_under_running_nodes(tmp_path):
    """It starts again at sequence 1, which a node that trusts stream positions would refuse for ever."""
    async with two_nodes(tmp_path) as world:
        jelle = await world.person("actium")
        acts = [await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE)) for _ in range(3)]
        await operator(world, "STREAM.DELETE")
        acts += [await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE), 0) for _ in range(3)]
        await all_receipted(world, acts)
        stored_once(world, 6)
        worker = world.actor("gemeente")
        steps = [step async for step in world.nodes["gemeente"].verify_log(worker)]
        assert steps[-1].ok, steps[-1].problem
