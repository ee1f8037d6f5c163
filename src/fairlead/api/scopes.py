"""`GET /integrations/{key}/scopes`: the fewest scopes, why each, and who approves where; ours."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from fairlead.api.auth import Caller, needs
from fairlead.api.integrations import required_integration
from fairlead.api.routing import Strict, parameters, query_of
from fairlead.api.services import Given
from fairlead.connect.least_scopes import approval_url, needed_scopes

router = APIRouter(tags=["functions"])


class ScopesQuery(Strict):
    """For what, and for whom."""

    functions: str = ""
    """Names, separated by commas; left out: all functions of the integration."""
    connection_config: dict[str, str] = Field(default_factory=dict)
    """What the address of the approval depends on: the tenant, say."""


class LeastScopeOut(BaseModel):
    """A scope that has to be asked for, and why."""

    name: str
    functions: list[str] = Field(description="functions that declare it")
    covers: dict[str, list[str]] = Field(
        description="weaker scopes that it covers -> functions that declare those"
    )


class LeastScopesOut(BaseModel):
    """The fewest scopes that let some functions run."""

    provider: str
    scopes: list[str] = Field(description="to be set as the integration's scopes")
    why: list[LeastScopeOut]
    always: list[str] = Field(description="asked for in any case")
    consent_url: str | None = Field(description="where an administrator approves the app")


class LeastScopesReply(BaseModel):
    """The fewest scopes that let some functions run."""

    data: LeastScopesOut


@router.get(
    "/integrations/{unique_key}/scopes",
    response_model=LeastScopesReply,
    openapi_extra={"parameters": parameters(ScopesQuery)},
)
async def read_scopes(
    services: Given,
    unique_key: str,
    query: Annotated[ScopesQuery, Depends(query_of(ScopesQuery))],
    caller: Annotated[Caller, needs("environment:integrations:list_functions")],
) -> dict[str, Any]:
    """Say which scopes an integration must ask for, why each, and where they are approved."""
    integration = await required_integration(services, caller.environment.id, unique_key)
    provider = services.registry.provider(integration.provider)
    names = [name.strip() for name in query.functions.split(",") if name.strip()]
    least, _ = needed_scopes(services.registry, provider, names)
    consent = None
    if integration.client_id:
        config = integration.config | query.connection_config
        consent = approval_url(
            provider, integration.client_id, services.settings.server_url, config
        )
    always = list(provider.required_scopes)
    return {
        "data": {
            "provider": provider.name,
            "scopes": [*(one.name for one in least), *always],
            "why": [
                {"name": one.name, "functions": one.functions, "covers": one.covered}
                for one in least
            ],
            "always": always,
            "consent_url": consent,
        }
    }
