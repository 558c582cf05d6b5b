"""A refusal reads in the reader's language and never loses its article."""

from __future__ import annotations

import pytest

from exchange.domain.numbering import numbering_of
from exchange.domain.proposal import Finding
from exchange.domain.refusals import CATALOGUE
from exchange.node.drafting import answers
from exchange.node.facts_forms import DutyAnswer
from exchange.node.forms import Explanation, GateAnswer, RefusalAnswer
from exchange.reports.refusals import duty_in_language, explained, frame_reason, in_language


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


def test_a_review_that_is_overdue_warns_that_the_exchange_goes_on_and_does_not_say_that_it_is_over() -> None:
    (dutch,) = answers([Finding("R27", params={"day": "01-10-2026"})], "welzijn", 1, warning=True)
    answer = Explanation(partner="welzijn", allowed=True, refusals=[], warnings=[dutch], gates=[])
    for language, said in (("nl", "gaat door tot de partners"), ("en", "goes on until the partners")):
        (warning,) = explained([answer], language)[0].warnings
        assert "(01-10-2026)" in warning.text
        assert said in warning.text
        assert CATALOGUE["R27"].sentence(language=language) != warning.text
    assert (
        explained([answer.model_copy(update={"warnings": [], "refusals": [dutch]})], "en")[0].refusals[0].text
        == CATALOGUE["R27"].en
    )


def test_no_sentence_says_what_only_one_of_its_causes_makes_true() -> None:
    training, task, passing_on = (CATALOGUE[code] for code in ("R26", "R07", "R29"))
    assert not any(character.isdigit() for character in training.nl.replace("12.1", ""))  # the covenant sets the term
    assert "past" in task.nl  # a task may have been named, but none that fits
    assert passing_on.nl.index("7 lid 2 Wpg") < passing_on.nl.index("onbekende herkomst")
    assert "onbekende herkomst" not in passing_on.nl.split(". ")[0]


def test_the_gates_that_looked_are_told_in_the_readers_language_with_the_articles_of_his_covenant() -> None:
    gate = GateAnswer(code="R07", title="Own statutory task", article="3.1; 8.2", outcome="allow")
    answer = Explanation(partner="welzijn", allowed=True, refusals=[], gates=[gate])
    ((dutch,), (english,)) = (explained([answer], language)[0].gates for language in ("nl", "en"))
    assert (dutch.code, dutch.title, dutch.article) == ("R07", "Eigen wettelijke taak", "3.1; 8.2")
    assert english == gate
    (own,) = explained([answer], "nl", numbering_of({"numbering": {"3.1": "7.2"}}))[0].gates
    assert own.article == "7.2"


@pytest.mark.parametrize(
    ("language", "expected"), [("nl", "is voor dit doel en deze ontvanger niet nodig (art. 6)."), ("en", "(art. 6).")]
)
def test_a_refusal_cites_the_article_of_the_readers_own_covenant(language: str, expected: str) -> None:
    numbering = numbering_of({"numbering": {"11.1": "6", "4.1": "3"}})
    refusal = CATALOGUE["R17"]
    model = RefusalAnswer(
        code="R17", name=refusal.name, article=refusal.article, text=refusal.sentence({}), partner="actium"
    )
    own = in_language(model, language, numbering)
    assert own.text.endswith(expected)
    assert (own.article, "11." in own.text) == ("6", False)
    answer = Explanation(partner="actium", allowed=False, refusals=[model], duties=[model], gates=[])
    (shown,) = explained([answer], language, numbering)
    assert (shown.refusals, shown.duties) == ([own], [own])
    assert numbering_of({}) == {}


def test_a_duty_cites_it_as_well() -> None:
    duty = DutyAnswer.model_construct(code="R33", text="")
    assert duty_in_language(duty, "nl", {"11.1": "6"}).text.endswith("(art. 6).")
    assert duty_in_language(duty, "en").text.endswith("(art. 11.1).")


def test_a_frame_that_was_refused_cites_it_as_well() -> None:
    assert frame_reason("bad-signature", "nl").endswith("de ondertekening klopt niet (art. 6.2).")
    assert frame_reason("bad-signature", "nl", {"6.2": "7"}).endswith("(art. 7).")
    assert frame_reason("bad-signature", "nl", {"4.1": "3"}).endswith("de ondertekening klopt niet.")
    assert frame_reason("clock", "nl", {"6.2": "7"}) == "clock"


@pytest.mark.parametrize(("language", "review", "other"), [
    ("nl", "De herzieningsdatum van dit convenant is verstreken", "hoort bij een ander convenant"),
    ("en", "The review date of this covenant has passed", "belongs to another covenant"),
])  # fmt: skip
def test_another_covenant_and_a_review_that_is_overdue_are_the_same_code_in_a_sentence_of_their_own(
    language: str, review: str, other: str
) -> None:
    overdue = CATALOGUE["R27"].sentence({}, language=language)
    assert review in overdue
    assert other not in overdue
    for reason in ("other-covenant", "generation-over", "no-covenant"):
        said = frame_reason(reason, language)
        assert said.startswith(f"{reason}: R27 ")
        assert other in said
        assert review not in said
