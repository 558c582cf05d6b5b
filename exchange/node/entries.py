"""When an entry of the register goes: with the last item about somebody.

A case, a signal, an offer or a draft about somebody, an open duty and a restriction keep him as an item does. Nothing else does:
not a name, not a reference, not what only proves that acts were lawful. An entry that only partners' messages made goes in the
decision that takes its last item; one that this organisation made itself stays until that day is over, so that whoever carried
the destruction out can still see what went. A search then answers as for an unknown person.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

import orjson

from exchange.domain import events as e
from exchange.domain.retention import local_day
from exchange.node.context import Context
from exchange.node.people import Person, handles_in
from exchange.node.recording import GONE
from exchange.node.terms import Terms, last_day
from exchange.node.writer import Tx
from exchange.store.kept import ACCOUNTABILITY

_SPEAKS = (e.ItemRecorded, e.CaseShared, e.CaseSubjectAdded, e.SignalNoted, e.ItemOffered, e.DraftSaved)
_AMONG = "i.log_index IN (SELECT value FROM json_each(?))"


@dataclass(frozen=True, slots=True)
class Ending:
    """Somebody about whom nothing is kept any more: the register entries that are him."""

    rule: str
    """Under which the last item went; of somebody about whom there never was an item, the rule of accountability."""
    keys: tuple[str, ...]
    due_on: date


class Entries:
    """See the module."""

    def __init__(self, ctx: Context, terms: Terms) -> None:
        self._ctx = ctx
        self._terms = terms

    def left_behind(self, going: Collection[str], tx: Tx) -> list[str]:
        """Keys of entries that partners made and about whom nothing is left once the contents under ``going`` are gone.

        Runs in the unit that decides; what comes later in its batch finds these entries gone.
        """
        touched, spoken = self._items_of(going), self._spoken_of(going)
        left: list[str] = []
        for group in self._groups(person for person in self._ctx.people.everybody() if _is_about(person, touched)):
            if all(person.unmatched for person in group) and not self._held(group, going, spoken, tx):
                left += _let_go(group, tx)
        return left

    def still_ended(self, keys: Collection[str], tx: Tx) -> list[str]:
        """Those of ``keys`` whose entries may go now that the writer decides: nothing came in meanwhile."""
        people = [person for person in self._ctx.people.everybody() if person.key_id in keys]
        spoken = self._spoken_of(())
        left: list[str] = []
        for group in self._groups(people):
            if not self._held(group, (), spoken, tx):
                left += _let_go(group, tx)
        return left

    def endings(self) -> Iterator[Ending]:
        """Everybody whose entry is due, or will be."""
        rows = self._ctx.ledger.rows(
            "SELECT i.log_index AS n FROM items i JOIN contents c ON c.key_id = i.content_key WHERE c.erasure IS NULL"
            " UNION ALL SELECT i.log_index FROM items i JOIN messages m ON m.message = i.message"
            " WHERE m.state IN ('open','nacked')"
        )
        held, rules = {row["n"] for row in rows}, {term.rule.code for term in self._terms.all()}
        spoken = self._spoken_of(())
        for group in self._groups(self._ctx.people.everybody()):
            if not spoken.isdisjoint(person.handle for person in group):
                continue
            indexes = _indexes(group)
            ending = self._last_of(indexes) if held.isdisjoint(indexes) else None
            ending = ending if indexes else self._of_nothing(group)
            if ending is None:
                continue
            rule, last = ending
            if rule not in rules and self._terms.accountability is not None:  # not by a term, or by one that is no more
                rule = self._terms.accountability.rule.code
            yield Ending(rule, tuple(person.key_id for person in group), last)

    # ------------------------------------------------------------------------------------ inside

    def _groups(self, people: Iterable[Person]) -> Iterator[list[Person]]:
        """Entries that are, by decision, one person, each once."""
        seen: set[UUID] = set()
        for person in people:
            if person.handle in seen:
                continue
            group = self._ctx.people.same(person.handle)
            seen.update(one.handle for one in group)
            if group:
                yield group

    def _items_of(self, keys: Collection[str]) -> set[int]:
        rows = self._ctx.ledger.rows(
            "SELECT log_index FROM items WHERE content_key IN (SELECT value FROM json_each(?))", _json(keys)
        )
        return {row["log_index"] for row in rows}

    def _spoken_of(self, going: Collection[str]) -> set[UUID]:
        """Whom a case, a signal or an offer that is kept is about, or a duty or a restriction."""
        spoken = self._ctx.people.spoken_of()
        rows = self._ctx.ledger.rows(
            "SELECT key_id FROM contents WHERE key_id IN (SELECT value FROM json_each(?)) AND erasure IS NULL"
            " AND retention NOT IN (?,?)",
            _json(spoken.keys() - going),
            ACCOUNTABILITY,
            self._ctx.covenants.current.covenant.settings.statement_retention,
        )
        return {handle for row in rows for handle in spoken[row["key_id"]]} | self._ctx.facts.concerned()

    def _held(self, group: list[Person], going: Collection[str], spoken: set[UUID], tx: Tx) -> bool:
        """Whether anything about this person is kept, or under way."""
        handles = {person.handle for person in group}
        if not handles.isdisjoint(spoken):
            return True
        rows = self._ctx.ledger.rows(
            "SELECT i.content_key AS key, c.erasure IS NULL AND c.key_id IS NOT NULL AS kept,"
            " m.state IN ('open','nacked') AS open"
            " FROM items i LEFT JOIN contents c ON c.key_id = i.content_key LEFT JOIN messages m ON m.message = i.message"
            f" WHERE {_AMONG}",
            _json(_indexes(group)),
        )
        if any(row["open"] or (row["kept"] and row["key"] not in going) for row in rows):
            return True
        return any(not handles.isdisjoint(_about(event)) for _, event in tx.recorded)

    def _last_of(self, indexes: set[int]) -> tuple[str, date] | None:
        """The rule under which the last of these items went, and the day."""
        row = self._ctx.ledger.one(
            "SELECT x.rule AS rule, x.at AS at FROM items i JOIN contents c ON c.key_id = i.content_key"
            f" JOIN erasures x ON x.erasure = c.erasure WHERE {_AMONG} ORDER BY x.at DESC LIMIT 1",
            _json(indexes),
        )
        return (row["rule"], local_day(datetime.fromtimestamp(row["at"] / 1000, UTC))) if row is not None else None

    def _of_nothing(self, group: list[Person]) -> tuple[str, date] | None:
        """Somebody entered and never mentioned in anything: kept as long as accountability is, from his entry on."""
        term = self._terms.accountability
        row = self._ctx.ledger.one(
            "SELECT max(at) AS at FROM contents WHERE key_id IN (SELECT value FROM json_each(?))",
            _json([person.key_id for person in group]),
        )
        if term is None or row is None or row["at"] is None:
            return None
        last = last_day(term.rule, datetime.fromtimestamp(row["at"] / 1000, UTC))
        return (term.rule.code, last) if last is not None else None


def _let_go(group: list[Person], tx: Tx) -> list[str]:
    for person in group:
        tx.overlay.references[GONE, str(person.handle)] = True
    return [person.key_id for person in group]


def _indexes(group: list[Person]) -> set[int]:
    return {index for person in group for index in (*person.items, *person.mentioned)}


def _is_about(person: Person, indexes: set[int]) -> bool:
    return not indexes.isdisjoint(person.items) or not indexes.isdisjoint(person.mentioned)


def _about(event: object) -> list[UUID]:
    return handles_in(event) if isinstance(event, _SPEAKS) else []


def _json(values: Collection[object]) -> str:
    return orjson.dumps(list(values)).decode()
