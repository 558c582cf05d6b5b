"""A case conference under attack: by an owner, by a partner that is no chair, by a chair, by whoever copies frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from conference_forms import DAY, GROUNDS, Meeting, nuisance, opened
from memory_world import Letter, Mallory, MemoryWorld, Taken, receipts

from exchange.node import conference_forms as cf
from exchange.node import release as releases
from exchange.wire import messages as m

FIRST = ["gemeente", "actium", "welzijn"]
SECOND = ["gemeente", "politie"]


@pytest.fixture
async def world(founded: Path, tmp_path: Path):
    async with MemoryWorld.copied(founded, tmp_path) as made:
        yield made


def forged(world: MemoryWorld, slug: str, to: str, *parts: dict[str, Any], kind: m.Kind = m.Kind.DISCLOSURE) -> Letter:
    """A letter of ``slug`` under its next number, so that only its content can be refused."""
    sequence = world.nodes[slug].ctx.writer.overlay.pairs_out[to].next
    through = world.nodes[to].ctx.writer.overlay.pairs_in[slug].highest
    return Mallory(world, slug).letter(to, *parts, kind=kind, sequence=max(sequence, through + 1))


async def answered(world: MemoryWorld, slug: str, to: str, letter: Letter) -> list[list[str]]:
    """The codes per part in the receipt."""
    seen = len(receipts(world, to, slug))
    mallory = Mallory(world, slug)
    taken = await mallory.insist(to, mallory.wrap(to, letter))
    assert taken.ended == ["done"], world.parked(to)
    await world.until(lambda: len(receipts(world, to, slug)) > seen)
    receipt = receipts(world, to, slug)[-1][0]
    assert receipt.data.message == letter.message
    return [outcome.codes for outcome in receipt.data.outcomes]


def lines_in_log(world: MemoryWorld, slug: str, beginning: str) -> int:
    log = world.nodes[slug].ctx.log
    return sum(entry.topic.startswith(beginning) for entry in log.entries(0, 100_000))


# ---------------------------------------------------------------------------------------- a hostile owner


class Owner:
    """Actium offered two items to Welzijn: the chair struck one and released the other."""

    def __init__(self, world: MemoryWorld, meeting: Meeting, struck: UUID, released: UUID) -> None:
        self.world, self.meeting = world, meeting
        log = {f.offer: f for f in world.events("actium", "conference/item-offered/1")}
        decided = {f.offer: f for f in world.events("actium", "conference/offer-decided/1")}
        self.struck, self.offered, self.decided = log[struck], log[released], decided[released]

    def statement(self, to: str = "welzijn", **changes: Any) -> dict[str, Any]:
        mallory = Mallory(self.world, "actium")
        return mallory.statement(
            to,
            context="CASUS",
            case=str(self.meeting.cases[0]),
            conference=str(self.meeting.conference),
            chair_release=str(self.decided.release),
            release_salt=self.offered.salt,
            release_signature=self.decided.signatures["welzijn"],
            **changes,
        )

    def item(self, text: str, **changes: Any) -> dict[str, Any]:
        mallory = Mallory(self.world, "actium")
        return mallory.item(**nuisance(text), **changes)

    @classmethod
    async def ready(cls, world: MemoryWorld) -> Owner:
        meeting = await Meeting.planned(world, [FIRST])
        jelle = await world.person("actium")
        struck = await meeting.offer("actium", ["welzijn"], "GESCHRAPT", jelle)
        released = await meeting.offer("actium", ["welzijn"], "VRIJGEGEVEN", jelle, auto=False)
        await meeting.decide((struck, "strike"), (released, "release"))
        await meeting.reaches("actium", struck, "struck")
        await meeting.reaches("actium", released, "released")
        await meeting.settled()
        return cls(world, meeting, struck, released)


async def test_an_owner_that_sends_a_struck_item_is_refused_by_the_receiver_whatever_he_writes_beside_it(world):
    owner = await Owner.ready(world)
    whole = owner.statement()
    own_hand = owner.world.nodes["actium"].ctx.keys.sign
    unsigned = releases.Release(
        conference=owner.meeting.conference, release=uuid4(), case=owner.meeting.cases[0], owner="actium",
        recipient="welzijn", category="OVERLAST", field="toelichting", purpose="P0_ONDERSTEUNING",
        commitment=owner.struck.commitment,
    )  # fmt: skip
    self_made = own_hand.sign(
        "covx/1 sign release", unsigned.signed_bytes(world.nodes["actium"].ctx.covenants.id)
    ).hex()
    struck = owner.item("GESCHRAPT")
    without = {k: v for k, v in whole.items() if not k.startswith(("release_", "chair_"))}
    lies: dict[str, list[dict[str, Any]]] = {
        "no release at all": [without, struck],
        "a release id without proof": [without | {"chair_release": whole["chair_release"]}, struck],
        "the release of another item": [whole, struck],
        "the other item's release with the struck one's salt": [whole | {"release_salt": owner.struck.salt}, struck],
        "the released item with the struck one behind it": [whole, owner.item("VRIJGEGEVEN"), struck],
        "an invented release": [whole | {"chair_release": str(uuid4())}, struck],
        "a signature of his own": [
            whole | {"chair_release": str(unsigned.release), "release_salt": owner.struck.salt,
                     "release_signature": self_made}, struck,
        ],
        "a conference nobody planned": [whole | {"conference": str(uuid4())}, struck],
        "a release without a conference": [{k: v for k, v in whole.items() if k != "conference"}, struck],
    }  # fmt: skip
    for lie, parts in lies.items():
        codes = await answered(world, "actium", "welzijn", forged(world, "actium", "welzijn", *parts))
        assert all("R12" in part for part in codes), (lie, codes)
    assert world.events("welzijn", "item/recorded/1") == []
    assert all(part.key_id is None for event in world.events("welzijn", "message/received/1") for part in event.parts
               if event.sender == "actium")  # fmt: skip


async def test_a_release_holds_for_the_one_thing_it_was_given_for(world):
    owner = await Owner.ready(world)
    changed = {
        "another case": (owner.statement() | {"case": str(uuid4())}, owner.item("VRIJGEGEVEN")),
        "another purpose": (owner.statement(purpose="P9"), owner.item("VRIJGEGEVEN")),
        "another text": (owner.statement(), owner.item("VRIJGEGEVEN!")),
        "another field": (owner.statement(), owner.item("VRIJGEGEVEN") | {"field": "aard-overlast"}),
        "more certain than it was offered": (owner.statement(), owner.item("VRIJGEGEVEN", source="VAN_DERDE")),
    }
    for what, parts in changed.items():
        codes = await answered(world, "actium", "welzijn", forged(world, "actium", "welzijn", *parts))
        assert all("R12" in part for part in codes), what
    # To another partner in scope it is worth nothing: it was not released to the municipality.
    statement = owner.statement("gemeente") | {"recipient_basis": "A6_1_e", "recipient_task": "wmo"}
    letter = forged(world, "actium", "gemeente", statement, owner.item("VRIJGEGEVEN"))
    assert all("R12" in part for part in await answered(world, "actium", "gemeente", letter))
    assert world.events("welzijn", "item/recorded/1") == []
    # And what was released is accepted: the attacks above fail for what they change, not for how they are sent.
    letter = forged(world, "actium", "welzijn", owner.statement(), owner.item("VRIJGEGEVEN"))
    assert await answered(world, "actium", "welzijn", letter) == [[], []]


async def test_a_release_and_what_it_lets_go_may_arrive_in_one_batch_with_the_plan(world):
    """A recipient that was away learns of the conference and of the item at once, in the order in which they were sent."""
    case = await opened(world, FIRST)
    world.withheld |= {("gemeente", "welzijn"), ("actium", "welzijn")}
    meeting = await Meeting.planned(world, [["gemeente", "actium"]])  # the others know; Welzijn joins the next one
    assert meeting.items
    conference = await _unheard(world, meeting, case)
    offer = await meeting.offer("actium", ["welzijn"], "VRIJGEGEVEN", await world.person("actium"), case=1)
    await meeting.decide((offer, "release"))
    await meeting.reaches("actium", offer, "sent")
    plan = world.between("gemeente", "welzijn")[-1]
    item = world.between("actium", "welzijn")[-1]
    welzijn = world.nodes["welzijn"]
    taken = [_delivery("gemeente", plan), _delivery("actium", item)]
    await welzijn.inbox_handler.take(list(taken))
    assert [t.ended for t in taken] == [["done"], ["done"]]
    (receipt,) = [r for r, _ in receipts(world, "welzijn", "actium")]
    assert [o.codes for o in receipt.data.outcomes] == [[]] * len(receipt.data.outcomes)
    assert [row.sender for row in await welzijn.inbox(world.actor("welzijn"))] == ["actium"]
    assert conference


def _delivery(sender: str, frame: bytes) -> Any:
    return Taken(sender, frame)


async def _unheard(world: MemoryWorld, meeting: Meeting, case: UUID) -> UUID:
    """A second conference with Welzijn in scope, of which Welzijn does not hear yet."""
    node = world.nodes["gemeente"]
    form = cf.ConferenceForm(
        date=DAY, chair=meeting.chair.id, agenda=[cf.AgendaForm(case=case, partners=FIRST)],
        participants=[cf.AttendeeForm(partner=p, role="DEELNEMER", secrecy="verklaring") for p in FIRST],
    )  # fmt: skip
    conference = await node.conferences.plan(meeting.chair, form, None)
    shown = await node.conferences.show(meeting.chair, conference)
    meeting.conference, meeting.items = conference, [*meeting.items, shown.agenda[0].item]
    ledger = world.nodes["actium"].ctx.ledger
    await world.until(lambda: ledger.count("conferences WHERE conference=?", str(conference)))
    return conference


# ---------------------------------------------------------------------------------------- who is no chair, and a chair


def plan(conference: UUID, chair: str, *entries: dict[str, Any], version: int = 1) -> dict[str, Any]:
    seats = [{"partner": p, "role": "DEELNEMER", "secrecy": "verklaring"} for p in GROUNDS]
    return {
        "v": 1, "conference": str(conference), "version": version, "date": DAY, "chair": chair, "participants": seats,
        "agenda": list(entries),
    }  # fmt: skip


def entry(*partners: str) -> dict[str, Any]:
    return {"item": str(uuid4()), "case": str(uuid4()), "partners": list(partners), "subjects": []}


def offer(meeting: Meeting, number: int, *to: str, **changes: Any) -> dict[str, Any]:
    one = {
        "offer": str(uuid4()), "item": str(meeting.items[number]), "case": str(meeting.cases[number]), "category": "OVERLAST",
        "field": "toelichting", "purpose": "P0_ONDERSTEUNING", "why": "nodig", "recipients": list(to), "commitment": "0" * 64,
        **changes,
    }  # fmt: skip
    return {"v": 1, "conference": str(meeting.conference), "offers": [one], "held": []}


async def test_a_conference_cannot_be_taken_over_by_announcing_it_again(world):
    meeting = await Meeting.planned(world, [FIRST])
    for chair in ("actium", "gemeente"):
        again = plan(meeting.conference, chair, entry("welzijn", "actium"), version=9)
        letter = forged(world, "actium", "welzijn", again, kind=m.Kind.CONFERENCE)
        assert await answered(world, "actium", "welzijn", letter) == [["R12"]]
    row = world.nodes["welzijn"].ctx.ledger.one("SELECT chair, version FROM conferences")
    assert tuple(row) == ("gemeente", 1)


async def test_a_chair_that_tells_a_partner_of_a_case_outside_its_scope_is_refused_and_nothing_is_kept(world):
    made = plan(uuid4(), "gemeente", entry("welzijn", "politie"))
    letter = forged(world, "gemeente", "actium", made, kind=m.Kind.CONFERENCE)
    assert await answered(world, "gemeente", "actium", letter) == [["R17"]]
    assert lines_in_log(world, "actium", "conference/") == 0
    (stored,) = world.events("actium", "message/received/1")
    assert stored.parts[0].key_id is None


async def test_an_offer_from_or_to_outside_the_scope_does_not_reach_the_chair(world):
    meeting = await Meeting.planned(world, [FIRST, SECOND])
    attempts = [
        ("politie", offer(meeting, 0, "welzijn")),  # the police is not in scope of the first case
        ("actium", offer(meeting, 0, "politie")),
        ("actium", offer(meeting, 0, "actium")),
        ("actium", offer(meeting, 1, "politie")),
        ("actium", offer(meeting, 0, "welzijn", item=str(uuid4()))),
        ("actium", offer(meeting, 0, "welzijn", case=str(meeting.cases[1]))),
        ("actium", offer(meeting, 0, "welzijn") | {"conference": str(uuid4())}),
    ]
    for slug, made in attempts:
        letter = forged(world, slug, "gemeente", made, kind=m.Kind.OFFERED)
        assert await answered(world, slug, "gemeente", letter) == [["R12"]], made
    assert world.nodes["gemeente"].ctx.ledger.count("offers") == 0
    letter = forged(world, "actium", "gemeente", offer(meeting, 0, "welzijn", why="bsn 111222333"), kind=m.Kind.OFFERED)
    assert await answered(world, "actium", "gemeente", letter) == [["R02"]]
    letter = forged(world, "actium", "welzijn", offer(meeting, 0, "gemeente"), kind=m.Kind.OFFERED)
    assert await answered(world, "actium", "welzijn", letter) == [["R12"]]  # Welzijn is no chair: it learns no offers


async def test_an_offer_id_of_another_partner_cannot_be_taken_back_or_answered_by_it(world):
    meeting = await Meeting.planned(world, [FIRST])
    made = await meeting.offer("welzijn", ["actium"], "KANARIE", await world.person("welzijn"))
    held = {"v": 1, "conference": str(meeting.conference), "offers": [], "held": [{"offer": str(made), "codes": []}]}
    letter = forged(world, "actium", "gemeente", held, kind=m.Kind.OFFERED)
    assert await answered(world, "actium", "gemeente", letter) == [["R12"]]
    assert meeting.status("gemeente", made) == "offered"


async def test_a_decision_counts_only_from_the_chair_after_the_review_and_with_signatures_that_hold(world):
    owner = await Owner.ready(world)
    meeting = owner.meeting
    made = await meeting.offer("actium", ["welzijn"], "KANARIE", await world.person("actium"))
    await meeting.settled()

    def decided(**changes: Any) -> dict[str, Any]:
        return {
            "v": 1, "conference": str(meeting.conference), "offer": str(made), "decision": "release",
            "release": str(uuid4()), "reviewed_on": DAY, "question": "", "wants_content": False,
            "signatures": [{"recipient": "welzijn", "signature": "0" * 128}], **changes,
        }  # fmt: skip

    for slug, said, code in (
        ("welzijn", decided(), "R12"),
        ("gemeente", decided(offer=str(uuid4())), "R12"),
        ("gemeente", decided(signatures=[]), "R12"),
        ("gemeente", decided(), "R16"),
        (
            "gemeente",
            decided(signatures=[{"recipient": "welzijn", "signature": owner.decided.signatures["welzijn"]}]),
            "R16",
        ),
    ):
        letter = forged(world, slug, "actium", said, kind=m.Kind.CHAIR_DECIDED)
        assert await answered(world, slug, "actium", letter) == [[code]], said
    assert meeting.status("actium", made) == "offered"
    assert world.events("welzijn", "item/recorded/1") == []


async def test_a_release_by_a_chair_that_reviewed_nothing_is_refused_by_the_owner(world):
    meeting = await Meeting.planned(world, [FIRST])
    made = await meeting.offer("actium", ["welzijn"], "KANARIE", await world.person("actium"))
    said = {
        "v": 1, "conference": str(meeting.conference), "offer": str(made), "decision": "release", "release": str(uuid4()),
        "question": "", "wants_content": False, "signatures": [{"recipient": "welzijn", "signature": "0" * 128}],
    }  # fmt: skip
    letter = forged(world, "gemeente", "actium", said, kind=m.Kind.CHAIR_DECIDED)
    assert await answered(world, "gemeente", "actium", letter) == [["R12"]]


async def test_an_outcome_counts_only_from_the_chair_and_only_for_those_in_scope(world):
    meeting = await Meeting.planned(world, [FIRST, SECOND])

    def outcome(case: int, owner: str = "welzijn") -> dict[str, Any]:
        agreed = {"agreement": str(uuid4()), "action": "Bellen", "owner": owner, "due": DAY, "third_party": ""}
        return {
            "v": 1, "conference": str(meeting.conference), "item": str(meeting.items[case]),
            "case": str(meeting.cases[case]), "version": 1, "agreements": [agreed], "decisions": [],
        }  # fmt: skip

    for slug, said in (
        ("actium", outcome(0)),
        ("gemeente", outcome(1)),
        ("gemeente", outcome(0, owner="politie")),
        ("gemeente", outcome(0) | {"case": str(meeting.cases[1])}),
    ):
        letter = forged(world, slug, "welzijn", said, kind=m.Kind.OUTCOME)
        assert await answered(world, slug, "welzijn", letter) == [["R12"]], said
    assert world.nodes["welzijn"].ctx.ledger.count("agreements") == 0
    letter = forged(world, "gemeente", "welzijn", outcome(0), kind=m.Kind.OUTCOME)
    assert await answered(world, "gemeente", "welzijn", letter) == [[]]
    assert world.nodes["welzijn"].ctx.ledger.count("agreements") == 1


# ---------------------------------------------------------------------------------------- who copies frames


async def test_no_frame_of_a_conference_opens_at_anybody_but_its_recipient(world):
    owner = await Owner.ready(world)
    offer_id = owner.offered.offer
    await world.nodes["actium"].offers.confirm(world.actor("actium"), owner.meeting.conference, offer_id)
    await owner.meeting.settled()
    sizes = {slug: lines_in_log(world, slug, "") for slug in world.nodes}
    frames = list(world.frames)
    kinds = {world.open_frame(r, frame).header for _, r, frame in frames}
    assert any(m.Kind.CHAIR_DECIDED.value.encode() in header for header in kinds)
    for sender, recipient, frame in frames:
        for other in set(world.nodes) - {recipient}:
            (taken,) = await world.deliver(other, sender, frame)
            assert taken.ended == ["done"]
    for slug in world.nodes:
        assert set(world.parked(slug)) == {"kid-unknown"}
        assert lines_in_log(world, slug, "") - sizes[slug] == len(world.parked(slug))
    assert world.events("politie", "conference/planned/2") == []
