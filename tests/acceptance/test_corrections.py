"""Corrections beside scenario 5, which plays one: to several, within a case, of a signal. All persons are invented."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest
from case_forms import TO_GEMEENTE, TO_WELZIJN, share_form
from case_play import amend
from correction_play import (
    ARREARS,
    KUNST,
    RIGHT,
    WRONG,
    correct,
    debt,
    family_of,
    process,
    settled,
    values,
    who_knows,
)
from memory_world import Mallory, MemoryWorld, receipts

from exchange.errors import ConflictError, InputError
from exchange.node import casework_forms as casework
from exchange.node import corrections_forms as cf
from exchange.node import facts_forms as ff
from exchange.node import forms as f
from exchange.node.service import Idempotency, Refused
from exchange.wire import messages as m


async def test_a_wrong_amount_is_corrected_at_every_recipient_in_one_act_and_an_earlier_day_shows_what_stood_then(
    world: MemoryWorld,
) -> None:
    family, items = await debt(world, TO_GEMEENTE, TO_WELZIJN)
    world.clock.forward(days=3)
    made = await correct(world, "actium", items[0])
    assert [(r.partner, r.due_on) for r in made.recipients] == [
        ("gemeente", date(2026, 3, 19)), ("welzijn", date(2026, 3, 19)),
    ]  # fmt: skip
    assert await values(world, "gemeente") == [
        ("correction", RIGHT, "readable"),
        ("disclosure", WRONG, "corrected"),
    ]

    told = next(r for r in made.recipients if r.partner == "gemeente")
    assert (await process(world, "gemeente", told.message, text="In het dossier aangepast.")).to_process == []
    (listed,) = await world.nodes["actium"].corrections.listed(world.actor("actium"))
    answers = {r.partner: (r.receipt, r.outcome, r.text) for r in listed.recipients}
    assert answers["gemeente"] == ("receipted", "done", "In het dossier aangepast.")
    assert answers["welzijn"][1] is None

    known = await who_knows(world, "actium", family)
    old = [i for i in known if i.corrected_at is not None]
    assert {(i.partner, i.acknowledged) for i in old} == {("gemeente", "done"), ("welzijn", None)}
    assert {i.replaced_by for i in old} == {i.item for i in known if i.replaces is not None}
    assert all(i.corrected_at is None for i in await who_knows(world, "actium", family, date(2026, 3, 4)))

    replayed = [step async for step in world.nodes["gemeente"].replay_log(world.actor("gemeente"))][-1]
    assert isinstance(replayed, f.ReplayAnswer)
    assert replayed.ok, replayed.differences


async def test_who_does_not_answer_in_time_stands_on_the_overdue_list(world: MemoryWorld) -> None:
    _, items = await debt(world)
    await correct(world, "actium", items[0])
    actium, worker = world.nodes["actium"], world.actor("actium")
    assert (await actium.status()).unanswered == 0
    world.clock.forward(days=15)
    assert [r.partner for r in (await actium.notifications.worklist(worker)).unanswered] == ["gemeente"]
    status = await actium.status()
    assert (status.unanswered, "answer-overdue" in status.warnings) == (1, True)
    assert (await world.nodes["gemeente"].status()).to_process == 1


async def test_a_correction_also_reaches_who_was_told_the_same_in_another_act_and_names_who_was_told_by_telephone(
    world: MemoryWorld,
) -> None:
    family, (item,) = await debt(world)
    await world.share("actium", share_form(family, [TO_WELZIJN], ARREARS))
    phoned = share_form(family, [TO_WELZIJN], ARREARS, channel="PHONE", occurred_on="2026-03-01")
    await world.nodes["actium"].share(world.actor("actium"), phoned, None)
    made = await correct(world, "actium", item)
    assert sorted(r.partner for r in made.recipients) == ["gemeente", "welzijn"]
    assert made.by_hand == ["welzijn"]
    known = await who_knows(world, "actium", family)
    assert sum(i.corrected_at is not None for i in known) == 3


async def test_a_corrected_signal_stays_a_signal_and_keeps_the_term_of_a_signal(world: MemoryWorld) -> None:
    family = await world.person("actium", **KUNST)
    await world.share(
        "actium",
        share_form(
            family, [TO_GEMEENTE], ARREARS, kind="signal", signal_kind="FINANCIELE_ZORG", weighing={}, notice={}
        ),
    )
    (item,) = [i.item for i in await who_knows(world, "actium", family) if i.category == "FINANCIEN_SCHULDEN"]
    made = await correct(world, "actium", item)
    (new,) = [i for i in await who_knows(world, "actium", family) if i.replaces is not None]
    assert (new.kind, new.retention, new.receipt) == ("signal", "r01", "receipted")
    assert [r.partner for r in made.recipients] == ["gemeente"]


async def test_a_correction_passes_every_gate_and_one_refusal_sends_nothing_to_anybody(world: MemoryWorld) -> None:
    family, items = await debt(world, TO_GEMEENTE, TO_WELZIJN)
    with pytest.raises(Refused) as refused:
        await correct(world, "actium", items[0], "Wil stoplicht, huurder ja/nee?")
    assert {r.code for r in refused.value.refusals} == {"R31"}
    with pytest.raises(InputError, match="BSN"):
        await correct(world, "actium", items[0], "schuld van 9999 93 653")
    assert all(i.corrected_at is None for i in await who_knows(world, "actium", family))
    assert await world.nodes["actium"].corrections.listed(world.actor("actium")) == []


async def test_a_correction_reaches_who_left_the_case_since_and_stays_in_that_case(world: MemoryWorld) -> None:
    gemeente, office = world.nodes["gemeente"], world.actor("gemeente")
    family = await world.person("gemeente", **KUNST)
    shared = casework.CaseForm(problem="Betalingsproblemen in het blok.", main_subject=family, partners=["welzijn"])
    case = (await gemeente.cases.open(office, shared, None)).case
    await settled(world)
    own = {"basis": "A6_1_e", "task": "schuldhulp"}
    await world.share("gemeente", share_form(family, [TO_WELZIJN], ARREARS, case=str(case), **own))
    (item,) = [i.item for i in await who_knows(world, "gemeente", family) if i.category == "FINANCIEN_SCHULDEN"]
    left = casework.ScopeForm(partner="welzijn", inside=False, reason="De hulp is klaar.")
    await gemeente.cases.set_scope(office, case, left, None)
    await settled(world)
    with pytest.raises(Refused) as refused:
        await world.share("gemeente", share_form(family, [TO_WELZIJN], ARREARS, case=str(case), **own))
    assert {r.code for r in refused.value.refusals} == {"R36"}
    await correct(world, "gemeente", item)
    (row,) = world.nodes["welzijn"].ctx.ledger.rows(
        "SELECT i.case_id, i.content_key FROM items i JOIN corrected c ON c.replacement = i.item WHERE c.item=?",
        str(item),
    )
    assert row["content_key"], "taken, and readable"
    assert row["case_id"] == str(case)


async def test_where_lapsed_training_is_refused_who_was_trained_corrects_and_who_was_not_does_not(
    world: MemoryWorld,
) -> None:
    _, (item,) = await debt(world)
    actium, worker = world.nodes["actium"], world.actor("actium")
    settings = actium.ctx.covenants.current.covenant.settings
    amend(actium, settings=settings.model_copy(update={"training_lapsed": "refuse"}))
    with pytest.raises(Refused, match="R26"):
        await correct(world, "actium", item)
    await actium.facts.record_training(worker, ff.TrainingForm(followed_on=world.clock.at.date()))
    made = await correct(world, "actium", item)
    assert [r.partner for r in made.recipients] == ["gemeente"]


async def test_a_correction_moves_nothing_into_a_case(world: MemoryWorld) -> None:
    mallory = Mallory(world, "actium")
    wrong = mallory.item()
    await mallory.send("gemeente", mallory.frame("gemeente", mallory.statement("gemeente"), wrong))
    await world.until(lambda: receipts(world, "gemeente", "actium"))
    moved = mallory.statement("gemeente", case=str(uuid4()))
    right = mallory.item(subject=wrong["subject"], replaces=wrong["item"], value="De woning is leeg.")
    await mallory.send("gemeente", mallory.frame("gemeente", moved, right, kind=m.Kind.CORRECTED))
    await world.until(lambda: len(receipts(world, "gemeente", "actium")) == 2)
    assert [set(o.codes) for o in receipts(world, "gemeente", "actium")[-1][0].data.outcomes] == [{"R36"}, {"R36"}]


async def test_correcting_what_went_in_acute_danger_owes_nothing_anew(world: MemoryWorld) -> None:
    danger = {"danger": "De bewoner reageert niet.", "interest_of": "SUBJECT"}
    family = await world.person("actium", **KUNST)
    await world.share("actium", share_form(family, [TO_GEMEENTE], ARREARS, basis="A6_1_d", emergency=danger))
    (item,) = [i.item for i in await who_knows(world, "actium", family) if i.category == "FINANCIEN_SCHULDEN"]
    await correct(world, "actium", item)
    assert ("correction", RIGHT, "readable") in await values(world, "gemeente")
    for slug in ("actium", "gemeente"):
        assert len(world.events(slug, "emergency/invoked/1")) == 1


async def test_what_was_corrected_is_corrected_again_through_what_took_its_place(world: MemoryWorld) -> None:
    family, (item,) = await debt(world)
    await correct(world, "actium", item)
    with pytest.raises(ConflictError, match="took its place"):
        await correct(world, "actium", item, "EUR 480")
    (new,) = [i.item for i in await who_knows(world, "actium", family) if i.replaces is not None]
    await correct(world, "actium", new, "EUR 480")
    assert [v for v in await values(world, "gemeente") if v[2] == "readable"] == [("correction", "EUR 480", "readable")]


async def test_who_passed_the_old_value_on_has_a_duty_of_its_own_until_it_corrects_or_recalls_it(
    world: MemoryWorld,
) -> None:
    _, (item,) = await debt(world)
    gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
    (unmatched,) = await gemeente.unmatched_subjects(worker)
    onward = [{**ARREARS[0], "origin_partner": "actium"}]
    own = {"basis": "A6_1_e", "task": "schuldhulp"}
    await world.share("gemeente", share_form(unmatched.subject, [TO_WELZIJN], onward, **own))
    assert (await gemeente.status()).onward == 0
    await correct(world, "actium", item)
    (line,) = (await gemeente.notifications.worklist(worker)).onward
    assert (line.partner, (await gemeente.status()).onward) == ("welzijn", 1)
    await correct(world, "gemeente", line.item)
    assert (await gemeente.notifications.worklist(worker)).onward == []
    assert ("correction", RIGHT, "readable") in await values(world, "welzijn")


async def test_who_only_keeps_a_wrong_item_corrects_it_here_and_at_whoever_it_told(world: MemoryWorld) -> None:
    _, (item,) = await debt(world)
    gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
    (unmatched,) = await gemeente.unmatched_subjects(worker)
    onward = [{**ARREARS[0], "origin_partner": "actium"}]
    await world.share(
        "gemeente", share_form(unmatched.subject, [TO_WELZIJN], onward, basis="A6_1_e", task="schuldhulp")
    )
    made = await correct(world, "gemeente", item)
    assert [r.partner for r in made.recipients] == ["welzijn"]
    known = await who_knows(world, "gemeente", unmatched.subject)
    assert {(i.direction, i.partner) for i in known if i.corrected_at is not None} == {
        ("received", "actium"), ("sent", "welzijn"),
    }  # fmt: skip
    assert all(i.corrected_at is None for i in await who_knows(world, "actium", await family_of(world)))


async def test_the_same_idempotency_key_corrects_once_and_answers_once(world: MemoryWorld) -> None:
    _, (item,) = await debt(world)
    form, key = cf.CorrectionForm(item=item, value=RIGHT), Idempotency("correctie-1")
    actium, worker = world.nodes["actium"], world.actor("actium")
    first = await actium.corrections.correct(worker, form, key)
    again = await actium.corrections.correct(worker, form, key)
    assert first.act == again.act
    await settled(world)
    assert len(await actium.corrections.listed(worker)) == 1
    gemeente, clerk, done = world.nodes["gemeente"], world.actor("gemeente"), cf.ProcessedForm(outcome="done")
    for _ in range(2):
        await gemeente.notifications.process(clerk, first.recipients[0].message, done, key)
    await settled(world)
    assert len(world.events("gemeente", "notification/processed/1")) == 1
    assert len(world.events("actium", "notification/answered/1")) == 1


async def test_a_wrong_birth_date_is_corrected_as_a_whole_identity(world: MemoryWorld) -> None:
    family, _ = await debt(world)
    known = await who_knows(world, "actium", family)
    (identity,) = [i.item for i in known if i.category == "IDENTIFICATIE"]
    form = cf.CorrectionForm(
        item=identity, identity=f.IdentityForm.model_validate({**KUNST, "birth_date": "1979-02-01"})
    )
    await world.nodes["actium"].corrections.correct(world.actor("actium"), form, None)
    await settled(world)
    (unmatched,) = await world.nodes["gemeente"].unmatched_subjects(world.actor("gemeente"))
    assert unmatched.label == "Kees Kunst-Matig (01-02-1979)"
