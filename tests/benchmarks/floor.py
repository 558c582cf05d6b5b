"""The floor: the least work that is one disclosure with its receipt, written by hand, without any of the exchange.

    sender     seal 3 items under keys of their own, sign, wrap (X-Wing HPKE) -> vault commit -> log commit -> publish
    receiver   unwrap, verify, open, compare hashes -> vault commit -> log commit (message, signed receipt) -> publish, ack
    sender     verify the receipt -> log commit -> ack

Every commit is SQLite in WAL with ``synchronous=FULL``; pipelined disclosures share commits. Left out on purpose, because a
floor is what cannot be left out: canonical JSON and its validation, the rules of the covenant, the statement part, the Merkle
tree, who-knows-what records, views, prekey windows, sealed receipts, deleting frames on the broker, duplicates, retries.

Run by bench.py as two processes: ``floor.py receiver URL DIR`` and ``floor.py sender URL DIR``; the sender takes one JSON command
a line on stdin and answers with one JSON line.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sqlite3
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import nats
import nats.js
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
from gauges import commands
from nacl import bindings as sodium
from nats.aio.client import Client
from nats.aio.msg import Msg

ITEMS, ITEM_BYTES = 3, 300
BATCH = 128
"""Most disclosures per commit."""
SIGNATURE, KEY, NONCE, ENC = 64, 32, 24, 1120
SEED = b"the two processes of one run derive each other's keys from this"
SUITE = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
CONTENT, RECEIPTS = ("DISCLOSURES", "disclosures"), ("RECEIPTS", "receipts")


class Keys(NamedTuple):
    """Of one side."""

    verify: bytes
    sign: bytes
    private: hpke.MLKEM768X25519PrivateKey

    @classmethod
    def of(cls, side: bytes) -> Keys:
        def derive(what: bytes) -> bytes:
            return hashlib.sha256(SEED + side + what).digest()

        verify, sign = sodium.crypto_sign_seed_keypair(derive(b"sign"))
        kem = mlkem.MLKEM768PrivateKey.from_seed_bytes(derive(b"d") + derive(b"z"))
        return cls(
            verify,
            sign,
            hpke.MLKEM768X25519PrivateKey(kem, x25519.X25519PrivateKey.from_private_bytes(derive(b"x"))),
        )


def seal(key: bytes, data: bytes, aad: bytes) -> bytes:
    nonce = os.urandom(NONCE)
    return nonce + sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(data, aad, nonce, key)


def unseal(key: bytes, box: bytes, aad: bytes) -> bytes:
    return bytes(sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(box[NONCE:], aad, box[:NONCE], key))


class Message(NamedTuple):
    """What both sides store, and what is sent."""

    number: int
    signed: bytes
    keys: list[bytes]
    parts: list[bytes]

    @property
    def hash(self) -> bytes:
        return hashlib.sha256(self.signed).digest()

    def row(self) -> bytes:
        return self.signed + b"".join(self.parts)


def compose(number: int, items: list[bytes], me: Keys) -> Message:
    head = number.to_bytes(8, "big")
    keys = [os.urandom(KEY) for _ in items]
    parts = [seal(key, item, head) for key, item in zip(keys, items, strict=True)]
    header = head + b"".join(hashlib.sha256(part).digest() for part in parts)
    return Message(number, sodium.crypto_sign(header, me.sign), keys, parts)


def wrap(message: Message, to: Any) -> bytes:
    frame_key = os.urandom(KEY)
    enc = SUITE.encrypt(frame_key, to, b"floor")
    box = seal(frame_key, message.signed + b"".join(message.keys), enc)
    sized = [len(part).to_bytes(4, "big") + part for part in (box, *message.parts)]
    return enc + b"".join(sized)


def unwrap(frame: bytes, me: Keys, sender: bytes) -> Message:
    enc_size = ENC + KEY + 16
    enc, at, blobs = frame[:enc_size], enc_size, list[bytes]()
    while at < len(frame):
        size = int.from_bytes(frame[at : at + 4], "big")
        blobs.append(frame[at + 4 : at + 4 + size])
        at += 4 + size
    inner = unseal(SUITE.decrypt(enc, me.private, b"floor"), blobs[0], enc)
    parts = blobs[1:]
    cut = len(inner) - KEY * len(parts)
    header = sodium.crypto_sign_open(inner[:cut], sender)
    head, keys = header[:8], [inner[i : i + KEY] for i in range(cut, len(inner), KEY)]
    for i, (key, part) in enumerate(zip(keys, parts, strict=True)):
        assert header[8 + KEY * i : 8 + KEY * (i + 1)] == hashlib.sha256(part).digest()
        assert len(unseal(key, part, head)) == ITEM_BYTES
    return Message(int.from_bytes(head, "big"), inner[:cut], keys, parts)


class Store:
    """A log and a vault, each a file, each durable per commit."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True)
        self._log = self._open(directory / "log.db", "events (position INTEGER PRIMARY KEY, kind TEXT, state BLOB)")
        self._vault = self._open(directory / "vault.db", "keys (id BLOB PRIMARY KEY, box BLOB) WITHOUT ROWID")
        self._vault_key = os.urandom(KEY)

    def _open(self, path: Path, table: str) -> sqlite3.Connection:
        db = sqlite3.connect(path, isolation_level=None)
        db.execute("PRAGMA page_size=16384")
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute(f"CREATE TABLE {table}")
        return db

    def put_keys(self, messages: list[Message]) -> None:
        stamp = int(time.time() * 1000).to_bytes(6, "big")
        ids = [(stamp + os.urandom(10), key) for message in messages for key in message.keys]
        rows = [(key_id, seal(self._vault_key, key, key_id)) for key_id, key in ids]
        self._put(self._vault, "INSERT INTO keys VALUES (?,?)", rows)

    def put_events(self, rows: list[tuple[str, bytes]]) -> None:
        self._put(self._log, "INSERT INTO events (kind, state) VALUES (?,?)", rows)

    @staticmethod
    def _put(db: sqlite3.Connection, statement: str, rows: list[Any]) -> None:
        db.execute("BEGIN IMMEDIATE")
        db.executemany(statement, rows)
        db.execute("COMMIT")


