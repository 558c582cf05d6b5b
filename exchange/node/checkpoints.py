"""Signing where the log stands: a C2SP checkpoint with Ed25519 and ML-DSA-44, stored before any header names it."""

from __future__ import annotations

from exchange.crypto.signing import verify_mldsa_note, verify_note
from exchange.errors import CryptoError, IntegrityError
from exchange.merkle.checkpoint import ED25519, MLDSA44, Checkpoint, NoteKey, open_checkpoint, origin_of, signed_note
from exchange.node.context import Context
from exchange.node.covenants import Covenants
from exchange.store.log import Log


def sign_checkpoint(ctx: Context) -> None:
    """Sign the newest size and root; nothing when there is no news."""
    size, root = ctx.log.head()
    newest = ctx.log.newest_checkpoint()
    if newest is not None and newest.size >= size:
        return
    name = origin_of(ctx.covenants.tag, ctx.me.slug)
    signers = [
        (name, ED25519, ctx.keys.log.public, ctx.keys.log.sign_note),
        (name, MLDSA44, ctx.keys.log_pq.public, ctx.keys.log_pq.sign_note),
    ]
    note = signed_note(Checkpoint(name, size, root), signers, round(ctx.clock.now().timestamp()))
    ctx.log.add_checkpoint(size, root, note)


def verify_checkpoints(log: Log, covenants: Covenants, me: str) -> int:
    """Check both signatures of every stored checkpoint; how many there are.

    Raises:
        IntegrityError: One does not hold; names the last index it speaks for.
    """
    card = covenants.current.partner(me).card
    if card is None:
        raise IntegrityError("A party on paper has no log.")
    name = origin_of(covenants.tag, me)
    keys = [
        NoteKey(name, ED25519, card.log, verify_note),
        NoteKey(name, MLDSA44, card.log_pq, _verify_pq),
    ]
    stored = log.checkpoints()
    for one in stored:
        index = max(one.size - 1, 0)
        try:
            signed = open_checkpoint(one.note, name, keys)
        except CryptoError:
            raise IntegrityError("The signed checkpoint over entry {index} does not hold.", index=index) from None
        if (signed.size, signed.root) != (one.size, one.root):
            raise IntegrityError("The signed checkpoint over entry {index} names another root.", index=index)
    return len(stored)


def _verify_pq(public: bytes, message: bytes, signature: bytes) -> None:
    verify_mldsa_note(44, public, message, signature)
