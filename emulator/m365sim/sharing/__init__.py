"""Who may see and do what: groups, permissions of sites and items, inheritance, sharing links.

https://learn.microsoft.com/graph/api/resources/permission,
https://learn.microsoft.com/sharepoint/understanding-permission-levels
"""

from m365sim.sharing.acl import Acl, Level, Link, Permission
from m365sim.sharing.face import Mail, Sharing
from m365sim.sharing.grantees import EVERYONE, EVERYONE_BUT_GUESTS, Grantee
from m365sim.sharing.groups import Group, SiteGroup
from m365sim.sharing.viewer import Viewer

__all__ = [
    "EVERYONE",
    "EVERYONE_BUT_GUESTS",
    "Acl",
    "Grantee",
    "Group",
    "Level",
    "Link",
    "Mail",
    "Permission",
    "Sharing",
    "SiteGroup",
    "Viewer",
]
