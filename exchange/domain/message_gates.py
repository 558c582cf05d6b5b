"""The gates that judge a message as a whole: partners, purpose, task, basis, weighing, notice."""

from __future__ import annotations

from collections.abc import Iterator

from exchange.domain.proposal import Finding, Proposal
from exchange.domain.scene import Scene, called, find_numbers, find_words, full_gate, message_gate, warning
from exchange.domain.vocabulary import LEGAL_BASES, NOT_FOR_PUBLIC_BODIES, Kind, Side, excuses
from exchange.errors import N_


@called(N_("Partners of the covenant"), "R08")
@message_gate
def partners_only(scene: Scene) -> Iterator[Finding]:
    """Article 2.1: data go from one partner of the covenant to another; anyone else is a third party (article 8)."""
    proposal, partners = scene.proposal, scene.index.partners
    known = proposal.sender in partners and (proposal.recipient in partners or scene.outside)
    if not known or proposal.sender == proposal.recipient:
        yield Finding("R08")


@called(N_("Third party on an agreement or an allocation"), "R10", lambda s: s.outside)
@message_gate
def third_party_on_an_agreement(scene: Scene) -> Iterator[Finding]:
    """Article 8.1: a third party gets only what carries out an agreement of the conference, or allocates the case to it.

    No receiver asks: a third party has no node, so nothing of this goes over the exchange.
    """
    act = scene.proposal.third_party
    if scene.outside and not (act is not None and (act.agreement or act.allocation)):
        yield Finding("R10")


@called(N_("Partners in the scope of the case"), "R36", lambda s: s.proposal.about_case)
@message_gate
def within_the_case(scene: Scene) -> Iterator[Finding]:
    """Articles 2.2 and 11.1, need to know: what belongs to a case stays with the partners in its scope."""
    if scene.proposal.outside_case:
        yield Finding("R36")


@called(N_("Review date of the covenant"), "R27", lambda s: s.covenant.settings.review_overdue == "refuse")
@message_gate
def covenant_in_force(scene: Scene) -> Iterator[Finding]:
    """Article 15.1: a covenant whose review is overdue no longer carries an exchange, where the covenant says so."""
    overdue = scene.proposal.on > scene.covenant.review_due
    if overdue and scene.covenant.settings.review_overdue == "refuse":
        yield Finding("R27")


@called(N_("No citizen service number"), "R02")
@message_gate
def no_citizen_service_number(scene: Scene) -> Iterator[Finding]:
    """UAVG 46, Wabb 10: no BSN in any text of the message."""
    proposal = scene.proposal
    weighing = proposal.weighing
    texts = [proposal.text, proposal.support_rationale]
    texts += [weighing.necessity, weighing.proportionality, weighing.subsidiarity] if weighing else []
    texts += [proposal.wpg.interest, *proposal.wpg.conditions] if proposal.wpg else []
    texts += [proposal.emergency.danger] if proposal.emergency else []
    yield from find_numbers("\n\n\n\n\n\n\n".join(texts), scene, None)


@called(N_("No yes or no about a person"), "R31", lambda s: bool(s.index.text_rules))
@message_gate
def no_verdict_on_a_tenant(scene: Scene) -> Iterator[Finding]:
    """Words the covenant forbids in a message, such as asking for a yes or no on a prospective tenant (R31)."""
    proposal = scene.proposal
    yield from find_words(f"{proposal.text}\n{proposal.support_rationale}", scene, None)


@called(N_("Decided by a person"), "R32", lambda s: s.side is Side.SENDING)
@full_gate
def decided_by_a_person(scene: Scene) -> Iterator[Finding]:
    """AVG 22, Wpg 7a: a person judges before something is sent. The recipient cannot see that, so only the sender asks."""
    if scene.side is Side.SENDING and not scene.proposal.decided_by_person:
        yield Finding("R32")


@called(N_("Acute danger is named"), "R35", lambda s: s.proposal.emergency is not None)
@full_gate
def danger_is_named(scene: Scene) -> Iterator[Finding]:
    """AVG 6(1)(d): whoever invokes acute danger names it, says whose vital interest it is, and rests on that interest."""
    if scene.proposal.emergency is not None and not scene.acute:
        yield Finding("R35")


