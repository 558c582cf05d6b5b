"""A notification of an invented case system, as VNG's Notificaties API sends it."""

from __future__ import annotations

from typing import Any

TYPE = "https://catalogi.example.org/api/v1/zaaktypen/7d1f"
ZAAK = "https://zaken.example.org/zaken/api/v1/zaken/5f0c1d4e-1111-4222-8333-444455556666"


def told(**changes: Any) -> dict[str, Any]:
    return {
        "kanaal": "zaken", "hoofdObject": ZAAK, "resource": "zaak", "resourceUrl": ZAAK, "actie": "create",
        "aanmaakdatum": "2026-03-02T09:00:00Z", "kenmerken": {"zaaktype": TYPE}, **changes,
    }  # fmt: skip
