"""What the client raises: every failed call is a `FairleadApiError`, classed by what to do next.

FairleadApiError
├─ BadRequest            400 405 413 415 422  change the request; `errors` names each field
├─ Unauthenticated       401  the key (or session token) is wrong or over
├─ PermissionDenied      403  the key's scopes do not reach so far
├─ NotFound              404, and `unknown_...`  there is no such thing
├─ Conflict              409  read it again
├─ ReconnectRequired     the end user must connect again: open a reconnect session
├─ OperatorMustAct       whoever runs fairlead must change a setting or give consent
├─ VendorRefused         the vendor said no, or is down; `upstream` is its answer
├─ FunctionFailed        an action raised; `payload` is what it says
├─ RateLimited           429  `retry_after_seconds` says when
├─ ServerFailed          5xx  fairlead's own trouble
├─ ProxiedError          the vendor's own answer to a proxied request, status >= 400
└─ Unreachable           no answer came
└─ TimedOut           ... in time
WebhookRefused           a webhook that is not genuine, or too old
ExtraMissing             an optional library is not installed
"""

import json
from collections.abc import Mapping
from typing import Any

_UNKNOWN = frozenset({"not_found", "unknown_connection", "unknown_sync", "unknown_model"})


class FairleadApiError(Exception):
    """A call did not succeed; the message says who must do what."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str = "",
        request_id: str | None = None,
        error: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> None:
        given = error or {}
        #: for people
        self.message = message
        #: of the answer; None = there was none
        self.status = status
        #: for programs; stable
        self.code = code
        #: finds the request in the server's log
        self.request_id = request_id
        #: who must act: caller, operator, end user, vendor, author or us
        self.who: str | None = given.get("who")
        #: a page about this kind of error
        self.docs: str | None = given.get("docs")
        #: fairlead's own code, where `code` is broader
        self.cause: str | None = given.get("cause")
        #: one entry a problem of the request: `{"code", "message", "path"}`
        self.errors: list[dict[str, Any]] = list(given.get("errors") or ())
        #: whatever more is known
        self.payload: Any = given.get("payload")
        #: the vendor's answer, where it was the vendor's: `{"status", "headers", "body"}`
        self.upstream: dict[str, Any] | None = given.get("upstream")
        #: names in lower case
        self.headers = dict(headers or {})
        #: the answer as it came
        self.body = body
        where = ", ".join(
            part
            for part in (
                str(status) if status else "",
                code,
                f"request {request_id}" if request_id else "",
            )
            if part
        )
        super().__init__(f"{message} ({where})" if where else message)

    @property
    def retry_after_seconds(self) -> float | None:
        """How long the server asks to wait; None = it does not say."""
        return retry_after_seconds(self.headers)


class BadRequest(FairleadApiError):
    """The request cannot be served as it stands."""


class Unauthenticated(FairleadApiError):
    """The key is missing or wrong, or the connect session is over."""


class PermissionDenied(FairleadApiError):
    """The key may not do that."""


class NotFound(FairleadApiError):
    """There is no such thing."""


class Conflict(FairleadApiError):
    """It exists already, or changed meanwhile."""


class ReconnectRequired(FairleadApiError):
    """The end user must authorise again."""


class OperatorMustAct(FairleadApiError):
    """Whoever runs fairlead must change a setting or give consent."""


class VendorRefused(FairleadApiError):
    """The vendor said no, or could not be reached."""


class FunctionFailed(FairleadApiError):
    """An action raised an error."""


class RateLimited(FairleadApiError):
    """Too many calls."""


class ServerFailed(FairleadApiError):
    """fairlead itself failed."""


class ProxiedError(FairleadApiError):
    """The vendor answered a proxied request with a status of 400 or more; `body` is its answer."""


class Unreachable(FairleadApiError):
    """No whole answer came; the request may or may not have been carried out."""


class TimedOut(Unreachable):
    """No answer came in time; the request may or may not have been carried out."""


class WebhookRefused(ValueError):
    """The webhook is not genuine, or too old; answer 401 and do nothing."""


class ExtraMissing(ImportError):
    """An optional library is not installed."""


_BY_WHO: dict[str, type[FairleadApiError]] = {
    "end user": ReconnectRequired,
    "operator": OperatorMustAct,
    "vendor": VendorRefused,
    "author": FunctionFailed,
}
_BY_STATUS: dict[int, type[FairleadApiError]] = {
    401: Unauthenticated,
    403: PermissionDenied,
    404: NotFound,
    409: Conflict,
    # also where the caller must act: that the vendor has no such item, say
    424: VendorRefused,
    429: RateLimited,
}


def error_of(status: int, headers: Mapping[str, str], body: bytes) -> FairleadApiError:
    """Return the error that an answer stands for; one of something in between has no code."""
    error = envelope_of(body) or {}
    code = str(error.get("code", ""))
    request_id = headers.get("x-request-id")
    if code == "generic_error_support" and isinstance(error.get("payload"), str):
        request_id = error["payload"]
    message = error.get("message") or f"The server answered {status} and did not say why."
    return _class_of(status, code, error.get("who"))(
        str(message),
        status=status,
        code=code,
        request_id=request_id,
        error=error,
        headers=headers,
        body=body,
    )


def proxied_error(status: int, headers: Mapping[str, str], body: bytes) -> FairleadApiError:
    """Return the error for an answer of the proxy: fairlead's own, or the vendor's as it is."""
    error = envelope_of(body)
    if error is not None and {"who", "docs"} <= error.keys():
        return error_of(status, headers, body)
    return ProxiedError(
        f"The vendor answered {status}; `body` is what it said.",
        status=status,
        code="proxied_error",
        request_id=headers.get("x-request-id") or headers.get("request-id"),
        headers=headers,
        body=body,
    )


def envelope_of(body: bytes) -> dict[str, Any] | None:
    """Return the error in a body of fairlead's; None if it is no such body."""
    try:
        error = json.loads(body).get("error")
    except (ValueError, AttributeError):
        return None
    return error if isinstance(error, dict) else None


def _class_of(status: int, code: str, who: object) -> type[FairleadApiError]:
    if who in _BY_WHO and status not in {401, 403, 404, 429}:
        return _BY_WHO[str(who)]
    if code in _UNKNOWN:
        return NotFound
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return ServerFailed if status >= 500 else BadRequest


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Read `Retry-After` in seconds; a date is counted from the answer's own `Date`.

    https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
    """
    value = headers.get("retry-after", "").strip()
    if value.isdigit():
        return float(value)
    if not value or "date" not in headers:
        return None
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - slow to import, seldom used

    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(headers["date"])
    except (ValueError, TypeError):
        return None
    return max(0.0, wait.total_seconds())
