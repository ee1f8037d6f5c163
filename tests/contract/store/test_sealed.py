"""Sealing everything anew under another key, while others read and write."""

import asyncio
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import LargeBinary, func, select
from store_world import NOW, World, fresh, make_integration

from fairlead.errors import VaultError
from fairlead.model.app_key import AppKey, KeyState
from fairlead.model.connect_session import ConnectSession, OAuthState
from fairlead.model.credentials import OAuth2Credentials
from fairlead.model.pending_approval import PendingApproval
from fairlead.store import (
    app_keys,
    connect_sessions,
    connection_tokens,
    connections,
    integrations,
    pending_approvals,
    tables,
)
from fairlead.store.sealed import SEALED, counts, reseal
from fairlead.vault import Vault, audience_row, credentials_row
from fairlead.vault.vault import key_id

OLD, NEW = b"k" * 32, b"n" * 32
#: what holds bytes that are nobody's secret
OPEN = {
    *("records.hash", "records.content", "checkpoints.content", "checkpoint_patches.content"),
    # with a key where records are sealed
    "told.name",
}
MANY = 25


def token(text: str) -> OAuth2Credentials:
    return OAuth2Credentials(access_token=SecretStr(text), refresh_token=SecretStr(f"r-{text}"))


async def write(world: World, vault: Vault, number: int, text: str) -> None:
    """Do what a server does that obtained new credentials."""
    environment_id, integration_id = world.environment.id, world.integration.id
    name = f"c{number}"
    row = credentials_row(environment_id, integration_id, name)
    async with world.db.write() as tx:
        made, _ = await connections.upsert(
            tx,
            environment_id=environment_id,
            integration=world.integration,
            connection_id=name,
            sealed=vault.seal_credentials(token(text), row=row),
            now=NOW,
        )
        audience = "https://b.example"
        further = audience_row(environment_id, integration_id, audience, name)
        sealed = vault.seal_credentials(token(text), row=further)
        await connection_tokens.put(tx, made.id, audience, sealed, NOW)


async def fill(world: World) -> None:
    async with world.db.write() as tx:
        # the world's own has no envelope of a vault
        await connections.delete(tx, world.pk)
        await make_integration(
            tx,
            world.vault,
            world.environment,
            "secretive",
            client_secret=SecretStr("s"),
            webhook_secret=SecretStr("w"),
        )
        state = OAuthState(
            id=f"state-{world.environment.id}",
            environment_id=world.environment.id,
            integration_key="secretive",
            connection_id="c",
            code_verifier=SecretStr("v"),
            redirect_uri="https://here",
            created_at=NOW,
            expires_at=NOW + timedelta(minutes=30),
        )
        await connect_sessions.insert_state(tx, world.vault, state)
        await app_keys.insert(
            tx,
            world.vault,
            AppKey(
                id=fresh("key"),
                environment_id=world.environment.id,
                integration_id=world.integration.id,
                state=KeyState.ACTIVE,
                certificate="public",
                private_key=SecretStr("private"),
                thumbprint="AA",
                created_at=NOW,
                expires_at=NOW,
            ),
        )
        await pending_approvals.insert(
            tx,
            PendingApproval(
                id=f"waits-{world.environment.id}",
                environment_id=world.environment.id,
                integration_key="secretive",
                connection_id="waits",
                token_hash=fresh("hash"),
                admin_url="https://login.example/admin",
                session=ConnectSession(
                    id="s",
                    environment_id=world.environment.id,
                    token_hash="t",
                    created_at=NOW,
                    expires_at=NOW,
                ),
                envelope=world.vault.seal(b"app", row=f"pending:waits-{world.environment.id}"),
                tried_at=NOW,
                created_at=NOW,
                expires_at=NOW + timedelta(days=1),
            ),
        )
    for number in range(MANY):
        await write(world, world.vault, number, f"t{number}")


