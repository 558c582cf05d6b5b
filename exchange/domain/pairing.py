"""The numbering of messages between two partners: what came, what is missing, what waits for a receipt.

A sender numbers its messages to one recipient 1, 2, 3 …; the number stands in the signed header. The recipient folds what it
accepted into a :class:`PairIn` and asks again for holes; the sender folds what it stamped into a :class:`PairOut` and resends
until the receipt. Both states are small whatever the number of messages: runs of numbers, not the numbers.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from exchange.errors import IntegrityError, WireError

MAX_SEQUENCE: Final = 2**31 - 1
"""The largest pair sequence (CloudEvents NL GOV, ``sequencetype`` Integer)."""


@dataclass(frozen=True, slots=True)
class Runs:
    """A set of positive numbers, kept as sorted runs ``(first, last)`` that neither overlap nor touch."""

    runs: tuple[tuple[int, int], ...] = ()

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self.runs, (number, MAX_SEQUENCE)) - 1
        return at >= 0 and self.runs[at][0] <= number <= self.runs[at][1]

    def __iter__(self) -> Iterator[int]:
        for first, last in self.runs:
            yield from range(first, last + 1)

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.runs)

    def __bool__(self) -> bool:
        return bool(self.runs)

    def with_run(self, first: int, last: int) -> Runs:
        """These numbers and ``first`` to ``last``; nothing when ``last < first``."""
        if last < first:
            return self
        low = bisect_left(self.runs, first - 1, key=_last)
        high = bisect_right(self.runs, last + 1, key=_first)
        if low < high:
            first = min(first, self.runs[low][0])
            last = max(last, self.runs[high - 1][1])
        return Runs((*self.runs[:low], (first, last), *self.runs[high:]))

    def without(self, number: int) -> Runs:
        """These numbers but ``number``."""
        at = bisect_right(self.runs, (number, MAX_SEQUENCE)) - 1
        if at < 0 or not self.runs[at][0] <= number <= self.runs[at][1]:
            return self
        first, last = self.runs[at]
        rest = [(a, b) for a, b in ((first, number - 1), (number + 1, last)) if a <= b]
        return Runs((*self.runs[:at], *rest, *self.runs[at + 1 :]))


def _first(run: tuple[int, int]) -> int:
    return run[0]


def _last(run: tuple[int, int]) -> int:
    return run[1]


class Arrival(Enum):
    """What an incoming number means."""

    ACCEPT = "accept"
    """New: the next one, or one that fills a hole."""
    DUPLICATE = "duplicate"
    """The same message again: answer with the same receipt."""
    EQUIVOCATION = "equivocation"
    """Another message under a number already taken: keep both as evidence."""
    GAP = "gap"
    """New, but numbers before it are missing: accept, record the gap, ask again."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome of :meth:`PairIn.decide`; ``missing`` is the run to ask for when there is a gap."""

    arrival: Arrival
    missing: tuple[int, int] | None = None

    @property
    def accepted(self) -> bool:
        """Whether the message is new and to be stored."""
        return self.arrival in {Arrival.ACCEPT, Arrival.GAP}


@dataclass(frozen=True, slots=True)
class PairIn:
    """What was received from one partner.

    Attributes:
        highest: The highest number seen or announced; 0 before the first.
        holes: Numbers up to ``highest`` that never came.
    """

    highest: int = 0
    holes: Runs = field(default_factory=Runs)

    @property
    def through(self) -> int:
        """Everything up to and including this number has come."""
        return self.holes.runs[0][0] - 1 if self.holes else self.highest

    def seen(self, sequence: int) -> bool:
        """Whether this number was accepted before."""
        return 0 < sequence <= self.highest and sequence not in self.holes

    def decide(self, sequence: int, message_id: str, known_id: str | None) -> Decision:
        """What to do with ``message_id`` under ``sequence``.

        Args:
            sequence: The number in the signed header.
            message_id: The id of the message that came.
            known_id: The id stored under that number; looked up by the caller when :meth:`seen` says so.

        Raises:
            WireError: ``sequence-invalid``: outside 1 … 2^31-1.
            IntegrityError: The number was seen, but nothing is stored under it.
        """
        _check(sequence)
        if self.seen(sequence):
            if known_id is None:
                raise IntegrityError(
                    "Pair sequence {sequence} was received, but its message is not on record.", sequence=sequence
                )
            return Decision(Arrival.DUPLICATE if known_id == message_id else Arrival.EQUIVOCATION)
        if sequence > self.highest + 1:
            return Decision(Arrival.GAP, (self.highest + 1, sequence - 1))
        return Decision(Arrival.ACCEPT)

    def accepted(self, sequence: int) -> PairIn:
        """The state after the message (or the void) with this number was stored."""
        _check(sequence)
        if sequence <= self.highest:
            return PairIn(self.highest, self.holes.without(sequence))
        return PairIn(sequence, self.holes.with_run(self.highest + 1, sequence - 1))

    def announced(self, last_sent: int) -> tuple[PairIn, tuple[int, int] | None]:
        """The state after a heartbeat said "last sent to you", and the run that turns out to be missing at the end."""
        if last_sent != 0:
            _check(last_sent)
        if last_sent <= self.highest:
            return self, None
        missing = (self.highest + 1, last_sent)
        return PairIn(last_sent, self.holes.with_run(*missing)), missing


@dataclass(frozen=True, slots=True)
class PairOut:
    """What was stamped for one partner.

    Attributes:
        last: The last number given out; 0 before the first.
        waiting: Numbers without a receipt.
    """

    last: int = 0
    waiting: Runs = field(default_factory=Runs)

    @property
    def next(self) -> int:
        """The number the next message gets.

        Raises:
            IntegrityError: All numbers are used up.
        """
        if self.last >= MAX_SEQUENCE:
            raise IntegrityError(
                "The numbering of messages to this partner is used up; a new covenant generation is needed."
            )
        return self.last + 1

    def stamped(self, sequence: int) -> PairOut:
        """The state after a message got ``sequence``.

        Raises:
            IntegrityError: The number does not follow the last one.
        """
        if sequence != self.next:
            raise IntegrityError(
                "Pair sequence {found} was stamped where {expected} was due.", found=sequence, expected=self.next
            )
        return PairOut(sequence, self.waiting.with_run(sequence, sequence))

    def settled(self, sequence: int) -> PairOut:
        """The state after the receipt for ``sequence`` came; again is the same as once."""
        return PairOut(self.last, self.waiting.without(sequence))

    def knows(self, sequence: int) -> bool:
        """Whether this number was ever given out; a receipt for another is refused."""
        return 0 < sequence <= self.last

    def lost(self, last_accepted: int) -> Runs:
        """What waits above the partner's "last accepted from you": to be sent again now."""
        return Runs(tuple((max(a, last_accepted + 1), b) for a, b in self.waiting.runs if b > last_accepted))


def _check(sequence: int) -> None:
    if not 0 < sequence <= MAX_SEQUENCE:
        raise WireError("sequence-invalid", "The pair sequence is outside 1 to 2147483647.")
