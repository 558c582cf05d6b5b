"""What ``make demo`` promises: every expectation holds, a failing one is told, and nothing is left running or lying about."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from exchange import demo
from exchange.demo import stage


@pytest.fixture
def place() -> Iterator[Path]:
    """Where temporary files go; its name is short, for a socket's address has only some hundred bytes."""
    with tempfile.TemporaryDirectory(prefix="d-") as name:
        yield Path(name)


@pytest.fixture
def playing(place: Path) -> Iterator[subprocess.Popen[str]]:
    """The command in a session of its own, with a temporary directory of its own."""
    running = subprocess.Popen(
        [sys.executable, "-m", "exchange", "--json", "demo"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "TMPDIR": str(place), "COLUMNS": "200"},
    )
    yield running
    if running.poll() is None:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()


def nothing_runs(session: int) -> bool:
    """No process of the session is there any more: neither a node nor the broker."""
    try:
        os.killpg(session, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.timeout(600)
def test_the_demo_holds_every_expectation_and_leaves_nothing(playing: subprocess.Popen[str], place: Path) -> None:
    out, told = playing.communicate(timeout=540)
    outcome = json.loads(out)
    assert (playing.returncode, outcome["passed"]) == (0, True), told[-2000:]
    assert len(outcome["expectations"]) > 20
    assert all(one["held"] for one in outcome["expectations"])
    assert nothing_runs(playing.pid)
    assert list(place.iterdir()) == []


@pytest.mark.timeout(300)
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_broken_off_did_not_pass_and_leaves_nothing(
    playing: subprocess.Popen[str], place: Path, how: signal.Signals
) -> None:
    assert playing.stderr is not None
    next(line for line in playing.stderr if "✓" in line)  # four nodes and a broker run
    playing.send_signal(how)
    out, _ = playing.communicate(timeout=240)
    assert (playing.returncode != 0, json.loads(out)["passed"]) == (True, False)
    assert nothing_runs(playing.pid)
    assert list(place.iterdir()) == []


@pytest.mark.timeout(300)
def test_an_expectation_that_fails_ends_the_demo_with_its_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    held = stage.Narrator.expect

    def never(narrator: stage.Narrator, _held: object, sentence: str, **words: Any) -> None:
        held(narrator, False, sentence, **words)

    monkeypatch.setattr(stage.Narrator, "expect", never)
    assert demo.run_demo(language="en", as_json=True) == 1
    printed = capsys.readouterr()
    outcome = json.loads(printed.out)
    assert (outcome["passed"], [one["held"] for one in outcome["expectations"]]) == (False, [False])
    assert f"failed: {outcome['expectations'][0]['text']}" in " ".join(printed.err.split())
