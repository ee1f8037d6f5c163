"""Checking files out and in: while somebody has a file, nobody else changes it.

https://learn.microsoft.com/graph/api/driveitem-checkout, .../driveitem-checkin,
.../driveitem-discardcheckout
"""

from __future__ import annotations

from typing import Any

from m365sim.files import Drive, Item
from m365sim.graph.call import Call
from m365sim.graph.reply import Reply, invalid
from m365sim.graph.shapes import actor_shape


async def check_out(call: Call) -> Reply:
    """Keep a file from being changed by others; that it is one's already does no harm."""
    drive, item = _file(call)
    drive.check_out(item, call.actor())
    return Reply(204)


async def check_in(call: Call) -> Reply:
    """Let others see and change a file again."""
    drive, item = _file(call)
    body = await call.json()
    if body.get("checkInAs") not in (None, "", "unspecified", "published"):
        raise invalid("checkInAs is published, or left out.")
    if item.uid not in drive.checked_out:
        raise invalid("The file is not checked out.")
    drive.check_in(item, str(body.get("comment") or ""))
    return Reply(204)


async def discard(call: Call) -> Reply:
    """Let a file be again what it was when it was checked out; an app may do so for anybody."""
    drive = call.drive(write=True)
    item = call.item(drive, locks=call.principal.user is not None)
    if item.uid not in drive.checked_out:
        raise invalid("The file is not checked out.")
    drive.discard_checkout(item, call.actor())
    return Reply(204)


def publication(drive: Drive, item: Item) -> dict[str, Any]:
    """Show whether a file is checked out, and by whom."""
    held = drive.checked_out.get(item.uid)
    number = f"{item.content_version}.0"
    if held is None:
        return {"level": "published", "versionId": number}
    by = {"user": actor_shape(held.by)["user"]}
    return {"level": "checkout", "versionId": number, "checkedOutBy": by}


def _file(call: Call) -> tuple[Drive, Item]:
    drive = call.drive(write=True)
    item = call.item(drive)
    if item.is_folder:
        raise invalid("Only files can be checked out.")
    return drive, item
