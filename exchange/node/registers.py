"""What is on record about the partner itself: Wpg decisions, trainings, the processing register."""

from __future__ import annotations

from functools import partial
from uuid import UUID, uuid4

from exchange.domain import events as e
from exchange.domain import facts as d
from exchange.domain.duties import Good
from exchange.domain.vocabulary import LEGAL_BASES, Regime
from exchange.errors import InputError, NotFoundError
from exchange.node import duties as owed
from exchange.node import facts_forms as ff
from exchange.node.commands import Result, allow, once
from exchange.node.facts_records import Records
from exchange.node.service import Actor, Idempotency
from exchange.node.writer import Tx


class Registers(Records):
    """See the module."""

    # ------------------------------------------------------------------------------------ Wpg decisions

    async def register_decision(self, actor: Actor, form: ff.DecisionForm, key: Idempotency | None) -> ff.FactAnswer:
        """Record a decision to disclose police data (Wpg 16, 18, 19, 20(2)); only whose own records fall under the Wpg."""
        allow(actor, "wpg-decision.register")
        if self._ctx.me.regime is not Regime.WPG:
            raise InputError("Only a partner whose own records fall under the Wpg decides to disclose them.")
        self._partners(form.recipients)
        partners = self._ctx.covenants.current.covenant.index.partners
        d.decide_decision(
            form.ground,
            form.goal,
            authority=form.authority,
            agreed_on=form.agreed_on,
            decided_on=form.decided_on,
            valid_until=form.valid_until,
            today=self._today(),
            served={slug: partners[slug].wpg_grounds for slug in form.recipients},
        )
        self._partners(form.recipients)
        categories = self._ctx.covenants.current.covenant.index.categories
        self._known(form.categories, categories)
        self._known(form.fields or (), {field for category in categories.values() for field in category.fields})
        await self._no_number(
            actor, "wpg-decision", [form.reference, form.signed_by, form.interest, form.purpose, *form.conditions]
        )
        return await self._record(actor, "wpg-decision.register", form, key, partial(self._decision, actor, form))

    def _decision(self, actor: Actor, form: ff.DecisionForm, tx: Tx, fact: UUID) -> int:
        return tx.append(
            e.WpgDecisionRegistered(
                **self._sealed(tx, actor, fact),
                ground=form.ground,
                goal=form.goal,
                recipients=tuple(sorted(set(form.recipients))),
                categories=tuple(sorted(set(form.categories))),
                fields=tuple(sorted(set(form.fields))) if form.fields is not None else None,
                authority=form.authority,
                agreed_on=form.agreed_on.isoformat() if form.agreed_on else None,
                decided_on=form.decided_on.isoformat(),
                valid_until=form.valid_until.isoformat(),
                document=form.document,
                reference=form.reference,
                signed_by=form.signed_by,
                interest=form.interest,
                purpose=form.purpose,
                conditions=list(form.conditions),
            )
        ).index

    async def withdraw_decision(self, actor: Actor, decision: UUID, form: ff.WhyForm) -> None:
        """From now on it carries nothing."""
        allow(actor, "wpg-decision.withdraw")
        await self._no_number(actor, "wpg-decision", [form.reason])

        def unit(tx: Tx) -> None:
            known = self._ctx.facts.decisions.get(decision)
            row = self._ctx.ledger.one("SELECT key_id FROM facts WHERE fact=? AND state='live'", str(decision))
            if known is None or row is None:
                raise NotFoundError("There is no such Wpg decision in force at this node.")
            tx.append(
                e.WpgDecisionWithdrawn(
                    originator_id=decision, at=tx.now, key_id=row["key_id"], by=actor.id, reason=form.reason
                )
            )

        await self._ctx.writer.run(unit)

    async def decisions(self, actor: Actor) -> list[ff.DecisionAnswer]:
        """Every decision on record."""
        allow(actor, "wpg-decision.list")
        return self._shown.decisions(self._today())

    # ------------------------------------------------------------------------------------ trainings

    async def record_training(self, actor: Actor, form: ff.TrainingForm) -> None:
        """An actor followed a privacy training (covenant article 12.1); of another only who looks after the covenant says so."""
        who = form.actor or actor.id
        allow(actor, "training.record" if who == actor.id else "training.record-others")
        if form.followed_on > self._today():
            raise InputError("A training is recorded after it was followed; this day has still to come.")
        if who != actor.id:
            self._actors.answer(who)

        def unit(tx: Tx) -> None:
            tx.append(
                e.TrainingFollowed(
                    originator_id=uuid4(), at=tx.now, actor=who, followed_on=form.followed_on.isoformat(), by=actor.id
                )
            )
            term = self._ctx.covenants.current.covenant.index.training_term
            if term is None or self._today() <= term.after(form.followed_on):
                owed.made_good(tx, self._ctx, actor.id, Good.TRAINING, None, where="owner=?", values=(str(who),))

        await self._ctx.writer.run(unit)

    async def trainings(self, actor: Actor) -> list[ff.TrainingAnswer]:
        """The last training of everybody who followed one."""
        allow(actor, "training.list")
        return self._shown.trainings(self._today())

    # ------------------------------------------------------------------------------------ the processing register

    async def register_activity(
        self, actor: Actor, form: ff.ActivityForm, key: Idempotency | None
    ) -> ff.ActivityAnswer:
        """A new or changed entry of the processing register; every change gives it a new identifier (article 13.1)."""
        allow(actor, "activity.register")
        self._known_activity(form)
        await self._no_number(actor, "activity", [form.name])
        before = self._ctx.facts.activities.get(form.entry) if form.entry is not None else None
        if form.entry is not None and before is None:
            raise NotFoundError("There is no such entry in the processing register.")
        entry = form.entry or uuid4()

        def unit(tx: Tx) -> tuple[UUID, Result]:
            tx.append(
                e.ActivityRegistered(
                    **self._sealed(tx, actor, entry),
                    activity=uuid4().urn,
                    replaces=before.uri if before else None,
                    name=form.name,
                    purposes=tuple(form.purposes),
                    categories=tuple(form.categories),
                    recipients=tuple(form.recipients),
                    bases=tuple(form.bases),
                    classes=tuple(form.retention),
                    confidential=form.confidential,
                )
            )
            self._settle_register(tx, actor, form, entry)
            return entry, {}

        made, _ = await once(self._ctx, actor, "activity.register", key, form, unit)
        return next(a for a in self._shown.activities() if a.entry == made)

    def _known_activity(self, form: ff.ActivityForm) -> None:
        """Everything in it but its name stands in a public line: codes that the covenant or the law knows, and no others."""
        index = self._ctx.covenants.current.covenant.index
        self._partners(form.recipients)
        for codes, known in (
            (form.purposes, index.purposes),
            (form.categories, index.categories),
            (form.bases, LEGAL_BASES),
            (form.retention, index.retention),
        ):
            self._known(codes, known)

    def _settle_register(self, tx: Tx, actor: Actor, form: ff.ActivityForm, entry: UUID) -> None:
        """Duties to register what this entry now covers."""
        covered = d.Activity("", frozenset(form.purposes), frozenset(form.categories), frozenset(form.recipients))
        for row in self._ctx.ledger.rows("SELECT duty, act, partner FROM duties WHERE good IS NULL AND code='R13'"):
            items = self._ctx.ledger.rows("SELECT category, purpose FROM items WHERE act=?", row["act"])
            if all(covered.covers(item["purpose"], [item["category"]], row["partner"]) for item in items):
                owed.made_good(tx, self._ctx, actor.id, Good.ACTIVITY, entry, where="duty=?", values=(row["duty"],))

    async def end_activity(self, actor: Actor, entry: UUID) -> None:
        """The processing stopped."""
        allow(actor, "activity.end")
        known = self._ctx.facts.activities.get(entry)
        if known is None:
            raise NotFoundError("There is no such entry in the processing register.")
        await self._ctx.writer.run(
            lambda tx: tx.append(e.ActivityEnded(originator_id=entry, at=tx.now, activity=known.uri, by=actor.id))
        )

    async def activities(self, actor: Actor) -> list[ff.ActivityAnswer]:
        """The processing register as it stands."""
        allow(actor, "activity.list")
        return self._shown.activities()
