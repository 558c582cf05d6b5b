"""A hostile sender that skips its own gates meets the same gates at the receiver; and nothing refused is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from case_forms import HOUSE, TO_GEMEENTE, share_form
from memory_world import Mallory, MemoryWorld, receipts
from pydantic import ValidationError
from world import JELLE

from exchange.crypto.labels import H
from exchange.errors import InputError
from exchange.node import forms as f
from exchange.node import register
from exchange.node.codes import UnknownCodesError
from exchange.node.service import Refused
from exchange.wire import control
from exchange.wire import messages as m

PAIR = ("actium", "gemeente")
BSN = "111222333"
"""Passes the 11-proof and is known to be nobody's."""


@pytest.fixture
async def world(founded: Path, tmp_path: Path):
    async with MemoryWorld.copied(founded, tmp_path, PAIR) as made:
        yield made


def vault_rows(world: MemoryWorld, slug: str) -> int:
    """How many keys the vault holds."""
    return world.nodes[slug].ctx.vault.status().keys


async def outcome(world: MemoryWorld, mallory: Mallory, letter, to: str = "gemeente") -> list[m.PartOutcome]:
    """Deliver and read the receipt as its addressee does."""
    seen = len(receipts(world, to, mallory.slug))
    (taken,) = await mallory.send(to, mallory.wrap(to, letter))
    assert taken.ended == ["done"], world.parked(to)
    await world.until(lambda: len(receipts(world, to, mallory.slug)) > seen)
    receipt = receipts(world, to, mallory.slug)[-1][0]
    assert receipt.data.message == letter.message
    return list(receipt.data.outcomes)


def nothing_kept(world: MemoryWorld, letter, numbers: list[int], to: str = "gemeente") -> None:
    """Neither key nor ciphertext of these parts is at the node, and no record says they were received."""
    ctx = world.nodes[to].ctx
    stored = next(e for e in world.events(to, "message/received/1") if e.message == letter.message)
    for number in numbers:
        assert stored.parts[number].key_id is None
        assert stored.parts[number].codes
        assert ctx.log.sealed(H(letter.boxes[number]).hex()) is None
        assert ctx.ledger.count("contents WHERE message=? AND part=?", letter.message, number) == 0
        assert ctx.ledger.count("items WHERE message=? AND part=?", letter.message, number) == 0


HEALTH = {"category": "GEZONDHEID", "field": "situatie", "value": "Somber."}
LIES = {
    "a purpose the covenant does not have": ({"purpose": "P9_OPSPORING"}, {}, "R04"),
    "a context outside its scope": ({"context": "WERVING"}, {}, "R04"),
    "no statutory task": ({"sender_task": "nieuwsgierig"}, {}, "R07"),
    "another's task": ({"recipient_task": "verhuur"}, {}, "R07"),
    "the covenant as its basis": ({"sender_basis": "CONVENANT"}, {}, "R11"),
    "a public body on legitimate interest": ({"recipient_basis": "A6_1_f"}, {}, "R11"),
    "no notice": ({"notice": {"recipients": []}}, {}, "R14"),
    "a notice that names others": (
        {"notice": {"reference": "k-1", "given_on": "2026-03-02", "recipients": ["welzijn"]}}, {}, "R14",
    ),
    "no weighing": ({"weighing": {"necessity": " ", "proportionality": "", "subsidiarity": ""}}, {}, "R33"),
    "a category that is none": ({}, {"category": "ROEPNAAM", "field": "x"}, "R17"),
    "a field nobody may have for this": ({}, {"field": "huurschuld-bedrag"}, "R17"),
    "a service number as an item": ({}, {"value": BSN}, "R02"),
}  # fmt: skip


async def test_a_sender_that_skips_its_own_gates_is_refused_with_the_code_and_nothing_is_kept(world):
    mallory = Mallory(world, "actium")
    for lie, (statement, item, code) in LIES.items():
        rows = vault_rows(world, "gemeente")
        letter = mallory.letter("gemeente", mallory.statement("gemeente", **statement), mallory.item(**item))
        outcomes = await outcome(world, mallory, letter)
        assert not outcomes[1].accepted, lie
        assert code in outcomes[1].codes, (lie, outcomes)
        assert not outcomes[0].accepted, lie  # a statement about nothing is not kept either
        nothing_kept(world, letter, [0, 1])
        assert vault_rows(world, "gemeente") == rows, lie
    assert world.nodes["gemeente"].ctx.people.unmatched() == []
    assert world.nodes["gemeente"].ctx.writer.overlay.pairs_in["actium"].through == len(LIES)


