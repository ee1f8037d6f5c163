"""Queries about integrations; their secrets are sealed and opened here."""

# ruff: noqa: A002  # named as the columns are, and nothing here needs the builtins

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Row, bindparam, select
from sqlalchemy import delete as sql_delete
from sqlalchemy import update as sql_update
from sqlalchemy.exc import IntegrityError

from fairlead.errors import Conflict, InternalError, NotFound
from fairlead.model.integration import Integration
from fairlead.store import dialect
from fairlead.store.database import Tx, columns_of
from fairlead.store.tables import connections, environments, events, integrations, schedules
from fairlead.vault.rows import integration_row
from fairlead.vault.vault import Vault

_SECRETS = ("client_secret", "webhook_secret")
_CHANGEABLE = frozenset(
    (
        "unique_key",
        "display_name",
        "client_id",
        *_SECRETS,
        "scopes",
        "forward_webhooks",
        "config",
        "custom",
        "client_secret_expires_at",
    )
)


def _seal(
    vault: Vault, secret: SecretStr | str | None, environment_id: int, unique_key: str, field: str
) -> bytes | None:
    if secret is None:
        return None
    plain = secret.get_secret_value() if isinstance(secret, SecretStr) else secret
    return vault.seal(plain.encode(), row=integration_row(environment_id, unique_key, field))


def _integration(vault: Vault, row: Row[Any]) -> Integration:
    columns = columns_of(row)
    for field in _SECRETS:
        if columns[field] is not None:
            name = integration_row(row.environment_id, row.unique_key, field)
            columns[field] = SecretStr(vault.open(columns[field], row=name).decode())
    if columns["scopes"] is not None:
        columns["scopes"] = tuple(columns["scopes"])
    columns["warnings"] = columns["warnings"] or ()
    return Integration(**columns)


def _taken(unique_key: str) -> Conflict:
    return Conflict(f"An integration with the key '{unique_key}' exists already; choose another")


async def insert(
    tx: Tx,
    vault: Vault,
    *,
    environment_id: int,
    unique_key: str,
    provider: str,
    display_name: str,
    client_id: str | None = None,
    client_secret: SecretStr | str | None = None,
    scopes: Sequence[str] | None = None,
    webhook_secret: SecretStr | str | None = None,
    forward_webhooks: bool = True,
    config: Mapping[str, str] | None = None,
    custom: Mapping[str, str] | None = None,
    client_secret_expires_at: datetime | None = None,
    now: datetime,
) -> Integration:
    """Create an integration; Conflict if the environment has the key already."""
    row = await tx.first(
        dialect.insert(tx, integrations)
        .values(
            environment_id=environment_id,
            unique_key=unique_key,
            provider=provider,
            display_name=display_name,
            client_id=client_id,
            client_secret=_seal(vault, client_secret, environment_id, unique_key, "client_secret"),
            webhook_secret=_seal(
                vault, webhook_secret, environment_id, unique_key, "webhook_secret"
            ),
            scopes=None if scopes is None else list(scopes),
            forward_webhooks=forward_webhooks,
            config=dict(config or {}),
            custom=dict(custom or {}),
            client_secret_expires_at=client_secret_expires_at,
            created_at=now,
            updated_at=now,
        )
        .on_conflict_do_nothing(index_elements=["environment_id", "unique_key"])
        .returning(integrations)
    )
    if row is None:
        raise _taken(unique_key)
    return _integration(vault, row)


async def find_by_path(
    tx: Tx, vault: Vault, environment: str, unique_key: str
) -> Integration | None:
    """Return the integration with this key in the environment of that name."""
    row = await tx.first(
        select(integrations)
        .join(environments, environments.c.id == integrations.c.environment_id)
        .where(environments.c.name == environment, integrations.c.unique_key == unique_key)
    )
    return row and _integration(vault, row)


async def config_of(tx: Tx, id: int) -> dict[str, str]:
    """Return an integration's config; empty if it is gone."""
    return await tx.scalar(select(integrations.c.config).where(integrations.c.id == id)) or {}


