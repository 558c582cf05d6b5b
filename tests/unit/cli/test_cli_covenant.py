"""A covenant on its way from text to signed rules: every look at it answers people and machines."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from exchange import ceremony, settings
from exchange.crypto import covenant_sig
from exchange.crypto.cards import Card, card_file, sign_card
from exchange.crypto.signing import Ed25519Key, MLDSAKey, RootKey
from exchange.transport import keys as nkeys
from exchange.wire.codec import encode

TOML = Path(__file__).resolve().parents[3] / "deploy" / "de-wolden" / "covenant.toml"
SLUGS = ("gemeente", "politie", "actium", "welzijn")


class Files(NamedTuple):
    """The papers of a covenant."""

    toml: Path
    cards: dict[str, Path]
    document: Path
    signatures: dict[str, Path]
    signed: Path

    def card_options(self, *slugs: str) -> list[str]:
        return [word for slug in slugs or SLUGS for word in ("--card", str(self.cards[slug]))]

    def signature_options(self, *slugs: str) -> list[str]:
        return [word for slug in slugs for word in ("--signature", str(self.signatures[slug]))]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Cards, document and signatures of four partners, without the slow passphrases of real roots."""
    home = tmp_path_factory.mktemp("papers")
    roots = {slug: RootKey(hashlib.sha512(slug.encode()).digest()) for slug in SLUGS}
    cards = {}
    for number, slug in enumerate(SLUGS, 1):
        card = Card(
            partner=f"{number:032x}", slug=slug, sign=Ed25519Key.generate().public, log=Ed25519Key.generate().public,
            log_pq=MLDSAKey.generate(44).public, witness=MLDSAKey.generate(44).public,
            transport=nkeys.public_of(nkeys.generate_seed()), root=roots[slug].public,
        )  # fmt: skip
        cards[slug] = home / f"{slug}.card.json"
        cards[slug].write_bytes(card_file(card, sign_card(roots[slug], card)))
    document, signed = home / "covenant.json", home / "signed.json"
    ceremony.compile_covenant(TOML, list(cards.values()), document)
    data, signatures = document.read_bytes(), {}
    for number, slug in enumerate(SLUGS, 1):
        body = {
            "covenant": covenant_sig.document_hash(data).hex(), "partner": f"{number:032x}",
            "signature": covenant_sig.sign_covenant(roots[slug], data).to_json(),
        }  # fmt: skip
        signatures[slug] = home / f"{slug}.signature.json"
        signatures[slug].write_bytes(encode(body))
    ceremony.assemble_covenant(document, list(signatures.values()), signed)
    return Files(TOML, cards, document, signatures, signed)


