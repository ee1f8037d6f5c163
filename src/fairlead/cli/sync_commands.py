"""What `fairlead syncs` and `fairlead webhooks` understand."""

# ruff: noqa: PLR0917  # options of a command are given by name

import asyncio
from itertools import islice
from typing import Annotated, Any

import typer

from fairlead.cli import syncs, webhooks
from fairlead.cli.remote import Host, Json, as_fields, as_table, server
from fairlead.settings import load_settings

app = typer.Typer(help="How syncs stand, and what they held back.", no_args_is_help=True)
webhooks_app = typer.Typer(help="Events that the product was told of.", no_args_is_help=True)

Connection = Annotated[str, typer.Argument(help="Id of the connection.")]
Integration = Annotated[
    str | None, typer.Option(help="Unique key of its integration, if several have one of that id.")
]
Environment = Annotated[str, typer.Option(help="Name of the environment.")]


@app.command(epilog="Example: [b]fairlead syncs status 3f2a...[/b]")
def status(connection: Connection, integration: Integration = None, json: Json = False) -> None:
    """Say how the syncs of a connection stand, and where those under way are."""
    asyncio.run(syncs.status(load_settings(), connection, integration, json=json))


@app.command(epilog="Example: [b]fairlead syncs approve 3f2a... drive-items[/b]")
def approve(
    connection: Connection,
    sync: Annotated[list[str] | None, typer.Argument(help="Syncs. Default: all.")] = None,
    integration: Integration = None,
    variant: Annotated[str, typer.Option(help="Variant of the syncs.")] = "base",
) -> None:
    """Delete what syncs held back because it was too much at once."""
    asyncio.run(syncs.approve(load_settings(), connection, integration, sync or [], variant))


Syncs = Annotated[list[str] | None, typer.Argument(help="Names of syncs. Default: all.")]
Of = Annotated[str, typer.Option("--integration", help="Unique key of the integration.")]
One = Annotated[str | None, typer.Option("--connection", help="Only of this connection.")]


def _of(integration: str, connection: str | None) -> dict[str, Any]:
    return {"provider_config_key": integration, "connection_id": connection}


@app.command("list", epilog="Example: [b]fairlead syncs list --integration drives[/b]")
def list_(integration: Of, connection: One = None, host: Host = None, json: Json = False) -> None:
    """List the syncs of an integration's connections, as a running server knows them."""
    with server(host) as client:
        found = client.syncs.status(**_of(integration, connection))
    columns = [
        ("connection", lambda one: one["connection_id"]),
        ("sync", lambda one: one["name"]),
        ("status", lambda one: one["status"]),
        ("every", lambda one: one["frequency"]),
        ("last end", lambda one: one["finishedAt"]),
        ("next", lambda one: one["nextScheduledSyncAt"]),
    ]
    as_table(found, columns, json=json)


@app.command(epilog="Example: [b]fairlead syncs trigger drive-items --integration drives[/b]")
def trigger(
    integration: Of,
    sync: Syncs = None,
    connection: One = None,
    full: Annotated[bool, typer.Option("--full", help="Read everything again.")] = False,
    host: Host = None,
    json: Json = False,
) -> None:
    """Run syncs now, besides their schedule."""
    with server(host) as client:
        done = client.syncs.trigger(
            sync or [],
            **_of(integration, connection),
            sync_mode="full_refresh" if full else None,
        )
    as_fields(done, json=json)


@app.command(epilog="Example: [b]fairlead syncs start --integration drives[/b]")
def start(
    integration: Of,
    sync: Syncs = None,
    connection: One = None,
    host: Host = None,
    json: Json = False,
) -> None:
    """Start the schedules of syncs."""
    with server(host) as client:
        done = client.syncs.start(sync or [], **_of(integration, connection))
    as_fields(done, json=json)


@app.command(epilog="Example: [b]fairlead syncs pause permissions --integration drives[/b]")
def pause(
    integration: Of,
    sync: Syncs = None,
    connection: One = None,
    host: Host = None,
    json: Json = False,
) -> None:
    """Pause the schedules of syncs; a run under way finishes."""
    with server(host) as client:
        done = client.syncs.pause(sync or [], **_of(integration, connection))
    as_fields(done, json=json)


@app.command(epilog="Example: [b]fairlead syncs cancel --integration drives[/b]")
def cancel(
    integration: Of,
    sync: Syncs = None,
    connection: One = None,
    host: Host = None,
    json: Json = False,
) -> None:
    """Stop runs that are queued or under way; what they stored stays, schedules go on."""
    with server(host) as client:
        done = client.syncs.cancel(sync or [], **_of(integration, connection))
    as_fields(done, json=json)


@app.command(epilog="Example: [b]fairlead syncs history --integration drives --limit 5[/b]")
def history(
    integration: Of,
    sync: Annotated[str | None, typer.Argument(help="Name of the sync. Default: all.")] = None,
    connection: One = None,
    limit: Annotated[int, typer.Option(help="How many.", min=1, max=1000)] = 20,
    host: Host = None,
    json: Json = False,
) -> None:
    """List runs, newest first; `fairlead logs` has each one's steps."""
    with server(host) as client:
        pages = client.logs.list(
            type="sync", integration=integration, connection_id=connection, function=sync
        )
        found = list(islice(pages, limit))
    columns = [
        ("started", lambda one: one["started_at"]),
        ("ended", lambda one: one["ended_at"]),
        ("connection", lambda one: one["connection_id"]),
        ("sync", lambda one: one["function"]),
        ("state", lambda one: one["state"]),
        ("operation", lambda one: one["id"]),
    ]
    as_table(found, columns, json=json)


@webhooks_app.command("dead-letters", epilog="Example: [b]fairlead webhooks dead-letters[/b]")
def dead_letters(
    limit: Annotated[int, typer.Option(help="How many.", min=1, max=1000)] = 100,
    environment: Environment = "dev",
    json: Json = False,
) -> None:
    """List events that were given up, newest first; they are kept for 30 days."""
    asyncio.run(webhooks.dead_letters(load_settings(), environment, limit=limit, json=json))


@webhooks_app.command(epilog="Example: [b]fairlead webhooks replay 3f2a...[/b]")
def replay(
    event: Annotated[list[str] | None, typer.Argument(help="Ids of events. Default: all.")] = None,
    environment: Environment = "dev",
) -> None:
    """Deliver events that were given up once more; a server or worker does it."""
    asyncio.run(webhooks.replay(load_settings(), environment, event or []))
