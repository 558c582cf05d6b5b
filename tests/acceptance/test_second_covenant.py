"""Another covenant is a file and not code: early signals of arrears, from the text to the last byte. Everybody is invented."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from memory_world import Mallory, MemoryWorld, receipts
from second_covenant import ARREARS, KUNST, PARTNERS, TOML, arrears, outcome
from world import COVENANT, NOWHERE, World, copied

from exchange.domain.compile import draft_covenant
from exchange.domain.covenant import Covenant
from exchange.node import forms as f
from exchange.node.codes import UnknownCodesError
from exchange.node.service import Refused
from exchange.wire import messages as m


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[MemoryWorld]:
    copied(tmp_path / "founded", PARTNERS, NOWHERE, TOML)
    async with MemoryWorld.copied(tmp_path / "founded", tmp_path / "world", PARTNERS) as made:
        yield made


def codes_of(covenant: Covenant) -> set[str]:
    """Every code that the covenant itself chose; what the law and the exchange define is not among them."""
    tables = (covenant.purposes, covenant.contexts, covenant.categories, covenant.grounds, covenant.signal_kinds)
    found = {row.code for table in (*tables, covenant.areas, covenant.retention) for row in table}
    found |= {rule.code for known in covenant.retention for rule in known.rules}
    found |= {field for category in covenant.categories for field in category.fields if field != "toelichting"}
    return found | {p.kind for p in covenant.partners} | {t.code for p in covenant.partners for t in p.statutory_tasks}


def test_it_shares_no_code_with_the_first_covenant() -> None:
    first, second = (draft_covenant(path.read_text(encoding="utf-8"), {}) for path in (COVENANT, TOML))
    assert codes_of(first) & codes_of(second) == set()
    assert "verzonnen" in second.name.casefold()


async def test_it_is_played_from_the_ceremony_to_the_erasure_over_a_real_broker(tmp_path: Path) -> None:
    async with World.founded(tmp_path, PARTNERS, covenant=TOML) as world:
        actium, gemeente = world.nodes["actium"], world.nodes["gemeente"]
        landlord, office = world.actor("actium"), world.actor("gemeente")

        # A signal, with its receipt. Known by name and address, and by nothing else.
        here = await world.person("actium", **KUNST)
        sent = await world.share("actium", arrears(here, feedback_wanted=True))
        assert [(s.state, s.rejected) for s in sent.messages] == [("receipted", {})]
        (there,) = gemeente.ctx.people.unmatched()
        assert (there.identity.family_name, there.identity.house_number) == ("Kunst-Matig", "21")
        assert there.identity.birth_date is None, "the covenant does not name the birth date"
        read = await gemeente.read_message(office, sent.messages[0].message)
        assert [item.value for item in read.items if item.category == "BETAALACHTERSTAND"] == ["840 euro", "2"]

        # The disclosure back, on a ground of this covenant's own.
        told = await world.share("gemeente", outcome(there.handle))
        assert [(s.state, s.rejected) for s in told.messages] == [("receipted", {})]
        inbox = await actium.inbox(landlord)
        assert [(row.sender, row.kind) for row in inbox] == [("gemeente", "disclosure")]
        for slug in ("lichtbron", "zorgvast"):
            assert await world.nodes[slug].inbox(world.actor(slug)) == []

        # Who knows what, at both.
        knows = await gemeente.who_knows(office, f.WhoKnowsQuery(subject=there.handle))
        assert {(i.partner, i.direction, i.category) for i in knows.items} == {
            ("actium", "received", "BETAALACHTERSTAND"), ("actium", "received", "BEREIKBAARHEID"),
            ("actium", "received", "BEKENDMAKING"), ("actium", "sent", "HULPAANBOD"), ("actium", "sent", "BEKENDMAKING"),
        }  # fmt: skip
        knows = await actium.who_knows(landlord, f.WhoKnowsQuery(subject=here))
        assert {i.field for i in knows.items if i.category == "BEKENDMAKING"} == {"contractant+leveradres"}
        received = {i.category for i in knows.items if (i.partner, i.direction) == ("gemeente", "received")}
        assert received == {"HULPAANBOD", "BEKENDMAKING"}

        # Its own terms: four weeks at the municipality for what nobody took up, three months at the landlord.
        rules = {(r.retention, r.period): r.rule for r in await gemeente.retention_rules(office)}
        await gemeente.retention_confirm(office, rules["v10", "P4W"])
        world.clock.forward(days=27)
        due = {until: await gemeente.retention_due(office, until) for until in (None, date(2026, 4, 1))}
        assert [d for d in due[None] if d.rule == "melding-gemeente"] == []
        assert [d for d in due[date(2026, 4, 1)] if d.rule == "melding-gemeente"]
        world.clock.forward(days=2)
        for node in world.nodes.values():
            node.housekeeping.wake()
        await world.until(lambda: gemeente.retention.clock_state() == "trusted")
        await world.until(lambda: gemeente.retention.overdue_count() == 0)
        gone = (await gemeente.who_knows(office, f.WhoKnowsQuery(reference=there.references["actium"]))).items
        assert {i.erased_rule for i in gone if i.direction == "received"} == {"melding-gemeente"}
        assert {i.erased_at for i in gone if i.direction == "sent"} == {None}
        assert {i.value for i in (await gemeente.read_message(office, sent.messages[0].message)).items} == {None}
        kept = (await actium.who_knows(landlord, f.WhoKnowsQuery(subject=here))).items
        assert all(item.erased_at is None for item in kept), "each controller keeps its own terms"

        for slug, node in world.nodes.items():
            verified = [step async for step in node.verify_log(world.actor(slug))][-1]
            assert isinstance(verified, f.VerifyAnswer)
            assert verified.ok, (slug, verified.problem)
            replayed = [step async for step in node.replay_log(world.actor(slug))][-1]
            assert isinstance(replayed, f.ReplayAnswer)
            assert replayed.ok, (slug, replayed.differences)


HEALTH = {"category": "ZORGGEBRUIK", "field": "declaraties", "value": "veel"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"to": "lichtbron"}, "R17"),
        ({"notice": {}}, "R14"),
        ({"items": [*ARREARS, HEALTH]}, "R05"),
        ({"items": [{**ARREARS[0], "field": "besteding"}]}, "R17"),
        ({"items": [{**ARREARS[0], "value": "Hij slikt een medicijn."}]}, "R17"),
        ({"purpose": "TRENDCIJFERS"}, "R09"),
        ({"purpose": "P0_ONDERSTEUNING"}, "R04"),
        ({"context": "SIGNALERING"}, "R04"),
        ({"task": "verhuur"}, "R07"),
        ({"signal_kind": "WOONOVERLAST"}, "R03"),
    ],
    ids=[
        "creditor to creditor", "resident not told", "health", "field nobody needs", "word about health",
        "figures only", "purpose of De Wolden", "context of De Wolden", "task of De Wolden", "kind of De Wolden",
    ],
)  # fmt: skip
async def test_a_creditor_is_refused_by_the_rules_of_this_covenant(
    world: MemoryWorld, changes: dict[str, Any], code: str
) -> None:
    kunst = await world.person("actium", **KUNST)
    with pytest.raises(Refused) as refused:
        await world.share("actium", arrears(kunst, **changes))
    assert code in {r.code for r in refused.value.refusals}
    assert not [frame for frame in world.frames if frame[0] == "actium"], "nothing left the node"


async def test_the_municipality_tells_nothing_without_consent_and_no_word_of_de_wolden_is_known(
    world: MemoryWorld,
) -> None:
    kunst = await world.person("gemeente", **KUNST)
    for without, code in (({"stated": []}, "R17"), ({"secrecy": {}}, "R30")):
        with pytest.raises(Refused) as refused:
            await world.share("gemeente", outcome(kunst, **without))
        assert {r.code for r in refused.value.refusals} == {code}
    house = [{"category": "HUISVESTING", "field": "staat-woning", "value": "Vol."}]
    with pytest.raises(UnknownCodesError):
        await world.share("gemeente", outcome(kunst, items=house))


async def test_the_receiving_node_refuses_what_a_hostile_partner_does_not(world: MemoryWorld) -> None:
    """Each side judges: the sender below skips every check of its own."""
    mallory = Mallory(world, "actium")
    statement = m.Statement(
        purpose="VROEGHULP", context="ACHTERSTANDSMELDING", sender_basis="A6_1_b", sender_task="huurincasso",
        recipient_basis="A6_1_e", recipient_task="vroegsignalering", signal_kind="ACHTERSTAND_HUUR",
        support_rationale="Gebaat bij hulp.",
        notice=m.Notice(reference="brief-1", given_on="2026-02-20", mode="BRIEF", recipients=["gemeente"]),
    ).model_dump(mode="json", exclude_none=True)  # fmt: skip
    lawful = mallory.item(**ARREARS[0])
    born = m.Identity(family_name="Kunst-Matig", birth_date="1979-04-01").model_dump(mode="json", exclude_none=True)
    who = mallory.item(category="BEKENDMAKING", field="contractant", value="", identity=born)
    frame = mallory.frame("gemeente", statement, lawful, mallory.item(**HEALTH), who, kind=m.Kind.SIGNAL)
    await mallory.send("gemeente", frame)
    await world.until(lambda: receipts(world, "gemeente", "actium"))
    ((receipt, _),) = receipts(world, "gemeente", "actium")
    refused = {o.part: set(o.codes) for o in receipt.data.outcomes if not o.accepted}
    assert refused == {2: {"R05", "R17"}, 3: {"R17"}}, "health; and a birth date, which this covenant tells nobody"

    other = {**statement, "recipient_basis": "A6_1_b", "recipient_task": "leveringszekerheid"}
    await mallory.send("lichtbron", mallory.frame("lichtbron", other, lawful, kind=m.Kind.SIGNAL, sequence=1))
    await world.until(lambda: receipts(world, "lichtbron", "actium"))
    ((receipt, _),) = receipts(world, "lichtbron", "actium")
    assert not [o for o in receipt.data.outcomes if o.accepted]


# ---------------------------------------------------------------------------------------- what people read


async def told(*arguments: str) -> str:
    """What a command says in Dutch; it must succeed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "exchange", *arguments, "--lang", "nl",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    return out.decode()


