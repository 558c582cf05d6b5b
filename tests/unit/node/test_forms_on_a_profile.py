"""A form on a profile: what it leaves out comes from the profile, it may not depart from it, and the gates judge it as ever."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from memory_world import MemoryWorld
from oracle import check_node

from exchange.domain import events as e
from exchange.i18n import tr
from exchange.node import forms as f
from exchange.node.completing import FormToMendError
from exchange.node.node import Node
from exchange.node.service import Refused
from exchange.reports.story import sentence
from exchange.reports.titles import Titles
from exchange.wire import messages as m

PAIR = ("actium", "welzijn")
FULL = {"category": "HUISVESTING", "field": "staat-woning", "value": "De woning staat vol spullen."}
TOLD = {"given_on": "2026-03-02", "mode": "HUISBEZOEK", "recipients": ["welzijn"]}


@pytest.fixture
async def world(founded: Path, tmp_path: Path):
    async with MemoryWorld.copied(founded, tmp_path, PAIR) as made:
        yield made


def on_profile(subject: UUID | None, profile: str = "WOONSITUATIE_HULP", **more: Any) -> f.OpenForm:
    given = {"subject": subject, "recipients": [{"partner": "welzijn"}], "items": [FULL], "notice": TOLD}
    return f.OpenForm.model_validate({"profile": profile, **given, **more})


def mended(node: Node, form: f.OpenForm, language: str = "en") -> dict[str, str]:
    """Place -> what has to be mended there."""
    with pytest.raises(FormToMendError) as wrong:
        node.completed(form)
    return {detail.location: detail.localised(tr(language)) for detail in wrong.value.details}


async def test_six_things_make_a_disclosure_and_the_partner_gets_an_ordinary_message(world, tmp_path):
    actium, worker = world.nodes["actium"], world.actor("actium")
    jelle = await world.person("actium")
    form = actium.completed(on_profile(jelle))
    profile = actium.ctx.covenants.current.covenant.index.profiles["WOONSITUATIE_HULP"]
    assert (form.kind, form.purpose, form.context) == ("disclosure", "P0_ONDERSTEUNING", "SIGNALERING")
    assert (form.basis, form.task) == ("A6_1_f", "verhuur")
    assert form.recipients[0].model_dump(exclude_none=True) == {
        "partner": "welzijn", "basis": "A6_1_f", "task": "maatschappelijk-werk",
    }  # fmt: skip
    assert form.weighing.necessity == profile.necessity
    act = await world.share("actium", form)
    assert act.profile == "WOONSITUATIE_HULP"
    assert [message.state for message in act.messages] == ["receipted"]
    (message,) = await world.nodes["welzijn"].inbox(world.actor("welzijn"))
    got = await world.nodes["welzijn"].read_message(world.actor("welzijn"), message.message)
    assert got.statement["weighing"]["necessity"] == profile.necessity
    assert "profile" not in m.Statement.model_fields  # nothing new on the wire
    (used,) = world.events("actium", "act/on-profile/1")
    assert (used.originator_id, used.profile, used.kind, used.by) == (
        act.act, "WOONSITUATIE_HULP", "disclosure", worker.id,
    )  # fmt: skip
    for slug in PAIR:
        check_node(world.nodes[slug], world.directory(slug))


async def test_the_story_of_a_person_says_on_which_profile_it_was_shared(world):
    actium, worker = world.nodes["actium"], world.actor("actium")
    jelle = await world.person("actium")
    await world.share("actium", actium.completed(on_profile(jelle)))
    titles = Titles.of_covenant(await actium.covenant())
    told = [
        sentence(line.topic, line.details, titles, "nl")
        async for line in actium.story(worker, case=None, subject=jelle, partner=None)
        if line.topic == e.SharedOnProfile.topic
    ]
    assert told == ["Een verstrekking is gedeeld op het profiel Zorg over de woonsituatie van een huurder, voor hulp."]


async def test_the_profile_opens_nothing_the_gates_judge_the_completed_form(world):
    actium, worker = world.nodes["actium"], world.actor("actium")
    jelle = await world.person("actium")
    untold = actium.completed(on_profile(jelle, notice={}))
    with pytest.raises(Refused) as refused:
        await actium.share(worker, untold, None)
    assert [r.code for r in refused.value.refusals] == ["R14"]
    numbered = on_profile(jelle, items=[{**FULL, "value": "Zijn nummer is 999990342."}])
    with pytest.raises(Refused) as refused:
        await actium.share(worker, actium.completed(numbered), None)
    assert "R02" in {r.code for r in refused.value.refusals}
    assert world.events("actium", "act/on-profile/1") == []


DEPARTURES = [
    ({"recipients": [{"partner": "politie"}]}, "body.recipients.0.partner", "has no politie here; it has: welzijn, gemeente"),
    ({"items": [{**FULL, "field": "toelichting"}]}, "body.items.0.field", "has no HUISVESTING:toelichting here"),
    ({"items": [{**FULL, "category": "GEZONDHEID", "field": "situatie"}]}, "body.items.0.field", "GEZONDHEID:situatie"),
    ({"items": [{**FULL, "field": "999990342"}]}, "body.items.0.field", "has no … here"),
    ({"kind": "signal"}, "body.kind", "has disclosure here"),
    ({"context": "CASUS"}, "body.context", "has SIGNALERING here"),
    ({"basis": "A6_1_e"}, "body.basis", "has A6_1_f here"),
    ({"task": "leefbaarheid"}, "body.task", "has verhuur here"),
    ({"stated": ["EIGEN_HUURDER"]}, "body.stated", "has - here"),
    ({"signal_kind": "VERVUILING"}, "body.signal_kind", "has - here"),
    ({"recipients": [{"partner": "welzijn", "basis": "A6_1_a"}]}, "body.recipients.0.basis", "has A6_1_f here"),
    (
        {"recipients": [{"partner": "welzijn", "special_exception": "UAVG_22_2_a"}]},
        "body.recipients.0.special_exception", "has - here",
    ),
    ({"profile": "WOONSITUATIE_HULPP"}, "body.profile", "Did you mean WOONSITUATIE_HULP?"),
    ({"profile": "HULPVERLENING_AFSTEMMEN"}, "body.profile", "does not send on the profile"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "place", "why"), DEPARTURES, ids=[place + "-" + why for _c, place, why in DEPARTURES]
)
async def test_a_form_that_departs_from_its_profile_is_no_use_of_it(world, change, place, why):
    found = mended(world.nodes["actium"], on_profile(UUID(int=7), **change))
    assert why in found[place], found


async def test_what_is_missing_is_named_in_dutch_with_or_without_a_profile(world):
    node = world.nodes["actium"]
    assert mended(node, f.OpenForm(profile="WOONSITUATIE_HULP"), "nl") == {
        "body.subject": "Zeg over wie het gaat.",
        "body.recipients": "Noem ten minste één ontvanger.",
        "body.items": "Geef ten minste één feit of mening.",
    }
    bare = f.OpenForm.model_validate({"recipients": [{"partner": "welzijn"}]})
    assert set(mended(node, bare)) == {
        "body.subject", "body.items", "body.purpose", "body.context", "body.basis", "body.task",
        "body.recipients.0.basis", "body.recipients.0.task",
    }  # fmt: skip


@pytest.mark.parametrize("profile", ["BESTAAT_NIET", "HULPVERLENING_AFSTEMMEN"])
async def test_a_profile_that_cannot_be_used_is_the_only_mistake_that_is_named(world, profile):
    assert set(mended(world.nodes["actium"], f.OpenForm(profile=profile))) == {"body.profile"}


async def test_own_words_may_take_the_place_of_a_part_of_the_weighing(world):
    node = world.nodes["actium"]
    form = node.completed(on_profile(UUID(int=7), weighing={"subsidiarity": "Drie gesprekken hielpen niet."}))
    profile = node.ctx.covenants.current.covenant.index.profiles["WOONSITUATIE_HULP"]
    assert form.weighing.subsidiarity == "Drie gesprekken hielpen niet."
    assert form.weighing.necessity == profile.necessity


async def test_a_whole_form_that_only_claims_a_profile_is_not_logged_as_one(world):
    node, worker = world.nodes["actium"], world.actor("actium")
    jelle = await world.person("actium")
    honest = node.completed(on_profile(jelle))
    claimed = honest.model_copy(update={"context": "CASUS"})
    with pytest.raises(FormToMendError):
        await node.share(worker, claimed, None)
    assert world.events("actium", "act/on-profile/1") == []


async def test_what_was_told_by_telephone_may_be_on_a_profile_too(world):
    node, worker = world.nodes["actium"], world.actor("actium")
    jelle = await world.person("actium")
    form = node.completed(on_profile(jelle, channel="PHONE", occurred_on="2026-03-01"))
    act = await node.share(worker, form, None)
    assert (act.profile, [message.state for message in act.messages]) == ("WOONSITUATIE_HULP", ["stated"])
