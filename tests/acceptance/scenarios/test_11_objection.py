"""Scenario 11: Demi objects at Actium; until it is weighed, what is known of her is only stored. All persons are invented."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from scenes import Scene, datum

from exchange.domain.workdays import working_day
from exchange.errors import ConflictError, InputError
from exchange.node import corrections_forms as cf

DEMI = {"given_names": "Demi", "family_name": "Nepstra", "birth_date": "1990-06-07"}
NOISE = datum("OVERLAST", "aantal-meldingen", "6")
RECIPIENTS = ["gemeente", "welzijn"]


async def test_an_objection_restricts_here_and_at_every_recipient_until_it_is_weighed_and_she_was_told(
    tmp_path: Path,
) -> None:
    async with Scene.opened(tmp_path) as scene:
        world, actium, desk = scene.world, scene.world.nodes["actium"], scene.world.actor("actium")
        demi = await world.person("actium", **DEMI)
        await scene.tells("actium", demi, RECIPIENTS, NOISE)

        # She objects on 16 March: due on 16 April, restricted at once, and both recipients hear of it.
        scene.day(date(2026, 3, 16))
        form = cf.ObjectionForm(subject=demi, text="Ik wil niet dat dit wordt gedeeld.")
        objection = await actium.objections.receive(desk, form, None)
        await scene.settled()
        assert (objection.due_on, objection.label) == (date(2026, 4, 16), "Demi Nepstra (07-06-1990)")
        assert sorted(r.partner for r in objection.notified[0].recipients) == RECIPIENTS
        assert (await scene.is_refused("actium", demi, ["gemeente"], NOISE)) == {"R18": "AVG 18"}
        for slug in RECIPIENTS:
            node, clerk = world.nodes[slug], world.actor(slug)
            (todo,) = (await node.notifications.worklist(clerk)).to_process
            assert todo.telling == "restricted"
            (theirs,) = await node.unmatched_subjects(clerk)
            assert all(i.restricted_at is not None for i in await scene.knows(slug, theirs.subject))
            onward = {**NOISE, "origin_partner": "actium"}
            other = next(p for p in RECIPIENTS if p != slug)
            assert set(await scene.is_refused(slug, theirs.subject, [other], onward)) == {"R18"}
            await node.notifications.process(clerk, todo.message, cf.ProcessedForm(outcome="done"), None)
        await scene.settled()
        shown = await actium.objections.show(desk, objection.objection)
        assert {r.outcome for r in shown.notified[0].recipients} == {"done"}

        # Actium's grounds are compelling and its decision stands; the restriction ends after that, and after she was told.
        scene.day(date(2026, 4, 14))
        lift = cf.LiftForm(told_on=date(2026, 4, 14), notice="brief-14-april")
        with pytest.raises(ConflictError, match="Weigh"):
            await actium.objections.lift(desk, objection.objection, lift, None)
        weighed = cf.WeighForm(outcome="rejected", motivation="De veiligheid in het portaal gaat voor.")
        await actium.objections.decide(desk, objection.objection, weighed)
        for untold in (cf.LiftForm(told_on=date(2026, 4, 14)), cf.LiftForm(told_on=date(2026, 4, 15), notice="brief")):
            with pytest.raises(InputError, match="Tell the person first"):
                await actium.objections.lift(desk, objection.objection, untold, None)
        assert (await scene.is_refused("actium", demi, ["gemeente"], NOISE)) == {"R18": "AVG 18"}
        lifted = await actium.objections.lift(desk, objection.objection, lift, None)
        await scene.settled()
        assert lifted.lifted_at is not None
        (theirs,) = await world.nodes["gemeente"].unmatched_subjects(world.actor("gemeente"))
        assert all(i.restricted_at is None for i in await scene.knows("gemeente", theirs.subject))
        as_it_was = await scene.knows("gemeente", theirs.subject, date(2026, 3, 20))
        assert all(i.restricted_at is not None for i in as_it_was)
        await scene.tells("actium", demi, ["gemeente"], NOISE)


def test_six_weeks_from_16_march_end_after_the_kings_birthday_and_four_more_after_whitsun() -> None:
    """The terms of the police (Wpg 25) in the calendar: neither ends on a holiday."""
    six = date(2026, 3, 16) + timedelta(weeks=6)
    assert (six, working_day(six)) == (date(2026, 4, 27), date(2026, 4, 28))
    ten = six + timedelta(weeks=4)
    assert (ten, working_day(ten)) == (date(2026, 5, 25), date(2026, 5, 26))
