"""Hostile partners: what the broker's rights must refuse, tried with a raw client that keeps to no rules."""

from __future__ import annotations

import asyncio
import json

import nats
import pytest
from nats.errors import Error, NoRespondersError

from exchange.errors import BrokerError
from exchange.transport.broker import rights
from exchange.transport.keys import generate_seed, public_of
from exchange.transport.link import Dial, Link
from exchange.transport.server import LocalServer

TAG = "00112233445566aa"
IN = f"CX_{TAG}_IN_politie"
CTL = f"CX_{TAG}_CTL"


async def settle(nc):
    """Until the server has handled all that was sent; the first ping may overtake what still waits in the client."""
    await nc.flush()
    await nc.flush()


class Hostile:
    """The partner ``gemeente``, who writes its own client."""

    def __init__(self) -> None:
        self.refusals: list[str] = []
        self.nc = None

    async def connect(self, url, seed, prefix="_INBOX_gemeente"):
        self.nc = await nats.connect(
            url, nkeys_seed_str=seed, inbox_prefix=prefix, error_cb=self._refused, allow_reconnect=False
        )
        return self

    async def _refused(self, error):
        self.refusals.append(str(error).lower())

    async def heard(self, subject, during):
        """What arrives on ``subject`` while ``during`` runs; the flush makes sure that nothing is still under way."""
        got = []

        async def listen(message):
            got.append(message)

        await self.nc.subscribe(subject, cb=listen)
        await settle(self.nc)
        await during()
        await settle(self.nc)
        return got


@pytest.fixture
async def hostile(bench):
    attacker = await Hostile().connect(bench.server.url, bench.seeds["gemeente"])
    yield attacker
    await attacker.nc.close()


FORBIDDEN = {
    "publishes as another": f"cx.{TAG}.in.politie.welzijn",
    "publishes as the recipient": f"cx.{TAG}.in.politie.politie",
    "tells everyone something as another": f"cx.{TAG}.ctl.prekeys.all.welzijn",
    "pulls another's inbox": f"$JS.API.CONSUMER.MSG.NEXT.{IN}.politie",
    "pulls its own inbox by the hub's name": f"$JS.API.CONSUMER.MSG.NEXT.CX_{TAG}_IN_gemeente.gemeente",
    "pulls another's control messages": f"$JS.API.CONSUMER.MSG.NEXT.{CTL}.politie",
    "acknowledges for another": f"$JS.ACK.{IN}.politie.1.1.1.1.0",
    "reads a frame by number": f"$JS.API.STREAM.MSG.GET.{IN}",
    "reads a frame directly": f"$JS.API.DIRECT.GET.{IN}",
    "deletes another's frame": f"$JS.API.STREAM.MSG.DELETE.{IN}",
    "purges another's stream": f"$JS.API.STREAM.PURGE.{IN}",
    "deletes another's stream": f"$JS.API.STREAM.DELETE.{IN}",
    "asks how much another has waiting": f"$JS.API.STREAM.INFO.{IN}",
    "lists the streams": "$JS.API.STREAM.LIST",
    "makes a consumer on another's stream": f"$JS.API.CONSUMER.CREATE.{IN}.spy",
    "makes a consumer on its own stream": f"$JS.API.CONSUMER.CREATE.CX_{TAG}_IN_gemeente.second",
    "deletes another's consumer": f"$JS.API.CONSUMER.DELETE.{IN}.politie",
    "makes a stream over another's subjects": "$JS.API.STREAM.CREATE.SPY",
    "writes into another's replies": "_INBOX_politie.anything",
    "answers in the server's name": "_R_.anything",
    "talks to the system": "$SYS.REQ.SERVER.PING",
}


