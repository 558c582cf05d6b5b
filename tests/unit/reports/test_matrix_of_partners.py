"""The matrix at a glance: what each partner has of each category, from the partners' own answers."""

from __future__ import annotations

from datetime import UTC, datetime
from types import ModuleType

from exchange.reports.matrix import State, matrix
from exchange.reports.titles import Titles

ERASED = datetime(2028, 3, 2, tzinfo=UTC)


def test_scenario_one_reads_as_it_was_played(fakes: ModuleType) -> None:
    item, answer = fakes.item, fakes.answer
    actium = answer(item(), item(partner="gemeente", partner_name="Gemeente De Wolden"))
    welzijn = answer(
        item(direction="received", partner="actium", partner_name="Woningcorporatie Actium"),
        item(category="GEZONDHEID", partner="gemeente", partner_name="Gemeente De Wolden"),
        partner="welzijn", partner_name="Welzijn De Wolden",
    )  # fmt: skip
    gemeente = answer(
        item(direction="received", partner="actium", partner_name="Woningcorporatie Actium"),
        item(direction="received", category="GEZONDHEID"),
        partner="gemeente", partner_name="Gemeente De Wolden",
    )  # fmt: skip
    politie = answer(partner="politie", partner_name="Politie")
    table = matrix([actium, welzijn, gemeente, politie], Titles.of_covenant(fakes.COVENANT))
    assert [slug for slug, _ in table.partners] == ["actium", "welzijn", "gemeente", "politie"]
    assert table.rows("en") == [
        [
            "Huisvesting",
            "own record",
            "knows it from Woningcorporatie Actium",
            "knows it from Woningcorporatie Actium",
            "-",
        ],
        ["Gezondheid", "-", "own record", "knows it from Welzijn De Wolden", "-"],
    ]


def test_a_partner_that_did_not_answer_is_told_apart_from_one_that_did(fakes: ModuleType) -> None:
    table = matrix([fakes.answer(fakes.item())], others=[("politie", "Politie")])
    assert table.cell("HUISVESTING", "welzijn").state is State.TOLD
    assert table.cell("HUISVESTING", "politie").state is State.NOTHING
    assert table.rows("en") == [["Huisvesting", "own record", "-", "sent to it"]]


def test_a_refused_item_is_not_known_and_an_erased_one_no_more(fakes: ModuleType) -> None:
    sender = fakes.answer(fakes.item(rejected=["R05"], category="GEZONDHEID"), fakes.item(erased_at=ERASED))
    receiver = fakes.answer(
        fakes.item(direction="received", partner="actium", erased_at=ERASED), partner="welzijn", partner_name="Welzijn"
    )
    table = matrix([sender, receiver])
    assert table.cell("GEZONDHEID", "welzijn").state is State.REFUSED
    assert table.cell("HUISVESTING", "actium").state is State.ERASED
    assert table.cell("HUISVESTING", "welzijn").state is State.ERASED
    assert table.rows("en")[1][1:] == ["erased", "erased"]


def test_what_is_still_known_outweighs_what_was_erased(fakes: ModuleType) -> None:
    kept = fakes.item(direction="received", partner="actium", partner_name="Actium")
    gone = fakes.item(direction="received", partner="gemeente", partner_name="Gemeente", erased_at=ERASED)
    table = matrix([fakes.answer(gone, kept, partner="welzijn", partner_name="Welzijn")])
    cell = table.cell("HUISVESTING", "welzijn")
    assert (cell.state, cell.sources) == (State.KNOWS, {"Actium"})
