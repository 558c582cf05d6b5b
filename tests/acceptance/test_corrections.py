"""Scenario 5, second half (a wrong amount) and scenario 11, first part (an objection), and who tries to abuse them.

All persons are invented. Real nodes over the broker in memory.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from case_forms import HOUSE, TO_GEMEENTE, TO_WELZIJN, share_form
from memory_world import Mallory, MemoryWorld, receipts

from exchange.domain.retention import AMSTERDAM
from exchange.errors import ConflictError, InputError, NotAllowedError, NotFoundError
from exchange.node import casework_forms as casework
from exchange.node import corrections_forms as cf
from exchange.node import forms as f
from exchange.node.service import Actor, Idempotency, Refused
from exchange.wire import messages as m

KUNST = {"given_names": "Kees", "family_name": "Kunst-Matig", "birth_date": "1979-01-02", "postcode": "7921 CD",
         "house_number": "21"}  # fmt: skip
DEMI = {"given_names": "Demi", "family_name": "Nepstra", "birth_date": "1990-06-07", "postcode": "7963 AB",
        "house_number": "3"}  # fmt: skip
WRONG, RIGHT = "EUR 1.840", "EUR 840"
ARREARS = [{"category": "FINANCIEN_SCHULDEN", "field": "huurachterstand", "value": WRONG}]


@pytest.fixture
async def world(founded: Path, tmp_path: Path) -> AsyncIterator[MemoryWorld]:
    async with MemoryWorld.copied(founded, tmp_path) as copied:
        yield copied


async def debt(world: MemoryWorld, *recipients: dict[str, Any], **more: Any) -> tuple[UUID, list[UUID]]:
    """Actium tells the rent arrears of the Kunst-Matig family; the item ids, by recipient."""
    family = await world.person("actium", **KUNST)
    await world.share("actium", share_form(family, list(recipients or (TO_GEMEENTE,)), ARREARS, **more))
    known = await who_knows(world, "actium", family)
    return family, [i.item for i in known if i.category == "FINANCIEN_SCHULDEN"]


async def who_knows(world: MemoryWorld, slug: str, subject: UUID, as_of: date | None = None) -> list[f.KnownItem]:
    query = f.WhoKnowsQuery(subject=subject, as_of=as_of)
    return (await world.nodes[slug].who_knows(world.actor(slug), query)).items


async def settled(world: MemoryWorld) -> None:
    """Until nobody waits for a receipt."""
    await world.until(lambda: not any(node.outgoing.waiting() for node in world.nodes.values()))


async def correct(world: MemoryWorld, slug: str, item: UUID, value: str = RIGHT) -> cf.Notified:
    form = cf.CorrectionForm(item=item, value=value, explanation="Verkeerd overgenomen.")
    made = await world.nodes[slug].corrections.correct(world.actor(slug), form, None)
    await settled(world)
    return made


async def process(world: MemoryWorld, slug: str, message: str, **form: Any) -> cf.Worklist:
    answer = cf.ProcessedForm(**{"outcome": "done", **form})
    worklist = await world.nodes[slug].notifications.process(world.actor(slug), message, answer, None)
    await settled(world)
    return worklist


async def values(world: MemoryWorld, slug: str, actor: Actor | None = None) -> list[tuple[str, str | None, str]]:
    """Field, value and status of every amount a node reads in its inbox, newest message first."""
    node, reader = world.nodes[slug], actor or world.actor(slug)
    found = []
    for row in await node.inbox(reader):
        items = (await node.read_message(reader, row.message)).items
        found += [(row.kind, i.value, i.status) for i in items if i.category == "FINANCIEN_SCHULDEN"]
    return found


def at(day: date, hour: int = 9) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=AMSTERDAM).astimezone(UTC)


# ---------------------------------------------------------------------------------------- scenario 5: a correction


async def test_a_wrong_amount_is_corrected_at_every_recipient_in_one_act_and_the_answer_shows_who_was_told_when(
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
    (todo,) = (await world.nodes["gemeente"].notifications.worklist(world.actor("gemeente"))).to_process
    assert (todo.message, todo.telling) == (told.message, "corrected")
    world.clock.forward(days=1)
    assert (await process(world, "gemeente", told.message, text="In het dossier aangepast.")).to_process == []

    (listed,) = await world.nodes["actium"].corrections.listed(world.actor("actium"))
    by_partner = {r.partner: r for r in listed.recipients}
    assert by_partner["gemeente"].receipt == "receipted"
    assert by_partner["gemeente"].told_at.astimezone(AMSTERDAM).date() == date(2026, 3, 5)
    answered = by_partner["gemeente"].answered_at
    assert answered is not None
    assert answered.astimezone(AMSTERDAM).date() == date(2026, 3, 6)
    assert (by_partner["gemeente"].outcome, by_partner["gemeente"].text) == ("done", "In het dossier aangepast.")
    assert by_partner["welzijn"].outcome is None

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


async def family_of(world: MemoryWorld) -> UUID:
    """Actium's own entry of the family."""
    found = await world.nodes["actium"].find_subjects(world.actor("actium"), f.IdentityForm.model_validate(KUNST))
    return found[0].subject


