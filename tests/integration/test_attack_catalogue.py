"""Every code of the catalogue that concerns exchange: what refuses it and the lawful case beside it, at sender and receiver.

The covenant of these nodes is that of De Wolden with everything it leaves to choose turned to its strictest.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from case_forms import HOUSE, TO_GEMEENTE, share_form
from memory_world import Mallory, MemoryWorld, make_founded, receipts
from world import COVENANT

from exchange.domain.refusals import CATALOGUE
from exchange.node import facts_forms as ff
from exchange.node import forms as f
from exchange.node.service import Actor, Refused
from exchange.wire import messages as m

PAIR = ("actium", "gemeente")
NOT_OF_EXCHANGE = {"R20", "R21", "R22", "R23", "R24", "R25"}
"""Answers to the rights of data subjects, and breaches."""
TOLD = {"reference": "k-1", "given_on": "2026-03-02", "mode": "HUISBEZOEK", "recipients": ["gemeente"]}
EXCUSED = {"exception": "UAVG_41_1_i", "considerations": {"a": "Veiligheid."}, "motivation": "Gevaar voor haar."}
NUISANCE = {"category": "OVERLAST", "field": "aard-overlast", "value": "Stank."}
INCOME = {"category": "WERK_INKOMEN", "field": "inkomen", "value": "Bijstand."}
"""The covenant has it, and no housing corporation may tell it."""
INVENTED = {"conference": str(uuid4()), "chair_release": str(uuid4())}
"""No chair released anything under these."""
DANGER = {"danger": "Gas.", "interest_of": "OTHER"}


@dataclass(frozen=True)
class Case:
    """One code: what breaks the rule and what keeps it, as a form and as parts on the wire."""

    bad: dict[str, Any] = field(default_factory=dict)
    """Changes of the form; ``item`` changes its one item, ``to`` its recipient."""
    good: dict[str, Any] = field(default_factory=dict)
    wire: dict[str, Any] | None = field(default_factory=dict)
    """Changes of statement (and ``item``, ``kind``) by a sender without scruples; ``None`` when a receiver cannot know."""
    wire_good: dict[str, Any] = field(default_factory=dict)


SIGNAL = {"kind": "signal", "signal_kind": "VERVUILING"}
CASES: dict[str, Case] = {
    "R01": Case(
        {**SIGNAL, "item": NUISANCE}, SIGNAL,
        {"kind": m.Kind.SIGNAL, "signal_kind": "VERVUILING", "item": NUISANCE},
        {"kind": m.Kind.SIGNAL, "signal_kind": "VERVUILING"},
    ),
    "R02": Case({"request": "bel over 111222333"}, {"request": "bel morgen"}, {"request": "bsn 111222333"}),
    "R03": Case({**SIGNAL, "support_rationale": " "}, SIGNAL, {"kind": m.Kind.SIGNAL, "support_rationale": ""}),
    "R04": Case({"context": "WERVING"}, {"context": "PREVENTIE"}, {"context": "WERVING"}),
    "R05": Case(
        {"item": {"category": "GEZONDHEID", "field": "situatie", "value": "Somber."}}, {},
        {"item": {"category": "GEZONDHEID", "field": "situatie", "value": "Somber."}},
    ),
    "R06": Case(
        {"item": {"category": "STRAFRECHTELIJK", "field": "aard-incidenten", "value": "Hennep."}}, {},
        {"item": {"category": "STRAFRECHTELIJK", "field": "aard-incidenten", "value": "Hennep."}},
    ),
    "R07": Case({"task": "nieuwsgierig"}, {"task": "leefbaarheid"}, {"sender_task": "nieuwsgierig"}),
    "R08": Case({"to": {"partner": "woonstichting-elders", "basis": "A6_1_f", "task": "verhuur"}}, {}, None),
    "R09": Case({"purpose": "P2_BELEID"}, {}, {"purpose": "P2_BELEID"}),
    "R11": Case({"basis": "CONVENANT"}, {"basis": "A6_1_b"}, {"sender_basis": "CONVENANT"}),
    "R12": Case(INVENTED, {}, INVENTED),
    "R13": Case({"item": {"category": "CONTACT", "field": "telefoon", "value": "Belt niet."}}, {}, None),
    "R14": Case({"notice": {**TOLD, "recipients": ["welzijn"]}}, {}, {"notice": {**TOLD, "recipients": ["welzijn"]}}),
    "R15": Case(
        {"notice": {**EXCUSED, "review_on": "2026-03-01"}},
        {"notice": {**EXCUSED, "review_on": "2026-03-02"}},
        {"notice": {"exception": "UAVG_41_1_i", "review_on": "2026-03-01", "recipients": ["gemeente"]}},
        {"notice": {"exception": "UAVG_41_1_i", "review_on": "2026-03-02", "recipients": ["gemeente"]}},
    ),
    "R17": Case({"item": INCOME}, {"item": NUISANCE}, {"item": {"field": "schoenmaat"}}),
    "R19": Case(
        {"item": {"valid_until": "2026-03-01"}}, {"item": {"valid_until": "2026-03-02"}},
        {"item": {"valid_until": "2026-03-01"}}, {"item": {"valid_until": "2026-03-02"}},
    ),
    "R29": Case(
        {"item": {"origin_partner": "onbekend"}}, {"item": {"origin_partner": "gemeente"}},
        {"item": {"origin_partner": "onbekend"}}, {"item": {"origin_partner": "gemeente"}},
    ),
    "R30": Case(
        {"secrecy": {"applies": True}}, {"secrecy": {"applies": True, "regime": "BEROEPSCODE", "ground": "TOESTEMMING"}},
        {"secrecy": {"applies": True, "motivation": ""}},
    ),
    "R31": Case(
        {"request": "Mogen wij deze huurder accepteren, ja/nee?"}, {"request": "Wat kan deze huurder helpen?"},
        {"request": "Mogen wij deze huurder accepteren, ja/nee?"},
    ),
    "R33": Case({"weighing": {}}, {}, {"weighing": {"necessity": "", "proportionality": "", "subsidiarity": ""}}),
    "R34": Case({"request": "dossier 99999006"}, {"request": "dossier 99999006", "number_confirmed": True},
                {"request": "dossier 99999006"}, {"request": "dossier 99999006", "numbers_confirmed": True}),
    "R35": Case({"emergency": DANGER}, {"emergency": DANGER, "basis": "A6_1_d"}, {"emergency": DANGER},
                {"emergency": DANGER, "sender_basis": "A6_1_d"}),
}  # fmt: skip
ELSEWHERE = {
    "R10": "tests/unit/domain: no third party is on the exchange, and the act itself is the casework's",
    "R16": "test_a_frame_that_does_not_hold_is_r16_where_people_read_it",
    "R18": "test_facts: what was restricted here is not passed on; a receiver cannot know",
    "R26": "test_training_and_review_refuse_where_the_covenant_says_so; a receiver cannot know",
    "R27": "test_training_and_review_refuse_where_the_covenant_says_so",
    "R28": "test_police_data_without_a_decision_are_refused_by_the_receiver_itself, and test_facts",
    "R32": "test_facts: a system sends only what a person decided; a receiver cannot know",
    "R36": "test_casework: a case is used by those in its scope, and a hostile sender is refused by the receiver",
}


def test_every_code_of_exchange_has_its_case() -> None:
    assert set(CASES) | set(ELSEWHERE) | NOT_OF_EXCHANGE == set(CATALOGUE)
    assert not set(CASES) & set(ELSEWHERE)


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Founded under the strictest covenant."""
    home = tmp_path_factory.mktemp("strict")
    text = COVENANT.read_text(encoding="utf-8")
    for old, new in (
        ('# register_before = ["disclosure"]', 'register_before = ["disclosure"]'),
        ('training_lapsed = "warn"', 'training_lapsed = "refuse"'),
        ('review_overdue = "warn"', 'review_overdue = "refuse"'),
    ):
        assert old in text
        text = text.replace(old, new)
    path = home / "covenant.toml"
    path.write_text(text, encoding="utf-8")
    asyncio.run(make_founded(home / "founded", path))
    return home / "founded"


