"""What the broker's operator needs: the server's configuration, and the streams and consumers.

Every partner lives in an account of its own and reaches the streams only through the imports listed in :func:`rights`.
Rights on subjects alone do not hold: JetStream answers to whatever reply subject the asker names, and inside one account it
does so with the server's own authority. So a partner could have a frame of its own delivered into another's inbox under a
third one's name, or have a confirmation purge another's inbox (both shown in tests/integration/test_transport_rights.py).
Across accounts a reply can reach only the asker.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exchange.errors import BrokerError, SetupError
from exchange.transport import failures
from exchange.transport.client import FRAME_BYTES
from exchange.transport.keys import check_public
from exchange.transport.link import Dial, Link
from exchange.transport.security import TlsFiles, is_loopback
from exchange.transport.subjects import OPERATOR_INBOX, Names, check_slug, inbox_prefix

MAX_PAYLOAD = 1024 * 1024
CONTROL_BYTES = 256 * 1024
"""The most one control message may have: a bundle of 45 prekeys takes about 80 KiB."""

_SECOND = 10**9
_MAX_ACK_PENDING = 2048
_GIB = 1024**3


@dataclass(frozen=True, slots=True)
class BrokerPartner:
    """A connected partner as the broker knows it: short name and public transport key (``U…``)."""

    slug: str
    nkey: str


@dataclass(frozen=True, slots=True)
class BrokerLayout:
    """One covenant on one broker.

    Args:
        tag: First 16 hex characters of the covenant id.
        partners: The connected partners.
        operator: The operator's public transport key; it manages streams and can read none of the frames.
        inbox_bytes: Disk per inbox. Each sender gets an equal share, so none can fill it for the others.
        control_bytes: Disk for the control lane.
        max_age_days: How long a frame waits for its recipient.
        ack_wait_s: After how many seconds a frame that was neither done nor postponed comes again.
        replicas: 1 on one server, 3 on a cluster.

    Raises:
        SetupError: A name or key is malformed or occurs twice.
    """

    tag: str
    partners: tuple[BrokerPartner, ...]
    operator: str
    inbox_bytes: int = 4 * _GIB
    control_bytes: int = _GIB // 4
    max_age_days: int = 30
    ack_wait_s: int = 30
    replicas: int = 1

    def __post_init__(self) -> None:
        Names(self.tag)
        keys = [check_public(key) for key in (self.operator, *(p.nkey for p in self.partners))]
        slugs = [check_slug(p.slug) for p in self.partners]
        if len(set(keys)) < len(keys) or len(set(slugs)) < len(slugs):
            raise SetupError(
                "Every partner on the broker, and its operator, has a name and a transport key of its own."
            )

    @property
    def names(self) -> Names:
        """The names on the broker."""
        return Names(self.tag)


@dataclass(frozen=True, slots=True)
class ServerTls:
    """PEM files of the server side; ``ca`` when clients must bring a certificate as well."""

    certificate: Path
    key: Path
    ca: Path | None = None


@dataclass(frozen=True, slots=True)
class Right:
    """One thing a partner may ask: ``local`` in its own account reaches ``subject`` in the hub."""

    subject: str
    local: str
    answers: str
    """``singleton`` for one reply, ``stream`` for as many as were asked for."""


def rights(names: Names, me: str) -> list[Right]:
    """All that ``me`` may do on the broker (protocol §4). What is not here is refused."""
    inbox, control = names.inbox_stream(me), names.control_stream
    into, lane = f"cx.{names.tag}.in.*.{me}", f"cx.{names.tag}.ctl.*.*.{me}"
    acks = [names.ack_filter(stream, me) for stream in (inbox, control)]
    return [
        *(Right(subject, subject, "singleton") for subject in (into, lane, *acks)),
        Right(f"$JS.API.CONSUMER.MSG.NEXT.{inbox}.{me}", names.next_inbox(), "stream"),
        Right(f"$JS.API.CONSUMER.MSG.NEXT.{control}.{me}", names.next_control(), "stream"),
        Right(f"$JS.API.STREAM.MSG.DELETE.{inbox}", names.delete(), "singleton"),
    ]


def config_text(
    layout: BrokerLayout,
    *,
    store_dir: Path,
    host: str = "127.0.0.1",
    port: int = 4222,
    tls: ServerTls | None = None,
    sync_interval: str = "100ms",
) -> str:
    """The nats-server configuration file of this covenant's broker.

    Args:
        layout: Who may connect, and the sizes.
        store_dir: Where JetStream keeps its files.
        host: Where to listen; anything but this machine needs ``tls``.
        port: TCP port; -1 lets the server choose.
        tls: Certificate of the server.
        sync_interval: How long an accepted frame may be in memory only: ``100ms`` costs nothing measurable, ``always``
            halves the throughput. Nothing depends on it: the outbox sends again until it has the receipt.

    Raises:
        SetupError: It would carry frames over a network in the open.
    """
    if tls is None and not is_loopback(host):
        raise SetupError("A broker that listens to other machines needs a TLS certificate and key.")
    disk = layout.inbox_bytes * len(layout.partners) + layout.control_bytes + _GIB
    lines = [
        f"# Broker of covenant {layout.tag}. Written by `exchange broker config`; changes are lost when it runs again.",
        f"server_name: {_text('cx-' + layout.tag)}",
        f"host: {_text(host)}",
        f"port: {port}",
        f"max_payload: {MAX_PAYLOAD}",
        "max_subscriptions: 256",
        "jetstream {",
        f"  store_dir: {_text(str(store_dir))}",
        f"  max_file_store: {disk}",
        f"  max_memory_store: {_GIB // 16}",
        f"  sync_interval: {_text(sync_interval)}",
        "}",
        *_tls_lines(tls),
        "accounts {",
        *_hub_lines(layout),
        *(line for partner in layout.partners for line in _partner_lines(layout.names, partner)),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    """A quoted string of the configuration language; JSON's quoting is a subset of it."""
    return json.dumps(value, ensure_ascii=False)


