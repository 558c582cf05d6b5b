"""The catalogue of refusals: every reason for which the exchange says no, in one place.

A refusal is an answer, not a failure: it names the article, tells the reader what to do, and carries neither content nor any
value a partner chose. The only things filled in are names from the signed covenant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from exchange.errors import InputError


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason to refuse.

    Attributes:
        code: ``R01`` … ; stable, part of the wire and API contracts.
        name: The reason in one Dutch word, stable: for machines. People read the sentence, in their own language.
        status: HTTP status for problem+json; 200 for a warning.
        nl: Dutch sentence; may hold ``{recipient}``, ``{partner}``, ``{field}``, ``{ground}`` or ``{day}``.
        en: The same in English.
        article: Where it is written.
        retryable: A person can lift it by confirming or adding something, without changing the content.
        nl_warning: Dutch sentence for where it only warns and stops nothing; empty where that reads the same.
        en_warning: The same in English.
        deferrable: In acute danger it does not stop the message but becomes a duty (:mod:`exchange.domain.duties`).
    """

    code: str
    name: str
    status: int
    nl: str
    en: str
    article: str
    retryable: bool = False
    deferrable: bool = False
    nl_warning: str = ""
    en_warning: str = ""

    def sentence(self, params: Mapping[str, str] | None = None, *, language: str = "nl", warning: bool = False) -> str:
        """The sentence for a reader; whatever ``params`` lacks reads as a general word."""
        general = _GENERAL[language]
        refusing, warns = (self.nl, self.nl_warning) if language == "nl" else (self.en, self.en_warning)
        template = (warns if warning else "") or refusing
        return template.format_map({**general, **(params or {})})


_GENERAL: Final[Mapping[str, Mapping[str, str]]] = {
    "nl": {
        "recipient": "de ontvanger",
        "partner": "een andere partner",
        "field": "dat hier is ingevuld",
        "ground": "een wettelijke plicht of taak",
        "day": "zie het convenant",
    },
    "en": {
        "recipient": "the recipient",
        "partner": "another partner",
        "field": "given here",
        "ground": "a legal duty or task",
        "day": "see the covenant",
    },
}

