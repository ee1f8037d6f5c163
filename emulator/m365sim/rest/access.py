"""What a token may do through `_api`, and what the person behind it may.

The permissions are those of SharePoint's own API:
https://learn.microsoft.com/sharepoint/dev/solution-guidance/security-apponly-azuread,
https://learn.microsoft.com/graph/permissions-selected-overview
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from m365sim.entra.tokens import Principal
from m365sim.files import Site
from m365sim.rest.errors import denied
from m365sim.sharing import Level

if TYPE_CHECKING:
    from m365sim.world import World

FULL_CONTROL = frozenset({"Sites.FullControl.All", "AllSites.FullControl"})
_MANAGE = FULL_CONTROL | {"Sites.Manage.All", "AllSites.Manage"}
_WRITE = _MANAGE | {"Sites.ReadWrite.All", "AllSites.Write"}
_READ = _WRITE | {"Sites.Read.All", "AllSites.Read"}
READ, WRITE, MANAGE, FULL = range(4)
_SCOPES = (_READ, _WRITE, _MANAGE, FULL_CONTROL)
_GRANTS = (
    frozenset({"read", "write", "owner", "fullcontrol"}),
    frozenset({"write", "owner", "fullcontrol"}),
    frozenset({"owner", "fullcontrol"}),
    frozenset({"owner", "fullcontrol"}),
)
_LEVELS = (Level.READ, Level.WRITE, Level.WRITE, Level.OWNER)
_OWN = (frozenset({"MyFiles.Read", "MyFiles.Write"}), frozenset({"MyFiles.Write"}))


def check_token(world: World, principal: Principal, site: Site, need: int) -> None:
    """Refuse a token that does not allow something on a site."""
    held = principal.scopes | principal.roles
    if _SCOPES[need] & held:
        return
    granted = world.content.site_grants.get((principal.app_id, site.collection), frozenset())
    if "Sites.Selected" in held and _GRANTS[need] & granted:
        return
    own = principal.user is not None and site.owner_id == principal.user.id
    if own and need <= WRITE and _OWN[need] & held:
        return
    raise denied()


def check_site(world: World, principal: Principal, site: Site, need: int) -> None:
    """Refuse a caller that may not do something on a site itself."""
    check_token(world, principal, site, need)
    if site_level(world, principal, site) < _LEVELS[need]:
        raise denied()


def site_level(world: World, principal: Principal, site: Site) -> Level:
    """Return how much the person behind a request may do on a site itself."""
    if principal.user is None:
        return Level.OWNER
    level, current = Level.NONE, site
    while True:
        acl = world.sharing.site_acl(current)
        for permission in acl.permissions.values():
            if world.sharing.applies(permission, principal.user, site):
                level = max(level, permission.level)
        if not acl.inherits or current.parent is None:
            return level
        current = current.parent
