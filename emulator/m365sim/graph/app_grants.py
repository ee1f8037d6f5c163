"""Access of apps to single lists and list items: `Lists.SelectedOperations.Selected` and its kin.

https://learn.microsoft.com/graph/permissions-selected-overview,
https://learn.microsoft.com/graph/api/list-post-permissions,
https://learn.microsoft.com/graph/api/listitem-post-permissions. A grant is one of the
permissions of what it is on, which inherits no longer.
"""

from __future__ import annotations

from typing import Any

from m365sim.files import Item
from m365sim.graph.call import Call
from m365sim.graph.list_access import list_level, open_list, open_row, row_level
from m365sim.graph.list_shapes import list_context
from m365sim.graph.reply import Reply, denied, invalid, json_reply, not_found
from m365sim.graph.shapes import narrowed
from m365sim.history.lists import list_ids
from m365sim.history.permissions import acl_report
from m365sim.lists import Library, Row, SharePointList
from m365sim.sharing import Acl, Grantee, Level, Permission
from m365sim.sharing.acl import LEVELS
from m365sim.sharing.grantees import app_grantee


async def list_grants(call: Call) -> Reply:
    """List what apps were granted."""
    found, row = _addressed(call, "read")
    selected = call.selected()
    shapes = [narrowed(_shape(one), selected) for one in _granted(_acl(call, found, row))]
    return json_reply({"@odata.context": _context(found, row), "value": shapes})


async def get_grant(call: Call) -> Reply:
    """Return what one app was granted."""
    found, row = _addressed(call, "read")
    return _shown(found, row, _one(call, _acl(call, found, row)))


async def create_grant(call: Call) -> Reply:
    """Grant an app something, in place of what it was granted before."""
    found, row = _addressed(call, "write")
    body = await call.json()
    roles = _roles(body)
    grantee = _app(call, body)
    made = _own_acl(call, found, row).add(Permission(grantee.permission_id, roles, grantee))
    _note(call, found, row)
    return _shown(found, row, made, 201)


async def update_grant(call: Call) -> Reply:
    """Grant an app something else."""
    found, row = _addressed(call, "write")
    permission = _one(call, _acl(call, found, row))
    permission.roles = _roles(await call.json())
    _note(call, found, row)
    return _shown(found, row, permission)


async def delete_grant(call: Call) -> Reply:
    """Take back what an app was granted."""
    found, row = _addressed(call, "write")
    acl = _own_acl(call, found, row)
    del acl.permissions[_one(call, acl).id]
    _note(call, found, row)
    return Reply(204)


def _addressed(call: Call, need: str) -> tuple[SharePointList, Row | None]:
    """Return the addressed list, and the item in it if there is one; its owners alone grant."""
    if "row" in call.address.ids:
        found, row = open_row(call, "read")
        level = row_level(call, found, row)
    else:
        found, row = open_list(call, "read"), None
        level = list_level(call, found)
    if need == "write" and level < Level.OWNER:
        raise denied()
    return found, row


def _acl(call: Call, found: SharePointList, row: Row | None) -> Acl:
    """Return the permissions right on a list or item; none when it only inherits."""
    sharing = call.world.sharing
    if not isinstance(found, Library):
        return sharing.lists.acl(found.site, found.uid, row.id if row else None) or Acl()
    return sharing.own_acl_if_any(found.drive, _item(found, row)) or Acl()


def _own_acl(call: Call, found: SharePointList, row: Row | None) -> Acl:
    """Return the permissions right on a list or item, which inherits no longer.

    A grant breaks the inheritance, as is documented; what was in force stays so.
    """
    sharing = call.world.sharing
    if not isinstance(found, Library):
        place = (found.site, found.uid, row.id if row else None)
        kept = sharing.lists.effective(*place)
        return sharing.lists.acl(*place) or sharing.lists.break_inheritance(*place, kept)
    item = _item(found, row)
    acl = sharing.own_acl_if_any(found.drive, item)
    if acl is not None and not acl.inherits:
        return acl
    return sharing.break_inheritance(found.drive, item, copy=True)


def _item(library: Library, row: Row | None) -> Item:
    item = row.item if row is not None else None
    return item or library.drive.root


def _note(call: Call, found: SharePointList, row: Row | None) -> None:
    """Let the change show in the delta of a library, and in the emulator's own history."""
    if isinstance(found, Library):
        call.world.sharing.note(found.drive, _item(found, row))
        return
    of, what = list_ids(found), "list"
    if row is not None:
        of, what = {**of, "listItem": str(row.id)}, "listItem"
    report = acl_report(_acl(call, found, row))
    call.world.content.history.note("permissions", what, of, found.display_name, **report)


def _granted(acl: Acl) -> list[Permission]:
    known = acl.permissions.values()
    return [p for p in known if p.grantee is not None and p.grantee.kind == "application"]


def _one(call: Call, acl: Acl) -> Permission:
    for permission in _granted(acl):
        if permission.id == call.address.keys[0]:
            return permission
    raise not_found()


def _roles(body: dict[str, Any]) -> tuple[str, ...]:
    roles = body.get("roles")
    if isinstance(roles, list) and roles and set(roles) <= LEVELS.keys():
        return tuple(roles)
    raise invalid("Roles must be among read, write, owner and fullcontrol.")


def _app(call: Call, body: dict[str, Any]) -> Grantee:
    identity = body.get("grantedToV2") or body.get("grantedTo")
    if isinstance(identity, list) and len(identity) == 1:
        identity = identity[0]
    app = identity.get("application") if isinstance(identity, dict) else None
    if not isinstance(app, dict) or not isinstance(app.get("id"), str):
        raise invalid("grantedToV2 must name an application by its id.")
    known = call.world.directory.apps.get(app["id"])
    name = known.display_name if known is not None else str(app.get("displayName") or "")
    return app_grantee(app["id"], name, call.world.tenant.id)


def _shape(permission: Permission) -> dict[str, Any]:
    grantee = permission.grantee
    identity = {"id": grantee.id, "displayName": grantee.name} if grantee is not None else {}
    return {
        "id": permission.id,
        "roles": list(permission.roles),
        "grantedToV2": {"application": identity},
    }


def _context(found: SharePointList, row: Row | None) -> str:
    item = f"/items('{row.id}')" if row is not None else ""
    return list_context(found, found.site.id, f"{item}/permissions")


def _shown(
    found: SharePointList, row: Row | None, permission: Permission, status: int = 200
) -> Reply:
    context = f"{_context(found, row)}/$entity"
    return json_reply({"@odata.context": context, **_shape(permission)}, status)
