"""Scenario 7: the case conference of 12 March 2026 about the house and the noise. All persons are invented."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from conference_forms import DAY, Meeting, nuisance, opened, plaintexts, share
from scenes import Scene, somebody

from exchange.node import casework_forms as wf
from exchange.node import conference_forms as cf
from exchange.node import facts_forms as ff
from exchange.node import forms as f
from exchange.node.service import Refused
from exchange.wire import messages as m

FIRST = ["gemeente", "actium", "welzijn"]
SECOND = ["gemeente", "politie", "welzijn"]
"""Actium is out of scope of the second case, the police of the first."""
OFFERS: list[tuple[str, list[str], int, str]] = [
    ("actium", ["gemeente", "welzijn"], 0, "release"),
    ("actium", ["welzijn"], 0, "release"),
    ("actium", ["gemeente"], 0, "strike"),
    ("actium", ["gemeente"], 0, "release"),
    ("welzijn", ["actium"], 0, "release"),
    ("welzijn", ["gemeente"], 0, "strike"),
    ("welzijn", ["gemeente", "actium"], 0, "release"),
    ("gemeente", ["actium", "welzijn"], 0, "release"),
    ("welzijn", ["gemeente"], 1, "release"),
    ("gemeente", ["welzijn"], 1, "strike"),
    ("politie", ["gemeente", "welzijn"], 1, "release"),
]
AGREED = [
    (0, cf.AgreementForm(action="Opruimhulp regelen", owner="welzijn", due="2026-03-20")),
    (0, cf.AgreementForm(action="Zorgteam inschakelen", owner="gemeente", due="2026-03-19", third_party="Zorgteam Fictie")),
    (0, cf.AgreementForm(action="Brandveiligheid bekijken", owner="actium", due="2026-03-13")),
    (1, cf.AgreementForm(action="Wijkagent langs", owner="politie", due="2026-03-18")),
]  # fmt: skip


def canary(n: int) -> str:
    return f"KANARIE-{n:02d}"


async def decision(scene: Scene) -> UUID:
    """The police may tell the municipality and Welzijn (Wpg 20(1))."""
    form = ff.DecisionForm.model_validate({
        "reference": "besluit-2026-3", "ground": "WPG_20_1", "goal": "c", "decided_on": "2026-03-02",
        "signed_by": "teamchef", "interest": "hulp", "purpose": "Hulp bij het opruimen.", "authority": "BURGEMEESTER",
        "agreed_on": "2026-03-02", "recipients": ["gemeente", "welzijn"],
        "categories": ["OVERLAST", "IDENTIFICATIE", "CONTACT"], "valid_until": "2026-12-31",
    })  # fmt: skip
    return (await scene.world.nodes["politie"].facts.register_decision(somebody("wpg-functionary"), form, None)).fact


async def offered(scene: Scene, meeting: Meeting) -> None:
    people = {slug: await scene.world.person(slug) for slug in scene.world.nodes}
    under = {"politie": {"wpg_decision_id": str(await decision(scene))}}
    for n, (owner, to, case, _) in enumerate(OFFERS):
        await meeting.offer(owner, to, canary(n), people[owner], case=case, **under.get(owner, {}))


async def test_of_eleven_offers_the_chair_strikes_three_and_everybody_gets_what_was_released_to_it(
    tmp_path: Path,
) -> None:
    async with Scene.opened(tmp_path) as scene:
        world = scene.world
        meeting = await Meeting.planned(world, [FIRST, SECOND])
        chair, table = meeting.chair, world.nodes["gemeente"].conferences
        await offered(scene, meeting)

        # The chair sees eleven offers and why, and not a word of their content; nor does anybody else.
        offers = await table.offers(chair, meeting.conference)
        assert (len(offers), {o.status for o in offers}) == (11, {"offered"})
        assert {o.why for o in offers} == {"Nodig om te bepalen welke hulp past."}
        assert "KANARIE" not in "".join(o.model_dump_json() for o in offers)
        assert scene.who_got("KANARIE") == set()

        # Three are struck, eight released: each goes to exactly its recipients, and of a struck one nothing, in any part.
        await meeting.decide(*[(meeting.offers[canary(n)], one[3]) for n, one in enumerate(OFFERS)])
        for n, (owner, _, _, what) in enumerate(OFFERS):
            await meeting.reaches(owner, meeting.offers[canary(n)], {"release": "sent", "strike": "struck"}[what])
        await scene.settled()
        parts = plaintexts(world)
        for n, (owner, to, _, what) in enumerate(OFFERS):
            went = Counter((s, r, kind) for s, r, kind, plain in parts if canary(n).encode() in plain)
            assert went == Counter((owner, r, m.Kind.DISCLOSURE.value) for r in to if what == "release"), (n, went)
        for node in world.nodes.values():
            assert node.ctx.ledger.count("messages WHERE rejected IS NOT NULL") == 0

        # Out of scope is out of sight: Actium hears of the second case nothing at all.
        hidden = [str(meeting.cases[1]).encode(), str(meeting.items[1]).encode(), b"verklaring-politie"]
        assert not [1 for _, r, _, plain in parts if r == "actium" and any(h in plain for h in hidden)]
        seen = await world.nodes["actium"].conferences.show(world.actor("actium"), meeting.conference)
        assert [a.case for a in seen.agenda] == [meeting.cases[0]]
        assert {p.partner for p in seen.participants} == set(FIRST)


async def test_what_was_agreed_is_minuted_and_carried_out_with_a_third_party_and_no_further(tmp_path: Path) -> None:
    async with Scene.opened(tmp_path) as scene:
        world, gemeente, worker = scene.world, scene.world.nodes["gemeente"], scene.world.actor("gemeente")
        await without_a_chair(scene)
        meeting = await Meeting.planned(world, [FIRST, SECOND])
        agreed = []
        for case, one in AGREED:
            minutes = cf.MinutesForm(item=meeting.items[case], agreements=[one])
            agreed += await gemeente.conferences.minutes(meeting.chair, meeting.conference, minutes, None)
        decided = cf.MinutesForm(item=meeting.items[0], decisions=["Opschalen naar een plan van aanpak."])
        await gemeente.conferences.minutes(meeting.chair, meeting.conference, decided, None)
        await gemeente.conferences.outcome(meeting.chair, meeting.conference, cf.OutcomeForm(), None)
        await scene.settled()
        shown = await gemeente.conferences.show(meeting.chair, meeting.conference)
        assert [(len(a.agreements), len(a.decisions)) for a in shown.agenda] == [(3, 1), (1, 0)]
        assert scene.who_got("Opruimhulp regelen") == {("gemeente", "actium"), ("gemeente", "welzijn")}
        assert scene.who_got("Wijkagent langs") == {("gemeente", "politie"), ("gemeente", "welzijn")}

        # Zorgteam Fictie gets two items on the agreement that names it; without an agreement nothing, nor for another case.
        jelle = await world.person("gemeente")
        form = third_party(jelle, meeting.cases[0], ["De woning is vol.", "De gang is vrij."])
        assert await refusal(scene, form) == {"R10": "8.1"}
        assert await refusal(scene, form.model_copy(update={"agreement": agreed[3]})) == {"R10": "8.1"}
        action = wf.ActionForm(
            owner="gemeente", due=date(2026, 3, 19), text="Zorgteam inschakelen.", agreement=agreed[1]
        )
        await gemeente.cases.set_action(worker, meeting.cases[0], action, None)
        on = form.model_copy(update={"agreement": agreed[1]})
        act = await gemeente.third_parties.disclose(worker, on, None)
        assert [s.state for s in act.messages] == ["stated"]
        fourth = third_party(jelle, meeting.cases[0], ["Er ligt glas in de tuin."])
        assert await refusal(scene, fourth) == {"R10": "8.1"}

        # What is shown: two items to Zorgteam Fictie, on the municipality's own Wmo task; and nothing of it was on the wire.
        (row,) = await gemeente.third_parties.all(worker)
        assert (row.name, row.agreement, row.basis) == ("Zorgteam Fictie", agreed[1], ["A6_1_e", "wmo"])
        items = await scene.knows("gemeente", jelle)
        assert [(i.partner_name, i.channel, i.proven) for i in items] == [("Zorgteam Fictie", "PHONE", False)] * 2
        assert scene.who_got("De woning is vol.") == set()


async def without_a_chair(scene: Scene) -> None:
    """Nobody chairs, or somebody who is registered as no chair: there is no conference."""
    node, office = scene.world.nodes["gemeente"], scene.world.actor("gemeente")
    case = str(await opened(scene.world, ["gemeente", "welzijn"]))
    plan: dict[str, Any] = {
        "date": DAY,
        "participants": [{"partner": "welzijn", "role": "DEELNEMER", "secrecy": "verklaring-1"}],
        "agenda": [{"case": case, "partners": ["welzijn"]}],
    }
    for chair in (None, office.id):
        form = cf.ConferenceForm.model_validate({**plan, "chair": chair})
        with pytest.raises(Refused) as refused:
            await node.conferences.plan(somebody("chair"), form, None)
        assert [(r.code, r.article) for r in refused.value.refusals] == [("R12", "11.2")]
    assert node.ctx.ledger.count("conferences") == 0


def third_party(subject: UUID, case: UUID, texts: list[str]) -> wf.ThirdPartyForm:
    """Told by telephone to Zorgteam Fictie."""
    basis = share("gemeente", ["welzijn"], [nuisance(text) for text in texts], subject, context="CASUS")
    same = basis.model_dump(include={"subject", "items", "purpose", "context", "basis", "task", "weighing", "notice"})
    more = {
        "case": case,
        "name": "Zorgteam Fictie",
        "named_to_subject": True,
        "channel": "PHONE",
        "occurred_on": date(2026, 3, 2),
    }
    return wf.ThirdPartyForm.model_validate({**same, **more})


async def refusal(scene: Scene, form: wf.ThirdPartyForm) -> dict[str, str]:
    with pytest.raises(Refused) as refused:
        await scene.world.nodes["gemeente"].third_parties.disclose(scene.world.actor("gemeente"), form, None)
    answers: list[f.RefusalAnswer] = refused.value.refusals
    return {r.code: r.article for r in answers}
