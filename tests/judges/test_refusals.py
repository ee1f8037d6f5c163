"""A key that opens nothing, and what is not served: errors that a caller can read."""

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
    "createQuickstartIntegration": 405,
    "getFunctionCode": 404,
    "deleteFunction": 405,
    "getScriptsConfig": 404,
    "getScriptsConfigOpenAi": 404,
    "getEnvironmentVariables": 404,
    "triggerActionAsync": 400,
    "getAsyncActionResult": 404,
    "getAsyncActionResultByUrl": 404,
}


@pytest.mark.parametrize(("call", "expected"), NOT_SERVED.items())
def test_not_served(beyond: Any, call: str, expected: int) -> None:
    status, error = beyond.error(call)
    assert status == expected
    assert error["message"]
