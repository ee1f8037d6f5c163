"""Which permissions a token must have for which call, as Microsoft's reference lists them.

Each page of https://learn.microsoft.com/graph/api/ has such a table; here they are by kind of
resource, the least privileged permission first. A token that has one of those may make the call;
what of the addressed site, list or item it may then see and change is for `access`, `list_access`
and `m365sim.sharing` to tell. The names of SharePoint's own permissions stand for those of Graph
on `/_api/v2.0` of the tenant host.
"""

from __future__ import annotations

from dataclasses import dataclass

from m365sim.entra.tokens import Principal
from m365sim.graph.reply import GraphError, denied


@dataclass(frozen=True, slots=True)
class Needed:
    """The permissions of which one is needed, the least first; () = the call is not for such."""

    delegated: tuple[str, ...]
    application: tuple[str, ...]


def _both(*names: str) -> Needed:
    return Needed(names, names)


#: What stands for more than it says: a token with the right of a pair has the left as well.
_SELECTED = (
    "Sites.Selected",
    "Lists.SelectedOperations.Selected",
    "ListItems.SelectedOperations.Selected",
    "Files.SelectedOperations.Selected",
)
_STAND_FOR = {
    "AllSites.Read": "Sites.Read.All",
    "AllSites.Write": "Sites.ReadWrite.All",
    "AllSites.Manage": "Sites.Manage.All",
    "AllSites.FullControl": "Sites.FullControl.All",
    "MyFiles.Read": "Files.Read",
    "MyFiles.Write": "Files.ReadWrite",
}

_MANAGE = ("Sites.Manage.All", "Sites.FullControl.All")
_SITES_WRITE = ("Sites.ReadWrite.All", *_MANAGE)
_SITES_READ = ("Sites.Read.All", *_SITES_WRITE)
_ALL_WRITE = ("Files.ReadWrite.All", *_SITES_WRITE)
_ALL_READ = ("Files.Read.All", "Files.ReadWrite.All", *_SITES_READ)
_DIRECTORY = ("Directory.Read.All", "Directory.ReadWrite.All")
_PEOPLE = ("User.ReadBasic.All", "User.Read.All", "User.ReadWrite.All", *_DIRECTORY)
_MEMBERS = (
    "GroupMember.Read.All",
    "GroupMember.ReadWrite.All",
    "Group.Read.All",
    "Group.ReadWrite.All",
    *_DIRECTORY,
)

FILES_READ = Needed(("Files.Read", "Files.ReadWrite", *_ALL_READ), _ALL_READ)
FILES_WRITE = Needed(("Files.ReadWrite", *_ALL_WRITE), _ALL_WRITE)
SITES_READ = _both(*_SITES_READ)
SITES_WRITE = _both(*_SITES_WRITE)
SITES_MANAGE = _both(*_MANAGE)
LIST_CREATE = Needed(_MANAGE, ("Sites.Manage.All", "Sites.ReadWrite.All", "Sites.FullControl.All"))
APPS_ALONE = Needed((), _SITES_READ)
FULL_CONTROL = _both("Sites.FullControl.All")
GRANTING = Needed(_SITES_WRITE, _SITES_WRITE)
PROFILE = Needed(
    ("User.Read", "User.ReadWrite", *_PEOPLE),
    _PEOPLE,
)
PEOPLE = _both(*_PEOPLE)
MEMBERSHIPS = Needed(("User.Read", *_MEMBERS), _MEMBERS)
GROUPS = _both(*_MEMBERS)
SEARCH = _both(*_ALL_READ)
ANY = Needed((), ())  # what is asked for decides: subscriptions, batches

