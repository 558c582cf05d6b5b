"""Codes the node answers with, as words for people. What is not listed is shown as it came: a newer node may know more."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from exchange.i18n import N_, Translate
from exchange.reports.titles import readable

STEPS: Final[Mapping[str, str]] = {
    "covenant/accepted": N_("covenant accepted"),
    "node/started": N_("node started"),
    "actor/registered": N_("actor registered"),
    "actor/revoked": N_("actor revoked"),
    "actor/acted-alone": N_("done by a single hand"),
    "setting/single-handed": N_("single-handed set or lifted"),
    "keys/rolled": N_("keys rolled"),
    "subject/registered": N_("person registered"),
    "subject/identity-learned": N_("identity learned"),
    "subject/reference-agreed": N_("reference agreed"),
    "subject/matched": N_("person matched"),
    "subject/split": N_("match undone"),
    "message/sent": N_("message sent"),
    "message/received": N_("message received"),
    "receipt/issued": N_("receipt given"),
    "receipt/received": N_("receipt received"),
    "message/nacked": N_("message refused by partner"),
    "message/voided": N_("message let go"),
    "message/voided-by-partner": N_("message let go by partner"),
    "gap/found": N_("messages missing"),
    "equivocation/found": N_("partner signed two messages for one number"),
    "frame/parked": N_("frame parked"),
    "frame/retried": N_("frame asked for again"),
    "frame/dropped": N_("parked frame let go"),
    "item/recorded": N_("item recorded"),
    "refusal/recorded": N_("refusal recorded"),
    "retention/confirmed": N_("retention rule confirmed"),
    "erasure/asked": N_("erasure asked for"),
    "erasure/decided": N_("erasure decided"),
    "erasure/done": N_("erasure done"),
    "command/accepted": N_("request accepted"),
    "data/read": N_("personal data read"),
    "data/copied-out": N_("personal data copied out"),
    "alarm/raised": N_("alarm"),
    "area/signalled": N_("report about an area"),
    "area/pictured": N_("area picture made"),
    "area/picture-received": N_("area picture received"),
    "notice/given": N_("person informed"),
    "exception/invoked": N_("exception to informing invoked"),
    "exception/reviewed": N_("exception reviewed"),
    "wpg-decision/registered": N_("Wpg decision registered"),
    "wpg-decision/withdrawn": N_("Wpg decision withdrawn"),
    "training/followed": N_("training followed"),
    "activity/registered": N_("processing activity registered"),
    "activity/ended": N_("processing activity ended"),
    "restriction/set": N_("restriction set"),
    "restriction/lifted": N_("restriction lifted"),
    "emergency/invoked": N_("acute danger invoked"),
    "duty/arisen": N_("duty arisen"),
    "duty/fulfilled": N_("duty made good"),
    "duty/overdue": N_("duty is late"),
    "weighing/written": N_("weighing written"),
    "act/decided-by": N_("a person decided for a system"),
    "act/on-profile": N_("shared on a profile"),
    "draft/saved": N_("draft saved"),
    "draft/closed": N_("draft sent or discarded"),
    "conference/planned": N_("case conference planned"),
    "conference/agenda-item-set": N_("case put on the agenda"),
    "conference/item-offered": N_("item offered to the conference, without content"),
    "conference/minimisation-reviewed": N_("chair held the offers against article 11.2"),
    "conference/offer-decided": N_("chair decided on an offer"),
    "conference/offer-withdrawn": N_("offer withdrawn"),
    "conference/offer-held-back": N_("released item held back by a gate"),
    "conference/offer-fulfilled": N_("released item sent"),
    "conference/agreement-made": N_("agreement made"),
    "conference/agreement-done": N_("agreement done"),
    "conference/decision-made": N_("conference decided"),
    "conference/outcome-published": N_("outcome of the conference"),
    "signal/noted": N_("signal noted"),
    "signal/reporter-noted": N_("reporter noted"),
    "signal/triaged": N_("signal triaged"),
    "case/opened": N_("case opened"),
    "case/shared": N_("case shared by partner"),
    "case/subject-added": N_("person named in case"),
    "case/moved": N_("case moved to another phase"),
    "case/scope-changed": N_("scope of case changed"),
    "case/lead-set": N_("lead of case named"),
    "case/goal-set": N_("goal set"),
    "case/action-set": N_("action set"),
    "case/review-set": N_("review of case planned"),
    "case/allocated": N_("case allocated to third party"),
    "case/circle-changed": N_("circle of case changed"),
    "case/opened-outside-circle": N_("opened from outside the circle"),
    "case/outside-opening-reviewed": N_("opening reviewed"),
    "wpg/receiver-set": N_("receiver of police data designated"),
    "third-party/told": N_("third party told"),
    "feedback/wanted": N_("feedback asked"),
    "notification/decided": N_("correction, recall or restriction decided"),
    "notification/sent": N_("partner told of a correction, recall or restriction"),
    "notification/received": N_("partner corrected, recalled or restricted"),
    "notification/processed": N_("answered to the partner"),
    "notification/answered": N_("partner answered"),
    "item/corrected": N_("item corrected"),
    "objection/received": N_("objection received"),
    "objection/extended": N_("term of the objection lengthened"),
    "objection/decided": N_("objection weighed"),
    "objection/lifted": N_("restriction after objection lifted"),
}
"""Topic without its version -> what happened."""

STATES: Final[Mapping[str, str]] = {
    "waiting": N_("waiting"),
    "sent": N_("sent"),
    "receipted": N_("receipt is in"),
    "refused": N_("refused"),
    "voided": N_("let go"),
    "stated": N_("stated"),
    "new": N_("new"),
    "taken-up": N_("taken up"),
    "handled": N_("handled"),
    "parked": N_("parked"),
    "retried": N_("asked for again"),
    "dropped": N_("let go"),
    "accepted": N_("accepted"),
    "erased": N_("erased"),
    "locked": N_("locked"),
    "offered": N_("waits for the chair"),
    "asked": N_("the chair asks"),
    "struck": N_("struck by the chair"),
    "released": N_("released by the chair"),
    "held-back": N_("released, held back"),
    "withdrawn": N_("withdrawn"),
    "open": N_("open"),
    "justified": N_("justified"),
    "follow-up": N_("needs a follow-up"),
    "processed": N_("answered"),
    "corrected": N_("corrected, not current any more"),
    "restricted": N_("restricted: only stored"),
}

REASONS: Final[Mapping[str, str]] = {
    "new": N_("about to be sent"),
    "restart": N_("the node started again"),
    "retry": N_("asked to send again"),
    "no-connection": N_("no connection with the broker"),
    "no-prekey": N_("the partner published no key to encrypt with"),
    "keys-to-come": N_("every key of the partner is of a later time than this node's clock shows; compare the clocks"),
    "broker-refused": N_("the broker refused"),
    "awaiting-receipt": N_("waits for the receipt"),
    "trusted": N_("trusted"),
    "no-independent-time": N_("no partner has confirmed the time yet"),
    "ahead-of-partners": N_("ahead of the partners' time; nothing is erased by itself"),
    "behind-partners": N_("behind the partners' time; set it right, or messages wait and are dated wrongly"),
    "anchor-same-device": N_("the vault's anchor is on the same device as the vault"),
    "replica-same-device": N_("the vault's replica is on the same device as the vault"),
    "no-replica": N_("the vault has no replica"),
    "replica-silent": N_("the vault's replica does not follow"),
    "covenant-review-overdue": N_("the covenant should have been reviewed"),
    "log-older": N_(
        "the log is not the newest that the vault knows; put the newest log.db back. Until then nothing is written or sent"
    ),
    "partner-holds-more": N_(
        "a partner holds messages of this node that are not in its log: an older copy of it was put back"
    ),
    "equivocation": N_("a partner signed two different messages for one number; the evidence is kept"),
    "zgw-code-ended": N_(
        "a kind of case proposes nothing any more: the covenant has its code no longer; mend zgw.propose"
    ),
    "webhook-failing": N_("the case system does not take what it is told; it is told again until it does"),
    "duty-overdue": N_("what was owed after acute danger is late"),
    "answer-overdue": N_("a partner did not answer a correction, recall or restriction in time"),
    "objection-overdue": N_("an objection should have been weighed by now"),
    "review-overdue": N_("an exception or a case should have been looked at again by now"),
    "retention-overdue": N_("items are past their term and still there"),
}

COUNTS: Final[Mapping[str, str]] = {
    "zgw-proposed": N_("cases that proposed something"),
    "zgw-known": N_("told again"),
    "zgw-passed-over": N_("notifications passed over"),
    "zgw-put-off": N_("notifications put off, because too many proposals wait"),
    "zgw-refused": N_("notifications with a wrong token"),
}
"""What adapters at the edge count."""

WORK: Final[Mapping[str, str]] = {
    "inbox": N_("messages that nobody took up"),
    "signal": N_("signals to judge"),
    "unmatched": N_("people partners mean whom nobody matched yet"),
    "proposal": N_("proposals of case systems"),
    "draft": N_("drafts of your own"),
    "case-review": N_("cases to look at again"),
    "offer": N_("offers for the chair to decide"),
    "own-offer": N_("own offers to answer or to send"),
    "agreement": N_("agreements to carry out"),
    "feedback": N_("partners who want to hear what came of it"),
    "notification": N_("corrections and recalls of partners to answer"),
    "onward": N_("items to mend at those who got them from you"),
    "objection": N_("objections to weigh"),
    "duty": N_("duties after acute danger"),
    "review": N_("exceptions to look at"),
    "opening": N_("openings from outside a circle to review"),
    "rule": N_("retention rules to confirm"),
    "erasure": N_("items past their term and still there"),
    "parked": N_("messages refused here for good"),
    "refused": N_("own messages that a partner refused"),
}
"""What waits for a person."""

WORK_LISTS: Final[Mapping[str, str]] = {
    "inbox": "exchange inbox list",
    "signal": "exchange triage list",
    "unmatched": "exchange subject unmatched",
    "proposal": "exchange draft list",
    "draft": "exchange draft list",
    "case-review": "exchange case list",
    "offer": "exchange conference list",
    "own-offer": "exchange conference list",
    "agreement": "exchange agreement list",
    "feedback": "exchange case feedback",
    "notification": "exchange notifications",
    "onward": "exchange notifications",
    "objection": "exchange objection list",
    "duty": "exchange duty list",
    "review": "exchange exception due",
    "opening": "exchange case openings",
    "rule": "exchange retention rules",
    "erasure": "exchange retention due",
    "parked": "exchange parked list",
    "refused": "exchange outbox list",
}
"""The command that shows each list."""

TELLINGS: Final[Mapping[str, str]] = {
    "corrected": N_("Correction"),
    "recalled": N_("Recall"),
    "restricted": N_("Restriction"),
    "lifted": N_("Restriction lifted"),
}
"""What a partner is told about items it got."""

ACTIONS: Final[Mapping[str, str]] = {"ERASE": N_("erase"), "RESTRICT": N_("restrict")}
OUTCOMES: Final[Mapping[str, str]] = {
    "done": N_("done"),
    "refused": N_("refused"),
    "upheld": N_("upheld"),
    "rejected": N_("rejected"),
    "new": N_("not weighed yet"),
}
RECEIPTS: Final[Mapping[str, str]] = {
    "none-yet": N_("no receipt yet"),
    "rejected": N_("refused on receipt"),
    "nacked": N_("refused"),
    "voided": N_("let go"),
}

CONDITIONS: Final[Mapping[str, str]] = {
    "allow": N_("allowed"),
    "exception": N_("only on one of these grounds"),
    "wpg": N_("only with a decision under the Wpg"),
    "never": N_("never"),
}
"""A row of the covenant's matrix."""

