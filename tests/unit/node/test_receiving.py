"""The numbered checks of protocol §4, one attack per code, without a node: bytes in, a code out."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import UUID, uuid4, uuid5

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.crypto import envelope, labels
from exchange.crypto.hpke import OpenedSeed
from exchange.crypto.prekeys import SKEW
from exchange.crypto.signing import Ed25519Key
from exchange.domain.vocabulary import Regime
from exchange.errors import WireError
from exchange.node.covenants import Accepted, Covenants, Partner
from exchange.node.messages import stream_of
from exchange.node.receiving import (
    REWRAP,
    TRANSIENT,
    Incoming,
    IncomingReceipt,
    IncomingReceipts,
    Window,
    open_delivery,
)
from exchange.wire import messages as m
from exchange.wire.codec import encode

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
NOW_MS = round(NOW.timestamp() * 1000)
HOUR = 3_600_000
KID = b"kid-0001"
SEED = hashlib.sha256(b"epoch").digest()
EPOCH = OpenedSeed(SEED)
COVENANT = hashlib.sha256(b"generation 1").digest()
KEYS = {slug: Ed25519Key(hashlib.sha256(slug.encode()).digest()) for slug in ("actium", "gemeente", "politie")}


def partner(slug: str) -> Partner:
    return Partner(slug, slug.encode().ljust(16, b"."), slug, Regime.AVG, SimpleNamespace(sign=KEYS[slug].public))


class Book(Accepted):
    """A generation without the document's signatures, which are checked long before."""

    def __init__(self, number: int, slugs: tuple[str, ...], at: datetime) -> None:
        previous = None if number == 1 else (COVENANT if number == 2 else b"\x07" * 32).hex()
        self.covenant = SimpleNamespace(previous=previous, settings=SimpleNamespace(max_age_days=30))
        self.hash = COVENANT if number == 1 else b"\x07" * 32
        self.generation = number
        self.at = at
        self._by_slug = {slug: partner(slug) for slug in slugs}
        self._by_id = {p.id: p for p in self._by_slug.values()}


ALL = ("actium", "gemeente", "politie")
ME = partner("gemeente")


def covenants(*generations: tuple[str, ...], changed: datetime = NOW) -> Covenants:
    return Covenants([Book(i, slugs, changed) for i, slugs in enumerate(generations or (ALL,), start=1)])


def item(**changes: object) -> dict[str, object]:
    made = m.Item(item=uuid4(), subject="ab" * 16, category="C", field="f", value="tekst", origin_partner="actium")
    return {**made.model_dump(mode="json", exclude_none=True), **changes}


STATEMENT = m.Statement(
    purpose="P0", context="C", sender_basis="A6_1_e", sender_task="t", recipient_basis="A6_1_e", recipient_task="t"
).model_dump(mode="json", exclude_none=True)


