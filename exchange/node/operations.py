"""What an operator looks at and does: status, parked frames, keys. No content anywhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from uuid import UUID, uuid4

from exchange.crypto.covenant_sig import fingerprint
from exchange.domain import events as e
from exchange.domain.pairing import PairIn, PairOut
from exchange.domain.refusals import code_of_frame
from exchange.domain.retention import local_day
from exchange.errors import ConflictError, NotFoundError
from exchange.node import forms as f
from exchange.node.actors import Actors
from exchange.node.afterwards import Afterwards
from exchange.node.context import Context
from exchange.node.covenants import Partner
from exchange.node.duties import Duties
from exchange.node.housekeeping import Housekeeping
from exchange.node.outbox import Outbox
from exchange.node.partners import Partners
from exchange.node.ports import Transport
from exchange.node.reading import new_messages
from exchange.node.restored import HELD, holders
from exchange.node.retention import Retention
from exchange.node.service import Actor
from exchange.node.writer import Tx


class Operations:
    """See the module."""

    def __init__(
        self,
        ctx: Context,
        partners: Partners,
        outbox: Outbox,
        transport: Transport,
        housekeeping: Housekeeping,
        retention: Retention,
        actors: Actors,
        duties: Duties,
        after: Afterwards,
    ) -> None:
        self._ctx = ctx
        self._partners = partners
        self.edges: list[Callable[[], list[str]]] = []
        """What adapters at the edge of the node warn of."""
        self.counters: list[Callable[[], dict[str, int]]] = []
        """What they count."""
        self._outbox = outbox
        self._transport = transport
        self._housekeeping = housekeeping
        self._retention = retention
        self._actors = actors
        self._duties = duties
        self._after = after

    # ------------------------------------------------------------------------------------ status

    def status(self) -> f.Status:
        """Everything at a glance, with what deserves attention as codes in ``warnings``."""
        ctx, book = self._ctx, self._ctx.covenants.current
        size, root = ctx.log.head()
        to_process, unanswered, onward = self._after.notifications.counts()
        pairs = [self._pair(p) for p in book.covenant_partners() if p.slug != ctx.me.slug]
        return f.Status(
            partner=ctx.me.slug,
            partner_name=book.partner(ctx.me.slug).name,
            environment=book.covenant.environment.value,
            covenant=ctx.covenants.id.hex(),
            covenant_name=book.covenant.name,
            generation=book.generation,
            release=ctx.release,
            broker="connected" if self._transport.connected else "disconnected",
            log_size=size,
            root=root.hex(),
            vault_generation=ctx.vault.generation,
            warnings=self._warnings(),
            pairs=pairs,
            inbox_new=new_messages(ctx),
            outbox_waiting=len(self._outbox.waiting()),
            parked=ctx.ledger.count("parked WHERE state='parked'"),
            unmatched=len(ctx.people.unmatched()),
            due=self._retention.overdue_count(),
            duties=self._duties.open_count(),
            to_process=to_process,
            unanswered=unanswered,
            onward=onward,
            objections=self._after.objections.open()[0],
            clock=self._retention.clock_state(),
            counts={name: count for edge in self.counters for name, count in edge().items()},
            single_handed=self._actors.single_handed,
            now=ctx.clock.now(),
        )

    def _warnings(self) -> list[str]:
        ctx, waits = self._ctx, {w.why for w in self._outbox.waiting()}
        today = local_day(ctx.clock.now())
        found = {
            "covenant-review-overdue": today > ctx.covenants.current.covenant.review_due,
            "log-older": ctx.log.behind,
            HELD: bool(holders(ctx)),
            "no-connection": not self._transport.connected,
            "no-prekey": "no-prekey" in waits,
            "keys-to-come": "keys-to-come" in waits,
            "equivocation": ctx.ledger.count("evidence") > 0,
            "retention-overdue": self._retention.overdue_count() > 0,
            "duty-overdue": self._duties.late_count() > 0,
            "answer-overdue": self._after.notifications.counts()[1] > 0,
            "objection-overdue": self._after.objections.open()[1] > 0,
            "review-overdue": self._reviews_overdue() > 0,
        }
        known = [*ctx.vault.status().warnings, *(w for edge in self.edges for w in edge())]
        return [*known, *(code for code, so in found.items() if so)]

    def _reviews_overdue(self) -> int:
        """Exceptions to informing, and open cases, that should have been looked at again by now."""
        ledger, today = self._ctx.ledger, local_day(self._ctx.clock.now()).isoformat()
        exceptions = (
            "facts WHERE kind='exception' AND state='live' AND review_on < ? AND (ends_on IS NULL OR ends_on >= ?)"
        )
        cases = "cases WHERE inside=1 AND closed_at IS NULL AND review_due < ?"
        return ledger.count(exceptions, today, today) + ledger.count(cases, today)

    def _pair(self, partner: Partner) -> f.PairStatus:
        overlay = self._ctx.writer.overlay
        inward = overlay.pairs_in.get(partner.slug, PairIn())
        outward = overlay.pairs_out.get(partner.slug, PairOut())
        bundle = self._partners.bundle(partner.slug)
        until = max((k.not_after_ms for k in bundle.prekeys), default=0) if bundle else 0
        return f.PairStatus(
            partner=partner.slug,
            name=partner.name,
            connected=partner.connected,
            last_sent=outward.last,
            receipted=outward.last - len(outward.waiting),
            accepted_upto=inward.through,
            missing=[number for _, number in zip(range(100), inward.holes, strict=False)],
            waiting=len(outward.waiting),
            heard_at=self._partners.heard_at(partner.slug),
            generation=bundle.generation if bundle else None,
            prekeys_until=datetime.fromtimestamp(until / 1000, UTC) if until else None,
        )

    # ------------------------------------------------------------------------------------ parked

    def parked(self) -> list[f.ParkedAnswer]:
        """Frames refused for good, newest first."""
        return [
            f.ParkedAnswer(
                parked=UUID(r["parked"]),
                at=datetime.fromtimestamp(r["at"] / 1000, UTC),
                partner=r["partner"],
                frame=r["frame"],
                reason=r["reason"],
                code=code_of_frame(r["reason"]),
                state=r["state"],
            )
            for r in self._ctx.ledger.rows("SELECT * FROM parked ORDER BY at DESC")
        ]

    async def retry(self, actor: Actor, parked: UUID) -> None:
        """Ask the sender to wrap the message anew."""
        row = self._parked(parked)
        await self._ctx.writer.run(lambda tx: tx.append(e.ParkedRetried(originator_id=parked, at=tx.now, by=actor.id)))
        self._housekeeping.ask_again(row["partner"], row["frame"])

    async def drop(self, actor: Actor, parked: UUID, reason: str) -> None:
        """Let a parked frame go; its sender voids the sequence on his side."""
        row = self._parked(parked)
        await self._ctx.writer.run(
            lambda tx: tx.append(e.ParkedDropped(originator_id=parked, at=tx.now, by=actor.id, reason=reason))
        )
        self._housekeeping.dropped(row["partner"], row["frame"])

    def _parked(self, parked: UUID) -> dict[str, str]:
        row = self._ctx.ledger.one("SELECT * FROM parked WHERE parked=?", str(parked))
        if row is None:
            raise NotFoundError("There is no such parked frame.")
        if row["state"] == "dropped":
            raise ConflictError("This parked frame was dropped already.")
        return {"partner": row["partner"], "frame": row["frame"]}

    # ------------------------------------------------------------------------------------ keys

    def keys(self) -> f.KeysAnswer:
        """Public keys and prekey stock, own and partners'."""
        ctx, alive = self._ctx, self._ctx.prekeys.alive()
        until = max((o.not_after_ms for o in alive), default=0)
        return f.KeysAnswer(
            partner=ctx.me.slug,
            fingerprint=fingerprint(ctx.covenants.current.hash),
            sign=ctx.keys.sign.public.hex(),
            log=ctx.keys.log.public.hex(),
            prekeys_live=len(alive),
            prekeys_until=datetime.fromtimestamp(until / 1000, UTC) if until else None,
            vault_generation=ctx.vault.generation,
            partners={
                p.slug: {"sign": p.sign_public.hex(), "prekeys": self._stock(p.slug)}
                for p in ctx.covenants.current.connected()
                if p.slug != ctx.me.slug
            },
        )

    def _stock(self, slug: str) -> int:
        bundle = self._partners.bundle(slug)
        return len(bundle.prekeys) if bundle else 0

    async def roll(self, actor: Actor) -> f.KeysAnswer:
        """End the live epoch: what was wrapped to it and not yet stored must be wrapped anew."""
        ended = self._ctx.prekeys.roll(self._ctx.clock.now())
        self._housekeeping.republish_bundle()
        await self._ctx.writer.run(partial(_rolled, actor.id, tuple(ended)))
        return self.keys()


def _rolled(by: UUID, kids: tuple[str, ...], tx: Tx) -> None:
    tx.append(e.KeysRolled(originator_id=uuid4(), at=tx.now, by=by, reason="operator", kids=kids))
