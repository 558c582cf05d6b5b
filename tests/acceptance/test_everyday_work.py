"""What offices do every day, through real nodes and a real broker. All persons are invented."""

from __future__ import annotations

import datetime as dt
import shutil
import sqlite3
from pathlib import Path
from uuid import uuid4

import pytest
from case_forms import HOUSE, TO_GEMEENTE, TO_WELZIJN, share_form
from world import JELLE, World

from exchange import app
from exchange.errors import ConflictError, InputError, NotAllowedError, NotFoundError
from exchange.node import forms as f
from exchange.node.service import Actor, Idempotency


async def test_what_was_said_by_telephone_counts_and_is_shown_as_stated_not_proven(tmp_path: Path) -> None:
    async with World.founded(tmp_path) as world:
        actium, worker = world.nodes["actium"], world.actor("actium")
        jelle = await world.person("actium")
        with pytest.raises(InputError, match="date it happened"):
            await actium.share(worker, share_form(jelle, [TO_WELZIJN], HOUSE, channel="PHONE"), None)
        form = share_form(jelle, [TO_WELZIJN], HOUSE, channel="PHONE", occurred_on="2026-03-01")
        act = await actium.share(worker, form, None)
        assert [m.state for m in act.messages] == ["stated"]
        answer = await actium.who_knows(worker, f.WhoKnowsQuery(subject=jelle))
        assert {(i.channel, i.proven, i.receipt) for i in answer.items} == {("PHONE", False, "not-applicable")}
        assert {i.occurred_on for i in answer.items} == {dt.date(2026, 3, 1)}
        assert await world.nodes["welzijn"].inbox(world.actor("welzijn")) == []


async def test_the_same_idempotency_key_discloses_once_and_another_request_under_it_is_a_conflict(
    tmp_path: Path,
) -> None:
    async with World.founded(tmp_path) as world:
        actium, worker = world.nodes["actium"], world.actor("actium")
        jelle = await world.person("actium")
        form = share_form(jelle, [TO_WELZIJN], HOUSE)
        first = await actium.share(worker, form, Idempotency("zaak-1"))
        again = await actium.share(worker, form, Idempotency("zaak-1"))
        assert again.act == first.act
        assert actium.ctx.ledger.count("messages WHERE direction='sent'") == 1
        with pytest.raises(ConflictError, match="idempotency key"):
            await actium.share(worker, share_form(jelle, [TO_GEMEENTE], HOUSE), Idempotency("zaak-1"))


async def test_a_person_matches_whom_a_partner_means_and_can_undo_it(tmp_path: Path) -> None:
    async with World.founded(tmp_path) as world:
        jelle = await world.person("actium")
        await world.share("actium", share_form(jelle, [TO_WELZIJN], HOUSE))
        welzijn, worker = world.nodes["welzijn"], world.actor("welzijn")
        (unmatched,) = await welzijn.unmatched_subjects(worker)
        assert unmatched.label == "Jelle Verzonnen (05-11-1964)"
        known = await world.person("welzijn")
        await welzijn.match_subject(worker, unmatched.subject, known)
        answer = await welzijn.who_knows(worker, f.WhoKnowsQuery(identity=f.IdentityForm.model_validate(JELLE)))
        assert {i.partner for i in answer.items} == {"actium"}
        assert await welzijn.unmatched_subjects(worker) == []

        # What Welzijn now sends about its own entry reaches Actium under the reference both know.
        own = {"basis": "A6_1_f", "task": "maatschappelijk-werk", "notice": _notice("actium")}
        to_actium = {"partner": "actium", "basis": "A6_1_f", "task": "verhuur"}
        await world.share("welzijn", share_form(known, [to_actium], HOUSE, **own))
        at_actium = await world.nodes["actium"].who_knows(world.actor("actium"), f.WhoKnowsQuery(subject=jelle))
        assert "received" in {i.direction for i in at_actium.items}

        await welzijn.split_subject(worker, unmatched.subject)
        assert len(await welzijn.unmatched_subjects(worker)) == 1


async def test_destruction_by_clock_stops_when_no_partner_vouches_for_the_time(tmp_path: Path) -> None:
    async with World.founded(tmp_path) as world:
        actium, worker = world.nodes["actium"], world.actor("actium")
        jelle = await world.person("actium")
        await world.share("actium", share_form(jelle, [TO_WELZIJN], HOUSE, kind="signal", signal_kind="VERVUILING"))
        rule = next(r.rule for r in await actium.retention_rules(worker) if r.retention == "r01")
        await actium.retention_confirm(worker, rule)
        for slug in ("welzijn", "gemeente", "politie"):
            await world.stop(slug)
        world.clock.forward(days=60)
        with pytest.raises(ConflictError, match="clock"):
            await actium.retention_enforce(worker, confirm_date=None)
        colleague = await world.colleague("actium")
        with pytest.raises(InputError, match="date"):
            await actium.retention_enforce(colleague, confirm_date=dt.date(2026, 5, 2))
        answer = await actium.who_knows(worker, f.WhoKnowsQuery(subject=jelle))
        assert all(i.erased_at is None for i in answer.items)
        outcome = await actium.retention_enforce(colleague, confirm_date=dt.date(2026, 5, 1))
        assert outcome.items == 3


async def test_nothing_is_due_under_a_rule_nobody_confirmed(tmp_path: Path) -> None:
    async with World.founded(tmp_path) as world:
        actium, worker = world.nodes["actium"], world.actor("actium")
        jelle = await world.person("actium")
        await world.share("actium", share_form(jelle, [TO_WELZIJN], HOUSE, kind="signal", signal_kind="VERVUILING"))
        world.clock.forward(days=60)
        due = [d for d in await actium.retention_due(worker, None) if d.retention == "r01"]
        assert [(d.overdue, d.confirmed) for d in due] == [(True, False)]
        outcome = await actium.retention_enforce(worker, confirm_date=world.clock.at.date())
        assert outcome.items == 0


