"""What a message says of itself, for whoever receives it: grounds, weighing, notice, secrecy, and the decision of the police."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from exchange.domain.vocabulary import INFORM_EXCEPTIONS, WPG_GOALS
from exchange.i18n import Translate
from exchange.reports import words
from exchange.reports.times import day
from exchange.reports.titles import Titles

Facts = Iterator[tuple[str, object]]


def statement_facts(statement: Mapping[str, Any], _: Translate, titles: Titles, *, police: bool) -> Facts:
    """Names and values of the accountability part of a message, in the order in which it is weighed.

    Args:
        statement: As the node shows it; what is not there is not said.
        _: The reader's language.
        titles: What the covenant calls its codes.
        police: The giver keeps its records under the Wpg: then the decision is its ground, and not AVG 6 (Wpg 16-20).
    """
    wpg = statement.get("wpg") or {}
    basis = wpg.get("ground") if police else None
    for name, ground, task in (
        (_("Ground of the giver"), basis or statement.get("sender_basis"), statement.get("sender_task")),
        (_("Ground of the recipient"), statement.get("recipient_basis"), statement.get("recipient_task")),
    ):
        yield name, ", ".join(titles.of(str(code)) for code in (ground, task) if code)
    for name, codes in (
        (_("Exception for special data"), [statement.get("special_exception")]),
        (_("Ground for criminal data"), [statement.get("criminal_ground")]),
        (_("Stated to be met"), statement.get("stated") or []),
    ):
        yield name, "; ".join(titles.of(str(code)) for code in codes if code)
    yield from _weighing(statement.get("weighing") or {}, _)
    yield from _notice(statement.get("notice") or {}, _, titles)
    secrecy = statement.get("secrecy") or {}
    if secrecy.get("applies"):
        lifted = "; ".join(filter(None, (secrecy.get("regime"), secrecy.get("ground"), secrecy.get("motivation"))))
        yield _("Professional secrecy"), lifted
    if wpg:
        yield from _decision(wpg, _, titles)
    if danger := (statement.get("emergency") or {}).get("danger"):
        yield _("Acute danger"), danger


def police_lines(items: list[dict[str, Any]], _: Translate, titles: Titles) -> list[str]:
    """One line for every item that is police data: the recipient is bound to secrecy (Wpg 7(2))."""
    line = _("Police data of {partner} ({field}): secret, not to be passed on without consent (Wpg 7(2)).")
    return [
        line.format(
            partner=titles.of_partner(item["police_source"]), field=titles.of_field(item["category"], item["field"])
        )
        for item in items
        if item.get("police_source")
    ]


def _weighing(weighing: Mapping[str, Any], _: Translate) -> Facts:
    yield _("Necessity"), weighing.get("necessity")
    yield _("Proportionality"), weighing.get("proportionality")
    yield _("Subsidiarity"), weighing.get("subsidiarity")


def _notice(notice: Mapping[str, Any], _: Translate, titles: Titles) -> Facts:
    """Covenant 10.1: when the person was told of whom, or why not."""
    if notice.get("given_on"):
        named = [titles.of_partner(slug) for slug in notice.get("recipients") or ()]
        told = _day(notice["given_on"])
        if named:
            told = _("on {day}, that it goes to {recipients}").format(day=told, recipients=words.listed(named, _))
        yield _("Told"), told
    if notice.get("exception"):
        ground = INFORM_EXCEPTIONS.get(notice["exception"], notice["exception"])
        sentence = _("{ground}; to be reviewed on {day} at the latest") if notice.get("review_on") else "{ground}"
        yield _("Not told"), sentence.format(ground=ground, day=_day(notice.get("review_on")))


def _decision(wpg: Mapping[str, Any], _: Translate, titles: Titles) -> Facts:
    """Wpg 20(2): ground, goal, interest, recipients, data and conditions stand in the decision."""
    yield _("Decision under the Wpg"), f"{wpg['reference']}: {titles.of(wpg['ground'])}"
    yield _("Goal of the decision"), WPG_GOALS.get(wpg["goal"], wpg["goal"])
    yield _("Weighty interest"), wpg.get("interest")
    data = [titles.of(code) for code in wpg.get("categories") or ()]
    data += [words.listed(list(wpg["fields"]), _)] if wpg.get("fields") else []
    yield _("Data of the decision"), "; ".join(data)
    yield _("Recipients of the decision"), ", ".join(titles.of_partner(slug) for slug in wpg.get("recipients") or ())
    yield _("Competent authority"), _("agreed") if wpg.get("authority_agreed") else _("agreement not recorded")
    yield _("Decision valid until"), _day(wpg.get("valid_until"))


def _day(value: object) -> str:
    return day(date.fromisoformat(str(value))) if value else ""
