"""Copying items, deleting them for good, and taking them out of the recycle bin.

https://learn.microsoft.com/graph/api/driveitem-copy, .../driveitem-permanentdelete,
.../driveitem-restore
"""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import unquote

from m365sim.files import Drive, Item
from m365sim.files.drive import Conflict
from m365sim.graph.call import Call
from m365sim.graph.items import shown
from m365sim.graph.reply import Reply, invalid, not_found
from m365sim.graph.writes import CONFLICT
from m365sim.transfer.copies import CopyOrder, begin_copy


async def copy_item(call: Call) -> Reply:
    """Accept a copy; the answer tells where to ask how it goes."""
    drive = call.drive()
    item = call.item(drive)
    body = await call.json()
    reference, name = body.get("parentReference"), body.get("name")
    children_only = body.get("childrenOnly") is True
    if name is not None and not isinstance(name, str):
        raise invalid("The name must be a string.")
    if reference is None and name is None:
        raise invalid("A copy needs another parent or another name.")
    if children_only and (not item.is_folder or name is not None):
        raise invalid("childrenOnly goes with a folder, and without a name.")
    if item.parent is None and not children_only:
        raise invalid("The root cannot be copied.")
    conflict = call.query.get(CONFLICT, "fail")
    if conflict not in ("fail", "replace", "rename"):
        raise invalid(f"'{conflict}' is no conflict behavior.")
    target, parent = _target(call, drive, item, reference)
    order = CopyOrder(
        drive,
        item,
        target,
        parent,
        name or item.name,
        cast("Conflict", conflict),
        children_only=children_only,
        all_versions=body.get("includeAllVersionHistory") is True,
    )
    _, url = begin_copy(call.world, order, call.actor())
    return Reply(202, headers=[(b"location", url.encode()), (b"content-length", b"0")])


async def delete_for_good(call: Call) -> Reply:
    """Delete an item without the recycle bin."""
    drive = call.drive(write=True)
    item = call.item(drive)
    drive.delete(item, report_children=call.world.quirks.deleted_children)
    drive.purge(item.uid)
    return Reply(204)


async def restore_item(call: Call) -> Reply:
    """Take an item out of the recycle bin, to where it was or elsewhere in the drive."""
    drive = call.drive(write=True)
    item = drive.binned(call.address.item or "")
    call.check(drive, item)
    body = await call.json()
    name, reference = body.get("name"), body.get("parentReference")
    if name is not None and not isinstance(name, str):
        raise invalid("The name must be a string.")
    parent = None
    if reference is not None:
        _, parent = _target(call, drive, item, reference)
    return shown(call, drive, drive.restore(item.uid, parent=parent, name=name))


def _target(call: Call, drive: Drive, item: Item, reference: Any) -> tuple[Drive, Item]:
    """Find the folder that an item goes to; without a reference the one it is in."""
    if reference is None:
        parent = drive.live(item.parent or item.uid)
        call.open(drive, write=True)
        call.check(drive, parent, write=True)
        return drive, parent
    if not isinstance(reference, dict):
        raise invalid("The parentReference must be an object.")
    target = call.world.content.drive_by_id(str(reference.get("driveId", drive.id)))
    if target is None:
        raise not_found()
    call.open(target, write=True)
    if (parent_id := reference.get("id")) is not None:
        parent = target.root if parent_id == "root" else target.by_id(str(parent_id))
    elif isinstance(path := reference.get("path"), str) and "root:" in path:
        names = [unquote(part) for part in path.partition("root:")[2].split("/") if part]
        parent = target.resolve(target.root, names)
    elif "driveId" in reference:
        parent = target.root
    else:
        raise invalid("The parentReference names no folder.")
    call.check(target, parent, write=True)
    return target, parent
