"""Codes as words: from the covenant in force, from the law's vocabulary, or else the code made readable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from exchange.domain import vocabulary
from exchange.domain.numbering import Numbering, numbering_of

_LAW: Final[Mapping[str, str]] = {
    **vocabulary.LEGAL_BASES,
    **vocabulary.SPECIAL_EXCEPTIONS,
    **vocabulary.CRIMINAL_GROUNDS,
    **vocabulary.WPG_GROUNDS,
    **vocabulary.KEEP_GROUNDS,
    **vocabulary.RECALL_REASONS,
}
_SECTIONS: Final = (
    "profiles",
    "areas",
    "categories",
    "purposes",
    "contexts",
    "grounds",
    "secrecy_regimes",
    "retention",
)
"""Where two give the same code a title, the later one's is used."""


@dataclass(frozen=True)
class Titles:
    """What codes are called. An unknown code reads as itself, without its underscores."""

    codes: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(category, field) -> title: a field is named within its category."""
    partners: Mapping[str, str] = field(default_factory=dict)
    signal_kinds: Mapping[str, str] = field(default_factory=dict)
    """Apart from the others: a kind of signal and a category often have the same code."""
    numbering: Numbering = field(default_factory=dict)
    """Where sentences cite an article: the covenant's own number for it."""

    @classmethod
    def of_covenant(cls, covenant: Mapping[str, Any]) -> Titles:
        """The titles in a covenant as the node shows it; what is not there is simply not known."""
        document: Mapping[str, Any] = covenant.get("document") or covenant
        codes: dict[str, str] = {}
        fields: dict[tuple[str, str], str] = {}
        for section in _SECTIONS:
            for entry in _entries(document, section):
                codes[str(entry.get("code"))] = str(entry.get("title", entry.get("code")))
        for category in _entries(document, "categories"):
            names = category.get("fields")
            if isinstance(names, Mapping):
                fields |= {(str(category.get("code")), str(code)): str(title) for code, title in names.items()}
        partners = {str(p.get("slug")): str(p.get("name", p.get("slug"))) for p in _entries(document, "partners")}
        for partner in _entries(document, "partners"):
            codes |= {str(t.get("code")): str(t.get("title")) for t in _entries(partner, "statutory_tasks")}
        kinds = {str(k.get("code")): str(k.get("title")) for k in _entries(document, "signal_kinds")}
        return cls(codes, fields, partners, kinds, numbering_of(document))

    def of(self, code: str) -> str:
        """What ``code`` is called."""
        return self.codes.get(code) or _LAW.get(code) or readable(code)

    def of_signal_kind(self, code: str) -> str:
        """What a signal is about."""
        return self.signal_kinds.get(code) or readable(code)

    def of_field(self, category: str, code: str) -> str:
        """What the field ``code`` of ``category`` is called; an identity names several, joined by ``+``."""
        return ", ".join(self._field(category, part) for part in code.split("+"))

    def _field(self, category: str, code: str) -> str:
        own = self.fields.get((category, code))
        elsewhere = (title for (_, known), title in self.fields.items() if known == code)
        return own or next(elsewhere, None) or readable(code)

    def of_partner(self, slug: str) -> str:
        """The name of a partner."""
        return self.partners.get(slug, slug)


def _entries(owner: Mapping[str, Any], section: str) -> Iterator[Mapping[str, Any]]:
    found = owner.get(section)
    if isinstance(found, list | tuple):
        yield from (entry for entry in found if isinstance(entry, Mapping))


def readable(code: str) -> str:
    """``FINANCIEN_SCHULDEN`` -> ``Financien schulden``; what has digits in it is a reference and stays as it is."""
    if any(c.isdigit() for c in code):
        return code
    words = code.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:].lower() if code.isupper() else words[:1].upper() + words[1:]
