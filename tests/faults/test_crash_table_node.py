"""A crash between any two steps of receiving, sending and erasing: the normal start-up path repairs it, the oracle finds nothing.

Each row breaks one step, in pairs where it matters: *refused* did nothing, *lost* did it and its answer was lost.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from case_forms import HOUSE, TO_WELZIJN, share_form
from oracle import check_exchange
from world import World

from exchange.errors import BrokerError, ExchangeError, StorageError
from exchange.node.node import Node


class Broken:
    """A step that fails the first time it is used."""

    def __init__(self, owner: Any, name: str, *, lost: bool = False, error: type[ExchangeError] = StorageError) -> None:
        self._real = getattr(owner, name)
        self._lost = lost
        self._error = error
        self.hit = False
        setattr(owner, name, self._async if self._is_async() else self._sync)

    def _is_async(self) -> bool:
        return inspect.iscoroutinefunction(self._real)

    def _sync(self, *args: Any, **kwargs: Any) -> Any:
        if self.hit:
            return self._real(*args, **kwargs)
        self.hit = True
        if self._lost:
            self._real(*args, **kwargs)
        raise self._error("Broken on purpose.")

    async def _async(self, *args: Any, **kwargs: Any) -> Any:
        if self.hit:
            return await self._real(*args, **kwargs)
        self.hit = True
        if self._lost:
            await self._real(*args, **kwargs)
        raise self._error("Broken on purpose.")


Break = Callable[[Node], Broken]
RECEIVING: dict[str, Break] = {
    "vault refused": lambda n: Broken(n.ctx.vault, "put_pending"),
    "vault lost": lambda n: Broken(n.ctx.vault, "put_pending", lost=True),
    "log refused": lambda n: Broken(n.ctx.log._recorder, "insert_events"),
    "log lost": lambda n: Broken(n.ctx.log._recorder, "insert_events", lost=True),
    "confirm refused": lambda n: Broken(n.ctx.vault, "confirm"),
    "views refused": lambda n: Broken(n.ctx.ledger, "apply"),
    "receipt refused": lambda n: Broken(n.transport, "publish", error=BrokerError),
    "receipt lost": lambda n: Broken(n.transport, "publish", lost=True, error=BrokerError),
    "delete refused": lambda n: Broken(n.transport, "delete", error=BrokerError),
    "delete lost": lambda n: Broken(n.transport, "delete", lost=True, error=BrokerError),
}


@contextlib.asynccontextmanager
async def _pair(home: Path) -> AsyncIterator[World]:
    """Two of the four partners run; the others stay connected parties of the covenant."""
    async with World.founded(home, start=False) as world:
        for slug in ("actium", "welzijn"):
            await world.start(slug)
        await world.connected()
        yield world


async def crash(world: World, slug: str) -> None:
    """End a node as a crash does: no goodbye, no last write; only the files are let go."""
    node = world.nodes.pop(slug)
    for task in node._tasks:
        task.cancel()
    await node.transport.close()
    node.ctx.writer.close()
    node.ctx.vault._confirmed.clear()  # what was to be confirmed lazily is lost with the process
    node.ctx.close()


@pytest.mark.parametrize("step", RECEIVING)
async def test_a_crash_while_receiving_stores_the_message_once(tmp_path: Path, step: str) -> None:
    async with _pair(tmp_path) as world:
        broken = RECEIVING[step](world.nodes["welzijn"])
        jelle = await world.person("actium")
        actium, actor = world.nodes["actium"], world.actor("actium")
        act = await actium.share(actor, share_form(jelle, [TO_WELZIJN], HOUSE), None)
        await world.until(lambda: broken.hit)
        await crash(world, "welzijn")
        await world.start("welzijn")
        for _ in range(60):
            if (await actium.act(actor, act.act, wait_s=0.5)).messages[0].state == "receipted":
                break
            world.clock.forward(seconds=30)
        await _stop_all(world)
        assert check_exchange(world)["actium"] == 1


SENDING: dict[str, Break] = {
    **{name: RECEIVING[name] for name in ("vault refused", "vault lost", "log refused", "log lost", "confirm refused")},
    "publish refused": lambda n: Broken(n.transport, "publish", error=BrokerError),
    "publish lost": lambda n: Broken(n.transport, "publish", lost=True, error=BrokerError),
}


@pytest.mark.parametrize("step", SENDING)
async def test_a_crash_while_sending_keeps_what_was_promised_and_nothing_else(tmp_path: Path, step: str) -> None:
    async with _pair(tmp_path) as world:
        jelle = await world.person("actium")
        actium, actor = world.nodes["actium"], world.actor("actium")
        broken = SENDING[step](actium)
        promised = 0
        try:
            await actium.share(actor, share_form(jelle, [TO_WELZIJN], HOUSE), None)
            promised = 1
        except StorageError:
            pass
        await world.until(lambda: broken.hit)
        await crash(world, "actium")
        await world.start("actium")
        await world.until(lambda: not world.nodes["actium"].outgoing.waiting(), within_s=60)
        await _stop_all(world)
        stored = check_exchange(world)["actium"]
        assert stored >= promised
        assert stored == promised or step == "log lost"


ERASING: dict[str, Break] = {
    "epoch roll refused": lambda n: Broken(n.ctx.prekeys, "roll"),
    "epoch roll lost": lambda n: Broken(n.ctx.prekeys, "roll", lost=True),
    "shred refused": lambda n: Broken(n.ctx.vault, "shred"),
    "shred lost": lambda n: Broken(n.ctx.vault, "shred", lost=True),
    "drop refused": lambda n: Broken(n.ctx.log, "drop_sealed"),
    "drop lost": lambda n: Broken(n.ctx.log, "drop_sealed", lost=True),
    "done refused": lambda n: Broken(n.retention, "_done"),
}


@pytest.mark.parametrize("step", ERASING)
async def test_a_crash_while_erasing_is_finished_at_the_next_start(tmp_path: Path, step: str) -> None:
    async with _pair(tmp_path) as world:
        jelle = await world.person("actium")
        form = share_form(jelle, [TO_WELZIJN], HOUSE, kind="signal", signal_kind="VERVUILING")
        await world.share("actium", form)
        welzijn, actor = world.nodes["welzijn"], world.actor("welzijn")
        rule = next(r.rule for r in await welzijn.retention_rules(actor) if r.retention == "r01")
        await welzijn.retention_confirm(actor, rule)
        # The day is moved for this node only, and confirmed by a person: its epoch of today must still be alive.
        broken = ERASING[step](welzijn)
        for row in welzijn.ctx.ledger.rows("SELECT key_id FROM contents WHERE retention='r01'"):
            assert welzijn.ctx.vault.get(row["key_id"]) is not None
        term = welzijn.terms.of("r01")
        assert term is not None
        keys = [r["key_id"] for r in welzijn.ctx.ledger.rows("SELECT key_id FROM contents WHERE retention='r01'")]
        answer = welzijn.retention._answer_of_nothing()
        with pytest.raises(StorageError):
            await welzijn.retention._erase(term.rule.code, keys, actor, "confirmed-by-person", answer)
        assert broken.hit
        await crash(world, "welzijn")
        await world.start("welzijn")
        again = world.nodes["welzijn"]
        assert again.ctx.ledger.count("erasures WHERE done_at IS NOT NULL") == 1
        assert again.ctx.vault.get_many(keys) == {}
        await _stop_all(world)
        check_exchange(world)


async def _stop_all(world: World) -> None:
    for slug in list(world.nodes):
        await world.stop(slug)
