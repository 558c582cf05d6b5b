"""A node in memory behind the real port: refuses the impossible, remembers who asked what, holds invented persons only."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import ease
from conferences import as_ports

from exchange.domain.actors import require, roles_of
from exchange.domain.refusals import refusal
from exchange.errors import ConflictError, IntegrityError, NotFoundError
from exchange.node import corrections_forms as cf
from exchange.node import draft_forms as df
from exchange.node import facts_forms as ff
from exchange.node import forms as f
from exchange.node.service import Actor, Idempotency, NodeService, Refused

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
MESSAGE = "ab" * 32
OTHER_MESSAGE = "cd" * 32
ACT = UUID("0b7a9a5e-5d1c-4a55-9c1b-3f5f2f6a9d10")
RULE = "hw-1"


def _partner(number: int, slug: str, name: str, kind: str, task: str, title: str) -> dict[str, Any]:
    """One partner of the covenant, as the node shows it."""
    return {
        "id": f"{number:032x}", "slug": slug, "name": name, "kind": kind, "participation": "connected",
        "public_body": False, "organisation_id": f"urn:nld:kvknr:{number:08}",
        "statutory_tasks": [{"code": task, "title": title, "source": "verzonnen"}],
    }  # fmt: skip


COVENANT: dict[str, Any] = {
    "format": "covx-covenant/1",
    "name": "Privacyconvenant Buurtteams De Wolden",
    "version": "1.0",
    "environment": "DEMO",
    "generation": 1,
    "review_due": "2026-10-01",
    "settings": {
        "max_age_days": 30, "small_cell_threshold": 5, "signal_retention": "h01", "statement_retention": "h01",
    },
    "partners": [
        _partner(1, "actium", "Woningcorporatie Actium", "WONINGCORPORATIE", "woningwet", "Leefbaarheid (art. 46 Woningwet)"),
        _partner(2, "welzijn", "Welzijn De Wolden", "WELZIJN", "wmo", "Maatschappelijke ondersteuning (Wmo 2015)"),
        _partner(3, "gemeente", "Gemeente De Wolden", "GEMEENTE", "jeugd", "Jeugdhulp"),
        _partner(4, "politie", "Politie Zuidwest Drenthe", "POLITIE", "hulp", "Hulpverlening"),
    ],
    "purposes": [{"code": "P0_ONDERSTEUNING", "title": "Ondersteuning bieden", "article": "4.1", "aggregate_only": False}],
    "contexts": [{"code": "CASUS", "title": "Bespreken en volgen van een casus", "article": "2.2"}],
    "categories": [
        {"code": "HUISVESTING", "title": "Huisvesting", "mark": "none", "retention": "h01",
         "fields": {"staat": "Staat van de woning"}},
        {"code": "GEZONDHEID", "title": "Gezondheid", "mark": "special", "retention": "h01", "fields": {}},
    ],
    "matrix": [
        {"categories": ["HUISVESTING"], "recipients": ["*"], "condition": "allow", "source": "artikel 4.1"},
        {"categories": ["GEZONDHEID"], "recipients": ["WELZIJN"], "condition": "exception", "grounds": ["UAVG_30_3_a"],
         "source": "artikel 30 UAVG"},
    ],
    "field_rules": [{"purposes": ["P0_ONDERSTEUNING"], "category": "HUISVESTING", "fields": ["staat"]}],
    "profiles": [ease.PROFILE],
    "retention": [
        {"code": "h01", "title": "Huisvesting en overlast",
         "rules": [{"code": "hw-1", "holders": ["*"], "trigger": "ONTVANGST", "period": "P2Y", "source": "voorstel",
                    "verified": False}]},
    ],
    "articles": {"4.1": "Doel is ondersteuning bieden.", "6.1": "Partners beveiligen zelf.", "14.1": "Partners spannen zich in."},
}  # fmt: skip


def item(**changes: Any) -> f.KnownItem:
    """Housing data that Actium gave to Welzijn, with a receipt."""
    return f.KnownItem(
        **{
            "item": UUID(int=1), "partner": "welzijn", "partner_name": "Welzijn De Wolden", "direction": "sent",
            "channel": "EXCHANGE", "proven": True, "at": NOW, "occurred_on": None, "kind": "disclosure",
            "category": "HUISVESTING", "field": "staat", "purpose": "P0_ONDERSTEUNING",
            "basis": ["A6_1_e", "woningwet"], "receipt": "at 2026-03-02T08:00:05.000Z", "receipt_at": NOW,
            "rejected": [], "retention": "h01", "keep_until": date(2028, 3, 2), "keep_rule": RULE,
            "rule_confirmed": True, "erased_at": None, "erased_rule": "", "mentioned": False, "log_index": 12,
            **changes,
        }
    )  # fmt: skip


def answer(*items: f.KnownItem, **changes: Any) -> f.WhoKnows:
    """What Actium's node answers."""
    return f.WhoKnows(
        **{
            "partner": "actium", "partner_name": "Woningcorporatie Actium", "environment": "DEMO",
            "subject": UUID(int=7), "label": "Jelle Verzonnen, 14-05-1964", "case": None, "as_of": NOW,
            "log_size": 42, "root": "0f" * 32, "items": list(items), **changes,
        }
    )  # fmt: skip


