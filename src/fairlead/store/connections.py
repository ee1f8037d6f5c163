"""Queries about connections, their sealed credentials and their faults."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row, Select, bindparam, exists, select
from sqlalchemy import delete as sql_delete
from sqlalchemy import update as sql_update

from fairlead.errors import InternalError, NotFound
from fairlead.model.connect_session import EndUser
from fairlead.model.connection import Connection, Fault
from fairlead.model.credentials import SealedCredentials
from fairlead.model.integration import Integration
from fairlead.store import config_secrets, dialect, faults
from fairlead.store.database import Tx, columns_of
from fairlead.store.faults import clear_fault, set_fault
from fairlead.store.locks import refresh_lock
from fairlead.store.tables import connection_tokens, connections, events, integrations
from fairlead.store.tables import faults as faults_table
from fairlead.vault.rows import config_row

__all__ = [
    "by_pk",
    "clear_fault",
    "delete",
    "find",
    "find_any",
    "list_all",
    "merge_metadata",
    "patch",
    "refresh_lock",
    "sealed",
    "set_fault",
    "set_metadata",
    "set_sealed",
    "touch_fetched",
    "upsert",
]

_HIDDEN = {
    "end_user_id",
    "organization_id",
    "search_text",
    "envelope",
    "credentials_expire_at",
    "refreshable",
    "proof_expires_at",
}
_SHOWN = [column for column in connections.c if column.name not in _HIDDEN]
_CHANGEABLE = frozenset(("end_user", "tags", "webhook_url_override"))
#: rows of one page when the caller names no limit
MANY = 10_000


def _query() -> Select[Any]:
    return select(
        *_SHOWN,
        integrations.c.unique_key.label("integration_key"),
        integrations.c.provider,
        exists().where(faults_table.c.connection_pk == connections.c.id).label("is_faulty"),
    ).join(integrations, integrations.c.id == connections.c.integration_id)


async def _with_faults(tx: Tx, rows: Sequence[Row[Any]]) -> list[Connection]:
    found = await faults.of(tx, [row.id for row in rows if row.is_faulty])
    return [_connection(tx, row, found.get(row.id, ())) for row in rows]


def _connection(tx: Tx, row: Row[Any], errors: tuple[Fault, ...]) -> Connection:
    columns = columns_of(row)
    del columns["is_faulty"]
    envelope = columns.pop("config_envelope")
    if envelope is not None:
        name = config_row(row.environment_id, row.integration_id, row.connection_id)
        columns["connection_config"] |= config_secrets.opened(tx.vault, envelope, row=name)
    columns["warnings"] = columns["warnings"] or ()
    return Connection(**columns, errors=errors)


#: built once: building takes longer than running it
_BY_NAME = _query().where(
    connections.c.environment_id == bindparam("environment"),
    connections.c.connection_id == bindparam("connection"),
    integrations.c.unique_key == bindparam("integration"),
)
_BY_PK = _query().where(connections.c.id == bindparam("pk"))


async def _one(tx: Tx, statement: Select[Any], parameters: Mapping[str, Any]) -> Connection | None:
    row = await tx.first(statement, parameters)
    return (await _with_faults(tx, [row]))[0] if row is not None else None


def _who(connection_id: str, end_user: EndUser | None) -> dict[str, Any]:
    """Return the columns that hold, or are copied out of, the end user."""
    organization = end_user.organization if end_user else None
    words = [connection_id]
    if end_user:
        words += [end_user.id, end_user.email or "", end_user.display_name or ""]
    return {
        "end_user": end_user.model_dump() if end_user else None,
        "end_user_id": end_user.id if end_user else None,
        "organization_id": organization.id if organization else None,
        # A line break between them, so that no search matches across two.
        "search_text": "\n".join(words).lower(),
    }


def _envelope(sealed: SealedCredentials) -> dict[str, Any]:
    return {
        "envelope": sealed.envelope,
        "credentials_expire_at": sealed.expires_at,
        "refreshable": sealed.refreshable,
        "proof_expires_at": sealed.proof_expires_at,
    }


def _config(
    tx: Tx, config: Mapping[str, Any], secrets: Collection[str], row: str
) -> dict[str, Any]:
    hidden = {name: value for name, value in config.items() if name in secrets}
    return {
        "connection_config": {name: config[name] for name in config if name not in hidden},
        "config_envelope": config_secrets.seal(tx.vault, hidden, row=row),
    }


async def upsert(
    tx: Tx,
    *,
    environment_id: int,
    integration: Integration,
    connection_id: str,
    end_user: EndUser | None = None,
    tags: Mapping[str, str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    connection_config: Mapping[str, Any] | None = None,
    secrets: Collection[str] = (),
    webhook_url_override: str | None = None,
    sealed: SealedCredentials,
    now: datetime,
) -> tuple[Connection, bool]:
    """Create the connection, or renew the one of that id; say whether it was created.

    Values of the config whose names are among `secrets` are kept sealed.

    Renewing replaces credentials (those for further APIs go) and config; end user, tags, metadata
    and webhook URL stay as they are where nothing new is given.
    """
    name = config_row(environment_id, integration.id, connection_id)
    values: dict[str, Any] = {
        **_envelope(sealed),
        **_config(tx, connection_config or {}, secrets, name),
        "updated_at": now,
        # of what is replaced
        "warnings": None,
    }
    row = await tx.first(
        dialect.insert(tx, connections)
        .values(
            **values,
            **_who(connection_id, end_user),
            environment_id=environment_id,
            integration_id=integration.id,
            connection_id=connection_id,
            tags=dict(tags or {}),
            metadata=None if metadata is None else dict(metadata),
            webhook_url_override=webhook_url_override,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["integration_id", "connection_id"])
        .returning(connections.c.id)
    )
    is_created = row is not None
    if not is_created:
        await tx.execute(
            sql_delete(connection_tokens).where(
                connection_tokens.c.connection_pk.in_(
                    select(connections.c.id).where(
                        connections.c.integration_id == integration.id,
                        connections.c.connection_id == connection_id,
                    )
                )
            )
        )
        if end_user is not None:
            values |= _who(connection_id, end_user)
        if tags:
            values["tags"] = dict(tags)
        if metadata is not None:
            values["metadata"] = dict(metadata)
        if webhook_url_override is not None:
            values["webhook_url_override"] = webhook_url_override
        await tx.execute(
            sql_update(connections)
            .where(
                connections.c.integration_id == integration.id,
                connections.c.connection_id == connection_id,
            )
            .values(**values)
        )
    connection = await find(tx, environment_id, integration.unique_key, connection_id)
    if connection is None:
        raise NotFound(f"The integration '{integration.unique_key}' was deleted meanwhile")
    return connection, is_created


async def find(
    tx: Tx, environment_id: int, integration_key: str, connection_id: str
) -> Connection | None:
    """Return the connection of that name on that integration."""
    named = {
        "environment": environment_id,
        "integration": integration_key,
        "connection": connection_id,
    }
    return await _one(tx, _BY_NAME, named)


async def find_any(tx: Tx, environment_id: int, connection_id: str) -> list[Connection]:
    """Return the connections of that name on any integration, oldest first."""
    rows = await tx.all(
        _query()
        .where(
            connections.c.environment_id == environment_id,
            connections.c.connection_id == connection_id,
        )
        .order_by(connections.c.id)
    )
    return await _with_faults(tx, rows)


async def by_pk(tx: Tx, pk: int) -> Connection | None:
    """Return the connection with this number."""
    return await _one(tx, _BY_PK, {"pk": pk})


async def list_all(
    tx: Tx,
    environment_id: int,
    *,
    connection_id: str | None = None,
    search: str | None = None,
    end_user_id: str | None = None,
    organization_id: str | None = None,
    integration_keys: Iterable[str] | None = None,
    tags: Mapping[str, str] | None = None,
    failing: bool | None = None,
    limit: int = MANY,
    page: int = 0,
) -> list[Connection]:
    """Return connections that match everything given, newest first; pages count from 0.

    `search` finds a part of the connection's name or of the end user's id, email or name,
    whatever the case.
    """
    query = _query().where(connections.c.environment_id == environment_id)
    equal = {
        connections.c.connection_id: connection_id,
        connections.c.end_user_id: end_user_id,
        connections.c.organization_id: organization_id,
    }
    query = query.where(*(column == value for column, value in equal.items() if value is not None))
    if integration_keys is not None:
        query = query.where(integrations.c.unique_key.in_(list(integration_keys)))
    if search:
        query = query.where(dialect.contains(tx, connections.c.search_text, search.lower()))
    for key, value in (tags or {}).items():
        # In JSON text an unescaped `,"` or `{"` begins a key and nothing else, so this is exact.
        pair = orjson.dumps({key: value}).decode()[1:-1]
        query = query.where(
            dialect.contains(tx, connections.c.tags, "{" + pair)
            | dialect.contains(tx, connections.c.tags, "," + pair)
        )
    if failing is not None:
        faulty = (
            select(faults_table.c.code)
            .where(faults_table.c.connection_pk == connections.c.id)
            .exists()
        )
        query = query.where(faulty if failing else ~faulty)
    query = query.order_by(connections.c.id.desc()).limit(limit).offset(page * limit)
    return await _with_faults(tx, await tx.all(query))


async def sealed(tx: Tx, pk: int) -> SealedCredentials:
    """Return the connection's credentials as they lie; NotFound if it is gone."""
    c = connections.c
    row = await tx.first(
        select(c.envelope, c.credentials_expire_at, c.refreshable).where(c.id == pk)
    )
    if row is None:
        raise _gone()
    return SealedCredentials(
        envelope=row.envelope, expires_at=row.credentials_expire_at, refreshable=row.refreshable
    )


