"""Scenario 6: threat of violence at Hofje Denkbeeldig 5; to tell him would endanger her. All persons are invented."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from scenes import SECRECY, Scene, datum, somebody

from exchange.errors import InputError
from exchange.node import facts_forms as ff

NOOR = {
    "given_names": "Noor",
    "family_name": "Fantasma",
    "birth_date": "1992-02-29",
    "postcode": "7921 EF",
    "house_number": "5",
}
PARTNER = {"given_names": "Rick", "family_name": "Fantasma", "birth_date": "1990-10-10"}
DANGER = datum("WELZIJN_HULPVERLENING", "hulpvraag", "Zij is bang om naar huis te gaan.")
HURT = datum("GEZONDHEID", "situatie", "Blauwe plekken.")
BY_LAW = {"to_gemeente": {"special_exception": "UAVG_30_3_a"}, "secrecy": SECRECY}


async def test_what_cannot_be_told_beforehand_goes_on_an_exception_that_somebody_looks_at_again(tmp_path: Path) -> None:
    async with Scene.opened(tmp_path) as scene:
        world, welzijn, worker = scene.world, scene.world.nodes["welzijn"], scene.world.actor("welzijn")
        # Without notice or exception nothing goes. The exception says what was weighed, and when it is looked at again.
        noor = await world.person("welzijn", **NOOR)
        assert (await scene.is_refused("welzijn", noor, ["gemeente"], DANGER, HURT, notice={}, **BY_LAW)) == {
            "R14": "10.1"
        }
        form = ff.ExceptionForm(
            subject=noor, ground="UAVG_41_1_i", considerations={"a": "Haar veiligheid.", "h": "Hij zou het horen."},
            motivation="Wie het hem vertelt brengt haar in gevaar.", review_on=date(2026, 3, 16), recipients=["gemeente"],
        )  # fmt: skip
        exception = (await welzijn.facts.invoke_exception(worker, form, None)).fact
        on_exception = {"notice": {}, "exception_id": exception, **BY_LAW}
        (first,) = await scene.tells("welzijn", noor, ["gemeente"], DANGER, HURT, **on_exception)
        assert (await scene.reads("gemeente", first))["situatie"] == "Blauwe plekken."

        # The last day of the review still carries it; the day after nothing goes, until somebody looked.
        scene.day(date(2026, 3, 16))
        await scene.tells("welzijn", noor, ["gemeente"], DANGER, **on_exception)
        scene.day(date(2026, 3, 17))
        assert (await scene.is_refused("welzijn", noor, ["gemeente"], DANGER, **on_exception)) == {"R15": "UAVG 41"}
        assert [(r.exception, r.overdue) for r in await welzijn.facts.reviews_due(worker, None)] == [(exception, True)]
        with pytest.raises(InputError, match="next review"):
            await welzijn.facts.review_exception(
                worker, exception, ff.ReviewForm(outcome="prolonged", motivation="Nog.")
            )
        again = ff.ReviewForm(outcome="prolonged", review_on=date(2026, 3, 31), motivation="Het gevaar duurt voort.")
        await welzijn.facts.review_exception(worker, exception, again)
        await scene.tells("welzijn", noor, ["gemeente"], DANGER, **on_exception)

        # Her own question is answered in full. His is answered as if she had never been there.
        hers = await scene.knows("welzijn", noor)
        assert {(i.partner, i.category) for i in hers} >= {
            ("gemeente", "GEZONDHEID"),
            ("gemeente", "WELZIJN_HULPVERLENING"),
        }
        for slug in ("welzijn", "gemeente", "actium", "politie"):
            await scene.never_heard_of(slug, PARTNER)
        assert scene.who_got("Fantasma") == {("welzijn", "gemeente")}
        lines = await welzijn.log_rows(somebody("auditor"), 0, 500)
        for secret in ("Fantasma", "UAVG_41", "gevaar", "bang"):
            assert secret not in "".join(row.model_dump_json() for row in lines)
        assert {row.topic.split("/")[0] for row in lines if str(noor) in row.model_dump_json()} == {"subject"}
