"""The page a privacy officer prints: complete, in sentences, readable by everybody, and nothing from outside."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest

from exchange.reports.titles import Titles, readable
from exchange.reports.who_knows import groups, render, summary

ERASED = {"erased_at": datetime(2028, 3, 2, 4, tzinfo=UTC), "erased_rule": "hw-1"}
NOON = datetime(2026, 3, 5, 11, tzinfo=UTC)
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Tree(HTMLParser):
    """Checks that tags nest, and collects tags with their attributes and the text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.stack: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag
        if tag not in {"code", "span"} or "sub" in (self.tags[-1][1].get("class") or ""):
            self.text.append(" ")

    def handle_data(self, data: str) -> None:
        if self.stack and self.stack[-1] not in {"style", "script"}:
            self.text.append(data)


def parsed(page: str) -> Tree:
    tree = Tree()
    tree.feed(page)
    tree.close()
    assert not tree.stack
    return tree


def words(page: str) -> str:
    return " ".join("".join(parsed(page).text).split())


@pytest.fixture
def titles(fakes: ModuleType) -> Titles:
    return Titles.of_covenant(fakes.COVENANT)


def test_an_item_reads_as_who_what_when_why_and_until_when(fakes: ModuleType, titles: Titles) -> None:
    text = words(render(fakes.answer(fakes.item()), "en", titles))
    for expected in (
        "Jelle Verzonnen, 14-05-1964", "Woningcorporatie Actium", "Given by us to Welzijn De Wolden", "Huisvesting",
        "Staat van de woning", "02-03-2026 09:00", "through the exchange", "Ondersteuning bieden",
        "Taak van algemeen belang", "Leefbaarheid (art. 46 Woningwet)", "receipt 02-03-2026 09:00",
        "until 02-03-2028, rule hw-1", "log entry 12", "42 entries",
    ):  # fmt: skip
        assert expected in text, expected


@pytest.mark.parametrize(
    ("changes", "expected", "proven"),
    [
        ({"receipt_at": None, "proven": False}, "no receipt yet", False),
        ({"direction": "received"}, "signed by the sender", True),
        ({"channel": "PHONE", "proven": False, "occurred_on": date(2026, 2, 27)}, "stated, not proven", False),
        ({"rejected": ["R05"]}, "refused on receipt: R05", True),
        (ERASED, "erased on 02-03-2028 under rule hw-1", True),
        (
            {**ERASED, "erased_single_handed": True},
            "erased on 02-03-2028 under rule hw-1, decided by a single hand",
            True,
        ),
        ({"rule_confirmed": False}, "until 02-03-2028, rule hw-1 (proposed)", True),
        ({"keep_until": None}, "no date yet (rule hw-1)", True),
        ({"keep_until": None, "keep_rule": ""}, "no rule yet", True),
        ({"mentioned": True}, "mentioned only", True),
        ({"corrected_at": NOON}, "corrected on 05-03-2026, not current any more", True),
        ({"replaces": UUID(int=2)}, "takes the place of an earlier value", True),
        ({"recalled_at": NOON}, "recalled on 05-03-2026", True),
        ({"recalled_at": NOON, "recall_outcome": "refused", "told": "lifted"}, "that recall was refused", True),
        ({"restricted_at": NOON}, "restricted since 05-03-2026: only stored", True),
        ({"told_at": NOON}, "told on 05-03-2026, not answered yet", True),
        ({"told_at": NOON, "acknowledged_at": NOON, "acknowledged": "done"}, "processed on 05-03-2026", True),
        ({"told_at": NOON, "acknowledged_at": NOON, "acknowledged": "refused"}, "refused on 05-03-2026", True),
        ({"occurred_on": date(2026, 2, 27)}, "27-02-2026, recorded 02-03-2026 09:00", True),
    ],
    ids=lambda value: str(next(iter(value))) if isinstance(value, dict) else None,
)
def test_each_state_of_an_item_is_told_in_words(
    fakes: ModuleType, changes: dict[str, Any], expected: str, proven: Any
) -> None:
    answer = fakes.answer(fakes.item(**changes))
    assert expected in words(render(answer, "en"))
    (group,) = groups(answer, "en")
    assert [item.proven for item in group.sent + group.received] == [proven]