# ---------------------------------------------------------------------------------------- recalls


async def recall(world: MemoryWorld, *items: UUID, **form: Any) -> cf.Notified:
    made = cf.RecallForm(**{"items": list(items), "reason": "ONRECHTMATIG", **form})
    notified = await world.nodes["actium"].recalls.recall(world.actor("actium"), made, None)
    await settled(world)
    return notified


async def test_a_recalled_item_is_restricted_at_once_and_erased_for_good_when_a_person_answers_done(
    world: MemoryWorld,
) -> None:
    family, (item,) = await debt(world)
    made = await recall(world, item)
    gemeente = world.nodes["gemeente"]
    worker = await world.colleague("gemeente", 4711, "worker")
    assert await values(world, "gemeente", worker) == [("disclosure", None, "restricted")]
    (unmatched,) = await gemeente.unmatched_subjects(worker)
    onward = [{**ARREARS[0], "origin_partner": "actium"}]
    form = share_form(unmatched.subject, [TO_WELZIJN], onward, basis="A6_1_e", task="schuldhulp")
    with pytest.raises(Refused) as refused:
        await gemeente.share(worker, form, None)
    assert {r.code for r in refused.value.refusals} == {"R18"}

    message = made.recipients[0].message
    with pytest.raises(NotAllowedError):
        await gemeente.notifications.process(worker, message, cf.ProcessedForm(outcome="done"), None)
    epochs = {own.kid for own in gemeente.ctx.prekeys.alive()}
    await process(world, "gemeente", message)
    assert await values(world, "gemeente") == [("disclosure", None, "erased")]
    assert epochs - {own.kid for own in gemeente.ctx.prekeys.alive()}, "no epoch that could open a copy was ended"
    (listed,) = await world.nodes["actium"].recalls.listed(world.actor("actium"))
    assert [(r.partner, r.outcome) for r in listed.recipients] == [("gemeente", "done")]
    (known,) = [i for i in await who_knows(world, "actium", family) if i.item == item]
    assert (known.recall_outcome, known.acknowledged) == ("done", "done")
    outcome = [step async for step in gemeente.verify_log(world.actor("gemeente"))][-1]
    assert isinstance(outcome, f.VerifyAnswer)
    assert (outcome.ok, outcome.erased) == (True, 1)


async def test_a_refused_recall_names_its_ground_leaves_the_item_restricted_and_may_still_become_done(
    world: MemoryWorld,
) -> None:
    _, (item,) = await debt(world)
    message = (await recall(world, item)).recipients[0].message
    with pytest.raises(InputError, match="ground"):
        await process(world, "gemeente", message, outcome="refused")
    await process(world, "gemeente", message, outcome="refused", ground="AVG_17_3_e", text="Loopt een procedure.")
    (listed,) = await world.nodes["actium"].recalls.listed(world.actor("actium"))
    assert (listed.recipients[0].outcome, listed.recipients[0].ground) == ("refused", "AVG_17_3_e")
    worker = await world.colleague("gemeente", 4711, "worker")
    assert await values(world, "gemeente", worker) == [("disclosure", None, "restricted")]
    await process(world, "gemeente", message)
    with pytest.raises(ConflictError):
        await process(world, "gemeente", message)
    (listed,) = await world.nodes["actium"].recalls.listed(world.actor("actium"))
    assert listed.recipients[0].outcome == "done"


