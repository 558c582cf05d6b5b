"""What goes in and out of the one door: the forms people and case systems fill in, and the answers they get.

The API validates these and nothing else; the CLI and the schemas are generated from the same models. Unknown fields are
refused, so a misspelt field is an error and not a silent loss.
"""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails

from exchange.wire.messages import TEXT_LIMIT, Code, Hex32, Hex64, Slug


def _composed(text: object) -> object:
    """Unicode normalisation form C: what looks like one character is stored and counted as one, however it was typed."""
    return unicodedata.normalize("NFC", text) if isinstance(text, str) else text


Text = Annotated[str, Field(max_length=TEXT_LIMIT), BeforeValidator(_composed)]
Written = Annotated[str, Field(min_length=1, max_length=TEXT_LIMIT), BeforeValidator(_composed)]
"""A text that may not be left out."""
Line = Annotated[str, Field(max_length=120), BeforeValidator(_composed)]
Name = Annotated[str, Field(min_length=1, max_length=120), BeforeValidator(_composed)]
"""A line that may not be left out."""


class Form(BaseModel):
    """Input: closed, trimmed."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Answer(BaseModel):
    """Output: plain data."""

    model_config = ConfigDict(extra="forbid")


# ---------------------------------------------------------------------------------------- people


class IdentityForm(Form):
    """Who somebody is. Any two of name, birth date and address find a person."""

    given_names: Annotated[str, Field(max_length=120)] = ""
    prefix: Annotated[str, Field(max_length=40)] = ""
    family_name: Annotated[str, Field(max_length=120)] = ""
    birth_date: date | None = None
    postcode: Annotated[str, Field(max_length=8)] = ""
    house_number: Annotated[str, Field(max_length=12)] = ""


class SubjectForm(IdentityForm):
    """A new entry in this node's register."""

    safe_contact: Annotated[str, Field(max_length=200)] = ""


class SubjectFound(Answer):
    """One candidate. A person decides when it is NEAR."""

    subject: UUID
    match: Literal["EXACT", "NEAR"]
    unmatched: bool
    label: str
    """Name and birth date, for the screen of the one who searched."""
    safe_contact: str
    references: dict[str, str]
    """Partner slug -> pairwise reference."""


# ---------------------------------------------------------------------------------------- sharing


class ItemForm(Form):
    """One datum to share."""

    category: Code
    field: Code
    value: Text
    nature: Literal["fact", "opinion"] = "fact"
    source: Code = "WAARGENOMEN"
    certainty: Code = "BEVESTIGD"
    observed_on: date | None = None
    origin_partner: Slug | None = None
    """None: this partner itself."""
    origin_regime: Literal["AVG", "WPG"] | None = None
    """None: the regime of this partner's own records."""
    mentions: list[UUID] = []
    valid_until: date | None = None
    source_consent: Code | None = None
    onward_ground: Code | None = None
    record: UUID | None = None
    """An item of this node's own records that is passed on: its restriction, removal and age count."""


class WeighingForm(Form):
    """Covenant article 11: why needed, why in proportion, why not less."""

    necessity: Text = ""
    proportionality: Text = ""
    subsidiarity: Text = ""


class SecrecyForm(Form):
    """Professional secrecy, and the ground to disclose in spite of it."""

    applies: bool = False
    regime: Code | None = None
    ground: Code | None = None
    motivation: Text = ""


class NoticeForm(Form):
    """Covenant 10.1 in short: told beforehand, naming the recipients; or an exception with a review date.

    It is put on record in the same act. What was recorded before is named by its id instead.
    """

    reference: Code | None = None
    given_on: date | None = None
    mode: Code | None = None
    recipients: list[Slug] = []
    given_by: Line = ""
    interest: Text = ""
    exception: Code | None = None
    considerations: dict[Literal["a", "b", "c", "d", "e", "f", "g", "h"], Written] = {}
    """Of an exception: UAVG 41(2), by letter."""
    motivation: Text = ""
    review_on: date | None = None
    ends_on: date | None = None


class EmergencyForm(Form):
    """Acute danger (GDPR 6(1)(d)): what threatens, and whose vital interest it is."""

    danger: Written
    interest_of: Literal["SUBJECT", "OTHER"]


class RecipientForm(Form):
    """One recipient and the grounds that hold for him."""

    partner: Slug
    basis: Code
    task: Code
    special_exception: Code | None = None
    criminal_ground: Code | None = None


class OpenRecipient(Form):
    """One recipient, with the grounds as far as a profile does not give them."""

    partner: Slug
    basis: Code | None = None
    task: Code | None = None
    special_exception: Code | None = None
    criminal_ground: Code | None = None