class Letter:
    """What a partner signs and wraps; an attack changes it before the one or the other."""

    def __init__(self, *parts: object, kind: m.Kind = m.Kind.DISCLOSURE, slug: str = "actium") -> None:
        plain = list(parts) if parts or kind not in m.CONTENT else [STATEMENT, item()]
        self.uid, self.kind, self.slug = uuid4(), kind, slug
        self.keys = [hashlib.sha256(self.uid.bytes + bytes([i])).digest() for i in range(len(plain))]
        self.boxes = [self.seal(k, i, len(plain), p) for i, (k, p) in enumerate(zip(self.keys, plain, strict=True))]
        self.label, self.signer = labels.SIGN_HEADER, KEYS[slug]
        self.raw: bytes | None = None
        self.header = {
            "specversion": "1.0",
            "id": str(self.uid),
            "source": m.source_of(slug),
            "time": "2026-03-02T08:00:00.000Z",
            "datacontenttype": "application/json",
            "type": kind.value,
            "data": {
                "covenant": COVENANT.hex(),
                "generation": 1,
                "sender": partner(slug).id.hex(),
                "recipient": ME.id.hex(),
                "sequence": 1,
                "parts": [self.ref(k, b) for k, b in zip(self.keys, self.boxes, strict=True)],
                "checkpoint": {"size": 0, "root": "00" * 32},
            },
        }

    def seal(self, key: bytes, i: int, n: int, part: object) -> bytes:
        plain = part if isinstance(part, bytes) else encode(part)
        return envelope.seal_part(key, COVENANT, partner(self.slug).id, self.uid.bytes, i, n, plain)

    @staticmethod
    def ref(key: bytes, box: bytes) -> dict[str, object]:
        return {"hash": labels.H(box).hex(), "length": len(box), "pkc": envelope.pkc(key).hex(), "retention": "r01"}

    @property
    def data(self) -> dict[str, object]:
        return self.header["data"]

    def frame(self, **changes: object) -> bytes:
        header = self.raw if self.raw is not None else encode(self.header)
        values = {
            "prekey_public": EPOCH.public,
            "kid": KID,
            "covenant": COVENANT,
            "generation": 1,
            "recipient": ME.id,
            "header": header,
            "signature": self.signer.sign(self.label, header),
            "part_keys": self.keys,
            "parts": self.boxes,
            "wrapped_ms": NOW_MS,
        }
        return envelope.wrap_frame(**{**values, **changes})


def opener(kid: bytes) -> Window | None:
    if kid == b"destroye":
        return None
    if kid != KID:
        raise WireError("kid-unknown", "Never ours.")
    return Window(EPOCH, NOW_MS - HOUR, NOW_MS + HOUR)


def receive(frame: bytes, sender: str = "actium", book: Covenants | None = None, now: datetime = NOW):
    return open_delivery(book or covenants(), ME, opener, sender, frame, now)


def code_of(frame: bytes, sender: str = "actium", book: Covenants | None = None, now: datetime = NOW) -> str:
    with pytest.raises(WireError) as refused:
        receive(frame, sender, book, now)
    return refused.value.reason


def receipt(slug: str = "actium", **data: object) -> Letter:
    letter = Letter(kind=m.Kind.RECEIPT, slug=slug)
    letter.label = labels.SIGN_RECEIPT
    inner = letter.data
    del inner["parts"]
    inner.update({"message": "ab" * 32, "outcomes": [], "leaf_index": 0, "leaf_hash": "cd" * 32, **data})
    return letter


def bundle(*receipts: Letter | bytes, slug: str = "actium") -> Letter:
    """Receipts of ``slug`` in one frame; bytes stand for a receipt that is none, signed as one."""
    letter = Letter(kind=m.Kind.RECEIPTS, slug=slug)
    letter.label = labels.SIGN_RECEIPTS
    for name in ("parts", "sequence", "checkpoint"):
        del letter.data[name]
    letter.data["receipts"] = []
    for one in receipts:
        data = one if isinstance(one, bytes) else encode(one.header)
        signer, label = (KEYS[slug], labels.SIGN_RECEIPT) if isinstance(one, bytes) else (one.signer, one.label)
        letter.data["receipts"].append({"receipt": data.decode(), "signature": signer.sign(label, data).hex()})
    return letter


# ------------------------------------------------------------------------------------------------ what is honest


@given(st.binary(min_size=16, max_size=16), st.uuids())
def test_a_stream_id_is_the_uuid5_that_the_protocol_names(sender, message):
    assert stream_of(sender, message) == uuid5(UUID(bytes=sender), str(message))


def test_an_honest_message_passes_every_check():
    letter = Letter()
    got = receive(letter.frame())
    assert isinstance(got, Incoming)
    assert (got.sender.slug, got.sequence, got.kind, len(got.items)) == ("actium", 1, m.Kind.DISCLOSURE, 1)
    assert got.message == envelope.message_id(encode(letter.header)).hex()


