"""Who somebody is, and whether two descriptions mean the same person.

A person is found by any two of name, birth date and address. Spelling must not hide anybody: accents, capitals, ``ij`` and
``y``, and "van der" written before, after or not at all make no difference. What is only nearly the same is offered to a person,
who decides; the exchange never joins two people by itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from functools import cached_property
from typing import Annotated, Final, NamedTuple, Self
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from exchange.errors import ConflictError


class Match(Enum):
    """How well a description fits somebody."""

    EXACT = "EXACT"
    """Two things agree, and nothing that weighs against it is known."""
    NEAR = "NEAR"
    """For a person to decide."""
    NONE = "NONE"


class _Same(Enum):
    """How one attribute of two people compares."""

    SAME = 2
    NEAR = 1
    DIFFERENT = 0
    UNKNOWN = -1


class Key(NamedTuple):
    """A description, normalised once so that a register can be searched quickly."""

    given: tuple[str, ...]
    family: tuple[str, ...]
    birth_date: date | None
    postcode: str
    number: str
    suffix: str


Mark = date | tuple[str, ...] | str


def _empty_is_none(value: object) -> object:
    return value or None


class Identity(BaseModel):
    """Who a person is. Stands only inside encrypted parts and in the sealed register."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    given_names: Annotated[str, Field(max_length=120)] = ""
    prefix: Annotated[str, Field(max_length=40)] = ""
    """Dutch prefix: "van der"."""
    family_name: Annotated[str, Field(max_length=120)] = ""
    birth_date: Annotated[date | None, BeforeValidator(_empty_is_none)] = None
    postcode: Annotated[str, Field(max_length=8)] = ""
    house_number: Annotated[str, Field(max_length=12)] = ""
    """Number with suffix: ``12``, ``12a``, ``12-2``."""

    def __copy__(self) -> Self:
        copied = super().__copy__()
        copied.__dict__.pop("key", None)  # model_copy may change what the key was made from
        return copied

    @cached_property
    def key(self) -> Key:
        """The normalised form."""
        number, suffix = _house(self.house_number)
        return Key(
            tuple(words(self.given_names)),
            _family(self.prefix, self.family_name),
            self.birth_date,
            "".join(words(self.postcode)),
            number,
            suffix,
        )

    @property
    def marks(self) -> tuple[Mark, ...]:
        """Birth date, family name and address, as far as known: two people who share none of them never :func:`match`.

        What a register is indexed by, so that a search need not look at everybody.
        """
        key = self.key
        address = f"{key.postcode} {key.number}" if key.number else None
        return tuple(mark for mark in (key.birth_date, key.family, address) if mark)

    @property
    def attributes(self) -> int:
        """How many of name, birth date and address are known; fewer than two find nobody."""
        key = self.key
        return bool(key.family) + (key.birth_date is not None) + bool(key.postcode and key.number)


_PREFIXES: Final = (
    "aan bij d da dal de del den der des di do dos du el het in la las le les los of onder op over s t te ten ter toe tot"
    " uijt uit uyt van vande vanden vander ver vom von voor zu zum zur"
)
PREFIXES: Final = frozenset(_PREFIXES.split())
"""Words that may stand before a Dutch family name (after table 36 of the BRP); "uijt" reads as "uyt" after normalising."""

_LETTERS: Final = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th", "\u0131": "i", "ŋ": "n"}
)
_APOSTROPHES: Final = re.compile("['\u2019\u2018`\u00b4\u02bc]")
_NO_LETTER: Final = re.compile("[^a-z0-9]+")
_HOUSE: Final = re.compile(r"([0-9]+)(.*)", re.ASCII)


def words(text: str) -> list[str]:
    """The words of a name, without accents, capitals, punctuation or the difference between ``ij`` and ``y``."""
    if text.isascii():  # nearly every name; the same answer in a fraction of the time
        return _NO_LETTER.sub(" ", text.lower()).replace("ij", "y").split()
    folded = unicodedata.normalize("NFKD", _APOSTROPHES.sub(" ", text)).casefold().translate(_LETTERS)
    # NFKD again: casefold can bring combining marks back (U+0130).
    kept = (c for c in unicodedata.normalize("NFKD", folded) if unicodedata.category(c) not in {"Mn", "Me", "Cf"})
    spaced = "".join(c if c.isalnum() else " " for c in kept)
    return spaced.replace("ij", "y").split()


def _family(prefix: str, family_name: str) -> tuple[str, ...]:
    """The family name without its prefixes; a name that is nothing but prefixes stays whole."""
    whole = [*words(prefix), *words(family_name)]
    start = 0
    while start < len(whole) - 1 and whole[start] in PREFIXES:
        start += 1
    end = len(whole)
    while end > start + 1 and whole[end - 1] in PREFIXES:  # "Dijk, van"
        end -= 1
    return tuple(whole[start:end])


def _house(text: str) -> tuple[str, str]:
    plain = "".join(words(text))
    match = _HOUSE.fullmatch(plain)
    return (match[1].lstrip("0") or "0", match[2]) if match else ("", plain)


