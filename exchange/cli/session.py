"""What every command shares: the options, the language, the way to show an answer, and what happens when something fails.

A command is a function that takes a :class:`Session` first and its own options after it; :func:`command` adds the options every
command has, so that they work before and after the command's name, and turns every failure into one sentence and an exit code.
"""

from __future__ import annotations

import inspect
import json
import os
import sys
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, get_type_hints

import typer
from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from exchange.cli.columns import widths
from exchange.cli.door import Door, ProblemError
from exchange.cli.grammar import Command, Group
from exchange.errors import ExchangeError
from exchange.i18n import LANGUAGES, N_, Translate, from_environment, tr

PANEL: Final = N_("Options of every command")
WIDE: Final = 160
"""Columns when the output is no terminal: nothing is cut off for a file."""
_CODE: Final = 26
"""Characters of a code that a table keeps on one line."""
_BIDI: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_CONTROL: Final = frozenset({"Cc", "Cs", "Cn", "Co"})


def clean(value: object) -> str:
    """``value`` as text that cannot steer the terminal: no escape sequences, no reversed reading direction."""
    text = "" if value is None else str(value)
    return "".join(
        " " if c in "\n\t" else "\ufffd" if c in _BIDI or unicodedata.category(c) in _CONTROL else c for c in text
    )


@dataclass
class Globals:
    """The options of every command, as given; None means not given."""

    node: Path | None = None
    actor: str | None = None
    json: bool = False
    language: str | None = None

    def over(self, other: Globals) -> Globals:
        """These options, and ``other``'s where these are silent."""
        return Globals(
            self.node or other.node, self.actor or other.actor, self.json or other.json, self.language or other.language
        )


