"""Four real nodes, people who do lawful and unlawful things with them, and an opinion of its own on everything that leaves.

    async with Play.copied(founded, home) as play:
        await play.begin()
        await perform(play, "share", numbers)   one of the commands of play_commands and play_casework
        play.wrong                              what left and should not have

What each partner may get is kept beside the nodes, from what was done; what an item needs stands in ``tests/visibility.py``.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock
from uuid import UUID, uuid4

from leaving import Part, Watched
from play_forms import Numbers
from visibility import MATRIX, PARTNERS, Matrix, Sent, holds_service_number, stands_against

from exchange.domain.proposal import Verdict
from exchange.domain.retention import local_day
from exchange.domain.vocabulary import Side
from exchange.errors import ExchangeError
from exchange.node import areas, rules
from exchange.node import facts_forms as ff
from exchange.node import forms as f
from exchange.node.service import Actor, Refused
from exchange.wire import messages as m

CONTENT = {m.Kind.SIGNAL.value, m.Kind.DISCLOSURE.value, m.Kind.CORRECTED.value}
ONLY_THE_SENDER_SEES = {"R13", "R18", "R26", "R32"}
"""Register, restriction, training, who decided: a receiver cannot judge them."""
SECOND: Matrix = {**MATRIX, ("FINANCIEN_SCHULDEN", "welzijn"): frozenset({"no"})}
"""The matrix under the second generation of the covenant."""


@dataclass
class Given:
    """An item that went, as far as its sender is concerned."""

    owner: str
    recipient: str
    item: UUID
    word: str
    subject: UUID
    message: str
    form: f.ItemForm


@dataclass
class Case:
    """A case and who is in its scope."""

    keeper: str
    partners: set[str]
    word: str
    closed: bool = False


@dataclass
class Offer:
    """An item offered in a conference."""

    id: UUID
    conference: UUID
    owner: str
    word: str
    to: list[str]
    status: str = "offered"


@dataclass
class Play(Watched):
    """See the module."""

    people: dict[str, list[UUID]] = field(default_factory=dict)
    names: dict[UUID, str] = field(default_factory=dict)
    decisions: list[UUID] = field(default_factory=list)
    given: list[Given] = field(default_factory=list)
    cases: dict[UUID, Case] = field(default_factory=dict)
    conferences: list[tuple[UUID, list[tuple[UUID, UUID, list[str]]]]] = field(default_factory=list)
    """Conference, and of each agenda item its id, case and scope."""
    offers: list[Offer] = field(default_factory=list)
    objections: list[tuple[str, UUID, UUID]] = field(default_factory=list)
    restricted: set[tuple[str, UUID]] = field(default_factory=set)
    """(partner, subject) that may only be stored."""
    recalled: set[tuple[str, str]] = field(default_factory=set)
    """(partner, word) that was asked back."""
    generation: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PARTNERS, 1))
    trained: dict[str, dt.date] = field(default_factory=dict)
    hostile: frozenset[str] = frozenset()
    """Who skips its own checks right now."""
    ids: dict[str, Part] = field(default_factory=dict)
    """Uuid -> first part, of what was sent so."""
    known: set[str] = field(default_factory=set)
    """Messages that left before."""
    lawless: set[str] = field(default_factory=set)
    """Messages of whoever skipped its checks: they are the receiver's to refuse."""
    chair: Actor | None = None
    count: Counter[str] = field(default_factory=Counter)
    """What happened, so that a play in which nothing happens is noticed."""

    @property
    def today(self) -> dt.date:
        return local_day(self.clock.at)

    async def begin(self) -> None:
        """One or two people at every partner, a chair, and a decision of the police."""
        for slug in PARTNERS:
            for _ in range(2):
                name = self.secret(slug, set())
                subject = await self.person(
                    slug,
                    given_names="Proef",
                    family_name=name,
                    birth_date="1964-11-05",
                    postcode="7921 AB",
                    house_number="12",
                )
                self.secrets[name].subject = subject
                self.people.setdefault(slug, []).append(subject)
                self.names[subject] = name
        form = f.ActorForm(roles=["chair"], name="W. Voorzitter-Proef")
        made = await self.nodes["gemeente"].register_actor(self.actor("gemeente"), form, None)
        self.chair = Actor(made.actor, "person", frozenset({"chair"}))
        self.decisions.append(await decided(self, Numbers([])))

    async def settled(self) -> None:
        """Nothing is under way any more, and no release waits to be carried out."""
        await self.until(lambda: not any(node.outgoing.waiting() for node in self.nodes.values()))

    # ------------------------------------------------------------------------------------ giving

    async def give(
        self, slug: str, form: f.ShareForm, words: list[str], actor: Actor | None = None
    ) -> list[f.MessageStatus]:
        """Share; what is refused is tried again without scruples, and has to be refused by the receiver."""
        to = {r.partner for r in form.recipients}
        told = [*words, self.names[form.subject]] if form.subject in self.names else words
        before = {word: set(self.secrets[word].may) for word in told}
        for word in told:
            self.secrets[word].may |= to
        try:
            act = await self.nodes[slug].share(actor or self.actor(slug), form, None)
        except ExchangeError as error:
            for word in told:
                self.secrets[word].may = before[word]
            if isinstance(error, Refused):
                await self._anyhow(slug, form, error, actor)
            return []
        await self.settled()
        return (await self.nodes[slug].act(self.actor(slug), act.act)).messages

    async def _anyhow(self, slug: str, form: f.ShareForm, refused: Refused, actor: Actor | None) -> None:
        """For every refusal of the sender: the same from one that skips its checks, and the receiver says the same."""
        self.count.update(r.code for r in refused.refusals)
        for to in form.recipients:
            reasons = [r for r in refused.refusals if r.partner == to.partner]
            if to.partner not in self.nodes or to.partner == slug or not reasons:
                continue
            if self.generation[slug] > self.generation[to.partner]:
                continue  # who has not accepted the next covenant cannot judge by it
            with self.without_scruples(slug):
                try:
                    one = form.model_copy(update={"recipients": [to]})
                    act = await self.nodes[slug].share(actor or self.actor(slug), one, None)
                except ExchangeError:
                    continue  # what the wire cannot even say
                await self.settled()
            (sent,) = (await self.nodes[slug].act(self.actor(slug), act.act)).messages
            self._compare(slug, form, reasons, sent)

    def _compare(self, slug: str, form: f.ShareForm, reasons: list[f.RefusalAnswer], sent: f.MessageStatus) -> None:
        for n, item in enumerate(form.items):
            expected = {r.code for r in reasons if not r.identity and r.item in {None, n}} - ONLY_THE_SENDER_SEES
            if item.record is not None:
                expected -= {"R19"}  # what the sender erased only the sender knows
            if form.case in self.cases and self.cases[form.case].closed:
                expected -= {"R36"}  # what was under way when a case closed is still received
            self.count["refused on both sides"] += bool(expected)
            if not expected <= set(sent.rejected.get(n, [])):
                self.wrong.append(
                    f"{slug} to {sent.partner}: {sent.state}, {sorted(expected)} there, {sent.rejected} here"
                )

    @contextmanager
    def without_scruples(self, *slugs: str) -> Iterator[None]:
        """``slugs`` find everything lawful that they send themselves; whoever receives it judges as ever."""
        judge, judge_work = rules.judge, rules.judge_work

        def share(covenant: Any, kind: m.Kind, sender: str, *rest: Any, **more: Any) -> Verdict:
            return Verdict(()) if sender in slugs else judge(covenant, kind, sender, *rest, **more)

        def work(ctx: Any, covenant: Any, kind: m.Kind, sender: str, *rest: Any, side: Side) -> Verdict:
            own = side is Side.SENDING and sender in slugs
            return Verdict(()) if own else judge_work(ctx, covenant, kind, sender, *rest, side=side)

        self.hostile = frozenset(slugs)
        with (
            mock.patch.object(rules, "judge", share),
            mock.patch.object(rules, "judge_work", work),
            mock.patch.object(areas, "judge_area", return_value=Verdict(())),
        ):
            try:
                yield
            finally:
                self.hostile = frozenset()

    async def again_without_scruples(self, slug: str, what: Callable[[], Awaitable[None]], refused: Refused) -> None:
        """What a partner refused to say about the work, or to correct, is said all the same; the receiver refuses it alike."""
        if self.generation[slug] > min(self.generation.values()):
            return  # who has not accepted the next covenant cannot judge by it
        before = set(self.lawless)
        with self.without_scruples(slug):
            await what()
            await self.settled()
        said = [one for uid, one in self.ids.items() if uid in self.lawless - before]
        for partner in {one.recipient for one in said}:
            # What is about an area is judged before anybody is named: then the reason stands beside the sender itself.
            expected = {r.code for r in refused.refusals if r.partner in {partner, slug}} - ONLY_THE_SENDER_SEES
            answer = {code for one in said if one.recipient == partner for code in self.answers.get(one.message, ())}
            self.count["refused on both sides"] += bool(expected)
            if not expected <= answer:
                self.wrong.append(f"{slug} to {partner}: {sorted(expected)} there, {sorted(answer)} here")

    # ------------------------------------------------------------------------------------ what leaves

    def check(self, parts: list[Part]) -> None:
        if not parts:
            return
        first, new = parts[0], parts[0].uid not in self.known
        self.known.add(first.uid)
        if first.sender in self.hostile and new:
            self.lawless.add(first.uid)
            self.ids[first.uid] = first
        if first.uid in self.lawless:
            return
        self.count[first.kind] += 1
        found = [*self._words(parts), *(self._content(parts, new=new) if first.kind in CONTENT else self._work(first))]
        self.wrong += [f"{first.sender} to {first.recipient}, {first.kind}: {what}" for what in found]

    def _words(self, parts: list[Part]) -> Iterator[str]:
        """Nobody gets a text that is not meant for him, and what an item says stands in items alone."""
        for part in parts:
            for word in part.words:
                secret = self.secrets[word]
                if part.recipient not in secret.may:
                    yield f"{word} is for {sorted(secret.may)}"
                if secret.content and (part.kind not in CONTENT or part.number == 0):
                    yield f"{word} is content, and stands in a message about the work"

    def _content(self, parts: list[Part], *, new: bool) -> Iterator[str]:
        statement, items = parts[0].data, [part.data for part in parts[1:]]
        first, corrected = parts[0], parts[0].kind == m.Kind.CORRECTED.value
        signal = first.kind == m.Kind.SIGNAL.value or (corrected and statement.get("signal_kind") is not None)
        on = local_day(dt.datetime.fromisoformat(first.header["time"]))
        matrix = MATRIX if self.generation[first.sender] == 1 else SECOND
        for item in items:
            sent = Sent(first.sender, first.recipient, "signal" if signal else "disclosure", on, statement, item,
                        tuple(items), matrix)  # fmt: skip
            if codes := stands_against(sent):
                yield f"{item['category']} {item['field']}: {sorted(codes)}"
        if new and not corrected:
            yield from self._circumstances(parts, statement)

    def _circumstances(self, parts: list[Part], statement: dict[str, Any]) -> Iterator[str]:
        """What the message alone does not show: restriction, scope, release, who decided, training."""
        sender, recipient = parts[0].sender, parts[0].recipient
        acute = statement.get("emergency") is not None
        for secret in (self.secrets[word] for part in parts[1:] for word in part.words):
            if (sender, secret.subject) in self.restricted or (sender, secret.word) in self.recalled:
                yield f"{secret.word} may only be stored: R18"
            if secret.by_machine:
                yield f"no person decided on {secret.word}: R32"
            if secret.offer and recipient != "gemeente" and not statement.get("release_signature"):
                yield f"{secret.word} was offered, and goes without the release of its chair: R12"
        case = statement.get("case")
        known = self.cases.get(UUID(case)) if case is not None else None
        if case is not None and (known is None or known.closed or not {sender, recipient} <= known.partners):
            yield "it leaves the scope of its case: R36"
        if (statement.get("conference") is None) is not (statement.get("chair_release") is None) and not acute:
            yield "it names a conference or a release alone: R12"
        last = self.trained.get(sender)
        if self.generation[sender] == 2 and not acute and (last is None or (self.today - last).days > 366):
            yield "nobody there was trained: R26"

    def _work(self, part: Part) -> Iterator[str]:
        """Messages about the work: no service number, no small count, nothing but goodbye to who is out of scope."""
        if holds_service_number(*(str(v) for v in _texts(part.data))):
            yield "a service number: R02"
        if any(0 < (cell.get("count") or 0) < 5 for cell in part.data.get("cells", [])):
            yield "a count that is somebody: R09"
        told = part.data
        if part.kind == m.Kind.CASE.value and (
            (told["inside"] and not {part.sender, part.recipient} <= self.cases[UUID(told["case"])].partners)
            or (not told["inside"] and (told.get("problem") or told.get("subjects") or told.get("partners")))
        ):
            yield "who is out of scope is told of a case: R36"


