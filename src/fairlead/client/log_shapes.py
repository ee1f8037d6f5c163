"""What the API answers of what was done: the JSON itself, typed as in `shapes`."""

from typing import Any, TypedDict


class OperationError(TypedDict):
    """Why an operation failed."""

    code: str
    message: str
    who: str | None
    request_id: str | None


class Operation(TypedDict):
    """Something that was done for a connection."""

    id: str
    #: proxy, action, sync, auth, webhook
    type: str
    action: str
    #: waiting, running, success, failed, timeout, cancelled
    state: str
    title: str
    integration: str | None
    provider: str | None
    connection_id: str | None
    #: name of the sync or action
    function: str | None
    variant: str | None
    meta: dict[str, Any]
    error: OperationError | None
    #: messages that were not kept, because there were too many
    left_out: int
    created_at: str
    started_at: str | None
    ended_at: str | None
    #: when it is forgotten
    expires_at: str
    duration_ms: float | None


class LogMessage(TypedDict):
    """One step of an operation: a request that was sent, a line that a function logged."""

    id: int
    level: str
    #: log or http
    type: str
    #: internal, or user: a function's author
    source: str
    context: str
    message: str
    created_at: str
    meta: dict[str, Any] | None
    request: dict[str, Any] | None
    response: dict[str, Any] | None
    error: dict[str, Any] | None
    retry: dict[str, Any] | None
    duration_ms: float | None
    #: a command that sends the same request again
    curl: str | None
