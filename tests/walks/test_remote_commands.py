"""Commands that ask a running server: `integrations`, `connections`, `connect`, `syncs`."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fairlead.cli.commands import app

_LOGGED = re.compile(r"\d{4}-\d\d-\d\d[T ]\S+ \[")
SECRET_KEY = "s3cr3t-key-of-the-walks"

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
async def _connected(walk: Any) -> None:
    await walk.connected()


@pytest.fixture
def say(walk: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("FAIRLEAD_HOST", walk.fairlead.url)
    monkeypatch.setenv("FAIRLEAD_SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv("COLUMNS", "200")

    async def said(*words: str, code: int = 0) -> str:
        runner = CliRunner()
        result = await asyncio.to_thread(runner.invoke, app, words, catch_exceptions=True)
        assert result.exit_code == code, (result.output, result.exception)
        # the server of this walk lives in the same process, and so does its log
        lines = result.output.splitlines(keepends=True)
        return "".join(line for line in lines if not _LOGGED.match(line))

    return said


async def test_integrations(say: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert json.loads(await say("integrations", "list", "--json"))[0]["unique_key"] == "sp"
    monkeypatch.setenv("APP_SECRET", "very-secret")
    app_of = ("--client-id", "an-app", "--secret-from", "APP_SECRET")
    made = await say(
        "integrations", "create", "two", "--provider", "sharepoint-online", *app_of, "--json"
    )
    assert json.loads(made)["provider"] == "sharepoint-online"
    assert "very-secret" not in made
    await say("integrations", "update", "two", "--name", "Your files")
    assert "Your files" in await say("integrations", "show", "two")
    await say("integrations", "delete", "two", "--yes")
    gone = await say("integrations", "show", "two", code=2)
    assert gone.startswith("fairlead: ")
    assert gone.count("\n") == 1


async def test_connections(say: Any, tmp_path: Path) -> None:
    [one] = json.loads(await say("connections", "list", "--json"))
    name = one["connection_id"]
    of = ("--integration", "sp")
    shown = json.loads(await say("connections", "show", name, *of, "--json"))
    assert set(shown["credentials"]) <= {"type", "expires_at"}
    revealed = json.loads(await say("connections", "show", name, *of, "--reveal", "--json"))
    assert revealed["credentials"]["access_token"]
    renewed = json.loads(await say("connections", "refresh", name, *of, "--json"))
    assert renewed["credentials"]["expires_at"] >= shown["credentials"]["expires_at"]
    token = {"type": "OAUTH2", "access_token": revealed["credentials"]["access_token"]}
    file = tmp_path / "token.json"
    file.write_text(json.dumps(token))
    await say("connections", "import", *of, "--file", str(file), "--connection", "brought")
    assert "brought" in await say("connections", "list")
    await say("connections", "delete", "brought", *of, "--yes")
    assert "brought" not in await say("connections", "list")


async def test_connect(say: Any) -> None:
    link = await say("connect", "--integration", "sp", "--user", "ada")
    assert link.startswith("http")
    assert link.count("\n") == 1
    told = json.loads(await say("connect", "--json"))
    assert {"token", "connect_link", "expires_at"} <= set(told)
    await say("connect", "--reconnect", "x", code=2)


async def test_syncs(walk: Any, say: Any) -> None:
    await walk.settled()
    of = ("--integration", "sp")
    listed = {one["name"]: one for one in json.loads(await say("syncs", "list", *of, "--json"))}
    assert listed["drive-items"]["status"] == "SUCCESS"
    await say("syncs", "pause", "drive-items", *of)
    assert "PAUSED" in await say("syncs", "list", *of)
    await say("syncs", "start", "drive-items", *of)
    assert json.loads(await say("syncs", "trigger", "drive-items", *of, "--json"))["success"]
    await walk.settled()
    assert json.loads(await say("syncs", "cancel", *of, "--json"))["success"]
    history = json.loads(await say("syncs", "history", "drive-items", *of, "--json"))
    assert history
    assert {one["function"] for one in history} == {"drive-items"}


async def test_a_server_that_is_not_there(say: Any, unused_tcp_port: int) -> None:
    nowhere = f"http://127.0.0.1:{unused_tcp_port}"
    assert "fairlead: " in await say("integrations", "list", "--host", nowhere, code=3)
