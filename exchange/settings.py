"""``node.toml``: paths, ports and addresses. Nothing that changes rules, roles, terms or keys stands in a file."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from exchange.errors import SetupError

FILE: Final = "node.toml"


class Settings(BaseModel):
    """Where this node finds things. Relative paths are relative to the node directory."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    partner: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,30}$")]
    broker: str = "nats://127.0.0.1:4222"
    broker_ca: Path | None = None
    """Certificate authority of the broker; the system's own when absent."""
    anchor: Path = Path("anchor")
    """Where the vault's anchor lies; in production on another medium than the vault."""
    replica: Path | None = None
    """A second directory for the vault's replica and its own anchor."""
    socket: Path = Path("api.sock")
    tcp_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """Loopback TCP for the API; off when absent."""
    log_level: str = "info"


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
    except tomllib.TOMLDecodeError as error:
        raise SetupError("The file {file} is not valid TOML: {why}.", file=FILE, why=str(error)) from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(p) for p in first["loc"]) or "?"
        raise SetupError(
            "The file {file} is not right at {place}: {why}.", file=FILE, place=place, why=first["msg"]
        ) from None


def save(directory: Path, settings: Settings) -> None:
    """Write the file for a new node."""
    lines = [
        f'{name} = "{value}"' if not isinstance(value, int) else f"{name} = {value}" for name, value in _given(settings)
    ]
    (directory / FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _given(settings: Settings) -> list[tuple[str, object]]:
    return [
        (n, v) for n, v in settings.model_dump(exclude_none=True).items() if not isinstance(v, str) or v.isprintable()
    ]
