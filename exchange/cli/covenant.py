"""``exchange covenant``: from the text that people write to the rules a node obeys, and every look at it on the way.

These work on files; only ``accept`` opens a node directory (of a stopped node), and ``show`` without a file asks a running one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from exchange.cli.covenant_aloud import show_covenant
from exchange.cli.founding import Out, RootDir, Signed
from exchange.cli.secret import CredentialFile, PassphraseFile, root_passphrase, secret
from exchange.cli.session import Session, command, group
from exchange.errors import InputError
from exchange.i18n import N_
from exchange.reports.times import day

if TYPE_CHECKING:
    from exchange.ceremony import CovenantFile
    from exchange.domain.compile import Mistake

covenant = group(N_("The covenant: check, compile, compare, sign, verify, accept, read."))

Toml = Annotated[Path, typer.Argument(metavar="TOML", help=N_("The covenant as people write it."))]
Document = Annotated[Path, typer.Argument(metavar=N_("COVENANT"), help=N_("The compiled covenant."))]
Cards = Annotated[
    list[Path] | None, typer.Option("--card", metavar=N_("FILE"), help=N_("The signed card of a partner. Repeatable."))
]


# ---------------------------------------------------------------------------------------- writing


def _check(session: Session, toml: Toml, card: Cards = None) -> None:
    from exchange import ceremony  # noqa: PLC0415 - a command loads only what it needs

    _ = session.gettext
    found = ceremony.check_covenant(toml, card or [])
    known = ceremony.cautions_in_text(toml) if not found else []
    answer = {
        "ok": not found,
        "mistakes": [_mistake(session, mistake) for mistake in found],
        "warnings": [_mistake(session, caution) for caution in known],
    }

    def human() -> None:
        if found:
            _show_mistakes(session, toml, found)
            return
        session.say(_("No mistakes."), "bold green")
        for caution in known:
            session.say(caution.sentence(_), "yellow")
        if not card:
            session.say(
                _("It was read as a draft: with --card for every connected partner the cards are checked as well.")
            )

    session.show(answer, human)
    if found:
        raise typer.Exit(1)


command(
    covenant,
    "check",
    N_(
        "Look for mistakes in a covenant without compiling it; explains each at its line. Exit code 1 when there are any."
    ),
    examples=(
        "exchange covenant check covenant.toml",
        "exchange covenant check covenant.toml --card actium.card.json --card welzijn.card.json",
    ),
)(_check)


def _mistake(session: Session, mistake: Mistake) -> dict[str, Any]:
    """For machines."""
    return {"line": mistake.line, "place": mistake.place, "message": mistake.problem.text(session.gettext)}


def _show_mistakes(session: Session, toml: Path, mistakes: Iterable[Mistake], *, failed: bool = False) -> None:
    """Every mistake with the line it is on: what stands there, and what is wrong with it."""
    from exchange import ceremony  # noqa: PLC0415 - a command loads only what it needs

    _ = session.gettext
    lines = ceremony.covenant_text(toml).splitlines()
    found = list(mistakes)
    text = _("{file} has {count} mistakes:") if len(found) > 1 else _("{file} has one mistake:")
    session.say(text.format(file=toml.name, count=len(found)), "bold red", failed=failed)
    for mistake in found:
        where = _("line {line}").format(line=mistake.line) if mistake.line else _("nowhere yet")
        shown = lines[mistake.line - 1].strip() if mistake.line and mistake.line <= len(lines) else mistake.located(_)
        session.say(f"\n {where}:  {shown}", "bold", failed=failed)
        session.say(f"   {mistake.problem.text(_)}  ({mistake.located(_)})", failed=failed)
    if not all(mistake.last for mistake in found):
        session.say("\n" + _("Once these are mended, the rules are compared with each other as well."), failed=failed)


def _compile(session: Session, toml: Toml, out: Out, card: Cards = None) -> None:
    from exchange import ceremony  # noqa: PLC0415 - a command loads only what it needs
    from exchange.domain.compile import MistakesError  # noqa: PLC0415 - same

    try:
        printed = ceremony.compile_covenant(toml, card or [], out)
    except MistakesError as error:
        found = error.mistakes
        problem: dict[str, Any] = {"code": error.code, "detail": error.localised(session.gettext)}
        problem["mistakes"] = [_mistake(session, mistake) for mistake in found]
        session.show(problem, lambda: _show_mistakes(session, toml, found, failed=True))
        raise typer.Exit(1) from None
    _ = session.gettext

    known = [problem.text(_) for problem in ceremony.cautions_of(ceremony.read_covenant(out).covenant)]

    def human() -> None:
        for caution in known:
            session.say(caution, "yellow")
        session.say(_("Compiled: {file}. Nobody has signed it yet.").format(file=out))
        session.say(_("Fingerprint: {fingerprint}").format(fingerprint=printed), "bold")
        session.say(_("Read it aloud to each other before anybody signs."))

    session.show({"fingerprint": printed, "signed": False, "file": str(out), "warnings": known}, human)


command(
    covenant,
    "compile",
    N_("Merge the cards into the covenant; every mistake is shown at its line, and nothing is written then."),
    examples=(
        "exchange covenant compile covenant.toml --card actium.card.json --card welzijn.card.json --out covenant.json",
    ),
)(_compile)


def _diff(
    session: Session,
    old: Annotated[Path, typer.Argument(metavar=N_("OLD"), help=N_("The covenant that holds now."))],
    new: Annotated[
        Path,
        typer.Argument(
            metavar=N_("NEW"), help=N_("The next generation: signed, compiled, or the TOML you are writing.")
        ),
    ],
) -> None:
    from exchange import ceremony  # noqa: PLC0415 - a command loads only what it needs
    from exchange.domain.difference import changes  # noqa: PLC0415 - same
    from exchange.reports.changes import chapters  # noqa: PLC0415 - same

    before, after = ceremony.compare_covenants(old, new)
    follows = _follows(before, after)
    found = changes(before.covenant, after.covenant)
    answer = {"same": not found, "follows": follows, "changes": [asdict(change) for change in found]}

    def human() -> None:
        _ = session.gettext
        for chapter in chapters(before.covenant, after.covenant, session.language):
            session.say(chapter.heading, "bold")
            for sentence in chapter.sentences:
                session.item(sentence)
        if not found:
            session.say(_("They are the same document."))
        elif follows:
            session.say(_("The new one names the old one as its previous generation."), "green")
        else:
            session.say(
                _(
                    "The new one does not name the old one as its previous generation: a node that holds the old one refuses it."
                ),
                "yellow",
            )

    session.show(answer, human)


def _follows(before: CovenantFile, after: CovenantFile) -> bool:
    """Whether a node that accepted ``before`` takes ``after`` as its successor."""
    old, new = before.covenant, after.covenant
    return not before.draft and new.generation == old.generation + 1 and new.previous == before.hash.hex()


command(
    covenant,
    "diff",
    N_(
        "What a new generation changes, in words: partners, tasks, purposes, who may receive what, fields, terms, settings."
        "\n\nThe new one may still be TOML: cards are then taken from the old one."
    ),
    examples=(
        "exchange covenant diff signed.json covenant.toml",
        "exchange covenant diff signed.json next.json --json",
    ),
)(_diff)


# ---------------------------------------------------------------------------------------- signing


def _sign(
    session: Session, document: Document, root_dir: RootDir, out: Out, passphrase_file: PassphraseFile = None
) -> None:
    from exchange import ceremony  # noqa: PLC0415 - a command loads only what it needs

    ceremony.sign_covenant(document, root_dir, root_passphrase(session, passphrase_file), out)
    session.done(session.gettext("Signed: {file}.").format(file=out), file=str(out))


command(
    covenant,
    "sign",
    N_(
        "Sign the compiled covenant with the root key, on the offline machine."
        "\n\nRead it (covenant show) and compare the fingerprint with all others first. The result goes to whoever puts"
        " the signatures together (covenant verify --signature)."
    ),
    examples=("exchange covenant sign covenant.json --root /media/offline --out actium.signature.json",),
)(_sign)


def _verify(
    session: Session,
    file: Annotated[
        Path, typer.Argument(metavar=N_("FILE"), help=N_("A signed covenant, or a compiled one with --signature."))
    ],
    signature: Annotated[
        list[Path] | None,
        typer.Option(
            "--signature", metavar=N_("FILE"), help=N_("A partner's signature over the compiled covenant. Repeatable.")
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar=N_("FILE"), help=N_("Where the signed covenant is written; with --signature.")),
    ] = None,
) -> None:
    from exchange import ceremony  # noqa: PLC0415 - a command loads only what it needs

    if signature:
        if out is None:
            raise typer.BadParameter(session.gettext("Say with --out where the signed covenant must be written."))
        ceremony.assemble_covenant(file, signature, out)
        file = out
    show_facts(session, {**ceremony.verify_covenant(file), "signed": True})


def show_facts(session: Session, facts: dict[str, Any]) -> None:
    """What people compare about a covenant."""
    _ = session.gettext
    connected = [p for p in facts["partners"] if p["connected"]]
    partners = ", ".join(
        p["name"] if p["connected"] else _("{name} (on paper)").format(name=p["name"]) for p in facts["partners"]
    )
    signed = _("by all {count} connected partners").format(count=len(connected))
    rows = [
        (_("Covenant"), f"{facts['name']} {facts['version']}"),
        (_("Environment"), facts["environment"]),
        (_("Generation"), facts["generation"]),
        (_("Fingerprint"), facts["fingerprint"]),
        (_("Signed"), signed if facts["signed"] else _("not yet: this is the document before signing")),
        (_("Partners"), partners),
        (_("Review by"), day(date.fromisoformat(facts["review_due"]))),
    ]
    session.show(facts, lambda: session.facts(rows))


command(
    covenant,
    "verify",
    N_(
        "Check that every connected partner signed; names whoever did not, and which signature lacks."
        "\n\nWith --signature, document and signatures are put into one file first."
    ),
    examples=(
        "exchange covenant verify signed.json",
        "exchange covenant verify covenant.json --signature actium.sig --signature welzijn.sig --out signed.json",
    ),
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
    show_facts(session, {**facts, "signed": True})


command(
    covenant,
    "accept",
    N_(
        "Let a signed covenant hold at this node. The node must not be running."
        "\n\nOn a new node whoever accepts becomes its first actor. Give --fingerprint the groups as you heard them."
    ),
    examples=(
        'exchange covenant accept signed.json --node /var/lib/exchange/actium --name "Fenna Bedacht" --fingerprint "ABCD …"',
    ),
)(_accept)


# ---------------------------------------------------------------------------------------- reading


def _fingerprint(
    session: Session,
    file: Annotated[Path, typer.Argument(metavar=N_("FILE"), help=N_("A compiled covenant, before or after signing."))],
) -> None:
    from exchange import ceremony  # noqa: PLC0415 - a command loads only what it needs

    _ = session.gettext
    facts = ceremony.fingerprint_covenant(file)

    def human() -> None:
        session.say(_("Fingerprint: {fingerprint}").format(fingerprint=facts["fingerprint"]), "bold")
        if facts["signed"]:
            session.say(_("This file is signed by every connected partner, and every signature holds."), "green")
        else:
            session.say(_("This file is not signed yet. After signing the fingerprint is the same."), "yellow")
        session.say(_("Read it aloud to each other."))

    session.show(facts, human)


command(
    covenant,
    "fingerprint",
    N_(
        "The fingerprint that partners read aloud to each other, of a covenant before or after signing; says which it is."
    ),
    examples=("exchange covenant fingerprint covenant.json", "exchange covenant fingerprint signed.json"),
)(_fingerprint)


def _show(
    session: Session,
    file: Annotated[
        Path | None,
        typer.Argument(metavar=N_("FILE"), help=N_("A covenant file; without it, the one in force at the node.")),
    ] = None,
) -> None:
    from exchange import ceremony  # noqa: PLC0415 - a command loads only what it needs

    if file is not None:
        document = ceremony.show_covenant(file)
        session.show(document, lambda: show_covenant(session, document))
    else:
        document = session.door.get("/v1/covenant")
        session.show(document, lambda: show_covenant(session, document, _now_at_the_node(session)))


def _now_at_the_node(session: Session) -> datetime:
    return datetime.fromisoformat(session.door.get("/v1/status")["now"])


command(
    covenant,
    "show",
    N_("Read a covenant, article by article: its text, what the node does with it, and the rules and codes it obeys."),
    examples=("exchange covenant show covenant.json", "exchange covenant show --node /var/lib/exchange/actium"),
)(_show)
