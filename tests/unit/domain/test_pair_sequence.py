"""Numbering between two partners, against a model that simply remembers every number."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from exchange.domain.pairing import MAX_SEQUENCE, Arrival, Decision, PairIn, PairOut, Runs
from exchange.errors import IntegrityError, WireError

small = st.integers(1, 30)


class Receiving(RuleBasedStateMachine):
    """Messages arrive in any order, twice, forged, or not at all; heartbeats announce; voids fill."""

    def __init__(self) -> None:
        super().__init__()
        self.state = PairIn()
        self.stored: dict[int, str] = {}
        self.top = 0

    @rule(sequence=small, text=st.sampled_from("ab"))
    def arrive(self, sequence: int, text: str) -> None:
        message = f"{sequence}{text}"
        decision = self.state.decide(sequence, message, self.stored.get(sequence))
        if sequence in self.stored:
            same = self.stored[sequence] == message
            assert decision == Decision(Arrival.DUPLICATE if same else Arrival.EQUIVOCATION)
            assert not decision.accepted
            return
        assert decision.accepted
        if sequence > self.top + 1:
            assert decision == Decision(Arrival.GAP, (self.top + 1, sequence - 1))
        else:
            assert decision == Decision(Arrival.ACCEPT)
        self.state = self.state.accepted(sequence)
        self.stored[sequence] = message
        self.top = max(self.top, sequence)

    @rule(last=st.integers(0, 30))
    def heartbeat(self, last: int) -> None:
        self.state, missing = self.state.announced(last)
        assert missing == ((self.top + 1, last) if last > self.top else None)
        self.top = max(self.top, last)

    @invariant()
    def agrees_with_the_model(self) -> None:
        missing = [n for n in range(1, self.top + 1) if n not in self.stored]
        assert self.state.highest == self.top
        assert list(self.state.holes) == missing
        assert self.state.through == (missing[0] - 1 if missing else self.top)
        assert all(self.state.seen(n) == (n in self.stored) for n in range(-1, 33))
        runs = self.state.holes.runs
        assert all(a <= b for a, b in runs)
        assert all(runs[i][1] + 1 < runs[i + 1][0] for i in range(len(runs) - 1))


class Sending(RuleBasedStateMachine):
    """Messages are stamped; receipts come in any order and again."""

    def __init__(self) -> None:
        super().__init__()
        self.state = PairOut()
        self.waiting: set[int] = set()
        self.last = 0

    @rule()
    def stamp(self) -> None:
        self.last += 1
        assert self.state.next == self.last
        self.state = self.state.stamped(self.last)
        self.waiting.add(self.last)

    @rule(sequence=small)
    def receipt(self, sequence: int) -> None:
        assert self.state.knows(sequence) == (sequence <= self.last)
        if self.state.knows(sequence):
            self.state = self.state.settled(sequence)
            self.waiting.discard(sequence)

    @rule(wrong=small)
    def no_number_is_skipped_or_reused(self, wrong: int) -> None:
        if wrong != self.last + 1:
            with pytest.raises(IntegrityError):
                self.state.stamped(wrong)

    @rule(accepted=st.integers(0, 30))
    def what_the_partner_never_saw_is_sent_again(self, accepted: int) -> None:
        assert set(self.state.lost(accepted)) == {n for n in self.waiting if n > accepted}

    @invariant()
    def agrees_with_the_model(self) -> None:
        assert set(self.state.waiting) == self.waiting
        assert len(self.state.waiting) == len(self.waiting)
        assert bool(self.state.waiting) == bool(self.waiting)


TestReceiving = Receiving.TestCase
TestReceiving.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestSending = Sending.TestCase
TestSending.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)


@given(st.lists(st.tuples(st.booleans(), small, small)))
def test_runs_are_a_set_of_numbers(steps: list[tuple[bool, int, int]]) -> None:
    runs, model = Runs(), set[int]()
    for add, first, last in steps:
        if add:
            runs, model = runs.with_run(first, last), model | set(range(first, last + 1))
        else:
            runs, model = runs.without(first), model - {first}
        assert list(runs) == sorted(model)
        assert all((n in runs) == (n in model) for n in range(33))


def test_the_order_of_arrival_makes_no_difference() -> None:
    forward, backward = PairIn(), PairIn()
    for n in range(1, 8):
        forward = forward.accepted(n)
    for n in range(7, 0, -1):
        backward = backward.accepted(n)
    assert forward == backward == PairIn(7)


@pytest.mark.parametrize("sequence", [0, -1, MAX_SEQUENCE + 1, 2**63])
def test_a_number_outside_the_range_is_refused(sequence: int) -> None:
    with pytest.raises(WireError) as caught:
        PairIn().decide(sequence, "m", None)
    assert caught.value.reason == "sequence-invalid"
    with pytest.raises(WireError):
        PairIn().accepted(sequence)


def test_a_leap_to_the_last_number_costs_nothing() -> None:
    decision = PairIn(1).decide(MAX_SEQUENCE, "m", None)
    assert decision == Decision(Arrival.GAP, (2, MAX_SEQUENCE - 1))
    state = PairIn(1).accepted(MAX_SEQUENCE)
    assert state.holes.runs == ((2, MAX_SEQUENCE - 1),)
    assert state.through == 1


def test_a_heartbeat_with_an_impossible_number_is_refused() -> None:
    with pytest.raises(WireError):
        PairIn().announced(MAX_SEQUENCE + 1)


def test_a_seen_number_without_a_stored_message_is_an_alarm_not_a_duplicate() -> None:
    with pytest.raises(IntegrityError):
        PairIn(3).decide(2, "m", None)


def test_the_last_number_is_the_last() -> None:
    with pytest.raises(IntegrityError):
        _ = PairOut(MAX_SEQUENCE).next


def test_a_million_messages_keep_the_state_small() -> None:
    state = PairOut(999_999, Runs(((1, 999_999),))).stamped(1_000_000)
    assert state.waiting.runs == ((1, 1_000_000),)
    assert len(state.waiting) == 1_000_000
