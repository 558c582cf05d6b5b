"""By what the covenant lets a person be made known: name, birth date and address, each with its own category and field."""

from __future__ import annotations

from exchange.domain.notation import Code, FieldCode, Model


class Attribute(Model):
    """The category and the field under which one thing that tells who somebody is, is judged, kept and recorded."""

    category: Code
    field: FieldCode


class KnownBy(Model):
    """How a person is made known to a partner (article 11.1). What is not named here, no partner is ever told."""

    name: Attribute | None = None
    birth_date: Attribute | None = None
    address: Attribute | None = None
    """Postcode and house number."""
