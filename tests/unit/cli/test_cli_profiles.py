"""A disclosure on a profile takes six answers at most, none when all is given, and asks nothing of a pipe."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest

from exchange import cli
from exchange.domain.refusals import refusal
from exchange.node import forms as f

JELLE = UUID(int=7)
ALL = ("--subject", str(JELLE), "--to", "welzijn", "--item", "HUISVESTING:staat=Volle woning.",
       "--told-on", "2026-03-02", "--told-how", "HUISBEZOEK")  # fmt: skip


class Terminal(io.TextIOWrapper):
    """Standard input with a person at it, who gives these answers and no other."""

    def __init__(self, *answers: str) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8")
        self.left = list(answers)
        self.given = 0

    def isatty(self) -> bool:
        return True

    def readline(self, *_: Any) -> str:  # type: ignore[override]
        self.given += 1
        assert self.left, "one question more than there are answers"
        return self.left.pop(0) + "\n"


@pytest.fixture
def person(
    exchange: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[Terminal, int, str, str]]:
    """The command line with a person at the terminal."""

    def run(*arguments: str, answers: tuple[str, ...] = ()) -> tuple[Terminal, int, str, str]:
        terminal = Terminal(*answers)
        monkeypatch.setattr(sys, "stdin", terminal)
        with pytest.raises(SystemExit) as ended:
            cli.main(arguments)
        said = capsys.readouterr()
        return terminal, int(ended.value.code or 0), said.out, said.err

    return run


def sent(node: Any) -> list[f.ShareForm]:
    return [given for command, _actor, given in node.calls if command in {"disclosure.make", "signal.send"}]


def known(node: Any) -> None:
    node.people[JELLE] = f.SubjectForm(given_names="Jelle", family_name="Verzonnen", birth_date="1964-11-05")


def test_a_disclosure_on_a_profile_takes_six_answers(node: Any, person: Any) -> None:
    known(node)
    answers = ("Verzonnen, 1964-11-05", "1", "De woning staat vol spullen.", "02-03-2026", "2", "ja")
    terminal, code, _out, err = person("disclose", "--profile", "WONING_HULP", "--lang", "nl", answers=answers)
    assert (code, terminal.given, terminal.left) == (0, 6, [])
    (form,) = sent(node)
    assert (form.subject, [r.partner for r in form.recipients]) == (JELLE, ["welzijn"])
    assert (form.profile, form.purpose, form.task, form.recipients[0].task) == (
        "WONING_HULP", "P0_ONDERSTEUNING", "woningwet", "wmo",
    )  # fmt: skip
    (item,) = form.items
    assert (item.category, item.field, item.value) == ("HUISVESTING", "staat", "De woning staat vol spullen.")
    assert form.notice.model_dump(mode="json", exclude_defaults=True) == {
        "given_on": "2026-03-02", "mode": "HUISBEZOEK", "recipients": ["welzijn"],
    }  # fmt: skip
    assert form.weighing.necessity == "Nodig voor hulp."
    for shown in ("Zorg over een woning", "Jelle Verzonnen", "1  Welzijn De Wolden", "2  Gemeente De Wolden",
                  "Staat van de woning"):  # fmt: skip
        assert shown in err


def test_what_would_happen_is_shown_before_it_is_asked_whether_to_send(node: Any, person: Any) -> None:
    answers = (str(JELLE), "*", "Volle woning.", "2026-03-02", "telefonisch gesprek", "nee")
    terminal, code, out, _err = person("disclose", "--profile", "WONING_HULP", answers=answers)
    assert (code, terminal.given) == (0, 6)
    assert sent(node) == []
    commands = [command for command, _actor, _given in node.calls]
    assert "disclosure.explain" in commands
    assert "welzijn: allowed" in out
    assert "gemeente: allowed" in out
    assert "Nothing was sent, and nothing is kept." in out


def test_all_of_it_as_options_asks_nothing_and_sends(node: Any, person: Any, exchange: Any) -> None:
    terminal, code, _out, err = person("disclose", "--profile", "WONING_HULP", *ALL)
    assert (code, terminal.given, err) == (0, 0, "")
    assert exchange("disclose", "--profile", "WONING_HULP", *ALL, "--json").code == 0
    first, second = sent(node)
    assert first == second
    assert first.notice.recipients == ["welzijn"]


@pytest.mark.parametrize("left", range(3))
def test_only_what_is_missing_is_asked(node: Any, person: Any, left: int) -> None:
    given, answers = [(ALL[2:], str(JELLE)), ((*ALL[:2], *ALL[4:]), "welzijn"), ((*ALL[:4], *ALL[6:]), "Vol.")][left]
    terminal, code, _out, _err = person("disclose", "--profile", "WONING_HULP", *given, answers=(answers, "yes"))
    assert (code, terminal.given) == (0, 2)
    assert len(sent(node)) == 1


def test_who_was_told_was_told_of_the_recipients_whoever_named_them(node: Any, person: Any, exchange: Any) -> None:
    given = (*ALL[:2], *ALL[4:8])  # no recipient yet, and nothing of how: the covenant does not ask for that
    terminal, code, _out, _err = person("disclose", "--profile", "WONING_HULP", *given, answers=("2", "yes"))
    assert (code, terminal.given) == (0, 2)
    assert exchange("disclose", "--profile", "WONING_HULP", *given, "--to", "gemeente").code == 0
    assert [form.notice.recipients for form in sent(node)] == [["gemeente"], ["gemeente"]]


def test_the_question_names_the_recipients_of_whom_the_person_was_told(node: Any, person: Any) -> None:
    answers = (str(JELLE), "*", "Volle woning.", "2026-03-02", "1", "ja")
    terminal, code, out, err = person("disclose", "--profile", "WONING_HULP", "--lang", "en", answers=answers)
    assert (code, terminal.given) == (0, 6)
    assert "told that this goes to Welzijn De Wolden and Gemeente De Wolden?" in err
    said = (
        "On record goes: this person was told on 02-03-2026 that this goes to Welzijn De Wolden and Gemeente De Wolden."
    )
    assert f"{said} Purpose: Ondersteuning bieden. Interest: Nodig voor hulp." in out


def test_options_show_of_which_recipients_the_day_says_that_the_person_was_told(node: Any, exchange: Any) -> None:
    ran = exchange("disclose", "--profile", "WONING_HULP", *ALL, "--explain", "--lang", "en")
    assert "was told on 02-03-2026 that this goes to Welzijn De Wolden." in ran.out
    assert "On record goes" not in exchange("disclose", "--profile", "WONING_HULP", *ALL, "--explain", "--json").out
    columns = " ".join(exchange("disclose", "--help", "--lang", "en").out.replace("│", " ").split())
    assert "told that it goes to these recipients" in columns


def test_a_day_in_a_file_names_no_recipients_so_the_person_at_the_terminal_is_asked(
    node: Any, person: Any, exchange: Any, tmp_path: Path
) -> None:
    form = tmp_path / "form.toml"
    form.write_text('[notice]\ngiven_on = 2026-03-01\nmode = "BRIEF"\n')
    given = ("disclose", "--profile", "WONING_HULP", *ALL[:6], "--form", str(form))
    assert "when the person was told that it goes to these recipients" in exchange(*given, "--lang", "en").err
    terminal, code, _out, _err = person(*given, answers=("2026-03-02", "yes"))
    assert (code, terminal.given) == (0, 2)
    form.write_text('[notice]\ngiven_on = 2026-03-01\nrecipients = ["gemeente"]\nmode = "BRIEF"\n')
    assert exchange(*given).code == 0
    assert [(str(told.notice.given_on), told.notice.recipients) for told in sent(node)] == [
        ("2026-03-02", ["welzijn"]), ("2026-03-01", ["gemeente"]),
    ]  # fmt: skip


def test_a_draft_shows_what_is_filled_in_although_there_are_no_facts_yet(node: Any, exchange: Any) -> None:
    more = (
        "--purpose",
        "P0_ONDERSTEUNING",
        "--to",
        "welzijn:A6_1_e:wmo",
        "--told-on",
        "2026-03-02",
        "--necessity",
        "Om te helpen.",
    )
    assert exchange("draft", "save", *more).code == 0
    (draft,) = node.drafts.kept
    shown = exchange("draft", "show", str(draft), "--lang", "en").out
    for expected in ("Ondersteuning bieden", "Om te helpen.", "told on 02-03-2026 that this goes to Welzijn De Wolden",
                     "No facts are filled in yet."):  # fmt: skip
        assert expected in shown
    assert "Nothing is filled in" not in shown


def test_a_pipe_is_never_asked_and_hears_what_is_missing(node: Any, exchange: Any) -> None:
    ran = exchange("disclose", "--profile", "WONING_HULP", "--lang", "en", stdin="Verzonnen, 1964-11-05\n1\n")
    assert ran.code == 1
    assert (
        "no terminal to ask at. Missing: whom it is about (--subject), the recipients (--to), the facts (--item)"
        in ran.err
    )
    assert "Traceback" not in ran.err
    assert sent(node) == []
    problem = exchange("disclose", "--profile", "WONING_HULP", "--json")
    assert json.loads(problem.out)["code"] == "input"


def test_an_answer_that_is_none_is_asked_again_and_repeats_nothing(node: Any, person: Any) -> None:
    known(node)
    answers = ("Onbekend, 1900-01-01", "zomaar iemand", "Verzonnen, 05-11-1964", "3", "welzijn", "Vol.", "gisteren",
               "2026-02-30", "2026-03-02", "9", "1", "misschien", "y")  # fmt: skip
    terminal, code, _out, err = person("disclose", "--profile", "WONING_HULP", answers=answers)
    assert (code, terminal.left) == (0, [])
    assert err.count("That is not an answer") == 7
    assert "zomaar iemand" not in err
    assert sent(node)[0].notice.mode == "GESPREK"


def test_a_profile_the_covenant_does_not_have_is_named_with_those_there_are(node: Any, person: Any) -> None:
    terminal, code, _out, err = person("disclose", "--profile", "WONING_HULPP", *ALL)
    assert (code, terminal.given) == (1, 0)
    assert "Did you mean WONING_HULP?" in err
    _terminal, code, _out, err = person("signal", "--profile", "WONING_HULP", *ALL, "--support", "Gebaat bij hulp.")
    assert code == 1
    assert "exchange disclose --profile WONING_HULP" in err
    assert sent(node) == []


def test_a_profile_of_the_other_kind_is_told_before_anything_is_asked(node: Any, person: Any) -> None:
    terminal, code, _out, err = person("signal", "--profile", "WONING_HULP")
    assert (code, terminal.given) == (1, 0)
    assert "exchange disclose --profile WONING_HULP" in err


def test_where_every_recipient_takes_part_on_paper_nobody_is_asked_who_gets_it(
    node: Any, person: Any, exchange: Any, fakes: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    for partner in fakes.COVENANT["partners"]:
        if partner["slug"] != "actium":
            monkeypatch.setitem(partner, "participation", "paper")
    terminal, code, _out, err = person("disclose", "--profile", "WONING_HULP", "--subject", str(JELLE))
    assert (code, terminal.given) == (1, 0)
    assert "takes part on paper" in err
    assert "--channel" in err
    told = exchange("disclose", "--suggest", "--lang", "en").out
    assert told.count("It takes part on paper: tell it another way") == len(told.split("To ")) - 1


def test_a_person_without_a_prefix_is_registered_by_questions_and_a_day_is_typed_as_people_do(
    node: Any, person: Any
) -> None:
    answers = ("Sanne", "", "Fictief", "5-11-1964", "", "")
    terminal, code, _out, err = person("subject", "add", "--lang", "nl", answers=answers)
    assert (code, terminal.left) == (0, [])
    assert "Wat u niet weet, laat u leeg." in err
    (form,) = node.people.values()
    assert (form.given_names, form.prefix, form.family_name) == ("Sanne", "", "Fictief")
    assert str(form.birth_date) == "1964-11-05"


def test_a_question_ends_as_a_question(node: Any, person: Any) -> None:
    known(node)
    answers = ("Verzonnen 5-11-1964", "1", "Vol.", "2-3-2026", "2", "nee")
    _terminal, code, _out, err = person("disclose", "--profile", "WONING_HULP", "--lang", "nl", answers=answers)
    assert code == 0
    assert "?:" not in err


def test_explaining_a_profile_asks_all_but_whether_to_send(node: Any, person: Any) -> None:
    answers = (str(JELLE), "1", "Vol.", "2026-03-02", "1")
    terminal, code, out, _err = person("disclose", "--profile", "WONING_HULP", "--explain", answers=answers)
    assert (code, terminal.given) == (0, 5)
    assert "welzijn: allowed" in out
    assert sent(node) == []


# ---------------------------------------------------------------------------------------- refused answers


BSN = "Het nummer is 999990342."
TOLD = ("2026-03-02", "1")


def answer_of(code: str, *, item: int | None) -> f.RefusalAnswer:
    why = refusal(code)
    return f.RefusalAnswer(
        code=code, name=why.name, article=why.article, text=why.sentence(), partner="welzijn", item=item
    )


def refusing(
    node: Any, monkeypatch: pytest.MonkeyPatch, code: str, *, item: int | None, while_: Callable[[Any], bool]
) -> None:
    """Let the node refuse with ``code`` for as long as the form is so."""
    answer = answer_of(code, item=item)
    monkeypatch.setattr(node, "_refusals", lambda form: [answer] if while_(form) else [])


def test_only_the_refused_fact_is_asked_again(node: Any, person: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    refusing(node, monkeypatch, "R02", item=0, while_=lambda form: "999990342" in form.items[0].value)
    answers = (str(JELLE), "1", BSN, *TOLD, "De woning staat vol.", "ja")
    terminal, code, out, err = person("disclose", "--profile", "WONING_HULP", "--lang", "nl", answers=answers)
    assert (code, terminal.left) == (0, [])
    assert "R02" in out
    assert "999990342" not in out + err
    (form,) = sent(node)
    assert [item.value for item in form.items] == ["De woning staat vol."]
    assert (str(form.notice.given_on), form.notice.mode, form.subject) == ("2026-03-02", "GESPREK", JELLE)
    assert node.drafts.kept == {}


def test_a_signal_whose_words_are_refused_asks_for_those_words_again(
    node: Any, person: Any, monkeypatch: pytest.MonkeyPatch, fakes: Any
) -> None:
    profile = {
        **fakes.COVENANT["profiles"][0],
        "kind": "signal",
        "recipients": fakes.COVENANT["profiles"][0]["recipients"][:1],
    }
    monkeypatch.setitem(fakes.COVENANT, "profiles", [profile])
    refusing(node, monkeypatch, "R02", item=None, while_=lambda form: "999990342" in form.support_rationale)
    answers = (str(JELLE), "Vol.", BSN, "Gebaat bij opruimhulp.", "y")
    terminal, code, _out, _err = person("signal", "--profile", "WONING_HULP", answers=answers)
    assert (code, terminal.left) == (0, [])
    assert [form.support_rationale for form in sent(node)] == ["Gebaat bij opruimhulp."]


def test_a_text_that_is_too_long_is_asked_again(node: Any, person: Any) -> None:
    answers = (str(JELLE), "1", "x" * 501, *TOLD, "Kort.", "ja")
    terminal, code, _out, err = person("disclose", "--profile", "WONING_HULP", answers=answers)
    assert (code, terminal.left) == (0, [])
    assert "xxx" not in err
    assert [item.value for form in sent(node) for item in form.items] == ["Kort."]


def test_what_other_words_do_not_mend_is_kept_as_a_draft(
    node: Any, person: Any, exchange: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing(node, monkeypatch, "R18", item=0, while_=lambda _form: True)
    answers = (str(JELLE), "1", "De woning staat vol.", *TOLD)
    terminal, code, _out, err = person("disclose", "--profile", "WONING_HULP", "--lang", "en", answers=answers)
    assert (code, terminal.left, sent(node)) == (1, [], [])
    ((draft, kept),) = node.drafts.kept.items()
    assert (kept.items[0].value, kept.notice.mode, kept.profile) == ("De woning staat vol.", "GESPREK", "WONING_HULP")
    assert f"kept as draft {draft}" in " ".join(err.split())
    refusing(node, monkeypatch, "R18", item=0, while_=lambda _form: False)
    assert exchange("draft", "send", str(draft)).code == 0
    assert [form.items[0].value for form in sent(node)] == ["De woning staat vol."]


def test_words_are_mended_first_where_something_else_is_refused_as_well(
    node: Any, person: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A draft holds no citizen service number either, so without new words nothing could be kept."""
    number, restricted = answer_of("R02", item=0), answer_of("R18", item=0)
    monkeypatch.setattr(
        node, "_refusals", lambda form: [*([number] if "999990342" in form.items[0].value else []), restricted]
    )
    answers = (str(JELLE), "1", BSN, *TOLD, "De woning staat vol.")
    terminal, code, _out, _err = person("disclose", "--profile", "WONING_HULP", answers=answers)
    assert (code, terminal.left) == (1, [])
    assert [form.items[0].value for form in node.drafts.kept.values()] == ["De woning staat vol."]


