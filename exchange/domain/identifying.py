"""Whether a text about an area points at a person: an address with a house number, a telephone number, a birth date, a name.

What a machine can see is only part of it; the rest is asked of the person who types it. A report about an area has no field for a
person, so what is looked for here is what slips into its free text (articles 4.1 and 11.1; refused with R09).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

_PATTERNS: Final = (
    re.compile(r"\b[1-9][0-9]{3}\s?[A-Za-z]{2}\b(?:\W{0,3}[0-9]{1,5})?", re.ASCII),  # 7921 AB 12
    re.compile(
        r"\b[a-z]{2,}(?:straat|laan|weg|plein|hof|pad|steeg|kade|dijk|dreef|singel|gracht|plantsoen|erf)\b\s+[0-9]{1,5}",
        re.IGNORECASE,
    ),
    re.compile(r"(?<![0-9])(?:\+31|0031|0)(?:[- ]?[0-9]){9}(?![0-9])", re.ASCII),  # telephone
    re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]{2,}"),  # e-mail
    re.compile(
        r"\b(?:geb(?:oren|\.)?|born)\b.{0,12}[0-9]{1,2}[-/. ](?:[0-9]{1,2}|[a-z]{3,9})[-/. ](?:19|20)[0-9]{2}",
        re.IGNORECASE,
    ),
    re.compile(r"\b(?i:meneer|mevrouw|mevr\.|dhr\.|mw\.|familie|fam\.)\s+[A-Z]\w+"),
)
_WORD: Final = re.compile(r"\w[\w'-]*")
_LONG_ENOUGH: Final = 3


def points_at_somebody(text: str) -> bool:
    """Whether ``text`` holds something that evidently leads to one household or person."""
    plain = unicodedata.normalize("NFKC", text)
    return any(pattern.search(plain) for pattern in _PATTERNS)


def names_somebody(text: str, people: Iterable[tuple[str, str]]) -> bool:
    """Whether ``text`` holds given and family name of somebody known, as whole words in that order.

    Args:
        text: What was typed.
        people: (given names, family name) of everybody in the register.
    """
    words = [word.casefold() for word in _WORD.findall(unicodedata.normalize("NFKC", text))]
    after: dict[str, set[str]] = {}
    for first, second, third in zip(words, words[1:], [*words[2:], ""], strict=False):
        after.setdefault(second, set()).add(first)
        if third:
            after.setdefault(third, set()).add(first)  # Sem van Verzinsel
    for given, family in people:
        names, last = given.casefold().split(), family.casefold().split()
        if names and last and len(last[-1]) >= _LONG_ENOUGH and names[0] in after.get(last[-1], ()):
            return True
    return False
