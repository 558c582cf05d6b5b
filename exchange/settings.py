"""``node.toml``: paths, ports and addresses. Nothing that changes rules, roles, terms or keys stands in a file."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from exchange.errors import InputError, SetupError

FILE: Final = "node.toml"
SLUG: Final = r"^[a-z][a-z0-9-]{1,30}$"
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_LINE: Final = re.compile(r"\(at line ([0-9]+), column [0-9]+\)")


class Zgw(BaseModel):
    """Notifications in from systems that work case by case (ZGW)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    actor: UUID
    """The system actor that proposes."""
    token: Path = Path("zgw.token")
    """The token that the notification service shows; made at the first start, readable by the node's user only."""
    propose: dict[str, Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,47}$")]] = Field(min_length=1)
    """Kind of case (address of the zaaktype) -> a profile or a kind of signal of the covenant."""


class Settings(BaseModel):
    """Where this node finds things. Relative paths are relative to the node directory."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    partner: Annotated[str, Field(pattern=SLUG)]
    broker: str = "nats://127.0.0.1:4222"
    broker_ca: Path | None = None
    """Certificate authority of the broker; the system's own when absent."""
    anchor: Path = Path("anchor")
    """Where the vault's anchor lies; in production on another medium than the vault."""
    replica: Path | None = None
    """A second directory for the vault's replica and its own anchor."""
    socket: Path = Path("api.sock")
    socket_group: (
        Annotated[str, Field(min_length=1, max_length=64)] | Annotated[int, Field(strict=True, ge=0)] | None
    ) = None
    """Group (name or number) whose members may connect to the socket; nobody but the node's own user when absent."""
    tcp_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """Loopback TCP for the API; off when absent."""
    webhook: str | None = None
    """Where a case system is told that something happened; https, or http on this machine. Nothing is told when absent."""
    webhook_secret: Path = Path("webhook.secret")
    """The secret shared with that case system; made at the first start with a webhook."""
    zgw: Zgw | None = None
    """Cases opened elsewhere that propose a signal here; none are listened to when absent."""
    log_level: Annotated[str, Field(pattern=r"^(?i:debug|info|warning|error|critical)$")] = "info"


def check_slug(slug: str) -> None:
    """The short name of a partner, before anything is made under it.

    Raises:
        InputError: It could not be one; says what is.
    """
    if re.fullmatch(SLUG, slug) is None:
        raise InputError(
            "The short name of a partner is 2 to 31 small letters, digits and hyphens, beginning with a letter, "
            "such as actium."
        )


def load(directory: Path) -> Settings:
    """The settings of a node directory.

    Raises:
        SetupError: The directory is not a node's, or the file is not valid; says where.
    """
    path = directory / FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SetupError(
            "This directory is not a node: there is no {file} in it. Make one with: exchange init PARTNER --node DIR",
            file=FILE,
        ) from None
    except (OSError, UnicodeDecodeError):
        raise SetupError("The file {file} of this node cannot be read.", file=FILE) from None
    try:
        return Settings.model_validate(tomllib.loads(text))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = str(first["loc"][0]) if first["loc"] else "?"
        raise SetupError(
            "The setting {place} in the file {file} is missing, unknown or not of the right form.",
            file=FILE,
            place=place,
        ) from None
    except (ValueError, RecursionError) as error:  # also: a number of thousands of digits, a thousand brackets
        # Only the place: the parser's own words may quote the text.
        at = _LINE.search(str(error))
        line = int(at[1]) if at else text.count("\n") + 1
        raise SetupError("The file {file} is not valid TOML; look at line {line}.", file=FILE, line=line) from None


def save(directory: Path, settings: Settings) -> None:
    """Write the file for a new node, for its own user only.

    Raises:
        SetupError: It cannot be written, for example because a path is no text.
    """
    lines = list(_lines(settings.model_dump(exclude_none=True)))
    try:
        (directory / FILE).touch(mode=0o600)
        (directory / FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")
    except (OSError, UnicodeEncodeError):
        raise SetupError("The file {name} cannot be written.", name=FILE) from None


def _lines(table: dict[str, Any], header: str = "") -> Iterator[str]:
    """A table: its own values first, then the tables inside it, each under its header."""
    yield from (f"{_key(name)} = {_toml(value)}" for name, value in table.items() if not isinstance(value, dict))
    for name, value in table.items():
        if isinstance(value, dict):
            inner = f"{header}{_key(name)}"
            yield f"[{inner}]"
            yield from _lines(value, f"{inner}.")


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _toml(name)


def _toml(value: object) -> str:
    """A number, or a text with the escapes that JSON and TOML share."""
    if isinstance(value, int):
        return str(value)
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
