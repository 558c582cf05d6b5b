"""The log read back: rows, a feed for case systems, verification, replay, and the story of a case, subject or partner.

None of it needs a content key for the public part. Everything pages through the log with constant memory.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import orjson

from exchange.crypto import envelope, labels, signing
from exchange.crypto.labels import H
from exchange.domain import events as e
from exchange.domain.event import Event
from exchange.errors import CryptoError, IntegrityError, NotFoundError
from exchange.node import forms as f
from exchange.node.checkpoints import verify_checkpoints
from exchange.node.context import Context
from exchange.node.covenants import Covenants
from exchange.store.entry import Entry
from exchange.store.ledger import Ledger
from exchange.store.log import PAGE, Log
from exchange.store.vault import Vault
from exchange.store.verify import verify
from exchange.store.views import pump

_PARTNER_FIELDS = ("partner", "recipient", "sender")
FEED_TOPICS = {
    "message/sent/1": "message",
    "message/received/1": "message",
    "receipt/received/1": "message",
    "message/nacked/1": "message",
    "message/voided/1": "voided",
    "notification/sent/1": "message",
    "notification/received/1": "message",
    "notification/answered/1": "message",
    "objection/received/1": "originator_id",
    "erasure/done/1": "originator_id",
    "frame/parked/1": "originator_id",
    "alarm/raised/1": "alarm",
    "duty/overdue/1": "originator_id",
}
"""Topic -> the public field a case system looks it up by."""


def row_of(entry: Entry, leaf: bytes) -> f.LogRow:
    """The public part of an entry."""
    public = orjson.loads(entry.public)
    return f.LogRow(
        index=entry.index,
        at=datetime.fromisoformat(public["at"]),
        topic=entry.topic,
        stream=entry.originator_id,
        version=entry.version,
        leaf=leaf.hex(),
        public=public,
    )


def rows(log: Log, start: int, limit: int) -> list[f.LogRow]:
    """Public parts from ``start`` on."""
    entries = log.entries(start, limit)
    leaves = log.leaf_hashes(start, start + len(entries))
    return [row_of(entry, leaf) for entry, leaf in zip(entries, leaves, strict=True)]


def feed(log: Log, cursor: int, limit: int) -> list[f.FeedRow]:
    """Steps after ``cursor``, oldest first; pass the last one's cursor to go on."""
    found = []
    for entry in log.entries(cursor + 1, limit, list(FEED_TOPICS)):
        public = orjson.loads(entry.public)
        name = FEED_TOPICS[entry.topic]
        found.append(
            f.FeedRow(
                cursor=entry.index,
                at=datetime.fromisoformat(public["at"]),
                topic=entry.topic,
                id=str(entry.originator_id) if name == "originator_id" else str(public[name]),
                partner=next((public[k] for k in _PARTNER_FIELDS if public.get(k)), None),
            )
        )
    return found


# ---------------------------------------------------------------------------------------- verifying


