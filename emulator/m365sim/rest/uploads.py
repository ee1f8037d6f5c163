"""Files that arrive in chunks.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/upload-a-file-by-using-the-rest-api-and-jquery,
https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn450841(v=office.15)
"""

from __future__ import annotations

from uuid import UUID

from m365sim.files import Drive, Item
from m365sim.graph.reply import Reply
from m365sim.rest.access import WRITE
from m365sim.rest.address import Segment
from m365sim.rest.call import Call
from m365sim.rest.errors import RestError, bad_query
from m365sim.rest.files import file_node
from m365sim.rest.state import ChunkedUpload
from m365sim.rest.tables import FILES, Action, Kind, Node, Step
from m365sim.rest.values import Long, Result
from m365sim.transfer.intake import Intake

_MAJOR = 512


async def _start(call: Call, node: Node, at: Segment) -> Result:
    drive, item = _writable(call, node)
    number = _upload_id(at)
    upload = ChunkedUpload(drive.id, item.uid, Intake(call.world.content.spool_path))
    call.world.rest.uploads[number] = upload
    await call.intake(upload.intake)
    return Result(Long(upload.intake.size), at.written[:1].upper() + at.written[1:])


async def _continue(call: Call, node: Node, at: Segment) -> Result:
    upload = _under_way(call, node, at)
    await call.intake(upload.intake)
    return Result(Long(upload.intake.size), at.written[:1].upper() + at.written[1:])


async def _finish(call: Call, node: Node, at: Segment) -> Node:
    drive, item = _writable(call, node)
    upload = _under_way(call, node, at)
    await call.intake(upload.intake)
    del call.world.rest.uploads[_upload_id(at)]
    after = drive.replace_content(drive.live(item.uid), upload.intake.finish(), call.actor())
    return file_node(drive, after)


async def _cancel(call: Call, node: Node, at: Segment) -> Reply:
    _writable(call, node)
    upload = call.world.rest.uploads.pop(_upload_id(at), None)
    if upload is not None:
        upload.intake.discard()
    return Reply(200)


def _writable(call: Call, node: Node) -> tuple[Drive, Item]:
    drive, item = node.of
    call.check_item(drive, item, WRITE)
    return drive, item


def _upload_id(at: Segment) -> UUID:
    try:
        return UUID(str(at.argument("uploadid")))
    except ValueError as broken:
        raise bad_query("The uploadId must be a GUID.") from broken


def _under_way(call: Call, node: Node, at: Segment) -> ChunkedUpload:
    drive, item = _writable(call, node)
    upload = call.world.rest.uploads.get(_upload_id(at))
    if upload is None or (upload.drive_id, upload.uid) != (drive.id, item.uid):
        raise RestError(
            400, "-2147024809, System.ArgumentException", "The upload session does not exist."
        )
    offset = int(at.named.get("fileoffset", -1))
    if offset != upload.intake.size:
        raise RestError(
            400,
            "-2147024809, System.ArgumentException",
            f"The fileOffset must be {upload.intake.size}, where the last chunk ended.",
        )
    return upload


KINDS: tuple[Kind, ...] = ()
STEPS: tuple[Step, ...] = ()
_CHUNKS = "chunks in order; the file must be there"
ACTIONS = (
    Action("file", "StartUpload", "POST", _start, _CHUNKS, FILES),
    Action("file", "ContinueUpload", "POST", _continue, _CHUNKS, FILES),
    Action("file", "FinishUpload", "POST", _finish, _CHUNKS, FILES),
    Action("file", "CancelUpload", "POST", _cancel, "forgets the chunks", FILES),
)
