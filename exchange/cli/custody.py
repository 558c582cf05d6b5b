"""``exchange keys custodian`` and ``exchange broker setup``: who can open the vault, and streams on a broker run elsewhere.

The vault's custodians are changed while the node is stopped, by somebody who can open it now.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from exchange.cli.founding import BrokerDir, Signed
from exchange.cli.secret import CredentialFile, PassphraseFile, secret
from exchange.cli.session import Session, command, group
from exchange.i18n import N_

custodian = group(N_("Who can open the vault of a stopped node: list, add, remove."))

Name = Annotated[str, typer.Argument(metavar=N_("NAME"), help=N_("What this custodian is called, such as reserve."))]
NewPassphraseFile = Annotated[
    Path | None, typer.Option("--new-passphrase-file", metavar=N_("FILE"), help=N_("The new custodian's passphrase."))
]
NewCredentialFile = Annotated[
    Path | None,
    typer.Option("--new-credential-file", metavar=N_("FILE"), help=N_("The new custodian's 32 random bytes.")),
]


def _list(session: Session, passphrase_file: PassphraseFile = None, credential_file: CredentialFile = None) -> None:
    from exchange import setup  # noqa: PLC0415 - a command loads only what it needs

    names = setup.custodians(session.directory, secret(session, passphrase_file, credential_file))
    session.show(names, lambda: session.table([session.gettext("Custodian")], [(name,) for name in names]))


command(
    custodian,
    "list",
    N_("The custodians whose secret opens this vault. The node must not be running."),
    examples=("exchange keys custodian list --node /var/lib/exchange/actium",),
)(_list)


def _add(
    session: Session,
    name: Name,
    new_passphrase_file: NewPassphraseFile = None,
    new_credential_file: NewCredentialFile = None,
    passphrase_file: PassphraseFile = None,
    credential_file: CredentialFile = None,
) -> None:
    from exchange import setup  # noqa: PLC0415 - a command loads only what it needs

    key = secret(session, passphrase_file, credential_file)
    new = secret(session, new_passphrase_file, new_credential_file, new=True)
    setup.add_custodian(session.directory, key, name, new)
    session.done(session.gettext("{name} can open this vault from now on.").format(name=name), custodian=name)


command(
    custodian,
    "add",
    N_(
        "Let one more secret open the vault: a second custodian, or the service manager."
        "\n\nYou are asked for a secret that opens the vault now, and for the new one. Name the office, not the person."
    ),
    examples=(
        "exchange keys custodian add reserve --node /var/lib/exchange/actium",
        "exchange keys custodian add service --new-credential-file /run/actium.cred --node /var/lib/exchange/actium",
    ),
)(_add)


def _remove(
    session: Session, name: Name, passphrase_file: PassphraseFile = None, credential_file: CredentialFile = None
) -> None:
    from exchange import setup  # noqa: PLC0415 - a command loads only what it needs

    setup.remove_custodian(session.directory, secret(session, passphrase_file, credential_file), name)
    text = session.gettext("{name} cannot open this vault any more, nor any copy made from now on.")
    session.done(text.format(name=name), custodian=name)


command(
    custodian,
    "remove",
    N_("Take a custodian's access away; the vault's secret and generation are renewed."),
    examples=("exchange keys custodian remove reserve --node /var/lib/exchange/actium",),
)(_remove)


def _setup(
    session: Session,
    signed: Signed,
    directory: BrokerDir,
    url: Annotated[str, typer.Option("--url", metavar="URL", help=N_("The broker: tls://host:port, or nats:// here."))],
    ca: Annotated[
        Path | None, typer.Option("--ca", metavar=N_("FILE"), help=N_("Certificate authority of the broker."))
    ] = None,
    replicas: Annotated[int, typer.Option("--replicas", min=1, max=5, help=N_("Copies on a cluster; 3 is usual."))] = 1,
) -> None:
    from exchange import hosting  # noqa: PLC0415 - a command loads only what it needs

    hosting.setup_broker(signed, directory, url, ca=ca, replicas=replicas)
    session.done(session.gettext("Every stream and consumer of the covenant is in place on the broker."), url=url)


def add_to(keys: typer.Typer, broker: typer.Typer) -> None:
    """Register these with the groups they belong to."""
    keys.add_typer(custodian, name="custodian")
    command(
        broker,
        "setup",
        N_(
            "Make or adjust the covenant's streams on a running broker or cluster, as its operator. Harmless when repeated."
            "\n\nIt connects with the operator's key that broker config left in --dir."
        ),
        examples=("exchange broker setup signed.json --dir broker --url tls://broker.example.org:4222 --replicas 3",),
    )(_setup)
