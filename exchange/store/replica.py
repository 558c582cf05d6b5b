"""A second vault file on another medium, and how it catches up with the first.

The first file always moves first. So a replica that lacks keys, or is of an earlier generation, missed something and is brought
up to date, erasures included. A replica that is *ahead* proves that the first file was restored from an old copy, which may
hold erased keys: then nothing is opened.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from exchange.crypto.vault import Secret
from exchange.errors import ExchangeError, IntegrityError, LockedError
from exchange.store.anchors import AnchorProvider
from exchange.store.vaultfile import Row, VaultFile


class Place(NamedTuple):
    """A vault file and the anchor that belongs to it."""

    path: Path
    anchor: AnchorProvider


def attach(primary: VaultFile, place: Place, secret: Secret | None) -> VaultFile | None:
    """The replica at ``place``, up to date; None when it does not answer.

    Args:
        primary: The vault it follows.
        place: Where it is.
        secret: Of the custodian who is opening the vault: opens a replica that missed a change of the vault secret.

    Raises:
        IntegrityError: The replica is ahead of the vault.
    """
    try:
        replica = _open(primary, place, secret)
    except ExchangeError:
        return None
    if replica.generation > primary.generation:
        replica.close()
        raise IntegrityError(
            "The key vault is older than its replica: it was restored from a copy and may hold erased keys. "
            "Remove it and open the replica in its place."
        )
    try:
        copy(primary, replica)
    except ExchangeError:
        replica.close()
        return None
    return replica


def copy(primary: VaultFile, replica: VaultFile) -> None:
    """Make ``replica`` hold the same keys at the same generation; what it has too much is destroyed there as well."""
    mine, its = primary.ids(), replica.ids()
    missing, surplus = sorted(mine - its), its - mine
    tags = dict(primary.pending())
    settled = [key_id for key_id, _ in replica.pending() if key_id not in tags and key_id in mine]
    if missing or settled:
        keys, classes = primary.get_many(missing), primary.classes(missing)
        replica.put([Row(key_id, classes[key_id], keys[key_id], tags.get(key_id)) for key_id in missing], settled)
    if surplus and replica.generation == primary.generation:
        primary.roll({})  # the replica is never ahead
    if replica.generation < primary.generation:
        replica.roll(replica.present(surplus), to=primary.generation)


def _open(primary: VaultFile, place: Place, secret: Secret | None) -> VaultFile:
    try:
        return VaultFile.open(place.path, place.anchor, primary.secret)
    except LockedError:
        if secret is None:
            raise
    replica = VaultFile.open(place.path, place.anchor, secret)
    if replica.generation < primary.generation:
        replica.roll({}, primary.generation, primary.slots(), primary.secret)
    return replica
