"""The chair's release as proof that travels with the item (covenant 11.2).

An offer says nothing of its content but commits to it: ``H(salt ‖ content)``. A release is the chair's signature over that
commitment, the case, category, field and purpose, the owner and one recipient. The owner sends salt and signature along, and
the recipient opens the commitment against the item that came. So it needs to know nothing but who chairs: no notice of the
chair has to arrive first, and an owner cannot send a struck item, nor other content under a release that was for something
else.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from exchange.crypto import labels, signing
from exchange.crypto.labels import H
from exchange.domain import events as e
from exchange.domain.event import Event, Gone
from exchange.errors import CryptoError
from exchange.node.context import Context
from exchange.node.covenants import Accepted
from exchange.node.messages import stream_of
from exchange.node.receiving import Incoming
from exchange.node.writer import Tx
from exchange.wire import messages as m
from exchange.wire.codec import encode

SALT = 32
_OWN = {"item", "subject", "mentions"}
"""Fields of an item that differ per recipient: they are not part of what was offered."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What goes along with a released item."""

    salt: str
    signature: str


@dataclass(frozen=True, slots=True)
class Release:
    """What the chair signs, to one recipient."""

    conference: UUID
    release: UUID
    case: UUID
    owner: str
    recipient: str
    category: str
    field: str
    purpose: str
    commitment: str

    def signed_bytes(self, covenant: bytes) -> bytes:
        """The bytes under the signature."""
        named = {name: str(getattr(self, name)) for name in self.__slots__}
        return encode({"covenant": covenant.hex(), **named})


def commitment(salt: str, item: m.Item) -> str:
    """Binds the content of ``item`` without telling it."""
    content = encode(item.model_dump(mode="json", exclude_none=True, exclude=_OWN))
    return H(labels.signed(labels.OFFER_COMMIT, bytes.fromhex(salt) + content)).hex()


def sign(ctx: Context, release: Release) -> str:
    """The chair's signature, in hex."""
    return ctx.keys.sign.sign(labels.SIGN_RELEASE, release.signed_bytes(ctx.covenants.id)).hex()


def holds(ctx: Context, release: Release, signature: str, chair: str, books: tuple[Accepted, ...]) -> bool:
    """Whether the chair's partner signed this release, under one of these generations of the covenant."""
    signed = release.signed_bytes(ctx.covenants.id)
    for book in books:
        partner = book.by_slug(chair)
        if partner is None or not partner.connected:
            continue
        try:
            signing.verify(partner.sign_public, labels.SIGN_RELEASE, signed, bytes.fromhex(signature))
        except CryptoError:
            continue
        return True
    return False


def proven(
    ctx: Context,
    *,
    chair: str | None,
    owner: str,
    recipient: str,
    statement: m.Statement,
    items: list[m.Item],
    books: tuple[Accepted, ...],
) -> bool:
    """Whether the statement carries the chair's release of exactly what goes with it.

    That is one item; beside it may only stand who the reference is, for a recipient that does not know it yet.
    """
    content = [item for item in items if item.identity is None]
    facts = (statement.conference, statement.chair_release, statement.case)
    opening = (statement.release_salt, statement.release_signature)
    if chair is None or len(content) != 1 or None in facts or None in opening or len(items) > len(content) + 1:
        return False
    item = content[0]
    if any(other.subject != item.subject for other in items):
        return False
    release = Release(
        conference=statement.conference,  # type: ignore[arg-type]  # not None: looked at above
        release=statement.chair_release,  # type: ignore[arg-type]
        case=statement.case,  # type: ignore[arg-type]
        owner=owner,
        recipient=recipient,
        category=item.category,
        field=item.field,
        purpose=statement.purpose,
        commitment=commitment(statement.release_salt or "", item),
    )
    return holds(ctx, release, statement.release_signature or "", chair, books)


def proven_incoming(tx: Tx, ctx: Context, incoming: Incoming) -> bool:
    """The same for a message that came in: does its statement carry a release of the chair whom this node knows?"""
    statement = incoming.statement
    if statement is None or statement.conference is None:
        return False
    return proven(
        ctx,
        chair=chair_of(ctx, statement.conference, tx),
        owner=incoming.sender.slug,
        recipient=ctx.me.slug,
        statement=statement,
        items=list(incoming.items),
        books=(ctx.covenants.current, incoming.generation),
    )


# ---------------------------------------------------------------------------------------- looking up


def conference_stream(ctx: Context, chair: str, conference: UUID) -> UUID:
    """The log stream of a conference. It stays where it began, also when the chair's partner is none any more."""
    row = ctx.ledger.one("SELECT stream FROM conferences WHERE conference=?", str(conference))
    if row is not None:
        return UUID(row["stream"])
    return stream_of(ctx.covenants.current.partner(chair).id, conference)


def facts_of(ctx: Context, chair: str, conference: UUID, tx: Tx | None = None) -> list[Event]:
    """Every fact about a conference, also those of the open batch."""
    stream = conference_stream(ctx, chair, conference)
    fresh = [event for _, event in tx.recorded if event.originator_id == stream] if tx is not None else []
    return [*ctx.log.events(stream), *fresh]


def chair_of(ctx: Context, conference: UUID, tx: Tx | None = None) -> str | None:
    """The chair's partner, of a conference that this node was told of."""
    row = ctx.ledger.one("SELECT chair FROM conferences WHERE conference=?", str(conference))
    if row is not None:
        return str(row["chair"])
    for _, event in tx.recorded if tx is not None else ():
        if isinstance(event, e.Planned) and event.conference == conference:
            return event.chair
    return None


def proof_for(ctx: Context, conference: UUID, release: UUID, recipient: str) -> Proof | None:
    """What this node was given to send along with a released item; None when it was not released to this recipient."""
    chair = chair_of(ctx, conference)
    if chair is None:
        return None
    facts = facts_of(ctx, chair, conference)
    decided = next((f for f in facts if isinstance(f, e.OfferDecided) and f.release == release), None)
    if decided is None or recipient not in decided.signatures:
        return None
    offer = next((f for f in facts if isinstance(f, e.ItemOffered) and f.offer == decided.offer), None)
    if offer is None or isinstance(offer.salt, Gone) or not offer.salt:
        return None
    return Proof(offer.salt, decided.signatures[recipient])