@dataclass
class Witnessed:
    """Checks beyond the tree: every partner's signature, every stored part against its header and commitment."""

    log: Log
    covenants: Covenants
    me: str
    with_keys: bool
    signatures: int = 0
    parts: int = 0
    checkpoints: int = 0
    erased: int = 0
    _gone: set[str] = field(default_factory=set)

    def check(self, entry: Entry, event: Event) -> None:
        """One entry.

        Raises:
            IntegrityError: With the entry's index.
        """
        if isinstance(event, e.MessageSent):
            self._signed(entry, self.me, labels.SIGN_HEADER, event.header, event.signature)
            self._parts(entry, event.header, event.parts, event.message)
        elif isinstance(event, e.MessageReceived):
            self._signed(entry, event.sender, labels.SIGN_HEADER, event.header, event.signature)
            self._parts(entry, event.header, event.parts, event.message)
        elif isinstance(event, e.ReceiptIssued):
            self._signed(entry, self.me, labels.SIGN_RECEIPT, event.receipt, event.signature)
        elif isinstance(event, e.ReceiptReceived):
            self._signed(entry, event.partner, labels.SIGN_RECEIPT, event.receipt, event.signature)
        elif isinstance(event, e.SequenceVoided):
            self._signed(entry, self.me, labels.SIGN_HEADER, event.header, event.signature)
        elif isinstance(event, e.SequenceVoidedByPartner | e.EquivocationFound):
            sender = event.sender if isinstance(event, e.SequenceVoidedByPartner) else event.partner
            self._signed(entry, sender, labels.SIGN_HEADER, event.header, event.signature)

    def _signed(self, entry: Entry, slug: str, label: str, data: str, signature: str) -> None:
        generation = orjson.loads(data)["data"]["generation"]
        partner = self.covenants.known(generation).by_slug(slug)
        if partner is None:
            raise IntegrityError("Entry {index} is signed by a partner the covenant does not know.", index=entry.index)
        try:
            signing.verify(partner.sign_public, label, data.encode(), bytes.fromhex(signature))
        except (CryptoError, ValueError):
            raise IntegrityError("The signature in entry {index} does not hold.", index=entry.index) from None
        self.signatures += 1

    def _parts(self, entry: Entry, header: str, parts: tuple[e.StoredPart, ...], message: str) -> None:
        if envelope.message_id(header.encode()).hex() != message:
            raise IntegrityError("The message id in entry {index} is not that of its header.", index=entry.index)
        data = orjson.loads(header)
        refs = data["data"]["parts"]
        if [p.hash for p in parts] != [r["hash"] for r in refs]:
            raise IntegrityError("The parts of entry {index} are not those its header names.", index=entry.index)
        for number, (part, ref) in enumerate(zip(parts, refs, strict=True)):
            if part.key_id is None:
                continue
            box, key = self.log.sealed(part.hash), self.log.key(part.key_id) if self.with_keys else None
            if box is None or (self.with_keys and key is None):
                self._must_be_erased(entry, part.key_id)
                continue
            if H(box).hex() != part.hash:
                raise IntegrityError("A stored part of entry {index} is not what its header names.", index=entry.index)
            if key is not None:
                self._opens(entry, key, data, number, ref, box)
            self.parts += 1

    def _opens(
        self, entry: Entry, key: bytes, data: dict[str, object], number: int, ref: dict[str, str], box: bytes
    ) -> None:
        inner = data["data"]
        if not isinstance(inner, dict) or envelope.pkc(key).hex() != ref["pkc"]:
            raise IntegrityError("The key of a part of entry {index} is not the committed one.", index=entry.index)
        try:
            envelope.open_part(
                key,
                self.covenants.id,
                bytes.fromhex(str(inner["sender"])),
                UUID(str(data["id"])).bytes,
                number,
                len(inner["parts"]),
                box,
            )
        except CryptoError:
            raise IntegrityError("A stored part of entry {index} does not open.", index=entry.index) from None

    def _must_be_erased(self, entry: Entry, key_id: str) -> None:
        if not self._gone:
            for page in pages(self.log, ["erasure/decided/1"]):
                for erasure in self.log.read_all(page):
                    if isinstance(erasure, e.ErasureDecided):
                        self._gone.update(erasure.key_ids)
        if key_id not in self._gone:
            raise IntegrityError(
                "A part of entry {index} is missing, and no erasure in the log accounts for it.", index=entry.index
            )
        self.erased += 1


def verify_log(log: Log, covenants: Covenants, me: str, vault: Vault | None) -> Iterator[int | f.VerifyAnswer]:
    """Re-read everything, with a vault also what is sealed and each of its rows; progress as entry counts, the answer last."""
    with_keys = vault is not None
    witnessed = Witnessed(log, covenants, me, with_keys)
    try:
        yield from (step for step in verify(log, extra=witnessed.check, unseal=with_keys) if isinstance(step, int))
        witnessed.checkpoints = verify_checkpoints(log, covenants, me)
        if vault is not None:
            vault.verify()
    except IntegrityError as error:
        yield _verified(log, witnessed, error)
        return
    yield _verified(log, witnessed, None)


def _verified(log: Log, witnessed: Witnessed, error: IntegrityError | None) -> f.VerifyAnswer:
    size, root = log.head()
    return f.VerifyAnswer(
        ok=error is None,
        entries=size,
        root=root.hex(),
        first_bad=error.index if error else None,
        problem=str(error) if error else "",
        problem_template=error.template if error else "",
        problem_values={k: v if isinstance(v, int) else str(v) for k, v in error.params.items()} if error else {},
        signatures=witnessed.signatures,
        parts=witnessed.parts,
        checkpoints=witnessed.checkpoints,
        erased=witnessed.erased,
    )


# ---------------------------------------------------------------------------------------- replaying


