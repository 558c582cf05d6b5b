"""A table on a narrow screen: the widest column gives way first, and what is there to be copied stays whole."""

from __future__ import annotations

import pytest

from exchange.cli.columns import BETWEEN, EDGES, widths

HEADINGS = ("Bezwaar", "Persoon", "Beperking opgeheven")
ROW = ("8c293678-45ff-48a5-9888-9aab51273525", "Sanne Fictief (12-05-1961)", "nog beperkt")


def total(found: list[int]) -> int:
    return sum(found) + EDGES + BETWEEN * (len(found) - 1)


def test_what_fits_gets_all_it_asks_for() -> None:
    assert widths(HEADINGS, [ROW], 120) == [36, 26, 19]


@pytest.mark.parametrize("room", range(66, 92))
def test_no_word_breaks_as_long_as_the_longest_words_fit(room: int) -> None:
    found = widths(HEADINGS, [ROW], room)
    assert found is not None
    assert total(found) <= room
    for column, width in zip(zip(HEADINGS, ROW, strict=True), found, strict=True):
        assert all(len(word) <= width for text in column for word in text.split())


def test_a_heading_gives_way_before_a_name_breaks_into_letters() -> None:
    found = widths(HEADINGS, [ROW], 80)
    assert found is not None
    assert found[1] >= len("(12-05-1961)")
    assert found[2] < len(HEADINGS[2])


def test_on_a_narrow_screen_words_break_and_the_longest_code_does_not() -> None:
    codes = "FINANCIEN_SCHULDEN:betalingsregeling,"
    found = widths(("Wat", "Zo te typen", "Wanneer"), [("levensovertuigingen", codes, "maatschappelijk-werkers")], 78)
    assert found is not None
    assert found[1] == len(codes)
    assert total(found) <= 78


def test_where_nothing_fits_nothing_is_promised() -> None:
    assert widths(HEADINGS, [ROW], 40) is None


def test_a_table_of_empty_cells_has_columns() -> None:
    assert widths(("", ""), [("", "")], 80) == [0, 0]
