"""Drafts, proposals and suggestions of the node in memory: canned answers about invented persons, the role asked before each."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from exchange.domain.covenant import Covenant
from exchange.errors import NotFoundError
from exchange.node import completing
from exchange.node import draft_forms as df
from exchange.node import forms as f
from exchange.node.drafts import Lacks, Proposed

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
DRAFT = UUID(int=80)
PROFILE: dict[str, Any] = {
    "code": "WONING_HULP", "title": "Zorg over een woning", "kind": "disclosure", "purpose": "P0_ONDERSTEUNING",
    "context": "CASUS", "necessity": "Nodig voor hulp.", "proportionality": "Alleen de woning.",
    "subsidiarity": "Gesprek hielp niet.", "source": "voorstel",
    "items": [{"category": "HUISVESTING", "fields": ["staat"]}],
    "senders": [{"partner": "actium", "basis": "A6_1_f", "task": "woningwet"}],
    "recipients": [
        {"partner": "welzijn", "basis": "A6_1_f", "task": "wmo"}, {"partner": "gemeente", "basis": "A6_1_f", "task": "jeugd"},
    ],
}  # fmt: skip


@cache
def _covenant(document: str) -> Covenant:
    return Covenant.parse(document)


def completed(document: dict[str, Any], form: f.OpenForm) -> f.ShareForm:
    """As the node does it, with the fake's covenant."""
    return completing.completed(_covenant(json.dumps(document)), "actium", form)


class Drafts:
    """Keeps forms in memory."""

    def __init__(self, node: Any, document: dict[str, Any]) -> None:
        self._node = node
        self._document = document
        self.kept: dict[UUID, f.OpenForm] = {}
        self.proposed: list[tuple[UUID, df.ProposalForm]] = []
        self.fresh = True

    def _row(self, draft: UUID) -> df.DraftRow:
        if draft not in self.kept:
            raise NotFoundError("There is no such draft.")
        form = self.kept[draft]
        return df.DraftRow(
            draft=draft, kind=form.kind or "disclosure", profile=form.profile, origin="own", proposal=False, at=NOW,
            keep_until=date(2026, 3, 16),
        )  # fmt: skip

    async def save(self, actor: Any, form: f.OpenForm, key: Any) -> df.DraftRow:
        self._node.use(actor, "draft.save", form)
        draft = UUID(int=DRAFT.int + len(self.kept))
        self.kept[draft] = form
        return self._row(draft)

    async def change(self, actor: Any, draft: UUID, form: f.OpenForm) -> df.DraftRow:
        self._node.use(actor, "draft.save", (draft, form))
        self._row(draft)
        self.kept[draft] = form
        return self._row(draft)

    def all(self, actor: Any) -> list[df.DraftRow]:
        self._node.use(actor, "draft.list")
        return [self._row(draft) for draft in self.kept]

    async def read(self, actor: Any, draft: UUID) -> df.DraftAnswer:
        self._node.use(actor, "draft.read", draft)
        return df.DraftAnswer(row=self._row(draft), subject_label="Jelle Verzonnen", form=self.kept[draft])

    async def explain(self, actor: Any, draft: UUID) -> Lacks:
        self._node.use(actor, "draft.read", draft)
        self._row(draft)
        covenant = _covenant(json.dumps(self._document))
        missing = completing.lacking(covenant, "actium", self.kept[draft])
        would = [
            f.Explanation(partner=r.partner, allowed=True, refusals=[], gates=[]) for r in self.kept[draft].recipients
        ]
        return Lacks(missing, [] if missing else would)

    async def send(self, actor: Any, draft: UUID, key: Any) -> f.ActAnswer:
        self._row(draft)
        return await self._node.share(actor, completed(self._document, self.kept.pop(draft)), key)

    async def discard(self, actor: Any, draft: UUID) -> None:
        self._node.use(actor, "draft.discard", draft)
        self._row(draft)
        del self.kept[draft]

    async def propose(self, system: UUID, form: df.ProposalForm) -> Proposed:
        self.proposed.append((system, form))
        return Proposed(DRAFT, fresh=self.fresh)


def suggestion(kind: Any) -> df.SuggestionAnswer:
    """One way, with one thing that is open and one that needs a ground."""
    return df.SuggestionAnswer(
        kind=kind, bases=["A6_1_f"], tasks=["woningwet"], contexts=["CASUS"], signal_kinds=[], profiles=["WONING_HULP"],
        notice=True, weighing=True, told=["welzijn"],
        ways=[
            df.WayAnswer(
                recipient="welzijn", purpose="P0_ONDERSTEUNING", bases=["A6_1_e", "A6_1_f"], decision=False,
                offers=[
                    df.OfferAnswer(
                        category="HUISVESTING", fields=["staat"], tasks=["wmo"], lifts=[], police=False, secrecy=False
                    ),
                    df.OfferAnswer(
                        category="GEZONDHEID", fields=["situatie"], tasks=[], police=False, secrecy=True,
                        lifts=[df.LiftAnswer(ground="UAVG_30_3_a", tasks=["wmo"])],
                    ),
                ],
            )
        ],
    )  # fmt: skip
