"""Who may get what, as the law and the visibility matrix say; written down apart from the covenant file and the gates.

    stands_against(Sent(...))        every code that the table, the fields and the law hold against one item on its way

This is the other opinion in the acceptance tests: it shares no line, no table and no file with what it judges. It says "no" of
what must not leave; whether something lawful is let through is for the matrix test, which asks both ways.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

PARTNERS = ("gemeente", "politie", "actium", "welzijn")
PUBLIC = {"gemeente", "politie"}
TASKS = {
    "gemeente": ("wmo", "jeugd", "schuldhulp", "openbare-orde"),
    "politie": ("handhaving", "hulpverlening"),
    "actium": ("leefbaarheid", "verhuur"),
    "welzijn": ("maatschappelijk-werk",),
}
BOUND_TO_SECRECY = {("gemeente", "wmo"), ("gemeente", "jeugd"), ("welzijn", "maatschappelijk-werk")}

CONSENT = "UAVG_22_2_a|UAVG_22_2_b|UAVG_22_2_d|UAVG_22_2_e"
"""Explicit consent, vital interest, made public by the person, a legal claim."""
_TABLE = f"""
IDENTIFICATIE             yes                       yes                    yes             yes
CONTACT                   yes                       yes                    yes             yes
HUISVESTING               yes                       yes                    yes             yes
OVERLAST                  yes                       yes                    yes             yes
LEEFBAARHEID              yes                       yes                    yes             yes
HUISHOUDEN_NETWERK        yes                       no                     no              yes
WERK_INKOMEN              yes                       no                     no              yes
ONDERWIJS                 yes                       no                     no              yes
DAGBESTEDING              yes                       no                     no              yes
FINANCIEN_SCHULDEN        yes                       no                     EIGEN_HUURDER   yes
WELZIJN_HULPVERLENING     yes                       VEILIGHEID_IN_GEDING   {CONSENT}       yes
GEZONDHEID                UAVG_30_1_a|UAVG_30_3_a|UAVG_22_2_a|UAVG_22_2_b  UAVG_22_2_b|WPG_5  {CONSENT}  UAVG_30_3_a|UAVG_22_2_a|UAVG_22_2_b
VERSLAVING                UAVG_30_1_a|UAVG_30_3_a|UAVG_22_2_a|UAVG_22_2_b  UAVG_22_2_b|WPG_5  {CONSENT}  UAVG_30_3_a|UAVG_22_2_a|UAVG_22_2_b
RAS                       no                        no                     no              UAVG_22_2_a
GODSDIENST                no                        no                     no              UAVG_22_2_a
POLITIEK                  no                        no                     no              UAVG_22_2_a
VAKBOND                   no                        no                     no              UAVG_22_2_a
SEKSUEEL                  no                        no                     no              UAVG_22_2_a
GENETISCH                 no                        no                     no              UAVG_22_2_a
BIOMETRISCH               no                        no                     no              UAVG_22_2_a
STRAFRECHTELIJK           wpg                       yes                    wpg             wpg|UAVG_33_1_c
HINDERLIJK_GEDRAG_VERBOD  wpg|BESLUIT_BURGEMEESTER  yes                    wpg             wpg
BSN                       no                        no                     no              no
"""  # noqa: E501 - a table

Matrix = Mapping[tuple[str, str], frozenset[str]]
MATRIX: Matrix = {
    (row[0], partner): frozenset(cell.split("|"))
    for row in (line.split() for line in _TABLE.strip().splitlines())
    for partner, cell in zip(PARTNERS, row[1:], strict=True)
}
"""(category, recipient) -> what opens it: ``yes``, ``no``, provenance under the Wpg, or one of the grounds that are named."""
CATEGORIES = tuple(dict.fromkeys(category for category, _ in MATRIX))
SPECIAL = {
    "GEZONDHEID",
    "VERSLAVING",
    "RAS",
    "GODSDIENST",
    "POLITIEK",
    "VAKBOND",
    "SEKSUEEL",
    "GENETISCH",
    "BIOMETRISCH",
}
CRIMINAL = {"STRAFRECHTELIJK", "HINDERLIJK_GEDRAG_VERBOD"}
UNDER_SECRECY = {"GEZONDHEID", "VERSLAVING"}
FIELDS: Mapping[str, tuple[str, ...]] = {
    "IDENTIFICATIE": ("naam", "geboortedatum"),
    "CONTACT": ("adres", "telefoon", "e-mail", "veilig-contact"),
    "HUISHOUDEN_NETWERK": ("samenstelling", "steunpersoon"),
    "HUISVESTING": ("staat-woning", "bewoning", "toelichting"),
    "OVERLAST": ("aantal-meldingen", "data-meldingen", "aard-overlast", "toelichting"),
    "LEEFBAARHEID": ("omschrijving",),
    "FINANCIEN_SCHULDEN": ("huurachterstand", "betalingsregeling", "schuldhulp"),
    "WERK_INKOMEN": ("werk", "inkomen"),
    "ONDERWIJS": ("schoolgang",),
    "DAGBESTEDING": ("dagbesteding",),
    "WELZIJN_HULPVERLENING": ("hulpvraag", "ingezette-hulp", "toelichting"),
    "GEZONDHEID": ("situatie", "beperkingen", "zorgbehoefte"),
    "VERSLAVING": ("situatie", "zorgbehoefte"),
    "STRAFRECHTELIJK": ("aantal-incidenten", "data-incidenten", "aard-incidenten"),
    "HINDERLIJK_GEDRAG_VERBOD": ("verbod", "naleving"),
    **dict.fromkeys(SPECIAL - UNDER_SECRECY, ("omstandigheid",)),
    "BSN": (),
}
"""What the purpose needs of each category. Possession of drugs is in none of them."""
NOT_FROM = {"WERK_INKOMEN": {"politie", "actium"}, "GEZONDHEID": {"actium"}, "VERSLAVING": {"actium"}}
"""A landlord passes on neither health nor income; the police no income."""
NEVER_AS_SIGNAL = SPECIAL | CRIMINAL | {"WERK_INKOMEN"}
SIGNALS = {"WOONOVERLAST", "BURENCONFLICT", "EENZAAMHEID", "ZORG_OM_PERSOON", "FINANCIELE_ZORG", "LEEFBAARHEID",
           "VERVUILING", "JEUGDOVERLAST", "ONVEILIGHEID", "BUURTINITIATIEF"}  # fmt: skip
FOR_AN_AREA = {"LEEFBAARHEID", "VERVUILING", "JEUGDOVERLAST", "ONVEILIGHEID", "BUURTINITIATIEF"}
OF_AN_AREA = {("OVERLAST", "aantal-meldingen"), ("OVERLAST", "data-meldingen"), ("OVERLAST", "aard-overlast"),
              ("LEEFBAARHEID", "omschrijving")}  # fmt: skip
CONTEXTS = {"PREVENTIE", "SIGNALERING", "ONDERSTEUNING", "GEBIEDS_PROBLEEMANALYSE", "CASUS"}
BASES = {"A6_1_a", "A6_1_b", "A6_1_c", "A6_1_d", "A6_1_e", "A6_1_f"}
NOT_INFORMED = {*(f"UAVG_41_1_{x}" for x in "abcdefghij"), *(f"AVG_14_5_{x}" for x in "abcd"),
                *(f"WPG_27_1_{x}" for x in "abcdef")}  # fmt: skip
FOR_ANYBODY = {"WPG_18_1", "WPG_18_2", "WPG_19", "WPG_20_1"}
DECISIONS = {"gemeente": FOR_ANYBODY | {"WPG_16_1_b_1", "WPG_16_1_b_2"}, "actium": FOR_ANYBODY, "welzijn": FOR_ANYBODY}
"""Wpg 16(1)(b) is the mayor's; corporations and foundations get police data under 18, 19, 20; the WGS (20(3)) does not apply."""
A_QUARTER = timedelta(weeks=13)
"""The longest that an exception goes without a review."""
WITH_AUTHORITY = {"WPG_19", "WPG_20_1"}
SERVICE_NUMBERS = ("999990342", "999993653", "111222333")
"""The only ones the tests type; all are nobody's."""
MADE_GOOD_LATER = {"R12", "R14", "R15", "R33"}
"""What acute danger turns into a duty."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One item on its way to one partner, with everything that went along."""

    sender: str
    recipient: str
    kind: str
    """``signal`` or ``disclosure``."""
    on: date
    statement: dict[str, Any]
    item: dict[str, Any]
    beside: tuple[dict[str, Any], ...] = ()
    """Every item of the message, this one among them."""
    matrix: Matrix = field(default_factory=lambda: MATRIX)


