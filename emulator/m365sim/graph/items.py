"""Reading drive items: one, the children of one, and the way to the bytes of one.

https://learn.microsoft.com/graph/api/driveitem-get, .../driveitem-list-children,
.../driveitem-get-content
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from m365sim.files import Drive, Item
from m365sim.files.names import quoted
from m365sim.graph.call import Call
from m365sim.graph.item_relations import Relations
from m365sim.graph.item_shapes import ItemShapes, ctag, etag
from m365sim.graph.reply import GraphError, Reply, invalid, json_reply, page_reply
from m365sim.graph.shapes import CONTEXT


async def get_item(call: Call) -> Reply:
    """Return one item."""
    drive = call.drive()
    item = call.item(drive)
    if (known := unchanged(call, item)) is not None:
        return known
    return shown(call, drive, item)


def unchanged(call: Call, item: Item) -> Reply | None:
    """Return the answer for a caller that knows an item as it is, by its eTag or its cTag."""
    if call.headers.get("if-none-match") in (etag(item), ctag(item)):
        return Reply(304, headers=[(b"etag", etag(item).encode())])
    return None


async def list_children(call: Call) -> Reply:
    """List what lies right in a folder, in pages."""
    drive = call.drive()
    folder = call.item(drive)
    if (known := unchanged(call, folder)) is not None:
        return known
    if "$filter" in call.query:
        raise GraphError(501, "notSupported", "Operation not supported")
    items = drive.children(folder.uid) if folder.is_folder else []
    viewer = call.viewer(drive)
    if not viewer.sees_everything:
        items = [item for item in items if viewer.sees(item)]
    if order := call.query.get("$orderby"):
        _sort(items, drive, order)
    start = _read_position(call.query.get("$skiptoken"))
    stop = start + call.top()
    shapes, relations = ItemShapes(call.world, drive, call.principal), Relations(call, drive)
    place = f"#drives('{quoted(drive.id)}')/items('{drive.item_id(folder.uid)}')/children"
    value: dict[str, Any] = {"@odata.context": CONTEXT + place}
    if "$count" in call.query:
        value["@odata.count"] = len(items)
    if stop < len(items):
        value["@odata.nextLink"] = call.link("$skiptoken", _position_token(stop))
    value["value"] = [relations.shown(item, shapes.item(item)) for item in items[start:stop]]
    return page_reply(value)


async def redirect_to_content(call: Call) -> Reply:
    """Send the caller to the pre-authenticated address of a file's bytes."""
    drive = call.drive()
    item = call.item(drive)
    if item.is_folder:
        raise invalid("A folder has no content.")
    if (known := unchanged(call, item)) is not None:
        return known
    url = ItemShapes(call.world, drive, call.principal).download_url(item)
    return Reply(302, headers=[(b"location", url.encode()), (b"content-length", b"0")])


def shown(call: Call, drive: Drive, item: Item, status: int = 200) -> Reply:
    """Answer with an item and its ETag header."""
    shapes = ItemShapes(call.world, drive, call.principal)
    context = f"{CONTEXT}#drives('{quoted(drive.id)}')/items/$entity"
    shape = {"@odata.context": context, **shapes.item(item)}
    tag = (b"etag", etag(item).encode())
    shape = Relations(call, drive).shown(item, shape)
    return json_reply(shape, status, [tag])


def _sort(items: list[Item], drive: Drive, order: str) -> None:
    keys: dict[str, Callable[[Item], Any]] = {
        "name": lambda item: item.name.lower(),
        "size": lambda item: drive.folder_bytes(item.uid) if item.is_folder else item.size,
        "lastModifiedDateTime": lambda item: item.modified_at,
    }
    # The last criterion is applied first: sorting is stable.
    for criterion in reversed(order.split(",")):
        name, _, direction = criterion.strip().partition(" ")
        if name not in keys or direction.strip().lower() not in ("", "asc", "desc"):
            raise invalid(f"The orderby clause '{criterion.strip()}' is not supported.")
        items.sort(key=keys[name], reverse=direction.strip().lower() == "desc")


def _position_token(position: int) -> str:
    text = f"Paged=TRUE&p_SortBehavior=0&p_Position={position}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_position(token: str | None) -> int:
    if token is None:
        return 0
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
        return int(parse_qs(text)["p_Position"][0])
    except (binascii.Error, ValueError, KeyError) as broken:
        raise invalid("The $skiptoken is not valid.") from broken
