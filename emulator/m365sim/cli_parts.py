"""What the commands share: their options, how they run, and how they stop."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from m365sim.bad_file import BadFile
from m365sim.entra.contoso import DEFAULT_REDIRECT_URIS
from m365sim.server import PortInUse
from m365sim.world import World

BAD_INPUT = 2  # exit status

JsonOutput = Annotated[
    bool, typer.Option("--json", help="Print one line of JSON instead of a summary.")
]
AutoSignIn = Annotated[
    str | None,
    typer.Option(
        metavar="USER", help="Answer every sign-in at once as this user, consent included."
    ),
]
SeedFiles = Annotated[
    int, typer.Option(min=0, metavar="N", help="Add a library of so many made-up files.")
]
Library = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Mirror this folder as a document library. It is only read."),
]
RedirectUri = Annotated[
    list[str] | None,
    typer.Option(
        metavar="URL",
        help="Where the web app may be answered; may be repeated. "
        f"Default: {' and '.join(DEFAULT_REDIRECT_URIS)}.",
    ),
]
Tenants = Annotated[
    list[Path] | None,
    typer.Option(
        "--tenant",
        metavar="FILE",
        help="A tenant from a YAML file, in place of contoso; may be repeated.",
    ),
]
Faults = Annotated[
    Path | None,
    typer.Option("--faults", metavar="FILE", help="What goes wrong, from a YAML file."),
]
State = Annotated[
    Path | None,
    typer.Option(
        "--state",
        metavar="FILE",
        help="Keep everything in this SQLite file; a later start goes on from there.",
    ),
]
Throttle = Annotated[
    bool,
    typer.Option("--throttle", help="Count resource units and answer 429 as a small tenant would."),
]
Seed = Annotated[int, typer.Option(help="Seed of everything that looks random.")]


def stop_with(reason: str) -> NoReturn:
    """End the program over bad input, with one line that says what is wrong."""
    typer.echo(f"m365sim: {reason}", err=True)
    raise typer.Exit(BAD_INPUT)


def check_library(library: Path | None) -> None:
    """Stop unless a folder to mirror is there."""
    if library is not None and not library.is_dir():
        stop_with(f"--library: there is no folder {library}")


def note_unused(state: Path | None, **given: object) -> None:
    """Say which options have no meaning, since a state file is there already."""
    if state is None or not state.exists() or not state.stat().st_size:
        return
    unused = [f"--{name.replace('_', '-')}" for name, value in given.items() if value]
    if unused:
        verb = "is" if len(unused) == 1 else "are"
        typer.echo(
            f"m365sim: {state} goes on; {', '.join(unused)} {verb} for a new file only", err=True
        )


def check_user(world: World, upn: str | None) -> None:
    """Stop unless the user who is to be signed in exists."""
    if upn is not None and world.directory.user_by_upn(upn) is None:
        names = ", ".join(user.upn for user in world.directory.users.values())
        stop_with(f"--auto-sign-in: there is no user {upn}; there are {names}")


def run_until_stopped(serving: Coroutine[Any, Any, None], host: str) -> None:
    """Run a server to its end; stop over a port, an address or a file that will not do."""
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(serving)
    except BadFile as bad:
        typer.echo(str(bad), err=True)  # as compilers do: editors jump to FILE:LINE
        raise typer.Exit(BAD_INPUT) from bad
    except PortInUse as taken:
        stop_with(
            f"port {taken.port} on {taken.host} is in use; choose another with --port, "
            "or --port 0 for free ones"
        )
    except OSError as refused:
        stop_with(f"cannot listen on {host}: {refused.strerror or refused}")


def until_interrupted() -> asyncio.Event:
    """Return an event that the usual signals set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop  # noqa: PLC0415 - there is none on Windows

    return uvloop.new_event_loop
