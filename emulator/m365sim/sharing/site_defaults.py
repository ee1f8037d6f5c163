"""What a new site grants: to the owners, members and visitors that every site has groups for.

Here each site is open to the whole organisation, as public teams are; a OneDrive is its owner's.
https://learn.microsoft.com/sharepoint/default-sharepoint-groups
"""

from __future__ import annotations

from m365sim.files import Site
from m365sim.files.ids import guid_of, mint_uid
from m365sim.sharing.acl import Acl, Permission
from m365sim.sharing.grantees import (
    EVERYONE,
    EVERYONE_BUT_GUESTS,
    Grantee,
    everyone_but_guests,
    is_guest,
    owners_grantee,
    site_group_grantee,
    user_grantee,
)
from m365sim.sharing.groups import Group, SiteGroup
from m365sim.tenant import Directory, Tenant, User

OWNERS, VISITORS, MEMBERS = 3, 4, 5  # the numbers that the groups of a new site get


class Defaults:
    """Makes the groups and permissions of sites that were not given any."""

    def __init__(self, tenant: Tenant, directory: Directory, seed: int) -> None:
        self._tenant = tenant
        self._directory = directory
        self._seed = seed

    def group(self, site: Site) -> Group:
        """Make the Microsoft 365 group of a team site: everyone is in it, admins own it."""
        people = [u for u in self._directory.users_of(self._tenant.id) if not is_guest(u)]
        return Group(
            guid_of(mint_uid("group", site.collection, self._seed)),
            site.display_name,
            f"{site.name}@{self._tenant.domain}",
            site.created_at,
            members=[user.id for user in people],
            owners=[user.id for user in people if user.is_admin],
        )

    def site(self, site: Site, group: Group | None) -> tuple[Acl, list[SiteGroup]]:
        """Make the permissions of a site collection, and its groups."""
        if site.owner_id is not None:
            owner = self._directory.users.get(site.owner_id)
            acl = Acl(inherits=False)
            if owner is not None:
                _grant(acl, user_grantee(owner), "owner")
            return acl, []
        owners = [
            user_grantee(user)
            for user in self._directory.users_of(self._tenant.id)
            if user.is_admin
        ]
        members = [everyone_but_guests(self._tenant.id)]
        if group is not None:
            owners.append(owners_grantee(group.id, group.name, group.mail))
            members.append(group.grantee)
        name = site.display_name
        groups = [
            SiteGroup(OWNERS, f"{name} Owners", owners),
            SiteGroup(VISITORS, f"{name} Visitors"),
            SiteGroup(MEMBERS, f"{name} Members", members),
        ]
        acl = Acl(inherits=False)
        for made, role in zip(groups, ("owner", "read", "write"), strict=True):
            _grant(acl, site_group_grantee(made.number, made.name), role)
        return acl, groups

    def is_everyone(self, grantee: Grantee, user: User) -> bool:
        """Tell whether somebody has the claim of being in the organisation, or just anyone."""
        if grantee.id == EVERYONE:
            return True
        mine = grantee.id == EVERYONE_BUT_GUESTS + self._tenant.id
        return mine and user.tenant_id == self._tenant.id and not is_guest(user)


def _grant(acl: Acl, grantee: Grantee, role: str) -> None:
    acl.add(Permission(grantee.permission_id, (role,), grantee))
