"""What is due, when and why: every key that seals anything, under the term of its class.

Contents go by the covenant's class they came with; where that counts from the end of a case, or from a decision not to take up a
signal, the term starts when that is recorded. What proves that acts were lawful (records of items, read events, copies that
left, references of the caller's system, actors who may act no more) goes by the covenant's class of statements, and never before
the datum it is about. Register entries go with the last item about somebody (:mod:`exchange.node.entries`). Drafts go after the
last day that each names, which the covenant in force sets and nobody has to confirm.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final

import orjson

from exchange.domain.retention import AMSTERDAM, Trigger, is_over, local_day
from exchange.node import forms as f
from exchange.node.context import Context
from exchange.node.entries import Entries
from exchange.node.terms import STARTS, Term, Terms, last_day, period_text
from exchange.store.kept import ACCOUNTABILITY, ACTOR, DRAFT, REGISTER

BATCH: Final = 2_000
"""Keys destroyed under one decision."""
_HOUR: Final = 3_600_000
EXPIRED: Final = "concept-verlopen"
"""Code that an erasure shows as the rule a draft went under after its last day."""
DRAFTS: Final = (
    "drafts d WHERE d.state='open'"
    " AND EXISTS (SELECT 1 FROM contents c WHERE c.key_id = d.key_id AND c.erasure IS NULL)"
)
"""Those that can still be read."""
_OF_CLASS: Final = "c.retention IN (SELECT value FROM json_each(?)) AND c.erasure IS NULL AND c.at IS NOT NULL"
_WAITS: Final = "EXISTS (SELECT 1 FROM contents d WHERE d.key_id = c.outlives AND d.erasure IS NULL)"
STARTED: Final = {
    Trigger.CASE_CLOSED: (
        "(SELECT max(k.closed_at, c.at) FROM cases k WHERE k.case_id = coalesce("
        "(SELECT b.case_id FROM case_contents b WHERE b.key_id = c.key_id),"
        " (SELECT i.case_id FROM items i WHERE i.content_key = c.key_id)))"
    ),
    Trigger.NOT_TAKEN_UP: "(SELECT n.at FROM not_taken_up n WHERE n.key_id = c.key_id)",
}
"""When the term of a content ``c`` began, for triggers that its recording does not set off; NULL while nothing did."""
Began = tuple[int, int | None]
"""Hours since 1970: of the recording, and of what set off the term where that is something else."""


@dataclass(frozen=True, slots=True)
class Going:
    """Contents of one class whose term ends on one day."""

    term: Term
    due_on: date
    count: int


class Dues:
    """See the module."""

    def __init__(self, ctx: Context, terms: Terms, entries: Entries) -> None:
        self._ctx = ctx
        self._terms = terms
        self._entries = entries
        self._entries_seen: tuple[object, int] = (None, 0)

    def due(self, until: date | None) -> list[f.DueAnswer]:
        """What goes when and why, up to ``until`` (today when None), soonest first."""
        limit = until or local_day(self._ctx.clock.now())
        going = [self._answer(g, g.term.retention) for term in self._terms.all() for g in self._going(term, limit)]
        terms = {term.rule.code: term for term in self._terms.all()}
        ending = Counter((one.rule, one.due_on) for one in self._entries.endings() if one.due_on <= limit)
        going += [
            self._answer(Going(terms[rule], day, count), REGISTER)
            for (rule, day), count in ending.items()
            if rule in terms
        ]
        going += self._drafts_going(limit)
        return sorted(going, key=lambda due: (due.due_on, due.rule, due.retention))

    def drafts_over(self, now: datetime) -> list[str]:
        """Keys of drafts whose last day has passed."""
        rows = self._ctx.ledger.rows(f"SELECT key_id, keep_until FROM {DRAFTS}")
        return [row["key_id"] for row in rows if is_over(date.fromisoformat(row["keep_until"]), now)]

    def _drafts_going(self, limit: date) -> list[f.DueAnswer]:
        """Drafts by the day on which they go; the covenant's own setting, so nobody has to confirm it."""
        days = Counter(
            date.fromisoformat(row["keep_until"])
            for row in self._ctx.ledger.rows(f"SELECT keep_until FROM {DRAFTS} AND keep_until <= ?", limit.isoformat())
        )
        kept, now = self._ctx.covenants.current.covenant.settings.draft_days, self._ctx.clock.now()
        return [
            f.DueAnswer(
                rule=EXPIRED, retention=DRAFT, period=f"P{kept}D", due_on=day, items=count, overdue=is_over(day, now),
                confirmed=True,
            )
            for day, count in days.items()
        ]  # fmt: skip

    def overdue_count(self) -> int:
        """How much should have gone by now under confirmed rules, register entries among it."""
        now = self._ctx.clock.now()
        today = local_day(now)
        confirmed = [term for term in self._terms.all() if term.confirmed]
        contents = sum(g.count for term in confirmed for g in self._going(term, today) if is_over(g.due_on, now))
        entries = self._entries_overdue(now, frozenset(term.rule.code for term in confirmed))
        return contents + entries + len(self.drafts_over(now))

    def _entries_overdue(self, now: datetime, confirmed: frozenset[str]) -> int:
        """How many entries of the register should have gone.

        Looking walks the whole register, and the status asks at every turn. An entry becomes due with an erasure or with
        another day; where neither came since none was due, none is.
        """
        seen = (local_day(now), confirmed, self._ctx.ledger.count("erasures"))
        if self._entries_seen != (seen, 0):
            over = self.entries_over(now)
            self._entries_seen = (seen, sum(len(over[rule]) for rule in confirmed & over.keys()))
        return self._entries_seen[1]

    def over(self, term: Term, now: datetime) -> list[str]:
        """Up to a batch of keys whose last day has passed."""
        if not any(is_over(going.due_on, now) for going in self._going(term, local_day(now))):
            return []
        over = []
        began = STARTED.get(term.rule.trigger)
        for row in self._ctx.ledger.rows(
            f"SELECT c.key_id AS key_id, c.at AS at, {began or 'NULL'} AS began FROM contents c"
            f" WHERE {_OF_CLASS} AND c.at < ? AND NOT {_WAITS} ORDER BY c.at LIMIT ?",
            self._classes(term),
            _midnight(now),
            BATCH if began is None else -1,  # what was recorded first need not be what goes first
        ):
            last = last_day(term.rule, _moment(row["at"]), _moment(row["began"]) if row["began"] else None)
            if last is not None and is_over(last, now):
                over.append(row["key_id"])
        return over[:BATCH]

    def entries_over(self, now: datetime) -> dict[str, list[str]]:
        """Rule -> keys of register entries about whom nothing was left when the day ended."""
        over: dict[str, list[str]] = {}
        for ending in self._entries.endings():
            if is_over(ending.due_on, now):
                over.setdefault(ending.rule, []).extend(ending.keys)
        return over

    # ------------------------------------------------------------------------------------ inside

    def _classes(self, term: Term) -> str:
        """The classes that go by this term."""
        own = [ACCOUNTABILITY, ACTOR] if term is self._terms.accountability else []
        return orjson.dumps([term.retention, *own]).decode()

    def _going(self, term: Term, limit: date) -> list[Going]:
        """Contents of a term grouped by the local day it ends, up to ``limit``."""
        if term.rule.trigger not in STARTS and term.rule.cap is None and term.rule.trigger not in STARTED:
            return []
        counts = self._by_hour(term, "")
        ends = {hours: last for hours in counts if (last := _last(term, hours)) is not None and last <= limit}
        if ends and term is self._terms.accountability:
            # Looked at only then: it costs a row, not an index entry, a key.
            until = (max(recorded for recorded, _ in ends) + 1) * _HOUR
            counts.subtract(self._by_hour(term, f" AND c.at < ? AND {_WAITS}", until))
        days: Counter[date] = Counter()
        for hours, last in ends.items():
            days[last] += counts[hours]
        return [Going(term, day, count) for day, count in days.items() if count > 0]

    def _by_hour(self, term: Term, also: str, *values: object) -> Counter[Began]:
        began = STARTED.get(term.rule.trigger, "NULL")
        rows = self._ctx.ledger.rows(
            f"SELECT c.at / {_HOUR} AS hour, {began} / {_HOUR} AS began, count(*) AS n FROM contents c"
            f" WHERE {_OF_CLASS}{also} GROUP BY hour, began",
            self._classes(term),
            *values,
        )
        return Counter({(row["hour"], row["began"]): row["n"] for row in rows})

    def _answer(self, going: Going, retention: str) -> f.DueAnswer:
        return f.DueAnswer(
            rule=going.term.rule.code,
            retention=retention,
            period=period_text(going.term.rule.period),
            due_on=going.due_on,
            items=going.count,
            overdue=is_over(going.due_on, self._ctx.clock.now()),
            confirmed=going.term.confirmed,
        )


def _last(term: Term, hours: Began) -> date | None:
    recorded, began = hours
    return last_day(term.rule, _moment(recorded * _HOUR), _moment(began * _HOUR) if began is not None else None)


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _midnight(now: datetime) -> int:
    return round(datetime.combine(local_day(now), time.min, AMSTERDAM).timestamp() * 1000)
