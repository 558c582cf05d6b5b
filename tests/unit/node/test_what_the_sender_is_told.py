"""What the own organisation hears before anything is sent: a slip of the pen by name, and everything that goes along."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from case_forms import HOUSE, TO_WELZIJN, share_form
from memory_world import MemoryWorld
from world import JELLE

from exchange.api.problems import of_exchange
from exchange.i18n import tr
from exchange.node import forms as f
from exchange.node.codes import UnknownCodesError
from exchange.node.corrections_forms import ObjectionForm

PAIR = ("actium", "welzijn")


@pytest.fixture
async def world(founded: Path, tmp_path: Path):
    async with MemoryWorld.copied(founded, tmp_path, PAIR) as made:
        yield made


def form_with(subject: UUID, *items: dict[str, Any], **more: Any) -> f.ShareForm:
    return share_form(subject, [TO_WELZIJN], [*items], **more)


async def refused_codes(world: MemoryWorld, form: f.ShareForm) -> list[tuple[str, str, str]]:
    """Place, code and sentence of what the sender is told."""
    node, actor = world.nodes["actium"], world.actor("actium")
    size = node.ctx.log.size
    with pytest.raises(UnknownCodesError) as refused:
        await node.share(actor, form, None)
    with pytest.raises(UnknownCodesError):
        await node.explain(actor, form)
    assert node.ctx.log.size == size  # not even as a refusal
    return [(d.location, d.kind, d.localised(str)) for d in refused.value.details]


async def test_a_misspelt_category_or_field_is_named_with_those_there_are(world):
    jelle = await world.person("actium")
    told = await refused_codes(
        world,
        form_with(
            jelle,
            HOUSE[0],
            {"category": "OVERLASD", "field": "aantal-meldingen", "value": "3"},
            {"category": "OVERLAST", "field": "aantalmeldingen", "value": "3"},
            {"category": "HUISVESTING", "field": "zwembad", "value": "ja"},
        ),
    )
    assert [(place, kind) for place, kind, _ in told] == [
        ("body.items.1.category", "unknown-category"),
        ("body.items.2.field", "unknown-field"),
        ("body.items.3.field", "unknown-field"),
    ]
    assert "no category “OVERLASD”. Did you mean OVERLAST?" in told[0][2]
    assert all(code in told[0][2] for code in ("HUISVESTING", "GEZONDHEID", "BSN"))
    assert "no field “aantalmeldingen”. Did you mean aantal-meldingen?" in told[1][2]
    assert told[2][2] == "This category has no field “zwembad”. Known are: bewoning, staat-woning, toelichting."


async def test_a_number_typed_where_a_code_belongs_is_not_repeated(world):
    jelle = await world.person("actium")
    told = await refused_codes(
        world,
        form_with(
            jelle,
            {"category": "999990342", "field": "x", "value": "y"},
            {"category": "OVERLAST", "field": "v999990342", "value": "y"},
        ),
    )
    assert len(told) == 2
    assert not [sentence for _place, _kind, sentence in told if "999990342" in sentence]


async def test_the_sentence_is_in_the_readers_language(world):
    jelle = await world.person("actium")
    form = form_with(jelle, {"category": "OVERLASD", "field": "x", "value": "y"})
    with pytest.raises(UnknownCodesError) as refused:
        await world.nodes["actium"].explain(world.actor("actium"), form)
    assert refused.value.localised(tr("nl")).startswith("Het formulier heeft een code")
    assert "Bedoelde u OVERLAST?" in refused.value.details[0].localised(tr("nl"))


async def test_a_slip_in_a_code_hides_no_other_reason_against_the_form(world):
    jelle = await world.person("actium")
    slip = {"category": "HUISVESTING", "field": "staatwoning", "value": "verzonnen"}
    needless = {"category": "WERK_INKOMEN", "field": "inkomen", "value": "verzonnen"}
    form = form_with(jelle, slip, needless).model_copy(update={"purpose": "P9_VERZONNEN", "notice": f.NoticeForm()})
    with pytest.raises(UnknownCodesError) as refused:
        await world.nodes["actium"].share(world.actor("actium"), form, None)
    assert [detail.location for detail in refused.value.details] == ["body.items.0.field"]
    against = {(r.code, r.item) for r in refused.value.refusals}
    assert {("R04", None), ("R14", None), ("R17", 1)} <= against
    assert ("R17", 0) not in against  # that is the slip itself
    problem = of_exchange("en", refused.value)
    assert problem["code"] == "input"
    assert {"errors", "refusals"} <= set(problem)
    assert world.events("actium", "refusal/recorded/1") == []  # a slip is no breach of the covenant


async def test_a_field_the_covenant_has_but_the_purpose_does_not_need_is_still_a_refusal(world):
    jelle = await world.person("actium")
    form = form_with(jelle, {"category": "WERK_INKOMEN", "field": "inkomen", "value": "verzonnen"})
    (answer,) = await world.nodes["actium"].explain(world.actor("actium"), form)
    assert "R17" in {r.code for r in answer.refusals if r.item == 0}
    said = {gate.title: gate.outcome for gate in answer.gates}
    assert (said["Not more than necessary"], said["Purpose and scope"]) == ("refuse", "allow")
    assert "Special category of data" not in said  # it had nothing to look at


async def test_explain_shows_the_identity_that_goes_along_once_and_never_its_content(world):
    jelle = await world.person("actium")
    node, actor = world.nodes["actium"], world.actor("actium")
    form = form_with(jelle, *HOUSE)
    (first,) = await node.explain(actor, form)
    assert [(a.category, a.field) for a in first.identity] == [
        ("IDENTIFICATIE", "naam"), ("IDENTIFICATIE", "geboortedatum"), ("CONTACT", "adres"),
    ]  # fmt: skip
    text = first.model_dump_json()
    assert not [value for value in JELLE.values() if f'"{value}"' in text]
    await world.share("actium", form)
    (second,) = await node.explain(actor, form)
    assert (second.allowed, second.identity) == (True, [])


async def test_what_is_told_outside_the_exchange_takes_no_identity_along(world):
    jelle = await world.person("actium")
    form = form_with(jelle, *HOUSE, channel="PHONE", occurred_on="2026-03-01")
    (answer,) = await world.nodes["actium"].explain(world.actor("actium"), form)
    assert answer.identity == []


async def test_a_refusal_of_the_identity_says_that_it_is_about_the_identity(world):
    jelle = await world.person("actium")
    form = form_with(jelle, *HOUSE, purpose="P1_INZICHT")  # no field rule gives a name for this purpose
    (answer,) = await world.nodes["actium"].explain(world.actor("actium"), form)
    about = {(r.code, r.item, r.identity) for r in answer.refusals if r.code == "R17"}
    assert about == {("R17", 0, False), ("R17", 1, False), ("R17", None, True)}


async def test_a_story_tells_topics_and_public_fields_only(world):
    jelle = await world.person("actium")
    await world.share("actium", form_with(jelle, *HOUSE))
    steps = [
        s async for s in world.nodes["actium"].story(world.actor("actium"), case=None, subject=jelle, partner=None)
    ]
    sent = next(s for s in steps if s.topic == "item/recorded/1" and s.details["category"] == "OVERLAST")
    assert sent.details.items() >= {"direction": "sent", "partner": "welzijn", "kind": "disclosure"}.items()
    text = "".join(s.model_dump_json() for s in steps)
    assert str(jelle) not in text
    assert not [value for value in JELLE.values() if f'"{value}"' in text]


async def test_what_would_happen_says_what_is_on_record_about_somebody_so_it_is_a_recorded_read(world):
    """An objection, a notice, which identity is known and to whom: whoever asks sees it, once or more in a quarter of an hour."""
    node, actor = world.nodes["actium"], world.actor("actium")
    jelle = await world.person("actium")
    other = await world.person("actium", family_name="Nepstra", birth_date="1990-04-05")
    await node.objections.receive(actor, ObjectionForm(subject=jelle), None)
    for about in (jelle, jelle, other):
        (answer,) = await node.explain(actor, form_with(about, *HOUSE))
        assert ("R18" in {refusal.code for refusal in answer.refusals}) is (about == jelle)
    draft = await node.drafts.save(actor, f.OpenForm.model_validate(form_with(other, *HOUSE).model_dump()), None)
    assert (await node.drafts.explain(actor, draft.draft)).recipients
    reads = [one for one in world.events("actium", "data/read/1") if one.view == "disclosure.explain"]
    assert [(one.by, one.subject) for one in reads] == [(actor.id, jelle), (actor.id, other)]
    world.clock.forward(hours=1)
    await node.drafts.explain(actor, draft.draft)
    reads = [one for one in world.events("actium", "data/read/1") if one.view == "disclosure.explain"]
    assert [one.subject for one in reads] == [jelle, other, other]


async def test_what_a_draft_lacks_says_nothing_about_anybody_and_is_no_read(world):
    node, actor = world.nodes["actium"], world.actor("actium")
    jelle = await world.person("actium")
    draft = await node.drafts.save(actor, f.OpenForm(subject=jelle), None)
    lacks = await node.drafts.explain(actor, draft.draft)
    assert lacks.missing
    assert lacks.recipients == []
    assert str(jelle) not in str(lacks.missing)
    assert world.events("actium", "data/read/1") == []
