"""One request to Graph, with its address resolved against the content store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, unquote_plus

import orjson

from m365sim.entra.tokens import Principal
from m365sim.files import Actor, Drive, Item, Site
from m365sim.graph.access import check_drive, check_site
from m365sim.graph.address import Address
from m365sim.graph.reply import GraphError, invalid, not_found

if TYPE_CHECKING:
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
        if found is None:
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
        check_site(content, self.principal, site)
        return site

    def drive(self, *, write: bool = False) -> Drive:
        """Return the addressed drive, or the default one of the addressed site or user."""
        content = self.world.content
        drive: Drive | None
        if self.address.site is not None:
            site: Site | None = self.site()
        elif self.address.user is not None:
            site = content.personal_site(self.user().id)
        else:
            site = None
        if self.address.drive is not None:
            drive = content.drive_by_id(self.address.drive)
            if drive is None and not self.address.drive.startswith("b!"):
                raise invalid(
                    "The provided drive id appears to be malformed, "
                    "or does not represent a valid drive."
                )
        else:
            drive = next((d for d in site.drives if not d.is_system), None) if site else None
        if drive is None or (site is not None and drive.site is not site):
            raise not_found()
        check_drive(content, self.principal, drive, write=write)
        return drive

    def start(self, drive: Drive) -> Item:
        """Return the item that the path, if any, starts at."""
        if self.address.item == "root":
            return drive.root
        return drive.by_id(self.address.item or "")

    def item(self, drive: Drive) -> Item:
        """Return the addressed item; Missing when there is none."""
        return drive.resolve(self.start(drive), self.address.path or [])

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
