"""Every command asks the running node, answers for people and for machines, and ends with the right exit code."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from command_lines import commands

from exchange.demo.stage import Narrator
from exchange.domain.actors import Role
from exchange.errors import Detail
from exchange.i18n import tr
from exchange.node import conference_forms as cf
from exchange.node import forms as f
from exchange.node.codes import UnknownCodesError
from exchange.node.service import Refused

MESSAGE = "ab" * 32
ITEM = "00000000-0000-0000-0000-000000000009"
SUBJECT = "00000000-0000-0000-0000-000000000007"

SHARE = (
    "--subject", SUBJECT, "--to", "welzijn:A6_1_e:WMO_2_3_2", "--item", "HUISVESTING:staat=volle woning",
    "--purpose", "P0_ONDERSTEUNING", "--context", "CASUS", "--basis", "A6_1_e", "--task", "WONINGWET_46",
)  # fmt: skip
CONFERENCE = "00000000-0000-0000-0000-000000000046"
PLAN = (
    "--date", "2026-03-12", "--chair", ITEM, "--participant", "welzijn:DEELNEMER:verklaring-1",
    "--agenda", f"{ITEM}:gemeente,welzijn",
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
    (("inbox", "show", MESSAGE), "taken up by Woningcorporatie Actium, 02-03-2026 10:00: Ik ga langs."),
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
    (("log", "replay", "--partner", "welzijn"), "Huisvesting: given to Welzijn De Wolden in a disclosure"),
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
    (("conference", "plan", *PLAN), "Planned as"),
    (("conference", "agenda", CONFERENCE, "--case", ITEM, "--partner", "welzijn"), "On the agenda as"),
    (("conference", "list"), "12-03-2026"),
    (("conference", "show", CONFERENCE), "Opruimhulp regelen"),
    (("conference", "offers", CONFERENCE), "R15"),
    (("conference", "decide", CONFERENCE, "--release", ITEM, "--reviewed"), "Decided"),
    (("conference", "decide", CONFERENCE, "--ask", ITEM, "--question", "Kan het korter?"), "Decided"),
    (("conference", "confirm", CONFERENCE, ITEM), "log entry 12"),
    (("conference", "withdraw", CONFERENCE, ITEM), "Withdrawn"),
    (("conference", "show-to-chair", CONFERENCE, ITEM, "--basis", "A6_1_e", "--task", "wmo"), "log entry 12"),
    (("conference", "minutes", CONFERENCE, "--item", ITEM, "--agreement", "welzijn:2026-03-20=Bellen"), "Agreement"),
    (("conference", "outcome", CONFERENCE, "--next-date", "2026-04-02"), "Published"),
    (("agreement", "list"), "overdue"),
    (("agreement", "done", ITEM), "Done"),
    (("clock", "set", "2026-04-14"), "14-04-2026"),
    (("disclose", *SHARE), "log entry 12"),
    (("signal", *SHARE, "--support", "baat bij hulp"), "log entry 12"),
    (("disclose", *SHARE, "--explain"), "welzijn: allowed"),
    (("inbox", "show", "abab", "--reason", "waarneming"), "verzonnen tekst"),
    (("inbox", "handle", MESSAGE, "--result", "OPGELOST"), "Stored as"),
    (("who-knows", "--case", ITEM, "--reason", "waarneming"), "Received from us"),
    (("triage", "list"), "waits"),
    (("triage", "show", ITEM), "Aaltje Bedacht"),
    (("triage", "reporter", ITEM), "Not noted"),
    (("triage", "decide", "abab", "--outcome", "EIGEN_TAAK", "--reason", "zelf"), "Recorded: EIGEN_TAAK."),
    (
        ("triage", "decide", ITEM, "--outcome", "SAMENGEVOEGD", "--merged-with", "abab", "--reason", "een"),
        "SAMENGEVOEGD",
    ),
    (("case", "list"), "1 open, 0 late"),
    (("case", "show", ITEM, "--reason", "waarneming"), "Opruimhulp regelen."),
    (("case", "show", ITEM, "--reason", "waarneming"), "led by Woningcorporatie Actium"),
    (("case", "show", ITEM, "--reason", "waarneming"), "looked at the case"),
    (("case", "move", ITEM, "GESLOTEN", "--close-reason", "OPGELOST"), "in scope: gemeente, welzijn"),
    (("case", "scope", ITEM, "actium", "--reason", "huurder"), "in scope"),
    (("case", "lead", ITEM, "welzijn"), "in scope"),
    (("case", "subject", ITEM, SUBJECT, "--main"), "in scope"),
    (("case", "goal", ITEM, "--text", "rust"), "in scope"),
    (("case", "action", ITEM, "--owner", "welzijn", "--due", "2026-04-01", "--text", "bezoek"), "in scope"),
    (("case", "review", ITEM, "--due", "2026-04-01"), "in scope"),
    (("case", "allocate", ITEM, "--to", "Zorgteam Fictie", "--reason", "verder"), "in scope"),
    (("case", "circle", ITEM, SUBJECT), "2 people"),
    (("case", "openings", "--all"), "outside"),
    (("case", "openings"), "Proef Collega"),
    (("case", "judge", ITEM, "--follow-up", "gesprek"), "Reviewed."),
    (("case", "receivers"), "Nobody is designated"),
    (("case", "designate", SUBJECT), SUBJECT),
    (("case", "third-parties"), "Zorgteam Fictie"),
    (("case", "feedback"), "we answer"),
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


def test_the_texts_of_casework_are_asked_so_that_none_stands_on_a_command_line(exchange: Any, node: Any) -> None:
    noted = exchange("triage", "note", "--kind", "EENZAAMHEID", "--reported-by", "ANONIEM", "--subject", SUBJECT,
                     stdin="De gordijnen blijven dicht.\nGebaat bij bezoek.\n")  # fmt: skip
    assert (noted.code, noted.err) == (0, "")
    form = node.calls[-1][2]
    assert (form.facts, form.rationale) == (["De gordijnen blijven dicht."], "Gebaat bij bezoek.")
    assert exchange("case", "open", "--subject", SUBJECT, "--partner", "welzijn", stdin="De hele straat.\n").code == 0
    assert (node.calls[-1][2].problem, node.calls[-1][2].partners) == ("De hele straat.", ["welzijn"])
    assert exchange("case", "scope", ITEM, "actium", "--out", stdin="Verhuisd.\n").code == 0
    assert (node.calls[-1][2].inside, node.calls[-1][2].reason) == (False, "Verhuisd.")


def test_a_third_party_is_recorded_from_a_form(exchange: Any, node: Any, tmp_path: Path) -> None:
    form = tmp_path / "derde.toml"
    form.write_text(
        f"""
