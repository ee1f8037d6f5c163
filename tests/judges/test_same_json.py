"""The same function by name, five ways: each says the same JSON.

By HTTP, by the contract's client for Node, by both classes of the Python client, and by the Model
Context Protocol's own client; actions that read, that write and that fail, and the records of
syncs.
"""

import asyncio
import json
import time
from collections.abc import Callable
from threading import Event
from typing import Any

import httpx2
import pytest
from judged_world import KEY, PATIENCE
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

from fairlead.client import AsyncFairlead, Fairlead, FairleadApiError, Retries

INTEGRATION = "same"
AS_MEGAN = {"Provider-Config-Key": INTEGRATION, "Connection-Id": "megan"}
WHOSE: dict[str, str] = {"provider_config_key": INTEGRATION, "connection_id": "megan"}
WAYS = ["node", "blocking", "nonblocking", "agent"]
#: made by whom it names, so that nobody's changes another's
WRITES = ("folder", "row", "changed", "removed")
MODELS = ("DriveItem", "Site", "List")
SYNCS = ["drive-items", "sites", "lists"]
#: what differs between two things made one after the other
OWN = {"id", "item_id", "name", "webUrl", "eTag", "cTag", "createdDateTime", "lastModifiedDateTime"}
OWN |= {"Created", "Modified", "@odata.etag", "@odata.context"}

#: name -> the action's name and its input
Calls = dict[str, tuple[str, Any]]
#: name -> ("said", JSON) or ("refused", JSON)
Said = dict[str, tuple[str, Any]]


def reads_of(made: dict[str, Any]) -> Calls:
    """Return calls that change nothing, and such as fail."""
    site = {"siteId": made["site"]}
    file = site | {"driveId": made["drive"], "itemId": made["item"]}
    return {
        "sites": ("list-shared-sites", {}),
        "lists": ("list-lists", site),
        "columns": ("list-list-columns", site | {"listId": made["list"]}),
        "children": ("list-drive-children", site | {"driveId": made["drive"]}),
        "item": ("get-drive-item", file),
        "content": ("download-drive-item-content", file),
        "missing": ("get-drive-item", file | {"itemId": "nothing"}),
        "incomplete": ("get-drive-item", site),
        "unknownInput": ("get-drive-item", file | {"colour": "blue"}),
        "wrongInput": ("get-drive-item", file | {"itemId": 7}),
        "throttled": ("get-drive-item", file | {"itemId": "throttled"}),
        "taken": ("create-drive-folder", folder(made, made["taken"])),
    }


def writes_of(made: dict[str, Any], way: str) -> Calls:
    """Return calls that change what is this way's own."""
    of_list = {"siteId": made["site"], "listId": made["list"]}
    row = of_list | {"itemId": made["rows"][way]}
    return {
        "folder": ("create-drive-folder", folder(made, f"Made by {way}")),
        "row": ("create-list-item", of_list | {"fields": {"Title": "Grüße ☺"}}),
        "changed": ("update-list-item", row | {"fields": {"Title": "Nothing & more"}}),
        "removed": ("delete-list-item", row),
    }


def folder(made: dict[str, Any], name: str) -> dict[str, Any]:
    where = {"siteId": made["site"], "driveId": made["drive"], "parentItemId": "root"}
    return where | {"name": name, "conflictBehavior": "fail"}


def by_http(world: Any, calls: Calls, models: tuple[str, ...]) -> Said:
    said: Said = {}
    for key, (name, given) in calls.items():
        answer = world.product.post(
            "/action/trigger", json={"action_name": name, "input": given}, headers=AS_MEGAN
        )
        said[key] = ("said" if answer.is_success else "refused", answer.json())
    for model in models:
        records: list[Any] = []
        cursor = None
        while True:
            asked = {"model": model, "limit": "3"} | ({"cursor": cursor} if cursor else {})
            answer = world.product.get("/records", params=asked, headers=AS_MEGAN)
            assert answer.is_success, answer.text
            records += answer.json()["records"]
            cursor = answer.json()["next_cursor"]
            if cursor is None:
                break
        said[model] = ("said", records)
    return said


