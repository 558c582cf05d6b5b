"""The covenant document: what is compiled reads back the same, and every mistake is shown at its place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.domain.compile import MistakesError, Party, check, compile_covenant, draft_covenant
from exchange.domain.covenant import Condition, Covenant
from exchange.domain.retention import Trigger
from exchange.domain.vocabulary import Kind, Mark
from exchange.errors import CovenantError


def canonical(covenant: Covenant) -> bytes:
    """Canonical enough for these tests: sorted and compact; the wire uses RFC 8785 itself."""
    return json.dumps(covenant.document(), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def test_what_is_compiled_reads_back_to_the_same_bytes(de_wolden: Covenant, tiny: Covenant) -> None:
    for covenant in (de_wolden, tiny):
        again = Covenant.parse(canonical(covenant))
        assert again == covenant
        assert canonical(again) == canonical(covenant)


def test_compiling_twice_gives_the_same_bytes(
    de_wolden: Covenant, de_wolden_toml: str, de_wolden_parties: Mapping[str, Party]
) -> None:
    assert canonical(compile_covenant(de_wolden_toml, de_wolden_parties)) == canonical(de_wolden)


def test_a_field_at_its_default_is_left_out_so_later_releases_write_the_same(de_wolden: Covenant) -> None:
    document = de_wolden.document()
    assert "previous" not in document
    assert "regime" not in document["partners"][0]
    assert document["partners"][1]["regime"] == "WPG"


def test_the_covenant_of_de_wolden_names_its_four_partners_and_five_contexts(de_wolden: Covenant) -> None:
    assert [p.slug for p in de_wolden.partners] == ["gemeente", "politie", "actium", "welzijn"]
    assert [c.code for c in de_wolden.contexts] == [
        "PREVENTIE",
        "SIGNALERING",
        "ONDERSTEUNING",
        "GEBIEDS_PROBLEEMANALYSE",
        "CASUS",
    ]
    assert [p.code for p in de_wolden.purposes if not p.aggregate_only] == ["P0_ONDERSTEUNING"]


def test_nothing_unverified_poses_as_a_fact(de_wolden: Covenant) -> None:
    rules = [rule for c in de_wolden.retention for rule in c.rules]
    assert all(rule.status == "voorstel" for rule in rules)
    assert {rule.source.split(":")[0].split(";")[0] for rule in rules if rule.verified} == {
        "artikel 8 lid 6 en 14 lid 1 Wpg"
    }


def test_the_police_keeps_what_it_removed_five_years_more_for_complaints_and_discloses_none_of_it(
    de_wolden: Covenant,
) -> None:
    """Wpg 8(1), (2), (6) and 14(1), (2)."""
    for known in de_wolden.retention:
        if known.code == "r09":
            continue  # of its statements: no police data
        (rule,) = (rule for rule in de_wolden.retention_rules(known.code, "politie"))
        assert [(phase.until, phase.use) for phase in rule.phases] == [
            ("P1Y", "VRIJ"), ("P5Y", "ALLEEN_VERGELIJKEN"), ("P10Y", "ALLEEN_KLACHT_EN_VERANTWOORDING"),
        ]  # fmt: skip
        assert rule.period == "P10Y"


def test_the_short_text_of_an_article_leaves_nothing_out_that_somebody_must_do(de_wolden: Covenant) -> None:
    said = {"1": ("derde is", "casusoverleg", "Bijzondere persoonsgegevens", "professional"),
            "10.1": ("bevattingsvermogen", "professional", "zo spoedig mogelijk"),
            "12.1": ("Gemeente De Wolden", "faciliteren")}  # fmt: skip
    assert [word for number, words in said.items() for word in words if word not in de_wolden.articles[number]] == []


def test_every_partner_says_where_its_office_is_reached(de_wolden: Covenant) -> None:
    assert all(partner.contact and partner.contact.startswith("privacy@") for partner in de_wolden.partners)


def test_every_item_has_a_term_at_every_partner(de_wolden: Covenant) -> None:
    for kind in (Kind.SIGNAL, Kind.DISCLOSURE):
        for category in de_wolden.categories:
            if category.mark is Mark.BSN:
                continue
            code = de_wolden.retention_class(kind, category.code)
            for partner in de_wolden.partners:
                assert de_wolden.retention_rules(code, partner.slug)
    assert de_wolden.retention_class(Kind.SIGNAL, "OVERLAST") == "r01"
    assert de_wolden.retention_class(Kind.DISCLOSURE, "OVERLAST") == "r02"
    with pytest.raises(CovenantError):
        de_wolden.retention_class(Kind.DISCLOSURE, "BSN")


def test_a_rule_for_the_kind_of_partner_is_found_and_computes(de_wolden: Covenant) -> None:
    (rule,) = de_wolden.retention_rules("r02", "gemeente")
    computed = rule.rule()
    assert (computed.trigger, computed.period.months) == (Trigger.CASE_CLOSED, 12)
    assert computed.cap is not None
    assert computed.cap.months == 60
    assert de_wolden.retention_rules("r02", "elders") == ()
    assert de_wolden.retention_rules("x99", "gemeente") == ()


def test_a_named_partner_comes_before_its_kind_and_its_kind_before_anyone(tiny_toml: str) -> None:
    more = tiny_toml + (
        '\n[[matrix]]\ncategories = ["VERZUIM"]\nrecipients = ["*"]\ncondition = "never"\nsource = "3"\n'
        '\n[[matrix]]\ncategories = ["VERZUIM"]\nrecipients = ["GGD"]\ncondition = "never"\nsource = "3"\n'
    )
    covenant = compile_covenant(more, _cards("school", "ggd"))
    for_ggd = covenant.index.row("VERZUIM", "ggd", "school")
    assert for_ggd is not None
    assert for_ggd.condition is Condition.ALLOW
    for_library = covenant.index.row("VERZUIM", "bibliotheek", "school")
    assert for_library is not None
    assert for_library.condition is Condition.NEVER


def _cards(*slugs: str) -> dict[str, Party]:
    return {slug: Party(id=f"{n:032x}", card={"sign": f"{n:064x}"}) for n, slug in enumerate(slugs, 1)}


def mistakes(toml: str, *slugs: str) -> list[str]:
    return [m.sentence() for m in check(toml, _cards(*slugs) if slugs else None)]


def test_a_draft_is_checked_without_cards_and_a_covenant_is_not_compiled_without(de_wolden_toml: str) -> None:
    assert check(de_wolden_toml) == []
    with pytest.raises(CovenantError, match="needs its card"):
        compile_covenant(de_wolden_toml, _cards("gemeente", "politie", "actium"))


@pytest.mark.parametrize(
    ("old", "new", "where", "what"),
    [
        ('environment = "ACCEPTANCE"', 'environment = "ERNST"', "environment", "must be one of"),
        ('environment = "ACCEPTANCE"', "", "environment", "missing"),
        ("generation = 1", "generation = 2", "previous", "names the hash of the one before"),
        ("generation = 1", "generation = 0", "generation", "too small"),
        ("generation = 1", "generation = 1.5", "generation", "whole number"),
        ("generation = 1", f"generation = {10**30}", "generation", ""),
        ("generation = 1", "generation = nan", "generation", ""),
        ("review_due = 2030-01-01", 'review_due = "ooit"', "review_due", "date"),
        ('kind = "GGD"', 'kind = "SCHOOL"', "matrix[1].recipients", "GGD is not defined"),
        ('slug = "ggd"', 'slug = "school"', "partners[1].slug", "school is defined twice"),
        ('slug = "ggd"', 'slug = "GGD!"', "partners[1].slug", "right form"),
        ('code = "jgz"', "", "partners[1].statutory_tasks[0].code", "missing"),
        ('code = "KINDGEZONDHEID"', 'code = "VERZUIM"', "categories[1].code", "VERZUIM is defined twice"),
        ('recipients = ["ggd"]', 'recipients = ["politie"]', "matrix[0].recipients", "politie is not defined"),
        ('senders = ["SCHOOL"]', 'senders = ["KERK"]', "matrix[0].senders", "KERK is not defined"),
        ('condition = "allow"', 'condition = "misschien"', "matrix[0].condition", "must be one of"),
        ('condition = "allow"', 'condition = "exception"', "matrix[0].grounds", "at least one ground"),
        (
            'condition = "exception"',
            'condition = "allow"',
            "matrix[1].condition",
            "special category needs an exception",
        ),
        ('"UAVG_30_3_a"', '"UAVG_77"', "matrix[1].grounds", "UAVG_77 is not a ground"),
        ('mark = "special"', 'mark = "bsn"', "matrix[1].condition", "never exchanged"),
        (
            "public_body = false",
            'public_body = false\nwpg_grounds = ["WPG_16_1_b_1"]',
            "partners[0].wpg_grounds",
            "for the mayor",
        ),
        (
            "public_body = false",
            'public_body = false\nwpg_grounds = ["WPG_77"]',
            "partners[0].wpg_grounds",
            "not defined",
        ),
        ('mark = "none"', 'mark = "criminal"', "matrix[0].condition", "only to the police"),
        ('fields = ["dagen"]', 'fields = ["cijfers"]', "field_rules[0].fields", "cijfers is not defined"),
        ('category = "VERZUIM"', 'category = "CIJFERS"', "field_rules[0].category", "CIJFERS is not defined"),
        ('period = "P1Y"', 'period = "een jaar"', "retention[0].rules[0].period", "ISO 8601"),
        ('trigger = "ONTVANGST"', 'trigger = "OOIT"', "retention[0].rules[0].trigger", "must be one of"),
        ('holders = ["*"]', 'holders = ["GGD"]', "retention[0]", "school has no rule"),
        ('holders = ["*"]', 'holders = ["*", "*"]', "retention[0]", "two rules"),
        ('signal_retention = "t01"', 'signal_retention = "t02"', "settings.signal_retention", "t02 is not defined"),
        ("small_cell_threshold = 3", "small_cell_threshold = 1", "settings.small_cell_threshold", "too small"),
        ('id = "00000000000000000000000000000009"', "", "partners[2].id", "32 hex digits"),
        ('participation = "paper"', 'participation = "paper"\ncard = {}', "partners[2].card", "leave this out"),
        ("[articles]", "[artikelen]", "artikelen", "not known here"),
        ('"4.1" = "3"', '"4.3" = "3"', "numbering.4.3", "4.3 is not defined"),
        ('"4.1" = "3"', '"4.1" = "5"', "numbering.4.1", "5 is not defined"),
        ('"roepnaam" }', '"roepnam" }', "identity.name.field", "Did you mean roepnaam?"),
        (
            '{ category = "LEERLING", field = "leeftijd" }',
            '{ field = "leeftijd" }',
            "identity.birth_date.category",
            "missing",
        ),
        (
            'address = { category = "LEERLING"',
            'address = { category = "LEERLINGEN"',
            "identity.address.category",
            "Did you mean LEERLING?",
        ),
        ('field = "leeftijd" }', 'field = "roepnaam" }', "identity.birth_date", "LEERLING:roepnaam is defined twice"),
        ("birth_date = {", "bsn = {", "identity.bsn", "not known here"),
        ('"3" = "Kinderen', '"3a" = "Kinderen', "articles.3a", "right form"),
    ],
)
def test_a_mistake_is_shown_at_its_place(tiny_toml: str, old: str, new: str, where: str, what: str) -> None:
    assert old in tiny_toml
    broken = tiny_toml.replace(old, new, 1)
    found = [m for m in check(broken) if where in m.sentence() and what in m.sentence()]
    assert found, mistakes(broken)
    with pytest.raises(CovenantError):
        compile_covenant(broken, _cards("school", "ggd"))


def test_what_makes_a_person_known_has_one_term_and_can_be_kept(tiny_toml: str) -> None:
    """It goes in one item, so under one key; and a category that nobody may keep tells nobody anything."""
    other = tiny_toml.replace('signal_retention = "t01"', 'signal_retention = "t02"').replace(
        "[articles]", RETENTION_T02 + "[articles]"
    )
    apart = other.replace('address = { category = "LEERLING", field = "wijk" }', ELSEWHERE)
    line = next(n for n, text in enumerate(apart.splitlines(), 1) if "VERZUIM" in text and "address" in text)
    apart = apart.replace('title = "Schoolverzuim"\nmark = "none"\nretention = "t01"', T02)
    (sentence,) = mistakes(apart)
    assert sentence.startswith(f"Line {line}, identity.address.category: ")
    assert sentence.endswith("goes in one item, so it needs one retention class: t01.")
    never = tiny_toml.replace('title = "De leerling"\nmark = "none"\nretention = "t01"', 'title = "X"\nmark = "none"')
    assert len([m for m in mistakes(never) if "LEERLING has no retention class, so nobody can be made known" in m]) == 3


@pytest.mark.parametrize("left", [(), ("address",), ("birth_date", "address")])
def test_a_covenant_may_leave_out_what_tells_who_somebody_is(tiny_toml: str, left: tuple[str, ...]) -> None:
    text = "\n".join(
        line
        for line in tiny_toml.splitlines()
        if not line.startswith(("name = {", "birth_date = {", "address = {")) or line.split(" = ")[0] in left
    )
    covenant = compile_covenant(text, _cards("school", "ggd"))
    assert tuple(covenant.index.identity) == left
    assert set(covenant.document().get("identity", {})) == set(left)


RETENTION_T02 = """[[retention]]
code = "t02"
title = "Kort"
[[retention.rules]]
code = "kort"
holders = ["*"]
trigger = "ONTVANGST"
period = "P6W"
source = "voorstel"
verified = false

