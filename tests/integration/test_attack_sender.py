"""A lawful partner turns hostile: it has true keys and a place on the broker, and lies about everything else (protocol §10)."""

from __future__ import annotations

import importlib.util
import json
from datetime import timedelta
from pathlib import Path

import pytest
from case_forms import HOUSE, TO_GEMEENTE, share_form
from memory_world import Letter, Mallory, MemoryWorld, Taken, fake_transport, receipts

from exchange.crypto import envelope, labels
from exchange.crypto import prekeys as pk
from exchange.crypto.hpke import xwing_public
from exchange.node import forms as f
from exchange.node.messages import moment
from exchange.node.partners import LABELS
from exchange.wire import control
from exchange.wire import messages as m
from exchange.wire.codec import encode, encode_model

THREE = ("actium", "gemeente", "politie")


@pytest.fixture
async def world(founded: Path, tmp_path: Path):
    async with MemoryWorld.copied(founded, tmp_path, THREE) as made:
        yield made


async def refused(world: MemoryWorld, to: str, sender: str, frame: bytes) -> str:
    """Deliver; nothing is stored, the frame is parked and acknowledged; gives the code."""
    size = len(world.received(to))
    (taken,) = await world.deliver(to, sender, frame)
    assert taken.ended == ["done"]
    assert len(world.received(to)) == size
    return world.parked(to)[-1]


# ------------------------------------------------------------------------------------------------ who speaks


async def test_surreptitious_forwarding_by_a_lawful_recipient(world):
    """The police unwraps what Actium wrote to it, and wraps the same signed message for the municipality."""
    actium, police = Mallory(world, "actium"), Mallory(world, "politie")
    letter = actium.letter("politie")
    forwarded = police.wrap("gemeente", letter)
    assert await refused(world, "gemeente", "politie", forwarded) == "sender-unknown"
    assert await refused(world, "gemeente", "actium", actium.wrap("gemeente", letter)) == "not-for-me"


async def test_strip_and_re_sign(world):
    actium, police = Mallory(world, "actium"), Mallory(world, "politie")
    letter = actium.letter("gemeente")
    letter.signer = police.node.ctx.keys.sign
    assert await refused(world, "gemeente", "actium", actium.wrap("gemeente", letter)) == "bad-signature"
    letter.data["sender"] = police.node.ctx.me.id.hex()
    letter.header["source"] = m.source_of("politie")
    assert await refused(world, "gemeente", "politie", police.wrap("gemeente", letter)) == "part-sealed"


async def test_impersonation_and_publishing_on_anothers_subject_with_anothers_header(world):
    actium = Mallory(world, "actium")
    assert await refused(world, "gemeente", "politie", actium.frame("gemeente")) == "sender-unknown"
    letter = actium.letter("gemeente")
    letter.data["sender"] = world.nodes["politie"].ctx.me.id.hex()
    assert await refused(world, "gemeente", "politie", actium.wrap("gemeente", letter)) == "sender-unknown"
    letter.header["source"] = m.source_of("politie")
    assert await refused(world, "gemeente", "politie", actium.wrap("gemeente", letter)) == "bad-signature"


async def test_an_unknown_partner_and_a_name_outside_the_covenant(world):
    actium = Mallory(world, "actium")
    letter = actium.letter("gemeente")
    letter.data["sender"] = "5a" * 16
    assert await refused(world, "gemeente", "actium", actium.wrap("gemeente", letter)) == "sender-unknown"
    assert await refused(world, "gemeente", "vreemde", actium.frame("gemeente")) == "sender-unknown"


async def test_another_covenant_and_another_generation(world):
    actium = Mallory(world, "actium")
    letter = actium.letter("gemeente")
    letter.data["covenant"] = "00" * 32
    assert await refused(world, "gemeente", "actium", actium.wrap("gemeente", letter)) == "other-covenant"
    assert await refused(world, "gemeente", "actium", actium.frame("gemeente", generation=0)) == "generation-over"
    wrapped = actium.wrap("gemeente", actium.letter("gemeente"), generation=2)
    assert await refused(world, "gemeente", "actium", wrapped) == "hpke-failed"


