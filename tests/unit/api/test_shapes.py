"""A request that is refused for its shape says where, whoever refused it (contract 1.2)."""

from typing import Any

import pytest

AS_C1 = {"connection-id": "c1", "provider-config-key": "sp"}
FREQUENCY = {"sync_name": "notes", "provider_config_key": "sp", "connection_id": "c1"}
C1 = "/connections/c1?provider_config_key=sp"


@pytest.mark.parametrize(
    ("method", "url", "body", "code", "path"),
    [
        ("PUT", "frequency", FREQUENCY | {"frequency": "1s"}, "invalid_body", ["frequency"]),
        ("PUT", "frequency", FREQUENCY | {"frequency": "x"}, "invalid_body", ["frequency"]),
        ("GET", "/records?model=Note&cursor=!!", None, "invalid_query_params", ["cursor"]),
        ("GET", "/providers?search=[", None, "invalid_query_params", ["search"]),
        ("GET", "/connections?a[b][c][d][e]=1", None, "invalid_query_params", []),
        ("PATCH", C1, {}, "invalid_body", []),
        ("GET", "/proxy/x", None, "invalid_headers", []),
    ],
)
async def test_it_says_where(
    world: Any, method: str, url: str, body: Any, code: str, path: list[str]
) -> None:
    await world.integration("sp")
    await world.connection("c1", "sp")
    answer = await world.client.request(
        method,
        "/sync/update-connection-frequency" if url == "frequency" else url,
        headers=AS_C1 | ({"retries": "many"} if url.startswith("/proxy") else {}),
        json=body,
    )
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, code)
    [issue] = error["errors"]
    assert issue["path"] == path
    assert issue["message"]
    assert issue["message"] in error["message"]
