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


class ConnectionCounts(TypedDict):
    """How many connections an integration has, and of how many something is wrong."""

    total: int
    failing: int
    auth: int
    sync: int


class LastError(TypedDict):
    """What went wrong last and still is."""

    type: str
    code: str
    message: str
    at: str
    connection_id: str
    sync: str | None
    log_id: str


class Freshness(TypedDict):
    """How fresh a sync is, over its connections."""

    name: str
    variant: str
    connections: int
    failing: int
    paused: int
    #: without a success for more than three intervals
    stale: int
    never_succeeded: int
    newest_success_at: str | None
    #: of the connection that waits longest
    oldest_success_at: str | None


class Outcomes(TypedDict):
    """How operations ended."""

    succeeded: int
    failed: int


class IntegrationStatus(TypedDict):
    """How an integration stands."""

    integration: str
    #: healthy, degraded or failing
    status: str
    reasons: list[str]
    connections: ConnectionCounts
    #: type of operation -> how they ended
    last_hour: dict[str, Outcomes]
    last_error: LastError | None
    syncs: list[Freshness]


class OverallStatus(TypedDict):
    """How all integrations stand."""

    #: the worst
    status: str
    integrations: list[IntegrationStatus]
