"""What partners tell about items they gave: admitted or refused, and taken at once, in the transaction that stores the message.

Only the partner that gave an item may correct, recall or restrict it, and a correction stays about the same person and field. A
recall or restriction takes effect before anybody reads it; a person answers after that (:mod:`exchange.node.answering`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid4, uuid5

from exchange.domain import corrections as c
from exchange.domain import events as e
from exchange.domain.event import Gone
from exchange.domain.pairing import PairIn
from exchange.domain.retention import Period, local_day
from exchange.errors import InputError, WireError
from exchange.node.context import Context
from exchange.node.exchanged import Exchanged
from exchange.node.identity import leading, tells_who
from exchange.node.receiving import Incoming
from exchange.node.taking import objecting, taken
from exchange.node.writer import Tx
from exchange.wire import messages as m
from exchange.wire.corrections import Processed, Recalled, Restricted

RECALL = "TERUGROEPING"
"""Cause of the restriction while a recall waits for its answer, and after."""


@dataclass(frozen=True, slots=True)
class Item:
    """An item on record that a partner gave."""

    held: c.Held
    category: str
    subject: UUID | None
    field: str | None
    case: UUID | None = None


def find(tx: Tx, ctx: Context, sender: str, item: UUID) -> Item | None:
    """What is on record of an item under this id from ``sender``, also when it came in the open batch."""
    for _, event in reversed(tx.recorded):
        if isinstance(event, e.ItemRecorded) and event.item == item and event.direction == "received":
            return _item(event, erased=False) if event.partner == sender else None
    exchanged = Exchanged(ctx)
    row = exchanged.item(item, "received", sender)
    if row is None:
        other = exchanged.item(item, "received")
        return Item(c.Held(other["partner"]), other["category"], None, None) if other is not None else None
    known = exchanged.sealed(row)
    held = c.Held(row["partner"], erased=row["erasure"] is not None)
    case = UUID(row["case_id"]) if row["case_id"] else None
    return Item(held, row["category"], known.subject if known else None, known.field if known else None, case)


def _item(event: e.ItemRecorded, *, erased: bool) -> Item:
    subject = None if isinstance(event.subject, Gone) else event.subject
    field = None if isinstance(event.field, Gone) else event.field
    return Item(c.Held(event.partner, erased=erased), event.category, subject, field, event.case)


def _admitted(tx: Tx, incoming: Incoming, found: Sequence[Item | None]) -> frozenset[str]:
    missing = bool(tx.overlay.pairs_in.get(incoming.sender.slug, PairIn()).holes)
    outcome = c.admit(incoming.sender.slug, [one.held if one else None for one in found], missing=missing)
    if isinstance(outcome, c.Later):
        raise WireError("later", "What this message is about has not arrived yet; it is tried again.")
    return outcome


# ---------------------------------------------------------------------------------------- corrections


def item_objections(tx: Tx, ctx: Context, incoming: Incoming) -> list[frozenset[str]]:
    """What stands against each item of a correction, given what it says to replace; nothing for any other message."""
    if incoming.kind is not m.Kind.CORRECTED:
        return [frozenset() for _ in incoming.items]
    return [_against(tx, ctx, incoming, item) for item in incoming.items]


def _against(tx: Tx, ctx: Context, incoming: Incoming, item: m.Item) -> frozenset[str]:
    old = find(tx, ctx, incoming.sender.slug, item.replaces or item.item)
    codes = _admitted(tx, incoming, [old])
    if codes or old is None:
        return codes
    same = (item.category, item.field) == (old.category, old.field) or (
        item.identity is not None and _told_who(ctx, old)
    )
    if incoming.statement is not None and incoming.statement.case != old.case:
        return frozenset({"R36"})  # it stays in the case of what it replaces, also for who left that case since
    return frozenset() if same and _same_person(tx, ctx, incoming, item, old) else frozenset({"R21"})


def _told_who(ctx: Context, old: Item) -> bool:
    """Whether the item to be replaced told who somebody is, perhaps as another category than the covenant has for it now."""
    known = leading(one.covenant for one in ctx.covenants.all())
    return old.field is not None and tells_who(known, old.category, old.field)


def _same_person(tx: Tx, ctx: Context, incoming: Incoming, item: m.Item, old: Item) -> bool:
    """A correction never moves a datum from one person to another: that is a recall and a new disclosure."""
    sender = incoming.sender.slug
    person = ctx.people.by_reference(sender, item.subject)
    meant = person.handle if person is not None else tx.overlay.references.get((sender, item.subject))
    if meant is None or old.subject is None:
        return False
    one, other = ctx.people.resolve(UUID(str(meant))), ctx.people.resolve(old.subject)
    return meant == old.subject or (one is not None and one is other)


@taken(m.Kind.CORRECTED)
def _corrected(tx: Tx, ctx: Context, incoming: Incoming, part: e.StoredPart) -> None:  # noqa: ARG001 - one shape for all
    new = {event.item for _, event in tx.recorded if isinstance(event, e.ItemRecorded) and _of(event, incoming)}
    pairs = [(item.replaces, item.item) for item in incoming.items if item.item in new and item.replaces is not None]
    for old, replacement in pairs:
        tx.append(
            e.ItemCorrected(
                originator_id=uuid4(),
                at=tx.now,
                item=old,
                replacement=replacement,
                partner=incoming.sender.slug,
                direction="received",
                act=None,
                message=incoming.message,
                by=None,
            ),
            fresh=True,
        )
    if pairs:
        _notified(tx, ctx, incoming, "corrected", [old for old, _ in pairs], None, "CORRECTIE")


def _of(event: e.ItemRecorded, incoming: Incoming) -> bool:
    return event.message == incoming.message and event.direction == "received"


# ---------------------------------------------------------------------------------------- recalls and restrictions


@objecting(m.Kind.RECALLED)
def _against_recall(tx: Tx, ctx: Context, incoming: Incoming) -> frozenset[str]:
    return _against_items(tx, ctx, incoming)


@objecting(m.Kind.RESTRICTED)
def _against_restriction(tx: Tx, ctx: Context, incoming: Incoming) -> frozenset[str]:
    return _against_items(tx, ctx, incoming)


def _against_items(tx: Tx, ctx: Context, incoming: Incoming) -> frozenset[str]:
    work = incoming.work
    items = work.items if isinstance(work, Recalled | Restricted) else []
    return _admitted(tx, incoming, [find(tx, ctx, incoming.sender.slug, item) for item in items])


@taken(m.Kind.RECALLED)
def _recalled(tx: Tx, ctx: Context, incoming: Incoming, part: e.StoredPart) -> None:
    if isinstance(work := incoming.work, Recalled):
        _restrict(tx, incoming, part, work.items, RECALL)
        _notified(tx, ctx, incoming, "recalled", work.items, work.action, work.reason)


@taken(m.Kind.RESTRICTED)
def _restricted(tx: Tx, ctx: Context, incoming: Incoming, part: e.StoredPart) -> None:
    if not isinstance(work := incoming.work, Restricted):
        return
    if work.state == "set":
        _restrict(tx, incoming, part, work.items, work.reason)
    else:
        _lift(tx, ctx, incoming, work.items)
    _notified(tx, ctx, incoming, "restricted" if work.state == "set" else "lifted", work.items, None, work.reason)


def restriction_of(message: str, item: UUID) -> UUID:
    """The restriction that a message set on an item."""
    return uuid5(item, message)


def _restrict(tx: Tx, incoming: Incoming, part: e.StoredPart, items: Sequence[UUID], cause: str) -> None:
    """At once: from this transaction on the items may only be stored (Wpg 4(4), GDPR 18)."""
    for item in dict.fromkeys(items):
        tx.append(
            e.RestrictionSet(
                originator_id=restriction_of(incoming.message, item),
                at=tx.now,
                key_id=part.key_id or "",
                retention=part.retention,
                by=None,
                cause=cause,
                item=item,
                subject=None,
            )
        )


def _lift(tx: Tx, ctx: Context, incoming: Incoming, items: Sequence[UUID]) -> None:
    """What this partner restricted, and nothing else: not what it recalled, nor what others or we restricted."""
    for item in dict.fromkeys(items):
        for row in ctx.ledger.rows(
            "SELECT n.message AS message FROM noticed w JOIN notifications n ON n.message=w.message WHERE w.item=?"
            " AND n.direction='received' AND n.partner=? AND n.telling='restricted'",
            str(item),
            incoming.sender.slug,
        ):
            restriction = restriction_of(row["message"], item)
            if ctx.ledger.count("restrictions WHERE restriction=? AND lifted_at IS NULL", str(restriction)):
                tx.append(e.RestrictionLifted(originator_id=restriction, at=tx.now, by=None))


def _notified(
    tx: Tx, ctx: Context, incoming: Incoming, telling: str, items: Sequence[UUID], action: str | None, reason: str
) -> None:
    """A person owes an answer; what was passed on is ours to mend further down."""
    within = Period.parse(ctx.covenants.current.covenant.settings.acknowledge_within)
    exchanged = Exchanged(ctx)
    onward: list[UUID] = []
    for item in items if telling in {"corrected", "recalled"} else ():
        row = exchanged.item(item, "received", incoming.sender.slug)
        onward += [UUID(one["item"]) for one in exchanged.passed_on(row)] if row is not None else []
    tx.append(
        e.NotificationReceived(
            originator_id=uuid4(),
            at=tx.now,
            message=incoming.message,
            partner=incoming.sender.slug,
            telling=telling,
            items=tuple(dict.fromkeys(items)),
            action=action,
            reason=reason,
            due_on=c.due_on(local_day(tx.now), within).isoformat(),
            onward=tuple(dict.fromkeys(onward)),
        ),
        fresh=True,
    )


# ---------------------------------------------------------------------------------------- answers


def told(ctx: Context, message: str, direction: str) -> tuple[str, c.Told] | None:
    """The partner and the state of what was told in a message."""
    row = ctx.ledger.one("SELECT * FROM notifications WHERE message=? AND direction=?", message, direction)
    if row is None:
        return None
    outcome = c.Outcome(row["outcome"]) if row["outcome"] else None
    telling, due = c.Telling(row["telling"]), date.fromisoformat(row["due_on"])
    kept = direction == "received" and telling is c.Telling.RECALLED and outcome is c.Outcome.REFUSED
    set_aside = kept and not restricted(ctx, message)
    return row["partner"], c.Told(telling, due, outcome, row["ground"], set_aside)


def restricted(ctx: Context, message: str) -> list[UUID]:
    """The restrictions that a partner's message set here and that were not lifted since."""
    rows = ctx.ledger.rows("SELECT item FROM noticed WHERE message=?", message)
    asked = [restriction_of(message, UUID(row["item"])) for row in rows]
    return [
        one for one in asked if ctx.ledger.count("restrictions WHERE restriction=? AND lifted_at IS NULL", str(one))
    ]


