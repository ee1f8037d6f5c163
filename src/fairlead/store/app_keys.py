"""Queries about the keys by which apps prove themselves; the private halves are sealed here."""

# ruff: noqa: A002  # named as the columns are, and nothing here needs the builtins

from datetime import datetime
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Row, or_, select
from sqlalchemy import insert as sql_insert
from sqlalchemy import update as sql_update

from fairlead.errors import InternalError
from fairlead.model.app_key import AppKey, KeyState
from fairlead.store.database import Tx, columns_of
from fairlead.store.tables import app_keys as table
from fairlead.vault.rows import app_key_row
from fairlead.vault.vault import Vault

_CHANGEABLE = frozenset(
    ("state", "activated_at", "superseded_at", "used_at", "tried_at", "refusal")
)


async def insert(tx: Tx, vault: Vault, key: AppKey) -> None:
    """Keep a new key."""
    if key.private_key is None:
        raise InternalError("A key without its private half was to be kept")
    values = key.model_dump(exclude={"private_key"})
    sealed = vault.seal(
        key.private_key.get_secret_value().encode(), row=app_key_row(key.integration_id, key.id)
    )
    await tx.execute(sql_insert(table).values(**values, envelope=sealed))


async def find(tx: Tx, integration_id: int, id: str) -> AppKey | None:
    """Return a key, its private half not opened."""
    row = await tx.first(
        select(table).where(table.c.integration_id == integration_id, table.c.id == id)
    )
    return row and _key(row)


async def list_all(tx: Tx, integration_id: int, connection_pk: int | None = None) -> list[AppKey]:
    """Return an integration's keys, or one connection's; newest first, private halves closed."""
    query = select(table).where(table.c.integration_id == integration_id)
    if connection_pk is not None:
        query = query.where(table.c.connection_pk == connection_pk)
    rows = await tx.all(query.order_by(table.c.created_at.desc(), table.c.id))
    return [_key(row) for row in rows]


async def usable(
    tx: Tx, vault: Vault, integration_id: int, connection_pk: int | None
) -> list[AppKey]:
    """Return the keys that a connection may sign with, opened, newest first."""
    rows = await tx.all(
        select(table)
        .where(
            table.c.integration_id == integration_id,
            table.c.envelope.is_not(None),
            or_(table.c.connection_pk.is_(None), table.c.connection_pk == connection_pk),
        )
        .order_by(table.c.created_at.desc(), table.c.id)
    )
    return [_key(row, vault) for row in rows]


async def signing_until(tx: Tx, before: datetime) -> list[AppKey]:
    """Return the active keys whose certificates end before that instant, private halves closed."""
    rows = await tx.all(
        select(table)
        .where(table.c.state == KeyState.ACTIVE.value, table.c.expires_at <= before)
        .order_by(table.c.expires_at, table.c.id)
    )
    return [_key(row) for row in rows]


async def replaced_before(tx: Tx, before: datetime) -> list[AppKey]:
    """Return the previous keys that were replaced, and last used, before that instant."""
    rows = await tx.all(
        select(table).where(
            table.c.state == KeyState.PREVIOUS.value,
            table.c.superseded_at <= before,
            or_(table.c.used_at.is_(None), table.c.used_at <= before),
        )
    )
    return [_key(row) for row in rows]


async def change(tx: Tx, id: str, **changes: Any) -> None:
    """Change a key that is not retired."""
    if unknown := sorted(changes.keys() - _CHANGEABLE):
        raise InternalError(f"A key has no changeable field '{unknown[0]}'")
    await tx.execute(
        sql_update(table).where(table.c.id == id, table.c.envelope.is_not(None)).values(**changes)
    )


async def retire(tx: Tx, id: str, now: datetime) -> None:
    """Destroy the private half."""
    await tx.execute(
        sql_update(table)
        .where(table.c.id == id)
        .values(state=KeyState.RETIRED.value, envelope=None, retired_at=now)
    )


def _key(row: Row[Any], vault: Vault | None = None) -> AppKey:
    columns = columns_of(row)
    envelope = columns.pop("envelope")
    if vault is not None:
        plain = vault.open(envelope, row=app_key_row(row.integration_id, row.id))
        columns["private_key"] = SecretStr(plain.decode())
    return AppKey(**columns)