async def opened(world: World, vault: Vault) -> dict[str, str]:
    """Open everything with this vault: connection -> access token."""
    found = {}
    async with world.db.write() as tx:
        made = await integrations.find(tx, vault, world.environment.id, "secretive")
        assert made
        assert made.client_secret
        assert made.webhook_secret
        secrets = made.client_secret.get_secret_value(), made.webhook_secret.get_secret_value()
        assert secrets == ("s", "w")
        state = await connect_sessions.claim_state(tx, vault, f"state-{world.environment.id}")
        assert state
        assert state.code_verifier.get_secret_value() == "v"
        await connect_sessions.insert_state(tx, vault, state)
        [key] = await app_keys.usable(tx, vault, world.integration.id, None)
        assert key.private_key
        assert key.private_key.get_secret_value() == "private"
        app = await pending_approvals.by_id(tx, f"waits-{world.environment.id}")
        assert app
        assert app.envelope
        assert vault.open(app.envelope, row=f"pending:{app.id}") == b"app"
        for one in await connections.list_all(tx, world.environment.id):
            ids = one.environment_id, one.integration_id
            row = credentials_row(*ids, one.connection_id)
            main = vault.open_credentials(await connections.sealed(tx, one.id), row=row)
            assert isinstance(main, OAuth2Credentials)
            sealed = await connection_tokens.find(tx, one.id, "https://b.example")
            assert sealed
            further = audience_row(*ids, "https://b.example", one.connection_id)
            assert vault.open_credentials(sealed, row=further) == main
            found[one.connection_id] = main.access_token.get_secret_value()
    return found


def test_every_column_of_bytes_is_sealed_or_known_to_be_open() -> None:
    # whoever adds one decides here
    columns = {
        f"{table.name}.{column.name}"
        for table in tables.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    assert columns == {sealed.label for sealed in SEALED} | OPEN


async def test_all_at_once(world: World) -> None:
    await fill(world)
    before = await opened(world, world.vault)
    seen = []
    done = await reseal(
        world.db,
        Vault([NEW, OLD]),
        batch=10,
        on_progress=lambda sealed, progress: seen.append((sealed.label, progress.resealed)),
    )
    assert (done.resealed, done.overtaken, done.unopened) == (2 * MANY + 5, 0, None)
    assert seen[2:5] == [("connections.envelope", 2 + n) for n in (10, 20, 25)]
    async with world.db.read() as tx:
        assert (await counts(tx)).keys() == {key_id(NEW)}
        updated = await tx.scalar(select(func.max(tables.connections.c.updated_at)))
    assert updated == NOW
    assert await opened(world, Vault([NEW])) == before
    with pytest.raises(VaultError):
        await opened(world, Vault([OLD]))
    # again: nothing is left to do
    assert (await reseal(world.db, Vault([NEW, OLD]))).resealed == 0


async def test_stopped_and_begun_again(world: World) -> None:
    await fill(world)

    class Stopped(Exception):
        pass

    def stop(_sealed: object, progress: object) -> None:
        if progress.resealed > 20:  # type: ignore[attr-defined]
            raise Stopped

    with pytest.raises(Stopped):
        await reseal(world.db, Vault([NEW, OLD]), batch=10, on_progress=stop)
    async with world.db.read() as tx:
        between = await counts(tx)
    assert sum(between[key_id(NEW)].values()) == 22
    assert len(await opened(world, Vault([NEW, OLD]))) == MANY
    await reseal(world.db, Vault([NEW, OLD]))
    assert len(await opened(world, Vault([NEW]))) == MANY


async def test_while_others_write(world: World) -> None:
    """Servers write all the time, with the new key first or still with the old one."""
    await fill(world)
    stop = asyncio.Event()
    newest: dict[str, str] = {}

    async def server(keys: list[bytes], share: int) -> None:
        vault, turn = Vault(keys), 0
        while not stop.is_set():
            turn += 1
            for number in range(share, MANY, 3):
                text = f"t{number}-{turn}"
                await write(world, vault, number, text)
                newest[f"c{number}"] = text

    servers = [
        asyncio.create_task(server([NEW, OLD], 0)),
        asyncio.create_task(server([OLD, NEW], 1)),
    ]
    try:
        done = await reseal(world.db, Vault([NEW, OLD]), batch=3)
    finally:
        stop.set()
        await asyncio.gather(*servers)
    assert done.resealed > MANY
    assert done.unopened is None
    # the last server has the new key now
    await reseal(world.db, Vault([NEW, OLD]))
    found = await opened(world, Vault([NEW]))
    assert found == {f"c{n}": newest.get(f"c{n}", f"t{n}") for n in range(MANY)}


async def test_what_no_key_opens_is_left_and_told(world: World) -> None:
    await fill(world)
    await write(world, Vault([b"x" * 32]), 3, "lost")
    done = await reseal(world.db, Vault([NEW, OLD]))
    assert done.unopened == {"connections.envelope": 1, "connection_tokens.envelope": 1}
    async with world.db.read() as tx:
        found = await counts(tx)
    assert found[key_id(b"x" * 32)] == {"connections.envelope": 1, "connection_tokens.envelope": 1}
    assert key_id(OLD) not in found
