"""One request to Graph, with its address resolved against the content store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, unquote_plus

import orjson

from m365sim.entra.tokens import Principal
from m365sim.faults import ASGIApp
from m365sim.files import Actor, Drive, Item, Site
from m365sim.files.ids import uid_of
from m365sim.graph.access import check_drive, check_site, opens_granted_items
from m365sim.graph.address import SPECIAL, Address
from m365sim.graph.reply import GraphError, denied, invalid, locked, not_found
from m365sim.graph.shares import Shared, open_share
from m365sim.graph.special import special_folder
from m365sim.lists import Library
from m365sim.sharing import Level

if TYPE_CHECKING:
    from m365sim.sharing import Group, Viewer
    from m365sim.tenant import User
    from m365sim.world import World

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

MAX_JSON = 4 * 1024 * 1024  # bytes
MAX_TOP = 1000


@dataclass(slots=True)
class Call:
    """What a handler works on."""

    world: World
    principal: Principal
    method: str
    address: Address
    raw_query: str
    query: dict[str, str]  # decoded
    headers: dict[str, str]  # names in lower case
    receive: Receive
    origin: str  # where links lead: that of Graph, or that of the tenant host
    serve: ASGIApp | None = None  # this surface, faults included, for requests within a request
    _writes: bool = False  # whether the addressed item is to be changed
    _shared: Item | None = None  # what the addressed sharing token stands for
    _viewers: dict[str, Viewer] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.address.path is not None:
            self.address.path = [
                name for part in self.address.path for name in self._unaliased(part)
            ]

    def _unaliased(self, name: str) -> list[str]:
        """Return what a parameter alias of OData stands for: `@a1` and `?@a1='folder/name'`."""
        value = self.query.get(name, "") if name.startswith("@") else ""
        if len(value) < 2 or value[0] != "'" or value[-1] != "'":
            return [name]
        return value[1:-1].replace("''", "'").split("/")

    # -- what is addressed

    def user(self) -> User:
        """Return the addressed user: `me` or an id or a sign-in name."""
        wanted = self.address.user or "me"
        if wanted == "me":
            if self.principal.user is None:
                raise GraphError(
                    400,
                    "BadRequest",
                    "/me request is only valid with delegated authentication flow.",
                )
            return self.principal.user
        directory = self.world.directory
        found = directory.users.get(wanted) or directory.user_by_upn(wanted)
        if found is None or found.tenant_id != self.world.tenant.id:
            raise GraphError(
                404, "Request_ResourceNotFound", f"Resource '{wanted}' does not exist."
            )
        return found

    def site(self) -> Site:
        """Return the addressed site."""
        content = self.world.content
        address = self.address
        if address.site_path is not None:
            site = content.site_at(address.site or "", "".join(f"/{p}" for p in address.site_path))
        else:
            site = content.site_by_id(address.site or "")
        if site is None:
            raise not_found("Requested site could not be found")
        is_way_in = "list" in address.ids or address.drive is not None
        if not (is_way_in and opens_granted_items(self.principal)):
            check_site(content, self.principal, site)
        if not self.sees_site(site):
            raise denied()
        return site

    def sees_site(self, site: Site, *, limited: bool = True) -> bool:
        """Tell whether the caller may see a site; `limited`: something within is enough."""
        return self.world.sharing.sees_site(self.principal, site, limited=limited)

    def group(self) -> Group:
        """Return the addressed group."""
        found = self.world.sharing.group(self.address.group or "")
        if found is None:
            message = f"Resource '{self.address.group}' does not exist."
            raise GraphError(404, "Request_ResourceNotFound", message)
        return found

    def drive(self, *, write: bool = False) -> Drive:
        """Return the addressed drive, or the default one of the addressed site or user."""
        content = self.world.content
        if self.address.share is not None:
            shared = open_share(self)
            self._open(shared.drive, write=write, lent=shared)
            self._shared = shared.item
            return shared.drive
        drive: Drive | None
        site: Site | None = None
        if self.address.site is not None:
            site = self.site()
        elif self.address.user is not None:
            site = content.personal_site(self.user().id)
        elif self.address.group is not None:
            site = self.world.sharing.site_of(self.group())
        if self.address.drive is not None:
            drive = content.drive_by_id(self.address.drive)
            if drive is None and not self.address.drive.startswith("b!"):
                raise invalid(
                    "The provided drive id appears to be malformed, "
                    "or does not represent a valid drive."
                )
        elif site is not None and "list" in self.address.ids:
            found = self.world.lists.find(site, self.address.ids["list"])
            drive = found.drive if isinstance(found, Library) else None
        else:
            drive = next((d for d in site.drives if not d.is_system), None) if site else None
        if drive is None or (site is not None and drive.site is not site):
            raise not_found()
        self._open(drive, write=write)
        return drive

    def start(self, drive: Drive) -> Item:
        """Return the item that the path, if any, starts at."""
        if self._shared is not None:
            return drive.live(self._shared.uid)
        wanted = self.address.item or ""
        if wanted == "root":
            return drive.root
        if wanted.startswith(SPECIAL):
            return special_folder(self, drive, wanted.removeprefix(SPECIAL))
        if (uid := uid_of(wanted)) is not None:
            # https://learn.microsoft.com/graph/api/driveitem-get: the unique id of the list item
            return drive.live(uid)
        return drive.by_id(wanted)

    def item(self, drive: Drive, *, locks: bool = True) -> Item:
        """Return the addressed item; Missing when there is none, or none that the caller sees."""
        found = drive.resolve(self.start(drive), self.address.path or [])
        self.check(drive, found, locks=locks)
        return found

    def viewer(self, drive: Drive) -> Viewer:
        """Return what the caller may see and do in a drive."""
        if drive.id not in self._viewers:
            self._viewers[drive.id] = self.world.sharing.viewer(self.principal, drive)
        return self._viewers[drive.id]

    def check(
        self, drive: Drive, item: Item, *, write: bool | None = None, locks: bool = True
    ) -> None:
        """Refuse an item that the caller may not see, or not change if that is what it is for."""
        level = self.viewer(drive).level(item)
        if level < Level.READ:
            raise not_found()
        if not (self._writes if write is None else write):
            return
        if level < Level.WRITE:
            raise denied()
        if locks and drive.is_held_from(item, self.actor()):
            raise locked()

    def open(self, drive: Drive, *, write: bool) -> None:
        """Refuse a drive that is not the addressed one, if the caller may not use it."""
        writes = self._writes
        self._open(drive, write=write)
        self._writes = writes

    def _open(self, drive: Drive, *, write: bool, lent: Shared | None = None) -> None:
        viewer = self.viewer(drive)
        self._writes = write
        try:
            check_drive(self.world.content, self.principal, drive, write=write)
        except GraphError:
            if not opens_granted_items(self.principal):
                raise
            viewer.restrict_to_grants()
        if lent is not None and lent.level is not None:
            viewer.lend(lent.item, lent.level)
        if not viewer.reaches():
            raise denied()

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

    # -- what was sent

    def top(self) -> int:
        """Return how many entries a page may have."""
        text = self.query.get("$top")
        if text is None:
            return self.world.quirks.page_size
        if not text.isdigit() or int(text) == 0:
            raise invalid(f"Invalid value '{text}' for $top query option found.")
        return min(int(text), MAX_TOP)

    def selected(self) -> list[str] | None:
        """Return the properties that are asked for; None = all."""
        text = self.query.get("$select") or self.query.get("select")
        return [name.strip() for name in text.split(",") if name.strip()] if text else None

    async def body(self) -> bytes:
        """Read a small body whole."""
        read = bytearray()
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise invalid("The request body broke off.")
            read += message.get("body", b"")
            if len(read) > MAX_JSON:
                raise GraphError(413, "invalidRequest", "The request body is too large.")
            if not message.get("more_body"):
                return bytes(read)

    async def json(self) -> dict[str, Any]:
        """Read a JSON object."""
        try:
            value = orjson.loads(await self.body() or b"{}")
        except orjson.JSONDecodeError as broken:
            raise GraphError(400, "BadRequest", "Unable to read JSON request payload.") from broken
        if not isinstance(value, dict):
            raise GraphError(400, "BadRequest", "A JSON object was expected.")
        return value

    # -- links

    def link(self, name: str, value: str) -> str:
        """Return this request's address with one query option replaced, the others as sent."""
        kept = [
            part
            for part in self.raw_query.split("&")
            if part and unquote_plus(part.partition("=")[0]) != name
        ]
        query = "&".join([*kept, f"{name}={value}"])
        return f"{self.origin}{self.address.resource}?{query}"


def read_query(raw: str) -> dict[str, str]:
    """Decode a query string; of a repeated option the last counts."""
    found = {}
    for part in raw.split("&"):
        if part:
            name, _, value = part.partition("=")
            found[unquote(name)] = unquote_plus(value)
    return found
