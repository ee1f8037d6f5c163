"""`fairlead serve`, `worker` and `demo` as processes: they start, answer, and end cleanly."""

import asyncio
import base64
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

SECRET_KEY = "s3cr3t-key-of-the-tests"
ENCRYPTION_KEY = base64.b64encode(bytes(range(32))).decode()
SECONDS = 60


def environment(**settings: str) -> dict[str, str]:
    """The environment of a person who has set these settings and no other."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FAIRLEAD_")}
    given = {"secret_key": SECRET_KEY, "encryption_key": ENCRYPTION_KEY, **settings}
    return {**kept, **{f"FAIRLEAD_{name.upper()}": value for name, value in given.items()}}


@asynccontextmanager
async def fairlead(folder: Path, *arguments: str, **settings: str) -> AsyncIterator[Process]:
    """Run a command until the block ends."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "fairlead.cli", *arguments),
        stdout=PIPE,
        stderr=PIPE,
        cwd=folder,
        env=environment(**settings),
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.fixture
def empty_postgresql(make_postgresql: Callable[[], str]) -> str:
    """URL of a database without a table."""
    return make_postgresql()


async def lines_until(process: Process, word: str) -> str:
    """Read stderr up to the line that holds a word."""
    assert process.stderr is not None
    said = ""
    async with asyncio.timeout(SECONDS):
        while word not in said:
            line = await process.stderr.readline()
            assert line, f"it ended: {said}"
            said += line.decode()
    return said


async def test_serve_answers_says_where_and_ends_on_a_signal(tmp_path: Path) -> None:
    async with fairlead(tmp_path, "serve", "--port", "0") as process:
        said = await lines_until(process, "database  ")
        found = re.search(r"listens on (http://127\.0\.0\.1:\d+)", said)
        assert found is not None
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{found[1]}/health") as response,
        ):
            assert await response.json() == {"result": "ok"}
        process.send_signal(signal.SIGINT)
        out, err = await asyncio.wait_for(process.communicate(), SECONDS)
    assert process.returncode == 0
    everything = said + out.decode() + err.decode()
    assert SECRET_KEY not in everything
    assert ENCRYPTION_KEY not in everything
    assert (tmp_path / "fairlead.sqlite").exists()


async def test_worker_works_on_postgresql_and_ends_on_a_signal(
    tmp_path: Path, postgresql_url: str
) -> None:
    async with fairlead(tmp_path, "worker", database_url=postgresql_url) as process:
        said = await lines_until(process, "works on postgresql")
        process.send_signal(signal.SIGTERM)
        _, err = await asyncio.wait_for(process.communicate(), SECONDS)
    assert process.returncode == 0, err.decode()
    assert "Traceback" not in said + err.decode()


async def test_serve_on_postgresql_asks_for_the_schema_first(
    tmp_path: Path, empty_postgresql: str
) -> None:
    url = {"database_url": empty_postgresql}
    async with fairlead(tmp_path, "serve", "--port", "0", **url) as process:
        _, err = await asyncio.wait_for(process.communicate(), SECONDS)
    assert process.returncode == 2
    assert err.decode().count("\n") == 1
    assert "fairlead db upgrade" in err.decode()
    async with fairlead(tmp_path, "db", "upgrade", **url) as process:
        assert await asyncio.wait_for(process.wait(), SECONDS) == 0
    async with fairlead(tmp_path, "serve", "--port", "0", **url) as process:
        await lines_until(process, "database  ")
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.communicate(), SECONDS)
    assert process.returncode == 0


async def test_demo_walks_to_its_end_and_leaves_the_folder_alone(tmp_path: Path) -> None:
    library = tmp_path / "library"
    (library / "reports").mkdir(parents=True)
    (library / "reports/ä b#1%.md").write_text("# one\n")
    (library / "reports/two.txt").write_text("two")
    (library / "three.md").write_text("three")
    (library / "four.txt").write_text("four")
    before = {path: path.stat().st_mtime_ns for path in library.rglob("*")}
    async with fairlead(tmp_path, "demo", "--once", "--library", str(library)) as process:
        out, err = await asyncio.wait_for(process.communicate(), SECONDS * 2)
    shown = out.decode()
    assert process.returncode == 0, shown + err.decode()
    for word in ("S256", "offline_access", "Permissions requested", "quickXorHash"):
        assert word in shown
    assert re.search(r"second run: [123] requests? to the tenant, \d+ records", shown)
    assert "(renamed)/ä b#1%.md" in shown
    assert "all steps done" in shown
    assert {path: path.stat().st_mtime_ns for path in library.rglob("*")} == before


async def test_demo_keeps_its_folder_for_a_server_of_ones_own(tmp_path: Path) -> None:
    library, keep = tmp_path / "library", tmp_path / "keep"
    library.mkdir()
    (library / "one.md").write_text("one")
    options = ["demo", "--once", "--library", str(library), "--keep", str(keep)]
    async with fairlead(tmp_path, *options) as process:
        out, _ = await asyncio.wait_for(process.communicate(), SECONDS * 2)
    assert process.returncode == 0, out.decode()
    assert {path.name for path in keep.iterdir()} >= {"fairlead.sqlite", "fairlead.log"}
    env = keep / "fairlead.env"
    assert env.stat().st_mode & 0o777 == 0o600
    pairs = [line.partition("=") for line in env.read_text().splitlines()]
    names = {name.removeprefix("FAIRLEAD_").lower(): value.strip("'") for name, _, value in pairs}
    names.pop("server_url")
    async with fairlead(tmp_path, "serve", "--port", "0", **names) as process:
        found = re.search(r"listens on (\S+)", await lines_until(process, "database  "))
        assert found is not None
        headers = {"Authorization": f"Bearer {names['secret_key']}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(f"{found[1]}/connections") as response,
        ):
            assert len((await response.json())["connections"]) == 1
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.communicate(), SECONDS)
    async with fairlead(tmp_path, *options) as process:
        out, _ = await asyncio.wait_for(process.communicate(), SECONDS)
    assert process.returncode == 2
    assert "earlier demo" in out.decode()


async def test_demo_says_which_step_failed(tmp_path: Path) -> None:
    library = tmp_path / "empty"
    library.mkdir()
    async with fairlead(tmp_path, "demo", "--once", "--library", str(library)) as process:
        out, _ = await asyncio.wait_for(process.communicate(), SECONDS * 2)
    assert process.returncode == 1
    assert "failed: the sync stored no record" in out.decode().replace("\n", " ")
