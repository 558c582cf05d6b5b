"""What the log gives back of real work: stories, what was told another way, who was only mentioned; and what it costs to read."""

from __future__ import annotations

import weakref
from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest
from case_forms import HOUSE, TO_GEMEENTE, TO_WELZIJN, share_form
from memory_world import MemoryWorld
from world import COVENANT, NOWHERE, SECRET, found

from exchange import app, settings
from exchange.domain import events as e
from exchange.domain.event import Event
from exchange.errors import NotFoundError, SetupError
from exchange.node import accountability
from exchange.node import casework_forms as cf
from exchange.node import forms as f
from exchange.node.node import Node
from exchange.store.ledger import Ledger
from exchange.store.log import PAGE, Log
from exchange.store.verify import verify

TRIO = ("actium", "gemeente", "welzijn")


@pytest.fixture
async def world(founded: Path, tmp_path: Path):
    async with MemoryWorld.copied(founded, tmp_path, TRIO) as made:
        yield made


async def told(world: MemoryWorld, slug: str, **scope: object) -> list[f.StoryLine]:
    scope = {"case": None, "subject": None, "partner": None, **scope}
    return [line async for line in world.nodes[slug].story(world.actor(slug), **scope)]


async def test_the_story_of_a_case_a_person_and_a_partner_is_theirs_alone_and_in_order(world):
    gemeente = world.nodes["gemeente"]
    jelle = await world.person("actium")
    bo = await world.person("actium", given_names="Bo", family_name="Bedacht", birth_date="1990-01-01")
    opened = cf.CaseForm(problem="Het portaal staat vol.", main_subject=jelle, partners=["gemeente"])
    its = (await world.nodes["actium"].cases.open(world.actor("actium"), opened, None)).case
    await world.until(lambda: gemeente.cases.all(world.actor("gemeente")))
    first = await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE, case=its))
    await world.share("actium", share_form(jelle, [TO_WELZIJN], HOUSE))
    await world.share("actium", share_form(bo, [TO_WELZIJN], HOUSE))
    message = first.messages[0].message
    await gemeente.reply(world.actor("gemeente"), message, f.ReplyForm(state="taken-up", text="Wij gaan langs."), None)
    await world.until(lambda: len(world.received("actium")) == 1)

    case = [line for line in await told(world, "actium", case=its) if not line.topic.startswith("case/")]
    steps = ["message/sent/1", *["item/recorded/1"] * 3, "receipt/received/1", "message/received/1", "receipt/issued/1"]
    assert [line.topic for line in case] == steps
    assert case[1].details["partner"] == "gemeente"
    person = await told(world, "actium", subject=jelle)
    assert [line.topic for line in person if line.topic == "item/recorded/1"] == ["item/recorded/1"] * 6
    assert {line.index for line in case} < {line.index for line in person}
    (at_gemeente,) = gemeente.ctx.people.unmatched()
    theirs = await told(world, "gemeente", subject=at_gemeente.handle)
    assert [line.topic for line in theirs][:1] == ["message/received/1"]
    partner = await told(world, "actium", partner="welzijn")
    assert [line.topic for line in partner].count("message/sent/1") == 2
    assert not {line.index for line in partner} & {line.index for line in case}
    assert await told(world, "actium", partner="welzijn", case=its) == []
    for story in (case, person, theirs, partner):
        assert [line.index for line in story] == sorted({line.index for line in story})
        assert "Verzonnen" not in "".join(str(line.details) for line in story)
    with pytest.raises(NotFoundError):
        await told(world, "actium", subject=uuid4())


async def test_what_was_taken_over_from_an_earlier_file_counts_and_is_shown_as_stated_not_proven(world):
    actium, worker = world.nodes["actium"], world.actor("actium")
    jelle = await world.person("actium")
    form = share_form(jelle, [TO_GEMEENTE], HOUSE, channel="IMPORTED", occurred_on="2025-11-03")
    act = await actium.share(worker, form, None)
    assert [m.state for m in act.messages] == ["stated"]
    answer = await actium.who_knows(worker, f.WhoKnowsQuery(subject=jelle))
    assert {(i.channel, i.proven, i.receipt, i.occurred_on) for i in answer.items} == {
        ("IMPORTED", False, "not-applicable", date(2025, 11, 3))
    }
    assert {i.partner for i in answer.items} == {"gemeente"}
    assert world.received("gemeente") == []  # nothing is sent again


