"""Profiles: standard exchanges whose purpose, basis, task, fields and weighing the partners approved in advance.

A profile spares whoever shares the questions that have one answer. It opens nothing: a form that names one is completed from it
and then judged like any other, and a profile that no rule of the covenant would let through is a mistake in the covenant
(:mod:`exchange.domain.profile_checks`). What is different for every person is in no profile: whom it is about, what was seen,
when that person was told, and what lifts professional secrecy.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from exchange.domain.notation import Code, FieldCode, LawCode, Line, Model, Slug, Text, Verified


class ProfileSender(Model):
    """A partner that may send on it, with its own basis (GDPR 6) and statutory task (article 3.1)."""

    partner: Slug
    basis: LawCode
    task: FieldCode


class ProfileRecipient(Model):
    """A partner that may receive on it, with the grounds that hold for him."""

    partner: Slug
    basis: LawCode
    task: FieldCode
    special_exception: LawCode | None = None
    criminal_ground: LawCode | None = None


class ProfileItem(Model):
    """The fields of one category that may be filled in."""

    category: Code
    fields: tuple[FieldCode, ...] = Field(min_length=1)


class Profile(Model):
    """One standard exchange: a signal or a disclosure."""

    code: Code
    title: Line
    kind: Literal["signal", "disclosure"]
    senders: tuple[ProfileSender, ...] = Field(min_length=1)
    recipients: tuple[ProfileRecipient, ...] = Field(min_length=1)
    purpose: Code
    context: Code
    items: tuple[ProfileItem, ...] = Field(min_length=1)
    stated: tuple[Code, ...] = ()
    """Grounds of the covenant itself that are met whenever this profile is used."""
    signal_kind: Code | None = None
    """Of a signal: what it is about."""
    necessity: Text
    proportionality: Text
    subsidiarity: Text
    source: Line
    """Where it was approved."""
    verified: Verified = None

    def sender(self, slug: str) -> ProfileSender | None:
        """How this partner sends on it; None when it may not."""
        return next((sender for sender in self.senders if sender.partner == slug), None)

    def recipient(self, slug: str) -> ProfileRecipient | None:
        """How this partner receives on it; None when it may not."""
        return next((recipient for recipient in self.recipients if recipient.partner == slug), None)

    def holds(self, category: str, field: str) -> bool:
        """Whether this field may be filled in."""
        return any(item.category == category and field in item.fields for item in self.items)