case = "{ITEM}"
name = "Zorgteam Fictie"
agreement = "{ITEM}"
channel = "PHONE"
occurred_on = 2026-03-02
subject = "{SUBJECT}"
purpose = "P0_ONDERSTEUNING"
context = "CASUS"
basis = "A6_1_e"
task = "WMO_2_3_2"
items = [{{ category = "HUISVESTING", field = "staat", value = "vol" }}]
"""
    )
    told = exchange("case", "tell-third-party", "--form", str(form))
    assert (told.code, told.err) == (0, "")
    assert node.calls[-1][2].name == "Zorgteam Fictie"


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


def test_the_empty_form_holds_no_code_of_any_one_covenant(exchange: Any) -> None:
    empty = exchange("disclose", "--template").out
    typed = re.findall(r'^(\w+) = .*"(\w+)"', empty, re.MULTILINE)
    assert typed == [("basis", "A6_1_e"), ("mode", "HUISBEZOEK"), ("basis", "A6_1_e"), ("nature", "fact")]


FILLED_IN = {
    "subject": SUBJECT, "purpose": "P0_ONDERSTEUNING", "context": "CASUS", "task": "T", "partner": "welzijn",
    "category": "HUISVESTING", "field": "staat",
}  # fmt: skip


def test_the_empty_form_is_valid_toml_in_both_languages(exchange: Any, node: Any) -> None:
    for language in ("nl", "en"):
        empty = exchange("disclose", "--template", "--lang", language)
        assert exchange("disclose", "--form", "-", stdin=empty.out).code == 1
        filled = empty.out
        for key, value in FILLED_IN.items():
            filled = filled.replace(f'{key} = ""', f'{key} = "{value}"')
        filled = filled.replace('recipients = [""]', 'recipients = ["welzijn"]')
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
    assert "0 actors" in exchange("inbox", "list", "--as", "fg").err


def test_every_role_the_help_names_is_one_and_none_is_left_out(bare: Any) -> None:
    text = " ".join(bare("actor", "add", "--help").out.replace("│", " ").split()).replace("- ", "-")
    assert not [role.value for role in Role if role.value not in text]


def test_every_command_takes_json_and_the_other_options_of_every_command() -> None:
    lacking = {
        path: name
        for path, command in commands()
        for name in ("--node", "--as", "--json", "--lang")
        if name not in {option for param in command.params for option in param.opts}
    }
    assert lacking == {}


def test_the_empty_form_as_json_is_a_form(exchange: Any, node: Any) -> None:
    form = json.loads(exchange("disclose", "--template", "--json").out)
    form |= {key: FILLED_IN[key] for key in ("subject", "purpose", "context", "task")}
    form["recipients"][0] |= {"partner": "welzijn", "task": "T"}
    form["items"][0] |= {"category": "HUISVESTING", "field": "staat"}
    form["notice"]["recipients"] = ["welzijn"]
    assert exchange("disclose", "--form", "-", stdin=json.dumps(form, default=str)).code == 0
    assert node.calls[-1][2].weighing.necessity == ""


async def _offered(offer: cf.OfferAnswer) -> list[cf.OfferAnswer]:
    return [offer]


def test_the_chair_reads_of_which_case_and_which_person_an_offer_is(
    exchange: Any, node: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = cf.OfferAnswer(
        offer=UUID(int=1), item=UUID(int=2), case=UUID("c0ffee00-0000-4000-8000-000000000000"), owner="welzijn",
        category="HUISVESTING", field="staat", purpose="P0_ONDERSTEUNING", why="nodig", subject=UUID(int=7),
        subject_label="Jelle Verzonnen (05-11-1964)", recipients=["gemeente"], status="offered", automatic=False,
        release=None, question="", wants_content=False, codes=[], answers=None, act=None,
    )  # fmt: skip
    monkeypatch.setattr(type(node.conferences), "offers", lambda *_: _offered(offer))
    shown = exchange("conference", "offers", CONFERENCE).out
    assert "c0ffee00" in shown
    assert "Jelle" in shown


def test_a_reason_against_name_and_birth_date_is_told_once(exchange: Any, node: Any) -> None:
    reason = f.RefusalAnswer(
        code="R28", name="WPG", article="Wpg 16-20", text="geen besluit", partner="welzijn", item=None, identity=True
    )
    node.fail = Refused([reason, reason, reason.model_copy(update={"identity": False, "item": 0})], 403)
    ran = exchange("disclose", *SHARE)
    assert ran.code == 1
    assert (ran.err.count("R28 welzijn"), ran.err.count("identity")) == (2, 1)


def test_explain_says_of_every_gate_that_looked_what_it_said(exchange: Any) -> None:
    told = exchange("disclose", *SHARE, "--explain").out
    assert "Purpose and scope (4.1; 2.2): allowed" in told
    refused = exchange("disclose", *HEALTH, "--explain").out
    assert "Special category of data (AVG 9; UAVG 22-30): refused" in refused
    machine = json.loads(exchange("disclose", *SHARE, "--explain", "--json").out)
    assert machine[0]["gates"][0] == {
        "code": "R04", "title": "Purpose and scope", "article": "4.1; 2.2", "outcome": "allow",
    }  # fmt: skip


def test_explain_tells_what_goes_along_by_title_and_without_content(exchange: Any) -> None:
    told = exchange("disclose", *SHARE, "--explain")
    assert "Goes along: Identificatie (Naam); Contact (Adres). Without it Welzijn De Wolden would not know" in told.out
    machine = json.loads(exchange("disclose", *SHARE, "--explain", "--json").out)
    assert machine[0]["identity"] == [
        {"category": "IDENTIFICATIE", "field": "naam"}, {"category": "CONTACT", "field": "adres"},
    ]  # fmt: skip


def test_unknown_codes_are_listed_by_item_with_those_there_are(exchange: Any, node: Any) -> None:
    text = "The covenant has no category “{code}”. Known are: {known}."
    node.fail = UnknownCodesError(
        [
            Detail(
                "body.items.1.category", "unknown-category", text, {"code": "HUIS", "known": "HUISVESTING, GEZONDHEID"}
            )
        ]
    )
    told = exchange("disclose", *SHARE)
    assert told.code == 1
    assert "has a code that is not in the covenant" in told.err
    assert "  category (item 2): The covenant has no category “HUIS”. Known are: HUISVESTING, GEZONDHEID." in told.err
    node.fail = UnknownCodesError(
        [Detail("body.items.1.category", "unknown-category", text, {"code": "X", "known": "Y"})]
    )
    machine = json.loads(exchange("disclose", *SHARE, "--json").out)
    assert (machine["code"], machine["status"]) == ("input", 422)
    assert [(e["location"], e["type"]) for e in machine["errors"]] == [("body.items.1.category", "unknown-category")]


def test_the_demo_can_tell_a_machine_what_it_expected(capsys: pytest.CaptureFixture[str]) -> None:
    narrator = Narrator(tr("en"), as_json=True)
    narrator.expect(True, "Four nodes run.")
    narrator.played()
    narrator.verdict()
    narrator.outcome()
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"passed": True, "expectations": [{"held": True, "text": "Four nodes run."}]}
    assert "Four nodes run." in printed.err


def test_a_demo_that_was_broken_off_did_not_pass(capsys: pytest.CaptureFixture[str]) -> None:
    narrator = Narrator(tr("en"), as_json=True)
    narrator.expect(True, "Four nodes run.")
    narrator.outcome()
    assert json.loads(capsys.readouterr().out)["passed"] is False


def test_a_damaged_log_is_exit_1_with_the_entry(exchange: Any, node: Any, fakes: Any) -> None:
    async def bad(_actor: Any) -> Any:
        yield 10
        yield fakes.f.VerifyAnswer(
            ok=False,
            entries=42,
            root="0f" * 32,
            first_bad=17,
            problem="Entry 17 of the log is not what was written.",
            problem_template="Entry {index} of the log is not what was written.",
            problem_values={"index": 17},
            signatures=0,
            parts=0,
            checkpoints=0,
            erased=0,
        )

    node.verify_log = bad
    told = exchange("log", "verify")
    assert told.code == 1
    assert "first bad entry is 17: Entry 17 of the log is not what was written." in told.err
    dutch = exchange("log", "verify", "--lang", "nl")
    assert "de eerste foute regel is 17: Regel 17 van het logboek is niet wat er is geschreven." in dutch.err
    machine = exchange("log", "verify", "--json")
    assert (machine.code, json.loads(machine.out)["first_bad"]) == (1, 17)


def test_a_vault_row_that_was_changed_fails_the_verification_though_no_entry_is_bad(
    exchange: Any, node: Any, fakes: Any
) -> None:
    async def bad(_actor: Any) -> Any:
        said = "A key of the vault is not what was written."
        outcome = {"signatures": 0, "parts": 0, "checkpoints": 0, "erased": 0}
        yield fakes.f.VerifyAnswer(ok=False, entries=42, root="0f" * 32, problem=said, problem_template=said, **outcome)

    node.verify_log = bad
    told = exchange("log", "verify")
    assert (told.code, told.err.strip()) == (
        1,
        "Every entry of the log is whole, and yet something is wrong: A key of the vault is not what was written.",
    )


def test_a_fault_of_ours_is_json_too_and_quotes_nothing(exchange: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*_: object) -> None:
        raise RuntimeError("Jelle Verzonnen")

    monkeypatch.setattr("exchange.cli.door.Door.get", fault)
    told = exchange("status", "--json")
    assert (told.code, told.err) == (1, "")
    assert json.loads(told.out)["detail"].startswith("Something unexpected went wrong (RuntimeError at ")
    assert "Verzonnen" not in told.out + told.err


def test_views_that_differ_are_exit_1(exchange: Any, node: Any, fakes: Any) -> None:
    async def differs(_actor: Any) -> Any:
        yield fakes.f.ReplayAnswer(ok=False, entries=42, differences=["messages: 3 rows"], seconds=0.1)

    node.replay_log = differs
    told = exchange("log", "replay")
    assert told.code == 1
    assert "messages: 3 rows" in told.out


def test_an_offer_is_the_form_of_a_disclosure_with_a_reason_that_stays_out_of_the_shell(
    exchange: Any, node: Any, tmp_path: Path
) -> None:
    form = tmp_path / "share.toml"
    form.write_text(
        f"""
