"""Refusals as people read them: the sentence in their language, grouped by partner and item."""

from __future__ import annotations

from collections.abc import Sequence

from exchange.domain.refusals import CATALOGUE, code_of_frame
from exchange.node.facts_forms import DutyAnswer
from exchange.node.forms import Explanation, RefusalAnswer


def in_language(answer: RefusalAnswer, language: str) -> RefusalAnswer:
    """The same refusal with its sentence in ``language``; the node itself speaks Dutch.

    Its ``name`` stays as it is: one Dutch word by which machines know it, beside the code. So do names from the covenant in the
    sentence, such as the title of a field, because they are data that the partners signed.
    """
    refusal = CATALOGUE.get(answer.code)
    if language == "nl" or refusal is None:
        return answer
    return answer.model_copy(update={"text": refusal.sentence(answer.params, language=language)})


def frame_reason(reason: str, language: str) -> str:
    """Why a frame was refused before anybody judged it: its own word, and what the catalogue calls that."""
    code = code_of_frame(reason)
    return f"{reason}: {code} {CATALOGUE[code].sentence(language=language)}" if code else reason


def explained(answers: Sequence[Explanation], language: str) -> list[Explanation]:
    """What would happen per recipient, with every sentence in ``language``."""
    return [
        answer.model_copy(
            update={
                weight: [in_language(refusal, language) for refusal in getattr(answer, weight)]
                for weight in ("refusals", "duties", "warnings")
            }
        )
        for answer in answers
    ]


def duty_in_language(answer: DutyAnswer, language: str) -> DutyAnswer:
    """A duty with its sentence in ``language``."""
    return answer.model_copy(update={"text": CATALOGUE[answer.code].sentence(language=language)})
