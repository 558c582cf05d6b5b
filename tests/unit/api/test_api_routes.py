"""Every use case has one address, and what goes in and out is the form and the answer of the port."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

SUBJECT = "00000000-0000-0000-0000-000000000007"
OTHER = "00000000-0000-0000-0000-000000000008"
MESSAGE = "ab" * 32
ACT = "0b7a9a5e-5d1c-4a55-9c1b-3f5f2f6a9d10"
ITEM = "00000000-0000-0000-0000-000000000009"

CALLS = [
    ("GET", "/v1/status", None, 200, None),
    ("GET", "/v1/covenant", None, 200, None),
    ("GET", "/v1/me", None, 200, None),
    ("GET", "/v1/subjects/unmatched", None, 200, "subject.match"),
    ("POST", f"/v1/subjects/{SUBJECT}/match", {"into": OTHER}, 204, "subject.match"),
    ("POST", f"/v1/subjects/{SUBJECT}/split", None, 204, "subject.match"),
    ("GET", f"/v1/acts/{ACT}?waitS=2.5", None, 200, "outbox.list"),
    ("GET", "/v1/inbox", None, 200, "inbox.list"),
    ("GET", f"/v1/inbox/{MESSAGE}", None, 200, "inbox.read"),
    ("POST", f"/v1/inbox/{MESSAGE}/replies", {"state": "taken-up"}, 201, "inbox.take-up"),
    ("POST", f"/v1/inbox/{MESSAGE}/replies", {"state": "handled", "text": "klaar"}, 201, "inbox.handle"),
    ("GET", "/v1/outbox", None, 200, "outbox.list"),
    ("POST", f"/v1/outbox/{MESSAGE}/retry", None, 204, "outbox.list"),
    ("POST", f"/v1/outbox/{MESSAGE}/drop", {"reason": "mistake"}, 204, "outbox.list"),
    ("POST", "/v1/corrections", {"item": ITEM, "value": "EUR 840"}, 201, "correction.make"),
    ("GET", "/v1/corrections", None, 200, "notification.list"),
    ("POST", "/v1/recalls", {"items": [ITEM], "reason": "ONJUIST"}, 201, "recall.make"),
    ("GET", "/v1/recalls", None, 200, "notification.list"),
    ("GET", "/v1/notifications", None, 200, "notification.list"),
    ("POST", f"/v1/inbox/{MESSAGE}/processed", {"outcome": "done"}, 201, "notification.process"),
    ("POST", "/v1/objections", {"subject": SUBJECT}, 201, "objection.receive"),
    ("GET", "/v1/objections", None, 200, "notification.list"),
    ("GET", f"/v1/objections/{ITEM}", None, 200, "objection.list"),
    (
        "POST",
        f"/v1/objections/{ITEM}/extend",
        {"told_on": "2026-04-10", "notice": "brief", "reason": "druk"},
        200,
        "objection.extend",
    ),
    ("POST", f"/v1/objections/{ITEM}/decide", {"outcome": "upheld", "motivation": "x"}, 200, "objection.decide"),
    ("POST", f"/v1/objections/{ITEM}/lift", {"told_on": "2026-04-14", "notice": "brief"}, 200, "objection.lift"),
    ("POST", "/v1/who-knows", {"subject": SUBJECT}, 200, "who-knows"),
    ("GET", "/v1/log?start=3&limit=4", None, 200, "log.list"),
    ("GET", "/v1/log/41", None, 200, "log.list"),
    ("GET", "/v1/feed?cursor=7&limit=5", None, 200, "inbox.list"),
    ("GET", "/v1/retention/rules", None, 200, "retention.rules"),
    ("POST", "/v1/retention/rules/hw-1/confirm", None, 200, "retention.confirm"),
    ("GET", "/v1/retention/due?until=2026-12-31", None, 200, "retention.due"),
    ("POST", "/v1/retention/enforce", {"confirm_date": "2026-04-14"}, 200, "retention.enforce"),
    ("GET", "/v1/parked", None, 200, "parked.list"),
    ("POST", f"/v1/parked/{ITEM}/retry", None, 204, "parked.retry"),
    ("POST", f"/v1/parked/{ITEM}/drop", {"reason": "seen"}, 204, "parked.drop"),
    ("GET", "/v1/keys", None, 200, "keys.show"),
    ("POST", "/v1/keys/roll", None, 200, "keys.show"),
    ("GET", "/v1/actors", None, 200, "actor.list"),
    ("POST", "/v1/actors", {"name": "Proef", "roles": ["auditor"]}, 201, "actor.register"),
    ("POST", f"/v1/actors/{OTHER}/revoke", None, 204, "actor.revoke"),
    ("POST", "/v1/settings/single-handed", {"on": True}, 204, "actor.single-handed"),
    ("GET", "/v1/signals?waiting=true", None, 200, "signal.list"),
    ("POST", "/v1/signals", {"kind": "EENZAAMHEID", "reporter_kind": "ANONIEM"}, 201, "signal.note"),
    ("POST", f"/v1/signals/{ITEM}/_read", {}, 200, "signal.read"),
    ("POST", f"/v1/signals/{ITEM}/_reporter", None, 200, "signal.reporter"),
    ("POST", "/v1/triage", {"source": MESSAGE, "outcome": "EIGEN_TAAK", "reason": "zelf"}, 201, "signal.triage"),
    ("GET", "/v1/cases", None, 200, "case.list"),
    ("POST", "/v1/cases", {"problem": "de straat"}, 201, "case.open"),
    ("POST", f"/v1/cases/{ITEM}/_read", {"reason": "waarneming"}, 200, "case.read"),
    ("POST", f"/v1/cases/{ITEM}/phase", {"to": "TRIAGE"}, 200, "case.change"),
    ("POST", f"/v1/cases/{ITEM}/scope", {"partner": "actium", "reason": "huurder"}, 200, "case.change"),
    ("POST", f"/v1/cases/{ITEM}/lead", {"lead": "welzijn"}, 200, "case.change"),
    ("POST", f"/v1/cases/{ITEM}/subjects", {"subject": SUBJECT}, 200, "case.change"),
    ("POST", f"/v1/cases/{ITEM}/goals", {"text": "doel"}, 200, "case.change"),
    ("POST", f"/v1/cases/{ITEM}/actions", {"owner": "actium", "due": "2026-04-01", "text": "x"}, 200, "case.change"),
    ("POST", f"/v1/cases/{ITEM}/review", {"due": "2026-04-01"}, 200, "case.change"),
    ("POST", f"/v1/cases/{ITEM}/allocations", {"to": "Zorgteam", "reason": "verder"}, 200, "case.change"),
    ("POST", f"/v1/cases/{ITEM}/circle", {"actor": OTHER}, 200, "circle.change"),
    ("POST", f"/v1/inbox/{MESSAGE}/_read", {"reason": "waarneming"}, 200, "inbox.read"),
    ("GET", "/v1/circle-openings?everything=true", None, 200, "circle.openings"),
    ("POST", f"/v1/circle-openings/{ITEM}/review", {"verdict": "justified"}, 204, "circle.review"),
    ("GET", "/v1/wpg-receivers", None, 200, "wpg.receivers"),
    ("POST", "/v1/wpg-receivers", {"actor": OTHER}, 200, "wpg.designate"),
    ("GET", "/v1/third-party-disclosures", None, 200, "third-party.list"),
    ("GET", "/v1/feedback?overdue=true", None, 200, "feedback.list"),
    ("POST", "/v1/clock", {"moment": "2026-04-14T00:00:00.000Z"}, 204, "status"),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "command"), CALLS, ids=[f"{c[0]} {c[1][:40]}" for c in CALLS]
)
async def test_every_use_case_answers_at_its_address(
    http: httpx.AsyncClient, node: Any, method: str, path: str, body: Any, status: int, command: str | None
) -> None:
    response = await http.request(method, path, json=body)
    assert response.status_code == status, response.text
    if command:
        assert node.calls[-1][0] == command
    if status == 204:
        assert response.content == b""


async def test_what_the_caller_gives_reaches_the_node_unchanged(http: httpx.AsyncClient, node: Any) -> None:
    await http.get(f"/v1/acts/{ACT}", params={"waitS": 2.5})
    await http.get("/v1/feed", params={"cursor": 7, "limit": 5})
    await http.get("/v1/retention/due", params={"until": "2026-12-31"})
    assert node.calls[0][2] == 2.5
    assert node.calls[1][2] == (7, 5)
    assert node.calls[2][2].isoformat() == "2026-12-31"


async def test_a_person_is_registered_and_found_without_a_name_in_any_address(http: httpx.AsyncClient) -> None:
    person = {
        "given_names": "Jelle",
        "family_name": "Verzonnen",
        "birth_date": "1964-05-14",
        "safe_contact": "bel eerst",
    }
    registered = await http.post("/v1/subjects", json=person)
    assert registered.status_code == 201
    found = await http.post("/v1/subjects/_zoek", json={"family_name": "Verzonnen"})
    assert [entry["safe_contact"] for entry in found.json()] == ["bel eerst"]
    assert "Verzonnen" not in str(registered.url) + str(found.url)


@pytest.mark.parametrize(
    "name", ["Ægir Ó Súilleabháin", "李 小龙", "عائشة", "Zoë-Noëlle d'Été", "👵🏽", "a\u0301\u200d"]
)
async def test_a_name_in_any_script_goes_through_unharmed(http: httpx.AsyncClient, name: str) -> None:
    registered = await http.post("/v1/subjects", json={"family_name": name})
    assert registered.status_code == 201
    assert registered.json()["label"].strip() == name


async def test_a_disclosure_says_where_its_progress_can_be_asked(http: httpx.AsyncClient, form: dict[str, Any]) -> None:
    response = await http.post("/v1/acts", json=form)
    assert response.status_code == 201
    assert response.headers["location"] == f"/v1/acts/{ACT}"
    assert response.json()["messages"][0]["state"] == "sent"


async def test_the_same_idempotency_key_gets_the_same_answer_and_another_request_a_conflict(
    http: httpx.AsyncClient, form: dict[str, Any]
) -> None:
    headers = {"Idempotency-Key": "zaak-1"}
    first = await http.post("/v1/acts", json=form, headers=headers)
    again = await http.post("/v1/acts", json=form, headers=headers)
    other = await http.post("/v1/acts", json={**form, "context": "PREVENTIE"}, headers=headers)
    assert first.json() == again.json()
    assert (other.status_code, other.json()["code"]) == (409, "conflict")


@pytest.mark.parametrize("key", ["", "x" * 129, "zaak 1", "zaak-é"])
async def test_an_unusable_idempotency_key_is_refused(http: httpx.AsyncClient, form: dict[str, Any], key: str) -> None:
    response = await http.post("/v1/acts", json=form, headers={"Idempotency-Key": key.encode()})
    assert (response.status_code, response.json()["code"]) == (422, "input")


async def test_a_third_party_disclosure_says_where_it_can_be_asked(
    http: httpx.AsyncClient, node: Any, form: dict[str, Any]
) -> None:
    given = {name: value for name, value in form.items() if name != "recipients"}
    told = {
        "case": ITEM,
        "name": "Zorgteam Fictie",
        "channel": "PHONE",
        "occurred_on": "2026-03-02",
        "agreement": OTHER,
    }
    response = await http.post("/v1/third-party-disclosures", json={**given, **told})
    assert (response.status_code, node.calls[-1][0]) == (201, "third-party.disclose")
    assert response.headers["location"] == f"/v1/acts/{response.json()['act']}"


async def test_a_log_entry_that_does_not_exist_is_not_found(http: httpx.AsyncClient) -> None:
    response = await http.get("/v1/log/42")
    assert (response.status_code, response.json()["code"]) == (404, "not-found")


async def test_verify_streams_progress_and_ends_with_the_answer(http: httpx.AsyncClient) -> None:
    response = await http.post("/v1/log/_verify")
    lines = [json.loads(line) for line in response.text.splitlines()]
    assert response.headers["content-type"].startswith("application/x-ndjson")
    assert lines[:2] == [{"progress": {"entries": 20}}, {"progress": {"entries": 42}}]
    assert lines[2]["answer"]["ok"] is True


async def test_a_stream_that_fails_halfway_says_so_in_its_last_line(http: httpx.AsyncClient, node: Any) -> None:
    node.fail = RuntimeError("Jelle Verzonnen")
    response = await http.post("/v1/log/_verify")
    lines = [json.loads(line) for line in response.text.splitlines()]
    assert lines[0] == {"progress": {"entries": 20}}
    assert lines[-1]["problem"]["status"] == 500
    assert "Verzonnen" not in response.text


async def test_a_stream_refuses_before_it_begins(caller: Any, node: Any) -> None:
    node.enrol(2000, "worker", number=2)
    async with caller(2000) as worker:
        response = await worker.post("/v1/log/_verify")
    assert (response.status_code, response.json()["code"]) == (403, "not-allowed")


async def test_a_story_is_one_line_per_step(http: httpx.AsyncClient) -> None:
    response = await http.post("/v1/log/_story", json={"partner": "welzijn"})
    assert [json.loads(line)["answer"]["index"] for line in response.text.splitlines()] == [3]


async def test_who_knows_is_json_for_a_machine_and_a_recorded_page_for_a_person(
    http: httpx.AsyncClient, node: Any
) -> None:
    as_json = await http.post("/v1/who-knows", json={"subject": SUBJECT})
    assert as_json.json()["items"][0]["partner"] == "welzijn"
    assert [call[0] for call in node.calls] == ["who-knows"]
    page = await http.post("/v1/who-knows", json={"subject": SUBJECT}, headers={"Accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert "Woningcorporatie Actium" in page.text
    assert node.calls[-1][2] == ("copied-out", "who-knows", node.known.subject)


async def test_the_document_is_public_and_names_every_address_below_v1(caller: Any) -> None:
    async with caller(4711) as stranger:
        response = await stranger.get("/openapi.json")
        same = await stranger.get("/v1/openapi.json")
    document = response.json()
    assert same.json() == document
    assert response.headers["access-control-allow-origin"] == "*"
    assert document["servers"] == [{"url": "/v1"}]
    assert {"/subjects/_zoek", "/acts", "/who-knows", "/retention/enforce"} <= set(document["paths"])
    assert not [path for path in document["paths"] if path.endswith("/") or path.startswith("/v1")]
    assert {"name", "email", "url"} <= set(document["info"]["contact"])
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert "default" in operation["responses"], (path, method)
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "query":
                    assert "_" not in parameter["name"], (path, parameter["name"])
