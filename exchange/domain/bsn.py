"""Finding citizen service numbers (BSN) in free text. The number may be processed by almost nobody here (UAVG 46, Wabb 10).

Nine digits that pass the 11-proof are refused, however they are written: with spaces, dots, dashes, invisible characters, or
the digits of another script. Eight digits are a Chamber of Commerce number as often as an old BSN, and one in eleven passes by
chance: they are refused only beside a word for the number, and asked about otherwise. What is evidently a date, a telephone
number, an amount or a bank account is asked about (nine digits) or left alone (eight).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from enum import IntEnum
from operator import mul
from typing import Final


class BsnFinding(IntEnum):
    """What a text holds; the greater, the worse."""

    NONE = 0
    ASK = 1
    """A number that could be a BSN: a person confirms that it is not, or removes it."""
    CERTAIN = 2
    """To be refused."""


_WEIGHTS: Final = (9, 8, 7, 6, 5, 4, 3, 2, -1)
_ZEROS: Final = sum(_WEIGHTS) * ord("0")
_LENGTH: Final = 9
_SHORT: Final = 8
_NEARBY: Final = 32
"""How far from a number, in characters, a word for it still counts."""

_CHAIN: Final = re.compile(r"[0-9](?:[\W_]*[0-9]){7,}", re.ASCII)
"""Digits with anything between them but a letter, however much of it."""
_GROUP: Final = re.compile(r"[0-9]+", re.ASCII)
_WORDS: Final = re.compile(r"\b(?:bsn|b\.s\.n|sofi|burger\W{0,2}service|sociaal\W{0,2}fiscaal)", re.IGNORECASE)
_SHIELDS: Final = (
    re.compile(r"\b[0-3]?[0-9][-/. ][01]?[0-9][-/. ](?:19|20)[0-9]{2}\b", re.ASCII),  # 02-03-2026
    re.compile(r"\b(?:19|20)[0-9]{2}[-/.][01]?[0-9][-/.][0-3]?[0-9]\b", re.ASCII),  # 2026-03-02
    re.compile(r"(?<![0-9])(?:\+|00)31[- ]?(?:\(0\))?[- ]?6[- ]?[0-9](?:[- ]?[0-9]){7}(?![0-9])", re.ASCII),  # +31 6 …
    re.compile(r"(?<![0-9])0(?:[- ]?[0-9]){9}(?![0-9])", re.ASCII),  # 0528 123456
    re.compile(r"(?:€|EUR)\s?[0-9]{1,3}(?:\.[0-9]{3})*(?:,[0-9]{2})?(?![0-9])"),  # € 1.234.567,89
    re.compile(r"\b[A-Z]{2}[0-9]{2} ?[A-Z]{4}(?: ?[0-9]{2,4}){3}\b", re.ASCII),  # an IBAN
)


def passes_eleven_proof(digits: str) -> bool:
    """Whether eight or nine ASCII digits are a possible BSN (eight: with the leading zero left out)."""
    if len(digits) not in {_SHORT, _LENGTH}:
        return False
    padded = digits.zfill(_LENGTH).encode()
    # The digits are taken as their ASCII codes; _ZEROS takes the 48 of every "0" off again.
    return (sum(map(mul, _WEIGHTS, padded)) - _ZEROS) % 11 == 0 and padded != b"000000000"


def scan(text: str) -> BsnFinding:
    """The worst thing in ``text``. Linear in its length."""
    plain = text if text.isascii() else _plain(text)
    worst = BsnFinding.NONE
    shielded: bytearray | None = None
    for chain in _CHAIN.finditer(plain):
        for start, end, digits in _candidates(plain, chain.start(), chain.end()):
            if not passes_eleven_proof(digits):
                continue
            if _named(plain, start, end):
                return BsnFinding.CERTAIN
            shielded = _shield(plain) if shielded is None else shielded
            worst = max(worst, _weigh(digits, evidently_other=any(shielded[start:end])))
            if worst is BsnFinding.CERTAIN:
                return worst
    return worst


def _plain(text: str) -> str:
    """Every digit as an ASCII digit; invisible and combining characters gone."""
    return unicodedata.normalize("NFKC", text).translate(_FOLD)


class _Fold(dict[int, str]):
    """What each character counts as; found out once per character, so that scanning stays quick."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        digit = unicodedata.digit(char, None)
        if digit is not None:
            folded = str(digit)
        elif char.isascii():
            folded = char
        elif (category := unicodedata.category(char)) in {"Cf", "Mn", "Me"}:
            folded = ""
        elif category == "Pd":
            folded = "-"
        else:
            # [\W_] is read as ASCII, so a letter with an accent would pass for a separator; an "x" ends the chain as it should.
            folded = "x" if char.isalpha() else char
        if len(self) < _FOLD_LIMIT:
            self[code] = folded
        return folded


_FOLD_LIMIT: Final = 4096
_FOLD: Final = _Fold()


def _shield(text: str) -> bytearray:
    """One byte per character: 1 where a date, telephone number, amount or bank account stands."""
    shielded = bytearray(len(text))
    for pattern in _SHIELDS:
        for match in pattern.finditer(text):
            start, end = match.span()
            shielded[start:end] = b"\x01" * (end - start)
    return shielded


def _candidates(text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    """Runs of whole digit groups that hold eight or nine digits together; inside longer groups when a word names the number."""
    groups = [(m.start(), m.end()) for m in _GROUP.finditer(text, start, end)]
    for first, (group_start, group_end) in enumerate(groups):
        digits = text[group_start:group_end]
        if len(digits) > _LENGTH and _named(text, group_start, group_end):
            for offset in range(len(digits) - _LENGTH + 1):
                yield group_start, group_end, digits[offset : offset + _LENGTH]
        following = first + 1
        while len(digits) <= _LENGTH:
            if len(digits) >= _SHORT:
                yield group_start, groups[following - 1][1], digits
            if following == len(groups):
                break
            digits += text[slice(*groups[following])]
            following += 1


def _weigh(digits: str, *, evidently_other: bool) -> BsnFinding:
    """What a number that passes, and that no word names, amounts to."""
    if len(digits) == _LENGTH:
        return BsnFinding.ASK if evidently_other else BsnFinding.CERTAIN
    return BsnFinding.NONE if evidently_other else BsnFinding.ASK


def _named(text: str, start: int, end: int) -> bool:
    """Whether a word for the number stands just before or after it."""
    return _WORDS.search(text, max(0, start - _NEARBY), min(len(text), end + _NEARBY)) is not None
