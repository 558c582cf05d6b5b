"""The routes of drafts, suggestions and notifications in; and that nobody comes in without the right token."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from exchange.api import zgw
from exchange.errors import ConflictError, SetupError
from exchange.node import draft_forms as df

SUBJECT = "00000000-0000-0000-0000-000000000007"
SYSTEM = UUID(int=70)
TYPE = "https://catalogi.example.org/api/v1/zaaktypen/7d1f"
ZAAK = "https://zaken.example.org/zaken/api/v1/zaken/5f0c1d4e-1111-4222-8333-444455556666"
TOKEN = "een-lange-proefsleutel"
KEY = {"Authorization": f"Bearer {TOKEN}"}
ON_PROFILE = {
    "profile": "WONING_HULP", "subject": SUBJECT, "recipients": [{"partner": "welzijn"}],
    "items": [{"category": "HUISVESTING", "field": "staat", "value": "vol"}],
}  # fmt: skip


def told(**changes: Any) -> dict[str, Any]:
    """A notification as VNG's Notificaties API sends it when a case is opened."""
    return {
        "kanaal": "zaken", "hoofdObject": ZAAK, "resource": "zaak", "resourceUrl": ZAAK, "actie": "create",
        "aanmaakdatum": "2026-03-02T09:00:00Z",
        "kenmerken": {"bronorganisatie": "517439943", "zaaktype": TYPE, "vertrouwelijkheidaanduiding": "zaakvertrouwelijk"},
        **changes,
    }  # fmt: skip


# ---------------------------------------------------------------------------------------- drafts


async def test_a_draft_is_kept_read_changed_explained_sent_and_discarded(http: httpx.AsyncClient, node: Any) -> None:
    made = await http.post("/v1/drafts", json={"profile": "WONING_HULP"})
    assert made.status_code == 201
    place = made.headers["location"]
    assert made.json()["keep_until"] == "2026-03-16"
    assert [row["draft"] for row in (await http.get("/v1/drafts")).json()] == [made.json()["draft"]]
    lacks = (await http.post(f"{place}/_explain")).json()
    assert [m["location"] for m in lacks["missing"]] == ["body.subject", "body.recipients", "body.items"]
    refused = await http.post(f"{place}/send")
    assert (refused.status_code, refused.json()["code"]) == (422, "input")
    node.drafts.kept[UUID(made.json()["draft"])] = df.OpenForm(profile="WONING_HULP")
    assert (await http.put(place, json=ON_PROFILE)).status_code == 200
    assert (await http.get(place)).json()["form"]["items"][0]["value"] == "vol"
    assert (await http.post(f"{place}/_explain")).json()["recipients"][0]["allowed"] is True
    sent = await http.post(f"{place}/send")
    assert sent.status_code == 201
    assert sent.headers["location"].startswith("/v1/acts/")
    assert (await http.get(place)).status_code == 404
    other = (await http.post("/v1/drafts", json={})).headers["location"]
    assert (await http.post(f"{other}/discard")).status_code == 204
    assert (await http.post(f"{other}/discard")).status_code == 404


async def test_an_operator_sees_no_draft_and_no_suggestion(caller: Any, node: Any) -> None:
    node.enrol(1001, "operator")
    async with caller(1001) as client:
        for method, path, body in (
            ("GET", "/v1/drafts", None), ("POST", "/v1/drafts", {}), ("GET", f"/v1/drafts/{SUBJECT}", None),
            ("PUT", f"/v1/drafts/{SUBJECT}", {}), ("POST", "/v1/acts/_suggest", {}),
            ("POST", f"/v1/drafts/{SUBJECT}/discard", None),
        ):  # fmt: skip
            assert (await client.request(method, path, json=body)).status_code == 403, path


async def test_a_form_on_a_profile_may_leave_out_what_the_profile_says(http: httpx.AsyncClient, node: Any) -> None:
    assert (await http.post("/v1/acts", json=ON_PROFILE)).status_code == 201
    (form,) = [given for command, _actor, given in node.calls if command == "disclosure.make"]
    assert (form.purpose, form.recipients[0].task) == ("P0_ONDERSTEUNING", "wmo")
    strange = await http.post("/v1/acts", json={**ON_PROFILE, "recipients": [{"partner": "politie"}]})
    assert strange.status_code == 422
    assert strange.json()["errors"][0]["location"] == "body.recipients.0.partner"


async def test_suggestions_have_an_address(http: httpx.AsyncClient, node: Any) -> None:
    answer = await http.post("/v1/acts/_suggest", json={"kind": "disclosure", "subject": SUBJECT})
    assert answer.status_code == 200
    assert answer.json()["ways"][0]["offers"][1]["lifts"] == [
        {"ground": "UAVG_30_3_a", "tasks": ["wmo"], "beside": None}
    ]
    assert node.calls[-1][0] == "disclosure.explain"


# ---------------------------------------------------------------------------------------- notifications in


@pytest.fixture
def adapter(app: Any) -> Iterator[zgw.Notifications]:
    """The node is set to listen."""
    counts: list[dict[str, int]] = []
    made = zgw.Notifications(TOKEN, SYSTEM, {TYPE: {"kind": "signal", "signal_kind": "EENZAAMHEID"}}, {}, counts.append)
    app.state.zgw = made
    yield made
    app.state.zgw = None


