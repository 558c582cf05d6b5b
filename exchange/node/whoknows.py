"""The answer to the question who knows what about this person, from this node's own log (AVG 15; covenant 5.1).

The register in memory gives the log indexes of the items about a person; the ledger gives their public facts. The field name
stands sealed and is unsealed only for the rows shown. Now, or as of a date.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Literal
from uuid import UUID

import orjson

from exchange.domain import events as e
from exchange.domain.actors import ACCOUNTING_ROLES, roles_of
from exchange.domain.event import Gone
from exchange.domain.retention import destroy_from
from exchange.domain.subject import Identity, Match
from exchange.domain.vocabulary import THIRD_PARTY, Regime
from exchange.errors import InputError, NotFoundError
from exchange.node import forms as f
from exchange.node.context import Context
from exchange.node.covenants import Partner
from exchange.node.marks import Mark, marks
from exchange.node.people import Person
from exchange.node.terms import Terms, last_day

PAGE = 400
"""Log indexes per query; SQLite allows 999 values."""
EXCHANGE = "EXCHANGE"
_SELECT = """
SELECT i.*, coalesce(c.retention, i.retention) AS kept_as, c.erased_at AS erased_at, x.rule AS erased_rule,
       k.closed_at AS closed_at, coalesce(b.case_id, i.case_id) AS of_case,
       m.state AS m_state, m.receipt_at AS m_receipt_at, m.rejected AS m_rejected, m.why AS m_why,
       a.about IS NOT NULL AS erased_alone
FROM items i
LEFT JOIN contents c ON c.key_id = i.content_key
LEFT JOIN erasures x ON x.erasure = c.erasure
LEFT JOIN alone a ON a.about = c.erasure
LEFT JOIN messages m ON m.message = i.message
LEFT JOIN case_contents b ON b.key_id = i.content_key
LEFT JOIN cases k ON k.case_id = coalesce(b.case_id, i.case_id)
"""


def find_person(ctx: Context, query: f.WhoKnowsQuery) -> Person | None:
    """Whom the query means; None when it asks for a case.

    Raises:
        InputError: Not exactly one way of asking, or more than one person fits.
        NotFoundError: Nobody fits. Also the answer about somebody whose data was erased.
    """
    ways = [query.subject, query.reference, query.case, query.identity]
    if sum(way is not None for way in ways) != 1:
        raise InputError("Ask by exactly one of subject, reference, case or identity.")
    if query.case is not None:
        return None
    person: Person | None = None
    if query.subject is not None:
        person = ctx.people.resolve(query.subject)
    elif query.reference is not None:
        found = ctx.people.by_any_reference(query.reference)
        person = ctx.people.resolve(found.handle) if found else None
    elif query.identity is not None:
        exact = [c.person for c in ctx.people.find(identity_of(query.identity)) if c.match is Match.EXACT]
        if len(exact) > 1:
            raise InputError("More than one person fits; search first and ask by subject.")
        person = exact[0] if exact else None
    if person is None:
        raise NotFoundError("Nobody in this node's register fits this.")
    return person


def identity_of(form: f.IdentityForm) -> Identity:
    """The domain's identity of a form."""
    return Identity(
        given_names=form.given_names,
        prefix=form.prefix,
        family_name=form.family_name,
        birth_date=form.birth_date,
        postcode=form.postcode,
        house_number=form.house_number,
    )


def label_of(person: Person) -> str:
    """Name and birth date for the screen."""
    identity = person.identity
    name = " ".join(p for p in (identity.given_names, identity.prefix, identity.family_name) if p)
    born = f" ({identity.birth_date:%d-%m-%Y})" if identity.birth_date else ""
    return f"{name}{born}".strip() or "onbekend"


def who_knows(ctx: Context, terms: Terms, query: f.WhoKnowsQuery, person: Person | None) -> f.WhoKnows:
    """The answer itself. With ``as_of``, what this log could have answered at the end of that local day."""
    now = ctx.clock.now()
    as_of = min(now, destroy_from(query.as_of)) if query.as_of is not None else now
    rows = _rows(ctx, query.case, person)
    fields = _fields(ctx, [r["log_index"] for r, _ in rows])
    names = _third_parties(ctx, {r["act"] for r, _ in rows if r["partner"] == THIRD_PARTY})
    marked = marks(ctx, [r["item"] for r, _ in rows], as_of)
    size, root = ctx.log.head()
    book = ctx.covenants.current
    return f.WhoKnows(
        partner=ctx.me.slug,
        partner_name=book.partner(ctx.me.slug).name,
        environment=book.covenant.environment.value,
        subject=person.handle if person else None,
        label=label_of(person) if person else "",
        case=query.case,
        as_of=as_of,
        log_size=size,
        root=root.hex(),
        items=[
            _known(
                ctx,
                terms,
                row,
                fields.get(row["log_index"]),
                as_of,
                names,
                marked.get(row["item"]),
                mentioned=mentioned,
            )
            for row, mentioned in rows
            if _moment(row["at"]) <= as_of
        ],
    )


def cases(ctx: Context, query: f.WhoKnowsQuery, person: Person | None, roles: frozenset[str]) -> list[UUID]:
    """Of which cases the answer tells, so that whoever is in no circle of theirs says why he asks.

    Nothing is asked of whose work it is to account to the person, as long as he asks about a person.
    """
    if person is None:
        return [query.case] if query.case is not None else []
    if roles_of(roles) & ACCOUNTING_ROLES:
        return []
    return [UUID(case) for case in sorted({row["of_case"] for row, _ in _rows(ctx, None, person) if row["of_case"]})]


