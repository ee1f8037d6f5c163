"""Turn Microsoft's answers into our errors: Entra's token endpoint, Graph, and throttling.

Graph: https://learn.microsoft.com/graph/errors (the innermost code is the most telling, see
https://learn.microsoft.com/onedrive/developer/rest-api/concepts/errors). Throttling:
https://learn.microsoft.com/sharepoint/dev/general-development/how-to-avoid-getting-throttled-or-blocked-in-sharepoint-online
"""

import json
import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from fairlead.errors import (
    FairleadError,
    Gone,
    MissingScope,
    OperatorError,
    ProviderError,
    ReconnectRequired,
    Rejected,
    Throttled,
    Unavailable,
)
from fairlead.model.provider import Reply
from fairlead_microsoft.aadsts import by_number, by_oauth_error
from fairlead_microsoft.error_facts import facts_of
from fairlead_microsoft.rest_errors import is_rest, rest_error

#: seconds to wait after a 429 that does not say how long
UNSTATED_WAIT = 5.0
_HEALTH = "x-sharepointhealthscore"
_STRAINED = 8
_RESYNC = {"resyncrequired", "resyncchangesapplydifferences", "resyncchangesuploaddifferences"}
_PASSES_BY_ITSELF = {"cannotsnapshottree", "servicenotavailable"}
#: code of Graph, lower case -> (our code, who must do what)
_SENTENCES = {
    "pathistoolong": (
        "path_too_long",
        "The path is longer than SharePoint allows; the caller must shorten it.",
    ),
    "malwaredetected": (
        "malware_detected",
        (
            "Microsoft found malware in the file and will not give it out; the file's owner must "
            "remove it."
        ),
    ),
    "quotalimitreached": (
        "quota_exceeded",
        "The site's storage is full; its administrator must make room.",
    ),
    "namealreadyexists": (
        "name_taken",
        "There is an item of that name already; the caller must choose another.",
    ),
}
#: codes of ours whose sentence asks the caller, not the vendor, to act
_CALLERS = {
    "path_too_long",
    "name_taken",
    "invalid_request",
    "item_not_found",
    "conflict",
    "resource_modified",
}
_BY_STATUS = {
    400: (
        "invalid_request",
        "Microsoft Graph does not understand the request; the caller must correct it.",
    ),
    403: (
        "access_denied",
        (
            "Microsoft Graph refuses access; the item's owner must give the connected user "
            "access, or the operator must grant the app the permission."
        ),
    ),
    404: (
        "item_not_found",
        (
            "Microsoft Graph has no such item, or the connected user may not see it; the caller "
            "must check the ids."
        ),
    ),
    409: ("conflict", "The change conflicts with another one; the caller must read again."),
    412: ("resource_modified", "The item has changed meanwhile; the caller must read it again."),
    423: (
        "resource_locked",
        (
            "The site or item is locked; whoever locked it (checkout, retention or an "
            "administrator) must release it."
        ),
    ),
    507: _SENTENCES["quotalimitreached"],
}


def classify(reply: Reply) -> FairleadError:
    """Return the error that an answer with status >= 400 means: of Graph, `_api`, the sign-in.

    The parameters of a failed sign-in's redirect may come as a JSON body, too.
    """
    body = _parsed(reply.body)
    error = body.get("error")
    if isinstance(error, str):
        return _token_error(reply, error, body)
    if error is None and isinstance(body.get("error_description"), str):
        return _host_error(reply, body["error_description"])
    if is_rest(reply):
        return rest_error(reply, throttle)
    return _graph_error(reply, error if isinstance(error, dict) else {})


def throttle(reply: Reply) -> float | None:
    """Return the seconds to wait before any further call; None = not throttled.

    Both hints may come; the larger one holds. A date is taken relative to the answer's own.
    """
    if reply.status not in (429, 503):
        return _relief(reply) if _HEALTH in reply.headers else None
    hints = [
        hint
        for hint in (_retry_after(reply), _seconds(reply.headers.get("ratelimit-reset")))
        if hint is not None
    ]
    if hints:
        return max(hints)
    return UNSTATED_WAIT if reply.status == 429 else None


def _relief(reply: Reply) -> float | None:
    """Return the seconds that a server of SharePoint would be glad of, by how strained it is.

    It says so with every answer, from 0 to 10; from 8 on, clients are to hold back.
    https://learn.microsoft.com/openspecs/sharepoint_protocols/ms-wsshp/c60ddeb6-4113-4a73-9e97-26b5c3907d33
    """
    score = _seconds(reply.headers[_HEALTH])
    return None if score is None or score < _STRAINED else (min(score, 10.0) - 7.0) ** 2


