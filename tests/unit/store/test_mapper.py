"""Events to bytes and back: round trips, seals, and what a changed byte does."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.domain import events as e
from exchange.domain.event import EVENTS, LOCKED, SHREDDED
from exchange.errors import ConflictError, ExchangeError, IntegrityError
from exchange.store.entry import Entry
from exchange.store.mapper import decode, encode, key_id_of, rfc3339

KEY = bytes(range(32))
KEY_ID = "0123456789abcdef" * 2
NOW = datetime(2026, 3, 2, 8, 0, 0, 120_000, tzinfo=UTC)


def entry_of(event, key=KEY, version=1, index=4):
    return Entry(index, event.originator_id.hex, version, event.topic, encode(event, version, key))


def keys(key_id):
    return KEY if key_id == KEY_ID else None


def test_the_public_line_is_plain_json_with_the_key_id_first_and_no_private_field(world):
    event = world.noted(KEY_ID, note="Vermoeden van overlast", at=NOW)
    line, _, box = entry_of(event).state.partition(b"\n")
    assert list(json.loads(line)) == ["key_id", "at", "ref"]
    assert json.loads(line)["at"] == "2026-03-02T08:00:00.120Z"
    assert b"overlast" not in line + box
    assert b" " not in line


texts = st.text(max_size=40)
stamps = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1)).map(  # noqa: DTZ001 - the zone follows
    lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000, tzinfo=UTC)
)


@given(
    note=texts,
    who=st.none() | st.uuids(),
    street=texts,
    number=st.integers(),
    names=st.dictionaries(texts, texts),
    at=stamps,
)
@settings(max_examples=150, deadline=None)
def test_every_event_comes_back_equal_and_encodes_to_the_same_line(kinds, note, who, street, number, names, at):
    event = kinds.Noted(
        originator_id=uuid4(),
        at=at,
        key_id=KEY_ID,
        ref=uuid4(),
        note=note,
        who=who,
        where=(kinds.Place(street=street, number=number),),
        identity=names,
    )
    entry = entry_of(event)
    assert decode(entry, keys) == event
    assert encode(decode(entry, keys), 1, KEY).partition(b"\n")[0] == entry.public


@given(counts=st.dictionaries(st.integers(), st.lists(texts).map(tuple)), code=texts)
@settings(max_examples=50, deadline=None)
def test_public_events_come_back_equal(kinds, counts, code):
    event = kinds.Opened(originator_id=uuid4(), at=NOW, code=code, counts=counts)
    assert decode(entry_of(event, None), None) == event


@pytest.mark.parametrize("text", ["shredded", "locked", "null", "\n", '","key_id":"', "\x00", "é" * 3, '{"a":1}'])
def test_a_senders_literal_text_stays_text(world, text):
    event = world.noted(KEY_ID, note=text, identity={text: text})
    assert decode(entry_of(event), keys).note == text


def test_a_destroyed_key_reads_shredded_and_a_closed_vault_locked(world):
    event = world.noted(KEY_ID, who=uuid4())
    for source, gone in ((lambda _: None, SHREDDED), (None, LOCKED)):
        read = decode(entry_of(event), source)
        assert {read.note, read.who, read.where, read.identity} == {gone}
        assert (read.key_id, read.ref, read.at, read.originator_id) == (
            event.key_id,
            event.ref,
            event.at,
            event.originator_id,
        )


def test_what_was_read_without_its_key_can_never_be_stored_again(world):
    for source in (lambda _: None, None):
        read = decode(entry_of(world.noted(KEY_ID)), source)
        with pytest.raises(IntegrityError, match="cannot be stored again"):
            encode(read, 2, KEY)


def test_an_event_with_nothing_private_needs_no_key_and_one_with_something_does(world):
    loose = world.Loose(originator_id=uuid4(), at=NOW, key_id=None)
    entry = entry_of(loose, None)
    assert decode(entry, keys) == decode(entry, None) == loose
    with pytest.raises(IntegrityError, match="must name the key"):
        encode(loose.model_copy(update={"note": "text"}), 1, None)
    with pytest.raises(ConflictError):
        encode(loose.model_copy(update={"note": "text", "key_id": KEY_ID}), 1, None)


@pytest.mark.parametrize("wrong", ["", "x" * 32, "AB" * 16, "ab" * 15, '"' * 32])
def test_a_key_id_that_is_none_is_refused_before_it_is_stored(world, wrong):
    with pytest.raises(IntegrityError):
        encode(world.noted(wrong), 1, KEY)


@pytest.mark.parametrize(
    "at",
    [NOW + timedelta(microseconds=1), NOW.replace(tzinfo=None), NOW.astimezone(timezone(timedelta(hours=1)))],
    ids=["finer than a millisecond", "no zone", "another zone"],
)
def test_a_time_that_would_not_come_back_as_it_went_in_is_refused(world, at):
    with pytest.raises(IntegrityError):
        encode(world.opened(at=at), 1, None)


def test_times_are_written_with_three_digits_and_a_z():
    assert rfc3339(NOW.replace(microsecond=0)) == "2026-03-02T08:00:00.000Z"


def broken(entry, source=keys):
    with pytest.raises(IntegrityError) as caught:
        decode(entry, source)
    return caught.value


def test_any_flipped_bit_of_a_sealed_state_is_refused(world):
    entry = entry_of(world.noted(KEY_ID))
    start = entry.state.index(b"at")  # before it stands the key id: another id is another (or no) key
    for at in range(start, len(entry.state)):
        state = bytearray(entry.state)
        state[at] ^= 1
        assert broken(entry._replace(state=bytes(state))).index == 4


def test_every_truncation_of_a_state_is_refused(world):
    for event in (world.noted(KEY_ID), world.opened()):
        entry = entry_of(event)
        for length in range(len(entry.state)):
            broken(entry._replace(state=entry.state[:length]))


def test_a_box_is_bound_to_its_stream_version_topic_and_line(world):
    event = world.noted(KEY_ID)
    entry, other = entry_of(event), entry_of(world.noted(KEY_ID))
    moved = entry.public + b"\n" + other.state.partition(b"\n")[2]
    for wrong in (
        entry._replace(originator=uuid4().hex),
        entry._replace(version=2),
        entry._replace(state=moved),
        entry._replace(state=entry.state.replace(event.ref.hex[:8].encode(), b"00000000", 1)),
    ):
        broken(wrong)


def test_a_public_line_cannot_smuggle_a_private_value_in(world):
    entry = entry_of(world.noted(KEY_ID))
    smuggled = entry.public[:-1] + b',"note":"forged"}\n' + entry.state.partition(b"\n")[2]
    broken(entry._replace(state=smuggled))
    for source in (lambda _: None, None):
        broken(entry._replace(state=smuggled), source)


def test_an_unkeyed_event_cannot_be_given_a_value_or_a_box(world):
    loose = entry_of(world.Loose(originator_id=uuid4(), at=NOW, key_id=None), None)
    broken(loose._replace(state=loose.state + b"\nbox"))
    broken(loose._replace(state=loose.state.replace(b'"at"', b'"note":"x","at"')[:-1] + b',"extra":1}'))


def test_a_nested_text_that_looks_like_a_key_id_is_not_taken_for_one(world):
    fake = world.opened(code='{"key_id":"' + "f" * 32 + '",')
    assert key_id_of(entry_of(fake, None)) is None


def test_an_unknown_topic_stops_the_reading_and_imports_nothing(world):
    entry = entry_of(world.opened(), None)._replace(topic="json.tool:main")
    with pytest.raises(IntegrityError, match="does not know"):
        decode(entry, None)


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_whatever_fails_to_read_fails_with_our_own_error(kinds, junk):
    for topic in ("test/opened/1", "test/noted/1", "test/loose/1"):
        for source in (keys, None):
            try:
                decode(Entry(0, "00" * 16, 1, topic, junk), source)
            except ExchangeError:
                continue
            pytest.fail("junk was read as an event")


def test_deeply_nested_json_is_refused_like_any_other(world):
    entry = entry_of(world.opened(), None)
    broken(entry._replace(state=b'{"at":' + b"[" * 10_000 + b"]" * 10_000 + b"}"))


# One stored sample of every event version: what these bytes mean never changes. A new version adds a line.
SAMPLES = Path(__file__).parents[2] / "vectors" / "events.json"


def samples():
    return json.loads(SAMPLES.read_text("utf-8")) if SAMPLES.exists() else []


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample["topic"])
def test_a_stored_sample_of_every_version_reads_as_it_always_did(sample):
    entry = Entry(0, sample["originator"], sample["version"], sample["topic"], bytes.fromhex(sample["state"]))
    event = decode(entry, lambda _: bytes.fromhex(sample["key"]))
    assert json.loads(event.model_dump_json()) == sample["event"]


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample["topic"])
def test_what_is_stored_is_what_the_models_own_serialiser_writes(sample):
    entry = Entry(0, sample["originator"], sample["version"], sample["topic"], bytes.fromhex(sample["state"]))
    event = decode(entry, lambda _: bytes.fromhex(sample["key"]))
    line = encode(event, sample["version"], bytes.fromhex(sample["key"])).partition(b"\n")[0]
    rest = event.__pydantic_serializer__.to_json(event, exclude={"originator_id", "at", "key_id", *event.private})
    assert line == entry.public
    assert line.endswith(rest[1:])


def test_there_is_a_sample_of_every_event_version():
    real = {topic for topic, cls in EVENTS.items() if cls.__module__.startswith(e.__name__)}
    assert {sample["topic"] for sample in samples()} == real, "run python tests/vectors/make_event_samples.py"


def test_originator_ids_are_columns_not_part_of_the_line(world):
    event = world.opened(originator_id=UUID(int=7))
    assert event.originator_id.hex.encode() not in entry_of(event, None).state
