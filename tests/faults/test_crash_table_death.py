"""Dying between any two steps of sending, receiving, taking a receipt in, erasing, and making or rolling epoch keys.

The process ends with ``os._exit`` in the middle of a real scenario, both nodes at once; then the normal start-up path, and the
oracle. Dying before a step is dying after the one before it, so each table needs "after" only for its last row.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from case_forms import HOUSE, TO_WELZIJN, share_form
from crashes import Step, before_each, die_at, finished, lose_broker, reopened
from memory_world import MemoryWorld, fake_transport

from exchange.node import forms as f
from exchange.node.node import Node
from exchange.node.service import Idempotency

RULE = "r01"
"""Retention class of a signal: the first to go."""


@pytest.fixture
def home(founded: Path, tmp_path: Path) -> Path:
    """A founded exchange in which one message went well before the trouble starts."""
    target = tmp_path / "exchange"
    shutil.copytree(founded, target)
    return target


# ---------------------------------------------------------------------------------------- the steps

UNIT = ("unit decided", lambda n: (n.ctx.log, "store"))
PENDING = ("keys pending in the vault", lambda n: (n.ctx.vault, "put_pending"))
COMMIT = ("log committed", lambda n: (n.ctx.log._recorder, "insert_events"))
CONFIRM = ("keys confirmed", lambda n: (n.ctx.vault, "confirm"))
VIEWS = ("views updated", lambda n: (n.ctx.ledger, "apply"))
PUBLISH = ("published", lambda n: (n.transport, "publish"))
OPEN = ("frame opened", lambda n: (n.inbox_handler, "_open"))


def _delete(node: Node) -> tuple[Any, str]:
    """The frame is deleted on the broker: all deliveries share one class, so the trap is set on this node's."""
    take = node.transport.take

    async def taken(waited_s: float) -> int:
        return int(await take(waited_s))

    node.transport.take = taken
    return fake_transport().MemoryDelivery, "done"


def _second(step: tuple[str, Callable[[Node], tuple[Any, str]]]) -> tuple[Any, ...]:
    return (*step, 2)


SENDING = before_each(
    "actium", UNIT, PENDING, COMMIT, CONFIRM, VIEWS, ("in the outbox", lambda n: (n.outgoing, "add")), PUBLISH
)
RECEIVING = before_each(
    "welzijn", OPEN, PENDING, COMMIT, CONFIRM, VIEWS, ("receipt published", PUBLISH[1]), ("frame deleted", _delete)
)
RECEIPT = before_each(
    "actium",
    ("receipt opened", OPEN[1]),
    _second(COMMIT),
    _second(VIEWS),
    ("sending ended", lambda n: (n.inbox_handler, "_settled")),
)
"""The first commit is the sending itself, the second that of the receipt."""


# ---------------------------------------------------------------------------------------- messages


async def _one_before(world: MemoryWorld) -> Any:
    jelle = await world.person("actium")
    await world.share("actium", share_form(jelle, [TO_WELZIJN], HOUSE))
    return jelle


async def disclose(world: MemoryWorld, arm: Callable[[], None]) -> None:
    jelle = await _one_before(world)
    (world.home / "jelle").write_text(str(jelle))
    await world.until(lambda: not any(world.memory.inboxes.values()))
    arm()
    form = share_form(jelle, [TO_WELZIJN], HOUSE)
    answer = await world.nodes["actium"].share(world.actor("actium"), form, Idempotency("zaak-2"))
    await world.nodes["actium"].act(world.actor("actium"), answer.act, wait_s=60)
    await world.until(lambda: not any(world.memory.inboxes.values()))


async def _again(world: MemoryWorld) -> None:
    """The caller, who got no answer, asks again under the same idempotency key."""
    form = share_form((world.home / "jelle").read_text(), [TO_WELZIJN], HOUSE)  # type: ignore[arg-type]
    await world.nodes["actium"].share(world.actor("actium"), form, Idempotency("zaak-2"))


@pytest.mark.parametrize("step", SENDING, ids=lambda s: s.id)
def test_dying_while_sending_loses_nothing_and_doubles_nothing(home: Path, step: Step) -> None:
    _die_and_finish(home, step)


@pytest.mark.parametrize("step", RECEIVING, ids=lambda s: s.id)
def test_dying_while_receiving_loses_nothing_and_doubles_nothing(home: Path, step: Step) -> None:
    _die_and_finish(home, step)


@pytest.mark.parametrize("step", RECEIPT, ids=lambda s: s.id)
def test_dying_while_a_receipt_comes_in_loses_nothing_and_doubles_nothing(home: Path, step: Step) -> None:
    _die_and_finish(home, step)


@pytest.mark.parametrize("step", [RECEIVING[0], RECEIVING[-1], RECEIPT[1]], ids=lambda s: s.id)
def test_dying_together_with_the_store_of_the_broker_loses_nothing(home: Path, step: Step) -> None:
    _die_and_finish(home, step, broker_too=True)


def _die_and_finish(home: Path, step: Step, *, broker_too: bool = False) -> None:
    die_at(home, disclose, step)
    if broker_too:
        lose_broker(home)

    async def after() -> None:
        async with reopened(home) as world:
            await finished(world)
            await _again(world)
            sent = await finished(world)
            assert sent == {"actium": 2, "welzijn": 0}

    _run(after())


# ---------------------------------------------------------------------------------------- erasing


def _epoch_shred(node: Node) -> tuple[Any, str]:
    return node.ctx.prekeys, "_destroy"


