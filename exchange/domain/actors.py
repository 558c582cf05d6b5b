"""Who may do what at a node: the one table from roles to commands (design §4.12).

Every command carries an actor, and an actor holds one or more roles. What no role grants is refused. Operator and auditor keep
the machine and the proof; neither sees content. What cannot be undone, or lets somebody read police data, needs two hands:
:func:`hands_on` decides, and :data:`TWO_HANDED_COMMANDS` says of each such command whose the first hand is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from exchange.errors import InputError, NotAllowedError


class Role(StrEnum):
    """What an actor may be at one partner."""

    WORKER = "worker"
    """A professional who signals and discloses."""
    DEPUTY = "deputy"
    """Stands in for a worker, until a date."""
    CHAIR = "chair"
    """Chairs the case conference (covenant article 11.2)."""
    RIGHTS_DESK = "rights-desk"
    """Answers the rights of data subjects (covenant article 5)."""
    PRIVACY_OFFICER = "privacy-officer"
    """Looks after the covenant, retention and who knows what."""
    FG = "fg"
    """The data protection officer (functionaris gegevensbescherming): sees everything, changes nothing."""
    WPG_FUNCTIONARY = "wpg-functionary"
    """The police's privacy functionary (Wpg 34)."""
    OPERATOR = "operator"
    """Keeps the node running; sees no content."""
    AUDITOR = "auditor"
    """Replays and verifies the log; sees no content."""
    INTEGRATION = "integration"
    """A case system that sends and receives on its own."""


_DRAFTS: Final = frozenset({"draft.save", "draft.list", "draft.read", "draft.discard"})
"""To fill in a form in peace; whoever sends one needs what sharing needs."""
_WORK: Final = frozenset(
    {
        "subject.register",
        "subject.find",
        "subject.match",
        "signal.send",
        "disclosure.make",
        "disclosure.explain",
        "inbox.list",
        "inbox.read",
        "inbox.take-up",
        "inbox.handle",
        "outbox.list",
        "who-knows",
        "area.list",
        "area.signal",
        "area.picture",
    }
    | _DRAFTS
)
_FACTS: Final = frozenset(
    {"notice.give", "notice.list", "exception.invoke", "exception.list", "exception.review", "weighing.write"}
)
_LISTS: Final = frozenset({"exception.due", "wpg-decision.list", "training.list", "activity.list", "duty.list"})
"""What is not about anybody."""
_OWN: Final = _LISTS | {"training.record", "duty.fulfil"}
_CONFER: Final = frozenset({"conference.list", "conference.show", "conference.offers", "agreement.list"})
"""To follow a case conference (covenant 11.2); who sees which part of it depends on the scope of each agenda item."""
_OFFER: Final = frozenset({"conference.offer", "conference.confirm", "conference.minutes", "agreement.done"})
"""To bring items into a conference and to do what it agreed. Minutes: only as the minutes taker it names."""
_CASEWORK: Final = frozenset(
    {
        "signal.note",
        "signal.list",
        "signal.read",
        "signal.reporter",
        "signal.triage",
        "case.open",
        "case.list",
        "case.read",
        "case.change",
        "circle.change",
        "third-party.disclose",
        "third-party.list",
        "feedback.list",
    }
)
_TOLD: Final = frozenset(
    {"notification.list", "notification.process", "correction.make", "recall.make", "objection.receive"}
)
"""To correct and to ask back what was given, and to answer partners that do (GDPR 16, 19; Wpg 4(4))."""
_OBJECTIONS: Final = frozenset({"objection.list", "objection.extend", "objection.decide", "objection.lift"})
_EVERYONE: Final = frozenset({"status", "covenant.show"})
_AREAS: Final = frozenset({"area.list", "area.picture"})
_PROOF: Final = frozenset({"log.list", "log.show", "log.verify", "log.replay"})