async def test_a_generation_not_accepted_here_yet_waits_longer_each_time_and_is_not_parked(world):
    actium = Mallory(world, "actium")
    frame = actium.frame("gemeente", generation=2)
    delays = []
    for attempt in range(1, 12):
        taken = Taken("actium", frame, attempts=attempt)
        await world.nodes["gemeente"].inbox_handler.take([taken])
        assert taken.ended == ["later"]
        delays += taken.delays
    assert delays == sorted(delays)
    assert (delays[0], delays[-1]) == (5, 300)
    assert world.parked("gemeente") == []


async def test_a_clock_ahead_is_put_off_until_its_time_has_come(world):
    actium = Mallory(world, "actium")
    world.clock.forward(minutes=6)
    frame = actium.frame("gemeente")
    world.clock.forward(minutes=-6)
    (taken,) = await actium.send("gemeente", frame)
    assert taken.ended == ["later"]
    assert world.parked("gemeente") == []
    world.clock.forward(minutes=1)
    (taken,) = await actium.send("gemeente", frame)
    assert taken.ended == ["done"]
    assert len(world.received("gemeente")) == 1


# ------------------------------------------------------------------------------------------------ what is said


def salamander():
    """The builder of tests/unit/crypto/test_salamander.py."""
    path = Path(__file__).parents[1] / "unit" / "crypto" / "test_salamander.py"
    spec = importlib.util.spec_from_file_location("salamander_builder", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.salamander


async def test_salamander_part_has_one_reading_only(world):
    """One ciphertext, two keys that open it: the node takes only the key the signed header commits to."""
    actium = Mallory(world, "actium")
    letter = actium.letter(
        "gemeente", m.Reply(text="x").model_dump(mode="json", exclude_none=True), kind=m.Kind.TAKEN_UP
    )
    ctx = actium.node.ctx
    uid = bytes.fromhex(str(letter.header["id"]).replace("-", ""))
    one, two, box = salamander()(envelope._part_aad(ctx.covenants.id, ctx.me.id, uid, 0, 1), b"to the recipient")
    letter.boxes = [box]
    ref = {"hash": labels.H(box).hex(), "length": len(box), "pkc": envelope.pkc(one).hex(), "retention": "r09"}
    letter.data["parts"] = [ref]
    letter.keys = [two]
    assert await refused(world, "gemeente", "actium", actium.wrap("gemeente", letter)) == "part-key"
    letter.keys = [one]  # the committed reading opens, and is then no lawful text
    assert await refused(world, "gemeente", "actium", actium.wrap("gemeente", letter)) == "schema"


async def test_lying_pkc(world):
    actium = Mallory(world, "actium")
    letter = actium.letter("gemeente")
    letter.data["parts"][1]["pkc"] = "ff" * 32
    assert await refused(world, "gemeente", "actium", actium.wrap("gemeente", letter)) == "part-key"


async def test_parts_swapped_or_dropped(world):
    actium = Mallory(world, "actium")
    letter = actium.letter("gemeente", actium.statement("gemeente"), actium.item(), actium.item())
    letter.boxes.reverse()
    assert await refused(world, "gemeente", "actium", actium.wrap("gemeente", letter)) == "part-hash"
    letter.boxes, letter.keys = letter.boxes[:1], letter.keys[:1]
    assert await refused(world, "gemeente", "actium", actium.wrap("gemeente", letter)) == "parts-differ"


async def test_a_birth_date_the_calendar_does_not_have_does_not_brick_the_node(world):
    """The register folds identities in the writer after the commit; one it cannot read would stop the node for ever."""
    actium = Mallory(world, "actium")
    identity = {"given_names": "", "prefix": "", "family_name": "Verzonnen", "postcode": "", "house_number": ""}
    for day in ("2026-99-99", "2026-02-30", "0000-01-01", "9999-99-99"):
        item = actium.item(category="IDENTIFICATIE", field="naam", value="", identity={**identity, "birth_date": day})
        frame = actium.frame("gemeente", actium.statement("gemeente"), item)
        assert await refused(world, "gemeente", "actium", frame) == "schema"
    (taken,) = await actium.send("gemeente", actium.frame("gemeente"))
    assert taken.ended == ["done"]
    await world.stop("gemeente")
    await world.start("gemeente")  # and it starts again
    assert len(world.received("gemeente")) == 1


async def test_a_time_that_is_none_is_parked_and_does_not_come_again_for_ever(world):
    actium = Mallory(world, "actium")
    frames = []
    for time in ("2026-99-99T00:00:00.000Z", "2026-03-02T99:99:99.999Z", "٢٠٢٦-03-02T08:00:00.000Z"):
        letter = actium.letter("gemeente")
        letter.header["time"] = time
        frames.append(actium.wrap("gemeente", letter))
    for taken in await actium.send("gemeente", *frames, actium.frame("gemeente")):
        assert taken.ended == ["done"]
    assert world.parked("gemeente") == ["schema"] * 3
    assert len(world.received("gemeente")) == 1  # the honest neighbour in the same batch


NAMES = [
    "Żółć",
    "李小龍",
    "محمد",
    "🙂🙃",
    "e\u0301",
    "a\u202eb",
    "\u0000",
    "'; DROP TABLE messages;--",
    "<script>",
    "\n",
    "{0}%s",
]


async def test_names_with_any_unicode_are_stored_and_found_again(world):
    actium, gemeente = Mallory(world, "actium"), world.nodes["gemeente"]
    identity = {"prefix": "", "postcode": "", "house_number": "", "birth_date": "1964-11-05"}
    frames = []
    for name in NAMES:
        who = {**identity, "given_names": name, "family_name": name}
        item = actium.item(category="IDENTIFICATIE", field="naam", value="", identity=who)
        frames.append(actium.frame("gemeente", actium.statement("gemeente"), item))
    for taken in await actium.send("gemeente", *frames):
        assert taken.ended == ["done"]
    assert world.parked("gemeente") == []
    held = [(p.identity.given_names, p.identity.family_name) for p in gemeente.ctx.people.unmatched()]
    worker = world.actor("gemeente")
    assert len(await gemeente.unmatched_subjects(worker)) == len(NAMES)
    await world.stop("gemeente")
    again = await world.start("gemeente")
    assert [(p.identity.given_names, p.identity.family_name) for p in again.ctx.people.unmatched()] == held
    assert {g for g, _ in held} == set(NAMES)
    found = await again.find_subjects(worker, f.IdentityForm(family_name="李小龍", birth_date="1964-11-05"))
    assert any("李小龍" in one.label for one in found)


# ------------------------------------------------------------------------------------------------ receipts


def receipt(
    world: MemoryWorld, giver: str, to: str, message: str, sequence: int, **changes: object
) -> dict[str, object]:
    """A receipt as ``giver`` would write it."""
    mallory = Mallory(world, giver)
    letter = mallory.letter(to, kind=m.Kind.RECEIPT, sequence=sequence)
    del letter.data["parts"]
    letter.data.update({"message": message, "outcomes": [], "leaf_index": 3, "leaf_hash": "cd" * 32, **changes})
    letter.label = labels.SIGN_RECEIPT
    return {"mallory": mallory, "letter": letter}


async def waiting_message(world: MemoryWorld) -> str:
    """A message of Actium to the municipality that the broker swallowed."""
    world.withheld.add(("actium", "gemeente"))
    jelle = await world.person("actium")
    answer = await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE), 0)
    await world.until(lambda: world.between("actium", "gemeente"))
    return str(answer.messages[0].message)


