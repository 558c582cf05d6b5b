"""Every command asks the running node, answers for people and for machines, and ends with the right exit code."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from exchange.domain.actors import Role

MESSAGE = "ab" * 32
ITEM = "00000000-0000-0000-0000-000000000009"
SUBJECT = "00000000-0000-0000-0000-000000000007"

SHARE = (
    "--subject", SUBJECT, "--to", "welzijn:A6_1_e:WMO_2_3_2", "--item", "HUISVESTING:staat=volle woning",
    "--purpose", "P0_ONDERSTEUNING", "--context", "CASUS", "--basis", "A6_1_e", "--task", "WONINGWET_46",
)  # fmt: skip
HEALTH = (*SHARE, "--item", "GEZONDHEID:toestand=somber")

ASKS = [
    (("status",), "Woningcorporatie Actium"),
    (("actor", "list"), "Proef Persoon"),
    (("actor", "add", "Nieuwe Proef", "--role", "auditor"), "auditor"),
    (("actor", "revoke", ITEM), "Revoked"),
    (("actor", "single-handed", "on"), "one officer decides alone"),
    (("actor", "single-handed", "off"), "needs two hands"),
    (("subject", "unmatched"), "Everybody is matched"),
    (("subject", "match", ITEM, SUBJECT), "Matched"),
    (("subject", "split", ITEM), "Split"),
    (("inbox", "list"), "Welzijn De Wolden"),
    (("inbox", "show", "abab"), "verzonnen tekst"),
    (("inbox", "take-up", "abab", "--text", "ik ga langs"), "Stored as"),
    (("inbox", "handle", MESSAGE), "Stored as"),
    (("outbox", "list"), "published no key"),
    (("outbox", "retry", "abab"), "sent again"),
    (("outbox", "drop", "abab"), "Let go"),
    (("who-knows", "--subject", SUBJECT), "Received from us: Welzijn De Wolden."),
    (("correct", ITEM, "--value", "EUR 840", "--explanation", "overgenomen"), "done · 02-03-2026"),
    (("recall", ITEM, "--reason", "ONJUIST", "--everywhere"), "Tell these yourself"),
    (("notifications",), "should have answered by 16-03-2026"),
    (("inbox", "processed", "abab"), "Nothing waits for an answer."),
    (("inbox", "processed", MESSAGE, "--refuse", "AVG_17_3_e", "--text", "procedure"), "Nothing waits for an answer."),
    (("objection", "receive", SUBJECT, "--received-on", "2026-03-16"), "16-04-2026"),
    (("objection", "list"), "Demi Nepstra"),
    (("objection", "show", ITEM), "Gemeente De Wolden"),
    (
        ("objection", "extend", ITEM, "--told-on", "2026-04-10", "--notice", "brief", "--reason", "druk"),
        "not weighed yet",
    ),
    (("objection", "decide", ITEM, "--outcome", "upheld", "--motivation", "geen grond"), "upheld"),
    (("objection", "lift", ITEM, "--told-on", "2026-04-14", "--notice", "brief"), "02-03-2026"),
    (("log", "list"), "item recorded"),
    (("log", "show", "7"), "HUISVESTING"),
    (("log", "verify"), "The log is whole"),
    (("log", "replay"), "Every view follows"),
    (("log", "replay", "--partner", "welzijn"), "verstrekking aan welzijn"),
    (("retention", "rules"), "Huisvesting en overlast"),
    (("retention", "due", "--until", "2026-12-31"), "14-04-2026"),
    (("retention", "confirm", "hw-1"), "confirmed"),
    (("retention", "enforce", "--confirm-date", "2026-04-14"), "Erased for good: 2 items"),
    (("parked", "list"), "kid-unknown"),
    (("parked", "retry", ITEM), "asked to wrap"),
    (("parked", "drop", ITEM), "Let go"),
    (("keys", "show"), "ABCD EFGH IJKL"),
    (("keys", "roll"), "ABCD EFGH IJKL"),
    (("covenant", "show"), "Buurtteams"),
    (("clock", "set", "2026-04-14"), "14-04-2026"),
    (("disclose", *SHARE), "log entry 12"),
    (("signal", *SHARE, "--support", "baat bij hulp"), "log entry 12"),
    (("disclose", *SHARE, "--explain"), "welzijn: allowed"),
]


@pytest.mark.parametrize(("arguments", "expected"), ASKS, ids=[" ".join(a[:2]) for a, _ in ASKS])
def test_a_command_answers_people_and_machines(exchange: Any, arguments: tuple[str, ...], expected: str) -> None:
    told = exchange(*arguments)
    assert (told.code, told.err) == (0, "")
    assert expected in told.out
    machine = exchange(*arguments, "--json")
    assert (machine.code, machine.err) == (0, "")
    json.loads(machine.out)


def test_what_one_hand_did_and_what_is_left_to_another_is_told(exchange: Any, node: Any) -> None:
    told = exchange("retention", "enforce")
    assert "Left to another actor, because you confirmed it yourself: hw-2." in told.out
    assert "single hand" not in told.out + exchange("status").out
    assert exchange("actor", "single-handed", "on").code == 0
    assert node.calls[-1][::2] == ("actor.single-handed", True)
    assert "Decided by a single hand" in exchange("retention", "enforce").out
    assert "single-handed" in exchange("status").out
    assert exchange("actor", "single-handed", "maybe").code == 2


def test_the_options_of_every_command_work_before_and_after_its_name(bare: Any, node: Any, house: Any) -> None:
    before = bare("--node", str(house[0]), "--json", "--lang", "nl", "retention", "due")
    after = bare("retention", "due", "--lang", "nl", "--json", "--node", str(house[0]))
    assert before == after
    assert before.code == 0


def test_a_person_is_registered_by_questions_so_that_no_name_stands_on_a_command_line(exchange: Any, node: Any) -> None:
    registered = exchange("subject", "add", stdin="Jelle\n\nVerzonnen\n1964-05-14\n7921 AB\n12\n")
    assert registered.code == 0
    form = next(iter(node.people.values()))
    assert (form.given_names, form.family_name, str(form.birth_date)) == ("Jelle", "Verzonnen", "1964-05-14")
    found = exchange("subject", "find", "--family-name", "Verzonnen")
    assert "Jelle Verzonnen" in found.out


def test_options_become_exactly_the_form_that_a_file_gives(exchange: Any, node: Any, tmp_path: Path) -> None:
    told = ("--told-on", "2026-03-02", "--told-how", "HUISBEZOEK", "--necessity", "a", "--proportionality", "b")
    assert exchange("disclose", *SHARE, *told, "--opinion", "OVERLAST:aard=hinder").code == 0
    by_options = node.calls[-1][2]
    toml = tmp_path / "form.toml"
    toml.write_text(
        f"""
