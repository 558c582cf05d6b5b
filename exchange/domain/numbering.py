"""Which article of a covenant a rule of the nodes belongs to.

The rules, their refusals and the headings are written with the article numbers of the first covenant, which serve as a model:
4.1 is the purposes, 11.1 necessity, and so on. A covenant with other numbers says in its table ``numbering`` which article of its
own holds what the model has under a number; people then read its own numbers. What it has no article for is named without one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

MODEL: Final = (
    "1", "2.1", "2.2", "3.1", "4.1", "4.2", "5.1", "5.2", "6.1", "6.2", "7.1", "7.2", "8.1", "8.2", "9.1", "9.2", "10.1", "10.2",
    "11.1", "11.2", "12.1", "13.1", "14.1", "14.2", "14.3", "15.1",
)  # fmt: skip
"""The numbers that the rules are written with."""
Numbering = Mapping[str, str]
"""Number of the model -> own number. Empty: the covenant has the numbers of the model."""
_NUMBER: Final = re.compile(
    r"(?<![\d.])(\d{1,2}\.\d)(?!\d|\.\d)"
    r"|(?<=\(art\. )([18])(?=\))|(?<=\(article )([18])(?=\))"
)
"""A number of the model, or an article that is cited as a whole; the laws that are cited have no article with a dot. All at once:
the own number of one article may be the model's of another."""
_NONE: Final = "\0"
_TIDY: Final = (
    (re.compile(rf"art\. {_NONE}; "), ""),
    (re.compile(rf"(?:, |/|; ){_NONE}|{_NONE}(?:, |/|; )"), ""),
    (re.compile(rf" \((?:art\.|article|artikel) {_NONE}\)"), ""),
    (re.compile(rf"artikel {_NONE}"), "dit convenant"),
    (re.compile(rf"article {_NONE}"), "this covenant"),
    (re.compile(_NONE), "-"),
)
"""What is left of a citation when the covenant has no article for it."""


def numbering_of(document: Mapping[str, object]) -> Numbering:
    """The numbering in a covenant as the node shows it."""
    found = document.get("numbering")
    return {str(number): str(own) for number, own in found.items()} if isinstance(found, Mapping) else {}


def own_number(numbering: Numbering, number: str) -> str | None:
    """The covenant's own article for one of the model; None where it has none."""
    return numbering.get(number) if numbering else number


def own_numbers(numbering: Numbering, sentence: str) -> str:
    """The same sentence with the covenant's own article numbers."""
    if not numbering:
        return sentence

    def own(found: re.Match[str]) -> str:
        number = found[1] or found[2] or found[3]
        known = number if number in MODEL else f"{number}.1"
        return numbering.get(known, _NONE) if known in MODEL else found[0]

    return _tidy(_NUMBER.sub(own, sentence))


def own_articles(numbering: Numbering, cited: str) -> str:
    """The same for where something is written, ``3.1; 8.2``: articles of laws stay, one that the covenant lacks goes."""
    if not numbering:
        return cited
    known = {number: numbering.get(number) for number in MODEL}
    parts = (known.get(part, known.get(f"{part}.1", part)) for part in cited.split("; "))
    return "; ".join(part for part in parts if part)


def _tidy(text: str) -> str:
    for pattern, instead in _TIDY:
        text = pattern.sub(instead, text)
    return text