ENTRY = {
    "name": "Buurtteam", "purposes": ["P0_ONDERSTEUNING"],
    "categories": ["IDENTIFICATIE", "HUISVESTING", "OVERLAST", "GEZONDHEID", "STRAFRECHTELIJK"],
    "recipients": ["gemeente"], "bases": ["A6_1_f"],
}  # fmt: skip


@pytest.fixture
async def world(strict: Path, tmp_path: Path) -> AsyncIterator[MemoryWorld]:
    async with MemoryWorld.copied(strict, tmp_path, PAIR) as made:
        node, actor = made.nodes["actium"], made.actor("actium")
        await node.facts.record_training(actor, ff.TrainingForm(followed_on=date(2026, 3, 1)))
        await node.facts.register_activity(actor, ff.ActivityForm.model_validate(ENTRY), None)
        yield made


def form_of(subject: Any, changes: dict[str, Any]) -> f.ShareForm:
    more = {k: v for k, v in changes.items() if k not in {"item", "to"}}
    item = {**HOUSE[0], **changes.get("item", {})}
    return share_form(subject, [changes.get("to", TO_GEMEENTE)], [item], **{"notice": TOLD, **more})


def counted(world: MemoryWorld, slug: str, side: str, code: str) -> int:
    row = world.nodes[slug].ctx.ledger.one("SELECT sum(n) AS n FROM refusals WHERE side=? AND code=?", side, code)
    return int(row["n"] or 0) if row else 0


