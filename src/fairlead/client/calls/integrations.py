"""Requests about integrations, their functions and their certificates (contract 2.2)."""

from collections.abc import Mapping, Sequence
from typing import Literal

from fairlead.client.call import Call, Page, Reply, body, inside, path, query, whole
from fairlead.client.log_shapes import IntegrationStatus, OverallStatus
from fairlead.client.shapes import (
    Certificate,
    Function,
    FunctionType,
    Integration,
    IntegrationCredentials,
    LeastScopes,
    Success,
)

#: functions in one answer
_PAGE = 100


def list_all() -> Call[list[Integration]]:
    """List the integrations."""
    return Call(method="GET", path="/integrations", read=inside)


def get(
    provider_config_key: str, *, include: Sequence[Literal["webhook", "credentials"]] = ()
) -> Call[Integration]:
    """Read an integration; its secrets only with `include=["credentials"]`."""
    return Call(
        method="GET",
        path=path("integrations", provider_config_key),
        query=query(include=include),
        read=inside,
    )


def create(
    *,
    provider: str,
    unique_key: str,
    display_name: str | None = None,
    credentials: IntegrationCredentials | None = None,
    forward_webhooks: bool | None = None,
    integration_config: Mapping[str, str] | None = None,
    custom: Mapping[str, str] | None = None,
    client_secret_expires_at: str | None = None,
) -> Call[Integration]:
    """Create an integration."""
    sent = body(
        provider=provider,
        unique_key=unique_key,
        display_name=display_name,
        credentials=credentials,
        forward_webhooks=forward_webhooks,
        integration_config=integration_config,
        custom=custom,
        client_secret_expires_at=client_secret_expires_at,
    )
    return Call(method="POST", path="/integrations", body=sent, read=inside)


def update(
    provider_config_key: str,
    *,
    unique_key: str | None = None,
    display_name: str | None = None,
    credentials: IntegrationCredentials | None = None,
    forward_webhooks: bool | None = None,
    integration_config: Mapping[str, str] | None = None,
    custom: Mapping[str, str] | None = None,
    client_secret_expires_at: str | None = None,
) -> Call[Integration]:
    """Change an integration; what is left out stays."""
    sent = body(
        unique_key=unique_key,
        display_name=display_name,
        credentials=credentials,
        forward_webhooks=forward_webhooks,
        integration_config=integration_config,
        custom=custom,
        client_secret_expires_at=client_secret_expires_at,
    )
    where = path("integrations", provider_config_key)
    return Call(method="PATCH", path=where, body=sent, read=inside)


def delete(provider_config_key: str) -> Call[Success]:
    """Delete an integration with its connections and their records."""
    return Call(method="DELETE", path=path("integrations", provider_config_key), read=whole)


def list_functions(
    provider_config_key: str, *, type: FunctionType | None = None, search: str | None = None
) -> Call[Page[Function]]:
    """List the actions and syncs of an integration, with their schemas."""
    return _functions(provider_config_key, type, search, 0)


def _functions(
    key: str, kind: FunctionType | None, search: str | None, page: int
) -> Call[Page[Function]]:
    def read(reply: Reply) -> Page[Function]:
        answer = reply.json()
        is_last = (page + 1) * _PAGE >= answer["pagination"]["total"]
        return Page(answer["data"], None if is_last else _functions(key, kind, search, page + 1))

    return Call(
        method="GET",
        path=path("integrations", key, "functions"),
        query=query(type=kind, search=search, page=page, limit=_PAGE),
        read=read,
    )


def scopes(
    provider_config_key: str,
    functions: Sequence[str] = (),
    *,
    connection_config: Mapping[str, str] | None = None,
) -> Call[LeastScopes]:
    """Say which scopes to ask for, why each, and where an administrator approves them.

    `functions` names those that shall run; none: all of the integration. `connection_config` holds
    what the address of the approval depends on, such as the tenant.
    """
    return Call(
        method="GET",
        path=path("integrations", provider_config_key, "scopes"),
        query=query(
            functions=",".join(functions) or None, connection_config=connection_config or None
        ),
        read=inside,
    )


def get_function(
    provider_config_key: str, name: str, *, type: FunctionType | None = None
) -> Call[Function]:
    """Read one function with its schemas."""
    return Call(
        method="GET",
        path=path("integrations", provider_config_key, "functions", name),
        query=query(type=type),
        read=inside,
    )


def list_certificates(
    provider_config_key: str, *, connection_id: str | None = None
) -> Call[list[Certificate]]:
    """List the certificates of an integration, or of one of its connections, newest first."""
    return Call(
        method="GET",
        path=path("integrations", provider_config_key, "certificates"),
        query=query(connection_id=connection_id),
        read=inside,
    )


def make_certificate(
    provider_config_key: str,
    *,
    connection_id: str | None = None,
    days: int | None = None,
    common_name: str | None = None,
) -> Call[Certificate]:
    """Make a key pair; the private half never leaves the server."""
    return Call(
        method="POST",
        path=path("integrations", provider_config_key, "certificates"),
        body=body(connection_id=connection_id, days=days, common_name=common_name),
        read=inside,
    )


def _certificate(key: str, certificate_id: str, verb: str, *, force: bool) -> Call[Certificate]:
    return Call(
        method="POST",
        path=path("integrations", key, "certificates", certificate_id, verb),
        body=body(force=force),
        read=inside,
    )


def activate_certificate(
    provider_config_key: str, certificate_id: str, *, force: bool = False
) -> Call[Certificate]:
    """Switch to a certificate, if the vendor takes it; `force` does not ask the vendor."""
    return _certificate(provider_config_key, certificate_id, "activate", force=force)


def retire_certificate(
    provider_config_key: str, certificate_id: str, *, force: bool = False
) -> Call[Certificate]:
    """Destroy a certificate's private key; with `force` even that of the one in use."""
    return _certificate(provider_config_key, certificate_id, "retire", force=force)


def status(unique_key: str) -> Call[IntegrationStatus]:
    """Say how an integration stands: healthy, degraded or failing, why, how fresh its syncs are."""
    return Call(method="GET", path=path("integrations", unique_key, "status"), read=inside)


def overall_status() -> Call[OverallStatus]:
    """Say how all integrations stand; `status` is the worst."""
    return Call(method="GET", path="/status", read=whole)
