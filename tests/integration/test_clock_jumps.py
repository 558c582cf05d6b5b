"""Clocks that jump: forward and back by months, to the end of the calendar, and where nobody may set one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from case_forms import HOUSE, TO_GEMEENTE, share_form
from memory_world import Mallory, MemoryWorld
from world import HandClock

from exchange.crypto import prekeys as pk
from exchange.domain.covenant import Environment
from exchange.errors import ConflictError, InputError
from exchange.node import forms as f
from exchange.wire import control
from exchange.wire.codec import encode_model

PAIR = ("actium", "gemeente")
TOLD = {"reference": "k-1", "given_on": "2026-01-05", "mode": "HUISBEZOEK", "recipients": ["gemeente"]}
"""On a day that is past wherever the clock stands: a notice of tomorrow carries nothing."""


@pytest.fixture
async def world(founded: Path, tmp_path: Path):
    async with MemoryWorld.copied(founded, tmp_path, PAIR) as made:
        yield made


async def heartbeat(world: MemoryWorld, sender: str, at: datetime) -> None:
    """A heartbeat as the partner's own clock dates it."""
    node = world.nodes[sender]
    body = encode_model(node.housekeeping.heartbeat("actium", at))
    await node.housekeeping._publish(control.ControlKind.HEARTBEAT, "actium", body)
    await world.until(lambda: world.nodes["actium"].partners.heard_at(sender) == at)


async def test_one_partner_from_the_future_does_not_vouch_for_a_clock_that_is_wrong_as_well(founded, tmp_path):
    async with MemoryWorld.copied(founded, tmp_path, ("actium", "gemeente", "welzijn")) as world:
        actium, now = world.nodes["actium"], world.clock.at + timedelta(hours=1)
        for sender in ("gemeente", "welzijn"):
            await heartbeat(world, sender, now)
        wrong = now + timedelta(days=60)
        await heartbeat(world, "gemeente", wrong)
        assert actium.partners.newest_time() == now
        actium.ctx.clock = HandClock(wrong)
        assert actium.retention.clock_state() == "ahead-of-partners"
        await heartbeat(world, "welzijn", wrong - timedelta(hours=24))  # a second one comes near: the time is right
        assert actium.partners.newest_time() == wrong
        assert actium.retention.clock_state() == "trusted"


async def test_of_the_only_partner_that_is_heard_the_time_counts(world):
    later = world.clock.at + timedelta(days=60)
    await heartbeat(world, "gemeente", later)
    assert world.nodes["actium"].partners.newest_time() == later


async def test_under_a_clock_that_nobody_vouches_for_no_epoch_is_destroyed_either(world):
    """A bad clock of one evening must not close what partners wrapped to this node's keys."""
    actium, now = world.nodes["actium"], world.clock.at
    await heartbeat(world, "gemeente", now)
    frame = Mallory(world, "gemeente").frame("actium")
    alive, generation = actium.ctx.prekeys.alive(), actium.ctx.vault.generation
    actium.ctx.clock = HandClock(datetime(2038, 1, 20, tzinfo=UTC))
    await actium.housekeeping.step()
    assert actium.retention.clock_state() == "ahead-of-partners"
    kept = {own.kid for own in actium.ctx.prekeys.alive()}
    assert kept >= {own.kid for own in alive}
    assert actium.ctx.vault.generation == generation
    actium.ctx.clock = world.clock
    assert world.open_frame("actium", frame).parts
    await actium.housekeeping.step()  # and partners hear of the keys of today again
    usable = partial(pk.choose, now_ms=round(now.timestamp() * 1000))
    await world.until(lambda: usable(world.nodes["gemeente"].partners.bundle("actium")))
    later = now + timedelta(days=40)  # the control: when a partner says it is that late, they go
    world.clock.set(later)
    await heartbeat(world, "gemeente", later)
    await world.until(lambda: actium.transport.drained)
    await actium.housekeeping.step()
    assert kept.isdisjoint(own.kid for own in actium.ctx.prekeys.alive() if own.not_after_ms < later.timestamp() * 1000)


async def test_a_clock_that_is_behind_is_not_called_trusted_and_the_outbox_says_what_is_wrong(world):
    actium, now = world.nodes["actium"], world.clock.at
    await heartbeat(world, "gemeente", now)
    jelle = await world.person("actium")
    actium.ctx.clock = HandClock(now - timedelta(hours=16))  # within the slack, and before every key of the partner
    assert actium.retention.clock_state() == "trusted"
    await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE, notice=TOLD), 0)
    await world.until(lambda: actium.outgoing.waiting()[0].why == "keys-to-come")
    status = await actium.status()
    assert ("keys-to-come" in status.warnings, "no-prekey" in status.warnings) == (True, False)
    actium.ctx.clock = HandClock(datetime(2020, 1, 1, tzinfo=UTC))
    assert (await actium.status()).clock == "behind-partners"
    assert world.between("actium", "gemeente") == []