async def test_a_recall_everywhere_reaches_every_copy_and_one_without_only_the_item_named(world: MemoryWorld) -> None:
    _, items = await debt(world, TO_GEMEENTE, TO_WELZIJN)
    one = await recall(world, items[0], action="RESTRICT", reason="ONJUIST")
    assert len(one.recipients) == 1
    every = await recall(world, items[0], action="ERASE", reason="WISSING", everywhere=True)
    assert sorted(r.partner for r in every.recipients) == ["gemeente", "welzijn"]
    with pytest.raises(NotFoundError):
        await recall(world, uuid4())
    with pytest.raises(InputError):
        await recall(world, items[0], reason="ZOMAAR")


# ---------------------------------------------------------------------------------------- scenario 11: an objection


async def test_an_objection_restricts_at_once_tells_every_recipient_and_is_lifted_only_after_weighing_and_notice(
    world: MemoryWorld,
) -> None:
    actium, desk = world.nodes["actium"], world.actor("actium")
    demi = await world.person("actium", **DEMI)
    await world.share("actium", share_form(demi, [TO_GEMEENTE, TO_WELZIJN], HOUSE))
    world.clock.at = at(date(2026, 3, 16))
    form = cf.ObjectionForm(subject=demi, text="Ik wil niet dat dit wordt gedeeld.")
    objection = await actium.objections.receive(desk, form, None)
    assert (objection.due_on, objection.label) == (date(2026, 4, 16), "Demi Nepstra (07-06-1990)")
    await settled(world)
    with pytest.raises(Refused) as refused:
        await actium.share(desk, share_form(demi, [TO_GEMEENTE], HOUSE), None)
    assert {r.code for r in refused.value.refusals} == {"R18"}

    assert sorted(r.partner for r in objection.notified[0].recipients) == ["gemeente", "welzijn"]
    for slug in ("gemeente", "welzijn"):
        (todo,) = (await world.nodes[slug].notifications.worklist(world.actor(slug))).to_process
        assert todo.telling == "restricted"
        await process(world, slug, todo.message)
        (theirs,) = await world.nodes[slug].unmatched_subjects(world.actor(slug))
        assert all(i.restricted_at is not None for i in await who_knows(world, slug, theirs.subject))
    shown = await actium.objections.show(desk, objection.objection)
    assert {r.outcome for r in shown.notified[0].recipients} == {"done"}

    lift = cf.LiftForm(told_on=date(2026, 4, 14), notice="brief-14-april")
    world.clock.at = at(date(2026, 4, 14))
    with pytest.raises(ConflictError, match="Weigh"):
        await actium.objections.lift(desk, objection.objection, lift, None)
    weighed = cf.WeighForm(outcome="upheld", motivation="Geen dwingende gronden.")
    await actium.objections.decide(desk, objection.objection, weighed)
    with pytest.raises(InputError, match="Tell the person first"):
        await actium.objections.lift(desk, objection.objection, cf.LiftForm(told_on=date(2026, 4, 14)), None)
    later = cf.LiftForm(told_on=date(2026, 4, 15), notice="brief")
    with pytest.raises(InputError, match="Tell the person first"):
        await actium.objections.lift(desk, objection.objection, later, None)
    with pytest.raises(Refused):
        await actium.share(desk, share_form(demi, [TO_GEMEENTE], HOUSE), None)

    lifted = await actium.objections.lift(desk, objection.objection, lift, None)
    await settled(world)
    assert lifted.lifted_at is not None
    (theirs,) = await world.nodes["gemeente"].unmatched_subjects(world.actor("gemeente"))
    assert all(i.restricted_at is None for i in await who_knows(world, "gemeente", theirs.subject))
    as_it_was = await who_knows(world, "gemeente", theirs.subject, date(2026, 3, 20))
    assert all(i.restricted_at is not None for i in as_it_was)
    again = await world.share("actium", share_form(demi, [TO_GEMEENTE], HOUSE))
    assert [status.state for status in again.messages] == ["receipted"]


