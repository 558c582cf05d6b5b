"""This node's epoch prekeys (protocol §3): made ahead, published in a signed bundle, rolled, and destroyed.

The private seed of an epoch is a vault key; destroying it makes every copy of every frame wrapped to it unreadable for ever.
Which epochs exist is housekeeping and stands in the side store; a kid that was destroyed stays there as a tombstone.
"""

from __future__ import annotations

import contextlib
import hmac
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from exchange.crypto import prekeys as pk
from exchange.crypto.hpke import OpenedSeed, xwing_public
from exchange.crypto.labels import COMMAND, expand
from exchange.errors import StorageError, WireError
from exchange.node.receiving import SKEW, Window
from exchange.store.keys import NewKey, new_key_id
from exchange.store.side import SideStore
from exchange.store.vault import Vault

RETENTION = "own epochs"
"""Vault class of epoch seeds: they are due together. With a blank in it, so that no retention class of a covenant is this one."""
KIND = "own-prekey"
SEED = 32
KID = 8


@dataclass(frozen=True, slots=True)
class Own:
    """One own epoch."""

    kid: str
    not_before_ms: int
    not_after_ms: int
    public: bytes
    key_id: str | None
    """None once destroyed."""


class Prekeys:
    """Own epochs. All methods run on one thread at a time (the event loop).

    Two files hold them, vault and side store, and either may fail between two steps. Then nothing is used any more that is not
    in both: what a start does after a crash is done before the next change.
    """

    def __init__(self, vault: Vault, side: SideStore) -> None:
        self._vault = vault
        self._side = side
        self._own: dict[str, Own] = {}
        self._opened: dict[str, Window] = {}
        self._lost = side.replaces_lost
        """Whether an earlier side store was lost: then a kid nobody here knows may have been ours."""
        self._untold = False
        self._in_doubt = True
        self._settle()

    def _settle(self) -> None:
        """After a start, a crash, or a disk that refused: let side store and vault agree.

        Raises:
            StorageError: The disk still refuses; nothing may be changed before it answers.
        """
        if not self._in_doubt:
            return
        self._own = {kid: _from_json(kid, value) for kid, value in self._side.list(KIND)}
        self._opened.clear()
        stored = set(self._vault.ids_of(RETENTION))
        self._remember([_ended(own) for own in self.alive() if own.key_id not in stored])
        named = {own.key_id for own in self.alive()}
        self._vault.confirm([key_id for key_id, _ in self._vault.pending() if key_id in named])
        self._vault.flush()
        self._in_doubt = False
        with contextlib.suppress(StorageError):  # a silent replica: they open frames that nobody accepts, and go later
            self._vault.shred(sorted(stored - named))

    # ------------------------------------------------------------------------------------ opening

    def opener(self, kid: bytes) -> Window | None:
        """The window of an own kid; None when destroyed.

        Raises:
            WireError: ``kid-unknown``: never one of ours.
        """
        name = kid.hex()
        known = self._opened.get(name)
        if known is not None:
            return known
        own = self._own.get(name)
        if own is None and self._lost:
            return None
        if own is None:
            raise WireError("kid-unknown", "The frame is wrapped to a prekey that was never ours.")
        if own.key_id is None:
            return None
        seed = self._vault.get(own.key_id)
        if seed is None:
            return None
        window = Window(OpenedSeed(seed), own.not_before_ms, own.not_after_ms)
        self._opened[name] = window
        return window

    def alive(self) -> list[Own]:
        """Epochs whose seed still exists."""
        return [own for own in self._own.values() if own.key_id is not None]

    # ------------------------------------------------------------------------------------ remembering for a while

    def stamp(self, data: bytes, now: datetime) -> str:
        """A fingerprint of ``data`` that nobody can check a guess against once the epoch of ``now`` is destroyed.

        It may stand in the log for ever, also when ``data`` names a person. Empty while there is no epoch.
        """
        begun = [own for own in self.alive() if own.not_before_ms <= _ms(now)]
        newest = max(begun, key=lambda own: own.not_before_ms, default=None)
        return "" if newest is None else f"{newest.kid}:{self._keyed(newest, data)}"

    def stamped(self, stamp: str, data: bytes) -> bool:
        """Whether ``stamp`` can be of ``data``; True also when its epoch is gone and nobody can tell. Any thread."""
        own = self._own.get(stamp.partition(":")[0])
        expected = "" if own is None else self._keyed(own, data)
        return not expected or hmac.compare_digest(stamp, f"{own.kid if own else ''}:{expected}")

    def _keyed(self, own: Own, data: bytes) -> str:
        seed = None if own.key_id is None else self._vault.get(own.key_id)
        return "" if seed is None else hmac.digest(expand(seed, COMMAND), data, "sha256").hex()

    # ------------------------------------------------------------------------------------ making

    def ensure(self, now: datetime) -> bool:
        """Make what is missing of the next 45 days; True while there are epochs that no bundle has told of."""
        self._settle()
        windows = pk.plan([_public(o) for o in self.alive()], _ms(now))
        if windows:
            self._untold = True
            self._make(windows)
        return self._untold

    def _make(self, windows: list[tuple[int, int]]) -> None:
        """The side store knows a key before the vault has it: a crash in between leaves a tombstone, never an orphan key."""
        rows, made = [], []
        for not_before, not_after in windows:
            seed, kid, key_id = os.urandom(SEED), os.urandom(KID).hex(), new_key_id(not_before)
            rows.append(NewKey(key_id, RETENTION, seed, b""))
            made.append(Own(kid, not_before, not_after, xwing_public(seed), key_id))
        with self._careful():
            self._remember(made)
            self._vault.put_pending(rows)
            self._vault.confirm([row.id for row in rows])
            self._vault.flush()

    def bundle(self, partner: str, now: datetime, generation: int, covenant: bytes) -> pk.Bundle:
        """The public halves that are usable from now on, under the next bundle sequence, with the covenant we obey.

        The sequence is the time in ms, or one more than the last when that is higher: a node that lost its side store still
        goes on above what its partners know. Epochs further ahead than planned (a clock that was wrong) are left out, or the
        bundle could grow beyond what partners accept.
        """
        self._settle()
        sequence = max(int((self._side.get("own-bundle", "sequence") or {"n": 0})["n"]) + 1, _ms(now))
        self._side.put("own-bundle", "sequence", {"n": sequence})
        until = _ms(now) + pk.AHEAD
        usable = [o for o in self.alive() if o.not_after_ms > _ms(now) and o.not_before_ms <= until]
        keys = tuple(_public(o) for o in sorted(usable, key=lambda o: o.not_before_ms))
        self._untold = False
        return pk.Bundle(partner, sequence, keys, versions=(1,), generation=generation, covenant=covenant)

    # ------------------------------------------------------------------------------------ ending

    def roll(self, now: datetime) -> list[str]:
        """End every epoch that a frame may have been wrapped to, and make fresh ones for their time; gives the ended kids.

        A partner whose clock is ahead may be using the next epoch already. Frames under way to an ended one are answered
        ``epoch-retired``; the sender wraps them anew.
        """
        self._settle()
        begun = [own for own in self.alive() if own.not_before_ms <= _ms(now) + pk.SKEW]
        self._destroy(begun)
        self.ensure(now)
        return [own.kid for own in begun]

    def expire(self, now: datetime, *, drained: bool, max_age_ms: int) -> list[str]:
        """Destroy seeds whose time is over (protocol §3): drained past the window, or out of reach of any stored frame."""
        self._settle()
        over = [
            own
            for own in self.alive()
            if pk.may_destroy(_public(own), now_ms=_ms(now), drained=drained, max_age_ms=max_age_ms)
        ]
        self._destroy(over)
        return [own.kid for own in over]

    def _destroy(self, owns: list[Own]) -> None:
        if not owns:
            return
        for own in owns:
            self._opened.pop(own.kid, None)
        with self._careful():
            self._vault.shred([own.key_id for own in owns if own.key_id])
            self._remember([_ended(own) for own in owns])

    @contextlib.contextmanager
    def _careful(self) -> Iterator[None]:
        """Whatever fails in between: trust nothing in memory before :meth:`_settle` has looked again."""
        self._in_doubt = True
        yield
        self._in_doubt = False

    def _remember(self, owns: list[Own]) -> None:
        """All of them, in one durable write."""
        self._own.update((own.kid, own) for own in owns)
        self._side.put_many(KIND, {own.kid: _to_json(own) for own in owns})


def _ended(own: Own) -> Own:
    """Its tombstone."""
    return Own(own.kid, own.not_before_ms, own.not_after_ms, own.public, None)


def _public(own: Own) -> pk.Prekey:
    return pk.Prekey(bytes.fromhex(own.kid), own.not_before_ms, own.not_after_ms, own.public)


def _to_json(own: Own) -> dict[str, Any]:
    return {
        "nb": own.not_before_ms,
        "na": own.not_after_ms,
        "pub": own.public.hex() if own.key_id else "",
        "key": own.key_id,
    }


def _from_json(kid: str, value: dict[str, Any]) -> Own:
    return Own(kid, value["nb"], value["na"], bytes.fromhex(value["pub"]), value["key"])


def _ms(at: datetime) -> int:
    return round(at.astimezone(UTC).timestamp() * 1000)


__all__ = ["RETENTION", "SKEW", "Own", "Prekeys"]
