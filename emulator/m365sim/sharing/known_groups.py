"""Who belongs to which group, of the directory and of sites."""

from __future__ import annotations

from m365sim.clock import Clock
from m365sim.files import Content, Site
from m365sim.files.ids import guid_of, mint_uid
from m365sim.history.permissions import note_site_group
from m365sim.sharing.acl import Acl
from m365sim.sharing.grantees import Grantee
from m365sim.sharing.groups import Group, SiteGroup
from m365sim.sharing.site_defaults import Defaults
from m365sim.tenant import Directory, Tenant, User


class KnownGroups:
    """The groups of a tenant; those of a site are made when the site is first looked at."""

    def __init__(
        self, clock: Clock, seed: int, tenant: Tenant, directory: Directory, content: Content
    ) -> None:
        self.clock = clock
        self.tenant = tenant
        self.directory = directory
        self.content = content
        self._seed = seed
        self._made = 0
        self._defaults = Defaults(tenant, directory, seed)
        self._groups: dict[str, Group] = {}
        self._teams: dict[bytes, Group] = {}  # by site collection
        self._site_groups: dict[bytes, list[SiteGroup]] = {}  # by site collection
        self._site_users: dict[bytes, dict[str, int]] = {}  # site collection → login → number
        self._first_acls: dict[bytes, Acl] = {}  # of site collections

    def groups(self) -> list[Group]:
        """List the groups of the directory."""
        for site in self.content.sites:
            if site.in_group:
                self.group_of(site)
        return list(self._groups.values())

    def group(self, group_id: str) -> Group | None:
        """Find a group by its id."""
        return next((group for group in self.groups() if group.id == group_id.lower()), None)

    def add_group(
        self, name: str, members: list[User], *, mail: str | None = None, is_unified: bool = False
    ) -> Group:
        """Make a security group, or a Microsoft 365 group that has no site."""
        group = Group(
            self.new_id(),
            name,
            mail,
            self.clock.now(),
            is_unified=is_unified,
            members=[user.id for user in members],
        )
        self._groups[group.id] = group
        self.content.history.note("created", "group", {"group": group.id}, name)
        return group

    def group_of(self, site: Site) -> Group:
        """Return the Microsoft 365 group that a team site belongs to."""
        top = site.collection
        if top not in self._teams:
            made = self._teams[top] = self._defaults.group(site)
            self._groups[made.id] = made
        return self._teams[top]

    def site_of(self, group: Group) -> Site | None:
        """Return the team site of a group."""
        sites = (site for site in self.content.sites if site.in_group)
        return next((site for site in sites if self.group_of(site) is group), None)

    def holds(self, group: Group, user: User, seen: frozenset[str] = frozenset()) -> bool:
        """Tell whether somebody is in a group, right or through a group that is in it.

        Whoever owns it is in it only as a member, too:
        https://learn.microsoft.com/graph/api/group-post-owners.
        """
        if user.id in group.members:
            return True
        inner = (self._groups.get(one) for one in group.members if one not in seen)
        seen |= {group.id}
        return any(one is not None and self.holds(one, user, seen) for one in inner)

    def site_groups(self, site: Site) -> list[SiteGroup]:
        """List the groups of a site collection, which its subsites share."""
        self._make_defaults(top_of(site))
        return self._site_groups.setdefault(site.collection, [])

    def add_site_group(self, site: Site, name: str, members: list[Grantee]) -> SiteGroup:
        """Make a group of a site; by itself it grants nothing."""
        groups = self.site_groups(site)
        made = SiteGroup(self.site_user_number(site, name), name, members)
        groups.append(made)
        note_site_group(self.content.history, "created", site, made)
        return made

    def site_user_number(self, site: Site, login: str) -> int:
        """Return the number by which a site knows a user or group; met once, it is kept."""
        numbers = self._site_users.setdefault(site.collection, {})
        # The first five belong to the site's own accounts and its three groups.
        return numbers.setdefault(login, len(numbers) + 6)

    def site_users(self, site: Site) -> dict[str, int]:
        """Return the login names that a site has met, and their numbers."""
        return dict(self._site_users.get(site.collection, {}))

    def is_among(self, grantee: Grantee, user: User, site: Site) -> bool:
        """Tell whether a grantee is somebody, or a group that somebody is in."""
        match grantee.kind:
            case "user":
                return grantee.id == user.id
            case "siteUser":
                return self._defaults.is_everyone(grantee, user)
            case "group":
                group = self._groups.get(grantee.id)
                return group is not None and self._is_in(group, grantee, user)
            case "siteGroup":
                groups = [g for g in self.site_groups(site) if str(g.number) == grantee.id]
                members = groups[0].members if groups else []
                return any(self.is_among(member, user, site) for member in members)
            case _:
                return False

    def _is_in(self, group: Group, grantee: Grantee, user: User) -> bool:
        if grantee.login.endswith("_o"):  # its owners alone
            return user.id in group.owners
        return self.holds(group, user)

    def new_id(self) -> str:
        """Mint a GUID."""
        self._made += 1
        return guid_of(mint_uid("sharing", self._seed, self._made))

    def _make_defaults(self, site: Site) -> Acl:
        """Make the groups and permissions of a site collection, unless they were made."""
        if site.collection not in self._first_acls:
            group = self.group_of(site) if site.in_group else None
            acl, groups = self._defaults.site(site, group)
            self._first_acls[site.collection] = acl
            self._site_groups[site.collection] = groups
        return self._first_acls[site.collection]


def top_of(site: Site) -> Site:
    """Return the site collection's own site."""
    while site.parent is not None:
        site = site.parent
    return site
