"""The law's own words: codes that a covenant and a disclosure may cite, with their Dutch titles and sources.

These lists are national law and hold under every covenant. What a covenant decides for itself (purposes, contexts, categories,
tasks, its own grounds) is data in the covenant, never here.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What a message is."""

    SIGNAL = "signal"
    """An indication that somebody could benefit from support (covenant article 1)."""
    DISCLOSURE = "disclosure"
    """Personal data given to one partner (covenant article 1, "verstrekken")."""
    REPLY = "reply"
    """An answer to an earlier message; it carries no new items unless it passes every gate."""


class Side(StrEnum):
    """Who is judging. Both sides judge; a sender that skips its checks is refused by the receiver."""

    SENDING = "sending"
    RECEIVING = "receiving"


class Regime(StrEnum):
    """The law a record is kept under. It follows the record, not only the partner."""

    AVG = "AVG"
    WPG = "WPG"


class Mark(StrEnum):
    """What makes a category more than ordinary (covenant article 1 joined with AVG 9 and 10)."""

    NONE = "none"
    SPECIAL = "special"
    CRIMINAL = "criminal"
    BAN = "ban"
    BSN = "bsn"


class SecrecyRegime(StrEnum):
    """Where a duty of professional secrecy comes from; which of them exist for whom, a covenant may say (``secrecy_regimes``)."""

    WGBO = "WGBO"
    JEUGDWET = "JEUGDWET"
    BEROEPSCODE = "BEROEPSCODE"
    AMBT = "AMBT"
    WPG_7 = "WPG_7"


class SecrecyGround(StrEnum):
    """What lifts professional secrecy for this one disclosure."""

    CONSENT = "TOESTEMMING"
    LEGAL_DUTY = "WETTELIJKE_PLICHT"
    CONFLICT_OF_DUTIES = "CONFLICT_VAN_PLICHTEN"


LEGAL_BASES: Final = {
    "A6_1_a": "Toestemming (art. 6 lid 1 onder a AVG)",
    "A6_1_b": "Uitvoering van een overeenkomst (art. 6 lid 1 onder b AVG)",
    "A6_1_c": "Wettelijke verplichting (art. 6 lid 1 onder c AVG)",
    "A6_1_d": "Vitaal belang (art. 6 lid 1 onder d AVG)",
    "A6_1_e": "Taak van algemeen belang of openbaar gezag (art. 6 lid 1 onder e AVG)",
    "A6_1_f": "Gerechtvaardigd belang (art. 6 lid 1 onder f AVG)",
}
"""AVG 6(1). The covenant is never one of them (R11)."""

NOT_FOR_PUBLIC_BODIES: Final = frozenset({"A6_1_f"})
"""AVG 6(1), last sentence: a public body does not rest its tasks on a legitimate interest."""

SPECIAL_EXCEPTIONS: Final = {
    "UAVG_22_2_a": "Uitdrukkelijke toestemming (art. 22 lid 2 onder a UAVG)",
    "UAVG_22_2_b": "Vitaal belang (art. 22 lid 2 onder b UAVG)",
    "UAVG_22_2_c": "Vereniging of stichting zonder winstoogmerk (art. 22 lid 2 onder c UAVG)",
    "UAVG_22_2_d": "Door betrokkene openbaar gemaakt (art. 22 lid 2 onder d UAVG)",
    "UAVG_22_2_e": "Rechtsvordering (art. 22 lid 2 onder e UAVG)",
    "UAVG_23_a": "Volkenrechtelijke verplichting (art. 23 onder a UAVG)",
    "UAVG_23_b": "Autoriteit persoonsgegevens of ombudsman (art. 23 onder b UAVG)",
    "UAVG_23_c": "Aanvulling op strafrechtelijke gegevens (art. 23 onder c UAVG)",
    "UAVG_24": "Onderzoek of statistiek (art. 24 UAVG)",
    "UAVG_25_a": "Identificatie onvermijdelijk (art. 25 onder a UAVG)",
    "UAVG_29": "Authenticatie of beveiliging (art. 29 UAVG)",
    "UAVG_30_1_a": "Bestuursorgaan: aanspraken afhankelijk van gezondheid (art. 30 lid 1 onder a UAVG)",
    "UAVG_30_1_b": "Re-integratie of begeleiding (art. 30 lid 1 onder b UAVG)",
    "UAVG_30_3_a": "Hulpverlening of maatschappelijke dienstverlening (art. 30 lid 3 onder a UAVG)",
    "WPG_5": "Bijzondere categorieën bij de politie (art. 5 Wpg)",
}
"""Exceptions to the ban on special categories: UAVG 22-30, and Wpg 5 for the police."""

