"""Requests about the log: what was done for connections, and each step of it."""

from collections.abc import Sequence
from datetime import datetime

from fairlead.client.call import Call, Page, Reply, path, query
from fairlead.client.log_shapes import LogMessage, Operation

#: operations, or messages, in one answer
_PAGE = 100


def list_all(
    *,
    type: str | Sequence[str] | None = None,
    action: str | Sequence[str] | None = None,
    state: str | Sequence[str] | None = None,
    integration: str | None = None,
    connection_id: str | None = None,
    function: str | None = None,
    since: datetime | str | None = None,
    until: datetime | str | None = None,
    search: str | None = None,
    cursor: str | None = None,
    page_size: int = _PAGE,
) -> Call[Page[Operation]]:
    """List what was done, newest first.

    `type` is proxy, action, sync, auth or webhook; `state` waiting, running, success, failed,
    timeout or cancelled; `search` looks into titles, errors, ids and names.
    """
    asked = query(
        type=_joined(type),
        action=_joined(action),
        state=_joined(state),
        integration=integration,
        connection_id=connection_id,
        function=function,
        since=_instant(since),
        until=_instant(until),
        search=search,
        limit=page_size,
    )
    return _operations(asked, cursor)


def _operations(asked: list[tuple[str, str]], cursor: str | None) -> Call[Page[Operation]]:
    def read(reply: Reply) -> Page[Operation]:
        answer = reply.json()
        after = answer["next_cursor"]
        return Page(answer["operations"], _operations(asked, after) if after else None)

    where = [*asked, ("cursor", cursor)] if cursor else asked
    return Call(method="GET", path="/logs", query=where, read=read)


def get(operation_id: str) -> Call[Operation]:
    """Return one operation."""

    def read(reply: Reply) -> Operation:
        found: Operation = reply.json()["operation"]
        return found

    return Call(method="GET", path=path("logs", operation_id), read=read)


def messages(
    operation_id: str,
    *,
    level: str | Sequence[str] | None = None,
    search: str | None = None,
    cursor: str | None = None,
    page_size: int = _PAGE,
) -> Call[Page[LogMessage]]:
    """List the steps of an operation, in order; `level` is debug, info, warn or error."""
    asked = query(level=_joined(level), search=search, limit=page_size)
    return _messages(path("logs", operation_id, "messages"), asked, cursor)


def _messages(
    where: str, asked: list[tuple[str, str]], cursor: str | None
) -> Call[Page[LogMessage]]:
    def read(reply: Reply) -> Page[LogMessage]:
        answer = reply.json()
        after = answer["next_cursor"]
        return Page(answer["messages"], _messages(where, asked, after) if after else None)

    narrowed = [*asked, ("cursor", cursor)] if cursor else asked
    return Call(method="GET", path=where, query=narrowed, read=read)


def _joined(words: str | Sequence[str] | None) -> str | None:
    return words if isinstance(words, str) or words is None else ",".join(words)


def _instant(instant: datetime | str | None) -> str | None:
    return instant.isoformat() if isinstance(instant, datetime) else instant
