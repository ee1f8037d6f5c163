"""Moving and copying files and folders, within a library, to others, and to other sites.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-folders-and-files-with-rest,
https://learn.microsoft.com/dotnet/api/microsoft.sharepoint.client.movecopyutil. Beyond its library
a file has other ids.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from m365sim.files import Drive, Item, Site
from m365sim.files.drive import Conflict
from m365sim.graph.reply import Reply
from m365sim.rest.access import WRITE
from m365sim.rest.address import Segment
from m365sim.rest.call import Call
from m365sim.rest.errors import bad_query, no_folder
from m365sim.rest.tables import FILES, Action, Node
from m365sim.transfer.copies import CopyOrder, copy_now, move_now

_SOURCE = "https://learn.microsoft.com/dotnet/api/microsoft.sharepoint.client.movecopyutil"


async def _move(call: Call, node: Node, at: Segment) -> Reply:
    drive, item = node.of
    place, is_forced = await _wanted(call, at)
    _carry(call, (drive, item), place, "replace" if is_forced else "fail", is_move=True)
    return Reply(200)


async def _copy(call: Call, node: Node, at: Segment) -> Reply:
    drive, item = node.of
    place, is_forced = await _wanted(call, at)
    _carry(call, (drive, item), place, "replace" if is_forced else "fail", is_move=False)
    return Reply(200)


async def _wanted(call: Call, at: Segment) -> tuple[str, bool]:
    """Return where something goes, and whether it takes the place of what is there."""
    body = await call.json() if not (at.named or at.arguments) else {}
    given = {key.lower(): value for key, value in body.items()} | dict(at.named)
    names = ("newurl", "strnewurl", "decodedurl", "newpath")
    place = next((given[name] for name in names if name in given), at.argument())
    if isinstance(place, dict):
        place = place.get("DecodedUrl")
    if not isinstance(place, str):
        raise bad_query("The new place is missing.")
    if not at.name.endswith("path"):
        place = unquote(place)
    flags = given.get("flags", given.get("moveoperations", 0))
    is_forced = bool(given.get("boverwrite", given.get("overwrite", False)))
    return place, is_forced or (isinstance(flags, int) and bool(flags & 1))


def _carry(
    call: Call, what: tuple[Drive, Item], place: str, conflict: Conflict, *, is_move: bool
) -> Item:
    drive, item = what
    call.check_item(drive, item, WRITE if is_move else 0)
    target, names = _anywhere(call, place)
    if not names:
        raise bad_query("The new place has no name.")
    above = target.resolve(target.root, names[:-1])
    call.check_item(target, above, WRITE)
    if is_move and target is drive:
        return drive.update(item, call.actor(), name=names[-1], parent=above, conflict=conflict)
    order = CopyOrder(drive, item, target, above, names[-1], conflict)
    return move_now(order, call.actor()) if is_move else copy_now(order, call.actor())


def _anywhere(call: Call, text: str) -> tuple[Drive, list[str]]:
    """Find the library of any site that an address or a path leads to, and the names below."""
    place = text
    if "://" in text:
        parts = urlsplit(text.replace("#", "%23").replace("?", "%3F"))
        place = unquote(parts.path)
    if not place.startswith("/"):
        return call.place(place)
    sites = sorted(call.world.content.all_sites(), key=lambda site: -len(site.path))
    for site in sites:
        if site.host != call.site.host:
            continue
        inside = place.lower() == site.path.lower() or place.lower().startswith(
            f"{site.path}/".lower()
        )
        if inside and (found := _library(site, place[len(site.path) :].strip("/"))):
            return found
    raise no_folder()


def _library(site: Site, path: str) -> tuple[Drive, list[str]] | None:
    for drive in site.drives:
        root = drive.url_name.lower()
        if path.lower() == root or path.lower().startswith(root + "/"):
            return drive, [name for name in path[len(root) :].split("/") if name]
    return None


# -- the static functions, which take whole addresses


def _static(*, is_move: bool, is_folder: bool) -> Any:
    async def do(call: Call, _: Node, at: Segment) -> Reply:
        body = {key.lower(): value for key, value in (await call.json()).items()}
        body |= dict(at.named)
        source, target = (
            _decoded(body.get(f"{end}path", body.get(f"{end}url")), at) for end in ("src", "dest")
        )
        drive, names = _anywhere(call, source)
        item = drive.resolve(drive.root, names)
        if item.is_folder is not is_folder:
            raise no_folder()
        options = body.get("options")
        keeps_both = isinstance(options, dict) and options.get("KeepBoth") is True
        conflict: Conflict = "rename" if keeps_both else "fail"
        if body.get("overwrite") in (True, "true"):
            conflict = "replace"
        _carry(call, (drive, item), target, conflict, is_move=is_move)
        return Reply(200)

    return do


def _decoded(given: Any, at: Segment) -> str:
    if isinstance(given, dict):
        given = given.get("DecodedUrl")
    if not isinstance(given, str) or not given:
        raise bad_query("The source or the destination is missing.")
    return given if at.name.endswith("path") else unquote(given)


_WHAT = "also to other libraries, where it has new ids; versions and values come along"
_COPIES = "also to other libraries; overwrite"
ACTIONS = (
    *(
        Action(kind, name, "POST", do, said, FILES)
        for kind in ("file", "folder")
        for name, do, said in (
            ("MoveTo", _move, _WHAT),
            ("MoveToUsingPath", _move, _WHAT),
            ("CopyTo", _copy, _COPIES),
            ("CopyToUsingPath", _copy, _COPIES),
        )
    ),
    *(
        Action(
            "root",
            f"SP.MoveCopyUtil.{verb}{what}{by}",
            "POST",
            _static(is_move=verb == "Move", is_folder=what == "Folder"),
            "whole addresses, also of other sites; overwrite, KeepBoth",
            _SOURCE,
        )
        for verb in ("Move", "Copy")
        for what in ("File", "Folder")
        for by in ("", "ByPath")
    ),
)