def stands_against(sent: Sent) -> set[str]:
    """Every code against it."""
    found = {*_message(sent), *(code for fact in _facts(sent.item) for code in _item(sent, fact))}
    return found - MADE_GOOD_LATER if _acute(sent) else found


def beside_care(sender: str, recipient: str, statement: Mapping[str, Any]) -> bool:
    """UAVG 33(1)(c): criminal data beside health data for care (30(3)(a)), from one bound to secrecy to another (30(4))."""
    both = {(sender, statement["sender_task"]), (recipient, statement["recipient_task"])}
    return statement.get("special_exception") == "UAVG_30_3_a" and both <= BOUND_TO_SECRECY


def holds_service_number(*texts: str) -> bool:
    """Whether one of the numbers stands in a text, however it is spelled."""
    digits = ["".join(c for c in unicodedata.normalize("NFKC", text) if c.isdigit()) for text in texts]
    plain = ["".join(str(unicodedata.digit(c)) for c in text) for text in digits]
    return any(number in text for number in SERVICE_NUMBERS for text in plain)


# ---------------------------------------------------------------------------------------- the message


def _message(sent: Sent) -> Iterator[str]:
    s = sent.statement
    if sent.recipient not in PARTNERS or sent.sender not in PARTNERS or sent.sender == sent.recipient:
        yield "R08"
    if (
        s["purpose"] not in {"P0_ONDERSTEUNING", "P1_INZICHT", "P2_BELEID", "P3_EVALUATIE"}
        or s["context"] not in CONTEXTS
    ):
        yield "R04"
    if s["purpose"] in {"P1_INZICHT", "P2_BELEID", "P3_EVALUATIE"}:
        yield "R09"
    if s["sender_task"] not in TASKS[sent.sender] or s["recipient_task"] not in TASKS.get(sent.recipient, ()):
        yield "R07"
    for who, basis in ((sent.sender, s["sender_basis"]), (sent.recipient, s["recipient_basis"])):
        if basis not in BASES or (who in PUBLIC and basis == "A6_1_f"):
            yield "R11"
    if s.get("emergency") is not None and not _acute(sent):
        yield "R35"
    yield from _signal(sent) if sent.kind == "signal" else _disclosure(sent)
    yield from _texts([*_words(s)])


