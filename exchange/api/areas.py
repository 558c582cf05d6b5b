"""Routes about areas: reports and pictures without persons."""

from __future__ import annotations

from fastapi import APIRouter, status

from exchange.api.calls import Caller, Key, Service
from exchange.node.area_forms import AreaAnswer, AreaPictureAnswer, AreaPictureForm, AreaSignalAnswer, AreaSignalForm

router = APIRouter(prefix="/v1", tags=["areas"])


@router.get("/areas")
async def areas(service: Service, actor: Caller) -> list[AreaAnswer]:
    """The areas that the covenant names."""
    return service.areas.areas(actor)


@router.get("/area-signals")
async def signals(service: Service, actor: Caller) -> list[AreaSignalAnswer]:
    """Reports about areas, own and received."""
    return service.areas.signals(actor)


@router.post("/area-signals", status_code=status.HTTP_201_CREATED)
async def signal(service: Service, actor: Caller, key: Key, form: AreaSignalForm) -> AreaSignalAnswer:
    """Report something about an area. A text that leads to a person is refused (R09)."""
    return await service.areas.signal(actor, form, key)


@router.get("/area-pictures")
async def pictures(service: Service, actor: Caller) -> list[AreaPictureAnswer]:
    """Pictures, own and received."""
    return service.areas.pictures(actor)


@router.post("/area-pictures", status_code=status.HTTP_201_CREATED)
async def picture(service: Service, actor: Caller, key: Key, form: AreaPictureForm) -> AreaPictureAnswer:
    """Make and send a picture of a calendar month, quarter or year. Small counts, and what gives them away, are hidden."""
    return await service.areas.picture(actor, form, key)
