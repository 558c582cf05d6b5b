"""The autopsy of protocol §7: an attacker with every file before and after, the broker's copy and all passphrases reads nothing.

(a) a byte scan of every file; (b) every key that can still be had is tried on every ciphertext ever stored or sent; (c) what was
not erased still opens; (d) the same attack before the erasure succeeds, so it is the erasure that stops it.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import hmac
import json
import re
import shutil
import sqlite3
import zlib
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import orjson
import pytest
from case_forms import TO_GEMEENTE, share_form
from memory_world import MemoryWorld
from world import JELLE, SECRET, World

from exchange import app
from exchange.crypto import aead, envelope, labels
from exchange.crypto import vault as vc
from exchange.errors import ConflictError, ExchangeError, LockedError, NotFoundError
from exchange.node import forms as f
from exchange.node import recording
from exchange.node.covenants import verify_signed
from exchange.node.service import Idempotency
from exchange.setup import ANCHOR_FILE, VAULT_FILE
from exchange.store import mapper
from exchange.store.anchors import FileAnchor
from exchange.store.vault import Vault
from exchange.transport.client import NatsTransport

CANARY = "Kanarie ëßж-7f3a \u2603 verdwijnt"
STAYS = "Merel ëßж-99c1 blijft"
ITEMS = [
    {"category": "HUISVESTING", "field": "staat-woning", "value": CANARY},
    {"category": "OVERLAST", "field": "aantal-meldingen", "value": STAYS},
]


# ------------------------------------------------------------------------------------------------ (a) the byte scan


def spellings(secret: bytes) -> set[bytes]:
    """Every form in which bytes are commonly written down."""
    found = {secret, secret.hex().encode(), secret.hex().upper().encode()}
    for shift in range(3):  # base64 of the secret inside something longer, at each alignment
        whole = base64.b64encode(bytes(shift) + secret)
        found.add(whole[4 if shift else 0 : len(whole) - 4])
        found.add(base64.urlsafe_b64encode(bytes(shift) + secret)[4 if shift else 0 : len(whole) - 4])
    try:
        text = secret.decode()
    except UnicodeDecodeError:
        return found
    found |= {text.encode("utf-16-le"), text.encode("utf-16-be"), json.dumps(text)[1:-1].encode()}
    found.add("".join(f"%{byte:02X}" for byte in secret).encode())
    return found


def inflated(data: bytes) -> Iterator[bytes]:
    """Whatever decompresses from somewhere in ``data``."""
    for start in re.finditer(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08", data):
        try:
            yield zlib.decompressobj(47).decompress(data[start.start() :], 10_000_000)
        except zlib.error:
            continue


def traces(roots: Iterable[Path], secrets: Iterable[bytes]) -> list[str]:
    """Files in which any spelling of any secret stands."""
    wanted = set().union(*(spellings(secret) for secret in secrets))
    found = []
    for root in roots:
        for path in sorted(root.rglob("*")) if root.is_dir() else [root]:
            data = path.read_bytes() if path.is_file() else b""
            if any(w in blob for blob in (data, *inflated(data)) for w in wanted):
                found.append(path.name)
    return found


def test_the_scan_finds_every_spelling_it_looks_for(tmp_path):
    """The positive control of the scan itself."""
    secret = CANARY.encode()
    written = {
        "raw": b"before" + secret + b"after",
        "hex": secret.hex().encode(),
        "HEX": secret.hex().upper().encode(),
        "base64-0": base64.b64encode(secret + b"x"),
        "base64-1": base64.b64encode(b"a" + secret + b"xy"),
        "base64-2": base64.b64encode(b"ab" + secret),
        "utf-16-le": CANARY.encode("utf-16-le"),
        "utf-16-be": CANARY.encode("utf-16-be"),
        "json": json.dumps({"value": CANARY}).encode(),
        "zlib": b"junk" + zlib.compress(b"x" * 100 + secret),
        "gzip": gzip.compress(secret),
    }
    for name, data in written.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "innocent").write_bytes(STAYS.encode())
    assert set(traces([tmp_path], [secret])) == set(written)


# ------------------------------------------------------------------------------------------------ (b) the attacker


@dataclass
class Loot:
    """What an attacker carried away: copies of whole node directories, and every frame the broker ever saw."""

    directories: list[Path]
    anchors: list[Path]
    frames: list[bytes]
    signed: Path
    scratch: Path
    keys: set[bytes] = field(default_factory=set)

    def unlock(self) -> int:
        """Every key that any vault file with any anchor and the passphrase gives; and old rows under today's bucket keys."""
        buckets: dict[int, set[bytes]] = {}
        number = 0
        for directory in self.directories:
            for anchor in self.anchors:
                number += 1
                place = self.scratch / f"try-{number}"
                place.mkdir(parents=True)
                for file in directory.glob(VAULT_FILE + "*"):
                    shutil.copy(file, place)
                shutil.copy(anchor, place / ANCHOR_FILE)
                try:
                    with Vault.open(place / VAULT_FILE, FileAnchor(place / ANCHOR_FILE), SECRET) as vault:
                        (file,) = vault._files()
                        self.keys.update(vault.get_many([raw.hex() for raw in file.ids()]).values())
                        for bucket, key in file._buckets.items():
                            buckets.setdefault(bucket, set()).add(key)
                except ExchangeError:
                    continue
        for directory in self.directories:
            self.keys.update(self._rows(directory / VAULT_FILE, buckets))
        return len(self.keys)

    def _rows(self, path: Path, buckets: dict[int, set[bytes]]) -> Iterator[bytes]:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            for key_id, bucket, box in db.execute("SELECT id, bucket, box FROM keys").fetchall():
                for key in buckets.get(bucket, ()):
                    try:
                        yield vc.open_row(key, key_id, box)
                    except ExchangeError:
                        continue

    def sealed_facts(self) -> set[bytes]:
        """Private fields of local facts that any of the keys opens: the register, what was learned, records."""
        plain: set[bytes] = set()
        derived = [labels.expand(key, labels.EVENT_PRIVATE) for key in self.keys if len(key) == 32]
        for directory in self.directories:
            with closing(sqlite3.connect(f"file:{directory / 'log.db'}?mode=ro", uri=True)) as db:
                rows = db.execute(
                    "SELECT originator_id, originator_version, topic, state FROM stored_events"
                ).fetchall()
            for originator, version, topic, state in rows:
                line, _, box = bytes(state).partition(b"\n")
                aad = mapper._aad(UUID(originator).bytes, version, topic, line)
                for key in derived if box else ():
                    with contextlib.suppress(ExchangeError):
                        plain.add(aead.unseal(key, box, aad))
        return plain

    def read(self) -> set[bytes]:
        """Every part that any of the keys opens, from frames and from logs."""
        accepted = verify_signed(self.signed.read_bytes(), datetime.now(UTC))
        plain: set[bytes] = set()
        keys = [key for key in self.keys if len(key) == 32]
        for frame in self.frames:
            parsed = envelope.parse_frame(frame)
            for recipient in accepted.connected():
                for seed in keys:
                    try:
                        opened = envelope.open_frame(parsed, seed, accepted.hash, 1, recipient.id)
                    except ExchangeError:
                        continue
                    plain.update(self._parts(accepted.hash, opened.header, opened.parts, opened.part_keys))
        for directory in self.directories:
            with closing(sqlite3.connect(f"file:{directory / 'log.db'}?mode=ro", uri=True)) as db:
                boxes = [row[0] for row in db.execute("SELECT bytes FROM sealed")] if self._has_sealed(db) else []
                states = [row[0] for row in db.execute("SELECT state FROM stored_events")]
            for header in {m for s in states for m in self._headers(s)}:
                plain.update(self._parts(accepted.hash, header, boxes, keys))
        return plain

    @staticmethod
    def _has_sealed(db: sqlite3.Connection) -> bool:
        return "bytes" in {row[1] for row in db.execute("PRAGMA table_info(sealed)")}

    @staticmethod
    def _headers(state: bytes) -> list[bytes]:
        line = json.loads(bytes(state).split(b"\n", 1)[0])
        return [line["header"].encode()] if "header" in line else []

    @staticmethod
    def _parts(covenant: bytes, header: bytes, boxes: Iterable[bytes], keys: Iterable[bytes]) -> Iterator[bytes]:
        parsed = json.loads(header)
        refs = parsed["data"].get("parts", [])
        sender, uid = bytes.fromhex(parsed["data"]["sender"]), UUID(parsed["id"]).bytes
        for i in range(len(refs)):
            for box in boxes:
                for key in keys:
                    try:
                        yield envelope.open_part(key, covenant, sender, uid, i, len(refs), box)
                    except ExchangeError:
                        continue