async def test_it_is_checked_shown_and_compared_in_dutch(tmp_path: Path) -> None:
    copied(tmp_path, PARTNERS, NOWHERE, TOML)
    signed = str(tmp_path / "covenant.signed.json")
    cards = [part for slug in PARTNERS for part in ("--card", str(tmp_path / f"{slug}.card"))]
    assert await told("covenant", "check", str(TOML), *cards) == "Geen fouten.\n"
    shown = await told("covenant", "show", signed)
    assert "IDENTIFICATIE" not in shown
    for expected in (
        "Wie wat mag ontvangen", "Naam van de contractant van Wie het is en waar hij woont (BEKENDMAKING:contractant)",
        "De geboortedatum", "wordt aan niemand verteld", "Lichtbron Energie", "4 weken", "signalen",
    ):  # fmt: skip
        assert expected in " ".join(shown.split()), expected
    hash_ = json.loads(await told("covenant", "fingerprint", signed, "--json"))["hash"]
    articles = shown.split("\nArtikel ")
    assert "Een ander doel dan die van artikel 3" in next(part for part in articles if part.startswith("3"))
    newer = tmp_path / "nieuw.toml"
    text = TOML.read_text(encoding="utf-8").replace("generation = 1", f'generation = 2\nprevious = "{hash_}"')
    newer.write_text(
        text.replace('address = { category = "BEKENDMAKING", field = "leveradres" }\n', ""), encoding="utf-8"
    )
    changed = " ".join((await told("covenant", "diff", signed, str(newer))).split())
    assert "Het adres wordt aan geen partner meer verteld (was: Adres van levering of woning van Wie het is" in changed
    assert "noemt het oude als zijn vorige generatie" in changed
