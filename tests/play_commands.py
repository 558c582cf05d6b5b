"""What people do in a play, by name; every command takes its choices from a few numbers."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import play_forms as pf
from play import Given, Play, decided
from play_forms import Numbers
from visibility import PARTNERS

from exchange.errors import ExchangeError
from exchange.node import facts_forms as ff
from exchange.node import forms as f
from exchange.node.service import Actor, Refused

Command = Callable[[Play, Numbers], Awaitable[None]]
COMMANDS: dict[str, Command] = {}


SAID: dict[str, Callable[[Play, Numbers], str]] = {}
"""What is said about the work, or corrected: who says it, given the same numbers."""


def command(made: Command) -> Command:
    COMMANDS[made.__name__] = made
    return made


async def perform(play: Play, name: str, numbers: list[int]) -> None:
    """Do it, whether it may or not, and wait until everything that follows from it has left."""
    try:
        await COMMANDS[name](play, Numbers(list(numbers)))
        play.count[name] += 1
    except Refused as refused:
        play.count[f"{name}: refused"] += 1
        await play.settled()
        if name in SAID:
            with contextlib.suppress(ExchangeError):  # what else stands in its way is not the covenant
                again = functools.partial(COMMANDS[name], play, Numbers(list(numbers)))
                await play.again_without_scruples(SAID[name](play, Numbers(list(numbers))), again, refused)
    except ExchangeError:
        play.count[f"{name}: no"] += 1
    await play.settled()


# ---------------------------------------------------------------------------------------- giving


def drawn(
    play: Play, slug: str, to: list[str], d: Numbers, twists: list[str], **secret: Any
) -> tuple[dict[str, Any], list[str], UUID]:
    """A form, the words in its items, and whom it is about."""
    subject = d.pick(play.people[slug])
    words: list[str] = []

    def value() -> str:
        words.append(play.secret(slug, set(), content=True, subject=subject, **secret))
        return words[-1]

    form = pf.lawful(slug, to, d, play.today, value)
    form["subject"] = subject
    if slug == "politie" and play.decisions:
        form["wpg_decision_id"] = d.pick(play.decisions)
    for twist in twists:
        pf.TWISTS[twist](form, d, play.today)
    return form, words, subject


def some_twists(d: Numbers, *sure: str) -> list[str]:
    return [*sure, *[d.pick(list(pf.TWISTS)) for _ in range(d.pick([0, 0, 0, 1, 1, 2]))]]


@command
async def share(play: Play, d: Numbers) -> None:
    """A signal or disclosure, in a case or not, from a person or a machine."""
    slug = d.pick(PARTNERS)
    to, machine, signal = d.some(pf.others(slug), 2), d.once_in(12), d.once_in(4)
    case = d.pick(list(play.cases)) if play.cases and d.once_in(3) else None
    await _share(play, slug, to, d, some_twists(d, *["signal"][: int(signal)]), machine=machine, case=case)


async def _share(
    play: Play,
    slug: str,
    to: list[str],
    d: Numbers,
    twists: list[str],
    *,
    machine: bool = False,
    case: UUID | None = None,
) -> None:
    form, words, subject = drawn(play, slug, to, d, twists, by_machine=machine)
    request = form.get("request") or play.secret(slug, set())
    form |= {"case": case, "request": request, "external_reference": play.secret(slug, set())}
    actor = Actor(play.actor(slug).id, "system", frozenset({"worker"})) if machine else None
    made = f.ShareForm.model_validate(form)
    sent = await play.give(slug, made, [*words, *({request} & play.secrets.keys())], actor)
    remember(play, slug, made, subject, sent)


async def every_twist(play: Play, slug: str) -> None:
    """Everything that can be wrong with a form, one at a time, to everybody."""
    for twist in pf.TWISTS:
        for to in pf.others(slug):
            await _share(play, slug, [to], Numbers([0] * 9), [twist])


def remember(play: Play, slug: str, form: f.ShareForm, subject: UUID, sent: list[f.MessageStatus]) -> None:
    for status in sent:
        if status.message is None or status.state != "receipted":
            continue
        rows = play.nodes[slug].ctx.ledger.rows(
            "SELECT item, part FROM items WHERE message=? ORDER BY part", status.message
        )
        for row, item in zip(rows, form.items, strict=False):
            if item.value in play.secrets:
                play.given.append(
                    Given(slug, status.partner, UUID(row["item"]), item.value, subject, status.message, item)
                )  # fmt: skip


@command
async def pass_on(play: Play, d: Numbers) -> None:
    """Who got something gives it to a third, as his own or as what it is, from his records or from memory."""
    one = d.pick(play.given) if play.given else None
    if one is None:
        return await share(play, d)
    slug, to = one.recipient, d.pick(pf.others(one.recipient))
    kept = play.nodes[slug].ctx.ledger.one("SELECT 1 FROM items WHERE item=?", str(one.item))
    people = await play.nodes[slug].unmatched_subjects(play.actor(slug))
    about = [p.subject for p in people if play.names.get(one.subject, "nobody") in p.label]
    if kept is None or not about:
        return None
    form = pf.lawful(slug, [to], d, play.today, lambda: "")
    item = one.form.model_dump(include={"category", "field", "value"})
    item |= d.pick(
        [{"origin_partner": one.owner}, {"record": one.item}, {"origin_partner": one.owner, "record": one.item}]
    )
    item |= d.pick([{}, {"source_consent": "i-4", "onward_ground": "A-2"}])
    made = f.ShareForm.model_validate({**form, "items": [item], "subject": about[0]})
    name = [play.names[one.subject]] if one.subject in play.names else []  # whoever is told of it is told who it is
    await play.give(slug, made, [one.word, *name])
    return None


@command
async def decide_wpg(play: Play, d: Numbers) -> None:
    play.decisions.append(await decided(play, d))


SAID["reply"] = lambda play, d: d.pick(play.given).recipient


@command
async def reply(play: Play, d: Numbers) -> None:
    one = d.pick(play.given) if play.given else None
    if one is not None:
        number = d.pick(["", "", " nr 111222333"])
        form = f.ReplyForm(state=d.pick(["taken-up", "handled"]), text=play.secret(one.recipient, {one.owner}) + number)
        await play.nodes[one.recipient].reply(play.actor(one.recipient), one.message, form, None)


# ---------------------------------------------------------------------------------------- time and rules


@command
async def time_passes(play: Play, d: Numbers) -> None:
    if 2 in play.generation.values():  # who lags behind is out of the exchange after a month
        for slug in PARTNERS:
            await accepts(play, slug)
    play.clock.forward(days=d.pick([1, 10, 1, 50, 400]))
    for node in play.nodes.values():
        await node.housekeeping.step()
    await play.until(lambda: all(_reachable(play, a, b) for a in PARTNERS for b in pf.others(a)))


def _reachable(play: Play, slug: str, other: str) -> bool:
    """Whether a node has an epoch of another that holds now."""
    bundle, now = play.nodes[slug].partners.bundle(other), round(play.clock.at.timestamp() * 1000)
    return bundle is not None and any(key.not_before_ms <= now < key.not_after_ms for key in bundle.prekeys)


@command
async def erase(play: Play, d: Numbers) -> None:
    """The term of a signal is fixed, and what is over it is destroyed."""
    slug = d.pick(PARTNERS)
    node = play.nodes[slug]
    for rule in await node.retention_rules(play.actor(slug)):
        if rule.retention in {"r01", "r02"} and rule.confirmed_at is None:
            await node.retention_confirm(play.actor(slug), rule.rule)
    await play.destroyed(slug)


@command
async def next_covenant(play: Play, d: Numbers) -> None:
    """One partner accepts the second generation, under which less is allowed."""
    slug = d.pick(PARTNERS)
    await accepts(play, slug)
    if not d.once_in(3):
        await train(play, Numbers([PARTNERS.index(slug)]))


@command
async def caught_on_the_way(play: Play, d: Numbers) -> None:
    """What waits for its receipt when the next covenant closes it leaves no more."""
    slug = d.pick(["gemeente", "actium"])
    if play.generation[slug] == 2:
        return
    subject = d.pick(play.people[slug])
    word = play.secret(slug, {"welzijn"}, content=True, subject=subject)
    play.secrets[play.names[subject]].may.add("welzijn")
    form = pf.lawful(slug, ["welzijn"], d, play.today, lambda: "")
    debt = {"category": "FINANCIEN_SCHULDEN", "field": "schuldhulp", "value": word}
    play.withheld.add((slug, "welzijn"))
    try:
        made = f.ShareForm.model_validate({**form, "items": [debt], "subject": subject})
        await play.nodes[slug].share(play.actor(slug), made, None)
        await play.until(lambda: any(word in part.words for parts in play.parts for part in parts))
        await accepts(play, slug)
    finally:
        play.withheld.clear()


async def accepts(play: Play, slug: str) -> None:
    if play.generation[slug] == 1:
        (signed,) = play.home.glob("generation-2-*/covenant.signed.json")
        play.generation[slug] = 2
        await play.accept(slug, signed)
        await play.connected()


@command
async def train(play: Play, d: Numbers) -> None:
    slug = d.pick(PARTNERS)
    play.trained[slug] = play.today
    await play.nodes[slug].facts.record_training(play.actor(slug), ff.TrainingForm(followed_on=play.today))


@command
async def roll_keys(play: Play, d: Numbers) -> None:
    slug = d.pick(PARTNERS)
    await play.nodes[slug].roll_keys(play.actor(slug))
