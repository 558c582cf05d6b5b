"""What people do in a play, by name; every command takes its choices from a few numbers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import play_forms as pf
from play import Case, Given, Offer, Play, decided
from play_forms import Numbers
from visibility import PARTNERS

from exchange.domain.casework import CloseReason, Phase
from exchange.errors import ExchangeError
from exchange.node import area_forms as af
from exchange.node import casework_forms as cf
from exchange.node import conference_forms as kf
from exchange.node import corrections_forms as xf
from exchange.node import facts_forms as ff
from exchange.node import forms as f
from exchange.node.service import Actor

Command = Callable[[Play, Numbers], Awaitable[None]]
COMMANDS: dict[str, Command] = {}


def command(made: Command) -> Command:
    COMMANDS[made.__name__] = made
    return made


async def perform(play: Play, name: str, numbers: list[int]) -> None:
    """Do it, whether it may or not, and wait until everything that follows from it has left."""
    try:
        await COMMANDS[name](play, Numbers(numbers))
        play.count[name] += 1
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


@command
async def reply(play: Play, d: Numbers) -> None:
    one = d.pick(play.given) if play.given else None
    if one is not None:
        number = d.pick(["", "", " nr 111222333"])
        form = f.ReplyForm(state=d.pick(["taken-up", "handled"]), text=play.secret(one.recipient, {one.owner}) + number)
        await play.nodes[one.recipient].reply(play.actor(one.recipient), one.message, form, None)


# ---------------------------------------------------------------------------------------- cases and conferences


@command
async def open_case(play: Play, d: Numbers) -> None:
    slug = d.pick(("gemeente", *PARTNERS))
    partners = d.some(pf.others(slug), 3)
    word = play.secret(slug, set(partners))
    case = uuid4()
    play.cases[case] = Case(slug, {slug, *partners}, word)
    subject = d.pick([None, *play.people[slug]])
    form = cf.CaseForm(case=case, problem=word, partners=partners, main_subject=subject)
    await play.nodes[slug].cases.open(play.actor(slug), form, None)


@command
async def change_scope(play: Play, d: Numbers) -> None:
    if not play.cases:
        return
    case, partner, inside = d.pick(list(play.cases)), d.pick(PARTNERS), d.once_in(2)
    known = play.cases[case]
    form = cf.ScopeForm(partner=partner, inside=inside, reason=play.secret(known.keeper, set()))
    before = set(known.partners)
    known.partners = before | {partner} if inside else before - {partner}
    play.secrets[known.word].may = set(known.partners)
    try:
        await play.nodes[known.keeper].cases.set_scope(play.actor(known.keeper), case, form, None)
    except ExchangeError:
        known.partners, play.secrets[known.word].may = before, before
        raise


@command
async def close_case(play: Play, d: Numbers) -> None:
    if not play.cases:
        return
    case = d.pick(list(play.cases))
    keeper = play.cases[case].keeper
    for to, why in ((Phase.TRIAGE, None), (Phase.CLOSED, CloseReason.SOLVED)):
        form = cf.PhaseForm(to=to, reason=play.secret(keeper, set()), close_reason=why)
        await play.nodes[keeper].cases.move(play.actor(keeper), case, form, None)
    play.cases[case].closed = True


@command
async def plan(play: Play, d: Numbers) -> None:
    """A conference of the municipality about one or two of its cases."""
    mine = [case for case, known in play.cases.items() if known.keeper == "gemeente" and not known.closed]
    if not mine:
        return await open_case(play, d)
    chosen = d.some(mine, 2)
    scopes = {case: sorted(play.cases[case].partners) for case in chosen}
    sits = sorted({p for scope in scopes.values() for p in scope})
    attendees = [kf.AttendeeForm(partner=p, role="DEELNEMER", secrecy=f"verklaring-{p}") for p in sits]
    chair = play.chair if not d.once_in(6) else None
    assert play.chair is not None
    form = kf.ConferenceForm(
        date="2026-03-12", chair=chair.id if chair else None, participants=attendees,
        agenda=[kf.AgendaForm(case=case, partners=scope) for case, scope in scopes.items()],
    )  # fmt: skip
    made = await play.nodes["gemeente"].conferences.plan(play.chair, form, None)
    shown = await play.nodes["gemeente"].conferences.show(play.chair, made)
    play.conferences.append((made, [(a.item, a.case, list(a.partners)) for a in shown.agenda]))
    return None


@command
async def offer(play: Play, d: Numbers) -> None:
    if not play.conferences:
        return await plan(play, d)
    conference, agenda = d.pick(play.conferences)
    item, case, scope = d.pick(agenda)
    slug = d.pick([*scope, *scope, *PARTNERS])
    to = d.some([p for p in (scope if slug in scope and not d.once_in(5) else PARTNERS) if p != slug], 2)
    form, words, _ = drawn(play, slug, to, d, some_twists(d), offer=True)
    form |= {"case": None, "kind": "disclosure"}
    offered = kf.OfferForm(
        item=item, why=play.secret(slug, {"gemeente"}) + d.pick(["", "", " 999990342"]), send_on_release=d.once_in(2),
        share=f.ShareForm.model_validate(form),
    )  # fmt: skip
    made = (await play.nodes[slug].offers.offer(play.actor(slug), conference, offered, None)).offers
    play.offers += [Offer(one, conference, slug, word, to) for one, word in zip(made, words, strict=False)]
    assert case in play.cases
    return None


@command
async def decide(play: Play, d: Numbers) -> None:
    """The chair releases, strikes or asks; or says that of what was decided before."""
    if not play.offers:
        return await offer(play, d)
    assert play.chair is not None
    one, what = d.pick(play.offers), d.pick(["release", "strike", "release", "ask"])
    question = play.secret("gemeente", {one.owner}) if what == "ask" else ""
    decision = kf.DecisionForm(offer=one.id, decision=what, question=question, wants_content=what == "ask")
    form = kf.DecideForm(decisions=[decision], minimisation_reviewed=not d.once_in(6))
    secret, before = play.secrets[one.word], set(play.secrets[one.word].may)
    secret.may |= set(one.to) if what == "release" else set()
    name = play.secrets[play.names[secret.subject]] if secret.subject in play.names else None
    if name is not None and what == "release":
        name.may |= set(one.to)
    try:
        await play.nodes["gemeente"].conferences.decide(play.chair, one.conference, form, None)
    except ExchangeError:
        secret.may = before
        raise
    one.status = what
    return None


@command
async def confirm(play: Play, d: Numbers) -> None:
    """The owner sends what was released, or what was not."""
    if play.offers:
        one = d.pick(play.offers)
        await play.nodes[one.owner].offers.confirm(play.actor(one.owner), one.conference, one.id)


@command
async def show_to_chair(play: Play, d: Numbers) -> None:
    """A disclosure to the chair's organisation, when it asked to see the content."""
    if not play.offers:
        return
    one = d.pick(play.offers)
    if one.status == "ask":
        play.secrets[one.word].may.add("gemeente")
        play.secrets[play.names[play.secrets[one.word].subject or uuid4()]].may.add("gemeente")
    form = kf.ToChairForm(basis="A6_1_e", task="wmo")
    await play.nodes[one.owner].offers.show_to_chair(play.actor(one.owner), one.conference, one.id, form)