subject = "{SUBJECT}"
purpose = "P0_ONDERSTEUNING"
context = "CASUS"
basis = "A6_1_e"
task = "WONINGWET_46"
[[recipients]]
partner = "welzijn"
basis = "A6_1_e"
task = "WMO_2_3_2"
[[items]]
category = "HUISVESTING"
field = "staat"
value = "volle woning"
"""
    )
    told = exchange(
        "conference", "offer", CONFERENCE, "--item", ITEM, "--form", str(form), "--send-on-release", stdin="voor het plan\n"
    )  # fmt: skip
    assert (told.code, told.err) == (0, "")
    assert "Offered as" in told.out
    conference, offered, _ = node.calls[-1][2]
    assert (str(conference), offered.why, offered.send_on_release) == (CONFERENCE, "voor het plan", True)
    assert offered.share.items[0].value == "volle woning"


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "--date", "2026-03-12", "--participant", "welzijn"),
        ("plan", "--date", "2026-03-12", "--agenda", "zaak"),
        ("decide", CONFERENCE),
        ("minutes", CONFERENCE, "--item", ITEM, "--agreement", "welzijn"),
    ],
)
def test_what_a_conference_command_cannot_read_is_a_wrong_use_and_asks_nothing_of_the_node(
    exchange: Any, node: Any, arguments: tuple[str, ...]
) -> None:
    assert exchange("conference", *arguments).code == 2
    assert node.calls == []


def test_a_plan_and_the_chairs_decisions_reach_the_node_as_they_were_typed(exchange: Any, node: Any) -> None:
    assert exchange("conference", "plan", *PLAN).code == 0
    form, _ = node.calls[-1][2]
    assert [(p.partner, p.role, p.secrecy) for p in form.participants] == [("welzijn", "DEELNEMER", "verklaring-1")]
    assert [(str(a.case), a.partners) for a in form.agenda] == [(ITEM, ["gemeente", "welzijn"])]
    decided = ("--release", ITEM, "--strike", SUBJECT, "--ask", CONFERENCE, "--question", "Waarom?", "--show-content")
    assert exchange("conference", "decide", CONFERENCE, *decided, "--reviewed").code == 0
    _, form, _ = node.calls[-1][2]
    assert form.minimisation_reviewed
    assert [(d.decision, d.question, d.wants_content) for d in form.decisions] == [
        ("release", "", False), ("strike", "", False), ("ask", "Waarom?", True),
    ]  # fmt: skip
