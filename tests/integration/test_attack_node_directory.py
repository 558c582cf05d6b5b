"""A node directory that is not what it says: the name of another partner, or files of another node."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from memory_world import MemoryWorld
from world import SECRET

from exchange import app, setup
from exchange.errors import SetupError
from exchange.store.log import Log


@pytest.fixture
async def world(founded: Path, tmp_path: Path):
    async with MemoryWorld.copied(founded, tmp_path, start=False) as made:
        yield made


def renamed(world: MemoryWorld, found: str, wrong: str) -> None:
    """One word in the settings of Actium's node."""
    path = world.directory("actium") / "node.toml"
    path.write_text(path.read_text().replace(f'partner = "{found}"', f'partner = "{wrong}"'))


def size(world: MemoryWorld) -> int:
    """How many entries the log of Actium has."""
    log = Log.open(world.directory("actium"), None)
    try:
        return log.size
    finally:
        log.close()


@pytest.mark.parametrize("wrong", ["welzijn", "onbekend"])
async def test_one_wrong_word_in_the_settings_makes_no_node_act_as_another_partner(world, wrong):
    before = size(world)
    renamed(world, "actium", wrong)
    with pytest.raises(SetupError, match=rf"node\.toml names {wrong}, but .* Actium.* partner = \"actium\""):
        world.open("actium")
    assert size(world) == before
    renamed(world, wrong, "actium")
    node = await world.start("actium")
    assert node.ctx.me.slug == "actium"
    assert [step async for step in node.verify_log(world.actor("actium"))][-1].ok


async def test_keys_of_another_node_sign_nothing_under_this_ones_name(world):
    """Vault, anchor and list of keys of Welzijn under the log and the settings of Actium."""
    mine, theirs = world.directory("actium"), world.directory("welzijn")
    for name in ("vault.db", "anchor", "keys.json"):
        shutil.copy(theirs / name, mine / name)
    with pytest.raises(SetupError, match=r"names actium, but .* Welzijn De Wolden"):
        world.open("actium")


async def test_a_key_that_is_on_no_card_of_the_covenant_signs_nothing(world, tmp_path):
    """A vault and keys that were made anew under the same name, without a new generation of the covenant."""
    fresh = tmp_path / "fresh"
    setup.init_node(fresh, "actium", SECRET, argon=setup.ArgonCost(1, 8192))
    mine = world.directory("actium")
    for name in ("vault.db", "anchor", "keys.json"):
        shutil.copy(fresh / name, mine / name)
    with pytest.raises(SetupError, match="not those on the card of actium"):
        app.open_node(mine, SECRET, clock=world.clock)


async def test_a_list_of_keys_under_the_id_of_another_partner_is_refused(world):
    path = world.directory("actium") / "keys.json"
    ids = json.loads(path.read_text())
    path.write_text(json.dumps({**ids, "partner": "00" * 16}))
    with pytest.raises(SetupError, match="not those on the card of actium"):
        world.open("actium")
