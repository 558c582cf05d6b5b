"""The gates that judge a message as a whole: partners, purpose, task, basis, weighing, notice."""

from __future__ import annotations

from collections.abc import Iterator

from exchange.domain.proposal import Finding, Proposal
from exchange.domain.scene import Scene, find_numbers, find_words, full_gate, message_gate
from exchange.domain.vocabulary import INFORM_EXCEPTIONS, LEGAL_BASES, NOT_FOR_PUBLIC_BODIES, Kind, Side


@message_gate
def partners_only(scene: Scene) -> Iterator[Finding]:
    """Article 2.1: data go from one partner of the covenant to another; anyone else is a third party (article 8)."""
    proposal, partners = scene.proposal, scene.index.partners
    known = proposal.sender in partners and (proposal.third_party or proposal.recipient in partners)
    if not known or proposal.sender == proposal.recipient:
        yield Finding("R08")


@message_gate
def third_party_on_agreement(scene: Scene) -> Iterator[Finding]:
    """Article 8.1: to a third party only to carry out what a conference agreed (a), or to hand the case on (b).

    Never over the exchange: a message that says so of itself is refused by whoever receives it.
    """
    proposal = scene.proposal
    lawful = proposal.agreement is not None or proposal.allocation is not None
    if proposal.third_party and (scene.side is Side.RECEIVING or not lawful):
        yield Finding("R10")


@message_gate
def within_the_case(scene: Scene) -> Iterator[Finding]:
    """Articles 2.2 and 11.1, need to know: what belongs to a case stays with the partners in its scope."""
    if scene.proposal.outside_case:
        yield Finding("R35")


@message_gate
def covenant_in_force(scene: Scene) -> Iterator[Finding]:
    """Article 15.1: a covenant whose review is overdue no longer carries an exchange, where the covenant says so."""
    overdue = scene.proposal.on > scene.covenant.review_due
    if overdue and scene.covenant.settings.review_overdue == "refuse":
        yield Finding("R27")


@message_gate
def no_citizen_service_number(scene: Scene) -> Iterator[Finding]:
    """UAVG 46, Wabb 10: no BSN in any text of the message."""
    proposal = scene.proposal
    weighing = proposal.weighing
    texts = [proposal.text, proposal.support_rationale]
    texts += [weighing.necessity, weighing.proportionality, weighing.subsidiarity] if weighing else []
    texts += [proposal.wpg.interest] if proposal.wpg else []
    yield from find_numbers("\n\n\n\n\n\n\n".join(texts), scene, None)


@message_gate
def no_verdict_on_a_tenant(scene: Scene) -> Iterator[Finding]:
    """Words the covenant forbids in a message, such as asking for a yes or no on a prospective tenant (R31)."""
    proposal = scene.proposal
    yield from find_words(f"{proposal.text}\n{proposal.support_rationale}", scene, None)


@full_gate
def decided_by_a_person(scene: Scene) -> Iterator[Finding]:
    """AVG 22, Wpg 7a: a person judges before something is sent. The recipient cannot see that, so only the sender asks."""
    if scene.side is Side.SENDING and not scene.proposal.decided_by_person:
        yield Finding("R32")


@full_gate
def purpose_and_scope(scene: Scene) -> Iterator[Finding]:
    """Articles 4.1, 4.2 and 2.2: exclusively the purposes and the scope that the covenant names."""
    if scene.proposal.purpose not in scene.index.purposes or scene.proposal.context not in scene.index.contexts:
        yield Finding("R04")


@full_gate
def aggregates_only(scene: Scene) -> Iterator[Finding]:
    """Articles 4.1 (i)-(iii) and 11.1: insight, policy and evaluation need no identifiable person."""
    purpose = scene.index.purposes.get(scene.proposal.purpose)
    if purpose is not None and purpose.aggregate_only and (scene.proposal.about_person or scene.proposal.items):
        yield Finding("R09")


@full_gate
def support_is_the_reason(scene: Scene) -> Iterator[Finding]:
    """Article 1, "signaal": it says why the person could benefit from support."""
    proposal = scene.proposal
    if proposal.kind is Kind.SIGNAL and proposal.about_person and not proposal.support_rationale.strip():
        yield Finding("R03")


@full_gate
def kind_of_signal(scene: Scene) -> Iterator[Finding]:
    """Article 1, "signaal", with the list of the covenant: it is about one of the kinds that the partners agreed on."""
    proposal, kinds = scene.proposal, scene.index.signal_kinds
    if proposal.kind is Kind.SIGNAL and kinds and proposal.signal_kind not in kinds:
        yield Finding("R03")


@full_gate
def own_statutory_task(scene: Scene) -> Iterator[Finding]:
    """Articles 3.1 and 8.2: sender and recipient each name an own statutory task; of a third party only the sender's counts."""
    proposal, tasks = scene.proposal, scene.index.tasks
    own = proposal.sender_task in tasks.get(proposal.sender, ())
    theirs = proposal.third_party or proposal.recipient_task in tasks.get(proposal.recipient, ())
    if not (own and theirs):
        yield Finding("R07")


@full_gate
def covenant_is_no_basis(scene: Scene) -> Iterator[Finding]:
    """Article 8.2, AVG 6(1): both sides rest on article 6, and a public body not on a legitimate interest."""
    proposal = scene.proposal
    sides = [(proposal.sender, proposal.sender_basis), (proposal.recipient, proposal.recipient_basis)]
    for slug, basis in sides[:1] if proposal.third_party else sides:
        partner = scene.index.partners.get(slug)
        public = partner is not None and partner.public_body
        if basis not in LEGAL_BASES or (public and basis in NOT_FOR_PUBLIC_BODIES):
            yield Finding("R11")
            return


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


@full_gate
def informed_beforehand(scene: Scene) -> Iterator[Finding]:
    """Article 10.1: the subject was told, and was told of this recipient; or a live exception says why not (UAVG 41)."""
    proposal = scene.proposal
    if not proposal.about_person or not _asked(proposal, scene.covenant.settings.notice_before):
        return
    notice, exception = proposal.notice, proposal.notice_exception
    if notice is not None and notice.reference and proposal.recipient in notice.recipients:
        return
    if exception is None or exception.ground not in INFORM_EXCEPTIONS:
        yield Finding("R14")
    elif proposal.on > exception.review_on or (exception.ends_on is not None and proposal.on > exception.ends_on):
        yield Finding("R15")


def _asked(proposal: Proposal, kinds: tuple[str, ...]) -> bool:
    """Whether a duty holds for this message; a reply with items counts as a disclosure."""
    kind = Kind.DISCLOSURE if proposal.kind is Kind.REPLY else proposal.kind
    return kind.value in kinds