@command
async def minutes(play: Play, d: Numbers) -> None:
    if not play.conferences:
        return
    assert play.chair is not None
    conference, agenda = d.pick(play.conferences)
    item, _, scope = d.pick(agenda)
    agreed = kf.AgreementForm(action=play.secret("gemeente", set(scope)), owner=d.pick(scope), due="2026-03-20")
    form = kf.MinutesForm(item=item, agreements=[agreed], decisions=[play.secret("gemeente", set(scope))])
    await play.nodes["gemeente"].conferences.minutes(play.chair, conference, form, None)
    await play.nodes["gemeente"].conferences.outcome(play.chair, conference, kf.OutcomeForm(items=[item]), None)


# ---------------------------------------------------------------------------------------- afterwards


@command
async def correct(play: Play, d: Numbers) -> None:
    if not play.given:
        return
    one = d.pick(play.given)
    told = {g.recipient for g in play.given if g.word == one.word and g.owner == one.owner}
    word = play.secret(one.owner, told, content=True, subject=one.subject)
    value = word + d.pick(["", "", " stoplicht huurder", " 9999 93 653"])
    form = xf.CorrectionForm(item=one.item, value=value, explanation=play.secret(one.owner, set()))
    await play.nodes[one.owner].corrections.correct(play.actor(one.owner), form, None)


