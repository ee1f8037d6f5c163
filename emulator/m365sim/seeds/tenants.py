"""Builds the tenants of a cloud from YAML files, in the order of the files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from m365sim.seeds.directory import make_app, make_consent, make_tenant, make_user
from m365sim.seeds.model import TenantFile
from m365sim.seeds.names import Names
from m365sim.seeds.policies import make_policy
from m365sim.seeds.site_model import SiteEntry
from m365sim.seeds.sites import Sites
from m365sim.tenant import Directory, Tenant
from m365sim.yaml_file import Source

if TYPE_CHECKING:
    from m365sim.world import World

#: Makes the world of the first tenant of a directory.
Found = Callable[[Directory, Tenant], "World"]


@dataclass(frozen=True, slots=True)
class _Read:
    source: Source
    file: TenantFile
    tenant: Tenant


def build_tenants(
    paths: Sequence[Path], found: Found, *, now: datetime, sharepoint_domain: str, seed: int
) -> World:
    """Build the tenants that files describe, and return the world of the first one.

    All directories come first, so that a tenant may consent to the app of one that follows. A file
    that is not what it should be is a `BadFile`.
    """
    directory = Directory()
    read = []
    for path in paths:
        source = Source(path)
        file = source.validated(TenantFile)
        tenant = _directory(source, file, directory, now, sharepoint_domain)
        read.append(_Read(source, file, tenant))
    first = found(directory, read[0].tenant)
    for one in read:
        here = first if one is read[0] else first.add_tenant(one.tenant, seed=seed)
        _fill(here, one)
    return first


def _directory(
    source: Source,
    file: TenantFile,
    directory: Directory,
    now: datetime,
    sharepoint_domain: str,
) -> Tenant:
    tenant = make_tenant(source, file.tenant, directory, sharepoint_domain)
    for user in file.users:
        make_user(source, user, directory, tenant)
    for app in file.apps:
        make_app(source, app, directory, tenant, now)
    return tenant


def _fill(world: World, read: _Read) -> None:
    source, file = read.source, read.file
    names = Names(world, source)
    for consent in file.consents:
        user = names.user(consent.user, (*consent.place, "user")) if consent.user else None
        make_consent(source, consent, world.directory, world.tenant, user)
    for policy in file.policies:
        make_policy(source, policy, world, names)
    _add_groups(world, read, names)
    sites = Sites(world, source)
    if all(site.path.strip("/") for site in file.sites):
        sites.add(SiteEntry(title=world.tenant.display_name))
    for site in file.sites:
        sites.add(site)
    people = world.directory.users_of(world.tenant.id)
    for user_entry, person in zip(file.users, people, strict=True):
        if user_entry.onedrive is not None and user_entry.guest is None:
            sites.libraries.add_one_drive(person, user_entry.onedrive)


def _add_groups(world: World, read: _Read, names: Names) -> None:
    made = []
    for entry in read.file.groups:
        if names.find_group(entry.name) is not None:
            place = (*entry.place, "name")
            raise read.source.bad(place, f"there is a group {entry.name} already")
        is_unified = entry.kind == "microsoft365"
        made.append(world.sharing.add_group(entry.name, [], mail=entry.mail, is_unified=is_unified))
    for entry, group in zip(read.file.groups, made, strict=True):
        for key, kept in (("members", group.members), ("owners", group.owners)):
            kept += [
                names.member(name, (*entry.place, key, number))
                for number, name in enumerate(getattr(entry, key))
            ]
