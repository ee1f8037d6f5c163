"""Commands that ask a running server, by its own client: FAIRLEAD_HOST and FAIRLEAD_SECRET_KEY."""

import json as json_text
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from fairlead.client import Fairlead
from fairlead.client.errors import FairleadApiError, ServerFailed, Unreachable
from fairlead.errors import CallerError

#: whatever the person at the keyboard can mend
EXIT_USAGE = 2
#: the server could not be asked, or is in trouble
EXIT_SERVER = 3
EXIT_CODES = {
    0: "done, and well",
    1: "done, and not well: an unhealthy connection, a failed run, a difference found",
    EXIT_USAGE: "something to mend: an option, a setting, a name, a key; one line says what",
    EXIT_SERVER: "the server could not be reached, or failed; try again later",
    130: "interrupted",
}

Host = Annotated[
    str | None, typer.Option(help="Address of the server. Default: FAIRLEAD_HOST, or this machine.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, as the API does.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether you are sure.")]

#: where a server of this machine listens, unless told otherwise
_HERE = "http://127.0.0.1:3003"


@contextmanager
def server(host: str | None) -> Iterator[Fairlead]:
    """Ask the server; what it refuses ends the command with its sentence and a code."""
    try:
        with Fairlead(host=host or os.environ.get("FAIRLEAD_HOST") or _HERE) as client:
            yield client
    except ValueError as error:
        raise CallerError(str(error)) from error
    except FairleadApiError as error:
        print(f"fairlead: {error}", file=sys.stderr)
        is_servers = isinstance(error, Unreachable | ServerFailed)
        raise typer.Exit(EXIT_SERVER if is_servers else EXIT_USAGE) from None


def as_json(value: Any) -> None:
    """Print JSON."""
    print(json_text.dumps(value, indent=2))


def as_table(
    rows: Iterable[Any], columns: Sequence[tuple[str, Callable[[Any], object]]], *, json: bool
) -> None:
    """Print rows as a table, or as JSON."""
    rows = list(rows)
    if json:
        as_json(rows)
        return
    table = Table(*(title for title, _ in columns), box=None, pad_edge=False)
    for row in rows:
        table.add_row(*("-" if (cell := of(row)) is None else str(cell) for _, of in columns))
    Console().print(table)


def as_fields(value: Any, *, json: bool) -> None:
    """Print one thing, field by field, or as JSON."""
    if json:
        as_json(value)
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, field in value.items():
        shown = json_text.dumps(field) if isinstance(field, dict | list) else field
        table.add_row(name, "-" if shown is None else str(shown))
    Console().print(table)


def assignments(given: Sequence[str] | None, option: str) -> dict[str, str]:
    """Read NAME=VALUE options; CallerError for what is none."""
    found = {}
    for each in given or ():
        name, equals, value = each.partition("=")
        if not name or not equals:
            raise CallerError(f"{option} takes NAME=VALUE, not '{each}'.")
        found[name] = value
    return found


def sure(question: str, *, yes: bool) -> None:
    """Ask, unless told not to."""
    if not yes:
        typer.confirm(question, abort=True)
