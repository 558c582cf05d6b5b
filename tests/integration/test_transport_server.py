"""The local server: ready means ready, dead means back, stopped means gone."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from exchange.errors import SetupError
from exchange.transport.broker import BrokerLayout, BrokerPartner, config_text
from exchange.transport.keys import generate_seed, public_of
from exchange.transport.link import Dial, Link
from exchange.transport.server import LocalServer, find_binary


@pytest.fixture
def operator():
    return generate_seed()


@pytest.fixture
def config(tmp_path, operator):
    partner = BrokerPartner("gemeente", public_of(generate_seed()))
    layout = BrokerLayout("00112233445566aa", (partner,), public_of(operator))
    return config_text(layout, store_dir=tmp_path / "js", port=-1)


async def serves(server, operator):
    link = await Link.open(Dial(server.url, operator, "_INBOX_0operator"))
    answer = await link.request("$JS.API.STREAM.NAMES", b"")
    await link.close()
    return b'"total":0' in answer


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_once_started_it_serves_and_once_stopped_it_is_gone(tmp_path, config, operator):
    async with LocalServer(tmp_path / "server", config) as server:
        assert await serves(server, operator)
        pid = server.pid
        assert server.log_file.stat().st_size > 0
        assert (tmp_path / "server" / "nats-server.conf").stat().st_mode & 0o077 == 0
    assert server.pid is None
    assert not alive(pid)


async def test_killed_twice_it_comes_back_twice_on_the_same_port(tmp_path, config, operator):
    async with LocalServer(tmp_path / "server", config) as server:
        url, pids = server.url, {server.pid}
        for expected in (1, 2):
            os.kill(server.pid, signal.SIGKILL)
            async with asyncio.timeout(60):
                while server.restarts < expected:  # noqa: ASYNC110 - another process dies when it dies
                    await asyncio.sleep(0.01)
                await server.wait_ready()
            assert server.url == url
            pids.add(server.pid)
            assert await serves(server, operator)
        assert len(pids) == 3


async def test_a_server_left_behind_by_a_killed_predecessor_is_ended_first(tmp_path, config, operator):
    left = LocalServer(tmp_path / "server", config)
    await left.start()
    left._watch.cancel()  # the predecessor is gone, its server is not
    orphan = left.pid
    async with LocalServer(tmp_path / "server", config) as server:
        assert server.pid != orphan
        assert await serves(server, operator)
        await left._process.wait()
    assert not alive(orphan)


async def test_a_pid_that_now_belongs_to_someone_else_is_left_alone(tmp_path, config):
    stranger = await asyncio.create_subprocess_exec("sleep", "60")
    try:
        (tmp_path / "server").mkdir()
        (tmp_path / "server" / "nats-server.pid").write_text(str(stranger.pid))
        async with LocalServer(tmp_path / "server", config):
            assert stranger.returncode is None
    finally:
        stranger.kill()
        await stranger.wait()


async def test_a_configuration_the_server_refuses_is_one_sentence(tmp_path):
    with pytest.raises(SetupError, match=r"did not start \(exit code 1\); its log says why: .*nats-server.log"):
        await LocalServer(tmp_path / "server", "accounts { broken").start()


async def test_a_port_in_use_is_one_sentence(tmp_path, config):
    async with LocalServer(tmp_path / "one", config) as one:
        port = one.url.rpartition(":")[2]
        other = config.replace("port: -1", f"port: {port}").replace(str(tmp_path / "js"), str(tmp_path / "js2"))
        with pytest.raises(SetupError, match=r"in use already.*--port"):
            await LocalServer(tmp_path / "two", other).start()


def test_the_program_an_operator_names_is_the_one_that_runs(monkeypatch, tmp_path):
    found = find_binary()
    assert found.name == "nats-server"
    named = tmp_path / "mine"
    named.write_text("#!/bin/sh\n")
    named.chmod(0o755)
    monkeypatch.setenv("EXCHANGE_NATS_SERVER", str(named))
    assert find_binary() == named
    monkeypatch.setenv("EXCHANGE_NATS_SERVER", str(tmp_path / "absent"))
    with pytest.raises(SetupError, match="EXCHANGE_NATS_SERVER"):
        find_binary()


def test_before_the_start_there_is_no_address(config):
    with pytest.raises(SetupError, match="has not been started"):
        _ = LocalServer(Path("unused"), config).url