def _texts(value: Any) -> Iterator[object]:
    """Everything somebody may have typed: not ids, dates or hashes."""
    if isinstance(value, dict):
        for name, inside in value.items():
            if name in {"text", "problem", "why", "question", "action", "third_party", "role", "secrecy", "result"}:
                yield inside
            else:
                yield from _texts(inside)
    elif isinstance(value, list):
        for inside in value:
            yield from _texts(inside)


async def decided(play: Play, d: Numbers) -> UUID:
    """A decision of the police, of any quality."""
    ground = d.pick(["WPG_19", "WPG_16_1_b_1", "WPG_20_1", "WPG_18_1"])
    recipients = d.pick([["gemeente", "actium", "welzijn"], ["actium"], ["gemeente"]])
    recipients = ["gemeente"] if ground == "WPG_16_1_b_1" else recipients  # the mayor's
    categories = sorted({category for category, _ in MATRIX} - {"BSN"}) if not d.once_in(4) else ["OVERLAST"]
    form = ff.DecisionForm.model_validate({
        "reference": "b-1", "ground": ground, "goal": "b", "decided_on": play.today,
        "signed_by": play.secret("politie", set()), "interest": play.secret("politie", set(recipients)),
        "purpose": play.secret("politie", set()), "recipients": recipients,
        "categories": categories, "fields": d.pick([None, None, ["naam", "aantal-meldingen", "aantal-incidenten"]]),
        "authority": "BURGEMEESTER", "agreed_on": play.today, "valid_until": play.today + dt.timedelta(days=d.pick([90, 9, 0])),
    })  # fmt: skip
    functionary = Actor(uuid4(), "person", frozenset({"wpg-functionary"}))
    return (await play.nodes["politie"].facts.register_decision(functionary, form, None)).fact