@objecting(m.Kind.PROCESSED)
def _against_answer(tx: Tx, ctx: Context, incoming: Incoming) -> frozenset[str]:  # noqa: ARG001
    known = told(ctx, incoming.header.data.reply_to or "", "sent")
    partner, state = known if known is not None else (None, None)
    return c.admit_answer(partner, incoming.sender.slug, state, _answer(incoming))


@taken(m.Kind.PROCESSED)
def _processed(tx: Tx, ctx: Context, incoming: Incoming, part: e.StoredPart) -> None:
    message, work = incoming.header.data.reply_to or "", incoming.work
    known = told(ctx, message, "sent")
    if known is None or not isinstance(work, Processed) or not _changes(known[1], work):
        return
    tx.append(
        e.NotificationAnswered(
            originator_id=uuid4(),
            at=tx.now,
            key_id=part.key_id or "",
            message=message,
            partner=incoming.sender.slug,
            outcome=work.outcome,
            ground=work.ground,
            text=work.text,
        ),
        fresh=True,
    )


def _changes(state: c.Told, work: Processed) -> bool:
    """An answer that was given before changes nothing; only a refusal can still become done."""
    try:
        c.decide(state, c.Answer(c.Outcome(work.outcome), work.ground))
    except InputError:
        return False
    return True


def _answer(incoming: Incoming) -> c.Answer:
    work = incoming.work
    return c.Answer(c.Outcome(work.outcome), work.ground) if isinstance(work, Processed) else c.Answer(c.Outcome.DONE)
