"""Users and groups, as far as permissions name them.

https://learn.microsoft.com/graph/api/resources/user, .../group. Reads only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from m365sim.graph.access import (
    check_groups,
    check_profile,
    check_users,
    may_read_groups,
    may_read_users,
)
from m365sim.graph.call import Call
from m365sim.graph.directory_query import DirectoryQuery
from m365sim.graph.offsets import offset_token, read_offset
from m365sim.graph.reply import GraphError, Reply, json_reply
from m365sim.graph.shapes import CONTEXT, drive_shape, iso, narrowed, site_shape, user_shape
from m365sim.sharing import Group
from m365sim.sharing.grantees import is_guest
from m365sim.tenant import User

_PAGE = 100
_MAX_PAGE = 999


async def list_users(call: Call) -> Reply:
    """List the people of the tenant."""
    check_users(call.principal)
    people = call.world.directory.users_of(call.world.tenant.id)
    return _listed(call, "users", [_user(user) for user in people], _default_user)


async def get_user(call: Call) -> Reply:
    """Return one person."""
    user = call.user()
    if call.principal.user is user:
        check_profile(call.principal)
    else:
        check_users(call.principal)
    return _one(call, "users", _user(user), _default_user)


async def list_memberships(call: Call) -> Reply:
    """List the groups that somebody is in, right or through other groups."""
    user = call.user()
    sharing = call.world.sharing
    may_read = may_read_groups(call.principal)
    if not may_read and user is not call.principal.user:
        check_groups(call.principal)
    nested = call.address.op.startswith("transitive")
    groups = [
        group
        for group in sharing.groups()
        if (sharing.holds(group, user) if nested else user.id in group.members)
    ]
    shapes = [{"@odata.type": "#microsoft.graph.group", **_group(group)} for group in groups]
    return _cast(call, shapes if may_read else [_limited(shape) for shape in shapes])


async def list_groups(call: Call) -> Reply:
    """List the groups of the tenant."""
    check_groups(call.principal)
    return _listed(call, "groups", [_group(group) for group in call.world.sharing.groups()])


async def get_group(call: Call) -> Reply:
    """Return one group."""
    check_groups(call.principal)
    return _one(call, "groups", _group(call.group()))


async def list_members(call: Call) -> Reply:
    """List who is in a group, or owns it; groups within are taken apart only if that is asked."""
    check_groups(call.principal)
    group = call.group()
    which = call.address.op.partition("/")[0]
    if which == "owners":
        ids = list(group.owners)
    elif which == "transitiveMembers":
        ids = _everyone_in(call, group, set())
    else:
        ids = list(group.members)
    shapes = [shape for one in ids if (shape := _member(call, one)) is not None]
    if not may_read_users(call.principal):
        user = "#microsoft.graph.user"
        shapes = [_limited(one) if one["@odata.type"] == user else one for one in shapes]
    return _cast(call, shapes)


def _limited(shape: dict[str, Any]) -> dict[str, Any]:
    """Show of an object of a type that the caller may not read no more than that it is there.

    https://learn.microsoft.com/graph/permissions-overview#limited-information-returned-for-inaccessible-member-objects
    """
    return {name: value if name in ("@odata.type", "id") else None for name, value in shape.items()}


def _cast(call: Call, shapes: list[dict[str, Any]]) -> Reply:
    """List directory objects: all, or those of the type that the address casts them to."""
    for kind in ("user", "group"):
        if kind in call.address.op.replace("microsoft.graph.", "").split("/")[1:]:
            wanted = f"#microsoft.graph.{kind}"
            found = [shape for shape in shapes if shape["@odata.type"] == wanted]
            return _listed(call, f"{kind}s", found)
    return _listed(call, "directoryObjects", shapes)


async def get_group_site(call: Call) -> Reply:
    """Return the team site of a group."""
    group = call.group()
    site = call.world.sharing.site_of(group)
    if site is None:
        raise _no_such(group.id)
    call.address.site = site.id
    return _one(call, "sites", site_shape(call.site()))


async def list_group_drives(call: Call) -> Reply:
    """List the document libraries of a group's site."""
    group = call.group()
    site = call.world.sharing.site_of(group)
    if site is None:
        raise _no_such(group.id)
    call.address.site = site.id
    return _listed(call, "drives", [drive_shape(d) for d in call.site().drives if not d.is_system])


