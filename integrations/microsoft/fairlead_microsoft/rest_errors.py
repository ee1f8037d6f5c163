"""What SharePoint's own API means when it refuses: a number, an exception's name, a sentence.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/complete-basic-operations-using-sharepoint-rest-endpoints.
The envelope is `error` (verbose) or `odata.error`, its code `-2147024891, System.Unauthorized...`:
an HRESULT (https://learn.microsoft.com/openspecs/windows_protocols/ms-erref), signed. Gateways on
the way answer with plain text or a page. Statuses are less telling: a list view that is too large,
for one, comes as 500.
"""

import json
import re
from collections.abc import Callable

from fairlead.errors import (
    FairleadError,
    ReconnectRequired,
    Rejected,
    Throttled,
    Unavailable,
)
from fairlead.model.provider import Reply
from fairlead_microsoft.error_facts import facts_of

_CODE = re.compile(r"\s*(-?\d+)(?:\s*,\s*([\w.]+))?")
_IS_REST = re.compile(r"/_(?:api(?!/v2\.)|vti_bin)(?:/|$)", re.IGNORECASE)

_CALLER, _OPERATOR = "caller", "operator"
_Meaning = tuple[str, str | None, str]

_DENIED: _Meaning = (
    "access_denied",
    _OPERATOR,
    (
        "SharePoint refuses access; the site's owner must give the connected user access, or the "
        "operator must grant the app the permission, for SharePoint and not only for Graph."
    ),
)
_MISSING: _Meaning = (
    "item_not_found",
    _CALLER,
    (
        "SharePoint has no such thing, or the connection may not see it; the caller must check "
        "ids and paths."
    ),
)
_TAKEN: _Meaning = (
    "name_taken",
    _CALLER,
    "There is something of that name already; the caller must choose another.",
)
_CHANGED: _Meaning = (
    "resource_modified",
    _CALLER,
    "It has changed meanwhile; the caller must read it again.",
)
_CONFLICT: _Meaning = (
    "conflict",
    _CALLER,
    "The change conflicts with another one; the caller must read again.",
)
_LOCKED: _Meaning = (
    "resource_locked",
    None,
    (
        "The site or file is locked; whoever locked it (checkout, retention or an administrator) "
        "must release it."
    ),
)
_INVALID: _Meaning = (
    "invalid_request",
    _CALLER,
    "SharePoint does not understand the request; the caller must correct it.",
)
_TOO_MANY: _Meaning = (
    "list_view_threshold",
    _CALLER,
    (
        "The query would look at more than 5,000 rows of the list; the caller must filter and sort "
        "by indexed columns only, or the list's owner must index the column."
    ),
)
_DIGEST: _Meaning = (
    "invalid_digest",
    None,
    "SharePoint does not take the form digest; try again.",
)
_TOO_LARGE: _Meaning = (
    "too_large",
    _CALLER,
    "SharePoint takes no content of that size at this place; the caller must send less.",
)
_FULL: _Meaning = (
    "quota_exceeded",
    None,
    "The site's storage is full; its administrator must make room.",
)
_TOO_LONG: _Meaning = (
    "path_too_long",
    _CALLER,
    "The path is longer than SharePoint allows; the caller must shorten it.",
)

#: number -> what it means, whatever the status
_BY_NUMBER: dict[int, _Meaning] = {
    -2147024891: _DENIED,  # 0x80070005
    -2147024894: _MISSING,  # 0x80070002
    -2147024893: _MISSING,  # 0x80070003
    -2130575338: _MISSING,  # 0x81020016
    -2130575322: _MISSING,  # 0x81020026, of a list
    -2130575340: _MISSING,  # 0x81020014, of a field
    -2130575257: _TAKEN,  # 0x81020067, of a file
    -2130575342: _TAKEN,  # 0x81020012, of a list
    -2147024713: _TAKEN,  # 0x800700b7
    -2147024816: _TAKEN,  # 0x80070050
    -2130575245: _INVALID,  # 0x81020073, of a name
    -2130575305: _CHANGED,  # 0x81020037, "Save Conflict"
    -2130575339: _CHANGED,  # 0x81020015
    -2147018894: _LOCKED,  # 0x80071772
    -2130575306: _LOCKED,  # 0x81020036
    -2147024860: _TOO_MANY,  # 0x80070024
    -2130575251: _DIGEST,  # 0x8102006d
    -2130575252: _DIGEST,  # 0x8102006c
    -2147024784: _FULL,  # 0x80070070
    -2147024690: _TOO_LONG,  # 0x800700ce
}
_BY_STATUS: dict[int, _Meaning] = {
    400: _INVALID,
    403: _DENIED,
    404: _MISSING,
    409: _CONFLICT,
    410: _MISSING,
    412: _CHANGED,
    413: _TOO_LARGE,
    423: _LOCKED,
    507: _FULL,
}
#: an argument that is wrong, or names what is not there: the status says which
_ARGUMENT = -2147024809
_THROTTLED_NUMBERS = frozenset({-2147429894})


def is_rest(reply: Reply) -> bool:
    """Say whether an answer is one of SharePoint's own API: by its address, or by its words."""
    return bool(_IS_REST.search(reply.url)) or b'"odata.error"' in reply.body[:64]


def rest_error(reply: Reply, wait: Callable[[Reply], float | None]) -> FairleadError:
    """Return the error that an answer of `_api` means; `wait` tells how long one asks to wait."""
    number, name, said = _told(reply.body)
    request_id = reply.headers.get("sprequestguid") or reply.headers.get("request-id")
    told = f"{number} {name}".strip() if number is not None else ""
    facts = facts_of(reply, told, request_id)
    detail = facts["detail"]
    if reply.status == 429 or number in _THROTTLED_NUMBERS:
        return Throttled("SharePoint asks for fewer calls; wait.", retry_after=wait(reply), **facts)
    meaning = _meaning(reply.status, number, said)
    if meaning is None and reply.status == 401:
        return ReconnectRequired(
            "SharePoint does not accept the connection's token; the end user must connect again.",
            detail=detail,
        )
    if meaning is None and reply.status >= 500:
        return Unavailable(
            f"SharePoint does not serve the call now (status {reply.status}); try again later.",
            **facts,
        )
    code, who, sentence = meaning or (
        "provider_rejected",
        None,
        f"SharePoint refused the call (status {reply.status}).",
    )
    return Rejected(sentence, code=code, who=who, **facts)


def _meaning(status: int, number: int | None, said: str) -> _Meaning | None:
    if number == _ARGUMENT:
        return _MISSING if status == 404 or "does not exist" in said else _INVALID
    if number is not None and (known := _BY_NUMBER.get(number)) is not None:
        return known
    return _BY_STATUS.get(status)


def _told(body: bytes) -> tuple[int | None, str, str]:
    """Return number, exception's name and sentence of an answer, as far as it tells them."""
    try:
        values = json.loads(body)
    except ValueError:
        return None, "", ""
    if not isinstance(values, dict):
        return None, "", ""
    error = values.get("odata.error") or values.get("error") or values.get("@odata.error")
    if not isinstance(error, dict):
        return None, "", ""
    message = error.get("message")
    said = message.get("value") if isinstance(message, dict) else message
    found = _CODE.match(str(error.get("code") or ""))
    if found is None:
        return None, str(error.get("code") or ""), str(said or "")
    return int(found[1]), found[2] or "", str(said or "")
