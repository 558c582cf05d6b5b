"""Every sentence a person can meet has its Dutch, and the compiled catalog is the one that was written."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("catalog_tool", ROOT / "tools" / "catalog.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_every_sentence_of_the_source_has_its_dutch(tool: ModuleType) -> None:
    lines = [f"{s.path}:{s.line}: {s.text}" for s in tool.missing(tool.load(), tool.collect())]
    assert not lines, "run `make messages`, then translate these in the .po:\n" + "\n".join(lines)


def test_translations_keep_their_placeholders_and_the_compiled_catalog_is_up_to_date(tool: ModuleType) -> None:
    assert tool.faults(tool.load()) == []


def test_no_translation_is_a_copy_of_the_english(tool: ModuleType) -> None:
    copies = [entry.id for entry in tool.load() if entry.id and entry.id == entry.string]
    assert not copies


def test_sentences_are_found_in_every_form_they_take(tool: ModuleType) -> None:
    source = """
raise InputError("Plain {a}.", a=1)
raise WireError("the-code", "After the code.")
raise errors.CryptoError("In two " "halves.")
raise SetupError("Now." if x else "Then.")
_("Marked.")
raise ValueError("not ours")
"""
    found = [s.text for s in tool.in_python(source, "x.py", tool.error_classes())]
    assert found == ["Plain {a}.", "After the code.", "In two halves.", "Now.", "Then.", "Marked."]


def test_sentences_of_page_templates_are_found(tool: ModuleType) -> None:
    page = '<h1>{{ _("Who knows what") }}</h1>{% trans %}Kept until{% endtrans %}'
    assert [s.text for s in tool.in_template(page, "x.html")] == ["Who knows what", "Kept until"]


def test_a_sentence_without_dutch_and_a_lost_placeholder_are_reported(tool: ModuleType) -> None:
    catalog = tool.Catalog(locale="nl")
    catalog.add("Needs {name}.", "Vraagt {naam}.")
    catalog.add("Empty.", "")
    sentences = [tool.Sentence(text, "x.py", 1) for text in ("Needs {name}.", "Empty.", "Absent.")]
    assert [s.text for s in tool.missing(catalog, sentences)] == ["Empty.", "Absent."]
    assert any("Needs {name}." in fault for fault in tool.faults(catalog))
