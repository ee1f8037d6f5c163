"""Who has which role on a web, a list, an item, a file or a folder.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/set-custom-permissions-on-a-list-by-using-the-rest-interface
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from m365sim.files import Drive, Site
from m365sim.graph.reply import Reply
from m365sim.lists import Library
from m365sim.rest.address import Segment
from m365sim.rest.call import Call
from m365sim.rest.definitions import LIMITED, Definition, bound, find, granting
from m365sim.rest.errors import no_user
from m365sim.rest.people import (
    everyone,
    grantee_of,
    group_node,
    person_of_grantee,
    user_node,
)
from m365sim.rest.rights import is_unique
from m365sim.rest.securable import check_owner, file_place, in_force, list_place, note, refused
from m365sim.rest.tables import Action, Kind, Node, Step
from m365sim.sharing import Acl, Grantee, Permission, SiteGroup
from m365sim.sharing.grantees import site_group_grantee

_SOURCE = "https://learn.microsoft.com/sharepoint/dev/sp-add-ins/set-custom-permissions-on-a-list-by-using-the-rest-interface"


@dataclass(frozen=True, slots=True)
class Assignment:
    """Roles of one user or group on one object."""

    number: int
    member: Node
    definitions: tuple[Definition, ...]
    permission: Permission


def _assignments(call: Call, node: Node) -> Iterator[Node]:
    owner: Node = node.of
    seen = set()
    for permission in in_force(call, owner):
        if (one := _assignment(call, node, permission, bound(call, permission))) is not None:
            seen.add(permission.id)
            yield one
    for permission in _deeper(call, owner):
        if permission.id not in seen:
            seen.add(permission.id)
            if (one := _assignment(call, node, permission, (LIMITED,))) is not None:
                yield one


def _assignment(
    call: Call, node: Node, permission: Permission, definitions: tuple[Definition, ...]
) -> Node | None:
    member = _member(call, permission)
    if member is None:
        return None
    one = Assignment(member.of.number, member, definitions, permission)
    return Node("roleassignment", f"{node.uri}/GetByPrincipalId({one.number})", one)


def _deeper(call: Call, owner: Node) -> Iterator[Permission]:
    """Yield what was granted on something below: on the way there the service lets everyone pass.

    Of people only: the way of a group's members and of a link's is not shown here.
    """
    sharing = call.world.sharing
    drives: list[Drive] = []
    if isinstance(owner.of, Site):
        drives = owner.of.drives
        yield from sharing.lists.own(owner.of)
        for drive in drives:
            yield from sharing.drive_acl(drive).permissions.values()
    elif owner.kind == "list" and isinstance(owner.of, Library):
        drives = [owner.of.drive]
    for drive in drives:
        for item in sharing.shared_items(drive):
            acl = sharing.item_acl(drive, item)
            yield from acl.permissions.values() if acl is not None else ()


def _member(call: Call, permission: Permission) -> Node | None:
    grantee, link = permission.grantee, permission.link
    if link is not None:  # the members of a link are a group of the site
        scope = {"anonymous": "Anonymous", "organization": "Organization", "users": "Flexible"}
        name = f"SharingLinks.{permission.id}.{scope[link.scope]}{link.type.title()}"
        number = call.world.sharing.site_user_number(call.site, name)
        return group_node(SiteGroup(number, name, list(link.members)))
    if grantee is None:
        return None
    if grantee.kind == "siteGroup":
        groups = call.world.sharing.site_groups(call.site)
        found = next((group for group in groups if str(group.number) == grantee.id), None)
        return group_node(found) if found is not None else None
    return user_node("", person_of_grantee(call, grantee))


def _one(call: Call, node: Node, at: Segment) -> Node:
    wanted = at.number("principalid", "id")
    for one in _assignments(call, node):
        if one.of.number == wanted:
            return one
    raise no_user()


# -- changing


def _acl(call: Call, owner: Node) -> Acl:
    """Return the permissions of an object to be changed; it must have some of its own."""
    if not is_unique(call, owner):
        raise refused("This operation is not allowed on an object that inherits permissions.")
    place, other = file_place(owner), list_place(owner)
    sharing = call.world.sharing
    if other is not None:
        return sharing.lists.acl(*other) or Acl()
    return sharing.site_acl(owner.of) if place is None else sharing.own_acl(*place)


async def _add(call: Call, node: Node, at: Segment) -> Reply:
    check_owner(call, node.of)
    acl = _acl(call, node.of)
    definition = find(call, at.number("roledefid"))
    grantee = _grantee(call, int(at.named.get("principalid", 0)))
    fresh = Permission(grantee.permission_id, (), grantee)
    known = acl.permissions.get(fresh.id)
    held = bound(call, known) if known is not None else ()
    acl.add(granting(tuple(dict.fromkeys((*held, definition))), fresh))
    note(call, node.of, "add")
    return Reply(200)


async def _remove(call: Call, node: Node, at: Segment) -> Reply:
    check_owner(call, node.of)
    acl = _acl(call, node.of)
    one: Assignment = _one(call, node, at).of
    gone = at.named.get("roledefid")
    left = tuple(d for d in one.definitions if gone is not None and d.id != gone)
    if left and one.permission.id in acl.permissions:
        acl.add(granting(left, one.permission))
    else:
        acl.permissions.pop(one.permission.id, None)
    note(call, node.of, "delete")
    return Reply(200)


async def _delete(call: Call, node: Node, _: Segment) -> Reply:
    """Take all roles from a user or group."""
    one: Assignment = node.of
    owner = call.cache["owner"]
    check_owner(call, owner)
    _acl(call, owner).permissions.pop(one.permission.id, None)
    note(call, owner, "delete")
    return Reply(200)


def _grantee(call: Call, number: int) -> Grantee:
    for group in call.world.sharing.site_groups(call.site):
        if group.number == number:
            return site_group_grantee(group.number, group.name)
    person = next((one for one in everyone(call) if one.number == number), None)
    if person is None:
        raise no_user()
    return grantee_of(call, person.login)


def _to_assignments(call: Call, node: Node, _: Segment) -> Node:
    call.cache["owner"] = node
    return Node("roleassignments", f"{node.uri}/RoleAssignments", node)


def _bindings(_: Call, node: Node, __: Segment) -> Node:
    return Node("roledefinitions", f"{node.uri}/RoleDefinitionBindings", node.of.definitions)


KINDS = (
    Kind("roleassignments", members=_assignments),
    Kind(
        "roleassignment",
        "SP.RoleAssignment",
        values=lambda _, node: {"PrincipalId": node.of.number},
    ),
)
_OWNERS = ("web", "list", "item")
STEPS = (
    *(Step(kind, "RoleAssignments", _to_assignments, "roleassignments") for kind in _OWNERS),
    Step("roleassignments", "()", _one, "roleassignment"),
    Step("roleassignments", "GetByPrincipalId", _one, "roleassignment", is_function=True),
    Step("roleassignment", "Member", lambda _c, n, _s: n.of.member, "user"),
    Step("roleassignment", "RoleDefinitionBindings", _bindings, "roledefinitions"),
)
_WHOSE = "principalid, roledefid; web, lists, items, files, folders"
ACTIONS = (
    Action("roleassignments", "AddRoleAssignment", "POST", _add, _WHOSE, _SOURCE),
    Action("roleassignments", "RemoveRoleAssignment", "POST", _remove, _WHOSE, _SOURCE),
    Action("roleassignment", "", "DELETE", _delete, "all roles of one principal", _SOURCE),
)
