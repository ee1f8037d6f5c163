"""Puts the permissions of a tenant file on sites, libraries, folders and files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from m365sim.files import Drive, Item, Site
from m365sim.lists.generic import GenericList
from m365sim.seeds.names import Names
from m365sim.seeds.site_model import PermissionsEntry, SiteEntry, SitePermissionsEntry
from m365sim.sharing import Grantee, Permission
from m365sim.sharing.grantees import site_group_grantee
from m365sim.sharing.invitations import invite
from m365sim.sharing.links import create_link
from m365sim.sharing.site_defaults import MEMBERS, OWNERS, VISITORS
from m365sim.yaml_file import Place, Source

if TYPE_CHECKING:
    from m365sim.world import World

_APP = ("", "SharePoint")  # id and name of whatever made the links


class Grants:
    """Grants what one tenant file says."""

    def __init__(self, world: World, source: Source, names: Names) -> None:
        self._world = world
        self._source = source
        self._names = names

    def site(self, site: Site, entry: SiteEntry) -> None:
        """Give a site its groups, roles, unique permissions and selected apps."""
        self._set_roles(site, entry)
        self._add_groups(site, entry)
        acl = self._world.sharing.site_acl(site)
        if entry.permissions is not None:
            if site.parent is not None:
                acl.inherits = entry.permissions.inherit
            elif not entry.permissions.inherit:
                acl.permissions.clear()
            for grant in entry.permissions.grants:
                grantee = self._names.grantee(grant.to, site, (*grant.place, "to"))
                role, expires_at = (grant.role,), grant.expires
                acl.add(Permission(grantee.permission_id, role, grantee, expires_at=expires_at))
        for selected in entry.selected:
            self._select(site, selected.app, selected.roles, (*selected.place, "app"))

    def _set_roles(self, site: Site, entry: SiteEntry) -> None:
        groups = {group.number: group for group in self._world.sharing.site_groups(site)}
        roles = ((OWNERS, "owners"), (MEMBERS, "members"), (VISITORS, "visitors"))
        for number, key in roles:
            named: Sequence[str] | None = getattr(entry, key)
            if named is None:
                continue
            place = (*entry.place, key)
            if site.parent is not None:
                raise self._source.bad(place, "a subsite has the groups of its site collection")
            groups[number].members = self._grantees(named, site, place)

    def _add_groups(self, site: Site, entry: SiteEntry) -> None:
        sharing = self._world.sharing
        for one in entry.groups:
            taken = {group.name.lower() for group in sharing.site_groups(site)}
            if one.name.lower() in taken:
                place = (*one.place, "name")
                raise self._source.bad(place, f"the site has a group {one.name} already")
            members = self._grantees(one.members, site, (*one.place, "members"))
            made = sharing.add_site_group(site, one.name, members)
            if one.role is not None:
                grantee = site_group_grantee(made.number, made.name)
                permission = Permission(grantee.permission_id, (one.role,), grantee)
                sharing.site_acl(site).add(permission)

    def item(self, drive: Drive, item: Item, entry: PermissionsEntry) -> None:
        """Give a library, a folder or a file permissions and links of its own."""
        sharing = self._world.sharing
        if not entry.inherit:
            sharing.break_inheritance(drive, item, copy=False)
        for grant in entry.grants:
            grantee = self._names.grantee(grant.to, drive.site, (*grant.place, "to"))
            invite(sharing, drive, item, [grantee], (grant.role,), expires_at=grant.expires)
        for number, link in enumerate(entry.links):
            if link.to and link.scope != "users":
                place = (*entry.place, "links", number, "to")
                raise self._source.bad(place, "only a link of scope users is for certain people")
            made, _ = create_link(
                sharing,
                drive,
                item,
                kind=link.type,
                scope=link.scope,
                app=_APP,
                expires_at=link.expires,
            )
            if made.link is not None:
                place = (*link.place, "to")
                made.link.members.extend(self._grantees(link.to, drive.site, place))

    def of_list(self, target: GenericList, entry: SitePermissionsEntry) -> None:
        """Give a list permissions of its own; what it inherited is copied, unless it shall not."""
        sharing, site = self._world.sharing, target.site
        kept = sharing.lists.effective(site, target.uid) if entry.inherit else []
        acl = sharing.lists.break_inheritance(site, target.uid, None, list(map(replace, kept)))
        for grant in entry.grants:
            grantee = self._names.grantee(grant.to, site, (*grant.place, "to"))
            role, expires_at = (grant.role,), grant.expires
            acl.add(Permission(grantee.permission_id, role, grantee, expires_at=expires_at))

    def _grantees(self, named: Sequence[str], site: Site, place: Place) -> list[Grantee]:
        return [
            self._names.grantee(name, site, (*place, number)) for number, name in enumerate(named)
        ]

    def _select(self, site: Site, app_id: str, roles: Sequence[str], place: Place) -> None:
        if app_id not in self._world.directory.apps:
            raise self._source.bad(place, f"there is no app {app_id}")
        self._world.content.site_grants[app_id, site.collection] = frozenset(roles)