class _Sharing(Form):
    """What a signal or a disclosure may say beside what it cannot do without."""

    profile: Code | None = None
    """The standard exchange of the covenant that it is, approved in advance."""
    case: UUID | None = None
    conference: UUID | None = None
    """In this case conference; then only with the chair's release, which the node of the owner has (covenant 11.2)."""
    chair_release: UUID | None = None
    stated: Annotated[list[Code], Field(max_length=20)] = []
    """Grounds of the covenant itself that are met."""
    wpg_decision_id: UUID | None = None
    """Of the police: the registered decision it goes under."""
    secrecy: SecrecyForm = SecrecyForm()
    weighing: WeighingForm = WeighingForm()
    notice_id: UUID | None = None
    exception_id: UUID | None = None
    notice: NoticeForm = NoticeForm()
    emergency: EmergencyForm | None = None
    """Acute danger: what is missing is owed afterwards and does not stop it."""
    decided_by: UUID | None = None
    """When a system sends: the person who decided."""
    signal_kind: Code | None = None
    support_rationale: Text = ""
    request: Text = ""
    feedback_wanted: bool = False
    channel: Literal["EXCHANGE", "ORAL", "PHONE", "SECURE_MAIL", "PAPER", "IMPORTED"] = "EXCHANGE"
    occurred_on: date | None = None
    """Outside the exchange: when it was said or handed over."""
    number_confirmed: bool = False
    """A person looked at an eight-digit number in the text and confirms it is no citizen service number."""
    external_reference: Annotated[str, Field(max_length=300)] = ""
    """The case in the caller's own system: its number, or its address; sealed."""


class OpenForm(_Sharing):
    """A signal or a disclosure as far as it was filled in. What it leaves out comes from its profile, or has to follow."""

    kind: Literal["signal", "disclosure"] | None = None
    """None: that of the profile, or else a disclosure."""
    subject: UUID | None = None
    recipients: Annotated[list[OpenRecipient], Field(max_length=50)] = []
    items: Annotated[list[ItemForm], Field(max_length=200)] = []
    purpose: Code | None = None
    context: Code | None = None
    basis: Code | None = None
    task: Code | None = None


NEEDED: Final = ("subject", "recipients", "items", "purpose", "context", "basis", "task")
"""What no exchange can do without; without a profile whoever fills in the form says it all."""


