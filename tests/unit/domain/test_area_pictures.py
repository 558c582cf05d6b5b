"""Area pictures show nobody: not by a small count, not by subtraction, not beside an earlier picture."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exchange.domain.areas import ALL_KINDS, Cell, Period, Published, Table, protect, tabulate
from exchange.domain.identifying import names_somebody, points_at_somebody
from exchange.errors import InputError

WITHIN = {"dorp": None, "plein": "dorp", "laan": "dorp", "buiten": None}
QUARTER = Period(date(2026, 1, 1), date(2026, 3, 31))
JANUARY, FEBRUARY, MARCH = (
    Period(date(2026, 1, 1), date(2026, 1, 31)),
    Period(date(2026, 2, 1), date(2026, 2, 28)),
    Period(date(2026, 3, 1), date(2026, 3, 31)),
)
K = 5


def picture(reports: Mapping[tuple[str, str], int], period: Period = QUARTER, earlier: list[Published] | None = None):
    table = tabulate({Cell(*cell): count for cell, count in reports.items()}, WITHIN)
    return table, protect(table, K, period, earlier or [])


def published(
    reports: Mapping[tuple[str, str], int], period: Period, earlier: list[Published] | None = None
) -> Published:
    table, hidden = picture(reports, period, earlier)
    return Published(period, table.counts, hidden)


def test_a_small_count_is_hidden_and_a_large_one_is_shown() -> None:
    table, hidden = picture({("plein", "JEUGD"): 12, ("buiten", "JEUGD"): 2})
    assert Cell("buiten", "JEUGD") in hidden
    assert Cell("plein", "JEUGD") not in hidden
    assert table.counts["dorp", "JEUGD"] == 12


def test_a_small_count_does_not_follow_from_the_total_of_its_village() -> None:
    _, hidden = picture({("plein", "JEUGD"): 12, ("laan", "JEUGD"): 2})
    assert Cell("laan", "JEUGD") in hidden
    assert Cell("plein", "JEUGD") in hidden or Cell("dorp", "JEUGD") in hidden


def test_two_small_counts_are_not_known_to_be_small_together() -> None:
    _, hidden = picture({("plein", "JEUGD"): 1, ("laan", "JEUGD"): 2, ("plein", "AFVAL"): 30, ("laan", "AFVAL"): 30})
    assert Cell("dorp", "JEUGD") in hidden


def test_reports_for_the_village_as_a_whole_count_in_its_total() -> None:
    table, _ = picture({("dorp", "JEUGD"): 7, ("plein", "JEUGD"): 6})
    assert table.counts["dorp", "JEUGD"] == 13
    assert table.counts["dorp:elders", "JEUGD"] == 7


def consistent(table: Table, hidden: frozenset[Cell], most: int) -> dict[Cell, set[int]]:
    """Everything a reader who tries all numbers can still believe of each hidden cell."""
    totals = {one.total for one in table.sums}
    leaves = [cell for cell in table.counts if cell not in totals]
    unknown = [cell for cell in leaves if cell in hidden]
    believed: dict[Cell, set[int]] = {cell: set() for cell in hidden}
    for values in itertools.product(range(most + 1), repeat=len(unknown)):
        guess = {cell: table.counts[cell] for cell in leaves} | dict(zip(unknown, values, strict=True))
        for one in table.sums:  # parts stand before what they add up to
            guess[one.total] = sum(guess[part] for part in one.parts)
        if all(guess[cell] == count for cell, count in table.counts.items() if cell not in hidden):
            for cell in hidden:
                believed[cell].add(guess[cell])
    return believed


SMALL_TABLES = st.dictionaries(
    st.tuples(st.sampled_from(["plein", "laan", "dorp", "buiten"]), st.sampled_from(["A", "B"])),
    st.integers(0, 9),
    max_size=6,
)


@settings(max_examples=80, deadline=None)
@given(SMALL_TABLES)
@example({("plein", "A"): 9, ("plein", "B"): 4, ("laan", "A"): 9, ("laan", "B"): 1})
def test_a_reader_who_tries_every_number_cannot_pin_a_small_count_down(reports: dict[tuple[str, str], int]) -> None:
    table, hidden = picture(reports)
    unknown = [c for c in hidden if c not in {s.total for s in table.sums}]
    if len(unknown) > 4:
        return
    believed = consistent(table, hidden, 10)  # no reader knows that the counts end at 9
    assert all(len(values) > 1 for cell, values in believed.items() if table.counts[cell]), (table.counts, hidden)


@given(SMALL_TABLES)
def test_no_small_count_is_ever_shown(reports: dict[tuple[str, str], int]) -> None:
    table, hidden = picture(reports)
    assert all(not 0 < count < K for cell, count in table.counts.items() if cell not in hidden)
    for cell in table.counts:
        if cell.kind == ALL_KINDS:
            kinds = [c for c in table.counts if c.area == cell.area and c.kind != ALL_KINDS]
            assert table.counts[cell] == sum(table.counts[c] for c in kinds)


@given(SMALL_TABLES, SMALL_TABLES)
def test_two_versions_of_a_picture_do_not_show_the_few_reports_in_between(one, two) -> None:
    first = published(one, QUARTER)
    table, hidden = picture(two, QUARTER, [first])
    for cell, count in table.counts.items():
        shown = first.shown(cell)
        if cell not in hidden and shown is not None:
            assert not 0 < abs(count - shown) < K


def test_a_quarter_less_two_of_its_months_does_not_show_the_third() -> None:
    earlier = [published({("plein", "A"): 10}, JANUARY), published({("plein", "A"): 9}, FEBRUARY)]
    _, hidden = picture({("plein", "A"): 21}, QUARTER, earlier)
    assert Cell("plein", "A") in hidden
    _, hidden = picture({("plein", "A"): 19}, QUARTER, earlier)
    assert Cell("plein", "A") not in hidden, "nothing in March is no small number"


def test_the_last_month_of_a_published_quarter_does_not_show_a_hidden_month() -> None:
    january = published({("plein", "A"): 2}, JANUARY)
    assert january.shown(Cell("plein", "A")) is None
    quarter = published({("plein", "A"): 22}, QUARTER, [january])
    february = published({("plein", "A"): 10}, FEBRUARY, [january, quarter])
    march = published({("plein", "A"): 10}, MARCH, [january, quarter, february])
    shown = [p.shown(Cell("plein", "A")) for p in (quarter, february, march)]
    assert None in shown, "22 - 10 - 10 would be what January hides"


@pytest.mark.parametrize(
    ("first", "last"),
    [("2026-01-01", "2026-01-30"), ("2026-01-02", "2026-01-31"), ("2026-02-01", "2026-04-30"), ("2026-01-01", "2026-02-28"),
     ("2026-03-31", "2026-01-01")],
)  # fmt: skip
def test_a_period_that_could_be_shifted_by_days_is_refused(first: str, last: str) -> None:
    with pytest.raises(InputError, match="calendar month, quarter or year"):
        Period.of(date.fromisoformat(first), date.fromisoformat(last))


def test_months_quarters_and_years_are_periods_leap_years_too() -> None:
    for first, last in (("2024-02-01", "2024-02-29"), ("2026-10-01", "2026-12-31"), ("2026-01-01", "2026-12-31")):
        assert Period.of(date.fromisoformat(first), date.fromisoformat(last))


# ------------------------------------------------------------------------------------------------ texts


@pytest.mark.parametrize(
    "text",
    [
        "Steeds herrie op Fictielaan 12 in Zuidwolde.",
        "Bij 7921 AB 12 staat de muziek hard.",
        "Bel mij op 06-12345678.",
        "Mail naar iemand@voorbeeld.nl",
        "Hij is geboren op 5 november 1964.",
        "Mevrouw Nepstra klaagt steeds.",
        "Familie Kunst-Matig heeft ruzie.",
    ],
)
def test_a_text_that_leads_to_one_door_points_at_somebody(text: str) -> None:
    assert points_at_somebody(text)


@pytest.mark.parametrize(
    "text",
    [
        "Op het Proefplein hangen jongeren, 's avonds na tien uur.",
        "Drie meldingen in maart 2026 over zwerfafval bij de speeltuin.",
        "Rond de Dorpsweg ontbreekt verlichting.",
        "",
    ],
)
def test_a_text_about_a_place_points_at_nobody(text: str) -> None:
    assert not points_at_somebody(text)


def test_somebody_of_the_register_is_recognised_by_name_and_others_are_not() -> None:
    people = [("Sem", "Verzinsel"), ("Demi Anna", "Nepstra")]
    assert names_somebody("Vooral sem verzinsel en zijn vrienden.", people)
    assert names_somebody("Sem van Verzinsel was er ook.", people)
    assert not names_somebody("Een groep rond het plein; verzinsel is het niet.", people)
