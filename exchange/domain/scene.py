"""What a gate sees, and how it is entered in the list of gates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from exchange.domain.bsn import BsnFinding, scan
from exchange.domain.covenant import Category, Covenant, Row
from exchange.domain.lookup import Index
from exchange.domain.proposal import Finding, ItemFacts, Proposal
from exchange.domain.vocabulary import THIRD_PARTY, VITAL_INTEREST, Regime, Side


@dataclass(frozen=True, slots=True)
class Scene:
    """What every gate looks at."""

    covenant: Covenant
    index: Index
    proposal: Proposal
    side: Side
    recipient_name: Mapping[str, str]

    @property
    def outside(self) -> bool:
        """Whether it is given to somebody who is no partner, under article 8."""
        return self.proposal.third_party is not None and self.proposal.recipient not in self.index.partners

    @property
    def taker(self) -> str:
        """How rules speak of the recipient."""
        return THIRD_PARTY if self.outside else self.proposal.recipient

    @property
    def acute(self) -> bool:
        """Whether acute danger is named, with whose vital interest, and is what it rests on (AVG 6(1)(d))."""
        emergency = self.proposal.emergency
        return (
            emergency is not None
            and bool(emergency.danger.strip())
            and emergency.interest_of in {"SUBJECT", "OTHER"}
            and self.proposal.sender_basis == VITAL_INTEREST
        )


@dataclass(frozen=True, slots=True)
class ItemScene(Scene):
    """The same, for one item, with the rules that hold for it."""

    number: int
    item: ItemFacts
    category: Category | None
    row: Row | None
    regime: Regime

    def refuse(self, code: str, params: Mapping[str, str] | None = None) -> Finding:
        """A finding about this item."""
        return Finding(code, self.number, params or {})


@dataclass(frozen=True, slots=True)
class Called:
    """How people call a gate, and when it has something to look at."""

    title: str
    """Marked with ``N_``."""
    code: str
    """What it refuses with; the catalogue says in which article that stands."""
    when: Callable[[Any], bool]


MessageGate = Callable[[Scene], Iterator[Finding]]
ItemGate = Callable[[ItemScene], Iterator[Finding]]
MESSAGE_GATES: Final[list[MessageGate]] = []
FULL_GATES: Final[list[MessageGate]] = []
ITEM_GATES: Final[list[ItemGate]] = []
WARNINGS: Final[list[MessageGate]] = []
"""Like gates, but what they find is shown and stops nothing."""


CALLED: Final[dict[str, Called]] = {}
"""Name of a gate's function -> how people call it."""
Gate = TypeVar("Gate", MessageGate, ItemGate)


def called(title: str, code: str, when: Callable[[Any], bool] = lambda _: True) -> Callable[[Gate], Gate]:
    """How people call a gate; ``when`` tells of a scene whether the gate has something to look at there."""

    def register(gate: Gate) -> Gate:
        CALLED[gate.__name__] = Called(title, code, when)
        return gate

    return register


def message_gate(gate: MessageGate) -> MessageGate:
    """A gate for every message, also for a bare reply."""
    MESSAGE_GATES.append(gate)
    return gate


def full_gate(gate: MessageGate) -> MessageGate:
    """A gate for a message that brings something new: a signal, a disclosure, a reply with items."""
    FULL_GATES.append(gate)
    return gate


def item_gate(gate: ItemGate) -> ItemGate:
    """A gate for one item."""
    ITEM_GATES.append(gate)
    return gate


def warning(gate: MessageGate) -> MessageGate:
    """Something to say of a message that goes all the same."""
    WARNINGS.append(gate)
    return gate


def find_numbers(text: str, scene: Scene, item: int | None) -> Iterator[Finding]:
    """A BSN in ``text``, or a number that a person has to confirm is none."""
    found = scan(text)
    if found is BsnFinding.CERTAIN:
        yield Finding("R02", item, scene.recipient_name)
    elif found is BsnFinding.ASK and not scene.proposal.numbers_confirmed:
        yield Finding("R34", item)


def find_words(text: str, scene: Scene, item: int | None) -> Iterator[Finding]:
    """Words in ``text`` by which the covenant recognises a forbidden kind of message."""
    if not text or not scene.index.text_rules:
        return
    plain = text.casefold()
    for code, groups in scene.index.text_rules:
        for group in groups:  # plain loops: this runs for every word of the covenant on every text
            for word in group:
                if word in plain:
                    break
            else:  # no word of this group
                break
        else:  # a word of every group
            yield Finding(code, item)
