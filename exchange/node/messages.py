"""Composing what goes out: parts under keys of their own, a numbered and signed header, a signed receipt.

Runs inside a unit of the writer: the pair sequence, the checkpoint and the signature are stamped in batch order. What is
composed here is stored at the sender exactly as it will be stored at the receiver.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid4

import orjson

from exchange.crypto import envelope, labels
from exchange.crypto.labels import H
from exchange.domain import events as e
from exchange.domain.pairing import PairOut
from exchange.errors import InputError
from exchange.node.context import Context
from exchange.node.covenants import Accepted, Partner
from exchange.node.writer import Tx
from exchange.wire import messages as m
from exchange.wire.codec import decode_model, encode_model, encode_own

PART_KEY = 32
BUNDLE_FRAME = 1024
"""Bytes of a bundle's header that are no receipts, rounded up."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A part before it is sealed."""

    data: bytes
    retention: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A composed message, ready to be wrapped for its recipient as often as needed."""

    message: str
    recipient: str
    sequence: int
    kind: str
    header: bytes
    signature: bytes
    part_keys: tuple[bytes, ...]
    parts: tuple[bytes, ...]


@lru_cache(maxsize=64)  # all messages of a batch share their time
def moment(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, as the wire spells it."""
    at = at.astimezone(UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def obeyed(ctx: Context, recipient: str, now: datetime) -> Accepted:
    """The generation to decide under for ``recipient``; the newest here while there is none in common, and then it waits."""
    return ctx.partners.generation(recipient, now) or ctx.covenants.current


def reached(ctx: Context, slug: str) -> Partner:
    """The partner with this slug, when messages can go to it.

    Raises:
        NotFoundError: Not a party of this covenant.
        InputError: It is on paper: it has no keys, and what were sent to it would wait for ever.
    """
    partner = ctx.covenants.current.partner(slug)
    if not partner.connected:
        raise InputError(
            "{name} takes part on paper: nothing goes there over the exchange. Tell it in another way, and record that with the"
            " channel and the day.",
            name=partner.name,
        )
    return partner


def stream_of(sender: bytes, message: UUID) -> UUID:
    """The log stream of a message: a uuid5 of its random id, so a partner cannot aim at a stream of ours."""
    name = sender + str(message).encode()
    return UUID(bytes=hashlib.sha1(name, usedforsecurity=False).digest()[:16], version=5)


def compose(
    tx: Tx,
    ctx: Context,
    *,
    recipient: str,
    kind: m.Kind,
    parts: list[Plain],
    act: UUID,
    by: UUID | None,
    generation: int,
    reply_to: str | None = None,
) -> tuple[Outgoing, tuple[e.StoredPart, ...], int]:
    """Number, seal, sign and record one message; gives it with its stored parts and log index.

    ``generation`` is the covenant's under which it was decided: the newest that the recipient obeys too.

    Raises:
        InputError: It does not fit in a frame, or the partner takes part on paper.
    """
    to = reached(ctx, recipient)
    pair = tx.overlay.pairs_out.get(recipient, PairOut())
    sequence = pair.next
    uid = uuid4()
    keys = [os.urandom(PART_KEY) for _ in parts]
    boxes = [
        envelope.seal_part(key, ctx.covenants.id, ctx.me.id, uid.bytes, i, len(parts), part.data)
        for i, (key, part) in enumerate(zip(keys, parts, strict=True))
    ]
    hashes = [tx.add_sealed(box) for box in boxes]
    header = _header(tx, ctx, uid, to.id, kind, generation, sequence, parts, keys, boxes, hashes, reply_to)
    envelope.check_fits(header, boxes)  # before it is numbered: what can never be sent must not wait for ever
    signature = ctx.keys.sign.sign(labels.SIGN_HEADER, header)
    message = envelope.message_id(header).hex()
    stored = tuple(
        e.StoredPart(hash=h, key_id=tx.adopt_key(p.retention, k), retention=p.retention)
        for h, k, p in zip(hashes, keys, parts, strict=True)
    )
    stamped = tx.append(
        e.MessageSent(
            originator_id=stream_of(ctx.me.id, uid),
            at=tx.now,
            recipient=recipient,
            sequence=sequence,
            message=message,
            kind=kind.value,
            header=header.decode(),
            signature=signature.hex(),
            parts=stored,
            disclosure=act,
            by=by,
            reply_to=reply_to,
        ),
        fresh=True,
    )
    tx.overlay.pairs_out[recipient] = pair.stamped(sequence)
    return (
        Outgoing(message, recipient, sequence, kind.value, header, signature, tuple(keys), tuple(boxes)),
        stored,
        stamped.index,
    )


def _header(
    tx: Tx,
    ctx: Context,
    uid: UUID,
    recipient: bytes,
    kind: m.Kind,
    generation: int,
    sequence: int,
    parts: list[Plain],
    keys: list[bytes],
    boxes: list[bytes],
    hashes: list[str],
    reply_to: str | None,
    reason: str | None = None,
) -> bytes:
    refs = [
        {"hash": h, "length": len(b), "pkc": envelope.pkc(k).hex(), "retention": p.retention}
        for h, b, k, p in zip(hashes, boxes, keys, parts, strict=True)
    ]
    more = {name: value for name, value in (("reply_to", reply_to), ("reason", reason)) if value is not None}
    return _event(tx, ctx, uid, kind, recipient, generation, {"sequence": sequence, "parts": refs, **more})


def _event(
    tx: Tx, ctx: Context, uid: UUID, kind: m.Kind, recipient: bytes, generation: int, data: dict[str, Any]
) -> bytes:
    """The canonical CloudEvents object of what this node decided: what the models of the wire would write, unvalidated.

    Every receiver validates it strictly, and so do the tests.
    """
    size, root = tx.checkpoint()  # always of one signed checkpoint (protocol §5)
    return encode_own(
        {
            "specversion": "1.0",
            "id": str(uid),
            "source": m.source_of(ctx.me.slug),
            "time": moment(tx.now),
            "datacontenttype": "application/json",
            "type": kind.value,
            "data": {
                "covenant": ctx.covenants.id.hex(),
                "generation": generation,
                "sender": ctx.me.id.hex(),
                "recipient": recipient.hex(),
                "checkpoint": {"size": size, "root": root.hex()},
                **data,
            },
        }
    )


def compose_void(
    tx: Tx, ctx: Context, *, recipient: str, sequence: int, voided: str, reason: str, by: UUID | None
) -> tuple[Outgoing, int]:
    """A signed statement that ``sequence`` carries nothing: the message under it was dropped before delivery."""
    uid = uuid4()
    to = ctx.covenants.current.partner(recipient)
    generation = obeyed(ctx, recipient, tx.now).generation
    header = _header(tx, ctx, uid, to.id, m.Kind.VOID, generation, sequence, [], [], [], [], None, reason)
    decode_model(m.Header, header)  # the reason comes from a person
    signature = ctx.keys.sign.sign(labels.SIGN_HEADER, header)
    message = envelope.message_id(header).hex()
    stamped = tx.append(
        e.SequenceVoided(
            originator_id=stream_of(ctx.me.id, uid),
            at=tx.now,
            recipient=recipient,
            sequence=sequence,
            message=message,
            voided=voided,
            header=header.decode(),
            signature=signature.hex(),
            reason=reason,
            by=by,
        )
    )
    return Outgoing(message, recipient, sequence, m.Kind.VOID.value, header, signature, (), ()), stamped.index


def compose_receipt(
    tx: Tx,
    ctx: Context,
    *,
    stream: UUID,
    sender: str,
    message: str,
    sequence: int,
    codes: list[tuple[str, ...]],
    leaf_index: int,
    leaf_hash: bytes,
) -> tuple[bytes, bytes]:
    """Sign and record the receipt in the transaction that stores the message; gives its bytes and signature.

    ``codes`` are the refusal codes of each part; none means accepted.
    """
    receipt = _event(
        tx,
        ctx,
        uuid4(),
        m.Kind.RECEIPT,
        ctx.covenants.current.partner(sender).id,
        ctx.covenants.current.generation,
        {
            "message": message,
            "sequence": sequence,
            "outcomes": [{"part": i, "accepted": not c, "codes": c} for i, c in enumerate(codes)],
            "leaf_index": leaf_index,
            "leaf_hash": leaf_hash.hex(),
        },
    )
    signature = ctx.keys.sign.sign(labels.SIGN_RECEIPT, receipt)
    tx.append(
        e.ReceiptIssued(
            originator_id=stream,
            at=tx.now,
            partner=sender,
            sequence=sequence,
            message=message,
            receipt=receipt.decode(),
            signature=signature.hex(),
        )
    )
    return receipt, signature


def in_frames(receipts: list[tuple[bytes, bytes]]) -> list[list[tuple[bytes, bytes]]]:
    """Receipts (bytes and signature) of one partner, in as few frames as they fit in."""
    frames: list[list[tuple[bytes, bytes]]] = []
    room = 0
    for receipt in receipts:
        # As it will stand in the bundle: a JSON text, its signature in hex, and the names of the two.
        size = len(orjson.dumps(receipt[0].decode())) + 2 * len(receipt[1]) + 64
        if size > room or len(frames[-1]) == m.MAX_PARTS:
            frames.append([])
            room = envelope.MAX_HEADER - BUNDLE_FRAME
        frames[-1].append(receipt)
        room -= size
    return frames


def bundle_receipts(
    ctx: Context, partner: str, receipts: list[tuple[bytes, bytes]], now: datetime
) -> tuple[bytes, bytes]:
    """Header and signature of the frame that carries ``receipts``; one alone travels as it is."""
    if len(receipts) == 1:
        return receipts[0]
    header = encode_model(
        m.Receipts(
            id=uuid4(),
            source=m.source_of(ctx.me.slug),
            time=moment(now),
            data=m.ReceiptsData(
                covenant=ctx.covenants.id.hex(),
                generation=ctx.covenants.current.generation,
                sender=ctx.me.id.hex(),
                recipient=ctx.covenants.current.partner(partner).id.hex(),
                receipts=[m.SignedReceipt(receipt=r.decode(), signature=s.hex()) for r, s in receipts],
            ),
        )
    )
    return header, ctx.keys.sign.sign(labels.SIGN_RECEIPTS, header)


def frame_hash(frame: bytes) -> str:
    """How a frame is named where it cannot be opened."""
    return H(frame).hex()
