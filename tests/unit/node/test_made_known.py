"""Who somebody is goes as the covenant has it: what it does not name, nobody is told; and each generation has its own say."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from exchange.domain.compile import draft_covenant
from exchange.domain.covenant import Covenant
from exchange.domain.known_by import Attribute, KnownBy
from exchange.domain.vocabulary import Kind
from exchange.node.identity import (
    disclosed_fields,
    identity_for,
    leading,
    places,
    stands_under,
    tells_who,
    told,
    well_placed,
)
from exchange.node.rules import facts
from exchange.wire import messages as m

DE_WOLDEN = Path(__file__).parents[3] / "deploy" / "de-wolden" / "covenant.toml"
JELLE = m.Identity(
    given_names="Jelle", family_name="Verzonnen", birth_date="1964-11-05", postcode="7921 AB", house_number="12"
)
NAME, DATE, ADDRESS = ("IDENTIFICATIE", "naam"), ("IDENTIFICATIE", "geboortedatum"), ("CONTACT", "adres")


@pytest.fixture(scope="module")
def de_wolden() -> Covenant:
    return draft_covenant(DE_WOLDEN.read_text(encoding="utf-8"), {})


def known_by(covenant: Covenant, **attributes: tuple[str, str]) -> Covenant:
    """The same covenant, in which these attributes and no others make known."""
    named = {name: Attribute(category=category, field=field) for name, (category, field) in attributes.items()}
    return covenant.model_copy(update={"identity": KnownBy(**named)})


def goes(*covenants: Covenant, identity: m.Identity = JELLE, to: str = "welzijn", **more: object) -> set[str]:
    """Which attributes would go along from Actium."""
    return set(told(identity_for(covenants, "actium", to, Kind.DISCLOSURE, "P0_ONDERSTEUNING", identity, **more)))  # type: ignore[arg-type]


def item(identity: m.Identity, place: tuple[str, str] = NAME) -> m.Item:
    return m.Item(
        item=uuid4(), subject="0" * 32, category=place[0], field=place[1], identity=identity, origin_partner="actium"
    )


def test_each_attribute_is_judged_and_recorded_as_the_covenant_has_it(de_wolden: Covenant) -> None:
    assert places(de_wolden, JELLE) == [NAME, DATE, ADDRESS]
    assert disclosed_fields(de_wolden, item(JELLE)) == "naam+geboortedatum+adres"
    other = known_by(de_wolden, name=("CONTACT", "telefoon"), birth_date=DATE, address=ADDRESS)
    assert [(f.category, f.field) for f in facts(other, "actium", item(JELLE))] == [
        ("CONTACT", "telefoon"), DATE, ADDRESS,
    ]  # fmt: skip
    assert all(f.identifies and "Verzonnen" in f.text and "7921 AB" in f.text for f in facts(other, "a", item(JELLE)))
    assert (well_placed(de_wolden, item(JELLE)), well_placed(other, item(JELLE))) == (True, False)


def test_what_the_covenant_leaves_out_nobody_is_told(de_wolden: Covenant) -> None:
    assert goes(de_wolden) == {"name", "birth_date", "address"}
    assert goes(known_by(de_wolden, name=NAME)) == {"name"}
    assert goes(known_by(de_wolden)) == set()
    silent = known_by(de_wolden, name=NAME)
    assert [(f.category, f.field) for f in facts(silent, "actium", item(JELLE))] == [NAME, ("", ""), ("", "")]


def test_a_covenant_without_names_makes_known_by_the_first_that_it_does_name(de_wolden: Covenant) -> None:
    by_address = known_by(de_wolden, birth_date=DATE, address=ADDRESS)
    assert goes(by_address) == {"birth_date", "address"}
    assert stands_under(by_address, JELLE.model_copy(update={"given_names": "", "family_name": ""})) == DATE
    no_date = m.Identity(family_name="Verzonnen", postcode="7921 AB", house_number="12")
    assert goes(by_address, identity=no_date) == {"address"}
    assert stands_under(by_address, m.Identity(postcode="7921 AB", house_number="12")) == ADDRESS


def test_where_generations_differ_only_what_each_of_them_names_goes(de_wolden: Covenant) -> None:
    new = known_by(de_wolden, name=("CONTACT", "telefoon"), address=ADDRESS)
    assert goes(de_wolden, new) == {"name", "address"}
    assert goes(de_wolden, known_by(de_wolden)) == set()
    assert goes(known_by(de_wolden), de_wolden) == set()


def test_a_decision_of_the_police_limits_what_goes_along(de_wolden: Covenant) -> None:
    decision = m.WpgDecision(
        reference="b-1",
        ground="WPG_19",
        goal="b",
        categories=["IDENTIFICATIE"],
        fields=["naam"],
        valid_until="2026-12-31",
    )
    assert goes(de_wolden, decision=decision) == {"name"}


def test_what_told_who_somebody_is_is_known_from_any_generation(de_wolden: Covenant) -> None:
    known = leading([de_wolden, known_by(de_wolden, address=ADDRESS), known_by(de_wolden)])
    assert known == {NAME, ADDRESS}
    assert tells_who(known, "IDENTIFICATIE", "naam")
    assert tells_who(known, "IDENTIFICATIE", "geboortedatum+adres"), "only an identity is several fields"
    assert not tells_who(known, "IDENTIFICATIE", "geboortedatum")
    assert not tells_who(known, "HUISVESTING", "naam")


def test_an_identity_that_tells_nothing_stands_nowhere(de_wolden: Covenant) -> None:
    empty = item(m.Identity())
    assert not well_placed(de_wolden, empty)
    assert [(f.category, f.field) for f in facts(de_wolden, "actium", empty)] == [NAME]
