"""What a new generation of a covenant changes, in sentences, grouped as people talk about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from exchange.domain.covenant import Covenant
from exchange.domain.difference import Act, Change, Section, changes
from exchange.domain.numbering import own_numbers
from exchange.i18n import N_, Translate, tr
from exchange.reports.covenant_words import CovenantWords

HEADINGS: Final[Mapping[Section, str]] = {
    Section.PARTNERS: N_("Partners"),
    Section.TASKS: N_("Statutory tasks (article 3.1)"),
    Section.PURPOSES: N_("Purposes (article 4.1)"),
    Section.CONTEXTS: N_("Scope (article 2.2)"),
    Section.AREAS: N_("Areas"),
    Section.SIGNAL_KINDS: N_("What a signal may be about (article 1)"),
    Section.GROUNDS: N_("Grounds of the covenant itself"),
    Section.SECRECY: N_("Professional secrecy"),
    Section.CATEGORIES: N_("Categories and their fields"),
    Section.MATRIX: N_("Who may receive what"),
    Section.FIELD_RULES: N_("Which fields may go (article 11.1)"),
    Section.IDENTITY: N_("How a person is made known (article 11.1)"),
    Section.TEXT_RULES: N_("Words that are refused"),
    Section.PROFILES: N_("Profiles: standard exchanges that were approved in advance"),
    Section.RETENTION: N_("Retention (article 9.2)"),
    Section.SETTINGS: N_("Settings"),
    Section.ARTICLES: N_("Text of the articles"),
    Section.NUMBERING: N_("Which article a rule of the node belongs to"),
    Section.COVENANT: N_("The document itself"),
}
KEYS: Final[Mapping[str, str]] = {
    "sign": N_("signing key"),
    "log": N_("log key"),
    "log_pq": N_("post-quantum log key"),
    "witness": N_("witness key"),
    "transport": N_("key for the broker"),
    "root": N_("root key"),
}
"""Keys on a card."""


@dataclass(frozen=True)
class Chapter:
    """The changes in one part of the covenant."""

    heading: str
    sentences: list[str]


def chapters(old: Covenant, new: Covenant, language: str) -> list[Chapter]:
    """Everything that changes from ``old`` to ``new``; nothing when they are the same document."""
    _ = tr(language)
    say = _Sayer(_, CovenantWords(_, old, new))
    found: dict[Section, list[str]] = {}
    for change in changes(old, new):
        found.setdefault(change.section, []).append(say.sentence(change))
    return [
        Chapter(own_numbers(new.numbering, _(HEADINGS[section])), list(dict.fromkeys(lines)))
        for section, lines in found.items()
    ]


class _Sayer:
    """One change, one sentence."""

    def __init__(self, translate: Translate, vocabulary: CovenantWords) -> None:
        self._ = translate
        self._words = vocabulary

    def sentence(self, change: Change) -> str:
        special = {
            Section.PARTNERS: self._partner,
            Section.TASKS: self._task,
            Section.SIGNAL_KINDS: self._signal_kind,
            Section.MATRIX: self._matrix,
            Section.FIELD_RULES: self._fields,
            Section.IDENTITY: self._identity,
            Section.RETENTION: self._retention,
            Section.ARTICLES: self._article,
            Section.NUMBERING: self._numbered,
            Section.SETTINGS: self._setting,
            Section.TEXT_RULES: self._text_rule,
        }.get(change.section)
        if special is not None:
            return special(change)
        if change.field == "order":
            return self._(
                N_("Only the order in which things are written changed: no rule changes, but the fingerprint does.")
            )
        if change.field == "established":
            return self._standing(self._(N_("Whatever names no source")), change.before, change.after)
        codes = [codes[0] for codes in change.subject]
        return self._row(change, f"{self._words.titles.of(codes[0])} ({codes[0]})" if codes else "")

    # -- parts with words of their own

    def _partner(self, change: Change) -> str:
        slug = change.subject[0][0]
        name = f"{self._words.who(slug)} ({slug})"
        if change.act is Act.CHANGED and change.field.partition(".")[0] not in {"participation", "card"}:
            return self._row(change, name)
        role = change.field.partition(".")[2].partition(".")[0]
        return self._(_partner_text(change)).format(
            name=name,
            facts=self._facts(change.after or {}, ("participation", "kind", "regime")) if not change.field else "",
            key=self._(KEYS[role]) if role in KEYS else role,
        )

    def _task(self, change: Change) -> str:
        slug, code = (codes[0] for codes in change.subject)
        titles = self._words.titles
        return self._row(change, f"{self._words.who(slug)}, {titles.of(code)} ({code})")

    def _signal_kind(self, change: Change) -> str:
        code = change.subject[0][0]
        return self._row(change, f"{self._words.titles.of_signal_kind(code)} ({code})")

    def _matrix(self, change: Change) -> str:
        categories, recipients, senders = change.subject
        where = self._(N_("{categories} to {recipients}, from {senders}")).format(
            categories=self._words.named(categories),
            recipients=self._words.everyone(recipients),
            senders=self._words.everyone(senders),
        )
        before, after = change.before, change.after
        if before is None:
            return self._(N_("{where}: a new rule, {rule}. Source: {source}.")).format(
                where=where, rule=self._words.rule(after), source=self._words.source(after)
            )
        if after is None:
            text = N_("{where}: the rule goes (it was: {rule}). What no other rule allows is refused.")
            return self._(text).format(where=where, rule=self._words.rule(before))
        one, other = self._words.rule(before), self._words.rule(after)
        if one == other:
            return self._sourced(where, [before], [after])
        text = N_("{where}: was {before}; becomes {after}. Source: {source}.")
        return self._(text).format(where=where, before=one, after=other, source=self._words.source(after))

    def _sourced(self, where: str, before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> str:
        """The same rule, that comes from elsewhere or is no proposal any more."""
        if [row["source"] for row in before] == [row["source"] for row in after]:
            return self._standing(where, *(all(row["verified"] for row in rows) for rows in (before, after)))
        text = N_("{where}: the rule stays the same; its source was {before} and becomes {after}.")
        one, other = ("; ".join(self._words.source(row) for row in rows) for rows in (before, after))
        return self._(text).format(where=where, before=one, after=other)

    def _standing(self, name: str, before: object, after: object) -> str:
        """Whether it is a proposal."""
        text = N_("{name}: this is a proposal, as it was.")
        if after and not before:
            text = N_("{name}: this was a proposal and is established.")
        elif before and not after:
            text = N_("{name}: this was established and is a proposal again.")
        return self._(text).format(name=name)

    def _setting(self, change: Change) -> str:
        if change.field == "established":
            label = self._words.label(change.subject[0][0])
            return self._standing(label[:1].upper() + label[1:], change.before, change.after)
        return self._row(change, "")

    def _fields(self, change: Change) -> str:
        purposes, (category,), recipients, senders, kinds, *of_fields = change.subject
        text = N_("{category} to {recipients}, from {senders}, in {kinds} for {purposes}: no longer {fields}.")
        if change.act is Act.ADDED:
            text = N_(
                "{category} to {recipients}, from {senders}, in {kinds} for {purposes}: from now on also {fields}."
            )
        elif change.act is Act.CHANGED:
            text = N_("{fields} of {category} to {recipients}, from {senders}, in {kinds} for {purposes}")
        said = self._(text).format(
            category=self._words.titles.of(category),
            recipients=self._words.everyone(recipients),
            senders=self._words.everyone(senders),
            kinds=self._words.kinds(kinds),
            purposes=self._words.named(purposes),
            fields=self._words.field_names(category, of_fields[0] if of_fields else change.before or change.after),
        )
        return self._sourced(said, change.before, change.after) if change.act is Act.CHANGED else said

    def _identity(self, change: Change) -> str:
        text = N_("{attribute} was told as {before} and becomes {after}.")
        if change.act is Act.ADDED:
            text = N_("{attribute} may be told from now on, as {after}.")
        elif change.act is Act.REMOVED:
            text = N_("{attribute} is told to no partner any more (it was: {before}).")
        return self._(text).format(
            attribute=self._words.attribute(change.subject[0][0]),
            before=self._words.place_of(change.before) if change.before else "",
            after=self._words.place_of(change.after) if change.after else "",
        )

    def _retention(self, change: Change) -> str:
        codes = [codes[0] for codes in change.subject]
        name = f"{self._words.titles.of(codes[0])} ({codes[0]})"
        return self._row(change, ", ".join([name, *codes[1:]]))

    def _article(self, change: Change) -> str:
        number = change.subject[0][0]
        return self._row(change, self._(N_("Article {number}")).format(number=number))

    def _numbered(self, change: Change) -> str:
        number = change.subject[0][0]
        return self._row(change, self._(N_("What the node's rules call article {number}")).format(number=number))

    def _text_rule(self, change: Change) -> str:
        return self._row(change, self._(N_("Rule {code}")).format(code=change.subject[0][0]))

    # -- everything else

    def _row(self, change: Change, name: str) -> str:
        """A row that came, went or changed one value."""
        if change.act is Act.CHANGED:
            return self._changed(change, name)
        row = change.after if change.act is Act.ADDED else change.before
        if change.section is not Section.RETENTION and "verified" in row:
            row = {**row, "source": self._words.source(row), "verified": None}
        facts = self._facts(row, tuple(field for field in row if field not in {"code", "title", "rules", "fields"}))
        if row.get("fields"):
            facts += f"; {', '.join(row['fields'].values())}"
        text = N_("{name} is new ({facts}).") if change.act is Act.ADDED else N_("{name} goes (it was: {facts}).")
        return self._(text).format(name=name, facts=facts)

    def _changed(self, change: Change, name: str) -> str:
        if change.field == "verified" and change.section is not Section.RETENTION:
            return self._standing(name, change.before, change.after)
        table, _dot, inner = change.field.partition(".")
        label = inner if table == "fields" else self._words.label(change.field)
        before, after = self._words.value(change.field, change.before), self._words.value(change.field, change.after)
        if before == after:  # what tells them apart is not in the words
            before, after = str(change.before), str(change.after)
        text = N_("{name}: {label} was {before} and becomes {after}.")
        if table == "fields" and change.before is None:
            text = N_("{name}: new field {label}, {after}.")
        elif table == "fields" and change.after is None:
            text = N_("{name}: the field {label}, {before}, goes.")
        elif not name:
            label, text = label[:1].upper() + label[1:], N_("{label}: was {before} and becomes {after}.")
        return self._(text).format(name=name, label=label, before=before, after=after)

    def _facts(self, row: Mapping[str, Any], fields: Sequence[str]) -> str:
        """Attributes of a row and their values; what is absent or false says nothing."""
        said = [(field, row[field]) for field in fields if row.get(field) not in (None, False, [], {}, "")]
        return "; ".join(f"{self._words.label(field)}: {self._words.value(field, value)}" for field, value in said)


def _partner_text(change: Change) -> str:
    """The sentence about a partner that comes, goes, or takes part in another way."""
    if change.act is Act.REMOVED:
        return N_("{name} leaves the covenant: nothing goes to it or comes from it any more.")
    if change.act is Act.ADDED:
        return N_("{name} joins the covenant. {facts}.")
    if change.field == "participation" and change.after == "connected":
        return N_("{name} joins the exchange: it was on paper and becomes connected.")
    if change.field == "participation":
        return N_("{name} leaves the exchange: from connected to on paper; nothing is sent to it any more.")
    if change.field == "card":
        return N_("{name} has another card. Compare the fingerprint with this partner before you sign.")
    return N_("{name} has another {key} on its card. Compare the fingerprint with this partner before you sign.")
