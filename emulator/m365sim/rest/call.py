"""A request to `_api`: who asks, of which site, and what was sent along."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from m365sim.entra.tokens import Principal
from m365sim.faults import Receive
from m365sim.files import Actor, Drive, Item, Site
from m365sim.files.problems import Missing, TooLarge
from m365sim.lists import Library, Row, SharePointList
from m365sim.rest.access import READ, WRITE, check_site, check_token
from m365sim.rest.errors import bad_query, changed_since, denied, no_folder
from m365sim.sharing import Level, Viewer
from m365sim.transfer.intake import Intake

if TYPE_CHECKING:
    from m365sim.world import World

MAX_JSON = 4 * 1024 * 1024  # bytes
MAX_FILE = 250 * 1024 * 1024  # bytes that may come at once


@dataclass(slots=True)
class Call:
    """What a handler works on."""

    world: World
    principal: Principal
    method: str  # as `X-HTTP-Method` has it, if that is there
    site: Site
    query: dict[str, str]  # decoded
    headers: dict[str, str]  # names in lower case
    receive: Receive
    base: str  # where links lead: the address of the site's `_api`
    link: str = ""  # where the addressed resource is, without query
    path: str = ""  # what is asked for: that which follows `_api/`
    view_fields: frozenset[str] | None = None  # what a query wants of each item; None: everything
    cache: dict[Any, Any] = field(default_factory=dict)
    is_unmodelled: bool = False  # whether it asked for something that is left out
    _viewers: dict[str, Viewer] = field(default_factory=dict)

    # -- who may what

    def check(self, need: int) -> None:
        """Refuse a caller that may not do something on the site itself."""
        check_site(self.world, self.principal, self.site, need)

    def viewer(self, drive: Drive) -> Viewer:
        """Return what the caller may see and do in a library."""
        if drive.id not in self._viewers:
            self._viewers[drive.id] = self.world.sharing.viewer(self.principal, drive)
        return self._viewers[drive.id]

    def level(self, target: SharePointList) -> Level:
        """Return how much the caller may do with a list."""
        if isinstance(target, Library):
            return self.viewer(target.drive).level(target.drive.root)
        user = self.principal.user
        return self.world.sharing.lists.level(user, target.site, target.uid)

    def row_level(self, target: SharePointList, row: Row) -> Level:
        """Return how much the caller may do with an item."""
        if isinstance(target, Library) and row.item is not None:
            return self.viewer(target.drive).level(row.item)
        user, sharing = self.principal.user, self.world.sharing.lists
        return sharing.level(user, target.site, target.uid, row.id)

    def sees(self, target: SharePointList) -> bool:
        """Tell whether a list is there for the caller."""
        if isinstance(target, Library):
            return self.viewer(target.drive).reaches()
        if self.level(target) >= Level.READ:
            return True
        if not self.world.sharing.lists.has_rows(target.site, target.uid):
            return False
        return any(self.sees_row(target, row) for row in target.rows_after(0))

    def sees_row(self, target: SharePointList, row: Row) -> bool:
        """Tell whether an item is there for the caller."""
        if isinstance(target, Library) and row.item is not None:
            viewer = self.viewer(target.drive)
            return viewer.sees_everything or viewer.sees(row.item)
        if self.principal.user is None:
            return True
        if not self.world.sharing.lists.has_rows(target.site, target.uid):
            return True  # whoever sees the list sees its items
        return self.row_level(target, row) >= Level.READ

    def check_list(self, target: SharePointList, need: int = WRITE) -> None:
        """Refuse a caller that may not change a list."""
        check_token(self.world, self.principal, target.site, need)
        if self.level(target) < (Level.READ if need == READ else Level.WRITE):
            raise denied()

    def check_item(self, drive: Drive, item: Item, need: int = READ) -> None:
        """Refuse a file or folder that the caller may not see, or not change."""
        check_token(self.world, self.principal, drive.site, need)
        level = self.viewer(drive).level(item)
        if level < Level.READ:
            raise no_folder()
        if need > READ and level < Level.WRITE:
            raise denied()

    def check_match(self, found: str) -> None:
        """Refuse a change whose If-Match names another state than an object is in."""
        wanted = self.headers.get("if-match", "*").strip()
        if wanted != "*" and wanted.lower() != found.lower():
            raise changed_since(wanted, found)

    def actor(self) -> Actor:
        """Return who makes a change."""
        user = self.principal.user
        return Actor(
            user.id if user else None,
            user.display_name if user else "SharePoint App",
            user.email if user else None,
            self.principal.app_id,
            self.principal.app_display_name,
        )

    # -- places

    def lists(self) -> list[SharePointList]:
        """List what lists of the site the caller sees."""
        return [known for known in self.world.lists.of(self.site) if self.sees(known)]

    def place(self, text: str) -> tuple[Drive, list[str]]:
        """Find the library that a server- or site-relative path lies in, and the names below."""
        path = text.strip("/")
        mine = self.site.path.strip("/")
        if mine and path.lower().startswith(f"{mine}/".lower()):
            path = path[len(mine) + 1 :]
        for drive in self.site.drives:
            root = drive.url_name.lower()
            if path.lower() == root or path.lower().startswith(root + "/"):
                return drive, [name for name in path[len(root) :].split("/") if name]
        raise no_folder()

    def resolve(self, text: str) -> tuple[Drive, Item]:
        """Find the file or folder at a path; Missing when the caller does not see one."""
        drive, names = self.place(text)
        item = drive.resolve(drive.root, names)
        self.check_item(drive, item)
        return drive, item

    def by_unique_id(self, uid: bytes | None) -> tuple[Drive, Item]:
        """Find a file or folder of the site by its id."""
        for drive in self.site.drives:
            if uid == self.world.lists.library(drive).root_uid:
                return drive, drive.root
            found = drive.find(uid or b"")
            if found is not None and found.parent is not None and drive.is_live(found):
                self.check_item(drive, found)
                return drive, found
        raise Missing("There is no such file.")

    # -- what was sent

    async def json(self) -> dict[str, Any]:
        """Read a JSON object; without a body an empty one."""
        body = b"".join([chunk async for chunk in self.chunks(MAX_JSON)])
        if not body.strip():
            return {}
        try:
            value = orjson.loads(body)
        except orjson.JSONDecodeError as broken:
            raise bad_query("Invalid JSON. The request body could not be read.") from broken
        if not isinstance(value, dict):
            raise bad_query("Invalid JSON. An object was expected.")
        return value

    async def chunks(self, limit: int = MAX_FILE) -> AsyncIterator[bytes]:
        """Yield the body as it arrives."""
        size = 0
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise bad_query("The request body broke off.")
            chunk: bytes = message.get("body", b"")
            size += len(chunk)
            if size > limit:
                raise TooLarge("The request body is too large.")
            if chunk:
                yield chunk
            if not message.get("more_body"):
                return

    async def intake(self, into: Intake | None = None) -> Intake:
        """Take in the body as the content of a file."""
        taken = into or Intake(self.world.content.spool_path)
        async for chunk in self.chunks():
            taken.write(chunk)
        return taken


def pairs(values: Any) -> Iterator[tuple[str, Any]]:
    """Yield what a JSON object says, its annotations aside; verbose arrays become plain ones."""
    for key, value in values.items():
        if key == "__metadata" or key.startswith("odata.") or "@odata." in key:
            continue
        if isinstance(value, dict) and isinstance(value.get("results"), list):
            yield key, value["results"]
        else:
            yield key, value
