"""Who knows what, written down: one ``item/recorded`` beside every item, whichever way and channel it went.

Also settles about whom an item is: a pairwise reference that is known leads to the register entry; an unknown one makes an
*unmatched* entry that a person matches later.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Literal
from uuid import UUID, uuid4

from exchange.crypto import aead
from exchange.domain import events as e
from exchange.domain.covenant import Covenant
from exchange.domain.retention import local_day
from exchange.domain.vocabulary import CRIMINAL_GROUNDS, SPECIAL_EXCEPTIONS, WPG_GROUNDS
from exchange.errors import NotFoundError
from exchange.node.context import Context
from exchange.node.identity import disclosed_fields
from exchange.node.messages import stream_of
from exchange.node.receiving import Incoming
from exchange.node.rules import kind_of
from exchange.node.writer import Tx
from exchange.store.kept import ACCOUNTABILITY, REGISTER
from exchange.wire import messages as m

LOCAL_TEXT = b"covx/1 local text\0"
"""Associated data of text that was stated here and never sent."""
GONE = "gone"
"""In the overlay: (GONE, handle) of an entry whose end was decided earlier in this batch."""


def store_parts(tx: Tx, incoming: Incoming, codes: list[tuple[str, ...]]) -> tuple[e.StoredPart, ...]:
    """Keep accepted parts as the sender stored them; of a refused part neither key nor ciphertext is kept."""
    stored = []
    for ref, key, box, refused in zip(
        incoming.header.data.parts, incoming.part_keys, incoming.parts, codes, strict=True
    ):
        if refused:
            stored.append(e.StoredPart(hash=ref.hash, key_id=None, retention=ref.retention, codes=refused))
            continue
        tx.add_sealed(box)
        stored.append(e.StoredPart(hash=ref.hash, key_id=tx.adopt_key(ref.retention, key), retention=ref.retention))
    return tuple(stored)


def keep_text(tx: Tx, text: bytes, retention: str) -> e.StoredPart:
    """Keep the text of an item that did not go over the exchange, sealed under a key of its own."""
    key_id = tx.new_key(retention)
    return e.StoredPart(
        hash=tx.add_sealed(aead.seal(tx.key(key_id), text, LOCAL_TEXT)), key_id=key_id, retention=retention
    )


def record_received(tx: Tx, ctx: Context, incoming: Incoming, parts: tuple[e.StoredPart, ...]) -> None:
    """One record per accepted item."""
    statement = incoming.statement
    if statement is None:
        return
    if statement.feedback_wanted and parts[0].key_id is not None:
        feedback_wanted(tx, ctx, incoming.message, incoming.sender.slug, "received")
    act = stream_of(incoming.sender.id, incoming.header.id)
    for number, (item, part) in enumerate(zip(incoming.items, parts[1:], strict=True), start=1):
        if part.key_id is None:
            continue
        subject = subject_of(tx, ctx, incoming.sender.slug, item.subject)
        if item.identity is not None:
            _learn(tx, ctx, subject, item.identity, part.key_id)
        record(
            tx,
            covenant=incoming.generation.covenant,
            statement=statement,
            item=item,
            part=part,
            number=number,
            act=act,
            message=incoming.message,
            direction="received",
            partner=incoming.sender.slug,
            kind=incoming.kind,
            subject=subject,
            mentions=[subject_of(tx, ctx, incoming.sender.slug, ref) for ref in item.mentions],
        )


def record(
    tx: Tx,
    *,
    covenant: Covenant,
    statement: m.Statement,
    item: m.Item,
    part: e.StoredPart,
    number: int,
    act: UUID,
    message: str | None,
    direction: str,
    partner: str,
    kind: m.Kind,
    subject: UUID,
    mentions: list[UUID],
    by: UUID | None = None,
    channel: str = "EXCHANGE",
    occurred_on: str | None = None,
) -> None:
    """Write the accountability record of one item, under a record key of its own.

    ``covenant`` is the generation under which it went: that says as which fields an identity counts.

    Raises:
        NotFoundError: The end of the subject's entry was decided in this very batch.
    """
    decided = tx.overlay.references  # most batches decide nothing about anybody
    if decided and any((GONE, str(handle)) in decided for handle in (subject, *mentions)):
        raise NotFoundError("There is no such subject in this node's register.")
    basis = (statement.sender_basis, statement.sender_task, statement.recipient_basis, statement.recipient_task)
    tx.append(
        e.ItemRecorded(
            originator_id=uuid4(),
            at=tx.now,
            key_id=tx.new_key(ACCOUNTABILITY),
            item=item.item,
            act=act,
            message=message,
            part=number,
            direction=direction,
            partner=partner,
            channel=channel,
            kind=kind_of(kind, statement).value,
            category=item.category,
            purpose=statement.purpose,
            basis=basis,
            rules=_cited(covenant, statement),
            retention=part.retention,
            content_key=part.key_id,
            sealed=part.hash,
            occurred_on=occurred_on,
            case=statement.case,
            by=by,
            subject=subject,
            mentions=mentions,
            field=disclosed_fields(covenant, item),
        ),
        fresh=True,
    )


def _cited(covenant: Covenant, statement: m.Statement) -> tuple[str, ...]:
    """The grounds of the law and of the covenant that it cites.

    Whatever else was typed as a code counts as not given for the gates, and stands in no public line.
    """
    wpg = statement.wpg.ground if statement.wpg else None
    known = {*SPECIAL_EXCEPTIONS, *CRIMINAL_GROUNDS, *WPG_GROUNDS, *covenant.index.grounds}
    cited = (statement.special_exception, statement.criminal_ground, wpg, *statement.stated)
    return tuple(code for code in cited if code in known)


def feedback_wanted(tx: Tx, ctx: Context, message: str, partner: str, direction: Literal["sent", "received"]) -> None:
    """The sender asked what came of it; the covenant says within how many days."""
    days = ctx.covenants.current.covenant.settings.feedback_days
    due = local_day(tx.now) + timedelta(days=days)
    tx.append(
        e.FeedbackWanted(
            originator_id=uuid4(), at=tx.now, message=message, partner=partner, direction=direction, due=due.isoformat()
        ),
        fresh=True,
    )


# ---------------------------------------------------------------------------------------- subjects


def reference_for(tx: Tx, ctx: Context, subject: UUID, partner: str) -> str:
    """The pairwise reference of a subject with a partner; a random new one the first time."""
    known = ctx.people.reference_for(subject, partner) or tx.overlay.references.get((partner, str(subject)))
    if known is not None:
        return str(known)
    reference = uuid4().hex
    person = ctx.people.resolve(subject)
    tx.append(
        e.ReferenceAgreed(
            originator_id=subject,
            at=tx.now,
            key_id=person.key_id if person else tx.overlay.references["key", str(subject)],
            partner=partner,
            reference=reference,
        )
    )
    tx.overlay.references[partner, str(subject)] = reference
    return reference


def subject_of(tx: Tx, ctx: Context, partner: str, reference: str) -> UUID:
    """Whom a partner means by a reference; an unknown one makes an unmatched entry."""
    person = ctx.people.by_reference(partner, reference)
    if person is not None and (GONE, str(person.handle)) not in tx.overlay.references:
        return person.handle
    made = tx.overlay.references.get((partner, reference))
    if made is not None:
        return UUID(str(made))
    handle, key_id = uuid4(), tx.new_key(REGISTER)
    tx.append(
        e.SubjectRegistered(
            originator_id=handle, at=tx.now, key_id=key_id, by=None, unmatched=True, identity={}, safe_contact=""
        )
    )
    tx.append(e.ReferenceAgreed(originator_id=handle, at=tx.now, key_id=key_id, partner=partner, reference=reference))
    tx.overlay.references[partner, reference] = handle
    tx.overlay.references["key", str(handle)] = key_id
    return handle


def _learn(tx: Tx, ctx: Context, subject: UUID, identity: m.Identity, part_key: str) -> None:
    """Who an unmatched entry is, as the partner says, for as long as the part that says it is kept.

    An entry of our own register is never overwritten.
    """
    person = ctx.people.person(subject)
    if person is not None and not person.unmatched:
        return
    tx.append(
        e.IdentityLearned(
            originator_id=subject,
            at=tx.now,
            key_id=part_key,
            identity=identity.model_dump(mode="json", exclude_defaults=True),
        )
    )
