"""What ``covenant check`` sees beyond the form: rules nobody ever meets, misspelt tables, and what the reader should know."""

from __future__ import annotations

import json
from datetime import date

import pytest

from exchange.domain.compile import MistakesError, cautions_in, check, draft_covenant
from exchange.domain.covenant import Covenant


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


def test_a_misspelt_table_is_told_once_at_its_line_with_what_was_meant(de_wolden_toml: str) -> None:
    for text in (
        de_wolden_toml.replace("[[matrix]]", "[[matrx]]"),
        de_wolden_toml.replace("[[matrix]]", "[[matrx]]", 1),
    ):
        (mistake,) = check(text)
        assert mistake.line == line_of(text, "[[matrx]]")
        assert mistake.sentence().endswith("matrx: This key is not known here. Did you mean matrix?")


def test_a_misspelt_key_in_a_table_inside_a_table_is_guessed_as_well(de_wolden_toml: str) -> None:
    text = de_wolden_toml.replace("secrecy_bound = true", "secrecy_bond = true", 1)
    (mistake,) = check(text)
    assert (mistake.line, "Did you mean secrecy_bound?" in mistake.sentence()) == (line_of(text, "secrecy_bond"), True)
    (strange,) = check(de_wolden_toml.replace("secrecy_bound = true", "zzz = true", 1))
    assert "Did you mean" not in strange.sentence()


def test_a_number_out_of_bounds_is_told_with_its_bound(de_wolden_toml: str) -> None:
    low = de_wolden_toml.replace("small_cell_threshold = 5", "small_cell_threshold = 1")
    high = de_wolden_toml.replace("small_cell_threshold = 5", "small_cell_threshold = 101")
    assert "it is at least 2." in check(low)[0].sentence()
    assert "it is at most 100." in check(high)[0].sentence()


@pytest.mark.parametrize("written", ["", 'id = "42"\n'])
def test_a_partner_on_paper_is_told_what_its_identifier_is(de_wolden_toml: str, written: str) -> None:
    text = de_wolden_toml.replace('participation = "connected"', f'{written}participation = "paper"', 1)
    (mistake,) = check(text)
    assert "32 hex digits, for instance from openssl rand -hex 16" in mistake.sentence()


@pytest.mark.parametrize(
    ("old", "new", "place", "sentence"),
    [
        (
            'recipient_tasks = ["wmo", "jeugd"]', 'recipient_tasks = ["verhuur"]', "recipient_tasks",
            "GEMEENTE has none of these tasks",
        ),
        (
            'grounds = ["UAVG_22_2_a", "UAVG_22_2_b", "UAVG_22_2_d", "UAVG_22_2_e"]\nsource = "artikel 22',
            'grounds = ["UAVG_22_2_a", "UAVG_30_3_a"]\nsource = "artikel 22', "grounds",
            "UAVG_30_3_a needs a task done by people bound to secrecy (UAVG 30(4)), and WONINGCORPORATIE has none here.",
        ),
        (
            'recipient_tasks = ["wmo", "jeugd"]', 'recipient_tasks = ["schuldhulp"]', "grounds",
            "UAVG_30_1_a needs a task done by people bound to secrecy (UAVG 30(4)), and GEMEENTE has none here.",
        ),
        (
            'category = "ONDERWIJS"\nrecipients = ["GEMEENTE", "WELZIJN"]',
            'category = "ONDERWIJS"\nrecipients = ["GEMEENTE", "POLITIE"]', "recipients",
            "No row of the matrix lets ONDERWIJS go to POLITIE, so this rule serves nobody there.",
        ),
        (
            'category = "ONDERWIJS"\nrecipients = ["GEMEENTE", "WELZIJN"]',
            'category = "ONDERWIJS"\nrecipients = ["DERDE"]', "recipients",
            "No row of the matrix lets ONDERWIJS go to DERDE, so this rule serves nobody there.",
        ),
    ],
)  # fmt: skip
def test_a_rule_that_is_never_met_is_a_mistake(
    de_wolden_toml: str, old: str, new: str, place: str, sentence: str
) -> None:
    text = de_wolden_toml.replace(old, new, 1)
    assert text != de_wolden_toml
    found = check(text)
    assert any(sentence in m.sentence() and m.place.endswith(place) and m.line for m in found), found


def test_a_rule_that_is_never_met_stops_whoever_compiles_but_no_node_that_was_given_it(
    tiny: Covenant, tiny_toml: str
) -> None:
    dead = tiny_toml.replace('category = "VERZUIM"\nfields', 'category = "VERZUIM"\nrecipients = ["school"]\nfields')
    with pytest.raises(MistakesError, match="serves nobody there"):
        draft_covenant(dead, {})
    document = tiny.model_dump(mode="json")
    document["field_rules"][0]["recipients"] = ["school"]
    assert Covenant.parse(json.dumps(document)).field_rules[0].recipients == ("school",)


def test_one_mistake_is_told_once(de_wolden_toml: str) -> None:
    text = de_wolden_toml.replace('retention = "r02"', 'retention = "r99"')
    sentences = [m.sentence() for m in check(text)]
    assert len(sentences) == len(set(sentences))
    twice = de_wolden_toml.replace('recipients = ["DERDE"]', 'recipients = ["DERD", "DERD"]')
    assert sum(m.sentence().count("DERD is not defined") for m in check(twice)) == 1


def test_a_review_date_that_has_passed_is_a_warning_at_its_line(de_wolden_toml: str) -> None:
    text = de_wolden_toml.replace("review_due = 2026-10-01", "review_due = 2020-01-01")
    assert check(text) == []
    (caution,) = cautions_in(text, date(2026, 3, 2))
    assert caution.line == line_of(text, "review_due = 2020")
    assert "01-01-2020 was 2252 days ago (R27)" in caution.sentence()
    assert cautions_in(de_wolden_toml, date(2026, 10, 1)) == []
    assert len(cautions_in(de_wolden_toml, date(2026, 10, 2))) == 1


def test_a_partner_that_nobody_can_reach_is_a_warning(de_wolden_toml: str) -> None:
    text = de_wolden_toml.replace('contact = "privacy@actium.example; 000-000 00 13"\n', "")
    (caution,) = cautions_in(text, date(2026, 3, 2))
    assert "actium has no contact" in caution.sentence()


def test_the_whole_document_is_named_in_the_readers_language() -> None:
    (mistake,) = check("x" * 1_000_001)
    dutch = {"the document as a whole": "het document als geheel"}
    assert mistake.sentence(lambda text: dutch.get(text, text)).startswith("het document als geheel:")
