"""Scenario 1: a hoarding house at Fictielaan 12, Zuidwolde. Every person, street number and organisation number is invented.

Jelle Verzonnen (61) rents from Actium; his house is full, neighbours complain. Actium signals and discloses to Welzijn and the
municipality. Welzijn learns how he is; the municipality may know that, the landlord may not. The police has no part in it.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from rich.table import Table

from exchange.demo import burglar
from exchange.demo.eavesdropper import Eavesdropper
from exchange.demo.stage import PARTNERS, Narrator, Stage
from exchange.domain.retention import local_day
from exchange.i18n import N_
from exchange.node.forms import WhoKnows
from exchange.reports.matrix import matrix
from exchange.reports.titles import Titles

JELLE: Final = {
    "given_names": "Jelle",
    "family_name": "Verzonnen",
    "birth_date": "1964-11-05",
    "postcode": "7921 ZZ",
    "house_number": "12",
    "safe_contact": "Bel overdag; niet via de buren.",
}
CASE: Final = "6f1a0c52-7a0e-4f6e-9d7b-2d1c3b4a5e60"
PROBLEM: Final = "De stank trekt door het trapportaal; vier huishoudens klagen."
HOUSE: Final = [
    {
        "category": "HUISVESTING",
        "field": "staat-woning",
        "value": "De woning staat vol spullen; looppaden geblokkeerd.",
    },
    {"category": "OVERLAST", "field": "aantal-meldingen", "value": "3"},
    {"category": "OVERLAST", "field": "aard-overlast", "value": "Stank, gemeld door omwonenden."},
]
HEALTH: Final = [{"category": "GEZONDHEID", "field": "situatie", "value": "Vertelt dat hij somber is en hulp wil."}]
WEIGHING: Final = {
    "necessity": "Zonder hulp verergert de situatie en raken buren betrokken.",
    "proportionality": "Alleen wat over de woning gaat, aan wie helpt.",
    "subsidiarity": "Een gesprek en een brief hielpen niet.",
}
TO_WELZIJN: Final = {"partner": "welzijn", "basis": "A6_1_f", "task": "maatschappelijk-werk"}
TO_GEMEENTE: Final = {"partner": "gemeente", "basis": "A6_1_e", "task": "wmo"}
_KINDS: Final = {"signal": N_("signal"), "disclosure": N_("disclosure")}
TERM: Final = timedelta(days=44)
"""A signal is kept six weeks after it came in; two days more is past the end of that day anywhere."""


async def play(stage: Stage, language: str) -> None:
    """The whole scenario; raises DemoError at the first expectation that fails."""
    say = stage.narrator
    say.chapter(N_("1. Four organisations found an exchange"))
    say.say(N_("Each made its own keys; nobody else has them. All four roots signed the same covenant."))
    say.say(N_("They read its fingerprint to each other: {fingerprint}"), fingerprint=stage.fingerprint)
    for slug in PARTNERS:
        await stage.start(slug)
    for slug in PARTNERS:
        await stage.until(slug, "/status", _ready, N_("Every node has the prekeys of every other."))
    say.expect(True, N_("Four nodes run, each with its own log and vault; a real broker carries only ciphertext."))
    jelle = await _signal(stage)
    await _disclose(stage, jelle)
    await _health(stage)
    await _police(stage)
    await _follow_up(stage)
    await _who_knows(stage, jelle)
    await _erase(stage, jelle)
    await _logs(stage)
    await _matrix(stage, language)
    await _burglary(stage)


def _ready(status: dict[str, Any]) -> bool:
    return all(pair["prekeys_until"] for pair in status["pairs"])


async def _signal(stage: Stage) -> str:
    say, actium = stage.narrator, stage.offices["actium"]
    say.chapter(N_("2. A signal: Actium visits Fictielaan 12"))
    found = await actium.call("POST", "/subjects", JELLE)
    jelle = str(found["subject"])
    say.say(N_("Jelle Verzonnen (invented) is told beforehand with whom his data will be shared. He agrees to talk."))
    await _case(stage, jelle)
    await stage.stop("welzijn")
    say.say(N_("Welzijn's node happens to be off. Actium sends the signal all the same."))
    form = {**_about(jelle), "kind": "signal", "signal_kind": "VERVUILING", "recipients": [TO_WELZIJN, TO_GEMEENTE]}
    form["support_rationale"] = "Bewoner is gebaat bij hulp bij opruimen en bij de financiën."
    act = await actium.call("POST", "/acts", form)
    path = f"/acts/{act['act']}"
    answer = await stage.until("actium", path, lambda a: _state(a, "gemeente") == "receipted", N_("A receipt comes."))
    say.expect(_state(answer, "gemeente") == "receipted", N_("The municipality's signed receipt is in Actium's log."))
    answer = await stage.until(
        "actium", path, lambda a: _state(a, "welzijn") == "sent", N_("The frame is at the broker.")
    )
    say.expect(_state(answer, "welzijn") == "sent", N_("The message to Welzijn waits at the broker; nothing is lost."))
    await _copy_a_frame(stage)
    await stage.start("welzijn")
    answer = await actium.call("GET", f"{path}?waitS=30")
    say.expect(_state(answer, "welzijn") == "receipted", N_("Welzijn's node is back and receipts the signal, once."))
    return jelle


async def _case(stage: Stage, jelle: str) -> None:
    """Actium opens a case; who needs to know is told of it, and one worker at each takes it up."""
    say, actium = stage.narrator, stage.offices["actium"]
    form = {"case": CASE, "problem": PROBLEM, "main_subject": jelle, "partners": ["gemeente", "welzijn"]}
    await actium.call("POST", "/cases", form)
    for slug in ("gemeente", "welzijn"):
        await stage.until(slug, "/cases", bool, N_("The partners in scope hear of the case."))
        me = (await stage.offices[slug].call("GET", "/me"))[0]["actor"]
        await stage.offices[slug].call("POST", f"/cases/{CASE}/circle", {"actor": me})
    say.expect(
        await stage.offices["politie"].call("GET", "/cases") == [],
        N_("Actium opens a case with the municipality and Welzijn in scope; the police does not know it exists."),
    )


async def _copy_a_frame(stage: Stage) -> None:
    """Somebody at the broker copies the ciphertext, and even delivers it to the police."""
    eavesdropper = Eavesdropper(f"nats://127.0.0.1:{stage.port}", stage.home / "broker", stage.signed)
    frames = await eavesdropper.copy("welzijn")
    stage.narrator.expect(
        frames,
        N_("Somebody who controls the broker copies the frame: {count} bytes of ciphertext."),
        count=len(frames[0]) if frames else 0,
    )
    (stage.home / "copied.frame").write_bytes(frames[0])
    await eavesdropper.redirect("welzijn", "politie")
    await stage.until("politie", "/parked", bool, N_("The copied frame arrives at the police."))
    await eavesdropper.stop_redirecting("politie")


async def _disclose(stage: Stage, jelle: str) -> None:
    say, actium = stage.narrator, stage.offices["actium"]
    say.chapter(N_("3. A disclosure, with purpose, ground and weighing"))
    form = {**_about(jelle), "recipients": [TO_WELZIJN, TO_GEMEENTE], "external_reference": "ACT-2026-0412"}
    bad = {**form, "items": [{**HOUSE[0], "value": "BSN 9999 93 653"}]}
    refused = await actium.call("POST", "/acts", bad, status=422)
    codes = {r["code"] for r in refused["refusals"]}
    say.expect("R02" in codes, N_("With a citizen service number in the text the node refuses: R02 (UAVG 46)."))
    act = await actium.call("POST", "/acts", form)
    answer = await actium.call("GET", f"/acts/{act['act']}?waitS=30")
    states = {m["partner"]: m["state"] for m in answer["messages"]}
    say.expect(set(states.values()) == {"receipted"}, N_("Both recipients stored three items and signed for them."))


async def _health(stage: Stage) -> None:
    say, welzijn = stage.narrator, stage.offices["welzijn"]
    say.chapter(N_("4. Welzijn learns that he is depressed"))
    unmatched = await welzijn.call("GET", "/subjects/unmatched")
    subject = str(unmatched[0]["subject"])
    say.expect(
        len(unmatched) == 1, N_("At Welzijn one person is unmatched: the one Actium means. A worker recognises him.")
    )
    secrecy = {"applies": True, "regime": "BEROEPSCODE", "ground": "TOESTEMMING", "motivation": "Hij vraagt erom."}
    notice = {"reference": "gesprek-2", "given_on": _today(), "mode": "GESPREK", "recipients": ["gemeente", "actium"]}
    own = {"basis": "A6_1_f", "task": "maatschappelijk-werk", "context": "ONDERSTEUNING", "items": HEALTH}
    form = {**_about(subject), **own, "secrecy": secrecy, "notice": notice}
    to_gemeente = {**TO_GEMEENTE, "special_exception": "UAVG_30_1_a"}
    act = await welzijn.call("POST", "/acts", {**form, "recipients": [to_gemeente]})
    answer = await welzijn.call("GET", f"/acts/{act['act']}?waitS=30")
    say.expect(
        _state(answer, "gemeente") == "receipted",
        N_("To the municipality (Wmo, bound to secrecy): allowed, receipted."),
    )
    to_actium = {"partner": "actium", "basis": "A6_1_f", "task": "leefbaarheid", "special_exception": "UAVG_30_1_a"}
    refused = await welzijn.call("POST", "/acts", {**form, "recipients": [to_actium]}, status=403)
    reasons = {r["code"]: r for r in refused["refusals"]}
    say.expect("R05" in reasons, N_("To the landlord: refused, R05. The node says why:"))
    say.say("“{text}”", text=reasons["R05"]["text"])


async def _police(stage: Stage) -> None:
    say, police = stage.narrator, stage.offices["politie"]
    say.chapter(N_("5. The police is out of scope"))
    say.expect(await police.call("GET", "/inbox") == [], N_("Nothing was sent to the police, and its inbox is empty."))
    parked = await stage.until("politie", "/parked", bool, N_("The copied frame arrives at the police."))
    say.expect(
        [p["reason"] for p in parked] == ["kid-unknown"],
        N_("The copy that the broker pushed to it cannot be opened there: parked as «kid-unknown», no loop."),
    )


async def _follow_up(stage: Stage) -> None:
    say, welzijn = stage.narrator, stage.offices["welzijn"]
    say.chapter(N_("6. Somebody acts on it"))
    inbox = await welzijn.call("GET", "/inbox")
    signal = next(row for row in inbox if row["kind"] == "signal")
    read = await welzijn.call("GET", f"/inbox/{signal['message']}")
    text = next(item["value"] for item in read["items"] if item["category"] == "HUISVESTING")
    say.expect(
        text == HOUSE[0]["value"],
        N_("A worker of Welzijn reads the signal; the reading itself is now in Welzijn's log."),
    )
    await welzijn.call(
        "POST", f"/inbox/{signal['message']}/replies", {"state": "taken-up", "text": "Huisbezoek gepland."}
    )
    sent = await stage.until(
        "actium", f"/inbox/{signal['message']}", lambda a: a["replies"], N_("Actium hears that it was taken up.")
    )
    say.expect(sent["replies"][0]["state"] == "taken-up", N_("Actium knows, signed, that it was taken up."))


async def _who_knows(stage: Stage, jelle: str) -> None:
    say, actium = stage.narrator, stage.offices["actium"]
    say.chapter(N_("7. Jelle asks Actium: who knows what about me?"))
    answer = await actium.call("POST", "/who-knows", {"subject": jelle})
    _table(say, answer, await _titles(stage))
    named = {item["partner"] for item in answer["items"]} == {"gemeente", "welzijn"}
    categories = {item["category"] for item in answer["items"]}
    say.expect(named, N_("Named recipients: the municipality and Welzijn, with dates and receipts."))
    say.expect(
        "GEZONDHEID" not in categories, N_("Of his health Actium knows nothing, so the answer does not mention it.")
    )


def _table(say: Narrator, answer: dict[str, Any], titles: Titles) -> None:
    """One line per partner and category, as a person reads it; the CLI and the printed page show every item."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 2))
    for title in (N_("who"), N_("what"), N_("how"), N_("when"), N_("receipt"), N_("keep until")):
        table.add_column(say.translate(title), no_wrap=True)
    rows = {}
    for item in answer["items"]:
        rows[item["partner"], item["category"], item["kind"], item["erased_at"] is None] = (
            PARTNERS[item["partner"]],
            titles.of(item["category"]),
            say.translate(_KINDS[item["kind"]]),
            _local_day(item["at"]),
            say.translate(N_("signed")) if item["receipt"] == "receipted" else item["receipt"],
            _until(say, item),
        )
    for row in rows.values():
        table.add_row(*row)
    say.console.print(table)