def _token_error(reply: Reply, error: str, body: dict[str, Any]) -> FairleadError:
    number = _aadsts(body)
    facts = [f"AADSTS{number}" if number else error]
    facts += [f"{key} {body[key]}" for key in ("trace_id", "correlation_id") if body.get(key)]
    detail = ", ".join(str(fact) for fact in facts)
    if reply.status == 429:
        return Throttled(
            "Microsoft's sign-in service asks for fewer calls; wait.",
            retry_after=throttle(reply),
            provider_status=429,
            detail=detail,
        )
    said = str(body.get("error_description") or "")
    meaning = by_number(number, error, said) if number else None
    if meaning is None and reply.status >= 500:
        meaning = by_oauth_error("server_error")
    meaning = meaning or by_oauth_error(error)
    keep: dict[str, Any] = {"detail": detail, "code": meaning.code}
    if issubclass(meaning.kind, ProviderError):
        keep |= {
            "provider_status": reply.status,
            "request_id": str(body.get("correlation_id") or "") or None,
        }
    return meaning.kind(meaning.sentence, **keep)


def _host_error(reply: Reply, said: str) -> FairleadError:
    """Return what a tenant host means that does not take the token, and says so in its own form.

    https://learn.microsoft.com/sharepoint/dev/solution-guidance/security-apponly-azuread
    """
    detail = f"{reply.method} {reply.url}, status {reply.status}: {said[:200]}"
    lower = said.lower()
    if "unsupported app only token" in lower:
        return OperatorError(
            "SharePoint's own API takes no app that proves itself by a secret; the operator must "
            "register a certificate with the app and connect again with it, or call Microsoft "
            "Graph instead.",
            code="certificate_required",
            detail=detail,
        )
    if "token type is not allowed" in lower:
        return OperatorError(
            "SharePoint takes no tokens of apps that were registered with it (appregnew.aspx); "
            "Microsoft retired them on 2026-04-02. The operator must register an app in Entra ID "
            "with a certificate, and connect again with it.",
            code="acs_retired",
            detail=detail,
        )
    if "issuer or signature" in lower or "audience" in lower:
        return OperatorError(
            "The token is not for SharePoint's own API at this address; the operator must let "
            "fairlead choose the token, and not send an Authorization header along.",
            code="wrong_audience",
            detail=detail,
        )
    return ReconnectRequired(
        "SharePoint does not accept the connection's token; the end user must connect again.",
        detail=detail,
    )


def _aadsts(body: dict[str, Any]) -> int | None:
    codes = body.get("error_codes")
    if isinstance(codes, list) and codes and isinstance(codes[0], int):
        return codes[0]
    found = re.search(r"AADSTS(\d+)", str(body.get("error_description") or ""))
    return int(found[1]) if found else None


def _graph_error(reply: Reply, error: dict[str, Any]) -> FairleadError:
    codes, request_id = _codes(error)
    request_id = request_id or reply.headers.get("request-id")
    innermost = codes[-1] if codes else ""
    facts = facts_of(reply, " > ".join(codes), request_id)
    detail = facts["detail"]
    known = {code.lower() for code in codes}
    if reply.status == 410 or known & _RESYNC:
        return Gone(restart_at=reply.headers.get("location"), **facts)
    if reply.status == 429:
        return Throttled(
            "Microsoft Graph asks for fewer calls; wait.", retry_after=throttle(reply), **facts
        )
    if (reply.status >= 500 and reply.status != 507) or known & _PASSES_BY_ITSELF:
        return Unavailable(
            f"Microsoft Graph does not serve the call now (status {reply.status}); try again "
            "later.",
            **facts,
        )
    if reply.status == 401:
        return ReconnectRequired(
            "Microsoft Graph does not accept the connection's token; the end user must connect "
            "again.",
            detail=detail,
        )
    if "authorization_requestdenied" in known:
        return MissingScope(
            "The app lacks a Microsoft Graph permission for this call; the operator must grant it "
            "and the end user must connect again.",
            detail=detail,
        )
    code, sentence = _SENTENCES.get(innermost.lower()) or _BY_STATUS.get(
        reply.status,
        ("provider_rejected", f"Microsoft Graph refused the call (status {reply.status})."),
    )
    who = "caller" if code in _CALLERS else "operator" if code == "access_denied" else None
    return Rejected(sentence, code=code, who=who, **facts)


def _codes(error: dict[str, Any]) -> tuple[list[str], str | None]:
    """Return the codes from the outermost to the innermost, and the request id."""
    codes: list[str] = []
    request_id: str | None = None
    inner: Any = error
    while isinstance(inner, dict):
        if isinstance(inner.get("code"), str) and inner["code"]:
            codes.append(inner["code"])
        request_id = inner.get("request-id") or request_id
        # older endpoints spell it in lower case
        inner = inner.get("innerError", inner.get("innererror"))
    return codes, request_id


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        values = json.loads(body)
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}


def _retry_after(reply: Reply) -> float | None:
    value = reply.headers.get("retry-after")
    if (seconds := _seconds(value)) is not None or value is None:
        return seconds
    try:
        until = parsedate_to_datetime(value)
        now = parsedate_to_datetime(reply.headers["date"])
    except (ValueError, KeyError):
        return None
    aware = [moment if moment.tzinfo else moment.replace(tzinfo=UTC) for moment in (until, now)]
    return max(0.0, (aware[0] - aware[1]).total_seconds())


def _seconds(value: str | None) -> float | None:
    try:
        seconds = float(value or "")
    except ValueError:
        return None
    # "nan" and "inf" are floats, too
    return seconds if 0 <= seconds < float("inf") else None