ROLE_COMMANDS: Final[Mapping[Role, frozenset[str]]] = {
    Role.WORKER: _EVERYONE | _WORK | _TOLD | _FACTS | _OWN | _CONFER | _OFFER | _CASEWORK,
    Role.DEPUTY: _EVERYONE | _WORK | _TOLD | _FACTS | _OWN | _CONFER | _OFFER | _CASEWORK,
    Role.CHAIR: _EVERYONE
    | _OWN
    | _CONFER
    | {"subject.find", "disclosure.explain", "inbox.list", "inbox.read", "who-knows", "case.list", "case.read"}
    | {"conference.plan", "conference.agenda", "conference.decide", "conference.minutes", "conference.outcome"},
    Role.RIGHTS_DESK: _EVERYONE
    | _OWN
    | _TOLD
    | _OBJECTIONS
    | {
        "recall.erase",
        "recall.set-aside",
        "notice.list",
        "exception.list",
        "subject.find",
        "subject.match",
        "inbox.list",
        "inbox.read",
        "outbox.list",
        "who-knows",
        "retention.rules",
        "retention.due",
        "case.list",
        "third-party.list",
    },
    Role.PRIVACY_OFFICER: _EVERYONE
    | _PROOF
    | _OWN
    | _AREAS
    | _TOLD
    | _OBJECTIONS
    | {
        "recall.erase",
        "recall.set-aside",
        "notice.list",
        "exception.list",
        "exception.review",
        "training.record-others",
        "activity.register",
        "activity.end",
        "duty.excuse",
        "conference.list",
        "conference.show",
        "signal.list",
        "case.list",
        "case.read",
        "circle.change",
        "circle.openings",
        "circle.review",
        "wpg.designate",
        "wpg.receivers",
        "third-party.list",
        "feedback.list",
        "subject.find",
        "inbox.list",
        "outbox.list",
        "who-knows",
        "retention.rules",
        "retention.confirm",
        "retention.due",
        "retention.enforce",
        "parked.list",
        "actor.list",
        "actor.single-handed",
        "covenant.accept",
    },
    Role.FG: _EVERYONE
    | _PROOF
    | _LISTS
    | {"area.list"}
    | {
        "notification.list",
        "objection.list",
        "notice.list",
        "exception.list",
        "conference.list",
        "conference.show",
        "signal.list",
        "case.list",
        "circle.openings",
        "wpg.receivers",
        "third-party.list",
        "feedback.list",
        "subject.find",
        "inbox.list",
        "outbox.list",
        "who-knows",
        "retention.rules",
        "retention.due",
        "parked.list",
        "actor.list",
    },
    Role.WPG_FUNCTIONARY: _EVERYONE
    | _PROOF
    | _OWN
    | _TOLD
    | {"subject.find", "outbox.list", "who-knows", "retention.rules", "retention.confirm", "retention.due"}
    | {"wpg-decision.register", "wpg-decision.withdraw", "notice.list", "exception.list", "exception.review"}
    | {"wpg.designate", "wpg.receivers", "circle.openings"},
    Role.OPERATOR: _EVERYONE
    | {
        "log.verify",
        "log.replay",
        "outbox.list",
        "parked.list",
        "parked.retry",
        "parked.drop",
        "keys.show",
        "keys.roll",
        "actor.register",
        "actor.list",
        "actor.revoke",
        "actor.single-handed",
        "covenant.accept",
    },
    Role.AUDITOR: _EVERYONE | _PROOF | {"retention.rules", "retention.due", "parked.list", "keys.show"},
    Role.INTEGRATION: _EVERYONE
    | (_WORK - {"subject.match", "inbox.handle", "who-knows"})
    | {"notice.give", "duty.list", "signal.note", "signal.list", "case.list", "feedback.list"},
}
"""What each role may do. A role that is not here may do nothing."""

COMMANDS: Final = frozenset().union(*ROLE_COMMANDS.values())
"""Every command a node knows."""

CONTENT_COMMANDS: Final = (
    frozenset(
        {
            "subject.register",
            "subject.find",
            "subject.match",
            "signal.send",
            "disclosure.make",
            "disclosure.explain",
            "draft.save",
            "draft.read",
            "inbox.read",
            "inbox.take-up",
            "inbox.handle",
            "who-knows",
            "notification.list",
            "notification.process",
            "correction.make",
            "recall.make",
            "recall.erase",
            "recall.set-aside",
            "objection.receive",
            "objection.list",
            "objection.extend",
            "objection.decide",
            "objection.lift",
            "conference.plan",
            "conference.agenda",
            "conference.decide",
            "conference.minutes",
            "conference.outcome",
            "conference.show",
            "conference.offers",
            "conference.offer",
            "conference.confirm",
            "agreement.list",
            "signal.note",
            "signal.read",
            "signal.reporter",
            "signal.triage",
            "case.open",
            "case.read",
            "case.change",
            "circle.openings",
            "circle.review",
            "third-party.disclose",
            "third-party.list",
        }
    )
    | _FACTS
)
"""Commands that take or show personal data. Neither operator nor auditor has any of them."""

