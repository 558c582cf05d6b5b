"""Scenario 1: a hoarding house at Fictielaan 12, Zuidwolde. All persons are invented."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from case_forms import HOUSE, TO_GEMEENTE, TO_WELZIJN, share_form
from world import World

from exchange.node import forms as f
from exchange.node.service import Refused


async def test_a_disclosure_reaches_two_partners_with_receipts_and_nobody_else(tmp_path: Path) -> None:
    async with World.founded(tmp_path) as world:
        jelle = await world.person("actium")
        signal = share_form(jelle, [TO_WELZIJN, TO_GEMEENTE], HOUSE, kind="signal", signal_kind="VERVUILING")
        answer = await world.share("actium", signal)
        assert [m.state for m in answer.messages] == ["receipted", "receipted"]
        assert all(not m.rejected for m in answer.messages)

        disclosure = share_form(jelle, [TO_WELZIJN, TO_GEMEENTE], HOUSE)
        answer = await world.share("actium", disclosure)
        assert [m.state for m in answer.messages] == ["receipted", "receipted"]

        inbox = await world.nodes["welzijn"].inbox(world.actor("welzijn"))
        assert [(row.sender, row.kind) for row in inbox] == [("actium", "disclosure"), ("actium", "signal")]
        assert await world.nodes["politie"].inbox(world.actor("politie")) == []

        answer = await world.nodes["actium"].who_knows(world.actor("actium"), f.WhoKnowsQuery(subject=jelle))
        assert {(i.partner, i.category, i.receipt) for i in answer.items} >= {
            ("welzijn", "HUISVESTING", "receipted"),
            ("gemeente", "OVERLAST", "receipted"),
        }
        assert "politie" not in {i.partner for i in answer.items}


async def test_the_health_datum_may_go_to_the_municipality_and_never_to_the_landlord(tmp_path: Path) -> None:
    async with World.founded(tmp_path) as world:
        jelle = await world.person("welzijn")
        secret = {"applies": True, "regime": "BEROEPSCODE", "ground": "TOESTEMMING", "motivation": "Bewoner stemt in."}
        health = [{"category": "GEZONDHEID", "field": "situatie", "value": "Somber, onder behandeling."}]
        own = {"basis": "A6_1_f", "task": "maatschappelijk-werk", "secrecy": secret}
        notice = {"reference": "kennisgeving-2", "given_on": "2026-03-02", "recipients": ["gemeente", "actium"]}
        to_gemeente = {**TO_GEMEENTE, "special_exception": "UAVG_30_1_a"}
        allowed = await world.share("welzijn", share_form(jelle, [to_gemeente], health, **own, notice=notice))
        assert [m.state for m in allowed.messages] == ["receipted"]

        to_actium = {"partner": "actium", "basis": "A6_1_f", "task": "leefbaarheid", "special_exception": "UAVG_30_1_a"}
        with pytest.raises(Refused) as refused:
            await world.share("welzijn", share_form(jelle, [to_actium], health, **own, notice=notice))
        assert "R05" in {r.code for r in refused.value.refusals}
        assert await world.nodes["actium"].inbox(world.actor("actium")) == []


async def test_who_knows_says_erased_after_the_term_and_the_text_is_gone(tmp_path: Path) -> None:
    async with World.founded(tmp_path) as world:
        actium, worker = world.nodes["actium"], world.actor("actium")
        jelle = await world.person("actium")
        signal = share_form(jelle, [TO_WELZIJN], HOUSE, kind="signal", signal_kind="VERVUILING")
        message = (await world.share("actium", signal)).messages[0].message
        read = await actium.read_message(worker, message)
        assert "vol spullen" in str(read.items[0].value)

        rules = {r.retention: r for r in await actium.retention_rules(worker)}
        await actium.retention_confirm(worker, rules["r01"].rule)
        before = actium.ctx.log.root()
        size = actium.ctx.log.size
        world.clock.forward(days=60)
        for node in world.nodes.values():
            node.housekeeping.wake()
        await world.until(lambda: actium.retention.clock_state() == "trusted")
        await world.until(lambda: actium.retention.overdue_count() == 0)

        answer = await actium.who_knows(worker, f.WhoKnowsQuery(subject=jelle))
        assert all(item.erased_rule == rules["r01"].rule for item in answer.items)
        assert all(item.erased_at is not None for item in answer.items)
        as_it_was = await actium.who_knows(worker, f.WhoKnowsQuery(subject=jelle, as_of=date(2026, 3, 2)))
        assert all(item.erased_at is None for item in as_it_was.items)

        read = await actium.read_message(worker, message)
        assert {item.value for item in read.items} == {None}
        assert actium.ctx.log.root_at(size) == before
        outcome = [step async for step in actium.verify_log(worker)][-1]
        assert isinstance(outcome, f.VerifyAnswer)
        assert outcome.ok, outcome.problem
        assert outcome.erased == 3  # two items and the identity; the statement has a term of its own
        replayed = [step async for step in actium.replay_log(worker)][-1]
        assert isinstance(replayed, f.ReplayAnswer)
        assert replayed.ok, replayed.differences
