"""The application: routers, problems and the OpenAPI document, over one node.

    app = create_app(service, PeerCredentials(service))

Addresses follow the NL GOV API Design Rules: kebab-case, the major version in the server URL, no trailing slash, camelCase
query keys, searches as ``POST …/_zoek`` so that no personal data stands in an address.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from exchange.api import (
    accountability,
    areas,
    casework,
    conferences,
    corrections,
    drafts,
    facts,
    operations,
    people,
    retention,
    sharing,
)
from exchange.api import zgw as zgw_room
from exchange.api.auth import Authenticator
from exchange.api.guards import RELEASE, Guard
from exchange.api.problems import MEDIA, exchange_handler, http_handler, validation_handler
from exchange.api.zgw import Notifications
from exchange.errors import ExchangeError
from exchange.node.service import NodeService

PREFIX: Final = "/v1"
_CONTACT: Final = {
    "name": "Covenant exchange",
    "url": "https://github.com/covenant-exchange/covenant-exchange",
    "email": "covenant-exchange@example.org",
}


def create_app(service: NodeService, authenticator: Authenticator, zgw: Notifications | None = None) -> FastAPI:
    """The API of one node.

    Args:
        service: The node's use cases.
        authenticator: Proves who is calling.
        zgw: What to do with notifications of case systems; none come in when absent.
    """
    # No /docs: its pages load scripts from elsewhere. No redirect to or from a trailing slash: it is a 404.
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.service, app.state.authenticator, app.state.zgw = service, authenticator, zgw
    for room in (
        people,
        facts,
        sharing,
        drafts,
        corrections,
        areas,
        casework,
        conferences,
        accountability,
        retention,
        operations,
        zgw_room,
    ):
        app.include_router(room.router)
    app.add_exception_handler(ExchangeError, exchange_handler)
    app.add_exception_handler(RequestValidationError, validation_handler)
    app.add_exception_handler(HTTPException, http_handler)
    app.add_middleware(Guard)
    document = cache(lambda: openapi(app))  # when first asked for: it takes longer than the rest of the start

    @app.get("/openapi.json", include_in_schema=False)
    @app.get(f"{PREFIX}/openapi.json", include_in_schema=False)
    async def _openapi() -> JSONResponse:
        return JSONResponse(document(), headers={"Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"})

    return app


def openapi(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document: paths below the versioned server URL, one problem schema for every error."""
    document = get_openapi(
        title="Covenant exchange: the node's API",
        version=RELEASE,
        summary="Signals and disclosures under a privacy covenant; for the node's own organisation only.",
        contact=_CONTACT,
        license_info={"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        routes=app.routes,
    )
    document["servers"] = [{"url": PREFIX}]
    document["paths"] = {path.removeprefix(PREFIX): methods for path, methods in document["paths"].items()}
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = _PROBLEM
    for methods in document["paths"].values():
        for operation in methods.values():
            operation["responses"].pop("422", None)
            operation["responses"].update({"400": _ANSWER, "default": _ANSWER})
            for answer in operation["responses"].values():
                answer.setdefault("headers", {"API-Version": {"schema": {"type": "string"}}})
    return document


_ANSWER: Final = {
    "description": "A problem (RFC 9457).",
    "content": {MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_PROBLEM: Final = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457. `code` is stable; `errors` names fields, `refusals` the covenant's reasons. Never an input value.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "reason": {"type": "string"},
        "index": {"type": "integer"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("location", "type", "message")},
            },
        },
        "refusals": {"type": "array", "items": {"$ref": "#/components/schemas/RefusalAnswer"}},
    },
}
