"""All sites and drives of a tenant: the face of the content store."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from m365sim.clock import Clock
from m365sim.files.drive import Drive, DriveType
from m365sim.files.enumeration import Rounds
from m365sim.files.ids import guid_of, mint_uid, uid_of
from m365sim.files.item import SYSTEM, Actor, Item
from m365sim.files.mirror import Mirror
from m365sim.files.site import Site
from m365sim.files.site_log import SiteLog
from m365sim.files.synthetic import SyntheticTree
from m365sim.history import History
from m365sim.history.items import note_act, note_item
from m365sim.tenant import Tenant, User

if TYPE_CHECKING:
    from m365sim.transfer.copies import CopyJob
    from m365sim.transfer.uploads import UploadSession


class DriveScribe:
    """Writes down what becomes of the items of a drive."""

    def __init__(self, content: Content, drive: Drive) -> None:
        self._content = content
        self._drive = drive

    def note_change(self, before: Item | None, after: Item) -> None:
        """Write down that one state of an item took the place of another."""
        note_item(self._content.history, self._drive, before, after)

    def note_act(self, action: str, item: Item) -> None:
        """Write down what was done with an item."""
        note_act(self._content.history, self._drive, action, item)


class Content:
    """The sites of a tenant, in the order they were made."""

    def __init__(self, *, clock: Clock, rng: Random, tenant: Tenant) -> None:
        self.clock = clock
        self.tenant = tenant
        self.host = tenant.sharepoint_host
        self.personal_host = tenant.personal_host
        self.rounds = Rounds()
        self.signing_key = rng.randbytes(32)  # of pre-authenticated addresses
        self.uploads: dict[str, UploadSession] = {}
        self.copies: dict[str, CopyJob] = {}
        self.mirrors: list[Mirror] = []
        self.sites: list[Site] = []
        self.site_log = SiteLog()
        self.history = History(clock).of(tenant.id)  # where changes are written down
        #: (app id, site collection) → roles, for apps that hold `Sites.Selected`
        self.site_grants: dict[tuple[str, bytes], frozenset[str]] = {}
        self._seed = rng.getrandbits(64)
        self._drives: dict[str, Drive] = {}
        self._spool: tempfile.TemporaryDirectory[str] | None = None
        self._spooled = 0
        self._kept_in: Path | None = None  # the folder for large bytes, if they outlive the process

    # -- sites

    def add_site(
        self,
        path: str,
        display_name: str,
        *,
        description: str = "",
        created_at: datetime | None = None,
        in_group: bool = False,
        owner: User | None = None,
        parent: Site | None = None,
    ) -> Site:
        """Make a site at a server-relative path: "" for the tenant's root, "/sites/x" for others.

        Sites of groups come from one template and share their web's GUID, and their first library
        its GUID, as in the real service.
        """
        host = self.personal_host if owner else self.host
        web = mint_uid("web of the group template" if in_group else ("web", host, path), self._seed)
        site = Site(
            host,
            path,
            parent.collection if parent else mint_uid("collection", host, path, self._seed),
            web,
            path.rpartition("/")[2],
            display_name,
            created_at or self.clock.now(),
            description,
            parent,
            owner.id if owner else None,
            in_group,
        )
        (parent.subsites if parent else self.sites).append(site)
        self.site_log.record(site)
        self.history.note("created", "site", {"site": site.id}, display_name, webUrl=site.web_url)
        return site

    def remove_site(self, site: Site) -> None:
        """Delete a site for good, with its subsites and libraries."""
        for below in list(site.subsites):
            self.remove_site(below)
        for drive in list(site.drives):
            self.remove_drive(drive)
        (site.parent.subsites if site.parent else self.sites).remove(site)
        self.site_log.record(site, gone=True)
        self.history.note("deleted", "site", {"site": site.id}, site.display_name)

    def describe_site(
        self, site: Site, *, display_name: str | None = None, description: str | None = None
    ) -> None:
        """Give a site another title or description; `sites/delta` tells of it."""
        site.display_name = site.display_name if display_name is None else display_name
        site.description = site.description if description is None else description
        self.site_log.record(site)
        self.history.note("updated", "site", {"site": site.id}, site.display_name)

    def all_sites(self) -> Iterator[Site]:
        """Yield site collections and, after each, its subsites at all depths."""

        def below(sites: list[Site]) -> Iterator[Site]:
            for site in sites:
                yield site
                yield from below(site.subsites)

        return below(self.sites)

    def site_by_id(self, text: str) -> Site | None:
        """Find a site by its id, by `root`, by a host, or by a bare site collection GUID."""
        wanted = text.lower()
        if wanted == "root":
            return self.site_at(self.host, "")
        if "," not in wanted:
            uid = uid_of(wanted)
            if uid is None:
                return self.site_at(wanted, "")
            return next((site for site in self.sites if site.collection == uid), None)
        parts = wanted.split(",")
        key = parts[1:] if len(parts) == 3 else parts
        for site in self.all_sites():
            if [guid_of(site.collection), guid_of(site.web)] == key:
                return site
        return None

    def site_at(self, host: str, path: str) -> Site | None:
        """Find a site by host and server-relative path, in any case."""
        wanted = (host.lower(), path.rstrip("/").lower())
        for site in self.all_sites():
            if (site.host, site.path.lower()) == wanted:
                return site
        return None

    def personal_site(self, user_id: str) -> Site | None:
        """Find the site that holds a user's OneDrive."""
        return next((site for site in self.sites if site.owner_id == user_id), None)

    # -- drives

    def add_drive(
        self,
        site: Site,
        name: str = "Documents",
        url_name: str = "Shared Documents",
        *,
        drive_type: DriveType = "documentLibrary",
        owner: Actor = SYSTEM,
        synthetic_files: int = 0,
        is_system: bool = False,
        library_uid: bytes | None = None,
    ) -> Drive:
        """Make a document library; the first of a site is its default one."""
        shared = site.in_group and not site.drives
        names = ("library of the group template",) if shared else (site.host, site.path, url_name)
        library = library_uid or mint_uid("library", *names, self._seed)
        base = None
        if synthetic_files:
            seed = mint_uid("tree", site.collection, library)
            started_at = int(self.clock.now().timestamp())
            base = SyntheticTree(seed, synthetic_files, started_at, owner)
        drive = Drive(
            site,
            library,
            name,
            url_name,
            self.clock,
            drive_type=drive_type,
            owner=owner,
            base=base,
            is_system=is_system,
        )
        site.drives.append(drive)
        self.site_log.record(site)
        self._drives[drive.id] = drive
        scribe = DriveScribe(self, drive)
        drive.told, drive.noted = scribe.note_change, scribe.note_act
        self._note_drive("created", drive)
        return drive

    def drives(self) -> list[Drive]:
        """List every drive of the tenant."""
        return list(self._drives.values())

    def drive_by_id(self, drive_id: str) -> Drive | None:
        """Find a drive; its id is case-sensitive."""
        return self._drives.get(drive_id)

    def remove_drive(self, drive: Drive) -> None:
        """Delete a library for good."""
        drive.site.drives.remove(drive)
        del self._drives[drive.id]
        self.site_log.record(drive.site)
        self._note_drive("deleted", drive)

    def put_back_drive(self, drive: Drive) -> None:
        """Let a library that was deleted be there again."""
        drive.site.drives.append(drive)
        self._drives[drive.id] = drive
        self._note_drive("restored", drive)

    def grant_site(self, app_id: str, site: Site, roles: frozenset[str] | None) -> None:
        """Let an app that holds `Sites.Selected` have roles on a site; None takes them back."""
        if roles is None:
            del self.site_grants[app_id, site.collection]
        else:
            self.site_grants[app_id, site.collection] = roles
        self.history.note(
            "permissions",
            "site",
            {"site": site.id},
            site.display_name,
            grantedTo={"kind": "application", "id": app_id},
            roles=sorted(roles or ()),
        )

    def _note_drive(self, action: str, drive: Drive) -> None:
        of = {"site": drive.site.id, "drive": drive.id, "list": guid_of(drive.library)}
        self.history.note(action, "library", of, drive.name, by=drive.owner)

    def expire_delta_tokens(self) -> None:
        """Let every delta token given out so far answer 410."""
        for drive in self._drives.values():
            drive.log.expire()
        self.site_log.expire()

    def mirror(self, drive: Drive, folder: Path) -> Mirror:
        """Let a library show what a folder of the host's disk holds."""
        mirror = Mirror(drive, folder)
        mirror.rescan()
        self.mirrors.append(mirror)
        return mirror

    async def watch(self, stop: asyncio.Event) -> None:
        """Follow changes of mirrored folders until told to stop."""
        await asyncio.gather(*(mirror.watch(stop) for mirror in self.mirrors))

    # -- bytes too large for memory

    def keep_in(self, folder: Path) -> None:
        """Put large bytes into a folder that `close` leaves alone."""
        self._kept_in = folder

    def spool_path(self) -> Path:
        """Return a fresh path for uploaded bytes, in a folder that `close` removes."""
        self._spooled += 1
        name = f"{self.tenant.name}-{self._spooled:06d}"
        if self._kept_in is not None:
            return self._kept_in / name
        if self._spool is None:
            self._spool = tempfile.TemporaryDirectory(prefix="m365sim-")
        return Path(self._spool.name) / name

    def close(self) -> None:
        """Give back what is held on the host's disk, half-done uploads included."""
        for session in self.uploads.values():
            if self._kept_in is None:
                session.intake.discard()
            else:
                session.intake.suspend()
        self.uploads.clear()
        if self._spool is not None:
            self._spool.cleanup()
            self._spool = None