def _until(say: Narrator, item: dict[str, Any]) -> str:
    if item["erased_at"]:
        return say.translate(N_("erased on {day}")).format(day=_local_day(item["erased_at"]))
    return f"{date.fromisoformat(item['keep_until']):%d-%m-%Y}" if item["keep_until"] else ""


def _local_day(moment: str) -> str:
    return f"{local_day(datetime.fromisoformat(moment)):%d-%m-%Y}"


async def _erase(stage: Stage, jelle: str) -> None:
    say = stage.narrator
    say.chapter(N_("8. Six weeks later"))
    rule = ""
    for slug in ("actium", "welzijn", "gemeente"):
        rules = await stage.offices[slug].call("GET", "/retention/rules")
        rule = next(r["rule"] for r in rules if r["retention"] == "r01")
        await stage.offices[slug].call("POST", f"/retention/rules/{rule}/confirm")
    say.say(N_("The privacy officers confirmed their own term for signals; a proposed term destroys nothing."))
    moment = datetime.now(UTC) + TERM
    for slug in PARTNERS:
        await stage.offices[slug].call("POST", "/clock", {"moment": f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"})
    say.say(N_("All clocks are set to {day} (only a demonstration can do that)."), day=f"{moment:%d-%m-%Y}")
    await stage.until(
        "actium", "/status", lambda s: s["clock"] == "trusted", N_("The partners vouch for the new time.")
    )
    await stage.until("actium", "/status", lambda s: s["due"] == 0, N_("The node destroys what is over by itself."))
    answer = await stage.offices["actium"].call("POST", "/who-knows", {"subject": jelle})
    erased = [i for i in answer["items"] if i["kind"] == "signal"]
    say.expect(
        erased and all(i["erased_at"] for i in erased),
        N_("The signal's items read: erased on {day} under rule {rule}."),
        day=_local_day(erased[0]["erased_at"]),
        rule=erased[0]["erased_rule"],
    )
    _table(say, answer, await _titles(stage))
    kept = [i for i in answer["items"] if i["kind"] == "disclosure"]
    say.expect(
        kept and not any(i["erased_at"] for i in kept), N_("The disclosure has another term and is still there.")
    )


async def _logs(stage: Stage) -> None:
    say = stage.narrator
    say.chapter(N_("9. An auditor reads all four logs"))
    for slug, name in PARTNERS.items():
        verified = (await stage.offices[slug].lines("/log/_verify"))[-1]["answer"]
        replayed = (await stage.offices[slug].lines("/log/_replay"))[-1]["answer"]
        say.expect(
            verified["ok"] and replayed["ok"],
            N_(
                "{name}: {entries} entries, {signatures} signatures, {parts} parts ({erased} erased) verify; replay agrees."
            ),
            name=name,
            entries=verified["entries"],
            signatures=verified["signatures"],
            parts=verified["parts"],
            erased=verified["erased"],
        )


async def _matrix(stage: Stage, language: str) -> None:
    say = stage.narrator
    say.chapter(N_("10. Who knows what"))
    answers = []
    for slug, name in PARTNERS.items():
        answer = await stage.offices[slug].call("POST", "/who-knows", {"case": CASE})
        for item in answer["items"]:
            item["partner_name"] = PARTNERS[item["partner"]]
        answers.append(WhoKnows.model_validate({**answer, "partner_name": name}))
    grid = matrix(answers, await _titles(stage))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 2))
    for title in ("", *(name for _, name in grid.partners)):
        table.add_column(title)
    for row in grid.rows(language):
        table.add_row(*row)
    say.console.print(table)


