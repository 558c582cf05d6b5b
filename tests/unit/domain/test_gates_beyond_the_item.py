"""The gates that look past one item: area before person, chair, register, training, third parties, terms; and acute danger."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.domain.covenant import Covenant
from exchange.domain.duties import DUTIES, TERM, Duty, Good, fulfil, overdue
from exchange.domain.gates import (
    Emergency,
    ItemFacts,
    Notice,
    NoticeException,
    Outcome,
    Outside,
    Proposal,
    judge,
)
from exchange.domain.refusals import CATALOGUE, code_of_frame
from exchange.domain.retention import Period
from exchange.domain.vocabulary import Kind, Side
from exchange.errors import ConflictError

Propose = Callable[..., Proposal]
BOTH = pytest.mark.parametrize("side", list(Side))
DANGER = Emergency(danger="Gaskraan staat open, bewoner reageert niet.", interest_of="SUBJECT")


def item(category: str = "OVERLAST", field: str = "aard-overlast", **more: Any) -> ItemFacts:
    return ItemFacts(category=category, field=field, **more)


def under(covenant: Covenant, **settings: Any) -> Covenant:
    return covenant.model_copy(update={"settings": covenant.settings.model_copy(update=settings)})


# ------------------------------------------------------------------------------------------------ R01


def signal(propose: Propose, kind: str | None, *items: ItemFacts) -> Proposal:
    return propose(kind=Kind.SIGNAL, signal_kind=kind, items=items, notice=None, weighing=None)


@BOTH
def test_what_can_be_said_of_a_street_is_not_said_of_a_person(
    de_wolden: Covenant, propose: Propose, side: Side
) -> None:
    name = item("IDENTIFICATIE", "naam", identifies=True)
    street = signal(propose, "VERVUILING", name, item(), item("LEEFBAARHEID", "omschrijving"))
    assert judge(de_wolden, street, side=side).codes == ("R01",)
    home = signal(propose, "VERVUILING", name, item(), item("HUISVESTING", "staat-woning"))
    assert judge(de_wolden, home, side=side).allowed
    worried = signal(propose, "EENZAAMHEID", name, item())
    assert judge(de_wolden, worried, side=side).allowed
    area = dataclasses.replace(street, about_person=False)
    assert "R01" not in judge(de_wolden, area, side=side).codes


# ------------------------------------------------------------------------------------------------ R08, R10


@BOTH
def test_a_third_party_gets_what_the_conference_agreed_and_a_stranger_nothing(
    de_wolden: Covenant, propose: Propose, side: Side
) -> None:
    told = Notice(reference="n", recipients=frozenset({"zorgteam-fictie"}))
    lawful = propose("gemeente", "zorgteam-fictie", third_party=Outside(agreement="A-2"), notice=told)
    lawful = dataclasses.replace(lawful, recipient_basis="", recipient_task="")
    assert judge(de_wolden, lawful, side=side).allowed
    allocated = dataclasses.replace(lawful, third_party=Outside(allocation="T-1"))
    assert judge(de_wolden, allocated, side=side).allowed
    assert judge(de_wolden, dataclasses.replace(lawful, third_party=Outside()), side=side).codes == ("R10",)
    assert "R08" in judge(de_wolden, dataclasses.replace(lawful, third_party=None), side=side).codes
    assert judge(de_wolden, dataclasses.replace(lawful, sender_task="x"), side=side).codes == ("R07",)
    assert judge(de_wolden, dataclasses.replace(lawful, sender_basis="CONVENANT"), side=side).codes == ("R11",)


@BOTH
def test_what_anyone_may_have_is_not_thereby_a_third_partys(de_wolden: Covenant, propose: Propose, side: Side) -> None:
    told = Notice(reference="n", recipients=frozenset({"zorgteam-fictie"}))
    lively = propose(
        "gemeente", "zorgteam-fictie", third_party=Outside(agreement="A-2"), notice=told,
        items=(item("LEEFBAARHEID", "omschrijving"), item("GEZONDHEID", "situatie"), item("STRAFRECHTELIJK", "aard-incidenten")),
    )  # fmt: skip
    verdict = judge(de_wolden, lively, side=side)
    assert [sorted(f.code for f in verdict.of_item(n)) for n in range(3)] == [["R17"], ["R05"], ["R06"]]


def test_calling_a_partner_a_third_party_opens_nothing(de_wolden: Covenant, propose: Propose) -> None:
    health = (item("GEZONDHEID", "situatie"),)
    for outside in (None, Outside(agreement="A-2")):
        proposal = propose("welzijn", "actium", items=health, third_party=outside, recipient_task="")
        assert judge(de_wolden, proposal, side=Side.SENDING).codes == ("R05", "R07")


# ------------------------------------------------------------------------------------------------ R12, R13, R26, R19


@BOTH
def test_in_a_conference_only_what_the_chair_released(de_wolden: Covenant, propose: Propose, side: Side) -> None:
    meeting, release = UUID(int=1), UUID(int=2)
    released = propose(conference=meeting, chair_release=release, release_known=True)
    assert judge(de_wolden, released, side=side).allowed
    for claimed in (
        propose(conference=meeting, chair_release=release),  # named, and not the chair's
        propose(conference=meeting, release_known=True),
        propose(chair_release=release, release_known=True),
        propose(conference=meeting),
        propose(chair_release=release),
    ):
        assert judge(de_wolden, claimed, side=side).codes == ("R12",)
    assert judge(de_wolden, propose(), side=side).allowed


def test_unregistered_processing_is_refused_where_the_covenant_asks_for_the_register(
    de_wolden: Covenant, propose: Propose
) -> None:
    strict = under(de_wolden, register_before=("disclosure",))
    assert judge(strict, propose(), side=Side.SENDING).allowed
    assert judge(strict, propose(registered=False), side=Side.SENDING).codes == ("R13",)
    assert judge(strict, propose(registered=False), side=Side.RECEIVING).allowed, "the sender's register is its own"
    assert judge(de_wolden, propose(registered=False), side=Side.SENDING).allowed


@pytest.mark.parametrize(
    ("trained", "on", "lapsed"),
    [
        (date(2025, 3, 2), date(2026, 3, 2), False),
        (date(2025, 3, 1), date(2026, 3, 2), True),
        (date(2024, 2, 29), date(2025, 2, 28), False),
        (date(2024, 2, 29), date(2025, 3, 1), True),
        (None, date(2026, 3, 2), True),
    ],
)
def test_a_training_counts_a_year_also_from_a_leap_day(
    de_wolden: Covenant, propose: Propose, trained: date | None, on: date, *, lapsed: bool
) -> None:
    proposal = propose(trained_on=trained, on=on)
    warned = judge(de_wolden, proposal, side=Side.SENDING)
    assert warned.allowed
    assert ("R26" in {w.code for w in warned.warnings}) == lapsed
    strict = under(de_wolden, training_lapsed="refuse")
    assert judge(strict, proposal, side=Side.SENDING).codes == (("R26",) if lapsed else ())
    assert judge(strict, proposal, side=Side.RECEIVING).allowed, "only the sender knows who decided"
    silent = under(strict, training_term=None)
    assert judge(silent, proposal, side=Side.SENDING).allowed


@BOTH
@pytest.mark.parametrize(
    ("since", "codes"),
    [
        (None, ()),
        (date(2025, 3, 2), ()),
        (date(2025, 3, 1), ("R19",)),
        (date(2021, 3, 2), ("R19",)),
        (date(2020, 1, 1), ("R19",)),
    ],
)
def test_police_data_past_their_phase_of_free_use_stay_where_they_are(
    de_wolden: Covenant, propose: Propose, side: Side, since: date | None, codes: tuple[str, ...]
) -> None:
    back = propose("politie", "actium", items=(item(since=since),))
    verdict = judge(de_wolden, back, side=side)
    assert tuple(c for c in verdict.codes if c != "R28") == codes
    own = propose("actium", "welzijn", items=(item(since=since),))
    assert judge(de_wolden, own, side=side).allowed, "the phases are those of the Wpg"


def test_what_was_removed_or_is_no_longer_true_is_not_given(de_wolden: Covenant, propose: Propose) -> None:
    gone = propose(items=(item(gone=True), item()))
    verdict = judge(de_wolden, gone, side=Side.SENDING)
    assert [(f.code, f.item) for f in verdict.findings] == [("R19", 0)]
    assert judge(de_wolden, gone, side=Side.RECEIVING).allowed, "a receiver cannot see what the giver removed"
    for last, codes in ((date(2026, 3, 2), ()), (date(2026, 3, 1), ("R19",))):
        for side in Side:
            assert judge(de_wolden, propose(items=(item(valid_until=last),)), side=side).codes == codes


def test_a_notice_of_tomorrow_is_not_beforehand(de_wolden: Covenant, propose: Propose) -> None:
    for day, codes in ((date(2026, 3, 2), ()), (date(2026, 3, 3), ("R14",))):
        told = Notice(reference="n", recipients=frozenset({"welzijn"}), given_on=day)
        assert judge(de_wolden, propose(notice=told), side=Side.RECEIVING).codes == codes


# ------------------------------------------------------------------------------------------------ acute danger


def acute(propose: Propose, *route: str, **changes: Any) -> Proposal:
    facts: dict[str, Any] = {"sender_basis": "A6_1_d", "recipient_basis": "A6_1_d", "emergency": DANGER}
    return propose(*route, **{**facts, **changes})


@BOTH
def test_in_acute_danger_what_is_missing_is_owed_and_does_not_stop_it(
    de_wolden: Covenant, propose: Propose, side: Side
) -> None:
    strict = under(de_wolden, training_lapsed="refuse", register_before=("disclosure",))
    bare: dict[str, Any] = {
        "notice": None, "weighing": None, "trained_on": None, "registered": False, "conference": "c-1",
    }  # fmt: skip
    refused = judge(strict, propose(**bare), side=side)
    verdict = judge(strict, acute(propose, **bare), side=side)
    assert refused.outcome is Outcome.REFUSE
    assert verdict.outcome is Outcome.ALLOW_WITH_DUTIES
    assert not verdict.of_item(0)
    assert verdict.owed == refused.codes
    own = {"R13", "R26"} if side is Side.SENDING else set()
    assert set(verdict.owed) == {"R12", "R14", "R33"} | own


def test_what_the_chair_struck_stays_even_in_acute_danger_and_what_no_chair_looked_at_goes(
    de_wolden: Covenant, propose: Propose
) -> None:
    struck, unseen = item(struck="datum"), item()
    for changes in ({"conference": "c-1"}, {}):
        for urgent in (acute(propose, items=(unseen, struck), **changes), propose(items=(unseen, struck), **changes)):
            verdict = judge(de_wolden, urgent, side=Side.SENDING)
            assert verdict.outcome is Outcome.REFUSE
            assert "R12" in {finding.code for finding in verdict.of_item(1)}
    missing = judge(de_wolden, acute(propose, items=(unseen,), conference="c-1"), side=Side.SENDING)
    assert (missing.outcome, missing.owed) == (Outcome.ALLOW_WITH_DUTIES, ("R12",))
    other = propose(items=(item(struck="field"),))
    refused = judge(de_wolden, other, side=Side.SENDING)
    assert {finding.code for finding in refused.findings} == {"R12"}
    assert "geschrapt" in refused.findings[0].sentence()
    owed = judge(de_wolden, acute(propose, items=other.items), side=Side.SENDING)  # the chair said no of other words
    assert (owed.outcome, owed.owed) == (Outcome.ALLOW_WITH_DUTIES, ("R12",))
    again = propose(items=(struck,), conference="c-1", chair_release="r-1", release_known=True)
    assert judge(de_wolden, again, side=Side.SENDING).allowed  # offered anew, and released after all


@BOTH
def test_an_exception_that_lapsed_is_owed_as_well(de_wolden: Covenant, propose: Propose, side: Side) -> None:
    late = NoticeException(ground="UAVG_41_1_i", recipients=frozenset({"welzijn"}), review_on=date(2026, 3, 1))
    verdict = judge(de_wolden, acute(propose, notice=None, notice_exception=late), side=side)
    assert (verdict.outcome, verdict.owed) == (Outcome.ALLOW_WITH_DUTIES, ("R15",))


@BOTH
@pytest.mark.parametrize(
    "flaw",
    [
        {"emergency": Emergency(danger="  ", interest_of="SUBJECT")},
        {"emergency": Emergency(danger="brand", interest_of="")},
        {"sender_basis": "A6_1_f"},
    ],
)
def test_a_danger_that_is_not_named_opens_nothing(
    de_wolden: Covenant, propose: Propose, side: Side, flaw: dict[str, Any]
) -> None:
    verdict = judge(de_wolden, acute(propose, notice=None, **flaw), side=side)
    assert verdict.codes == ("R14", "R35")
    assert verdict.duties == ()


@BOTH
@pytest.mark.parametrize(
    ("route", "changes", "code"),
    [
        (("actium", "welzijn"), {"text": "bsn 999993653"}, "R02"),
        (("actium", "welzijn"), {"emergency": Emergency(danger="bsn 999993653", interest_of="SUBJECT")}, "R02"),
        (("welzijn", "actium"), {"items": (item("GEZONDHEID", "situatie"),)}, "R05"),
        (("actium", "welzijn"), {"items": (item("STRAFRECHTELIJK", "aard-incidenten"),)}, "R06"),
        (("actium", "welzijn"), {"items": (item("BSN", "bsn"),)}, "R02"),
        (("actium", "elders"), {}, "R08"),
        (("politie", "actium"), {}, "R28"),
        (("actium", "welzijn"), {"items": (item(origin_partner="politie"),)}, "R29"),
        (("actium", "welzijn"), {"items": (item(field="schoenmaat"),)}, "R17"),
        (("actium", "welzijn"), {"purpose": "P1_INZICHT"}, "R09"),
        (
            ("welzijn", "gemeente"),
            {"items": (item("RAS", "omstandigheid"),), "special_exception": "UAVG_22_2_b"},
            "R05",
        ),
    ],
)
def test_danger_never_opens_what_the_law_closes(
    de_wolden: Covenant, propose: Propose, side: Side, route: tuple[str, str], changes: dict[str, Any], code: str
) -> None:
    verdict = judge(de_wolden, acute(propose, *route, notice=None, **changes), side=side)
    assert code in verdict.codes
    assert not set(verdict.codes) & set(DUTIES)


@BOTH
def test_the_vital_interest_lifts_the_ban_on_special_and_criminal_data_when_it_is_cited(
    de_wolden: Covenant, propose: Propose, side: Side
) -> None:
    health = (item("GEZONDHEID", "situatie"),)
    assert judge(
        de_wolden, acute(propose, "welzijn", "politie", items=health, special_exception="UAVG_22_2_b"), side=side
    ).allowed
    record = (item("STRAFRECHTELIJK", "aard-incidenten"),)
    cited = acute(propose, "actium", "welzijn", items=record, criminal_ground="UAVG_32_b")
    assert judge(de_wolden, cited, side=side).allowed
    calm = dataclasses.replace(cited, emergency=None, sender_basis="A6_1_b")
    assert judge(de_wolden, calm, side=side).codes == ("R06",), "outside danger the covenant's own grounds hold"


@BOTH
def test_a_landlord_tells_the_police_that_a_tenant_is_in_mortal_danger_of_himself(
    de_wolden: Covenant, propose: Propose, side: Side
) -> None:
    health = (item("GEZONDHEID", "situatie", text="zegt niet verder te willen leven"),)
    told = acute(propose, "actium", "politie", items=health, special_exception="UAVG_22_2_b")
    assert judge(de_wolden, told, side=side).allowed
    calm = dataclasses.replace(told, emergency=None, sender_basis="A6_1_b")
    assert "R17" in judge(de_wolden, calm, side=side).codes, "without danger a landlord speaks of no health"
    uncited = dataclasses.replace(told, special_exception="UAVG_22_2_a")
    assert "R17" in judge(de_wolden, uncited, side=side).codes
    income = dataclasses.replace(told, items=(item("WERK_INKOMEN", "inkomen"),))
    assert judge(de_wolden, income, side=side).codes == ("R17",), "the ban it lifts is that on special data"
    curious = dataclasses.replace(told, items=(item("GEZONDHEID", "medicijnen"),))
    assert judge(de_wolden, curious, side=side).codes == ("R17",), "a field that nobody needs is not needed now"


def test_without_danger_nothing_is_owed(de_wolden: Covenant, propose: Propose) -> None:
    assert judge(de_wolden, propose(), side=Side.SENDING).outcome is Outcome.ALLOW
    assert judge(de_wolden, propose(notice=None), side=Side.SENDING).outcome is Outcome.REFUSE
    assert judge(de_wolden, acute(propose), side=Side.SENDING).outcome is Outcome.ALLOW


# ------------------------------------------------------------------------------------------------ duties, frames


def test_every_deferrable_code_is_a_duty_and_nothing_else() -> None:
    assert set(DUTIES) == {code for code, entry in CATALOGUE.items() if entry.deferrable}
    assert {"R02", "R05", "R06", "R08", "R17", "R28", "R29", "R30", "R35"}.isdisjoint(DUTIES)


AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@pytest.mark.parametrize(
    ("arisen", "due"),
    [
        (datetime(2026, 3, 27, 9, 0, tzinfo=AMSTERDAM), datetime(2026, 3, 30, 10, 0, tzinfo=AMSTERDAM)),
        (datetime(2026, 10, 23, 9, 0, tzinfo=AMSTERDAM), datetime(2026, 10, 26, 8, 0, tzinfo=AMSTERDAM)),
        (datetime(2028, 2, 27, 9, 0, tzinfo=AMSTERDAM), datetime(2028, 3, 1, 9, 0, tzinfo=AMSTERDAM)),
    ],
)
def test_seventy_two_hours_are_hours_that_pass_through_every_clock_change(arisen: datetime, due: datetime) -> None:
    duty = Duty("R14", arisen.astimezone(UTC) + TERM)
    assert duty.due_at == due
    assert not overdue(duty, due)
    assert overdue(duty, due + timedelta(milliseconds=1))
    assert not overdue(dataclasses.replace(duty, late=True), due + TERM), "the alarm is raised once"


@given(code=st.sampled_from(sorted(DUTIES)), good=st.sampled_from(Good))
def test_a_duty_is_made_good_by_its_own_act_or_by_a_reason_and_only_once(code: str, good: Good) -> None:
    duty = Duty(code, datetime(2026, 3, 5, tzinfo=UTC))
    if good in {DUTIES[code].good, Good.REASON}:
        done = fulfil(duty, good)
        assert done.good is good
        assert not overdue(done, datetime(2030, 1, 1, tzinfo=UTC))
        with pytest.raises(ConflictError):
            fulfil(done, Good.REASON)
    else:
        with pytest.raises(ConflictError):
            fulfil(duty, good)


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("bad-signature", "R16"), ("part-hash", "R16"), ("part-sealed", "R16"), ("magic", "R16"), ("not-canonical", "R16"),
        ("other-covenant", "R27"), ("generation-over", "R27"), ("sender-unknown", "R08"), ("storage", None), ("clock", None),
    ],
)  # fmt: skip
def test_a_frame_that_was_never_judged_has_a_code_people_know(reason: str, code: str | None) -> None:
    assert code_of_frame(reason) == code


@given(since=st.dates(date(2000, 1, 1), date(2100, 1, 1)), age=st.sampled_from(["P1Y", "P5Y", "P6W", "P12M"]))
def test_an_age_never_ends_before_the_same_day_of_a_shorter_month(since: date, age: str) -> None:
    last = Period.parse(age).after(since)
    assert last > since
    if age == "P1Y":
        assert (last.month, last.day) in {(since.month, since.day), (2, 28)}
