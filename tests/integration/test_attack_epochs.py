"""Epoch keys at real nodes: what was destroyed stays closed, and no honest message is lost by it (protocol §3, §10)."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from case_forms import HOUSE, TO_GEMEENTE, share_form
from memory_world import Mallory, MemoryWorld, Taken

from exchange.crypto import envelope, hpke
from exchange.crypto import prekeys as pk
from exchange.errors import BrokerError, WireError
from exchange.node import forms as f

PAIR = ("actium", "gemeente")


@pytest.fixture
async def world(founded: Path, tmp_path: Path):
    async with MemoryWorld.copied(founded, tmp_path, PAIR) as made:
        yield made


def now_ms(world: MemoryWorld) -> int:
    return round(world.clock.now().timestamp() * 1000)


def vouched(world: MemoryWorld) -> None:
    """Actium's word at the municipality that it is as late as the clock shows, whatever the broker does."""
    beat = world.nodes["actium"].housekeeping.heartbeat("gemeente", world.clock.now())
    partners = world.nodes["gemeente"].partners
    partners._take_heartbeat("actium", beat)
    partners._live.add("actium")


async def receipted(world: MemoryWorld, act: UUID) -> None:
    """Until the receipt is here; the clock goes on, so that what crossed with new bundles is repeated."""
    for _ in range(30):
        answer = await world.nodes["actium"].act(world.actor("actium"), act, wait_s=1)
        if answer.messages[0].state == "receipted":
            return
        world.clock.forward(minutes=1)
    raise AssertionError(answer)


async def test_seed_destroyed_then_undecryptable_by_the_owner_with_everything_he_has(world):
    mallory = Mallory(world, "actium")
    frame = mallory.frame("gemeente")
    ctx = world.nodes["gemeente"].ctx
    old = {own.kid: ctx.vault.get(own.key_id) for own in ctx.prekeys.alive()}
    assert world.open_frame("gemeente", frame).parts  # the control: before, it opens
    await world.nodes["gemeente"].roll_keys(world.actor("gemeente"))
    alive = [ctx.vault.get(own.key_id) for own in ctx.prekeys.alive()]
    gone = [seed for seed in old.values() if seed not in alive]
    assert len(gone) == 1
    parsed = envelope.parse_frame(frame)
    for seed in alive:
        with pytest.raises(WireError):
            envelope.open_frame(parsed, seed, ctx.covenants.id, 1, ctx.me.id)
    assert envelope.open_frame(parsed, gone[0], ctx.covenants.id, 1, ctx.me.id).parts  # it was the key that mattered


async def test_a_frame_for_a_destroyed_epoch_is_wrapped_anew_by_its_sender(world):
    world.withheld.add(PAIR)
    jelle = await world.person("actium")
    act = (await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE), 0)).act
    await world.until(lambda: world.between(*PAIR))
    late = world.between(*PAIR)[0]
    await world.nodes["gemeente"].roll_keys(world.actor("gemeente"))
    world.withheld.clear()
    (taken,) = await world.deliver("gemeente", "actium", late)
    assert taken.ended == ["done"]
    assert world.parked("gemeente") == []  # nothing to park: the sender mends it
    answer = await world.nodes["actium"].act(world.actor("actium"), act, wait_s=60)
    assert answer.messages[0].state == "receipted"
    anew = world.between(*PAIR)[-1]
    assert envelope.parse_frame(anew).kid != envelope.parse_frame(late).kid
    assert world.received("gemeente") == [answer.messages[0].message]
    assert world.events("actium", "message/nacked/1") == []


async def test_redelivery_after_epoch_death_of_what_is_stored_already_changes_nothing(world):
    jelle = await world.person("actium")
    await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE))
    (frame,) = world.between(*PAIR)
    await world.nodes["gemeente"].roll_keys(world.actor("gemeente"))
    size = world.nodes["actium"].ctx.log.size, world.nodes["gemeente"].ctx.log.size
    for _ in range(3):
        (taken,) = await world.deliver("gemeente", "actium", frame)
        assert taken.ended == ["done"]
    await world.until(lambda: world.nodes["actium"].partners.heartbeat("gemeente").refused)
    assert (world.nodes["actium"].ctx.log.size, world.nodes["gemeente"].ctx.log.size) == size
    assert world.between(*PAIR) == [frame]
    assert world.parked("gemeente") == []


