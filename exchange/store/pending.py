"""Which keys of a vault file still wait for their event, in groups that share one batch of the log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

Group = tuple[bytes, set[bytes]]
"""A batch tag, and the ids of the keys that wait for it."""


class Pending:
    """The groups of one file, as its table ``pending`` has them. Changed only after the table's transaction committed."""

    def __init__(self, groups: Mapping[int, Group] | None = None) -> None:
        self._groups: dict[int, Group] = {}
        self._group_of: dict[bytes, int] = {}
        self.add(groups or {})

    def plan(self, keys: Iterable[tuple[bytes, bytes]]) -> dict[int, Group]:
        """New groups, numbered, for ``keys``: (id, tag)."""
        by_tag: dict[bytes, set[bytes]] = {}
        for key_id, tag in keys:
            by_tag.setdefault(tag, set()).add(key_id)
        return dict(enumerate(by_tag.items(), max(self._groups, default=0) + 1))

    def add(self, groups: Mapping[int, Group]) -> None:
        """Take stored groups in."""
        self._groups |= groups
        self._group_of |= {key_id: number for number, (_, ids) in groups.items() for key_id in ids}

    def finished_by(self, ids: Iterable[bytes]) -> list[int]:
        """The groups that have no waiting key left once ``ids`` are confirmed; only these have to be written."""
        counts = Counter(self._group_of[key_id] for key_id in set(ids) if key_id in self._group_of)
        return [number for number, count in counts.items() if count == len(self._groups[number][1])]

    def confirm(self, ids: Iterable[bytes], finished: Sequence[int]) -> None:
        """``ids`` wait no longer; the ``finished`` groups are gone from the table."""
        for key_id in ids:
            number = self._group_of.pop(key_id, None)
            if number is not None:
                self._groups[number][1].discard(key_id)
        for number in finished:
            del self._groups[number]

    def newest_of(self, numbers: Iterable[int]) -> bytes:
        """The highest tag of these groups, which is that of the latest batch; empty when there is none."""
        return max((self._groups[number][0] for number in numbers), default=b"")

    def keys(self) -> list[tuple[bytes, bytes]]:
        """Every waiting key with its tag."""
        return sorted((key_id, tag) for tag, ids in self._groups.values() for key_id in ids)
