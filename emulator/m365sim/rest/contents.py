"""The bytes of files, versions and attachments, sent as they are read."""

from __future__ import annotations

from itertools import chain

from m365sim.files.blob import Blob
from m365sim.files.problems import Missing
from m365sim.graph.reply import Headers, Reply


def content_reply(
    blob: Blob | None, headers: Headers, start: int = 0, stop: int | None = None, status: int = 200
) -> Reply:
    """Return a reply that is the bytes from `start` up to `stop`, none of them in memory yet.

    Missing for a mirrored file that has vanished since its folder was looked at.
    """
    if blob is None:
        return Reply(status, b"", headers)
    end = blob.size if stop is None else stop
    pieces = blob.chunks(start, end)
    try:
        first = next(pieces, b"")
    except FileNotFoundError as vanished:
        raise Missing("The file is no longer there.") from vanished
    length = (b"content-length", str(end - start).encode())
    return Reply(status, b"", [*headers, length], chain([first], pieces))
