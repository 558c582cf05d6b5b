"""Poison: a frame that can never be read is parked once, listed, asked for again or dropped, and never spins a node."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from uuid import uuid4

import pytest
from case_forms import HOUSE, TO_GEMEENTE, share_form
from memory_world import Mallory, MemoryWorld, Taken

from exchange.crypto import envelope
from exchange.crypto.labels import H
from exchange.errors import ConflictError, NotFoundError, WireError
from exchange.node import forms as f
from exchange.node import receiving, recording

PAIR = ("actium", "gemeente")


@pytest.fixture
async def world(founded: Path, tmp_path: Path):
    async with MemoryWorld.copied(founded, tmp_path, PAIR) as made:
        yield made


POISON = [
    b"",
    b"CVX1",
    bytes(5000),
    b"CVX1\x02\0\0\0" + bytes(3000),
    b"x" * (512 * 1024 + 1),
    b"CVX1\x01\0\0\0" + b"\xff" * 2000,
]


async def test_poison_frames_are_parked_once_however_often_they_come(world):
    gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
    honest = Mallory(world, "actium")
    for _ in range(3):
        for taken in await world.deliver("gemeente", "actium", *POISON):
            assert taken.ended == ["done"]
    (taken,) = await honest.send("gemeente", honest.frame("gemeente"))
    assert taken.ended == ["done"]
    listed = await gemeente.parked(worker)
    assert len(listed) == len(POISON)
    assert {p.frame for p in listed} == {H(frame).hex() for frame in POISON}
    assert {p.reason for p in listed} == {"frame-malformed", "suite-unknown", "frame-too-large"}
    assert {p.state for p in listed} == {"parked"}
    assert (await gemeente.status()).parked == len(POISON)
    await world.stop("gemeente")
    await world.start("gemeente")
    for taken in await world.deliver("gemeente", "actium", *POISON):
        assert taken.ended == ["done"]
    assert len(await world.nodes["gemeente"].parked(worker)) == len(POISON)


async def test_a_fault_of_our_own_in_reading_parks_the_frame_and_spares_its_neighbours(world, monkeypatch):
    """Whatever a frame brings to light, it must not come again for ever, nor take the batch along."""
    mallory = Mallory(world, "actium")
    frames = [mallory.frame("gemeente") for _ in range(3)]
    honest = receiving.open_delivery

    def faulty(*args):
        if args[4] == frames[1]:
            raise ZeroDivisionError
        return honest(*args)

    monkeypatch.setattr(receiving, "open_delivery", faulty)
    for taken in await mallory.send("gemeente", *frames):
        assert taken.ended == ["done"]
    assert world.parked("gemeente") == ["unreadable"]
    assert len(world.received("gemeente")) == 2


async def test_a_fault_of_our_own_in_storing_parks_the_frame_and_spares_its_neighbours(world, monkeypatch):
    mallory = Mallory(world, "actium")
    letters = [mallory.letter("gemeente") for _ in range(3)]
    honest = recording.record_received

    def faulty(tx, ctx, incoming, parts):
        honest(tx, ctx, incoming, parts)
        if incoming.message == letters[1].message:
            raise KeyError

    monkeypatch.setattr(recording, "record_received", faulty)
    for taken in await mallory.send("gemeente", *[mallory.wrap("gemeente", letter) for letter in letters]):
        assert taken.ended == ["done"]
    assert world.parked("gemeente") == ["unreadable"]
    assert world.received("gemeente") == [letters[0].message, letters[2].message]
    assert len(world.events("gemeente", "item/recorded/1")) == 2  # nothing half done is left of the third
    (taken,) = await mallory.send("gemeente", mallory.frame("gemeente"))
    assert taken.ended == ["done"]  # the writer goes on


async def test_a_full_disk_puts_frames_off_and_parks_nothing(world, monkeypatch):
    mallory = Mallory(world, "actium")
    gemeente = world.nodes["gemeente"]
    frames = [mallory.frame("gemeente"), b"poison"]
    with monkeypatch.context() as full:

        def refuse(*_, **__):
            raise sqlite3.OperationalError("database or disk is full")

        full.setattr(gemeente.ctx.log._recorder, "insert_events", refuse)
        for attempt in range(1, 5):
            taken = [Taken("actium", frame, attempts=attempt) for frame in frames]
            await gemeente.inbox_handler.take(list(taken))
            assert [t.ended for t in taken] == [["later"], ["later"]]
    assert world.received("gemeente") == []
    assert world.parked("gemeente") == []
    for taken in await mallory.send("gemeente", *frames):
        assert taken.ended == ["done"]
    assert len(world.received("gemeente")) == 1
    assert world.parked("gemeente") == ["frame-malformed"]


async def refused_once(world: MemoryWorld, monkeypatch) -> tuple[f.ActAnswer, f.ParkedAnswer]:
    """An honest message that this release of the municipality's node cannot read; a later one can."""
    with monkeypatch.context() as old_release:

        def cannot(*_):
            raise WireError("schema", "Unreadable for this release.")

        old_release.setattr(receiving, "open_delivery", cannot)
        jelle = await world.person("actium")
        answer = await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE))
    assert [m.state for m in answer.messages] == ["refused"]
    assert answer.messages[0].why == "schema"
    (parked,) = await world.nodes["gemeente"].parked(world.actor("gemeente"))
    return answer, parked


