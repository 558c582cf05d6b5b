"""Every sentence a person can meet has its Dutch, and the compiled catalog is the one that was written."""

from __future__ import annotations

from types import ModuleType

SAME_IN_BOTH = {
    "Code",
    *("Partner", "Partners", "Id", "Broker", "Postcode", "alarm", "{n} week"),
    "{name}: exchange --node {directory} status",  # typed, not read
}


def test_every_sentence_of_the_source_has_its_dutch(catalog_tool: ModuleType) -> None:
    lines = [f"{s.path}:{s.line}: {s.text}" for s in catalog_tool.missing(catalog_tool.load(), catalog_tool.collect())]
    assert not lines, "run `make messages`, then translate these in the .po:\n" + "\n".join(lines)


def test_translations_keep_their_placeholders_and_the_compiled_catalog_is_up_to_date(catalog_tool: ModuleType) -> None:
    assert catalog_tool.faults(catalog_tool.load()) == []


def test_no_translation_is_a_copy_of_the_english(catalog_tool: ModuleType) -> None:
    copies = {str(entry.id) for entry in catalog_tool.load() if entry.id and entry.id == entry.string}
    assert not copies - SAME_IN_BOTH


def test_sentences_are_found_in_every_form_they_take(catalog_tool: ModuleType) -> None:
    source = """
raise InputError("Plain {a}.", a=1)
raise WireError("the-code", "After the code.")
raise errors.CryptoError("In two " "halves.")
raise SetupError("Now." if x else "Then.")
_("Marked.")
raise ValueError("not ours")
"""
    found = [s.text for s in catalog_tool.in_python(source, "x.py", catalog_tool.error_classes())]
    assert found == ["Plain {a}.", "After the code.", "In two halves.", "Now.", "Then.", "Marked."]


def test_sentences_of_page_templates_are_found(catalog_tool: ModuleType) -> None:
    page = '<h1>{{ _("Who knows what") }}</h1>{% trans %}Kept until{% endtrans %}'
    assert [s.text for s in catalog_tool.in_template(page, "x.html")] == ["Who knows what", "Kept until"]


def test_a_sentence_without_dutch_and_a_lost_placeholder_are_reported(catalog_tool: ModuleType) -> None:
    catalog = catalog_tool.Catalog(locale="nl")
    catalog.add("Needs {name}.", "Vraagt {naam}.")
    catalog.add("Empty.", "")
    sentences = [catalog_tool.Sentence(text, "x.py", 1) for text in ("Needs {name}.", "Empty.", "Absent.")]
    assert [s.text for s in catalog_tool.missing(catalog, sentences)] == ["Empty.", "Absent."]
    assert any("Needs {name}." in fault for fault in catalog_tool.faults(catalog))


def test_error_classes_of_the_rooms_are_known_except_those_that_speak_for_themselves(catalog_tool: ModuleType) -> None:
    names = catalog_tool.error_classes()
    assert {"ExchangeError", "WireError", "IntegrityError", "StorageError"} <= names
    assert "Refused" not in names
    source = 'class Refused(ExchangeError):\n    def __init__(self):\n        super().__init__("Own words.")'
    assert [s.text for s in catalog_tool.in_python(source, "x.py", names)] == ["Own words."]
