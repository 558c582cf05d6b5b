"""Covenants and proposals that the tests of this room start from. All persons and places are invented."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from exchange.domain.compile import Party, compile_covenant
from exchange.domain.covenant import Covenant
from exchange.domain.gates import ItemFacts, Notice, Proposal, Secrecy, Weighing
from exchange.domain.vocabulary import Kind, SecrecyGround, SecrecyRegime

DE_WOLDEN = Path(__file__).parents[3] / "deploy" / "de-wolden" / "covenant.toml"

TINY = """
name = "Samenwerking Testwoud"
version = "2"
environment = "ACCEPTANCE"
generation = 1
review_due = 2030-01-01

[settings]
max_age_days = 10
small_cell_threshold = 3
review_overdue = "refuse"
signal_retention = "t01"
statement_retention = "t01"

[[partners]]
slug = "school"
name = "Basisschool De Verzonnen Eik"
kind = "SCHOOL"
participation = "connected"
public_body = false
organisation_id = "urn:nld:kvknr:00000021"
[[partners.statutory_tasks]]
code = "onderwijs"
title = "Primair onderwijs"
source = "Wet op het primair onderwijs"

[[partners]]
slug = "ggd"
name = "GGD Testwoud"
kind = "GGD"
participation = "connected"
public_body = true
organisation_id = "urn:nld:oin:00000000000000000022"
[[partners.statutory_tasks]]
code = "jgz"
title = "Jeugdgezondheidszorg"
source = "Wet publieke gezondheid"
secrecy_bound = true

[[partners]]
slug = "bibliotheek"
id = "00000000000000000000000000000009"
name = "Bibliotheek Testwoud"
kind = "BIBLIOTHEEK"
participation = "paper"
public_body = false
organisation_id = "urn:nld:kvknr:00000023"
[[partners.statutory_tasks]]
code = "lezen"
title = "Bevorderen van lezen"
source = "Wet stelsel openbare bibliotheekvoorzieningen"

[[purposes]]
code = "SCHOOLGANG"
title = "Kinderen gaan naar school"
article = "3"
aggregate_only = false

[[contexts]]
code = "VERZUIM"
title = "Verzuim"
article = "2"

[[categories]]
code = "VERZUIM"
title = "Schoolverzuim"
mark = "none"
retention = "t01"
fields = { dagen = "Dagen afwezig" }

[[categories]]
code = "KINDGEZONDHEID"
title = "Gezondheid van het kind"
mark = "special"
retention = "t01"
fields = { klacht = "Klacht" }

[[categories]]
code = "LEERLING"
title = "De leerling"
mark = "none"
retention = "t01"
fields = { roepnaam = "Roepnaam", leeftijd = "Leeftijd", wijk = "Wijk" }

[identity]
name = { category = "LEERLING", field = "roepnaam" }
birth_date = { category = "LEERLING", field = "leeftijd" }
address = { category = "LEERLING", field = "wijk" }

[[matrix]]
categories = ["VERZUIM"]
recipients = ["ggd"]
senders = ["SCHOOL"]
condition = "allow"
source = "3"

[[matrix]]
categories = ["KINDGEZONDHEID"]
recipients = ["GGD"]
condition = "exception"
grounds = ["UAVG_30_3_a"]
source = "3"

[[field_rules]]
purposes = ["SCHOOLGANG"]
category = "VERZUIM"
fields = ["dagen"]

[[field_rules]]
purposes = ["SCHOOLGANG"]
category = "KINDGEZONDHEID"
fields = ["klacht"]

[[retention]]
code = "t01"
title = "Alles"
[[retention.rules]]
code = "alles"
holders = ["*"]
trigger = "ONTVANGST"
period = "P1Y"
source = "voorstel"
verified = false

[numbering]
"4.1" = "3"

[articles]
"3" = "Kinderen gaan naar school."
"""


def parties_of(*slugs: str) -> dict[str, Party]:
    return {
        slug: Party(id=f"{n:032x}", card={"slug": slug, "keys": {"sign": f"{n:064x}", "log": f"{n + 100:064x}"}})
        for n, slug in enumerate(slugs, 1)
    }


@pytest.fixture(scope="session")
def de_wolden_toml() -> str:
    return DE_WOLDEN.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def tiny_toml() -> str:
    return TINY


@pytest.fixture(scope="session")
def de_wolden_parties() -> dict[str, Party]:
    return parties_of("gemeente", "politie", "actium", "welzijn")


@pytest.fixture(scope="session")
def de_wolden(de_wolden_toml: str, de_wolden_parties: dict[str, Party]) -> Covenant:
    return compile_covenant(de_wolden_toml, de_wolden_parties)


@pytest.fixture(scope="session")
def tiny(tiny_toml: str) -> Covenant:
    return compile_covenant(tiny_toml, parties_of("school", "ggd"))


TASKS = {"gemeente": "wmo", "politie": "handhaving", "actium": "verhuur", "welzijn": "maatschappelijk-werk"}
BASES = {"gemeente": "A6_1_e", "politie": "A6_1_e", "actium": "A6_1_b", "welzijn": "A6_1_e"}


@pytest.fixture(scope="session")
def propose() -> Callable[..., Proposal]:
    """A lawful disclosure of nuisance facts under the covenant of De Wolden; whatever is given replaces a part of it."""

    def make(sender: str = "actium", recipient: str = "welzijn", **changes: Any) -> Proposal:
        lawful: dict[str, Any] = {
            "kind": Kind.DISCLOSURE,
            "sender": sender,
            "recipient": recipient,
            "on": date(2026, 3, 2),
            "purpose": "P0_ONDERSTEUNING",
            "context": "ONDERSTEUNING",
            "sender_basis": BASES.get(sender, "A6_1_e"),
            "recipient_basis": BASES.get(recipient, "A6_1_e"),
            "sender_task": TASKS.get(sender, "geen"),
            "recipient_task": TASKS.get(recipient, "geen"),
            "secrecy": Secrecy(applies=True, regime=SecrecyRegime.BEROEPSCODE, ground=SecrecyGround.CONFLICT_OF_DUTIES),
            "weighing": Weighing(necessity="nodig", proportionality="passend", subsidiarity="niet minder"),
            "notice": Notice(
                reference="2026-03-02", recipients=frozenset({"gemeente", "welzijn", "actium", "politie"})
            ),
            "trained_on": date(2026, 3, 1),
            "support_rationale": "Betrokkene kan hulp gebruiken bij het opruimen.",
            "signal_kind": "VERVUILING",
            "items": (ItemFacts(category="OVERLAST", field="aard-overlast", text="stank in het trapportaal"),),
        }
        return Proposal(**{**lawful, **changes})

    return make
