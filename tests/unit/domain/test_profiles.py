"""Profiles: standard exchanges approved in advance, of which none can be one that the covenant itself would refuse."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from exchange.domain.compile import Party, check, compile_covenant, draft_covenant
from exchange.domain.covenant import Covenant
from exchange.domain.difference import Act, Section, changes
from exchange.domain.gates import ItemFacts, Notice, Proposal, Weighing, judge
from exchange.domain.vocabulary import Kind, Side
from exchange.reports.changes import chapters


def mistakes(text: str) -> list[str]:
    return [str(mistake) for mistake in check(text)]


def test_the_profiles_of_de_wolden_are_at_least_three_proposals_for_signals_and_disclosures(
    de_wolden: Covenant,
) -> None:
    assert len(de_wolden.profiles) >= 3
    assert {profile.kind for profile in de_wolden.profiles} == {"signal", "disclosure"}
    assert all(profile.verified is False for profile in de_wolden.profiles)


def test_every_profile_passes_the_gates_on_both_sides_for_every_pair_and_field(de_wolden: Covenant) -> None:
    judged = 0
    for profile in de_wolden.profiles:
        for sender in profile.senders:
            for to in (recipient for recipient in profile.recipients if recipient.partner != sender.partner):
                facts: dict[str, Any] = {
                    "kind": Kind(profile.kind), "sender": sender.partner, "recipient": to.partner,
                    "on": de_wolden.review_due, "purpose": profile.purpose, "context": profile.context,
                    "sender_basis": sender.basis, "sender_task": sender.task, "recipient_basis": to.basis,
                    "recipient_task": to.task, "signal_kind": profile.signal_kind, "support_rationale": "Gebaat bij hulp.",
                    "weighing": Weighing(
                        necessity=profile.necessity, proportionality=profile.proportionality,
                        subsidiarity=profile.subsidiarity,
                    ),
                    "notice": Notice(reference="n", recipients=frozenset({to.partner})),
                    "items": tuple(
                        ItemFacts(category=item.category, field=field, text="Verzonnen.")
                        for item in profile.items for field in item.fields
                    ),
                }  # fmt: skip
                for side in Side:
                    assert judge(de_wolden, Proposal(**facts), side=side).findings == ()
                    judged += 1
    assert judged >= 12


WRONG = [
    ('fields = ["huurachterstand", "betalingsregeling"]', 'fields = ["huurachterstnd"]', "items[0].fields", "Did you mean"),
    ('category = "FINANCIEN_SCHULDEN", fields', 'category = "FINANCIEN", fields', "items[0].category", "FINANCIEN is not"),
    ('task = "schuldhulp"\n\n[[profiles]]', 'task = "verhuur"\n\n[[profiles]]', "recipients[0].task", "verhuur is not"),
    ('partner = "gemeente"\nbasis = "A6_1_e"\ntask = "schuldhulp"', 'partner = "gemente"\nbasis = "A6_1_e"\ntask = "x"',
     "recipients[0].partner", "Did you mean gemeente?"),
    ('context = "PREVENTIE"', 'context = "PREVENTEI"', "context", "Did you mean PREVENTIE?"),
    ('basis = "A6_1_e"\ntask = "schuldhulp"', 'basis = "A6_1_f"\ntask = "schuldhulp"', "senders", "(R11)"),
    ('{ category = "FINANCIEN_SCHULDEN", fields = ["huurachterstand", "betalingsregeling"] }',
     '{ category = "WERK_INKOMEN", fields = ["inkomen"] }', "items[0]", "WERK_INKOMEN:inkomen may not go from actium"),
    ('{ category = "FINANCIEN_SCHULDEN", fields = ["huurachterstand", "betalingsregeling"] }',
     '{ category = "BSN", fields = ["bsn"] }', "items[0].fields", "bsn is not defined"),
    ('purpose = "P0_ONDERSTEUNING"\ncontext = "PREVENTIE"', 'purpose = "P1_INZICHT"\ncontext = "PREVENTIE"', "purpose", "(R09)"),
    ('partner = "gemeente"\nbasis = "A6_1_e"\ntask = "schuldhulp"',
     'partner = "actium"\nbasis = "A6_1_f"\ntask = "verhuur"', "recipients", "actium has nobody to send to here."),
    ('title = "Vroege melding', 'signal_kind = "FINANCIELE_ZORG"\ntitle = "Vroege melding', "signal_kind", "Only a profile"),
    ('items = [{ category = "FINANCIEN_SCHULDEN", fields = ["huurachterstand", "betalingsregeling"] }]',
     ('items = [{ category = "FINANCIEN_SCHULDEN", fields = ["schuldhulp"] },\n'
      '  { category = "FINANCIEN_SCHULDEN", fields = ["schuldhulp"] }]'), "items", "FINANCIEN_SCHULDEN stands here twice."),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "place", "why"), WRONG, ids=[f"{place}-{why}" for _o, _n, place, why in WRONG])
def test_a_profile_that_could_never_be_sent_is_a_mistake_at_its_line(
    de_wolden_toml: str, old: str, new: str, place: str, why: str
) -> None:
    start = de_wolden_toml.index('code = "HUURACHTERSTAND_VROEG"')
    end = de_wolden_toml.index('code = "EENZAAMHEID_SIGNAAL"')
    part = de_wolden_toml[start:end]
    assert old in part
    found = mistakes(de_wolden_toml[:start] + part.replace(old, new, 1) + de_wolden_toml[end:])
    first, last = (de_wolden_toml[:at].count("\n") for at in (start, end))
    assert found
    for mistake in found:
        line = int(mistake.split(",")[0].removeprefix("Line "))
        assert first <= line <= last + 2
    assert any(f"profiles[1].{place}:" in mistake and why in mistake for mistake in found), found


def test_health_data_stand_in_no_profile_because_what_lifts_secrecy_is_decided_for_each_person(
    de_wolden_toml: str,
) -> None:
    health = de_wolden_toml.replace(
        'items = [{ category = "WELZIJN_HULPVERLENING", fields = ["hulpvraag", "ingezette-hulp"] }]\nnecessity = "Beide',
        'items = [{ category = "GEZONDHEID", fields = ["zorgbehoefte"] }]\nnecessity = "Beide',
    )
    assert health != de_wolden_toml
    found = mistakes(health)
    assert any("decided for each person" in mistake for mistake in found)
    assert any("GEZONDHEID to gemeente needs an exception" in mistake for mistake in found)


def test_a_signal_that_needs_no_person_is_in_no_profile(de_wolden_toml: str) -> None:
    nameless = de_wolden_toml.replace(
        'signal_kind = "EENZAAMHEID"\npurpose', 'signal_kind = "VERVUILING"\npurpose'
    ).replace(
        'items = [{ category = "WELZIJN_HULPVERLENING", fields = ["hulpvraag", "ingezette-hulp"] }]\nnecessity = "Het',
        'items = [{ category = "OVERLAST", fields = ["aantal-meldingen"] }]\nnecessity = "Het',
    )
    (mistake,) = mistakes(nameless)
    assert "profiles[2].items" in mistake
    assert "(R01)" in mistake


def test_a_police_profile_passes_because_the_decision_is_named_when_it_is_sent(de_wolden_toml: str) -> None:
    police = de_wolden_toml.replace(
        "# --- artikel 9.2: bewaartermijnen",
        """[[profiles]]
