"""The one table from roles to commands."""

from __future__ import annotations

import pytest

from exchange.domain.actors import (
    COMMANDS,
    CONTENT_COMMANDS,
    ROLE_COMMANDS,
    TWO_HANDED_COMMANDS,
    Role,
    may,
    require,
    roles_of,
    sees_content,
)
from exchange.errors import InputError, NotAllowedError

USE_CASES = """
subject.register subject.find subject.match signal.send disclosure.make disclosure.explain inbox.list inbox.read inbox.take-up
inbox.handle outbox.list who-knows log.list log.show log.verify log.replay retention.rules retention.confirm retention.due
retention.enforce parked.list parked.retry parked.drop keys.show keys.roll actor.register actor.list actor.revoke
actor.single-handed status covenant.show covenant.accept area.list area.signal area.picture
notice.give notice.list exception.invoke exception.list exception.review exception.due
weighing.write wpg-decision.register wpg-decision.withdraw wpg-decision.list training.record training.record-others training.list
activity.register activity.end activity.list duty.list duty.fulfil duty.excuse
conference.list conference.show conference.offers conference.plan conference.agenda
conference.decide conference.minutes conference.outcome conference.offer conference.confirm agreement.list agreement.done
signal.note signal.list signal.read signal.reporter signal.triage case.open case.list case.read
case.change circle.change circle.openings circle.review wpg.designate wpg.receivers third-party.disclose third-party.list
feedback.list draft.save draft.list draft.read draft.discard
notification.list notification.process correction.make recall.make
recall.erase recall.set-aside objection.receive objection.list objection.extend objection.decide objection.lift
"""


def test_the_table_speaks_of_every_use_case_and_of_nothing_else() -> None:
    assert set(USE_CASES.split()) == COMMANDS
    assert CONTENT_COMMANDS <= COMMANDS
    assert set(TWO_HANDED_COMMANDS) <= COMMANDS


def test_every_role_stands_in_the_table_and_every_command_has_a_role() -> None:
    assert set(ROLE_COMMANDS) == set(Role)
    assert all(any(may({role}, command) for role in Role) for command in COMMANDS)


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.AUDITOR])
def test_operator_and_auditor_see_no_content(role: Role) -> None:
    assert not sees_content({role})
    assert not ROLE_COMMANDS[role] & CONTENT_COMMANDS


@pytest.mark.parametrize("role", [Role.FG, Role.AUDITOR])
def test_who_watches_changes_nothing(role: Role) -> None:
    changing = {
        "register",
        "match",
        "send",
        "make",
        "take-up",
        "handle",
        "confirm",
        "enforce",
        "retry",
        "drop",
        "roll",
        "revoke",
        "single-handed",
        "give",
        "invoke",
        "review",
        "write",
        "withdraw",
        "record",
        "record-others",
        "end",
        "fulfil",
        "excuse",
        "plan",
        "agenda",
        "decide",
        "minutes",
        "outcome",
        "offer",
        "done",
        "process",
        "receive",
        "erase",
        "extend",
        "lift",
    }
    assert not {c for c in ROLE_COMMANDS[role] if c.rpartition(".")[2] in changing}


def test_who_sends_does_not_destroy() -> None:
    for role in (Role.WORKER, Role.DEPUTY, Role.INTEGRATION, Role.CHAIR):
        assert not ROLE_COMMANDS[role] & set(TWO_HANDED_COMMANDS)


def test_nobody_without_a_role_may_do_anything() -> None:
    for command in COMMANDS:
        assert not may((), command)
        with pytest.raises(NotAllowedError):
            require((), command)


def test_who_may_not_is_told_whose_work_it_is() -> None:
    with pytest.raises(NotAllowedError, match="It belongs to: wpg-functionary"):
        require(roles_of(["privacy-officer", "worker"]), "wpg-decision.register")


def test_several_roles_add_up() -> None:
    both = roles_of(["operator", "worker"])
    assert may(both, "parked.drop")
    assert may(both, "signal.send")
    assert sees_content(both)
    require(both, "signal.send")


def test_an_unknown_command_or_role_is_refused_without_repeating_it() -> None:
    with pytest.raises(NotAllowedError) as caught:
        require(Role, "weg-ermee")
    assert "weg-ermee" not in str(caught.value)
    with pytest.raises(InputError) as wrong:
        roles_of(["koning"])
    assert "koning" not in str(wrong.value)