def by_node(judge: Any, calls: Calls, models: tuple[str, ...]) -> Said:
    told = judge("same.js", integration=INTEGRATION, calls=calls, models=models)
    return {
        key: ("said", one["returned"]) if "returned" in one else ("refused", one["data"])
        for key, one in told.calls.items()
    }


def by_blocking(world: Any, calls: Calls, models: tuple[str, ...]) -> Said:
    said: Said = {}
    with Fairlead(host=world.host, secret_key=KEY, retries=Retries(most=0)) as fairlead:
        for key, (name, given) in calls.items():
            try:
                said[key] = ("said", fairlead.actions.run(name, given, **WHOSE))
            except FairleadApiError as error:
                said[key] = ("refused", json.loads(error.body))
        for model in models:
            said[model] = ("said", list(fairlead.records.list(model, page_size=3, **WHOSE)))
    return said


async def by_nonblocking(world: Any, calls: Calls, models: tuple[str, ...]) -> Said:
    said: Said = {}
    async with AsyncFairlead(host=world.host, secret_key=KEY, retries=Retries(most=0)) as fairlead:
        for key, (name, given) in calls.items():
            try:
                said[key] = ("said", await fairlead.actions.run(name, given, **WHOSE))
            except FairleadApiError as error:
                said[key] = ("refused", json.loads(error.body))
        for model in models:
            pages = fairlead.records.list(model, page_size=3, **WHOSE)
            said[model] = ("said", [record async for record in pages])
    return said


async def by_agent(world: Any, calls: Calls, models: tuple[str, ...]) -> Said:
    said: Said = {}
    headers = AS_MEGAN | {"Authorization": f"Bearer {KEY}"}
    async with httpx2.AsyncClient(headers=headers, timeout=PATIENCE) as http:
        transport = streamable_http_client(f"{world.host}/mcp", http_client=http)
        async with Client(transport) as client:
            for key, (name, given) in calls.items():
                answer = await client.call_tool(name, given)
                [text] = answer.content
                told = json.loads(text.text)
                assert answer.is_error or told == answer.structured_content
                said[key] = ("refused" if answer.is_error else "said", told)
            for model in models:
                read = await client.read_resource(f"fairlead://records/{model}")
                told = json.loads(read.contents[0].text)
                assert "next" not in told, "they fit on one page"
                said[model] = ("said", told["records"])
    return said


def five(world: Any, judge: Any, calls: Callable[[str], Calls], *models: str) -> dict[str, Said]:
    """Make the calls each way, and read the models."""
    return {
        "http": by_http(world, calls("http"), models),
        "node": by_node(judge, calls("node"), models),
        "blocking": by_blocking(world, calls("blocking"), models),
        "nonblocking": asyncio.run(by_nonblocking(world, calls("nonblocking"), models)),
        "agent": asyncio.run(by_agent(world, calls("agent"), models)),
    }


def made_in(world: Any) -> dict[str, Any]:
    """Connect a person, and make what the calls are about."""
    drive = world.drive("/sites/people")
    metadata = {"driveIds": [drive]}
    world.connected(INTEGRATION, "megan", metadata=metadata)
    items = world.items("/sites/people")

    def run(name: str, given: Any) -> Any:
        kind, told = by_http(world, {"": (name, given)}, ())[""]
        assert kind == "said", told
        return told

    sites = run("list-shared-sites", {})["sites"]
    [site] = [one["id"] for one in sites if one["displayName"] == "People & Culture"]
    made = run("create-list", {"siteId": site, "displayName": "Said five times"})
    row = {"siteId": site, "listId": made["id"], "fields": {"Title": "Here"}}
    rows = {way: run("create-list-item", row)["id"] for way in ("http", *WAYS)}
    world.breaks(host="graph", path="*throttled*", status=429, retry_after=600, count=len(rows))
    item = items["/Verträge/Überstunden.txt"]
    more = {"list": made["id"], "rows": rows, "item": item, "taken": "Verträge"}
    return {"site": site, "drive": drive} | more


