"""From a message to a verdict: the same proposal is built from the same wire objects on both sides.

The sender builds the statement and the items exactly as they will be sent and has them judged; the receiver judges what came
out of the frame. So a hostile sender that skips its own checks meets the same gates with the same codes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from exchange.domain import gates
from exchange.domain.area_gates import AreaProposal, judge_area
from exchange.domain.covenant import Covenant
from exchange.domain.identifying import names_somebody
from exchange.domain.proposal import (
    Finding,
    Outside,
    Proposal,
    Verdict,
)
from exchange.domain.retention import local_day
from exchange.domain.vocabulary import Kind, Regime, Side
from exchange.errors import WireError
from exchange.node import scope, stated
from exchange.node.context import Context
from exchange.node.identity import places, told, well_placed
from exchange.node.numbers import apart
from exchange.node.receiving import Incoming
from exchange.wire import casework
from exchange.wire import messages as m
from exchange.wire.areas import AreaPicture, AreaWork

_KINDS = {m.Kind.SIGNAL: Kind.SIGNAL, m.Kind.DISCLOSURE: Kind.DISCLOSURE, m.Kind.CORRECTED: Kind.DISCLOSURE}


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemOwn:
    """What only the sender knows of one item: from its own records."""

    restricted: bool = False
    gone: bool = False
    struck: gates.Strike | None = None
    since: date | None = None
    """First processed here, which may be later than it was observed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """What only the sender knows of a message; a receiver judges without it."""

    decided_by_person: bool = True
    registered: bool = True
    release_known: bool = False
    """The chair's release of exactly this was found to hold; a receiver finds it out too."""
    outside_case: bool = False
    """It names a case in whose scope sender or recipient is not; likewise."""
    trained_on: date | None = None
    items: tuple[ItemOwn, ...] = ()
    """By item."""
    restricted: bool = False
    """Everything about the subject is; holds for items that are not listed, such as who it is."""
    third_party: Outside | None = None
    """Given to somebody who is no partner (article 8.1): never over the exchange."""
    texts: tuple[str, ...] = ()
    """What a person typed for the own records only: scanned like the rest."""


def domain_kind(kind: m.Kind) -> Kind:
    """The covenant's word for a message kind: what brings no items of its own is judged as a reply."""
    return _KINDS.get(kind, Kind.REPLY)


def kind_of(kind: m.Kind, statement: m.Statement) -> Kind:
    """As what a message is judged, recorded and kept: the correction of a signal stays a signal."""
    if kind is m.Kind.CORRECTED and statement.signal_kind is not None:
        return Kind.SIGNAL
    return domain_kind(kind)


@dataclass(frozen=True, slots=True)
class Judged:
    """What the receiving side says of a message."""

    codes: list[tuple[str, ...]]
    """Refusal codes per part; empty means accepted."""
    owed: tuple[str, ...] = ()
    """What the sender owes, because of acute danger."""


def judge_incoming(
    ctx: Context,
    incoming: Incoming,
    recorded: scope.Recorded = (),
    *,
    release_known: bool = False,
    objections: frozenset[str] = frozenset(),
) -> Judged:
    """Judge on the receiving side (check 18).

    ``recorded`` are the events of the open batch, which the views do not show yet.
    During a change of generation a message must pass both rule sets (protocol §2).

    Args:
        ctx: The node.
        incoming: What came.
        recorded: What this batch recorded so far, which the views do not show yet.
        release_known: Whether it carries the chair's release of exactly what it holds (article 11.2).
        objections: What stands against a message about the work, given what this node knows.
    """
    if incoming.statement is None:
        return Judged([tuple(sorted({*_work_codes(ctx, incoming, recorded), *objections}))] * len(incoming.parts))
    books = {incoming.generation.generation: incoming.generation.covenant}
    books |= {one.generation: one.covenant for one in ctx.covenants.between(incoming.generation.generation)}
    arrived = _on_arrival(ctx, incoming, recorded, release_known=release_known)
    verdicts = [_received(ctx, covenant, incoming, incoming.statement, arrived) for covenant in books.values()]
    decided_under = incoming.generation.covenant  # a class may have another code, or none, in the next generation
    retention = _retention_codes(decided_under, incoming)
    items = [
        tuple(sorted({f.code for v in verdicts for f in v.of_item(i)} | retention[i]))
        for i in range(len(incoming.items))
    ]
    whole = tuple(sorted({f.code for v in verdicts for f in v.findings if f.item is None}))
    if not whole and incoming.header.data.parts[0].retention != decided_under.settings.statement_retention:
        whole, items = ("R17",), [codes or ("R17",) for codes in items]  # no item without its accountability
    statement = whole or (("R17",) if items and all(items) else ())
    return Judged([statement, *items], tuple(sorted({code for v in verdicts for code in v.owed})))