def _hub(names: Names) -> str:
    return f"CX_{names.tag}"


def _account(names: Names, slug: str) -> str:
    return f"CX_{names.tag}_{slug}"


def _user(nkey: str, publish: list[str], subscribe: str) -> str:
    allowed = ", ".join(_text(subject) for subject in publish)
    return f"{{ nkey: {nkey}, permissions {{ publish: [{allowed}], subscribe: [{_text(subscribe)}] }} }}"


def _hub_lines(layout: BrokerLayout) -> list[str]:
    """The account that owns the streams; its only user is the operator."""
    exports = [
        f"      {{ service: {_text(right.subject)}, response_type: {right.answers}, "
        f"accounts: [{_account(layout.names, partner.slug)}] }}"
        for partner in layout.partners
        for right in rights(layout.names, partner.slug)
    ]
    operator = _user(layout.operator, ["$JS.API.>"], f"{OPERATOR_INBOX}.>")
    return [
        f"  {_hub(layout.names)} {{",
        "    jetstream: enabled",
        f"    users: [ {operator} ]",
        "    exports: [",
        *exports,
        "    ]",
        "  }",
    ]


def _partner_lines(names: Names, partner: BrokerPartner) -> list[str]:
    """One partner's own account: its one user, and the little it imports."""
    allowed = rights(names, partner.slug)
    imports = [
        f"      {{ service: {{ account: {_hub(names)}, subject: {_text(right.subject)} }}"
        + (f", to: {_text(right.local)} }}" if right.local != right.subject else " }")
        for right in allowed
    ]
    user = _user(partner.nkey, [right.local for right in allowed], f"{inbox_prefix(partner.slug)}.>")
    return [
        f"  {_account(names, partner.slug)} {{",
        f"    users: [ {user} ]",
        "    imports: [",
        *imports,
        "    ]",
        "  }",
    ]