MARKS: Final[Mapping[str, str]] = {
    "none": N_("ordinary"),
    "special": N_("special category"),
    "criminal": N_("criminal"),
    "ban": N_("ban on behaviour"),
    "bsn": N_("citizen service number"),
}
"""What makes a category more than ordinary."""

GOOD: Final[Mapping[str, str]] = {
    "notice": N_("telling the person, or an exception"),
    "weighing": N_("writing the weighing"),
    "release": N_("the chair's release"),
    "training": N_("following a training"),
    "activity": N_("an entry in the processing register"),
}
"""What makes a duty good."""
ORIGINS: Final[Mapping[str, str]] = {"own": N_("own"), "received": N_("received"), "sent": N_("sent")}
"""Where a signal comes from."""

VIEWS: Final[Mapping[str, str]] = {
    "case.read": N_("the case"),
    "inbox.read": N_("a message"),
    "who-knows": N_("who knows what"),
    "signal.read": N_("a signal"),
    "draft.read": N_("a draft"),
    "disclosure.suggest": N_("what may be shared about somebody"),
    "disclosure.explain": N_("what would happen if something were shared about somebody"),
}
"""What somebody looked at."""

GROUNDS: Final[Mapping[str, str]] = {"circle": N_("outside the circle"), "wpg": N_("police data, not designated")}
"""What stood in the way of looking."""

