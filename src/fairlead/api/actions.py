"""`/action`: call an action and wait for what it returns, or ask for that later (contract 2.7)."""

from collections.abc import Mapping
from typing import Annotated, Any

import orjson
import structlog
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from fairlead.api.auth import Caller, needs
from fairlead.api.errors import envelope, error_response, json_response, translated
from fairlead.api.identifiers import FunctionName
from fairlead.api.named_connection import named_connection
from fairlead.api.openapi import header_parameters
from fairlead.api.routing import NoQuery, Strict, headers_of, query_of, required_headers
from fairlead.api.services import Given, Services
from fairlead.engine import MOST_RETRIES, Delivery, revived
from fairlead.errors import (
    ActionFailed,
    AuthorError,
    CallerError,
    FairleadError,
    InvalidInput,
    NotFound,
    ProviderError,
    Throttled,
)
from fairlead.model.connection import Connection
from fairlead.model.run import RunState

log = structlog.get_logger(__name__)
router = APIRouter(tags=["actions"])
#: kind of a body that is a file as it is
BYTES = "application/octet-stream"


class ActionTrigger(Strict):
    """Which action, with what."""

    action_name: FunctionName
    input: Any = None
    """As the action's input schema says; see /integrations/{key}/functions/{name}."""


class ActionStarted(BaseModel):
    """An action that is queued."""

    id: str
    statusUrl: str  # noqa: N815 - the contract's spelling
    """A path: its result is there once it is over."""


_WRONG_RETRIES = f"X-Max-Retries must be a whole number from 0 to {MOST_RETRIES}."


@router.post(
    "/action/trigger",
    response_class=Response,
    responses={
        200: {
            "description": "What it returned.",
            "content": {
                "application/json": {"schema": {}},
                BYTES: {"schema": {"type": "string", "format": "binary"}},
            },
        },
        202: {"description": "With `X-Async: true`: it is queued.", "model": ActionStarted},
    },
    openapi_extra={
        "parameters": [
            *header_parameters("Connection-Id", "Provider-Config-Key"),
            *header_parameters(
                "X-Async", "X-Max-Retries", "Action-Name", "Action-Input", required=False
            ),
        ],
        "requestBody": {"content": {BYTES: {"schema": {"type": "string", "format": "binary"}}}},
    },
    dependencies=[Depends(query_of(NoQuery))],
)
async def trigger(
    request: Request,
    services: Given,
    body: ActionTrigger,
    caller: Annotated[Caller, needs("environment:actions:execute")],
) -> Response:
    """Call an action and answer what it returns.

    With `Accept: application/octet-stream` an action that returns content (a file) answers with its
    bytes as they are, streamed, of any size; without, as base64 in JSON.

    With `Content-Type: application/octet-stream` the body is the file that the action takes,
    streamed, of any size: its name and the rest of its input come as `Action-Name` and
    `Action-Input` (JSON).

    With `X-Async: true` it is queued and answered at once: 202, with where its result will be. A
    webhook of type `async_action` says when. `X-Max-Retries` (0 to 5): how often it is tried again
    should it fail.
    """
    headers = headers_of(request.scope["headers"])
    connection_id, key = required_headers(headers, "connection-id", "provider-config-key")
    connection = await found_connection(services, caller, key, connection_id)
    if is_queued(headers):
        return await _start(services, connection, body, _retries(headers))
    return await call(services, connection, body, headers)


def is_queued(headers: Mapping[str, str]) -> bool:
    """Say whether the caller does not wait for the result."""
    return headers.get("x-async", "").lower() == "true"


async def call(
    services: Services, connection: Connection, body: ActionTrigger, headers: Mapping[str, str]
) -> Response:
    """Run an action for a caller who waits, and answer what it returns or why it failed."""
    takes_bytes = BYTES in headers.get("accept", "").lower()
    engine = services.engine
    try:
        if takes_bytes:
            output = await engine.deliver_action(connection, body.action_name, body.input)
        else:
            output = await engine.run_action(connection, body.action_name, body.input)
    except FairleadError as error:
        return failure(error)
    return Delivered(output) if isinstance(output, Delivery) else json_response(output)


async def found_connection(
    services: Services, caller: Caller, key: str, connection_id: str
) -> Connection:
    """Return the connection that an action is called on; CallerError (`unknown_connection`)."""
    async with services.db.read() as tx:
        return await named_connection(tx, caller, key, connection_id)


