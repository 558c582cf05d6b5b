"""What people do with cases and conferences, with what was given before, and beside the exchange."""

from __future__ import annotations

from uuid import uuid4

import play_forms as pf
from play import Case, Offer, Play
from play_commands import COMMANDS, SAID, command, drawn, some_twists
from play_forms import Numbers
from visibility import PARTNERS

from exchange.domain.casework import CloseReason, Phase
from exchange.errors import ExchangeError
from exchange.node import area_forms as af
from exchange.node import casework_forms as cf
from exchange.node import conference_forms as kf
from exchange.node import corrections_forms as xf
from exchange.node import forms as f

__all__ = ["COMMANDS"]

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


SAID["correct"] = lambda play, d: d.pick(play.given).owner


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


SAID["area"] = lambda _, d: d.pick(PARTNERS)


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