class AskedForm(OpenForm):
    """A form that is to be judged now: where other faults are found, what is missing is named beside them."""

    @model_validator(mode="wrap")
    @classmethod
    def _every_fault(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(data)
        except ValidationError as error:
            faults = [
                InitErrorDetails(type=e["type"], loc=e["loc"], input=e["input"], ctx=e.get("ctx", {}))
                for e in error.errors(include_url=False)
            ]
            if isinstance(data, dict) and not data.get("profile"):
                faults += [InitErrorDetails(type="missing", loc=(n,), input=data) for n in NEEDED if n not in data]
            raise ValidationError.from_exception_data(cls.__name__, faults) from None


class ShareForm(_Sharing):
    """A signal or a disclosure about one subject to one or more partners, with everything it needs."""

    kind: Literal["signal", "disclosure"] = "disclosure"
    subject: UUID
    recipients: Annotated[list[RecipientForm], Field(min_length=1, max_length=50)]
    items: Annotated[list[ItemForm], Field(min_length=1, max_length=200)]
    purpose: Code
    context: Code
    basis: Code
    task: Code


class RefusalAnswer(Answer):
    """One reason why not."""

    code: str
    name: str
    article: str
    text: str
    partner: str
    item: int | None = None
    """Index in ``items``; None when it concerns the whole, or the identity that goes along."""
    identity: bool = False
    """It concerns the identity that goes along the first time."""
    params: dict[str, str] = {}
    """Names from the covenant in the sentence, to say it in another language."""


class Accompanying(Answer):
    """Something that goes along although nobody put it in the form: category and field, never the content."""

    category: str
    field: str


class GateAnswer(Answer):
    """A rule that had something to look at, and what it said."""

    code: str
    """With which it refuses."""
    title: str
    article: str
    outcome: Literal["allow", "allow-with-duties", "refuse"]


class Explanation(Answer):
    """What would happen, per recipient, before anything is stored."""

    partner: str
    allowed: bool
    outcome: Literal["allow", "allow-with-duties", "refuse"] = "allow"
    refusals: list[RefusalAnswer]
    duties: list[RefusalAnswer] = []
    """What would be owed within 72 hours, because of acute danger."""
    warnings: list[RefusalAnswer] = []
    identity: list[Accompanying] = []
    """What tells the recipient whom this is about; only the first time, while he has no reference for this person."""
    gates: list[GateAnswer]
    """Gates that had something to look at; one that does not apply is left out."""


class MessageStatus(Answer):
    """Where one message stands."""

    partner: str
    message: str | None
    sequence: int | None
    state: Literal["waiting", "sent", "receipted", "refused", "voided", "stated"]
    why: str = ""
    """Of waiting: no-connection, no-prekey, …; of refused: the partner's code."""
    rejected: dict[int, list[str]] = {}
    """Item index -> codes with which the receiver refused it."""
    receipt_at: datetime | None = None


class ActAnswer(Answer):
    """A signal or disclosure that was stored."""

    act: UUID
    log_index: int
    messages: list[MessageStatus]
    profile: str | None = None
    """The standard exchange it was."""


class InboxRow(Answer):
    """A received signal or disclosure, without its content."""

    message: Hex64
    received_at: datetime
    sender: str
    kind: str
    items: int
    categories: list[str]
    state: Literal["new", "taken-up", "handled", "processed"]
    case: UUID | None
    erased: bool
    emergency: bool = False
    """It came on the path for acute danger."""


class ItemAnswer(Answer):
    """One datum with its text, for the reader who was logged."""

    item: UUID
    category: str
    field: str
    value: str | None
    """None when erased or refused; see ``status``."""
    status: str
    nature: str | None = None
    certainty: str | None = None
    origin_partner: str | None = None
    origin_regime: str | None = None
    police_source: str | None = None
    """It is police data of this partner, so the recipient is bound to secrecy (Wpg 7(2))."""
    replaces: UUID | None = None
    """In a correction: the item it takes the place of."""
    replaced_by: UUID | None = None
    """The item that holds what it should be: this one is not current any more."""


class MessageAnswer(Answer):
    """A message with its text."""

    message: Hex64
    sender: str
    recipient: str
    kind: str
    at: datetime
    subject: UUID | None
    subject_label: str
    statement: dict[str, object] | None
    items: list[ItemAnswer]
    replies: list[dict[str, str]]


class ReplyForm(Form):
    """A person acted on it."""

    state: Literal["taken-up", "handled"]
    text: Text = ""
    result: Code | None = None
    """Of handled: what came of it, as one code."""


class OutboxRow(Answer):
    """A message without a receipt."""

    message: str
    act: UUID
    partner: str
    kind: str
    sequence: int
    since: datetime
    attempts: int
    state: str
    why: str


# ---------------------------------------------------------------------------------------- who knows what


class WhoKnowsQuery(Form):
    """Exactly one of subject, reference or case; and optionally a date in the past."""

    subject: UUID | None = None
    reference: Hex32 | None = None
    case: UUID | None = None
    identity: IdentityForm | None = None
    """Name and birth date (or any two); must point at exactly one person."""
    as_of: date | None = None
    reason: Text = ""
    """Of a case, or a person in a case, from outside its circle: why. It is put on the list that the privacy officer reviews."""


class KnownItem(Answer):
    """Who got or gave which datum, when, why, until when, and what became of it."""

    item: UUID
    partner: str
    partner_name: str
    direction: Literal["sent", "received"]
    channel: str
    proven: bool
    """A signed receipt (sent) or a signed message (received) is in the log."""
    at: datetime
    occurred_on: date | None
    kind: str
    category: str
    field: str | None
    purpose: str
    basis: list[str]
    giver_regime: Literal["AVG", "WPG"] = "AVG"
    """The law under which whoever gave it keeps its records: under the Wpg the decision is its ground."""
    receipt: str
    """"at …", "none yet", "refused: R05", "not applicable"."""
    receipt_at: datetime | None
    rejected: list[str]
    retention: str
    keep_until: date | None
    keep_rule: str
    rule_confirmed: bool
    erased_at: datetime | None
    erased_rule: str
    erased_single_handed: bool = False
    """One hand decided the erasure, because the partner is single-handed."""
    mentioned: bool
    """The subject is mentioned in this item, not its owner."""
    corrected_at: datetime | None = None
    """It is not current any more since then."""
    replaced_by: UUID | None = None
    replaces: UUID | None = None
    recalled_at: datetime | None = None
    recall_outcome: str | None = None
    """``done`` or ``refused``, once somebody at the recipient answered."""
    restricted_at: datetime | None = None
    """It may only be stored since then."""
    told_at: datetime | None = None
    """Newest correction, recall or restriction that this partner was told, or told us."""
    told: str | None = None
    acknowledged_at: datetime | None = None
    acknowledged: str | None = None
    log_index: int


class WhoKnows(Answer):
    """The answer to "who knows what about this person", from this node's own log."""

    partner: str
    partner_name: str
    environment: str
    subject: UUID | None
    label: str
    case: UUID | None
    as_of: datetime
    log_size: int
    root: str
    items: list[KnownItem]


# ---------------------------------------------------------------------------------------- retention, parked, keys, actors


class RuleAnswer(Answer):
    """A retention rule and whether the controller fixed it."""

    rule: str
    retention: str
    title: str
    trigger: str
    period: str
    legal_source: str
    verified: bool
    confirmed_at: datetime | None
    confirmed_by: UUID | None


class DueAnswer(Answer):
    """What goes when and why."""

    rule: str
    retention: str
    period: str
    due_on: date
    items: int
    overdue: bool
    confirmed: bool


class ErasureAnswer(Answer):
    """What one run destroyed."""

    erasures: list[UUID]
    items: int
    keys: int
    epochs: int
    generation: int
    single_handed: bool = False
    """One hand decided it, because the partner is single-handed."""
    left: list[str] = []
    """Codes of rules under which items are due that this actor may not destroy: he confirmed the rule himself."""


class ParkedAnswer(Answer):
    """A frame that was refused for good."""

    parked: UUID
    at: datetime
    partner: str
    frame: str
    reason: str
    code: str | None = None
    """The catalogue's code, where the reason is one of the covenant's refusals."""
    state: Literal["parked", "retried", "dropped"]


class DropForm(Form):
    """Why a parked frame or an unreceipted message is let go. It stands in a public line, and the partner reads it."""

    reason: Literal[
        "withdrawn", "mistake", "wrong-person", "wrong-recipient", "duplicate", "unreadable", "late", "seen"
    ]


class SingleHandedForm(Form):
    """Whether this partner has one officer for what needs two hands."""

    on: bool


class ActorForm(Form):
    """A person, system or rule that may act at this node."""

    kind: Literal["person", "system", "rule"] = "person"
    roles: Annotated[list[Code], Field(min_length=1)]
    name: Name
    uid: int | None = None


class ActorAnswer(Answer):
    """An actor of this node."""

    actor: UUID
    kind: str
    roles: list[str]
    name: str | None
    uid: int | None
    revoked: bool


class KeysAnswer(Answer):
    """Public keys and prekey stock."""

    partner: str
    fingerprint: str
    sign: str
    log: str
    prekeys_live: int
    prekeys_until: datetime | None
    vault_generation: int
    partners: dict[str, dict[str, object]]


class PairStatus(Answer):
    """How one partner and we stand."""

    partner: str
    name: str
    connected: bool
    """Takes part in the exchange (not a party on paper)."""
    last_sent: int
    receipted: int
    accepted_upto: int
    missing: list[int]
    waiting: int
    heard_at: datetime | None
    prekeys_until: datetime | None
    generation: int | None = None
    """The newest covenant generation this partner says it obeys; None before it was heard of."""


class Status(Answer):
    """How this node is doing."""

    partner: str
    partner_name: str
    environment: str
    covenant: str
    covenant_name: str = ""
    """So that a partner in several covenants sees whose node it asks."""
    generation: int
    release: str
    broker: Literal["connected", "disconnected"]
    log_size: int
    root: str
    vault_generation: int
    warnings: list[str]
    pairs: list[PairStatus]
    inbox_new: int
    outbox_waiting: int
    parked: int
    unmatched: int
    due: int
    duties: int = 0
    """Open duties of acute danger."""
    to_process: int = 0
    """Corrections, recalls and restrictions of partners that a person here still has to answer."""
    unanswered: int = 0
    """Our own that a partner should have answered by now."""
    onward: int = 0
    """Items given to others that hold what a partner corrected or recalled."""
    objections: int = 0
    """Objections that wait for a decision."""
    clock: str
    counts: dict[str, int] = {}
    """What adapters at the edge counted, such as notifications of case systems."""
    single_handed: bool = False
    """This partner has one officer for what needs two hands."""
    now: datetime


class LogRow(Answer):
    """The public part of one log entry."""

    index: int
    at: datetime
    topic: str
    stream: UUID
    version: int
    leaf: str
    public: dict[str, object]


class FeedRow(Answer):
    """One step of the cursor feed for case systems: information-poor."""

    cursor: int
    at: datetime
    topic: str
    id: str
    partner: str | None


class VerifyAnswer(Answer):
    """The outcome of re-reading everything."""

    ok: bool
    entries: int
    root: str
    first_bad: int | None = None
    problem: str = ""
    """In English; ``problem_template`` and ``problem_values`` make the same sentence in the reader's language."""
    problem_template: str = ""
    problem_values: dict[str, str | int] = {}
    signatures: int
    parts: int
    checkpoints: int
    erased: int


class StoryLine(Answer):
    """One line of a replayed story: the event's topic, and those of its public fields that say what happened."""

    index: int
    at: datetime
    topic: str
    details: dict[str, object] = {}


class ReplayAnswer(Answer):
    """The outcome of rebuilding every view from the log alone."""

    ok: bool
    entries: int
    differences: list[str]
    seconds: float
