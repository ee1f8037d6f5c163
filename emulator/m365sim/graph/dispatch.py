"""Finds the handler of a request, and words what it refuses.

Shared by Graph itself and by `/_api/v2.0` of the tenant host, which offers the same resources.
"""

from __future__ import annotations

from m365sim.faults import Scope
from m365sim.files import problems
from m365sim.graph.address import Address
from m365sim.graph.call import Call
from m365sim.graph.permission_table import FILES_READ, check_permissions, needed
from m365sim.graph.reply import GraphError, Reply, worded
from m365sim.graph.routes import HANDLERS, METHODS
from m365sim.traffic import UNMODELLED


async def dispatch(call: Call, scope: Scope) -> Reply:
    """Answer a request; raises GraphError."""
    address = call.address
    handler = HANDLERS.get((address.kind, address.op, call.method))
    if handler is None:
        raise _not_modelled(scope, address)
    _check(call)
    try:
        return await handler(call)
    except problems.Refused as refused:
        raise worded(refused) from refused


def _check(call: Call) -> None:
    """Refuse a token without the permissions that Microsoft's reference lists for the call."""
    address = call.address
    if address.user == "me" and call.principal.user is None:
        call.user()  # says first that an app is nobody
    wanted = needed(address.kind, address.op, call.method)
    if address.kind == "share" and not call.world.quirks.shares_need_write:
        wanted = FILES_READ
    check_permissions(call.principal, wanted, address.kind, address.op)


def _not_modelled(scope: Scope, address: Address) -> GraphError:
    scope[UNMODELLED] = True
    allowed = METHODS.get((address.kind, address.op))
    if allowed:
        header = (b"allow", ", ".join(allowed).encode())
        message = "Specified HTTP method is not allowed for the request target."
        return GraphError(405, "BadRequest", message, headers=[header])
    segment = address.op.rpartition("/")[2] or scope["path"].rpartition("/")[2]
    # 400, not 404: https://github.com/microsoftgraph/microsoft-graph-docs/issues/4052
    return GraphError(400, "BadRequest", f"Resource not found for the segment '{segment}'.")
