"""One oracle for every fault test: opens stopped nodes as a start does, re-reads everything, says what is wrong.

* the log verifies: leaves, roots, checkpoints, every signature, every stored part with its key and commitment
* every view is what the log says
* the vault holds exactly the keys that something names: no orphan, none missing but the erased, none pending
* the sealed table holds exactly the ciphertexts of parts that are not erased
* between two nodes: what one sent, the other stored once, under the same bytes; receipts agree on both sides and with the log
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import orjson
from world import World

from exchange import setup
from exchange.domain import events as e
from exchange.domain.event import Event
from exchange.node import accountability
from exchange.node import forms as f
from exchange.node.node import Node


def check_node(node: Node, directory: Path) -> dict[str, Event]:
    """Everything about one node; gives its messages by message id, for :func:`check_exchange`."""
    ctx = node.ctx
    verified = list(accountability.verify_log(ctx.log, ctx.covenants, ctx.me.slug, with_keys=True))[-1]
    assert isinstance(verified, f.VerifyAnswer)
    assert verified.ok, f"{ctx.me.slug}: entry {verified.first_bad}: {verified.problem}"
    replayed = list(accountability.replay(ctx.log, ctx.ledger))[-1]
    assert isinstance(replayed, f.ReplayAnswer)
    assert replayed.ok, f"{ctx.me.slug}: views differ: {replayed.differences}"
    events = _events(node)
    _check_keys(node, directory, events)
    return _messages(events)


def _events(node: Node) -> list[Event]:
    return [event for page in accountability.pages(node.ctx.log) for event in node.ctx.log.read_all(page)]


def _check_keys(node: Node, directory: Path, events: list[Event]) -> None:
    ctx = node.ctx
    named: Counter[str] = Counter()
    sealed: set[str] = set()
    erased: set[str] = set()
    gone_rows: set[str] = set()
    for event in events:
        if isinstance(event, e.MessageSent | e.MessageReceived):
            named.update({p.key_id for p in event.parts if p.key_id})
            sealed.update(p.hash for p in event.parts if p.key_id)
        elif isinstance(event, e.ErasureDecided):
            erased.update(event.key_ids)
            gone_rows.update(event.sealed)
        elif (key_id := getattr(event, "key_id", None)) is not None and type(event).private:
            named.update({key_id})
        if isinstance(event, e.ItemRecorded) and event.message is None and event.content_key:
            named.update({event.content_key})
            sealed.add(event.sealed or "")
    roles = set(json.loads((directory / setup.KEYS_FILE).read_text())["keys"].values())
    epochs = {own.key_id for own in ctx.prekeys.alive() if own.key_id}
    ctx.vault.flush()
    present = {raw.hex() for raw in ctx.vault._primary.ids()}
    expected = (set(named) - erased) | roles | epochs
    assert present == expected, (
        f"{ctx.me.slug}: {len(present - expected)} orphan keys, {len(expected - present)} keys missing"
    )
    assert ctx.vault.pending() == []
    rows = {digest.hex() for digest, _ in _sealed(node)}
    assert rows == sealed - gone_rows, f"{ctx.me.slug}: the ciphertexts kept are not those of the living parts"


def _sealed(node: Node) -> list[tuple[bytes, bytes]]:
    found: list[tuple[bytes, bytes]] = []
    while page := node.ctx.log.sealed_page(found[-1][0] if found else b""):
        found += page
    return found


def _messages(events: list[Event]) -> dict[str, Event]:
    kinds = (e.MessageSent, e.MessageReceived, e.SequenceVoided, e.SequenceVoidedByPartner)
    stored = [event for event in events if isinstance(event, kinds)]
    doubled = [m for m, n in Counter(event.message for event in stored).items() if n > 1]
    assert not doubled, "a message stands in the log twice"
    receipts = [event for event in events if isinstance(event, e.ReceiptIssued | e.ReceiptReceived)]
    assert len({(type(r), r.message) for r in receipts}) == len(receipts), "a receipt stands in the log twice"
    found: dict[str, Event] = {event.message: event for event in stored}
    found |= {f"receipt {r.message}": r for r in receipts}
    return found


def check_exchange(world: World, *, delivered: bool = True) -> dict[str, int]:
    """All nodes of a world, stopped; with ``delivered`` nothing may be under way any more. Gives counts of messages per node."""
    assert not world.nodes, "stop the nodes first: the oracle opens them as a start does"
    everything: dict[str, dict[str, Event]] = {}
    for slug in sorted(path.name for path in (world.home / "nodes").iterdir()):
        node = world.open(slug)
        try:
            everything[slug] = check_node(node, world.directory(slug))
        finally:
            node.ctx.writer.close()
            node.ctx.close()
    for slug, mine in everything.items():
        for event in mine.values():
            if isinstance(event, e.MessageSent):
                _check_pair(slug, event, mine, everything[event.recipient], delivered=delivered)
            elif isinstance(event, e.MessageReceived):
                assert event.message in everything[event.sender], "a message was received that nobody sent"
    return {slug: sum(isinstance(x, e.MessageSent) for x in mine.values()) for slug, mine in everything.items()}


def _check_pair(
    slug: str, sent: e.MessageSent, mine: dict[str, Event], theirs: dict[str, Event], *, delivered: bool
) -> None:
    received = theirs.get(sent.message)
    if received is None:
        assert not delivered, f"{slug}: message {sent.sequence} to {sent.recipient} is lost"
        return
    assert isinstance(received, e.MessageReceived)
    assert (received.header, received.signature, received.sequence) == (sent.header, sent.signature, sent.sequence)
    issued, came = theirs[f"receipt {sent.message}"], mine.get(f"receipt {sent.message}")
    assert isinstance(issued, e.ReceiptIssued)
    if came is None:
        assert not delivered, f"{slug}: the receipt for message {sent.sequence} is lost"
        return
    assert isinstance(came, e.ReceiptReceived)
    assert came.receipt == issued.receipt
    assert orjson.loads(came.receipt)["data"]["message"] == sent.message
