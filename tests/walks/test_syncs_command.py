"""`fairlead syncs` and `fairlead webhooks`: how things stand, from the machine."""

import asyncio
import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from clinic import Clinic
from typer.testing import CliRunner

from fairlead.cli import syncs
from fairlead.cli.commands import app
from fairlead.model.event import Delivery, Event
from fairlead.model.run import Run, RunKind, RunTrigger
from fairlead.store import outbox, runs
from fairlead.store.database import Database

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


@pytest.fixture
def say(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("FAIRLEAD_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("FAIRLEAD_ENCRYPTION_KEY", base64.b64encode(b"k" * 32).decode())
    monkeypatch.setenv("COLUMNS", "300")

    def said(*words: str) -> str:
        result = CliRunner().invoke(app, words, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    return said


async def put(clinic: Clinic, url: str) -> tuple[Any, Run]:
    """Begin a run and give an event up."""
    connection = await clinic.person()
    db = await Database.open(url, clinic.vault)
    async with db.write() as tx:
        queued = await runs.enqueue(
            tx,
            id="r",
            environment_id=connection.environment_id,
            connection_pk=connection.id,
            kind=RunKind.SYNC,
            function="drive-items",
            trigger=RunTrigger.CALL,
            now=NOW,
        )
        assert queued
        event = Event(
            id="e-1",
            environment_id=connection.environment_id,
            type="sync",
            connection_pk=connection.id,
            payload={"a": 1},
            created_at=NOW,
        )
        await outbox.put(tx, event)
        last = Delivery(
            id="d",
            event_id="e-1",
            attempt=10,
            url="https://app.example/hook",
            status=500,
            error="receiver answered 500",
            created_at=NOW,
        )
        await outbox.dead(tx, "e-1", last)
    await db.close()
    return connection, queued


async def run_in_thread(say: Any, *words: str) -> str:
    return str(await asyncio.to_thread(say, *words))


async def test_how_syncs_stand(clinic: Clinic, sqlite_url: str, say: Any) -> None:
    connection, _ = await put(clinic, sqlite_url)
    told = await run_in_thread(say, "syncs", "status", connection.connection_id)
    (line,) = [line for line in told.splitlines() if line.startswith("drive-items ")]
    assert "RUNNING" in line
    assert "queued; 0 items, 0 pages" in line
    assert "waits: all slots are taken" in line
    found = json.loads(
        await run_in_thread(say, "syncs", "status", connection.connection_id, "--json")
    )
    assert "drive-items" in {each["name"] for each in found["syncs"]}
    told = await run_in_thread(say, "syncs", "approve", connection.connection_id, "drive-items")
    assert told == "nothing was held back\n"


async def test_dead_letters(clinic: Clinic, sqlite_url: str, say: Any) -> None:
    await put(clinic, sqlite_url)
    told = await run_in_thread(say, "webhooks", "dead-letters")
    assert "e-1" in told
    assert "receiver answered 500 https://app.example/hook" in told
    found = json.loads(await run_in_thread(say, "webhooks", "dead-letters", "--json"))
    assert [each["id"] for each in found["events"]] == ["e-1"]
    assert "1 event is delivered once more" in await run_in_thread(say, "webhooks", "replay", "e-1")
    assert "0 events are" in await run_in_thread(say, "webhooks", "replay")


def test_a_line_about_what_is_under_way() -> None:
    progress = {
        "phase": "reading",
        "waiting": "the vendor limits requests",
        "until": "2026-11-24T08:01:00.000Z",
        "items": 2500,
        "pages": 5,
        "requests": 6,
        "bytes": 3_100_000,
        "total": 10_000,
        "eta": "2026-11-24T09:00:00.000Z",
    }
    assert syncs.under_way({"latestExecution": {"progress": progress, "failure": None}}) == (
        "reading; 2,500 of 10,000 items, 5 pages; 6 requests, 3.1 MB; "
        "waits: the vendor limits requests until 08:01:00 UTC; over about 09:00:00 UTC"
    )
    failed = {"progress": None, "failure": {"code": "throttled", "message": "Wait."}}
    assert syncs.under_way({"latestExecution": failed}) == "throttled: Wait."
    assert syncs.under_way({"latestExecution": None}) == ""
