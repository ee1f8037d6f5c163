"""The permissions of a tenant: of its sites, their libraries, and single items.

Inheritance is additive: an item has what its folder has, and what is put on the item itself, until
the inheritance is broken. https://learn.microsoft.com/sharepoint/what-is-permissions-inheritance
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING

from m365sim.clock import Clock
from m365sim.files import Content, Drive, Item, Site
from m365sim.history.permissions import note_item_permissions
from m365sim.sharing.acl import Acl, Permission
from m365sim.sharing.followed import Followed
from m365sim.sharing.grantees import is_guest
from m365sim.sharing.known_groups import KnownGroups
from m365sim.sharing.list_acls import ListAcls
from m365sim.sharing.viewer import Viewer
from m365sim.tenant import Directory, Tenant, User

if TYPE_CHECKING:
    from m365sim.entra.tokens import Principal


@dataclass(frozen=True, slots=True)
class Mail:
    """An invitation that the real service would have mailed."""

    to: str
    item_id: str
    item_name: str
    message: str
    sent_at: datetime


class Sharing(KnownGroups):
    """Who may see and do what in a tenant."""

    def __init__(
        self, *, clock: Clock, rng: Random, tenant: Tenant, directory: Directory, content: Content
    ) -> None:
        super().__init__(clock, rng.getrandbits(64), tenant, directory, content)
        self.followed = Followed()
        self.mails: list[Mail] = []  # that would have been sent
        self._sites: dict[tuple[bytes, bytes], Acl] = {}  # by site collection and web
        self._drives: dict[str, Acl] = {}
        self._items: dict[str, dict[bytes, Acl]] = {}  # drive id → uid → what is its own
        self._changes: dict[str, dict[bytes, list[int]]] = {}  # numbers in the drives' logs
        self._kinds: dict[tuple[str, int], str] = {}  # of those changes
        self.lists = ListAcls(self.site_acl, self.applies)

    # -- what is put on what

    def site_acl(self, site: Site) -> Acl:
        """Return the permissions of a site; a new one has those of its kind."""
        key = (site.collection, site.web)
        if key not in self._sites:
            self._sites[key] = Acl() if site.parent is not None else self._make_defaults(site)
        return self._sites[key]

    def drive_acl(self, drive: Drive) -> Acl:
        """Return the permissions of a library."""
        return self._drives.setdefault(drive.id, Acl())

    def item_acl(self, drive: Drive, item: Item) -> Acl | None:
        """Return an item's own permissions; None when it only inherits."""
        return self._items.get(drive.id, {}).get(item.uid)

    def own_acl(self, drive: Drive, item: Item) -> Acl:
        """Return an item's own permissions to be changed; those of the root are its library's."""
        if item.parent is None:
            return self.drive_acl(drive)
        return self._items.setdefault(drive.id, {}).setdefault(item.uid, Acl())

    def own_acl_if_any(self, drive: Drive, item: Item) -> Acl | None:
        """Return an item's own permissions, or its library's; None when it only inherits."""
        return self._drives.get(drive.id) if item.parent is None else self.item_acl(drive, item)

    def break_inheritance(
        self, drive: Drive, item: Item, *, copy: bool, kept: Iterable[Permission] = ()
    ) -> Acl:
        """Let an item inherit nothing from now on; `copy` keeps what it had from above.

        `kept` is put on it besides. A copy is changed without the permission that it is of.
        """
        above = list(self._from_above(drive, item)) if copy else []
        acl = self.own_acl(drive, item)
        acl.inherits = False
        for permission in (*kept, *above):
            acl.permissions.setdefault(permission.id, replace(permission))
        self.note(drive, item, "break")
        return acl

    def _from_above(self, drive: Drive, item: Item) -> Iterator[Permission]:
        """Yield what is in force on an item without being put on it: the nearest first."""
        now = self.clock.now()
        for acl, place in self.acls(drive, item):
            if place is None or place.uid != item.uid:
                for permission in acl.permissions.values():
                    if permission.expires_at is None or permission.expires_at > now:
                        yield permission
            if not acl.inherits:
                return

    def restore_inheritance(self, drive: Drive, item: Item) -> None:
        """Let an item have what its folder has, and nothing of its own."""
        self._items.get(drive.id, {}).pop(item.uid, None)
        if item.parent is None:
            self._drives.pop(drive.id, None)
        self.note(drive, item, "reset")

    def effective(self, drive: Drive, item: Item) -> list[tuple[Permission, bool]]:
        """List the permissions in force on an item; the flag tells its own from inherited ones.

        Those of a drive's root count as its own, wherever they come from. Of what one grantee has
        from several places, the one that allows most is in force: roles add up.
        """
        found: dict[str, tuple[Permission, bool]] = {}
        now = self.clock.now()
        for acl, place in self.acls(drive, item):
            for permission in acl.permissions.values():
                if permission.expires_at is None or permission.expires_at > now:
                    nearer = found.get(permission.id)
                    if nearer is None or nearer[0].level < permission.level:
                        found[permission.id] = (permission, place is item)
            if not acl.inherits:
                break
        if item.parent is None:
            return [(permission, True) for permission, _ in found.values()]
        return list(found.values())

    def acls(self, drive: Drive, item: Item) -> Iterator[tuple[Acl, Item | None]]:
        """Yield the permissions on an item, its folders, its library and its sites, upwards."""
        kept = self._items.get(drive.id)
        if kept:
            for one in (item, *reversed(drive.ancestors(item))):
                if (own := kept.get(one.uid)) is not None:
                    yield own, one
        yield self.drive_acl(drive), drive.root
        site: Site | None = drive.site
        while site is not None:
            yield self.site_acl(site), None
            site = site.parent

    def note(self, drive: Drive, item: Item, kind: str = "add") -> None:
        """Let a change of permissions show in the drive's change log."""
        number = drive.note(item)
        self._kinds[drive.id, number] = kind
        self._changes.setdefault(drive.id, {}).setdefault(item.uid, []).append(number)
        note_item_permissions(self, drive, item)

    def kind_of_change(self, drive: Drive, number: int) -> str | None:
        """Tell how permissions changed at a number of the drive's log: add, delete, break, ..."""
        return self._kinds.get((drive.id, number))

    def changed(self, drive: Drive, uid: bytes, since: int, until: int) -> bool:
        """Tell whether an item's permissions changed in (since, until] of the drive's log."""
        numbers = self._changes.get(drive.id, {}).get(uid)
        return numbers is not None and bisect_right(numbers, since) < bisect_right(numbers, until)

    def changes(self, drive: Drive, since: int) -> int:
        """Count the changes of permissions after a number of the drive's log."""
        noted = self._changes.get(drive.id, {}).values()
        return sum(len(numbers) - bisect_right(numbers, since) for numbers in noted)

    def scope(self, drive: Drive, uid: bytes) -> str | None:
        """Return how widely an item itself is shared; None when it only inherits.

        "" stands for permissions of its own that nobody was added by.
        """
        acl = self._items.get(drive.id, {}).get(uid)
        if acl is None:
            return None
        scopes = {p.link.scope if p.link is not None else "users" for p in acl.permissions.values()}
        return next((s for s in ("anonymous", "organization", "users") if s in scopes), "")

    def shared_items(self, drive: Drive) -> list[Item]:
        """List the live items that have permissions of their own."""
        found = (drive.find(uid) for uid in self._items.get(drive.id, ()))
        return [item for item in found if item is not None and drive.is_live(item)]

    def has_shared_items(self, drive: Drive) -> bool:
        """Tell whether any item of a drive may have permissions of its own."""
        return bool(self._items.get(drive.id))

    def find_link(self, share_id: str) -> tuple[Drive, Item, Permission] | None:
        """Find a sharing link by its token, and the item it opens."""
        now = self.clock.now()
        for drive in self.content.drives():
            for item in (drive.root, *self.shared_items(drive)):
                acl = self.item_acl(drive, item) if item.parent else self._drives.get(drive.id)
                for permission in acl.permissions.values() if acl is not None else ():
                    is_over = permission.expires_at is not None and permission.expires_at <= now
                    is_link = permission.link is not None
                    if is_link and permission.share_id == share_id and not is_over:
                        return drive, item, permission
        return None

    # -- who

    def viewer(self, principal: Principal, drive: Drive) -> Viewer:
        """Return what a caller may see and do in a drive, the token's permissions aside."""
        return Viewer(self, principal.user, principal.app_id, drive)

    def viewer_of(self, user: User, drive: Drive) -> Viewer:
        """Return what somebody may see and do in a drive, by whatever app."""
        return Viewer(self, user, "", drive)

    def sees_site(self, principal: Principal, site: Site, *, limited: bool = True) -> bool:
        """Tell whether a caller may see a site; `limited`: something within is enough."""
        user = principal.user
        if user is None:
            return True
        acls = self._site_acls(site)
        if any(self.applies(p, user, site) for acl in acls for p in acl.permissions.values()):
            return True
        return limited and any(self.viewer(principal, drive).reaches() for drive in site.drives)

    def applies(self, permission: Permission, user: User, site: Site) -> bool:
        """Tell whether a permission is one that somebody has."""
        link, grantee = permission.link, permission.grantee
        if link is not None:
            if user.id in link.redeemed:
                return link.scope != "organization" or not is_guest(user)
            return any(self.is_among(member, user, site) for member in link.members)
        if grantee is None:
            return (permission.invited or "").lower() == user.email.lower()
        return self.is_among(grantee, user, site)

    def _site_acls(self, site: Site) -> Iterator[Acl]:
        current: Site | None = site
        while current is not None:
            acl = self.site_acl(current)
            yield acl
            current = current.parent if acl.inherits else None