class Wire:
    """JetStream by the cheapest path its client offers: pulls and acknowledgements over callback inboxes."""

    def __init__(self, nc: Client) -> None:
        self.queue: deque[Msg] = deque()
        self._nc = nc
        self._arrived = asyncio.Event()
        self._inbox = nc.new_inbox()
        self._acked: dict[str, Callable[[], object]] = {}
        self._count = 0

    @classmethod
    async def open(cls, url: str, pull: str) -> Wire:
        nc = await nats.connect(url, pending_size=64 << 20)
        js = nc.jetstream()
        for name, subject in (CONTENT, RECEIPTS):
            await js.add_stream(name=name, subjects=[subject])
        wire = cls(nc)
        await nc.subscribe(wire._inbox + ".*", cb=wire._on_ack)
        await wire._pull(js, pull)
        return wire

    async def _pull(self, js: nats.js.JetStreamContext, stream: str) -> None:
        await js.add_consumer(stream, durable_name="floor", ack_policy="explicit", max_ack_pending=100_000)  # type: ignore[arg-type]
        inbox, ask = self._nc.new_inbox(), f"$JS.API.CONSUMER.MSG.NEXT.{stream}.floor"
        taken = 0

        async def on_message(message: Msg) -> None:
            nonlocal taken
            if not message.reply:
                return
            taken += 1
            self.queue.append(message)
            self._arrived.set()
            if taken % BATCH == 0:
                await self._nc.publish(ask, json.dumps({"batch": BATCH}).encode(), reply=inbox)

        await self._nc.subscribe(inbox, cb=on_message, pending_msgs_limit=-1, pending_bytes_limit=-1)
        for _ in range(8):
            await self._nc.publish(ask, json.dumps({"batch": BATCH}).encode(), reply=inbox)
        await self._nc.flush()

    async def _on_ack(self, message: Msg) -> None:
        assert b'"error"' not in message.data, message.data
        self._acked.pop(message.subject.rsplit(".", 1)[1])()

    async def publish(self, subject: str, data: bytes, done: Callable[[], object]) -> None:
        self._count += 1
        self._acked[str(self._count)] = done
        await self._nc.publish(subject, data, reply=f"{self._inbox}.{self._count}")

    async def ack(self, message: Msg) -> None:
        await self._nc.publish(message.reply, b"+ACK")

    async def wait(self) -> None:
        while not self.queue:
            self._arrived.clear()
            await self._arrived.wait()

    def take(self) -> list[Msg]:
        return [self.queue.popleft() for _ in range(min(BATCH, len(self.queue)))]


