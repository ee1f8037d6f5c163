"""What `fairlead syncs` and `fairlead webhooks` understand."""

import asyncio
from typing import Annotated

import typer

from fairlead.cli import syncs, webhooks
from fairlead.settings import load_settings

app = typer.Typer(help="How syncs stand, and what they held back.", no_args_is_help=True)
webhooks_app = typer.Typer(help="Events that the product was told of.", no_args_is_help=True)

Connection = Annotated[str, typer.Argument(help="Id of the connection.")]
Integration = Annotated[
    str | None, typer.Option(help="Unique key of its integration, if several have one of that id.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, as the API does.")]
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
