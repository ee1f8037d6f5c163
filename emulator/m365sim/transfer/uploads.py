"""Upload sessions: a file arrives in fragments at an address that carries its own proof.

https://learn.microsoft.com/graph/api/driveitem-createuploadsession
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from m365sim.files import Actor, Drive, Item
from m365sim.files.drive import Conflict
from m365sim.files.ids import guid_of, mint_uid
from m365sim.files.names import check_name
from m365sim.files.problems import (
    CheckedOut,
    Missing,
    NameTaken,
    NotAllowed,
    OutOfRange,
    TooLarge,
)
from m365sim.transfer.intake import Intake
from m365sim.transfer.preauth import origin_of, upload_proof

if TYPE_CHECKING:
    from m365sim.entra.tokens import Principal
    from m365sim.world import World

FRAGMENT = 327_680  # bytes; every fragment but the last should be a multiple
MAX_FRAGMENT = 60 * 1024 * 1024  # bytes
PATIENCE = timedelta(minutes=15)  # without a fragment, after which a session ends

_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


@dataclass(frozen=True, slots=True)
class Target:
    """Where an upload goes: a folder, folders to make below it, a name, and what has it already."""

    parent: Item
    missing: tuple[str, ...]
    name: str
    existing: Item | None

    def folder(self, drive: Drive, by: Actor) -> Item:
        """Return the folder that takes the file, and make those that are missing."""
        folder = self.parent
        for name in self.missing:
            folder = drive.create_folder(folder, name, by, "replace")
        return folder


@dataclass(slots=True)
class UploadSession:
    """An upload under way."""

    id: str
    drive: Drive
    target: Target
    uid: bytes  # allocated when the session begins
    principal: Principal
    actor: Actor
    conflict: Conflict
    times: tuple[int | None, int | None] | None
    intake: Intake
    expires_at: datetime
    total: int | None = None
    is_deferred: bool = False  # the file is made when that is asked for, not with its last byte

    @property
    def is_whole(self) -> bool:
        """Whether every byte has arrived."""
        return self.total is not None and self.intake.size == self.total

    def expected(self) -> list[str]:
        """Return the ranges of bytes it still waits for: `327680-999999`, or `0-` at first."""
        if self.is_whole:
            return []
        last = "" if self.total is None else str(self.total - 1)
        return [f"{self.intake.size}-{last}"]


def begin_upload(
    world: World,
    principal: Principal,
    actor: Actor,
    drive: Drive,
    target: Target,
    *,
    conflict: Conflict,
    times: tuple[int | None, int | None] | None,
    is_deferred: bool = False,
) -> tuple[UploadSession, str]:
    """Begin a session; the second value is the address that takes its fragments."""
    content = world.content
    check_name(target.name, at_root=target.parent.parent is None and not target.missing)
    if target.existing is not None and conflict == "fail":
        raise NameTaken("An item with the same name already exists under the parent")
    uid = target.existing.uid if target.existing else drive.new_uid()
    session_id = guid_of(mint_uid("upload", drive.id, uid.hex(), world.rng.getrandbits(64)))
    session = UploadSession(
        session_id,
        drive,
        target,
        uid,
        principal,
        actor,
        conflict,
        times,
        Intake(content.spool_path),
        world.clock.now() + PATIENCE,
        is_deferred=is_deferred,
    )
    content.uploads[session_id] = session
    url = (
        f"{origin_of(world, drive)}{quote(drive.site.path)}/_api/v2.0/drives/{drive.id}"
        f"/items/{drive.item_id(uid)}/uploadSession?guid='{session_id}'&overwrite="
        f"{conflict == 'replace'}&rename={conflict == 'rename'}&dc=0"
        f"&tempauth={upload_proof(world, drive, principal, session_id)}"
    )
    return session, url


def open_session(world: World, session_id: str) -> UploadSession:
    """Return a session that is under way; one whose time is over is Missing."""
    session = world.content.uploads.get(session_id)
    if session is None or session.expires_at <= world.clock.now():
        if session is not None:
            session.intake.discard()
            del world.content.uploads[session_id]
        raise Missing("The upload session was not found.")
    return session


def check_range(
    session: UploadSession, header: str | None, length: int | None, *, strict: bool
) -> int:
    """Check a fragment's Content-Range against what the session waits for; return its length.

    The service asks for multiples of 320 KiB, yet takes other sizes as well, and only the largest
    files then fail in the end: https://github.com/OneDrive/onedrive-api-docs/issues/686. `strict`
    refuses them at once.
    """
    found = _CONTENT_RANGE.fullmatch(header or "")
    if found is None:
        raise NotAllowed("The Content-Range header is missing or malformed.")
    first, last, total = (int(number) for number in found.groups())
    size = last - first + 1
    if session.total is not None and session.total != total:
        raise NotAllowed("Every fragment must name the same total size.")
    if last < first or last >= total or (length is not None and length != size):
        raise NotAllowed("The fragment's length does not fit its Content-Range.")
    if size > MAX_FRAGMENT:
        raise TooLarge("A fragment must be smaller than 60 MiB.")
    if first != session.intake.size:
        if first < session.intake.size:
            raise OutOfRange("The fragment overlaps with what was received.", "fragmentOverlap")
        raise OutOfRange("The fragment leaves a gap.", "fragmentOutOfOrder")
    if strict and size % FRAGMENT and last + 1 != total:
        raise NotAllowed("A fragment must be a multiple of 320 KiB.")
    session.total = total
    return size


def complete(
    world: World, session: UploadSession, elsewhere: tuple[Target, Conflict] | None = None
) -> tuple[Item, bool]:
    """Store the file that has arrived whole; the second value tells whether it is a new item.

    `elsewhere` is another place and behaviour than those the session began with. When the file
    cannot be stored, the session is kept.
    """
    if not session.is_whole:
        raise NotAllowed("The upload session still waits for bytes.")
    drive, target, conflict = session.drive, session.target, session.conflict
    if elsewhere is not None:
        target, conflict = elsewhere
    if target.existing is not None and drive.is_held_from(target.existing, session.actor):
        raise CheckedOut("The file is currently checked out by another user.")
    blob = session.intake.finish()
    times = None
    if session.times and session.times[0] is not None and session.times[1] is not None:
        times = (session.times[0], session.times[1])
    if target.existing is not None and conflict == "replace":
        existing = drive.find(target.existing.uid)
        if existing is None or existing.deleted:
            raise Missing("The file was deleted meanwhile.")
        made = drive.replace_content(existing, blob, session.actor, file_times=times), False
    else:
        fresh = session.uid if target.existing is None else None
        made = drive.put_file(
            target.folder(drive, session.actor),
            target.name,
            blob,
            session.actor,
            conflict,
            uid=fresh,
            file_times=times,
        )
    del world.content.uploads[session.id]
    return made
