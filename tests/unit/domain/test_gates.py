"""Every gate, by the promise it keeps; the scenarios of the domain reference (h); and one property over all of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.domain.covenant import Condition, Covenant
from exchange.domain.gates import (
    Emergency,
    ItemFacts,
    Notice,
    NoticeException,
    Proposal,
    Secrecy,
    Weighing,
    WpgDecision,
    judge,
)
from exchange.domain.proposal import Outside
from exchange.domain.scene import FULL_GATES, ITEM_GATES, MESSAGE_GATES
from exchange.domain.vocabulary import (
    CRIMINAL_GROUNDS,
    LEGAL_BASES,
    SPECIAL_EXCEPTIONS,
    THIRD_PARTY,
    Kind,
    Mark,
    Regime,
    SecrecyGround,
    SecrecyRegime,
    Side,
)

Propose = Callable[..., Proposal]
BOTH = pytest.mark.parametrize("side", list(Side))


def item(category: str, field: str, text: str = "", **more: Any) -> ItemFacts:
    return ItemFacts(category=category, field=field, text=text, **more)


def decision(**changes: Any) -> WpgDecision:
    lawful: dict[str, Any] = {
        "reference": "besluit-2026-3",
        "ground": "WPG_19",
        "goal": "b",
        "interest": "openbare orde in de straat",
        "recipients": frozenset({"actium"}),
        "categories": frozenset({"OVERLAST", "STRAFRECHTELIJK"}),
        "fields": frozenset({"aantal-meldingen", "data-meldingen", "aard-overlast", "aantal-incidenten"}),
        "authority_agreed": True,
        "valid_until": date(2026, 6, 1),
    }
    return WpgDecision(**{**lawful, **changes})


@BOTH
def test_a_lawful_disclosure_passes_on_both_sides(de_wolden: Covenant, propose: Propose, side: Side) -> None:
    verdict = judge(de_wolden, propose(), side=side)
    assert verdict.allowed
    assert verdict.warnings == ()
    assert not verdict.of_item(0)


@BOTH
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"recipient": "woonstichting-elders"}, "R08"),
        ({"recipient": "actium"}, "R08"),
        ({"sender": "onbekend"}, "R08"),
        ({"purpose": "HANDHAVING"}, "R04"),
        ({"purpose": ""}, "R04"),
        ({"context": "OPSPORING"}, "R04"),
        ({"purpose": "P1_INZICHT"}, "R09"),
        ({"purpose": "P2_BELEID"}, "R09"),
        ({"purpose": "P3_EVALUATIE"}, "R09"),
        ({"sender_task": ""}, "R07"),
        ({"recipient_task": "wmo"}, "R07"),
        ({"sender_basis": "CONVENANT"}, "R11"),
        ({"recipient_basis": ""}, "R11"),
        ({"sender": "gemeente", "sender_task": "wmo", "sender_basis": "A6_1_f"}, "R11"),
        ({"weighing": None}, "R33"),
        ({"weighing": Weighing(necessity="nodig", proportionality=" ", subsidiarity="ja")}, "R33"),
        ({"notice": None}, "R14"),
        ({"notice": Notice(reference="n", recipients=frozenset({"gemeente"}))}, "R14"),
        ({"notice": Notice(reference="", recipients=frozenset({"welzijn"}))}, "R14"),
        ({"conference": UUID(int=1)}, "R12"),
        ({"chair_release": UUID(int=2), "release_known": True}, "R12"),
        ({"conference": UUID(int=1), "release_known": True}, "R12"),
        ({"conference": UUID(int=1), "chair_release": UUID(int=2)}, "R12"),
        ({"support_rationale": "bsn 999990342"}, "R02"),
        ({"text": "9999 93 653"}, "R02"),
        ({"secrecy": Secrecy(applies=True)}, "R30"),
        ({"secrecy": Secrecy(applies=True, regime=SecrecyRegime.WGBO)}, "R30"),
    ],
)
def test_the_message_is_refused(
    de_wolden: Covenant, propose: Propose, side: Side, changes: dict[str, Any], code: str
) -> None:
    verdict = judge(de_wolden, dataclasses.replace(propose(), **changes), side=side)
    assert code in verdict.codes
    assert verdict.of_item(0)


@BOTH
def test_in_a_conference_what_its_chair_released_passes(de_wolden: Covenant, propose: Propose, side: Side) -> None:
    released = {"conference": UUID(int=1), "chair_release": UUID(int=2), "release_known": True}
    assert judge(de_wolden, dataclasses.replace(propose(), **released), side=side).allowed


@BOTH
@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (item("OVERLAST", "schoenmaat"), "R17"),
        (item("VERZONNEN", "aard-overlast"), "R17"),
        (item("WERK_INKOMEN", "inkomen", "verdient weinig"), "R17"),
        (item("RAS", "omstandigheid"), "R05"),
        (item("GEZONDHEID", "situatie"), "R05"),
        (item("STRAFRECHTELIJK", "aard-incidenten", "veroordeeld voor hennep"), "R06"),
        (item("HINDERLIJK_GEDRAG_VERBOD", "verbod"), "R06"),
        (item("BSN", "bsn", "999993653"), "R02"),
        (item("OVERLAST", "toelichting", "nummer 999.99.36.53"), "R02"),
        (item("OVERLAST", "toelichting", "dossier 12345679"), None),
        (item("OVERLAST", "toelichting", "dossier 99999006"), "R34"),
        (item("OVERLAST", "aard-overlast", origin_partner="onbekend"), "R29"),
        (item("OVERLAST", "aard-overlast", origin_regime=Regime.WPG), "R29"),
        (item("OVERLAST", "aard-overlast", origin_partner="politie"), "R29"),
        (item("OVERLAST", "toelichting", "mogen wij deze huurder accepteren, ja/nee?"), "R31"),
    ],
)
def test_only_the_bad_item_is_refused(
    de_wolden: Covenant, propose: Propose, side: Side, bad: ItemFacts, code: str | None
) -> None:
    good = item("OVERLAST", "aard-overlast", "stank")
    verdict = judge(de_wolden, propose(items=(good, bad, good)), side=side)
    assert not verdict.of_item(0)
    assert not verdict.of_item(2)
    assert not verdict.message_refused
    assert (code is None) == (not verdict.of_item(1))
    if code is not None:
        assert code in {finding.code for finding in verdict.of_item(1)}


def test_all_reasons_come_at_once_each_with_its_place(de_wolden: Covenant, propose: Propose) -> None:
    bad = (item("STRAFRECHTELIJK", "drugsbezit", "999993653"), item("GEZONDHEID", "situatie"))
    verdict = judge(de_wolden, propose(purpose="X", weighing=None, items=bad), side=Side.SENDING)
    assert {"R02", "R04", "R05", "R06", "R17", "R33"} <= set(verdict.codes)
    assert {(f.code, f.item) for f in verdict.findings} >= {("R04", None), ("R33", None), ("R02", 0), ("R05", 1)}


def test_a_confirmed_number_is_let_through_and_a_certain_one_never(de_wolden: Covenant, propose: Propose) -> None:
    asked = propose(items=(item("OVERLAST", "toelichting", "dossier 99999006"),), numbers_confirmed=True)
    assert judge(de_wolden, asked, side=Side.SENDING).allowed
    certain = propose(items=(item("OVERLAST", "toelichting", "bsn 99999006"),), numbers_confirmed=True)
    assert judge(de_wolden, certain, side=Side.SENDING).codes == ("R02",)


def test_a_signal_says_why_support_would_help(de_wolden: Covenant, propose: Propose) -> None:
    signal = propose(kind=Kind.SIGNAL, signal_kind="WOONOVERLAST", support_rationale="  ", notice=None, weighing=None)
    assert judge(de_wolden, signal, side=Side.SENDING).codes == ("R03",)
    assert judge(
        de_wolden, dataclasses.replace(signal, support_rationale="hulp bij opruimen"), side=Side.SENDING
    ).allowed


@pytest.mark.parametrize("kind", [None, "OPSPORING"])
def test_a_signal_is_about_one_of_the_kinds_of_the_covenant(
    de_wolden: Covenant, propose: Propose, kind: str | None
) -> None:
    signal = propose(kind=Kind.SIGNAL, notice=None, weighing=None, signal_kind=kind)
    assert judge(de_wolden, signal, side=Side.RECEIVING).codes == ("R03",)
    open_list = de_wolden.model_copy(update={"signal_kinds": ()})
    assert judge(open_list, signal, side=Side.RECEIVING).allowed


@BOTH
def test_what_belongs_to_a_case_stays_with_the_partners_in_its_scope(
    de_wolden: Covenant, propose: Propose, side: Side
) -> None:
    assert judge(de_wolden, propose(outside_case=True), side=side).codes == ("R36",)


def _to_third_party(propose: Propose, **changes: Any) -> Proposal:
    told = Notice(reference="2026-03-02", recipients=frozenset({THIRD_PARTY}))
    lawful = {"recipient_task": "", "recipient_basis": "", "notice": told, "third_party": Outside()}
    return propose(recipient=THIRD_PARTY, **{**lawful, **changes})


@pytest.mark.parametrize("ground", ["agreement", "allocation"])
def test_a_third_party_is_told_only_on_an_agreement_or_an_allocation(
    de_wolden: Covenant, propose: Propose, ground: str
) -> None:
    assert judge(de_wolden, _to_third_party(propose), side=Side.SENDING).codes == ("R10",)
    assert judge(de_wolden, _to_third_party(propose, third_party=Outside(**{ground: "A-2"})), side=Side.SENDING).allowed


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sender_task": ""}, "R07"),
        ({"sender_basis": "CONVENANT"}, "R11"),
        ({"notice": Notice(reference="2026-03-02", recipients=frozenset({"gemeente"}))}, "R14"),
        ({"items": (item("WERK_INKOMEN", "inkomen"),)}, "R17"),
        ({"items": (item("GEZONDHEID", "situatie"),), "special_exception": "UAVG_30_1_a"}, "R05"),
        ({"third_party": None}, "R08"),
    ],
)
def test_an_agreement_lifts_nothing_else(
    de_wolden: Covenant, propose: Propose, changes: dict[str, Any], code: str
) -> None:
    proposal = _to_third_party(propose, **{"third_party": Outside(agreement="A-2"), **changes})
    assert code in judge(de_wolden, proposal, side=Side.SENDING).codes


def test_a_third_party_never_goes_over_the_exchange(de_wolden: Covenant, propose: Propose) -> None:
    claimed = _to_third_party(propose, third_party=None)  # nothing in a message can say that somebody is one
    assert "R08" in judge(de_wolden, claimed, side=Side.RECEIVING).codes


def test_health_does_not_travel_as_a_signal(de_wolden: Covenant, propose: Propose) -> None:
    signal = propose(
        "welzijn",
        "gemeente",
        kind=Kind.SIGNAL,
        special_exception="UAVG_30_1_a",
        items=(item("GEZONDHEID", "situatie"),),
    )
    assert judge(de_wolden, signal, side=Side.SENDING).codes == ("R17",)


@BOTH
def test_a_bare_reply_needs_only_a_partner_and_clean_text(de_wolden: Covenant, side: Side) -> None:
    bare = Proposal(kind=Kind.REPLY, sender="welzijn", recipient="actium", on=date(2026, 3, 3), text="opgepakt")
    assert judge(de_wolden, bare, side=side).allowed
    assert judge(de_wolden, dataclasses.replace(bare, recipient="elders"), side=side).codes == ("R08",)
    assert judge(de_wolden, dataclasses.replace(bare, text="sofinummer 999990342"), side=side).codes == ("R02",)


@BOTH
def test_a_reply_with_items_is_no_back_door(de_wolden: Covenant, propose: Propose, side: Side) -> None:
    reply = propose(kind=Kind.REPLY, purpose="", notice=None, weighing=None, items=(item("GEZONDHEID", "situatie"),))
    assert {"R04", "R05", "R14", "R33"} <= set(judge(de_wolden, reply, side=side).codes)


def test_nothing_is_sent_by_a_machine_alone(de_wolden: Covenant, propose: Propose) -> None:
    proposal = propose(decided_by_person=False)
    assert judge(de_wolden, proposal, side=Side.SENDING).codes == ("R32",)
    assert judge(de_wolden, proposal, side=Side.RECEIVING).allowed


def test_a_restricted_item_stays_where_it_is(de_wolden: Covenant, propose: Propose) -> None:
    proposal = propose(items=(item("OVERLAST", "aard-overlast", restricted=True),))
    assert judge(de_wolden, proposal, side=Side.SENDING).codes == ("R18",)


@pytest.mark.parametrize(
    ("on", "codes"), [(date(2026, 3, 16), ()), (date(2026, 3, 17), ("R15",)), (date(2027, 1, 1), ("R15",))]
)
def test_an_exception_to_informing_holds_until_its_review(
    de_wolden: Covenant, propose: Propose, on: date, codes: tuple[str, ...]
) -> None:
    """Scenario 6: informing the partner would endanger her; the review is due within fourteen days."""
    exception = NoticeException(ground="UAVG_41_1_i", recipients=frozenset({"gemeente"}), review_on=date(2026, 3, 16))
    proposal = propose("welzijn", "gemeente", on=on, notice=None, notice_exception=exception)
    assert judge(de_wolden, proposal, side=Side.SENDING).codes == codes


def test_an_invented_exception_ground_is_no_exception(de_wolden: Covenant, propose: Propose) -> None:
    exception = NoticeException(ground="GEEN_ZIN", recipients=frozenset({"welzijn"}), review_on=date(2026, 3, 16))
    proposal = propose(notice=None, notice_exception=exception)
    assert judge(de_wolden, proposal, side=Side.SENDING).codes == ("R14",)


def test_an_exception_that_ended_does_not_revive_at_its_review(de_wolden: Covenant, propose: Propose) -> None:
    exception = NoticeException(
        ground="UAVG_41_1_i", recipients=frozenset({"welzijn"}), review_on=date(2026, 4, 1), ends_on=date(2026, 3, 1)
    )
    proposal = propose(notice=None, notice_exception=exception)
    assert judge(de_wolden, proposal, side=Side.SENDING).codes == ("R15",)


def test_an_overdue_review_warns_or_refuses_as_the_covenant_says(de_wolden: Covenant, propose: Propose) -> None:
    late = propose(on=date(2026, 10, 2))
    warned = judge(de_wolden, late, side=Side.SENDING)
    assert warned.allowed
    assert [w.code for w in warned.warnings] == ["R27"]
    strict = de_wolden.model_copy(
        update={"settings": de_wolden.settings.model_copy(update={"review_overdue": "refuse"})}
    )
    assert judge(strict, late, side=Side.SENDING).codes == ("R27",)
    assert judge(strict, propose(on=date(2026, 10, 1)), side=Side.SENDING).allowed


# --- scenarios --------------------------------------------------------------------------------------------------------


@BOTH
def test_scenario_1_health_goes_to_the_wmo_worker_and_not_to_the_landlord(
    de_wolden: Covenant, propose: Propose, side: Side
) -> None:
    health = (item("GEZONDHEID", "situatie", "is somber"),)
    to_wmo = propose("welzijn", "gemeente", special_exception="UAVG_30_1_a", items=health)
    assert judge(de_wolden, to_wmo, side=side).allowed
    for cited in ("UAVG_30_3_a", "UAVG_30_1_a", None):
        to_landlord = propose("welzijn", "actium", special_exception=cited, items=health)
        assert judge(de_wolden, to_landlord, side=side).codes == ("R05",)
    debt = dataclasses.replace(to_wmo, recipient_task="schuldhulp")
    assert judge(de_wolden, debt, side=side).codes == ("R05", "R07")
    silent = dataclasses.replace(to_wmo, secrecy=None)
    assert judge(de_wolden, silent, side=side).codes == ("R30",)


@BOTH
def test_scenario_2_police_data_only_under_a_decision(de_wolden: Covenant, propose: Propose, side: Side) -> None:
    facts = (item("OVERLAST", "aantal-meldingen", "zes"), item("STRAFRECHTELIJK", "aantal-incidenten", "twee"))
    assert judge(de_wolden, propose("politie", "actium", items=facts), side=side).codes == ("R28",)
    decided = propose("politie", "actium", wpg=decision(), items=facts)
    assert judge(de_wolden, decided, side=side).allowed
    more = (*facts, item("STRAFRECHTELIJK", "drugsbezit"))
    verdict = judge(de_wolden, dataclasses.replace(decided, items=more), side=side)
    assert [(f.code, f.item) for f in verdict.findings] == [("R17", 2)]


@pytest.mark.parametrize(
    "flaw",
    [
        {"reference": ""},
        {"ground": "AVG"},
        {"goal": "z"},
        {"interest": " "},
        {"recipients": frozenset({"gemeente"})},
        {"categories": frozenset({"HUISVESTING"})},
        {"authority_agreed": False},
        {"valid_until": date(2026, 3, 1)},
        {"decided_on": date(2026, 3, 3)},
        {"ground": "WPG_16_1_b_1"},  # the mayor's, not a landlord's
        {"ground": "WPG_16_1_b_2"},
        {"ground": "WPG_20_3"},  # a partnership under the WGS, which this is not
    ],
)
def test_a_flawed_decision_is_no_decision(de_wolden: Covenant, propose: Propose, flaw: dict[str, Any]) -> None:
    facts = (item("OVERLAST", "aantal-meldingen", "zes"),)
    proposal = propose("politie", "actium", wpg=decision(**flaw), items=facts)
    assert judge(de_wolden, proposal, side=Side.RECEIVING).codes == ("R28",)


@BOTH
def test_the_mayors_ground_opens_police_data_to_the_mayor_and_to_nobody_else(
    de_wolden: Covenant, propose: Propose, side: Side
) -> None:
    facts = (item("OVERLAST", "aantal-meldingen", "zes"),)
    for recipient, codes in (("gemeente", ()), ("actium", ("R28",)), ("welzijn", ("R28",))):
        mayors = decision(ground="WPG_16_1_b_1", recipients=frozenset({recipient}), authority_agreed=False)
        verdict = judge(de_wolden, propose("politie", recipient, wpg=mayors, items=facts), side=side)
        assert verdict.codes == codes, recipient


@BOTH
def test_no_service_number_goes_in_a_condition_of_the_police(de_wolden: Covenant, propose: Propose, side: Side) -> None:
    facts = (item("OVERLAST", "aantal-meldingen", "zes"),)
    bound = propose("politie", "actium", wpg=decision(conditions=("Alleen over 999993653.",)), items=facts)
    assert judge(de_wolden, bound, side=side).codes == ("R02",)


def test_the_police_cannot_relabel_its_data_as_ordinary(de_wolden: Covenant, propose: Propose) -> None:
    for origin in (None, "politie", "actium"):
        facts = (item("OVERLAST", "aantal-meldingen", origin_regime=Regime.AVG, origin_partner=origin),)
        assert judge(de_wolden, propose("politie", "welzijn", items=facts), side=Side.RECEIVING).codes == ("R28",)


@BOTH
def test_scenario_2_passing_police_data_on_needs_its_consent(de_wolden: Covenant, propose: Propose, side: Side) -> None:
    onward = item("OVERLAST", "aantal-meldingen", origin_partner="politie", origin_regime=Regime.WPG)
    assert judge(de_wolden, propose(items=(onward,)), side=side).codes == ("R29",)
    half = dataclasses.replace(onward, source_consent="instemming-1")
    assert judge(de_wolden, propose(items=(half,)), side=side).codes == ("R29",)
    whole = dataclasses.replace(half, onward_ground="afspraak A-2")
    assert judge(de_wolden, propose(items=(whole,)), side=side).allowed
    back = propose("actium", "politie", items=(onward,))
    assert judge(de_wolden, back, side=side).allowed


def test_scenario_4_a_name_is_not_needed_for_an_area_picture(de_wolden: Covenant, propose: Propose) -> None:
    named = propose("welzijn", "gemeente", purpose="P1_INZICHT", context="GEBIEDS_PROBLEEMANALYSE")
    assert "R09" in judge(de_wolden, named, side=Side.SENDING).codes
    area = dataclasses.replace(named, about_person=False, items=())
    assert judge(de_wolden, area, side=Side.SENDING).allowed


@pytest.mark.parametrize(
    "number",
    [
        "999993653",
        "9999 93 653",
        "999.993.653",
        "\uff19\uff19\uff19\uff19\uff19\uff13\uff16\uff15\uff13",
        "999-99\u200b3653",
    ],
)
def test_scenario_5_arrears_may_and_bsn_and_the_sons_income_may_not(
    de_wolden: Covenant, propose: Propose, number: str
) -> None:
    arrears = item("FINANCIEN_SCHULDEN", "huurachterstand", "drie maanden, € 1.840")
    fine = propose("actium", "gemeente", recipient_task="schuldhulp", items=(arrears,))
    assert judge(de_wolden, fine, side=Side.SENDING).allowed
    income = item("WERK_INKOMEN", "inkomen", "van de zoon")
    health = item("GEZONDHEID", "situatie", "van de zoon")
    verdict = judge(de_wolden, dataclasses.replace(fine, items=(arrears, income, health)), side=Side.SENDING)
    assert not verdict.of_item(0)
    assert "R17" in {f.code for f in verdict.of_item(1)}
    assert "R17" in {f.code for f in verdict.of_item(2)}
    noted = dataclasses.replace(arrears, text=f"zie dossier {number}")
    assert judge(de_wolden, dataclasses.replace(fine, items=(noted,)), side=Side.SENDING).codes == ("R02",)


def test_scenario_10_no_traffic_light_and_no_black_list(de_wolden: Covenant, propose: Propose) -> None:
    question = propose("actium", "politie", text="Mogen wij hem laten huren, ja/nee?", items=())
    assert "R31" in judge(de_wolden, question, side=Side.SENDING).codes
    record = (item("STRAFRECHTELIJK", "aard-incidenten", "veroordeeld voor hennep"),)
    assert "R08" in judge(de_wolden, propose("actium", "andere-corporatie", items=record), side=Side.SENDING).codes
    assert judge(de_wolden, propose("actium", "welzijn", items=record), side=Side.SENDING).codes == ("R06",)


def test_citing_33_1_a_does_not_make_provenance(de_wolden: Covenant, propose: Propose) -> None:
    record = (item("STRAFRECHTELIJK", "aard-incidenten"),)
    proposal = propose("actium", "welzijn", criminal_ground="UAVG_33_1_a", items=record)
    assert judge(de_wolden, proposal, side=Side.SENDING).codes == ("R06",)


CARE = {"criminal_ground": "UAVG_33_1_c", "special_exception": "UAVG_30_3_a"}


@BOTH
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ground": "WPG_27_1_a"}, "R14"),  # of the police alone
        ({"recipients": frozenset({"gemeente"})}, "R14"),  # another disclosure's
        ({"review_on": date(2026, 6, 2)}, "R15"),  # a day longer than the covenant allows
        ({"review_on": date(2099, 1, 1)}, "R15"),
        ({}, None),
        ({"review_on": date(2026, 6, 1)}, None),
    ],
)
def test_an_exception_carries_to_whom_it_names_on_a_ground_of_its_own_law_and_not_for_ever(
    de_wolden: Covenant, propose: Propose, side: Side, changes: dict[str, Any], code: str | None
) -> None:
    lawful = {"ground": "UAVG_41_1_i", "recipients": frozenset({"welzijn"}), "review_on": date(2026, 3, 16)}
    verdict = judge(
        de_wolden, propose(notice=None, notice_exception=NoticeException(**{**lawful, **changes})), side=side
    )
    assert verdict.codes == ((code,) if code else ())


@BOTH
def test_the_police_invokes_its_own_law(de_wolden: Covenant, propose: Propose, side: Side) -> None:
    own = NoticeException(ground="WPG_27_1_a", recipients=frozenset({"gemeente"}), review_on=date(2026, 3, 16))
    facts = (item("OVERLAST", "aantal-meldingen", "zes"),)
    under = decision(recipients=frozenset({"gemeente"}))
    told = propose("politie", "gemeente", wpg=under, items=facts, notice=None, notice_exception=own)
    assert judge(de_wolden, told, side=side).allowed


@BOTH
def test_a_landlord_sends_no_conviction_as_a_supplement_to_care(
    de_wolden: Covenant, propose: Propose, side: Side
) -> None:
    record = (item("STRAFRECHTELIJK", "aard-incidenten", "veroordeeld voor hennep"),)
    for cited in ({"criminal_ground": "UAVG_33_1_c"}, CARE):
        verdict = judge(de_wolden, propose("actium", "welzijn", items=record, **cited), side=side)
        assert verdict.codes == ("R06",), cited


@BOTH
def test_a_supplement_to_care_goes_between_people_bound_to_secrecy_and_beside_the_ground_for_care(
    de_wolden: Covenant, propose: Propose, side: Side
) -> None:
    record = (item("STRAFRECHTELIJK", "aard-incidenten"),)
    care = propose("gemeente", "welzijn", items=record, **CARE)
    assert judge(de_wolden, care, side=side).allowed
    alone = dataclasses.replace(care, special_exception=None)
    consent = dataclasses.replace(care, special_exception="UAVG_22_2_a")
    unbound = dataclasses.replace(care, sender_task="schuldhulp")
    for short in (alone, consent, unbound):
        assert judge(de_wolden, short, side=side).codes == ("R06",)


# --- the visibility matrix, cell by cell ------------------------------------------------------------------------------

PARTNERS = ("gemeente", "politie", "actium", "welzijn")
OTHER_AVG_9 = ("RAS", "GODSDIENST", "POLITIEK", "VAKBOND", "SEKSUEEL", "GENETISCH", "BIOMETRISCH")
Y, C, W, N = "yes", "consent", "wpg", "never"
CELLS: dict[str, dict[str, str]] = {
    "IDENTIFICATIE": dict.fromkeys(PARTNERS, Y),
    "CONTACT": dict.fromkeys(PARTNERS, Y),
    "HUISVESTING": dict.fromkeys(PARTNERS, Y),
    "OVERLAST": dict.fromkeys(PARTNERS, Y),
    "FINANCIEN_SCHULDEN": {"gemeente": Y, "politie": N, "actium": "EIGEN_HUURDER", "welzijn": Y},
    "WELZIJN_HULPVERLENING": {"gemeente": Y, "politie": "VEILIGHEID_IN_GEDING", "actium": C, "welzijn": Y},
    "GEZONDHEID": {"gemeente": "UAVG_30_1_a", "politie": "UAVG_22_2_b", "actium": C, "welzijn": "UAVG_30_3_a"},
    "STRAFRECHTELIJK": {"gemeente": W, "politie": Y, "actium": W, "welzijn": W},
    "HINDERLIJK_GEDRAG_VERBOD": {"gemeente": W, "politie": Y, "actium": W, "welzijn": W},
    "BSN": dict.fromkeys(PARTNERS, N),
    **{code: {"gemeente": N, "politie": N, "actium": N, "welzijn": C} for code in OTHER_AVG_9},
}


@BOTH
@pytest.mark.parametrize("recipient", PARTNERS)
@pytest.mark.parametrize("category", sorted(CELLS))
def test_every_cell_of_the_visibility_matrix_both_ways(
    de_wolden: Covenant, propose: Propose, category: str, recipient: str, side: Side
) -> None:
    need = CELLS[category][recipient]
    sender = "welzijn" if recipient != "welzijn" else "gemeente"
    field = next(iter(sorted(de_wolden.index.categories[category].fields)), "bsn")
    bare = propose(sender, recipient, items=(item(category, field),))
    from_police = propose(
        "politie",
        recipient if recipient != "politie" else "actium",
        items=(item(category, field),),
        wpg=decision(recipients=frozenset(PARTNERS), categories=frozenset({category}), fields=None),
    )
    met = {
        Y: bare,
        W: from_police,
        C: dataclasses.replace(bare, special_exception="UAVG_22_2_a"),
        N: dataclasses.replace(bare, special_exception="UAVG_22_2_a", criminal_ground="UAVG_32_a"),
    }.get(need) or dataclasses.replace(bare, special_exception=need, stated=frozenset({need}))
    assert judge(de_wolden, met, side=side).allowed == (need != N)
    assert judge(de_wolden, bare, side=side).allowed == (need == Y)


# --- one property over all of them ------------------------------------------------------------------------------------

CATEGORIES = [*CELLS, "HUISHOUDEN_NETWERK", "LEEFBAARHEID", "WERK_INKOMEN", "VERSLAVING", "ONBEKEND"]
FIELDS = [
    "aard-overlast",
    "situatie",
    "omstandigheid",
    "aard-incidenten",
    "verbod",
    "naam",
    "huurachterstand",
    "hulpvraag",
]
slugs = st.sampled_from([*PARTNERS, "elders"])
maybe = st.none()
items = st.builds(
    ItemFacts,
    category=st.sampled_from(CATEGORIES),
    field=st.sampled_from(FIELDS),
    text=st.sampled_from(["", "stank", "999993653", "bsn 9999 93 653"]),
    origin_partner=maybe | slugs,
    origin_regime=st.sampled_from(Regime),
    source_consent=maybe | st.just("ja"),
    onward_ground=maybe | st.just("afspraak"),
)
decisions = st.builds(
    decision,
    recipients=st.frozensets(slugs),
    categories=st.frozensets(st.sampled_from(CATEGORIES)),
    fields=maybe | st.frozensets(st.sampled_from(FIELDS)),
    authority_agreed=st.booleans(),
)
hostile = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(Kind),
        "purpose": st.sampled_from(["P0_ONDERSTEUNING"] * 3 + ["P1_INZICHT", "X"]),
        "special_exception": maybe | st.sampled_from([*SPECIAL_EXCEPTIONS, "UAVG_99"]),
        "criminal_ground": maybe | st.sampled_from([*CRIMINAL_GROUNDS]),
        "stated": st.frozensets(
            st.sampled_from(["EIGEN_HUURDER", "VEILIGHEID_IN_GEDING", "BESLUIT_BURGEMEESTER", "X"])
        ),
        "sender_basis": st.sampled_from([*LEGAL_BASES, "A6_1_d", "A6_1_d"]),
        "emergency": maybe | st.builds(Emergency, danger=st.sampled_from(["", "brand"]), interest_of=st.just("OTHER")),
        "notice": maybe | st.just(Notice(reference="n", recipients=frozenset({"gemeente", "welzijn"}))),
        "conference": maybe | st.just("c-1"),
        "signal_kind": maybe | st.sampled_from(["VERVUILING", "WOONOVERLAST"]),
        "wpg": maybe | decisions,
        "numbers_confirmed": st.booleans(),
        "items": st.lists(items, min_size=1, max_size=4).map(tuple),
    }
)


@settings(max_examples=250, deadline=None)
@given(sender=slugs, recipient=slugs, changes=hostile)
def test_no_proposal_however_hostile_passes_an_item_the_matrix_forbids(
    de_wolden: Covenant, propose: Propose, sender: str, recipient: str, changes: dict[str, Any]
) -> None:
    proposal = propose(sender, recipient, **changes)
    verdict = judge(de_wolden, proposal, side=Side.RECEIVING)
    for number, facts in enumerate(proposal.items):
        if verdict.of_item(number):
            continue
        assert {sender, recipient} <= set(PARTNERS)
        assert sender != recipient
        assert proposal.purpose == "P0_ONDERSTEUNING"
        assert "9999" not in facts.text
        category = de_wolden.index.categories[facts.category]
        row = next(
            r
            for r in de_wolden.matrix
            if facts.category in r.categories
            and {"*", recipient, de_wolden.index.partners[recipient].kind} & set(r.recipients)
        )
        cited = {proposal.special_exception, proposal.criminal_ground, *proposal.stated}
        police = "politie" in {sender, facts.origin_partner} or facts.origin_regime is Regime.WPG
        acute = proposal.emergency is not None and proposal.emergency.danger and proposal.sender_basis == "A6_1_d"
        vital = {"UAVG_22_2_b"} & {proposal.special_exception} if acute else set()
        assert row.condition is not Condition.NEVER
        if row.condition is Condition.EXCEPTION:
            assert cited & set(row.grounds) or vital
        if row.condition is Condition.WPG:
            assert police or cited & set(row.grounds) or (acute and proposal.criminal_ground == "UAVG_32_b")
        if category.mark is Mark.SPECIAL:
            assert proposal.special_exception in row.grounds or vital
        if proposal.kind is not Kind.SIGNAL and recipient not in {"gemeente", "welzijn"}:
            assert acute, "nobody was told of this recipient"
        assert acute or proposal.conference is None, "no chair released it"
        if sender == "politie":
            assert proposal.wpg is not None
            assert recipient in proposal.wpg.recipients
        elif police and facts.origin_partner != recipient:
            assert facts.origin_partner == "politie"
            assert facts.source_consent
        assert facts.field in category.fields


@settings(max_examples=120, deadline=None)
@given(sender=slugs, recipient=slugs, changes=hostile)
def test_a_finding_says_nothing_a_partner_chose(
    de_wolden: Covenant, propose: Propose, sender: str, recipient: str, changes: dict[str, Any]
) -> None:
    known = {p.name for p in de_wolden.partners} | {t for c in de_wolden.categories for t in c.fields.values()}
    for finding in judge(de_wolden, propose(sender, recipient, **changes), side=Side.SENDING).findings:
        assert set(finding.params.values()) <= known
        for language in ("nl", "en"):
            assert "{" not in finding.sentence(language=language)


def test_every_gate_names_its_article_or_law() -> None:
    for gate in (*MESSAGE_GATES, *FULL_GATES, *ITEM_GATES):
        doc = gate.__doc__ or ""
        assert (
            any(word in doc for word in ("rticle", "AVG", "UAVG", "Wpg", "R31", "WGBO")) or "As for the message" in doc
        )


def test_a_duty_of_secrecy_that_the_covenant_gives_the_sender_no_part_in_lifts_nothing(
    de_wolden: Covenant, propose: Callable[..., Proposal]
) -> None:
    """The table ``secrecy_regimes`` says which duties exist for whom; without it all of the law's count for everybody (R30)."""

    def codes(regime: str, covenant: Covenant) -> set[str]:
        stated = Secrecy(applies=True, regime=regime, ground=SecrecyGround.CONSENT)
        proposal = propose(sender="actium", recipient="welzijn", secrecy=stated)
        return {finding.code for side in Side for finding in judge(covenant, proposal, side=side).findings}

    assert "R30" not in codes("BEROEPSCODE", de_wolden)
    assert "R30" in codes("WGBO", de_wolden)
    assert "R30" in codes("VERZONNEN", de_wolden)
    silent = de_wolden.model_copy(update={"secrecy_regimes": ()})
    assert "R30" not in codes("WGBO", silent)
    assert "R30" in codes("VERZONNEN", silent)
