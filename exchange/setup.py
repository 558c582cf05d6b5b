"""Founding a node and letting a covenant hold at it: the two steps that need the node's own directory.

``init`` makes vault, log and role keys and leaves a card request for the root; ``covenant accept`` verifies the signed covenant
and makes it entry 0 of the log. Neither needs a broker.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import uuid4

from exchange import settings
from exchange.ceremony import describe
from exchange.crypto.cards import Card
from exchange.crypto.covenant_sig import fingerprint
from exchange.crypto.hpke import self_test
from exchange.crypto.signing import Ed25519Key, MLDSAKey, RootPublic
from exchange.crypto.vault import MODERATE, ArgonCost, Secret
from exchange.domain import events as e
from exchange.errors import N_, ConflictError, CovenantError, InputError, SetupError
from exchange.files import make_directory, read, read_json, write_new
from exchange.node.actors import Actors
from exchange.node.covenants import Accepted, Partner, verify_signed
from exchange.node.forms import ActorForm
from exchange.node.writer import Overlay, Tx
from exchange.store.anchors import FileAnchor
from exchange.store.keys import NewKey, new_key_id
from exchange.store.lock import check_free
from exchange.store.log import LOCK, Log
from exchange.store.side import SideStore
from exchange.store.vault import Place, Vault
from exchange.transport import keys as nkeys
from exchange.transport.security import secured
from exchange.wire.codec import encode

KEYS_FILE: Final = "keys.json"
REQUEST_FILE: Final = "card-request.json"
VAULT_FILE: Final = "vault.db"
SIDE_FILE: Final = "side.db"
ANCHOR_FILE: Final = "anchor"
ROLE: Final = "role"
"""Vault class of the node's own role keys."""
FIRST_ROLES: Final = ("worker", "privacy-officer", "operator", "auditor")
"""Of the first actor; an office with more people registers them apart."""


def init_node(
    directory: Path,
    slug: str,
    secret: Secret,
    *,
    anchor: Path | None = None,
    replica: Path | None = None,
    broker_url: str = "nats://127.0.0.1:4222",
    argon: ArgonCost = MODERATE,
) -> Path:
    """Make an empty node: vault, log, role keys; gives the card request that the root signs.

    Raises:
        SetupError: There is something in the directory already, or the broker's address is none.
        InputError: The partner's short name is none.
    """
    self_test()
    settings.check_slug(slug)
    secured(broker_url, None)
    make_directory(directory)
    if any(directory.iterdir()):
        raise SetupError("The node directory is not empty; give a new one.")
    place = settings.Settings(partner=slug, broker=broker_url, anchor=(anchor or Path(ANCHOR_FILE)), replica=replica)
    settings.save(directory, place)
    _make_vault(directory, place, secret, argon)
    Log.create(directory)
    SideStore.create(directory / SIDE_FILE)
    return _make_keys(directory, place, secret)


def _make_vault(directory: Path, place: settings.Settings, secret: Secret, argon: ArgonCost) -> None:
    anchor = place_at(directory, place.anchor)
    make_directory(anchor.parent)
    replica = replica_place(directory, place)
    if replica is not None:
        make_directory(replica.path.parent)
    Vault.create(directory / VAULT_FILE, FileAnchor(anchor), {"first": secret}, argon=argon, replica=replica)


def _make_keys(directory: Path, place: settings.Settings, secret: Secret) -> Path:
    sign, log, log_pq, witness = (
        Ed25519Key.generate(),
        Ed25519Key.generate(),
        MLDSAKey.generate(44),
        MLDSAKey.generate(44),
    )
    transport = nkeys.generate_seed()
    now_ms = round(datetime.now(UTC).timestamp() * 1000)
    made = {
        role: (new_key_id(now_ms), key)
        for role, key in {
            "sign": sign.seed,
            "log": log.seed,
            "log_pq": log_pq.seed,
            "witness": witness.seed,
            "transport": transport.encode(),
        }.items()
    }
    with open_vault(directory, place, secret) as vault:
        vault.put_pending([NewKey(key_id, ROLE, key, b"") for key_id, key in made.values()])
        vault.confirm([key_id for key_id, _ in made.values()])
        vault.flush()
    partner = uuid4().hex
    ids = {
        "v": 1,
        "partner": partner,
        "slug": place.partner,
        "keys": {role: key_id for role, (key_id, _) in made.items()},
    }
    write_new(directory / KEYS_FILE, json.dumps(ids).encode(), 0o600)
    card = Card(
        partner=partner,
        slug=place.partner,
        sign=sign.public,
        log=log.public,
        log_pq=log_pq.public,
        witness=witness.public,
        transport=nkeys.public_of(transport),
        root=RootPublic(b"", b""),
    )
    request = {k: v for k, v in card.to_json().items() if k != "root"}
    write_new(directory / REQUEST_FILE, encode(request), 0o600)
    return directory / REQUEST_FILE