async def test_the_sender_refuses_what_breaks_each_rule_and_sends_what_keeps_it(world: MemoryWorld) -> None:
    actium, worker = world.nodes["actium"], world.actor("actium")
    jelle = await world.person("actium")
    for code, case in CASES.items():
        if case.bad == case.good:
            continue
        before, sent = (
            counted(world, "actium", "sender", code),
            actium.ctx.ledger.count("messages WHERE direction='sent'"),
        )
        with pytest.raises(Refused) as refused:
            await actium.share(worker, form_of(jelle, case.bad), None)
        assert code in {r.code for r in refused.value.refusals}, (code, refused.value.refusals)
        assert counted(world, "actium", "sender", code) == before + 1, code
        assert actium.ctx.ledger.count("messages WHERE direction='sent'") == sent, code
        answer = await world.share("actium", form_of(jelle, case.good))
        assert [(s.state, s.rejected) for s in answer.messages] == [("receipted", {})], code
    for event in world.events("actium", "refusal/recorded/1"):
        assert "Verzonnen" not in event.model_dump_json()
        assert set(event.model_dump()) == {
            "originator_id",
            "at",
            "side",
            "partner",
            "kind",
            "codes",
            "categories",
            "by",
        }


async def test_the_receiver_refuses_the_same_from_a_sender_that_does_not_ask_itself(world: MemoryWorld) -> None:
    mallory, seen = Mallory(world, "actium"), 0
    for code, case in CASES.items():
        for lie, refuses in ((case.wire, True), (case.wire_good, False)):
            if lie is None:
                continue
            changes = {k: v for k, v in lie.items() if k not in {"item", "kind"}}
            changes.setdefault("notice", {**TOLD, "recipients": ["gemeente"]})
            letter = mallory.letter(
                "gemeente",
                mallory.statement("gemeente", **changes),
                mallory.item(**lie.get("item", {})),
                kind=lie.get("kind", m.Kind.DISCLOSURE),
            )
            before = counted(world, "gemeente", "receiver", code)
            taken = await mallory.insist("gemeente", mallory.wrap("gemeente", letter))
            assert taken.ended == ["done"], (code, world.parked("gemeente"))
            seen += 1
            await world.until(lambda seen=seen: len(receipts(world, "gemeente", "actium")) == seen)
            outcome = receipts(world, "gemeente", "actium")[-1][0].data.outcomes[1]
            assert outcome.accepted != refuses, (code, lie, outcome.codes)
            if refuses:
                assert code in outcome.codes, (code, outcome.codes)
                assert counted(world, "gemeente", "receiver", code) == before + 1, code
    gemeente = world.nodes["gemeente"]
    kept = gemeente.ctx.ledger.count("messages WHERE direction='received'")
    assert kept == seen, "also what was refused has its receipt, without its content"
    steps = [step async for step in gemeente.verify_log(world.actor("gemeente"))]
    assert steps[-1].ok, steps[-1].problem


async def test_training_and_review_refuse_where_the_covenant_says_so(world: MemoryWorld) -> None:
    actium, worker = world.nodes["actium"], world.actor("actium")
    jelle = await world.person("actium")
    form = form_of(jelle, {})
    stranger = Actor(uuid4(), "person", frozenset({"worker"}))
    with pytest.raises(Refused) as refused:
        await actium.share(stranger, form, None)
    assert [r.code for r in refused.value.refusals] == ["R26"]
    await actium.share(worker, form, None)
    world.clock.set(datetime(2026, 10, 1, 21, 59, tzinfo=UTC))  # 23:59 in Amsterdam on the last day
    await actium.share(worker, form, None)
    world.clock.forward(minutes=1)
    with pytest.raises(Refused) as refused:
        await actium.share(worker, form, None)
    assert [r.code for r in refused.value.refusals] == ["R27"]
    mallory = Mallory(world, "actium", number=2)
    await world.until(lambda: len(receipts(world, "gemeente", "actium")) == 2)
    await mallory.send("gemeente", mallory.frame("gemeente"))
    await world.until(lambda: len(receipts(world, "gemeente", "actium")) == 3)
    assert "R27" in receipts(world, "gemeente", "actium")[-1][0].data.outcomes[1].codes


