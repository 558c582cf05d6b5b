"""Signing where the log stands: a C2SP checkpoint with Ed25519 and ML-DSA-44, stored before any header names it."""

from __future__ import annotations

from exchange.merkle.checkpoint import Checkpoint, signed_note
from exchange.node.context import Context


def origin(tag: str, slug: str) -> str:
    """The checkpoint's origin: covenant and partner."""
    return f"covenant-exchange/{tag}/{slug}"


def sign_checkpoint(ctx: Context) -> None:
    """Sign the newest size and root."""
    size, root = ctx.log.head()
    newest = ctx.log.newest_checkpoint()
    if newest is not None and newest.size >= size:
        return
    name = origin(ctx.covenants.tag, ctx.me.slug)
    note = signed_note(Checkpoint(name, size, root), [(name, 1, ctx.keys.log.public, ctx.keys.log.sign_note)])
    ctx.log.add_checkpoint(size, root, note)
