"""Which class the key of every kind of event has, so that whatever seals anything has a term."""

from __future__ import annotations

from typing import Final

from exchange.domain import events as e
from exchange.domain.event import Event

ACCOUNTABILITY = "verantwoording"
"""Retention class of what proves that acts were lawful: records, read events, references of the caller. It outlives the datum."""
REGISTER = "register"
"""Of register entries, which go with the last item about somebody."""
DRAFT = "concept"
"""Of a form that is being filled in: to the last day that its newest event names, and no longer than until it is sent."""
ACTOR = "actor"
"""Of actors' own data: as accountability, from the day they may act no more."""
KEPT: Final[dict[type[Event], str]] = {
    e.ActorRegistered: ACTOR,
    e.SubjectRegistered: REGISTER,
    e.ItemRecorded: ACCOUNTABILITY,
    e.CommandAccepted: ACCOUNTABILITY,
    e.DataRead: ACCOUNTABILITY,
    e.CopiedOut: ACCOUNTABILITY,
    e.DraftSaved: DRAFT,
}
"""The class of the key that seals the private fields of an event which does not name one itself, in ``retention``."""
KEPT_WITH: Final[dict[type[Event], str]] = {
    e.IdentityLearned: "the part that told it",
    e.ReferenceAgreed: "the register entry",
    e.SubjectMatched: "the register entry",
    e.CaseShared: "the part that told it",
    e.NotificationAnswered: "the part that told it",
    e.ExceptionReviewed: "the exception",
    e.WpgDecisionWithdrawn: "the decision",
    e.DutyFulfilled: "the duty",
    e.ObjectionExtended: "the objection",
    e.ObjectionDecided: "the objection",
    e.ObjectionLifted: "the objection",
}
"""Events that are sealed under the key of something else, and whose term that is."""
