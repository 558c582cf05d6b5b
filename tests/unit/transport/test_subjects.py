from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.errors import SetupError, WireError
from exchange.transport.subjects import EVERYONE, OPERATOR_INBOX, Names, check_kind, check_slug, inbox_prefix

TAG = "00112233445566aa"
NAMES = Names(TAG)
slugs = st.from_regex(r"[a-z][a-z0-9-]{1,30}", fullmatch=True).filter(lambda s: s != EVERYONE)
BAD = [
    "",
    "a",
    "all",
    "1gemeente",
    "Gemeente",
    "a.b",
    "a*",
    "a>",
    "a b",
    "-a",
    "a\n",
    "a" * 32,
    "gemeente\r\nPUB x",
    "é1",
]


@given(recipient=slugs, sender=slugs)
def test_the_sender_of_an_inbox_subject_is_who_published_it(recipient, sender):
    assert NAMES.inbox_sender(NAMES.inbox_subject(recipient, sender), recipient) == sender


@given(kind=slugs, recipient=st.none() | slugs, sender=slugs)
def test_a_control_subject_reads_back(kind, recipient, sender):
    assert NAMES.control_parts(NAMES.control_subject(kind, recipient, sender)) == (kind, recipient, sender)


@given(st.text() | st.from_regex(rf"cx\.({TAG}|x)\.(in|ctl)(\.[a-z*>-]{{0,4}}){{0,5}}"))
def test_a_strange_subject_is_refused_or_reads_back(subject):
    try:
        parts = NAMES.control_parts(subject)
    except WireError:
        pass
    else:
        assert NAMES.control_subject(*parts) == subject
    try:
        sender = NAMES.inbox_sender(subject, "gemeente")
    except WireError:
        pass
    else:
        assert NAMES.inbox_subject("gemeente", sender) == subject


def test_a_frame_for_another_inbox_is_refused():
    with pytest.raises(WireError) as caught:
        NAMES.inbox_sender(NAMES.inbox_subject("politie", "welzijn"), "gemeente")
    assert caught.value.reason == "subject-mismatch"
    with pytest.raises(WireError) as caught:
        NAMES.control_parts(NAMES.inbox_subject("politie", "welzijn"))
    assert caught.value.reason == "subject-mismatch"
    with pytest.raises(WireError):
        Names("ff" * 8).inbox_sender(NAMES.inbox_subject("politie", "welzijn"), "politie")


@pytest.mark.parametrize("slug", BAD)
def test_what_could_be_more_than_one_name_on_the_broker_is_refused(slug):
    for use in (check_slug, NAMES.inbox_stream, NAMES.inbox_filter, NAMES.control_filters, inbox_prefix):
        with pytest.raises(SetupError):
            use(slug)
    with pytest.raises(SetupError):
        NAMES.inbox_subject("gemeente", slug)
    with pytest.raises(SetupError):
        NAMES.control_subject("prekeys", slug, "gemeente")


@pytest.mark.parametrize("kind", [bad for bad in BAD if bad != "all"])
def test_what_could_be_more_than_one_kind_is_refused(kind):
    with pytest.raises(SetupError):
        check_kind(kind)


@pytest.mark.parametrize(
    "tag", ["", "00112233445566A", "00112233445566AA", "00112233445566aa0", "*", "00112233445566a\n"]
)
def test_a_covenant_is_named_by_sixteen_hex_characters(tag):
    with pytest.raises(SetupError):
        Names(tag)


@given(slugs)
def test_no_partner_can_be_called_like_the_operator(slug):
    assert inbox_prefix(slug) != OPERATOR_INBOX
