"""Scenario 1: a hoarding house at Fictielaan 12, Zuidwolde. All persons are invented."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from scenes import SECRECY, Scene, datum, told

from exchange.node import facts_forms as ff
from exchange.node import forms as f

HOUSE = datum("HUISVESTING", "staat-woning", "De woning staat vol spullen.")
REPORTS = datum("OVERLAST", "aantal-meldingen", "3")
DEPRESSED = datum("GEZONDHEID", "situatie", "Somber, onder behandeling.")


async def test_a_hoarder_is_helped_and_each_partner_knows_what_it_needs(tmp_path: Path) -> None:
    async with Scene.opened(tmp_path) as scene:
        world, actium = scene.world, scene.world.nodes["actium"]
        # Actium was in the house, told Jelle that Welzijn and the municipality will know, and signals it to both.
        jelle = await world.person("actium")
        notice = ff.SubjectNoticeForm(
            subject=jelle, given_by="Wim Wijkbeheerder", given_on=date(2026, 3, 2), mode="HUISBEZOEK",
            purpose="Hulp bij het opruimen.",
            recipients=["gemeente", "welzijn"], interest="Hij kan er blijven wonen.", rights_explained=True,
        )  # fmt: skip
        given = (await actium.facts.give_notice(world.actor("actium"), notice, None)).fact
        to = ["welzijn", "gemeente"]
        signal = await scene.signals("actium", jelle, to, "VERVUILING", HOUSE, REPORTS, notice={}, notice_id=given)
        await scene.tells("actium", jelle, to, HOUSE, REPORTS, notice={}, notice_id=given)
        assert await scene.inbox("welzijn") == [("actium", "disclosure"), ("actium", "signal")]
        assert (await scene.reads("welzijn", signal[1]))["staat-woning"] == "De woning staat vol spullen."

        # Welzijn learns that he is depressed: the Wmo worker may know, the landlord may not.
        known = await world.person("welzijn")
        health = {"secrecy": SECRECY, "notice": told("gemeente", "actium")}
        for ground in ("UAVG_30_1_a", "UAVG_30_3_a"):
            await scene.tells(
                "welzijn", known, ["gemeente"], DEPRESSED, to_gemeente={"special_exception": ground}, **health
            )
        for ground in ("UAVG_30_1_a", "UAVG_30_3_a"):
            refused = await scene.is_refused(
                "welzijn", known, ["actium"], DEPRESSED, to_actium={"special_exception": ground}, **health
            )
            assert refused["R05"] == "AVG 9; UAVG 22-30"
        silent = {**health, "secrecy": {"applies": False}}
        refused = await scene.is_refused(
            "welzijn", known, ["gemeente"], DEPRESSED, to_gemeente={"special_exception": "UAVG_30_1_a"}, **silent
        )
        assert "R30" in refused

        # The police is not in scope: nothing is sent to it, and what it copies from the broker does not open.
        assert await scene.inbox("politie") == []
        assert not [1 for _, recipient, _ in world.frames if recipient == "politie"]
        for frame in world.between("actium", "welzijn") + world.between("welzijn", "gemeente"):
            scene.cannot_open("politie", frame)

        # Asked at Actium who knows: both recipients by name and with dates; the health datum is not there.
        items = await scene.knows("actium", jelle)
        assert {(i.partner_name, i.at.date(), i.receipt) for i in items} == {
            ("Gemeente De Wolden", date(2026, 3, 2), "receipted"),
            ("Welzijn De Wolden", date(2026, 3, 2), "receipted"),
        }
        assert "GEZONDHEID" not in {i.category for i in items}
        assert scene.who_got("Somber, onder behandeling.") == {("welzijn", "gemeente")}


async def test_who_knows_says_erased_after_the_term_and_the_text_is_gone(tmp_path: Path) -> None:
    async with Scene.opened(tmp_path) as scene:
        world = scene.world
        actium, worker = world.nodes["actium"], world.actor("actium")
        jelle = await world.person("actium")
        (message,) = await scene.signals("actium", jelle, ["welzijn"], "VERVUILING", HOUSE, REPORTS)
        assert (await scene.reads("actium", message))["staat-woning"] == "De woning staat vol spullen."

        rules = {r.retention: r for r in await actium.retention_rules(worker)}
        await actium.retention_confirm(worker, rules["r01"].rule)
        before = actium.ctx.log.root()
        size = actium.ctx.log.size
        scene.day(date(2026, 5, 1))
        await world.until(lambda: actium.retention.clock_state() == "trusted")
        await world.until(lambda: actium.retention.overdue_count() == 0)

        items = await scene.knows("actium", jelle)
        assert all(item.erased_rule == rules["r01"].rule for item in items)
        assert all(item.erased_at is not None for item in items)
        assert all(item.erased_at is None for item in await scene.knows("actium", jelle, date(2026, 3, 2)))
        assert set((await scene.reads("actium", message)).values()) == {None}
        assert actium.ctx.log.root_at(size) == before
        outcome = [step async for step in actium.verify_log(worker)][-1]
        assert isinstance(outcome, f.VerifyAnswer)
        assert outcome.ok, outcome.problem
        assert outcome.erased == 3  # two items and the identity; the statement has a term of its own
        replayed = [step async for step in actium.replay_log(worker)][-1]
        assert isinstance(replayed, f.ReplayAnswer)
        assert replayed.ok, replayed.differences
