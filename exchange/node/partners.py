"""What the control lane told us of each partner: prekey bundle and heartbeat, verified, newest only, in the side store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from exchange.crypto import prekeys as pk
from exchange.crypto import signing
from exchange.crypto.labels import SIGN_BUNDLE, SIGN_CONTROL, SIGN_HEARTBEAT
from exchange.errors import CryptoError, ExchangeError, WireError
from exchange.node.covenants import Accepted, Covenants
from exchange.node.ports import Clock, ControlMessage
from exchange.node.receiving import SKEW
from exchange.store.side import SideStore
from exchange.wire import control
from exchange.wire.codec import decode_model

MAX_CONTROL = 512 * 1024
ALONE = timedelta(hours=24)
"""How far one partner's time may be ahead of every other's and still be believed."""
LABELS = {
    control.ControlKind.BUNDLE: SIGN_BUNDLE,
    control.ControlKind.HEARTBEAT: SIGN_HEARTBEAT,
    control.ControlKind.CHECKPOINT: SIGN_CONTROL,
}


@dataclass(frozen=True, slots=True)
class Heard:
    """A control message that was accepted."""

    kind: control.ControlKind
    sender: str
    heartbeat: control.Heartbeat | None = None


class Partners:
    """The newest of everything, per partner. Used on the event loop only."""

    def __init__(self, covenants: Covenants, side: SideStore, me: str, clock: Clock) -> None:
        self._clock = clock
        self._covenants = covenants
        self._side = side
        self._me = me
        self._bundles: dict[str, pk.Bundle] = {}
        self._heartbeats: dict[str, control.Heartbeat] = {}
        self._live: set[str] = set()
        """Whose heartbeat came since this start."""
        for partner in covenants.current.connected():
            self._reload(partner.slug)

    def _reload(self, slug: str) -> None:
        for kind in (control.ControlKind.BUNDLE, control.ControlKind.HEARTBEAT):
            stored = self._side.get(f"control-{kind.value}", slug)
            if stored is None:
                continue
            try:
                self._take(kind, slug, str(stored["body"]).encode())
            except ExchangeError:  # written by another release; the lane brings a new one
                continue

    def take(self, message: ControlMessage) -> Heard:
        """Verify and keep one control message.

        Raises:
            WireError: Not from whom it says, not newer, or not of its schema. Nothing was kept.
        """
        sealed = decode_model(control.SignedControl, message.data, max_bytes=MAX_CONTROL)
        sender = self._covenants.current.by_slug(message.sender)
        if sender is None or not sender.connected or sealed.kind.value != message.kind:
            raise WireError("control-sender", "The control message is not from a connected partner.")
        try:
            signing.verify(
                sender.sign_public, LABELS[sealed.kind], sealed.body.encode(), bytes.fromhex(sealed.signature)
            )
        except CryptoError:
            raise WireError("control-signature", "The signature of the control message does not hold.") from None
        heard = self._take(sealed.kind, message.sender, sealed.body.encode())
        if heard.heartbeat is not None:
            self._live.add(message.sender)
        self._side.put(f"control-{sealed.kind.value}", message.sender, {"body": sealed.body, "sig": sealed.signature})
        return heard

    def _take(self, kind: control.ControlKind, slug: str, body: bytes) -> Heard:
        if kind is control.ControlKind.BUNDLE:
            new = pk.parse_bundle(body)
            partner = self._covenants.current.partner(slug)
            if new.partner != partner.id.hex():
                raise WireError("control-sender", "The prekey bundle names another partner.")
            self._no_fork(new)
            self._bundles[slug] = pk.accept_bundle(self._bundles.get(slug), new)
            return Heard(kind, slug)
        if kind is control.ControlKind.HEARTBEAT:
            return Heard(
                kind, slug, self._take_heartbeat(slug, decode_model(control.Heartbeat, body, max_bytes=MAX_CONTROL))
            )
        return Heard(kind, slug)

    def _no_fork(self, new: pk.Bundle) -> None:
        """A partner that obeys another document under a generation we know has accepted a fork: nothing is sent to it."""
        ours = {one.generation: one.hash for one in self._covenants.all()}
        if ours.get(new.generation, new.covenant) != new.covenant:
            raise WireError("covenant-fork", "The partner obeys another covenant under the same generation.")

    def _take_heartbeat(self, slug: str, new: control.Heartbeat) -> control.Heartbeat:
        partner = self._covenants.current.partner(slug)
        me = self._covenants.current.partner(self._me)
        if (new.covenant, new.sender, new.recipient) != (self._covenants.id.hex(), partner.id.hex(), me.id.hex()):
            raise WireError("control-sender", "The heartbeat is not from this partner to us under this covenant.")
        old = self._heartbeats.get(slug)
        if old is not None and new.time < old.time and not self._is_ahead(old):
            raise WireError("control-old", "A newer heartbeat is known.")
        self._heartbeats[slug] = new
        return new

    def _is_ahead(self, beat: control.Heartbeat) -> bool:
        """Written by a clock that was wrong: one such heartbeat must not silence its sender until that time has come."""
        return datetime.fromisoformat(beat.time) > self._clock.now() + SKEW

    def bundle(self, slug: str) -> pk.Bundle | None:
        """The newest prekey bundle."""
        return self._bundles.get(slug)

    def generation(self, slug: str, now: datetime) -> Accepted | None:
        """The covenant generation that this partner and we both obey; None when nothing may be sent to it now.

        Until a partner was heard of, the newest one here: nothing leaves before its prekeys, and its generation, are known.
        """
        bundle = self._bundles.get(slug)
        return self._covenants.common(bundle.generation, now) if bundle else self._covenants.current

    def heartbeat(self, slug: str) -> control.Heartbeat | None:
        """The newest heartbeat."""
        return self._heartbeats.get(slug)

    def heard_at(self, slug: str) -> datetime | None:
        """The partner's own time of his newest heartbeat."""
        beat = self._heartbeats.get(slug)
        return datetime.fromisoformat(beat.time) if beat else None

    def newest_time(self) -> datetime | None:
        """The newest time anybody else vouches for: what guards destruction by clock (protocol §7).

        One partner whose clock runs ahead must not vouch for ours that does too: of several, the newest counts only when
        another comes within a day of it. What was kept from an earlier run counts while nobody was heard in this one.
        """
        heard = [self._heartbeats[slug] for slug in self._live] or self._heartbeats.values()
        times = sorted(datetime.fromisoformat(beat.time) for beat in heard)
        if len(times) > 1 and times[-1] - times[-2] > ALONE:
            times.pop()
        return times[-1] if times else None
