"""Makes the document libraries, folders and files that a tenant file describes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m365sim.files import Actor, Drive, Item, Site
from m365sim.files.blob import Blob, FileBlob, FillerBlob, MemoryBlob
from m365sim.seeds.grants import Grants
from m365sim.seeds.names import Names, actor_of
from m365sim.seeds.site_model import ItemEntry, LibraryEntry, OneDriveEntry, VersionEntry
from m365sim.seeds.values import Values
from m365sim.tenant import User
from m365sim.transfer.intake import IN_MEMORY
from m365sim.yaml_file import Source

if TYPE_CHECKING:
    from m365sim.world import World


class Libraries:
    """Fills the libraries of one tenant file."""

    def __init__(
        self, world: World, source: Source, names: Names, grants: Grants, values: Values
    ) -> None:
        self._world = world
        self._source = source
        self._names = names
        self._grants = grants
        self._values = values

    def add(self, site: Site, entry: LibraryEntry) -> None:
        """Make a library with its columns; its items come by `fill`."""
        url = entry.url or ("Shared Documents" if entry.title == "Documents" else entry.title)
        if any(url.lower() == drive.url_name.lower() for drive in site.drives):
            key = "url" if entry.url else "title"
            raise self._source.bad((*entry.place, key), f"the site has a library at {url} already")
        drive = self._world.content.add_drive(
            site,
            entry.title,
            url,
            owner=self._names.actor(None, entry.place),
            synthetic_files=entry.made_up_files,
        )
        drive.description = entry.description
        if entry.mirror is not None:
            place = (*entry.place, "mirror")
            folder = self._source.path.parent / entry.mirror
            if not folder.is_dir():
                raise self._source.bad(place, f"there is no folder {entry.mirror}")
            self._world.content.mirror(drive, folder)

    def fill(self, site: Site, entry: LibraryEntry) -> None:
        """Put columns, items and permissions into a library."""
        url = entry.url or ("Shared Documents" if entry.title == "Documents" else entry.title)
        drive = next(d for d in site.drives if d.url_name == url)
        library = self._world.lists.library(drive)
        self._values.add_columns(library, entry.columns, (*entry.place, "columns"))
        for item in entry.items:
            self._put(drive, item)
        if entry.permissions is not None:
            self._grants.item(drive, drive.root, entry.permissions)

    def add_one_drive(self, user: User, entry: OneDriveEntry) -> None:
        """Give somebody a OneDrive."""
        slug = user.upn.replace("@", "_").replace(".", "_")
        content = self._world.content
        site = content.add_site(f"/personal/{slug}", user.display_name, owner=user)
        owner = actor_of(user)
        drive = content.add_drive(site, "OneDrive", "Documents", drive_type="business", owner=owner)
        for item in entry.items:
            self._put(drive, item, owner)

    def _put(self, drive: Drive, entry: ItemEntry, author: Actor | None = None) -> None:
        place = (*entry.place, "file" if entry.file is not None else "folder")
        by = self._names.actor(entry.by, (*entry.place, "by"))
        if entry.by is None and author is not None:
            by = author
        at = int(entry.modified.timestamp()) if entry.modified is not None else None
        *above, name = entry.path.split("/")
        with self._source.blaming(place):
            folder: Item = drive.root
            for part in above:
                folder = drive.create_folder(folder, part, by, "replace", at=at)
            if entry.file is None:
                made = drive.create_folder(folder, name, by, "replace", at=at)
            elif drive.child(folder.uid, name) is not None:
                raise self._source.bad(place, f"{entry.path} is there twice")
            else:
                for earlier in entry.versions:
                    self._save(drive, folder, name, earlier, by)
                made, _ = drive.put_file(folder, name, self._blob(entry), by, at=at)
        if entry.fields:
            library = self._world.lists.library(drive)
            values = self._values.read(library, entry.fields, (*entry.place, "fields"))
            fields = {**(made.fields or {}), **values}
            made = library.change(made, by, fields)
            if at is not None:
                made.modified_at = at  # nobody has seen it yet
        if entry.permissions is not None:
            self._grants.item(drive, made, entry.permissions)

    def _save(
        self, drive: Drive, folder: Item, name: str, entry: VersionEntry, otherwise: Actor
    ) -> None:
        """Store an earlier content of a file."""
        by = otherwise
        if entry.by is not None:
            by = self._names.actor(entry.by, (*entry.place, "by"))
        at = int(entry.modified.timestamp()) if entry.modified is not None else None
        drive.put_file(folder, name, self._blob(entry), by, at=at)

    def _blob(self, entry: VersionEntry) -> Blob:
        if entry.size is not None:
            return FillerBlob(entry.size)
        if entry.source is None:
            return MemoryBlob((entry.text or "").encode())
        path = self._source.path.parent / entry.source
        try:
            size = path.stat().st_size
            if size <= IN_MEMORY:
                return MemoryBlob(path.read_bytes())
            path.open("rb").close()
        except OSError as unreadable:
            reason = f"{entry.source}: {unreadable.strerror}"
            raise self._source.bad((*entry.place, "from"), reason) from unreadable
        return FileBlob(path.absolute(), size)