class FakeFacts:
    """The records of the fake: answers what it was given, and asks the node whether the actor may."""

    def __init__(self, node: FakeNode) -> None:
        self._node = node

    @property
    def duties(self) -> FakeFacts:
        return self

    def all(self, actor: Actor, *, closed: bool) -> list[ff.DutyAnswer]:
        self._node._use(actor, "duty.list", closed)
        return [self._duty("open")]

    def _duty(self, state: str) -> ff.DutyAnswer:
        return ff.DutyAnswer(
            duty=UUID(int=61), code="R14", text=refusal("R14").sentence(), act=ACT, partner="welzijn", owner=UUID(int=1),
            role="worker", made_good_by="notice", due_at=NOW, overdue=True, state=state,
        )  # fmt: skip

    async def fulfil(self, actor: Actor, duty: UUID, form: ff.FulfilForm) -> ff.DutyAnswer:
        self._node._use(actor, "duty.excuse" if form.good == "reason" else "duty.fulfil", form)
        return self._duty("excused" if form.good == "reason" else "made-good")

    def _fact(self) -> ff.FactAnswer:
        return ff.FactAnswer(fact=UUID(int=60), log_index=14)

    async def give_notice(self, actor: Actor, form: ff.SubjectNoticeForm, key: Idempotency | None) -> ff.FactAnswer:
        self._node._use(actor, "notice.give", form)
        return self._fact()

    async def notices(self, actor: Actor, form: ff.AboutForm) -> list[ff.NoticeAnswer]:
        self._node._use(actor, "notice.list", form)
        return [
            ff.NoticeAnswer(
                notice=UUID(int=60), at=NOW, by=UUID(int=1), given_on=NOW.date(), given_by="Proef Persoon", mode="GESPREK",
                language="", purpose="hulp", recipients=["welzijn"], interest="rust", rights_explained=True,
                source_told=False, reaction="GEEN", reference="k-1",
            )
        ]  # fmt: skip

    async def invoke_exception(self, actor: Actor, form: ff.ExceptionForm, key: Idempotency | None) -> ff.FactAnswer:
        self._node._use(actor, "exception.invoke", form)
        return self._fact()

    async def review_exception(self, actor: Actor, exception: UUID, form: ff.ReviewForm) -> ff.FactAnswer:
        self._node._use(actor, "exception.review", form)
        return self._fact()

    async def exceptions(self, actor: Actor, form: ff.AboutForm) -> list[ff.ExceptionAnswer]:
        self._node._use(actor, "exception.list", form)
        return []

    async def reviews_due(self, actor: Actor, until: date | None) -> list[ff.DueReview]:
        self._node._use(actor, "exception.due", until)
        return [ff.DueReview(exception=UUID(int=60), review_on=NOW.date(), overdue=False)]

    async def register_decision(self, actor: Actor, form: ff.DecisionForm, key: Idempotency | None) -> ff.FactAnswer:
        self._node._use(actor, "wpg-decision.register", form)
        return self._fact()

    async def withdraw_decision(self, actor: Actor, decision: UUID, form: ff.WhyForm) -> None:
        self._node._use(actor, "wpg-decision.withdraw", form)

    async def decisions(self, actor: Actor) -> list[ff.DecisionAnswer]:
        self._node._use(actor, "wpg-decision.list")
        return [
            ff.DecisionAnswer(
                decision=UUID(int=60), reference="besluit-2026-3", ground="WPG_19", goal="b", recipients=["actium"],
                categories=["OVERLAST"], fields=None, agreed=True, decided_on=NOW.date(), conditions=[],
                valid_until=NOW.date(), withdrawn=False, valid=True,
            )
        ]  # fmt: skip

    async def record_training(self, actor: Actor, form: ff.TrainingForm) -> None:
        self._node._use(actor, "training.record", form)

    async def trainings(self, actor: Actor) -> list[ff.TrainingAnswer]:
        self._node._use(actor, "training.list")
        return [ff.TrainingAnswer(actor=UUID(int=1), followed_on=NOW.date(), until=None, lapsed=False)]

    def _entry(self) -> ff.ActivityAnswer:
        return ff.ActivityAnswer(
            entry=UUID(int=62), activity=UUID(int=63).urn, name="Buurtteam", purposes=["P0_ONDERSTEUNING"],
            categories=["OVERLAST"], recipients=["welzijn"], bases=["A6_1_e"], retention=["h01"], confidential=False, since=NOW,
        )  # fmt: skip

    async def register_activity(
        self, actor: Actor, form: ff.ActivityForm, key: Idempotency | None
    ) -> ff.ActivityAnswer:
        self._node._use(actor, "activity.register", form)
        return self._entry()

    async def end_activity(self, actor: Actor, entry: UUID) -> None:
        self._node._use(actor, "activity.end", entry)

    async def activities(self, actor: Actor) -> list[ff.ActivityAnswer]:
        self._node._use(actor, "activity.list")
        return [self._entry()]

    async def weigh(self, actor: Actor, act: UUID, form: ff.WeighForm, key: Idempotency | None) -> ff.FactAnswer:
        self._node._use(actor, "weighing.write", form)
        return self._fact()