def _signal(sent: Sent) -> Iterator[str]:
    s = sent.statement
    if not s.get("support_rationale", "").strip() or s.get("signal_kind") not in SIGNALS:
        yield "R03"
    said = {(i["category"], i["field"]) for i in sent.beside or (sent.item,) if i.get("identity") is None}
    if s.get("signal_kind") in FOR_AN_AREA and said and said <= OF_AN_AREA:
        yield "R01"


def _disclosure(sent: Sent) -> Iterator[str]:
    weighed, told = sent.statement.get("weighing", {}), sent.statement.get("notice", {})
    if not all(weighed.get(name, "").strip() for name in ("necessity", "proportionality", "subsidiarity")):
        yield "R33"
    day = sent.on.isoformat()
    if told.get("reference") and sent.recipient in told.get("recipients", []) and (told.get("given_on") or day) <= day:
        return
    own_law = sent.sender == "politie" or not (told.get("exception") or "").startswith("WPG")
    if told.get("exception") not in NOT_INFORMED or not own_law or sent.recipient not in told.get("recipients", []):
        yield "R14"
    elif (
        told.get("review_on") is None
        or not day <= told["review_on"] <= (sent.on + A_QUARTER).isoformat()
        or day > (told.get("ends_on") or day)
    ):
        yield "R15"


def _acute(sent: Sent) -> bool:
    danger = sent.statement.get("emergency")
    return danger is not None and bool(danger["danger"].strip()) and sent.statement["sender_basis"] == "A6_1_d"


def _words(value: Any) -> Iterator[str]:
    """Every text in what was sent."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inside in value.items():
            if name not in {"case", "conference", "chair_release", "release_salt", "release_signature", "traceparent",
                            "item", "subject", "mentions", "replaces"}:  # fmt: skip
                yield from _words(inside)
    elif isinstance(value, Iterable):
        for inside in value:
            yield from _words(inside)


def _texts(texts: list[str]) -> Iterator[str]:
    if holds_service_number(*texts):
        yield "R02"
    joined = "\n".join(texts).casefold()
    if any(word in joined for word in ("huren", "huurder")) and any(word in joined for word in ("ja/nee", "stoplicht")):
        yield "R31"


# ---------------------------------------------------------------------------------------- one fact of an item


def _facts(item: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Category and field; an identity tells a name, and perhaps a birth date and an address."""
    yield item["category"], item["field"]
    identity = item.get("identity")
    if identity is not None and identity.get("birth_date"):
        yield "IDENTIFICATIE", "geboortedatum"
    if identity is not None and (identity.get("postcode") or identity.get("house_number")):
        yield "CONTACT", "adres"


