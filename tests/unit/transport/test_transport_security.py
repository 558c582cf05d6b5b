from __future__ import annotations

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.errors import SetupError
from exchange.transport.keys import check_public, generate_seed, public_of
from exchange.transport.security import TlsFiles, is_loopback, secured


@pytest.mark.parametrize(
    "url", ["nats://127.0.0.1:4222", "nats://localhost:1", "nats://[::1]:4222", "ws://127.9.9.9:80"]
)
def test_on_one_machine_a_plain_connection_is_allowed(url):
    assert secured(url, None) is None


@pytest.mark.parametrize(
    "url",
    [
        "nats://10.0.0.1:4222",
        "nats://broker.example:4222",
        "nats://localhost.evil.example:4222",
        "nats://127.0.0.1.evil.example:4222",
        "nats://0.0.0.0:4222",
        "ws://broker.example:80",
    ],
)
def test_to_another_machine_a_plain_connection_is_refused(url):
    with pytest.raises(SetupError, match="must begin with tls://"):
        secured(url, None)


@pytest.mark.parametrize("url", ["tls://broker.example:4222", "wss://broker.example:443", "tls://127.0.0.1:4222"])
def test_tls_means_version_1_3_with_certificate_and_host_name_checked(url):
    context = secured(url, None)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_3
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname


@given(
    st.text(max_size=40)
    | st.sampled_from(["tls://", "tls://x", "http://x:1", "tls://u:p@x:1", "tls://x:99999", "//x:1"])
)
def test_any_other_address_is_one_refusal(url):
    try:
        secured(url, None)
    except SetupError:
        return
    assert url.partition("://")[0] in {"nats", "tls", "ws", "wss"}


def test_a_tls_file_that_cannot_be_read_is_one_sentence(tmp_path):
    (tmp_path / "junk.pem").write_text("not a certificate")
    for files in (TlsFiles(ca=tmp_path / "absent.pem"), TlsFiles(ca=tmp_path / "junk.pem")):
        with pytest.raises(SetupError, match="cannot be read"):
            secured("tls://broker.example:4222", files)


@pytest.mark.parametrize(
    ("host", "expected"),
    [("localhost", True), ("LOCALHOST", True), ("127.0.0.1", True), ("::1", True), ("[::1]", True), ("0.0.0.0", False),  # noqa: S104
     ("::", False), ("", False), ("example", False), ("127.0.0.1.example", False)],
)  # fmt: skip
def test_only_this_machine_is_this_machine(host, expected):
    assert is_loopback(host) is expected


def test_every_seed_is_fresh_and_has_one_public_key():
    seeds = {generate_seed() for _ in range(20)}
    publics = {public_of(seed) for seed in seeds}
    assert len(seeds) == len(publics) == 20
    assert all(seed.startswith("SU") for seed in seeds)
    assert all(check_public(public) == public for public in publics)


def test_one_changed_character_in_a_public_key_is_noticed():
    public = public_of(generate_seed())
    for position in range(len(public)):
        other = "B" if public[position] == "A" else "A"
        with pytest.raises(SetupError):
            check_public(public[:position] + other + public[position + 1 :])


@given(st.text(max_size=70))
def test_what_is_no_key_is_one_refusal(text):
    for parse in (check_public, public_of):
        with pytest.raises(SetupError):
            parse(text)


def test_keys_of_another_rank_are_refused():
    account = "A" + public_of(generate_seed())[1:]
    with pytest.raises(SetupError):
        check_public(account)
    with pytest.raises(SetupError):
        public_of(public_of(generate_seed()))
