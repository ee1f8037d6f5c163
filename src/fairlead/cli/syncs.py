"""`fairlead syncs`: how a connection's syncs stand, live, and approving what they held back."""

import json as json_text
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from fairlead.api.sync_status import status_out
from fairlead.cli.desk import Desk, connection_named, open_desk
from fairlead.errors import NotFound
from fairlead.model.connection import Connection
from fairlead.model.environment import Environment
from fairlead.settings import Settings
from fairlead.store import environments


async def status(
    settings: Settings, connection_id: str, integration: str | None, *, json: bool
) -> None:
    """Print how the syncs of a connection stand."""
    async with open_desk(settings) as desk:
        connection, environment = await _whose(desk, connection_id, integration)
        found = await desk.engine.status(
            environment, connection.integration_key, connection.connection_id
        )
    told = [status_out(each) for each in found]
    if json:
        print(json_text.dumps({"syncs": told}, indent=2))
        return
    columns = ("sync", "status", "records", "last end", "next", "under way")
    table = Table(*columns, box=None, pad_edge=False)
    for each in told:
        table.add_row(
            _name(each),
            each["status"],
            ", ".join(f"{model} {count:,}" for model, count in each["recordCount"].items()),
            each["finishedAt"] or "-",
            each["nextScheduledSyncAt"] or "-",
            under_way(each),
        )
    Console().print(table)
    for each in told:
        for model, held in each["heldDeletions"].items():
            print(f"{_name(each)}: {held:,} deletions of {model} are held back; approve them with:")
            print(f"  fairlead syncs approve {connection.connection_id} {each['name']}")


def _name(status: dict[str, Any]) -> str:
    variant = "" if status["variant"] == "base" else f"::{status['variant']}"
    return f"{status['name']}{variant}"


def under_way(status: dict[str, Any]) -> str:
    """Say in a line where the newest run stands; nothing if it is over."""
    run = status["latestExecution"]
    progress = run and run["progress"]
    if not progress:
        failure = run and run["failure"]
        return f"{failure['code']}: {failure['message']}" if failure else ""
    parts = [progress["phase"]]
    of = f" of {progress['total']:,}" if progress["total"] else ""
    parts.append(f"{progress['items']:,}{of} items, {progress['pages']:,} pages")
    parts.append(f"{progress['requests']:,} requests, {progress['bytes'] / 1e6:,.1f} MB")
    if progress["waiting"]:
        until = progress["until"] and f" until {_time(progress['until'])}"
        parts.append(f"waits: {progress['waiting']}{until or ''}")
    if progress["eta"]:
        parts.append(f"over about {_time(progress['eta'])}")
    return "; ".join(parts)


def _time(instant: str) -> str:
    return datetime.fromisoformat(instant).strftime("%H:%M:%S UTC")


async def approve(
    settings: Settings, connection_id: str, integration: str | None, syncs: list[str], variant: str
) -> None:
    """Delete what runs of these syncs held back, of all if none is named."""
    async with open_desk(settings) as desk:
        connection, environment = await _whose(desk, connection_id, integration)
        deleted = await desk.engine.approve_deletions(
            environment,
            connection.integration_key,
            connection.connection_id,
            [(sync, variant) for sync in syncs],
        )
    for model, count in deleted.items():
        print(f"{count:,} records of {model} are deleted")
    if not deleted:
        print("nothing was held back")


async def _whose(
    desk: Desk, connection_id: str, integration: str | None
) -> tuple[Connection, Environment]:
    connection = await connection_named(desk.db, desk.settings, connection_id, integration)
    async with desk.db.read() as tx:
        for environment in await environments.list_all(tx):
            if environment.id == connection.environment_id:
                return connection, environment
    raise NotFound("Its environment was deleted meanwhile")
