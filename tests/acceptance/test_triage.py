"""Scenario 3, and what becomes of a signal: judged by a person, taken up or not, kept as long as that. Persons are invented."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from case_forms import HOUSE, TO_GEMEENTE, share_form
from case_play import AALTJE, PROBLEM, amend, enforced
from memory_world import MemoryWorld

from exchange.domain.casework import CloseReason, Outcome, Phase
from exchange.domain.retention import Trigger
from exchange.errors import ConflictError, InputError, NotAllowedError, NotFoundError
from exchange.node import casework_forms as cf
from exchange.node import forms as f
from exchange.node.service import Actor


async def test_a_signal_is_judged_by_a_person_for_good_and_with_what_its_outcome_needs(
    founded: Path, tmp_path: Path
) -> None:
    async with MemoryWorld.copied(founded, tmp_path, ["welzijn"]) as world:
        signals, worker = world.nodes["welzijn"].signals, world.actor("welzijn")
        note = cf.NoteForm(kind="LEEFBAARHEID", reporter_kind="PROFESSIONAL", facts=["Er ligt zwerfvuil."])
        source = (await signals.note(worker, note, None)).source

        def form(outcome: Outcome, **more: Any) -> cf.TriageForm:
            return cf.TriageForm(source=source, outcome=outcome, reason="Beoordeeld in het wijkteam.", **more)

        with pytest.raises(NotAllowedError, match="person judges"):
            await signals.triage(Actor(worker.id, "system", worker.roles), form(Outcome.OWN_TASK), None)
        with pytest.raises(InputError, match="CASUS"):
            await signals.triage(worker, form(Outcome.CASE), None)
        await signals.triage(worker, form(Outcome.TOO_LITTLE), None)
        await signals.triage(worker, form(Outcome.REFERRED), None)
        with pytest.raises(ConflictError, match="DOORVERWEZEN"):
            await signals.triage(worker, form(Outcome.OWN_TASK), None)
        with pytest.raises(NotFoundError):
            await signals.triage(worker, form(Outcome.OWN_TASK).model_copy(update={"source": str(uuid4())}), None)
        for wrong, words in (
            ({"kind": "OPSPORING"}, "kinds of signal"),
            ({"facts": ["Zijn bsn is 999990342."]}, "citizen service number"),
            ({"subject": await world.person("welzijn", **AALTJE)}, "could benefit"),
        ):
            with pytest.raises(InputError, match=words):
                await signals.note(worker, note.model_copy(update=wrong), None)


async def test_what_a_case_takes_up_outlives_the_term_of_a_signal_and_what_nobody_takes_up_does_not(
    founded: Path, tmp_path: Path
) -> None:
    async with MemoryWorld.copied(founded, tmp_path) as world:
        gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
        jelle = await world.person("actium")
        taken, left = [
            (await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE, kind="signal", signal_kind="VERVUILING")))
            .messages[0].message or ""
            for _ in range(2)
        ]  # fmt: skip
        opens = cf.CaseForm(problem=PROBLEM)
        answer = await gemeente.signals.triage(
            worker,
            cf.TriageForm(source=taken, outcome=Outcome.CASE, reason="Raakt het hele portaal.", opens=opens),
            None,
        )
        form = cf.TriageForm(source=left, outcome=Outcome.NOT_TAKEN_UP, reason="Zelfde melding, niets nieuws.")
        await gemeente.signals.triage(worker, form, None)
        assert answer.case is not None
        assert (await gemeente.cases.read(worker, answer.case)).signals == [taken]
        await gemeente.retention_confirm(worker, "signaal-niet-opgepakt")
        await gemeente.retention_confirm(worker, "casus-gemeente")
        world.clock.forward(days=60)
        await enforced(world, "gemeente")
        assert {i.value for i in (await gemeente.read_message(worker, left)).items} == {None}
        kept = await gemeente.read_message(worker, taken)
        assert "vol spullen" in str(kept.items[0].value)
        known = await gemeente.who_knows(worker, f.WhoKnowsQuery(case=answer.case))
        assert {(i.retention, i.keep_rule) for i in known.items} == {("r02", "casus-gemeente")}
        assert {i.keep_until for i in known.items} == {date(2031, 3, 2)}  # the cap, while the case is open

        # Closing starts the term: a year after it, and not the cap of five years.
        for to in (Phase.TRIAGE, Phase.CLOSED):
            reason = CloseReason.SOLVED if to is Phase.CLOSED else None
            form_ = cf.PhaseForm(to=to, reason="De woning is schoon.", close_reason=reason)
            await gemeente.cases.move(worker, answer.case, form_, None)
        known = await gemeente.who_knows(worker, f.WhoKnowsQuery(case=answer.case))
        assert {i.keep_until for i in known.items} == {date(2027, 5, 1)}
        world.clock.forward(days=366)
        await enforced(world, "gemeente")
        assert {i.value for i in (await gemeente.read_message(worker, taken)).items} == {None}
        case = await gemeente.cases.read(worker, answer.case)
        assert (case.problem, case.row.phase, case.close_reason) == (None, Phase.CLOSED, "OPGELOST")


async def test_a_term_that_starts_when_nobody_takes_a_signal_up_starts_at_that_decision(
    founded: Path, tmp_path: Path
) -> None:
    async with MemoryWorld.copied(founded, tmp_path, ["welzijn"]) as world:
        welzijn, worker = world.nodes["welzijn"], world.actor("welzijn")
        classes = welzijn.ctx.covenants.current.covenant.retention
        rules = tuple(r.model_copy(update={"trigger": Trigger.NOT_TAKEN_UP}) for r in classes[0].rules)
        amend(welzijn, retention=(classes[0].model_copy(update={"rules": rules}), *classes[1:]))
        welzijn.terms.reload()
        await welzijn.retention_confirm(worker, "signaal-niet-opgepakt")
        notes = [
            cf.NoteForm(kind="LEEFBAARHEID", reporter_kind="BURGER", facts=[fact])
            for fact in ("Zwerfvuil.", "Kapotte lantaarn.")
        ]
        sources = [(await welzijn.signals.note(worker, note, None)).source for note in notes]
        world.clock.forward(days=60)
        form = cf.TriageForm(source=sources[0], outcome=Outcome.NOT_TAKEN_UP, reason="Al gemeld bij de gemeente.")
        await welzijn.signals.triage(worker, form, None)

        async def facts() -> list[list[str]]:
            await enforced(world, "welzijn")
            return [(await welzijn.signals.read(worker, UUID(source))).facts for source in sources]

        assert await facts() == [["Zwerfvuil."], ["Kapotte lantaarn."]]
        world.clock.forward(days=43)
        assert await facts() == [[], ["Kapotte lantaarn."]]