def test_what_was_erased_or_refused_is_not_said_to_be_known(fakes: ModuleType) -> None:
    lines = summary(fakes.answer(fakes.item(**ERASED), fakes.item(rejected=["R05"], partner_name="Gemeente")), "en")
    assert not [line for line in lines if line.startswith("Received from us")]
    assert {"Erased here: 1.", "Refused on receipt: 1."} <= set(lines)


def test_an_erasure_says_whether_a_single_hand_decided_it(fakes: ModuleType) -> None:
    two = fakes.answer(fakes.item(**ERASED))
    assert "single hand" not in words(render(two, "en")) + " ".join(summary(two, "en"))
    one = fakes.answer(fakes.item(**ERASED), fakes.item(**ERASED, erased_single_handed=True))
    assert {"Erased here: 2.", "Of these decided by a single hand: 1."} <= set(summary(one, "en"))


def test_a_third_party_is_named_with_the_ground_of_whoever_told_it_and_without_one_of_its_own(
    fakes: ModuleType, titles: Titles
) -> None:
    told = {"partner": "DERDE", "channel": "PHONE", "receipt_at": None, "basis": ["A6_1_e", "WMO_2_3_2", "NVT", "NVT"]}
    page = words(render(fakes.answer(fakes.item(**told, partner_name="Zorgteam Fictie")), "en", titles))
    assert "Received from us: Zorgteam Fictie." in page
    assert "giver:" in page
    assert "receiver:" not in page
    gone = words(render(fakes.answer(fakes.item(**told, partner_name="DERDE")), "en", titles))
    assert "third party (name erased)" in gone
    assert "DERDE" not in gone


def test_the_summary_counts_what_a_reader_must_know(fakes: ModuleType) -> None:
    lines = summary(
        fakes.answer(
            fakes.item(),
            fakes.item(partner="gemeente", partner_name="Gemeente", receipt_at=None),
            fakes.item(channel="ORAL", receipt_at=None),
            fakes.item(direction="received", partner="politie", partner_name="Politie"),
        ),
        "en",
    )
    assert lines == [
        "Received from us: Gemeente and Welzijn De Wolden.",
        "Told to us by: Politie.",
        "Not confirmed by a receipt: 1.",
        "Stated, not proven: 1.",
    ]


def test_an_unknown_person_reads_the_same_as_one_about_whom_nothing_was_shared(fakes: ModuleType) -> None:
    page = render(fakes.answer(label="", subject=None), "en")
    assert "Nothing about this is known to have been exchanged." in words(page)
    assert "<section" not in page


def test_partners_are_told_apart_and_items_stand_in_order_of_time(fakes: ModuleType) -> None:
    later = datetime(2026, 5, 1, tzinfo=UTC)
    found = groups(
        fakes.answer(
            fakes.item(at=later, log_index=30), fakes.item(), fakes.item(partner="gemeente", partner_name="Gemeente")
        ),
        "en",
    )
    assert [group.name for group in found] == ["Gemeente", "Welzijn De Wolden"]
    assert [item.log_index for item in found[1].sent] == [12, 30]


@pytest.mark.parametrize("environment", ["DEMO", "ACCEPTANCE"])
def test_every_page_but_productions_says_what_it_comes_from(fakes: ModuleType, environment: str) -> None:
    assert environment in words(render(fakes.answer(environment=environment), "nl"))
    assert "PRODUCTION" not in words(render(fakes.answer(environment="PRODUCTION"), "nl"))


def test_text_from_anywhere_cannot_become_markup(fakes: ModuleType, titles: Titles) -> None:
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=y>{{7*7}}{% raw %}"
    answer = fakes.answer(
        fakes.item(partner_name=hostile, field=hostile, purpose=hostile, keep_rule=hostile, basis=[hostile]),
        label=hostile, partner_name=hostile,
    )  # fmt: skip
    tree = parsed(render(answer, "nl", titles))
    assert not [tag for tag, _ in tree.tags if tag in {"script", "img"}]
    assert "{{7*7}}" in " ".join(tree.text)


@pytest.mark.parametrize("name", ["عائشة بنت محمد", "李小龙", "Zoë d'Été-ß", "👵🏽", "a\u0301"])
def test_a_name_in_any_script_is_printed_as_it_is(fakes: ModuleType, name: str) -> None:
    assert name in words(render(fakes.answer(label=name), "nl"))


