"""What is due, when and why: every key that seals anything, under the term of its class.

Contents go by the covenant's class they came with. What proves that acts were lawful (records of items, read events, copies that
left, references of the caller's system, actors who may act no more) goes by the covenant's class of statements, and never before
the datum it is about. Register entries go with the last item about somebody (:mod:`exchange.node.entries`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final

import orjson

from exchange.domain.retention import AMSTERDAM, is_over, local_day
from exchange.node import forms as f
from exchange.node.context import Context
from exchange.node.entries import Entries
from exchange.node.terms import STARTS, Term, Terms, last_day, period_text
from exchange.store.ledger import ACCOUNTABILITY, ACTOR, REGISTER

BATCH: Final = 2_000
"""Keys destroyed under one decision."""
_HOUR: Final = 3_600_000
_OF_CLASS: Final = "retention IN (SELECT value FROM json_each(?)) AND erasure IS NULL"
_WAITS: Final = "EXISTS (SELECT 1 FROM contents d WHERE d.key_id = contents.outlives AND d.erasure IS NULL)"


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
        return sorted(going, key=lambda due: (due.due_on, due.rule, due.retention))

    def overdue_count(self) -> int:
        """How much should have gone by now under confirmed rules; register entries follow what they are about."""
        now = self._ctx.clock.now()
        today = local_day(now)
        confirmed = [term for term in self._terms.all() if term.confirmed]
        return sum(g.count for term in confirmed for g in self._going(term, today) if is_over(g.due_on, now))

    def over(self, term: Term, now: datetime) -> list[str]:
        """Up to a batch of keys whose last day has passed."""
        if not any(is_over(going.due_on, now) for going in self._going(term, local_day(now))):
            return []
        over = []
        for row in self._ctx.ledger.rows(
            f"SELECT key_id, at FROM contents WHERE {_OF_CLASS} AND at < ? AND NOT {_WAITS} ORDER BY at LIMIT ?",
            self._classes(term),
            _midnight(now),
            BATCH,
        ):
            last = last_day(term.rule, _moment(row["at"]))
            if last is not None and is_over(last, now):
                over.append(row["key_id"])
        return over

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
        if term.rule.trigger not in STARTS and term.rule.cap is None:
            return []
        hours = self._by_hour("", self._classes(term))
        ends = {hour: last for hour in hours if (last := last_day(term.rule, _moment(hour * _HOUR))) and last <= limit}
        if (
            ends and term is self._terms.accountability
        ):  # looked at only then: it costs a row, not an index entry, a key
            hours.subtract(self._by_hour(f" AND at < ? AND {_WAITS}", self._classes(term), (max(ends) + 1) * _HOUR))
        days: Counter[date] = Counter()
        for hour, last in ends.items():
            days[last] += hours[hour]
        return [Going(term, day, count) for day, count in days.items() if count > 0]

    def _by_hour(self, also: str, *values: object) -> Counter[int]:
        rows = self._ctx.ledger.rows(
            f"SELECT at / {_HOUR} AS hour, count(*) AS n FROM contents WHERE {_OF_CLASS} AND at IS NOT NULL{also}"
            " GROUP BY hour",
            *values,
        )
        return Counter({row["hour"]: row["n"] for row in rows})

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


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _midnight(now: datetime) -> int:
    return round(datetime.combine(local_day(now), time.min, AMSTERDAM).timestamp() * 1000)
