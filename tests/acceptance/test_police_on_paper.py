"""The police take part on paper: the other three work fully, and what the police are told is recorded as stated.

Everybody is invented.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from case_forms import HOUSE, TO_GEMEENTE, TO_WELZIJN, share_form
from conference_forms import Meeting, plaintexts
from memory_world import MemoryWorld
from world import COVENANT, NOWHERE, World, copied

from exchange import hosting
from exchange.domain.casework import CloseReason, Phase
from exchange.errors import InputError
from exchange.node import area_forms as af
from exchange.node import casework_forms as cf
from exchange.node import corrections_forms as tf
from exchange.node import forms as f
from exchange.node.covenants import split_signed

THREE = ("gemeente", "actium", "welzijn")
POLICE_ID = "ab" * 16
TO_POLICE = {"partner": "politie", "basis": "A6_1_e", "task": "hulpverlening"}
TOLD = {"reference": "kennisgeving-1", "given_on": "2026-03-02", "mode": "GESPREK", "recipients": ["politie"]}


@pytest.fixture(scope="module")
def covenant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """De Wolden's covenant in which the police signed on paper only."""
    text = COVENANT.read_text(encoding="utf-8")
    connected = 'kind = "POLITIE"\nparticipation = "connected"'
    assert connected in text
    path = tmp_path_factory.mktemp("paper") / "covenant.toml"
    path.write_text(text.replace(connected, f'id = "{POLICE_ID}"\nkind = "POLITIE"\nparticipation = "paper"'))
    return path


@pytest.fixture
async def world(tmp_path: Path, covenant: Path) -> AsyncIterator[MemoryWorld]:
    copied(tmp_path / "founded", THREE, NOWHERE, covenant)
    async with MemoryWorld.copied(tmp_path / "founded", tmp_path / "world", THREE) as made:
        yield made


def to_police(subject: Any, **more: Any) -> f.ShareForm:
    """What the municipality may tell the police about nuisance."""
    return share_form(subject, [TO_POLICE], [HOUSE[1]], basis="A6_1_e", task="wmo", notice=TOLD, **more)


async def test_the_police_need_no_key_no_signature_and_no_account(tmp_path: Path, covenant: Path) -> None:
    async with World.founded(tmp_path, THREE, covenant=covenant) as world:
        document, signatures = split_signed(world.signed.read_bytes())
        police = next(p for p in json.loads(document)["partners"] if p["slug"] == "politie")
        assert (police["participation"], police.get("card"), police["id"]) == ("paper", None, POLICE_ID)
        assert len(signatures) == len(THREE)
        assert POLICE_ID not in signatures
        layout = hosting.layout_of(world.signed, world.home / "broker")
        assert {p.slug for p in layout.partners} == set(THREE)

        jelle = await world.person("actium")
        signal = share_form(jelle, [TO_WELZIJN, TO_GEMEENTE], HOUSE, kind="signal", signal_kind="WOONOVERLAST")
        disclosure = share_form(jelle, [TO_WELZIJN, TO_GEMEENTE], HOUSE)
        for form in (signal, disclosure):
            answer = await world.share("actium", form)
            assert [(s.state, s.rejected) for s in answer.messages] == [("receipted", {})] * 2
        for slug in THREE:
            status = await world.nodes[slug].status()
            assert {p.partner: p.connected for p in status.pairs} == {
                **{p: True for p in THREE if p != slug}, "politie": False,
            }  # fmt: skip
            assert "silence" not in status.warnings


