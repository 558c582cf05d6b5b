"""The register in memory: who is who at this node, and which items are about whom.

Names, references and the link from item to subject stand sealed in the log. After unlock they are unsealed once, folded into this
object, and kept in memory only; no index on disk could be searched by whoever copies the disk. What goes is forgotten here as
soon as its going is decided: a search then answers exactly as for an unknown person.

Who somebody is may be known from several messages. Each identity goes with the message part that told it; what remains is put
together anew.
"""

from __future__ import annotations

import threading
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from exchange.domain import events as e
from exchange.domain.event import Event, Gone
from exchange.domain.subject import Identity, Mark, Match, match
from exchange.node.identity import tells_who

TOPICS: Final = (
    "subject/registered/1",
    "subject/identity-learned/1",
    "subject/reference-agreed/1",
    "subject/matched/1",
    "subject/split/1",
    "item/recorded/1",
    "erasure/decided/1",
    "case/shared/1",
    "case/subject-added/1",
    "signal/noted/1",
    "conference/item-offered/1",
    "draft/saved/1",
)
"""What this fold reads; everything else in the log may be skipped."""


_OF_A_PERSON: Final = (e.IdentityLearned, e.ReferenceAgreed, e.SubjectMatched, e.SubjectSplit)
_OF_A_CASE: Final = (e.CaseShared, e.CaseSubjectAdded, e.SignalNoted, e.ItemOffered, e.DraftSaved)


@dataclass(slots=True)
class Person:
    """One register entry."""

    handle: UUID
    key_id: str
    unmatched: bool
    identity: Identity
    """What is known now of who this is."""
    safe_contact: str = ""
    into: UUID | None = None
    references: dict[str, str] = field(default_factory=dict)
    learned: dict[str, Identity] = field(default_factory=dict)
    """Key of the message part -> the identity it told, oldest first."""
    items: array[int] = field(default_factory=lambda: array("Q"))
    """Log indexes of the items this person owns."""
    mentioned: array[int] = field(default_factory=lambda: array("Q"))
    exchanged: set[str] = field(default_factory=set)
    """Partners with whom items about this person went over the exchange; the first of them told who it is."""
    told: array[int] = field(default_factory=lambda: array("Q"))
    """Those of ``items`` that tell a partner, or told us, who this is."""
    _registered: Identity = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._registered = self.identity

    def learn(self, key_id: str, identity: Identity) -> None:
        """Take in what a message says; the newest word counts, and what it leaves out stays."""
        self.learned.pop(key_id, None)
        self.learned[key_id] = identity
        self.identity = together([self._registered, *self.learned.values()])

    def unlearn(self, key_ids: set[str]) -> None:
        """Forget what these parts told."""
        self.learned = {key: identity for key, identity in self.learned.items() if key not in key_ids}
        self.identity = together([self._registered, *self.learned.values()])


def together(identities: Iterable[Identity]) -> Identity:
    """One description of several, oldest first: name, birth date and address each as last told."""
    found: dict[str, object] = {}
    for identity in identities:
        if identity.family_name or identity.given_names:
            found |= identity.model_dump(include={"given_names", "prefix", "family_name"})
        if identity.birth_date is not None:
            found["birth_date"] = identity.birth_date
        if identity.postcode or identity.house_number:
            found |= identity.model_dump(include={"postcode", "house_number"})
    return Identity.model_validate(found)


def handles_in(event: Event) -> list[UUID]:
    """Whom an event is about, as far as it can be read: an item, a case, a signal, an offer or a draft of our own."""
    found: list[object] = [getattr(event, "subject", None)]
    for name in ("subjects", "mentions"):
        several = getattr(event, name, ())
        found += () if isinstance(several, Gone) else several
    return [handle for one in found if (handle := _handle(one)) is not None]


def _handle(value: object) -> UUID | None:
    if isinstance(value, str):  # an offer's: a handle where it is our own
        try:
            return UUID(value)
        except ValueError:
            return None
    return value if isinstance(value, UUID) else None