async def test_the_lawful_item_beside_a_refused_one_is_kept(world):
    mallory = Mallory(world, "actium")
    letter = mallory.letter(
        "gemeente", mallory.statement("gemeente"), mallory.item(), mallory.item(value=f"bsn {BSN}"), mallory.item()
    )
    outcomes = await outcome(world, mallory, letter)
    assert [o.accepted for o in outcomes] == [True, True, False, True]
    assert outcomes[2].codes == ["R02"]
    nothing_kept(world, letter, [2])
    worker = world.actor("gemeente")
    read = await world.nodes["gemeente"].read_message(worker, letter.message)
    assert [i.value is not None for i in read.items] == [True, False, True]
    assert BSN not in read.model_dump_json()
    steps = [step async for step in world.nodes["gemeente"].verify_log(worker)]
    assert steps[-1].ok, steps[-1].problem


async def test_health_data_for_the_landlord_is_refused_by_the_landlord_itself(founded, tmp_path):
    """R05 on both sides: the sender's own gate, and the gate of a landlord that received it all the same."""
    async with MemoryWorld.copied(founded, tmp_path, ("welzijn", "actium")) as world:
        mallory = Mallory(world, "welzijn")
        statement = mallory.statement("actium") | {
            "sender_task": "maatschappelijk-werk", "recipient_basis": "A6_1_f", "recipient_task": "leefbaarheid",
            "special_exception": "UAVG_30_1_a",
            "notice": {"reference": "k-1", "given_on": "2026-03-02", "mode": "HUISBEZOEK", "recipients": ["actium"]},
        }  # fmt: skip
        letter = mallory.letter("actium", statement, mallory.item(**HEALTH))
        outcomes = await outcome(world, mallory, letter, "actium")
        assert "R05" in outcomes[1].codes
        nothing_kept(world, letter, [0, 1], "actium")
        own = share_form(
            await world.person("welzijn"),
            [{"partner": "actium", "basis": "A6_1_f", "task": "leefbaarheid", "special_exception": "UAVG_30_1_a"}],
            [HEALTH],
            task="maatschappelijk-werk",
            notice={"reference": "k-1", "given_on": "2026-03-02", "recipients": ["actium"]},
        )
        with pytest.raises(Refused) as refused:
            await world.share("welzijn", own)
        assert "R05" in {r.code for r in refused.value.refusals}


async def test_parts_under_a_foreign_term_are_not_kept_under_it(world):
    """A class that is not the covenant's own for the category would keep the datum for ever, or for nobody knows how long."""
    mallory = Mallory(world, "actium")
    lawful = mallory._retention(m.Kind.DISCLOSURE, mallory.item())
    for retention in (["r09", "forever"], ["r09", "r03"], ["forever", lawful], ["verantwoording", lawful]):
        letter = mallory.letter("gemeente", retention=retention)
        outcomes = await outcome(world, mallory, letter)
        assert [o.codes for o in outcomes] == [["R17"], ["R17"]], retention
        nothing_kept(world, letter, [0, 1])
    reply = mallory.letter(
        "gemeente",
        m.Reply(text="Ja.").model_dump(mode="json", exclude_none=True),
        kind=m.Kind.TAKEN_UP,
        retention=["x"],
    )
    (answered,) = await outcome(world, mallory, reply)
    assert (answered.accepted, answered.codes) == (False, ["R17"])


# ------------------------------------------------------------------------------------------------ citizen service numbers

SPELLINGS = [
    BSN,
    "111 222 333",
    "111.222.333",
    "1-1-1-2-2-2-3-3-3",
    "bsn111222333",
    "١١١٢٢٢٣٣٣",
    "111\u200b222\u200b333",
]
CODES = ["111222333", "ref-111222333", "111.222.333", "K_111-222-333"]


