"""Rules that could never let anything through: a promise on paper that no message will ever meet.

They are mistakes of whoever writes a covenant, found when it is checked and compiled. A node does not look for them in a covenant
that was signed: they open nothing, so they harm nobody but a reader.
"""

from __future__ import annotations

from collections.abc import Iterator

from exchange.domain.coherence import Problem, _
from exchange.domain.covenant import Condition, Covenant, FieldRule, Partner, Row
from exchange.domain.vocabulary import ANYONE, THIRD_PARTY, needs_bound_recipient


def dead_rules(covenant: Covenant) -> Iterator[Problem]:
    """Everything in the matrix and the field rules that nobody will ever meet."""
    for at, row in enumerate(covenant.matrix):
        yield from _tasks_nobody_has(covenant, at, row)
        yield from _exceptions_nobody_meets(covenant, at, row)
    for at, rule in enumerate(covenant.field_rules):
        yield from _fields_nobody_gets(covenant, at, rule)


def _reached(covenant: Covenant, name: str) -> list[Partner]:
    """The partners that a rule means by a slug, a kind, or anyone."""
    return [partner for partner in covenant.partners if name in (partner.slug, partner.kind, ANYONE)]


def _tasks_nobody_has(covenant: Covenant, at: int, row: Row) -> Iterator[Problem]:
    """Article 3.1: a row that is open to some tasks only names tasks that its recipients have."""
    if not row.recipient_tasks:
        return
    wanted = frozenset(row.recipient_tasks)
    for name in row.recipients:
        have = {code for partner in _reached(covenant, name) for code in covenant.index.tasks[partner.slug]}
        if name != THIRD_PARTY and wanted.isdisjoint(have):
            sentence = _("{name} has none of these tasks, so this row never lets anything through to it.")
            yield Problem(("matrix", at, "recipient_tasks"), sentence, {"name": name})


def _exceptions_nobody_meets(covenant: Covenant, at: int, row: Row) -> Iterator[Problem]:
    """UAVG 30(4): these exceptions hold only for a recipient with a task done by people bound to secrecy."""
    for ground in filter(needs_bound_recipient, row.grounds):
        for name in row.recipients:
            tasks = {(p.slug, code) for p in _reached(covenant, name) for code in covenant.index.tasks[p.slug]}
            bound = {code for slug, code in tasks & covenant.index.bound_tasks}
            if not (bound & frozenset(row.recipient_tasks) if row.recipient_tasks else bound):
                sentence = _(
                    "{ground} needs a task done by people bound to secrecy (UAVG 30(4)), and {name} has none here."
                )
                yield Problem(("matrix", at, "grounds"), sentence, {"ground": ground, "name": name})


def _fields_nobody_gets(covenant: Covenant, at: int, rule: FieldRule) -> Iterator[Problem]:
    """Article 11.1: fields are needed by somebody who may have their category at all."""
    for name in rule.recipients:
        if not any(_may_have(covenant, rule, recipient) for recipient in _takers(covenant, name)):
            sentence = _("No row of the matrix lets {category} go to {name}, so this rule serves nobody there.")
            yield Problem(("field_rules", at, "recipients"), sentence, {"category": rule.category, "name": name})


def _takers(covenant: Covenant, name: str) -> list[str]:
    """Slugs of the recipients that a field rule means; third parties need what anyone needs."""
    outside = [THIRD_PARTY] if name in (THIRD_PARTY, ANYONE) else []
    return [*(partner.slug for partner in _reached(covenant, name)), *outside]


def _may_have(covenant: Covenant, rule: FieldRule, recipient: str) -> bool:
    """Whether the matrix lets the category through to ``recipient``, from any sender of the rule."""
    senders = {partner.slug for name in rule.senders for partner in _reached(covenant, name)} - {recipient}
    rows = (covenant.index.row(rule.category, recipient, sender) for sender in senders)
    return any(row is not None and row.condition is not Condition.NEVER for row in rows)
