"""Fakes of the ports, for the rooms that stand on them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def fakes() -> ModuleType:
    """``tests/fakes/node_service.py``; the tests are no package, so it is loaded by its path."""
    name = "fake_node_service"
    if name not in sys.modules:
        path = Path(__file__).resolve().parent.parent / "fakes" / "node_service.py"
        sys.path.insert(0, str(path.parent))  # it stands on the other fakes
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]