@called(
    N_("Processing register"), "R13", lambda s: s.side is Side.SENDING and _asks(s, s.covenant.settings.register_before)
)
@full_gate
def processing_is_registered(scene: Scene) -> Iterator[Finding]:
    """Article 13.1, AVG 30: it stands in the own register first, where the covenant asks so. Only the sender sees that."""
    proposal = scene.proposal
    asked = proposal.about_person and _asked(proposal, scene.covenant.settings.register_before)
    if scene.side is Side.SENDING and asked and not proposal.registered:
        yield Finding("R13")


@called(
    N_("Training followed"), "R26", lambda s: s.side is Side.SENDING and s.covenant.settings.training_lapsed == "refuse"
)
@full_gate
def trained_this_year(scene: Scene) -> Iterator[Finding]:
    """Article 12.1: whoever decides followed a privacy training within the term. Only the sender knows who that is."""
    if scene.covenant.settings.training_lapsed == "refuse":
        yield from _training(scene)


@warning
def training_lapsed(scene: Scene) -> Iterator[Finding]:
    """Article 12.1 where the covenant only warns."""
    if scene.covenant.settings.training_lapsed == "warn":
        yield from _training(scene)


def _training(scene: Scene) -> Iterator[Finding]:
    proposal, term = scene.proposal, scene.index.training_term
    if scene.side is not Side.SENDING or term is None or (proposal.kind is Kind.REPLY and not proposal.items):
        return
    if proposal.trained_on is None or proposal.on > term.after(proposal.trained_on):
        yield Finding("R26")


@warning
def review_overdue(scene: Scene) -> Iterator[Finding]:
    """Article 15.1: say so when the covenant's review is overdue."""
    due = scene.covenant.review_due
    if scene.proposal.on > due and scene.covenant.settings.review_overdue == "warn":
        yield Finding("R27", params={"day": f"{due:%d-%m-%Y}"})


@called(N_("Area before person"), "R01", lambda s: s.proposal.kind is Kind.SIGNAL and s.proposal.about_person)
@full_gate
def area_before_person(scene: Scene) -> Iterator[Finding]:
    """Introduction and article 11.1: a signal that needs no person is made for the street or village.

    So when its kind can be reported for an area, and nothing in it says anything of a person beyond who that is.
    """
    proposal, index = scene.proposal, scene.index
    kind = index.signal_kinds.get(proposal.signal_kind or "")
    if proposal.kind is not Kind.SIGNAL or not proposal.about_person or kind is None or not kind.area_level:
        return
    said = [(item.category, item.field) for item in proposal.items if not item.identifies]
    if said and index.area_fields.issuperset(said):
        yield Finding("R01")


@called(N_("Purpose and scope"), "R04")
@full_gate
def purpose_and_scope(scene: Scene) -> Iterator[Finding]:
    """Articles 4.1, 4.2 and 2.2: exclusively the purposes and the scope that the covenant names."""
    if scene.proposal.purpose not in scene.index.purposes or scene.proposal.context not in scene.index.contexts:
        yield Finding("R04")


@called(N_("Counts only for this purpose"), "R09", lambda s: _counts_only(s))  # noqa: PLW0108 - it stands below
@full_gate
def aggregates_only(scene: Scene) -> Iterator[Finding]:
    """Articles 4.1 (i)-(iii) and 11.1: insight, policy and evaluation need no identifiable person."""
    if _counts_only(scene) and (scene.proposal.about_person or scene.proposal.items):
        yield Finding("R09")


@called(N_("Support is the reason"), "R03", lambda s: s.proposal.kind is Kind.SIGNAL and s.proposal.about_person)
@full_gate
def support_is_the_reason(scene: Scene) -> Iterator[Finding]:
    """Article 1, "signaal": it says why the person could benefit from support."""
    proposal = scene.proposal
    if proposal.kind is Kind.SIGNAL and proposal.about_person and not proposal.support_rationale.strip():
        yield Finding("R03")


@called(N_("Kind of signal"), "R03", lambda s: s.proposal.kind is Kind.SIGNAL and bool(s.index.signal_kinds))
@full_gate
def kind_of_signal(scene: Scene) -> Iterator[Finding]:
    """Article 1, "signaal", with the list of the covenant: it is about one of the kinds that the partners agreed on."""
    proposal, kinds = scene.proposal, scene.index.signal_kinds
    if proposal.kind is Kind.SIGNAL and kinds and proposal.signal_kind not in kinds:
        yield Finding("R03")


