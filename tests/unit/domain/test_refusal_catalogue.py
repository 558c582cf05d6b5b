"""The catalogue holds every code once, in both languages, and never needs anything a partner chose."""

from __future__ import annotations

import string

import pytest

from exchange.domain.refusals import CATALOGUE, refusal
from exchange.errors import InputError


def test_every_code_from_r01_to_r36_is_there_in_order() -> None:
    assert list(CATALOGUE) == [f"R{n:02d}" for n in range(1, 37)]
    assert len({r.name for r in CATALOGUE.values()}) == len(CATALOGUE)


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_every_sentence_reads_well_without_any_parameter(code: str) -> None:
    entry = refusal(code)
    for language, template in (("nl", entry.nl), ("en", entry.en)):
        names = {name for _, name, _, _ in string.Formatter().parse(template) if name}
        assert names <= {"recipient", "partner", "field", "ground"}
        sentence = entry.sentence(language=language)
        assert "{" not in sentence
        assert sentence.rstrip(")").endswith(".") or sentence.endswith(".)")
    assert entry.status in {200, 400, 403, 404, 409, 410, 422}
    assert entry.article


def test_names_from_the_covenant_are_filled_in() -> None:
    assert "Welzijn De Wolden" in refusal("R05").sentence({"recipient": "Welzijn De Wolden"})
    assert "the recipient" in refusal("R05").sentence(language="en")


def test_an_unknown_code_is_one_clear_error() -> None:
    with pytest.raises(InputError):
        refusal("R99")