ACTORS: Final[Mapping[str, str]] = {"person": N_("person"), "system": N_("system"), "rule": N_("rule")}

_PERIOD: Final = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?")
_UNITS: Final = (
    (N_("{n} year"), N_("{n} years")),
    (N_("{n} month"), N_("{n} months")),
    (N_("{n} week"), N_("{n} weeks")),
    (N_("{n} day"), N_("{n} days")),
)


def word(code: str, table: Mapping[str, str], _: Translate) -> str:
    """What ``code`` says, or the code itself."""
    return _(table[code]) if code in table else code


def listed(names: Sequence[str], _: Translate) -> str:
    """``A, B and C``."""
    if len(names) == 1:
        return names[0]
    return _("{first} and {last}").format(first=", ".join(names[:-1]), last=names[-1])


def step(topic: str, _: Translate) -> str:
    """What an event is called, whatever its version."""
    kind = topic.rpartition("/")[0]
    return _(STEPS[kind]) if kind in STEPS else topic


def period(text: str, _: Translate) -> str:
    """``P2Y6M`` as ``2 years, 6 months``."""
    found = _PERIOD.fullmatch(text)
    if found is None or not any(found.groups()):
        return text
    parts = [
        _(one if number == "1" else many).format(n=number)
        for number, (one, many) in zip(found.groups(), _UNITS, strict=True)
        if number
    ]
    return ", ".join(parts)


def trigger(code: str) -> str:
    """What a term counts from; the covenant's own Dutch word."""
    return readable(code)
