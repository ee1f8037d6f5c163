"""`/people`: who may sign in to the dashboard; for keys that may do things to the whole server."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from fairlead.api.auth import Caller, needs
from fairlead.api.identifiers import Email, Text
from fairlead.api.routing import NoQuery, Strict, query_of
from fairlead.api.services import Given
from fairlead.api.wire import Success, zulu
from fairlead.model.person import Person, Role

router = APIRouter(tags=["people"])


class PersonOut(BaseModel):
    """Somebody who may sign in."""

    id: int
    email: str
    name: str
    role: Role
    has_password: bool = Field(description="false: signs in elsewhere")
    created_at: str
    signed_in_at: str | None


class PersonList(BaseModel):
    """People, by e-mail."""

    data: list[PersonOut]


class PersonReply(BaseModel):
    """One person."""

    data: PersonOut


class PersonCreate(Strict):
    """Somebody to be added."""

    email: Email
    name: Text | None = None
    role: Role
    password: str | None = None
    """15 to 256 characters; left out: they sign in at the identity provider."""


class PersonPatch(Strict):
    """What changes."""

    name: Text | None = None
    role: Role | None = None
    password: str | None = None
    """A new one, or another role, signs them out everywhere."""


def _out(person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "email": person.email,
        "name": person.name,
        "role": person.role.value,
        "has_password": person.password_hash is not None,
        "created_at": zulu(person.created_at),
        "signed_in_at": zulu(person.signed_in_at) if person.signed_in_at else None,
    }


@router.get("/people", response_model=PersonList, dependencies=[Depends(query_of(NoQuery))])
async def list_people(
    services: Given, caller: Annotated[Caller, needs("server:people:list")]
) -> dict[str, Any]:
    """List who may sign in."""
    del caller  # all that counts is that they may
    return {"data": [_out(each) for each in await services.accounts.everybody()]}


@router.post(
    "/people",
    status_code=201,
    response_model=PersonReply,
    dependencies=[Depends(query_of(NoQuery))],
)
async def create_person(
    services: Given, body: PersonCreate, caller: Annotated[Caller, needs("server:people:create")]
) -> dict[str, Any]:
    """Let somebody sign in."""
    del caller  # all that counts is that they may
    made = await services.accounts.add(
        email=body.email, name=body.name or "", role=body.role, password=body.password
    )
    return {"data": _out(made)}


@router.patch(
    "/people/{person_id}", response_model=PersonReply, dependencies=[Depends(query_of(NoQuery))]
)
async def update_person(
    services: Given,
    person_id: int,
    body: PersonPatch,
    caller: Annotated[Caller, needs("server:people:update")],
) -> dict[str, Any]:
    """Change somebody's name, role or password."""
    del caller  # all that counts is that they may
    changed = await services.accounts.change(
        person_id, name=body.name, role=body.role, password=body.password
    )
    return {"data": _out(changed)}


@router.delete(
    "/people/{person_id}", response_model=Success, dependencies=[Depends(query_of(NoQuery))]
)
async def delete_person(
    services: Given, person_id: int, caller: Annotated[Caller, needs("server:people:delete")]
) -> dict[str, Any]:
    """Remove somebody, and sign them out everywhere."""
    del caller  # all that counts is that they may
    await services.accounts.remove(person_id)
    return {"success": True}
