"""How changes of permissions and of groups are told: by what is in force afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from m365sim.files import Drive, Item, Site
    from m365sim.history.log import Scribe
    from m365sim.sharing import Acl, Permission, Sharing, SiteGroup


def note_item_permissions(sharing: Sharing, drive: Drive, item: Item) -> None:
    """Write down that other permissions than before are put on an item, or on a library."""
    acl = sharing.drive_acl(drive) if item.parent is None else sharing.item_acl(drive, item)
    sharing.content.history.note(
        "permissions",
        "library" if item.parent is None else "folder" if item.is_folder else "file",
        {"site": drive.site.id, "drive": drive.id, "item": drive.item_id(item.uid)},
        item.name if item.parent is not None else drive.name,
        path=drive.path(item),
        **acl_report(acl),
    )


def note_site_permissions(sharing: Sharing, site: Site) -> None:
    """Write down that other permissions than before are put on a site."""
    report = acl_report(sharing.site_acl(site))
    name = site.display_name
    sharing.content.history.note("permissions", "site", {"site": site.id}, name, **report)


def note_site_group(scribe: Scribe, action: str, site: Site, group: SiteGroup) -> None:
    """Write down that a group of a site came, or has other members."""
    of = {"site": site.id, "siteGroup": str(group.number)}
    scribe.note(action, "siteGroup", of, group.name, members=[one.name for one in group.members])


def acl_report(acl: Acl | None) -> dict[str, Any]:
    """Return the permissions put right on something, ready for JSON."""
    if acl is None:
        return {"inherits": True, "permissions": []}
    permissions = [permission_report(one) for one in acl.permissions.values()]
    return {"inherits": acl.inherits, "permissions": permissions}


def permission_report(permission: Permission) -> dict[str, Any]:
    """Return a permission ready for JSON: its roles, and whom it is for."""
    shown: dict[str, Any] = {"id": permission.id, "roles": list(permission.roles)}
    if permission.grantee is not None:
        grantee = permission.grantee
        shown["grantedTo"] = {"kind": grantee.kind, "id": grantee.id, "name": grantee.name}
    if permission.link is not None:
        link = permission.link
        shown["link"] = {
            "type": link.type,
            "scope": link.scope,
            "webUrl": link.web_url,
            "grantedTo": [member.name for member in link.members],
        }
    if permission.invited is not None:
        shown["invited"] = permission.invited
    if permission.expires_at is not None:
        shown["expiresAt"] = permission.expires_at.isoformat()
    return shown