async def test_header_signature_offered_as_receipt_and_the_reverse(world):
    message = await waiting_message(world)
    made = receipt(world, "gemeente", "actium", message, 1)
    made["letter"].label = labels.SIGN_HEADER
    assert await refused(world, "actium", "gemeente", made["mallory"].wrap("actium", made["letter"])) == "bad-signature"
    letter = Mallory(world, "gemeente").letter("actium")
    letter.label = labels.SIGN_RECEIPT
    frame = Mallory(world, "gemeente").wrap("actium", letter)
    assert await refused(world, "actium", "gemeente", frame) == "bad-signature"
    assert world.events("actium", "receipt/received/1") == []


async def test_a_receipt_for_anothers_message_or_number_or_for_nothing_settles_nothing(world):
    message = await waiting_message(world)
    for giver, about, sequence in (
        ("politie", message, 1),
        ("gemeente", message, 2),
        ("gemeente", "ab" * 32, 1),
    ):
        made = receipt(world, giver, "actium", about, sequence)
        frame = made["mallory"].wrap("actium", made["letter"])
        assert await refused(world, "actium", giver, frame) == "receipt-unknown"
    assert world.events("actium", "receipt/received/1") == []
    assert [w.message for w in world.nodes["actium"].outgoing.waiting()] == [message]