async def test_an_objection_that_nobody_weighed_is_an_alarm_and_its_term_is_lengthened_only_in_the_first_month(
    world: MemoryWorld,
) -> None:
    actium, desk = world.nodes["actium"], world.actor("actium")
    demi = await world.person("actium", **DEMI)
    world.clock.at = at(date(2026, 3, 16))
    made = await actium.objections.receive(desk, cf.ObjectionForm(subject=demi), None)
    assert (await actium.status()).objections == 1
    world.clock.at = at(date(2026, 4, 17))
    assert "objection-overdue" in (await actium.status()).warnings
    extend = cf.ExtendForm(told_on=date(2026, 4, 17), notice="brief-3", reason="Veel bescheiden.")
    with pytest.raises(ConflictError, match="first month"):
        await actium.objections.extend(desk, made.objection, extend)
    in_time = extend.model_copy(update={"told_on": date(2026, 4, 10)})
    longer = await actium.objections.extend(desk, made.objection, in_time)
    assert (longer.due_on, longer.overdue) == (date(2026, 6, 16), False)


async def test_restrictions_survive_a_restart_and_the_views_are_rebuilt_alike(world: MemoryWorld) -> None:
    demi = await world.person("actium", **DEMI)
    await world.share("actium", share_form(demi, [TO_GEMEENTE], HOUSE))
    actium, desk = world.nodes["actium"], world.actor("actium")
    await actium.objections.receive(desk, cf.ObjectionForm(subject=demi), None)
    await settled(world)
    await world.stop("actium")
    actium = await world.start("actium")
    with pytest.raises(Refused):
        await actium.share(desk, share_form(demi, [TO_GEMEENTE], HOUSE), None)
    replayed = [step async for step in actium.replay_log(desk)][-1]
    assert isinstance(replayed, f.ReplayAnswer)
    assert replayed.ok, replayed.differences


# ---------------------------------------------------------------------------------------- hostile partners


def last_codes(world: MemoryWorld, receiver: str, sender: str) -> list[list[str]]:
    """Codes by part of the newest receipt."""
    receipt, _ = receipts(world, receiver, sender)[-1]
    return [outcome.codes for outcome in receipt.data.outcomes]


async def mallory(world: MemoryWorld, slug: str = "welzijn") -> Mallory:
    """A partner that has sent nothing yet and skips its own checks."""
    return Mallory(world, slug)


async def test_nobody_corrects_or_recalls_an_item_that_another_partner_gave(world: MemoryWorld) -> None:
    _, (item,) = await debt(world)
    hostile = await mallory(world)
    grounds = {"sender_task": "maatschappelijk-werk"}
    statement = hostile.statement("gemeente", **grounds)
    forged = hostile.item(category="FINANCIEN_SCHULDEN", field="huurachterstand", value="EUR 99", replaces=str(item))
    await hostile.send("gemeente", hostile.frame("gemeente", statement, forged, kind=m.Kind.CORRECTED))
    assert last_codes(world, "gemeente", "welzijn")[1] == ["R21"]
    recalled = {"v": 1, "items": [str(item)], "action": "ERASE", "reason": "ONRECHTMATIG"}
    await hostile.send("gemeente", hostile.frame("gemeente", recalled, kind=m.Kind.RECALLED))
    assert last_codes(world, "gemeente", "welzijn") == [["R21"]]
    restricted = {"v": 1, "items": [str(item)], "state": "set", "reason": "BEZWAAR"}
    await hostile.send("gemeente", hostile.frame("gemeente", restricted, kind=m.Kind.RESTRICTED))
    assert last_codes(world, "gemeente", "welzijn") == [["R21"]]
    assert await values(world, "gemeente") == [("disclosure", WRONG, "readable")]
    assert (await world.nodes["gemeente"].status()).to_process == 0


