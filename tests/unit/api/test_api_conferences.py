"""The routes of the case conference: what they hand on, what they answer, and who may not."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

ID = "00000000-0000-0000-0000-000000000046"
OTHER = "00000000-0000-0000-0000-000000000099"
PLAN = {
    "date": "2026-03-12", "chair": OTHER,
    "participants": [{"partner": "welzijn", "role": "DEELNEMER", "secrecy": "verklaring-1"}],
    "agenda": [{"case": OTHER, "partners": ["gemeente", "welzijn"]}],
}  # fmt: skip


async def test_planning_answers_where_the_conference_is(http: httpx.AsyncClient, node: Any) -> None:
    made = await http.post("/v1/conferences", json=PLAN, headers={"Idempotency-Key": "overleg-1"})
    assert (made.status_code, made.headers["location"]) == (201, f"/v1/conferences/{ID}")
    command, _, (form, key) = node.calls[-1]
    assert (command, key.key, form.agenda[0].partners) == ("conference.plan", "overleg-1", ["gemeente", "welzijn"])


@pytest.mark.parametrize(
    ("path", "body", "status", "command"),
    [
        ("agenda", {"case": OTHER, "partners": ["welzijn"]}, 201, "conference.agenda"),
        ("decisions", {"decisions": [{"offer": OTHER, "decision": "strike"}]}, 204, "conference.decide"),
        (f"offers/{OTHER}/confirm", None, 201, "conference.confirm"),
        (f"offers/{OTHER}/withdraw", None, 204, "conference.offer"),
        (f"offers/{OTHER}/show-to-chair", {"basis": "A6_1_e", "task": "wmo"}, 201, "conference.confirm"),
        ("minutes", {"item": OTHER, "decisions": ["Opschalen."]}, 201, "conference.minutes"),
        ("outcome", {"next_date": "2026-04-02"}, 204, "conference.outcome"),
    ],
)
async def test_each_step_of_a_conference_has_its_address(
    http: httpx.AsyncClient, node: Any, path: str, body: Any, status: int, command: str
) -> None:
    answer = await http.post(f"/v1/conferences/{ID}/{path}", json=body)
    assert answer.status_code == status, answer.text
    assert node.calls[-1][0] == command


async def test_offers_and_agreements_are_read_and_an_unknown_conference_is_not_found(
    http: httpx.AsyncClient, node: Any, form: dict[str, Any]
) -> None:
    offered = {"item": OTHER, "why": "nodig", "share": form}
    made = await http.post(f"/v1/conferences/{ID}/offers", json=offered)
    assert (made.status_code, len(made.json()["offers"])) == (201, 1)
    offers = (await http.get(f"/v1/conferences/{ID}/offers")).json()
    assert "value" not in offers[0]
    assert offers[0]["codes"] == ["R15"]
    assert (await http.get("/v1/conferences")).json()[0]["offers_open"] == 3
    assert (await http.get("/v1/agreements")).json()[0]["owner"] == "welzijn"
    assert (await http.post(f"/v1/agreements/{OTHER}/done")).status_code == 204
    assert (await http.get(f"/v1/conferences/{OTHER}")).status_code == 404


async def test_an_offer_without_a_reason_or_with_an_unknown_field_is_refused_without_repeating_it(
    http: httpx.AsyncClient, form: dict[str, Any]
) -> None:
    for wrong in ({"why": " "}, {"why": "nodig", "inhoud": "Jelle Verzonnen"}):
        answer = await http.post(f"/v1/conferences/{ID}/offers", json={"item": OTHER, "share": form, **wrong})
        assert answer.status_code in {400, 422}
        assert "Verzonnen" not in answer.text


async def test_a_worker_does_not_decide_and_an_operator_sees_no_offers(caller: Any, node: Any) -> None:
    node.enrol(2001, "worker", number=5)
    node.enrol(2002, "operator", number=6)
    decided = {"decisions": [{"offer": OTHER, "decision": "release"}]}
    async with caller(2001) as worker:
        assert (await worker.post(f"/v1/conferences/{ID}/decisions", json=decided)).status_code == 403
        assert (await worker.post("/v1/conferences", json=PLAN)).status_code == 403
    async with caller(2002) as operator:
        for path in ("conferences", f"conferences/{ID}", f"conferences/{ID}/offers", "agreements"):
            assert (await operator.get(f"/v1/{path}")).status_code == 403
