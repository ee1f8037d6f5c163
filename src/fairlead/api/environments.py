"""`/environments`: worlds apart from each other; for keys that may do things to the whole server.

No key of an environment reaches another one unless it holds `server:...`; `environment:*` does not.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, StringConstraints

from fairlead.api.auth import Caller, needs
from fairlead.api.routing import NoQuery, Strict, query_of
from fairlead.api.services import Given
from fairlead.api.wire import zulu
from fairlead.errors import Conflict
from fairlead.model.environment import Environment
from fairlead.store import environments

router = APIRouter(tags=["environments"])

EnvironmentName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,31}$")]


class EnvironmentOut(BaseModel):
    """An environment."""

    name: str
    created_at: str


class EnvironmentList(BaseModel):
    """Environments, oldest first."""

    data: list[EnvironmentOut]


class EnvironmentReply(BaseModel):
    """One environment."""

    data: EnvironmentOut


class EnvironmentCreate(Strict):
    """An environment to be made."""

    name: EnvironmentName
    """Small letters, digits and hyphens: it stands in addresses."""


def _out(environment: Environment) -> dict[str, Any]:
    return {"name": environment.name, "created_at": zulu(environment.created_at)}


@router.get(
    "/environments", response_model=EnvironmentList, dependencies=[Depends(query_of(NoQuery))]
)
async def list_environments(
    services: Given, caller: Annotated[Caller, needs("server:environments:list")]
) -> dict[str, Any]:
    """List the server's environments."""
    del caller  # all that counts is that they may
    async with services.db.read() as tx:
        found = await environments.list_all(tx)
    return {"data": [_out(each) for each in found]}


@router.post(
    "/environments",
    status_code=201,
    response_model=EnvironmentReply,
    dependencies=[Depends(query_of(NoQuery))],
)
async def create_environment(
    services: Given,
    body: EnvironmentCreate,
    caller: Annotated[Caller, needs("server:environments:create")],
) -> dict[str, Any]:
    """Make an environment; it has no keys yet."""
    del caller  # all that counts is that they may
    async with services.db.write() as tx:
        made = await environments.add(tx, body.name, services.clock.now())
    if made is None:
        raise Conflict(f"There is an environment named '{body.name}' already.")
    return {"data": _out(made)}