@dataclass(frozen=True, slots=True)
class Found:
    """A candidate of a search."""

    person: Person
    match: Match


class People:
    """The fold; ``evolve`` takes events in log order.

    The writer's thread evolves while others ask, so whoever walks over everybody walks over a copy taken under the lock.
    """

    def __init__(self, leading: Iterable[tuple[str, str]] = ()) -> None:
        """``leading``: as which category and field somebody is made known, in any generation of the covenant."""
        self._leading = frozenset(leading)
        self._lock = threading.Lock()
        self._persons: dict[UUID, Person] = {}
        self._by_reference: dict[tuple[str, str], UUID] = {}
        self._alike: dict[Mark, list[Person]] = {}
        """By each thing that two descriptions of one person must share one of."""
        self._matched: set[UUID] = set()
        """Entries that were decided to be another; few, so that asking about one person need not walk over everybody."""

        self._spoken: dict[str, set[UUID]] = {}
        """Key of what seals a case, a signal, an offer or a draft -> whom it is about."""

    def evolve(self, index: int, event: Event) -> None:
        """Take one event in; shredded ones add nothing."""
        with self._lock:
            if isinstance(event, e.ItemRecorded):
                self._item(index, event)
            elif isinstance(event, e.SubjectRegistered):
                self._registered(event)
            elif isinstance(event, _OF_A_CASE):
                if handles := handles_in(event):
                    self._spoken.setdefault(event.key_id, set()).update(handles)
            elif isinstance(event, e.ErasureDecided):
                self._drop(set(event.key_ids))
            elif isinstance(event, _OF_A_PERSON) and (person := self._persons.get(event.originator_id)) is not None:
                self._change(person, event)

    def _registered(self, event: e.SubjectRegistered) -> None:
        if not isinstance(event.identity, Gone):
            contact = "" if isinstance(event.safe_contact, Gone) else event.safe_contact
            identity = Identity.model_validate(event.identity)
            person = Person(event.originator_id, event.key_id, event.unmatched, identity, contact)
            if (before := self._persons.get(person.handle)) is not None:
                self._unmark(before)
            self._persons[event.originator_id] = person
            self._mark(person)

    def _change(self, person: Person, event: Event) -> None:
        if isinstance(event, e.IdentityLearned) and not isinstance(event.identity, Gone):
            self._unmark(person)
            person.learn(event.key_id, Identity.model_validate(event.identity))
            self._mark(person)
        elif isinstance(event, e.ReferenceAgreed) and not isinstance(event.reference, Gone):
            person.references[event.partner] = event.reference
            self._by_reference[event.partner, event.reference] = event.originator_id
        elif isinstance(event, e.SubjectMatched) and not isinstance(event.into, Gone):
            person.into = event.into
            self._matched.add(person.handle)
        elif isinstance(event, e.SubjectSplit):
            person.into = None
            self._matched.discard(person.handle)

    def _item(self, index: int, event: e.ItemRecorded) -> None:
        if isinstance(event.subject, Gone):
            return
        person = self._persons.get(event.subject)
        if person is not None:
            person.items.append(index)
            if event.message is not None:
                person.exchanged.add(event.partner)
            if not isinstance(event.field, Gone) and tells_who(self._leading, event.category, event.field):
                person.told.append(index)
        for handle in () if isinstance(event.mentions, Gone) else event.mentions:
            other = self._persons.get(handle)
            if other is not None:
                other.mentioned.append(index)

    def forget(self, key_ids: Iterable[str], items: Iterable[int] = ()) -> None:
        """Drop every entry and every identity whose key was destroyed, and these items."""
        lost = set(items)
        with self._lock:
            self._drop(set(key_ids))
            for person in self._persons.values() if lost else ():
                for name in ("items", "mentioned", "told"):
                    kept = getattr(person, name)
                    if not lost.isdisjoint(kept):
                        setattr(person, name, array("Q", [index for index in kept if index not in lost]))

    def _drop(self, gone: set[str]) -> None:
        for key in gone & self._spoken.keys():
            del self._spoken[key]
        for person in self._persons.values():
            if not gone.isdisjoint(person.learned):
                self._unmark(person)
                person.unlearn(gone)
                self._mark(person)
        for handle in [h for h, p in self._persons.items() if p.key_id in gone]:
            person = self._persons.pop(handle)
            self._unmark(person)
            self._matched.discard(handle)
            for partner, reference in person.references.items():
                self._by_reference.pop((partner, reference), None)

    def _mark(self, person: Person) -> None:
        for mark in person.identity.marks:
            self._alike.setdefault(mark, []).append(person)

    def _unmark(self, person: Person) -> None:
        for mark in person.identity.marks:
            left = [other for other in self._alike[mark] if other is not person]
            if left:
                self._alike[mark] = left
            else:
                del self._alike[mark]

    def everybody(self) -> list[Person]:
        """Every entry, matched ones too."""
        with self._lock:
            return list(self._persons.values())

    def spoken_of(self) -> dict[str, set[UUID]]:
        """Key -> whom the case, the signal or the offer sealed under it is about."""
        with self._lock:
            return {key: set(handles) for key, handles in self._spoken.items()}

    # ------------------------------------------------------------------------------------ questions

    def person(self, handle: UUID) -> Person | None:
        """The entry itself."""
        return self._persons.get(handle)

    def resolve(self, handle: UUID) -> Person | None:
        """The entry a person decided this one to be; itself when nothing was decided."""
        seen: set[UUID] = set()
        person = self._persons.get(handle)
        while person is not None and person.into is not None and person.handle not in seen:
            seen.add(person.handle)
            person = self._persons.get(person.into)
        return person

    def same(self, handle: UUID) -> list[Person]:
        """Every entry that is, by decision, the same person."""
        target = self.resolve(handle)
        if target is None:
            return []
        if not self._matched:
            return [target]
        with self._lock:
            merged = [self._persons[handle] for handle in self._matched if handle != target.handle]
        found = [person for person in merged if self.resolve(person.handle) is target]
        return [target, *sorted(found, key=lambda person: str(person.handle))]

    def by_reference(self, partner: str, reference: str) -> Person | None:
        """The entry a partner means by a pairwise reference."""
        handle = self._by_reference.get((partner, reference))
        return self._persons.get(handle) if handle is not None else None

    def by_any_reference(self, reference: str) -> Person | None:
        """The entry of a reference, whoever uses it (128 random bits: at most one)."""
        with self._lock:
            known = next((handle for (_, known), handle in self._by_reference.items() if known == reference), None)
        return self._persons.get(known) if known is not None else None

    def reference_for(self, handle: UUID, partner: str) -> str | None:
        """The reference this person has with a partner: of the entry itself, or of one matched into it."""
        for person in self.same(handle):
            if partner in person.references:
                return person.references[partner]
        return None

    def introduced(self, handle: UUID, partner: str) -> bool:
        """Whether a partner was told who this person is: a reference alone, as in a case, does not say it."""
        same = self.same(handle)
        return any(partner in p.references for p in same) and any(partner in p.exchanged for p in same)

    def find(self, query: Identity) -> list[Found]:
        """Exact matches first, then near ones for a person to decide."""
        with self._lock:
            candidates = {p.handle: p for mark in query.marks for p in self._alike.get(mark, ())}
        found = [
            Found(person, kind)
            for person in candidates.values()
            if person.into is None and (kind := match(query, person.identity)) is not Match.NONE
        ]
        return sorted(found, key=lambda f: (f.match is not Match.EXACT, f.person.unmatched, str(f.person.handle)))

    def unmatched(self) -> list[Person]:
        """Entries that partners' messages made and nobody matched yet."""
        return [p for p in self.everybody() if p.unmatched and p.into is None]
