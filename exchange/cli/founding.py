"""``exchange root``, ``init``, ``covenant``, ``broker``, ``run`` and ``demo``: from nothing to a running node.

These work on files and directories; all others ask a running node. The order (protocol §2): root create, init, root sign, cards
exchanged, covenant compile, covenant sign, covenant verify, covenant accept, broker config, run.
"""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated

import typer

from exchange.cli.hints import command_line
from exchange.cli.secret import CredentialFile, PassphraseFile, root_passphrase, secret
from exchange.cli.session import Session, command, group
from exchange.i18n import N_

root = group(N_("The root key of a partner; kept offline."))
broker = group(N_("The message broker: its configuration, and a local one."))

Out = Annotated[
    Path, typer.Option("--out", metavar=N_("FILE"), help=N_("Where the result is written; never over something."))
]
Slug = Annotated[str, typer.Argument(metavar="PARTNER", help=N_("Short name of the partner, such as actium."))]
RootDir = Annotated[
    Path, typer.Option("--root", metavar=N_("DIR"), help=N_("Directory of the root key; usually a removable medium."))
]
Signed = Annotated[Path, typer.Argument(metavar=N_("SIGNED"), help=N_("The signed covenant."))]


# ---------------------------------------------------------------------------------------- root and init


def _root_create(
    session: Session,
    partner: Slug,
    to: Annotated[Path, typer.Option("--to", metavar=N_("DIR"), help=N_("Where the key is kept; a removable medium."))],
    passphrase_file: PassphraseFile = None,
) -> None:
    from exchange import ceremony  # noqa: PLC0415 - a command loads only what it needs

    printed = ceremony.create_root(to, partner, root_passphrase(session, passphrase_file, new=True))
    _ = session.gettext

    def human() -> None:
        session.say(_("Root key made: {directory}. Keep it offline, and a second copy elsewhere.").format(directory=to))
        session.say(_("Fingerprint: {fingerprint}").format(fingerprint=printed), "bold")

    session.show({"fingerprint": printed}, human)


command(
    root,
    "create",
    N_(
        "Make the root key of a partner on an offline medium."
        "\n\nIt vouches for everything else: it signs the card of the partner's node, and covenants. You are asked for a"
        " new passphrase; one sealed file is written, and the fingerprint of the public half is printed."
    ),
    examples=("exchange root create actium --to /media/offline",),
)(_root_create)


def _root_sign(
    session: Session,
    request: Annotated[
        Path,
        typer.Argument(metavar=N_("REQUEST"), help=N_("The card-request.json that init left in the node's directory.")),
    ],
    root_dir: RootDir,
    out: Out,
    passphrase_file: PassphraseFile = None,
) -> None:
    from exchange import ceremony  # noqa: PLC0415 - a command loads only what it needs

    ceremony.sign_card(root_dir, root_passphrase(session, passphrase_file), request, out)
    session.done(session.gettext("Card signed: {file}. Give it to the other partners.").format(file=out), file=str(out))


command(
    root,
    "sign",
    N_(
        "Sign a node's card request with the root key. Do this on the offline machine."
        "\n\nThe card is public; it goes to the other partners and into the covenant (covenant compile)."
    ),
    examples=("exchange root sign card-request.json --root /media/offline --out actium.card.json",),
)(_root_sign)


def _init(
    session: Session,
    partner: Slug,
    anchor: Annotated[
        Path | None,
        typer.Option("--anchor", metavar=N_("FILE"), help=N_("The vault's anchor; in production on another medium.")),
    ] = None,
    replica: Annotated[
        Path | None, typer.Option("--replica", metavar=N_("DIR"), help=N_("A second place that follows the vault."))
    ] = None,
    broker_url: Annotated[
        str,
        typer.Option("--broker", metavar="URL", help=N_("The broker; tls:// or wss:// unless it is on this machine.")),
    ] = "nats://127.0.0.1:4222",
    passphrase_file: PassphraseFile = None,
    credential_file: CredentialFile = None,
) -> None:
    from exchange import setup  # noqa: PLC0415 - a command loads only what it needs

    if session.given.node is None:
        raise typer.BadParameter(
            session.gettext("Name the node's directory with --node or the variable EXCHANGE_NODE.")
        )
    key = secret(session, passphrase_file, credential_file, new=True)
    request = setup.init_node(session.given.node, partner, key, anchor=anchor, replica=replica, broker_url=broker_url)
    after = command_line("root", "sign", request, "--root", session.gettext("DIR"), "--out", f"{partner}.card.json")
    text = session.gettext("Node made. Now the root signs its card, with the directory of the root key for DIR:")
    session.done(text, request=str(request), next=after)


