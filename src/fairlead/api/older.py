"""The contract's older routes, which its clients still call, and those that nothing is behind here.

`POST /connection` is the flat form of `POST /connections`; `/connection/{id}/metadata` takes the
metadata as its body (2.3). Ways to authenticate that no provider here has are refused in words.
"""

import math
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import SecretStr

from fairlead.api.auth import Caller, needs
from fairlead.api.connection_import import ConnectionImport, import_connection
from fairlead.api.identifiers import Secret
from fairlead.api.metadata import MetadataIn, merge_metadata, set_metadata
from fairlead.api.routing import (
    NoQuery,
    Strict,
    headers_of,
    query_of,
    required_headers,
    validated,
)
from fairlead.api.services import Given
from fairlead.errors import InvalidInput
from fairlead.model.provider import AuthMode
from fairlead.store import integrations

router = APIRouter(dependencies=[Depends(query_of(NoQuery))], include_in_schema=False)

#: of `/auth/{mode}/{integration}`: what no provider here is connected by
_OTHER_MODES = ("jwt", "signature", "tba", "bill", "aws-sigv4", "oauth-outbound")


class OlderImport(Strict):
    """Credentials that were obtained elsewhere, beside what they are for."""

    provider_config_key: str
    connection_id: str | None = None
    metadata: dict[str, Any] | None = None
    connection_config: dict[str, Any] | None = None
    access_token: Secret | None = None
    refresh_token: Secret | None = None
    expires_at: str | None = None
    expires_in: float | None = None
    no_expiration: bool = False
    raw: dict[str, Any] | None = None
    """Of no effect here."""
    oauth_client_id_override: str | None = None
    oauth_client_secret_override: Secret | None = None
    api_key: Secret | None = None
    username: str | None = None
    password: Secret | None = None


def _end(body: OlderImport, now: datetime) -> str | None:
    if body.no_expiration:
        return None
    if body.expires_in is not None and math.isfinite(body.expires_in):
        return (now + timedelta(seconds=body.expires_in)).isoformat()
    if body.expires_at is None:
        raise InvalidInput(
            "expires_at is missing; give it, expires_in, or no_expiration: true",
            code="missing_expires_at",
        )
    try:
        moment = datetime.fromisoformat(body.expires_at)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InvalidInput(
            "expires_at is no moment; write it as 2026-01-01T00:00:00Z", code="invalid_expires_at"
        )
    return moment.isoformat()


def _credentials(body: OlderImport, mode: AuthMode, now: datetime) -> dict[str, Any]:
    def opened(secret: SecretStr | None) -> str:
        return secret.get_secret_value() if secret else ""

    match mode:
        case AuthMode.OAUTH2:
            if not opened(body.access_token):
                raise InvalidInput("access_token is missing", code="missing_access_token")
            refresh = {"refresh_token": opened(body.refresh_token)} if body.refresh_token else {}
            override = {
                "client_id": body.oauth_client_id_override,
                "client_secret": opened(body.oauth_client_secret_override),
            }
            return {
                "access_token": opened(body.access_token),
                "expires_at": _end(body, now),
                **refresh,
                **({"config_override": override} if body.oauth_client_id_override else {}),
            }
        case AuthMode.API_KEY:
            return {"apiKey": opened(body.api_key)}
        case AuthMode.BASIC:
            return {"username": body.username or "", "password": opened(body.password)}
        case AuthMode.NONE:
            return {}
    raise InvalidInput(
        f"{mode.value} credentials are imported by POST /connections", code="invalid_auth_mode"
    )


@router.post("/connection", status_code=201)
async def import_flat(
    services: Given,
    body: OlderImport,
    caller: Annotated[Caller, needs("environment:connections:create")],
) -> dict[str, Any]:
    """Import a connection, its credentials beside the rest."""
    async with services.db.read() as tx:
        found = await integrations.find(
            tx, services.vault, caller.environment.id, body.provider_config_key
        )
    if found is None:
        raise InvalidInput(
            f"There is no integration '{body.provider_config_key}'; create it first",
            code="unknown_provider_config",
        )
    mode = services.registry.provider(found.provider).auth_mode
    told = {
        "provider_config_key": body.provider_config_key,
        "connection_id": body.connection_id,
        "metadata": body.metadata,
        "connection_config": body.connection_config,
        "credentials": {"type": mode.value, **_credentials(body, mode, services.clock.now())},
    }
    wanted = validated(ConnectionImport, told, "invalid_body")
    return await import_connection(services, wanted, caller)


def _named(request: Request, connection_id: str, metadata: dict[str, Any]) -> MetadataIn:
    [key] = required_headers(headers_of(request.headers.raw), "provider-config-key")
    told = {"connection_id": connection_id, "provider_config_key": key, "metadata": metadata}
    return validated(MetadataIn, told, "invalid_headers")


@router.post("/connection/{connection_id:path}/metadata", status_code=201)
async def set_one(
    request: Request,
    services: Given,
    connection_id: str,
    metadata: dict[str, Any],
    caller: Annotated[Caller, needs("environment:connections:update")],
) -> dict[str, Any]:
    """Replace the metadata of one connection."""
    await set_metadata(services, _named(request, connection_id, metadata), caller)
    return metadata


@router.patch("/connection/{connection_id:path}/metadata")
async def merge_one(
    request: Request,
    services: Given,
    connection_id: str,
    metadata: dict[str, Any],
    caller: Annotated[Caller, needs("environment:connections:update")],
) -> dict[str, Any]:
    """Merge top-level keys into the metadata of one connection."""
    await merge_metadata(services, _named(request, connection_id, metadata), caller)
    return metadata


@router.post("/integrations/quickstart")
async def refuse_shared_app(
    _caller: Annotated[Caller, needs("environment:integrations:create")],
) -> None:
    """Refuse to create an integration without an app of its own."""
    raise InvalidInput(
        "There is no shared app here; register your own at the vendor, and create the integration "
        "with POST /integrations and its credentials",
        code="missing_credentials",
    )


@router.get("/environment-variables")
async def list_variables(
    _caller: Annotated[Caller, needs("environment:variables:read")],
) -> list[dict[str, str]]:
    """List the variables that functions get: none; they have the server's settings."""
    return []


# without a query model: the contract's browser client sends the session's token there
other_modes = APIRouter(include_in_schema=False)


@other_modes.post("/auth/{mode}/{provider_config_key:path}")
async def refuse_mode(mode: str, provider_config_key: str) -> None:
    """Refuse a way to authenticate that no provider here has."""
    known = f"{mode} credentials" if mode in _OTHER_MODES else "these credentials"
    raise InvalidInput(
        f"'{provider_config_key}' is not connected by {known}; no provider here is",
        code="invalid_auth_mode",
    )