async def test_a_case_a_conference_and_the_terms_go_on_without_them(world: MemoryWorld) -> None:
    gemeente, office = world.nodes["gemeente"], world.actor("gemeente")
    meeting = await Meeting.planned(world, [list(THREE)])
    (case,) = meeting.cases
    jelle = await world.person("actium")
    offer = await meeting.offer("actium", ["welzijn"], "Het portaal staat vol.", jelle)
    await meeting.decide((offer, "release"))
    await meeting.reaches("actium", offer, "sent")
    await meeting.settled()
    assert [text for _, to, _, text in plaintexts(world) if b"portaal staat vol" in text and to == "welzijn"]
    rows = await world.nodes["welzijn"].inbox(world.actor("welzijn"))
    assert [row.sender for row in rows if row.kind == "disclosure"] == ["actium"]
    knows = await world.nodes["actium"].who_knows(world.actor("actium"), f.WhoKnowsQuery(subject=jelle))
    assert {i.partner for i in knows.items} == {"welzijn"}

    move = cf.PhaseForm(to=Phase.CLOSED, close_reason=CloseReason.SOLVED)
    await gemeente.cases.move(office, case, move, None)
    welzijn, worker = world.nodes["welzijn"], world.actor("welzijn")
    rules = {r.retention: r.rule for r in await welzijn.retention_rules(worker)}
    await welzijn.retention_confirm(worker, rules["r02"])
    world.clock.forward(days=3 * 366)
    await world.until(lambda: welzijn.retention.overdue_count() > 0)
    gone = await world.destroyed("welzijn")
    assert gone.items == 2, "the item and who it was about"
    for slug in THREE:
        verified = [step async for step in world.nodes[slug].verify_log(world.actor(slug))][-1]
        assert isinstance(verified, f.VerifyAnswer)
        assert verified.ok, verified.problem
    assert not [frame for frame in world.frames if "politie" in frame[:2]]


async def test_what_the_police_are_told_on_paper_is_recorded_as_stated(world: MemoryWorld) -> None:
    gemeente, office = world.nodes["gemeente"], world.actor("gemeente")
    jelle = await world.person("gemeente")
    answer = await world.share("gemeente", to_police(jelle, channel="PAPER", occurred_on="2026-03-02"))
    assert [(s.partner, s.state, s.message) for s in answer.messages] == [("politie", "stated", None)]
    (item,) = (await gemeente.who_knows(office, f.WhoKnowsQuery(subject=jelle))).items
    assert (item.partner, item.channel, item.proven, item.receipt) == ("politie", "PAPER", False, "not-applicable")
    assert item.partner_name == "Politie basisteam Zuidwest Drenthe"
    assert gemeente.outgoing.waiting() == []
    assert not [frame for frame in world.frames if frame[0] == "gemeente"]

    # The gates are the same as over the exchange.
    money = [{"category": "FINANCIEN_SCHULDEN", "field": "huurachterstand", "value": "Twee maanden."}]
    form = share_form(jelle, [TO_POLICE], money, basis="A6_1_e", task="wmo", notice=TOLD)
    (asked,) = await gemeente.explain(
        office, form.model_copy(update={"channel": "PAPER", "occurred_on": date(2026, 3, 2)})
    )
    assert "R17" in {r.code for r in asked.refusals}

    # What was told on paper and turns out wrong is told by people: the correction names them, and waits for nothing.
    done = await gemeente.corrections.correct(office, tf.CorrectionForm(item=item.item, value="4"), None)
    assert (done.by_hand, done.recipients) == (["politie"], [])


@pytest.mark.parametrize("way", ["share", "explain", "area", "case"])
async def test_nothing_is_left_waiting_for_a_partner_that_can_never_be_reached(world: MemoryWorld, way: str) -> None:
    gemeente, office = world.nodes["gemeente"], world.actor("gemeente")
    jelle = await world.person("gemeente")
    size = gemeente.ctx.log.size
    area = af.AreaSignalForm.model_validate({
        "area": "proefplein", "kind": "JEUGDOVERLAST", "observed_on": "2026-03-01", "purpose": "P1_INZICHT",
        "context": "GEBIEDS_PROBLEEMANALYSE", "task": "wmo",
        "recipients": [{"partner": "politie", "task": "handhaving"}],
    })  # fmt: skip
    acts = {
        "share": lambda: gemeente.share(office, to_police(jelle), None),
        "explain": lambda: gemeente.explain(office, to_police(jelle)),
        "area": lambda: gemeente.areas.signal(office, area, None),
        "case": lambda: gemeente.cases.open(office, cf.CaseForm(problem="Overlast.", partners=["politie"]), None),
    }
    with pytest.raises(InputError, match="on paper"):
        await acts[way]()
    assert gemeente.ctx.log.size == size, "nothing was stored"
    assert gemeente.outgoing.waiting() == []
    assert (await gemeente.status()).outbox_waiting == 0
