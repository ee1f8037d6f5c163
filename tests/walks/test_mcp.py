"""The agents' walk: the protocol's official client, unmodified, on a person's connection."""

import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from engine_world import until
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from fairlead.store import environments
from fairlead.vault.tokens import hash_token
from m365sim.files import Actor
from m365sim.files.blob import MemoryBlob
from m365sim.testing import delegated_token

PAGE = Path(__file__).resolve().parents[2] / "docs/agents.md"
SECRET_KEY = "s3cr3t-key-of-the-walks"
SOMEBODY = Actor("somebody-id", "Somebody", "somebody@contoso.onmicrosoft.com")
READER = ("environment:mcp", "environment:records:read")
Agents = Callable[..., AbstractAsyncContextManager[Client]]


@pytest.fixture(autouse=True)
async def _connected(walk: Any) -> None:
    await walk.connected()
    await walk.settled()


async def key_with(walk: Any, *scopes: str) -> str:
    """Make an API key that may do this much."""
    key = "fl_" + "-".join(scopes)
    services = walk.fairlead.services
    async with services.db.write() as tx:
        [where] = await environments.list_all(tx)
        await environments.add_key(
            tx,
            environment_id=where.id,
            name=key,
            key_hash=hash_token(key),
            scopes=scopes,
            now=services.clock.now(),
        )
    return key


async def triggered(walk: Any, name: str) -> Any:
    """Return what the action says when the product calls it."""
    answer = await walk.product.post(
        "/action/trigger",
        json={"action_name": name},
        headers={"Provider-Config-Key": "sp", "Connection-Id": "walk"},
    )
    assert answer.is_success, answer.text
    return answer.json()


@pytest.fixture
def agent(walk: Any) -> Agents:
    @asynccontextmanager
    async def enter(*scopes: str) -> AsyncIterator[Client]:
        key = await key_with(walk, *scopes) if scopes else SECRET_KEY
        headers = {
            "Authorization": f"Bearer {key}",
            "Provider-Config-Key": "sp",
            "Connection-Id": "walk",
        }
        async with httpx2.AsyncClient(headers=headers, timeout=30) as http:
            transport = streamable_http_client(f"{walk.fairlead.url}/mcp", http_client=http)
            async with Client(transport) as client:
                yield client

    return enter


def keep(walk: Any, name: str) -> Any:
    """Put a file into the library."""
    content = MemoryBlob(b"what was said")
    item, _ = walk.drive.put_file(walk.drive.root, name, content, SOMEBODY)
    return item


def values(result: Any) -> Any:
    [text] = result.content
    told = json.loads(text.text)
    assert result.is_error or told == result.structured_content
    return told


async def test_a_tool_says_what_the_action_says(walk: Any, agent: Agents) -> None:
    as_action = await triggered(walk, "list-shared-sites")
    async with agent() as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        answer = await client.call_tool("list-shared-sites", {})
        made = await client.call_tool(
            "create-list",
            {"siteId": as_action["sites"][0]["id"], "displayName": "By an agent"},
        )
    assert values(answer) == as_action
    assert values(made)["displayName"] == "By an agent"
    reads, removes = tools["get-drive-item"], tools["delete-drive-item"]
    assert reads.annotations.read_only_hint
    assert not reads.annotations.destructive_hint
    assert removes.annotations.destructive_hint
    assert not removes.annotations.read_only_hint
    assert {"driveId", "itemId"} <= set(reads.input_schema["required"])
    assert reads.output_schema["type"] == "object"
    assert "learn.microsoft.com" in reads.description


async def test_the_documents_example_runs(walk: Any) -> None:
    [block] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    block = block.replace('"C1"', '"walk"').replace('"sharepoint"', '"sp"')
    exec(compile(block, str(PAGE), "exec"), names)
    said = await triggered(walk, "list-shared-sites")
    told = await names["sites"](walk.fairlead.url, SECRET_KEY)
    assert told == [site["displayName"] for site in said["sites"]]


