"""The casework of the node in memory: canned answers about invented persons, and the role asked before each."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from exchange.domain.casework import ActionStatus, Phase
from exchange.node import casework_forms as cf
from exchange.node import forms as f

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
CASE = UUID(int=50)
SIGNAL = UUID(int=60)
MESSAGE = "ab" * 32
ROW = cf.CaseRow(
    case=CASE, keeper="gemeente", lead="welzijn", phase=Phase.PLAN, inside=True, partners=["gemeente", "welzijn"],
    opened_at=NOW, closed_at=None, review_due=date(2026, 4, 1), review_overdue=False, open_actions=1, overdue_actions=0,
    mine=True,
)  # fmt: skip
NOTED = cf.SignalRow(source=str(SIGNAL), origin="own", partner=None, at=NOW, outcome=None, case=None)


class Room:
    """Asks the node's fake for the role and remembers the call."""

    def __init__(self, node: Any) -> None:
        self._use = node._use


class Signals(Room):
    async def note(self, actor: Any, form: cf.NoteForm, key: Any) -> cf.SignalRow:
        self._use(actor, "signal.note", form)
        return NOTED

    def all(self, actor: Any, *, waiting: bool = False) -> list[cf.SignalRow]:
        self._use(actor, "signal.list", waiting)
        return [NOTED]

    async def read(self, actor: Any, signal: UUID, reason: str = "") -> cf.SignalAnswer:
        self._use(actor, "signal.read", (signal, reason))
        return cf.SignalAnswer(
            signal=SIGNAL, at=NOW, subject=UUID(int=7), subject_label="Aaltje Bedacht", kind="EENZAAMHEID",
            reporter_kind="ANONIEM", rationale="Gebaat bij bezoek.", facts=["Gordijnen dicht."], opinions=[],
            outcome=None, case=None,
        )  # fmt: skip

    async def reporter(self, actor: Any, signal: UUID) -> cf.ReporterAnswer:
        self._use(actor, "signal.reporter", signal)
        return cf.ReporterAnswer(signal=SIGNAL, identity=None)

    async def triage(self, actor: Any, form: cf.TriageForm, key: Any) -> cf.TriageAnswer:
        self._use(actor, "signal.triage", form)
        return cf.TriageAnswer(source=form.source, outcome=form.outcome, case=form.case)


class Cases(Room):
    def all(self, actor: Any) -> list[cf.CaseRow]:
        self._use(actor, "case.list")
        return [ROW]

    async def read(self, actor: Any, case: UUID, reason: str = "") -> cf.CaseAnswer:
        self._use(actor, "case.read", (case, reason))
        action = cf.ActionAnswer(
            action=UUID(int=51), owner="welzijn", due=date(2026, 3, 16), status=ActionStatus.OPEN, overdue=False,
            agreement=None, text="Opruimhulp regelen.", result="",
        )  # fmt: skip
        step = cf.StepAnswer(
            at=NOW, what="case/opened/1", detail="lead=actium", by=actor.id, reason=None, log_index=3
        )  # its text was erased
        looked = step.model_copy(update={"what": "case/opened-outside-circle/1", "detail": "view=case.read"})
        return cf.CaseAnswer(
            row=ROW, problem=None, coordinator=actor.id, close_reason=None, next_phases=[Phase.EXECUTION],
            people=[cf.PersonAnswer(subject=UUID(int=7), label="Aaltje Bedacht", main=True)],
            goals=[cf.GoalAnswer(goal=UUID(int=52), text="Bezoek per week.", reached=True)], actions=[action],
            allocations=[], signals=[MESSAGE], circle=[actor.id], history=[step, looked],
        )  # fmt: skip

    async def open(self, actor: Any, form: cf.CaseForm, key: Any) -> cf.CaseRow:
        self._use(actor, "case.open", form)
        return ROW

    async def _changed(self, actor: Any, case: UUID, form: Any, key: Any) -> cf.CaseRow:
        self._use(actor, "case.change", form)
        return ROW

    move = set_scope = set_lead = add_subject = set_goal = set_action = set_review = allocate = _changed


class Circle(Room):
    async def change(self, actor: Any, case: UUID, form: cf.CircleForm) -> list[UUID]:
        self._use(actor, "circle.change", form)
        return [actor.id, form.actor]

    async def designate(self, actor: Any, form: cf.ReceiverForm) -> list[cf.ReceiverAnswer]:
        self._use(actor, "wpg.designate", form)
        return [cf.ReceiverAnswer(actor=form.actor, since=NOW, by=actor.id)]

    def receivers(self, actor: Any) -> list[cf.ReceiverAnswer]:
        self._use(actor, "wpg.receivers")
        return []

    async def openings(self, actor: Any, *, everything: bool = False) -> list[cf.OpeningAnswer]:
        self._use(actor, "circle.openings", everything)
        return [
            cf.OpeningAnswer(
                opening=UUID(int=53), ground="circle", case=CASE, message=None, view="case.read", by=UUID(int=9),
                name="Proef Collega", at=NOW, reason="Waarneming.", verdict=None, reviewed_by=None, reviewed_at=None,
            )
        ]  # fmt: skip

    async def review(self, actor: Any, opening: UUID, form: cf.OpeningReviewForm) -> None:
        self._use(actor, "circle.review", form)


class ThirdParties(Room):
    async def disclose(self, actor: Any, form: cf.ThirdPartyForm, key: Any) -> f.ActAnswer:
        self._use(actor, "third-party.disclose", form)
        told = f.MessageStatus(partner="DERDE", message=None, sequence=None, state="stated")
        return f.ActAnswer(act=UUID(int=54), log_index=9, messages=[told])

    async def all(self, actor: Any) -> list[cf.ThirdPartyRow]:
        self._use(actor, "third-party.list")
        return [
            cf.ThirdPartyRow(
                act=UUID(int=54), case=CASE, name="Zorgteam Fictie", agreement=UUID(int=55), allocation=None,
                channel="PHONE", occurred_on=date(2026, 3, 2), at=NOW, by=actor.id, categories=["HUISVESTING"],
                basis=["A6_1_e", "WMO_2_3_2"],
            )
        ]  # fmt: skip


class Feedback(Room):
    def all(self, actor: Any, *, overdue: bool = False) -> list[cf.FeedbackRow]:
        self._use(actor, "feedback.list", overdue)
        return [
            cf.FeedbackRow(
                message=MESSAGE,
                partner="welzijn",
                direction="received",
                due=date(2026, 3, 1),
                state="open",
                overdue=True,
            )
        ]
