"""The contract's shapes: times, integrations, connections and their credentials."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, Field

from fairlead.model.app_key import Expiring
from fairlead.model.connect_session import EndUser
from fairlead.model.connection import Connection, Fault
from fairlead.model.credentials import (
    ApiKeyCredentials,
    BasicCredentials,
    ClientCredentials,
    Credentials,
    NoCredentials,
    OAuth2Credentials,
    TwoStepCredentials,
)
from fairlead.model.integration import Integration
from fairlead.model.pending_approval import PendingApproval
from fairlead.model.provider import Provider


def zulu(instant: datetime) -> str:
    """Write an instant as `2026-01-01T00:00:00.000Z`."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + (
        f"{instant.microsecond // 1000:03d}Z"
    )


def offset(instant: datetime) -> str:
    """Write an instant as `2026-01-01T00:00:00.000+00:00`."""
    return zulu(instant)[:-1] + "+00:00"


def offset_us(instant: datetime) -> str:
    """Write an instant as `2026-01-01T00:00:00.000000+00:00`."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


class Success(BaseModel):
    """It is done."""

    success: bool = True


class WarningOut(BaseModel):
    """Something that ends within weeks."""

    type: str = Field(description="certificate_expires, client_secret_expires, assertion_expires")
    key_id: str | None
    expires_at: str


def _warnings_out(warnings: Sequence[Expiring]) -> dict[str, Any]:
    """Write the warnings; nothing if there is none."""
    written = [
        {
            "type": f"{one.kind}_expires",
            "key_id": one.ref or None,
            "expires_at": zulu(one.expires_at),
        }
        for one in warnings
    ]
    return {"warnings": written} if written else {}


class IntegrationOut(BaseModel):
    """An integration."""

    unique_key: str
    provider: str
    display_name: str
    logo: str
    forward_webhooks: bool
    created_at: str
    updated_at: str
    webhook_url: str | None = None
    credentials: dict[str, Any] | None = None
    client_secret_expires_at: str | None = None
    warnings: list[WarningOut] | None = None


def logo_url(server_url: str, provider: str) -> str:
    """Return where a provider's logo is."""
    return f"{server_url}/images/template-logos/{provider}.svg"


def guide_url(server_url: str, provider: Provider) -> str:
    """Return where people read how to connect with a provider; "" = nowhere."""
    if provider.guide is None:
        return provider.docs_connect
    return f"{server_url}/connect/guide/{provider.name}"


def integration_out(integration: Integration, server_url: str) -> dict[str, Any]:
    """Write an integration, without its secrets."""
    ends_at = integration.client_secret_expires_at
    return {
        **({"client_secret_expires_at": zulu(ends_at)} if ends_at else {}),
        **_warnings_out(integration.warnings),
        "unique_key": integration.unique_key,
        "provider": integration.provider,
        "display_name": integration.display_name,
        "logo": logo_url(server_url, integration.provider),
        "forward_webhooks": integration.forward_webhooks,
        "created_at": zulu(integration.created_at),
        "updated_at": zulu(integration.updated_at),
    }


class FaultOut(BaseModel):
    """Something that is wrong with a connection now."""

    type: str = Field(description="auth or sync")
    log_id: str
    code: str
    message: str
    sync_name: str | None = None


class ConnectionItem(BaseModel):
    """A connection in a list."""

    id: int
    connection_id: str
    provider_config_key: str
    provider: str
    errors: list[FaultOut]
    end_user: dict[str, Any] | None
    tags: dict[str, str]
    metadata: dict[str, Any] | None
    created: str
    warnings: list[WarningOut] | None = None


class PendingItem(BaseModel):
    """A connection that waits for an administrator."""

    connection_id: str
    provider_config_key: str
    admin_url: str
    """To be forwarded to an administrator."""
    end_user: dict[str, Any] | None
    tags: dict[str, str]
    approved: bool
    problem: dict[str, str] | None = None
    """Why it may wait in vain: `code`, and `message`, who must do what."""
    created: str
    expires_at: str


class ConnectionOut(BaseModel):
    """A connection with its credentials."""

    id: int
    connection_id: str
    provider_config_key: str
    provider: str
    errors: list[FaultOut]
    end_user: dict[str, Any] | None
    tags: dict[str, str]
    metadata: dict[str, Any] | None
    connection_config: dict[str, Any]
    webhook_url_override: str | None
    created_at: str
    updated_at: str
    last_fetched_at: str | None
    credentials: dict[str, Any]
    warnings: list[WarningOut] | None = None


def _fault_out(fault: Fault) -> dict[str, Any]:
    written = {
        "type": fault.type,
        "log_id": fault.log_id,
        "code": fault.code,
        "message": fault.message,
    }
    return written | ({"sync_name": fault.sync_name} if fault.sync_name else {})


