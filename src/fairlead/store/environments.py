"""Queries about environments and their API keys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select, update

from fairlead.model.environment import ApiKey, Environment
from fairlead.store import dialect
from fairlead.store.database import Tx
from fairlead.store.tables import api_keys, environments

DEFAULT_KEY = "default"
EVERYTHING = ["environment:*"]


async def ensure_environment(tx: Tx, *, name: str, key_hash: str, now: datetime) -> Environment:
    """Create the environment and its default key unless they exist; a new hash replaces the old."""
    await tx.execute(
        dialect.insert(tx, environments)
        .values(name=name, created_at=now)
        .on_conflict_do_nothing(index_elements=["name"])
    )
    row = (await tx.execute(select(environments).where(environments.c.name == name))).one()
    await tx.execute(
        dialect.insert(tx, api_keys)
        .values(
            environment_id=row.id,
            name=DEFAULT_KEY,
            key_hash=key_hash,
            scopes=EVERYTHING,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["environment_id", "name"])
    )
    await tx.execute(
        update(api_keys)
        .where(
            api_keys.c.environment_id == row.id,
            api_keys.c.name == DEFAULT_KEY,
            api_keys.c.key_hash != key_hash,
        )
        .values(key_hash=key_hash, created_at=now)
    )
    return Environment(id=row.id, name=row.name, created_at=row.created_at)


async def find_by_key_hash(tx: Tx, key_hash: str) -> tuple[Environment, ApiKey] | None:
    """Return the key with this hash and its environment."""
    row = await tx.first(
        select(
            api_keys,
            environments.c.name.label("environment_name"),
            environments.c.created_at.label("environment_created_at"),
        )
        .join(environments, environments.c.id == api_keys.c.environment_id)
        .where(api_keys.c.key_hash == key_hash)
    )
    if row is None:
        return None
    environment = Environment(
        id=row.environment_id, name=row.environment_name, created_at=row.environment_created_at
    )
    return environment, _key(row)


async def add_key(
    tx: Tx,
    *,
    environment_id: int,
    name: str,
    key_hash: str,
    scopes: Sequence[str],
    now: datetime,
) -> ApiKey | None:
    """Add a key to an environment; None if one of that name is there."""
    row = (
        await tx.execute(
            dialect.insert(tx, api_keys)
            .values(
                environment_id=environment_id,
                name=name,
                key_hash=key_hash,
                scopes=list(scopes),
                created_at=now,
            )
            .on_conflict_do_nothing(index_elements=["environment_id", "name"])
            .returning(api_keys)
        )
    ).first()
    return row and _key(row)


async def keys(tx: Tx, environment_id: int) -> list[ApiKey]:
    """Return an environment's keys, oldest first."""
    rows = await tx.all(
        select(api_keys).where(api_keys.c.environment_id == environment_id).order_by(api_keys.c.id)
    )
    return [_key(row) for row in rows]


async def remove_key(tx: Tx, environment_id: int, name: str) -> bool:
    """End a key; False if there is none of that name."""
    done = await tx.execute(
        delete(api_keys).where(api_keys.c.environment_id == environment_id, api_keys.c.name == name)
    )
    return done.rowcount > 0


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        id=row.id,
        environment_id=row.environment_id,
        name=row.name,
        key_hash=row.key_hash,
        scopes=tuple(row.scopes),
        created_at=row.created_at,
    )


async def find(tx: Tx, environment_id: int) -> Environment | None:
    """Return the environment with this number."""
    row = await tx.first(select(environments).where(environments.c.id == environment_id))
    return row and Environment(id=row.id, name=row.name, created_at=row.created_at)


async def list_all(tx: Tx) -> list[Environment]:
    """Return every environment."""
    rows = await tx.all(select(environments).order_by(environments.c.id))
    return [Environment(id=row.id, name=row.name, created_at=row.created_at) for row in rows]


async def add(tx: Tx, name: str, now: datetime) -> Environment | None:
    """Add an environment; None if one of that name is there."""
    row = await tx.first(
        dialect.insert(tx, environments)
        .values(name=name, created_at=now)
        .on_conflict_do_nothing(index_elements=["name"])
        .returning(environments)
    )
    return row and Environment(id=row.id, name=row.name, created_at=row.created_at)
