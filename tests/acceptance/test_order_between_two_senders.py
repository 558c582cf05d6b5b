"""A pair has an order, two senders have none: what overtakes the news it hangs on is put off, and judged by it in the end.

All persons are invented. The broker keeps nothing; the test hands every frame over itself.
"""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from case_forms import HOUSE, TO_WELZIJN, share_form
from case_play import PROBLEM
from case_play import told as known_by
from conference_forms import Meeting, knows
from memory_world import Mallory, MemoryWorld, receipts

from exchange.node import awaiting
from exchange.node import casework_forms as cf
from exchange.node import conference_forms as cff
from exchange.node.awaiting import PATIENCE
from exchange.wire import messages as m

PARTNERS = ["actium", "welzijn"]


def codes(world: MemoryWorld, sender: str = "actium") -> list[set[str]]:
    """Codes of every receipt that Welzijn gave, oldest first."""
    return [{c for o in r.data.outcomes for c in o.codes} for r, _ in receipts(world, "welzijn", sender)]


async def disclosed(world: MemoryWorld, case: UUID) -> bytes:
    """Actium tells Welzijn something within the case; the frame, which the broker took."""
    before = len(world.between("actium", "welzijn"))
    jelle = await world.person("actium")
    await world.share("actium", share_form(jelle, [TO_WELZIJN], HOUSE, case=case), wait_s=0)
    await world.until(lambda: len(world.between("actium", "welzijn")) > before)
    return world.between("actium", "welzijn")[-1]


@pytest.mark.parametrize("news_first", [True, False])
async def test_what_is_told_within_a_case_is_taken_whether_or_not_it_overtakes_the_news_of_that_case(
    world: MemoryWorld, *, news_first: bool
) -> None:
    world.withheld |= {("gemeente", "welzijn"), ("actium", "welzijn")}
    form = cf.CaseForm(problem=PROBLEM, partners=PARTNERS)
    case = (await world.nodes["gemeente"].cases.open(world.actor("gemeente"), form, None)).case
    await known_by(world, case, "actium")
    item = await disclosed(world, case)
    await world.until(lambda: world.between("gemeente", "welzijn"))
    news = world.between("gemeente", "welzijn")[-1]
    if not news_first:
        (early,) = await world.deliver("welzijn", "actium", item)
        assert (early.ended, codes(world)) == (["later"], [])
        assert world.events("welzijn", "message/received/1") == []
        assert world.events("welzijn", "refusal/recorded/1") == []
    await world.deliver("welzijn", "gemeente", news)
    (taken,) = await world.deliver("welzijn", "actium", item)
    assert (taken.ended, codes(world)) == (["done"], [set()])
    assert {e.category for e in world.events("welzijn", "item/recorded/1")} >= {"HUISVESTING"}


@pytest.mark.parametrize("news_first", [True, False])
async def test_a_partner_put_in_scope_is_heard_whether_or_not_it_overtakes_the_news_of_that(
    world: MemoryWorld, *, news_first: bool
) -> None:
    gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
    form = cf.CaseForm(problem=PROBLEM, partners=["welzijn"])
    case = (await gemeente.cases.open(worker, form, None)).case
    await known_by(world, case, "welzijn")
    world.withheld |= {("gemeente", "welzijn"), ("actium", "welzijn")}
    await gemeente.cases.set_scope(worker, case, cf.ScopeForm(partner="actium", inside=True, reason="Verhuurt."), None)
    await known_by(world, case, "actium")
    item, news = await disclosed(world, case), world.between("gemeente", "welzijn")[-1]
    order = [("gemeente", news), ("actium", item)] if news_first else [("actium", item), ("gemeente", news)]
    for sender, frame in order:
        await world.deliver("welzijn", sender, frame)
    assert codes(world) == ([set()] if news_first else [])
    await world.deliver("welzijn", "actium", item)
    assert {frozenset(found) for found in codes(world)} == {frozenset()}


