"""Node processes and the broker are killed in the middle of their work; afterwards nothing is lost and nothing doubled."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from pathlib import Path
from uuid import UUID

import pytest
from case_forms import HOUSE, TO_WELZIJN, share_form
from oracle import check_exchange
from world import World

from exchange.node import forms as f
from exchange.node.service import Idempotency

RECEIVER = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from world import SECRET, HandClock
from exchange import app

async def main():
    node = app.open_node(Path({directory!r}), SECRET, clock=HandClock())
    await node.start()
    print("up", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


class Process:
    """A node of its own, to be killed."""

    def __init__(self, world: World, slug: str) -> None:
        self._source = RECEIVER.format(tests=str(Path(__file__).parent.parent), directory=str(world.directory(slug)))
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", self._source, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        assert self._process.stdout is not None
        while (line := await self._process.stdout.readline()) != b"up\n":
            assert line, "the node did not start again after it was killed"

    async def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()
            self._process = None


async def _receipted(world: World, act: UUID) -> bool:
    answer = await world.nodes["actium"].act(world.actor("actium"), act)
    return all(m.state == "receipted" for m in answer.messages)


async def _disclose(world: World, jelle: UUID, number: int) -> UUID:
    form = share_form(jelle, [TO_WELZIJN], HOUSE)
    actium = world.nodes["actium"]
    answer: f.ActAnswer = await actium.share(world.actor("actium"), form, Idempotency(f"zaak-{number}"))
    return answer.act


async def _all_receipted(world: World, acts: list[UUID]) -> None:
    for act in acts:
        ends = asyncio.get_running_loop().time() + 60
        while not await _receipted(world, act):
            assert asyncio.get_running_loop().time() < ends, "a receipt never came"
            world.clock.forward(seconds=30)  # the outbox tries again by the clock
            await world.nodes["actium"].act(world.actor("actium"), act, wait_s=0.5)


@pytest.mark.parametrize("seed", [1, 2])
async def test_kill_9_of_the_receiver_loses_nothing_and_doubles_nothing(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - when to kill, not a secret
    async with World.founded(tmp_path, start=False) as world:
        await world.start("actium")
        receiver = Process(world, "welzijn")
        try:
            await receiver.start()
            jelle = await world.person("actium")
            acts = []
            for number in range(12):
                acts.append(await _disclose(world, jelle, number))
                if number % 4 == 3:
                    await world.nodes["actium"].act(world.actor("actium"), acts[-1], wait_s=chance.random() / 4)
                    await receiver.kill()
                    await receiver.start()
            await _all_receipted(world, acts)
        finally:
            await receiver.kill()
        await world.stop("actium")
        assert check_exchange(world)["actium"] == 12


async def test_kill_9_of_the_broker_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    async with World.founded(tmp_path) as world:
        jelle = await world.person("actium")
        acts = []
        for number in range(12):
            acts.append(await _disclose(world, jelle, number))
            if number % 4 == 3:
                assert world.broker is not None
                await world.broker.wait_ready()  # it may still be coming back from the last time
                assert world.broker.pid is not None
                os.kill(world.broker.pid, signal.SIGKILL)
        await _all_receipted(world, acts)
        for slug in list(world.nodes):
            await world.stop(slug)
        assert check_exchange(world)["actium"] == 12


SENDER = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from world import SECRET, HandClock
from case_forms import HOUSE, TO_WELZIJN, share_form
from exchange import app
from exchange.node.service import Idempotency
from uuid import UUID
import os

async def main():
    node = app.open_node(Path({directory!r}), SECRET, clock=HandClock())
    await node.start()
    actor = node.actors_of_uid(os.getuid())[0]
    for number in range(200):
        await node.share(actor, share_form(UUID({jelle!r}), [TO_WELZIJN], HOUSE), Idempotency(str(number)))
        print(number, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.parametrize("after", [3, 11])
async def test_kill_9_of_the_sender_keeps_what_it_promised_and_sends_it_once(tmp_path: Path, after: int) -> None:
    async with World.founded(tmp_path, start=False) as world:
        await world.start("welzijn")
        await world.start("actium")
        await world.connected()
        jelle = await world.person("actium")
        await world.stop("actium")
        source = SENDER.format(
            tests=str(Path(__file__).parent.parent), directory=str(world.directory("actium")), jelle=str(jelle)
        )
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", source, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        assert process.stdout is not None
        promised = 0
        while (line := await process.stdout.readline()) != f"{after}\n".encode():
            assert line.strip().isdigit() or line.startswith(b"2026"), "the sender ended by itself"
        promised = after + 1
        process.send_signal(signal.SIGKILL)
        await process.wait()

        await world.start("actium")
        actium = world.nodes["actium"]
        await world.until(lambda: not actium.outgoing.waiting(), within_s=60)
        assert actium.ctx.ledger.count("messages WHERE direction='sent' AND state='receipted'") >= promised
        for slug in list(world.nodes):
            await world.stop(slug)
        assert check_exchange(world)["actium"] >= promised
