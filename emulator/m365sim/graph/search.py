"""Searching a drive: by name, and by the text of small files, from an index that lags behind.

https://learn.microsoft.com/graph/api/driveitem-search. Recordings show less than a read does.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from m365sim.files import Drive, Item
from m365sim.files.blob import Blob
from m365sim.files.finding import candidates, is_below
from m365sim.files.synthetic import SyntheticBlob
from m365sim.graph.call import Call
from m365sim.graph.item_shapes import ItemShapes, mime_type
from m365sim.graph.offsets import offset_token, read_offset
from m365sim.graph.reply import Reply, invalid, json_reply
from m365sim.graph.shapes import CONTEXT, narrowed

MAX_INDEXED = 64 * 1024  # bytes of a text that is searched

_LEFT_OUT = frozenset({"eTag", "cTag", "@microsoft.graph.downloadUrl", "shared"})


async def search_drive(call: Call) -> Reply:
    """Find what lies below a folder, or anywhere in a drive, and fits all words of a query."""
    drive = call.drive()
    folder = call.item(drive) if call.address.item is not None else drive.root
    text = call.address.arguments.get("q")
    if text is None:
        raise invalid("The search text is missing.")
    start = read_offset(call.query.get("$skiptoken"))
    stop = start + call.top()
    found = _found(call, drive, folder, text, stop + 1)
    selected = call.selected()
    value: dict[str, Any] = {"@odata.context": f"{CONTEXT}#Collection(driveItem)"}
    if stop < len(found):
        argument = quote(text.replace("'", "''"), safe="")
        call.address.resource += f"(q='{argument}')"
        value["@odata.nextLink"] = call.link("$skiptoken", offset_token(stop))
    shapes = ItemShapes(call.world, drive, call.principal)
    value["value"] = [narrowed(_shape(shapes, item), selected) for item in found[start:stop]]
    return json_reply(value)


def _found(call: Call, drive: Drive, folder: Item, text: str, limit: int) -> list[Item]:
    words = [word.strip('"*').lower() for word in text.split()]
    words = [word for word in words if word]
    newest = (call.world.clock.now() - call.world.quirks.search_lag).timestamp()
    viewer = call.viewer(drive)
    found: list[Item] = []
    for item in candidates(drive, words) if words else ():
        if item.modified_at > newest or not _fits(item, words):
            continue
        if not is_below(drive, item, folder):
            continue
        if viewer.sees_everything or viewer.sees(item):
            found.append(item)
            if len(found) == limit:
                break
    return found


def _fits(item: Item, words: list[str]) -> bool:
    name = item.name.lower()
    missing = [word for word in words if word not in name]
    if not missing:
        return True
    if isinstance(item.blob, SyntheticBlob) and _is_indexed(item, item.blob):
        return item.blob.says(missing)
    body = indexed_text(item).lower()
    return bool(body) and all(word in body for word in missing)


def indexed_text(item: Item) -> str:
    """Return the text of a small file of text; of everything else nothing is indexed."""
    blob = item.blob
    if blob is None or not _is_indexed(item, blob):
        return ""
    return b"".join(blob.chunks(0, blob.size)).decode("utf-8", "replace")


def _is_indexed(item: Item, blob: Blob) -> bool:
    return blob.size <= MAX_INDEXED and mime_type(item.name).startswith("text/")


def _shape(shapes: ItemShapes, item: Item) -> dict[str, Any]:
    shape = {k: v for k, v in shapes.item(item).items() if k not in _LEFT_OUT}
    parent = shape["parentReference"]
    shape["parentReference"] = {k: v for k, v in parent.items() if k not in ("path", "name")}
    if "file" in shape:
        shape["file"] = {**shape["file"], "hashes": {}}
    shape["searchResult"] = {}
    return shape
