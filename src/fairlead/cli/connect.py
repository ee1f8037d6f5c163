"""`fairlead connect`: the link by which somebody connects an account, printed or opened."""

# ruff: noqa: PLR0917  # options of a command are given by name

import webbrowser
from typing import Annotated

import typer

from fairlead.cli.remote import Host, Json, as_json, server

EXAMPLE = "Example: [b]fairlead connect --integration drives --user ada --open[/b]"


def connect(
    user: Annotated[str, typer.Option(help="Your own id of who connects.")] = "me",
    integration: Annotated[
        list[str] | None, typer.Option(help="Only these; several times. Default: all.")
    ] = None,
    reconnect: Annotated[
        str | None, typer.Option(help="Id of a connection that shall be renewed.")
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open it in a browser here.")] = False,
    host: Host = None,
    json: Json = False,
) -> None:
    """Print a link, good for half an hour, by which somebody connects an account."""
    keys = integration or []
    if reconnect is not None and len(keys) != 1:
        raise typer.BadParameter("say which --integration the connection is of.")
    with server(host) as client:
        if reconnect is None:
            session = client.connect_sessions.create(
                end_user={"id": user}, allowed_integrations=keys or None
            )
        else:
            session = client.connect_sessions.reconnect(
                provider_config_key=keys[0], connection_id=reconnect
            )
    if json:
        as_json(session)
    else:
        print(session["connect_link"])
    if show:
        webbrowser.open(session["connect_link"])