class Session:
    """One run of one command."""

    def __init__(self, given: Globals) -> None:
        self.given = given
        if given.language is not None and given.language not in LANGUAGES:
            raise typer.BadParameter(tr(from_environment(os.environ))(N_("--lang is nl or en.")))
        self.language = given.language or from_environment(os.environ)
        self.gettext: Translate = tr(self.language)
        self.out = _console(sys.stdout)
        self.err = _console(sys.stderr)

    @property
    def directory(self) -> Path:
        """The node's directory: ``--node``, ``EXCHANGE_NODE``, or the current one when it is a node."""
        if self.given.node is not None:
            return self.given.node
        if Path("node.toml").is_file():
            return Path()
        raise typer.BadParameter(self.gettext("Name the node's directory with --node or the variable EXCHANGE_NODE."))

    @property
    def door(self) -> Door:
        """The API of the running node."""
        return Door(self.directory, self.given.actor, self.language)

    def show(self, answer: Any, human: Callable[[], None]) -> None:
        """``answer`` as JSON when asked for, else whatever ``human`` prints."""
        if self.given.json:
            self.out.out(json.dumps(answer, indent=2, ensure_ascii=False, default=str), highlight=False)
        else:
            human()

    def form(self, text: str) -> None:
        """An empty form in TOML."""
        self.show(tomllib.loads(text), lambda: self.out.out(text, highlight=False))

    def done(self, sentence: str, *, next: str | None = None, **more: object) -> None:  # noqa: A002 - as machines read it
        """Say that something without an answer of its own was done, and which command comes next."""

        def human() -> None:
            self.say(sentence)
            if next is not None:
                self.out.print(f"  {clean(next)}", style="bold", soft_wrap=True)  # one line, to be pasted

        self.show({"done": True, **({"next": next} if next else {}), **more}, human)

    def running(self, sentence: str, **more: object) -> None:
        """Say that something runs from here on, until it is stopped."""
        if self.given.json:
            self.out.out(json.dumps({"running": True, **more}), highlight=False)
            sys.stdout.flush()
        else:
            self.err.print(sentence, soft_wrap=True)

    def say(self, sentence: str = "", style: str | None = None, *, failed: bool = False) -> None:
        """One paragraph of text for people; on standard error when it says what went wrong."""
        console = self.err if failed else self.out
        # A leading line break is layout of ours; inside, whatever was typed stays on one line.
        start = "\n" if sentence.startswith("\n") else ""
        console.print(start + clean(sentence.removeprefix("\n")), style=style, soft_wrap=not console.is_terminal)

    def item(self, sentence: str) -> None:
        """One of several points under a heading."""
        console = self.out
        if not console.is_terminal:
            self.say(f"  - {sentence}")
            return
        grid = Table.grid(padding=(0, 1))
        grid.add_row("  -", clean(sentence))
        console.print(grid)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]], empty: str = "", title: str = "") -> None:
        """A table, or ``empty`` when there are no rows."""
        listed = [[clean(cell) for cell in row] for row in rows]
        if not listed:
            self.say(empty, "dim")
            return
        table = Table(
            box=box.SIMPLE_HEAD, title=title or None, title_justify="left", title_style="bold", pad_edge=False
        )
        fitting = widths(columns, listed, self.out.width)
        for number, column in enumerate(columns):
            # An id, a code or a short name is there to be copied: it stays on one line, and the others give way.
            cells = [row[number] for row in listed]
            whole = not any(" " in cell for cell in cells) and (number == 0 or max(map(len, cells)) <= _CODE)
            width = fitting[number] if fitting else None
            table.add_column(column, overflow="fold", header_style="bold", no_wrap=whole and not fitting, width=width)
        for row in listed:
            table.add_row(*row)
        self.out.print(table)

    def facts(self, pairs: Iterable[tuple[str, object]]) -> None:
        """Names and values under each other."""
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(overflow="fold")
        for name, value in pairs:
            if value not in (None, ""):
                grid.add_row(name, clean(value))
        self.out.print(Padding(grid, (0, 0, 0, 1)))

    def item_place(self, refusal: dict[str, Any]) -> str:
        """Which item a refusal is about, counted from one; nothing when it concerns the whole."""
        if refusal.get("identity"):
            return self.gettext(" (the identity that goes along)")
        if refusal["item"] is None:
            return ""
        return self.gettext(" (item {number})").format(number=refusal["item"] + 1)

    def fail(self, error: ExchangeError) -> None:
        """One sentence on standard error, with the reasons of a refusal below it; or the problem as JSON."""
        problem: dict[str, Any] = {"code": error.code, "detail": error.localised(self.gettext)}
        if isinstance(error, ProblemError):
            problem = error.problem
        elif error.details:
            problem["errors"] = [
                {"location": d.location, "type": d.kind, "message": d.localised(self.gettext)} for d in error.details
            ]
        if self.given.json:
            self.out.out(json.dumps(problem, indent=2, ensure_ascii=False), highlight=False)
            return
        self.err.print(clean(problem["detail"]), style="bold red", soft_wrap=True)
        reasons = [
            f"  {refusal['code']} {refusal['partner']}{self.item_place(refusal)}: {refusal['text']}"
            for refusal in problem.get("refusals", ())
        ]
        for text in dict.fromkeys(reasons):  # of name and birth date the same may hold
            self.err.print(clean(text), soft_wrap=True)
        for fault in problem.get("errors", ()):
            self.err.print(clean(f"  {self._where(fault['location'])}: {fault['message']}"), soft_wrap=True)

    def _where(self, location: str) -> str:
        """The place of a fault as people count: ``body.items.0.category`` is the category of item 1."""
        parts = location.removeprefix("body.").split(".")
        if len(parts) > 2 and parts[0] == "items" and parts[1].isdigit():  # noqa: PLR2004 - a field of an item
            return parts[2] + self.gettext(" (item {number})").format(number=int(parts[1]) + 1)
        return ".".join(parts)


def _console(stream: Any) -> Console:
    """A console that takes text as it is: no markup, no emoji codes, no guessing at numbers."""
    width = None if stream.isatty() else WIDE
    return Console(file=stream, width=width, markup=False, highlight=False, emoji=False)


Option = tuple[str, Any, Any]
"""Name of the parameter, its annotation, its default."""


Node = Annotated[
    Path | None,
    typer.Option(
        "--node", metavar=N_("DIR"), rich_help_panel=PANEL, help=N_("The node's directory (or variable EXCHANGE_NODE).")
    ),
]
As = Annotated[
    str | None,
    typer.Option(
        "--as",
        metavar="ACTOR",
        rich_help_panel=PANEL,
        help=N_("Act as this actor: an id, or a role only one of yours has."),
    ),
]
Json = Annotated[bool, typer.Option("--json", rich_help_panel=PANEL, help=N_("Answer as JSON."))]
Lang = Annotated[
    str | None, typer.Option("--lang", metavar="nl|en", rich_help_panel=PANEL, help=N_("Language of the texts."))
]


