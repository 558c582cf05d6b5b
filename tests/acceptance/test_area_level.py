"""Areas come first; nobody stands in them, and nobody can be found in a picture. The story is scenario 4."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from memory_world import Mallory, MemoryWorld
from world import NOWHERE, PARTNERS, copied

from exchange.errors import InputError, NotFoundError
from exchange.node.area_forms import AreaPictureForm, AreaSignalForm
from exchange.node.service import Idempotency, Refused
from exchange.wire import messages as m

COVENANT = Path(__file__).parents[2] / "deploy" / "de-wolden" / "covenant.toml"
TASKS = {"gemeente": "wmo", "politie": "handhaving", "actium": "leefbaarheid", "welzijn": "maatschappelijk-werk"}
SCOPE = {"purpose": "P1_INZICHT", "context": "GEBIEDS_PROBLEEMANALYSE"}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[MemoryWorld]:
    copied(tmp_path / "founded", PARTNERS, NOWHERE, COVENANT)
    async with MemoryWorld.copied(tmp_path / "founded", tmp_path / "world") as made:
        yield made


def report(slug: str, area: str, reports: int, *to: str, day: str = "2026-01-20", **more: Any) -> AreaSignalForm:
    form = {
        "area": area,
        "kind": "JEUGDOVERLAST",
        "observed_on": day,
        "reports": reports,
        "task": TASKS[slug],
        "recipients": [{"partner": partner, "task": TASKS[partner]} for partner in to],
        **SCOPE,
        **more,
    }
    return AreaSignalForm.model_validate(form)


def quarter(slug: str, *to: str, **more: Any) -> AreaPictureForm:
    form = {
        "first": "2026-01-01",
        "last": "2026-03-31",
        "task": TASKS[slug],
        "recipients": [{"partner": partner, "task": TASKS[partner]} for partner in to],
        **SCOPE,
        **more,
    }
    return AreaPictureForm.model_validate(form)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"text": "Op Fictielaan 12 is het altijd raak."}, "R09"),
        ({"purpose": "P9_NIEUWSGIERIGHEID"}, "R04"),
        ({"area": "amsterdam"}, "R04"),
        ({"task": "verhuur"}, "R07"),
        ({"text": "nummer 999990342"}, "R02"),
    ],
)
async def test_what_the_covenant_does_not_allow_about_an_area_does_not_leave(
    world: MemoryWorld, changes: dict[str, Any], code: str
) -> None:
    changes = dict(changes)
    node, worker = world.nodes["welzijn"], world.actor("welzijn")
    place = [changes.pop("area", "proefplein")]
    with pytest.raises(Refused) as refused:
        await node.areas.signal(worker, report("welzijn", *place, 3, "gemeente", **changes), None)
    assert code in {r.code for r in refused.value.refusals}
    assert world.between("welzijn", "gemeente") == []


async def test_a_hostile_partner_that_shows_a_small_count_is_refused_by_the_receiver(world: MemoryWorld) -> None:
    mallory = Mallory(world, "politie")
    work = {
        "v": 1, **SCOPE, "sender_task": "handhaving", "recipient_task": "wmo", "text": "", "threshold": 5,
        "picture": "7f1c1f8e-6d0e-4b55-9d0b-3a1f7b7d2f10", "first": "2026-01-01", "last": "2026-03-31",
        "cells": [{"area": "voorbeeldhof", "kind": "JEUGDOVERLAST", "count": 2}],
    }  # fmt: skip
    await world.deliver("gemeente", "politie", mallory.frame("gemeente", work, kind=m.Kind.AREA_PICTURE))
    assert world.events("gemeente", "area/picture-received/1") == []
    (stored,) = world.events("gemeente", "message/received/1")
    assert [(p.key_id, p.codes) for p in stored.parts] == [(None, ("R09",))]


async def test_a_report_told_twice_counts_once(world: MemoryWorld) -> None:
    mallory = Mallory(world, "politie")
    work = {
        "v": 1, **SCOPE, "sender_task": "handhaving", "recipient_task": "wmo", "text": "", "reports": 3,
        "signal": "7f1c1f8e-6d0e-4b55-9d0b-3a1f7b7d2f11", "area": "proefplein", "kind": "VERVUILING", "observed_on": "2026-02-01",
    }  # fmt: skip
    for _ in range(2):
        await world.deliver("gemeente", "politie", mallory.frame("gemeente", work, kind=m.Kind.AREA_SIGNAL))
    assert len(world.received("gemeente")) == 2
    (one,) = world.nodes["gemeente"].areas.signals(world.actor("gemeente"))
    assert one.reports == 3


async def test_a_report_of_tomorrow_is_none_and_tomorrow_begins_in_amsterdam(world: MemoryWorld) -> None:
    node, worker = world.nodes["welzijn"], world.actor("welzijn")
    for moment, today in (
        (
            "2026-03-28T22:59:00+00:00",
            dt.date(2026, 3, 28),
        ),  # 23:59, the last minute before the night the clock goes on
        ("2026-03-28T23:01:00+00:00", dt.date(2026, 3, 29)),
        ("2026-03-29T21:59:00+00:00", dt.date(2026, 3, 29)),  # summer time: 23:59
        ("2028-02-29T22:59:00+00:00", dt.date(2028, 2, 29)),
        ("2028-12-31T23:01:00+00:00", dt.date(2029, 1, 1)),
    ):
        world.clock.set(dt.datetime.fromisoformat(moment))
        await node.areas.signal(worker, report("welzijn", "proefplein", 1, day=today.isoformat()), None)
        tomorrow = report("welzijn", "proefplein", 1, day=(today + dt.timedelta(days=1)).isoformat())
        with pytest.raises(InputError, match="still to come"):
            await node.areas.signal(worker, tomorrow, None)


async def test_a_second_version_of_a_picture_does_not_show_the_two_reports_in_between(world: MemoryWorld) -> None:
    node, worker = world.nodes["welzijn"], world.actor("welzijn")
    await node.areas.signal(worker, report("welzijn", "proefplein", 8), None)
    first = await node.areas.picture(worker, quarter("welzijn"), None)
    assert {c.count for c in first.cells if c.area == "proefplein"} == {8}
    await node.areas.signal(worker, report("welzijn", "proefplein", 2), None)
    second = await node.areas.picture(worker, quarter("welzijn"), None)
    assert {c.count for c in second.cells if c.area == "proefplein"} == {None}


async def test_the_text_of_a_report_goes_with_its_term_and_the_count_stays(world: MemoryWorld) -> None:
    node, worker = world.nodes["welzijn"], world.actor("welzijn")
    made = await node.areas.signal(worker, report("welzijn", "proefplein", 8, text="Herrie bij de bankjes."), None)
    row = node.ctx.ledger.one(
        "SELECT retention FROM contents WHERE key_id=?", world.events("welzijn", "area/signalled/1")[0].key_id
    )
    assert row is not None
    assert row["retention"] == node.ctx.covenants.current.covenant.settings.statement_retention
    node.ctx.vault.shred([world.events("welzijn", "area/signalled/1")[0].key_id])
    (erased,) = node.areas.signals(worker)
    assert (erased.signal, erased.text, erased.reports) == (made.signal, None, 8)


async def test_an_empty_period_makes_no_picture_and_a_repeated_request_makes_one(world: MemoryWorld) -> None:
    node, worker = world.nodes["welzijn"], world.actor("welzijn")
    with pytest.raises(NotFoundError, match="Nothing was reported"):
        await node.areas.picture(worker, quarter("welzijn"), None)
    form = report("welzijn", "proefplein", 8)
    one = await node.areas.signal(worker, form, Idempotency("melding-1"))
    again = await node.areas.signal(worker, form, Idempotency("melding-1"))
    assert one.signal == again.signal
    assert len(node.areas.signals(worker)) == 1
    assert one.observed_on == dt.date(2026, 1, 20)
