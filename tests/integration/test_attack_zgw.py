"""A hostile case system that holds the token, and a stranger that does not: attacks on the notifications of ZGW."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from memory_world import MemoryWorld
from oracle import check_node
from zgw_play import TYPE, ZAAK, told

from exchange import app, settings
from exchange.api import TOKEN
from exchange.api.app import create_app
from exchange.api.auth import PEER, PeerCredentials, token_of
from exchange.api.guards import MAX_BODY
from exchange.errors import SetupError
from exchange.node import drafts
from exchange.node import forms as f

PLACE = "https://zaken.example.org/zaken/api/v1/zaken/"
BSN = "999990342"
PATH = "/v1/zgw/notifications"


@dataclass
class Door:
    """The node's door, and its token."""

    world: MemoryWorld
    http: httpx.AsyncClient
    token: str

    async def tell(self, body: Any, token: str | None = None) -> httpx.Response:
        """Post a notification: an object, or raw bytes."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        shown = f"Bearer {self.token if token is None else token}".encode()
        given = [(b"Authorization", shown), (b"Content-Type", b"application/json")]
        return await self.http.post(PATH, content=data, headers=given)

    def proposals(self) -> int:
        return self.world.nodes["actium"].ctx.ledger.count("drafts")


@pytest.fixture
async def door(founded: Path, tmp_path: Path) -> AsyncIterator[Door]:
    async with MemoryWorld.copied(founded, tmp_path, ("actium", "welzijn")) as world:
        node, directory = world.nodes["actium"], world.directory("actium")
        form = f.ActorForm(kind="system", name="Zaaksysteem", roles=["integration"], uid=5005)
        made = await node.register_actor(world.actor("actium"), form, None)
        zgw = settings.Zgw(actor=made.actor, propose={TYPE: "EENZAAMHEID_SIGNAAL"})
        adapter = app._zgw(directory, settings.load(directory).model_copy(update={"zgw": zgw}), node)
        served = create_app(node, PeerCredentials(node), adapter)
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=served, client=(PEER, os.getuid())), base_url="http://node"
        ) as http:
            yield Door(world, http, (directory / "zgw.token").read_text())


MALFORMED: dict[str, bytes] = {
    "nested ten thousand deep": b"[" * 10_000 + b"]" * 10_000,
    "nested in its attributes": json.dumps(told()).encode().replace(b'{"zaaktype"', b'{"x":' * 5_000 + b'{"zaaktype"'),
    "no UTF-8": b'{"kanaal": "\xff\xfe"}',
    "not JSON": b"kanaal=zaken",
    "empty": b"",
    "a number": b"1",
    "not a number": b'{"kanaal": NaN}',
    "a huge number": b'{"kanaal": ' + b"9" * 100_000 + b"}",
    "half a character": json.dumps(told(resourceUrl=PLACE + "\ud800")).encode(),
    "half a character in a channel": json.dumps(told(kanaal="\ud800")).encode(),
    "half a character in an attribute": json.dumps(told(kenmerken={"zaaktype": TYPE, "x": "\ud800"})).encode(),
    "a list": json.dumps([told()]).encode(),
    "no case": json.dumps(told(resourceUrl=None)).encode(),
    "a moment that is none": json.dumps(told(aanmaakdatum="99999999999999999999")).encode(),
    "an address of a file": json.dumps(told(resourceUrl="file:///etc/passwd")).encode(),
    "an address with a user": json.dumps(told(resourceUrl="https://jelle@zaken.example.org/1")).encode(),
    "an address with a query": json.dumps(told(resourceUrl=f"{ZAAK}?bsn={BSN}")).encode(),
    "an address with a newline": json.dumps(told(resourceUrl=ZAAK + "\n")).encode(),
    "an address of a thousand characters": json.dumps(told(resourceUrl=PLACE + "a" * 1_000)).encode(),
}


@pytest.mark.parametrize("what", MALFORMED)
async def test_what_is_no_notification_is_refused_in_one_sentence_and_leaves_no_trace(
    door: Door, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    with structlog.testing.capture_logs() as lines, caplog.at_level(logging.DEBUG):
        answer = await door.tell(MALFORMED[what])
    assert 400 <= answer.status_code < 500, (answer.status_code, answer.text[:300])
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]
    assert door.proposals() == 0
    said = answer.text + json.dumps(lines, default=str) + caplog.text
    for secret in (BSN, "jelle@", "passwd", "Traceback"):
        assert secret not in said


@pytest.mark.parametrize("what", MALFORMED)
async def test_who_shows_no_token_hears_nothing_but_that(door: Door, what: str) -> None:
    for token in ("", "x", "é", f"{door.token}x", f"{door.token[:-1]}"):
        answer = await door.tell(MALFORMED[what], token=token)
        assert answer.status_code == 403, (what, answer.status_code, answer.text)
        assert answer.json()["code"] == "not-allowed"
        assert "errors" not in answer.json()


async def test_a_huge_notification_is_refused_before_anything_reads_it(door: Door) -> None:
    answer = await door.tell(told(kenmerken={"zaaktype": "x" * MAX_BODY}))
    assert answer.status_code == 413
    many = {f"k{number}": "x" * 900 for number in range(2_000)}
    assert (await door.tell(told(kenmerken={"zaaktype": TYPE, **many}))).status_code in {204, 422}
    assert door.proposals() <= 1


async def test_a_citizen_service_number_in_the_address_of_a_case_is_repeated_nowhere_and_lies_sealed(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    with structlog.testing.capture_logs() as lines, caplog.at_level(logging.DEBUG):
        answer = await door.tell(told(resourceUrl=f"{PLACE}burgers/bsn/{BSN}"))
    assert BSN not in answer.text + json.dumps(lines, default=str) + caplog.text
    for file in door.world.directory("actium").iterdir():
        if file.is_file():
            assert BSN.encode() not in file.read_bytes(), file.name


async def test_a_flood_of_cases_fills_the_log_only_so_far_and_the_case_system_is_told_to_wait(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts, "MOST_PROPOSALS", 3)
    node, worker = door.world.nodes["actium"], door.world.actor("actium")
    answers = [(await door.tell(told(resourceUrl=f"{PLACE}{number}"))).status_code for number in range(6)]
    assert answers == [204, 204, 204, 429, 429, 429]
    size = node.ctx.log.size
    for form in ("HTTPS://zaken.example.org/0", "http://zaken.example.org/0", f"{PLACE}0/", f"{PLACE}%30"):
        assert (await door.tell(told(resourceUrl=form))).status_code in {422, 429}
    assert (node.ctx.log.size, door.proposals()) == (size, 3)
    assert (await door.tell(told(resourceUrl=f"{PLACE}1"))).status_code == 204  # known: told again, not made again
    row = next(row for row in node.drafts.all(worker))
    await node.drafts.discard(worker, row.draft)
    assert (await door.tell(told(resourceUrl=f"{PLACE}7"))).status_code == 204
    counts = (await door.http.get("/v1/status")).json()["counts"]
    assert (counts["zgw-proposed"], counts["zgw-put-off"]) == (4, 6)
    check_node(node, door.world.directory("actium"))


async def test_an_old_notification_told_again_after_its_proposal_went_proposes_nothing(door: Door) -> None:
    node, worker, world = door.world.nodes["actium"], door.world.actor("actium"), door.world
    assert (await door.tell(told())).status_code == 204
    (row,) = node.drafts.all(worker)
    await node.drafts.discard(worker, row.draft)
    for days in (0, 3, 40):
        world.clock.forward(days=days)
        await node.housekeeping._make_epochs(world.clock.at)
        assert (await door.tell(told())).status_code == 204
        assert node.drafts.all(worker) == []


async def test_the_token_opens_no_other_door_and_no_other_door_takes_its_place(door: Door) -> None:
    node = door.world.nodes["actium"]
    served = create_app(node, PeerCredentials(node), None)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=served), base_url="http://node") as http:
        headers = {"Authorization": f"Bearer {door.token}"}
        for path in ("/v1/drafts", "/v1/status", "/v1/worklist"):
            assert (await http.get(path, headers=headers)).status_code == 401
        assert (await http.post(PATH, json=told(), headers=headers)).status_code == 404  # off: nothing there


@pytest.mark.parametrize("link", [False, True])
async def test_the_case_system_is_never_given_the_token_of_the_nodes_own_api(door: Door, *, link: bool) -> None:
    directory, node = door.world.directory("actium"), door.world.nodes["actium"]
    own, _ = token_of(directory)
    if link:
        os.link(directory / TOKEN, directory / "other.token")
    name = Path("other.token" if link else TOKEN)
    machine = next(actor for actor in node.actors_of_uid(5005))
    zgw = settings.Zgw(actor=machine.id, propose={TYPE: "EENZAAMHEID_SIGNAAL"}, token=name)
    place = settings.load(directory).model_copy(update={"zgw": zgw})
    with pytest.raises(SetupError, match="a file of its own") as refused:
        app._zgw(directory, place, node)
    assert own not in str(refused.value)


async def test_strangers_who_knock_ten_thousand_times_do_not_wear_out_the_disk(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    side, kept = door.world.nodes["actium"].ctx.side, []
    monkeypatch.setattr(side, "put", lambda *given: kept.append(given))
    for _ in range(50):
        assert (await door.tell(told(), token="x")).status_code == 403
    assert len(kept) <= 1
    assert (await door.http.get("/v1/status")).json()["counts"]["zgw-refused"] == 50
