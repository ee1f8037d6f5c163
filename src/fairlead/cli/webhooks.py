"""`fairlead webhooks`: events that were given up, and delivering them once more."""

import json as json_text

from rich.console import Console
from rich.table import Table

from fairlead.api.dead_letters import letter_out
from fairlead.errors import NotFound
from fairlead.model.clock import SystemClock
from fairlead.opening import open_database
from fairlead.settings import Settings
from fairlead.store import environments, outbox
from fairlead.store.database import Database


async def dead_letters(settings: Settings, environment: str, *, limit: int, json: bool) -> None:
    """Print events that were given up, newest first."""
    async with open_database(settings) as db:
        environment_id = await _environment(db, environment)
        async with db.read() as tx:
            found = await outbox.dead_letters(tx, environment_id, limit)
    if json:
        print(json_text.dumps({"events": [letter_out(each) for each in found]}, indent=2))
        return
    table = Table("id", "type", "created", "attempts", "last answer", box=None, pad_edge=False)
    for each in map(letter_out, found):
        last = each["last"] or {"url": "", "error": "there is nowhere to deliver it"}
        table.add_row(
            each["id"],
            each["type"],
            each["created_at"],
            str(each["attempts"]),
            f"{last['error']} {last['url']}".strip(),
        )
    Console().print(table)


async def replay(settings: Settings, environment: str, ids: list[str]) -> None:
    """Let events that were given up be delivered once more, all if none is named."""
    async with open_database(settings) as db:
        environment_id = await _environment(db, environment)
        async with db.write() as tx:
            count = await outbox.replay(tx, environment_id, ids, SystemClock().now())
    print(f"{count} {'event is' if count == 1 else 'events are'} delivered once more")


async def _environment(db: Database, name: str) -> int:
    async with db.read() as tx:
        for each in await environments.list_all(tx):
            if each.name == name:
                return each.id
    raise NotFound(f"There is no environment '{name}'")
