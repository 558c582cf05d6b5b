"""The gates for what is said about an area instead of a person (introduction of the covenant, articles 4.1 and 11.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from exchange.domain.areas import ELSEWHERE
from exchange.domain.covenant import Covenant
from exchange.domain.identifying import points_at_somebody
from exchange.domain.proposal import Finding, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaProposal:
    """A report about an area, or a picture of areas, before it is sent or as it was received.

    Attributes:
        sender: Slug.
        recipient: Slug.
        purpose: Code of article 4.1.
        context: Code of article 2.2.
        sender_task: The sender's own statutory task.
        recipient_task: The recipient's.
        areas: Every area it speaks of.
        kinds: Every kind of report that somebody chose.
        text: What was typed.
        names_somebody: The judging node knows a person by a name in the text.
        picture: It is a picture: counts for one of the purposes that need no persons.
        shown: Every count that is shown.
    """

    sender: str
    recipient: str
    purpose: str
    context: str
    sender_task: str
    recipient_task: str
    areas: frozenset[str]
    kinds: frozenset[str]
    text: str
    names_somebody: bool = False
    picture: bool = False
    shown: tuple[int, ...] = ()


AreaGate = Callable[[Covenant, AreaProposal], Iterator[Finding]]
AREA_GATES: Final[list[AreaGate]] = []
"""Every gate for an area, in the order in which they stand here."""


def _area_gate(gate: AreaGate) -> AreaGate:
    """Enter a gate."""
    AREA_GATES.append(gate)
    return gate


def judge_area(covenant: Covenant, proposal: AreaProposal) -> Verdict:
    """Everything that stands against it; the same on both sides."""
    found = (finding for gate in AREA_GATES for finding in gate(covenant, proposal))
    return Verdict(tuple({finding.code: finding for finding in found}.values()))


@_area_gate
def purpose_scope_and_area_are_the_covenants(covenant: Covenant, proposal: AreaProposal) -> Iterator[Finding]:
    """Articles 4.1, 4.2 and 2.2: a purpose and a part of the scope; an area or kind the covenant does not hold is outside."""
    index = covenant.index
    known = {area.removesuffix(ELSEWHERE) for area in proposal.areas} <= index.areas.keys()
    known &= proposal.kinds <= index.signal_kinds.keys()
    if proposal.purpose not in index.purposes or proposal.context not in index.contexts or not known:
        yield Finding("R04")


@_area_gate
def picture_serves_a_purpose_without_people(covenant: Covenant, proposal: AreaProposal) -> Iterator[Finding]:
    """Article 4.1 (i)-(iii), Wpg 22: a picture serves insight, policy or evaluation, and those need no persons."""
    purpose = covenant.index.purposes.get(proposal.purpose)
    if proposal.picture and purpose is not None and not purpose.aggregate_only:
        yield Finding("R04")


@_area_gate
def both_have_their_own_task(covenant: Covenant, proposal: AreaProposal) -> Iterator[Finding]:
    """Articles 3.1 and 8.2: sender and recipient each for a statutory task of its own."""
    tasks = covenant.index.tasks
    named = ((proposal.sender, proposal.sender_task), (proposal.recipient, proposal.recipient_task))
    if any(task not in tasks.get(partner, ()) for partner, task in named):
        yield Finding("R07")


@_area_gate
def nothing_leads_to_a_person(covenant: Covenant, proposal: AreaProposal) -> Iterator[Finding]:  # noqa: ARG001 - every gate has both
    """Introduction, articles 4.1 and 11.1: the level of an area is that on which nobody is named or pointed at."""
    if proposal.names_somebody or points_at_somebody(proposal.text):
        yield Finding("R09")


@_area_gate
def no_small_count_is_shown(covenant: Covenant, proposal: AreaProposal) -> Iterator[Finding]:
    """Articles 4.1 and 11.1 with the covenant's own threshold: a small count is a person."""
    if any(0 < count < covenant.settings.small_cell_threshold for count in proposal.shown):
        yield Finding("R09")
