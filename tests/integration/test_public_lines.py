"""What a person types stands sealed in the log of every node, also where it looks like a code. All persons are invented."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from case_forms import HOUSE, TO_GEMEENTE, share_form
from case_play import opened
from conference_forms import DAY, knows
from memory_world import MemoryWorld
from oracle import check_node

from exchange.domain.event import SHREDDED
from exchange.errors import ConflictError, InputError
from exchange.node import casework_forms as kf
from exchange.node import conference_forms as cf
from exchange.node import facts_forms as ff
from exchange.node import forms as f
from exchange.node.area_forms import AreaSignalForm
from exchange.node.codes import UnknownCodesError
from exchange.node.service import Actor, Refused

PAIR = ("gemeente", "actium")
NAME = "Aaltje.Bedacht"
"""A person's name that fits the grammar of a code."""


@pytest.fixture
async def world(founded: Path, tmp_path: Path):
    async with MemoryWorld.copied(founded, tmp_path, PAIR) as made:
        yield made


def nowhere_in_public(world: MemoryWorld, text: str = NAME) -> bool:
    """No node has it in the part of an entry that anybody with the file can read."""
    logs = [node.ctx.log for node in world.nodes.values()]
    return not [
        e.topic for log in logs for e in log.entries(0, 10_000) if text.casefold() in e.public.decode().casefold()
    ]


async def meeting(world: MemoryWorld) -> tuple[Actor, Any]:
    """A conference of both partners about one case, known at both."""
    node = world.nodes["gemeente"]
    made = await node.register_actor(
        world.actor("gemeente"), f.ActorForm(roles=["chair"], name="W. Voorzitter-Proef"), None
    )
    chair = Actor(made.actor, "person", frozenset({"chair"}))
    case = await opened(world, "gemeente", "actium")
    seats = [cf.AttendeeForm(partner=slug, role=f"Rol-{NAME}", secrecy=f"{NAME}-{slug}") for slug in PAIR]
    agenda = [cf.AgendaForm(case=case, partners=list(PAIR))]
    form = cf.ConferenceForm(date=dt.date.fromisoformat(DAY), chair=chair.id, participants=seats, agenda=agenda)
    conference = await node.conferences.plan(chair, form, None)
    await world.until(lambda: knows(world, "actium", conference))
    return chair, conference


async def test_who_sits_at_a_conference_as_what_and_what_he_signed_stands_in_no_public_line(world: MemoryWorld) -> None:
    chair, conference = await meeting(world)
    another = await opened(world, "gemeente", "actium")
    added = cf.AgendaForm(case=another, partners=list(PAIR))
    await world.nodes["gemeente"].conferences.agenda(chair, conference, added, None)  # tells the plan anew
    await world.until(lambda: len(world.events("actium", "conference/planned/2")) == 2)
    assert nowhere_in_public(world)
    for slug, reader in (("gemeente", chair), ("actium", world.actor("actium"))):
        shown = await world.nodes[slug].conferences.show(reader, conference)
        assert {(one.role, one.secrecy) for one in shown.participants} == {
            (f"Rol-{NAME}", f"{NAME}-{seat}") for seat in PAIR
        }  # fmt: skip


async def test_what_the_participants_signed_goes_with_its_term_and_the_conference_stays(world: MemoryWorld) -> None:
    chair, conference = await meeting(world)
    node = world.nodes["gemeente"]
    planned = world.events("gemeente", "conference/planned/2")
    await node.retention.erase(world.actor("gemeente"), "proef", [one.key_id for one in planned])
    assert [one.participants for one in world.events("gemeente", "conference/planned/2")] == [SHREDDED]
    shown = await node.conferences.show(chair, conference)
    assert [(one.partner, one.role, one.secrecy) for one in shown.participants] == [(slug, None, None) for slug in PAIR]
    more = cf.AgendaForm(case=shown.agenda[0].case, partners=list(PAIR))
    with pytest.raises(ConflictError, match="erased at the end of its term"):
        await node.conferences.agenda(chair, conference, more, None)
    check_node(node, world.directory("gemeente"))


async def test_a_ground_that_is_none_stands_in_no_public_line(world: MemoryWorld) -> None:
    """Nothing asks for it, so nothing refuses it: it counts as not given, at both ends."""
    jelle = await world.person("actium")
    cited = {"stated": [NAME, "EIGEN_HUURDER"], "special_exception": NAME, "criminal_ground": NAME}
    form = share_form(
        jelle, [{**TO_GEMEENTE, "special_exception": NAME, "criminal_ground": NAME}], HOUSE, stated=cited["stated"]
    )
    answer = await world.share("actium", form)
    assert [(m.state, m.rejected) for m in answer.messages] == [("receipted", {})]
    assert nowhere_in_public(world)
    assert {one.rules for slug in PAIR for one in world.events(slug, "item/recorded/1")} == {("EIGEN_HUURDER",)}


