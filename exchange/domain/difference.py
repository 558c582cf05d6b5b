"""What a new generation of a covenant changes, as data: pure, complete, and about meaning rather than about spelling.

Tables are compared by what names their rows (a short name, a code), and rules by what they say: a row of the matrix is taken
apart into its cells (category, recipient, sender) and put together again, so that a row that was split in two is no change and
a recipient that was added is one. Two covenants that differ in any byte that is signed always differ here as well: what has no
meaning of its own shows as a change of order.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Any, Final, TypeVar

from exchange.domain.covenant import Covenant
from exchange.domain.notation import Model

Box = tuple[tuple[str, ...], ...]
"""Codes per axis; stands for every combination of them."""
_Said = TypeVar("_Said", bound=Hashable)


class Section(StrEnum):
    """The part of the covenant, in the order in which people want to hear of it."""

    PARTNERS = "partners"
    TASKS = "tasks"
    PURPOSES = "purposes"
    CONTEXTS = "contexts"
    AREAS = "areas"
    SIGNAL_KINDS = "signal_kinds"
    GROUNDS = "grounds"
    SECRECY = "secrecy_regimes"
    CATEGORIES = "categories"
    MATRIX = "matrix"
    FIELD_RULES = "field_rules"
    IDENTITY = "identity"
    TEXT_RULES = "text_rules"
    PROFILES = "profiles"
    RETENTION = "retention"
    SETTINGS = "settings"
    ARTICLES = "articles"
    NUMBERING = "numbering"
    COVENANT = "covenant"


class Act(StrEnum):
    """What happened to it."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is different.

    Attributes:
        section: The part of the covenant.
        act: What happened.
        subject: Which one. Mostly one code per level (a partner; a partner and his task). Of the matrix: categories,
            recipients, senders. Of the field rules: purposes, categories, recipients, senders, kinds.
        field: Of a change: the attribute; ``card.sign`` is the signing key on a card, ``fields.naam`` a field of a category.
        before: What it was: a value, or the whole row of something removed.
        after: What it becomes.
    """

    section: Section
    act: Act
    subject: Box
    field: str = ""
    before: Any = None
    after: Any = None


def changes(old: Covenant, new: Covenant) -> tuple[Change, ...]:
    """Everything in which ``new`` differs from ``old``; empty only when they are the same document."""
    found = [
        change
        for part in (
            _partners(old, new),
            *(_table(section, _rows(old, name), _rows(new, name)) for section, name in _TABLES),
            _matrix(old, new),
            _field_rules(old, new),
            _identity(old, new),
            _text_rules(old, new),
            _retention(old, new),
            _attributes(Section.SETTINGS, (), _plain(old.settings), _plain(new.settings)),
            _established(old, new),
            _articles(old, new),
            _table(Section.NUMBERING, _numbers(old), _numbers(new)),
            _attributes(Section.COVENANT, (), _top(old), _top(new)),
        )
        for change in part
    ]
    if not found and old.document() != new.document():
        found = [Change(Section.COVENANT, Act.CHANGED, (), "order")]
    order = list(Section)
    return tuple(sorted(found, key=lambda change: order.index(change.section)))


_TABLES: Final = (
    (Section.PURPOSES, "purposes"),
    (Section.CONTEXTS, "contexts"),
    (Section.AREAS, "areas"),
    (Section.SIGNAL_KINDS, "signal_kinds"),
    (Section.GROUNDS, "grounds"),
    (Section.SECRECY, "secrecy_regimes"),
    (Section.CATEGORIES, "categories"),
    (Section.PROFILES, "profiles"),
)
"""Tables whose rows are named by one code and hold nothing but values."""
_OWN: Final = frozenset(
    {
        "settings",
        "partners",
        "matrix",
        "field_rules",
        "identity",
        "text_rules",
        "retention",
        "articles",
        "numbering",
        "established",
    }
)


def _top(covenant: Covenant) -> dict[str, Any]:
    """What stands at the top of the document itself."""
    elsewhere = _OWN | {name for _, name in _TABLES}
    return {name: value for name, value in _plain(covenant).items() if name not in elsewhere}


def _plain(model: Model) -> dict[str, Any]:
    """A part of the covenant as JSON data, defaults written out."""
    return model.model_dump(mode="json")


def _rows(covenant: Covenant, name: str) -> dict[str, dict[str, Any]]:
    return {row.code: _plain(row) for row in getattr(covenant, name)}


# ---------------------------------------------------------------------------------------- rows with a name


def _table(
    section: Section, old: Mapping[str, Mapping[str, Any]], new: Mapping[str, Mapping[str, Any]], *above: str
) -> Iterator[Change]:
    """Rows that came, went, or hold another value; ``above`` names what the table belongs to."""
    for code in dict.fromkeys((*old, *new)):
        subject = tuple((name,) for name in (*above, code))
        if code not in new:
            yield Change(section, Act.REMOVED, subject, before=dict(old[code]))
        elif code not in old:
            yield Change(section, Act.ADDED, subject, after=dict(new[code]))
        else:
            yield from _attributes(section, subject, old[code], new[code])


def _attributes(section: Section, subject: Box, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """Values of one thing that differ; a table inside (the fields of a category, the keys on a card) by its names."""
    for name in dict.fromkeys((*old, *new)):
        before, after = old.get(name), new.get(name)
        if before == after:
            continue
        if isinstance(before, dict) and isinstance(after, dict):
            inner = _attributes(section, subject, before, after)
            yield from (Change(section, c.act, subject, f"{name}.{c.field}", c.before, c.after) for c in inner)
        else:
            yield Change(section, Act.CHANGED, subject, name, before, after)


def _established(old: Covenant, new: Covenant) -> Iterator[Change]:
    """What had no source of its own and is no proposal any more, or is one again."""
    before, after = old.established or (), new.established or ()
    for name in dict.fromkeys((*before, *after)):
        was, becomes = name in before, name in after
        if was != becomes:
            yield Change(Section.SETTINGS, Act.CHANGED, ((name,),), "established", was, becomes)
    if (old.established is None) != (new.established is None) and not before and not after:
        yield Change(Section.COVENANT, Act.CHANGED, (), "established", False, False)


def _partners(old: Covenant, new: Covenant) -> Iterator[Change]:
    before = {p.slug: _plain(p) for p in old.partners}
    after = {p.slug: _plain(p) for p in new.partners}
    tasks_before = {slug: _by_code(row.pop("statutory_tasks")) for slug, row in before.items()}
    tasks_after = {slug: _by_code(row.pop("statutory_tasks")) for slug, row in after.items()}
    for change in _table(Section.PARTNERS, before, after):
        slug = change.subject[0][0]
        moved = change.act is Act.CHANGED and before[slug]["participation"] != after[slug]["participation"]
        if not (moved and change.field == "card"):  # joining or leaving the exchange says already that keys come or go
            yield change
    for slug in dict.fromkeys((*before, *after)):
        yield from _table(Section.TASKS, tasks_before.get(slug, {}), tasks_after.get(slug, {}), slug)


def _by_code(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["code"]: row for row in rows}


def _retention(old: Covenant, new: Covenant) -> Iterator[Change]:
    before = {c.code: _plain(c) for c in old.retention}
    after = {c.code: _plain(c) for c in new.retention}
    rules_before = {code: _by_code(row.pop("rules")) for code, row in before.items()}
    rules_after = {code: _by_code(row.pop("rules")) for code, row in after.items()}
    yield from _table(Section.RETENTION, before, after)
    for code in dict.fromkeys((*before, *after)):
        yield from _table(Section.RETENTION, rules_before.get(code, {}), rules_after.get(code, {}), code)


def _articles(old: Covenant, new: Covenant) -> Iterator[Change]:
    before = {number: {"text": text} for number, text in old.articles.items()}
    return _table(Section.ARTICLES, before, {number: {"text": text} for number, text in new.articles.items()})


def _numbers(covenant: Covenant) -> dict[str, dict[str, Any]]:
    return {number: {"article": own} for number, own in covenant.numbering.items()}


def _text_rules(old: Covenant, new: Covenant) -> Iterator[Change]:
    """Rules of the same code are told apart by their order."""

    def named(covenant: Covenant) -> dict[tuple[str, int], dict[str, Any]]:
        seen: dict[tuple[str, int], dict[str, Any]] = {}
        for rule in covenant.text_rules:
            number = sum(1 for code, _number in seen if code == rule.code)
            seen[rule.code, number] = _plain(rule)
        return seen

    before, after = named(old), named(new)
    for key in dict.fromkeys((*before, *after)):
        one = {key[0]: before[key]} if key in before else {}
        other = {key[0]: after[key]} if key in after else {}
        yield from _table(Section.TEXT_RULES, one, other)


# ---------------------------------------------------------------------------------------- rules about many at once


def _matrix(old: Covenant, new: Covenant) -> Iterator[Change]:
    """Who may receive what: by cell, and cells with the same change together."""
    before, after = _cells(old), _cells(new)
    for subject, (one, other) in _together(before, after):
        act = Act.REMOVED if other is None else Act.ADDED if one is None else Act.CHANGED
        yield Change(Section.MATRIX, act, subject, before=_row(one), after=_row(other))


_Cell = tuple[str, tuple[str, ...], tuple[str, ...], str, bool | None]
"""Condition, grounds, tasks of the recipient, source, whether that was verified."""


def _cells(covenant: Covenant) -> dict[tuple[str, ...], _Cell]:
    return {
        (category, recipient, sender): (
            row.condition.value,
            row.grounds,
            row.recipient_tasks,
            row.source,
            row.verified,
        )
        for row in covenant.matrix
        for category in row.categories
        for recipient in row.recipients
        for sender in row.senders
    }


def _row(cell: _Cell | None) -> dict[str, Any] | None:
    if cell is None:
        return None
    condition, grounds, tasks, source, verified = cell
    return {
        "condition": condition, "grounds": list(grounds), "recipient_tasks": list(tasks), "source": source,
        "verified": verified,
    }  # fmt: skip


def _field_rules(old: Covenant, new: Covenant) -> Iterator[Change]:
    """Which fields may go: by (purpose, category, recipient, sender, kind), what was added and what was taken away."""
    before, after = _fields(old), _fields(new)
    for subject, (one, other) in _together(before, after):
        was, becomes = one or (), other or ()
        if gone := [field for field in was if field not in becomes]:
            yield Change(Section.FIELD_RULES, Act.REMOVED, subject, before=gone)
        if fresh := [field for field in becomes if field not in was]:
            yield Change(Section.FIELD_RULES, Act.ADDED, subject, after=fresh)
    sources, become = _sources(old), _sources(new)
    both = sources.keys() & become.keys()
    said, says = ({key: rules[key] for key in rules if key in both} for rules in (sources, become))
    for subject, (was_from, is_from) in _together(said, says):
        yield Change(Section.FIELD_RULES, Act.CHANGED, subject, "source", _as_rules(was_from), _as_rules(is_from))


_Sources = tuple[tuple[str, bool | None], ...]
"""Source (empty: none), and whether it was verified, of every rule that speaks of a field."""


def _sources(covenant: Covenant) -> dict[tuple[str, ...], _Sources]:
    """By (purpose, category, recipient, sender, kind, field) where it comes from that the field may go."""
    found: dict[tuple[str, ...], set[tuple[str, bool | None]]] = {}
    for rule in covenant.field_rules:
        axes = (rule.purposes, (rule.category,), rule.recipients, rule.senders, rule.kinds, rule.fields)
        for key in product(*axes):
            found.setdefault(key, set()).add((rule.source or "", rule.verified))
    return {key: tuple(sorted(pairs, key=str)) for key, pairs in found.items()}


def _as_rules(sources: _Sources | None) -> list[dict[str, Any]]:
    return [{"source": source, "verified": verified} for source, verified in sources or ()]


def _identity(old: Covenant, new: Covenant) -> Iterator[Change]:
    """By what a person is made known: one change for each attribute, with its category and field before and after."""
    before, after = old.index.identity, new.index.identity
    for attribute in dict.fromkeys((*before, *after)):
        was, becomes = before.get(attribute), after.get(attribute)
        if was != becomes:
            act = Act.ADDED if was is None else Act.REMOVED if becomes is None else Act.CHANGED
            yield Change(Section.IDENTITY, act, ((attribute,),), before=was, after=becomes)


def _fields(covenant: Covenant) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Rules about the same add up, so their fields are one sorted set."""
    found: dict[tuple[str, ...], set[str]] = {}
    for rule in covenant.field_rules:
        for purpose in rule.purposes:
            for recipient in rule.recipients:
                for sender in rule.senders:
                    for kind in rule.kinds:
                        found.setdefault((purpose, rule.category, recipient, sender, kind), set()).update(rule.fields)
    return {key: tuple(sorted(fields)) for key, fields in found.items()}


