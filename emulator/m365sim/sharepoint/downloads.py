"""The bytes of a file, at an address that carries its own proof.

https://learn.microsoft.com/graph/api/driveitem-get-content: ranges go to this address, not to
Graph's `/content`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from m365sim.faults import Scope, Send
from m365sim.files import Item
from m365sim.files.problems import Missing
from m365sim.files.versions import version
from m365sim.graph.item_shapes import etag, mime_type
from m365sim.graph.reply import GraphError, Headers, not_found
from m365sim.transfer.preauth import Proof

if TYPE_CHECKING:
    from m365sim.world import World

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


async def send_file(
    world: World, scope: Scope, send: Send, headers: dict[str, str], proof: Proof
) -> None:
    """Stream a file, or the range of it that is asked for."""
    item = _proven(world, proof)
    blob = item.blob
    if blob is None:
        raise not_found()
    size = blob.size
    tag = etag(item)
    described: Headers = [
        (b"accept-ranges", b"bytes"),
        (b"etag", tag.encode()),
        (b"content-type", mime_type(item.name).encode()),
        (b"content-disposition", _disposition(item.name).encode()),
    ]
    if headers.get("if-none-match") == tag:
        await send({"type": "http.response.start", "status": 304, "headers": described[:2]})
        await send({"type": "http.response.body"})
        return
    start, stop, status = 0, size, 200
    if wanted := headers.get("range"):
        start, stop = _range(wanted, size)
        status = 206
        described.append((b"content-range", f"bytes {start}-{stop - 1}/{size}".encode()))
    described.append((b"content-length", str(stop - start).encode()))
    pieces = blob.chunks(start, stop)
    try:
        first = next(pieces, b"")
    except FileNotFoundError as vanished:  # a mirrored file, before its folder was looked at again
        raise not_found() from vanished
    await send({"type": "http.response.start", "status": status, "headers": described})
    if scope["method"] != "HEAD":
        await send({"type": "http.response.body", "body": first, "more_body": True})
        for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body"})


def _proven(world: World, proof: Proof) -> Item:
    drive_id, _, rest = proof.subject.partition(" ")
    uid, _, number = rest.partition(" ")
    drive = world.content.drive_by_id(drive_id)
    if drive is None or not uid:
        raise not_found()
    try:
        item = drive.live(bytes.fromhex(uid))
        return version(drive, item, int(number)) if number else item
    except Missing as gone:
        raise not_found() from gone


def _range(text: str, size: int) -> tuple[int, int]:
    unsatisfiable = GraphError(
        416,
        "invalidRange",
        "The requested range cannot be satisfied.",
        headers=[(b"content-range", f"bytes */{size}".encode())],
    )
    found = _RANGE.fullmatch(text.strip())
    if found is None or not any(found.groups()):
        raise unsatisfiable
    first, last = found.groups()
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(int(last) + 1, size) if last else size
    if start >= stop:
        raise unsatisfiable
    return start, stop


def _disposition(name: str) -> str:
    encoded = quote(name, safe="")
    return f"attachment;filename*=UTF-8''{encoded};filename=\"{encoded}\""
