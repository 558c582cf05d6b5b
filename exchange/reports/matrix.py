"""Who knows what at a glance: categories down, partners across, from the answers of several nodes about the same person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from exchange.i18n import N_, tr
from exchange.node.forms import KnownItem, WhoKnows
from exchange.reports.titles import Titles


class State(IntEnum):
    """What a partner has of a category; the higher one shows when items differ."""

    NOTHING = 0
    REFUSED = 1
    """It was offered and refused."""
    ERASED = 2
    """It had it; the key is gone."""
    TOLD = 3
    """Somebody sent it, and the partner's own answer is not here to confirm it."""
    KNOWS = 4
    """It received it from a partner."""
    SOURCE = 5
    """Its own record, which it gave to others."""


WORDS = {
    State.NOTHING: "-",
    State.REFUSED: N_("refused"),
    State.ERASED: N_("erased"),
    State.TOLD: N_("sent to it"),
    State.KNOWS: N_("knows it from {partners}"),
    State.SOURCE: N_("own record"),
}


@dataclass
class Cell:
    """One partner and one category."""

    state: State = State.NOTHING
    sources: set[str] = field(default_factory=set)
    """Names of the partners it came from."""

    def learn(self, state: State, source: str = "") -> None:
        """Take in one item."""
        self.state = max(self.state, state)
        if source:
            self.sources.add(source)


@dataclass(frozen=True)
class Matrix:
    """The whole table."""

    partners: list[tuple[str, str]]
    """(slug, name), in the order they were given."""
    categories: list[tuple[str, str]]
    """(code, title), in order of first appearance."""
    cells: dict[tuple[str, str], Cell]
    """(category, slug) -> cell; a missing one is NOTHING."""

    def cell(self, category: str, partner: str) -> Cell:
        """What ``partner`` has of ``category``."""
        return self.cells.get((category, partner), Cell())

    def rows(self, language: str = "nl") -> list[list[str]]:
        """The table in words: a row per category, its title first, then one cell per partner."""
        return [
            [title, *(self._words(self.cell(code, slug), language) for slug, _ in self.partners)]
            for code, title in self.categories
        ]

    @staticmethod
    def _words(cell: Cell, language: str) -> str:
        return tr(language)(WORDS[cell.state]).format(partners=", ".join(sorted(cell.sources)))


def matrix(answers: Sequence[WhoKnows], titles: Titles | None = None, others: Iterable[tuple[str, str]] = ()) -> Matrix:
    """The matrix of several nodes' answers about the same person.

    Args:
        answers: One per partner that answered, in the order of the columns.
        titles: What the categories are called.
        others: (slug, name) of partners that did not answer but get a column.
    """
    titles = titles or Titles()
    partners = dict([(answer.partner, answer.partner_name) for answer in answers] + list(others))
    answered = {answer.partner for answer in answers}
    cells: dict[tuple[str, str], Cell] = {}
    categories: dict[str, str] = {}
    for answer in answers:
        for item in answer.items:
            categories.setdefault(item.category, titles.of(item.category))
            partners.setdefault(item.partner, item.partner_name)
            for partner, state, source in _learnt(answer, item, answered):
                cells.setdefault((item.category, partner), Cell()).learn(state, source)
    return Matrix(list(partners.items()), list(categories.items()), cells)


def _learnt(answer: WhoKnows, item: KnownItem, answered: set[str]) -> Iterable[tuple[str, State, str]]:
    """Who learnt what from one item: the one who answers, and the receiver when he does not answer himself."""
    if item.direction == "received":
        state = State.REFUSED if item.rejected else State.ERASED if item.erased_at else State.KNOWS
        yield answer.partner, state, item.partner_name if state is State.KNOWS else ""
        return
    yield answer.partner, State.ERASED if item.erased_at else State.SOURCE, ""
    if item.rejected:
        yield item.partner, State.REFUSED, ""
    elif item.partner not in answered:
        yield item.partner, State.TOLD, ""