@command
async def recall(play: Play, d: Numbers) -> None:
    if not play.given:
        return
    one = d.pick(play.given)
    form = xf.RecallForm(
        items=[one.item],
        reason="ONRECHTMATIG",
        action=d.pick(["RESTRICT", "ERASE"]),
        explanation=play.secret(one.owner, set()),
    )
    made = await play.nodes[one.owner].recalls.recall(play.actor(one.owner), form, None)
    await play.settled()
    play.recalled.add((one.recipient, one.word))
    if d.once_in(2):
        answer = xf.ProcessedForm(outcome="done", text=play.secret(one.recipient, {one.owner}))
        message = made.recipients[0].message
        await play.nodes[one.recipient].notifications.process(play.actor(one.recipient), message, answer, None)


@command
async def object_(play: Play, d: Numbers) -> None:
    slug = d.pick(PARTNERS)
    subject = d.pick(play.people[slug])
    form = xf.ObjectionForm(subject=subject, text=play.secret(slug, set()))
    made = await play.nodes[slug].objections.receive(play.actor(slug), form, None)
    play.restricted.add((slug, subject))
    play.objections.append((slug, made.objection, subject))


@command
async def lift(play: Play, d: Numbers) -> None:
    if not play.objections:
        return
    slug, objection, subject = d.pick(play.objections)
    node, desk = play.nodes[slug], play.actor(slug)
    weighed = xf.WeighForm(outcome=d.pick(["rejected", "upheld"]), motivation=play.secret(slug, set()))
    await node.objections.decide(desk, objection, weighed)
    told = xf.LiftForm(told_on=play.today, notice=d.pick(["brief-1", "brief-1", ""]))
    await node.objections.lift(desk, objection, told, None)
    play.objections.remove((slug, objection, subject))
    if not any((s, p) == (slug, subject) for s, _, p in play.objections):
        play.restricted.discard((slug, subject))


# ---------------------------------------------------------------------------------------- beside the exchange


@command
async def area(play: Play, d: Numbers) -> None:
    """A report about a street, and a picture; now and then with a name or a number in it."""
    slug = d.pick(PARTNERS)
    to = [af.AreaRecipientForm(partner=p, task=pf.GROUNDS[p][1]) for p in d.some(pf.others(slug), 2)]
    seen = {r.partner for r in to}
    common = {
        "purpose": d.pick(["P1_INZICHT", "P9"]),
        "context": "GEBIEDS_PROBLEEMANALYSE",
        "task": pf.GROUNDS[slug][1],
    }
    text = play.secret(slug, seen) + d.pick(["", "", " op Fictielaan 12", " 111222333"])
    signal = af.AreaSignalForm(
        area="proefplein",
        kind="JEUGDOVERLAST",
        observed_on="2026-01-20",
        reports=1 + d.next() % 9,
        text=text,
        recipients=to,
        **common,
    )
    await play.nodes[slug].areas.signal(play.actor(slug), signal, None)
    picture = af.AreaPictureForm(
        first="2026-01-01", last="2026-03-31", text=play.secret(slug, seen), recipients=to, **common
    )  # fmt: skip
    await play.nodes[slug].areas.picture(play.actor(slug), picture, None)


@command
async def outside(play: Play, d: Numbers) -> None:
    """What is told to somebody who is no partner, or noted of a neighbour, never goes over the exchange."""
    subject = d.pick(play.people["gemeente"])
    note = cf.NoteForm(
        subject=subject, kind="EENZAAMHEID", reporter_kind="ANONIEM", reporter_identity=play.secret("gemeente", set()),
        rationale=play.secret("gemeente", set()), facts=[play.secret("gemeente", set())],
    )  # fmt: skip
    await play.nodes["gemeente"].signals.note(play.actor("gemeente"), note, None)
    mine = [case for case, known in play.cases.items() if known.keeper == "gemeente"]
    if not mine:
        return
    told = pf.lawful("gemeente", ["welzijn"], d, play.today, lambda: play.secret("gemeente", set(), content=True))
    kept = {
        k: told[k] for k in ("items", "basis", "task", "context", "purpose", "secrecy", "stated", "weighing", "notice")
    }
    form = cf.ThirdPartyForm.model_validate(
        {**kept, "case": d.pick(mine), "name": play.secret("gemeente", set()), "subject": subject,
         "named_to_subject": True, "channel": "PHONE", "occurred_on": play.today}
    )  # fmt: skip
    await play.nodes["gemeente"].third_parties.disclose(play.actor("gemeente"), form, None)


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