async def test_the_name_of_a_processing_is_sealed_until_some_time_after_it_stopped(world: MemoryWorld) -> None:
    node = world.nodes["actium"]
    officer = await world.colleague("actium", 4712, "privacy-officer")
    entry = {"name": NAME, "purposes": ["P0_ONDERSTEUNING"], "categories": ["OVERLAST"], "recipients": ["gemeente"],
             "bases": ["A6_1_f"], "retention": ["r02"]}  # fmt: skip
    made = await node.facts.register_activity(officer, ff.ActivityForm.model_validate(entry), None)
    assert [one.name for one in await node.facts.activities(officer)] == [NAME]
    assert nowhere_in_public(world)
    (event,) = world.events("actium", "activity/registered/2")
    term = "SELECT at FROM contents WHERE key_id=?"
    assert [row["at"] for row in node.ctx.ledger.rows(term, event.key_id)] == [None], "it holds, so no term runs"
    await node.facts.end_activity(officer, made.entry)
    assert [row["at"] is not None for row in node.ctx.ledger.rows(term, event.key_id)] == [True]
    for field in ("recipients", "bases", "retention"):
        with pytest.raises(InputError, match="choose from"):
            await node.facts.register_activity(
                officer, ff.ActivityForm.model_validate({**entry, field: ["onbekend"]}), None
            )


async def test_what_is_no_code_of_the_covenant_is_refused_and_recorded_nowhere(world: MemoryWorld) -> None:
    gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
    jelle = await world.person("gemeente")
    case = await opened(world, "gemeente", main_subject=jelle)
    items = [{"category": NAME, "field": "x", "value": "y"}]
    told = {"case": case, "name": "Zorgteam Fictie", "subject": jelle, "items": items, "purpose": "P0_ONDERSTEUNING",
            "context": "CASUS", "basis": "A6_1_e", "task": "wmo", "channel": "PHONE", "occurred_on": "2026-03-02"}  # fmt: skip
    with pytest.raises(UnknownCodesError):
        await gemeente.third_parties.disclose(worker, kf.ThirdPartyForm.model_validate(told), None)
    report = {"area": "proefplein", "kind": "BEDACHT", "observed_on": "2026-01-20", "purpose": "P1_INZICHT",
              "context": "GEBIEDS_PROBLEEMANALYSE", "task": "wmo"}  # fmt: skip
    with pytest.raises(Refused) as refused:
        await gemeente.areas.signal(worker, AreaSignalForm.model_validate(report), None)
    assert [one.code for one in refused.value.refusals] == ["R04"]
    assert (
        await gemeente.areas.signal(worker, AreaSignalForm.model_validate({**report, "kind": "JEUGDOVERLAST"}), None)
    ).kind
    assert nowhere_in_public(world)
    assert nowhere_in_public(world, "BEDACHT")


async def test_a_decision_names_only_fields_of_the_covenant(founded: Path, tmp_path: Path) -> None:
    async with MemoryWorld.copied(founded, tmp_path, ("politie",)) as world:
        decision = {"reference": "besluit-1", "ground": "WPG_19", "goal": "b", "decided_on": "2026-03-02", "signed_by": "chef",
                    "interest": "Openbare orde.", "purpose": "Nachtelijke overlast.", "recipients": ["actium"],
                    "categories": ["OVERLAST"], "fields": [NAME], "authority": "BURGEMEESTER", "agreed_on": "2026-03-02",
                    "valid_until": "2026-04-02"}  # fmt: skip
        functionary = await world.colleague("politie", 4713, "wpg-functionary")
        with pytest.raises(InputError, match="choose from") as refused:
            await world.nodes["politie"].facts.register_decision(
                functionary, ff.DecisionForm.model_validate(decision), None
            )
        assert NAME not in refused.value.localised(str)
        assert nowhere_in_public(world)


@pytest.mark.parametrize("reason", [NAME, "", "zo maar"])
def test_why_something_was_let_go_is_one_of_a_list(reason: str) -> None:
    with pytest.raises(ValueError, match="withdrawn"):
        f.DropForm(reason=reason)
