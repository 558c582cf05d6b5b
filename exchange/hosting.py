"""For whoever hosts the broker of a covenant: its configuration, its streams, and a local server under supervision.

The host can read nothing and forge nothing. What it needs is the signed covenant and a directory of its own; a later
generation goes into the same directory, because the subjects keep the name of the first.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from exchange.errors import N_, CovenantError
from exchange.files import make_directory, read, write_new
from exchange.node.covenants import Accepted, verify_signed
from exchange.transport import keys as nkeys
from exchange.transport.broker import BrokerLayout, BrokerPartner, ServerTls, config_text
from exchange.transport.broker import setup as broker_setup
from exchange.transport.security import TlsFiles
from exchange.transport.server import LocalServer

OPERATOR_FILE: Final = "operator.nk"
TAG_FILE: Final = "covenant.tag"


def layout_of(signed: Path, directory: Path) -> BrokerLayout:
    """Who may connect to this covenant's broker, from the signed covenant, and the operator of ``directory``.

    Raises:
        CovenantError: It is a later generation, and the first one was never configured in this directory.
    """
    accepted = verify_signed(read(signed, N_("signed covenant")), datetime.now(UTC))
    partners = tuple(BrokerPartner(p.slug, p.card.transport) for p in accepted.connected() if p.card is not None)
    operator = nkeys.public_of(operator_seed(directory))
    return BrokerLayout(tag=_tag(directory, accepted), partners=partners, operator=operator)


def _tag(directory: Path, accepted: Accepted) -> str:
    """How the broker's subjects name the covenant: by its first generation, which a later one cannot tell."""
    path = directory / TAG_FILE
    if accepted.generation == 1:
        tag = accepted.hash.hex()[:16]
        if not path.exists():
            write_new(path, tag.encode(), 0o644)
        return tag
    if not path.exists():
        raise CovenantError(
            "Configure the broker with the first generation of the covenant once: its hash names the subjects."
        )
    return read(path, N_("covenant tag")).decode().strip()


def broker_config(
    signed: Path, directory: Path, *, port: int = 4222, host: str = "127.0.0.1", tls: ServerTls | None = None
) -> Path:
    """Write the nats-server configuration of a covenant, with an operator key of its own; gives its path."""
    make_directory(directory)
    layout = layout_of(signed, directory)
    path = directory / "nats-server.conf"
    path.write_text(
        config_text(layout, store_dir=directory.resolve() / "jetstream", host=host, port=port, tls=tls),
        encoding="utf-8",
    )
    return path


def operator_seed(directory: Path) -> str:
    """The broker operator's key, made the first time; it can read no frame."""
    path = directory / OPERATOR_FILE
    if not path.exists():
        write_new(path, nkeys.generate_seed().encode(), 0o600)
    return read(path, N_("operator key")).decode().strip()


def setup_broker(signed: Path, directory: Path, url: str, *, ca: Path | None = None, replicas: int = 1) -> None:
    """Make the covenant's streams and consumers on a broker that somebody runs elsewhere, with the operator's key.

    Raises:
        BrokerError: It cannot be reached, does not know the operator, or refuses.
    """
    seed = operator_seed(directory)
    layout = replace(layout_of(signed, directory), replicas=replicas)
    asyncio.run(broker_setup(url, seed, layout, tls=TlsFiles(ca=ca) if ca else None))


async def start_broker(signed: Path, directory: Path, *, port: int = 4222) -> LocalServer:
    """A supervised local nats-server with every stream in place."""
    config = broker_config(signed, directory, port=port)
    server = LocalServer(directory / "server", config.read_text(encoding="utf-8"))
    await server.start()
    try:
        seed = operator_seed(directory)
        await broker_setup(server.url, seed, layout_of(signed, directory))
    except BaseException:
        await server.stop()
        raise
    return server


def run_broker(signed: Path, directory: Path, *, port: int = 4222, ready: Callable[[], None]) -> None:
    """The local broker in the foreground, until SIGTERM or SIGINT; ``ready`` is called once it answers."""
    asyncio.run(_broker(signed, directory, port, ready))


async def _broker(signed: Path, directory: Path, port: int, tell: Callable[[], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = await start_broker(signed, directory, port=port)
    tell()
    try:
        await stop.wait()
    finally:
        await server.stop()
