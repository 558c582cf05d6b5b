"""What should not have been given is asked back (Wpg 4(4), GDPR 17, 19). All persons are invented."""

from __future__ import annotations

from uuid import uuid4

import pytest
from case_forms import TO_GEMEENTE, TO_WELZIJN, share_form
from correction_play import (
    ARREARS,
    WRONG,
    debt,
    process,
    recall,
    values,
    who_knows,
)
from memory_world import MemoryWorld

from exchange.errors import ConflictError, InputError, NotAllowedError, NotFoundError
from exchange.node import corrections_forms as cf
from exchange.node import forms as f
from exchange.node.service import Idempotency, Refused


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


async def test_what_is_kept_on_a_ground_of_the_law_is_used_again_when_somebody_entitled_says_so_and_why(
    world: MemoryWorld,
) -> None:
    _, (item,) = await debt(world)
    message = (await recall(world, item, action="RESTRICT")).recipients[0].message
    gemeente, desk = world.nodes["gemeente"], world.actor("gemeente")
    worker = await world.colleague("gemeente", 4711, "worker")
    (unmatched,) = await gemeente.unmatched_subjects(worker)
    onward = [{**ARREARS[0], "origin_partner": "actium"}]
    form = share_form(unmatched.subject, [TO_WELZIJN], onward, basis="A6_1_e", task="schuldhulp")
    why = {
        "outcome": "refused",
        "ground": "AVG_17_3_b",
        "text": "De schuldhulp is een wettelijke taak.",
        "set_aside": True,
    }
    with pytest.raises(InputError, match="used again"):  # to use what one calls done is no answer
        await process(world, "gemeente", message, outcome="done", set_aside=True, text="Toch.")
    with pytest.raises(InputError, match="in words"):
        await process(world, "gemeente", message, **{**why, "text": " "})
    with pytest.raises(NotAllowedError):
        await gemeente.notifications.process(worker, message, cf.ProcessedForm.model_validate(why), None)
    await process(world, "gemeente", message, outcome="refused", ground="AVG_17_3_b")  # kept, and only stored
    with pytest.raises(Refused):
        await gemeente.share(worker, form, None)

    key = Idempotency("toch-gebruiken")
    for _ in range(2):
        await gemeente.notifications.process(desk, message, cf.ProcessedForm.model_validate(why), key)
    assert await values(world, "gemeente", worker) == [("disclosure", WRONG, "readable")]
    assert [s.rejected for s in (await world.share("gemeente", form)).messages] == [{}]
    assert [x.by for x in world.events("gemeente", "restriction/lifted/1")] == [desk.id]
    assert b"schuldhulp is een" not in (world.directory("gemeente") / "log.db").read_bytes()  # the reason is sealed
    with pytest.raises(ConflictError):
        await process(world, "gemeente", message, **why)

    # Whoever comes to agree with the partner after all, restricts it again; that is the last word.
    await process(world, "gemeente", message)
    assert await values(world, "gemeente", worker) == [("disclosure", None, "restricted")]
    with pytest.raises(ConflictError):
        await process(world, "gemeente", message, **why)
    replayed = [step async for step in gemeente.replay_log(desk)][-1]
    assert isinstance(replayed, f.ReplayAnswer)
    assert replayed.ok, replayed.differences


async def test_what_a_partner_restricted_after_an_objection_is_not_for_its_recipient_to_lift(
    world: MemoryWorld,
) -> None:
    family, _ = await debt(world)
    made = cf.ObjectionForm(subject=family, text="Ik wil dit niet.")
    await world.nodes["actium"].objections.receive(world.actor("actium"), made, None)
    await world.until(lambda: world.nodes["gemeente"].ctx.ledger.count("notifications"))
    row = world.nodes["gemeente"].ctx.ledger.one("SELECT message FROM notifications")
    assert row is not None
    with pytest.raises(InputError, match="partner that set it"):
        await process(
            world, "gemeente", row["message"], outcome="refused", ground="AVG_18_2", text="Toch.", set_aside=True
        )
    assert world.events("gemeente", "restriction/lifted/1") == []


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
