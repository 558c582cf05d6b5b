"""Which gates had something to look at, and what each of them said: for people who ask beforehand.

:func:`~exchange.domain.gates.judge` decides; this tells the same, gate by gate, and is asked only by whoever wants to read it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from exchange.domain.covenant import Covenant
from exchange.domain.gates import about_item, scene_of
from exchange.domain.proposal import Finding, Outcome, Proposal
from exchange.domain.refusals import CATALOGUE
from exchange.domain.scene import CALLED, FULL_GATES, ITEM_GATES, MESSAGE_GATES, Scene
from exchange.domain.vocabulary import Kind, Side

_WORST: Final = (Outcome.ALLOW, Outcome.ALLOW_WITH_DUTIES, Outcome.REFUSE)


@dataclass(frozen=True, slots=True)
class Looked:
    """What one gate said."""

    code: str
    """What it refuses with."""
    title: str
    """In English, the key of the sentence in other languages."""
    outcome: Outcome

    @property
    def article(self) -> str:
        """Where it is written, with the numbers of the model."""
        return CATALOGUE[self.code].article


def looks(covenant: Covenant, proposal: Proposal, *, side: Side) -> Iterator[Looked]:
    """Every gate that had something to look at; one that judges items once per item."""
    scene = scene_of(covenant, proposal, side)
    yield from _by(MESSAGE_GATES, scene)
    if proposal.kind is not Kind.REPLY or proposal.items:
        yield from _by(FULL_GATES, scene)
    for number, item in enumerate(proposal.items):
        yield from _by(ITEM_GATES, about_item(scene, number, item))


def merged(found: Iterable[Looked]) -> list[Looked]:
    """Each kind of look once, with the worst that was said, in order of appearance."""
    worst: dict[tuple[str, str], Looked] = {}
    for look in found:
        known = worst.get((look.code, look.title))
        if known is None or _WORST.index(look.outcome) > _WORST.index(known.outcome):
            worst[look.code, look.title] = look
    return list(worst.values())


def _by(gates: Sequence[Any], scene: Scene) -> Iterator[Looked]:
    for gate in gates:
        called, findings = CALLED[gate.__name__], list(gate(scene))
        if findings or called.when(scene):
            yield Looked(called.code, called.title, _outcome(scene, findings))


def _outcome(scene: Scene, findings: Sequence[Finding]) -> Outcome:
    """In acute danger what the catalogue calls deferrable is owed, as the verdict has it."""
    if not findings:
        return Outcome.ALLOW
    owed = scene.acute and all(one.refusal.deferrable and not one.final for one in findings)
    return Outcome.ALLOW_WITH_DUTIES if owed else Outcome.REFUSE
