"""What has permissions: a web, a list, an item, a file or a folder, and what is in force on it.

https://learn.microsoft.com/previous-versions/office/sharepoint-csom/ee536418(v=office.15)
"""

from __future__ import annotations

from m365sim.files import Drive, Item, Site
from m365sim.history.lists import list_ids
from m365sim.history.permissions import (
    acl_report,
    note_item_permissions,
    note_site_permissions,
)
from m365sim.lists import Library
from m365sim.lists.generic import GenericList
from m365sim.rest.access import FULL, READ, check_token
from m365sim.rest.call import Call
from m365sim.rest.errors import RestError, denied
from m365sim.rest.rights import level_on
from m365sim.rest.tables import Node
from m365sim.sharing import Level, Permission


def in_force(call: Call, owner: Node) -> list[Permission]:
    """List the permissions in force on an object, wherever they come from."""
    sharing = call.world.sharing
    place, other = file_place(owner), list_place(owner)
    if place is not None:
        check_token(call.world, call.principal, place[0].site, READ)
        return [permission for permission, _ in sharing.effective(*place)]
    if other is not None:
        return sharing.lists.effective(*other)
    found: dict[str, Permission] = {}
    site: Site | None = owner.of if isinstance(owner.of, Site) else call.site
    while site is not None:
        acl = sharing.site_acl(site)
        for permission in acl.permissions.values():
            found.setdefault(permission.id, permission)
        site = site.parent if acl.inherits else None
    return list(found.values())


def file_place(owner: Node) -> tuple[Drive, Item] | None:
    """Return the file or folder that an object is; None for a web, and what is like its web."""
    if owner.kind == "list" and isinstance(owner.of, Library):
        return owner.of.drive, owner.of.drive.root
    if owner.kind == "item" and isinstance(owner.of[0], Library):
        return owner.of[0].drive, owner.of[1].item
    return None


def list_place(owner: Node) -> tuple[Site, bytes, int | None] | None:
    """Return the list that is no library, or its item, that an object is."""
    if owner.kind == "list" and not isinstance(owner.of, Library):
        return owner.of.site, owner.of.uid, None
    if owner.kind == "item" and not isinstance(owner.of[0], Library):
        found, row = owner.of
        return found.site, found.uid, row.id
    return None


def check_owner(call: Call, owner: Node) -> None:
    """Refuse whoever may not change the permissions of an object."""
    check_token(call.world, call.principal, call.site, FULL)
    if level_on(call, owner, call.principal) < Level.OWNER:
        raise denied()


def note(call: Call, owner: Node, kind: str) -> None:
    """Let a change of permissions show in the change log, and in the emulator's own history."""
    sharing, place, other = call.world.sharing, file_place(owner), list_place(owner)
    if other is not None:
        found = owner.of[0] if owner.kind == "item" else owner.of
        of, name = list_ids(found), found.display_name
        if owner.kind == "item":
            of, name = {**of, "listItem": str(owner.of[1].id)}, str(owner.of[1].id)
            if isinstance(found, GenericList):
                found.note(owner.of[1], kind)
        report = acl_report(sharing.lists.acl(*other))
        what = "listItem" if owner.kind == "item" else "list"
        call.world.content.history.note("permissions", what, of, name, **report)
    elif place is None:
        note_site_permissions(sharing, owner.of)
    elif place[1].parent is not None:
        sharing.note(*place, kind)
    else:
        note_item_permissions(sharing, *place)


def refused(message: str) -> RestError:
    """Make the error for what makes no sense on an object."""
    return RestError(400, "-2146233079, System.InvalidOperationException", message)
