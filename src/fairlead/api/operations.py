"""`/logs`: operations and their messages, searched (what the contract's section 11 describes)."""

import shlex
from datetime import datetime
from typing import Annotated, Any, Protocol

import orjson
from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field, StringConstraints

from fairlead.api.auth import Caller, needs
from fairlead.api.identifiers import Moment
from fairlead.api.routing import Strict, parameters, query_of
from fairlead.api.services import Given, Services
from fairlead.api.wire import zulu
from fairlead.errors import InvalidInput, NotFound, VaultError
from fairlead.model.operation import Level, Message, Operation, OperationState, OperationType
from fairlead.observe.journal import Journal
from fairlead.settings import Settings
from fairlead.store import operations
from fairlead.store.operations import Wanted

router = APIRouter(tags=["logs"])

Word = Annotated[str, StringConstraints(min_length=1, max_length=255)]
OperationId = Annotated[str, StringConstraints(min_length=1, max_length=255)]
SCOPE = "environment:logs:read"


class OperationsQuery(Strict):
    """Which operations; several types, actions or states are separated by commas."""

    type: str | None = None
    """proxy, action, sync, auth, webhook."""
    action: str | None = None
    """call, run, create_connection, refresh_token, ..."""
    state: str | None = None
    """waiting, running, success, failed, timeout, cancelled."""
    integration: Word | None = None
    """Unique key of the integration."""
    connection_id: Word | None = None
    function: Word | None = None
    """Name of a sync or an action."""
    since: Moment | None = None
    """Begun at this instant or later."""
    until: Moment | None = None
    """Begun before this instant."""
    search: Annotated[str, StringConstraints(max_length=255)] = ""
    """Part of title, error, ids or names, without regard to case."""
    cursor: str | None = None
    """`next_cursor` of the page before."""
    limit: int = Field(default=50, ge=1, le=500)

    def wanted(self) -> Wanted:
        """Return what is asked for; InvalidInput names what there is no such thing of."""
        return Wanted(
            types=[_of(OperationType, "type", each) for each in _parts(self.type)],
            actions=_parts(self.action),
            states=[_of(OperationState, "state", each) for each in _parts(self.state)],
            integration=self.integration,
            connection_id=self.connection_id,
            function=self.function,
            since=self.since,
            until=self.until,
            search=self.search,
        )


