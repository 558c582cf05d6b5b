"""Codes of the own organisation's form, before the covenant judges them: a slip of the pen is no breach of the covenant.

A category or field that the covenant does not have is named to whoever filled in the form, with the codes it does have. Only the
sending side does this: a partner's message with such a code is refused by the gates like anything else no rule speaks of (R17).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from exchange.domain.covenant import Covenant
from exchange.errors import N_, Detail, InputError
from exchange.node import forms as f

_CODE: Final = re.compile(r"[A-Za-z][A-Za-z_.:-]*[0-9]{0,3}[A-Za-z_.:-]*")
"""What may be repeated: it looks like a code. A number that was typed in the wrong place is never shown."""


class UnknownCodesError(InputError):
    """The form names categories or fields that the covenant does not have; ``details`` names each, and what there is.

    ``refusals``: what the covenant says against the rest of the form, so that nobody mends a code to hear of the next reason.
    """

    def __init__(self, details: Sequence[Detail], refusals: Sequence[f.RefusalAnswer] = ()) -> None:
        super().__init__(
            "The form has a code that is not in the covenant; nothing was stored."
            if len(details) == 1
            else "The form has {count} codes that are not in the covenant; nothing was stored.",
            count=len(details),
        )
        self.details = tuple(details)
        self.refusals = list(refusals)


def unknown_codes(covenant: Covenant, items: Sequence[f.ItemForm]) -> dict[int, list[Detail]]:
    """Items whose category or field the covenant does not have, by their place."""
    found = {number: list(_unknown(covenant, number, item)) for number, item in enumerate(items)}
    return {number: details for number, details in found.items() if details}


def _unknown(covenant: Covenant, number: int, item: f.ItemForm) -> Iterator[Detail]:
    categories = covenant.index.categories
    category = categories.get(item.category)
    if category is None:
        yield unknown_code(
            f"body.items.{number}.category", "unknown-category", item.category, categories, _CATEGORY, _MEANT_CATEGORY
        )
    elif item.field not in category.fields and category.fields:
        yield unknown_code(
            f"body.items.{number}.field", "unknown-field", item.field, category.fields, _FIELD, _MEANT_FIELD
        )


_CATEGORY: Final = N_("The covenant has no category “{code}”. Known are: {known}.")
_MEANT_CATEGORY: Final = N_("The covenant has no category “{code}”. Did you mean {meant}? Known are: {known}.")
_FIELD: Final = N_("This category has no field “{code}”. Known are: {known}.")
_MEANT_FIELD: Final = N_("This category has no field “{code}”. Did you mean {meant}? Known are: {known}.")


def unknown_code(
    location: str, kind: str, code: str, known: Iterable[str], plain: str, guess: str, **more: str
) -> Detail:
    """What is unknown at ``location``, and what was perhaps meant; ``more`` fills what else the sentence says."""
    names = list(known)
    folded = {name.casefold(): name for name in names}
    meant = [folded[name] for name in difflib.get_close_matches(code.casefold(), folded, n=1)]
    shown = code if _CODE.fullmatch(code) else "…"
    params = {"code": shown, "known": ", ".join(names), "meant": "".join(meant), **more}
    return Detail(location, kind, guess if meant else plain, params)
