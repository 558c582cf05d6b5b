"""The use cases of casework, wired together once for the node."""

from __future__ import annotations

from dataclasses import dataclass

from exchange.node.actors import Actors
from exchange.node.case_reading import CaseReading
from exchange.node.case_sharing import CaseSharing
from exchange.node.casework import Cases
from exchange.node.circle import Circle
from exchange.node.context import Context
from exchange.node.drafting import Drafting
from exchange.node.feedback import Feedback
from exchange.node.register import Reads
from exchange.node.third_parties import ThirdParties
from exchange.node.triage import Signals
from exchange.node.work import Post


@dataclass(frozen=True)
class Casework:
    """Signals, cases, who may look, third parties, feedback."""

    circle: Circle
    cases: Cases
    signals: Signals
    third_parties: ThirdParties
    feedback: Feedback

    @classmethod
    def of(cls, ctx: Context, reads: Reads, post: Post, drafting: Drafting, actors: Actors) -> Casework:
        """Over the parts of a node."""
        circle = Circle(ctx, reads, actors)
        cases = Cases(ctx, CaseSharing(ctx, post), circle, CaseReading(ctx, circle, reads))
        return cls(
            circle=circle,
            cases=cases,
            signals=Signals(ctx, cases, circle, reads, post),
            third_parties=ThirdParties(ctx, circle, reads, drafting),
            feedback=Feedback(ctx),
        )