def _parts(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def _of(kind: Any, name: str, value: str) -> Any:
    try:
        return kind(value)
    except ValueError:
        known = ", ".join(each.value for each in kind)
        raise InvalidInput(
            f"There is no {name} '{value}'; ask for some of: {known}.", code="invalid_query_params"
        ) from None


class OperationError(BaseModel):
    """Why an operation failed."""

    code: str
    message: str
    who: str | None = None
    request_id: str | None = None


class OperationOut(BaseModel):
    """Something that was done."""

    id: str
    type: str
    action: str
    state: str
    title: str
    integration: str | None
    provider: str | None
    connection_id: str | None
    function: str | None
    variant: str | None
    meta: dict[str, Any]
    error: OperationError | None
    left_out: int
    """Messages that were not kept, because there were too many."""
    created_at: str
    started_at: str | None
    ended_at: str | None
    expires_at: str
    """When it is forgotten."""
    duration_ms: float | None


class OperationsReply(BaseModel):
    """A page of operations, newest first."""

    operations: list[OperationOut]
    next_cursor: str | None


class OperationReply(BaseModel):
    """An operation."""

    operation: OperationOut


class MessageOut(BaseModel):
    """One step of an operation."""

    id: int
    level: str
    type: str
    """log or http."""
    source: str
    """internal, or user: a function's author."""
    context: str
    """script, proxy, webhook."""
    message: str
    created_at: str
    meta: dict[str, Any] | None
    request: dict[str, Any] | None
    """method, url, headers, body: without secrets."""
    response: dict[str, Any] | None
    error: dict[str, Any] | None
    retry: dict[str, Any] | None
    duration_ms: float | None
    curl: str | None
    """A command that sends the same request again, as the connection, through this server."""


class MessagesReply(BaseModel):
    """A page of messages, in the order in which they were written."""

    messages: list[MessageOut]
    next_cursor: str | None


@router.get(
    "/logs",
    response_model=OperationsReply,
    openapi_extra={"parameters": parameters(OperationsQuery)},
)
async def list_operations(
    services: Given,
    query: Annotated[OperationsQuery, Depends(query_of(OperationsQuery))],
    caller: Annotated[Caller, needs(SCOPE)],
) -> dict[str, Any]:
    """List what was done, newest first: proxied calls, runs, connecting, deliveries."""
    before = operations.place_in(query.cursor) if query.cursor else None
    async with services.db.read() as tx:
        found = await operations.search(
            tx, caller.environment.id, query.wanted(), before=before, limit=query.limit + 1
        )
    page = found[: query.limit]
    return {
        "operations": [operation_out(services, each) for each in page],
        "next_cursor": operations.place_of(page[-1]) if len(found) > query.limit else None,
    }


@router.get("/logs/{operation_id}", response_model=OperationReply)
async def find_operation(
    services: Given,
    operation_id: OperationId,
    caller: Annotated[Caller, needs(SCOPE)],
) -> dict[str, Any]:
    """Return one operation."""
    found = await _found(services, caller, operation_id)
    return {"operation": operation_out(services, found)}


async def _found(services: Services, caller: Caller, operation_id: str) -> Operation:
    async with services.db.read() as tx:
        found = await operations.find(tx, caller.environment.id, operation_id)
    if found is None:
        raise NotFound(
            f"There is no operation '{operation_id}' in the log; it may be over its "
            f"{services.settings.log_days} days.",
            code="unknown_operation",
        )
    return found


class MessagesQuery(Strict):
    """Which messages; several levels are separated by commas."""

    level: str | None = None
    """debug, info, warn, error."""
    search: Annotated[str, StringConstraints(max_length=255)] = ""
    """Part of the message, without regard to case."""
    cursor: str | None = None
    """`next_cursor` of the page before."""
    limit: int = Field(default=100, ge=1, le=1000)


@router.get(
    "/logs/{operation_id}/messages",
    response_model=MessagesReply,
    openapi_extra={"parameters": parameters(MessagesQuery)},
)
async def list_messages(
    services: Given,
    operation_id: OperationId,
    query: Annotated[MessagesQuery, Depends(query_of(MessagesQuery))],
    caller: Annotated[Caller, needs(SCOPE)],
) -> dict[str, Any]:
    """List the steps of an operation: requests that were sent, lines that functions logged."""
    operation = await _found(services, caller, operation_id)
    after = _after(query.cursor)
    levels = [_of(Level, "level", each) for each in _parts(query.level)]
    async with services.db.read() as tx:
        found = await operations.messages_of(
            tx,
            operation_id,
            levels=levels,
            search_for=query.search,
            after=after,
            limit=query.limit + 1,
        )
    page = found[: query.limit]
    return {
        "messages": [message_out(services, operation, each) for each in page],
        "next_cursor": str(page[-1].message.id) if len(found) > query.limit else None,
    }


def _after(cursor: str | None) -> int:
    if not cursor:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise InvalidInput(
            "The cursor is not one of ours; send it as a list of messages returned it, or leave "
            "it out",
            code="invalid_query_params",
        )
    return int(cursor)


class Shelf(Protocol):
    """What writing an operation needs: the server's services, or a command's."""

    @property
    def settings(self) -> Settings: ...

    @property
    def journal(self) -> Journal: ...


def operation_out(services: Shelf, operation: Operation) -> dict[str, Any]:
    """Write an operation."""
    ended_at, started_at = operation.ended_at, operation.started_at
    took = (ended_at - started_at).total_seconds() if ended_at and started_at else None
    return {
        "id": operation.id,
        "type": operation.type.value,
        "action": operation.action,
        "state": operation.state.value,
        "title": operation.title,
        "integration": operation.integration,
        "provider": operation.provider,
        "connection_id": operation.connection_id,
        "function": operation.function,
        "variant": operation.variant,
        "meta": dict(operation.meta),
        "error": operation.error and dict(operation.error),
        "left_out": operation.left_out,
        "created_at": zulu(operation.created_at),
        "started_at": _zulu(started_at),
        "ended_at": _zulu(ended_at),
        "expires_at": zulu(services.journal.expires_at(operation.created_at)),
        "duration_ms": None if took is None else round(took * 1000, 1),
    }


def _zulu(instant: datetime | None) -> str | None:
    return None if instant is None else zulu(instant)


def message_out(services: Shelf, operation: Operation, sealed: operations.Sealed) -> dict[str, Any]:
    """Write a message; what cannot be opened any more is left out."""
    try:
        message = services.journal.opened(sealed)
    except VaultError:
        message = sealed.message
    detail = message.detail
    return {
        "id": message.id,
        "level": message.level.value,
        "type": message.type,
        "source": message.source,
        "context": message.context,
        "message": message.text,
        "created_at": zulu(message.created_at),
        "meta": detail.get("meta"),
        "request": detail.get("request"),
        "response": detail.get("response"),
        "error": detail.get("error"),
        "retry": detail.get("retry"),
        "duration_ms": detail.get("duration_ms"),
        "curl": as_curl(services.settings.server_url, operation, message),
    }


#: of the vendor's own, not of the request: they differ each time
_NOT_REPEATED = frozenset({"host", "content-length", "user-agent", "accept-encoding", "connection"})


def as_curl(server_url: str, operation: Operation, message: Message) -> str | None:
    """Return a command that sends a request to the vendor again; None if there was none.

    It goes through the proxy, so that no credential is in it but the caller's own key.
    """
    request = message.detail.get("request")
    if not request or message.context == "webhook" or not operation.connection_id:
        return None
    url = str(request.get("url", ""))
    address = f"{server_url}/proxy/{url.removeprefix('/')}"
    words = ["curl", "-X", str(request.get("method", "GET")), shlex.quote(address)]
    headers = {
        "Connection-Id": operation.connection_id,
        "Provider-Config-Key": operation.integration or "",
    }
    for name, value in (request.get("headers") or {}).items():
        if name.lower() not in _NOT_REPEATED and "[redacted]" not in value:
            headers[f"Nango-Proxy-{name}"] = value
    words += ["-H", '"Authorization: Bearer $FAIRLEAD_SECRET_KEY"']
    for name, value in headers.items():
        words += ["-H", shlex.quote(f"{name}: {value}")]
    body = request.get("body")
    if body is not None:
        words += ["--data-raw", shlex.quote(_body_text(body))]
    return " ".join(words)


def _body_text(body: Any) -> str:
    return body if isinstance(body, str) else orjson.dumps(body).decode()
