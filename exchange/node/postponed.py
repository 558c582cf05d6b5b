"""How many frames of one sender may lie with the broker because of something that may pass by itself.

The broker hands out only so many frames that are not settled; whoever dates his into the future, or sends kinds of messages of a
release that nobody has, would in the end keep everybody else from being read. Beyond the bound a frame is parked like any that
cannot be taken now: its sender is told, and an operator may ask for it again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

MOST: Final = 200
"""Frames of one sender. The broker holds 2048 unsettled ones for a node (``transport/broker.py``)."""
FORGOTTEN: Final = timedelta(minutes=15)
"""A frame that was left with the broker comes again every five minutes; one that does not is there no more."""
NOT_THE_SENDERS: Final = frozenset({"vault-locked", "storage"})
"""Codes that tell of this node, and count against nobody."""


class Postponed:
    """Remembers which frames of each sender wait. After a start it begins anew, as the frames come again."""

    def __init__(self) -> None:
        self._waiting: dict[str, dict[str, datetime]] = {}
        """Sender -> frame -> when it was last left with the broker."""

    def room(self, sender: str, frame: str, code: str, now: datetime) -> bool:
        """Whether this frame may be left with the broker; it is counted when it may."""
        if code in NOT_THE_SENDERS:
            return True
        waiting = self._waiting.setdefault(sender, {})
        if frame not in waiting and len(waiting) >= MOST:
            waiting = {one: at for one, at in waiting.items() if abs(now - at) < FORGOTTEN}
            self._waiting[sender] = waiting
            if len(waiting) >= MOST:
                return False
        waiting[frame] = now
        return True

    def settled(self, sender: str, frame: str) -> None:
        """This one waits no longer."""
        self._waiting.get(sender, {}).pop(frame, None)
