"""The difference between two generations is complete: nothing that is signed can change without a line that says so."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from exchange.domain.covenant import Covenant
from exchange.domain.difference import Act, Change, Section, boxes, changes
from exchange.reports.changes import chapters

ALTERNATIVES = {
    "environment": ["DEMO", "ACCEPTANCE", "PRODUCTION"],
    "participation": ["connected", "paper"],
    "regime": ["AVG", "WPG"],
    "mark": ["none", "special", "criminal", "ban", "bsn"],
    "condition": ["allow", "exception", "wpg", "never"],
    "review_overdue": ["warn", "refuse"],
    "trigger": ["ONTVANGST", "EERSTE_VERWERKING", "LAATSTE_WIJZIGING"],
    "status": ["voorstel", "vastgesteld"],
    "period": ["P6W", "P1Y", "P2Y6M"],
    "cap": ["P6W", "P1Y", "P2Y6M"],
    "review_due": ["2026-10-01", "2028-10-01"],
    "kinds": ["signal", "disclosure"],
    "notice_before": ["signal", "disclosure"],
    "weighing_before": ["signal", "disclosure"],
    "register_before": ["signal", "disclosure"],
    "training_term": ["P12M", "P2Y"],
    "training_lapsed": ["warn", "refuse"],
    "exception_review": ["P13W", "P1M"],
    "acknowledge_within": ["P2W", "P1M"],
    "wpg_reading": ["refuse", "reason"],
    "within": ["zuidwolde", "ruinen"],
    "until": ["P6M", "P1Y", "P5Y"],
    "use": ["VRIJ", "ALLEEN_VERGELIJKEN", "ALLEEN_KLACHT_EN_VERANTWOORDING"],
}
"""Values a field can have besides the one it has; everything else is varied by its type."""


def plain(covenant: Covenant) -> dict[str, Any]:
    found: dict[str, Any] = covenant.model_dump(mode="json")
    return found


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The place of every single value in a document."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*path, key))
    else:
        yield path


def other(path: tuple[str | int, ...], value: Any) -> list[Any]:
    """Values that could stand there instead."""
    name = next(part for part in reversed(path) if isinstance(part, str))
    if name in ALTERNATIVES:
        return [choice for choice in ALTERNATIVES[name] if choice != value]
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1]
    if value is None:
        return ["a" * 64, "P1Y", "r02", {"v": 1}]
    digit = "1" if str(value)[-1:] == "0" else "0"
    return [f"{value}x", f"{value}X", f"{str(value)[:-1]}{digit}", "actium"]


def replaced(document: dict[str, Any], path: tuple[str | int, ...], value: Any) -> Covenant | None:
    """The covenant with one value replaced; None when the form does not allow that."""
    changed = copy.deepcopy(document)
    owner: Any = changed
    for part in path[:-1]:
        owner = owner[part]
    owner[path[-1]] = value
    try:
        return Covenant.model_validate_json(json.dumps(changed))
    except ValidationError:
        return None


def said(old: Covenant, new: Covenant) -> list[str]:
    return [line for chapter in chapters(old, new, "nl") for line in chapter.sentences]


def test_a_covenant_does_not_differ_from_itself(de_wolden: Covenant, tiny: Covenant) -> None:
    for covenant in (de_wolden, tiny):
        again = Covenant.model_validate_json(json.dumps(covenant.document()))
        assert changes(covenant, again) == ()
        assert chapters(covenant, again, "nl") == []


def variants(covenant: Covenant, path: tuple[str | int, ...]) -> list[Covenant]:
    """The covenant with another value at one place, for every other value the form allows there."""
    document = plain(covenant)
    made = [replaced(document, path, value) for value in other(path, document_at(document, path))]
    return [new for new in made if new is not None and new.document() != covenant.document()]


def assert_said(old: Covenant, new: Covenant, path: tuple[str | int, ...]) -> None:
    assert changes(old, new), path
    lines = said(old, new)
    assert lines, path
    assert not [line for line in lines if "{" in line or "None" in line], path


def test_every_single_value_that_changes_is_said(tiny: Covenant) -> None:
    tried = set()
    for path in leaves(plain(tiny)):
        for new in variants(tiny, path):
            tried.add(path)
            assert_said(tiny, new, path)
    assert {path for path in leaves(plain(tiny)) if path not in tried} == {("format",)}


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_value_anywhere_in_a_large_covenant_that_changes_is_said(de_wolden: Covenant, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(list(leaves(plain(de_wolden)))))
    for new in variants(de_wolden, path):
        assert_said(de_wolden, new, path)


def document_at(document: Any, path: tuple[str | int, ...]) -> Any:
    for part in path:
        document = document[part]
    return document


LISTS = (
    "partners",
    "purposes",
    "contexts",
    "areas",
    "signal_kinds",
    "grounds",
    "categories",
    "matrix",
    "field_rules",
    "text_rules",
    "profiles",
    "retention",
)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_row_that_comes_goes_or_moves_is_said_and_so_is_the_way_back(
    de_wolden: Covenant, data: st.DataObject
) -> None:
    document = plain(de_wolden)
    name = data.draw(st.sampled_from(LISTS))
    rows = document[name]
    if data.draw(st.booleans()):
        rows = [rows[at] for at in data.draw(st.permutations(range(len(rows))))]
    gone = data.draw(st.integers(0, len(rows)))
    document[name] = [row for at, row in enumerate(rows) if at != gone]
    try:
        new = Covenant.model_validate_json(json.dumps(document))
    except ValidationError:
        return
    differs = new.document() != de_wolden.document()
    assert bool(changes(de_wolden, new)) is differs
    assert bool(changes(new, de_wolden)) is differs
    assert bool(said(de_wolden, new)) is differs


@given(st.lists(st.tuples(*(st.sampled_from("abc"),) * 3), max_size=20))
def test_boxes_stand_for_exactly_their_keys_each_once(keys: list[tuple[str, ...]]) -> None:
    inside = [
        (first, second, third)
        for axis1, axis2, axis3 in boxes(keys)
        for first in axis1
        for second in axis2
        for third in axis3
    ]
    assert sorted(inside) == sorted(set(keys))


def changed(covenant: Covenant, **top: Any) -> Covenant:
    return Covenant.model_validate_json(json.dumps({**plain(covenant), **top}))


def test_a_row_written_as_two_changes_nothing_but_the_order(tiny: Covenant) -> None:
    document = plain(tiny)
    row = document["matrix"][1]
    one = changed(tiny, matrix=[{**row, "recipients": ["GGD", "SCHOOL"]}])
    two = changed(tiny, matrix=[{**row, "recipients": ["SCHOOL"]}, {**row, "recipients": ["GGD"]}])
    assert [(c.section, c.field) for c in changes(one, two)] == [(Section.COVENANT, "order")]
    assert "fingerprint" in chapters(one, two, "en")[0].sentences[0]


def test_a_recipient_added_to_a_row_is_one_change_about_that_recipient(tiny: Covenant) -> None:
    row = plain(tiny)["matrix"][1]
    wider = changed(tiny, matrix=[plain(tiny)["matrix"][0], {**row, "recipients": ["GGD", "SCHOOL"]}])
    (change,) = changes(tiny, wider)
    assert (change.section, change.act, change.subject) == (
        Section.MATRIX, Act.ADDED, (("KINDGEZONDHEID",), ("SCHOOL",), ("*",)),
    )  # fmt: skip


@pytest.mark.parametrize(("before", "after"), [("connected", "paper"), ("paper", "connected")])
def test_joining_and_leaving_the_exchange_is_told_once_and_not_as_a_change_of_keys(
    tiny: Covenant, before: str, after: str
) -> None:
    def taking_part(how: str) -> Covenant:
        partners = plain(tiny)["partners"]
        partners[0] |= {"participation": how, "card": {"sign": "f" * 64} if how == "connected" else None}
        return changed(tiny, partners=partners)

    (change,) = changes(taking_part(before), taking_part(after))
    assert change == Change(Section.PARTNERS, Act.CHANGED, (("school",),), "participation", before, after)


def test_another_key_on_a_card_is_told_by_its_role(tiny: Covenant) -> None:
    partners = plain(tiny)["partners"]
    partners[0]["card"] = {"sign": "1" * 64, "root": {"ed25519": "2" * 64}}
    one = changed(tiny, partners=partners)
    partners[0]["card"]["root"] = {"ed25519": "3" * 64}
    two = changed(tiny, partners=partners)
    assert [c.field for c in changes(one, two)] == ["card.root.ed25519"]
    (sentence,) = chapters(one, two, "en")[0].sentences
    assert "another root key" in sentence
