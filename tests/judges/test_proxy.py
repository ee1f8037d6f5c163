"""The proxy under the client: every verb, every kind of body, files, retries and refusals."""

from typing import Any

import pytest

KEY = "proxied"


@pytest.fixture(scope="module")
def connection(world: Any) -> str:
    world.connected(KEY, "megan")
    return "megan"


@pytest.fixture(scope="module")
def said(judge: Any, world: Any, connection: str) -> Any:
    return judge(
        "proxy.js",
        integration=KEY,
        connection=connection,
        drive=world.drive("/sites/marketing"),
        site="root",
        stranger=world.stranger.url,
    )


def test_get(said: Any) -> None:
    for call in ("get", "getWithoutSlash"):
        answer = said.value(call)
        assert answer["status"] == 200
        assert answer["data"]["userPrincipalName"] == "megan@contoso.onmicrosoft.com"
        assert answer["headers"]["content-type"].startswith("application/json")
        assert answer["headers"]["request-id"], "the vendor's headers come back"
    page = said.value("getParams")["data"]
    assert len(page["value"]) == 2
    assert all({"id", "name"} >= set(each) - {"@odata.etag"} for each in page["value"])
    assert "%24top=2" in page["@odata.nextLink"] or "$top=2" in page["@odata.nextLink"]
    assert len(said.value("getParamsText")["data"]["value"]) == 1
    assert said.value("getByPath")["data"]["name"] == "2026 Q3"
    assert said.value("byDefaultsOfClient")["data"]["webUrl"] == "https://contoso.sharepoint.com"


def test_vendors_error_comes_back_as_it_is(said: Any) -> None:
    for call in ("getMissing", "deleted"):
        refused = said.calls[call]
        assert refused["refused"] == 404
        assert refused["data"]["error"]["code"] == "itemNotFound"
        assert "request-id" in refused["data"]["error"]["innerError"]


def test_write(said: Any) -> None:
    made = said.value("post")
    assert made["status"] == 201
    assert made["data"]["name"] == "Judged"
    assert said.value("putText")["status"] == 201
    assert said.value("putText")["data"]["size"] == len("grüezi".encode())
    assert said.value("putText")["data"]["name"] == "a b.txt"
    assert said.value("putBuffer")["data"]["size"] == 2000
    assert said.value("putLarge")["data"]["size"] == 3_000_000
    assert said.value("patch")["data"]["name"] == "c.txt"
    assert said.value("delete")["status"] == 204


def test_files(said: Any) -> None:
    for call in ("text", "redirected"):
        assert said.value(call)["data"] == "grüezi", call
    assert said.value("arraybuffer") == {
        "same": True,
        "length": 2000,
        "type": "application/octet-stream",
    }
    stream = said.value("stream")
    assert stream["same"] is True
    assert stream["chunks"] > 1
    part = said.value("range")
    assert (part["status"], part["data"]) == (206, "gr")
    assert part["headers"]["content-range"] == "bytes 0-1/7"


def test_foreign_hosts_are_refused(said: Any, world: Any) -> None:
    for call in ("strangeBase", "strangeEndpoint", "metadataService"):
        status, error = said.error(call)
        assert (status, error["code"]) == (400, "base_url_override_not_allowed"), call
    assert said.error("badBase")[0] == 400
    assert world.stranger.heard == []


def test_unknown(said: Any) -> None:
    status, error = said.error("unknownConnection")
    assert (status, error["code"]) == (400, "unknown_connection")
    status, error = said.error("unknownIntegration")
    assert (status, error["code"]) == (404, "unknown_provider_config")
    assert said.calls["noEndpoint"] == {
        "thrown": "endpoint is missing and is required to make a proxy call!"
    }


def test_retries(judge: Any, world: Any, connection: str) -> None:
    for case, status, count in (
        ("refused", 503, 1),
        ("throttled", 429, 2),
        ("missing", 404, 1),
        ("expired", 401, 1),
    ):
        path = f"*case={case}*"
        world.breaks(host="graph", path=path, status=status, count=count, retry_after=0)
    world.breaks(host="graph", path="*case=posted*", status=500, count=1)
    said = judge("retries.js", integration=KEY, connection=connection)
    assert said.calls["refused"]["refused"] == 503
    assert said.calls["refused"]["data"]["error"]["code"] == "serviceNotAvailable"
    for call in ("throttled", "missing", "expired"):
        assert said.value(call)["data"]["userPrincipalName"].startswith("megan@"), call
    assert said.calls["posted"]["refused"] == 500, "what may have acted is not done twice"
