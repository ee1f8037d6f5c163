"""Operation: something fairlead did for a connection; Message: one step of it, told or seen.

Names as in the HTTP contract, section 11: an operation has a type and an action (`proxy.call`,
`action.run`, `sync.run`, `auth.refresh_token`, `webhook.forward`) and, below it, messages.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class OperationType(StrEnum):
    """What kind of thing was done."""

    PROXY = "proxy"
    ACTION = "action"
    SYNC = "sync"
    AUTH = "auth"
    WEBHOOK = "webhook"


class OperationState(StrEnum):
    """How it stands."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        return self not in (OperationState.WAITING, OperationState.RUNNING)


class Level(StrEnum):
    """How much a message matters."""

    DEBUG = "debug"
    INFO = "info"
    WARN = "warn"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Something that was done; a later one of the same id takes its place."""

    id: str
    environment_id: int
    type: OperationType
    action: str
    state: OperationState
    #: what was done, in a few words
    title: str
    #: unique key of the integration, None = of none
    integration: str | None = None
    provider: str | None = None
    #: the connection's public id; it outlives the connection
    connection_id: str | None = None
    #: name of the sync or action
    function: str | None = None
    variant: str | None = None
    #: what more there is to know: counts, trigger, status
    meta: Mapping[str, Any] = field(default_factory=dict)
    #: code, message, who
    error: Mapping[str, Any] | None = None
    #: messages that were not kept, because there were too many
    left_out: int = 0
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One step of an operation."""

    operation_id: str
    environment_id: int
    created_at: datetime
    level: Level
    #: `log` or `http`
    type: str
    #: `internal`, or `user`: a function's author
    source: str
    #: script, proxy, webhook or auth
    context: str
    #: one line, without secrets
    text: str
    #: request, response, error, retry, meta; sealed at rest
    detail: Mapping[str, Any] = field(default_factory=dict)
    #: its number, 0 until it is stored
    id: int = 0
