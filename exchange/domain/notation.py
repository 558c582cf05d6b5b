"""How codes, names and texts are written in a covenant, and the shape of every part of it."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from exchange.domain.retention import Period
from exchange.errors import InputError

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,30}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,47}$")]
"""Purposes, contexts, categories, kinds, grounds: ``P0_ONDERSTEUNING``."""
FieldCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,47}$")]
"""Fields, tasks, retention classes: ``aard-overlast``."""
LawCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,47}$")]
"""A code of :mod:`exchange.domain.vocabulary` or a ground of the covenant itself."""
Who = Annotated[str, StringConstraints(pattern=r"^(\*|[a-z][a-z0-9-]{1,30}|[A-Z][A-Z0-9_]{0,47})$")]
"""A partner's slug, a kind of partner, or ``*``."""
Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
PartnerId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
ArticleNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,2}(\.[0-9]{1,2})?$")]
Line = Annotated[str, StringConstraints(min_length=1, max_length=400, pattern=r"^[^\x00-\x1f\x7f]+$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=4000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]+$")]


Verified = bool | None
"""Whether the source named beside it was read and says so: an article, or the decision in which the controllers established it.
What is not verified is a proposal, to be established by the controllers. Compiling writes it out; None is of older documents."""


def _period(text: str) -> str:
    try:
        Period.parse(text)
    except InputError as error:
        raise ValueError(str(error)) from None
    return text


PeriodText = Annotated[str, AfterValidator(_period)]


class Model(BaseModel):
    """Frozen, strict, and without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
