"""Partners accept a new generation of the covenant at different moments: nothing is lost, and no rule is escaped."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from case_forms import HOUSE, TO_GEMEENTE, TO_WELZIJN, share_form
from case_play import told as known_by
from conference_forms import Meeting
from memory_world import Mallory, MemoryWorld
from world import CHEAP, NOWHERE, PARTNERS, SECRET, copied, next_generation

from exchange import ceremony, setup
from exchange.domain.casework import Phase
from exchange.errors import ConflictError, CovenantError
from exchange.node import casework_forms, conference_forms
from exchange.node import corrections_forms as cf
from exchange.node import forms as f
from exchange.node.service import Refused

COVENANT = Path(__file__).parents[2] / "deploy" / "de-wolden" / "covenant.toml"
NO_NUISANCE = 'categories = ["IDENTIFICATIE", "CONTACT", "HUISVESTING", "OVERLAST", "LEEFBAARHEID"]'
IN_A_PROFILE = '  { category = "OVERLAST", fields = ["aantal-meldingen", "aard-overlast"] },\n'
HOUSING_ONLY = [HOUSE[0]]


def unchanged(text: str) -> str:
    return text


def without_nuisance(text: str) -> str:
    """Nobody may receive nuisance reports any more."""
    assert NO_NUISANCE in text
    assert IN_A_PROFILE in text
    text = text.replace(IN_A_PROFILE, "")  # a profile that could never be sent is a mistake
    return text.replace(NO_NUISANCE, NO_NUISANCE.replace(', "OVERLAST"', ""))


def other_class(text: str) -> str:
    """Housing is kept under another retention class from now on."""
    return text.replace(
        'title = "Huisvesting"\nmark = "none"\nretention = "r02"',
        'title = "Huisvesting"\nmark = "none"\nretention = "r05"',
    )


def on_paper(slug: str) -> Callable[[str], str]:
    """The partner is no connected one (any more)."""

    def change(text: str) -> str:
        start = text.index(f'[[partners]]\nslug = "{slug}"')
        return text[:start] + text[start:].replace(
            'participation = "connected"', f'id = "{"ab" * 16}"\nparticipation = "paper"', 1
        )

    return change


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[MemoryWorld]:
    copied(tmp_path / "founded", PARTNERS, NOWHERE, COVENANT)
    async with MemoryWorld.copied(tmp_path / "founded", tmp_path / "world") as made:
        yield made


@pytest.mark.parametrize("first", ["actium", "welzijn"], ids=["the sender is ahead", "the recipient is ahead"])
@pytest.mark.parametrize("change", [unchanged, other_class], ids=["same rules", "another retention class"])
async def test_a_disclosure_arrives_whoever_accepts_first(world: MemoryWorld, first: str, change) -> None:
    signed = next_generation(world.home, world.signed, change)
    await world.accept(first, signed)
    second = {"actium": "welzijn", "welzijn": "actium"}[first]
    await world.until(lambda: world.nodes[second].partners.bundle(first).generation == 2)
    jelle = await world.person("actium")
    answer = await world.share("actium", share_form(jelle, [TO_WELZIJN], HOUSING_ONLY))
    assert [(s.state, s.rejected) for s in answer.messages] == [("receipted", {})]
    await world.accept(second, signed)
    await world.until(lambda: world.nodes[first].partners.bundle(second).generation == 2)
    answer = await world.share("actium", share_form(jelle, [TO_WELZIJN], HOUSING_ONLY))
    assert [(s.state, s.rejected) for s in answer.messages] == [("receipted", {})]
    assert len(world.received("welzijn")) == 2
    assert world.parked("welzijn") == []


@pytest.mark.parametrize("behind", ["welzijn", "actium"], ids=["the recipient is behind", "the sender is behind"])
async def test_during_the_change_both_rule_sets_must_allow(world: MemoryWorld, behind: str) -> None:
    signed = next_generation(world.home, world.signed, without_nuisance)
    ahead = {"actium": "welzijn", "welzijn": "actium"}[behind]
    await world.accept(ahead, signed)
    await world.until(lambda: world.nodes[behind].partners.bundle(ahead).generation == 2)
    jelle = await world.person("actium")
    if ahead == "actium":  # the new rules refuse at the sender, though the recipient does not know them yet
        with pytest.raises(Refused) as refused:
            await world.share("actium", share_form(jelle, [TO_WELZIJN], HOUSE))
        assert {r.code for r in refused.value.refusals} == {"R17"}
        assert world.between("actium", "welzijn") == []
    else:  # the sender does not know them yet, and the recipient keeps none of it
        answer = await world.share("actium", share_form(jelle, [TO_WELZIJN], HOUSE))
        assert answer.messages[0].rejected == {1: ["R17"]}


async def test_what_waits_is_decided_anew_and_what_the_new_rules_forbid_never_leaves(world: MemoryWorld) -> None:
    jelle = await world.person("actium")
    world.memory.outage()
    forbidden = await world.share("actium", share_form(jelle, [TO_WELZIJN], HOUSE), wait_s=0)
    lawful = await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSING_ONLY), wait_s=0)
    signed = next_generation(world.home, world.signed, without_nuisance)
    await world.stop("actium")
    world.memory.back()
    setup.accept_covenant(world.directory("actium"), SECRET, signed, admin_name="Proef", now=world.clock.now())
    actium = await world.start("actium")
    worker = world.actor("actium")
    kept = await actium.act(worker, lawful.act, wait_s=60)
    assert [s.state for s in kept.messages] == ["receipted"]
    await world.until(lambda: world.events("welzijn", "message/voided-by-partner/1"))
    dropped = await actium.act(worker, forbidden.act)
    assert [(s.state, s.why) for s in dropped.messages] == [("voided", "outlawed")]
    assert world.received("welzijn") == []
    assert [r.codes for r in world.events("actium", "refusal/recorded/1")] == [("R17",)]
    for frame in world.between("actium", "welzijn"):
        assert world.open_frame("welzijn", frame).parts == [], "a forbidden part left"


async def test_a_partner_that_left_gets_nothing_and_sends_nothing(world: MemoryWorld) -> None:
    signed = next_generation(world.home, world.signed, on_paper("politie"), [p for p in PARTNERS if p != "politie"])
    for slug in ("actium", "welzijn", "gemeente"):
        await world.accept(slug, signed)
    mallory = Mallory(world, "politie")
    (taken,) = await world.deliver("actium", "politie", mallory.frame("actium"))
    assert taken.ended == ["done"]
    assert world.parked("actium") == ["sender-unknown"]
    assert world.received("actium") == []


async def test_a_node_that_accepted_a_fork_is_sent_nothing(world: MemoryWorld) -> None:
    one = next_generation(world.home, world.signed, unchanged)
    other = next_generation(world.home, world.signed, without_nuisance)
    await world.accept("actium", one)
    await world.stop("welzijn")
    setup.accept_covenant(world.directory("welzijn"), SECRET, other, admin_name="Proef", now=world.clock.now())
    before = world.nodes["actium"].partners.bundle("welzijn").sequence
    await world.start("welzijn")
    await world.until(lambda: world.nodes["gemeente"].partners.bundle("welzijn").generation == 2)
    assert world.nodes["actium"].partners.bundle("welzijn").sequence == before
    await world.stop("actium")
    with pytest.raises(CovenantError, match="fork"):
        setup.accept_covenant(world.directory("actium"), SECRET, other, admin_name="Proef", now=world.clock.now())


async def test_a_partner_two_generations_behind_waits_and_loses_nothing(world: MemoryWorld) -> None:
    second = next_generation(world.home, world.signed, unchanged)
    third = next_generation(world.home, second, unchanged)
    await world.accept("actium", second)
    await world.accept("actium", third)
    jelle = await world.person("actium")
    answer = await world.share("actium", share_form(jelle, [TO_WELZIJN], HOUSING_ONLY), wait_s=0)
    await world.until(lambda: world.nodes["actium"].outgoing.waiting()[0].why == "covenant")
    await world.accept("welzijn", second)
    await world.until(lambda: world.nodes["actium"].partners.bundle("welzijn").generation == 2)
    await world.accept("welzijn", third)
    done = await world.nodes["actium"].act(world.actor("actium"), answer.act, wait_s=60)
    assert [s.state for s in done.messages] == ["receipted"]


async def test_a_partner_that_joins_later_accepts_the_generations_in_order(tmp_path: Path) -> None:
    three = tuple(p for p in PARTNERS if p != "welzijn")
    without = tmp_path / "without.toml"
    without.write_text(on_paper("welzijn")(COVENANT.read_text(encoding="utf-8")), encoding="utf-8")
    first = copied(tmp_path / "founded", three, NOWHERE, without)
    async with MemoryWorld.copied(tmp_path / "founded", tmp_path / "world", three) as world:
        home, node = world.home, world.directory("welzijn")
        ceremony.create_root(home / "offline" / "welzijn", "welzijn", SECRET.text, argon=CHEAP)
        request = setup.init_node(node, "welzijn", SECRET, broker_url=NOWHERE, argon=CHEAP)
        ceremony.sign_card(home / "offline" / "welzijn", SECRET.text, request, home / "welzijn.card")
        second = next_generation(home, first, unchanged)
        with pytest.raises(CovenantError, match="not a connected partner"):
            setup.accept_covenant(node, SECRET, first, admin_name="Proef", now=world.clock.now())
        setup.accept_covenant(node, SECRET, first, admin_name="Proef", joining=True, now=world.clock.now())
        setup.accept_covenant(node, SECRET, second, admin_name="Proef", now=world.clock.now())
        for slug in three:
            await world.accept(slug, second)
        await world.start("welzijn")
        await world.connected()
        jelle = await world.person("welzijn")
        form = share_form(jelle, [TO_GEMEENTE], HOUSING_ONLY, task="maatschappelijk-werk")
        answer = await world.share("welzijn", form)
        assert [(m.state, m.rejected) for m in answer.messages] == [("receipted", {})]


SCOPE = ["gemeente", "actium", "welzijn"]


def training_counts(text: str) -> str:
    """From now on nobody shares whose training lapsed."""
    assert 'training_lapsed = "warn"' in text
    return text.replace('training_lapsed = "warn"', 'training_lapsed = "refuse"')


async def accept_while_something_waits(world: MemoryWorld, signed: Path, slug: str) -> None:
    """The node was cut off from the broker, and comes back under a new generation."""
    await world.stop(slug)
    world.memory.back()
    setup.accept_covenant(world.directory(slug), SECRET, signed, admin_name="Proef", now=world.clock.now())
    await world.start(slug)


@pytest.mark.parametrize("change", [unchanged, training_counts], ids=["same rules", "training counts from now on"])
async def test_what_the_chair_released_and_a_correction_are_not_lost_by_a_new_generation(
    world: MemoryWorld, change: Callable[[str], str]
) -> None:
    """Decided anew is what the rules say of the message, not what only its sender knew when it was sent."""
    meeting = await Meeting.planned(world, [SCOPE])
    jelle = await world.person("actium")
    first = await meeting.offer("actium", ["welzijn"], "EERST", jelle)
    await meeting.decide((first, "release"))
    await meeting.reaches("actium", first, "sent")
    offer = await meeting.offer("actium", ["welzijn"], "VRIJGEGEVEN", jelle, auto=False)
    await meeting.decide((offer, "release"))
    await meeting.reaches("actium", offer, "released")
    await meeting.settled()
    actium, worker = world.nodes["actium"], world.actor("actium")
    known = await actium.who_knows(worker, f.WhoKnowsQuery(subject=jelle))
    (item,) = [i.item for i in known.items if i.category == "OVERLAST"]
    world.memory.outage()
    waiting = await actium.offers.confirm(worker, meeting.conference, offer)
    await actium.corrections.correct(worker, cf.CorrectionForm(item=item, value="Verbeterd."), None)
    await accept_while_something_waits(world, next_generation(world.home, world.signed, change), "actium")
    done = await world.nodes["actium"].act(world.actor("actium"), waiting.act, wait_s=60)
    assert [(s.state, s.rejected) for s in done.messages] == [("receipted", {})]
    await meeting.settled()
    (told,) = await world.nodes["actium"].corrections.listed(world.actor("actium"))
    assert [(r.partner, r.receipt, r.rejected) for r in told.recipients] == [("welzijn", "receipted", [])]
    assert world.events("actium", "refusal/recorded/1") == []


async def test_the_case_and_the_conference_of_a_partner_that_left_can_still_be_accounted_for(
    world: MemoryWorld,
) -> None:
    gemeente, welzijn = world.nodes["gemeente"], world.nodes["welzijn"]
    meeting = await Meeting.planned(world, [["gemeente", "welzijn"]])
    case = meeting.cases[0]
    theirs = world.actor("welzijn")
    minutes = conference_forms.MinutesForm(
        item=meeting.items[0],
        agreements=[{"action": "Bellen met de buren.", "owner": "welzijn", "due": "2026-03-20"}],
    )
    await gemeente.conferences.minutes(meeting.chair, meeting.conference, minutes, None)
    await gemeente.conferences.outcome(meeting.chair, meeting.conference, conference_forms.OutcomeForm(), None)
    await world.until(lambda: welzijn.ctx.ledger.count("agreements"))
    await welzijn.circle.change(theirs, case, casework_forms.CircleForm(actor=theirs.id))
    signed = next_generation(world.home, world.signed, on_paper("gemeente"), [p for p in PARTNERS if p != "gemeente"])
    welzijn = await world.accept("welzijn", signed)
    theirs = world.actor("welzijn")
    assert (await welzijn.cases.read(theirs, case)).problem
    shown = await welzijn.conferences.show(theirs, meeting.conference)
    assert [a.action for item in shown.agenda for a in item.agreements] == ["Bellen met de buren."]
    other = await world.colleague("welzijn", 4711, "worker")
    assert set(await welzijn.circle.change(theirs, case, casework_forms.CircleForm(actor=other.id))) == {
        theirs.id, other.id,
    }  # fmt: skip
    (agreed,) = await welzijn.conferences.agreements(theirs)
    await welzijn.conferences.agreement_done(theirs, agreed.agreement)
    replayed = [step async for step in welzijn.replay_log(theirs)][-1]
    assert replayed.ok, replayed.differences


@pytest.mark.parametrize("first", ["gemeente", "actium"], ids=["the keeper is ahead", "the partner is ahead"])
async def test_a_case_is_shared_and_used_whoever_accepts_the_next_generation_first(
    world: MemoryWorld, first: str
) -> None:
    gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
    form = casework_forms.CaseForm(problem="De stank trekt door het trapportaal.", partners=["actium"])
    case = (await gemeente.cases.open(worker, form, None)).case
    await known_by(world, case, "actium")
    signed = next_generation(world.home, world.signed, unchanged)
    await world.accept(first, signed)
    second = {"gemeente": "actium", "actium": "gemeente"}[first]
    await world.until(lambda: world.nodes[second].partners.bundle(first).generation == 2)
    move = casework_forms.PhaseForm(to=Phase.TRIAGE)
    await world.nodes["gemeente"].cases.move(world.actor("gemeente"), case, move, None)
    await known_by(world, case, "actium", phase=Phase.TRIAGE)
    jelle = await world.person("actium")
    answer = await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSING_ONLY, case=case))
    assert [(s.state, s.rejected) for s in answer.messages] == [("receipted", {})]


@pytest.mark.parametrize("waits", ["the message", "the void that took its place"])
async def test_what_a_partner_that_left_did_not_acknowledge_waits_no_more(world: MemoryWorld, waits: str) -> None:
    world.withheld = {("gemeente", "politie")}
    gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
    form = casework_forms.CaseForm(problem="De stank trekt door het trapportaal.", partners=["politie"])
    await gemeente.cases.open(worker, form, None)
    await world.until(lambda: [w.why for w in gemeente.outgoing.waiting()] == ["awaiting-receipt"])
    (waiting,) = gemeente.outgoing.waiting()
    if waits != "the message":
        form = f.DropForm(reason="withdrawn")
        await gemeente.drop_message(await world.colleague("gemeente"), waiting.message, form)
        (waiting,) = gemeente.outgoing.waiting()
    signed = next_generation(world.home, world.signed, on_paper("politie"), [p for p in PARTNERS if p != "politie"])
    gemeente = await world.accept("gemeente", signed)
    assert gemeente.outgoing.waiting() == []
    row = gemeente.ctx.ledger.one("SELECT state, why FROM messages WHERE message=?", waiting.message)
    assert tuple(row) == ("nacked", "partner-left")


async def test_a_case_goes_on_among_those_who_stay_when_its_lead_leaves_the_covenant(world: MemoryWorld) -> None:
    gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
    form = casework_forms.CaseForm(problem="De stank trekt door het trapportaal.", partners=["actium", "politie"])
    case = (await gemeente.cases.open(worker, form, None)).case
    await gemeente.cases.set_lead(worker, case, casework_forms.LeadForm(lead="politie"), None)
    await known_by(world, case, "actium", "politie", lead="politie")
    signed = next_generation(world.home, world.signed, on_paper("politie"), [p for p in PARTNERS if p != "politie"])
    for slug in ("gemeente", "actium"):
        await world.accept(slug, signed)
    gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
    await world.until(lambda: gemeente.partners.bundle("actium").generation == 2)
    await gemeente.cases.move(worker, case, casework_forms.PhaseForm(to=Phase.TRIAGE), None)
    await known_by(world, case, "actium", phase=Phase.TRIAGE)
    await world.until(lambda: not gemeente.outgoing.waiting())
    out = casework_forms.ScopeForm(partner="politie", inside=False, reason="Geen partij meer.")
    with pytest.raises(ConflictError, match="another lead"):
        await gemeente.cases.set_scope(worker, case, out, None)
    await gemeente.cases.set_lead(worker, case, casework_forms.LeadForm(lead="actium"), None)
    await gemeente.cases.set_scope(worker, case, out, None)
    await known_by(world, case, "actium", lead="actium", partners=["actium", "gemeente"])
