"""Disclosures to who is no partner (covenant article 8), and hearing what came of a message. All persons are invented."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from case_forms import HOUSE, TO_WELZIJN, share_form
from case_play import opened
from memory_world import MemoryWorld

from exchange.errors import InputError
from exchange.node import casework_forms as cf
from exchange.node import forms as f
from exchange.node.service import Refused


async def test_a_third_party_is_told_on_an_agreement_or_an_allocation_and_who_knows_names_it(
    founded: Path, tmp_path: Path
) -> None:
    async with MemoryWorld.copied(founded, tmp_path, ["gemeente"]) as world:
        gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
        jelle, agreement = await world.person("gemeente"), uuid4()
        case = await opened(world, main_subject=jelle)
        base = share_form(jelle, [TO_WELZIJN], HOUSE, basis="A6_1_e", task="wmo").model_dump(
            include={"subject", "items", "purpose", "context", "basis", "task", "weighing", "notice"}
        )
        form = cf.ThirdPartyForm.model_validate(
            {**base, "case": case, "name": "Zorgteam Fictie", "named_to_subject": True, "channel": "PHONE",
             "occurred_on": "2026-03-02"}
        )  # fmt: skip

        async def refused(**changes: Any) -> set[str]:
            with pytest.raises(Refused) as caught:
                await gemeente.third_parties.disclose(worker, form.model_copy(update=changes), None)
            return {r.code for r in caught.value.refusals}

        assert await refused() == {"R10"}
        assert await refused(agreement=agreement) == {"R10"}  # an agreement that nobody made
        action = cf.ActionForm(
            owner="gemeente", due=date(2026, 4, 1), text="Zorgteam inschakelen.", agreement=agreement
        )
        await gemeente.cases.set_action(worker, case, action, None)
        assert await refused(agreement=agreement, named_to_subject=False) == {"R14"}
        assert await refused(agreement=agreement, task="verhuur") == {"R07"}
        first = await gemeente.third_parties.disclose(worker, form.model_copy(update={"agreement": agreement}), None)

        to = cf.AllocationForm(to="Zorgteam Fictie", reason="Verdere behandeling.")
        await gemeente.cases.allocate(worker, case, to, None)
        (allocation,) = (await gemeente.cases.read(worker, case)).allocations
        elsewhere = {"allocation": allocation.allocation, "name": "Stichting Nergens"}
        assert await refused(**elsewhere) == {"R10"}  # allocated to somebody else
        await gemeente.third_parties.disclose(
            worker, form.model_copy(update={"allocation": allocation.allocation}), None
        )

        known = await gemeente.who_knows(worker, f.WhoKnowsQuery(subject=jelle))
        assert {(i.partner_name, i.channel, i.proven) for i in known.items} == {("Zorgteam Fictie", "PHONE", False)}
        rows = await gemeente.third_parties.all(worker)
        assert [(r.name, r.basis, r.agreement) for r in rows] == [
            ("Zorgteam Fictie", ["A6_1_e", "wmo"], None),
            ("Zorgteam Fictie", ["A6_1_e", "wmo"], agreement),
        ]
        assert first.act in {r.act for r in rows}
        assert "Fictie" not in "".join(r.model_dump_json() for r in await gemeente.log_rows(worker, 0, 1000))
        replayed = [step async for step in gemeente.replay_log(worker)][-1]
        assert isinstance(replayed, f.ReplayAnswer)
        assert replayed.ok, replayed.differences


async def test_who_asked_for_feedback_sees_when_it_is_late_and_hears_the_result(founded: Path, tmp_path: Path) -> None:
    async with MemoryWorld.copied(founded, tmp_path) as world:
        actium, welzijn = world.nodes["actium"], world.nodes["welzijn"]
        worker, theirs = world.actor("actium"), world.actor("welzijn")
        jelle = await world.person("actium")
        signal = share_form(jelle, [TO_WELZIJN], HOUSE, kind="signal", signal_kind="VERVUILING", feedback_wanted=True)
        message = (await world.share("actium", signal)).messages[0].message or ""
        assert [(r.message, r.due, r.direction) for r in welzijn.feedback.all(theirs)] == [
            (message, date(2026, 4, 13), "received")
        ]
        world.clock.forward(days=43)
        assert [r.overdue for r in welzijn.feedback.all(theirs, overdue=True)] == [True]
        assert [r.overdue for r in actium.feedback.all(worker, overdue=True)] == [True]
        with pytest.raises(InputError, match="handled has a result"):
            await welzijn.reply(theirs, message, f.ReplyForm(state="taken-up", result="OPGELOST"), None)
        await welzijn.reply(theirs, message, f.ReplyForm(state="handled", text="Opgeruimd.", result="OPGELOST"), None)
        await world.until(lambda: not actium.feedback.all(worker))
        assert welzijn.feedback.all(theirs) == []
        (reply,) = (await actium.read_message(worker, message)).replies
        assert (reply["text"], reply["result"]) == ("Opgeruimd.", "OPGELOST")