@pytest.mark.parametrize("plan_first", [True, False])
async def test_a_released_item_is_taken_whether_or_not_it_overtakes_the_plan_of_the_conference(
    world: MemoryWorld, *, plan_first: bool
) -> None:
    scope = ["gemeente", "actium", "welzijn"]
    meeting = await Meeting.planned(world, [scope])
    await meeting.settled()
    world.withheld |= {("gemeente", "welzijn"), ("actium", "welzijn")}
    gemeente = world.nodes["gemeente"]
    form = cff.ConferenceForm(
        date=date(2026, 3, 13), chair=meeting.chair.id,
        agenda=[cff.AgendaForm(case=meeting.cases[0], partners=scope)],
        participants=[cff.AttendeeForm(partner=p, role="DEELNEMER", secrecy="verklaring") for p in scope],
    )  # fmt: skip
    meeting.conference = await gemeente.conferences.plan(meeting.chair, form, None)
    meeting.items = [(await gemeente.conferences.show(meeting.chair, meeting.conference)).agenda[0].item]
    await world.until(lambda: knows(world, "actium", meeting.conference))
    offer = await meeting.offer("actium", ["welzijn"], "VRIJGEGEVEN", await world.person("actium"))
    await meeting.decide((offer, "release"))
    await meeting.reaches("actium", offer, "sent")
    await world.until(lambda: world.between("actium", "welzijn"))
    plan, item = world.between("gemeente", "welzijn")[-1], world.between("actium", "welzijn")[-1]
    order = [("gemeente", plan), ("actium", item)] if plan_first else [("actium", item), ("gemeente", plan)]
    for sender, frame in order:
        await world.deliver("welzijn", sender, frame)
    assert codes(world) == ([set()] if plan_first else [])
    await world.deliver("welzijn", "actium", item)
    assert {frozenset(found) for found in codes(world)} == {frozenset()}


async def test_a_case_that_nobody_ever_tells_of_is_refused_after_an_hour_however_often_it_is_sent(
    world: MemoryWorld,
) -> None:
    mallory = Mallory(world, "actium")
    statement = {**mallory.statement("welzijn"), "case": str(uuid4())}
    frame = mallory.frame("welzijn", statement, mallory.item())
    for _ in range(12):
        (taken,) = await mallory.send("welzijn", frame)
        assert (taken.ended, codes(world)) == (["later"], [])
        world.clock.at += PATIENCE / 12 - timedelta(seconds=1)
    world.clock.at += timedelta(seconds=12)
    (taken,) = await mallory.send("welzijn", frame)
    assert (taken.ended, codes(world)) == (["done"], [{"R36"}])
    assert world.events("welzijn", "item/recorded/1") == []
    await mallory.send("welzijn", frame)
    assert codes(world) == [{"R36"}, {"R36"}]  # a duplicate: the same receipt, no second chance


async def test_a_clock_that_was_ahead_for_a_while_makes_nobody_wait_longer(world: MemoryWorld) -> None:
    mallory = Mallory(world, "actium")
    statement = {**mallory.statement("welzijn"), "case": str(uuid4())}
    frame = mallory.frame("welzijn", statement, mallory.item())
    world.clock.at += timedelta(hours=5)
    for ended, jump in (("later", timedelta(hours=-5)), ("later", PATIENCE), ("done", PATIENCE)):
        (taken,) = await mallory.send("welzijn", frame)
        assert taken.ended == [ended]
        world.clock.at += jump


async def test_who_invents_many_cases_keeps_only_so_many_frames_waiting(
    world: MemoryWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(awaiting, "MOST", 2)
    mallory = Mallory(world, "actium")
    ends = []
    for _ in range(3):
        statement = {**mallory.statement("welzijn"), "case": str(uuid4())}
        (taken,) = await mallory.send("welzijn", mallory.frame("welzijn", statement, mallory.item()))
        ends += taken.ended
    assert (ends, codes(world)) == (["later", "later", "done"], [{"R36"}])
    fair = Mallory(world, "gemeente")  # nobody else has to do without
    statement = {**fair.statement("welzijn"), "sender_basis": "A6_1_e", "sender_task": "wmo", "case": str(uuid4())}
    (taken,) = await fair.send("welzijn", fair.frame("welzijn", statement, fair.item()))
    assert taken.ended == ["later"]


async def test_what_is_wrong_in_itself_waits_for_no_news(world: MemoryWorld) -> None:
    mallory = Mallory(world, "actium")
    statement = {**mallory.statement("welzijn"), "case": str(uuid4()), "request": "Bewoner 999990342 klaagt."}
    (taken,) = await mallory.send("welzijn", mallory.frame("welzijn", statement, mallory.item()))
    assert (taken.ended, codes(world)) == (["done"], [{"R02", "R36"}])


async def test_who_keeps_a_case_and_puts_us_out_of_it_is_refused_at_once(world: MemoryWorld) -> None:
    mallory, case = Mallory(world, "actium"), str(uuid4())
    told = {"v": 1, "case": case, "inside": True, "phase": "TRIAGE", "lead": "actium", "problem": PROBLEM,
            "partners": ["actium", "welzijn"], "subjects": []}  # fmt: skip
    out = {**told, "inside": False, "partners": []}
    for work in (told, out):
        await mallory.send("welzijn", mallory.frame("welzijn", work, kind=m.Kind.CASE, retention=["r02"]))
    statement = {**mallory.statement("welzijn"), "case": case}
    (taken,) = await mallory.send("welzijn", mallory.frame("welzijn", statement, mallory.item()))
    assert (taken.ended, codes(world)[-1]) == (["done"], {"R36"})
