"""A node that is set to it takes notifications of case systems: over its own door, with a token of its own, counted for good."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import structlog
from memory_world import MemoryWorld
from oracle import check_node
from zgw_play import TYPE, ZAAK, told

from exchange import app, settings
from exchange.api.app import create_app
from exchange.api.auth import PEER, PeerCredentials
from exchange.errors import SetupError
from exchange.node import forms as f
from exchange.node.node import Node


@pytest.fixture
async def world(founded: Path, tmp_path: Path) -> AsyncIterator[MemoryWorld]:
    async with MemoryWorld.copied(founded, tmp_path, ("actium", "welzijn")) as made:
        yield made


async def listening(world: MemoryWorld, code: str = "EENZAAMHEID_SIGNAAL") -> settings.Settings:
    """Register the case system and set the node to it."""
    node = world.nodes["actium"]
    form = f.ActorForm(kind="system", name="Zaaksysteem", roles=["integration"], uid=5005)
    made = await node.register_actor(world.actor("actium"), form, None)
    place = settings.load(world.directory("actium"))
    return place.model_copy(update={"zgw": settings.Zgw(actor=made.actor, propose={TYPE: code})})


def door(world: MemoryWorld, place: settings.Settings) -> tuple[httpx.AsyncClient, str]:
    """A client at the door of the node, and the token it made."""
    node = world.nodes["actium"]
    adapter = app._zgw(world.directory("actium"), place, node)
    made = create_app(node, PeerCredentials(node), adapter)
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app=made, client=(PEER, os.getuid())), base_url="http://node"
    )
    return client, (world.directory("actium") / "zgw.token").read_text()


async def test_a_case_becomes_a_proposal_that_a_person_fills_in_and_sends(world: MemoryWorld, tmp_path: Path) -> None:
    node, worker = world.nodes["actium"], world.actor("actium")
    aaltje = await world.person(
        "actium",
        given_names="Aaltje",
        family_name="Bedacht",
        birth_date="1941-07-01",
        postcode="7958 AB",
        house_number="7",
    )
    client, token = door(world, await listening(world))
    async with client as http:
        for _ in range(3):
            answer = await http.post("/v1/zgw/notifications", json=told(), headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 204
        assert (await http.post("/v1/zgw/notifications", json=told())).status_code == 403
        (row,) = (await http.get("/v1/drafts")).json()
        assert (row["proposal"], row["origin"], row["profile"]) == (True, "zgw", "EENZAAMHEID_SIGNAAL")
        place = f"/v1/drafts/{row['draft']}"
        form = (await http.get(place)).json()["form"]
        assert form["external_reference"] == ZAAK
        assert [w["count"] for w in (await http.get("/v1/worklist")).json() if w["kind"] == "proposal"] == [1]
        lacks = (await http.post(f"{place}/_explain", headers={"Accept-Language": "en"})).json()["missing"]
        assert [one["message"] for one in lacks] == [
            "Say whom it is about.", "Name at least one recipient.", "Give at least one fact or opinion.",
        ]  # fmt: skip
        filled = {
            "profile": form["profile"], "external_reference": ZAAK, "subject": str(aaltje),
            "recipients": [{"partner": "welzijn"}], "support_rationale": "Zij mist gezelschap.",
            "items": [{"category": "WELZIJN_HULPVERLENING", "field": "hulpvraag", "value": "Vraagt om bezoek."}],
        }  # fmt: skip
        assert (await http.put(place, json=filled)).status_code == 200
        sent = await http.post(f"{place}/send")
        assert sent.status_code == 201, sent.text
        assert sent.json()["profile"] == "EENZAAMHEID_SIGNAAL"
        counts = (await http.get("/v1/status")).json()["counts"]
    assert counts == {"zgw-proposed": 1, "zgw-known": 2, "zgw-passed-over": 0, "zgw-put-off": 0, "zgw-refused": 1}
    await world.until(lambda: world.received("welzijn"))
    assert node.drafts.all(worker) == []
    check_node(node, world.directory("actium"))


async def test_the_counts_outlive_a_restart_and_the_token_is_made_once(world: MemoryWorld) -> None:
    place = await listening(world)
    client, token = door(world, place)
    async with client as http:
        await http.post("/v1/zgw/notifications", json=told(kanaal="test"), headers={"Authorization": f"Bearer {token}"})
    await world.stop("actium")
    await world.start("actium")
    client, again = door(world, place)
    async with client as http:
        assert (await http.get("/v1/status")).json()["counts"]["zgw-passed-over"] == 1
    assert token == again
    assert (world.directory("actium") / "zgw.token").stat().st_mode & 0o077 == 0


async def test_the_token_stands_in_no_log_and_no_event(
    world: MemoryWorld, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    client, token = door(world, await listening(world))
    with structlog.testing.capture_logs() as lines, caplog.at_level(logging.DEBUG):
        async with client as http:
            for given in (token, f"{token}x"):
                await http.post("/v1/zgw/notifications", json=told(), headers={"Authorization": f"Bearer {given}"})
    said = json.dumps(lines, default=str) + caplog.text + "".join(capsys.readouterr())
    assert token not in said
    assert ZAAK not in said
    for file in world.directory("actium").iterdir():
        if file.is_file() and file.name != "zgw.token":
            assert token.encode() not in file.read_bytes(), file.name
            assert ZAAK.encode() not in file.read_bytes(), file.name


async def test_a_node_does_not_start_to_listen_for_a_stranger_a_wrong_code_or_with_an_open_token(
    world: MemoryWorld,
) -> None:
    directory, node = world.directory("actium"), world.nodes["actium"]
    place = await listening(world)
    assert place.zgw is not None

    def opened(changed: settings.Zgw, node: Node = node) -> None:
        app._zgw(directory, place.model_copy(update={"zgw": changed}), node)

    person = place.zgw.model_copy(update={"actor": world.actor("actium").id})
    with pytest.raises(SetupError, match="no system actor"):
        opened(person)
    with pytest.raises(SetupError, match="HUURACHTERSTAND_LAAT"):
        opened(place.zgw.model_copy(update={"propose": {TYPE: "HUURACHTERSTAND_LAAT"}}))
    (directory / "zgw.token").write_text("iedereen")
    (directory / "zgw.token").chmod(0o644)
    with pytest.raises(SetupError, match="Others can read"):
        opened(place.zgw)


async def test_the_token_may_be_a_credential_of_the_service(
    world: MemoryWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = await listening(world)
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "zgw.token").write_text("uit-het-systeem")
    (credentials / "zgw.token").chmod(0o400)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    adapter = app._zgw(world.directory("actium"), place, world.nodes["actium"])
    assert adapter is not None
    assert adapter.token == "uit-het-systeem"
    assert not (world.directory("actium") / "zgw.token").exists()