def replay(log: Log, live: Ledger) -> Iterator[int | f.ReplayAnswer]:
    """Rebuild every view from the log alone in a scratch file and compare it with the live one, table by table."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="replay-") as scratch:
        rebuilt = Ledger(Path(scratch) / "views.db", draft=True)
        try:
            yield from pump(log, rebuilt, log.size)
            differences = live.differences(rebuilt, log)
            yield f.ReplayAnswer(
                ok=not differences,
                entries=rebuilt.position,
                differences=differences,
                seconds=round(time.monotonic() - began, 3),
            )
        finally:
            rebuilt.close()


def pages(log: Log, topics: list[str] | None = None) -> Iterator[list[Entry]]:
    """The whole log, or some topics of it, a page at a time."""
    start = 0
    while page := log.entries(start, PAGE, topics):
        yield page
        start = page[-1].index + 1


def story(ctx: Context, *, case: UUID | None, subject: UUID | None, partner: str | None) -> Iterator[f.StoryLine]:
    """What happened, in order, from public fields: topics and codes, which :mod:`exchange.reports.story` says in words."""
    indexes, messages, items = _scope(ctx, case, subject)
    for page in pages(ctx.log):
        for entry in page:
            public = orjson.loads(entry.public)
            about = indexes is None or entry.index in indexes or public.get("message") in messages
            about = about or public.get("item") in items or (case is not None and public.get("case") == str(case))
            with_partner = partner is None or partner in {public.get(k) for k in _PARTNER_FIELDS}
            if about and with_partner:
                yield f.StoryLine(
                    index=entry.index,
                    at=datetime.fromisoformat(public["at"]),
                    topic=entry.topic,
                    details={name: public[name] for name in _DETAILS if public.get(name) not in (None, [], {}, "")},
                )


_DETAILS = (
    "direction", "partner", "recipient", "sender", "sequence", "kind", "category", "categories", "purpose", "channel",
    "occurred_on", "side", "codes", "rejected", "reason", "rule", "retention", "period", "trigger", "generation", "keys",
    "epochs", "clock", "view", "alarm", "first", "last", "release", "roles", "command", "on", "area",
    "origin", "reports", "chair", "date", "owner", "decision", "due", "next_date", "recipients", "partners", "outcome",
    "review_on", "valid_until", "followed_on", "ground", "cause", "name", "purposes", "good", "code", "due_at",
    "telling", "action", "due_on", "phase", "close_reason", "lead", "status", "verdict",
    "inside", "reached", "designated", "profile", "keep_until",
)  # fmt: skip
"""Public fields that belong in a story; ids, hashes, headers and signatures do not."""


def _scope(ctx: Context, case: UUID | None, subject: UUID | None) -> tuple[set[int] | None, set[str], set[str]]:
    """Log indexes, message ids and item ids that belong to a case or a person."""
    if case is None and subject is None:
        return None, set(), set()
    if case is not None:
        found = ctx.ledger.rows("SELECT log_index, message, item FROM items WHERE case_id=?", str(case))
        indexes = {r["log_index"] for r in found}
        steps = ctx.ledger.rows("SELECT log_index FROM conference_steps WHERE case_id=?", str(case))
        indexes |= {r["log_index"] for r in steps}
        indexes |= _profiled(ctx, "i.case_id=?", str(case))
    else:
        people = ctx.people.same(subject) if subject is not None else []
        if not people:
            raise NotFoundError("Nobody in this node's register fits this.")
        indexes = {i for person in people for i in (*person.items, *person.mentioned)}
        found = [
            r
            for i in sorted(indexes)
            for r in ctx.ledger.rows("SELECT log_index, message, item FROM items WHERE log_index=?", i)
        ]
    messages, items = {r["message"] for r in found if r["message"]}, {r["item"] for r in found}
    for item in items:
        messages.update(r["message"] for r in ctx.ledger.rows("SELECT message FROM noticed WHERE item=?", item))
    indexes |= _objections(ctx, subject)
    for index in tuple(indexes) if case is None else ():
        indexes |= _profiled(ctx, "i.log_index=?", index)
    for message in tuple(messages):
        messages.update(r["message"] for r in ctx.ledger.rows("SELECT message FROM messages WHERE reply_to=?", message))
    return indexes, messages, items


def _profiled(ctx: Context, which: str, value: str | int) -> set[int]:
    """Log indexes that say on which profile items were shared."""
    rows = ctx.ledger.rows(f"SELECT p.log_index FROM profiled p JOIN items i ON i.act = p.act WHERE {which}", value)
    return {row["log_index"] for row in rows}


def _objections(ctx: Context, subject: UUID | None) -> set[int]:
    """Log indexes of what a person objected to, and how that was weighed."""
    same = {person.handle for person in ctx.people.same(subject)} if subject is not None else set()
    found: set[int] = set()
    for row in ctx.ledger.rows("SELECT objection, log_index FROM objections") if same else ():
        event = ctx.log.event(ctx.log.entry(row["log_index"]))
        if isinstance(event, e.ObjectionReceived) and event.subject in same:
            found.add(row["log_index"])
    return found


def moment_of(ms: int) -> datetime:
    """A stored time."""
    return datetime.fromtimestamp(ms / 1000, UTC)
