"""Requests about connections, their metadata and their health (contract 2.3)."""

from collections.abc import Mapping, Sequence
from typing import Any

from fairlead.client.call import Call, Page, Reply, body, path, query, whole
from fairlead.client.shapes import (
    Connection,
    ConnectionItem,
    Diagnosis,
    EndUser,
    Metadata,
    PendingConnection,
    Success,
)

#: connections in one answer: as many as the server gives
_PAGE = 10_000


def list_all(
    *,
    connection_id: str | None = None,
    search: str | None = None,
    end_user_id: str | None = None,
    organization_id: str | None = None,
    provider_config_key: str | Sequence[str] | None = None,
    tags: Mapping[str, str] | None = None,
    failing: bool | None = None,
    page_size: int = _PAGE,
) -> Call[Page[ConnectionItem]]:
    """List connections without their credentials, newest first.

    `search` is a part of the connection id, or of the end user's id, name or e-mail; `failing`
    picks those with an error now, or those without.
    """
    keys = provider_config_key
    asked = query(
        connectionId=connection_id,
        search=search,
        endUserId=end_user_id,
        endUserOrganizationId=organization_id,
        integrationId=keys if isinstance(keys, str) or keys is None else ",".join(keys),
        tags=tags,
        failing=failing,
        limit=page_size,
    )
    return _page(asked, page_size, 0)


def _page(asked: list[tuple[str, str]], size: int, number: int) -> Call[Page[ConnectionItem]]:
    def read(reply: Reply) -> Page[ConnectionItem]:
        items = reply.json()["connections"]
        return Page(items, _page(asked, size, number + 1) if len(items) == size else None)

    where = [*asked, ("page", str(number))] if number else asked
    return Call(method="GET", path="/connections", query=where, read=read)


def pending(
    *, provider_config_key: str | None = None, end_user_id: str | None = None
) -> Call[list[PendingConnection]]:
    """List the connections that wait for an administrator."""

    def read(reply: Reply) -> list[PendingConnection]:
        waiting: list[PendingConnection] = reply.json().get("pending", [])
        return waiting

    asked = query(integrationId=provider_config_key, endUserId=end_user_id, limit=1)
    return Call(method="GET", path="/connections", query=asked, read=read)


def get(
    *,
    provider_config_key: str,
    connection_id: str,
    force_refresh: bool = False,
    refresh_token: bool = False,
) -> Call[Connection]:
    """Read a connection with credentials that work now; they are renewed first if need be.

    `force_refresh` renews them even if they are still good; `refresh_token` tells that, too.
    """
    return Call(
        method="GET",
        path=path("connections", connection_id),
        query=query(
            provider_config_key=provider_config_key,
            force_refresh=force_refresh,
            refresh_token=refresh_token,
        ),
        read=whole,
    )


def create(
    *,
    provider_config_key: str,
    credentials: Mapping[str, Any],
    connection_id: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    connection_config: Mapping[str, Any] | None = None,
    webhook_url_override: str | None = None,
    end_user: EndUser | None = None,
    tags: Mapping[str, str] | None = None,
) -> Call[Connection]:
    """Import credentials that were obtained elsewhere; an existing connection is overwritten.

    `credentials["type"]` is one of OAUTH2, OAUTH2_CC, TWO_STEP, API_KEY, BASIC and NONE.
    """
    sent = body(
        provider_config_key=provider_config_key,
        credentials=credentials,
        connection_id=connection_id,
        metadata=metadata,
        connection_config=connection_config,
        webhook_url_override=webhook_url_override,
        end_user=end_user,
        tags=tags,
    )
    return Call(method="POST", path="/connections", body=sent, read=whole)


def update(
    *,
    provider_config_key: str,
    connection_id: str,
    end_user: EndUser | None = None,
    tags: Mapping[str, str] | None = None,
    webhook_url_override: str | None = None,
) -> Call[Success]:
    """Change whose a connection is, all its tags, or where its webhooks go ("" = as usual)."""
    return Call(
        method="PATCH",
        path=path("connections", connection_id),
        query=query(provider_config_key=provider_config_key),
        body=body(end_user=end_user, tags=tags, webhook_url_override=webhook_url_override),
        read=whole,
        repeatable=True,
    )


def delete(*, provider_config_key: str, connection_id: str) -> Call[Success]:
    """Delete a connection with its credentials, schedules and records."""
    return Call(
        method="DELETE",
        path=path("connections", connection_id),
        query=query(provider_config_key=provider_config_key),
        read=whole,
    )


def _metadata(
    method: str, key: str, connection_id: str | Sequence[str], metadata: Mapping[str, Any]
) -> Call[Metadata]:
    ids = connection_id if isinstance(connection_id, str) else list(connection_id)
    return Call(
        method=method,
        path="/connections/metadata",
        body=body(connection_id=ids, provider_config_key=key, metadata=metadata),
        read=whole,
        repeatable=True,
    )


def set_metadata(
    metadata: Mapping[str, Any], *, provider_config_key: str, connection_id: str | Sequence[str]
) -> Call[Metadata]:
    """Replace the metadata of one or several connections: of all that are named, or of none."""
    return _metadata("POST", provider_config_key, connection_id, metadata)


def update_metadata(
    metadata: Mapping[str, Any], *, provider_config_key: str, connection_id: str | Sequence[str]
) -> Call[Metadata]:
    """Merge top-level keys into the metadata of one or several connections."""
    return _metadata("PATCH", provider_config_key, connection_id, metadata)


def doctor(
    *, provider_config_key: str, connection_id: str, probe: Sequence[str] = ()
) -> Call[Diagnosis]:
    """Examine a connection: what is wrong, why, and who must do what.

    `probe` names paths below the provider's base URL that should be reachable.
    """
    return Call(
        method="POST",
        path=path("connections", connection_id, "doctor"),
        query=query(provider_config_key=provider_config_key),
        body=body(probe=list(probe)),
        read=whole,
        repeatable=True,
    )
