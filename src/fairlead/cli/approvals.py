"""What `fairlead approvals` understands: calls of agents that a person has to approve."""

import asyncio
import json as json_text
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from fairlead.api.approvals import written
from fairlead.cli.desk import Desk, environment_named, open_desk
from fairlead.errors import NotFound
from fairlead.model.clock import SystemClock
from fairlead.model.environment import Environment as Where
from fairlead.model.proposal import Proposal, ProposalState
from fairlead.settings import load_settings
from fairlead.store import connections, proposals, runs
from fairlead.store.database import Tx

app = typer.Typer(help="Calls of agents that a person has to approve.", no_args_is_help=True)

#: who decided, when it was done here
HERE = "command line"

Id = Annotated[str, typer.Argument(help="Id of the approval, as `list` shows it.")]
Environment = Annotated[str, typer.Option(help="Name of the environment.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, as the API does.")]


class Wanted(StrEnum):
    """Which to list."""

    WAITING = "waiting"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    ALL = "all"


@app.command("list", epilog="Example: [b]fairlead approvals list --state all --json[/b]")
def list_(
    state: Annotated[Wanted, typer.Option(help="Which ones.")] = Wanted.WAITING,
    limit: Annotated[int, typer.Option(help="How many.", min=1, max=1000)] = 100,
    environment: Environment = "dev",
    json: Json = False,
) -> None:
    """List calls that need approval, newest first."""
    wanted = None if state is Wanted.ALL else ProposalState(state.value)

    async def tell(desk: Desk, where: Where) -> None:
        async with desk.db.read() as tx:
            found = await proposals.listed(tx, where.id, state=wanted, limit=limit)
            told = [await _written(tx, one) for one in found]
        if json:
            print(json_text.dumps({"approvals": told}, indent=2))
            return
        table = Table("id", "state", "action", "connection", "asked by", box=None, pad_edge=False)
        for one in told:
            stands = f"{one['state']}, {one['run']}" if one["run"] else one["state"]
            connection = f"{one['provider_config_key']}/{one['connection_id']}"
            table.add_row(one["id"], stands, one["action"], connection, one["key"])
        Console().print(table)

    _at_desk(environment, tell)


@app.command(epilog="Example: [b]fairlead approvals show 3f2a...[/b]")
def show(approval: Id, environment: Environment = "dev") -> None:
    """Print one as JSON: what would be called, with which input, and how it stands."""

    async def tell(desk: Desk, where: Where) -> None:
        async with desk.db.read() as tx:
            proposal = await proposals.find(tx, where.id, approval)
            if proposal is None:
                raise NotFound(f"There is no approval '{approval}'.", code="unknown_approval")
            print(json_text.dumps(await _written(tx, proposal), indent=2))

    _at_desk(environment, tell)


@app.command(epilog="Example: [b]fairlead approvals approve 3f2a...[/b]")
def approve(approval: Id, environment: Environment = "dev", json: Json = False) -> None:
    """Let a call be made: once, by a server or worker, within seconds."""

    async def act(desk: Desk, where: Where) -> None:
        proposal = await desk.engine.approve_call(where, approval, by=HERE)
        await _tell(desk, proposal, json=json, said="Approved")

    _at_desk(environment, act)


@app.command(epilog="Example: [b]fairlead approvals deny 3f2a... --reason 'not that site'[/b]")
def deny(
    approval: Id,
    reason: Annotated[str | None, typer.Option(help="Why not; the agent is told.")] = None,
    environment: Environment = "dev",
    json: Json = False,
) -> None:
    """Let a call never be made."""

    async def act(desk: Desk, where: Where) -> None:
        proposal = await desk.engine.deny_call(where, approval, by=HERE, reason=reason)
        await _tell(desk, proposal, json=json, said="Denied")

    _at_desk(environment, act)


async def _tell(desk: Desk, proposal: Proposal, *, json: bool, said: str) -> None:
    if json:
        async with desk.db.read() as tx:
            print(json_text.dumps(await _written(tx, proposal), indent=2))
    else:
        print(f"{said}: {proposal.function}, asked for by '{proposal.key_name}'.")


async def _written(tx: Tx, proposal: Proposal) -> dict[str, Any]:
    connection = await connections.by_pk(tx, proposal.connection_pk)
    run = await runs.find(tx, proposal.id)
    late = proposal.expires_at <= SystemClock().now()
    return written(proposal, connection, run, is_late=late)


def _at_desk(name: str, act: Callable[[Desk, Where], Awaitable[None]]) -> None:
    async def run() -> None:
        async with open_desk(load_settings()) as desk:
            await act(desk, await environment_named(desk.db, name))

    asyncio.run(run())
