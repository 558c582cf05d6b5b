"""The routes of records before sharing and of duties; and that no error of theirs repeats what was typed."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

SUBJECT = "00000000-0000-0000-0000-000000000007"
FACT = "00000000-0000-0000-0000-00000000003c"
ACT = "0b7a9a5e-5d1c-4a55-9c1b-3f5f2f6a9d10"
NOTICE = {
    "subject": SUBJECT, "given_by": "Proef", "given_on": "2026-03-02", "mode": "GESPREK", "purpose": "hulp",
    "recipients": ["welzijn"], "interest": "rust", "rights_explained": True,
}  # fmt: skip
EXCEPTION = {
    "subject": SUBJECT, "ground": "UAVG_41_1_i", "considerations": {"a": "veiligheid"}, "motivation": "gevaar",
    "recipients": ["gemeente"], "review_on": "2026-03-16",
}  # fmt: skip
DECISION = {
    "reference": "b-1", "ground": "WPG_19", "goal": "b", "decided_on": "2026-03-02", "signed_by": "teamchef",
    "interest": "orde", "purpose": "overlast", "recipients": ["actium"], "categories": ["OVERLAST"],
    "authority": "OVJ", "agreed_on": "2026-03-02", "valid_until": "2026-06-01",
}  # fmt: skip
ACTIVITY = {
    "name": "Buurtteam", "purposes": ["P0_ONDERSTEUNING"], "categories": ["OVERLAST"], "recipients": ["welzijn"],
    "bases": ["A6_1_e"],
}  # fmt: skip
WEIGHING = {"necessity": "a", "proportionality": "b", "subsidiarity": "c"}

CALLS = [
    ("POST", "/v1/notices", NOTICE, 201, "notice.give"),
    ("POST", "/v1/notices/_zoek", {"subject": SUBJECT}, 200, "notice.list"),
    ("POST", "/v1/exceptions", EXCEPTION, 201, "exception.invoke"),
    ("POST", "/v1/exceptions/_zoek", {"subject": SUBJECT}, 200, "exception.list"),
    ("GET", "/v1/exceptions/due?until=2026-03-20", None, 200, "exception.due"),
    ("POST", f"/v1/exceptions/{FACT}/reviews", {"outcome": "ended", "motivation": "x"}, 201, "exception.review"),
    ("POST", "/v1/wpg-decisions", DECISION, 201, "wpg-decision.register"),
    ("GET", "/v1/wpg-decisions", None, 200, "wpg-decision.list"),
    ("POST", f"/v1/wpg-decisions/{FACT}/withdraw", {"reason": "x"}, 204, "wpg-decision.withdraw"),
    ("POST", "/v1/trainings", {"followed_on": "2026-03-02"}, 204, "training.record"),
    ("GET", "/v1/trainings", None, 200, "training.list"),
    ("POST", "/v1/processing-activities", ACTIVITY, 201, "activity.register"),
    ("GET", "/v1/processing-activities", None, 200, "activity.list"),
    ("POST", f"/v1/processing-activities/{FACT}/end", None, 204, "activity.end"),
    ("POST", f"/v1/acts/{ACT}/weighing", WEIGHING, 201, "weighing.write"),
    ("GET", "/v1/duties?closed=true", None, 200, "duty.list"),
    ("POST", f"/v1/duties/{FACT}/fulfil", {"good": "reason", "reason": "x"}, 200, "duty.excuse"),
    ("POST", f"/v1/duties/{FACT}/fulfil", {"good": "release", "fact": FACT}, 200, "duty.fulfil"),
    ("GET", "/v1/worklist", None, 200, "status"),
]


@pytest.fixture
def all_roles(node: Any) -> Any:
    node.uids.clear()
    node.enrol(1000, "worker", "privacy-officer", "wpg-functionary")
    return node


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "command"), CALLS, ids=[f"{c[0]} {c[1][:40]}" for c in CALLS]
)
async def test_every_record_has_its_address(
    http: httpx.AsyncClient, all_roles: Any, method: str, path: str, body: Any, status: int, command: str
) -> None:
    response = await http.request(method, path, json=body)
    assert response.status_code == status, response.text
    assert all_roles.calls[-1][0] == command
    assert SUBJECT not in str(response.url)


@pytest.mark.parametrize(
    ("method", "path", "body"), [call[:3] for call in CALLS if call[4] != "status"], ids=lambda part: str(part)[:40]
)
async def test_an_operator_has_no_business_with_any_record(
    caller: Any, node: Any, method: str, path: str, body: Any
) -> None:
    node.enrol(1001, "operator")
    async with caller(1001) as client:
        response = await client.request(method, path, json=body)
    assert response.status_code == 403
    assert node.calls == []


async def test_a_duty_and_an_explanation_speak_the_readers_language(
    caller: Any, node: Any, form: dict[str, Any]
) -> None:
    node.owed = ["R33"]
    for language, word, weigh in (("nl", "Betrokkene", "Motiveer"), ("en", "The person", "Give reasons")):
        async with caller(**{"Accept-Language": language}) as client:
            assert (await client.get("/v1/duties")).json()[0]["text"].startswith(word)
            (answer,) = (await client.post("/v1/acts/_explain", json=form)).json()
            assert answer["outcome"] == "allow-with-duties"
            assert answer["duties"][0]["text"].startswith(weigh)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/notices", {**NOTICE, "mode": "geheim-7"}),
        ("/v1/notices", {**NOTICE, "interest": ""}),
        ("/v1/exceptions", {**EXCEPTION, "considerations": {"z": "geheim-7"}}),
        ("/v1/exceptions", {**EXCEPTION, "considerations": {}}),
        ("/v1/acts", {"wpg": {"reference": "geheim-7"}}),
    ],
)
async def test_a_form_that_does_not_fit_is_refused_without_an_echo(
    http: httpx.AsyncClient, all_roles: Any, path: str, body: dict[str, Any]
) -> None:
    response = await http.post(path, json=body)
    assert response.status_code == 422
    assert "geheim-7" not in response.text
    assert all_roles.calls == []
