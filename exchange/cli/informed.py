"""What a form says that the person was told (covenant article 10.1): of which recipients, for what, in which interest."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from exchange.cli.session import Session
from exchange.reports import words
from exchange.reports.times import day
from exchange.reports.titles import Titles


def named_to_get_it(form: Mapping[str, Any]) -> list[str]:
    """Short names of the recipients of ``form``; what is written otherwise in a file, the node refuses."""
    listed = form.get("recipients")
    found = [r.get("partner") for r in listed if isinstance(r, dict)] if isinstance(listed, list) else []
    return [partner for partner in found if isinstance(partner, str)]


def of_whom_told(session: Session, form: Mapping[str, Any]) -> None:
    """Show what goes on record of it, before anything is sent: whoever sends, states it."""
    if session.given.json or not isinstance(form.get("notice"), dict):
        return
    if sentence := told_sentence(session, form, session.door.get("/v1/covenant")):
        session.say(sentence)


def told_sentence(session: Session, form: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    """On which day the person was told what; empty when the form says nothing of that."""
    notice, _ = form["notice"], session.gettext
    told_on, told_of = _day(notice.get("given_on")), notice.get("recipients")
    if told_on is None:
        return ""
    titles = Titles.of_covenant(document)
    if not told_of or not isinstance(told_of, list):
        return _("Told on {day}, but not of which recipients.").format(day=day(told_on))
    profile: Mapping[str, Any] = next((p for p in document.get("profiles", ()) if p["code"] == form.get("profile")), {})
    purpose = form.get("purpose") or profile.get("purpose")
    interest = notice.get("interest") or form.get("support_rationale") or _approved(form, profile)
    sentence = _("On record goes: this person was told on {day} that this goes to {recipients}.").format(
        day=day(told_on), recipients=words.listed([titles.of_partner(str(slug)) for slug in told_of], _)
    )
    if purpose:
        sentence += " " + _("Purpose: {purpose}.").format(purpose=titles.of(str(purpose)))
    if interest:
        sentence += " " + _("Interest: {interest}").format(interest=interest)
    return sentence


def _approved(form: Mapping[str, Any], profile: Mapping[str, Any]) -> str:
    """On a profile, why it is needed is why the person has an interest in it; the node records the same."""
    return str(((form.get("weighing") or {}).get("necessity") or profile["necessity"]) if profile else "")


def _day(value: object) -> date | None:
    """A day as an option or the node gives it."""
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None
