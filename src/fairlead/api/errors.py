"""Errors on the wire: the contract's envelope, plus who must act and where it is explained.

`{"error": {"code", "message", "errors"?, "payload"?, "who", "docs"}}`. Validation issues carry the
codes that callers of the contract know (those of the Zod library: https://zod.dev/error-customization).
"""

from collections.abc import Sequence
from typing import Any

import orjson
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from fairlead.errors import DOCS, FairleadError, InvalidInput, Throttled


class Issue(BaseModel):
    """One problem of a request."""

    code: str
    message: str
    path: list[str] = []


class ErrorBody(BaseModel):
    """What went wrong and who must act."""

    code: str
    message: str
    errors: list[Issue] | None = None
    payload: Any = None
    upstream: dict[str, Any] | None = None
    cause: str | None = Field(default=None, description="our own code, where `code` is broader")
    who: str = Field(description="caller, operator, end user, vendor, author or us")
    docs: str


class ErrorEnvelope(BaseModel):
    """Every error answer."""

    error: ErrorBody


_PLACES = {
    "body": "invalid_body",
    "query": "invalid_query_params",
    "path": "invalid_uri_params",
    "header": "invalid_headers",
}
#: where callers of the contract expect a list of issues
_SHAPES = frozenset(_PLACES.values())
#: pydantic's kinds of problems -> codes of the contract; all others are `invalid_type`
_CODES = {
    "extra_forbidden": "unrecognized_keys",
    "literal_error": "invalid_value",
    "enum": "invalid_value",
    "union_tag_invalid": "invalid_union",
    "union_tag_not_found": "invalid_union",
} | {
    kind: code
    for code, kinds in {
        "too_small": "string_too_short too_short greater_than greater_than_equal",
        "too_big": "string_too_long too_long less_than less_than_equal",
        "invalid_format": "string_pattern_mismatch url_parsing url_scheme url_syntax_violation "
        "datetime_parsing datetime_from_date_parsing timezone_aware",
        "custom": "value_error assertion_error json_invalid",
    }.items()
    for kind in kinds.split()
}
#: discriminators of unions occur in pydantic's paths, but not in the caller's JSON
_TAGS = {"OAUTH1", "OAUTH2", "OAUTH2_CC", "TBA", "API_KEY", "BASIC", "NONE"}


def _issue_code(kind: str) -> str:
    return _CODES.get(kind, "invalid_type")


def issues_of(problems: Sequence[ErrorDetails], *, skip: int = 0) -> list[dict[str, Any]]:
    """Translate pydantic's problems; the first `skip` parts of each path are ours."""
    issues: list[dict[str, Any]] = []
    for problem in problems:
        path = [str(part) for part in problem["loc"][skip:] if part not in _TAGS]
        code = _issue_code(problem["type"])
        message = problem["msg"].removeprefix("Value error, ")
        if code == "unrecognized_keys":
            message = f"Unrecognized key: {path[-1] if path else ''}"
            path = path[:-1]
        elif problem["type"] == "missing":
            message = f"Required: {path[-1] if path else 'a JSON object'}"
        issues.append({"code": code, "message": message, "path": path})
    return issues


def translated(issue: dict[str, Any]) -> dict[str, Any]:
    """Return an issue that carries pydantic's code with the contract's."""
    return issue | {"code": _issue_code(issue["code"])}


def invalid(issues: list[dict[str, Any]], code: str) -> InvalidInput:
    """Return the error whose sentence names the first issue."""
    first = issues[0]
    where = ".".join(first["path"])
    sentence = f"{first['message']} (at {where})" if where else str(first["message"])
    return InvalidInput(sentence, code=code, issues=issues)


def invalid_field(message: str, *path: str, code: str = "custom") -> InvalidInput:
    """Return the 400 `invalid_body` for one field that is well-formed but wrong."""
    return InvalidInput(
        message,
        code="invalid_body",
        issues=[{"code": code, "message": message, "path": list(path)}],
    )


