"""What an integration can do, as the client sees it."""

from typing import Any


def test_functions(judge: Any, world: Any) -> None:
    said = judge("functions.js", integration=world.integration("functions"))
    everything = said.value("all")
    pages = everything["pagination"]
    assert (pages["page"], pages["limit"]) == (0, 20)
    assert len(everything["data"]) == min(pages["total"], 20)
    syncs = said.value("syncs")
    assert syncs["pagination"]["limit"] == 5
    assert {each["type"] for each in syncs["data"]} == {"sync"}
    [sync] = [each for each in said.value("itemSyncs")["data"] if each["name"] == "drive-items"]
    assert said.value("sync")["data"] == sync
    assert sync["returns"] == ["DriveItem"]
    names = {each["name"] for each in said.value("actions")["data"]}
    assert names >= {"get-drive-item", "download-drive-item-content"}
    assert all("drive" in name for name in names)
    action = said.value("action")["data"]
    assert set(action["input"]["required"]) == {"siteId", "driveId", "itemId"}
    for call in ("unknown", "ofUnknown"):
        status, error = said.error(call)
        assert (status, error["code"]) == (404, "not_found")
