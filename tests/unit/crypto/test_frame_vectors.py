"""The project's own frames, each with its stated outcome: what another implementation must read and refuse."""

import base64
import json
from pathlib import Path

import pytest

from exchange.crypto import envelope, labels, signing
from exchange.errors import WireError

FILE = Path(__file__).parents[3] / "schemas" / "vectors" / "frame.json"
CASES = {case["name"]: case for case in json.loads(FILE.read_text())["cases"]}


def opened(case):
    frame = envelope.parse_frame(base64.b64decode(case["frame"]))
    place = (bytes.fromhex(case["covenant"]), case["generation"], bytes.fromhex(case["recipient"]))
    return frame, envelope.open_frame(frame, bytes.fromhex(case["seed"]), *place)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case["expect"] != "opens"])
def test_vector_is_refused_with_its_code(name):
    with pytest.raises(WireError) as caught:
        opened(CASES[name])
    assert caught.value.reason == CASES[name]["expect"]


def test_the_good_vector_gives_every_stated_value():
    case = CASES["three parts"]
    frame, message = opened(case)
    assert frame.kid.hex() == case["kid"]
    assert message.header.decode() == case["header"]
    assert message.wrapped_ms == case["wrapped_ms"]
    assert envelope.message_id(message.header).hex() == case["message_id"]
    assert [key.hex() for key in message.part_keys] == case["part_keys"]
    assert [envelope.pkc(key).hex() for key in message.part_keys] == case["pkc"]
    signing.verify(bytes.fromhex(case["sign_public"]), labels.SIGN_HEADER, message.header, message.signature)
    assert message.signature.hex() == case["signature"]
    place = [bytes.fromhex(case[k]) for k in ("covenant", "sender", "message")]
    texts = [
        envelope.open_part(key, *place, i, 3, part)
        for i, (key, part) in enumerate(zip(message.part_keys, message.parts, strict=True))
    ]
    assert [text.decode() for text in texts] == case["plaintexts"]
