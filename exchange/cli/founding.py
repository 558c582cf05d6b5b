"""``exchange root``, ``init``, ``covenant``, ``broker``, ``run`` and ``demo``: from nothing to a running node.

These work on files and directories; all others ask a running node. The order (protocol §2): root create, init, root sign, cards
exchanged, covenant compile, covenant sign, covenant verify, covenant accept, broker config, run.
"""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated, Any

import typer

from exchange.cli.secret import CredentialFile, PassphraseFile, root_passphrase, secret
from exchange.cli.session import Session, command
from exchange.errors import InputError
from exchange.i18n import N_
from exchange.reports import words

root = typer.Typer(no_args_is_help=True, help=N_("The root key of a partner; kept offline."))
covenant = typer.Typer(no_args_is_help=True, help=N_("The covenant: compile, sign, verify, accept, fingerprint, show."))
broker = typer.Typer(no_args_is_help=True, help=N_("The message broker: its configuration, and a local one."))

Out = Annotated[
    Path, typer.Option("--out", metavar="FILE", help=N_("Where the result is written; never over something."))
]
Slug = Annotated[str, typer.Argument(metavar="PARTNER", help=N_("Short name of the partner, such as actium."))]
RootDir = Annotated[
    Path, typer.Option("--root", metavar="DIR", help=N_("Directory of the root key; usually a removable medium."))
]
Signed = Annotated[Path, typer.Argument(metavar="SIGNED", help=N_("The signed covenant."))]
Document = Annotated[Path, typer.Argument(metavar="COVENANT", help=N_("The compiled covenant."))]


# ---------------------------------------------------------------------------------------- root and init


def _root_create(
    session: Session,
    partner: Slug,
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help=N_("Where the key is kept; a removable medium."))],
    passphrase_file: PassphraseFile = None,
) -> None:
    from exchange import ceremony  # noqa: PLC0415 - a command loads only what it needs

    printed = ceremony.create_root(to, partner, root_passphrase(session, passphrase_file, new=True))
    text = session.gettext(
        "Root key made. Fingerprint: {fingerprint}. Keep the medium offline, and a second copy elsewhere."
    )
    session.show({"fingerprint": printed}, lambda: session.say(text.format(fingerprint=printed)))


command(root, "create", N_("Make the root key of a partner on an offline medium."))(_root_create)


def _root_sign(
    session: Session,
    request: Annotated[Path, typer.Argument(metavar="REQUEST", help=N_("The card request that exchange init left."))],
    root_dir: RootDir,
    out: Out,
    passphrase_file: PassphraseFile = None,
) -> None:
    from exchange import ceremony  # noqa: PLC0415 - a command loads only what it needs

    ceremony.sign_card(root_dir, root_passphrase(session, passphrase_file), request, out)
    session.done(session.gettext("Card signed: {file}. Give it to the other partners.").format(file=out), file=str(out))


command(root, "sign", N_("Sign a node's card request with the root key. Do this on the offline machine."))(_root_sign)


