"""After ``done`` the broker's disk holds no byte of the frame."""

from __future__ import annotations

import asyncio
import os

import pytest

from exchange.transport.delivery import OVERWRITE_UP_TO


def traces(store, frames):
    """In how many places any 24-byte piece of the frames' middles is still on the broker's disk."""
    canaries = [frame[len(frame) // 2 :][:24] for frame in frames]
    found = 0
    for path in store.rglob("*"):
        try:
            data = path.read_bytes() if path.is_file() else b""
        except FileNotFoundError:  # the server unlinked it meanwhile
            continue
        found += sum(canary in data for canary in canaries)
    return found


@pytest.mark.parametrize("number", [1, OVERWRITE_UP_TO, 300])
async def test_frames_that_are_done_leave_no_bytes_on_the_brokers_disk(bench, until, number):
    gemeente, politie = await bench.party("gemeente"), await bench.party("politie")
    frames = [os.urandom(2000) for _ in range(number)]
    await asyncio.gather(*(gemeente.transport.publish("politie", frame) for frame in frames))
    got = [await politie.frame() for _ in frames]

    async def all_there():
        return traces(bench.store, frames) >= number

    await until(all_there)  # the positive control: the scan sees them before
    await asyncio.gather(*(delivery.done() for delivery in got))

    async def none_left():
        return traces(bench.store, frames) == 0

    await until(none_left)


async def test_a_frame_is_overwritten_also_while_its_neighbour_still_waits(bench, until):
    gemeente, politie = await bench.party("gemeente"), await bench.party("politie")
    stays, goes = os.urandom(2000), os.urandom(2000)
    await gemeente.transport.publish("politie", stays)
    await politie.frame()
    await gemeente.transport.publish("politie", goes)
    await (await politie.frame()).done()

    async def gone():
        return traces(bench.store, [goes]) == 0

    await until(gone)
    assert traces(bench.store, [stays]) == 1
