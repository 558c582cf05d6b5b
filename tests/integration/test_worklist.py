"""The worklist counts every list of which somebody has to work something off, as that list does; never about whom."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import get_args

import pytest
from case_forms import HOUSE, TO_GEMEENTE, share_form
from command_lines import understood
from conference_forms import Meeting
from memory_world import MemoryWorld

from exchange.domain.actors import Role
from exchange.node import casework_forms as kf
from exchange.node import conference_forms as cf
from exchange.node import corrections_forms as rf
from exchange.node import facts_forms as ff
from exchange.node import forms as f
from exchange.node.service import Actor
from exchange.reports import words

PAIR = ("gemeente", "actium")


@pytest.fixture
async def world(founded: Path, tmp_path: Path):
    async with MemoryWorld.copied(founded, tmp_path, PAIR) as made:
        yield made


async def waits(world: MemoryWorld, slug: str, *roles: str, actor: Actor | None = None) -> dict[str, tuple[int, int]]:
    """What waits at a node for somebody with these roles: how much, and how much of it is late."""
    node = world.nodes[slug]
    if actor is None:
        made = await node.register_actor(world.actor(slug), f.ActorForm(roles=list(roles), name="Proef Collega"), None)
        actor = Actor(made.actor, "person", frozenset(roles))
    return {one.kind: (one.count, one.overdue) for one in await node.worklist(actor) if one.count}


async def test_what_partners_sent_waits_until_somebody_took_it_up(world: MemoryWorld) -> None:
    jelle = await world.person("actium")
    signal = {"kind": "signal", "signal_kind": "VERVUILING", "feedback_wanted": True}
    message = (await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE, **signal))).messages[0].message or ""
    gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
    assert await waits(world, "gemeente", "worker") == {
        "inbox": (1, 0), "signal": (1, 0), "unmatched": (1, 0), "feedback": (1, 0),
    }  # fmt: skip
    assert (await gemeente.status()).inbox_new == 1
    await gemeente.signals.triage(
        worker, kf.TriageForm(source=message, outcome="EIGEN_TAAK", reason="Eigen taak."), None
    )
    world.clock.forward(days=43)
    assert await waits(world, "gemeente", "worker") == {"inbox": (1, 0), "unmatched": (1, 0), "feedback": (1, 1)}
    await gemeente.reply(worker, message, f.ReplyForm(state="handled", text="Gedaan.", result="OPGELOST"), None)
    assert await waits(world, "gemeente", "worker") == {"unmatched": (1, 0)}


async def test_an_offer_waits_for_the_chair_then_for_its_owner_and_an_agreement_for_who_agreed(
    world: MemoryWorld,
) -> None:
    meeting = await Meeting.planned(world, [list(PAIR)])
    demi = await world.person("actium", given_names="Demi", family_name="Nepstra", birth_date="1990-04-05")
    offer = await meeting.offer("actium", ["gemeente"], "Meldingen.", demi, auto=False)
    assert await waits(world, "gemeente", actor=meeting.chair) == {"offer": (1, 0)}
    assert "offer" not in await waits(world, "gemeente", "worker"), "only the chair decides"
    await meeting.decide((offer, "release"))
    await world.until(lambda: meeting.status("actium", offer) == "released")
    assert await waits(world, "gemeente", actor=meeting.chair) == {}
    assert (await waits(world, "actium", "worker"))["own-offer"] == (1, 0)
    due = dt.date(2026, 3, 20)
    minutes = cf.MinutesForm(
        item=meeting.items[0], agreements=[cf.AgreementForm(action="Bellen.", owner="gemeente", due=due)]
    )
    await world.nodes["gemeente"].conferences.minutes(meeting.chair, meeting.conference, minutes, None)
    assert (await waits(world, "gemeente", "worker"))["agreement"] == (1, 0)
    assert (await world.nodes["actium"].status()).inbox_new == 0, "what is about the work itself is taken up by nobody"
    world.clock.forward(days=30)
    assert (await waits(world, "gemeente", "worker"))["agreement"] == (1, 1)


async def test_a_recall_waits_until_it_was_answered_and_an_objection_until_it_was_weighed(world: MemoryWorld) -> None:
    actium, gemeente, worker = world.nodes["actium"], world.nodes["gemeente"], world.actor("actium")
    jelle = await world.person("actium")
    await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE))
    item = (await actium.who_knows(worker, f.WhoKnowsQuery(subject=jelle))).items[0].item
    await actium.recalls.recall(worker, rf.RecallForm(items=[item], reason="ONRECHTMATIG", action="RESTRICT"), None)
    await world.until(lambda: bool(world.events("gemeente", "notification/received/1")))
    assert (await waits(world, "gemeente", "worker"))["notification"] == (1, 0)
    await actium.objections.receive(worker, rf.ObjectionForm(subject=jelle), None)
    assert await waits(world, "actium", "rights-desk") == {"objection": (1, 0)}
    world.clock.forward(days=60)
    assert (await waits(world, "gemeente", "worker"))["notification"] == (2, 2), "the objection restricted it as well"
    assert (await waits(world, "actium", "rights-desk"))["objection"] == (1, 1)
    for todo in (await gemeente.notifications.worklist(world.actor("gemeente"))).to_process:
        await gemeente.notifications.process(
            world.actor("gemeente"), todo.message, rf.ProcessedForm(outcome="done"), None
        )
    assert "notification" not in await waits(world, "gemeente", "worker")


async def test_openings_drafts_and_cases_wait_for_whom_they_concern(world: MemoryWorld) -> None:
    gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
    form = kf.CaseForm(problem="Overlast in het portaal.", review_due=dt.date(2026, 3, 10))
    case = (await gemeente.cases.open(worker, form, None)).case
    await gemeente.drafts.save(worker, f.OpenForm(purpose="P0_ONDERSTEUNING"), None)
    outsider = await world.colleague("gemeente", 4711, "worker")
    await gemeente.cases.read(outsider, case, "Waarneming voor een zieke collega.")
    assert (await waits(world, "gemeente", "privacy-officer"))["opening"] == (1, 0)
    assert (await waits(world, "gemeente", actor=worker))["draft"] == (1, 0)
    world.clock.forward(days=9)
    assert (await waits(world, "gemeente", actor=worker))["case-review"] == (1, 1)
    assert not {"draft", "case-review", "opening"} & set(await waits(world, "gemeente", actor=outsider))


async def test_whoever_keeps_the_machine_sees_what_stands_still_and_nothing_of_people(world: MemoryWorld) -> None:
    await world.deliver("gemeente", "actium", b"no frame at all")
    assert await waits(world, "gemeente", "operator") == {"parked": (1, 0)}
    assert await waits(world, "gemeente", "auditor") == {}
    for role in Role:
        size = world.nodes["gemeente"].ctx.log.size
        await world.nodes["gemeente"].worklist(Actor(world.actor("gemeente").id, "person", frozenset({role.value})))
        assert world.nodes["gemeente"].ctx.log.size == size, "numbers are no read"


def test_every_list_has_a_name_and_a_command_that_shows_it() -> None:
    kinds = set(get_args(ff.WorkKind))
    assert set(words.WORK) == kinds
    assert {command: why for command in words.WORK_LISTS.values() if (why := understood(command))} == {}
    assert set(words.WORK_LISTS) == kinds
