"""A covenant in words: nothing that is signed is left unsaid, whatever its articles are called."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from exchange.domain.compile import draft_covenant
from exchange.domain.covenant import Covenant
from exchange.domain.known_by import Attribute, KnownBy
from exchange.reports.articles import Article, articles
from exchange.reports.changes import HEADINGS, chapters
from exchange.reports.covenant_words import ATTRIBUTES, FIELDS

DE_WOLDEN = Path(__file__).resolve().parents[3] / "deploy" / "de-wolden" / "covenant.toml"
SECOND = Path(__file__).parents[2] / "second_covenant.toml"


@pytest.fixture(scope="module")
def de_wolden() -> Covenant:
    return draft_covenant(DE_WOLDEN.read_text(), {})


def said(found: list[Article]) -> str:
    parts = [text for a in found for text in (a.number, a.text, *a.duties)]
    return "\n".join([*parts, *(cell for a in found for t in a.tables for row in t.rows for cell in row)])


def of_article(covenant: Covenant, number: str, language: str = "nl") -> Article:
    return next(a for a in articles(covenant, language) if a.number == number)


def test_every_code_and_every_title_of_the_covenant_is_read(de_wolden: Covenant) -> None:
    text = said(articles(de_wolden, "nl"))
    tables = (
        *(de_wolden.purposes, de_wolden.contexts, de_wolden.categories, de_wolden.grounds),
        *(de_wolden.areas, de_wolden.signal_kinds, de_wolden.profiles),
    )
    codes = [(row.code, row.title) for table in tables for row in table]
    codes += [(task.code, task.title) for p in de_wolden.partners for task in p.statutory_tasks]
    codes += [(f"{c.code}:{code}", title) for c in de_wolden.categories for code, title in c.fields.items()]
    codes += [(rule.code, rule.source) for known in de_wolden.retention for rule in known.rules]
    codes += [(p.slug, p.name) for p in de_wolden.partners]
    codes += [(p.necessity, p.subsidiarity) for p in de_wolden.profiles]
    codes += [(ground, ground) for row in de_wolden.matrix for ground in row.grounds]
    assert [pair for pair in codes if not all(part in text for part in pair)] == []
    assert all(article in text for article in de_wolden.articles.values())


def test_articles_come_in_the_order_of_their_numbers(de_wolden: Covenant) -> None:
    numbers = [a.number for a in articles(de_wolden, "nl") if a.number]
    assert numbers == sorted(de_wolden.articles, key=lambda n: tuple(map(int, n.split("."))))
    assert numbers.index("9.2") < numbers.index("10.1")


def test_every_article_says_what_the_node_does_or_that_people_do_it(de_wolden: Covenant) -> None:
    assert [a.number for a in articles(de_wolden, "nl") if a.number and not a.duties] == []
    assert of_article(de_wolden, "14.1").duties == [
        "Het knooppunt doet hier niets mee; het is een afspraak tussen mensen."
    ]


def test_the_covenants_own_settings_are_told_where_they_belong(de_wolden: Covenant) -> None:
    assert "verstrekkingen" in of_article(de_wolden, "10.1").duties[-1]
    assert "01-10-2026" in of_article(de_wolden, "15.1").duties[0]
    assert "2 weken" in of_article(de_wolden, "5.1").duties[-1]
    settings = {"notice_before": (), "weighing_before": (), "review_overdue": "refuse"}
    other = de_wolden.model_copy(update={"settings": de_wolden.settings.model_copy(update=settings)})
    assert of_article(other, "10.1").duties == [
        "Geen bericht vraagt of betrokkene is ingelicht. (voorstel: vast te stellen door de verwerkingsverantwoordelijke)"
    ]
    assert of_article(other, "10.1").tables == []
    assert "R33" not in said([of_article(other, "11.1")])
    assert "elk bericht wordt geweigerd (R27)" in of_article(other, "15.1").duties[0]


def test_a_covenant_whose_articles_have_other_numbers_is_read_whole(fakes: ModuleType) -> None:
    covenant = Covenant.parse(json.dumps(fakes.COVENANT))
    found = articles(covenant, "en")
    assert [a.number for a in found] == ["4.1", "6.1", "14.1", ""]
    rest = said([found[-1]])
    for expected in ("Woningcorporatie Actium", "HUISVESTING:staat", "hw-1", "woningwet", "To be reviewed by"):
        assert expected in rest
    assert "P0_ONDERSTEUNING" in said([found[0]])


def test_a_covenant_with_a_numbering_is_read_by_its_own_articles_and_loses_no_rule() -> None:
    covenant = draft_covenant(SECOND.read_text(encoding="utf-8"), {})
    found = articles(covenant, "nl")
    assert [a.number for a in found] == [*"123456789", ""]
    assert found[3].duties[0].startswith("Een signaal moet zeggen waarom")
    assert found[2].duties[-1] == "Een ander doel dan die van artikel 3 wordt niet aanvaard (R04)."
    assert found[6].duties == [
        "Het knooppunt volgt de rijen en regels die dit artikel als bron noemen; ze staan in de tabellen."
    ]
    assert "4 weken" in said([found[7]])
    assert "R12" in said([found[-1]]), "what has no article holds all the same, and stands at the end"
    plain = articles(covenant.model_copy(update={"numbering": {}}), "nl")
    assert plain[1].duties == [
        "Het convenant zegt niet welke regels van het knooppunt hierbij horen (tabel numbering); wat geldt staat aan het eind."
    ]
    assert "R04" in said([plain[-1]])


def test_another_numbering_is_told_as_a_change_and_headings_follow_it(de_wolden: Covenant) -> None:
    other = de_wolden.model_copy(update={"numbering": {"11.1": "14.1"}, "identity": KnownBy()})
    found = {c.heading: c.sentences for c in chapters(de_wolden, other, "nl")}
    assert found["Bij welk artikel een regel van het knooppunt hoort"] == [
        "Wat de regels van het knooppunt artikel 11.1 noemen is nieuw (artikel: 14.1)."
    ]
    assert "Waarmee een persoon bekend wordt gemaakt (artikel 14.1)" in found


@pytest.mark.parametrize("language", ["nl", "en"])
def test_no_sentence_is_left_unfilled_or_in_the_other_language(de_wolden: Covenant, language: str) -> None:
    text = said(articles(de_wolden, language))
    assert "{" not in text
    assert ("knooppunt" in text) is (language == "nl")
    assert ("the node" in text.lower()) is (language == "en")


def test_every_attribute_of_the_covenant_has_a_name_for_people(de_wolden: Covenant) -> None:
    """So that a change of it is told in words and not by the name of a field in the code."""

    def attributes(value: Any) -> set[str]:
        if isinstance(value, list):
            return set().union(*map(attributes, value))
        if not isinstance(value, dict):
            return set()
        return set(value).union(
            *(attributes(inner) for name, inner in value.items() if name not in {"fields", "articles"})
        )

    structure = {
        "settings", "partners", "statutory_tasks", "purposes", "contexts", "categories", "matrix", "field_rules", "rules",
        "text_rules", "articles", "areas", "signal_kinds", "fields", "recipients", "senders", "kinds", "category", "code", "slug",
        "until", "use",  # of phases, which are told as one
        "secrecy_regimes", "numbering", "identity", "field", *ATTRIBUTES,  # of what makes a person known, which is told as one
        "profiles", "partner", "basis", "task", "special_exception", "criminal_ground",  # of a party, likewise
    }  # fmt: skip
    assert attributes(de_wolden.model_dump(mode="json")) - structure - set(FIELDS) == set()


def test_on_which_grounds_police_data_go_to_whom_is_read_aloud(de_wolden: Covenant) -> None:
    found = next(t for t in of_article(de_wolden, "2.1").tables if "WPG_19" in str(t.rows))
    column = found.columns.index("Politiegegevens op")
    assert {row[0]: "WPG_16_1_b_1" in row[column] for row in found.rows if row[column] != "-"} == {
        "Gemeente De Wolden": True,
        "Woningcorporatie Actium": False,
        "Welzijn De Wolden": False,
    }


def test_what_makes_a_person_known_is_read_with_what_is_told_to_nobody(de_wolden: Covenant) -> None:
    found = next(
        t
        for t in of_article(de_wolden, "11.1").tables
        if t.title.startswith("Waarmee een persoon bekend wordt gemaakt")
    )
    assert found.rows == [
        ["De naam", "Naam van Identificerende gegevens (IDENTIFICATIE:naam)"],
        ["De geboortedatum", "Geboortedatum van Identificerende gegevens (IDENTIFICATIE:geboortedatum)"],
        ["Het adres", "Adres van Contactgegevens (CONTACT:adres)"],
    ]
    silent = de_wolden.model_copy(update={"identity": KnownBy(name=de_wolden.identity.name)})
    text = said([of_article(silent, "11.1")])
    assert text.count("wordt aan niemand verteld") == 2
    assert "IDENTIFICATIE:geboortedatum)" not in text


def test_changes_of_what_makes_a_person_known_are_told_in_sentences(de_wolden: Covenant) -> None:
    name, date = "Naam van Identificerende gegevens", "Geboortedatum van Identificerende gegevens"
    phone = "Telefoonnummer van Contactgegevens"
    by_phone = Attribute(category="CONTACT", field="telefoon")
    other = KnownBy(name=by_phone, address=de_wolden.identity.address)
    (there,) = chapters(de_wolden, de_wolden.model_copy(update={"identity": other}), "nl")
    assert there.heading == "Waarmee een persoon bekend wordt gemaakt (artikel 11.1)"
    assert there.sentences == [
        f"De naam werd verteld als {name} (IDENTIFICATIE:naam) en wordt {phone} (CONTACT:telefoon).",
        f"De geboortedatum wordt aan geen partner meer verteld (was: {date} (IDENTIFICATIE:geboortedatum)).",
    ]
    (back,) = chapters(de_wolden.model_copy(update={"identity": other}), de_wolden, "nl")
    assert (
        back.sentences[1] == f"De geboortedatum mag voortaan worden verteld, als {date} (IDENTIFICATIE:geboortedatum)."
    )


def test_changes_are_grouped_under_headings_in_the_order_people_talk_about_them(de_wolden: Covenant) -> None:
    document = de_wolden.model_dump(mode="json")
    document["partners"][0]["name"] = "Gemeente Nieuw-Wolden"
    document["purposes"][0]["title"] = "Andere ondersteuning"
    document["review_due"] = "2028-10-01"
    document["articles"]["4.1"] = "Iets anders."
    new = Covenant.model_validate_json(json.dumps(document))
    found = chapters(de_wolden, new, "nl")
    assert [c.heading for c in found] == [
        "Partners",
        "Doelen (artikel 4.1)",
        "Tekst van de artikelen",
        "Het document zelf",
    ]
    assert found[0].sentences == [
        "Gemeente Nieuw-Wolden (gemeente): naam was “Gemeente De Wolden” en wordt “Gemeente Nieuw-Wolden”."
    ]
    assert found[3].sentences == ["Herziening uiterlijk op: was 01-10-2026 en wordt 01-10-2028."]
    assert len(HEADINGS) == len(set(HEADINGS.values()))


def test_a_profile_says_for_which_messages_it_is_and_no_kind_of_organisation(de_wolden: Covenant) -> None:
    (profile,) = [t for t in of_article(de_wolden, "11.1").tables if ["in berichten", "signalen"] in t.rows]
    assert profile.title == "Signaal van eenzaamheid, voor het maatschappelijk werk"
    assert "soort organisatie" not in said([of_article(de_wolden, "11.1")])
