"""What every node knows: setting up, people, messages out and in, items, refusals."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from exchange.domain.event import Event, Private

KeyId = str
"""A vault key: 32 lower-case hex digits."""


class Stored(BaseModel):
    """A value inside an event."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StoredPart(Stored):
    """Where one part of a message is kept: ciphertext by hash in the ``sealed`` table, key in the vault."""

    hash: str
    key_id: KeyId | None
    """None when the part was refused: neither its key nor its ciphertext is stored."""
    retention: str
    codes: tuple[str, ...] = ()
    """Refusal codes, empty when accepted."""


# ---------------------------------------------------------------------------------------- setting up


class CovenantAccepted(Event, topic="covenant/accepted/1"):
    """This node obeys this generation from here on. The first one is entry 0 of the log."""

    generation: int
    covenant: str
    """SHA-256 of the canonical document, hex."""
    signed: str
    """The whole signed document, so that the log alone tells which rules held."""
    me: str
    """Slug of the partner whose node this is."""


class NodeStarted(Event, topic="node/started/1"):
    """A start of the node: which release wrote what follows."""

    release: str
    build: str
    settled: int
    """Pending vault keys without an event that were destroyed at this start."""


class ActorRegistered(Event, topic="actor/registered/1"):
    """Somebody or something that may act here; ``originator_id`` is the actor id."""

    key_id: KeyId
    kind: Literal["person", "system", "rule"]
    roles: tuple[str, ...]
    by: UUID
    name: Private[str]
    uid: Private[int | None]
    """Operating-system user that may act as this actor over the socket."""


class ActorRevoked(Event, topic="actor/revoked/1"):
    """This actor may do nothing any more."""

    by: UUID


class SingleHandedSet(Event, topic="setting/single-handed/1"):
    """This partner has one officer for what needs two hands, or not any more (design §4.18)."""

    on: bool
    by: UUID


class ActedAlone(Event, topic="actor/acted-alone/1"):
    """One hand did what needs two, because the partner is single-handed. In the transaction of the act itself."""

    by: UUID
    command: str
    about: str
    """Id of the erasure, the message that was let go, or the actor that was revoked or designated."""


class KeysRolled(Event, topic="keys/rolled/1"):
    """The live epoch was ended at once, and its key destroyed."""

    by: UUID | None
    reason: Literal["operator", "erasure"]
    kids: tuple[str, ...]


# ---------------------------------------------------------------------------------------- people


class SubjectRegistered(Event, topic="subject/registered/1"):
    """An entry in this node's own register; ``originator_id`` is the subject handle, random and local."""

    key_id: KeyId
    by: UUID | None
    """None when a partner's message made it."""
    unmatched: bool
    identity: Private[dict[str, str]]
    """Names, birth date, postcode, house number (see :mod:`exchange.domain.subject`)."""
    safe_contact: Private[str]
    """How to reach this person safely; shown before anything else."""


class IdentityLearned(Event, topic="subject/identity-learned/1"):
    """A partner told who an unmatched reference is."""

    key_id: KeyId
    """That of the message part which told it: what it says is gone when the part is."""
    identity: Private[dict[str, str]]


class ReferenceAgreed(Event, topic="subject/reference-agreed/1"):
    """The pairwise reference of this subject with one partner."""

    key_id: KeyId
    partner: str
    reference: Private[str]


class SubjectMatched(Event, topic="subject/matched/1"):
    """A person decided that this (unmatched) entry is the same person as another."""

    key_id: KeyId
    by: UUID
    into: Private[UUID]


class SubjectSplit(Event, topic="subject/split/1"):
    """A person undid a match."""

    key_id: KeyId
    by: UUID


# ---------------------------------------------------------------------------------------- messages


class MessageSent(Event, topic="message/sent/1"):
    """Decided, signed and numbered; the outbox sends it until the receipt is here."""

    recipient: str
    sequence: int
    message: str
    """Message id: hash of the header."""
    kind: str
    header: str
    """The exact signed bytes (canonical JSON is UTF-8 text)."""
    signature: str
    parts: tuple[StoredPart, ...]
    disclosure: UUID
    """Local id of the act; the same for every recipient of one disclosure."""
    by: UUID | None
    reply_to: str | None = None


