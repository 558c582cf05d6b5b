"""JSON Schemas of everything partners exchange, for whoever builds another implementation.

    python -m exchange.wire.schemas          write schemas/*.json
    python -m exchange.wire.schemas check    say which are stale; exit code 1 when any is

Messages have one spelling only: a field that has a value always stands there, one without a value never does. So in these
schemas every field that cannot be absent is required, and ``null`` occurs nowhere.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from exchange.domain.covenant import Covenant
from exchange.wire import casework, conference, control, corrections
from exchange.wire import messages as m
from exchange.wire.areas import AreaPicture, AreaSignal

DIRECTORY: Final = Path(__file__).resolve().parents[2] / "schemas"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
MESSAGES: Final[dict[str, type[BaseModel]]] = {
    "header": m.Header,
    "receipt": m.Receipt,
    "receipts": m.Receipts,
    "statement": m.Statement,
    "item": m.Item,
    "reply": m.Reply,
    "area-signal": AreaSignal,
    "area-picture": AreaPicture,
    "conference": conference.Conference,
    "offered": conference.Offered,
    "chair-decided": conference.ChairDecided,
    "outcome": conference.Outcome,
    "case": casework.Case,
    "recalled": corrections.Recalled,
    "restricted": corrections.Restricted,
    "processed": corrections.Processed,
    "heartbeat": control.Heartbeat,
    "signed-control": control.SignedControl,
}


class _OneSpelling(GenerateJsonSchema):
    """Absent instead of null, and present whenever it has a value."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> dict[str, Any]:
        """What the value is when it is there."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> dict[str, Any]:
        """No defaults: nothing is filled in for a partner."""
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - the library's signature
        """A field is called what it is called."""
        return False

    def field_is_required(
        self,
        field: core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField,
        total: bool,  # noqa: ARG002, FBT001 - the library's signature
    ) -> bool:
        """Everything that cannot be without a value."""
        inner: Any = field["schema"]
        if inner["type"] == "default":
            inner = inner["schema"]
        return bool(inner["type"] != "nullable")


def schemas() -> dict[str, str]:
    """File name -> text, as they should be."""
    made = {
        name: model.model_json_schema(schema_generator=_OneSpelling, mode="validation")
        for name, model in MESSAGES.items()
    }
    made["covenant"] = Covenant.model_json_schema(mode="validation")
    return {f"{name}.json": text(name, schema) for name, schema in made.items()}


Made = Callable[[], dict[str, str]]
"""Gives file name -> text."""


def stale(directory: Path = DIRECTORY, made: Made = schemas) -> list[str]:
    """Names of schema files that are not what the models say, or have no model."""
    wanted = made()
    found = {path.name: path.read_text(encoding="utf-8") for path in directory.glob("*.json")}
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


def write(directory: Path = DIRECTORY, made: Made = schemas) -> None:
    """Make the files what the models say."""
    directory.mkdir(exist_ok=True)
    for name in stale(directory, made):
        should = made().get(name)
        if should is None:
            (directory / name).unlink()
        else:
            (directory / name).write_text(should, encoding="utf-8")


def text(name: str, schema: dict[str, Any]) -> str:
    """A schema as it stands in its file."""
    whole = {"$schema": DIALECT, "$id": f"urn:covx:1:{name}", **schema}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str], directory: Path = DIRECTORY, made: Made = schemas) -> int:
    """The command; gives the exit code."""
    if arguments == ["check"]:
        old = stale(directory, made)
        if old:
            sys.stderr.write(f"Stale in {directory.name}/: {', '.join(old)}; run make schemas\n")
        return 1 if old else 0
    if arguments:
        sys.stderr.write("Give nothing to write the schemas, or: check\n")
        return 2
    write(directory, made)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
