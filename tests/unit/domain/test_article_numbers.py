"""People read the article numbers of their own covenant, also where the rules were written with those of another."""

from __future__ import annotations

import pytest

from exchange.domain.numbering import MODEL, own_articles, own_number, own_numbers
from exchange.domain.refusals import CATALOGUE

OWN = {"1": "4", "2.2": "2", "4.1": "3", "11.1": "6"}


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Noem het doel (art. 4.1).", "Noem het doel (art. 3)."),
        ("Voor dit doel niet (art. 4.1, 11.1).", "Voor dit doel niet (art. 3, 6)."),
        ("Niet nodig (art. 11.1/11.2).", "Niet nodig (art. 6)."),
        ("Geen training (art. 12.1).", "Geen training."),
        ("Niet in uw register (art. 13.1; art. 30 AVG).", "Niet in uw register (art. 30 AVG)."),
        ("Waarom (art. 1).", "Waarom (art. 4)."),
        ("Gebruik de procedure voor derden (art. 8).", "Gebruik de procedure voor derden."),
        ("Purposes (article 4.1)", "Purposes (article 3)"),
        ("Niet die van artikel 8.2.", "Niet die van dit convenant."),
        ("Bijzonder (art. 9 AVG, art. 22-30 UAVG).", "Bijzonder (art. 9 AVG, art. 22-30 UAVG)."),
        ("Art. 18 lid 2 AVG, versie 0.1.0, bedrag 4.10.", "Art. 18 lid 2 AVG, versie 0.1.0, bedrag 4.10."),
    ],
)
def test_a_sentence_cites_the_covenants_own_articles_and_leaves_the_laws_alone(sentence: str, expected: str) -> None:
    assert own_numbers(OWN, sentence) == expected
    assert own_numbers({}, sentence) == sentence, "a covenant with the numbers of the model"


def test_an_own_number_that_the_model_has_for_something_else_is_not_replaced_a_second_time() -> None:
    own = {"8.1": "5.1", "5.1": "7.1", "1": "4.1", "4.1": "1"}
    assert own_numbers(own, "Voor derden (art. 8).") == "Voor derden (art. 5.1)."
    assert own_numbers(own, "For third parties (article 8).") == "For third parties (article 5.1)."
    assert own_numbers(own, "Waarom (art. 1), waarvoor (art. 4.1).") == "Waarom (art. 4.1), waarvoor (art. 1)."


def test_where_it_is_written_is_named_by_own_articles_as_well() -> None:
    assert own_articles(OWN, "4.1; 2.2") == "3; 2"
    assert own_articles(OWN, "3.1; 8.2") == ""
    assert own_articles(OWN, "AVG 9; UAVG 22-30") == "AVG 9; UAVG 22-30"
    assert own_articles({}, "4.1; 2.2") == "4.1; 2.2"
    assert (own_number(OWN, "4.1"), own_number(OWN, "5.1"), own_number({}, "5.1")) == ("3", None, "5.1")


@pytest.mark.parametrize("language", ["nl", "en"])
def test_no_refusal_keeps_a_number_of_the_model_that_the_covenant_has_otherwise(language: str) -> None:
    """Whatever the catalogue cites, is replaced: every article of the model stands for one that no law has."""
    own = {number: str(at) for at, number in enumerate(MODEL, 60)}
    for refusal in CATALOGUE.values():
        sentence = own_numbers(own, refusal.sentence(language=language))
        assert not [number for number in MODEL if "." in number and number in sentence], sentence
        assert "\0" not in own_numbers({"4.1": "3"}, refusal.sentence(language=language))
        assert not set(own_articles(own, refusal.article).split("; ")) & set(MODEL)
