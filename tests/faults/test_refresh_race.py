"""Four processes, fifty workers each, one connection: the vendor is asked for a token once."""

import asyncio
import base64
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from fairlead.model.clock import SystemClock
from fairlead.model.connection import Connection
from fairlead.model.credentials import ClientCredentials, Credentials, OAuth2Credentials
from fairlead.store import Database, connections, environments, integrations
from fairlead.vault import Vault, credentials_row
from m365sim import server
from m365sim.entra.contoso import DAEMON_APP_ID, TENANT_ID, WEB_APP_ID
from m365sim.entra.grants import RefreshGrant
from m365sim.server import Running as Cloud
from m365sim.sign_in_rules import Proof

pytestmark = pytest.mark.faults

PROGRAM = Path(__file__).with_name("refresh_worker.py")
KEY = base64.b64encode(bytes(range(32))).decode()
PROCESSES = 4
CALLERS = 50
SECONDS = 240
SCOPE = "https://graph.microsoft.com/.default offline_access"


@pytest.fixture
async def cloud() -> AsyncIterator[Cloud]:
    async with server.running() as running:
        directory = running.world.directory
        for resource, names in directory.apps[WEB_APP_ID].delegated_permissions.items():
            directory.grant(TENANT_ID, WEB_APP_ID, resource, names)
        yield running


def delegated(cloud: Cloud) -> OAuth2Credentials:
    """Credentials of a person, that were over an hour ago."""
    world = cloud.world
    user = world.directory.user_by_upn("megan@contoso.onmicrosoft.com")
    assert user
    world.grants.refresh_tokens["rt-0"] = RefreshGrant(
        WEB_APP_ID, user.id, TENANT_ID, SCOPE, world.clock.now(), Proof(world.clock.now())
    )
    return OAuth2Credentials(
        access_token=SecretStr("at-0"),
        refresh_token=SecretStr("rt-0"),
        expires_at=SystemClock().now() - timedelta(hours=1),
    )


def app_only() -> ClientCredentials:
    """Credentials of an app that has never asked for a token."""
    return ClientCredentials(
        token=SecretStr(""),
        client_id=DAEMON_APP_ID,
        client_secret=SecretStr("daemon-secret~for-tests-only"),
    )


async def connect(db: Database, provider: str, credentials: Credentials) -> Connection:
    vault, now = Vault.of(KEY), SystemClock().now()
    async with db.write() as tx:
        environment = await environments.ensure_environment(
            tx, name="dev", key_hash="1" * 64, now=now
        )
        integration = await integrations.insert(
            tx,
            vault,
            environment_id=environment.id,
            unique_key=provider,
            provider=provider,
            display_name="SharePoint",
            client_id=WEB_APP_ID,
            client_secret="fairlead-secret~for-tests-only",
            scopes=None,
            webhook_secret=None,
            forward_webhooks=False,
            config={},
            custom={},
            now=now,
        )
        row = credentials_row(environment.id, integration.id, "c1")
        connection, _ = await connections.upsert(
            tx,
            environment_id=environment.id,
            integration=integration,
            connection_id="c1",
            end_user=None,
            tags={},
            metadata=None,
            connection_config={"tenant": TENANT_ID, "tenantId": TENANT_ID},
            webhook_url_override=None,
            sealed=vault.seal_credentials(credentials, row=row),
            now=now,
        )
    return connection


async def stored(db: Database, connection: Connection) -> Any:
    row = credentials_row(connection.environment_id, connection.integration_id, "c1")
    async with db.read() as tx:
        sealed = await connections.sealed(tx, connection.id)
    return Vault.of(KEY).open_credentials(sealed, row=row)


@asynccontextmanager
async def crew(url: str, cloud: Cloud, folder: Path) -> AsyncIterator[list[Process]]:
    """Start the processes, all ready."""
    clouds = folder / "cloud.json"
    clouds.write_text(json.dumps(cloud.cloud))
    environment = {**os.environ, "FAIRLEAD_MICROSOFT_CLOUD": str(clouds)}
    async with AsyncExitStack() as stack:
        processes = []
        for _ in range(PROCESSES):
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, str(PROGRAM), url, KEY, str(CALLERS)),
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                env=environment,
            )
            # with its input at an end, it ends
            stack.push_async_callback(process.communicate, b"")
            processes.append(process)
        for process in processes:
            assert process.stdout
            assert await process.stdout.readline() == b"ready\n"
        yield processes


async def ask(processes: list[Process], pk: int, **wanted: Any) -> set[str]:
    """Let all workers of all processes ask at once; return the tokens that they got."""
    for process in processes:
        assert process.stdin
        process.stdin.write(json.dumps([pk, wanted]).encode() + b"\n")
    got: set[str] = set()
    for process in processes:
        assert process.stdout
        got |= set(json.loads(await process.stdout.readline()))
    return got


def requests(cloud: Cloud) -> int:
    counts = cloud.world.faults.traffic.counts
    return sum(n for (_, _, route), n in counts.items() if route.endswith("/oauth2/v2.0/token"))


async def test_one_token_request(database_url: str, cloud: Cloud, tmp_path: Path) -> None:
    host = cloud.world.urls.sharepoint_of("contoso")
    db = await Database.open(database_url)
    try:
        person = await connect(db, "sharepoint-online", delegated(cloud))
        app = await connect(db, "sharepoint-online-oauth2-cc", app_only())
        async with asyncio.timeout(SECONDS), crew(database_url, cloud, tmp_path) as processes:
            for number, pk in enumerate((person.id, app.id)):
                before = 3 * number
                # it is due
                [first] = await ask(processes, pk)
                assert requests(cloud) == before + 1
                # it is good
                assert await ask(processes, pk) == {first}
                assert requests(cloud) == before + 1
                # it was refused
                [second] = await ask(processes, pk, after_401_of=first)
                assert second != first
                assert requests(cloud) == before + 2
                # a further API, for the first time, and again
                [further] = await ask(processes, pk, audience=host)
                assert further not in {first, second}
                assert await ask(processes, pk, audience=host) == {further}
                assert requests(cloud) == before + 3
        newest = list(cloud.world.grants.refresh_tokens)[-1]
        assert (await stored(db, person)).refresh_token.get_secret_value() == newest
    finally:
        await db.close()
