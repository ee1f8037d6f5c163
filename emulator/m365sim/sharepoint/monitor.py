"""How a copy goes, told to whoever has the address.

https://learn.microsoft.com/graph/long-running-actions-overview
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m365sim.graph.reply import Reply, json_reply, not_found, worded
from m365sim.graph.shapes import iso
from m365sim.transfer.copies import CopyJob, find_copy

if TYPE_CHECKING:
    from m365sim.world import World

_UNDER_WAY = 27.8  # percent


def answer_monitor(world: World, number: str) -> Reply:
    """Tell how a copy goes: 202 while it is under way, 200 once it has ended, well or not."""
    job = find_copy(world, number.lower())
    if job is None:
        raise not_found("The operation was not found.")
    if not job.is_done(world.clock.now()):
        state = {"operation": "ItemCopy", "status": "inProgress"}
        return json_reply({**state, "percentageComplete": _UNDER_WAY}, 202)
    return json_reply(_ended(world, job))


def _ended(world: World, job: CopyJob) -> dict[str, Any]:
    state: dict[str, Any] = {
        "id": job.id,
        "createdDateTime": iso(job.begun_at),
        "lastActionDateTime": iso(world.clock.now()),
        "operation": "ItemCopy",
        "percentageComplete": 100.0,
    }
    if job.refused is None:
        return {**state, "resourceId": job.resource_id, "status": "completed"}
    error = worded(job.refused)
    return {**state, "error": {"code": error.code, "message": error.message}, "status": "failed"}
