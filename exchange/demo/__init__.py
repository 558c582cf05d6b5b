"""``exchange demo``: scenario 1 with four node processes and a real broker, narrated, and checked at every step.

``stage`` holds the four offices: founding, processes, doors, narration. ``story`` plays the scenario and expects.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path

from exchange.demo.stage import Narrator, Stage
from exchange.demo.story import CASE, play
from exchange.errors import ExchangeError
from exchange.i18n import tr


def run_demo(*, keep: bool = False, directory: Path | None = None, language: str = "nl", as_json: bool = False) -> int:
    """Play the scenario; 0 when every expectation held, 1 otherwise. Leaves nothing running unless ``keep``.

    Args:
        keep: Leave broker and nodes up to play with, and say how; until interrupted.
        directory: Where the offices live; a temporary one when None, removed at the end.
        language: ``nl`` or ``en``.
        as_json: Tell the story on standard error, and the outcome as JSON on standard output.
    """
    home = directory or Path(tempfile.mkdtemp(prefix="covenant-demo-"))
    home.mkdir(parents=True, exist_ok=True)
    narrator = Narrator(tr(language), as_json=as_json)
    try:
        asyncio.run(_run(home, narrator, keep=keep, language=language))
    except ExchangeError as error:
        narrator.failed(error.localised(tr(language)))
    except KeyboardInterrupt:
        narrator.outcome()
        return 0 if narrator.passed else 1
    finally:
        if directory is None:
            shutil.rmtree(home, ignore_errors=True)
    narrator.verdict()
    narrator.outcome()
    return 0 if narrator.passed else 1


async def _run(home: Path, narrator: Narrator, *, keep: bool, language: str) -> None:
    async with Stage.set(home, narrator) as stage:
        await play(stage, language)
        narrator.played()
        if keep:
            await stage.stay_open(CASE)
