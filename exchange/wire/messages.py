"""The messages partners see: headers, the statement and item parts, and receipts.

A *header* is a CloudEvents 1.0 object in the NL GOV profile; its canonical bytes are what is signed and stored. Everything
about people stands in the *parts*, each under a key of its own. ``schemas/`` is generated from these models
and those of :mod:`exchange.wire.work` and :mod:`exchange.wire.control`.
"""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from exchange.domain.bsn import BsnFinding, scan
from exchange.domain.pairing import MAX_SEQUENCE

PROTOCOL = "covx/1"
MAX_PARTS = 256
TEXT_LIMIT = 500
"""Characters of one free text as people count them: code points after Unicode normalisation form C, so that an é is one
however it was typed. What has no composed form counts by its code points."""
RAW_LIMIT = 4 * TEXT_LIMIT
"""Code points of one free text as it is sent, whatever its form."""
LAST_YEAR = 9998
"""Of a moment on the wire."""


def _real_day(text: str) -> str:
    """A day that the calendar has: whoever reads it later must not stumble over 30 February."""
    date.fromisoformat(text)
    return text


def _not_too_long(text: str) -> str:
    """At most :data:`TEXT_LIMIT` characters as people count them; the text itself stays as it was signed."""
    composed = text if text.isascii() else unicodedata.normalize("NFC", text)
    if len(composed) > TEXT_LIMIT:
        raise ValueError
    return text


def _real_moment(text: str) -> str:
    """A moment that can be shown in every zone: at the very end of the calendar, local time has no name any more."""
    if datetime.fromisoformat(text).year > LAST_YEAR:
        raise ValueError
    return text


Hex32 = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Hex64 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Hex128 = Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,30}$")]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
Text = Annotated[str, Field(max_length=RAW_LIMIT), AfterValidator(_not_too_long)]
# [0-9], not \d: in a schema \d means every digit of every script.
Moment = Annotated[
    str,
    Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"),
    AfterValidator(_real_moment),
]
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_real_day)]
Sequence = Annotated[int, Field(ge=1, le=MAX_SEQUENCE)]
"""Of a pair, without gaps."""
UpTo = Annotated[int, Field(ge=0, le=MAX_SEQUENCE)]
"""A pair sequence, or 0 before the first."""
Whole = Annotated[int, Field(ge=0, le=2**53 - 1)]
Uid = Annotated[UUID, Field(strict=False)]


def _no_number(code: str) -> str:
    if scan(code) is BsnFinding.CERTAIN:
        raise ValueError
    return code


Reason = Annotated[Code, AfterValidator(_no_number)]
"""A code that stands in public lines of the log for ever, and that no gate judges: never a citizen service number."""


class Wire(BaseModel):
    """Frozen, closed: an unknown field is refused, not ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Kind(StrEnum):
    """What a message is; the reverse-DNS CloudEvents ``type`` with its version."""

    SIGNAL = "nl.convenanten.signaal.gemeld.v1"
    DISCLOSURE = "nl.convenanten.verstrekking.gedaan.v1"
    TAKEN_UP = "nl.convenanten.opvolging.opgepakt.v1"
    HANDLED = "nl.convenanten.opvolging.afgehandeld.v1"
    CASE = "nl.convenanten.casus.gedeeld.v1"
    CONFERENCE = "nl.convenanten.casusoverleg.gepland.v1"
    OFFERED = "nl.convenanten.casusoverleg.aangeboden.v1"
    CHAIR_DECIDED = "nl.convenanten.casusoverleg.beslist.v1"
    OUTCOME = "nl.convenanten.casusoverleg.uitkomst.v1"
    CORRECTED = "nl.convenanten.gegeven.gecorrigeerd.v1"
    RECALLED = "nl.convenanten.gegeven.teruggeroepen.v1"
    RESTRICTED = "nl.convenanten.gegeven.beperkt.v1"
    PROCESSED = "nl.convenanten.kennisgeving.verwerkt.v1"
    AREA_SIGNAL = "nl.convenanten.gebied.gesignaleerd.v1"
    AREA_PICTURE = "nl.convenanten.gebied.beeld.v1"
    VOID = "nl.convenanten.volgnummer.vervallen.v1"
    RECEIPT = "nl.convenanten.ontvangst.bevestigd.v1"
    RECEIPTS = "nl.convenanten.ontvangst.gebundeld.v1"


CONTENT = frozenset({Kind.SIGNAL, Kind.DISCLOSURE, Kind.CORRECTED})
"""Messages of a statement and items."""


class CheckpointRef(Wire):
    """The sender's newest signed checkpoint; in every header and receipt, so that a rewritten log contradicts its past."""

    size: Whole
    root: Hex64