def end_user_out(end_user: EndUser | None) -> dict[str, Any] | None:
    """Write an end user; what is unknown is null."""
    if end_user is None:
        return None
    organization = end_user.organization
    return {
        "id": end_user.id,
        "display_name": end_user.display_name,
        "email": end_user.email,
        "tags": end_user.tags or None,
        "organization": {"id": organization.id, "display_name": organization.display_name}
        if organization
        else None,
    }


def _common(connection: Connection) -> dict[str, Any]:
    return {
        **_warnings_out(connection.warnings),
        "id": connection.id,
        "connection_id": connection.connection_id,
        "provider_config_key": connection.integration_key,
        "provider": connection.provider,
        "errors": [_fault_out(fault) for fault in connection.errors],
        "end_user": end_user_out(connection.end_user),
        "tags": connection.tags,
        "metadata": connection.metadata,
    }


def connection_item(connection: Connection) -> dict[str, Any]:
    """Write a connection as an item of a list."""
    return _common(connection) | {"created": offset(connection.created_at)}


def pending_item(pending: PendingApproval) -> dict[str, Any]:
    """Write what waits for an administrator."""
    return {
        "connection_id": pending.connection_id,
        "provider_config_key": pending.integration_key,
        "admin_url": pending.admin_url,
        "end_user": end_user_out(pending.session.end_user),
        "tags": pending.session.tags,
        "approved": pending.approved_at is not None,
        "problem": pending.problem and pending.problem.model_dump(include={"code", "message"}),
        "created": offset(pending.created_at),
        "expires_at": zulu(pending.expires_at),
    }


def connection_out(
    connection: Connection, credentials: Credentials | None, *, with_refresh_token: bool = False
) -> dict[str, Any]:
    """Write a connection whole; refresh tokens are stripped at any depth unless asked for."""
    written = _common(connection) | {
        "connection_config": connection.connection_config,
        "webhook_url_override": connection.webhook_url_override,
        "created_at": offset(connection.created_at),
        "updated_at": offset(connection.updated_at),
        "last_fetched_at": offset(connection.last_fetched_at)
        if connection.last_fetched_at
        else None,
        "credentials": credentials_out(credentials) if credentials else {},
    }
    if not with_refresh_token:
        for part in ("credentials", "connection_config"):
            written[part] = without_refresh_token(written[part])
    return written


def without_refresh_token(value: Any) -> Any:
    """Return a copy without any property called refresh_token."""
    if isinstance(value, dict):
        return {
            key: without_refresh_token(inner)
            for key, inner in value.items()
            if key != "refresh_token"
        }
    if isinstance(value, list):
        return [without_refresh_token(inner) for inner in value]
    return value


def credentials_out(credentials: Credentials) -> dict[str, Any]:
    """Write credentials in the open, in the contract's shape of their type."""
    match credentials:
        case OAuth2Credentials():
            written: dict[str, Any] = {
                "type": credentials.type,
                "access_token": credentials.access_token.get_secret_value(),
            }
            if credentials.refresh_token:
                written["refresh_token"] = credentials.refresh_token.get_secret_value()
            if credentials.expires_at:
                written["expires_at"] = zulu(credentials.expires_at)
            if credentials.own_app:
                written["config_override"] = credentials.own_app.revealed()
            return written | {"raw": credentials.raw}
        case ClientCredentials():
            return {
                "type": credentials.type,
                "token": credentials.token.get_secret_value(),
                "client_id": credentials.client_id,
                "client_secret": credentials.client_secret.get_secret_value()
                if credentials.client_secret
                else None,
                "client_certificate": credentials.client_certificate,
                "expires_at": zulu(credentials.expires_at) if credentials.expires_at else None,
                "raw": credentials.raw,
            }
        case TwoStepCredentials():
            return {
                **{name: value.get_secret_value() for name, value in credentials.fields.items()},
                **(
                    {"client_certificate": credentials.client_certificate}
                    if credentials.client_certificate
                    else {}
                ),
                **(
                    {"refresh_token": credentials.refresh_token.get_secret_value()}
                    if credentials.refresh_token
                    else {}
                ),
                "type": credentials.type,
                "token": credentials.token.get_secret_value(),
                "expires_at": zulu(credentials.expires_at) if credentials.expires_at else None,
                "raw": credentials.raw,
            }
        case ApiKeyCredentials():
            return {"type": credentials.type, "apiKey": credentials.api_key.get_secret_value()}
        case BasicCredentials():
            return {
                "type": credentials.type,
                "username": credentials.username,
                "password": credentials.password.get_secret_value(),
            }
        case NoCredentials():
            return {}
