"""`POST /action/trigger`: call an action and wait for what it returns (contract 2.7)."""

from typing import Annotated, Any

import orjson
import structlog
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from fairlead.api.auth import Caller, needs
from fairlead.api.errors import envelope, error_response, json_response, translated
from fairlead.api.identifiers import FunctionName
from fairlead.api.openapi import header_parameters
from fairlead.api.routing import NoQuery, Strict, headers_of, query_of, required_headers
from fairlead.api.services import Given
from fairlead.engine import Delivery
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
from fairlead.store import connections

log = structlog.get_logger(__name__)
router = APIRouter(tags=["actions"])
_BYTES = "application/octet-stream"


class ActionTrigger(Strict):
    """Which action, with what."""

    action_name: FunctionName
    input: Any = None
    """As the action's input schema says; see /integrations/{key}/functions/{name}."""


@router.post(
    "/action/trigger",
    response_class=Response,
    responses={
        200: {
            "description": "What it returned.",
            "content": {
                "application/json": {"schema": {}},
                _BYTES: {"schema": {"type": "string", "format": "binary"}},
            },
        }
    },
    openapi_extra={"parameters": header_parameters("Connection-Id", "Provider-Config-Key")},
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
    """
    headers = headers_of(request.scope["headers"])
    connection_id, key = required_headers(headers, "connection-id", "provider-config-key")
    if headers.get("x-async", "").lower() == "true":
        raise InvalidInput(
            "Actions are answered at once here; leave X-Async out.", code="async_not_supported"
        )
    async with services.db.read() as tx:
        connection = await connections.find(tx, caller.environment.id, key, connection_id)
    if connection is None:
        raise CallerError(
            f"There is no connection '{connection_id}' of '{key}'.", code="unknown_connection"
        )
    takes_bytes = _BYTES in headers.get("accept", "").lower()
    engine = services.engine
    try:
        if takes_bytes:
            output = await engine.deliver_action(connection, body.action_name, body.input)
        else:
            output = await engine.run_action(connection, body.action_name, body.input)
    except FairleadError as error:
        return failure(error)
    return Delivered(output) if isinstance(output, Delivery) else json_response(output)


class Delivered(StreamingResponse):
    """Bytes as they come from the vendor; closed however it ends."""

    def __init__(self, delivery: Delivery) -> None:
        # a page or a picture from elsewhere must not be shown as one of ours
        headers = {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"}
        if delivery.size is not None:
            headers["Content-Length"] = str(delivery.size)
        kind = delivery.mime_type or _BYTES
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
