"""A sender with real keys who dates his messages to when a rule still let them through."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from memory_world import Letter, Mallory, MemoryWorld

from exchange.node.messages import moment
from exchange.wire import control
from exchange.wire import messages as m
from exchange.wire.codec import encode_model

PAIR = ("actium", "gemeente")
BEGAN = datetime.fromisoformat("2026-03-02T08:00:00+00:00")
EXCEPTION = {"exception": "UAVG_41_1_i", "reference": "u-1", "recipients": ["gemeente"], "review_on": "2026-03-10"}
"""Not telling somebody, to be looked at again on 10 March."""


@pytest.fixture
async def world(founded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    async with MemoryWorld.copied(founded, tmp_path, PAIR) as made:
        monkeypatch.setattr(made.nodes["actium"].housekeeping, "_beat", silent)  # its heart beats as Mallory likes
        yield made


async def silent(_: datetime) -> None:
    """No heartbeat of its own accord."""


async def beat(world: MemoryWorld, at: datetime, last_sent: int) -> None:
    """A heartbeat of Actium, which says how much it has sent."""
    node, seen = world.nodes["actium"], world.nodes["gemeente"].partners
    made = node.housekeeping.heartbeat("gemeente", at).model_copy(update={"last_sent": last_sent})
    await node.housekeeping._publish(control.ControlKind.HEARTBEAT, "gemeente", encode_model(made))
    await world.until(lambda: seen.heartbeat("actium") == made)


async def codes(world: MemoryWorld, mallory: Mallory, dated: datetime) -> set[str]:
    """What the municipality says of a disclosure without a notice that bears this date."""
    statement = mallory.statement("gemeente", notice=EXCEPTION)
    return await judged(world, mallory, mallory.letter("gemeente", statement, mallory.item(), at=dated))


async def judged(world: MemoryWorld, mallory: Mallory, letter: Letter) -> set[str]:
    """The codes in the receipt for it."""
    (taken,) = await mallory.send("gemeente", mallory.wrap("gemeente", letter))
    assert taken.ended == ["done"], world.parked("gemeente")
    receipt = m.Receipt.model_validate_json(world.events("gemeente", "receipt/issued/1")[-1].receipt)
    assert receipt.data.message == letter.message
    return {code for outcome in receipt.data.outcomes for code in outcome.codes}


async def days(world: MemoryWorld, count: int) -> None:
    """Days go by; every node has prekeys for the new one."""
    world.clock.forward(days=count)
    for node in world.nodes.values():
        await node.housekeeping._make_epochs(world.clock.at)


async def test_a_message_dated_back_to_before_an_exception_ended_is_judged_by_the_day_it_was_really_sent(world):
    mallory = Mallory(world, "actium")
    assert await codes(world, mallory, BEGAN) == set()  # while it held
    await days(world, 20)
    await beat(world, world.clock.at, last_sent=1)
    assert await codes(world, mallory, BEGAN) == {"R15"}
    assert await codes(world, mallory, BEGAN + timedelta(days=7)) == {"R15"}
    headers = [event.header for event in world.events("gemeente", "message/received/1")]
    assert moment(BEGAN) in headers[1]  # what he claimed is kept as it came: evidence


async def test_a_partner_that_keeps_silent_dates_nothing_further_back_than_anything_may_be_under_way(world):
    mallory = Mallory(world, "actium")
    await days(world, 29)
    assert await codes(world, mallory, BEGAN) == set()  # no heartbeat said otherwise: it may have been under way
    await days(world, 365)
    assert await codes(world, mallory, BEGAN) == {"R15"}


async def test_a_message_that_a_heartbeat_knew_of_is_judged_by_its_own_day_however_late_the_broker_brings_it(world):
    mallory = Mallory(world, "actium")
    await days(world, 20)
    await beat(world, world.clock.at, last_sent=1)
    assert await codes(world, mallory, BEGAN) == set()


async def test_who_announces_messages_in_advance_to_date_them_back_has_the_gap_on_record(world):
    mallory, gemeente = Mallory(world, "actium"), world.nodes["gemeente"]
    await beat(world, world.clock.at, last_sent=3)
    await days(world, 1)
    await gemeente.housekeeping._find_gaps(world.clock.at)
    (gap,) = world.events("gemeente", "gap/found/1")
    assert (gap.partner, gap.first, gap.last, gap.at) == ("actium", 1, 3, world.clock.at)
    await days(world, 19)
    assert (
        await codes(world, mallory, BEGAN) == set()
    )  # as if the broker had held it back: the log says since when it was missed


async def test_a_heartbeat_of_a_clock_that_was_ahead_makes_no_message_one_of_tomorrow(world):
    mallory = Mallory(world, "actium")
    await beat(world, world.clock.at + timedelta(days=60), last_sent=0)
    assert await codes(world, mallory, BEGAN) == set()


async def test_a_decision_of_the_police_that_is_over_carries_nothing_that_is_dated_back(founded, tmp_path):
    async with MemoryWorld.copied(founded, tmp_path, ("politie", "gemeente")) as world:
        mallory = Mallory(world, "politie")
        decision = {
            "reference": "besluit-1", "ground": "WPG_20_1", "goal": "c", "interest": "Ernstige overlast.",
            "recipients": ["gemeente"], "categories": ["OVERLAST"], "authority_agreed": True, "valid_until": "2026-03-10",
        }  # fmt: skip
        given = {
            "sender_basis": "A6_1_e", "sender_task": "handhaving", "recipient_task": "openbare-orde", "wpg": decision,
            "notice": {"reference": "k-1", "given_on": "2026-03-02", "mode": "HUISBEZOEK", "recipients": ["gemeente"]},
        }  # fmt: skip
        item = {"category": "OVERLAST", "field": "aantal-meldingen", "value": "zes", "origin_regime": "WPG"}
        found = []
        for later in (0, 400):
            await days(world, later)
            content = mallory.statement("gemeente", **given), mallory.item(**item)
            found.append(await judged(world, mallory, mallory.letter("gemeente", *content, at=BEGAN)))
        assert found == [set(), {"R28", "R17"}]  # the statement goes with its only item (R17)
