"""The composition root: the only place that knows every part. Opens a node directory, wires it, runs it, closes it.

with_node = open_node(directory, secret)      vault, log, views, memory; nothing is sent yet
run_node(directory, secret)                   the whole process, until SIGTERM or SIGINT
"""

from __future__ import annotations

import asyncio
import base64
import gc
import importlib.metadata
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import structlog

from exchange import logs, settings
from exchange.api.access import admit
from exchange.api.app import create_app
from exchange.api.auth import AnyOf, BearerToken, PeerCredentials, token_apart, token_of
from exchange.api.server import serve
from exchange.api.webhook import Webhook, check_url, webhook_secret
from exchange.api.zgw import COUNTED, Notifications, proposals
from exchange.crypto import labels
from exchange.crypto.hpke import self_test
from exchange.crypto.signing import Ed25519Key, MLDSAKey
from exchange.crypto.vault import Secret
from exchange.domain.covenant import Environment
from exchange.domain.events import CovenantAccepted
from exchange.errors import IntegrityError
from exchange.files import read, write_new
from exchange.node import accountability, factbook
from exchange.node import actors as node_actors
from exchange.node import people as node_people
from exchange.node.actors import Actors
from exchange.node.context import Context, NodeKeys
from exchange.node.covenants import Covenants
from exchange.node.factbook import Factbook
from exchange.node.following import Following, pairs
from exchange.node.forms import FeedRow, VerifyAnswer
from exchange.node.identity import leading
from exchange.node.node import Node
from exchange.node.partners import Partners
from exchange.node.people import People
from exchange.node.ports import Clock, Transport
from exchange.node.prekeys import Prekeys
from exchange.node.writer import Writer
from exchange.setup import SIDE_FILE, load_accepted, open_vault, own_keys, place_at
from exchange.store.ledger import Ledger
from exchange.store.log import PAGE, Log
from exchange.store.side import SideStore
from exchange.store.vault import Vault
from exchange.store.views import catch_up
from exchange.transport.client import NatsTransport
from exchange.transport.security import TlsFiles
from exchange.wire.messages import source_of

VIEWS_FILE: Final = "views.db"
OPERATOR_FILE: Final = "operator.nk"
WEBHOOK: Final = "webhook"
ZGW: Final = "zgw"
SWITCH_S: Final = 0.00005
"""How long one thread keeps the interpreter from another that wants it."""
log = structlog.get_logger()
TransportFactory = Callable[[settings.Settings, Covenants, str], Transport]
"""Settings, covenants and the transport key's seed make the way to the broker."""


class SystemClock:
    """The machine's clock, in whole milliseconds."""

    def now(self) -> datetime:
        """The present moment (UTC)."""
        moment = datetime.now(UTC)
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class DemoClock:
    """A clock that can be moved, and that remembers it; only where the covenant's environment is DEMO (design §4.19)."""

    def __init__(self, side: SideStore) -> None:
        self._side = side
        self._machine = SystemClock()
        known = side.get("clock", "offset")
        self._offset = timedelta(milliseconds=known["ms"]) if known else timedelta()

    def now(self) -> datetime:
        """The moved moment."""
        return self._machine.now() + self._offset

    def set(self, moment: datetime) -> None:
        """Let it be ``moment`` now."""
        self._offset = moment - self._machine.now()
        self._offset -= timedelta(microseconds=self._offset.microseconds % 1000)
        self._side.put("clock", "offset", {"ms": round(self._offset / timedelta(milliseconds=1))})


# ---------------------------------------------------------------------------------------- opening


def open_node(
    directory: Path,
    secret: Secret,
    *,
    clock: Clock | None = None,
    transport: TransportFactory | None = None,
) -> Node:
    """Everything of a node, ready to start. What a crash left half done in the vault is settled here.

    Raises:
        SetupError: Not a node directory, another process has it open, or no covenant was accepted.
        LockedError: Wrong secret, missing or stale anchor.
        IntegrityError: Log or vault are not what was written.
    """
    self_test()
    place = settings.load(directory)
    vault = open_vault(directory, place, secret)
    opened: list[Vault | Log | SideStore | Ledger] = [vault]
    try:
        log_ = Log.open(directory, vault)
        opened.append(log_)
        settled = log_.settle()
        side = _side(directory / SIDE_FILE)
        opened.append(side)
        ledger = Ledger(directory / VIEWS_FILE)
        opened.append(ledger)
        _caught_up(log_, ledger)
        return _wire(directory, place, vault, log_, side, ledger, settled, clock, transport)
    except BaseException:
        for part in reversed(opened):
            part.close()
        raise


