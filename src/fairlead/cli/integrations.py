"""What `fairlead integrations` understands: your uses of providers, on a running server."""

# ruff: noqa: PLR0917  # options of a command are given by name

import os
from typing import Annotated, Any, cast

import typer

from fairlead.cli.remote import Host, Json, Yes, as_fields, as_table, assignments, server, sure
from fairlead.client.shapes import IntegrationCredentials
from fairlead.errors import CallerError

app = typer.Typer(help="Your uses of providers, on a running server.", no_args_is_help=True)

Key = Annotated[str, typer.Argument(help="Unique key of the integration.")]
ClientId = Annotated[str | None, typer.Option(help="Of the app at the vendor.")]
SecretFrom = Annotated[
    str | None,
    typer.Option(help="Name of the environment variable that holds the app's secret."),
]
Scopes = Annotated[
    str | None, typer.Option(help="Comma-separated. Default: those of the provider.")
]
Config = Annotated[
    list[str] | None, typer.Option(help="NAME=VALUE of integration_config; several times.")
]


@app.command("list", epilog="Example: [b]fairlead integrations list --json[/b]")
def list_(host: Host = None, json: Json = False) -> None:
    """List them."""
    with server(host) as client:
        found = client.integrations.list()
    columns = [
        ("key", lambda one: one["unique_key"]),
        ("provider", lambda one: one["provider"]),
        ("name", lambda one: one["display_name"]),
        ("since", lambda one: one["created_at"][:10]),
    ]
    as_table(found, columns, json=json)


@app.command(epilog="Example: [b]fairlead integrations show drives[/b]")
def show(key: Key, host: Host = None, json: Json = False) -> None:
    """Show one, without its secrets."""
    with server(host) as client:
        as_fields(client.integrations.get(key), json=json)


@app.command(
    epilog="Example: [b]APP_SECRET=... fairlead integrations create drives --provider NAME "
    "--client-id 3f2a... --secret-from APP_SECRET[/b]"
)
def create(
    key: Key,
    provider: Annotated[str, typer.Option(help="Name of the provider.")],
    client_id: ClientId = None,
    secret_from: SecretFrom = None,
    scopes: Scopes = None,
    name: Annotated[str | None, typer.Option(help="What your users see.")] = None,
    config: Config = None,
    host: Host = None,
    json: Json = False,
) -> None:
    """Make one; an app's secret comes from a variable, so that no list of processes shows it."""
    with server(host) as client:
        made = client.integrations.create(
            provider=provider,
            unique_key=key,
            display_name=name,
            credentials=_credentials(client_id, secret_from, scopes),
            integration_config=assignments(config, "--config") or None,
        )
    as_fields(made, json=json)


@app.command(epilog="Example: [b]fairlead integrations update drives --name 'Your files'[/b]")
def update(
    key: Key,
    client_id: ClientId = None,
    secret_from: SecretFrom = None,
    scopes: Scopes = None,
    name: Annotated[str | None, typer.Option(help="What your users see.")] = None,
    config: Config = None,
    host: Host = None,
    json: Json = False,
) -> None:
    """Change what is named; the rest stays."""
    with server(host) as client:
        changed = client.integrations.update(
            key,
            display_name=name,
            credentials=_credentials(client_id, secret_from, scopes),
            integration_config=assignments(config, "--config") or None,
        )
    as_fields(changed, json=json)


@app.command(epilog="Example: [b]fairlead integrations delete drives --yes[/b]")
def delete(key: Key, yes: Yes = False, host: Host = None, json: Json = False) -> None:
    """Delete one with its connections, their credentials and records."""
    sure(f"Delete '{key}' with all its connections and records?", yes=yes)
    with server(host) as client:
        as_fields(client.integrations.delete(key), json=json)


def _credentials(
    client_id: str | None, secret_from: str | None, scopes: str | None
) -> IntegrationCredentials | None:
    found: dict[str, Any] = {}
    if client_id is not None:
        found["client_id"] = client_id
    if secret_from is not None:
        if not os.environ.get(secret_from):
            raise CallerError(f"The environment variable {secret_from} is not set.")
        found["client_secret"] = os.environ[secret_from]
    if scopes is not None:
        found["scopes"] = scopes
    return cast("IntegrationCredentials", {"type": "OAUTH2", **found}) if found else None
