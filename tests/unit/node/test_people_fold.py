"""The register as a fold: the same from any replay, forgetful about what is erased, and safe while others ask."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from exchange.domain import events as e
from exchange.domain.event import LOCKED, SHREDDED
from exchange.domain.subject import Identity, Match, match
from exchange.node.people import People

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
HANDLES = [UUID(int=n + 1) for n in range(5)]
PARTNERS = ("actium", "gemeente")


def key_of(handle: UUID) -> str:
    return f"{handle.int:032x}"


def registered(handle: UUID, name: str = "", *, gone: object = None) -> e.SubjectRegistered:
    return e.SubjectRegistered(
        originator_id=handle, at=AT, key_id=key_of(handle), by=None, unmatched=True,
        identity=gone or ({"family_name": name, "birth_date": "1964-11-05"} if name else {}), safe_contact=gone or "",
    )  # fmt: skip


def learned(handle: UUID, name: str) -> e.IdentityLearned:
    identity = {"family_name": name, "birth_date": "1964-11-05"}
    return e.IdentityLearned(originator_id=handle, at=AT, key_id=key_of(handle), identity=identity)


def matched(handle: UUID, into: UUID) -> e.SubjectMatched:
    return e.SubjectMatched(originator_id=handle, at=AT, key_id=key_of(handle), by=UUID(int=99), into=into)


def split(handle: UUID) -> e.SubjectSplit:
    return e.SubjectSplit(originator_id=handle, at=AT, key_id=key_of(handle), by=UUID(int=99))


def agreed(handle: UUID, partner: str, reference: str) -> e.ReferenceAgreed:
    return e.ReferenceAgreed(originator_id=handle, at=AT, key_id=key_of(handle), partner=partner, reference=reference)


def recorded(subject: object, mentions: object = ()) -> e.ItemRecorded:
    return e.ItemRecorded(
        originator_id=UUID(int=7), at=AT, key_id="ab" * 16, item=UUID(int=8), act=UUID(int=9), message=None, part=1,
        direction="sent", partner="actium", channel="PAPER", kind="signal", category="C", purpose="P", basis=(),
        retention="r01", content_key=None, sealed=None, case=None, by=None, subject=subject,
        mentions=list(mentions) if isinstance(mentions, list | tuple) else mentions, field="f",
    )  # fmt: skip


NONE = Match.NONE
handles = st.sampled_from(HANDLES)
names = st.sampled_from(["", "Verzonnen", "Bedacht"])
steps = st.one_of(
    st.builds(registered, handles, names),
    st.builds(matched, handles, handles),
    st.builds(split, handles),
    st.builds(agreed, handles, st.sampled_from(PARTNERS), st.sampled_from(["a" * 32, "b" * 32, "c" * 32])),
    st.builds(recorded, handles, st.lists(handles, max_size=2)),
    st.builds(recorded, st.just(SHREDDED), st.just(SHREDDED)),
    st.builds(registered, handles, gone=st.sampled_from([SHREDDED, LOCKED])),
)


def folded(events: list) -> People:
    people = People()
    for index, event in enumerate(events):
        people.evolve(index, event)
    return people


def seen(people: People) -> list:
    return [
        (h, p.identity, p.into, p.references, p.items.tolist(), p.mentioned.tolist())
        for h in HANDLES
        if (p := people.person(h)) is not None
    ]


@given(st.lists(steps, max_size=30))
def test_every_order_of_events_folds_and_every_question_ends(events):
    """Matches in a circle among them: no question may hang or fail."""
    people = folded(events)
    for handle in HANDLES:
        target = people.resolve(handle)
        same = people.same(handle)
        assert (target is None) == (same == [])
        assert target is None or target in same
        for partner in PARTNERS:
            people.reference_for(handle, partner)
    people.find(Identity(family_name="Verzonnen", birth_date="1964-11-05"))
    people.unmatched()
    assert seen(folded(events)) == seen(people)


@given(st.lists(steps, max_size=30), handles)
def test_a_forgotten_person_is_found_in_no_way(events, handle):
    people = folded([*events, registered(handle, "Verzonnen"), agreed(handle, "actium", "d" * 32)])
    people.forget([key_of(handle)])
    assert people.person(handle) is None
    assert people.resolve(handle) is None
    assert people.by_reference("actium", "d" * 32) is None
    assert people.by_any_reference("d" * 32) is None
    query = Identity(family_name="Verzonnen", birth_date="1964-11-05")
    assert handle not in {found.person.handle for found in people.find(query)}
    assert handle not in {person.handle for other in HANDLES for person in people.same(other)}


@given(st.lists(st.one_of(steps, st.builds(learned, handles, names)), max_size=30), st.sets(handles))
def test_a_search_finds_whom_a_look_at_everybody_finds(events, gone):
    """Also after people were described anew, entered twice or forgotten."""
    people = folded(events)
    people.forget([key_of(handle) for handle in gone])
    for name in ("Verzonnen", "Bedacht"):
        query = Identity(family_name=name, birth_date="1964-11-05")
        everybody = {
            h for h in HANDLES if (p := people.person(h)) and not p.into and match(query, p.identity) is not NONE
        }
        assert {found.person.handle for found in people.find(query)} == everybody


@given(st.lists(steps, max_size=20))
def test_what_is_shredded_folds_as_if_it_had_never_been(events):
    people = folded(events)
    gone = [registered(UUID(int=50), gone=SHREDDED), agreed(UUID(int=50), "actium", "e" * 32)]
    assert seen(folded([*events, *gone])) == seen(people)
    assert people.person(UUID(int=50)) is None


def learned(handle: UUID, key: str, gone: object = None, **identity: str) -> e.IdentityLearned:
    return e.IdentityLearned(originator_id=handle, at=AT, key_id=key * 16, identity=gone or identity)


NAME = {"given_names": "Jelle", "family_name": "Verzonnen"}


def test_what_messages_told_is_known_as_long_as_one_of_them_is_kept():
    (one, *_), born = HANDLES, {"birth_date": "1964-11-05"}
    told = [
        registered(one),
        learned(one, "aa", **NAME, **born),
        learned(one, "bb", **NAME, postcode="7921AB", house_number="12"),
    ]
    people = folded(told)
    assert (people.person(one).identity.attributes, str(people.person(one).identity.birth_date)) == (3, "1964-11-05")
    people.forget(["aa" * 16])
    assert people.person(one).identity == Identity(**NAME, postcode="7921AB", house_number="12")
    assert seen(people) == seen(folded([told[0], learned(one, "aa", SHREDDED), told[2]]))  # as after a restart
    people.forget(["bb" * 16])
    assert people.person(one).identity == Identity()
    assert people.find(Identity(**NAME, **born)) == []


def test_what_is_decided_to_go_is_forgotten_before_its_key_is_destroyed():
    one, two = HANDLES[:2]
    going = ("aa" * 16, key_of(two))
    decided = e.ErasureDecided(originator_id=UUID(int=70), at=AT, rule="r", items=(), key_ids=going, sealed=(), by=None,
                               clock="trusted")  # fmt: skip
    people = folded([registered(one), learned(one, "aa", **NAME), registered(two, "Verzonnen"), decided])
    assert people.person(one).identity == Identity()
    assert people.person(two) is None


def test_an_item_whose_record_went_is_about_nobody_any_more():
    one, two = HANDLES[:2]
    people = folded([registered(one), registered(two), recorded(one, [two]), recorded(one)])
    people.forget([], items=[2])
    assert seen(people) == seen(folded([registered(one), registered(two), recorded(SHREDDED, SHREDDED), recorded(one)]))


def test_a_match_and_its_undoing_leave_no_trace_in_the_answers():
    one, two = HANDLES[:2]
    people = folded([registered(one, "Verzonnen"), registered(two, "Verzonnen"), recorded(one), recorded(two)])
    people.evolve(4, matched(two, one))
    assert people.resolve(two) is people.person(one)
    assert {p.handle for p in people.same(one)} == {one, two}
    query = Identity(family_name="Verzonnen", birth_date="1964-11-05")
    assert [f.person.handle for f in people.find(query)] == [one]
    people.evolve(5, split(two))
    assert {p.handle for p in people.same(one)} == {one}
    assert {f.person.handle for f in people.find(query) if f.match is Match.EXACT} == {one, two}


def test_a_partner_cannot_take_another_partners_reference():
    people = folded([registered(HANDLES[0], "Verzonnen"), agreed(HANDLES[0], "actium", "f" * 32)])
    assert people.by_reference("gemeente", "f" * 32) is None


def test_the_register_answers_while_the_writer_fills_it():
    """The event loop evolves it, a long reading asks in its own thread: a dictionary that grows under a walk raises in Python."""
    people, stop, failures = People(), threading.Event(), []

    def ask() -> None:
        query = Identity(family_name="Verzonnen", birth_date="1964-11-05")
        while not stop.is_set():
            try:
                people.find(query)
                people.unmatched()
                people.same(UUID(int=1001))
                people.by_any_reference("nobody")
            except RuntimeError as error:
                failures.append(error)
                return

    asking = [threading.Thread(target=ask) for _ in range(2)]
    for thread in asking:
        thread.start()
    for number in range(1000):
        handle = UUID(int=1000 + number)
        people.evolve(number, registered(handle, "Verzonnen" if number % 200 == 0 else ""))
        people.evolve(number, agreed(handle, "actium", f"{number:032x}"))
        if number % 3 == 0:
            people.forget([key_of(handle)])
    stop.set()
    for thread in asking:
        thread.join()
    assert failures == []
