"""What happened in casework and to what was exchanged, in sentences: half of the story; :mod:`exchange.reports.story` tells it.

What stands between braces is filled in there, in the reader's words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from exchange.i18n import N_

CASEWORK: Final[Mapping[str, str]] = {
    "signal/noted": N_("A signal of our own was noted; nobody else was told."),
    "signal/reporter-noted": N_("Who reported a signal was noted, and sealed apart."),
    "signal/triaged": N_("A signal was judged: {outcome}."),
    "signal/triaged:eigen_taak": N_("A signal was judged: it is handled within one's own task."),
    "signal/triaged:casus": N_("A signal was judged: it belongs to a case."),
    "signal/triaged:samengevoegd": N_("A signal was judged: it was merged with another signal."),
    "signal/triaged:doorverwezen": N_("A signal was judged: the person was referred elsewhere."),
    "signal/triaged:onvoldoende_info": N_("A signal was judged: too little is known to act on it."),
    "signal/triaged:niet_opgepakt": N_("A signal was judged: it is not taken up."),
    "case/opened": N_("A case was opened; {lead} leads it."),
    "case/shared": N_("{partner} told how its case stands: phase {phase}, led by {lead}."),
    "case/subject-added": N_("A person was named whom the case is about."),
    "case/moved": N_("The case went to another phase: {phase}.{closed}"),
    "case/scope-changed:true": N_("The case is shared with {partner} from here on."),
    "case/scope-changed:false": N_("The case is not shared with {partner} any more."),
    "case/lead-set": N_("{lead} leads the case from now on, and who coordinates it was named."),
    "case/goal-set:false": N_("A goal of the plan was set."),
    "case/goal-set:true": N_("A goal of the plan was reached."),
    "case/action-set": N_("An action stands in the plan: {owner} does something by {due}."),
    "case/action-set:gedaan": N_("{owner} did an action of the plan."),
    "case/action-set:vervallen": N_("An action of {owner} was taken out of the plan."),
    "case/review-set": N_("The case is to be looked at again by {due}."),
    "case/allocated": N_("The case was allocated to a third party for further handling (covenant article 8.1)."),
    "case/circle-changed:true": N_("Somebody here may look into the case from here on."),
    "case/circle-changed:false": N_("Somebody here may not look into the case any more."),
    "case/opened-outside-circle:circle": N_(
        "Somebody outside the circle of the case gave a reason and looked: {view}. The privacy officer reviews it."
    ),
    "case/opened-outside-circle:wpg": N_(
        "Somebody who is not designated to receive police data gave a reason and looked: {view}. The privacy officer reviews it."
    ),
    "case/outside-opening-reviewed:justified": N_("The privacy officer reviewed who looked: it was justified."),
    "case/outside-opening-reviewed:follow-up": N_("The privacy officer reviewed who looked: it needs a follow-up."),
    "wpg/receiver-set:true": N_("Somebody here was designated to receive and use police data (Wpg 7(2))."),
    "wpg/receiver-set:false": N_("Somebody here is not designated any more to receive and use police data (Wpg 7(2))."),
    "third-party/told": N_("Data were disclosed to a third party (covenant article 8)."),
    "feedback/wanted:sent": N_("{partner} was asked to tell what came of it, by {due}."),
    "feedback/wanted:received": N_("{partner} asked to hear what came of it, by {due}."),
}
"""Topics of signals, triage and the case."""

CORRECTIONS: Final[Mapping[str, str]] = {
    "notification/decided:corrected": N_("Data were corrected here; whoever got them is told (GDPR 16, 19)."),
    "notification/decided:recalled": N_("Data that were given are recalled: {reason}."),
    "notification/decided:restricted": N_("Data are restricted; whoever got them is told (GDPR 18, 19)."),
    "notification/decided:lifted": N_("The restriction of data was lifted; whoever got them is told."),
    "notification/sent:corrected": N_(
        "{partner} is told of a correction of data it got, and has to answer by {due_on}."
    ),
    "notification/sent:recalled": N_(
        "{partner} is told that data it got are recalled (asked: {asked}): {reason}. It has to answer by {due_on}."
    ),
    "notification/sent:restricted": N_(
        "{partner} is told that data it got may only be stored, and has to answer by {due_on}."
    ),
    "notification/sent:lifted": N_(
        "{partner} is told that data it got may be used again, and has to answer by {due_on}."
    ),
    "notification/received:corrected": N_(
        "{partner} corrected data it gave; it took effect here at once. To be answered by {due_on}."
    ),
    "notification/received:recalled": N_(
        "{partner} recalled data it gave (asked: {asked}): {reason}. They are restricted at once. To be answered by {due_on}."
    ),
    "notification/received:restricted": N_(
        "{partner} restricted data it gave: they may only be stored. To be answered by {due_on}."
    ),
    "notification/received:lifted": N_(
        "{partner} lifted the restriction of data it gave: they may be used again. To be answered by {due_on}."
    ),
    "notification/processed:done": N_("{partner} was told that it was carried out here."),
    "notification/processed:refused": N_("{partner} was told that it is refused here. Ground: {ground}."),
    "notification/answered:done": N_("{partner} answered that it was carried out."),
    "notification/answered:refused": N_("{partner} answered that it refuses. Ground: {ground}."),
    "item/corrected:sent": N_("What was given to {partner} is not current any more: it was corrected."),
    "item/corrected:received": N_("What {partner} gave is not current any more: it was corrected."),
    "objection/received": N_(
        "A person objected to the use of data: they may only be stored until it was weighed, by {due_on} (GDPR 18(1)(d), 21)."
    ),
    "objection/extended": N_(
        "Weighing the objection takes longer, until {due_on}; the person was told why (GDPR 12(3))."
    ),
    "objection/decided:upheld": N_("The objection was upheld: the data may not be used any more (GDPR 21(1))."),
    "objection/decided:rejected": N_(
        "The objection was rejected (GDPR 21(1)). The restriction holds until it is lifted."
    ),
    "objection/lifted": N_("The restriction after an objection was lifted, after the person was told (GDPR 18(3))."),
}
"""Topics of corrections, recalls, restrictions and objections."""
