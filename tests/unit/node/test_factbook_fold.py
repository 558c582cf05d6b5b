"""What may only be stored, as a fold: the same whether the text of the restriction can still be read or not."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from exchange.domain import events as e
from exchange.domain.event import LOCKED, SHREDDED
from exchange.node.factbook import Factbook

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
ONE, OTHER = UUID(int=1), UUID(int=2)


def restricted(restriction: UUID, *, item: UUID | None, subject: object) -> e.RestrictionSet:
    return e.RestrictionSet(
        originator_id=restriction, at=AT, key_id="ab" * 16, retention="r01", by=None, cause="BEZWAAR", item=item,
        subject=subject,
    )  # fmt: skip


def lifted(restriction: UUID) -> e.RestrictionLifted:
    return e.RestrictionLifted(originator_id=restriction, at=AT, by=None)


@pytest.mark.parametrize("subject", [None, SHREDDED, LOCKED])
def test_an_item_is_only_stored_until_its_last_restriction_is_lifted(subject):
    book = Factbook()
    for restriction in (ONE, OTHER):
        book.evolve(restricted(restriction, item=UUID(int=9), subject=subject))
    book.evolve(lifted(ONE))
    assert book.restricts_items
    book.evolve(lifted(OTHER))
    assert not book.restricts_items


def test_everything_about_somebody_is_no_single_item():
    book = Factbook()
    book.evolve(restricted(ONE, item=None, subject=UUID(int=5)))
    assert book.restricts([UUID(int=5)])
    assert not book.restricts_items
