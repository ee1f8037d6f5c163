"""Who has which role on a web, a library, a file or a folder, and the breaking of inheritance.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/set-custom-permissions-on-a-list-by-using-the-rest-interface
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from m365sim.files import Drive, Item, Site
from m365sim.graph.reply import Reply
from m365sim.history.permissions import note_item_permissions, note_site_permissions
from m365sim.lists import Library
from m365sim.rest.access import FULL, READ, check_token
from m365sim.rest.address import Segment
from m365sim.rest.call import Call
from m365sim.rest.errors import RestError, denied, no_user
from m365sim.rest.people import (
    everyone,
    grantee_of,
    group_node,
    person_of_grantee,
    user_node,
)
from m365sim.rest.rights import is_unique, mask
from m365sim.rest.tables import Action, Kind, Node, Step
from m365sim.sharing import Acl, Grantee, Level, Permission, SiteGroup
from m365sim.sharing.grantees import site_group_grantee

_SOURCE = "https://learn.microsoft.com/sharepoint/dev/sp-add-ins/set-custom-permissions-on-a-list-by-using-the-rest-interface"


@dataclass(frozen=True, slots=True)
class Definition:
    """A role."""

    id: int
    name: str
    kind: int
    role: str  # as the store has it
    description: str


_FULL_CONTROL = Definition(1073741829, "Full Control", 5, "owner", "Has full control.")
_EDIT = Definition(1073741830, "Edit", 6, "write", "Can add, edit and delete lists and items.")
_CONTRIBUTE = Definition(1073741827, "Contribute", 3, "write", "Can add, edit and delete items.")
_READ = Definition(1073741826, "Read", 2, "read", "Can view pages and items and download files.")
_DEFINITIONS = (_FULL_CONTROL, _EDIT, _CONTRIBUTE, _READ)
_SHOWN_AS = {"owner": _FULL_CONTROL, "fullcontrol": _FULL_CONTROL, "write": _EDIT, "read": _READ}


@dataclass(frozen=True, slots=True)
class Assignment:
    """Roles of one user or group on one object."""

    number: int
    member: Node
    definitions: tuple[Definition, ...]
    permission: Permission


def _assignments(call: Call, node: Node) -> Iterator[Node]:
    owner: Node = node.of
    for permission in _in_force(call, owner):
        member = _member(call, permission)
        if member is None:
            continue
        found = tuple(_SHOWN_AS[role] for role in permission.roles)
        number = member.of.number
        one = Assignment(number, member, found, permission)
        yield Node("roleassignment", f"{node.uri}/GetByPrincipalId({number})", one)


def _in_force(call: Call, owner: Node) -> list[Permission]:
    sharing = call.world.sharing
    place = _place(owner)
    if place is not None:
        check_token(call.world, call.principal, place[0].site, READ)
        return [permission for permission, _ in sharing.effective(*place)]
    found: dict[str, Permission] = {}
    site: Site | None = owner.of if isinstance(owner.of, Site) else call.site
    while site is not None:
        acl = sharing.site_acl(site)
        for permission in acl.permissions.values():
            found.setdefault(permission.id, permission)
        site = site.parent if acl.inherits else None
    return list(found.values())


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


def _place(owner: Node) -> tuple[Drive, Item] | None:
    """Return the file or folder that an object is; None for a web, and what is like its web."""
    if owner.kind == "list" and isinstance(owner.of, Library):
        return owner.of.drive, owner.of.drive.root
    if owner.kind == "item" and isinstance(owner.of[0], Library):
        return owner.of[0].drive, owner.of[1].item
    return None


def _one(call: Call, node: Node, at: Segment) -> Node:
    wanted = at.number("principalid", "id")
    for one in _assignments(call, node):
        if one.of.number == wanted:
            return one
    raise no_user()


# -- changing


def _check(call: Call, owner: Node) -> None:
    place = _place(owner)
    if place is None:
        call.check(FULL)
        return
    check_token(call.world, call.principal, place[0].site, FULL)
    if call.viewer(place[0]).level(place[1]) < Level.OWNER:
        raise denied()


def _acl(call: Call, owner: Node) -> Acl:
    """Return the permissions of an object to be changed; it must have some of its own."""
    if not is_unique(call, owner):
        raise _refused("This operation is not allowed on an object that inherits permissions.")
    place = _place(owner)
    sharing = call.world.sharing
    return sharing.site_acl(owner.of) if place is None else sharing.own_acl(*place)


async def _add(call: Call, node: Node, at: Segment) -> Reply:
    _check(call, node.of)
    acl = _acl(call, node.of)
    definition = _definition(at.number("roledefid"))
    grantee = _grantee(call, int(at.named.get("principalid", 0)))
    acl.add(Permission(grantee.permission_id, (definition.role,), grantee))
    _note(call, node.of)
    return Reply(200)


async def _remove(call: Call, node: Node, at: Segment) -> Reply:
    _check(call, node.of)
    acl = _acl(call, node.of)
    one: Assignment = _one(call, node, at).of
    acl.permissions.pop(one.permission.id, None)
    _note(call, node.of)
    return Reply(200)


async def _delete(call: Call, node: Node, _: Segment) -> Reply:
    """Take all roles from a user or group."""
    one: Assignment = node.of
    owner = call.cache["owner"]
    _check(call, owner)
    _acl(call, owner).permissions.pop(one.permission.id, None)
    _note(call, owner)
    return Reply(200)


async def _break(call: Call, node: Node, at: Segment) -> Reply:
    _check(call, node)
    place, is_copied = _place(node), at.flag("copyroleassignments")
    if place is not None:
        kept = _in_force(call, node) if is_copied else []
        acl = call.world.sharing.break_inheritance(*place, copy=False)
        for permission in kept:  # from the root of a library, too, which counts all as its own
            acl.permissions.setdefault(permission.id, permission)
        return Reply(200)
    if not isinstance(node.of, Site):
        raise _refused("Lists that are no libraries have the permissions of their web here.")
    kept = _in_force(call, node) if is_copied else []
    acl = call.world.sharing.site_acl(node.of)
    acl.inherits = False
    for permission in kept:
        acl.add(permission)
    note_site_permissions(call.world.sharing, node.of)
    return Reply(200)


async def _reset(call: Call, node: Node, _: Segment) -> Reply:
    _check(call, node)
    place = _place(node)
    if place is not None:
        call.world.sharing.restore_inheritance(*place)
        return Reply(200)
    if not isinstance(node.of, Site) or node.of.parent is None:
        raise _refused("There is nothing to inherit permissions from.")
    acl = call.world.sharing.site_acl(node.of)
    acl.inherits = True
    acl.permissions.clear()
    note_site_permissions(call.world.sharing, node.of)
    return Reply(200)


def _note(call: Call, owner: Node) -> None:
    place = _place(owner)
    if place is None:
        note_site_permissions(call.world.sharing, owner.of)
    elif place[1].parent is not None:
        call.world.sharing.note(*place)
    else:
        note_item_permissions(call.world.sharing, *place)


def _grantee(call: Call, number: int) -> Grantee:
    for group in call.world.sharing.site_groups(call.site):
        if group.number == number:
            return site_group_grantee(group.number, group.name)
    person = next((one for one in everyone(call) if one.number == number), None)
    if person is None:
        raise no_user()
    return grantee_of(call, person.login)


def _definition(number: int) -> Definition:
    found = next((one for one in _DEFINITIONS if one.id == number), None)
    if found is None:
        raise RestError(
            404, "-2147024809, System.ArgumentException", "Can not find the permission level."
        )
    return found


def _refused(message: str) -> RestError:
    return RestError(400, "-2146233079, System.InvalidOperationException", message)


# -- roles


def _definition_values(_: Call, node: Node) -> dict[str, Any]:
    one: Definition = node.of
    level = {"owner": Level.OWNER, "write": Level.WRITE, "read": Level.READ}[one.role]
    return {
        "BasePermissions": mask(level),
        "Description": one.description,
        "Hidden": False,
        "Id": one.id,
        "Name": one.name,
        "Order": one.id % 1000,
        "RoleTypeKind": one.kind,
    }


def _definitions(_: Call, node: Node) -> Iterator[Node]:
    for one in node.of:
        yield Node("roledefinition", f"Web/RoleDefinitions({one.id})", one)


def _definition_by(_: Call, node: Node, at: Segment) -> Node:
    wanted = at.argument("id", "name", "roletype")
    field = "kind" if at.name == "getbytype" else "id"
    for one in node.of:
        if wanted in (getattr(one, field), one.name):
            return Node("roledefinition", f"Web/RoleDefinitions({one.id})", one)
    raise RestError(
        404, "-2147024809, System.ArgumentException", "Can not find the permission level."
    )


def _to_assignments(call: Call, node: Node, _: Segment) -> Node:
    call.cache["owner"] = node
    return Node("roleassignments", f"{node.uri}/RoleAssignments", node)


def _all_definitions(_: Call, node: Node, __: Segment) -> Node:
    return Node("roledefinitions", f"{node.uri}/RoleDefinitions", _DEFINITIONS)


def _bindings(_: Call, node: Node, __: Segment) -> Node:
    return Node("roledefinitions", f"{node.uri}/RoleDefinitionBindings", node.of.definitions)


KINDS = (
    Kind("roleassignments", members=_assignments),
    Kind(
        "roleassignment",
        "SP.RoleAssignment",
        values=lambda _, node: {"PrincipalId": node.of.number},
    ),
    Kind("roledefinitions", members=_definitions),
    Kind("roledefinition", "SP.RoleDefinition", values=_definition_values),
)
_OWNERS = ("web", "list", "item")
STEPS = (
    *(Step(kind, "RoleAssignments", _to_assignments, "roleassignments") for kind in _OWNERS),
    Step(
        "web", "RoleDefinitions", _all_definitions, "roledefinitions", "four of the built-in ones"
    ),
    Step("roleassignments", "()", _one, "roleassignment"),
    Step("roleassignments", "GetByPrincipalId", _one, "roleassignment", is_function=True),
    Step("roleassignment", "Member", lambda _c, n, _s: n.of.member, "user"),
    Step("roleassignment", "RoleDefinitionBindings", _bindings, "roledefinitions"),
    Step("roledefinitions", "()", _definition_by, "roledefinition"),
    Step("roledefinitions", "GetById", _definition_by, "roledefinition", is_function=True),
    Step("roledefinitions", "GetByName", _definition_by, "roledefinition", is_function=True),
    Step("roledefinitions", "GetByType", _definition_by, "roledefinition", is_function=True),
)
_WHOSE = "principalid, roledefid; web, libraries, files, folders"
ACTIONS = (
    Action("roleassignments", "AddRoleAssignment", "POST", _add, _WHOSE, _SOURCE),
    Action("roleassignments", "RemoveRoleAssignment", "POST", _remove, _WHOSE, _SOURCE),
    Action("roleassignment", "", "DELETE", _delete, "all roles of one principal", _SOURCE),
    *(
        Action(kind, "BreakRoleInheritance", "POST", _break, "copyRoleAssignments", _SOURCE)
        for kind in _OWNERS
    ),
    *(
        Action(kind, "ResetRoleInheritance", "POST", _reset, "inherits again", _SOURCE)
        for kind in _OWNERS
    ),
)