async def test_a_reader_changes_nothing(walk: Any, agent: Agents) -> None:
    before = walk.files()
    async with agent(*READER) as client:
        tools = (await client.list_tools()).tools
        assert tools
        assert all(tool.annotations.read_only_hint for tool in tools)
        refused = await client.call_tool("delete-drive-item", {"driveId": "d", "itemId": "i"})
    assert refused.is_error
    assert values(refused)["error"]["code"] == "read_only_key"
    assert walk.files() == before


async def test_what_the_grant_lacks_is_no_tool(walk: Any, agent: Agents) -> None:
    token = delegated_token(walk.cloud.world, "megan", ["Sites.Read.All"])
    await walk.import_connection({"type": "OAUTH2", "access_token": token})
    async with agent() as client:
        tools = {tool.name for tool in (await client.list_tools()).tools}
        refused = await client.call_tool("create-list", {"siteId": "root", "displayName": "B"})
    assert "list-shared-sites" in tools
    assert not tools & {"create-list", "delete-list", "update-list-item"}
    assert values(refused)["error"]["code"] == "missing_scope"


async def test_errors_are_answers(walk: Any, agent: Agents) -> None:
    async with agent() as client:
        wrong = await client.call_tool("get-drive-item", {"siteId": "root", "colour": "red"})
        absent = await client.call_tool(
            "get-drive-item", {"siteId": "root", "driveId": "b!x", "itemId": "01A"}
        )
        with pytest.raises(MCPError, match="no tool"):
            await client.call_tool("make-coffee", {})
    told = values(wrong)["error"]
    assert told["code"] == "invalid_action_input"
    assert {"driveId", "itemId"} <= {issue["path"][-1] for issue in told["errors"]}
    assert values(absent)["error"]["who"]
    assert "Bearer" not in str(values(absent))


