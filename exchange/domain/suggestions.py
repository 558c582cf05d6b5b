"""What the covenant lets a partner share with whom: the rules read forward, for whoever has to fill in a form.

Whatever is suggested here passes the gates that look at rules; whether it may be shared about this person, today, only a form
that is filled in can be asked. A test holds both against each other, field by field.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from exchange.domain.covenant import Condition, Covenant, Partner, Row
from exchange.domain.vocabulary import (
    CARE_GROUND,
    CARE_SUPPLEMENT,
    LEGAL_BASES,
    NOT_FOR_PUBLIC_BODIES,
    Kind,
    Mark,
    Regime,
    needs_bound_recipient,
)


@dataclass(frozen=True, slots=True)
class Lift:
    """A ground on which something that is closed may go, and the recipient's tasks for which it holds."""

    ground: str
    tasks: tuple[str, ...]
    beside: str | None = None
    """What has to be cited beside it."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What of one category may go to one recipient."""

    category: str
    fields: tuple[str, ...]
    tasks: tuple[str, ...]
    """The recipient's tasks for which it may go without any ground; none: it needs one of ``lifts``, or ``police``."""
    lifts: tuple[Lift, ...]
    police: bool
    """It may go as well when it came from the police under a decision (UAVG 33(1)(a))."""
    secrecy: bool
    """Under professional secrecy: what lifts it has to be said (R30)."""


@dataclass(frozen=True, slots=True)
class Way:
    """One recipient for one purpose."""

    recipient: str
    purpose: str
    bases: tuple[str, ...]
    """Legal bases that the recipient can rest on."""
    decision: bool
    """What the police gives here goes only under a registered decision (R28)."""
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Everything a partner may fill in for one kind of message."""

    kind: Kind
    bases: tuple[str, ...]
    """Legal bases that the sender itself can rest on."""
    tasks: tuple[str, ...]
    contexts: tuple[str, ...]
    signal_kinds: tuple[str, ...]
    profiles: tuple[str, ...]
    notice: bool
    """The person must be told first, or an exception must say why not (R14)."""
    weighing: bool
    """A written weighing is needed (R33)."""
    ways: tuple[Way, ...]


def suggest(covenant: Covenant, sender: str, kind: Kind, purpose: str | None = None) -> Suggestion:
    """What ``sender`` may share in a message of ``kind``, for one purpose or for each that is about persons."""
    index, me = covenant.index, covenant.index.partners[sender]
    purposes = [p.code for p in covenant.purposes if not p.aggregate_only and purpose in {None, p.code}]
    ways = [
        way
        for code in purposes
        for to in covenant.partners
        if to.slug != sender and (way := _way(covenant, me, to, kind, code)).offers
    ]
    return Suggestion(
        kind=kind,
        bases=_bases(me),
        tasks=tuple(task.code for task in me.statutory_tasks),
        contexts=tuple(index.contexts),
        signal_kinds=tuple(index.signal_kinds) if kind is Kind.SIGNAL else (),
        profiles=tuple(
            p.code
            for p in covenant.profiles
            if p.kind == kind.value and p.sender(sender) is not None and p.purpose in purposes
        ),
        notice=kind.value in covenant.settings.notice_before,
        weighing=kind.value in covenant.settings.weighing_before,
        ways=tuple(ways),
    )


def _way(covenant: Covenant, me: Partner, to: Partner, kind: Kind, purpose: str) -> Way:
    offers = tuple(_offers(covenant, me, to, kind, purpose))
    return Way(to.slug, purpose, _bases(to), me.regime is Regime.WPG and to.regime is not Regime.WPG, offers)


def _bases(partner: Partner) -> tuple[str, ...]:
    """AVG 6(1): a public body does not rest its tasks on a legitimate interest."""
    return tuple(basis for basis in LEGAL_BASES if not (partner.public_body and basis in NOT_FOR_PUBLIC_BODIES))


def _offers(covenant: Covenant, me: Partner, to: Partner, kind: Kind, purpose: str) -> Iterator[Offer]:
    index = covenant.index
    for category in covenant.categories:
        row = index.row(category.code, to.slug, me.slug)
        allowed = index.allowed_fields(purpose, category.code, to.slug, me.slug, kind.value)
        fields = tuple(field for field in category.fields if field in allowed)
        if row is None or row.condition is Condition.NEVER or category.mark is Mark.BSN or not fields:
            continue
        if me.regime is Regime.WPG and to.regime is not Regime.WPG and not to.wpg_grounds:
            continue  # no decision of the police can name it (R28)
        tasks, lifts = _open(row, me, to, category.mark), tuple(_lifts(row, me, to))
        from_police = row.condition is Condition.WPG
        if tasks or lifts or from_police:
            yield Offer(category.code, fields, tasks, lifts, from_police, category.secrecy)


def _open(row: Row, me: Partner, to: Partner, mark: Mark) -> tuple[str, ...]:
    """Tasks for which the category goes without a ground: it is simply allowed, or the police itself gives its own data."""
    own_police_data = row.condition is Condition.WPG and me.regime is Regime.WPG and mark is not Mark.SPECIAL
    return _tasks(row, to) if row.condition is Condition.ALLOW or own_police_data else ()


def _tasks(row: Row, to: Partner) -> tuple[str, ...]:
    return tuple(
        task.code for task in to.statutory_tasks if not row.recipient_tasks or task.code in row.recipient_tasks
    )


def _lifts(row: Row, me: Partner, to: Partner) -> Iterator[Lift]:
    """Grounds of the row, each with the tasks of the recipient for which it holds (UAVG 30(4): people bound to secrecy)."""
    bound = {task.code for task in to.statutory_tasks if task.secrecy_bound}
    for ground in row.grounds:
        supplement = ground == CARE_SUPPLEMENT
        if supplement and not any(task.secrecy_bound for task in me.statutory_tasks):
            continue  # given by care as well (UAVG 33(1)(c))
        anybody = not (supplement or needs_bound_recipient(ground))
        tasks = tuple(task for task in _tasks(row, to) if anybody or task in bound)
        if tasks:
            yield Lift(ground, tasks, CARE_GROUND if supplement else None)
