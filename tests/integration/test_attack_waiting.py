"""A hostile partner that keeps frames waiting with the broker until nobody else is read any more."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from memory_world import Mallory, MemoryWorld, receipts

from exchange.node import awaiting, postponed
from exchange.node.awaiting import PATIENCE
from exchange.transport.broker import _MAX_ACK_PENDING

PARTNERS = ("actium", "gemeente", "welzijn")


@pytest.fixture
async def world(founded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(postponed, "MOST", 5)
    async with MemoryWorld.copied(founded, tmp_path, PARTNERS) as made:
        yield made


def frames(mallory: Mallory, how: str, count: int) -> list[bytes]:
    """So many frames that a node might leave with the broker."""
    made = []
    same = mallory.letter("welzijn", {**mallory.statement("welzijn"), "case": str(uuid4())}, mallory.item())
    for _ in range(count):
        if how == "one invented case, wrapped again and again":
            made.append(mallory.wrap("welzijn", same))
            continue
        letter = mallory.letter("welzijn")
        if how == "dated into the future":
            letter = mallory.letter("welzijn", at=mallory.world.clock.at + timedelta(days=365))
        else:
            letter.header["type"] = "nl.buurtteams.ooit.v9"
        made.append(mallory.wrap("welzijn", letter))
    return made


HOSTILE = ("dated into the future", "of a kind that no release knows", "one invented case, wrapped again and again")


@pytest.mark.parametrize("how", HOSTILE)
async def test_one_partner_cannot_fill_what_the_broker_hands_out_and_the_others_are_read(world, how):
    mallory, fair = Mallory(world, "actium"), Mallory(world, "gemeente")
    ends = [taken.ended for taken in await mallory.send("welzijn", *frames(mallory, how, 9))]
    assert ends == [["later"]] * 5 + [["done"]] * 4
    assert len(world.parked("welzijn")) == 4  # not lost: an operator can ask for them again
    statement = {**fair.statement("welzijn"), "sender_basis": "A6_1_e", "sender_task": "wmo"}
    (taken,) = await fair.send("welzijn", fair.frame("welzijn", statement, fair.item()))
    assert taken.ended == ["done"]
    assert not {code for r, _ in receipts(world, "welzijn", "gemeente") for o in r.data.outcomes for code in o.codes}


async def test_the_frames_that_wait_come_again_without_being_counted_twice_and_make_room_when_they_are_gone(world):
    mallory = Mallory(world, "actium")
    waiting = frames(mallory, "dated into the future", 5)
    for _ in range(3):
        assert [taken.ended for taken in await mallory.send("welzijn", *waiting)] == [["later"]] * 5
        world.clock.forward(minutes=5)
    world.clock.forward(minutes=30)  # they were deleted at the broker
    fresh = frames(mallory, "dated into the future", 5)
    assert [taken.ended for taken in await mallory.send("welzijn", *fresh)] == [["later"]] * 5


async def test_a_full_disk_of_our_own_counts_against_nobody(world, monkeypatch):
    mallory, node = Mallory(world, "actium"), world.nodes["welzijn"]

    def locked(*_: object) -> None:
        from exchange.errors import StorageError  # noqa: PLC0415 - only here

        raise StorageError("The disk is full.")

    letters = [mallory.frame("welzijn") for _ in range(8)]
    monkeypatch.setattr(node.ctx.prekeys, "opener", locked)
    assert [taken.ended for taken in await mallory.send("welzijn", *letters)] == [["later"]] * 8
    monkeypatch.undo()
    assert [taken.ended for taken in await mallory.send("welzijn", *letters)] == [["done"]] * 8
    assert world.parked("welzijn") == []


async def test_what_waited_by_a_clock_that_was_ahead_takes_nobodys_place_for_longer(world, monkeypatch):
    monkeypatch.setattr(awaiting, "MOST", 2)
    mallory = Mallory(world, "actium")

    async def invented() -> list[str]:
        case = {**mallory.statement("welzijn"), "case": str(uuid4())}
        (taken,) = await mallory.send("welzijn", mallory.frame("welzijn", case, mallory.item()))
        return taken.ended

    world.clock.forward(hours=10)
    assert [await invented() for _ in range(3)] == [["later"], ["later"], ["done"]]
    world.clock.forward(hours=-10)
    assert await invented() == ["done"]
    world.clock.at += 2 * PATIENCE
    assert await invented() == ["later"]


def test_the_bound_leaves_the_broker_room_for_many_partners() -> None:
    assert postponed.MOST * 8 < _MAX_ACK_PENDING
