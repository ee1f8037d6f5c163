"""What an integration can do, as the client sees it."""

from typing import Any


def test_functions(judge: Any, world: Any) -> None:
    said = judge("functions.js", integration=world.integration("functions"))
    everything = said.value("all")
    assert everything["pagination"] == {"total": len(everything["data"]), "page": 0, "limit": 20}
    [sync] = said.value("syncs")["data"]
    assert said.value("syncs")["pagination"] == {"total": 1, "page": 0, "limit": 5}
    assert (sync["name"], sync["type"]) == ("drive-items", "sync")
    assert said.value("sync")["data"] == sync
    assert sync["returns"] == ["DriveItem"]
    assert {each["name"] for each in said.value("actions")["data"]} == {
        "get-drive-item",
        "download-drive-item-content",
    }
    action = said.value("action")["data"]
    assert set(action["input"]["required"]) == {"siteId", "driveId", "itemId"}
    for call in ("unknown", "ofUnknown"):
        status, error = said.error(call)
        assert (status, error["code"]) == (404, "not_found")
