"""Off this machine only TLS, only to whom the certificate names, and never talked out of it."""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from exchange.errors import BrokerError, SetupError
from exchange.transport.broker import BrokerLayout, BrokerPartner, ServerTls, config_text, setup
from exchange.transport.client import Backoff, NatsTransport
from exchange.transport.keys import generate_seed, public_of
from exchange.transport.link import Dial, Link
from exchange.transport.security import TlsFiles
from exchange.transport.server import LocalServer

TAG = "00112233445566aa"


@dataclass(frozen=True)
class Authority:
    """A certificate authority that lives as long as the test."""

    directory: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def create(cls, directory):
        directory.mkdir()
        key = ec.generate_private_key(ec.SECP256R1())
        made = cls(directory, key, _certificate("test authority", key, None, key, ca=True))
        (directory / "ca.pem").write_bytes(made.certificate.public_bytes(serialization.Encoding.PEM))
        return made

    @property
    def file(self):
        return self.directory / "ca.pem"

    def issue(self, name):
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(name, key, self.certificate.subject, self.key, ca=False)
        files = self.directory / f"{name}.pem", self.directory / f"{name}.key"
        files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        files[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return files


def _certificate(name, key, issuer, signer, *, ca):
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    names = [x509.DNSName(name if " " not in name else "authority")]
    if name == "localhost":
        names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    start = datetime.now(UTC) - timedelta(hours=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )


@pytest.fixture
def authority(tmp_path):
    return Authority.create(tmp_path / "authority")


@pytest.fixture
def seeds():
    return {name: generate_seed() for name in ("gemeente", "politie", "operator")}


@pytest.fixture
def layout(seeds):
    partners = tuple(BrokerPartner(slug, public_of(seeds[slug])) for slug in ("gemeente", "politie"))
    return BrokerLayout(TAG, partners, public_of(seeds["operator"]))


@pytest.fixture
async def server(tmp_path, layout, authority):
    tls = ServerTls(*authority.issue("localhost"))
    config = config_text(layout, store_dir=tmp_path / "js", port=-1, tls=tls)
    async with LocalServer(tmp_path / "server", config) as running:
        yield running


def address(server, scheme="tls", host="localhost"):
    return f"{scheme}://{host}:{server.url.rpartition(':')[2]}"


async def test_a_frame_goes_through_tls(server, layout, seeds, authority):
    tls = TlsFiles(ca=authority.file)
    await setup(address(server), seeds["operator"], layout, tls=tls)
    got: asyncio.Queue[bytes] = asyncio.Queue()

    async def take(deliveries):
        for delivery in deliveries:
            got.put_nowait(delivery.data)
            await delivery.done()

    async def nothing(_):
        raise AssertionError

    gemeente, politie = [
        NatsTransport(address(server), slug, TAG, seeds[slug], tls=tls, backoff=Backoff(0.05, 0.2))
        for slug in ("gemeente", "politie")
    ]
    await gemeente.start(nothing, nothing)
    await politie.start(take, nothing)
    await gemeente.wait_connected(20)
    await gemeente.publish("politie", b"through the wire, closed")
    async with asyncio.timeout(60):
        assert await got.get() == b"through the wire, closed"
    await asyncio.gather(gemeente.close(), politie.close())


async def test_a_broker_with_another_authoritys_certificate_is_not_trusted(server, seeds, tmp_path):
    other = Authority.create(tmp_path / "other")
    with pytest.raises(BrokerError, match="cannot prove with its TLS certificate"):
        await Link.open(Dial(address(server), seeds["gemeente"], "_INBOX_gemeente", TlsFiles(ca=other.file)))


async def test_a_certificate_for_another_host_name_is_not_trusted(tmp_path, layout, seeds, authority):
    tls = ServerTls(*authority.issue("broker.example"))
    async with LocalServer(tmp_path / "s", config_text(layout, store_dir=tmp_path / "js", port=-1, tls=tls)) as server:
        with pytest.raises(BrokerError, match="cannot prove with its TLS certificate"):
            await Link.open(Dial(address(server), seeds["gemeente"], "_INBOX_gemeente", TlsFiles(ca=authority.file)))


async def test_a_server_that_asks_for_client_certificates_gets_one_or_lets_nobody_in(
    tmp_path, layout, seeds, authority
):
    tls = ServerTls(*authority.issue("localhost"), ca=authority.file)
    certificate, key = authority.issue("gemeente")
    async with LocalServer(tmp_path / "s", config_text(layout, store_dir=tmp_path / "js", port=-1, tls=tls)) as server:
        with pytest.raises(BrokerError):
            await Link.open(Dial(address(server), seeds["gemeente"], "_INBOX_gemeente", TlsFiles(ca=authority.file)))
        files = TlsFiles(authority.file, certificate, key)
        link = await Link.open(Dial(address(server), seeds["gemeente"], "_INBOX_gemeente", files))
        await link.close()


async def test_nobody_in_between_can_say_that_tls_is_not_needed(seeds, authority):
    """The classic downgrade: an INFO line in the open that does not ask for TLS. Nothing of ours may follow it."""
    heard: list[bytes] = []

    async def pretend(reader, writer):
        writer.write(
            b'INFO {"server_id":"x","version":"2.15.1","max_payload":1048576,"nonce":"abcdef","headers":true}\r\n'
        )
        await writer.drain()
        heard.append(await reader.read(4096))
        writer.close()

    liar = await asyncio.start_server(pretend, "127.0.0.1", 0)
    port = liar.sockets[0].getsockname()[1]
    with pytest.raises(BrokerError):
        await Link.open(Dial(f"tls://localhost:{port}", seeds["gemeente"], "_INBOX_gemeente", TlsFiles(authority.file)))
    liar.close()
    await liar.wait_closed()
    assert heard
    assert all(not said or said[:1] == b"\x16" for said in heard)  # a TLS ClientHello, or nothing
    assert not any(b"CONNECT" in said or public_of(seeds["gemeente"]).encode() in said for said in heard)


@pytest.mark.parametrize(
    "greeting",
    [
        b"",
        b"\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"INFO \r\n",
        b"INFO []\r\n",
        b"INFO {not json}\r\n",
        b"INFO " + b"[" * 20_000 + b"\r\n",
        b"INFO " + b"x" * 100_000,
        b'INFO {"max_payload": "many", "nonce": 5}\r\n',
        b'INFO {"nonce": "a"}\r\nMSG broken\r\n',
        b"\xff\xfe\x00INFO \xff{}\r\n",
    ],
)
async def test_whatever_a_strange_server_says_is_one_refusal(seeds, greeting):
    async def pretend(reader, writer):
        writer.write(greeting)
        writer.close()

    strange = await asyncio.start_server(pretend, "127.0.0.1", 0)
    port = strange.sockets[0].getsockname()[1]
    with pytest.raises(BrokerError):
        await Link.open(Dial(f"nats://127.0.0.1:{port}", seeds["gemeente"], "_INBOX_gemeente"))
    strange.close()
    await strange.wait_closed()


async def test_another_machine_is_never_dialled_without_tls(seeds):
    with pytest.raises(SetupError, match="must begin with tls://"):
        NatsTransport("nats://broker.example:4222", "gemeente", TAG, seeds["gemeente"])
    with pytest.raises(SetupError, match="must begin with tls://"):
        await Link.open(Dial("nats://192.0.2.1:4222", seeds["operator"], "_INBOX_0operator"))
