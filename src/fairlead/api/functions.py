"""`/integrations/{key}/functions`: its actions and syncs, with their schemas (2.2)."""

import inspect
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from fairlead import __version__
from fairlead.api.auth import Caller, needs
from fairlead.api.integrations import required_integration
from fairlead.api.routing import Strict, parameters, query_of
from fairlead.api.services import Given, Services
from fairlead.errors import NotFound
from fairlead.model.function import Action, Sync
from fairlead.sdk.schemas import input_schema, output_schema, record_schemas, schema_of
from fairlead.store import integrations

router = APIRouter(tags=["functions"])

Kind = Literal["sync", "action", "on-event"]


class FunctionOut(BaseModel):
    """An action or a sync."""

    name: str
    type: Kind
    description: str
    version: str
    scopes: list[str]
    source: str = Field(description="the vendor's page about it")
    enabled: bool = True
    runs: str | None = None
    auto_start: bool | None = None
    returns: list[str] | None = None
    input: dict[str, Any] | None = Field(default=None, description="JSON Schema")
    output: dict[str, Any] | None = Field(default=None, description="JSON Schema")
    records: dict[str, Any] | None = Field(default=None, description="JSON Schema of each model")
    metadata: dict[str, Any] | None = Field(default=None, description="JSON Schema")


class Pagination(BaseModel):
    """Where in the list."""

    total: int
    page: int
    limit: int


class FunctionList(BaseModel):
    """Functions."""

    data: list[FunctionOut]
    pagination: Pagination


class FunctionReply(BaseModel):
    """One function."""

    data: FunctionOut


class FunctionsQuery(Strict):
    """Which functions."""

    type: Kind | None = None
    search: str | None = None
    page: int = Field(default=0, ge=0)
    limit: int = Field(default=20, ge=1, le=100)


class FunctionQuery(Strict):
    """Which kind, where an action and a sync share a name."""

    type: Kind | None = None


def _action_out(action: Action) -> dict[str, Any]:
    return {
        "name": action.name,
        "type": "action",
        "description": action.description,
        "version": action.version,
        "scopes": list(action.scopes),
        "source": action.source,
        "enabled": True,
        "input": input_schema(action),
        "output": output_schema(action),
    }


def _sync_out(sync: Sync) -> dict[str, Any]:
    return {
        "name": sync.name,
        "type": "sync",
        "description": sync.description,
        "version": sync.version,
        "scopes": list(sync.scopes),
        "source": sync.source,
        "enabled": True,
        "runs": f"every {sync.every.removeprefix('every ')}",
        "auto_start": sync.auto_start,
        "returns": list(sync.models),
        "records": record_schemas(sync),
        "metadata": schema_of(sync.metadata_model),
    }


async def _functions(
    services: Services, caller: Caller, key: str, kind: Kind | None
) -> list[dict[str, Any]]:
    integration = await required_integration(services, caller.environment.id, key)
    found: list[dict[str, Any]] = []
    if kind in (None, "sync"):
        found += [_sync_out(each) for each in services.registry.syncs(integration.provider)]
    if kind in (None, "action"):
        found += [_action_out(each) for each in services.registry.actions(integration.provider)]
    return found


@router.get(
    "/integrations/{unique_key}/functions",
    response_model=FunctionList,
    response_model_exclude_unset=True,
    openapi_extra={"parameters": parameters(FunctionsQuery)},
)
async def list_functions(
    services: Given,
    unique_key: str,
    query: Annotated[FunctionsQuery, Depends(query_of(FunctionsQuery))],
    caller: Annotated[Caller, needs("environment:integrations:list_functions")],
) -> dict[str, Any]:
    """List the functions of an integration."""
    found = [
        each
        for each in await _functions(services, caller, unique_key, query.type)
        if (query.search or "").lower() in each["name"]
    ]
    start = query.page * query.limit
    return {
        "data": found[start : start + query.limit],
        "pagination": {"total": len(found), "page": query.page, "limit": query.limit},
    }


