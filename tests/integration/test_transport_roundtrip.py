from __future__ import annotations

import asyncio
import os


async def test_a_frame_reaches_its_recipient_with_the_senders_name(bench):
    gemeente, politie = await bench.party("gemeente"), await bench.party("politie")
    frame = os.urandom(3000)
    await gemeente.transport.publish("politie", frame)
    got = await politie.frame()
    assert (got.sender, got.data, got.attempts) == ("gemeente", frame, 1)
    await got.done()


async def test_control_messages_reach_everyone_or_only_the_one_they_are_for(bench):
    gemeente, politie, welzijn = [await bench.party(slug) for slug in ("gemeente", "politie", "welzijn")]
    await gemeente.transport.publish_control("prekeys", None, b"bundle 1")
    await gemeente.transport.publish_control("heartbeat", "politie", b"for the police")
    await gemeente.transport.publish_control("heartbeat", "welzijn", b"for welfare")
    first, second = await politie.news(), await politie.news()
    assert {(m.kind, m.sender, m.recipient, m.data) for m in (first, second)} == {
        ("prekeys", "gemeente", None, b"bundle 1"),
        ("heartbeat", "gemeente", "politie", b"for the police"),
    }
    assert {(await welzijn.news()).data, (await welzijn.news()).data} == {b"bundle 1", b"for welfare"}
    assert gemeente.control.empty()


async def test_who_was_away_gets_only_the_newest_control_message(bench):
    gemeente = await bench.party("gemeente")
    for number in range(5):
        await gemeente.transport.publish_control("prekeys", None, b"bundle %d" % number)
    politie = await bench.party("politie")
    assert (await politie.news()).data == b"bundle 4"
    await gemeente.transport.publish_control("prekeys", None, b"bundle 5")
    assert (await politie.news()).data == b"bundle 5"


async def test_a_thousand_frames_in_flight_all_arrive_once(bench):
    gemeente, politie = await bench.party("gemeente"), await bench.party("politie")
    frames = [b"%06d" % n + os.urandom(500) for n in range(1000)]
    await asyncio.gather(*(gemeente.transport.publish("politie", frame) for frame in frames))
    got = [await politie.frame() for _ in frames]
    assert sorted(delivery.data for delivery in got) == frames
    await asyncio.gather(*(delivery.done() for delivery in got))
    assert politie.frames.empty()