@pytest.mark.parametrize("restarted", [False, True], ids=["running", "sender restarted in between"])
async def test_a_parked_frame_is_asked_for_again_and_then_stored(world, monkeypatch, restarted):
    answer, parked = await refused_once(world, monkeypatch)
    if restarted:
        await world.stop("actium")
        await world.start("actium")
    worker, gemeente = world.actor("gemeente"), world.nodes["gemeente"]
    await gemeente.retry_parked(worker, parked.parked)
    status = await world.nodes["actium"].act(world.actor("actium"), answer.act, wait_s=60)
    assert [m.state for m in status.messages] == ["receipted"] or await settled(world, answer)
    assert world.received("gemeente") == [answer.messages[0].message]
    assert [p.state for p in await gemeente.parked(worker)] == ["retried"]
    assert len(world.events("actium", "message/nacked/1")) == 1
    for _ in range(3):  # the heartbeats go on saying it; nobody acts on it twice
        world.clock.forward(minutes=10)
        gemeente.housekeeping.wake()
        await world.until(lambda: world.nodes["actium"].partners.heard_at("gemeente") >= world.clock.at)
    assert len(world.between(*PAIR)) == 2
    assert world.nodes["actium"].outgoing.waiting() == []


async def settled(world: MemoryWorld, answer: f.ActAnswer) -> bool:
    await world.until(
        lambda: (
            world.nodes["actium"].ctx.ledger.one(
                "SELECT state FROM messages WHERE message=?", answer.messages[0].message
            )["state"]
            == "receipted"
        )
    )
    return True


async def test_a_parked_frame_that_is_dropped_lets_its_sender_void_the_number(world, monkeypatch):
    answer, parked = await refused_once(world, monkeypatch)
    worker, gemeente = world.actor("gemeente"), world.nodes["gemeente"]
    await gemeente.drop_parked(worker, parked.parked, f.DropForm(reason="unreadable"))
    await world.until(lambda: world.events("gemeente", "message/voided-by-partner/1"))
    await world.until(lambda: not world.nodes["actium"].outgoing.waiting())
    assert gemeente.ctx.writer.overlay.pairs_in["actium"].through == 1
    status = await world.nodes["actium"].act(world.actor("actium"), answer.act)
    assert [m.state for m in status.messages] == ["voided"]
    assert [p.state for p in await gemeente.parked(worker)] == ["dropped"]
    with pytest.raises(ConflictError):
        await gemeente.drop_parked(worker, parked.parked, f.DropForm(reason="duplicate"))
    with pytest.raises(ConflictError):
        await gemeente.retry_parked(worker, parked.parked)
    jelle = await world.person("actium")
    answer = await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE))
    assert (answer.messages[0].sequence, answer.messages[0].state) == (2, "receipted")
    assert world.events("gemeente", "gap/found/1") == []


async def test_the_sender_may_try_a_refused_message_again_or_give_it_up(world, monkeypatch):
    answer, _ = await refused_once(world, monkeypatch)
    actium, worker = world.nodes["actium"], world.actor("actium")
    (row,) = await actium.outbox(worker)
    assert (row.state, row.why) == ("refused", "schema")
    await actium.retry_message(worker, row.message)
    assert await settled(world, answer)
    assert world.received("gemeente") == [row.message]
    with pytest.raises(NotFoundError):
        await actium.retry_message(worker, row.message)
    with pytest.raises(ConflictError):
        await actium.drop_message(worker, row.message, f.DropForm(reason="late"))


async def test_a_parked_frame_of_a_stranger_can_be_dropped_and_asks_nobody(world):
    gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
    await world.deliver("gemeente", "vreemde", b"poison")
    (parked,) = await gemeente.parked(worker)
    await gemeente.retry_parked(worker, parked.parked)
    await gemeente.drop_parked(worker, parked.parked, f.DropForm(reason="seen"))
    await gemeente.housekeeping.step()
    with pytest.raises(NotFoundError):
        await gemeente.drop_parked(worker, uuid4(), f.DropForm(reason="seen"))


async def test_a_storm_of_poison_fills_neither_the_log_twice_nor_the_heartbeat(world):
    frames = [b"poison %d" % n for n in range(150)]
    for _ in range(2):
        for start in range(0, len(frames), 128):
            for taken in await world.deliver("gemeente", "actium", *frames[start : start + 128]):
                assert taken.ended == ["done"]
    assert len(world.parked("gemeente")) == 150
    gemeente = world.nodes["gemeente"]
    assert len(gemeente.housekeeping.heartbeat("actium", world.clock.now()).refused) <= 128
    await gemeente.housekeeping.step()
    mallory = Mallory(world, "actium")
    (taken,) = await mallory.send("gemeente", mallory.frame("gemeente"))
    assert taken.ended == ["done"]


async def test_the_largest_lawful_frame_comes_through_and_one_byte_more_is_parked(world):
    mallory = Mallory(world, "actium")
    letter = mallory.letter(
        "gemeente", mallory.statement("gemeente"), *[mallory.item(value="x" * 500) for _ in range(200)]
    )
    frame = mallory.wrap("gemeente", letter)
    (taken,) = await mallory.send("gemeente", frame)
    assert taken.ended == ["done"]
    assert world.received("gemeente") == [letter.message]
    await mallory.send("gemeente", frame + b"\0")
    assert world.parked("gemeente") == ["frame-malformed"]
    assert len(frame) < envelope.MAX_FRAME
