"""Granting access to people, groups and whoever has an address elsewhere.

https://learn.microsoft.com/graph/api/driveitem-invite
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from m365sim.files import Drive, Item
from m365sim.files.problems import Refused
from m365sim.sharing.acl import Permission
from m365sim.sharing.face import Sharing
from m365sim.sharing.grantees import Grantee, user_grantee
from m365sim.tenant import User


class Unresolved(Refused):
    """A recipient is nobody known."""


class Inherited(Refused):
    """A permission comes from above, and is changed there."""


def recipient(
    sharing: Sharing, *, object_id: str | None, email: str | None, alias: str | None
) -> Grantee | str:
    """Find whom a recipient stands for: a user, a group, or an address outside as it is."""
    directory, tenant = sharing.directory, sharing.tenant
    if object_id:
        user = directory.users.get(object_id)
        group = sharing.group(object_id)
    else:
        wanted = (email or (f"{alias}@{tenant.domain}" if alias else "")).lower()
        people = directory.users_of(tenant.id)
        user = next((u for u in people if wanted in (u.email.lower(), u.upn.lower())), None)
        group = next((g for g in sharing.groups() if (g.mail or "").lower() == wanted), None)
        is_outside = "@" in wanted and not wanted.endswith(f"@{tenant.domain}")
        if user is None and group is None and is_outside:
            return wanted
    if user is not None:
        return user_grantee(user)
    if group is not None:
        return group.grantee
    raise Unresolved("One or more users could not be resolved.")


def invite(
    sharing: Sharing,
    drive: Drive,
    item: Item,
    recipients: Iterable[Grantee | str],
    roles: tuple[str, ...],
    *,
    expires_at: datetime | None = None,
) -> list[Permission]:
    """Grant roles on an item, in place of what the same recipients were granted on it before."""
    acl = sharing.own_acl(drive, item)
    made = []
    for one in recipients:
        if isinstance(one, Grantee):
            made.append(acl.add(Permission(one.permission_id, roles, one, expires_at=expires_at)))
            continue
        known = next((p for p in acl.permissions.values() if p.invited == one), None)
        number = known.id if known is not None else sharing.new_id()
        made.append(acl.add(Permission(number, roles, invited=one, expires_at=expires_at)))
    sharing.note(drive, item)
    return made


def own_permission(sharing: Sharing, drive: Drive, item: Item, permission_id: str) -> Permission:
    """Return a permission put on an item itself; Inherited when it comes from above."""
    acl = sharing.drive_acl(drive) if item.parent is None else sharing.item_acl(drive, item)
    if acl is not None and permission_id in acl.permissions:
        return acl.permissions[permission_id]
    raise Inherited("Inherited permissions cannot be changed on the item.")


def change_roles(
    sharing: Sharing, drive: Drive, item: Item, permission: Permission, roles: tuple[str, ...]
) -> None:
    """Let a permission allow something else."""
    permission.roles = roles
    sharing.note(drive, item)


def revoke(sharing: Sharing, drive: Drive, item: Item, permission: Permission) -> None:
    """Take a permission off an item; with the last one goes its being shared."""
    acl = sharing.own_acl(drive, item)
    del acl.permissions[permission.id]
    if acl.permissions or not acl.inherits:
        sharing.note(drive, item)
    else:
        sharing.restore_inheritance(drive, item)


def keep_only(sharing: Sharing, drive: Drive, item: Item, user: User | None) -> None:
    """Share an item for the first time without what it inherited; who does so stays its owner."""
    if sharing.item_acl(drive, item) is not None or item.parent is None:
        return
    kept = []
    if user is not None:
        grantee = user_grantee(user)
        kept = [Permission(grantee.permission_id, ("owner",), grantee)]
    sharing.break_inheritance(drive, item, copy=False, kept=kept)
