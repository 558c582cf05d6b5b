"""From the TOML that people write to the covenant that nodes obey, with every mistake shown at its line.

The TOML holds everything but keys: identifiers and cards of connected partners are merged in here. The canonical bytes that are
signed are made from :meth:`Covenant.document`, outside this room.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final

from pydantic import ValidationError

from exchange.domain.coherence import Path, Problem, _, contradictions
from exchange.domain.covenant import Covenant, form_errors, place
from exchange.errors import CovenantError

MAX_SIZE: Final = 1_000_000
"""Characters of TOML; a covenant is a document people read."""


@dataclass(frozen=True, slots=True)
class Party:
    """What a partner's own card adds to the covenant."""

    id: str
    """Partner id, 32 hex digits."""
    card: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something to mend, and where."""

    line: int | None
    problem: Problem
    last: bool = True
    """Everything was looked at; False while the text could not be read far enough to compare its rules with each other."""

    def sentence(self, gettext: Callable[[str], str] = str) -> str:
        """One sentence, in the reader's language."""
        at = gettext(_("Line {line}, {place}:")) if self.line else gettext(_("{place}:"))
        return f"{at.format(line=self.line, place=self.place)} {self.problem.text(gettext)}"

    localised = sentence
    """So that it can stand inside an error's sentence."""

    def __str__(self) -> str:
        return self.sentence()

    @property
    def place(self) -> str:
        """Where in the document: ``matrix[3].grounds``."""
        return place(self.problem.path)


class MistakesError(CovenantError):
    """The text is no covenant yet. Its sentence names the first mistake; ``mistakes`` are all of them."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__(
            "The covenant has {count} mistake(s), and this is the first. {first}",
            count=len(mistakes),
            first=mistakes[0],
        )
        self.mistakes = tuple(mistakes)


def compile_covenant(text: str, parties: Mapping[str, Party]) -> Covenant:
    """The covenant that ``text`` describes, with the cards of its connected partners (slug -> party).

    Raises:
        MistakesError: There are mistakes; it carries all of them, each with its line.
    """
    return _whole(*_compile(text, parties, draft=False))


def draft_covenant(text: str, parties: Mapping[str, Party]) -> Covenant:
    """As :func:`compile_covenant`, but a card may still be lacking: for reading a text, never for signing it.

    Raises:
        MistakesError: There are other mistakes.
    """
    return _whole(*_compile(text, parties, draft=True))


def _whole(covenant: Covenant | None, mistakes: Sequence[Mistake]) -> Covenant:
    if covenant is None or mistakes:
        raise MistakesError(sorted(mistakes, key=lambda mistake: mistake.line or 0))
    return covenant


def check(text: str, parties: Mapping[str, Party] | None = None) -> list[Mistake]:
    """Every mistake in ``text``, in its order. Without ``parties`` it is read as a draft whose cards are still to come."""
    mistakes = _compile(text, parties or {}, draft=parties is None)[1]
    return sorted(mistakes, key=lambda mistake: mistake.line or 0)


def _compile(text: str, parties: Mapping[str, Party], *, draft: bool) -> tuple[Covenant | None, list[Mistake]]:
    if len(text) > MAX_SIZE:
        return None, [Mistake(None, Problem((), _("The file is too large to be a covenant.")), last=False)]
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        return None, [_syntax(error, last=text.count("\n") + 1)]
    lines = _Lines(text)
    _write_out_proposals(data)
    missing = _merge(data, parties, draft=draft)
    try:
        covenant = Covenant.model_validate_json(json.dumps({"format": "covx-covenant/1", **data}, default=_plain))
    except (ValidationError, ValueError, RecursionError) as error:
        problems = _form(error) if isinstance(error, ValidationError) else [Problem((), _("A value is out of range."))]
        return None, [Mistake(lines.of(p.path), p, last=False) for p in [*missing, *problems]]
    return covenant, [Mistake(lines.of(p.path), p) for p in [*missing, *contradictions(covenant)]]


def _plain(value: object) -> str:
    """TOML dates as JSON text."""
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    raise ValueError


def _write_out_proposals(data: dict[str, Any]) -> None:
    """Let what is signed say of every rule that it is a proposal, also where whoever wrote it said nothing. In place."""
    data.setdefault("established", [])
    for rule in [*_tables(data, *_WITH_SOURCE), *_tables_in(_tables(data, "partners"), "statutory_tasks")]:
        rule.setdefault("verified", False)


_WITH_SOURCE: Final = ("grounds", "secrecy_regimes", "matrix", "field_rules", "text_rules", "profiles")


def _tables(data: Mapping[str, Any], *names: str) -> list[dict[str, Any]]:
    """The rows of arrays of tables, as far as they are that: what has another form is told later."""
    found = (data.get(name) for name in names)
    return [row for rows in found if isinstance(rows, list) for row in rows if isinstance(row, dict)]


def _tables_in(rows: Sequence[Mapping[str, Any]], name: str) -> list[dict[str, Any]]:
    return [inner for row in rows for inner in _tables(row, name)]


_SYNTAX: Final = re.compile(r"\(at line ([0-9]+), column ([0-9]+)\)")


def _syntax(error: BaseException, *, last: int) -> Mistake:
    """TOML that cannot be read. The parser's own words may repeat the text, so only its position is used."""
    at = _SYNTAX.search(str(error))
    if at is None:
        problem = Problem((), _("This is not TOML: the text ends too early, or is nested too deep."))
        return Mistake(last, problem, last=False)
    problem = Problem((), _("This is not TOML, or a key stands twice, near column {column}."), {"column": at[2]})
    return Mistake(int(at[1]), problem, last=False)


