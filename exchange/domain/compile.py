"""From the TOML that people write to the covenant that nodes obey, with every mistake shown at its line.

The TOML holds everything but keys: identifiers and cards of connected partners are merged in here. The canonical bytes that are
signed are made from :meth:`Covenant.document`, outside this room.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final, get_args

from pydantic import ValidationError

from exchange.domain.cautions import cautions
from exchange.domain.coherence import Path, Problem, _, closest, contradictions
from exchange.domain.covenant import Covenant
from exchange.domain.dead_rules import dead_rules
from exchange.domain.notation import Model
from exchange.domain.places import Top, form_errors, place
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
        return f"{at.format(line=self.line, place=self.located(gettext))} {self.problem.text(gettext)}"

    localised = sentence
    """So that it can stand inside an error's sentence."""

    def __str__(self) -> str:
        return self.sentence()

    @property
    def place(self) -> str:
        """Where in the document: ``matrix[3].grounds``."""
        return place(self.problem.path)

    def located(self, gettext: Callable[[str], str]) -> str:
        """The place, in the reader's language where it is the whole."""
        found = self.place
        return found.localised(gettext) if isinstance(found, Top) else found


class MistakesError(CovenantError):
    """The text is no covenant yet. Its sentence names the first mistake; ``mistakes`` are all of them."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        many = _("The covenant has {count} mistakes, and this is the first. {first}")
        super().__init__(
            many if len(mistakes) > 1 else _("The covenant has one mistake. {first}"),
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


def cautions_in(text: str, today: date) -> list[Mistake]:
    """What is no mistake and yet to be known, at its line; nothing while there are mistakes."""
    covenant, mistakes = _compile(text, {}, draft=True)
    lines = _Lines(text)
    found = () if covenant is None or mistakes else cautions(covenant, today)
    return [Mistake(lines.of(problem.path), problem) for problem in found]


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
        return None, _once(Mistake(lines.of(p.path), p, last=False) for p in [*missing, *problems])
    found = [*missing, *contradictions(covenant)]
    return covenant, _once(Mistake(lines.of(p.path), p) for p in found or dead_rules(covenant))


def _once(mistakes: Iterable[Mistake]) -> list[Mistake]:
    """The same sentence about the same line is one mistake, however often it was found."""
    return list({(m.line or m.place, m.problem.text()): m for m in mistakes}.values())


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
    "string_too_long": _("This text is too long; it is at most {expected} characters."),
    "int_type": _("This must be a whole number."),
    "bool_type": _("This must be true or false."),
    "too_short": _("At least one is needed here."),
    "greater_than_equal": _("This number is too small; it is at least {expected}."),
    "less_than_equal": _("This number is too large; it is at most {expected}."),
    "date_from_datetime_parsing": _("This must be a date such as 2026-10-01, without quotes."),
    "date_parsing": _("This must be a date such as 2026-10-01, without quotes."),
    "date_type": _("This must be a date such as 2026-10-01, without quotes."),
    "value_error": _("A term is an ISO 8601 period of whole days or more, such as P6W, P2Y or P1Y6M."),
}


_BOUNDS: Final = ("expected", "ge", "le", "max_length")
_AN_ID: Final = _(
    "A partner on paper needs an identifier of its own: 32 hex digits, for instance from openssl rand -hex 16."
)


def _form(error: ValidationError) -> list[Problem]:
    """What pydantic found, in our words. A key that was misspelt is not told a second time as the key that lacks."""
    found = form_errors(error)
    unknown = {
        f["loc"]: closest(str(f["loc"][-1]), _keys(f["loc"][:-1])) for f in found if f["type"] == "extra_forbidden"
    }
    meant = {(*loc[:-1], key) for loc, key in unknown.items() if key is not None}
    return [_in_words(f, unknown.get(f["loc"])) for f in found if f["type"] != "missing" or f["loc"] not in meant]


def _in_words(found: Mapping[str, Any], meant: str | None) -> Problem:
    loc: Path = found["loc"]
    context = found.get("ctx", {})
    expected = next((str(context[name]) for name in _BOUNDS if name in context), "").replace(" or ", ", ")
    sentence = _FORM.get(found["type"], _("This does not have the right form."))
    if meant is not None:
        sentence = _("This key is not known here. Did you mean {expected}?")
    elif loc[:1] == ("partners",) and loc[-1] == "id" and found["type"] in {"missing", "string_pattern_mismatch"}:
        sentence = _AN_ID
    return Problem(loc, sentence, {"expected": meant or expected})


def _keys(loc: Path) -> frozenset[str]:
    """The keys that a table of the document may have; none when ``loc`` is no table with keys of ours."""
    model: type[Model] | None = Covenant
    for name in (part for part in loc if isinstance(part, str)):
        field = model.model_fields.get(name) if model is not None else None
        model = _table_in(field.annotation) if field is not None else None
    return frozenset(model.model_fields) if model is not None else frozenset()


def _table_in(annotation: Any) -> type[Model] | None:
    """The part of a covenant that a field holds, alone or in a list."""
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return annotation
    return next(filter(None, map(_table_in, get_args(annotation))), None)


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
            for at in (path[:end], (*path[:end], 0)):  # an array of tables starts at its first
                if at in self._found:
                    return self._found[at]
        return None
