"""Roles: named sets of permissions, which `_api` calls role definitions.

https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn531432(v=office.15)#bk_RoleDefinition,
bits: https://learn.microsoft.com/previous-versions/office/sharepoint-csom/ee536458(v=office.15)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from m365sim.graph.reply import Reply
from m365sim.rest.access import FULL
from m365sim.rest.address import Segment
from m365sim.rest.call import Call, pairs
from m365sim.rest.errors import RestError, bad_query
from m365sim.rest.tables import Action, Kind, Node, Step
from m365sim.rest.values import Complex, Long
from m365sim.sharing.acl import Permission

_SOURCE = "https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn531432(v=office.15)"
_EDIT_ITEMS, _MANAGE_WEB, _VIEW_ITEMS = 1 << 2, 1 << 30, 1 << 0


@dataclass(frozen=True, slots=True)
class Definition:
    """A role."""

    id: int
    name: str
    kind: int  # 0 for those that somebody made
    role: str  # as the store has it; "" for one that grants nothing
    description: str
    high: int
    low: int
    order: int = 0


_FULL_CONTROL = Definition(
    1073741829, "Full Control", 5, "owner", "Has full control.", 2147483647, 4294967295, 1
)
_DESIGN = Definition(
    1073741828,
    "Design",
    4,
    "write",
    "Can view, add, update, delete, approve, and customize.",
    432,
    1012866047,
    32,
)
_EDIT = Definition(
    1073741830,
    "Edit",
    6,
    "write",
    "Can add, edit and delete lists; can view, add, update and delete list items and documents.",
    432,
    1011030767,
    48,
)
_CONTRIBUTE = Definition(
    1073741827,
    "Contribute",
    3,
    "write",
    "Can view, add, update, and delete list items and documents.",
    432,
    1011028719,
    64,
)
_READ = Definition(
    1073741826,
    "Read",
    2,
    "read",
    "Can view pages and list items and download documents.",
    176,
    138612833,
    128,
)
LIMITED = Definition(
    1073741825,
    "Limited Access",
    1,
    "",
    "Can view specific lists, document libraries, list items, folders, or documents when given "
    "permissions.",
    48,
    134287360,
    160,
)
BUILT_IN = (_FULL_CONTROL, _DESIGN, _EDIT, _CONTRIBUTE, _READ, LIMITED)
_SHOWN_AS = {"owner": _FULL_CONTROL, "fullcontrol": _FULL_CONTROL, "write": _EDIT, "read": _READ}


def all_of(call: Call) -> list[Definition]:
    """List the roles of a site collection, those that somebody made included."""
    made = call.world.rest.definitions.get(call.site.collection, {})
    return [*BUILT_IN, *made.values()]


def find(call: Call, number: int) -> Definition:
    """Find a role by its number."""
    for one in all_of(call):
        if one.id == number:
            return one
    raise _unknown()


def bound(call: Call, permission: Permission) -> tuple[Definition, ...]:
    """Return the roles that a permission stands for."""
    known = {one.id: one for one in all_of(call)}
    if permission.definitions:
        return tuple(known[number] for number in permission.definitions if number in known)
    return tuple(_SHOWN_AS[role] for role in permission.roles if role in _SHOWN_AS)


def granting(definitions: tuple[Definition, ...], to: Permission) -> Permission:
    """Return a permission that stands for some roles."""
    roles = tuple(dict.fromkeys(one.role for one in definitions if one.role))
    return replace(to, roles=roles, definitions=tuple(one.id for one in definitions))


def _values(_: Call, node: Node) -> dict[str, Any]:
    one: Definition = node.of
    return {
        "BasePermissions": Complex(
            "SP.BasePermissions", {"High": Long(one.high), "Low": Long(one.low)}
        ),
        "Description": one.description,
        "Hidden": one is LIMITED,
        "Id": one.id,
        "Name": one.name,
        "Order": one.order,
        "RoleTypeKind": one.kind,
    }


def node_of(one: Definition) -> Node:
    """Return the node of a role."""
    return Node("roledefinition", f"Web/RoleDefinitions({one.id})", one)


def _members(call: Call, node: Node) -> Iterator[Node]:
    return (node_of(one) for one in (all_of(call) if node.of == "all" else node.of))


def _by(call: Call, node: Node, at: Segment) -> Node:
    wanted = at.argument("id", "name", "roletype")
    field = "kind" if at.name == "getbytype" else "id"
    for one in all_of(call) if node.of == "all" else node.of:
        if wanted in (getattr(one, field), one.name):
            return node_of(one)
    raise _unknown()


async def _add(call: Call, _: Node, __: Segment) -> Node:
    call.check(FULL)
    body = dict(pairs(await call.json()))
    name = body.get("Name")
    if not isinstance(name, str) or not name.strip():
        raise bad_query("A role needs a Name.")
    if any(one.name.lower() == name.lower() for one in all_of(call)):
        raise bad_query("A permission level of that name is there already.")
    made = call.world.rest.definitions.setdefault(call.site.collection, {})
    number = max([1073741924, *made]) + 1
    one = Definition(number, name, 0, "", "", 0, 0, 2147483647)
    made[number] = _changed(one, body)
    return node_of(made[number])


async def _update(call: Call, node: Node, _: Segment) -> Reply:
    call.check(FULL)
    one = _own(node)
    made = call.world.rest.definitions[call.site.collection]
    made[one.id] = _changed(one, dict(pairs(await call.json())))
    return Reply(204)


async def _delete(call: Call, node: Node, _: Segment) -> Reply:
    call.check(FULL)
    del call.world.rest.definitions[call.site.collection][_own(node).id]
    return Reply(200)


def _own(node: Node) -> Definition:
    """Return a role that may be changed."""
    one: Definition = node.of
    if one.kind:
        raise RestError(
            400,
            "-2146233079, System.InvalidOperationException",
            "The permission level is built in and cannot be changed.",
        )
    return one


def _changed(one: Definition, body: dict[str, Any]) -> Definition:
    mask = body.get("BasePermissions") or {}
    try:
        high, low = int(mask.get("High", one.high)), int(mask.get("Low", one.low))
    except (AttributeError, ValueError) as broken:
        raise bad_query("The BasePermissions need a High and a Low.") from broken
    role = ""
    for bit, name in ((_VIEW_ITEMS, "read"), (_EDIT_ITEMS, "write"), (_MANAGE_WEB, "owner")):
        role = name if low & bit else role
    return replace(
        one,
        name=str(body.get("Name") or one.name),
        description=str(body.get("Description", one.description) or ""),
        order=int(body.get("Order") or one.order),
        high=high,
        low=low,
        role=role,
    )


def _unknown() -> RestError:
    return RestError(
        404, "-2147024809, System.ArgumentException", "Can not find the permission level."
    )


KINDS = (
    Kind("roledefinitions", members=_members),
    Kind("roledefinition", "SP.RoleDefinition", values=_values),
)
STEPS = (
    Step(
        "web",
        "RoleDefinitions",
        lambda _c, n, _s: Node("roledefinitions", f"{n.uri}/RoleDefinitions", "all"),
        "roledefinitions",
        "six built-in ones, and those that were made",
    ),
    Step("roledefinitions", "()", _by, "roledefinition"),
    Step("roledefinitions", "GetById", _by, "roledefinition", is_function=True),
    Step("roledefinitions", "GetByName", _by, "roledefinition", is_function=True),
    Step("roledefinitions", "GetByType", _by, "roledefinition", is_function=True),
)
ACTIONS = (
    Action(
        "roledefinitions", "", "POST", _add, "Name, BasePermissions, Description, Order", _SOURCE
    ),
    Action("roledefinition", "", "MERGE", _update, "of those that were made", _SOURCE),
    Action("roledefinition", "", "DELETE", _delete, "of those that were made", _SOURCE),
)