def test_an_honest_receipt_answer_and_void_pass():
    assert isinstance(receive(receipt().frame()), IncomingReceipt)
    several = receive(bundle(receipt(), receipt()).frame())
    assert isinstance(several, IncomingReceipts)
    assert (len(several.receipts), several.failure) == (2, None)
    answer = receive(
        Letter(m.Reply(text="Opgepakt.").model_dump(mode="json", exclude_none=True), kind=m.Kind.TAKEN_UP).frame()
    )
    assert isinstance(answer, Incoming)
    assert answer.work == m.Reply(text="Opgepakt.")
    void = receive(Letter(kind=m.Kind.VOID).frame())
    assert isinstance(void, Incoming)
    assert void.items == ()


# ------------------------------------------------------------------------------------------------ 1 to 5


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"kid": b"stranger"}, "kid-unknown"),
        ({"kid": b"destroye"}, "epoch-retired"),
        ({"covenant": b"\x01" * 32}, "hpke-failed"),
        ({"generation": 2}, "hpke-failed"),
        ({"recipient": partner("politie").id}, "hpke-failed"),
        ({"prekey_public": OpenedSeed(b"\x05" * 32).public}, "hpke-failed"),
    ],
    ids=["unknown kid", "destroyed epoch", "other covenant", "other generation", "other recipient", "other prekey"],
)
def test_a_frame_wrapped_for_elsewhere_does_not_open(changes, code):
    assert code_of(Letter().frame(**changes)) == code


@pytest.mark.parametrize("at", [4, 5, 20, 700, 1150, 1200, -1], ids=str)
def test_a_bit_flipped_on_the_way_is_refused(at):
    frame = bytearray(Letter().frame())
    frame[at] ^= 0x10
    assert code_of(bytes(frame)) in {
        "suite-unknown", "frame-malformed", "hpke-failed", "box-failed", "part-hash",
    }  # fmt: skip


def test_parts_swapped_under_the_signed_header():
    letter = Letter(STATEMENT, item(), item())
    letter.boxes[1], letter.boxes[2] = letter.boxes[2], letter.boxes[1]
    assert code_of(letter.frame()) == "part-hash"


@given(st.binary(max_size=3000))
def test_any_bytes_at_all_give_a_code(data):
    assert code_of(data)
    assert code_of(b"CVX1\x01\0\0\0" + KID + data)


@pytest.mark.parametrize(
    ("wrapped", "inside"),
    [
        (NOW_MS - HOUR - SKEW - 1, False),
        (NOW_MS - HOUR - SKEW, True),
        (NOW_MS + HOUR + SKEW - 1, True),
        (NOW_MS + HOUR + SKEW, False),
        (2**64 - 1, False),
        (0, False),
    ],
)
def test_wrapped_outside_the_window_of_its_prekey(wrapped, inside):
    frame = Letter().frame(wrapped_ms=wrapped)
    if inside:
        assert isinstance(receive(frame), Incoming)
    else:
        assert code_of(frame) == "outside-window"
    assert "outside-window" in REWRAP


def test_a_prekey_withdrawn_before_it_began_opens_nothing():
    with pytest.raises(WireError) as refused:
        open_delivery(covenants(), ME, lambda _: Window(EPOCH, NOW_MS, NOW_MS), "actium", Letter().frame(), NOW)
    assert refused.value.reason == "outside-window"


# ------------------------------------------------------------------------------------------------ 6


