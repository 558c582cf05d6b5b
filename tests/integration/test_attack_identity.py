"""A hostile partner that lets something else travel with who somebody is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from memory_world import Mallory, MemoryWorld

from exchange.wire import messages as m

JELLE = {"given_names": "Jelle", "family_name": "Verzonnen", "birth_date": "1964-11-05"}
WHO = {"category": "IDENTIFICATIE", "field": "naam", "value": ""}
SECRET = "Hij is depressief en gebruikt."


@pytest.fixture
async def world(founded: Path, tmp_path: Path):
    async with MemoryWorld.copied(founded, tmp_path, ("actium", "gemeente")) as made:
        yield made


def who(identity: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    """An item that tells who somebody is."""
    told = m.Identity(**(JELLE if identity is None else identity)).model_dump(mode="json", exclude_none=True)
    return {**WHO, "identity": told, **more}


async def outcomes(world: MemoryWorld, *items: dict[str, Any]) -> list[m.PartOutcome]:
    """What the municipality says of each of these items of Actium."""
    mallory = Mallory(world, "actium")
    letter = mallory.letter("gemeente", mallory.statement("gemeente"), *items)
    (taken,) = await mallory.send("gemeente", mallory.wrap("gemeente", letter))
    assert taken.ended == ["done"], world.parked("gemeente")
    receipt = m.Receipt.model_validate_json(world.events("gemeente", "receipt/issued/1")[-1].receipt)
    return receipt.data.outcomes[1:]


async def test_words_that_travel_inside_who_somebody_is_are_refused_and_not_kept(world):
    mallory = Mallory(world, "actium")
    honest, smuggled = mallory.item(**who()), mallory.item(**who(value=SECRET))
    found = await outcomes(world, honest, smuggled)
    assert [(o.accepted, o.codes) for o in found] == [(True, []), (False, ["R17"])]
    (kept,) = world.events("gemeente", "item/recorded/1")
    assert str(kept.item) == honest["item"]


@pytest.mark.parametrize(
    "place", [("GEZONDHEID", "situatie"), ("CONTACT", "adres"), ("IDENTIFICATIE", "geboortedatum")]
)
async def test_who_somebody_is_under_a_category_with_another_term_is_refused(world, place):
    mallory = Mallory(world, "actium")
    found = await outcomes(world, mallory.item(**who()), mallory.item(**who(category=place[0], field=place[1])))
    assert found[0].accepted
    assert not found[1].accepted
    assert len(world.events("gemeente", "item/recorded/1")) == 1


@pytest.mark.parametrize(
    "identity", [{}, {"prefix": ""}, {"family_name": " 999990342 "}, {"house_number": "999990342"}]
)
async def test_an_identity_that_tells_nobody_or_hides_a_service_number_is_refused(world, identity):
    mallory = Mallory(world, "actium")
    found = await outcomes(world, mallory.item(), mallory.item(**who(identity)))
    assert [o.accepted for o in found] == [True, False]
