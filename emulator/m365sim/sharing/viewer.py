"""What one caller may see and do in one drive."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from m365sim.files import Drive, Item
from m365sim.sharing.acl import Acl, Level, Permission

if TYPE_CHECKING:
    from m365sim.sharing.face import Sharing
    from m365sim.tenant import User


class Viewer:
    """Looks at a drive with a caller's eyes; what its token allows is another matter."""

    def __init__(self, sharing: Sharing, user: User | None, app_id: str, drive: Drive) -> None:
        self._sharing = sharing
        self._user = user
        self._app_id = app_id
        self._drive = drive
        self._only_granted = False  # an app that sees what was granted to it alone
        self._lent: tuple[bytes, Level] | None = None
        self._known: dict[int, Level] = {}  # by ACL: what it and those above it allow

    def restrict_to_grants(self) -> None:
        """Show an app no more than the items that were granted to it."""
        self._only_granted = True

    def lend(self, item: Item, level: Level) -> None:
        """Open an item and what is below for this once: a sharing link was sent along."""
        self._lent = (item.uid, level)

    @property
    def sees_everything(self) -> bool:
        """Whether no item has to be looked at on its own."""
        if self._user is None and not self._only_granted:
            return True
        if self._lent is not None or self._sharing.has_shared_items(self._drive):
            return False
        return self.level(self._drive.root) >= Level.READ

    def reaches(self) -> bool:
        """Tell whether there is anything in the drive for the caller."""
        if self._lent is not None or self.level(self._drive.root) >= Level.READ:
            return True
        return any(self.sees(item) for item in self._sharing.shared_items(self._drive))

    def sees(self, item: Item) -> bool:
        """Tell whether an item is there for the caller."""
        return self.level(item) >= Level.READ

    def level(self, item: Item) -> Level:
        """Return how much the caller may do with an item."""
        if self._user is None and not self._only_granted:
            return Level.OWNER
        found = self._granted(item)
        if self._lent is not None and found < self._lent[1]:
            uid, level = self._lent
            if item.uid == uid or uid in {above.uid for above in self._drive.ancestors(item)}:
                return level
        return found

    def _granted(self, item: Item) -> Level:
        chain = [acl for acl, _ in self._sharing.acls(self._drive, item)]
        key = id(chain[0])  # items whose nearest permissions are the same ones share all others
        if key not in self._known:
            self._known[key] = self._through(chain)
        return self._known[key]

    def _through(self, chain: list[Acl]) -> Level:
        to_app = to_user = Level.NONE
        for acl in chain:
            for permission in self._in_force(acl):
                if self._is_for_app(permission):
                    to_app = max(to_app, permission.level)
                elif self._user is not None and permission.level > to_user:
                    site = self._drive.site
                    if self._sharing.applies(permission, self._user, site):
                        to_user = permission.level
            if not acl.inherits:
                break
        if self._user is None:
            return to_app
        return min(to_app, to_user) if self._only_granted else to_user

    def _in_force(self, acl: Acl) -> Iterator[Permission]:
        now = self._sharing.clock.now()
        for permission in acl.permissions.values():
            if permission.expires_at is None or permission.expires_at > now:
                yield permission

    def _is_for_app(self, permission: Permission) -> bool:
        grantee = permission.grantee
        return grantee is not None and grantee.kind == "application" and grantee.id == self._app_id
