"""Requests that run actions (contract 2.7)."""

import json
from os import SEEK_END
from typing import Any

from fairlead.client.call import Call, as_connection, encoded, path, whole
from fairlead.client.forward import AsyncUpload
from fairlead.client.shapes import ActionStarted


def run(
    action_name: str,
    input: Any = None,
    *,
    provider_config_key: str,
    connection_id: str,
    timeout_seconds: float | None = None,
) -> Call[Any]:
    """Run an action and return what it returns.

    `input` is as its schema says: `integrations.get_function(key, name)["input"]`. An action is
    never run twice by itself: it may change things. `timeout_seconds` is for one that takes long.
    """
    sent = {"action_name": action_name} | ({} if input is None else {"input": input})
    return Call(
        method="POST",
        path="/action/trigger",
        headers=as_connection(provider_config_key, connection_id),
        body=encoded(sent),
        read=whole,
        timeout_seconds=timeout_seconds,
    )


def start(
    action_name: str,
    input: Any = None,
    *,
    provider_config_key: str,
    connection_id: str,
    max_retries: int = 0,
) -> Call[ActionStarted]:
    """Queue an action and return at once; a webhook of type `async_action` says when it is over.

    `result(id)` fetches what it returned. `max_retries`, at most 5, is how often it is tried again
    should it fail.
    """
    headers = as_connection(provider_config_key, connection_id) | {"X-Async": "true"}
    if max_retries:
        headers["X-Max-Retries"] = str(max_retries)
    sent = {"action_name": action_name} | ({} if input is None else {"input": input})
    return Call(
        method="POST", path="/action/trigger", headers=headers, body=encoded(sent), read=whole
    )


def upload(
    action_name: str,
    data: AsyncUpload,
    input: Any = None,
    *,
    provider_config_key: str,
    connection_id: str,
    size_bytes: int | None = None,
    timeout_seconds: float | None = None,
) -> Call[Any]:
    """Run an action that takes a file, of any size, and return what it returns.

    `data` is bytes, text, an open file or an iterable of bytes; it is sent as it comes. Of an
    iterable say `size_bytes`. `input` is the rest of the action's input, without the file.
    """
    size = _size(data) if size_bytes is None else size_bytes
    headers = as_connection(provider_config_key, connection_id) | {
        "Action-Name": action_name,
        "Content-Type": "application/octet-stream",
        "Content-Length": str(size),
    }
    if input is not None:
        headers["Action-Input"] = json.dumps(input, separators=(",", ":"))
    return Call(
        method="POST",
        path="/action/trigger",
        headers=headers,
        body=data.encode() if isinstance(data, str) else data,
        read=whole,
        timeout_seconds=timeout_seconds,
    )


def _size(data: AsyncUpload) -> int:
    """Return how many bytes there are; ValueError for what does not tell."""
    if isinstance(data, str):
        return len(data.encode())
    if isinstance(data, bytes | bytearray):
        return len(data)
    if hasattr(data, "seek") and hasattr(data, "tell"):
        here = data.tell()
        end = int(data.seek(0, SEEK_END))
        data.seek(here)
        return int(end - here)
    raise ValueError("How long the file is cannot be told from what was given; say size_bytes.")


def result(id: str) -> Call[Any]:
    """Return what a queued action returned, or raise what it raised.

    NotFound until it is over: its `cause` is then `action_pending`.
    """
    return Call(method="GET", path=path("action", id), read=whole)