def settled(world: Any) -> None:
    """Wait until the syncs whose records are read have run, and let them not run again."""
    give_up_at = time.monotonic() + PATIENCE
    which = {"provider_config_key": INTEGRATION, "connection_id": "megan"}
    # which begins only when it is asked to
    world.post("/sync/trigger", which | {"syncs": ["sites"]})
    while True:
        listed = world.get("/sync/status", syncs=",".join(SYNCS), **which)["syncs"]
        if all(one["latestExecution"] and one["latestExecution"]["finishedAt"] for one in listed):
            break
        assert time.monotonic() < give_up_at, listed
        Event().wait(0.05)
    world.post("/sync/pause", which | {"syncs": SYNCS})


@pytest.fixture(scope="module")
def said(world: Any, judge: Any) -> dict[str, Said]:
    made = made_in(world)
    settled(world)
    told = five(world, judge, lambda _way: reads_of(made), *MODELS)
    for way, wrote in five(world, judge, lambda way: writes_of(made, way)).items():
        told[way] |= wrote
    return told


def without_own(value: Any) -> Any:
    """Say of what is each thing's own only that it is there."""
    if isinstance(value, dict):
        return {key: key in OWN or without_own(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_own(inner) for inner in value]
    return value


def without_request(told: dict[str, Any]) -> dict[str, Any]:
    """Say of an error everything but which of the vendor's answers it was."""
    error = dict(told["error"])
    if error.pop("payload", None) is not None:
        upstream = error["upstream"]
        error["upstream"] = (upstream["status"], upstream["body"]["error"]["message"])
    return error


def for_agents(error: dict[str, Any]) -> dict[str, Any]:
    """Return what an agent is told of an error: our own code, and fields of the tool's input."""
    told = {"code": error.get("cause", error["code"])} | {k: error[k] for k in ("message", "who")}
    if "errors" in error:
        told["errors"] = [one | {"path": one["path"][1:]} for one in error["errors"]]
    return told


READS = tuple(reads_of(dict.fromkeys(("site", "drive", "item", "list", "taken"), "")))
#: what the calls that fail are refused with
REFUSED = {
    "missing": "item_not_found",
    "incomplete": "invalid_action_input",
    "unknownInput": "invalid_action_input",
    "wrongInput": "invalid_action_input",
    "throttled": "throttled",
    "taken": "name_taken",
}


def test_what_each_call_comes_to(said: dict[str, Said]) -> None:
    told = said["http"]
    assert set(told) == {*READS, *WRITES, *MODELS}
    refused = {call: error["error"] for call, (kind, error) in told.items() if kind == "refused"}
    assert {call: error.get("cause", error["code"]) for call, error in refused.items()} == REFUSED
    for call in ("sites", "lists", "columns", "children", *MODELS):
        listed = told[call][1]
        whole = listed if call in MODELS else next(iter(listed.values()))
        assert len(whole) > 1, call
    assert told["changed"][1]["fields"]["Title"] == "Nothing & more"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("call", [call for call in READS if call not in REFUSED])
def test_a_read(said: dict[str, Said], call: str, way: str) -> None:
    assert said[way][call] == said["http"][call]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("call", WRITES)
def test_a_write(said: dict[str, Said], call: str, way: str) -> None:
    kind, told = said[way][call]
    assert (kind, without_own(told)) == ("said", without_own(said["http"][call][1]))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("call", REFUSED)
def test_an_error(said: dict[str, Said], call: str, way: str) -> None:
    expected = without_request(said["http"][call][1])
    kind, told = said[way][call]
    assert kind == "refused"
    assert without_request(told) == (for_agents(expected) if way == "agent" else expected)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("model", MODELS)
def test_records(said: dict[str, Said], model: str, way: str) -> None:
    _, expected = said["http"][model]
    _, told = said[way][model]
    if way == "agent":
        # an agent is told less about a record, and the same of what it says
        expected = [
            {key: value for key, value in each.items() if key != "_nango_metadata"}
            | {"_deleted": each["_nango_metadata"]["deleted_at"] is not None}
            for each in expected
        ]
    assert told == expected