async def test_a_case_that_is_opened_proposes_a_signal_with_its_address_and_nothing_else(
    http: httpx.AsyncClient, node: Any, adapter: zgw.Notifications
) -> None:
    answer = await http.post("/v1/zgw/notifications", json=told(), headers=KEY)
    assert (answer.status_code, answer.content) == (204, b"")
    ((system, form),) = node.drafts.proposed
    assert system == SYSTEM
    assert form == df.ProposalForm(kind="signal", signal_kind="EENZAAMHEID", external_reference=ZAAK)
    assert adapter.counts == {"proposed": 1}
    node.drafts.fresh = False
    assert (await http.post("/v1/zgw/notifications", json=told(), headers=KEY)).status_code == 204
    assert adapter.counts == {"proposed": 1, "known": 1}


@pytest.mark.parametrize(
    "other",
    [
        {"kanaal": "test", "hoofdObject": "http://some.hoofdobject.nl/", "resource": "some_resource",
         "resourceUrl": "http://some.resource.nl/", "kenmerken": {}},
        {"kanaal": "documenten"}, {"resource": "status"}, {"actie": "update"}, {"actie": "destroy"},
        {"kenmerken": {"zaaktype": TYPE + "x"}}, {"kenmerken": {}}, {"toekomst": "veld"} | {"actie": "partial_update"},
    ],
    ids=["the test of a subscription", "channel", "resource", "update", "destroy", "other type", "no type", "a later version"],
)  # fmt: skip
async def test_any_other_notification_is_taken_passed_over_and_counted(
    http: httpx.AsyncClient, node: Any, adapter: zgw.Notifications, other: dict[str, Any]
) -> None:
    assert (await http.post("/v1/zgw/notifications", json=told(**other), headers=KEY)).status_code == 204
    assert node.drafts.proposed == []
    assert adapter.counts == {"passed-over": 1}


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": ""}, {"Authorization": "Bearer"}, {"Authorization": "Bearer ander"},
     {"Authorization": TOKEN}, {"Authorization": f"Basic {TOKEN}"}, {"Authorization": f"Bearer {TOKEN}x"}],
)  # fmt: skip
async def test_without_the_right_token_nothing_comes_in_and_the_token_is_not_repeated(
    http: httpx.AsyncClient, node: Any, adapter: zgw.Notifications, headers: dict[str, str]
) -> None:
    answer = await http.post("/v1/zgw/notifications", json=told(), headers=headers)
    assert answer.status_code == 403  # what the reference implementation asks of a callback that is protected
    assert answer.headers["content-type"] == "application/problem+json"
    assert TOKEN not in answer.text
    assert node.drafts.proposed == []
    assert adapter.counts == {"refused": 1}
    assert TOKEN not in repr(adapter)


@pytest.mark.parametrize(
    "change",
    [{"kanaal": ""}, {"resourceUrl": "javascript:alert(1)"}, {"resourceUrl": "https://u:geheim-7@zaken.example.org/1"},
     {"resourceUrl": "https://zaken.example.org/1?bsn=999990342"}, {"resourceUrl": "https://x/" + "a" * 400},
     {"aanmaakdatum": "geheim-7"}, {"kenmerken": {"zaaktype": 7}}, {"kenmerken": "geheim-7"}],
)  # fmt: skip
async def test_a_malformed_notification_is_a_problem_that_repeats_nothing(
    http: httpx.AsyncClient, node: Any, adapter: zgw.Notifications, change: dict[str, Any]
) -> None:
    answer = await http.post("/v1/zgw/notifications", json=told(**change), headers=KEY)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert "geheim-7" not in answer.text
    assert "999990342" not in answer.text
    assert node.drafts.proposed == []


async def test_a_node_that_is_not_set_to_it_has_no_such_address(http: httpx.AsyncClient, node: Any) -> None:
    answer = await http.post("/v1/zgw/notifications", json=told(), headers=KEY)
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


async def test_a_kind_of_case_whose_setting_changed_since_gives_no_second_proposal(
    http: httpx.AsyncClient, node: Any, adapter: zgw.Notifications, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def conflicts(*_: Any) -> None:
        raise ConflictError("This idempotency key was used before for another request; use a new key.")

    monkeypatch.setattr(node.drafts, "propose", conflicts)
    assert (await http.post("/v1/zgw/notifications", json=told(), headers=KEY)).status_code == 204
    assert adapter.counts == {"known": 1}


def test_a_setting_that_names_no_profile_and_no_kind_of_signal_is_a_mistake_of_the_settings(fakes: Any) -> None:
    from pathlib import Path  # noqa: PLC0415

    from exchange.domain.compile import draft_covenant  # noqa: PLC0415 - only here

    text = (Path(__file__).parents[3] / "deploy" / "de-wolden" / "covenant.toml").read_text()
    covenant = draft_covenant(text, {})
    found, ended = zgw.proposals([covenant], "gemeente", {"a": "EENZAAMHEID_SIGNAAL", "b": "ZORG_OM_PERSOON"})
    assert ended == []
    assert found == {
        "a": {"profile": "EENZAAMHEID_SIGNAAL", "kind": "signal"}, "b": {"kind": "signal", "signal_kind": "ZORG_OM_PERSOON"},
    }  # fmt: skip
    for code in ("WOONSITUATIE_HULP", "BESTAAT_NIET"):  # of another sender; of nobody
        with pytest.raises(SetupError, match=code):
            zgw.proposals([covenant], "gemeente", {"a": code})
    # What a later generation took out keeps no node from starting: it proposes nothing any more, and status says so.
    later = covenant.model_copy(update={"profiles": (), "generation": 2})
    assert zgw.proposals([covenant, later], "gemeente", {"a": "EENZAAMHEID_SIGNAAL", "b": "ZORG_OM_PERSOON"}) == (
        {"b": {"kind": "signal", "signal_kind": "ZORG_OM_PERSOON"}},
        ["EENZAAMHEID_SIGNAAL"],
    )
