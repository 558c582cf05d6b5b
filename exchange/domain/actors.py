"""Who may do what at a node: the one table from roles to commands (design §4.12).

Every command carries an actor, and an actor holds one or more roles. What no role grants is refused. Operator and auditor keep
the machine and the proof; neither sees content. A destructive act is prepared by one actor and approved by another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from exchange.errors import InputError, NotAllowedError


class ActorKind(StrEnum):
    """What acts."""

    PERSON = "person"
    SYSTEM = "system"
    """A case system that calls the API."""
    RULE = "rule"
    """A rule of the node itself: a deadline, a retention term."""


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
    }
)
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
_EVERYONE: Final = frozenset({"status", "covenant.show"})
_PROOF: Final = frozenset({"log.list", "log.show", "log.verify", "log.replay"})

ROLE_COMMANDS: Final[Mapping[Role, frozenset[str]]] = {
    Role.WORKER: _EVERYONE | _WORK | _CASEWORK,
    Role.DEPUTY: _EVERYONE | _WORK | _CASEWORK,
    Role.CHAIR: _EVERYONE
    | {"subject.find", "disclosure.explain", "inbox.list", "inbox.read", "who-knows", "case.list", "case.read"},
    Role.RIGHTS_DESK: _EVERYONE
    | {
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
    | {
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
        "covenant.accept",
    },
    Role.FG: _EVERYONE
    | _PROOF
    | {
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
    | {"subject.find", "outbox.list", "who-knows", "retention.rules", "retention.confirm", "retention.due"}
    | {"wpg.designate", "wpg.receivers", "circle.openings"},
    Role.OPERATOR: _EVERYONE
    | {
        "log.verify",
        "log.replay",
        "parked.list",
        "parked.retry",
        "parked.drop",
        "keys.show",
        "keys.roll",
        "actor.register",
        "actor.list",
        "actor.revoke",
        "covenant.accept",
    },
    Role.AUDITOR: _EVERYONE | _PROOF | {"retention.rules", "retention.due", "parked.list", "keys.show"},
    Role.INTEGRATION: _EVERYONE
    | (_WORK - {"subject.match", "inbox.handle", "who-knows"})
    | {"signal.note", "signal.list", "case.list", "feedback.list"},
}
"""What each role may do. A role that is not here may do nothing."""

COMMANDS: Final = frozenset().union(*ROLE_COMMANDS.values())
"""Every command a node knows."""

CONTENT_COMMANDS: Final = frozenset(
    {
        "subject.register",
        "subject.find",
        "subject.match",
        "signal.send",
        "disclosure.make",
        "disclosure.explain",
        "inbox.read",
        "inbox.take-up",
        "inbox.handle",
        "who-knows",
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
"""Commands that take or show personal data. Neither operator nor auditor has any of them."""

DESTRUCTIVE_COMMANDS: Final = frozenset({"retention.enforce", "parked.drop", "actor.revoke"})
"""What cannot be undone: never approved by the actor who asked for it, unless the partner is single-handed and says so."""

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
        raise NotAllowedError("None of your roles includes {command}; ask the privacy officer.", command=known)


def sees_content(roles: Iterable[Role]) -> bool:
    """Whether one of ``roles`` may see personal data at all."""
    return any(role in CONTENT_ROLES for role in roles)
