"""A partner in two covenants runs two nodes on one host, and nothing of the one counts at the other. Everybody is invented."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from case_forms import HOUSE, TO_GEMEENTE, share_form
from memory_world import Mallory, MemoryWorld
from second_covenant import KUNST, TOML, arrears
from second_covenant import PARTNERS as CREDITORS
from world import COVENANT, NOWHERE, PARTNERS, SECRET, World, copied

from exchange import ceremony, setup
from exchange.errors import (
    BrokerError,
    ExchangeError,
    LockedError,
    NotFoundError,
)
from exchange.node import forms as f
from exchange.reports.refusals import frame_reason
from exchange.transport.client import Backoff, NatsTransport

BOTH = ("actium", "gemeente")
"""Partners of both covenants, under the same short name in each."""


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Founded node directories of the second covenant; every test works on a copy."""
    home = tmp_path_factory.mktemp("second")
    copied(home, CREDITORS, NOWHERE, TOML)
    return home


@pytest.fixture
async def worlds(founded: Path, second: Path, tmp_path: Path) -> AsyncIterator[tuple[MemoryWorld, MemoryWorld]]:
    """The nodes of Actium and the municipality in both covenants, all in directories of one host."""
    async with (
        MemoryWorld.copied(founded, tmp_path / "host" / "buurtteams", BOTH) as one,
        MemoryWorld.copied(second, tmp_path / "host" / "vroegsignalering", BOTH) as other,
    ):
        yield one, other


async def shared(one: MemoryWorld, other: MemoryWorld) -> tuple[list[str], list[str]]:
    """Actium tells the municipality about the same man in both covenants; his references in each."""
    found = []
    for world in (one, other):
        kunst = await world.person("actium", **KUNST)
        form = share_form(kunst, [TO_GEMEENTE], HOUSE) if world is one else arrears(kunst)
        answer = await world.share("actium", form)
        assert [(s.state, s.rejected) for s in answer.messages] == [("receipted", {})]
        found.append([world.nodes[slug].ctx.people.everybody()[0].references[at] for slug, at in PAIR])
    return found[0], found[1]


PAIR = (("actium", "gemeente"), ("gemeente", "actium"))


# ---------------------------------------------------------------------------------------- nothing mixes


async def test_the_same_person_has_other_references_and_stands_in_two_registers(
    worlds: tuple[MemoryWorld, MemoryWorld],
) -> None:
    one, other = worlds
    refs, others = await shared(one, other)
    assert len(set(refs)) == len(set(others)) == 1, "a reference is of a pair"
    assert not set(refs) & set(others)
    for world, foreign in ((one, others), (other, refs)):
        for slug in BOTH:
            node, worker = world.nodes[slug], world.actor(slug)
            assert len(node.ctx.people.everybody()) == 1
            with pytest.raises(NotFoundError, match=r"no such|Nobody"):
                await node.who_knows(worker, f.WhoKnowsQuery(reference=foreign[0]))
    mine, theirs = [
        await w.nodes["gemeente"].who_knows(w.actor("gemeente"), f.WhoKnowsQuery(reference=r))
        for w, r in ((one, refs[0]), (other, others[0]))
    ]
    assert {i.category for i in mine.items} == {"HUISVESTING", "OVERLAST", "IDENTIFICATIE"}
    assert {i.category for i in theirs.items} == {"BETAALACHTERSTAND", "BEREIKBAARHEID", "BEKENDMAKING"}
    actors = [world.actor(slug).id for world in worlds for slug in BOTH]
    assert len(set(actors)) == len(actors), "nor do the actors"


async def test_a_frame_of_the_one_is_refused_by_the_other_in_one_sentence(
    worlds: tuple[MemoryWorld, MemoryWorld],
) -> None:
    one, other = worlds
    await shared(one, other)
    before = other.received("gemeente")
    honest, liar = Mallory(one, "actium", number=50), Mallory(other, "actium", number=50)

    copied_frame = one.between("actium", "gemeente")[0]
    letter_of_the_one = liar.wrap("gemeente", honest.letter("gemeente"))
    other_key = liar.letter("gemeente", liar.statement("gemeente"), liar.item())
    other_key.signer = honest.node.ctx.keys.sign
    for frame in (copied_frame, letter_of_the_one, liar.wrap("gemeente", other_key)):
        (taken,) = await other.deliver("gemeente", "actium", frame)
        assert taken.ended == ["done"], "refused for good"
    assert other.parked("gemeente") == ["kid-unknown", "other-covenant", "bad-signature"]
    said = [frame_reason(code, "nl") for code in other.parked("gemeente")]
    assert said[1] == (
        "other-covenant: R27 Het bericht hoort bij een ander convenant, of bij een versie die niet (meer) van kracht is."
    )
    assert said[0] == said[2].replace("bad-signature", "kid-unknown"), "R16: not encrypted or signed for this node"
    assert said[2].startswith(
        "bad-signature: R16 Bericht is niet end-to-end versleuteld of de ondertekening klopt niet"
    )
    assert other.received("gemeente") == before


