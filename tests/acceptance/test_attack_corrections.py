"""Who tries to abuse corrections, recalls and restrictions. All persons are invented."""

from __future__ import annotations

from uuid import uuid4

import pytest
from correction_play import (
    RIGHT,
    WRONG,
    correct,
    debt,
    last_codes,
    mallory,
    process,
    recall,
    settled,
    values,
    who_knows,
)
from memory_world import MemoryWorld

from exchange.errors import NotAllowedError
from exchange.node import corrections_forms as cf
from exchange.node.service import Actor
from exchange.wire import messages as m


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
