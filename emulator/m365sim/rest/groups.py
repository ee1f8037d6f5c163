"""What is done to the groups and users of a site.

https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn531432(v=office.15)
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from m365sim.graph.reply import Reply
from m365sim.history.permissions import note_site_group
from m365sim.rest.access import FULL, READ
from m365sim.rest.address import Segment
from m365sim.rest.call import Call, pairs
from m365sim.rest.errors import bad_query, no_group, no_user
from m365sim.rest.people import grantee_of, group_node, person_of_grantee, user_node
from m365sim.rest.rights import level_on, mask
from m365sim.rest.tables import Action, Node
from m365sim.rest.values import Result
from m365sim.sharing import Grantee, SiteGroup

_SOURCE = "https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn531432(v=office.15)"
#: Property of a group → the field that holds it, and what it must be.
_SETTABLE: dict[str, tuple[str, type]] = {
    "Title": ("name", str),
    "Description": ("description", str),
    "AllowMembersEditMembership": ("members_edit", bool),
    "OnlyAllowMembersViewMembership": ("members_only", bool),
}


async def _add_group(call: Call, _: Node, __: Segment) -> Node:
    call.check(FULL)
    body = dict(pairs(await call.json()))
    title = body.get("Title")
    if not isinstance(title, str) or not title:
        raise bad_query("A group needs a Title.")
    _check_name(call, title)
    made = call.world.sharing.add_site_group(call.site, title, [])
    _set(made, body)
    return group_node(made)


async def _update_group(call: Call, node: Node, _: Segment) -> Reply:
    call.check(FULL)
    group: SiteGroup = node.of
    body = dict(pairs(await call.json()))
    title = body.get("Title")
    if isinstance(title, str) and title.lower() != group.name.lower():
        _check_name(call, title)
    _set(group, body)
    _note(call, "updated", group)
    return Reply(204)


async def _remove_group(call: Call, _: Node, at: Segment) -> Reply:
    call.check(FULL)
    groups = call.world.sharing.site_groups(call.site)
    wanted = at.argument("id", "loginname")
    for group in groups:
        if wanted == group.number or str(wanted).lower() == group.name.lower():
            groups.remove(group)
            _note(call, "deleted", group)
            return Reply(200)
    raise no_group()


async def _delete_group(call: Call, node: Node, _: Segment) -> Reply:
    call.check(FULL)
    groups = call.world.sharing.site_groups(call.site)
    if node.of not in groups:
        raise no_group()
    groups.remove(node.of)
    _note(call, "deleted", node.of)
    return Reply(200)


def _check_name(call: Call, title: str) -> None:
    groups = call.world.sharing.site_groups(call.site)
    if any(known.name.lower() == title.lower() for known in groups):
        raise bad_query("The specified name is already in use.")


def _set(group: SiteGroup, body: dict[str, Any]) -> None:
    for key, (name, kind) in _SETTABLE.items():
        value = body.get(key)
        if isinstance(value, kind):
            setattr(group, name, value)


async def _add_user(call: Call, node: Node, _: Segment) -> Node:
    call.check(FULL)
    body = await call.json()
    login = body.get("LoginName") or (body.get("parameters") or {}).get("LoginName")
    if not isinstance(login, str):
        raise bad_query("A user needs a LoginName.")
    grantee = grantee_of(call, login)
    if isinstance(node.of, SiteGroup):
        if grantee not in node.of.members:
            node.of.members.append(grantee)
            _note(call, "updated", node.of)
    else:
        call.world.rest.meet(call.site, grantee)
    return user_node("", person_of_grantee(call, grantee))


async def _remove_user(call: Call, node: Node, at: Segment) -> Reply:
    call.check(FULL)
    groups = call.world.sharing.site_groups(call.site)
    met = call.world.rest.met.setdefault(call.site.collection, [])
    groups = [node.of] if isinstance(node.of, SiteGroup) else groups
    found = [one for one in met if not isinstance(node.of, SiteGroup) and _is(call, one, at)]
    for one in found:
        met.remove(one)
    for group in groups:
        gone = [member for member in group.members if _is(call, member, at)]
        if gone:
            group.members = [member for member in group.members if member not in gone]
            _note(call, "updated", group)
        found += gone
    if not found:
        raise no_user()
    return Reply(200)


def _is(call: Call, member: Grantee, at: Segment) -> bool:
    """Tell whether somebody is the one that is named by number or login."""
    if at.name == "removebyid":
        return person_of_grantee(call, member).number == at.number("id")
    return member.login.lower() == at.text("loginname", "@v").lower()


def _note(call: Call, action: str, group: SiteGroup) -> None:
    note_site_group(call.world.content.history, action, call.site, group)


async def _ensure(call: Call, _: Node, at: Segment) -> Node:
    """Let a site know somebody, and say by which number."""
    call.check(READ)
    login = at.argument("logonname") or (await call.json()).get("logonName")
    if not isinstance(login, str):
        raise bad_query("The parameter 'logonName' is missing.")
    grantee = grantee_of(call, login)
    call.world.rest.meet(call.site, grantee)
    return user_node("", person_of_grantee(call, grantee))


async def _permissions_of(call: Call, node: Node, at: Segment) -> Result:
    """Say what somebody else may do with a web, a list or an item."""
    call.check(FULL)
    grantee = grantee_of(call, at.text("username", "@user"))
    user = call.world.directory.users.get(grantee.id)
    if user is None:
        raise no_user()
    level = level_on(call, node, replace(call.principal, user=user))
    return Result(mask(level), "GetUserEffectivePermissions")


ACTIONS = (
    Action("groups", "", "POST", _add_group, "an empty group; full control", _SOURCE),
    Action("groups", "RemoveById", "POST", _remove_group, "full control", _SOURCE),
    Action("groups", "RemoveByLoginName", "POST", _remove_group, "full control", _SOURCE),
    Action("group", "", "MERGE", _update_group, "Title, Description, two flags", _SOURCE),
    Action("group", "", "DELETE", _delete_group, "full control", _SOURCE),
    Action("users", "", "POST", _add_user, "by LoginName; full control", _SOURCE),
    Action("users", "Add", "POST", _add_user, "by LoginName; full control", _SOURCE),
    Action("users", "RemoveById", "POST", _remove_user, "from a group, or all", _SOURCE),
    Action("users", "RemoveByLoginName", "POST", _remove_user, "from a group, or all", _SOURCE),
    Action("web", "EnsureUser", "POST", _ensure, "by sign-in or login name", _SOURCE),
    *(
        Action(
            kind,
            "GetUserEffectivePermissions",
            method,
            _permissions_of,
            "of people; full control",
            _SOURCE,
        )
        for kind in ("web", "list", "item")
        for method in ("GET", "POST")
    ),
)