class PartRef(Wire):
    """What the header promises about one part."""

    hash: Hex64
    """SHA-256 of the part's ciphertext (nonce and box)."""
    length: Whole
    pkc: Hex64
    """Commitment to the part key: without it one ciphertext could be given two readings."""
    retention: Code
    """Opaque retention class of the covenant; the term itself is each controller's own."""


class MessageData(Wire):
    """``data`` of every message except a receipt."""

    covenant: Hex64
    generation: Whole
    sender: Hex32
    recipient: Hex32
    sequence: Sequence
    parts: Annotated[list[PartRef], Field(max_length=MAX_PARTS)]
    reply_to: Hex64 | None = None
    """Message id that this answers."""
    reason: Reason | None = None
    """Of a void: why the sequence carries nothing."""
    checkpoint: CheckpointRef


class PartOutcome(Wire):
    """What the receiver did with one part."""

    part: Whole
    accepted: bool
    codes: list[Reason] = []
    """Refusal codes (R05 …) when not accepted."""


class ReceiptData(Wire):
    """``data`` of a receipt: the receiver binds himself to having stored the message, at this leaf of his log."""

    covenant: Hex64
    generation: Whole
    sender: Hex32
    """Of the receipt: the receiver of the message."""
    recipient: Hex32
    message: Hex64
    sequence: Sequence
    outcomes: Annotated[list[PartOutcome], Field(max_length=MAX_PARTS)]
    leaf_index: Whole
    leaf_hash: Hex64
    checkpoint: CheckpointRef


class _CloudEvent(Wire):
    specversion: Literal["1.0"] = "1.0"
    id: Uid
    """The message uuid: random, chosen before the first attempt to send."""
    source: Annotated[str, Field(pattern=r"^urn:nld:[a-z][a-z0-9-]{1,30}\.covenant-exchange$")]
    time: Moment
    """When the sender logged it (NL GOV profile: time logged, not time happened)."""
    datacontenttype: Literal["application/json"] = "application/json"


class Header(_CloudEvent):
    """The signed header of a message."""

    type: Literal[
        Kind.SIGNAL, Kind.DISCLOSURE, Kind.TAKEN_UP, Kind.HANDLED, Kind.VOID, Kind.CASE, Kind.CONFERENCE, Kind.OFFERED,
        Kind.CHAIR_DECIDED, Kind.OUTCOME, Kind.CORRECTED, Kind.RECALLED, Kind.RESTRICTED, Kind.PROCESSED,
        Kind.AREA_SIGNAL, Kind.AREA_PICTURE,
    ]  # fmt: skip
    data: MessageData


class Receipt(_CloudEvent):
    """A signed receipt."""

    type: Literal[Kind.RECEIPT] = Kind.RECEIPT
    data: ReceiptData


class SignedReceipt(Wire):
    """A receipt inside a bundle: its exact bytes (as text) and its own signature."""

    receipt: Annotated[str, Field(max_length=64 * 1024)]
    signature: Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]


class ReceiptsData(Wire):
    """``data`` of a bundle of receipts. It says nothing itself: every receipt in it is signed and judged on its own."""

    covenant: Hex64
    generation: Whole
    sender: Hex32
    recipient: Hex32
    receipts: Annotated[list[SignedReceipt], Field(min_length=1, max_length=MAX_PARTS)]


class Receipts(_CloudEvent):
    """Receipts to one partner that travel in one frame: one key encapsulation for all of them."""

    type: Literal[Kind.RECEIPTS] = Kind.RECEIPTS
    data: ReceiptsData


def source_of(slug: str) -> str:
    """The CloudEvents ``source`` of a partner's node."""
    return f"urn:nld:{slug}.covenant-exchange"


# ------------------------------------------------------------------------------------------------ parts


class Identity(Wire):
    """Who a subject reference is, sent once per pair so that a person at the recipient can match it.

    The covenant says under which category and field each attribute is judged: name (given names, prefix, family name),
    birth date, address (postcode, house number).
    """

    given_names: Annotated[str, Field(max_length=120)] = ""
    prefix: Annotated[str, Field(max_length=40)] = ""
    family_name: Annotated[str, Field(max_length=120)] = ""
    birth_date: Day | None = None
    postcode: Annotated[str, Field(max_length=8)] = ""
    house_number: Annotated[str, Field(max_length=12)] = ""