async def test_a_message_to_a_partner_whose_node_is_off_waits_and_says_so(tmp_path: Path) -> None:
    async with World.founded(tmp_path, start=False) as world:
        await world.start("actium")
        actium, worker = world.nodes["actium"], world.actor("actium")
        jelle = await world.person("actium")
        act = await actium.share(worker, share_form(jelle, [TO_WELZIJN], HOUSE), None)
        await world.until(lambda: {w.why for w in actium.outgoing.waiting()} == {"no-prekey"})
        assert [(r.state, r.why) for r in await actium.outbox(worker)] == [("waiting", "no-prekey")]
        assert "no-prekey" in (await actium.status()).warnings
        await world.start("welzijn")
        answer = await actium.act(worker, act.act, wait_s=60)
        assert [m.state for m in answer.messages] == ["receipted"]


async def test_a_dropped_message_leaves_no_gap_at_the_partner(tmp_path: Path) -> None:
    async with World.founded(tmp_path, start=False) as world:
        await world.start("actium")
        actium, worker = world.nodes["actium"], world.actor("actium")
        jelle = await world.person("actium")
        dropped = await actium.share(worker, share_form(jelle, [TO_WELZIJN], HOUSE), None)
        colleague = await world.colleague("actium")
        await actium.drop_message(colleague, dropped.messages[0].message or "", f.DropForm(reason="wrong-person"))
        kept = await actium.share(worker, share_form(jelle, [TO_WELZIJN], HOUSE), None)
        await world.start("welzijn")
        assert [m.state for m in (await actium.act(worker, kept.act, wait_s=60)).messages] == ["receipted"]
        await world.until(lambda: not actium.outgoing.waiting())
        welzijn = world.nodes["welzijn"]
        assert len(await welzijn.inbox(world.actor("welzijn"))) == 1
        pair = next(p for p in (await welzijn.status()).pairs if p.partner == "actium")
        assert (pair.accepted_upto, pair.missing) == (2, [])
        assert [m.state for m in (await actium.act(worker, dropped.act)).messages] == ["voided"]


async def test_operator_and_auditor_see_no_content(tmp_path: Path) -> None:
    async with World.founded(tmp_path, start=False) as world:
        await world.start("actium")
        node = world.nodes["actium"]
        jelle = await world.person("actium")
        for role in ("operator", "auditor"):
            actor = Actor(uuid4(), "person", frozenset({role}))
            with pytest.raises(NotAllowedError):
                await node.who_knows(actor, f.WhoKnowsQuery(subject=jelle))
            with pytest.raises(NotAllowedError):
                await node.find_subjects(actor, f.IdentityForm.model_validate(JELLE))
            with pytest.raises(NotAllowedError):
                node.story(actor, case=None, subject=jelle, partner=None)
            await node.parked(actor)


async def test_somebody_unknown_and_somebody_absent_get_the_same_answer(tmp_path: Path) -> None:
    async with World.founded(tmp_path, start=False) as world:
        await world.start("actium")
        node, worker = world.nodes["actium"], world.actor("actium")
        with pytest.raises(NotFoundError):
            await node.who_knows(worker, f.WhoKnowsQuery(subject=uuid4()))
        with pytest.raises(NotFoundError):
            await node.who_knows(worker, f.WhoKnowsQuery(identity=f.IdentityForm.model_validate(JELLE)))


def _notice(*recipients: str) -> dict[str, object]:
    return {"reference": "gesprek", "given_on": "2026-03-02", "recipients": list(recipients)}


async def test_an_auditor_verifies_a_stopped_nodes_log_without_any_key_and_finds_the_edited_entry(
    tmp_path: Path,
) -> None:
    async with World.founded(tmp_path) as world:
        jelle = await world.person("actium")
        await world.share("actium", share_form(jelle, [TO_WELZIJN], HOUSE))
        await world.stop("actium")
        copy = tmp_path / "copy"
        copy.mkdir()
        shutil.copy(world.directory("actium") / "log.db", copy)
        answer = list(app.verify_offline(copy))[-1]
        assert isinstance(answer, f.VerifyAnswer)
        assert (answer.ok, answer.signatures > 0) == (True, True)

        with sqlite3.connect(copy / "log.db") as attacker:
            triggers = attacker.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall()
            for (name,) in triggers:
                attacker.execute(f"DROP TRIGGER {name}")
            attacker.execute(
                "UPDATE stored_events SET state = replace(state, 'welzijn', 'politie') WHERE rowid ="
                " (SELECT max(rowid) FROM stored_events WHERE topic='message/sent/1')"
            )
            (row,) = attacker.execute("SELECT max(rowid) FROM stored_events WHERE topic='message/sent/1'").fetchone()
        answer = list(app.verify_offline(copy))[-1]
        assert isinstance(answer, f.VerifyAnswer)
        assert (answer.ok, answer.first_bad) == (False, row - 1)


async def test_who_knows_names_everything_an_identity_told(tmp_path: Path) -> None:
    async with World.founded(tmp_path) as world:
        actium, worker = world.nodes["actium"], world.actor("actium")
        jelle = await world.person("actium")
        await world.share("actium", share_form(jelle, [TO_WELZIJN], HOUSE))
        answer = await actium.who_knows(worker, f.WhoKnowsQuery(subject=jelle))
        assert "naam+geboortedatum+adres" in {i.field for i in answer.items}