def holds(plain: set[bytes], text: str) -> bool:
    return any(text in json.loads(part).get("value", "") for part in plain if part.startswith(b"{"))


# ------------------------------------------------------------------------------------------------ the scene


@contextlib.asynccontextmanager
async def two_nodes(home: Path) -> AsyncIterator[World]:
    """Actium and the municipality, on a real broker."""
    async with World.founded(home, start=False) as world:
        await world.start("actium")
        await world.start("gemeente")
        await world.connected()
        yield world


@pytest.fixture
def curious_broker(monkeypatch):
    """Keeps a copy of every frame, although the recipient has it deleted."""
    kept: list[bytes] = []
    publish = NatsTransport.publish

    async def tapped(self, recipient, frame):
        kept.append(frame)
        await publish(self, recipient, frame)

    monkeypatch.setattr(NatsTransport, "publish", tapped)
    return kept


async def erase(world: World, message: str, *parts: int, slug: str = "gemeente") -> f.ErasureAnswer:
    """Destroy parts by the path every destruction takes after its decision, while their epoch still lives."""
    node = world.nodes[slug]
    rows = node.ctx.ledger.rows("SELECT key_id, part, retention FROM contents WHERE message=?", message)
    wanted = [row for row in rows if row["part"] in parts]
    answer = f.ErasureAnswer(erasures=[], items=0, keys=0, epochs=0, generation=0)
    term = node.terms.of(wanted[0]["retention"])
    keys = [row["key_id"] for row in wanted]
    await node.retention._erase(term.rule.code, keys, world.actor(slug), "confirmed-by-person", answer)
    return answer


