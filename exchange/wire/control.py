"""The control lane: housekeeping between nodes, signed, without receipts, of which only the newest counts."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from exchange.wire.messages import CheckpointRef, Hex32, Hex64, Hex128, Moment, Reason, Sequence, UpTo, Wire


class RefusedFrame(Wire):
    """A frame the receiver could not accept; permanent refusals park, transient ones ask for another wrap."""

    frame: Hex64
    code: Reason
    permanent: bool


class Heartbeat(Wire):
    """Pairwise state, not an event: whoever misses one learns the same from the next."""

    v: Literal[1] = 1
    covenant: Hex64
    sender: Hex32
    recipient: Hex32
    time: Moment
    last_sent: UpTo
    """Newest pair sequence sent to the recipient."""
    accepted_upto: UpTo
    """All sequences of the recipient up to this one are in the log."""
    missing: Annotated[list[Sequence], Field(max_length=256)] = []
    refused: Annotated[list[RefusedFrame], Field(max_length=256)] = []
    checkpoint: CheckpointRef


class ControlKind(StrEnum):
    """Kinds of housekeeping on the control lane."""

    BUNDLE = "bundle"
    HEARTBEAT = "heartbeat"
    CHECKPOINT = "checkpoint"


class SignedControl(Wire):
    """What lies on the control lane: the exact body bytes (as text) and the sender's signature."""

    v: Literal[1] = 1
    kind: ControlKind
    body: Annotated[str, Field(max_length=400_000)]
    signature: Hex128
