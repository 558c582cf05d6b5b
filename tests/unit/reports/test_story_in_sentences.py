"""A story is told in sentences a person reads: no codes, no key=value, nothing lost of what a newer node tells."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest

from exchange.domain import events
from exchange.domain.casework import Outcome
from exchange.domain.event import EVENTS
from exchange.domain.events.corrections import TellingCode
from exchange.node.accountability import _DETAILS
from exchange.reports.story import SENTENCES, sentence
from exchange.reports.titles import Titles

SAMPLES = json.loads((Path(__file__).resolve().parents[2] / "vectors" / "events.json").read_text())


@pytest.fixture
def titles(fakes: ModuleType) -> Titles:
    return Titles.of_covenant(fakes.COVENANT)


OURS = sorted(topic for topic, cls in EVENTS.items() if cls.__module__.startswith(events.__name__))


def test_every_event_this_release_knows_has_a_sentence() -> None:
    told = {key.partition(":")[0] for key in SENTENCES}
    assert {topic.rpartition("/")[0] for topic in OURS} - told == set()


def details_of(topic: str) -> dict[str, Any]:
    """The public fields of the stored sample of an event, as a story gives them."""
    stored = bytes.fromhex(next(sample["state"] for sample in SAMPLES if sample["topic"] == topic))
    public = json.loads(stored.split(b"\n")[0])  # the public line; what is sealed comes after it
    return {name: public[name] for name in _DETAILS if public.get(name) not in (None, [], {}, "")}


@pytest.mark.parametrize("topic", OURS)
@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_stored_sample_of_every_event_reads_as_one_sentence(topic: str, language: str, titles: Titles) -> None:
    said = sentence(topic, details_of(topic), titles, language)
    assert said.endswith(".")
    assert "=" not in said
    assert "{" not in said
    assert " - " not in said, "a field the sentence needs is not in the story"
    if language == "nl":
        assert said != sentence(topic, details_of(topic), titles, "en")


TOLD = [
    (
        "item/recorded/1",
        {"direction": "sent", "partner": "welzijn", "kind": "disclosure", "category": "HUISVESTING",
         "purpose": "P0_ONDERSTEUNING", "channel": "PHONE", "occurred_on": "2026-03-01"},
        (
            "Huisvesting: gegeven aan Welzijn De Wolden in een verstrekking, per telefoon, voor Ondersteuning bieden. Het is"
            " verteld op 01-03-2026."
        ),
    ),
    (
        "message/received/1",
        {"sender": "gemeente", "sequence": 4, "kind": "nl.convenanten.opvolging.opgepakt.v1"},
        "Een antwoord van Gemeente De Wolden is binnengekomen en opgeslagen, nummer 4.",
    ),
    (
        "receipt/received/1",
        {"partner": "welzijn", "sequence": 2, "rejected": {"0": ["R17"], "2": ["R05", "R30"]}},
        (
            "Welzijn De Wolden tekende voor ontvangst van nummer 2, maar weigerde gegeven 2: R05 (bijzonder gegeven geen"
            " uitzondering), R30 (beroepsgeheim)."
        ),
    ),
    (
        "refusal/recorded/1",
        {"side": "sender", "partner": "actium", "kind": "signal", "categories": ["GEZONDHEID"], "codes": ["R99"]},
        "Dit knooppunt weigerde een signaal aan Woningcorporatie Actium over Gezondheid: R99.",
    ),
    ("keys/rolled/1", {"reason": "erasure"}, "De lopende sleutels zijn beëindigd en vervangen: een wissing had dat nodig."),
    (
        "emergency/invoked/1",
        {"direction": "sent", "partner": "welzijn", "codes": ["R33"]},
        "Acuut gevaar: Welzijn De Wolden is meteen ingelicht. Moet nog: R33 (afweging ontbreekt).",
    ),
    (
        "emergency/invoked/1",
        {"direction": "received", "partner": "welzijn"},
        "Acuut gevaar: Welzijn De Wolden lichtte dit knooppunt meteen in.",
    ),
    (
        "duty/arisen/1",
        {"code": "R33", "partner": "welzijn", "due_at": "2026-03-02T08:00:00.120000Z"},
        "Moet nog voor wat bij acuut gevaar naar Welzijn De Wolden ging: R33 (afweging ontbreekt), voor 02-03-2026 09:00.",
    ),
    (
        "duty/fulfilled/1",
        {"good": "reason"},
        "Een privacy officer schreef waarom iets dat na acuut gevaar nog moest blijft zoals het is.",
    ),
    (
        "exception/reviewed/1",
        {"outcome": "ended", "review_on": "2026-03-16"},
        "De reden om een persoon niet in te lichten is bekeken en bestaat niet meer; zij gold tot en met 16-03-2026.",
    ),
    (
        "conference/offer-decided/1",
        {"decision": "strike"},
        "De voorzitter schrapte een aanbod: het verlaat de eigen organisatie niet.",
    ),
    (
        "conference/outcome-published/1",
        {"next_date": "2026-04-02"},
        (
            "De afspraken en besluiten over een casus gingen naar de partners die erbij betrokken zijn. Het volgende overleg is"
            " op 02-04-2026."
        ),
    ),
    (
        "notification/sent/1",
        {"partner": "welzijn", "telling": "recalled", "action": "ERASE", "reason": "ONJUIST", "due_on": "2026-04-01"},
        (
            "Welzijn De Wolden hoort dat ontvangen gegevens zijn teruggeroepen (gevraagd: wissen): Onjuist (art. 4 lid 4 Wpg)."
            " Antwoord uiterlijk 01-04-2026."
        ),
    ),
    (
        "notification/answered/1",
        {"partner": "welzijn", "outcome": "refused", "ground": "AVG_17_3_e"},
        "Welzijn De Wolden heeft geweigerd. Grond: Rechtsvordering (art. 17 lid 3 onder e AVG).",
    ),
    (
        "case/moved/1",
        {"phase": "GESLOTEN", "close_reason": "GEEN_MEDEWERKING"},
        "De casus ging naar een andere fase: Gesloten. Reden: Geen medewerking.",
    ),
    ("case/moved/1", {"phase": "TRIAGE"}, "De casus ging naar een andere fase: Triage."),
    (
        "case/opened-outside-circle/1",
        {"ground": "circle", "view": "case.read"},
        "Iemand van buiten de kring van de casus bekeek, met een reden: de casus. De privacy officer toetst dat.",
    ),
    (
        "signal/triaged/1",
        {"outcome": "ONVOLDOENDE_INFO"},
        "Een signaal is beoordeeld: er is te weinig informatie om het op te pakken.",
    ),
    ("gap/found/1", {"partner": "welzijn", "first": 3, "last": 5}, (
        "Van Welzijn De Wolden ontbreken de nummers 3 tot en met 5; er wordt opnieuw om gevraagd."
    )),
    ("data/read/1", {"view": "inbox.read"}, "Iemand bekeek persoonsgegevens: een bericht."),
    (
        "retention/confirmed/1",
        {"rule": "hw-1", "period": "P2Y", "trigger": "LAATSTE_WIJZIGING"},
        "De bewaarregel hw-1 is vastgesteld: 2 jaar, gerekend vanaf Laatste wijziging.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("topic", "details", "expected"), TOLD, ids=[f"{topic}-{n}" for n, (topic, _d, _e) in enumerate(TOLD)]
)
def test_a_step_reads_in_dutch_with_names_and_titles(
    topic: str, details: dict[str, Any], expected: str, titles: Titles
) -> None:
    assert sentence(topic, details, titles, "nl") == expected


def test_a_step_cites_the_article_of_the_covenant_at_this_node(titles: Titles) -> None:
    own = dataclasses.replace(titles, numbering={"10.1": "5"})
    assert sentence("notice/given/1", {}, titles, "nl").endswith("(artikel 10.1).")
    assert sentence("notice/given/1", {}, own, "nl").endswith("(artikel 5).")
    other = dataclasses.replace(titles, numbering={"4.1": "3"})
    assert "artikel" not in sentence("notice/given/1", {}, other, "nl"), "it has no article for it"


@pytest.mark.parametrize("told", ["decided", "sent", "received"])
@pytest.mark.parametrize("telling", get_args(TellingCode))
def test_every_kind_of_telling_has_a_sentence_of_its_own(told: str, telling: str) -> None:
    assert f"notification/{told}:{telling}" in SENTENCES


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_of_triage_has_a_sentence_of_its_own(outcome: Outcome) -> None:
    assert f"signal/triaged:{outcome.lower()}" in SENTENCES


def test_what_a_newer_node_tells_is_named_as_well_as_can_be(titles: Titles) -> None:
    assert sentence("quantum/entangled/1", {"spin": 1}, titles, "nl") == "quantum/entangled/1"
    newer = sentence("message/sent/7", {"recipient": "mars", "kind": "x.y.beam.v9"}, titles, "nl")
    assert newer == "Een beam voor mars is ondertekend, nummer -."