class MessageReceived(Event, topic="message/received/1"):
    """A partner's message passed every check and is stored as the sender stored it."""

    sender: str
    sequence: int
    message: str
    kind: str
    header: str
    signature: str
    kid: str
    """Epoch prekey it was wrapped to: while that key lives, a copied frame can still be opened."""
    parts: tuple[StoredPart, ...]
    reply_to: str | None = None
    generation: int


class ReceiptIssued(Event, topic="receipt/issued/1"):
    """Our signed statement to the sender, in the same transaction as the message it confirms."""

    partner: str
    sequence: int
    message: str
    receipt: str
    signature: str


class ReceiptReceived(Event, topic="receipt/received/1"):
    """The partner's signed statement that he stored our message."""

    partner: str
    sequence: int
    message: str
    receipt: str
    signature: str
    rejected: dict[int, tuple[str, ...]]
    """Part number -> refusal codes."""


class MessageNacked(Event, topic="message/nacked/1"):
    """The partner refuses our message for good; it is not sent again until a person decides."""

    partner: str
    sequence: int
    message: str
    reason: str


class SequenceVoided(Event, topic="message/voided/1"):
    """Our message was dropped before delivery; a signed void takes its sequence."""

    recipient: str
    sequence: int
    message: str
    """Message id of the void."""
    voided: str
    """Message id of what was dropped."""
    header: str
    signature: str
    reason: str
    by: UUID | None


class SequenceVoidedByPartner(Event, topic="message/voided-by-partner/1"):
    """The partner declared that this sequence carries nothing."""

    sender: str
    sequence: int
    message: str
    header: str
    signature: str
    reason: str


class GapFound(Event, topic="gap/found/1"):
    """Messages of a partner are missing; they are asked for again."""

    partner: str
    first: int
    last: int


class EquivocationFound(Event, topic="equivocation/found/1"):
    """A partner signed two different messages for one sequence. Both are kept: this is evidence."""

    partner: str
    sequence: int
    message: str
    header: str
    signature: str
    other: str
    """Message id accepted first."""


class FrameParked(Event, topic="frame/parked/1"):
    """A frame that will never be accepted as it is. ``originator_id`` is the parking place."""

    partner: str
    """By the broker's subject; not proven."""
    frame: str
    """SHA-256 of the frame; the frame itself is not kept."""
    reason: str


class ParkedRetried(Event, topic="frame/retried/1"):
    """An operator asked the sender to wrap the message anew."""

    by: UUID


class ParkedDropped(Event, topic="frame/dropped/1"):
    """An operator let a parked frame go."""

    by: UUID
    reason: str


# ---------------------------------------------------------------------------------------- items


class ItemRecorded(Event, topic="item/recorded/1"):
    """One datum that was exchanged, with whom, why and until when. The source of "who knows what".

    ``key_id`` is a record key with the term of accountability; the datum's own key is ``content_key``, which goes earlier.
    """

    key_id: KeyId
    item: UUID
    act: UUID
    """The disclosure or signal it belongs to (local id)."""
    message: str | None
    """Message id; None when it did not go over the exchange."""
    part: int
    direction: Literal["sent", "received"]
    partner: str
    channel: str
    """EXCHANGE is proven by signatures; ORAL, PHONE, SECURE_MAIL, PAPER, IMPORTED are stated."""
    kind: Literal["signal", "disclosure"]
    category: str
    purpose: str
    basis: tuple[str, ...]
    rules: tuple[str, ...] = ()
    retention: str
    content_key: KeyId | None
    sealed: str | None
    """Hash of the ciphertext row."""
    occurred_on: str | None = None
    """When it was said or handed over, if not over the exchange."""
    case: UUID | None
    by: UUID | None
    subject: Private[UUID]
    mentions: Private[list[UUID]]
    field: Private[str]


class RefusalRecorded(Event, topic="refusal/recorded/1"):
    """Something was refused: which rules, on which side; never the content."""

    side: Literal["sender", "receiver"]
    partner: str
    """Slug; empty when what was typed names no partner: it may name anybody."""
    kind: str
    codes: tuple[str, ...]
    categories: tuple[str, ...]
    by: UUID | None
