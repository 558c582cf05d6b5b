"""The covenant's gates: one function per article, pure, the same on the sending and the receiving side.

:func:`judge` asks every gate and returns all reasons at once, per item. A gate yields findings; silence of all gates is
consent. Because unknown partners, purposes, categories and fields are findings, what no rule speaks of is refused.

Adding a gate is writing one function here with ``@_message_gate`` or ``@_item_gate``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from exchange.domain.bsn import BsnFinding, scan
from exchange.domain.covenant import Category, Condition, Covenant, Index, Row
from exchange.domain.proposal import (
    Finding,
    ItemFacts,
    Notice,
    NoticeException,
    Proposal,
    Secrecy,
    Verdict,
    Weighing,
    WpgDecision,
)
from exchange.domain.vocabulary import (
    INFORM_EXCEPTIONS,
    LEGAL_BASES,
    NOT_FOR_PUBLIC_BODIES,
    WPG_GOALS,
    WPG_GROUNDS,
    WPG_NEEDS_AUTHORITY,
    Kind,
    Mark,
    Regime,
    Side,
    needs_bound_recipient,
)

__all__ = [
    "Finding",
    "ItemFacts",
    "Notice",
    "NoticeException",
    "Proposal",
    "Secrecy",
    "Verdict",
    "Weighing",
    "WpgDecision",
    "judge",
]


@dataclass(frozen=True, slots=True)
class _Scene:
    """What every gate looks at."""

    covenant: Covenant
    index: Index
    proposal: Proposal
    side: Side
    recipient_name: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _ItemScene(_Scene):
    """The same, for one item, with the rules that hold for it."""

    number: int
    item: ItemFacts
    category: Category | None
    row: Row | None
    regime: Regime

    def refuse(self, code: str, params: Mapping[str, str] | None = None) -> Finding:
        """A finding about this item."""
        return Finding(code, self.number, params or {})


_MessageGate = Callable[[_Scene], Iterator[Finding]]
_ItemGate = Callable[[_ItemScene], Iterator[Finding]]
_MESSAGE_GATES: Final[list[_MessageGate]] = []
_FULL_GATES: Final[list[_MessageGate]] = []
_ITEM_GATES: Final[list[_ItemGate]] = []


def _message_gate(gate: _MessageGate) -> _MessageGate:
    """A gate for every message, also for a bare reply."""
    _MESSAGE_GATES.append(gate)
    return gate


def _full_gate(gate: _MessageGate) -> _MessageGate:
    """A gate for a message that brings something new: a signal, a disclosure, a reply with items."""
    _FULL_GATES.append(gate)
    return gate


def _item_gate(gate: _ItemGate) -> _ItemGate:
    """A gate for one item."""
    _ITEM_GATES.append(gate)
    return gate


def judge(covenant: Covenant, proposal: Proposal, *, side: Side) -> Verdict:
    """Everything that stands against ``proposal`` under ``covenant``; nothing means it is lawful here."""
    index = covenant.index
    recipient = index.partners.get(proposal.recipient)
    scene = _Scene(covenant, index, proposal, side, {"recipient": recipient.name} if recipient else {})
    findings = [finding for gate in _MESSAGE_GATES for finding in gate(scene)]
    if proposal.kind is not Kind.REPLY or proposal.items:
        findings += [finding for gate in _FULL_GATES for finding in gate(scene)]
    for number, item in enumerate(proposal.items):
        about = _about_item(scene, number, item)
        findings += [finding for gate in _ITEM_GATES for finding in gate(about)]
    return Verdict(tuple(findings), tuple(_warnings(scene)))


def _about_item(scene: _Scene, number: int, item: ItemFacts) -> _ItemScene:
    proposal, index = scene.proposal, scene.index
    # The record carries its regime. What the police gives, or once gave, is police data whatever the message claims.
    givers = (index.partners.get(proposal.sender), index.partners.get(item.origin_partner or ""))
    police = any(giver is not None and giver.regime is Regime.WPG for giver in givers)
    regime = Regime.WPG if police else item.origin_regime
    return _ItemScene(
        scene.covenant,
        index,
        proposal,
        scene.side,
        scene.recipient_name,
        number,
        item,
        index.categories.get(item.category),
        index.row(item.category, proposal.recipient, proposal.sender),
        regime,
    )


# --- the message as a whole -------------------------------------------------------------------------------------------


@_message_gate
def partners_only(scene: _Scene) -> Iterator[Finding]:
    """Article 2.1: data go from one partner of the covenant to another; anyone else is a third party (article 8)."""
    proposal, partners = scene.proposal, scene.index.partners
    known = proposal.sender in partners and proposal.recipient in partners
    if not known or proposal.sender == proposal.recipient:
        yield Finding("R08")


@_message_gate
def covenant_in_force(scene: _Scene) -> Iterator[Finding]:
    """Article 15.1: a covenant whose review is overdue no longer carries an exchange, where the covenant says so."""
    overdue = scene.proposal.on > scene.covenant.review_due
    if overdue and scene.covenant.settings.review_overdue == "refuse":
        yield Finding("R27")


@_message_gate
def no_citizen_service_number(scene: _Scene) -> Iterator[Finding]:
    """UAVG 46, Wabb 10: no BSN in any text of the message."""
    proposal = scene.proposal
    weighing = proposal.weighing
    texts = [proposal.text, proposal.support_rationale]
    texts += [weighing.necessity, weighing.proportionality, weighing.subsidiarity] if weighing else []
    texts += [proposal.wpg.interest] if proposal.wpg else []
    yield from _bsn("\n\n\n\n\n\n\n".join(texts), scene, None)


@_message_gate
def no_verdict_on_a_tenant(scene: _Scene) -> Iterator[Finding]:
    """Words the covenant forbids in a message, such as asking for a yes or no on a prospective tenant (R31)."""
    proposal = scene.proposal
    yield from _forbidden_words(f"{proposal.text}\n{proposal.support_rationale}", scene, None)


@_full_gate
def decided_by_a_person(scene: _Scene) -> Iterator[Finding]:
    """AVG 22, Wpg 7a: a person judges before something is sent. The recipient cannot see that, so only the sender asks."""
    if scene.side is Side.SENDING and not scene.proposal.decided_by_person:
        yield Finding("R32")


@_full_gate
def purpose_and_scope(scene: _Scene) -> Iterator[Finding]:
    """Articles 4.1, 4.2 and 2.2: exclusively the purposes and the scope that the covenant names."""
    if scene.proposal.purpose not in scene.index.purposes or scene.proposal.context not in scene.index.contexts:
        yield Finding("R04")


@_full_gate
def aggregates_only(scene: _Scene) -> Iterator[Finding]:
    """Articles 4.1 (i)-(iii) and 11.1: insight, policy and evaluation need no identifiable person."""
    purpose = scene.index.purposes.get(scene.proposal.purpose)
    if purpose is not None and purpose.aggregate_only and (scene.proposal.about_person or scene.proposal.items):
        yield Finding("R09")


@_full_gate
def support_is_the_reason(scene: _Scene) -> Iterator[Finding]:
    """Article 1, "signaal": it says why the person could benefit from support."""
    proposal = scene.proposal
    if proposal.kind is Kind.SIGNAL and proposal.about_person and not proposal.support_rationale.strip():
        yield Finding("R03")


@_full_gate
def own_statutory_task(scene: _Scene) -> Iterator[Finding]:
    """Articles 3.1 and 8.2: sender and recipient each name an own statutory task."""
    proposal, tasks = scene.proposal, scene.index.tasks
    if proposal.sender_task not in tasks.get(proposal.sender, ()) or proposal.recipient_task not in tasks.get(
        proposal.recipient, ()
    ):
        yield Finding("R07")


@_full_gate
def covenant_is_no_basis(scene: _Scene) -> Iterator[Finding]:
    """Article 8.2, AVG 6(1): both sides rest on article 6, and a public body not on a legitimate interest."""
    proposal = scene.proposal
    for slug, basis in ((proposal.sender, proposal.sender_basis), (proposal.recipient, proposal.recipient_basis)):
        partner = scene.index.partners.get(slug)
        public = partner is not None and partner.public_body
        if basis not in LEGAL_BASES or (public and basis in NOT_FOR_PUBLIC_BODIES):
            yield Finding("R11")
            return


@_full_gate
def weighed(scene: _Scene) -> Iterator[Finding]:
    """Article 11.1: necessity, proportionality and subsidiarity are each given a reason."""
    proposal = scene.proposal
    if not proposal.about_person or not _asked(proposal, scene.covenant.settings.weighing_before):
        return
    reasons = proposal.weighing
    if reasons is None or not all(
        text.strip() for text in (reasons.necessity, reasons.proportionality, reasons.subsidiarity)
    ):
        yield Finding("R33")


@_full_gate
def informed_beforehand(scene: _Scene) -> Iterator[Finding]:
    """Article 10.1: the subject was told, and was told of this recipient; or a live exception says why not (UAVG 41)."""
    proposal = scene.proposal
    if not proposal.about_person or not _asked(proposal, scene.covenant.settings.notice_before):
        return
    notice, exception = proposal.notice, proposal.notice_exception
    if notice is not None and notice.reference and proposal.recipient in notice.recipients:
        return
    if exception is None or not exception.reference or exception.ground not in INFORM_EXCEPTIONS:
        yield Finding("R14")
    elif proposal.on > exception.review_on or (exception.ends_on is not None and proposal.on > exception.ends_on):
        yield Finding("R15")


def _asked(proposal: Proposal, kinds: tuple[str, ...]) -> bool:
    """Whether a duty holds for this message; a reply with items counts as a disclosure."""
    kind = Kind.DISCLOSURE if proposal.kind is Kind.REPLY else proposal.kind
    return kind.value in kinds


# --- one item ---------------------------------------------------------------------------------------------------------


@_item_gate
def no_citizen_service_number_in_item(scene: _ItemScene) -> Iterator[Finding]:
    """UAVG 46, Wabb 10: no BSN as an item, and none in its text."""
    if scene.category is not None and scene.category.mark is Mark.BSN:
        yield scene.refuse("R02", scene.recipient_name)
    else:
        yield from _bsn(scene.item.text, scene, scene.number)


@_item_gate
def no_verdict_on_a_tenant_in_item(scene: _ItemScene) -> Iterator[Finding]:
    """As for the message, in the text of an item."""
    yield from _forbidden_words(scene.item.text, scene, scene.number)


@_item_gate
def not_more_than_necessary(scene: _ItemScene) -> Iterator[Finding]:
    """Article 11.1: only categories and fields that a rule names for this purpose, recipient, sender and kind."""
    proposal, item, category, row = scene.proposal, scene.item, scene.category, scene.row
    kind = Kind.DISCLOSURE if proposal.kind is Kind.REPLY else proposal.kind
    allowed = scene.index.allowed_fields(
        proposal.purpose, item.category, proposal.recipient, proposal.sender, kind.value
    )
    never = row is None or row.condition is Condition.NEVER
    ordinary = category is None or category.mark is Mark.NONE
    if item.field not in allowed or (never and ordinary):
        yield scene.refuse("R17", _field_name(scene))


@_item_gate
def ordinary_category_on_its_condition(scene: _ItemScene) -> Iterator[Finding]:
    """Article 11.1 with the matrix: an ordinary category that is open only on a ground needs that ground."""
    category, row = scene.category, scene.row
    if category is None or row is None or category.mark is not Mark.NONE:
        return
    conditional = row.condition is Condition.EXCEPTION or (
        row.condition is Condition.WPG and scene.regime is not Regime.WPG
    )
    if conditional and not _lifted(scene, row):
        yield scene.refuse("R17", _field_name(scene))


@_item_gate
def task_fits_the_category(scene: _ItemScene) -> Iterator[Finding]:
    """Article 3.1 with the matrix: some categories are open only to some tasks of the recipient."""
    row = scene.row
    if row is not None and row.recipient_tasks and scene.proposal.recipient_task not in row.recipient_tasks:
        yield scene.refuse("R07")


@_item_gate
def special_category_needs_exception(scene: _ItemScene) -> Iterator[Finding]:
    """AVG 9, UAVG 22-30: an exception that holds for this recipient; UAVG 30(4): and somebody bound to secrecy."""
    category, row, proposal = scene.category, scene.row, scene.proposal
    if category is None or category.mark is not Mark.SPECIAL:
        return
    cited = proposal.special_exception
    open_here = row is not None and row.condition is Condition.EXCEPTION and cited in row.grounds
    bound = proposal.secrecy is not None and proposal.secrecy.recipient_bound
    if not open_here or (cited is not None and needs_bound_recipient(cited) and not bound):
        yield scene.refuse("R05", scene.recipient_name)


@_item_gate
def criminal_data_by_provenance(scene: _ItemScene) -> Iterator[Finding]:
    """AVG 10, UAVG 31-33: obtained from the police under the Wpg, or another ground that the matrix accepts."""
    category, row = scene.category, scene.row
    if category is None or category.mark not in {Mark.CRIMINAL, Mark.BAN}:
        return
    if row is None or row.condition is Condition.NEVER:
        yield scene.refuse("R06")
    elif row.condition is Condition.ALLOW:
        return
    elif not (row.condition is Condition.WPG and scene.regime is Regime.WPG) and not _lifted(scene, row):
        yield scene.refuse("R06")


@_item_gate
def police_data_only_under_decision(scene: _ItemScene) -> Iterator[Finding]:
    """Wpg 16, 18, 19, 20: what the police gives to others needs a decision covering recipient, category and field."""
    proposal, item = scene.proposal, scene.item
    if not _under_wpg(scene, proposal.sender) or _under_wpg(scene, proposal.recipient):
        return
    decision = proposal.wpg
    if decision is None or not _decision_covers(decision, proposal, item):
        yield scene.refuse("R28")
    elif decision.fields is not None and item.field not in decision.fields:
        yield scene.refuse("R17", _field_name(scene))


@_item_gate
def no_onward_disclosure_without_source(scene: _ItemScene) -> Iterator[Finding]:
    """Wpg 7(2): police data received are secret; passing on needs a law or task, and the consent of the source.

    A source that is no partner, or that the message hides, cannot consent. Giving back to the source needs nothing.
    """
    item, proposal = scene.item, scene.proposal
    source = item.origin_partner
    if source is not None and source not in scene.index.partners:
        yield scene.refuse("R29")
    elif scene.regime is Regime.WPG and not _under_wpg(scene, proposal.sender) and source != proposal.recipient:
        known = source is not None and _under_wpg(scene, source)
        if not (known and item.source_consent and item.onward_ground):
            yield scene.refuse("R29")


@_item_gate
def professional_secrecy(scene: _ItemScene) -> Iterator[Finding]:
    """Professional secrecy (WGBO, Jeugdwet, professional codes): what lifts it is recorded, or nothing goes."""
    secrecy = scene.proposal.secrecy
    if secrecy is not None and secrecy.applies:
        lifted = secrecy.regime is not None and secrecy.ground is not None
    else:
        lifted = scene.category is None or not scene.category.secrecy
    if not lifted:
        yield scene.refuse("R30")


@_item_gate
def restricted_is_only_stored(scene: _ItemScene) -> Iterator[Finding]:
    """AVG 18(2): while an objection or a correction is weighed, the item is only stored."""
    if scene.side is Side.SENDING and scene.item.restricted:
        yield scene.refuse("R18")


# --- what the gates share ---------------------------------------------------------------------------------------------


def _warnings(scene: _Scene) -> Iterator[Finding]:
    """Article 15.1: say so when the covenant's review is overdue."""
    if scene.proposal.on > scene.covenant.review_due and scene.covenant.settings.review_overdue == "warn":
        yield Finding("R27")


