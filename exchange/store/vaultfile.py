"""One vault file with its anchor: wrapped keys in buckets, and the roll to a next generation that makes deletion final.

A roll, and what a crash after each step means at the next open (:meth:`VaultFile.recover`, which is also the normal open):

1. the anchor of generation g+1 is written beside     vault at g: the staged anchor is discarded, nothing happened
2. one transaction: touched buckets get new keys,     vault at g+1, current anchor at g: the staged one is promoted
   survivors are wrapped anew, rows are deleted,
   every bucket is wrapped under root g+1
3. the current anchor is overwritten in place         both anchors at g+1: the staged one is discarded
4. the staged anchor is overwritten and removed       done

Both rotations are needed: with a new anchor alone, a row from an old backup opens with today's bucket key.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from exchange.crypto import vault as vc
from exchange.errors import ExchangeError, LockedError, SetupError, StorageError
from exchange.store import sqlite
from exchange.store.anchors import Anchor, AnchorProvider
from exchange.store.pending import Pending
from exchange.store.vaultschema import FORMAT, open_any, read_slots, slot_row, write_meta

BUCKET_ROWS: Final = 128
"""Keys per bucket: what a shred wraps anew around one deleted row."""
_CHUNK: Final = 500
_NONE: Final = bytes(vc.SECRET_SIZE)
"""Opens nothing: for a row that names a bucket there is not."""


class Row(NamedTuple):
    """A key to store."""

    id: bytes
    retention_class: str
    key: bytes
    tag: bytes | None
    """None: it is live at once (a copy of a live key)."""


class VaultFile:
    """See the module. Not thread-safe: :class:`exchange.store.vault.Vault` holds the lock."""

    def __init__(self, path: Path, anchor: AnchorProvider, vault_secret: bytes, db: sqlite3.Connection) -> None:
        self.path = path
        self.anchor = anchor
        self.generation = 0
        self.mark = b""
        """Tag of the newest batch whose keys were confirmed: the log holds it, or is not the log it was."""
        self._secret = vault_secret
        self._db = db
        self._buckets: dict[int, bytes] = {}
        self._filling: dict[str, tuple[int, int]] = {}
        self._pending = Pending()
        self._settled = False

    # ------------------------------------------------------------------------------------ opening

    @staticmethod
    def create(
        path: Path, anchor: AnchorProvider, vault_secret: bytes, slots: Sequence[vc.Slot], generation: int = 0
    ) -> None:
        """Make an empty vault and its first anchor.

        Raises:
            SetupError: One of the two exists already.
        """
        sqlite.create(path, FORMAT)
        first = Anchor(generation, vc.new_secret())
        anchor.create(first)
        db = sqlite.connect(path, FORMAT)
        try:
            with sqlite.transaction(db):
                write_meta(db, generation, vc.vault_root(first.secret, generation, vault_secret))
                db.executemany("INSERT INTO slots VALUES (?,?,?,?)", [slot_row(slot) for slot in slots])
        finally:
            db.close()

    @classmethod
    def open(cls, path: Path, anchor: AnchorProvider, secret: vc.Secret | bytes) -> VaultFile:
        """Open with a custodian's secret, or with the vault secret itself (bytes: from the other file of a pair).

        Raises:
            LockedError: The secret opens no slot, or the anchor is missing or does not fit.
            SetupError: No such file, or another release's.
        """
        db = sqlite.connect(path, FORMAT)
        try:
            vault_secret = secret if isinstance(secret, bytes) else open_any(read_slots(db), secret)
            file = cls(path, anchor, vault_secret, db)
            file.recover()
        except BaseException:
            db.close()
            raise
        return file

    def recover(self) -> None:
        """Bring anchor and file to the same generation, whichever step of a roll was the last; then load the buckets."""
        self._settled = False
        with sqlite.disk():
            meta = dict(self._db.execute("SELECT name, value FROM meta").fetchall())
        if "generation" not in meta:
            raise SetupError(
                "The key vault was never finished being created; remove it with its anchor and create it anew."
            )
        generation = int(meta["generation"])
        current, staged = self.anchor.current(), self.anchor.staged()
        if (
            staged is not None
            and staged.generation == generation
            and (current is None or current.generation < generation)
        ):
            self.anchor.promote()  # the crash came after step 2, or tore step 3
            current = staged
        if current is None:
            raise LockedError(
                "The anchor of this key vault is missing or damaged; connect the medium it lies on, or check its path in "
                "the settings."
            )
        if current.generation != generation:
            raise LockedError(
                "The anchor does not fit this key vault: generation {expected} is needed, {got} was found. One of them "
                "was replaced, or was restored from a copy.",
                expected=generation,
                got=current.generation,
            )
        self.anchor.discard()
        root = vc.vault_root(current.secret, generation, self._secret)
        vc.open_check(root, meta["check"])
        self._truncate()
        self.mark = meta.get("log", b"")
        self._load(root)
        self.generation = generation
        self._settled = True

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    # ------------------------------------------------------------------------------------ keys

    def get_many(self, ids: Sequence[bytes]) -> dict[bytes, bytes]:
        """The keys that are here."""
        self._ready()
        found: dict[bytes, bytes] = {}
        with sqlite.disk():
            for at in range(0, len(ids), _CHUNK):
                part = ids[at : at + _CHUNK]
                marks = ",".join("?" * len(part))
                for key_id, bucket, box in self._db.execute(
                    f"SELECT id, bucket, box FROM keys WHERE id IN ({marks})", part
                ):
                    found[key_id] = vc.open_row(self._buckets.get(bucket, _NONE), key_id, box)
        return found

    def put(self, rows: Sequence[Row], confirmed: Sequence[bytes] = ()) -> None:
        """Store keys, and settle earlier ones as live, in one durable transaction."""
        self._ready()
        root = self._root
        filling, filled_to = dict(self._filling), dict[int, int]()
        fresh, inserts = dict[int, tuple[str, bytes]](), []
        following = max(self._buckets, default=0)
        for row in rows:
            bucket, filled = filling.get(row.retention_class, (0, BUCKET_ROWS))
            if filled >= BUCKET_ROWS:
                following += 1
                bucket, filled = following, 0
                fresh[bucket] = (row.retention_class, vc.new_secret())
            filling[row.retention_class] = (bucket, filled + 1)
            filled_to[bucket] = filled + 1
            bucket_key = fresh[bucket][1] if bucket in fresh else self._buckets[bucket]
            inserts.append((row.id, bucket, vc.seal_row(bucket_key, row.id, row.key)))
        done = self._pending.finished_by(confirmed)
        groups = self._pending.plan((row.id, row.tag) for row in rows if row.tag is not None)
        self._settled = False  # until it is known what the file holds
        try:
            with sqlite.transaction(self._db) as db:
                mark = self._settle(db, done)
                db.executemany(
                    "INSERT INTO buckets VALUES (?,?,0,?)",
                    [(n, name, vc.seal_bucket(root, n, name, key)) for n, (name, key) in fresh.items()],
                )
                sqlite.insert(db.execute, "keys (id, bucket, box)", inserts)
                db.executemany(
                    "INSERT INTO pending VALUES (?,?,?)", [(n, t, b"".join(ids)) for n, (t, ids) in groups.items()]
                )
                db.executemany("UPDATE buckets SET filled=? WHERE bucket=?", [(n, b) for b, n in filled_to.items()])
        except ExchangeError:
            # A commit may fail after it persisted: what the file says counts.
            if not self._present(row.id for row in rows[:1]):
                self._settled = True
                raise
        self._settled = True
        self.mark = mark
        self._pending.confirm(confirmed, done)
        self._pending.add(groups)
        self._filling = filling
        self._buckets |= {bucket: key for bucket, (_, key) in fresh.items()}

    def confirm(self, ids: Sequence[bytes]) -> None:
        """Settle pending keys as live, durably."""
        self._ready()
        done = self._pending.finished_by(ids)
        if done:
            with sqlite.transaction(self._db) as db:
                mark = self._settle(db, done)
            self.mark = mark
        self._pending.confirm(ids, done)

    def _settle(self, db: sqlite3.Connection, done: Sequence[int]) -> bytes:
        """Drop groups whose batch is in the log; the newest of them is what the log must hold from now on. It only rises."""
        db.executemany("DELETE FROM pending WHERE number=?", [(number,) for number in done])
        newest = self._pending.newest_of(done)
        if newest <= self.mark:
            return self.mark
        db.execute("INSERT OR REPLACE INTO meta VALUES ('log', ?)", (newest,))
        return newest

    def pending(self) -> list[tuple[bytes, bytes]]:
        """Pending keys and their tags. A group that is confirmed in part comes back whole after a restart."""
        self._ready()
        return self._pending.keys()

    def present(self, ids: Iterable[bytes]) -> dict[bytes, int]:
        """Which of ``ids`` are here, and in which bucket."""
        self._ready()
        return self._present(ids)

    def _present(self, ids: Iterable[bytes]) -> dict[bytes, int]:
        with sqlite.disk():
            rows = (self._db.execute("SELECT id, bucket FROM keys WHERE id=?", (key_id,)).fetchone() for key_id in ids)
            return {row[0]: row[1] for row in rows if row is not None}

    def ids(self) -> set[bytes]:
        """Every key id that is here."""
        self._ready()
        with sqlite.disk():
            return {row[0] for row in self._db.execute("SELECT id FROM keys")}

    def ids_of(self, retention_class: str) -> list[bytes]:
        """Every key id of a class, in order."""
        self._ready()
        query = "SELECT id FROM keys JOIN buckets USING (bucket) WHERE class=? ORDER BY id"
        with sqlite.disk():
            return [row[0] for row in self._db.execute(query, (retention_class,))]

    def classes(self, ids: Iterable[bytes]) -> dict[bytes, str]:
        """The retention class of each of ``ids`` that is here."""
        self._ready()
        query = "SELECT id, class FROM keys JOIN buckets USING (bucket) WHERE id=?"
        with sqlite.disk():
            rows = (self._db.execute(query, (key_id,)).fetchone() for key_id in ids)
            return {row[0]: row[1] for row in rows if row is not None}

    def count(self) -> int:
        """How many keys are here."""
        self._ready()
        with sqlite.disk():
            return int(self._db.execute("SELECT count(*) FROM keys").fetchone()[0])

    def verify_page(self, after: bytes) -> tuple[int, bytes | None]:
        """Open the rows that follow the key ``after``, up to a page; how many there were, and the last one while more follow.

        Raises:
            IntegrityError: One was changed.
        """
        self._ready()
        query = "SELECT id, bucket, box FROM keys WHERE id > ? ORDER BY id LIMIT ?"
        with sqlite.disk():
            rows = self._db.execute(query, (after, _CHUNK)).fetchall()
        for key_id, bucket, box in rows:
            vc.open_row(self._buckets.get(bucket, _NONE), key_id, box)
        return len(rows), rows[-1][0] if len(rows) == _CHUNK else None

    # ------------------------------------------------------------------------------------ rolling

    def roll(
        self, remove: Mapping[bytes, int], to: int = 0, slots: Sequence[vc.Slot] = (), secret: bytes | None = None
    ) -> None:
        """Move to the next generation (at least ``to``), leaving the keys in ``remove`` behind for good.

        Args:
            remove: Key id -> bucket, as :meth:`present` gives them.
            to: A higher generation to reach, that of the other file of a pair.
            slots: All slots, when ``secret`` replaces the vault secret.
            secret: A new vault secret.

        Raises:
            StorageError: Before step 2: nothing happened. After it: the next use of the vault finishes the roll first.
        """
        self._ready()
        generation = max(self.generation + 1, to)
        vault_secret = self._secret if secret is None else secret
        following = Anchor(generation, vc.new_secret())
        root = vc.vault_root(following.secret, generation, vault_secret)
        self._settled = False  # until the last step, what is in memory may not be what is on disk
        try:
            self.anchor.stage(following)  # 1
            fresh = {bucket: vc.new_secret() for bucket in set(remove.values())}
            with sqlite.transaction(self._db) as db:  # 2
                self._rewrap_rows(db, remove, fresh)
                self._rewrap_buckets(db, root, self._buckets | fresh)
                write_meta(db, generation, root)
                if slots:
                    db.execute("DELETE FROM slots")
                    db.executemany("INSERT INTO slots VALUES (?,?,?,?)", [slot_row(slot) for slot in slots])
        except ExchangeError:
            self._after_failure(generation, vault_secret)
        else:
            self._secret = vault_secret
        self.recover()  # 3 and 4: the normal path is the recovery path

    def _after_failure(self, generation: int, vault_secret: bytes) -> None:
        """A commit may fail after it persisted: what the file says counts. Re-raises when it did not persist."""
        with sqlite.disk():
            stored = int(self._db.execute("SELECT value FROM meta WHERE name='generation'").fetchone()[0])
        if stored == generation:
            self._secret = vault_secret
            return
        self.recover()
        raise StorageError("The disk refused while keys were being destroyed; nothing was destroyed. Try again.")

    def _rewrap_rows(self, db: sqlite3.Connection, remove: Mapping[bytes, int], fresh: Mapping[int, bytes]) -> None:
        db.executemany("DELETE FROM keys WHERE id=?", [(key_id,) for key_id in remove])
        for bucket, key in fresh.items():
            rows = db.execute("SELECT id, box FROM keys WHERE bucket=?", (bucket,)).fetchall()
            old = self._buckets[bucket]
            db.executemany(
                "UPDATE keys SET box=? WHERE id=?",
                [(vc.seal_row(key, key_id, vc.open_row(old, key_id, box)), key_id) for key_id, box in rows],
            )

    @staticmethod
    def _rewrap_buckets(db: sqlite3.Connection, root: vc.Root, buckets: Mapping[int, bytes]) -> None:
        # A full bucket without rows will never be used again.
        db.execute(
            "DELETE FROM buckets WHERE filled >= ? AND NOT EXISTS (SELECT 1 FROM keys WHERE keys.bucket = buckets.bucket)",
            (BUCKET_ROWS,),
        )
        classes = db.execute("SELECT bucket, class FROM buckets").fetchall()
        db.executemany(
            "UPDATE buckets SET box=? WHERE bucket=?",
            [(vc.seal_bucket(root, bucket, name, buckets[bucket]), bucket) for bucket, name in classes],
        )

    # ------------------------------------------------------------------------------------ slots

    @property
    def secret(self) -> bytes:
        """The vault secret, for the other file of a pair."""
        return self._secret

    def slots(self) -> list[vc.Slot]:
        """All slots, each checked to have been made by somebody who knew the vault secret."""
        slots = read_slots(self._db)
        for slot in slots:
            vc.check_slot(slot, self._secret)
        return slots

    def put_slot(self, slot: vc.Slot) -> None:
        """Add a slot, or replace the one of the same name."""
        self._ready()
        with sqlite.transaction(self._db) as db:
            db.execute("INSERT OR REPLACE INTO slots VALUES (?,?,?,?)", slot_row(slot))

    # ------------------------------------------------------------------------------------ inside

    def _ready(self) -> None:
        if not self._settled:
            self.recover()

    def _load(self, root: vc.Root) -> None:
        self._root = root
        with sqlite.disk():
            rows = self._db.execute("SELECT bucket, class, filled, box FROM buckets ORDER BY bucket").fetchall()
            waiting = self._db.execute("SELECT number, tag, ids FROM pending").fetchall()
        self._buckets = {bucket: vc.open_bucket(root, bucket, name, box) for bucket, name, _, box in rows}
        self._filling = {name: (bucket, filled) for bucket, name, filled, _ in rows}  # the last of each class stays
        size = vc.ID_SIZE
        listed = {n: (tag, [ids[i : i + size] for i in range(0, len(ids), size)]) for n, tag, ids in waiting}
        groups = {n: (tag, set(self._present(ids))) for n, (tag, ids) in listed.items()}
        self._drop_groups([n for n, (_, ids) in groups.items() if not ids])  # all of its keys were shredded
        self._pending = Pending({n: group for n, group in groups.items() if group[1]})

    def _drop_groups(self, numbers: Sequence[int]) -> None:
        if numbers:
            with sqlite.transaction(self._db) as db:
                db.executemany("DELETE FROM pending WHERE number=?", [(number,) for number in numbers])

    def _truncate(self) -> None:
        """Move the write-ahead log into the file and cut it: it still held what was deleted."""
        with sqlite.disk():
            busy = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if busy:
            raise StorageError("The key vault is being read by another process; stop that process and try again.")