def _retries(headers: Mapping[str, str]) -> int:
    given = headers.get("x-max-retries", "0").strip()
    if not given.isdecimal() or int(given) > MOST_RETRIES:
        issue = {"code": "custom", "message": _WRONG_RETRIES, "path": ["x-max-retries"]}
        raise InvalidInput(_WRONG_RETRIES, code="invalid_headers", issues=[issue])
    return int(given)


async def _start(
    services: Services, connection: Connection, body: ActionTrigger, retries: int
) -> Response:
    try:
        run = await services.engine.start_action(
            connection, body.action_name, body.input, retries=retries
        )
    except FairleadError as error:
        return failure(error)
    where = f"/action/{run.id}"
    answer = json_response({"id": run.id, "statusUrl": where}, 202)
    answer.headers["Location"] = where
    return answer


@router.get(
    "/action/{action_id}",
    response_class=Response,
    responses={200: {"description": "What it returned.", "content": {"application/json": {}}}},
    dependencies=[Depends(query_of(NoQuery))],
)
async def result(
    action_id: str, services: Given, caller: Annotated[Caller, needs("environment:actions:execute")]
) -> Response:
    """Answer what an action returned that was called with `X-Async: true`, or how it failed.

    404 until it is over: then `cause` is `action_pending`, and `Retry-After` says when to ask.
    """
    run = await services.engine.action_run(caller.environment, action_id)
    if run is None:
        return error_response(NotFound(f"No action '{action_id}' found."))
    if not run.state.is_over:
        pending = NotFound(
            f"The action '{action_id}' is {run.state.value}; ask again later.",
            code="action_pending",
        )
        answer = _renamed(pending, 404, "not_found")
        answer.headers["Retry-After"] = "1"
        return answer
    if run.state is RunState.CANCELLED:
        aborted = CallerError("The action was cancelled.", code="cancelled")
        return _renamed(aborted, 410, "script_aborted")
    if run.failure is not None:
        return failure(revived(run.failure))
    return json_response(run.output)


class Delivered(StreamingResponse):
    """Bytes as they come from the vendor; closed however it ends."""

    def __init__(self, delivery: Delivery) -> None:
        # a page or a picture from elsewhere must not be shown as one of ours
        headers = {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"}
        if delivery.size is not None:
            headers["Content-Length"] = str(delivery.size)
        kind = delivery.mime_type or BYTES
        super().__init__(delivery.stream(), headers=headers | {"Content-Type": kind})
        self._delivery = delivery

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the bytes; the caller may go away meanwhile."""
        try:
            await super().__call__(scope, receive, send)
        except FairleadError as error:
            # left unfinished, so that the server cuts it and nobody takes it for whole
            log.warning("answer broke off", code=error.code, reason=error.message)
        finally:
            await self._delivery.close()


#: what an action may raise -> status and code of the contract; the first that fits
_RENAMED: tuple[tuple[type[FairleadError], int, str], ...] = (
    (NotFound, 404, "not_found"),
    (ActionFailed, 500, "action_script_runtime_error"),
    (AuthorError, 500, "script_internal_error"),
    (Throttled, 424, "script_api_rate_limit_error"),
    (ProviderError, 424, "script_http_error"),
)


def failure(error: FairleadError) -> Response:
    """Answer why an action failed, under the contract's code; `cause` is our own."""
    if isinstance(error, InvalidInput):
        issues = [translated(each) | {"path": ["input", *each["path"]]} for each in error.issues]
        return error_response(InvalidInput(error.message, code=error.code, issues=issues))
    if isinstance(error, ProviderError) and error.provider_status is None:
        return _renamed(error, 500, "script_network_error")
    if error.code == "output_too_large":
        return _renamed(error, 400, "script_output_too_large")
    for kind, status, code in _RENAMED:
        if isinstance(error, kind):
            return _renamed(error, status, code)
    return error_response(error)


def _renamed(error: FairleadError, status: int, code: str) -> Response:
    body = envelope(error)
    inner = body["error"]
    inner |= {"code": code, "cause": error.code}
    if isinstance(error, ProviderError) and error.provider_status is not None:
        upstream_body = _parsed(error.body)
        inner["upstream"] = {"status": error.provider_status, "headers": {}, "body": upstream_body}
        inner.setdefault("payload", upstream_body)
        if error.request_id:
            inner["upstream"]["headers"]["request-id"] = error.request_id
    return json_response(body, status)


def _parsed(body: str | None) -> Any:
    try:
        return orjson.loads(body or "null")
    except orjson.JSONDecodeError:
        return body