@pytest.mark.parametrize("subject", FORBIDDEN.values(), ids=FORBIDDEN.keys())
async def test_a_partner_is_refused_who(bench, hostile, subject):
    welzijn = await bench.party("welzijn")
    await welzijn.transport.publish("politie", b"precious")
    request = json.dumps({"seq": 1}).encode() if "MSG." in subject and "NEXT" not in subject else b""
    got = await hostile.heard(
        "_INBOX_gemeente.reply", lambda: hostile.nc.publish(subject, request, reply="_INBOX_gemeente.reply")
    )
    assert got == []
    assert hostile.refusals == [f'nats: permissions violation for publish to "{subject.lower()}"']
    assert await bench.held("politie") == 1
    politie = await bench.party("politie")
    assert (await politie.frame()).data == b"precious"


@pytest.mark.parametrize(
    "subject",
    [
        ">",
        "*",
        "cx.>",
        f"cx.{TAG}.in.politie.*",
        "_INBOX.>",
        "_INBOX_politie.>",
        "_R_.>",
        "$JS.>",
        "$SYS.>",
    ],
)
async def test_a_partner_cannot_listen_on(hostile, subject):
    got = await hostile.heard(subject, hostile.nc.flush)
    assert got == []
    assert hostile.refusals == [f'nats: permissions violation for subscription to "{subject.lower()}"']


async def test_a_partner_sees_nothing_of_what_another_pulls(bench, hostile):
    politie, welzijn = await bench.party("politie"), await bench.party("welzijn")

    async def exchange():
        await welzijn.transport.publish("politie", b"not for the municipality")
        await (await politie.frame()).done()

    assert await hostile.heard("_INBOX_gemeente.>", exchange) == []


FORGED_REPLIES = {
    "another's inbox, as a third": f"cx.{TAG}.in.politie.welzijn",
    "another's control message": f"cx.{TAG}.ctl.prekeys.all.welzijn",
    "a purge of another's inbox": f"$JS.API.STREAM.PURGE.{IN}",
    "the deletion of another's inbox": f"$JS.API.STREAM.DELETE.{IN}",
    "the deletion of another's consumer": f"$JS.API.CONSUMER.DELETE.{IN}.politie",
    "another's acknowledgement": f"$JS.ACK.{IN}.politie.1.1.1.1.0",
}


async def forge(nc, own, pull, reply, politie):
    """Have the server send confirmations and our own frames to ``reply``."""
    for payload in (b"", b"{}", b"forged"):
        await nc.publish(own, payload, reply=reply)
        await settle(nc)
    await nc.publish(pull, b"3", reply=reply)
    await nc.publish(politie, b"an honest frame")
    await settle(nc)


@pytest.mark.parametrize("reply", FORGED_REPLIES.values(), ids=FORGED_REPLIES.keys())
async def test_a_forged_reply_subject_does_not_reach(bench, hostile, reply):
    names = bench.layout.names
    own, honest = names.inbox_subject("gemeente", "gemeente"), names.inbox_subject("politie", "gemeente")
    await forge(hostile.nc, own, names.next_inbox(), reply, honest)
    politie = await bench.party("politie")
    frame = await politie.frame()
    assert (frame.sender, frame.data) == ("gemeente", b"an honest frame")
    assert await bench.held("politie") == 1
    control = await bench.operator(f"STREAM.INFO.{CTL}")
    assert control["state"]["messages"] == 0
    assert politie.frames.empty()


