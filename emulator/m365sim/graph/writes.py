"""Changing drive items: upload, create, rename, move, delete.

https://learn.microsoft.com/graph/api/driveitem-put-content, .../driveitem-post-children,
.../driveitem-update, .../driveitem-move, .../driveitem-delete
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import unquote

from m365sim.files import Drive, Item
from m365sim.files.drive import Conflict
from m365sim.files.problems import Missing
from m365sim.graph.call import Call
from m365sim.graph.item_shapes import canonical_tag, ctag, etag
from m365sim.graph.items import shown
from m365sim.graph.reply import GraphError, Reply, invalid, json_reply
from m365sim.graph.shapes import QUOTA, iso
from m365sim.transfer.intake import Intake
from m365sim.transfer.uploads import (
    Target,
    UploadSession,
    begin_upload,
    complete,
    open_session,
)

_SESSION = re.compile(r"[?&]guid='([0-9a-f-]+)'")  # in the address of an upload session

MAX_PUT = 250 * 1024 * 1024  # bytes
CONFLICT = "@microsoft.graph.conflictBehavior"


async def put_content(call: Call) -> Reply:
    """Store a file's bytes: of an item, or under a path, whose folders are made if need be."""
    drive = call.drive(write=True)
    conflict = _conflict(call.query.get(CONFLICT), "replace")
    target = find_target(call, drive)
    if target.existing is not None:
        _check_match(call, target.existing)
        if target.existing.is_folder:
            raise GraphError(
                409, "nameAlreadyExists", "The specified item name already exists as a folder."
            )
    intake = Intake(call.world.content.spool_path)
    while True:
        message = await call.receive()
        if message["type"] == "http.disconnect":  # half a file must not take the place of a whole
            intake.discard()
            raise invalid("The request body broke off.")
        intake.write(message.get("body", b""))
        if intake.size > MAX_PUT:
            intake.discard()
            raise GraphError(413, "invalidRequest", "The file is larger than 250 MB.")
        if not message.get("more_body"):
            break
    blob = intake.finish()
    if target.existing is not None and conflict == "replace":
        changed = drive.replace_content(target.existing, blob, call.actor())
        return shown(call, drive, changed)
    parent = target.folder(drive, call.actor())
    item, is_new = drive.put_file(parent, target.name, blob, call.actor(), conflict)
    return shown(call, drive, item, 201 if is_new else 200)


async def create_folder(call: Call) -> Reply:
    """Make a folder below an item."""
    drive = call.drive(write=True)
    parent = call.item(drive)
    body = await call.json()
    name = body.get("name")
    if not isinstance(name, str) or "folder" not in body:
        raise invalid("A name and a folder facet are required.")
    made = drive.create_folder(parent, name, call.actor(), _conflict(body.get(CONFLICT), "fail"))
    reply = shown(call, drive, made, 201)
    if call.world.quirks.folder_touch and made.version == 1:
        drive.touch(made)  # the answer still shows the first eTag
    return reply


async def update_item(call: Call) -> Reply:
    """Rename an item, move it within its drive, or set its claimed times."""
    drive = call.drive(write=True)
    item = call.item(drive)
    _check_match(call, item)
    body = await call.json()
    name = body.get("name")
    if name is not None and not isinstance(name, str):
        raise invalid("The name must be a string.")
    parent = _new_parent(drive, item, body.get("parentReference"))
    if parent is not None:
        call.check(drive, parent)
    changed = drive.update(
        item,
        call.actor(),
        name=name if name != item.name else None,
        parent=parent,
        conflict=_conflict(body.get(CONFLICT) or call.query.get(CONFLICT), "fail"),
        file_times=_times(body.get("fileSystemInfo")),
    )
    return shown(call, drive, changed)


async def delete_item(call: Call) -> Reply:
    """Put an item into the recycle bin."""
    drive = call.drive(write=True)
    item = call.item(drive)
    _check_match(call, item)
    drive.delete(item, report_children=call.world.quirks.deleted_children)
    return Reply(204)


async def create_upload_session(call: Call) -> Reply:
    """Begin an upload in fragments; the address to send them to is on the tenant host."""
    drive = call.drive(write=True)
    whole = await call.json()
    body = whole.get("item") or {}
    target = find_target(call, drive)
    _check_quota(drive, body.get("fileSize"))
    if target.existing is not None:
        _check_match(call, target.existing)
        _check_none_match(call, target.existing)
    elif body.get("name", target.name).lower() != target.name.lower():
        raise invalid("The name in the body differs from the name in the path.")
    behaviour = body.get(CONFLICT) or call.query.get(CONFLICT)
    session, url = begin_upload(
        call.world,
        call.principal,
        call.actor(),
        drive,
        target,
        conflict=_conflict(behaviour, "replace" if target.existing else "fail"),
        times=_times(body.get("fileSystemInfo")),
        is_deferred=whole.get("deferCommit") is True,
    )
    return json_reply({"uploadUrl": url, **upload_state(session)})


