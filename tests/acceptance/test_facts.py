"""What has to be on record before sharing; through real nodes. All persons are invented."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from case_forms import HOUSE, TO_GEMEENTE, TO_WELZIJN, share_form
from fact_forms import OFFICER, WORKER, codes, excused, somebody, told, told_short
from memory_world import MemoryWorld
from world import JELLE

from exchange.errors import ConflictError, InputError, NotAllowedError, NotFoundError
from exchange.node import facts_forms as ff
from exchange.node import forms as f
from exchange.node.service import Refused

PAIR = ("actium", "gemeente")
NONE: dict[str, Any] = {"notice": {}}


@pytest.fixture
async def world(founded: Path, tmp_path: Path):
    async with MemoryWorld.copied(founded, tmp_path, PAIR) as made:
        yield made


# ------------------------------------------------------------------------------------------------ notices


async def test_a_disclosure_goes_on_a_notice_on_record_that_names_its_recipient(world: MemoryWorld) -> None:
    actium = world.nodes["actium"]
    jelle, other = await world.person("actium"), await world.person("actium", **{**JELLE, "given_names": "Kees"})
    assert await codes(world, "actium", share_form(jelle, [TO_GEMEENTE], HOUSE, **NONE)) == ["R14"]
    notice = (await actium.facts.give_notice(WORKER, told(jelle, "gemeente"), None)).fact
    by_id = {**NONE, "notice_id": str(notice)}
    assert await codes(world, "actium", share_form(jelle, [TO_WELZIJN], HOUSE, **by_id)) == ["R14"]
    answer = await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE, **by_id))
    assert [m.state for m in answer.messages] == ["receipted"]
    with pytest.raises(InputError, match="somebody else"):
        await world.share("actium", share_form(other, [TO_GEMEENTE], HOUSE, **by_id))
    with pytest.raises(NotFoundError, match="on record"):
        await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE, **NONE, notice_id=str(uuid4())))
    with pytest.raises(InputError, match="one notice or one exception"):
        await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE, notice_id=str(notice)))
    (shown,) = await actium.facts.notices(WORKER, ff.AboutForm(subject=jelle))
    assert (shown.notice, shown.interest) == (notice, "Hij kan er blijven wonen.")
    assert {e.view for e in world.events("actium", "data/read/1")} >= {"notice.list"}
    assert await actium.facts.notices(WORKER, ff.AboutForm(subject=other)) == []


async def test_a_notice_in_the_form_is_put_on_record_in_the_same_act_and_once(world: MemoryWorld) -> None:
    jelle = await world.person("actium")
    for _ in range(2):
        await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE))
    (notice,) = world.events("actium", "notice/given/1")
    (first, _second) = world.events("actium", "message/sent/1")
    assert (notice.given_on, notice.recipients) == ("2026-03-02", ["gemeente", "welzijn"])
    assert notice.at <= first.at
    ledger = world.nodes["actium"].ctx.ledger
    assert ledger.count("contents WHERE key_id=?", notice.key_id) == 1, "its key has a term"
    refused = share_form(jelle, [TO_GEMEENTE], HOUSE, notice={**told_short(), "reference": "n-2"}, purpose="P9")
    assert "R04" in await codes(world, "actium", refused)
    assert len(world.events("actium", "notice/given/1")) == 1, "nothing of a refused form is kept"


async def test_nothing_about_a_person_stands_in_the_open_part_of_a_record(world: MemoryWorld) -> None:
    actium = world.nodes["actium"]
    jelle = await world.person("actium")
    await actium.facts.give_notice(WORKER, told(jelle, "gemeente"), None)
    await actium.facts.invoke_exception(WORKER, excused(jelle), None)
    rows = await actium.log_rows(somebody("auditor"), 0, 200)
    public = "".join(str(row.public) for row in rows if row.topic in {"notice/given/1", "exception/invoked/2"})
    assert public
    for secret in (str(jelle), "Wim", "opruimen", "UAVG_41", "HUISBEZOEK", "veiligheid"):
        assert secret not in public


async def test_a_service_number_goes_on_record_nowhere_and_the_refusal_is_counted(world: MemoryWorld) -> None:
    actium = world.nodes["actium"]
    jelle = await world.person("actium")
    for form in (told(jelle, "gemeente", interest="bsn 111222333"), told(jelle, "gemeente", reference="111222333")):
        with pytest.raises(Refused) as refused:
            await actium.facts.give_notice(WORKER, form, None)
        assert [r.code for r in refused.value.refusals] == ["R02"]
    with pytest.raises(Refused):
        await actium.facts.invoke_exception(WORKER, excused(jelle, motivation="111 222 333"), None)
    assert world.events("actium", "notice/given/1") == []
    assert actium.ctx.ledger.one("SELECT n FROM refusals WHERE code='R02'")["n"] == 3


async def test_a_notice_is_not_recorded_before_it_is_given(world: MemoryWorld) -> None:
    jelle = await world.person("actium")
    with pytest.raises(InputError, match="still to come"):
        await world.nodes["actium"].facts.give_notice(WORKER, told(jelle, "gemeente", on="2026-03-03"), None)
    with pytest.raises(InputError, match="choose from"):
        await world.nodes["actium"].facts.give_notice(WORKER, told(jelle, "elders"), None)


# ------------------------------------------------------------------------------------------------ exceptions


async def test_what_has_still_to_happen_is_neither_shared_nor_stated(world: MemoryWorld) -> None:
    jelle, before = await world.person("actium"), len(world.frames)
    for more in (
        {"items": [{**HOUSE[0], "observed_on": "2026-03-03"}]},  # a datum would be younger than it is
        {"items": HOUSE, "channel": "PHONE", "occurred_on": "2026-03-03"},
    ):
        form = share_form(jelle, [TO_GEMEENTE], **more)
        with pytest.raises(InputError, match="still to come"):
            await world.nodes["actium"].share(world.actor("actium"), form, None)
    assert len(world.frames) == before
    today = share_form(jelle, [TO_GEMEENTE], [{**HOUSE[0], "observed_on": "2026-03-02"}])
    assert [s.state for s in (await world.share("actium", today)).messages] == ["receipted"]


async def test_an_exception_carries_until_its_review_and_on_when_somebody_looked(world: MemoryWorld) -> None:
    """Scenario 6: day fifteen without a review is R15; a review prolongs it, and an end is an end."""
    actium = world.nodes["actium"]
    jelle = await world.person("actium")
    exception = (await actium.facts.invoke_exception(WORKER, excused(jelle), None)).fact
    form = share_form(jelle, [TO_GEMEENTE], HOUSE, **NONE, exception_id=str(exception))
    world.clock.set(
        dt.datetime(2026, 3, 16, 22, 59, tzinfo=dt.UTC)
    )  # 23:59 in Amsterdam, the last minute of its last day
    assert await codes(world, "actium", form) == []
    assert [r.overdue for r in await actium.facts.reviews_due(WORKER, None)] == [False]
    assert "review-overdue" not in (await actium.status()).warnings
    world.clock.forward(minutes=1)
    assert await codes(world, "actium", form) == ["R15"]
    assert [(r.exception, r.overdue) for r in await actium.facts.reviews_due(WORKER, None)] == [(exception, True)]
    assert "review-overdue" in (await actium.status()).warnings
    with pytest.raises(InputError, match="next review"):
        await actium.facts.review_exception(
            WORKER, exception, ff.ReviewForm(outcome="prolonged", motivation="Nog steeds.")
        )
    longer = ff.ReviewForm(outcome="prolonged", review_on=dt.date(2026, 3, 31), motivation="Nog steeds.")
    await actium.facts.review_exception(WORKER, exception, longer)
    assert await codes(world, "actium", form) == []
    assert await actium.facts.reviews_due(WORKER, None) == []
    assert "review-overdue" not in (await actium.status()).warnings
    await actium.facts.review_exception(OFFICER, exception, ff.ReviewForm(outcome="ended", motivation="Zij is veilig."))
    assert await codes(world, "actium", form) == [], "it holds for the rest of the day it ended"
    world.clock.forward(days=1)
    assert await codes(world, "actium", form) == ["R15"]
    with pytest.raises(ConflictError, match="ended"):
        await actium.facts.review_exception(WORKER, exception, longer)
    (shown,) = await actium.facts.exceptions(WORKER, ff.AboutForm(subject=jelle))
    assert (shown.holds, shown.considerations) == (False, {"a": "Haar veiligheid."})


async def test_an_exception_carries_to_whom_it_names_and_a_year_without_review_is_not_recorded(
    world: MemoryWorld,
) -> None:
    actium = world.nodes["actium"]
    jelle = await world.person("actium")
    for flaw, why in (({"review_on": "2099-01-01"}, "too far"), ({"ground": "WPG_27_1_a"}, "no ground")):
        with pytest.raises(InputError, match=why):
            await actium.facts.invoke_exception(WORKER, excused(jelle, **flaw), None)
    with pytest.raises(InputError, match="choose from"):
        await actium.facts.invoke_exception(WORKER, excused(jelle, recipients=["elders"]), None)
    exception = (await actium.facts.invoke_exception(WORKER, excused(jelle), None)).fact
    by_id = {**NONE, "exception_id": str(exception)}
    assert await codes(world, "actium", share_form(jelle, [TO_WELZIJN], HOUSE, **by_id)) == ["R14"]
    assert await codes(world, "actium", share_form(jelle, [TO_GEMEENTE], HOUSE, **by_id)) == []
    short = {"exception": "UAVG_41_1_i", "considerations": {"a": "Veiligheid."}, "motivation": "Gevaar."}
    own = {"notice": {**short, "review_on": "2026-03-16"}}
    assert await codes(world, "actium", share_form(jelle, [TO_WELZIJN], HOUSE, **own)) == []
    too_long = {"notice": {**short, "review_on": "2027-03-16"}}
    assert await codes(world, "actium", share_form(jelle, [TO_WELZIJN], HOUSE, **too_long)) == ["R15"]
    (first, second) = await actium.facts.exceptions(WORKER, ff.AboutForm(subject=jelle))
    assert (first.recipients, second.recipients) == (["gemeente"], ["welzijn"])


async def test_an_exception_that_runs_out_on_the_way_counts_as_on_the_day_it_was_sent(world: MemoryWorld) -> None:
    actium, gemeente = world.nodes["actium"], world.nodes["gemeente"]
    jelle = await world.person("actium")
    exception = (await actium.facts.invoke_exception(WORKER, excused(jelle, "2026-03-02"), None)).fact
    await world.stop("gemeente")
    form = share_form(jelle, [TO_GEMEENTE], HOUSE, **NONE, exception_id=str(exception))
    act = await actium.share(world.actor("actium"), form, None)
    assert await codes(world, "actium", form) == []
    world.clock.forward(hours=20)
    assert await codes(world, "actium", form) == ["R15"]
    await world.start("gemeente")
    answer = await actium.act(world.actor("actium"), act.act, wait_s=60)
    assert [(m.state, m.rejected) for m in answer.messages] == [("receipted", {})]
    assert gemeente is not world.nodes["gemeente"]


async def test_records_live_through_a_restart_and_end_with_their_key(world: MemoryWorld) -> None:
    actium = world.nodes["actium"]
    jelle = await world.person("actium")
    notice = (await actium.facts.give_notice(WORKER, told(jelle, "gemeente"), None)).fact
    exception = (await actium.facts.invoke_exception(WORKER, excused(jelle), None)).fact
    await world.stop("actium")
    actium = await world.start("actium")
    by_notice = share_form(jelle, [TO_GEMEENTE], HOUSE, **NONE, notice_id=str(notice))
    assert await codes(world, "actium", by_notice) == []
    officer = world.actor("actium")
    rule = next(r.rule for r in await actium.retention_rules(officer) if r.retention == "r09")
    await actium.retention_confirm(officer, rule)
    world.clock.forward(days=5 * 365 + 3)
    await world.destroyed("actium")
    assert actium.ctx.facts.notices == {}
    with pytest.raises(NotFoundError):
        await world.share("actium", by_notice)
    assert await actium.facts.exceptions(WORKER, ff.AboutForm(subject=jelle)) == []
    with pytest.raises(NotFoundError):
        await actium.facts.review_exception(WORKER, exception, ff.ReviewForm(outcome="ended", motivation="Voorbij."))
    await world.stop("actium")
    actium = await world.start("actium")
    assert actium.ctx.facts.notices == {}
    steps = [step async for step in actium.verify_log(officer)]
    assert steps[-1].ok, steps[-1].problem


# ------------------------------------------------------------------------------------------------ Wpg decisions


def decided(**more: Any) -> ff.DecisionForm:
    return ff.DecisionForm.model_validate(
        {
            "reference": "besluit-2026-3", "ground": "WPG_19", "goal": "b", "decided_on": "2026-03-02",
            "signed_by": "teamchef", "interest": "Openbare orde in de straat.", "purpose": "Aanpak van nachtelijke overlast.",
            "recipients": ["actium"], "categories": ["IDENTIFICATIE", "OVERLAST"],
            "fields": ["naam", "aantal-meldingen", "data-meldingen"],
            "conditions": ["Alleen aantal en data."], "authority": "BURGEMEESTER", "agreed_on": "2026-03-02",
            "valid_until": "2026-03-03", **more,
        }
    )  # fmt: skip


FUNCTIONARY = somebody("wpg-functionary")
CALLS = [{"category": "OVERLAST", "field": "aantal-meldingen", "value": "Zes keer."}]
TO_ACTIUM = {"partner": "actium", "basis": "A6_1_f", "task": "leefbaarheid"}
POLICE = {"basis": "A6_1_e", "task": "handhaving", "notice": {**told_short(), "recipients": ["actium"]}}


async def test_police_data_go_only_under_a_registered_decision_that_holds(founded: Path, tmp_path: Path) -> None:
    async with MemoryWorld.copied(founded, tmp_path, ("politie", "actium")) as world:
        politie = world.nodes["politie"]
        demi = await world.person("politie", given_names="Demi", family_name="Nepstra", birth_date="1990-04-05")
        form = share_form(demi, [TO_ACTIUM], CALLS, **POLICE)
        assert await codes(world, "politie", form) == ["R28"]
        with pytest.raises(InputError, match="agreement"):
            await politie.facts.register_decision(FUNCTIONARY, decided(agreed_on=None), None)
        with pytest.raises(InputError, match="no longer valid"):
            await politie.facts.register_decision(FUNCTIONARY, decided(valid_until="2026-03-01"), None)
        with pytest.raises(NotAllowedError):
            await politie.facts.register_decision(WORKER, decided(), None)
        with pytest.raises(InputError, match="Wpg"):
            await world.nodes["actium"].facts.register_decision(FUNCTIONARY, decided(), None)
        decision = (await politie.facts.register_decision(FUNCTIONARY, decided(), None)).fact
        under = share_form(demi, [TO_ACTIUM], CALLS, **POLICE, wpg_decision_id=str(decision))
        nameless = decided(categories=["OVERLAST"])
        bare = (await politie.facts.register_decision(FUNCTIONARY, nameless, None)).fact
        unnamed = share_form(demi, [TO_ACTIUM], CALLS, **POLICE, wpg_decision_id=str(bare))
        assert await codes(world, "politie", unnamed) == ["R28"], "who it is about is police data as well"
        assert await codes(world, "politie", under) == []
        kind = [{**CALLS[0], "field": "aard-overlast"}]
        assert await codes(
            world, "politie", share_form(demi, [TO_ACTIUM], kind, **POLICE, wpg_decision_id=str(decision))
        ) == ["R17"]
        await politie.facts.withdraw_decision(FUNCTIONARY, decision, ff.WhyForm(reason="Niet meer nodig."))
        assert await codes(world, "politie", under) == ["R28"]
        shown = next(d for d in await politie.facts.decisions(FUNCTIONARY) if d.decision == decision)
        assert (shown.withdrawn, shown.valid) == (True, False)
        with pytest.raises(NotFoundError):
            await politie.facts.withdraw_decision(FUNCTIONARY, decision, ff.WhyForm(reason="Nog eens."))
        second = (await politie.facts.register_decision(FUNCTIONARY, decided(), None)).fact
        late = share_form(demi, [TO_ACTIUM], CALLS, **POLICE, wpg_decision_id=str(second))
        await world.stop("actium")
        act = await politie.share(world.actor("politie"), late, None)
        world.clock.forward(days=2)
        assert await codes(world, "politie", late) == ["R28"]
        await world.start("actium")
        answer = await politie.act(world.actor("politie"), act.act, wait_s=60)
        assert [(m.state, m.rejected) for m in answer.messages] == [("receipted", {})], "valid when it was sent"


def test_a_decision_typed_into_a_form_is_no_decision() -> None:
    with pytest.raises(ValueError, match="wpg"):
        share_form(uuid4(), [TO_ACTIUM], CALLS, wpg={"reference": "b-1", "ground": "WPG_19", "goal": "b"})


# ------------------------------------------------------------------------------------------------ register, training, systems


async def test_the_register_and_trainings_are_kept_and_their_identifiers_change_with_them(world: MemoryWorld) -> None:
    actium = world.nodes["actium"]
    entry = {
        "name": "Signalering Buurtteam", "purposes": ["P0_ONDERSTEUNING"], "categories": ["HUISVESTING", "OVERLAST"],
        "recipients": ["gemeente"], "bases": ["A6_1_f"],
    }  # fmt: skip
    made = await actium.facts.register_activity(OFFICER, ff.ActivityForm.model_validate(entry), None)
    assert made.activity.startswith("urn:uuid:")
    assert actium.ctx.facts.registered("P0_ONDERSTEUNING", ["OVERLAST"], "gemeente")
    assert not actium.ctx.facts.registered("P0_ONDERSTEUNING", ["OVERLAST"], "welzijn")
    wider = {**entry, "entry": made.entry, "recipients": ["gemeente", "welzijn"]}
    changed = await actium.facts.register_activity(OFFICER, ff.ActivityForm.model_validate(wider), None)
    assert changed.entry == made.entry
    assert changed.activity != made.activity
    assert world.events("actium", "activity/registered/2")[-1].replaces == made.activity
    assert [a.activity for a in await actium.facts.activities(WORKER)] == [changed.activity]
    await actium.facts.end_activity(OFFICER, made.entry)
    assert await actium.facts.activities(WORKER) == []
    assert not actium.ctx.facts.registered("P0_ONDERSTEUNING", ["OVERLAST"], "gemeente")
    with pytest.raises(InputError, match="choose from"):
        await actium.facts.register_activity(
            OFFICER, ff.ActivityForm.model_validate({**entry, "purposes": ["X"]}), None
        )
    worker = world.actor("actium")
    await actium.facts.record_training(worker, ff.TrainingForm(followed_on=dt.date(2025, 3, 2)))
    (answer,) = await actium.facts.trainings(worker)
    assert (answer.actor, answer.until, answer.lapsed) == (worker.id, dt.date(2026, 3, 2), False)
    with pytest.raises(NotAllowedError):
        await actium.facts.record_training(WORKER, ff.TrainingForm(actor=worker.id, followed_on=dt.date(2026, 3, 2)))
    with pytest.raises(InputError, match="still to come"):
        await actium.facts.record_training(worker, ff.TrainingForm(followed_on=dt.date(2026, 3, 3)))
    jelle = await world.person("actium")
    form = share_form(jelle, [TO_GEMEENTE], HOUSE)
    assert [w.code for w in (await actium.explain(worker, form))[0].warnings] == []
    world.clock.forward(days=1)
    assert [w.code for w in (await actium.explain(worker, form))[0].warnings] == ["R26"]


async def test_a_system_sends_only_what_a_person_decided(world: MemoryWorld) -> None:
    actium, person = world.nodes["actium"], world.actor("actium")
    jelle = await world.person("actium")
    system = somebody("integration", kind="system")
    form = share_form(jelle, [TO_GEMEENTE], HOUSE)
    assert await codes(world, "actium", form, system) == ["R32"]
    assert await codes(world, "actium", form, somebody("integration")) == ["R32"], "calling it a person makes it none"
    auditor = await actium.register_actor(person, f.ActorForm(roles=["auditor"], name="Proef Toezicht"), None)
    machine = await actium.register_actor(person, f.ActorForm(roles=["integration"], name="Proef Systeem"), None)
    for nobody in (system.id, uuid4(), auditor.actor, machine.actor):
        assert await codes(world, "actium", form.model_copy(update={"decided_by": nobody}), system) == ["R32"]
    decided_by = form.model_copy(update={"decided_by": person.id})
    assert await codes(world, "actium", decided_by, system) == []
    (named,) = world.events("actium", "act/decided-by/1")
    assert (named.by, named.person) == (system.id, person.id)
    with pytest.raises(InputError, match="Only a system"):
        await world.share("actium", form.model_copy(update={"decided_by": auditor.actor}))


# ------------------------------------------------------------------------------------------------ items on record, restrictions


async def test_what_was_restricted_or_erased_here_is_not_passed_on(world: MemoryWorld) -> None:
    from exchange.domain import events as e  # noqa: PLC0415 - the commands that set restrictions are another's

    actium = world.nodes["actium"]
    jelle = await world.person("actium")
    act = await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE))
    row = actium.ctx.ledger.one("SELECT item FROM items WHERE act=? AND category='OVERLAST'", str(act.act))
    again = [{**HOUSE[1], "record": row["item"]}]
    form = share_form(jelle, [TO_GEMEENTE], again)
    assert await codes(world, "actium", form) == []
    restriction = uuid4()

    def restrict(tx: Any, **about: Any) -> None:
        tx.append(
            e.RestrictionSet(
                originator_id=restriction, at=tx.now, key_id=tx.new_key("r09"), retention="r09", by=None, cause="BEZWAAR",
                **about,
            )
        )  # fmt: skip

    def lift(tx: Any) -> None:
        tx.append(e.RestrictionLifted(originator_id=restriction, at=tx.now, by=None))

    await actium.ctx.writer.run(lambda tx: restrict(tx, item=UUID(row["item"]), subject=None))
    assert await codes(world, "actium", form) == ["R18"]
    assert await codes(world, "actium", share_form(jelle, [TO_GEMEENTE], HOUSE)) == [], "another item is not restricted"
    await actium.ctx.writer.run(lift)
    assert await codes(world, "actium", form) == []
    restriction = uuid4()
    await actium.ctx.writer.run(lambda tx: restrict(tx, item=None, subject=jelle))
    assert await codes(world, "actium", share_form(jelle, [TO_GEMEENTE], HOUSE)) == ["R18"]
    await world.stop("actium")
    actium = await world.start("actium")
    assert await codes(world, "actium", share_form(jelle, [TO_GEMEENTE], HOUSE)) == ["R18"], "also after a restart"
    await actium.ctx.writer.run(lift)
    assert await codes(world, "actium", form) == []
    officer = world.actor("actium")
    rule = next(r.rule for r in await actium.retention_rules(officer) if r.retention == "r02")
    await actium.retention_confirm(officer, rule)
    world.clock.forward(days=2 * 365 + 2)
    assert "R19" in await codes(world, "actium", form), "past its term, though nobody destroyed it yet"
    with pytest.raises(NotFoundError, match="own records"):
        await world.share("actium", share_form(jelle, [TO_GEMEENTE], [{**HOUSE[1], "record": str(uuid4())}]))
