"""Which term holds for a retention class at this node: the confirmed rule, or a proposal, which destroys nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from exchange.domain.covenant import RetentionRule
from exchange.domain.retention import Period, Rule, Trigger, due
from exchange.errors import NotFoundError
from exchange.node.context import Context

STARTS = (Trigger.RECEIPT, Trigger.FIRST_PROCESSING, Trigger.LAST_CHANGE)
"""Triggers that the recording of an item sets off: an item never changes, so its last change is its recording.

A term with another trigger (a closed case, an ended tenancy) starts when that is recorded."""


@dataclass(frozen=True, slots=True)
class Term:
    """A rule in force for one retention class."""

    retention: str
    title: str
    rule: Rule
    source: str
    verified: bool
    confirmed_at: datetime | None
    confirmed_by: UUID | None

    @property
    def confirmed(self) -> bool:
        """Fixed by the controller; only then may it destroy."""
        return self.confirmed_at is not None


def last_day(rule: Rule, at: datetime, started: datetime | None = None) -> date | None:
    """The last day of keeping of something recorded at ``at``; None while nothing started the term.

    Args:
        rule: The rule in force.
        at: When it was recorded.
        started: When the rule's own trigger happened, where recording does not set it off.
    """
    moments = dict.fromkeys(STARTS, at)
    if started is not None and rule.trigger not in STARTS:
        moments[rule.trigger] = started
    return due(rule, moments)


class Terms:
    """The terms of this partner, read anew when rules were confirmed."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._terms: dict[str, Term] = {}
        self.reload()

    def reload(self) -> None:
        """Read the covenant's proposals and the log's confirmations."""
        confirmed = {row["rule"]: row for row in self._ctx.ledger.rows("SELECT * FROM rules")}
        self._terms = {}
        for (
            accepted
        ) in self._ctx.covenants.all():  # what was kept under a class that a later generation dropped still has it
            covenant = accepted.covenant
            for known in covenant.retention:
                for rule in covenant.retention_rules(known.code, self._ctx.me.slug)[:1]:
                    self._terms[known.code] = self._term(known.code, known.title, rule, confirmed.get(rule.code))

    def _term(self, retention: str, title: str, rule: RetentionRule, row: object) -> Term:
        if row is None:
            return Term(retention, title, rule.rule(), rule.source, rule.verified, None, None)
        held = Rule(
            row["rule"],  # type: ignore[index]  # an sqlite row
            Trigger(row["trigger"]),  # type: ignore[index]
            Period.parse(row["period"]),  # type: ignore[index]
            rule.rule().cap,
        )
        at = datetime.fromtimestamp(row["at"] / 1000, UTC)  # type: ignore[index]
        return Term(retention, title, held, rule.source, rule.verified, at, UUID(row["by"]))  # type: ignore[index]

    @property
    def accountability(self) -> Term | None:
        """The term of what proves that acts were lawful: statements, records, read events, references of callers, actors."""
        return self._terms.get(self._ctx.covenants.current.covenant.settings.statement_retention)

    def of(self, retention: str) -> Term | None:
        """The term of a class; None when the covenant proposes none for this partner."""
        return self._terms.get(retention)

    def all(self) -> list[Term]:
        """Every term, by class."""
        return [self._terms[code] for code in sorted(self._terms)]

    def by_rule(self, rule: str) -> Term:
        """The term with this rule code.

        Raises:
            NotFoundError: No such rule for this partner.
        """
        for term in self._terms.values():
            if term.rule.code == rule:
                return term
        raise NotFoundError("There is no retention rule with this code for this partner; see the list of rules.")


def period_text(period: Period) -> str:
    """ISO 8601, as the covenant writes it."""
    years, months = divmod(period.months, 12)
    text = "P"
    text += f"{years}Y" if years else ""
    text += f"{months}M" if months else ""
    if period.days and period.days % 7 == 0 and not period.months:
        return f"{text}{period.days // 7}W"
    return text + (f"{period.days}D" if period.days else "")
