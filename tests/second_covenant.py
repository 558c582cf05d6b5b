"""The second covenant as the tests play it: early signals of arrears. Invented, as is everybody in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from exchange.node import forms as f

TOML = Path(__file__).with_suffix(".toml")
PARTNERS = ("gemeente", "actium", "lichtbron", "zorgvast")
"""Actium and the municipality are in the covenant of De Wolden as well, under the same short names."""
TASKS = {
    "gemeente": ("A6_1_e", "vroegsignalering"),
    "actium": ("A6_1_b", "huurincasso"),
    "lichtbron": ("A6_1_b", "leveringszekerheid"),
    "zorgvast": ("A6_1_b", "premie-inning"),
}
KUNST = {
    "given_names": "Kees",
    "family_name": "Kunst-Matig",
    "birth_date": "1979-04-01",
    "postcode": "7921 ZZ",
    "house_number": "21",
}
ARREARS = [
    {"category": "BETAALACHTERSTAND", "field": "bedrag", "value": "840 euro"},
    {"category": "BETAALACHTERSTAND", "field": "maanden", "value": "2"},
    {"category": "BEREIKBAARHEID", "field": "mobiel", "value": "nummer bij de gemeente bekend"},
]
OFFER = [{"category": "HULPAANBOD", "field": "uitkomst", "value": "De inwoner aanvaardt een regeling."}]
CONSENT = {
    "stated": ["INWONER_STEMT_IN"],
    "secrecy": {"applies": True, "regime": "AMBT", "ground": "TOESTEMMING", "motivation": "De inwoner tekende ervoor."},
}


def arrears(subject: UUID, sender: str = "actium", to: str = "gemeente", **more: Any) -> f.ShareForm:
    """A creditor signals arrears to the municipality, and announced so to the resident."""
    return _form(subject, sender, to, {
        "kind": "signal", "context": "ACHTERSTANDSMELDING", "items": ARREARS, "signal_kind": "ACHTERSTAND_HUUR",
        "support_rationale": "De inwoner is gebaat bij een vroeg hulpaanbod.",
        "notice": {"reference": "brief-1", "given_on": "2026-02-20", "mode": "BRIEF", "recipients": ["gemeente"]},
        **more,
    })  # fmt: skip


def outcome(subject: UUID, to: str = "actium", **more: Any) -> f.ShareForm:
    """The municipality tells a creditor what came of it, as the resident agreed."""
    return _form(subject, "gemeente", to, {"context": "TERUGMELDING", "items": OFFER, **CONSENT, **more})


def _form(subject: UUID, sender: str, to: str, more: dict[str, Any]) -> f.ShareForm:
    (basis, task), (their_basis, their_task) = TASKS[sender], TASKS[to]
    recipients = [{"partner": to, "basis": their_basis, "task": their_task}]
    own = {"purpose": "VROEGHULP", "basis": basis, "task": task}
    return f.ShareForm.model_validate({"subject": subject, "recipients": recipients, **own, **more})
