"""Requests that run actions (contract 2.7)."""

from typing import Any

from fairlead.client.call import Call, as_connection, encoded, path, whole
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


def result(id: str) -> Call[Any]:
    """Return what a queued action returned, or raise what it raised.

    NotFound until it is over: its `cause` is then `action_pending`.
    """
    return Call(method="GET", path=path("action", id), read=whole)
