from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from exchange.errors import SetupError
from exchange.transport.broker import (
    CONTROL_BYTES,
    BrokerLayout,
    BrokerPartner,
    ServerTls,
    config_text,
    consumers,
    rights,
    streams,
)
from exchange.transport.client import FRAME_BYTES
from exchange.transport.keys import generate_seed, public_of
from exchange.transport.subjects import Names

TAG = "00112233445566aa"
SLUGS = ("gemeente", "politie", "actium", "welzijn")


@pytest.fixture
def layout():
    return BrokerLayout(
        TAG, tuple(BrokerPartner(slug, public_of(generate_seed())) for slug in SLUGS), public_of(generate_seed())
    )


@pytest.mark.parametrize("me", SLUGS)
def test_every_right_names_its_owner_as_sender_or_as_the_owner_of_the_stream(me):
    for right in rights(Names(TAG), me):
        parts = right.subject.split(".")
        assert me in parts or f"CX_{TAG}_IN_{me}" in parts
        assert not set(parts) & (set(SLUGS) - {me})
        assert ">" not in parts[:-1]
        assert not right.local.startswith("$JS.API")  # there the partner's own account would answer as well


def test_nothing_of_the_api_is_reachable_but_pulling_and_deleting_ones_own():
    api = {right.subject for right in rights(Names(TAG), "politie") if right.subject.startswith("$JS.API")}
    assert api == {
        f"$JS.API.CONSUMER.MSG.NEXT.CX_{TAG}_IN_politie.politie",
        f"$JS.API.CONSUMER.MSG.NEXT.CX_{TAG}_CTL.politie",
        f"$JS.API.STREAM.MSG.DELETE.CX_{TAG}_IN_politie",
    }


def test_every_user_has_an_account_of_its_own(layout):
    text = config_text(layout, store_dir=Path("/srv/js"))
    for partner in layout.partners:
        assert text.count(partner.nkey) == 1
    accounts = re.findall(r"^  (CX_\S+) \{$", text, re.MULTILINE)
    assert sorted(accounts) == sorted([f"CX_{TAG}", *(f"CX_{TAG}_{slug}" for slug in SLUGS)])
    assert text.count("users: [") == len(accounts)
    assert text.count("jetstream: enabled") == 1


def test_no_secret_stands_in_the_configuration(layout):
    assert not re.search(r"\bSU[A-Z2-7]{56}\b", config_text(layout, store_dir=Path("/srv/js")))


def test_a_broker_for_other_machines_needs_tls(layout):
    with pytest.raises(SetupError, match="TLS certificate"):
        config_text(layout, store_dir=Path("/srv/js"), host="0.0.0.0")  # noqa: S104 - what must be refused
    tls = ServerTls(Path("/etc/cx/cert.pem"), Path("/etc/cx/key.pem"))
    text = config_text(layout, store_dir=Path("/srv/js"), host="0.0.0.0", tls=tls)  # noqa: S104
    assert "handshake_first: true" in text
    assert 'min_version: "1.3"' in text


def test_a_path_cannot_break_out_of_its_quotes(layout):
    text = config_text(layout, store_dir=Path('/srv/"\naccounts { }'))
    assert '"/srv/\\"\\naccounts { }"' in text


def test_two_partners_never_share_a_name_or_a_key(layout):
    one, two, *rest = layout.partners
    for partners in (
        (one, replace(two, nkey=one.nkey), *rest),
        (one, replace(two, slug=one.slug), *rest),
        (one, replace(two, nkey=layout.operator), *rest),
    ):
        with pytest.raises(SetupError, match="of its own"):
            replace(layout, partners=partners)
    with pytest.raises(SetupError):
        replace(layout, partners=(one, replace(two, slug="all")))
    with pytest.raises(SetupError):
        replace(layout, operator="U" * 56)


def test_no_stream_ever_drops_what_waits(layout):
    *inboxes, control = streams(layout)
    assert [stream["subjects"] for stream in inboxes] == [[f"cx.{TAG}.in.{slug}.*"] for slug in SLUGS]
    for stream in [*inboxes, control]:
        assert (stream["discard"], stream["retention"], stream["storage"]) == ("new", "limits", "file")
    for stream in inboxes:
        assert stream["max_age"] == 30 * 86_400 * 10**9
        others = len(SLUGS) - 1
        assert stream["max_msgs_per_subject"] * FRAME_BYTES * others <= stream["max_bytes"]
        assert stream["discard_new_per_subject"] is True
    assert (control["max_msgs_per_subject"], control["max_msg_size"]) == (1, CONTROL_BYTES)


def test_every_partner_has_one_consumer_on_its_inbox_and_one_on_the_control_lane(layout):
    made = consumers(layout)
    assert sorted((stream, consumer["name"]) for stream, consumer in made) == sorted(
        [*((f"CX_{TAG}_IN_{slug}", slug) for slug in SLUGS), *((f"CX_{TAG}_CTL", slug) for slug in SLUGS)]
    )
    for stream, consumer in made:
        assert (consumer["ack_policy"], consumer["max_deliver"]) == ("explicit", -1)
        if stream.endswith("_CTL"):
            slug = consumer["name"]
            assert consumer["filter_subjects"] == [f"cx.{TAG}.ctl.*.all.*", f"cx.{TAG}.ctl.*.{slug}.*"]
            assert consumer["deliver_policy"] == "last_per_subject"
