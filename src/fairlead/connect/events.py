"""The `auth` events: a connection came to be, was replaced, or cannot be renewed (contract 6.1).

One more operation than there: `expiry`, before a secret or certificate ends.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fairlead.errors import FairleadError
from fairlead.http.redact import redact
from fairlead.model.app_key import Expiring
from fairlead.model.connect_session import EndUser
from fairlead.model.connection import Connection
from fairlead.model.event import Event
from fairlead.model.integration import Integration
from fairlead.model.operation import Operation, OperationState, OperationType
from fairlead.model.provider import Provider
from fairlead.store import Tx, environments, operations, outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthNews:
    """What an `auth` event says."""

    #: `creation`, `override` or `refresh`
    operation: str
    connection_id: str
    connection_pk: int | None = None
    end_user: EndUser | None = None
    tags: dict[str, str]
    #: None = it went well
    error: FairleadError | None = None


async def announce(
    tx: Tx,
    news: AuthNews,
    *,
    integration: Integration,
    provider: Provider,
    event_id: str,
    now: datetime,
) -> None:
    """Write the event in the transaction that caused it."""
    environment = await environments.find(tx, integration.environment_id)
    payload: dict[str, Any] = {
        "from": "nango",
        "type": "auth",
        "connectionId": news.connection_id,
        "providerConfigKey": integration.unique_key,
        "authMode": provider.auth_mode.value,
        "provider": provider.name,
        "environment": environment.name if environment else "",
        "operation": news.operation,
        "tags": news.tags,
        "success": news.error is None,
    }
    if news.end_user is not None:
        payload["endUser"] = _end_user(news.end_user)
    if news.error is not None:
        payload["error"] = {"type": news.error.code, "description": news.error.message}
    await outbox.put(
        tx,
        Event(
            id=event_id,
            environment_id=integration.environment_id,
            type="auth",
            connection_pk=news.connection_pk,
            payload=payload,
            created_at=now,
        ),
    )
    await operations.write(tx, [_operation(news, integration, event_id, now)])


#: what the event's operations are called among operations (contract 11)
_ACTIONS = {"refresh": "refresh_token"}


def _operation(news: AuthNews, integration: Integration, event_id: str, now: datetime) -> Operation:
    """Return what is to be found in the log of it, under the id that the fault names."""
    error = news.error
    title = "Renew credentials" if news.operation == "refresh" else "Connect"
    return Operation(
        id=event_id,
        environment_id=integration.environment_id,
        type=OperationType.AUTH,
        action=_ACTIONS.get(news.operation, "create_connection"),
        state=OperationState.SUCCESS if error is None else OperationState.FAILED,
        title=title,
        integration=integration.unique_key,
        provider=integration.provider,
        connection_id=news.connection_id,
        meta={"operation": news.operation},
        error=None
        if error is None
        else {"code": error.code, "message": redact(error.message), "who": error.who},
        created_at=now,
        started_at=now,
        ended_at=now,
    )


async def announce_expiry(
    tx: Tx,
    expiring: Expiring,
    *,
    sentence: str,
    days_left: int,
    integration: Integration,
    connection: Connection | None,
    provider: Provider,
    event_id: str,
    now: datetime,
) -> None:
    """Write that something ends within weeks; without a connection, of all of the integration's."""
    environment = await environments.find(tx, integration.environment_id)
    payload: dict[str, Any] = {
        "from": "nango",
        "type": "auth",
        "connectionId": connection.connection_id if connection else None,
        "providerConfigKey": integration.unique_key,
        "authMode": provider.auth_mode.value,
        "provider": provider.name,
        "environment": environment.name if environment else "",
        "operation": "expiry",
        "tags": connection.tags if connection else {},
        # so that nobody takes it for a new connection
        "success": False,
        "error": {"type": f"{expiring.kind}_expires", "description": sentence},
        "expiry": {
            "kind": expiring.kind,
            "keyId": expiring.ref or None,
            "expiresAt": expiring.expires_at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "daysLeft": days_left,
        },
    }
    if connection is not None and connection.end_user is not None:
        payload["endUser"] = _end_user(connection.end_user)
    await outbox.put(
        tx,
        Event(
            id=event_id,
            environment_id=integration.environment_id,
            type="auth",
            connection_pk=connection.id if connection else None,
            payload=payload,
            created_at=now,
        ),
    )


def _end_user(end_user: EndUser) -> dict[str, Any]:
    told: dict[str, Any] = {"endUserId": end_user.id, "tags": end_user.tags}
    if end_user.email is not None:
        told["endUserEmail"] = end_user.email
    if end_user.organization is not None:
        told["organizationId"] = end_user.organization.id
    return told
