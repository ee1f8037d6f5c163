"""Users and groups of a site, as SharePoint numbers them.

https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn531432(v=office.15)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from m365sim.files import Actor
from m365sim.rest.access import READ
from m365sim.rest.address import Segment
from m365sim.rest.call import Call
from m365sim.rest.errors import no_group, no_user
from m365sim.rest.tables import Action, Kind, Node, Step
from m365sim.rest.values import Complex
from m365sim.sharing import Grantee, SiteGroup
from m365sim.sharing.grantees import is_guest, user_grantee
from m365sim.tenant import User

USER, SECURITY_GROUP, SITE_GROUP = 1, 4, 8
_SOURCE = "https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn531432(v=office.15)"


@dataclass(frozen=True, slots=True)
class Person:
    """A user or group of the directory, as one site knows it."""

    number: int
    login: str
    title: str
    email: str
    type: int
    upn: str = ""
    is_admin: bool = False
    is_guest: bool = False


def person_of(call: Call, actor: Actor) -> Person:
    """Return whoever did something."""
    people = call.world.lists.people(call.site)
    number = people.number(actor)
    user = call.world.directory.users.get(actor.user_id or "")
    if user is not None:
        return _person(number, user_grantee(user), user)
    name = people.name(number) or ""
    login = "i:0i.t|00000003-0000-0ff1-ce00-000000000000|app@sharepoint"
    if not actor.app_id:
        login = "SHAREPOINT\\system"
    return Person(number, login, name, "", USER)


def person_of_grantee(call: Call, grantee: Grantee) -> Person:
    """Return to whom something was granted."""
    user = call.world.directory.users.get(grantee.id) if grantee.kind == "user" else None
    if user is not None:
        actor = Actor(user.id, user.display_name, user.email)
        return _person(call.world.lists.people(call.site).number(actor), grantee, user)
    return _person(call.world.sharing.site_user_number(call.site, grantee.login), grantee, None)


def person_numbered(call: Call, number: int) -> Person | None:
    """Find a user or group by its number."""
    return next((one for one in everyone(call) if one.number == number), None)


def everyone(call: Call) -> Iterator[Person]:
    """Yield whom the site has met: all people of the tenant, and whom access was granted."""
    sharing, seen = call.world.sharing, set()
    people = call.world.lists.people(call.site)
    for user in call.world.directory.users_of(call.world.tenant.id):
        number = people.number(Actor(user.id, user.display_name, user.email))
        seen.add(number)
        yield _person(number, user_grantee(user), user)
    members = [member for group in sharing.site_groups(call.site) for member in group.members]
    granted = [p.grantee for p in sharing.site_acl(call.site).permissions.values() if p.grantee]
    for grantee in (*members, *granted, *call.world.rest.met.get(call.site.collection, ())):
        if grantee.kind != "siteGroup":
            one = person_of_grantee(call, grantee)
            if one.number not in seen:
                seen.add(one.number)
                yield one


def user_node(uri: str, person: Person | None) -> Node:
    """Return the node of a user."""
    return Node("user", uri if person is None else f"Web/GetUserById({person.number})", person)


def group_node(group: SiteGroup) -> Node:
    """Return the node of a group of the site."""
    return Node("group", f"Web/SiteGroups/GetById({group.number})", group)


def grantee_of(call: Call, login: str) -> Grantee:
    """Find whom a login name stands for."""
    wanted = login.lower()
    for user in call.world.directory.users_of(call.world.tenant.id):
        grantee = user_grantee(user)
        if wanted in (grantee.login, user.upn.lower(), user.email.lower()):
            return grantee
    site_groups = call.world.sharing.site_groups(call.site)
    for member in (member for group in site_groups for member in group.members):
        if wanted == member.login.lower():
            return member
    for group in call.world.sharing.groups():
        if wanted in (group.grantee.login.lower(), (group.mail or "").lower()):
            return group.grantee
    raise no_user()


def _person(number: int, grantee: Grantee, user: User | None) -> Person:
    return Person(
        number,
        grantee.login,
        grantee.name,
        grantee.email or "",
        USER if user is not None or grantee.kind == "application" else SECURITY_GROUP,
        user.upn if user else "",
        bool(user and user.is_admin),
        bool(user and is_guest(user)),
    )


def _user_values(_: Call, node: Node) -> dict[str, Any]:
    one: Person = node.of
    return {
        "Id": one.number,
        "IsHiddenInUI": False,
        "LoginName": one.login,
        "Title": one.title,
        "PrincipalType": one.type,
        "Email": one.email,
        "Expiration": "",
        "IsEmailAuthenticationGuestUser": False,
        "IsShareByEmailGuestUser": one.is_guest,
        "IsSiteAdmin": one.is_admin,
        "UserId": Complex(
            "SP.UserIdInfo",
            {"NameId": f"{one.number:016x}", "NameIdIssuer": "urn:federation:microsoftonline"},
        ),
        "UserPrincipalName": one.upn or None,
    }


def _group_values(_: Call, node: Node) -> dict[str, Any]:
    group: SiteGroup = node.of
    owners = group.owner or group.name.rpartition(" ")[0] + " Owners"
    return {
        "Id": group.number,
        "IsHiddenInUI": False,
        "LoginName": group.name,
        "Title": group.name,
        "PrincipalType": SITE_GROUP,
        "AllowMembersEditMembership": group.members_edit,
        "AllowRequestToJoinLeave": False,
        "AutoAcceptRequestToJoinLeave": False,
        "Description": group.description,
        "OnlyAllowMembersViewMembership": group.members_only,
        "OwnerTitle": owners,
        "RequestToJoinLeaveEmailSetting": "",
    }


def _users(call: Call, node: Node) -> Iterator[Node]:
    call.check(READ)
    found: Iterator[Person]
    if isinstance(node.of, SiteGroup):
        found = (person_of_grantee(call, member) for member in node.of.members)
    else:
        found = everyone(call)
    return (user_node("", one) for one in found)


def _groups(call: Call, _: Node) -> Iterator[Node]:
    call.check(READ)
    return (group_node(group) for group in call.world.sharing.site_groups(call.site))


def _user_by_id(call: Call, _: Node, at: Segment) -> Node:
    call.check(READ)
    found = person_numbered(call, at.number("id"))
    if found is None:
        raise no_user()
    return user_node("", found)


def _user_by_name(call: Call, node: Node, at: Segment) -> Node:
    wanted = at.text("loginname", "email", "@v").lower()
    for one in _users(call, node):
        person: Person = one.of
        if wanted in (person.login.lower(), person.email.lower()):
            return one
    raise no_user()


def _group_by_id(call: Call, _: Node, at: Segment) -> Node:
    wanted = at.number("id")
    return _group(call, lambda group: group.number == wanted)


def _group_by_name(call: Call, _: Node, at: Segment) -> Node:
    wanted = at.text("name").lower()
    return _group(call, lambda group: group.name.lower() == wanted)


def _group(call: Call, fits: Any) -> Node:
    call.check(READ)
    for group in call.world.sharing.site_groups(call.site):
        if fits(group):
            return group_node(group)
    raise no_group()


def _associated(position: int) -> Any:
    def go(call: Call, _: Node, __: Segment) -> Node:
        groups = call.world.sharing.site_groups(call.site)
        if len(groups) <= position:
            raise no_group()
        return group_node(groups[position])

    return go


def _owner(call: Call, node: Node, _: Segment) -> Node:
    """Lead to the group that owns a group: the site's owners."""
    groups = call.world.sharing.site_groups(call.site)
    return group_node(groups[0]) if groups else Node("group", f"{node.uri}/Owner")


