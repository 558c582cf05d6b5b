"""Scenario 2: noise at night at Voorbeeldhof 3, Ruinen; police data under their own law. All persons are invented."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from scenes import Scene, datum, somebody

from exchange.errors import InputError, NotAllowedError
from exchange.node import casework_forms as cf
from exchange.node import facts_forms as ff

DEMI = {"given_names": "Demi", "family_name": "Nepstra", "birth_date": "1990-06-07"}
CALLS = [
    datum("STRAFRECHTELIJK", "aantal-incidenten", "6"),
    datum("STRAFRECHTELIJK", "data-incidenten", "Zes nachten in februari."),
    datum("STRAFRECHTELIJK", "aard-incidenten", "Geluidsoverlast."),
]
DRUGS = datum("STRAFRECHTELIJK", "drugsbezit", "Niet nodig.")
DECISION = {
    "reference": "besluit-2026-3", "ground": "WPG_19", "goal": "b", "decided_on": "2026-03-03", "signed_by": "teamchef",
    "interest": "Rust in de straat.", "purpose": "Aanpak van nachtelijke overlast.", "recipients": ["actium"],
    "categories": ["STRAFRECHTELIJK", "IDENTIFICATIE"],
    "fields": ["aantal-incidenten", "data-incidenten", "aard-incidenten", "naam", "geboortedatum"],
    "conditions": ["Alleen aantal, data, aard."], "authority": "BURGEMEESTER", "agreed_on": "2026-03-03",
    "valid_until": "2026-06-01",
}  # fmt: skip


async def test_police_data_go_under_a_decision_and_no_further_without_the_police(tmp_path: Path) -> None:
    async with Scene.opened(tmp_path) as scene:
        world, politie, actium = scene.world, scene.world.nodes["politie"], scene.world.nodes["actium"]
        demi = await world.person("politie", **DEMI)

        # Without a decision nothing goes; a decision under Wpg 19 needs the mayor; then count, dates and kind go, and no more.
        assert (await scene.is_refused("politie", demi, ["actium"], *CALLS))["R28"] == "Wpg 16-20"
        scene.day(date(2026, 3, 3))
        functionary = somebody("wpg-functionary")
        with pytest.raises(InputError, match="agreement"):
            await politie.facts.register_decision(
                functionary, ff.DecisionForm.model_validate({**DECISION, "authority": None, "agreed_on": None}), None
            )
        # Not on the mayor's own ground (Wpg 16), which serves no landlord, and not before it was taken.
        for flaw in ({"ground": "WPG_16_1_b_1"}, {"decided_on": "2026-08-01"}):
            form = ff.DecisionForm.model_validate({**DECISION, **flaw})
            with pytest.raises(InputError):
                await politie.facts.register_decision(functionary, form, None)
        made = await politie.facts.register_decision(functionary, ff.DecisionForm.model_validate(DECISION), None)
        under = {"wpg_decision_id": made.fact}
        (message,) = await scene.tells(
            "politie", demi, ["actium"], *CALLS, to_actium={"criminal_ground": "UAVG_33_1_a"}, **under
        )
        refused = await scene.is_refused("politie", demi, ["actium"], CALLS[0], DRUGS, **under)
        assert refused == {"R17": "11.1; 11.2"}
        assert set(await scene.is_refused("politie", demi, ["welzijn"], CALLS[0], **under)) == {"R28"}

        # Actium's officer designates who may read it. There it is kept under the AVG, with its origin and UAVG 33(1)(a).
        worker = world.actor("actium")
        with pytest.raises(NotAllowedError, match="Nobody designates himself"):
            await actium.circle.designate(worker, cf.ReceiverForm(actor=worker.id))
        await actium.circle.designate(somebody("privacy-officer"), cf.ReceiverForm(actor=worker.id))
        read = await actium.read_message(worker, message)
        told = [i for i in read.items if i.category == "STRAFRECHTELIJK"]
        assert [i.value for i in told] == ["6", "Zes nachten in februari.", "Geluidsoverlast."]
        assert {(i.origin_partner, i.origin_regime, i.police_source) for i in told} == {("politie", "WPG", "politie")}
        assert read.statement is not None
        assert read.statement["criminal_ground"] == "UAVG_33_1_a"
        assert read.statement["wpg"]["conditions"] == ["Alleen aantal, data, aard."]
        assert read.statement["wpg"]["decided_on"] == "2026-03-03"
        assert (politie.ctx.me.regime.value, actium.ctx.me.regime.value) == ("WPG", "AVG")

        # Passing it on is refused, also when it is called one's own; with consent of the source and an agreement it goes.
        (theirs,) = await actium.unmatched_subjects(worker)
        onward = {**CALLS[0], "origin_partner": "politie"}
        assert (await scene.is_refused("actium", theirs.subject, ["welzijn"], onward))["R29"] == "Wpg 7"
        assert set(await scene.is_refused("actium", theirs.subject, ["welzijn"], CALLS[0])) == {"R06"}
        for half in ({"source_consent": "instemming-4"}, {"onward_ground": "afspraak-A-2"}):
            assert set(await scene.is_refused("actium", theirs.subject, ["welzijn"], {**onward, **half})) == {"R29"}
        agreed = {**onward, "source_consent": "instemming-4", "onward_ground": "afspraak-A-2"}
        (passed_on,) = await scene.tells("actium", theirs.subject, ["welzijn"], agreed)

        # Who gets it from Actium hears that it is secret police data all the same; the police itself is bound by nothing here.
        reader = world.actor("welzijn")
        officer = await world.colleague("welzijn", 4713, "privacy-officer")
        await world.nodes["welzijn"].circle.designate(officer, cf.ReceiverForm(actor=reader.id))
        secret = (await world.nodes["welzijn"].read_message(reader, passed_on)).items
        assert [i.police_source for i in secret if i.category == "STRAFRECHTELIJK"] == ["politie"]
        assert {i.police_source for i in (await politie.read_message(world.actor("politie"), message)).items} == {None}

        # The police accounts for exactly one disclosure (Wpg 32).
        items = await scene.knows("politie", demi)
        assert {(i.partner, i.direction) for i in items} == {("actium", "sent")}
        assert {i.giver_regime for i in items} == {"WPG"}
        assert all("WPG_19" in i.basis for i in items)
        assert len({i.at for i in items}) == 1
        assert politie.ctx.ledger.count("messages WHERE direction='sent'") == 1
        assert scene.who_got("Zes nachten in februari.") == {("politie", "actium")}