async def test_police_and_landlord_in_two_municipalities_mix_nothing_though_text_and_names_are_the_same(
    founded: Path, tmp_path: Path
) -> None:
    """The hardest case: both covenants have the same codes and the same short names; only the parties' keys differ."""
    sibling = tmp_path / "nepdorp.toml"
    text = COVENANT.read_text(encoding="utf-8")
    sibling.write_text(text.replace("Buurtteams gemeente De Wolden", "Buurtteams gemeente Nepdorp"), encoding="utf-8")
    copied(tmp_path / "founded", PARTNERS, NOWHERE, sibling)
    both, host = ("actium", "politie"), tmp_path / "host"
    async with (
        MemoryWorld.copied(founded, host / "dewolden", both) as one,
        MemoryWorld.copied(tmp_path / "founded", host / "nepdorp", both) as other,
    ):
        to = {"partner": "politie", "basis": "A6_1_e", "task": "hulpverlening"}
        notice = {"reference": "k-1", "given_on": "2026-03-02", "mode": "BRIEF", "recipients": ["politie"]}
        references = []
        for world in (one, other):
            kunst = await world.person("actium", **KUNST)
            answer = await world.share("actium", share_form(kunst, [to], [HOUSE[1]], notice=notice))
            assert [(s.state, s.rejected) for s in answer.messages] == [("receipted", {})]
            (there,) = world.nodes["politie"].ctx.people.unmatched()
            references.append(there.references["actium"])
        assert references[0] != references[1]
        worker, police = other.actor("politie"), other.nodes["politie"]
        with pytest.raises(NotFoundError):
            await police.who_knows(worker, f.WhoKnowsQuery(reference=references[0]))
        before = other.received("politie")
        honest, liar = Mallory(one, "actium", number=50), Mallory(other, "actium", number=50)
        letter = liar.letter("politie")
        letter.signer = honest.node.ctx.keys.sign
        for frame in (one.between("actium", "politie")[0], liar.wrap("politie", honest.letter("politie")),
                      liar.wrap("politie", letter)):  # fmt: skip
            await other.deliver("politie", "actium", frame)
        assert other.parked("politie") == ["kid-unknown", "other-covenant", "bad-signature"]
        assert other.received("politie") == before


# ---------------------------------------------------------------------------------------- the ceremony


def refused(act: object, *arguments: object, **more: object) -> str:
    """The one sentence with which something is refused."""
    with pytest.raises(ExchangeError) as error:
        act(*arguments, **more)  # type: ignore[operator]
    sentence = str(error.value)
    assert "\n" not in sentence
    return sentence


def test_card_covenant_and_keys_of_the_one_are_refused_by_the_other(
    founded: Path, second: Path, tmp_path: Path
) -> None:
    one, other = tmp_path / "buurtteams", tmp_path / "vroegsignalering"
    shutil.copytree(founded, one)
    shutil.copytree(second, other)
    node = other / "nodes" / "actium"
    accept = {"admin_name": "Proef", "joining": False}

    # A covenant that holds the card of Actium's other node, or the whole other covenant.
    cards = [one / "actium.card", *(other / f"{slug}.card" for slug in CREDITORS if slug != "actium")]
    document, signed = tmp_path / "wrong.json", tmp_path / "wrong.signed.json"
    ceremony.compile_covenant(TOML, cards, document)
    signatures = []
    for slug in CREDITORS:
        root = (one if slug == "actium" else other) / "offline" / slug
        signatures.append(tmp_path / f"{slug}.signature")
        ceremony.sign_covenant(document, root, SECRET.text, signatures[-1])
    ceremony.assemble_covenant(document, signatures, signed)
    for foreign in (signed, one / "covenant.signed.json"):
        sentence = refused(setup.accept_covenant, node, SECRET, foreign, **accept)
        assert "holds another card for this partner than this node's" in sentence

    # The root of the one signs nothing of the other, and what it signed does not count there.
    out = tmp_path / "out"
    sentence = refused(ceremony.sign_covenant, other / "covenant.json", one / "offline" / "actium", SECRET.text, out)
    assert "not on any card in the covenant" in sentence
    mixed = [one / "actium.signature", *(other / f"{slug}.signature" for slug in CREDITORS if slug != "actium")]
    assert "for another document" in refused(ceremony.assemble_covenant, other / "covenant.json", mixed, out)
    assert not out.exists()
    two = [one / "actium.card", *(other / f"{slug}.card" for slug in CREDITORS)]
    assert "Two cards are of actium" in refused(ceremony.compile_covenant, TOML, two, out)

    # An anchor or a list of keys of the other node opens nothing.
    before = (node / "anchor").read_bytes()
    (node / "anchor").write_bytes((one / "nodes" / "actium" / "anchor").read_bytes())
    with pytest.raises(LockedError):
        setup.custodians(node, SECRET)
    (node / "anchor").write_bytes(before)
    shutil.copy(one / "nodes" / "actium" / "keys.json", node / "keys.json")
    with setup.open_vault(node, setup.settings.load(node), SECRET) as vault:
        assert "not in its vault" in refused(setup.read_keys, node, vault)


