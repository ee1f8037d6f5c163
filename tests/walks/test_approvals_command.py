"""`fairlead approvals`: what agents want to do, decided from the machine."""

import asyncio
import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from clinic import Clinic
from typer.testing import CliRunner

from fairlead.cli.commands import app
from fairlead.errors import NotFound
from fairlead.model.proposal import Proposal, ProposalState
from fairlead.store import environments, proposals, runs
from fairlead.store.database import Database


@pytest.fixture
def say(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("FAIRLEAD_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("FAIRLEAD_ENCRYPTION_KEY", base64.b64encode(b"k" * 32).decode())
    monkeypatch.setenv("COLUMNS", "300")

    def said(*words: str) -> str:
        result = CliRunner().invoke(app, ["approvals", *words], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    return said


async def put(clinic: Clinic, url: str) -> str:
    """Keep two proposals; return the environment's name."""
    connection = await clinic.person()
    now = datetime.now(UTC)
    db = await Database.open(url, clinic.vault)
    async with db.write() as tx:
        for number in range(2):
            proposal = Proposal(
                id=f"a-{number}",
                environment_id=connection.environment_id,
                connection_pk=connection.id,
                function="create-list",
                input={"siteId": "root", "displayName": f"B{number}"},
                key_id=1,
                key_name="agent",
                state=ProposalState.WAITING,
                created_at=now + timedelta(seconds=number),
                expires_at=now + timedelta(days=1),
            )
            await proposals.insert(tx, proposal)
        [where] = await environments.list_all(tx)
    await db.close()
    return where.name


async def test_they_are_listed_and_decided(clinic: Clinic, sqlite_url: str, say: Any) -> None:
    name = await put(clinic, sqlite_url)
    there = ("--environment", name)
    listed = await asyncio.to_thread(say, "list", *there)
    assert listed.splitlines()[1].split()[:3] == ["a-1", "waiting", "create-list"]
    shown = json.loads(await asyncio.to_thread(say, "show", "a-0", *there))
    assert shown["input"]["displayName"] == "B0"
    said = await asyncio.to_thread(say, "approve", "a-0", *there)
    assert said.endswith("Approved: create-list, asked for by 'agent'.\n")
    denied = await asyncio.to_thread(say, "deny", "a-1", "--reason", "no", "--json", *there)
    denied = denied[denied.index("{\n") :]
    assert (json.loads(denied)["state"], json.loads(denied)["reason"]) == ("denied", "no")
    assert "a-" not in await asyncio.to_thread(say, "list", *there)
    everything = await asyncio.to_thread(say, "list", "--state", "all", "--json", *there)
    stand = {one["id"]: (one["state"], one["run"]) for one in json.loads(everything)["approvals"]}
    assert stand == {"a-0": ("approved", "queued"), "a-1": ("denied", None)}
    db = await Database.open(sqlite_url, clinic.vault)
    async with db.read() as tx:
        run = await runs.find(tx, "a-0")
    await db.close()
    assert run
    assert (run.function, run.input["displayName"]) == ("create-list", "B0")
    for words in (("show", "x"), ("approve", "x")):
        with pytest.raises(NotFound, match="no approval 'x'"):
            await asyncio.to_thread(say, *words, *there)
    with pytest.raises(NotFound, match="no environment"):
        await asyncio.to_thread(say, "list", "--environment", "none")