async def test_autopsy_of_an_erased_item(tmp_path, curious_broker, capfd):  # noqa: PLR0915 - one body, one story
    async with two_nodes(tmp_path / "world") as world:
        jelle = await world.person("actium")
        answer = await world.share("actium", share_form(jelle, [TO_GEMEENTE], ITEMS))
        message = answer.messages[0].message
        assert answer.messages[0].state == "receipted"
        gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
        ctx = gemeente.ctx
        event = next(e for e in ctx.log.read_all(ctx.log.entries(0, 500, ["message/received/1"])))
        part_key = ctx.vault.get(event.parts[1].key_id)
        own = next(o for o in ctx.prekeys.alive() if o.kid == event.kid)
        epoch_seed = ctx.vault.get(own.key_id)
        size, root = ctx.log.head()
        live = world.directory("gemeente")
        await world.stop("gemeente")
        shutil.copytree(live, tmp_path / "before")

        await world.start("gemeente")
        gemeente, ctx = world.nodes["gemeente"], world.nodes["gemeente"].ctx
        done = await erase(world, message, 1)
        assert (done.keys, done.items) == (1, 1)
        assert done.epochs >= 1  # the epoch lived: it was ended too
        read = await gemeente.read_message(worker, message)
        assert [item.status for item in read.items[:2]] == ["erased", "readable"]
        steps = [step async for step in gemeente.verify_log(worker)]
        assert steps[-1].ok, steps[-1].problem
        replayed = [step async for step in gemeente.replay_log(worker)][-1]
        assert replayed.ok, replayed.differences
        assert ctx.log.root_at(size) == root  # (c) the past is as it was
        known = await gemeente.who_knows(worker, f.WhoKnowsQuery(subject=read.subject))
        assert [i.erased_at is not None for i in known.items[:2]] == [True, False]
        await world.stop("gemeente")
        shutil.copytree(live, tmp_path / "after")
        broker = world.home / "broker"
        shutil.copytree(broker, tmp_path / "broker")

    # (a) nothing stands anywhere in clear, before or after; keys never did
    logged = tmp_path / "logged.txt"
    logged.write_text("".join(capfd.readouterr()), encoding="utf-8")
    everything = [tmp_path / "before", tmp_path / "after", tmp_path / "broker", logged]
    assert traces(everything, [CANARY.encode(), STAYS.encode(), part_key, epoch_seed, SECRET.text.encode()]) == []
    # nor the ciphertext of what went, although the log file held it before
    box = next(p for frame in curious_broker for p in envelope.parse_frame(frame).parts
               if envelope.labels.H(p).hex() == event.parts[1].hash)  # fmt: skip
    assert "log.db" in traces([tmp_path / "before"], [box[100:180]])
    assert traces([tmp_path / "after", tmp_path / "broker"], [box[100:180]]) == []

    # (d) the same attacker, before the erasure: anchor and all
    thief = Loot([tmp_path / "before"], [tmp_path / "before" / ANCHOR_FILE], list(curious_broker),
                 world.signed, tmp_path / "thief")  # fmt: skip
    assert thief.unlock() > 40
    assert part_key in thief.keys
    assert epoch_seed in thief.keys
    assert holds(thief.read(), CANARY)
    by_log = Loot(thief.directories, thief.anchors, [], world.signed, tmp_path / "by-log", set(thief.keys))
    assert holds(by_log.read(), CANARY)
    by_frame = Loot([], [], thief.frames, world.signed, tmp_path / "by-frame", set(thief.keys) - {part_key})
    assert holds(by_frame.read(), CANARY)  # the part key alone would not have been enough to destroy

    # (b) every file before and after, except the anchor medium as it was before
    attacker = Loot([tmp_path / "before", tmp_path / "after"], [tmp_path / "after" / ANCHOR_FILE], list(curious_broker),
                    world.signed, tmp_path / "attacker")  # fmt: skip
    assert attacker.unlock() > 40  # (c) today's keys open
    assert part_key not in attacker.keys
    assert epoch_seed not in attacker.keys
    plain = attacker.read()
    assert not holds(plain, CANARY)
    assert holds(plain, STAYS)  # (c) the other item of the same message