async def test_who_is_only_mentioned_is_known_as_mentioned_at_both_ends(world):
    jelle = await world.person("actium")
    buur = await world.person("actium", given_names="Bo", family_name="Bedacht", birth_date="1990-01-01")
    items = [{**HOUSE[0], "mentions": [str(buur)]}, HOUSE[1]]
    await world.share("actium", share_form(jelle, [TO_GEMEENTE], items))
    gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
    actium = world.nodes["actium"]
    reference = actium.ctx.people.person(buur).references["gemeente"]
    for node, query in (
        (actium, f.WhoKnowsQuery(subject=buur)),
        (gemeente, f.WhoKnowsQuery(reference=reference)),
    ):
        (item,) = (await node.who_knows(world.actor(node.ctx.me.slug), query)).items
        assert (item.mentioned, item.category) == (True, "HUISVESTING")
    about = f.WhoKnowsQuery(reference=actium.ctx.people.person(jelle).references["gemeente"])
    assert [i.mentioned for i in (await gemeente.who_knows(worker, about)).items] == [False, False, False]
    assert len(gemeente.ctx.people.unmatched()) == 2
    again = await world.share("actium", share_form(buur, [TO_GEMEENTE], HOUSE))  # now he is told who that is
    assert again.messages[0].state == "receipted"
    known = await gemeente.find_subjects(worker, f.IdentityForm(family_name="Bedacht", birth_date="1990-01-01"))
    assert [one.references["actium"] for one in known] == [reference]


# ---------------------------------------------------------------------------------------- clocks, memory, files


def test_outside_a_demonstration_the_clock_is_the_machines(tmp_path):
    text = COVENANT.read_text(encoding="utf-8")
    covenant = tmp_path / "covenant.toml"
    covenant.write_text(text.replace('environment = "DEMO"', 'environment = "ACCEPTANCE"'), encoding="utf-8")
    for name, document, kind in (("demo", COVENANT, app.DemoClock), ("real", covenant, app.SystemClock)):
        found(tmp_path / name, broker_url=NOWHERE, covenant=document)
        node = app.open_node(tmp_path / name / "nodes" / "actium", SECRET)
        try:
            assert type(node.ctx.clock) is kind
            assert (not hasattr(node.ctx.clock, "set")) == (name == "real")
        finally:
            closed(node)


def closed(node: Node) -> None:
    node.ctx.writer.close()
    node.ctx.close()


async def test_verify_and_replay_hold_no_more_than_a_few_pages_of_events(world, monkeypatch):
    ctx = world.nodes["actium"].ctx

    def fill(tx) -> None:
        for _ in range(4 * PAGE):
            tx.append(e.AlarmRaised(originator_id=uuid4(), at=tx.now, alarm="silence", partner="gemeente"), fresh=True)

    await ctx.writer.run(fill)
    assert ctx.log.size > 4 * PAGE
    alive: list[weakref.ref[Event]] = []
    most = pages = 0
    read_all = Log.read_all

    def counted(self: Log, entries: list, **how: object) -> list[Event]:
        nonlocal alive, most, pages
        events = read_all(self, entries, **how)
        alive = [ref for ref in (*alive, *map(weakref.ref, events)) if ref() is not None]
        pages += len(entries) == PAGE
        most = max(most, len(alive))
        return events

    def taken(self: Ledger, log: Log, page: list) -> list:
        nonlocal most, pages
        pages += len(page) == PAGE
        most = max(most, len(page))
        return lines(self, log, page)

    lines = Ledger.events  # of public lines, not of events
    monkeypatch.setattr(Ledger, "events", taken)
    monkeypatch.setattr(Log, "read_all", counted)
    for walk in (
        lambda: verify(ctx.log, unseal=True),
        lambda: accountability.verify_log(ctx.log, ctx.covenants, "actium", ctx.vault),
        lambda: accountability.replay(ctx.log, ctx.ledger),
    ):
        most = pages = 0
        for _ in walk():
            pass
        assert pages >= 4
        assert PAGE <= most <= 2 * PAGE  # the page in hand, and the one before it


async def test_a_node_that_fails_before_it_serves_closes_its_files(founded, tmp_path):
    async with MemoryWorld.copied(founded, tmp_path, start=False) as world:
        directory = world.directory("actium")
        with (directory / "node.toml").open("a", encoding="utf-8") as file:
            file.write('socket_group = "er-is-geen-groep-die-zo-heet"\n')
        for _ in range(2):  # the second time would find the files open
            node = app.open_node(directory, SECRET)
            with pytest.raises(SetupError):
                await app._serve(directory, settings.load(directory), node, lambda: None)
