"""Empty forms to fill in: made from the form that the node itself checks, so that none can fall behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from json import dumps
from typing import Any, Final

from exchange.cli.session import Session
from exchange.i18n import N_, Translate

Schema = Mapping[str, Any]
_HEAD: Final = (
    N_("# Fill in, save, and give it to the same command as FILE."),
    N_("# What stands behind # may be left out; take the # away to use it. Codes stand in: exchange covenant show"),
)
_EXAMPLES: Final[Mapping[str, str]] = {"date": "2026-03-02", "date-time": "2026-03-02T09:00:00Z"}
"""By format; TOML writes days and times without quotes."""
_PLAIN: Final[Mapping[str, str]] = {"boolean": "false", "integer": "1", "number": "1.0"}


def empty(module: str, form: str, *without: str) -> Callable[[Session], str]:
    """What prints an empty ``form`` of a module of the node.

    Args:
        module: Name below ``exchange.node``; it is read only when somebody asks, because help needs no forms.
        form: Name of the model.
        without: Fields that the command takes as arguments.
    """

    def text(session: Session) -> str:
        model = getattr(import_module(f"exchange.node.{module}"), form)
        schema = model.model_json_schema()
        lines = _table(schema, schema.get("$defs", {}), session.gettext, "", "", frozenset(without))
        return "\n".join((*(session.gettext(line) for line in _HEAD), "", *lines))

    return text


def _table(
    schema: Schema, known: Schema, _: Translate, path: str, mark: str, without: frozenset[str] = frozenset()
) -> Iterator[str]:
    """The lines of one object: plain fields first, as TOML wants it, then the tables inside it."""
    fields = {n: _meant(f, known) for n, f in schema.get("properties", {}).items() if n not in without}
    needed = set(schema.get("required", ()))
    marks = {name: mark if name in needed else mark or "# " for name in fields}
    for name, field in fields.items():
        if not _inside(field, known):
            yield f"{marks[name]}{name} = {_example(field, known)}{_choices(field, known, _)}"
    for name, field in fields.items():
        if inside := _inside(field, known):
            place = f"{path}.{name}" if path else name
            yield ""
            yield f"{marks[name]}[[{place}]]" if field.get("type") == "array" else f"{marks[name]}[{place}]"
            yield from _table(inside, known, _, place, marks[name])


def _meant(field: Schema, known: Schema) -> Schema:
    """What a field holds when it holds something."""
    for one in field.get("anyOf", ()):
        if one.get("type") != "null":
            return _meant(one, known)
    found: Schema = known[field["$ref"].rpartition("/")[2]] if "$ref" in field else field
    return found


def _inside(field: Schema, known: Schema) -> Schema | None:
    """The object in a field, or in each place of a list; one whose names are free has its first name as an example."""
    held = _meant(field["items"], known) if field.get("type") == "array" else field
    if held.get("type") != "object":
        return None
    if "properties" in held:
        return held
    names = held.get("propertyNames", {}).get("enum", ["naam"])
    return {"properties": {names[0]: held.get("additionalProperties", {})}, "required": names[:1]}


def _example(field: Schema, known: Schema) -> str:
    if field.get("type") == "array":
        return f"[{_example(_meant(field['items'], known), known)}]"
    if "const" in field or "enum" in field:
        return dumps(field.get("const", field.get("enum", [""])[0]))
    kind = str(field.get("type"))
    return _EXAMPLES.get(str(field.get("format")), _PLAIN.get(kind, '""'))


def _choices(field: Schema, known: Schema, _: Translate) -> str:
    """What else it can be, where only some codes are accepted."""
    held = _meant(field["items"], known) if field.get("type") == "array" else field
    codes = held.get("enum", ())
    return _(N_("  # one of: {codes}")).format(codes=", ".join(map(str, codes))) if codes else ""
