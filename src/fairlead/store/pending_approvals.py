"""Queries about connections that wait for an administrator."""

# ruff: noqa: A002  # named as the columns are, and nothing here needs the builtins

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy import insert as sql_insert
from sqlalchemy import update as sql_update

from fairlead.model.pending_approval import PendingApproval, Problem
from fairlead.store import config_secrets
from fairlead.store.connect_sessions import put_back, take_configs
from fairlead.store.database import Tx, columns_of
from fairlead.store.tables import pending_approvals as table
from fairlead.vault.rows import pending_config_row

#: looked at in one go
_MOST_APPS = 500


async def insert(tx: Tx, pending: PendingApproval) -> None:
    """Keep it in place of an earlier one of the same connection."""
    await forget(tx, pending.environment_id, pending.integration_key, pending.connection_id)
    values = pending.model_dump(exclude={"own_app"})
    await tx.execute(sql_insert(table).values(**values | _configs(tx, pending)))


def _configs(tx: Tx, pending: PendingApproval) -> dict[str, Any]:
    session = pending.session.model_dump(mode="json")
    defaults = take_configs(session["defaults"])
    configs = {
        "config": pending.connection_config,
        "defaults": defaults,
        "own_app": pending.own_app and pending.own_app.revealed(),
    }
    row = pending_config_row(pending.id)
    hidden = configs if any(configs.values()) else {}
    return {
        "session": session,
        "connection_config": {},
        "config_envelope": config_secrets.seal(tx.vault, hidden, row=row),
    }


async def with_open_config(tx: Tx) -> list[PendingApproval]:
    """Return those whose configs an earlier version kept as they are."""
    rows = await tx.all(select(table).where(table.c.config_envelope.is_(None)))
    found = [_pending(tx, columns_of(row)) for row in rows]
    return [one for one in found if one.connection_config or _fixed(one)]


def _fixed(pending: PendingApproval) -> bool:
    return any(fixed.connection_config for fixed in pending.session.defaults.values())


async def seal_config(tx: Tx, pending: PendingApproval) -> int:
    """Seal the configs of one that `with_open_config` returned; 0 if it is gone, or sealed."""
    return await tx.count(
        sql_update(table)
        .where(table.c.id == pending.id, table.c.config_envelope.is_(None))
        .values(**_configs(tx, pending))
    )


async def by_id(tx: Tx, id: str) -> PendingApproval | None:
    """Return the one with this id; the caller compares `expires_at`."""
    return await _one(tx, table.c.id == id)


async def by_token_hash(tx: Tx, token_hash: str) -> PendingApproval | None:
    """Return the one that the holder of this token began; the caller compares `expires_at`."""
    return await _one(tx, table.c.token_hash == token_hash)


async def list_all(tx: Tx, environment_id: int, now: datetime) -> list[PendingApproval]:
    """Return those that still wait, newest first."""
    rows = await tx.all(
        select(table)
        .where(
            table.c.environment_id == environment_id,
            table.c.expires_at > now,
            table.c.done_at.is_(None),
        )
        .order_by(table.c.created_at.desc(), table.c.id)
    )
    return [_pending(tx, columns_of(row)) for row in rows]


async def list_for(
    tx: Tx, environment_id: int, integration_key: str, now: datetime
) -> list[PendingApproval]:
    """Return those of an integration that still wait, newest first."""
    rows = await tx.all(
        select(table)
        .where(
            table.c.environment_id == environment_id,
            table.c.integration_key == integration_key,
            table.c.expires_at > now,
            table.c.done_at.is_(None),
        )
        .order_by(table.c.created_at.desc(), table.c.id)
    )
    return [_pending(tx, columns_of(row)) for row in rows]


async def apps(tx: Tx, now: datetime) -> list[PendingApproval]:
    """Return the apps that still wait, of all environments, the longest untried first."""
    rows = await tx.all(
        select(table)
        .where(table.c.envelope.is_not(None), table.c.expires_at > now)
        .order_by(table.c.tried_at, table.c.id)
        .limit(_MOST_APPS)
    )
    return [_pending(tx, columns_of(row)) for row in rows]


async def claim(tx: Tx, pending: PendingApproval, now: datetime) -> bool:
    """Note that an app is tried now; False if somebody else tries it, or it is over."""
    done = await tx.execute(
        sql_update(table)
        .where(
            table.c.id == pending.id,
            table.c.tried_at == pending.tried_at,
            table.c.envelope.is_not(None),
        )
        .values(tried_at=now)
    )
    return done.rowcount == 1


async def finish(
    tx: Tx, environment_id: int, integration_key: str, connection_id: str, now: datetime
) -> None:
    """Note that the connection came to be: an app's browser may still ask, another's is there."""
    here = (
        table.c.environment_id == environment_id,
        table.c.integration_key == integration_key,
        table.c.connection_id == connection_id,
    )
    await tx.execute(
        sql_update(table)
        .where(*here, table.c.envelope.is_not(None))
        .values(done_at=now, envelope=None)
    )
    await tx.execute(delete(table).where(*here, table.c.done_at.is_(None)))


async def note(tx: Tx, id: str, problem: Problem | None) -> None:
    """Note why an app may wait in vain."""
    await tx.execute(
        sql_update(table)
        .where(table.c.id == id, table.c.envelope.is_not(None))
        .values(problem=problem and problem.model_dump())
    )


async def end(tx: Tx, id: str, problem: Problem) -> bool:
    """Let an app wait no more: its credentials go, the reason stays. False if it is over."""
    return bool(
        await tx.count(
            sql_update(table)
            .where(table.c.id == id, table.c.envelope.is_not(None))
            .values(problem=problem.model_dump(), envelope=None, config_envelope=None)
        )
    )


async def approve(tx: Tx, id: str, now: datetime) -> None:
    """Note that an administrator has approved."""
    await tx.execute(sql_update(table).where(table.c.id == id).values(approved_at=now))


async def forget(tx: Tx, environment_id: int, integration_key: str, connection_id: str) -> None:
    """Delete what waits for this connection: it came to be, or waits anew."""
    await tx.execute(
        delete(table).where(
            table.c.environment_id == environment_id,
            table.c.integration_key == integration_key,
            table.c.connection_id == connection_id,
        )
    )


async def purge_expired(tx: Tx, now: datetime) -> None:
    """Delete those whose time is over."""
    await tx.execute(delete(table).where(table.c.expires_at <= now))


async def _one(tx: Tx, condition: ColumnElement[bool]) -> PendingApproval | None:
    row = await tx.first(select(table).where(condition))
    return row and _pending(tx, columns_of(row))


def _pending(tx: Tx, columns: dict[str, Any]) -> PendingApproval:
    envelope = columns.pop("config_envelope")
    configs = config_secrets.opened(tx.vault, envelope, row=pending_config_row(columns["id"]))
    if configs:
        columns["connection_config"] = configs["config"]
        columns["own_app"] = configs["own_app"]
        put_back(columns["session"]["defaults"], configs["defaults"])
    return PendingApproval(**columns)