KANARIE = {
    "given_names": "Kanariëtta",
    "family_name": "Zwartekooi-7f3a",
    "birth_date": "1931-01-07",
    "postcode": "7921 ZZ",
    "house_number": "97b",
}
"""Whom nobody may know of afterwards."""
WORDS = (KANARIE["given_names"], KANARIE["family_name"], KANARIE["birth_date"])


def names(plain: set[bytes]) -> list[str]:
    """Which words of the identity stand in any of the texts."""
    return [word for word in WORDS if any(word in text.decode(errors="replace") for text in plain)]


async def test_autopsy_of_an_erased_identity_at_the_receiver(tmp_path, curious_broker):
    """Name, birth date and address go with the message that told them, and the entry with its last item."""
    async with two_nodes(tmp_path / "world") as world:
        someone = await world.person("actium", **KANARIE)
        message = (await world.share("actium", share_form(someone, [TO_GEMEENTE], ITEMS))).messages[0].message
        gemeente, worker, live = world.nodes["gemeente"], world.actor("gemeente"), world.directory("gemeente")
        query = f.IdentityForm(**{k: KANARIE[k] for k in ("family_name", "birth_date")})
        assert len(await gemeente.find_subjects(worker, query)) == 1
        await world.stop("gemeente")
        shutil.copytree(live, tmp_path / "before")

        gemeente = await world.start("gemeente")
        (before,) = gemeente.ctx.people.unmatched()
        await erase(world, message, 3)  # who it is about, and not yet what
        assert await gemeente.find_subjects(worker, query) == []  # in memory as well, at once
        assert [p.handle for p in gemeente.ctx.people.unmatched()] == [before.handle]
        await erase(world, message, 1, 2)
        for _ in range(2):  # and after a restart
            assert gemeente.ctx.people.unmatched() == []
            assert gemeente.ctx.people.by_reference("actium", before.references["actium"]) is None
            for asked in ({"identity": query}, {"subject": before.handle}, {"reference": before.references["actium"]}):
                with pytest.raises(NotFoundError, match=r"^Nobody in this node's register fits this\.$"):
                    await gemeente.who_knows(worker, f.WhoKnowsQuery(**asked))
            await world.stop("gemeente")
            gemeente = await world.start("gemeente")
        steps = [step async for step in gemeente.verify_log(worker)]
        assert steps[-1].ok, steps[-1].problem
        await world.stop("gemeente")
        shutil.copytree(live, tmp_path / "after")

    before_dir, after_dir = tmp_path / "before", tmp_path / "after"
    received = [frame for frame in curious_broker if len(envelope.parse_frame(frame).parts) > 1]
    thief = Loot([before_dir], [before_dir / ANCHOR_FILE], received, world.signed, tmp_path / "thief")
    thief.unlock()
    assert names(thief.sealed_facts()) == list(WORDS)
    assert names(thief.read()) == list(WORDS)
    attacker = Loot([before_dir, after_dir], [after_dir / ANCHOR_FILE], received, world.signed, tmp_path / "attacker")
    assert attacker.unlock() > 40
    assert len(attacker.sealed_facts()) > 3
    assert names(attacker.sealed_facts()) == []
    assert names(attacker.read()) == []
    assert before.references["actium"].encode() not in b"".join(attacker.sealed_facts())


