"""Casework through real nodes: triage, the case and its scope, its circle, third parties, feedback. All persons are invented."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from case_forms import HOUSE, TO_GEMEENTE, TO_WELZIJN, share_form
from memory_world import Mallory, MemoryWorld, receipts
from world import JELLE, World

from exchange.domain.casework import ActionStatus, CloseReason, Outcome, Phase
from exchange.domain.retention import Trigger
from exchange.errors import ConflictError, InputError, NotAllowedError, NotFoundError
from exchange.node import casework_forms as cf
from exchange.node import facts_forms as ff
from exchange.node import forms as f
from exchange.node.node import Node
from exchange.node.service import Actor, Refused
from exchange.wire import messages as m

AALTJE = {
    "given_names": "Aaltje",
    "family_name": "Bedacht",
    "birth_date": "1941-05-17",
    "postcode": "7958 AA",
    "house_number": "7",
}
PROBLEM = "De stank trekt door het trapportaal; vier huishoudens klagen."
WELZIJN = {"basis": "A6_1_f", "task": "maatschappelijk-werk"}
TO_ACTIUM = {"partner": "actium", "basis": "A6_1_f", "task": "verhuur"}
NEIGHBOUR = "buurvrouw T. Verzinsel-Hoek"


async def colleague(world: MemoryWorld, slug: str, *roles: str) -> Actor:
    """Another actor of a node, registered as an operator does it."""
    form = f.ActorForm(roles=list(roles or ("worker",)), name="Proef Collega")
    made = await world.nodes[slug].register_actor(world.actor(slug), form, None)
    return Actor(made.actor, "person", frozenset(made.roles))


async def enforced(world: MemoryWorld, slug: str) -> None:
    """Enforce retention: with one hand when the clock is trusted, else one asks and a colleague confirms the date."""
    node, today = world.nodes[slug], world.clock.at.date()
    try:
        await node.retention_enforce(world.actor(slug), confirm_date=today)
    except NotAllowedError:
        await node.retention_enforce(await colleague(world, slug, "privacy-officer"), confirm_date=today)


async def opened(world: MemoryWorld, slug: str = "gemeente", *partners: str, **more: Any) -> UUID:
    """A case about Jelle, shared with the partners named; returns when they know of it."""
    form = cf.CaseForm.model_validate({"problem": PROBLEM, "partners": list(partners), **more})
    case = (await world.nodes[slug].cases.open(world.actor(slug), form, None)).case
    await told(world, case, *partners)
    return case


async def told(world: MemoryWorld, case: UUID, *partners: str, **fields: Any) -> None:
    """Until every partner knows the case with these values."""
    want = {"inside": True, **fields}

    def known(slug: str) -> bool:
        rows = [r for r in world.nodes[slug].cases.all(world.actor(slug)) if r.case == case]
        return bool(rows) and all(getattr(rows[0], name) == value for name, value in want.items())

    await world.until(lambda: all(known(slug) for slug in partners))


def amend(node: Node, **changes: Any) -> None:
    """Let a node obey another covenant than the one that was signed, for what De Wolden decided otherwise."""
    book = node.ctx.covenants.current
    object.__setattr__(book, "covenant", book.covenant.model_copy(update=changes))


# ---------------------------------------------------------------------------------------- triage


async def test_a_signal_is_judged_by_a_person_for_good_and_with_what_its_outcome_needs(
    founded: Path, tmp_path: Path
) -> None:
    async with MemoryWorld.copied(founded, tmp_path, ["welzijn"]) as world:
        signals, worker = world.nodes["welzijn"].signals, world.actor("welzijn")
        note = cf.NoteForm(kind="LEEFBAARHEID", reporter_kind="PROFESSIONAL", facts=["Er ligt zwerfvuil."])
        source = (await signals.note(worker, note, None)).source

        def form(outcome: Outcome, **more: Any) -> cf.TriageForm:
            return cf.TriageForm(source=source, outcome=outcome, reason="Beoordeeld in het wijkteam.", **more)

        with pytest.raises(NotAllowedError, match="person judges"):
            await signals.triage(Actor(worker.id, "system", worker.roles), form(Outcome.OWN_TASK), None)
        with pytest.raises(InputError, match="CASUS"):
            await signals.triage(worker, form(Outcome.CASE), None)
        await signals.triage(worker, form(Outcome.TOO_LITTLE), None)
        await signals.triage(worker, form(Outcome.REFERRED), None)
        with pytest.raises(ConflictError, match="DOORVERWEZEN"):
            await signals.triage(worker, form(Outcome.OWN_TASK), None)
        with pytest.raises(NotFoundError):
            await signals.triage(worker, form(Outcome.OWN_TASK).model_copy(update={"source": str(uuid4())}), None)
        for wrong, words in (
            ({"kind": "OPSPORING"}, "kinds of signal"),
            ({"facts": ["Zijn bsn is 999990342."]}, "citizen service number"),
            ({"subject": await world.person("welzijn", **AALTJE)}, "could benefit"),
        ):
            with pytest.raises(InputError, match=words):
                await signals.note(worker, note.model_copy(update=wrong), None)


async def test_what_a_case_takes_up_outlives_the_term_of_a_signal_and_what_nobody_takes_up_does_not(
    founded: Path, tmp_path: Path
) -> None:
    async with MemoryWorld.copied(founded, tmp_path) as world:
        gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
        jelle = await world.person("actium")
        taken, left = [
            (await world.share("actium", share_form(jelle, [TO_GEMEENTE], HOUSE, kind="signal", signal_kind="VERVUILING")))
            .messages[0].message or ""
            for _ in range(2)
        ]  # fmt: skip
        opens = cf.CaseForm(problem=PROBLEM)
        answer = await gemeente.signals.triage(
            worker,
            cf.TriageForm(source=taken, outcome=Outcome.CASE, reason="Raakt het hele portaal.", opens=opens),
            None,
        )
        form = cf.TriageForm(source=left, outcome=Outcome.NOT_TAKEN_UP, reason="Zelfde melding, niets nieuws.")
        await gemeente.signals.triage(worker, form, None)
        assert answer.case is not None
        assert (await gemeente.cases.read(worker, answer.case)).signals == [taken]
        await gemeente.retention_confirm(worker, "signaal-niet-opgepakt")
        await gemeente.retention_confirm(worker, "casus-gemeente")
        world.clock.forward(days=60)
        await enforced(world, "gemeente")
        assert {i.value for i in (await gemeente.read_message(worker, left)).items} == {None}
        kept = await gemeente.read_message(worker, taken)
        assert "vol spullen" in str(kept.items[0].value)
        known = await gemeente.who_knows(worker, f.WhoKnowsQuery(case=answer.case))
        assert {(i.retention, i.keep_rule) for i in known.items} == {("r02", "casus-gemeente")}
        assert {i.keep_until for i in known.items} == {date(2031, 3, 2)}  # the cap, while the case is open

        # Closing starts the term: a year after it, and not the cap of five years.
        for to in (Phase.TRIAGE, Phase.CLOSED):
            reason = CloseReason.SOLVED if to is Phase.CLOSED else None
            form_ = cf.PhaseForm(to=to, reason="De woning is schoon.", close_reason=reason)
            await gemeente.cases.move(worker, answer.case, form_, None)
        known = await gemeente.who_knows(worker, f.WhoKnowsQuery(case=answer.case))
        assert {i.keep_until for i in known.items} == {date(2027, 5, 1)}
        world.clock.forward(days=366)
        await enforced(world, "gemeente")
        assert {i.value for i in (await gemeente.read_message(worker, taken)).items} == {None}
        case = await gemeente.cases.read(worker, answer.case)
        assert (case.problem, case.row.phase, case.close_reason) == (None, Phase.CLOSED, "OPGELOST")


async def test_a_term_that_starts_when_nobody_takes_a_signal_up_starts_at_that_decision(
    founded: Path, tmp_path: Path
) -> None:
    async with MemoryWorld.copied(founded, tmp_path, ["welzijn"]) as world:
        welzijn, worker = world.nodes["welzijn"], world.actor("welzijn")
        classes = welzijn.ctx.covenants.current.covenant.retention
        rules = tuple(r.model_copy(update={"trigger": Trigger.NOT_TAKEN_UP}) for r in classes[0].rules)
        amend(welzijn, retention=(classes[0].model_copy(update={"rules": rules}), *classes[1:]))
        welzijn.terms.reload()
        await welzijn.retention_confirm(worker, "signaal-niet-opgepakt")
        notes = [
            cf.NoteForm(kind="LEEFBAARHEID", reporter_kind="BURGER", facts=[fact])
            for fact in ("Zwerfvuil.", "Kapotte lantaarn.")
        ]
        sources = [(await welzijn.signals.note(worker, note, None)).source for note in notes]
        world.clock.forward(days=60)
        form = cf.TriageForm(source=sources[0], outcome=Outcome.NOT_TAKEN_UP, reason="Al gemeld bij de gemeente.")
        await welzijn.signals.triage(worker, form, None)

        async def facts() -> list[list[str]]:
            await enforced(world, "welzijn")
            return [(await welzijn.signals.read(worker, UUID(source))).facts for source in sources]

        assert await facts() == [["Zwerfvuil."], ["Kapotte lantaarn."]]
        world.clock.forward(days=43)
        assert await facts() == [[], ["Kapotte lantaarn."]]


# ---------------------------------------------------------------------------------------- scope


async def test_partners_in_scope_hear_of_the_case_and_of_its_phases_and_nobody_else_does(
    founded: Path, tmp_path: Path
) -> None:
    async with MemoryWorld.copied(founded, tmp_path) as world:
        gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
        jelle = await world.person("gemeente")
        case = await opened(world, "gemeente", "actium", "welzijn", main_subject=jelle)
        await gemeente.cases.move(worker, case, cf.PhaseForm(to=Phase.TRIAGE), None)
        await told(world, case, "actium", "welzijn", phase=Phase.TRIAGE, keeper="gemeente", lead="gemeente")
        await gemeente.cases.set_lead(worker, case, cf.LeadForm(lead="welzijn"), None)
        await told(world, case, "actium", "welzijn", lead="welzijn", partners=["actium", "gemeente", "welzijn"])

        welzijn, theirs = world.nodes["welzijn"], world.actor("welzijn")
        await welzijn.circle.change(theirs, case, cf.CircleForm(actor=theirs.id))
        seen = await welzijn.cases.read(theirs, case)
        assert (seen.problem, [p.label for p in seen.people], seen.next_phases) == (PROBLEM, ["onbekend"], [])
        with pytest.raises(ConflictError, match="coordinates this case; ask gemeente"):
            await welzijn.cases.move(theirs, case, cf.PhaseForm(to=Phase.CONFERENCE), None)

        # Who the reference is comes with the first disclosure, which passes the gates; then it has a name.
        notice = {"reference": "k", "given_on": "2026-03-02", "recipients": ["welzijn"]}
        form = share_form(jelle, [TO_WELZIJN], HOUSE, case=case, basis="A6_1_e", task="wmo", notice=notice)
        answer = await world.share("gemeente", form)
        assert [(x.state, x.rejected) for x in answer.messages] == [("receipted", {})]
        seen = await welzijn.cases.read(theirs, case)
        assert [p.label for p in seen.people] == ["Jelle Verzonnen (05-11-1964)"]

        assert world.nodes["politie"].cases.all(world.actor("politie")) == []
        assert world.between("gemeente", "politie") == []


async def test_within_a_case_nothing_goes_to_a_partner_outside_its_scope_and_nothing_more_after_it_was_withdrawn(
    founded: Path, tmp_path: Path
) -> None:
    async with MemoryWorld.copied(founded, tmp_path) as world:
        gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
        jelle = await world.person("gemeente")
        case = await opened(world, "gemeente", "actium", main_subject=jelle)
        notice = {"reference": "k", "given_on": "2026-03-02", "recipients": ["welzijn", "actium"]}
        own = {"case": case, "basis": "A6_1_e", "task": "wmo", "notice": notice}

        async def codes(slug: str, *to: dict[str, str], **more: Any) -> set[str]:
            subject = jelle if slug == "gemeente" else await world.person(slug, **JELLE)
            with pytest.raises(Refused) as refused:
                await world.share(slug, share_form(subject, list(to), HOUSE, **{**own, **more}))
            return {r.code for r in refused.value.refusals}

        assert await codes("gemeente", TO_WELZIJN) == {"R36"}
        assert await codes("actium", TO_WELZIJN, basis="A6_1_f", task="verhuur") == {"R36"}  # its partners say the same
        assert await codes("welzijn", TO_ACTIUM, **WELZIJN) == {"R36"}  # never put in it
        assert not (await world.share("gemeente", share_form(jelle, [TO_ACTIUM], HOUSE, **own))).messages[0].rejected

        await gemeente.cases.set_scope(worker, case, cf.ScopeForm(partner="welzijn", reason="Hulp bij opruimen."), None)
        await told(world, case, "actium", "welzijn", partners=["actium", "gemeente", "welzijn"])
        assert not (await world.share("gemeente", share_form(jelle, [TO_WELZIJN], HOUSE, **own))).messages[0].rejected

        withdrawn = cf.ScopeForm(partner="actium", inside=False, reason="Huur is opgezegd.")
        await gemeente.cases.set_scope(worker, case, withdrawn, None)
        await told(world, case, "actium", inside=False, partners=[])
        assert await codes("gemeente", TO_ACTIUM) == {"R36"}
        assert await codes(
            "actium", TO_GEMEENTE, basis="A6_1_f", task="verhuur", notice={**notice, "recipients": ["gemeente"]}
        ) == {"R36"}


async def test_a_sender_that_skips_its_checks_is_refused_by_whoever_is_not_in_the_case(
    founded: Path, tmp_path: Path
) -> None:
    async with MemoryWorld.copied(founded, tmp_path) as world:
        jelle = await world.person("gemeente")
        case = await opened(world, "gemeente", "welzijn", main_subject=jelle)
        mallory = Mallory(world, "actium")

        async def outcome(*parts: dict[str, Any], to: str = "welzijn", **more: Any) -> set[str]:
            before = len(receipts(world, to, "actium"))
            await mallory.send(to, mallory.frame(to, *parts, **more))
            (receipt, _), *_rest = receipts(world, to, "actium")[before:]
            return {code for o in receipt.data.outcomes for code in o.codes}

        inside = {**mallory.statement("welzijn"), "case": str(case)}
        assert await outcome(inside, mallory.item()) == {"R36"}  # a real case, in which the sender is not
        never = {**mallory.statement("gemeente"), "case": str(uuid4())}
        assert await outcome(never, mallory.item(), to="gemeente") == {"R36"}  # a case nobody put us in
        assert world.events("welzijn", "item/recorded/1") == []

        retention = ["r02"]
        told_ = {"v": 1, "case": str(case), "inside": True, "phase": "PLAN", "lead": "actium", "problem": "",
                 "partners": ["actium", "welzijn"], "subjects": []}  # fmt: skip
        assert await outcome(told_, kind=m.Kind.CASE, retention=retention) == {"R36"}  # another's case
        other = {**told_, "case": str(uuid4()), "partners": ["actium"]}
        assert await outcome(other, kind=m.Kind.CASE, retention=retention) == {"R36"}  # without its recipient in it
        out = {**told_, "case": str(uuid4()), "inside": False, "partners": []}
        assert await outcome(out, kind=m.Kind.CASE, retention=retention) == {"R36"}  # taken out of what it was never in
        assert await outcome({**told_, "case": str(uuid4())}, kind=m.Kind.CASE, retention=["r09"]) == {"R17"}
        bsn = {**told_, "case": str(uuid4()), "problem": "Bewoner 999990342 klaagt."}
        assert await outcome(bsn, kind=m.Kind.CASE, retention=retention) == {"R02"}
        assert [(r.case, r.phase) for r in world.nodes["welzijn"].cases.all(world.actor("welzijn"))] == [
            (case, Phase.SIGNALLED)
        ]


async def test_a_partner_taken_out_of_scope_that_goes_on_sending_is_refused_by_everybody_still_in_it(
    founded: Path, tmp_path: Path
) -> None:
    async with MemoryWorld.copied(founded, tmp_path) as world:
        gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
        case = await opened(world, "gemeente", "actium", "welzijn")
        mallory = Mallory(world, "actium")

        async def accepted(to: str, number: int) -> set[str]:
            before = len(receipts(world, to, "actium"))
            statement = {**mallory.statement(to), "case": str(case)}
            await mallory.send(to, mallory.frame(to, statement, mallory.item(), sequence=number))
            (receipt, _), *_rest = receipts(world, to, "actium")[before:]
            return {code for o in receipt.data.outcomes for code in o.codes}

        assert (await accepted("welzijn", 1), await accepted("gemeente", 1)) == (set(), set())
        withdrawn = cf.ScopeForm(partner="actium", inside=False, reason="Huur is opgezegd.")
        await gemeente.cases.set_scope(worker, case, withdrawn, None)
        await told(world, case, "welzijn", partners=["gemeente", "welzijn"])
        assert (await accepted("welzijn", 2), await accepted("gemeente", 2)) == ({"R36"}, {"R36"})


async def test_a_case_shared_and_used_in_one_delivery_is_known_in_time(founded: Path, tmp_path: Path) -> None:
    async with MemoryWorld.copied(founded, tmp_path) as world:
        mallory, case = Mallory(world, "actium"), uuid4()
        told_ = {"v": 1, "case": str(case), "inside": True, "phase": "TRIAGE", "lead": "actium", "problem": PROBLEM,
                 "partners": ["actium", "welzijn"], "subjects": []}  # fmt: skip
        statement = {**mallory.statement("welzijn"), "case": str(case)}
        frames = [
            mallory.frame("welzijn", told_, kind=m.Kind.CASE, retention=["r02"]),
            mallory.frame("welzijn", statement, mallory.item()),
        ]
        await mallory.send("welzijn", *frames)
        assert {o.accepted for r, _ in receipts(world, "welzijn", "actium") for o in r.data.outcomes} == {True}


async def test_a_closed_case_takes_nothing_new_until_it_is_reopened(founded: Path, tmp_path: Path) -> None:
    async with MemoryWorld.copied(founded, tmp_path) as world:
        gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
        jelle = await world.person("gemeente")
        case = await opened(world, "gemeente", "welzijn", main_subject=jelle)
        form = cf.PhaseForm(to=Phase.CLOSED, close_reason=CloseReason.MOVED, reason="Verhuisd naar elders.")
        await gemeente.cases.move(worker, case, form, None)
        await told(world, case, "welzijn", phase=Phase.CLOSED)
        with pytest.raises(ConflictError, match="closed"):
            await gemeente.cases.set_goal(worker, case, cf.GoalForm(text="Nog een doel."), None)
        notice = {"reference": "k", "given_on": "2026-03-02", "recipients": ["welzijn"]}
        within = share_form(jelle, [TO_WELZIJN], HOUSE, case=case, basis="A6_1_e", task="wmo", notice=notice)
        with pytest.raises(Refused) as refused:
            await world.share("gemeente", within)
        assert {r.code for r in refused.value.refusals} == {"R36"}
        with pytest.raises(InputError, match="reason"):
            await gemeente.cases.move(worker, case, cf.PhaseForm(to=Phase.TRIAGE), None)
        await gemeente.cases.move(worker, case, cf.PhaseForm(to=Phase.TRIAGE, reason="Weer terug in de straat."), None)
        await told(world, case, "welzijn", phase=Phase.TRIAGE, closed_at=None)
        assert [x.state for x in (await world.share("gemeente", within)).messages] == ["receipted"]


async def test_the_plan_names_who_does_what_by_when_and_says_what_is_late(founded: Path, tmp_path: Path) -> None:
    async with MemoryWorld.copied(founded, tmp_path) as world:
        cases, worker = world.nodes["gemeente"].cases, world.actor("gemeente")
        case = await opened(world, "gemeente", "welzijn", review_due=date(2026, 3, 20))
        await cases.set_goal(worker, case, cf.GoalForm(text="De woning is begaanbaar."), None)
        action = cf.ActionForm(owner="welzijn", due=date(2026, 3, 16), text="Opruimhulp regelen.")
        with pytest.raises(ConflictError, match="scope of the case can own"):
            await cases.set_action(worker, case, action.model_copy(update={"owner": "politie"}), None)
        row = await cases.set_action(worker, case, action, None)
        assert (row.open_actions, row.overdue_actions, row.review_overdue) == (1, 0, False)
        world.clock.forward(days=20)
        (row,) = cases.all(worker)
        assert (row.open_actions, row.overdue_actions, row.review_overdue) == (1, 1, True)
        (planned,) = (await cases.read(worker, case)).actions
        assert (planned.overdue, planned.text) == (True, "Opruimhulp regelen.")
        done = action.model_copy(
            update={"action": planned.action, "status": ActionStatus.DONE, "result": "Twee dagen geruimd."}
        )
        await cases.set_action(worker, case, done, None)
        await cases.set_review(worker, case, cf.ReviewForm(due=date(2026, 6, 1)), None)
        answer = await cases.read(worker, case)
        assert [(a.status, a.result) for a in answer.actions] == [("GEDAAN", "Twee dagen geruimd.")]
        assert (answer.row.open_actions, answer.row.review_overdue) == (0, False)
        assert [g.text for g in answer.goals] == ["De woning is begaanbaar."]


# ---------------------------------------------------------------------------------------- circle


async def test_looking_from_outside_the_circle_needs_a_reason_and_lands_on_the_list_that_is_worked_off(
    founded: Path, tmp_path: Path
) -> None:
    async with MemoryWorld.copied(founded, tmp_path) as world:
        gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
        jelle = await world.person("gemeente")
        case = await opened(world, "gemeente", "welzijn", main_subject=jelle)
        notice = {"reference": "k", "given_on": "2026-03-02", "recipients": ["welzijn"]}
        form = share_form(jelle, [TO_WELZIJN], HOUSE, case=case, basis="A6_1_e", task="wmo", notice=notice)
        message = (await world.share("gemeente", form)).messages[0].message or ""
        outsider, officer = await colleague(world, "gemeente"), await colleague(world, "gemeente", "privacy-officer")

        for look in (
            lambda: gemeente.cases.read(outsider, case),
            lambda: gemeente.read_message(outsider, message),
            lambda: gemeente.who_knows(outsider, f.WhoKnowsQuery(case=case)),
        ):
            with pytest.raises(NotAllowedError, match="circle"):
                await look()
        with pytest.raises(NotAllowedError, match="circle"):
            await gemeente.cases.set_goal(outsider, case, cf.GoalForm(text="Doel."), None)
        assert world.events("gemeente", "case/opened-outside-circle/1") == []

        why = "Waarneming voor een zieke collega."
        assert (await gemeente.cases.read(outsider, case, why)).problem == PROBLEM
        assert (await gemeente.read_message(outsider, message, why)).items[0].value
        assert (await gemeente.who_knows(outsider, f.WhoKnowsQuery(case=case, reason=why))).items
        listed = await gemeente.circle.openings(officer)
        assert [(o.view, o.by, o.reason) for o in listed] == [
            (view, outsider.id, why) for view in ("case.read", "inbox.read", "who-knows")
        ]
        assert why.encode() not in (world.directory("gemeente") / "log.db").read_bytes()  # sealed

        with pytest.raises(NotAllowedError):
            await gemeente.circle.review(outsider, listed[0].opening, cf.OpeningReviewForm(verdict="justified"))
        with pytest.raises(InputError, match="follow"):
            await gemeente.circle.review(officer, listed[0].opening, cf.OpeningReviewForm(verdict="follow-up"))
        for opening in listed:
            await gemeente.circle.review(officer, opening.opening, cf.OpeningReviewForm(verdict="justified"))
        with pytest.raises(ConflictError):
            await gemeente.circle.review(officer, listed[0].opening, cf.OpeningReviewForm(verdict="justified"))
        assert await gemeente.circle.openings(officer) == []
        assert {o.reviewed_by for o in await gemeente.circle.openings(officer, everything=True)} == {officer.id}

        # Inside the circle nothing is asked; and nobody reviews an opening of his own.
        await gemeente.circle.change(worker, case, cf.CircleForm(actor=outsider.id))
        await gemeente.read_message(outsider, message)
        await gemeente.cases.read(officer, case, "Toetsing van het dossier.")
        (own,) = await gemeente.circle.openings(officer)
        with pytest.raises(NotAllowedError, match="his own"):
            await gemeente.circle.review(officer, own.opening, cf.OpeningReviewForm(verdict="justified"))


async def test_the_circle_is_changed_from_inside_and_the_privacy_officer_does_not_let_himself_in(
    founded: Path, tmp_path: Path
) -> None:
    async with MemoryWorld.copied(founded, tmp_path, ["gemeente"]) as world:
        circle, worker = world.nodes["gemeente"].circle, world.actor("gemeente")
        case = await opened(world)
        other, officer = await colleague(world, "gemeente"), await colleague(world, "gemeente", "privacy-officer")
        for who in (other, officer):
            with pytest.raises(NotAllowedError, match="circle"):
                await circle.change(who, case, cf.CircleForm(actor=who.id))
        with pytest.raises(ConflictError, match="never without"):
            await circle.change(worker, case, cf.CircleForm(actor=worker.id, inside=False))
        assert set(await circle.change(officer, case, cf.CircleForm(actor=other.id))) == {worker.id, other.id}
        assert await circle.change(other, case, cf.CircleForm(actor=worker.id, inside=False)) == [other.id]
        with pytest.raises(NotFoundError, match="actor"):
            await circle.change(other, case, cf.CircleForm(actor=uuid4()))


async def test_police_data_is_read_by_designated_receivers_only(founded: Path, tmp_path: Path) -> None:
    async with MemoryWorld.copied(founded, tmp_path) as world:
        decision = ff.DecisionForm.model_validate(
            {
                "reference": "besluit-1", "ground": "WPG_19", "goal": "b", "decided_on": "2026-03-02",
                "signed_by": "teamchef", "interest": "Openbare orde in de straat.", "purpose": "Aanpak van overlast.",
                "recipients": ["actium"], "categories": ["OVERLAST", "IDENTIFICATIE", "CONTACT"],
                "authority": "BURGEMEESTER", "agreed_on": "2026-03-02", "valid_until": "2026-06-01",
            }
        )  # fmt: skip
        functionary = await colleague(world, "politie", "wpg-functionary")
        decided = (await world.nodes["politie"].facts.register_decision(functionary, decision, None)).fact
        demi = await world.person("politie", given_names="Demi", family_name="Nepstra", birth_date="1990-01-02")
        form = share_form(
            demi, [{"partner": "actium", "basis": "A6_1_f", "task": "verhuur"}],
            [{"category": "OVERLAST", "field": "aantal-meldingen", "value": "6"}],
            basis="A6_1_e", task="handhaving", wpg_decision_id=str(decided),
            notice={"reference": "k", "given_on": "2026-03-02", "recipients": ["actium"]},
        )  # fmt: skip
        message = (await world.share("politie", form)).messages[0].message or ""
        actium, worker = world.nodes["actium"], world.actor("actium")
        officer = await colleague(world, "actium", "privacy-officer")
        with pytest.raises(NotAllowedError, match="not designated"):
            await actium.read_message(worker, message)
        with pytest.raises(NotAllowedError, match="not designated"):  # the covenant refuses it, whatever the reason
            await actium.read_message(worker, message, "Spoed.")
        with pytest.raises(NotAllowedError):
            await actium.circle.designate(await colleague(world, "actium"), cf.ReceiverForm(actor=worker.id))
        await actium.circle.designate(officer, cf.ReceiverForm(actor=worker.id))
        assert (await actium.read_message(worker, message)).items[0].value == "6"
        assert await world.nodes["politie"].read_message(world.actor("politie"), message)  # its own law
        await actium.circle.designate(officer, cf.ReceiverForm(actor=worker.id, designated=False))
        assert actium.circle.receivers(officer) == []
        with pytest.raises(NotAllowedError):
            await actium.read_message(worker, message)

        # Where the covenant leaves it to a reason, that reason stands on the list first.
        settings = actium.ctx.covenants.current.covenant.settings.model_copy(update={"wpg_reading": "reason"})
        amend(actium, settings=settings)
        with pytest.raises(NotAllowedError, match="Give a reason"):
            await actium.read_message(worker, message)
        assert (await actium.read_message(worker, message, "Spoed, brand in het portaal.")).items[0].value == "6"
        (listed,) = await actium.circle.openings(officer)
        assert (listed.ground, listed.message, listed.by) == ("wpg", message, worker.id)


# ---------------------------------------------------------------------------------------- third parties, feedback


async def test_a_third_party_is_told_on_an_agreement_or_an_allocation_and_who_knows_names_it(
    founded: Path, tmp_path: Path
) -> None:
    async with MemoryWorld.copied(founded, tmp_path, ["gemeente"]) as world:
        gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
        jelle, agreement = await world.person("gemeente"), uuid4()
        case = await opened(world, main_subject=jelle)
        base = share_form(jelle, [TO_WELZIJN], HOUSE, basis="A6_1_e", task="wmo").model_dump(
            include={"subject", "items", "purpose", "context", "basis", "task", "weighing", "notice"}
        )
        form = cf.ThirdPartyForm.model_validate(
            {**base, "case": case, "name": "Zorgteam Fictie", "named_to_subject": True, "channel": "PHONE",
             "occurred_on": "2026-03-02"}
        )  # fmt: skip

        async def refused(**changes: Any) -> set[str]:
            with pytest.raises(Refused) as caught:
                await gemeente.third_parties.disclose(worker, form.model_copy(update=changes), None)
            return {r.code for r in caught.value.refusals}

        assert await refused() == {"R10"}
        assert await refused(agreement=agreement) == {"R10"}  # an agreement that nobody made
        action = cf.ActionForm(
            owner="gemeente", due=date(2026, 4, 1), text="Zorgteam inschakelen.", agreement=agreement
        )
        await gemeente.cases.set_action(worker, case, action, None)
        assert await refused(agreement=agreement, named_to_subject=False) == {"R14"}
        assert await refused(agreement=agreement, task="verhuur") == {"R07"}
        first = await gemeente.third_parties.disclose(worker, form.model_copy(update={"agreement": agreement}), None)

        to = cf.AllocationForm(to="Zorgteam Fictie", reason="Verdere behandeling.")
        await gemeente.cases.allocate(worker, case, to, None)
        (allocation,) = (await gemeente.cases.read(worker, case)).allocations
        elsewhere = {"allocation": allocation.allocation, "name": "Stichting Nergens"}
        assert await refused(**elsewhere) == {"R10"}  # allocated to somebody else
        await gemeente.third_parties.disclose(
            worker, form.model_copy(update={"allocation": allocation.allocation}), None
        )

        known = await gemeente.who_knows(worker, f.WhoKnowsQuery(subject=jelle))
        assert {(i.partner_name, i.channel, i.proven) for i in known.items} == {("Zorgteam Fictie", "PHONE", False)}
        rows = await gemeente.third_parties.all(worker)
        assert [(r.name, r.basis, r.agreement) for r in rows] == [
            ("Zorgteam Fictie", ["A6_1_e", "wmo"], None),
            ("Zorgteam Fictie", ["A6_1_e", "wmo"], agreement),
        ]
        assert first.act in {r.act for r in rows}
        assert "Fictie" not in "".join(r.model_dump_json() for r in await gemeente.log_rows(worker, 0, 1000))
        replayed = [step async for step in gemeente.replay_log(worker)][-1]
        assert isinstance(replayed, f.ReplayAnswer)
        assert replayed.ok, replayed.differences


async def test_who_asked_for_feedback_sees_when_it_is_late_and_hears_the_result(founded: Path, tmp_path: Path) -> None:
    async with MemoryWorld.copied(founded, tmp_path) as world:
        actium, welzijn = world.nodes["actium"], world.nodes["welzijn"]
        worker, theirs = world.actor("actium"), world.actor("welzijn")
        jelle = await world.person("actium")
        signal = share_form(jelle, [TO_WELZIJN], HOUSE, kind="signal", signal_kind="VERVUILING", feedback_wanted=True)
        message = (await world.share("actium", signal)).messages[0].message or ""
        assert [(r.message, r.due, r.direction) for r in welzijn.feedback.all(theirs)] == [
            (message, date(2026, 4, 13), "received")
        ]
        world.clock.forward(days=43)
        assert [r.overdue for r in welzijn.feedback.all(theirs, overdue=True)] == [True]
        assert [r.overdue for r in actium.feedback.all(worker, overdue=True)] == [True]
        with pytest.raises(InputError, match="handled has a result"):
            await welzijn.reply(theirs, message, f.ReplyForm(state="taken-up", result="OPGELOST"), None)
        await welzijn.reply(theirs, message, f.ReplyForm(state="handled", text="Opgeruimd.", result="OPGELOST"), None)
        await world.until(lambda: not actium.feedback.all(worker))
        assert welzijn.feedback.all(theirs) == []
        (reply,) = (await actium.read_message(worker, message)).replies
        assert (reply["text"], reply["result"]) == ("Opgeruimd.", "OPGELOST")


# ---------------------------------------------------------------------------------------- the real broker


async def test_a_case_is_shared_over_the_real_broker_and_survives_a_restart(tmp_path: Path) -> None:
    async with World.founded(tmp_path) as world:
        gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
        jelle = await world.person("gemeente")
        form = cf.CaseForm(problem=PROBLEM, main_subject=jelle, partners=["actium"])
        case = (await gemeente.cases.open(worker, form, None)).case
        await world.until(lambda: world.nodes["actium"].cases.all(world.actor("actium")))
        await world.stop("actium")
        await gemeente.cases.move(worker, case, cf.PhaseForm(to=Phase.TRIAGE), None)
        await world.start("actium")
        actium, theirs = world.nodes["actium"], world.actor("actium")
        await world.until(lambda: actium.cases.all(theirs)[0].phase is Phase.TRIAGE)
        await actium.circle.change(theirs, case, cf.CircleForm(actor=theirs.id))
        assert (await actium.cases.read(theirs, case)).problem == PROBLEM
        lines = [line async for line in gemeente.story(worker, case=case, subject=None, partner=None)]
        assert {"case/opened/1", "case/moved/1", "case/scope-changed/1"} <= {line.topic for line in lines}
        outcome = [step async for step in gemeente.verify_log(worker)][-1]
        assert isinstance(outcome, f.VerifyAnswer)
        assert outcome.ok, outcome.problem