def _everyone_in(call: Call, group: Group, seen: set[str]) -> list[str]:
    found: dict[str, None] = {}
    seen.add(group.id)
    for one in group.members:
        found[one] = None
        inner = call.world.sharing.group(one)
        if inner is not None and inner.id not in seen:
            found |= dict.fromkeys(_everyone_in(call, inner, seen))
    return list(found)


def _member(call: Call, member_id: str) -> dict[str, Any] | None:
    user = call.world.directory.users.get(member_id)
    if user is not None:
        return {"@odata.type": "#microsoft.graph.user", **_default_user(_user(user))}
    group = call.world.sharing.group(member_id)
    if group is not None:
        return {"@odata.type": "#microsoft.graph.group", **_group(group)}
    return None


def _user(user: User) -> dict[str, Any]:
    return {
        **user_shape(user),
        "accountEnabled": user.enabled,
        "userType": "Guest" if is_guest(user) else "Member",
    }


def _default_user(shape: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is given only when it is selected."""
    return {k: v for k, v in shape.items() if k not in ("accountEnabled", "userType")}


def _group(group: Group) -> dict[str, Any]:
    return {
        "id": group.id,
        "deletedDateTime": None,
        "classification": None,
        "createdDateTime": iso(group.created_at),
        "creationOptions": [],
        "description": group.name,
        "displayName": group.name,
        "expirationDateTime": None,
        "groupTypes": ["Unified"] if group.is_unified else [],
        "isAssignableToRole": None,
        "mail": group.mail,
        "mailEnabled": group.is_unified,
        "mailNickname": (group.mail or group.name).partition("@")[0],
        "membershipRule": None,
        "membershipRuleProcessingState": None,
        "onPremisesSyncEnabled": None,
        "preferredDataLocation": None,
        "preferredLanguage": None,
        "proxyAddresses": [f"SMTP:{group.mail}"] if group.mail else [],
        "renewedDateTime": iso(group.created_at),
        "resourceBehaviorOptions": [],
        "resourceProvisioningOptions": [],
        "securityEnabled": not group.is_unified,
        "theme": None,
        "visibility": "Public" if group.is_public else "Private",
    }


def _listed(
    call: Call,
    collection: str,
    shapes: list[dict[str, Any]],
    default: Callable[[dict[str, Any]], dict[str, Any]] = lambda shape: shape,
) -> Reply:
    query = DirectoryQuery(call, is_count=call.address.op.endswith("$count"))
    shapes = query.apply(shapes)
    if query.is_count:
        return Reply(200, str(len(shapes)).encode(), [(b"content-type", b"text/plain")])
    start, count = read_offset(call.query.get("$skiptoken")), _page_size(call)
    selected = call.selected()
    page = shapes[start : start + count]
    value: dict[str, Any] = {"@odata.context": f"{CONTEXT}#{collection}"}
    if query.counts:
        value["@odata.count"] = len(shapes)
    if start + count < len(shapes):
        value["@odata.nextLink"] = call.link("$skiptoken", offset_token(start + count))
    value["value"] = [
        default(shape) if selected is None else narrowed(shape, selected) for shape in page
    ]
    return json_reply(value)


def _one(
    call: Call,
    collection: str,
    shape: dict[str, Any],
    default: Callable[[dict[str, Any]], dict[str, Any]] = lambda shape: shape,
) -> Reply:
    selected = call.selected()
    shown = default(shape) if selected is None else narrowed(shape, selected)
    return json_reply({"@odata.context": f"{CONTEXT}#{collection}/$entity", **shown})


def _page_size(call: Call) -> int:
    return min(call.top(), _MAX_PAGE) if "$top" in call.query else _PAGE


def _no_such(name: str) -> GraphError:
    return GraphError(404, "Request_ResourceNotFound", f"Resource '{name}' does not exist.")
