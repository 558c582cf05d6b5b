"""Makes the project's own test vectors in ``schemas/vectors/``: ``python tests/vectors/make_vectors.py``.

Wrapping is randomised, so a second run gives other bytes with the same outcomes; the files are made once per change of the
protocol. Keys here are hashes of fixed sentences and guard nothing.
"""

import base64
import hashlib
import json
from pathlib import Path

from exchange.crypto import envelope, hpke, labels
from exchange.crypto.signing import Ed25519Key

HERE = Path(__file__).parents[2] / "schemas" / "vectors"


def b64(data):
    return base64.b64encode(data).decode()


def h(text):
    return hashlib.sha256(text.encode()).digest()


def write(name, description, cases):
    HERE.mkdir(parents=True, exist_ok=True)
    body = json.dumps({"description": description, "cases": cases}, indent=1, sort_keys=True)
    (HERE / name).write_text(body + "\n")


def hpke_cases():
    opened = hpke.OpenedSeed(hpke._KAT_SEED)
    known = {
        "seed": hpke._KAT_SEED.hex(),
        "public": b64(opened.public),
        "info": hpke._KAT_INFO.hex(),
        "plaintext": hpke._KAT_PLAIN.hex(),
        "sealed": hpke._KAT_SEALED,
    }
    other = hpke.OpenedSeed(h("another seed"))
    enc, ct = hpke.wrap(other.public, b"", b"")
    empty = {
        "seed": h("another seed").hex(),
        "public": b64(other.public),
        "info": "",
        "plaintext": "",
        "sealed": b64(enc + ct),
    }
    sealed = base64.b64decode(hpke._KAT_SEALED)
    low_order = sealed[:1088] + bytes(32) + sealed[1120:]
    return [
        {**known, "name": "self-test", "expect": "opens"},
        {**empty, "name": "empty plaintext and info", "expect": "opens"},
        {**known, "name": "other info", "info": "00", "expect": "fails"},
        {**known, "name": "low-order X25519 share", "sealed": b64(low_order), "expect": "fails"},
        {**known, "name": "last byte cut", "sealed": b64(sealed[:-1]), "expect": "fails"},
    ]


def frame_cases():
    seed, covenant = h("prekey seed"), h("covenant")
    sender, recipient, message = h("sender")[:16], h("recipient")[:16], h("message uuid")[:16]
    key = Ed25519Key(h("sign seed"))
    texts = [b'{"v":1}', b"x" * 63, b"x" * 64]
    part_keys = [h(f"part key {i}") for i in range(3)]
    parts = [
        envelope.seal_part(k, covenant, sender, message, i, 3, text)
        for i, (k, text) in enumerate(zip(part_keys, texts, strict=True))
    ]
    header = b'{"stands":"for a header"}'
    frame = envelope.wrap_frame(
        prekey_public=hpke.xwing_public(seed),
        kid=h("kid")[:8],
        covenant=covenant,
        generation=1,
        recipient=recipient,
        header=header,
        signature=key.sign(labels.SIGN_HEADER, header),
        part_keys=part_keys,
        parts=parts,
        wrapped_ms=1_772_438_400_000,
    )
    good = {
        "seed": seed.hex(),
        "covenant": covenant.hex(),
        "generation": 1,
        "sender": sender.hex(),
        "recipient": recipient.hex(),
        "message": message.hex(),
        "kid": h("kid")[:8].hex(),
        "sign_public": key.public.hex(),
        "header": header.decode(),
        "message_id": envelope.message_id(header).hex(),
        "signature": key.sign(labels.SIGN_HEADER, header).hex(),
        "part_keys": [k.hex() for k in part_keys],
        "pkc": [envelope.pkc(k).hex() for k in part_keys],
        "plaintexts": [t.decode() for t in texts],
        "wrapped_ms": 1_772_438_400_000,
        "frame": b64(frame),
    }
    box_at = 16 + 1120 + 56
    bad = {
        "suite 2": ("suite-unknown", frame[:4] + b"\2" + frame[5:]),
        "a used zero": ("frame-malformed", frame[:7] + b"\1" + frame[8:]),
        "length 0xffffffff": ("frame-malformed", frame[:box_at] + b"\xff" * 4 + frame[box_at + 4 :]),
        "trailing byte": ("frame-malformed", frame + b"\0"),
        "other kid": ("hpke-failed", frame[:8] + bytes(8) + frame[16:]),
        "changed wrap": ("hpke-failed", frame[: box_at - 1] + bytes([frame[box_at - 1] ^ 1]) + frame[box_at:]),
        "changed box": ("box-failed", frame[: box_at + 4] + bytes([frame[box_at + 4] ^ 1]) + frame[box_at + 5 :]),
        "last part dropped": ("box-failed", frame[: -4 - len(parts[2])]),
    }
    return [
        {**good, "name": "three parts", "expect": "opens"},
        {**good, "name": "other generation", "generation": 2, "expect": "hpke-failed"},
        {**good, "name": "other recipient", "recipient": sender.hex(), "expect": "hpke-failed"},
        *({**good, "name": name, "expect": code, "frame": b64(data)} for name, (code, data) in bad.items()),
    ]


if __name__ == "__main__":
    write(
        "hpke.json", "HPKE base mode, KEM 0x647A, HKDF-SHA256, ChaCha20-Poly1305; sealed = enc 1120 | ct", hpke_cases()
    )
    write("frame.json", "covx/1 frames; expect is 'opens' or the reason code of the first failing check", frame_cases())
