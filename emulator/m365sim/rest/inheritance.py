"""Breaking the inheritance of permissions, and taking it up again.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/set-custom-permissions-on-a-list-by-using-the-rest-interface
"""

from __future__ import annotations

from dataclasses import replace

from m365sim.files import Site
from m365sim.graph.reply import Reply
from m365sim.lists import Library, SharePointList
from m365sim.rest.address import Segment
from m365sim.rest.call import Call
from m365sim.rest.securable import check_owner, file_place, in_force, list_place, note, refused
from m365sim.rest.tables import Action, Node
from m365sim.sharing import Permission
from m365sim.sharing.grantees import user_grantee

_SOURCE = "https://learn.microsoft.com/sharepoint/dev/sp-add-ins/set-custom-permissions-on-a-list-by-using-the-rest-interface"


async def _break(call: Call, node: Node, at: Segment) -> Reply:
    check_owner(call, node)
    flags = at.arguments[:2]
    is_copied = at.flag("copyroleassignments", default=bool(flags and flags[0]))
    clears = at.flag("clearsubscopes", default=len(flags) > 1 and bool(flags[1]))
    place, other = file_place(node), list_place(node)
    kept = [] if is_copied else _caller(call)
    sharing = call.world.sharing
    if place is None and is_copied:
        kept = [replace(permission) for permission in in_force(call, node)]
    if other is not None:
        sharing.lists.break_inheritance(*other, kept)
        note(call, node, "break")
    elif place is not None:
        sharing.break_inheritance(*place, copy=is_copied, kept=kept)
    else:
        acl = sharing.site_acl(node.of)
        acl.inherits = False
        for permission in kept:
            acl.add(permission)
        note(call, node, "break")
    if clears:
        _clear_below(call, node)
    return Reply(200)


def _caller(call: Call) -> list[Permission]:
    """Return what whoever breaks an inheritance without a copy is left with: full control."""
    user = call.principal.user
    if user is None:
        return []
    grantee = user_grantee(user)
    return [Permission(grantee.permission_id, ("owner",), grantee)]


def _clear_below(call: Call, node: Node) -> None:
    """Let everything below inherit again."""
    sharing, is_web = call.world.sharing, isinstance(node.of, Site)
    lists: list[SharePointList] = [node.of] if node.kind == "list" else []
    if isinstance(node.of, Site):
        lists = call.world.lists.of(node.of)
    for found in lists:
        if not isinstance(found, Library):
            sharing.lists.clear(found.site, found.uid, whole=is_web)
            continue
        if is_web:
            sharing.restore_inheritance(found.drive, found.drive.root)
        for item in sharing.shared_items(found.drive):
            sharing.restore_inheritance(found.drive, item)
    place = file_place(node) if node.kind == "item" else None
    if place is not None:
        drive, above = place
        for item in sharing.shared_items(drive):
            if above in drive.ancestors(item):
                sharing.restore_inheritance(drive, item)


async def _reset(call: Call, node: Node, _: Segment) -> Reply:
    check_owner(call, node)
    place, other = file_place(node), list_place(node)
    if other is not None:
        call.world.sharing.lists.restore_inheritance(*other)
        note(call, node, "reset")
        return Reply(200)
    if place is not None:
        call.world.sharing.restore_inheritance(*place)
        return Reply(200)
    if not isinstance(node.of, Site) or node.of.parent is None:
        raise refused("There is nothing to inherit permissions from.")
    acl = call.world.sharing.site_acl(node.of)
    acl.inherits = True
    acl.permissions.clear()
    note(call, node, "reset")
    return Reply(200)


_WHAT = "copyRoleAssignments, clearSubscopes; without a copy the caller alone is left"
ACTIONS = tuple(
    Action(kind, name, "POST", do, said, _SOURCE)
    for kind in ("web", "list", "item")
    for name, do, said in (
        ("BreakRoleInheritance", _break, _WHAT),
        ("ResetRoleInheritance", _reset, "inherits again"),
    )
)