def _received(ctx: Context, covenant: Covenant, incoming: Incoming, statement: m.Statement, arrived: Own) -> Verdict:
    """The verdict of one generation, by item."""
    items, day = list(incoming.items), local_day(incoming.judged_at)
    proposal = proposal_of(covenant, incoming.kind, incoming.sender.slug, ctx.me.slug, statement, items, day, arrived)
    return regroup(gates.judge(covenant, proposal, side=Side.RECEIVING), _owners(items))


def with_objections(codes: list[tuple[str, ...]], items: list[frozenset[str]]) -> list[tuple[str, ...]]:
    """Codes per part, with what this node knows against the items; no statement is kept without an item."""
    if not any(items):
        return codes
    joined = [tuple(sorted({*old, *more})) for old, more in zip(codes[1:], items, strict=True)]
    return [codes[0] or (joined[0] if all(joined) else ()), *joined]


def _on_arrival(ctx: Context, incoming: Incoming, recorded: scope.Recorded, *, release_known: bool) -> Own:
    """What a receiver finds out by itself.

    A correction must reach whoever has the wrong value (GDPR 19), also one that left the case since, and no chair releases it
    anew; that it takes the place of what this sender gave, in the same case, is looked up apart.
    """
    if incoming.kind is m.Kind.CORRECTED:
        return Own(release_known=True)
    case = incoming.statement.case if incoming.statement is not None else None
    outside = scope.outside(ctx, case, incoming.sender.slug, Side.RECEIVING, recorded)
    return Own(release_known=release_known, outside_case=outside)


def _work_codes(ctx: Context, incoming: Incoming, recorded: scope.Recorded) -> tuple[str, ...]:
    """What stands against a message about the work."""
    if incoming.work is None:
        return ()
    books, day = ctx.covenants.between(incoming.generation.generation), local_day(incoming.judged_at)
    verdict = every(
        judge_work(
            ctx, b.covenant, incoming.kind, incoming.sender.slug, ctx.me.slug, incoming.work, day, side=Side.RECEIVING
        )
        for b in books
    )
    codes = set(verdict.codes)
    decided_under = incoming.generation.covenant
    expected = decided_under.settings.statement_retention
    if isinstance(incoming.work, casework.Case):
        expected = decided_under.case_retention
        codes.update(scope.objections(ctx, incoming.sender.slug, incoming.work, recorded))
    if incoming.header.data.parts[0].retention != expected:
        codes.add("R17")  # not kept under a foreign term
    return tuple(sorted(codes))


def judge_work(
    ctx: Context, covenant: Covenant, kind: m.Kind, sender: str, recipient: str, work: m.Work, on: date, *, side: Side
) -> Verdict:
    """The verdict on its texts. Nobody is asked about an eight-digit number in them: only a certain BSN is refused."""
    proposal = Proposal(
        kind=domain_kind(kind),
        sender=sender,
        recipient=recipient,
        on=on,
        text=apart(*work.texts()),
        numbers_confirmed=True,
    )
    verdict = gates.judge(covenant, proposal, side=side)
    if isinstance(work, AreaWork):
        area = area_proposal(sender, recipient, work, named=named(ctx, work))
        return every([verdict, judge_area(covenant, area)])
    return verdict


def named(ctx: Context, work: m.Work) -> bool:
    """Whether a person of this node's register is named in the texts."""
    known = ((p.identity.given_names, p.identity.family_name) for p in ctx.people.everybody())
    return names_somebody("\n".join(work.texts()), known)


def area_proposal(sender: str, recipient: str, work: AreaWork, *, named: bool) -> AreaProposal:
    """What the gates for areas judge."""
    return AreaProposal(
        sender=sender,
        recipient=recipient,
        purpose=work.purpose,
        context=work.context,
        sender_task=work.sender_task,
        recipient_task=work.recipient_task,
        areas=work.areas(),
        kinds=work.kinds(),
        text="\n".join(work.texts()),
        names_somebody=named,
        picture=isinstance(work, AreaPicture),
        shown=work.shown(),
    )


def _retention_codes(covenant: Covenant, incoming: Incoming) -> list[set[str]]:
    """A part is not kept under a foreign term: its retention class is the covenant's own for its category.

    Nor under a foreign category: what tells who somebody is, stands where the covenant has it.
    """
    refs = incoming.header.data.parts[1:]
    kind = kind_of(incoming.kind, incoming.statement) if incoming.statement else domain_kind(incoming.kind)
    found = []
    for item, ref in zip(incoming.items, refs, strict=True):
        category = covenant.index.categories.get(item.category)
        known = category is not None and (kind is Kind.SIGNAL or category.retention is not None)
        foreign = known and covenant.retention_class(kind, item.category) != ref.retention
        found.append({"R17"} if foreign or not well_placed(covenant, item) else set[str]())
    return found


def judge(
    covenant: Covenant,
    kind: m.Kind,
    sender: str,
    recipient: str,
    statement: m.Statement,
    items: list[m.Item],
    on: date,
    own: Own | None = None,
    *,
    side: Side = Side.SENDING,
) -> Verdict:
    """The verdict of the sending side, or of the receiving side as far as it can be foreseen; by item."""
    proposal = proposal_of(covenant, kind, sender, recipient, statement, items, on, own or Own())
    return judge_proposal(covenant, proposal, items, side=side)