TWO_HANDED_COMMANDS: Final[Mapping[str, str]] = {
    "retention.enforce": "who confirmed the rule; where a person's date replaces the clock, also who asked for it that day",
    "recall.erase": "the partner that recalled it",
    "parked.drop": "who sent the message; a partner's frame was refused by the node itself, so that is the first hand",
    "actor.revoke": "who is revoked: one operator stops anybody at once, only not a name of his own",
    "wpg.designate": "who is designated: nobody lets himself in to police data (Wpg 7(2))",
}
"""What cannot be undone, or lets somebody in -> whose the first hand is: whose decision it carries out or undoes, or whom it is
for. Never all of it the hand of who does it.

Not here: ``keys.roll``, because senders wrap anew by themselves, and ``retention.confirm``, because it is the first hand. The
node's own daily run is the second hand of whoever confirmed the rule.
"""

ACCOUNTING_ROLES: Final = frozenset({Role.RIGHTS_DESK, Role.PRIVACY_OFFICER, Role.FG, Role.WPG_FUNCTIONARY})
"""Who knows what about a person is their work: to answer the person (GDPR 15; Wpg 25), or to see to it (GDPR 39; Wpg 34)."""

CONTENT_ROLES: Final = frozenset(Role) - {Role.OPERATOR, Role.AUDITOR}
"""Roles to which :func:`sees_content` says yes. ``log.show`` and ``log.replay`` show private fields to these only."""


def roles_of(names: Iterable[str]) -> frozenset[Role]:
    """The roles with these names.

    Raises:
        InputError: A name is no role.
    """
    try:
        return frozenset(Role(name) for name in names)
    except ValueError:
        raise InputError("That is not a role; the roles are {roles}.", roles=", ".join(Role)) from None


def may(roles: Iterable[Role], command: str) -> bool:
    """Whether one of ``roles`` includes ``command``."""
    return any(command in ROLE_COMMANDS.get(role, frozenset()) for role in roles)


def require(roles: Iterable[Role], command: str) -> None:
    """Pass, or refuse.

    Raises:
        NotAllowedError: No role of the actor includes the command.
    """
    if not may(roles, command):
        known = command if command in COMMANDS else "this command"
        holders = [role for role in Role if known in ROLE_COMMANDS.get(role, frozenset())]
        if not holders:
            raise NotAllowedError("None of your roles includes {command}; ask the privacy officer.", command=known)
        raise NotAllowedError(
            "None of your roles includes this ({command}). It belongs to: {roles}.",
            command=known,
            roles=", ".join(holders),
        )


def sees_content(roles: Iterable[Role]) -> bool:
    """Whether one of ``roles`` may see personal data at all."""
    return any(role in CONTENT_ROLES for role in roles)


# ---------------------------------------------------------------------------------------- two hands


@dataclass(frozen=True, slots=True)
class Hand:
    """An actor and the operating-system account he acts from. Two names on one account are one hand."""

    actor: UUID
    account: int | None = None
    """None when the account is not known any more; the actor is then only himself."""
    roles: frozenset[Role] = frozenset()

    def is_of(self, other: Hand) -> bool:
        """Whether both belong to the same person, as far as a node can tell."""
        return self.actor == other.actor or (self.account is not None and self.account == other.account)


class Hands(StrEnum):
    """Whose hands a command would have."""

    ENOUGH = "enough"
    """It destroys nothing, or somebody else had a hand in it before."""
    SINGLE = "single"
    """One hand only, and the partner is single-handed: allowed, recorded, and shown."""
    OWN = "own"
    """One hand only: refused."""


def hands_on(
    command: str, by: Hand, before: Iterable[Hand | None], staff: Iterable[Hand], *, single_handed: bool
) -> Hands:
    """Whether ``by`` may carry out ``command`` now that ``before`` had their hand in it (design §4.12, §4.18).

    Args:
        command: What is to be done. Only :data:`TWO_HANDED_COMMANDS` needs two hands.
        by: Who does it.
        before: Whose decision it carries out or undoes; None is the node itself or a partner. Empty: nobody's but ``by``'s.
        staff: Everybody who may act at this node.
        single_handed: The partner said that one officer decides alone. It counts only where that is so: not while another
            hand here has a role for ``command``.
    """
    if command not in TWO_HANDED_COMMANDS or any(hand is None or not hand.is_of(by) for hand in before):
        return Hands.ENOUGH
    helped = any(not colleague.is_of(by) and may(colleague.roles, command) for colleague in staff)
    return Hands.SINGLE if single_handed and not helped else Hands.OWN
