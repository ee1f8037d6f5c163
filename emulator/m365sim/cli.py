"""The command line: `m365sim serve`, `m365sim proxy`, `m365sim env`."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from m365sim import __version__
from m365sim.cli_parts import (
    AutoSignIn,
    Faults,
    JsonOutput,
    Library,
    RedirectUri,
    Seed,
    SeedFiles,
    State,
    Tenants,
    Throttle,
    check_library,
    check_user,
    note_unused,
    run_until_stopped,
    stop_with,
    until_interrupted,
)
from m365sim.entra.contoso import DEFAULT_REDIRECT_URIS
from m365sim.internet.cli import add_commands
from m365sim.server import Options, running
from m365sim.summary import print_summary, report

DEFAULT_PORT = 4300

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="A local stand-in for Microsoft's cloud: Entra ID sign-in, Microsoft Graph and "
    "SharePoint Online, for demos and tests. Nothing leaves this machine.",
)

EXAMPLES = """
[bold]Examples[/bold]

  A tenant with a small library, on ports 4300 to 4303:

    m365sim serve

  For a script: a cloud file for the client, machine-readable ids, nobody has to click:

    m365sim serve --cloud-file cloud.json --json --auto-sign-in megan@contoso.onmicrosoft.com

  A document library that mirrors a folder of yours, changes included:

    m365sim serve --library ~/Documents

  Tenants of your own, from YAML files:

    m365sim serve --tenant fabrikam.yaml --tenant contoso.yaml

  A library of a million files:

    m365sim serve --seed-files 1000000

Clients that cannot be pointed at another cloud come through [bold]m365sim proxy[/bold].
"""


def main() -> None:
    """Run the command line."""
    app()


def _version(wanted: bool) -> None:
    if wanted:
        print(f"m365sim {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    """Hold the options that every command has."""


@app.command(epilog=EXAMPLES)
def serve(
    *,
    port: Annotated[
        int,
        typer.Option(
            min=0,
            max=65532,
            help="First of four ports: sign-in, Graph, SharePoint, control. 0 picks free ones.",
        ),
    ] = DEFAULT_PORT,
    host: Annotated[
        str, typer.Option(help="Address to listen on; the addresses printed are the loopback's.")
    ] = "127.0.0.1",
    cloud_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write login_url, graph_url and sharepoint_url here as JSON, once listening.",
        ),
    ] = None,
    as_json: JsonOutput = False,
    auto_sign_in: AutoSignIn = None,
    tenant: Tenants = None,
    seed_files: SeedFiles = 0,
    library: Library = None,
    redirect_uri: RedirectUri = None,
    throttle: Throttle = False,
    faults: Faults = None,
    state: State = None,
    seed: Seed = 1,
) -> None:
    """Serve an emulated cloud until interrupted."""
    check_library(library)
    note_unused(
        state, tenant=tenant, seed_files=seed_files, library=library, redirect_uri=redirect_uri
    )
    if cloud_file is not None and not cloud_file.absolute().parent.is_dir():
        stop_with(f"--cloud-file: there is no folder {cloud_file.absolute().parent}")
    options = Options(
        seed_files=seed_files,
        library=library,
        redirect_uris=redirect_uri or DEFAULT_REDIRECT_URIS,
        auto_sign_in=auto_sign_in,
        seed=seed,
        throttle=throttle,
        tenants=tuple(tenant or ()),
        faults=faults,
        state=state,
    )
    run_until_stopped(_serve(options, host, port, cloud_file, as_json=as_json), host)


add_commands(app)


async def _serve(
    options: Options, host: str, port: int, cloud_file: Path | None, *, as_json: bool
) -> None:
    stop = until_interrupted()
    async with running(options, host=host, port=port) as cloud:
        check_user(cloud.world, options.auto_sign_in)
        if cloud_file is not None:
            _write_atomically(cloud_file, cloud.cloud)
        if as_json:
            print(json.dumps(report(cloud, cloud_file)), flush=True)
        else:
            print_summary(cloud, cloud_file)
        await stop.wait()


def _write_atomically(path: Path, document: dict[str, str]) -> None:
    # A reader that polls for the file must never see half of it.
    handle, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=2)
        file.write("\n")
    Path(name).chmod(0o644)
    Path(name).replace(path)
