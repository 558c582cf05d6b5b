"""Another covenant, with other partners, purposes and categories, works without a line of code; and size costs nothing."""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import Any

import pytest
from large_covenant import grown, proposal

from exchange.domain.covenant import Covenant
from exchange.domain.gates import ItemFacts, Notice, Proposal, Secrecy, Weighing, judge
from exchange.domain.vocabulary import Kind, SecrecyGround, SecrecyRegime, Side


def absence(**changes: object) -> Proposal:
    facts: dict[str, object] = {
        "kind": Kind.DISCLOSURE,
        "sender": "school",
        "recipient": "ggd",
        "on": date(2026, 3, 2),
        "purpose": "SCHOOLGANG",
        "context": "VERZUIM",
        "sender_basis": "A6_1_c",
        "recipient_basis": "A6_1_e",
        "sender_task": "onderwijs",
        "recipient_task": "jgz",
        "weighing": Weighing(necessity="a", proportionality="b", subsidiarity="c"),
        "notice": Notice(reference="n", recipients=frozenset({"ggd"})),
        "items": (ItemFacts(category="VERZUIM", field="dagen", text="negen"),),
        **changes,
    }
    return Proposal(**facts)  # type: ignore[arg-type]


@pytest.mark.parametrize("side", list(Side))
def test_its_own_rules_hold(tiny: Covenant, side: Side) -> None:
    assert judge(tiny, absence(), side=side).allowed
    swapped = absence(
        sender="ggd",
        recipient="school",
        sender_task="jgz",
        recipient_task="onderwijs",
        recipient_basis="A6_1_c",
        sender_basis="A6_1_e",
        notice=Notice(reference="n", recipients=frozenset({"school"})),
    )
    assert judge(tiny, swapped, side=side).codes == ("R17",)
    health = (ItemFacts(category="KINDGEZONDHEID", field="klacht"),)
    assert judge(tiny, absence(items=health), side=side).codes == ("R05",)
    secret = Secrecy(applies=True, regime=SecrecyRegime.WGBO, ground=SecrecyGround.CONSENT)
    lawful = absence(items=health, special_exception="UAVG_30_3_a", secrecy=secret)
    assert judge(tiny, lawful, side=side).allowed


def test_the_words_of_de_wolden_mean_nothing_here(tiny: Covenant) -> None:
    foreign = absence(purpose="P0_ONDERSTEUNING", items=(ItemFacts(category="OVERLAST", field="aard-overlast"),))
    assert judge(tiny, foreign, side=Side.SENDING).codes == ("R04", "R17")
    tenant = absence(items=(ItemFacts(category="VERZUIM", field="dagen", text="mag hij huren, ja/nee?"),))
    assert judge(tiny, tenant, side=Side.SENDING).allowed


def test_exception_for_people_bound_to_secrecy_needs_such_people(tiny: Covenant) -> None:
    unbound = tiny.model_copy(
        update={
            "partners": tuple(
                p.model_copy(
                    update={
                        "statutory_tasks": tuple(
                            t.model_copy(update={"secrecy_bound": False}) for t in p.statutory_tasks
                        )
                    }
                )
                for p in tiny.partners
            )
        }
    )
    proposal = absence(items=(ItemFacts(category="KINDGEZONDHEID", field="klacht"),), special_exception="UAVG_30_3_a")
    assert judge(tiny, proposal, side=Side.SENDING).allowed
    assert judge(unbound, proposal, side=Side.SENDING).codes == ("R05",)


def test_its_overdue_review_refuses(tiny: Covenant) -> None:
    assert judge(tiny, absence(on=date(2030, 1, 2)), side=Side.SENDING).codes == ("R27",)


class _Counting(dict[Any, Any]):
    """A table that counts how often it is asked."""

    asked = 0

    def get(self, key: Any, default: Any = None) -> Any:
        self.asked += 1
        return super().get(key, default)


def _lookups(covenant: Covenant, judged: Proposal, side: Side) -> int:
    """How often judging asks any table of the covenant's index."""
    index, tables = covenant.index, []
    for name, table in vars(index).items():
        if isinstance(table, dict):
            tables.append(_Counting(table))
            setattr(index, name, tables[-1])
    assert judge(covenant, judged, side=side).allowed
    return sum(table.asked for table in tables)


@pytest.mark.parametrize("side", list(Side))
def test_a_thousand_rules_and_fifty_partners_cost_not_one_lookup_more(de_wolden: Covenant, side: Side) -> None:
    small, large = grown(de_wolden, partners=2, rules=2), grown(de_wolden)
    assert len(large.matrix) - len(de_wolden.matrix) == len(large.field_rules) - len(de_wolden.field_rules) == 1000
    assert len(large.partners) - len(de_wolden.partners) == 50
    few = _lookups(small, proposal(), side)
    assert few > 0
    assert _lookups(large, proposal(), side) == few
    more = _lookups(grown(de_wolden, partners=2, rules=2), proposal(items=6), side)
    assert few < more <= 2 * few, "and each item asks no more than the one before it"


def test_a_large_covenant_still_refuses(de_wolden: Covenant) -> None:
    large = grown(de_wolden)
    bare = dataclasses.replace(proposal(), notice=None, items=(ItemFacts(category="GEZONDHEID", field="situatie"),))
    assert judge(large, bare, side=Side.SENDING).codes == ("R05", "R14", "R17", "R30")
