r"""Events to stored bytes and back: a public JSON line anyone can read, and a sealed box only the vault's key opens.

``state = line [ "\n" box ]``. The line holds every public field except the stream id (a column of its own): ``key_id``
first when the class has one, then ``at``, then the rest in the order of the class. The box is the JSON of the private
fields under a key derived from the one vault key that ``key_id`` names. Its associated data is the stream id, the version,
the topic and the line *exactly as stored*, so no public field can be changed, and no box moved, without breaking the seal.

Topics come from the closed registry of :mod:`exchange.domain.event` only: a stored topic never makes this code import anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import Any, ClassVar, Final, TypeVar, Union, get_args
from uuid import UUID

import orjson
from eventsourcing.persistence import Mapper, ProgrammingError, StoredEvent
from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from exchange.crypto.aead import seal, unseal
from exchange.crypto.labels import EVENT_PRIVATE, expand, signed
from exchange.domain import events as _every_event  # noqa: F401 - importing it fills the closed registry
from exchange.domain.event import LOCKED, SHREDDED, Event, Gone, topic_class
from exchange.errors import ConflictError, CryptoError, IntegrityError
from exchange.store.entry import Entry
from exchange.store.keys import KeyId, KeySource

Keys = Callable[[str], bytes | None]
"""Looks a key up; None when it has been destroyed."""

_KEYED: Final = re.compile(rb'\{"key_id":"([0-9a-f]{32})",')
_UNKEYED: Final = b'{"key_id":null,'
_ZERO: Final = timedelta(0)
_Model = TypeVar("_Model", bound=BaseModel)
_SAME_SPELLING: Final = orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATETIME


def rfc3339(at: datetime) -> str:
    """``at`` as ``2026-03-02T08:00:00.000Z``.

    Raises:
        IntegrityError: Not UTC, or finer than a millisecond: it would not come back as it went in.
    """
    if at.utcoffset() != _ZERO or at.microsecond % 1000:
        raise IntegrityError("An event's time must be UTC in whole milliseconds.")
    return _text(at)


@lru_cache(maxsize=256)  # the events of a batch share their time
def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def encode(event: Event, version: int, key: bytes | None) -> bytes:
    """The stored state of ``event`` as number ``version`` of its stream.

    Args:
        event: What to store; none of its private fields may be SHREDDED or LOCKED.
        version: Position in the stream; bound into the seal.
        key: The vault key of ``event.key_id``; None when the class has no private fields or the event names no key.

    Raises:
        IntegrityError: A private field is gone, or there is a private value and no key.
    """
    cls = type(event)
    shape = _shape(cls)
    line = _line(event, shape)
    if not cls.private:
        return line
    values = [getattr(event, name) for name in shape.private]
    if Gone in map(type, values):
        raise IntegrityError("An event that was read without its key cannot be stored again.")
    if event.__dict__.get("key_id") is None:
        if any(value is not None for value in values):
            raise IntegrityError("An event with private fields must name the key that seals them.")
        return line
    if key is None:
        raise ConflictError("The key that would seal this event has been destroyed; what it belongs to was erased.")
    private = _json(event, shape.private)
    aad = _aad(event.originator_id.bytes, version, cls.topic, line)
    return line + b"\n" + seal(expand(key, EVENT_PRIVATE), private, aad)


def decode(entry: Entry, keys: Keys | None) -> Event:
    """The event of ``entry``, its private fields unsealed, SHREDDED (key destroyed) or LOCKED (``keys`` is None).

    Raises:
        IntegrityError: Unknown topic, a broken seal, or a state that is not an event; names the log index.
    """
    cls = topic_class(entry.topic)
    line, separator, box = entry.state.partition(b"\n")
    head = b'{"originator_id":"' + entry.originator.encode() + b'",'
    if not cls.private:
        return _validate(cls, head + line[1:], entry)
    key_id = key_id_of(entry)
    if key_id is None:
        if separator or not line.startswith(_UNKEYED):
            raise _broken(entry)
        nulls = b"".join(b',"' + name.encode() + b'":null' for name in cls.private)
        return _validate(cls, head + line[1:-1] + nulls + b"}", entry)
    key = keys(key_id) if keys is not None else None
    if key is None:
        return _without(cls, head + line[1:], entry, LOCKED if keys is None else SHREDDED)
    try:
        aad = _aad(bytes.fromhex(entry.originator), entry.version, entry.topic, line)
        private = unseal(expand(key, EVENT_PRIVATE), box, aad)
    except (CryptoError, ValueError):
        raise _broken(entry) from None
    return _validate(cls, head + line[1:-1] + b"," + private[1:], entry)


class Public:
    """The public fields of an event as text and numbers: what a table of ids, codes and dates is made from.

    Ids and times stay the text they are stored as, and types are not looked at: :func:`decode` does that for whoever verifies.
    The attributes are those of the event class; each class of events has a subclass of its own.
    """

    topic: ClassVar[str] = ""
    originator: str
    """Stream id, 32 hex digits."""

    @property
    def originator_id(self) -> str:
        """Stream id as ids in the line are written."""
        digits = self.originator
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def public(entry: Entry) -> Any:
    """The :class:`Public` of ``entry``; a fraction of the cost of its event.

    Raises:
        IntegrityError: Unknown topic, or a line that is not an object or has too many or too few fields; names the index.
    """
    shape = _shape(topic_class(entry.topic))
    try:
        fields = orjson.loads(entry.state.partition(b"\n")[0])
        if not shape.fewest <= len(fields) <= shape.most:
            raise _broken(entry)
        for name, cls in shape.nested:
            fields[name] = [_record(cls, value) for value in fields[name]]
        fields["originator"] = entry.originator
        return _record(shape.record, fields)
    except (ValueError, KeyError, TypeError):
        raise _broken(entry) from None


def _record(cls: type[Public], fields: dict[str, Any]) -> Public:
    record = cls.__new__(cls)
    record.__dict__ = fields
    return record


def key_id_of(entry: Entry) -> KeyId | None:
    """The key id in the public line, without parsing the rest. ``key_id`` always stands first, so text cannot fake it."""
    found = _KEYED.match(entry.state)
    return found[1].decode() if found else None


class EventMapper(Mapper[UUID]):
    """The library's seam for reading: stored events become domain events under our rules, not under its transcoder's."""

    def __init__(self, source: KeySource | None) -> None:
        # The library's __init__ wants a transcoder, cipher and compressor; none of them takes part here.
        self._keys = source.get if source is not None else None

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        """Refused: only a Batch stores events, because only it stamps version, position and leaf in one transaction."""
        msg = f"{type(domain_event).__name__}: events are stored through Log.batch()"
        raise ProgrammingError(msg)

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """The event; a stored event without a notification id reads as index -1 in error messages."""
        entry = Entry(
            getattr(stored_event, "id", 0) - 1,
            UUID(str(stored_event.originator_id)).hex,
            stored_event.originator_version,
            stored_event.topic,
            stored_event.state,
        )
        return decode(entry, self._keys)


class _Shape:
    """What is precomputed once per event class."""

    def __init__(self, cls: type[Event]) -> None:
        self.keyed = "key_id" in cls.model_fields
        self.private = [name for name in cls.model_fields if name in cls.private]
        head = {"originator_id", "at", "key_id", *cls.private}
        self.rest = [name for name in cls.model_fields if name not in head]
        stored: dict[str, Any] = {name: (_stored(f.annotation), f) for name, f in cls.model_fields.items()}
        public = {name: field for name, field in stored.items() if name not in cls.private}
        config = ConfigDict(frozen=True, extra="forbid")
        self.stored: type[BaseModel] = create_model(cls.__name__ + "Stored", __config__=config, **stored)
        self.public: type[BaseModel] = create_model(cls.__name__ + "Public", __config__=config, **public)
        del public["originator_id"]
        self.most = len(public)
        self.fewest = sum(cls.model_fields[name].is_required() for name in public)
        self.record = _record_class(cls, cls.topic)
        self.nested = [
            (name, _record_class(part, ""))
            for name in public
            for part in get_args(cls.model_fields[name].annotation)
            if isinstance(part, type) and issubclass(part, BaseModel)
        ]


def _stored(annotation: Any) -> Any:
    """What may stand in a stored field: anything of its type but :class:`Gone`."""
    kinds = get_args(annotation)
    return Union[tuple(kind for kind in kinds if kind is not Gone)] if Gone in kinds else annotation  # noqa: UP007


def _record_class(cls: type[BaseModel], topic: str) -> type[Public]:
    """The :class:`Public` of one class; a field that an older line lacks reads as its default."""
    defaults = {name: field.get_default() for name, field in cls.model_fields.items() if not field.is_required()}
    return type(cls.__name__ + "Public", (Public,), {**defaults, "topic": topic})


@cache
def _shape(cls: type[Event]) -> _Shape:
    return _Shape(cls)


def _line(event: Event, shape: _Shape) -> bytes:
    key_id = event.__dict__.get("key_id")  # not every class has one, and to ask the model for what it lacks is dear
    head = f'"at":"{rfc3339(event.at)}"'
    if shape.keyed:
        head = (f'"key_id":"{key_id}",' if key_id is not None else '"key_id":null,') + head
    rest = _json(event, shape.rest)
    line = b"{" + head.encode() + (b"," + rest[1:] if len(rest) > len(b"{}") else b"}")
    if key_id is not None and not _KEYED.match(line):
        raise IntegrityError("A key id is 32 lower-case hexadecimal digits.")
    return line


def _json(event: Event, names: Sequence[str]) -> bytes:
    """The fields ``names`` as the model's own serialiser writes them (a test compares the two), in a fifth of its time.

    Whatever is not surely spelled the same by both, an integer of more than 64 bits or a time, is left to the model.
    """
    values = event.__dict__
    try:
        return orjson.dumps({name: values[name] for name in names}, _fields, _SAME_SPELLING)
    except TypeError:
        return type(event).__pydantic_serializer__.to_json(event, include=set(names))


def _fields(value: object) -> dict[str, Any]:
    """A value inside an event: its fields."""
    if isinstance(value, BaseModel):
        return value.__dict__
    raise IntegrityError(
        "An event holds a value that is left to the model's own serialiser."
    )  # reaches _json as TypeError


def _aad(originator: bytes, version: int, topic: str, line: bytes) -> bytes:
    name = topic.encode()
    head = originator + version.to_bytes(8, "big") + len(name).to_bytes(2, "big") + name
    return signed(EVENT_PRIVATE, head + line)


def _validate(cls: type[Event], text: bytes, entry: Entry) -> Event:
    """The event of a whole line and box. What was stored is never Gone, so nobody need try that first: half the time."""
    if not cls.private:
        return _parsed(cls, text, entry)
    return _event(cls, _parsed(_shape(cls).stored, text, entry).__dict__)


def _without(cls: type[Event], text: bytes, entry: Entry, gone: Gone) -> Event:
    """The event with every private field reading ``gone``; the public part is validated as always."""
    return _event(cls, _parsed(_shape(cls).public, text, entry).__dict__ | dict.fromkeys(cls.private, gone))


def _parsed(cls: type[_Model], text: bytes, entry: Entry) -> _Model:
    try:
        return cls.__pydantic_validator__.validate_json(text)  # type: ignore[no-any-return]  # a validator of this class
    except (ValidationError, RecursionError):
        raise _broken(entry) from None


def _event(cls: type[Event], values: dict[str, Any]) -> Event:
    """What model_construct would do, without its search for defaults and aliases.

    Sound without validation: every value just passed that of its field, and a private field may always be Gone.
    """
    event = cls.__new__(cls)
    object.__setattr__(event, "__dict__", values)
    object.__setattr__(event, "__pydantic_fields_set__", set(values))
    object.__setattr__(event, "__pydantic_extra__", None)
    object.__setattr__(event, "__pydantic_private__", None)
    return event


def _broken(entry: Entry) -> IntegrityError:
    return IntegrityError("Entry {index} of the log does not read as what was written.", index=entry.index)
