"""Older contents of files, and pictures of them.

https://learn.microsoft.com/graph/api/driveitem-list-versions, .../driveitemversion-restore,
.../driveitem-list-thumbnails
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from m365sim.files import Drive, Item
from m365sim.files.checkout import label
from m365sim.files.versions import versions
from m365sim.graph.call import Call
from m365sim.graph.item_shapes import ItemShapes, mime_type
from m365sim.graph.offsets import offset_token, read_offset
from m365sim.graph.reply import Reply, invalid, json_reply, not_found
from m365sim.graph.shapes import CONTEXT, actor_shape, iso_seconds, narrowed

_SIZES = {"small": 96, "medium": 176, "large": 800}  # longest edge in pixels
_CUSTOM = re.compile(r"c(\d{1,4})x(\d{1,4})(?:_crop)?")
_PNG, _GIF = b"\x89PNG\r\n\x1a\n", (b"GIF87a", b"GIF89a")


async def list_versions(call: Call) -> Reply:
    """List the versions of a file, the newest first; the present one is among them."""
    drive = call.drive()
    item = call.item(drive)
    shapes = shown_versions(call, drive, item)
    start = read_offset(call.query.get("$skiptoken"))
    stop = start + call.top()
    selected = call.selected()
    value: dict[str, Any] = {"@odata.context": f"{_context(drive, item)}/versions"}
    if stop < len(shapes):
        value["@odata.nextLink"] = call.link("$skiptoken", offset_token(stop))
    value["value"] = [narrowed(shape, selected) for shape in shapes[start:stop]]
    return json_reply(value)


def shown_versions(call: Call, drive: Drive, item: Item) -> list[dict[str, Any]]:
    """Show the versions of a file, the newest first."""
    shapes = ItemShapes(call.world, drive, call.principal)
    return [_shape(shapes, state) for state in versions(drive, item)]


async def get_version(call: Call) -> Reply:
    """Return one version of a file."""
    drive = call.drive()
    item = call.item(drive)
    shape = _shape(ItemShapes(call.world, drive, call.principal), _addressed(call, drive, item))
    context = f"{_context(drive, item)}/versions/$entity"
    return json_reply(narrowed({"@odata.context": context, **shape}, call.selected()))


async def redirect_to_version(call: Call) -> Reply:
    """Send the caller to the pre-authenticated address of a version's bytes."""
    drive = call.drive()
    item = call.item(drive)
    state = _addressed(call, drive, item)
    if state.content_version == item.content_version and not _gives_current(call):
        raise invalid("You cannot get the content of the current version.")
    shapes = ItemShapes(call.world, drive, call.principal)
    url = shapes.download_url(item, state.content_version)
    return Reply(302, headers=[(b"location", url.encode()), (b"content-length", b"0")])


async def restore_version(call: Call) -> Reply:
    """Make an older version the present one; that is a new version."""
    drive = call.drive(write=True)
    item = call.item(drive)
    state = _addressed(call, drive, item)
    if state.blob is not None:
        drive.replace_content(item, state.blob, call.actor())
    return Reply(204)


async def list_thumbnails(call: Call) -> Reply:
    """List the pictures of a file: one set for an image, none for all else."""
    drive = call.drive()
    item = call.item(drive)
    value = thumbnail_sets(call, drive, item, call.selected())
    return json_reply({"@odata.context": f"{_context(drive, item)}/thumbnails", "value": value})


def thumbnail_sets(
    call: Call, drive: Drive, item: Item, wanted: list[str] | None
) -> list[dict[str, Any]]:
    """Show the pictures of a file, in the sizes wanted."""
    if not _is_image(item):
        return []
    sizes = wanted or ["id", *_SIZES]
    pictures = {size: _thumbnail(call, drive, item, size) for size in sizes if size != "id"}
    return [{"id": "0", **{k: v for k, v in pictures.items() if v is not None}}]


async def get_thumbnail(call: Call) -> Reply:
    """Return where one picture of a file is."""
    drive = call.drive()
    item = call.item(drive)
    found = _thumbnail(call, drive, item, call.address.keys[1])
    if call.address.keys[0] != "0" or not _is_image(item) or found is None:
        raise not_found()
    if call.address.op.endswith("/content"):
        headers = [(b"location", found["url"].encode()), (b"content-length", b"0")]
        return Reply(302, headers=headers)
    context = f"{_context(drive, item)}/thumbnails('0')/{call.address.keys[1]}/$entity"
    return json_reply({"@odata.context": context, **found})


def _addressed(call: Call, drive: Drive, item: Item) -> Item:
    if call.address.keys[0] == "current" and not item.is_folder:
        return item
    number, _, minor = call.address.keys[0].partition(".")
    for state in [] if item.is_folder else versions(drive, item):
        if (number, minor or "0") == tuple(map(str, label(state))):
            return state
    raise not_found()


def _gives_current(call: Call) -> bool:
    return call.world.quirks.current_version_content


def _shape(shapes: ItemShapes, state: Item) -> dict[str, Any]:
    major, minor = label(state)
    return {
        "@microsoft.graph.downloadUrl": shapes.download_url(state, state.content_version),
        "id": f"{major}.{minor}",
        "lastModifiedDateTime": iso_seconds(state.modified_at),
        "size": state.size,
        "lastModifiedBy": actor_shape(state.modified_by),
    }


def _is_image(item: Item) -> bool:
    return not item.is_folder and mime_type(item.name).startswith("image/")


def _thumbnail(call: Call, drive: Drive, item: Item, size: str) -> dict[str, Any] | None:
    """Show a picture of a size; its address gives the file itself, which nobody has scaled."""
    custom = _CUSTOM.fullmatch(size)
    if custom is None and size not in _SIZES:
        return None
    width, height = _dimensions(item)
    if custom is not None:
        width, height = int(custom[1]), int(custom[2])
    else:
        scale = _SIZES[size] / max(width, height)
        width, height = max(1, round(width * scale)), max(1, round(height * scale))
    url = ItemShapes(call.world, drive, call.principal).download_url(item)
    return {"height": height, "url": f"{url}&width={width}&height={height}", "width": width}


def _dimensions(item: Item) -> tuple[int, int]:
    """Read an image's width and height; a square where its format is another."""
    head = b"".join(item.blob.chunks(0, min(24, item.blob.size))) if item.blob is not None else b""
    width = height = 1
    if head.startswith(_PNG) and len(head) == 24:
        width, height = int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
    elif head.startswith(_GIF):
        width, height = int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little")
    return max(1, width), max(1, height)


def _context(drive: Drive, item: Item) -> str:
    return f"{CONTEXT}#drives('{quote(drive.id)}')/items('{drive.item_id(item.uid)}')"
