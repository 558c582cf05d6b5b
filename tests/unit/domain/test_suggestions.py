"""What is suggested passes the rules of the covenant, and what is not suggested does not: field by field, both ways."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from exchange.domain.covenant import Covenant
from exchange.domain.gates import ItemFacts, Notice, Proposal, Secrecy, Weighing, WpgDecision, judge
from exchange.domain.suggestions import Offer, Suggestion, Way, suggest
from exchange.domain.vocabulary import CRIMINAL_GROUNDS, SPECIAL_EXCEPTIONS, Kind, SecrecyGround, SecrecyRegime, Side

RULES = {"R04", "R05", "R06", "R07", "R09", "R11", "R17", "R28", "R30"}
"""Codes that speak of rules and not of a person or a moment."""


def proposal(covenant: Covenant, found: Suggestion, way: Way, offer: Offer, field: str, **changes: Any) -> Proposal:
    facts: dict[str, Any] = {
        "kind": found.kind, "sender": "", "recipient": way.recipient, "on": covenant.review_due,
        "purpose": way.purpose, "context": found.contexts[0], "sender_basis": found.bases[0], "sender_task": found.tasks[0],
        "recipient_basis": way.bases[0], "recipient_task": "", "signal_kind": next(iter(found.signal_kinds), None),
        "support_rationale": "Gebaat bij hulp.",
        "weighing": Weighing(necessity="a", proportionality="b", subsidiarity="c"),
        "notice": Notice(reference="n", recipients=frozenset({way.recipient})),
        "secrecy": Secrecy(applies=True, regime=SecrecyRegime.BEROEPSCODE, ground=SecrecyGround.CONSENT),
        "wpg": WpgDecision(
            reference="d", ground="WPG_20_1", goal="c", interest="hulp", recipients=frozenset({way.recipient}),
            categories=frozenset({offer.category}), authority_agreed=True, valid_until=covenant.review_due,
        ) if way.decision else None,
        "items": (ItemFacts(category=offer.category, field=field),),
        **changes,
    }  # fmt: skip
    return Proposal(**facts)


def refused(covenant: Covenant, made: Proposal) -> set[str]:
    return set(judge(covenant, made, side=Side.SENDING).codes) & RULES


def ways_to_cite(ground: str) -> dict[str, Any]:
    if ground == "UAVG_33_1_c":
        return {"criminal_ground": ground, "special_exception": "UAVG_30_3_a"}
    if ground in SPECIAL_EXCEPTIONS:
        return {"special_exception": ground}
    return {"criminal_ground": ground} if ground in CRIMINAL_GROUNDS else {"stated": frozenset({ground})}


EXCEPTIONS = ("UAVG_22_2_a", "UAVG_30_3_a")
CASES = list(product(("gemeente", "politie", "actium", "welzijn"), Kind))[:]
CASES = [(sender, kind) for sender, kind in CASES if kind is not Kind.REPLY]


@pytest.mark.parametrize(("sender", "kind"), CASES, ids=[f"{s}-{k}" for s, k in CASES])
def test_everything_that_is_suggested_passes_the_rules(de_wolden: Covenant, sender: str, kind: Kind) -> None:
    found = suggest(de_wolden, sender, kind)
    tried = 0
    for way in found.ways:
        for offer in way.offers:
            for field in offer.fields:
                for task in offer.tasks:
                    made = proposal(de_wolden, found, way, offer, field, sender=sender, recipient_task=task)
                    assert refused(de_wolden, made) == set(), (way, offer, field, task)
                    tried += 1
                for lift in offer.lifts:
                    for task in lift.tasks:
                        cited = ways_to_cite(lift.ground)
                        made = proposal(
                            de_wolden, found, way, offer, field, sender=sender, recipient_task=task, **cited
                        )
                        assert refused(de_wolden, made) == set(), (way, offer, field, lift, task)
                        tried += 1
    assert tried > 10


@pytest.mark.parametrize(("sender", "kind"), CASES, ids=[f"{s}-{k}" for s, k in CASES])
def test_what_is_not_suggested_is_refused_whatever_is_cited(de_wolden: Covenant, sender: str, kind: Kind) -> None:
    found = suggest(de_wolden, sender, kind)
    offered = {
        (way.recipient, offer.category, field) for way in found.ways for offer in way.offers for field in offer.fields
    }
    left = 0
    for to in de_wolden.partners:
        for category in de_wolden.categories:
            for field in category.fields:
                if to.slug == sender or (to.slug, category.code, field) in offered:
                    continue
                for task in to.statutory_tasks:
                    way = Way(to.slug, "P0_ONDERSTEUNING", ("A6_1_e",), sender == "politie" != to.slug, ())
                    offer = Offer(category.code, (field,), (), (), police=False, secrecy=False)
                    for cited in (
                        {},
                        *({"special_exception": e, "criminal_ground": "UAVG_33_1_c"} for e in EXCEPTIONS),
                    ):
                        made = proposal(
                            de_wolden, found, way, offer, field, sender=sender, recipient_task=task.code, **cited
                        )
                        assert refused(de_wolden, made), (to.slug, category.code, field)
                        left += 1
    assert left > 10


@pytest.mark.parametrize(("sender", "kind"), CASES, ids=[f"{s}-{k}" for s, k in CASES])
def test_a_task_that_is_not_suggested_for_a_ground_does_not_carry_it(
    de_wolden: Covenant, sender: str, kind: Kind
) -> None:
    found = suggest(de_wolden, sender, kind)
    for way in found.ways:
        partner = de_wolden.index.partners[way.recipient]
        for offer in way.offers:
            if offer.police:  # provenance may carry it as well
                continue
            for lift in offer.lifts:
                for task in {task.code for task in partner.statutory_tasks} - set(lift.tasks) - set(offer.tasks):
                    cited = ways_to_cite(lift.ground)
                    made = proposal(
                        de_wolden, found, way, offer, offer.fields[0], sender=sender, recipient_task=task, **cited
                    )
                    assert refused(de_wolden, made), (way.recipient, offer.category, lift.ground, task)


def test_nothing_of_the_police_is_suggested_to_a_partner_that_no_decision_can_name(de_wolden: Covenant) -> None:
    partners = tuple(p.model_copy(update={"wpg_grounds": ()}) if p.slug == "actium" else p for p in de_wolden.partners)
    for covenant, reached in ((de_wolden, True), (de_wolden.model_copy(update={"partners": partners}), False)):
        ways = {way.recipient for way in suggest(covenant, "politie", Kind.DISCLOSURE).ways}
        assert ("actium" in ways, "welzijn" in ways) == (reached, True)


def test_a_landlord_is_offered_no_ground_for_convictions_and_a_municipality_is_told_what_goes_beside_it(
    de_wolden: Covenant,
) -> None:
    for sender, lifts in (("actium", set()), ("gemeente", {("UAVG_33_1_c", "UAVG_30_3_a")})):
        (way,) = (way for way in suggest(de_wolden, sender, Kind.DISCLOSURE).ways if way.recipient == "welzijn")
        (offer,) = (offer for offer in way.offers if offer.category == "STRAFRECHTELIJK")
        assert {(lift.ground, lift.beside) for lift in offer.lifts} == lifts


def test_a_housing_corporation_is_told_whom_it_may_tell_what(de_wolden: Covenant) -> None:
    found = suggest(de_wolden, "actium", Kind.DISCLOSURE)
    assert (found.notice, found.weighing) == (True, True)
    assert found.profiles == ("WOONSITUATIE_HULP", "HUURACHTERSTAND_VROEG")
    assert [way.recipient for way in found.ways] == ["gemeente", "politie", "welzijn"]
    welzijn = next(way for way in found.ways if way.recipient == "welzijn")
    money = next(offer for offer in welzijn.offers if offer.category == "FINANCIEN_SCHULDEN")
    assert money.fields == ("huurachterstand", "betalingsregeling", "schuldhulp")
    assert money.tasks == ("maatschappelijk-werk",)
    assert not any(offer.category in {"WERK_INKOMEN", "BSN", "GEZONDHEID"} for offer in welzijn.offers)
    gemeente = next(way for way in found.ways if way.recipient == "gemeente")
    assert "A6_1_f" not in gemeente.bases  # a public body does not rest on it


def test_health_data_to_the_municipality_names_the_exceptions_and_the_tasks_they_hold_for(de_wolden: Covenant) -> None:
    found = suggest(de_wolden, "welzijn", Kind.DISCLOSURE)
    gemeente = next(way for way in found.ways if way.recipient == "gemeente")
    health = next(offer for offer in gemeente.offers if offer.category == "GEZONDHEID")
    assert (health.tasks, health.secrecy) == ((), True)
    assert {lift.ground: lift.tasks for lift in health.lifts}["UAVG_30_3_a"] == ("wmo", "jeugd")


def test_the_police_are_told_that_a_decision_is_needed(de_wolden: Covenant) -> None:
    found = suggest(de_wolden, "politie", Kind.DISCLOSURE)
    assert all(way.decision for way in found.ways)


def test_a_purpose_without_people_suggests_nobody(de_wolden: Covenant) -> None:
    assert suggest(de_wolden, "gemeente", Kind.SIGNAL, "P1_INZICHT").ways == ()
    signal = suggest(de_wolden, "gemeente", Kind.SIGNAL, "P0_ONDERSTEUNING")
    assert signal.profiles == ("EENZAAMHEID_SIGNAAL",)
    assert "EENZAAMHEID" in signal.signal_kinds
    assert (signal.notice, signal.weighing) == (False, False)