_ALL: Final = (
    Refusal(
        "R01",
        "PERSOON_NIET_NODIG",
        422,
        "Deze melding kan zonder persoonsgegevens op buurtniveau worden gedaan (art. 11.1).",
        "This report can be made for the area, without personal data (art. 11.1).",
        "11.1",
    ),
    Refusal(
        "R02",
        "BSN_NIET_TOEGESTAAN",
        422,
        "Het bericht bevat een burgerservicenummer. Dat mag in dit verband niet worden verwerkt door {recipient}"
        " (art. 46 UAVG, art. 10 Wabb). Verwijder het nummer.",
        "The message holds a citizen service number (BSN), which {recipient} may not process here"
        " (UAVG 46, Wabb 10). Remove the number.",
        "UAVG 46; Wabb 10",
    ),
    Refusal(
        "R03",
        "GEEN_SIGNAAL",
        422,
        "Een signaal moet aangeven waarom betrokkene bij ondersteuning gebaat kan zijn (art. 1)."
        " Opsporingsinformatie hoort niet in dit kanaal.",
        "A signal must say why the person could benefit from support (art. 1)."
        " Investigative information does not belong in this channel.",
        "1",
    ),
    Refusal(
        "R04",
        "DOEL_BUITEN_CONVENANT",
        422,
        "Het doel valt niet onder artikel 4.1 of de reikwijdte van artikel 2.2.",
        "The purpose is not one of article 4.1, or lies outside the scope of article 2.2.",
        "4.1; 2.2",
    ),
    Refusal(
        "R05",
        "BIJZONDER_GEGEVEN_GEEN_UITZONDERING",
        403,
        "Gezondheids- of ander bijzonder gegeven: voor {recipient} geldt geen uitzondering op het verbod"
        " (art. 9 AVG, art. 22-30 UAVG).",
        "Health or other special category of data: no exception to the ban holds for {recipient} (GDPR 9, UAVG 22-30).",
        "AVG 9; UAVG 22-30",
    ),
    Refusal(
        "R06",
        "STRAFRECHTELIJK_GEEN_GROND",
        403,
        "Strafrechtelijk gegeven zonder herkomst krachtens de Wpg of andere grond (art. 10 AVG, art. 31-33 UAVG).",
        "Criminal data that does not come from the police under the Wpg, and without another ground"
        " (GDPR 10, UAVG 31-33).",
        "AVG 10; UAVG 31-33",
    ),
    Refusal(
        "R07",
        "GEEN_EIGEN_TAAK",
        422,
        "Noem van verstrekker en ontvanger een eigen wettelijke taak die bij dit gegeven past (art. 3.1, 8.2).",
        "Name of both sender and recipient an own statutory task that fits this item (art. 3.1, 8.2).",
        "3.1; 8.2",
    ),
    Refusal(
        "R08",
        "GEEN_PARTNER",
        403,
        "Verstrekker of ontvanger is geen netwerkpartner (art. 2.1). Gebruik de procedure voor derden (art. 8).",
        "Sender or recipient is not a partner in this covenant (art. 2.1). Use the procedure for third parties (art. 8).",
        "2.1",
    ),
    Refusal(
        "R09",
        "ALLEEN_GEAGGREGEERD",
        422,
        "Voor dit doel worden geen herleidbare gegevens verwerkt (art. 4.1, 11.1).",
        "No identifiable data are processed for this purpose (art. 4.1, 11.1).",
        "4.1; 11.1",
    ),
    Refusal(  # only the giver's own node gives it: a third party has no node, so there is no receiver that could
        "R10",
        "DERDE_ZONDER_AFSPRAAK",
        403,
        "Verstrekking aan een derde vereist een afspraak uit het casusoverleg of een toedeling van de casus (art. 8.1).",
        "Disclosure to a third party needs an agreement of the case conference or an allocation of the case (art. 8.1).",
        "8.1",
    ),
    Refusal(
        "R11",
        "CONVENANT_IS_GEEN_GRONDSLAG",
        422,
        "Het convenant is geen wettelijke grondslag; kies een grond van artikel 6 AVG die bij de organisatie past"
        " en de eigen taak (art. 8.2).",
        "The covenant is no legal basis; choose one of GDPR article 6 that fits the organisation,"
        " and the own task (art. 8.2).",
        "8.2; AVG 6",
    ),
    Refusal(
        "R12",
        "VOORZITTER_VEREIST",
        409,
        "Het casusoverleg heeft geen voorzitter, of de voorzitter heeft dit gegeven geschrapt of niet vrijgegeven; wie het toch"
        " nodig vindt, biedt het in het casusoverleg opnieuw aan (art. 11.2).",
        "The case conference has no chair, or the chair struck this item or did not release it; whoever finds it needed all the"
        " same offers it anew in the conference (art. 11.2).",
        "11.2",
        deferrable=True,
    ),
    Refusal(
        "R13",
        "VERWERKING_NIET_GEREGISTREERD",
        409,
        "Deze verwerking staat niet in uw register (art. 13.1; art. 30 AVG).",
        "This processing is not in your register (art. 13.1; GDPR 30).",
        "13.1; AVG 30",
        deferrable=True,
    ),
    Refusal(
        "R14",
        "BETROKKENE_NIET_GEINFORMEERD",
        409,
        "Betrokkene is niet vooraf geïnformeerd over deze verstrekking en deze ontvangers (art. 10.1).",
        "The person was not informed beforehand about this disclosure and these recipients (art. 10.1).",
        "10.1",
        deferrable=True,
    ),
    Refusal(
        "R15",
        "UITZONDERING_VERLOPEN",
        409,
        "De ingeroepen uitzondering is verlopen, niet herbeoordeeld, of wordt te laat herbeoordeeld (art. 41 UAVG).",
        "The exception that was invoked has ended, was not reviewed in time, or its review lies too far away (UAVG 41).",
        "UAVG 41",
        deferrable=True,
    ),
    Refusal(
        "R16",
        "NIET_VERSLEUTELD_OF_ONDERTEKEND",
        400,
        "Bericht is niet end-to-end versleuteld of de ondertekening klopt niet (art. 6.2).",
        "The message is not encrypted end to end, or its signature does not hold (art. 6.2).",
        "6.2",
    ),
    Refusal(
        "R17",
        "BOVENMATIG",
        422,
        "Het veld {field} is voor dit doel en deze ontvanger niet nodig (art. 11.1/11.2).",
        "The field {field} is not needed for this purpose and recipient (art. 11.1/11.2).",
        "11.1; 11.2",
    ),
    Refusal(
        "R18",
        "GEGEVEN_BEPERKT",
        409,
        "Dit gegeven is beperkt; alleen opslaan is toegestaan (art. 18 lid 2 AVG).",
        "This item is restricted; it may only be stored (GDPR 18(2)).",
        "AVG 18",
    ),
    Refusal(
        "R19",
        "BEWAARTERMIJN_VERSTREKEN",
        410,
        "Dit gegeven is verwijderd of de termijn is verstreken."
        " (Politie: na verwijdering geen verstrekking, art. 14 lid 2 Wpg.)",
        "This item was removed or its term has passed. (Police: no disclosure after removal, Wpg 14(2).)",
        "9.2; Wpg 14",
    ),
    Refusal(
        "R20",
        "IDENTITEIT_NIET_VASTGESTELD",
        409,
        "De identiteit van de verzoeker is niet vastgesteld (art. 12 lid 6 AVG / art. 26 Wpg).",
        "The identity of the person asking was not established (GDPR 12(6), Wpg 26).",
        "AVG 12; Wpg 26",
    ),
    Refusal(
        "R21",
        "NIET_VERANTWOORDELIJK",
        404,
        "Dit gegeven valt onder {partner}; u bent doorverwezen (art. 5.2).",
        "{partner} is responsible for this item; you are referred to it (art. 5.2).",
        "5.2",
    ),
    Refusal(
        "R22",
        "CORRECTIE_AFGEWEZEN",
        422,
        "De correctie is gemotiveerd afgewezen; de eigen verklaring van betrokkene is bijgevoegd (art. 16 AVG).",
        "The correction was rejected with reasons; the person's own statement is attached (GDPR 16).",
        "AVG 16",
    ),
    Refusal(
        "R23",
        "WISSEN_NIET_MOGELIJK",
        409,
        "Wissen kan niet: {ground} (art. 17 lid 3 AVG).",
        "Erasure is not possible: {ground} (GDPR 17(3)).",
        "AVG 17",
    ),
    Refusal(
        "R24",
        "OVERDRAAGBAARHEID_NVT",
        409,
        "De verwerking berust niet op toestemming of overeenkomst (art. 20 lid 1 AVG).",
        "The processing does not rest on consent or a contract (GDPR 20(1)).",
        "AVG 20",
    ),
    Refusal(
        "R25",
        "TERMIJN_72U",
        200,
        "Melding na 72 uur: geef de reden van de vertraging (art. 33 lid 1 AVG / 33a Wpg).",
        "Reported after 72 hours: give the reason for the delay (GDPR 33(1), Wpg 33a).",
        "AVG 33; Wpg 33a",
    ),
    Refusal(
        "R26",
        "TRAINING_VERLOPEN",
        403,
        "Geen AVG-training binnen de termijn van het convenant (art. 12.1).",
        "No privacy training within the term of the covenant (art. 12.1).",
        "12.1",
        deferrable=True,
    ),
    Refusal(
        "R27",
        "CONVENANTVERSIE",
        409,
        "De herzieningsdatum van dit convenant is verstreken (art. 15.1); de partners moeten het herzien.",
        "The review date of this covenant has passed (art. 15.1); the partners have to review it.",
        "15.1",
        nl_warning="De herzieningsdatum van dit convenant ({day}) is verstreken (art. 15.1); de uitwisseling gaat door tot de"
        " partners het herzien hebben.",
        en_warning="The review date of this covenant ({day}) has passed (art. 15.1); the exchange goes on until the partners"
        " have reviewed it.",
    ),
    Refusal(
        "R28",
        "WPG_BESLUIT_ONTBREEKT",
        403,
        "Politiegegevens: geen (geldig) besluit dat deze ontvanger en gegevens dekt (art. 18, 19 of 20 Wpg; art. 16 alleen"
        " voor de burgemeester).",
        "Police data: no (valid) decision that covers this recipient and these data (Wpg 18, 19 or 20; 16 only for the mayor).",
        "Wpg 16-20",
    ),
    Refusal(
        "R29",
        "DOORVERSTREKKING_GEHEIM",
        403,
        "Ontvangen politiegegevens zijn geheim (art. 7 lid 2 Wpg); doorverstrekking vereist wet of taak en instemming van de"
        " bron. Bij onbekende herkomst kan geen bron instemmen.",
        "Police data received are secret (Wpg 7(2)); passing them on needs a law or task and the consent of the source."
        " Where the origin is unknown, no source can consent.",
        "Wpg 7",
    ),
    Refusal(
        "R30",
        "BEROEPSGEHEIM",
        403,
        "Gegeven valt onder beroepsgeheim; leg toestemming, wettelijke plicht of conflict van plichten vast.",
        "The item falls under professional secrecy; record consent, a legal duty or a conflict of duties.",
        "beroepsgeheim",
    ),
    Refusal(
        "R31",
        "STOPLICHT",
        422,
        "Een ja/nee-oordeel over een (kandidaat-)huurder is een verstrekking en hier niet toegestaan.",
        "A yes/no verdict on a (prospective) tenant is a disclosure and is not allowed here.",
        "4.1; Wpg 16-20",
    ),
    Refusal(
        "R32",
        "GEAUTOMATISEERD_BESLUIT",
        403,
        "Geen besluit of verstrekking zonder menselijke beoordeling (art. 22 AVG, art. 7a Wpg).",
        "No decision or disclosure without a human judgement (GDPR 22, Wpg 7a).",
        "AVG 22; Wpg 7a",
    ),
    Refusal(
        "R33",
        "AFWEGING_ONTBREEKT",
        422,
        "Motiveer noodzaak, proportionaliteit en subsidiariteit (art. 11.1).",
        "Give reasons for necessity, proportionality and subsidiarity (art. 11.1).",
        "11.1; AVG 5",
        deferrable=True,
    ),
    Refusal(
        "R34",
        "NUMMER_BEVESTIGEN",
        409,
        "Het bericht bevat een getal dat een burgerservicenummer kan zijn. Bevestig dat het dat niet is,"
        " of verwijder het (art. 46 UAVG).",
        "The message holds a number that could be a citizen service number (BSN). Confirm that it is not,"
        " or remove it (UAVG 46).",
        "UAVG 46",
        retryable=True,
    ),
    Refusal(
        "R35",
        "NOODSITUATIE_ONVOLLEDIG",
        422,
        "Acuut gevaar: benoem het gevaar en wiens vitale belang het is, en kies vitaal belang als grondslag"
        " (art. 6 lid 1 onder d AVG).",
        "Acute danger: name the danger and whose vital interest it is, and choose the vital interest as legal basis"
        " (GDPR 6(1)(d)).",
        "AVG 6",
    ),
    Refusal(
        "R36",
        "BUITEN_CASUS",
        403,
        "Verstrekker of ontvanger is niet betrokken bij deze casus, niet meer, of de casus is gesloten; wat bij een casus"
        " hoort blijft bij de betrokken partners (art. 2.2, 11.1).",
        "Sender or recipient is not in the scope of this case, not any more, or the case is closed; what belongs to a"
        " case stays with the partners in its scope (art. 2.2, 11.1).",
        "2.2; 11.1",
    ),
)

