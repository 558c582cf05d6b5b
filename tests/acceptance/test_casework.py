"""The case through real nodes: its scope, its phases and its plan. All persons are invented."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from case_forms import HOUSE, TO_GEMEENTE, TO_WELZIJN, share_form
from case_play import PROBLEM, TO_ACTIUM, WELZIJN, colleague, opened, told
from conference_forms import Meeting
from memory_world import Mallory, MemoryWorld, receipts
from world import JELLE, World

from exchange.domain.casework import ActionStatus, CloseReason, Phase
from exchange.errors import ConflictError, InputError
from exchange.node import casework_forms as cf
from exchange.node import conference_forms as conferences
from exchange.node import forms as f
from exchange.node.service import Refused
from exchange.wire import messages as m


async def test_partners_in_scope_hear_of_the_case_and_of_its_phases_and_nobody_else_does(
    founded: Path, tmp_path: Path
) -> None:
    async with MemoryWorld.copied(founded, tmp_path) as world:
        gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
        jelle = await world.person("gemeente")
        case = await opened(world, "gemeente", "actium", "welzijn", main_subject=jelle)
        await gemeente.cases.move(worker, case, cf.PhaseForm(to=Phase.TRIAGE), None)
        await told(world, case, "actium", "welzijn", phase=Phase.TRIAGE, keeper="gemeente", lead="gemeente")
        await gemeente.cases.set_lead(worker, case, cf.LeadForm(lead="welzijn"), None)
        await told(world, case, "actium", "welzijn", lead="welzijn", partners=["actium", "gemeente", "welzijn"])

        welzijn, theirs = world.nodes["welzijn"], world.actor("welzijn")
        await welzijn.circle.change(theirs, case, cf.CircleForm(actor=theirs.id))
        seen = await welzijn.cases.read(theirs, case)
        assert (seen.problem, [p.label for p in seen.people], seen.next_phases) == (PROBLEM, ["onbekend"], [])
        with pytest.raises(ConflictError, match="coordinates this case; ask gemeente"):
            await welzijn.cases.move(theirs, case, cf.PhaseForm(to=Phase.CONFERENCE), None)

        # Who the reference is comes with the first disclosure, which passes the gates; then it has a name.
        notice = {"reference": "k", "given_on": "2026-03-02", "recipients": ["welzijn"]}
        form = share_form(jelle, [TO_WELZIJN], HOUSE, case=case, basis="A6_1_e", task="wmo", notice=notice)
        answer = await world.share("gemeente", form)
        assert [(x.state, x.rejected) for x in answer.messages] == [("receipted", {})]
        seen = await welzijn.cases.read(theirs, case)
        assert [p.label for p in seen.people] == ["Jelle Verzonnen (05-11-1964)"]

        assert world.nodes["politie"].cases.all(world.actor("politie")) == []
        assert world.between("gemeente", "politie") == []


async def test_within_a_case_nothing_goes_to_a_partner_outside_its_scope_and_nothing_more_after_it_was_withdrawn(
    founded: Path, tmp_path: Path
) -> None:
    async with MemoryWorld.copied(founded, tmp_path) as world:
        gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
        jelle = await world.person("gemeente")
        case = await opened(world, "gemeente", "actium", main_subject=jelle)
        notice = {"reference": "k", "given_on": "2026-03-02", "recipients": ["welzijn", "actium"]}
        own = {"case": case, "basis": "A6_1_e", "task": "wmo", "notice": notice}

        async def codes(slug: str, *to: dict[str, str], **more: Any) -> set[str]:
            subject = jelle if slug == "gemeente" else await world.person(slug, **JELLE)
            with pytest.raises(Refused) as refused:
                await world.share(slug, share_form(subject, list(to), HOUSE, **{**own, **more}))
            return {r.code for r in refused.value.refusals}

        assert await codes("gemeente", TO_WELZIJN) == {"R36"}
        assert await codes("actium", TO_WELZIJN, basis="A6_1_f", task="verhuur") == {"R36"}  # its partners say the same
        assert await codes("welzijn", TO_ACTIUM, **WELZIJN) == {"R36"}  # never put in it
        assert not (await world.share("gemeente", share_form(jelle, [TO_ACTIUM], HOUSE, **own))).messages[0].rejected

        await gemeente.cases.set_scope(worker, case, cf.ScopeForm(partner="welzijn", reason="Hulp bij opruimen."), None)
        await told(world, case, "actium", "welzijn", partners=["actium", "gemeente", "welzijn"])
        assert not (await world.share("gemeente", share_form(jelle, [TO_WELZIJN], HOUSE, **own))).messages[0].rejected

        withdrawn = cf.ScopeForm(partner="actium", inside=False, reason="Huur is opgezegd.")
        await gemeente.cases.set_scope(worker, case, withdrawn, None)
        await told(world, case, "actium", inside=False, partners=[])
        assert await codes("gemeente", TO_ACTIUM) == {"R36"}
        assert await codes(
            "actium", TO_GEMEENTE, basis="A6_1_f", task="verhuur", notice={**notice, "recipients": ["gemeente"]}
        ) == {"R36"}


async def test_a_sender_that_skips_its_checks_is_refused_by_whoever_is_not_in_the_case(
    founded: Path, tmp_path: Path
) -> None:
    async with MemoryWorld.copied(founded, tmp_path) as world:
        jelle = await world.person("gemeente")
        case = await opened(world, "gemeente", "welzijn", main_subject=jelle)
        mallory = Mallory(world, "actium")

        async def outcome(*parts: dict[str, Any], to: str = "welzijn", **more: Any) -> set[str]:
            before = len(receipts(world, to, "actium"))
            await mallory.insist(to, mallory.frame(to, *parts, **more))
            (receipt, _), *_rest = receipts(world, to, "actium")[before:]
            return {code for o in receipt.data.outcomes for code in o.codes}

        inside = {**mallory.statement("welzijn"), "case": str(case)}
        assert await outcome(inside, mallory.item()) == {"R36"}  # a real case, in which the sender is not
        never = {**mallory.statement("gemeente"), "case": str(uuid4())}
        assert await outcome(never, mallory.item(), to="gemeente") == {"R36"}  # a case nobody put us in
        assert world.events("welzijn", "item/recorded/1") == []

        retention = ["r02"]
        told_ = {"v": 1, "case": str(case), "inside": True, "phase": "PLAN", "lead": "actium", "problem": "",
                 "partners": ["actium", "welzijn"], "subjects": []}  # fmt: skip
        assert await outcome(told_, kind=m.Kind.CASE, retention=retention) == {"R36"}  # another's case
        other = {**told_, "case": str(uuid4()), "partners": ["actium"]}
        assert await outcome(other, kind=m.Kind.CASE, retention=retention) == {"R36"}  # without its recipient in it
        out = {**told_, "case": str(uuid4()), "inside": False, "partners": []}
        assert await outcome(out, kind=m.Kind.CASE, retention=retention) == {"R36"}  # taken out of what it was never in
        assert await outcome({**told_, "case": str(uuid4())}, kind=m.Kind.CASE, retention=["r09"]) == {"R17"}
        bsn = {**told_, "case": str(uuid4()), "problem": "Bewoner 999990342 klaagt."}
        assert await outcome(bsn, kind=m.Kind.CASE, retention=retention) == {"R02"}
        assert [(r.case, r.phase) for r in world.nodes["welzijn"].cases.all(world.actor("welzijn"))] == [
            (case, Phase.SIGNALLED)
        ]


async def test_a_partner_taken_out_of_scope_that_goes_on_sending_is_refused_by_everybody_still_in_it(
    founded: Path, tmp_path: Path
) -> None:
    async with MemoryWorld.copied(founded, tmp_path) as world:
        gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
        case = await opened(world, "gemeente", "actium", "welzijn")
        mallory = Mallory(world, "actium")

        async def accepted(to: str, number: int) -> set[str]:
            before = len(receipts(world, to, "actium"))
            statement = {**mallory.statement(to), "case": str(case)}
            await mallory.insist(to, mallory.frame(to, statement, mallory.item(), sequence=number))
            (receipt, _), *_rest = receipts(world, to, "actium")[before:]
            return {code for o in receipt.data.outcomes for code in o.codes}

        assert (await accepted("welzijn", 1), await accepted("gemeente", 1)) == (set(), set())
        withdrawn = cf.ScopeForm(partner="actium", inside=False, reason="Huur is opgezegd.")
        await gemeente.cases.set_scope(worker, case, withdrawn, None)
        await told(world, case, "welzijn", partners=["gemeente", "welzijn"])
        assert (await accepted("welzijn", 2), await accepted("gemeente", 2)) == ({"R36"}, {"R36"})


async def test_a_case_shared_and_used_in_one_delivery_is_known_in_time(founded: Path, tmp_path: Path) -> None:
    async with MemoryWorld.copied(founded, tmp_path) as world:
        mallory, case = Mallory(world, "actium"), uuid4()
        told_ = {"v": 1, "case": str(case), "inside": True, "phase": "TRIAGE", "lead": "actium", "problem": PROBLEM,
                 "partners": ["actium", "welzijn"], "subjects": []}  # fmt: skip
        statement = {**mallory.statement("welzijn"), "case": str(case)}
        frames = [
            mallory.frame("welzijn", told_, kind=m.Kind.CASE, retention=["r02"]),
            mallory.frame("welzijn", statement, mallory.item()),
        ]
        await mallory.send("welzijn", *frames)
        assert {o.accepted for r, _ in receipts(world, "welzijn", "actium") for o in r.data.outcomes} == {True}


async def test_a_closed_case_takes_nothing_new_until_it_is_reopened(founded: Path, tmp_path: Path) -> None:
    async with MemoryWorld.copied(founded, tmp_path) as world:
        gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
        jelle = await world.person("gemeente")
        case = await opened(world, "gemeente", "welzijn", main_subject=jelle)
        form = cf.PhaseForm(to=Phase.CLOSED, close_reason=CloseReason.MOVED, reason="Verhuisd naar elders.")
        await gemeente.cases.move(worker, case, form, None)
        await told(world, case, "welzijn", phase=Phase.CLOSED)
        with pytest.raises(ConflictError, match="closed"):
            await gemeente.cases.set_goal(worker, case, cf.GoalForm(text="Nog een doel."), None)
        notice = {"reference": "k", "given_on": "2026-03-02", "recipients": ["welzijn"]}
        within = share_form(jelle, [TO_WELZIJN], HOUSE, case=case, basis="A6_1_e", task="wmo", notice=notice)
        with pytest.raises(Refused) as refused:
            await world.share("gemeente", within)
        assert {r.code for r in refused.value.refusals} == {"R36"}
        with pytest.raises(InputError, match="reason"):
            await gemeente.cases.move(worker, case, cf.PhaseForm(to=Phase.TRIAGE), None)
        await gemeente.cases.move(worker, case, cf.PhaseForm(to=Phase.TRIAGE, reason="Weer terug in de straat."), None)
        await told(world, case, "welzijn", phase=Phase.TRIAGE, closed_at=None)
        assert [x.state for x in (await world.share("gemeente", within)).messages] == ["receipted"]


async def test_the_plan_names_who_does_what_by_when_and_says_what_is_late(founded: Path, tmp_path: Path) -> None:
    async with MemoryWorld.copied(founded, tmp_path) as world:
        cases, worker = world.nodes["gemeente"].cases, world.actor("gemeente")
        case = await opened(world, "gemeente", "welzijn", review_due=date(2026, 3, 20))
        await cases.set_goal(worker, case, cf.GoalForm(text="De woning is begaanbaar."), None)
        action = cf.ActionForm(owner="welzijn", due=date(2026, 3, 16), text="Opruimhulp regelen.")
        with pytest.raises(ConflictError, match="scope of the case can own"):
            await cases.set_action(worker, case, action.model_copy(update={"owner": "politie"}), None)
        row = await cases.set_action(worker, case, action, None)
        assert (row.open_actions, row.overdue_actions, row.review_overdue) == (1, 0, False)
        assert "review-overdue" not in (await world.nodes["gemeente"].status()).warnings
        world.clock.forward(days=20)
        assert "review-overdue" in (await world.nodes["gemeente"].status()).warnings
        (row,) = cases.all(worker)
        assert (row.open_actions, row.overdue_actions, row.review_overdue) == (1, 1, True)
        (planned,) = (await cases.read(worker, case)).actions
        assert (planned.overdue, planned.text) == (True, "Opruimhulp regelen.")
        done = action.model_copy(
            update={"action": planned.action, "status": ActionStatus.DONE, "result": "Twee dagen geruimd."}
        )
        await cases.set_action(worker, case, done, None)
        await cases.set_review(worker, case, cf.ReviewForm(due=date(2026, 6, 1)), None)
        answer = await cases.read(worker, case)
        assert [(a.status, a.result) for a in answer.actions] == [("GEDAAN", "Twee dagen geruimd.")]
        assert (answer.row.open_actions, answer.row.review_overdue) == (0, False)
        assert [g.text for g in answer.goals] == ["De woning is begaanbaar."]


# ---------------------------------------------------------------------------------------- the real broker


async def test_a_case_is_shared_over_the_real_broker_and_survives_a_restart(tmp_path: Path) -> None:
    async with World.founded(tmp_path) as world:
        gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
        jelle = await world.person("gemeente")
        form = cf.CaseForm(problem=PROBLEM, main_subject=jelle, partners=["actium"])
        case = (await gemeente.cases.open(worker, form, None)).case
        await world.until(lambda: world.nodes["actium"].cases.all(world.actor("actium")))
        await world.stop("actium")
        await gemeente.cases.move(worker, case, cf.PhaseForm(to=Phase.TRIAGE), None)
        await world.start("actium")
        actium, theirs = world.nodes["actium"], world.actor("actium")
        await world.until(lambda: actium.cases.all(theirs)[0].phase is Phase.TRIAGE)
        await actium.circle.change(theirs, case, cf.CircleForm(actor=theirs.id))
        assert (await actium.cases.read(theirs, case)).problem == PROBLEM
        lines = [line async for line in gemeente.story(worker, case=case, subject=None, partner=None)]
        assert {"case/opened/1", "case/moved/1", "case/scope-changed/1"} <= {line.topic for line in lines}
        outcome = [step async for step in gemeente.verify_log(worker)][-1]
        assert isinstance(outcome, f.VerifyAnswer)
        assert outcome.ok, outcome.problem


async def test_a_service_number_stands_in_no_word_about_a_case_though_nobody_is_told_of_it(world: MemoryWorld) -> None:
    gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
    cases, bsn = gemeente.cases, "Bewoner 9999 90 342 belde."
    with pytest.raises(InputError, match="BSN"):
        await cases.open(worker, cf.CaseForm(problem=bsn), None)
    case = await opened(world, "gemeente")
    meeting = await Meeting.planned(world, [["gemeente"]])
    item = meeting.items[0]
    share = share_form(
        await world.person("gemeente"), [TO_WELZIJN], HOUSE, case=case, basis="A6_1_e", task="wmo",
        notice={"reference": "k", "given_on": "2026-03-02", "recipients": ["welzijn"]},
    )  # fmt: skip
    told = cf.ThirdPartyForm.model_validate(
        {**share.model_dump(include={"subject", "items", "purpose", "context", "basis", "task"}), "case": case, "name": bsn,
         "channel": "PHONE", "occurred_on": "2026-03-02"}
    )  # fmt: skip
    agreed = conferences.AgreementForm(action=bsn, owner="gemeente", due=date(2026, 4, 1))
    outsider = await colleague(world, "gemeente")
    size = gemeente.ctx.log.size
    for attempt in (
        lambda: cases.set_goal(worker, case, cf.GoalForm(text=bsn), None),
        lambda: cases.set_action(worker, case, cf.ActionForm(owner="gemeente", due=date(2026, 4, 1), text=bsn), None),
        lambda: cases.allocate(worker, case, cf.AllocationForm(to="Zorgteam Fictie", reason=bsn), None),
        lambda: cases.allocate(worker, case, cf.AllocationForm(to=bsn, reason="Verder."), None),
        lambda: cases.move(worker, case, cf.PhaseForm(to=Phase.TRIAGE, reason=bsn), None),
        lambda: cases.read(outsider, case, bsn),
        lambda: gemeente.third_parties.disclose(worker, told, None),
        lambda: gemeente.conferences.minutes(
            meeting.chair, meeting.conference, conferences.MinutesForm(item=item, agreements=[agreed]), None
        ),
    ):
        with pytest.raises(InputError, match="BSN"):
            await attempt()
    assert gemeente.ctx.log.size == size
