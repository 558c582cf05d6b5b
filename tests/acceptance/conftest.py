"""What the acceptance tests share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from memory_world import MemoryWorld


@pytest.fixture
async def world(founded: Path, tmp_path: Path) -> AsyncIterator[MemoryWorld]:
    """Four real nodes that have met, over the broker in memory."""
    async with MemoryWorld.copied(founded, tmp_path) as copied:
        yield copied