def _together(
    old: Mapping[tuple[str, ...], _Said], new: Mapping[tuple[str, ...], _Said]
) -> Iterator[tuple[Box, tuple[_Said | None, _Said | None]]]:
    """Keys whose value differs, in boxes that share the same before and after."""
    alike: dict[tuple[_Said | None, _Said | None], list[tuple[str, ...]]] = {}
    for key in dict.fromkeys((*old, *new)):
        pair = (old.get(key), new.get(key))
        if pair[0] != pair[1]:
            alike.setdefault(pair, []).append(key)
    for pair, keys in alike.items():
        for box in boxes(keys):
            yield box, pair


def boxes(keys: Iterable[tuple[str, ...]]) -> list[Box]:
    """``keys`` as few boxes: together they stand for exactly these keys, each once.

    Axes are merged one after the other, the first axis first, in the order in which things were written.
    """
    found: list[Box] = [tuple((part,) for part in key) for key in dict.fromkeys(keys)]
    for axis in range(len(found[0]) if found else 0):
        merged: dict[Box, list[str]] = {}
        for box in found:
            merged.setdefault((*box[:axis], *box[axis + 1 :]), []).extend(box[axis])
        found = [(*rest[:axis], tuple(codes), *rest[axis:]) for rest, codes in merged.items()]
    return found
