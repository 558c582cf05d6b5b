from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.errors import BrokerError
from exchange.transport import failures
from exchange.transport.delivery import Ticket, nak


def refusal(code, description="x"):
    return json.dumps({"type": "t", "error": {"code": 500, "err_code": code, "description": description}}).encode()


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (refusal(10077, "maximum bytes exceeded"), "full for this recipient"),
        (refusal(10077, "maximum messages per subject exceeded"), "full for this recipient"),
        (refusal(10023, "insufficient resources"), "full for this recipient"),
        (refusal(10047, "insufficient storage resources available"), "full for this recipient"),
        (refusal(10077, "no space left on device"), r"could not store or delete \(its code is 10077\)"),
        (refusal(10054, "message size exceeds maximum allowed"), "larger than this stream"),
        (refusal(10059, "stream not found"), "run the broker set-up"),
        (refusal(99999, "something new"), r"its code is 99999"),
        (b'{"error": "odd"}', r"its code is -1"),
        (b'{"error": {}}', r"its code is -1"),
        (b"[]", "not JetStream's"),
        (b"", "not JetStream's"),
        (b"[" * 100_000, "not JetStream's"),
    ],
)
def test_each_refusal_of_the_broker_is_one_sentence(reply, sentence):
    with pytest.raises(BrokerError, match=sentence):
        failures.check(reply)


@pytest.mark.parametrize("description", ["bsn 123456782 of somebody", "{code}{evil}"])
def test_the_brokers_own_words_never_reach_a_message_of_ours(description):
    with pytest.raises(BrokerError) as caught:
        failures.check(refusal(12345, description))
    assert description not in str(caught.value)


@given(st.binary(max_size=200) | st.recursive(st.none() | st.text(max_size=5), lambda c: st.dictionaries(
    st.sampled_from(["error", "err_code", "code", "description", "seq"]), c)).map(lambda v: json.dumps(v).encode()))  # fmt: skip
def test_any_answer_is_a_success_or_a_refusal(reply):
    for read in (failures.check, failures.already_gone):
        try:
            read(reply)
        except BrokerError:
            continue


def test_a_frame_that_is_gone_already_counts_as_deleted_and_nothing_else_does():
    assert failures.already_gone(refusal(10057, "no message found"))
    assert failures.already_gone(refusal(10057, "stream store EOF"))
    assert not failures.already_gone(refusal(10057, "no space left on device"))
    assert not failures.already_gone(refusal(10059, "no message found"))
    assert not failures.already_gone(b'{"success": true}')


def test_both_forms_of_an_acknowledgement_subject_are_read():
    short = "$JS.ACK.CX_0_IN_politie.politie.3.17.20.1700000000000000000.0"
    long = "$JS.ACK._.hash.CX_0_IN_politie.politie.3.17.20.1700000000000000000.0.random"
    for subject in (short, long):
        assert Ticket.of(subject) == Ticket(subject, 3, 17)


@given(st.text(max_size=60) | st.from_regex(r"\$JS\.ACK(\.[a-z0-9-]{0,3}){0,11}", fullmatch=True))
def test_a_strange_acknowledgement_subject_is_no_ticket_and_no_crash(subject):
    ticket = Ticket.of(subject)
    assert ticket is None or (subject.startswith("$JS.ACK.") and ticket.attempts >= 0)


@pytest.mark.parametrize(("delay_s", "nanoseconds"), [(0, 0), (-1, 0), (1.5, 1_500_000_000)])
def test_later_is_told_in_nanoseconds(delay_s, nanoseconds):
    word, _, rest = nak(delay_s).partition(b" ")
    assert (word, json.loads(rest)) == (b"-NAK", {"delay": nanoseconds})