async def test_one_partner_from_the_future_does_not_make_a_clock_that_is_right_behind(founded, tmp_path):
    async with MemoryWorld.copied(founded, tmp_path, ("actium", "gemeente", "welzijn")) as world:
        actium, now = world.nodes["actium"], world.clock.at
        await heartbeat(world, "welzijn", now)
        await heartbeat(world, "gemeente", now + timedelta(days=60))
        assert actium.retention.clock_state() == "trusted"
        await heartbeat(world, "welzijn", now + timedelta(days=59, hours=12))
        assert actium.retention.clock_state() == "behind-partners"


async def test_a_clock_that_is_behind_destroys_later_and_never_asks_for_a_date(world):
    """Whoever is early destroys nothing too soon, and no partner from the future may stop what is due."""
    actium, worker = world.nodes["actium"], world.actor("actium")
    await heartbeat(world, "gemeente", world.clock.at + timedelta(days=60))
    assert actium.retention.clock_state() == "behind-partners"
    answer = await actium.retention_enforce(worker, confirm_date=None)
    assert (answer.items, world.events("actium", "erasure/asked/1")) == (0, [])
    assert await actium.retention.daily()


async def tick(world: MemoryWorld) -> None:
    """What every node does of itself at the moment the clock shows now."""
    for node in world.nodes.values():
        await node.housekeeping.step()
    await world.connected()


@pytest.mark.parametrize("days", [40, -40])
async def test_messages_go_on_after_a_clock_was_wrong_for_a_while_and_is_right_again(world, days):
    jelle = await world.person("actium")
    sent = []
    for jump in (0, days, -days):
        world.clock.forward(days=jump)
        await tick(world)
        answer = await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE, notice=TOLD))
        assert [m.state for m in answer.messages] == ["receipted"]
        sent.append(answer.messages[0].message)
    assert world.received("gemeente") == sent
    assert world.parked("gemeente") == world.parked("actium") == []
    for slug in PAIR:
        worker = world.actor(slug)
        await world.stop(slug)
        node = await world.start(slug)
        verified = [step async for step in node.verify_log(worker)][-1]
        replayed = [step async for step in node.replay_log(worker)][-1]
        assert (verified.ok, replayed.ok) == (True, True)
    who = await world.nodes["gemeente"].who_knows(world.actor("gemeente"), f.WhoKnowsQuery(subject=await known(world)))
    assert {item.erased_at for item in who.items} == {None}  # no term was confirmed, and no jump destroys anything


@pytest.mark.parametrize("days", [1, -1])
async def test_a_read_is_recorded_once_a_quarter_whichever_way_the_clock_jumps(world, days):
    actium, worker = world.nodes["actium"], world.actor("actium")
    query = f.WhoKnowsQuery(subject=await world.person("actium"))
    for minutes, reads in ((0, 1), (14, 1), (2, 2), (days * 1440, 3), (1, 3)):
        world.clock.forward(minutes=minutes)
        await actium.who_knows(worker, query)
        assert len(world.events("actium", "data/read/1")) == reads, minutes


async def known(world: MemoryWorld):
    """Whom Actium meant, at the municipality."""
    (person,) = world.nodes["gemeente"].ctx.people.unmatched()
    return person.handle


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59.000Z", "3000-01-01T00:00:00.000Z", "1999-12-31T12:00:00.000Z"])
async def test_a_demonstration_clock_is_not_set_to_where_nothing_can_be_dated(world, moment):
    before = world.clock.at
    with pytest.raises(InputError, match="from 2000 to 2999"):
        await world.nodes["actium"].set_clock(world.actor("actium"), moment)
    assert world.clock.at == before


async def test_outside_a_demonstration_nobody_sets_a_clock(world):
    actium, before = world.nodes["actium"], world.clock.at
    current = actium.ctx.covenants.current
    for environment in set(Environment) - {Environment.DEMO}:
        current.covenant = current.covenant.model_copy(update={"environment": environment})
        with pytest.raises(ConflictError, match="DEMO"):
            await actium.set_clock(world.actor("actium"), "2026-04-14T00:00:00.000Z")
    assert world.clock.at == before