def _item(sent: Sent, fact: tuple[str, str]) -> Iterator[str]:
    category, name = fact
    s, item = sent.statement, sent.item
    opens = sent.matrix.get((category, sent.recipient), frozenset({"no"}))
    cited = {s.get("special_exception"), s.get("criminal_ground"), *s.get("stated", [])}
    cited -= set() if beside_care(sent.sender, sent.recipient, s) else {"UAVG_33_1_c"}
    not_theirs = sent.sender in NOT_FROM.get(category, ()) and not _vital(sent, category)
    if category not in CATEGORIES or name not in FIELDS[category] or not_theirs:
        yield "R17"
    if sent.kind == "signal" and category in NEVER_AS_SIGNAL:
        yield "R17"
    police = "politie" in {sent.sender, item.get("origin_partner")} or item.get("origin_regime") == "WPG"
    open_here = "yes" in opens or bool(cited & opens) or ("wpg" in opens and police)
    yield from _closed(sent, category, s.get("special_exception"), open_here=open_here)
    if category in UNDER_SECRECY:
        if sent.recipient == "gemeente" and s["recipient_task"] not in {"wmo", "jeugd"}:
            yield "R07"
        secrecy = s.get("secrecy", {})
        if not (secrecy.get("applies") and secrecy.get("regime") and secrecy.get("ground")):
            yield "R30"
    yield from _police(sent, category, name, police=police)
    if item.get("valid_until") and sent.on.isoformat() > item["valid_until"]:
        yield "R19"
    yield from _texts([*_words(item)])


def _closed(sent: Sent, category: str, exception: str | None, *, open_here: bool) -> Iterator[str]:
    """What stands against a category that is not open to this recipient."""
    opens = sent.matrix.get((category, sent.recipient), frozenset({"no"}))
    if category == "BSN":
        yield "R02"
    elif category in SPECIAL:
        bound = (sent.recipient, sent.statement["recipient_task"]) in BOUND_TO_SECRECY
        lifted = exception in opens or _vital(sent, category)
        if not lifted or ((exception or "").startswith("UAVG_30") and not bound):
            yield "R05"
    elif category in CRIMINAL:
        if not open_here and not _vital(sent, category):
            yield "R06"
    elif not open_here:
        yield "R17"


def _vital(sent: Sent, category: str) -> bool:
    """UAVG 22(2)(b), 32(b): in acute danger the interest that is cited lifts the ban, whoever gives and whoever gets it."""
    cited = {"UAVG_22_2_b": category in SPECIAL, "UAVG_32_b": category in CRIMINAL}
    named = sent.statement.get("special_exception" if category in SPECIAL else "criminal_ground")
    opens = sent.matrix.get((category, sent.recipient), frozenset({"no"}))
    return _acute(sent) and "no" not in opens and cited.get(named or "", False)


def _police(sent: Sent, category: str, name: str, *, police: bool) -> Iterator[str]:
    """Wpg 16-20 of what the police gives; Wpg 7(2) of what others got from it."""
    item, decision = sent.item, sent.statement.get("wpg")
    if sent.sender == "politie":
        if decision is None or not (
            decision["ground"] in DECISIONS.get(sent.recipient, ())
            and decision["goal"] in {"a", "b", "c", "d"}
            and sent.recipient in decision["recipients"]
            and category in decision["categories"]
            and (decision["authority_agreed"] or decision["ground"] not in WITH_AUTHORITY)
            and (decision.get("decided_on") or "") <= sent.on.isoformat() <= decision["valid_until"]
        ):
            yield "R28"
        elif decision.get("fields") is not None and name not in decision["fields"]:
            yield "R17"
    elif (item.get("origin_partner") not in PARTNERS) or (
        police
        and item["origin_partner"] != sent.recipient
        and not (item["origin_partner"] == "politie" and item.get("source_consent") and item.get("onward_ground"))
    ):
        yield "R29"
