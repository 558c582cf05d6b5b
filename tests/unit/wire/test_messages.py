"""Every message model: what it writes it reads, canonically; what it reads is safe for everything behind it."""

from __future__ import annotations

import orjson
import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from exchange.domain.subject import Identity
from exchange.errors import WireError
from exchange.wire import conference as w
from exchange.wire import control
from exchange.wire import messages as m
from exchange.wire.codec import decode_model, encode_model

MODELS = [
    "header", "receipt", "receipts", "item", "statement", "reply", "heartbeat", "control", "conference", "offered", "decided",
    "outcome",
]  # fmt: skip
CLASSES = [m.Header, m.Receipt, m.Receipts, m.Item, m.Statement, m.Reply, control.Heartbeat, control.SignedControl,
           w.Conference, w.Offered, w.ChairDecided, w.Outcome]  # fmt: skip
SLOW = settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)


@pytest.fixture(params=MODELS)
def strategy(request, models):
    return getattr(models, request.param)


@SLOW
@given(st.data())
def test_a_message_reads_back_equal_and_is_written_as_the_reference_writes_it(strategy, data):
    message = data.draw(strategy)
    written = encode_model(message)
    assert decode_model(type(message), written) == message
    assert written == rfc8785.dumps(message.model_dump(mode="json", exclude_none=True))


def mutated(data: st.DataObject, tree: object) -> object:
    """The same object with one thing changed somewhere: replaced, dropped, added, nulled."""
    if isinstance(tree, dict) and tree and data.draw(st.booleans()):
        key = data.draw(st.sampled_from(sorted(tree)))
        how = data.draw(st.sampled_from(["into", "drop", "null", "junk"]))
        if how == "drop":
            return {k: v for k, v in tree.items() if k != key}
        return {**tree, key: {"into": mutated(data, tree[key]), "null": None, "junk": data.draw(JUNK)}[how]}
    if isinstance(tree, list) and tree:
        return [mutated(data, tree[0]), *tree[1:]]
    return data.draw(JUNK)


JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1), st.text(max_size=8), st.just([]), st.just({}),
    st.sampled_from(["2026-99-99", "2026-02-30", "٢٠٢٦-02-03", "2026-03-02T99:00:00.000Z", "\x00", "x" * 600]),
)  # fmt: skip


@SLOW
@given(st.data())
def test_a_message_changed_anywhere_reads_as_itself_or_is_refused(strategy, data):
    message = data.draw(strategy)
    changed = mutated(data, message.model_dump(mode="json", exclude_none=True))
    written = orjson.dumps(changed, option=orjson.OPT_SORT_KEYS)
    try:
        read = decode_model(type(message), written)
    except WireError:
        return
    assert encode_model(read) == written


@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_a_refusal(data):
    for model in CLASSES:
        with pytest.raises(WireError):
            decode_model(model, data)


@SLOW
@given(st.data())
def test_whatever_identity_is_received_the_register_can_hold(models, data):
    """The fold of the register runs in the writer after the commit: an identity it cannot read would stop the node for good."""
    received = data.draw(models.identity)
    kept = received.model_dump(mode="json", exclude_defaults=True)
    folded = Identity.model_validate(kept)
    assert folded.family_name == received.family_name
    assert folded.key is not None


@pytest.mark.parametrize(
    "name",
    [
        "Żółć", "O'Brien-ten-Have", "李小龍", "محمد", "नमस्ते", "🙂", "e\u0301", "a\u202eb", "\u200b", "x\u0000y", "İıß",
        "\U0010ffff", "van\u00a0der\u00a0Berg", "\n\t", "<script>", "'; DROP TABLE messages;--", "%s%n{0}",
    ],
)  # fmt: skip
def test_names_with_any_unicode_go_round_unchanged(name):
    identity = m.Identity(given_names=name, family_name=name)
    assert decode_model(m.Identity, encode_model(identity)) == identity
    held = Identity.model_validate(identity.model_dump(mode="json", exclude_defaults=True))
    assert (held.given_names, held.family_name) == (name, name)
    assert held.key is not None


def closed(model: type[BaseModel]) -> None:
    assert model.model_config["extra"] == "forbid"
    assert model.model_config["strict"] is True
    assert model.model_config["frozen"] is True


def test_every_message_model_is_closed_strict_and_frozen():
    found = [c for c in vars(m).values() if isinstance(c, type) and issubclass(c, BaseModel) and c is not BaseModel]
    assert len(found) > 15
    for model in found:
        closed(model)


def test_the_refusal_names_no_value_of_the_sender():
    with pytest.raises(WireError) as refused:
        decode_model(m.Reply, b'{"text":"Jelle Verzonnen","v":2}')
    assert "Jelle" not in str(refused.value)


COMBINED = "e\u0301"
"""An é as a keyboard with a dead key types it: two code points, one character."""


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("x" * 500, True),
        ("x" * 501, False),
        (COMBINED * 500, True),
        (COMBINED * 501, False),
        ("\u00e9" * 500, True),
        ("\u1100\u1161\u11a8" * 500, True),  # Korean syllables typed letter by letter
        ("x\u030c" * 250, True),  # no composed form: two each
        ("x\u030c" * 251, False),
        ("\U0001f469" * 500, True),
        ("a" + "\u0301" * 2000, False),
        ("\u0344" * 251, False),  # its normal form is longer than itself
    ],
)
def test_five_hundred_characters_are_counted_as_people_see_them(text: str, *, fits: bool) -> None:
    written = orjson.dumps({"text": text, "v": 1}, option=orjson.OPT_SORT_KEYS)
    if fits:
        assert decode_model(m.Reply, written).text == text, "what was signed is not changed by reading it"
    else:
        with pytest.raises(WireError):
            decode_model(m.Reply, written)