CRIMINAL_GROUNDS: Final = {
    "UAVG_32_a": "Uitdrukkelijke toestemming (art. 32 onder a UAVG)",
    "UAVG_32_b": "Vitaal belang (art. 32 onder b UAVG)",
    "UAVG_32_c": "Door betrokkene openbaar gemaakt (art. 32 onder c UAVG)",
    "UAVG_32_d": "Rechtsvordering (art. 32 onder d UAVG)",
    "UAVG_32_e": "Zwaarwegend algemeen belang (art. 32 onder e UAVG)",
    "UAVG_32_f": "Onderzoek of statistiek (art. 32 onder f UAVG)",
    "UAVG_33_1_a": "Verkregen krachtens de Wpg of Wjsg (art. 33 lid 1 onder a UAVG)",
    "UAVG_33_1_b": "Publiekrechtelijk samenwerkingsverband (art. 33 lid 1 onder b UAVG)",
    "UAVG_33_1_c": "Aanvullend op gezondheidsgegevens voor zorg (art. 33 lid 1 onder c UAVG)",
    "UAVG_33_2_a": "Eigen beoordeling of beslissing (art. 33 lid 2 onder a UAVG)",
    "UAVG_33_2_b": "Bescherming van eigen belangen (art. 33 lid 2 onder b UAVG)",
    "UAVG_33_4_c": "Vergunning van de Autoriteit persoonsgegevens (art. 33 lid 4 onder c UAVG)",
}
"""Grounds for criminal data: UAVG 32-33. 33(1)(a) holds by provenance alone and never lifts anything by being cited."""

CARE_GROUND: Final = "UAVG_30_3_a"
"""UAVG 30(3)(a): health data for care or social work."""

CARE_SUPPLEMENT: Final = "UAVG_33_1_c"
"""UAVG 33(1)(c): criminal data only in addition to :data:`CARE_GROUND`, which is cited beside it, and so by care to care."""

WPG_GROUNDS: Final = {
    "WPG_16_1_b_1": "Burgemeester: gezag over de politie (art. 16 lid 1 onder b, 1° Wpg)",
    "WPG_16_1_b_2": "Burgemeester: openbare orde (art. 16 lid 1 onder b, 2° Wpg)",
    "WPG_18_1": "Verstrekking krachtens algemene maatregel van bestuur (art. 18 lid 1 Wpg)",
    "WPG_18_2": "Verstrekking krachtens ministerieel besluit (art. 18 lid 2 Wpg)",
    "WPG_19": "Incidentele verstrekking (art. 19 Wpg)",
    "WPG_20_1": "Structurele verstrekking aan een samenwerkingsverband (art. 20 lid 1 Wpg)",
    "WPG_20_3": "Samenwerkingsverband onder de WGS (art. 20 lid 3 Wpg)",
}
"""Grounds on which the police may disclose outside their own domain: Wpg 16, 18, 19, 20. Which serves whom, the covenant says."""

WPG_FOR_THE_MAYOR: Final = frozenset({"WPG_16_1_b_1", "WPG_16_1_b_2"})
"""Wpg 16(1)(b): the mayor's authority over the police, and public order; for nobody else."""

WPG_NEEDS_AUTHORITY: Final = frozenset({"WPG_19", "WPG_20_1"})
"""Wpg 19 and 20(1): only in agreement with the competent authority (burgemeester or officier van justitie)."""

WPG_GOALS: Final = {
    "a": "Voorkomen en opsporen van strafbare feiten",
    "b": "Handhaven van de openbare orde",
    "c": "Verlenen van hulp aan hen die deze behoeven",
    "d": "Uitoefenen van toezicht op het naleven van regelgeving",
}
"""Wpg 19 and 20(1), a-d."""

