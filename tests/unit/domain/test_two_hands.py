"""Nobody approves a destructive act of his own (design §4.12), unless he is alone and his partner said so (§4.18)."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.domain.actors import COMMANDS, ROLE_COMMANDS, TWO_HANDED_COMMANDS, Hand, Hands, Role, hands_on, may

ENFORCE = "retention.enforce"
FENNA = Hand(UUID(int=1), 1001, frozenset({Role.PRIVACY_OFFICER}))
BRAM = Hand(UUID(int=2), 1002, frozenset({Role.PRIVACY_OFFICER}))
FENNA_TOO = Hand(UUID(int=3), 1001, frozenset({Role.OPERATOR, Role.PRIVACY_OFFICER}))
WORKER = Hand(UUID(int=4), 1004, frozenset({Role.WORKER}))


def judged(
    by: Hand, before: Iterable[Hand | None], *staff: Hand, single_handed: bool = False, command: str = ENFORCE
) -> Hands:
    return hands_on(command, by, before, staff, single_handed=single_handed)


def test_who_confirmed_the_rule_does_not_enforce_it_and_another_does() -> None:
    assert judged(FENNA, [FENNA], FENNA, BRAM) is Hands.OWN
    assert judged(BRAM, [FENNA], FENNA, BRAM) is Hands.ENOUGH


def test_a_second_name_on_the_same_account_is_no_second_hand() -> None:
    assert judged(FENNA_TOO, [FENNA], FENNA, FENNA_TOO) is Hands.OWN
    assert judged(FENNA, [FENNA_TOO], FENNA, FENNA_TOO) is Hands.OWN


def test_the_node_and_the_partners_are_other_hands() -> None:
    assert judged(FENNA, [None], FENNA) is Hands.ENOUGH
    assert judged(FENNA, [FENNA, None], FENNA) is Hands.ENOUGH


def test_what_nobody_else_asked_for_is_ones_own() -> None:
    assert judged(FENNA, [], FENNA, BRAM) is Hands.OWN


def test_single_handed_helps_the_only_officer_and_not_one_of_two() -> None:
    assert judged(FENNA, [FENNA], FENNA, FENNA_TOO, WORKER, single_handed=True) is Hands.SINGLE
    assert judged(FENNA, [FENNA], FENNA, BRAM, single_handed=True) is Hands.OWN


def test_two_whose_accounts_are_not_known_any_more_are_told_apart_by_id() -> None:
    one, two = Hand(UUID(int=8)), Hand(UUID(int=9))
    assert not one.is_of(two)
    assert one.is_of(Hand(UUID(int=8), 1001))


@pytest.mark.parametrize("command", sorted(COMMANDS - set(TWO_HANDED_COMMANDS)))
def test_what_destroys_nothing_and_lets_nobody_in_needs_one_hand(command: str) -> None:
    assert judged(FENNA, [FENNA], FENNA, BRAM, command=command) is Hands.ENOUGH


def test_the_table_says_of_each_command_with_two_hands_whose_the_first_is() -> None:
    destructive = {"retention.enforce", "parked.drop", "actor.revoke", "recall.erase"}
    assert set(TWO_HANDED_COMMANDS) == destructive | {"wpg.designate"}
    assert all(TWO_HANDED_COMMANDS.values())


# ---------------------------------------------------------------------------------------- whoever they are

hands = st.builds(
    Hand,
    st.integers(1, 5).map(lambda n: UUID(int=n)),
    st.none() | st.integers(1000, 1003),
    st.frozensets(st.sampled_from(Role), max_size=3),
)
commands = st.sampled_from(sorted(TWO_HANDED_COMMANDS))


@given(commands, hands, st.lists(st.none() | hands), st.lists(hands), st.booleans())
def test_enough_means_that_a_hand_of_somebody_else_was_in_it(command, by, before, staff, single_handed) -> None:
    found = hands_on(command, by, before, staff, single_handed=single_handed)
    others = [hand for hand in before if hand is None or (hand.actor != by.actor and hand.account != by.account)]
    if others:
        assert found is Hands.ENOUGH
    if found is Hands.ENOUGH:
        assert any(hand is None or hand.actor != by.actor for hand in before)


@given(commands, hands, st.lists(st.none() | hands), st.lists(hands))
def test_without_the_setting_nobody_ever_acts_alone(command, by, before, staff) -> None:
    assert hands_on(command, by, before, staff, single_handed=False) is not Hands.SINGLE


@given(commands, hands, st.lists(st.none() | hands), st.lists(hands))
def test_the_setting_allows_nothing_that_a_colleague_could_do(command, by, before, staff) -> None:
    found = hands_on(command, by, before, staff, single_handed=True)
    colleagues = [hand for hand in staff if not hand.is_of(by) and may(hand.roles, command)]
    assert not (found is Hands.SINGLE and colleagues)
    if not colleagues:
        assert found is not Hands.OWN


@given(commands, hands, st.lists(st.none() | hands), st.lists(hands), st.booleans(), hands)
def test_one_more_hand_before_it_never_makes_it_less(command, by, before, staff, single_handed, more) -> None:
    def rank(hands_before: list[Hand | None]) -> int:
        return list(Hands)[::-1].index(hands_on(command, by, hands_before, staff, single_handed=single_handed))

    assert rank([*before, more]) >= rank(before)


@given(hands, hands)
def test_being_of_one_hand_goes_both_ways(one, two) -> None:
    assert one.is_of(two) == two.is_of(one)
    assert one.is_of(one)


def test_every_command_with_two_hands_has_a_role_so_that_a_second_hand_can_exist() -> None:
    assert all(any(command in granted for granted in ROLE_COMMANDS.values()) for command in TWO_HANDED_COMMANDS)
