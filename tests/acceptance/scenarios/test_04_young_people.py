"""Scenario 4: where young people hang out at the Proefplein, De Wijk. All persons are invented."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from conference_forms import GROUNDS
from scenes import Scene, datum

from exchange.node import facts_forms as ff
from exchange.node.area_forms import AreaPictureForm, AreaSignalForm
from exchange.node.service import Refused

SCOPE = {"purpose": "P1_INZICHT", "context": "GEBIEDS_PROBLEEMANALYSE"}
SEM = {"given_names": "Sem", "family_name": "Verzinsel", "birth_date": "2010-06-01"}


def common(slug: str, to: list[str]) -> dict[str, object]:
    return {**SCOPE, "task": GROUNDS[slug][1], "recipients": [{"partner": p, "task": GROUNDS[p][1]} for p in to]}


async def reports(scene: Scene, slug: str, area: str, count: int, to: list[str], text: str = "") -> None:
    form = AreaSignalForm.model_validate(
        {
            "area": area,
            "kind": "JEUGDOVERLAST",
            "observed_on": "2026-01-20",
            "reports": count,
            "text": text,
            **common(slug, to),
        }
    )
    await scene.world.nodes[slug].areas.signal(scene.world.actor(slug), form, None)


async def test_the_place_comes_first_and_a_boy_only_when_he_is_to_be_helped(tmp_path: Path) -> None:
    async with Scene.opened(tmp_path) as scene:
        world, gemeente, welzijn = scene.world, scene.world.nodes["gemeente"], scene.world.nodes["welzijn"]
        # Police and Welzijn report the square; the street with two reports is hidden, and so is what would show it.
        await reports(scene, "politie", "proefplein", 6, ["gemeente"])
        await reports(scene, "welzijn", "proefplein", 8, ["gemeente"])
        await reports(scene, "politie", "voorbeeldhof", 2, ["gemeente"])
        await world.until(lambda: len(world.events("gemeente", "area/signalled/1")) == 3)
        quarter = {"first": "2026-01-01", "last": "2026-03-31", **common("gemeente", ["politie", "welzijn"])}
        picture = await gemeente.areas.picture(
            world.actor("gemeente"), AreaPictureForm.model_validate(quarter), None
        )  # fmt: skip
        counts = {(c.area, c.kind): c.count for c in picture.cells}
        assert counts["proefplein", "JEUGDOVERLAST"] == counts["de-wijk", "*"] == 14
        assert counts["voorbeeldhof", "JEUGDOVERLAST"] is None
        assert counts["ruinen", "*"] is None, "the total of the village would show the street"
        assert picture.threshold == 5
        await world.until(lambda: world.events("welzijn", "area/picture-received/1"))
        (received,) = welzijn.areas.pictures(world.actor("welzijn"))
        assert {(c.area, c.kind): c.count for c in received.cells} == counts
        assert world.nodes["actium"].areas.pictures(world.actor("actium")) == []

        # A name has no place in it: refused, and no trace of it stays.
        sem = await world.person("welzijn", **SEM)
        with pytest.raises(Refused) as refused:
            await reports(scene, "welzijn", "proefplein", 1, ["gemeente"], "Vooral Sem Verzinsel maakt lawaai.")
        assert {(r.code, r.article) for r in refused.value.refusals} == {("R09", "4.1; 11.1")}
        assert [r.codes for r in world.events("welzijn", "refusal/recorded/1")] == [("R09",)]
        assert scene.who_got("Verzinsel") == set()
        for purpose in ("P1_INZICHT", "P2_BELEID", "P3_EVALUATIE"):
            here = datum("HUISHOUDEN_NETWERK", "steunpersoon", "Zijn oma.")
            assert (await scene.is_refused("welzijn", sem, ["gemeente"], here, purpose=purpose))["R09"] == "4.1; 11.1"

        # Later Welzijn signals the boy: with why he would benefit from support, and after telling his parents.
        help_ = datum("WELZIJN_HULPVERLENING", "hulpvraag", "Begeleiding naar school.")
        silent = {"kind": "signal", "signal_kind": "ZORG_OM_PERSOON", "support_rationale": " "}
        assert (await scene.is_refused("welzijn", sem, ["gemeente"], help_, **silent)) == {"R03": "1"}
        notice = ff.SubjectNoticeForm(
            subject=sem, given_by="Jongerenwerker", given_on=date(2026, 3, 2), mode="VIA_VERTEGENWOORDIGER",
            recipients=["gemeente"], purpose="Hulp voor Sem.", interest="Hij gaat weer naar school.", rights_explained=True,
        )  # fmt: skip
        given = (await welzijn.facts.give_notice(world.actor("welzijn"), notice, None)).fact
        by_id = {"notice": {}, "notice_id": given}
        await scene.signals("welzijn", sem, ["gemeente"], "ZORG_OM_PERSOON", help_, **by_id)
        await scene.tells("welzijn", sem, ["gemeente"], help_, **by_id)
        assert (
            await scene.is_refused("welzijn", sem, ["actium"], datum("OVERLAST", "toelichting", "Hij."), **by_id)
        ) == {"R14": "10.1"}
        assert scene.who_got("Verzinsel") == {("welzijn", "gemeente")}