#: Kind of address → for reading, for changing.
_BY_KIND: dict[str, tuple[Needed, Needed]] = {
    "item": (FILES_READ, FILES_WRITE),
    "drive": (FILES_READ, FILES_WRITE),
    "share": (FILES_WRITE, FILES_WRITE),
    "site": (SITES_READ, SITES_WRITE),
    "sites": (SITES_READ, SITES_WRITE),
    "list": (SITES_READ, SITES_MANAGE),
    "listItem": (SITES_READ, SITES_WRITE),
    "siteColumn": (SITES_READ, SITES_MANAGE),
    "listColumn": (SITES_READ, SITES_MANAGE),
    "siteContentType": (SITES_READ, SITES_MANAGE),
    "listContentType": (SITES_READ, SITES_MANAGE),
    "siteContentTypeColumn": (SITES_READ, SITES_MANAGE),
    "listContentTypeColumn": (SITES_READ, SITES_MANAGE),
    "pages": (SITES_READ, SITES_WRITE),
    "page": (SITES_READ, SITES_WRITE),
    "me": (PROFILE, PROFILE),
    "user": (PROFILE, PROFILE),
    "users": (PEOPLE, PEOPLE),
    "group": (GROUPS, GROUPS),
    "groups": (GROUPS, GROUPS),
    "search": (SEARCH, SEARCH),
}
#: (kind, what is asked of it up to the first slash, verb) → what differs from its kind.
_EXCEPTIONS: dict[tuple[str, str, str], Needed] = {
    ("sites", "getAllSites", "GET"): APPS_ALONE,
    ("sites", "delta", "GET"): APPS_ALONE,
    ("site", "drives", "GET"): FILES_READ,
    ("site", "permissions", "GET"): FULL_CONTROL,
    ("site", "permissions", "POST"): FULL_CONTROL,
    ("site", "permissions", "PATCH"): FULL_CONTROL,
    ("site", "permissions", "DELETE"): FULL_CONTROL,
    ("site", "lists", "POST"): LIST_CREATE,
    ("site", "columns", "POST"): SITES_MANAGE,
    ("site", "contentTypes", "POST"): SITES_MANAGE,
    ("list", "items", "POST"): SITES_WRITE,
    ("list", "permissions", "POST"): GRANTING,
    ("list", "permissions", "PATCH"): GRANTING,
    ("list", "permissions", "DELETE"): GRANTING,
    ("listItem", "permissions", "POST"): GRANTING,
    ("listItem", "permissions", "PATCH"): GRANTING,
    ("listItem", "permissions", "DELETE"): GRANTING,
    ("item", "follow", "POST"): FILES_READ,
    ("item", "unfollow", "POST"): FILES_READ,
    ("item", "preview", "POST"): FILES_READ,
    ("item", "listItem", "GET"): SITES_READ,
    ("item", "listItem", "PATCH"): SITES_WRITE,
    ("listItem", "driveItem", "GET"): FILES_READ,
    ("me", "drives", "GET"): FILES_READ,
    ("user", "drives", "GET"): FILES_READ,
    ("group", "drives", "GET"): FILES_READ,
    ("group", "sites", "GET"): SITES_READ,
    **{
        (kind, "followedSites", verb): needed
        for kind in ("me", "user")
        for verb, needed in (("GET", SITES_READ), ("POST", SITES_WRITE))
    },
    **{
        (kind, which, "GET"): MEMBERSHIPS
        for kind in ("me", "user")
        for which in ("memberOf", "transitiveMemberOf")
    },
}
_OF_DIRECTORY = frozenset({"me", "user", "users", "group", "groups"})
_NO_DIRECTORY = frozenset({"drives", "sites", "followedSites"})


def needed(kind: str, op: str, method: str) -> Needed:
    """Return the permissions of which a call needs one."""
    first = op.partition("/")[0]
    known = _EXCEPTIONS.get((kind, first, method))
    if known is not None:
        return known
    pair = _BY_KIND.get(kind)
    if pair is None:
        return ANY
    return pair[0] if method == "GET" else pair[1]


def check_permissions(principal: Principal, wanted: Needed, kind: str, op: str) -> None:
    """Refuse a token that has none of the permissions needed."""
    if wanted is ANY:
        return
    names = wanted.application if principal.user is None else wanted.delegated
    if not names:
        who = "application" if wanted.application else "delegated"
        raise denied(f"This operation is only supported with {who} permissions.")
    held = {_STAND_FOR.get(name, name) for name in principal.scopes | principal.roles}
    if held.intersection(names):
        return
    if kind in _OF_DIRECTORY and op.partition("/")[0] not in _NO_DIRECTORY:
        raise GraphError(
            403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."
        )
    if wanted is FULL_CONTROL or not held.intersection(_SELECTED):
        raise denied()
