"""Drafts: sealed, seen by their maker only, told what they lack, and gone for good when sent, discarded or over their term."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from draft_play import CANARY, FULL, PAIR, ZAAK, form, system
from memory_world import MemoryWorld
from oracle import check_node

from exchange.domain import events as e
from exchange.domain.event import Gone
from exchange.errors import ConflictError, InputError, NotAllowedError, NotFoundError
from exchange.i18n import tr
from exchange.node import draft_forms as df
from exchange.node import forms as f
from exchange.node.completing import FormToMendError
from exchange.node.node import Node
from exchange.node.service import Actor, Idempotency, Refused


@pytest.fixture
async def world(founded: Path, tmp_path: Path):
    async with MemoryWorld.copied(founded, tmp_path, PAIR) as made:
        yield made


def texts(node: Node) -> list[str | Gone]:
    """What the log still says of every saved draft."""
    return [x.form for x in node.ctx.log.read_all(node.ctx.log.entries(0, 10_000, [e.DraftSaved.topic]))]


def keys(node: Node) -> int:
    return node.ctx.ledger.count("contents WHERE retention='concept' AND erasure IS NULL")


async def days(world: MemoryWorld, count: int) -> None:
    """Days go by, and every node does what it does daily."""
    world.clock.forward(days=count)
    for node in world.nodes.values():
        await node.housekeeping.step()
    await world.until(lambda: all(n.retention.clock_state() == "trusted" for n in world.nodes.values()))
    for node in world.nodes.values():
        await node.retention.daily()


# ---------------------------------------------------------------------------------------- keeping


async def test_a_draft_lies_sealed_and_its_public_line_says_nothing_of_anybody(world):
    node, worker = world.nodes["actium"], world.actor("actium")
    jelle = await world.person("actium")
    row = await node.drafts.save(worker, form(jelle), None)
    assert (row.kind, row.profile, row.proposal, row.keep_until) == (
        "disclosure", "WOONSITUATIE_HULP", False, date(2026, 3, 16),
    )  # fmt: skip
    (entry,) = node.ctx.log.entries(0, 10_000, [e.DraftSaved.topic])
    assert str(jelle).encode() not in entry.public
    for file in world.directory("actium").iterdir():
        if file.is_file():
            assert CANARY.encode() not in file.read_bytes(), file.name
    check_node(node, world.directory("actium"))


async def test_only_its_maker_sees_a_draft_and_his_reading_is_recorded(world):
    node, worker = world.nodes["actium"], world.actor("actium")
    jelle = await world.person("actium")
    row = await node.drafts.save(worker, form(jelle), None)
    answer = await node.drafts.read(worker, row.draft)
    assert answer.form.items[0].value == CANARY
    assert answer.subject_label == "Jelle Verzonnen (05-11-1964)"
    (read,) = [x for x in world.events("actium", "data/read/1") if x.view == "draft.read"]
    assert (read.by, read.subject) == (worker.id, jelle)
    colleague = await world.colleague("actium")
    assert node.drafts.all(colleague) == []
    for attempt in (
        node.drafts.read(colleague, row.draft),
        node.drafts.change(colleague, row.draft, form(jelle)),
        node.drafts.send(colleague, row.draft, None),
        node.drafts.discard(colleague, row.draft),
    ):
        with pytest.raises(NotFoundError):
            await attempt
    with pytest.raises(NotFoundError):
        await node.drafts.explain(colleague, row.draft)


@pytest.mark.parametrize("role", ["operator", "auditor", "fg", "rights-desk", "chair"])
async def test_who_does_not_share_keeps_no_drafts(world, role):
    node, actor = world.nodes["actium"], Actor(uuid4(), "person", frozenset({role}))
    with pytest.raises(NotAllowedError):
        node.drafts.all(actor)
    with pytest.raises(NotAllowedError):
        await node.drafts.save(actor, form(), None)
    with pytest.raises(NotAllowedError):
        await node.drafts.read(actor, uuid4())


async def test_what_no_log_may_hold_is_not_kept_as_a_draft_either(world):
    node, worker = world.nodes["actium"], world.actor("actium")
    size = node.ctx.log.size
    numbered = form(items=[{**FULL, "value": "Nummer 9999 90 342."}])
    with pytest.raises(InputError, match="citizen service number"):
        await node.drafts.save(worker, numbered, None)
    with pytest.raises(FormToMendError) as wrong:
        await node.drafts.save(worker, form(profile="JELLE_VERZONNEN"), None)
    assert wrong.value.details[0].location == "body.profile"
    with pytest.raises(NotFoundError):
        await node.drafts.save(worker, form(uuid4()), None)
    assert node.ctx.log.size == size


async def test_saving_again_replaces_the_text_and_starts_the_term_anew(world):
    node, worker = world.nodes["actium"], world.actor("actium")
    row = await node.drafts.save(worker, form(), None)
    world.clock.forward(days=5)
    again = await node.drafts.change(worker, row.draft, form(items=[{**FULL, "value": "Opgeruimd."}]))
    assert (again.draft, again.keep_until) == (row.draft, date(2026, 3, 21))
    assert (await node.drafts.read(worker, row.draft)).form.items[0].value == "Opgeruimd."
    assert len(node.drafts.all(worker)) == keys(node) == 1


async def test_saving_under_one_idempotency_key_keeps_one_draft(world):
    node, worker = world.nodes["actium"], world.actor("actium")
    first = await node.drafts.save(worker, form(), Idempotency("concept-1"))
    again = await node.drafts.save(worker, form(), Idempotency("concept-1"))
    assert first.draft == again.draft
    assert len(node.drafts.all(worker)) == 1


# ---------------------------------------------------------------------------------------- what it lacks


async def test_an_incomplete_draft_is_told_in_dutch_what_it_lacks(world):
    node, worker = world.nodes["actium"], world.actor("actium")
    row = await node.drafts.save(worker, f.OpenForm(profile="WOONSITUATIE_HULP"), None)
    lacks = await node.drafts.explain(worker, row.draft)
    assert [detail.localised(tr("nl")) for detail in lacks.missing] == [
        "Zeg over wie het gaat.", "Noem ten minste één ontvanger.", "Geef ten minste één feit of mening.",
    ]  # fmt: skip
    assert lacks.recipients == []
    with pytest.raises(FormToMendError):
        await node.drafts.send(worker, row.draft, None)
    assert len(node.drafts.all(worker)) == 1


async def test_a_complete_draft_is_told_what_the_gates_would_say(world):
    node, worker = world.nodes["actium"], world.actor("actium")
    jelle = await world.person("actium")
    row = await node.drafts.save(worker, form(jelle, notice={}), None)
    lacks = await node.drafts.explain(worker, row.draft)
    assert lacks.missing == []
    assert [r.code for r in lacks.recipients[0].refusals] == ["R14"]
    with pytest.raises(Refused):
        await node.drafts.send(worker, row.draft, None)
    assert (await node.drafts.read(worker, row.draft)).form.items[0].value == CANARY  # a refusal costs no work


# ---------------------------------------------------------------------------------------- its end


async def test_a_draft_that_is_sent_goes_in_the_transaction_of_the_act_and_nobody_can_read_it_after(world):
    node, worker = world.nodes["actium"], world.actor("actium")
    jelle = await world.person("actium")
    row = await node.drafts.save(worker, form(jelle), None)
    act = await node.drafts.send(worker, row.draft, Idempotency("een"))
    assert act.profile == "WOONSITUATIE_HULP"
    closed, decided = (
        next(i for i, line in _lines(node) if line == topic) for topic in ("draft/closed/1", "erasure/decided/1")
    )
    sent = next(i for i, line in _lines(node) if line == "message/sent/1")
    assert sent < closed < decided  # one after the other: one transaction (the crash test below cuts elsewhere)
    await world.until(lambda: not node.outgoing.waiting())
    assert texts(node) == [Gone.SHREDDED]
    assert (node.drafts.all(worker), keys(node)) == ([], 0)
    with pytest.raises(NotFoundError):
        await node.drafts.read(worker, row.draft)
    (erasure,) = world.events("actium", "erasure/decided/1")
    assert (erasure.rule, erasure.by, erasure.items) == ("concept-verzonden", worker.id, ())
    check_node(node, world.directory("actium"))
    assert (await node.drafts.send(worker, row.draft, Idempotency("een"))).act == act.act
    assert (await node.drafts.send(worker, row.draft, None)).act == act.act  # and without the key
    assert node.ctx.ledger.count("messages WHERE direction='sent'") == 1


def _lines(node: Node) -> list[tuple[int, str]]:
    return [(entry.index, entry.topic) for entry in node.ctx.log.entries(0, 10_000)]


async def test_a_draft_that_is_discarded_is_destroyed(world):
    node, worker = world.nodes["actium"], world.actor("actium")
    row = await node.drafts.save(worker, form(), None)
    await node.drafts.discard(worker, row.draft)
    assert texts(node) == [Gone.SHREDDED]
    assert node.drafts.all(worker) == []
    with pytest.raises(NotFoundError):
        await node.drafts.discard(worker, row.draft)
    check_node(node, world.directory("actium"))


async def test_the_nodes_daily_run_destroys_a_draft_after_its_last_day_and_says_so_beforehand(world):
    node, worker = world.nodes["actium"], world.actor("actium")
    await node.drafts.save(worker, form(), None)
    assert await node.retention_due(worker, date(2026, 3, 15)) == []
    (due,) = await node.retention_due(worker, date(2026, 3, 16))
    assert (due.rule, due.retention, due.period, due.due_on, due.confirmed) == (
        "concept-verlopen", "concept", "P14D", date(2026, 3, 16), True,
    )  # fmt: skip
    await days(world, 14)  # its last day: it stays
    assert len(node.drafts.all(worker)) == 1
    await days(world, 1)
    assert (node.drafts.all(worker), texts(node), keys(node)) == ([], [Gone.SHREDDED], 0)
    (erasure,) = world.events("actium", "erasure/decided/1")
    assert (erasure.rule, erasure.by) == ("concept-verlopen", None)
    check_node(node, world.directory("actium"))


async def test_a_clock_that_nobody_vouches_for_destroys_no_draft(world):
    node, worker = world.nodes["actium"], world.actor("actium")
    await node.drafts.save(worker, form(), None)
    world.clock.forward(days=20)
    assert node.retention.clock_state() != "trusted"
    for _ in range(2):  # it is not done, so it is tried again the same day; one alarm is enough
        assert not await node.retention.daily()
    assert len(node.drafts.all(worker)) == 1
    assert [x.alarm for x in world.events("actium", "alarm/raised/1")] == ["clock"]
    assert "retention-overdue" in (await node.status()).warnings


async def test_a_crash_between_the_act_and_the_shredding_is_finished_at_the_next_start(world, monkeypatch):
    node, worker = world.nodes["actium"], world.actor("actium")
    jelle = await world.person("actium")
    row = await node.drafts.save(worker, form(jelle), None)

    async def dies(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(node.retention, "finish", dies)
    with pytest.raises(KeyboardInterrupt):
        await node.drafts.send(worker, row.draft, None)
    monkeypatch.undo()
    await world.stop("actium")
    node = await world.start("actium")
    assert texts(node) == [Gone.SHREDDED]
    assert node.drafts.all(worker) == []
    await world.until(lambda: not node.outgoing.waiting())
    check_node(node, world.directory("actium"))


async def test_two_who_send_one_draft_at_once_share_it_once(world):
    node, worker = world.nodes["actium"], world.actor("actium")
    jelle = await world.person("actium")
    row = await node.drafts.save(worker, form(jelle), None)
    sends = (node.drafts.send(worker, row.draft, None) for _ in range(3))
    ends = await asyncio.gather(*sends, return_exceptions=True)
    sent = [end for end in ends if isinstance(end, f.ActAnswer)]
    assert len({act.act for act in sent}) == 1
    assert all(isinstance(end, f.ActAnswer | ConflictError | NotFoundError) for end in ends)
    assert node.ctx.ledger.count("drafts WHERE state='sent'") == 1
    assert len(world.events("actium", "message/sent/1")) == len(world.events("actium", "erasure/decided/1")) == 1


async def test_what_was_saved_while_it_was_being_sent_does_not_vanish_unread(world, monkeypatch):
    node, worker = world.nodes["actium"], world.actor("actium")
    jelle = await world.person("actium")
    row = await node.drafts.save(worker, form(jelle), None)
    share = node._sharing.share

    async def slowly(*given: Any) -> UUID:
        await node.drafts.change(worker, row.draft, form(jelle, items=[{**FULL, "value": "Opgeruimd."}]))
        return await share(*given)

    monkeypatch.setattr(node._sharing, "share", slowly)
    with pytest.raises(ConflictError, match="saved again meanwhile"):
        await node.drafts.send(worker, row.draft, None)
    assert world.events("actium", "message/sent/1") == []
    assert (await node.drafts.read(worker, row.draft)).form.items[0].value == "Opgeruimd."


async def test_a_draft_about_somebody_keeps_him_in_the_register_until_it_goes(world):
    node, worker = world.nodes["actium"], world.actor("actium")
    jelle = await world.person("actium")
    row = await node.drafts.save(worker, form(jelle), None)
    for rule in await node.retention_rules(worker):
        await node.retention_confirm(worker, rule.rule)
    assert not list(node.retention._entries.endings())
    await node.drafts.discard(worker, row.draft)
    assert [len(ending.keys) for ending in node.retention._entries.endings()] == [1]


# ---------------------------------------------------------------------------------------- proposals


async def test_a_case_system_proposes_and_only_a_person_can_send(world):
    node, worker, machine = world.nodes["actium"], world.actor("actium"), await system(world)
    jelle = await world.person("actium")
    proposed = await node.drafts.propose(
        machine.id, df.ProposalForm(kind="signal", signal_kind="EENZAAMHEID", external_reference=ZAAK)
    )
    assert proposed.fresh
    (row,) = node.drafts.all(worker)
    assert (row.proposal, row.origin, row.kind) == (True, "zgw", "signal")
    assert [w.count for w in await node.worklist(worker) if w.kind == "proposal"] == [1]
    answer = await node.drafts.read(worker, row.draft)
    assert (answer.form.external_reference, answer.form.subject) == (ZAAK, None)
    filled = f.OpenForm.model_validate({
        **answer.form.model_dump(exclude_unset=True), "subject": jelle, "profile": None, "purpose": "P0_ONDERSTEUNING",
        "context": "SIGNALERING", "basis": "A6_1_f", "task": "leefbaarheid", "support_rationale": "Zij mist gezelschap.",
        "recipients": [{"partner": "welzijn", "basis": "A6_1_f", "task": "maatschappelijk-werk"}],
        "items": [{"category": "WELZIJN_HULPVERLENING", "field": "hulpvraag", "value": "Vraagt om gezelschap."}],
    })  # fmt: skip
    mine = await node.drafts.change(worker, row.draft, filled)
    assert (mine.proposal, mine.origin) == (False, "zgw")
    colleague = await world.colleague("actium")
    assert node.drafts.all(colleague) == []  # taken up: no longer on anybody else's list
    with pytest.raises(NotFoundError):
        await node.drafts.send(machine, row.draft, None)  # R32: the system that proposed it has no say any more
    act = await node.drafts.send(worker, row.draft, None)
    (command,) = [x for x in world.events("actium", "command/accepted/1") if x.external_reference is not None]
    assert (command.act, command.external_reference) == (act.act, ZAAK)


async def test_a_system_that_sends_its_own_proposal_is_refused_because_no_person_decided(world):
    node, machine = world.nodes["actium"], await system(world)
    jelle = await world.person("actium")
    row = await node.drafts.save(machine, form(jelle), None)
    with pytest.raises(Refused) as refused:
        await node.drafts.send(machine, row.draft, None)
    assert "R32" in {r.code for r in refused.value.refusals}


async def test_the_same_case_gives_the_same_proposal_also_after_it_went(world):
    node, worker, machine = world.nodes["actium"], world.actor("actium"), await system(world)
    told = df.ProposalForm(kind="signal", signal_kind="EENZAAMHEID", external_reference=ZAAK)
    first = await node.drafts.propose(machine.id, told)
    again = await node.drafts.propose(machine.id, told)
    assert (again.draft, again.fresh, len(node.drafts.all(worker))) == (first.draft, False, 1)
    await node.drafts.discard(worker, first.draft)
    once_more = await node.drafts.propose(machine.id, told)
    assert (once_more.draft, once_more.fresh, node.drafts.all(worker)) == (first.draft, False, [])
    with sqlite3.connect(world.directory("actium") / "log.db") as db:
        assert not [row for row in db.execute("SELECT state FROM stored_events") if ZAAK.encode() in row[0]]


async def test_a_proposal_needs_a_living_system_actor(world):
    node, worker, machine = world.nodes["actium"], world.actor("actium"), await system(world)
    told = df.ProposalForm(kind="signal", external_reference=ZAAK)
    for nobody in (worker.id, uuid4()):
        with pytest.raises(NotAllowedError, match="system actor"):
            await node.drafts.propose(nobody, told)
    await node.revoke_actor(worker, machine.id)
    with pytest.raises(NotAllowedError, match="system actor"):
        await node.drafts.propose(machine.id, told)


async def test_a_proposal_stands_on_the_list_of_who_may_send_it_and_of_nobody_else(world):
    node, machine = world.nodes["actium"], await system(world)
    await node.drafts.propose(machine.id, df.ProposalForm(kind="signal", external_reference=ZAAK))
    other = await system(world, 5006)
    assert node.drafts.all(other) == []  # another system is no person
    assert [w.count for w in await node.worklist(other) if w.kind == "proposal"] == [0]


# ---------------------------------------------------------------------------------------- suggestions


async def test_asking_what_may_be_shared_about_somebody_is_recorded_and_says_of_whom_he_was_told(world):
    node, worker = world.nodes["actium"], world.actor("actium")
    jelle = await world.person("actium")
    await world.share("actium", node.completed(form(jelle)))
    answer = await node.suggest(worker, df.SuggestForm(subject=jelle))
    assert (answer.told, answer.restricted) == (["welzijn"], False)
    assert "WOONSITUATIE_HULP" in answer.profiles
    (read,) = [x for x in world.events("actium", "data/read/1") if x.view == "disclosure.suggest"]
    assert read.subject == jelle
    size = node.ctx.log.size
    assert (await node.suggest(worker, df.SuggestForm(kind="signal"))).told == []
    assert node.ctx.log.size == size  # about nobody: nothing to record
