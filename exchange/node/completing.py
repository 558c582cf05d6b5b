"""From a form as far as it was filled in to one with everything it needs: the rest comes from its profile, or is missing.

A profile adds and opens nothing: a form that departs from the one it names is an input error, so that "on profile X" in the log
means what the partners approved, and the completed form is judged by the same gates as any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from exchange.domain.covenant import Covenant
from exchange.domain.profiles import Profile
from exchange.errors import N_, Detail, InputError
from exchange.node import forms as f
from exchange.node.codes import unknown_code

_MISSING: Final = {
    "subject": N_("Say whom it is about."),
    "recipients": N_("Name at least one recipient."),
    "items": N_("Give at least one fact or opinion."),
    "purpose": N_("Name the purpose: a code of the covenant."),
    "context": N_("Name the part of the scope that it belongs to: a code of the covenant."),
    "basis": N_("Name the legal basis (GDPR article 6)."),
    "task": N_("Name the statutory task: a code of the covenant."),
}
"""Field -> what has to be filled in there."""
_FIXED: Final = N_("The profile {profile} has {expected} here; leave this out, or send it without a profile.")
_STRANGE: Final = N_("The profile {profile} has no {code} here; it has: {known}.")
_NO_SENDER: Final = N_("This partner does not send on the profile {profile}; these do: {known}.")
_NO_PROFILES: Final = N_("The covenant has no profiles; leave this out.")
_PROFILE: Final = N_("The covenant has no profile “{code}”. Known are: {known}.")
_MEANT_PROFILE: Final = N_("The covenant has no profile “{code}”. Did you mean {meant}? Known are: {known}.")


class FormToMendError(InputError):
    """The form lacks something, or departs from its profile; ``details`` names each place."""

    def __init__(self, details: Sequence[Detail]) -> None:
        super().__init__(
            "The form has one field to mend." if len(details) == 1 else "The form has {count} fields to mend.",
            count=len(details),
        )
        self.details = tuple(details)


def completed(covenant: Covenant, me: str, form: f.OpenForm) -> f.ShareForm:
    """The whole form.

    Args:
        covenant: The one in force.
        me: Slug of the partner that sends.
        form: As far as it was filled in.

    Raises:
        FormToMendError: Something is missing, or is not as the profile has it.
    """
    wrong = departures(covenant, me, form)
    profile = _profile_of(covenant, form)
    if form.profile is None or (profile is not None and profile.sender(me) is not None):
        wrong += lacking(covenant, me, form)  # what a profile that cannot be used would have filled in, is no mistake
    if wrong:
        raise FormToMendError(wrong)
    return f.ShareForm.model_validate(_filled(_profile_of(covenant, form), me, form))


def lacking(covenant: Covenant, me: str, form: f.OpenForm) -> list[Detail]:
    """What is still missing before the form can be judged."""
    filled = _filled(_profile_of(covenant, form), me, form)
    found = [Detail(f"body.{name}", "missing", _MISSING[name]) for name in f.NEEDED if not filled.get(name)]
    for number, recipient in enumerate(filled["recipients"]):
        found += [
            Detail(f"body.recipients.{number}.{name}", "missing", _MISSING[name])
            for name in ("basis", "task")
            if not recipient.get(name)
        ]
    return found


def departures(covenant: Covenant, me: str, form: f.OpenForm | f.ShareForm) -> list[Detail]:
    """Where the form is not what the profile it names says."""
    if form.profile is None:
        return []
    profile = covenant.index.profiles.get(form.profile)
    if profile is None:
        known = list(covenant.index.profiles)
        if not known:
            return [Detail("body.profile", "unknown-profile", _NO_PROFILES)]
        return [unknown_code("body.profile", "unknown-profile", form.profile, known, _PROFILE, _MEANT_PROFILE)]
    if profile.sender(me) is None:
        known = [sender.partner for sender in profile.senders]
        return [_at("profile", "not-in-profile", _NO_SENDER, profile, known=", ".join(known))]
    return [*_fixed(profile, me, form), *_strange(profile, form)]


def _profile_of(covenant: Covenant, form: f.OpenForm) -> Profile | None:
    return covenant.index.profiles.get(form.profile) if form.profile is not None else None


def _filled(profile: Profile | None, me: str, form: f.OpenForm) -> dict[str, Any]:
    """The form as data, with what the profile adds."""
    data = form.model_dump(exclude_unset=True)
    data["recipients"] = [recipient.model_dump(exclude_none=True) for recipient in form.recipients]
    sender = profile.sender(me) if profile is not None else None
    if profile is None or sender is None:
        return {name: value for name, value in data.items() if value is not None}
    weighing = form.weighing.model_dump()
    approved = {name: weighing[name] or getattr(profile, name) for name in weighing}
    recipients = [_recipient(profile, recipient) for recipient in data["recipients"]]
    given = {name: value for name, value in data.items() if value is not None}
    return {
        "kind": profile.kind, "purpose": profile.purpose, "context": profile.context, "signal_kind": profile.signal_kind,
        "basis": sender.basis, "task": sender.task, **given, "stated": list(profile.stated), "weighing": approved,
        "recipients": recipients,
    }  # fmt: skip


def _recipient(profile: Profile, given: dict[str, Any]) -> dict[str, Any]:
    approved = profile.recipient(given["partner"])
    return {**(approved.model_dump(exclude_none=True) if approved is not None else {}), **given}


# ---------------------------------------------------------------------------------------- departing from a profile


def _fixed(profile: Profile, me: str, form: f.OpenForm | f.ShareForm) -> Iterator[Detail]:
    """What the form says otherwise than the profile."""
    sender = profile.sender(me)
    expected = {
        "kind": profile.kind, "purpose": profile.purpose, "context": profile.context, "signal_kind": profile.signal_kind,
        "basis": sender.basis if sender else None, "task": sender.task if sender else None,
    }  # fmt: skip
    for name, value in expected.items():
        given = getattr(form, name)
        if given is not None and given != value:
            yield _at(name, "not-in-profile", _FIXED, profile, expected=value or "-")
    if form.stated and set(form.stated) != set(profile.stated):
        yield _at("stated", "not-in-profile", _FIXED, profile, expected=", ".join(profile.stated) or "-")
    recipients: Sequence[f.OpenRecipient | f.RecipientForm] = form.recipients
    for number, recipient in enumerate(recipients):
        approved = profile.recipient(recipient.partner)
        for name in ("basis", "task", "special_exception", "criminal_ground") if approved is not None else ():
            given = getattr(recipient, name)
            if given is not None and given != getattr(approved, name):
                place = f"recipients.{number}.{name}"
                yield _at(place, "not-in-profile", _FIXED, profile, expected=getattr(approved, name) or "-")


def _strange(profile: Profile, form: f.OpenForm | f.ShareForm) -> Iterator[Detail]:
    """Recipients and fields that the profile does not have."""
    partners = [recipient.partner for recipient in profile.recipients]
    recipients: Sequence[f.OpenRecipient | f.RecipientForm] = form.recipients
    for number, recipient in enumerate(recipients):
        if recipient.partner not in partners:
            yield unknown_code(
                f"body.recipients.{number}.partner", "not-in-profile", recipient.partner, partners, _STRANGE, _STRANGE,
                profile=profile.code,
            )  # fmt: skip
    fields = [f"{item.category}:{field}" for item in profile.items for field in item.fields]
    for number, item in enumerate(form.items):
        if not profile.holds(item.category, item.field):
            yield unknown_code(
                f"body.items.{number}.field", "not-in-profile", f"{item.category}:{item.field}", fields, _STRANGE, _STRANGE,
                profile=profile.code,
            )  # fmt: skip


def _at(place: str, kind: str, template: str, profile: Profile, **params: str) -> Detail:
    return Detail(f"body.{place}", kind, template, {"profile": profile.code, **params})
