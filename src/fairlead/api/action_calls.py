"""`POST /action/trigger` as most send it: plain ASGI, no framework between.

What is odd in any way (another content type, a body that is large, is no JSON or has other keys, a
header that is missing, nobody who waits) goes the usual way, which knows what to say of it: the
route in `actions.py`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError
from starlette.responses import Response
from starlette.types import Message, Receive, Scope

from fairlead.api.actions import ActionTrigger, call, found_connection, is_queued
from fairlead.api.auth import Caller
from fairlead.api.known import KnownConnections
from fairlead.api.proxy import chunks_of
from fairlead.api.routing import headers_of
from fairlead.api.services import Services

_KINDS = frozenset(
    (b"application/json", b"application/json; charset=utf-8", b"application/json;charset=utf-8")
)
_MOST_BYTES = 1_048_576


@dataclass(frozen=True, slots=True)
class ActionCall:
    """A call in which nothing is missing."""

    headers: Mapping[str, str]
    body: ActionTrigger


def is_call(scope: Scope, path: str) -> bool:
    """Say whether a request may be such a call, by its head."""
    if path != "/action/trigger" or scope["method"] != "POST" or scope["query_string"]:
        return False
    is_json, length = False, b""
    for name, value in scope["headers"]:
        if name == b"content-type":
            is_json = value.lower() in _KINDS
        elif name == b"content-length":
            length = value
    return is_json and length.isdigit() and int(length) <= _MOST_BYTES


async def read_call(scope: Scope, receive: Receive) -> tuple[ActionCall | None, Receive]:
    """Return the call, None if it is no plain one, and what receives it again."""
    content = b"".join([chunk async for chunk in chunks_of(receive)])
    return _read(headers_of(scope["headers"]), content), _again(content, receive)


def _read(headers: Mapping[str, str], content: bytes) -> ActionCall | None:
    if "connection-id" not in headers or "provider-config-key" not in headers or is_queued(headers):
        return None
    try:
        return ActionCall(headers, ActionTrigger.model_validate(json.loads(content)))
    except (ValueError, RecursionError, ValidationError):
        return None


def _again(content: bytes, receive: Receive) -> Receive:
    left: list[Message] = [{"type": "http.request", "body": content, "more_body": False}]

    async def again() -> Message:
        return left.pop() if left else await receive()

    return again


class ActionCalls:
    """Answers them; connections are remembered for a moment.

    Whether one was changed since is noticed when the run is opened (`engine/called_runs.py`).
    """

    def __init__(self, services: Services, known: KnownConnections) -> None:
        self._services = services
        self._known = known

    async def answer(self, caller: Caller, asked: ActionCall) -> Response:
        """Run the action and answer what it returns."""
        caller.demand("environment:actions:execute")
        key, connection_id = asked.headers["provider-config-key"], asked.headers["connection-id"]
        wanted = (caller.environment.id, key, connection_id)
        connection = self._known.at_hand(wanted) or await self._known.find(*wanted)
        if connection is None:
            connection = await found_connection(self._services, caller, key, connection_id)
        return await call(self._services, connection, asked.body, asked.headers)