def casework_rooms() -> ModuleType:
    """``casework_rooms.py`` beside this file; the tests are no package, so it is loaded by its path."""
    name = "fake_casework_rooms"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("casework_rooms.py"))
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


NOTIFIED = cf.Notified(
    act=ACT, telling="corrected", at=NOW, by=UUID(int=1), items=[UUID(int=9)], reason="CORRECTIE", objection=None,
    by_hand=["politie"],
    recipients=[
        cf.Recipient(
            partner="gemeente", message=OTHER_MESSAGE, items=[UUID(int=9)], action=None, told_at=NOW, receipt="receipted",
            receipt_at=NOW, rejected=[], due_on=date(2026, 3, 16), overdue=False, outcome="done", ground=None,
            answered_at=NOW, text="aangepast in het dossier",
        )
    ],
)  # fmt: skip
WORKLIST = cf.Worklist(
    to_process=[
        cf.ToProcess(
            message=MESSAGE, partner="welzijn", telling="recalled", action="ERASE", reason="ONJUIST", items=[UUID(int=9)],
            at=NOW, due_on=date(2026, 3, 16), overdue=True,
        )
    ],
    unanswered=[
        NOTIFIED.recipients[0].model_copy(update={"partner": "politie", "overdue": True, "outcome": None})
    ],
    onward=[cf.Onward(item=UUID(int=9), partner="gemeente", because=MESSAGE, since=NOW)],
)  # fmt: skip
OBJECTION = cf.ObjectionAnswer(
    objection=UUID(int=9), received_on=date(2026, 3, 16), due_on=date(2026, 4, 16), extended=False, overdue=False,
    outcome=None, decided_at=None, lifted_at=None, items=[UUID(int=9)], subject=UUID(int=7),
    label="Demi Nepstra, 07-06-1990", notified=[NOTIFIED.model_copy(update={"telling": "restricted"})],
)  # fmt: skip


