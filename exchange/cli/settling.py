"""What a person answered is not lost to a refusal: words are asked again, and anything else is kept in a draft."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Final

import typer

from exchange.cli.door import ProblemError
from exchange.cli.explaining import explained
from exchange.cli.hints import command_line
from exchange.cli.questions import Questions
from exchange.cli.session import Session
from exchange.reports.times import day

_WORDS: Final = frozenset({"R02", "R31"})
"""Refusals that other words lift: a citizen service number, a verdict on a tenant."""
_TYPED: Final = frozenset({"support_rationale", "notice"})
"""Fields of a form beside the facts that are answers in somebody's own words."""
Form = dict[str, Any]
Keep = Callable[[Session, Form], None]


def settled(session: Session, questions: Questions, keep: Keep | None = None) -> Form:
    """The form once nothing stands against it; what would happen is shown each time.

    Args:
        session: Whose terminal it is.
        questions: Which filled in the form.
        keep: What to do with a form that other words do not mend; a new draft when left out.

    Raises:
        Exit: Something else stands against it; it was kept.
        ProblemError: The node cannot judge it at all; it was kept.
    """
    failure: ProblemError | typer.Exit
    answers: list[dict[str, Any]] = []
    while True:
        try:
            answers = session.door.post("/v1/acts/_explain", questions.form)
            explained(session, answers, quiet=True)
        except ProblemError as error:
            failure, mend = error, questions.mendable(_faulty(error.problem))
        except typer.Exit as refused:
            failure, mend = refused, questions.mendable(_worded(answers))
        else:
            return questions.form
        if not mend or session.given.json:  # a machine reads one answer
            (keep or kept)(session, questions.form)
            raise failure
        if isinstance(failure, ProblemError):
            session.fail(failure)
        questions.again(mend)


def kept(session: Session, form: Form) -> None:
    """Keep the form as a draft and say so; what a draft may not hold either is not kept."""
    try:
        answer = session.door.post("/v1/drafts", form)
    except ProblemError:
        return
    send = command_line("draft", "send", answer["draft"], node=session.given.node)
    line = session.gettext(
        "What you filled in is kept as draft {draft} until {day}. When nothing stands against it: {send}"
    )
    last = day(date.fromisoformat(answer["keep_until"]))
    session.say(line.format(draft=answer["draft"], day=last, send=send), failed=True)


def _worded(answers: Iterable[Mapping[str, Any]]) -> Iterator[int | None]:
    """Where other words are needed, whatever else stands against it: no draft may hold a citizen service number either."""
    for answer in answers:
        yield from (r["item"] for r in answer["refusals"] if r["code"] in _WORDS and not r["identity"])


def _faulty(problem: Mapping[str, Any]) -> Iterator[int | None]:
    """Answers that do not fit the form, such as a text that is too long."""
    places = [str(fault["location"]).removeprefix("body.").split(".") for fault in problem.get("errors", ())]
    for place in places:
        if place[0] == "items" and place[1:2] and place[1].isdecimal() and place[-1] == "value":
            yield int(place[1])
        elif place[0] in _TYPED:
            yield None
