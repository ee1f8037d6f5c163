"""`/connect/sessions` and `/connect/session`: permits for end users to connect (contract 3)."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, model_validator

from fairlead.api.auth import Caller, LiveSession, needs
from fairlead.api.errors import invalid, invalid_field
from fairlead.api.identifiers import (
    ConnectionId,
    EndUserIn,
    OrganizationIn,
    Tags,
    UniqueKey,
    WebAddress,
    end_user_of,
    organization_of,
)
from fairlead.api.routing import NoQuery, Strict, query_of
from fairlead.api.services import Given, Services
from fairlead.api.wire import end_user_out, zulu
from fairlead.connect.branding import ConnectUi
from fairlead.errors import EgressRefused, InvalidInput
from fairlead.model.connect_session import ConnectSession, IntegrationDefaults
from fairlead.model.connection import Connection
from fairlead.oauth import check_overrides
from fairlead.store import connect_sessions, connections, integrations

router = APIRouter(tags=["connect sessions"])


class DefaultsIn(Strict):
    """What the session fixes for one integration."""

    user_scopes: str | None = None
    authorization_params: dict[str, str] | None = None
    """Sent to the vendor's authorize page; an empty value removes a parameter."""
    connection_config: dict[str, Any] | None = None


class OverridesIn(BaseModel):
    """What the connect page shows instead of the provider's own."""

    model_config = ConfigDict(extra="ignore")

    docs_connect: WebAddress | None = None


class _SessionFields(Strict):
    tags: Tags | None = None
    end_user: EndUserIn | None = None
    organization: OrganizationIn | None = None
    integrations_config_defaults: dict[UniqueKey, DefaultsIn] | None = None
    overrides: dict[UniqueKey, OverridesIn] | None = None
    webhook_url_override: WebAddress | None = None


class SessionCreate(_SessionFields):
    """A new permit to connect."""

    allowed_integrations: list[UniqueKey] | None = None
    """Empty or left out: every integration."""

    @model_validator(mode="after")
    def _names_somebody(self) -> "SessionCreate":
        if self.end_user is None and self.tags is None:
            raise ValueError("Give end_user or tags, so that you can tell who connected")
        return self


class ReconnectCreate(_SessionFields):
    """A permit to renew one connection."""

    connection_id: ConnectionId
    integration_id: UniqueKey


class SessionToken(BaseModel):
    """A new session's token and page."""

    token: str
    connect_link: str
    expires_at: str


class SessionTokenReply(BaseModel):
    """A new session."""

    data: SessionToken


async def _check_integrations(
    services: Services, environment_id: int, named: Mapping[str, list[str]]
) -> None:
    async with services.db.glance() as tx:
        there = await integrations.known_keys(
            tx, environment_id, {key for keys in named.values() for key in keys}
        )
    issues = [
        {"code": "custom", "message": "Integration does not exist", "path": [field, place]}
        for field, keys in named.items()
        for place, key in _placed(field, keys)
        if key not in there
    ]
    if issues:
        raise invalid(issues, "invalid_body")


def _placed(field: str, keys: list[str]) -> list[tuple[str, str]]:
    """Pair each key with where it stands: its index in a list, itself in a map."""
    if field == "allowed_integrations":
        return [(str(index), key) for index, key in enumerate(keys)]
    return [(key, key) for key in keys]


def _check_params(key: str, params: Mapping[str, str]) -> None:
    """Refuse at once what would be refused when the trip begins."""
    try:
        check_overrides(params)
    except InvalidInput as error:
        name = error.issues[0]["path"][-1]
        place = ("integrations_config_defaults", key, "authorization_params", name)
        raise invalid_field(error.message, *place) from error


def _check_callable(services: Services, url: str) -> None:
    """Refuse an address that no event could be sent to."""
    try:
        services.transport.check(url)
    except EgressRefused as error:
        raise invalid_field(error.message, "webhook_url_override") from error


