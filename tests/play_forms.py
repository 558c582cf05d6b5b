"""Forms as people and case systems fill them in, lawful or hostile, drawn from a few numbers; 0 is the plainest choice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import uuid4

from visibility import CATEGORIES, FIELDS, MATRIX, NOT_FROM, PARTNERS, beside_care

T = TypeVar("T")
GROUNDS = {"gemeente": ("A6_1_e", "wmo"), "politie": ("A6_1_e", "handhaving"), "actium": ("A6_1_f", "verhuur"),
           "welzijn": ("A6_1_f", "maatschappelijk-werk")}  # fmt: skip
SECRECY = {"applies": True, "regime": "BEROEPSCODE", "ground": "TOESTEMMING"}
SPELLED = ("999990342", "9999 93 653", "111.222.333", "bsn111222333", "١١١٢٢٢٣٣٣")
"""Service numbers of nobody."""


@dataclass
class Numbers:
    """A step's supply of choices."""

    left: list[int]

    def next(self) -> int:
        return self.left.pop() if self.left else 0

    def pick(self, options: Sequence[T]) -> T:
        return options[self.next() % len(options)]

    def some(self, options: Sequence[T], most: int) -> list[T]:
        """One to ``most`` different ones."""
        rest, count = list(options), 1 + self.next() % most
        return [rest.pop(self.next() % len(rest)) for _ in range(min(count, len(rest)))]

    def once_in(self, n: int) -> bool:
        return self.next() % n == n - 1


def others(slug: str) -> list[str]:
    return [p for p in PARTNERS if p != slug]


def opened_by(category: str, recipients: Sequence[str]) -> list[str]:
    """A ground for each recipient that does not get this anyway; nothing where none is enough."""
    cells = [MATRIX[category, r] for r in recipients if r in PARTNERS]
    return [min(cell - {"wpg"}) for cell in cells if cell.isdisjoint({"yes", "no"}) and cell - {"wpg"}]


def may_go(sender: str, recipient: str, category: str) -> bool:
    """Whether it can be lawful at all."""
    cell = MATRIX[category, recipient]
    tasks = {"sender_task": GROUNDS[sender][1], "recipient_task": GROUNDS[recipient][1]}
    care = beside_care(sender, recipient, {**tasks, "special_exception": "UAVG_30_3_a"})
    opens = cell - {"wpg", *(() if care else ("UAVG_33_1_c",))}
    return "no" not in cell and sender not in NOT_FROM.get(category, ()) and (bool(opens) or sender == "politie")


def lawful(
    sender: str, recipients: Sequence[str], d: Numbers, today: dt.date, value: Callable[[], str]
) -> dict[str, Any]:
    """A share form that passes, when the police adds its decision; twisted afterwards or not."""
    open_ = [c for c in CATEGORIES if all(may_go(sender, r, c) for r in recipients)]
    categories = d.some(open_, 2)
    cited = {ground for category in categories for ground in opened_by(category, recipients)}
    special = sorted(g for g in cited if g.startswith(("UAVG_22", "UAVG_30", "WPG")))
    criminal = sorted(g for g in cited if g.startswith("UAVG_33"))
    special = ["UAVG_30_3_a"] if "UAVG_33_1_c" in criminal else special
    to = [
        {"partner": r, "basis": GROUNDS[r][0], "task": GROUNDS[r][1], "special_exception": (special or [None])[0],
         "criminal_ground": (criminal or [None])[0]}
        for r in recipients
    ]  # fmt: skip
    return {
        "recipients": to,
        "items": [{"category": c, "field": d.pick(FIELDS[c]), "value": value()} for c in categories],
        "basis": GROUNDS[sender][0],
        "task": GROUNDS[sender][1],
        "context": "ONDERSTEUNING",
        "purpose": "P0_ONDERSTEUNING",
        "secrecy": SECRECY,
        "stated": sorted(cited - {*special, *criminal}),
        "weighing": {"necessity": "Nodig.", "proportionality": "Past.", "subsidiarity": "Kan niet met minder."},
        "notice": {"reference": "k-1", "given_on": today, "mode": "GESPREK", "recipients": list(PARTNERS)},
    }


