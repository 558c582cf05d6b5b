"""Any lawful value of every message model."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import get_args

from hypothesis import strategies as st

from exchange.domain.pairing import MAX_SEQUENCE
from exchange.wire import casework, control, corrections
from exchange.wire import conference as w
from exchange.wire import messages as m


def _hex(size: int) -> st.SearchStrategy[str]:
    return st.binary(min_size=size, max_size=size).map(bytes.hex)


def _maybe(strategy):
    return st.none() | strategy


def strategies() -> SimpleNamespace:
    code = st.from_regex(r"[A-Za-z0-9_.-]{1,64}", fullmatch=True)
    slug = st.from_regex(r"[a-z][a-z0-9-]{1,30}", fullmatch=True)
    text = st.text(max_size=40)
    day = st.dates(date(1, 1, 1)).map(date.isoformat)
    moments = st.datetimes(datetime(1, 1, 1), datetime(m.LAST_YEAR, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - naive
    moment = moments.map(lambda at: at.strftime("%Y").zfill(4) + f"-{at:%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z")
    whole, sequence = st.integers(0, 2**53 - 1), st.integers(1, MAX_SEQUENCE)
    upto, codes, slugs = st.integers(0, MAX_SEQUENCE), st.lists(code, max_size=3), st.lists(slug, max_size=3)
    checkpoint = st.builds(m.CheckpointRef, size=whole, root=_hex(32))
    event = {"id": st.uuids(), "source": slug.map(m.source_of), "time": moment}
    part = st.builds(m.PartRef, hash=_hex(32), length=whole, pkc=_hex(32), retention=code)
    place = {"covenant": _hex(32), "generation": whole, "sender": _hex(16), "recipient": _hex(16)}
    data = st.builds(
        m.MessageData, **place, sequence=sequence, parts=st.lists(part, max_size=3), reply_to=_maybe(_hex(32)),
        reason=_maybe(code), checkpoint=checkpoint,
    )  # fmt: skip
    outcome = st.builds(m.PartOutcome, part=whole, accepted=st.booleans(), codes=codes)
    receipt = st.builds(
        m.ReceiptData, **place, message=_hex(32), sequence=sequence, outcomes=st.lists(outcome, max_size=3),
        leaf_index=whole, leaf_hash=_hex(32), checkpoint=checkpoint,
    )  # fmt: skip
    identity = st.builds(
        m.Identity, given_names=text, prefix=text, family_name=text, birth_date=_maybe(day),
        postcode=st.text(max_size=8), house_number=st.text(max_size=12),
    )  # fmt: skip
    item = st.builds(
        m.Item, item=st.uuids(), subject=_hex(16), mentions=st.lists(_hex(16), max_size=3), category=code, field=code,
        value=text, identity=_maybe(identity), nature=st.sampled_from(["fact", "opinion"]), source=code, certainty=code,
        observed_on=_maybe(day), origin_partner=slug, origin_regime=st.sampled_from(["AVG", "WPG"]),
        valid_until=_maybe(day), replaces=_maybe(st.uuids()), source_consent=_maybe(code), onward_ground=_maybe(code),
    )  # fmt: skip
    wpg = st.builds(
        m.WpgDecision, reference=code, ground=code, goal=code, interest=text, recipients=slugs, categories=codes,
        fields=_maybe(codes), authority_agreed=st.booleans(), decided_on=_maybe(day), valid_until=day,
        conditions=_maybe(st.lists(text, max_size=3)),
    )  # fmt: skip
    notice = st.builds(
        m.Notice, reference=_maybe(code), given_on=_maybe(day), mode=_maybe(code), recipients=slugs,
        exception=_maybe(code), review_on=_maybe(day), ends_on=_maybe(day),
    )  # fmt: skip
    weighing = st.builds(m.Weighing, necessity=text, proportionality=text, subsidiarity=text)
    secrecy = st.builds(m.Secrecy, applies=st.booleans(), regime=_maybe(code), ground=_maybe(code), motivation=text)
    emergency = st.builds(m.Emergency, danger=text, interest_of=st.sampled_from(["SUBJECT", "OTHER"]))
    statement = st.builds(
        m.Statement, case=_maybe(st.uuids()), conference=_maybe(st.uuids()), chair_release=_maybe(st.uuids()),
        emergency=_maybe(emergency), release_salt=_maybe(_hex(32)), release_signature=_maybe(_hex(64)),
        purpose=code, context=code, sender_basis=code, sender_task=code,
        recipient_basis=code, recipient_task=code, special_exception=_maybe(code), criminal_ground=_maybe(code),
        stated=codes, wpg=_maybe(wpg), numbers_confirmed=st.booleans(), secrecy=secrecy, weighing=weighing, notice=notice,
        signal_kind=_maybe(code), support_rationale=text, request=text, feedback_wanted=st.booleans(),
        traceparent=_maybe(st.from_regex(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]", fullmatch=True)),
    )  # fmt: skip
    refused = st.builds(control.RefusedFrame, frame=_hex(32), code=code, permanent=st.booleans())
    heartbeat = st.builds(
        control.Heartbeat, covenant=_hex(32), sender=_hex(16), recipient=_hex(16), time=moment, last_sent=upto,
        accepted_upto=upto, missing=st.lists(sequence, max_size=3), refused=st.lists(refused, max_size=3),
        checkpoint=checkpoint,
    )  # fmt: skip
    some = st.lists(slug, min_size=1, max_size=3)
    entry = st.builds(
        w.AgendaEntry, item=st.uuids(), case=st.uuids(), partners=some, subjects=st.lists(_hex(16), max_size=2)
    )
    seat = st.builds(w.Attendee, partner=slug, role=code, secrecy=code)
    conference = st.builds(
        w.Conference, conference=st.uuids(), version=st.integers(1, 2**31), date=day, chair=slug,
        participants=st.lists(seat, max_size=2), agenda=st.lists(entry, max_size=2),
    )  # fmt: skip
    offer = st.builds(
        w.Offer, offer=st.uuids(), item=st.uuids(), case=st.uuids(), category=code, field=code, purpose=code,
        subject=_maybe(_hex(16)), why=text, recipients=some, commitment=_hex(32), answers=_maybe(st.uuids()),
    )  # fmt: skip
    offered = st.builds(
        w.Offered, conference=st.uuids(), offers=st.lists(offer, max_size=2),
        held=st.lists(st.builds(w.Held, offer=st.uuids(), codes=codes), max_size=2),
    )  # fmt: skip
    decided = st.builds(
        w.ChairDecided, conference=st.uuids(), offer=st.uuids(), decision=st.sampled_from(["release", "strike", "ask"]),
        release=_maybe(st.uuids()), reviewed_on=_maybe(day), question=text, wants_content=st.booleans(),
        signatures=st.lists(st.builds(w.ReleaseSignature, recipient=slug, signature=_hex(64)), max_size=2),
    )  # fmt: skip
    agreement = st.builds(w.Agreement, agreement=st.uuids(), action=text, owner=slug, due=day, third_party=text)
    outcome = st.builds(
        w.Outcome, conference=st.uuids(), item=st.uuids(), case=st.uuids(), version=st.integers(1, 2**31),
        agreements=st.lists(agreement, max_size=2), next_date=_maybe(day),
        decisions=st.lists(st.builds(w.Resolution, decision=st.uuids(), text=text), max_size=2),
    )  # fmt: skip
    kinds = st.sampled_from([k for k in m.Kind if k not in {m.Kind.RECEIPT, m.Kind.RECEIPTS}])
    signed = st.builds(m.SignedReceipt, receipt=text, signature=_hex(64))
    receipts = st.builds(
        m.ReceiptsData, covenant=_hex(32), generation=upto, sender=_hex(16), recipient=_hex(16),
        receipts=st.lists(signed, min_size=1, max_size=3),
    )  # fmt: skip
    items, reason = st.lists(st.uuids(), min_size=1, max_size=3), st.sampled_from(["ONJUIST", "AVG_17_3_e", "BEZWAAR"])
    return SimpleNamespace(
        header=st.builds(m.Header, **event, type=kinds, data=data),
        receipt=st.builds(m.Receipt, **event, data=receipt),
        receipts=st.builds(m.Receipts, **event, data=receipts),
        item=item,
        identity=identity,
        statement=statement,
        recalled=st.builds(
            corrections.Recalled, items=items, action=st.sampled_from(["ERASE", "RESTRICT"]), reason=reason
        ),
        restricted=st.builds(
            corrections.Restricted, items=items, state=st.sampled_from(["set", "lifted"]), reason=reason
        ),
        processed=st.builds(
            corrections.Processed, outcome=st.sampled_from(["done", "refused"]), ground=_maybe(reason), text=text
        ),
        reply=st.builds(m.Reply, text=text, result=_maybe(code)),
        conference=conference,
        offered=offered,
        decided=decided,
        outcome=outcome,
        case=st.builds(
            casework.Case,
            case=st.uuids(),
            inside=st.booleans(),
            phase=st.sampled_from(get_args(casework.Phase)),
            lead=slug,
            partners=slugs,
            problem=text,
            subjects=st.lists(_hex(16), max_size=3),
        ),
        heartbeat=heartbeat,
        control=st.builds(
            control.SignedControl, kind=st.sampled_from(control.ControlKind), body=text, signature=_hex(64)
        ),
    )