def _merge(data: dict[str, Any], parties: Mapping[str, Party], *, draft: bool) -> list[Problem]:
    """Put identifiers and cards into the partners, in place."""
    found = data.get("partners")
    partners = [(at, p) for at, p in enumerate(found if isinstance(found, list) else ()) if isinstance(p, dict)]
    problems = [] if draft else _strangers([p for _at, p in partners], parties)
    for at, partner in partners:
        if "card" in partner:
            problems.append(
                Problem(("partners", at, "card"), _("Cards are merged in from their own files; leave this out."))
            )
        slug = partner.get("slug")
        party = parties.get(slug) if isinstance(slug, str) else None
        if partner.get("participation") != "connected":
            continue
        if party is not None:
            if partner.setdefault("id", party.id) != party.id:
                problems.append(Problem(("partners", at, "id"), _("This is not the identifier on the partner's card.")))
            partner["card"] = dict(party.card)
        elif draft:
            partner.setdefault("id", f"{at + 1:032x}")
        else:
            partner.setdefault("id", f"{at + 1:032x}")
            problems.append(Problem(("partners", at), _("A connected partner needs its card; put it with the others.")))
    return problems


def _strangers(partners: Sequence[Mapping[str, Any]], parties: Mapping[str, Party]) -> list[Problem]:
    """A card that nobody asked for is most often a short name that was misspelt."""
    connected = [p.get("slug") for p in partners if p.get("participation") == "connected"]
    sentence = _("There is a card of {name}, who is no connected partner here.")
    return [Problem(("partners",), sentence, {"name": slug}) for slug in parties if slug not in connected]


_FORM: Final = {
    "missing": _("This key is missing."),
    "extra_forbidden": _("This key is not known here."),
    "enum": _("This must be one of {expected}."),
    "literal_error": _("This must be one of {expected}."),
    "string_pattern_mismatch": _("This has not the right form for a code, slug or line of text."),
    "string_type": _("This must be a text between quotes."),
    "string_too_short": _("This may not be empty."),
    "string_too_long": _("This text is too long."),
    "int_type": _("This must be a whole number."),
    "bool_type": _("This must be true or false."),
    "too_short": _("At least one is needed here."),
    "greater_than_equal": _("This number is too small."),
    "less_than_equal": _("This number is too large."),
    "date_from_datetime_parsing": _("This must be a date such as 2026-10-01, without quotes."),
    "date_parsing": _("This must be a date such as 2026-10-01, without quotes."),
    "date_type": _("This must be a date such as 2026-10-01, without quotes."),
    "value_error": _("A term is an ISO 8601 period of whole days or more, such as P6W, P2Y or P1Y6M."),
}


def _form(error: ValidationError) -> list[Problem]:
    """What pydantic found, in our words."""
    return [
        Problem(
            found["loc"],
            _FORM.get(found["type"], _("This does not have the right form.")),
            {"expected": str(found.get("ctx", {}).get("expected", "")).replace(" or ", ", ")},
        )
        for found in form_errors(error)
    ]


_TABLE: Final = re.compile(r"\s*\[\s*([A-Za-z0-9_.\-\s]+?)\s*\]\s*(?:#.*)?")
_ARRAY: Final = re.compile(r"\s*\[\[\s*([A-Za-z0-9_.\-\s]+?)\s*\]\]\s*(?:#.*)?")
_KEY: Final = re.compile(r"\s*([A-Za-z0-9_\-]+|\"[^\"]*\")\s*=")


class _Lines:
    """On which line each table and key of a TOML text starts. Only for showing people where to look."""

    def __init__(self, text: str) -> None:
        self._found: dict[Path, int] = {}
        counts: dict[Path, int] = {}
        table: Path = ()
        quoted = False
        for number, line in enumerate(text.splitlines(), 1):
            fences = line.count('"""') + line.count("'''")
            if quoted:
                quoted = fences % 2 == 0
                continue
            if array := _ARRAY.fullmatch(line):
                name = self._resolve(array[1], counts)
                table = (*name, counts.get(name, 0))
                counts[name] = counts.get(name, 0) + 1
                self._found[table] = number
            elif header := _TABLE.fullmatch(line):
                table = self._resolve(header[1], counts)
                self._found[table] = number
            elif key := _KEY.match(line):
                self._found.setdefault((*table, key[1].strip('"')), number)
            quoted = fences % 2 == 1

    @staticmethod
    def _resolve(dotted: str, counts: Mapping[Path, int]) -> Path:
        """The path of a dotted header: inside arrays of tables it means their newest element."""
        path: Path = ()
        parts = [part.strip() for part in dotted.split(".")]
        for part in parts[:-1]:
            path = (*path, part)
            if path in counts:
                path = (*path, counts[path] - 1)
        return (*path, parts[-1])

    def of(self, path: Path) -> int | None:
        """The line of ``path``, or of the nearest thing around it."""
        for end in range(len(path), 0, -1):
            if path[:end] in self._found:
                return self._found[path[:end]]
        return None
