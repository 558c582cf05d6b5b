"""Somebody alone tries to destroy what takes two: at a running node, with a second name, a lying clock, a colleague revoked."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from case_forms import HOUSE, TO_GEMEENTE, share_form
from memory_world import MemoryWorld
from oracle import check_exchange
from world import World

from exchange.domain import events as e
from exchange.domain.retention import local_day
from exchange.errors import ConflictError, InputError, NotAllowedError
from exchange.node import forms as f
from exchange.node.service import Actor
from exchange.node.terms import period_text
from exchange.reports.who_knows import groups, summary

PAIR = ("actium", "gemeente")
SIGNAL = {"kind": "signal", "signal_kind": "VERVUILING"}
DROP = f.DropForm(reason="wrong-person")


@pytest.fixture
async def world(founded: Path, tmp_path: Path):
    async with MemoryWorld.copied(founded, tmp_path, PAIR) as made:
        for node in made.nodes.values():
            node.housekeeping.daily = _later  # these tests destroy by hand
        yield made


async def _later() -> None:
    """The daily run has not come yet."""


async def over(world: World, *, trusted: bool) -> str:
    """A signal at Actium whose term is over, under a rule that the first actor confirmed; gives the rule."""
    actium, worker = world.nodes["actium"], world.actor("actium")
    jelle = await world.person("actium")
    await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE, **SIGNAL))
    rule = next(r.rule for r in await actium.retention_rules(worker) if r.retention == "r01")
    await actium.retention_confirm(worker, rule)
    if not trusted:
        await world.stop("gemeente")
    world.clock.forward(days=60)
    for node in world.nodes.values():
        node.housekeeping.wake()
    await world.until(lambda: actium.retention.clock_state() == ("trusted" if trusted else "ahead-of-partners"))
    return rule


def erased(world: MemoryWorld) -> int:
    return len(world.events("actium", "erasure/decided/1"))


def alone(world: MemoryWorld) -> list[tuple[str, str]]:
    return [(event.command, event.about) for event in world.events("actium", "actor/acted-alone/1")]


async def test_who_confirmed_a_rule_cannot_enforce_it_and_a_colleague_can(world):
    rule = await over(world, trusted=True)
    actium, worker = world.nodes["actium"], world.actor("actium")
    with pytest.raises(NotAllowedError, match=rule):
        await actium.retention_enforce(worker, confirm_date=None)
    assert erased(world) == 0
    colleague = await world.colleague("actium")
    with pytest.raises(NotAllowedError):
        await actium.retention_enforce(worker, confirm_date=None)
    outcome = await actium.retention_enforce(colleague, confirm_date=None)
    assert (outcome.items, outcome.left, outcome.single_handed) == (3, [], False)
    assert alone(world) == []


async def test_a_second_name_on_the_same_account_does_not_help(world):
    await over(world, trusted=True)
    actium, first = world.nodes["actium"], world.actor("actium")
    form = f.ActorForm(name="Dezelfde Persoon", roles=["privacy-officer"], uid=await _account(world))
    made = await actium.register_actor(first, form, None)
    puppet = Actor(made.actor, "person", frozenset({"privacy-officer"}))
    with pytest.raises(NotAllowedError):
        await actium.retention_enforce(puppet, confirm_date=None)
    assert erased(world) == 0


async def _account(world: World) -> int:
    (first,) = await world.nodes["actium"].actors(world.actor("actium"))
    assert first.uid is not None
    return first.uid


async def test_rules_of_others_are_enforced_and_ones_own_are_left(world):
    mine = await over(world, trusted=True)
    actium, worker = world.nodes["actium"], world.actor("actium")
    colleague = await world.colleague("actium")
    rules = await actium.retention_rules(worker)
    jelle = (await actium.find_subjects(worker, f.IdentityForm(family_name="Verzonnen", birth_date="1964-11-05")))[0]
    await world.share("actium", share_form(jelle.subject, [TO_GEMEENTE], HOUSE))
    theirs = next(r for r in rules if r.retention == "r02")
    await actium.retention_confirm(colleague, theirs.rule)
    world.clock.forward(days=800)
    for node in world.nodes.values():
        node.housekeeping.wake()
    await world.until(lambda: actium.retention.clock_state() == "trusted")
    outcome = await actium.retention_enforce(worker, confirm_date=None)
    assert outcome.left == [mine]
    assert {event.rule for event in world.events("actium", "erasure/decided/1")} == {theirs.rule}


async def test_the_node_itself_is_the_second_hand_of_a_confirmed_rule(world):
    await over(world, trusted=True)
    await world.nodes["actium"].retention.daily()
    (decided,) = world.events("actium", "erasure/decided/1")
    assert decided.by is None
    assert alone(world) == []


# ---------------------------------------------------------------------------------------- the clock


async def test_a_lying_clock_takes_one_who_asks_and_another_who_confirms_the_date(world):
    await over(world, trusted=False)
    actium, worker = world.nodes["actium"], world.actor("actium")
    today = local_day(world.clock.now())
    colleague = await world.colleague("actium")
    with pytest.raises(NotAllowedError, match="second actor"):
        await actium.retention_enforce(colleague, confirm_date=today)
    with pytest.raises(NotAllowedError, match="second actor"):
        await actium.retention_enforce(colleague, confirm_date=today)
    with pytest.raises(InputError, match="date"):
        await actium.retention_enforce(worker, confirm_date=today + timedelta(days=1))
    assert erased(world) == 0
    outcome = await actium.retention_enforce(worker, confirm_date=today)  # confirmed the rule, but the other asked
    assert outcome.items == 3
    (decided,) = world.events("actium", "erasure/decided/1")
    assert (decided.by, decided.clock) == (worker.id, "confirmed-by-person")
    assert {event.by for event in world.events("actium", "erasure/asked/1")} == {colleague.id}
    assert alone(world) == []


async def test_to_ask_first_and_have_a_colleague_confirm_works_as_well(world):
    await over(world, trusted=False)
    actium, worker = world.nodes["actium"], world.actor("actium")
    colleague = await world.colleague("actium")
    with pytest.raises(ConflictError, match="another actor can go on"):
        await actium.retention_enforce(worker, confirm_date=None)
    with pytest.raises(ConflictError, match="confirm today's date"):
        await actium.retention_enforce(colleague, confirm_date=None)
    assert (await actium.retention_enforce(colleague, confirm_date=local_day(world.clock.now()))).items == 3


async def test_what_was_asked_yesterday_confirms_no_date_today(world):
    await over(world, trusted=False)
    actium, worker = world.nodes["actium"], world.actor("actium")
    colleague = await world.colleague("actium")
    with pytest.raises(ConflictError):
        await actium.retention_enforce(colleague, confirm_date=None)
    world.clock.forward(days=1)
    with pytest.raises(NotAllowedError):
        await actium.retention_enforce(worker, confirm_date=local_day(world.clock.now()))
    assert erased(world) == 0


async def test_who_asked_before_a_rule_was_confirmed_did_not_mean_that_rule(world):
    await over(world, trusted=False)
    actium, worker = world.nodes["actium"], world.actor("actium")
    colleague = await world.colleague("actium")
    third = await world.colleague("actium", 4712)
    with pytest.raises(ConflictError):
        await actium.retention_enforce(third, confirm_date=None)
    world.clock.forward(minutes=1)
    await _confirm_again(world, colleague)
    with pytest.raises(NotAllowedError, match="yourself"):
        await actium.retention_enforce(colleague, confirm_date=local_day(world.clock.now()))
    assert erased(world) == 0
    assert (await actium.retention_enforce(worker, confirm_date=local_day(world.clock.now()))).items == 3


async def _confirm_again(world: World, actor: Actor) -> None:
    """The rule as if ``actor`` had confirmed it just now."""
    actium = world.nodes["actium"]
    term = next(t for t in actium.terms.all() if t.confirmed)
    await actium.ctx.writer.run(lambda tx: tx.append(_confirmed(tx.now, term, actor)))
    actium.terms.reload()


def _confirmed(now, term, actor):
    return e.RetentionConfirmed(
        originator_id=uuid4(),
        at=now,
        rule=term.rule.code,
        retention=term.retention,
        trigger=term.rule.trigger.value,
        period=period_text(term.rule.period),
        legal_source=term.source,
        by=actor.id,
    )


# ---------------------------------------------------------------------------------------- messages and actors


async def test_who_sent_a_message_cannot_make_it_disappear(world):
    world.withheld.add(PAIR)
    actium, worker = world.nodes["actium"], world.actor("actium")
    jelle = await world.person("actium")
    answer = await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE), 0)
    message = answer.messages[0].message
    with pytest.raises(NotAllowedError, match="sent this message yourself"):
        await actium.drop_message(worker, message, DROP)
    assert [row.message for row in await actium.outbox(worker)] == [message]
    assert world.events("actium", "message/voided/1") == []
    operator = await world.colleague("actium", 4711, "operator")
    assert [row.message for row in await actium.outbox(operator)] == [message]
    await actium.drop_message(operator, message, DROP)
    assert [event.voided for event in world.events("actium", "message/voided/1")] == [message]


async def test_a_partners_frame_that_the_node_refused_takes_one_operator(world):
    gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
    await world.deliver("gemeente", "vreemde", b"poison")
    (parked,) = await gemeente.parked(worker)
    await gemeente.drop_parked(worker, parked.parked, DROP)
    assert [p.state for p in await gemeente.parked(worker)] == ["dropped"]


async def test_an_operator_stops_anybody_at_once_but_no_name_of_his_own(world):
    actium, first = world.nodes["actium"], world.actor("actium")
    own = await actium.register_actor(
        first, f.ActorForm(name="Tweede Naam", roles=["operator"], uid=await _account(world)), None
    )
    with pytest.raises(NotAllowedError, match="your own account"):
        await actium.revoke_actor(first, own.actor)
    with pytest.raises(ConflictError):
        await actium.revoke_actor(first, first.id)
    colleague = await world.colleague("actium")
    await actium.revoke_actor(first, colleague.id)
    assert actium.actors_of_uid(4711) == []
    assert alone(world) == []


# ---------------------------------------------------------------------------------------- single-handed


async def test_a_single_handed_partner_acts_alone_and_says_so_wherever_the_erasure_is_shown(world):
    rule = await over(world, trusted=True)
    actium, worker = world.nodes["actium"], world.actor("actium")
    assert not (await actium.status()).single_handed
    await actium.single_handed(worker, on=True)
    assert (await actium.status()).single_handed
    outcome = await actium.retention_enforce(worker, confirm_date=None)
    assert (outcome.items, outcome.single_handed, outcome.left) == (3, True, [])
    assert alone(world) == [("retention.enforce", str(outcome.erasures[0]))]
    jelle = (await actium.find_subjects(worker, f.IdentityForm(family_name="Verzonnen", birth_date="1964-11-05")))[0]
    answer = await actium.who_knows(worker, f.WhoKnowsQuery(subject=jelle.subject))
    assert {item.erased_single_handed for item in answer.items} == {True}
    (group,) = groups(answer, "en")
    assert {item.state_text.partition(" under")[2] for item in group.sent} == {
        f" rule {rule}, decided by a single hand"
    }
    assert "Of these decided by a single hand: 3." in summary(answer, "en")
    as_it_was = await actium.who_knows(
        worker, f.WhoKnowsQuery(subject=jelle.subject, as_of=local_day(world.clock.now()) - timedelta(days=1))
    )
    assert {item.erased_single_handed for item in as_it_was.items} == {False}


async def test_single_handed_helps_nobody_who_has_a_colleague_for_it(world):
    await over(world, trusted=True)
    actium, worker = world.nodes["actium"], world.actor("actium")
    colleague = await world.colleague("actium", 4711, "privacy-officer")
    await actium.single_handed(worker, on=True)
    with pytest.raises(NotAllowedError):
        await actium.retention_enforce(worker, confirm_date=None)
    await actium.revoke_actor(worker, colleague.id)
    assert (await actium.retention_enforce(worker, confirm_date=None)).single_handed


async def test_alone_with_a_lying_clock_the_only_officer_confirms_the_date_himself(world):
    await over(world, trusted=False)
    actium, worker = world.nodes["actium"], world.actor("actium")
    await actium.single_handed(worker, on=True)
    with pytest.raises(ConflictError, match="confirm today's date to go on"):
        await actium.retention_enforce(worker, confirm_date=None)
    outcome = await actium.retention_enforce(worker, confirm_date=local_day(world.clock.now()))
    assert (outcome.items, outcome.single_handed) == (3, True)


async def test_a_date_confirmed_alone_is_a_single_hand_also_under_a_rule_of_somebody_else(world):
    await over(world, trusted=False)
    actium, first = world.nodes["actium"], world.actor("actium")
    officer = await world.colleague("actium")
    await actium.revoke_actor(officer, first.id)
    await actium.single_handed(officer, on=True)
    outcome = await actium.retention_enforce(officer, confirm_date=local_day(world.clock.now()))
    assert (outcome.items, outcome.single_handed) == (3, True)


async def test_who_acts_alone_with_messages_and_actors_is_recorded_as_well(world):
    world.withheld.add(PAIR)
    actium, worker = world.nodes["actium"], world.actor("actium")
    await actium.single_handed(worker, on=True)
    jelle = await world.person("actium")
    answer = await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE), 0)
    message = answer.messages[0].message
    await actium.drop_message(worker, message, DROP)
    own = await actium.register_actor(
        worker, f.ActorForm(name="Tweede Naam", roles=["operator"], uid=await _account(world)), None
    )
    await actium.revoke_actor(worker, own.actor)
    assert alone(world) == [("parked.drop", message), ("actor.revoke", str(own.actor))]


async def test_the_setting_is_an_event_survives_a_restart_and_can_be_lifted(world):
    await over(world, trusted=True)
    worker = world.actor("actium")
    await world.nodes["actium"].single_handed(worker, on=True)
    await world.nodes["actium"].single_handed(worker, on=True)  # nothing changes, so nothing is recorded
    await world.stop("actium")
    actium = await world.start("actium")
    actium.housekeeping.daily = _later
    assert (await actium.status()).single_handed
    await actium.single_handed(worker, on=False)
    with pytest.raises(NotAllowedError):
        await actium.retention_enforce(worker, confirm_date=None)
    assert [(event.on, event.by) for event in world.events("actium", "setting/single-handed/1")] == [
        (True, worker.id),
        (False, worker.id),
    ]


async def test_neither_worker_nor_auditor_may_set_it(world):
    for number, role in enumerate(("worker", "auditor", "fg")):
        colleague = await world.colleague("actium", 5000 + number, role)
        with pytest.raises(NotAllowedError):
            await world.nodes["actium"].single_handed(colleague, on=True)
    assert not (await world.nodes["actium"].status()).single_handed


async def test_after_all_that_the_log_verifies_and_every_view_follows_from_it(world):
    await over(world, trusted=True)
    actium, worker = world.nodes["actium"], world.actor("actium")
    await actium.single_handed(worker, on=True)
    await actium.retention_enforce(worker, confirm_date=None)
    for slug in PAIR:
        await world.stop(slug)
    check_exchange(world)
