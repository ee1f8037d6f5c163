"""Requests about connect sessions, and those that a connect page of your own makes (contract 3)."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from fairlead.client.call import Call, body, encoded, inside, nothing, path, query, whole
from fairlead.client.shapes import (
    ConnectSession,
    EndUser,
    Established,
    Organization,
    SessionDefaults,
)


def create(
    *,
    end_user: EndUser | None = None,
    organization: Organization | None = None,
    tags: Mapping[str, str] | None = None,
    allowed_integrations: Sequence[str] | None = None,
    integrations_config_defaults: Mapping[str, SessionDefaults] | None = None,
    overrides: Mapping[str, Mapping[str, str]] | None = None,
    webhook_url_override: str | None = None,
) -> Call[ConnectSession]:
    """Open a session in which one end user can connect; it lives 30 minutes.

    Give `end_user` or `tags`, so that you can tell later who connected.
    """
    sent = body(
        end_user=end_user,
        organization=organization,
        tags=tags,
        allowed_integrations=allowed_integrations,
        integrations_config_defaults=integrations_config_defaults,
        overrides=overrides,
        webhook_url_override=webhook_url_override,
    )
    return Call(method="POST", path="/connect/sessions", body=sent, read=inside)


def reconnect(
    *,
    provider_config_key: str,
    connection_id: str,
    end_user: EndUser | None = None,
    organization: Organization | None = None,
    tags: Mapping[str, str] | None = None,
    integrations_config_defaults: Mapping[str, SessionDefaults] | None = None,
    overrides: Mapping[str, Mapping[str, str]] | None = None,
    webhook_url_override: str | None = None,
) -> Call[ConnectSession]:
    """Open a session in which the end user renews one connection; its id stays."""
    sent = body(
        connection_id=connection_id,
        integration_id=provider_config_key,
        end_user=end_user,
        organization=organization,
        tags=tags,
        integrations_config_defaults=integrations_config_defaults,
        overrides=overrides,
        webhook_url_override=webhook_url_override,
    )
    return Call(method="POST", path="/connect/sessions/reconnect", body=sent, read=inside)


def get(token: str) -> Call[dict[str, Any]]:
    """Read what a connect page needs to know of a session."""
    return Call(method="GET", path="/connect/session", token=token, read=inside)


def delete(token: str) -> Call[None]:
    """End a session."""
    return Call(method="DELETE", path="/connect/session", token=token, read=nothing)


def note(
    token: str, *, event: str, timestamp: str, dimensions: Mapping[str, Any] | None = None
) -> Call[None]:
    """Note in the server's log what a connect page of your own saw; `timestamp` is ISO 8601."""
    sent = body(token=token, event=event, timestamp=timestamp, dimensions=dimensions)
    return Call(method="POST", path="/connect/telemetry", body=sent, read=nothing)


def authorization_path(
    token: str, *, provider_config_key: str, connection_config: Mapping[str, str] | None = None
) -> str:
    """Return path and query that send an end user's browser to the vendor, without our page."""
    asked = query(connect_session_token=token, params=connection_config)
    return f"{path('oauth', 'connect', provider_config_key)}?{urlencode(asked)}"


def _submit(
    route: tuple[str, str],
    token: str,
    key: str,
    config: Mapping[str, str] | None,
    filled_in: Mapping[str, Any] | None,
) -> Call[Established]:
    return Call(
        method="POST",
        path=path(*route, key),
        query=query(connect_session_token=token, params=config),
        body=None if filled_in is None else encoded(dict(filled_in)),
        token=token,
        read=whole,
    )


def submit_app(
    token: str,
    *,
    provider_config_key: str,
    credentials: Mapping[str, Any],
    connection_config: Mapping[str, str] | None = None,
) -> Call[Established]:
    """Connect with an app's own credentials: client_id, and client_secret or a certificate."""
    route = ("oauth2", "auth")
    return _submit(route, token, provider_config_key, connection_config, credentials)


def submit_fields(
    token: str,
    *,
    provider_config_key: str,
    credentials: Mapping[str, Any],
    connection_config: Mapping[str, str] | None = None,
) -> Call[Established]:
    """Connect with the fields that the provider's `credentials` name."""
    route = ("auth", "two-step")
    return _submit(route, token, provider_config_key, connection_config, credentials)


def submit_api_key(
    token: str,
    *,
    provider_config_key: str,
    api_key: str,
    connection_config: Mapping[str, str] | None = None,
) -> Call[Established]:
    """Connect with an API key."""
    route, filled_in = ("api-auth", "api-key"), {"apiKey": api_key}
    return _submit(route, token, provider_config_key, connection_config, filled_in)


def submit_basic(
    token: str,
    *,
    provider_config_key: str,
    username: str,
    password: str = "",
    connection_config: Mapping[str, str] | None = None,
) -> Call[Established]:
    """Connect with a user name and a password."""
    route, filled_in = ("api-auth", "basic"), {"username": username, "password": password}
    return _submit(route, token, provider_config_key, connection_config, filled_in)


def submit_nothing(
    token: str,
    *,
    provider_config_key: str,
    connection_config: Mapping[str, str] | None = None,
) -> Call[Established]:
    """Connect to what asks for no credentials."""
    route = ("auth", "unauthenticated")
    return _submit(route, token, provider_config_key, connection_config, None)
