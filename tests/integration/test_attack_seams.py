"""Where two new things meet: a draft and a match, a struck item and a third party, a profile and a covenant that names nobody."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from case_forms import HOUSE, TO_WELZIJN, share_form
from case_play import opened
from conference_forms import Meeting, nuisance
from memory_world import MemoryWorld
from oracle import check_node
from world import COVENANT, JELLE, NOWHERE, PARTNERS, copied, next_generation

from exchange.errors import InputError, NotAllowedError, NotFoundError
from exchange.node import casework_forms as cf
from exchange.node import draft_forms as df
from exchange.node import forms as f
from exchange.node.service import Actor, Refused

TABLE = re.compile(r"\[identity\]\n(?:.+\n)+")
TOLD = {"given_on": "2026-03-02", "mode": "HUISBEZOEK", "recipients": ["welzijn"]}
FULL = {"category": "HUISVESTING", "field": "staat-woning", "value": "De woning staat vol spullen."}


def on_profile(subject: UUID) -> f.OpenForm:
    given = {"subject": subject, "recipients": [{"partner": "welzijn"}], "items": [FULL], "notice": TOLD}
    return f.OpenForm.model_validate({"profile": "WOONSITUATIE_HULP", **given})


def told_outside(case: UUID, subject: UUID, **more: Any) -> cf.ThirdPartyForm:
    """Zorgteam Fictie is told by telephone, and the person knew."""
    return cf.ThirdPartyForm.model_validate({
        "case": case, "name": "Zorgteam Fictie", "subject": subject, "purpose": "P0_ONDERSTEUNING", "context": "CASUS",
        "basis": "A6_1_e", "task": "wmo", "channel": "PHONE", "occurred_on": "2026-03-02", "named_to_subject": True,
        "items": [FULL],
        "weighing": {"necessity": "Nodig.", "proportionality": "Alleen dit.", "subsidiarity": "Niets minder."},
        "notice": {"reference": "k-1", "given_on": "2026-03-02", "mode": "HUISBEZOEK", "recipients": ["welzijn"]},
        **more,
    })  # fmt: skip


async def test_a_draft_about_somebody_a_partner_named_is_about_the_person_he_was_matched_with(founded, tmp_path):
    async with MemoryWorld.copied(founded, tmp_path, ("actium", "welzijn")) as world:
        welzijn, worker = world.nodes["welzijn"], world.actor("welzijn")
        await world.share("actium", share_form(await world.person("actium"), [TO_WELZIJN], HOUSE))
        (unmatched,) = await welzijn.unmatched_subjects(worker)
        row = await welzijn.drafts.save(worker, f.OpenForm(subject=unmatched.subject, purpose="P0_ONDERSTEUNING"), None)
        own = await world.person("welzijn", **{**JELLE, "given_names": "Jelle Jan"})
        await welzijn.match_subject(worker, unmatched.subject, own)
        read = await welzijn.drafts.read(worker, row.draft)
        assert read.subject_label.startswith("Jelle Jan")
        events = [x for x in world.events("welzijn", "data/read/1") if x.view == "draft.read"]
        assert [x.subject for x in events] == [own]
        await welzijn.split_subject(worker, unmatched.subject)
        assert not (await welzijn.drafts.read(worker, row.draft)).subject_label.startswith("Jelle Jan")
        check_node(welzijn, world.directory("welzijn"))


async def test_who_is_only_mentioned_in_a_draft_is_recorded_as_mentioned_when_it_is_sent(founded, tmp_path):
    async with MemoryWorld.copied(founded, tmp_path, ("actium", "welzijn")) as world:
        node, worker = world.nodes["actium"], world.actor("actium")
        jelle = await world.person("actium")
        demi = await world.person("actium", given_names="Demi", family_name="Nepstra", birth_date="1990-01-01")
        form = on_profile(jelle).model_copy(update={"items": [f.ItemForm(**FULL, mentions=[demi])]})
        row = await node.drafts.save(worker, form, None)
        assert (await node.drafts.explain(worker, row.draft)).missing == []
        assert (await node.drafts.send(worker, row.draft, None)).messages
        (known,) = [x for x in world.events("actium", "item/recorded/1") if x.category == "HUISVESTING"]
        assert list(known.mentions) == [demi]


async def test_what_the_chair_struck_is_not_told_to_a_third_party_in_the_case_either(founded, tmp_path):
    async with MemoryWorld.copied(founded, tmp_path, ("gemeente", "actium", "welzijn")) as world:
        meeting = await Meeting.planned(world, [["gemeente", "actium", "welzijn"]])
        node, worker, jelle = world.nodes["actium"], world.actor("actium"), await world.person("actium")
        offer = await meeting.offer("actium", ["welzijn"], "Hij dronk in café KANARIE.", jelle)
        await meeting.decide((offer, "strike"))
        await meeting.reaches("actium", offer, "struck")
        case = meeting.cases[0]
        await node.circle.change(worker, case, cf.CircleForm(actor=worker.id))
        form = told_outside(
            case, jelle, basis="A6_1_f", task="verhuur", items=[nuisance("hij dronk  in cafe\u0301 kanarie.")]
        )
        with pytest.raises(Refused) as refused:
            await node.third_parties.disclose(worker, form, None)
        assert "R12" in {reason.code for reason in refused.value.refusals}
        unseen = form.model_copy(update={"items": [f.ItemForm(**nuisance("De buren klagen."))]})
        with pytest.raises(Refused) as refused:
            await node.third_parties.disclose(worker, unseen, None)
        assert "R12" not in {reason.code for reason in refused.value.refusals}


@pytest.mark.parametrize(
    "name", ["politie", " POLITIE ", "Politie basisteam  Zuidwest Drenthe", "Woningcorporatie Actium"]
)
async def test_a_partner_outside_the_case_is_not_told_as_if_he_were_a_third_party(founded, tmp_path, name):
    async with MemoryWorld.copied(founded, tmp_path, ("gemeente", "actium")) as world:
        node, worker = world.nodes["gemeente"], world.actor("gemeente")
        jelle = await world.person("gemeente")
        case = await opened(world, main_subject=jelle)
        await node.cases.allocate(worker, case, cf.AllocationForm(to=name, reason="Verdere behandeling."), None)
        (allocation,) = (await node.cases.read(worker, case)).allocations
        form = told_outside(case, jelle, name=name, allocation=allocation.allocation)
        with pytest.raises(InputError, match="is a partner of this covenant"):
            await node.third_parties.disclose(worker, form, None)
        assert await node.third_parties.all(worker) == []


async def test_a_draft_on_a_profile_goes_without_a_name_where_the_new_generation_makes_nobody_known(tmp_path):
    copied(tmp_path / "founded", PARTNERS, NOWHERE, COVENANT)
    async with MemoryWorld.copied(tmp_path / "founded", tmp_path / "world", ("actium", "welzijn")) as world:
        row = await world.nodes["actium"].drafts.save(
            world.actor("actium"), on_profile(await world.person("actium")), None
        )
        signed = next_generation(world.home, world.signed, lambda text: TABLE.sub("", text))
        for slug in ("actium", "welzijn"):
            await world.accept(slug, signed)
        await world.until(lambda: (seen := world.nodes["actium"].partners.bundle("welzijn")) and seen.generation == 2)
        node, worker = world.nodes["actium"], world.actor("actium")
        act = await node.drafts.send(worker, row.draft, None)
        await world.until(lambda: world.received("welzijn"))
        assert (await node.act(worker, act.act, wait_s=60)).messages[0].rejected == {}
        assert [x.category for x in world.events("welzijn", "item/recorded/1")] == ["HUISVESTING"]
        assert [p.identity.family_name for p in world.nodes["welzijn"].ctx.people.unmatched()] == [""]
        check_node(node, world.directory("actium"))


async def test_suggestions_tell_a_lesser_role_nothing_about_anybody_and_a_stranger_nothing_at_all(founded, tmp_path):
    async with MemoryWorld.copied(founded, tmp_path, ("actium", "welzijn")) as world:
        node, jelle = world.nodes["actium"], await world.person("actium")
        await world.share("actium", node.completed(on_profile(jelle)))
        size = node.ctx.log.size
        for role in ("operator", "auditor", "fg", "rights-desk", "privacy-officer"):
            actor = Actor(uuid4(), "person", frozenset({role}))
            with pytest.raises(NotAllowedError):
                await node.suggest(actor, df.SuggestForm(subject=jelle))
        with pytest.raises(NotFoundError):
            await node.suggest(world.actor("actium"), df.SuggestForm(subject=uuid4()))
        assert node.ctx.log.size == size
        answer = await node.suggest(world.actor("actium"), df.SuggestForm())
        assert str(jelle) not in answer.model_dump_json()
        assert "Verzonnen" not in answer.model_dump_json()
        assert not {way.recipient for way in answer.ways} - set(PARTNERS)


@pytest.mark.parametrize("kind", ["signal", "disclosure"])
async def test_a_restart_between_saving_and_sending_loses_no_draft_and_sends_it_once(founded: Path, tmp_path, kind):
    async with MemoryWorld.copied(founded, tmp_path, ("actium", "welzijn")) as world:
        jelle = await world.person("actium")
        form = on_profile(jelle)
        if kind == "signal":
            form = f.OpenForm.model_validate({
                "profile": "EENZAAMHEID_SIGNAAL", "subject": jelle, "recipients": [{"partner": "welzijn"}],
                "items": [{"category": "WELZIJN_HULPVERLENING", "field": "hulpvraag", "value": "Vraagt om bezoek."}],
                "support_rationale": "Hij mist gezelschap.", "notice": TOLD,
            })  # fmt: skip
        row = await world.nodes["actium"].drafts.save(world.actor("actium"), form, None)
        await world.stop("actium")
        node = await world.start("actium")
        worker = world.actor("actium")
        act = await node.drafts.send(worker, row.draft, None)
        await world.stop("actium")
        node = await world.start("actium")
        assert (await node.drafts.send(world.actor("actium"), row.draft, None)).act == act.act
        await world.until(lambda: world.received("welzijn"))
        assert len(world.received("welzijn")) == 1
        assert node.drafts.all(world.actor("actium")) == []
        check_node(node, world.directory("actium"))