async def test_two_different_receipts_for_one_message_count_once(world):
    message = await waiting_message(world)
    for leaf in (3, 4):
        made = receipt(world, "gemeente", "actium", message, 1, leaf_index=leaf)
        (taken,) = await world.deliver("actium", "gemeente", made["mallory"].wrap("actium", made["letter"]))
        assert taken.ended == ["done"]
    (kept,) = world.events("actium", "receipt/received/1")
    assert json.loads(kept.receipt)["data"]["leaf_index"] == 3


def bundle(world: MemoryWorld, giver: str, to: str, *letters: Letter | bytes) -> bytes:
    """A frame with these receipts, which nothing but the giver's own scruples keeps honest."""
    mallory = Mallory(world, giver)
    outer = mallory.letter(to, kind=m.Kind.RECEIPTS)
    for name in ("parts", "sequence", "checkpoint"):
        del outer.data[name]
    texts = [one if isinstance(one, bytes) else one.bytes for one in letters]
    outer.data["receipts"] = [
        {"receipt": text.decode(), "signature": outer.signer.sign(labels.SIGN_RECEIPT, text).hex()} for text in texts
    ]
    outer.label = labels.SIGN_RECEIPTS
    return mallory.wrap(to, outer)


async def test_a_hostile_bundle_settles_what_is_honest_in_it_once_and_is_parked(world):
    """Garbage, someone else's receipt, one for nothing and a duplicate around an honest one."""
    message = await waiting_message(world)
    honest = receipt(world, "gemeente", "actium", message, 1)["letter"]
    anothers = receipt(world, "politie", "actium", message, 1)["letter"]
    nothing = receipt(world, "gemeente", "actium", "ab" * 32, 1)["letter"]
    frame = bundle(world, "gemeente", "actium", b"garbage", nothing, honest, anothers, honest)
    for _ in range(2):
        assert await refused(world, "actium", "gemeente", frame) == "schema"
    (kept,) = world.events("actium", "receipt/received/1")
    assert kept.receipt == honest.bytes.decode()
    assert kept.signature == honest.signer.sign(labels.SIGN_RECEIPT, honest.bytes).hex()
    assert world.nodes["actium"].outgoing.waiting() == []
    assert world.parked("actium") == ["schema"]


async def test_a_bundle_cannot_settle_what_was_sent_to_another_partner(world):
    message = await waiting_message(world)
    made = [receipt(world, "politie", "actium", message, number)["letter"] for number in (1, 2)]
    assert await refused(world, "actium", "politie", bundle(world, "politie", "actium", *made)) == "receipt-unknown"
    assert world.events("actium", "receipt/received/1") == []
    assert [w.message for w in world.nodes["actium"].outgoing.waiting()] == [message]


# ------------------------------------------------------------------------------------------------ the control lane