async def test_a_correction_never_moves_a_datum_to_another_person_or_field(world: MemoryWorld) -> None:
    hostile = await mallory(world, "actium")
    first = hostile.item(category="FINANCIEN_SCHULDEN", field="huurachterstand", value=WRONG)
    await hostile.send("gemeente", hostile.frame("gemeente", hostile.statement("gemeente"), first))
    other_person = {**first, "item": str(uuid4()), "subject": uuid4().hex, "replaces": first["item"]}
    other_field = {**first, "item": str(uuid4()), "field": "betalingsregeling", "replaces": first["item"]}
    for lie in (other_person, other_field):
        statement = hostile.statement("gemeente")
        await hostile.send("gemeente", hostile.frame("gemeente", statement, lie, kind=m.Kind.CORRECTED))
        assert last_codes(world, "gemeente", "actium")[1] == ["R21"]
    truth = {**first, "item": str(uuid4()), "value": RIGHT, "replaces": first["item"]}
    await hostile.send(
        "gemeente", hostile.frame("gemeente", hostile.statement("gemeente"), truth, kind=m.Kind.CORRECTED)
    )
    assert last_codes(world, "gemeente", "actium") == [[], []]


async def test_an_ordinary_disclosure_cannot_replace_anything_and_a_correction_must(world: MemoryWorld) -> None:
    hostile = await mallory(world, "actium")
    first = hostile.item()
    sneaky = hostile.frame("gemeente", hostile.statement("gemeente"), {**first, "replaces": str(uuid4())})
    empty = hostile.frame("gemeente", hostile.statement("gemeente"), hostile.item(), kind=m.Kind.CORRECTED)
    await hostile.send("gemeente", sneaky, empty)
    assert world.parked("gemeente") == ["schema", "schema"]


async def test_a_replayed_recall_and_the_same_recall_anew_change_nothing_that_was_answered(world: MemoryWorld) -> None:
    _, (item,) = await debt(world)
    message = (await recall(world, item)).recipients[0].message
    frame = next(
        frame
        for frame in world.between("actium", "gemeente")
        if b"gegeven.teruggeroepen" in world.open_frame("gemeente", frame).header
    )
    await process(world, "gemeente", message, outcome="refused", ground="AVG_17_3_b")
    before = len(world.events("gemeente", "notification/received/1"))
    restrictions = len(world.events("gemeente", "restriction/set/1"))
    await world.deliver("gemeente", "actium", frame)
    assert len(world.events("gemeente", "notification/received/1")) == before
    assert len(world.events("gemeente", "restriction/set/1")) == restrictions
    await process(world, "gemeente", message)
    await world.nodes["actium"].recalls.recall(
        world.actor("actium"), cf.RecallForm(items=[item], reason="ONRECHTMATIG"), None
    )
    await settled(world)
    assert last_codes(world, "gemeente", "actium") == [["R19"]]  # it is gone: nothing to recall any more


async def test_a_partner_that_was_never_told_cannot_acknowledge_and_nobody_acknowledges_for_another(
    world: MemoryWorld,
) -> None:
    family, items = await debt(world)
    made = await correct(world, "actium", items[0])
    hostile = await mallory(world)
    answer = {"v": 1, "outcome": "done", "text": ""}
    for message in (made.recipients[0].message, "ab" * 32):
        await hostile.send("actium", hostile.frame("actium", answer, kind=m.Kind.PROCESSED, reply_to=message))
        assert last_codes(world, "actium", "welzijn") == [["R21"]]
    assert {i.acknowledged for i in await who_knows(world, "actium", family)} == {None}
    (listed,) = await world.nodes["actium"].corrections.listed(world.actor("actium"))
    assert [r.outcome for r in listed.recipients] == [None]


async def test_an_item_and_its_recall_in_one_batch_are_taken_in_order_and_a_recall_before_its_item_waits(
    world: MemoryWorld,
) -> None:
    hostile = await mallory(world, "actium")
    item = hostile.item()
    first = hostile.frame("gemeente", hostile.statement("gemeente"), item)
    recalled = {"v": 1, "items": [item["item"]], "action": "ERASE", "reason": "ONRECHTMATIG"}
    second = hostile.frame("gemeente", recalled, kind=m.Kind.RECALLED)
    (early,) = await hostile.send("gemeente", second)
    assert early.ended == ["later"]
    taken = await hostile.send("gemeente", first, second)
    assert [t.ended for t in taken] == [["done"], ["done"]]
    assert (await world.nodes["gemeente"].status()).to_process == 1