def _bsn(text: str, scene: _Scene, item: int | None) -> Iterator[Finding]:
    found = scan(text)
    if found is BsnFinding.CERTAIN:
        yield Finding("R02", item, scene.recipient_name)
    elif found is BsnFinding.ASK and not scene.proposal.numbers_confirmed:
        yield Finding("R34", item)


def _forbidden_words(text: str, scene: _Scene, item: int | None) -> Iterator[Finding]:
    if not text or not scene.index.text_rules:
        return
    plain = text.casefold()
    for code, groups in scene.index.text_rules:
        if all(any(word in plain for word in group) for group in groups):
            yield Finding(code, item)


def _field_name(scene: _ItemScene) -> Mapping[str, str]:
    """The field's title when the covenant knows it; a partner's own words are never repeated."""
    title = scene.category.fields.get(scene.item.field) if scene.category is not None else None
    return {"field": title} if title else {}


def _under_wpg(scene: _Scene, slug: str) -> bool:
    """Whether this partner keeps its own records under the Wpg."""
    partner = scene.index.partners.get(slug)
    return partner is not None and partner.regime is Regime.WPG


def _lifted(scene: _ItemScene, row: Row) -> bool:
    """Whether a ground that the row accepts is cited. UAVG 33(1)(a) is provenance and lifts nothing by being cited."""
    proposal = scene.proposal
    cited = {proposal.special_exception, proposal.criminal_ground, *proposal.stated} - {"UAVG_33_1_a", None}
    return not cited.isdisjoint(row.grounds)


def _decision_covers(decision: WpgDecision, proposal: Proposal, item: ItemFacts) -> bool:
    """Wpg 20(2): reference, ground, goal, interest, recipients and data are recorded, agreed to, and still valid."""
    return (
        bool(decision.reference and decision.interest.strip())
        and decision.ground in WPG_GROUNDS
        and decision.goal in WPG_GOALS
        and proposal.recipient in decision.recipients
        and item.category in decision.categories
        and (decision.authority_agreed or decision.ground not in WPG_NEEDS_AUTHORITY)
        and proposal.on <= decision.valid_until
    )