async def test_autopsy_of_an_erased_identity_at_the_sender(founded, tmp_path):
    """The own register entry goes as well, when the day of the last item's going is over."""
    async with MemoryWorld.copied(founded, tmp_path / "world", ("actium", "gemeente")) as world:
        actium, worker, live = world.nodes["actium"], world.actor("actium"), world.directory("actium")
        someone = await world.person("actium", **KANARIE)
        form = share_form(someone, [TO_GEMEENTE], ITEMS, kind="signal", signal_kind="VERVUILING")
        await world.share("actium", form)
        rule = next(r.rule for r in await actium.retention_rules(worker) if r.retention == "r01")
        await actium.retention_confirm(worker, rule)
        actium.ctx.vault.flush()
        shutil.copytree(live, tmp_path / "before")
        for days in (60, 1):
            world.clock.forward(days=days)
            for node in world.nodes.values():
                await node.housekeeping.step()
            await world.until(lambda: actium.retention.clock_state() == "trusted")
            await actium.retention.daily()
        await world.stop("actium")
        shutil.copytree(live, tmp_path / "after")

    before, after = tmp_path / "before", tmp_path / "after"
    thief = Loot([before], [before / ANCHOR_FILE], [], world.signed, tmp_path / "thief")
    thief.unlock()
    assert names(thief.sealed_facts()) == list(WORDS)
    attacker = Loot([before, after], [after / ANCHOR_FILE], [], world.signed, tmp_path / "attacker")
    assert attacker.unlock() > 40
    assert len(attacker.sealed_facts()) > 3
    assert names(attacker.sealed_facts()) == []
    assert names(attacker.read()) == []


async def test_a_longer_kept_disclosure_tells_again_who_it_is_about(founded, tmp_path):
    """A signal told the name for six weeks; what is kept for years afterwards must not become about nobody."""
    async with MemoryWorld.copied(founded, tmp_path, ("actium", "gemeente")) as world:
        gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
        someone = await world.person("actium", **KANARIE)

        async def sent(**more: object) -> tuple[str, int]:
            act = await world.share("actium", share_form(someone, [TO_GEMEENTE], ITEMS, **more))
            message = act.messages[0].message
            return message, world.nodes["actium"].ctx.ledger.count("items WHERE message=?", message)

        signal, parts = await sent(kind="signal", signal_kind="VERVUILING")
        assert parts == 3
        assert (await sent(kind="signal", signal_kind="VERVUILING"))[1] == 2  # told, and kept as long as this
        disclosure, parts = await sent()
        assert parts == 3
        assert (await sent())[1] == 2
        assert (await sent(kind="signal", signal_kind="VERVUILING"))[1] == 2  # longer is enough
        (person,) = gemeente.ctx.people.unmatched()
        query = f.WhoKnowsQuery(identity=f.IdentityForm(**{k: KANARIE[k] for k in ("family_name", "birth_date")}))
        await erase(world, signal, 1, 2, 3)
        assert (await gemeente.who_knows(worker, query)).subject == person.handle
        await erase(world, disclosure, 3)
        with pytest.raises(NotFoundError):
            await gemeente.who_knows(worker, query)
        assert [p.handle for p in gemeente.ctx.people.unmatched()] == [person.handle]  # there still are items

        await erase(world, disclosure, 3, slug="actium")  # gone here too: the next one tells it again
        assert (await sent())[1] == 3