def signed_control(
    world: MemoryWorld, slug: str, kind: control.ControlKind, body: bytes, *, label: str | None = None
) -> bytes:
    key = world.nodes[slug].ctx.keys.sign
    signature = key.sign(label or LABELS[kind], body).hex()
    return encode_model(control.SignedControl(kind=kind, body=body.decode(), signature=signature))


async def tell(world: MemoryWorld, to: str, sender: str, kind: str, data: bytes) -> None:
    message = fake_transport().MemoryControl(kind, sender, None, data)
    await world.nodes[to].housekeeping.take(message)


def heartbeat(world: MemoryWorld, slug: str, to: str, **changes: object) -> dict[str, object]:
    beat = world.nodes[slug].housekeeping.heartbeat(to, world.clock.now())
    return {**beat.model_dump(mode="json", exclude_none=True), **changes}


LIES = [
    {"last_sent": 2**31},
    {"last_sent": 2**53 - 1},
    {"last_sent": -1},
    {"accepted_upto": 2**40},
    {"missing": [0]},
    {"missing": list(range(1, 300))},
    {"time": "2026-99-99T00:00:00.000Z"},
    {"time": "٢٠٢٦-03-02T09:00:00.000Z"},
    {"time": "9999-12-31T23:59:59.999Z"},
    {"covenant": "00" * 32},
    {"v": 2},
]


async def test_a_lying_heartbeat_is_forgotten_and_housekeeping_goes_on(world):
    gemeente = world.nodes["gemeente"]
    world.clock.forward(minutes=1)
    before = gemeente.partners.heartbeat("actium")
    for lie in LIES:
        body = encode(heartbeat(world, "actium", "gemeente", **lie))
        await tell(
            world,
            "gemeente",
            "actium",
            "heartbeat",
            signed_control(world, "actium", control.ControlKind.HEARTBEAT, body),
        )
        assert gemeente.partners.heartbeat("actium") == before, lie
    await gemeente.housekeeping.step()
    assert (await gemeente.status()).clock == "trusted"


async def test_a_clock_that_jumped_ahead_and_back_does_not_silence_its_partner(world):
    """One heartbeat of 2038 would otherwise be the newest for twelve years, and every refusal in the later ones unheard."""
    gemeente = world.nodes["gemeente"]

    async def beats(time: str) -> str:
        body = encode(heartbeat(world, "actium", "gemeente", time=time))
        await tell(
            world,
            "gemeente",
            "actium",
            "heartbeat",
            signed_control(world, "actium", control.ControlKind.HEARTBEAT, body),
        )
        return str(gemeente.partners.heartbeat("actium").time)

    world.clock.forward(minutes=1)
    honest, earlier = moment(world.clock.now()), moment(world.clock.now() - timedelta(seconds=30))
    assert await beats("2038-01-19T03:14:08.000Z") == "2038-01-19T03:14:08.000Z"
    assert await beats(honest) == honest
    assert await beats(earlier) == honest  # and a replayed one still changes nothing
    await beats("2038-01-19T03:14:08.000Z")
    await world.stop("gemeente")
    gemeente = await world.start("gemeente")
    assert await beats(honest) == honest


async def test_prekeys_beyond_the_calendar_are_refused_and_the_status_still_answers(world):
    gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
    known = gemeente.partners.bundle("actium")
    late = pk.Prekey(b"year-10k", 253_402_300_800_000, 253_402_300_800_000 + pk.DAY, xwing_public(b"\x01" * 32))
    body = bundle_of(world, "actium", known.sequence + 1, late)
    await tell(world, "gemeente", "actium", "bundle", signed_control(world, "actium", control.ControlKind.BUNDLE, body))
    assert gemeente.partners.bundle("actium") == known
    assert (await gemeente.status()).partner == "gemeente"
    assert (await gemeente.keys(worker)).partners["actium"]["prekeys"] == len(known.prekeys)


