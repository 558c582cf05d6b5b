"""Dying in the middle of the work, for real: a forked process ends with ``os._exit`` at a step; what is on disk is all there is.

    die_at(home, scenario, Step("welzijn", "log commit", lambda n: (n.ctx.log._recorder, "insert_events")))
    async with reopened(home) as world:
        await finished(world)

Both nodes die at once, in the middle of a real scenario; the broker, which is in memory, survives in a file beside them (or is
lost as well). A step can also *refuse*: it raises, with or without having done its work, and the node goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import os
import pickle
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from memory_world import MemoryWorld, fake_transport
from oracle import check_running
from world import HandClock

from exchange.node.node import Node

PAIR = ("actium", "welzijn")
DEAD = 77
PATIENCE_S = 3600.0
"""Longer than anything is put off."""
LIVED = 78
_BROKER = "broker.pickle"
_CLOCK = "clock.pickle"
_WHY = "why-not.txt"

Target = Callable[[Node], tuple[Any, str]]
Scenario = Callable[[MemoryWorld, Callable[[], None]], Awaitable[None]]
"""Gets the running world and a function that sets the trap; does the work in which the process dies."""


@dataclass(frozen=True)
class Step:
    """Where to die: the ``nth`` call of a method of one node, before it runs or after it ran."""

    slug: str
    name: str
    target: Target
    nth: int = 1
    after: bool = False

    @property
    def id(self) -> str:
        return f"{'after' if self.after else 'before'} {self.name}".replace(" ", "-")


def before_each(slug: str, *steps: tuple[Any, ...]) -> list[Step]:
    """A table of deaths: before each of these steps, which is after the one before it; and after the last."""
    table = [Step(slug, *step) for step in steps]
    return [*table, Step(slug, *steps[-1], after=True)]


# ---------------------------------------------------------------------------------------- setting traps


def trap(owner: Any, name: str, nth: int, *, after: bool, spring: Callable[[], Any]) -> None:
    """Call ``spring`` before or after the ``nth`` call of ``owner.name``; earlier and later calls are as ever."""
    real, calls = getattr(owner, name), [0]

    def hit() -> bool:
        calls[0] += 1
        return calls[0] == nth

    def plain(*args: Any, **kwargs: Any) -> Any:
        struck = hit()
        if struck and not after:
            spring()
        value = real(*args, **kwargs)
        if struck and after:
            spring()
        return value

    async def waiting(*args: Any, **kwargs: Any) -> Any:
        struck = hit()
        if struck and not after:
            spring()
        value = await real(*args, **kwargs)
        if struck and after:
            spring()
        return value

    setattr(owner, name, waiting if inspect.iscoroutinefunction(real) else plain)


@dataclass
class Refusal:
    """A step that raises the first time: *refused* did nothing, *lost* did its work and its answer was lost."""

    error: Exception
    times: int = 1
    hits: int = field(default=0)

    def at(self, owner: Any, name: str, *, lost: bool = False) -> None:
        for nth in range(1, self.times + 1):
            trap(owner, name, nth, after=lost, spring=self._spring)

    def _spring(self) -> None:
        self.hits += 1
        raise self.error


# ---------------------------------------------------------------------------------------- dying


def die_at(home: Path, scenario: Scenario, step: Step, *, slugs: Iterable[str] = PAIR) -> None:
    """Play ``scenario`` in a process of its own, which dies at ``step``."""
    pid = os.fork()
    if pid == 0:
        _in_child(home, scenario, step, tuple(slugs))
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code != LIVED, f"the scenario never came to the step {step.name!r}"
    assert code == DEAD, (home / _WHY).read_text()


def _in_child(home: Path, scenario: Scenario, step: Step, slugs: tuple[str, ...]) -> None:
    try:
        asyncio.run(_play(home, scenario, step, slugs))
    except BaseException:  # noqa: BLE001 - the parent reads why
        (home / _WHY).write_text(traceback.format_exc())
        os._exit(1)
    os._exit(LIVED)


async def _play(home: Path, scenario: Scenario, step: Step, slugs: tuple[str, ...]) -> None:
    world = _world(home)

    def die() -> None:
        _remember(world)
        os._exit(DEAD)

    def arm() -> None:
        trap(*step.target(world.nodes[step.slug]), step.nth, after=step.after, spring=die)

    for slug in slugs:
        await world.start(slug)
    await world.connected()
    await scenario(world, arm)


def _world(home: Path) -> MemoryWorld:
    world = MemoryWorld(home, home / "covenant.signed.json", 0)
    world.memory = fake_transport().MemoryBroker(tuple(p.name for p in (home / "nodes").iterdir()), automatic=True)
    if (home / _BROKER).exists():
        inboxes, world.memory.lane = pickle.loads((home / _BROKER).read_bytes())  # noqa: S301 - we wrote it
        held = fake_transport().Held
        world.memory.inboxes |= {slug: [held(sender, data) for sender, data in frames] for slug, frames in inboxes}
    if (home / _CLOCK).exists():
        world.clock = HandClock(pickle.loads((home / _CLOCK).read_bytes()))  # noqa: S301 - we wrote it
    return world


def _remember(world: MemoryWorld) -> None:
    """What outlives the nodes: the broker's store, and time."""
    inboxes = [(slug, [(h.sender, h.data) for h in list(frames)]) for slug, frames in world.memory.inboxes.items()]
    (world.home / _BROKER).write_bytes(pickle.dumps((inboxes, dict(world.memory.lane))))
    (world.home / _CLOCK).write_bytes(pickle.dumps(world.clock.at))


def lose_broker(home: Path) -> None:
    """The broker's store is gone as well: a new one starts from nothing."""
    (home / _BROKER).unlink()


# ---------------------------------------------------------------------------------------- afterwards


@contextlib.asynccontextmanager
async def reopened(home: Path, slugs: Iterable[str] = PAIR) -> AsyncIterator[MemoryWorld]:
    """The world as a start finds it, with the normal start-up path."""
    world = _world(home)
    try:
        for slug in slugs:
            await world.start(slug)
        await world.connected()
        yield world
    finally:
        await world.close()


async def finished(world: MemoryWorld, *, delivered: bool = True) -> dict[str, int]:
    """Wait until nothing moves, then ask the oracle."""
    await world.until(lambda: all(_at_rest(node) for node in world.nodes.values()))
    while any(world.memory.inboxes[slug] for slug in world.nodes):  # a frame that was put off comes again later
        await world.memory.deliver(PATIENCE_S)
        await asyncio.sleep(0)
    return check_running(world, delivered=delivered)


def _at_rest(node: Node) -> bool:
    undone = node.ctx.ledger.count("erasures WHERE done_at IS NULL")
    under_way = node.ctx.ledger.count("messages WHERE direction='sent' AND state='open'")
    return not undone and not under_way and not node.outgoing.waiting()
