"""Another covenant, with other partners, purposes and categories, works without a line of code; and size costs nothing."""

from __future__ import annotations

import time
from datetime import date

import pytest

from exchange.domain.covenant import Condition, Covenant, FieldRule, Row
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


def _grown(covenant: Covenant) -> Covenant:
    """The same covenant with fifty partners and a thousand rules more."""
    extra = [f"partner-{n}" for n in range(50)]
    template = covenant.partners[0]
    partners = [
        template.model_copy(update={"slug": slug, "id": f"{n + 500:032x}", "kind": f"KIND{n}"})
        for n, slug in enumerate(extra)
    ]
    rows = [
        Row(categories=("OVERLAST",), recipients=(slug,), senders=(sender,), condition=Condition.ALLOW, source="x")
        for slug in extra
        for sender in extra[:20]
    ]
    fields = [
        FieldRule(
            purposes=("P0_ONDERSTEUNING",),
            category="OVERLAST",
            recipients=(slug,),
            senders=(sender,),
            fields=("toelichting",),
        )
        for slug in extra
        for sender in extra[:20]
    ]
    return covenant.model_copy(
        update={
            "partners": (*covenant.partners, *partners),
            "matrix": (*rows, *covenant.matrix),
            "field_rules": (*fields, *covenant.field_rules),
        }
    )


def _per_item(covenant: Covenant, proposal: Proposal) -> float:
    judge(covenant, proposal, side=Side.SENDING)
    best = float("inf")
    for _ in range(5):
        started = time.perf_counter()
        for _ in range(20):
            judge(covenant, proposal, side=Side.SENDING)
        best = min(best, (time.perf_counter() - started) / 20 / len(proposal.items))
    return best


def test_a_thousand_rules_and_fifty_partners_make_no_difference(de_wolden: Covenant, propose) -> None:
    text = "Bij het huisbezoek stond de gang vol; melding 12 van 02-03-2026, bel 06-12345678. " * 4
    proposal = propose(items=tuple(ItemFacts(category="OVERLAST", field="toelichting", text=text) for _ in range(20)))
    grown = _grown(de_wolden)
    assert judge(grown, proposal, side=Side.SENDING).allowed
    small, large = _per_item(de_wolden, proposal), _per_item(grown, proposal)
    assert large < small * 3
    assert small < 0.001  # ten times the promise: this machine may be busy; the bench measures the promise itself
