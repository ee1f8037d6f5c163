"""Syncs as the client drives them: triggered, reset, paused, started, looked at."""

import re
from typing import Any

import pytest

KEY, EMPTY = "synced", "synced-by-nobody"
INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


@pytest.fixture(scope="module")
def said(judge: Any, world: Any) -> Any:
    drives = [world.drive("/sites/marketing"), world.drive("/sites/people")]
    world.connected(KEY, "megan", metadata={"driveIds": drives})
    world.integration(EMPTY)
    return judge("syncs.js", integration=KEY, other=EMPTY)


@pytest.fixture(scope="module")
def total(world: Any, said: Any) -> int:
    """How many items the two libraries hold."""
    return sum(len(world.items(site)) for site in ("/sites/marketing", "/sites/people"))


def counts(status: dict[str, Any]) -> dict[str, int]:
    return dict(status["latestResult"]["DriveItem"])


def test_triggers_answer(said: Any) -> None:
    for call in said.calls:
        if call.startswith(("trigger", "start", "pause")) and "returned" in said.calls[call]:
            answer = said.value(call)
            if "data" in answer:
                assert (answer["status"], answer["data"]) == (200, {"success": True}), call


def test_first_and_second_run(said: Any, total: int) -> None:
    first = said.value("first")
    assert set(first) >= {
        "id",
        "connection_id",
        "name",
        "variant",
        "type",
        "status",
        "frequency",
        "finishedAt",
        "nextScheduledSyncAt",
        "latestResult",
        "latestExecutionStatus",
        "recordCount",
        "checkpoint",
    }
    assert (first["connection_id"], first["name"], first["variant"]) == (
        "megan",
        "drive-items",
        "base",
    )
    assert (first["status"], first["latestExecutionStatus"]) == ("SUCCESS", "SUCCESS")
    assert first["frequency"] == "every 1h"
    assert re.fullmatch(INSTANT, first["finishedAt"])
    assert re.fullmatch(INSTANT, first["nextScheduledSyncAt"])
    assert first["recordCount"] == {"DriveItem": total}
    assert counts(first) == {"added": total, "updated": 0, "deleted": 0}
    assert len(first["checkpoint"]["links"]) == 2
    second = said.value("second")
    assert second["type"] == "INCREMENTAL"
    assert counts(second) == {"added": 0, "updated": 0, "deleted": 0}
    assert second["recordCount"] == {"DriveItem": total}


def test_resets(said: Any, total: int) -> None:
    for call in ("emptied", "legacy"):
        assert counts(said.value(call)) == {"added": total, "updated": 0, "deleted": 0}, call
    for call in ("reset", "legacyBoolean", "all", "everyone"):
        assert counts(said.value(call)) == {"added": 0, "updated": 0, "deleted": 0}, call
        assert said.value(call)["recordCount"] == {"DriveItem": total}, call


def test_paused_and_started(said: Any) -> None:
    for call in ("paused", "pausedByText"):
        [status] = said.value(call)["syncs"]
        assert (status["name"], status["status"]) == ("drive-items", "PAUSED"), call
        assert status["nextScheduledSyncAt"] is None, call
    everything = said.value("pausedAll")["syncs"]
    [paused] = [each["status"] for each in everything if each["name"] == "drive-items"]
    assert paused == "PAUSED"
    for each in everything:
        # the others began with the connection; what runs when it is paused comes to its end
        assert each["status"] in ("PAUSED", "RUNNING"), each["name"]
        assert each["nextScheduledSyncAt"] is None, each["name"]
    everything = said.value("startedAll")["syncs"]
    assert "PAUSED" not in {each["status"] for each in everything}
    [started] = said.value("started")["syncs"]
    [again] = [each for each in everything if each["name"] == "drive-items"]
    for call, status in (("started", started), ("startedAll", again)):
        assert status["name"] == "drive-items", call
        assert status["status"] in ("SUCCESS", "RUNNING"), call
        assert re.fullmatch(INSTANT, status["nextScheduledSyncAt"]), call
    assert said.value("startOfEmpty")["data"] == {"success": True}


def test_frequency(said: Any) -> None:
    assert said.value("frequency") == {"frequency": "2h"}
    assert said.value("frequencySeen")["syncs"][0]["frequency"] == "every 2h"
    assert said.value("frequencyBack") == {"frequency": "1h"}
    for call in ("frequencyTooOften", "frequencyNonsense"):
        status, error = said.error(call)
        assert (status, error["code"]) == (400, "invalid_body"), call
        assert error["errors"][0]["path"] == ["frequency"], call
    status, error = said.error("frequencyOfUnknownSync")
    assert (status, error["code"]) == (400, "unknown_sync")
    status, error = said.error("frequencyOfUnknown")
    assert (status, error["code"]) == (400, "unknown_connection")


@pytest.mark.parametrize(
    ("call", "status", "code"),
    [
        ("triggerUnknown", 400, "no_syncs_found"),
        ("triggerUnknownVariant", 400, "no_syncs_found"),
        ("triggerOfUnknown", 404, "unknown_connection"),
        ("triggerOfUnknownIntegration", 400, "unknown_provider_config"),
        ("triggerOtherMode", 400, "invalid_body"),
        ("startUnknown", 400, "no_syncs_found"),
        ("pauseOfUnknown", 404, "unknown_connection"),
        ("statusOfUnknown", 404, "unknown_connection"),
        ("statusOfUnknownIntegration", 400, "unknown_provider_config"),
    ],
)
def test_refused(said: Any, call: str, status: int, code: str) -> None:
    refused, error = said.error(call)
    assert (refused, error["code"]) == (status, code)


def test_failed_run(judge: Any, world: Any) -> None:
    drive = world.drive("/sites/engineering/lab")
    path = f"*{drive.removeprefix('b!')}/root/delta*"
    world.breaks(host="graph", path=path, status=403, count=1)
    world.connected("failing", "megan", metadata={"driveIds": [drive]})
    said = judge("failing.js", integration="failing")
    failed = said.value("failed")
    assert (failed["status"], failed["latestExecutionStatus"]) == ("ERROR", "ERROR")
    assert failed["type"] == "INITIAL"
    for connection in (said.value("flagged"), said.value("listed")["connections"][0]):
        [fault] = connection["errors"]
        assert fault["type"] == "sync"
        assert fault["log_id"]
    assert said.value("mended")["recordCount"] == {"DriveItem": 1}
    assert said.value("cleared")["errors"] == []
    told = world.listener.wait_for(
        lambda body: body["providerConfigKey"] == "failing" and not body["success"]
    ).json
    assert (told["type"], told["model"], told["syncType"]) == ("sync", "DriveItem", "INITIAL")
    assert set(told["error"]) == {"type", "description", "payload", "additional_properties"}
    assert told["startedAt"] <= told["failedAt"]
    assert told["failedAt"].endswith("Z")