@called(N_("Own statutory task"), "R07")
@full_gate
def own_statutory_task(scene: Scene) -> Iterator[Finding]:
    """Articles 3.1 and 8.2: sender and recipient each name an own statutory task; of a third party only the sender's counts."""
    proposal, tasks = scene.proposal, scene.index.tasks
    recipients = scene.outside or proposal.recipient_task in tasks.get(
        proposal.recipient, ()
    )  # 8.2: a third party names none
    if proposal.sender_task not in tasks.get(proposal.sender, ()) or not recipients:
        yield Finding("R07")


@called(N_("Legal basis"), "R11")
@full_gate
def covenant_is_no_basis(scene: Scene) -> Iterator[Finding]:
    """Article 8.2, AVG 6(1): both sides rest on article 6, and a public body not on a legitimate interest.

    To a third party the discloser's own ground counts.
    """
    proposal = scene.proposal
    sides = [(proposal.sender, proposal.sender_basis), (proposal.recipient, proposal.recipient_basis)]
    for slug, basis in sides[:1] if scene.outside else sides:
        partner = scene.index.partners.get(slug)
        public = partner is not None and partner.public_body
        if basis not in LEGAL_BASES or (public and basis in NOT_FOR_PUBLIC_BODIES):
            yield Finding("R11")
            return


@called(N_("Weighing"), "R33", lambda s: _asks(s, s.covenant.settings.weighing_before))
@full_gate
def weighed(scene: Scene) -> Iterator[Finding]:
    """Article 11.1: necessity, proportionality and subsidiarity are each given a reason."""
    proposal = scene.proposal
    if not proposal.about_person or not _asked(proposal, scene.covenant.settings.weighing_before):
        return
    reasons = proposal.weighing
    if reasons is None or not all(
        text.strip() for text in (reasons.necessity, reasons.proportionality, reasons.subsidiarity)
    ):
        yield Finding("R33")


@called(N_("Told beforehand, of these recipients"), "R14", lambda s: _asks(s, s.covenant.settings.notice_before))
@full_gate
def informed_beforehand(scene: Scene) -> Iterator[Finding]:
    """Article 10.1: the subject was told, and was told of this recipient; or a live exception says why not (UAVG 41).

    An exception carries only to whom it names, and no longer without a review than the covenant allows.
    """
    proposal = scene.proposal
    if not proposal.about_person or not _asked(proposal, scene.covenant.settings.notice_before):
        return
    notice, exception = proposal.notice, proposal.notice_exception
    if (
        notice is not None
        and notice.reference
        and proposal.recipient in notice.recipients
        and (notice.given_on is None or notice.given_on <= proposal.on)
    ):
        return
    giver = scene.index.partners.get(proposal.sender)
    lawful = exception is not None and giver is not None and excuses(exception.ground, giver.regime)
    if exception is None or not lawful or proposal.recipient not in exception.recipients:
        yield Finding("R14")
    elif not proposal.on <= exception.review_on <= scene.index.exception_review.after(proposal.on) or (
        exception.ends_on is not None and proposal.on > exception.ends_on
    ):
        yield Finding("R15")


@called(
    N_("Released by the chair"),
    "R12",
    lambda s: s.proposal.conference is not None or s.proposal.chair_release is not None,
)
@full_gate
def released_by_the_chair(scene: Scene) -> Iterator[Finding]:
    """Article 11.2: in a case conference only what its chair released goes, under the chair's own release."""
    proposal = scene.proposal
    in_conference = proposal.conference is not None or proposal.chair_release is not None
    if in_conference and (proposal.conference is None or proposal.chair_release is None or not proposal.release_known):
        yield Finding("R12")


def _counts_only(scene: Scene) -> bool:
    """Whether the purpose needs no identifiable person."""
    purpose = scene.index.purposes.get(scene.proposal.purpose)
    return purpose is not None and purpose.aggregate_only


def _asks(scene: Scene, kinds: tuple[str, ...]) -> bool:
    """Whether the covenant asks for something before such a message about a person."""
    return scene.proposal.about_person and _asked(scene.proposal, kinds)


def _asked(proposal: Proposal, kinds: tuple[str, ...]) -> bool:
    """Whether a duty holds for this message; a reply with items counts as a disclosure."""
    kind = Kind.DISCLOSURE if proposal.kind is Kind.REPLY else proposal.kind
    return kind.value in kinds