class Receiver:
    def __init__(self, store: Store, wire: Wire) -> None:
        self._store, self._wire = store, wire
        self._me, self._sender = Keys.of(b"receiver"), Keys.of(b"sender").verify
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        while True:
            await self._wire.wait()
            frames = self._wire.take()
            messages = [unwrap(frame.data, self._me, self._sender) for frame in frames]
            receipts = [
                sodium.crypto_sign(message.number.to_bytes(8, "big") + message.hash, self._me.sign)
                for message in messages
            ]
            self._store.put_keys(messages)
            self._store.put_events(
                [("received", message.row()) for message in messages] + [("receipt", receipt) for receipt in receipts]
            )
            for frame, receipt in zip(frames, receipts, strict=True):
                await self._wire.publish(RECEIPTS[1], receipt, self._acknowledge(frame))
            await asyncio.sleep(0)

    def _acknowledge(self, frame: Msg) -> Callable[[], None]:
        def done() -> None:
            task = asyncio.ensure_future(self._wire.ack(frame))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        return done


class Sender:
    def __init__(self, store: Store, wire: Wire) -> None:
        self._store, self._wire = store, wire
        self._me, receiver = Keys.of(b"sender"), Keys.of(b"receiver")
        self._to, self._receiver = receiver.private.public_key(), receiver.verify
        self._waiting: dict[int, tuple[float, bytes]] = {}
        self._number = 0

    async def send(self, count: int) -> None:
        """Compose, commit and publish ``count`` disclosures together."""
        messages, began = [], []
        for _ in range(count):
            self._number += 1
            began.append(time.perf_counter())
            messages.append(compose(self._number, [os.urandom(ITEM_BYTES) for _ in range(ITEMS)], self._me))
        frames = [wrap(message, self._to) for message in messages]
        self._store.put_keys(messages)
        self._store.put_events([("sent", message.row()) for message in messages])
        for message, frame, at in zip(messages, frames, began, strict=True):
            self._waiting[message.number] = (at, message.hash)
            await self._wire.publish(CONTENT[1], frame, lambda: None)

    async def settle(self) -> list[float]:
        """Take the receipts that are here; the seconds each disclosure took."""
        frames = self._wire.take()
        taken = []
        for frame in frames:
            body = sodium.crypto_sign_open(frame.data, self._receiver)
            began, digest = self._waiting.pop(int.from_bytes(body[:8], "big"))
            assert body[8:] == digest
            taken.append(began)
        self._store.put_events([("receipted", frame.data) for frame in frames])
        now = time.perf_counter()
        for frame in frames:
            await self._wire.ack(frame)
        return [now - began for began in taken]

    async def sequential(self, count: int) -> dict[str, Any]:
        latencies: list[float] = []
        for _ in range(count):
            await self.send(1)
            await self._wire.wait()
            latencies += await self.settle()
        return {"latencies": latencies}

    async def pipelined(self, count: int, window: int) -> dict[str, Any]:
        cpu, began = time.process_time(), time.perf_counter()
        sent = done = 0
        while done < count:
            if self._wire.queue:
                done += len(await self.settle())
            room = min(BATCH, window - len(self._waiting), count - sent)
            if room >= min(BATCH // 2, count - sent) and room > 0:
                await self.send(room)
                sent += room
            elif not self._wire.queue and done < count:
                await self._wire.wait()
            await asyncio.sleep(0)
        return {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}


async def main(side: str, url: str, directory: Path) -> None:
    store = Store(directory)
    wire = await Wire.open(url, CONTENT[0] if side == "receiver" else RECEIPTS[0])
    receiver = asyncio.create_task(Receiver(store, wire).run()) if side == "receiver" else None
    await commands(Sender(store, wire), side)
    if receiver is not None:
        receiver.cancel()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