Form = dict[str, Any]


def _items(**changes: Any) -> Callable[[Form, Numbers, dt.date], None]:
    def twist(form: Form, d: Numbers, today: dt.date) -> None:
        form["items"][0] |= {k: v(d, today) if callable(v) else v for k, v in changes.items()}

    return twist


def _form(**changes: Any) -> Callable[[Form, Numbers, dt.date], None]:
    def twist(form: Form, d: Numbers, today: dt.date) -> None:
        form.update({k: v(d, today) if callable(v) else v for k, v in changes.items()})

    return twist


def _to(**changes: Any) -> Callable[[Form, Numbers, dt.date], None]:
    def twist(form: Form, d: Numbers, today: dt.date) -> None:
        form["recipients"][0] |= {k: v(d, today) if callable(v) else v for k, v in changes.items()}

    return twist


def _anything(form: Form, d: Numbers, today: dt.date) -> None:
    """A category and field that nobody asked whether they may go."""
    category = d.pick(CATEGORIES)
    form["items"][0] |= {"category": category, "field": (*FIELDS[category], "bsn")[0]}


def _health(form: Form, d: Numbers, today: dt.date) -> None:
    """With consent, and for a task without secrecy."""
    form["items"][0] |= {"category": "GEZONDHEID", "field": "situatie"}
    task = {"gemeente": "schuldhulp"}.get(form["recipients"][0]["partner"], form["recipients"][0]["task"])
    form["recipients"][0] |= {"special_exception": "UAVG_22_2_a", "task": task}


def _unbound(form: Form, d: Numbers, today: dt.date) -> None:
    """On a ground that holds, and without a word of professional secrecy."""
    form["items"][0] |= {"category": "GEZONDHEID", "field": "situatie"}
    holds = opened_by("GEZONDHEID", [form["recipients"][0]["partner"]])
    form["recipients"][0]["special_exception"] = (holds or [None])[0]
    form["secrecy"] = d.pick([{}, {"applies": True}])


def _with_number(form: Form, d: Numbers, today: dt.date) -> None:
    number = d.pick(SPELLED)
    where = d.pick(["value", "request", "support_rationale", "source"])
    if where == "value":
        form["items"][0]["value"] += f" {number}"
    elif where == "source":
        form["items"][0]["source"] = "n-111222333"
    else:
        form[where] = f"nr {number}"


def _signal(form: Form, d: Numbers, today: dt.date) -> None:
    form |= {
        "kind": "signal",
        "signal_kind": d.pick(["WOONOVERLAST", "ZORG_OM_PERSOON", "VERVUILING", "OPSPORING"]),
        "weighing": {},
        "notice": {},
    }
    form["support_rationale"] = d.pick(["Gebaat bij hulp.", "Gebaat bij hulp.", "Gebaat bij hulp.", " "])


def _street(form: Form, d: Numbers, today: dt.date) -> None:
    """About a person what can be said of the street."""
    form["items"] = [{**form["items"][0], "category": "OVERLAST", "field": "aantal-meldingen"}]
    form |= {"kind": "signal", "signal_kind": "VERVUILING", "support_rationale": "Gebaat bij hulp."}


def _excused(form: Form, d: Numbers, today: dt.date) -> None:
    review = today + dt.timedelta(days=d.pick([14, 0, -1, 92]))
    ground = d.pick(["UAVG_41_1_i", "AVG_14_5_b", "ZOMAAR", "WPG_27_1_a"])
    form["notice"] = {
        "exception": ground,
        "review_on": review,
        "considerations": {"a": "Veiligheid."},
        "motivation": "Gevaar.",
    }


def _danger(form: Form, d: Numbers, today: dt.date) -> None:
    form |= {"emergency": {"danger": "De gaskraan staat open.", "interest_of": "SUBJECT"}, "weighing": {}, "notice": {}}
    form["basis"] = d.pick(["A6_1_d", "A6_1_d", "A6_1_e"])
    form["recipients"][0]["special_exception"] = d.pick([None, "UAVG_22_2_b"])
    form["recipients"][0]["criminal_ground"] = d.pick([None, "UAVG_32_b"])