async def _open(
    services: Services,
    caller: Caller,
    body: _SessionFields,
    *,
    allowed: list[str],
    reconnected: Connection | None = None,
) -> dict[str, Any]:
    defaults_in = body.integrations_config_defaults or {}
    overrides = body.overrides or {}
    await _check_integrations(
        services,
        caller.environment.id,
        {
            "allowed_integrations": allowed,
            "integrations_config_defaults": list(defaults_in),
            "overrides": list(overrides),
        },
    )
    webhook_url_override = body.webhook_url_override or None
    defaults = {}
    for key, given in defaults_in.items():
        config = dict(given.connection_config or {})
        promoted = config.pop("webhook_url", None)
        if isinstance(promoted, str) and promoted:
            webhook_url_override = webhook_url_override or promoted
        _check_params(key, given.authorization_params or {})
        defaults[key] = IntegrationDefaults(
            user_scopes=given.user_scopes,
            authorization_params=given.authorization_params or {},
            connection_config=config,
        )
    if webhook_url_override:
        _check_callable(services, webhook_url_override)
    end_user = end_user_of(body.end_user, body.organization)
    tags = body.tags or {}
    if reconnected and end_user is None and not tags:
        end_user, tags = reconnected.end_user, reconnected.tags
    session, token = await services.sessions.open_session(
        caller.environment,
        end_user=end_user,
        organization=organization_of(body.organization),
        tags=tags,
        allowed_integrations=tuple(allowed),
        defaults=defaults,
        overrides={key: each.model_dump(exclude_none=True) for key, each in overrides.items()},
        webhook_url_override=webhook_url_override,
        connection_id=reconnected.connection_id if reconnected else None,
    )
    return {
        "data": {
            "token": token,
            "connect_link": f"{services.settings.server_url}/connect/?session_token={token}",
            "expires_at": zulu(session.expires_at),
        }
    }


@router.post(
    "/connect/sessions",
    status_code=201,
    response_model=SessionTokenReply,
    dependencies=[Depends(query_of(NoQuery))],
)
async def create(
    services: Given,
    body: SessionCreate,
    caller: Annotated[Caller, needs("environment:connect_sessions:write")],
) -> dict[str, Any]:
    """Open a session for one end user; it lives 30 minutes."""
    return await _open(services, caller, body, allowed=list(body.allowed_integrations or ()))


@router.post(
    "/connect/sessions/reconnect",
    status_code=201,
    response_model=SessionTokenReply,
    dependencies=[Depends(query_of(NoQuery))],
)
async def create_reconnect(
    services: Given,
    body: ReconnectCreate,
    caller: Annotated[Caller, needs("environment:connect_sessions:write")],
) -> dict[str, Any]:
    """Open a session in which the end user renews one connection; its id stays."""
    async with services.db.read() as tx:
        found = await connections.find(
            tx, caller.environment.id, body.integration_id, body.connection_id
        )
    if found is None:
        raise invalid_field("ConnectionID or IntegrationId does not exists", "connection_id")
    return await _open(services, caller, body, allowed=[body.integration_id], reconnected=found)


class SessionReply(BaseModel):
    """What a connect page needs to know of its session."""

    data: dict[str, Any]


def _session_out(session: ConnectSession, ui: ConnectUi) -> dict[str, Any]:
    written: dict[str, Any] = {
        "endUser": end_user_out(session.end_user),
        "connectUISettings": ui.model_dump(
            by_alias=True, include={"show_watermark", "default_theme", "theme"}
        ),
        "websocketsPath": "/",
    }
    if session.allowed_integrations:
        written["allowed_integrations"] = list(session.allowed_integrations)
    if session.defaults:
        # user_scopes stays with us
        written["integrations_config_defaults"] = {
            key: {
                "connection_config": each.connection_config,
                "authorization_params": each.authorization_params,
            }
            for key, each in session.defaults.items()
        }
    if session.overrides:
        written["overrides"] = session.overrides
    if session.connection_id:
        written["isReconnecting"] = True
    return written


@router.get(
    "/connect/session",
    response_model=SessionReply,
    dependencies=[Depends(query_of(NoQuery))],
)
async def read(services: Given, session: LiveSession) -> dict[str, Any]:
    """Read the session whose token is in the Authorization header."""
    ui = await services.branding.of(services.db, session.environment_id)
    return {"data": _session_out(session, ui)}


@router.delete(
    "/connect/session",
    status_code=204,
    response_class=Response,
    dependencies=[Depends(query_of(NoQuery))],
)
async def delete(services: Given, session: LiveSession) -> Response:
    """End the session whose token is in the Authorization header."""
    async with services.db.write() as tx:
        await connect_sessions.delete(tx, session.id)
    return Response(status_code=204)