class FakeAfterwards:
    """Corrections, recalls, notifications and objections of the fake node: one command, one answer."""

    def __init__(self, node: FakeNode, listed: Any) -> None:
        self._node = node
        self._listed = listed

    async def correct(self, actor: Actor, form: cf.CorrectionForm, key: Idempotency | None) -> cf.Notified:
        self._node.use(actor, "correction.make", (form, key))
        return NOTIFIED

    async def recall(self, actor: Actor, form: cf.RecallForm, key: Idempotency | None) -> cf.Notified:
        self._node.use(actor, "recall.make", (form, key))
        return NOTIFIED.model_copy(update={"telling": "recalled"})

    async def listed(self, actor: Actor) -> Any:
        self._node.use(actor, "notification.list")
        return [self._listed]

    async def process(self, actor: Actor, message: str, form: cf.ProcessedForm, key: Idempotency | None) -> cf.Worklist:
        self._node.use(actor, "notification.process", (message, form, key))
        return cf.Worklist(to_process=[], unanswered=[], onward=[])

    async def worklist(self, actor: Actor) -> cf.Worklist:
        self._node.use(actor, "notification.list")
        return WORKLIST

    async def receive(self, actor: Actor, form: cf.ObjectionForm, key: Idempotency | None) -> cf.ObjectionAnswer:
        self._node.use(actor, "objection.receive", (form, key))
        return OBJECTION

    async def show(self, actor: Actor, objection: UUID) -> cf.ObjectionAnswer:
        self._node.use(actor, "objection.list", objection)
        return OBJECTION

    async def extend(self, actor: Actor, objection: UUID, form: cf.ExtendForm) -> cf.ObjectionAnswer:
        self._node.use(actor, "objection.extend", (objection, form))
        return OBJECTION

    async def decide(self, actor: Actor, objection: UUID, form: cf.WeighForm) -> cf.ObjectionAnswer:
        self._node.use(actor, "objection.decide", (objection, form))
        return OBJECTION.model_copy(update={"outcome": form.outcome, "decided_at": NOW})

    async def lift(
        self, actor: Actor, objection: UUID, form: cf.LiftForm, key: Idempotency | None
    ) -> cf.ObjectionAnswer:
        self._node.use(actor, "objection.lift", (objection, form, key))
        return OBJECTION.model_copy(update={"lifted_at": NOW})