async def test_a_service_number_in_any_field_of_a_statement_or_item_is_refused_by_the_receiver(world):
    mallory = Mallory(world, "actium")
    base = mallory.statement("gemeente")
    weighing, notice, secrecy = base["weighing"], base["notice"], base["secrecy"]
    wpg = {"reference": "b-1", "ground": "WPG_20", "goal": "HULP", "interest": "", "recipients": [], "categories": [],
           "authority_agreed": True, "valid_until": "2026-12-31"}  # fmt: skip
    lies: list[tuple[dict[str, object], dict[str, object]]] = []
    for text in SPELLINGS:
        lies += [({"request": text}, {}), ({}, {"value": text})]
    for text in SPELLINGS[:2]:
        lies += [({"support_rationale": text}, {}), ({"secrecy": {**secrecy, "applies": True, "motivation": text}}, {})]
        lies += [({"weighing": {**weighing, name: text}}, {}) for name in weighing]
        lies += [({"wpg": {**wpg, "interest": text}}, {})]
    for code in CODES:
        lies += [({"signal_kind": code}, {}), ({"notice": {**notice, "reference": code}}, {}), ({"stated": [code]}, {})]
        lies += [
            ({"special_exception": code}, {}),
            ({"criminal_ground": code}, {}),
            ({"wpg": {**wpg, "reference": code}}, {}),
        ]
        lies += [({}, {name: code}) for name in ("source", "certainty", "source_consent", "onward_ground")]
    who = {"given_names": "", "prefix": "", "family_name": "", "postcode": "", "house_number": ""}
    naming = {"category": "IDENTIFICATIE", "field": "naam", "value": ""}
    lies += [({}, {**naming, "identity": {**who, name: BSN}}) for name in ("given_names", "family_name", "prefix")]
    lies += [({}, {**naming, "identity": {**who, "family_name": "Verzonnen", "house_number": BSN}})]
    letters = [mallory.letter("gemeente", {**base, **s}, mallory.item(**i)) for s, i in lies]
    for taken in await mallory.send("gemeente", *[mallory.wrap("gemeente", letter) for letter in letters]):
        assert taken.ended == ["done"], world.parked("gemeente")
    await world.until(lambda: len(receipts(world, "gemeente", "actium")) == len(letters))
    codes = {r.data.message: r.data.outcomes for r, _ in receipts(world, "gemeente", "actium")}
    for lie, letter in zip(lies, letters, strict=True):
        assert "R02" in codes[letter.message][1].codes, lie
        nothing_kept(world, letter, [0, 1])


async def test_a_service_number_in_any_field_a_person_fills_in_is_refused_before_it_is_stored(world, monkeypatch):
    actium = world.nodes["actium"]
    jelle = await world.person("actium")
    item = HOUSE[0]
    forms = [
        ([{**item, "value": BSN}], {}),
        ([{**item, "source": BSN}], {}),
        ([{**item, "source_consent": f"t-{BSN}"}], {}),
        ([{**item, "onward_ground": BSN}], {}),
        (HOUSE, {"request": "bel over 1112.22.333"}),
        (HOUSE, {"support_rationale": BSN}),
        (HOUSE, {"signal_kind": f"V-{BSN}"}),
        (HOUSE, {"secrecy": {"applies": True, "motivation": BSN}}),
        (HOUSE, {"weighing": {"necessity": BSN, "proportionality": "x", "subsidiarity": "x"}}),
        (HOUSE, {"notice": {"reference": BSN, "given_on": "2026-03-02", "recipients": ["gemeente"]}}),
    ]
    size = actium.ctx.log.size
    for items, more in forms:
        with pytest.raises(Refused) as refused:
            await world.share("actium", share_form(jelle, [TO_GEMEENTE], items, **more))
        assert "R02" in {r.code for r in refused.value.refusals}, (items, more)
        assert BSN not in refused.value.refusals[0].text
    assert actium.ctx.ledger.count("messages") == 0
    assert {e.topic for e in actium.ctx.log.read_all(actium.ctx.log.entries(size))} == {"refusal/recorded/1"}
    monkeypatch.setattr(register, "refuse_number", lambda _: None)  # an entry that came in some other way
    named = await world.person("actium", **{**JELLE, "family_name": f"Verzonnen {BSN}"})
    with pytest.raises(Refused) as refused:
        await world.share("actium", share_form(named, [TO_GEMEENTE], HOUSE))
    assert "R02" in {r.code for r in refused.value.refusals}


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_a_service_number_gets_into_no_entry_of_the_register(world, spelling):
    actium = world.nodes["actium"]
    size = actium.ctx.log.size
    for field in ("given_names", "prefix", "family_name", "safe_contact"):
        with pytest.raises(InputError, match="citizen service number") as refused:
            await world.person("actium", **{**JELLE, field: f"bel {spelling}"})
        assert "222" not in str(refused.value)
    assert actium.ctx.log.size == size
    await world.person("actium", **{**JELLE, "safe_contact": "06 12345678, 0528-123456, na 17.00 uur"})


