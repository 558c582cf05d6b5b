"""Commands as they are printed and written down, held against the real command line: would they be understood when pasted?"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from typing import Any

import typer

from exchange import cli

FILLED_IN = ("0b7a9a5e-5d1c-4a55-9c1b-3f5f2f6a9d10", "12", "x", "2026-03-02")
"""What a person might put in the place of "…" or of a word in capitals; one of them has to fit."""
_PLACE = re.compile(r"…|\{[a-z_]+\}|[A-Z][A-Z-]+")
_TYPED = re.compile(r"exchange(?: (?:--?[a-z][a-z-]*|[a-z][a-z-]*|[A-Z][A-Z-]+|\{[a-z_]+\}))+")


@cache
def program() -> Any:
    """The whole command line; a command without its arguments is a mistake here, and no way to ask for help."""
    whole = typer.main.get_command(cli.build())
    below = [whole]
    while below:
        command = below.pop()
        command.no_args_is_help = False
        below += getattr(command, "commands", {}).values()
    return whole


def commands(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command and group with the words that lead to it, the whole program first."""
    command = command or program()
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, (*path, name))


def leaf(words: list[str]) -> tuple[Any, list[str]]:
    """The command that ``words`` (after ``exchange``) lead to, and what remains for it."""
    command, rest, options = program(), list(words), []
    while hasattr(command, "commands") and rest:
        word = rest.pop(0)
        if word == "--help":
            return command, [word]
        if word.startswith("--"):  # an option of every command, before the name
            options.append(word)
            if word != "--json":
                options.append(rest.pop(0))
        elif word in command.commands:
            command = command.commands[word]
        else:
            raise LookupError(word)
    return command, [*options, *rest]


def understood(line: str) -> str:
    """Nothing when the command line takes ``line``; else what it says against it."""
    words = shlex.split(line, comments=True)
    for end, word in enumerate(words):
        if word in {"|", ">", "&&"}:
            words = words[:end]
            break
    try:
        command, rest = leaf(words[1:])
    except LookupError as unknown:
        return f"there is no command {unknown}"
    if hasattr(command, "commands") and "--help" not in rest:
        return "it names a group and no command"
    said = ""
    for value in FILLED_IN:
        try:
            command.make_context(
                "exchange", [_PLACE.sub(value, word) if _PLACE.fullmatch(word) else word for word in rest]
            )
        except typer.TyperException as error:
            said = error.format_message()
        except typer.Exit:
            return ""  # --help
        else:
            return ""
    return said


def typed(sentence: str) -> Iterator[str]:
    """The commands that a sentence tells the reader to type."""
    for found in _TYPED.finditer(sentence):
        words = found[0].split()
        try:
            command, rest = leaf(words[1:])
        except (LookupError, IndexError):
            if words[1] in program().commands:
                yield found[0]  # it begins like a command of ours and is none
            continue
        # The sentence goes on in lower case behind a command; what belongs to it is an option, its value, or in capitals.
        kept = 0
        while kept < len(rest) and (rest[kept].startswith("--") or _PLACE.fullmatch(rest[kept])):
            kept += 1
        if not hasattr(command, "commands"):
            yield " ".join(words[: len(words) - len(rest) + kept])
