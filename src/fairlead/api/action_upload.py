"""`POST /action/trigger` with bytes for a body: an action that is given a file, of any size.

What is JSON otherwise comes in headers then: `Action-Name`, and the rest of the input in
`Action-Input`. The body is passed on as it arrives; it has no limit of its own.
"""

from collections.abc import Mapping

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope

from fairlead.api.actions import BYTES, failure, found_connection
from fairlead.api.auth import Caller
from fairlead.api.errors import json_response
from fairlead.api.proxy import chunks_of
from fairlead.api.routing import headers_of, required_headers
from fairlead.api.services import Services
from fairlead.errors import CallerError, FairleadError, InvalidInput
from fairlead.sdk import Incoming


def is_upload(scope: Scope, path: str) -> bool:
    """Say whether a request calls an action with bytes for a body."""
    if path != "/action/trigger" or scope["method"] != "POST":
        return False
    kinds = [value for name, value in scope["headers"] if name == b"content-type"]
    return any(kind.strip().lower().startswith(BYTES.encode()) for kind in kinds)


async def upload_to_action(
    services: Services, caller: Caller, scope: Scope, receive: Receive
) -> Response:
    """Call an action with the body as its bytes, and answer what it returns."""
    caller.demand("environment:actions:execute")
    headers = headers_of(scope["headers"])
    connection_id, key, name = required_headers(
        headers, "connection-id", "provider-config-key", "action-name"
    )
    if headers.get("x-async", "").lower() == "true":
        raise InvalidInput(
            "An action that is given a file is waited for; leave X-Async out.",
            code="async_not_supported",
        )
    raw = _input(headers)
    incoming = Incoming(chunks_of(receive), _length(headers))
    connection = await found_connection(services, caller, key, connection_id)
    try:
        output = await services.engine.upload_action(connection, name, raw, incoming)
    except FairleadError as error:
        return failure(error)
    return json_response(output)


def _input(headers: Mapping[str, str]) -> object:
    told = headers.get("action-input")
    if told is None:
        return None
    try:
        # a header is bytes; most clients write UTF-8 into it
        return orjson.loads(told.encode("latin-1"))
    except orjson.JSONDecodeError as error:
        raise InvalidInput(
            "Action-Input is not JSON; write it in UTF-8, or with \\u escapes.",
            code="invalid_headers",
            issues=[{"code": "invalid_json", "message": "not JSON", "path": ["action-input"]}],
        ) from error


def _length(headers: Mapping[str, str]) -> int:
    told = headers.get("content-length", "")
    if not told.isdecimal():
        raise CallerError(
            "Say how long the file is: send Content-Length, not a body in chunks.",
            code="length_required",
            status=411,
        )
    return int(told)
