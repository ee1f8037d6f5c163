"""Finds whom the names in a tenant file stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m365sim.files import Actor, Site
from m365sim.files.item import SYSTEM
from m365sim.sharing import Grantee, Group
from m365sim.sharing.grantees import (
    everyone,
    everyone_but_guests,
    site_group_grantee,
    user_grantee,
)
from m365sim.tenant import User
from m365sim.yaml_file import Place, Source

if TYPE_CHECKING:
    from m365sim.world import World


class Names:
    """The people and groups of one tenant."""

    def __init__(self, world: World, source: Source) -> None:
        self._world = world
        self._source = source

    def find_user(self, name: str) -> User | None:
        """Find a user by sign-in name, its first part, or e-mail address."""
        tenant = self._world.tenant
        wanted = name.lower()
        for user in self._world.directory.users_of(tenant.id):
            known = (user.upn.lower(), user.email.lower())
            if wanted in known or f"{wanted}@{tenant.domain}" == known[0]:
                return user
        return None

    def find_group(self, name: str) -> Group | None:
        """Find a group of the directory by its name, in any case."""
        groups = self._world.sharing.groups()
        return next((group for group in groups if group.name.lower() == name.lower()), None)

    def user(self, name: str, place: Place) -> User:
        """Return a user, or say that there is none of that name."""
        found = self.find_user(name)
        if found is None:
            raise self._source.bad(place, f"there is no user {name}")
        return found

    def actor(self, name: str | None, place: Place) -> Actor:
        """Return who made something; without a name the tenant's first user."""
        if name is None:
            first = next(iter(self._world.directory.users_of(self._world.tenant.id)), None)
            return actor_of(first) if first is not None else SYSTEM
        return actor_of(self.user(name, place))

    def member(self, name: str, place: Place) -> str:
        """Return the id of a user or a group."""
        found = self.find_user(name) or self.find_group(name)
        if found is None:
            raise self._source.bad(place, f"there is no user and no group {name}")
        return found.id

    def grantee(self, name: str, site: Site, place: Place) -> Grantee:
        """Return whom access is granted to: a user, a group, a group of the site, or everyone."""
        wanted = name.lower()
        if wanted == "everyone":
            return everyone()
        if wanted == "everyone but guests":
            return everyone_but_guests(self._world.tenant.id)
        if (user := self.find_user(name)) is not None:
            return user_grantee(user)
        if (group := self.find_group(name)) is not None:
            return group.grantee
        for one in self._world.sharing.site_groups(site):
            if one.name.lower() == wanted:
                return site_group_grantee(one.number, one.name)
        raise self._source.bad(place, f"there is no user and no group {name}")


def actor_of(user: User) -> Actor:
    """Return a user as somebody who makes changes."""
    return Actor(user.id, user.display_name, user.email)
