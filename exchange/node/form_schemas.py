"""JSON Schema of the form that people and case systems fill in to share, so that a file can be checked before it is sent.

    python -m exchange.node.form_schemas          write schemas/forms/*.json
    python -m exchange.node.form_schemas check    say which are stale; exit code 1 when any is

The same model validates ``POST /v1/acts`` and ``exchange disclose --form``. What partners exchange is in
:mod:`exchange.wire.schemas`.
"""

from __future__ import annotations

import sys
from typing import Final

from exchange.node.forms import OpenForm
from exchange.wire import schemas as wire

DIRECTORY: Final = wire.DIRECTORY / "forms"


def schemas() -> dict[str, str]:
    """File name -> text, as they should be. Defaults are told: here what is left out is filled in."""
    return {"sharing.json": wire.text("form:sharing", OpenForm.model_json_schema(mode="validation"))}


if __name__ == "__main__":
    sys.exit(wire.main(sys.argv[1:], DIRECTORY, schemas))