async def test_the_account_of_the_one_is_no_account_at_the_broker_of_the_other(tmp_path: Path) -> None:
    async with (
        World.founded(tmp_path / "a", PARTNERS, start=False, covenant=COVENANT) as one,
        World.founded(tmp_path / "b", CREDITORS, start=False, covenant=TOML) as other,
    ):
        assert one.broker is not None
        assert other.broker is not None
        for slug in BOTH:
            node = one.open(slug)
            seed, tag = (
                setup.read_keys(one.directory(slug), node.ctx.vault)["transport"].decode(),
                node.ctx.covenants.tag,
            )
            node.ctx.writer.close()
            node.ctx.close()
            for url, welcome in ((one.broker.url, True), (other.broker.url, False)):
                door = NatsTransport(url, slug, tag, seed, backoff=Backoff(first=0.05, most=0.2, retry=0.05))
                await door.start(_nothing, _nothing)
                try:
                    if welcome:
                        await door.wait_connected(10)
                    else:
                        with pytest.raises(BrokerError, match="does not let this transport key in"):
                            await door.wait_connected(2)
                finally:
                    await door.close()


async def _nothing(_: object) -> None:
    """Nobody listens."""


# ---------------------------------------------------------------------------------------- the command line


@pytest.fixture
def host(founded: Path, second: Path) -> Iterator[Path]:
    """One host with a directory per node; its path is short enough for a socket."""
    home = Path(tempfile.mkdtemp(prefix="h"))
    shutil.copytree(founded / "nodes" / "actium", home / "buurtteams")
    shutil.copytree(second / "nodes" / "actium", home / "vroegsignalering")
    (home / "passphrase").write_text(SECRET.text)
    (home / "passphrase").chmod(0o600)
    yield home
    shutil.rmtree(home)


async def _process(*arguments: str, env: dict[str, str] | None = None) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "exchange", *arguments,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=env,
    )  # fmt: skip


@contextlib.asynccontextmanager
async def running(host: Path, *names: str) -> AsyncIterator[None]:
    """``exchange run`` for each of these directories, side by side."""
    started = []
    try:
        for name in names:
            secret = str(host / "passphrase")
            process = await _process("run", "--node", str(host / name), "--passphrase-file", secret, "--json")
            started.append(process)
        for process in started:
            assert process.stdout is not None
            async with asyncio.timeout(60):
                assert json.loads(await process.stdout.readline())["running"] is True
        yield
    finally:
        for process in started:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.communicate()


async def asked(*arguments: str, env: dict[str, str] | None = None, code: int = 0) -> dict[str, object]:
    process = await _process("--json", "--lang", "nl", *arguments, env=env)
    out, err = await process.communicate()
    assert (process.returncode, err) == (code, b""), arguments
    answer: dict[str, object] = json.loads(out)
    return answer


async def test_commands_go_to_the_node_that_was_named(host: Path) -> None:
    one, other = str(host / "buurtteams"), str(host / "vroegsignalering")
    async with running(host, "buurtteams", "vroegsignalering"):
        assert (host / "buurtteams" / "api.sock").is_socket()
        assert (host / "vroegsignalering" / "api.sock").is_socket()
        names = [(await asked("--node", node, "status"))["covenant_name"] for node in (one, other)]
        assert names == [
            "Privacyconvenant Buurtteams gemeente De Wolden",
            "Convenant Vroegsignalering betalingsachterstanden Fictiedal (verzonnen)",
        ]
        variable = {**os.environ, "EXCHANGE_NODE": one}
        assert (await asked("status", env=variable))["covenant_name"] == names[0]
        assert (await asked("status", "--node", other, env=variable))["covenant_name"] == names[1], "the option wins"

        form = host / "kunst.json"
        form.write_text(json.dumps(KUNST))
        made = await asked("--node", one, "subject", "add", "--form", str(form))
        query = ("--form", str(form))
        assert [s["subject"] for s in await asked("--node", one, "subject", "find", *query)] == [made["subject"]]
        assert await asked("--node", other, "subject", "find", *query) == []
        gone = await asked("--node", other, "who-knows", "--subject", str(made["subject"]), code=1)
        assert gone["detail"] == "Niemand in het register van dit knooppunt past hierbij."
