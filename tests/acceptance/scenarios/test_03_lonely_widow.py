"""Scenario 3: a lonely widow at Dorpsweg-Nep 7, Koekange, whom one partner helps by itself. All persons are invented."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from scenes import Scene

from exchange.domain.casework import Outcome
from exchange.node import casework_forms as cf

AALTJE = {
    "given_names": "Aaltje", "family_name": "Bedacht", "birth_date": "1941-05-17", "postcode": "7958 AA", "house_number": "7",
}  # fmt: skip
NEIGHBOUR = "buurvrouw T. Verzinsel-Hoek"


async def test_she_is_helped_within_ones_own_task_and_nobody_else_hears_of_her(tmp_path: Path) -> None:
    async with Scene.opened(tmp_path) as scene:
        world, welzijn, worker = scene.world, scene.world.nodes["welzijn"], scene.world.actor("welzijn")
        # A neighbour tells a volunteer, and wants to stay unknown; Welzijn handles it alone.
        aaltje = await world.person("welzijn", **AALTJE)
        note = cf.NoteForm(
            subject=aaltje, kind="EENZAAMHEID", reporter_kind="ANONIEM", reporter_identity=NEIGHBOUR,
            rationale="Zij spreekt weken niemand en is gebaat bij bezoek.", facts=["De gordijnen blijven dicht."],
        )  # fmt: skip
        signal = await welzijn.signals.note(worker, note, None)
        assert [row.source for row in welzijn.signals.all(worker, waiting=True)] == [signal.source]
        reason = "Maatschappelijk werk pakt dit zelf op."
        own_task = cf.TriageForm(source=signal.source, outcome=Outcome.OWN_TASK, reason=reason)
        await welzijn.signals.triage(worker, own_task, None)
        assert welzijn.signals.all(worker, waiting=True) == []

        # Zero disclosures: no message, no item, not a frame with the broker.
        assert world.events("welzijn", "message/sent/1") == []
        assert await scene.knows("welzijn", aaltje) == []
        assert world.frames == []

        # What is said about her does not reveal the neighbour; who looks that up is on record.
        answers = [
            await welzijn.signals.read(worker, UUID(signal.source)),
            *await scene.knows("welzijn", aaltje),
            *await welzijn.log_rows(worker, 0, 1000),
        ]
        assert not [a for a in answers if "Verzinsel-Hoek" in a.model_dump_json()]
        assert (await welzijn.signals.reporter(worker, UUID(signal.source))).identity == NEIGHBOUR
        assert world.events("welzijn", "data/read/1")[-1].view == "signal.reporter"

        # The municipality, Actium and the police hold nothing.
        for slug in ("gemeente", "actium", "politie"):
            await scene.never_heard_of(slug, AALTJE)
