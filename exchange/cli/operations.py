"""``exchange status``, ``actor``, ``keys``, ``clock``: running a node. They show no personal data of the people shared about."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import typer

from exchange.cli.session import Session, command, group
from exchange.cli.sharing import moment
from exchange.errors import InputError
from exchange.i18n import N_
from exchange.reports import words

actor = group(N_("Who may act at this node: add, list, revoke, single-handed."))
keys = group(N_("The node's keys: show, roll."))
clock = group(N_("The clock of a demo."))
ALONE = N_("single-handed: one officer decides alone what needs two hands")


class Switch(StrEnum):
    """A setting with two positions."""

    ON = "on"
    OFF = "off"


def _status(session: Session) -> None:
    answer = session.door.get("/v1/status")
    session.show(answer, lambda: show_status(session, answer))


def show_status(session: Session, answer: dict[str, Any]) -> None:
    """How the node is doing, what waits for a person, and how each partner stands."""
    _ = session.gettext
    environment = "" if answer["environment"] == "PRODUCTION" else f"  [{answer['environment']}]"
    session.say(f"{answer['partner_name']} ({answer['partner']}){environment}", "bold")
    broker = (
        _("connected") if answer["broker"] == "connected" else _("not connected; the outbox waits and nothing is lost")
    )
    session.facts(
        [
            (_("Broker"), broker),
            (
                _("Covenant"),
                _("{name}; generation {number}, {hash}").format(
                    name=answer["covenant_name"], number=answer["generation"], hash=answer["covenant"][:16]
                ),
            ),
            (_("Log"), _("{size} entries, root {root}").format(size=answer["log_size"], root=answer["root"][:16])),
            (_("Vault"), _("generation {number}").format(number=answer["vault_generation"])),
            (_("Clock"), f"{moment(answer['now'])} ({words.word(answer['clock'], words.REASONS, _)})"),
            (_("Release"), answer["release"]),
            (_("Approval"), _(ALONE) if answer["single_handed"] else ""),
        ]
    )
    waits = (
        (answer["inbox_new"], N_("{count} new in the inbox")),
        (answer["unmatched"], N_("{count} people to match")),
        (answer["outbox_waiting"], N_("{count} without a receipt")),
        (answer["parked"], N_("{count} parked")),
        (answer["due"], N_("{count} to erase")),
        (answer.get("to_process"), N_("{count} corrections, recalls or restrictions to answer")),
        (answer.get("unanswered"), N_("{count} that partners should have answered")),
        (answer.get("onward"), N_("{count} given to others that were corrected or recalled since")),
        (answer.get("objections"), N_("{count} objections to weigh")),
    )
    listed = [_(text).format(count=count) for count, text in waits if count]
    session.say(" " + (", ".join(listed) if listed else _("Nothing waits for you.")))
    counted = [f"{words.word(name, words.COUNTS, _)}: {count}" for name, count in answer.get("counts", {}).items()]
    if counted:
        session.say(" " + ", ".join(counted))
    for warning in answer["warnings"]:
        session.say(f" ! {words.word(warning, words.REASONS, _)}", "yellow")
    _show_pairs(session, answer["pairs"])


def _show_pairs(session: Session, pairs: list[dict[str, Any]]) -> None:
    _ = session.gettext
    rows = [
        (
            f"{pair['name']} ({pair['partner']})"
            if pair["connected"]
            else _("{name} (on paper)").format(name=pair["name"]),
            f"{pair['receipted']}/{pair['last_sent']}",
            f"{pair['accepted_upto']}"
            + (f" ({_('missing')}: {', '.join(map(str, pair['missing']))})" if pair["missing"] else ""),
            pair["waiting"] or "-",
            moment(pair["heard_at"]),
            moment(pair["prekeys_until"])[:10],
            pair["generation"] or "-",
        )
        for pair in pairs
    ]
    columns = [
        _("Partner"),
        _("Receipts/sent"),
        _("Received up to"),
        _("Waiting"),
        _("Heard"),
        _("Keys until"),
        _("Generation"),
    ]
    session.table(columns, rows)


def add_to(app: typer.Typer, panel: str) -> None:
    """Register ``status``."""
    command(
        app,
        "status",
        N_(
            "How the node is doing, what waits for you, and how each partner stands."
            "\n\nFor monitoring: --json, and exit code 1 when the node does not answer."
        ),
        examples=("exchange status --node /var/lib/exchange/actium", "exchange status --json"),
        panel=panel,
    )(_status)


# ---------------------------------------------------------------------------------------- actors


def show_actors(session: Session, answer: list[dict[str, Any]]) -> None:
    """Who may act."""
    _ = session.gettext
    rows = [
        (
            a["actor"],
            a["name"] or f"({_('erased')})",
            words.word(a["kind"], words.ACTORS, _),
            ", ".join(a["roles"]),
            "-" if a["uid"] is None else a["uid"],
            _("revoked") if a["revoked"] else _("active"),
        )
        for a in answer
    ]
    session.table([_("Id"), _("Name"), _("Kind"), _("Roles"), _("User"), _("State")], rows, _("Nobody."))


def _actor_add(
    session: Session,
    name: Annotated[
        str, typer.Argument(metavar=N_("NAME"), help=N_("Name of the person or system; sealed in the log."))
    ],
    role: Annotated[
        list[str],
        typer.Option(
            "--role",
            help=N_(
                "worker, deputy, chair, rights-desk, privacy-officer, fg, wpg-functionary, operator, auditor, integration."
                " Repeatable."
            ),
        ),
    ],
    kind: Annotated[str, typer.Option("--kind", help=N_("person, system or rule."))] = "person",
    uid: Annotated[
        int | None,
        typer.Option("--uid", min=0, help=N_("Operating-system user that acts as this actor; yours when not given.")),
    ] = None,
) -> None:
    form = {"name": name, "roles": role, "kind": kind, "uid": os.getuid() if uid is None else uid}
    answer = session.door.post("/v1/actors", form)
    session.show(answer, lambda: show_actors(session, [answer]))


command(
    actor,
    "add",
    N_(
        "Register a person or system that may act here, with one or more roles."
        "\n\nGive --uid: whoever acts is recognised by his account on this machine. Operators and auditors see no content."
    ),
    examples=(
        'exchange actor add "Fenna Bedacht" --role worker --uid 1001',
        "exchange actor add zaaksysteem --kind system --role integration --uid 998",
    ),
)(_actor_add)


def _actor_list(session: Session) -> None:
    answer = session.door.get("/v1/actors")
    session.show(answer, lambda: show_actors(session, answer))


command(actor, "list", N_("Who may act at this node, and as what."), examples=("exchange actor list",))(_actor_list)


def _actor_revoke(
    session: Session, who: Annotated[UUID, typer.Argument(metavar="ACTOR", help=N_("Id of the actor."))]
) -> None:
    session.door.post(f"/v1/actors/{who}/revoke")
    session.done(session.gettext("Revoked: this actor may do nothing any more."))


command(
    actor,
    "revoke",
    N_(
        "Let an actor do nothing any more. What he did stays in the log."
        "\n\nOne operator is enough, but not for an actor on his own account."
    ),
    examples=("exchange actor revoke 0b7a9a5e-5d1c-4a55-9c1b-3f5f2f6a9d10",),
)(_actor_revoke)


def _actor_single_handed(
    session: Session,
    state: Annotated[Switch, typer.Argument(metavar="on|off", help=N_("on or off."))],
) -> None:
    _ = session.gettext
    session.door.post("/v1/settings/single-handed", {"on": state is Switch.ON})
    session.done(
        _("Recorded: one officer decides alone what needs two hands, where nobody else here has the role for it.")
        if state is Switch.ON
        else _("Recorded: what cannot be undone needs two hands.")
    )


command(
    actor,
    "single-handed",
    N_(
        "Say that this partner has one officer only, or not any more."
        "\n\nNobody approves his own destructive act: who confirmed a rule does not enforce it by hand, who sent a message does"
        " not let it go. A partner with one officer cannot keep to that. With this on, he may act alone where nobody else here"
        " has the role; each such erasure says so wherever it is shown."
    ),
    examples=("exchange actor single-handed on",),
)(_actor_single_handed)


# ---------------------------------------------------------------------------------------- keys and clock


def show_keys(session: Session, answer: dict[str, Any]) -> None:
    """Public keys and the stock of prekeys."""
    _ = session.gettext
    session.facts(
        [
            (_("Partner"), answer["partner"]),
            (_("Fingerprint"), answer["fingerprint"]),
            (_("Signing key"), answer["sign"]),
            (_("Log key"), answer["log"]),
            (
                _("Prekeys"),
                _("{count}, until {moment}").format(
                    count=answer["prekeys_live"], moment=moment(answer["prekeys_until"])
                ),
            ),
            (_("Vault"), _("generation {number}").format(number=answer["vault_generation"])),
        ]
    )
    rows = [(slug, facts.get("prekeys", "-"), facts.get("sign", "-")) for slug, facts in answer["partners"].items()]
    if rows:
        session.table([_("Partner"), _("Prekeys"), _("Signing key")], rows)


def _keys_show(session: Session) -> None:
    answer = session.door.get("/v1/keys")
    session.show(answer, lambda: show_keys(session, answer))


command(
    keys,
    "show",
    N_("Public keys, their fingerprint, and the stock of prekeys."),
    examples=("exchange keys show",),
)(_keys_show)


def _keys_roll(session: Session) -> None:
    answer = session.door.post("/v1/keys/roll")
    session.show(answer, lambda: show_keys(session, answer))


command(
    keys,
    "roll",
    N_(
        "End the live epoch now, destroy its key and publish a fresh one."
        "\n\nFrames that were copied on the way and not opened yet cannot be opened any more; their senders wrap them anew."
    ),
    examples=("exchange keys roll",),
)(_keys_roll)


def _clock_set(
    session: Session,
    when: Annotated[
        str, typer.Argument(metavar=N_("MOMENT"), help=N_("A day or moment, such as 2026-04-14 or 2026-04-14T09:00Z."))
    ],
) -> None:
    try:
        parsed = datetime.fromisoformat(when)
        aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        text = aware.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError):
        raise InputError("That is not a moment; write it as 2026-04-14 or 2026-04-14T09:00Z.") from None
    session.door.post("/v1/clock", {"moment": text})
    session.done(session.gettext("The clock of this node stands at {moment}.").format(moment=moment(text)), moment=text)


command(
    clock,
    "set",
    N_(
        "Move the clock. Works only when the covenant's environment is DEMO."
        "\n\nMove it at every node, or they distrust the difference and destroy nothing."
    ),
    examples=("exchange clock set 2026-04-14", "exchange clock set 2026-04-14T09:00Z"),
)(_clock_set)
