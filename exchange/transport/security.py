"""Which connections are allowed: TLS always, except to this machine itself."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from exchange.errors import SetupError

_PLAIN = frozenset({"nats", "ws"})
_SECURE = frozenset({"tls", "wss"})


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files of the client side.

    Args:
        ca: Who signed the broker's certificate; None means the system's trust store.
        certificate: The client's own certificate, when the broker asks for one.
        key: Its private key.
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


def is_loopback(host: str) -> bool:
    """Whether ``host`` can only be this machine. A name other than ``localhost`` never counts: DNS can change."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def secured(url: str, tls: TlsFiles | None) -> ssl.SSLContext | None:
    """The TLS settings to dial ``url`` with; None only for a plain connection to this machine.

    Raises:
        SetupError: The address is not usable, or would send frames in the open over a network.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    else:
        if parts.username or parts.password:
            host = None
    if host is None or port is None or parts.scheme not in _PLAIN | _SECURE:
        raise SetupError("The broker's address looks like tls://host:4222 (or nats://127.0.0.1:4222 on one machine).")
    if parts.scheme in _SECURE:
        return _context(tls or TlsFiles())
    if not is_loopback(host):
        raise SetupError("The broker is on another machine, so its address must begin with tls:// or wss://.")
    return None


def _context(files: TlsFiles) -> ssl.SSLContext:
    """TLS 1.3 with certificate and host name checked."""
    try:
        context = ssl.create_default_context(cafile=files.ca)
        if files.certificate is not None:
            context.load_cert_chain(files.certificate, files.key)
    except (OSError, ValueError) as error:
        raise SetupError("A TLS file for the broker cannot be read; check the paths in the settings.") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context
