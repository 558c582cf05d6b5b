"""Typer's own words in the reader's language: usage lines, panels, types, and what it says of a command not used rightly.

Typer has no catalog: its sentences are written in its source, and partly pydantic's. Here the program's own commands say their
usage line themselves, the constants of its help are replaced, and an error is told from what it is (its class, its option, the
kind of validation error), never by passing its English on. What a newer typer says that is not known here becomes one general
sentence, and ``tests/unit/cli/test_cli_language.py`` finds it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from json import dumps
from typing import Any, Final
from uuid import UUID

import typer
from pydantic import ValidationError
from rich.markup import escape
from typer import rich_utils
from typer._click import exceptions as usage
from typer.core import TyperArgument, TyperCommand, TyperGroup

from exchange.i18n import N_, Translate

_CONSTANTS: Final = (
    ("ARGUMENTS_PANEL_TITLE", N_("Arguments")),
    ("OPTIONS_PANEL_TITLE", N_("Options")),
    ("COMMANDS_PANEL_TITLE", N_("Commands")),
    ("ERRORS_PANEL_TITLE", N_("Error")),
    ("DEFAULT_STRING", N_("[default: {}]")),
    ("REQUIRED_LONG_STRING", N_("[required]")),
    ("ABORTED_TEXT", N_("Stopped.")),
    ("RICH_HELP", N_("See [blue]{command_path} {help_option}[/]")),
)
"""Typer's own headings; it has no other way to say them in another language."""
_USAGE: Final = N_("Usage:")
_FEW: Final = 20
"""Commands that are named when somebody typed one that is not there."""
_TYPES: Final[Mapping[type, str]] = {
    str: N_("TEXT"), int: N_("NUMBER"), float: N_("NUMBER"), UUID: N_("ID"),
}  # fmt: skip


class Command(TyperCommand):
    """A command whose usage line is in the reader's language."""

    prefix: str = _USAGE

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """Write the usage line."""
        formatter.write_usage(ctx.command_path, " ".join(_pieces(self, ctx)), prefix=f"{self.prefix} ")


class Group(TyperGroup):
    """A group of commands, likewise."""

    prefix: str = _USAGE

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """Write the usage line."""
        formatter.write_usage(
            ctx.command_path, " ".join((*_pieces(self, ctx), self.subcommand_metavar)), prefix=f"{self.prefix} "
        )


def _pieces(command: Any, ctx: Any) -> Iterator[str]:
    """What stands after the command: arguments first, as they are typed; those between brackets may be left out."""
    for param in command.get_params(ctx):
        if isinstance(param, TyperArgument):
            yield str(param.metavar) if param.required else f"[{param.metavar}]"
    yield command.options_metavar


# ---------------------------------------------------------------------------------------- the help


def speak(_: Translate) -> None:
    """Let typer's own headings and notes be in the reader's language, for this process."""
    highlights = [h for h in rich_utils.OptionHighlighter.highlights if "?P<usage>" not in h]
    rich_utils.OptionHighlighter.highlights = [*highlights, rf"(?P<usage>{re.escape(_(_USAGE))} )"]
    for name, text in _CONSTANTS:
        setattr(rich_utils, name, _(text))


def translate(command: Any, _: Translate) -> None:
    """Put every text of ``command`` and of all commands below it into the reader's language."""
    command.prefix = _(_USAGE)
    command.options_metavar = _(N_("[OPTIONS]"))
    help_option = command.get_help_option(typer.Context(command))
    help_option.help = N_("Show this help and stop.")
    for owner in (command, *command.params, help_option):
        for name in ("help", "short_help", "rich_help_panel"):
            text = getattr(owner, name, None)
            if isinstance(text, str) and text:
                setattr(owner, name, escape(_(text)))  # a word between brackets is no markup
    if command.epilog:
        command.epilog = f"[bold]{_(N_('Examples'))}[/]\n{escape(command.epilog)}"
    for param in (*command.params, help_option):
        _parameter(param, _)
    if isinstance(command, Group):
        command.subcommand_metavar = _(N_("COMMAND …"))
        for below in command.commands.values():
            translate(below, _)


def _parameter(param: Any, _: Translate) -> None:
    """How a value is called: ours where it has a name, a plain word for its type, nothing for a flag."""
    if param.metavar:
        param.metavar = _(param.metavar)
    elif not getattr(param, "is_flag", False):
        param.metavar = _(_TYPES.get(param.type_descriptor.annotation, N_("TEXT")))
    if isinstance(param, TyperArgument) or getattr(param, "is_flag", False):
        param.display_type_rich = lambda ctx: None  # noqa: ARG005 - typer's own signature
        param._get_number_range_help_str = lambda: None  # noqa: SLF001 - a word of typer's that says nothing here


