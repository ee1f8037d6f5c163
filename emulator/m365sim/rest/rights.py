"""What somebody may do with an object, in SharePoint's own terms, and whether it inherits that.

https://learn.microsoft.com/openspecs/sharepoint_protocols/ms-wssfo3/1fa34e21-32ac-4b29-9b4a-d9ef7bbbdbd2
"""

from __future__ import annotations

from typing import Any

from m365sim.entra.tokens import Principal
from m365sim.files import Site
from m365sim.lists import Library, Row
from m365sim.rest.access import site_level
from m365sim.rest.call import Call
from m365sim.rest.tables import Node
from m365sim.rest.values import Complex, Long
from m365sim.sharing import Level

#: Level → the two halves of the mask of permissions.
MASKS = {
    Level.NONE: (0, 0),
    Level.READ: (176, 138612833),
    Level.WRITE: (432, 1011030767),
    Level.OWNER: (2147483647, 4294967295),
}


def mask(level: Level) -> Complex:
    """Write what a level allows as a mask."""
    high, low = MASKS[level]
    return Complex("SP.BasePermissions", {"High": Long(high), "Low": Long(low)})


def effective(call: Call, node: Node) -> Complex:
    """Return what the caller may do with a web, a list or an item."""
    return mask(level_on(call, node, call.principal))


def level_on(call: Call, node: Node, principal: Principal) -> Level:
    """Return how much somebody may do with a web, a list or an item."""
    if isinstance(node.of, Site):
        return site_level(call.world, principal, node.of)
    found = node.of[0] if isinstance(node.of, tuple) else node.of
    row: Row | None = node.of[1] if isinstance(node.of, tuple) else None
    if isinstance(found, Library):
        item = row.item if row is not None and row.item is not None else found.drive.root
        return call.world.sharing.viewer(principal, found.drive).level(item)
    number = row.id if row is not None else None
    return call.world.sharing.lists.level(principal.user, found.site, found.uid, number)


def is_unique(call: Call, node: Node) -> bool:
    """Tell whether a web, a list or an item has permissions of its own."""
    sharing = call.world.sharing
    if isinstance(node.of, Site):
        return node.of.parent is None or not sharing.site_acl(node.of).inherits
    found = node.of[0] if isinstance(node.of, tuple) else node.of
    row: Row | None = node.of[1] if isinstance(node.of, tuple) else None
    if not isinstance(found, Library):
        number = row.id if row is not None else None
        return sharing.lists.acl(found.site, found.uid, number) is not None
    if row is not None and row.item is not None:
        return sharing.item_acl(found.drive, row.item) is not None
    acl = sharing.drive_acl(found.drive)
    return bool(acl.permissions) or not acl.inherits


EXTRAS: dict[str, Any] = {
    "EffectiveBasePermissions": effective,
    "HasUniqueRoleAssignments": is_unique,
}
