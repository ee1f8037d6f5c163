"""Requests about calls that agents want to make, and that a person has to approve."""

# named as in the API

from typing import Literal

from fairlead.client.approval_shapes import Approval
from fairlead.client.call import Call, Reply, body, path, query, whole

State = Literal["waiting", "approved", "denied", "expired"]


def list_all(*, state: State | None = None, limit: int | None = None) -> Call[list[Approval]]:
    """List calls of agents that need approval, newest first."""

    def read(reply: Reply) -> list[Approval]:
        found: list[Approval] = reply.json()["approvals"]
        return found

    asked = query(state=state, limit=limit)
    return Call(method="GET", path="/approvals", query=asked, read=read)


def get(id: str) -> Call[Approval]:
    """Return one call that needs approval, with its input and how it stands."""
    return Call(method="GET", path=path("approvals", id), read=whole)


def approve(id: str) -> Call[Approval]:
    """Let the call be made, once; `client.actions.result(id)` is what it returned.

    Conflict: it was decided before, it is too late, or this key asked for it.
    """
    return Call(method="POST", path=path("approvals", id, "approve"), read=whole)


def deny(id: str, *, reason: str | None = None) -> Call[Approval]:
    """Let the call never be made; the agent is told the reason. Errors as in `approve`."""
    return Call(
        method="POST", path=path("approvals", id, "deny"), body=body(reason=reason), read=whole
    )