def test_a_machine_that_was_answered_for_reads_one_answer(
    node: Any, person: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing(node, monkeypatch, "R31", item=0, while_=lambda _form: True)
    answers = (str(JELLE), "1", "Mag zij huren?", *TOLD)
    _terminal, code, out, _err = person("disclose", "--profile", "WONING_HULP", "--json", answers=answers)
    assert code == 1
    assert json.loads(out)[0]["refusals"][0]["code"] == "R31"
    assert len(node.drafts.kept) == 1


# ---------------------------------------------------------------------------------------- several facts, one answer


def test_several_facts_are_one_answer(monkeypatch: pytest.MonkeyPatch, node: Any, person: Any, fakes: Any) -> None:
    items = [{"category": "HUISVESTING", "fields": ["staat", "bewoning"]}]
    category = {**fakes.COVENANT["categories"][0], "fields": {"staat": "Staat", "bewoning": "Bewoning"}}
    rule = {**fakes.COVENANT["field_rules"][0], "fields": ["staat", "bewoning"]}
    monkeypatch.setitem(fakes.COVENANT, "profiles", [{**fakes.COVENANT["profiles"][0], "items": items}])
    monkeypatch.setitem(fakes.COVENANT, "categories", [category, *fakes.COVENANT["categories"][1:]])
    monkeypatch.setitem(fakes.COVENANT, "field_rules", [rule])
    answers = (str(JELLE), "1", "alles vol", "3 vol", "1 Vol spullen; 2: Eén bewoner", "2026-03-02", "1", "yes")
    terminal, code, _out, err = person("disclose", "--profile", "WONING_HULP", answers=answers)
    assert (code, terminal.left, err.count("That is not an answer")) == (0, [], 2)
    assert [(item.field, item.value) for item in sent(node)[0].items] == [
        ("staat", "Vol spullen"), ("bewoning", "Eén bewoner"),
    ]  # fmt: skip


def test_a_signal_on_a_profile_asks_why_support_and_not_whether_the_person_was_told(
    monkeypatch: pytest.MonkeyPatch, node: Any, person: Any, fakes: Any
) -> None:
    profile = {
        **fakes.COVENANT["profiles"][0],
        "kind": "signal",
        "recipients": fakes.COVENANT["profiles"][0]["recipients"][:1],
    }
    monkeypatch.setitem(fakes.COVENANT, "profiles", [profile])
    answers = (str(JELLE), "Vol.", "Gebaat bij opruimhulp.", "y")
    terminal, code, _out, _err = person("signal", "--profile", "WONING_HULP", answers=answers)
    assert (code, terminal.given) == (0, 4)  # one recipient: nobody has to choose
    (form,) = sent(node)
    assert (form.kind, form.support_rationale) == ("signal", "Gebaat bij opruimhulp.")


# ---------------------------------------------------------------------------------------- suggestions


def test_suggestions_are_told_in_words(node: Any, exchange: Any) -> None:
    ran = exchange("disclose", "--suggest", "--subject", str(JELLE), "--lang", "en")
    assert ran.code == 0
    told = " ".join(ran.out.split())
    for expected in ("Zorg over een woning (WONING_HULP)", "To Welzijn De Wolden, for Ondersteuning bieden", "HUISVESTING:staat",
                     "for wmo", "on UAVG_30_3_a, for wmo; and say what lifts professional secrecy", "telling the person first",
                     "Was told of Welzijn De Wolden"):  # fmt: skip
        assert expected in told
    assert json.loads(exchange("signal", "--suggest", "--json").out)["kind"] == "signal"
    assert sent(node) == []


# ---------------------------------------------------------------------------------------- drafts


def test_a_draft_is_saved_filled_in_and_sent(node: Any, exchange: Any, person: Any) -> None:
    saved = exchange("draft", "save", "--profile", "WONING_HULP", "--subject", str(JELLE), "--lang", "en")
    assert "until 16-03-2026" in saved.out
    (draft,) = node.drafts.kept
    assert "Zorg over een woning" in exchange("draft", "list").out
    lacking = exchange("draft", "explain", str(draft), "--lang", "en")
    assert lacking.code == 1
    assert "Name at least one recipient." in lacking.out
    more = ("--to", "welzijn", "--item", "HUISVESTING:staat=Vol.")
    assert exchange("draft", "save", "--draft", str(draft), *more).code == 0
    kept = node.drafts.kept[draft]
    assert (kept.subject, kept.profile, kept.items[0].value) == (JELLE, "WONING_HULP", "Vol.")
    assert "Vol." in exchange("draft", "show", str(draft)).out
    assert "welzijn: allowed" in exchange("draft", "explain", str(draft), "--lang", "en").out
    assert exchange("draft", "send", str(draft), "--wait", "1").code == 0
    assert len(sent(node)) == 1
    assert exchange("draft", "show", str(draft)).code == 1
    assert "There are no drafts." in exchange("draft", "list", "--lang", "en").out


def test_a_draft_on_a_profile_asks_at_a_terminal_what_it_lacks_and_keeps_the_answers(
    node: Any, exchange: Any, person: Any
) -> None:
    exchange("draft", "save", "--profile", "WONING_HULP", "--subject", str(JELLE))
    (draft,) = node.drafts.kept
    answers = ("1", "Vol.", "2026-03-02", "1", "no")
    terminal, code, out, _err = person("draft", "send", str(draft), answers=answers)
    assert (code, terminal.left) == (0, [])
    assert "kept in the draft" in out
    assert node.drafts.kept[draft].items[0].value == "Vol."
    assert sent(node) == []


def test_an_incomplete_draft_without_a_profile_is_not_asked_about(node: Any, exchange: Any) -> None:
    exchange("draft", "save", "--signal", "--kind", "EENZAAMHEID")
    (draft,) = node.drafts.kept
    assert node.drafts.kept[draft].kind == "signal"
    ran = exchange("draft", "send", str(draft), "--lang", "en")
    assert ran.code == 1
    assert f"exchange draft explain {draft}" in ran.err
    assert exchange("draft", "discard", str(draft)).code == 0
    assert node.drafts.kept == {}
