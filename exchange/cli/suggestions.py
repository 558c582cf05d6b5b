"""``--suggest``: what the covenant lets this partner fill in, in words: recipients, bases, fields and grounds."""

from __future__ import annotations

from typing import Any

from exchange.cli.session import Session
from exchange.reports.titles import Titles


def show(session: Session, kind: str, subject: object, purpose: str | None) -> None:
    """Ask the node and show it: the sender's own side, then a table per recipient."""
    asked = {"kind": kind} | ({"subject": subject} if subject else {}) | ({"purpose": purpose} if purpose else {})
    answer = session.door.post("/v1/acts/_suggest", asked)
    session.show(answer, lambda: _human(session, answer))


def _human(session: Session, answer: dict[str, Any]) -> None:
    _ = session.gettext
    covenant = session.door.get("/v1/covenant")
    titles = Titles.of_covenant(covenant)
    connected = {partner["slug"] for partner in covenant["partners"] if partner["participation"] == "connected"}
    if answer["restricted"]:
        session.say(_("Everything about this person may only be stored: nothing goes (R18)."), "yellow")
    needs = [
        text
        for wanted, text in ((answer["notice"], _("telling the person first")), (answer["weighing"], _("a weighing")))
        if wanted
    ]
    session.facts(
        [
            (_("Profiles"), _codes(titles, answer["profiles"])),
            (_("Your own tasks"), _codes(titles, answer["tasks"])),
            (_("Your own legal bases"), _codes(titles, answer["bases"])),
            (_("Scope"), _codes(titles, answer["contexts"])),
            (_("Kinds of signal"), ", ".join(f"{titles.of_signal_kind(c)} ({c})" for c in answer["signal_kinds"])),
            (_("Needs"), ", ".join(needs)),
            (_("Was told of"), ", ".join(titles.of_partner(slug) for slug in answer["told"])),
        ]
    )
    for way in answer["ways"]:
        _way(session, titles, way)
        if way["recipient"] not in connected:
            told = _("It takes part on paper: tell it another way, and record that with --channel and --occurred-on.")
            session.say("  " + told, "yellow")
    if not answer["ways"]:
        session.say(_("For this purpose nothing about a person goes to anybody."))


def _way(session: Session, titles: Titles, way: dict[str, Any]) -> None:
    _ = session.gettext
    rows = [
        (
            titles.of(offer["category"]),
            ", ".join(f"{offer['category']}:{field}" for field in offer["fields"]),
            _when(session, offer),
        )
        for offer in way["offers"]
    ]
    title = _("To {partner}, for {purpose}").format(
        partner=titles.of_partner(way["recipient"]), purpose=titles.of(way["purpose"])
    )
    session.table([_("What"), _("As typed"), _("When")], rows, title=title)
    session.say("  " + _("Its legal bases: {bases}.").format(bases=", ".join(way["bases"])), "dim")
    if way["decision"]:
        session.say("  " + _("Only under a registered decision of the police: exchange decision list"), "yellow")


def _when(session: Session, offer: dict[str, Any]) -> str:
    """For which task, or on which ground, in one cell."""
    _ = session.gettext
    said = [_("for {tasks}").format(tasks=", ".join(offer["tasks"]))] if offer["tasks"] else []
    said += [
        _("on {ground}, for {tasks}").format(
            ground=" + ".join(filter(None, (lift["ground"], lift["beside"]))), tasks=", ".join(lift["tasks"])
        )
        for lift in offer["lifts"]
    ]
    if offer["police"]:
        said.append(_("when it came from the police under a decision"))
    if offer["secrecy"]:
        said.append(_("and say what lifts professional secrecy"))
    return "; ".join(said)


def _codes(titles: Titles, codes: list[str]) -> str:
    return ", ".join(f"{titles.of(code)} ({code})" for code in codes)