def _groups_of(_: Call, node: Node, __: Segment) -> Node:
    return Node("groupsofuser", f"{node.uri}/Groups", node.of)


def _members_of(call: Call, node: Node) -> Iterator[Node]:
    """Yield the groups that somebody was put into by name."""
    person: Person = node.of
    for group in call.world.sharing.site_groups(call.site):
        if any(member.login == person.login for member in group.members):
            yield group_node(group)


def _current(call: Call, _: Node, __: Segment) -> Node:
    return user_node("", person_of(call, call.actor()))


KINDS = (
    Kind("user", "SP.User", values=_user_values),
    Kind("users", members=_users),
    Kind("group", "SP.Group", values=_group_values),
    Kind("groups", members=_groups),
    Kind("groupsofuser", members=_members_of),
)
STEPS = (
    Step("web", "SiteUsers", lambda _c, n, _s: Node("users", "Web/SiteUsers", n.of), "users"),
    Step("web", "CurrentUser", _current, "user"),
    Step("web", "GetUserById", _user_by_id, "user", is_function=True),
    Step("users", "()", _user_by_name, "user"),
    Step("users", "GetById", _user_by_id, "user", is_function=True),
    Step("users", "GetByEmail", _user_by_name, "user", is_function=True),
    Step("users", "GetByLoginName", _user_by_name, "user", is_function=True),
    Step("web", "SiteGroups", lambda _c, n, _s: Node("groups", "Web/SiteGroups", n.of), "groups"),
    Step("web", "AssociatedOwnerGroup", _associated(0), "group", is_function=True),
    Step("web", "AssociatedVisitorGroup", _associated(1), "group", is_function=True),
    Step("web", "AssociatedMemberGroup", _associated(2), "group", is_function=True),
    Step("groups", "()", _group_by_id, "group"),
    Step("groups", "GetById", _group_by_id, "group", is_function=True),
    Step("groups", "GetByName", _group_by_name, "group", is_function=True),
    Step("group", "Owner", _owner, "group"),
    Step("user", "Groups", _groups_of, "groups", "those that name the user"),
    Step("group", "Users", lambda _c, n, _s: Node("users", f"{n.uri}/Users", n.of), "users"),
)
ACTIONS: tuple[Action, ...] = ()  # those that change something are in `groups`
