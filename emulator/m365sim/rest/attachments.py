"""Files that hang on the items of lists.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-folders-and-files-with-rest#working-with-files-attached-to-list-items-by-using-rest
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from m365sim.files.names import check_name
from m365sim.files.problems import Missing, NameTaken
from m365sim.graph.item_shapes import mime_type
from m365sim.graph.reply import Reply
from m365sim.lists import Attachment, Library, Row, SharePointList
from m365sim.lists.generic import GenericList
from m365sim.rest.access import READ, WRITE, check_token
from m365sim.rest.address import Segment
from m365sim.rest.call import Call
from m365sim.rest.contents import content_reply
from m365sim.rest.errors import RestError, no_folder
from m365sim.rest.tables import Action, Kind, Node, Step
from m365sim.rest.values import Complex, Long, Moment

SOURCE = "https://learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-folders-and-files-with-rest#working-with-files-attached-to-list-items-by-using-rest"


def place_of(found: SharePointList, row: Row, name: str) -> str:
    """Return the server-relative path of an attachment."""
    return f"{found.site.path}/{found.folder}/Attachments/{row.id}/{name}"


def attachment_at(call: Call, place: str) -> Node | None:
    """Find an attachment by its path."""
    path = "/" + place.strip("/")
    for found in call.lists():
        start = f"{found.site.path}/{found.folder}/Attachments/".lower()
        if path.lower().startswith(start):
            number, _, name = path[len(start) :].partition("/")
            row = found.find(int(number)) if number.isdigit() else None
            for one in row.attachments if row is not None else ():
                if row is not None and one.name.lower() == name.lower():
                    return _node(found, row, one)
    return None


def _node(found: SharePointList, row: Row, one: Attachment) -> Node:
    name = one.name.replace("'", "''")
    uri = f"Web/Lists(guid'{found.id}')/Items({row.id})/AttachmentFiles('{name}')"
    return Node("attachment", uri, (found, row, one))


def _members(_: Call, node: Node) -> Iterator[Node]:
    found, row = node.of
    return (_node(found, row, one) for one in row.attachments)


def _values(_: Call, node: Node) -> dict[str, Any]:
    found, row, one = node.of
    place = place_of(found, row, one.name)
    return {
        "FileName": one.name,
        "FileNameAsPath": Complex("SP.ResourcePath", {"DecodedUrl": one.name}),
        "ServerRelativePath": Complex("SP.ResourcePath", {"DecodedUrl": place}),
        "ServerRelativeUrl": place,
    }


def _file_values(_: Call, node: Node) -> dict[str, Any]:
    """Show an attachment as the file it is."""
    found, row, one = node.of
    return {
        "Exists": True,
        "Length": Long(one.blob.size),
        "Name": one.name,
        "ServerRelativeUrl": place_of(found, row, one.name),
        "TimeCreated": Moment.of(row.modified_at),
        "TimeLastModified": Moment.of(row.modified_at),
    }


def _one(call: Call, node: Node, at: Segment) -> Node:
    wanted = at.text("filename", "decodedurl").lower()
    for one in _members(call, node):
        if one.of[2].name.lower() == wanted:
            return one
    raise no_folder()


def _writable(call: Call, found: SharePointList) -> GenericList:
    check_token(call.world, call.principal, found.site, WRITE)
    if isinstance(found, Library) or not isinstance(found, GenericList) or found.is_system:
        raise RestError(
            400,
            "-2130575151, Microsoft.SharePoint.SPException",
            "Attachments are not enabled on the list.",
        )
    call.check_list(found)
    return found


async def _add(call: Call, node: Node, at: Segment) -> Node:
    found, row = node.of
    target = _writable(call, found)
    name = at.text("filename", "decodedurl")
    if not at.name.endswith("path"):
        name = unquote(name)
    check_name(name)
    if any(one.name.lower() == name.lower() for one in row.attachments):
        raise NameTaken(
            "The specified name is already in use. Please delete the existing attachment first."
        )
    after = target.attach(row, name, (await call.intake()).finish(), call.actor())
    return _node(found, after, after.attachments[-1])


async def _read(call: Call, node: Node, _: Segment) -> Reply:
    found, _row, one = node.of
    call.check_list(found, READ)
    head = [(b"content-type", mime_type(one.name).encode())]
    return content_reply(one.blob, head)


async def _write(call: Call, node: Node, _: Segment) -> Reply:
    found, row, one = node.of
    target = _writable(call, found)
    target.attach(row, one.name, (await call.intake()).finish(), call.actor())
    return Reply(204)


async def _delete(call: Call, node: Node, _: Segment) -> Reply:
    found, row, one = node.of
    target = _writable(call, found)
    try:
        target.detach(row, one.name, call.actor())
    except Missing as gone:
        raise no_folder() from gone
    return Reply(200)


KINDS = (
    Kind("attachments", members=_members),
    Kind("attachment", "SP.Attachment", values=_values),
    Kind("attachedfile", "SP.File", values=_file_values),
)
STEPS = (
    Step(
        "item",
        "AttachmentFiles",
        lambda _c, n, _s: Node("attachments", f"{n.uri}/AttachmentFiles", n.of),
        "attachments",
        "of generic lists",
        source=SOURCE,
    ),
    Step("attachments", "()", _one, "attachment", source=SOURCE),
    Step("attachments", "GetByFileName", _one, "attachment", is_function=True, source=SOURCE),
    Step("attachments", "GetByFileNameAsPath", _one, "attachment", is_function=True, source=SOURCE),
)
_BIN = "into the recycle bin"
ACTIONS = (
    Action("attachments", "Add", "POST", _add, "FileName; 250 MB", SOURCE),
    Action("attachments", "AddUsingPath", "POST", _add, "DecodedUrl; 250 MB", SOURCE),
    Action("attachment", "$value", "GET", _read, "all", SOURCE),
    Action("attachment", "$value", "PUT", _write, "another content", SOURCE),
    Action("attachment", "", "DELETE", _delete, _BIN, SOURCE),
    Action("attachment", "RecycleObject", "POST", _delete, _BIN, SOURCE),
    Action("attachedfile", "$value", "GET", _read, "all", SOURCE),
    Action("attachedfile", "$value", "PUT", _write, "another content", SOURCE),
)
