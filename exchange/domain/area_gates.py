"""The gates for what is said about an area instead of a person (introduction of the covenant, articles 4.1 and 11.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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


def judge_area(covenant: Covenant, proposal: AreaProposal) -> Verdict:
    """Everything that stands against it; the same on both sides."""
    once = {finding.code: finding for finding in _findings(covenant, proposal)}
    return Verdict(tuple(once.values()))


def _findings(covenant: Covenant, proposal: AreaProposal) -> Iterator[Finding]:
    index = covenant.index
    purpose = index.purposes.get(proposal.purpose)
    known = {area.removesuffix(ELSEWHERE) for area in proposal.areas} <= index.areas.keys()
    known &= proposal.kinds <= index.signal_kinds.keys()
    if purpose is None or proposal.context not in index.contexts or not known:
        yield Finding("R04")  # 4.1, 2.2: purpose and scope; an area or a kind outside the covenant is outside its scope
    if proposal.picture and purpose is not None and not purpose.aggregate_only:
        yield Finding("R04")  # 4.1 (i)-(iii): a picture serves insight, policy or evaluation
    tasks = index.tasks
    if proposal.sender_task not in tasks.get(proposal.sender, ()) or proposal.recipient_task not in tasks.get(
        proposal.recipient, ()
    ):
        yield Finding("R07")  # 3.1, 8.2
    if proposal.names_somebody or points_at_somebody(proposal.text):
        yield Finding("R09")  # 4.1, 11.1: nothing that leads to a person
    threshold = covenant.settings.small_cell_threshold
    if any(0 < count < threshold for count in proposal.shown):
        yield Finding("R09")  # a small count is a person