def add_to(app: typer.Typer, panel: str) -> None:
    """Register the commands that stand by themselves."""
    command(
        app,
        "demo",
        N_(
            "Play one invented case with four nodes and a real broker: from signal to erasure, in about a minute."
            "\n\nIt needs nothing and leaves nothing behind. With --keep the nodes stay up to play with, until Ctrl-C."
        ),
        examples=("exchange demo", "exchange demo --keep --dir demo"),
        panel=panel,
    )(_demo)
    command(
        app,
        "init",
        N_(
            "Make a node: vault, log and keys in a new directory."
            "\n\nYou are asked for a new passphrase. It leaves card-request.json, which the root must sign (root sign)."
        ),
        examples=(
            "exchange init actium --node /var/lib/exchange/actium",
            "exchange init actium --node /var/lib/exchange/actium --broker tls://broker.example.org:4222",
        ),
        panel=panel,
    )(_init)
    command(
        app,
        "run",
        N_(
            "Run the node of this directory, until Ctrl-C or until the service manager stops it."
            "\n\nAll commands that ask a node ask the one that runs here. The operational log goes to standard error."
        ),
        examples=(
            "exchange run --node /var/lib/exchange/actium",
            "exchange run --node /var/lib/exchange/actium --credential-file /run/actium.cred",
        ),
        panel=panel,
    )(_run)


# ---------------------------------------------------------------------------------------- broker, run, demo


BrokerDir = Annotated[
    Path, typer.Option("--dir", metavar=N_("DIR"), help=N_("Directory of the broker: configuration and its store."))
]
Port = Annotated[int, typer.Option("--port", min=1, max=65535, help=N_("Port of the broker."))]


def _broker_config(session: Session, signed: Signed, directory: BrokerDir, port: Port = 4222) -> None:
    from exchange import hosting  # noqa: PLC0415 - a command loads only what it needs

    path = hosting.broker_config(signed, directory, port=port)
    session.done(session.gettext("Written: {file}.").format(file=path), file=str(path))


command(
    broker,
    "config",
    N_(
        "Write the nats-server configuration: every partner reads its own inbox and nothing else."
        "\n\nFor a broker that runs elsewhere; then make its streams with broker setup."
    ),
    examples=("exchange broker config signed.json --dir broker",),
)(_broker_config)


def _broker_run(session: Session, signed: Signed, directory: BrokerDir, port: Port = 4222) -> None:
    from exchange import hosting  # noqa: PLC0415 - a command loads only what it needs

    url = f"nats://127.0.0.1:{port}"
    text = session.gettext("The broker runs at {url}; stop it with Ctrl-C.").format(url=url)
    hosting.run_broker(signed, directory, port=port, ready=lambda: session.running(text, url=url))


command(
    broker,
    "run",
    N_(
        "Run a supervised nats-server on this machine, until Ctrl-C."
        "\n\nFor trying out, or for partners on one machine: it configures, starts and sets up everything by itself."
    ),
    examples=("exchange broker run signed.json --dir broker",),
)(_broker_run)


def _run(session: Session, passphrase_file: PassphraseFile = None, credential_file: CredentialFile = None) -> None:
    from exchange import app as composition  # noqa: PLC0415 - a command loads only what it needs

    directory = session.directory
    text = session.gettext("The node runs; stop it with Ctrl-C.")
    key = secret(session, passphrase_file, credential_file)
    composition.run_node(directory, key, ready=lambda: session.running(text, node=str(directory)))


def _demo(
    session: Session,
    keep: Annotated[
        bool, typer.Option("--keep", help=N_("Leave the nodes running to play with, and say how."))
    ] = False,
    directory: Annotated[
        Path | None,
        typer.Option("--dir", metavar=N_("DIR"), help=N_("Where the demo lives; a temporary directory without it.")),
    ] = None,
) -> None:
    from exchange import demo  # noqa: PLC0415 - a command loads only what it needs

    # Five processes hang on this one: a plain "kill", or Ctrl-C on a job in the background, must stop them as well.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    code = demo.run_demo(keep=keep, directory=directory, language=session.language, as_json=session.given.json)
    if code:
        raise typer.Exit(code)