def _rows(ctx: Context, case: UUID | None, person: Person | None) -> list[tuple[sqlite3.Row, bool]]:
    if person is None:
        rows = ctx.ledger.rows(f"{_SELECT} WHERE ? IN (i.case_id, b.case_id) ORDER BY i.log_index", str(case))
        return [(r, False) for r in rows]
    owned: set[int] = set()
    mentioned: set[int] = set()
    for entry in ctx.people.same(person.handle):
        owned.update(entry.items)
        mentioned.update(entry.mentioned)
    both = [(r, False) for r in _by_index(ctx, sorted(owned))] + [
        (r, True) for r in _by_index(ctx, sorted(mentioned - owned))
    ]
    return sorted(both, key=lambda pair: pair[0]["log_index"])


def _by_index(ctx: Context, indexes: Sequence[int]) -> list[sqlite3.Row]:
    rows: list[sqlite3.Row] = []
    for start in range(0, len(indexes), PAGE):
        page = indexes[start : start + PAGE]
        marks = ",".join("?" * len(page))
        rows += ctx.ledger.rows(f"{_SELECT} WHERE i.log_index IN ({marks})", *page)
    return rows


def _fields(ctx: Context, indexes: list[int]) -> dict[int, str]:
    """The sealed field names of the rows shown; one that is shredded stays away."""
    entries = ctx.log.entries_at(indexes)
    found = {}
    for entry, event in zip(entries, ctx.log.read_all(entries), strict=True):
        if isinstance(event, e.ItemRecorded) and not isinstance(event.field, Gone):
            found[entry.index] = event.field
    return found


def _third_parties(ctx: Context, acts: set[str]) -> dict[str, str]:
    """Act -> name of the third party, as far as it was not erased."""
    found = {}
    for act in acts:
        row = ctx.ledger.one("SELECT log_index FROM third_parties WHERE act=?", act)
        event = ctx.log.event(ctx.log.entry(row["log_index"])) if row is not None else None
        if isinstance(event, e.ThirdPartyTold) and not isinstance(event.name, Gone):
            found[act] = event.name
    return found


def _known(
    ctx: Context,
    terms: Terms,
    row: sqlite3.Row,
    field: str | None,
    as_of: datetime,
    names: Mapping[str, str],
    mark: Mark | None,
    *,
    mentioned: bool,
) -> f.KnownItem:
    at, mark = _moment(row["at"]), mark or Mark()
    receipt_at = _moment_or_none(row["m_receipt_at"], as_of) if row["direction"] == "sent" else None
    erased_at = _moment_or_none(row["erased_at"], as_of)
    rejected = orjson.loads(row["m_rejected"]).get(str(row["part"]), []) if row["m_rejected"] and receipt_at else []
    term = terms.of(row["kept_as"])
    closed_at = _moment_or_none(row["closed_at"], as_of)
    partner = ctx.covenants.current.by_slug(row["partner"])
    return f.KnownItem(
        item=UUID(row["item"]),
        partner=row["partner"],
        partner_name=partner.name if partner else names.get(row["act"], row["partner"]),
        direction=row["direction"],
        channel=row["channel"],
        proven=row["channel"] == EXCHANGE and (row["direction"] == "received" or receipt_at is not None),
        at=at,
        occurred_on=date.fromisoformat(row["occurred_on"]) if row["occurred_on"] else None,
        kind=row["kind"],
        category=row["category"],
        field=field,
        purpose=row["purpose"],
        basis=[*row["basis"].split(), *row["rules"].split()],
        giver_regime=_regime(partner if row["direction"] == "received" else ctx.me),
        receipt=_receipt(row, receipt_at, rejected),
        receipt_at=receipt_at,
        rejected=rejected,
        retention=row["kept_as"],
        keep_until=last_day(term.rule, at, max(at, closed_at) if closed_at else None) if term else None,
        keep_rule=term.rule.code if term else "",
        rule_confirmed=term.confirmed if term else False,
        erased_at=erased_at,
        erased_rule=row["erased_rule"] if erased_at else "",
        erased_single_handed=erased_at is not None and bool(row["erased_alone"]),
        mentioned=mentioned,
        corrected_at=mark.corrected_at,
        replaced_by=mark.replaced_by,
        replaces=mark.replaces,
        recalled_at=mark.recalled_at,
        recall_outcome=mark.recall_outcome,
        restricted_at=mark.restricted_at,
        told_at=mark.told_at,
        told=mark.told,
        acknowledged_at=mark.acknowledged_at,
        acknowledged=mark.acknowledged,
        log_index=row["log_index"],
    )


def _regime(giver: Partner | None) -> Literal["AVG", "WPG"]:
    return "WPG" if giver is not None and giver.regime is Regime.WPG else "AVG"


def _receipt(row: sqlite3.Row, receipt_at: datetime | None, rejected: list[str]) -> str:
    """A stable code; the report puts it in words."""
    if row["channel"] != EXCHANGE or row["direction"] == "received":
        return "not-applicable"
    if row["m_state"] in {"voided", "nacked"}:
        return str(row["m_state"])
    if receipt_at is None:
        return "none-yet"
    return "rejected" if rejected else "receipted"


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _moment_or_none(ms: int | None, as_of: datetime) -> datetime | None:
    at = _moment(ms) if ms is not None else None
    return at if at is not None and at <= as_of else None