def _tls_lines(tls: ServerTls | None) -> list[str]:
    if tls is None:
        return []
    verify = [f"  ca_file: {_text(str(tls.ca))}", "  verify: true"] if tls.ca is not None else []
    return [
        "tls {",
        f"  cert_file: {_text(str(tls.certificate))}",
        f"  key_file: {_text(str(tls.key))}",
        *verify,
        '  min_version: "1.3"',
        "  handshake_first: true",
        "  timeout: 5",
        "}",
    ]


# ---------------------------------------------------------------------------------------- streams and consumers


def streams(layout: BrokerLayout) -> list[dict[str, Any]]:
    """The streams: one inbox per partner and the control lane."""
    names = layout.names
    common = {
        "retention": "limits",
        "storage": "file",
        "discard": "new",  # a full stream refuses; it never drops what waits
        "num_replicas": layout.replicas,
        "allow_direct": False,
        "allow_rollup_hdrs": False,
    }
    senders = max(1, len(layout.partners) - 1)
    share = max(1, layout.inbox_bytes // (senders * FRAME_BYTES))
    inboxes = [
        {
            **common,
            "name": names.inbox_stream(partner.slug),
            "subjects": [names.inbox_filter(partner.slug)],
            "max_age": layout.max_age_days * 86_400 * _SECOND,
            "max_bytes": layout.inbox_bytes,
            "max_msg_size": FRAME_BYTES,
            "max_msgs_per_subject": share,
            "discard_new_per_subject": True,
        }
        for partner in layout.partners
    ]
    control = {
        **common,
        "name": names.control_stream,
        "subjects": [names.control_filter],
        "max_bytes": layout.control_bytes,
        "max_msg_size": CONTROL_BYTES,
        "max_msgs_per_subject": 1,
    }
    return [*inboxes, control]


def consumers(layout: BrokerLayout) -> list[tuple[str, dict[str, Any]]]:
    """(stream, consumer) pairs: per partner one on its inbox and one on the control lane, both under its slug."""
    names = layout.names
    found: list[tuple[str, dict[str, Any]]] = []
    for partner in layout.partners:
        common = {
            "name": partner.slug,
            "durable_name": partner.slug,
            "ack_policy": "explicit",
            "ack_wait": layout.ack_wait_s * _SECOND,
            "max_deliver": -1,
            "max_ack_pending": _MAX_ACK_PENDING,
        }
        newest = {"deliver_policy": "last_per_subject", "filter_subjects": list(names.control_filters(partner.slug))}
        found.append((names.inbox_stream(partner.slug), {**common, "deliver_policy": "all"}))
        found.append((names.control_stream, {**common, **newest}))
    return found


async def setup(url: str, operator_seed: str, layout: BrokerLayout, *, tls: TlsFiles | None = None) -> None:
    """Create or adjust every stream and consumer of ``layout``. Running it again changes nothing that is right.

    Raises:
        SetupError: The address is not allowed.
        BrokerError: The broker cannot be reached, does not know the operator, or refuses.
    """
    link = await Link.open(Dial(url, operator_seed, OPERATOR_INBOX, tls))
    try:
        for stream in streams(layout):
            await _put_stream(link, stream)
        for stream_name, consumer in consumers(layout):
            request = {"stream_name": stream_name, "config": consumer, "action": ""}
            await _api(link, f"CONSUMER.CREATE.{stream_name}.{consumer['name']}", request)
    finally:
        await link.close()


async def _put_stream(link: Link, stream: dict[str, Any]) -> None:
    name = stream["name"]
    info = failures.parse(await link.request(f"$JS.API.STREAM.INFO.{name}", b""))
    await _api(link, f"STREAM.{'UPDATE' if failures.error_code(info) == 0 else 'CREATE'}.{name}", stream)


async def _api(link: Link, call: str, request: dict[str, Any]) -> None:
    reply = failures.parse(await link.request(f"$JS.API.{call}", json.dumps(request).encode()))
    if code := failures.error_code(reply):
        raise BrokerError(
            "The broker refused to set up {what} (its code is {code}).", what=call.rpartition(".")[2], code=code
        )