async def test_the_register_and_the_training_make_good_what_waited_for_them(strict: Path, tmp_path: Path) -> None:
    async with MemoryWorld.copied(strict, tmp_path, PAIR) as world:
        actium, worker = world.nodes["actium"], world.actor("actium")
        jelle = await world.person("actium")
        await world.share(
            "actium", share_form(jelle, [{**TO_GEMEENTE, "basis": "A6_1_d"}], HOUSE, basis="A6_1_d", emergency=DANGER)
        )
        assert [d.code for d in actium.facts.duties.all(worker, closed=False)] == ["R13", "R26"]
        entry = {
            "name": "Signalering", "purposes": ["P0_ONDERSTEUNING"], "categories": ["HUISVESTING"], "recipients": ["gemeente"],
            "bases": ["A6_1_d"],
        }  # fmt: skip
        narrow = await actium.facts.register_activity(worker, ff.ActivityForm.model_validate(entry), None)
        assert len(actium.facts.duties.all(worker, closed=False)) == 2, "it does not cover what was sent"
        whole = {**entry, "entry": narrow.entry, "categories": ["HUISVESTING", "OVERLAST", "IDENTIFICATIE"]}
        await actium.facts.register_activity(worker, ff.ActivityForm.model_validate(whole), None)
        assert [d.code for d in actium.facts.duties.all(worker, closed=False)] == ["R26"]
        await actium.facts.record_training(worker, ff.TrainingForm(followed_on=date(2025, 3, 1)))
        assert len(actium.facts.duties.all(worker, closed=False)) == 1, "that training has lapsed"
        await actium.facts.record_training(worker, ff.TrainingForm(followed_on=date(2026, 3, 2)))
        assert actium.facts.duties.all(worker, closed=False) == []
        await actium.share(worker, share_form(jelle, [TO_GEMEENTE], HOUSE), None)


async def test_police_data_without_a_decision_are_refused_by_the_receiver_itself(strict: Path, tmp_path: Path) -> None:
    async with MemoryWorld.copied(strict, tmp_path, ("politie", "actium")) as world:
        mallory = Mallory(world, "politie")
        base = mallory.statement(
            "actium", sender_basis="A6_1_e", sender_task="handhaving", recipient_basis="A6_1_f", recipient_task="verhuur",
            notice={**TOLD, "recipients": ["actium"]},
        )  # fmt: skip
        decision = {
            "reference": "b-1", "ground": "WPG_19", "goal": "b", "interest": "openbare orde", "recipients": ["actium"],
            "categories": ["OVERLAST"], "authority_agreed": True, "valid_until": "2026-03-02",
        }  # fmt: skip
        expired = {**decision, "valid_until": "2026-03-01"}
        old = {**NUISANCE, "observed_on": "2025-03-01"}
        for number, (wpg, item, codes) in enumerate(
            [
                (None, NUISANCE, ["R28"]),
                (expired, NUISANCE, ["R28"]),
                (decision, old, ["R19"]),
                (decision, {**NUISANCE, "observed_on": "2025-03-02"}, []),
            ],
            start=1,
        ):
            letter = mallory.letter("actium", {**base, **({"wpg": wpg} if wpg else {})}, mallory.item(**item))
            await mallory.send("actium", mallory.wrap("actium", letter))
            await world.until(lambda number=number: len(receipts(world, "actium", "politie")) == number)
            assert receipts(world, "actium", "politie")[-1][0].data.outcomes[1].codes == codes


async def test_a_decision_that_ran_out_on_the_way_counts_as_on_the_day_it_was_logged(
    strict: Path, tmp_path: Path
) -> None:
    """The receiver judges by the sender's logged day, not by the day on which the broker at last delivers."""
    async with MemoryWorld.copied(strict, tmp_path, PAIR) as world:
        mallory = Mallory(world, "actium")
        short = {"exception": "UAVG_41_1_i", "review_on": "2026-03-02", "recipients": ["gemeente"]}
        sent = world.clock.now()
        world.clock.forward(hours=16)  # the next day in Amsterdam
        for number, (at, codes) in enumerate([(sent, []), (world.clock.now(), ["R15"])], start=1):
            letter = mallory.letter("gemeente", mallory.statement("gemeente", notice=short), mallory.item(), at=at)
            await mallory.send("gemeente", mallory.wrap("gemeente", letter))
            await world.until(lambda number=number: len(receipts(world, "gemeente", "actium")) == number)
            assert receipts(world, "gemeente", "actium")[-1][0].data.outcomes[1].codes == codes


async def test_a_frame_that_does_not_hold_is_r16_where_people_read_it(world: MemoryWorld) -> None:
    mallory = Mallory(world, "actium")
    letter = mallory.letter("gemeente")
    await mallory.send("gemeente", mallory.wrap("gemeente", letter, signature=bytes(64)))
    gemeente, operator = world.nodes["gemeente"], world.actor("gemeente")
    (parked,) = await gemeente.parked(operator)
    assert (parked.reason, parked.code) == ("bad-signature", "R16")
    assert counted(world, "gemeente", "receiver", "R16") == 1
    lawful = mallory.letter("gemeente", sequence=1)
    await mallory.send("gemeente", mallory.wrap("gemeente", lawful))
    await world.until(lambda: len(receipts(world, "gemeente", "actium")) == 1)
    assert [o.accepted for o in receipts(world, "gemeente", "actium")[0][0].data.outcomes] == [True, True]