"""
ELSEWHERE = 'address = { category = "VERZUIM", field = "dagen" }'
T02 = 'title = "Schoolverzuim"\nmark = "none"\nretention = "t02"'


def test_the_line_is_exact_for_a_key_in_a_nested_table(tiny_toml: str) -> None:
    broken = tiny_toml.replace('period = "P1Y"', 'period = "P0D"')
    expected = next(n for n, line in enumerate(broken.splitlines(), 1) if "P0D" in line)
    assert [m.line for m in check(broken)] == [expected]
    second = tiny_toml.replace('condition = "exception"', 'condition = "ja"')
    expected = next(n for n, line in enumerate(second.splitlines(), 1) if '"ja"' in line)
    assert [m.line for m in check(second)] == [expected]


def test_all_mistakes_come_at_once(tiny_toml: str) -> None:
    broken = tiny_toml.replace('recipients = ["ggd"]', 'recipients = ["niemand"]').replace(
        'fields = ["klacht"]', 'fields = ["x"]'
    )
    assert len(check(broken)) == 2


def test_an_error_carries_all_mistakes_in_the_order_of_their_lines(tiny_toml: str) -> None:
    broken = tiny_toml.replace('recipients = ["ggd"]', 'recipients = ["niemand"]').replace('"UAVG_30_3_a"', '"UAVG_77"')
    with pytest.raises(MistakesError) as refused:
        compile_covenant(broken, _cards("school"))
    lines = [mistake.line for mistake in refused.value.mistakes]
    assert lines == sorted(lines, key=lambda line: line or 0)
    assert [mistake.place for mistake in refused.value.mistakes] == [
        "partners[1]",
        "matrix[0].recipients",
        "matrix[1].grounds",
    ]


def test_the_first_mistake_is_told_in_the_readers_language() -> None:
    with pytest.raises(MistakesError) as refused:
        compile_covenant("generation = ", {})
    dutch = {"Line {line}, {place}:": "Regel {line}, {place}:"}
    assert "Regel 1" in refused.value.localised(lambda text: dutch.get(text, text))


def test_a_card_of_somebody_who_is_no_connected_partner_is_a_mistake(tiny_toml: str) -> None:
    with pytest.raises(MistakesError, match="card of bibliotheek"):
        compile_covenant(tiny_toml, _cards("school", "ggd", "bibliotheek"))


def test_a_text_that_ends_too_early_is_shown_at_its_last_line() -> None:
    assert [m.line for m in check('name = "x"\nversion = ')] == [2]
    assert [m.line for m in check('name = "x"\nlist = [1,\n')] == [3]


def test_a_draft_can_be_read_without_the_card_of_a_new_partner(tiny_toml: str) -> None:
    covenant = draft_covenant(tiny_toml, _cards("school", "somebody-who-left"))
    assert [p.card is None for p in covenant.partners] == [False, True, True]
    with pytest.raises(MistakesError):
        draft_covenant(tiny_toml.replace("generation = 1", "generation = 2"), {})


@pytest.mark.parametrize(
    "row",
    [
        '\n[[matrix]]\ncategories = ["VERZUIM"]\nrecipients = ["ggd"]\nsenders = ["SCHOOL"]\ncondition = "never"\nsource = "x"\n',
        '\n[[matrix]]\ncategories = ["KINDGEZONDHEID"]\nrecipients = ["GGD"]\ncondition = "never"\nsource = "x"\n',
        '\n[[matrix]]\ncategories = ["VERZUIM", "VERZUIM"]\nrecipients = ["school"]\ncondition = "allow"\nsource = "x"\n',
    ],
)
def test_two_rows_for_the_same_thing_are_a_contradiction(tiny_toml: str, row: str) -> None:
    assert any("second row" in sentence for sentence in mistakes(tiny_toml + row))


def test_a_duplicate_key_in_the_toml_is_named_by_line(tiny_toml: str) -> None:
    broken = tiny_toml.replace('version = "2"', 'version = "2"\nversion = "3"')
    (mistake,) = check(broken)
    assert mistake.line == 4


@pytest.mark.parametrize(
    "text", ["", "=", "[[", "name = ", "\x00", "a = [" * 5_000, "a = " + "9" * 5_000, "x = 1\n" * 200_000]
)
def test_what_is_not_a_covenant_is_one_clear_error(text: str) -> None:
    assert check(text)
    with pytest.raises(CovenantError) as caught:
        compile_covenant(text, {})
    assert len(str(caught.value)) < 400


@given(st.text(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_text_at_all_gives_our_own_error(text: str) -> None:
    with pytest.raises(CovenantError):
        compile_covenant(text, {})


# --- cards and keys ---------------------------------------------------------------------------------------------------


def test_one_key_at_two_partners_is_refused(tiny_toml: str) -> None:
    shared = {"sign": "ab" * 32}
    parties = {"school": Party(id="1" * 32, card=shared), "ggd": Party(id="2" * 32, card={"deeper": [dict(shared)]})}
    assert any("already stands elsewhere" in m.sentence() for m in check(tiny_toml, parties))


def test_one_key_in_two_roles_is_refused(tiny_toml: str) -> None:
    parties = _cards("school", "ggd") | {"ggd": Party(id="2" * 32, card={"sign": "cd" * 32, "log": "cd" * 32})}
    assert any("already stands elsewhere" in m.sentence() for m in check(tiny_toml, parties))


def test_one_identifier_for_two_partners_is_refused(tiny_toml: str) -> None:
    parties = {"school": Party(id="1" * 32, card={}), "ggd": Party(id="1" * 32, card={})}
    assert any("defined twice" in m.sentence() for m in check(tiny_toml, parties))


def test_an_identifier_that_is_not_the_cards_is_refused(tiny_toml: str) -> None:
    written = tiny_toml.replace('slug = "ggd"', f'slug = "ggd"\nid = "{"9" * 31}0"')
    assert any("identifier on the partner's card" in m.sentence() for m in check(written, _cards("school", "ggd")))


# --- the document as it comes from elsewhere --------------------------------------------------------------------------


def test_a_partner_on_paper_with_a_card_is_refused(tiny: Covenant) -> None:
    document = tiny.document()
    document["partners"][2]["card"] = {"sign": "00"}
    with pytest.raises(CovenantError, match="on paper"):
        Covenant.parse(json.dumps(document))


def _mutations(document: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    paths = [path] if path else []
    if isinstance(document, dict):
        for key, value in document.items():
            paths += _mutations(value, (*path, key))
    elif isinstance(document, list):
        for at, value in enumerate(document):
            paths += _mutations(value, (*path, at))
    return paths


@pytest.mark.parametrize("wrong", [None, 7, "\x00", [], {}, True, "x" * 9_999], ids=repr)
def test_every_value_is_checked(tiny: Covenant, wrong: object) -> None:
    """Whatever single value is replaced, the document reads back to itself or is refused with our own error."""
    for path in _mutations(tiny.document()):
        document = tiny.document()
        target: Any = document
        for step in path[:-1]:
            target = target[step]
        target[path[-1]] = wrong
        refusal, covenant = _try(json.dumps(document))
        assert "xxxx" not in refusal
        assert refusal.isascii()
        if covenant is not None:
            assert Covenant.parse(canonical(covenant)) == covenant


def _try(document: str) -> tuple[str, Covenant | None]:
    try:
        return "", Covenant.parse(document)
    except CovenantError as error:
        return str(error), None


@pytest.mark.parametrize(
    "document", [b"", b"null", b"[]", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 50_000, b"NaN"]
)
def test_hostile_json_gives_our_own_error(document: bytes) -> None:
    with pytest.raises(CovenantError):
        Covenant.parse(document)


def test_an_unknown_key_is_refused_and_its_name_made_harmless(tiny: Covenant) -> None:
    document = {**tiny.document(), "\u202e<script>" + "a" * 500: 1}
    with pytest.raises(CovenantError) as caught:
        Covenant.parse(json.dumps(document))
    assert "<" not in str(caught.value)
    assert len(str(caught.value)) < 200
