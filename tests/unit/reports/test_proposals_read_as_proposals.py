"""What nobody established does not read as a fact: not in the signed document, not aloud, and not in what changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from exchange.domain.compile import check, draft_covenant
from exchange.domain.covenant import UNSOURCED, Covenant
from exchange.reports.articles import articles
from exchange.reports.changes import chapters
from exchange.reports.covenant_tables import Table

DE_WOLDEN = Path(__file__).resolve().parents[3] / "deploy" / "de-wolden" / "covenant.toml"
MARK = "(voorstel: vast te stellen door de verwerkingsverantwoordelijke)"


@pytest.fixture(scope="module")
def de_wolden() -> Covenant:
    return draft_covenant(DE_WOLDEN.read_text(encoding="utf-8"), {})


def tables(covenant: Covenant) -> dict[str, Table]:
    return {table.title.removesuffix(f" {MARK}"): table for a in articles(covenant, "nl") for table in a.tables}


def test_the_signed_document_itself_says_of_every_rule_whether_it_is_a_proposal(de_wolden: Covenant) -> None:
    document = de_wolden.document()
    rules = [rule for name in ("grounds", "secrecy_regimes", "matrix", "field_rules", "text_rules", "profiles")
             for rule in document[name]]  # fmt: skip
    rules += [task for partner in document["partners"] for task in partner["statutory_tasks"]]
    assert [rule for rule in rules if not isinstance(rule.get("verified"), bool)] == []
    assert document["established"] == ["training_term"]
    assert all(rule["source"] for rule in rules)


def test_only_what_was_read_in_the_law_is_established_in_the_matrix_of_de_wolden(de_wolden: Covenant) -> None:
    law = {row.source for row in de_wolden.matrix if row.verified}
    assert law == {
        "artikel 46 UAVG; artikel 10 Wabb",
        "artikel 33 lid 1 onder a UAVG; artikel 18, 19 en 20 Wpg (de burgemeester ook 16)",
        "artikel 22 lid 2 UAVG: geen eigen uitzondering voor een woningcorporatie",
    }
    assert not any(rule.verified for rule in de_wolden.field_rules)
    assert not any(row.source.startswith("artikel 11.1") for row in de_wolden.matrix), "it says nothing of recipients"


def test_covenant_show_marks_every_rule_that_is_a_proposal_and_no_other(de_wolden: Covenant) -> None:
    found = tables(de_wolden)
    marked = [MARK in row[-1] for row in found["Wie wat mag ontvangen"].rows]
    assert marked == [not row.verified for row in de_wolden.matrix]
    fields = next(table for title, table in found.items() if title.startswith("Velden die nodig zijn voor"))
    assert all(MARK in row[-1] for row in fields.rows)
    assert sum(MARK in row[-1] for row in found["Beroepsgeheim"].rows) == len(found["Beroepsgeheim"].rows) - 1


def test_covenant_show_marks_every_setting_and_the_review_date_unless_established(de_wolden: Covenant) -> None:
    settings = tables(de_wolden)["Instellingen"]
    assert [row for row in settings.rows if MARK not in row[1]] == [
        ["hoe lang een privacytraining geldt", "12 maanden"]
    ]
    (reviewed,) = next(a for a in articles(de_wolden, "nl") if a.number == "15.1").duties
    assert f"01-10-2026 {MARK}" in reviewed
    everything = de_wolden.model_copy(update={"established": UNSOURCED})
    assert not any(MARK in cell for row in tables(everything)["Instellingen"].rows for cell in row)
    assert not any(MARK in table.title for a in articles(everything, "nl") for table in a.tables)


def test_a_document_signed_before_there_were_marks_reads_as_proposals(de_wolden: Covenant) -> None:
    document = de_wolden.document()
    del document["established"]
    for row in document["matrix"]:
        row.pop("verified")
    old = Covenant.parse(json.dumps(document))
    assert old.document() == document, "its bytes are as they were signed"
    assert all(MARK in row[-1] for row in tables(old)["Wie wat mag ontvangen"].rows)
    said = [line for chapter in chapters(old, de_wolden, "nl") for line in chapter.sentences]
    assert any(line.endswith("dit is een voorstel, zoals het was.") for line in said)


def established(covenant: Covenant, **top: Any) -> list[str]:
    document = {**covenant.model_dump(mode="json"), **top}
    return [line for chapter in chapters(covenant, Covenant.model_validate_json(json.dumps(document)), "nl")
            for line in chapter.sentences]  # fmt: skip


@pytest.mark.parametrize("part", ["matrix", "field_rules", "grounds", "profiles", "text_rules", "secrecy_regimes"])
def test_covenant_diff_tells_when_a_proposal_becomes_established(de_wolden: Covenant, part: str) -> None:
    rows = de_wolden.model_dump(mode="json")[part]
    rows[0]["verified"] = True
    said = established(de_wolden, **{part: rows})
    assert said
    assert all(line.endswith(": dit was een voorstel en is vastgesteld.") for line in said)


def test_covenant_diff_tells_when_a_setting_or_the_review_date_becomes_established(de_wolden: Covenant) -> None:
    assert established(de_wolden, established=["training_term", "review_due"]) == [
        "Herziening uiterlijk op: dit was een voorstel en is vastgesteld."
    ]
    assert established(de_wolden, established=[]) == [
        "Hoe lang een privacytraining geldt: dit was vastgesteld en is weer een voorstel."
    ]


def test_covenant_diff_names_the_decision_that_a_rule_now_rests_on(de_wolden: Covenant) -> None:
    rows = de_wolden.model_dump(mode="json")["field_rules"]
    rows[0] |= {"verified": True, "source": "besluit stuurgroep 4 maart 2027"}
    (said,) = established(de_wolden, field_rules=rows)
    assert said.endswith(f"de bron was keuze bij artikel 11.1 {MARK} en wordt besluit stuurgroep 4 maart 2027.")


def test_a_fact_without_a_source_and_an_unknown_name_in_established_are_mistakes() -> None:
    text = DE_WOLDEN.read_text(encoding="utf-8")
    named = text.replace('established = ["training_term"]', 'established = ["training_trem"]')
    assert [m.problem.text() for m in check(named)] == [
        "training_trem is not defined in this covenant. Did you mean training_term?"
    ]
    before, table, rules = text.partition("[[field_rules]]")
    bare = before + table + rules.replace('source = "keuze bij artikel 11.1"\n', "verified = true\n", 1)
    assert {m.problem.text() for m in check(bare) if "field_rules" in m.place} == {"What is verified names its source."}