def _init(
    session: Session,
    partner: Slug,
    anchor: Annotated[
        Path | None,
        typer.Option("--anchor", metavar="FILE", help=N_("The vault's anchor; in production on another medium.")),
    ] = None,
    replica: Annotated[
        Path | None, typer.Option("--replica", metavar="DIR", help=N_("A second place that follows the vault."))
    ] = None,
    broker_url: Annotated[
        str, typer.Option("--broker", metavar="URL", help=N_("The broker."))
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
    text = session.gettext("Node made. Let the root sign its card: exchange root sign {file}")
    session.done(text.format(file=request), request=str(request))


# ---------------------------------------------------------------------------------------- covenant


def _compile(
    session: Session,
    toml: Annotated[Path, typer.Argument(metavar="TOML", help=N_("The covenant as people write it."))],
    out: Out,
    card: Annotated[
        list[Path] | None, typer.Option("--card", metavar="FILE", help=N_("The signed card of a partner. Repeatable."))
    ] = None,
) -> None:
    from exchange import ceremony  # noqa: PLC0415 - a command loads only what it needs

    printed = ceremony.compile_covenant(toml, card or [], out)
    _show_fingerprint(session, printed)


def _show_fingerprint(session: Session, printed: str) -> None:
    text = session.gettext("Fingerprint: {fingerprint}. Read it aloud to each other before anybody signs.")
    session.show({"fingerprint": printed}, lambda: session.say(text.format(fingerprint=printed)))


command(covenant, "compile", N_("Merge the cards into the covenant; every mistake is named with its line."))(_compile)


def _sign(
    session: Session, document: Document, root_dir: RootDir, out: Out, passphrase_file: PassphraseFile = None
) -> None:
    from exchange import ceremony  # noqa: PLC0415 - a command loads only what it needs

    ceremony.sign_covenant(document, root_dir, root_passphrase(session, passphrase_file), out)
    session.done(session.gettext("Signed: {file}.").format(file=out), file=str(out))


command(covenant, "sign", N_("Sign the compiled covenant with the root key. Compare the fingerprint first."))(_sign)


def _verify(
    session: Session,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help=N_("A signed covenant, or a compiled one with --signature."))
    ],
    signature: Annotated[
        list[Path] | None,
        typer.Option(
            "--signature", metavar="FILE", help=N_("A partner's signature over the compiled covenant. Repeatable.")
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help=N_("Where the signed covenant is written; with --signature.")),
    ] = None,
) -> None:
    from exchange import ceremony  # noqa: PLC0415 - a command loads only what it needs

    if signature:
        if out is None:
            raise typer.BadParameter(session.gettext("Say with --out where the signed covenant must be written."))
        ceremony.assemble_covenant(file, signature, out)
        file = out
    show_facts(session, ceremony.verify_covenant(file))


def show_facts(session: Session, facts: dict[str, Any]) -> None:
    """What people compare about a covenant."""
    _ = session.gettext
    partners = ", ".join(
        p["name"] if p["connected"] else _("{name} (on paper)").format(name=p["name"]) for p in facts["partners"]
    )
    rows = [
        (_("Covenant"), f"{facts['name']} {facts['version']}"),
        (_("Environment"), facts["environment"]),
        (_("Generation"), facts["generation"]),
        (_("Fingerprint"), facts["fingerprint"]),
        (_("Partners"), partners),
        (_("Review before"), facts["review_due"]),
    ]
    session.show(facts, lambda: session.facts(rows))


command(
    covenant,
    "verify",
    N_("Check that every connected partner signed. With --signature, put document and signatures into one file first."),
)(_verify)


def _accept(
    session: Session,
    signed: Signed,
    name: Annotated[
        str, typer.Option("--name", help=N_("Your name; at a new node you become its first actor. Sealed in the log."))
    ] = "",
    fingerprint: Annotated[
        str | None, typer.Option("--fingerprint", help=N_("The fingerprint as the others read it to you; compared."))
    ] = None,
    joining: Annotated[
        bool,
        typer.Option(
            "--joining", help=N_("You join later: accept an earlier generation, which does not name you yet.")
        ),
    ] = False,
    passphrase_file: PassphraseFile = None,
    credential_file: CredentialFile = None,
) -> None:
    from exchange import setup  # noqa: PLC0415 - a command loads only what it needs

    directory = session.directory
    if not name:
        raise InputError("Say who accepts the covenant, with --name.")
    key = secret(session, passphrase_file, credential_file)
    facts = setup.accept_covenant(
        directory, key, signed, admin_name=name, fingerprint_read=fingerprint, joining=joining
    )
    show_facts(session, facts)


command(covenant, "accept", N_("Let a signed covenant hold at this node. The node must not be running."))(_accept)


def _fingerprint(
    session: Session, file: Annotated[Path, typer.Argument(metavar="FILE", help=N_("A signed covenant."))]
) -> None:
    from exchange import ceremony  # noqa: PLC0415 - a command loads only what it needs

    _show_fingerprint(session, str(ceremony.verify_covenant(file)["fingerprint"]))


command(covenant, "fingerprint", N_("The fingerprint that partners read aloud to each other."))(_fingerprint)


def _show(
    session: Session,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help=N_("A covenant file; without it, the one in force at the node.")),
    ] = None,
) -> None:
    from exchange import ceremony  # noqa: PLC0415 - a command loads only what it needs

    document = ceremony.show_covenant(file) if file is not None else session.door.get("/v1/covenant")
    session.show(document, lambda: show_covenant(session, document))


