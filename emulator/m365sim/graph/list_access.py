"""What a token may do with lists and pages, and what the person behind it may.

https://learn.microsoft.com/graph/permissions-reference: reading needs `Sites.Read.All`, changing
items and pages `Sites.ReadWrite.All`, changing lists, columns and content types `Sites.Manage.All`.
"""

from __future__ import annotations

from typing import Literal

from m365sim.files import Site
from m365sim.graph.access import SELECTED, opens_granted_items
from m365sim.graph.call import Call
from m365sim.graph.reply import denied, not_found
from m365sim.lists import Library, Row, SharePointList
from m365sim.sharing import Level

Need = Literal["read", "write", "manage", "file"]  # "file": to read a file behind an item

# "AllSites" are the delegated permissions of SharePoint's own API.
_MANAGE = frozenset(
    {"Sites.Manage.All", "Sites.FullControl.All", "AllSites.Manage", "AllSites.FullControl"}
)
_WRITE = _MANAGE | {"Sites.ReadWrite.All", "AllSites.Write"}
_READ = _WRITE | {"Sites.Read.All", "AllSites.Read"}
_PERMISSIONS: dict[Need, frozenset[str]] = {
    "read": _READ,
    "write": _WRITE,
    "manage": _MANAGE,
    "file": _READ | {"Files.Read.All", "Files.ReadWrite.All"},
}
_READING = ("read", "file")
#: What an app with `Sites.Selected` must have been granted on the site.
_GRANTS: dict[Need, frozenset[str]] = {
    "read": frozenset({"read", "write", "owner", "fullcontrol"}),
    "file": frozenset({"read", "write", "owner", "fullcontrol"}),
    "write": frozenset({"write", "owner", "fullcontrol"}),
    "manage": frozenset({"owner", "fullcontrol"}),
}


def open_site(call: Call, need: Need, *, apps: Need | None = None) -> Site:
    """Return the addressed site, if the caller may do that to its lists; `apps`: if an app may."""
    site = call.site()
    check_site_need(call, site, apps if apps and call.principal.user is None else need)
    return site


def open_list(call: Call, need: Need, *, below: bool = False) -> SharePointList:
    """Return the addressed list; `below`: something in it is meant, to be checked on its own."""
    lists = call.world.lists
    found: SharePointList
    if call.address.drive is not None:
        found = lists.library(call.drive())
    else:
        found = lists.find(call.site(), call.address.ids["list"])
    _check_token(call, found.site, need, found, below=below)
    level = list_level(call, found)
    sharing = call.world.sharing.lists
    has_items = isinstance(found, Library) or sharing.has_rows(found.site, found.uid)
    if level < Level.READ and not (below and has_items):
        raise not_found()
    if need not in _READING and level < Level.WRITE and not below:
        raise denied()
    if need not in _READING and found.is_system and not isinstance(found, Library):
        raise denied()
    return found


def open_row(call: Call, need: Need) -> tuple[SharePointList, Row]:
    """Return the addressed item of a list, and the list."""
    found = open_list(call, need, below=True)
    text = call.address.ids["row"]
    if not text.isdigit():
        raise not_found()
    row = found.row(int(text))
    if isinstance(found, Library) and row.item is not None:
        call.check(found.drive, row.item, write=need not in _READING)
    else:
        level = row_level(call, found, row)
        if level < Level.READ:
            raise not_found()
        if _needs_grants(call, found.site, need) and not _is_granted(call, found, need, row):
            raise denied() if need not in _READING else not_found()
        if need not in _READING and level < Level.WRITE:
            raise denied()
    return found, row


def check_site_need(call: Call, site: Site, need: Need) -> None:
    """Refuse a caller that may not do that to the lists of a site."""
    _check_token(call, site, need)
    level = _site_level(call, site)
    if level < (Level.READ if need in _READING else Level.WRITE):
        raise denied()


def list_level(call: Call, target: SharePointList) -> Level:
    """Return how much the person behind a request may do with a list."""
    if isinstance(target, Library):
        return call.viewer(target.drive).level(target.drive.root)
    return call.world.sharing.lists.level(call.principal.user, target.site, target.uid)


def sees_list(call: Call, target: SharePointList) -> bool:
    """Tell whether a list is among those a caller is shown."""
    if isinstance(target, Library):
        return call.viewer(target.drive).reaches()
    return list_level(call, target) >= Level.READ


def sees_row(call: Call, target: SharePointList, row: Row) -> bool:
    """Tell whether an item is among those a caller is shown."""
    if isinstance(target, Library) and row.item is not None:
        viewer = call.viewer(target.drive)
        return viewer.sees_everything or viewer.sees(row.item)
    if row_level(call, target, row) < Level.READ:
        return False
    if not _needs_grants(call, target.site, "read"):
        return True
    return _is_granted(call, target, "read", row)


def row_level(call: Call, target: SharePointList, row: Row) -> Level:
    """Return how much the person behind a request may do with an item."""
    if isinstance(target, Library) and row.item is not None:
        return call.viewer(target.drive).level(row.item)
    sharing = call.world.sharing.lists
    return sharing.level(call.principal.user, target.site, target.uid, row.id)


def _check_token(
    call: Call,
    site: Site,
    need: Need,
    found: SharePointList | None = None,
    *,
    below: bool = False,
) -> None:
    if not _needs_grants(call, site, need):
        return
    if found is None or not opens_granted_items(call.principal):
        raise denied()
    if isinstance(found, Library):
        # What of it was granted to the app is looked at item by item.
        call.viewer(found.drive).restrict_to_grants()
        return
    may_be_below = below and call.world.sharing.lists.has_rows(site, found.uid)
    if not may_be_below and not _is_granted(call, found, need):
        raise denied()


def _needs_grants(call: Call, site: Site, need: Need) -> bool:
    """Tell whether a token does nothing in a site but by what was granted to its app."""
    held = call.principal.scopes | call.principal.roles
    if _PERMISSIONS[need] & held:
        return False
    key = (call.principal.app_id, site.collection)
    granted = call.world.content.site_grants.get(key, frozenset())
    return not (SELECTED in held and granted & _GRANTS[need])


def _is_granted(call: Call, target: SharePointList, need: Need, row: Row | None = None) -> bool:
    """Tell whether an app was granted enough on a list that is no library, or on an item of it."""
    sharing = call.world.sharing.lists
    app_id = call.principal.app_id
    return any(
        permission.grantee is not None
        and (permission.grantee.kind, permission.grantee.id) == ("application", app_id)
        and bool(_GRANTS[need] & set(permission.roles))
        for permission in sharing.effective(target.site, target.uid, row.id if row else None)
    )


def _site_level(call: Call, site: Site) -> Level:
    user, sharing = call.principal.user, call.world.sharing
    if user is None:
        return Level.OWNER
    level, current = Level.NONE, site
    while True:
        acl = sharing.site_acl(current)
        for permission in acl.permissions.values():
            if sharing.applies(permission, user, site):
                level = max(level, permission.level)
        if not acl.inherits or current.parent is None:
            return level
        current = current.parent
