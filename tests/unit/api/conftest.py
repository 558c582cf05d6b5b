"""An application over the fake node, called without a network."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import ModuleType
from typing import Any

import httpx
import pytest

from exchange.api.app import create_app
from exchange.api.auth import PEER, PeerCredentials

UID = 1000
EVERYTHING = ("worker", "chair", "privacy-officer", "operator")


@pytest.fixture
def node(fakes: ModuleType) -> Any:
    """A fake node where uid 1000 may do everything."""
    node = fakes.FakeNode()
    node.enrol(UID, *EVERYTHING)
    return node


@pytest.fixture(scope="session")
def built() -> Any:
    """The application is built once; each test puts its own node behind it."""
    return create_app(None, None)  # type: ignore[arg-type]


@pytest.fixture
def app(built: Any, node: Any) -> Any:
    built.state.service, built.state.authenticator = node, PeerCredentials(node)
    return built


@pytest.fixture
def caller(app: Any) -> Any:
    """Makes a client that the kernel would have named ``uid``."""

    def make(uid: int = UID, **headers: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=app, client=(PEER, uid))
        return httpx.AsyncClient(transport=transport, base_url="http://node", headers=headers)

    return make


@pytest.fixture
async def http(caller: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with caller() as client:
        yield client


@pytest.fixture
def form() -> dict[str, Any]:
    """A disclosure that the covenant allows, about an invented person."""
    return {
        "subject": "00000000-0000-0000-0000-000000000007",
        "recipients": [{"partner": "welzijn", "basis": "A6_1_e", "task": "WMO_2_3_2"}],
        "items": [{"category": "HUISVESTING", "field": "staat", "value": "volle woning"}],
        "purpose": "P0_ONDERSTEUNING",
        "context": "CASUS",
        "basis": "A6_1_e",
        "task": "WONINGWET_46",
    }
