"""A citizen service number does not get through in free text; a date, telephone number or amount does not get in the way."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.domain.bsn import BsnFinding, passes_eleven_proof, scan

WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2)


def _complete(eight: int) -> str | None:
    """The nine digits that start with these eight and pass, if there are any."""
    digits = f"{eight:08d}"
    last = sum(w * int(d) for w, d in zip(WEIGHTS, digits, strict=True)) % 11
    return f"{digits}{last}" if last < 10 and int(digits) > 0 else None


numbers = st.integers(1, 99_999_999).map(_complete).filter(lambda n: n is not None)
separators = st.sampled_from(
    ["", " ", ".", "-", "/", "  ", " - ", "\u00a0", "\u200b", "\u2013", "\t", "\n", "_", "\u00ad", ", ", " " * 7]
) | st.sampled_from(["." * 12, "\n" + " " * 40, " | ", "\u00a0" * 9])
words_around = st.text(st.characters(categories=["Ll", "Lu", "Zs"]), max_size=20)
SCRIPTS = [0x30, 0x660, 0x6F0, 0x966, 0xFF10, 0x1D7CE]
"""ASCII, Arabic-Indic, Persian, Devanagari, full width, mathematical bold."""


@given(number=numbers, gaps=st.lists(separators, min_size=8, max_size=8), before=words_around, after=words_around)
def test_nine_digits_are_found_however_they_are_separated(
    number: str, gaps: list[str], before: str, after: str
) -> None:
    written = "".join(d + g for d, g in zip(number, [*gaps, ""], strict=True))
    found = scan(f"{before} {written} {after}")
    # What is written like a date with one more digit, or like an amount, is asked about; nothing passes unseen.
    assert found is not BsnFinding.NONE


@given(
    number=numbers,
    gap=st.sampled_from([" ", ".", "-", ""]),
    before=words_around,
    at=st.lists(st.integers(1, 8), max_size=3),
)
def test_the_usual_ways_of_writing_are_refused_outright(number: str, gap: str, before: str, at: list[int]) -> None:
    written = "".join((gap if n in at else "") + d for n, d in enumerate(number))
    found = scan(f"{before}: {written}")
    looks_like_a_date = number[4:6] in {"19", "20"} or number[:2] in {"19", "20"} or "19" in number or "20" in number
    assert found is BsnFinding.CERTAIN or (looks_like_a_date and found is BsnFinding.ASK)


@given(number=numbers, zero=st.sampled_from(SCRIPTS))
def test_digits_of_another_script_are_digits(number: str, zero: int) -> None:
    foreign = "".join(chr(zero + int(d)) for d in number)
    assert scan(f"zie {foreign}.") is BsnFinding.CERTAIN


@given(number=numbers, word=st.sampled_from(["BSN", "bsn-nummer", "sofinummer", "burgerservicenummer", "B.S.N."]))
def test_eight_digits_beside_a_word_for_it_are_refused(number: str, word: str) -> None:
    written = number.removeprefix("0")
    assert scan(f"{word}: {written}") is BsnFinding.CERTAIN
    assert scan(f"{written} ({word})") is BsnFinding.CERTAIN


@given(st.integers(10_000_000, 99_999_999))
def test_eight_digits_alone_are_asked_about_only_when_they_could_be_one(eight: int) -> None:
    text = f"dossier {eight} van de gemeente"
    assert scan(text) is (BsnFinding.ASK if passes_eleven_proof(str(eight)) else BsnFinding.NONE)


@given(st.dates())
def test_a_date_is_left_alone(day: object) -> None:
    text = f"{day:%d-%m-%Y}"
    if "1900" <= text[-4:] <= "2099":
        assert scan(f"op {text} gezien") is BsnFinding.NONE
        assert scan(f"op {day:%Y-%m-%d} gezien") is BsnFinding.NONE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "geen cijfers",
        "12",
        "bel 06-12345678",
        "bel 0528-123456",
        "bel +31 6 1234 5678",
        "€ 1.840,00 achterstand",
        "Fictielaan 12, 7921 AB Zuidwolde",
        "NL91 ABNA 0417 1643 00",
        "1234567",
        "999990343",
        "000000000",
        "kenmerk 1999990342",
        "x" * 10_000,
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert scan(text) is BsnFinding.NONE


@pytest.mark.parametrize("text", ["bsn 0999990342", "sofi: 00999990342", "BSN nummer 1999990342"])
def test_padding_does_not_hide_a_named_number(text: str) -> None:
    assert scan(text) is BsnFinding.CERTAIN


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("€ 9.999.903,42", BsnFinding.ASK),
        ("bsn € 9.999.903,42", BsnFinding.CERTAIN),
        ("bel +31 999990342", BsnFinding.CERTAIN),
        ("01-01-2000 2 keer", BsnFinding.ASK),
        ("sofi 01-01-2000 2", BsnFinding.CERTAIN),
    ],
)
def test_a_number_dressed_up_as_something_else_is_not_overlooked(text: str, found: BsnFinding) -> None:
    assert scan(text) is found


def test_combining_and_invisible_characters_do_not_hide_it() -> None:
    assert scan("9\u03369\u03369\u03369\u03369\u03360\u03363\u03364\u03362\u0336") is BsnFinding.CERTAIN
    assert scan("99\u2060999\ufeff0342") is BsnFinding.CERTAIN


def test_a_letter_breaks_a_number() -> None:
    assert scan("9999é90342") is BsnFinding.NONE
    assert scan("9999a90342") is BsnFinding.NONE


@given(st.text(max_size=200))
def test_any_text_at_all_is_answered(text: str) -> None:
    assert scan(text) in BsnFinding


def test_a_hostile_text_takes_no_more_than_linear_time() -> None:
    for hostile in ("1 " * 32_000, "9" * 64_000, "bsn 1" * 12_000, "01-01-2000 " * 6_000, "12345672 " * 7_000):
        started = time.perf_counter()
        scan(hostile)
        assert time.perf_counter() - started < 3
