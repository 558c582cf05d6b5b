"""Every error is problem+json, in the caller's language, and repeats nothing of what was sent."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
import structlog

from exchange.api.guards import MAX_BODY
from exchange.domain.refusals import CATALOGUE
from exchange.errors import (
    BrokerError,
    ConflictError,
    ExchangeError,
    IntegrityError,
    LockedError,
    NotFoundError,
    StorageError,
    WireError,
)
from exchange.node.forms import RefusalAnswer
from exchange.node.service import Refused

SECRET = "Verzonnen"
PROBLEM = "application/problem+json"


def check(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The response is a problem of this status and code, without the secret and with every header."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == PROBLEM
    assert SECRET not in response.text
    assert SECRET not in str(response.headers)
    problem = response.json()
    assert {"type", "title", "status", "detail", "code"} <= set(problem)
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["type"].endswith(code)
    for name in ("API-Version", "Cache-Control", "X-Content-Type-Options", "X-Frame-Options"):
        assert name in response.headers
    return problem


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NotFoundError("There is no such act here."), 404, "not-found"),
        (ConflictError("This idempotency key was used for another request."), 409, "conflict"),
        (StorageError("The disk is full; make room, nothing was stored."), 503, "storage"),
        (LockedError("The vault is locked."), 503, "locked"),
        (BrokerError("The broker refuses."), 503, "broker"),
    ],
)
async def test_each_family_of_errors_is_a_problem_with_its_code(
    http: httpx.AsyncClient, node: Any, error: ExchangeError, status: int, code: str
) -> None:
    node.fail = error
    check(await http.get("/v1/inbox"), status, code)


async def test_integrity_names_the_index_and_wire_the_reason(http: httpx.AsyncClient, node: Any) -> None:
    node.fail = IntegrityError("The log is damaged at entry {index}.", index=17)
    assert check(await http.get("/v1/inbox"), 500, "integrity")["index"] == 17
    node.fail = WireError("hpke-failed", "The wrap does not open.")
    assert check(await http.get("/v1/inbox"), 400, "wire")["reason"] == "hpke-failed"


async def test_an_unexpected_exception_leaves_no_word_of_its_text(http: httpx.AsyncClient, node: Any) -> None:
    node.fail = RuntimeError(f"could not store {SECRET}")
    with structlog.testing.capture_logs() as logged:
        check(await http.get("/v1/inbox"), 500, "error")
    assert [entry["event"] for entry in logged] == ["a request failed unexpectedly"]
    assert logged[0]["exc_info"] is not None


async def test_a_refusal_cites_the_articles_of_the_covenant_at_this_node(
    http: httpx.AsyncClient, node: Any, form: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = CATALOGUE["R17"]
    answer = RefusalAnswer(code="R17", name=refusal.name, article=refusal.article, text=refusal.sentence(), partner="x")
    for numbering, cited in (({}, "(art. 11.1/11.2)."), ({"11.1": "6"}, "(art. 6).")):

        async def covenant(numbering: dict[str, str] = numbering) -> dict[str, object]:
            return {"numbering": numbering}

        monkeypatch.setattr(node, "covenant", covenant)
        for language in ("nl", "en"):
            node.fail = Refused([answer], 422)
            told = await http.post("/v1/acts", json=form, headers={"Accept-Language": language})
            (shown,) = check(told, 422, "refused")["refusals"]
            assert shown["text"].endswith(cited)


async def test_a_refusal_carries_every_reason_at_once(http: httpx.AsyncClient, form: dict[str, Any]) -> None:
    form["items"] = [
        {"category": "GEZONDHEID", "field": "toestand", "value": f"{SECRET} is somber"},
        {"category": "GEZONDHEID", "field": "behandeling", "value": SECRET},
    ]
    problem = check(await http.post("/v1/acts", json=form), 403, "refused")
    assert [(r["code"], r["item"]) for r in problem["refusals"]] == [("R05", 0), ("R05", 1)]
    assert "uitzondering" in problem["refusals"][0]["text"]
    english = await http.post("/v1/acts", json=form, headers={"Accept-Language": "en"})
    assert "no exception to the ban" in check(english, 403, "refused")["refusals"][0]["text"]
    assert english.headers["content-language"] == "en"


async def test_all_faults_of_a_form_come_together_and_name_the_field(
    http: httpx.AsyncClient, form: dict[str, Any]
) -> None:
    form["items"][0] |= {"value": SECRET * 60, "nature": SECRET, "observed_on": SECRET}
    form["subject"] = SECRET
    form |= {"famliy_name": SECRET, f"{SECRET} 1964": 1}
    del form["purpose"]
    problem = check(await http.post("/v1/acts", json=form), 422, "input")
    assert {(e["location"], e["type"]) for e in problem["errors"]} == {
        ("body.items.0.value", "string_too_long"),
        ("body.items.0.nature", "literal_error"),
        ("body.items.0.observed_on", "date_from_datetime_parsing"),
        ("body.subject", "uuid_parsing"),
        ("body.famliy_name", "extra_forbidden"),
        ("body.?", "extra_forbidden"),
        ("body.purpose", "missing"),
    }
    assert "500" in next(e["message"] for e in problem["errors"] if e["type"] == "string_too_long")


async def test_what_was_left_empty_is_called_empty_and_a_choice_is_named_as_it_is_typed(
    http: httpx.AsyncClient, form: dict[str, Any]
) -> None:
    answer = await http.post("/v1/acts", json={**form, "subject": "", "channel": "DUIF"})
    found = {fault["location"]: fault["message"] for fault in check(answer, 422, "input")["errors"]}
    assert found["body.subject"] == "Dit is nog leeg: vul het in, of laat het weg."
    assert " or " not in found["body.channel"]
    assert "'" not in found["body.channel"]
    assert "PHONE" in found["body.channel"]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'"Verzonnen"',
        b'{"subject": "Verzonnen',
        b"[" * 5000,
        b'{"a":' * 3000 + b"1" + b"}" * 3000,
        b'{"subject": NaN}',
        b"\x00",
        b"",
    ],
    ids=["open", "not-utf8", "list", "null", "text", "cut-off", "deep-list", "deep-object", "nan", "nul", "empty"],
)
async def test_a_body_that_is_no_form_is_one_problem(http: httpx.AsyncClient, body: bytes) -> None:
    response = await http.post("/v1/acts", content=body, headers={"Content-Type": "application/json"})
    # What the parser gives up on (nested too deep) is 400, what it understands but no form is 422.
    check(response, 400 if len(body) > 4000 else 422, "input")


async def test_a_form_in_another_media_type_is_a_problem(http: httpx.AsyncClient) -> None:
    body = f"subject={SECRET}".encode()
    check(await http.post("/v1/acts", content=body, headers={"Content-Type": "text/plain"}), 422, "input")


@pytest.mark.parametrize("how", ["declared", "chunked"])
async def test_a_huge_body_is_refused_before_it_is_parsed(http: httpx.AsyncClient, how: str) -> None:
    async def chunks() -> Any:
        for _ in range(MAX_BODY // 65536 + 2):
            yield SECRET.encode().ljust(65536)

    content: Any = b" " * (MAX_BODY + 1) if how == "declared" else chunks()
    check(await http.post("/v1/acts", content=content), 413, "too-large")


async def test_a_lying_content_length_is_refused(http: httpx.AsyncClient) -> None:
    check(await http.post("/v1/acts", content=b"{}", headers={"Content-Length": "9" * 5000}), 413, "too-large")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "not-found"),
        ("GET", f"/v1/{SECRET}", 404, "not-found"),
        ("GET", "/v1/inbox/", 404, "not-found"),
        ("GET", "/v1/subjects?name=Verzonnen", 405, "method"),
        ("DELETE", "/v1/inbox", 405, "method"),
        ("GET", f"/v1/inbox/{SECRET}", 422, "input"),
        ("GET", f"/v1/acts/{SECRET}", 422, "input"),
        ("GET", "/v1/log/-1", 422, "input"),
        ("GET", "/v1/log?limit=100000", 422, "input"),
        ("GET", "/v1/feed?cursor=Verzonnen", 422, "input"),
        ("GET", "/v1/retention/due?until=Verzonnen", 422, "input"),
        ("POST", "/v1/retention/rules/nee%2fja/confirm", 404, "not-found"),
    ],
)
async def test_an_address_that_is_not_one_is_a_problem(
    http: httpx.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    check(await http.request(method, path), status, code)


async def test_dutch_unless_english_is_asked_for(http: httpx.AsyncClient) -> None:
    dutch = check(await http.get("/v1/nergens"), 404, "not-found")
    english = check(await http.get("/v1/nergens", headers={"Accept-Language": "en-GB,en;q=0.9"}), 404, "not-found")
    other = check(await http.get("/v1/nergens", headers={"Accept-Language": "fr"}), 404, "not-found")
    assert english["detail"] == "There is nothing at this address."
    assert dutch == other


async def test_nothing_a_caller_sends_reaches_the_log(http: httpx.AsyncClient, node: Any, form: dict[str, Any]) -> None:
    form["items"][0]["value"] = SECRET
    node.fail = StorageError("The disk is full; make room, nothing was stored.")
    with structlog.testing.capture_logs() as logged:
        await http.post("/v1/acts", json=form)
        await http.post("/v1/acts", json={**form, SECRET: SECRET})
        await http.get(f"/v1/{SECRET}")
    assert [entry["event"] for entry in logged] == ["a request failed"]
    assert SECRET not in json.dumps(logged, default=str)