def edited(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    """The covenant with some of its text replaced."""
    text = TOML.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "edited.toml"
    path.write_text(text)
    return path


# ---------------------------------------------------------------------------------------- fingerprint


def test_the_fingerprint_is_the_same_before_and_after_signing_and_says_which_it_is(bare: Any, made: Files) -> None:
    before, after = (
        bare("covenant", "fingerprint", str(made.document)),
        bare("covenant", "fingerprint", str(made.signed)),
    )
    assert before.code == after.code == 0
    assert before.out.splitlines()[0] == after.out.splitlines()[0]
    assert "not signed yet" in before.out
    assert "signed by every connected partner" in after.out
    facts = [json.loads(bare("covenant", "fingerprint", str(f), "--json").out) for f in (made.document, made.signed)]
    assert [f["signed"] for f in facts] == [False, True]
    assert facts[0]["fingerprint"] == facts[1]["fingerprint"]
    assert facts[0]["hash"] == hashlib.sha256(made.document.read_bytes()).hexdigest()


def test_a_signed_file_that_does_not_hold_has_no_fingerprint_to_read_aloud(
    bare: Any, made: Files, tmp_path: Path
) -> None:
    spoilt = tmp_path / "spoilt.json"
    value = json.loads(made.signed.read_bytes())
    del value["signatures"][f"{2:032x}"]
    spoilt.write_bytes(encode(value))
    ran = bare("covenant", "fingerprint", str(spoilt))
    assert (ran.code, ran.out) == (1, "")
    assert "Politie basisteam Zuidwest Drenthe" in ran.err


def test_the_text_people_write_has_no_fingerprint_yet(bare: Any, made: Files) -> None:
    ran = bare("covenant", "fingerprint", str(made.toml))
    assert ran.code == 1
    assert f"exchange covenant compile {made.toml} --card CARD --out FILE" in ran.err


# ---------------------------------------------------------------------------------------- check and compile


BROKEN = (
    ('period = "P6W"', 'period = "zes weken"'),
    ("review_due = 2026-10-01", 'review_due = "snel"'),
)
INCOHERENT = (
    ('recipients = ["GEMEENTE", "WELZIJN"]', 'recipients = ["GEMENTE", "WELZIJN"]'),
    ('signal_retention = "r01"', 'signal_retention = "x77"'),
)


def test_check_explains_every_mistake_at_its_line_in_dutch(bare: Any, tmp_path: Path) -> None:
    toml = edited(tmp_path, *INCOHERENT)
    number = next(n for n, line in enumerate(toml.read_text().splitlines(), 1) if "GEMENTE" in line)
    told = bare("covenant", "check", str(toml), "--lang", "nl")
    assert (told.code, told.err) == (1, "")
    assert "heeft 2 fouten" in told.out
    assert f'regel {number}:  recipients = ["GEMENTE", "WELZIJN"]' in told.out
    assert "GEMENTE is in dit convenant niet gedefinieerd. Bedoelde u GEMEENTE?" in told.out
    machine = json.loads(bare("covenant", "check", str(toml), "--json", "--lang", "nl").out)
    assert machine["ok"] is False
    assert [(m["place"], m["line"]) for m in machine["mistakes"]][1] == ("matrix[2].recipients", number)
    assert all(m["message"] for m in machine["mistakes"])


def test_check_says_when_it_could_not_compare_the_rules_yet(bare: Any, tmp_path: Path) -> None:
    told = bare("covenant", "check", str(edited(tmp_path, *BROKEN, *INCOHERENT)))
    assert "has 2 mistakes" in told.out
    assert "Once these are mended, the rules are compared with each other as well." in told.out
    assert "Once these" not in bare("covenant", "check", str(edited(tmp_path, *INCOHERENT))).out


def test_check_reads_a_draft_without_cards_and_a_covenant_with_them(bare: Any, made: Files) -> None:
    draft = bare("covenant", "check", str(made.toml))
    assert (draft.code, "read as a draft" in draft.out) == (0, True)
    whole = bare("covenant", "check", str(made.toml), *made.card_options())
    assert (whole.code, whole.out.splitlines()[0], "draft" in whole.out) == (0, "No mistakes.", False)
    lacking = bare("covenant", "check", str(made.toml), *made.card_options("gemeente", "actium", "welzijn"))
    assert lacking.code == 1
    assert "needs its card" in lacking.out
    assert (
        "Two cards are of actium"
        in bare("covenant", "check", str(made.toml), *made.card_options("actium", "actium")).err
    )
    assert "compiled already" in bare("covenant", "check", str(made.signed)).err


def test_compile_shows_all_mistakes_like_check_and_writes_nothing(bare: Any, made: Files, tmp_path: Path) -> None:
    toml, out = edited(tmp_path, *INCOHERENT), tmp_path / "out.json"
    arguments = ("covenant", "compile", str(toml), *made.card_options(), "--out", str(out))
    told = bare(*arguments, "--lang", "nl")
    assert (told.code, told.out, out.exists()) == (1, "", False)
    assert told.err == bare("covenant", "check", str(toml), *made.card_options(), "--lang", "nl").out
    machine = bare(*arguments, "--json")
    assert (machine.code, machine.err) == (1, "")
    assert json.loads(machine.out)["code"] == "covenant"
    assert len(json.loads(machine.out)["mistakes"]) == 2


# ---------------------------------------------------------------------------------------- signatures


def test_verify_names_who_has_not_signed_and_which_signature_lacks(bare: Any, made: Files, tmp_path: Path) -> None:
    half = tmp_path / "half.json"
    value = json.loads(made.signatures["actium"].read_bytes())
    value["signature"]["mldsa65"] = json.loads(made.signatures["welzijn"].read_bytes())["signature"]["mldsa65"]
    half.write_bytes(encode(value))
    out = tmp_path / "signed.json"
    arguments = (
        "covenant", "verify", str(made.document), *made.signature_options("gemeente", "welzijn"), "--signature", str(half),
        "--out", str(out),
    )  # fmt: skip
    told = bare(*arguments)
    assert (told.code, out.exists()) == (1, False)
    assert "2 of its 4 connected partners: Politie basisteam Zuidwest Drenthe, Woningcorporatie Actium." in told.err
    assert "politie: Did not sign yet (Ed25519 + ML-DSA-65)" in told.err
    assert "actium: The signature does not hold over this document (ML-DSA-65)" in told.err
    machine = json.loads(bare(*arguments, "--json", "--lang", "nl").out)
    assert [(e["location"], e["type"]) for e in machine["errors"]] == [
        ("politie", "signature-missing"), ("actium", "signature-invalid"),
    ]  # fmt: skip
    assert "mist een geldige handtekening van 2 van de 4" in machine["detail"]


def test_accept_names_whoever_has_not_signed_as_well(bare: Any, made: Files, tmp_path: Path) -> None:
    settings.save(tmp_path, settings.Settings(partner="actium"))
    (tmp_path / "credential").write_bytes(bytes(32))
    value = json.loads(made.signed.read_bytes())
    value["signatures"][f"{4:032x}"]["ed25519"] = "00" * 64
    del value["signatures"][f"{1:032x}"]
    spoilt = tmp_path / "spoilt.json"
    spoilt.write_bytes(encode(value))
    ran = bare(
        "covenant", "accept", str(spoilt), "--node", str(tmp_path), "--name", "Fenna Bedacht",
        "--credential-file", str(tmp_path / "credential"),
    )  # fmt: skip
    assert ran.code == 1
    assert "gemeente: Did not sign yet (Ed25519 + ML-DSA-65)" in ran.err
    assert "welzijn: The signature does not hold over this document (Ed25519)" in ran.err


def test_a_verified_covenant_says_that_everybody_signed(bare: Any, made: Files) -> None:
    assert "by all 4 connected partners" in bare("covenant", "verify", str(made.signed)).out


# ---------------------------------------------------------------------------------------- diff and show


def next_generation(tmp_path: Path, made: Files, *changes: tuple[str, str]) -> Path:
    hash_ = hashlib.sha256(made.document.read_bytes()).hexdigest()
    return edited(tmp_path, ("generation = 1", f'generation = 2\nprevious = "{hash_}"'), *changes)


def test_diff_says_in_dutch_what_the_text_being_written_changes(bare: Any, made: Files, tmp_path: Path) -> None:
    toml = next_generation(
        tmp_path, made, ('period = "P6W"', 'period = "P8W"'), ('notice_before = ["disclosure"]', "notice_before = []")
    )
    told = bare("covenant", "diff", str(made.signed), str(toml), "--lang", "nl")
    assert (told.code, told.err) == (0, "")
    assert "signaal-niet-opgepakt: termijn was 6 weken en wordt 8 weken." in told.out
    assert "Betrokkene moet zijn ingelicht vóór: was verstrekkingen en wordt geen." in told.out
    assert "noemt het oude als zijn vorige generatie" in told.out
    assert "kaart" not in told.out
    machine = json.loads(bare("covenant", "diff", str(made.signed), str(toml), "--json").out)
    assert (machine["same"], machine["follows"]) == (False, True)
    assert {c["section"] for c in machine["changes"]} == {"retention", "settings", "covenant"}


def test_diff_of_the_same_document_finds_nothing_and_of_a_fork_warns(bare: Any, made: Files, tmp_path: Path) -> None:
    assert "the same document" in bare("covenant", "diff", str(made.signed), str(made.document)).out
    fork = edited(tmp_path, ("generation = 1", f'generation = 2\nprevious = "{"0" * 64}"'))
    assert "a node that holds the old one refuses it" in bare("covenant", "diff", str(made.signed), str(fork)).out
    assert json.loads(bare("covenant", "diff", str(made.document), str(made.signed), "--json").out)["same"] is True


def test_a_partner_that_leaves_and_one_that_joins_are_told_from_the_text_alone(
    bare: Any, made: Files, tmp_path: Path
) -> None:
    toml = next_generation(
        tmp_path,
        made,
        ('slug = "politie"', f'slug = "politie"\nid = "{2:032x}"'),
        ('kind = "POLITIE"\nparticipation = "connected"', 'kind = "POLITIE"\nparticipation = "paper"'),
        ('slug = "welzijn"', 'slug = "welzijn-nieuw"'),
        *[('partner = "welzijn"\n', 'partner = "welzijn-nieuw"\n')] * TOML.read_text().count('partner = "welzijn"\n'),
    )
    out = bare("covenant", "diff", str(made.signed), str(toml)).out
    assert "Politie basisteam Zuidwest Drenthe (politie) leaves the exchange" in out
    assert "Welzijn De Wolden (welzijn) leaves the covenant" in out
    assert "Welzijn De Wolden (welzijn-nieuw) joins the covenant" in out


def test_show_reads_the_covenant_article_by_article_with_what_the_node_does(bare: Any, made: Files) -> None:
    out = bare("covenant", "show", str(made.signed), "--lang", "nl").out
    assert out == bare("covenant", "show", str(made.document), "--lang", "nl").out
    articles = [line for line in out.splitlines() if line.startswith("Artikel ")]
    assert articles[:4] == ["Artikel 1", "Artikel 2.1", "Artikel 2.2", "Artikel 3.1"]
    assert articles.index("Artikel 9.2") < articles.index("Artikel 10.1") < articles.index("Artikel 15.1")
    parts = {part.split("\n", 1)[0]: part for part in out.split("\nArtikel ")}
    for number, expected in {
        "2.1": "Woningcorporatie Actium", "2.2": "GEBIEDS_PROBLEEMANALYSE", "3.1": "maatschappelijk-werk",
        "4.1": "P0_ONDERSTEUNING", "9.2": "signaal-niet-opgepakt", "10.1": "verstrekkingen", "11.1": "UAVG_30_3_a",
        "15.1": "01-10-2026",
    }.items():  # fmt: skip
        assert expected in parts[number], number
        assert "→ " in parts[number], number
    assert "afspraak tussen mensen" in parts["14.1"]
    assert json.loads(bare("covenant", "show", str(made.signed), "--json").out) == json.loads(
        made.document.read_bytes()
    )


# ---------------------------------------------------------------------------------------- what is no mistake


def test_check_compile_and_show_warn_that_the_review_date_has_passed(bare: Any, made: Files, tmp_path: Path) -> None:
    toml, out = edited(tmp_path, ("review_due = 2026-10-01", "review_due = 2020-01-01")), tmp_path / "old.json"
    checked = bare("covenant", "check", str(toml), "--lang", "nl")
    assert (checked.code, "De herzieningsdatum is voorbij: 01-01-2020" in checked.out) == (0, True)
    machine = json.loads(bare("covenant", "check", str(toml), "--json").out)
    assert (machine["ok"], machine["warnings"][0]["place"]) == (True, "review_due")
    compiled = bare("covenant", "compile", str(toml), *made.card_options(), "--out", str(out), "--lang", "nl")
    assert (compiled.code, "De herzieningsdatum is voorbij" in compiled.out) == (0, True)
    assert "De herzieningsdatum is voorbij" in bare("covenant", "show", str(out), "--lang", "nl").out
    future = edited(tmp_path, ("review_due = 2026-10-01", "review_due = 2999-01-01"))
    assert "review date" not in bare("covenant", "check", str(future)).out


def test_of_two_texts_diff_asks_to_compile_the_old_one_and_not_the_new(bare: Any, tmp_path: Path) -> None:
    old, new = tmp_path / "old.toml", tmp_path / "new.toml"
    old.write_text(TOML.read_text())
    new.write_text(TOML.read_text())
    told = bare("covenant", "diff", str(old), str(new))
    assert told.code == 1
    assert "the old one, old.toml, must be compiled" in told.err
    assert "new.toml" not in told.err
