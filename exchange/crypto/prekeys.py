"""Epoch prekeys (protocol §3): forward secrecy by destroying a key a day, without pools of one-time keys.

A prekey is valid for one window of at most 24 hours; a node keeps windows ready for 45 days ahead, in a signed bundle with a
strictly rising sequence. Everything here is pure: times are Unix milliseconds and handed in. Time never decides whether a
message is authentic, only which key wraps it and when a seed goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from exchange.crypto import canonical, labels
from exchange.crypto.hpke import PUBLIC_SIZE, trial
from exchange.crypto.signing import Ed25519Key, verify
from exchange.errors import CryptoError, WireError

MINUTE: Final = 60_000
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
WINDOW: Final = DAY
AHEAD: Final = 45 * DAY
SKEW: Final = 5 * MINUTE
"""How far clocks may differ: windows count as this much longer on either side."""
GRACE: Final = 48 * HOUR
"""After this and the broker's maximum age, no stored frame can still be delivered."""

KID_SIZE: Final = 8
HASH_SIZE: Final = 32
MAX_PREKEYS: Final = 128
MAX_BUNDLE: Final = 384 * 1024
MAX_VERSION: Final = 1000
MAX_GENERATION: Final = 2**32 - 1
MAX_MS: Final = 253_370_764_800_000
"""1 January 9999: what ends later has no date that people or programs can be shown."""

Window: TypeAlias = tuple[int, int]
"""``(not_before_ms, not_after_ms)``, half-open."""


def in_window(not_before_ms: int, not_after_ms: int, at_ms: int) -> bool:
    """Whether a half-open window, lengthened by :data:`SKEW` on either side, holds a moment; an empty one holds nothing."""
    return not_before_ms < not_after_ms and not_before_ms - SKEW <= at_ms < not_after_ms + SKEW


@dataclass(frozen=True, slots=True)
class Prekey:
    """The public half of one epoch."""

    kid: bytes
    not_before_ms: int
    not_after_ms: int
    """First millisecond after the window; equal to ``not_before_ms`` when the key was withdrawn before it began."""
    public: bytes

    def holds(self, at_ms: int) -> bool:
        """Whether a frame wrapped at ``at_ms`` falls in the window, give or take :data:`SKEW`; check 4."""
        return in_window(self.not_before_ms, self.not_after_ms, at_ms)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A partner's prekeys, ordered by window, the message versions its node speaks, and the covenant it obeys."""

    partner: str
    """Partner id, 32 hex digits."""
    sequence: int
    prekeys: tuple[Prekey, ...]
    versions: tuple[int, ...]
    generation: int = 1
    """The newest covenant generation the partner accepted: nothing may be wrapped for it under a newer one."""
    covenant: bytes = bytes(HASH_SIZE)
    """Hash of that generation's document, by which a fork shows itself."""


# ------------------------------------------------------------------------------------------------ bytes


def bundle_bytes(bundle: Bundle) -> bytes:
    """The canonical JSON that is signed."""
    return canonical.dump(
        {
            "v": 1,
            "partner": bundle.partner,
            "sequence": bundle.sequence,
            "versions": list(bundle.versions),
            "generation": bundle.generation,
            "covenant": bundle.covenant.hex(),
            "prekeys": [
                {
                    "kid": key.kid.hex(),
                    "not_before_ms": key.not_before_ms,
                    "not_after_ms": key.not_after_ms,
                    "public": canonical.b64(key.public),
                }
                for key in bundle.prekeys
            ],
        }
    )


def parse_bundle(data: bytes) -> Bundle:
    """The inverse of :func:`bundle_bytes`; the keys themselves are tried by :func:`accept_bundle`.

    Raises:
        WireError: ``bundle-malformed``.
    """
    try:
        return _parse_bundle(data)
    except CryptoError:
        raise WireError("bundle-malformed", "The prekey bundle is not built as the protocol says.") from None


def sign_bundle(key: Ed25519Key, bundle: Bundle) -> tuple[bytes, bytes]:
    """The bytes of ``bundle`` and the sign key's signature over them."""
    data = bundle_bytes(bundle)
    return data, key.sign(labels.SIGN_BUNDLE, data)


def verify_bundle(public: bytes, data: bytes, signature: bytes) -> Bundle:
    """The bundle, once its signature holds.

    Raises:
        CryptoError: The signature does not hold.
        WireError: ``bundle-malformed``.
    """
    verify(public, labels.SIGN_BUNDLE, data, signature)
    return parse_bundle(data)


def _parse_bundle(data: bytes) -> Bundle:
    names = frozenset({"v", "partner", "sequence", "versions", "generation", "covenant", "prekeys"})
    value = canonical.fields(canonical.load(data, MAX_BUNDLE), names)
    versions, listed = value["versions"], value["prekeys"]
    if canonical.whole(value["v"]) != 1 or not isinstance(versions, list) or not isinstance(listed, list):
        raise CryptoError("A signed document is not in the form the protocol says.")
    bundle = Bundle(
        partner=canonical.hexed(value["partner"], 16).hex(),
        sequence=canonical.whole(value["sequence"]),
        prekeys=tuple(_parse_prekey(item) for item in listed),
        versions=tuple(canonical.whole(number, MAX_VERSION) for number in versions),
        generation=canonical.whole(value["generation"], MAX_GENERATION),
        covenant=canonical.hexed(value["covenant"], HASH_SIZE),
    )
    kids = {key.kid for key in bundle.prekeys}
    rising = list(bundle.versions) == sorted(set(bundle.versions)) and bundle.versions
    if not rising or len(kids) != len(bundle.prekeys) or len(kids) > MAX_PREKEYS:
        raise CryptoError("A signed document is not in the form the protocol says.")
    return bundle