def match(query: Identity, candidate: Identity) -> Match:
    """Whether ``candidate`` may be whom ``query`` describes. The order of the two makes no difference."""
    a, b = query.key, candidate.key
    if not _something_agrees(a, b):
        return Match.NONE
    born, lives, named = _births(a, b), _addresses(a, b), _names(a, b)
    marks = (named, born, lives)
    same = marks.count(_Same.SAME)
    if same == 0 or same + marks.count(_Same.NEAR) < 2:  # noqa: PLR2004 - any two of three
        return Match.NONE
    if named is _Same.SAME and born is _Same.SAME:
        return Match.EXACT  # people move house
    unsure = same < 2 or _Same.DIFFERENT in marks or _Same.NEAR in marks  # noqa: PLR2004 - twins; father and son
    return Match.NEAR if unsure else Match.EXACT


def _something_agrees(a: Key, b: Key) -> bool:
    """Whether anything can be the same at all; turns nearly everybody in a register away cheaply."""
    return (
        (a.birth_date is not None and a.birth_date == b.birth_date)
        or (a.family != () and a.family == b.family)
        or (a.number != "" and a.number == b.number and a.postcode == b.postcode)
    )


def _births(a: Key, b: Key) -> _Same:
    if a.birth_date is None or b.birth_date is None:
        return _Same.UNKNOWN
    if a.birth_date == b.birth_date:
        return _Same.SAME
    swapped = (a.birth_date.year, a.birth_date.day, a.birth_date.month)
    if swapped == (b.birth_date.year, b.birth_date.month, b.birth_date.day):
        return _Same.NEAR
    return (
        _Same.NEAR if _within(a.birth_date.strftime("%Y%m%d"), b.birth_date.strftime("%Y%m%d"), 1) else _Same.DIFFERENT
    )


def _addresses(a: Key, b: Key) -> _Same:
    if not (a.postcode and a.number and b.postcode and b.number):
        return _Same.UNKNOWN
    if a.number == b.number and a.postcode == b.postcode:
        return _Same.SAME if a.suffix == b.suffix else _Same.NEAR
    near_postcode = a.number == b.number and _within(a.postcode, b.postcode, 1)
    return _Same.NEAR if near_postcode else _Same.DIFFERENT


def _names(a: Key, b: Key) -> _Same:
    if not a.family or not b.family:
        return _Same.UNKNOWN
    given = _given(a.given, b.given)
    if a.family == b.family:
        return given
    if a.given and b.given and a.given == b.family and a.family == b.given:
        return _Same.NEAR  # given and family name changed places
    joined, other = "".join(a.family), "".join(b.family)
    married = set(a.family) < set(b.family) or set(b.family) < set(a.family)  # "Jansen" and "Jansen-de Vries"
    near = married or joined == other or _within(joined, other, _slips(joined, other))
    return _Same.NEAR if near and given is not _Same.DIFFERENT else _Same.DIFFERENT


def _given(a: tuple[str, ...], b: tuple[str, ...]) -> _Same:
    """Given names: one side unknown counts as the same, an initial or a slip of the pen as near."""
    if not a or not b or a[0] == b[0] or "".join(a) == "".join(b):
        return _Same.SAME
    if a[0][0] == b[0][0] and min(len(a[0]), len(b[0])) == 1:
        return _Same.NEAR
    return _Same.NEAR if _within(a[0], b[0], _slips(a[0], b[0])) else _Same.DIFFERENT


_SHORT: Final = 4
_LONG: Final = 8


def _slips(a: str, b: str) -> int:
    """How many slips of the pen two words may differ in: none when short, two when long."""
    shortest = min(len(a), len(b))
    return 0 if shortest < _SHORT else 1 if shortest < _LONG else 2


def _within(a: str, b: str, slips: int) -> bool:
    """Whether ``a`` becomes ``b`` by at most ``slips`` insertions, removals, changes or swaps of neighbours."""
    if slips == 0 or abs(len(a) - len(b)) > slips:
        return a == b
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, char in enumerate(a, 1):
        earlier, before, row = before, row, [i]
        for j, other in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (char != other))
            if i > 1 and j > 1 and char == b[j - 2] and a[i - 2] == other:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
        if min(row) > slips:
            return False
    return row[-1] <= slips


@dataclass(frozen=True)
class Links:
    """Which register entries a person decided to be the same: entry -> the entry it was matched into."""

    into: Mapping[UUID, UUID] = field(default_factory=dict)

    def resolve(self, handle: UUID) -> UUID:
        """The entry that stands for ``handle``; itself when nothing was decided."""
        while handle in self.into:
            handle = self.into[handle]
        return handle

    def decide_match(self, entry: UUID, into: UUID) -> UUID:
        """The entry to link to, when a person says that ``entry`` is the same person as ``into``.

        Raises:
            ConflictError: They are the same already, or ``entry`` was matched before.
        """
        if entry in self.into:
            raise ConflictError("This register entry was matched before; split it first.")
        target = self.resolve(into)
        if target == entry:
            raise ConflictError("These two register entries are the same person already.")
        return target

    def decide_split(self, entry: UUID) -> None:
        """Whether there is a match to undo.

        Raises:
            ConflictError: ``entry`` is not matched.
        """
        if entry not in self.into:
            raise ConflictError("This register entry is not matched, so there is nothing to split.")

    def matched(self, entry: UUID, into: UUID) -> Links:
        """The state after a match."""
        return Links({**self.into, entry: into})

    def split(self, entry: UUID) -> Links:
        """The state after a split."""
        return Links({e: t for e, t in self.into.items() if e != entry})
