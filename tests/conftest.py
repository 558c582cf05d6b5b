"""What every test may use."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def catalog_tool() -> ModuleType:
    """``tools/catalog.py``, which is a script and in no package."""
    path = Path(__file__).resolve().parent.parent / "tools" / "catalog.py"
    spec = importlib.util.spec_from_file_location("catalog_tool", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four founded node directories that have met once. Never used in place: every test works on a copy."""
    import asyncio  # noqa: PLC0415 - only for tests with nodes

    from memory_world import make_founded  # noqa: PLC0415

    home = tmp_path_factory.mktemp("founded")
    asyncio.run(make_founded(home))
    return home
