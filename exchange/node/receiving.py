"""What a delivery must pass before anything is stored: the numbered checks of protocol §4, one code each.

This module decides and does no I/O: bytes, a book of partners and an opener for prekeys go in; an :class:`Incoming` comes out, or
a :class:`~exchange.errors.WireError` whose ``reason`` is the code. Checks 12, 13, 18 and 19 need the log and stand in
:mod:`exchange.node.inbox`.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import orjson
from pydantic import BaseModel

from exchange.crypto import envelope, labels, prekeys, signing
from exchange.crypto.hpke import OpenedSeed
from exchange.crypto.labels import H
from exchange.errors import CryptoError, WireError
from exchange.node.covenants import Accepted, Covenants, Partner
from exchange.wire import messages as m
from exchange.wire.codec import decode_model
from exchange.wire.work import WORK

SKEW: Final = timedelta(minutes=5)

TRANSIENT: Final = frozenset({"clock", "generation-newer", "type-unknown", "vault-locked", "storage", "later"})
"""Codes that may pass by themselves (with time, a covenant accepted, a release installed): the frame is left with the broker and
tried again."""
KNOWN: Final = frozenset({*m.CONTENT, *WORK, m.Kind.VOID, m.Kind.RECEIPT, m.Kind.RECEIPTS})
"""Kinds of message this release can take."""
REWRAP: Final = frozenset({"epoch-retired", "outside-window"})
"""Codes that the sender mends by wrapping the same message anew; nothing is parked."""


@dataclass(frozen=True, slots=True)
class Window:
    """An own prekey that can be opened now."""

    seed: OpenedSeed
    not_before_ms: int
    not_after_ms: int


Opener = Callable[[bytes], Window | None]
"""kid -> the prekey; None for a tombstone; raises WireError("kid-unknown") when it was never ours."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message that passed checks 1 to 11 and 14 to 17."""

    sender: Partner
    generation: Accepted
    message: str
    header: m.Header
    header_bytes: bytes
    signature: bytes
    kid: str
    part_keys: tuple[bytes, ...]
    parts: tuple[bytes, ...]
    statement: m.Statement | None
    items: tuple[m.Item, ...]
    work: m.Work | None
    """Of every other kind: its one part."""
    judged_at: datetime
    """By the rules of which moment: that of the header, until :mod:`exchange.node.dating` has looked at it."""

    @property
    def sequence(self) -> int:
        """The pair sequence."""
        return self.header.data.sequence

    @property
    def kind(self) -> m.Kind:
        """What it is."""
        return self.header.type


@dataclass(frozen=True, slots=True)
class IncomingReceipt:
    """A receipt that passed its checks."""

    sender: Partner
    receipt: m.Receipt
    receipt_bytes: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class IncomingReceipts:
    """Receipts that came in one frame; those that passed their checks."""

    sender: Partner
    receipts: tuple[IncomingReceipt, ...]
    failure: WireError | None
    """Why the first of the others did not pass. It spoils none but itself."""


Opened = Incoming | IncomingReceipt | IncomingReceipts
_MODELS: Final[dict[m.Kind, tuple[type[m.Header | m.Receipt | m.Receipts], str]]] = {
    m.Kind.RECEIPT: (m.Receipt, labels.SIGN_RECEIPT),
    m.Kind.RECEIPTS: (m.Receipts, labels.SIGN_RECEIPTS),
}


def open_delivery(
    covenants: Covenants, me: Partner, opener: Opener, subject_sender: str, data: bytes, now: datetime
) -> Opened:
    """Run the checks; the numbers are those of the protocol.

    Raises:
        WireError: The first check that fails; ``reason`` is its code.
    """
    frame = envelope.parse_frame(data)  # 1
    window = opener(frame.kid)  # 2
    if window is None:
        raise WireError("epoch-retired", "The frame is wrapped to a prekey that has been destroyed.")
    opened, accepted = _open(frame, window, covenants, me)  # 3, 5
    _check_window(window, opened.wrapped_ms)  # 4
    model, label = _MODELS.get(_kind_of(opened.header), (m.Header, labels.SIGN_HEADER))  # 6
    header = decode_model(model, opened.header)  # 6
    if isinstance(header, m.Header) and header.data.generation != accepted.generation:  # 7
        # A message decided under the previous generation may be wrapped under the new one; both must be known here.
        accepted = covenants.accepted(header.data.generation, now)
    circumstances = _Circumstances(covenants, me, accepted, subject_sender, now)
    sender = circumstances.sender_of(header, opened.header, opened.signature, label)  # 7 to 11
    if not isinstance(header, m.Header):
        if opened.parts:
            raise WireError("receipt-with-parts", "A receipt carries no parts.")
        if isinstance(header, m.Receipt):
            return IncomingReceipt(sender, header, opened.header, opened.signature)
        return _receipts(circumstances, sender, header)
    statement, items, work = _open_parts(covenants, sender, header, opened)  # 14 to 17
    return Incoming(
        sender=sender,
        generation=accepted,
        message=envelope.message_id(opened.header).hex(),
        header=header,
        header_bytes=opened.header,
        signature=opened.signature,
        kid=frame.kid.hex(),
        part_keys=tuple(opened.part_keys),
        parts=tuple(opened.parts),
        statement=statement,
        items=items,
        work=work,
        judged_at=datetime.fromisoformat(header.time),
    )


