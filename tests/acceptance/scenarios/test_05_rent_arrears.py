"""Scenario 5: rent arrears at Testpad 21, Zuidwolde, and an amount that was wrong. All persons are invented."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from scenes import Scene, datum

from exchange.domain.retention import AMSTERDAM
from exchange.node import corrections_forms as cf

FAMILY = {"given_names": "Kees", "family_name": "Kunst-Matig", "birth_date": "1979-01-02", "postcode": "7921 CD",
          "house_number": "21"}  # fmt: skip
WRONG, RIGHT = "EUR 1.840, drie maanden", "EUR 840, drie maanden"
ARREARS = datum("FINANCIEN_SCHULDEN", "huurachterstand", WRONG)
EARLY = {"to_gemeente": {"basis": "A6_1_e", "task": "schuldhulp"}}


async def test_arrears_are_signalled_early_and_a_wrong_amount_is_put_right_everywhere(tmp_path: Path) -> None:
    async with Scene.opened(tmp_path) as scene:
        world, actium, gemeente = scene.world, scene.world.nodes["actium"], scene.world.nodes["gemeente"]
        worker, clerk = world.actor("actium"), world.actor("gemeente")
        # Actium tells the amount on its own task. Health and income of the son it does not pass on.
        family = await world.person("actium", **FAMILY)
        (message,) = await scene.signals("actium", family, ["gemeente"], "FINANCIELE_ZORG", ARREARS, **EARLY)
        assert (await scene.reads("gemeente", message))["huurachterstand"] == WRONG
        for more in (datum("GEZONDHEID", "situatie", "De zoon is ziek."), datum("WERK_INKOMEN", "inkomen", "Bijbaan.")):
            assert "R17" in await scene.is_refused("actium", family, ["gemeente"], ARREARS, more, **EARLY)

        # A citizen service number is found however it is typed, in a value or in a note.
        for number in ("999993653", "9999 93 653", "9999.93.653"):
            noted = datum("FINANCIEN_SCHULDEN", "huurachterstand", f"Van {number}, drie maanden.")
            assert (await scene.is_refused("actium", family, ["gemeente"], noted, **EARLY))["R02"] == "UAVG 46; Wabb 10"
            assert "R02" in await scene.is_refused(
                "actium", family, ["gemeente"], ARREARS, request=f"Bel {number}", **EARLY
            )
        assert scene.who_got("93653") == set()

        # The amount was 840: one act tells everybody who got it, and the municipality answers that it is put right.
        scene.day(date(2026, 3, 5))
        (wrong,) = [i for i in await scene.knows("actium", family) if i.category == "FINANCIEN_SCHULDEN"]
        form = cf.CorrectionForm(item=wrong.item, value=RIGHT, explanation="Een cijfer te veel.")
        made = await actium.corrections.correct(worker, form, None)
        await scene.settled()
        assert [(r.partner, r.due_on) for r in made.recipients] == [("gemeente", date(2026, 3, 19))]
        (todo,) = (await gemeente.notifications.worklist(clerk)).to_process
        assert todo.telling == "corrected"
        assert (await scene.reads("gemeente", todo.message))["huurachterstand"] == RIGHT
        (old,) = [i for i in (await gemeente.read_message(clerk, message)).items if i.category == "FINANCIEN_SCHULDEN"]
        assert old.status == "corrected"
        scene.day(date(2026, 3, 6))
        answer = cf.ProcessedForm(outcome="done", text="In het dossier aangepast.")
        await gemeente.notifications.process(clerk, todo.message, answer, None)
        await scene.settled()

        # Asked at Actium who was told and when.
        (listed,) = await actium.corrections.listed(worker)
        (told,) = listed.recipients
        assert told.answered_at is not None
        days = [at.astimezone(AMSTERDAM).date() for at in (told.told_at, told.answered_at)]
        assert (told.partner, told.outcome, days) == ("gemeente", "done", [date(2026, 3, 5), date(2026, 3, 6)])
        before, after = [i for i in await scene.knows("actium", family) if i.category == "FINANCIEN_SCHULDEN"]
        assert {before.replaced_by, after.replaced_by} == {before.item, after.item, None} - {wrong.item}
        assert scene.who_got(RIGHT) == {("actium", "gemeente")}