def spelled(letter: Letter, old: bytes, new: bytes) -> Letter:
    raw = encode(letter.header)
    assert raw.count(old) >= 1
    letter.raw = raw.replace(old, new, 1)
    return letter


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"sequence":1', b'"sequence": 1'),
        (b'"sequence":1', b'"sequence":1.0'),
        (b'"sequence":1', b'"sequence":1e0'),
        (b'"sequence":1', b'"sequence":true'),
        (b'"sequence":1', b'"sequence":"1"'),
        (b'"sequence":1', b'"sequence":1,"sequence":1'),
        (b'"sequence":1', b'"sequence":1,"reply_to":null'),
        (b'"sequence":1', b'"sequence":1,"spy":"x"'),
        (b'"specversion":"1.0"', b'"specversion":"\\u0031.0"'),
        (b'"specversion":"1.0"', b'"specversion":"1.1"'),
        (b'"datacontenttype":"application/json",', b""),
        (b'"time":"2026-03-02T08:00:00.000Z"', b'"time":"2026-03-02T08:00:00Z"'),
        (b'"time":"2026-03-02T08:00:00.000Z"', b'"time":"2026-02-30T08:00:00.000Z"'),
        (b'"time":"2026-03-02T08:00:00.000Z"', b'"time":"2026-03-02T25:61:61.000Z"'),
        (b'"time":"2026-03-02T08:00:00.000Z"', '"time":"٢٠٢٦-03-02T08:00:00.000Z"'.encode()),
    ],
    ids=lambda value: value.decode(errors="replace")[:40] if isinstance(value, bytes) else None,
)
def test_a_header_that_is_not_canonical_or_of_the_schema_is_refused(old, new):
    assert code_of(spelled(Letter(), old, new).frame()) in {"schema", "not-canonical"}


@pytest.mark.parametrize(
    "raw",
    [b"", b"[]", b'"x"', b"1", b"null", b"{}", b'{"type":[]}', b'{"type":{}}', b"\xff\xfe", b"[" * 10_000,
     b'{"a":' * 10_000, b'{"type":"' + b"x" * 60_000 + b'"}'],
    ids=["empty", "list", "text", "number", "null", "object", "list type", "object type", "not UTF-8",
         "10,000 lists deep", "10,000 objects deep", "endless type"],
)  # fmt: skip
def test_bytes_that_are_no_header_are_refused(raw):
    letter = Letter()
    letter.raw = raw
    assert code_of(letter.frame()) in {"not-json", "type-unknown"}


def test_a_message_kind_of_a_newer_release_waits_for_that_release():
    letter = Letter()
    letter.header["type"] = "nl.convenanten.signaal.gemeld.v2"
    assert code_of(letter.frame()) == "type-unknown"
    assert "type-unknown" in TRANSIENT


# ------------------------------------------------------------------------------------------------ 7 to 11


def test_a_message_of_another_covenant_wrapped_for_ours():
    letter = Letter()
    letter.data["covenant"] = "01" * 32
    assert code_of(letter.frame()) == "other-covenant"


def test_a_message_decided_under_a_generation_not_accepted_here_waits():
    letter = Letter()
    letter.data["generation"] = 2
    assert code_of(letter.frame()) == "generation-newer"
    assert "generation-newer" in TRANSIENT


def test_the_previous_generation_counts_for_its_time_and_no_longer():
    book = covenants(ALL, ALL)
    assert isinstance(receive(Letter().frame(generation=2), book=book), Incoming)  # re-wrapped after the change
    assert isinstance(receive(Letter().frame(), book=book), Incoming)
    late = NOW + timedelta(days=31)
    letter = Letter()
    assert code_of(letter.frame(generation=2), book=book, now=late) == "generation-over"


def test_a_removed_partner_is_no_sender_of_the_new_generation():
    book = covenants(ALL, ("gemeente", "politie"))
    letter = Letter()
    letter.data["generation"] = 2
    assert code_of(letter.frame(generation=2), book=book) == "sender-unknown"


def test_an_unknown_partner():
    letter = Letter()
    letter.data["sender"] = "77" * 16
    assert code_of(letter.frame()) == "sender-unknown"


def test_publishing_on_anothers_subject():
    assert code_of(Letter(slug="politie").frame(), sender="actium") == "sender-unknown"


def test_surreptitious_forwarding_by_a_lawful_recipient():
    """The police got it from Actium, and wraps Actium's own signed header for the municipality."""
    letter = Letter()
    letter.data["recipient"] = partner("politie").id.hex()
    assert code_of(letter.frame(), sender="politie") == "sender-unknown"
    assert code_of(letter.frame(), sender="actium") == "not-for-me"  # even if the broker helped


