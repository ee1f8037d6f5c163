"""What `fairlead init`, `run` and their kin understand: the commands of an integration's author."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from fairlead.cli import dev as of_dev
from fairlead.cli import server, starter_pack
from fairlead.cli.diff import MOST_CHANGES
from fairlead.cli.replay_run import replay_run
from fairlead.cli.run_function import Order, run_function
from fairlead.settings import load_settings

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Integration = Annotated[
    str | None,
    typer.Option(help="Unique key of its integration, if several have one of that id."),
]


def register(app: typer.Typer) -> None:
    """Put the commands on the command line."""
    app.command(epilog="Example: [b]fairlead init my-integration[/b]")(init)
    app.command(
        epilog="Examples: [b]fairlead run tasks --connection 3f2a... --dry-run[/b], "
        '[b]fairlead run get-task --connection 3f2a... --input \'{"taskId": "7"}\'[/b], '
        "[b]fairlead run tasks --recording tests/recordings/tasks.json[/b]"
    )(run)
    app.command(
        epilog="Examples: [b]fairlead replay 0199...[/b], "
        "[b]fairlead replay 0199... --save failed.json[/b]"
    )(replay)
    app.command(epilog="Example: [b]FAIRLEAD_PACKS=my-integration fairlead dev[/b]")(dev)


def init(
    name: Annotated[str, typer.Argument(help="Name of the pack, like my-integration.")],
    into: Annotated[
        Path | None,
        typer.Option(help="Folder to write to, new or empty. Default: one of the pack's name."),
    ] = None,
) -> None:
    """Write a pack that works: a provider, an action, a sync, and its tests."""
    folder = into or Path(name)
    for path in starter_pack.write(name, folder):
        print(path)
    print(
        f"\nThat is all of it. Go on with:\n"
        f"  cd {folder}\n"
        f"  python -m pytest\n"
        f"  export FAIRLEAD_PACKS=$PWD\n"
        f"  fairlead run tasks --recording tests/recordings/tasks.json"
    )


def dev(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help="Port to listen on.", min=1, max=65535)
    ] = server.DEFAULT_PORT,
) -> None:
    """Serve, and start anew whenever a file of your packs (FAIRLEAD_PACKS) changes.

    Vendors' callbacks and notifications need an address they can reach: open a tunnel to the port
    and set FAIRLEAD_SERVER_URL to the tunnel's address.
    """
    of_dev.dev(load_settings(), host, port)


def replay(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="Id of a failed run.")],
    save: Annotated[
        Path | None, typer.Option(help="Write the recording there, secrets removed.")
    ] = None,
    json: Json = False,
) -> None:
    """Run a failed run's function again, offline, on what it was answered.

    Exit code 0 if it fails as it did, 1 if it ends otherwise, 2 if there is no recording.
    """
    raise typer.Exit(asyncio.run(replay_run(load_settings(), run_id, save=save, is_json=json)))


def run(  # noqa: PLR0917  # each is an option of the command line
    function: Annotated[str, typer.Argument(help="Name of a sync or an action.")],
    connection: Annotated[str | None, typer.Option(help="Id of the connection.")] = None,
    integration: Integration = None,
    input: Annotated[  # noqa: A002  # the option's name
        str | None, typer.Option(help="Input of an action: JSON, or @FILE (@- is stdin).")
    ] = None,
    variant: Annotated[str, typer.Option(help="Variant of a sync.")] = "base",
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Commit nothing; print what would change. An action sends only what reads.",
        ),
    ] = False,
    recording: Annotated[
        Path | None,
        typer.Option(help="Run against this recording instead of a connection, offline."),
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(help="Write what was asked and answered there, secrets removed."),
    ] = None,
    limit: Annotated[int, typer.Option(help="Changes shown.", min=0)] = MOST_CHANGES,
    json: Json = False,
) -> None:
    """Run a sync or an action once. Exit code 1 if it fails, 2 if the call itself is wrong."""
    order = Order(
        function=function,
        connection=connection,
        integration=integration,
        raw_input=input,
        variant=variant,
        is_dry=dry_run,
        is_json=json,
        recording=recording,
        record=record,
        limit=limit,
    )
    raise typer.Exit(asyncio.run(run_function(load_settings(), order)))
