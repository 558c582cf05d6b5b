"""Refusals as people read them: the sentence in their language with their covenant's article numbers, by partner and item."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from exchange.domain.numbering import Numbering, own_articles, own_numbers
from exchange.domain.refusals import CATALOGUE, code_of_frame, sentence_of_frame
from exchange.i18n import tr
from exchange.node.facts_forms import DutyAnswer
from exchange.node.forms import Explanation, GateAnswer, RefusalAnswer

_AS_THE_MODEL: Final[Numbering] = {}


def in_language(
    answer: RefusalAnswer, language: str, numbering: Numbering = _AS_THE_MODEL, *, warning: bool = False
) -> RefusalAnswer:
    """The same refusal, or warning, with its sentence in ``language``.

    The node itself speaks Dutch and cites the model's articles. Its ``name`` stays as it is: one Dutch word by which machines
    know it, beside the code. So do names from the covenant in the sentence, such as the title of a field, because they are
    data that the partners signed.
    """
    refusal = CATALOGUE.get(answer.code)
    text = answer.text
    if language != "nl" and refusal is not None:
        text = refusal.sentence(answer.params, language=language, warning=warning)
    own = {"text": own_numbers(numbering, text), "article": own_articles(numbering, answer.article)}
    return answer.model_copy(update=own)


def frame_reason(reason: str, language: str, numbering: Numbering = _AS_THE_MODEL) -> str:
    """Why a frame was refused before anybody judged it: its own word, and what the catalogue calls that."""
    code, sentence = code_of_frame(reason), sentence_of_frame(reason, language=language)
    return f"{reason}: {code} {own_numbers(numbering, sentence)}" if sentence else reason


def explained(answers: Sequence[Explanation], language: str, numbering: Numbering = _AS_THE_MODEL) -> list[Explanation]:
    """What would happen per recipient, with every sentence in ``language``."""
    return [
        answer.model_copy(
            update={
                weight: [
                    in_language(refusal, language, numbering, warning=weight == "warnings")
                    for refusal in getattr(answer, weight)
                ]
                for weight in ("refusals", "duties", "warnings")
            }
            | {"gates": [_gate(gate, language, numbering) for gate in answer.gates]}
        )
        for answer in answers
    ]


def _gate(answer: GateAnswer, language: str, numbering: Numbering) -> GateAnswer:
    title, article = tr(language)(answer.title), own_articles(numbering, answer.article)
    return answer.model_copy(update={"title": title, "article": article})


def duty_in_language(answer: DutyAnswer, language: str, numbering: Numbering = _AS_THE_MODEL) -> DutyAnswer:
    """A duty with its sentence in ``language``."""
    text = own_numbers(numbering, CATALOGUE[answer.code].sentence(language=language))
    return answer.model_copy(update={"text": text})
