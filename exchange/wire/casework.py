"""What a partner in the scope of a case is told about it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from exchange.wire.messages import Hex32, Slug, Text, Uid, Work

Phase = Literal[
    "SIGNALERING", "TRIAGE", "CASUSOVERLEG", "PLAN", "UITVOERING", "AFSCHALING", "NAZORG", "GESLOTEN"
]  # fmt: skip


class Case(Work):
    """How a case stands, from the partner that coordinates it, to one partner that is (or no longer is) in its scope.

    Whoever is taken out of scope is told so and nothing else: no problem, no subjects, no other partners.
    """

    case: Uid
    inside: bool
    """Whether the recipient is in the scope of the case."""
    phase: Phase
    lead: Slug
    partners: list[Slug] = Field(default_factory=list, max_length=256)
    """Everybody in scope, the sender and the recipient among them: to these, within the case, the recipient may disclose."""
    problem: Text = ""
    """The collective problem: why the case touches the neighbourhood."""
    subjects: list[Hex32] = Field(default_factory=list, max_length=16)
    """Pairwise references, the main subject first. Who they are is told by an identity item, which passes every gate."""

    def texts(self) -> list[str]:
        """The problem."""
        return [self.problem]
