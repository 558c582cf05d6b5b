"""Any lawful value of every message model."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from wire_values import strategies


@pytest.fixture(scope="session")
def models() -> SimpleNamespace:
    return strategies()
