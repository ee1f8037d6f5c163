"""`/connections`: list, import, change and delete; reading one is in `connection_read` (2.3)."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from fairlead.api.auth import Caller, needs
from fairlead.api.identifiers import EndUserIn, Tags, WebAddress, end_user_of
from fairlead.api.routing import Strict, parameters, query_of
from fairlead.api.services import Given, Services
from fairlead.api.wire import (
    ConnectionItem,
    PendingItem,
    Success,
    connection_item,
    pending_item,
)
from fairlead.connect.sessions import derived_tags
from fairlead.errors import CallerError, InvalidInput, NotFound
from fairlead.model.connection import Connection
from fairlead.model.pending_approval import PendingApproval
from fairlead.store import connections, integrations, subscriptions

router = APIRouter(tags=["connections"])

#: connections in one answer at most
_MOST = 10_000


class ConnectionsQuery(Strict):
    """Which connections."""

    connection_id: str | None = Field(default=None, alias="connectionId")
    search: str | None = None
    """Part of the connection id, or of the end user's id, name or e-mail."""
    end_user_id: str | None = Field(default=None, alias="endUserId")
    integration_id: str | None = Field(default=None, alias="integrationId")
    """Unique keys of integrations, comma-separated."""
    organization_id: str | None = Field(default=None, alias="endUserOrganizationId")
    tags: dict[str, str] | None = None
    failing: bool | None = None
    """Only those with an error now, or only those without."""
    limit: int = Field(default=_MOST, ge=1, le=_MOST)
    page: int = Field(default=0, ge=0, le=1_000_000)


class ConnectionList(BaseModel):
    """Connections, without credentials."""

    connections: list[ConnectionItem]
    pending: list[PendingItem] = []
    """Those that wait for an administrator; left out if there are none, and beyond page 0."""


async def required_connection(
    services: Services, environment_id: int, key: str, connection_id: str
) -> Connection:
    """Return a connection; unknown_provider_config or not_found if there is none such."""
    async with services.db.glance() as tx:
        found = await connections.find(tx, environment_id, key, connection_id)
        if found is not None:
            return found
        if await integrations.find(tx, services.vault, environment_id, key) is None:
            raise unknown_integration(key)
    await services.approvals.check(environment_id, key, connection_id)
    raise NotFound("Failed to find connection")


def unknown_integration(key: str, status: int = 400) -> CallerError:
    """Return the error for an integration that is not there."""
    return CallerError(
        f"There is no integration '{key}'; create it with POST /integrations.",
        code="unknown_provider_config",
        status=status,
    )


@router.get(
    "/connections",
    response_model=ConnectionList,
    response_model_exclude_unset=True,
    openapi_extra={"parameters": parameters(ConnectionsQuery)},
)
@router.get("/connection", include_in_schema=False)
async def list_connections(
    services: Given,
    query: Annotated[ConnectionsQuery, Depends(query_of(ConnectionsQuery))],
    caller: Annotated[Caller, needs("environment:connections:list")],
) -> dict[str, Any]:
    """List connections, newest first."""
    async with services.db.read() as tx:
        found = await connections.list_all(
            tx,
            caller.environment.id,
            connection_id=query.connection_id,
            search=query.search,
            end_user_id=query.end_user_id,
            organization_id=query.organization_id,
            integration_keys=query.integration_id.split(",") if query.integration_id else None,
            tags={key.lower(): value for key, value in query.tags.items()} if query.tags else None,
            failing=query.failing,
            limit=query.limit,
            page=query.page,
        )
    listed: dict[str, Any] = {"connections": [connection_item(each) for each in found]}
    if query.page == 0 and (waiting := await _waiting(services, caller, query)):
        listed["pending"] = [pending_item(each) for each in waiting]
    return listed


async def _waiting(
    services: Services, caller: Caller, query: ConnectionsQuery
) -> list[PendingApproval]:
    keys = query.integration_id.split(",") if query.integration_id else None
    return [
        each
        for each in await services.approvals.all_of(caller.environment.id)
        if not each.is_over
        and (keys is None or each.integration_key in keys)
        and query.connection_id in {None, each.connection_id}
        and query.end_user_id in {None, each.session.end_user.id if each.session.end_user else None}
        and not (query.search or query.organization_id or query.tags or query.failing is not None)
    ]


class ConnectionKeyQuery(Strict):
    """Which connection of that id."""

    provider_config_key: str
    """Unique key of the integration."""


class ConnectionPatch(Strict):
    """What changes."""

    end_user: EndUserIn | None = None
    tags: Tags | None = None
    """Replaces all tags."""
    webhook_url_override: WebAddress | None = None
    """Empty: back to the environment's own."""


@router.patch(
    "/connections/{connection_id:path}",
    response_model=Success,
    openapi_extra={"parameters": parameters(ConnectionKeyQuery)},
)
async def patch_connection(
    services: Given,
    connection_id: str,
    query: Annotated[ConnectionKeyQuery, Depends(query_of(ConnectionKeyQuery))],
    body: ConnectionPatch,
    caller: Annotated[Caller, needs("environment:connections:update")],
) -> dict[str, Any]:
    """Change who a connection belongs to, its tags, or where its webhooks go."""
    connection = await required_connection(
        services, caller.environment.id, query.provider_config_key, connection_id
    )
    changes: dict[str, Any] = {}
    if body.end_user is not None:
        changes["end_user"] = end_user_of(body.end_user, None)
        changes["tags"] = connection.tags | derived_tags(changes["end_user"])
    if body.tags is not None:
        changes["tags"] = body.tags
    if body.webhook_url_override is not None:
        changes["webhook_url_override"] = body.webhook_url_override or None
    if not changes:
        raise InvalidInput("Name at least one of end_user, tags and webhook_url_override")
    async with services.db.write() as tx:
        await connections.patch(tx, connection.id, changes=changes, now=services.clock.now())
    return {"success": True}


@router.delete(
    "/connections/{connection_id:path}",
    response_model=Success,
    openapi_extra={"parameters": parameters(ConnectionKeyQuery)},
)
@router.delete("/connection/{connection_id:path}", include_in_schema=False)
async def delete_connection(
    services: Given,
    connection_id: str,
    query: Annotated[ConnectionKeyQuery, Depends(query_of(ConnectionKeyQuery))],
    caller: Annotated[Caller, needs("environment:connections:delete")],
) -> dict[str, Any]:
    """Delete a connection with its credentials, schedules, records and subscriptions."""
    for is_last in (False, False, True):
        gone = await _delete(services, caller, query.provider_config_key, connection_id, is_last)
        if gone is not None:
            break
    assert gone is not None
    services.freshener.forget(gone.id)
    return {"success": True}


async def _delete(
    services: Services, caller: Caller, key: str, connection_id: str, is_last: bool
) -> Connection | None:
    """Delete a connection after its subscriptions; None if it got another one meanwhile."""
    where = (caller.environment.id, key, connection_id)
    async with services.db.read() as tx:
        found = await connections.find(tx, *where)
    # with its credentials, while there are any
    ended = await services.tender.end(found) if found is not None else set()
    async with services.db.write() as tx:
        found = await connections.find(tx, *where)
        if found is None:
            raise CallerError(
                f"There is no connection '{connection_id}' of '{key}'.", code="unknown_connection"
            )
        if await subscriptions.are_left(tx, found.id, ended) and not is_last:
            return None
        await connections.delete(tx, found.id)
    return found