async def test_what_a_partner_told_goes_and_the_own_entry_it_was_matched_to_stays(founded, tmp_path):
    async with MemoryWorld.copied(founded, tmp_path, ("actium", "gemeente")) as world:
        gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
        own = await world.person("gemeente", **{**KANARIE, "house_number": "98"})
        someone = await world.person("actium", **KANARIE)
        message = (await world.share("actium", share_form(someone, [TO_GEMEENTE], ITEMS))).messages[0].message
        (theirs,) = gemeente.ctx.people.unmatched()
        await gemeente.match_subject(worker, theirs.handle, own)
        await erase(world, message, 1, 2, 3)
        kept = gemeente.ctx.people.person(own)
        assert (kept.identity.family_name, kept.identity.house_number) == (KANARIE["family_name"], "98")
        assert gemeente.ctx.people.person(theirs.handle).identity.attributes == 0


async def test_an_entry_about_whom_something_comes_in_is_not_taken_with_the_old_item(founded, tmp_path):
    """The decision and a new message may share a batch, in either order: nothing is ever about nobody."""
    async with MemoryWorld.copied(founded, tmp_path, ("actium", "gemeente")) as world:
        gemeente, someone = world.nodes["gemeente"], await world.person("actium", **KANARIE)
        message = (await world.share("actium", share_form(someone, [TO_GEMEENTE], ITEMS))).messages[0].message
        (person,) = gemeente.ctx.people.unmatched()
        rows = gemeente.ctx.ledger.rows("SELECT key_id FROM contents WHERE message=? AND part > 0", message)
        keys, entries, seen = [row["key_id"] for row in rows], gemeente.retention._entries, []

        def come(tx) -> None:
            handle = recording.subject_of(tx, gemeente.ctx, "actium", person.references["actium"])
            recorded = world.events("gemeente", "item/recorded/1")[0]
            tx.append(recorded.model_copy(update={"originator_id": uuid4(), "at": tx.now, "subject": handle,
                                                  "key_id": tx.new_key("verantwoording")}))  # fmt: skip
            seen.append(handle)

        def one(tx) -> None:
            come(tx)
            seen.append(entries.left_behind(keys, tx))
            raise ConflictError("undone")

        def other(tx) -> None:
            seen.append(entries.left_behind(keys, tx))
            come(tx)
            raise ConflictError("undone")

        for unit in (one, other):
            with pytest.raises(ConflictError, match="undone"):
                await gemeente.ctx.writer.run(unit)
        assert seen[:3] == [person.handle, [], [person.key_id]]
        assert seen[3] != person.handle  # a new entry, to be matched by a person


async def test_an_old_vault_backup_with_todays_anchor_opens_nothing(tmp_path, curious_broker):
    async with two_nodes(tmp_path / "world") as world:
        jelle = await world.person("actium")
        message = (await world.share("actium", share_form(jelle, [TO_GEMEENTE], ITEMS))).messages[0].message
        live = world.directory("gemeente")
        await world.stop("gemeente")
        shutil.copytree(live, tmp_path / "backup")
        await world.start("gemeente")
        await erase(world, message, 1)
        await world.stop("gemeente")
        shutil.copytree(live, tmp_path / "good")
        for restored in ([VAULT_FILE], [VAULT_FILE, "log.db", "side.db", "views.db", "keys.json"]):
            for name in restored:
                shutil.copy(tmp_path / "backup" / name, live / name)
            with pytest.raises(LockedError) as refused:
                app.open_node(live, SECRET, clock=world.clock)
            assert str(live) not in str(refused.value)
            assert SECRET.text not in str(refused.value)
        shutil.rmtree(live)
        shutil.copytree(tmp_path / "good", live)
        await world.start("gemeente")  # the true files still work
        read = await world.nodes["gemeente"].read_message(world.actor("gemeente"), message)
        assert [item.status for item in read.items[:2]] == ["erased", "readable"]