def judge_proposal(
    covenant: Covenant, proposal: Proposal, items: list[m.Item], *, side: Side = Side.SENDING
) -> Verdict:
    """The verdict on a proposal that was made of ``items``, by item."""
    return regroup(gates.judge(covenant, proposal, side=side), _owners(items))


def every(verdicts: Iterable[Verdict]) -> Verdict:
    """One verdict of several rule sets that must all allow: what any of them finds stands."""
    found: list[Finding] = []
    warned: list[Finding] = []
    owed: list[Finding] = []
    for verdict in verdicts:
        for all_, mine in ((found, verdict.findings), (warned, verdict.warnings), (owed, verdict.duties)):
            all_ += [finding for finding in mine if finding not in all_]
    return Verdict(tuple(found), tuple(warned), tuple(owed))


def regroup(verdict: Verdict, owners: list[int]) -> Verdict:
    """Findings about single facts as findings about the items that carry them."""
    findings = tuple(replace(f, item=owners[f.item]) if f.item is not None else f for f in verdict.findings)
    return replace(verdict, findings=findings)  # only whole messages are owed a duty


def _owners(items: list[m.Item]) -> list[int]:
    return [
        number
        for number, item in enumerate(items)
        for _ in (told(item.identity) if item.identity is not None else ())
        or range(1)  # only an identity is several facts
    ]


def proposal_of(
    covenant: Covenant,
    kind: m.Kind,
    sender: str,
    recipient: str,
    statement: m.Statement,
    items: list[m.Item],
    on: date,
    own: Own | None = None,
) -> Proposal:
    """What the gates of ``covenant`` judge; another generation may know an identity by other categories and fields.

    Raises:
        WireError: A date or code in the statement is none.
    """
    known = own or Own()
    try:
        return Proposal(
            kind=kind_of(kind, statement),
            sender=sender,
            recipient=recipient,
            on=on,
            decided_by_person=known.decided_by_person,
            registered=known.registered,
            trained_on=known.trained_on,
            third_party=known.third_party,
            emergency=stated.emergency(statement.emergency),
            signal_kind=statement.signal_kind,
            purpose=statement.purpose,
            context=statement.context,
            sender_basis=statement.sender_basis,
            recipient_basis=statement.recipient_basis,
            sender_task=statement.sender_task,
            recipient_task=statement.recipient_task,
            special_exception=statement.special_exception,
            criminal_ground=statement.criminal_ground,
            stated=frozenset(statement.stated),
            secrecy=stated.secrecy(statement.secrecy),
            weighing=stated.weighing(statement.weighing),
            notice=stated.notice(statement.notice),
            notice_exception=stated.notice_exception(statement.notice),
            wpg=stated.wpg_decision(statement.wpg),
            conference=statement.conference,
            chair_release=statement.chair_release,
            release_known=known.release_known,
            support_rationale=statement.support_rationale,
            text=apart(statement.request, statement.secrecy.motivation, *stated.references(statement), *known.texts),
            numbers_confirmed=statement.numbers_confirmed,
            about_case=statement.case is not None,
            outside_case=known.outside_case,
            items=tuple(fact for n, item in enumerate(items) for fact in facts(covenant, sender, item, _of(known, n))),
        )
    except ValueError:
        raise WireError("schema", "The statement holds a date or code that is none.") from None


_NOTHING_KNOWN: Final = ItemOwn()


def _of(own: Own, number: int) -> ItemOwn:
    if number < len(own.items):
        return own.items[number]
    return ItemOwn(restricted=True) if own.restricted else _NOTHING_KNOWN


def facts(covenant: Covenant, sender: str, item: m.Item, own: ItemOwn = _NOTHING_KNOWN) -> list[gates.ItemFacts]:
    """What one item discloses; an identity discloses every attribute that it tells, each under its own category and field."""
    base = gates.ItemFacts(
        category=item.category,
        field=item.field,
        text=apart(
            item.value,
            *(told(item.identity).values() if item.identity is not None else ()),
            item.source,
            item.certainty,
            item.source_consent or "",
            item.onward_ground or "",
        ),
        origin_partner=None if item.origin_partner == sender else item.origin_partner,
        origin_regime=Regime(item.origin_regime),
        source_consent=item.source_consent,
        onward_ground=item.onward_ground,
        restricted=own.restricted,
        gone=own.gone,
        struck=own.struck,
        since=min(filter(None, (_day(item.observed_on), own.since)), default=None),
        valid_until=_day(item.valid_until),
        identifies=item.identity is not None,
    )
    if item.identity is None:
        return [base]
    known = places(covenant, item.identity)
    return [replace(base, category=category, field=field) for category, field in known] or [base]


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text is not None else None
