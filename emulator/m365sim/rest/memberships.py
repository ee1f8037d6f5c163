"""Whose numbers the `Membership` test of a query stands for.

https://learn.microsoft.com/sharepoint/dev/schema/membership-element-query
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

from m365sim.rest.call import Call
from m365sim.rest.errors import bad_query
from m365sim.rest.people import USER, everyone, person_of_grantee


def members(call: Call, test: ET.Element) -> set[int]:
    """Return the numbers of the users or groups that are meant."""
    groups = call.world.sharing.site_groups(call.site)
    kind = test.get("Type", "").lower()
    if kind == "currentusergroups":
        user = call.principal.user
        return {
            group.number
            for group in groups
            if user is not None
            and any(call.world.sharing.is_among(one, user, call.site) for one in group.members)
        }
    if kind == "spweb.groups":
        return {group.number for group in groups}
    if kind == "spgroup":
        wanted = test.get("ID", "")
        return {
            person_of_grantee(call, member).number
            for group in groups
            if str(group.number) == wanted
            for member in group.members
        }
    if kind in ("spweb.allusers", "spweb.users"):
        return {one.number for one in everyone(call) if one.type == USER}
    raise bad_query(f"Cannot complete this action. '{kind}' is no kind of membership.")
