"""`/integrations/{key}/certificates`: keys that are made here; only certificates leave.

Not of the contract: there, keys are pasted. With `connection_id` a key is for one connection.
"""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from fairlead.api.auth import Caller, needs
from fairlead.api.connections import required_connection
from fairlead.api.identifiers import ConnectionId, Text
from fairlead.api.integrations import required_integration
from fairlead.api.routing import NoQuery, Strict, parameters, query_of
from fairlead.api.services import Given, Services
from fairlead.api.wire import zulu
from fairlead.connect.app_keys import DAYS, MOST_DAYS
from fairlead.model.app_key import AppKey
from fairlead.model.connection import Connection
from fairlead.store import connections

router = APIRouter(tags=["certificates"])
_PATH = "/integrations/{unique_key}/certificates"


class CertificateOut(BaseModel):
    """A key's certificate and where it is in its life."""

    id: str
    connection_id: str | None
    """For one connection only; null: for all of the integration."""
    state: str = Field(description="next, active, previous or retired")
    thumbprint: str
    """SHA-1, as vendors' pages show it."""
    certificate: str
    """PEM: what the vendor is given."""
    created_at: str
    expires_at: str
    activated_at: str | None
    superseded_at: str | None
    retired_at: str | None
    used_at: str | None
    """When the vendor last took it, to the hour."""
    tried_at: str | None
    """When the vendor was last asked."""
    refusal: str | None
    """What the vendor said then; null: it took it."""


class CertificateReply(BaseModel):
    """One certificate."""

    data: CertificateOut


class CertificateList(BaseModel):
    """Certificates, newest first."""

    data: list[CertificateOut]


class CertificateCreate(Strict):
    """A new key."""

    connection_id: ConnectionId | None = None
    """For this connection only; left out: for all of the integration."""
    days: int = Field(default=DAYS, ge=1, le=MOST_DAYS)
    """Life of the certificate."""
    common_name: Text | None = None
    """What the vendor's page shows."""


class CertificatesQuery(Strict):
    """Whose."""

    connection_id: str | None = None
    """Only those of this connection."""


class Force(Strict):
    """How."""

    force: bool = False
    """Without asking the vendor, or although it signs."""


async def _written(services: Services, keys: list[AppKey]) -> list[dict[str, Any]]:
    names: dict[int, str] = {}
    async with services.db.read() as tx:
        for pk in {key.connection_pk for key in keys if key.connection_pk is not None}:
            found = await connections.by_pk(tx, pk)
            if found is not None:
                names[pk] = found.connection_id
    return [_out(key, names.get(key.connection_pk or 0)) for key in keys]


def _out(key: AppKey, connection_id: str | None) -> dict[str, Any]:
    def told(instant: datetime | None) -> str | None:
        return zulu(instant) if instant else None

    return {
        "id": key.id,
        "connection_id": connection_id,
        "state": key.state.value,
        "thumbprint": key.thumbprint,
        "certificate": key.certificate,
        "created_at": zulu(key.created_at),
        "expires_at": zulu(key.expires_at),
        "activated_at": told(key.activated_at),
        "superseded_at": told(key.superseded_at),
        "retired_at": told(key.retired_at),
        "used_at": told(key.used_at),
        "tried_at": told(key.tried_at),
        "refusal": key.refusal,
    }


async def _connection(
    services: Services, caller: Caller, key: str, connection_id: str | None
) -> Connection | None:
    if connection_id is None:
        return None
    return await required_connection(services, caller.environment.id, key, connection_id)


@router.get(
    _PATH,
    response_model=CertificateList,
    openapi_extra={"parameters": parameters(CertificatesQuery)},
)
async def list_certificates(
    services: Given,
    unique_key: str,
    query: Annotated[CertificatesQuery, Depends(query_of(CertificatesQuery))],
    caller: Annotated[Caller, needs("environment:integrations:read")],
) -> dict[str, Any]:
    """List the certificates of an integration, or of one of its connections."""
    integration = await required_integration(services, caller.environment.id, unique_key)
    connection = await _connection(services, caller, unique_key, query.connection_id)
    return {
        "data": await _written(services, await services.app_keys.all_of(integration, connection))
    }


@router.post(
    _PATH,
    status_code=201,
    response_model=CertificateReply,
    dependencies=[Depends(query_of(NoQuery))],
)
async def make_certificate(
    services: Given,
    unique_key: str,
    body: CertificateCreate,
    caller: Annotated[Caller, needs("environment:integrations:update")],
) -> dict[str, Any]:
    """Make a key pair; the private half stays here, sealed, and signs once the vendor takes it."""
    integration = await required_integration(services, caller.environment.id, unique_key)
    connection = await _connection(services, caller, unique_key, body.connection_id)
    key = await services.app_keys.make(
        integration, connection, days=body.days, name=body.common_name or ""
    )
    return {"data": (await _written(services, [key]))[0]}


@router.post(
    f"{_PATH}/{{certificate_id}}/activate",
    response_model=CertificateReply,
    dependencies=[Depends(query_of(NoQuery))],
)
async def activate_certificate(
    services: Given,
    unique_key: str,
    certificate_id: str,
    body: Force,
    caller: Annotated[Caller, needs("environment:integrations:update")],
) -> dict[str, Any]:
    """Switch to a certificate, if the vendor takes it; until then the old one goes on."""
    integration = await required_integration(services, caller.environment.id, unique_key)
    key = await services.app_keys.switch_to(integration, certificate_id, force=body.force)
    return {"data": (await _written(services, [key]))[0]}


@router.post(
    f"{_PATH}/{{certificate_id}}/retire",
    response_model=CertificateReply,
    dependencies=[Depends(query_of(NoQuery))],
)
async def retire_certificate(
    services: Given,
    unique_key: str,
    certificate_id: str,
    body: Force,
    caller: Annotated[Caller, needs("environment:integrations:update")],
) -> dict[str, Any]:
    """Destroy a certificate's private key."""
    integration = await required_integration(services, caller.environment.id, unique_key)
    key = await services.app_keys.retire(integration, certificate_id, force=body.force)
    return {"data": (await _written(services, [key]))[0]}
