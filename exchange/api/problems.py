"""Every error as problem+json (RFC 9457), in the caller's language, without repeating what the caller sent.

A body or a header may hold personal data, so no input value comes back: a validation error names the field and says what was
expected there. The one exception is a code that the covenant does not have: it is named, to whoever typed it and in no log, when
it looks like a code (:mod:`exchange.node.codes`). The ``code`` is stable; the texts are for people.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import structlog
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import Request

from exchange.domain.numbering import numbering_of
from exchange.errors import ExchangeError, IntegrityError, WireError
from exchange.i18n import N_, Translate, from_header, tr
from exchange.node.codes import UnknownCodesError
from exchange.node.service import Refused
from exchange.reports.refusals import in_language

MEDIA: Final = "application/problem+json"

TITLES: Final[Mapping[str, str]] = {
    "input": N_("The request is not usable"),
    "not-found": N_("Not found"),
    "conflict": N_("This does not fit what happened before"),
    "busy": N_("Too much waits already"),
    "not-allowed": N_("Not allowed"),
    "not-authenticated": N_("Nobody proved who is calling"),
    "refused": N_("The covenant does not allow this"),
    "setup": N_("The node is not in order"),
    "locked": N_("The node is locked"),
    "covenant": N_("The covenant is not acceptable"),
    "storage": N_("The disk refused"),
    "integrity": N_("What is stored is not what was written"),
    "crypto": N_("A key, signature or seal does not hold"),
    "wire": N_("A message is not acceptable"),
    "broker": N_("The broker refuses or cannot be reached"),
    "method": N_("This address does not know that method"),
    "too-large": N_("The request is too large"),
    "error": N_("Something went wrong in the node"),
}
"""Code -> title. Codes are part of the API contract."""

_HTTP: Final[Mapping[int, tuple[str, str]]] = {
    400: ("input", N_("The body is not valid JSON.")),
    401: ("not-authenticated", N_("Nobody proved who is calling.")),
    403: ("not-allowed", N_("That is not allowed.")),
    404: ("not-found", N_("There is nothing at this address.")),
    405: ("method", N_("This address does not know that method.")),
    413: ("too-large", N_("The request is larger than the node accepts.")),
}

_EXPECTED: Final[Mapping[str, str]] = {
    "missing": N_("This field is required."),
    "extra_forbidden": N_("There is no such field here."),
    "string_too_long": N_("At most {max_length} characters fit here."),
    "string_too_short": N_("At least {min_length} characters are needed here."),
    "string_pattern_mismatch": N_("This is not in the form that is expected here."),
    "too_long": N_("At most {max_length} entries fit here."),
    "too_short": N_("At least {min_length} entries are needed here."),
    "literal_error": N_("Expected is one of: {expected}."),
    "greater_than_equal": N_("At least {ge} is needed here."),
    "less_than_equal": N_("At most {le} is possible here."),
    "json_invalid": N_("The body is not valid JSON."),
}
"""pydantic error type -> sentence. Placeholders are filled from our own models' limits, never from the input."""

_FAMILIES: Final[tuple[tuple[str, str], ...]] = (
    ("uuid", N_("Expected is an id such as 0b7a9a5e-5d1c-4a55-9c1b-3f5f2f6a9d10.")),
    ("datetime", N_("Expected is a moment such as 2026-03-02T08:00:00.000Z.")),
    ("date", N_("Expected is a date such as 2026-03-02.")),
    ("int", N_("Expected is a whole number.")),
    ("float", N_("Expected is a number.")),
    ("bool", N_("Expected is true or false.")),
    ("list", N_("Expected is a list.")),
    ("string", N_("Expected is text.")),
    ("model", N_("Expected is an object.")),
)

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z_-]{0,40}")


def language_of(request: Request) -> str:
    """The language the caller reads; Dutch unless English is asked for."""
    return from_header(request.headers.get("accept-language"))


def respond(
    language: str,
    *,
    status: int,
    code: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
    **more: object,
) -> JSONResponse:
    """One problem+json answer."""
    return JSONResponse(
        body(language, status=status, code=code, detail=detail, **more),
        status_code=status,
        media_type=MEDIA,
        headers={"Content-Language": language, **(headers or {})},
    )


def body(language: str, *, status: int, code: str, detail: str, **more: object) -> dict[str, object]:
    """The members of a problem, also used inside a stream that already began."""
    title = TITLES.get(code, TITLES["error"])
    return {
        "type": f"urn:problem:covenant-exchange:{code}",
        "title": tr(language)(title),
        "status": status,
        "detail": detail,
        "code": code,
        **more,
    }


