"""Who of a partner's own people may look: the circle of a case, the designated receivers of police data."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from case_forms import HOUSE, TO_WELZIJN, share_form
from case_play import PROBLEM, amend, colleague, decision, opened
from memory_world import MemoryWorld

from exchange.errors import ConflictError, InputError, NotAllowedError, NotFoundError
from exchange.node import casework_forms as cf
from exchange.node import forms as f


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
            lambda: gemeente.who_knows(outsider, f.WhoKnowsQuery(subject=jelle)),
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
        assert (await gemeente.who_knows(outsider, f.WhoKnowsQuery(subject=jelle, reason=why))).items
        listed = await gemeente.circle.openings(officer)
        assert [(o.view, o.by, o.name, o.case, o.reason) for o in listed] == [
            (view, outsider.id, "Proef Collega", case, why)
            for view in ("case.read", "inbox.read", "who-knows", "who-knows")
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


async def test_who_knows_tells_of_a_case_to_who_is_in_its_circle_or_accounts_to_the_person_and_of_nothing_else_asks_a_reason(
    founded: Path, tmp_path: Path
) -> None:
    async with MemoryWorld.copied(founded, tmp_path) as world:
        gemeente, worker = world.nodes["gemeente"], world.actor("gemeente")
        jelle = await world.person("gemeente")
        about = f.WhoKnowsQuery(subject=jelle)
        notice = {"reference": "k", "given_on": "2026-03-02", "recipients": ["welzijn"]}
        own = {"basis": "A6_1_e", "task": "wmo", "notice": notice}
        await world.share("gemeente", share_form(jelle, [TO_WELZIJN], HOUSE, **own))
        inside, outside = await colleague(world, "gemeente"), await colleague(world, "gemeente")
        assert (await gemeente.who_knows(outside, about)).items  # nothing of a case yet
        case = await opened(world, "gemeente", "welzijn", main_subject=jelle)
        await world.share("gemeente", share_form(jelle, [TO_WELZIJN], HOUSE, case=case, **own))
        await gemeente.circle.change(worker, case, cf.CircleForm(actor=inside.id))
        for role in ("rights-desk", "privacy-officer", "fg", "wpg-functionary"):
            assert (await gemeente.who_knows(await colleague(world, "gemeente", role), about)).items
        assert (await gemeente.who_knows(inside, about)).items
        for role in ("worker", "deputy", "chair"):
            with pytest.raises(NotAllowedError, match="circle"):
                await gemeente.who_knows(await colleague(world, "gemeente", role), about)
        assert world.events("gemeente", "case/opened-outside-circle/1") == []


async def test_nobody_lets_himself_in_to_police_data_unless_the_partner_has_a_single_hand(
    founded: Path, tmp_path: Path
) -> None:
    async with MemoryWorld.copied(founded, tmp_path, ["actium"]) as world:
        actium, office = world.nodes["actium"], world.actor("actium")
        officer = await colleague(world, "actium", "privacy-officer")
        for who in (office, officer):
            with pytest.raises(NotAllowedError, match="Nobody designates himself"):
                await actium.circle.designate(who, cf.ReceiverForm(actor=who.id))
        assert actium.circle.receivers(officer) == []
        await actium.circle.designate(officer, cf.ReceiverForm(actor=office.id))
        ended = await actium.circle.designate(office, cf.ReceiverForm(actor=office.id, designated=False))
        assert ended == []  # out is always possible

        # Single-handed counts only where nobody else could, and it shows.
        await actium.single_handed(office, on=True)
        with pytest.raises(NotAllowedError, match="Nobody designates himself"):
            await actium.circle.designate(office, cf.ReceiverForm(actor=office.id))
        await actium.revoke_actor(office, officer.id)
        (receiver,) = await actium.circle.designate(office, cf.ReceiverForm(actor=office.id))
        assert receiver.actor == office.id
        (alone,) = world.events("actium", "actor/acted-alone/1")
        assert (alone.by, alone.command, alone.about) == (office.id, "wpg.designate", str(office.id))


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
        decided = await decision(world)
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