def placed(error: InvalidInput, *path: str) -> InvalidInput:
    """Return the same refusal, with the field that it is about."""
    issue = {"code": "custom", "message": error.message, "path": list(path)}
    return InvalidInput(error.message, code=error.code, issues=[issue])


def envelope(error: FairleadError) -> dict[str, Any]:
    """Return the JSON body for an error; `detail` stays inside, it is for logs."""
    inner: dict[str, Any] = {"code": error.code, "message": error.message}
    if isinstance(error, InvalidInput):
        issues = error.issues or (placed(error).issues if error.code in _SHAPES else [])
        if issues:
            inner["errors"] = issues
    if error.payload:
        payload = dict(error.payload)
        upstream = payload.pop("upstream", None)
        if upstream is not None:
            inner["upstream"] = upstream
        if payload:
            inner["payload"] = payload.pop("payload") if set(payload) == {"payload"} else payload
    inner["who"] = error.who
    inner["docs"] = error.docs
    return {"error": inner}


def json_response(
    body: object, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Return a JSON response made by orjson; half a surrogate pair in it becomes `?`."""
    try:
        content = orjson.dumps(body, default=str)
    except orjson.JSONEncodeError:
        # a sentence may quote what the caller sent
        content = orjson.dumps(_encodable(body), default=str)
    return Response(content, status, headers=headers, media_type="application/json")


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_encodable(key): _encodable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_encodable(inner) for inner in value]
    return value


def error_response(error: FairleadError) -> Response:
    """Return the response for an error of ours."""
    headers = {}
    if isinstance(error, Throttled) and error.retry_after is not None:
        headers["Retry-After"] = str(max(0, round(error.retry_after)))
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return json_response(envelope(error), error.status, headers)


def crash_response(error_id: str) -> Response:
    """Return the 500 for what nobody foresaw; the id finds the trace in the log."""
    body = {
        "code": "generic_error_support",
        "message": "An error of ours. Tell whoever runs this server the id "
        f"{error_id}; its log has the cause.",
        "payload": error_id,
        "who": "us",
        "docs": f"{DOCS}#generic_error_support",
    }
    return json_response({"error": body}, 500)


async def leave_to_edge(_request: Request, error: Exception) -> Response:
    """Raise what nobody foresaw again: the edge answers it, once for all routes."""
    raise error


async def on_fairlead_error(_request: Request, error: Exception) -> Response:
    """Answer an error of ours."""
    assert isinstance(error, FairleadError)
    return error_response(error)


async def on_validation_error(_request: Request, error: Exception) -> Response:
    """Answer what FastAPI found wrong with a request."""
    assert isinstance(error, RequestValidationError)
    problems = error.errors()
    first = problems[0]
    code = _PLACES.get(str(first["loc"][0]), "invalid_body")
    if first["type"] == "json_invalid":
        sentence = f"The body is not valid JSON: {first.get('ctx', {}).get('error', first['msg'])}"
        issues = [{"code": "custom", "message": sentence, "path": []}]
        return error_response(InvalidInput(sentence, code="invalid_body", issues=issues))
    return error_response(invalid(issues_of(problems, skip=1), code))


_PLAIN = {
    404: ("not_found", "There is no such route; see /openapi.json for all there are."),
    405: ("method_not_allowed", "This route does not take that method; see /openapi.json."),
    413: ("payload_too_large", "The body is larger than 75 MB; send less."),
}


async def on_http_error(_request: Request, error: Exception) -> Response:
    """Answer what the framework itself refuses."""
    assert isinstance(error, HTTPException)
    code, message = _PLAIN.get(error.status_code, ("bad_request", str(error.detail)))
    who = "caller"
    body = {"code": code, "message": message, "who": who, "docs": f"{DOCS}#{code}"}
    return json_response({"error": body}, error.status_code, dict(error.headers or {}))
