"""A refusal reads in the reader's language and never loses its article."""

from __future__ import annotations

from exchange.domain.proposal import Finding
from exchange.domain.refusals import CATALOGUE
from exchange.node.drafting import answers
from exchange.node.forms import Explanation, RefusalAnswer
from exchange.reports.refusals import explained, in_language


def test_every_refusal_has_an_english_sentence_that_differs_from_the_dutch() -> None:
    for code, refusal in CATALOGUE.items():
        dutch = RefusalAnswer(
            code=code, name=refusal.name, article=refusal.article, text=refusal.sentence({"recipient": "welzijn"}),
            partner="welzijn",
        )  # fmt: skip
        english = in_language(dutch, "en")
        assert english.text != dutch.text, code
        assert (english.code, english.article, english.partner) == (code, refusal.article, "welzijn")
        assert in_language(dutch, "nl") == dutch


def test_an_english_reader_hears_which_field_and_which_partner_as_a_dutch_one_does() -> None:
    for finding, name in (
        (Finding("R17", 0, {"field": "inkomen"}), "The field inkomen"),
        (Finding("R05", 0, {"recipient": "Actium"}), "holds for Actium"),
        (Finding("R17", 0), "The field given here"),
    ):
        (dutch,) = answers([finding], "actium", 1)
        assert all(value in dutch.text for value in finding.params.values())
        assert name in in_language(dutch, "en").text
        assert in_language(dutch, "en").name == dutch.name


def test_a_code_of_a_newer_release_is_shown_as_it_came() -> None:
    newer = RefusalAnswer(code="R99", name="NIEUW", article="1", text="iets nieuws", partner="welzijn")
    assert in_language(newer, "en").text == "iets nieuws"
    answer = Explanation(partner="welzijn", allowed=False, refusals=[newer], gates=[])
    assert explained([answer], "en") == [answer]
