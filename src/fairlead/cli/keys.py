"""What `fairlead keys` understands: API keys that may do a part of what the first one may."""

import asyncio
import secrets
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from fairlead.cli.remote import Json, as_json
from fairlead.errors import CallerError, Conflict, NotFound
from fairlead.model.clock import SystemClock
from fairlead.model.environment import Environment as Where
from fairlead.opening import open_database
from fairlead.settings import load_settings
from fairlead.store import environments
from fairlead.store.database import Tx
from fairlead.vault.tokens import hash_token

app = typer.Typer(help="API keys with scopes of their own.", no_args_is_help=True)

#: what an agent needs that may look at everything and change nothing
READER = ("environment:mcp", "environment:records:read")
#: and one that may write, if a person approves each call
ASKER = (*READER, "environment:actions:propose")
_PREFIX = "fl_"

Name = Annotated[str, typer.Argument(help="What the key is called.")]
Environment = Annotated[str, typer.Option(help="Name of the environment.")]


@app.command(
    epilog="Examples: [b]fairlead keys new agent --read-only[/b]; "
    "[b]fairlead keys new backend --scope 'environment:connections:*' --scope environment:proxy[/b]"
)
def new(
    name: Name,
    scope: Annotated[
        list[str] | None, typer.Option(help="What it may do; may be given several times.")
    ] = None,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="For agents: reading tools and records.")
    ] = False,
    ask_first: Annotated[
        bool,
        typer.Option("--ask-first", help="For agents: a person approves each call that writes."),
    ] = False,
    environment: Environment = "dev",
) -> None:
    """Make a key and print it: it is shown this once, and only its hash is kept."""
    for_agents = ASKER if ask_first else READER if read_only else ()
    scopes = [*(scope or ()), *for_agents]
    if not scopes:
        raise CallerError("Say what the key may do: --scope NAME, --read-only or --ask-first.")
    for each in scopes:
        if not each.startswith(("environment:", "server:")):
            raise CallerError(f"'{each}' is no scope; they begin with 'environment:'.")
    key = _PREFIX + secrets.token_urlsafe(32)

    async def make(tx: Tx, where: Where) -> None:
        made = await environments.add_key(
            tx,
            environment_id=where.id,
            name=name,
            key_hash=hash_token(key),
            scopes=scopes,
            now=SystemClock().now(),
        )
        if made is None:
            raise Conflict(f"There is a key named '{name}' already; revoke it first.")

    _in_environment(environment, make)
    print(f"May: {', '.join(scopes)}. It is not shown again:", file=sys.stderr)
    print(key)


@app.command("list")
def list_(environment: Environment = "dev", json: Json = False) -> None:
    """List the keys: name, since when, and what each may do."""

    async def tell(tx: Tx, where: Where) -> None:
        keys = await environments.keys(tx, where.id)
        if json:
            as_json(
                [
                    {
                        "name": key.name,
                        "created_at": key.created_at.isoformat(),
                        "scopes": list(key.scopes),
                    }
                    for key in keys
                ]
            )
            return
        for key in keys:
            print(f"{key.name}\t{key.created_at:%Y-%m-%d}\t{' '.join(key.scopes)}")

    _in_environment(environment, tell)


@app.command()
def revoke(name: Name, environment: Environment = "dev") -> None:
    """End a key; servers that know it may take it for ten seconds more."""

    async def end(tx: Tx, where: Where) -> None:
        if name == environments.DEFAULT_KEY:
            raise Conflict("The default key is FAIRLEAD_SECRET_KEY; change it there.")
        if not await environments.remove_key(tx, where.id, name):
            raise NotFound(f"There is no key named '{name}'.")

    _in_environment(environment, end)
    print(f"Revoked '{name}'.", file=sys.stderr)


def _in_environment(name: str, act: Callable[[Tx, Where], Awaitable[None]]) -> None:
    async def run() -> None:
        async with open_database(load_settings()) as db, db.write() as tx:
            where = next((one for one in await environments.list_all(tx) if one.name == name), None)
            if where is None:
                raise NotFound(
                    f"There is no environment '{name}'; a server that has run once makes 'dev'."
                )
            await act(tx, where)

    asyncio.run(run())