code = "OVERLAST_AANTALLEN"
title = "Aantallen incidenten"
kind = "disclosure"
purpose = "P0_ONDERSTEUNING"
context = "CASUS"
items = [{ category = "STRAFRECHTELIJK", fields = ["aantal-incidenten", "data-incidenten"] }]
necessity = "Nodig."
proportionality = "Alleen aantallen."
subsidiarity = "Anders niet bekend."
source = "voorstel"
senders = [{ partner = "politie", basis = "A6_1_e", task = "hulpverlening" }]
recipients = [{ partner = "actium", basis = "A6_1_f", task = "verhuur" }]

# --- artikel 9.2: bewaartermijnen""",
    )
    assert mistakes(police) == []


def test_a_code_that_two_profiles_share_is_a_mistake(de_wolden_toml: str) -> None:
    twice = de_wolden_toml.replace('code = "EENZAAMHEID_SIGNAAL"', 'code = "HUURACHTERSTAND_VROEG"')
    assert any("HUURACHTERSTAND_VROEG is defined twice." in mistake for mistake in mistakes(twice))


def test_a_node_refuses_a_signed_covenant_whose_profile_its_gates_refuse(de_wolden: Covenant) -> None:
    document = json.loads(json.dumps(de_wolden.document()))
    document["profiles"][1]["items"][0] = {"category": "WERK_INKOMEN", "fields": ["inkomen"]}
    with pytest.raises(Exception, match=r"profiles\[1\]\.items\[0\]"):
        Covenant.parse(json.dumps(document))


def test_a_covenant_without_profiles_is_written_as_before(
    tiny_toml: str, tiny: Covenant, de_wolden_toml: str, de_wolden_parties: Mapping[str, Party]
) -> None:
    assert "profiles" not in tiny.document()
    assert draft_covenant(tiny_toml, {}).profiles == ()
    assert "profiles" in compile_covenant(de_wolden_toml, de_wolden_parties).document()


def test_a_profile_that_comes_changes_or_goes_is_told_in_words(de_wolden: Covenant) -> None:
    fewer = de_wolden.model_copy(update={"profiles": de_wolden.profiles[1:]})
    assert [(c.section, c.act) for c in changes(de_wolden, fewer)] == [(Section.PROFILES, Act.REMOVED)]
    (chapter,) = chapters(fewer, de_wolden, "en")
    (sentence,) = chapter.sentences
    assert "Zorg over de woonsituatie van een huurder, voor hulp (WOONSITUATIE_HULP) is new" in sentence
    assert "Huisvesting (Staat van de woning and Bewoning)" in sentence
    assert "Welzijn De Wolden (A6_1_f, Maatschappelijke dienstverlening en hulpverlening)" in sentence
    first = de_wolden.profiles[0]
    other = de_wolden.model_copy(
        update={"profiles": (first.model_copy(update={"recipients": first.recipients[:1]}), *de_wolden.profiles[1:])}
    )
    (change,) = changes(de_wolden, other)
    assert (change.act, change.field) == (Act.CHANGED, "recipients")
