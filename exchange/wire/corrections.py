"""What partners tell each other about items after they were exchanged. A correction itself is content: a statement and items."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from exchange.wire.messages import Reason, Text, Uid, Work

MOST_ITEMS = 200
Items = Annotated[list[Uid], Field(min_length=1, max_length=MOST_ITEMS)]
"""Item ids as they were sent to this recipient."""


class Recalled(Work):
    """Given wrongly or unlawfully (Wpg 4(4)), or to be erased (GDPR 17, 19): restrict at once, then do and answer."""

    items: Items
    action: Literal["ERASE", "RESTRICT"]
    reason: Reason


class Restricted(Work):
    """These items may only be stored, or may be used again (GDPR 18, 19)."""

    items: Items
    state: Literal["set", "lifted"]
    reason: Reason


class Processed(Work):
    """A person processed what the message in ``reply_to`` told, or refuses on a ground of the law."""

    outcome: Literal["done", "refused"]
    ground: Reason | None = None
    text: Text = ""

    def texts(self) -> list[str]:
        """What was typed."""
        return [self.text]
