"""Who asks beforehand reads which gates had something to look at, and what each of them said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from exchange.domain.covenant import Covenant
from exchange.domain.gates import Emergency, ItemFacts, Outcome, Proposal, judge
from exchange.domain.looks import Looked, looks, merged
from exchange.domain.proposal import Outside
from exchange.domain.refusals import CATALOGUE
from exchange.domain.scene import CALLED, FULL_GATES, ITEM_GATES, MESSAGE_GATES
from exchange.domain.vocabulary import THIRD_PARTY, Side

Propose = Callable[..., Proposal]
HEALTH = ItemFacts(category="GEZONDHEID", field="somberheid", text="")


def said(covenant: Covenant, proposal: Proposal) -> dict[str, Outcome]:
    return {look.title: look.outcome for look in merged(looks(covenant, proposal, side=Side.SENDING))}


@pytest.mark.parametrize("gate", [*MESSAGE_GATES, *FULL_GATES, *ITEM_GATES], ids=lambda gate: gate.__name__)
def test_every_gate_is_called_something_and_refuses_with_a_code_of_the_catalogue(gate: Callable[..., object]) -> None:
    called = CALLED[gate.__name__]
    assert called.title
    assert called.code in CATALOGUE


def test_a_gate_that_does_not_apply_is_left_out(de_wolden: Covenant, propose: Propose) -> None:
    lawful = said(de_wolden, propose())
    assert set(lawful.values()) == {Outcome.ALLOW}
    assert {"Purpose and scope", "Own statutory task", "Told beforehand, of these recipients"} <= set(lawful)
    strange = {"Special category of data", "Decision under the Wpg", "Support is the reason", "Acute danger is named"}
    assert not strange & set(lawful)


def test_a_gate_that_refuses_says_so_and_the_others_say_what_they_found(de_wolden: Covenant, propose: Propose) -> None:
    proposal = propose(purpose="VERZONNEN", items=(HEALTH,), notice=None)
    found = said(de_wolden, proposal)
    for title in ("Purpose and scope", "Special category of data", "Told beforehand, of these recipients"):
        assert found[title] is Outcome.REFUSE
    assert found["Legal basis"] is Outcome.ALLOW


def test_in_acute_danger_what_is_owed_is_told_as_a_duty(de_wolden: Covenant, propose: Propose) -> None:
    danger = Emergency(danger="Brand.", interest_of="SUBJECT")
    found = said(de_wolden, propose(notice=None, emergency=danger, sender_basis="A6_1_d"))
    assert found["Told beforehand, of these recipients"] is Outcome.ALLOW_WITH_DUTIES
    assert found["Acute danger is named"] is Outcome.ALLOW


@pytest.mark.parametrize(
    "changes",
    [{}, {"purpose": "VERZONNEN"}, {"notice": None, "weighing": None}, {"items": (HEALTH,)}, {"recipient": "onbekend"},
     {"third_party": Outside(), "recipient": THIRD_PARTY}, {"items": (replace(HEALTH, restricted=True), HEALTH)}],
)  # fmt: skip
def test_what_the_gates_say_one_by_one_is_what_the_verdict_comes_to(
    de_wolden: Covenant, propose: Propose, changes: dict[str, object]
) -> None:
    proposal = propose(**changes)
    worst = Outcome.REFUSE if Outcome.REFUSE in said(de_wolden, proposal).values() else Outcome.ALLOW
    assert worst is judge(de_wolden, proposal, side=Side.SENDING).outcome


def test_of_several_rule_sets_the_worst_counts() -> None:
    found = [Looked("R04", "Purpose and scope", outcome) for outcome in (Outcome.ALLOW, Outcome.REFUSE, Outcome.ALLOW)]
    assert merged(found) == [Looked("R04", "Purpose and scope", Outcome.REFUSE)]
