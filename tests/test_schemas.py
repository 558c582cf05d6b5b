"""The schemas in schemas/ are what the models say, and what the codec writes fits them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from wire_values import strategies
from world import COVENANT, PARTNERS

from exchange.domain.compile import Party, compile_covenant
from exchange.node import form_schemas
from exchange.node.forms import AskedForm
from exchange.wire import schemas
from exchange.wire.codec import encode_model

VALUES = strategies()
NAMES = {"header": "header", "receipt": "receipt", "receipts": "receipts", "statement": "statement", "item": "item",
         "reply": "reply", "case": "case", "heartbeat": "heartbeat", "signed-control": "control", "conference": "conference",
         "offered": "offered", "chair-decided": "decided", "outcome": "outcome", "recalled": "recalled",
         "restricted": "restricted", "processed": "processed"}  # fmt: skip
TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None), "number": (int, float),
}  # fmt: skip


def loaded(name: str) -> dict[str, Any]:
    return json.loads((schemas.DIRECTORY / f"{name}.json").read_text(encoding="utf-8"))


def misfit(schema: Any, value: Any, root: dict[str, Any], at: str = "") -> str | None:  # noqa: C901, PLR0911, PLR0912 - a table
    """Why ``value`` does not fit; the part of JSON Schema that our files use, and an error for any other word."""
    known = {
        "$schema", "$id", "$defs", "$ref", "title", "description", "type", "properties", "required", "items", "enum", "const",
        "additionalProperties", "pattern", "format", "maxLength", "minLength", "maxItems", "minItems", "minimum", "maximum",
        "anyOf", "default", "uniqueItems", "exclusiveMinimum", "oneOf", "discriminator", "propertyNames", "patternProperties",
    }  # fmt: skip
    if schema is True:
        return None
    assert set(schema) <= known, set(schema) - known
    if "$ref" in schema:
        return misfit(root["$defs"][schema["$ref"].rpartition("/")[2]], value, root, at)
    if "anyOf" in schema:
        reasons = [misfit(one, value, root, at) for one in schema["anyOf"]]
        return None if None in reasons else reasons[0]
    kind = schema.get("type")
    if kind is not None and (not isinstance(value, TYPES[kind]) or (kind == "integer" and isinstance(value, bool))):
        return f"{at}: not of type {kind}"
    if "const" in schema and value != schema["const"]:
        return f"{at}: not {schema['const']}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{at}: not one of the list"
    if isinstance(value, str):
        if "pattern" in schema and not re.search(schema["pattern"], value):
            return f"{at}: not of the pattern"
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 10**9):
            return f"{at}: length"
    if kind == "integer" and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        return f"{at}: out of range"
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", 10**9):
            return f"{at}: number of items"
        found = (misfit(schema.get("items", True), v, root, f"{at}[{i}]") for i, v in enumerate(value))
        return next(filter(None, found), None)
    if isinstance(value, dict):
        properties, extra = schema.get("properties", {}), schema.get("additionalProperties", True)
        if missing := set(schema.get("required", ())) - set(value):
            return f"{at}: without {sorted(missing)}"
        for pattern, inner in schema.get("patternProperties", {}).items():
            properties = properties | {name: inner for name in value if re.search(pattern, name)}
        for name, inner in value.items():
            if name not in properties and extra is False:
                return f"{at}: {name} is unknown"
            if reason := misfit(properties.get(name, extra), inner, root, f"{at}.{name}"):
                return reason
    return None


def test_no_schema_is_stale_and_none_is_left_over():
    assert schemas.stale() == [], "run make schemas"


def test_a_stale_missing_or_left_over_file_is_named_and_mended(tmp_path: Path):
    schemas.write(tmp_path)
    assert schemas.stale(tmp_path) == []
    (tmp_path / "item.json").write_text("{}")
    (tmp_path / "old.json").write_text("{}")
    (tmp_path / "reply.json").unlink()
    assert schemas.stale(tmp_path) == ["item.json", "old.json", "reply.json"]
    schemas.write(tmp_path)
    assert schemas.stale(tmp_path) == []


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_the_codec_writes_fits_its_schema_and_nothing_with_one_field_less_or_more(name, data):
    schema = loaded(name)
    message = json.loads(encode_model(data.draw(getattr(VALUES, NAMES[name]))))
    assert misfit(schema, message, schema) is None
    assert misfit(schema, {**message, "spy": 1}, schema)
    required = data.draw(st.sampled_from(sorted(schema["required"])))
    assert misfit(schema, {k: v for k, v in message.items() if k != required}, schema)
    assert misfit(schema, {**message, required: None}, schema)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_on_the_wire_is_null_or_open(name):
    text = (schemas.DIRECTORY / f"{name}.json").read_text(encoding="utf-8")
    assert '"null"' not in text
    assert '"default"' not in text
    objects = [v for v in [loaded(name), *loaded(name).get("$defs", {}).values()] if v.get("type") == "object"]
    assert objects
    assert all(one["additionalProperties"] is False for one in objects)


def test_the_real_covenant_fits_its_schema():
    parties = {slug: Party(f"{n:032x}", {"v": 1}) for n, slug in enumerate(PARTNERS)}
    document = compile_covenant(COVENANT.read_text(encoding="utf-8"), parties).document()
    schema = loaded("covenant")
    assert misfit(schema, document, schema) is None
    assert misfit(schema, {**document, "spy": 1}, schema)
    assert misfit(schema, {**document, "generation": "1"}, schema)


def test_the_published_form_schema_is_what_the_node_validates_and_is_not_stale():
    assert schemas.main(["check"], form_schemas.DIRECTORY, form_schemas.schemas) == 0


def test_a_form_of_a_case_system_fits_the_published_schema_and_a_misspelt_or_wrong_field_does_not():
    schema = json.loads((form_schemas.DIRECTORY / "sharing.json").read_text(encoding="utf-8"))
    form = {
        "kind": "disclosure", "subject": str(UUID(int=7)), "purpose": "P0_ONDERSTEUNING", "context": "SIGNALERING",
        "basis": "A6_1_f", "task": "verhuur", "notice": {"given_on": "2026-03-02", "recipients": ["welzijn"]},
        "recipients": [{"partner": "welzijn", "basis": "A6_1_f", "task": "maatschappelijk-werk"}],
        "items": [{"category": "OVERLAST", "field": "aard-overlast", "value": "stank in het trapportaal"}],
    }  # fmt: skip
    assert misfit(schema, form, schema) is None
    assert AskedForm.model_validate_json(json.dumps(form)).model_dump(mode="json", exclude_unset=True) == form
    for wrong in (
        {"subjcet": "x"},
        {"kind": "gossip"},
        {"items": [{"category": "OVERLAST"}]},
        {"recipients": "welzijn"},
    ):
        assert misfit(schema, {**form, **wrong}, schema), wrong
        with pytest.raises(ValidationError):
            AskedForm.model_validate_json(json.dumps({**form, **wrong}))


@pytest.mark.parametrize(("arguments", "code"), [(["check"], 0), (["wrong"], 2)])
def test_the_command_says_by_its_exit_code(arguments, code):
    assert schemas.main(arguments) == code
