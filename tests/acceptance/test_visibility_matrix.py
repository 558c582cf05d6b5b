"""The visibility matrix, every cell both ways, through four real nodes and the real broker.

Of every category from every partner to every other, with nothing cited and with each ground there is: what the matrix opens
arrives with a receipt and is read by the recipient; what it does not open is refused by the sender, and by the recipient of one
that has the real keys and no scruples, with the same code. What is to be expected stands in ``tests/visibility.py``.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from case_forms import share_form
from memory_world import Mallory, receipts
from visibility import (
    CATEGORIES,
    CRIMINAL,
    FIELDS,
    MATRIX,
    NEVER_AS_SIGNAL,
    NOT_FROM,
    PARTNERS,
    SPECIAL,
    UNDER_SECRECY,
    beside_care,
)
from world import World

from exchange.node import casework_forms as cf
from exchange.node import facts_forms as ff
from exchange.node import restored
from exchange.node.service import Refused
from exchange.wire import messages as m

GROUNDS = {"gemeente": ("A6_1_e", "wmo"), "politie": ("A6_1_e", "handhaving"), "actium": ("A6_1_f", "verhuur"),
           "welzijn": ("A6_1_f", "maatschappelijk-werk")}  # fmt: skip
EXCEPTIONS = ("UAVG_22_2_a", "UAVG_22_2_b", "UAVG_22_2_d", "UAVG_22_2_e", "UAVG_30_1_a", "UAVG_30_3_a", "WPG_5")
CRIMINAL_GROUNDS = ("UAVG_33_1_a", "UAVG_33_1_c")
STATED = ("EIGEN_HUURDER", "VEILIGHEID_IN_GEDING", "BESLUIT_BURGEMEESTER")
PLAIN = "nothing"
SIGNAL = "a signal"
NO_DECISION = "no decision of the police"
NO_SECRECY = "no word of secrecy"
OTHER_TASK = "a task that is not bound to secrecy"
ONWARD = "got from the police"
CONSENT = "got from the police, which consents"
CARE = "a supplement to care"
PROFILES = (
    PLAIN,
    SIGNAL,
    NO_DECISION,
    NO_SECRECY,
    OTHER_TASK,
    ONWARD,
    CONSENT,
    *EXCEPTIONS,
    *CRIMINAL_GROUNDS,
    CARE,
    *STATED,
)
PAIRS = tuple(permutations(PARTNERS, 2))
SECRECY = {"applies": True, "regime": "BEROEPSCODE", "ground": "TOESTEMMING", "motivation": "Bewoner stemt in."}
WPG = {"reference": "besluit-2026-3", "ground": "WPG_19", "goal": "b", "interest": "Rust in de straat.",
       "categories": list(CATEGORIES), "valid_until": "2026-12-31"}  # fmt: skip


def expected(sender: str, recipient: str, category: str, profile: str) -> str | None:
    """With which code the matrix and the law close a cell when ``profile`` is cited; None where they open it."""
    if category == "BSN":
        return "R02"
    if sender in NOT_FROM.get(category, ()) or (profile == SIGNAL and category in NEVER_AS_SIGNAL):
        return "R17"
    if profile == NO_DECISION and sender == "politie":
        return "R28"
    police = sender == "politie" or profile in {ONWARD, CONSENT}
    if profile == ONWARD and "politie" not in {sender, recipient}:
        return "R29"
    cell = MATRIX[category, recipient]
    if not ("yes" in cell or grounds_that_hold(sender, recipient, profile) & cell or ("wpg" in cell and police)):
        return "R05" if category in SPECIAL else "R06" if category in CRIMINAL else "R17"
    unsafe = {NO_SECRECY: "R30", OTHER_TASK: "R07" if recipient == "gemeente" else None}
    return unsafe.get(profile) if category in UNDER_SECRECY else None


def grounds_that_hold(sender: str, recipient: str, profile: str) -> set[str]:
    """What is cited and counts: a supplement to care (UAVG 33(1)(c)) only beside care, from one bound to secrecy to another."""
    tasks = {"sender_task": GROUNDS[sender][1], "recipient_task": basis_of(recipient, profile)[1]}
    named = grounds(profile, recipient)
    supplement = {"UAVG_33_1_c"} if not beside_care(sender, recipient, {**tasks, **named}) else set()
    return {cited(profile, recipient), *named.values()} - supplement


def cited(profile: str, recipient: str) -> str:
    """The ground in a profile; where secrecy is what is wrong with it, there is a ground that holds."""
    if profile in {NO_SECRECY, OTHER_TASK}:
        return {"gemeente": "UAVG_22_2_a", "politie": "WPG_5", "actium": "UAVG_22_2_a", "welzijn": "UAVG_30_3_a"}[
            recipient
        ]
    return profile


def grounds(profile: str, recipient: str) -> dict[str, str]:
    """Special exception or criminal ground, as forms and statements both spell it."""
    if profile == CARE:
        return {"special_exception": "UAVG_30_3_a", "criminal_ground": "UAVG_33_1_c"}
    ground = cited(profile, recipient)
    found = {"special_exception": EXCEPTIONS, "criminal_ground": CRIMINAL_GROUNDS}
    return {name: ground for name, known in found.items() if ground in known}


def basis_of(recipient: str, profile: str) -> tuple[str, str]:
    """On what the recipient rests."""
    other = profile == OTHER_TASK and recipient == "gemeente"
    return ("A6_1_e", "schuldhulp") if other else GROUNDS[recipient]


def common(sender: str, profile: str) -> dict[str, Any]:
    """What forms and statements say in the same words."""
    return {
        "stated": [profile] if profile in STATED else [],
        "signal_kind": "WOONOVERLAST",
        "secrecy": {"applies": False, "motivation": ""} if profile == NO_SECRECY else SECRECY,
        "notice": {"reference": "kennisgeving-1", "given_on": "2026-03-02", "recipients": list(PARTNERS)},
    }


@dataclass
class Seen:
    """What became of one category in one profile between two partners."""

    by_sender: set[str] = field(default_factory=set)
    by_receiver: set[str] = field(default_factory=set)
    receipted: bool = False
    read: str | None = None


Played = dict[tuple[str, str, str, str], Seen]


def item(category: str, sender: str, profile: str) -> dict[str, Any]:
    """One datum, as forms and the wire both spell it."""
    made = {"category": category, "field": (*FIELDS[category], "bsn")[0], "value": f"Waarde van {category.lower()}."}
    if profile in {ONWARD, CONSENT} and sender != "politie":
        made["origin_partner"] = "politie"
    if profile == CONSENT:
        made |= {"source_consent": "instemming-4", "onward_ground": "A-2"}
    return made


@dataclass
class Table:
    """Plays every pair in every profile; pipelined, so that nothing waits for a receipt before the end."""

    world: World
    people: dict[str, UUID]
    decision: UUID
    seen: Played = field(default_factory=dict)
    acts: list[tuple[str, str, str, list[str], UUID]] = field(default_factory=list)

    async def play(self) -> Played:
        cells = [(s, r, p) for s, r in PAIRS for p in PROFILES]
        self.seen = {(*cell, category): Seen() for cell in cells for category in CATEGORIES}
        for cell in cells:
            await self._share(*cell, [c for c in CATEGORIES if expected(*cell[:2], c, cell[2]) is None])
        for cell in cells:
            await self._share(*cell, closed(*cell))
        await self._read()
        with pytest.MonkeyPatch.context() as patch:
            # Mallory has everybody's keys in turn; a node that hears so of itself would be still, also with its receipts.
            patch.setattr(restored, "holders", lambda _: set[str]())
            for sender, recipient in PAIRS:
                await self._forge(sender, recipient)
        return self.seen

    async def _share(self, sender: str, recipient: str, profile: str, categories: list[str]) -> None:
        if not categories:
            return
        basis, task = basis_of(recipient, profile)
        form = share_form(
            self.people[sender],
            [{"partner": recipient, "basis": basis, "task": task, **grounds(profile, recipient)}],
            [item(category, sender, profile) for category in categories],
            basis=GROUNDS[sender][0], task=GROUNDS[sender][1], kind="signal" if profile == SIGNAL else "disclosure",
            wpg_decision_id=self.decision if sender == "politie" and profile != NO_DECISION else None,
            **common(sender, profile),
        )  # fmt: skip
        try:
            act = await self.world.nodes[sender].share(self.world.actor(sender), form, None)
        except Refused as refused:
            for reason in refused.refusals:
                for number, category in enumerate(categories):
                    if reason.item in {None, number} and not reason.identity:
                        self.seen[sender, recipient, profile, category].by_sender.add(reason.code)
        else:
            self.acts.append((sender, recipient, profile, categories, act.act))

    async def _read(self) -> None:
        await self.world.until(lambda: not any(node.outgoing.waiting() for node in self.world.nodes.values()))
        for sender, recipient, profile, categories, act in self.acts:
            (sent,) = (await self.world.nodes[sender].act(self.world.actor(sender), act)).messages
            came = await self.world.nodes[recipient].read_message(self.world.actor(recipient), sent.message or "")
            for number, category in enumerate(categories):
                seen = self.seen[sender, recipient, profile, category]
                seen.receipted = sent.state == "receipted" and number not in sent.rejected
                seen.read = came.items[number].value

    async def _forge(self, sender: str, recipient: str) -> None:
        mallory = Mallory(self.world, sender)
        mallory.count_on_from(recipient)
        before = len(receipts(self.world, recipient, sender))
        letters = {}
        for profile in PROFILES:
            categories = closed(sender, recipient, profile)
            kind = m.Kind.SIGNAL if profile == SIGNAL else m.Kind.DISCLOSURE
            items = [mallory.item(**item(c, sender, profile)) for c in categories]
            letters[profile] = (
                categories,
                mallory.letter(recipient, self._statement(mallory, recipient, profile), *items, kind=kind),
            )
        await mallory.publish(recipient, *[letter for _, letter in letters.values()])
        await self.world.until(lambda: len(receipts(self.world, recipient, sender)) == before + len(letters))
        answers = {r.data.message: r.data.outcomes for r, _ in receipts(self.world, recipient, sender)[before:]}
        for profile, (categories, letter) in letters.items():
            for category, outcome in zip(categories, answers[letter.message][1:], strict=True):
                self.seen[sender, recipient, profile, category].by_receiver = set(outcome.codes)

    def _statement(self, mallory: Mallory, recipient: str, profile: str) -> dict[str, Any]:
        sender, (basis, task) = mallory.slug, basis_of(recipient, profile)
        decided = {"wpg": {**WPG, "recipients": [recipient], "authority_agreed": True}}
        return mallory.statement(
            recipient, sender_basis=GROUNDS[sender][0], sender_task=GROUNDS[sender][1], recipient_basis=basis,
            recipient_task=task, **common(sender, profile), **grounds(profile, recipient),
            **(decided if sender == "politie" and profile != NO_DECISION else {}),
        )  # fmt: skip


def closed(sender: str, recipient: str, profile: str) -> list[str]:
    """The categories that are not open."""
    return [category for category in CATEGORIES if expected(sender, recipient, category, profile) is not None]


async def prepared(world: World) -> Table:
    """Everybody knows somebody; the police decided; who may read police data was designated."""
    form = ff.DecisionForm.model_validate({
        **WPG, "decided_on": "2026-03-02", "signed_by": "teamchef", "purpose": "Aanpak van overlast.",
        "recipients": [p for p in PARTNERS if p != "politie"], "authority": "BURGEMEESTER", "agreed_on": "2026-03-02",
    })  # fmt: skip
    functionary = await world.colleague("politie", 4711, "wpg-functionary")
    decision = (await world.nodes["politie"].facts.register_decision(functionary, form, None)).fact
    for slug in PARTNERS:
        if slug != "politie":
            receiver = cf.ReceiverForm(actor=world.actor(slug).id)
            await world.nodes[slug].circle.designate(await world.colleague(slug, 4712, "privacy-officer"), receiver)
    return Table(world, {slug: await world.person(slug) for slug in PARTNERS}, decision)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    async def play() -> Played:
        async with World.founded(tmp_path_factory.mktemp("matrix")) as world:
            return await (await prepared(world)).play()

    return asyncio.run(play())


@pytest.mark.parametrize("category", CATEGORIES)
@pytest.mark.parametrize(("sender", "recipient"), PAIRS)
def test_a_cell_is_open_to_what_the_matrix_says_and_closed_on_both_sides_to_the_rest(
    played: Played, sender: str, recipient: str, category: str
) -> None:
    for profile in PROFILES:
        seen, code = played[sender, recipient, profile, category], expected(sender, recipient, category, profile)
        if code is None:
            assert (seen.by_sender, seen.receipted) == (set(), True), profile
            assert seen.read == item(category, sender, profile)["value"], profile
        else:
            assert code in seen.by_sender, profile
            assert seen.by_receiver == seen.by_sender, profile


def test_every_condition_of_the_matrix_was_played_with_and_without_its_ground(played: Played) -> None:
    assert len(played) == 12 * len(CATEGORIES) * len(PROFILES)
    for (category, recipient), cell in MATRIX.items():
        others = [s for s in PARTNERS if s != recipient]
        outcomes = {played[s, recipient, p, category].receipted for s in others for p in PROFILES}
        conditional = cell.isdisjoint({"yes", "no"})
        assert outcomes >= ({False, True} if conditional else {"yes" in cell}), (category, recipient)