INFORM_EXCEPTIONS: Final = {
    "UAVG_41_1_a": "Nationale veiligheid",
    "UAVG_41_1_b": "Landsverdediging",
    "UAVG_41_1_c": "Openbare veiligheid",
    "UAVG_41_1_d": "Voorkoming, onderzoek en opsporing van strafbare feiten",
    "UAVG_41_1_e": "Ander belangrijk algemeen belang",
    "UAVG_41_1_f": "Onafhankelijkheid van de rechter",
    "UAVG_41_1_g": "Beroepscodes van gereglementeerde beroepen",
    "UAVG_41_1_h": "Toezichttaak",
    "UAVG_41_1_i": "Bescherming van betrokkene of van de rechten en vrijheden van anderen",
    "UAVG_41_1_j": "Inning van civielrechtelijke vorderingen",
    "AVG_14_5_a": "Betrokkene beschikt al over de informatie",
    "AVG_14_5_b": "Onmogelijk, onevenredig of brengt het doel in gevaar",
    "AVG_14_5_c": "Verkrijgen of verstrekken is bij wet voorgeschreven",
    "AVG_14_5_d": "Beroepsgeheim",
    "WPG_27_1_a": "Weigeringsgrond politie (art. 27 lid 1 onder a Wpg)",
    "WPG_27_1_b": "Weigeringsgrond politie (art. 27 lid 1 onder b Wpg)",
    "WPG_27_1_c": "Weigeringsgrond politie (art. 27 lid 1 onder c Wpg)",
    "WPG_27_1_d": "Weigeringsgrond politie (art. 27 lid 1 onder d Wpg)",
    "WPG_27_1_e": "Weigeringsgrond politie (art. 27 lid 1 onder e Wpg)",
    "WPG_27_1_f": "Weigeringsgrond politie (art. 27 lid 1 onder f Wpg)",
}
"""Grounds not to inform the subject beforehand (covenant article 10.1): UAVG 41(1), AVG 14(5), Wpg 27(1)."""


def excuses(ground: str, regime: Regime) -> bool:
    """Whether it is a ground not to inform somebody for whom keeps records under ``regime``: Wpg 27 is for the police alone."""
    return ground in INFORM_EXCEPTIONS and (regime is Regime.WPG or not ground.startswith("WPG_"))


KEEP_GROUNDS: Final = {
    "AVG_5_1_d": "Juist volgens eigen onderzoek (art. 5 lid 1 onder d AVG)",
    "AVG_17_3_a": "Vrijheid van meningsuiting en informatie (art. 17 lid 3 onder a AVG)",
    "AVG_17_3_b": "Wettelijke plicht of taak van algemeen belang (art. 17 lid 3 onder b AVG)",
    "AVG_17_3_c": "Volksgezondheid (art. 17 lid 3 onder c AVG)",
    "AVG_17_3_d": "Archivering, onderzoek of statistiek (art. 17 lid 3 onder d AVG)",
    "AVG_17_3_e": "Rechtsvordering (art. 17 lid 3 onder e AVG)",
    "AVG_18_2": "Toestemming, rechtsvordering, rechten van anderen of gewichtig algemeen belang (art. 18 lid 2 AVG)",
    "AVG_21_1": "Dwingende gerechtvaardigde gronden (art. 21 lid 1 AVG)",
    "WPG_28": "Politie: rectificatie of vernietiging afgewezen (art. 28 Wpg)",
}
"""Grounds on which a recipient may refuse what it is told to correct, erase or restrict (AVG text from general knowledge)."""

RECALL_REASONS: Final = {
    "ONRECHTMATIG": "Onrechtmatig verstrekt (art. 4 lid 4 Wpg)",
    "ONJUIST": "Onjuist (art. 4 lid 4 Wpg)",
    "VERKEERDE_PERSOON": "Over een andere persoon",
    "VERKEERDE_ONTVANGER": "Aan de verkeerde ontvanger",
    "WISSING": "Gewist op verzoek (art. 17 en 19 AVG)",
    "BEZWAAR_GEGROND": "Bezwaar gegrond (art. 17 lid 1 onder c en art. 21 AVG)",
    "TOESTEMMING_INGETROKKEN": "Toestemming ingetrokken (art. 7 lid 3 AVG)",
}
"""Why something that was given is asked back."""

ANYONE: Final = "*"
"""Stands for every partner in a rule of the covenant."""

THIRD_PARTY: Final = "DERDE"
"""Stands for whoever is no partner, as recipient in a rule of the covenant (article 8); :data:`ANYONE` never includes it."""

VITAL_INTEREST: Final = "A6_1_d"
"""AVG 6(1)(d): the basis of the path for acute danger."""

VITAL_SPECIAL: Final = "UAVG_22_2_b"
"""UAVG 22(2)(b): the same interest lifts the ban on special categories for any recipient."""

VITAL_CRIMINAL: Final = "UAVG_32_b"
"""UAVG 32(b): and that on criminal data."""

SLUG: Final = re.compile(r"[a-z][a-z0-9-]{1,30}", re.ASCII)
"""How a partner is named in subjects and files."""


def needs_bound_recipient(exception: str) -> bool:
    """Whether the exception holds only for people bound to secrecy (UAVG 30(4))."""
    return exception.startswith("UAVG_30_")
