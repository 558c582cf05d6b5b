"""Whether every profile could be sent: judged by the covenant's own gates, for each sender, recipient and field.

What only the moment decides is taken as given: that the person was told, that whoever decides was trained, that the police have a
decision. What is left is what the covenant itself says, and a profile it would always refuse helps nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from exchange.domain.coherence import Path, Problem, _, _unknown
from exchange.domain.covenant import Covenant
from exchange.domain.profiles import Profile, ProfileItem, ProfileRecipient, ProfileSender
from exchange.domain.proposal import Finding, ItemFacts, Notice, Proposal, Weighing, WpgDecision
from exchange.domain.vocabulary import Kind, Side


def profile_mistakes(covenant: Covenant) -> Iterator[Problem]:
    """Every profile that names what is not there, or that could never be sent."""
    for at, profile in enumerate(covenant.profiles):
        here: Path = ("profiles", at)
        strange = [*_names(covenant, here, profile), *_once(here, profile), *_form(here, profile)]
        yield from strange
        if not strange:
            yield from _judged(covenant, here, profile)


# ---------------------------------------------------------------------------------------- what it names


def _names(covenant: Covenant, here: Path, profile: Profile) -> Iterator[Problem]:
    index = covenant.index
    yield from _unknown((*here, "purpose"), (profile.purpose,), index.purposes)
    yield from _unknown((*here, "context"), (profile.context,), index.contexts)
    yield from _unknown((*here, "stated"), profile.stated, index.grounds)
    lists: tuple[tuple[str, Sequence[ProfileSender | ProfileRecipient]], ...] = (
        ("senders", profile.senders),
        ("recipients", profile.recipients),
    )
    for name, parties in lists:
        for number, party in enumerate(parties):
            place = (*here, name, number)
            yield from _unknown((*place, "partner"), (party.partner,), index.partners)
            yield from _unknown((*place, "task"), (party.task,), index.tasks.get(party.partner, (party.task,)))
    for number, item in enumerate(profile.items):
        category = index.categories.get(item.category)
        if category is None:
            yield from _unknown((*here, "items", number, "category"), (item.category,), index.categories)
        else:
            yield from _unknown((*here, "items", number, "fields"), item.fields, category.fields)


def _once(here: Path, profile: Profile) -> Iterator[Problem]:
    """Nobody and nothing stands in a list twice: which of the two would hold?"""
    lists: tuple[tuple[str, list[str]], ...] = (
        ("senders", [sender.partner for sender in profile.senders]),
        ("recipients", [recipient.partner for recipient in profile.recipients]),
        ("items", [item.category for item in profile.items]),
    )
    for name, values in lists:
        for value in sorted({value for value in values if values.count(value) > 1}):
            yield Problem((*here, name), _("{value} stands here twice."), {"value": value})


def _form(here: Path, profile: Profile) -> Iterator[Problem]:
    """A disclosure is about no kind of signal; and everybody in a profile has somebody to exchange with."""
    if profile.kind == "disclosure" and profile.signal_kind is not None:
        yield Problem((*here, "signal_kind"), _("Only a profile for a signal has a kind of signal."))
    for sender in profile.senders:
        if all(sender.partner == recipient.partner for recipient in profile.recipients):
            yield Problem((*here, "recipients"), _("{name} has nobody to send to here."), {"name": sender.partner})
    for recipient in profile.recipients:
        if all(recipient.partner == sender.partner for sender in profile.senders):
            yield Problem((*here, "senders"), _("{name} has nobody to hear from here."), {"name": recipient.partner})


# ---------------------------------------------------------------------------------------- what the gates say


def _judged(covenant: Covenant, here: Path, profile: Profile) -> Iterator[Problem]:
    """What the gates find, each mistake once although several pairs have it."""
    from exchange.domain.gates import judge  # noqa: PLC0415 - the gates stand on the covenant, which asks for this check

    seen: set[tuple[Path, str, str]] = set()
    for sender in profile.senders:
        for recipient in profile.recipients:
            if sender.partner == recipient.partner:
                continue
            proposal = _proposal(covenant, profile, sender, recipient)
            for finding in judge(covenant, proposal, side=Side.SENDING).findings:
                problem = _problem(here, profile, sender, recipient, finding)
                key = (problem.path, problem.template, str(sorted(problem.params.items())))
                if key not in seen:
                    seen.add(key)
                    yield problem


def _proposal(covenant: Covenant, profile: Profile, sender: ProfileSender, recipient: ProfileRecipient) -> Proposal:
    """The profile as it would be sent on the last day before the review, with everything the moment may bring."""
    on = covenant.review_due
    items = tuple(ItemFacts(category=item.category, field=field) for item, field in _fields(profile))
    return Proposal(
        kind=Kind(profile.kind),
        sender=sender.partner,
        recipient=recipient.partner,
        on=on,
        purpose=profile.purpose,
        context=profile.context,
        sender_basis=sender.basis,
        sender_task=sender.task,
        recipient_basis=recipient.basis,
        recipient_task=recipient.task,
        special_exception=recipient.special_exception,
        criminal_ground=recipient.criminal_ground,
        stated=frozenset(profile.stated),
        weighing=Weighing(
            necessity=profile.necessity, proportionality=profile.proportionality, subsidiarity=profile.subsidiarity
        ),
        notice=Notice(reference="notice", recipients=frozenset({recipient.partner})),
        wpg=_any_decision(profile, recipient, covenant),
        signal_kind=profile.signal_kind,
        support_rationale="given by whoever sends",
        trained_on=on,
        items=items,
    )


def _fields(profile: Profile) -> Iterator[tuple[ProfileItem, str]]:
    for item in profile.items:
        for field in item.fields:
            yield item, field


def _any_decision(profile: Profile, recipient: ProfileRecipient, covenant: Covenant) -> WpgDecision:
    """A decision of the police that covers exactly this; whoever sends has to have a real one (R28)."""
    taker = covenant.index.partners.get(recipient.partner)
    return WpgDecision(
        reference="decision",
        ground=next(iter(taker.wpg_grounds if taker else ()), ""),
        goal="c",
        interest="given in the decision",
        recipients=frozenset({recipient.partner}),
        categories=frozenset(item.category for item in profile.items),
        authority_agreed=True,
        valid_until=covenant.review_due,
    )


_SAYINGS: Final = {
    "R01": _(
        "This kind of signal is made for an area, and these fields say nothing of a person: nobody is named (R01)."
    ),
    "R02": _("This profile holds a citizen service number, which is never exchanged (R02)."),
    "R03": _("A signal names one of the covenant's kinds of signal (R03)."),
    "R05": _("{category} to {recipient} needs an exception that holds for that partner and task (R05)."),
    "R06": _("{category} to {recipient} needs a ground for criminal data that holds for that partner (R06)."),
    "R07": _("{category} may go to {recipient} only for another task of that partner (R07)."),
    "R09": _("This purpose needs no identifiable people, so nothing about a person goes for it (R09)."),
    "R11": _("From {sender} to {recipient}: one of the two rests on a legal basis that it cannot have (R11)."),
    "R17": _("{category}:{field} may not go from {sender} to {recipient} in such a message for this purpose (R17)."),
    "R30": _(
        "{category} is under professional secrecy; what lifts it is decided for each person, so it is in no profile (R30)."
    ),
    "R31": _("The text asks for a verdict on a tenant (R31)."),
    "R34": _("The text holds a number that may be a citizen service number (R34)."),
}
_OTHER: Final = _("From {sender} to {recipient} this would always be refused ({code}).")
_PLACES: Final = {"R01": "items", "R03": "signal_kind", "R04": "purpose", "R09": "purpose", "R11": "senders"}


def _problem(
    here: Path, profile: Profile, sender: ProfileSender, recipient: ProfileRecipient, finding: Finding
) -> Problem:
    """One finding as a mistake at its place in the text."""
    params = {"sender": sender.partner, "recipient": recipient.partner, "code": finding.code}
    place: Path = (*here, _PLACES[finding.code]) if finding.code in _PLACES else here
    if finding.item is not None:
        item, field = list(_fields(profile))[finding.item]
        params |= {"category": item.category, "field": field}
        place = (*here, "items", profile.items.index(item))
    return Problem(place, _SAYINGS.get(finding.code, _OTHER), _used(_SAYINGS.get(finding.code, _OTHER), params))


def _used(template: str, params: dict[str, str]) -> dict[str, str]:
    """Only what the sentence says, so that the same mistake of two pairs is one."""
    return {name: value for name, value in params.items() if f"{{{name}}}" in template}