async def test_wrapped_outside_the_window_is_sent_back_for_a_new_wrap_and_never_spins(world, monkeypatch):
    """A partner whose clock is a day off wraps every attempt outside the window: it must not become a storm."""
    jelle = await world.person("actium")
    mallory = Mallory(world, "actium")
    kid = envelope.parse_frame(mallory.frame("gemeente")).kid
    for off in (-25 * 3600_000, 25 * 3600_000):
        frame = mallory.wrap("gemeente", mallory.letter("gemeente"), kid=kid, wrapped_ms=now_ms(world) + off)
        (taken,) = await mallory.send("gemeente", frame)
        assert taken.ended == ["done"]
    assert world.parked("gemeente") == []
    assert world.received("gemeente") == []
    codes = {r.code for r in world.nodes["gemeente"].housekeeping.heartbeat("actium", world.clock.now()).refused}
    assert codes == {"outside-window"}

    honest = envelope.wrap_frame
    monkeypatch.setattr(
        envelope, "wrap_frame", lambda **k: honest(**{**k, "wrapped_ms": k["wrapped_ms"] + 25 * 3600_000})
    )
    act = (await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE), 0)).act
    actium = world.nodes["actium"]
    waiting = actium.outgoing.waiting()[0]
    await world.until(lambda: waiting.attempts >= 4)
    await actium.bell.wait(1.5)  # time for a storm, were there one
    assert waiting.attempts == 4
    monkeypatch.undo()  # the clock is put right
    world.clock.forward(minutes=5)
    assert (await actium.act(world.actor("actium"), act, wait_s=60)).messages[0].state == "receipted"


async def test_no_prekey_the_message_waits_and_says_so_and_goes_when_there_is_one(founded, tmp_path):
    async with MemoryWorld.copied(founded, tmp_path, start=False) as world:
        actium = await world.start("actium")
        actium.partners._bundles.pop("gemeente")
        world.memory.lane = {k: v for k, v in world.memory.lane.items() if k[2] != "gemeente"}
        jelle, worker = await world.person("actium"), world.actor("actium")
        act = (await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE), 0)).act
        await world.until(lambda: actium.outgoing.waiting()[0].why == "no-prekey")
        (row,) = await actium.outbox(worker)
        assert (row.state, row.why) == ("waiting", "no-prekey")
        assert "no-prekey" in (await actium.status()).warnings
        assert world.between(*PAIR) == []  # never a long-lived fallback
        await world.start("gemeente")
        assert (await actium.act(worker, act, wait_s=60)).messages[0].state == "receipted"
        assert "no-prekey" not in (await actium.status()).warnings


@pytest.mark.parametrize(
    ("days", "reachable"), [(21, True), (40, True), (46, False)], ids=["3 weeks", "40 days", "46 days"]
)
async def test_a_partner_offline_for_weeks_gets_everything_when_it_is_back(founded, tmp_path, days, reachable):
    async with MemoryWorld.copied(founded, tmp_path, PAIR) as world:
        await world.stop("gemeente")
        world.clock.forward(days=days)
        actium = world.nodes["actium"]
        jelle = await world.person("actium")
        act = (await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE), 0)).act
        why = "awaiting-receipt" if reachable else "no-prekey"
        await world.until(lambda: actium.outgoing.waiting()[0].why == why)
        assert bool(world.between(*PAIR)) is reachable
        gemeente = await world.start("gemeente")
        await receipted(world, act)
        assert len(world.received("gemeente")) == 1
        assert world.parked("gemeente") == []
        await world.until(lambda: gemeente.transport.drained and gemeente.retention.distrust() is None)
        now = now_ms(world)
        assert pk.choose(actium.partners.bundle("gemeente"), now) is not None
        await gemeente.housekeeping.step()
        assert all(own.not_after_ms > now - pk.SKEW for own in gemeente.ctx.prekeys.alive())


async def test_an_epoch_lives_while_its_frames_wait_at_the_broker_and_dies_when_all_are_seen(founded, tmp_path):
    """Connected is not drained: a frame wrapped yesterday may still wait to be pulled today."""
    async with MemoryWorld.copied(founded, tmp_path, PAIR) as world:
        gemeente = world.nodes["gemeente"]
        yesterday = {own.kid for own in gemeente.ctx.prekeys.alive() if own.not_before_ms <= now_ms(world)}
        frame = Mallory(world, "actium").frame("gemeente")
        door = gemeente.transport
        held = Taken("actium", frame)
        world.memory.automatic = False  # the broker has it and has not handed it over yet
        await world.nodes["actium"].transport.publish("gemeente", frame)
        world.clock.forward(days=1, minutes=6)
        vouched(world)
        assert door.connected
        assert not door.drained
        await gemeente.housekeeping.step()
        assert yesterday <= {own.kid for own in gemeente.ctx.prekeys.alive()}
        await world.memory.deliver()
        await world.until(lambda: door.drained)
        assert len(world.received("gemeente")) == 1
        await gemeente.housekeeping.step()
        assert not yesterday & {own.kid for own in gemeente.ctx.prekeys.alive()}
        await gemeente.inbox_handler.take([held])
        assert held.ended == ["done"]  # a copy of the frame opens for nobody any more
        assert len(world.received("gemeente")) == 1