async def test_a_frame_that_comes_again_after_the_erasure_brings_nothing_back(tmp_path, curious_broker):
    """The broker, or the sender, repeats the erased message: it is a duplicate, and its content stays gone."""
    async with two_nodes(tmp_path / "world") as world:
        jelle = await world.person("actium")
        message = (await world.share("actium", share_form(jelle, [TO_GEMEENTE], ITEMS))).messages[0].message
        old = next(frame for frame in curious_broker if len(envelope.parse_frame(frame).parts) > 1)
        await erase(world, message, 1)
        actium, gemeente = world.nodes["actium"], world.nodes["gemeente"]
        await world.until(
            lambda: (
                {k.kid.hex() for k in actium.partners.bundle("gemeente").prekeys}
                <= {o.kid for o in gemeente.ctx.prekeys.alive()}
            )
        )
        seen = len(curious_broker)
        await actium.transport.publish("gemeente", old)
        actium.outgoing.again(message)  # the sender still has it and wraps it anew
        await world.until(lambda: len(curious_broker) >= seen + 3)  # the old, the new, and the same receipt
        assert gemeente.ctx.ledger.count("messages WHERE direction='received'") == 1
        read = await gemeente.read_message(world.actor("gemeente"), message)
        assert [item.status for item in read.items[:2]] == ["erased", "readable"]
        steps = [step async for step in gemeente.verify_log(world.actor("gemeente"))]
        assert steps[-1].ok, steps[-1].problem


async def test_what_is_erased_before_delivery_is_never_sent_and_its_number_is_voided(tmp_path):
    """The sender's own copy goes while the message still waits: nothing can be wrapped any more, and the partner sees no gap."""
    async with World.founded(tmp_path / "world", start=False) as world:
        actium = await world.start("actium")
        jelle, worker = await world.person("actium"), world.actor("actium")
        act = await world.share("actium", share_form(jelle, [TO_GEMEENTE], ITEMS), 0)
        message = act.messages[0].message
        row = actium.ctx.ledger.one("SELECT key_id, retention FROM contents WHERE message=? AND part=1", message)
        answer = f.ErasureAnswer(erasures=[], items=0, keys=0, epochs=0, generation=0)
        await world.stop("actium")
        actium = await world.start("actium")  # so that it has to be read back from log and vault
        term = actium.terms.of(row["retention"])
        await actium.retention._erase(term.rule.code, [row["key_id"]], worker, "confirmed-by-person", answer)
        gemeente = await world.start("gemeente")
        await world.connected()
        await world.until(lambda: gemeente.ctx.writer.overlay.pairs_in["actium"].through == 1)
        assert gemeente.ctx.ledger.count("messages WHERE kind <> 'void'") == 0
        await world.until(lambda: actium.outgoing.waiting() == [])
        assert [m.state for m in (await actium.act(worker, act.act)).messages if m.message == message] == ["voided"]


# ------------------------------------------------------------------------------------------------ requests


async def test_nobody_can_check_a_guess_at_what_was_asked_once_its_epoch_is_gone(founded, tmp_path):
    """What was asked under an idempotency key is remembered; it names the person, and must not stay to be guessed at."""
    async with MemoryWorld.copied(founded, tmp_path, ("actium", "gemeente")) as world:
        actium, worker = world.nodes["actium"], world.actor("actium")
        form, key = f.SubjectForm(**JELLE), Idempotency("zaak-1")
        first = await actium.register_subject(worker, form, key)
        (kept,) = world.events("actium", "command/accepted/1")
        asked = orjson.dumps(["subject.register", form.model_dump(mode="json")])
        assert hashlib.sha256(asked).hexdigest() not in kept.body
        named = f"{worker.id}\0subject.register\0{key.key}".encode()
        assert kept.request != hashlib.sha256(named).hexdigest()  # the caller may have chosen a name as his key
        kid = kept.body.partition(":")[0]
        assert kid in {own.kid for own in actium.ctx.prekeys.alive()}
        other = f.SubjectForm(**{**JELLE, "given_names": "Bo"})
        for _ in range(2):
            assert (await actium.register_subject(worker, form, key)).subject == first.subject
            with pytest.raises(ConflictError, match="idempotency key"):
                await actium.register_subject(worker, other, key)
            await world.stop("actium")
            actium = await world.start("actium")  # and after a restart
        await actium.roll_keys(worker)
        assert kid not in {own.kid for own in actium.ctx.prekeys.alive()}
        seeds = [actium.ctx.vault.get(own.key_id) for own in actium.ctx.prekeys.alive()]
        guesses = [hmac.digest(labels.expand(seed, labels.COMMAND), asked, "sha256").hex() for seed in seeds]
        assert not any(guess in kept.body for guess in guesses)
        assert (await actium.register_subject(worker, form, key)).subject == first.subject  # still done only once