async def test_a_heartbeat_that_names_the_largest_number_costs_nothing_and_stops_nothing(world):
    gemeente = world.nodes["gemeente"]
    world.clock.forward(minutes=1)
    body = encode(heartbeat(world, "actium", "gemeente", last_sent=2**31 - 1))
    await tell(
        world, "gemeente", "actium", "heartbeat", signed_control(world, "actium", control.ControlKind.HEARTBEAT, body)
    )
    world.clock.forward(seconds=31)
    await gemeente.housekeeping.step()
    assert [(g.first, g.last) for g in world.events("gemeente", "gap/found/1")] == [(1, 2**31 - 1)]
    assert len(gemeente.housekeeping.heartbeat("actium", world.clock.now()).missing) == 256
    mallory = Mallory(world, "actium")
    (taken,) = await mallory.send("gemeente", mallory.frame("gemeente"))
    assert taken.ended == ["done"]
    await world.stop("gemeente")
    await world.start("gemeente")
    assert world.nodes["gemeente"].ctx.writer.overlay.pairs_in["actium"].through == 1


async def test_a_control_message_of_another_or_under_another_label_is_refused(world):
    gemeente = world.nodes["gemeente"]
    before = gemeente.partners.heartbeat("actium")
    world.clock.forward(minutes=1)
    body = encode(heartbeat(world, "actium", "gemeente"))
    forged = signed_control(world, "politie", control.ControlKind.HEARTBEAT, body)
    await tell(world, "gemeente", "actium", "heartbeat", forged)  # the police signs as Actium
    await tell(world, "gemeente", "politie", "heartbeat", forged)  # and as itself, in Actium's name
    wrong = signed_control(world, "actium", control.ControlKind.HEARTBEAT, body, label=labels.SIGN_RECEIPT)
    await tell(world, "gemeente", "actium", "heartbeat", wrong)
    other = encode(heartbeat(world, "actium", "politie"))
    await tell(
        world, "gemeente", "actium", "heartbeat", signed_control(world, "actium", control.ControlKind.HEARTBEAT, other)
    )
    honest = signed_control(world, "actium", control.ControlKind.HEARTBEAT, body)
    await tell(world, "gemeente", "actium", "bundle", honest)  # on another subject
    await tell(world, "gemeente", "vreemde", "heartbeat", honest)
    for junk in (b"", b"{}", b"[" * 9999, b"\xff", honest[:-1], honest + b" "):
        await tell(world, "gemeente", "actium", "heartbeat", junk)
    assert gemeente.partners.heartbeat("actium") == before
    await tell(world, "gemeente", "actium", "heartbeat", honest)
    assert gemeente.partners.heartbeat("actium") != before


async def test_a_partner_cannot_refuse_what_was_not_sent_to_him(world):
    """A heartbeat that refuses frames: only the recipient of a frame may."""
    await waiting_message(world)
    frame = labels.H(world.between("actium", "gemeente")[0]).hex()
    refusal = [{"frame": frame, "code": "schema", "permanent": True}]
    world.clock.forward(minutes=1)
    body = encode(heartbeat(world, "politie", "actium", refused=refusal))
    await tell(
        world, "actium", "politie", "heartbeat", signed_control(world, "politie", control.ControlKind.HEARTBEAT, body)
    )
    assert world.events("actium", "message/nacked/1") == []
    body = encode(heartbeat(world, "gemeente", "actium", refused=refusal))
    for _ in range(3):
        await tell(
            world,
            "actium",
            "gemeente",
            "heartbeat",
            signed_control(world, "gemeente", control.ControlKind.HEARTBEAT, body),
        )
    assert [n.reason for n in world.events("actium", "message/nacked/1")] == ["schema"]


# ------------------------------------------------------------------------------------------------ prekey bundles


def bundle_of(world: MemoryWorld, slug: str, sequence: int, *keys: pk.Prekey) -> bytes:
    ctx = world.nodes[slug].ctx
    book = ctx.covenants.current
    return pk.bundle_bytes(pk.Bundle(ctx.me.id.hex(), sequence, tuple(keys), (1,), book.generation, book.hash))