def _alone(context: typer.Context, value: bool) -> bool:
    """An empty form is printed without anything that the command itself needs."""
    context.resilient_parsing = context.resilient_parsing or value
    return value


Template = Annotated[
    bool, typer.Option("--template", is_eager=True, callback=_alone, help=N_("Print an empty form to fill in."))
]

_COMMON: Final[tuple[Option, ...]] = (
    ("node_", Node, None),
    ("as_", As, None),
    ("json_", Json, False),
    ("lang_", Lang, None),
)


def group(text: str) -> typer.Typer:
    """A group of commands; ``text`` is its help, marked with ``N_``. The options of every command work after its name too."""
    made = typer.Typer(no_args_is_help=True, cls=Group, help=text)

    @made.callback()
    def _options(
        context: typer.Context, node: Node = None, actor: As = None, json_: Json = False, lang: Lang = None
    ) -> None:
        before = context.obj if isinstance(context.obj, Globals) else Globals()
        context.obj = Globals(node, actor, json_, lang).over(before)

    return made


def command(
    app: typer.Typer,
    name: str,
    text: str,
    options: Sequence[Option] = (),
    *,
    examples: Sequence[str] = (),
    panel: str | None = None,
    template: Callable[[Session], str] | None = None,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a command.

    Args:
        app: The group it belongs to.
        name: As typed.
        text: The help, marked with ``N_``; translated when the program starts.
        options: Further options for a function that takes ``**options`` because several commands share them.
        examples: Lines to paste, shown below the help; what a person has to fill in himself stands in capitals or as "…".
        panel: Heading under which the command is listed.
        template: Of a command that takes a form: what makes an empty one, for ``--template``.
    """
    if template is not None:
        options = (*options, ("template_", Template, False))

    def register(function: Callable[..., None]) -> Callable[..., None]:
        hints = get_type_hints(function, include_extras=True)
        kind = inspect.Parameter.KEYWORD_ONLY
        own = [p for p in inspect.signature(function).parameters.values() if p.kind is not p.VAR_KEYWORD][1:]
        parameters = [inspect.Parameter("typer_context", kind, annotation=typer.Context)]
        parameters += [p.replace(kind=kind, annotation=hints[p.name]) for p in own]
        parameters += [inspect.Parameter(n, kind, default=d, annotation=a) for n, a, d in (*options, *_COMMON)]

        def run(**given: Any) -> None:
            context = given.pop("typer_context")
            here = Globals(given.pop("node_"), given.pop("as_"), given.pop("json_"), given.pop("lang_"))
            before = context.obj if isinstance(context.obj, Globals) else Globals()
            printed = template if given.pop("template_", False) else None
            guarded(
                Session(here.over(before)),
                lambda session: session.form(printed(session)) if printed else function(session, **given),
            )

        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        run.__name__ = name.replace("-", "_")
        needs = any(p.default is p.empty for p in own)
        epilog = "\n".join(examples) or None
        app.command(name, cls=Command, help=text, no_args_is_help=needs, epilog=epilog, rich_help_panel=panel)(run)
        return function

    return register


def guarded(session: Session, action: Callable[[Session], None]) -> None:
    """Run ``action``; a failure becomes one sentence and exit code 1, never a traceback."""
    try:
        action(session)
    except ExchangeError as error:
        session.fail(error)
        raise typer.Exit(1) from None
    except (typer.Exit, typer.Abort, typer.BadParameter, BrokenPipeError):
        raise
    except Exception as error:  # noqa: BLE001 - the last line: a traceback could quote what a person typed
        # Only the kind of error and our own line: its text may hold personal data.
        session.fail(
            ExchangeError(
                "Something unexpected went wrong ({kind} at {place}). Please report this line.",
                kind=type(error).__name__,
                place=_place(error),
            )
        )
        raise typer.Exit(1) from None


def _place(error: BaseException) -> str:
    """The innermost line of this package that ``error`` passed."""
    package, place, step = Path(__file__).parent.parent, "?", error.__traceback__
    while step is not None:
        source = Path(step.tb_frame.f_code.co_filename)
        if source.is_relative_to(package):
            place = f"{source.relative_to(package).as_posix()}:{step.tb_lineno}"
        step = step.tb_next
    return place
