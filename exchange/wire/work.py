"""Which messages carry one typed part, and which: everything about the work that is neither signal nor disclosure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from exchange.wire.corrections import Processed, Recalled, Restricted
from exchange.wire.messages import Kind, Reply, Work

WORK: Final[Mapping[Kind, type[Work]]] = {
    Kind.TAKEN_UP: Reply,
    Kind.HANDLED: Reply,
    Kind.RECALLED: Recalled,
    Kind.RESTRICTED: Restricted,
    Kind.PROCESSED: Processed,
}
"""Kind -> the model of its only part. A kind that is neither here nor content is not known to this release."""
