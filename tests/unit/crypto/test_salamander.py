"""An invisible salamander: one ciphertext that opens to two texts under two keys. The commitment tells them apart."""

import hashlib
import struct

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20

from exchange.crypto import envelope

P = 2**130 - 5
R_MASK = 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF


def hchacha20(key, nonce16):
    """Subkey of draft-irtf-cfrg-xchacha §2.2."""
    x = list(struct.unpack("<16I", b"expand 32-byte k" + key + nonce16))

    def quarter(a, b, c, d):
        for to, add, turned, by in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            x[to] = (x[to] + x[add]) & 0xFFFFFFFF
            mixed = x[turned] ^ x[to]
            x[turned] = (mixed << by | mixed >> (32 - by)) & 0xFFFFFFFF

    for _ in range(10):
        for i in range(4):
            quarter(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return struct.pack("<8I", *x[:4], *x[12:])


def streams(key, nonce):
    """Poly1305's r and s, and 64 bytes of keystream."""
    cipher = Cipher(ChaCha20(hchacha20(key, nonce[:16]), bytes(8) + nonce[16:]), mode=None).encryptor()
    block = cipher.update(bytes(128))
    return int.from_bytes(block[:16], "little") & R_MASK, int.from_bytes(block[16:32], "little"), block[64:]


def blocks(data):
    return [int.from_bytes(data[at : at + 16] + b"\1", "little") for at in range(0, len(data), 16)]


def salamander(aad, text):
    """A 64-byte ciphertext whose tag holds under two keys: two blocks are solved for, the last byte is the marker."""
    nonce = bytes(24)
    one = hashlib.sha256(b"one").digest()
    r1, s1, ks1 = streams(one, nonce)
    keys = (hashlib.sha256(b"two %d" % n).digest() for n in range(10_000))
    two, (r2, s2, _) = next((k, found) for k in keys if (found := streams(k, nonce))[2][63] == ks1[63])
    first = bytes(a ^ b for a, b in zip(text.ljust(16), ks1, strict=False))
    fixed_aad = blocks(aad + bytes(-len(aad) % 16))
    lengths = blocks(struct.pack("<QQ", len(aad), 64))
    for attempt in range(1_000_000):
        last = attempt.to_bytes(15, "little") + bytes([0x80 ^ ks1[63]])
        tag = 12345
        known = [*fixed_aad, *blocks(first), 0, 0, *blocks(last), *lengths]
        rows = []
        for r, s in ((r1, s1), (r2, s2)):
            powers = [pow(r, len(known) - i, P) for i in range(len(known))]
            total = sum(c * p for c, p in zip(known, powers, strict=True))
            rows.append((powers[-4], powers[-3], ((tag - s) % 2**128 - total) % P))
        (a, b, e), (c, d, f) = rows
        inverse = pow(a * d - b * c, -1, P)
        x, y = (e * d - b * f) * inverse % P, (a * f - e * c) * inverse % P
        if x >> 128 == y >> 128 == 1:
            middle = b"".join((v - 2**128).to_bytes(16, "little") for v in (x, y))
            return one, two, nonce + first + middle + last + tag.to_bytes(16, "little")
    raise AssertionError


def test_salamander_part_two_readings_is_caught_by_pkc(conversation):
    place = (conversation.covenant, conversation.sender, conversation.message, 0, 1)
    one, two, ciphertext = salamander(envelope._part_aad(*place), b"to the recipient")
    first = envelope.open_part(one, *place, ciphertext)
    second = envelope.open_part(two, *place, ciphertext)
    assert first.startswith(b"to the recipient")
    assert first != second  # the attack is real: the same signed hash, two texts
    assert envelope.pkc(one) != envelope.pkc(two)  # and a judge sees which key the header promised
