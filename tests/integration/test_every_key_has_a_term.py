"""No key lives for ever: whatever seals anything stands in the ledger with a class, is shown as due, and goes."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from case_forms import HOUSE, TO_GEMEENTE, share_form
from memory_world import MemoryWorld
from oracle import check_node
from world import JELLE

from exchange.domain import events as e
from exchange.domain.event import EVENTS
from exchange.errors import NotFoundError
from exchange.node import casework_forms as cf
from exchange.node import forms as f
from exchange.node.accountability import pages
from exchange.node.node import Node
from exchange.node.service import Idempotency
from exchange.store.kept import ACTOR, KEPT, KEPT_WITH, REGISTER

PAIR = ("actium", "gemeente")
SIGNAL = {"kind": "signal", "signal_kind": "VERVUILING"}
BY_NAME = f.WhoKnowsQuery(identity=f.IdentityForm(family_name="Verzonnen", birth_date="1964-11-05"))


@pytest.fixture
async def world(founded: Path, tmp_path: Path):
    async with MemoryWorld.copied(founded, tmp_path, PAIR) as made:
        yield made


async def day(world: MemoryWorld, days: int) -> None:
    """Days go by, the partners hear of each other, and every node does what it does daily."""
    world.clock.forward(days=days)
    for node in world.nodes.values():
        await node.housekeeping.step()
    await world.until(lambda: all(n.retention.clock_state() == "trusted" for n in world.nodes.values()))
    for node in world.nodes.values():
        await node.retention.daily()


def alive(node: Node) -> list[str]:
    """Classes of the keys that are kept."""
    return sorted(r["retention"] for r in node.ctx.ledger.rows("SELECT retention FROM contents WHERE erasure IS NULL"))


def sealing(node: Node) -> set[str]:
    """Every key that seals anything in the log."""
    found: set[str] = set()
    for page in pages(node.ctx.log):
        for event in node.ctx.log.read_all(page):
            if type(event).private and getattr(event, "key_id", None):
                found.add(event.key_id)
            found.update(p.key_id for p in getattr(event, "parts", ()) if p.key_id)
            found.update({getattr(event, "content_key", None) or ""} - {""})
    return found


def test_every_event_with_private_fields_has_a_class_or_goes_with_something_that_has():
    private = {cls for cls in EVENTS.values() if cls.private and cls.__module__.startswith("exchange.")}
    named = {cls for cls in private if "retention" in cls.model_fields} - set(KEPT)  # its own class, in the line
    assert private == set(KEPT) | set(KEPT_WITH) | named
    assert not set(KEPT_WITH) & named
    assert not set(KEPT) & set(KEPT_WITH)


async def everything(world: MemoryWorld) -> UUID:
    """Whatever seals something, at both ends."""
    actium, gemeente = (world.nodes[slug] for slug in PAIR)
    worker, theirs = world.actor("actium"), world.actor("gemeente")
    jelle = await world.person("actium")
    await actium.register_subject(worker, f.SubjectForm(family_name="Nooitgenoemd", birth_date="1980-01-01"), None)
    await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE, **SIGNAL))
    form = share_form(jelle, [TO_GEMEENTE], HOUSE, external_reference="ZAAK-1")
    answer = await actium.share(worker, form, Idempotency("een"))
    await actium.act(worker, answer.act, wait_s=60)
    oral = {"channel": "ORAL", "occurred_on": "2026-03-02"}
    await actium.share(worker, share_form(jelle, [TO_GEMEENTE], HOUSE, **oral), None)
    message = world.received("gemeente")[0]
    await gemeente.read_message(theirs, message)
    await gemeente.reply(theirs, message, f.ReplyForm(state="taken-up", text="Wij gaan langs."), None)
    own = await world.person("gemeente")
    await gemeente.match_subject(theirs, gemeente.ctx.people.unmatched()[0].handle, own)
    await actium.who_knows(worker, f.WhoKnowsQuery(subject=jelle))
    await actium.copied_out(worker, "who-knows", jelle)
    await actium.drafts.save(worker, f.OpenForm(subject=jelle, external_reference="ZAAK-2"), None)
    await actium.revoke_actor(worker, (await world.colleague("actium")).id)
    await world.until(lambda: not actium.outgoing.waiting() and not gemeente.outgoing.waiting())
    return jelle


async def test_every_key_that_seals_anything_is_shown_as_due_and_goes(world, tmp_path):
    jelle = await everything(world)
    for slug, node in world.nodes.items():
        kept = {row["key_id"] for row in node.ctx.ledger.rows("SELECT key_id FROM contents")}
        assert sealing(node) == kept, slug
    actium, worker = world.nodes["actium"], world.actor("actium")
    answers = await actium.retention_due(worker, date(2099, 1, 1))
    waits = actium.ctx.ledger.count("contents WHERE retention IN (?,?) AND at IS NULL", ACTOR, REGISTER)
    entries = len(actium.ctx.people.everybody())
    never = [a for a in answers if a.retention == REGISTER]  # about whom nothing was said: as long as accountability
    outlives = actium.ctx.ledger.count("contents c JOIN contents d ON d.key_id = c.outlives")
    assert sum(a.items for a in never) == 1
    assert sum(a.items for a in answers) == len(sealing(actium)) - waits - outlives - entries + 1
    for slug, node in world.nodes.items():
        for rule in await node.retention_rules(world.actor(slug)):
            await node.retention_confirm(world.actor(slug), rule.rule)
    await day(world, 16 * 366)
    await day(world, 1)
    for slug, node in world.nodes.items():
        assert set(alive(node)) == {ACTOR}, slug  # whoever acts here now
        assert node.ctx.people.everybody() == []
        check_node(node, world.directory(slug))
    assert len(alive(actium)) == 1
    assert [(a.name, a.uid) for a in await actium.actors(worker) if a.revoked] == [(None, None)]
    with pytest.raises(NotFoundError):
        await actium.who_knows(worker, f.WhoKnowsQuery(subject=jelle))
    await world.stop("actium")
    again = await world.start("actium")
    assert again.ctx.people.everybody() == []
    assert [(a.name, a.uid) for a in await again.actors(worker) if a.revoked] == [(None, None)]


async def confirm(world: MemoryWorld, slug: str, *classes: str) -> None:
    node, worker = world.nodes[slug], world.actor(slug)
    for rule in await node.retention_rules(worker):
        if rule.retention in classes:
            await node.retention_confirm(worker, rule.rule)


async def test_an_own_entry_goes_the_day_after_the_last_item_and_not_while_one_is_kept(world):
    actium, worker = world.nodes["actium"], world.actor("actium")
    jelle = await world.person("actium")
    await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE, **SIGNAL))
    await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE))
    await confirm(world, "actium", "r01")
    await day(world, 60)
    await day(world, 1)
    assert len((await actium.who_knows(worker, BY_NAME)).items) == 6  # three of them still here
    await confirm(world, "actium", "r02")
    await day(world, 800)
    answer = await actium.who_knows(worker, BY_NAME)
    assert all(item.erased_at for item in answer.items)
    (due,) = [d for d in await actium.retention_due(worker, None) if d.retention == REGISTER]
    assert (due.items, due.overdue, due.confirmed) == (1, False, True)
    assert due.rule == answer.items[-1].erased_rule
    key = actium.ctx.people.person(jelle).key_id
    await day(world, 1)
    with pytest.raises(NotFoundError, match="Nobody"):
        await actium.who_knows(worker, BY_NAME)
    assert await actium.find_subjects(worker, f.IdentityForm(**JELLE)) == []
    assert actium.ctx.vault.get(key) is None
    check_node(actium, world.directory("actium"))


async def test_an_entry_stays_while_an_act_about_it_is_open(world):
    actium = world.nodes["actium"]
    jelle = await world.person("actium")
    world.withheld.add(("actium", "gemeente"))
    form = share_form(jelle, [TO_GEMEENTE], HOUSE, **SIGNAL)
    await world.share("actium", form, 0)
    await confirm(world, "actium", "r01")
    endings = actium.retention._entries.endings
    actium.outgoing.on_erased = _nothing  # nobody gives the message up yet
    await day(world, 60)
    assert list(endings()) == []
    assert actium.ctx.people.person(jelle) is not None


async def _nothing(_: str) -> None:
    """The void has not been written yet."""


async def test_who_is_spoken_of_again_at_the_last_moment_stays(world):
    """Between looking and deciding something comes in: the writer looks once more."""
    actium, worker = world.nodes["actium"], world.actor("actium")
    jelle = await world.person("actium")
    await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE, **SIGNAL))
    await confirm(world, "actium", "r01")
    await day(world, 60)
    world.clock.forward(days=1)
    over = actium.retention._dues.entries_over(world.clock.now())
    ((rule, keys),) = over.items()
    await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE, **SIGNAL))
    answer = f.ErasureAnswer(erasures=[], items=0, keys=0, epochs=0, generation=0)
    await actium.retention._erase(rule, keys, worker, "trusted", answer, entries=True)
    assert answer.erasures == []
    assert len([i for i in (await actium.who_knows(worker, BY_NAME)).items if i.erased_at is None]) == 3


async def test_who_is_in_a_case_stays_in_the_register_when_the_last_item_went(world):
    """A case about nobody would be of no use, and it has a term of its own."""
    actium, worker = world.nodes["actium"], world.actor("actium")
    jelle = await world.person("actium")
    await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE, **SIGNAL))
    form = cf.CaseForm(problem="Het portaal staat vol.", main_subject=jelle, partners=["gemeente"])
    await actium.cases.open(worker, form, None)
    await world.until(lambda: world.nodes["gemeente"].cases.all(world.actor("gemeente")))
    await confirm(world, "actium", "r01")
    await confirm(world, "gemeente", "r01")
    await day(world, 60)
    await day(world, 1)
    for slug in PAIR:
        assert world.nodes[slug].ctx.ledger.count("contents WHERE retention='r01' AND erasure IS NULL") == 0
    for _ in range(2):  # and after a restart
        assert world.nodes["actium"].ctx.people.person(jelle) is not None
        assert len(world.nodes["gemeente"].ctx.people.unmatched()) == 1
        for slug in PAIR:
            await world.stop(slug)
            await world.start(slug)


async def test_the_record_of_an_item_outlives_it(world):
    """The proof of a disclosure may not go while what was disclosed is kept: its text would be about nobody."""
    actium = world.nodes["actium"]
    await world.share("actium", share_form(await world.person("actium"), [TO_GEMEENTE], HOUSE))
    await confirm(world, "actium", "r09")
    records = "contents WHERE outlives IS NOT NULL AND erasure IS NULL"
    before = actium.ctx.ledger.count(records)
    await day(world, 6 * 366)
    assert actium.ctx.ledger.count(records) == before == 3
    assert actium.ctx.ledger.count("contents WHERE retention='r09' AND erasure IS NULL") == 0  # the statement went
    assert actium.retention.overdue_count() == 0
    await confirm(world, "actium", "r02")
    await day(world, 1)
    assert actium.ctx.ledger.count(records) == 0
    decided = [event for event in world.events("actium", "erasure/decided/1") if isinstance(event, e.ErasureDecided)]
    assert [event.rule for event in decided][-1] == "verantwoording"


async def test_an_entry_of_the_register_that_should_have_gone_counts_as_overdue(world):
    """Its own entry stays until the day of the last erasure is over; from then on the status says it, until it is gone."""
    actium, jelle = world.nodes["actium"], await world.person("actium")
    await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE, **SIGNAL))
    await confirm(world, "actium", "r01")
    assert (await actium.status()).due == 0
    await day(world, 60)
    status = await actium.status()
    assert (status.due, "retention-overdue" in status.warnings) == (0, False)
    assert actium.ctx.people.person(jelle) is not None
    world.clock.forward(days=1)
    status = await actium.status()
    assert (status.due, "retention-overdue" in status.warnings) == (1, True)
    await day(world, 0)
    status = await actium.status()
    assert (status.due, "retention-overdue" in status.warnings) == (0, False)
    assert actium.ctx.people.person(jelle) is None