async def test_what_one_partner_restricted_another_cannot_lift_and_a_recall_is_not_lifted(world: MemoryWorld) -> None:
    _, (item,) = await debt(world)
    await recall(world, item, action="RESTRICT")
    hostile = await mallory(world, "actium")
    hostile.number = 2
    lifted = {"v": 1, "items": [str(item)], "state": "lifted", "reason": "BEZWAAR"}
    await hostile.send("gemeente", hostile.frame("gemeente", lifted, kind=m.Kind.RESTRICTED))
    assert last_codes(world, "gemeente", "actium") == [[]]
    worker = await world.colleague("gemeente", 4711, "worker")
    assert await values(world, "gemeente", worker) == [("disclosure", None, "restricted")]


async def test_what_is_gone_at_the_recipient_is_not_brought_back_by_a_correction(world: MemoryWorld) -> None:
    _, (item,) = await debt(world)
    await process(world, "gemeente", (await recall(world, item)).recipients[0].message)
    made = await correct(world, "actium", item)
    (listed,) = await world.nodes["actium"].corrections.listed(world.actor("actium"))
    assert (listed.recipients[0].receipt, listed.recipients[0].rejected) == ("rejected", ["R19"])
    assert listed.act == made.act
    world.clock.forward(days=20)
    assert (await world.nodes["actium"].status()).unanswered == 0  # nothing is owed about what is gone


# ---------------------------------------------------------------------------------------- giving account


async def test_the_story_of_a_person_and_the_feed_tell_of_corrections_recalls_and_objections(
    world: MemoryWorld,
) -> None:
    family, (item,) = await debt(world)
    actium, desk = world.nodes["actium"], world.actor("actium")
    made = await correct(world, "actium", item)
    await process(world, "gemeente", made.recipients[0].message)
    await actium.objections.receive(desk, cf.ObjectionForm(subject=family), None)
    await settled(world)
    lines = [line async for line in actium.story(desk, case=None, subject=family, partner=None)]
    topics = {line.topic for line in lines if isinstance(line, f.StoryLine)}
    expected = {"item/corrected/1", "notification/sent/1", "notification/answered/1", "restriction/set/1"}
    assert expected | {"objection/received/1"} <= topics
    feed = {row.topic for row in await world.nodes["gemeente"].feed(world.actor("gemeente"), 0, 1000)}
    assert "notification/received/1" in feed


async def test_after_the_words_of_an_objection_are_erased_everything_else_still_stands(world: MemoryWorld) -> None:
    demi = await world.person("actium", **DEMI)
    await world.share("actium", share_form(demi, [TO_GEMEENTE], HOUSE))
    actium, desk = world.nodes["actium"], world.actor("actium")
    made = await actium.objections.receive(desk, cf.ObjectionForm(subject=demi, text="Mijn buurvrouw liegt."), None)
    await settled(world)
    due = await actium.retention_due(desk, date(2099, 1, 1))
    assert any(d.retention == "r09" for d in due), "what an objection seals has no term"
    (row,) = actium.ctx.ledger.rows("SELECT key_id FROM objections")
    await actium.retention.erase(desk, "proef", [row["key_id"]])
    shown = await actium.objections.show(desk, made.objection)
    assert (shown.subject, shown.label, shown.due_on) == (None, "", date(2026, 4, 2))
    outcome = [step async for step in actium.verify_log(desk)][-1]
    assert isinstance(outcome, f.VerifyAnswer)
    assert outcome.ok, outcome.problem
    replayed = [step async for step in actium.replay_log(desk)][-1]
    assert isinstance(replayed, f.ReplayAnswer)
    assert replayed.ok, replayed.differences


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


async def test_operator_and_auditor_neither_correct_nor_see_what_was_corrected(world: MemoryWorld) -> None:
    node = world.nodes["actium"]
    for role in ("operator", "auditor"):
        actor = Actor(uuid4(), "person", frozenset({role}))
        form = cf.CorrectionForm(item=uuid4(), value=RIGHT)
        with pytest.raises(NotAllowedError):
            await node.corrections.correct(actor, form, None)
        with pytest.raises(NotAllowedError):
            await node.corrections.listed(actor)
        with pytest.raises(NotAllowedError):
            await node.objections.listed(actor)
        with pytest.raises(NotAllowedError):
            await node.notifications.worklist(actor)
