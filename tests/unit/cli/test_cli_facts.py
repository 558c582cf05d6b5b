"""Records before sharing and duties, by command: what is typed reaches the node, what is personal is asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

SUBJECT = "00000000-0000-0000-0000-000000000064"
ID = "00000000-0000-0000-0000-00000000003c"
GIVEN = ("--subject", SUBJECT, "--by", "Proef", "--on", "2026-03-02", "--how", "GESPREK", "--told", "welzijn")


def test_a_notice_names_the_options_it_lacks_before_it_asks_anything(exchange: Any, node: Any) -> None:
    told = exchange("notice", "add", *GIVEN[:2], stdin="hulp bij opruimen\nrust\n")
    assert told.code == 1
    assert "Give --by, --on, --how, --told as well" in told.err
    assert node.calls == []


def test_a_notice_asks_for_what_should_not_stand_in_the_shells_history(exchange: Any, node: Any) -> None:
    done = exchange("notice", "add", *GIVEN, "--rights", stdin="hulp bij opruimen\nrust\n")
    assert (done.code, done.err) == (0, "")
    assert ID in done.out
    command, _, form = node.calls[-1]
    assert command == "notice.give"
    assert (form.purpose, form.interest, form.recipients) == ("hulp bij opruimen", "rust", ["welzijn"])
    assert form.rights_explained


def test_an_exception_takes_its_considerations_by_letter(exchange: Any, node: Any) -> None:
    options = ("--subject", SUBJECT, "--ground", "UAVG_41_1_i", "--to", "gemeente", "--review-on", "2026-03-16")
    done = exchange("exception", "add", *options, "--considered", "a=haar veiligheid", stdin="gevaar\n")
    assert done.code == 0
    form = node.calls[-1][2]
    assert (form.considerations, form.recipients) == ({"a": "haar veiligheid"}, ["gemeente"])
    assert exchange("exception", "add", *options, "--considered", "zomaar", stdin="gevaar\n").code == 2
    assert exchange("exception", "review", ID, "--until", "2026-03-30", "--reason", "nog steeds").code == 0
    assert node.calls[-1][2].outcome == "prolonged"
    assert exchange("exception", "review", ID, "--reason", "voorbij").code == 0
    assert node.calls[-1][2].outcome == "ended"


FORMS = {
    "decision": """reference = "besluit-2026-3"
ground = "WPG_19"
goal = "b"
decided_on = 2026-03-02
signed_by = "teamchef"
interest = "openbare orde"
purpose = "overlast"
recipients = ["actium"]
categories = ["OVERLAST"]
authority = "BURGEMEESTER"
agreed_on = 2026-03-02
valid_until = 2026-06-01
""",
    "activity": """name = "Buurtteam"
purposes = ["P0_ONDERSTEUNING"]
categories = ["OVERLAST"]
recipients = ["welzijn"]
bases = ["A6_1_e"]
""",
}


@pytest.mark.parametrize(
    ("group", "command"), [("decision", "wpg-decision.register"), ("activity", "activity.register")]
)
def test_what_is_long_is_a_form(exchange: Any, node: Any, tmp_path: Path, group: str, command: str) -> None:
    node.enrol(0, "wpg-functionary", number=9)
    for actor in node.uids.values():
        actor[:] = [type(a)(a.id, a.kind, a.roles | {"wpg-functionary"}) for a in actor[:1]]
    form = tmp_path / "form.toml"
    form.write_text(FORMS[group])
    assert exchange(group, "add", "--form", str(form)).code == 0
    assert node.calls[-1][0] == command


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("notice", "list", SUBJECT), "GESPREK"),
        (("exception", "list", SUBJECT), "Nothing is on record"),
        (("exception", "due"), "02-03-2026"),
        (("decision", "list"), "besluit-2026-3"),
        (("training", "list"), "02-03-2026"),
        (("activity", "list"), "Buurtteam"),
        (("duty", "list"), "telling the person"),
        (("worklist",), "duties after acute danger"),
        (("parked", "list"), "R16 The message is not encrypted end to end"),
    ],
)
def test_what_is_on_record_is_shown_to_people_and_to_machines(
    exchange: Any, node: Any, arguments: tuple[str, ...], shown: str
) -> None:
    human = exchange(*arguments)
    assert (human.code, human.err) == (0, "")
    assert shown in " ".join(human.out.split())
    assert isinstance(json.loads(exchange(*arguments, "--json").out), list)


def test_a_training_a_weighing_and_the_end_of_a_duty(exchange: Any, node: Any) -> None:
    assert exchange("training", "add", "--on", "2026-03-01").code == 0
    assert node.calls[-1][0] == "training.record"
    assert exchange("duty", "weigh", ID, stdin="levensgevaar\nalleen het adres\nniemand deed open\n").code == 0
    assert node.calls[-1][2].subsidiarity == "niemand deed open"
    assert exchange("duty", "fulfil", ID, "--release", ID).code == 0
    assert node.calls[-1][0] == "duty.fulfil"
    assert exchange("duty", "fulfil", ID, stdin="overleden\n").code == 0
    assert (node.calls[-1][0], node.calls[-1][2].reason) == ("duty.excuse", "overleden")
    assert exchange("activity", "end", ID).code == 0


SHARE = (
    "--subject", SUBJECT, "--to", "welzijn:A6_1_d:WMO_2_3_2", "--purpose", "P0_ONDERSTEUNING", "--context", "CASUS",
    "--basis", "A6_1_d", "--task", "WONINGWET_46", "--item", "HUISVESTING:staat=volle woning",
)  # fmt: skip


def test_a_share_names_records_and_danger_by_option(exchange: Any, node: Any) -> None:
    assert exchange("disclose", *SHARE, "--notice", ID, "--danger", "gas", "--interest-of", "OTHER").code == 0
    form = node.calls[-1][2]
    assert (str(form.notice_id), form.emergency.danger, form.emergency.interest_of) == (ID, "gas", "OTHER")
    assert exchange("disclose", *SHARE, "--exception", ID, "--wpg-decision", ID, "--decided-by", ID).code == 0
    form = node.calls[-1][2]
    assert {str(form.exception_id), str(form.wpg_decision_id), str(form.decided_by)} == {ID}
    assert form.emergency is None


def test_what_would_be_owed_is_explained(exchange: Any, node: Any) -> None:
    node.owed = ["R14"]
    explained = exchange("disclose", *SHARE, "--danger", "gas", "--interest-of", "SUBJECT", "--explain")
    assert explained.code == 0
    assert "welzijn: allowed, with duties" in explained.out
    assert "duty R14: The person was not informed" in explained.out
