"""Replay, reorder and loss against real nodes: nothing doubled, nothing lost, and always the same receipt (protocol §10)."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from case_forms import HOUSE, TO_GEMEENTE, TO_WELZIJN, share_form
from memory_world import Mallory, MemoryWorld, Taken, receipts

from exchange.crypto.envelope import MAX_HEADER
from exchange.node import forms as f
from exchange.wire import messages as m
from exchange.wire.codec import decode_model

PAIR = ("actium", "gemeente")


@pytest.fixture
async def world(founded: Path, tmp_path: Path):
    async with MemoryWorld.copied(founded, tmp_path, PAIR) as made:
        yield made


async def same_receipts(world: MemoryWorld, count: int) -> None:
    """``count`` receipts came, all of the same bytes."""
    await world.until(lambda: len(receipts(world, "gemeente", "actium")) >= count)
    found = receipts(world, "gemeente", "actium")
    assert len(found) == count
    assert len({data for _, data in found}) == 1


async def test_exact_replay_gets_the_same_receipt_bytes_and_is_stored_once(world):
    mallory = Mallory(world, "actium")
    frame = mallory.frame("gemeente")
    for _ in range(3):
        (taken,) = await mallory.send("gemeente", frame)
        assert taken.ended == ["done"]
    await same_receipts(world, 3)
    assert len(world.received("gemeente")) == 1
    assert len(world.events("gemeente", "receipt/issued/1")) == 1
    assert len(world.events("gemeente", "item/recorded/1")) == 1
    assert world.parked("gemeente") == []


async def test_a_replay_after_a_restart_gets_the_same_receipt_bytes(world):
    mallory = Mallory(world, "actium")
    frame = mallory.frame("gemeente")
    await mallory.send("gemeente", frame)
    await world.until(lambda: receipts(world, "gemeente", "actium"))
    size = world.nodes["gemeente"].ctx.log.size
    await world.stop("gemeente")
    await world.start("gemeente")
    await mallory.send("gemeente", frame)
    await same_receipts(world, 2)
    assert len(world.received("gemeente")) == 1
    assert world.nodes["gemeente"].ctx.log.size == size + 1  # the start itself


async def test_a_message_wrapped_anew_is_the_same_message(world):
    mallory = Mallory(world, "actium")
    letter = mallory.letter("gemeente")
    one, two = mallory.wrap("gemeente", letter), mallory.wrap("gemeente", letter)
    assert one != two
    await mallory.send("gemeente", one)
    await mallory.send("gemeente", two)
    await same_receipts(world, 2)
    assert world.received("gemeente") == [letter.message]


async def test_the_same_frame_twice_in_one_batch_is_stored_once(world):
    mallory = Mallory(world, "actium")
    frame = mallory.frame("gemeente")
    first, second = await mallory.send("gemeente", frame, frame)
    assert (first.ended, second.ended) == (["done"], ["later"])  # the views know the first only after the commit
    (second,) = await mallory.send("gemeente", frame)
    assert second.ended == ["done"]
    await same_receipts(world, 2)
    assert len(world.received("gemeente")) == 1


async def test_two_consumers_race_for_the_same_frames(world):
    mallory = Mallory(world, "actium")
    frames = [mallory.frame("gemeente") for _ in range(5)]
    one, two = await asyncio.gather(mallory.send("gemeente", *frames), mallory.send("gemeente", *frames))
    again = [t.data for t in (*one, *two) if t.ended == ["later"]]
    await mallory.send("gemeente", *again)
    assert len(world.received("gemeente")) == 5
    assert len(set(world.received("gemeente"))) == 5
    assert len(world.events("gemeente", "receipt/issued/1")) == 5
    assert world.events("gemeente", "equivocation/found/1") == []


async def test_a_frame_that_could_not_be_acknowledged_comes_again_and_changes_nothing(world):
    mallory = Mallory(world, "actium")
    frame = mallory.frame("gemeente")
    stuck = Taken("actium", frame, broken=True)
    with pytest.raises(Exception, match="broker"):
        await world.nodes["gemeente"].inbox_handler.take([stuck])
    assert len(world.received("gemeente")) == 1  # committed before the acknowledgement
    await mallory.send("gemeente", frame)
    await same_receipts(world, 2)
    assert len(world.received("gemeente")) == 1


async def test_reordered_messages_are_all_stored_and_the_gap_is_named(world):
    mallory = Mallory(world, "actium")
    letters = [mallory.letter("gemeente") for _ in range(4)]
    for number in (3, 0, 2, 1):
        await mallory.send("gemeente", mallory.wrap("gemeente", letters[number]))
    assert sorted(world.received("gemeente")) == sorted(letter.message for letter in letters)
    assert [(g.first, g.last) for g in world.events("gemeente", "gap/found/1")] == [(1, 3)]
    pair = world.nodes["gemeente"].ctx.writer.overlay.pairs_in["actium"]
    assert (pair.through, pair.highest) == (4, 4)
    beat = world.nodes["gemeente"].housekeeping.heartbeat("actium", world.clock.now())
    assert (beat.accepted_upto, beat.missing) == (4, [])


async def test_after_a_restart_the_holes_are_still_known_and_still_fillable(world):
    mallory = Mallory(world, "actium")
    letters = [mallory.letter("gemeente") for _ in range(4)]
    await mallory.send("gemeente", mallory.wrap("gemeente", letters[3]))
    await world.stop("gemeente")
    await world.start("gemeente")
    beat = world.nodes["gemeente"].housekeeping.heartbeat("actium", world.clock.now())
    assert beat.missing == [1, 2, 3]
    for letter in letters[:3]:
        await mallory.send("gemeente", mallory.wrap("gemeente", letter))
    assert world.nodes["gemeente"].ctx.writer.overlay.pairs_in["actium"].through == 4


async def test_the_stream_rolled_back_to_yesterday_brings_nothing_new(world):
    jelle = await world.person("actium")
    for _ in range(3):
        assert (await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE))).messages[0].state == "receipted"
    size = world.nodes["gemeente"].ctx.log.size
    for frame in world.between("actium", "gemeente"):
        (taken,) = await world.deliver("gemeente", "actium", frame)
        assert taken.ended == ["done"]
    for frame in world.between("gemeente", "actium"):
        (taken,) = await world.deliver("actium", "gemeente", frame)
        assert taken.ended == ["done"]
    assert world.nodes["gemeente"].ctx.log.size == size
    assert world.parked("actium") == world.parked("gemeente") == []


# ------------------------------------------------------------------------------------------------ loss


def sequences(world: MemoryWorld) -> set[int]:
    """Pair sequences of what Actium gave the broker for the municipality."""
    frames = world.between(*PAIR)
    return {orjson.loads(world.open_frame("gemeente", frame).header)["data"]["sequence"] for frame in frames}


async def test_the_broker_drops_the_last_three_and_a_heartbeat_reveals_it(world):
    jelle = await world.person("actium")
    await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE))
    world.withheld.add(PAIR)
    acts = [(await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE), 0)).act for _ in range(3)]
    await world.until(lambda: {2, 3, 4} <= sequences(world))  # each was given to the broker, however often
    assert len(world.received("gemeente")) == 1
    world.clock.forward(minutes=10)  # the next heartbeat is due
    actium, gemeente = world.nodes["actium"], world.nodes["gemeente"]
    actium.housekeeping.wake()
    await world.until(lambda: gemeente.partners.heartbeat("actium").last_sent == 4)
    world.clock.forward(seconds=31)  # long enough that nothing can be under way
    gemeente.housekeeping.wake()
    await world.until(lambda: world.events("gemeente", "gap/found/1"))
    assert len(world.received("gemeente")) == 1
    world.withheld.clear()  # only now does the broker keep again what it is given: no frame sent anew hides the gap
    world.clock.forward(minutes=1)
    actium.outgoing.hurry()
    await world.until(lambda: len(world.received("gemeente")) == 4)
    assert [(g.first, g.last) for g in world.events("gemeente", "gap/found/1")] == [(2, 4)]
    worker = world.actor("actium")
    for act in acts:
        answer = await actium.act(worker, act, wait_s=60)
        assert [message.state for message in answer.messages] == ["receipted"]


async def test_a_stream_rebuilt_from_nothing_loses_no_message(world):
    """Identity is (sender, sequence, message): nothing depends on a position in the stream."""
    jelle = await world.person("actium")
    first = await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE))
    assert first.messages[0].state == "receipted"
    world.withheld.add(PAIR)
    act = (await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE), 0)).act
    await world.until(lambda: len(world.between(*PAIR)) >= 2)
    world.memory.inboxes = {slug: [] for slug in world.memory.inboxes}
    world.withheld.clear()
    world.clock.forward(minutes=1)
    world.nodes["actium"].outgoing.hurry()
    answer = await world.nodes["actium"].act(world.actor("actium"), act, wait_s=60)
    assert answer.messages[0].state == "receipted"
    assert len(world.received("gemeente")) == 2


async def test_a_receipt_lost_on_the_way_is_given_again(world):
    world.withheld.add(("gemeente", "actium"))
    jelle = await world.person("actium")
    act = (await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE), 0)).act
    await world.until(lambda: world.between("gemeente", "actium"))
    world.withheld.clear()
    world.clock.forward(seconds=21)
    world.nodes["actium"].outgoing.hurry()
    answer = await world.nodes["actium"].act(world.actor("actium"), act, wait_s=60)
    assert answer.messages[0].state == "receipted"
    assert len({data for _, data in receipts(world, "gemeente", "actium")}) == 1
    assert len(world.received("gemeente")) == 1


async def test_a_caller_that_goes_away_after_the_commit_does_not_keep_the_message_here(world, monkeypatch):
    """What has to leave the node leaves as soon as it is stored: nobody has to wait for it, nor for the views."""
    loop, jelle = asyncio.get_running_loop(), await world.person("actium")
    ledger, stored, sent = world.nodes["actium"].ctx.ledger, asyncio.Event(), threading.Event()
    apply = ledger.apply

    def held(events: object) -> None:
        loop.call_soon_threadsafe(stored.set)
        assert sent.wait(20), "nothing left before the views were done"
        apply(events)

    monkeypatch.setattr(ledger, "apply", held)
    caller = asyncio.create_task(world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE), 0))
    await stored.wait()
    caller.cancel()
    await world.until(lambda: world.between("actium", "gemeente"))
    monkeypatch.undo()
    sent.set()
    await world.until(lambda: world.nodes["actium"].outgoing.waiting() == [])
    assert caller.cancelled()
    assert len(world.received("gemeente")) == 1


async def test_receipts_of_one_batch_share_a_frame_and_a_duplicate_gets_the_same_bytes(world):
    """Forty to fifty receipts fit one header; each is stored and signed as if it travelled alone."""
    mallory = Mallory(world, "actium")
    frames = [mallory.frame("gemeente") for _ in range(120)]
    await mallory.send("gemeente", *frames)
    issued = [event.receipt.encode() for event in world.events("gemeente", "receipt/issued/1")]
    sent = world.between("gemeente", "actium")
    assert [data for _, data in receipts(world, "gemeente", "actium")] == issued
    assert len(issued) == 120
    assert all(decode_model(m.Receipt, data).data.outcomes[0].accepted for data in issued)
    assert len(sent) < 6
    assert all(len(world.open_frame("actium", frame).header) <= MAX_HEADER for frame in sent)
    await mallory.send("gemeente", *frames[:60])
    again = receipts(world, "gemeente", "actium")[120:]
    assert [data for _, data in again] == issued[:60]


# ------------------------------------------------------------------------------------------------ one number, two messages


async def test_same_pair_sequence_twice_is_evidence_and_changes_nobody_elses_answer(world):
    mallory = Mallory(world, "actium")
    item = mallory.item(value="De eerste lezing.")
    one = mallory.letter("gemeente", mallory.statement("gemeente"), item, sequence=1)
    two = mallory.letter("gemeente", mallory.statement("gemeente"), {**item, "value": "De tweede."}, sequence=1)
    await mallory.send("gemeente", mallory.wrap("gemeente", one))
    gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
    (person,) = gemeente.ctx.people.unmatched()
    before = await gemeente.who_knows(worker, f.WhoKnowsQuery(subject=person.handle))
    for _ in range(3):
        (taken,) = await mallory.send("gemeente", mallory.wrap("gemeente", two))
        assert taken.ended == ["done"]
    (evidence,) = world.events("gemeente", "equivocation/found/1")
    assert (evidence.message, evidence.other, evidence.sequence) == (two.message, one.message, 1)
    assert evidence.header.encode() == two.bytes  # both signed headers are kept, word for word
    (kept,) = world.events("gemeente", "message/received/1")
    assert kept.header.encode() == one.bytes
    after = await gemeente.who_knows(worker, f.WhoKnowsQuery(subject=person.handle))
    assert [i.model_dump() for i in after.items] == [i.model_dump() for i in before.items]
    assert "equivocation" in (await gemeente.status()).warnings
    await world.until(lambda: receipts(world, "gemeente", "actium"))
    assert {r.data.message for r, _ in receipts(world, "gemeente", "actium")} == {one.message}  # the second got none
    steps = [step async for step in gemeente.verify_log(worker)]
    assert steps[-1].ok, steps[-1].problem


async def test_same_pair_sequence_twice_in_one_batch_is_sorted_out_when_it_comes_again(world):
    mallory = Mallory(world, "actium")
    one, two = (mallory.letter("gemeente", sequence=1) for _ in range(2))
    taken = await mallory.send("gemeente", mallory.wrap("gemeente", one), mallory.wrap("gemeente", two))
    assert [t.ended for t in taken] == [["done"], ["later"]]
    await mallory.send("gemeente", taken[1].data)
    assert world.received("gemeente") == [one.message]
    assert [e.message for e in world.events("gemeente", "equivocation/found/1")] == [two.message]


@pytest.mark.parametrize("void_first", [False, True])
async def test_a_message_and_its_void_that_cross_are_no_equivocation(world, void_first):
    """An operator drops a message whose frame is still under way: whichever comes first holds, and the sending ends."""
    jelle = await world.person("actium")
    actium, worker = world.nodes["actium"], world.actor("actium")
    world.withheld.add(PAIR)
    answer = await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE), 0)
    await world.until(lambda: len(world.between(*PAIR)) == 1)
    dropped = answer.messages[0].message
    await actium.drop_message(await world.colleague("actium"), dropped, f.DropForm(reason="mistake"))
    await world.until(lambda: len(world.between(*PAIR)) == 2)
    frames = world.between(*PAIR)
    for frame in reversed(frames) if void_first else frames:
        (taken,) = await world.deliver("gemeente", "actium", frame)
        assert taken.ended == ["done"]
    assert world.events("gemeente", "equivocation/found/1") == []
    assert len(world.received("gemeente")) == (0 if void_first else 1)
    await world.until(lambda: not actium.outgoing.waiting())
    assert not actium.ctx.writer.overlay.pairs_out["gemeente"].waiting
    assert await actium.outbox(worker) == []
    (status,) = (await actium.act(worker, answer.act)).messages[:1]
    assert status.state == ("voided" if void_first else "receipted")
    await world.stop("actium")
    assert (await world.start("actium")).outgoing.waiting() == []
    replayed = [step async for step in world.nodes["actium"].replay_log(worker)][-1]
    assert replayed.ok, replayed.differences


async def test_equal_content_to_two_partners_is_two_messages_that_know_nothing_of_each_other(founded, tmp_path):
    async with MemoryWorld.copied(founded, tmp_path, (*PAIR, "welzijn")) as world:
        jelle = await world.person("actium")
        await world.share("actium", share_form(jelle, [TO_GEMEENTE, TO_WELZIJN], HOUSE))
        one = world.events("gemeente", "message/received/1")[0]
        two = world.events("welzijn", "message/received/1")[0]
        assert {p.hash for p in one.parts}.isdisjoint(p.hash for p in two.parts)
        assert "welzijn" not in one.header
        assert "gemeente" not in two.header
        frame = world.between("actium", "gemeente")[0]
        (taken,) = await world.deliver("welzijn", "actium", frame)  # the broker misdirects it
        assert taken.ended == ["done"]
        assert world.parked("welzijn") == ["kid-unknown"]


async def test_an_answer_to_what_was_never_sent_changes_nothing(world):
    mallory = Mallory(world, "actium")
    letter = mallory.letter("gemeente")
    await mallory.send("gemeente", mallory.wrap("gemeente", letter))
    reply = m.Reply(text="Al afgehandeld hoor.").model_dump(mode="json", exclude_none=True)
    for target in (letter.message, "00" * 32):
        frame = mallory.frame("gemeente", reply, kind=m.Kind.HANDLED, reply_to=target)
        (taken,) = await mallory.send("gemeente", frame)
        assert taken.ended == ["done"]
    inbox = await world.nodes["gemeente"].inbox(world.actor("gemeente"))
    assert [row.state for row in inbox if row.message == letter.message] == ["new"]  # nobody of ours handled it


async def test_an_older_answer_that_comes_late_does_not_undo_a_newer_one(world):
    jelle = await world.person("gemeente")
    gemeente = world.nodes["gemeente"]
    form = share_form(
        jelle,
        [{"partner": "actium", "basis": "A6_1_f", "task": "leefbaarheid"}],
        HOUSE[:1],
        kind="signal", signal_kind="VERVUILING", basis="A6_1_e", task="wmo",
    )  # fmt: skip
    message = (await world.share("gemeente", form)).messages[0].message
    mallory = Mallory(world, "actium")
    reply = m.Reply(text="").model_dump(mode="json", exclude_none=True)
    older = mallory.frame("gemeente", reply, kind=m.Kind.TAKEN_UP, reply_to=message)
    newer = mallory.frame("gemeente", reply, kind=m.Kind.HANDLED, reply_to=message)
    await mallory.send("gemeente", newer)
    await mallory.send("gemeente", older)
    row = gemeente.ctx.ledger.one("SELECT uptake FROM messages WHERE message=?", message)
    assert row["uptake"] == m.Kind.HANDLED.value


async def test_a_heartbeat_after_a_thousand_lies_finds_no_gap_that_is_none(world):
    """last_sent below what we have: the partner lost his log, or lies; we have what we have."""
    mallory = Mallory(world, "actium")
    await mallory.send("gemeente", *[mallory.frame("gemeente") for _ in range(3)])
    gemeente = world.nodes["gemeente"]
    beat = world.nodes["actium"].housekeeping.heartbeat("gemeente", world.clock.now())
    assert beat.last_sent == 0  # Mallory's own node knows nothing of what its keys signed
    world.clock.forward(seconds=40)
    gemeente.housekeeping.wake()
    world.clock.at += timedelta(minutes=10)
    world.nodes["actium"].housekeeping.wake()
    await world.until(lambda: gemeente.partners.heard_at("actium") >= world.clock.at)
    assert world.events("gemeente", "gap/found/1") == []
    assert gemeente.ctx.writer.overlay.pairs_in["actium"].through == 3