@pytest.mark.parametrize("reason", CODES)
async def test_a_service_number_is_no_reason_and_no_category_in_a_public_line_of_the_log(world, reason):
    """What a person types as a code stands there unsealed, for ever, and a reason travels to the partner as well."""
    with pytest.raises(ValidationError):
        f.DropForm(reason=reason)
    with pytest.raises(ValidationError):
        control.RefusedFrame(frame="ab" * 32, code=reason, permanent=True)
    mallory = Mallory(world, "actium")
    letter = mallory.letter("gemeente", kind=m.Kind.VOID, reason=reason)
    await mallory.send("gemeente", mallory.wrap("gemeente", letter))
    assert world.parked("gemeente") == ["schema"]
    jelle = await world.person("actium")
    size = world.nodes["actium"].ctx.log.size
    for code in ("category", "field"):
        with pytest.raises(UnknownCodesError) as unknown:
            await world.share("actium", share_form(jelle, [TO_GEMEENTE], [{**HOUSE[0], code: reason}]))
        assert "222" not in str(unknown.value) + repr(unknown.value.details)
    assert world.nodes["actium"].ctx.log.size == size, "nothing was stored, so nothing of what was typed"
    (kept, refused) = await outcome(
        world, mallory, mallory.letter("gemeente", mallory.statement("gemeente"), mallory.item(category=reason))
    )
    assert (kept.accepted, refused.accepted) == (False, False)
    for slug in PAIR:
        log = world.nodes[slug].ctx.log
        assert not [row for row in log.entries(0, 10_000) if reason in str(row.public)], slug


async def test_what_is_no_partner_stands_in_no_public_line_of_the_log(world):
    """Where a partner's name is asked anybody's may be typed: the refusal says only that there is no such partner."""
    actium, worker, typed = world.nodes["actium"], world.actor("actium"), "jelle-verzonnen"
    form = share_form(await world.person("actium"), [{**TO_GEMEENTE, "partner": typed}], HOUSE)
    with pytest.raises(Refused):
        await actium.share(worker, form, None)
    (refused,) = world.events("actium", "refusal/recorded/1")
    assert refused.partner == ""
    log = actium.ctx.log
    assert not any(typed.encode() in entry.state for entry in log.entries(0, log.size))


async def test_a_service_number_in_an_answer_is_refused_on_both_sides(world):
    mallory = Mallory(world, "actium")
    letter = mallory.letter("gemeente")
    await mallory.send("gemeente", mallory.wrap("gemeente", letter))
    gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
    with pytest.raises(Refused) as refused:
        await gemeente.reply(worker, letter.message, f.ReplyForm(state="taken-up", text=f"nr {BSN}"), None)
    assert [r.code for r in refused.value.refusals] == ["R02"]
    coded = f.ReplyForm(state="handled", text="Klaar.", result=f"nr-{BSN}")
    with pytest.raises(Refused):
        await gemeente.reply(worker, letter.message, coded, None)
    assert gemeente.ctx.ledger.count("messages WHERE direction='sent'") == 0
    reply = mallory.letter(
        "gemeente", m.Reply(text=f"nr {BSN}").model_dump(mode="json", exclude_none=True), kind=m.Kind.HANDLED
    )
    (answered,) = await outcome(world, mallory, reply)
    assert (answered.accepted, answered.codes) == (False, ["R02"])
    nothing_kept(world, reply, [0])
    answer = await gemeente.reply(worker, letter.message, f.ReplyForm(state="taken-up", text="Morgen, 12345678."), None)
    assert answer.messages[0].partner == "actium"  # eight digits are nobody's business here


async def test_more_than_a_frame_holds_is_refused_before_it_is_numbered(world):
    """Accepted into the log it could never be sent, and would wait for ever."""
    jelle = await world.person("actium")
    items = [{**HOUSE[0], "value": "\x01" * 500} for _ in range(200)]
    with pytest.raises(InputError, match="at most 524288 can be sent"):
        await world.share("actium", share_form(jelle, [TO_GEMEENTE], items))
    actium = world.nodes["actium"]
    assert actium.ctx.writer.overlay.pairs_out["gemeente"].last == 0
    assert actium.ctx.ledger.count("messages") == 0
    answer = await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE))
    assert (answer.messages[0].sequence, answer.messages[0].state) == (1, "receipted")