subject = "{SUBJECT}"
purpose = "P0_ONDERSTEUNING"
context = "CASUS"
basis = "A6_1_e"
task = "WONINGWET_46"
weighing = {{ necessity = "a", proportionality = "b" }}
notice = {{ given_on = 2026-03-02, mode = "HUISBEZOEK", recipients = ["welzijn"] }}
[[recipients]]
partner = "welzijn"
basis = "A6_1_e"
task = "WMO_2_3_2"
[[items]]
category = "HUISVESTING"
field = "staat"
value = "volle woning"
[[items]]
category = "OVERLAST"
field = "aard"
value = "hinder"
nature = "opinion"
"""
    )
    assert exchange("disclose", "--form", str(toml)).code == 0
    assert node.calls[-1][2] == by_options
    as_json = by_options.model_dump_json(exclude_unset=True)
    assert exchange("disclose", "--form", "-", stdin=as_json).code == 0
    assert node.calls[-1][2] == by_options


def test_the_text_of_an_item_can_be_asked_for(exchange: Any, node: Any) -> None:
    arguments = ["HUISVESTING:staat" if a.startswith("HUIS") else a for a in SHARE]
    assert exchange("disclose", *arguments, stdin="zacht gezegd\n").code == 0
    assert node.calls[-1][2].items[0].value == "zacht gezegd"


def test_the_empty_form_is_valid_toml_in_both_languages(exchange: Any, node: Any) -> None:
    for language in ("nl", "en"):
        empty = exchange("disclose", "--template", "--lang", language)
        assert exchange("disclose", "--form", "-", stdin=empty.out).code == 1
        filled = empty.out.replace('subject = ""', f'subject = "{SUBJECT}"').replace('task = ""', 'task = "T"')
        filled = filled.replace('field = ""', 'field = "staat"')
        assert exchange("disclose", "--form", "-", stdin=filled).code == 0
        assert node.calls[-1][2].notice.recipients == ["welzijn"]


def test_a_refusal_is_exit_1_and_names_every_reason(exchange: Any) -> None:
    refused = exchange("disclose", *HEALTH)
    assert (refused.code, refused.out) == (1, "")
    assert "R05 welzijn (item 2)" in refused.err
    asked = exchange("disclose", *HEALTH, "--explain")
    assert asked.code == 1
    assert "welzijn: refused" in asked.out
    machine = exchange("disclose", *HEALTH, "--json")
    assert (machine.code, json.loads(machine.out)["refusals"][0]["code"]) == (1, "R05")


def test_wait_ends_when_the_receipt_is_in_and_says_so_when_it_does_not_come(exchange: Any, node: Any) -> None:
    node.message_states = ["sent", "receipted"]
    arrived = exchange("disclose", *SHARE, "--wait", "5")
    assert (arrived.code, arrived.err) == (0, "")
    assert "receipt is in" in arrived.out
    node.message_states = ["waiting"]
    waits = exchange("disclose", *SHARE, "--wait", "0.01")
    assert waits.code == 1
    assert "not every recipient" in waits.err
    node.message_states = ["refused"]
    assert exchange("disclose", *SHARE, "--wait", "5").code == 1


def test_what_was_told_otherwise_needs_no_receipt(exchange: Any, node: Any) -> None:
    said = exchange("disclose", *SHARE, "--channel", "PHONE", "--occurred-on", "2026-03-01", "--wait", "1")
    assert said.code == 0
    assert str(node.calls[-1][2].occurred_on) == "2026-03-01"


def test_the_page_to_print_is_for_its_owner_only_and_never_over_something(
    exchange: Any, node: Any, tmp_path: Path
) -> None:
    page = tmp_path / "wie-weet-wat.html"
    assert exchange("who-knows", "--subject", SUBJECT, "--html", str(page)).code == 0
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert "Woningcorporatie Actium" in page.read_text()
    assert node.calls[-1][2][0] == "copied-out"
    again = exchange("who-knows", "--subject", SUBJECT, "--html", str(page))
    assert again.code == 1
    assert "exists already" in again.err


def test_as_picks_an_actor_by_id_or_by_a_role_only_one_of_mine_has(exchange: Any, node: Any) -> None:
    node.enrol(os.getuid(), "auditor", number=2)
    assert exchange("inbox", "list").code == 1
    assert exchange("inbox", "list", "--as", "worker").code == 0
    assert node.calls[-1][1] == UUID(int=1)
    refused = exchange("inbox", "list", "--as", str(UUID(int=2)))
    assert refused.code == 1
    assert "None of your roles" in refused.err
    assert "0 actors" in exchange("inbox", "list", "--as", "chair").err


def test_every_role_the_help_names_is_one_and_none_is_left_out(bare: Any) -> None:
    text = " ".join(bare("actor", "add", "--help").out.replace("│", " ").split()).replace("- ", "-")
    assert not [role.value for role in Role if role.value not in text]


def test_a_damaged_log_is_exit_1_with_the_entry(exchange: Any, node: Any, fakes: Any) -> None:
    async def bad(_actor: Any) -> Any:
        yield 10
        yield fakes.f.VerifyAnswer(
            ok=False,
            entries=42,
            root="0f" * 32,
            first_bad=17,
            problem="leaf",
            signatures=0,
            parts=0,
            checkpoints=0,
            erased=0,
        )

    node.verify_log = bad
    told = exchange("log", "verify")
    assert told.code == 1
    assert "first bad entry is 17" in told.err
    machine = exchange("log", "verify", "--json")
    assert (machine.code, json.loads(machine.out)["first_bad"]) == (1, 17)


def test_views_that_differ_are_exit_1(exchange: Any, node: Any, fakes: Any) -> None:
    async def differs(_actor: Any) -> Any:
        yield fakes.f.ReplayAnswer(ok=False, entries=42, differences=["messages: 3 rows"], seconds=0.1)

    node.replay_log = differs
    told = exchange("log", "replay")
    assert told.code == 1
    assert "messages: 3 rows" in told.out
