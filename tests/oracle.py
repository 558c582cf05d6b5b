"""One oracle for every fault test: re-reads everything of a node, stopped or running, and says what is wrong.

* the log verifies: leaves, roots, checkpoints, every signature, every stored part with its key and commitment
* every view is what the log says
* the vault holds exactly the keys that something names: no orphan, none missing but the erased, none pending, none doubled
* the sealed table holds exactly the ciphertexts of parts that are not erased
* what was sent and received is numbered without a hole and without a number twice
* between two nodes: what one sent, the other stored once, under the same bytes, with the same items; receipts agree on both
  sides and with the leaf in the recipient's log; what is not delivered is still open in the sender's outbox
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson
from world import World

from exchange import setup
from exchange.domain import events as e
from exchange.domain.event import Event
from exchange.node import accountability
from exchange.node import forms as f
from exchange.node.node import Node

MESSAGES = (e.MessageSent, e.MessageReceived, e.SequenceVoided, e.SequenceVoidedByPartner)
Key = str
"""A message id, or ``receipt`` and one."""


@dataclass
class Found:
    """What the oracle read at one node."""

    messages: dict[Key, Event]
    open: set[str]
    """Ids of own messages that wait for a receipt, as the views say."""
    leaves: list[str]
    """Leaf hashes by index."""
    items: set[tuple[str, str, str]]
    """(message, item id, category) of every item that went over the exchange."""


# ---------------------------------------------------------------------------------------- one node


def check_node(node: Node, directory: Path) -> Found:
    """Everything about one node; gives what :func:`check_between` compares."""
    ctx = node.ctx
    verified = list(accountability.verify_log(ctx.log, ctx.covenants, ctx.me.slug, ctx.vault))[-1]
    assert isinstance(verified, f.VerifyAnswer)
    assert verified.ok, f"{ctx.me.slug}: entry {verified.first_bad}: {verified.problem}"
    replayed = list(accountability.replay(ctx.log, ctx.ledger))[-1]
    assert isinstance(replayed, f.ReplayAnswer)
    assert replayed.ok, f"{ctx.me.slug}: views differ: {replayed.differences}"
    events = [event for page in accountability.pages(ctx.log) for event in ctx.log.read_all(page)]
    _check_keys(node, directory, events)
    _check_numbers(ctx.me.slug, events)
    rows = ctx.ledger.rows("SELECT message FROM messages WHERE direction='sent' AND state IN ('open','nacked')")
    return Found(
        messages=_messages(events),
        open={row["message"] for row in rows},
        leaves=[digest.hex() for digest in ctx.log.leaf_hashes(0, ctx.log.size)],
        items={
            (event.message, str(event.item), event.category)
            for event in events
            if isinstance(event, e.ItemRecorded) and event.message is not None
        },
    )


def _check_keys(node: Node, directory: Path, events: list[Event]) -> None:
    ctx = node.ctx
    named: Counter[str] = Counter()
    sealed: set[str] = set()
    erased: set[str] = set()
    gone_rows: set[str] = set()
    for event in events:
        if isinstance(event, e.MessageSent | e.MessageReceived):
            named.update([p.key_id for p in event.parts if p.key_id])
            sealed.update(p.hash for p in event.parts if p.key_id)
        elif isinstance(event, e.ErasureDecided):
            erased.update(event.key_ids)
            gone_rows.update(event.sealed)
        elif (key_id := getattr(event, "key_id", None)) is not None and type(event).private:
            named.update([key_id])
        if isinstance(event, e.ItemRecorded) and event.message is None and event.content_key:
            named.update([event.content_key])
            sealed.add(event.sealed or "")
    roles = set(json.loads((directory / setup.KEYS_FILE).read_text())["keys"].values())
    epochs = {own.key_id for own in ctx.prekeys.alive() if own.key_id}
    ctx.vault.flush()
    listed = [row[0].hex() for row in ctx.vault._primary._db.execute("SELECT id FROM keys")]
    present = set(listed)
    assert len(listed) == len(present), f"{ctx.me.slug}: a key is in the vault twice"
    assert ctx.vault.verify() == len(present)
    expected = (set(named) - erased) | roles | epochs
    assert present == expected, (
        f"{ctx.me.slug}: {len(present - expected)} orphan keys, {len(expected - present)} keys missing"
    )
    assert ctx.vault.pending() == [], f"{ctx.me.slug}: keys still wait for their event"
    rows = {digest.hex() for digest in _sealed(node)}
    assert rows == sealed - gone_rows, f"{ctx.me.slug}: the ciphertexts kept are not those of the living parts"


def _sealed(node: Node) -> list[bytes]:
    found: list[bytes] = []
    while page := node.ctx.log.sealed_page(found[-1] if found else b""):
        found += [digest for digest, _ in page]
    return found


def _check_numbers(slug: str, events: list[Event]) -> None:
    """Sent numbers run from 1 without a hole; no received number is there twice, none was stored for two messages."""
    sent: dict[str, list[int]] = {}
    came: Counter[tuple[str, int]] = Counter()
    for event in events:
        if isinstance(event, e.MessageSent):
            sent.setdefault(event.recipient, []).append(event.sequence)
        elif isinstance(event, e.MessageReceived | e.SequenceVoidedByPartner):
            came[event.sender, event.sequence] += 1
    for partner, numbers in sent.items():
        assert numbers == list(range(1, len(numbers) + 1)), f"{slug}: messages to {partner} are numbered {numbers}"
    assert all(n == 1 for n in came.values()), f"{slug}: a number of a partner was stored twice"


def _messages(events: list[Event]) -> dict[Key, Event]:
    stored = [event for event in events if isinstance(event, MESSAGES)]
    doubled = [m for m, n in Counter(event.message for event in stored).items() if n > 1]
    assert not doubled, "a message stands in the log twice"
    receipts = [event for event in events if isinstance(event, e.ReceiptIssued | e.ReceiptReceived)]
    assert len({(type(r), r.message) for r in receipts}) == len(receipts), "a receipt stands in the log twice"
    found: dict[Key, Event] = {event.message: event for event in stored}
    found |= {f"receipt {r.message}": r for r in receipts}
    return found


# ---------------------------------------------------------------------------------------- between nodes


def check_between(everything: Mapping[str, Found], *, delivered: bool = True) -> dict[str, int]:
    """What the nodes say of each other; with ``delivered`` nothing may be under way. Counts of sent messages per node."""
    for slug, mine in everything.items():
        for event in mine.messages.values():
            if isinstance(event, e.MessageSent) and event.recipient in everything:
                _check_pair(slug, event, mine, everything[event.recipient], delivered=delivered)
            elif isinstance(event, e.MessageReceived) and event.sender in everything:
                assert event.message in everything[event.sender].messages, "a message was received that nobody sent"
    return {
        slug: sum(isinstance(x, e.MessageSent) for x in mine.messages.values()) for slug, mine in everything.items()
    }


def _check_pair(slug: str, sent: e.MessageSent, mine: Found, theirs: Found, *, delivered: bool) -> None:
    received, came = theirs.messages.get(sent.message), mine.messages.get(f"receipt {sent.message}")
    if _voided(sent, mine):
        return
    if received is None or came is None:
        what = "message" if received is None else "the receipt for message"
        assert not delivered, f"{slug}: {what} {sent.sequence} to {sent.recipient} is lost"
        assert sent.message in mine.open, f"{slug}: {what} {sent.sequence} is not here, and nobody sends it again"
    if received is None:
        assert came is None, f"{slug}: a receipt came for a message that the partner has not stored"
        return
    assert isinstance(received, e.MessageReceived)
    assert (received.header, received.signature, received.sequence) == (sent.header, sent.signature, sent.sequence)
    refused = {str(number) for number, part in enumerate(received.parts) if part.codes}
    assert [p.hash for p in received.parts] == [p.hash for p in sent.parts]
    if not refused:
        assert {i for i in mine.items if i[0] == sent.message} == {i for i in theirs.items if i[0] == sent.message}
    issued = theirs.messages[f"receipt {sent.message}"]
    assert isinstance(issued, e.ReceiptIssued)
    said = orjson.loads(issued.receipt)["data"]
    assert (said["message"], said["sequence"]) == (sent.message, sent.sequence)
    assert theirs.leaves[said["leaf_index"]] == said["leaf_hash"], f"{slug}: the receipt names another leaf"
    if came is not None:
        assert isinstance(came, e.ReceiptReceived)
        assert (came.receipt, came.signature) == (issued.receipt, issued.signature)


def _voided(sent: e.MessageSent, mine: Found) -> bool:
    return any(isinstance(event, e.SequenceVoided) and event.voided == sent.message for event in mine.messages.values())


def check_running(world: World, *, delivered: bool = True) -> dict[str, int]:
    """The nodes of a world as they run, once nothing moves."""
    found = {slug: check_node(node, world.directory(slug)) for slug, node in world.nodes.items()}
    return check_between(found, delivered=delivered)


def check_exchange(world: World, *, delivered: bool = True) -> dict[str, int]:
    """All nodes of a world, stopped; opened as a start does."""
    assert not world.nodes, "stop the nodes first: the oracle opens them as a start does"
    found: dict[str, Found] = {}
    for slug in sorted(path.name for path in (world.home / "nodes").iterdir()):
        node = world.open(slug)
        try:
            found[slug] = check_node(node, world.directory(slug))
        finally:
            node.ctx.writer.close()
            node.ctx.close()
    return check_between(found, delivered=delivered)
