"""The commands around the proxy: `m365sim proxy` and `m365sim env`."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

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
from m365sim.clouds import CLOUDS, GLOBAL
from m365sim.entra.contoso import DEFAULT_REDIRECT_URIS
from m365sim.internet.authority import Authority, BadAuthority
from m365sim.internet.environment import proxy_environment
from m365sim.internet.serve import LOOPBACK, Internet, running
from m365sim.server import Options
from m365sim.summary import print_summary, report

DEFAULT_PORT = 4310

PROXY_EXAMPLES = """
[bold]Examples[/bold]

  The cloud under its real names, and a client that knows nothing of it:

    m365sim proxy --ca-dir .m365sim &
    eval "$(m365sim env --ca-dir .m365sim)"
    curl https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration

  For a script: free ports, and all that a client needs in one line of JSON:

    m365sim proxy --ca-dir .m365sim --port 0 --json
"""

CaDir = Annotated[
    Path,
    typer.Option(
        metavar="DIR",
        help="Folder of the throw-away certificate authority; made at the first call.",
    ),
]


def add_commands(app: typer.Typer) -> None:
    """Hang the commands into the command line."""
    app.command(epilog=PROXY_EXAMPLES)(proxy)
    app.command()(env)


def proxy(
    *,
    ca_dir: CaDir,
    port: Annotated[
        int,
        typer.Option(
            min=0,
            max=65534,
            help="Port of the proxy; the control port is the next one. 0 picks free ones.",
        ),
    ] = DEFAULT_PORT,
    cloud: Annotated[
        str, typer.Option(metavar="NAME", help=f"Whose hosts to be: {', '.join(CLOUDS)}.")
    ] = GLOBAL.name,
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
    """Serve an emulated cloud under the real names, as an HTTPS proxy on the loopback.

    It answers for the hosts of Microsoft's cloud itself and refuses all others: nothing leaves this
    machine. `m365sim env` prints what a client needs in its environment to come this way.
    """
    if cloud not in CLOUDS:
        stop_with(f"--cloud: there is no {cloud}; there are {', '.join(CLOUDS)}")
    check_library(library)
    note_unused(
        state, tenant=tenant, seed_files=seed_files, library=library, redirect_uri=redirect_uri
    )
    options = Options(
        seed_files=seed_files,
        library=library,
        redirect_uris=redirect_uri or DEFAULT_REDIRECT_URIS,
        auto_sign_in=auto_sign_in,
        seed=seed,
        cloud=CLOUDS[cloud],
        throttle=throttle,
        tenants=tuple(tenant or ()),
        faults=faults,
        state=state,
    )
    try:
        run_until_stopped(_proxy(options, ca_dir, port, as_json=as_json), LOOPBACK)
    except BadAuthority as bad:
        stop_with(f"--ca-dir: {bad}")


async def _proxy(options: Options, ca_dir: Path, port: int, *, as_json: bool) -> None:
    stop = until_interrupted()
    async with running(options, ca_dir=ca_dir, port=port) as internet:
        check_user(internet.world, options.auto_sign_in)
        if as_json:
            print(json.dumps(internet_report(internet)), flush=True)
        else:
            _print_internet(internet)
            print_summary(internet, None)
        await stop.wait()


def internet_report(internet: Internet) -> dict[str, Any]:
    """Return what a script must know, ready for JSON."""
    return {
        **report(internet, None),
        "proxy": internet.proxy_url,
        "ca_file": str(internet.ca_file),
        "env": internet.environment,
    }


def _print_internet(internet: Internet) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"\n[bold]Proxy[/bold]\n{internet.proxy_url}, trusting {internet.ca_file}")
    console.print("In the shell of a client:")
    console.print(exports(internet.environment), markup=False)


def env(
    *,
    ca_dir: CaDir,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the proxy.")] = DEFAULT_PORT,
    as_json: JsonOutput = False,
) -> None:
    """Print the environment variables that send a client through the proxy.

    For a shell: `eval "$(m365sim env --ca-dir DIR)"`. A client then trusts the throw-away authority
    and no other.
    """
    try:
        ca_file = Authority.in_folder(ca_dir).ca_file
    except BadAuthority as bad:
        stop_with(f"--ca-dir: {bad}")
    variables = proxy_environment(ca_file, f"http://{LOOPBACK}:{port}")
    print(json.dumps(variables, indent=2) if as_json else exports(variables))


def exports(variables: dict[str, str]) -> str:
    """Return variables as commands of a POSIX shell."""
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items())