class Item(Wire):
    """One datum about one subject; it may mention others. Own key, own term, own erasure."""

    v: Literal[1] = 1
    item: Uid
    subject: Hex32
    """Pairwise reference: means nothing to any third party."""
    mentions: Annotated[list[Hex32], Field(max_length=16)] = []
    category: Code
    field: Code
    value: Text = ""
    identity: Identity | None = None
    nature: Literal["fact", "opinion"] = "fact"
    """Wpg 4(3): facts and personal judgement are kept apart."""
    source: Code = "WAARGENOMEN"
    certainty: Code = "BEVESTIGD"
    observed_on: Day | None = None
    origin_partner: Slug
    origin_regime: Literal["AVG", "WPG"] = "AVG"
    valid_until: Day | None = None
    replaces: Uid | None = None
    """In a correction, and only there: the item of an earlier message that this one takes the place of."""
    source_consent: Code | None = None
    """Reference of the source's consent to pass on what he gave (Wpg 7(2))."""
    onward_ground: Code | None = None


class Weighing(Wire):
    """Why this disclosure is needed, fits, and cannot be less (covenant article 11)."""

    necessity: Text = ""
    proportionality: Text = ""
    subsidiarity: Text = ""


class Secrecy(Wire):
    """Professional secrecy and the ground to disclose in spite of it."""

    applies: bool = False
    regime: Code | None = None
    ground: Code | None = None
    motivation: Text = ""


class WpgDecision(Wire):
    """A registered decision of the police to disclose (Wpg 16, 18, 19, 20)."""

    reference: Code
    ground: Code
    goal: Code
    interest: Text = ""
    recipients: Annotated[list[Slug], Field(max_length=50)] = []
    categories: Annotated[list[Code], Field(max_length=100)] = []
    fields: Annotated[list[Code], Field(max_length=200)] | None = None
    authority_agreed: bool = False
    decided_on: Day | None = None
    """The day it was taken; it carries nothing before."""
    valid_until: Day
    conditions: Annotated[list[Text], Field(max_length=20)] | None = None
    """What the recipient is bound to, for people to read (Wpg 20(2)); absent when there is none."""


class Notice(Wire):
    """Covenant 10.1: the subject was told beforehand, or an exception holds."""

    reference: Code | None = None
    given_on: Day | None = None
    mode: Code | None = None
    recipients: Annotated[list[Slug], Field(max_length=50)] = []
    exception: Code | None = None
    review_on: Day | None = None
    ends_on: Day | None = None


class Emergency(Wire):
    """Acute danger (GDPR 6(1)(d)): what threatens, and whose vital interest it is."""

    danger: Text
    interest_of: Literal["SUBJECT", "OTHER"]


class Statement(Wire):
    """The accountability part: purpose, grounds, weighing. Nothing of this stands in the header."""

    v: Literal[1] = 1
    case: Uid | None = None
    conference: Uid | None = None
    """Given in this case conference (covenant 11.2): then the chair's release goes along, or it is refused (R12)."""
    chair_release: Uid | None = None
    release_salt: Hex64 | None = None
    """Opens the commitment of the offer that was released."""
    release_signature: Hex128 | None = None
    """The chair's, over the release of exactly this item by this sender to this recipient."""
    emergency: Emergency | None = None
    """Acute danger: what the sender still owes does not stop it, and is made good afterwards."""
    purpose: Code
    context: Code
    sender_basis: Code
    sender_task: Code
    recipient_basis: Code
    recipient_task: Code
    special_exception: Code | None = None
    criminal_ground: Code | None = None
    stated: Annotated[list[Code], Field(max_length=20)] = []
    """Grounds of the covenant itself that the sender states to be met."""
    wpg: WpgDecision | None = None
    numbers_confirmed: bool = False
    """A person confirmed that the numbers in the text are no citizen service number."""
    secrecy: Secrecy = Secrecy()
    weighing: Weighing = Weighing()
    notice: Notice = Notice()
    signal_kind: Code | None = None
    support_rationale: Text = ""
    request: Text = ""
    feedback_wanted: bool = False
    traceparent: Annotated[str, Field(pattern=r"^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$")] | None = None
    """W3C Trace Context, inside the ciphertext."""


class Work(Wire):
    """The only part of a message about the work itself. Its kinds and models stand in :mod:`exchange.wire.work`."""

    v: Literal[1] = 1

    def texts(self) -> list[str]:
        """Everything in it that a person typed, for the scans."""
        return []


class Reply(Work):
    """A person took it up, or handled it."""

    text: Text = ""
    result: Code | None = None
    """Of handled: what came of it, as one code."""

    def texts(self) -> list[str]:
        """The answer; a citizen service number hides in a code as well as in a text."""
        return [self.text, self.result or ""]