async def set_sealed(tx: Tx, pk: int, sealed: SealedCredentials, now: datetime) -> None:
    """Replace the connection's credentials; NotFound if it is gone."""
    await _change(tx, pk, **_envelope(sealed), updated_at=now)


async def touch_fetched(tx: Tx, pk: int, now: datetime) -> None:
    """Note when the credentials were last asked for; nothing if the connection is gone."""
    await tx.execute(
        sql_update(connections).where(connections.c.id == pk).values(last_fetched_at=now)
    )


async def set_metadata(tx: Tx, pk: int, metadata: Mapping[str, Any], now: datetime) -> None:
    """Replace the connection's metadata; NotFound if it is gone."""
    await _change(tx, pk, metadata=dict(metadata), updated_at=now)


async def merge_metadata(tx: Tx, pk: int, patch: Mapping[str, Any], now: datetime) -> None:
    """Set the metadata's top-level keys that `patch` names; NotFound if the connection is gone."""
    row = await tx.first(
        select(connections.c.metadata).where(connections.c.id == pk).with_for_update()
    )
    if row is None:
        raise _gone()
    await _change(tx, pk, metadata={**(row.metadata or {}), **patch}, updated_at=now)


async def patch(tx: Tx, pk: int, *, changes: Mapping[str, Any], now: datetime) -> None:
    """Change end_user, tags or webhook_url_override; NotFound if it is gone."""
    if unknown := sorted(changes.keys() - _CHANGEABLE):
        raise InternalError(f"A connection has no changeable field '{unknown[0]}'")
    values = dict(changes)
    if "end_user" in changes:
        connection_id = await tx.scalar(
            select(connections.c.connection_id).where(connections.c.id == pk)
        )
        if connection_id is None:
            raise _gone()
        values |= _who(connection_id, changes["end_user"])
    await _change(tx, pk, **values, updated_at=now)


async def delete(tx: Tx, pk: int) -> None:
    """Delete the connection and whatever belongs to it: schedules, runs, records, checkpoints.

    Of its events what was delivered or given up goes, too; what waits is still to be announced.
    """
    is_told = (events.c.connection_pk == pk, events.c.state != "pending")
    await tx.execute(sql_delete(events).where(*is_told))
    await tx.execute(sql_delete(connections).where(connections.c.id == pk))


async def _change(tx: Tx, pk: int, **values: Any) -> None:
    if not await tx.count(sql_update(connections).where(connections.c.id == pk).values(**values)):
        raise _gone()


def _gone() -> NotFound:
    return NotFound("The connection was deleted meanwhile")