def prekey(world: MemoryWorld, kid: bytes, seed: bytes, days: int = 0) -> pk.Prekey:
    begins = round(world.clock.now().timestamp() * 1000) + days * pk.DAY
    return pk.Prekey(kid, begins, begins + pk.DAY, xwing_public(seed))


async def test_lower_bundle_sequence_and_other_forged_bundles_change_nothing(world):
    actium = world.nodes["actium"]
    known = actium.partners.bundle("gemeente")
    fresh = prekey(world, b"new-kid1", b"\x01" * 32)
    first = known.prekeys[0]
    grown = pk.Prekey(first.kid, first.not_before_ms - 1, first.not_after_ms - 1, first.public)
    changed = pk.Prekey(first.kid, first.not_before_ms, first.not_after_ms, xwing_public(b"\x02" * 32))
    forged = [
        bundle_of(world, "gemeente", known.sequence - 1, fresh),
        bundle_of(world, "gemeente", known.sequence, fresh),
        bundle_of(world, "gemeente", known.sequence + 1, grown),
        bundle_of(world, "gemeente", known.sequence + 1, changed),
        bundle_of(world, "politie", known.sequence + 1, fresh),
    ]
    for body in forged:
        await tell(
            world, "actium", "gemeente", "bundle", signed_control(world, "gemeente", control.ControlKind.BUNDLE, body)
        )
        assert actium.partners.bundle("gemeente") == known
    body = bundle_of(world, "gemeente", known.sequence + 1, fresh)
    await tell(
        world, "actium", "gemeente", "bundle", signed_control(world, "politie", control.ControlKind.BUNDLE, body)
    )
    assert actium.partners.bundle("gemeente") == known
    await tell(
        world, "actium", "gemeente", "bundle", signed_control(world, "gemeente", control.ControlKind.BUNDLE, body)
    )
    assert actium.partners.bundle("gemeente").prekeys == (fresh,)


async def test_a_lower_bundle_sequence_is_refused_after_a_restart_too(world):
    known = world.nodes["actium"].partners.bundle("gemeente")
    body = bundle_of(world, "gemeente", known.sequence + 7, prekey(world, b"new-kid1", b"\x01" * 32))
    await tell(
        world, "actium", "gemeente", "bundle", signed_control(world, "gemeente", control.ControlKind.BUNDLE, body)
    )
    await world.stop("actium")
    actium = await world.start("actium")
    lower = bundle_of(world, "gemeente", known.sequence + 6, prekey(world, b"new-kid2", b"\x03" * 32))
    await tell(
        world, "actium", "gemeente", "bundle", signed_control(world, "gemeente", control.ControlKind.BUNDLE, lower)
    )
    assert actium.partners.bundle("gemeente").sequence == known.sequence + 7


async def test_low_order_prekey_must_not_stop_the_others(world):
    """A prekey whose classical half has low order loads, and would make every sending to this partner raise."""
    actium = world.nodes["actium"]
    known = actium.partners.bundle("gemeente")
    own = next(o for o in world.nodes["gemeente"].ctx.prekeys.alive() if o.kid == known.prekeys[0].kid.hex())
    now = round(world.clock.now().timestamp() * 1000)
    bad = pk.Prekey(b"low-ordr", now, now + pk.DAY, own.public[:1184] + bytes(32))
    body = bundle_of(world, "gemeente", known.sequence + 1, *known.prekeys, bad)
    await tell(
        world, "actium", "gemeente", "bundle", signed_control(world, "gemeente", control.ControlKind.BUNDLE, body)
    )
    assert actium.partners.bundle("gemeente").sequence == known.sequence + 1
    assert bad.kid not in {key.kid for key in actium.partners.bundle("gemeente").prekeys}
    jelle = await world.person("actium")
    answer = await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE))
    assert answer.messages[0].state == "receipted"
    assert receipts(world, "gemeente", "actium")
