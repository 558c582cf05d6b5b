"""Who somebody is, between real nodes: as the covenant has it, in each of its generations, and never under a foreign category."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from case_forms import HOUSE, TO_WELZIJN, share_form
from memory_world import Mallory, MemoryWorld, receipts
from world import COVENANT, JELLE, NOWHERE, PARTNERS, copied, next_generation

from exchange.node import forms as f
from exchange.wire import messages as m

HOUSING_ONLY = [HOUSE[0]]
TABLE = re.compile(r"\[identity\]\n(?:.+\n)+")


def renamed(text: str) -> str:
    """The category of names and birth dates is called otherwise from now on."""
    return text.replace("IDENTIFICATIE", "PERSOONSGEGEVENS")


def silent(text: str) -> str:
    """Nobody is made known any more."""
    assert TABLE.search(text)
    return TABLE.sub("", text)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[MemoryWorld]:
    copied(tmp_path / "founded", PARTNERS, NOWHERE, COVENANT)
    async with MemoryWorld.copied(tmp_path / "founded", tmp_path / "world", ("actium", "welzijn")) as made:
        yield made


def known(world: MemoryWorld, slug: str) -> list[str]:
    """Family name of every entry that a partner's messages made at a node; empty where nobody said who it is."""
    return sorted(p.identity.family_name for p in world.nodes[slug].ctx.people.unmatched())


@pytest.mark.parametrize("first", ["actium", "welzijn"], ids=["the sender is ahead", "the recipient is ahead"])
async def test_a_person_is_made_known_while_partners_obey_different_names_for_it(
    world: MemoryWorld, first: str
) -> None:
    signed = next_generation(world.home, world.signed, renamed)
    await world.accept(first, signed)
    second = {"actium": "welzijn", "welzijn": "actium"}[first]
    await world.until(lambda: world.nodes[second].partners.bundle(first).generation == 2)
    jelle = await world.person("actium")
    answer = await world.share("actium", share_form(jelle, [TO_WELZIJN], HOUSING_ONLY))
    assert [(s.state, s.rejected) for s in answer.messages] == [("receipted", {})]
    assert known(world, "welzijn") == ["Verzonnen"]
    recorded = [(e.category, e.field) for e in world.events("welzijn", "item/recorded/1")]
    assert recorded == [("HUISVESTING", "staat-woning"), ("IDENTIFICATIE", "naam+geboortedatum+adres")]

    await world.accept(second, signed)
    await world.until(lambda: world.nodes[first].partners.bundle(second).generation == 2)
    again = await world.share("actium", share_form(jelle, [TO_WELZIJN], HOUSING_ONLY))
    assert [(s.state, s.rejected) for s in again.messages] == [("receipted", {})]
    assert [e.category for e in world.events("welzijn", "item/recorded/1")][2:] == ["HUISVESTING"], "told already"
    other = await world.person("actium", **{**JELLE, "given_names": "Bo", "family_name": "Verdicht"})
    await world.share("actium", share_form(other, [TO_WELZIJN], HOUSING_ONLY))
    assert known(world, "welzijn") == ["Verdicht", "Verzonnen"]
    assert world.events("actium", "item/recorded/1")[-1].category == "PERSOONSGEGEVENS"


async def test_where_the_covenant_makes_nobody_known_the_message_goes_without_a_name(world: MemoryWorld) -> None:
    signed = next_generation(world.home, world.signed, silent)
    await world.accept("actium", signed)  # and the recipient is still to follow: both generations must allow
    await world.until(lambda: world.nodes["welzijn"].partners.bundle("actium").generation == 2)
    jelle = await world.person("actium")
    actium, worker = world.nodes["actium"], world.actor("actium")
    (asked,) = await actium.explain(worker, share_form(jelle, [TO_WELZIJN], HOUSING_ONLY))
    assert (asked.allowed, asked.identity) == (True, [])
    answer = await world.share("actium", share_form(jelle, [TO_WELZIJN], HOUSING_ONLY))
    assert [(s.state, s.rejected) for s in answer.messages] == [("receipted", {})]
    assert known(world, "welzijn") == [""], "an entry by reference only, for a person to match"
    for frame in world.between("actium", "welzijn"):
        assert len(world.open_frame("welzijn", frame).parts) in {0, 2}, "the statement and the one item"
    who = await actium.who_knows(worker, f.WhoKnowsQuery(subject=jelle))
    assert {(i.partner, i.category) for i in who.items} == {("welzijn", "HUISVESTING")}


async def test_an_identity_under_a_foreign_category_or_that_tells_nothing_is_refused(world: MemoryWorld) -> None:
    mallory = Mallory(world, "actium")
    who = m.Identity(family_name="Verzonnen", birth_date="1964-11-05").model_dump(mode="json", exclude_none=True)
    nobody = m.Identity().model_dump(mode="json", exclude_none=True)
    for place in (("HUISVESTING", "staat-woning"), ("IDENTIFICATIE", "geboortedatum"), ("CONTACT", "adres")):
        lie = mallory.item(category=place[0], field=place[1], value="", identity=who)
        await mallory.send("welzijn", mallory.frame("welzijn", mallory.statement("welzijn"), mallory.item(), lie))
    empty = mallory.item(category="IDENTIFICATIE", field="naam", value="", identity=nobody)
    await mallory.send("welzijn", mallory.frame("welzijn", mallory.statement("welzijn"), mallory.item(), empty))
    honest = mallory.item(category="IDENTIFICATIE", field="naam", value="", identity=who)
    await mallory.send("welzijn", mallory.frame("welzijn", mallory.statement("welzijn"), mallory.item(), honest))
    await world.until(lambda: len(receipts(world, "welzijn", "actium")) == 5)
    outcomes = [
        {o.part: o.codes for o in receipt.data.outcomes if not o.accepted}
        for receipt, _ in receipts(world, "welzijn", "actium")
    ]
    assert outcomes == [{2: ["R17"]}] * 4 + [{}]
    assert known(world, "welzijn").count("Verzonnen") == 1
