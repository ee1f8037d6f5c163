"""What somebody may do with an object, in SharePoint's own terms, and whether it inherits that.

https://learn.microsoft.com/openspecs/sharepoint_protocols/ms-wssfo3/1fa34e21-32ac-4b29-9b4a-d9ef7bbbdbd2
"""

from __future__ import annotations

from typing import Any

from m365sim.files import Site
from m365sim.lists import Library
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
    if isinstance(node.of, Site):
        return mask(site_level(call.world, call.principal, node.of))
    found = node.of[0] if isinstance(node.of, tuple) else node.of
    if isinstance(node.of, tuple) and isinstance(found, Library):
        return mask(call.viewer(found.drive).level(node.of[1].item))
    return mask(call.level(found))


def is_unique(call: Call, node: Node) -> bool:
    """Tell whether a web, a list or an item has permissions of its own."""
    sharing = call.world.sharing
    if isinstance(node.of, Site):
        return node.of.parent is None or not sharing.site_acl(node.of).inherits
    found = node.of[0] if isinstance(node.of, tuple) else node.of
    if not isinstance(found, Library):
        return False
    if isinstance(node.of, tuple):
        return sharing.item_acl(found.drive, node.of[1].item) is not None
    acl = sharing.drive_acl(found.drive)
    return bool(acl.permissions) or not acl.inherits


EXTRAS: dict[str, Any] = {
    "EffectiveBasePermissions": effective,
    "HasUniqueRoleAssignments": is_unique,
}
