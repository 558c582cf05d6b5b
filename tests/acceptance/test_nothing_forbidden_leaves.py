"""No sequence of commands, lawful or hostile, makes a node send what the matrix forbids; judged by the bytes that leave.

Four real nodes, a tap on every frame, and an opinion of its own on each item (``tests/visibility.py``). What a sender refuses is
sent again by one that skips its checks, and the receiver refuses it with the same code. What people type is found in no frame, no
log line and no file in the clear.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path

import play_commands
import pytest
import structlog
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from leaving import FORMS, MARK
from play import Play
from play_casework import COMMANDS
from visibility import PARTNERS
from world import next_generation

from exchange.domain import gates
from exchange.node import awaiting
from exchange.wire import messages as m

OFTEN = (*["share"] * 6, "pass_on", "offer", "decide", "correct", "lift")
STEPS = st.lists(
    st.tuples(
        st.sampled_from([*OFTEN, *sorted(COMMANDS)]),
        st.lists(st.integers(0, 255), min_size=24, max_size=24),
    ),
    min_size=20,
    max_size=30,
)


KINDS = {kind.value for kind in m.Kind} - {m.Kind.RECEIPT.value, m.Kind.RECEIPTS.value, m.Kind.VOID.value}
"""Everything partners say to each other leaves at least once."""
CODES = {"R01", "R02", "R03", "R04", "R05", "R06", "R07", "R09", "R11", "R12", "R14", "R15", "R17", "R18", "R19", "R26", "R28",
         "R29", "R30", "R31", "R32", "R33", "R34", "R35", "R36"}  # fmt: skip
"""And a sender refuses at least once for each of these."""


def less_is_allowed(text: str) -> str:
    """The covenant's second generation: no debts to welfare, and nobody shares who was not trained."""
    assert '"FINANCIEN_SCHULDEN"]\nrecipients = ["GEMEENTE", "WELZIJN"]' in text
    text = text.replace(
        '"FINANCIEN_SCHULDEN"]\nrecipients = ["GEMEENTE", "WELZIJN"]',
        '"FINANCIEN_SCHULDEN"]\nrecipients = ["GEMEENTE"]',
    )
    rule = 'recipients = ["GEMEENTE", "WELZIJN", "WONINGCORPORATIE"]\nfields = ["huurachterstand"'
    assert rule in text
    text = text.replace(rule, 'recipients = ["GEMEENTE", "WONINGCORPORATIE"]\nfields = ["huurachterstand"')
    return text.replace('training_lapsed = "warn"', 'training_lapsed = "refuse"')


@pytest.fixture(autouse=True)
def judged_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits here for news that never comes: what is put off for an hour first is judged just the same after it."""
    monkeypatch.setattr(awaiting, "PATIENCE", timedelta(0))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A founded exchange beside which the next generation lies signed."""
    from memory_world import make_founded  # noqa: PLC0415 - only here

    home = tmp_path_factory.mktemp("prepared")
    asyncio.run(make_founded(home))
    next_generation(home, home / "covenant.signed.json", less_is_allowed)
    return home


BEGINNING: tuple[tuple[str, list[int]], ...] = (
    ("open_case", [0, 0, 0, 0, 2, 0]),
    ("plan", []),
    ("offer", []),
    ("open_case", [0, 0, 0, 1, 1, 0]),
)
"""A case of the municipality with everybody, a conference about it with something offered, and a case with two others."""


EVERYTHING_ONCE: tuple[tuple[str, list[int]], ...] = (
    ("reply", [1, 0, 0]),
    ("reply", [0, 0, 1]),
    ("reply", [0, 2, 2]),  # with a service number
    ("correct", []),
    ("recall", [1, 0, 2]),
    ("decide", []),
    ("minutes", []),
    ("area", []),
    ("share", [11, 0, 0, 1]),  # by a machine
    ("share", [1, 2, 0, 0, 0, 0, 3]),  # within a case, from a partner outside its scope
    ("object_", []),
    ("share", []),  # about somebody who objected
    ("caught_on_the_way", []),
    ("next_covenant", [2, 1]),
    ("share", [0, 0, 0, 1]),  # by somebody who was not trained
)
"""After everything that can be wrong with a form: everything else that people do or are refused."""
Steps = list[tuple[str, list[int]]]


async def played(prepared: Path, home: Path, steps: Steps, twisted: tuple[str, ...] = ()) -> Counter[str]:
    """Do it all; fails with everything that left and should not have.

    Args:
        prepared: The founded exchange.
        home: Where its copy is played in.
        steps: What is done.
        twisted: Who first tries everything that can be wrong with a form.
    """
    with structlog.testing.capture_logs() as logged:
        async with Play.copied(prepared, home) as play:
            await play.begin()
            for slug in twisted:
                await play_commands.every_twist(play, slug)
            for name, numbers in (*BEGINNING, *steps):
                await play_commands.perform(play, name, list(numbers))
                assert not play.wrong, (name, numbers, play.wrong)
            assert play.clear_text(*logged) == []
        play.open_what_left()
        assert play.unopened == []
        assert play.wrong == []
        return play.count


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_no_sequence_of_commands_makes_a_node_send_what_the_matrix_forbids(prepared: Path, tmp_path: Path) -> None:
    happened = asyncio.run(played(prepared, tmp_path / "once", list(EVERYTHING_ONCE), PARTNERS))

    @settings(
        max_examples=10, derandomize=True, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(steps=STEPS)
    def play(steps: Steps) -> None:
        with tempfile.TemporaryDirectory() as home:
            happened.update(asyncio.run(played(prepared, Path(home) / "world", steps)))

    reached = set(happened)
    play()
    assert reached >= KINDS | CODES, "what does everything once does not do this any more"
    assert happened["refused on both sides"] > 300


@pytest.mark.parametrize(
    ("gate", "code"),
    [
        ("special_category_needs_exception", "R05"),
        ("no_citizen_service_number", "R02"),
        ("informed_beforehand", "R14"),
        ("professional_secrecy", "R30"),
    ],
)
async def test_without_one_of_the_gates_the_second_opinion_speaks_up(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gate: str, code: str
) -> None:
    for name in ("MESSAGE_GATES", "FULL_GATES", "ITEM_GATES"):
        kept = [one for one in getattr(gates, name) if one.__name__ != gate]
        monkeypatch.setattr(gates, name, kept)
    with pytest.raises(AssertionError, match=code):
        await played(prepared, tmp_path / "world", [], ("welzijn",))


async def test_the_search_for_what_people_typed_finds_it_where_it_is(prepared: Path, tmp_path: Path) -> None:
    async with Play.copied(prepared, tmp_path / "world") as play:
        await play.begin()
        assert play.clear_text() == []
        place = play.directory("actium") / "spoor"
        for form in FORMS:
            place.write_bytes(b"x" + form + b"x")
            assert play.clear_text() == ["actium/spoor"]
        assert play.clear_text({"event": f"{MARK}0000X"}) == ["a line that was logged", "actium/spoor"]
