"""What `fairlead` understands on the command line.

Whatever the person at the keyboard can mend is one line on stderr and exit code 2, never a trace.
"""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from fairlead import __version__
from fairlead.cli import (
    approvals,
    backup,
    config,
    connect,
    connections,
    credential_commands,
    database,
    demos,
    function_commands,
    integrations,
    keys,
    logs,
    record_commands,
    sealing,
    server,
    sync_commands,
    users,
)
from fairlead.cli.doctor import doctor as examine
from fairlead.cli.remote import EXIT_USAGE
from fairlead.cli.scopes import Asked
from fairlead.cli.scopes import scopes as tell_scopes
from fairlead.errors import CallerError, OperatorError
from fairlead.settings import SettingsInvalid, load_settings

app = typer.Typer(
    name="fairlead",
    help="Connect your customers' accounts, keep the credentials, proxy, sync and act.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
db_app = typer.Typer(help="Look after the database's schema.", no_args_is_help=True)
app.add_typer(db_app, name="db")
app.add_typer(approvals.app, name="approvals")
app.add_typer(credential_commands.app, name="credentials")
app.add_typer(config.app, name="config")
app.add_typer(connections.app, name="connections")
app.add_typer(integrations.app, name="integrations")
app.add_typer(keys.app, name="keys")
app.add_typer(logs.app, name="logs")
app.add_typer(record_commands.app, name="records")
app.add_typer(record_commands.sync_app, name="sync")
app.add_typer(sync_commands.app, name="syncs")
app.add_typer(sync_commands.webhooks_app, name="webhooks")
app.add_typer(users.app, name="users")
vault_app = typer.Typer(
    help="Look after the key that seals credentials: FAIRLEAD_ENCRYPTION_KEY.", no_args_is_help=True
)
app.add_typer(vault_app, name="vault")

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(help="Port to listen on; 0 picks a free one.", min=0, max=65535)]


def main() -> None:
    """Run the command line; whatever somebody can mend is one line and exit code 2."""
    try:
        app(prog_name="fairlead")
    except (SettingsInvalid, OperatorError, CallerError) as error:
        print(f"fairlead: {error}", file=sys.stderr)
        sys.exit(EXIT_USAGE)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"fairlead {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    """Take the options that go before any command."""
    del version  # its callback has done everything


@app.command(
    epilog="Example: [b]FAIRLEAD_ENCRYPTION_KEY=$(openssl rand -base64 32) "
    "FAIRLEAD_SECRET_KEY=$(openssl rand -hex 24) fairlead serve[/b]"
)
def serve(host: Host = "127.0.0.1", port: Port = server.DEFAULT_PORT) -> None:
    """Serve the API and do the work, in one process. Settings come from FAIRLEAD_... variables."""
    _run(server.serve, host, port)


@app.command(epilog="Example: [b]FAIRLEAD_DATABASE_URL=postgresql://... fairlead worker[/b]")
def worker() -> None:
    """Do the work without serving: syncs, schedules, webhooks. Needs PostgreSQL."""
    _run(server.work)


@app.command(epilog="Example: [b]fairlead doctor 3f2a... --probe v1.0/sites/root[/b]")
def doctor(
    connection: Annotated[str, typer.Argument(help="Id of the connection.")],
    integration: Annotated[
        str | None,
        typer.Option(help="Unique key of its integration, if several have one of that id."),
    ] = None,
    probe: Annotated[
        list[str] | None,
        typer.Option(help="A path or address that it should reach; may be given several times."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, as the API does.")] = False,
) -> None:
    """Examine a connection: what is wrong, why, who must do what. Exit code 1 if it is not well."""
    code = asyncio.run(examine(load_settings(), connection, integration, probe or [], json=json))
    raise typer.Exit(code)


@app.command(epilog="Example: [b]fairlead scopes PROVIDER list-lists create-list[/b]")
def scopes(
    provider: Annotated[str, typer.Argument(help="Name of the provider.")],
    functions: Annotated[
        list[str] | None, typer.Argument(help="Names of functions. Default: all of them.")
    ] = None,
    client_id: Annotated[
        str | None, typer.Option(help="Of the app: print where an administrator approves it.")
    ] = None,
    config: Annotated[
        list[str] | None,
        typer.Option(help="NAME=VALUE of connection_config, where that address needs it."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell the fewest scopes that functions need, why each, and where they are approved."""
    asked = Asked(provider, functions or [], client_id, config or [])
    tell_scopes(load_settings(), asked, json=json)


@app.command(
    epilog="Examples: [b]fairlead demo --once[/b], [b]fairlead demo --library ~/Documents[/b]"
)
def demo(
    library: Annotated[
        Path | None,
        typer.Option(
            help="Folder that the tenant's library mirrors; it is only read. "
            "Default: the documents of this project.",
            exists=True,
            file_okay=False,
            resolve_path=True,
        ),
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Stop at the end of the walk; 0 if every step was right.")
    ] = False,
    port: Annotated[
        int | None,
        typer.Option(help="Port of the platform. Default: 3003, or a free one.", min=1, max=65535),
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(
            help="Keep the platform's database and logs in this folder. Default: thrown away.",
            file_okay=False,
            resolve_path=True,
        ),
    ] = None,
) -> None:
    """Walk through everything with an emulated tenant: connect, sync, change, sync again."""
    raise typer.Exit(demos.run(library=library, once=once, port=port, keep=keep))


function_commands.register(app)
app.command(epilog=connect.EXAMPLE)(connect.connect)
backup.register(db_app)


@db_app.command()
def upgrade() -> None:
    """Bring the database's schema up to date. `fairlead serve` does it by itself on SQLite."""
    asyncio.run(database.upgrade(load_settings().database_url))


@db_app.command()
def current() -> None:
    """Say which revision the database's schema is at."""
    asyncio.run(database.current(load_settings().database_url))


@vault_app.command("status")
def vault_status() -> None:
    """Say how many sealed values there are under each key, and which keys may go."""
    asyncio.run(sealing.status(load_settings()))


@vault_app.command(
    "rotate",
    epilog="Example: [b]FAIRLEAD_ENCRYPTION_KEY=new FAIRLEAD_ENCRYPTION_OLD_KEYS=old "
    "fairlead vault rotate[/b]",
)
def vault_rotate(
    batch: Annotated[
        int, typer.Option(help="Values of one transaction.", min=1, max=10_000)
    ] = sealing.BATCH,
) -> None:
    """Seal everything anew under the current key, while servers run. May be stopped and resumed."""
    asyncio.run(sealing.rotate(load_settings(), batch))


def _run(command: Callable[..., int], *arguments: object) -> None:
    try:
        code = command(load_settings(), *arguments)
    except KeyboardInterrupt:
        # Ctrl-C before the server took over signals: an end as good as any.
        raise typer.Exit(130) from None
    raise typer.Exit(code)
