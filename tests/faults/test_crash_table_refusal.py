"""A disk that refuses for a moment, at every place that writes: *refused* did nothing, *lost* did it and its answer was lost.

Nobody restarts anything: the node says so in one sentence, goes on when the disk answers again, and the oracle finds nothing.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from case_forms import HOUSE, TO_WELZIJN, share_form
from crashes import PAIR, Refusal, finished
from memory_world import MemoryWorld

from exchange.errors import ConflictError, NotAllowedError, StorageError
from exchange.node import forms as f
from exchange.node.node import Node
from exchange.node.service import Idempotency

FULL = "The disk is full; nothing was stored. Free some space and try again."
SHOWN_LATER = "It may be stored, but the disk refuses to show it now; look again before you repeat it."
HOW = pytest.mark.parametrize("lost", [False, True], ids=["refused", "lost"])
CLASS = "r01"


def full() -> sqlite3.OperationalError:
    """What SQLite says when there is no room."""
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    return error


class FullDisk:
    """A connection on which one COMMIT fails: without having done it, or having done it."""

    def __init__(self, owner: Any, *, lost: bool) -> None:
        self._db = owner._db
        self._lost = lost
        self.hits = 0
        owner._db = self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    def execute(self, statement: str, *values: Any) -> Any:
        if statement != "COMMIT" or self.hits:
            return self._db.execute(statement, *values)
        self.hits = 1
        if self._lost:
            self._db.execute("COMMIT")
        raise full()


def _refuse(owner: Any, name: str, *, lost: bool) -> Refusal:
    refusal = Refusal(StorageError(FULL))
    refusal.at(owner, name, lost=lost)
    return refusal


Place = Callable[[Node, bool], Any]
STORES: dict[str, Place] = {
    "vault": lambda n, lost: FullDisk(n.ctx.vault._primary, lost=lost),
    "log": lambda n, lost: _refuse(n.ctx.log._recorder, "insert_events", lost=lost),
    "views": lambda n, lost: FullDisk(n.ctx.ledger, lost=lost),
}


@pytest.fixture
async def world(founded: Path, tmp_path: Path) -> AsyncIterator[MemoryWorld]:
    async with MemoryWorld.copied(founded, tmp_path, PAIR) as world:
        yield world


async def _share(world: MemoryWorld, jelle: UUID, key: str, **more: Any) -> f.ActAnswer:
    """As a case system does it: a refusal is repeated under the same idempotency key, until there is an answer."""
    actium, actor = world.nodes["actium"], world.actor("actium")
    form = share_form(jelle, [TO_WELZIJN], HOUSE, **more)
    for _ in range(3):
        said = ""
        try:
            return await actium.share(actor, form, Idempotency(key))
        except StorageError as error:
            said = str(error)
        assert said in {FULL, SHOWN_LATER}
    raise AssertionError("the node did not go on")


async def _come(world: MemoryWorld) -> dict[str, int]:
    """Let time pass, so that what was refused is tried again; then the oracle."""
    for node in world.nodes.values():
        node.housekeeping.wake()
    await world.memory.deliver(3600.0)
    for _ in range(8):
        if not any(node.outgoing.waiting() for node in world.nodes.values()):
            break
        world.clock.forward(seconds=40)
        for node in world.nodes.values():
            node.outgoing._wake.set()
        await world.nodes["actium"].bell.wait(0.5)
        await world.memory.deliver(3600.0)
    return await finished(world)


@HOW
@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("slug", PAIR)
async def test_a_store_that_refuses_once_while_a_message_passes(
    world: MemoryWorld, slug: str, store: str, *, lost: bool
) -> None:
    jelle = await world.person("actium")
    broken = STORES[store](world.nodes[slug], lost)
    await _share(world, jelle, "zaak-1")
    await world.until(lambda: broken.hits)
    await _share(world, jelle, "zaak-2")
    assert await _come(world) == {"actium": 2, "welzijn": 0}


@HOW
async def test_a_log_whose_answer_is_lost_and_cannot_be_read_for_a_moment(world: MemoryWorld, *, lost: bool) -> None:
    """Whether the batch was stored cannot be told at once; the next one finds out before anything is numbered."""
    jelle = await world.person("actium")
    log = world.nodes["actium"].ctx.log
    broken, unreadable = Refusal(StorageError(FULL)), Refusal(StorageError(FULL))
    broken.at(log._recorder, "insert_events", lost=lost)
    unreadable.at(log, "_holds")
    answer = await _share(world, jelle, "zaak-1")
    assert broken.hits == unreadable.hits == 1
    again = await _share(world, jelle, "zaak-1")
    assert again.act == answer.act
    assert await _come(world) == {"actium": 1, "welzijn": 0}


@HOW
async def test_a_checkpoint_that_is_refused_does_not_stop_the_housekeeping(world: MemoryWorld, *, lost: bool) -> None:
    jelle = await world.person("actium")
    actium = world.nodes["actium"]
    broken = _refuse(actium.ctx.log._recorder, "insert_checkpoint", lost=lost)
    await _share(world, jelle, "zaak-1")
    await world.until(
        lambda: not actium.outgoing.waiting()
    )  # nothing comes into the log after the checkpoint looked for
    world.clock.forward(minutes=11)
    actium.housekeeping.wake()
    await world.until(lambda: broken.hits)
    told = world.clock.now()
    await world.until(lambda: (world.nodes["welzijn"].partners.heard_at("actium") or told) >= told)
    actium.housekeeping.wake()
    await world.until(lambda: actium.ctx.log.newest_checkpoint().size == actium.ctx.log.size)
    await _come(world)


EPOCHS: dict[str, Place] = {
    "vault": STORES["vault"],
    "side store": lambda n, lost: FullDisk(n.ctx.side, lost=lost),
    "vault, confirming": lambda n, lost: _refuse(n.ctx.vault._primary, "confirm", lost=lost),
    "vault, destroying": lambda n, lost: _refuse(n.ctx.vault, "shred", lost=lost),
}


@HOW
@pytest.mark.parametrize("store", EPOCHS)
async def test_an_epoch_whose_seed_was_not_stored_is_offered_to_nobody(
    world: MemoryWorld, store: str, *, lost: bool
) -> None:
    jelle = await world.person("actium")
    welzijn = world.nodes["welzijn"]
    before = {own.kid for own in welzijn.ctx.prekeys.alive()}
    broken = EPOCHS[store](welzijn, lost)
    world.clock.forward(days=1, minutes=6)
    welzijn.housekeeping.wake()
    await world.until(lambda: broken.hits)
    await world.until(lambda: before - {own.kid for own in welzijn.ctx.prekeys.alive()})
    await world.until(lambda: _told(world) == {own.kid for own in welzijn.ctx.prekeys.alive()})
    world.clock.forward(days=45)  # a message under the newest epoch, the one that was made
    await _share(world, jelle, "zaak-1", notice=_notice(world))
    assert await _come(world) == {"actium": 1, "welzijn": 0}


def _told(world: MemoryWorld) -> set[str]:
    """The epochs of Welzijn as Actium knows them."""
    bundle = world.nodes["actium"].partners.bundle("welzijn")
    return {key.kid.hex() for key in bundle.prekeys} if bundle else set()


def _notice(world: MemoryWorld) -> dict[str, Any]:
    day = world.clock.now().date().isoformat()
    return {"reference": "kennisgeving-1", "given_on": day, "mode": "HUISBEZOEK", "recipients": ["gemeente", "welzijn"]}


ERASING: dict[str, Place] = {
    "vault, while the epoch ends": lambda n, lost: _refuse(n.ctx.vault, "shred", lost=lost),
    "vault, in the transaction": STORES["vault"],
    "side store": EPOCHS["side store"],
    "ciphertexts": lambda n, lost: _refuse(n.ctx.log, "drop_sealed", lost=lost),
    "done": lambda n, lost: _refuse_second(n, lost=lost),
}


def _refuse_second(node: Node, *, lost: bool) -> Refusal:
    from crashes import trap  # noqa: PLC0415 - only here

    refusal = Refusal(StorageError(FULL))
    trap(node.ctx.log._recorder, "insert_events", 2, after=lost, spring=refusal._spring)
    return refusal


@HOW
@pytest.mark.parametrize("store", ERASING)
async def test_an_erasure_that_the_disk_interrupts_is_finished_without_a_restart(
    world: MemoryWorld, store: str, *, lost: bool
) -> None:
    jelle = await world.person("actium")
    await _share(world, jelle, "zaak-1", kind="signal", signal_kind="VERVUILING")
    await finished(world)
    welzijn, actor = world.nodes["welzijn"], world.actor("welzijn")
    rule = next(r.rule for r in await welzijn.retention_rules(actor) if r.retention == CLASS)
    await welzijn.retention_confirm(actor, rule)
    keys = [row["key_id"] for row in welzijn.ctx.ledger.rows("SELECT key_id FROM contents WHERE retention=?", CLASS)]
    colleague = await world.colleague("welzijn")
    world.clock.forward(days=60)
    with pytest.raises((ConflictError, NotAllowedError)):  # one asks, another goes on
        await welzijn.retention_enforce(actor, confirm_date=None)
    broken = ERASING[store](welzijn, lost)
    with contextlib.suppress(StorageError):
        await welzijn.retention_enforce(colleague, confirm_date=world.clock.now().date())
    assert broken.hits == 1
    await world.until(lambda: welzijn.ctx.ledger.count("erasures WHERE done_at IS NOT NULL") == 1)
    assert welzijn.ctx.vault.get_many(keys) == {}
    await world.until(welzijn.ctx.prekeys.alive)
    assert await finished(world) == {"actium": 1, "welzijn": 0}
    assert len(world.events("welzijn", "erasure/done/1")) == 1, "finished once"
