"""A covenant of any size, grown from a real one: fifty partners and a thousand rules more, as a province might agree."""

from __future__ import annotations

from datetime import date

from exchange.domain.covenant import Condition, Covenant, FieldRule, Row
from exchange.domain.gates import ItemFacts, Notice, Proposal, Weighing
from exchange.domain.vocabulary import Kind

SENDER, RECIPIENT = "partner-0", "partner-1"


def grown(covenant: Covenant, *, partners: int = 50, rules: int = 1000) -> Covenant:
    """``covenant`` with this many more partners, rows of the matrix and field rules."""
    template = covenant.partners[2]
    extra = tuple(
        template.model_copy(update={"slug": f"partner-{n}", "id": f"{n + 500:032x}", "kind": f"KIND{n}"})
        for n in range(partners)
    )
    pairs = [(a.slug, b.slug) for a in extra for b in extra if a is not b][:rules]
    rows = tuple(
        Row(categories=("OVERLAST",), recipients=(to,), senders=(by,), condition=Condition.ALLOW, source="x")
        for by, to in pairs
    )
    fields = tuple(
        FieldRule(
            purposes=("P0_ONDERSTEUNING",),
            category="OVERLAST",
            recipients=(to,),
            senders=(by,),
            fields=("toelichting",),
        )
        for by, to in pairs
    )
    return covenant.model_copy(
        update={
            "partners": (*covenant.partners, *extra),
            "matrix": (*rows, *covenant.matrix),
            "field_rules": (*fields, *covenant.field_rules),
        }
    )


def proposal(items: int = 3, text: str = "stank in het trapportaal") -> Proposal:
    """A lawful disclosure between two of the partners that were added."""
    return Proposal(
        kind=Kind.DISCLOSURE,
        sender=SENDER,
        recipient=RECIPIENT,
        on=date(2026, 3, 2),
        purpose="P0_ONDERSTEUNING",
        context="ONDERSTEUNING",
        sender_basis="A6_1_f",
        recipient_basis="A6_1_f",
        sender_task="verhuur",
        recipient_task="verhuur",
        weighing=Weighing(necessity="nodig", proportionality="passend", subsidiarity="niet minder"),
        notice=Notice(reference="k-1", recipients=frozenset({RECIPIENT}), given_on=date(2026, 3, 2)),
        trained_on=date(2026, 3, 1),
        items=(ItemFacts(category="OVERLAST", field="aard-overlast", text=text),) * items,
    )