@dataclass(frozen=True, slots=True)
class _Circumstances:
    """Under what a header came: the same for every receipt of a bundle."""

    covenants: Covenants
    me: Partner
    accepted: Accepted
    subject_sender: str
    now: datetime

    def sender_of(
        self, header: m.Header | m.Receipt | m.Receipts, signed: bytes, signature: bytes, label: str
    ) -> Partner:
        """Checks 7 to 11 of a decoded header; who signed it."""
        if header.data.covenant != self.covenants.id.hex():  # 7
            raise WireError("other-covenant", "The message belongs to another covenant.")
        sender = self.accepted.partner_by_id(bytes.fromhex(header.data.sender))  # 8
        # A member of both generations, during a change.
        member = sender is not None and self.covenants.current.partner_by_id(sender.id) is not None
        if (
            sender is None
            or not member
            or sender.slug != self.subject_sender
            or header.source != m.source_of(sender.slug)
        ):  # 8
            raise WireError("sender-unknown", "The sender is not the partner under whose name the frame was published.")
        try:
            signing.verify(sender.sign_public, label, signed, signature)  # 9
        except CryptoError:
            raise WireError("bad-signature", "The signature of the sender does not hold.") from None
        if header.data.recipient != self.me.id.hex():  # 10
            raise WireError("not-for-me", "The message was written to another partner.")
        if datetime.fromisoformat(header.time) > self.now + SKEW:  # 11
            raise WireError("clock", "The message comes from the future; compare the clocks.")
        return sender


def _receipts(circumstances: _Circumstances, sender: Partner, bundle: m.Receipts) -> IncomingReceipts:
    """Checks 6 to 11 of every receipt of a bundle, each on its own."""
    passed: list[IncomingReceipt] = []
    failure: WireError | None = None
    for inside in bundle.data.receipts:
        data, signature = inside.receipt.encode(), bytes.fromhex(inside.signature)
        try:
            receipt = decode_model(m.Receipt, data)
            circumstances.sender_of(receipt, data, signature, labels.SIGN_RECEIPT)
        except WireError as error:
            failure = failure or error
        else:
            passed.append(IncomingReceipt(sender, receipt, data, signature))
    return IncomingReceipts(sender, tuple(passed), failure)


def _open(frame: envelope.Frame, window: Window, covenants: Covenants, me: Partner) -> tuple[envelope.Opened, Accepted]:
    """The generation is bound into the HPKE info, so an unknown one simply does not open."""
    failure: WireError | None = None
    for accepted in covenants.usable:
        try:
            return envelope.open_frame(frame, window.seed, covenants.id, accepted.generation, me.id), accepted
        except WireError as error:
            failure = failure or error
    raise failure or WireError("no-covenant", "No covenant generation is in force at this node.")


def _check_window(window: Window, wrapped_ms: int) -> None:
    if not prekeys.in_window(window.not_before_ms, window.not_after_ms, wrapped_ms):
        raise WireError("outside-window", "The frame was wrapped outside the window of its prekey.")


def _kind_of(header: bytes) -> m.Kind:
    try:
        kind = orjson.loads(header)["type"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise WireError("not-json", "The header is not a CloudEvents object.") from None
    if not isinstance(kind, str) or kind not in KNOWN:
        raise WireError("type-unknown", "The message is of a kind this release does not know.")
    return m.Kind(kind)


def _open_parts(
    covenants: Covenants, sender: Partner, header: m.Header, opened: envelope.Opened
) -> tuple[m.Statement | None, tuple[m.Item, ...], m.Work | None]:
    refs = header.data.parts
    count = len(refs)
    if not count == len(opened.parts) == len(opened.part_keys):
        raise WireError("parts-differ", "The frame does not carry the parts its header names.")
    plain: list[bytes] = []
    message = header.id.bytes
    for i, (ref, key, box) in enumerate(zip(refs, opened.part_keys, opened.parts, strict=True)):
        if len(box) != ref.length or not hmac.compare_digest(H(box).hex(), ref.hash):  # 14
            raise WireError("part-hash", "Part {part} is not the one the header names.", part=i)
        if not hmac.compare_digest(envelope.pkc(key).hex(), ref.pkc):  # 15
            raise WireError("part-key", "The key of part {part} is not the one the header committed to.", part=i)
        try:  # 16
            plain.append(envelope.open_part(key, covenants.id, sender.id, message, i, count, box))
        except CryptoError:
            raise WireError("part-sealed", "Part {part} does not open.", part=i) from None
    return _payloads(header.type, plain)  # 17


def _payloads(kind: m.Kind, plain: list[bytes]) -> tuple[m.Statement | None, tuple[m.Item, ...], m.Work | None]:
    expected: list[type[BaseModel]]
    if kind in m.CONTENT:
        if len(plain) < 2:  # noqa: PLR2004 - a statement and at least one item
            raise WireError("schema", "A signal or disclosure needs a statement and at least one item.")
        expected = [m.Statement, *[m.Item] * (len(plain) - 1)]
    else:
        expected = [WORK[kind]] if kind in WORK else []
        if len(plain) != len(expected):
            raise WireError("schema", "The message does not carry the parts of its kind.")
    decoded = [decode_model(model, data) for model, data in zip(expected, plain, strict=True)]
    items = tuple(d for d in decoded if isinstance(d, m.Item))
    if len({i.item for i in items}) != len(items):
        raise WireError("schema", "Two items of the message carry the same id.")
    if any((i.replaces is not None) is not (kind is m.Kind.CORRECTED) for i in items):
        raise WireError(
            "schema", "In a correction every item names the one it replaces, and nowhere else does an item."
        )
    statement = next((d for d in decoded if isinstance(d, m.Statement)), None)
    return statement, items, next((d for d in decoded if isinstance(d, m.Work)), None)
