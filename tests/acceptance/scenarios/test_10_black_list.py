"""Scenario 10: a yes or no on a tenant, and a black list. All persons are invented."""

from __future__ import annotations

from pathlib import Path

import pytest
from scenes import Scene, datum

from exchange.errors import ExchangeError
from exchange.node import forms as f

BO = {"given_names": "Bo", "family_name": "Verdicht", "birth_date": "1998-08-08"}
KEES = {"given_names": "Kees", "family_name": "Nepman", "birth_date": "1977-07-07"}
QUESTION = "Mogen wij Bo Verdicht huren laten, ja/nee?"
RECORD = datum("STRAFRECHTELIJK", "aard-incidenten", "Veroordeeld voor hennep.")
WHO = datum("IDENTIFICATIE", "naam", "Bo Verdicht")


async def test_no_verdict_is_asked_or_given_and_no_conviction_goes_from_landlord_to_landlord(tmp_path: Path) -> None:
    async with Scene.opened(tmp_path) as scene:
        world, actium, politie = scene.world, scene.world.nodes["actium"], scene.world.nodes["politie"]
        # Actium asks the police for a verdict: as a request, in an item, or as an answer of the police.
        bo = await world.person("actium", **BO)
        assert (await scene.is_refused("actium", bo, ["politie"], WHO, request=QUESTION)) == {"R31": "4.1; Wpg 16-20"}
        asked = {**WHO, "value": QUESTION}
        assert (await scene.is_refused("actium", bo, ["politie"], asked)) == {"R31": "4.1; Wpg 16-20"}
        (message,) = await scene.tells(
            "actium", bo, ["politie"], datum("OVERLAST", "toelichting", "Kandidaat voor Proefpad 1.")
        )
        reply = f.ReplyForm(state="handled", text="Stoplicht op rood voor deze huurder.")
        with pytest.raises(ExchangeError) as answered:
            await politie.reply(world.actor("politie"), message, reply, None)
        assert "R31" in str(answered.value)
        assert scene.who_got("Stoplicht op rood") == set()

        # A conviction does not go to another corporation, which is no partner, nor to anybody inside without the police.
        kees = await world.person("actium", **KEES)
        elsewhere = await scene.is_refused("actium", kees, ["andere-corporatie"], RECORD)
        assert elsewhere["R08"] == "2.1"
        care = {"criminal_ground": "UAVG_33_1_c", "special_exception": "UAVG_30_3_a"}
        for partner in ("gemeente", "welzijn"):
            for grounds in ({"criminal_ground": "UAVG_33_1_a"}, {"criminal_ground": "UAVG_33_1_c"}, care):
                cited = {f"to_{partner}": grounds}
                refused = await scene.is_refused("actium", kees, [partner], RECORD, **cited)
                assert refused == {"R06": "AVG 10; UAVG 31-33"}
        assert scene.who_got("hennep") == set()

        # Refusals are counted by code, without a name: nothing of what was typed stands in the log or the counts.
        counted = {
            row["code"]: row["n"]
            for row in actium.ctx.ledger.rows("SELECT code, sum(n) AS n FROM refusals GROUP BY code")
        }
        assert counted["R31"] == 2
        assert counted["R08"] == 1
        assert counted["R06"] >= 2
        log = actium.ctx.log
        refusals = [str(entry.public) for entry in log.entries(0, log.size) if entry.topic == "refusal/recorded/1"]
        assert len(refusals) == 9
        for secret in ("Verdicht", "Nepman", "hennep", "andere-corporatie", str(bo), str(kees)):
            assert not [line for line in refusals if secret in line]
