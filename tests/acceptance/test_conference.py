"""The case conference in its details, through real nodes; the story is scenario 7. All persons are invented."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from conference_forms import DAY, Meeting, nuisance, opened, plaintexts, share
from memory_world import MemoryWorld
from oracle import check_running

from exchange.domain.casework import CloseReason, Phase
from exchange.errors import ConflictError, NotAllowedError, NotFoundError
from exchange.node import conference_forms as cf
from exchange.node import corrections_forms as corrections
from exchange.node import forms as f
from exchange.node.casework_forms import PhaseForm
from exchange.node.service import Actor, Refused
from exchange.wire import messages as m

FIRST = ["gemeente", "actium", "welzijn"]
SECOND = ["gemeente", "politie", "welzijn"]
"""Actium is out of scope of the second case, the police of the first."""
ABOUT = m.Kind.DISCLOSURE.value


@pytest.fixture
async def world(founded: Path, tmp_path: Path):
    async with MemoryWorld.copied(founded, tmp_path) as made:
        yield made


def codes(refused: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {reason.code for reason in refused.value.refusals}


# ---------------------------------------------------------------------------------------- the table


async def test_the_minutes_are_agreements_and_decisions_for_those_in_scope(world: MemoryWorld) -> None:
    meeting = await Meeting.planned(world, [FIRST, SECOND])
    node, chair = world.nodes["gemeente"], meeting.chair
    agreed = [
        (0, cf.AgreementForm(action="Opruimhulp regelen", owner="welzijn", due="2026-03-20")),
        (0, cf.AgreementForm(action="Zorgteam inschakelen", owner="gemeente", due="2026-03-19", third_party="Zorgteam Fictie")),
        (0, cf.AgreementForm(action="Brandveiligheid bekijken", owner="actium", due="2026-03-13")),
        (1, cf.AgreementForm(action="Wijkagent langs", owner="politie", due="2026-03-18")),
    ]  # fmt: skip
    ids = []
    for case, one in agreed:
        minutes = cf.MinutesForm(item=meeting.items[case], agreements=[one])
        ids += await node.conferences.minutes(chair, meeting.conference, minutes, None)
    decided = cf.MinutesForm(item=meeting.items[0], decisions=["Opschalen naar een plan van aanpak."])
    await node.conferences.minutes(chair, meeting.conference, decided, None)
    before = len(plaintexts(world))
    await node.conferences.outcome(chair, meeting.conference, cf.OutcomeForm(next_date="2026-04-02"), None)
    await meeting.settled()

    told = plaintexts(world)[before:]
    for case, one in agreed:
        scope = set((FIRST, SECOND)[case]) - {"gemeente"}
        assert {r for _, r, _, plain in told if one.action.encode() in plain} == scope
    shown = await node.conferences.show(chair, meeting.conference)
    assert sum(len(a.agreements) for a in shown.agenda) == 4
    assert sum(len(a.decisions) for a in shown.agenda) == 1
    actium, worker = world.nodes["actium"], world.actor("actium")
    seen = await actium.conferences.show(worker, meeting.conference)
    assert [(len(a.agreements), len(a.decisions), a.version) for a in seen.agenda] == [(3, 1, 1)]
    assert (str(seen.next_date), str(seen.reviewed_on)) == ("2026-04-02", "None")

    # What Actium agreed to do waits on its own list until it is done, and is overdue after its day.
    (todo,) = await actium.conferences.agreements(worker)
    assert (todo.agreement, todo.action, todo.overdue) == (ids[2], "Brandveiligheid bekijken", False)
    world.clock.forward(days=12)
    (todo,) = await actium.conferences.agreements(worker)
    assert todo.overdue
    await actium.conferences.agreement_done(worker, ids[2])
    assert await actium.conferences.agreements(worker) == []
    with pytest.raises(ConflictError):
        await actium.conferences.agreement_done(worker, ids[2])
    with pytest.raises(Refused):
        await actium.conferences.agreement_done(worker, ids[0])  # another's to do

    # A second outcome adds to the first; nothing is told twice.
    more = cf.MinutesForm(item=meeting.items[0], decisions=["Volgende keer zonder Actium."])
    await node.conferences.minutes(chair, meeting.conference, more, None)
    await node.conferences.outcome(chair, meeting.conference, cf.OutcomeForm(items=[meeting.items[0]]), None)
    await meeting.settled()
    seen = await actium.conferences.show(worker, meeting.conference)
    assert [(len(a.agreements), len(a.decisions), a.version) for a in seen.agenda] == [(3, 2, 2)]
    lines = [step.topic async for step in world.nodes["actium"].story(
        Actor(uuid4(), "person", frozenset({"auditor"})), case=meeting.cases[0], subject=None, partner=None)]  # fmt: skip
    assert {"conference/agenda-item-set/1", "conference/agreement-made/1", "conference/agreement-done/1"} <= set(lines)
    check_running(world)


async def test_an_item_put_on_the_agenda_later_is_told_to_those_in_scope_only(world: MemoryWorld) -> None:
    meeting = await Meeting.planned(world, [FIRST])
    node, case = world.nodes["gemeente"], await opened(world, ["gemeente", "welzijn"])
    before = len(world.frames)
    form = cf.AgendaForm(case=case, partners=["gemeente", "welzijn"])
    await node.conferences.agenda(meeting.chair, meeting.conference, form, None)
    await meeting.settled()
    assert {r for s, r, _ in world.frames[before:] if s == "gemeente"} == {"welzijn"}
    welzijn = await world.nodes["welzijn"].conferences.show(world.actor("welzijn"), meeting.conference)
    assert {a.case for a in welzijn.agenda} == {meeting.cases[0], case}
    actium = await world.nodes["actium"].conferences.show(world.actor("actium"), meeting.conference)
    assert {a.case for a in actium.agenda} == {meeting.cases[0]}
    with pytest.raises(NotFoundError):
        await world.nodes["politie"].conferences.show(world.actor("politie"), meeting.conference)


# ---------------------------------------------------------------------------------------- the chair


async def test_without_a_chair_there_is_no_conference(world: MemoryWorld) -> None:
    node, office = world.nodes["gemeente"], world.actor("gemeente")
    chairs = Actor(office.id, "person", frozenset({"chair"}))
    plan = {
        "date": DAY,
        "participants": [{"partner": "welzijn", "role": "DEELNEMER", "secrecy": "verklaring-1"}],
        "agenda": [{"case": str(await opened(world, ["welzijn"])), "partners": ["welzijn"]}],
    }
    for chair in (None, office.id):  # nobody, and somebody who is registered as no chair
        with pytest.raises(Refused) as refused:
            await node.conferences.plan(chairs, cf.ConferenceForm.model_validate({**plan, "chair": chair}), None)
        assert codes(refused) == {"R12"}
    assert node.ctx.ledger.count("conferences") == 0
    assert [event.codes for event in world.events("gemeente", "refusal/recorded/1")] == [("R12",), ("R12",)]
    with pytest.raises(NotAllowedError):
        await node.conferences.plan(office, cf.ConferenceForm.model_validate(plan), None)


async def test_nothing_is_released_before_the_chair_held_the_offers_against_article_11(world: MemoryWorld) -> None:
    meeting = await Meeting.planned(world, [FIRST])
    offer = await meeting.offer("actium", ["welzijn"], "KANARIE", await world.person("actium"))
    with pytest.raises(Refused) as refused:
        await meeting.decide((offer, "release"), reviewed=False)
    assert codes(refused) == {"R12"}
    assert meeting.status("gemeente", offer) == "offered"
    await meeting.decide((offer, "release"))
    await meeting.reaches("actium", offer, "sent")
    seen = await world.nodes["actium"].conferences.show(world.actor("actium"), meeting.conference)
    assert str(seen.reviewed_on) == "2026-03-02"


async def test_only_the_chair_decides_and_only_once(world: MemoryWorld) -> None:
    meeting = await Meeting.planned(world, [FIRST])
    offer = await meeting.offer("actium", ["welzijn"], "KANARIE", await world.person("actium"))
    form = cf.DecideForm(decisions=[cf.DecisionForm(offer=offer, decision="release")], minimisation_reviewed=True)
    for slug in ("gemeente", "actium"):
        with pytest.raises(NotAllowedError):
            await world.nodes[slug].conferences.decide(world.actor(slug), meeting.conference, form, None)
    elsewhere = Actor(uuid4(), "person", frozenset({"chair"}))
    with pytest.raises(Refused) as refused:
        await world.nodes["actium"].conferences.decide(elsewhere, meeting.conference, form, None)
    assert codes(refused) == {"R12"}
    await meeting.decide((offer, "strike"))
    with pytest.raises(ConflictError):
        await meeting.decide((offer, "release"))
    await meeting.reaches("actium", offer, "struck")
    with pytest.raises(Refused) as refused:
        await world.nodes["actium"].offers.confirm(world.actor("actium"), meeting.conference, offer)
    assert codes(refused) == {"R12"}
    assert not [1 for *_, plain in plaintexts(world) if b"KANARIE" in plain]


async def test_a_question_is_answered_by_a_new_offer_or_by_showing_it_to_the_chair(world: MemoryWorld) -> None:
    meeting = await Meeting.planned(world, [["gemeente", "actium", "welzijn"]])
    node, worker, jelle = world.nodes["welzijn"], world.actor("welzijn"), await world.person("welzijn")
    first = await meeting.offer("welzijn", ["actium"], "KANARIE-EEN", jelle)
    await meeting.decide((first, "ask"), question="Kan het met minder?", wants_content=True)
    await meeting.reaches("welzijn", first, "asked")
    (asked,) = await node.conferences.offers(worker, meeting.conference)
    assert (asked.question, asked.wants_content, asked.status) == ("Kan het met minder?", True, "asked")

    # Showing it is a disclosure to the chair's organisation: gated, logged, received in its inbox, and nothing else.
    to = cf.ToChairForm(basis="A6_1_e", task="wmo")
    act = await node.offers.show_to_chair(worker, meeting.conference, first, to)
    await node.act(worker, act.act, wait_s=60)
    (row,) = await world.nodes["gemeente"].inbox(world.actor("gemeente"))
    assert (row.sender, row.kind) == ("welzijn", "disclosure")
    known = await node.who_knows(worker, f.WhoKnowsQuery(subject=jelle))
    assert {i.partner for i in known.items if i.category == "OVERLAST"} == {"gemeente"}
    assert await world.nodes["actium"].inbox(world.actor("actium")) == []

    second = await meeting.offer("welzijn", ["actium"], "KANARIE-TWEE", jelle, answers=first)
    await meeting.reaches("gemeente", first, "withdrawn")
    with pytest.raises(ConflictError):
        await meeting.decide((first, "release"))
    await meeting.decide((second, "release"))
    await meeting.reaches("welzijn", second, "sent")
    await meeting.settled()
    at_actium = [plain for _, r, _, plain in plaintexts(world) if r == "actium"]
    assert any(b"KANARIE-TWEE" in plain for plain in at_actium)
    assert not any(b"KANARIE-EEN" in plain for plain in at_actium)


# ---------------------------------------------------------------------------------------- the owner


async def test_what_was_not_offered_to_go_on_release_waits_for_a_person(world: MemoryWorld) -> None:
    meeting = await Meeting.planned(world, [FIRST])
    node, worker = world.nodes["actium"], world.actor("actium")
    offer = await meeting.offer("actium", ["welzijn"], "KANARIE", await world.person("actium"), auto=False)
    with pytest.raises(Refused) as refused:
        await node.offers.confirm(worker, meeting.conference, offer)
    assert codes(refused) == {"R12"}
    await meeting.decide((offer, "release"))
    await meeting.reaches("actium", offer, "released")
    await meeting.settled()
    assert not [1 for *_, plain in plaintexts(world) if b"KANARIE" in plain]
    act = await node.offers.confirm(worker, meeting.conference, offer)
    assert [s.state for s in (await node.act(worker, act.act, wait_s=60)).messages] == ["receipted"]
    (sent,) = world.events("actium", "conference/offer-fulfilled/1")
    assert (sent.by, sent.act) == (worker.id, act.act)
    with pytest.raises(ConflictError):
        await node.offers.confirm(worker, meeting.conference, offer)


async def test_a_system_may_offer_but_not_decide_that_it_goes(world: MemoryWorld) -> None:
    meeting = await Meeting.planned(world, [FIRST])
    system = Actor(world.actor("actium").id, "system", frozenset({"worker"}))
    given = share("actium", ["welzijn"], [nuisance("KANARIE")], await world.person("actium"))
    form = cf.OfferForm(item=meeting.items[0], why="nodig", send_on_release=True, share=given)
    with pytest.raises(Refused) as refused:
        await world.nodes["actium"].offers.offer(system, meeting.conference, form, None)
    assert codes(refused) == {"R32"}


@pytest.mark.parametrize("named", [False, True])
async def test_what_a_system_offered_goes_when_a_person_confirms_it_and_the_one_who_confirms_decided(
    world: MemoryWorld, *, named: bool
) -> None:
    meeting = await Meeting.planned(world, [FIRST])
    node, worker = world.nodes["actium"], world.actor("actium")
    other = await world.colleague("actium", 4712)
    system = Actor(worker.id, "system", frozenset({"worker"}))
    more = {"decided_by": str(worker.id)} if named else {}
    given = share("actium", ["welzijn"], [nuisance("KANARIE")], await world.person("actium"), **more)
    form = cf.OfferForm(item=meeting.items[0], why="nodig", send_on_release=False, share=given)
    (offer,) = (await node.offers.offer(system, meeting.conference, form, None)).offers
    await meeting.reaches("gemeente", offer, "offered")
    await meeting.decide((offer, "release"))
    await meeting.reaches("actium", offer, "released")
    with pytest.raises((Refused, NotAllowedError)):
        await node.offers.confirm(system, meeting.conference, offer)
    act = await node.offers.confirm(other, meeting.conference, offer)
    await meeting.reaches("actium", offer, "sent")
    (item, *_) = [e for e in world.events("actium", "item/recorded/1") if e.act == act.act]
    assert item.by == other.id


async def test_a_gate_that_closes_between_offer_and_release_holds_the_item_back_and_everybody_is_told(
    world: MemoryWorld,
) -> None:
    meeting = await Meeting.planned(world, [FIRST])
    exception = {
        "exception": "UAVG_41_1_i", "review_on": "2026-03-09", "considerations": {"a": "Haar veiligheid."},
        "motivation": "Wie het hoort kan haar iets aandoen.",
    }  # fmt: skip
    jelle = await world.person("actium")
    offer = await meeting.offer("actium", ["welzijn"], "KANARIE", jelle, notice=exception)
    world.clock.forward(days=10)  # the exception was not reviewed in time
    for node in world.nodes.values():
        node.housekeeping.wake()
    await meeting.decide((offer, "release"))
    await meeting.reaches("gemeente", offer, "held-back")
    for slug, actor in (("actium", world.actor("actium")), ("gemeente", meeting.chair)):
        (shown,) = await world.nodes[slug].conferences.offers(actor, meeting.conference)
        assert (shown.status, shown.codes) == ("held-back", ["R15"])
    assert [event.codes for event in world.events("actium", "refusal/recorded/1")] == [("R15",)]
    with pytest.raises(Refused) as refused:
        await world.nodes["actium"].offers.confirm(world.actor("actium"), meeting.conference, offer)
    assert codes(refused) == {"R15"}
    await world.nodes["actium"].offers.withdraw(world.actor("actium"), meeting.conference, offer)
    await meeting.reaches("gemeente", offer, "withdrawn")
    assert world.nodes["actium"].ctx.ledger.count("messages WHERE direction='sent' AND partner='welzijn'") == 0


async def test_what_the_chair_released_is_corrected_without_a_new_release(world: MemoryWorld) -> None:
    meeting = await Meeting.planned(world, [FIRST])
    actium, worker, jelle = world.nodes["actium"], world.actor("actium"), await world.person("actium")
    offer = await meeting.offer("actium", ["welzijn"], "KANARIE", jelle)
    await meeting.decide((offer, "release"))
    await meeting.reaches("actium", offer, "sent")
    await meeting.settled()
    query = f.WhoKnowsQuery(subject=jelle)
    (item,) = [i.item for i in (await actium.who_knows(worker, query)).items if i.category == "OVERLAST"]
    form = corrections.CorrectionForm(item=item, value="Twee keer.", explanation="Verkeerd geteld.")
    await actium.corrections.correct(worker, form, None)
    await meeting.settled()
    (new,) = [i for i in (await actium.who_knows(worker, query)).items if i.replaces == item]
    assert (new.receipt, new.rejected) == ("receipted", [])


async def test_what_the_covenant_would_never_allow_is_not_even_offered(world: MemoryWorld) -> None:
    meeting = await Meeting.planned(world, [FIRST])
    jelle = await world.person("welzijn")
    health = {"category": "GEZONDHEID", "field": "situatie", "value": "Somber."}
    node, worker = world.nodes["welzijn"], world.actor("welzijn")
    for given, code in (
        (share("welzijn", ["actium"], [health], jelle), "R05"),
        (share("welzijn", ["politie"], [nuisance("x")], jelle), "R36"),  # not in scope of this case
        (share("welzijn", ["welzijn"], [nuisance("x")], jelle), "R08"),
    ):
        form = cf.OfferForm(item=meeting.items[0], why="nodig", share=given)
        with pytest.raises(Refused) as refused:
            await node.offers.offer(worker, meeting.conference, form, None)
        assert code in codes(refused)
    given = share("welzijn", ["actium"], [nuisance("x")], jelle)
    form = cf.OfferForm(item=meeting.items[0], why="bsn 999990342", share=given)
    with pytest.raises(Refused) as refused:
        await node.offers.offer(worker, meeting.conference, form, None)
    assert codes(refused) == {"R02"}
    assert node.ctx.ledger.count("offers") == 0


async def test_naming_a_conference_without_its_chairs_release_is_refused_before_anything_is_sent(
    world: MemoryWorld,
) -> None:
    meeting = await Meeting.planned(world, [FIRST])
    jelle, before = await world.person("actium"), len(world.frames)
    for release in (None, uuid4()):
        given = share(
            "actium", ["welzijn"], [nuisance("KANARIE")], jelle,
            conference=meeting.conference, case=meeting.cases[0], chair_release=release,
        )  # fmt: skip
        with pytest.raises(Refused) as refused:
            await world.nodes["actium"].share(world.actor("actium"), given, None)
        assert codes(refused) == {"R12"}
    await meeting.settled()
    assert len(world.frames) == before


async def test_a_release_that_came_while_the_owner_was_away_is_carried_out_after_the_start(world: MemoryWorld) -> None:
    meeting = await Meeting.planned(world, [FIRST])
    offer = await meeting.offer("actium", ["welzijn"], "KANARIE", await world.person("actium"))
    await meeting.settled()
    await world.stop("actium")
    await meeting.decide((offer, "release"))
    await world.start("actium")
    await meeting.reaches("actium", offer, "sent")
    await meeting.settled()
    assert [1 for _, r, _, plain in plaintexts(world) if r == "welzijn" and b"KANARIE" in plain] == [1]
    check_running(world)


async def test_the_decision_of_somebody_who_may_not_act_any_more_does_not_count(world: MemoryWorld) -> None:
    meeting = await Meeting.planned(world, [FIRST])
    node, office = world.nodes["actium"], world.actor("actium")
    made = await node.register_actor(office, f.ActorForm(roles=["worker"], name="Proef Persoon"), None)
    leaver = Actor(made.actor, "person", frozenset({"worker"}))
    given = share("actium", ["welzijn"], [nuisance("KANARIE")], await world.person("actium"))
    form = cf.OfferForm(item=meeting.items[0], why="nodig", send_on_release=True, share=given)
    offer = (await node.offers.offer(leaver, meeting.conference, form, None)).offers[0]
    await meeting.reaches("gemeente", offer, "offered")
    await node.revoke_actor(office, leaver.id)
    await meeting.decide((offer, "release"))
    await meeting.reaches("gemeente", offer, "held-back")
    assert not [1 for *_, plain in plaintexts(world) if b"KANARIE" in plain]
    await node.offers.confirm(office, meeting.conference, offer)  # somebody else looks, and decides
    await meeting.reaches("actium", offer, "sent")


async def after_a_strike(world: MemoryWorld) -> tuple[Meeting, UUID]:
    """A conference whose chair struck what Actium offered about somebody."""
    meeting, jelle = await Meeting.planned(world, [FIRST]), await world.person("actium")
    struck = await meeting.offer("actium", ["welzijn"], "Hij dronk KANARIE gisteren.", jelle)
    await meeting.decide((struck, "strike"))
    await meeting.reaches("actium", struck, "struck")
    return meeting, jelle


async def test_a_struck_item_never_leaves_its_partner_and_acute_danger_does_away_with_a_missing_chair_only(
    world: MemoryWorld,
) -> None:
    node, worker = world.nodes["actium"], world.actor("actium")
    meeting, jelle = await after_a_strike(world)
    acute = {
        "emergency": {"danger": "Hij reageert niet, de gaskraan staat open.", "interest_of": "SUBJECT"},
        "basis": "A6_1_d", "weighing": {}, "notice": {},
    }  # fmt: skip
    within = {"case": meeting.cases[0]}
    again = nuisance("hij dronk  kanarie GISTEREN.")
    stated = {"channel": "PHONE", "occurred_on": "2026-03-02"}
    for more in (
        within, {**within, "conference": meeting.conference}, {**within, **acute},
        {**within, **acute, "conference": meeting.conference}, {**within, **acute, **stated},
    ):  # fmt: skip
        form = share("actium", ["welzijn"], [again], jelle, **more)
        with pytest.raises(Refused) as refused:
            await node.share(worker, form, None)
        assert codes(refused) == {"R12"}, more
    await meeting.settled()
    assert not [1 for *_, plain in plaintexts(world) if b"kanarie" in plain.lower()]

    # What the chair never looked at goes in acute danger, and the chair's look is owed; so does the same about another.
    unseen = {**within, **acute, "conference": meeting.conference}
    sent = await world.share(
        "actium", share("actium", ["welzijn"], [nuisance("De gaskraan staat open.")], jelle, **unseen)
    )
    assert [s.rejected for s in sent.messages] == [{}]
    assert "R12" in {duty.code for duty in node.facts.duties.all(worker, closed=False)}
    sem = await world.person("actium", given_names="Sem", family_name="Verzinsel", birth_date="2010-05-05")
    told = await world.share("actium", share("actium", ["welzijn"], [again], sem, **within))
    assert [s.rejected for s in told.messages] == [{}]

    # Offered anew, the chair may release it after all.
    anew = await meeting.offer("actium", ["welzijn"], "Hij dronk KANARIE gisteren.", jelle)
    await meeting.decide((anew, "release"))
    await meeting.reaches("actium", anew, "sent")


async def test_a_struck_field_stays_struck_for_its_recipients_with_the_case_unnamed_or_other_words_until_a_later_release(
    world: MemoryWorld,
) -> None:
    node, worker = world.nodes["actium"], world.actor("actium")
    meeting, jelle = await after_a_strike(world)
    same, varied, new = (nuisance(f"{text}") for text in (
        "Hij dronk KANARIE gisteren.", "Hij dronk - kanarie gisteren!", "Vannacht weer KANARIE.",
    ))  # fmt: skip

    async def refused(to: str, item: dict[str, Any], **more: Any) -> bool:
        try:
            await world.share("actium", share("actium", [to], [item], jelle, **more))
        except Refused as refusal:
            return [(r.code, "geschrapt" in r.text) for r in refusal.refusals] == [("R12", True)]
        return False

    for context in ({"context": "SIGNALERING"}, {"case": meeting.cases[0]}):
        assert [await refused("welzijn", item, **context) for item in (same, varied, new)] == [True] * 3
    assert [await refused("gemeente", item) for item in (same, varied)] == [True] * 2  # nobody gets what was struck
    assert not [1 for *_, plain in plaintexts(world) if b"kanarie" in plain.lower()]
    assert not await refused("gemeente", new)  # to whom it was not offered, it is another fact
    assert not await refused("welzijn", nuisance("3", "aantal-meldingen"))  # nor was every field struck
    acute = {"emergency": {"danger": "De gaskraan staat open.", "interest_of": "SUBJECT"}, "basis": "A6_1_d"}
    assert not await refused("welzijn", nuisance("De gaskraan staat open."), **acute)  # and the chair's look is owed
    assert "R12" in {duty.code for duty in node.facts.duties.all(worker, closed=False)}

    # A later offer that was released ends it for the field; the words that were struck stay struck, until they are released.
    later = await meeting.offer("actium", ["welzijn"], "Vannacht weer KANARIE.", jelle)
    await meeting.decide((later, "release"))
    await meeting.reaches("actium", later, "sent")
    assert [await refused("welzijn", item) for item in (new, nuisance("De buren klagen."), varied)] == [
        False, False, True,
    ]  # fmt: skip
    close = PhaseForm(to=Phase.CLOSED, close_reason=CloseReason.SOLVED)
    await world.nodes["gemeente"].cases.move(world.actor("gemeente"), meeting.cases[0], close, None)
    await world.until(lambda: node.cases.all(worker)[0].closed_at is not None)
    assert not await refused("welzijn", same)


async def test_the_chair_may_be_shown_what_it_asks_about_in_a_field_that_it_struck_before(world: MemoryWorld) -> None:
    meeting = await Meeting.planned(world, [FIRST])
    node, worker, jelle = world.nodes["actium"], world.actor("actium"), await world.person("actium")
    struck = await meeting.offer("actium", ["gemeente"], "KANARIE een.", jelle)
    await meeting.decide((struck, "strike"))
    await meeting.reaches("actium", struck, "struck")
    asked = await meeting.offer("actium", ["gemeente"], "KANARIE twee.", jelle)
    await meeting.decide((asked, "ask"), question="Wat is er gezien?", wants_content=True)
    await meeting.reaches("actium", asked, "asked")
    shown = await node.offers.show_to_chair(
        worker, meeting.conference, asked, cf.ToChairForm(basis="A6_1_e", task="wmo")
    )
    assert [s.partner for s in shown.messages] == ["gemeente"]


# ---------------------------------------------------------------------------------------- the term


async def test_a_struck_item_is_destroyed_at_its_owner_with_its_term_and_everything_still_works(
    world: MemoryWorld,
) -> None:
    meeting = await Meeting.planned(world, [FIRST])
    node, worker = world.nodes["actium"], world.actor("actium")
    jelle = await world.person("actium")
    struck = await meeting.offer("actium", ["welzijn"], "KANARIE-A", jelle)
    waiting = await meeting.offer("actium", ["welzijn"], "KANARIE-B", jelle, auto=False)
    await meeting.decide((struck, "strike"), (waiting, "release"))
    await meeting.reaches("actium", struck, "struck")
    await meeting.reaches("actium", waiting, "released")
    await meeting.settled()
    rule = next(r.rule for r in await node.retention_rules(worker) if r.retention == "r01")
    await node.retention_confirm(worker, rule)
    world.clock.forward(days=50)
    erased = await world.destroyed("actium")
    assert erased.keys == 2
    for event in world.events("actium", "conference/item-offered/1"):
        assert (event.content.value, event.salt.value, event.why.value) == ("shredded",) * 3
    shown = await node.conferences.offers(worker, meeting.conference)
    assert [(o.why, o.field, o.subject) for o in shown] == [(None, None, None)] * 2
    with pytest.raises(Refused) as refused:  # too late: what was released is gone
        await node.offers.confirm(worker, meeting.conference, waiting)
    assert codes(refused) == {"R19"}
    assert [step async for step in node.verify_log(worker)][-1].ok


async def test_an_erased_agreement_shows_as_gone_and_the_rest_goes_on(world: MemoryWorld) -> None:
    meeting = await Meeting.planned(world, [FIRST])
    node, office = world.nodes["gemeente"], world.actor("gemeente")
    minutes = cf.MinutesForm(
        item=meeting.items[0], agreements=[cf.AgreementForm(action="Bellen", owner="gemeente", due="2026-03-20")]
    )
    await node.conferences.minutes(meeting.chair, meeting.conference, minutes, None)
    rule = next(r.rule for r in await node.retention_rules(office) if r.retention == "r09")
    await node.retention_confirm(office, rule)
    world.clock.forward(days=6 * 366)
    await world.destroyed("gemeente")
    shown = await node.conferences.show(meeting.chair, meeting.conference)
    assert [(a.action, a.third_party) for item in shown.agenda for a in item.agreements] == [(None, None)]
    (todo,) = await node.conferences.agreements(office)
    await node.conferences.agreement_done(office, todo.agreement)