def test_strip_and_re_sign():
    """The police replaces the signature and the sender, and keeps the parts: they know who sealed them."""
    letter = Letter()
    letter.signer = KEYS["politie"]
    assert code_of(letter.frame(), sender="actium") == "bad-signature"
    letter.data["sender"], letter.header["source"] = partner("politie").id.hex(), m.source_of("politie")
    assert code_of(letter.frame(), sender="politie") == "part-sealed"


def test_impersonation_by_source_alone():
    letter = Letter()
    letter.header["source"] = m.source_of("politie")
    assert code_of(letter.frame()) == "sender-unknown"


def test_header_signature_offered_as_receipt_and_the_reverse():
    wrong = receipt()
    wrong.label = labels.SIGN_HEADER
    assert code_of(wrong.frame()) == "bad-signature"
    letter = Letter()
    letter.label = labels.SIGN_RECEIPT
    assert code_of(letter.frame()) == "bad-signature"


def test_a_bundle_proves_nothing_by_itself_and_neither_signature_serves_for_the_other():
    wrong = bundle(receipt(), receipt())
    wrong.label = labels.SIGN_RECEIPT
    assert code_of(wrong.frame()) == "bad-signature"
    lone = receipt()
    lone.label = labels.SIGN_RECEIPTS
    assert code_of(lone.frame()) == "bad-signature"
    assert inside(lone) == ([], "bad-signature")


def inside(*receipts: Letter | bytes) -> tuple[list[int], str | None]:
    """Which receipts of a bundle passed, by their sequence, and the code of the first that did not."""
    got = receive(bundle(*receipts).frame())
    assert isinstance(got, IncomingReceipts)
    return [r.receipt.data.sequence for r in got.receipts], got.failure and got.failure.reason


def signed_by_another() -> Letter:
    letter = receipt()
    letter.signer = KEYS["politie"]
    return letter


def of_the_future() -> Letter:
    letter = receipt()
    letter.header["time"] = "2026-03-02T08:05:00.001Z"
    return letter


@pytest.mark.parametrize(
    ("rotten", "code"),
    [
        (b"garbage", "schema"),
        (b"[" * 10_000, "schema"),
        (encode(receipt().header) + b" ", "not-canonical"),
        (encode(Letter().header), "schema"),
        (encode(bundle(receipt()).header), "schema"),
        (receipt("politie"), "sender-unknown"),
        (signed_by_another(), "bad-signature"),
        (receipt(recipient=partner("politie").id.hex()), "not-for-me"),
        (receipt(covenant="00" * 32), "other-covenant"),
        (of_the_future(), "clock"),
    ],
    ids=["garbage", "deep", "spelling", "header", "nested", "anothers", "signer", "recipient", "covenant", "clock"],
)
def test_what_is_no_receipt_in_a_bundle_spoils_no_other(rotten, code):
    assert inside(receipt(sequence=1), rotten, receipt(sequence=2)) == ([1, 2], code)


def test_an_empty_bundle_and_one_with_parts_are_refused():
    assert code_of(bundle().frame()) == "schema"
    letter = bundle(receipt())
    letter.keys, letter.boxes = Letter().keys, Letter().boxes
    assert code_of(letter.frame()) == "receipt-with-parts"


def test_a_clock_ahead_waits_until_the_time_has_come():
    letter = Letter()
    letter.header["time"] = "2026-03-02T08:05:00.001Z"
    frame = letter.frame()
    assert code_of(frame) == "clock"
    assert "clock" in TRANSIENT
    assert isinstance(receive(frame, now=NOW + timedelta(milliseconds=1)), Incoming)


# ------------------------------------------------------------------------------------------------ 14 to 17


