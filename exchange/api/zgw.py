"""Notifications in, from systems that work case by case (ZGW): a case that was opened proposes a signal, and nothing more.

The callback of VNG's Notificaties API. A notification names a case by its address; the address is kept sealed in the proposal and
never fetched, so nothing about anybody comes in this way, and a person decides whether there is anything to tell (GDPR 22, R32).
The registration of a subscription first calls without a token and then with one; the reference implementation wants 403 and 204
for an answer, so nobody who comes without the right token gets anything else.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request, status
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException

from exchange.api.calls import Service
from exchange.domain.covenant import Covenant
from exchange.errors import BusyError, ConflictError, NotAllowedError, SetupError
from exchange.node.draft_forms import ProposalForm

router = APIRouter(prefix="/v1", tags=["zgw"])

Address = Annotated[str, Field(max_length=300, pattern=r"^https?://[^\s@?#]+$")]
"""Of a case or a kind of case: no user, query or fragment, which might hold more than an address."""
OPENED: Final = ("zaken", "zaak", "create")
"""Channel, resource and action of the one notification that proposes something."""
COUNTED: Final = ("proposed", "known", "passed-over", "put-off", "refused")
KEPT_EVERY: Final = 100
"""How many refusals are counted before they are written down: whoever knocks without a token writes nothing to the disk."""


class Notification(BaseModel):
    """A notification as VNG's Notificaties API sends it. What a later version adds is passed over."""

    model_config = ConfigDict(extra="ignore")

    kanaal: Annotated[str, Field(min_length=1, max_length=50)]
    hoofd_object: Address = Field(alias="hoofdObject")
    resource: Annotated[str, Field(min_length=1, max_length=100)]
    resource_url: Address = Field(alias="resourceUrl")
    actie: Annotated[str, Field(min_length=1, max_length=100)]
    aanmaakdatum: datetime
    kenmerken: dict[Annotated[str, Field(max_length=100)], Annotated[str, Field(max_length=1000)]] = {}
    """Of channel ``zaken``: bronorganisatie, zaaktype, vertrouwelijkheidaanduiding. Only zaaktype is looked at."""


@dataclass
class Notifications:
    """What the node was told to do with them.

    Args:
        token: What the caller shows (RFC 6750).
        actor: The system actor that proposes.
        propose: Kind of case (its address) -> what is proposed, without the case.
        counts: How many of each in :data:`COUNTED`; never about which case.
        keep: Remembers the counts.
    """

    token: str = field(repr=False)
    actor: UUID
    propose: Mapping[str, Mapping[str, str]]
    counts: dict[str, int]
    keep: Callable[[dict[str, int]], None]

    def check(self, given: str | None) -> None:
        """Let the caller in.

        Raises:
            NotAllowedError: The token is missing or is another one.
        """
        scheme, _, token = (given or "").partition(" ")
        # compare_digest: the time it takes tells nothing about how much was right.
        right = hmac.compare_digest(token.strip().encode(), self.token.encode())
        if scheme.lower() != "bearer" or not right:
            self.counts["refused"] = self.counts.get("refused", 0) + 1
            if self.counts["refused"] % KEPT_EVERY == 0:
                self.keep(self.counts)
            raise NotAllowedError("Only a notification service that shows the token of this node may tell it of cases.")

    def count(self, what: str) -> None:
        """One more, for good."""
        self.counts[what] = self.counts.get(what, 0) + 1
        self.keep(self.counts)


def proposals(
    generations: Sequence[Covenant], me: str, configured: Mapping[str, str]
) -> tuple[dict[str, dict[str, str]], list[str]]:
    """What each kind of case proposes (a profile that this partner sends on, or a signal of one kind), and which no longer do.

    A code that a later generation took out proposes nothing any more: that must not keep the node from starting.

    Args:
        generations: Every generation of the covenant here, oldest first.
        me: Who we are.
        configured: Kind of case -> code.

    Raises:
        SetupError: A code never was either; names it.
    """
    found, ended = dict[str, dict[str, str]](), list[str]()
    for zaaktype, code in configured.items():
        meant = [_proposed(covenant, me, code) for covenant in generations]
        if not any(meant):
            raise SetupError(
                "The setting zgw.propose names {code}, which is no profile that this partner sends on and no kind of signal.",
                code=code,
            )
        if (now := meant[-1]) is not None:
            found[zaaktype] = now
        else:
            ended.append(code)
    return found, ended


def _proposed(covenant: Covenant, me: str, code: str) -> dict[str, str] | None:
    index = covenant.index
    profile = index.profiles.get(code)
    if profile is not None and profile.sender(me) is not None:
        return {"profile": code, "kind": profile.kind}
    return {"kind": "signal", "signal_kind": code} if code in index.signal_kinds else None


def _notifications(request: Request) -> Notifications:
    """The adapter, when the node has one and the caller shows its token."""
    adapter: Notifications | None = getattr(request.app.state, "zgw", None)
    if adapter is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND)
    adapter.check(request.headers.get("authorization"))
    return adapter


async def _told(request: Request, adapter: Annotated[Notifications, Depends(_notifications)]) -> Notification:
    """What was told, read only after the token was looked at: a stranger's words reach no parser.

    Raises:
        RequestValidationError: It is no notification.
    """
    del adapter  # it let the caller in
    try:
        return Notification.model_validate_json(await request.body())
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        raise RequestValidationError([{**fault, "loc": ("body", *fault["loc"])} for fault in faults]) from None


@router.post(
    "/zgw/notifications",
    status_code=status.HTTP_204_NO_CONTENT,
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/json": {"schema": Notification.model_json_schema()}}}
    },
)
async def notify(
    service: Service,
    adapter: Annotated[Notifications, Depends(_notifications)],
    notification: Annotated[Notification, Depends(_told)],
) -> None:
    """The callback of a subscription on VNG's Notificaties API: a case that was opened may propose a signal.

    Off unless the node is set to it. Any other notification is taken and passed over.
    """
    told = (notification.kanaal, notification.resource, notification.actie)
    wanted = adapter.propose.get(notification.kenmerken.get("zaaktype", "")) if told == OPENED else None
    if wanted is None:
        adapter.count("passed-over")
        return
    form = ProposalForm.model_validate({**wanted, "external_reference": notification.resource_url})
    try:
        proposed = await service.drafts.propose(adapter.actor, form)
    except ConflictError:  # proposed before, when the settings said something else of this kind of case
        adapter.count("known")
        return
    except BusyError:  # the service tells it again later
        adapter.count("put-off")
        raise
    adapter.count("proposed" if proposed.fresh else "known")
