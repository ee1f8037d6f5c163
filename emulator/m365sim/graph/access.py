"""What a token may do: a coarse reading of Graph's file and site permissions.

What the person behind it may see and do is for `m365sim.sharing` to tell.

https://learn.microsoft.com/graph/permissions-reference,
https://learn.microsoft.com/graph/permissions-selected-overview
"""

from __future__ import annotations

from m365sim.entra.tokens import Principal
from m365sim.files import Content, Drive, Site
from m365sim.graph.reply import GraphError, denied

# "AllSites" and "MyFiles" are the delegated permissions of SharePoint's own API.
_SITES_WRITE = frozenset(
    {
        "Sites.ReadWrite.All",
        "Sites.Manage.All",
        "Sites.FullControl.All",
        "AllSites.Write",
        "AllSites.Manage",
        "AllSites.FullControl",
    }
)
_SITES_READ = _SITES_WRITE | {"Sites.Read.All", "AllSites.Read"}
_FILES_WRITE = _SITES_WRITE | {"Files.ReadWrite.All"}
_FILES_READ = _SITES_READ | {"Files.ReadWrite.All", "Files.Read.All"}
_OWN_WRITE = frozenset({"Files.ReadWrite", "MyFiles.Write"})
_OWN_READ = _OWN_WRITE | {"Files.Read", "MyFiles.Read"}
SELECTED = "Sites.Selected"
_GRANTED_ITEMS = frozenset(
    {
        "Lists.SelectedOperations.Selected",
        "ListItems.SelectedOperations.Selected",
        "Files.SelectedOperations.Selected",
    }
)
_SELECTED_WRITE = frozenset({"write", "owner", "fullcontrol"})
_USERS = frozenset(
    {
        "User.ReadBasic.All",
        "User.Read.All",
        "User.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    }
)
_PROFILE = frozenset({"User.Read", "User.ReadWrite"}) | _USERS
_GROUPS = frozenset(
    {
        "Group.Read.All",
        "Group.ReadWrite.All",
        "GroupMember.Read.All",
        "GroupMember.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    }
)


def check_sites(principal: Principal) -> None:
    """Refuse a token that may not read sites."""
    if not _SITES_READ & (principal.scopes | principal.roles):
        raise denied()


def check_sites_write(principal: Principal) -> None:
    """Refuse a token that may not change sites."""
    if not _SITES_WRITE & (principal.scopes | principal.roles):
        raise denied()


def check_site(content: Content, principal: Principal, site: Site) -> None:
    """Refuse a token that may not read a site."""
    held = principal.scopes | principal.roles
    if not (_FILES_READ | _OWN_READ) & held and not _is_selected(content, principal, site):
        raise denied()


def check_drive(content: Content, principal: Principal, drive: Drive, *, write: bool) -> None:
    """Refuse a token that may not read, or write, the files of a drive."""
    held = principal.scopes | principal.roles
    if (_FILES_WRITE if write else _FILES_READ) & held:
        return
    if _is_selected(content, principal, drive.site, write=write):
        return
    own = principal.user is not None and drive.site.owner_id == principal.user.id
    if own and (_OWN_WRITE if write else _OWN_READ) & held:
        return
    raise denied()


def is_open(content: Content, principal: Principal, drive: Drive, *, write: bool = False) -> bool:
    """Tell whether a token may read, or write, the files of a drive."""
    try:
        check_drive(content, principal, drive, write=write)
    except GraphError:
        return False
    return True


def check_search(principal: Principal, kind: str) -> None:
    """Refuse a token that may not search for a kind of thing.

    https://learn.microsoft.com/graph/api/resources/search-api-overview
    """
    needed = _FILES_READ if kind in ("driveItem", "drive") else _SITES_READ
    if not needed & (principal.scopes | principal.roles):
        raise GraphError(
            403, "Forbidden", "Access to the entity type is denied: a permission is missing."
        )


def check_profile(principal: Principal) -> None:
    """Refuse a token that may not read the signed-in user's profile."""
    _check_directory(principal, _PROFILE)


def check_users(principal: Principal) -> None:
    """Refuse a token that may not read the people of the tenant."""
    _check_directory(principal, _USERS)


def check_groups(principal: Principal) -> None:
    """Refuse a token that may not read the groups of the tenant."""
    _check_directory(principal, _GROUPS)


def may_read_users(principal: Principal) -> bool:
    """Tell whether a token may read the people of the tenant."""
    return bool(_USERS & (principal.scopes | principal.roles))


def may_read_groups(principal: Principal) -> bool:
    """Tell whether a token may read the groups of the tenant."""
    return bool(_GROUPS & (principal.scopes | principal.roles))


def check_full_control(principal: Principal) -> None:
    """Refuse a token that may not grant access to sites."""
    if "Sites.FullControl.All" not in principal.scopes | principal.roles:
        raise denied()


def opens_granted_items(principal: Principal) -> bool:
    """Tell whether a token opens the lists, items or files that were granted to its app."""
    return bool(_GRANTED_ITEMS & (principal.scopes | principal.roles))


def _check_directory(principal: Principal, needed: frozenset[str]) -> None:
    if not needed & (principal.scopes | principal.roles):
        raise GraphError(
            403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."
        )


def _is_selected(
    content: Content, principal: Principal, site: Site, *, write: bool = False
) -> bool:
    """Tell whether a token that opens selected sites only opens this one."""
    if SELECTED not in principal.scopes | principal.roles:
        return False
    granted = content.site_grants.get((principal.app_id, site.collection), frozenset())
    return bool(granted & _SELECTED_WRITE) if write else bool(granted)
