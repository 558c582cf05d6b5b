"""The covenant's gates: one function per article, pure, the same on the sending and the receiving side.

:func:`judge` asks every gate and returns all reasons at once, per item. A gate yields findings; silence of all gates is
consent. Because unknown partners, purposes, categories and fields are findings, what no rule speaks of is refused.

The gates stand in :mod:`exchange.domain.message_gates` and :mod:`exchange.domain.item_gates`. Adding one is writing one
function there with its decorator; nothing else lists them.
"""

from __future__ import annotations

from exchange.domain import item_gates, message_gates
from exchange.domain.covenant import Covenant
from exchange.domain.proposal import (
    Emergency,
    Finding,
    ItemFacts,
    Notice,
    NoticeException,
    Outcome,
    Outside,
    Proposal,
    Secrecy,
    Strike,
    Verdict,
    Weighing,
    WpgDecision,
)
from exchange.domain.scene import FULL_GATES, ITEM_GATES, MESSAGE_GATES, WARNINGS, ItemScene, Scene
from exchange.domain.vocabulary import Kind, Regime, Side

__all__ = [
    "Emergency",
    "Finding",
    "ItemFacts",
    "Notice",
    "NoticeException",
    "Outcome",
    "Outside",
    "Proposal",
    "Secrecy",
    "Strike",
    "Verdict",
    "Weighing",
    "WpgDecision",
    "judge",
]

GATE_MODULES = (message_gates, item_gates)
"""Importing them enters their gates."""


def judge(covenant: Covenant, proposal: Proposal, *, side: Side) -> Verdict:
    """Everything that stands against ``proposal`` under ``covenant``; nothing means it is lawful here.

    In acute danger (AVG 6(1)(d)) what the catalogue calls deferrable becomes a duty. Both sides do the same, so a receiver does
    not refuse what a sender was right to send.
    """
    scene = scene_of(covenant, proposal, side)
    found = [finding for gate in MESSAGE_GATES for finding in gate(scene)]
    if proposal.kind is not Kind.REPLY or proposal.items:
        found += [finding for gate in FULL_GATES for finding in gate(scene)]
    for number, item in enumerate(proposal.items):
        about = about_item(scene, number, item)
        found += [finding for gate in ITEM_GATES for finding in gate(about)]
    once = {(finding.code, finding.item): finding for finding in reversed(found)}
    findings = tuple(once[key] for key in reversed(once))
    duties = tuple(f for f in findings if f.refusal.deferrable and not f.final) if scene.acute else ()
    if duties:
        findings = tuple(f for f in findings if f not in duties)
    return Verdict(findings, tuple(f for warn in WARNINGS for f in warn(scene)), duties)


def scene_of(covenant: Covenant, proposal: Proposal, side: Side) -> Scene:
    """What the gates for the message as a whole look at."""
    index = covenant.index
    recipient = index.partners.get(proposal.recipient)
    return Scene(covenant, index, proposal, side, {"recipient": recipient.name} if recipient else {})


def about_item(scene: Scene, number: int, item: ItemFacts) -> ItemScene:
    """What the gates for one item look at."""
    proposal, index = scene.proposal, scene.index
    # The record carries its regime. What the police gives, or once gave, is police data whatever the message claims.
    police = index.under_wpg(proposal.sender) or index.under_wpg(item.origin_partner)
    regime = Regime.WPG if police else item.origin_regime
    return ItemScene(
        scene.covenant,
        index,
        proposal,
        scene.side,
        scene.recipient_name,
        number,
        item,
        index.categories.get(item.category),
        index.row(item.category, scene.taker, proposal.sender),
        regime,
    )
