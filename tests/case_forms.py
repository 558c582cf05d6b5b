"""The forms of scenario 1, for every test that needs something lawful to send."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from exchange.node import forms as f


def share_form(
    subject: UUID, recipients: list[dict[str, Any]], items: list[dict[str, Any]], **more: Any
) -> f.ShareForm:
    basis = {
        "purpose": "P0_ONDERSTEUNING",
        "context": "SIGNALERING",
        "basis": "A6_1_f",
        "task": "verhuur",
        "weighing": {
            "necessity": "Overlast voor de buren.",
            "proportionality": "Alleen de woning.",
            "subsidiarity": "Gesprek hielp niet.",
        },
        "notice": {
            "reference": "kennisgeving-1",
            "given_on": "2026-03-02",
            "mode": "HUISBEZOEK",
            "recipients": ["gemeente", "welzijn"],
        },
        "support_rationale": "Bewoner is gebaat bij hulp bij het opruimen.",
    }
    return f.ShareForm.model_validate({"subject": subject, "recipients": recipients, "items": items, **basis, **more})


TO_WELZIJN = {"partner": "welzijn", "basis": "A6_1_f", "task": "maatschappelijk-werk"}
TO_GEMEENTE = {"partner": "gemeente", "basis": "A6_1_e", "task": "wmo"}
HOUSE = [
    {"category": "HUISVESTING", "field": "staat-woning", "value": "De woning staat vol spullen."},
    {"category": "OVERLAST", "field": "aantal-meldingen", "value": "3"},
]