async def _titles(stage: Stage) -> Titles:
    return Titles.of_covenant(await stage.offices["actium"].call("GET", "/covenant"))


async def _burglary(stage: Stage) -> None:
    """After all nodes stopped: every key in the police's vault, tried on the copied frame."""
    say = stage.narrator
    say.chapter(N_("11. The police's own keys, all of them, on the copied frame"))
    for slug in PARTNERS:
        await stage.stop(slug)
    tries = await asyncio.to_thread(burglar.try_every_key, stage, "politie")
    say.expect(tries > 0, N_("{count} keys tried, none opens it."), count=tries)
    say.chapter(N_("12. Actium's files and its passphrase, in the wrong hands"))
    gone = await asyncio.to_thread(burglar.look_for_what_was_erased, stage, "actium")
    say.expect(
        gone.keys and gone.parts and not gone.left,
        N_("Of what Actium erased, {keys} keys and {parts} ciphertexts were sought in its files: none is there."),
        keys=gone.keys,
        parts=gone.parts,
    )


def _about(subject: str) -> dict[str, Any]:
    return {
        "subject": subject,
        "case": CASE,
        "items": HOUSE,
        "purpose": "P0_ONDERSTEUNING",
        "context": "SIGNALERING",
        "basis": "A6_1_f",
        "task": "verhuur",
        "weighing": WEIGHING,
        "notice": {
            "reference": "huisbezoek-1",
            "given_on": _today(),
            "mode": "HUISBEZOEK",
            "recipients": ["gemeente", "welzijn"],
        },
    }


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _state(act: dict[str, Any], partner: str) -> str:
    return next(str(m["state"]) for m in act["messages"] if m["partner"] == partner)
