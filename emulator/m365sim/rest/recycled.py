"""The recycle bin of a site: what was deleted from its libraries, and the way back.

https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn499819(v=office.15)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from m365sim.files import Drive, Item
from m365sim.files.ids import guid_of, mint_uid
from m365sim.graph.reply import Reply
from m365sim.rest.access import WRITE
from m365sim.rest.address import Segment
from m365sim.rest.call import Call
from m365sim.rest.errors import RestError
from m365sim.rest.tables import WEBS, Action, Kind, Node, Step
from m365sim.rest.values import Guid, Long, Moment


def recycled_id(drive: Drive, uid: bytes) -> str:
    """Return the id that a deleted item has in the recycle bin; it is none of its others."""
    changes = sum(1 for _ in drive.log.of(uid))
    return guid_of(mint_uid("recycled", drive.id, uid.hex(), changes))


def _bin(call: Call, _: Node) -> Iterator[Node]:
    call.check(WRITE)
    for drive in call.site.drives:
        for item in drive.bin():
            yield _node(drive, item)


def _node(drive: Drive, item: Item) -> Node:
    return Node("recycled", f"Web/RecycleBin(guid'{recycled_id(drive, item.uid)}')", (drive, item))


def _one(call: Call, node: Node, at: Segment) -> Node:
    wanted = str(at.argument("id")).lower()
    for one in _bin(call, node):
        if recycled_id(one.of[0], one.of[1].uid) == wanted:
            return one
    raise RestError(
        404, "-2147024809, System.ArgumentException", "The recycle bin item does not exist."
    )


def _values(_: Call, node: Node) -> dict[str, Any]:
    drive, item = node.of
    at = [change.at for change in drive.log.of(item.uid)][-1]
    above = f"{drive.site.path}/{drive.url_name}{drive.path(item)}".rpartition("/")[0]
    by = item.modified_by
    return {
        "AuthorEmail": item.created_by.user_email or "",
        "AuthorName": item.created_by.user_name or "",
        "DeletedByEmail": by.user_email or "",
        "DeletedByName": by.user_name or "",
        "DeletedDate": Moment.of(at),
        "DirName": above.lstrip("/"),
        "Id": Guid(recycled_id(drive, item.uid)),
        "ItemState": 1,
        "ItemType": 5 if item.is_folder else 1,
        "LeafName": item.name,
        "Size": Long(item.size),
        "Title": item.name,
    }


async def _restore(call: Call, node: Node, _: Segment) -> Reply:
    drive, item = node.of
    call.check_item(drive, drive.root, WRITE)
    drive.restore(item.uid)
    return Reply(200)


async def _purge(call: Call, node: Node, _: Segment) -> Reply:
    drive, item = node.of
    call.check_item(drive, drive.root, WRITE)
    drive.purge(item.uid)
    return Reply(200)


def _to_bin(_: Call, node: Node, __: Segment) -> Node:
    return Node("recyclebin", f"{node.uri}/RecycleBin", node.of)


KINDS = (
    Kind("recyclebin", members=_bin),
    Kind("recycled", "SP.RecycleBinItem", values=_values),
)
STEPS = (
    Step(
        "web", "RecycleBin", _to_bin, "recyclebin", "deleted files and folders, not rows of lists"
    ),
    Step("site", "RecycleBin", _to_bin, "recyclebin", "as that of the web"),
    Step("recyclebin", "()", _one, "recycled"),
    Step("recyclebin", "GetById", _one, "recycled", is_function=True),
)
ACTIONS = (
    Action("recycled", "Restore", "POST", _restore, "back to where it was", WEBS),
    Action("recycled", "DeleteObject", "POST", _purge, "for good", WEBS),
    Action("recycled", "", "DELETE", _purge, "for good", WEBS),
)
