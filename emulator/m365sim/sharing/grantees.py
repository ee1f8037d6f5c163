"""To whom access is granted, and the login names by which SharePoint knows them.

Claims: https://learn.microsoft.com/sharepoint/dev/general-development/claims-based-identity-and-concepts-in-sharepoint
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Literal

from m365sim.tenant import User

GranteeKind = Literal["user", "group", "siteGroup", "siteUser", "application"]

EVERYONE = "c:0(.s|true"
EVERYONE_BUT_GUESTS = "c:0-.f|rolemanager|spo-grid-all-users/"  # and the tenant's id
_MEMBERSHIP = "i:0#.f|membership|"
_UNIFIED_GROUP = "c:0o.c|federateddirectoryclaimprovider|"
_SECURITY_GROUP = "c:0t.c|tenant|"
_APP = "i:0i.t|ms.sp.ext|"


@dataclass(frozen=True, slots=True)
class Grantee:
    """A person, a group of the directory or of a site, a claim such as Everyone, or an app."""

    kind: GranteeKind
    id: str  # user, group or app id; number of a site group; login name of a claim
    name: str
    login: str
    email: str | None = None

    @property
    def permission_id(self) -> str:
        """The id of what is granted to it on a resource: its login name, in base64url."""
        return base64.urlsafe_b64encode(self.login.encode()).decode().rstrip("=")


def user_grantee(user: User) -> Grantee:
    """Return a person as a grantee."""
    return Grantee("user", user.id, user.display_name, _MEMBERSHIP + user.upn.lower(), user.email)


def group_grantee(group_id: str, name: str, email: str | None, *, is_unified: bool) -> Grantee:
    """Return a group of the directory as a grantee."""
    login = (_UNIFIED_GROUP if is_unified else _SECURITY_GROUP) + group_id
    return Grantee("group", group_id, name, login, email)


def owners_grantee(group_id: str, name: str, email: str | None) -> Grantee:
    """Return the owners of a Microsoft 365 group as a grantee."""
    return Grantee("group", group_id, f"{name} Owners", f"{_UNIFIED_GROUP}{group_id}_o", email)


def site_group_grantee(number: int, name: str) -> Grantee:
    """Return a group of a site as a grantee; its login is its name."""
    return Grantee("siteGroup", str(number), name, name)


def app_grantee(app_id: str, name: str, tenant_id: str) -> Grantee:
    """Return an app as a grantee."""
    return Grantee("application", app_id, name, f"{_APP}{app_id}@{tenant_id}")


def everyone() -> Grantee:
    """Return the claim that everyone has, guests included."""
    return Grantee("siteUser", EVERYONE, "Everyone", EVERYONE)


def everyone_but_guests(tenant_id: str) -> Grantee:
    """Return the claim that everyone of the organisation has."""
    login = EVERYONE_BUT_GUESTS + tenant_id
    return Grantee("siteUser", login, "Everyone except external users", login)


def is_guest(user: User) -> bool:
    """Tell whether somebody comes from outside: `name_home.com#EXT#@tenant`."""
    return "#ext#" in user.upn.lower()
