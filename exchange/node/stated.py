"""What a statement says of itself, in the words of the gates; a code that the law does not know counts as not given."""

from __future__ import annotations

from datetime import date

from exchange.domain.proposal import Emergency, Notice, NoticeException, Secrecy, Weighing, WpgDecision
from exchange.domain.vocabulary import SecrecyGround
from exchange.wire import messages as m


def references(statement: m.Statement) -> list[str]:
    """Codes and references that a person types: a citizen service number hides there as well as in a text."""
    notice, secrecy, wpg = statement.notice, statement.secrecy, statement.wpg
    codes = [statement.signal_kind, statement.special_exception, statement.criminal_ground, *statement.stated]
    codes += [notice.reference, notice.mode, notice.exception, secrecy.regime, secrecy.ground]
    codes += [wpg.reference, wpg.ground, wpg.goal, *wpg.categories, *(wpg.fields or [])] if wpg else []
    return [code for code in codes if code]


def weighing(weighing: m.Weighing) -> Weighing | None:
    """The weighing, when there is one (covenant article 11.1)."""
    if not (weighing.necessity or weighing.proportionality or weighing.subsidiarity):
        return None
    return Weighing(
        necessity=weighing.necessity, proportionality=weighing.proportionality, subsidiarity=weighing.subsidiarity
    )


def secrecy(secrecy: m.Secrecy) -> Secrecy | None:
    """A ground that is none of the law's counts as not given, so the gate refuses it (R30)."""
    if not (secrecy.applies or secrecy.regime or secrecy.ground or secrecy.motivation):
        return None
    return Secrecy(
        applies=secrecy.applies,
        regime=secrecy.regime,
        ground=SecrecyGround(secrecy.ground) if secrecy.ground in set(SecrecyGround) else None,
    )


def notice(notice: m.Notice) -> Notice | None:
    """What the person was told (covenant article 10.1)."""
    if notice.given_on is None:
        return None
    return Notice(
        reference=notice.reference or notice.given_on,
        recipients=frozenset(notice.recipients),
        given_on=date.fromisoformat(notice.given_on),
    )


def emergency(emergency: m.Emergency | None) -> Emergency | None:
    """Acute danger, when it is invoked."""
    return None if emergency is None else Emergency(danger=emergency.danger, interest_of=emergency.interest_of)


def notice_exception(notice: m.Notice) -> NoticeException | None:
    """Why the person was not told."""
    if notice.exception is None or notice.review_on is None:
        return None
    return NoticeException(
        ground=notice.exception,
        recipients=frozenset(notice.recipients),
        review_on=date.fromisoformat(notice.review_on),
        ends_on=date.fromisoformat(notice.ends_on) if notice.ends_on else None,
    )


def wpg_decision(wpg: m.WpgDecision | None) -> WpgDecision | None:
    """The decision of the police that carries it."""
    if wpg is None:
        return None
    return WpgDecision(
        reference=wpg.reference,
        ground=wpg.ground,
        goal=wpg.goal,
        interest=wpg.interest,
        recipients=frozenset(wpg.recipients),
        categories=frozenset(wpg.categories),
        fields=frozenset(wpg.fields) if wpg.fields is not None else None,
        authority_agreed=wpg.authority_agreed,
        decided_on=date.fromisoformat(wpg.decided_on) if wpg.decided_on else None,
        valid_until=date.fromisoformat(wpg.valid_until),
        conditions=tuple(wpg.conditions or ()),
    )