async def find(tx: Tx, vault: Vault, environment_id: int, unique_key: str) -> Integration | None:
    """Return the integration with this key."""
    row = await tx.first(
        select(integrations).where(
            integrations.c.environment_id == environment_id,
            integrations.c.unique_key == unique_key,
        )
    )
    return row and _integration(vault, row)


async def by_id(tx: Tx, vault: Vault, id: int) -> Integration | None:
    """Return the integration with this number."""
    row = await tx.first(select(integrations).where(integrations.c.id == id))
    return row and _integration(vault, row)


async def app_of(tx: Tx, id: int) -> str:
    """Return the client id of an integration, "" if it has none."""
    return await tx.scalar(select(integrations.c.client_id).where(integrations.c.id == id)) or ""


async def list_all(tx: Tx, vault: Vault, environment_id: int) -> list[Integration]:
    """Return the environment's integrations, oldest first."""
    rows = await tx.all(
        select(integrations)
        .where(integrations.c.environment_id == environment_id)
        .order_by(integrations.c.id)
    )
    return [_integration(vault, row) for row in rows]


_KNOWN_KEYS = select(integrations.c.unique_key).where(
    integrations.c.environment_id == bindparam("environment"),
    integrations.c.unique_key.in_(bindparam("keys", expanding=True)),
)


async def known_keys(tx: Tx, environment_id: int, keys: Collection[str]) -> set[str]:
    """Return those of the keys that are integrations of the environment."""
    if not keys:
        return set()
    rows = await tx.all(_KNOWN_KEYS, {"environment": environment_id, "keys": list(keys)})
    return {row.unique_key for row in rows}


async def update(
    tx: Tx, vault: Vault, integration: Integration, *, changes: Mapping[str, Any], now: datetime
) -> Integration:
    """Change the fields named in `changes`; Conflict if a new key is taken, NotFound if it is gone.

    Secrets are bound to the key's name, so a new key seals them anew.
    """
    if unknown := sorted(changes.keys() - _CHANGEABLE):
        raise InternalError(f"An integration has no changeable field '{unknown[0]}'")
    environment_id = integration.environment_id
    unique_key = changes.get("unique_key", integration.unique_key)
    values = {name: value for name, value in changes.items() if name not in _SECRETS}
    for field in _SECRETS:
        if field in changes or unique_key != integration.unique_key:
            secret = changes.get(field, getattr(integration, field))
            values[field] = _seal(vault, secret, environment_id, unique_key, field)
    if values.get("scopes") is not None:
        values["scopes"] = list(values["scopes"])
    statement = (
        sql_update(integrations)
        .where(integrations.c.id == integration.id)
        .values(**values, updated_at=now)
        .returning(integrations)
    )
    try:
        row = await tx.first(statement)
    except IntegrityError as error:
        raise _taken(unique_key) from error
    if row is None:
        raise NotFound(f"The integration '{integration.unique_key}' was deleted meanwhile")
    if unique_key != integration.unique_key:
        owned = select(connections.c.id).where(connections.c.integration_id == integration.id)
        await tx.execute(
            sql_update(schedules)
            .where(schedules.c.connection_pk.in_(owned))
            .values(integration_key=unique_key)
        )
    return _integration(vault, row)


async def delete(tx: Tx, environment_id: int, unique_key: str) -> bool:
    """Delete the integration with all its connections and whatever belongs to them.

    Of their events what waits is still to be announced.
    """
    theirs = (
        select(connections.c.id)
        .join(integrations, integrations.c.id == connections.c.integration_id)
        .where(
            integrations.c.environment_id == environment_id,
            integrations.c.unique_key == unique_key,
        )
    )
    await tx.execute(
        sql_delete(events).where(events.c.connection_pk.in_(theirs), events.c.state != "pending")
    )
    return bool(
        await tx.count(
            sql_delete(integrations).where(
                integrations.c.environment_id == environment_id,
                integrations.c.unique_key == unique_key,
            )
        )
    )
