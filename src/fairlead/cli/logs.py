"""`fairlead logs`: what was done for connections, and each step of it."""

import asyncio
import json as json_text
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from fairlead.api.operations import message_out, operation_out
from fairlead.cli.desk import Desk, open_desk
from fairlead.errors import InvalidInput, NotFound
from fairlead.model.clock import SystemClock
from fairlead.model.operation import OperationState, OperationType
from fairlead.settings import load_settings
from fairlead.store import environments, operations
from fairlead.store.operations import Wanted

app = typer.Typer(
    help="What was done for connections: proxied calls, runs, connecting, deliveries.",
    no_args_is_help=True,
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, as the API does.")]
Environment = Annotated[str, typer.Option(help="Name of the environment.")]
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


@app.command(
    "list", epilog="Example: [b]fairlead logs list --state failed --type sync --since 2h[/b]"
)
def list_operations(  # noqa: PLR0917  # each is an option of the command line
    type: Annotated[  # noqa: A002
        list[OperationType] | None, typer.Option(help="May be given several times.")
    ] = None,
    state: Annotated[
        list[OperationState] | None, typer.Option(help="May be given several times.")
    ] = None,
    integration: Annotated[str | None, typer.Option(help="Unique key of the integration.")] = None,
    connection: Annotated[str | None, typer.Option(help="Id of the connection.")] = None,
    function: Annotated[str | None, typer.Option(help="Name of a sync or an action.")] = None,
    since: Annotated[
        str | None, typer.Option(help="How long ago at most: 30m, 2h, 7d; or an instant.")
    ] = None,
    search: Annotated[str, typer.Option(help="Part of title, error, ids or names.")] = "",
    limit: Annotated[int, typer.Option(help="How many.", min=1, max=1000)] = 50,
    environment: Environment = "dev",
    json: Json = False,
) -> None:
    """List what was done, newest first."""
    wanted = Wanted(
        types=type or (),
        states=state or (),
        integration=integration,
        connection_id=connection,
        function=function,
        since=None if since is None else _instant(since),
        search=search,
    )
    asyncio.run(_list(wanted, environment, limit, json=json))


@app.command(epilog="Example: [b]fairlead logs show 3f2a...[/b]")
def show(
    operation: Annotated[str, typer.Argument(help="Id of the operation.")],
    limit: Annotated[int, typer.Option(help="How many messages.", min=1, max=10_000)] = 200,
    environment: Environment = "dev",
    json: Json = False,
) -> None:
    """Print one operation and its messages."""
    asyncio.run(_show(operation, environment, limit, json=json))


def _instant(text: str) -> datetime:
    amount, unit = text[:-1], _UNITS.get(text[-1:])
    if unit and amount.isdigit() and len(amount) < 6:
        return SystemClock().now() - timedelta(**{unit: int(amount)})
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            f"'{text}' is neither a span as 30m, 2h or 7d nor an instant as 2026-11-24T08:00Z."
        ) from None
    return instant if instant.tzinfo else instant.astimezone()


async def _list(wanted: Wanted, environment: str, limit: int, *, json: bool) -> None:
    async with open_desk(load_settings()) as desk:
        environment_id = await _environment(desk, environment)
        async with desk.db.read() as tx:
            found = await operations.search(tx, environment_id, wanted, limit=limit)
        told = [operation_out(desk, each) for each in found]
    if json:
        print(json_text.dumps({"operations": told}, indent=2))
        return
    columns = ("when", "type", "state", "what", "connection", "ms", "id")
    table = Table(*columns, box=None, pad_edge=False)
    for each in told:
        error = each["error"]
        table.add_row(
            each["created_at"],
            each["type"],
            each["state"],
            each["title"] + (f": {error['code']}" if error else ""),
            each["connection_id"] or "",
            "" if each["duration_ms"] is None else f"{each['duration_ms']:g}",
            each["id"],
        )
    Console().print(table)


async def _show(operation_id: str, environment: str, limit: int, *, json: bool) -> None:
    async with open_desk(load_settings()) as desk:
        environment_id = await _environment(desk, environment)
        async with desk.db.read() as tx:
            operation = await operations.find(tx, environment_id, operation_id)
            if operation is None:
                raise NotFound(f"There is no operation '{operation_id}' in the log")
            found = await operations.messages_of(tx, operation_id, limit=limit)
        told = operation_out(desk, operation)
        steps = [message_out(desk, operation, each) for each in found]
    if json:
        print(json_text.dumps({"operation": told, "messages": steps}, indent=2))
        return
    print(f"{told['title']}: {told['state']}, begun {told['created_at']}")
    if told["error"]:
        print(f"  {told['error']['code']}: {told['error']['message']}")
    _print_steps(steps)


def _print_steps(steps: Sequence[dict[str, Any]]) -> None:
    for each in steps:
        facts = "".join(f" {name}={value}" for name, value in (each["meta"] or {}).items())
        took = "" if each["duration_ms"] is None else f" ({each['duration_ms']:g} ms)"
        print(f"{each['created_at']} {each['level']:5} {each['message']}{facts}{took}")


async def _environment(desk: Desk, name: str) -> int:
    async with desk.db.read() as tx:
        for each in await environments.list_all(tx):
            if each.name == name:
                return each.id
    raise NotFound(f"There is no environment '{name}'")