CATALOGUE: Final[Mapping[str, Refusal]] = {refusal.code: refusal for refusal in _ALL}
"""Code -> refusal. R33 to R36 are ours; R01-R32 follow the covenant's article-by-article table."""

_OTHER_FRAMES: Final[Mapping[str, str]] = {
    "other-covenant": "R27",
    "generation-over": "R27",
    "no-covenant": "R27",
    "sender-unknown": "R08",
}
_OTHER_COVENANT: Final = (
    "Het bericht hoort bij een ander convenant, of bij een versie die niet (meer) van kracht is.",
    "The message belongs to another covenant, or to a version of this one that is not, or no longer, in force.",
)
_NO_REFUSALS: Final = frozenset(
    {"clock", "generation-newer", "type-unknown", "vault-locked", "storage", "later", "epoch-retired", "outside-window"}
    | {"unreadable", "dropped", "retry"}
)


def code_of_frame(reason: str) -> str | None:
    """The catalogue's code for a frame that was refused before it could be judged: what people read beside the reason.

    A frame that does not open, or whose signature, parts or form do not hold, is R16 (article 6.2); what passes is none.
    """
    return None if reason in _NO_REFUSALS else _OTHER_FRAMES.get(reason, "R16")


def sentence_of_frame(reason: str, *, language: str = "nl") -> str | None:
    """What is said of a frame that was refused before it could be judged; None where the catalogue has no code for it.

    R27 has two causes: a frame of another covenant never came to the gate that asks whether this one was reviewed.
    """
    code = code_of_frame(reason)
    if code == "R27":
        return _OTHER_COVENANT[language != "nl"]
    return CATALOGUE[code].sentence(language=language) if code is not None else None


def refusal(code: str) -> Refusal:
    """The refusal of ``code``.

    Raises:
        InputError: No such code.
    """
    try:
        return CATALOGUE[code]
    except KeyError:
        raise InputError("There is no refusal with that code; the catalogue runs from R01 to R36.") from None
