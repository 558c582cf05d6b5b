"""Routes about retention: the rules, what is due, and the erasure itself."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter

from exchange.api.calls import Caller, Code, Service
from exchange.node.forms import DueAnswer, ErasureAnswer, Form, RuleAnswer

router = APIRouter(prefix="/v1/retention", tags=["retention"])


class EnforceForm(Form):
    """An erasure run. Only when the clock cannot be checked does a person confirm the date, after another person asked."""

    confirm_date: date | None = None


@router.get("/rules")
async def rules(service: Service, actor: Caller) -> list[RuleAnswer]:
    """Every rule, and whether the controller fixed it."""
    return await service.retention_rules(actor)


@router.post("/rules/{rule}/confirm")
async def confirm(service: Service, actor: Caller, rule: Code) -> RuleAnswer:
    """Fix a proposed rule. From then on it destroys."""
    return await service.retention_confirm(actor, rule)


@router.get("/due")
async def due(service: Service, actor: Caller, until: date | None = None) -> list[DueAnswer]:
    """What goes when and why."""
    return await service.retention_due(actor, until)


@router.post("/enforce")
async def enforce(service: Service, actor: Caller, form: EnforceForm) -> ErasureAnswer:
    """Destroy what is due under the rules that somebody else confirmed, and record it; the answer names the rules left."""
    return await service.retention_enforce(actor, confirm_date=form.confirm_date)
