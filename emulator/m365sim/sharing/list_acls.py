"""The permissions of lists that are no libraries, and of their items.

They inherit as files do: an item what its list has, a list what its site has.
https://learn.microsoft.com/sharepoint/what-is-permissions-inheritance
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from m365sim.files import Site
from m365sim.sharing.acl import Acl, Level, Permission
from m365sim.tenant import User

Key = tuple[bytes, bytes, bytes]  # site collection, web, list


class ListAcls:
    """What is put on lists and their items."""

    def __init__(
        self,
        site_acl: Callable[[Site], Acl],
        applies: Callable[[Permission, User, Site], bool],
    ) -> None:
        self._site_acl = site_acl
        self._applies = applies
        self._lists: dict[Key, Acl] = {}
        self._rows: dict[Key, dict[int, Acl]] = {}

    def acl(self, site: Site, uid: bytes, row: int | None = None) -> Acl | None:
        """Return the own permissions of a list or an item; None when it only inherits."""
        key = _key(site, uid)
        return self._lists.get(key) if row is None else self._rows.get(key, {}).get(row)

    def break_inheritance(
        self, site: Site, uid: bytes, row: int | None, kept: list[Permission]
    ) -> Acl:
        """Let a list or an item inherit nothing from now on, and have what is named."""
        made = Acl(inherits=False, permissions={one.id: one for one in kept})
        key = _key(site, uid)
        if row is None:
            self._lists[key] = made
        else:
            self._rows.setdefault(key, {})[row] = made
        return made

    def restore_inheritance(self, site: Site, uid: bytes, row: int | None) -> None:
        """Let a list or an item have what is above it, and nothing of its own."""
        key = _key(site, uid)
        if row is None:
            self._lists.pop(key, None)
        else:
            self._rows.get(key, {}).pop(row, None)

    def clear(self, site: Site, uid: bytes, *, whole: bool) -> None:
        """Let the items of a list inherit again; `whole`: the list itself as well."""
        self._rows.pop(_key(site, uid), None)
        if whole:
            self._lists.pop(_key(site, uid), None)

    def effective(self, site: Site, uid: bytes, row: int | None = None) -> list[Permission]:
        """List the permissions in force on a list or an item."""
        found: dict[str, Permission] = {}
        for acl in self._chain(site, uid, row):
            for permission in acl.permissions.values():
                found.setdefault(permission.id, permission)
        return list(found.values())

    def level(self, user: User | None, site: Site, uid: bytes, row: int | None = None) -> Level:
        """Return how much somebody may do with a list or an item; an app alone may do all."""
        if user is None:
            return Level.OWNER
        return max(
            (p.level for p in self.effective(site, uid, row) if self._applies(p, user, site)),
            default=Level.NONE,
        )

    def has_rows(self, site: Site, uid: bytes) -> bool:
        """Tell whether any item of a list has permissions of its own."""
        return bool(self._rows.get(_key(site, uid)))

    def own(self, site: Site) -> Iterator[Permission]:
        """Yield what was put on the lists of a site and their items."""
        for key, acl in self._lists.items():
            if key[:2] == (site.collection, site.web):
                yield from acl.permissions.values()
        for key, rows in self._rows.items():
            if key[:2] == (site.collection, site.web):
                for acl in rows.values():
                    yield from acl.permissions.values()

    def _chain(self, site: Site, uid: bytes, row: int | None) -> Iterator[Acl]:
        """Yield the permissions on a list or an item and what is above it, upwards."""
        for number in (row, None) if row is not None else (None,):
            acl = self.acl(site, uid, number)
            if acl is not None:
                yield acl
                return
        current: Site | None = site
        while current is not None:
            above = self._site_acl(current)
            yield above
            current = current.parent if above.inherits else None


def _key(site: Site, uid: bytes) -> Key:
    return site.collection, site.web, uid
