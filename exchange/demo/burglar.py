"""Whoever holds all files of an office, and what opens its vault: what that opens, and what it does not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from exchange import settings, setup
from exchange.crypto import envelope
from exchange.crypto.hpke import OpenedSeed
from exchange.demo.stage import PARTNERS, Stage
from exchange.domain import events as e
from exchange.errors import WireError
from exchange.node.accountability import pages
from exchange.node.covenants import verify_signed
from exchange.store.log import Log
from exchange.store.side import SideStore


class Erased(NamedTuple):
    """What an office's log says was erased, and how much of that its files still hold."""

    keys: int
    parts: int
    left: int


def try_every_key(stage: Stage, slug: str) -> int:
    """Try every epoch key of an office on the copied frame, for every partner; how many tries, 0 when one opened it."""
    directory, frame = stage.offices[slug].directory, (stage.home / "copied.frame").read_bytes()
    accepted = verify_signed(stage.signed.read_bytes(), datetime.now(UTC))
    seeds = _seeds(directory, stage, slug)
    for partner in accepted.connected():
        for seed in seeds:
            try:
                envelope.open_frame(envelope.parse_frame(frame), OpenedSeed(seed), accepted.hash, 1, partner.id)
            except WireError:
                continue
            return 0
    return len(seeds) * len(PARTNERS)


def look_for_what_was_erased(stage: Stage, slug: str) -> Erased:
    """Look in the opened vault and in the log's file for what the log says was erased."""
    directory = stage.offices[slug].directory
    with setup.open_vault(directory, settings.load(directory), stage.credential(slug)) as vault:
        log_ = Log.open(directory, vault)
        try:
            erasures = [one for page in pages(log_, ["erasure/decided/1"]) for one in log_.read_all(page)]
            keys = [key for one in erasures if isinstance(one, e.ErasureDecided) for key in one.key_ids]
            parts = [part for one in erasures if isinstance(one, e.ErasureDecided) for part in one.sealed]
            left = len(vault.get_many(keys)) + sum(log_.sealed(part) is not None for part in parts)
        finally:
            log_.close()
    return Erased(len(keys), len(parts), left)


def _seeds(directory: Path, stage: Stage, slug: str) -> list[bytes]:
    side = SideStore.open(directory / setup.SIDE_FILE)
    ids = [value["key"] for _, value in side.list("own-prekey") if value["key"]]
    side.close()
    with setup.open_vault(directory, settings.load(directory), stage.credential(slug)) as vault:
        return list(vault.get_many(ids).values())
