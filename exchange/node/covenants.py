"""The covenant generations this node accepted: verified once, looked up ever after.

A signed covenant is one canonical JSON file: the exact document and the root signature of every connected partner. It is valid
only when all of them hold (n of n), and it takes effect here only by the local command that accepts it. Its id, the hash of
generation 1, is bound into every frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from exchange.crypto.cards import Card
from exchange.crypto.covenant_sig import document_hash, verify_covenant
from exchange.crypto.signing import RootSignature
from exchange.domain.covenant import Covenant
from exchange.domain.vocabulary import Regime
from exchange.errors import CovenantError, CryptoError, NotFoundError, WireError
from exchange.wire.codec import decode, encode

MAX_COVENANT: Final = 4 * 1024 * 1024
DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Partner:
    """A party of one generation."""

    slug: str
    id: bytes
    name: str
    regime: Regime
    card: Card | None
    """None for a party on paper: nothing is sent to it."""

    @property
    def connected(self) -> bool:
        """Takes part in the exchange."""
        return self.card is not None

    @property
    def sign_public(self) -> bytes:
        """The key its headers and receipts are verified with."""
        if self.card is None:
            raise CryptoError("A party on paper has no keys.")
        return self.card.sign


class Accepted:
    """One generation, verified."""

    def __init__(self, covenant: Covenant, hash_: bytes, signed: bytes, at: datetime) -> None:
        self.covenant = covenant
        self.hash = hash_
        self.signed = signed
        self.at = at
        """When this node accepted it."""
        self.generation = covenant.generation
        self._by_slug = {p.slug: _partner(p.model_dump()) for p in covenant.partners}
        self._by_id = {p.id: p for p in self._by_slug.values()}

    def by_slug(self, slug: str) -> Partner | None:
        """The party with this slug."""
        return self._by_slug.get(slug)

    def partner(self, slug: str) -> Partner:
        """The party with this slug.

        Raises:
            NotFoundError: Not a party of this covenant.
        """
        found = self._by_slug.get(slug)
        if found is None:
            raise NotFoundError("There is no such partner in the covenant.")
        return found

    def partner_by_id(self, partner_id: bytes) -> Partner | None:
        """The connected party with this id."""
        found = self._by_id.get(partner_id)
        return found if found is not None and found.connected else None

    def covenant_partners(self) -> Iterable[Partner]:
        """Every party, connected or on paper."""
        return self._by_slug.values()

    def connected(self) -> Iterable[Partner]:
        """Parties that take part in the exchange."""
        return [p for p in self._by_slug.values() if p.connected]


class Covenants:
    """Every generation this node knows; the newest is in force.

    Raises:
        CovenantError: The chain does not hold.
    """

    def __init__(self, accepted: list[Accepted]) -> None:
        if not accepted:
            raise CovenantError("This node has not accepted a covenant; use covenant accept first.")
        self._generations: dict[int, Accepted] = {}
        for one in accepted:
            self.add(one)

    def add(self, one: Accepted) -> None:
        """The next generation; a fork or a jump is refused."""
        newest = max(self._generations, default=0)
        if one.generation != newest + 1:
            raise CovenantError(
                "The covenant is generation {found}, expected {expected}.", found=one.generation, expected=newest + 1
            )
        previous = self._generations[newest].hash.hex() if newest else None
        if one.covenant.previous != previous:
            raise CovenantError("The covenant does not follow from the generation this node accepted: it is a fork.")
        self._generations[one.generation] = one

    @property
    def id(self) -> bytes:
        """Hash of generation 1."""
        return self._generations[1].hash

    @property
    def tag(self) -> str:
        """How the broker's subjects name the covenant."""
        return self.id.hex()[:16]

    @property
    def current(self) -> Accepted:
        """The generation in force."""
        return self._generations[max(self._generations)]

    @property
    def usable(self) -> list[Accepted]:
        """Generations a frame may be wrapped under: the current and the one before."""
        newest = max(self._generations)
        return [self._generations[g] for g in (newest, newest - 1) if g in self._generations]

    def common(self, theirs: int, now: datetime) -> Accepted | None:
        """The generation to decide and wrap under for a partner whose newest is ``theirs``: the newest that both obey.

        None while there is none: the partner is too far behind, or the time in which the previous one counts is over.
        """
        newest = max(self._generations)
        try:
            return self.accepted(min(theirs, newest), now)
        except WireError:
            return None

    def between(self, oldest: int) -> list[Accepted]:
        """The generations whose rules a message decided under ``oldest`` must pass: that one and every later one here."""
        return [one for number, one in sorted(self._generations.items()) if number >= oldest]

    def all(self) -> list[Accepted]:
        """Every generation, oldest first."""
        return [self._generations[number] for number in sorted(self._generations)]

    def known(self, generation: int) -> Accepted:
        """Any generation, for old evidence.

        Raises:
            CovenantError: Never accepted here.
        """
        found = self._generations.get(generation)
        if found is None:
            raise CovenantError(
                "Generation {generation} of the covenant was never accepted here.", generation=generation
            )
        return found

    def accepted(self, generation: int, now: datetime) -> Accepted:
        """The generation a message was decided under, if it still counts.

        Raises:
            WireError: ``generation-newer`` (wait for our own acceptance) or ``generation-over``.
        """
        newest = max(self._generations)
        if generation > newest:
            raise WireError("generation-newer", "The message is of a covenant generation not accepted here yet.")
        found = self._generations.get(generation)
        current = self._generations[newest]
        age = current.covenant.settings.max_age_days * DAY
        if found is None or generation < newest - 1 or (generation < newest and now - current.at > age):
            raise WireError("generation-over", "The message is of a covenant generation that is not in force any more.")
        return found


