"""What lies in deploy/ to be copied is what the code makes and understands."""

from __future__ import annotations

import configparser
import hashlib
from pathlib import Path

import nkeys  # type: ignore[import-untyped]

from exchange.transport.broker import BrokerLayout, BrokerPartner, ServerTls, config_text

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "deploy" / "nats" / "nats-server.conf.example"


def _example_key(name: str) -> str:
    """The public half of a throw-away transport key, the same at every run."""
    seed = nkeys.encode_seed(hashlib.sha256(name.encode()).digest(), nkeys.PREFIX_BYTE_USER)
    return str(nkeys.from_seed(bytearray(seed)).public_key.decode())


def test_the_broker_example_is_what_broker_config_writes() -> None:
    layout = BrokerLayout(
        tag="0123456789abcdef",
        partners=tuple(BrokerPartner(slug, _example_key(slug)) for slug in ("actium", "welzijn")),
        operator=_example_key("operator"),
    )
    written = config_text(
        layout,
        store_dir=Path("/var/lib/nats"),
        host="broker.example.org",
        tls=ServerTls(Path("/etc/nats/broker.crt"), Path("/etc/nats/broker.key")),
    )
    preface, _, body = EXAMPLE.read_text("utf-8").partition("# ---\n")
    assert preface.startswith("#")
    assert body == written


def test_the_service_runs_as_its_own_user_and_may_write_only_to_its_own_places() -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string((ROOT / "deploy" / "systemd" / "covenant-exchange@.service").read_text("utf-8"))
    service = unit["Service"]
    assert service["User"] == "covx-%i"
    assert service["ProtectSystem"] == "strict"
    assert service["UMask"] == "0077"
    assert service["LimitCORE"] == "0"
    assert all(path.endswith("/%i") for path in service["ReadWritePaths"].split())


def test_the_service_may_give_its_socket_to_a_group_and_make_no_other_privileged_call() -> None:
    unit = (ROOT / "deploy" / "systemd" / "covenant-exchange@.service").read_text("utf-8")
    filters = [line.partition("=")[2] for line in unit.splitlines() if line.startswith("SystemCallFilter=")]
    assert filters == ["@system-service", "~@privileged @resources", "@chown"]  # later lines win