def _side(path: Path) -> SideStore:
    """The side store. One that was lost is made anew: it holds no fact, and partners hear of new epochs."""
    if path.exists():
        return SideStore.open(path)
    log.warning("side-store-renewed")
    return SideStore.renewed(path)


def _caught_up(log_: Log, ledger: Ledger) -> None:
    """Bring the views to the end of the log; damaged ones are made anew from it."""
    try:
        ledger.check()
        catch_up(log_, ledger)
    except IntegrityError:
        log.warning("views-rebuilt")
        ledger.rebuild()
        catch_up(log_, ledger)


def _wire(
    directory: Path,
    place: settings.Settings,
    vault: Vault,
    log_: Log,
    side: SideStore,
    ledger: Ledger,
    settled: int,
    clock: Clock | None,
    transport: TransportFactory | None,
) -> Node:
    covenants = Covenants(load_accepted(log_))
    me, keys = own_keys(directory, vault, covenants.current, place.partner)
    if clock is None:
        demo = covenants.current.covenant.environment is Environment.DEMO
        clock = DemoClock(side) if demo else SystemClock()
    people, facts, actors = _fold(log_, covenants)
    overlay = pairs(ledger, [p.slug for p in covenants.current.covenant_partners()])
    writer = Writer(log_, clock, overlay)
    ctx = Context(
        me=me,
        keys=NodeKeys(
            Ed25519Key(keys["sign"]),
            Ed25519Key(keys["log"]),
            MLDSAKey(44, keys["log_pq"]),
            MLDSAKey(44, keys["witness"]),
            labels.expand(keys["sign"], labels.REQUEST),
        ),
        covenants=covenants,
        clock=clock,
        log=log_,
        vault=vault,
        ledger=ledger,
        side=side,
        people=people,
        facts=facts,
        partners=Partners(covenants, side, me.slug, clock),
        prekeys=Prekeys(vault, side),
        writer=writer,
        release=importlib.metadata.version("covenant-exchange"),
        build=os.environ.get("EXCHANGE_BUILD", "source"),
        settled=settled,
        anchor_kind=vault.anchor_kind,
    )
    make = transport or nats_transport
    node = Node(ctx, make(place, covenants, keys["transport"].decode()), actors)
    following = Following(ctx, actors)
    writer.start(following.before_batch, following.after_commit)
    return node


def nats_transport(place: settings.Settings, covenants: Covenants, seed: str) -> NatsTransport:
    """The real way to the broker."""
    tls = TlsFiles(ca=place.broker_ca) if place.broker_ca else None
    return NatsTransport(place.broker, place.partner, covenants.tag, seed, tls=tls)


def _fold(log_: Log, covenants: Covenants) -> tuple[People, Factbook, Actors]:
    """What stands sealed and is needed in memory, in one reading of the log."""
    known_as = leading(one.covenant for one in covenants.all())
    people, facts, actors = People(known_as), Factbook(), Actors()
    topics = [*node_people.TOPICS, *factbook.TOPICS, *node_actors.TOPICS]
    start = 0
    while page := log_.entries(start, PAGE, topics):
        for entry, event in zip(page, log_.read_all(page), strict=True):
            people.evolve(entry.index, event)
            facts.evolve(event)
            actors.evolve(event)
        start = page[-1].index + 1
    return people, facts, actors


# ---------------------------------------------------------------------------------------- auditing


def verify_offline(directory: Path) -> Iterator[int | VerifyAnswer]:
    """Re-read the log of a stopped node, or a copy of ``log.db``, without any key: leaves, roots, checkpoints, signatures.

    Raises:
        SetupError: There is no log, or a running node has it open: ask the node then.
        CovenantError: The log does not begin with a covenant.
    """
    log_ = Log.open(directory, None)
    try:
        me = next(
            (
                e.me
                for e in log_.read_all(log_.entries(0, 1, ["covenant/accepted/1"]))
                if isinstance(e, CovenantAccepted)
            ),
            "",
        )
        covenants = Covenants(load_accepted(log_))
        yield from accountability.verify_log(log_, covenants, me, vault=None)
    finally:
        log_.close()


# ---------------------------------------------------------------------------------------- running


def _nothing() -> None:
    """Nobody wants to hear that it runs."""


def run_node(directory: Path, secret: Secret, *, ready: Callable[[], None] = _nothing) -> None:
    """The whole node: API, inbox, outbox, housekeeping; until SIGTERM or SIGINT.

    Args:
        directory: The node.
        secret: Opens its vault.
        ready: Called once the node answers.

    Raises:
        ExchangeError: It cannot start; one sentence says why.
    """
    os.umask(0o077)  # whatever this process makes is for its own user, also where a group may pass the directory
    place = settings.load(directory)
    level = logging.getLevelNamesMapping().get(place.log_level.upper(), logging.INFO)
    node = open_node(directory, secret)
    logs.configure(level=level, now=node.ctx.clock.now)
    tune_interpreter()
    asyncio.run(_serve(directory, place, node, ready))


