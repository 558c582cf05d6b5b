"""How much of who somebody is may go along to a partner."""

from __future__ import annotations

from exchange.domain.covenant import Covenant
from exchange.node.rules import domain_kind
from exchange.wire import messages as m


def identity_for(
    covenant: Covenant,
    sender: str,
    recipient: str,
    kind: m.Kind,
    purpose: str,
    identity: m.Identity,
    decision: m.WpgDecision | None = None,
) -> m.Identity:
    """As much of an identity as the recipient may have for this purpose (article 11.1), and as the Wpg decision names."""

    def allowed(attribute: str) -> bool:
        category, field = m.IDENTITY_FIELDS[attribute]
        fields = covenant.index.allowed_fields(purpose, category, recipient, sender, domain_kind(kind).value)
        decided = decision is None or (
            category in decision.categories and (decision.fields is None or field in decision.fields)
        )
        return field in fields and decided

    return m.Identity(
        given_names=identity.given_names,
        prefix=identity.prefix,
        family_name=identity.family_name,
        birth_date=identity.birth_date if allowed("birth_date") else None,
        postcode=identity.postcode if allowed("address") else "",
        house_number=identity.house_number if allowed("address") else "",
    )
