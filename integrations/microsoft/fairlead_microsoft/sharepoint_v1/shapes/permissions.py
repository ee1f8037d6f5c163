"""Role assignments -> `Permission`, the same record that Graph's permissions give.

https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn531432(v=office.15);
kinds of roles: https://learn.microsoft.com/previous-versions/office/sharepoint-csom/ee536725(v=office.15),
kinds of principals: https://learn.microsoft.com/previous-versions/office/sharepoint-csom/ee541430(v=office.15).
A sharing link is a group of the site there, `SharingLinks...`, and comes as one.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fairlead_microsoft.sharepoint.syncs.permissions import GraphPermission, Permission

#: what SharePoint's own API does not tell of a permission: invitations, links and their ends, and
#: what is marked as inherited (an item that inherits is not asked)
NOT_TOLD = (
    *("link", "invitation", "share_id", "expiration_date_time", "has_password"),
    *("granted_to_identities_v2", "inherited_from"),
)
#: what is asked of each object's role assignments
EXPAND = "Member,RoleDefinitionBindings"
#: kind of a role -> what Graph calls it; a guest may only pass (`Limited Access`)
_ROLES = {2: "read", 3: "write", 4: "write", 5: "owner", 6: "write", 7: "write"}
_USER, _SECURITY_GROUP, _SITE_GROUP = 1, 4, 8
_DIRECTORY = ("c:0o.c|federateddirectoryclaimprovider|", "c:0t.c|tenant|")


def permissions_of(
    drive_id: str, item_id: str, assignments: Sequence[Mapping[str, Any]]
) -> Iterator[Permission]:
    """Yield the records of an item's role assignments; who may only pass has none.

    They lack `NOT_TOLD`; of a person there is no id of the directory.
    """
    for one in assignments:
        roles = _roles(one)
        member = one.get("Member") or {}
        if roles and member.get("LoginName"):
            told = GraphPermission(
                id=_id(str(member["LoginName"])), roles=roles, granted_to_v2=_grantee(member)
            )
            yield Permission.of(drive_id, item_id, told)


def _roles(assignment: Mapping[str, Any]) -> list[str]:
    kinds = [one.get("RoleTypeKind") for one in assignment.get("RoleDefinitionBindings") or ()]
    # a role that was made for the tenant lets read at the least
    return list(dict.fromkeys(_ROLES.get(kind or 0, "read") for kind in kinds if kind != 1))


def _id(login: str) -> str:
    return base64.urlsafe_b64encode(login.encode()).decode().rstrip("=")


def _grantee(member: Mapping[str, Any]) -> dict[str, Any]:
    login, kind = str(member["LoginName"]), member.get("PrincipalType")
    known = {"displayName": member.get("Title"), "id": str(member.get("Id"))}
    if kind == _SITE_GROUP:
        return {"siteGroup": {**known, "loginName": login}}
    email = {"email": member["Email"]} if member.get("Email") else {}
    found: dict[str, Any] = {"siteUser": {**known, "loginName": login, **email}}
    if kind == _USER:
        found["user"] = {"displayName": member.get("Title"), **email}
    directory = next((one for one in _DIRECTORY if login.startswith(one)), None)
    if kind == _SECURITY_GROUP and directory is not None:
        group = login.removeprefix(directory).removesuffix("_o")
        found["group"] = {"displayName": member.get("Title"), "id": group, **email}
    return found
