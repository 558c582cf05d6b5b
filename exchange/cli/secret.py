"""Where a passphrase or service credential comes from: a prompt, a file, or the service manager; never an argument."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from exchange.cli.session import Session
from exchange.errors import InputError
from exchange.i18n import N_

if TYPE_CHECKING:
    from exchange.crypto.vault import Secret

PASSPHRASE_NAME: Final = "exchange-passphrase"  # noqa: S105 - the name of a file
CREDENTIAL_NAME: Final = "exchange-credential"
"""Names under ``$CREDENTIALS_DIRECTORY`` (systemd ``LoadCredential=``)."""

PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        metavar=N_("FILE"),
        help=N_("Read the passphrase from the first line of this file; without it you are asked."),
    ),
]
CredentialFile = Annotated[
    Path | None,
    typer.Option(
        "--credential-file", metavar=N_("FILE"), help=N_("Open the vault with the 32 random bytes in this file.")
    ),
]


def secret(session: Session, passphrase: Path | None, credential: Path | None, *, new: bool = False) -> Secret:
    """What opens a vault: the options first, then the service manager, then a question.

    Raises:
        InputError: Nothing to read it from, or it is not usable.
    """
    from exchange.crypto.vault import Credential, Passphrase  # noqa: PLC0415 - most commands need no cryptography

    if credential is not None:
        return Credential(_bytes(credential))
    if passphrase is not None:
        return Passphrase(_line(session, passphrase))
    if given := os.environ.get("CREDENTIALS_DIRECTORY"):
        if (path := Path(given) / CREDENTIAL_NAME).is_file():
            return Credential(_bytes(path))
        if (path := Path(given) / PASSPHRASE_NAME).is_file():
            return Passphrase(_line(session, path))
    return Passphrase(_ask(session, new=new))


def root_passphrase(session: Session, file: Path | None, *, new: bool = False) -> str:
    """The passphrase of a root key: a file or a question; never the service manager, a root is kept offline."""
    from exchange.crypto.vault import Passphrase  # noqa: PLC0415 - most commands need no cryptography

    text = _line(session, file) if file is not None else _ask(session, new=new)
    return Passphrase(text).text


def _ask(session: Session, *, new: bool) -> str:
    if not _terminal():
        raise InputError(
            "There is no terminal to ask for the passphrase; use --passphrase-file or a service credential."
        )
    _ = session.gettext
    answer: str = typer.prompt(_("New passphrase") if new else _("Passphrase"), hide_input=True, err=True)
    if new and typer.prompt(_("The same passphrase again"), hide_input=True, err=True) != answer:
        raise InputError("The two passphrases are not the same; nothing was made.")
    return answer


def _terminal() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty()


def _line(session: Session, path: Path) -> str:
    try:
        if path.is_file() and path.stat().st_mode & 0o077:
            warning = session.gettext("Warning: others on this machine can read the passphrase file.")
            session.err.print(warning, style="yellow", soft_wrap=True)
        with path.open(encoding="utf-8") as file:
            line = file.readline().rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        raise InputError("The passphrase file {name} cannot be read.", name=path.name) from None
    if not line:
        raise InputError("The passphrase file {name} is empty.", name=path.name)
    return line


def _bytes(path: Path) -> bytes:
    """32 raw bytes, or 64 hex digits."""
    from exchange.crypto.vault import SECRET_SIZE  # noqa: PLC0415 - most commands need no cryptography

    try:
        data = path.read_bytes()
    except OSError:
        raise InputError("The credential file {name} cannot be read.", name=path.name) from None
    if len(data.strip()) == 2 * SECRET_SIZE:
        try:
            return bytes.fromhex(data.decode("ascii"))
        except ValueError:
            pass
    return data
