"""What is said about an area: one gate per promise, each with the article it rests on."""

from __future__ import annotations

import re
from typing import Any

import pytest

from exchange.domain.area_gates import AREA_GATES, AreaProposal, judge_area
from exchange.domain.covenant import Covenant

LAWFUL: dict[str, Any] = {
    "sender": "gemeente", "recipient": "welzijn", "purpose": "P1_INZICHT", "context": "GEBIEDS_PROBLEEMANALYSE",
    "sender_task": "openbare-orde", "recipient_task": "maatschappelijk-werk", "areas": frozenset({"proefplein"}),
    "kinds": frozenset({"WOONOVERLAST"}), "text": "Veertien meldingen in drie maanden.", "picture": True, "shown": (14, 5, 0),
}  # fmt: skip


def codes(covenant: Covenant, **changes: Any) -> list[str]:
    return [finding.code for finding in judge_area(covenant, AreaProposal(**{**LAWFUL, **changes})).findings]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"purpose": "P9"}, ["R04"]),
        ({"context": "ELDERS"}, ["R04"]),
        ({"areas": frozenset({"assen"})}, ["R04"]),
        ({"kinds": frozenset({"WOONOVERLAST", "ELDERS"})}, ["R04"]),
        ({"purpose": "P0_ONDERSTEUNING"}, ["R04"]),
        ({"purpose": "P0_ONDERSTEUNING", "picture": False}, []),
        ({"sender_task": "verhuur"}, ["R07"]),
        ({"recipient_task": "wmo"}, ["R07"]),
        ({"names_somebody": True}, ["R09"]),
        ({"shown": (4,)}, ["R09"]),
        ({"shown": (4,), "names_somebody": True, "sender_task": "x", "context": "x"}, ["R04", "R07", "R09"]),
    ],
)
def test_each_gate_of_an_area_finds_its_own_and_all_are_told_at_once(
    de_wolden: Covenant, changes: dict[str, Any], expected: list[str]
) -> None:
    assert codes(de_wolden, **changes) == expected


def test_every_gate_of_an_area_names_its_article() -> None:
    assert len(AREA_GATES) == 5
    assert [gate.__name__ for gate in AREA_GATES if not re.search(r"rticles? \d", gate.__doc__ or "")] == []