def _parse_prekey(value: object) -> Prekey:
    item = canonical.fields(value, frozenset({"kid", "not_before_ms", "not_after_ms", "public"}))
    key = Prekey(
        kid=canonical.hexed(item["kid"], KID_SIZE),
        not_before_ms=canonical.whole(item["not_before_ms"], MAX_MS),
        not_after_ms=canonical.whole(item["not_after_ms"], MAX_MS),
        public=canonical.unb64(item["public"], PUBLIC_SIZE),
    )
    # A window of years would be a long-lived key by another name.
    if not 0 <= key.not_after_ms - key.not_before_ms <= WINDOW:
        raise CryptoError("A signed document is not in the form the protocol says.")
    return key


# ------------------------------------------------------------------------------------------------ the owner


def plan(existing: Iterable[Prekey], now_ms: int) -> list[Window]:
    """The windows to make so that every moment from ``now_ms`` to 45 days ahead is covered; [] when all is.

    New windows follow the last one in steps of 24 hours, so one is made a day; a hole in between (after a key was lost)
    is filled by a window of its own.
    """
    missing: list[Window] = []
    covered = now_ms
    for begins, ends in sorted((key.not_before_ms, key.not_after_ms) for key in existing):
        if ends <= begins:
            continue  # withdrawn
        missing += _fill(covered, min(begins, now_ms + AHEAD))
        covered = max(covered, ends)
    while covered < now_ms + AHEAD:
        missing.append((covered, covered + WINDOW))
        covered += WINDOW
    return missing


def _fill(start: int, stop: int) -> list[Window]:
    return [(at, min(at + WINDOW, stop)) for at in range(start, stop, WINDOW)]


def roll(prekey: Prekey, now_ms: int) -> tuple[Prekey, Window | None]:
    """End ``prekey`` now: its shortened form, and the rest of its window for a fresh kid (None when it was over already).

    A future key (say, of stolen seeds) ends before it began and is used by nobody.
    """
    if prekey.not_after_ms <= now_ms or prekey.not_after_ms <= prekey.not_before_ms:
        return prekey, None
    ends = max(now_ms, prekey.not_before_ms)
    return Prekey(prekey.kid, prekey.not_before_ms, ends, prekey.public), (ends, prekey.not_after_ms)


def may_destroy(prekey: Prekey, now_ms: int, *, drained: bool, max_age_ms: int) -> bool:
    """Whether the seed of an epoch may go, at the earlier of two moments.

    Args:
        prekey: The epoch, with its window as it is after any roll.
        now_ms: Now.
        drained: Rule (a): the own consumer has handled everything the broker stored before the window ended, skew included.
        max_age_ms: Rule (b): how long the inbox stream keeps a frame.
    """
    over = now_ms >= prekey.not_after_ms + SKEW
    unreachable = now_ms >= prekey.not_after_ms + max_age_ms + GRACE
    return (over and drained) or unreachable


# ------------------------------------------------------------------------------------------------ the sender


def choose(bundle: Bundle, now_ms: int) -> Prekey | None:
    """The key to wrap with now: of those valid now, the one that began last; None closes the way.

    A key that begins within :data:`SKEW` serves when none is valid: the recipient's clock may be ahead of ours. One that
    ended never does: its seed may be gone.
    """
    # Every frame asks this of every key: the comparison of :func:`in_window` without the calls, and without its skew at the end.
    usable = [k for k in bundle.prekeys if k.not_before_ms - SKEW <= now_ms < k.not_after_ms > k.not_before_ms]
    begun = [key for key in usable if key.not_before_ms <= now_ms]
    if begun:
        return max(begun, key=_newest)
    return min(usable, key=_newest) if usable else None


def accept_bundle(old: Bundle | None, new: Bundle) -> Bundle:
    """``new`` when it may follow ``old``, without the keys that nothing can be wrapped to.

    A low-order X25519 half loads and fails only when used; one such key must not stop the others, so each new key is tried
    once and a bad one is left out. The same bundle again (a redelivery) is simply the old one.

    Raises:
        WireError: ``bundle-partner``, ``bundle-old`` (sequence not above the newest), ``bundle-fork`` (same sequence, other
            content), ``bundle-key-changed`` or ``bundle-window-grew``. The old bundle stays in use.
    """
    known = {key.kid: key for key in old.prekeys} if old else {}
    accepted = replace(new, prekeys=tuple(k for k in new.prekeys if _usable(k, known)))
    if old is None or accepted == old:
        return accepted
    if new.partner != old.partner:
        raise WireError("bundle-partner", "The prekey bundle is of another partner.")
    if new.sequence < old.sequence:
        raise WireError("bundle-old", "A newer prekey bundle is known.")
    if new.sequence == old.sequence:
        raise WireError("bundle-fork", "Two different prekey bundles carry the same sequence.")
    for key in new.prekeys:
        _check_follows(known.get(key.kid), key)
    return accepted


def common_version(mine: Sequence[int], theirs: Sequence[int]) -> int | None:
    """The highest message version both nodes speak; None when there is none."""
    return max(set(mine) & set(theirs), default=None)


def _check_follows(before: Prekey | None, after: Prekey) -> None:
    if before is None:
        return
    if after.public != before.public:
        raise WireError("bundle-key-changed", "A prekey changed under its id.")
    if after.not_before_ms < before.not_before_ms or after.not_after_ms > before.not_after_ms:
        raise WireError("bundle-window-grew", "The window of a prekey grew; it may only shrink.")


def _usable(key: Prekey, known: dict[bytes, Prekey]) -> bool:
    before = known.get(key.kid)
    if before is not None and before.public == key.public:
        return True
    try:
        trial(key.public)
    except CryptoError:
        return False
    return True


def _newest(key: Prekey) -> tuple[int, bytes]:
    return key.not_before_ms, key.kid
