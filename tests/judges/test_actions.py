"""Actions as the client calls them, and each way in which they fail."""

import base64
from typing import Any

import pytest

KEY = "acted"


@pytest.fixture(scope="module")
def said(judge: Any, world: Any) -> Any:
    world.connected(KEY, "megan")
    drive = world.drive("/sites/people")
    item = world.items("/sites/people")["/Verträge/Überstunden.txt"]
    world.breaks(host="graph", path="*throttled*", status=429, retry_after=600)
    return judge("actions.js", integration=KEY, site="People & Culture", drive=drive, item=item)


def test_what_it_returns_is_the_answer(said: Any) -> None:
    sites = said.value("withoutInput")["sites"]
    assert "Marketing" in {each["displayName"] for each in sites}
    item = said.value("item")
    assert item["name"] == "Überstunden.txt"
    assert item["mimeType"] == "text/plain"
    content = said.value("content")
    text = base64.b64decode(content["content"])
    assert text.decode() == "Überstunden werden ausgeglichen.\n"
    assert content["size"] == len(text)


def test_asked_for_later(said: Any, world: Any) -> None:
    later = said.value("later")
    begun = later["begun"]
    assert begun["statusUrl"] == f"/action/{begun['id']}"
    assert later["byId"] == later["byUrl"] == said.value("item")
    hook = world.listener.wait_for(lambda body: body.get("payload") == begun)
    assert {key: hook.json[key] for key in ("type", "from", "connectionId")} == {
        "type": "async_action",
        "from": "nango",
        "connectionId": "megan",
    }
    status, error = said.error("laterMissing")
    assert (status, error["code"], error["upstream"]["status"]) == (424, "script_http_error", 404)


def test_vendors_refusal(said: Any) -> None:
    status, error = said.error("missing")
    assert (status, error["code"]) == (424, "script_http_error")
    assert error["upstream"]["status"] == 404
    assert error["upstream"]["body"]["error"]["code"] == "itemNotFound"
    assert error["payload"]["error"]["code"] == "itemNotFound"
    status, error = said.error("throttled")
    assert (status, error["code"]) == (424, "script_api_rate_limit_error")


@pytest.mark.parametrize(
    ("call", "field"),
    [("incomplete", ["input", "driveId"]), ("wrongInput", ["input", "itemId"])],
)
def test_input_refused(said: Any, call: str, field: list[str]) -> None:
    status, error = said.error(call)
    assert (status, error["code"]) == (400, "invalid_action_input")
    assert field in [each["path"] for each in error["errors"]]


@pytest.mark.parametrize(
    ("call", "status", "code"),
    [
        ("unknown", 404, "not_found"),
        ("badName", 400, "invalid_body"),
        ("ofUnknown", 400, "unknown_connection"),
        ("ofUnknownIntegration", 400, "unknown_connection"),
    ],
)
def test_refused(said: Any, call: str, status: int, code: str) -> None:
    refused, error = said.error(call)
    assert (refused, error["code"]) == (status, code)
