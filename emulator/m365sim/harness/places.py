"""Files by the address that people see: `/sites/marketing/Shared Documents/Press/Launch.html`."""

from __future__ import annotations

from m365sim.files import Actor, Drive, Item, Site
from m365sim.files.blob import MemoryBlob
from m365sim.files.item import SYSTEM
from m365sim.files.problems import Missing
from m365sim.tenant import User
from m365sim.world import World


def drive_at(world: World, address: str) -> tuple[Drive, list[str]]:
    """Return the library of an address, and the names that lead from its root to the item.

    The address of a site alone stands for its first library. Missing when there is none.
    """
    names = [name for name in address.split("/") if name]
    site = _site_of(world, names)
    below = names[len([part for part in site.path.split("/") if part]) :]
    if not below and site.drives:
        return site.drives[0], []
    for drive in site.drives:
        if below and below[0].lower() in (drive.url_name.lower(), drive.name.lower()):
            return drive, below[1:]
    known = ", ".join(f"{site.path}/{drive.url_name}" for drive in site.drives)
    raise Missing(f"no library lies at {address!r}; this site has {known or 'none'}")


def item_at(world: World, address: str) -> tuple[Drive, Item]:
    """Return the file or folder of an address; Missing when there is none."""
    drive, names = drive_at(world, address)
    try:
        return drive, drive.resolve(drive.root, names)
    except Missing as missing:
        raise Missing(f"nothing lies at {address!r}") from missing


def put_file(world: World, address: str, content: str | bytes, by: User | None = None) -> str:
    """Write a file, with the folders above it, and return its id."""
    drive, names = drive_at(world, address)
    if not names:
        raise Missing(f"{address!r} names no file")
    actor = actor_of(by)
    folder = drive.root
    for name in names[:-1]:
        folder = drive.create_folder(folder, name, actor, "replace")
    blob = MemoryBlob(content.encode() if isinstance(content, str) else content)
    return drive.item_id(drive.put_file(folder, names[-1], blob, actor)[0].uid)


def move(world: World, address: str, to: str, by: User | None = None) -> str:
    """Rename a file or folder, or move it within its library; returns its id."""
    drive, item = item_at(world, address)
    target, names = drive_at(world, to)
    if target is not drive or not names:
        raise Missing(f"{to!r} is no place in the library of {address!r}")
    above = drive.resolve(drive.root, names[:-1])
    parent = above if above.uid != item.parent else None
    name = names[-1] if names[-1] != item.name else None
    return drive.item_id(drive.update(item, actor_of(by), name=name, parent=parent).uid)


def actor_of(user: User | None) -> Actor:
    """Return a person as the author of changes; nobody is the system."""
    return Actor(user.id, user.display_name, user.email) if user is not None else SYSTEM


def _site_of(world: World, names: list[str]) -> Site:
    host = world.tenant.personal_host if names[:1] == ["personal"] else world.content.host
    for length in range(len(names), -1, -1):
        path = "/" + "/".join(names[:length]) if length else ""
        site = world.content.site_at(host, path)
        if site is not None:
            return site
    raise Missing(f"no site lies at /{'/'.join(names)}")
