"""What is secret in a connection's config lies sealed everywhere, and comes back whole."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text, update
from store_world import NOW, World, fresh

from fairlead.errors import InternalError, VaultError
from fairlead.model.connect_session import ConnectSession, IntegrationDefaults, OAuthState
from fairlead.model.connection import Connection
from fairlead.model.credentials import SealedCredentials
from fairlead.model.pending_approval import PendingApproval
from fairlead.store import (
    Database,
    Tx,
    connect_sessions,
    connections,
    pending_approvals,
    tables,
)
from fairlead.store.plain_configs import seal_plain
from fairlead.store.sealed import counts, reseal
from fairlead.vault import Vault, credentials_row
from fairlead.vault.vault import key_id

OLD, NEW = b"k" * 32, b"n" * 32
CONFIG: dict[str, Any] = {"site": "here", "pin": "s3cr3t-pin", "deep": {"a": ["s3cr3t-deep"]}}
HIDDEN = ("pin", "deep")
DEFAULTS = {"acme": IntegrationDefaults(connection_config=CONFIG), "b": IntegrationDefaults()}


async def keep(world: World, name: str = "c2", **more: Any) -> Connection:
    given = {"connection_config": CONFIG, "secrets": HIDDEN} | more
    row = credentials_row(world.environment.id, world.integration.id, name)
    async with world.db.write() as tx:
        made, _ = await connections.upsert(
            tx,
            environment_id=world.environment.id,
            integration=world.integration,
            connection_id=name,
            sealed=SealedCredentials(envelope=world.vault.seal(b"e", row=row)),
            now=NOW,
            **given,
        )
    return made


def session_of(world: World) -> ConnectSession:
    return ConnectSession(
        id=fresh("session"),
        environment_id=world.environment.id,
        token_hash=fresh("hash"),
        defaults=DEFAULTS,
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=30),
    )


def state_of(world: World) -> OAuthState:
    return OAuthState(
        id=fresh("state"),
        environment_id=world.environment.id,
        integration_key="acme",
        connection_id="c",
        code_verifier=SecretStr("v"),
        redirect_uri="https://here",
        connection_config=CONFIG,
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=30),
    )


def pending_of(world: World) -> PendingApproval:
    return PendingApproval(
        id=fresh("waits"),
        environment_id=world.environment.id,
        integration_key="acme",
        connection_id="waits",
        token_hash=fresh("hash"),
        admin_url="https://login.example/admin",
        session=session_of(world),
        connection_config=CONFIG,
        created_at=NOW,
        expires_at=NOW + timedelta(days=1),
    )


async def dump(tx: Tx) -> str:
    rows = [
        str(await tx.all(text(f"SELECT * FROM {table.name}")))
        for table in tables.metadata.sorted_tables
    ]
    return "\n".join(rows)


async def test_every_place_of_a_config(world: World) -> None:
    async with world.db.write() as tx:
        # the world's own has no envelope of a vault
        await connections.delete(tx, world.pk)
    kept = await keep(world)
    assert kept.connection_config == CONFIG
    session, state, pending = session_of(world), state_of(world), pending_of(world)
    async with world.db.write() as tx:
        await connect_sessions.insert(tx, session)
        await connect_sessions.insert_state(tx, world.vault, state)
        await pending_approvals.insert(tx, pending)
        lying = await dump(tx)
        assert "here" in lying
        assert "s3cr3t" not in lying
        assert await connect_sessions.find(tx, session.id) == session
        assert await connect_sessions.find_by_token_hash(tx, session.token_hash) == session
        assert await pending_approvals.by_id(tx, pending.id) == pending
        assert await pending_approvals.list_all(tx, world.environment.id, NOW) == [pending]
    done = await reseal(world.db, Vault([NEW, OLD]))
    assert done.unopened is None
    renewed = Database(world.db.url, Vault([NEW]))
    async with renewed.write() as tx:
        assert set(await counts(tx)) == {key_id(NEW)}
        assert await connections.by_pk(tx, kept.id) == kept
        assert await connect_sessions.find(tx, session.id) == session
        assert await connect_sessions.claim_state(tx, Vault([NEW]), state.id) == state
        assert await pending_approvals.by_id(tx, pending.id) == pending
    await renewed.close()
    with pytest.raises(VaultError):
        async with world.db.read() as tx:
            await connections.by_pk(tx, kept.id)


async def test_renewed_without_secrets(world: World) -> None:
    await keep(world)
    again = await keep(world, connection_config={"site": "there"})
    assert again.connection_config == {"site": "there"}


async def test_an_envelope_opens_only_in_its_own_row(world: World) -> None:
    first, second = await keep(world), await keep(world, "c3")
    async with world.db.write() as tx:
        await tx.execute(
            text(
                "UPDATE connections SET config_envelope = (SELECT config_envelope FROM connections"
                f" WHERE id = {first.id}) WHERE id = {second.id}"
            )
        )
    with pytest.raises(VaultError):
        async with world.db.read() as tx:
            await connections.by_pk(tx, second.id)


async def test_without_the_vault(world: World) -> None:
    kept = await keep(world)
    blind = Database(world.db.url)
    async with blind.read() as tx:
        found = await connections.by_pk(tx, kept.id)
    assert found
    assert found.connection_config == {"site": "here"}
    with pytest.raises(InternalError, match="without its vault"):
        async with blind.write() as tx:
            await connect_sessions.insert(tx, session_of(world))
    await blind.close()


async def test_what_an_earlier_version_left_open(world: World) -> None:
    made = [await keep(world, f"c{n}", secrets=("deep",)) for n in (5, 6)]
    plain = await keep(world, "c7", connection_config={"site": "here"})
    pending = pending_of(world)
    async with world.db.write() as tx:
        await pending_approvals.insert(tx, pending)
        values = pending.model_dump(mode="json", include={"session", "connection_config"})
        await tx.execute(
            update(tables.pending_approvals)
            .where(tables.pending_approvals.c.id == pending.id)
            .values(**values, config_envelope=None)
        )
        assert "s3cr3t-pin" in await dump(tx)

    def names_of(provider: str, config: Mapping[str, Any]) -> list[str]:
        assert provider == world.integration.provider
        return [name for name in config if name in HIDDEN]

    assert await seal_plain(world.db, names_of) == 3
    assert await seal_plain(world.db, names_of) == 0
    async with world.db.read() as tx:
        assert "s3cr3t" not in await dump(tx)
        assert [await connections.by_pk(tx, one.id) for one in made] == made
        assert await connections.by_pk(tx, plain.id) == plain
        assert await pending_approvals.by_id(tx, pending.id) == pending
