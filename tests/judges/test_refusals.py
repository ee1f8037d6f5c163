"""A key that opens nothing, and what is not served: errors that a caller can read.

Next to it, the rarer calls that are served.
"""

import ast
from typing import Any

import pytest

KEY = "beyond"


@pytest.fixture(scope="module")
def beyond(judge: Any, world: Any) -> Any:
    world.connected(KEY, "megan")
    return judge("beyond.js", integration=KEY)


@pytest.mark.parametrize("key", ["wrong-key-that-opens-nothing", "nango_connect_session_nonsense"])
def test_wrong_key(judge: Any, world: Any, key: str) -> None:
    said = judge("errors.js", key=key)
    assert len(said.calls) == 26
    for call in said.calls:
        status, error = said.error(call)
        assert status == 401, call
        codes = {"unknown_account"}
        if key.startswith("nango_connect") and call in (
            "listProviders",
            "getProvider",
            "listIntegrations",
        ):
            codes = {"invalid_connect_session_token_format"}
        assert error["code"] in codes, call
        assert key not in str(error), call


def test_no_key(world: Any) -> None:
    codes = {"": "missing_auth_header", "Basic abc": "malformed_auth_header"}
    for header, code in codes.items():
        answer = world.product.get("/connections", headers={"Authorization": header})
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, code)


#: what fairlead does not serve, and what it says of it
NOT_SERVED = {
    "deleteFunction": 405,
    "getAsyncActionResult": 404,
    "getAsyncActionResultByUrl": 404,
}


@pytest.mark.parametrize(("call", "expected"), NOT_SERVED.items())
def test_not_served(beyond: Any, call: str, expected: int) -> None:
    status, error = beyond.error(call)
    assert status == expected
    assert error["message"]


def test_quickstart(beyond: Any) -> None:
    status, error = beyond.error("createQuickstartIntegration")
    assert (status, error["code"]) == (400, "missing_credentials")
    # the caller reads what to do instead
    assert "POST /integrations" in error["message"]


def test_code(beyond: Any) -> None:
    code = beyond.value("getFunctionCode")
    assert set(code) == {"type", "code"}
    assert code["type"] == "sync"
    # whole source of one function, in the language it is written in
    [function] = ast.parse(code["code"]).body
    assert isinstance(function, ast.AsyncFunctionDef)
    assert function.name == "drive_items"


def test_scripts(beyond: Any) -> None:
    [ours] = [each for each in beyond.value("getScriptsConfig") if each["providerConfigKey"] == KEY]
    assert set(ours) == {"providerConfigKey", "provider", "syncs", "actions", "on-events"}
    assert (ours["provider"], ours["on-events"]) == ("sharepoint-online", [])
    shared = {"name", "type", "description", "version", "scopes", "enabled"}
    for sync in ours["syncs"]:
        assert set(sync) >= shared | {"runs", "auto_start", "returns"}, sync["name"]
    for action in ours["actions"]:
        assert set(action) >= shared, action["name"]
    [sync] = [each for each in ours["syncs"] if each["name"] == "drive-items"]
    assert (sync["type"], sync["runs"], sync["returns"]) == ("sync", "every 1h", ["DriveItem"])
    [action] = [each for each in ours["actions"] if each["name"] == "get-drive-item"]
    assert action["type"] == "action"


def test_scripts_as_tools(beyond: Any) -> None:
    tools = beyond.value("getScriptsConfigOpenAi")["data"]
    for tool in tools:
        assert set(tool) == {"name", "description", "parameters"}, tool
        assert tool["parameters"]["type"] == "object", tool["name"]
    [tool] = [each for each in tools if each["name"] == "get-drive-item"]
    assert set(tool["parameters"]["required"]) == {"siteId", "driveId", "itemId"}
    assert set(tool["parameters"]["properties"]) >= {"siteId", "driveId", "itemId"}
    actions = next(
        each["actions"]
        for each in beyond.value("getScriptsConfig")
        if each["providerConfigKey"] == KEY
    )
    assert {each["name"] for each in tools} >= {each["name"] for each in actions}


def test_variables(beyond: Any) -> None:
    assert beyond.value("getEnvironmentVariables") == []