async def test_an_epoch_dies_in_the_end_also_at_a_node_that_never_gets_through_its_inbox(world):
    gemeente = world.nodes["gemeente"]
    first = {own.kid for own in gemeente.ctx.prekeys.alive() if own.not_before_ms <= now_ms(world)}
    world.memory.outage()
    world.clock.forward(days=31)
    vouched(world)
    await gemeente.housekeeping.step()
    assert first <= {own.kid for own in gemeente.ctx.prekeys.alive()}
    world.clock.forward(days=2, minutes=6)
    await gemeente.housekeeping.step()
    assert first <= {own.kid for own in gemeente.ctx.prekeys.alive()}  # nobody vouches for that time yet
    vouched(world)
    await gemeente.housekeeping.step()
    assert not first & {own.kid for own in gemeente.ctx.prekeys.alive()}
    world.memory.back()


async def test_a_frame_put_off_for_ever_does_not_keep_an_epoch_alive(world):
    """A partner that sends what can only be put off must not hold our forward secrecy hostage."""
    mallory = Mallory(world, "actium")
    gemeente = world.nodes["gemeente"]
    letter = mallory.letter("gemeente")
    letter.header["time"] = "9999-12-31T23:59:59.999Z"
    await world.nodes["actium"].transport.publish("gemeente", mallory.wrap("gemeente", letter))
    await world.until(lambda: world.memory.inboxes["gemeente"] and not world.memory.inboxes["gemeente"][0].away)
    first = {own.kid for own in gemeente.ctx.prekeys.alive() if own.not_before_ms <= now_ms(world)}
    await world.until(lambda: gemeente.transport.drained)
    world.clock.forward(days=1, minutes=6)
    vouched(world)
    await gemeente.housekeeping.step()
    assert not first & {own.kid for own in gemeente.ctx.prekeys.alive()}


async def test_stolen_future_seeds_are_replaced_by_a_roll_of_each_epoch_as_it_comes(world):
    """Whoever copied today's seeds reads nothing that is wrapped after the roll."""
    gemeente = world.nodes["gemeente"]
    ctx = gemeente.ctx
    stolen = [ctx.vault.get(own.key_id) for own in ctx.prekeys.alive() if own.not_before_ms <= now_ms(world)]
    await gemeente.roll_keys(world.actor("gemeente"))
    actium = world.nodes["actium"]
    newest = {own.kid for own in ctx.prekeys.alive()}
    await world.until(lambda: {key.kid.hex() for key in actium.partners.bundle("gemeente").prekeys} <= newest)
    jelle = await world.person("actium")
    await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE))
    parsed = envelope.parse_frame(world.between(*PAIR)[-1])
    for seed in stolen:
        with pytest.raises(WireError):
            envelope.open_frame(parsed, hpke.OpenedSeed(seed), ctx.covenants.id, 1, ctx.me.id)


async def test_a_roll_ends_the_epoch_a_partner_with_a_clock_ahead_may_use_already(world):
    """Four minutes before the next epoch: a partner ahead wraps to it, and a roll must end that one too."""
    gemeente = world.nodes["gemeente"]
    nexts = sorted(own.not_before_ms for own in gemeente.ctx.prekeys.alive() if own.not_before_ms > now_ms(world))
    world.clock.forward(milliseconds=nexts[0] - now_ms(world) - 4 * 60_000)
    coming = {own.kid for own in gemeente.ctx.prekeys.alive() if own.not_before_ms == nexts[0]}
    await gemeente.roll_keys(world.actor("gemeente"))
    alive = gemeente.ctx.prekeys.alive()
    assert not coming & {own.kid for own in alive}
    assert all(own.not_after_ms - own.not_before_ms <= pk.WINDOW for own in alive)
    assert pk.plan([pk.Prekey(bytes.fromhex(o.kid), o.not_before_ms, o.not_after_ms, o.public) for o in alive],
                   now_ms(world)) == []  # no moment is left without a key  # fmt: skip


async def test_no_connection_the_outbox_waits_says_so_and_loses_nothing(world):
    actium, worker = world.nodes["actium"], world.actor("actium")
    jelle = await world.person("actium")
    world.memory.outage()
    act = (await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE), 0)).act
    await world.until(lambda: actium.outgoing.waiting()[0].why == "no-connection")
    assert [(r.state, r.why) for r in await actium.outbox(worker)] == [("waiting", "no-connection")]
    assert "no-connection" in (await actium.status()).warnings
    with pytest.raises(BrokerError):
        await actium.transport.publish("gemeente", b"")
    await world.stop("actium")
    actium = await world.start("actium")
    world.memory.back()
    world.clock.forward(seconds=2)
    assert (await actium.act(worker, act, wait_s=60)).messages[0].state == "receipted"
    assert await actium.who_knows(worker, f.WhoKnowsQuery(subject=jelle))
