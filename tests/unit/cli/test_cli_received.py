"""Whoever receives something reads on which grounds it came, and that police data are secret."""

from __future__ import annotations

from types import ModuleType
from typing import Any
from uuid import UUID

import pytest

from exchange.node import forms as f

DECISION = {
    "reference": "besluit-2026-3", "ground": "WPG_19", "goal": "b", "interest": "Rust in de straat.", "recipients": ["actium"],
    "categories": ["HUISVESTING"], "fields": ["staat"], "authority_agreed": True, "valid_until": "2026-06-01",
}  # fmt: skip
STATEMENT = {
    "purpose": "P0_ONDERSTEUNING", "context": "CASUS", "sender_basis": "A6_1_e", "sender_task": "hulp",
    "recipient_basis": "A6_1_f", "recipient_task": "woningwet", "criminal_ground": "UAVG_33_1_a",
    "weighing": {"necessity": "Het is nodig.", "proportionality": "Alleen dit.", "subsidiarity": "Minder kan niet."},
    "notice": {"exception": "UAVG_41_1_i", "review_on": "2026-03-16"}, "wpg": DECISION,
}  # fmt: skip


@pytest.fixture
def received(node: Any, fakes: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Lets the node show this message."""

    def show(statement: dict[str, Any], sender: str, source: str | None) -> None:
        item = f.ItemAnswer(
            item=UUID(int=1), category="HUISVESTING", field="staat", value="verzonnen tekst", status="readable",
            nature="fact", origin_partner=source or sender, police_source=source,
        )  # fmt: skip

        async def read(*_: Any, **__: Any) -> f.MessageAnswer:
            return f.MessageAnswer(
                message=fakes.MESSAGE, sender=sender, recipient="actium", kind="disclosure", at=fakes.NOW, subject=None,
                subject_label="", statement=statement, items=[item], replies=[],
            )  # fmt: skip

        monkeypatch.setattr(node, "read_message", read)

    return show


def test_who_receives_police_data_reads_that_they_are_secret_and_the_whole_statement(
    received: Any, exchange: Any
) -> None:
    received(STATEMENT, "politie", "politie")
    said = " ".join(exchange("inbox", "show", "ab" * 32, "--lang", "en").out.split())
    for expected in (
        "Police data of Politie Zuidwest Drenthe (Staat van de woning): secret, not to be passed on without consent (Wpg 7(2)).",
        "Ground of the giver Incidentele verstrekking (art. 19 Wpg), Hulpverlening",
        "Ground of the recipient Gerechtvaardigd belang (art. 6 lid 1 onder f AVG), Leefbaarheid",
        "Het is nodig.", "Alleen dit.", "Minder kan niet.", "to be reviewed on 16-03-2026 at the latest",
        "besluit-2026-3: Incidentele verstrekking", "Handhaven van de openbare orde", "Rust in de straat.", "01-06-2026",
        "Comes from",
    ):  # fmt: skip
        assert expected in said
    assert "onder e AVG" not in said


def test_police_data_passed_on_by_another_stay_secret_and_rest_on_his_own_ground(received: Any, exchange: Any) -> None:
    received({**STATEMENT, "sender_task": "wmo", "wpg": None}, "welzijn", "politie")
    said = " ".join(exchange("inbox", "show", "ab" * 32, "--lang", "en").out.split())
    assert "Police data of Politie Zuidwest Drenthe" in said
    assert "Ground of the giver Taak van algemeen belang of openbaar gezag" in said


def test_of_what_no_police_gave_no_secrecy_is_said(received: Any, exchange: Any) -> None:
    notice = {"given_on": "2026-03-02", "recipients": ["actium", "welzijn"]}
    received({**STATEMENT, "wpg": None, "notice": notice}, "welzijn", None)
    said = " ".join(exchange("inbox", "show", "ab" * 32, "--lang", "en").out.split())
    assert "Police data" not in said
    assert "on 02-03-2026, that it goes to Woningcorporatie Actium and Welzijn De Wolden" in said
