"""Routes about people: the node's own register. Personal data goes in bodies only, never in an address."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, status
from pydantic import Field

from exchange.api.calls import Caller, Key, Service
from exchange.node.forms import Form, IdentityForm, SubjectForm, SubjectFound

router = APIRouter(prefix="/v1/subjects", tags=["people"])


class MatchForm(Form):
    """A person decided that the unmatched entry is this one."""

    into: UUID = Field(description="The register entry that stays.")


@router.post("", status_code=status.HTTP_201_CREATED)
async def register(service: Service, actor: Caller, key: Key, form: SubjectForm) -> SubjectFound:
    """Register a person."""
    return await service.register_subject(actor, form, key)


@router.post("/_zoek")
async def find(service: Service, actor: Caller, query: IdentityForm) -> list[SubjectFound]:
    """Find a person by any two of name, birth date and address."""
    return await service.find_subjects(actor, query)


@router.get("/unmatched")
async def unmatched(service: Service, actor: Caller) -> list[SubjectFound]:
    """People whom a partner named and nobody here matched yet."""
    return await service.unmatched_subjects(actor)


@router.post("/{subject}/match", status_code=status.HTTP_204_NO_CONTENT)
async def match(service: Service, actor: Caller, subject: UUID, form: MatchForm) -> None:
    """Decide that an unmatched entry is the same person as another."""
    await service.match_subject(actor, subject, form.into)


@router.post("/{subject}/split", status_code=status.HTTP_204_NO_CONTENT)
async def split(service: Service, actor: Caller, subject: UUID) -> None:
    """Undo a match."""
    await service.split_subject(actor, subject)
