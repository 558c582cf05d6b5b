"""A third party is one, however somebody spells its name; and two that are not the same stay two."""

from __future__ import annotations

import pytest

from exchange.node.third_parties import same_party


@pytest.mark.parametrize(
    "spelled", ["bureau  vermeer", "BUREAU VERMEER", " Bureau Vermeer ", "Búreau Vermeër", "Bureau-Vermeer"]
)
def test_a_third_party_is_one_however_its_name_is_spelled(spelled: str) -> None:
    assert same_party("Bureau Vermeer", spelled)
    assert same_party(spelled, "Bureau Vermeer")


@pytest.mark.parametrize("other", ["Bureau Vermeer Zuid", "Bureau Vermeulen", "Vermeer", "Bureau", "…"])
def test_another_third_party_is_another(other: str) -> None:
    assert not same_party("Bureau Vermeer", other)


def test_an_erased_name_is_nobodys_and_two_names_without_a_letter_are_two() -> None:
    assert not same_party(None, "Bureau Vermeer")
    assert not same_party("***", "###")
    assert same_party("***", "***")
