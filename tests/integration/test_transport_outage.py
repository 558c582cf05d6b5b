"""What happens when something fails: handlers, connections, the broker, its disk."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from exchange.errors import BrokerError
from exchange.transport.broker import config_text
from exchange.transport.pull import BATCH, REQUESTS
from exchange.transport.server import LocalServer

PATIENCE_S = 60.0


async def lose(party):
    """Until the party has noticed that the broker is gone."""
    async with asyncio.timeout(PATIENCE_S):
        while party.transport.connected:  # noqa: ASYNC110 - the port tells a state, not an event
            await asyncio.sleep(0.01)


async def test_a_frame_put_off_comes_again_and_says_how_often(bench):
    gemeente, politie = await bench.party("gemeente"), await bench.party("politie")
    await gemeente.transport.publish("politie", b"not now")
    for attempt in (1, 2, 3):
        frame = await politie.frame()
        assert (frame.data, frame.attempts) == (b"not now", attempt)
        await frame.later(0.01)
    frame = await politie.frame()
    await frame.done()
    assert await bench.held("politie") == 0


async def test_a_frame_nobody_finished_comes_again_after_a_reconnect(bench):
    await bench.setup(ack_wait_s=1)
    gemeente, politie = await bench.party("gemeente"), await bench.party("politie")
    await gemeente.transport.publish("politie", b"crashed on this one")
    await politie.frame()
    await politie.transport.close()
    again = await bench.party("politie")
    frame = await again.frame()
    assert frame.data == b"crashed on this one"
    assert frame.attempts >= 2


async def test_a_frame_that_is_done_never_comes_again(bench):
    await bench.setup(ack_wait_s=1)
    gemeente, politie = await bench.party("gemeente"), await bench.party("politie")
    await gemeente.transport.publish("politie", b"once")
    await (await politie.frame()).done()
    await politie.transport.close()
    again = await bench.party("politie")
    await gemeente.transport.publish("politie", b"twice")
    assert (await again.frame()).data == b"twice"
    consumer = await bench.operator(f"CONSUMER.INFO.{bench.layout.names.inbox_stream('politie')}.politie")
    assert consumer["ack_floor"]["stream_seq"] >= 1
    assert consumer["num_ack_pending"] == 1


async def test_done_may_be_said_twice(bench):
    gemeente, politie = await bench.party("gemeente"), await bench.party("politie")
    await gemeente.transport.publish("politie", b"a")
    frame = await politie.frame()
    await frame.done()
    await frame.done()
    assert await bench.held("politie") == 0


async def test_a_handler_that_fails_gets_the_frame_again_and_does_not_close_the_door(bench):
    gemeente = await bench.party("gemeente")
    seen: asyncio.Queue[int] = asyncio.Queue()

    async def fragile(deliveries):
        for delivery in deliveries:
            seen.put_nowait(delivery.attempts)
            if delivery.attempts < 3:
                raise ValueError
            await delivery.done()

    async def fragile_control(message):
        seen.put_nowait(-1)
        if seen.qsize() < 2:
            raise ValueError

    transport = bench.transport("politie")
    await transport.start(fragile, fragile_control)
    await gemeente.transport.publish("politie", b"difficult")
    async with asyncio.timeout(PATIENCE_S):
        assert [await seen.get() for _ in range(3)] == [1, 2, 3]
        await gemeente.transport.publish_control("heartbeat", "politie", b"x")
        assert [await seen.get() for _ in range(2)] == [-1, -1]


async def test_the_broker_is_killed_and_comes_back_with_every_frame(bench):
    gemeente, politie = await bench.party("gemeente"), await bench.party("politie")
    waiting = [b"before %d" % n for n in range(20)]
    for frame in waiting:
        await gemeente.transport.publish("welzijn", frame)
    await gemeente.transport.publish("politie", b"in hand")
    in_hand = await politie.frame()
    os.kill(bench.server.pid, signal.SIGKILL)
    await asyncio.gather(lose(gemeente), lose(politie))
    with pytest.raises(BrokerError, match="cannot be reached"):
        await gemeente.transport.publish("politie", b"during")
    assert "cannot be reached" in str(gemeente.transport.problem)
    await gemeente.transport.wait_connected(PATIENCE_S)
    await politie.transport.wait_connected(PATIENCE_S)
    assert bench.server.restarts == 1
    await in_hand.done()  # over the new connection
    await gemeente.transport.publish("politie", b"after")
    following = await politie.frame()
    if following.data == b"in hand":  # the killed server may have forgotten that it had handed this over
        await following.done()
        following = await politie.frame()
    assert following.data == b"after"
    welzijn = await bench.party("welzijn")
    assert sorted([(await welzijn.frame()).data for _ in waiting]) == sorted(waiting)
    assert gemeente.transport.problem is None


async def test_who_waits_for_a_confirmation_hears_at_once_that_the_broker_died(bench):
    gemeente = await bench.party("gemeente")
    pid = bench.server.pid
    os.kill(pid, signal.SIGSTOP)
    waiting = [asyncio.create_task(gemeente.transport.publish("politie", b"x")) for _ in range(50)]
    await asyncio.sleep(0)
    os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(PATIENCE_S):
        results = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(result) for result in results} == {BrokerError}


async def test_what_was_pulled_but_not_handed_over_is_given_back_at_once(bench):
    gemeente = await bench.party("gemeente")
    for number in range(5):
        await gemeente.transport.publish("politie", b"%d" % number)
    busy, release = asyncio.Event(), asyncio.Event()

    async def slow(deliveries):
        busy.set()
        await release.wait()
        for delivery in deliveries:
            await delivery.done()

    async def nothing(_):
        raise AssertionError

    first = bench.transport("politie")
    await first.start(slow, nothing)
    await busy.wait()
    for number in range(5, 8):
        await gemeente.transport.publish("politie", b"%d" % number)
    async with asyncio.timeout(PATIENCE_S):
        # A lane tells what waits in it, not an event.
        while not {message.data for _, message in first._inbox.items} >= {b"5", b"6", b"7"}:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    closing = asyncio.create_task(first.close())
    await asyncio.sleep(0)
    release.set()
    await closing
    second = await bench.party("politie")
    given_back: list[bytes] = []
    async with asyncio.timeout(20):  # well below the thirty seconds after which they come by themselves
        while not given_back:
            delivery = await second.frames.get()
            given_back += [delivery.data] if delivery.attempts > 1 else []
    # The server may hand one of them to a request of the connection that just ended: that one comes when its time is over.
    async with asyncio.timeout(PATIENCE_S + bench.layout.ack_wait_s):
        while not {*given_back} >= {b"5", b"6", b"7"}:
            given_back.append((await second.frames.get()).data)


async def test_a_slow_handler_limits_what_is_pulled_into_memory(bench, until):
    gemeente = await bench.party("gemeente")
    number = (REQUESTS + 2) * BATCH
    await asyncio.gather(*(gemeente.transport.publish("politie", b"x") for _ in range(number)))
    release, handled = asyncio.Event(), []

    async def stuck(deliveries):
        assert len(deliveries) <= BATCH
        await release.wait()
        await asyncio.gather(*(delivery.done() for delivery in deliveries))
        handled.extend(deliveries)

    async def nothing(_):
        raise AssertionError

    transport = bench.transport("politie")
    await transport.start(stuck, nothing)
    info = f"CONSUMER.INFO.{bench.layout.names.inbox_stream('politie')}.politie"

    async def window_full():
        return (await bench.operator(info))["num_ack_pending"] >= (REQUESTS - 1) * BATCH

    await until(window_full)
    assert (await bench.operator(info))["num_ack_pending"] <= REQUESTS * BATCH
    release.set()

    async def all_handled():
        return len(handled) == number

    await until(all_handled)
    assert await bench.held("politie") == 0


async def test_a_full_broker_says_so_and_takes_frames_again_when_they_are_collected(bench):
    await bench.setup(inbox_bytes=64 * 1024)
    gemeente = await bench.party("gemeente")
    frames = [gemeente.transport.publish("politie", os.urandom(16 * 1024)) for _ in range(10)]
    results = await asyncio.gather(*frames, return_exceptions=True)
    assert {str(result) for result in results if result} == {
        "The broker is full for this recipient; the message waits until frames have been collected."
    }
    politie = await bench.party("politie")
    held = await bench.held("politie")
    for _ in range(held):
        await (await politie.frame()).done()
    await gemeente.transport.publish("politie", b"room again")
    assert (await politie.frame()).data == b"room again"


async def test_before_the_operator_ran_the_set_up_the_reason_is_told_and_afterwards_it_works(bench, tmp_path, until):
    config = config_text(bench.layout, store_dir=tmp_path / "empty", port=-1)
    async with LocalServer(tmp_path / "empty-server", config) as server:
        bench.server = server
        politie = await bench.party("politie")
        with pytest.raises(BrokerError, match="has to run the broker set-up"):
            await politie.transport.publish("gemeente", b"x")

        async def told():
            return "has to run the broker set-up" in str(politie.transport.problem)

        await until(told)
        await bench.setup()
        gemeente = await bench.party("gemeente")
        await gemeente.transport.publish("politie", b"now")
        assert (await politie.frame()).data == b"now"

        async def well():
            return politie.transport.problem is None

        await until(well)
        await asyncio.gather(politie.transport.close(), gemeente.transport.close())


async def test_the_set_up_can_run_again_over_frames_that_wait(bench):
    gemeente = await bench.party("gemeente")
    await gemeente.transport.publish("politie", b"waits")
    await bench.setup()
    await bench.setup(max_age_days=20)
    info = await bench.operator(f"STREAM.INFO.{bench.layout.names.inbox_stream('politie')}")
    assert info["config"]["max_age"] == 20 * 86_400 * 10**9
    politie = await bench.party("politie")
    assert (await politie.frame()).data == b"waits"


async def test_a_frame_wrapped_anew_is_not_taken_for_a_duplicate(bench):
    gemeente, politie = await bench.party("gemeente"), await bench.party("politie")
    await gemeente.transport.publish("politie", b"same bytes")
    await gemeente.transport.publish("politie", b"same bytes")
    assert (await politie.frame()).data == (await politie.frame()).data == b"same bytes"


async def test_a_stream_rebuilt_from_nothing_goes_on(bench):
    gemeente, politie = await bench.party("gemeente"), await bench.party("politie")
    for _ in range(3):
        await gemeente.transport.publish("politie", b"old")
        await (await politie.frame()).done()
    await bench.operator(f"STREAM.DELETE.{bench.layout.names.inbox_stream('politie')}")
    with pytest.raises(BrokerError):
        await gemeente.transport.publish("politie", b"lost")
    await bench.setup()
    await gemeente.transport.publish("politie", b"new")
    assert (await politie.frame()).data == b"new"
