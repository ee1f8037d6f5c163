"""What a request costs in resource units, and what becomes of one that costs too much.

https://learn.microsoft.com/sharepoint/dev/general-development/how-to-avoid-getting-throttled-or-blocked-in-sharepoint-online
"""

from __future__ import annotations

from m365sim.faults import Scope
from m365sim.graph.address import Address
from m365sim.graph.call import Call
from m365sim.graph.dispatch import dispatch
from m365sim.graph.reply import GraphError, Reply
from m365sim.throttle import Verdict

_SINGLE, _SEVERAL, _PERMISSIONS = 1, 2, 5

#: Answered by the directory or by search: their own limits are not modelled.
_ELSEWHERE = frozenset(
    {"user", "users", "me", "group", "groups", "subscription", "subscriptions", "search"}
)
_COLLECTIONS = frozenset({"sites", "pages"})
_ONE = frozenset({"content", "fields", "listItem", "driveItem"})
_ABOUT_PERMISSIONS = frozenset({"permissions", "permission", "invite", "createLink"})


async def metered(call: Call, scope: Scope) -> Reply:
    """Answer a request if the caller's limits allow it; raises GraphError."""
    meter = call.world.throttle
    if not meter.is_on:
        return await dispatch(call, scope)
    principal = call.principal
    verdict = meter.charge(
        principal.app_id,
        principal.tenant_id,
        principal.user.id if principal.user is not None else None,
        cost(call.method, call.address, call.query),
        call.world.clock.now(),
    )
    if not verdict.is_allowed:
        raise _refusal(verdict)
    try:
        reply = await dispatch(call, scope)
    except GraphError as error:
        error.headers.extend(verdict.headers)
        raise
    reply.headers.extend(verdict.headers)
    return reply


def cost(method: str, address: Address, query: dict[str, str]) -> int:
    """Return the units of a request; of a batch only the requests in it count."""
    first, last = address.op.partition("/")[0], address.op.rpartition("/")[2]
    expanded = query.get("$expand", query.get("expand", ""))
    if first in _ABOUT_PERMISSIONS or "permissions" in expanded:
        return _PERMISSIONS
    if address.kind == "$batch" or (
        address.kind in _ELSEWHERE and first not in ("drives", "sites")
    ):
        return 0
    if method != "GET":
        return _SEVERAL
    if last == "delta":
        has_token = "token" in query or "token" in address.arguments
        return _SINGLE if has_token else _SEVERAL
    if not address.op:
        return _SEVERAL if address.kind in _COLLECTIONS else _SINGLE
    return _SINGLE if last in _ONE or last.endswith("}") else _SEVERAL


def _refusal(verdict: Verdict) -> GraphError:
    if verdict.status == 503:
        return GraphError(
            503,
            "serviceNotAvailable",
            "The app is blocked, because it did not respect Retry-After.",
            headers=verdict.headers,
        )
    return GraphError(
        429,
        "activityLimitReached",
        "The app or user has been throttled.",
        inner_code="throttledRequest",
        headers=verdict.headers,
    )