@router.get(
    "/integrations/{unique_key}/functions/{name}",
    response_model=FunctionReply,
    response_model_exclude_unset=True,
    openapi_extra={"parameters": parameters(FunctionQuery)},
)
async def read_function(
    services: Given,
    unique_key: str,
    name: str,
    query: Annotated[FunctionQuery, Depends(query_of(FunctionQuery))],
    caller: Annotated[Caller, needs("environment:integrations:list_functions")],
) -> dict[str, Any]:
    """Read one function with its schemas."""
    for each in await _functions(services, caller, unique_key, query.type):
        if each["name"] == name:
            return {"data": each}
    raise NotFound(f"There is no function '{name}' on the integration '{unique_key}'.")


class CodeReply(BaseModel):
    """The source of a function."""

    type: str
    code: str


@router.get(
    "/integrations/{unique_key}/functions/{name}/code",
    response_model=CodeReply,
    include_in_schema=False,
)
async def read_code(
    services: Given,
    unique_key: str,
    name: str,
    query: Annotated[FunctionQuery, Depends(query_of(FunctionQuery))],
    caller: Annotated[Caller, needs("environment:integrations:list_functions")],
) -> dict[str, Any]:
    """Read the source of a function, as it is installed."""
    integration = await required_integration(services, caller.environment.id, unique_key)
    syncs = services.registry.syncs(integration.provider) if query.type != "action" else []
    actions = services.registry.actions(integration.provider) if query.type != "sync" else []
    for kind, functions in (("sync", syncs), ("action", actions)):
        for each in functions:
            if each.name == name:
                return {"type": kind, "code": inspect.getsource(each.body)}
    raise NotFound(f'Function "{name}" does not exist')


class ScriptsQuery(Strict):
    """In which form."""

    format: Literal["nango", "openai"] = "nango"


def _script_out(written: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """Write a function as the contract's older list does.

    Functions are installed, not deployed, so they have no number and no day of it.
    """
    is_sync = written["type"] == "sync"
    return {
        **written,
        "id": None,
        "last_deployed": None,
        "runs": written.get("runs"),
        "auto_start": written.get("auto_start", False),
        # what vanishes at the vendor is deleted here, always
        "track_deletes": is_sync,
        "returns": written.get("returns") or ["Output"],
        "endpoints": [],
        "json_schema": {"definitions": schemas},
        "sdk_version": __version__,
        "features": ["checkpoints"] if is_sync else [],
    }


def _sync_script(sync: Sync) -> dict[str, Any]:
    return _script_out(_sync_out(sync), record_schemas(sync))


def _action_script(action: Action) -> dict[str, Any]:
    written = _action_out(action)
    return _script_out(written, {"Input": written["input"], "Output": written["output"]})


# the contract's older list; ours is the one of an integration
@router.get("/scripts/config", include_in_schema=False)
async def list_scripts(
    services: Given,
    query: Annotated[ScriptsQuery, Depends(query_of(ScriptsQuery))],
    caller: Annotated[Caller, needs("environment:integrations:list_functions")],
) -> Any:
    """List the functions of all integrations; `format=openai`: actions as a model's tools."""
    async with services.db.read() as tx:
        found = await integrations.list_all(tx, services.vault, caller.environment.id)
    known = [each for each in found if each.provider in services.registry.providers]
    if query.format == "openai":
        tools = {
            each.name: {
                "name": each.name,
                "description": each.description,
                "parameters": input_schema(each),
            }
            for integration in known
            for each in services.registry.actions(integration.provider)
        }
        return {"data": list(tools.values())}
    return [
        {
            "providerConfigKey": each.unique_key,
            "provider": each.provider,
            "syncs": [_sync_script(one) for one in services.registry.syncs(each.provider)],
            "actions": [_action_script(one) for one in services.registry.actions(each.provider)],
            "on-events": [],
        }
        for each in known
    ]