# ---------------------------------------------------------------------------------------- errors


def show(error: Any, _: Translate, *, json: bool) -> None:
    """Say what was not used rightly: a usage line and a sentence on standard error, or a problem as JSON."""
    if isinstance(error, usage.NoArgsIsHelpError):
        return  # the help is on the screen already
    text = sentence(error, _)
    if json:
        typer.echo(dumps({"code": "usage", "detail": text}, indent=2, ensure_ascii=False))
        return
    error.format_message = lambda: text
    rich_utils.rich_format_error(error)


def sentence(error: Exception, _: Translate) -> str:
    """What was not used rightly, in one sentence that never repeats a value."""
    for kind, say in _SAYINGS:
        if isinstance(error, kind):
            return say(error, _)
    return _(N_("The command was not used rightly."))


def _missing(error: Any, _: Translate) -> str:
    if isinstance(error.param, TyperArgument):
        return _(N_("The argument {name} is missing.")).format(name=_hint(error))
    return _(N_("The option {name} is missing.")).format(name=_hint(error))


def _bad(error: Any, _: Translate) -> str:
    cause = error.__cause__
    expected = _expected(cause, _) if isinstance(cause, ValidationError) else str(error.message)
    if error.param is None:
        return expected  # our own sentence
    return f"{_hint(error)}: {expected}"


def _expected(error: ValidationError, _: Translate) -> str:
    """What should have been given."""
    fault = error.errors(include_url=False, include_input=False)[0]
    kind, limits = str(fault["type"]), fault.get("ctx", {})
    for start, template in _EXPECTED:
        if kind.startswith(start):
            return _(template).format_map({"ge": "", "le": "", **limits})
    return _(N_("This value cannot be used here."))


_EXPECTED: Final = (
    ("greater_than_equal", N_("at least {ge} is needed here.")),
    ("less_than_equal", N_("at most {le} is possible here.")),
    ("int", N_("expected is a whole number.")),
    ("float", N_("expected is a number.")),
    ("uuid", N_("expected is an id such as 0b7a9a5e-5d1c-4a55-9c1b-3f5f2f6a9d10.")),
    ("bool", N_("expected is true or false.")),
    ("value_error", N_("expected is a date such as 2026-03-02.")),  # of our options only dates are parsed by a function
)
"""pydantic's kind of error -> what was expected."""


def _no_option(error: Any, _: Translate) -> str:
    text = _(N_("There is no option {name}.")).format(name=error.option_name)
    return text + _meant(error.possibilities or (), _)


def _option_use(error: Any, _: Translate) -> str:
    if "does not take a value" in error.message:
        return _(N_("The option {name} takes no value.")).format(name=error.option_name)
    return _(N_("The option {name} needs a value.")).format(name=error.option_name)


def _other(error: Any, _: Translate) -> str:
    message = str(error.message)
    if found := _NO_COMMAND.match(message):
        meant = _meant(_QUOTED.findall(found[2]), _)
        return _(N_("There is no command {name}.")).format(name=found[1]) + (meant or _known(error, _))
    if message.startswith("Got unexpected extra argument"):
        return _(N_("There are more arguments than this command takes."))
    if message.startswith("Missing command"):
        return _(N_("Which command? See the list below --help."))
    return _(N_("The command was not used rightly."))


_NO_COMMAND: Final = re.compile(r"No such command '([^']*)'\.?(.*)", re.DOTALL)
_QUOTED: Final = re.compile(r"'([^']+)'")
_SAYINGS: Final[tuple[tuple[type[Exception], Callable[[Any, Translate], str]], ...]] = (
    (usage.MissingParameter, _missing),
    (usage.BadParameter, _bad),
    (usage.NoSuchOption, _no_option),
    (usage.BadOptionUsage, _option_use),
    (usage.UsageError, _other),
)
"""Kind of error -> how it is said; the first that fits."""


def _meant(names: Any, _: Translate) -> str:
    found = sorted(names)
    return _(N_(" Did you mean {names}?")).format(names=", ".join(found)) if found else ""


def _known(error: Any, _: Translate) -> str:
    """The commands of the group that was asked, when they are few enough to read."""
    group = error.ctx.command if error.ctx is not None else None
    names = list(group.commands) if isinstance(group, TyperGroup) else []
    return _(N_(" There are: {names}.")).format(names=", ".join(names)) if 0 < len(names) <= _FEW else ""


def _hint(error: Any) -> str:
    """What the parameter is called: an option as it is typed, an argument by its name in the usage line."""
    param = error.param
    if isinstance(param, TyperArgument):
        return str(param.metavar)
    return str(param.opts[0]) if param is not None else ""
