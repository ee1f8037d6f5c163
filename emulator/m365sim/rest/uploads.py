"""Files that arrive in chunks, and the versions of files.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/upload-a-file-by-using-the-rest-api-and-jquery,
https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn450841(v=office.15)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from m365sim.files import Drive, Item
from m365sim.files.versions import version, versions
from m365sim.graph.reply import Reply
from m365sim.rest.access import WRITE
from m365sim.rest.address import Segment
from m365sim.rest.call import Call
from m365sim.rest.errors import RestError, bad_query
from m365sim.rest.files import file_node, place_of
from m365sim.rest.people import person_of, user_node
from m365sim.rest.state import ChunkedUpload
from m365sim.rest.tables import FILES, Action, Kind, Node, Step
from m365sim.rest.values import Long, Moment, Result
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


# -- versions


def _versions(call: Call, node: Node) -> Iterator[Node]:
    """Yield the versions of a file but the current one, the oldest first."""
    drive, item = node.of
    call.check_item(drive, item)
    for state in reversed(versions(drive, item)[1:]):
        number = state.content_version * _MAJOR
        yield Node("version", f"{node.uri}({number})", (drive, state))


def _version(call: Call, node: Node, at: Segment) -> Node:
    drive, item = node.of
    call.check_item(drive, item)
    state = version(drive, item, at.number("versionid", "vid") // _MAJOR)
    return Node("version", f"{node.uri}({state.content_version * _MAJOR})", (drive, state))


def _version_values(_: Call, node: Node) -> dict[str, Any]:
    drive, state = node.of
    number = state.content_version * _MAJOR
    place = place_of(drive, state).removeprefix(f"{drive.site.path}/")
    return {
        "CheckInComment": "",
        "Created": Moment.of(state.modified_at),
        "ID": number,
        "IsCurrentVersion": False,
        "Length": Long(state.size),
        "Size": state.size,
        "Url": f"_vti_history/{number}/{place}",
        "VersionLabel": f"{state.content_version}.0",
    }


async def _version_content(call: Call, node: Node, _: Segment) -> Reply:
    state: Item = node.of[1]
    call.check_item(*node.of)
    content = b"".join(state.blob.chunks(0, state.size)) if state.blob is not None else b""
    return Reply(200, content, [(b"content-type", b"application/octet-stream")])


async def _restore(call: Call, node: Node, at: Segment) -> Reply:
    drive, item = node.of
    call.check_item(drive, item, WRITE)
    label = at.text("versionlabel")
    major = label.partition(".")[0]
    state = version(drive, item, int(major) if major.isdigit() else 0)
    if state.blob is not None:
        drive.replace_content(item, state.blob, call.actor())
    return Reply(200)


def _to_versions(_: Call, node: Node, __: Segment) -> Node:
    return Node("versions", f"{node.uri}/Versions", node.of)


def _created_by(call: Call, node: Node, _: Segment) -> Node:
    return user_node("", person_of(call, node.of[1].modified_by))


KINDS = (
    Kind("versions", members=_versions),
    Kind("version", "SP.FileVersion", values=_version_values),
)
STEPS = (
    Step("file", "Versions", _to_versions, "versions", "all but the current one"),
    Step("versions", "()", _version, "version"),
    Step("versions", "GetById", _version, "version", is_function=True),
    Step("version", "CreatedBy", _created_by, "user"),
)
_CHUNKS = "chunks in order; the file must be there"
ACTIONS = (
    Action("file", "StartUpload", "POST", _start, _CHUNKS, FILES),
    Action("file", "ContinueUpload", "POST", _continue, _CHUNKS, FILES),
    Action("file", "FinishUpload", "POST", _finish, _CHUNKS, FILES),
    Action("file", "CancelUpload", "POST", _cancel, "forgets the chunks", FILES),
    Action("version", "$value", "GET", _version_content, "its content", FILES),
    Action("versions", "RestoreByLabel", "POST", _restore, "as a new version", FILES),
)
