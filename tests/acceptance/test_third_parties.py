"""Disclosures to who is no partner (covenant article 8), and hearing what came of a message. All persons are invented."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from case_forms import HOUSE, TO_WELZIJN, share_form
from case_play import opened
from case_play import told as known_by
from conference_forms import Meeting
from memory_world import MemoryWorld

from exchange.errors import InputError, NotFoundError
from exchange.node import casework_forms as cf
from exchange.node import conference_forms as cff
from exchange.node import facts_forms as ff
from exchange.node import forms as f
from exchange.node.node import Node
from exchange.node.service import Actor, Refused


async def test_a_third_party_is_told_on_an_agreement_or_an_allocation_and_who_knows_names_it(
    founded: Path, tmp_path: Path
) -> None:
    async with MemoryWorld.copied(founded, tmp_path, ["gemeente"]) as world:
        gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
        jelle = await world.person("gemeente")
        meeting = await Meeting.planned(world, [["gemeente"]])
        case = meeting.cases[0]
        form = telling(jelle, case)

        async def refused(**changes: Any) -> set[str]:
            return await codes_of(gemeente, worker, form.model_copy(update=changes))

        assert await refused() == {"R10"}
        agreement = await agreed(meeting, third_party="Zorgteam Fictie")
        assert await refused(agreement=agreement, named_to_subject=False) == {"R14"}
        assert await refused(agreement=agreement, task="verhuur") == {"R07"}
        first = await gemeente.third_parties.disclose(worker, form.model_copy(update={"agreement": agreement}), None)

        to = cf.AllocationForm(to="Zorgteam Fictie", reason="Verdere behandeling.")
        await gemeente.cases.allocate(worker, case, to, None)
        (allocation,) = (await gemeente.cases.read(worker, case)).allocations
        elsewhere = {"allocation": allocation.allocation, "name": "Stichting Nergens"}
        assert await refused(**elsewhere) == {"R10"}  # allocated to somebody else
        await gemeente.third_parties.disclose(
            worker, form.model_copy(update={"allocation": allocation.allocation}), None
        )

        known = await gemeente.who_knows(worker, f.WhoKnowsQuery(subject=jelle))
        assert {(i.partner_name, i.channel, i.proven) for i in known.items} == {("Zorgteam Fictie", "PHONE", False)}
        rows = await gemeente.third_parties.all(worker)
        assert [(r.name, r.basis, r.agreement) for r in rows] == [
            ("Zorgteam Fictie", ["A6_1_e", "wmo"], None),
            ("Zorgteam Fictie", ["A6_1_e", "wmo"], agreement),
        ]
        assert first.act in {r.act for r in rows}
        assert "Fictie" not in "".join(r.model_dump_json() for r in await gemeente.log_rows(worker, 0, 1000))
        replayed = [step async for step in gemeente.replay_log(worker)][-1]
        assert isinstance(replayed, f.ReplayAnswer)
        assert replayed.ok, replayed.differences


async def test_an_agreement_that_nobody_made_tells_no_third_party_also_not_by_an_action_that_names_it(
    founded: Path, tmp_path: Path
) -> None:
    async with MemoryWorld.copied(founded, tmp_path, ["gemeente"]) as world:
        gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
        jelle, invented = await world.person("gemeente"), UUID("11111111-2222-4333-8444-555555555555")
        meeting = await Meeting.planned(world, [["gemeente"], ["gemeente"]])
        case = meeting.cases[0]
        form = telling(jelle, case, name="Particuliere Verhuurder Nep BV", agreement=invented)
        action = cf.ActionForm(owner="gemeente", due=date(2026, 4, 1), text="Verhuurder inlichten.", agreement=invented)
        elsewhere = await agreed(meeting, item=1, third_party=form.name)
        for act in (action, action.model_copy(update={"agreement": elsewhere})):
            assert await codes_of(gemeente, worker, form.model_copy(update={"agreement": act.agreement})) == {"R10"}
            with pytest.raises(NotFoundError, match="no such agreement"):
                await gemeente.cases.set_action(worker, case, act, None)
            assert await codes_of(gemeente, worker, form.model_copy(update={"agreement": act.agreement})) == {"R10"}

        # An agreement that was made is carried out by an action, and still tells nobody whom it does not name.
        made = await agreed(meeting, third_party="Zorgteam Fictie")
        row = await gemeente.cases.set_action(worker, case, action.model_copy(update={"agreement": made}), None)
        assert row.open_actions == 1
        assert await codes_of(gemeente, worker, form.model_copy(update={"agreement": made})) == {"R10"}
        assert await gemeente.third_parties.all(worker) == []


async def test_who_asked_for_feedback_sees_when_it_is_late_and_hears_the_result(founded: Path, tmp_path: Path) -> None:
    async with MemoryWorld.copied(founded, tmp_path) as world:
        actium, welzijn = world.nodes["actium"], world.nodes["welzijn"]
        worker, theirs = world.actor("actium"), world.actor("welzijn")
        jelle = await world.person("actium")
        signal = share_form(jelle, [TO_WELZIJN], HOUSE, kind="signal", signal_kind="VERVUILING", feedback_wanted=True)
        message = (await world.share("actium", signal)).messages[0].message or ""
        assert [(r.message, r.due, r.direction) for r in welzijn.feedback.all(theirs)] == [
            (message, date(2026, 4, 13), "received")
        ]
        world.clock.forward(days=43)
        assert [r.overdue for r in welzijn.feedback.all(theirs, overdue=True)] == [True]
        assert [r.overdue for r in actium.feedback.all(worker, overdue=True)] == [True]
        with pytest.raises(InputError, match="handled has a result"):
            await welzijn.reply(theirs, message, f.ReplyForm(state="taken-up", result="OPGELOST"), None)
        await welzijn.reply(theirs, message, f.ReplyForm(state="handled", text="Opgeruimd.", result="OPGELOST"), None)
        await world.until(lambda: not actium.feedback.all(worker))
        assert welzijn.feedback.all(theirs) == []
        (reply,) = (await actium.read_message(worker, message)).replies
        assert (reply["text"], reply["result"]) == ("Opgeruimd.", "OPGELOST")


async def test_an_agreement_of_the_conference_carries_a_disclosure_to_the_third_party_it_names_and_to_no_other(
    founded: Path, tmp_path: Path
) -> None:
    async with MemoryWorld.copied(founded, tmp_path) as world:
        meeting = await Meeting.planned(world, [["gemeente", "welzijn"], ["gemeente", "welzijn"]])
        gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
        jelle = await world.person("gemeente")
        due = date(2026, 4, 1)
        minutes = cff.MinutesForm(
            item=meeting.items[0],
            agreements=[
                cff.AgreementForm(
                    action="Zorgteam inschakelen.", owner="gemeente", due=due, third_party="Zorgteam Fictie"
                ),
                cff.AgreementForm(action="Bellen met de buren.", owner="gemeente", due=due),
            ],
        )
        named, nobody = await gemeente.conferences.minutes(meeting.chair, meeting.conference, minutes, None)
        form = telling(jelle, meeting.cases[0])

        assert await codes_of(gemeente, worker, form.model_copy(update={"agreement": nobody})) == {"R10"}
        other = {"agreement": named, "name": "Stichting Nergens"}
        assert await codes_of(gemeente, worker, form.model_copy(update=other)) == {"R10"}
        elsewhere = {"agreement": named, "case": meeting.cases[1]}  # agreed about another case
        assert await codes_of(gemeente, worker, form.model_copy(update=elsewhere)) == {"R10"}

        told = form.model_copy(update={"agreement": named, "name": "ZORGTEAM  Fíctie"})
        await gemeente.third_parties.disclose(worker, told, None)
        assert [row.agreement for row in await gemeente.third_parties.all(worker)] == [named]

        # The partner that was told of the agreement hangs its own disclosure on it as well.
        await gemeente.conferences.outcome(meeting.chair, meeting.conference, cff.OutcomeForm(), None)
        welzijn, theirs = world.nodes["welzijn"], world.actor("welzijn")
        await world.until(lambda: welzijn.ctx.ledger.count("agreements"))
        await welzijn.circle.change(theirs, meeting.cases[0], cf.CircleForm(actor=theirs.id))
        own = {"subject": await world.person("welzijn"), "agreement": named, "basis": "A6_1_f"}
        again = form.model_copy(update={**own, "task": "maatschappelijk-werk"})
        await welzijn.third_parties.disclose(theirs, again, None)

        # Taken out of the case, it tells nobody anything of it any more.
        await gemeente.cases.set_scope(
            worker, meeting.cases[0], cf.ScopeForm(partner="welzijn", inside=False, reason="Niet meer nodig."), None
        )
        await known_by(world, meeting.cases[0], "welzijn", inside=False)
        assert await codes_of(welzijn, theirs, again) == {"R10", "R36"}


async def test_the_notice_given_with_a_third_partys_disclosure_is_on_record_as_it_was_given(
    founded: Path, tmp_path: Path
) -> None:
    async with MemoryWorld.copied(founded, tmp_path) as world:
        gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
        jelle = await world.person("gemeente")
        case = await opened(world, "gemeente", "welzijn", main_subject=jelle)
        await gemeente.cases.allocate(
            worker, case, cf.AllocationForm(to="Zorgteam Fictie", reason="Verdere behandeling."), None
        )
        (allocation,) = (await gemeente.cases.read(worker, case)).allocations

        # Acute danger: Welzijn was told before Jelle was; that he is told now is owed.
        danger = {"danger": "Hij dreigt zich van het leven te beroven.", "interest_of": "SUBJECT"}
        urgent = share_form(
            jelle, [{**TO_WELZIJN, "basis": "A6_1_d"}], HOUSE, basis="A6_1_d", task="wmo", notice={}, emergency=danger
        )
        await world.share("gemeente", urgent)
        assert [d.code for d in gemeente.facts.duties.all(worker, closed=False)] == ["R14"]

        form = telling(jelle, case, allocation=allocation.allocation)
        for _ in range(2):
            await gemeente.third_parties.disclose(worker, form, None)
        (notice,) = await gemeente.facts.notices(worker, ff.AboutForm(subject=jelle))  # told once, recorded once
        assert notice.recipients == ["gemeente", "welzijn", "DERDE: Zorgteam Fictie"]
        assert gemeente.facts.duties.all(worker, closed=False) == []

        # Quoted to a partner, it does not tell which third party it named.
        within = share_form(
            jelle, [TO_WELZIJN], HOUSE, basis="A6_1_e", task="wmo", notice={}, notice_id=str(notice.notice)
        )
        answer = await world.share("gemeente", within)
        assert [s.state for s in answer.messages] == ["receipted"]
        statement = world.nodes["welzijn"]
        read = await statement.read_message(world.actor("welzijn"), answer.messages[0].message or "")
        assert "Fictie" not in read.model_dump_json()
        assert "welzijn" in read.model_dump_json()


async def agreed(meeting: Meeting, *, item: int = 0, third_party: str = "") -> UUID:
    """What the conference agreed on one of its agenda items."""
    one = cff.AgreementForm(
        action="Zorgteam inschakelen.", owner="gemeente", due=date(2026, 4, 1), third_party=third_party
    )
    minutes = cff.MinutesForm(item=meeting.items[item], agreements=[one])
    node = meeting.world.nodes["gemeente"]
    (made,) = await node.conferences.minutes(meeting.chair, meeting.conference, minutes, None)
    return made


def telling(subject: UUID, case: UUID, **more: Any) -> cf.ThirdPartyForm:
    """Zorgteam Fictie is told by telephone, and the person knew."""
    base = share_form(subject, [TO_WELZIJN], HOUSE, basis="A6_1_e", task="wmo").model_dump(
        include={"subject", "items", "purpose", "context", "basis", "task", "weighing", "notice"}
    )
    return cf.ThirdPartyForm.model_validate(
        {**base, "case": case, "name": "Zorgteam Fictie", "named_to_subject": True, "channel": "PHONE",
         "occurred_on": "2026-03-02", **more}
    )  # fmt: skip


async def codes_of(node: Node, actor: Actor, form: cf.ThirdPartyForm) -> set[str]:
    """Why it is refused."""
    with pytest.raises(Refused) as caught:
        await node.third_parties.disclose(actor, form, None)
    return {r.code for r in caught.value.refusals}
