"""Requests that run actions (contract 2.7)."""

from typing import Any

from fairlead.client.call import Call, as_connection, encoded, whole


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
