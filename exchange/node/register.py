"""The node's own register of people: enter, search, match what partners mean, undo a match. Every search is a read event."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from exchange.domain import events as e
from exchange.domain.bsn import BsnFinding, scan
from exchange.errors import ConflictError, InputError, NotFoundError
from exchange.node import forms as f
from exchange.node.commands import Result, once
from exchange.node.context import Context
from exchange.node.people import Found, Person
from exchange.node.service import Actor, Idempotency
from exchange.node.whoknows import identity_of, label_of
from exchange.node.writer import Tx
from exchange.store.kept import ACCOUNTABILITY, REGISTER

READ_ONCE_PER: Final = timedelta(minutes=15)
ENOUGH: Final = 2
"""Of name, birth date and address: fewer find nobody."""


class Reads:
    """Reading personal data is an event: one per actor, subject and view within a quarter of an hour."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._seen: dict[tuple[UUID, str, UUID | None], datetime] = {}

    async def log(self, actor: Actor, view: str, subjects: list[UUID | None]) -> None:
        """Record what ``actor`` is about to see; returns when it is in the log."""
        now = self._ctx.clock.now()
        # Also when the clock was set back: a read of what is now the future must not keep later ones out of the log.
        self._seen = {k: at for k, at in self._seen.items() if abs(now - at) < READ_ONCE_PER}
        fresh = [s for s in dict.fromkeys(subjects) if (actor.id, view, s) not in self._seen]
        if not fresh:
            return

        def unit(tx: Tx) -> None:
            for subject in fresh:
                tx.append(
                    e.DataRead(
                        originator_id=uuid4(),
                        at=tx.now,
                        key_id=tx.new_key(ACCOUNTABILITY),
                        by=actor.id,
                        view=view,
                        subject=subject,
                    )
                )

        await self._ctx.writer.run(unit)
        self._seen.update({(actor.id, view, s): now for s in fresh})

    async def explained(self, actor: Actor, subject: UUID | None) -> None:
        """Record that ``actor`` is about to see what would happen if something were shared about somebody.

        It says what is on record about that person: an objection, a notice, which identity is known and to whom.
        """
        person = self._ctx.people.resolve(subject) if subject is not None else None
        await self.log(actor, "disclosure.explain", [person.handle if person is not None else None])

    async def copied_out(self, actor: Actor, view: str, subject: UUID | None) -> None:
        """A print or file left; erasure here does not reach it."""
        await self._ctx.writer.run(
            lambda tx: tx.append(
                e.CopiedOut(
                    originator_id=uuid4(),
                    at=tx.now,
                    key_id=tx.new_key(ACCOUNTABILITY),
                    by=actor.id,
                    view=view,
                    subject=subject,
                )
            )
        )


class Register:
    """See the module."""

    def __init__(self, ctx: Context, reads: Reads) -> None:
        self._ctx = ctx
        self._reads = reads

    async def register(self, actor: Actor, form: f.SubjectForm, key: Idempotency | None) -> f.SubjectFound:
        """A new entry; two of name, birth date and address at least, so that it can be found again."""
        identity = identity_of(form)
        if identity.attributes < ENOUGH:
            raise InputError("Give at least two of name, birth date and address; fewer find nobody later.")
        refuse_number(form)

        def unit(tx: Tx) -> tuple[UUID, Result]:
            handle = uuid4()
            tx.append(
                e.SubjectRegistered(
                    originator_id=handle,
                    at=tx.now,
                    key_id=tx.new_key(REGISTER),
                    by=actor.id,
                    unmatched=False,
                    identity=identity.model_dump(mode="json", exclude_defaults=True),
                    safe_contact=form.safe_contact,
                )
            )
            return handle, {}

        handle, _ = await once(self._ctx, actor, "subject.register", key, form, unit)
        person = self._ctx.people.person(handle)
        if person is None:
            raise NotFoundError("There is no such subject in this node's register.")
        return _found(person, "EXACT")

    async def find(self, actor: Actor, query: f.IdentityForm) -> list[f.SubjectFound]:
        """Exact matches first; near ones are for a person to decide."""
        identity = identity_of(query)
        if identity.attributes < ENOUGH:
            raise InputError("Search by at least two of name, birth date and address.")
        found: list[Found] = self._ctx.people.find(identity)
        await self._reads.log(actor, "subject.find", [c.person.handle for c in found] or [None])
        return [_found(c.person, c.match.value) for c in found]

    async def unmatched(self, actor: Actor) -> list[f.SubjectFound]:
        """Entries that partners' messages made and nobody matched yet."""
        people = self._ctx.people.unmatched()
        await self._reads.log(actor, "subject.unmatched", [p.handle for p in people])
        return [_found(p, "NEAR") for p in people]

    async def match(self, actor: Actor, unmatched: UUID, into: UUID) -> None:
        """A person decides that two entries are one human being; the events stay, the answer is joined."""
        one, other = self._person(unmatched), self._person(into)
        target = self._ctx.people.resolve(into)
        if one is other or target is one:
            raise ConflictError("These entries are the same person already.")
        if one.into is not None:
            raise ConflictError("This entry is matched already; split it first.")
        await self._ctx.writer.run(
            lambda tx: tx.append(
                e.SubjectMatched(originator_id=one.handle, at=tx.now, key_id=one.key_id, by=actor.id, into=other.handle)
            )
        )

    async def split(self, actor: Actor, subject: UUID) -> None:
        """Undo a match."""
        person = self._person(subject)
        if person.into is None:
            raise ConflictError("This entry is not matched to another.")
        await self._ctx.writer.run(
            lambda tx: tx.append(
                e.SubjectSplit(originator_id=person.handle, at=tx.now, key_id=person.key_id, by=actor.id)
            )
        )

    def _person(self, handle: UUID) -> Person:
        person = self._ctx.people.person(handle)
        if person is None:
            raise NotFoundError("There is no such subject in this node's register.")
        return person


def refuse_number(form: f.SubjectForm) -> None:
    """People are found without their citizen service number, and most partners may not hold it at all (UAVG 46).

    Raises:
        InputError: There is one in some field; does not repeat it.
    """
    texts = (form.given_names, form.prefix, form.family_name, form.postcode, form.house_number, form.safe_contact)
    if any(scan(text) is BsnFinding.CERTAIN for text in texts):
        raise InputError("The entry holds a citizen service number (BSN); leave it out, people are found without it.")


def _found(person: Person, match: str) -> f.SubjectFound:
    return f.SubjectFound(
        subject=person.handle,
        match=match,
        unmatched=person.unmatched,
        label=label_of(person),
        safe_contact=person.safe_contact,
        references=dict(person.references),
    )
