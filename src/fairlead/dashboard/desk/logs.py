"""Logs: what was done, searched, and one operation with the requests that it sent."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from fairlead.dashboard.desk.inside import path
from fairlead.dashboard.desk.visit import Visit

_PAGE = 50
#: messages of one operation that a page shows
_MESSAGES = 200
_ASKED = ("type", "state", "integration", "connection_id", "search", "cursor")
TYPES = ("proxy", "action", "sync", "auth", "webhook")
STATES = ("running", "success", "failed", "timeout", "cancelled")


async def show_all(visit: Visit) -> Response:
    """Draw the list."""
    asked: dict[str, Any] = {name: visit.asked.get(name, "") for name in _ASKED}
    page = await visit.api.get("/logs", limit=_PAGE, **asked)
    return visit.draw(
        "desk/logs.html",
        operations=page["operations"],
        next_cursor=page["next_cursor"],
        asked=asked,
        types=TYPES,
        states=STATES,
        integrations=(await visit.api.get("/integrations"))["data"],
    )


async def show(visit: Visit) -> Response:
    """Draw one operation with its messages."""
    number = visit.asked.get("id", "")
    operation = (await visit.api.get(path("logs", number)))["operation"]
    page = await visit.api.get(path("logs", number, "messages"), limit=_MESSAGES)
    return visit.draw(
        "desk/log.html",
        operation=operation,
        messages=page["messages"],
        has_more=bool(page["next_cursor"]),
        written=_written,
        as_test=lambda message: as_test(visit.server_url, operation, message),
    )


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


def as_test(
    server_url: str, operation: Mapping[str, Any], message: Mapping[str, Any]
) -> str | None:
    """Return a test that sends a request again, as the connection, and holds its answer to this.

    None for what was no request, or of no connection.
    """
    request, response = message["request"], message["response"]
    if not request or not response or not operation["connection_id"]:
        return None
    body = request.get("body")
    given = f"\n        data={body!r}," if isinstance(body, str) and body else ""
    return f'''"""What {operation["title"]!r} asked the vendor, asked again."""

import os

from fairlead.client import Fairlead


def test_it_answers_as_before() -> None:
    client = Fairlead(host={server_url!r}, secret_key=os.environ["FAIRLEAD_SECRET_KEY"])
    answer = client.proxy.request(
        {request.get("method", "GET")!r},
        {request.get("url", "")!r},
        provider_config_key={operation["integration"]!r},
        connection_id={operation["connection_id"]!r},{given}
    )
    assert answer.status == {response.get("code", response.get("status", 200))!r}
'''