async def commit_upload(call: Call) -> Reply:
    """Store what an upload session took in under another name or behaviour.

    The addressed item is the folder that takes the file.
    """
    drive = call.drive(write=True)
    folder = call.item(drive)
    body = await call.json()
    source, name = body.get("@microsoft.graph.sourceUrl"), body.get("name")
    if not isinstance(source, str) or not isinstance(name, str):
        raise invalid("A name and the sourceUrl of an upload session are required.")
    found = _SESSION.search(unquote(source))
    session = open_session(call.world, found[1] if found is not None else "")
    if session.drive is not drive:
        raise invalid("The upload session belongs to another drive.")
    existing = drive.child(folder.uid, name)
    if existing is not None:
        call.check(drive, existing)
        _check_match(call, existing)
    conflict = _conflict(body.get(CONFLICT), "fail")
    target = Target(folder, (), name, existing if conflict == "replace" else None)
    item, is_new = complete(call.world, session, (target, conflict))
    return shown(call, drive, item, 201 if is_new else 200)


def upload_state(session: UploadSession) -> dict[str, Any]:
    """Show when an upload session ends and what it still waits for."""
    return {
        "expirationDateTime": iso(session.expires_at),
        "nextExpectedRanges": session.expected(),
    }


def find_target(call: Call, drive: Drive) -> Target:
    """Find where an upload goes; folders of the path that are missing are told by name."""
    start = call.start(drive)
    path = call.address.path
    if not path:
        if start.parent is None:
            raise invalid("The root is no file.")
        call.check(drive, start)
        return Target(drive.live(start.parent), (), start.name, start)
    folder, missing = start, list(path)
    while len(missing) > 1:
        below = drive.child(folder.uid, missing[0])
        if below is None:
            break
        folder = below
        missing.pop(0)
    existing = drive.child(folder.uid, missing[0]) if len(missing) == 1 else None
    call.check(drive, existing or folder)
    return Target(folder, tuple(missing[:-1]), missing[-1], existing)


def _new_parent(drive: Drive, item: Item, reference: Any) -> Item | None:
    if not isinstance(reference, dict):
        return None
    if reference.get("driveId", drive.id) != drive.id:
        raise GraphError(400, "notSupported", "An item cannot be moved to another drive.")
    if (parent_id := reference.get("id")) is not None:
        if parent_id == "root":
            raise invalid("The id of the root itself is needed to move an item there.")
        try:
            parent = drive.by_id(parent_id)
        except Missing as missing:
            raise invalid("The target folder does not exist.") from missing
    elif isinstance(path := reference.get("path"), str) and "root:" in path:
        names = [unquote(name) for name in path.partition("root:")[2].split("/") if name]
        parent = drive.resolve(drive.root, names)
    else:
        return None
    return parent if parent.uid != item.parent else None


def _check_match(call: Call, item: Item) -> None:
    wanted = canonical_tag(call.headers.get("if-match", "*"))
    # Either tag is taken: https://learn.microsoft.com/onedrive/developer/rest-api/api/driveitem_update
    if wanted not in _tags(item):
        raise GraphError(
            412, "resourceModified", "The resource has changed since the caller last read it"
        )


def _check_none_match(call: Call, item: Item) -> None:
    unwanted = canonical_tag(call.headers.get("if-none-match", ""))
    if unwanted in _tags(item):
        raise GraphError(412, "resourceModified", "The resource is the one the caller knows.")


def _tags(item: Item) -> tuple[str, str, str]:
    return "*", canonical_tag(etag(item)), canonical_tag(ctag(item))


def _check_quota(drive: Drive, size: Any) -> None:
    if isinstance(size, int) and size > QUOTA - drive.folder_bytes(drive.root.uid):
        raise GraphError(507, "quotaLimitReached", "The user has reached their quota limit.")


def _conflict(text: Any, default: Conflict) -> Conflict:
    if text is None:
        return default
    if text not in ("fail", "replace", "rename"):
        raise invalid(f"'{text}' is no conflict behavior.")
    return cast("Conflict", text)


def _times(claimed: Any) -> tuple[int | None, int | None] | None:
    if not isinstance(claimed, dict):
        return None
    return (
        _seconds(claimed.get("createdDateTime")),
        _seconds(claimed.get("lastModifiedDateTime")),
    )


def _seconds(text: Any) -> int | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError as broken:
        raise invalid(f"'{text}' is no date and time.") from broken
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
