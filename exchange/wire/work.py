"""Which messages carry one typed part, and which: everything about the work that is neither signal nor disclosure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from exchange.wire import casework
from exchange.wire.areas import AreaPicture, AreaSignal
from exchange.wire.conference import ChairDecided, Conference, Offered, Outcome
from exchange.wire.corrections import Processed, Recalled, Restricted
from exchange.wire.messages import Kind, Reply, Work

WORK: Final[Mapping[Kind, type[Work]]] = {
    Kind.TAKEN_UP: Reply,
    Kind.HANDLED: Reply,
    Kind.AREA_SIGNAL: AreaSignal,
    Kind.AREA_PICTURE: AreaPicture,
    Kind.CONFERENCE: Conference,
    Kind.OFFERED: Offered,
    Kind.CHAIR_DECIDED: ChairDecided,
    Kind.OUTCOME: Outcome,
    Kind.CASE: casework.Case,
    Kind.RECALLED: Recalled,
    Kind.RESTRICTED: Restricted,
    Kind.PROCESSED: Processed,
}
"""Kind -> the model of its only part. A kind that is neither here nor content is not known to this release."""