def test_the_page_is_one_file_with_nothing_from_outside(fakes: ModuleType) -> None:
    page = render(fakes.answer(fakes.item()), "nl")
    assert not re.search(r"https?:|//|url\(|@import|<script|<link|<img", page)
    assert not [attrs for _, attrs in parsed(page).tags if {"src", "href", "style"} & set(attrs)]


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_screen_reader_can_walk_the_page(fakes: ModuleType, language: str) -> None:
    answer = fakes.answer(fakes.item(), fakes.item(direction="received"), fakes.item(partner_name="Gemeente"))
    tree = parsed(render(answer, language))
    tags = [tag for tag, _ in tree.tags]
    assert dict(tree.tags)["html"]["lang"] == language
    assert tags.count("h1") == tags.count("main") == tags.count("title") == 1
    assert tags.count("caption") == tags.count("table") == 3
    scopes = [attrs.get("scope") for tag, attrs in tree.tags if tag == "th"]
    assert scopes.count("col") == 15
    assert scopes.count("row") == 3
    ids = [attrs["id"] for _, attrs in tree.tags if "id" in attrs]
    assert len(ids) == len(set(ids)) == 3
    assert all(attrs["aria-labelledby"] in ids for tag, attrs in tree.tags if tag == "section")


def test_text_stands_out_enough_against_its_background(fakes: ModuleType) -> None:
    page = render(fakes.answer(), "nl")
    colours = dict(re.findall(r"--(ink|soft|brand|warn|bad|wash): (#[0-9a-f]{6})", page))
    assert len(colours) == 6
    for name in ("ink", "soft", "brand", "warn", "bad"):
        for ground in ("#ffffff", colours["wash"]):
            assert _contrast(colours[name], ground) >= 4.5, (name, ground)  # WCAG 2.1, 1.4.3


def _contrast(one: str, other: str) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_dutch_and_english_say_it_differently(fakes: ModuleType) -> None:
    answer = fakes.answer(fakes.item(**ERASED))
    assert words(render(answer, "nl")) != words(render(answer, "en"))
    assert "erased on" not in words(render(answer, "nl"))


def test_a_code_nobody_named_is_made_readable() -> None:
    assert readable("FINANCIEN_SCHULDEN") == "Financien schulden"
    assert readable("WMO_2_3_2") == "WMO_2_3_2"
    assert readable("aantal-meldingen") == "Aantal meldingen"
    assert Titles().of("A6_1_e").startswith("Taak van algemeen belang")
    assert Titles.of_covenant({"categories": "nonsense", "partners": [7]}).of("X") == "X"


def test_the_same_grounds_are_written_once_and_referred_to_by_number(fakes: ModuleType) -> None:
    answer = fakes.answer(
        fakes.item(),
        fakes.item(log_index=13),
        fakes.item(log_index=14, basis=["A6_1_c"]),
        fakes.item(basis=[], log_index=15),
    )
    text = words(render(answer, "en"))
    assert text.count("Taak van algemeen belang") == 1
    assert (text.count("ground 1"), text.count("ground 2"), text.count("ground 3")) == (2, 1, 0)


def test_what_the_police_gave_stands_under_their_decision_and_not_under_a_basis_of_the_gdpr(fakes: ModuleType) -> None:
    basis = ["A6_1_e", "hulp", "A6_1_f", "woningwet", "UAVG_33_1_a", "WPG_19"]
    titles = Titles.of_covenant(fakes.COVENANT)
    text = words(render(fakes.answer(fakes.item(basis=basis, giver_regime="WPG")), "en", titles))
    assert "giver: Incidentele verstrekking (art. 19 Wpg), Hulpverlening; receiver: Gerechtvaardigd belang" in text
    assert "onder e AVG" not in text
    assert text.count("art. 19 Wpg") == 1
    other = words(render(fakes.answer(fakes.item(basis=basis)), "en", titles))
    assert "giver: Taak van algemeen belang" in other


def test_the_grounds_say_whose_they_are(fakes: ModuleType) -> None:
    item = fakes.item(basis=["A6_1_f", "woningwet", "A6_1_e", "wmo", "UAVG_30_3_a"])
    text = words(render(fakes.answer(item), "en", Titles.of_covenant(fakes.COVENANT)))
    assert "giver: Gerechtvaardigd belang (art. 6 lid 1 onder f AVG), Leefbaarheid" in text
    assert "receiver: Taak van algemeen belang of openbaar gezag (art. 6 lid 1 onder e AVG), Maatschapp" in text
    assert "Hulpverlening of maatschappelijke dienstverlening" in text
