"""Requests about syncs: run, start, pause and watch them (contract 2.6)."""

from collections.abc import Sequence
from typing import Any

from fairlead.client.admin_shapes import PastRun
from fairlead.client.call import Call, Reply, body, encoded, inside, path, query, whole
from fairlead.client.shapes import (
    Approved,
    Cancelled,
    Frequency,
    Success,
    SyncMode,
    SyncName,
    SyncStatus,
    Variant,
)
from fairlead.client.subscription_shapes import Subscriptions

Syncs = Sequence[str | SyncName]


def trigger(
    syncs: Syncs = (),
    *,
    provider_config_key: str,
    connection_id: str | None = None,
    sync_mode: SyncMode | None = None,
) -> Call[Success]:
    """Run syncs now, besides their schedule; none named = all.

    Without connection_id: of every connection. `sync_mode="full_refresh"` reads everything again.
    """
    sent = body(
        syncs=list(syncs),
        provider_config_key=provider_config_key,
        connection_id=connection_id,
        sync_mode=sync_mode,
    )
    return Call(method="POST", path="/sync/trigger", body=sent, read=whole)


def start(
    syncs: Syncs = (), *, provider_config_key: str, connection_id: str | None = None
) -> Call[Success]:
    """Start the schedules of syncs; none named = all."""
    return _command("/sync/start", syncs, provider_config_key, connection_id)


def pause(
    syncs: Syncs = (), *, provider_config_key: str, connection_id: str | None = None
) -> Call[Success]:
    """Pause the schedules of syncs; a run under way finishes."""
    return _command("/sync/pause", syncs, provider_config_key, connection_id)


def cancel(
    syncs: Syncs = (), *, provider_config_key: str, connection_id: str | None = None
) -> Call[Cancelled]:
    """Stop runs that are queued or under way; what they stored stays, schedules go on."""
    return _command("/sync/cancel", syncs, provider_config_key, connection_id)


def approve_deletions(
    syncs: Syncs = (), *, provider_config_key: str, connection_id: str | None = None
) -> Call[Approved]:
    """Delete what runs held back because it was too much at once; see `heldDeletions`."""
    return _command("/sync/deletions/approve", syncs, provider_config_key, connection_id)


def _command(where: str, syncs: Syncs, key: str, connection_id: str | None) -> Call[Any]:
    sent = body(syncs=list(syncs), provider_config_key=key, connection_id=connection_id)
    return Call(method="POST", path=where, body=sent, read=whole, repeatable=True)


def create_variant(
    name: str, variant: str, *, provider_config_key: str, connection_id: str
) -> Call[Variant]:
    """Make another copy of a sync: its own records, position and schedule."""
    return _variant("POST", name, variant, provider_config_key, connection_id)


def delete_variant(
    name: str, variant: str, *, provider_config_key: str, connection_id: str
) -> Call[Success]:
    """Delete a variant with its records and its position; a run under way is cancelled."""
    return _variant("DELETE", name, variant, provider_config_key, connection_id)


def _variant(method: str, name: str, variant: str, key: str, connection_id: str) -> Call[Any]:
    return Call(
        method=method,
        path=path("sync", name, "variant", variant),
        body=body(provider_config_key=key, connection_id=connection_id),
        read=whole,
    )


def status(
    syncs: Syncs = (), *, provider_config_key: str, connection_id: str | None = None
) -> Call[list[SyncStatus]]:
    """Say how syncs stand; none named = all."""

    def read(reply: Reply) -> list[SyncStatus]:
        found: list[SyncStatus] = reply.json()["syncs"]
        return found

    asked = query(
        syncs=",".join(_name(each) for each in syncs) or "*",
        provider_config_key=provider_config_key,
        connection_id=connection_id,
    )
    return Call(method="GET", path="/sync/status", query=asked, read=read)


def subscriptions(*, provider_config_key: str, connection_id: str) -> Call[Subscriptions]:
    """List what the vendor was asked to tell about a connection, and how that stands."""
    asked = query(provider_config_key=provider_config_key, connection_id=connection_id)
    return Call(method="GET", path="/subscriptions", query=asked, read=whole)


def _name(sync: str | SyncName) -> str:
    if isinstance(sync, str):
        return sync
    return f"{sync['name']}::{sync['variant']}" if "variant" in sync else sync["name"]


def set_frequency(
    sync_name: str,
    frequency: str | None,
    *,
    provider_config_key: str,
    connection_id: str,
    sync_variant: str | None = None,
) -> Call[Frequency]:
    """Change how often a sync of one connection runs: `"15m"`; None = as the function says."""
    sent: dict[str, Any] = {
        "sync_name": sync_name,
        "provider_config_key": provider_config_key,
        "connection_id": connection_id,
        "frequency": frequency,
    }
    if sync_variant is not None:
        sent["sync_variant"] = sync_variant
    return Call(
        method="PUT", path="/sync/update-connection-frequency", body=encoded(sent), read=whole
    )


def runs(
    *,
    provider_config_key: str,
    connection_id: str,
    sync_name: str | None = None,
    sync_variant: str | None = None,
    limit: int | None = None,
) -> Call[list[PastRun]]:
    """List runs of a connection, newest first, with what each did to the records."""
    asked = query(
        provider_config_key=provider_config_key,
        connection_id=connection_id,
        sync_name=sync_name,
        sync_variant=sync_variant,
        limit=limit,
    )
    return Call(method="GET", path="/sync/runs", query=asked, read=inside)
