"""The minutes of a case conference: agreements and decisions per agenda item, and nothing verbatim; and their publication."""

from __future__ import annotations

from uuid import UUID, uuid4

from exchange.domain import conference as domain
from exchange.domain import events as e
from exchange.domain.event import Event, Gone
from exchange.errors import ConflictError, NotAllowedError, NotFoundError
from exchange.node import conference_forms as cf
from exchange.node.commands import Result, allow
from exchange.node.conference_table import CHAIR, Table
from exchange.node.drafting import iso_day
from exchange.node.numbers import no_number
from exchange.node.service import Actor, Idempotency
from exchange.node.work import Fresh
from exchange.node.writer import Tx
from exchange.wire import conference as w
from exchange.wire import messages as m


class Minuting(Table):
    """Writing down and publishing, at the chair's partner."""

    async def minutes(
        self, actor: Actor, conference: UUID, form: cf.MinutesForm, key: Idempotency | None
    ) -> list[UUID]:
        """Write down agreements and decisions on one agenda item; gives the ids of the agreements.

        Raises:
            NotAllowedError: Only the chair and the minutes taker of this conference minute it.
        """
        allow(actor, "conference.minutes")
        state = await self.chaired_here(actor, conference)
        if CHAIR not in actor.roles and actor.id != state.minutes_taker:
            raise NotAllowedError("Only the chair and the minutes taker of this conference write its minutes.")
        item = state.agenda.get(form.item)
        if item is None:
            raise NotFoundError("There is no such item on the agenda of this conference.")
        await self._judged_outcome(actor, state, item, form)

        def unit(tx: Tx, fresh: list[Fresh]) -> tuple[UUID, Result]:  # noqa: ARG001 - nothing is sent before it is published
            self._room_for(tx, conference, form)
            made = [self._agree(tx, actor, conference, item, one) for one in form.agreements]
            for text in form.decisions:
                term = self.term
                self._say(tx, e.DecisionMade, conference, key_id=tx.new_key(term), retention=term, item=item.item,
                          case=item.case, decision=uuid4(), by=actor.id, text=text)  # fmt: skip
            return conference, {"agreements": [str(one) for one in made]}

        _, result = await self.carry_out(actor, f"conference.minutes:{conference}", key, form, unit)
        made = result["agreements"]
        return [UUID(one) for one in made] if isinstance(made, list) else []

    def _room_for(self, tx: Tx, conference: UUID, form: cf.MinutesForm) -> None:
        """An outcome has to fit in one message."""
        facts = self.facts(conference, tx)
        for cls, more in ((e.AgreementMade, form.agreements), (e.DecisionMade, form.decisions)):
            if sum(isinstance(f, cls) and f.item == form.item for f in facts) + len(more) > w.MOST:
                raise ConflictError(
                    "One agenda item holds at most {most} agreements and {most} decisions.", most=w.MOST
                )

    def _agree(self, tx: Tx, actor: Actor, conference: UUID, item: domain.AgendaItem, form: cf.AgreementForm) -> UUID:
        agreement, term = uuid4(), self.term
        self._say(
            tx, e.AgreementMade, conference, key_id=tx.new_key(term), retention=term, item=item.item, case=item.case,
            agreement=agreement, owner=form.owner, due=form.due.isoformat(), by=actor.id, action=form.action,
            third_party=form.third_party,
        )  # fmt: skip
        return agreement

    async def _judged_outcome(
        self, actor: Actor, state: domain.Conference, item: domain.AgendaItem, form: cf.MinutesForm
    ) -> None:
        """What cannot be published must not be minuted either."""
        told = w.Outcome(
            conference=state.conference, item=item.item, case=item.case, version=1,
            agreements=[
                w.Agreement(agreement=uuid4(), action=one.action, owner=one.owner, due=one.due.isoformat(),
                            third_party=one.third_party) for one in form.agreements
            ],
            decisions=[w.Resolution(decision=uuid4(), text=text) for text in form.decisions],
        )  # fmt: skip
        for partner in sorted(item.partners):
            if self.connected(partner):
                await self._post.judged(actor, partner, m.Kind.OUTCOME, told)
        no_number(*told.texts())  # also when nobody else is told

    async def outcome(self, actor: Actor, conference: UUID, form: cf.OutcomeForm, key: Idempotency | None) -> None:
        """Publish agreements and decisions: of each agenda item, to the partners in scope of it, and to nobody else."""
        allow(actor, "conference.outcome")
        await self.chaired_here(actor, conference)

        def unit(tx: Tx, fresh: list[Fresh]) -> tuple[UUID, Result]:
            state = self.state(conference, tx)
            for item in form.items or sorted(state.agenda):
                if item not in state.agenda:
                    raise NotFoundError("There is no such item on the agenda of this conference.")
                fresh += self._publish(tx, actor, state, item, iso_day(form.next_date))
            return conference, {}

        await self.carry_out(actor, f"conference.outcome:{conference}", key, form, unit)

    def _publish(
        self, tx: Tx, actor: Actor, state: domain.Conference, item: UUID, next_date: str | None
    ) -> list[Fresh]:
        version = state.published.get(item, 0) + 1
        conference = state.conference
        self._say(tx, e.OutcomePublished, conference, item=item, version=version, next_date=next_date, by=actor.id)
        told = outcome_of(self.facts(conference, tx), state.agenda[item], conference, version, next_date)
        return [
            self._post.compose(tx, recipient=partner, kind=m.Kind.OUTCOME, work=told, act=conference, by=actor.id)
            for partner in sorted(state.scope(item))
            if self.connected(partner)
        ]


def outcome_of(
    facts: list[Event], item: domain.AgendaItem, conference: UUID, version: int, next_date: str | None
) -> w.Outcome:
    """The outcome of one agenda item; what was erased meanwhile is left out."""
    agreements = [f for f in facts if isinstance(f, e.AgreementMade) and f.item == item.item]
    decisions = [f for f in facts if isinstance(f, e.DecisionMade) and f.item == item.item]
    return w.Outcome(
        conference=conference,
        item=item.item,
        case=item.case,
        version=version,
        agreements=[
            w.Agreement(
                agreement=one.agreement, action=one.action, owner=one.owner, due=one.due, third_party=one.third_party
            )
            for one in agreements
            if not isinstance(one.action, Gone) and not isinstance(one.third_party, Gone)
        ],
        decisions=[
            w.Resolution(decision=one.decision, text=one.text) for one in decisions if not isinstance(one.text, Gone)
        ],
        next_date=next_date,
    )
