"""The key ceremony: roots, cards and the covenant, all on files that people carry between machines.

    root create -> (init makes a card request) -> root sign -> cards are exchanged -> covenant compile, sign, assemble, verify

The root never touches the node's machine. Every step verifies what it was given before it writes anything.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from exchange.crypto import aead, covenant_sig, labels
from exchange.crypto import cards as partner_cards
from exchange.crypto.covenant_sig import document_hash, fingerprint
from exchange.crypto.signing import RootKey, RootSignature
from exchange.crypto.vault import MODERATE, ArgonCost, Passphrase, Slot, make_slot, new_secret, open_slot
from exchange.domain.cautions import cautions
from exchange.domain.coherence import Problem
from exchange.domain.compile import Mistake, Party, cautions_in, draft_covenant
from exchange.domain.compile import check as check_text
from exchange.domain.compile import compile_covenant as compile_text
from exchange.domain.covenant import Covenant
from exchange.domain.retention import local_day
from exchange.errors import N_, CovenantError, CryptoError, InputError, SetupError
from exchange.files import make_directory, read, read_json, write_new
from exchange.node.covenants import Accepted, parse_document, signed_file, split_signed, verify_signed
from exchange.settings import check_slug
from exchange.wire.codec import encode

ROOT_FILE: Final = "root.key"


def create_root(to: Path, slug: str, passphrase: str, *, argon: ArgonCost = MODERATE) -> str:
    """Make a root key in ``to``, sealed under a passphrase; gives the fingerprint of its public half.

    Raises:
        SetupError: There is a root already, or the place cannot be written.
        InputError: The partner's short name is none.
    """
    check_slug(slug)
    root = RootKey.generate()
    secret = new_secret()
    slot = make_slot("root", Passphrase(passphrase), argon, secret)
    box = aead.seal(secret, root.seed, labels.KEY_FILE.encode() + b"\0" + slug.encode())
    body = {"v": 1, "slug": slug, "slot": _slot_json(slot), "box": box.hex(), "public": root.public.to_json()}
    make_directory(to)
    write_new(to / ROOT_FILE, json.dumps(body).encode(), 0o600)
    return fingerprint(document_hash(encode(root.public.to_json())))


def open_root(root: Path, passphrase: str) -> RootKey:
    """The root key of a directory.

    Raises:
        SetupError: No root there.
        LockedError: Wrong passphrase.
    """
    data = read_json(root / ROOT_FILE, N_("root key"))
    try:
        secret = open_slot(_slot(data["slot"]), Passphrase(passphrase))
        seed = aead.unseal(secret, bytes.fromhex(data["box"]), labels.KEY_FILE.encode() + b"\0" + data["slug"].encode())
        return RootKey(seed)
    except (KeyError, TypeError, AttributeError, ValueError, CryptoError):
        raise SetupError("The root key file is damaged; use another copy.") from None


def sign_card(root: Path, passphrase: str, request: Path, out: Path) -> None:
    """The root signs a node's card request.

    Raises:
        InputError: The request is not one, or it is another partner's.
    """
    key = open_root(root, passphrase)
    data = read_json(request, N_("card request"))
    try:
        card = partner_cards.Card.from_json({**data, "root": key.public.to_json()})
    except CryptoError as error:
        raise InputError("The card request is not acceptable: {why}", why=error) from None
    own = read_json(root / ROOT_FILE, N_("root key"))["slug"]  # authenticated when the root was opened
    if card.slug != own:
        raise InputError(
            "This root is {own}'s and the card request {other}'s; every partner signs with a root of its own.",
            own=own,
            other=card.slug,
        )
    write_new(out, partner_cards.card_file(card, partner_cards.sign_card(key, card)), 0o644)


def compile_covenant(toml: Path, cards: list[Path], out: Path) -> str:
    """Merge the cards into the covenant people wrote; gives the fingerprint that all read aloud.

    Raises:
        MistakesError: There are mistakes in it; carries all of them with their lines.
        InputError: A card is not acceptable, or two are of one partner: which of them counts nobody should have to guess.
    """
    covenant = compile_text(covenant_text(toml), _parties(cards))
    document = encode(covenant.document())
    write_new(out, document, 0o644)
    return fingerprint(document_hash(document))


def check_covenant(toml: Path, cards: list[Path]) -> list[Mistake]:
    """Every mistake in the covenant people wrote; without cards as a draft whose cards are still to come.

    Raises:
        InputError: A file cannot be read, or the covenant is compiled already.
    """
    text = covenant_text(toml)
    if text.lstrip().startswith("{"):
        raise InputError(
            "The file {name} is compiled already; check the TOML it was made from, or its signatures: exchange covenant verify"
            " {file}",
            name=toml.name,
            file=shlex.quote(str(toml)),
        )
    return check_text(text, _parties(cards) if cards else None)


def cautions_in_text(toml: Path) -> list[Mistake]:
    """What is no mistake in the covenant people wrote, and yet to be known today; each at its line."""
    return cautions_in(covenant_text(toml), local_day(datetime.now(UTC)))


def cautions_of(covenant: Covenant, at: datetime | None = None) -> list[Problem]:
    """What is no mistake in a covenant, and yet to be known at a moment: now, unless a node has a clock of its own."""
    return list(cautions(covenant, local_day(at or datetime.now(UTC))))


def covenant_text(toml: Path) -> str:
    """The covenant as people wrote it; what is not UTF-8 shows as such, at its line."""
    return read(toml, N_("covenant")).decode(errors="replace")


def _parties(cards: list[Path]) -> dict[str, Party]:
    parties: dict[str, Party] = {}
    of: dict[str, Path] = {}
    for path in cards:
        slug, party = _party(path)
        if slug in parties:
            raise InputError(
                "Two cards are of {slug}: {first} and {second}. Give the one that counts.",
                slug=slug,
                first=of[slug].name,
                second=path.name,
            )
        parties[slug], of[slug] = party, path
    return parties


def _party(path: Path) -> tuple[str, Party]:
    try:
        card, _ = partner_cards.read_card_file(read(path, N_("card")))
    except CryptoError as error:
        raise InputError("The card file {name} is not acceptable: {why}", name=path.name, why=error) from None
    return card.slug, Party(card.partner, card.to_json())


def sign_covenant(document: Path, root: Path, passphrase: str, out: Path) -> None:
    """One partner's agreement: its root over the exact bytes.

    Raises:
        CovenantError: The document is not a covenant, or this root's partner is not in it.
    """
    data = read(document, N_("covenant"))
    covenant = parse_document(data)
    key = open_root(root, passphrase)
    mine = [
        p for p in covenant.partners if p.card is not None and partner_cards.Card.from_json(p.card).root == key.public
    ]
    if len(mine) != 1:
        raise CovenantError("This root key is not on any card in the covenant.")
    signature = covenant_sig.sign_covenant(key, data)
    body = {"covenant": document_hash(data).hex(), "partner": mine[0].id, "signature": signature.to_json()}
    write_new(out, encode(body), 0o644)


def assemble_covenant(document: Path, signatures: list[Path], out: Path) -> None:
    """Put document and signatures into the one file every node accepts; verified before it is written.

    Raises:
        UnsignedError: A signature is missing or does not hold; names every such partner.
        CovenantError: A signature is doubled, or of another document.
    """
    data = read(document, N_("covenant"))
    expected = document_hash(data).hex()
    collected: dict[str, RootSignature] = {}
    for path in signatures:
        value = read_json(path, N_("signature"))
        try:
            if value["covenant"] != expected:
                raise CovenantError("The signature in {name} is for another document.", name=path.name)
            if value["partner"] in collected:
                raise CovenantError("A partner's signature is given twice; once is enough.")
            collected[value["partner"]] = RootSignature.halves(value["signature"])
        except (KeyError, TypeError):
            raise CovenantError("The file {name} is not a covenant signature.", name=path.name) from None
    signed = signed_file(data, collected)
    verify_signed(signed, datetime.now(UTC))
    write_new(out, signed, 0o644)


def verify_covenant(signed: Path) -> dict[str, object]:
    """Check a signed covenant and say what it is."""
    return describe(verify_signed(read(signed, N_("signed covenant")), datetime.now(UTC)))


def show_covenant(path: Path) -> dict[str, object]:
    """The document in a signed or unsigned covenant file."""
    return read_covenant(path).covenant.document()


def fingerprint_covenant(path: Path) -> dict[str, object]:
    """The fingerprint of a compiled covenant, before and after signing, and which of the two the file is.

    Raises:
        CovenantError: It is neither, or it is signed and a signature does not hold.
    """
    document = read_covenant(path)
    if document.signed:
        return {**verify_covenant(path), "signed": True}
    return {**_facts(document.covenant, document.hash), "signed": False}


@dataclass(frozen=True, slots=True)
class CovenantFile:
    """A covenant in a file, its signatures not looked at."""

    covenant: Covenant
    hash: bytes
    """Of the document; of a draft the hash it would have without the cards that lack."""
    signed: bool
    draft: bool = False
    """It is the TOML people write, not compiled yet."""


def read_covenant(path: Path, like: Covenant | None = None) -> CovenantFile:
    """The covenant in a signed file, a compiled one, or the TOML that people write.

    Args:
        path: The file.
        like: For TOML: identifiers and cards are taken from this covenant, where a partner is in both.

    Raises:
        MistakesError: The TOML has mistakes.
        CovenantError: The file is none of the three.
    """
    data = read(path, N_("covenant"))
    if not data.lstrip().startswith(b"{"):
        return _draft(data.decode(errors="replace"), like, path)
    signed = True
    try:
        document, _signatures = split_signed(data)
    except CovenantError:
        document, signed = data, False
    return CovenantFile(parse_document(document), document_hash(document), signed)


def _draft(text: str, like: Covenant | None, path: Path) -> CovenantFile:
    if like is None:
        raise CovenantError(
            "The file {name} is not compiled yet. First: exchange covenant compile {file} --card CARD --out FILE",
            name=path.name,
            file=shlex.quote(str(path)),
        )
    parties = {p.slug: Party(p.id, p.card) for p in like.partners if p.card is not None}
    covenant = draft_covenant(text, parties)
    return CovenantFile(covenant, document_hash(encode(covenant.document())), signed=False, draft=True)


def compare_covenants(old: Path, new: Path) -> tuple[CovenantFile, CovenantFile]:
    """Two generations, to be laid side by side; one of them may be TOML, its cards are taken from the other.

    Raises:
        CovenantError: A file is no covenant.
    """
    if read(old, N_("covenant")).lstrip().startswith(b"{"):
        before = read_covenant(old)
        return before, read_covenant(new, before.covenant)
    if not read(new, N_("covenant")).lstrip().startswith(b"{"):
        raise CovenantError(
            "Of two texts the old one, {name}, must be compiled: a node obeys no TOML, and the new one takes its cards from it."
            " First: exchange covenant compile {file} --card CARD --out FILE",
            name=old.name,
            file=shlex.quote(str(old)),
        )
    after = read_covenant(new)
    return read_covenant(old, after.covenant), after


def describe(accepted: Accepted) -> dict[str, object]:
    """What people compare: name, generation, fingerprint, partners."""
    return _facts(accepted.covenant, accepted.hash)


def _facts(covenant: Covenant, hash_: bytes) -> dict[str, object]:
    return {
        "name": covenant.name,
        "version": covenant.version,
        "environment": covenant.environment.value,
        "generation": covenant.generation,
        "hash": hash_.hex(),
        "fingerprint": fingerprint(hash_),
        "partners": [
            {"slug": p.slug, "name": p.name, "connected": p.participation == "connected"} for p in covenant.partners
        ],
        "review_due": covenant.review_due.isoformat(),
    }


def _slot_json(slot: Slot) -> dict[str, str]:
    return {"name": slot.name, "head": slot.head.hex(), "box": slot.box.hex(), "mac": slot.mac.hex()}


def _slot(data: dict[str, str]) -> Slot:
    return Slot(data["name"], bytes.fromhex(data["head"]), bytes.fromhex(data["box"]), bytes.fromhex(data["mac"]))