class FakeNode:
    """Implements NodeService. ``calls`` is what was asked, in order; ``fail`` is raised by the next use case."""

    def __init__(self) -> None:
        self.uids: dict[int, list[Actor]] = {}
        self.calls: list[tuple[str, UUID, Any]] = []
        self.fail: BaseException | None = None
        self.people: dict[UUID, f.SubjectForm] = {}
        self.answers: dict[str, tuple[f.ShareForm, f.ActAnswer]] = {}
        self.message_states: list[str] = ["sent", "receipted"]
        self.known = answer(item())
        self.moment = ""
        self.alone = False
        self.facts = FakeFacts(self)
        self.owed: list[str] = []
        """Codes that an explanation says would be owed."""
        self.conferences, self.offers = as_ports(self._use, self._act)
        rooms = casework_rooms()
        self.cases, self.signals, self.circle = rooms.Cases(self), rooms.Signals(self), rooms.Circle(self)
        self.third_parties, self.feedback = rooms.ThirdParties(self), rooms.Feedback(self)
        self.drafts = ease.Drafts(self, COVENANT)
        self.corrections = self.recalls = FakeAfterwards(self, NOTIFIED)
        self.notifications = FakeAfterwards(self, NOTIFIED)
        self.objections = FakeAfterwards(self, OBJECTION)

    # -- the test's side

    def enrol(self, uid: int, *roles: str, number: int = 1) -> Actor:
        """Let ``uid`` act with these roles."""
        actor = Actor(UUID(int=number), "person", frozenset(roles))
        self.uids.setdefault(uid, []).append(actor)
        return actor

    def _use(self, actor: Actor, command: str, given: Any = None) -> None:
        require(roles_of(actor.roles), command)
        if self.fail is not None:
            failure, self.fail = self.fail, None
            raise failure
        self.calls.append((command, actor.id, given))

    use = _use

    # -- the port

    def actors_of_uid(self, uid: int) -> list[Actor]:
        return self.uids.get(uid, [])

    async def status(self) -> f.Status:
        pair = f.PairStatus(
            partner="welzijn", name="Welzijn De Wolden", connected=True, last_sent=4, receipted=3, accepted_upto=2,
            missing=[3], waiting=1, heard_at=NOW, prekeys_until=NOW,
        )  # fmt: skip
        return f.Status(
            partner="actium", partner_name="Woningcorporatie Actium", environment="DEMO", covenant="ee" * 32,
            covenant_name="Privacyconvenant Buurtteams", generation=1, release="0.1.0",
            broker="connected", log_size=42, root="0f" * 32, vault_generation=3,
            warnings=["anchor and vault are on one device"], pairs=[pair], inbox_new=1, outbox_waiting=1, parked=0,
            unmatched=0, due=2, clock="trusted", single_handed=self.alone, now=NOW,
        )  # fmt: skip

    async def covenant(self) -> dict[str, object]:
        return COVENANT

    async def worklist(self, actor: Actor) -> list[ff.WorkAnswer]:
        self._use(actor, "status")
        return [ff.WorkAnswer(kind="duty", count=1, overdue=1), ff.WorkAnswer(kind="review", count=0, overdue=0)]

    async def register_subject(self, actor: Actor, form: f.SubjectForm, key: Idempotency | None) -> f.SubjectFound:
        self._use(actor, "subject.register", key)
        subject = UUID(int=100 + len(self.people))
        self.people[subject] = form
        return self._found(subject)

    def _found(self, subject: UUID) -> f.SubjectFound:
        form = self.people[subject]
        return f.SubjectFound(
            subject=subject, match="EXACT", unmatched=False, label=f"{form.given_names} {form.family_name}",
            safe_contact=form.safe_contact, references={},
        )  # fmt: skip

    async def find_subjects(self, actor: Actor, query: f.IdentityForm) -> list[f.SubjectFound]:
        self._use(actor, "subject.find", query)
        return [self._found(s) for s, form in self.people.items() if form.family_name == query.family_name]

    async def unmatched_subjects(self, actor: Actor) -> list[f.SubjectFound]:
        self._use(actor, "subject.match")
        return []

    async def match_subject(self, actor: Actor, unmatched: UUID, into: UUID) -> None:
        self._use(actor, "subject.match", (unmatched, into))

    async def split_subject(self, actor: Actor, subject: UUID) -> None:
        self._use(actor, "subject.match", subject)

    async def share(self, actor: Actor, form: f.ShareForm, key: Idempotency | None) -> f.ActAnswer:
        self._use(actor, "disclosure.make" if form.kind == "disclosure" else "signal.send", form)
        if refusals := self._refusals(form):
            raise Refused(refusals, refusal(refusals[0].code).status)
        if key and key.key in self.answers:
            earlier, given = self.answers[key.key]
            if earlier != form:
                raise ConflictError("This idempotency key was used for another request.")
            return given
        given = self._act(form.recipients[0].partner, "EXCHANGE" if form.channel == "EXCHANGE" else "stated")
        if key:
            self.answers[key.key] = (form, given)
        return given

    def _refusals(self, form: f.ShareForm) -> list[f.RefusalAnswer]:
        found = []
        for index, datum in enumerate(form.items):
            for recipient in form.recipients:
                if datum.category == "GEZONDHEID" and not recipient.special_exception:
                    why = refusal("R05")
                    text = why.sentence({"recipient": recipient.partner})
                    found.append(
                        f.RefusalAnswer(
                            code=why.code, name=why.name, article=why.article, text=text,
                            partner=recipient.partner, item=index,
                        )
                    )  # fmt: skip
        return found

    def _act(self, partner: str, state: str = "EXCHANGE") -> f.ActAnswer:
        if state == "EXCHANGE":
            state = self.message_states.pop(0) if len(self.message_states) > 1 else self.message_states[0]
        at = NOW if state == "receipted" else None
        message = f.MessageStatus(partner=partner, message=MESSAGE, sequence=1, state=state, receipt_at=at)
        return f.ActAnswer(act=ACT, log_index=12, messages=[message])

    async def explain(self, actor: Actor, form: f.ShareForm) -> list[f.Explanation]:
        self._use(actor, "disclosure.explain", form)
        refusals = self._refusals(form)
        return [
            f.Explanation(
                partner=r.partner, allowed=not any(x.partner == r.partner for x in refusals),
                refusals=[x for x in refusals if x.partner == r.partner], gates=[
                    f.GateAnswer(code="R04", title="Purpose and scope", article="4.1; 2.2", outcome="allow"),
                    f.GateAnswer(code="R05", title="Special category of data", article="AVG 9; UAVG 22-30",
                                 outcome="refuse" if refusals else "allow"),
                ],
                identity=[
                    f.Accompanying(category="IDENTIFICATIE", field="naam"),
                    f.Accompanying(category="CONTACT", field="adres"),
                ],
                outcome="allow-with-duties" if self.owed else "allow",
                duties=[self._duty_of(code, r.partner) for code in self.owed],
            )
            for r in form.recipients
        ]  # fmt: skip

    def _duty_of(self, code: str, partner: str) -> f.RefusalAnswer:
        why = refusal(code)
        return f.RefusalAnswer(code=code, name=why.name, article=why.article, text=why.sentence(), partner=partner)

    def completed(self, form: f.OpenForm) -> f.ShareForm:
        return ease.completed(COVENANT, form)

    async def suggest(self, actor: Actor, form: df.SuggestForm) -> df.SuggestionAnswer:
        self._use(actor, "disclosure.explain", form)
        return ease.suggestion(form.kind)

    async def act(self, actor: Actor, act: UUID, *, wait_s: float = 0) -> f.ActAnswer:
        self._use(actor, "outbox.list", wait_s)
        if act != ACT:
            raise NotFoundError("There is no such act here.")
        return self._act("welzijn")

    async def inbox(self, actor: Actor) -> list[f.InboxRow]:
        self._use(actor, "inbox.list")
        return [
            f.InboxRow(
                message=MESSAGE, received_at=NOW, sender="welzijn", kind="signal", items=2,
                categories=["HUISVESTING", "OVERLAST"], state="new", case=None, erased=False,
            )
        ]  # fmt: skip

    async def read_message(self, actor: Actor, message: str, reason: str = "") -> f.MessageAnswer:
        self._use(actor, "inbox.read", (message, reason) if reason else message)
        if message != MESSAGE:
            raise NotFoundError("There is no such message here.")
        kept = f.ItemAnswer(
            item=UUID(int=1), category="HUISVESTING", field="staat", value="verzonnen tekst", status="accepted"
        )
        gone = f.ItemAnswer(item=UUID(int=2), category="OVERLAST", field="aard", value=None, status="erased")
        return f.MessageAnswer(
            message=MESSAGE, sender="welzijn", recipient="actium", kind="signal", at=NOW, subject=UUID(int=7),
            subject_label="Jelle Verzonnen", statement={"purpose": "P0_ONDERSTEUNING", "context": "CASUS"},
            items=[kept, gone],
            replies=[{"state": "taken-up", "by": "actium", "at": "2026-03-02T09:00:00+00:00", "text": "Ik ga langs."}],
        )  # fmt: skip

    async def reply(self, actor: Actor, message: str, form: f.ReplyForm, key: Idempotency | None) -> f.ActAnswer:
        self._use(actor, "inbox.take-up" if form.state == "taken-up" else "inbox.handle", form)
        return self._act("welzijn")

    async def outbox(self, actor: Actor) -> list[f.OutboxRow]:
        self._use(actor, "outbox.list")
        return [
            f.OutboxRow(
                message=MESSAGE, act=ACT, partner="gemeente", kind="disclosure", sequence=3, since=NOW, attempts=2,
                state="waiting", why="no-prekey",
            )
        ]  # fmt: skip

    async def drop_message(self, actor: Actor, message: str, form: f.DropForm) -> None:
        self._use(actor, "outbox.list", form)

    async def retry_message(self, actor: Actor, message: str) -> None:
        self._use(actor, "outbox.list", message)

    async def who_knows(self, actor: Actor, query: f.WhoKnowsQuery) -> f.WhoKnows:
        self._use(actor, "who-knows", query)
        return self.known

    async def copied_out(self, actor: Actor, view: str, subject: UUID | None) -> None:
        self._use(actor, "who-knows", ("copied-out", view, subject))

    async def log_rows(self, actor: Actor, start: int, limit: int) -> list[f.LogRow]:
        self._use(actor, "log.list", (start, limit))
        return [
            f.LogRow(
                index=index, at=NOW, topic="item/recorded/1", stream=UUID(int=index), version=1, leaf="aa" * 32,
                public={"category": "HUISVESTING", "partner": "welzijn"},
            )
            for index in range(start, min(start + limit, 42))
        ]  # fmt: skip

    async def feed(self, actor: Actor, cursor: int, limit: int) -> list[f.FeedRow]:
        self._use(actor, "inbox.list", (cursor, limit))
        return [f.FeedRow(cursor=cursor + 1, at=NOW, topic="message/received/1", id=MESSAGE, partner="welzijn")]

    async def verify_log(self, actor: Actor) -> AsyncIterator[int | f.VerifyAnswer]:
        require(roles_of(actor.roles), "log.verify")
        yield 20
        if self.fail is not None:
            raise self.fail
        yield 42
        yield f.VerifyAnswer(ok=True, entries=42, root="0f" * 32, signatures=8, parts=12, checkpoints=2, erased=1)

    async def replay_log(self, actor: Actor) -> AsyncIterator[int | f.ReplayAnswer]:
        require(roles_of(actor.roles), "log.replay")
        yield 42
        yield f.ReplayAnswer(ok=True, entries=42, differences=[], seconds=0.01)

    async def story(
        self, actor: Actor, *, case: UUID | None, subject: UUID | None, partner: str | None
    ) -> AsyncIterator[f.StoryLine]:
        require(roles_of(actor.roles), "log.replay")
        if sum(x is not None for x in (case, subject, partner)) != 1:
            raise IntegrityError("unreachable in these tests")
        yield f.StoryLine(
            index=3,
            at=NOW,
            topic="item/recorded/1",
            details={
                "direction": "sent", "partner": "welzijn", "kind": "disclosure", "category": "HUISVESTING",
                "purpose": "P0_ONDERSTEUNING", "channel": "EXCHANGE",
            },
        )  # fmt: skip

    async def retention_rules(self, actor: Actor) -> list[f.RuleAnswer]:
        self._use(actor, "retention.rules")
        return [self._rule(None)]

    def _rule(self, by: UUID | None) -> f.RuleAnswer:
        return f.RuleAnswer(
            rule=RULE, retention="h01", title="Huisvesting en overlast", trigger="ONTVANGST", period="P2Y",
            legal_source="voorstel", verified=False, confirmed_at=NOW if by else None, confirmed_by=by,
        )  # fmt: skip

    async def retention_confirm(self, actor: Actor, rule: str) -> f.RuleAnswer:
        self._use(actor, "retention.confirm", rule)
        if rule != RULE:
            raise NotFoundError("There is no such retention rule in the covenant.")
        return self._rule(actor.id)

    async def retention_due(self, actor: Actor, until: date | None) -> list[f.DueAnswer]:
        self._use(actor, "retention.due", until)
        return [
            f.DueAnswer(
                rule=RULE, retention="h01", period="P6W", due_on=date(2026, 4, 14), items=2, overdue=False, confirmed=True
            )
        ]  # fmt: skip

    async def retention_enforce(self, actor: Actor, *, confirm_date: date | None) -> f.ErasureAnswer:
        self._use(actor, "retention.enforce", confirm_date)
        left = [] if self.alone else ["hw-2"]
        return f.ErasureAnswer(
            erasures=[UUID(int=5)], items=2, keys=2, epochs=1, generation=4, single_handed=self.alone, left=left
        )

    async def parked(self, actor: Actor) -> list[f.ParkedAnswer]:
        self._use(actor, "parked.list")
        return [
            f.ParkedAnswer(
                parked=UUID(int=9), at=NOW, partner="politie", frame="ff" * 32, reason="kid-unknown", code="R16", state="parked"
            )
        ]  # fmt: skip

    async def retry_parked(self, actor: Actor, parked: UUID) -> None:
        self._use(actor, "parked.retry", parked)

    async def drop_parked(self, actor: Actor, parked: UUID, form: f.DropForm) -> None:
        self._use(actor, "parked.drop", (parked, form))

    async def keys(self, actor: Actor) -> f.KeysAnswer:
        self._use(actor, "keys.show")
        return f.KeysAnswer(
            partner="actium", fingerprint="ABCD EFGH IJKL", sign="aa" * 32, log="bb" * 32, prekeys_live=45,
            prekeys_until=NOW, vault_generation=3, partners={"welzijn": {"sign": "cc" * 32, "prekeys": 44}},
        )  # fmt: skip

    async def roll_keys(self, actor: Actor) -> f.KeysAnswer:
        self._use(actor, "keys.roll")
        return await self.keys(actor)

    async def actors(self, actor: Actor) -> list[f.ActorAnswer]:
        self._use(actor, "actor.list")
        return [
            f.ActorAnswer(
                actor=a.id, kind=a.kind, roles=sorted(a.roles), name="Proef Persoon", uid=uid, revoked=False
            )
            for uid, actors in self.uids.items()
            for a in actors
        ]  # fmt: skip

    async def register_actor(self, actor: Actor, form: f.ActorForm, key: Idempotency | None) -> f.ActorAnswer:
        self._use(actor, "actor.register", form)
        roles_of(form.roles)
        return f.ActorAnswer(
            actor=UUID(int=50), kind=form.kind, roles=form.roles, name=form.name, uid=form.uid, revoked=False
        )

    async def revoke_actor(self, actor: Actor, who: UUID) -> None:
        self._use(actor, "actor.revoke", who)

    async def single_handed(self, actor: Actor, *, on: bool) -> None:
        self._use(actor, "actor.single-handed", on)
        self.alone = on

    async def set_clock(self, actor: Actor, moment: str) -> None:
        self._use(actor, "status", moment)
        self.moment = moment


def as_port() -> NodeService:
    """The type checker proves here that the fake is a node."""
    return FakeNode()