def of_exchange(language: str, error: ExchangeError, numbering: Mapping[str, str] | None = None) -> dict[str, object]:
    """The problem one of our own errors is; a refusal cites the articles by the covenant's own numbers."""
    more: dict[str, object] = {}
    if isinstance(error, Refused | UnknownCodesError) and error.refusals:
        more["refusals"] = [
            in_language(refusal, language, numbering or {}).model_dump(mode="json") for refusal in error.refusals
        ]
    if error.details:
        more["errors"] = [
            {"location": d.location, "type": d.kind, "message": d.localised(tr(language))} for d in error.details
        ]
    if isinstance(error, WireError):
        more["reason"] = error.reason
    if isinstance(error, IntegrityError) and error.index is not None:
        more["index"] = error.index
    return body(language, status=status_of(error), code=error.code, detail=error.localised(tr(language)), **more)


def status_of(error: ExchangeError) -> int:
    """The HTTP status of one of our own errors."""
    return error.http_status if isinstance(error, Refused) else error.status


def of_unexpected(language: str) -> dict[str, object]:
    """The problem any other exception is: nothing of its text, which may quote what it choked on."""
    detail = tr(language)(N_("Something unexpected went wrong in the node; its operational log says where."))
    return body(language, status=500, code="error", detail=detail)


async def exchange_handler(request: Request, error: Exception) -> JSONResponse:
    """Answer one of our own errors."""
    assert isinstance(error, ExchangeError)  # noqa: S101 - registered for this class only
    if error.status >= 500:  # noqa: PLR2004 - the node's fault: the operator should see it
        structlog.get_logger().warning("a request failed", exc_info=error)
    numbering = numbering_of(await request.app.state.service.covenant()) if hasattr(error, "refusals") else None
    content = of_exchange(language_of(request), error, numbering)
    headers = {"WWW-Authenticate": "Bearer"} if error.code == "not-authenticated" else {}
    return JSONResponse(
        content,
        status_code=status_of(error),
        media_type=MEDIA,
        headers={"Content-Language": language_of(request), **headers},
    )


async def http_handler(request: Request, error: Exception) -> JSONResponse:
    """Answer what the framework refuses: unknown address, wrong method."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    language = language_of(request)
    code, detail = _HTTP.get(error.status_code, ("input", TITLES["input"]))
    return respond(language, status=error.status_code, code=code, detail=tr(language)(detail), headers=error.headers)


async def validation_handler(request: Request, error: Exception) -> JSONResponse:
    """Answer a form that does not fit: all errors together, no value repeated."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class only
    language = language_of(request)
    _ = tr(language)
    errors = [_fault(_, fault) for fault in error.errors()]
    detail = _("The form has {count} fields to mend.").format(count=len(errors))
    if len(errors) == 1:
        detail = _("The form has one field to mend.")
    return respond(language, status=422, code="input", detail=detail, errors=errors)


def _fault(_: Translate, fault: Mapping[str, Any]) -> dict[str, str]:
    """One field, and what was expected there."""
    kind = str(fault["type"])
    template = _EXPECTED.get(kind) or next(
        (text for family, text in _FAMILIES if kind.startswith(family)), N_("This is not usable here.")
    )
    if fault.get("input") == "":
        template = N_("This is still empty: fill it in, or leave it out.")
    limits = {key: value for key, value in fault.get("ctx", {}).items() if key in {*_LIMITS, "expected"}}
    if "expected" in limits:  # pydantic writes "'a', 'b' or 'c'"; our own names, as they are typed
        limits["expected"] = ", ".join(re.findall(r"'([^']*)'", str(limits["expected"]))) or limits["expected"]
    if kind == "json_invalid":
        return {"location": "body", "type": kind, "message": _(template)}
    return {"location": _location(fault["loc"]), "type": kind, "message": _fill(_(template), limits)}


_LIMITS: Final = ("max_length", "min_length", "ge", "le")


def _fill(template: str, limits: Mapping[str, object]) -> str:
    """``template`` with our own limits; the general sentence stays when one is missing."""
    try:
        return template.format_map(limits)
    except KeyError:
        return re.sub(r"\{\w+\}", "…", template)


def _location(parts: Iterable[object]) -> str:
    """``body.items.0.value``. A field the caller invented is named only if it looks like a name of ours."""
    return ".".join(str(p) if isinstance(p, int) or _NAME.fullmatch(str(p)) else "?" for p in parts)
