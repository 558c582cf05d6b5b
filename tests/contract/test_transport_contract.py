"""What every Transport promises the node: once for the broker in memory, once for NATS JetStream."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
import sys
from pathlib import Path

import pytest

from exchange.errors import BrokerError, SetupError
from exchange.transport.broker import BrokerLayout, BrokerPartner, config_text, setup
from exchange.transport.client import Backoff, NatsTransport
from exchange.transport.keys import generate_seed, public_of
from exchange.transport.server import LocalServer

SLUGS = ("gemeente", "politie", "welzijn")
TAG = "00112233445566aa"
PATIENCE_S = 60.0


class MemoryWorld:
    def __init__(self):
        path = Path(__file__).parent.parent / "fakes" / "transport.py"
        spec = importlib.util.spec_from_file_location("fake_transport", path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        self.broker = module.MemoryBroker(SLUGS, automatic=True)

    def transport(self, slug):
        return self.broker.transport(slug)

    async def outage(self):
        self.broker.outage()

    async def back(self):
        self.broker.back()

    async def held(self, slug):
        return len(self.broker.inboxes[slug])


class NatsWorld:
    def __init__(self, server, layout, seeds, operator):
        self.server, self.layout, self.seeds, self.operator = server, layout, seeds, operator
        self.pid = server.pid

    def transport(self, slug):
        return NatsTransport(self.server.url, slug, TAG, self.seeds[slug], backoff=Backoff(0.02, 0.1, 0.05, settle=0))

    async def outage(self):
        os.kill(self.server.pid, signal.SIGKILL)

    async def back(self):
        await self.server.wait_ready()


@pytest.fixture(params=["memory", "nats"])
async def world(request, tmp_path):
    if request.param == "memory":
        yield MemoryWorld()
        return
    seeds, operator = {slug: generate_seed() for slug in SLUGS}, generate_seed()
    partners = tuple(BrokerPartner(slug, public_of(seed)) for slug, seed in seeds.items())
    layout = BrokerLayout(TAG, partners, public_of(operator), ack_wait_s=1)
    async with LocalServer(tmp_path / "s", config_text(layout, store_dir=tmp_path / "js", port=-1)) as server:
        await setup(server.url, operator, layout)
        yield NatsWorld(server, layout, seeds, operator)


class Party:
    def __init__(self, transport):
        self.transport = transport
        self.frames, self.news = asyncio.Queue(), asyncio.Queue()

    async def on_inbox(self, deliveries):
        assert deliveries
        assert isinstance(deliveries, list)
        for delivery in deliveries:
            self.frames.put_nowait(delivery)

    async def on_control(self, message):
        self.news.put_nowait(message)

    async def connected(self, state=True):  # noqa: FBT002
        async with asyncio.timeout(PATIENCE_S):
            while self.transport.connected is not state:  # noqa: ASYNC110 - the port tells a state, not an event
                await asyncio.sleep(0.01)

    async def drained(self):
        async with asyncio.timeout(PATIENCE_S):
            while not self.transport.drained:  # noqa: ASYNC110 - the port tells a state, not an event
                await asyncio.sleep(0.01)

    async def frame(self):
        async with asyncio.timeout(PATIENCE_S):
            return await self.frames.get()

    async def word(self):
        async with asyncio.timeout(PATIENCE_S):
            return await self.news.get()


@pytest.fixture
async def join(world):
    joined = []

    async def _join(slug):
        party = Party(world.transport(slug))
        joined.append(party)
        await party.transport.start(party.on_inbox, party.on_control)
        await party.connected()
        return party

    yield _join
    await asyncio.gather(*(party.transport.close() for party in joined))


async def test_a_frame_arrives_byte_for_byte_with_its_sender(join):
    gemeente, politie, welzijn = await join("gemeente"), await join("politie"), await join("welzijn")
    frame = bytes(range(256)) * 40
    await gemeente.transport.publish("politie", frame)
    got = await politie.frame()
    assert (got.sender, got.data, got.attempts) == ("gemeente", frame, 1)
    await got.done()
    await gemeente.transport.publish("welzijn", b"marks the end")
    assert (await welzijn.frame()).data == b"marks the end"
    assert politie.frames.empty()


async def test_a_frame_for_who_is_away_waits(join):
    gemeente = await join("gemeente")
    await gemeente.transport.publish("politie", b"for when you are back")
    assert (await (await join("politie")).frame()).data == b"for when you are back"


async def test_a_frame_put_off_comes_again_with_a_higher_count(join):
    gemeente, politie = await join("gemeente"), await join("politie")
    await gemeente.transport.publish("politie", b"x")
    await (await politie.frame()).later(0)
    again = await politie.frame()
    assert (again.data, again.attempts) == (b"x", 2)


async def test_a_frame_neither_done_nor_put_off_comes_again(join):
    gemeente, politie = await join("gemeente"), await join("politie")
    await gemeente.transport.publish("politie", b"x")
    await politie.frame()
    await politie.transport.close()
    again = await (await join("politie")).frame()
    assert again.data == b"x"
    assert again.attempts >= 2  # a busy machine may let the broker's patience run out more than once


async def test_after_done_a_frame_never_comes_again(join):
    gemeente, politie = await join("gemeente"), await join("politie")
    await gemeente.transport.publish("politie", b"once")
    frame = await politie.frame()
    await frame.done()
    await frame.done()
    await politie.transport.close()
    again = await join("politie")
    await gemeente.transport.publish("politie", b"next")
    assert (await again.frame()).data == b"next"
    assert again.frames.empty()


async def test_drained_means_that_every_frame_was_seen(join, world):
    gemeente, politie = await join("gemeente"), await join("politie")
    await politie.drained()  # also when nothing ever came
    await gemeente.transport.publish("politie", b"one")
    await gemeente.transport.publish("politie", b"two")
    one, two = await politie.frame(), await politie.frame()
    assert not politie.transport.drained  # both in hand
    await one.done()
    assert not politie.transport.drained  # one still is
    await two.later(3600)
    await politie.drained()  # put off is seen
    await world.outage()
    await politie.connected(state=False)
    assert not politie.transport.drained  # who cannot look does not know
    await politie.transport.close()
    assert not politie.transport.drained


async def test_what_waits_at_the_broker_is_not_drained(join, world):
    gemeente = await join("gemeente")
    for number in range(3):
        await gemeente.transport.publish("politie", b"%d" % number)
    politie = Party(world.transport("politie"))
    assert not politie.transport.drained
    await politie.transport.start(politie.on_inbox, politie.on_control)
    seen = False
    async with asyncio.timeout(PATIENCE_S):
        while politie.frames.qsize() < 3:
            seen = seen or politie.transport.drained
            await asyncio.sleep(0)
    assert not seen
    assert not politie.transport.drained
    await asyncio.gather(*[politie.frames.get_nowait().done() for _ in range(3)])
    await politie.drained()
    await politie.transport.close()


async def test_equal_frames_are_two_frames(join):
    gemeente, politie = await join("gemeente"), await join("politie")
    await gemeente.transport.publish("politie", b"same")
    await gemeente.transport.publish("politie", b"same")
    assert [(await politie.frame()).data, (await politie.frame()).data] == [b"same", b"same"]


async def test_the_control_lane_keeps_the_newest_per_kind_sender_and_recipient(join):
    gemeente = await join("gemeente")
    for number in range(3):
        await gemeente.transport.publish_control("prekeys", None, b"%d" % number)
    await gemeente.transport.publish_control("heartbeat", "politie", b"for politie")
    await gemeente.transport.publish_control("heartbeat", "welzijn", b"for welzijn")
    politie = await join("politie")
    got = {(m.kind, m.sender, m.recipient, m.data) for m in (await politie.word(), await politie.word())}
    assert got == {
        ("prekeys", "gemeente", None, b"2"),
        ("heartbeat", "gemeente", "politie", b"for politie"),
    }
    await gemeente.transport.publish_control("prekeys", None, b"3")
    assert (await politie.word()).data == b"3"
    assert politie.news.empty()
    assert gemeente.news.empty()


async def test_during_an_outage_everything_is_refused_and_afterwards_nothing_is_lost(join, world):
    gemeente, politie = await join("gemeente"), await join("politie")
    await gemeente.transport.publish("welzijn", b"waits")
    await gemeente.transport.publish("politie", b"in hand")
    in_hand = await politie.frame()
    await world.outage()
    await gemeente.connected(state=False)
    await politie.connected(state=False)
    for attempt in (
        gemeente.transport.publish("politie", b"lost"),
        gemeente.transport.publish_control("heartbeat", None, b"lost"),
        in_hand.done(),
        in_hand.later(1),
    ):
        with pytest.raises(BrokerError):
            await attempt
    await world.back()
    await gemeente.connected()
    await politie.connected()
    await in_hand.done()
    assert (await (await join("welzijn")).frame()).data == b"waits"


async def test_too_large_and_for_nobody_are_refused(join):
    gemeente = await join("gemeente")
    with pytest.raises(BrokerError, match="524289"):
        await gemeente.transport.publish("politie", b"x" * (512 * 1024 + 1))
    with pytest.raises(BrokerError, match="no stream"):
        await gemeente.transport.publish("stranger", b"x")
    politie = await join("politie")
    await gemeente.transport.publish("politie", b"x" * (512 * 1024))
    assert len((await politie.frame()).data) == 512 * 1024


async def test_before_the_start_and_after_the_end_nothing_goes_out(world):
    transport = world.transport("gemeente")

    async def nothing(_):
        raise AssertionError

    assert not transport.connected
    with pytest.raises(BrokerError):
        await transport.publish("politie", b"x")
    await transport.start(nothing, nothing)
    with pytest.raises(SetupError):
        await transport.start(nothing, nothing)
    await transport.close()
    await transport.close()
    assert not transport.connected
    with pytest.raises(BrokerError):
        await transport.publish("politie", b"x")
    with pytest.raises(SetupError):
        await transport.start(nothing, nothing)