async def test_a_long_answer_comes_in_pieces(
    walk: Any, agent: Agents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fairlead.api.mcp.bounds.piece_of.__kwdefaults__", {"largest": 1_500})
    whole = await triggered(walk, "list-shared-sites")
    got: list[Any] = []
    skip = 0
    async with agent() as client:
        for _ in range(50):
            part = values(await client.call_tool("list-shared-sites", {"continueFrom": skip}))
            got += part["sites"]
            if "continue" not in part:
                break
            assert part["continue"]["list"] == "sites"
            skip = part["continue"]["from"]
    assert skip > 0
    assert got == whole["sites"]


async def test_records_are_resources(walk: Any, agent: Agents) -> None:
    keep(walk, "notes.md")
    await walk.sync()
    async with agent(*READER) as client:
        listed = {one.name: one for one in (await client.list_resources()).resources}
        read = await client.read_resource(listed["DriveItem"].uri)
        with pytest.raises(MCPError, match="no resource"):
            await client.read_resource("fairlead://nothing/here")
    told = json.loads(read.contents[0].text)
    assert {one["path"] for one in told["records"]} == set(walk.files()) == {"/notes.md"}


async def test_files_are_resources(walk: Any, agent: Agents) -> None:
    drive, item = walk.drive, keep(walk, "notes.md")
    async with agent(*READER) as client:
        templates = (await client.list_resource_templates()).resource_templates
        addresses = {one.uri_template for one in templates}
        name = next(one for one in addresses if "download-drive-item-content" in one)
        uri = name.replace("{siteId}", "root").replace("{driveId}", drive.id)
        uri = uri.replace("{itemId}", drive.item_id(item.uid))
        read = await client.read_resource(uri)
        with pytest.raises(MCPError, match="check the ids"):
            await client.read_resource(uri + "X")
    assert read.contents[0].text == "what was said"
    assert "fairlead://records/{model}{?cursor}" in addresses


async def test_who_may_not_come(walk: Any) -> None:
    url = "/mcp"
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    names = {"Provider-Config-Key": "sp", "Connection-Id": "walk"}
    nobody = await walk.browser.post(f"{walk.fairlead.url}{url}", json=body)
    assert (nobody.status_code, nobody.json()["error"]["code"]) == (401, "missing_auth_header")
    key = await key_with(walk, "environment:proxy")
    few = await walk.browser.post(
        f"{walk.fairlead.url}{url}",
        json=body,
        headers=names | {"Authorization": f"Bearer {key}"},
    )
    assert (few.status_code, few.json()["error"]["code"]) == (403, "forbidden")
    unknown = await walk.product.post(url, json=body, headers=names | {"Connection-Id": "none"})
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (400, "unknown_connection")
    page = await walk.product.post(
        url, json=body, headers=names | {"Origin": "https://evil.example"}
    )
    assert (page.status_code, page.json()["error"]["code"]) == (403, "forbidden")


ASKER = (*READER, "environment:actions:propose")
WANTED = {"siteId": "root", "displayName": "By an agent, approved"}


async def made(walk: Any) -> int:
    """Count the lists that the agent wanted."""
    lists = await walk.product.post(
        "/action/trigger",
        json={"action_name": "list-lists", "input": {"siteId": "root"}},
        headers={"Provider-Config-Key": "sp", "Connection-Id": "walk"},
    )
    return sum(one["displayName"] == WANTED["displayName"] for one in lists.json()["items"])


async def status_of(client: Client, asked: Any) -> Any:
    return values(await client.call_tool("approval-status", {"id": asked["id"]}))


async def decided(walk: Any, approval: str, verb: str, **body: Any) -> Any:
    answer = await walk.product.post(f"/approvals/{approval}/{verb}", json=body)
    return answer.status_code, answer.json()


async def test_a_person_approves_what_it_writes(walk: Any, agent: Agents) -> None:
    async with agent(*ASKER) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert "A person approves each call" in tools["create-list"].description
        asked = values(await client.call_tool("create-list", WANTED))["approval"]
        again = values(await client.call_tool("create-list", WANTED))["approval"]
        assert (asked["state"], again["id"]) == ("waiting", asked["id"])
        assert await made(walk) == 0
        shown = (await walk.product.get("/approvals", params={"state": "waiting"})).json()
        [one] = shown["approvals"]
        assert (one["id"], one["action"], one["input"]) == (asked["id"], "create-list", WANTED)
        status, answer = await decided(walk, asked["id"], "approve")
        assert (status, answer["state"], answer["decided_by"]) == (200, "approved", "default")
        assert (await decided(walk, asked["id"], "approve"))[0] == 409

        async def ended() -> bool:
            return "result" in await status_of(client, asked)

        await until(ended)
        told = await status_of(client, asked)
        assert told["result"]["displayName"] == WANTED["displayName"]
        assert await made(walk) == 1
        refused = values(await client.call_tool("create-list", {"siteId": "root", "colour": 1}))
        assert refused["error"]["code"] == "invalid_action_input"


async def test_a_call_that_is_denied_is_never_made(walk: Any, agent: Agents) -> None:
    async with agent(*ASKER) as client:
        asked = values(await client.call_tool("create-list", WANTED))["approval"]
        status, answer = await decided(walk, asked["id"], "deny", reason="not that site")
        assert (status, answer["state"]) == (200, "denied")
        assert (await decided(walk, asked["id"], "approve"))[0] == 409
        told = await status_of(client, asked)
        assert (told["state"], told["reason"]) == ("denied", "not that site")
        unknown = values(await client.call_tool("approval-status", {"id": "x"}))
        assert unknown["error"]["code"] == "unknown_approval"
    assert await made(walk) == 0


async def test_an_integration_may_rule_it_for_every_key(walk: Any, agent: Agents) -> None:
    object.__setattr__(walk.fairlead.services.settings, "agent_approvals", ("sp",))
    async with agent() as client:
        asked = values(await client.call_tool("create-list", WANTED))["approval"]
    status, answer = await decided(walk, asked["id"], "approve")
    assert (status, answer["error"]["code"]) == (409, "own_approval")
    assert await made(walk) == 0
