"""The right language reaches the reader, whatever the terminal or the browser says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange import i18n
from exchange.domain.coherence import Problem
from exchange.errors import CovenantError, CryptoError, InputError

SENTENCE = "A key of {expected} bytes is needed, got {got}."


def test_an_error_speaks_dutch_at_the_edge_and_english_in_the_source() -> None:
    error = CryptoError(SENTENCE, expected=32, got=31)
    dutch = error.localised(i18n.tr("nl"))
    assert dutch != str(error)
    assert "32" in dutch
    assert "31" in dutch
    assert error.localised(i18n.tr("en")) == "A key of 32 bytes is needed, got 31."


def test_an_unknown_language_reads_dutch() -> None:
    assert i18n.tr("fy")(SENTENCE) == i18n.tr("nl")(SENTENCE) != SENTENCE


def test_a_sentence_outside_the_catalog_stays_readable() -> None:
    assert i18n.tr("nl")("Nobody wrote this.") == "Nobody wrote this."
    assert i18n.N_("Marked.") == "Marked."


@pytest.mark.parametrize(
    ("env", "language"),
    [
        ({}, "nl"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "C.UTF-8"}, "nl"),
        ({"LANG": "en_GB", "LC_ALL": "nl_NL.UTF-8"}, "nl"),
        ({"LANGUAGE": "de:en:nl", "LANG": "nl_NL"}, "en"),
    ],
)
def test_a_terminal_gets_the_language_it_asks_for(env: dict[str, str], language: str) -> None:
    assert i18n.from_environment(env) == language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "nl"),
        ("", "nl"),
        ("en", "en"),
        ("en-GB, nl;q=0.5", "en"),
        ("en;q=0.4, nl-NL;q=0.9", "nl"),
        ("de, fr;q=0.9", "nl"),
        ("en;q=0", "nl"),
        ("en;q=nan", "nl"),
        ("en;q=7", "nl"),
        ("en;x=1", "nl"),
    ],
)
def test_a_browser_gets_the_language_it_prefers(header: str | None, language: str) -> None:
    assert i18n.from_header(header) == language


@given(st.text())
def test_no_header_breaks_the_choice(header: str) -> None:
    assert i18n.from_header(header) in i18n.LANGUAGES


def test_a_sentence_inside_a_sentence_speaks_the_same_language() -> None:
    why = CryptoError("An ML-DSA-{level} signature does not hold.", level=65)
    error = InputError("The card file {name} is not acceptable: {why}", name="actium.card.json", why=why)
    assert str(error) == "The card file actium.card.json is not acceptable: An ML-DSA-65 signature does not hold."
    dutch = error.localised(i18n.tr("nl"))
    assert dutch.startswith("Het kaartbestand actium.card.json")
    assert why.localised(i18n.tr("nl")) in dutch


def test_a_contradiction_in_a_compiled_covenant_is_told_in_dutch_as_well() -> None:
    problem = Problem(("matrix", 0, "recipients"), "{name} is not defined in this covenant.", {"name": "KERK"})
    error = CovenantError("The covenant contradicts itself at {place}: {problem}", place="matrix[0]", problem=problem)
    assert "KERK is in dit convenant niet gedefinieerd." in error.localised(i18n.tr("nl"))