def show_covenant(session: Session, document: dict[str, Any]) -> None:
    """The parts of a covenant a worker needs: who, what for, which categories, and who may receive them."""
    _ = session.gettext
    session.say(f"{document['name']} {document['version']}  [{document['environment']}]", "bold")
    partners = [
        (p["slug"], p["name"], p["kind"], "; ".join(f"{t['code']}: {t['title']}" for t in p["statutory_tasks"]))
        for p in document["partners"]
    ]
    session.table([_("Partner"), _("Name"), _("Kind"), _("Statutory tasks")], partners)
    for key, heading in (("purposes", _("Purpose")), ("contexts", _("Context"))):
        session.table(
            [heading, _("Title"), _("Article")], [(c["code"], c["title"], c["article"]) for c in document[key]]
        )
    categories = [
        (c["code"], c["title"], words.word(c["mark"], words.MARKS, _), ", ".join(c.get("fields", {})))
        for c in document["categories"]
    ]
    session.table([_("Category"), _("Title"), _("Mark"), _("Fields")], categories)
    rows = [
        (
            ", ".join(r["categories"]),
            ", ".join(r.get("senders", ["*"])),
            ", ".join(r["recipients"]),
            words.word(r["condition"], words.CONDITIONS, _),
            ", ".join(r.get("grounds", ())) or "-",
            r["source"],
        )
        for r in document.get("matrix", ())
    ]
    session.table([_("Category"), _("From"), _("To"), _("Condition"), _("Grounds"), _("Source")], rows)


command(covenant, "show", N_("Partners, purposes, categories and who may receive what."))(_show)


# ---------------------------------------------------------------------------------------- broker, run, demo


BrokerDir = Annotated[
    Path, typer.Option("--dir", metavar="DIR", help=N_("Directory of the broker: configuration and its store."))
]
Port = Annotated[int, typer.Option("--port", min=1, max=65535, help=N_("Port of the broker."))]


def _broker_config(session: Session, signed: Signed, directory: BrokerDir, port: Port = 4222) -> None:
    from exchange import app as composition  # noqa: PLC0415 - a command loads only what it needs

    path = composition.broker_config(signed, directory, port=port)
    session.done(session.gettext("Written: {file}.").format(file=path), file=str(path))


command(
    broker, "config", N_("Write the nats-server configuration: every partner reads its own inbox and nothing else.")
)(_broker_config)


def _broker_run(session: Session, signed: Signed, directory: BrokerDir, port: Port = 4222) -> None:
    from exchange import app as composition  # noqa: PLC0415 - a command loads only what it needs

    session.err.print(session.gettext("The broker runs; stop it with Ctrl-C."))
    composition.run_broker(signed, directory, port=port)


command(broker, "run", N_("Run a supervised nats-server on this machine, until Ctrl-C."))(_broker_run)


def _run(session: Session, passphrase_file: PassphraseFile = None, credential_file: CredentialFile = None) -> None:
    from exchange import app as composition  # noqa: PLC0415 - a command loads only what it needs

    directory = session.directory
    composition.run_node(directory, secret(session, passphrase_file, credential_file))


def _demo(
    session: Session,
    keep: Annotated[
        bool, typer.Option("--keep", help=N_("Leave the nodes running to play with, and say how."))
    ] = False,
    directory: Annotated[
        Path | None,
        typer.Option("--dir", metavar="DIR", help=N_("Where the demo lives; a temporary directory without it.")),
    ] = None,
) -> None:
    from exchange import demo  # noqa: PLC0415 - a command loads only what it needs

    # Five processes hang on this one: a plain "kill", or Ctrl-C on a job in the background, must stop them as well.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    code = demo.run_demo(keep=keep, directory=directory, language=session.language)
    if code:
        raise typer.Exit(code)


def add_to(app: typer.Typer) -> None:
    """Register the commands that stand by themselves."""
    command(
        app,
        "init",
        N_(
            "Make a node: vault, log and keys in a new directory.\n\nLeaves a card request for the root: exchange root sign."
        ),
    )(_init)
    command(app, "run", N_("Run the node of this directory.\n\nUntil Ctrl-C, or until the service manager stops it."))(
        _run
    )
    command(
        app,
        "demo",
        N_("Play one invented case with four nodes and a real broker.\n\nFrom signal to erasure, in about a minute."),
    )(_demo)