ANCHOR = (
    ("staged", lambda n: (n.ctx.vault._primary.anchor, "stage")),
    ("in the transaction", lambda n: (n.ctx.vault._primary, "_rewrap_buckets")),
    ("promoted", lambda n: (n.ctx.vault._primary.anchor, "promote")),
    ("discarded", lambda n: (n.ctx.vault._primary.anchor, "discard")),
)
ERASING = before_each(
    "welzijn",
    ("decision committed", COMMIT[1]),
    ("decision in the views", VIEWS[1]),
    ("epoch destroyed", _epoch_shred),
    *[(f"anchor of the epoch {name}", target, 1) for name, target in ANCHOR],
    ("epoch remembered as gone", lambda n: (n.ctx.prekeys, "_remember")),
    ("new epoch made", lambda n: (n.ctx.prekeys, "_make")),
    ("new epoch pending", PENDING[1]),
    ("new epoch confirmed", lambda n: (n.ctx.vault, "flush")),
    *[(f"anchor of the content {name}", target, 2) for name, target in ANCHOR],
    ("ciphertexts dropped", lambda n: (n.ctx.log, "drop_sealed")),
    ("people forgotten", lambda n: (n.ctx.people, "forget")),
    ("done committed", COMMIT[1], 2),
    ("done in the views", VIEWS[1], 2),
)


async def erase(world: MemoryWorld, arm: Callable[[], None]) -> None:
    """Welzijn destroys what it received under a rule, while the epoch it came under still lives."""
    jelle = await _one_before(world)
    signal = share_form(jelle, [TO_WELZIJN], HOUSE, kind="signal", signal_kind="VERVUILING")
    await world.share("actium", signal)
    welzijn, actor = world.nodes["welzijn"], world.actor("welzijn")
    rule = next(r.rule for r in await welzijn.retention_rules(actor) if r.retention == RULE)
    await welzijn.retention_confirm(actor, rule)
    await world.until(lambda: not any(world.memory.inboxes.values()))
    term = welzijn.terms.of(RULE)
    assert term is not None
    keys = [row["key_id"] for row in welzijn.ctx.ledger.rows("SELECT key_id FROM contents WHERE retention=?", RULE)]
    (world.home / "keys").write_text(" ".join(keys))
    answer = f.ErasureAnswer(erasures=[], items=0, keys=0, epochs=0, generation=0)
    arm()
    await welzijn.retention._erase(term.rule.code, keys, actor, "confirmed-by-person", answer)


@pytest.mark.parametrize("step", ERASING, ids=lambda s: s.id)
def test_dying_while_erasing_finishes_the_erasure_or_leaves_all_as_it_was(home: Path, step: Step) -> None:
    die_at(home, erase, step)
    keys = (home / "keys").read_text().split()

    async def after() -> None:
        async with reopened(home) as world:
            await finished(world)
            left = world.nodes["welzijn"].ctx.vault.get_many(keys)
            decided = world.nodes["welzijn"].ctx.ledger.count("erasures")
            assert len(left) == (len(keys) if decided == 0 else 0)
            assert decided == (step.name != "decision committed")
            # A new message comes under an epoch that lives, and opens.
            await _one_before(world)
            await finished(world)

    _run(after())


# ---------------------------------------------------------------------------------------- epochs

MAKING = before_each(
    "welzijn",
    ("epoch remembered", lambda n: (n.ctx.prekeys, "_remember")),
    ("epoch pending", PENDING[1]),
    CONFIRM,
    ("confirmation durable", lambda n: (n.ctx.vault, "flush")),
    ("bundle numbered", lambda n: (n.ctx.prekeys, "bundle")),
    ("bundle published", lambda n: (n.transport, "publish_control")),
    ("old epoch destroyed", _epoch_shred),
)
ROLLING = before_each(
    "welzijn",
    ("epoch destroyed", lambda n: (n.ctx.vault, "shred")),
    ("epoch remembered as gone", lambda n: (n.ctx.prekeys, "_remember")),
    ("new epoch remembered", lambda n: (n.ctx.prekeys, "_remember"), 2),
    ("new epoch pending", PENDING[1]),
    ("new epoch durable", lambda n: (n.ctx.vault, "flush")),
    ("roll committed", COMMIT[1]),
    ("bundle published", lambda n: (n.transport, "publish_control")),
)


async def next_day(world: MemoryWorld, arm: Callable[[], None]) -> None:
    await _one_before(world)
    await world.until(lambda: not any(world.memory.inboxes.values()))
    world.clock.forward(days=1, minutes=6)
    arm()
    for node in world.nodes.values():
        node.housekeeping.wake()
    before = {own.kid for own in world.nodes["welzijn"].ctx.prekeys.alive()}
    await world.until(lambda: before - {own.kid for own in world.nodes["welzijn"].ctx.prekeys.alive()})


async def roll(world: MemoryWorld, arm: Callable[[], None]) -> None:
    await _one_before(world)
    await world.until(lambda: not any(world.memory.inboxes.values()))
    arm()
    welzijn = world.nodes["welzijn"]
    await welzijn.roll_keys(world.actor("welzijn"))
    await world.until(lambda: welzijn.housekeeping._published)


@pytest.mark.parametrize(
    ("scenario", "step"),
    [*[(next_day, s) for s in MAKING], *[(roll, s) for s in ROLLING]],
    ids=lambda x: x.id if isinstance(x, Step) else x.__name__,
)
def test_dying_while_epochs_change_leaves_no_orphan_key_and_messages_still_come(
    home: Path, scenario: Any, step: Step
) -> None:
    die_at(home, scenario, step)

    async def after() -> None:
        async with reopened(home) as world:
            await _one_before(world)
            await finished(world)

    _run(after())


def _run(work: Any) -> None:
    import asyncio  # noqa: PLC0415 - every other import of this module is safe to fork with

    asyncio.run(work)


assert os.name == "posix", "these tests fork"
