"""Sentences in the reader's language: Dutch first, English as written in the source.

The English sentence is the key (gettext); ``locale/nl/LC_MESSAGES/exchange.po`` holds the Dutch one, and the compiled ``.mo``
beside it is what runs. ``tools/catalog.py`` collects new sentences, and a test fails while one has no translation.

An error carries its template, so the edge translates it last: ``error.localised(tr("nl"))``. Elsewhere write
``_ = tr(language)`` and ``_("a literal sentence")``; a sentence that is chosen in one place and shown in another is marked
with :func:`N_` where it is chosen.
"""

from __future__ import annotations

import gettext
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from exchange.errors import N_ as N_  # noqa: PLC0414 - one name for all rooms, also for those below the languages

DOMAIN: Final = "exchange"
LOCALES: Final = Path(__file__).parent / "locale"
DEFAULT: Final = "nl"
LANGUAGES: Final = ("nl", "en")

Translate = Callable[[str], str]


@lru_cache(maxsize=len(LANGUAGES))
def _catalog(language: str) -> gettext.NullTranslations:
    if language == "en":
        return gettext.NullTranslations()
    return gettext.translation(DOMAIN, LOCALES, languages=[language])


def tr(language: str = DEFAULT) -> Translate:
    """The translating function for ``language`` (``nl``, ``en``, also ``nl-NL``); an unknown one gets the default."""
    return _catalog(_known(language) or DEFAULT).gettext


def _known(tag: str) -> str | None:
    """The language of a tag such as ``nl_NL.UTF-8`` or ``en-GB``, if we speak it."""
    primary = tag.strip().lower().replace("_", "-").split(".")[0].split("-")[0]
    return primary if primary in LANGUAGES else None


def from_environment(env: Mapping[str, str]) -> str:
    """The language of a terminal: the first of the gettext variables that names one we speak; Dutch when none does."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        for tag in env.get(name, "").split(":"):
            if known := _known(tag):
                return known
    return DEFAULT


def from_header(accept_language: str | None) -> str:
    """The language of an HTTP request (RFC 9110 §12.5.4): highest quality we speak; Dutch when none or malformed."""
    best, language = 0.0, DEFAULT
    for choice in (accept_language or "")[:1000].split(","):
        tag, _, parameter = choice.partition(";")
        quality = _quality(parameter)
        known = _known(tag)
        if known and quality > best:
            best, language = quality, known
    return language


def _quality(parameter: str) -> float:
    """The ``q`` of one choice; 1 when absent, 0 when it cannot be read."""
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        quality = float(value) if name.strip().lower() == "q" else 0.0
    except ValueError:
        return 0.0
    return quality if 0.0 <= quality <= 1.0 else 0.0
