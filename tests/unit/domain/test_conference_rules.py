"""The case conference by the promises it keeps, and one property over every order in which anybody may say anything."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.domain import conference as c
from exchange.domain import events as e
from exchange.domain.event import Event
from exchange.domain.proposal import Finding
from exchange.errors import ConflictError, NotFoundError

AT = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
CONFERENCE, CASE, ITEM, OFFER, RELEASE, AGREEMENT, ACT = (UUID(int=n) for n in range(1, 8))
CHAIR, OWNER, READER, OUTSIDER = "gemeente", "actium", "welzijn", "politie"
PARTNERS = (CHAIR, OWNER, READER, OUTSIDER)
SEALED = {"key_id": "0" * 32, "retention": "r09", "by": None}
REFUSED = c.NO_RELEASE


def fact(cls: type[Event], **fields: Any) -> Event:
    return cls(**{"originator_id": CONFERENCE, "at": AT, "conference": CONFERENCE, **fields})


def planned(**changes: Any) -> Event:
    seats = tuple(e.Attendee(partner=p, role="DEELNEMER", secrecy="s") for p in PARTNERS)
    lawful = {"chair": CHAIR, "date": "2026-03-12", "version": 1, "chairperson": UUID(int=9), "minutes_taker": None,
              "partners": PARTNERS, "participants": seats, **SEALED}  # fmt: skip
    return fact(e.ConferencePlanned, **{**lawful, **changes})


def agenda(item: UUID = ITEM, partners: tuple[str, ...] = (CHAIR, OWNER, READER)) -> Event:
    return fact(e.AgendaItemSet, **SEALED, item=item, case=CASE, partners=partners, subjects=[])


def offered(offer: UUID = OFFER, **changes: Any) -> Event:
    lawful = {
        "item": ITEM, "case": CASE, "offer": offer, "owner": OWNER, "category": "OVERLAST", "purpose": "P0",
        "recipients": (READER,), "commitment": "", "answers": None, "automatic": False, "field": "f", "why": "w",
        "subject": "", "content": "", "salt": "",
    }  # fmt: skip
    return fact(e.ItemOffered, **SEALED, **{**lawful, **changes})


def decided(decision: str, offer: UUID = OFFER, **changes: Any) -> Event:
    release = decision == "release"
    lawful = {"offer": offer, "decision": decision, "release": RELEASE if release else None,
              "signatures": {READER: "s"} if release else {}, "wants_content": False, "question": ""}  # fmt: skip
    return fact(e.OfferDecided, **SEALED, **{**lawful, **changes})


def reviewed() -> Event:
    return fact(e.MinimisationReviewed, on="2026-03-12", by=None)


def about(cls: type[Event], offer: UUID = OFFER, **fields: Any) -> Event:
    return fact(cls, offer=offer, by=None, **fields)


def agreed(**changes: Any) -> Event:
    lawful = {"item": ITEM, "case": CASE, "agreement": AGREEMENT, "owner": READER, "due": "2026-03-20", "action": "a",
              "third_party": ""}  # fmt: skip
    return fact(e.AgreementMade, **SEALED, **{**lawful, **changes})


SAYERS: dict[type[Event], str] = {
    e.ItemOffered: OWNER, e.OfferWithdrawn: OWNER, e.OfferHeldBack: OWNER, e.OfferFulfilled: OWNER, e.AgreementDone: READER,
}  # fmt: skip


def after(*facts: Event) -> c.Conference | None:
    """The conference after facts said by whoever may say them; each has to be lawful."""
    state: c.Conference | None = None
    for one in facts:
        made = c.decide(state, one, said_by=SAYERS.get(type(one), CHAIR))
        assert not isinstance(made, Finding), one
        for event in made:
            state = c.evolve(state, event)
    return state


START = (planned(), agenda(), offered())


@pytest.mark.parametrize(
    ("before", "said", "by"),
    [
        ((), planned(chairperson=None), CHAIR),
        ((), planned(), OWNER),
        (START, planned(version=2, chair=OWNER), OWNER),
        ((planned(partners=()),), agenda(), CHAIR),
        ((planned(),), agenda(partners=()), CHAIR),
        ((planned(),), agenda(), OWNER),
        ((planned(), agenda()), offered(), READER),
        ((planned(), agenda()), offered(owner=OUTSIDER), OUTSIDER),
        ((planned(), agenda()), offered(recipients=(OUTSIDER,)), OWNER),
        ((planned(), agenda()), offered(recipients=(OWNER,)), OWNER),
        ((planned(), agenda()), offered(recipients=()), OWNER),
        ((planned(), agenda()), offered(case=UUID(int=77)), OWNER),
        (START, reviewed(), OWNER),
        (START, decided("release"), CHAIR),
        ((*START, reviewed()), decided("release"), OWNER),
        ((*START, reviewed()), decided("release", release=None), CHAIR),
        ((*START, reviewed()), decided("release", signatures={}), CHAIR),
        ((*START, reviewed()), decided("release", signatures={READER: "s", OUTSIDER: "s"}), CHAIR),
        ((*START, reviewed()), decided("strike", release=RELEASE), CHAIR),
        ((*START, reviewed()), decided("ask", signatures={READER: "s"}), CHAIR),
        (START, about(e.OfferWithdrawn), CHAIR),
        (START, about(e.OfferFulfilled, act=ACT), OWNER),
        ((*START, decided("strike")), about(e.OfferFulfilled, act=ACT), OWNER),
        ((*START, decided("strike")), about(e.OfferHeldBack, codes=("R15",)), OWNER),
        ((*START, reviewed(), decided("release")), about(e.OfferFulfilled, act=ACT), CHAIR),
        (START, agreed(), OWNER),
        (START, agreed(owner=OUTSIDER), CHAIR),
        (START, agreed(case=UUID(int=77)), CHAIR),
        (START, fact(e.DecisionMade, **SEALED, item=ITEM, case=CASE, decision=ACT, text="t"), OWNER),
        (START, fact(e.DecisionMade, **SEALED, item=ITEM, case=ACT, decision=ACT, text="t"), CHAIR),
        (START, fact(e.OutcomePublished, item=ITEM, version=1, next_date=None, by=None), OWNER),
        ((*START, agreed()), fact(e.AgreementDone, agreement=AGREEMENT, by=ACT), CHAIR),
    ],
)
def test_article_11_2_says_no(before: tuple[Event, ...], said: Event, by: str) -> None:
    assert c.decide(after(*before), said, said_by=by) == REFUSED


SENT = (*START, reviewed(), decided("release"), about(e.OfferFulfilled, act=ACT))


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (START, planned()),
        (START, agenda()),
        (START, offered()),
        ((*START, decided("strike")), decided("strike")),
        ((*START, reviewed(), decided("strike")), decided("release")),
        (SENT, decided("strike")),
        (SENT, about(e.OfferFulfilled, act=ACT)),
        (SENT, about(e.OfferWithdrawn)),
        ((*START, about(e.OfferWithdrawn)), about(e.OfferWithdrawn)),
        ((*START, decided("strike")), about(e.OfferWithdrawn)),
        ((*START, agreed()), agreed()),
        ((*START, agreed(), fact(e.AgreementDone, agreement=AGREEMENT, by=ACT)),
         fact(e.AgreementDone, agreement=AGREEMENT, by=ACT)),
        ((*START, fact(e.OutcomePublished, item=ITEM, version=2, next_date=None, by=None)),
         fact(e.OutcomePublished, item=ITEM, version=2, next_date=None, by=None)),
    ],
)  # fmt: skip
def test_what_was_said_before_or_comes_too_late_is_a_conflict(before: tuple[Event, ...], said: Event) -> None:
    with pytest.raises(ConflictError):
        c.decide(after(*before), said, said_by=SAYERS.get(type(said), CHAIR))


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ((), agenda()),
        ((planned(),), offered()),
        ((planned(),), agreed()),
        ((planned(),), fact(e.OutcomePublished, item=ITEM, version=1, next_date=None, by=None)),
        ((planned(), agenda()), decided("strike")),
        (START, fact(e.AgreementDone, agreement=AGREEMENT, by=ACT)),
        (START, e.KeysRolled(originator_id=ACT, at=AT, by=None, reason="operator", kids=())),
    ],
)  # fmt: skip
def test_what_speaks_of_something_unknown_is_not_found(before: tuple[Event, ...], said: Event) -> None:
    with pytest.raises(NotFoundError):
        c.decide(after(*before), said, said_by=SAYERS.get(type(said), CHAIR))


def test_an_item_that_was_asked_about_or_held_back_can_still_go_after_its_release() -> None:
    held = about(e.OfferHeldBack, codes=("R15",))
    state = after(*START, decided("ask"), reviewed(), decided("release"), held)
    assert state is not None
    assert (state.offer(OFFER).status, state.offer(OFFER).codes) == (c.Status.HELD, ("R15",))
    sent = after(*START, decided("ask"), reviewed(), decided("release"), held, about(e.OfferFulfilled, act=ACT))
    assert sent is not None
    assert (sent.offer(OFFER).status, sent.offer(OFFER).act, sent.offer(OFFER).codes) == (c.Status.SENT, ACT, ())


def test_a_newer_plan_adds_participants_and_keeps_what_happened() -> None:
    state = after(*START, planned(version=3, partners=("ggd",)))
    assert state is not None
    assert (state.version, "ggd" in state.participants, OWNER in state.participants) == (3, True, True)
    assert set(state.offers) == {OFFER}


OFFERS = [UUID(int=n) for n in (40, 41, 42)]
ANYTHING = st.one_of(
    st.just(reviewed()),
    st.builds(offered, st.sampled_from(OFFERS), owner=st.sampled_from(PARTNERS),
              recipients=st.lists(st.sampled_from(PARTNERS), max_size=2, unique=True).map(tuple)),
    st.builds(decided, st.sampled_from(["release", "strike", "ask"]), st.sampled_from(OFFERS),
              signatures=st.sampled_from([{}, {READER: "s"}, {READER: "s", CHAIR: "s"}, {OUTSIDER: "s"}])),
    st.builds(about, st.just(e.OfferWithdrawn), st.sampled_from(OFFERS)),
    st.builds(about, st.just(e.OfferHeldBack), st.sampled_from(OFFERS), codes=st.just(("R15",))),
    st.builds(about, st.just(e.OfferFulfilled), st.sampled_from(OFFERS), act=st.just(ACT)),
)  # fmt: skip


FINAL = {c.Status.STRUCK, c.Status.SENT, c.Status.WITHDRAWN}


def said_in_turn(said: list[tuple[Event, str]]) -> list[tuple[Event, str]]:
    """What of it became true, by whom; on the way, what is final stays final."""
    state, history = after(planned(), agenda()), []
    for one, by in said:
        try:
            made = c.decide(state, one, said_by=by)
        except (ConflictError, NotFoundError):
            continue
        for event in () if isinstance(made, Finding) else made:
            before = dict(state.offers) if state else {}
            state = c.evolve(state, event)
            assert state is not None
            assert [k for k, was in before.items() if was.status in FINAL and state.offers[k] != was] == []
            history.append((event, by))
    return history


@given(st.lists(st.tuples(ANYTHING, st.sampled_from(PARTNERS)), max_size=40))
def test_whatever_anybody_says_nothing_goes_that_the_chair_did_not_release_and_what_is_struck_stays_struck(
    said: list[tuple[Event, str]],
) -> None:
    history = said_in_turn(said)
    facts = [event for event, _ in history]
    decisions = [(n, event, by) for n, (event, by) in enumerate(history) if isinstance(event, e.OfferDecided)]
    assert {by for _, _, by in decisions} <= {CHAIR}
    releases = [(n, event) for n, event, _ in decisions if event.decision == "release"]
    reviews = [n for n, event in enumerate(facts) if isinstance(event, e.MinimisationReviewed)]
    assert all(reviews and reviews[0] < n for n, _ in releases)
    sent = [(n, event.offer) for n, event in enumerate(facts) if isinstance(event, e.OfferFulfilled)]
    assert all(any(event.offer == offer and at < n for at, event in releases) for n, offer in sent)
    assert len({offer for _, offer in sent}) == len(sent)
    state = c.fold([planned(), agenda(), *facts])
    assert state is not None
    assert all(o.recipients and o.recipients <= state.scope(ITEM) - {o.owner} for o in state.offers.values())


def test_a_conference_that_was_planned_in_the_open_before_goes_on_as_it_was() -> None:
    """Logs of before hold what was typed in the public line (``conference/planned/1``)."""
    seats = tuple(e.Attendee(partner=p, role="DEELNEMER", secrecy="s") for p in PARTNERS)
    before = fact(e.ConferencePlannedOpenly, chair=CHAIR, date="2026-03-12", version=1, chairperson=UUID(int=9),
                  minutes_taker=None, participants=seats, by=None)  # fmt: skip
    assert c.fold([before]) == c.fold([planned()])
    assert c.decide(c.fold([before]), agenda(), said_by=CHAIR) == (agenda(),)
    assert c.decide(c.fold([before]), planned(version=2), said_by=CHAIR) == (planned(version=2),)
