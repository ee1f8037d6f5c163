"""What `fairlead connections` understands: your users' accounts, on a running server."""

# options of a command are given by name

import json as json_text
import sys
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from fairlead.cli.remote import Host, Json, Yes, as_fields, as_table, server, sure
from fairlead.errors import CallerError

app = typer.Typer(help="Your users' connected accounts, on a running server.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="Id of the connection.")]
Of = Annotated[str, typer.Option("--integration", help="Unique key of its integration.")]


@app.command("list", epilog="Example: [b]fairlead connections list --search ada[/b]")
def list_(
    integration: Annotated[str | None, typer.Option(help="Only of this integration.")] = None,
    search: Annotated[str | None, typer.Option(help="In ids, names and addresses.")] = None,
    limit: Annotated[int, typer.Option(help="How many.", min=1)] = 1000,
    host: Host = None,
    json: Json = False,
) -> None:
    """List them, newest first."""
    with server(host) as client:
        pages = client.connections.list(provider_config_key=integration, search=search)
        found = list(islice(pages, limit))
    columns = [
        ("connection", lambda one: one["connection_id"]),
        ("integration", lambda one: one["provider_config_key"]),
        ("end user", lambda one: (one["end_user"] or {}).get("id")),
        ("since", lambda one: one["created"][:10]),
        ("errors", lambda one: ", ".join(each["type"] for each in one["errors"]) or None),
    ]
    as_table(found, columns, json=json)


@app.command(epilog="Example: [b]fairlead connections show 3f2a... --integration drives[/b]")
def show(
    connection: Id,
    integration: Of,
    reveal: Annotated[bool, typer.Option("--reveal", help="With its credentials.")] = False,
    host: Host = None,
    json: Json = False,
) -> None:
    """Show one; its credentials only with --reveal."""
    with server(host) as client:
        found = client.connections.get(provider_config_key=integration, connection_id=connection)
    as_fields(_shown(found, reveal=reveal), json=json)


@app.command(epilog="Example: [b]fairlead connections refresh 3f2a... --integration drives[/b]")
def refresh(connection: Id, integration: Of, host: Host = None, json: Json = False) -> None:
    """Renew its credentials at the vendor now."""
    with server(host) as client:
        found = client.connections.get(
            provider_config_key=integration, connection_id=connection, force_refresh=True
        )
    as_fields(_shown(found, reveal=False), json=json)


@app.command(
    "import",
    epilog="Example: [b]fairlead connections import --integration drives --file token.json[/b]",
)
def import_(
    integration: Of,
    file: Annotated[
        Path, typer.Option(help="JSON of the credentials; - reads standard input.", allow_dash=True)
    ],
    connection: Annotated[str | None, typer.Option(help="Id it gets. Default: a new one.")] = None,
    host: Host = None,
    json: Json = False,
) -> None:
    """Bring an account whose credentials you have: from your own code, or another platform."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        credentials = json_text.loads(text)
    except (OSError, ValueError) as error:
        raise CallerError(f"{file} cannot be read as JSON: {error}") from error
    if not isinstance(credentials, dict):
        raise CallerError(f"{file} holds no JSON object.")
    with server(host) as client:
        made = client.connections.create(
            provider_config_key=integration, credentials=credentials, connection_id=connection
        )
    as_fields(_shown(made, reveal=False), json=json)


@app.command(epilog="Example: [b]fairlead connections delete 3f2a... --integration drives[/b]")
def delete(
    connection: Id, integration: Of, yes: Yes = False, host: Host = None, json: Json = False
) -> None:
    """Delete one with its credentials and records."""
    sure(f"Delete '{connection}' with its credentials and records?", yes=yes)
    with server(host) as client:
        done = client.connections.delete(provider_config_key=integration, connection_id=connection)
    as_fields(done, json=json)


def _shown(connection: Any, *, reveal: bool) -> dict[str, Any]:
    shown = dict(connection)
    if not reveal and isinstance(shown.get("credentials"), dict):
        whose = shown["credentials"]
        shown["credentials"] = {
            name: whose[name] for name in ("type", "expires_at") if whose.get(name) is not None
        }
    return shown
