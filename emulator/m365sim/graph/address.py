"""Reads the path of a Graph request: which site, drive and item it names, and what it asks of them.

https://learn.microsoft.com/graph/onedrive-addressing-driveitems: items are addressed by id, by path
(`root:/A/b.txt:/content`) or by a path below an item (`items/{id}:/b.txt`). Clients send `b%21` for
`b!`, double slashes, `delta()`, `microsoft.graph.delta(token='x')`, and a colon with nothing after
it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from m365sim.faults import Scope
from m365sim.graph.list_address import ListParts, list_parts

VERSIONS = ("v1.0", "beta")

_CALL = re.compile(r"(?:microsoft\.graph\.)?(\w+)\((.*)\)", re.DOTALL)
_CHILD = re.compile(r"children\('((?:[^']|'')+)'\)")
_NAMESPACE = "microsoft.graph."
SPECIAL = "special:"  # ahead of the name of a special folder, where the id of an item would be
#: Collections whose members are addressed by an id that follows: what the id is blanked to.
_KEYED = {
    "permissions": ("{permission-id}",),
    "versions": ("{version-id}",),
    "thumbnails": ("{set-id}", "{size}"),
}


@dataclass(slots=True)
class Address:
    """A parsed path."""

    kind: str = ""  # sites | site | me | user | drive | item | ..., or "" for what is not modelled
    template: str = ""  # with ids blanked, for counting
    op: str = ""  # what follows the resource: "children", "delta", ...
    arguments: dict[str, str] = field(default_factory=dict)  # of a function call
    keys: list[str] = field(default_factory=list)  # ids in `op`, where placeholders stand for them
    ids: dict[str, str] = field(default_factory=dict)  # of a list and what is in it, of a page
    user: str | None = None
    group: str | None = None
    share: str | None = None  # a sharing token: the item is the one it stands for
    subscription: str | None = None
    site: str | None = None
    site_path: list[str] | None = None
    drive: str | None = None  # None: the default drive of the site or user
    item: str | None = None  # an id, or "root"
    path: list[str] | None = None  # below the item
    resource: str = (
        ""  # the path as sent up to the resource, then the bare op: what links are made of
    )


def parse(path: str) -> Address:
    """Parse a percent-encoded path; an address of another shape has an empty `kind`."""
    return _Reader([part for part in path.split("/") if part]).read()


def raw_path(scope: Scope) -> str:
    """Return the path of a request as it was sent, percent-encoded."""
    raw: bytes | None = scope.get("raw_path")
    if raw is None:  # the server did not keep it
        return quote(scope["path"], safe="/:!,()'$@")
    return raw.decode("latin-1")


class _Reader:
    def __init__(self, parts: list[str]) -> None:
        self._raw = parts
        self._parts = [unquote(part) for part in parts]
        self._at = 0
        self._found = Address()

    def read(self) -> Address:
        found = self._found
        if self._next() not in VERSIONS:
            return found
        match self._next():
            case "me":
                found.user, found.template = "me", "/me"
                self._owner("me")
            case "users" if (user := self._id()) is not None:
                self._at += 1
                found.user, found.template = user, "/users/{user-id}"
                self._owner("user")
            case "groups" if (group := self._id()) is not None:
                self._at += 1
                found.group, found.template = group, "/groups/{group-id}"
                self._owner("group")
            case "shares" if (share := self._peek()) is not None:
                self._at += 1
                found.share, found.template = share, "/shares/{share-id}"
                self._share()
            case "subscriptions" if (subscription := self._peek()) is not None:
                self._at += 1
                found.subscription, found.template = subscription, "/subscriptions/{id}"
                self._finish("subscription")
            case "users" | "groups" | "subscriptions" | "search" | "$batch" as collection:
                found.template = f"/{collection}"
                self._finish(collection)
            case "sites":
                found.template = "/sites"
                self._sites()
            case "drives" if (drive := self._next()) is not None:
                found.drive, found.template = drive, "/drives/{drive-id}"
                self._drive()
            case _:
                return found
        return found

    def _peek(self) -> str | None:
        return self._parts[self._at] if self._at < len(self._parts) else None

    def _id(self) -> str | None:
        part = self._peek()
        return part if part != "$count" else None

    def _next(self) -> str | None:
        part = self._peek()
        self._at += 1
        return part

    def _sites(self) -> None:
        found = self._found
        head = self._peek()
        if head is None or _CALL.fullmatch(head) or head in ("getAllSites", "delta"):
            self._finish("sites")
            return
        self._at += 1
        found.site, found.site_path = self._with_path(head)
        if found.site_path is not None:
            found.template += "/{host}:/{path}"
        else:
            found.template += "/{site-id}"
        self._owner("site")

    def _owner(self, kind: str) -> None:
        found = self._found
        head = self._peek()
        if head == "drive":
            self._at += 1
            found.template += "/drive"
            self._drive()
        elif head == "drives" and self._at + 1 < len(self._parts):
            self._at += 1
            found.drive = self._next()
            found.template += "/drives/{drive-id}"
            self._drive()
        elif kind == "site" and (rest := list_parts(self._parts[self._at :])) is not None:
            self._list(rest, rest.length)
        else:
            self._finish(kind)

    def _drive(self) -> None:
        found = self._found
        head = self._peek()
        if head is not None and head.partition(":")[0] == "root":
            found.template += "/root"
        elif head == "items" and self._at + 1 < len(self._parts):
            self._at += 1
            head = self._peek() or ""
            found.template += "/items/{item-id}"
        elif head == "special" and self._at + 1 < len(self._parts):
            self._at += 1
            head = f"{SPECIAL}{self._peek()}"
            found.template += "/special/{name}"
        elif head == "list" and (rest := list_parts(["lists", "", *self._parts[self._at + 1 :]])):
            rest.template = rest.template.replace("/lists/{list-id}", "/list")
            self._list(rest, rest.length - 1)
            return
        else:
            self._finish("drive")
            return
        self._at += 1
        special = SPECIAL if head.startswith(SPECIAL) else ""
        found.item, found.path = self._with_path(head.removeprefix(special))
        found.item = special + found.item
        if found.path is not None:
            found.template += ":/{path}:"
        self._children_by_name()
        self._finish("item")

    def _children_by_name(self) -> None:
        """Read `children('a.txt')`: a child by its name, as rclone asks in China."""
        found = self._found
        while child := _CHILD.fullmatch(self._peek() or ""):
            self._at += 1
            found.path = [*(found.path or []), child[1].replace("''", "'")]
            found.template += "/children({name})"

    def _share(self) -> None:
        """Read what follows a sharing token: the shared item is reached like any other."""
        found = self._found
        head = self._peek()
        if head is None or head.partition(":")[0] not in ("driveItem", "root"):
            self._finish("share")
            return
        self._at += 1
        found.template += "/driveItem"
        found.item, found.path = self._with_path(head)
        self._finish("item")

    def _list(self, rest: ListParts, length: int) -> None:
        found = self._found
        self._at += length
        found.ids = rest.ids
        found.template += rest.template
        if rest.kind == "drive":
            self._drive()
        else:
            self._finish(rest.kind)

    def _with_path(self, part: str) -> tuple[str, list[str] | None]:
        """Split `id:/a/b:` at its first colon; the path goes on to the part that ends in one.

        msgraph-sdk encodes id, colons and path as a single part.
        """
        name, colon, rest = part.partition(":")
        if not colon:
            return name, None
        names = [piece for piece in rest.removesuffix(":").split("/") if piece]
        is_open = not rest.endswith(":")
        while is_open and (following := self._next()) is not None:
            names.extend(piece for piece in following.removesuffix(":").split("/") if piece)
            is_open = not following.endswith(":")
        return name, names

    def _finish(self, kind: str) -> None:
        found = self._found
        found.kind = kind
        self._at = min(self._at, len(self._raw))
        ahead = "/".join(self._raw[: self._at])
        tail = self._parts[self._at :]
        if tail and (call := _CALL.fullmatch(tail[-1])):
            tail[-1] = call[1].removeprefix(_NAMESPACE)
            found.arguments = _arguments(call[2])
        # Links keep casts (`members/microsoft.graph.user`); functions go without a namespace.
        found.resource = "/".join(["", ahead, *tail])
        if tail:
            tail[-1] = tail[-1].removeprefix(_NAMESPACE)
        for at, blank in enumerate(_KEYED.get(tail[0], ()) if tail else (), start=1):
            if at < len(tail):
                found.keys.append(tail[at])
                tail[at] = blank
        if tail:
            found.op = "/".join(tail)
            found.template += "/" + found.op


def _arguments(text: str) -> dict[str, str]:
    found = {}
    for name, quoted, bare in re.findall(r"(\w+)\s*=\s*(?:'((?:[^']|'')*)'|([^,']*))", text):
        found[name] = quoted.replace("''", "'") if quoted else bare.strip()
    return found
