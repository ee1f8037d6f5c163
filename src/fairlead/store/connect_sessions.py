"""Queries about connect sessions and the trips (OAuth states) that they open."""

# ruff: noqa: A002  # named as the columns are, and nothing here needs the builtins

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import SecretStr
from sqlalchemy import delete as sql_delete
from sqlalchemy import insert as sql_insert
from sqlalchemy import select

from fairlead.model.connect_session import ConnectSession, OAuthState
from fairlead.store import config_secrets
from fairlead.store.database import Tx, columns_of
from fairlead.store.tables import connect_sessions, oauth_states
from fairlead.vault.rows import session_config_row, state_config_row, state_row
from fairlead.vault.vault import Vault


async def insert(tx: Tx, session: ConnectSession) -> None:
    """Keep a session."""
    await insert_all(tx, [session])


async def insert_all(tx: Tx, sessions: Sequence[ConnectSession]) -> None:
    """Keep sessions."""
    await tx.execute(sql_insert(connect_sessions), [_values(tx, each) for each in sessions])


async def find_by_token_hash(tx: Tx, token_hash: str) -> ConnectSession | None:
    """Return the session, also when its time is over: the caller compares `expires_at`."""
    row = await tx.first(
        select(connect_sessions).where(connect_sessions.c.token_hash == token_hash)
    )
    return row and _session(tx, columns_of(row))


async def find(tx: Tx, id: str) -> ConnectSession | None:
    """Return the session with this id, also when its time is over."""
    row = await tx.first(select(connect_sessions).where(connect_sessions.c.id == id))
    return row and _session(tx, columns_of(row))


def _values(tx: Tx, session: ConnectSession) -> dict[str, Any]:
    values = session.model_dump()
    configs = take_configs(values["defaults"])
    row = session_config_row(session.id)
    return {**values, "config_envelope": config_secrets.seal(tx.vault, configs, row=row)}


def take_configs(defaults: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Take the configs out of a session's `defaults`, to be sealed: integration -> config."""
    configs = {}
    for key, fixed in defaults.items():
        if fixed["connection_config"]:
            configs[key] = fixed["connection_config"]
            fixed["connection_config"] = {}
    return configs


def put_back(defaults: Mapping[str, dict[str, Any]], configs: Mapping[str, Any]) -> None:
    """Put the configs back that `take_configs` took."""
    for key, config in configs.items():
        defaults[key]["connection_config"] = config


def _session(tx: Tx, columns: dict[str, Any]) -> ConnectSession:
    columns["allowed_integrations"] = tuple(columns["allowed_integrations"])
    envelope = columns.pop("config_envelope")
    row = session_config_row(columns["id"])
    put_back(columns["defaults"], config_secrets.opened(tx.vault, envelope, row=row))
    return ConnectSession(**columns)


async def delete(tx: Tx, id: str) -> bool:
    """Delete the session; False if it was not there."""
    return bool(await tx.count(sql_delete(connect_sessions).where(connect_sessions.c.id == id)))


async def insert_state(tx: Tx, vault: Vault, state: OAuthState) -> None:
    """Keep a trip; its PKCE verifier, config and what else is secret are sealed."""
    values = state.model_dump(exclude={"connection_config", "own_app", "refresh_token"})
    hidden = {
        "config": state.connection_config,
        "own_app": state.own_app and state.own_app.revealed(),
        "refresh_token": state.refresh_token and state.refresh_token.get_secret_value(),
    }
    row, hidden = state_config_row(state.id), {key: it for key, it in hidden.items() if it}
    values |= {
        "connection_config": {},
        "config_envelope": config_secrets.seal(vault, hidden, row=row),
    }
    verifier = state.code_verifier.get_secret_value().encode()
    values["code_verifier"] = vault.seal(verifier, row=state_row(state.id))
    await tx.execute(sql_insert(oauth_states).values(**values))


async def claim_state(tx: Tx, vault: Vault, state_id: str) -> OAuthState | None:
    """Take the trip out: of all who ask for it, one gets it. The caller compares `expires_at`."""
    row = await tx.first(
        sql_delete(oauth_states).where(oauth_states.c.id == state_id).returning(oauth_states)
    )
    if row is None:
        return None
    columns = columns_of(row)
    verifier = vault.open(columns["code_verifier"], row=state_row(state_id))
    columns["code_verifier"] = SecretStr(verifier.decode())
    envelope = columns.pop("config_envelope")
    row_name = state_config_row(state_id)
    hidden = config_secrets.opened(vault, envelope, row=row_name)
    columns["connection_config"] |= hidden.get("config", {})
    columns["own_app"] = hidden.get("own_app")
    columns["refresh_token"] = hidden.get("refresh_token")
    return OAuthState(**columns)


async def purge_expired(tx: Tx, now: datetime) -> int:
    """Delete sessions and trips whose time is over; return how many."""
    gone = 0
    for table in (connect_sessions, oauth_states):
        gone += await tx.count(sql_delete(table).where(table.c.expires_at <= now))
    return gone
