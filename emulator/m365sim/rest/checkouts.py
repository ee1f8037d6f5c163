"""Checking files out and in, publishing them, approving them.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-folders-and-files-with-rest,
https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn450841(v=office.15)#bk_File
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from m365sim.files import Drive, Item
from m365sim.files.checkout import check_in, check_out, holder, publish, undo_check_out
from m365sim.graph.reply import Reply
from m365sim.rest.access import WRITE
from m365sim.rest.address import Segment
from m365sim.rest.call import Call
from m365sim.rest.errors import RestError
from m365sim.rest.people import person_of, user_node
from m365sim.rest.tables import FILES, Action, Kind, Node, Step
from m365sim.sharing import Level

SOURCE = "https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn450841(v=office.15)"
_APPROVED, _DENIED = 0, 1


def _file(call: Call, node: Node) -> tuple[Drive, Item]:
    drive, item = node.of
    call.check_item(drive, item, WRITE)
    return drive, item


def _comment(at: Segment) -> str:
    given = at.argument("comment")
    return given if isinstance(given, str) else ""


async def _out(call: Call, node: Node, _: Segment) -> Reply:
    drive, item = _file(call, node)
    check_out(drive, item, call.actor())
    return Reply(200)


async def _in(call: Call, node: Node, at: Segment) -> Reply:
    drive, item = _file(call, node)
    kind = at.named.get("checkintype", 1)
    comment = _comment(at)
    is_major = kind == 1 or not drive.minor_versions
    check_in(drive, item, call.actor(), comment, is_major=is_major)
    return Reply(200)


async def _undo(call: Call, node: Node, _: Segment) -> Reply:
    drive, item = _file(call, node)
    is_owner = call.viewer(drive).level(item) >= Level.OWNER
    undo_check_out(drive, item, call.actor(), is_owner=is_owner)
    return Reply(200)


async def _publish(call: Call, node: Node, at: Segment) -> Reply:
    drive, item = _file(call, node)
    is_back = at.name == "unpublish"
    after = publish(drive, item, call.actor(), _comment(at), back=is_back)
    if drive.is_moderated and not is_back:
        _moderate(drive, after, 2)
    return Reply(200)


async def _approve(call: Call, node: Node, at: Segment) -> Reply:
    drive, item = _file(call, node)
    if not drive.is_moderated:
        raise RestError(
            400,
            "-2147024809, System.ArgumentException",
            "You cannot approve or reject: content approval is not enabled on the list.",
        )
    _moderate(drive, item, _APPROVED if at.name == "approve" else _DENIED)
    return Reply(200)


def _moderate(drive: Drive, item: Item, status: int) -> None:
    fields: dict[str, Any] = {**(item.fields or {}), "_ModerationStatus": status}
    drive.commit(item, replace(item, fields=fields, version=item.version + 1), drive.now())


def _who(call: Call, node: Node, at: Segment) -> Node:
    drive, item = node.of
    found = holder(drive, item)
    uri = f"{node.uri}/{at.written}"
    return user_node(uri, person_of(call, found) if found is not None else None)


_ALONE = "what is saved meanwhile is seen by the holder alone"
KINDS: tuple[Kind, ...] = ()
STEPS = (Step("file", "CheckedOutByUser", _who, "user", source=SOURCE),)
ACTIONS = (
    Action("file", "CheckOut", "POST", _out, f"423 for others; {_ALONE}", FILES),
    Action("file", "CheckIn", "POST", _in, "comment, checkintype", FILES),
    Action("file", "UndoCheckOut", "POST", _undo, "also by owners", SOURCE),
    Action("file", "Publish", "POST", _publish, "where minor versions are on", SOURCE),
    Action("file", "UnPublish", "POST", _publish, "where minor versions are on", SOURCE),
    Action("file", "Approve", "POST", _approve, "where moderation is on", SOURCE),
    Action("file", "Deny", "POST", _approve, "where moderation is on", SOURCE),
)