def open_vault(directory: Path, place: settings.Settings, secret: Secret) -> Vault:
    """The vault of a node directory that no process has open.

    Raises:
        SetupError: A running node has it; the vault itself would only say, after a while, that a database is in use.
    """
    check_free(directory / LOCK)
    return Vault.open(
        directory / VAULT_FILE,
        FileAnchor(place_at(directory, place.anchor)),
        secret,
        replica=replica_place(directory, place),
    )


def custodians(directory: Path, secret: Secret) -> list[str]:
    """Whose secret opens the vault of a stopped node."""
    with open_vault(directory, settings.load(directory), secret) as vault:
        return list(vault.status().slots)


def add_custodian(directory: Path, secret: Secret, name: str, new: Secret, *, argon: ArgonCost = MODERATE) -> None:
    """Let one more secret open the vault.

    Raises:
        ConflictError: The name is taken.
    """
    with open_vault(directory, settings.load(directory), secret) as vault:
        vault.add_slot(name, new, argon=argon)


def remove_custodian(directory: Path, secret: Secret, name: str) -> None:
    """Take a custodian's access away: the vault's secret is replaced and its generation rolled.

    Raises:
        NotFoundError: No such custodian.
        ConflictError: It is the last one.
    """
    with open_vault(directory, settings.load(directory), secret) as vault:
        vault.remove_slot(name)


def replica_place(directory: Path, place: settings.Settings) -> Place | None:
    """Where the vault's replica and its own anchor lie, when there is one."""
    if place.replica is None:
        return None
    replica = place_at(directory, place.replica)
    return Place(replica / VAULT_FILE, FileAnchor(replica / ANCHOR_FILE))


def accept_covenant(
    directory: Path,
    secret: Secret,
    signed: Path,
    *,
    admin_name: str,
    fingerprint_read: str | None = None,
    uid: int | None = None,
    joining: bool = False,
    now: datetime | None = None,
) -> dict[str, object]:
    """Make a covenant hold at this node: it becomes entry 0 of the log (or the next generation). Local, and by a person.

    Args:
        directory: The node, not running.
        secret: Opens its vault.
        signed: The signed covenant.
        admin_name: Who does this; registered as the first actor when there is none.
        fingerprint_read: The fingerprint as heard from the other partners; compared when given.
        uid: Operating-system user of the first actor; the caller's own when None.
        joining: This partner joins in a later generation: one that does not name it may be accepted on the way there.
        now: The moment of acceptance; the machine's when None.

    Raises:
        CovenantError: It does not verify, does not follow the previous one, or this partner's keys in it are not ours.
        InputError: The name cannot be stored.
    """
    moment = now or datetime.now(UTC)
    admin = _first_actor(admin_name, uid)
    place = settings.load(directory)
    accepted = verify_signed(read(signed, N_("signed covenant")), moment)
    if fingerprint_read is not None and _letters(fingerprint_read) != _letters(fingerprint(accepted.hash)):
        raise CovenantError("The fingerprint differs from the one you gave; do not accept, call the other partners.")
    _check_mine(directory, place.partner, accepted, joining=joining)
    with open_vault(directory, place, secret) as vault, Log.open(directory, vault) as log:
        log.settle()
        _append_covenant(log, accepted, place.partner, moment, admin)
    return describe(accepted)


def _first_actor(name: str, uid: int | None) -> ActorForm:
    try:
        return ActorForm(roles=list(FIRST_ROLES), name=name, uid=os.getuid() if uid is None else uid)
    except ValueError:  # of the form
        raise InputError("Your name is text of 1 to 120 characters.") from None


