"""The gates that judge one item: minimisation, special and criminal data, police data, secrecy, restriction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from exchange.domain.covenant import Condition, Row
from exchange.domain.proposal import Finding, ItemFacts, Proposal, WpgDecision
from exchange.domain.retention import Period
from exchange.domain.scene import ItemScene, called, find_numbers, find_words, item_gate
from exchange.domain.vocabulary import (
    CARE_GROUND,
    CARE_SUPPLEMENT,
    VITAL_CRIMINAL,
    VITAL_SPECIAL,
    WPG_GOALS,
    WPG_GROUNDS,
    WPG_NEEDS_AUTHORITY,
    Kind,
    Mark,
    Regime,
    Side,
    needs_bound_recipient,
)
from exchange.errors import N_


@called(N_("No citizen service number"), "R02")
@item_gate
def no_citizen_service_number_in_item(scene: ItemScene) -> Iterator[Finding]:
    """UAVG 46, Wabb 10: no BSN as an item, and none in its text."""
    if scene.category is not None and scene.category.mark is Mark.BSN:
        yield scene.refuse("R02", scene.recipient_name)
    else:
        yield from find_numbers(scene.item.text, scene, scene.number)


@called(N_("No yes or no about a person"), "R31", lambda s: bool(s.index.text_rules))
@item_gate
def no_verdict_on_a_tenant_in_item(scene: ItemScene) -> Iterator[Finding]:
    """As for the message, in the text of an item."""
    yield from find_words(scene.item.text, scene, scene.number)


@called(N_("Not more than necessary"), "R17")
@item_gate
def not_more_than_necessary(scene: ItemScene) -> Iterator[Finding]:
    """Article 11.1: only categories and fields that a rule names for this purpose, recipient, sender and kind.

    What saves a life is not asked who knew it: when the vital interest holds, a field that the purpose needs may come from and go
    to anybody.
    """
    proposal, item, category, row = scene.proposal, scene.item, scene.category, scene.row
    kind = Kind.DISCLOSURE if proposal.kind is Kind.REPLY else proposal.kind
    allowed = scene.index.allowed_fields(proposal.purpose, item.category, scene.taker, proposal.sender, kind.value)
    never = row is None or row.condition is Condition.NEVER
    ordinary = category is None or category.mark is Mark.NONE
    if item.field not in allowed and _vital(scene):
        allowed = scene.index.needed.get((proposal.purpose, item.category, kind.value), frozenset())
    if item.field not in allowed or (never and ordinary):
        yield scene.refuse("R17", _field_name(scene))


@called(N_("Not more than necessary"), "R17")
@item_gate
def ordinary_category_on_its_condition(scene: ItemScene) -> Iterator[Finding]:
    """Article 11.1 with the matrix: an ordinary category that is open only on a ground needs that ground."""
    category, row = scene.category, scene.row
    if category is None or row is None or category.mark is not Mark.NONE:
        return
    conditional = row.condition is Condition.EXCEPTION or (
        row.condition is Condition.WPG and scene.regime is not Regime.WPG
    )
    if conditional and not _lifted(scene, row):
        yield scene.refuse("R17", _field_name(scene))


@called(
    N_("Task fits the kind of data"),
    "R07",
    lambda s: s.row is not None and bool(s.row.recipient_tasks) and not s.outside,
)
@item_gate
def task_fits_the_category(scene: ItemScene) -> Iterator[Finding]:
    """Article 3.1 with the matrix: some categories are open only to some tasks of the recipient."""
    row = scene.row
    if (
        row is not None
        and row.recipient_tasks
        and not scene.outside
        and scene.proposal.recipient_task not in row.recipient_tasks
    ):
        yield scene.refuse("R07")


@called(N_("Special category of data"), "R05", lambda s: s.category is not None and s.category.mark is Mark.SPECIAL)
@item_gate
def special_category_needs_exception(scene: ItemScene) -> Iterator[Finding]:
    """AVG 9, UAVG 22-30: an exception that holds for this recipient; UAVG 30(4): and somebody bound to secrecy."""
    category, row, proposal = scene.category, scene.row, scene.proposal
    if category is None or category.mark is not Mark.SPECIAL:
        return
    cited = proposal.special_exception
    open_here = row is not None and row.condition is Condition.EXCEPTION and cited in row.grounds
    open_here |= _vital(scene)
    bound = (proposal.recipient, proposal.recipient_task) in scene.index.bound_tasks
    if not open_here or (cited is not None and needs_bound_recipient(cited) and not bound):
        yield scene.refuse("R05", scene.recipient_name)


@called(N_("Criminal data"), "R06", lambda s: s.category is not None and s.category.mark in {Mark.CRIMINAL, Mark.BAN})
@item_gate
def criminal_data_by_provenance(scene: ItemScene) -> Iterator[Finding]:
    """AVG 10, UAVG 31-33: obtained from the police under the Wpg, or another ground that the matrix accepts."""
    category, row = scene.category, scene.row
    if category is None or category.mark not in {Mark.CRIMINAL, Mark.BAN}:
        return
    if row is None or row.condition is Condition.NEVER:
        yield scene.refuse("R06")
    elif row.condition is Condition.ALLOW or _vital(scene):
        return
    elif not (row.condition is Condition.WPG and scene.regime is Regime.WPG) and not _lifted(scene, row):
        yield scene.refuse("R06")


@called(N_("Decision under the Wpg"), "R28", lambda s: _leaves_the_police(s))  # noqa: PLW0108 - it stands below
@item_gate
def police_data_only_under_decision(scene: ItemScene) -> Iterator[Finding]:
    """Wpg 16, 18, 19, 20: what the police gives to others needs a decision covering recipient, category and field.

    Its ground serves this recipient: 16(1)(b) is the mayor's, 20(3) a partnership's under the WGS; a corporation or a foundation
    gets police data under 18, 19 or 20 only. Which ground serves whom stands in the covenant.
    """
    proposal, item = scene.proposal, scene.item
    if not _leaves_the_police(scene):
        return
    decision = proposal.wpg
    taker = scene.index.partners.get(proposal.recipient)
    served = decision is not None and taker is not None and decision.ground in taker.wpg_grounds
    if decision is None or not served or not _decision_covers(decision, proposal, item):
        yield scene.refuse("R28")
    elif decision.fields is not None and item.field not in decision.fields:
        yield scene.refuse("R17", _field_name(scene))


@called(
    N_("Passing on what came from another"), "R29", lambda s: s.item.origin_partner not in {None, s.proposal.sender}
)
@item_gate
def no_onward_disclosure_without_source(scene: ItemScene) -> Iterator[Finding]:
    """Wpg 7(2): police data received are secret; passing on needs a law or task, and the consent of the source.

    A source that is no partner, or that the message hides, cannot consent. Giving back to the source needs nothing.
    """
    item, proposal = scene.item, scene.proposal
    source = item.origin_partner
    if source is not None and source not in scene.index.partners:
        yield scene.refuse("R29")
    elif scene.regime is Regime.WPG and not scene.index.under_wpg(proposal.sender) and source != proposal.recipient:
        known = source is not None and scene.index.under_wpg(source)
        if not (known and item.source_consent and item.onward_ground):
            yield scene.refuse("R29")


@called(N_("Professional secrecy"), "R30", lambda s: _under_secrecy(s))  # noqa: PLW0108 - it stands below
@item_gate
def professional_secrecy(scene: ItemScene) -> Iterator[Finding]:
    """Professional secrecy (WGBO, Jeugdwet, professional codes, Wpg 7): what lifts it is recorded, or nothing goes.

    Whoever sends names a duty that it has under this covenant.
    """
    secrecy = scene.proposal.secrecy
    if secrecy is not None and secrecy.applies:
        duties = scene.index.secrecy.get(scene.proposal.sender, frozenset())
        lifted = secrecy.regime in duties and secrecy.ground is not None
    else:
        lifted = scene.category is None or not scene.category.secrecy
    if not lifted:
        yield scene.refuse("R30")


@called(N_("Term of the datum"), "R19", lambda s: s.item.since is not None or s.item.valid_until is not None)
@item_gate
def not_after_its_term(scene: ItemScene) -> Iterator[Finding]:
    """Article 9.2, Wpg 8 and 14(2): what was removed, or is older than its phase of free use, is not disclosed.

    What the giver removed only the giver knows. The phases stand in the covenant and the age in the item, so both sides judge it.
    """
    item, on = scene.item, scene.proposal.on
    over = scene.side is Side.SENDING and item.gone
    over |= item.valid_until is not None and on > item.valid_until
    phases = scene.index.phases.get((item.category, item.origin_partner or scene.proposal.sender), ())
    if over or (item.since is not None and phases and not _free(phases, item.since, on)):
        yield scene.refuse("R19")


def _free(phases: tuple[tuple[Period, bool], ...], since: date, on: date) -> bool:
    """Whether something of this age is still in a phase of free use."""
    return next((free for until, free in phases if on <= until.after(since)), False)


@called(N_("Struck by the chair"), "R12", lambda s: s.item.struck)
@item_gate
def struck_stays_struck(scene: ItemScene) -> Iterator[Finding]:
    """Article 11.2: what the chair struck does not leave its owner, unless the chair released it after all.

    Acute danger does away with a chair who is not there, not with one who said no: to this datum, in this case. What the chair
    did not see, or not for this, is owed then. Only the owner knows what was struck.
    """
    struck = scene.item.struck
    if scene.side is Side.SENDING and struck is not None and not scene.proposal.release_known:
        yield Finding("R12", scene.number, final=struck == "datum")


@called(N_("Restriction of use"), "R18", lambda s: s.side is Side.SENDING)
@item_gate
def restricted_is_only_stored(scene: ItemScene) -> Iterator[Finding]:
    """AVG 18(2): while an objection or a correction is weighed, the item is only stored."""
    if scene.side is Side.SENDING and scene.item.restricted:
        yield scene.refuse("R18")


def _field_name(scene: ItemScene) -> Mapping[str, str]:
    """The field's title when the covenant knows it; a partner's own words are never repeated."""
    title = scene.category.fields.get(scene.item.field) if scene.category is not None else None
    return {"field": title} if title else {}


def _leaves_the_police(scene: ItemScene) -> bool:
    """Whether it goes from the domain of the police to somebody outside."""
    return scene.index.under_wpg(scene.proposal.sender) and not scene.index.under_wpg(scene.proposal.recipient)


def _under_secrecy(scene: ItemScene) -> bool:
    """Whether the sender says that professional secrecy applies, or the category falls under it."""
    secrecy = scene.proposal.secrecy
    return (secrecy is not None and secrecy.applies) or (scene.category is not None and scene.category.secrecy)


def _vital(scene: ItemScene) -> bool:
    """UAVG 22(2)(b), 32(b): in acute danger the vital interest lifts the ban, unless the covenant closes the category.

    Whoever invokes it cites it: the one for special data, or the one for criminal data.
    """
    row, category, proposal = scene.row, scene.category, scene.proposal
    if category is None or row is None or row.condition is Condition.NEVER or not scene.acute:
        return False
    if category.mark is Mark.SPECIAL:
        return proposal.special_exception == VITAL_SPECIAL
    return category.mark in {Mark.CRIMINAL, Mark.BAN} and proposal.criminal_ground == VITAL_CRIMINAL


def _lifted(scene: ItemScene, row: Row) -> bool:
    """Whether a ground that the row accepts is cited. UAVG 33(1)(a) is provenance and lifts nothing by being cited."""
    proposal = scene.proposal
    cited = {proposal.special_exception, proposal.criminal_ground, *proposal.stated} - {"UAVG_33_1_a", None}
    if CARE_SUPPLEMENT in cited and not _supplements_care(scene):
        cited.remove(CARE_SUPPLEMENT)
    return not cited.isdisjoint(row.grounds)


def _supplements_care(scene: ItemScene) -> bool:
    """UAVG 33(1)(c), 30(3)(a) and (4): beside health data for care, given and received by people bound to secrecy.

    Giving is processing too, so the giver needs the ground as much as the recipient: a landlord has it for neither.
    """
    proposal, bound = scene.proposal, scene.index.bound_tasks
    both = {(proposal.sender, proposal.sender_task), (proposal.recipient, proposal.recipient_task)}
    return proposal.special_exception == CARE_GROUND and both <= bound


def _decision_covers(decision: WpgDecision, proposal: Proposal, item: ItemFacts) -> bool:
    """Wpg 20(2): reference, ground, goal, interest, recipients and data are recorded, agreed to, and valid on this day."""
    return (
        bool(decision.reference and decision.interest.strip())
        and decision.ground in WPG_GROUNDS
        and decision.goal in WPG_GOALS
        and proposal.recipient in decision.recipients
        and item.category in decision.categories
        and (decision.authority_agreed or decision.ground not in WPG_NEEDS_AUTHORITY)
        and (decision.decided_on is None or decision.decided_on <= proposal.on)
        and proposal.on <= decision.valid_until
    )
