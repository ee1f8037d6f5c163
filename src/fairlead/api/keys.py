"""`/keys`: API keys of the environment, made, listed and revoked; not of the contract, ours."""

import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field, StringConstraints

from fairlead.api.auth import Caller, needs
from fairlead.api.routing import NoQuery, Strict, query_of
from fairlead.api.services import Given
from fairlead.api.wire import Success, zulu
from fairlead.errors import Conflict, Forbidden, InvalidInput, NotFound
from fairlead.model.environment import ApiKey
from fairlead.store import environments
from fairlead.vault.tokens import hash_token

router = APIRouter(tags=["keys"])

_PREFIX = "fl_"

KeyName = Annotated[
    str, StringConstraints(min_length=1, max_length=64, pattern=r"^[a-zA-Z0-9][a-zA-Z0-9 ._-]*$")
]
ScopeName = Annotated[
    str, StringConstraints(max_length=100, pattern=r"^(environment|server):[a-z_:]*\*?$")
]


class KeyOut(BaseModel):
    """A key, without the key."""

    name: str
    scopes: list[str]
    created_at: str


class KeyList(BaseModel):
    """Keys, oldest first."""

    data: list[KeyOut]


class KeyMade(BaseModel):
    """A new key."""

    name: str
    scopes: list[str]
    created_at: str
    key: str = Field(description="shown this once: only its hash is kept")


class KeyReply(BaseModel):
    """A new key."""

    data: KeyMade


class KeyCreate(Strict):
    """A key to be made."""

    name: KeyName
    scopes: Annotated[list[ScopeName], Field(min_length=1, max_length=50)]
    """What it may do, `environment:connections:*` for example; no more than the caller may."""


def _out(key: ApiKey) -> dict[str, Any]:
    return {"name": key.name, "scopes": list(key.scopes), "created_at": zulu(key.created_at)}


@router.get("/keys", response_model=KeyList, dependencies=[Depends(query_of(NoQuery))])
async def list_keys(
    services: Given, caller: Annotated[Caller, needs("environment:keys:list")]
) -> dict[str, Any]:
    """List the environment's keys, without the keys themselves."""
    async with services.db.read() as tx:
        found = await environments.keys(tx, caller.environment.id)
    return {"data": [_out(each) for each in found]}


@router.post(
    "/keys",
    status_code=201,
    response_model=KeyReply,
    dependencies=[Depends(query_of(NoQuery))],
)
async def create_key(
    services: Given, body: KeyCreate, caller: Annotated[Caller, needs("environment:keys:create")]
) -> dict[str, Any]:
    """Make a key; it is shown this once."""
    for scope in body.scopes:
        if not caller.may(scope):
            raise Forbidden(f"A key may be given only what its maker may do; not '{scope}'.")
    key = _PREFIX + secrets.token_urlsafe(32)
    async with services.db.write() as tx:
        made = await environments.add_key(
            tx,
            environment_id=caller.environment.id,
            name=body.name,
            key_hash=hash_token(key),
            scopes=list(dict.fromkeys(body.scopes)),
            now=services.clock.now(),
        )
    if made is None:
        raise Conflict(f"There is a key named '{body.name}' already; revoke it first.")
    return {"data": _out(made) | {"key": key}}


@router.delete("/keys/{name}", response_model=Success, dependencies=[Depends(query_of(NoQuery))])
async def revoke_key(
    services: Given, name: str, caller: Annotated[Caller, needs("environment:keys:delete")]
) -> dict[str, Any]:
    """End a key; servers that know it may take it for ten seconds more."""
    is_set = services.settings.secret_key is not None
    if name == environments.DEFAULT_KEY and caller.environment.name == "dev" and is_set:
        raise InvalidInput(
            "The default key is FAIRLEAD_SECRET_KEY; change it there.", code="default_key"
        )
    async with services.db.write() as tx:
        gone = await environments.remove_key(tx, caller.environment.id, name)
    if not gone:
        raise NotFound(f"There is no key named '{name}'.")
    return {"success": True}