def test_a_receipt_carries_nothing_along():
    letter = receipt()
    letter.keys, letter.boxes = Letter().keys, Letter().boxes
    assert code_of(letter.frame()) == "receipt-with-parts"


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_parts_dropped_from_a_frame(kept):
    letter = Letter(STATEMENT, item(), item())
    letter.keys, letter.boxes = letter.keys[:kept], letter.boxes[:kept]
    assert code_of(letter.frame()) == "parts-differ"


def test_a_lying_length():
    letter = Letter()
    letter.data["parts"][1]["length"] += 1
    assert code_of(letter.frame()) == "part-hash"


def test_lying_pkc():
    letter = Letter()
    letter.data["parts"][1]["pkc"] = "00" * 32
    assert code_of(letter.frame()) == "part-key"


def test_another_key_than_the_committed_one():
    letter = Letter()
    letter.keys[1] = b"\x09" * 32
    assert code_of(letter.frame()) == "part-key"


def test_a_part_of_another_message():
    other, letter = Letter(), Letter()
    letter.keys[1], letter.boxes[1] = other.keys[1], other.boxes[1]
    letter.data["parts"][1] = Letter.ref(letter.keys[1], letter.boxes[1])
    assert code_of(letter.frame()) == "part-sealed"


IDENTITY = {"given_names": "", "prefix": "", "family_name": "Verzonnen", "postcode": "", "house_number": ""}


@pytest.mark.parametrize(
    "parts",
    [
        [STATEMENT],
        [item()],
        [item(), STATEMENT],
        [STATEMENT, STATEMENT],
        [STATEMENT, b"not JSON"],
        [STATEMENT, b"[" * 5000],
        [STATEMENT, {**item(), "v": 2}],
        [STATEMENT, item(value="x" * 501)],
        [STATEMENT, item(subject="Jelle")],
        [STATEMENT, item(observed_on="2026-02-30")],
        [STATEMENT, item(observed_on="٢٠٢٦-02-03")],
        [STATEMENT, item(identity={**IDENTITY, "birth_date": "2026-99-99"})],
        [STATEMENT, item(identity={**IDENTITY, "birth_date": "0000-01-01"})],
        [{**STATEMENT, "notice": {"recipients": [], "given_on": "1900-02-29"}}, item()],
    ],
    ids=["no item", "no statement", "other order", "two statements", "not JSON", "deep", "version 2", "long", "no reference",
         "30 February", "digits of another script", "month 99", "year 0", "no leap year"],
)  # fmt: skip
def test_a_part_that_does_not_fit_its_schema(parts):
    assert code_of(Letter(*parts).frame()) in {"schema", "not-canonical"}


def test_two_items_under_one_id():
    one = str(UUID(int=7))
    assert code_of(Letter(STATEMENT, item(item=one), item(item=one)).frame()) == "schema"


def test_an_answer_or_void_with_the_wrong_parts():
    assert code_of(Letter(STATEMENT, item(), kind=m.Kind.TAKEN_UP).frame()) == "schema"
    assert code_of(Letter(STATEMENT, kind=m.Kind.VOID).frame()) == "schema"
    assert code_of(Letter(kind=m.Kind.HANDLED).frame()) == "schema"


@pytest.mark.parametrize("sequence", [0, -1, 2**31, 2**53 - 1])
def test_a_pair_sequence_no_pair_can_reach(sequence):
    letter = Letter()
    letter.data["sequence"] = sequence
    assert code_of(letter.frame()) == "schema"


@given(st.data())
def test_a_header_changed_anywhere_after_signing_never_passes(data):
    letter = Letter()
    signed = encode(letter.header)
    signature = letter.signer.sign(letter.label, signed)
    at = data.draw(st.integers(0, len(signed) - 1))
    changed = bytearray(signed)
    changed[at] ^= data.draw(st.integers(1, 255))
    letter.raw = bytes(changed)
    assert code_of(letter.frame(signature=signature))
    assert orjson.loads(signed)  # the honest one was fine