def tune_interpreter() -> None:
    """Set the interpreter for one long-lived process with two busy threads, the event loop and the writer.

    Both let go of the interpreter at every cryptographic call and every row they store, hundreds of times a message, and the
    other keeps it for the whole switch interval: at the default of 5 ms each waits for the other most of the time. At 50 µs
    twice as many disclosures pass, in two thirds of the time each (docs/performance.md).

    The register and the rules are many small objects that never become garbage; left to itself the collector walks over all of
    them again and again, for every few messages.
    """
    sys.setswitchinterval(SWITCH_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


async def _serve(directory: Path, place: settings.Settings, node: Node, tell: Callable[[], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    waits: list[asyncio.Task[Any]] = []
    told: asyncio.Task[None] | None = None
    try:
        authenticators = [PeerCredentials(node)]
        tcp = None
        if place.tcp_port is not None:
            authenticators.append(BearerToken(node, *token_of(directory)))  # type: ignore[arg-type]  # both are Authenticators
            tcp = ("127.0.0.1", place.tcp_port)
        socket = place_at(directory, place.socket)
        group = admit(directory, socket, place.socket_group)
        app = create_app(node, AnyOf(*authenticators), _zgw(directory, place, node))
        await node.start()
        ready = asyncio.Event()
        waits = [
            asyncio.create_task(stop.wait()),
            asyncio.create_task(serve(app, socket=socket, group=group, tcp=tcp, ready=ready)),
        ]
        if place.webhook is not None:
            waits.append(asyncio.create_task(_webhook(directory, place, node).run()))
        told = asyncio.create_task(_told(ready, tell))
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for ended in (task for task in waits if task.done()):
            ended.result()  # raises what ended it
    finally:  # also of a node that never started: its files are open
        tasks = [*waits, *([told] if told is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await loop.shutdown_default_executor()  # no reading thread may be at work in a file that is being closed
        await node.stop()


def _webhook(directory: Path, place: settings.Settings, node: Node) -> Webhook:
    """What tells the case system; begins at what happens from now on, and later where it was.

    Raises:
        SetupError: The address may not be used, or the secret cannot be read.
    """
    check_url(place.webhook or "")
    ctx, side = node.ctx, node.ctx.side
    path = place_at(directory, place.webhook_secret)
    if not path.exists():
        write_new(path, base64.b64encode(os.urandom(32)), 0o600)
    known = side.get(WEBHOOK, "position")

    async def feed(cursor: int, limit: int) -> list[FeedRow]:
        return await asyncio.to_thread(accountability.feed, ctx.log, cursor, limit)

    hook = Webhook(
        url=place.webhook or "",
        secret=webhook_secret(read(path, "webhook secret")),
        source=source_of(ctx.me.slug),
        feed=feed,
        position=int(known["cursor"]) if known else ctx.log.size - 1,
        keep=lambda cursor: side.put(WEBHOOK, "position", {"cursor": cursor}),
        wait=node.bell.wait,
        now=ctx.clock.now,
    )
    if known is None:
        hook.keep(hook.position)
    node.warn_of(lambda: ["webhook-failing"] if hook.failing else [])
    return hook


def _zgw(directory: Path, place: settings.Settings, node: Node) -> Notifications | None:
    """What comes in from case systems; the token is a systemd credential of that name, or a file of the node.

    Raises:
        SetupError: The actor is no system actor, a code never was in the covenant, others can read the token, or it is the API's.
    """
    if place.zgw is None:
        return None
    ctx = node.ctx
    node.drafts.proposer(place.zgw.actor)
    credential = Path(os.environ.get("CREDENTIALS_DIRECTORY", os.devnull)) / place.zgw.token.name
    token = token_apart(credential if credential.is_file() else place_at(directory, place.zgw.token), directory)
    proposed, ended = proposals([one.covenant for one in ctx.covenants.all()], ctx.me.slug, place.zgw.propose)
    adapter = Notifications(
        token=token,
        actor=place.zgw.actor,
        propose=proposed,
        counts=dict(ctx.side.get(ZGW, "counts") or {}),
        keep=lambda counts: ctx.side.put(ZGW, "counts", counts),
    )
    node.warn_of(lambda: ["zgw-code-ended"] if ended else [])
    node.count_of(lambda: {f"zgw-{name}": adapter.counts.get(name, 0) for name in COUNTED})
    return adapter


async def _told(ready: asyncio.Event, tell: Callable[[], None]) -> None:
    await ready.wait()
    tell()
