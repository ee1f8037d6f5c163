"""Nothing secret lies open in the database, in any table or index, nor in an error."""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError
from store_world import NOW, World, make_integration, make_world

from fairlead.errors import FairleadError
from fairlead.model.connect_session import OAuthState
from fairlead.model.credentials import OAuth2Credentials
from fairlead.store import Database, connect_sessions, connections, integrations
from fairlead.store.tables import environments, metadata
from fairlead.vault import Vault, credentials_row

SECRETS = ("cl13nt-s3cr3t", "w3bh00k-s3cr3t", "v3r1f13r", "acc3ss-t0ken", "r3fr3sh-t0ken")


async def fill(world: World) -> None:
    environment_id = world.environment.id
    credentials = OAuth2Credentials(
        access_token=SecretStr(SECRETS[3]),
        refresh_token=SecretStr(SECRETS[4]),
        raw={"access_token": SECRETS[3]},
    )
    async with world.db.write() as tx:
        integration = await make_integration(
            tx,
            world.vault,
            world.environment,
            "secretive",
            client_secret=SecretStr(SECRETS[0]),
            webhook_secret=SecretStr(SECRETS[1]),
        )
        await integrations.update(
            tx, world.vault, integration, changes={"unique_key": "renamed"}, now=NOW
        )
        await connect_sessions.insert_state(
            tx,
            world.vault,
            OAuthState(
                id="state",
                environment_id=environment_id,
                integration_key="renamed",
                connection_id="c",
                code_verifier=SecretStr(SECRETS[2]),
                redirect_uri="https://here",
                created_at=NOW,
                expires_at=NOW + timedelta(minutes=30),
            ),
        )
        row = credentials_row(environment_id, world.integration.id, "c9")
        await connections.upsert(
            tx,
            environment_id=environment_id,
            integration=world.integration,
            connection_id="c9",
            sealed=world.vault.seal_credentials(credentials, row=row),
            now=NOW,
        )


def contents(sqlite_url: str) -> list[bytes]:
    """Return the bytes of the file and of those beside it."""
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    return [file.read_bytes() for file in path.parent.glob(f"{path.name}*")]


async def test_no_secret_in_the_file(sqlite_url: str) -> None:
    db = await Database.open(sqlite_url, Vault([b"k" * 32]))
    await fill(await make_world(db))
    files = contents(sqlite_url)
    await db.close()
    files += contents(sqlite_url)
    assert any(b"renamed" in file for file in files)
    assert not [word for word in SECRETS for file in files if word.encode() in file]


async def test_no_secret_in_any_column(world: World) -> None:
    await fill(world)
    seen = b""
    async with world.db.read() as tx:
        for table in metadata.sorted_tables:
            for row in await tx.all(text(f"SELECT * FROM {table.name}")):
                for value in row:
                    seen += value if isinstance(value, bytes) else str(value).encode()
    assert b"renamed" in seen
    assert not [word for word in SECRETS if word.encode() in seen]


async def test_a_secret_opens_only_in_its_own_row(world: World) -> None:
    await fill(world)
    async with world.db.write() as tx:
        await tx.execute(
            text(
                "UPDATE integrations SET client_secret = (SELECT client_secret FROM integrations"
                " WHERE unique_key = 'renamed') WHERE unique_key = 'acme'"
            )
        )
    with pytest.raises(FairleadError) as caught:
        async with world.db.read() as tx:
            await integrations.find(tx, world.vault, world.environment.id, "acme")
    assert caught.value.code == "vault_error"
    with pytest.raises(FairleadError):
        async with world.db.read() as tx:
            await integrations.find(tx, Vault([b"x" * 32]), world.environment.id, "renamed")


async def test_errors_show_no_values(database: Database) -> None:
    row = {"name": SECRETS[0], "created_at": NOW}
    with pytest.raises(IntegrityError) as caught:
        async with database.write() as tx:
            await tx.execute(insert(environments).values(row))
            await tx.execute(insert(environments).values(row))
    shown = str(caught.value)
    assert "created_at" in shown
    assert "[SQL parameters hidden" in shown
