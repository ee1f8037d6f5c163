"""Holders: to whom a permission is given, read from identity sets and login names.

Identity sets: https://learn.microsoft.com/graph/api/resources/sharepointidentityset; login names:
https://learn.microsoft.com/sharepoint/dev/general-development/claims-based-identity-and-concepts-in-sharepoint.
"""

import base64
import binascii
from dataclasses import dataclass
from enum import StrEnum

from fairlead_microsoft.sharepoint.file_models import Grantees, Permission

_USER = "i:0#.f|membership|"
#: apps, and accounts of the service itself
_NOT_PEOPLE = ("i:0i.t|", "sharepoint\\", "nt authority\\", "nt service\\")
_SECURITY_GROUP = "c:0t.c|tenant|"
_UNIFIED_GROUP = "c:0o.c|federateddirectoryclaimprovider|"
_EVERYONE = "c:0(.s|true"
_EVERYONE_BUT_GUESTS = "c:0-.f|rolemanager|spo-grid-all-users/"
_OWNERS = "_o"


class Kind(StrEnum):
    """What a permission can be given to."""

    USER = "user"
    GROUP = "group"
    #: the owners of a Microsoft 365 group, without its members
    GROUP_OWNERS = "groupOwners"
    SITE_GROUP = "siteGroup"
    EVERYONE = "everyone"
    EVERYONE_BUT_GUESTS = "everyoneExceptExternalUsers"
    APPLICATION = "application"
    #: nothing that is known here: nobody is taken to be among it
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Holder:
    """One that a permission is given to."""

    kind: Kind
    #: id of a user or group, number of a group of the site, login name of others
    id: str
    name: str
    #: of a user: sign-in name in lower case, if it is told
    upn: str = ""


def holder_of(grantees: Grantees, login: str = "") -> Holder:
    """Return whom an identity set names; `login` is its login name, if that is known otherwise.

    The owners of a group carry the group's id like its members: only the login name tells.
    """
    site_user, group, user = grantees.site_user, grantees.group, grantees.user
    login = (site_user.login_name if site_user else None) or login
    named = next((one for one in (user, group, site_user, grantees.site_group) if one), None)
    name = (named.display_name if named else None) or ""
    if user is not None and user.id:
        return Holder(Kind.USER, user.id, name, _upn(login))
    if group is not None and group.id:
        kind = Kind.GROUP_OWNERS if login.endswith(_OWNERS) else Kind.GROUP
        return Holder(kind, group.id.lower(), name)
    if grantees.site_group is not None and grantees.site_group.id:
        return Holder(Kind.SITE_GROUP, grantees.site_group.id, name)
    if grantees.application is not None:
        one = grantees.application
        return Holder(Kind.APPLICATION, one.id or "", one.display_name or "")
    return holder_of_login(login, name)


def holder_of_login(login: str, name: str = "") -> Holder:
    """Return whom a login name of SharePoint stands for."""
    lower = login.lower()
    if lower.startswith(_USER):
        return Holder(Kind.USER, "", name or _upn(login), _upn(login))
    for claim in (_UNIFIED_GROUP, _SECURITY_GROUP):
        if lower.startswith(claim):
            group = lower.removeprefix(claim)
            kind = Kind.GROUP_OWNERS if group.endswith(_OWNERS) else Kind.GROUP
            return Holder(kind, group.removesuffix(_OWNERS), name)
    kind = Kind.UNKNOWN
    if lower == _EVERYONE:
        kind, name = Kind.EVERYONE, name or "Everyone"
    elif lower.startswith(_EVERYONE_BUT_GUESTS):
        kind, name = Kind.EVERYONE_BUT_GUESTS, name or "Everyone except external users"
    elif lower.startswith(_NOT_PEOPLE):
        kind = Kind.APPLICATION
    return Holder(kind, login, name)


def login_in(permission: Permission) -> str:
    """Return the login name that a permission's id is, in base64url; "" if it is none."""
    text = permission.id
    try:
        found = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except (binascii.Error, ValueError):
        return ""
    return found if "|" in found else ""


def _upn(login: str) -> str:
    lower = login.lower()
    return lower.removeprefix(_USER) if lower.startswith(_USER) else ""