TWISTS: dict[str, Callable[[Form, Numbers, dt.date], None]] = {
    "signal": _signal,
    "a signal without why": _form(kind="signal", signal_kind="WOONOVERLAST", support_rationale=" "),
    "a signal of no kind": _form(kind="signal", signal_kind="OPSPORING", support_rationale="Gebaat bij hulp."),
    "what the street could say": _street,
    "anything": _anything,
    "health": _health,
    "no word of secrecy": _unbound,
    "number": _with_number,
    "number in a note": _form(request="Bel hem: 9999 93 653."),
    "danger": _danger,
    "danger without its ground": _form(emergency={"danger": "Er is brand.", "interest_of": "OTHER"}),
    "excused": _excused,
    "excused until yesterday": lambda form, _, today: _excused(form, Numbers([2]), today),
    "excused for too long": lambda form, _, today: _excused(form, Numbers([3]), today),
    "number that may be one": _form(request="Zie dossier 10000008."),
    "purpose": _form(purpose=lambda d, _: d.pick(["P1_INZICHT", "P2_BELEID", "P3_EVALUATIE", "P9_OPSPORING"])),
    "context": _form(context="WERVING"),
    "task": _form(task=lambda d, _: d.pick(["verhuur", "wmo", "nieuwsgierig"])),
    "their task": _to(task=lambda d, _: d.pick(["schuldhulp", "verhuur", "wmo"])),
    "basis": _form(basis=lambda d, _: d.pick(["CONVENANT", "A6_1_f", "A6_1_a"])),
    "their basis": _to(basis=lambda d, _: d.pick(["CONVENANT", "A6_1_f", "A6_1_a"])),
    "ground": _to(
        special_exception=lambda d, _: d.pick([None, "UAVG_22_2_a", "UAVG_30_1_a", "UAVG_30_3_a", "WPG_5"]),
        criminal_ground=lambda d, _: d.pick([None, "UAVG_33_1_a", "UAVG_33_1_c", "UAVG_32_b"]),
    ),
    "nothing stated": _form(stated=[]),
    "everything stated": _form(stated=["EIGEN_HUURDER", "VEILIGHEID_IN_GEDING", "BESLUIT_BURGEMEESTER", "VERZONNEN"]),
    "nobody told": _form(notice={}),
    "others told": _form(notice=lambda _, on: {"reference": "k-2", "given_on": on, "recipients": ["politie"]}),
    "told tomorrow": _form(
        notice=lambda _, on: {"reference": "k", "given_on": on + dt.timedelta(days=1), "recipients": list(PARTNERS)}
    ),
    "not weighed": _form(weighing={"necessity": "Nodig.", "proportionality": " ", "subsidiarity": "Ja."}),
    "no secrecy": _form(secrecy=lambda d, _: d.pick([{}, {"applies": True}, {"applies": True, "regime": "WGBO"}])),
    "verdict": _form(request="Mogen wij hem laten huren, ja/nee?"),
    "verdict in item": _items(value="Stoplicht voor deze huurder graag."),
    "drugs": _items(category="STRAFRECHTELIJK", field="drugsbezit"),
    "old": _items(valid_until=lambda d, on: on - dt.timedelta(days=d.pick([1, 0, 30]))),
    "of the police": _items(
        origin_partner="politie",
        source_consent=lambda d, _: d.pick([None, "i-4"]),
        onward_ground=lambda d, _: d.pick([None, "A-2"]),
    ),
    "of nobody": _items(origin_partner="woonstichting"),
    "under the Wpg": _items(origin_regime="WPG"),
    "to oneself or a stranger": _to(partner=lambda d, _: d.pick(["andere-corporatie", *PARTNERS])),
    "in a conference": _form(
        conference=lambda *_: str(uuid4()), chair_release=lambda d, _: str(uuid4()) if d.once_in(2) else None
    ),
}  # fmt: skip
