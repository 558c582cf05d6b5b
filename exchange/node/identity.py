"""How much of who somebody is may go along to a partner, and as what the covenant has each attribute of it judged.

The covenant names the attributes (name, birth date, address) with the category and field of each; what it does not name is told
to nobody. The first one it names makes known; the others go along where they may. All of them are one item, which stands under
the category and field of the first attribute that it tells.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from exchange.domain.covenant import Covenant
from exchange.domain.vocabulary import Kind
from exchange.wire import messages as m

NOWHERE: Final = ("", "")
"""Category and field of an attribute that a covenant does not name: no rule allows it (R17)."""


def told(identity: m.Identity) -> dict[str, str]:
    """The attributes that an identity tells, each with the text of it that a person typed."""
    name = " ".join(filter(None, (identity.given_names, identity.prefix, identity.family_name)))
    address = " ".join(filter(None, (identity.postcode, identity.house_number)))
    found = {"name": name} if name else {}
    if identity.birth_date is not None:
        found["birth_date"] = ""
    return found | ({"address": address} if address else {})


def places(covenant: Covenant, identity: m.Identity) -> list[tuple[str, str]]:
    """The category and field of every attribute that an identity tells, as this covenant has them."""
    return [covenant.index.identity.get(attribute, NOWHERE) for attribute in told(identity)]


def stands_under(covenant: Covenant, identity: m.Identity) -> tuple[str, str]:
    """The category and field of the item that tells this identity."""
    return next(iter(places(covenant, identity)), NOWHERE)


def well_placed(covenant: Covenant, item: m.Item) -> bool:
    """Whether an item that tells who somebody is stands where the covenant has it and says nothing else; every other item does.

    It goes beside what was released, weighed and asked for; words in it would be none of that (articles 11.1, 11.2).
    """
    if item.identity is None:
        return True
    return not item.value and stands_under(covenant, item.identity) == (item.category, item.field)


def disclosed_fields(covenant: Covenant, item: m.Item) -> str:
    """The field code of an item; of an identity that of every attribute it tells, joined by ``+``."""
    if item.identity is None:
        return item.field
    return "+".join(field for _, field in places(covenant, item.identity))


def leading(covenants: Iterable[Covenant]) -> frozenset[tuple[str, str]]:
    """As which category and field somebody is made known: of the first attribute that each of these generations names."""
    every = (list(covenant.index.identity.values()) for covenant in covenants)
    return frozenset(named[0] for named in every if named)


def tells_who(known: Collection[tuple[str, str]], category: str, field: str) -> bool:
    """Whether what was recorded under this category and field told who somebody is; only then it is several fields."""
    return "+" in field or (category, field) in known


def identity_for(
    covenants: Iterable[Covenant],
    sender: str,
    recipient: str,
    kind: Kind,
    purpose: str,
    identity: m.Identity,
    decision: m.WpgDecision | None = None,
) -> m.Identity:
    """As much of an identity as the recipient may have for this purpose (article 11.1), and as the Wpg decision names.

    The attribute that makes known always goes along, and the gates say whether it may: where it may not, nobody is made known by
    the rest. Of several generations each must allow what goes.
    """
    for covenant in covenants:
        identity = _limited(covenant, sender, recipient, kind, purpose, identity, decision)
    return identity


def _limited(
    covenant: Covenant,
    sender: str,
    recipient: str,
    kind: Kind,
    purpose: str,
    identity: m.Identity,
    decision: m.WpgDecision | None,
) -> m.Identity:
    named, tells = covenant.index.identity, told(identity)
    first = next((attribute for attribute in named if attribute in tells), None)

    def goes(attribute: str) -> bool:
        if attribute == first or attribute not in named:
            return attribute == first
        category, field = named[attribute]
        fields = covenant.index.allowed_fields(purpose, category, recipient, sender, kind.value)
        decided = decision is None or (
            category in decision.categories and (decision.fields is None or field in decision.fields)
        )
        return field in fields and decided

    going = {attribute for attribute in tells if goes(attribute)}
    if going == tells.keys():
        return identity
    name, address = "name" in going, "address" in going
    return m.Identity(
        given_names=identity.given_names if name else "",
        prefix=identity.prefix if name else "",
        family_name=identity.family_name if name else "",
        birth_date=identity.birth_date if "birth_date" in going else None,
        postcode=identity.postcode if address else "",
        house_number=identity.house_number if address else "",
    )