# ---------------------------------------------------------------------------------------- the signed file


def signed_file(document: bytes, signatures: Mapping[str, RootSignature]) -> bytes:
    """One file with the document and everybody's signature (by partner id)."""
    return encode({"document": document.decode(), "signatures": {k: s.to_json() for k, s in signatures.items()}})


def split_signed(data: bytes) -> tuple[bytes, dict[str, RootSignature]]:
    """The exact document and its signatures, unverified.

    Raises:
        CovenantError: Not such a file.
    """
    try:
        value = decode(data.removesuffix(b"\n"), max_bytes=MAX_COVENANT)
        document = value["document"].encode()
        signatures = {str(k): RootSignature.halves(s) for k, s in value["signatures"].items()}
    except (WireError, KeyError, TypeError, AttributeError):
        raise CovenantError("This file is not a signed covenant.") from None
    return document, signatures


def parse_document(document: bytes) -> Covenant:
    """A covenant in canonical form.

    Raises:
        CovenantError: Not canonical, or not a covenant.
    """
    try:
        decode(document, max_bytes=MAX_COVENANT)
    except WireError:
        raise CovenantError(
            "The covenant document is not in canonical form; it may have been edited by hand."
        ) from None
    return Covenant.parse(document)


def verify_signed(data: bytes, at: datetime) -> Accepted:
    """A signed covenant, once every connected partner's root signature holds.

    Raises:
        CovenantError: It is not valid; says what is missing.
    """
    document, signatures = split_signed(data)
    covenant = parse_document(document)
    try:
        accepted = Accepted(covenant, document_hash(document), data, at)
    except CryptoError as error:
        raise CovenantError("A partner's card in the covenant is not acceptable: {why}", why=error) from None
    cards = [p.card for p in accepted.connected() if p.card is not None]
    keys = [key for card in cards for key in card.keys()]  # noqa: SIM118 - a card is no dict
    if len(set(keys)) != len(keys):
        raise CovenantError("Two partners of the covenant have a key in common.")
    names = {p.id.hex(): (p.slug, p.name) for p in accepted.connected()}
    verify_covenant(document, signatures, {c.partner: c.root for c in cards}, names)
    return accepted


def _partner(data: dict[str, object]) -> Partner:
    card = Card.from_json(data["card"]) if data["card"] is not None else None
    if card is not None and (card.partner, card.slug) != (data["id"], data["slug"]):
        raise CryptoError("The card names another partner.")
    return Partner(
        str(data["slug"]), bytes.fromhex(str(data["id"])), str(data["name"]), Regime(str(data["regime"])), card
    )