def _append_covenant(log: Log, accepted: Accepted, me: str, now: datetime, admin: ActorForm) -> None:
    earlier = load_accepted(log)
    if earlier:
        newest = earlier[-1]
        if accepted.hash == newest.hash:
            raise ConflictError("This covenant is accepted already.")
        if accepted.generation != newest.generation + 1 or accepted.covenant.previous != newest.hash.hex():
            raise CovenantError("The covenant does not follow from the generation this node accepted: it is a fork.")
    elif accepted.generation != 1:
        raise CovenantError("A new node starts with generation 1 of the covenant, and accepts the later ones in order.")
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)
    with log.batch(now) as batch:
        batch.append(
            e.CovenantAccepted(
                originator_id=uuid4(),
                at=now,
                generation=accepted.generation,
                covenant=accepted.hash.hex(),
                signed=accepted.signed.decode(),
                me=me,
            )
        )
        if not earlier:
            Actors.registered(Tx(batch, now, Overlay()), admin, None)
        batch.commit()


def load_accepted(log: Log) -> list[Accepted]:
    """Every generation in the log, verified again.

    Raises:
        CovenantError: One does not verify.
    """
    found = []
    for entry in log.entries(0, 500, ["covenant/accepted/1"]):
        event = log.event(entry)
        if isinstance(event, e.CovenantAccepted):
            found.append(verify_signed(event.signed.encode(), event.at))
    return found


def _check_mine(directory: Path, slug: str, accepted: Accepted, *, joining: bool) -> None:
    mine = accepted.by_slug(slug)
    request = read_json(directory / REQUEST_FILE, N_("card request"))
    if mine is None or mine.card is None:
        if joining:
            return
        raise CovenantError("This node's partner is not a connected partner of the covenant.")
    card = {k: v for k, v in mine.card.to_json().items() if k != "root"}
    if card != request:
        raise CovenantError(
            "The covenant holds another card for this partner than this node's; compile it with this node's card."
        )


def read_keys(directory: Path, vault: Vault) -> Mapping[str, bytes]:
    """The node's role keys, from the vault.

    Raises:
        InputError: The key list is missing or damaged.
        SetupError: A key is not in the vault.
    """
    data = read_json(directory / KEYS_FILE, N_("list of role keys"))
    ids = data.get("keys")
    if not isinstance(ids, dict) or not all(isinstance(key_id, str) for key_id in ids.values()):
        raise InputError("The {what} file {name} is damaged.", what="list of role keys", name=KEYS_FILE)
    keys = vault.get_many(list(ids.values()))
    if set(ids) != {"sign", "log", "log_pq", "witness", "transport"} or len(keys) != len(ids):
        raise SetupError(
            "A role key of this node is not in its vault; restore keys.json and vault from the same moment."
        )
    return {role: keys[key_id] for role, key_id in ids.items()}


def own_keys(directory: Path, vault: Vault, book: Accepted, slug: str) -> tuple[Partner, Mapping[str, bytes]]:
    """Who this node is under ``book``, and its role keys, once settings, keys and card are of one partner.

    ``node.toml`` is edited by hand. Under another name the node would be judged by that partner's rules, and what it signs with
    its own keys holds for nobody: a log that nothing mends.

    Raises:
        SetupError: The keys are another partner's than the settings name, or are not those on its card.
        NotFoundError: The covenant does not name that partner.
    """
    keys = read_keys(directory, vault)
    sign, log = Ed25519Key(keys["sign"]).public, Ed25519Key(keys["log"]).public
    owner = next((p for p in book.connected() if p.card is not None and sign == p.card.sign), None)
    if owner is not None and owner.slug != slug:
        raise SetupError(
            'The file node.toml names {found}, but the keys of this node are those of {name}: write partner = "{expected}" '
            "in it, or put back the keys.json, vault and anchor of {found}.",
            found=slug,
            name=owner.name,
            expected=owner.slug,
        )
    me = book.partner(slug)
    if me.card is not None:
        partner = read_json(directory / KEYS_FILE, N_("list of role keys")).get("partner")
        pq, witness, transport = MLDSAKey(44, keys["log_pq"]), MLDSAKey(44, keys["witness"]), keys["transport"].decode()
        mine = (partner, sign, log, pq.public, witness.public, nkeys.public_of(transport))
        card = me.card
        if mine != (card.partner, card.sign, card.log, card.log_pq, card.witness, card.transport):
            raise SetupError(
                "The role keys of this node are not those on the card of {partner} in the covenant; "
                "restore keys.json and vault from the same moment.",
                partner=slug,
            )
    return me, keys


def place_at(directory: Path, path: Path) -> Path:
    """A path from the settings; relative ones start at the node directory."""
    return path if path.is_absolute() else directory / path


def _letters(text: str) -> str:
    return "".join(c for c in text.upper() if c.isalnum())
