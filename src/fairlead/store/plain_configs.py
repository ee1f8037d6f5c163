"""Seal what earlier versions, or another definition of the provider, left open in configs.

Each row is exchanged only for what it was, so a server that writes meanwhile wins. On SQLite the
pages that held the values are overwritten.
"""

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Row, func, select, text, update

from fairlead.store import config_secrets, pending_approvals
from fairlead.store.database import Database, Tx
from fairlead.store.tables import connections, integrations
from fairlead.vault.rows import config_row

#: (provider, config) -> names of what is secret in it
NamesOf = Callable[[str, Mapping[str, Any]], Collection[str]]

_BATCH = 500
_READ = (
    select(
        connections.c.id,
        connections.c.environment_id,
        connections.c.integration_id,
        connections.c.connection_id,
        connections.c.connection_config,
        connections.c.config_envelope,
        integrations.c.provider,
    )
    .join(integrations, integrations.c.id == connections.c.integration_id)
    .where(func.length(connections.c.connection_config) > len("{}"))
    .order_by(connections.c.id)
    .limit(_BATCH)
)


async def seal_plain(db: Database, names_of: NamesOf) -> int:
    """Seal every secret value that lies open in a config; return in how many rows."""
    done, after = 0, 0
    while True:
        async with db.read() as tx:
            rows = await tx.all(_READ.where(connections.c.id > after))
        if not rows:
            break
        after = rows[-1].id
        found = [(row, names_of(row.provider, row.connection_config)) for row in rows]
        if open_rows := [(row, names) for row, names in found if names]:
            async with _overwriting(db) as tx:
                for row, names in open_rows:
                    done += await _seal(tx, row, names)
    async with db.read() as tx:
        waiting = await pending_approvals.with_open_config(tx)
    if waiting:
        async with _overwriting(db) as tx:
            for pending in waiting:
                done += await pending_approvals.seal_config(tx, pending)
    return done


@asynccontextmanager
async def _overwriting(db: Database) -> AsyncIterator[Tx]:
    async with db.write() as tx:
        if tx.dialect != "sqlite":
            yield tx
            return
        await tx.execute(text("PRAGMA secure_delete = ON"))
        try:
            yield tx
        finally:
            await tx.execute(text("PRAGMA secure_delete = OFF"))


async def _seal(tx: Tx, row: Row[Any], names: Collection[str]) -> int:
    name = config_row(row.environment_id, row.integration_id, row.connection_id)
    config, before = row.connection_config, row.config_envelope
    hidden = config_secrets.opened(tx.vault, before, row=name)
    hidden |= {key: value for key, value in config.items() if key in names}
    column = connections.c.config_envelope
    return await tx.count(
        update(connections)
        .where(
            connections.c.id == row.id,
            connections.c.connection_config == config,
            column.is_(None) if before is None else column == before,
        )
        .values(
            connection_config={key: config[key] for key in config if key not in names},
            config_envelope=config_secrets.seal(tx.vault, hidden, row=name),
        )
    )