async def test_without_accounts_of_their_own_the_forged_reply_would_have_reached(bench, tmp_path):
    """The negative control: the same rights on subjects, but everyone in one account."""
    names = bench.layout.names
    attacker, operator = generate_seed(), generate_seed()
    allowed = json.dumps([right.subject for right in rights(names, "gemeente")])
    config = f"""
      host: "127.0.0.1", port: -1
      jetstream {{ store_dir: "{tmp_path / "one"}", strict: false }}
      accounts {{ ONE {{ jetstream: enabled, users: [
        {{ nkey: {public_of(operator)} }}
        {{ nkey: {public_of(attacker)}, permissions {{ publish: {allowed}, subscribe: ["_INBOX_gemeente.>"] }} }}
      ] }} }}"""
    async with LocalServer(tmp_path / "one-server", config) as server:
        link = await Link.open(Dial(server.url, operator, "_INBOX_0operator"))
        for slug in ("gemeente", "politie"):
            stream = {"name": names.inbox_stream(slug), "subjects": [names.inbox_filter(slug)]}
            await link.request(f"$JS.API.STREAM.CREATE.{stream['name']}", json.dumps(stream).encode())

        async def held():
            return json.loads(await link.request(f"$JS.API.STREAM.INFO.{IN}", b""))["state"]["messages"]

        async def becomes(count):
            """The server acts on a reply after it has answered us: look until it did."""
            async with asyncio.timeout(60):
                while await held() != count:
                    await settle(hostile.nc)
            return True

        hostile = await Hostile().connect(server.url, attacker)
        await hostile.nc.publish(names.inbox_subject("gemeente", "gemeente"), b"", reply=f"cx.{TAG}.in.politie.welzijn")
        await settle(hostile.nc)
        assert await becomes(1)  # in welzijn's name
        await hostile.nc.publish(names.inbox_subject("gemeente", "gemeente"), b"", reply=f"$JS.API.STREAM.PURGE.{IN}")
        await settle(hostile.nc)
        assert await becomes(0)  # the confirmation {"stream": …, "seq": 2} was read as a purge up to 2
        assert hostile.refusals == []
        await hostile.nc.close()
        await link.close()


async def test_a_key_nobody_registered_is_not_let_in(bench):
    stranger = bench.transport("gemeente", seed=generate_seed())

    async def nothing(_):
        raise AssertionError

    await stranger.start(nothing, nothing)
    with pytest.raises(BrokerError, match="does not let this transport key in"):
        await stranger.wait_connected(2)
    with pytest.raises(BrokerError, match="cannot be reached"):
        await stranger.publish("politie", b"x")


async def test_nobody_without_a_key_is_let_in(bench):
    async def quiet(_):
        pass

    with pytest.raises(Error, match=r"(?i)authorization violation"):
        await nats.connect(bench.server.url, allow_reconnect=False, error_cb=quiet)


async def test_one_partners_key_under_anothers_name_gets_nowhere(bench):
    thief = bench.transport("politie", seed=bench.seeds["gemeente"])

    async def nothing(_):
        raise AssertionError

    await thief.start(nothing, nothing)
    with pytest.raises(BrokerError, match="no right to do that"):
        await thief.wait_connected(2)
    with pytest.raises(BrokerError):
        await thief.publish("welzijn", b"from the police, says the municipality")
    assert await bench.held("welzijn") == 0


async def test_one_partner_cannot_fill_an_inbox_for_the_others(bench):
    await bench.setup(inbox_bytes=4 * 1024 * 1024)  # four frames of the largest size per sender
    gemeente, welzijn = await bench.party("gemeente"), await bench.party("welzijn")
    for _ in range(4):
        await gemeente.transport.publish("politie", b"x" * 512 * 1024)
    with pytest.raises(BrokerError, match="full for this recipient"):
        await gemeente.transport.publish("politie", b"x" * 512 * 1024)
    await welzijn.transport.publish("politie", b"there is still room for this")
    assert await bench.held("politie") == 5


async def test_the_broker_refuses_frames_above_the_limit_also_from_a_client_without_one(bench, hostile):
    reply = await hostile.nc.request(f"cx.{TAG}.in.politie.gemeente", b"x" * (512 * 1024 + 1), timeout=5)
    assert json.loads(reply.data)["error"]["err_code"] == 10054
    with pytest.raises(BrokerError, match="524289 bytes is larger"):
        await (await bench.party("gemeente")).transport.publish("politie", b"x" * (512 * 1024 + 1))
    assert await bench.held("politie") == 0


async def test_there_is_no_way_to_a_partner_that_does_not_exist(bench, hostile):
    with pytest.raises(NoRespondersError):
        await hostile.nc.request(f"cx.{TAG}.in.nobody.gemeente", b"x", timeout=60)
    gemeente = await bench.party("gemeente")
    async with asyncio.timeout(60):
        with pytest.raises(BrokerError, match="no stream or consumer"):
            await gemeente.transport.publish("nobody", b"x")
