"""Eight processes, one tenant that counts: most of its allowance is used, and no refusal ignored.

With processes, sockets and time as they are; `test_throttled_tenant.py` does it in seconds.
"""

import asyncio
import base64
import json
import os
import re
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from fairlead.store.migrate import upgrade
from m365sim import server
from m365sim.entra.contoso import DAEMON_APP_ID, TENANT_ID
from m365sim.throttle.meter import Meter, Verdict

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

KEY = "s3cr3t-key-of-the-faults"
SECRET = "daemon-secret~for-tests-only"
PROCESSES, MINUTES = 8, 2
MINUTE = timedelta(minutes=1)
#: seconds until a process stands
PATIENCE = 120


class Account(Meter):
    """A meter that remembers what it let pass, by the minute."""

    def __init__(self) -> None:
        super().__init__()
        self.began_at: datetime | None = None
        self.served: Counter[int] = Counter()

    def charge(self, *caller: Any) -> Verdict:
        """Take a request into account and tell whether it is served."""
        cost, now = caller[-2:]
        self.began_at = self.began_at or now
        verdict = super().charge(*caller)
        if verdict.is_allowed:
            self.served[int((now - self.began_at) / MINUTE)] += cost
        return verdict


@asynccontextmanager
async def process(folder: Path, env: dict[str, str], *arguments: str) -> AsyncIterator[Process]:
    """Run a command of fairlead until the block ends; its log stays beside the database."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FAIRLEAD_")}
    await asyncio.to_thread(folder.mkdir)
    made = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "fairlead.cli", *arguments),
        stdin=DEVNULL,
        stdout=DEVNULL,
        stderr=PIPE,
        cwd=folder,
        env={**kept, **env},
    )
    try:
        yield made
    finally:
        if made.returncode is None:
            made.kill()
        await made.communicate()


async def line_with(process: Process, word: str) -> str:
    """Read what a process says up to the line that holds a word; then let it say what it will."""
    assert process.stderr is not None
    said = ""
    async with asyncio.timeout(PATIENCE):
        while word not in said:
            line = await process.stderr.readline()
            assert line, said
            said += line.decode()
    return said


async def listened_to(process: Process) -> None:
    """Read on, so that no pipe is ever full."""
    assert process.stderr is not None
    while await process.stderr.readline():
        pass


async def connect(product: httpx.AsyncClient) -> None:
    """Connect an app for itself; its syncs begin by themselves."""
    made = await product.post("/connect/sessions", json={"end_user": {"id": "megan"}})
    query = {"connect_session_token": made.json()["data"]["token"], "params[tenantId]": TENANT_ID}
    body = {"client_id": DAEMON_APP_ID, "client_secret": SECRET}
    answer = await product.post("/oauth2/auth/app", params=query, json=body)
    assert answer.is_success, answer.text


async def test_eight_processes_use_what_they_may(
    tmp_path: Path, make_postgresql: Callable[[], str]
) -> None:
    url = await asyncio.to_thread(make_postgresql)
    await upgrade(url)
    async with server.running() as cloud, AsyncExitStack() as stack:
        world = cloud.world
        world.throttle = account = Account()
        account.turn_on()
        # more pages of the library that all of them read than there are units in these minutes
        [root] = [site for site in world.content.all_sites() if site.path == ""]
        world.content.add_drive(root, "Archive", "Archive", synthetic_files=20_000)
        world.quirks.page_size = 5
        cloud_file = tmp_path / "cloud.json"
        cloud_file.write_text(json.dumps(cloud.cloud))
        env = {
            "FAIRLEAD_DATABASE_URL": url,
            "FAIRLEAD_ENCRYPTION_KEY": base64.b64encode(bytes(range(32))).decode(),
            "FAIRLEAD_SECRET_KEY": KEY,
            "FAIRLEAD_MICROSOFT_CLOUD": str(cloud_file),
            "FAIRLEAD_LOG_LEVEL": "warning",
        }
        first = await stack.enter_async_context(
            process(tmp_path / "0", env, "serve", "--port", "0")
        )
        found = re.search(r"listens on (\S+)", await line_with(first, "database  "))
        assert found
        others = [
            await stack.enter_async_context(process(tmp_path / str(number), env, "worker"))
            for number in range(1, PROCESSES)
        ]
        await asyncio.gather(*(line_with(other, "works on postgresql") for other in others))
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        readers = [tasks.create_task(listened_to(one)) for one in (first, *others)]
        headers = {"Authorization": f"Bearer {KEY}"}
        async with httpx.AsyncClient(base_url=found[1], headers=headers, timeout=60) as product:
            provider = {"provider": "sharepoint-online-oauth2-cc", "unique_key": "app"}
            assert (await product.post("/integrations", json=provider)).is_success
            await asyncio.gather(*(connect(product) for _ in range(PROCESSES)))
        async with asyncio.timeout(PATIENCE + MINUTES * 60):
            while (
                account.began_at is None or world.clock.now() < account.began_at + MINUTES * MINUTE
            ):
                assert all(one.returncode is None for one in (first, *others))
                await asyncio.sleep(0.5)
        served, counts = dict(account.served), dict(account.counts)
        print(served, counts)  # noqa: T201 - what a look at this test is for
        for one in (first, *others):
            one.kill()
        await asyncio.gather(*readers)
    for minute in range(MINUTES):
        assert served[minute] >= 0.85 * account.limits.app_per_minute, (served, counts)
    # whoever was refused waited as it was told
    assert "early" not in counts, counts
