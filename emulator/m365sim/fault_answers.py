"""What a scripted fault answers, in the shape of the host it strikes.

Graph: https://learn.microsoft.com/graph/errors. Sign-in: see `m365sim.entra.errors`. Challenges:
https://learn.microsoft.com/entra/identity-platform/claims-challenge
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import datetime
from typing import Any

from m365sim.entra.errors import OAUTH_ERROR
from m365sim.fault import Fault

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

_CODES = {
    401: ("InvalidAuthenticationToken", "Access token has expired or is not yet valid."),
    403: ("accessDenied", "Access denied"),
    404: ("itemNotFound", "The resource could not be found."),
    410: ("resyncRequired", "Resync required. Replace any local items with the server's version."),
    423: ("resourceLocked", "The site is locked."),
    429: ("activityLimitReached", "The app or user has been throttled."),
    500: ("generalException", "General exception while processing"),
    503: ("serviceNotAvailable", "The service is not available. Try again later."),
    504: ("UnknownError", "The gateway timed out."),
}
#: AADSTS number → what is said with it.
_REFUSALS = {
    50057: "The user account is disabled.",
    50076: "Due to a configuration change made by your administrator, or because you moved to a "
    "new location, you must use multi-factor authentication to access the resource.",
    50173: "The provided grant has expired due to it being revoked, a fresh auth token is needed. "
    "The user might have changed or reset their password.",
    53003: "Access has been blocked by Conditional Access policies. The access policy does not "
    "allow token issuance.",
    65001: "The user or administrator has not consented to use the application. Send an "
    "interactive authorization request for this user and resource.",
    70008: "The provided authorization code or refresh token has expired due to inactivity.",
    90033: "A transient error has occurred. Please try again.",
    700024: "Client assertion is not within its valid time range.",
    700082: "The refresh token has expired due to inactivity.",
    7000215: "Invalid client secret provided.",
    7000222: "The provided client secret keys are expired.",
}
_SLICES = 20  # of a second's bytes, sent one after the other


class CutConnection(Exception):
    """A fault tore the answer in two; the server drops the connection."""


async def answer(fault: Fault, host: str, scope: Message, send: Send, now: datetime) -> None:
    """Send what a fault answers instead of the surface."""
    path: str = scope["path"].lower()
    request_id = f"00000000-0000-4000-8000-{fault.hits:012x}"
    status = fault.answer or 500
    if host == "login":
        status, shape = _sign_in_error(fault, status, now, request_id)
    elif host == "sharepoint" and "/_api/" in path and "/_api/v2." not in path:
        shape = _rest_error(fault, status, header(scope, b"accept"))
    else:
        shape = _graph_error(fault, status, now, request_id)
    body = fault.body if fault.body is not None else json.dumps(shape)
    headers = {"content-type": "application/json", "request-id": request_id}
    headers |= _headers(fault, status, now)
    headers |= {name.lower(): value for name, value in fault.headers.items()}
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body.encode()})


def header(scope: Message, wanted: bytes) -> str:
    """Return a header of a request in lower case; "" when it is not there."""
    found: bytes = next((value for name, value in scope.get("headers", ()) if name == wanted), b"")
    return found.decode("latin-1").lower()


def _headers(fault: Fault, status: int, now: datetime) -> dict[str, str]:
    headers: dict[str, str] = {}
    if fault.challenge is not None:
        moment = str(int(now.timestamp()))
        claims = {"access_token": {"nbf": {"essential": True, "value": moment}}}
        encoded = base64.b64encode(json.dumps(claims).encode()).decode()
        headers["www-authenticate"] = (
            'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/'
            f'authorize", error="insufficient_claims", claims="{encoded}"'
        )
    elif status == 401:
        headers["www-authenticate"] = 'Bearer realm=""'
    if fault.retry_after is not None:
        headers["retry-after"] = str(fault.retry_after)
    if fault.rate_limit is not None:
        headers["ratelimit-limit"] = str(fault.rate_limit)
        headers["ratelimit-remaining"] = "0"
        headers["ratelimit-reset"] = str(fault.retry_after or 0)
    return headers


def _graph_error(fault: Fault, status: int, now: datetime, request_id: str) -> dict[str, object]:
    code, message = _CODES.get(status, ("generalException", "General exception"))
    inner: dict[str, object] = {"code": fault.inner_code} if fault.inner_code else {}
    inner |= {
        "date": now.strftime("%Y-%m-%dT%H:%M:%S"),
        "request-id": request_id,
        "client-request-id": request_id,
    }
    return {"error": {"code": fault.code or code, "message": message, "innerError": inner}}


def _rest_error(fault: Fault, status: int, accept: str) -> dict[str, object]:
    message = _CODES.get(status, ("", "General exception"))[1]
    code = fault.code or "-1, Microsoft.SharePoint.Client.ClientServiceException"
    name = "error" if "verbose" in accept else "odata.error"
    return {name: {"code": code, "message": {"lang": "en-US", "value": message}}}


def _sign_in_error(
    fault: Fault, status: int, now: datetime, request_id: str
) -> tuple[int, dict[str, object]]:
    timestamp = now.strftime("%Y-%m-%d %H:%M:%SZ")
    if fault.aadsts is not None:
        number = fault.aadsts
        error = OAUTH_ERROR.get(number, "invalid_grant")
        status = fault.status or (401 if error == "invalid_client" else 400)
    else:
        number = int(fault.inner_code) if fault.inner_code else 90033
        error = "temporarily_unavailable" if status < 500 else "server_error"
    message = _REFUSALS.get(number, "The request was refused.")
    if fault.aadsts is None:
        message = _REFUSALS[90033]
    said = number if fault.aadsts is not None else 90033
    return status, {
        "error": fault.code or error,
        "error_description": f"AADSTS{said}: {message}\r\n"
        f"Trace ID: {request_id}\r\nCorrelation ID: {request_id}\r\nTimestamp: {timestamp}",
        "error_codes": [number],
        "timestamp": timestamp,
        "trace_id": request_id,
        "correlation_id": request_id,
    }


def cutting(send: Send, limit: int) -> Send:
    """Let an answer break off after so many bytes of its body; without a body, before its head."""
    left = limit
    head: Message | None = None

    async def cut(message: Message) -> None:
        nonlocal left, head
        if message["type"] == "http.response.start":
            head = message
            return
        if message["type"] != "http.response.body":
            await send(message)
            return
        body: bytes = message.get("body", b"")
        if head is not None:
            if not (body or left or message.get("more_body")):
                # its head alone would be the whole answer
                raise CutConnection("cut before the answer")
            await send(head)
            head = None
        if len(body) >= left:
            # The promised length is never reached, so the client sees a broken body, as it would
            # when a gateway dies; raising makes the server close the connection.
            await send({"type": "http.response.body", "body": body[:left], "more_body": True})
            raise CutConnection(f"cut after {limit} bytes")
        left -= len(body)
        await send(message)

    return cut


def slowed(send: Send, bandwidth: int) -> Send:
    """Send the body of an answer at so many bytes a second."""
    size = max(1, bandwidth // _SLICES)

    async def slow(message: Message) -> None:
        if message["type"] != "http.response.body":
            await send(message)
            return
        body: bytes = message.get("body", b"")
        for start in range(0, len(body), size):
            piece = body[start : start + size]
            await asyncio.sleep(len(piece) / bandwidth)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        if not message.get("more_body"):
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    return slow
